"""The small convolutional network that several programs look at, trained first."""

from backends import Array
from backprop import Adam, Network, SimpleConvNet, Trainer, load_network
from backprop.demos.settings import Settings

Set = tuple[Array, Array]


def pictures(settings: Settings) -> tuple[Set, Set]:
    """Return training and test digits as pictures of shape (N, 1, 28, 28)."""
    reshape = settings.backend.xp.reshape
    (x, t), (x_test, t_test) = settings.digits()
    return (reshape(x, (-1, 1, 28, 28)), t), (reshape(x_test, (-1, 1, 28, 28)), t_test)


def untrained(settings: Settings) -> SimpleConvNet:
    """Return the network as it is at the start."""
    return SimpleConvNet(backend=settings.backend, seed=0)


def trained(settings: Settings, epochs: int) -> Network:
    """Return the network of the file `params`; without one, the small one that learns first."""
    if settings.params is not None:
        return load_network(settings.params, backend=settings.backend)
    net = untrained(settings)
    Trainer(net, Adam(0.001), batch_size=100, seed=0).fit(pictures(settings)[0], epochs=epochs)
    return net

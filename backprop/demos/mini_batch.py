"""Ten digits chosen at random, and the mean loss over such a mini-batch (section 4.2.3)."""

from backprop import TwoLayerNet, plotting
from backprop.demos.settings import Settings
from backprop.functions import cross_entropy_error, one_hot, softmax


def run(settings: Settings) -> None:
    """Print shapes and losses of a mini-batch; draw its digits."""
    backend = settings.backend
    (x_train, t_train), _ = settings.digits()
    print("x_train:", tuple(x_train.shape))
    print("t_train:", tuple(one_hot(t_train, 10).shape), "as one-hot rows")

    batch_mask = backend.asarray(backend.rng(0).choice(x_train.shape[0], 10))
    x_batch = backend.xp.take(x_train, batch_mask, axis=0)
    t_batch = backend.xp.take(t_train, batch_mask, axis=0)
    print("chosen: ", backend.to_numpy(batch_mask))
    print("labels: ", backend.to_numpy(t_batch))

    net = TwoLayerNet(784, 50, 10, backend=backend, seed=0)
    y = softmax(net.predict(x_batch))
    print(f"mean loss with labels:       {float(cross_entropy_error(y, t_batch)):.6f}")
    t_rows = one_hot(t_batch, 10)
    print(f"mean loss with one-hot rows: {float(cross_entropy_error(y, t_rows)):.6f}")
    print("nothing is learned yet: about log 10 = 2.302585")

    if settings.out:
        settings.save(plotting.digits(x_batch, t_batch), "mini-batch.png")

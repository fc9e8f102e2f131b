"""Handwritten digits recognized by a trained network, one batch after another (section 3.6)."""

from backprop import SGD, Network, Trainer, TwoLayerNet, load_network, load_params, plotting
from backprop.demos.settings import Settings
from backprop.layers.activation import ActivationName
from backprop.metrics import confusion_matrix

BATCH_SIZE = 100


def run(settings: Settings) -> None:
    """Print the accuracy on the test digits; draw digits, confusions and weights."""
    net = trained(settings)
    _, (x, t) = settings.digits()

    count = x.shape[0]
    predicted = net.classify(x, batch_size=BATCH_SIZE)
    correct = int(settings.backend.xp.count_nonzero(predicted == t))

    for name, value in net.params.items():
        print(name, tuple(value.shape))
    print(f"Accuracy: {correct / count} ({correct} of {count} test images)")

    if settings.out:
        settings.save(plotting.digits(x[:50, :], t[:50], predicted[:50]), "digits.png")
        matrix = confusion_matrix(t, predicted, 10)
        settings.save(plotting.confusion_matrix(matrix), "confusion-matrix.png")
        settings.save(plotting.weights(net.params["W1"]), "weights.png")


def trained(settings: Settings) -> Network:
    """Return the network of the file `params`; without one, a small one that learns first."""
    if settings.params is not None:
        _, metadata = load_params(settings.params)
        said = {"network", "activation"} & metadata.keys()
        activation: ActivationName | None = (
            None if said else "sigmoid"
        )  # as in the book, whose file does not say
        return load_network(settings.params, activation=activation, backend=settings.backend)
    print("no --params FILE: a small network learns first")
    net = TwoLayerNet(784, 50, 10, activation="sigmoid", backend=settings.backend, seed=0)
    Trainer(net, SGD(lr=1.0), batch_size=100, seed=0).fit(settings.data()[0], epochs=5)
    return net

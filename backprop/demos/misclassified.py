"""Digits that a convolutional network takes for others (section 8.1.2)."""

from backprop import plotting
from backprop.demos.settings import Settings
from backprop.demos.small_convnet import pictures, trained


def run(settings: Settings, epochs: int = 5) -> None:
    """Print accuracy, labels and predictions of what is wrong; draw the first 20."""
    net = trained(settings, epochs)
    _, (x, t) = pictures(settings)
    to_numpy = settings.backend.to_numpy
    labels, predicted = to_numpy(t), to_numpy(net.classify(x))
    wrong = [i for i in range(len(labels)) if labels[i] != predicted[i]]
    pairs = [[int(labels[i]), int(predicted[i])] for i in wrong]
    print(f"accuracy: {1 - len(wrong) / len(labels):.4f}, {len(wrong)} of {len(labels)} are wrong")
    for label, other in pairs[:20]:
        print(f"a {label} was taken for {other}")

    settings.keep(
        [{"image": i, "pair": pair} for i, pair in zip(wrong, pairs, strict=True)], "wrong.json"
    )
    if settings.out and wrong:
        first = wrong[:20]
        ax = plotting.digits(to_numpy(x)[first], labels[first], predicted[first], columns=5)
        settings.save(ax, "misclassified.png")

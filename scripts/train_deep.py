"""Train the book's deep convolutional network (chapter 8) on all of MNIST, and time it.

    python scripts/train_deep.py [EPOCHS]

`BACKPROP_DEVICE` and `BACKPROP_LIBRARY` choose where; `MNIST_DIR` is the folder of the four files,
which are downloaded otherwise.
"""

import os
import sys

import backends
from backprop import Adam, Cosine, DeepConvNet, History, Trainer, load_mnist

BATCH = 100


def main(epochs: int = 6) -> None:
    """Train, and print accuracies and seconds after each epoch."""
    train, test = load_mnist(flatten=False, path=os.environ.get("MNIST_DIR"))
    net = DeepConvNet(backend=backends.select(), seed=0, inverted=True, dropout_ration=0.3)
    steps = epochs * -(-len(train[0]) // BATCH)
    trainer = Trainer(net, Adam(Cosine(0.002, steps)), BATCH, seed=0)
    trainer.fit(train, test, epochs=epochs, on_epoch=report)


def report(history: History) -> None:
    """Print the last epoch's accuracies, and the time since the start."""
    print(
        f"epoch {history.epoch[-1]:.0f}: train {history.train_accuracy[-1]:.2%}, "
        f"test {history.test_accuracy[-1]:.2%}, {history.seconds / 60:.1f} minutes",
        flush=True,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

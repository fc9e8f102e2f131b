"""Train the book's deep convolutional network (chapter 8) on all of MNIST, and time it.

    python scripts/train_deep.py [EPOCHS]

Adam, a rate that falls along a cosine, and pictures shifted by up to two pixels. Two runs of four
epochs ended at 99.30 and 99.40 % of the test digits, the first after 11 minutes of one core on
PyTorch's arrays; the default is six, for a margin. `BACKPROP_DEVICE` and `BACKPROP_LIBRARY` choose
where; if neither is set, it is PyTorch where that is installed, and NumPy otherwise. `MNIST_DIR` is
the folder of the four files, which are downloaded otherwise.
"""

import os
import sys
import time
from importlib.util import find_spec

import backends
from backprop import Adam, Augment, Cosine, DeepConvNet, History, Trainer, load_mnist

BATCH = 100


def main(epochs: int = 6) -> None:
    """Train, and print accuracies and minutes after each epoch."""
    train, test = load_mnist(flatten=False, path=os.environ.get("MNIST_DIR"))
    asked = {"BACKPROP_DEVICE", "BACKPROP_LIBRARY"} & os.environ.keys()
    backend = backends.select(library=None if asked or not find_spec("torch") else "torch")
    print(f"device: {backend}, {epochs} epochs", flush=True)
    net = DeepConvNet(backend=backend, seed=0, inverted=True, dropout_ration=0.3)
    steps = epochs * -(-len(train[0]) // BATCH)
    trainer = Trainer(
        net, Adam(Cosine(0.002, steps)), BATCH, seed=0, augment=Augment(shift=2, seed=0)
    )
    trainer.fit(train, test, epochs=epochs, on_epoch=report)


def report(history: History) -> None:
    """Print the last epoch's accuracies, and the time since the start."""
    print(
        f"epoch {history.epoch[-1]:.0f}: train {history.train_accuracy[-1]:.2%}, "
        f"test {history.test_accuracy[-1]:.2%}, {history.seconds / 60:.1f} minutes "
        f"({time.process_time() / 60:.1f} of processor time)",
        flush=True,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

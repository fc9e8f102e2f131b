"""A network learns digits by backpropagation, for 16 epochs (section 5.7.4)."""

from backprop import SGD, History, Trainer, TwoLayerNet, plotting
from backprop.demos.settings import Settings


def run(settings: Settings, epochs: int = 16) -> None:
    """Print both accuracies after each epoch; draw them, the loss, and the weights learned."""
    network = TwoLayerNet(784, 50, 10, backend=settings.backend, seed=0)
    trainer = Trainer(network, SGD(lr=0.1), batch_size=100, seed=0)
    train, test = settings.digits()
    print("epoch   train    test")
    history = trainer.fit(train, test, epochs=epochs, on_epoch=print_accuracy)

    if settings.out:
        settings.save(plotting.accuracy_curves(history), "accuracy.png")
        settings.save(plotting.loss_curve(history), "loss.png")
        settings.save(plotting.weights(network.params["W1"]), "weights.png")


def print_accuracy(history: History) -> None:
    """Print the last epoch's accuracies."""
    print(
        f"{history.epoch[-1]:5.0f} {history.train_accuracy[-1]:7.2%} "
        f"{history.test_accuracy[-1]:7.2%}"
    )

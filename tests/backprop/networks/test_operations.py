"""How many operations of the device a training step takes: each is a launch on a GPU."""

import numpy as np
import pytest

import backends
from backprop import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    IdentityWithLoss,
    Momentum,
    MultiLayerNetExtend,
    Nesterov,
    RMSprop,
    SigmoidWithLoss,
    SimpleConvNet,
    TwoLayerNet,
)

VIEWS = {
    *("view", "t", "transpose", "unsqueeze", "squeeze", "squeeze_", "expand", "slice", "select"),
    *("permute", "_unsafe_view", "alias", "detach", "as_strided"),
}


def operations(f):
    dispatch = pytest.importorskip("torch.utils._python_dispatch")
    names = []

    class Count(dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            name = func.__name__.partition(".")[0]
            if name not in VIEWS:
                names.append(name)
            return func(*args, **(kwargs or {}))

    with Count():
        f()
    return names


@pytest.mark.parametrize(
    ("optimizer", "with_loss", "most"),
    [(SGD(0.1), False, 30), (Adam(), False, 40), (SGD(0.1), True, 37), (Adam(), True, 47)],
    ids=["SGD", "Adam", "SGD-with-loss", "Adam-with-loss"],
)
def test_a_step_of_the_books_network(optimizer, with_loss, most):
    """The book's step needs no loss, a trainer's does; PyTorch's own modules and SGD take 22."""
    pytest.importorskip("torch")
    backend = backends.select("cpu", "torch")
    net = TwoLayerNet(784, 50, 10, backend=backend, seed=0)
    x = backend.asarray(np.random.default_rng(0).random((100, 784)), "float32")
    t = backend.asarray(np.arange(100) % 10)

    def step():
        grads = net.loss_and_gradient(x, t)[1] if with_loss else net.gradient(x, t)
        optimizer.update(net.params, grads)

    step()
    found = operations(step)
    assert len(found) <= most, found
    assert found.count("mm") == 5


NETS = {
    "sigmoid": (lambda **o: TwoLayerNet(784, 20, 10, activation="sigmoid", **o), None),
    "tanh": (lambda **o: TwoLayerNet(784, 20, 10, activation="tanh", **o), None),
    "yes or no": (lambda **o: TwoLayerNet(784, 20, 10, **o), SigmoidWithLoss),
    "regression": (lambda **o: TwoLayerNet(784, 20, 10, **o), IdentityWithLoss),
    "deep": (
        lambda **o: MultiLayerNetExtend(
            784, [20, 20], 10, use_batchnorm=True, weight_decay_lambda=0.1, **o
        ),
        None,
    ),
    "convolution": (SimpleConvNet, None),
}


@pytest.mark.parametrize("name", NETS)
def test_no_number_is_brought_to_the_device(name):
    """PyTorch makes an array of it on the host first, and no CUDA graph can hold the copy."""
    torch = pytest.importorskip("torch")
    backend = backends.select("cpu", "torch")
    make, loss = NETS[name]
    net = make(backend=backend, seed=0)
    if loss is not None:
        net.last_layer = loss()
    shape = (10, 1, 28, 28) if name == "convolution" else (10, 784)
    x = backend.asarray(np.random.default_rng(0).random(shape), "float32")
    t = backend.asarray(np.arange(10))
    rate = torch.tensor(0.1)
    for rule in (SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam, AdamW):
        optimizer = rule()

        def step(optimizer=optimizer):
            _, grads = net.loss_and_gradient(x, t)
            optimizer.apply(net.params, grads, (rate, rate))

        step()
        assert not {"lift_fresh", "_local_scalar_dense"} & {*operations(step)}

"""One pass through the library on every backend, run as on a device: no value is read meanwhile."""

from typing import Any

import numpy as np
import pytest

from backprop import (
    AddLayer,
    IdentityWithLoss,
    MulLayer,
    Network,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    functions,
)
from tests.support import Case

RNG = np.random.default_rng(11)
X, T = RNG.standard_normal((5, 4)), np.array([2, 0, 1, 2, 2])
ROWS = RNG.random((5, 3))
PARAMS = {
    "W1": RNG.standard_normal((4, 6)),
    "b1": RNG.standard_normal(6),
    "W2": RNG.standard_normal((6, 3)),
    "b2": RNG.standard_normal(3),
}


def network_step(net: Network, x: Any, t: Any) -> Any:
    """One training step: scores, loss, gradients."""
    return net.predict(x), net.loss(x, t), net.gradient(x, t)


def losses(x: Any, t: Any, scale: Any) -> Any:
    """Every loss, with targets of a batch and of one sample, and the gradient of each."""
    results = []
    for layer in (SoftmaxWithLoss(), SigmoidWithLoss(), IdentityWithLoss()):
        results.append((layer.forward(x, t), layer.backward(), layer.backward(scale)))
    return results


def arithmetic(x: Any, y: Any, dout: Any) -> Any:
    """Sum and product, broadcast, and their gradients."""
    results = []
    for layer in (MulLayer(), AddLayer()):
        results.append((layer.forward(x, y), *layer.backward(dout)))
    return results


def activations(x: Any, t: Any) -> Any:
    """Functions that no layer above calls."""
    return (
        functions.softmax(x),
        functions.log_softmax(x),
        functions.tanh_grad(x),
        functions.sum_squared_error(x, t),
        functions.cross_entropy_error(functions.softmax(x), t),
    )


@pytest.mark.traced
def test_values_are_those_of_numpy(case: Case):
    data = (X, T, ROWS, X[:, :3], ROWS[0], np.asarray(2.0), *PARAMS.values())
    x, t, rows, scores, row, two, *values = arrays = [case.array(v) for v in data]
    for activation in ("relu", "sigmoid", "tanh"):
        net = Network.from_params(dict(zip(PARAMS, values, strict=True)), activation)
        _check(case, case.run(lambda x, t, n=net: network_step(n, x, t), x, t), activation)
    _check(case, case.run(losses, scores, rows, two), "losses")
    _check(case, case.run(arithmetic, scores, row, rows), "arithmetic")
    _check(case, case.run(activations, scores, t), "activations")
    for array, before in zip(arrays, data, strict=True):
        case.unchanged(array, before)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_accuracy_is_that_of_numpy(case: Case):
    net = Network.from_params({k: case.array(v) for k, v in PARAMS.items()}, "tanh")
    assert net.accuracy(case.array(X), case.array(T), batch_size=3) == EXPECTED["accuracy"]


def _check(case: Case, actual: Any, name: str) -> None:
    tolerance = 1e-12 if case.dtype == "float64" else 1e-4
    found, wanted = _leaves(actual), _leaves(EXPECTED[name])
    assert len(found) == len(wanted)
    for value, expected in zip(found, wanted, strict=True):
        case.check(value, expected, rtol=tolerance, atol=tolerance)


def _leaves(value: Any) -> list[Any]:
    """Return the arrays in nested dictionaries, by key, lists and tuples."""
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _expected() -> dict[str, Any]:
    """Return what NumPy gives in float64."""
    nets = {a: Network.from_params(PARAMS, a) for a in ("relu", "sigmoid", "tanh")}
    return {
        **{name: network_step(net, X, T) for name, net in nets.items()},
        "losses": losses(X[:, :3], ROWS, np.asarray(2.0)),
        "arithmetic": arithmetic(X[:, :3], ROWS[0], ROWS),
        "activations": activations(X[:, :3], T),
        "accuracy": nets["tanh"].accuracy(X, T),
    }


EXPECTED = _expected()

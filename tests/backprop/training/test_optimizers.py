"""Optimizers: the book's numbers, PyTorch's, one answer on every library, and what they remember."""

import copy
from functools import partial

import numpy as np
import pytest

from backends import namespace
from backprop import SGD, AdaGrad, Adam, AdamW, Cosine, Momentum, Nesterov, RMSprop
from tests.support import Case

BOOKS = [
    (SGD(0.95), (-0.3503929957523197, 0.0847823165504322)),
    (Momentum(0.1), (0.896413858493733, 0.08808560171506971)),
    (AdaGrad(1.5), (-0.12016232231416045, 2.486389893984459e-17)),
    (Adam(0.3), (0.13600685239498186, 0.31824537553721943)),
]
ALL = [SGD(0.1), Momentum(0.1), Nesterov(0.1), AdaGrad(0.5), RMSprop(0.1), Adam(0.3), AdamW(0.3)]


def name_of(optimizer):
    return type(optimizer).__name__


def slope(params):
    """The gradient of x²/20 + y² (section 6.1.3)."""
    return {"x": params["x"] / 10.0, "y": 2.0 * params["y"]}


def steps(optimizer, params, count=30):
    for _ in range(count):
        optimizer.update(params, slope(params))
    return params


@pytest.mark.parametrize(("optimizer", "end"), BOOKS, ids=lambda v: name_of(v))
def test_the_books_30_steps(optimizer, end):
    optimizer = copy.deepcopy(optimizer)
    params = steps(optimizer, {"x": -7.0, "y": 2.0})
    assert all(type(value) is float for value in params.values())
    assert (params["x"], params["y"]) == pytest.approx(end, rel=1e-13, abs=0)


@pytest.mark.parametrize(("optimizer", "end"), BOOKS, ids=lambda v: name_of(v))
@pytest.mark.needs_values
def test_the_books_30_steps_of_arrays(case: Case, optimizer, end):
    optimizer = copy.deepcopy(optimizer)
    params = steps(optimizer, {"x": case.array([[-7.0]]) + 0.0, "y": case.array(2.0) + 0.0})
    case.check(params["x"], [[end[0]]], rtol=1e-4 if case.dtype == "float32" else 1e-12)
    case.check(params["y"], end[1], rtol=1e-4 if case.dtype == "float32" else 1e-12)


@pytest.mark.parametrize("optimizer", ALL, ids=name_of)
@pytest.mark.traced
def test_a_step_keeps_dtypes_and_gradients_and_reads_no_value(case: Case, optimizer):
    x, g = np.linspace(-1, 1, 6).reshape(2, 3), np.linspace(2, -1, 6).reshape(2, 3)
    W, b, dW, db = case.array(x), case.array(x[0]), case.array(g), case.array(g[0])

    def step(W, b, dW, db):
        own, params = copy.deepcopy(optimizer), {"W": W + 0.0, "b": b + 0.0}
        own.update(params, {"b": db, "W": dW})
        own.update(params, {"b": db, "W": dW})
        return params["W"], params["b"]

    host, params = copy.deepcopy(optimizer), {"W": x.copy(), "b": x[0].copy()}
    for _ in range(2):
        host.update(params, {"W": g, "b": g[0]})
    new_W, new_b = case.run(step, W, b, dW, db)
    case.check(new_W, params["W"])
    case.check(new_b, params["b"])
    for array, values in ((W, x), (b, x[0]), (dW, g), (db, g[0])):
        case.unchanged(array, values)


THEIRS = [
    (SGD(0.01, weight_decay=0.1), "SGD", {"weight_decay": 0.1}),
    (Momentum(0.01, weight_decay=0.1), "SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    (Nesterov(0.01), "SGD", {"momentum": 0.9, "nesterov": True}),
    (AdaGrad(0.01, eps=1e-10), "Adagrad", {}),
    (RMSprop(0.01, eps=1e-8), "RMSprop", {"alpha": 0.99}),
    (Adam(0.01, eps=0.0, weight_decay=0.1), "Adam", {"eps": 0.0, "weight_decay": 0.1}),
    (AdamW(0.01, eps=0.0, weight_decay=0.1), "AdamW", {"eps": 0.0, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("optimizer", "name", "how"), THEIRS, ids=lambda v: str(v)[:12])
def test_forty_steps_as_pytorch_goes_them(optimizer, name, how):
    torch = pytest.importorskip("torch")
    optimizer = copy.deepcopy(optimizer)
    start = np.random.default_rng(0).standard_normal((4, 3))
    W = torch.tensor(start)
    theirs, params = getattr(torch.optim, name)([W], 0.01, **how), {"W": start.copy()}
    for _ in range(40):
        W.grad = 4 * ((W @ W.T - 1) @ W)
        theirs.step()
        optimizer.update(params, {"W": 4 * ((params["W"] @ params["W"].T - 1) @ params["W"])})
    assert np.abs(params["W"] - start).max() > 0.01
    np.testing.assert_allclose(params["W"], W.numpy(), rtol=1e-11)


@pytest.mark.parametrize("optimizer", ALL, ids=name_of)
@pytest.mark.needs_values
def test_what_it_remembers_can_be_taken_out_and_put_in(case: Case, optimizer):
    first, second = copy.deepcopy(optimizer), type(optimizer)()

    def start():
        return {"x": case.array([[-7.0]]) + 0.0, "y": case.array([2.0, 3.0]) + 0.0}

    once = steps(copy.deepcopy(optimizer), start(), 9)
    params = steps(first, start(), 5)
    state = first.state_dict()
    held = copy.deepcopy(
        {n: {k: case.numpy(v) for k, v in d.items()} for n, d in state.items() if type(d) is dict}
    )
    turned = {n: dict(reversed(d.items())) if type(d) is dict else d for n, d in state.items()}
    second.load_state_dict(turned)  # a file may hold the arrays in another order
    there = {name: value + 0.0 for name, value in params.items()}
    steps(first, params, 4)
    for name, arrays in held.items():
        for key, values in arrays.items():
            np.testing.assert_array_equal(case.numpy(state[name][key]), values)
    steps(second, there, 4)
    for name, value in once.items():
        case.check(there[name], case.numpy(value), rtol=1e-12)
        case.check(params[name], case.numpy(value), rtol=1e-12)


@pytest.mark.parametrize("replaced", ["in a subclass", "on the object"])
@pytest.mark.traced
def test_a_change_of_ones_own_is_made_on_every_library(case: Case, replaced):
    """On the host and compiled too, where descent goes array by array else."""
    own = lambda self, g, lr, kept: lr * namespace(g).clip(g, -0.5, 0.5)  # noqa: E731
    if replaced == "in a subclass":
        optimizer = type("Clipped", (SGD,), {"change": own})(1.0)
    else:
        optimizer = SGD(1.0)
        optimizer.change = partial(own, optimizer)

    def step(W, g):
        params = {"W": W + 0.0}
        optimizer.update(params, {"W": g})
        return params["W"]

    W, g = case.array([1.0, 1.0, 1.0]), case.array([2.0, 0.25, -2.0])
    case.check(case.run(step, W, g), [0.5, 0.75, 1.5])


def test_a_schedule_goes_on_where_it_was():
    def schedule(step):
        return 0.1 / (1 + step)

    once = steps(SGD(schedule), {"x": -7.0, "y": 2.0}, 9)
    first, second = SGD(schedule), SGD(schedule)
    params = steps(first, {"x": -7.0, "y": 2.0}, 5)
    assert first.state_dict() == {"steps": 5}
    second.load_state_dict(first.state_dict())
    assert steps(second, params, 4) == once


def test_a_rate_of_numpy_leaves_float32():
    params = {"W": np.ones(3, np.float32)}
    for optimizer in (SGD(np.float64(0.5)), Adam(lambda step: np.float64(0.5))):
        optimizer.update(params, {"W": np.ones(3, np.float32)})
        assert params["W"].dtype == np.float32


@pytest.mark.parametrize("rule", [SGD, Momentum, Nesterov, AdaGrad, RMSprop, Adam, AdamW])
def test_gradients_may_be_whole_numbers(rule):
    expected, found = ({"x": 3.0, "y": np.array([1.0, 2.0])} for _ in range(2))
    rule(0.1).update(expected, {"x": 2.0, "y": np.array([1.0, -2.0])})
    rule(0.1).update(found, {"x": 2, "y": np.array([1, -2])})
    assert found["x"] == expected["x"] != 3.0
    np.testing.assert_array_equal(found["y"], expected["y"])


def test_arrays_and_numbers_go_together():
    params = {"W": np.ones(2), "x": 1.0, "y": 2}
    SGD(0.5).update(params, {"W": np.ones(2), "x": 1.0, "y": np.float64(2.0)})
    assert params["W"].tolist() == [0.5, 0.5]
    assert (params["x"], params["y"]) == (0.5, 1.0)


@pytest.mark.parametrize("rule", [SGD, Momentum])
def test_gradients_must_fit_the_parameters(rule):
    params = {"W": np.ones(3)}
    for wrong in (np.ones(1), np.ones((2, 3)), 1.0):
        with pytest.raises(ValueError, match=r"^the array for `W` must have shape \(3,\); got \("):
            rule().update(params, {"W": wrong})
    with pytest.raises(ValueError, match="^there must be an array for each parameter; got none"):
        rule().update(params, {"V": np.ones(3)})
    torch = pytest.importorskip("torch")
    own = {"W": torch.ones(3)}
    with pytest.raises(TypeError, match="^arrays must be of one library; got torch and numpy"):
        rule().update(own, {"W": np.ones(3)})
    np.testing.assert_array_equal(params["W"], np.ones(3))
    assert own["W"].dtype == torch.float32


def test_parameters_must_stay_what_they_are():
    optimizer = Momentum()
    optimizer.update({"W": np.ones(3)}, {"W": np.ones(3)})
    for params in ({"W": np.ones(2)}, {"V": np.ones(3)}):
        with pytest.raises(ValueError, match=r"the parameters must be those that Momentum has met"):
            optimizer.update(params, params)
    before = optimizer.state_dict()
    with pytest.raises(
        ValueError, match="there must be an array for each parameter; got none for W"
    ):
        optimizer.update({"W": np.ones(3)}, {})
    with pytest.raises(ValueError, match=r"array for `W` must have shape \(3,\); got \(2,\)"):
        optimizer.update({"W": np.ones(3)}, {"W": np.ones(2)})
    assert before["steps"] == optimizer.state_dict()["steps"] == 1
    for change, match in (
        ({"steps": -1}, "`steps` must be a whole number, 0 or more; got -1"),
        ({"lr": 0.0}, "`lr` must be positive and finite; got 0.0"),
        ({"m": {}}, "the state of Momentum must hold lr, steps, v; got lr, steps, v, m"),
    ):
        with pytest.raises(ValueError, match=match):
            optimizer.load_state_dict({**before, **change})
    adam = Adam()
    state = {"lr": 1.0, "steps": 1, "m": {"W": np.ones(3)}, "v": {"b": np.ones(3)}}
    with pytest.raises(ValueError, match="got none for W"):
        adam.load_state_dict(state)
    state["v"]["W"] = np.ones(3)
    with pytest.raises(ValueError, match="m and v must hold the same parameters"):
        adam.load_state_dict(state)
    assert adam.state_dict() == Adam().state_dict()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SGD(0.0), "`lr` must be positive and finite; got 0.0"),
        (lambda: Adam(float("inf")), "`lr` must be positive and finite; got inf"),
        (lambda: SGD(weight_decay=-1), "`weight_decay` must be finite and 0 or more; got -1"),
        (lambda: Momentum(momentum=1), r"`momentum` must be in \[0, 1\); got 1"),
        (lambda: RMSprop(decay_rate=-0.1), r"`decay_rate` must be in \[0, 1\); got -0.1"),
        (lambda: Adam(beta2=1.0), r"`beta2` must be in \[0, 1\); got 1.0"),
        (lambda: AdaGrad(eps=float("nan")), "`eps` must be finite and 0 or more; got nan"),
    ],
)
def test_numbers_out_of_range(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_a_schedule_that_gives_no_rate():
    params = {"W": np.ones(3)}
    with pytest.raises(ValueError, match="`lr` must be finite and 0 or more; got -1.0 at step 0"):
        SGD(lambda step: -1.0).update(params, params)
    SGD(Cosine(0.1, 1)).update({"W": np.ones(3)}, params)
    assert params["W"].tolist() == [1, 1, 1]

import numpy as np
import pytest

from backprop import SGD, Trainer, TwoLayerNet, functions
from backprop.arguments import positive, whole

DATA = (np.ones((4, 2)), [0, 1, 0, 1])


def fit(**how):
    Trainer(TwoLayerNet(2, 3, 2, backend="cpu"), SGD(0.1), 2).fit(DATA, **how)


@pytest.mark.parametrize("value", [10.0, "10", True, None, [1], float("nan"), np.float64(3)])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("batch_size", lambda v: Trainer(TwoLayerNet(2, 3, 2, backend="cpu"), SGD(0.1), v)),
        ("input_size", lambda v: TwoLayerNet(v, 3, 2)),
        ("hidden_size", lambda v: TwoLayerNet(2, v, 2)),
        ("output_size", lambda v: TwoLayerNet(2, 3, v)),
        ("num_classes", lambda v: functions.one_hot(np.array([0, 1]), v)),
        ("epochs", lambda v: fit(epochs=v) if v is not None else whole("epochs", v)),
        ("iterations", lambda v: fit(iterations=v) if v is not None else whole("iterations", v)),
    ],
)
def test_whole_numbers(name, call, value):
    with pytest.raises(TypeError, match=f"`{name}` must be a whole number; got "):
        call(value)
    for number in (0, -3):
        with pytest.raises(ValueError, match=f"`{name}` must be 1 or more; got {number}"):
            call(number)


@pytest.mark.parametrize("value", ["0.1", [0.1], True, None, 1j])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("lr", SGD),
        ("lr", lambda v: SGD().load_state_dict({"lr": v})),
    ],
)
def test_numbers(name, call, value):
    with pytest.raises(TypeError, match=f"`{name}` must be a number; got "):
        call(value)


def test_the_scale_of_weights_is_a_number_or_a_name():
    for value in ([0.1], True, None, 1j):
        with pytest.raises(TypeError, match="`weight_init_std` must be a number or the name of a"):
            TwoLayerNet(2, 3, 2, value)
    with pytest.raises(
        ValueError, match="`weight_init_std` must be a number or one of he, .*'0.1'"
    ):
        TwoLayerNet(2, 3, 2, "0.1")


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan")])
def test_positive_numbers(value):
    with pytest.raises(ValueError, match="`lr` must be positive and finite; got"):
        SGD(value)


def test_numbers_of_numpy_are_taken():
    assert [whole("n", np.int32(n)) for n in (1, 2, 3)] == [1, 2, 3]
    assert type(whole("n", np.uint8(3))) is int
    assert positive("lr", np.float32(0.5)) == 0.5

import numpy as np
import pytest

from backprop import Affine, Layer, SoftmaxWithLoss, Tanh
from backprop.layers import Binary, training_argument
from backprop.layers.layer import times
from tests.support import Case


def test_a_layer_has_a_place_for_everything_it_holds():
    layer = Layer()
    assert layer.params == layer.grads == layer.state == layer.config() == {}
    assert layer.cache is None


def test_what_a_layer_must_define():
    class Nothing(Layer):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must define forward"):
        Nothing().forward(1.0)
    with pytest.raises(NotImplementedError, match="Nothing must define backward"):
        Nothing().backward()


def test_the_cache_is_recalled_or_an_error():
    class Keeps(Layer):
        def forward(self, x):
            self.cache = x
            return x

    layer = Keeps()
    with pytest.raises(RuntimeError, match=r"Keeps\.backward needs a forward pass first"):
        layer.recall()
    layer.forward(3.0)
    assert layer.recall() == layer.cache == 3.0


def test_the_parameters_gradient_alone_is_the_whole_pass_of_most_layers():
    class Scale(Layer):
        def __init__(self, s):
            super().__init__()
            self.params["s"] = s

        def forward(self, x):
            self.cache = x
            return x * self.params["s"]

        def backward(self, dout=1):
            self.grads["s"] = np.sum(dout * self.recall())
            return dout * self.params["s"]

    layer = Scale(np.asarray(2.0))
    layer.forward(np.array([1.0, 3.0]))
    assert layer.backward_params(1.0) is None
    assert layer.grads["s"] == 4.0


def test_no_class_changes_its_subclasses():
    """What a class defines is what its subclass has, and no other."""

    class Own(Affine):
        def backward(self, dout=1):
            return super().backward(dout)

    assert Own.backward_params is Affine.backward_params
    assert "__init_subclass__" not in vars(Layer)


@pytest.mark.parametrize(
    ("forward", "name"),
    [
        (lambda self, x: x, None),
        (lambda self, x, training=False: x, "training"),
        (lambda self, x, *, training: x, "training"),
        (lambda self, x, train_flg=True: x, "train_flg"),
        (lambda self, x, t, training=False: x, "training"),
        (lambda self, x, **options: x, None),
    ],
)
def test_how_a_layer_takes_whether_it_trains(forward, name):
    layer = type("Own", (Layer,), {"forward": forward})()
    assert training_argument(layer.forward) == name


def test_layers_of_one_kind_of_behaviour_do_not_take_it():
    for layer in (Tanh(), SoftmaxWithLoss(), Affine(np.ones((1, 1)), np.ones(1))):
        assert training_argument(layer.forward) is None
    layer = Tanh()
    layer.forward = max  # has no signature
    assert training_argument(layer.forward) is None


def test_what_a_binary_layer_must_define():
    class Nothing(Binary):
        pass

    with pytest.raises(NotImplementedError, match="Nothing must define value"):
        Nothing().forward(1, 2)
    layer = Nothing()
    layer.cache = 1, 2, None
    with pytest.raises(NotImplementedError, match="Nothing must define slopes"):
        layer.backward()


def test_the_derivative_of_the_loss_by_itself_is_one():
    class Own(Layer):
        def backward(self, dout=1):
            self.grads = {"W": 3 * dout}

    layer = Own()
    layer.backward_params()
    assert layer.grads == {"W": 3}


def test_a_slope_of_integers_is_taken_in_the_dtype_of_dout(case: Case):
    dout = case.array([1.0, 2.0, 3.0])
    for slope in (case.array([2, 0, -1]), case.array([True, False, True])):
        found = times(dout, slope)
        assert found.dtype == dout.dtype
        case.check(found, np.array([1.0, 2.0, 3.0]) * case.numpy(slope))
    assert times(dout, dout) is not dout

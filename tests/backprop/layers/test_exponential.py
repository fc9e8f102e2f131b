import math

import numpy as np
import pytest

from backprop import ExpLayer, LogLayer, gradcheck
from backprop.arrays import default_dtype
from tests.support import Case, central_difference


@pytest.mark.traced
@pytest.mark.parametrize("layer", [ExpLayer, LogLayer])
def test_gradients_of_one_input(case: Case, layer):
    assert gradcheck(layer(), np.random.default_rng(3).uniform(0.5, 2, (3, 4))).ok
    rng = np.random.default_rng(2)
    f = np.exp if layer is ExpLayer else np.log
    for shape in [(4,), (3, 4), ()]:
        x, dout = rng.uniform(0.5, 2, shape), rng.standard_normal(shape)
        inputs, upstream = case.array(x), case.array(dout)

        def step(x, dout):
            net = layer()
            return net.forward(x), net.backward(dout), net.backward(2), net.backward()

        y, dx, twice, once = case.run(step, inputs, upstream)
        case.check(y, f(x))
        numerical = central_difference(lambda v, d=dout: float(np.sum(f(v) * d)), x)
        case.check(dx, numerical, rtol=1e-8)
        case.check(twice, 2 * case.numpy(once))
        case.unchanged(inputs, x)


def test_python_numbers_stay_numbers():
    layer = ExpLayer()
    assert layer.forward(2) == math.exp(2)
    assert layer.backward(3) == 3 * math.exp(2)
    layer = LogLayer()
    assert layer.forward(4) == math.log(4)
    assert layer.backward(2) == 0.5


@pytest.mark.parametrize(("layer", "f"), [(ExpLayer, math.exp), (LogLayer, math.log)])
def test_integers_are_computed_in_floating_numbers(case: Case, layer, f):
    net, two = layer(), case.array(np.array([2, 2]))
    dtype = default_dtype(two, "real floating")
    case.check(net.forward(two), [f(2)] * 2, dtype, rtol=1e-6)
    assert net.backward().dtype == dtype


@pytest.mark.parametrize("layer", [ExpLayer, LogLayer])
def test_backward_needs_forward_and_a_fitting_dout(layer):
    net = layer()
    with pytest.raises(RuntimeError, match=rf"{layer.__name__}\.backward needs a forward pass"):
        net.backward()
    net.forward(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"`dout` must have shape \(2, 2\).*got \(3, 2\)"):
        net.backward(np.ones((3, 2)))
    assert net.backward(np.ones((2, 2), dtype=np.float32)).dtype == np.float64

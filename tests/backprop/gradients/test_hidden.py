"""Parameters and state where nobody looks first, each in a way that was once overlooked."""

import collections

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict, findings


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


class Scale:
    """Its parameter is a number."""

    def __init__(self, alpha, factor=1.0):
        self.alpha, self.factor, self.rate = alpha, factor, 0.5

    def forward(self, x):
        self.x = x
        return self.alpha * self.rate * x

    def backward(self, d):
        self.dalpha = self.factor * (d * self.x).sum() * self.rate
        return d * self.alpha * self.rate


@pytest.mark.parametrize("alpha", [0.7, np.float64(0.7), np.array(0.7)], ids=type)
def test_a_number_with_a_gradient_by_name_is_a_parameter(alpha):
    layer = Scale(alpha)
    report = gradcheck(layer, X)
    assert [(e.name, str(e.verdict)) for e in report.entries] == [
        ("x", "agrees"),
        ("alpha", "agrees"),
    ]
    assert layer.alpha is alpha
    assert gradcheck(Scale(alpha, 1.0001), X)["alpha"].verdict is Verdict.WRONG


class Normalizing:
    """Batch normalization in inference: its statistics move the output."""

    def __init__(self):
        self.gamma, self.mean, self.var = normal(3), normal(3), np.ones(3)

    def forward(self, x):
        self.std = np.sqrt(self.var + 1e-5)
        self.y = (x - self.mean) / self.std
        return self.gamma * self.y

    def backward(self, d):
        self.dgamma = (d * self.y).sum(axis=0)
        return d * self.gamma / self.std


def test_what_stays_the_same_for_another_dout_is_no_gradient():
    report = gradcheck(Normalizing(), X)
    assert report["var"].verdict is Verdict.UNCHECKED  # and not `std` as its gradient
    assert "if it is not learnt, say so: constants=" in report["var"].reason
    assert gradcheck(Normalizing(), X, constants=["mean", "var"]).ok


def test_what_each_pass_leaves_to_the_next_can_be_said_to_be_a_constant():
    class Stateful:
        def __init__(self):
            self.W, self.h = normal(3, 3), np.zeros((4, 3))

        def forward(self, x):
            self.x, self.h = x, np.tanh(x @ self.W + self.h)
            return self.h

        def backward(self, d):
            dz = d * (1 - self.h**2)
            self.dW = self.x.T @ dz
            return dz @ self.W.T

    report = gradcheck(Stateful(), X)
    assert report["h"].verdict is Verdict.UNCHECKED
    assert not report.problems
    assert gradcheck(Stateful(), X, constants="h").ok


def test_the_gradients_of_a_dictionary_of_inputs_by_their_names():
    class Attention:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, inputs):
            self.inputs = inputs
            return inputs["q"] * inputs["k"]

        def backward(self, d):
            return {"dq": d * self.inputs["k"], "dk": self.factor * d * self.inputs["q"]}

    inputs = {"q": X, "k": X + 1}
    assert gradcheck(Attention(1.0), inputs).ok
    report = gradcheck(Attention(1.0001), inputs)
    assert [str(entry.verdict) for entry in report.entries] == ["agrees", "wrong"]


def test_a_number_among_tensors():
    torch = pytest.importorskip("torch")

    class Lookup(torch.autograd.Function):
        @staticmethod
        def forward(ctx, table, i, scale):
            ctx.save_for_backward(i)
            ctx.shape, ctx.scale = table.shape, scale
            return scale * table[i]

        @staticmethod
        def backward(ctx, d):
            (i,) = ctx.saved_tensors
            zero = torch.zeros(ctx.shape, dtype=d.dtype)
            return zero.index_add(0, i, d * ctx.scale), None, None

    report = gradcheck(Lookup, torch.tensor(X), torch.tensor([1, 2, 1]), 3.0)
    assert report.ok
    assert "scale: no gradient is returned for it; taken for a constant" in str(report)


def test_a_gradient_whose_memory_each_pass_uses_again_is_copied():
    class Buffered:
        def __init__(self):
            self.W = normal(3, 2)
            buffer = np.zeros((2, 3, 2))
            self.buffer = lambda: buffer[0]  # where no search gets at it

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, d):
            self.dW = self.buffer()
            self.dW[...] = self.x.T @ d
            return d @ self.W.T

    report = gradcheck(Buffered(), X)
    assert report.ok, report


@pytest.mark.parametrize(
    "wrong",
    [
        lambda layer: gradcheck(layer, X, grads={"V": "dW"}),
        lambda layer: gradcheck(layer, "text"),
        lambda layer: gradcheck(layer, normal(4, 5)),
        lambda layer: gradcheck(layer, X, output="nothing"),
        lambda layer: gradcheck(layer, X, wrt="nothing"),
    ],
)
def test_an_object_is_as_it_was_after_an_error_too(wrong):
    class Layer:
        def __init__(self):
            self.W, self.dW, self.count = normal(3, 2), np.ones((3, 2)), []

        def forward(self, x):
            self.x = x
            self.count.append(1)
            return x @ self.W

        def backward(self, d):
            self.dW = self.x.T @ d
            return d @ self.W.T

    layer = Layer()
    with pytest.raises((ValueError, TypeError, AttributeError)):
        wrong(layer)
    assert vars(layer).keys() == {"W", "dW", "count"}
    assert layer.dW.all()
    assert layer.count == []


def test_gradients_by_name_of_no_parameter_are_an_error():
    with pytest.raises(ValueError, match="`grads` must name parameters, alpha; got 'V'"):
        gradcheck(Scale(np.array(0.5)), X, grads={"V": "dalpha"})


@pytest.mark.parametrize("kind", ["deque", "array", "set", "bits"])
def test_containers_of_every_kind_are_looked_into_and_put_back(kind):
    class Layer:
        def __init__(self, factor):
            self.factor, self.tape, self.seen = factor, collections.deque(), set()
            self.bits = np.random.PCG64(0)
            self.weights, self.slopes = np.empty(2, object), np.empty(2, object)
            self.weights[0] = normal(3, 2)
            self.kept = collections.deque([normal(2)])

        def forward(self, x):
            self.tape.append(x)
            self.seen.add(len(self.tape))
            self.mask = np.random.Generator(self.bits).random(3) > 0.3
            return x * self.mask @ self.weights[0] + self.kept[0]

        def backward(self, d):
            x = self.tape.pop() * self.mask
            self.slopes[0] = self.factor[0] * x.T @ d
            self.kept.append(self.factor[1] * d.sum(axis=0))
            return d @ self.weights[0].T * self.mask

    layer = Layer([1.0, 1.0])
    state = layer.bits.state
    report = gradcheck(layer, X)
    assert [entry.name for entry in report.entries] == ["x", "weights[0]", "kept[0]"]
    assert report.ok, report
    assert not layer.tape
    assert not layer.seen
    assert len(layer.kept) == 1
    assert layer.slopes[0] is None
    assert layer.bits.state == state
    factors = [1.0001, 1.0] if kind == "array" else [1.0, 1.0001]
    wrong = "weights[0]" if kind == "array" else "kept[0]"
    assert gradcheck(Layer(factors), X)[wrong].verdict is Verdict.WRONG


def test_an_output_that_is_remembered_is_no_parameter():
    class Memo:
        def __init__(self):
            self.known = {}

        def forward(self, x):
            self.x = x
            return self.known.setdefault(x.tobytes(), np.sin(x))

        def backward(self, d):
            return d * np.cos(self.x)

    assert [e.name for e in gradcheck(Memo(), X).entries] == ["x"]


def test_objects_whose_attributes_raise_what_they_like():
    class Odd(Scale):
        def __getattr__(self, name):
            if name.startswith("__"):
                raise AttributeError(name)
            raise KeyError(name)

    assert gradcheck(Odd(np.array(0.5)), X).ok
    assert not gradcheck(Odd(np.array(0.5), 1.0001), X).ok

    class Nones(Scale):
        def __getattr__(self, name):
            return None

    assert gradcheck(Nones(np.array(0.5)), X).ok


def test_integer_gradients_are_told_so():
    class Truncated:
        def forward(self, x):
            self.x = x
            return x**2

        def backward(self, d):
            return (2 * d * self.x).astype(int)

    report = gradcheck(Truncated(), X)
    assert "its gradient must have dtype float64; got int64" in str(report)
    with pytest.raises(TypeError, match="input 0 must have no mask; got a masked array"):
        gradcheck(Truncated(), np.ma.masked_array(X, X > 0))


@pytest.mark.parametrize("off", [0, 1])
def test_a_gradient_of_integers_is_held_to_its_values(off):
    x = np.arange(1000.0, 1006.0).reshape(2, 3)
    report = gradcheck((lambda v: np.sum(v**2), lambda v: (2 * v + off).astype(int)), x)
    assert report["v"].verdict is (Verdict.WRONG if off else Verdict.AGREES)


def test_an_empty_parameter_has_an_empty_gradient():
    class Halves:
        """x W and an offset for outputs that there are none of."""

        def __init__(self):
            self.W, self.e, self.dW, self.de = np.eye(3), np.zeros((0, 2)), None, None

        def forward(self, x):
            self.x = x
            return x @ self.W + np.sum(self.e)

        def backward(self, d):
            self.dW, self.de = self.x.T @ d, np.zeros((0, 2))
            return d @ self.W.T

    report = gradcheck(Halves(), X)
    assert report.ok, report
    assert report["e"].verdict is Verdict.AGREES
    assert report["e"].reason == "it is empty"


@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_what_is_not_the_transpose_is_not_called_so(scale):
    class Transposed:
        def __init__(self, own):
            self.W, self.dW, self.own = np.ones((3, 2)), None, own

        def forward(self, x):
            self.x = x
            return scale * (x @ self.W)

        def backward(self, d):
            self.dW = self.own * scale * (self.x.T @ d).T
            return scale * (d @ self.W.T)

    shape = r"its shape must be (3, 2); got (2, 3)"
    assert gradcheck(Transposed(1.0), X)["W"].reason == f"{shape}: it is the transpose"
    assert gradcheck(Transposed(0.5), X)["W"].reason == shape


@pytest.mark.parametrize("off", [0.0, 0.01])
def test_a_factor_for_each_row_is_said_where_it_explains_all(off):
    factors = np.array([[3.0], [0.5], [2.0]])

    class Rows:
        def __init__(self):
            self.W, self.dW = normal(3, 2), None

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, d):
            right = self.x.T @ d
            self.dW = (
                factors * right * (1.0 + off * np.array([[1.0, -1.0], [-1.0, 2.0], [0.0, 1.0]]))
            )
            return d @ self.W.T

    reason = gradcheck(Rows(), X)["W"].reason
    assert ("each row has a factor of its own" in reason) is (off == 0.0)
    assert ("from 0.5 to 3" in reason) is (off == 0.0)


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_a_list_of_one_number_in_a_dictionary_is_a_gradient(factor):
    pair = (lambda v: np.sum(v**2), lambda v: {"v": [factor * 2.0 * float(v[0])]})
    report = gradcheck(pair, np.array([1.5]))
    assert report["v"].verdict is (Verdict.AGREES if factor == 1.0 else Verdict.WRONG)


def test_nothing_is_allowed_where_nothing_is_lost():
    """Of halves and whole numbers no digit is lost, and no tolerance is given."""
    pair = (lambda v: np.sum(0.5 * v), lambda v: np.full(v.shape, 0.75))
    report = gradcheck(pair, np.array([1.0, 2.0, 4.0]), rtol=0.0, atol=0.0)
    assert report["v"].verdict is Verdict.WRONG


def test_the_distance_of_gradients():
    one = np.array([1.0, -3.0])
    assert findings.distance(None, None) == 0.0
    assert findings.distance(one, None) == findings.distance(None, one) == np.inf
    assert findings.distance(one, one[:1]) == np.inf
    assert findings.distance(one, one.copy()) == 0.0
    assert findings.distance(one, np.zeros(2)) == 3.0
    assert findings.distance(one, one, 2.0) == 3.0


@pytest.mark.parametrize("shape", [(5, 1), (5, 3)])
def test_rows_that_depend_on_each_other_are_said(shape):
    class Shares:
        """What share each row has of the sum; its backward forgets the sum."""

        def forward(self, x):
            self.y = np.exp(x) / np.exp(x).sum(axis=0)
            return self.y

        def backward(self, d):
            return d * self.y

    report = gradcheck(Shares(), normal(*shape))
    assert report["x"].verdict is Verdict.WRONG
    assert "the rows depend on each other" in report["x"].reason


def test_directions_of_very_large_arrays():
    x, size = 1e150 * X, 1e150
    for factor in (1.0, 1.001):
        pair = (lambda v: np.sum(v * (v / size)), lambda v, f=factor: f * 2 * v / size)
        assert gradcheck(pair, x, mode="directional").ok == (factor == 1.0)


class Activation:
    def __call__(self, x):
        return np.tanh(x)

    def gradient(self, x):
        return self.factor * (1 - np.tanh(x) ** 2)

    def __init__(self, factor=1.0):
        self.factor = factor


class Static(Activation):
    forward = Activation.__call__

    def backward(self, x):
        return self.gradient(x)


class Again(Activation):
    forward = Activation.__call__

    def backward(self, x, grad):
        return grad * self.gradient(x)


class ByOutput(Activation):
    forward = Activation.__call__

    def backward(self, out, grad_out):
        return grad_out * self.factor * (1 - out**2)


class Squared:
    def __init__(self, factor=1.0):
        self.factor = factor

    def loss(self, y, y_pred):
        return 0.5 * (y - y_pred) ** 2

    def gradient(self, y, y_pred):
        return self.factor * (y - y_pred), y_pred - y


@pytest.mark.parametrize("kind", [Activation, Static, Again, ByOutput])
def test_derivatives_as_methods(kind):
    report = gradcheck(kind(), X)
    assert report.ok
    assert report.target == kind.__name__
    assert gradcheck(kind(1.0001), X)["x"].verdict is Verdict.WRONG


def test_a_loss_and_its_gradient_as_methods():
    assert gradcheck(Squared(), X, X + 1).ok
    report = gradcheck(Squared(1.0001), X, X + 1)
    assert [str(entry.verdict) for entry in report.entries] == ["wrong", "agrees"]


def test_the_buffers_of_a_module_are_no_parameters():
    torch = pytest.importorskip("torch")

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = torch.nn.BatchNorm1d(3).double().eval()

        def forward(self, x):
            self.x = x.detach().clone().requires_grad_()
            self.y = self.norm(self.x)
            return self.y.detach()

        def backward(self, d):
            self.y.backward(d)
            return self.x.grad

    report = gradcheck(Module(), torch.tensor(X))
    assert report.ok, report
    assert len(report.entries) == 3


class Linear:
    """Its backward pass keeps no gradient of `W`, and may keep something else as large."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, d):
        self.keep(self.x.T @ d)
        return d @ self.W.T


class KeepingAnother(Linear):
    def keep(self, gradient):
        other = normal(*gradient.shape, seed=8)
        other -= gradient * (other * gradient).sum() / (gradient**2).sum()
        other *= np.linalg.norm(gradient) / np.linalg.norm(other)
        self.kept = 0.5 * gradient + 0.87 * other  # at 60 degrees


def test_what_points_half_the_way_of_a_gradient_is_none():
    entry = gradcheck(KeepingAnother(normal(3, 2)), X)["W"]
    assert str(entry.verdict) == "not checked"
    assert "no gradient of it was found" in str(entry.reason)


class KeepingWhatIsNoGradient(Linear):
    def keep(self, gradient):
        self.kept = np.reshape(self.x.sum(), (1, 1))  # does not heed `d`


def test_what_stays_when_the_upstream_gradient_doubles_is_no_gradient():
    entry = gradcheck(KeepingWhatIsNoGradient(normal(1, 1)), normal(4, 1))["W"]
    assert str(entry.verdict) == "not checked"

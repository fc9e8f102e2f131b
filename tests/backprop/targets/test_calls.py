"""Ways to call, and to return, that once were refused, crashed or were misread."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


def test_truth_values_as_gradients_are_compared_and_told_so():
    report = gradcheck((lambda v: float(v.sum()), lambda v: v == v), X)
    assert report["v"].verdict is Verdict.AGREES
    assert report.problems == ("v: its gradient must have dtype float64; got bool",)
    assert gradcheck((lambda v: float(v.sum()), lambda v: v != v), X)["v"].verdict is Verdict.WRONG


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_an_output_of_integers_has_no_derivative(factor):
    torch = pytest.importorskip("torch")

    class Largest(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            values, indices = x.max(1)
            ctx.save_for_backward(indices)
            ctx.mark_non_differentiable(indices)
            return values, indices

        @staticmethod
        def backward(ctx, dvalues, dindices):
            (indices,) = ctx.saved_tensors
            dx = torch.zeros(4, 3, dtype=dvalues.dtype)
            return dx.scatter_(1, indices[:, None], factor * dvalues[:, None])

    assert gradcheck(Largest, torch.tensor(X)).ok is (factor == 1.0)


def test_a_function_returns_a_pair():
    message = "got a function that returns tuple"
    with pytest.raises(TypeError, match=message):
        gradcheck(lambda v: (np.sum(v**2), 2 * v, 3.0), X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_a_function_of_autograd_that_gives_float32(factor, dtype):
    torch = pytest.importorskip("torch")

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.float() ** 2

        @staticmethod
        def backward(ctx, dout):
            assert dout.dtype == torch.float32
            return (2 * factor * ctx.saved_tensors[0] * dout).to(ctx.saved_tensors[0].dtype)

    report = gradcheck(Square, torch.tensor(X, dtype=getattr(torch, dtype)))
    assert report["x"].verdict is (Verdict.AGREES if factor == 1.0 else Verdict.WRONG)


@pytest.mark.parametrize("moves", [0.0, 1.0])
def test_a_function_of_autograd_that_changes_its_input_is_told_so(moves):
    torch = pytest.importorskip("torch")

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x.clone())
            y = x**2
            x += moves
            return y

        @staticmethod
        def backward(ctx, dout):
            return 2 * ctx.saved_tensors[0] * dout

    x = torch.tensor(X)
    report = gradcheck(Square, x)
    assert report["x"].verdict is Verdict.AGREES
    changed = ("input 0 is changed by the forward or the backward pass",)
    assert report.problems == (changed if moves else ())
    assert torch.equal(x, torch.tensor(X))


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_a_compiled_function_with_a_derivative_of_its_own(factor):
    jax = pytest.importorskip("jax")

    @jax.custom_vjp
    def f(x):
        return jax.numpy.sin(x)

    f.defvjp(lambda x: (f(x), x), lambda x, d: (factor * d * jax.numpy.cos(x),))
    report = gradcheck(jax.jit(f), jax.numpy.asarray(X))
    assert report.ok is (factor == 1.0)
    assert ("1.5 times" in report["x"].reason) is (factor == 1.5)


@pytest.mark.parametrize("names", [("res", "g"), ("r", "d"), ("residuals", "cotangent")])
def test_a_function_with_a_derivative_of_its_own_as_it_is(names):
    jax = pytest.importorskip("jax")

    def made(of_function, of_rule):
        @jax.custom_vjp
        def f(x):
            return of_function * jax.numpy.sin(x)

        backward = f"lambda {', '.join(names)}: ({names[1]} * {names[0]},)"
        f.defvjp(lambda x: (jax.numpy.sin(x), of_rule * jax.numpy.cos(x)), eval(backward))
        return f

    x = jax.numpy.asarray(X)
    assert gradcheck(made(1.0, 1.0), x).ok
    assert "1.5 times" in gradcheck(made(1.0, 1.5), x)["x"].reason
    report = gradcheck(made(3.0, 1.0), x)  # its forward rule is that of another function
    assert "0.333333 times" in report["x"].reason


class CrossEntropy:
    """Its backward pass takes the predictions where others take `dout`."""

    def __init__(self, samples):
        self.samples = samples

    def forward(self, y_pred, y_true):
        return -np.log(y_pred[np.arange(4), y_true]).mean()

    def backward(self, dvalues, y_true):
        self.dinputs = -np.eye(3)[y_true] / dvalues / self.samples


class MeanSquare(CrossEntropy):
    def forward(self, y_pred, y_true):
        return ((y_pred - np.eye(3)[y_true]) ** 2).sum() / 4

    def backward(self, dvalues, y_true):  # this runs with a number, too
        return 2 * (dvalues - np.eye(3)[y_true]) / self.samples


class WithDout(CrossEntropy):
    def forward(self, y_pred, y_true):
        self.own = super().backward(y_pred, y_true) or self.dinputs
        return super().forward(y_pred, y_true)

    def backward(self, dvalues, y_true):
        return dvalues * self.own


@pytest.mark.parametrize("kind", [CrossEntropy, MeanSquare, WithDout])
def test_a_loss_whose_backward_pass_takes_scores_and_labels(kind):
    p = np.abs(X) / np.abs(X).sum(axis=1, keepdims=True)
    labels = np.array([0, 1, 2, 0])
    assert gradcheck(kind(4), p, labels).ok
    assert gradcheck(kind(1), p, labels)["y_pred"].verdict is Verdict.WRONG


class OtherNames(CrossEntropy):
    def forward(self, scores, classes):
        self.y = scores
        return super().forward(scores, classes)

    def backward(self, dout, output, t):
        assert output is not t
        return dout * (super().backward(self.y, t) or self.dinputs)


def test_a_backward_pass_may_have_another_name_for_the_labels():
    p = np.abs(X) / np.abs(X).sum(axis=1, keepdims=True)
    labels = np.array([0, 1, 2, 0])
    assert gradcheck(OtherNames(4), p, labels).ok
    assert gradcheck(OtherNames(1), p, labels)["scores"].verdict is Verdict.WRONG


class Cube:
    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        self.x = x
        return x**3

    def slope(self, x):
        return 3 * self.factor * x**2


class AllOptional(Cube):
    def backward(self, dout=1.0, rate=0.1):
        return dout * self.slope(self.x)


class DoutCalledX(Cube):
    def backward(self, x):
        return x * self.slope(self.x)


class SlopeAtX(Cube):
    def backward(self, x):
        return self.slope(x)


class LinearSlopeAtX(SlopeAtX):
    """Twice `x` gives twice the slope, as it would with a `dout`."""

    def forward(self, x):
        return x**2

    def slope(self, x):
        return 2 * x * self.factor


class LinearInDout(DoutCalledX):
    def forward(self, x):
        self.x = x
        return 3 * x

    def slope(self, x):
        return 3 * self.factor


@pytest.mark.parametrize("kind", [AllOptional, DoutCalledX, SlopeAtX, LinearSlopeAtX, LinearInDout])
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_what_a_backward_pass_takes_is_told_by_what_it_does(kind, factor):
    assert gradcheck(kind(factor), X).ok is (factor == 1.0)


@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_gradients_as_lists_of_numbers(factor):
    def rows(v):
        return [[factor * float(each) for each in row] for row in v]

    def apart(v, w):
        return rows(v * w[0]), [float((v**2).sum()) * each for each in np.eye(3)[0]]

    right = factor == 2.0
    assert gradcheck((lambda v: float((v**2).sum()), rows), X).ok is right
    flat = lambda v: [factor * float(each) for each in v]  # noqa: E731
    report = gradcheck((lambda v: float((v**2).sum()), flat), X[0])
    assert report.ok is right
    assert report["v"].checked == 3
    report = gradcheck((lambda v, w: float((v**2).sum() * w[0]), apart), X, np.ones(3))
    assert [str(e.verdict) for e in report.entries] == ["agrees" if right else "wrong", "agrees"]


class Scaled:
    def forward(self, x, by=2.0):
        self.x, self.by = x, by
        return x * by

    def backward(self, dout):
        return dout * self.by, (dout * self.x).sum()


SCALED = (
    lambda x, by: (x * by, (x, by)),
    lambda dout, cache: (dout * cache[1], (dout * cache[0]).sum()),
)


@pytest.mark.parametrize("target", [Scaled(), SCALED], ids=["object", "cache"])
def test_an_integer_that_a_gradient_is_returned_for_is_compared(target):
    report = gradcheck(target, X, 2)
    assert report.ok, str(report)
    assert [(e.name, str(e.verdict)) for e in report.entries] == [("x", "agrees"), ("by", "agrees")]


PAIR = (lambda v: float((v**2).sum()), lambda v: 2 * v)


@pytest.mark.parametrize(
    ("target", "options", "error", "said"),
    [
        (PAIR, {"names": 5}, TypeError, "`names` must hold strings; got 5"),
        (PAIR, {"names": ""}, ValueError, "`names` must not be empty"),
        (PAIR, {"output": "zz"}, ValueError, "`output` must be an attribute of an object"),
        (Scaled(), {"output": "zz"}, ValueError, "`output` must be where forward puts it; got"),
        (Scaled(), {"output": 3}, ValueError, "`output` must be an attribute of an object"),
        (Scaled, {"output": "y"}, ValueError, "`output` must be an attribute of an object"),
    ],
)
def test_options_that_make_no_sense_are_refused(target, options, error, said):
    with pytest.raises(error, match=said):
        gradcheck(target, X, **options)


@pytest.mark.parametrize("forgotten", [False, True])
def test_both_of_a_pair_get_the_keywords(forgotten):
    def f(x, *, factor=1.0):
        return float(factor * np.sum(x * x))

    def gradient(x, *, factor=1.0):
        return 2.0 * (1.0 if forgotten else factor) * x

    assert gradcheck((f, gradient), X, kwargs={"factor": 3.0}).ok is not forgotten


def test_a_function_that_returns_its_gradient_gets_the_keywords():
    def both(x, *, factor):
        return float(factor * np.sum(x * x)), 2.0 * factor * x

    assert gradcheck(both, X, kwargs={"factor": 3.0}).ok
    with pytest.raises(ValueError, match=r"`kwargs` must be arguments .*; got .other.$"):
        gradcheck(both, X, kwargs={"factor": 3.0, "other": 1.0})

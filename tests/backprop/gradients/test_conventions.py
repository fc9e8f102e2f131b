"""Conventions that were once refused: what each is taken for, right and wrong."""

import numpy as np
import pytest

from backprop import gradcheck
from backprop.gradients import Verdict


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)


def verdicts(report):
    return {entry.name: str(entry.verdict) for entry in report.entries}


def check(make, *inputs, wrong, **options):
    """Assert that a target passes as it is, and that one gradient alone is called wrong if it is."""
    report = gradcheck(make(1.0), *inputs, **options)
    assert report.ok, report
    spoiled = verdicts(gradcheck(make(1.0001), *inputs, **options))
    assert [name for name, said in spoiled.items() if said == "wrong"] == [wrong], spoiled


def lstm_step(x, h, c, W):
    a = np.tanh(x @ W + h)
    after = a * c + c**2
    return np.sin(after), after, (x, c, W, a, after)


@pytest.mark.parametrize("wrong", ["c"])
def test_a_pair_with_two_outputs_and_a_cache(wrong):
    def make(factor):
        def backward(dh, dc, cache):
            x, c, W, a, after = cache
            d = dc + dh * np.cos(after)
            da = d * c * (1 - a * a)
            return da @ W.T, da, d * (a + 2 * c) * factor, x.T @ da

        return lstm_step, backward

    check(make, normal(2, 3), normal(2, 2), normal(2, 2, seed=1), normal(3, 2), wrong=wrong)


@pytest.mark.parametrize(
    "make",
    [
        lambda f: (
            lambda x: (np.sin(x), x**3),
            lambda dh, dc, x: f * (dh * np.cos(x) + 3 * dc * x**2),
        ),
        lambda f: (
            lambda x: (np.sin(x), x**3),
            lambda d, x: f * (d[0] * np.cos(x) + 3 * d[1] * x**2),
        ),
        lambda f: (lambda x: (2 * x, 3 * x), lambda dh, dc: f * (2 * dh + 3 * dc)),
        lambda f: (
            lambda x: (2 * x, {"c": 3 * x}),
            lambda dh, dmore: f * (2 * dh + 3 * dmore["c"]),
        ),
        lambda f: (lambda x: (np.sin(x), x), lambda g, kept_x: f * g * np.cos(kept_x)),
        lambda f: (lambda x: (np.sin(x), x), lambda cache, g: f * g * np.cos(cache)),
        lambda f: (lambda x: (np.sin(x), {"x": x}), lambda g, info: f * g * np.cos(info["x"])),
    ],
    ids=["two and x", "tuple and x", "two", "array and dict", "array", "cache first", "dict"],
)
def test_what_a_pair_returns_second_is_an_output_or_a_cache(make):
    check(make, X, wrong="x")


def test_a_dictionary_beside_an_output_takes_part_in_it():
    class Layer:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, x):
            self.x = x
            return x**2, {"cube": x**3}

        def backward(self, dy, dmore, rate=0.1):
            return 2 * dy * self.x + 3 * self.factor * dmore["cube"] * self.x**2

    check(Layer, X, wrong="x")


def test_a_dictionary_that_backward_has_by_default_is_an_output():
    class Layer:
        def forward(self, x):
            self.x = x
            return x**2, {"cube": x**3}

        def backward(self, d, rate=0.1):
            return 2 * d[0] * self.x  # the cube is forgotten

    assert gradcheck(Layer(), X)["x"].verdict is Verdict.WRONG


def test_a_pair_by_elements_of_several_arguments():
    check(
        lambda f: (lambda a, b: a * b, lambda a, b: (b, f * a)),
        X,
        X + 1,
        wrong="b",
    )


@pytest.mark.parametrize(
    ("pair", "inputs", "error", "message"),
    [
        (
            (lambda a, b: a * b, lambda a, b: (b, a)),
            (X, X[0]),
            ValueError,
            r"`f` must return a number, or an array of the shape of each argument, .*; got.*4, 3",
        ),
        (
            (np.sum, lambda a, b, c: 1),
            (X,),
            TypeError,
            r"the second of a pair must take the arguments of `f`, .*; it takes \(a, b, c\)",
        ),
        (
            (lambda x: (x, x), lambda cache: 1),
            (X,),
            TypeError,
            r"the second of a pair must take `dout` for each output, .*; it takes \(cache\)",
        ),
    ],
)
def test_pairs_that_do_not_go_together(pair, inputs, error, message):
    with pytest.raises(error, match=message):
        gradcheck(pair, *inputs)


def test_a_value_with_gradients_by_name():
    check(
        lambda f: lambda x, y: ((x * y).sum(), {"x": f * y, "y": x}),
        X,
        X + 1,
        wrong="x",
    )


def test_lists_of_lists_are_an_array():
    class Layer:
        def __init__(self, factor):
            self.W, self.factor = normal(3, 2), factor

        def forward(self, x):
            self.x = x
            return np.asarray(x) @ self.W

        def backward(self, d):
            self.dW = self.factor * np.asarray(self.x).T @ d
            return d @ self.W.T

    check(Layer, X.tolist(), wrong="W")

    class Plain:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, x):
            self.x = x
            return [[v * v for v in row] for row in x]

        def backward(self, d):
            return [
                [2 * self.factor * v * g for v, g in zip(*pair, strict=True)]
                for pair in zip(self.x, d, strict=True)
            ]

    check(Plain, X.tolist(), wrong="x")

    class OfArrays(Plain):
        def backward(self, d):
            return 2 * self.factor * d * self.x

    check(OfArrays, X.tolist(), wrong="x")


@pytest.mark.parametrize("rows", [2, 3])  # as many as there are inputs, or not
@pytest.mark.parametrize("made", [np.copy, np.ndarray.tolist], ids=["arrays", "lists"])
@pytest.mark.parametrize("form", [list, tuple, None], ids=["list", "tuple", "one"])
def test_lists_of_lists_are_one_gradient_or_one_for_each_input(form, made, rows):
    class Loss:
        def __init__(self, factor):
            self.factor = factor

        def forward(self, x, t):
            self.off = x - t
            return (self.off**2).sum()

        def backward(self, dout=1.0):
            dx, dt = 2 * dout * self.off * self.factor, -2 * dout * self.off
            return dx.tolist() if form is None else form([dx.tolist(), dt.tolist()])

    check(Loss, made(X[:rows]), made(X[-rows:]), wrong="x")


def torch_layers():
    torch = pytest.importorskip("torch")

    class Linear:
        """As fast.ai's course has it: gradients hang on the tensors."""

        def __init__(self, factor, n=3, m=2):
            self.w, self.b = torch.tensor(normal(n, m)), torch.tensor(normal(m))
            self.factor = factor

        def __call__(self, inp):
            self.inp, self.out = inp, inp @ self.w + self.b
            return self.out

        def backward(self):
            self.inp.g = self.out.g @ self.w.t()
            self.w.g = self.factor * self.inp.t() @ self.out.g
            self.b.g = self.out.g.sum(0)

    class Mse:
        def __call__(self, inp, targ):
            self.inp, self.targ = inp, targ
            return (inp.squeeze() - targ).pow(2).mean()

        def backward(self):
            self.inp.g = 2 * (self.inp.squeeze() - self.targ)[:, None] / self.targ.shape[0]

    class Model:
        def __init__(self, factor):
            self.layers, self.loss = [Linear(factor), Linear(1.0, 2, 1)], Mse()

        def __call__(self, x, t):
            for layer in self.layers:
                x = layer(x)
            return self.loss(x, t)

        def backward(self):
            self.loss.backward()
            for layer in reversed(self.layers):
                layer.backward()

    return torch, Linear, Model


def test_gradients_that_hang_on_tensors():
    torch, linear, model = torch_layers()
    check(linear, torch.tensor(X), wrong="w")
    check(model, torch.tensor(X), torch.tensor(normal(4)), wrong="layers[0].w")
    layer, x = linear(1.0), torch.tensor(X)
    gradcheck(layer, x)
    assert not vars(layer.w)
    assert vars(layer).keys() == {"w", "b", "factor"}


def test_a_module_whose_gradients_accumulate_is_left_as_it_was():
    torch = pytest.importorskip("torch")

    class Module(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = torch.nn.Linear(3, 2).double()

        def forward(self, x):
            self.x = x.detach().requires_grad_()
            self.y = self.linear(self.x)
            return self.y.detach()

        def backward(self, d):
            self.y.backward(d)
            with torch.no_grad():
                self.linear.bias -= 0.1 * self.linear.bias.grad
            return self.x.grad

    module = Module()
    bias = module.linear.bias.detach().clone()
    assert gradcheck(module, torch.tensor(X)).ok
    assert module.linear.weight.grad is None
    assert torch.equal(module.linear.bias, bias)
    module.linear.weight.grad = torch.ones(2, 3, dtype=torch.float64)
    own = module.linear.weight.grad
    gradcheck(module, torch.tensor(X))
    assert module.linear.weight.grad is own
    assert own.eq(1).all()


def test_sparse_gradients_are_compared_and_sparse_inputs_refused():
    torch = pytest.importorskip("torch")

    class Embedding(torch.nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.table, self.factor = torch.nn.Embedding(7, 2, sparse=True).double(), factor

        def forward(self, i):
            self.y = self.table(i)
            return self.y.detach()

        def backward(self, d):
            self.y.backward(d * self.factor)

    check(Embedding, torch.tensor([1, 2, 1]), wrong="_modules['table'].weight")
    with pytest.raises(TypeError, match=r"input 0 must be dense; got a sparse one: x\.to_dense"):
        gradcheck((torch.sum, torch.ones_like), torch.tensor(X).to_sparse())


def test_bfloat16():
    torch = pytest.importorskip("torch")

    def pair(factor):
        return lambda v: (v**3).sum(), lambda v: 3 * factor * v**2

    class Layer:
        def __init__(self, factor):
            self.W, self.factor = torch.tensor(normal(3, 2)).bfloat16(), factor

        def forward(self, x):
            self.x, self.y = x, torch.tanh(x @ self.W)
            return self.y

        def backward(self, d):
            d = d * (1 - self.y**2)
            self.dW = self.factor * self.x.T @ d
            return d @ self.W.T

    x = torch.tensor(X).bfloat16()
    assert gradcheck(pair(1.0), x).ok
    assert not gradcheck(pair(2.0), x).ok
    assert gradcheck(Layer(1.0), x).ok
    assert gradcheck(Layer(1.1), x)["W"].verdict is Verdict.WRONG


def test_steps_that_are_larger_than_all_that_bends_tell_nothing():
    """Far out on both sides tanh is flat: the line between says 0, with hardly any error."""
    torch = pytest.importorskip("torch")
    W = torch.tensor(normal(3, 2)).bfloat16()

    class Tied:
        def __init__(self):
            self.W, self.V = W, W.T  # they share memory, so it stays in bfloat16

        def forward(self, x):
            self.x, self.y = x, torch.tanh(x @ self.W)
            return self.y

        def backward(self, d):
            d = d * (1 - self.y**2)
            self.dW = self.x.T @ d
            return d @ self.W.T

    for seed in range(10):
        report = gradcheck(Tied(), torch.tensor(normal(4, 3, seed=seed)).bfloat16())
        assert all(entry.verdict is not Verdict.WRONG for entry in report.entries), report


def linear_closure(factor, forget=False):
    W, dW, kept = normal(3, 2), np.zeros((3, 2)), None

    def forward(x):
        nonlocal kept
        kept = x
        return x @ W

    def backward(d):
        nonlocal dW
        if not forget:
            dW = factor * kept.T @ d
        return d @ W.T

    return forward, backward


def test_parameters_in_a_closure():
    check(linear_closure, X, wrong="W")
    assert gradcheck(linear_closure(1.0, forget=True), X)["W"].verdict is Verdict.WRONG
    pair = linear_closure(1.0)
    before = [cell.cell_contents for f in pair for cell in f.__closure__]
    gradcheck(pair, X)
    after = [cell.cell_contents for f in pair for cell in f.__closure__]
    assert all(a is b for a, b in zip(after, before, strict=True))


def test_data_in_a_closure_are_constants_and_said_to_be():
    A, y = normal(4, 3), normal(4)
    pair = (lambda w: ((A @ w - y) ** 2).sum(), lambda w: 2 * A.T @ (A @ w - y))
    report = gradcheck(pair, normal(3))
    assert report.ok
    assert "note: A: no gradient of it was found; taken for a constant" in str(report)


def test_a_generator_in_a_closure_draws_the_same_again():
    rng, mask = np.random.default_rng(0), None

    def forward(x):
        nonlocal mask
        mask = rng.random(x.shape) > 0.5
        return x * mask

    assert gradcheck((forward, lambda dout: dout * mask), X).ok
    assert rng.random() == np.random.default_rng(0).random()


def test_what_is_needed_is_named():
    class Layer:
        def forward(self, x, *, training):
            self.x = x
            return x**3 if training else x

        def backward(self, d, rate):
            return 3 * d * self.x**2

    with pytest.raises(
        TypeError, match=r"a target must be an object, not a class: Layer\(\.\.\.\)"
    ):
        gradcheck(Layer, X)
    with pytest.raises(TypeError, match=r"forward needs `training` too; .* kwargs=\{'training'"):
        gradcheck(Layer(), X)
    with pytest.raises(TypeError, match=r"the backward pass needs `rate`; .* kwargs=\{'rate'"):
        gradcheck(Layer(), X, kwargs={"training": True})
    report = gradcheck(Layer(), X, kwargs={"training": True, "rate": 0.1}, names="h")
    assert verdicts(report) == {"h": "agrees"}

import copy
import itertools

import numpy as np
import pytest

import backends
from backprop import (
    AddLayer,
    Affine,
    IdentityWithLoss,
    MulLayer,
    Network,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Tanh,
    TwoLayerNet,
    functions,
    load_mnist_sample,
)
from backprop.gradients import GradientError, Verdict, assert_gradients, gradcheck
from tests.backprop.gradients.mistakes import MISTAKES, Book, elementwise
from tests.support import Case, normal

RNG = np.random.default_rng(12)


@pytest.mark.parametrize("name", MISTAKES)
def test_every_planted_mistake_is_called_wrong_with_its_reason(name):
    target, inputs, entry, words = MISTAKES[name]
    report = gradcheck(copy.deepcopy(target), *copy.deepcopy(inputs))
    assert not report.ok
    assert words in str(report), report
    if entry is not None:
        assert report[entry].verdict is Verdict.WRONG
    for other in report.entries:
        if words.startswith("wrong at") or entry is None:
            continue
        assert other.name == entry or other.verdict is not Verdict.WRONG or name.startswith("dout")


def test_there_are_enough_mistakes():
    assert len(MISTAKES) >= 40


def random_layer(kind, rng, dtype):
    def normal(*shape):
        return rng.standard_normal(shape).astype(dtype)

    n, d, m = rng.integers(1, 6, 3)
    if kind == "Affine":
        return Affine(normal(d, m), normal(m)), (normal(n, d),)
    if kind in ("MulLayer", "AddLayer"):
        layer = MulLayer() if kind == "MulLayer" else AddLayer()
        shapes = [((n, d), (n, d)), ((n, d), (d,)), ((n, 1), (1, d)), ((), (n, d)), ((1,), (n, d))]
        x, y = shapes[rng.integers(len(shapes))]
        return layer, (normal(*x), normal(*y))
    if kind in ("Relu", "Sigmoid", "Tanh"):
        shape = rng.integers(1, 5, rng.integers(0, 4))
        return {"Relu": Relu, "Sigmoid": Sigmoid, "Tanh": Tanh}[kind](), (
            normal(*shape) * 10.0 ** dtype(rng.integers(-2, 2)),
        )
    if kind == "Network":
        depth = rng.integers(1, 5)
        sizes = rng.integers(1, 6, depth + 1)
        params = {}
        for i in range(depth):
            params[f"W{i + 1}"] = normal(sizes[i], sizes[i + 1])
            params[f"b{i + 1}"] = normal(sizes[i + 1])
        losses = [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss]
        loss = losses[rng.integers(3) if sizes[-1] > 1 else 1]()  # no softmax of one
        activation = ["relu", "sigmoid", "tanh"][rng.integers(3)]
        net = Network.from_params(params, activation, last_layer=loss)
        return net, (normal(n, sizes[0]), rng.random((n, sizes[-1])).astype(dtype))
    d = max(d, 2) if kind == "SoftmaxWithLoss" else d
    layer = {
        "SoftmaxWithLoss": SoftmaxWithLoss,
        "SigmoidWithLoss": SigmoidWithLoss,
        "IdentityWithLoss": IdentityWithLoss,
    }[kind]()
    t = rng.random((n, d)).astype(dtype) if rng.random() < 0.5 or d == 1 else rng.integers(0, d, n)
    return layer, (normal(n, d) * 3, t)


KINDS = [
    "Affine",
    "MulLayer",
    "AddLayer",
    "Relu",
    "Sigmoid",
    "Tanh",
    "SoftmaxWithLoss",
    "SigmoidWithLoss",
    "IdentityWithLoss",
    "Network",
]


# OpenBLAS now and then flags a product of finite numbers, as in numpy/numpy#24067
@pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", KINDS)
def test_no_false_alarm(kind, dtype):
    for seed in range(25 if kind == "Network" else 50):  # it has many parameters
        layer, inputs = random_layer(kind, np.random.default_rng(seed), dtype)
        report = gradcheck(layer, *inputs, seed=seed)
        assert report.ok, (seed, str(report))
        assert all(e.verdict in (Verdict.AGREES, Verdict.KINK) for e in report.entries), (
            seed,
            str(report),
        )


@pytest.mark.parametrize("mode", ["full", "sampled", "directional"])
def test_the_books_network_on_real_digits(mode):
    (x, t), _ = load_mnist_sample()
    for seed in range(5):
        net = TwoLayerNet(784, 50, 10, backend="cpu", seed=seed, dtype="float64")
        report = gradcheck(net, x[:3], t[:3], mode=mode, seed=seed)
        assert report.ok, str(report)
        assert [e.name for e in report.entries] == ["W1", "b1", "W2", "b2"]


@pytest.mark.parametrize("mode", ["sampled", "directional"])
def test_other_modes_see_mistakes_too(mode):
    target, inputs, *_ = MISTAKES["network W1"]
    report = gradcheck(target, *inputs, mode=mode)
    assert report["W1"].verdict is Verdict.WRONG
    assert report["b1"].verdict is Verdict.AGREES


def test_large_arrays_cost_a_sample():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(300_000)
    for mode, least, most in (("sampled", 40, 12 * 10 + 60), ("directional", 4, 60)):
        evaluations = itertools.count()  # unlike a list, it is not put back

        class Counting(Tanh):
            def forward(self, x, evaluations=evaluations):
                next(evaluations)
                return super().forward(x)

        report = gradcheck(Counting(), x, mode=mode, samples=10)
        assert report.ok, str(report)
        assert least <= next(evaluations) <= most
    assert report["x"].checked == 1


@pytest.mark.parametrize("used", [False, True])
def test_entries_that_hardly_any_output_heeds_cost_two_evaluations_each(used):
    rng = np.random.default_rng(0)
    evaluations = itertools.count()

    class Embedding:
        def __init__(self):
            self.W = rng.standard_normal((100, 50))

        def forward(self, rows):
            next(evaluations)
            self.rows = rows
            return self.W[rows]

        def backward(self, d):
            self.dW = np.zeros_like(self.W)
            np.add.at(self.dW, self.rows, d)

    layer, rows = Embedding(), np.arange(0, 100, 9)
    if used:
        layer.forward(rows)
    report = gradcheck(layer, rows, mode="full")
    assert report.ok, str(report)
    assert report["W"].checked == layer.W.size
    assert 2 * layer.W.size <= next(evaluations) <= 2.1 * layer.W.size


def test_where_kinks_that_bend_both_ways_meet_one_side_of_each_is_taken():
    class Difference:
        def forward(self, x):
            self.x = x
            return 3.0 * np.abs(x[:, 0]) - 2.0 * np.abs(x[:, 0] + x[:, 1])

        def backward(self, dout):
            a = np.where(self.x[:, 0] > 0, 3.0, -3.0)
            b = np.where(self.x.sum(axis=1) >= 0, 2.0, -2.0)
            return np.stack([a - b, -b], axis=1) * dout[:, None]

    entry = gradcheck(Difference(), np.array([[0.0, 0.0], [1.0, 2.0]]))["x"]
    assert entry.verdict is Verdict.KINK
    assert entry.reason == (
        "2 of 4 coordinates lie at a kink; as several meet, the analytic value can lie outside "
        "both slopes"
    )


@pytest.mark.parametrize("factor", [0.5, 1.5, 50.0])
def test_a_kink_is_looked_at_from_as_near_as_its_own_coordinate_is_small(factor):
    class Beside:
        """Another kink lies at 1, and another coordinate at a million."""

        def forward(self, x):
            return np.stack([abs(x[0]) - 100 * np.maximum(x[0] - 1, 0), 1e-6 * x[1]])

        def backward(self, dout):
            return np.array([factor, 1e-6]) * dout

    entry = gradcheck(Beside(), np.array([0.0, 1e6]))["x"]
    assert entry.verdict is (Verdict.KINK if factor < 1 else Verdict.WRONG)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("full", "the error bar is as large as the gradient itself at 2 of 3 coordinates"),
        ("directional", "a mistake of a thousandth at one entry would not show"),
    ],
)
def test_a_gradient_that_noise_hides_is_not_told_to_be_right(mode, reason):
    class Far:
        def forward(self, x):
            self.x = x
            return x * x + 3e14

        def backward(self, dout):
            return 2 * self.x * dout

    entry = gradcheck(Far(), np.array([1e-3, 2e-3, 3.0]), mode=mode)["x"]
    assert (entry.verdict, entry.reason) == (Verdict.NOISY, reason)


def test_a_kink_is_named_and_passes():
    report = gradcheck(Relu(), np.array([0.0, 1e-6, -1e-6, 1.0]))
    assert report.ok
    entry = report["x"]
    assert entry.verdict is Verdict.KINK
    assert "1 of 4 coordinates lie at a kink" in entry.reason
    assert {kink.index for kink in entry.kinks} == {(0,)}  # smaller steps see past the others
    at_zero = next(kink for kink in entry.kinks if kink.index == (0,))
    assert sorted([abs(at_zero.left), abs(at_zero.right)])[0] == 0
    assert at_zero.analytic == 0


def test_a_kink_in_a_network_is_named_and_passes():
    params = {
        "W1": np.eye(2),
        "b1": np.zeros(2),
        "W2": np.ones((2, 3)) * [1, 2, 3],
        "b2": np.zeros(3),
    }
    net = Network.from_params(params)
    report = gradcheck(net, np.array([[0.0, 1.0]]), np.array([0]))
    assert report.ok
    assert report["b1"].verdict is Verdict.KINK
    assert [kink.index for kink in report["b1"].kinks] == [(0,)]
    assert report["W2"].verdict is Verdict.AGREES


def test_too_noisy_to_tell():
    chance = iter(np.random.default_rng(0).standard_normal, None)  # nothing puts it back

    class Noisy:
        def forward(self, x):
            return x + 100 * np.asarray([next(chance) for _ in x])

        def backward(self, dout):
            return dout * 1.0

    report = gradcheck(Noisy(), np.ones(3))
    assert report["x"].verdict is Verdict.NOISY
    assert "too noisy to tell" in str(report)


class Scale:
    """A foreign layer that derives from nothing, on any library: x * s."""

    def __init__(self, s, wrong=False):
        self.params, self.grads, self.wrong = {"s": s}, {}, wrong

    def forward(self, x):
        self.x = x
        return x * self.params["s"]

    def backward(self, dout):
        xp = backends.namespace(self.x)
        self.grads["s"] = xp.sum(dout * self.x, axis=0)
        return dout * self.params["s"] * (2.0 if self.wrong else 1.0)


@pytest.mark.needs_values
def test_a_foreign_layer_on_every_library(case: Case):
    if case.readonly:
        pytest.skip("parameters must be writable")
    s, x = normal(case, 3), normal(case, 4, 3, seed=1)
    before = case.numpy(s), case.numpy(x)
    report = gradcheck(Scale(s), x)
    assert report.ok, str(report)
    assert [e.name for e in report.entries] == ["x", "s"]
    assert not gradcheck(Scale(s, wrong=True), x).ok
    np.testing.assert_array_equal(case.numpy(s), before[0])
    np.testing.assert_array_equal(case.numpy(x), before[1])


@pytest.mark.parametrize("layer", [Relu, Sigmoid, Tanh])
@pytest.mark.needs_values
def test_own_layers_on_every_library(case: Case, layer):
    assert_gradients(layer(), normal(case, 3, 4))
    assert_gradients(SoftmaxWithLoss(), normal(case, 3, 4), case.array([0, 1, 3]))
    assert_gradients(Affine(normal(case, 4, 2), normal(case, 2)), normal(case, 3, 4))


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_network_on_every_library(case: Case):
    net = TwoLayerNet(5, 4, 3, 1.0, backend=case.backend, dtype=case.dtype, seed=0)
    before = {name: case.numpy(p) for name, p in net.params.items()}
    for mode in ("full", "sampled", "directional"):
        assert_gradients(net, normal(case, 3, 5), case.array([0, 1, 2]), mode=mode, samples=5)
    for name, p in net.params.items():
        np.testing.assert_array_equal(case.numpy(p), before[name])


def test_the_books_style_of_layers():
    rng = np.random.default_rng(3)
    report = gradcheck(Book(rng.standard_normal((3, 2)), np.zeros(2)), rng.standard_normal((4, 3)))
    assert report.ok, str(report)
    assert [e.name for e in report.entries] == ["x", "W", "b"]


def test_parameters_kept_as_attributes_too():
    """A layer that computes with self.W, though W is in params as well, is perturbed in place."""

    class Both(Book):
        def __init__(self, W, b):
            super().__init__(W, b)
            self.params, self.grads = {"W": W, "b": b}, {}

        def backward(self, dout):
            dx = super().backward(dout)
            self.grads = {"W": self.dW, "b": self.db}
            return dx

    W = RNG.standard_normal((3, 2))
    before = W.copy()
    assert_gradients(Both(W, np.zeros(2)), RNG.standard_normal((4, 3)))
    assert_gradients(
        Both(W.astype(np.float32), np.zeros(2, np.float32)), np.ones((4, 3), np.float32)
    )
    np.testing.assert_array_equal(W, before)


def test_a_function_and_its_gradient_are_checked_as_a_pair():
    x = RNG.standard_normal(5)
    assert_gradients((lambda x: np.sum(x**2), lambda x: 2 * x), x)
    assert_gradients((functions.sigmoid, functions.sigmoid_grad), x)
    assert_gradients((functions.tanh, functions.tanh_grad), x.astype(np.float32))
    assert_gradients((lambda x, y: np.sum(x * y), lambda x, y: (y, x)), x, x + 1)
    assert_gradients((lambda x: x**3, lambda x: 3 * x**2), 2.0)
    with pytest.raises(GradientError, match="wrong"):
        assert_gradients((functions.sigmoid, functions.tanh_grad), x)


def test_layers_of_python_numbers_are_checked():
    assert_gradients(MulLayer(), 100.0, 2.0)


def test_wrt_chooses_what_is_checked():
    layer, x = Affine(RNG.standard_normal((3, 2)), np.zeros(2)), RNG.standard_normal((4, 3))
    assert [e.name for e in gradcheck(layer, x, wrt="W").entries] == ["W"]
    assert [e.name for e in gradcheck(layer, x, wrt=[0, "b"]).entries] == ["x", "b"]
    with pytest.raises(ValueError, match="`wrt` must be among x, W, b; got 'V'"):
        gradcheck(layer, x, wrt="V")


def test_tolerances_and_step():
    pair = (lambda x: np.sum(x**2), lambda x: 2.002 * x)
    x = np.array([1.0, 2.0])
    assert not gradcheck(pair, x).ok
    assert gradcheck(pair, x, rtol=1e-2).ok
    assert gradcheck(pair, x, atol=1e-2).ok
    assert gradcheck((lambda x: np.sum(x**2), lambda x: 2 * x), x, step=1e-3).ok
    assert gradcheck((lambda x: 0.0 * np.sum(x), lambda x: 0.0 * x), x, rtol=0.0, atol=0.0).ok


def test_the_same_seed_gives_the_same_report():
    x = RNG.standard_normal((20, 30))
    one, two = (gradcheck(Tanh(), x, mode="sampled", samples=7, seed=s) for s in (1, 1))
    assert str(one) == str(two)
    assert one["x"].checked == 7


def test_bad_input():
    x = np.ones((2, 3))
    with pytest.raises(TypeError, match="a target must have forward and backward.*; got int"):
        gradcheck(3, x)
    with pytest.raises(
        ValueError, match="`mode` must be one of 'auto', 'full', 'sampled', 'directional'; got 'x'"
    ):
        gradcheck(Relu(), x, mode="x")
    with pytest.raises(ValueError, match="`samples` must be 1 or more; got 0"):
        gradcheck(Relu(), x, samples=0)
    with pytest.raises(ValueError, match="`step` must be positive and finite; got -1"):
        gradcheck(Relu(), x, step=-1)
    with pytest.raises(TypeError, match="input 0 must be real; got complex128"):
        gradcheck(Relu(), x * 1j)
    with pytest.raises(ValueError, match="input 0 must be finite; got inf or nan in it"):
        gradcheck(Relu(), x * np.nan)
    with pytest.raises(ValueError, match="there must be a floating input or a parameter"):
        gradcheck(Relu(), np.ones(3, dtype=int))
    with pytest.raises(TypeError, match="a network needs the inputs x and t; got 1"):
        gradcheck(TwoLayerNet(3, 2, 2, backend="cpu"), x)
    with pytest.raises(
        ValueError, match="`f` must return a number, or an array of the shape of each"
    ):
        gradcheck((lambda x: x[0], lambda x: x), x)
    with pytest.raises(ValueError, match="the output must be finite to be differentiated; got nan"):
        gradcheck((lambda x: np.sum(x) * np.nan, lambda x: x), x)

    class Texts(Relu):
        def forward(self, x):
            return "text"

    with pytest.raises(TypeError, match="forward must return one floating array or more; got str"):
        gradcheck(Texts(), x)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"samples": 1.5}, TypeError, "`samples` must be a whole number; got 1.5"),
        ({"seed": -1}, ValueError, "`seed` must be 0 or more; got -1"),
        ({"seconds": "1"}, TypeError, "`seconds` must be a number; got '1'"),
        ({"rtol": np.inf}, ValueError, "`rtol` must be finite and 0 or more; got inf"),
        ({"params": ["W"]}, TypeError, r"`params` must be a mapping; got \['W'\]"),
        ({"names": ("x", "y")}, ValueError, r"`names` must name each of the 1 inputs; got \["),
        ({"names": (3,)}, TypeError, r"`names` must hold strings; got \(3,\)"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        gradcheck(Tanh(), np.ones((2, 3)), **options)


def test_no_two_inputs_have_one_name():
    class Product:
        def forward(self, a, b):
            self.kept = a, b
            return a * b

        def backward(self, d):
            return 5 * d * self.kept[1], d * self.kept[0]

    with pytest.raises(ValueError, match=r"`names` must differ; got \['x', 'x'\]"):
        gradcheck(Product(), np.ones(3), np.ones(3), names=("x", "x"))


def test_empty_and_single_entry_arrays():
    report = gradcheck(Tanh(), np.ones((0, 3)))
    assert not report.ok
    assert report["x"].verdict is Verdict.UNCHECKED
    assert report["x"].reason == "the output is empty"
    assert gradcheck(Tanh(), np.ones((0, 3)), allow="not checked").ok
    report = gradcheck(Affine(np.ones((3, 2)), np.ones(2)), np.ones((0, 3)))
    assert {e.verdict for e in report.entries} == {Verdict.UNCHECKED}
    assert gradcheck(Tanh(), np.array(0.5)).ok


def test_a_report_prints_raises_and_gives_its_entries():
    report = gradcheck(*(MISTAKES["factor two"][0], *MISTAKES["factor two"][1]))
    text = str(report)
    assert text.startswith("gradients of Layer, full: FAILED\ngradient  verdict")
    assert "W (3, 5)  wrong" in text
    with pytest.raises(GradientError, match="2 times the numerical gradient"):
        report.raise_if_failed()
    html = report._repr_html_()
    assert "<td>wrong</td>" in html
    assert "<th>verdict</th>" in html
    with pytest.raises(KeyError, match="entry must be one of x, W, b; got 'V'"):
        report["V"]
    assert gradcheck(Tanh(), np.ones(2)).raise_if_failed() is None


def test_html_escapes_names():
    report = gradcheck((lambda x: np.sum(x), lambda x: x * 0 + 1), np.ones(2))
    assert "&lt;lambda&gt;" in report._repr_html_()


def narrow(function, wrong):
    """An elementwise layer whose wrong gradient keeps the input's dtype."""
    return elementwise(function, lambda x, d: wrong(x, d).astype(x.dtype))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, d: 2 * d * (1 - np.tanh(x) ** 2),
        lambda x, d: 0.5 * d * (1 - np.tanh(x) ** 2),
        lambda x, d: -d * (1 - np.tanh(x) ** 2),
        lambda x, d: 0 * d,
        lambda x, d: d,
    ],
    ids=["twice", "half", "sign", "zero", "forgotten"],
)
def test_narrow_dtypes_hide_no_mistake(dtype, wrong):
    x = RNG.standard_normal((4, 3)).astype(dtype)
    assert gradcheck(narrow(np.tanh, wrong), x)["x"].verdict is Verdict.WRONG


@pytest.mark.parametrize("mode", ["sampled", "directional"])
@pytest.mark.parametrize("factor", [0.0, 1.3, 2.0])
def test_large_narrow_arrays_hide_no_mistake(mode, factor):
    x = np.random.default_rng(0).standard_normal(30_000).astype(np.float32)
    layer = narrow(np.tanh, lambda x, d: factor * d * (1 - np.tanh(x) ** 2))
    assert gradcheck(layer, x, mode=mode)["x"].verdict is Verdict.WRONG


class Counting:
    """Its output is another with each pass, unless what it counts is put back."""

    def __init__(self, factor):
        self.factor, self.count = factor, 0

    def forward(self, x):
        self.count += 1
        self.x = x
        return np.sum(x**2) * self.count

    def backward(self, dout=1.0):
        return 2 * dout * self.factor * self.count * self.x


@pytest.mark.parametrize("factor", [1.0, 1.00001])
def test_what_counts_its_passes_is_checked_in_float64(factor):
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    assert gradcheck(Counting(factor), x).ok is (factor == 1.0)


def test_a_coordinate_without_a_value_hides_no_mistake():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    with np.errstate(all="ignore"):
        report = gradcheck((lambda x: np.sum(x * np.sqrt(x)), lambda x: -7 * np.sqrt(x)), x)
    assert report["x"].verdict is Verdict.WRONG


@pytest.mark.parametrize("x", [7e-5, 1e-3])
def test_sharp_functions_take_smaller_steps(x):
    x = np.array([x, 2 * x])
    with np.errstate(all="ignore"):
        assert gradcheck((lambda x: np.sum(np.log(x)), lambda x: 1 / x), x)["x"].verdict is (
            Verdict.AGREES
        )
        for factor in (0.5, 0.9, 1.1):
            report = gradcheck((lambda x: np.sum(np.log(x)), lambda x, f=factor: f / x), x)
            assert report["x"].verdict is Verdict.WRONG


def test_a_steep_sine():
    x = np.array([0.3, 0.5, -0.7, 1.1])
    assert_gradients((lambda x: np.sum(np.sin(1e4 * x)), lambda x: 1e4 * np.cos(1e4 * x)), x)
    report = gradcheck((lambda x: np.sum(np.sin(1e4 * x)), lambda x: 0 * x), x)
    assert report["x"].verdict is Verdict.WRONG


def test_right_zero_gradients_agree():
    x = np.zeros(3)
    assert gradcheck((lambda x: np.sum(x**2), lambda x: 2 * x), x)["x"].verdict is Verdict.AGREES


@pytest.mark.parametrize("seed", range(20))
def test_where_kinks_meet_nothing_is_called_wrong(seed):
    assert gradcheck(Relu(), np.zeros((2, 3)), mode="directional", seed=seed).ok
    params = {"W1": np.zeros((3, 4)), "b1": np.zeros(4), "b2": np.zeros(3)}
    params["W2"] = np.random.default_rng(seed).standard_normal((4, 3))
    net = Network.from_params(params)
    x = np.random.default_rng(seed + 1).standard_normal((5, 3))
    for mode in ("full", "sampled", "directional"):
        report = gradcheck(net, x, np.array([0, 1, 2, 0, 1]), mode=mode, seed=seed)
        assert report.ok, str(report)


def test_a_subclass_keeps_no_promise_that_its_forward_breaks():
    class Center(Relu):
        def forward(self, x):
            y = super().forward(x)
            return y - y.mean(axis=-1, keepdims=True)

        def backward(self, dout=1):
            return 5 * super().backward(dout - dout.mean(axis=-1, keepdims=True))

    rng = np.random.default_rng(0)
    layers = {
        "in": Affine(rng.standard_normal((3, 5)), rng.standard_normal(5)),
        "center": Center(),
        "out": Affine(rng.standard_normal((5, 3)), rng.standard_normal(3)),
    }
    report = gradcheck(
        Network(layers, SoftmaxWithLoss()), rng.standard_normal((3, 3)), np.arange(3)
    )
    assert report["W1"].verdict is Verdict.WRONG


def test_a_network_with_a_loss_of_its_own():
    class Decayed(TwoLayerNet):
        def loss(self, x, t):
            return super().loss(x, t) + 0.05 * sum(np.sum(p**2) for p in self.params.values())

        def gradient(self, x, t):
            return {k: g + 0.1 * self.params[k] for k, g in super().gradient(x, t).items()}

    net = Decayed(3, 4, 3, 1.0, backend="cpu", seed=0, dtype="float64")
    x, t = RNG.standard_normal((4, 3)), np.array([0, 1, 2, 0])
    for mode in ("full", "sampled", "directional"):
        assert_gradients(net, x, t, mode=mode)
    assert type(net.to("cpu")) is Decayed


def test_the_input_of_the_call_before():
    class Previous(Tanh):
        x = 0.0

        def forward(self, x):
            self.before, self.x = self.x, x
            return np.tanh(x)

        def backward(self, dout=1):
            return dout * (1 - np.tanh(self.before) ** 2)

    assert not gradcheck(Previous(), RNG.standard_normal((4, 3))).ok


def test_a_backward_pass_that_returns_nothing():
    class Nothing(Affine):
        def backward(self, dout=1):
            super().backward(dout)

    report = gradcheck(Nothing(np.ones((3, 2)), np.zeros(2)), np.ones((4, 3)))
    assert not report.ok
    assert "backward must return the gradient by its input; it returns None" in str(report)


@pytest.mark.parametrize(
    "given", ["text", (None,), memoryview(b"text")], ids=["text", "None", "memory"]
)
def test_a_backward_pass_that_returns_no_array(given):
    class Nothing(Tanh):
        def backward(self, dout=1):
            return given

    report = gradcheck(Nothing(), np.ones(3))
    assert not report.ok
    assert report["x"].reason == (
        "backward returns no array for it; if it is no matter, say so: constants="
    )


def test_a_forward_pass_by_chance():
    chance = iter(np.random.default_rng(0).random, None)  # nothing puts it back

    class Chance(Tanh):
        def forward(self, x):
            return super().forward(x) * (1 + 1e-3 * next(chance))

    report = gradcheck(Chance(), np.ones(3))
    assert "two forward passes on the same inputs give different outputs" in report.problems


def test_statistics_beside_the_parameters_are_a_layers_own_affair():
    class Norm(Book):
        def __init__(self):
            super().__init__(np.ones((3, 2)), np.zeros(2))
            self.running = np.ones(3)

        def forward(self, x):
            self.running *= 0.9
            return super().forward(x)

    assert_gradients(Norm(), RNG.standard_normal((4, 3)))


def test_no_factor_explains_a_single_entry():
    assert "times" not in str(
        gradcheck(*(MISTAKES["one entry wrong"][0], *MISTAKES["one entry wrong"][1]))
    )


@pytest.mark.parametrize("beyond", [np.inf, np.nan])
def test_what_has_no_value_is_not_said_to_be_off(beyond):
    def f(v):
        return np.sum(np.where(v > 1.0, beyond, v**2))

    reason = gradcheck((f, lambda v: np.array([2.0, 1.1])), np.array([1.0, 0.5]))["v"].reason
    assert reason == "wrong at 1 of 2 coordinates, by up to 0.1; no simple relation explains it"


def off(factor):
    """Return a pair whose gradient is wrong by a factor for each entry."""
    return lambda v: np.sum(v**3), lambda v: 3 * factor * v**2


def test_a_factor_of_nearly_1_is_not_that_of_one_sample():
    reason = gradcheck(off(1.00005), np.array([[0.5, 2.0, -1.5]]))["v"].reason
    assert "it is 1.00005 times the numerical gradient: a constant factor" in reason


def test_a_factor_that_leaves_half_of_the_difference_explains_nothing():
    reason = gradcheck(off(np.array([1.0, 1.0 + 2e-5])), np.ones(2))["v"].reason
    assert "wrong at 1 of 2 coordinates" in reason
    assert "times" not in reason


def test_options_are_checked():
    x = np.ones(3)
    with pytest.raises(
        ValueError, match="`wrt` must name something to check; got an empty sequence"
    ):
        gradcheck(Tanh(), x, wrt=[])
    with pytest.raises(ValueError, match="`rtol` must be finite and 0 or more; got -1"):
        gradcheck(Tanh(), x, rtol=-1)
    with pytest.raises(ValueError, match="`atol` must be finite and 0 or more; got nan"):
        gradcheck(Tanh(), x, atol=float("nan"))


def test_lists_of_numbers_are_the_arrays_of_a_network():
    net = TwoLayerNet(3, 2, 2, 1.0, backend="cpu", seed=0)
    report = gradcheck(net, [[1.0, 2.0, 3.0]], [0])
    assert report.ok
    assert report == gradcheck(net, np.array([[1.0, 2.0, 3.0]]), np.array([0]))


def test_a_sample_of_a_large_network_is_a_sample(monkeypatch):
    net = TwoLayerNet(50, 40, 10, 1.0, backend="cpu", dtype="float64")

    def refuse(*args):
        raise AssertionError("all entries of all parameters were evaluated")

    monkeypatch.setattr("backprop.networks.numerically.loss_changes", refuse)
    x = RNG.standard_normal((3, 50))
    assert_gradients(net, x, np.array([0, 1, 2]), mode="sampled", samples=20)


def test_parameters_in_a_list_are_parameters():
    class Listed(Book):
        def __init__(self, factor=1.0):
            super().__init__(np.ones((3, 2)), np.zeros(2))
            self.params, self.grads, self.factor = [self.W, self.b], [None, None], factor

        def forward(self, x):
            self.x = x
            return x @ self.params[0] + self.params[1]

        def backward(self, dout):
            self.grads = [self.factor * self.x.T @ dout, dout.sum(axis=0)]
            return dout @ self.params[0].T

    x = RNG.standard_normal((4, 3))
    assert_gradients(Listed(), x)
    report = gradcheck(Listed(3.0), x)
    assert report["W"].verdict is Verdict.WRONG
    assert "3 times the numerical gradient" in report["W"].reason


@pytest.mark.parametrize(
    ("f", "slope", "scale"),
    [
        (lambda x: np.sum(1 / x), lambda x: -1 / x**2, 1e-6),
        (lambda x: np.sum(np.tanh(1e9 * x)), lambda x: 1e9 / np.cosh(1e9 * x) ** 2, 1e-9),
    ],
    ids=["reciprocal", "tanh"],
)
def test_what_varies_within_the_smallest_steps_is_not_called_wrong(f, slope, scale):
    assert gradcheck((f, slope), scale * np.array([0.5, 1.0, 2.0])).ok


@pytest.mark.parametrize(("seed", "size", "hidden"), [(0, 50, 20), (1, 50, 20), (2, 70, 30)])
def test_no_false_alarm_where_kinks_lie_within_the_steps_of_float32(seed, size, hidden):
    """On a device without float64 the steps are large, and many meet a kink of Relu."""
    backend = backends.select("no_float64", "array-api-strict")
    (x, t), _ = load_mnist_sample()
    middle = slice(400 - size // 2, 400 + size // 2)
    x, t = backend.asarray(x[:3, middle]), backend.asarray(t[:3])
    net = TwoLayerNet(size, hidden, 10, backend=backend, seed=seed)
    report = gradcheck(net, x, t)
    assert report.ok, str(report)
    for entry in report.entries:  # the error bars tell that a kink may lie within a step
        assert entry.error < 0.1 * float(backend.xp.max(backend.xp.abs(net.gradient(x, t)["b2"])))


@pytest.mark.parametrize("factor", [1.5, -1.0, 0.0])
def test_a_mistake_is_seen_where_kinks_lie_within_the_steps_of_float32(factor):
    class Wrong(Relu):
        def backward(self, dout=1):
            return super().backward(dout) * factor

    backend = backends.select("no_float64", "array-api-strict")
    (x, t), _ = load_mnist_sample()
    net = TwoLayerNet(50, 20, 10, backend=backend, seed=0)
    layers = {**net.layers, "Relu1": Wrong()}
    x, t = backend.asarray(x[:3, 375:425]), backend.asarray(t[:3])
    report = gradcheck(Network(layers, SoftmaxWithLoss()), x, t)
    wrong = {e.name for e in report.entries if e.verdict is Verdict.WRONG}
    assert "W1" in wrong
    assert wrong <= {"W1", "b1"}


def test_a_list_of_numbers_is_an_array_to_a_layer():
    """It is what the layer's arithmetic makes of it; a function may mean so many inputs."""
    report = gradcheck(Relu(), [1.0, -2.0])
    assert report == gradcheck(Relu(), np.array([1.0, -2.0]))
    assert report.ok
    (entry,) = report.entries
    assert (entry.shape, entry.checked) == ((2,), 2)

    class Halved(Relu):
        def backward(self, dout=1):
            return super().backward(dout) * np.array([0.5, 1.0])

    assert not gradcheck(Halved(), [1.0, -2.0]).ok


@pytest.mark.parametrize("zeros", [1, 3, 4, 7])
def test_three_kinks_are_named_and_the_others_counted(zeros):
    x = np.arange(1.0, 11.0)
    x[:zeros] = 0.0
    notes = gradcheck(Relu(), x).notes()
    assert sum(note.startswith("x has a kink at ") for note in notes) == min(zeros, 3)
    more = [note for note in notes if "more kink" in note]
    assert more == ([f"x has {zeros - 3} more kinks"] if zeros > 3 else [])


def test_the_widest_kinks_come_first():
    weights = np.array([1.0, -3.0, 2.0, 4.0])
    pair = (lambda v: np.sum(weights * np.abs(v)), lambda v: weights * np.sign(v))
    kinks = gradcheck(pair, np.array([0.0, 0.0, 0.0, 1.0]))["v"].kinks
    assert [kink.index for kink in kinks] == [(1,), (2,), (0,)]

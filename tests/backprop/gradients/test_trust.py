"""What made an "ok" that could not have failed, each once; and what it costs."""

import tracemalloc

import numpy as np
import pytest

from backprop import Affine, Tanh, gradcheck
from backprop.gradients import Verdict, check, sampling
from backprop.gradients.progress import Progress

MODES = ("auto", "full", "sampled", "directional")


def normal(*shape):
    return np.random.default_rng(5).standard_normal(shape)


class Linear:
    """y = x W + b, as a user writes it."""

    def __init__(self):
        self.W, self.b, self.dW, self.db = normal(3, 2), normal(2), None, None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, d):
        self.dW, self.db = self.x.T @ d, d.sum(axis=0)
        return d @ self.W.T


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("constant", [1e8, 1e12, 1e13, 1e16, 1e20])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_a_forgotten_gradient_beside_a_huge_constant_is_never_ok(constant, scale, mode):
    class Forgotten:
        def forward(self, x):
            return constant + scale * x**2

        def backward(self, dout):
            return 0 * dout

    x = np.array([[1.0, 2.0], [0.5, -1.3]])
    pair = (lambda v: constant + scale * np.sum(v**2), lambda v: 0 * v)
    for report in (gradcheck(Forgotten(), x, mode=mode), gradcheck(pair, x, mode=mode)):
        assert not report.ok, str(report)
        assert report.entries[0].verdict in (Verdict.WRONG, Verdict.NOISY)


@pytest.mark.parametrize("mode", MODES)
def test_nor_is_one_beside_another_huge_gradient(mode):
    class Forgotten(Linear):
        def forward(self, x):
            self.x = x
            return 1e12 * self.b + x @ self.W

        def backward(self, d):
            self.dW, self.db = 0 * self.W, 1e12 * d.sum(axis=0)
            return d @ self.W.T

    report = gradcheck(Forgotten(), normal(4, 3), mode=mode)
    assert not report.ok, str(report)
    assert report["W"].verdict in (Verdict.WRONG, Verdict.NOISY)


def test_what_is_saturated_has_a_gradient_of_none():
    report = gradcheck(Tanh(), np.array([[18.0, -19.0], [40.0, 300.0]]))
    assert report.ok, str(report)


@pytest.mark.parametrize("bound_anew", [False, True])
def test_a_stale_cache_is_seen_where_weights_learn_in_the_backward_pass(bound_anew):
    class Learning(Linear):
        def __init__(self, stale):
            super().__init__()
            self.stale, self.first = stale, None

        def forward(self, x):
            self.first = x if self.first is None or not self.stale else self.first
            return x @ self.W + self.b

        def backward(self, d):
            self.dW, self.db = self.first.T @ d, d.sum(axis=0)
            dx = d @ self.W.T
            if bound_anew:
                self.W = self.W - 0.1 * self.dW
            else:
                self.W -= 0.1 * self.dW
            return dx

    report = gradcheck(Learning(stale=True), normal(4, 3))
    assert "a stale cache" in report["W"].reason
    assert report["x"].verdict is Verdict.AGREES
    assert gradcheck(Learning(stale=False), normal(4, 3)).ok


@pytest.mark.parametrize("factor", [2.0, np.inf, np.nan])
def test_a_stale_cache_is_seen_where_it_makes_what_is_not_finite(factor):
    class Keeping(Tanh):
        first = None

        def forward(self, x):
            self.first = x.copy() if self.first is None else self.first
            self.factor = 1.0 if np.array_equal(x, self.first) else factor
            return super().forward(x)

        def backward(self, dout=1):
            return self.factor * super().backward(dout)

    report = gradcheck(Keeping(), normal(4, 3))
    assert "a stale cache" in report["x"].reason


@pytest.mark.parametrize("stale", [False, True])
def test_a_sum_with_the_gradient_of_inputs_that_have_none_is_not_called_stale(stale):
    class Adding:
        def __init__(self):
            self.W, self.dW, self.first = np.ones(3), np.zeros(3), None

        def forward(self, x):
            with np.errstate(invalid="ignore"):
                self.y = np.sqrt(x - 0.9)
            self.x, self.first = x, x if self.first is None else self.first
            return self.y * self.W

        def backward(self, d):
            if stale:
                self.dW = (d * self.y * self.first / self.x).sum(axis=0)
            else:
                self.dW += (d * self.y).sum(axis=0)
            return d * self.W / (2 * self.y)

    report = gradcheck(Adding(), np.array([[1.0, 1.1, 1.2]]))  # where others are, there is nan
    assert report["x"].verdict is Verdict.AGREES
    assert ("a stale cache" in report["W"].reason) is stale
    assert report.ok is not stale


def test_a_stale_cache_is_seen_where_the_output_counts_calls():
    class Counting(Linear):
        def __init__(self, stale):
            super().__init__()
            self.stale, self.first, self.count = stale, None, 0

        def forward(self, x):
            self.count += 1
            self.first = x if self.first is None or not self.stale else self.first
            return (x @ self.W + self.b) * (1 + self.count)

        def backward(self, d):
            d = d * (1 + self.count)
            self.dW, self.db = self.first.T @ d, d.sum(axis=0)
            return d @ self.W.T

    report = gradcheck(Counting(stale=True), normal(4, 3))
    assert "a stale cache" in report["W"].reason
    assert "first" not in [entry.name for entry in report.entries]
    assert gradcheck(Counting(stale=False), normal(4, 3)).ok


@pytest.mark.parametrize("writable", [True, False])
def test_weights_kept_from_the_first_pass_are_seen_to_be_stale(writable):
    class Keeping(Linear):
        def __init__(self):
            super().__init__()
            self.W.setflags(write=writable)
            self.kept = None

        def forward(self, x):
            self.kept = self.W.T.copy() if self.kept is None else self.kept
            return super().forward(x)

        def backward(self, d):
            super().backward(d)
            return d @ self.kept

    layer = Keeping()
    W, values = layer.W, layer.W.copy()
    report = gradcheck(layer, normal(4, 3))
    assert "a stale cache" in report["x"].reason
    assert report["W"].verdict is Verdict.AGREES
    assert layer.W is W
    np.testing.assert_array_equal(W, values)


@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_a_stale_cache_is_no_sum_however_small_gradients_are(scale):
    class First(Linear):
        first = None

        def forward(self, x):
            self.first = x if self.first is None else self.first
            return scale * super().forward(x)

        def backward(self, d):
            self.dW, self.db = scale * self.first.T @ d, scale * d.sum(axis=0)
            return scale * d @ self.W.T

    report = gradcheck(First(), normal(4, 3))
    assert "a stale cache" in report["W"].reason
    assert "each pass adds" not in str(report)


def test_a_chaotic_function_is_left_open():
    class Chaos:
        def forward(self, x):
            self.x, y = x, 0.3 + 0.2 * np.tanh(x)
            for _ in range(200):
                y = 3.99 * y * (1 - y)
            return y

        def backward(self, d):
            y, g = 0.3 + 0.2 * np.tanh(self.x), 0.2 * (1 - np.tanh(self.x) ** 2)
            for _ in range(200):
                g, y = g * 3.99 * (1 - 2 * y), 3.99 * y * (1 - y)
            return d * g

    report = gradcheck(Chaos(), normal(4, 3))
    assert report["x"].verdict is Verdict.NOISY
    assert not report.ok


@pytest.mark.parametrize("size", [1.0, 1e6, 1e9])
def test_a_direction_is_as_long_as_the_array_is_large(size):
    x = size * normal(4, 3)
    assert gradcheck((lambda v: np.sum(v * v), lambda v: 2 * v), x, mode="directional").ok
    report = gradcheck((lambda v: np.sum(v * v), lambda v: 2.0001 * v), x, mode="directional")
    assert report["v"].verdict is Verdict.WRONG


def test_a_softmax_over_the_whole_batch():
    class Softmax:
        def __init__(self, axis):
            self.axis = axis

        def forward(self, x):
            e = np.exp(x - x.max())
            self.y = e / e.sum(axis=self.axis, keepdims=True)
            return self.y

        def backward(self, d):
            return self.y * (d - (d * self.y).sum(axis=1, keepdims=True))

    report = gradcheck(Softmax(None), normal(4, 3))
    assert "a softmax that is taken over the whole batch by mistake" in report["x"].reason
    assert gradcheck(Softmax(1), normal(4, 3)).ok


def test_a_wrong_gradient_of_single_rows_says_nothing_of_other_rows():
    report = gradcheck((np.tanh, lambda x: np.cosh(x) + x), normal(4, 3))
    assert report.entries[0].verdict is Verdict.WRONG
    assert "depend on each other" not in str(report)


@pytest.mark.parametrize("mode", ["sampled", "directional"])
def test_large_arrays_are_held_once(mode):
    """Beside the last two gradients of the target's own: its parameter, and one gradient."""

    class Table:
        def __init__(self):
            self.W, self.dW = normal(20_000, 50), None

        def forward(self, i):
            self.i = i
            return self.W[i]

        def backward(self, d):
            self.dW = np.zeros_like(self.W)
            np.add.at(self.dW, self.i, d)

    layer, indices = Table(), np.array([3, 5, 3, 19_999])
    gradcheck(layer, indices[:1], samples=1, mode=mode)  # what is imported at first use
    tracemalloc.start()
    try:
        assert gradcheck(layer, indices, samples=8, mode=mode).ok
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4.1 * layer.W.nbytes


def test_a_bar_is_drawn_where_it_is_asked_for_and_nothing_else_is_printed(capsys):
    pytest.importorskip("rich")
    assert gradcheck(Linear(), normal(4, 3)).ok
    assert capsys.readouterr().out == ""
    report = gradcheck(Linear(), normal(4, 3), progress=True)
    assert report.ok
    assert str(report) == str(gradcheck(Linear(), normal(4, 3)))
    assert gradcheck(Linear(), normal(4, 3), progress=False).ok


@pytest.mark.parametrize("progress", [None, True, False])
def test_the_bar_is_as_it_was_asked_for(monkeypatch, progress):
    pytest.importorskip("rich")
    asked = []

    class Bar(Progress):
        def __init__(self, phi, total, seconds, show):
            super().__init__(phi, total, seconds, show)
            asked.append((show, self._bar is not None))

    monkeypatch.setattr(check, "Progress", Bar)
    assert gradcheck(Linear(), normal(4, 3), progress=progress).ok
    assert asked == [(progress, progress is True)]


def test_a_bar_needs_rich(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rich", None)
    assert gradcheck(Linear(), normal(4, 3)).ok
    with pytest.raises(ModuleNotFoundError, match=r"a progress bar needs rich: pip install 'back"):
        gradcheck(Linear(), normal(4, 3), progress=True)


@pytest.mark.parametrize("seconds", [1e3, 0.02])
def test_what_a_check_will_take_is_seen_beforehand(monkeypatch, seconds):
    class Counting(Linear):
        """Not the last of its arrays tells what a comparison takes, but the largest."""

        def __init__(self):
            super().__init__()
            self.z, self.dz = np.ones(1), None

        def forward(self, x):
            return np.tanh(super().forward(x)) + self.z

        def backward(self, d):
            self.dz = np.sum(d, keepdims=True)[0]
            return super().backward(d * (1 - np.tanh(self.x @ self.W + self.b) ** 2))

    layer, estimates = Counting(), []

    class Bar(Progress):
        def __init__(self, phi, total, *rest):
            super().__init__(phi, total, *rest)
            estimates.append((total, phi.value, phi))
            self.evaluations, value = 0, phi.value

            def counted():
                self.evaluations += 1
                return value()

            phi.value, self.own = counted, value

        def __exit__(self, *error):
            estimates.append(self.evaluations)

    monkeypatch.setattr(sampling, "_MOST", np.inf)  # nothing is full without a look
    monkeypatch.setattr(check, "Progress", Bar)
    report = gradcheck(layer, normal(300, 3), seconds=seconds)
    assert report.mode == ("full" if seconds > 1 else "sampled")
    assert report.ok, report
    (total, *_), evaluations = estimates
    assert evaluations / 3 < total < 3 * evaluations


def test_durations_are_in_the_unit_that_gives_two_or_more():
    found = [sampling._duration(seconds) for seconds in (0.2, 119, 120, 7199, 7200)]
    assert found == ["0 seconds", "119 seconds", "2 minutes", "120 minutes", "2 hours"]


def test_small_arrays_leave_their_samples_to_large_ones():
    assert sampling._share([2, 10, 1000], 120) == 108
    assert sampling._share([1000, 1000], 120) == 60
    assert sampling._share([1000], -5) == 0


class KeptOnce:
    """A layer that keeps something of the first input that it sees, for good."""

    def __init__(self, kept):
        self.how, self.kept = kept, None

    def forward(self, x):
        self.x, own = x, self.how(x)
        self.kept = own if self.kept is None else self.kept
        return self.value(x, own)


class Leaky(KeptOnce):
    """x where it is positive, a tenth of it elsewhere."""

    def value(self, x, own):
        return np.where(own, x, 0.1 * x)

    def backward(self, dout):
        return np.where(self.kept, dout, 0.1 * dout)


class Largest(KeptOnce):
    """The largest entry of each row."""

    def value(self, x, own):
        return np.take_along_axis(x, own, axis=1)

    def backward(self, dout):
        dx = np.zeros_like(self.x)
        np.put_along_axis(dx, self.kept, dout, axis=1)
        return dx


class Arcsine(KeptOnce):
    """The angle whose sine is x; of nothing beyond 1 is there one."""

    def value(self, x, own):
        assert np.abs(x).max() <= 1
        return np.arcsin(x)

    def backward(self, dout):
        return dout / np.sqrt(1 - self.kept**2)


@pytest.mark.parametrize(
    "layer",
    [
        Leaky(lambda x: x > 0),
        Largest(lambda x: x.argmax(axis=1)[:, None]),
        Arcsine(lambda x: x),
    ],
    ids=["sign", "place", "bounded"],
)
def test_a_stale_cache_of_signs_or_places_or_of_bounded_inputs_is_seen(layer):
    report = gradcheck(layer, np.tanh(normal(4, 3)))
    assert not report.ok
    assert "a stale cache" in report["x"].reason


def test_keyword_arguments_that_no_pass_takes_are_refused():
    class Flagged:
        def forward(self, x, train_flg=False):
            return x * 2.0

        def backward(self, dout):
            return dout * 2.0

    assert gradcheck(Flagged(), normal(4, 3), kwargs={"train_flg": True}).ok
    with pytest.raises(ValueError, match=r"`kwargs` must be arguments .*; got 'train_flag'"):
        gradcheck(Flagged(), normal(4, 3), kwargs={"train_flag": True})
    with pytest.raises(ValueError, match=r"`kwargs` must be arguments .*; got 'axis'"):
        gradcheck((np.square, lambda x: 2.0 * x), normal(4, 3), kwargs={"axis": 0})


def test_constants_that_are_nowhere_are_refused():
    layer = Affine(normal(3, 2), normal(2))
    layer.mask = np.ones(2, dtype=complex)
    entries = gradcheck(layer, normal(4, 3), constants=["W"]).entries
    assert [entry.name for entry in entries] == ["x", "b"]
    assert gradcheck(layer, normal(4, 3), constants=["mask"]).ok
    with pytest.raises(ValueError, match=r"`constants` must be among x, .*W.*; got 'w'"):
        gradcheck(layer, normal(4, 3), constants=["w"])


class Recording:
    """tanh(x W), which keeps a list of all its inputs."""

    def __init__(self):
        self.W, self.xs = normal(3, 2), []

    def forward(self, x):
        self.x = x
        self.xs.append(x)
        return np.tanh(x @ self.W)

    def slope(self, x):
        return 1 - np.tanh(x @ self.W) ** 2

    def backward(self, d):
        g = d * self.slope(self.x)
        self.dW = self.x.T @ g
        return g @ self.W.T


class FirstInput(Recording):
    def backward(self, d):
        g = d * self.slope(self.xs[0])
        self.dW = self.x.T @ g
        return g @ self.W.T


class FirstWeights(Recording):
    kept = None

    def backward(self, d):
        self.kept = self.W.T.copy() if self.kept is None else self.kept
        g = d * self.slope(self.x)
        self.dW = self.x.T @ g
        return g @ self.kept


class FirstGradient(Recording):
    kept = None

    def backward(self, d):
        dx = super().backward(d)
        self.kept = dx if self.kept is None else self.kept
        return self.kept


class AllInputs(Recording):
    """The gradients of all inputs that were seen, as libraries of running inputs have them."""

    def backward(self, d):
        self.dW = sum(x.T @ (d * self.slope(x)) for x in self.xs)
        dx = [(d * self.slope(x)) @ self.W.T for x in self.xs]
        return dx[0] if len(dx) == 1 else dx


@pytest.mark.parametrize(
    ("layer", "stale"),
    [(FirstInput, {"x", "W"}), (FirstWeights, {"x"}), (FirstGradient, {"x"})],
)
def test_what_is_stale_after_other_inputs_or_parameters_is_seen_beside_growing_lists(layer, stale):
    report = gradcheck(layer(), normal(4, 3))
    assert {entry.name for entry in report.entries if "stale" in entry.reason} == stale
    assert not report.ok


class FirstSlope:
    """x to a power, the slope of which is computed once; it may want a sum of 1."""

    def __init__(self, stale, closed=False):
        self.slope, self.stale, self.closed = None, stale, closed

    def forward(self, x, power):
        if self.closed and abs(x.sum() - 1.0) > 1e-2:
            raise ValueError("the sum must be 1")
        if self.slope is None or not self.stale:
            self.slope = power * x ** (power - 1)
        return x**power

    def backward(self, d):
        return d * self.slope


@pytest.mark.parametrize("power", [2, 3])
@pytest.mark.parametrize("stale", [True, False])
def test_a_stale_cache_is_seen_beside_what_is_no_array(stale, power):
    report = gradcheck(FirstSlope(stale), np.array([0.5, 0.2, 0.3]), power)
    assert ("stale" in report["x"].reason) is stale
    assert report.remarks == ()


@pytest.mark.parametrize("stale", [True, False])
def test_that_no_stale_cache_could_be_seen_is_said(stale):
    report = gradcheck(FirstSlope(stale, closed=True), np.array([0.5, 0.2, 0.3]), 2)
    assert report.remarks == (
        "whether a cache is stale was not seen, as passes on other values raise "
        "ValueError: the sum must be 1",
    )


@pytest.mark.parametrize("layer", [Recording, AllInputs])
def test_a_list_that_grows_is_not_stale(layer):
    target = layer()
    before = target.W.copy()
    report = gradcheck(target, normal(4, 3))
    assert report.ok, str(report)
    assert np.array_equal(target.W, before)
    assert target.xs == []

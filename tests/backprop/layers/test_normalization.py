import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backprop import BatchNormalization, LayerNormalization, gradcheck
from tests.support import Case

EPS = 1e-6


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def batch_normalization(x, gamma, beta, dout, axes):
    """Return y, dx, dgamma, dbeta, mean and variance, step by step as in the book (6.3)."""
    m = np.prod([x.shape[a] for a in axes])
    keep = {"axis": axes, "keepdims": True}
    mean = x.mean(**keep)
    centered = x - mean
    var = (centered**2).mean(**keep)
    std = np.sqrt(var + EPS)
    normal = centered / std
    dnormal = gamma * dout
    dcentered = dnormal / std
    dstd = -(dnormal * centered / std**2).sum(**keep)
    dcentered += 2.0 / m * centered * (0.5 * dstd / std)
    dx = dcentered - dcentered.sum(**keep) / m
    sums = (dout * normal).sum(axis=axes), dout.sum(axis=axes)
    return gamma * normal + beta, dx, *sums, mean, var


KINDS = {  # inputs, D, shape of gamma beside them, axes of a group
    "rows": ((6, 4), 4, (4,), (0,)),
    "channels": ((3, 2, 3, 4), 2, (2, 1, 1), (0, 2, 3)),
    "entries": ((5, 2, 1, 3), 6, (2, 1, 3), (0,)),
    "one sample": ((1, 2, 3, 2), 2, (2, 1, 1), (0, 2, 3)),
    "a batch of one": ((1, 4), 4, (4,), (0,)),
}


@pytest.mark.traced
@pytest.mark.parametrize("kind", KINDS)
def test_training(case: Case, kind):
    shape, size, beside, axes = KINDS[kind]
    x, gamma, beta = 3 * values(*shape) + 1, values(size, seed=1), values(size, seed=2)
    dout = values(*shape, seed=3)
    wide = gamma.reshape(beside), beta.reshape(beside)
    y, dx, dgamma, dbeta, mean, var = batch_normalization(x, *wide, dout, axes)
    arrays = [case.array(v) for v in (gamma, beta, x, dout)]

    def step(gamma, beta, x, dout):
        layer = BatchNormalization(gamma, beta, momentum=0.8)
        y, dx = layer.forward(x, training=True), layer.backward(dout)
        assert list(layer.params) == list(layer.grads) == ["gamma", "beta"]
        return y, dx, layer.dgamma, layer.dbeta, layer.running_mean, layer.running_var

    expected = (
        *(y, dx, dgamma.reshape(-1), dbeta.reshape(-1)),
        *(0.2 * mean.reshape(-1), 0.8 + 0.2 * var.reshape(-1)),
    )
    tolerance = 1e-3 if case.dtype == "float32" and "batch" in kind else None
    for found, wanted in zip(case.run(step, *arrays), expected, strict=True):
        case.check(found, wanted, rtol=tolerance)
    for array, before in zip(arrays, (gamma, beta, x, dout), strict=True):
        case.unchanged(array, before)


@pytest.mark.traced
def test_inference_is_a_straight_line(case: Case):
    x, dout = values(3, 2, 2, 2), values(3, 2, 2, 2, seed=1)
    own = [values(2, seed=2), values(2, seed=3), values(2, seed=4), values(2, seed=5) ** 2]

    def step(gamma, beta, mean, var, x, dout):
        layer = BatchNormalization(gamma, beta, 0.9, mean, var)
        y, dx = layer.forward(x), layer.backward(dout)
        return y, dx, layer.running_mean, layer.running_var

    gamma, beta, mean, var = (v.reshape(2, 1, 1) for v in own)
    scale = gamma / np.sqrt(var + EPS)
    found = case.run(step, *map(case.array, (*own, x, dout)))
    for array, wanted in zip(
        found, ((x - mean) * scale + beta, dout * scale, own[2], own[3]), strict=True
    ):
        case.check(array, wanted)


def test_running_statistics_follow_the_batches():
    layer = BatchNormalization(np.ones(3), np.zeros(3), momentum=0.75)
    mean, var = np.zeros(3), np.ones(3)
    for seed in range(4):
        x = values(8, 3, seed=seed) + seed
        layer.forward(x, True)
        layer.forward(x)
        mean, var = 0.75 * mean + 0.25 * x.mean(axis=0), 0.75 * var + 0.25 * x.var(axis=0)
    np.testing.assert_allclose(layer.running_mean, mean)
    np.testing.assert_allclose(layer.running_var, var)


def test_given_statistics_are_copied():
    mean = np.zeros(3)
    layer = BatchNormalization(np.ones(3), np.zeros(3), running_mean=mean)
    layer.state["running_mean"] += 1
    assert mean.tolist() == [0, 0, 0]


@pytest.mark.traced
def test_layer_normalization(case: Case):
    x, gamma, beta = values(2, 3, 5), values(5, seed=1), values(5, seed=2)
    dout = values(2, 3, 5, seed=3)
    y, dx, *_ = batch_normalization(x, gamma, beta, dout, (2,))
    normal = (y - beta) / gamma
    arrays = [case.array(v) for v in (gamma, beta, x, dout)]

    def step(gamma, beta, x, dout):
        layer = LayerNormalization(gamma, beta)
        return layer.forward(x), layer.backward(dout), layer.dgamma, layer.dbeta

    wanted = y, dx, (dout * normal).sum(axis=(0, 1)), dout.sum(axis=(0, 1))
    for found, expected in zip(case.run(step, *arrays), wanted, strict=True):
        case.check(found, expected)


@pytest.mark.parametrize("kind", ["rows", "channels", "entries", "one sample"])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.needs_values
def test_gradcheck(case: Case, kind, training, dtype):
    if not (case.backend.has_float64 or dtype == "float32"):
        pytest.skip("no float64 there")
    shape, size, *_ = KINDS[kind]
    gamma, beta = case.array(values(size, seed=1), dtype), case.array(values(size, seed=2), dtype)
    x = case.array(values(*shape), dtype)
    report = gradcheck(BatchNormalization(gamma, beta), x, kwargs={"training": training})
    assert report.ok, report
    assert {e.name for e in report.entries} == {"x", "gamma", "beta"}


@pytest.mark.needs_values
def test_gradcheck_of_layer_normalization(case: Case):
    layer = LayerNormalization(case.array(values(5, seed=1)), case.array(values(5, seed=2)))
    report = gradcheck(layer, case.array(values(2, 3, 5)))
    assert report.ok, report


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_any_shape_is_normal_in_training(n, c, h, w):
    x = 5 * values(n, c, h, w) + 3
    y = BatchNormalization(np.ones(c), np.zeros(c), eps=1e-12).forward(x, training=True)
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=(0, 2, 3)), 1, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_dtypes_stay(dtype):
    gamma, beta, x = (np.ones(s, dtype) for s in (3, 3, (4, 3)))
    for layer, how in (
        (BatchNormalization(gamma, beta), {"training": True}),
        (LayerNormalization(gamma, beta), {}),
    ):
        y = layer.forward(x, **how)
        assert y.dtype == layer.backward(y).dtype == dtype
        assert all(v.dtype == dtype for v in (*layer.grads.values(), *layer.state.values()))


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: BatchNormalization(np.ones((2, 3)), np.ones((2, 3))),
            ValueError,
            r"`gamma` and `beta` must have shape \(D,\); got \(2, 3\) and \(2, 3\)",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(3)),
            ValueError,
            r"must have shape \(D,\); got \(2,\) and \(3,\)",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(2, np.float32)),
            TypeError,
            "`beta` must have dtype float64; got float32",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(2), momentum=1.5),
            ValueError,
            r"`momentum` must be in \[0, 1\]; got 1.5",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(2), running_var=np.ones(3)),
            ValueError,
            r"`running_var` must have shape \(2,\); got \(3,\)",
        ),
        (
            lambda: LayerNormalization(np.ones(2), np.ones(2), eps=0),
            ValueError,
            "`eps` must be positive and finite; got 0",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(2)).forward(np.ones((4, 3))),
            ValueError,
            r"`x` must have shape \(N, 2\), or \(N, 2, ...\), or .* got \(4, 3\)",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(2)).forward(np.ones((4, 3, 6))),
            ValueError,
            r"`x` must have shape \(N, 2\), or \(N, 2, ...\), or .* got \(4, 3, 6\)",
        ),
        (
            lambda: BatchNormalization(np.ones(2), np.ones(2), running_mean=np.ones(2, "f4")),
            TypeError,
            "`running_mean` must have dtype float64; got float32",
        ),
        (
            lambda: BatchNormalization([1.0, 1.0], np.ones(2)),
            TypeError,
            "`gamma` must be an array of .*; got list",
        ),
        (
            lambda: LayerNormalization(np.ones(2), np.ones(2)).forward(np.ones((4, 3))),
            ValueError,
            r"`x` must have shape \(..., 2\); got \(4, 3\)",
        ),
        (
            lambda: LayerNormalization(np.ones(2), np.ones(2)).forward(np.ones(())),
            ValueError,
            r"`x` must have shape \(..., 2\); got \(\)",
        ),
    ],
)
def test_errors(call, error, match):
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize("momentum", [0.0, 1.0])
def test_running_statistics_may_be_those_of_the_last_batch_or_stay(momentum):
    layer = BatchNormalization(np.ones(2), np.zeros(2), momentum)
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    layer.forward(x, training=True)
    expected = {0.0: ([2.0, 4.0], [1.0, 4.0]), 1.0: ([0.0, 0.0], [1.0, 1.0])}[momentum]
    np.testing.assert_array_equal(layer.running_mean, expected[0])
    np.testing.assert_array_equal(layer.running_var, expected[1])


def test_one_sample_and_features_of_several_entries_are_taken():
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    layer = LayerNormalization(np.ones(4), np.zeros(4))
    np.testing.assert_allclose(layer.forward(x[0, 0]).reshape(-1), layer.forward(x)[0, 0])
    layer = BatchNormalization(np.ones(3), np.zeros(3))
    y = layer.forward(x, training=True)
    np.testing.assert_allclose(y.mean(axis=(0, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=(0, 2)), 1, rtol=1e-4)

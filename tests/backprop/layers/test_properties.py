"""What holds of every layer, whatever the numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backprop import functions
from backprop.layers import (
    AddLayer,
    Affine,
    BatchNormalization,
    Convolution,
    DivLayer,
    Dropout,
    ExpLayer,
    Flatten,
    IdentityWithLoss,
    LayerNormalization,
    LogLayer,
    MatMul,
    MulLayer,
    Pooling,
    Relu,
    Sigmoid,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    SubLayer,
    Tanh,
)

RNG = np.random.default_rng(0)
W, B = RNG.standard_normal((3, 4)), RNG.standard_normal(4)
N, D = 5, 3
ROWS = {
    "Relu": Relu,
    "Sigmoid": Sigmoid,
    "Tanh": Tanh,
    "ExpLayer": ExpLayer,
    "LogLayer": LogLayer,
    "Affine": lambda: Affine(W, B),
}
BINARY = {"Mul": MulLayer, "Add": AddLayer, "Sub": SubLayer, "Div": DivLayer}
LOSSES = {"softmax": SoftmaxWithLoss, "sigmoid": SigmoidWithLoss, "identity": IdentityWithLoss}

numbers = st.floats(0.25, 4.0, width=32)
batches = hnp.arrays(np.float64, (N, D), elements=numbers)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None, derandomize=True)


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        *((make(), [(N, D)]) for make in ROWS.values()),
        *((make(), [(N, D), (N, D)]) for make in BINARY.values()),
        (MatMul(), [(N, D), (D, N)]),
        (Flatten(), [(N, D, 2)]),
        (Dropout(0.5, 0), [(N, D)]),
        (Pooling(2, 2), [(N, D, 4, 4)]),
        (Convolution(RNG.standard_normal((2, D, 3, 3)), np.zeros(2)), [(N, D, 4, 4)]),
        (BatchNormalization(np.ones(D), np.zeros(D)), [(N, D)]),
        (LayerNormalization(np.ones(D), np.zeros(D)), [(N, D)]),
    ],
    ids=lambda v: type(v).__name__,
)
def test_without_dout_each_entry_counts_once(layer, shapes):
    inputs = [RNG.uniform(0.5, 2.0, shape) for shape in shapes]
    dout = np.ones_like(layer.forward(*inputs))
    found = []
    for arguments in ((), (dout,)):
        layer.grads.clear()
        dx = layer.backward(*arguments)
        found.append((dx if isinstance(dx, tuple) else (dx,), dict(layer.grads)))
    for own, other in zip(*(dx for dx, _ in found), strict=True):
        np.testing.assert_array_equal(own, other)
    for key in layer.params:
        np.testing.assert_array_equal(*(grads[key] for _, grads in found))
    layer.backward_params()
    for key in layer.params:
        np.testing.assert_array_equal(layer.grads[key], found[0][1][key])


@pytest.mark.parametrize("name", ROWS)
@few
@given(x=batches, seed=seeds)
def test_backward_is_linear_in_dout(name, x, seed):
    layer = ROWS[name]()
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, *layer.forward(x).shape))
    found = []
    for dout in (a, b, 2 * a - 3 * b):
        found.append((layer.backward(dout), dict(layer.grads)))
    close(found[2][0], 2 * found[0][0] - 3 * found[1][0])
    for key in layer.params:
        close(found[2][1][key], 2 * found[0][1][key] - 3 * found[1][1][key])


@pytest.mark.parametrize("name", ROWS)
@few
@given(x=batches, seed=seeds)
def test_the_order_of_a_batch_changes_only_the_order(name, x, seed):
    layer, rng = ROWS[name](), np.random.default_rng(seed)
    order = rng.permutation(N)
    y = layer.forward(x)
    dout = rng.standard_normal(y.shape)
    dx, grads = layer.backward(dout), dict(layer.grads)
    close(layer.forward(x[order]), y[order])
    close(layer.backward(dout[order]), dx[order])
    for key, grad in grads.items():
        close(layer.grads[key], grad)


@pytest.mark.parametrize("name", ROWS)
@few
@given(x=batches, seed=seeds, cut=st.integers(1, N - 1))
def test_a_batch_is_its_two_parts(name, x, seed, cut):
    layer, rng = ROWS[name](), np.random.default_rng(seed)
    y = layer.forward(x)
    dout = rng.standard_normal(y.shape)
    dx, grads = layer.backward(dout), dict(layer.grads)
    sums = {key: 0 for key in grads}
    for part in (slice(None, cut), slice(cut, None)):
        close(layer.forward(x[part]), y[part])
        close(layer.backward(dout[part]), dx[part])
        sums = {key: total + layer.grads[key] for key, total in sums.items()}
    for key, grad in grads.items():
        close(sums[key], grad)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 3), (5, 1), (1, 1), (5, 3)])
@few
@given(x=batches, seed=seeds)
def test_broadcasting_is_an_explicit_tile(name, shape, x, seed):
    rng = np.random.default_rng(seed)
    y, dout = rng.uniform(0.25, 4.0, shape), rng.standard_normal((N, D))
    tiled = np.array(np.broadcast_to(y, (N, D)))
    layer, plain = BINARY[name](), BINARY[name]()
    close(layer.forward(x, y), plain.forward(x, tiled))
    (dx, dy), (dx_tiled, dy_tiled) = layer.backward(dout), plain.backward(dout)
    close(dx, dx_tiled)
    axes = [-i - 1 for i in range(2) if i >= len(shape) or shape[-i - 1] == 1]
    assert dy.shape == shape
    close(dy.reshape(-1), dy_tiled.sum(axis=tuple(axes)).reshape(-1))


@pytest.mark.parametrize("name", BINARY)
@few
@given(x=batches, seed=seeds)
def test_two_inputs_linear_in_dout(name, x, seed):
    rng = np.random.default_rng(seed)
    layer, y = BINARY[name](), rng.uniform(0.25, 4.0, D)
    layer.forward(x, y)
    a, b = rng.standard_normal((2, N, D))
    one, two, both = (layer.backward(dout) for dout in (a, b, a + 4 * b))
    for i in range(2):
        close(both[i], one[i] + 4 * two[i])


@few
@given(x=batches, seed=seeds)
def test_a_product_of_matrices_is_linear_and_splits(x, seed):
    rng = np.random.default_rng(seed)
    layer, y = MatMul(), rng.standard_normal((D, 4))
    a, b = rng.standard_normal((2, N, 4))
    layer.forward(x, y)
    one, two, both = (layer.backward(dout) for dout in (a, b, a - b))
    for i in range(2):
        close(both[i], one[i] - two[i])
    layer.forward(x[:2], y)
    top = layer.backward(a[:2])
    layer.forward(x[2:], y)
    rest = layer.backward(a[2:])
    close(np.concatenate([top[0], rest[0]]), one[0])
    close(top[1] + rest[1], one[1])


@pytest.mark.parametrize("name", LOSSES)
@few
@given(x=batches, seed=seeds)
def test_losses_permuted_split_and_scaled(name, x, seed):
    rng = np.random.default_rng(seed)
    t, order = rng.integers(0, D, N), rng.permutation(N)
    layer = LOSSES[name]()
    loss = layer.forward(x, t)
    dx = layer.backward()
    close(layer.backward(2.5), 2.5 * dx)
    close(layer.forward(x[order], t[order]), loss)
    close(layer.backward(), dx[order])
    parts = [(layer.forward(x[p], t[p]), layer.backward()) for p in (slice(0, 2), slice(2, N))]
    close(sum(part * n for (part, _), n in zip(parts, (2, 3), strict=True)) / N, loss)
    close(np.concatenate([parts[0][1] * 2, parts[1][1] * 3]) / N, dx)


@pytest.mark.parametrize("name", LOSSES)
@few
@given(x=batches, seed=seeds)
def test_every_form_of_label_gives_the_same(name, x, seed):
    t = np.random.default_rng(seed).integers(0, D, N)
    layer = LOSSES[name]()
    loss, dx = layer.forward(x, t), layer.backward()
    rows = functions.one_hot(t, D)
    forms = [t[:, np.newaxis], list(map(int, t)), t.astype(np.uint8), t.astype(np.int8), rows]
    for form in [*forms, rows.astype(int), rows.astype(bool), rows.tolist()]:
        close(layer.forward(x, form), loss)
        close(layer.backward(), dx)
    one, dx_one = layer.forward(x[:1], t[:1]), layer.backward()
    for form in (t[0], int(t[0]), rows[0]):
        close(layer.forward(x[0], form), one)
        close(layer.backward(), dx_one[0])


@few
@given(x=batches, seed=seeds, shift=st.floats(-1e3, 1e3))
def test_a_shift_of_all_scores_changes_nothing(x, seed, shift):
    t, layer = np.random.default_rng(seed).integers(0, D, N), SoftmaxWithLoss()
    loss, dx = layer.forward(x, t), layer.backward()
    np.testing.assert_allclose(layer.forward(x + shift, t), loss, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(layer.backward(), dx, rtol=1e-9, atol=1e-9)
    close(functions.softmax(x + shift), functions.softmax(x))


def test_narrow_integers_do_not_wrap():
    small, large = np.array([1, 200], np.uint8), np.array([2, 100], np.uint8)
    assert SubLayer().forward(small, large).tolist() == [-1, 100]
    assert AddLayer().forward(small, large).tolist() == [3, 300]
    assert MulLayer().forward(np.array([100], np.int8), 2).tolist() == [200]
    assert AddLayer().forward(np.array([True]), np.array([True])).tolist() == [2]
    assert AddLayer().forward(np.array([1]), np.array([2])).dtype == np.int64
    wide = np.array([2**63], np.uint64)
    assert AddLayer().forward(wide, np.array([1], np.uint64)).tolist() == [2**63 + 1]


@pytest.mark.parametrize("count", [1000, 60_000, 70_000])
def test_float16_losses_of_large_batches(count):
    x, t = np.zeros((count, 10), np.float16), np.zeros(count, int)
    layer = SoftmaxWithLoss()
    loss = layer.forward(x, t)
    assert loss.dtype == np.float16
    np.testing.assert_allclose(loss, np.log(10), rtol=2e-3)
    np.testing.assert_allclose(layer.backward()[0, 1], 0.1 / count, rtol=0.05)


def test_a_masked_score_is_no_part_of_the_loss():
    x, t, layer = np.array([[1.0, 2.0, -np.inf]]), np.array([0]), SoftmaxWithLoss()
    assert layer.forward(x, t) == pytest.approx(1.3132616875182228)
    np.testing.assert_allclose(layer.backward(), [[-0.73105858, 0.73105858, 0.0]])
    assert functions.softmax_loss(x, t) == pytest.approx(1.3132616875182228)
    assert layer.forward(x, np.array([2])) == np.inf

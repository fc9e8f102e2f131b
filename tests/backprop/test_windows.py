"""Windows on pictures, and their transpose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop.functions import col2im, conv_output_size, im2col
from tests.backprop.layers.pictures import windows
from tests.support import Case

SHAPES = [  # picture, window, stride, padding
    ((2, 3, 5, 4), (3, 2), 1, 0),
    ((2, 1, 5, 7), (2, 3), 2, 1),
    ((1, 2, 3, 3), (3, 3), 1, 0),
    ((0, 2, 4, 4), (2, 2), 2, 0),
]


def values(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.traced
@pytest.mark.parametrize(("picture", "size", "stride", "pad"), SHAPES, ids=str)
def test_rows_and_back(case: Case, picture, size, stride, pad):
    x = values(*picture)
    length = picture[1] * size[0] * size[1]
    seen = [w.reshape(picture[0], length) for _, w, _ in windows(x, *size, stride, pad)]
    rows = np.stack(seen, axis=1).reshape(-1, length)
    dout = values(*rows.shape, seed=1)

    def both(x, dout):
        return im2col(x, *size, stride, pad), col2im(dout, picture, *size, stride, pad)

    arrays = case.array(x), case.array(dout)
    found, back = case.run(both, *arrays)
    case.check(found, rows)
    expected = np.zeros((*picture[:2], picture[2] + 2 * pad, picture[3] + 2 * pad))
    for k, (_, w, (i, j)) in enumerate(windows(x, *size, stride, pad)):
        part = dout.reshape(picture[0], len(seen), *w.shape[1:])[:, k]
        expected[:, :, i : i + size[0], j : j + size[1]] += part
    case.check(back, expected[:, :, pad : pad + picture[2], pad : pad + picture[3]])
    case.unchanged(arrays[0], x)
    case.unchanged(arrays[1], dout)


@given(
    st.tuples(*(st.integers(1, n) for n in (3, 3, 7, 7))),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.integers(1, 3),
    st.integers(0, 2),
)
def test_col2im_is_the_transpose_of_im2col(picture, size, stride, pad):
    if size[0] > picture[2] + 2 * pad or size[1] > picture[3] + 2 * pad:
        with pytest.raises(ValueError, match="a window must fit into the picture"):
            im2col(np.zeros(picture), *size, stride, pad)
        return
    x = values(*picture)
    rows = im2col(x, *size, stride, pad)
    y = values(*rows.shape, seed=1)
    assert np.sum(rows * y) == pytest.approx(
        np.sum(x * col2im(y, picture, *size, stride, pad)), rel=1e-10, abs=1e-10
    )
    places = [conv_output_size(n, k, stride, pad) for n, k in zip(picture[2:], size, strict=True)]
    assert rows.shape == (
        picture[0] * places[0] * places[1],
        picture[1] * size[0] * size[1],
    )


def test_dtypes_stay():
    """The book's function makes float64 of everything."""
    for dtype in ("float16", "float32", "float64", "int32"):
        x = np.ones((1, 2, 4, 4), dtype)
        rows = im2col(x, 3, 3, pad=1)
        assert rows.dtype == dtype
        assert col2im(rows, x.shape, 3, 3, pad=1).dtype == dtype


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            lambda: im2col(np.ones((3, 4)), 2, 2),
            r"`x` must have shape \(N, C, H, W\); got \(3, 4\)",
        ),
        (lambda: im2col(np.ones((1, 1, 3, 3)), 2, 2, 0), "`stride` must be 1 or more; got 0"),
        (lambda: im2col(np.ones((1, 1, 3, 3)), 2, 2, 1, -1), "`pad` must be 0 or more; got -1"),
        (
            lambda: conv_output_size(3, 6, pad=1),
            "must fit into the picture; got 6 pixels in 3 with 1",
        ),
        (
            lambda: col2im(np.ones((4, 3)), (1, 1, 3, 3), 2, 2),
            r"`col` must have shape \(4, 4\) for \(1, 1, 3, 3\); got \(4, 3\)",
        ),
    ],
)
def test_what_does_not_fit(call, match):
    with pytest.raises(ValueError, match=match):
        call()

"""What the layers of pictures give, by the plainest of loops over float64 NumPy arrays."""

import numpy as np


def places(size, length, stride, pad):
    return range(0, size + 2 * pad - length + 1, stride)


def windows(x, height, width, stride=1, pad=0, border=0.0):
    """Yield (row, column of the output), window (N, C, height, width), and where it lies."""
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=border)
    for a, i in enumerate(places(x.shape[2] - 2 * pad, height, stride, pad)):
        for b, j in enumerate(places(x.shape[3] - 2 * pad, width, stride, pad)):
            yield (a, b), x[:, :, i : i + height, j : j + width], (i, j)


def out_shape(x, height, width, stride, pad):
    return tuple(
        len(places(size, length, stride, pad))
        for size, length in zip(x.shape[2:], (height, width), strict=True)
    )


def convolution(x, W, b, stride=1, pad=0):
    y = np.zeros((x.shape[0], W.shape[0], *out_shape(x, *W.shape[2:], stride, pad)))
    for (i, j), seen, _ in windows(x, *W.shape[2:], stride, pad):
        y[:, :, i, j] = np.einsum("nchw,fchw->nf", seen, W) + b
    return y


def convolution_back(dout, x, W, stride=1, pad=0):
    """Return dx, dW, db."""
    height, width = W.shape[2:]
    dx = np.zeros((*x.shape[:2], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad))
    dW = np.zeros_like(W)
    for (i, j), seen, (top, left) in windows(x, height, width, stride, pad):
        dW += np.einsum("nf,nchw->fchw", dout[:, :, i, j], seen)
        dx[:, :, top : top + height, left : left + width] += np.einsum(
            "nf,fchw->nchw", dout[:, :, i, j], W
        )
    return (
        dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]],
        dW,
        dout.sum(axis=(0, 2, 3)),
    )


def pooling(x, dout, height, width, stride, pad, mode):
    """Return y and dx."""
    y = np.zeros((*x.shape[:2], *out_shape(x, height, width, stride, pad)))
    dx = np.zeros((*x.shape[:2], x.shape[2] + 2 * pad, x.shape[3] + 2 * pad))
    for (i, j), seen, (top, left) in windows(x, height, width, stride, pad, np.nan):
        inside = ~np.isnan(seen)
        for n, c in np.ndindex(x.shape[:2]):
            values, valid = seen[n, c], inside[n, c]
            target = dx[n, c, top : top + height, left : left + width]
            if mode == "max":
                best = np.unravel_index(np.nanargmax(values), values.shape)
                y[n, c, i, j] = values[best]
                target[best] += dout[n, c, i, j]
            else:
                y[n, c, i, j] = values[valid].mean()
                target += valid * dout[n, c, i, j] / valid.sum()
    return y, dx[:, :, pad : pad + x.shape[2], pad : pad + x.shape[3]]

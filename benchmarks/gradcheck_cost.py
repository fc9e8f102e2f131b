"""What a gradient check costs: in full beside a plain loop, on a large network, and in memory."""

import time
import tracemalloc

import numpy as np

from backprop import gradcheck

ROUNDS = 5
"""How often a check and a plain loop take turns; medians count."""


def plain_loop(f, x):
    """Return the gradient by central differences, one entry at a time in place."""
    gradient = np.zeros_like(x)
    for i in range(x.size):
        kept = x[i]
        x[i] = kept + 1e-5
        high = f(x)
        x[i] = kept - 1e-5
        gradient[i] = (high - f(x)) / 2e-5
        x[i] = kept
    return gradient


class Embedding:
    """Rows of a table, looked up and summed."""

    def __init__(self, rows, width):
        self.W = np.random.default_rng(0).standard_normal((rows, width))

    def forward(self, indices):
        """Look the rows up."""
        self.indices = indices
        return self.W[indices]

    def backward(self, d):
        """Keep the gradient by the table."""
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.indices, d)


class SimpleConvNet:
    """The book's network of chapter 7, in plain NumPy: 433,890 parameters."""

    def __init__(self, filters=30, size=5, hidden=100):
        rng = np.random.default_rng(0)

        def normal(*shape):
            return 0.1 * rng.standard_normal(shape)

        side, self.size = (28 - size + 1) // 2, size
        self.params = {
            "W1": normal(filters, size * size),
            "b1": normal(filters),
            "W2": normal(filters * side * side, hidden),
            "b2": normal(hidden),
            "W3": normal(hidden, 10),
            "b3": normal(10),
        }

    def loss(self, x, t):
        """Return the loss."""
        p, n, side = self.params, x.shape[0], 28 - self.size + 1
        windows = np.lib.stride_tricks.sliding_window_view(x, (self.size, self.size), axis=(1, 2))
        self.columns = windows.reshape(n, side, side, -1)
        self.z = self.columns @ p["W1"].T + p["b1"]
        pools = np.maximum(self.z, 0).reshape(n, side // 2, 2, side // 2, 2, -1)
        pools = pools.transpose(0, 1, 3, 5, 2, 4).reshape(n, side // 2, side // 2, -1, 4)
        self.most, self.flat = pools.argmax(axis=-1), pools.max(axis=-1).reshape(n, -1)
        self.h = np.maximum(self.flat @ p["W2"] + p["b2"], 0)
        scores = self.h @ p["W3"] + p["b3"]
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return float(-np.log(self.y[np.arange(n), t]).mean())

    def gradient(self, x, t):
        """Return the gradients by backpropagation."""
        self.loss(x, t)
        p, n, grads = self.params, x.shape[0], {}
        d = self.y.copy()
        d[np.arange(n), t] -= 1
        d /= n
        grads["W3"], grads["b3"] = self.h.T @ d, d.sum(axis=0)
        d = (d @ p["W3"].T) * (self.h > 0)
        grads["W2"], grads["b2"] = self.flat.T @ d, d.sum(axis=0)
        d = (d @ p["W2"].T).reshape(*self.most.shape, 1) * (self.most[..., None] == np.arange(4))
        half = self.most.shape[1]
        d = d.reshape(n, half, half, -1, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        d = d.reshape(self.z.shape) * (self.z > 0)
        grads["W1"] = np.einsum("nhwf,nhwk->fk", d, self.columns)
        grads["b1"] = d.sum(axis=(0, 1, 2))
        return {name: grads[name] for name in p}


def timed(run):
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


def full():
    """Print what 50,000 entries cost in full: of a table of 1000 rows and 50 columns."""
    indices = np.arange(0, 1000, 9)
    layer = Embedding(1000, 50)
    weights = np.random.default_rng(0).standard_normal((indices.size, 50))
    flat = layer.W.reshape(-1)

    def weighed(_):
        return float((layer.forward(indices) * weights).sum())

    times = []
    for _ in range(ROUNDS):
        _, plain = timed(lambda: plain_loop(weighed, flat))
        report, took = timed(lambda: gradcheck(layer, indices, mode="full"))
        times.append((took, took / plain))
    took, ratio = np.median(times, axis=0)
    print(f"50,000 entries in full: {took:.2f} s, {ratio:.2f} times a plain loop", report.ok)


def network():
    """Print what a network of 433,890 parameters costs in mode "auto"."""
    net, rng = SimpleConvNet(), np.random.default_rng(1)
    x, t = rng.random((3, 28, 28)), np.array([3, 1, 4])
    count = sum(p.size for p in net.params.values())
    report, took = timed(lambda: gradcheck(net, x, t))
    print(f"{count:,} parameters in mode auto: {took:.1f} s, {report.mode}", report.ok)
    if not report.ok:
        print(report)


def memory():
    """Print the most memory of a check, in copies of the largest array, and of two passes alone."""
    for mode in ("sampled", "directional"):
        indices, peaks = np.array([3, 5, 3, 7]), []
        gradcheck(Embedding(10, 5), indices, mode=mode)  # what is imported at first use
        for check in (False, True):
            layer = Embedding(100_000, 50)
            tracemalloc.start()
            if check:
                ok = gradcheck(layer, indices, mode=mode).ok
            else:
                for _ in range(2):
                    layer.backward(layer.forward(indices))
            peaks.append(tracemalloc.get_traced_memory()[1] / layer.W.nbytes)
            tracemalloc.stop()
        own, peak = peaks
        print(f"{mode}: {peak:.1f} copies of the largest array, {own:.1f} the target's own", ok)


if __name__ == "__main__":
    full()
    network()
    memory()

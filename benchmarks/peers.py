"""The same network, 784-50-10 with ReLU and softmax, as users of other code would write it.

Each peer is made from the same parameters, and offers `step(x, t)`: gradients by backpropagation
and an update by gradient descent.
"""

from typing import Any

import numpy as np

LEARNING_RATE = 0.1


def parameters(hidden: int, dtype: str, seed: int = 0) -> dict[str, Any]:
    """Return W1, b1, W2, b2 of 784-hidden-10."""
    rng = np.random.default_rng(seed)
    return {
        "W1": (0.01 * rng.standard_normal((784, hidden))).astype(dtype),
        "b1": np.zeros(hidden, dtype=dtype),
        "W2": (0.01 * rng.standard_normal((hidden, 10))).astype(dtype),
        "b2": np.zeros(10, dtype=dtype),
    }


class Fused:
    """NumPy by hand: one function, in-place where it can, no layer in sight. With the loss."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.W1, self.b1, self.W2, self.b2 = (v.copy() for v in params.values())

    def step(self, x: Any, t: Any) -> Any:
        """Take one step and return the loss."""
        n = len(x)
        rows = np.arange(n)
        hidden = x @ self.W1
        hidden += self.b1
        np.maximum(hidden, 0, out=hidden)
        y = hidden @ self.W2
        y += self.b2
        y -= y.max(axis=1, keepdims=True)
        picked = y[rows, t]
        np.exp(y, out=y)
        total = y.sum(axis=1, keepdims=True)
        loss = (np.log(total).sum() - picked.sum()) / n
        y /= total
        y[rows, t] -= 1
        y *= 1 / n
        dW2 = hidden.T @ y
        db2 = y.sum(axis=0)
        dhidden = y @ self.W2.T
        dhidden *= hidden > 0
        dW1 = x.T @ dhidden
        db1 = dhidden.sum(axis=0)
        for p, d in ((self.W1, dW1), (self.b1, db1), (self.W2, dW2), (self.b2, db2)):
            d *= LEARNING_RATE
            p -= d
        return loss


class BookNet:
    """The book's style: a layer a class, masks by assignment, labels one-hot or not."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = {name: v.copy() for name, v in params.items()}

    def predict(self, x: Any) -> Any:
        """Return the scores."""
        p = self.params
        self.x = x
        self.a = np.dot(x, p["W1"]) + p["b1"]
        self.mask = self.a <= 0
        self.z = self.a.copy()
        self.z[self.mask] = 0
        return np.dot(self.z, p["W2"]) + p["b2"]

    def loss(self, x: Any, t: Any) -> Any:
        """Return the mean cross-entropy."""
        y = self.predict(x).T
        y = y - np.max(y, axis=0)
        self.y = (np.exp(y) / np.sum(np.exp(y), axis=0)).T
        return -np.sum(np.log(self.y[np.arange(len(x)), t] + 1e-7)) / len(x)

    def gradient(self, x: Any, t: Any) -> dict[str, Any]:
        """Return the gradients by backpropagation."""
        self.loss(x, t)
        dx = self.y.copy()
        dx[np.arange(len(x)), t] -= 1
        dx = dx / len(x)
        dz = np.dot(dx, self.params["W2"].T)
        grads = {"W2": np.dot(self.z.T, dx), "b2": np.sum(dx, axis=0)}
        dz[self.mask] = 0
        np.dot(dz, self.params["W1"].T)  # the book's Affine makes a dx that nobody reads
        return {"W1": np.dot(self.x.T, dz), "b1": np.sum(dz, axis=0), **grads}

    def step(self, x: Any, t: Any) -> None:
        """Take one step."""
        grad = self.gradient(x, t)
        for key in ("W1", "b1", "W2", "b2"):
            self.params[key] -= LEARNING_RATE * grad[key]

    def numerical_gradient(self, x: Any, t: Any, entries: int | None = None) -> dict[str, Any]:
        """Return the gradients by the book's loop; of the first `entries` of each array only."""
        return {
            key: book_numerical_gradient(lambda _: self.loss(x, t), p, entries)
            for key, p in self.params.items()
        }


def book_numerical_gradient(f: Any, x: Any, entries: int | None = None) -> Any:
    """Return the gradient as section 4.4 does: `x` changed in place, entry by entry."""
    h = 1e-4
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    done = 0
    while not it.finished and (entries is None or done < entries):
        idx = it.multi_index
        before = x[idx]
        x[idx] = float(before) + h
        high = f(x)
        x[idx] = before - h
        low = f(x)
        grad[idx] = (high - low) / (2 * h)
        x[idx] = before
        it.iternext()
        done += 1
    return grad


def torch_step(params: dict[str, Any]) -> Any:
    """Return a step of PyTorch in eager mode: nn.Sequential, CrossEntropyLoss, optim.SGD."""
    import torch

    net = torch_net(params)
    loss_of = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)

    def step(x: Any, t: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(net(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return step


def torch_net(params: dict[str, Any]) -> Any:
    """Return the network in PyTorch."""
    import torch

    hidden = params["W1"].shape[1]
    dtype = getattr(torch, params["W1"].dtype.name)
    net = torch.nn.Sequential(
        torch.nn.Linear(784, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10)
    ).to(dtype)
    with torch.no_grad():
        for layer, number in ((net[0], 1), (net[2], 2)):
            layer.weight.copy_(torch.from_numpy(params[f"W{number}"].T.copy()))
            layer.bias.copy_(torch.from_numpy(params[f"b{number}"].copy()))
    return net


def jax_step(params: dict[str, Any]) -> Any:
    """Return a step of JAX under jit, with the parameters donated; it doesn't wait."""
    import jax
    import jax.numpy as jnp

    def loss(p: Any, x: Any, t: Any) -> Any:
        hidden = jax.nn.relu(x @ p["W1"] + p["b1"])
        scores = jax.nn.log_softmax(hidden @ p["W2"] + p["b2"])
        return -jnp.mean(jnp.take_along_axis(scores, t[:, None], axis=1))

    def update(p: Any, x: Any, t: Any) -> Any:
        value, grad = jax.value_and_grad(loss)(p, x, t)
        return value, jax.tree.map(lambda v, g: v - LEARNING_RATE * g, p, grad)

    compiled = jax.jit(update, donate_argnums=0)
    state = {name: jnp.asarray(v) for name, v in params.items()}

    def step(x: Any, t: Any) -> Any:
        nonlocal state
        value, state = compiled(state, x, t)
        return value

    return step


def thinc_step(params: dict[str, Any]) -> Any:
    """Return a step of Thinc: chain(Relu, Softmax), CategoricalCrossentropy, SGD."""
    from thinc.api import SGD, CategoricalCrossentropy, Relu, Softmax, chain

    hidden = params["W1"].shape[1]
    model = chain(Relu(nO=hidden, nI=784), Softmax(nO=10, nI=hidden))
    model.initialize()
    for layer, number in zip(model.layers, (1, 2), strict=True):
        layer.set_param("W", params[f"W{number}"].T.copy())
        layer.set_param("b", params[f"b{number}"].copy())
    optimizer = SGD(LEARNING_RATE)
    loss_of = CategoricalCrossentropy()

    def step(x: Any, t: Any) -> None:
        y, backprop = model.begin_update(x)
        backprop(loss_of.get_grad(y, t) / len(x))
        model.finish_update(optimizer)

    return step

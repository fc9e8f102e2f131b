"""A training run with an Adam of its own; as a program it goes on with one from another process.

    python resumed.py LIBRARY DTYPE STEPS OLD NEW

reads what `Trainer.state_dict` gave from the pickle OLD, trains on, and writes that of the end to NEW.
"""

import pickle
import sys

import numpy as np

import backends
from backprop import Trainer, TwoLayerNet

RNG = np.random.default_rng(7)
X = RNG.random((50, 6))
T = X[:, :3].argmax(axis=1)


class Adam:
    """As a user would write it (section 6.1.6)."""

    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.steps, self.m, self.v = 0, {}, {}

    def update(self, params, grads):
        self.steps += 1
        lr = self.lr * (1 - self.beta2**self.steps) ** 0.5 / (1 - self.beta1**self.steps)
        for key, g in grads.items():
            if key not in self.m:
                self.m[key], self.v[key] = 0 * g, 0 * g
            self.m[key] += (1 - self.beta1) * (g - self.m[key])  # in place, where that can be
            self.v[key] += (1 - self.beta2) * (g * g - self.v[key])
            params[key] -= lr * self.m[key] / (self.v[key] ** 0.5 + 1e-7)

    def state_dict(self):
        return {"steps": self.steps, "m": self.m, "v": self.v}

    def load_state_dict(self, state):
        self.steps, self.m, self.v = state["steps"], dict(state["m"]), dict(state["v"])


def trainer(backend, dtype, seed=0, optimizer=Adam):
    net = TwoLayerNet(6, 5, 3, 0.5, backend=backend, dtype=dtype, seed=seed)
    return Trainer(net, optimizer(), batch_size=8, seed=seed)


def on_host(value):
    """The same with NumPy arrays, as a file of any kind could hold it."""
    if isinstance(value, dict):
        return {key: on_host(item) for key, item in value.items()}
    if isinstance(value, list):
        return [on_host(item) for item in value]
    return backends.of(value).to_numpy(value) if hasattr(value, "dtype") else value


def main(library, dtype, steps, old, new):
    other = trainer(backends.select("cpu", library), dtype, seed=99)
    with open(old, "rb") as file:
        other.load_state_dict(pickle.load(file))
    other.fit((X, T), (X, T), iterations=int(steps))
    with open(new, "wb") as file:
        pickle.dump(on_host(other.state_dict()), file)


if __name__ == "__main__":
    main(*sys.argv[1:])

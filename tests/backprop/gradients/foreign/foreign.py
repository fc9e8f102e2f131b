"""What the corpus of foreign styles is made of: a hook that spoils gradients, arrays, a register.

A style is a way in which somebody, somewhere, writes a layer, a loss or a network. It is a small
factory that takes a hook and arrays and returns the target, its inputs and, maybe, options of
`gradcheck`. Its wrong versions aren't written out: the hook makes them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import backends
from backends import namespace

KINDS = ("factor", "sign", "sum", "zero", "none", "stale")
STYLES: dict[str, "Style"] = {}


@dataclass(frozen=True)
class Style:
    """A style: its factory, the gradients that it has, and what is special about it."""

    make: Callable[..., Any]
    gradients: tuple[str, ...]
    on: tuple[str, ...]  # array libraries
    kinds: tuple[str, ...]  # of mistakes that can be made in it
    factor: float  # what "factor" multiplies by
    dtypes: tuple[str, ...]


def style(
    gradients: str,
    on: str = "numpy torch jax",
    without: str = "",
    factor: float = 1 + 1e-4,
    dtypes: str = "float64 float32",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a factory under its name; `without` names mistakes that make no sense in it."""

    def register(make: Callable[..., Any]) -> Callable[..., Any]:
        name = make.__name__.strip("_")
        known = STYLES.get(name)  # a search for doctests imports the files once more
        assert known is None or known.make.__code__.co_filename == make.__code__.co_filename
        kinds = tuple(kind for kind in KINDS if kind not in without.split())
        STYLES[name] = Style(
            make, tuple(gradients.split()), tuple(on.split()), kinds, factor, tuple(dtypes.split())
        )
        return make

    return register


class Hook:
    """What every gradient of a style goes through; spoils the one of a name."""

    def __init__(self, kind: str = "", name: str = "", factor: float = 1 + 1e-4) -> None:
        self.kind, self.name, self.factor, self.last = kind, name, factor, None

    def __call__(self, name: str, g: Any, partial: Callable[[], Any] | None = None) -> Any:
        """Return the gradient `g`, or a wrong one; `partial` gives one with a sum missing."""
        if name != self.name or self.kind in ("", "stale"):
            return g
        if self.kind == "none":
            return None
        if self.kind == "sum":
            return g * 0.25 if partial is None else partial()
        if self.kind == "sign":
            return flipped(g)
        return g * {"factor": self.factor, "zero": 0.0}[self.kind]

    def keep(self, x: Any) -> Any:
        """Return what is kept of a forward pass: `x`; if stale, that of the call before."""
        if self.kind != "stale":
            return x
        before, self.last = self.last, x
        return x if before is None else before


def flipped(g: Any) -> Any:
    """Return a gradient with the sign of its largest entry changed."""
    if isinstance(g, float):
        return -g
    xp = namespace(g)
    return xp.where(xp.abs(g) == xp.max(xp.abs(g)), -g, g)


class Arrays:
    """Arrays of one library and dtype, the same numbers each time."""

    def __init__(self, library: str = "numpy", dtype: str = "float64", seed: int = 0) -> None:
        self.library, self.dtype = library, dtype
        self._backend = backends.select("cpu", library=library)
        self._rng = np.random.default_rng(seed)
        self.x, self.W, self.b = self.normal(4, 3), self.normal(3, 2), self.normal(2)

    def array(self, values: Any) -> Any:
        return self._backend.asarray(np.asarray(values, self.dtype))

    def normal(self, *shape: int) -> Any:
        return self.array(self._rng.standard_normal(shape))

    def concat(self, *arrays: Any) -> Any:
        return namespace(self.x).concat(arrays)

    def integers(self, values: Any) -> Any:
        return self._backend.asarray(np.asarray(values))


def tanh(x: Any, W: Any, b: Any) -> Any:
    return namespace(x).tanh(x @ W + b)


def d_tanh(e: Hook, d: Any, x: Any, y: Any, W: Any) -> tuple[Any, Any, Any]:
    """Return the gradients of `tanh` by x, W and b."""
    xp, dz = namespace(x), d * (1 - y * y)
    dx = e("x", dz @ W.T, lambda: dz[:, :1] @ W[:, :1].T)
    dW = e("W", x.T @ dz, lambda: x[:1].T @ dz[:1])
    db = e("b", xp.sum(dz, axis=0), lambda: dz[0] * 1)
    return dx, dW, db


class Tanh:
    """y = tanh(x W + b), with W and b kept and their gradients left as subclasses say."""

    def __init__(self, e: Hook, a: Arrays) -> None:
        self.e = e
        self.start(a.W, a.b)

    def forward(self, x):
        self.x = self.e.keep(x)
        self.y = tanh(x, *self.read())
        return self.y

    def backward(self, d):
        return self.write(*d_tanh(self.e, d, self.x, self.y, self.read()[0]))

    def start(self, W, b):
        self.W, self.b = W, b

    def read(self):
        return self.W, self.b

    def write(self, dx, dW, db):
        self.dW, self.db = dW, db
        return dx

"""Outputs weighed to one number: φ = Σ v y, with a cotangent v for each output y."""

from typing import Any

import numpy as np

import backends
from backends import namespace
from backprop.targets.nested import is_real, leaves
from backprop.targets.objects import is_known_array


class Weighing:
    """Cotangents, and the sums that they make of outputs.

    Parameters
    ----------
    cotangents : object
        In the structure of the outputs; None for what is no output.
    """

    def __init__(self, cotangents: Any) -> None:
        self.cotangents = cotangents
        plain = isinstance(cotangents, np.ndarray) and cotangents.dtype == np.float64
        self._flat = np.ascontiguousarray(cotangents).reshape(-1) if plain else None

    @property
    def empty(self) -> bool:
        """Whether all outputs are."""
        found = [v for _, v in leaves(self.cotangents) if v is not None]
        return all(0 in getattr(v, "shape", ()) for v in found)

    def sum(self, y: Any) -> Any:
        """Return Σ v y, a 0-d array or a float, in the widest dtype."""
        if self._flat is not None and type(y) is np.ndarray and y.dtype == np.float64:
            return y.reshape(-1) @ self._flat  # what it mostly is, at little cost
        return self._total(y, absolute=False)

    def size(self, y: Any) -> Any:
        """Return Σ |v y|."""
        return self._total(y, absolute=True)

    def _total(self, y: Any, absolute: bool) -> Any:
        total: Any = None
        weights = dict(leaves(self.cotangents))
        for place, leaf in leaves(y):
            v = weights.get(place)
            if v is None or not is_real(leaf):
                continue
            term = _term(leaf, v, absolute)
            total = term if total is None else total + term
        return total


def cotangent(leaf: Any, rng: np.random.Generator, weighted: bool) -> Any:
    """Return the derivative by an output that the backward pass starts from; None for no output."""
    if not is_real(leaf):
        return None
    if not is_known_array(leaf) or leaf.shape == ():
        return float(rng.uniform(0.5, 1.5)) if weighted else 1.0
    shape = tuple(leaf.shape)
    values = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    backend = backends.of(leaf)
    values = values if weighted else np.ones(shape)
    return backend.xp.astype(backend.asarray(values), leaf.dtype)


def _term(y: Any, v: Any, absolute: bool) -> Any:
    """Return Σ v y, or Σ |v y|, in the widest dtype."""
    if not is_known_array(y):
        return abs(y) if absolute else y * v
    xp = namespace(y)
    if isinstance(v, float):
        return xp.abs(y) if absolute else y * v
    wide = backends.of(y).widest
    terms = (y if y.dtype == wide else xp.astype(y, wide)) * xp.astype(v, wide, copy=False)
    return xp.sum(xp.abs(terms) if absolute else terms)

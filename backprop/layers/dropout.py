"""Dropout: in training a part of the entries is left out (section 6.4.3)."""

import math
from collections.abc import Mapping
from typing import Any

import backends
from backends import Array, namespace
from backprop.arguments import a_share, truth, whole
from backprop.arrays import floating_array, shape
from backprop.layers.layer import Layer, as_dtype, upstream


class Dropout(Layer):
    """Sets a random part of the entries to 0 in training, and none else (Srivastava et al., 2014).

    In training y = x * mask / (1 - ratio), so that the mean stays what it is and nothing is left to
    do without training. `inverted=False` is the book's: y = x * mask in training, and
    x * (1 - ratio) without; the book's trained files need it.

    Parameters
    ----------
    ratio : float
        The share that is left out, in [0, 1).
    seed : int, optional
        Of the masks: they are drawn on the host, the same on every library, and nothing waits for
        the device.
    inverted : bool
        Whether to divide by 1 - ratio in training.

    Attributes
    ----------
    rng : numpy.random.Generator
        What draws the masks.
    held : bool
        Whether training passes have one mask until `advance`, as two of them must to be compared.
        A network holds its layers, and goes on with each gradient.
    rows : (int, int) or None
        Where several processes share a batch: which of its rows the first one here is, and how
        many it has. The mask is then that part of the mask for the whole.
    given : array of bool or None
        What training passes keep, if somebody else has called `draw`: a step that is compiled.

    Raises
    ------
    ValueError
        When `ratio` is not in [0, 1), or `seed` is negative.
    """

    def __init__(
        self, ratio: float = 0.5, seed: int | None = None, *, inverted: bool = True
    ) -> None:
        super().__init__()
        self.ratio, self.inverted = a_share("ratio", ratio), truth("inverted", inverted)
        drawn = int(backends.host().rng().integers(1 << 32)) if seed is None else seed
        self.seed = whole("seed", drawn, least=0)
        self.rng = backends.host().rng(self.seed)
        self.held = False
        self.rows: tuple[int, int] | None = None
        self.given: Array | None = None
        self._last: Mapping[str, Any] | None = None  # where the last mask of a gradient begins
        self._next: Mapping[str, Any] | None = None  # where a mask ends that is held

    def config(self) -> dict[str, Any]:
        """Return ratio, seed and kind."""
        return {"ratio": self.ratio, "seed": self.seed, "inverted": self.inverted}

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return `x` with a part of its entries 0 in training; else as it is, or its expectation.

        Parameters
        ----------
        x : array, any shape
        training : bool
            Whether to draw a mask.

        Returns
        -------
        array, in the shape of `x`
        """
        x = floating_array(x)
        unmasked = 1.0 if self.inverted else 1.0 - self.ratio
        factor = self._mask(x) if training else unmasked
        self.cache = factor, tuple(x.shape), x[:0, ...] if x.ndim else x
        return x * factor

    def _mask(self, x: Array) -> Array:
        """Return 0 for what is left out, 1 or 1 / (1 - ratio) for the rest, in the shape of x."""
        kept = backends.of(x).asarray(self.draw(shape(x))) if self.given is None else self.given
        mask = namespace(x).astype(kept, x.dtype)
        if self.inverted:
            mask *= 1.0 / (1.0 - self.ratio)
        return mask

    def draw(self, wanted: tuple[int, ...]) -> Any:
        """Return which entries of an array of a shape are kept: random bools, on the host."""
        bits = self.rng.bit_generator
        before = bits.state
        count = wanted[0] if wanted else 1
        first, of = self.rows or (0, count)
        kept = self._random(wanted, first, of - first - count) >= self.ratio
        if self.held:
            self._next, bits.state = bits.state, before
        return kept

    def _random(self, wanted: tuple[int, ...], before: int, after: int) -> Any:
        """Return numbers of [0, 1) for some rows; those for other rows are passed over."""
        a_row, bits = math.prod(wanted[1:]), self.rng.bit_generator
        skip = getattr(bits, "advance", self.rng.random)  # a number is one draw of 64 bits
        if before:
            skip(before * a_row)
        drawn = self.rng.random(wanted)
        if after:
            skip(after * a_row)
        return drawn

    def advance(self) -> None:
        """Go on to another mask, where one was held."""
        if self._next is not None:
            self._last = self.rng.bit_generator.state
            self.rng.bit_generator.state = self._next
            self._next = None

    def go_back(self) -> None:
        """Go back to the mask before the last `advance`, if there was one."""
        if self._last is not None:
            self.rng.bit_generator.state = self._last

    def backward(self, dout: Any = 1) -> Array:
        """Return dx = dout * mask, with the same factor."""
        factor, out, like = self.recall()
        return as_dtype(upstream(dout, out, like) * factor, like.dtype)

"""Layers with weights drawn at random, for the networks that are built from sizes."""

from collections.abc import Mapping
from typing import Any

import backends
from backends import Array, Backend, DType, isdtype
from backprop.arguments import a_share, whole, wholes
from backprop.initialization import WeightScale, weight_std
from backprop.layers import Affine, BatchNormalization, Convolution, Dropout


class Builder:
    """Draws weights on the host, so that a seed gives the same ones on every backend.

    Parameters
    ----------
    backend : Backend or str, optional
        Where the arrays are; as `backends.select()` decides if not given.
    dtype : str or dtype
        Their dtype.
    seed : int, optional
        Of the weights, and of the masks of Dropout.
    """

    def __init__(self, backend: str | Backend | None, dtype: str | DType, seed: int | None) -> None:
        self.backend = backends.select(backend)
        self.dtype = self.backend.dtype(dtype)
        if not isdtype(self.backend.xp, self.dtype, "real floating"):
            raise TypeError(f"`dtype` must be real floating; got {dtype}")
        self.rng = self.backend.rng(seed)

    def weights(self, shape: tuple[int, ...], inputs: int, scale: WeightScale) -> Array:
        """Return normally distributed weights for outputs that have so many inputs each."""
        values = weight_std(scale, inputs) * self.rng.standard_normal(shape)
        return self.backend.asarray(values, self.dtype)

    def filled(self, size: int, value: float) -> Array:
        """Return an array of shape (size,) with one value."""
        return self.backend.xp.full(size, value, dtype=self.dtype, device=self.backend.device)

    def affine(self, inputs: int, outputs: int, scale: WeightScale) -> Affine:
        """Return an Affine layer with biases of 0."""
        return Affine(self.weights((inputs, outputs), inputs, scale), self.filled(outputs, 0.0))

    def convolution(
        self, channels: int, param: Mapping[str, int], scale: WeightScale
    ) -> Convolution:
        """Return a Convolution of square filters with biases of 0, as the book writes it.

        Parameters
        ----------
        channels : int
            C.
        param : mapping
            `filter_num`, `filter_size`, and `stride` and `pad`, 1 and 0 if not given.
        scale : float or str
            As `weight_std` takes it.
        """
        check_param(param)
        filters = whole("filter_num", param["filter_num"])
        size = whole("filter_size", param["filter_size"])
        W = self.weights((filters, channels, size, size), channels * size * size, scale)
        return Convolution(
            W, self.filled(filters, 0.0), param.get("stride", 1), param.get("pad", 0)
        )

    def batch_normalization(self, size: int) -> BatchNormalization:
        """Return a BatchNormalization that scales by 1 and shifts by 0 at first."""
        return BatchNormalization(self.filled(size, 1.0), self.filled(size, 0.0))

    def dropout(self, ratio: float, inverted: bool) -> Dropout:
        """Return a Dropout with a seed of its own."""
        ratio = a_share("dropout_ration", ratio)
        return Dropout(ratio, int(self.rng.integers(1 << 32)), inverted=inverted)


def picture_size(input_dim: Any) -> tuple[int, int, int]:
    """Return C, H and W from a sequence.

    Raises
    ------
    TypeError
        When it is no sequence of whole numbers.
    ValueError
        When they are not three, or one is less than 1.
    """
    sizes = wholes("input_dim", input_dim)
    if len(sizes) != 3:
        raise ValueError(f"`input_dim` must be (C, H, W); got {sizes}")
    return sizes


def check_param(param: Mapping[str, int]) -> None:
    """Raise an error unless a mapping describes a convolution.

    Raises
    ------
    TypeError
        When it is no mapping.
    ValueError
        When it says too little, or something else.
    """
    if not isinstance(param, Mapping):
        raise TypeError(f"a convolution must be described by a dictionary; got {param!r}")
    needed, known = {"filter_num", "filter_size"}, {"filter_num", "filter_size", "stride", "pad"}
    if not needed <= set(param) <= known:
        raise ValueError(
            "a convolution must have filter_num and filter_size, and may have stride and pad; "
            f"got {', '.join(param) or 'nothing'}"
        )

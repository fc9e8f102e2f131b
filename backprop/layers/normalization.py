"""Batch normalization (section 6.3), and layer normalization beside it."""

import math
from typing import Any

import backends
from backends import Array, ArrayIn, namespace
from backprop.arguments import number
from backprop.arrays import batch, copy_of, floating_array, shape
from backprop.layers.layer import as_dtype, upstream
from backprop.layers.normalizing import EPS, Normalization, moments


class BatchNormalization(Normalization):
    """Normalizes each feature over the batch in training, else by running statistics.

    D features: (N, D) is normalized by column. (N, C, H, W) is normalized by channel, over all its
    pixels, where D is C; and each of the C H W entries alone where D is their number, as in the
    book. The running statistics are means with weights that fall: old * momentum +
    new * (1 - momentum) (section 6.3; Ioffe and Szegedy, 2015).

    Parameters
    ----------
    gamma, beta : array, shape (D,)
        Scales and shifts. The arrays themselves are kept, not copies.
    momentum : float
        The share of the old statistics that a training pass keeps, in [0, 1].
    running_mean, running_var : array, shape (D,), optional
        The statistics at first: 0 and 1 if not given. They are copied, and kept in `state`.
    eps : float
        What is added to the variance, the book's 10e-7 if not given. The variance is that of the
        batch, divided by m and not by m - 1, as in the book.

    Raises
    ------
    TypeError
        When the arrays differ in library, device or dtype.
    ValueError
        When shapes don't fit, or a number is out of range.
    """

    def __init__(
        self,
        gamma: ArrayIn,
        beta: ArrayIn,
        momentum: float = 0.9,
        running_mean: ArrayIn | None = None,
        running_var: ArrayIn | None = None,
        *,
        eps: float = EPS,
    ) -> None:
        super().__init__(gamma, beta, eps)
        self.momentum = number("momentum", momentum)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"`momentum` must be in [0, 1]; got {momentum}")
        xp = namespace(gamma)
        given = {"running_mean": running_mean, "running_var": running_var}
        for (name, value), first in zip(given.items(), (xp.zeros_like, xp.ones_like), strict=True):
            if value is not None:
                backends.of(gamma).require(value, name, gamma.dtype)
                if value.shape != gamma.shape:
                    raise ValueError(f"`{name}` must have shape {shape(gamma)}; got {shape(value)}")
            self.state[name] = first(gamma) if value is None else copy_of(value)

    @property
    def running_mean(self) -> Array:
        """The running mean, shape (D,)."""
        return self.state["running_mean"]

    @property
    def running_var(self) -> Array:
        """The running variance, shape (D,)."""
        return self.state["running_var"]

    def config(self) -> dict[str, Any]:
        """Return momentum and eps."""
        return {"momentum": self.momentum, "eps": self.eps}

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return γ x̂ + β.

        Parameters
        ----------
        x : array, shape (N, D), or (N, C, ...) with D = C, or with D entries a sample
        training : bool
            Whether to normalize by the batch, and to let the running statistics follow it.

        Returns
        -------
        array, in the shape of `x`
        """
        x = floating_array(x)
        xp = namespace(x, self.params["gamma"])
        grouped = xp.reshape(x, self._grouped(x))
        if training:
            mean, centered, var = moments(grouped, (0, 2))
            self._follow(running_mean=mean, running_var=var)
        else:
            centered = grouped - self.state["running_mean"][:, None]
            var = self.state["running_var"][None, :, None]
        scale = 1.0 / xp.sqrt(var + self.eps)
        normal = centered * scale
        self.cache = normal, scale, training, x[:0, ...], tuple(x.shape)
        return xp.reshape(self.scaled(normal), (batch(x), *x.shape[1:]))

    def _grouped(self, x: Array) -> tuple[int, int, int]:
        """Return the shape (N, D, S): S entries of each sample belong to one feature."""
        size = self.params["gamma"].shape[0]
        entries = math.prod(x.shape[1:])
        if x.ndim >= 2 and entries == size:
            return batch(x), size, 1
        if x.ndim > 2 and x.shape[1] == size:
            return batch(x), size, entries // size
        raise ValueError(
            f"`x` must have shape (N, {size}), or (N, {size}, ...), or (N, ...) with {size} "
            f"entries a sample; got {shape(x)}"
        )

    def _follow(self, **statistics: Array) -> None:
        """Let the running statistics follow those of a batch."""
        for name, new in statistics.items():
            old = self.state[name]
            new = as_dtype(namespace(new).reshape(new, old.shape), old.dtype)
            self.state[name] = self.momentum * old + (1.0 - self.momentum) * new

    def backward(self, dout: Any = 1) -> Array:
        """Return dx in the shape of `x`; set dγ = Σ dout x̂ and dβ = Σ dout, shape (D,)."""
        normal, scale, training, like, out = self.recall()
        xp = namespace(normal)
        dout = xp.reshape(upstream(dout, out, like), normal.shape)
        dx = self.by_group(dout, normal, scale, (0, 2) if training else None)
        return as_dtype(xp.reshape(dx, out), like.dtype)


class LayerNormalization(Normalization):
    """Normalizes each sample over its last axis, in training and without (Ba et al., 2016).

    Parameters
    ----------
    gamma, beta : array, shape (D,)
        Scales and shifts. The arrays themselves are kept, not copies.
    eps : float
        What is added to the variance.

    Raises
    ------
    TypeError
        When the arrays differ in library, device or dtype.
    ValueError
        When shapes don't fit, or `eps` is not positive.
    """

    def __init__(self, gamma: ArrayIn, beta: ArrayIn, *, eps: float = EPS) -> None:
        super().__init__(gamma, beta, eps)

    def config(self) -> dict[str, Any]:
        """Return eps."""
        return {"eps": self.eps}

    def forward(self, x: Array) -> Array:
        """Return γ x̂ + β for `x` of shape (..., D)."""
        x = floating_array(x)
        xp, size = namespace(x, self.params["gamma"]), self.params["gamma"].shape[0]
        if x.ndim == 0 or x.shape[-1] != size:
            raise ValueError(f"`x` must have shape (..., {size}); got {shape(x)}")
        _, centered, var = moments(xp.reshape(x, (-1, size, 1)), (1,))
        scale = 1.0 / xp.sqrt(var + self.eps)
        normal = centered * scale
        self.cache = normal, scale, x[:0, ...], tuple(x.shape)
        return xp.reshape(self.scaled(normal), (batch(x), *x.shape[1:]))

    def backward(self, dout: Any = 1) -> Array:
        """Return dx in the shape of `x`; set dγ = Σ dout x̂ and dβ = Σ dout, shape (D,)."""
        normal, scale, like, out = self.recall()
        xp = namespace(normal)
        dout = xp.reshape(upstream(dout, out, like), normal.shape)
        dx = self.by_group(dout, normal, scale, (1,))
        return as_dtype(xp.reshape(dx, out), like.dtype)

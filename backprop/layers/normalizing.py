"""Normalization: each entry less the mean of its group, by the group's standard deviation.

x̂ = (x - μ) / √(σ² + eps) over a group of m entries, with σ² = Σ (x - μ)² / m; y = γ x̂ + β. In the
gradient μ and σ depend on all entries of the group: with g = γ dout,
dx = (g - mean(g) - x̂ mean(g x̂)) / √(σ² + eps) (section 6.3; the derivation is on the page of
chapter 6).
"""

import backends
from backends import Array, ArrayIn, namespace
from backprop.arguments import positive
from backprop.arrays import check_array, shape
from backprop.layers.layer import Layer, as_dtype, gradient_of, learnt

EPS = 1e-6
"""The book's 10e-7."""


class Normalization(Layer):
    """What both normalizations have in common: γ and β of shape (D,), and the formulas."""

    def __init__(self, gamma: ArrayIn, beta: ArrayIn, eps: float) -> None:
        super().__init__()
        check_array("gamma", gamma)
        backends.of(gamma).require(beta, "beta", gamma.dtype)
        if gamma.ndim != 1 or beta.shape != gamma.shape:
            raise ValueError(
                f"`gamma` and `beta` must have shape (D,); got {shape(gamma)} and {shape(beta)}"
            )
        self.params = {"gamma": gamma, "beta": beta}
        self.eps = float(positive("eps", eps))

    gamma = learnt("gamma", "Scales, shape (D,).")
    beta = learnt("beta", "Shifts, shape (D,).")
    dgamma = gradient_of("gamma", "Gradient of `gamma`, shape (D,); None before `backward`.")
    dbeta = gradient_of("beta", "Gradient of `beta`, shape (D,); None before `backward`.")

    def scaled(self, normal: Array) -> Array:
        """Return γ x̂ + β for (N, D, S)."""
        y = normal * self.params["gamma"][:, None]
        y += self.params["beta"][:, None]
        return y

    def by_group(
        self, dout: Array, normal: Array, scale: Array, axes: tuple[int, ...] | None
    ) -> Array:
        """Set dγ and dβ; return dx for (N, D, S). Without axes μ and σ are no functions of x."""
        xp, gamma = namespace(normal), self.params["gamma"]
        self.grads["gamma"] = as_dtype(xp.sum(dout * normal, axis=(0, 2)), gamma.dtype)
        self.grads["beta"] = as_dtype(xp.sum(dout, axis=(0, 2)), gamma.dtype)
        g = dout * gamma[:, None]
        if axes is not None:
            along = xp.mean(g * normal, axis=axes, keepdims=True)
            g = g - xp.mean(g, axis=axes, keepdims=True) - normal * along
        return g * scale


def moments(x: Array, axes: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Return μ, x - μ and σ² over some axes, which are kept with length 1."""
    xp = namespace(x)
    mean = xp.mean(x, axis=axes, keepdims=True)
    centered = x - mean
    return mean, centered, xp.mean(centered * centered, axis=axes, keepdims=True)

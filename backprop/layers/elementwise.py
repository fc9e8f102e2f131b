"""Layers that apply one function to each entry."""

from typing import Any

from backprop.arrays import is_array
from backprop.layers.layer import Layer, as_dtype, keeps, times, upstream


class Elementwise(Layer):
    """Base of the layers whose output depends, entry by entry, on the same entry of the input.

    A subclass gives its function, `value`, and under it the derivative, `slope`, and nothing else.
    The numerical gradient of a network is fast where its layers are such, or Affine.

    Examples
    --------
    >>> class Square(Elementwise):
    ...     def value(self, x):
    ...         return x * x, x
    ...     def slope(self, x):
    ...         return 2 * x
    >>> layer = Square()
    >>> layer.forward(3.0), layer.backward()
    (9.0, 6.0)
    """

    def value(self, x: Any) -> tuple[Any, Any]:
        """Return the function of each entry of `x`, and what `slope` needs of it: not None."""
        raise NotImplementedError(f"{type(self).__name__} must define value")

    def slope(self, kept: Any) -> Any:
        """Return the derivative at each entry, in the shape of `x`, from what `value` kept."""
        raise NotImplementedError(f"{type(self).__name__} must define slope")

    def forward(self, x: Any) -> Any:
        """Return the function of each entry, in the shape of `x`."""
        y, self.cache = self.value(x)
        return y

    def backward(self, dout: Any = 1) -> Any:
        """Return dx = dout * slope."""
        slope = self.slope(self.recall())
        if not is_array(slope):
            return dout * slope
        dout = upstream(dout, slope.shape, slope)
        return as_dtype(times(dout, slope), slope.dtype)


def is_elementwise(layer: Any) -> bool:
    """Tell whether a layer is `Elementwise`, and no pass of its own takes that back."""
    return (
        isinstance(layer, Elementwise)
        and keeps(layer, Elementwise, "forward")
        and "value" not in vars(layer)
    )

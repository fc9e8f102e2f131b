"""What a layer is: a forward pass, and the backward pass derived from it by hand."""

import numbers
from typing import Any, ClassVar

from backends import Array, DType, device, isdtype, namespace
from backprop.arrays import floating_dtype, shape


class Layer:
    """Base of all layers.

    Attributes
    ----------
    params : dict of str to array
        What is learnt, in order; empty for a layer without parameters.
    grads : dict of str to array
        The same keys, set by `backward`: the derivative of the loss by each parameter.
    elementwise : bool
        Whether each entry of the output depends on the input's same entry only; a class that says
        so gets the fast numerical gradient.

    Notes
    -----
    Nothing that comes in is ever changed: not an input, not `dout`. `forward` keeps the least
    that `backward` needs. A layer of your own derives from this, or is any object with these
    two methods and, if it learns, these two dictionaries.
    """

    params: dict[str, Array]
    grads: dict[str, Array]
    elementwise: ClassVar[bool] = False
    _cache: Any = None

    def __init_subclass__(cls) -> None:
        """Take back what a subclass with a pass of its own can no longer promise."""
        super().__init_subclass__()
        if "backward" in vars(cls) and "backward_params" not in vars(cls):
            cls.backward_params = Layer.backward_params  # type: ignore[method-assign]
        if "forward" in vars(cls) and "elementwise" not in vars(cls):
            cls.elementwise = False

    def __init__(self) -> None:
        self.params = {}
        self.grads = {}

    def forward(self, *inputs: Any) -> Array:
        """Return the output for the inputs."""
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def backward(self, dout: Any = 1) -> Any:
        """Return the derivative of the loss by each input, given that by the output, `dout`.

        Raises
        ------
        RuntimeError
            When there was no forward pass.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward")

    def backward_params(self, dout: Any = 1) -> None:
        """Set `grads` only: for the first layer of a network, whose `dx` nobody reads."""
        self.backward(dout)

    def _recall(self) -> Any:
        if self._cache is None:
            raise RuntimeError(f"{type(self).__name__}.backward needs a forward pass first")
        return self._cache


def upstream(dout: Any, out: tuple[int, ...], like: Array, dtype: DType | None = None) -> Array:
    """Return `dout` in the shape of the output; a number or 0-d array stands for every entry.

    Parameters
    ----------
    dout : array or number
        The derivative of the loss by the output.
    out : tuple of int
        The output's shape.
    like : array
        On the output's device.
    dtype : dtype, optional
        The output's dtype, where it is not that of `like`.

    Raises
    ------
    TypeError
        When `dout` is no number and no array of the library of `like`.
    ValueError
        When `dout` has another shape than the output.
    """
    xp = namespace(like)
    given = getattr(dout, "shape", None)
    if given == out and namespace(dout) is xp:
        return dout
    dtype = floating_dtype(like, like.dtype if dtype is None else dtype)
    if isinstance(dout, numbers.Real):  # NumPy's scalars are such numbers too
        return xp.full(out, float(dout), dtype=dtype, device=device(like))
    if given is None:
        raise TypeError(f"`dout` must be an array or a number; got {type(dout).__name__}")
    namespace(like, dout)
    if given == ():
        return xp.broadcast_to(xp.astype(dout, dtype), out)
    raise ValueError(f"`dout` must have shape {out}, like the output; got {shape(dout)}")


def as_dtype(x: Array, dtype: DType) -> Array:
    """Return `x` in `dtype`, if that is a floating one: a gradient in the dtype of its input."""
    if x.dtype == dtype or not isdtype(namespace(x), dtype, "real floating"):
        return x
    return namespace(x).astype(x, dtype)

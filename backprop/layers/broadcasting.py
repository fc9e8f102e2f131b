"""What layers of two inputs share: numbers or arrays, broadcast as the standard says."""

from itertools import zip_longest
from typing import Any

from backends import Array, isdtype, namespace
from backprop.layers.layer import as_dtype, upstream


def check_inputs(x: Any, y: Any) -> None:
    """Raise a TypeError when both are arrays, but not of one library."""
    if hasattr(x, "dtype") and hasattr(y, "dtype"):
        namespace(x, y)


def joint_upstream(dout: Any, x: Any, y: Any) -> Any:
    """Return `dout` in the shape of the output; a number if both inputs are numbers."""
    arrays = [v for v in (x, y) if hasattr(v, "dtype")]
    if not arrays:
        return dout
    shapes = [v.shape[::-1] for v in arrays]
    out = tuple(n if m == 1 else m for m, n in zip_longest(shapes[0], shapes[-1], fillvalue=1))
    return upstream(dout, out[::-1], arrays[0])


def factor(x: Any, dout: Any) -> Any:
    """Return `x` as something that `dout` can be multiplied by: integers in its dtype."""
    integers = hasattr(x, "dtype") and isdtype(namespace(x), x.dtype, ("integral", "bool"))
    return namespace(x).astype(x, dout.dtype) if integers else x


def unbroadcast(dx: Array, x: Array) -> Array:
    """Return `dx` summed over the axes along which `x` was broadcast: with the shape of `x`."""
    if not hasattr(dx, "shape"):
        return dx
    xp = namespace(dx)
    shape = getattr(x, "shape", ())
    added = dx.ndim - len(shape)
    if added:
        dx = xp.sum(dx, axis=tuple(range(added)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and dx.shape[i] != 1)
    if stretched:
        dx = xp.sum(dx, axis=stretched, keepdims=True)
    return as_dtype(dx, x.dtype) if hasattr(x, "dtype") else dx

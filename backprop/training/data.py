"""A data set brought to where the network is."""

import warnings
from typing import Any, Protocol, TypeAlias

from backends import Array, ArrayIn, Backend, isdtype, namespace
from backprop.arrays import shape
from backprop.finite import check_finite
from backprop.networks import Network


class _Convertible(Protocol):
    def __array__(self) -> Any: ...


Samples: TypeAlias = ArrayIn | _Convertible | list[Any] | tuple[Any, ...]
"""What training takes as inputs or labels: arrays, and what NumPy makes one of; no text."""

_PIXELS = 128, 255
"""Where the largest value of pixels of 8 bits lies."""


def admitted(net: Network, data: tuple[Samples, Samples], name: str) -> tuple[Array, Array]:
    """Return a data set on the network's device and in its dtype, with its labels checked.

    Parameters
    ----------
    net : Network
        Its loss layer says what labels must be, by `check_labels`, if it has that.
    data : tuple of (x, t)
        Inputs and labels.
    name : str
        What errors call it.

    Raises
    ------
    TypeError, ValueError
        When inputs and labels differ in number, either are not real or not finite
        (`NotFiniteError`), or labels don't fit.
    """
    x: Array = data[0]
    t: Array = data[1]
    backend, dtype = net.backend, net.dtype
    if backend is not None:
        x, t = _on(backend, x), _on(backend, t)
        for what, array in (("inputs", x), ("labels", t)):
            if not isdtype(backend.xp, array.dtype, ("real floating", "integral", "bool")):
                raise TypeError(f"the {what} of `{name}` must be real; got {array.dtype}")
        x = x if dtype is None or x.dtype == dtype else backend.xp.astype(x, dtype)
    if x.ndim < 2 or t.ndim < 1 or x.shape[0] != t.shape[0] or x.shape[0] == 0:
        raise ValueError(
            f"`{name}` must be inputs (N, ...) and N >= 1 labels; got {shape(x)} and {shape(t)}"
        )
    check_finite(x, f"{name}[0]")
    check_finite(t, f"{name}[1]")
    outputs = net.predict(x[:1, ...]).shape[-1]
    check_labels = getattr(net.last_layer, "check_labels", None)
    if check_labels is not None:
        check_labels(t, (x.shape[0], outputs))
    return x, t


def warn_of_pixels(x: Array) -> None:
    """Warn of inputs that look like pixels of 0 to 255; waits for the device."""
    xp = namespace(x)
    low, high = float(xp.min(x)), float(xp.max(x))
    if low >= 0 and _PIXELS[0] <= high <= _PIXELS[1]:
        warnings.warn(
            f"the inputs reach from {low:g} to {high:g}, as pixels do, and a network learns little "
            "from numbers so large: divide them, `x / 255`",
            stacklevel=3,
        )


def _on(backend: Backend, data: Any) -> Array:
    return data if backend.holds(data) else backend.asarray(data)

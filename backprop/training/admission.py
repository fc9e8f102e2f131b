"""Inputs and labels brought to where the network is, and looked at before it learns from them."""

import warnings
from typing import Any

from backends import Array, Backend, namespace
from backprop.arrays import check_real, shape
from backprop.finite import check_finite
from backprop.networks import Network

_PIXELS = 128, 255
"""Where the largest value of pixels of 8 bits lies."""


def placed(net: Network, x: Any, t: Any, name: str) -> tuple[Array, Array]:
    """Return inputs and labels on the network's device, the inputs in its dtype.

    Parameters
    ----------
    net : Network
        One without parameters takes them as they are.
    x, t : Samples
        Inputs and labels.
    name : str
        What errors call them.

    Raises
    ------
    TypeError
        When either are not real.
    """
    backend, dtype = net.backend, net.dtype
    if backend is None:
        return x, t
    x = _real(backend, x, f"the inputs of `{name}`")
    t = _real(backend, t, f"the labels of `{name}`")
    return x if dtype is None or x.dtype == dtype else backend.xp.astype(x, dtype), t


def _real(backend: Backend, data: Any, what: str) -> Array:
    """Return data on a backend; a TypeError says what they are where they are not real."""
    try:
        x = held_on(backend, data)
    except TypeError as error:
        raise TypeError(f"{what}: {error}") from None
    check_real(what, x)
    return x


def held_on(backend: Backend, data: Any) -> Array:
    """Return data as an array of a backend: itself, where it is one, but no masked array."""
    masked = hasattr(data, "mask")  # an array that NumPy holds, and nobody can train on
    return data if backend.holds(data) and not masked else backend.asarray(data)


def check_shapes(x: tuple[int, ...], t: tuple[int, ...], name: str) -> None:
    """Raise a ValueError unless there are N >= 1 inputs and as many labels."""
    if len(x) < 2 or len(t) < 1 or x[0] != t[0] or x[0] == 0:
        raise ValueError(f"`{name}` must be inputs (N, ...) and N >= 1 labels; got {x} and {t}")


def check_values(net: Network, x: Array, t: Array, outputs: int, name: str) -> None:
    """Raise an error unless inputs and labels are finite, and labels such as the loss layer takes.

    Waits for the device.

    Parameters
    ----------
    net : Network
        Its loss layer says what labels must be, by `check_labels`, if it has that.
    x, t : array
        Inputs and labels, of any library.
    outputs : int
        How many scores a sample has.
    name : str
        What errors call them.

    Raises
    ------
    TypeError, ValueError
        When either are not finite (`NotFiniteError`), or labels don't fit.
    """
    check_finite(x, f"{name}[0]")
    check_finite(t, f"{name}[1]")
    check_labels = getattr(net.last_layer, "check_labels", None)
    if check_labels is not None:
        check_labels(t, (x.shape[0], outputs))


def outputs_of(net: Network, x: Array) -> int:
    """Return how many scores the network gives a sample like the first one."""
    return int(net.predict(x[:1, ...]).shape[-1])


def admitted(net: Network, x: Any, t: Any, name: str) -> tuple[Array, Array]:
    """Return inputs and labels on the network's device and in its dtype, all of them checked.

    Raises
    ------
    TypeError, ValueError
        When inputs and labels differ in number, either are not real or not finite
        (`NotFiniteError`), or labels don't fit.
    """
    x, t = placed(net, x, t, name)
    check_shapes(shape(x), shape(t), name)
    check_values(net, x, t, outputs_of(net, x), name)
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

"""A data set brought to where the network is."""

from typing import Any

from backends import Array, Backend
from backprop.arrays import shape
from backprop.networks import Network


def admitted(net: Network, data: tuple[Any, Any], name: str) -> tuple[Array, Array]:
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
        When inputs and labels differ in number, or labels don't fit.
    """
    x, t = data
    backend, dtype = net.backend, net.dtype
    if backend is not None:
        x, t = _on(backend, x), _on(backend, t)
        x = x if dtype is None or x.dtype == dtype else backend.xp.astype(x, dtype)
    if x.ndim < 2 or t.ndim < 1 or x.shape[0] != t.shape[0] or x.shape[0] == 0:
        raise ValueError(
            f"`{name}` must be inputs (N, ...) and N >= 1 labels; got {shape(x)} and {shape(t)}"
        )
    outputs = net.predict(x[:1, ...]).shape[-1]
    check_labels = getattr(net.last_layer, "check_labels", None)
    if check_labels is not None:
        check_labels(t, (x.shape[0], outputs))
    return x, t


def _on(backend: Backend, data: Any) -> Array:
    return data if backend.holds(data) else backend.asarray(data)

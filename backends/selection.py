"""From arguments and environment to a backend."""

import os
from typing import NamedTuple

from .backend import Backend
from .errors import DeviceUnavailableError, UnknownBackendError
from .libraries import KNOWN, Library, is_cuda, library_of
from .namespace import Array
from .namespace import device as device_of

DEVICE_VARIABLE = "BACKPROP_DEVICE"
LIBRARY_VARIABLE = "BACKPROP_LIBRARY"

_HOST = Backend(KNOWN["numpy"], "cpu")


def select(device: str | Backend | None = None, library: str | None = None) -> Backend:
    """Return the backend for a device and a library.

    Parameters
    ----------
    device : str, optional
        ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"auto"``: CUDA if it is usable, else the CPU, and
        the choice is logged. A library may have more (``"meta"``, ``"device1"``). Without it
        `BACKPROP_DEVICE` decides, and without that the CPU. A `Backend` is returned as it is.
    library : str, optional
        ``"numpy"``, ``"cupy"``, ``"torch"``, ``"jax"``, ``"dpnp"`` or ``"array-api-strict"``.
        Without it `BACKPROP_LIBRARY` decides, and without that the device: NumPy on the CPU, CuPy
        on CUDA.

    Raises
    ------
    DeviceUnavailableError
        When the device can't be had; never a silent fall-back.
    TypeError
        When they are no names, or a library is given beside a `Backend`.
    UnknownBackendError
        When there is no device or library of that name.

    Examples
    --------
    >>> backend = select("cpu", library="numpy")
    >>> print(backend)
    numpy on cpu
    """
    if isinstance(device, Backend):
        if library is not None:
            raise TypeError(f"`library` must not be given beside a Backend; got {library!r}")
        return device
    device = _clean(device) or _clean(os.environ.get(DEVICE_VARIABLE))
    library = _clean(library) or _clean(os.environ.get(LIBRARY_VARIABLE))
    if device == "auto":
        return _auto(library)
    chosen = _library(library, device)
    return Backend(chosen, chosen.device(device or chosen.default_device))


def of(x: Array) -> Backend:
    """Return the backend that the array `x` lives on.

    Raises
    ------
    TypeError
        When `x` is no array.
    """
    return Backend(library_of(x), device_of(x))


def is_host(x: Array) -> bool:
    """Tell whether `x` lies in host memory, so that reading a value makes nothing wait."""
    return library_of(x).is_host(device_of(x))


def is_writable(x: Array) -> bool:
    """Tell whether entries of `x` can be assigned one at a time.

    Not those of JAX, nor of read-only memory, nor entries that share memory with one another, nor
    those of a tensor that autograd watches or that was made under inference mode.
    """
    return library_of(x).is_writable(x)


def host() -> Backend:
    """Return the backend of host memory, where files are read and random numbers drawn: NumPy."""
    return _HOST


class Availability(NamedTuple):
    """What `available` found out about one library; `reason` says why it can't be used."""

    library: str
    version: str | None
    devices: tuple[str, ...]
    reason: str | None


def available() -> tuple[Availability, ...]:
    """Return for every known library its version and devices, or why it can't be used.

    Imports each library that is installed.
    """
    return tuple(_availability(library) for library in KNOWN.values())


def _availability(library: Library) -> Availability:
    try:
        library.namespace()
        devices = tuple(library.devices())
    except DeviceUnavailableError as error:
        return Availability(library.name, None, (), str(error))
    reason = None if devices else library.why_not(library.default_device)
    return Availability(library.name, library.version(), devices, reason)


def _clean(name: str | None) -> str | None:
    if name is not None and not isinstance(name, str):
        raise TypeError(f"device and library must be names; got {type(name).__name__}")
    return name.strip().lower() or None if name is not None else None


def _library(name: str | None, device: str | None) -> Library:
    """Return the library called `name`; without a name the one that the device chooses."""
    if name is None:
        if device in (None, "cpu"):
            name = "numpy"
        elif device is not None and is_cuda(device):
            name = "cupy"
        else:
            raise UnknownBackendError(
                f"device must be cpu, cuda, cuda:N or auto (`device=` or {DEVICE_VARIABLE}); "
                f"got {device!r}"
            )
    if name not in KNOWN:
        raise UnknownBackendError(
            f"library must be one of {', '.join(KNOWN)} (`library=` or {LIBRARY_VARIABLE}); "
            f"got {name!r}"
        )
    return KNOWN[name]


def _auto(library: str | None) -> Backend:
    import logging  # not needed otherwise

    logger = logging.getLogger("backends")
    try:
        backend = select("cuda", library)
    except UnknownBackendError:
        raise
    except DeviceUnavailableError as error:
        backend = select("cpu", library)
        logger.warning("device auto: using %s; no CUDA: %s", backend, error)
    else:
        logger.warning("device auto: using %s", backend)
    return backend

"""Values in another dtype: floats are rounded, and whatever else it can't hold is an error."""

from typing import Any

import numpy as np

from .host import numpy_dtype, short_name
from .libraries import library_of, library_or_none
from .namespace import Array, DType


def cast(x: Array, dtype: DType, origin: Array) -> Array:
    """Return an array in another dtype, floats rounded, whatever else equal.

    Parameters
    ----------
    x : array
    dtype : dtype
        Of the library of `x`.
    origin : array
        What `x` came from, itself where from nothing else: its values too can be looked at.

    Raises
    ------
    OverflowError, ValueError
        As `unchanged` does, of values that nothing has to wait for. Of others only where `x` is
        complex and the dtype is not.
    """
    _refuse_loss(x, dtype, origin)
    xp = library_of(x).namespace()
    if _is_complex(x.dtype) and not _is_complex(dtype):
        x = xp.real(x)
    return xp.astype(x, dtype)


def _refuse_loss(x: Array, dtype: DType, origin: Array) -> None:
    for known in (x, origin):
        library = library_or_none(known)
        if library is not None and library.is_readable(known):
            given = numpy_dtype(known.dtype)
            if not fits_always(given, numpy_dtype(dtype)):
                xp = library.namespace()
                wide = xp.astype(known, xp.float32) if given is None else known
                unchanged(library.to_numpy(wide), dtype)
            return
    if _is_complex(x.dtype) and not _is_complex(dtype):
        raise ValueError(
            f"values must be real for {short_name(dtype)}; got {short_name(x.dtype)}, whose "
            "imaginary part can't be looked at without a wait: take `xp.real` first"
        )


def _is_complex(dtype: DType) -> bool:
    return short_name(dtype).startswith("complex")


def unchanged(host: Any, dtype: Any) -> Any:
    """Return NumPy data as another dtype has them: floats rounded, whatever else equal.

    Parameters
    ----------
    host : NumPy array
    dtype : dtype of any library
        For bfloat16, float32 with its values is returned; for others that NumPy has not, the data
        as they are, real if the dtype is.

    Raises
    ------
    OverflowError
        When a value is too large, or an integer has more digits than a floating dtype.
    ValueError
        When a value has a fraction, or an imaginary part, which the dtype has not.
    """
    wanted = numpy_dtype(dtype)
    if (wanted is not None and wanted == host.dtype) or not host.size:
        return host
    name = short_name(dtype) if wanted is None else wanted.name
    if host.dtype.kind == "c" and not _is_complex(name):
        if np.any(host.imag != 0):
            raise ValueError(f"values must be real for {name}; got {_first(host, host.imag != 0)}")
        host = host.real
    if wanted is None and name != "bfloat16":
        return host
    with np.errstate(all="ignore"):
        new = _bfloat16(host) if wanted is None else host.astype(wanted)
        if fits_always(host.dtype, wanted):
            return new
        lost = _lost(host, new)
    if lost.any():
        whole = host.dtype.kind in "iu" and new.dtype.kind in "fc" and np.isfinite(new[lost]).all()
        what = f"integers must be exact in {name}" if whole else f"values must fit {name}"
        raise OverflowError(f"{what}; got {_first(host, lost)}")
    if new.dtype.kind in "iu" and np.any(fractional := new != host):
        raise ValueError(f"values must be whole for {name}; got {_first(host, fractional)}")
    return new


def fits_always(given: Any, wanted: Any) -> bool:
    """Tell whether one NumPy dtype has every value of another; None is one that NumPy has not."""
    if given is None or wanted is None:
        return False
    if given.kind in "iu" and wanted.kind in "fc":
        return bool(np.iinfo(given).bits <= np.finfo(wanted).nmant + 1)
    return bool(np.can_cast(given, wanted))


def _lost(host: Any, new: Any) -> Any:
    """Return where values are beyond another dtype, or integers are others there."""
    if new.dtype.kind in "iu":
        return _outside(host, np.iinfo(new.dtype))
    if new.dtype.kind == "b":
        return host != new
    if host.dtype.kind not in "iu":
        return np.isfinite(host) & ~np.isfinite(new)
    back = new.real.astype("float64") if new.dtype.itemsize < 8 else new.real
    return _outside(back, np.iinfo(host.dtype)) | (back.astype(host.dtype) != host)


def _bfloat16(host: Any) -> Any:
    """Return float32 rounded to the values of bfloat16, its upper half."""
    wide = np.array(host, dtype="float32")
    bits = wide.view("uint32")
    half = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    near = ((bits + half) & np.uint32(0xFFFF0000)).view("float32")
    return np.where(np.isfinite(wide), near, wide)


def _outside(host: Any, limits: Any) -> Any:
    """Return where values are beyond the limits of an integer dtype, or not a number."""
    if host.dtype.kind == "b":
        return np.zeros(host.shape, dtype=bool)
    if host.dtype.kind == "f":
        return ~((host >= float(limits.min)) & (host < float(limits.max) + 1))
    return (host < limits.min) | (host > limits.max)


def _first(host: Any, where: Any) -> Any:
    return host[where].flat[0].item()

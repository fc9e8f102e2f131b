"""Which array library, on which device, and the little that the Array API standard leaves out."""

import sys

from .backend import Backend
from .errors import DeviceUnavailableError, UnknownBackendError
from .libraries import Memory
from .namespace import (
    Array,
    ArrayIn,
    Device,
    DType,
    FloatDType,
    FloatName,
    device,
    isdtype,
    namespace,
)
from .selection import Availability, available, host, is_host, is_writable, of, select

__all__ = [
    "Array",
    "ArrayIn",
    "Availability",
    "Backend",
    "DType",
    "Device",
    "DeviceUnavailableError",
    "FloatDType",
    "FloatName",
    "Memory",
    "UnknownBackendError",
    "available",
    "device",
    "host",
    "is_host",
    "is_writable",
    "isdtype",
    "namespace",
    "of",
    "select",
]

_PLUGIN = "pytest_array_backends_shim"
if _PLUGIN in sys.modules and __name__ != _PLUGIN:  # pytest's plugin was first: the same, not anew
    for _name in [name for name in sys.modules if name.partition(".")[0] == _PLUGIN]:
        sys.modules[__name__ + _name.removeprefix(_PLUGIN)] = sys.modules[_name]

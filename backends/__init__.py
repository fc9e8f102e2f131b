"""Which array library, on which device, and the little that the Array API standard leaves out."""

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

"""NumPy: arrays in host memory, and the reference that every other library is held to."""

from ..namespace import Device
from .library import Library


class NumPy(Library):
    """NumPy on the CPU."""

    name = "numpy"
    module = "numpy"
    namespace_name = "array_api_compat.numpy"
    requirement = "numpy"

    def is_host(self, device: Device) -> bool:
        """Tell that NumPy's arrays always lie in host memory."""
        return True

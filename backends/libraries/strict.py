"""array-api-strict: the standard and not a word more, on pretended devices.

It stands in for a GPU where there is none: its arrays refuse what CuPy's would refuse.
"""

from typing import Any

from ..errors import DeviceUnavailableError
from ..namespace import Array, Device
from .library import Library


class Strict(Library):
    """array-api-strict: `cpu`, and the pretended devices `device1`, `device2`, `no_float64`, ..."""

    name = "array-api-strict"
    module = "array_api_strict"
    namespace_name = "array_api_strict"
    requirement = "array-api-strict"

    def devices(self) -> dict[str, Device]:
        """Return all the devices that array-api-strict pretends to have.

        Raises
        ------
        DeviceUnavailableError
            When it was set to a version of the standard that can't tell.
        """
        try:
            devices = self.namespace().__array_namespace_info__().devices()
        except RuntimeError as error:
            raise DeviceUnavailableError(
                "array-api-strict must be set to version 2023.12 of the standard or later "
                f"(`set_array_api_strict_flags`): {error}"
            ) from None
        return {self.device_name(device): device for device in devices}

    def device_name(self, device: Device) -> str:
        """Return `cpu` or the pretended device's own name."""
        name = str(device).removeprefix("array_api_strict.Device('").removesuffix("')")
        return "cpu" if name == "CPU_DEVICE" else name

    def from_dlpack(self, x: Array, device: Device) -> Array:
        """Take over an array; one on a pretended device has to pass through the real one."""
        return self.namespace().from_dlpack(x).to_device(device)

    def to_numpy(self, x: Array) -> Any:
        """Copy an array to the host; only its real device can be read."""
        return super().to_numpy(x.to_device(self.devices()["cpu"]))

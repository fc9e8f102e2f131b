"""dpnp: arrays on SYCL devices, Intel's GPUs and any CPU with an OpenCL runtime."""

from typing import Any

from ..distribution import extra
from ..errors import DeviceUnavailableError
from ..namespace import Array, Device
from .library import Library


class DPNP(Library):
    """dpnp on a SYCL device. A CPU counts as one: its kernels run asynchronously too."""

    name = "dpnp"
    module = "dpnp"
    namespace_name = "dpnp"
    requirement = extra("dpnp")

    def devices(self) -> dict[str, Device]:
        """Return `cpu` and `gpu`, the first of each kind, and `gpu:N`."""
        xp = self.namespace()
        devices: dict[str, Device] = {}
        for sycl in xp.__array_namespace_info__().devices():
            kind = "cpu" if sycl.is_cpu else "gpu" if sycl.is_gpu else "accelerator"
            number = sum(name.startswith(f"{kind}:") for name in devices)
            device = xp.empty(0, device=sycl).device  # what arrays carry, and compare
            devices.setdefault(kind, device)
            devices[f"{kind}:{number}"] = device
        return devices

    def device(self, name: str) -> Device:
        """Return the device `name`."""
        self.namespace()
        if not self.devices():
            raise DeviceUnavailableError(self.why_not(name))
        return super().device(name)

    def why_not(self, name: str) -> str:
        """Say that there is no SYCL device, or none of NVIDIA's."""
        if self.devices():
            return super().why_not(name)
        return (
            f"{name!r} needs a SYCL device, and dpnp sees none: for the CPU set OCL_ICD_FILENAMES "
            "to libintelocl.so, which lies in the environment's lib/; see `sycl-ls`"
        )

    def to_numpy(self, x: Array) -> Any:
        """Copy an array to the host; waits for the device."""
        return self.namespace().asnumpy(x).copy(order="C")

    def synchronize(self, device: Device) -> None:
        """Wait until the device has done all it was given."""
        device.sycl_queue.wait()

"""CuPy: arrays on a CUDA GPU.

CuPy imports without a GPU, so availability is asked of the driver, never of the import.
"""

from collections.abc import Callable
from typing import Any

from ..distribution import extra
from ..namespace import Array, Device
from .library import Library, Memory

_DLPACK_CUDA = 2  # kDLCUDA, the type of device in dlpack.h


class CuPy(Library):
    """CuPy on one CUDA GPU. Selecting `cuda:N` makes GPU N the current one, as CuPy needs."""

    name = "cupy"
    module = "cupy"
    namespace_name = "array_api_compat.cupy"
    requirement = extra("cuda12")
    default_device = "cuda"

    def _cuda(self) -> Any:
        import cupy

        return cupy.cuda

    def devices(self) -> dict[str, Device]:
        """Return a device for each GPU; `cuda` is the current one."""
        cuda = self._cuda()
        try:
            count = cuda.runtime.getDeviceCount()
        except cuda.runtime.CUDARuntimeError:  # no driver, or one too old: `why_not` says so
            count = 0
        if count == 0:
            return {}
        return {"cuda": cuda.Device()} | {f"cuda:{i}": cuda.Device(i) for i in range(count)}

    def device(self, name: str) -> Device:
        """Return the GPU `name` and make it the current one."""
        device = super().device(name)
        device.use()
        return device

    def why_not(self, name: str) -> str:
        """Say whether the driver, the GPU or the index is missing."""
        runtime = self._cuda().runtime
        if runtime.driverGetVersion() == 0:
            return f"{name!r} needs an NVIDIA driver, and none is installed; see `nvidia-smi`"
        try:
            count = runtime.getDeviceCount()
        except runtime.CUDARuntimeError as error:
            return f"{name!r} can't be used, the CUDA driver says: {error}; see `nvidia-smi`"
        if count == 0:
            return f"{name!r} needs an NVIDIA GPU, and the driver shows none; see `nvidia-smi`"
        return (
            f"the index of {name!r} is out of range: this machine has {count} GPU(s), from cuda:0"
        )

    def device_name(self, device: Device) -> str:
        """Return `cuda:N`."""
        return f"cuda:{device.id}"

    def from_dlpack(self, x: Array, device: Device) -> Array:
        """Take over an array on that GPU without a copy; CuPy wants DLPack's name of it."""
        import cupy

        return cupy.from_dlpack(x, device=(_DLPACK_CUDA, device.id))

    def to_numpy(self, x: Array) -> Any:
        """Copy an array to the host; waits for the device."""
        return x.get()

    def compiled(
        self, function: Callable[..., Any], device: Device, nested: bool
    ) -> Callable[..., Any]:
        """Refuse: CuPy lets no product of matrices into a CUDA graph.

        See https://github.com/cupy/cupy/issues/6290.

        Raises
        ------
        TypeError
            Always.
        """
        raise TypeError(
            "cupy can't compile a function: products of matrices, by cuBLAS, can't be captured in "
            "a CUDA graph there; use library='torch' or library='jax', or don't compile"
        )

    def synchronize(self, device: Device) -> None:
        """Wait until the GPU has done all it was given."""
        device.synchronize()

    def memory(self, device: Device) -> Memory:
        """Return what CuPy's memory pool of that GPU holds."""
        import cupy

        with device:
            pool = cupy.get_default_memory_pool()
            return Memory(used=pool.used_bytes(), reserved=pool.total_bytes())

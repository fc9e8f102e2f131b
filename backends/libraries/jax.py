"""JAX: immutable arrays, computed asynchronously; the same code runs traced under `jax.jit`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ..distribution import extra
from ..namespace import Device
from .jax_rounding import rounded
from .library import Library, Memory

_CPU_OPTIONS = {"xla_disable_hlo_passes": "transpose-folding"}
"""A product with a transposed matrix is then computed as it is where nothing is compiled."""


class Jax(Library):
    """JAX on the CPU or a GPU. float64 has to be switched on: `JAX_ENABLE_X64=1`."""

    name = "jax"
    module = "jax"
    namespace_name = "jax.numpy"
    requirement = extra("jax")
    is_immutable = True

    def _jax(self) -> Any:
        import jax

        return jax

    def devices(self) -> dict[str, Device]:
        """Return the CPU and each GPU that JAX has a platform for."""
        devices = {"cpu": self._jax().devices("cpu")[0]}
        try:
            gpus = self._jax().devices("cuda")
        except RuntimeError:  # JAX's way to say that it has no such platform
            return devices
        return devices | {"cuda": gpus[0]} | {f"cuda:{d.id}": d for d in gpus}

    def why_not(self, name: str) -> str:
        """Say whether JAX has no CUDA platform at all, or too few GPUs."""
        gpus = [device for device in self.devices() if device.startswith("cuda:")]
        if not gpus:
            return (
                f"{name!r} needs an NVIDIA GPU and JAX's CUDA platform, and JAX sees none: "
                "pip install 'jax[cuda12]'; see `nvidia-smi`"
            )
        return f"the index of {name!r} is out of range: JAX has {', '.join(gpus)}"

    def device_name(self, device: Device) -> str:
        """Return `cpu` or `cuda:N`; the sharding in words for an array on several devices."""
        names = {d: name for name, d in self.devices().items()}
        return names.get(device, str(device))

    def dtype_hint(self, name: str) -> str:
        """Say how to switch 64-bit dtypes on."""
        return "set JAX_ENABLE_X64=1" if name.endswith("64") else ""

    def traced(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` under `jax.jit`."""
        traced: Callable[..., Any] = self._jax().jit(function)
        return traced

    def compiled(
        self, function: Callable[..., Any], device: Device, nested: bool
    ) -> Callable[..., Any]:
        """Return `function` under `jax.jit`; the memory of its first argument is given to it.

        The device is named, or arrays that are bound to none would be compiled for once, and what
        comes out for them, which is bound, once more. It rounds as uncompiled code does.
        """
        jax = self._jax()
        here = jax.sharding.SingleDeviceSharding(device)
        jit = partial(jax.jit, in_shardings=here, out_shardings=here)
        options = _CPU_OPTIONS if device.platform == "cpu" else None
        zero = jax.device_put(jax.numpy.float32(-0.0), device)
        alone = partial(jit(rounded(function), donate_argnums=1, compiler_options=options), zero)
        if not nested:
            return alone
        within = jit(function, donate_argnums=0)

        def either(*arrays: Any) -> Any:
            try:
                return alone(*arrays)
            except ValueError as error:  # it is called in another function that is compiled
                if "compiler_options" not in str(error):
                    raise
                return within(*arrays)

        return either

    def batched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function` under `jax.vmap`, over a batch that holds its arrays twice."""
        jax = self._jax()

        def of_first(*arrays: Any) -> list[Any]:
            twice = [jax.numpy.stack([x, x]) for x in arrays]
            return [y[0] for y in jax.vmap(function)(*twice)]

        return of_first

    def is_host(self, device: Device) -> bool:
        """Tell whether arrays lie in host memory; not while they are traced, without a device."""
        return getattr(device, "platform", None) == "cpu"

    def synchronize(self, device: Device) -> None:
        """Wait for every array that is still being computed."""
        for x in self._jax().live_arrays():
            x.block_until_ready()

    def memory(self, device: Device) -> Memory | None:
        """Return what JAX reports of the device; nothing on a CPU."""
        stats = device.memory_stats()
        if not stats:
            return None
        used = stats["bytes_in_use"]
        return Memory(used=used, reserved=stats.get("bytes_reserved", used))

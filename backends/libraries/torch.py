"""PyTorch: tensors on the CPU, a CUDA GPU, or `meta` (shapes and dtypes without values)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..distribution import extra
from ..namespace import Array, Device
from .cuda_graph import Graphs
from .library import Library, Memory, overlap


class PyTorch(Library):
    """PyTorch, its arrays only: gradients here are derived by hand, autograd is not used."""

    name = "torch"
    module = "torch"
    namespace_name = "array_api_compat.torch"
    requirement = extra("torch")

    def _torch(self) -> Any:
        import torch

        return torch

    def devices(self) -> dict[str, Device]:
        """Return the CPU, each CUDA GPU, and `meta`."""
        torch = self._torch()
        devices = {"cpu": torch.device("cpu"), "meta": torch.device("meta")}
        if torch.cuda.is_available():
            devices["cuda"] = torch.device("cuda", torch.cuda.current_device())
            for i in range(torch.cuda.device_count()):
                devices[f"cuda:{i}"] = torch.device("cuda", i)
        return devices

    def why_not(self, name: str) -> str:
        """Say whether the build, the driver or GPU, or the index is missing."""
        torch = self._torch()
        if torch.version.cuda is None:
            return f"{name!r} needs a PyTorch built for CUDA; {torch.__version__} is not"
        if not torch.cuda.is_available():
            return f"{name!r} needs an NVIDIA driver and a GPU; PyTorch sees none: see `nvidia-smi`"
        return (
            f"the index of {name!r} is out of range: there are "
            f"{torch.cuda.device_count()} GPU(s), from cuda:0"
        )

    def device_name(self, device: Device) -> str:
        """Return PyTorch's own name of the device."""
        return str(device)

    def is_host(self, device: Device) -> bool:
        """Tell whether the tensors lie in host memory."""
        return bool(device.type == "cpu")

    def has_values(self, device: Device) -> bool:
        """Tell that tensors on `meta` have no values."""
        return bool(device.type != "meta")

    def is_writable(self, x: Array) -> bool:
        """Tell whether entries can be assigned; not where autograd or inference mode forbids it."""
        watched = x.requires_grad or (
            x.is_inference() and not self._torch().is_inference_mode_enabled()
        )
        return not watched and super().is_writable(x)

    def is_readable(self, x: Array) -> bool:
        """Tell whether values can be read at once; not while PyTorch compiles or transforms."""
        torch = self._torch()
        if torch.compiler.is_compiling() or x.layout != torch.strided:
            return False
        stands_in = type(x).__torch_dispatch__ is not torch.Tensor.__torch_dispatch__
        hidden = stands_in or torch._C._functorch.is_functorch_wrapped_tensor(x)
        return not hidden and super().is_readable(x)

    def shares_memory(self, x: Array) -> bool:
        """Tell whether entries share memory, as those of an expanded tensor do."""
        return overlap(x.shape, x.stride(), 1)

    def settled(self, x: Array) -> Array:
        """Carry out a negation or conjugation that PyTorch only noted, for DLPack knows neither."""
        return x.resolve_conj().resolve_neg()

    def to_numpy(self, x: Array) -> Any:
        """Copy a tensor to the host.

        Raises
        ------
        TypeError
            When NumPy has no such dtype.
        """
        try:
            return np.array(x.numpy(force=True), order="C")
        except TypeError as error:
            if "ScalarType" not in str(error):
                raise
            dtype = str(x.dtype).removeprefix("torch.")
            raise TypeError(f"NumPy has no {dtype}: cast it first") from None

    def compiled(
        self, function: Callable[..., Any], device: Device, nested: bool
    ) -> Callable[..., Any]:
        """Return `function` as CUDA graphs; itself on other devices."""
        return Graphs(self._torch(), function) if device.type == "cuda" else function

    def synchronize(self, device: Device) -> None:
        """Wait for a CUDA device; the CPU never runs ahead."""
        if device.type == "cuda":
            self._torch().cuda.synchronize(device)

    def memory(self, device: Device) -> Memory | None:
        """Return what PyTorch's allocator holds on a CUDA device."""
        if device.type != "cuda":
            return None
        cuda = self._torch().cuda
        return Memory(used=cuda.memory_allocated(device), reserved=cuda.memory_reserved(device))

"""What the adaptors of CuPy, PyTorch and JAX ask of their libraries, by stand-ins for GPUs.

The stand-ins answer as the libraries' documentation says; no GPU is pretended to compute.
"""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import backends
from backends import DeviceUnavailableError, Memory


class CUDARuntimeError(RuntimeError):
    pass


class Device:
    current = 0

    def __init__(self, id=None):
        self.id = Device.current if id is None else id
        self.synchronized = False

    __hash__ = None  # as CuPy's

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    def use(self):
        Device.current = self.id

    def synchronize(self):
        self.synchronized = True

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


@pytest.fixture
def cupy(monkeypatch):
    """Stand in for CuPy on a machine with two GPUs."""
    monkeypatch.setattr(Device, "current", 0)
    runtime = SimpleNamespace(
        driverGetVersion=lambda: 12090,
        getDeviceCount=lambda: 2,
        CUDARuntimeError=CUDARuntimeError,
    )
    pool = SimpleNamespace(used_bytes=lambda: 10, total_bytes=lambda: 30)
    cuda = SimpleNamespace(runtime=runtime, Device=Device)
    module = SimpleNamespace(__version__="14.0", cuda=cuda, get_default_memory_pool=lambda: pool)
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setitem(sys.modules, "array_api_compat.cupy", SimpleNamespace())
    return module


def test_cupy_on_the_current_gpu(cupy):
    backend = backends.select("cuda")
    assert (backend.name, backend.device_name, str(backend)) == ("cupy", "cuda:0", "cupy on cuda:0")
    assert not backend.is_host
    assert backend.memory() == Memory(used=10, reserved=30)
    backend.synchronize()
    assert backend.device.synchronized
    assert isinstance(hash(backend), int)
    assert backend.library.to_numpy(SimpleNamespace(get=lambda: np.ones(2))).tolist() == [1, 1]


def test_cupy_makes_the_gpu_the_current_one(cupy):
    assert backends.select("cuda:1").device_name == "cuda:1"
    assert Device.current == 1
    assert backends.select("cuda").device_name == "cuda:1"


def test_cupy_is_the_default_of_its_name_and_of_auto(cupy, caplog):
    assert str(backends.select(library="cupy")) == "cupy on cuda:0"
    assert str(backends.select("auto")) == "cupy on cuda:0"
    assert "device auto: using cupy on cuda:0" in caplog.text


def insufficient_driver():
    raise CUDARuntimeError("cudaErrorInsufficientDriver")


def test_cupy_available(cupy):
    found = next(entry for entry in backends.available() if entry.library == "cupy")
    assert (found.version, found.devices) == ("14.0", ("cuda", "cuda:0", "cuda:1"))
    cupy.cuda.runtime.driverGetVersion = lambda: 0
    cupy.cuda.runtime.getDeviceCount = insufficient_driver
    found = next(entry for entry in backends.available() if entry.library == "cupy")
    assert found.devices == ()
    assert "needs an NVIDIA driver" in found.reason


def test_cupy_says_why_it_has_no_gpu(cupy):
    with pytest.raises(
        DeviceUnavailableError, match=r"index of 'cuda:2' is out of range: this machine has 2 GPU"
    ):
        backends.select("cuda:2")
    cupy.cuda.runtime.getDeviceCount = lambda: 0
    with pytest.raises(
        DeviceUnavailableError, match="needs an NVIDIA GPU, and the driver shows none"
    ):
        backends.select("cuda")
    cupy.cuda.runtime.getDeviceCount = insufficient_driver
    with pytest.raises(
        DeviceUnavailableError, match="the CUDA driver says: cudaErrorInsufficientDriver"
    ):
        backends.select("cuda")
    cupy.cuda.runtime.driverGetVersion = lambda: 0
    with pytest.raises(
        DeviceUnavailableError, match="needs an NVIDIA driver, and none is installed"
    ):
        backends.select("cuda")


@pytest.fixture
def torch(monkeypatch):
    """Stand in for a PyTorch with two GPUs."""

    class TorchDevice(str):
        __slots__ = ()

        def __new__(cls, type, index=None):
            return super().__new__(cls, type if index is None else f"{type}:{index}")

        @property
        def type(self):
            return self.partition(":")[0]

    waited = []
    cuda = SimpleNamespace(
        is_available=lambda: True,
        current_device=lambda: 1,
        device_count=lambda: 2,
        synchronize=waited.append,
        memory_allocated=lambda device: 1,
        memory_reserved=lambda device: 2,
        waited=waited,
    )
    module = SimpleNamespace(
        __version__="2.9",
        cuda=cuda,
        version=SimpleNamespace(cuda="12.9"),
        device=TorchDevice,
    )
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "array_api_compat.torch", SimpleNamespace())
    return module


def test_torch_on_cuda(torch):
    assert backends.select("cuda", "torch").device == "cuda:1"
    backend = backends.select("cuda:0", "torch")
    assert backend.device_name == "cuda:0"
    assert not backend.is_host
    assert backend.memory() == Memory(used=1, reserved=2)
    backend.synchronize()
    assert torch.cuda.waited == ["cuda:0"]
    assert backends.select("cpu", "torch").is_host
    assert backends.select("cpu", "torch").memory() is None
    tensor = SimpleNamespace(numpy=lambda force: np.ones(2) if force else None)
    assert backend.library.to_numpy(tensor).tolist() == [1, 1]


def test_torch_says_why_it_has_no_gpu(torch):
    with pytest.raises(DeviceUnavailableError, match="index of 'cuda:2' is out of range: .* 2 GPU"):
        backends.select("cuda:2", "torch")
    torch.cuda.is_available = lambda: False
    with pytest.raises(DeviceUnavailableError, match="needs an NVIDIA driver and a GPU"):
        backends.select("cuda", "torch")
    torch.version.cuda = None
    with pytest.raises(
        DeviceUnavailableError, match=r"needs a PyTorch built for CUDA; 2\.9 is not"
    ):
        backends.select("cuda", "torch")


@pytest.fixture
def jax(monkeypatch):
    """Stand in for a JAX with one GPU."""

    class JaxDevice:
        id = 0

        def __init__(self, stats):
            self.memory_stats = lambda: stats

    devices = {
        "cpu": [JaxDevice(None)],
        "cuda": [JaxDevice({"bytes_in_use": 3, "bytes_reserved": 4})],
    }

    def find(platform):
        if platform not in devices:
            raise RuntimeError(f"Unknown backend {platform}")
        return devices[platform]

    waited = []
    live = SimpleNamespace(block_until_ready=lambda: waited.append(1))
    module = SimpleNamespace(
        __version__="0.9",
        devices=find,
        live_arrays=lambda: [live, live],
        known=devices,
        waited=waited,
    )
    monkeypatch.setitem(sys.modules, "jax", module)
    monkeypatch.setitem(sys.modules, "jax.numpy", SimpleNamespace())
    return module


def test_jax_on_cuda(jax):
    backend = backends.select("cuda", "jax")
    assert backend.device_name in ("cuda", "cuda:0")
    assert backend.memory() == Memory(used=3, reserved=4)
    backend.synchronize()
    assert jax.waited == [1, 1]
    assert backends.select("cpu", "jax").memory() is None
    assert backends.select("cpu", "jax").device_name == "cpu"


def test_jax_says_why_it_has_no_gpu(jax):
    with pytest.raises(
        DeviceUnavailableError, match=r"index of 'cuda:1' is out of range: JAX has cuda:0"
    ):
        backends.select("cuda:1", "jax")
    del jax.known["cuda"]
    with pytest.raises(DeviceUnavailableError, match=r"JAX sees none: pip install 'jax\[cuda12\]'"):
        backends.select("cuda", "jax")


def test_jax_says_how_to_get_64_bits(jax, monkeypatch):
    known = SimpleNamespace(dtypes=lambda device: {"float32": "f4", "int32": "i4"})
    xp = SimpleNamespace(__array_namespace_info__=lambda: known)
    monkeypatch.setitem(sys.modules, "jax.numpy", xp)
    backend = backends.select("cpu", "jax")
    with pytest.raises(
        TypeError, match=r"\(float32, int32\); got 'float64'; set JAX_ENABLE_X64=1$"
    ):
        backend.dtype("float64")
    with pytest.raises(TypeError, match=r"got 'complex32'$"):
        backend.dtype("complex32")


def test_only_a_library_that_traces_can_be_asked_to():
    with pytest.raises(TypeError, match="numpy can't trace a function"):
        backends.host().library.traced(np.exp)

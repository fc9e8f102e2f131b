import logging
import subprocess
import sys

import pytest

import backends
from backends import DeviceUnavailableError, UnknownBackendError


def test_numpy_on_the_cpu_when_nothing_is_set():
    assert str(backends.select()) == "numpy on cpu"
    assert backends.select() == backends.host()


@pytest.mark.parametrize(
    ("device", "library", "expected"),
    [
        ("cpu", "", "numpy on cpu"),
        (" CPU ", "", "numpy on cpu"),
        ("", "array-api-strict", "array-api-strict on cpu"),
        ("device1", "array-api-strict", "array-api-strict on device1"),
    ],
)
def test_the_environment_decides(monkeypatch, device, library, expected):
    monkeypatch.setenv("BACKPROP_DEVICE", device)
    monkeypatch.setenv("BACKPROP_LIBRARY", library)
    assert str(backends.select()) == expected


def test_arguments_come_before_the_environment(monkeypatch):
    monkeypatch.setenv("BACKPROP_DEVICE", "cuda")
    monkeypatch.setenv("BACKPROP_LIBRARY", "jax")
    assert (
        str(backends.select("device2", library="array-api-strict")) == "array-api-strict on device2"
    )


def test_a_backend_is_returned_as_it_is():
    backend = backends.select("device1", "array-api-strict")
    assert backends.select(backend) is backend
    with pytest.raises(
        TypeError, match="`library` must not be given beside a Backend; got 'torch'"
    ):
        backends.select(backend, "torch")


def test_names_must_be_names():
    with pytest.raises(TypeError, match="device and library must be names; got int"):
        backends.select(3)


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:-1", "cuda0", "tpu"])
def test_unknown_device(device):
    with pytest.raises(
        UnknownBackendError, match=rf"device must be cpu, cuda, cuda:N or auto .*got '{device}'"
    ):
        backends.select(device)


def test_unknown_library(monkeypatch):
    with pytest.raises(
        UnknownBackendError, match=r"library must be one of numpy, cupy, .*; got 'tensorflow'"
    ):
        backends.select(library="tensorflow")
    monkeypatch.setenv("BACKPROP_LIBRARY", "mxnet")
    with pytest.raises(ValueError, match="BACKPROP_LIBRARY.*got 'mxnet'"):
        backends.select()


def test_a_device_that_the_library_does_not_know():
    with pytest.raises(
        UnknownBackendError,
        match=r"array-api-strict has no device 'device9' here; it has cpu, device1",
    ):
        backends.select("device9", "array-api-strict")
    with pytest.raises(UnknownBackendError, match="numpy has no device 'meta' here; it has cpu"):
        backends.select("meta", "numpy")


def test_numpy_has_no_cuda():
    with pytest.raises(
        DeviceUnavailableError, match=r"numpy has no device 'cuda:1'.*BACKPROP_LIBRARY=cupy"
    ):
        backends.select("cuda:1", "numpy")


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(
        DeviceUnavailableError,
        match=r"cupy is not installed: pip install 'backprop-by-hand\[cuda12\]'",
    ):
        backends.select("cuda")


def test_a_library_that_is_broken(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "cupy.py").write_text("import surely_not_there")
    with pytest.raises(
        DeviceUnavailableError, match=r"cupy is installed but can't be imported.*surely_not_there"
    ):
        backends.select("cuda")
    (tmp_path / "cupy.py").write_text("raise ImportError('libcuda.so.1 is missing')")
    with pytest.raises(
        DeviceUnavailableError, match=r"can't be imported: libcuda\.so\.1 is missing"
    ):
        backends.select("cuda")


def test_a_library_that_breaks_in_its_own_way(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "cupy.py").write_text("raise RuntimeError('ABI mismatch')")
    found = {entry.library: entry for entry in backends.available()}
    assert found["cupy"].reason == "cupy is installed but can't be imported: ABI mismatch"


def test_auto_falls_back_to_the_cpu_and_says_so(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with caplog.at_level(logging.WARNING, logger="backends"):
        assert str(backends.select("auto")) == "numpy on cpu"
    assert "device auto: using numpy on cpu; no CUDA: cupy is not installed" in caplog.text


def test_auto_does_not_hide_a_wrong_library():
    with pytest.raises(UnknownBackendError, match="got 'cuppy'"):
        backends.select("auto", "cuppy")


def test_available_lists_every_library_with_devices_or_the_reason(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    found = {entry.library: entry for entry in backends.available()}
    assert list(found) == ["numpy", "cupy", "torch", "jax", "dpnp", "array-api-strict"]
    assert found["numpy"].devices == ("cpu",)
    assert found["numpy"].reason is None
    assert found["array-api-strict"].devices[:3] == ("cpu", "device1", "device2")
    assert found["cupy"].version is None
    assert found["cupy"].devices == ()
    assert found["cupy"].reason == "cupy is not installed: pip install 'backprop-by-hand[cuda12]'"


def test_no_array_library_is_imported_before_it_is_selected():
    code = (
        "import sys, backprop, backends; backends.select(); "
        "print([m for m in ('cupy', 'torch', 'jax', 'dpnp', 'array_api_strict', 'matplotlib', "
        "'rich', 'typer', 'pooch') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_environment_is_not_read_at_import():
    code = "import os; os.environ['BACKPROP_DEVICE'] = 'nonsense'; import backprop; print('fine')"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "fine"

"""Odd things that are handed to `asarray`: the values that they have, or one clear error."""

import array

import numpy as np
import pytest

import backends
from backends import host, is_writable, select
from tests.support import Case

X = np.arange(6.0).reshape(2, 3)


def read_only():
    x = X.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize(
    "given",
    [
        X.view(np.matrix),
        np.array([1.0, 2.0], ">f8"),
        X[::-1, ::-1],
        np.broadcast_to(1.0, (3,)),
        read_only(),
        np.asfortranarray(X),
        np.array(3.0),
        np.float32(2),
        [[1, 2], [3, 4]],
        range(4),
        memoryview(b"abc"),
        array.array("d", [1.0, 2.0]),
        np.array([1 + 2j], "c8"),
        np.array([True]),
        np.array([7], "u2"),
    ],
    ids=[
        "matrix",
        "big-endian",
        "reversed",
        "one value",
        "read-only",
        "Fortran",
        "0-d",
        "scalar",
        "list",
        "range",
        "memoryview",
        "array.array",
        "complex64",
        "bool",
        "uint16",
    ],
)
@pytest.mark.needs_values
def test_host_data(case: Case, given):
    x = case.backend.asarray(given)
    assert backends.of(x) == case.backend
    got, wanted = case.numpy(x), np.asarray(given)
    assert got.shape == wanted.shape
    assert np.array_equal(got, wanted)


@pytest.mark.needs_values
def test_a_file_in_memory(case: Case, tmp_path):
    x = np.memmap(tmp_path / "x", dtype="f4", mode="w+", shape=(3,))
    x[:] = [1.0, 2.0, 3.0]
    assert case.numpy(case.backend.asarray(x)).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.needs_values
def test_tensors_of_any_layout(case: Case):
    torch = pytest.importorskip("torch")
    for x in (torch.arange(6.0).reshape(2, 3).T, torch.tensor([1.0, 2.0], requires_grad=True)):
        assert case.numpy(case.backend.asarray(x)).tolist() == x.tolist()
    assert host().asarray(torch.tensor([3], dtype=torch.uint16)).tolist() == [3]


def test_a_tensor_that_autograd_watches():
    torch = pytest.importorskip("torch")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    assert not is_writable(x)
    assert select("cpu", "torch").asarray(x) is x
    y = host().asarray(x)
    assert isinstance(y, np.ndarray)
    assert y.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (np.array([object()]), "object"),
        (np.array(["2020"], "M8[D]"), r"datetime64\[D\]"),
        (np.array([1], "m8[s]"), r"timedelta64\[s\]"),
        (np.zeros(2, [("a", "f8")]), r"\[\('a', '<f8'\)\]"),
        ("abc", "<U3"),
        (np.array(["a"], dtype=np.dtypes.StringDType()), r"StringDType\(\)"),
        (None, "object"),
        ({1}, "object"),
        ({"a": 1}, "object"),
        ((i for i in range(3)), "object"),
        (2**70, "object"),
    ],
    ids=[
        "object",
        "date",
        "delta",
        "fields",
        "text",
        "strings",
        "None",
        "set",
        "dict",
        "generator",
        "huge",
    ],
)
def test_what_holds_no_numbers(case: Case, given, what):
    with pytest.raises(TypeError, match=f"an array must hold numbers; got dtype {what}"):
        case.backend.asarray(given)


def test_tensors_that_have_no_dense_values():
    torch = pytest.importorskip("torch")
    sparse = torch.eye(2).to_sparse()
    for convert in (host().asarray, host().to_numpy, select("cpu", "array-api-strict").asarray):
        with pytest.raises(TypeError, match="Sparse layout"):
            convert(sparse)
    meta = torch.ones(2, device="meta")
    for library in ("numpy", "torch", "array-api-strict"):
        with pytest.raises(NotImplementedError, match="no data"):
            select("cpu", library).asarray(meta)


def test_tensors_within_a_transform():
    torch = pytest.importorskip("torch")
    seen = []

    def f(x):
        seen.append(str(backends.of(x)))
        assert select("cpu", "torch").asarray(x) is x
        with pytest.raises(RuntimeError, match="Cannot access data pointer"):
            host().to_numpy(x)
        return torch.sum(x * 1.0)

    torch.func.grad(f)(torch.ones(2))
    torch.func.vmap(f)(torch.ones(2, 2))
    assert seen == ["torch on cpu"] * 2


def test_tracers_of_jax():
    jax = pytest.importorskip("jax")

    def f(x):
        assert str(backends.of(x)) == "jax on None"
        assert select("cpu", "jax").holds(x)
        assert select("cpu", "jax").asarray(x) is x
        with pytest.raises(jax.errors.TracerArrayConversionError):
            host().to_numpy(x)
        return jax.numpy.sum(x)

    for transform in (jax.jit, jax.grad):
        transform(f)(jax.numpy.ones(2))
    jax.vmap(f)(jax.numpy.ones((2, 2)))


@pytest.mark.parametrize("name", ["mlx", "ndonnx", "dask", "mps", "tpu", "gpu", "cuda:-1"])
def test_names_of_no_device(name):
    with pytest.raises(backends.UnknownBackendError, match=f"must be cpu, cuda, .*; got '{name}'"):
        select(name)


def test_a_device_of_torch_is_no_name():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="device and library must be names; got device"):
        select(torch.device("cpu"))


def test_a_library_without_adaptor_comes_over():
    dask = pytest.importorskip("dask.array")
    x = dask.ones(3)
    assert backends.of(x).name.endswith("dask.array")
    assert not backends.is_host(x)
    assert host().asarray(x).tolist() == [1.0, 1.0, 1.0]

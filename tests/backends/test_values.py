"""`asarray` and `to_numpy` give the values that went in, or an error."""

import pickle
import sys
from types import ModuleType

import numpy as np
import pytest

import backends
from backends import device, host, is_writable, select
from tests.support import Case

WIDE = [
    np.array([2**64 - 1], dtype="uint64"),
    np.array([2**40, 1]),
    np.array([3_000_000_000, 2**33 + 5]),
    np.array([-(2**40)]),
]


@pytest.mark.parametrize("values", WIDE, ids=lambda x: str(x[0]))
@pytest.mark.needs_values
def test_an_integer_is_itself_or_an_overflow(case: Case, values):
    info = case.xp.__array_namespace_info__()
    if values.dtype.name not in info.dtypes(device=case.backend.device):
        default = info.default_dtypes(device=case.backend.device)["integral"]
        if values.max() > case.xp.iinfo(default).max or values.min() < case.xp.iinfo(default).min:
            with pytest.raises(OverflowError, match="values must fit int"):
                case.backend.asarray(values)
            return
    x = case.backend.asarray(values)
    assert [int(v) for v in case.numpy(x)] == [int(v) for v in values]


def test_integers_of_a_narrow_device():
    narrow = select("no_x64", "array-api-strict")
    for values in WIDE:
        with pytest.raises(OverflowError, match="values must fit int32; got"):
            narrow.asarray(values)
    for given in (select("cpu", "array-api-strict").asarray(WIDE[1]), host().asarray(WIDE[1])):
        with pytest.raises(OverflowError, match="values must fit int32; got 1099511627776"):
            narrow.asarray(given)
    assert host().to_numpy(narrow.asarray(np.array([7], dtype="uint64"))).tolist() == [7]


def test_integers_of_jax_without_64_bits():
    """In a process of its own: JAX reads the setting once."""
    import os
    import subprocess

    pytest.importorskip("jax")
    script = """
import numpy as np, backends
b = backends.select("cpu", "jax")
for values in (np.array([3_000_000_000, 2**33 + 5]), [2**40], np.array([2**64 - 1], dtype="u8"),
               backends.select("cpu", "array-api-strict").asarray([2**40])):
    try:
        print(b.asarray(values))
    except OverflowError as error:
        print("OverflowError")
print(b.asarray(np.array([5])))
"""
    environment = {**os.environ, "JAX_ENABLE_X64": "0", "JAX_PLATFORMS": "cpu"}
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.split() == ["OverflowError"] * 4 + ["[5]"], run.stderr


@pytest.mark.parametrize(
    ("values", "dtype", "error", "message"),
    [
        ([300], "int8", OverflowError, "values must fit int8; got 300"),
        ([-1], "uint8", OverflowError, "values must fit uint8; got -1"),
        ([1, 2, 3e10], "int32", OverflowError, "values must fit int32; got 30000000000.0"),
        ([np.nan], "int32", OverflowError, "values must fit int32; got nan"),
        ([np.inf], "int16", OverflowError, "values must fit int16; got inf"),
        ([1e300], "float32", OverflowError, "values must fit float32; got 1e\\+300"),
        ([1.5], "int32", ValueError, "values must be whole for int32; got 1.5"),
        ([2], "bool", OverflowError, "values must fit bool; got 2"),
        ([1 + 2j], "float32", ValueError, "values must be real for float32; got \\(1\\+2j\\)"),
    ],
)
def test_a_dtype_that_can_not_hold_the_values(case: Case, values, dtype, error, message):
    with pytest.raises(error, match=message):
        case.backend.asarray(values, dtype)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1.0, 2.0], "int32"),
        ([0, 1], "bool"),
        ([0.1], "float32"),
        ([np.nan, np.inf, -np.inf], "float32"),
        ([3 + 0j], "float32"),
        ([255], "uint8"),
        ([], "int8"),
        ([True], "int32"),
    ],
)
@pytest.mark.needs_values
def test_a_dtype_that_holds_them(case: Case, values, dtype):
    x = case.backend.asarray(values, dtype)
    assert x.dtype == case.backend.dtype(dtype)
    np.testing.assert_allclose(case.numpy(x), np.real(values), rtol=1e-7)


def test_an_array_of_the_library_itself_to_a_narrower_dtype():
    for library in ("torch", "jax"):
        pytest.importorskip(library)
        backend = select("cpu", library)
        with pytest.raises(OverflowError, match="values must fit int8; got 300"):
            backend.asarray(backend.asarray([300]), "int8")


@pytest.mark.parametrize(
    "masked",
    [
        np.ma.array([1.0, 2.0], mask=[0, 1]),
        [np.ma.array([1.0, 2.0], mask=[0, 1])],
        np.ma.masked,
    ],
    ids=["array", "in a list", "constant"],
)
def test_masks_are_refused(case: Case, masked):
    with pytest.raises(TypeError, match="an array must not be masked"):
        case.backend.asarray(masked)
    if not isinstance(masked, list):
        with pytest.raises(TypeError, match="an array must not be masked"):
            case.backend.to_numpy(masked)


@pytest.mark.parametrize(
    "make",
    [
        lambda z: z.conj().imag,
        lambda z: z.conj(),
        lambda z: z.conj().imag[::2],
        lambda z: z.imag._neg_view(),
    ],
    ids=["negated", "conjugated", "negated slice", "negative view"],
)
@pytest.mark.needs_values
def test_a_lazy_tensor_has_its_value(case: Case, make):
    torch = pytest.importorskip("torch")
    z = make(torch.tensor([1 + 2j, 3 - 4j, 5 + 6j]))
    assert host().to_numpy(z).tolist() == z.tolist()
    assert case.numpy(case.backend.asarray(z)).tolist() == z.tolist()
    assert host().asarray(z).tolist() == z.tolist()


def test_a_parameter_is_an_array():
    torch = pytest.importorskip("torch")
    x = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    assert backends.of(x).name == "torch"
    assert host().to_numpy(x).tolist() == [1.0, 2.0]
    assert host().asarray(x).tolist() == [1.0, 2.0]
    assert select("cpu", "torch").asarray(x) is x
    assert host().asarray([x, x]).tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_bfloat16_of_pytorch_beside_that_of_jax():
    """JAX brings NumPy a dtype of that name, which is none of NumPy's kinds."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("jax")
    x = select("cpu", "torch").asarray([1.5, 3.0], torch.bfloat16)
    assert x.dtype == torch.bfloat16
    assert x.tolist() == [1.5, 3.0]


def test_bfloat16_says_what_to_do():
    torch = pytest.importorskip("torch")
    x = torch.tensor([1.5], dtype=torch.bfloat16)
    for convert in (host().asarray, host().to_numpy):
        with pytest.raises(TypeError, match="NumPy has no bfloat16: cast it first"):
            convert(x)
    jnp = pytest.importorskip("jax.numpy")
    assert float(select("cpu", "jax").asarray(x)[0]) == 1.5
    for name in ("bfloat16", "int4"):
        odd = jnp.asarray([1], dtype=name)
        for convert in (host().to_numpy, host().asarray):
            with pytest.raises(TypeError, match=f"that NumPy knows; got {name}: cast it first"):
                convert(odd)
        with pytest.raises(TypeError, match=f"that NumPy knows; got {name}: cast it first"):
            select("cpu", "torch").asarray(np.asarray(odd))


@pytest.mark.needs_values
def test_a_list_of_arrays_is_stacked(case: Case):
    row = case.backend.asarray([1.0, 2.0])
    for rows in ([row, row], (row, row)):
        x = case.backend.asarray(rows)
        assert backends.of(x) == case.backend
        assert case.numpy(x).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    nested = case.backend.asarray([[row, row]], "float32")
    assert nested.shape == (1, 2, 2)
    assert nested.dtype == case.backend.dtype("float32")
    assert host().asarray([row, row]).tolist() == [[1.0, 2.0], [1.0, 2.0]]


def test_a_traced_array_stays_with_its_library():
    jax = pytest.importorskip("jax")
    torch = pytest.importorskip("torch")
    assert torch is not None

    def to(library):
        return lambda x: select("cpu", library).asarray(x)

    with pytest.raises(jax.errors.TracerArrayConversionError):
        jax.jit(to("torch"))(jax.numpy.ones(2))
    with pytest.raises(jax.errors.TracerArrayConversionError):
        jax.jit(to("numpy"))(jax.numpy.ones(2))
    assert jax.jit(to("jax"))(jax.numpy.ones(2)).tolist() == [1.0, 1.0]


def test_an_immutable_array_is_not_written_through_another_library():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    x = jax.numpy.asarray([1.0, 2.0])
    y = select("cpu", "torch").asarray(x)
    y[0] = 7.0
    assert x.tolist() == [1.0, 2.0]
    z = host().asarray(x)
    assert z.tolist() == [1.0, 2.0]
    assert not z.flags.writeable or not np.shares_memory(z, np.asarray(x))
    assert isinstance(y, torch.Tensor)


class Sealed:
    """An array of a library that has neither DLPack nor `__array__`: ndonnx is such."""

    def __array_namespace__(self, api_version=None):
        return ModuleType("sealed")


def test_what_offers_no_way_to_its_values():
    with pytest.raises(TypeError, match="must hold numbers; got a Sealed of .*, which offers no"):
        host().asarray(Sealed())
    with pytest.raises(TypeError, match="must be readable by NumPy; one of sealed is not"):
        host().to_numpy(Sealed())


def test_long_doubles():
    x = np.array([1.0], dtype=np.longdouble)
    assert host().asarray(x).dtype == np.longdouble
    if x.dtype.itemsize > 8:
        with pytest.raises(TypeError, match="has no float128: cast it to float64 first"):
            select("cpu", "array-api-strict").asarray(x)
    assert select("cpu", "array-api-strict").asarray(x, "float64").shape == (1,)


@pytest.mark.parametrize("of", [device, is_writable, backends.of, backends.is_host])
def test_what_is_no_array_is_a_type_error(of):
    with pytest.raises(TypeError, match="an array of a library that implements.*; got list"):
        of([1.0])


@pytest.mark.parametrize("library", ["numpy", "array-api-strict", "torch", "jax"])
def test_a_backend_goes_to_another_process(library):
    try:
        backend = select("cpu", library)
    except backends.DeviceUnavailableError as error:
        pytest.skip(str(error))
    assert pickle.loads(pickle.dumps(backend)) == backend


@pytest.mark.parametrize("bad", [["a"], [None], {1}, [2**70], np.array(["2020"], "M8[Y]")])
def test_what_is_no_number_is_refused_by_both(bad):
    with pytest.raises(TypeError, match="must hold numbers; got dtype"):
        host().asarray(bad)
    if isinstance(bad, np.ndarray):
        with pytest.raises(TypeError, match="must hold numbers; got dtype"):
            host().to_numpy(bad)

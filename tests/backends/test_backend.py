import copy
import pickle

import numpy as np
import pytest

import backends
from backends import namespace
from tests.support import Case


def test_namespace_and_device(case: Case):
    x = case.array([1.0, 2.0])
    assert namespace(x) is case.xp
    assert namespace(x, x) is case.xp
    assert backends.device(x) == case.backend.device
    assert backends.of(x) == case.backend
    assert hash(backends.of(x)) == hash(case.backend)


def test_namespace_refuses():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(
        TypeError, match=r"arrays must be of one library; got numpy and array_api_strict"
    ):
        namespace(np.ones(2), strict.ones(2))
    with pytest.raises(TypeError, match="an array of a library that implements.*; got list"):
        namespace([1.0])
    with pytest.raises(TypeError, match="got str"):
        namespace(np.ones(2), "x")


@pytest.mark.parametrize("values", [[[1.0, 2.0], [3.0, 4.0]], 5.0, [1, 2], [True, False], []])
@pytest.mark.needs_values
def test_round_trip(case: Case, values):
    x = case.backend.asarray(values)
    back = case.backend.to_numpy(x)
    assert type(back) is np.ndarray
    np.testing.assert_array_equal(back, values)


@pytest.mark.needs_values
def test_host_data_is_copied(case: Case):
    host = np.array([1.0, 2.0], dtype="float32")
    x = case.backend.asarray(host)
    host[0] = 9
    assert case.numpy(x).tolist() == [1.0, 2.0]
    back = case.numpy(x)
    back[0] = 7
    assert case.numpy(x).tolist() == [1.0, 2.0]


def test_an_array_of_the_backend_stays_itself():
    backend = backends.select("device1", "array-api-strict")
    x = backend.asarray([1.0])
    assert backend.asarray(x) is x
    assert backend.asarray(x, "float32").dtype == backend.xp.float32


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x[::2],
        lambda x: x[::-1],
        np.asfortranarray,
        lambda x: x.astype(">f4"),
    ],
    ids=["strided", "reversed", "fortran", "big-endian"],
)
@pytest.mark.needs_values
def test_host_memory_of_any_layout(case: Case, make):
    host = make(np.arange(12, dtype="float32").reshape(4, 3))
    np.testing.assert_array_equal(case.numpy(case.backend.asarray(host)), host)


@pytest.mark.needs_values
def test_arrays_of_other_libraries_come_over(case: Case):
    for device in ("cpu", "device1"):
        foreign = backends.select(device, "array-api-strict").asarray(np.arange(3, dtype="float32"))
        x = case.backend.asarray(foreign)
        assert backends.of(x) == case.backend
        np.testing.assert_array_equal(case.numpy(x), [0, 1, 2])


def test_torch_and_numpy_share_memory():
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(3)
    x = backends.host().asarray(tensor)
    tensor[0] = 5
    assert x.tolist() == [5, 0, 0]
    assert backends.host().to_numpy(torch.ones(2, requires_grad=True)).tolist() == [1, 1]


def test_dtypes_go_by_name_and_an_unknown_one_is_refused(case: Case):
    assert case.backend.dtype("float32") == case.xp.float32
    assert case.backend.dtype(case.xp.float32) == case.xp.float32
    assert case.backend.asarray([1, 2], "float32").dtype == case.xp.float32
    with pytest.raises(
        TypeError, match=rf"`dtype` must be one that {case.backend} has .*; got 'floaty'"
    ):
        case.backend.dtype("floaty")


def test_which_devices_have_float64(case: Case):
    assert case.backend.has_float64 == (case.name not in ("strict:no_float64", "strict:no_x64"))
    wide = "float64" if case.backend.has_float64 else "float32"
    assert case.backend.widest == case.backend.dtype(wide)


def test_half_precision_where_the_library_has_it():
    assert backends.host().dtype("float16") == np.float16


def test_wide_host_data_narrows_to_what_the_device_has():
    backend = backends.select("no_x64", "array-api-strict")
    assert backend.asarray([1.5]).dtype == backend.xp.float32
    assert backend.asarray([1]).dtype == backend.xp.int32
    with pytest.raises(TypeError, match="got 'float64'"):
        backend.asarray([1.5], "float64")


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="an array must hold numbers; got dtype <U1"):
        backends.host().asarray(["a"])


def test_an_array_from_elsewhere_is_refused():
    backend = backends.select("device1", "array-api-strict")
    backend.require(backend.asarray([1.0]), "x")
    with pytest.raises(
        TypeError,
        match="`x` must be an array of array-api-strict on device1; got an array of numpy",
    ):
        backend.require(np.ones(1), "x")
    with pytest.raises(TypeError, match="; got str"):
        backend.require("a", "x")


def test_the_same_random_numbers_everywhere(case: Case):
    expected = np.random.Generator(np.random.PCG64(5)).standard_normal(3)
    np.testing.assert_array_equal(case.backend.rng(5).standard_normal(3), expected)


def test_memory_is_counted_on_a_gpu_only(case: Case):
    case.backend.synchronize()
    memory = case.backend.memory()
    if case.backend.device_name.startswith("cuda"):
        assert 0 <= memory.used <= memory.reserved
    else:
        assert memory is None


def test_read_only_and_immutable_arrays_are_not_writable(case: Case):
    assert backends.is_writable(case.array([1.0])) == (
        not case.readonly and case.backend.name != "jax"
    )


def test_an_array_with_an_axis_of_one_is_as_writable_as_without(case: Case):
    x = case.array([1.0, 2.0])
    assert backends.is_writable(x[None, :]) == backends.is_writable(x)


def test_what_counts_as_host(case: Case):
    assert backends.is_host(case.array([1.0])) == case.backend.is_host
    assert case.backend.is_host == (
        case.backend.name in ("numpy", "torch", "jax") and case.backend.device_name == "cpu"
    )


class Unknown:
    """A library that no adaptor knows: strict under another name."""

    def __init__(self, x):
        self._x = x

    def __array_namespace__(self, api_version=None):
        from types import ModuleType

        import array_api_strict

        xp = ModuleType("unknown")
        xp.__array_namespace_info__ = array_api_strict.__array_namespace_info__
        return xp

    @property
    def device(self):
        return self._x.device

    def __array__(self, dtype=None, copy=None):
        return np.asarray([1.0, 2.0])


def test_a_library_without_adaptor():
    backend = backends.select("cpu", "array-api-strict")
    x = Unknown(backend.asarray([1.0, 2.0]))
    found = backends.of(x)
    assert found.name == "unknown"
    assert found.device_name == str(backend.device)
    assert found.is_host is False
    assert found.to_numpy(x).tolist() == [1.0, 2.0]
    assert found.library == found.library
    assert found.library != backend.library
    assert len({found.library, backend.library}) == 2
    assert found.xp.__name__ == "unknown"


def test_numpy_to_numpy_of_a_subclass_of_memory():
    assert backends.host().asarray(memoryview(b"\x01\x02")).tolist() == [1, 2]


def test_public_names():
    assert backends.__all__ == [
        "Array",
        "ArrayIn",
        "Availability",
        "Backend",
        "DType",
        "Device",
        "DeviceUnavailableError",
        "FloatDType",
        "FloatName",
        "Memory",
        "UnknownBackendError",
        "available",
        "device",
        "host",
        "is_host",
        "is_writable",
        "isdtype",
        "namespace",
        "of",
        "select",
    ]


class Exporter:
    """No array of any library: it only hands out what another one holds."""

    def __init__(self, x):
        self._x = x

    def __dlpack__(self, **kwargs):
        return self._x.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self._x.__dlpack_device__()


def test_whatever_offers_dlpack_comes_over(case: Case):
    x = case.backend.asarray(Exporter(np.arange(3, dtype="float32")))
    case.check(x, [0.0, 1.0, 2.0], dtype="float32")


def test_a_copy_of_a_backend_is_itself(case: Case):
    assert case.backend.xp.__name__  # the module that it then holds can't be copied
    assert copy.copy(case.backend) is case.backend
    assert copy.deepcopy([case.backend])[0] is case.backend


def test_a_backend_can_be_copied_and_pickled_once_it_was_used(case: Case):
    assert case.backend.xp is case.xp  # looked up, so that it is remembered
    if case.backend.name not in backends.libraries.KNOWN:
        pytest.skip("an adaptor of the tests' own")
    for other in (pickle.loads(pickle.dumps(case.backend)), copy.deepcopy(case.backend)):
        assert other == case.backend
        assert other.xp is case.xp


def test_a_backend_of_an_unknown_library_says_that_it_can_not_be_pickled():
    class Foreign(type(backends.host().library)):
        name = "foreign"

    backend = backends.Backend(Foreign(), "cpu")
    with pytest.raises(TypeError, match="of a library that `backends.select` knows.* got foreign"):
        pickle.dumps(backend)

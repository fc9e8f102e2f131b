"""A dtype that is asked for holds the very values, floats rounded, or there is an error."""

import numpy as np
import pytest

from backends import DeviceUnavailableError, host, select
from backends.casting import fits_always, unchanged

DEVICES = [("cpu", "numpy"), ("cpu", "torch"), ("cpu", "jax")]
LOSSES = [
    (np.array([1 + 2j]), "float64", ValueError, r"values must be real for float64; got \(1\+2j\)"),
    (np.array([1e300]), "float32", OverflowError, r"values must fit float32; got 1e\+300"),
    (np.array([1.5]), "int32", ValueError, "values must be whole for int32; got 1.5"),
    (np.array([300]), "int8", OverflowError, "values must fit int8; got 300"),
    (np.array([2**53 + 1]), "float64", OverflowError, "must be exact in float64; got 900719925474"),
    (np.array([2**24 + 1]), "float32", OverflowError, "must be exact in float32; got 16777217"),
    (np.array([2**63 - 1]), "complex64", OverflowError, "must be exact in complex64; got 92233720"),
]


def of(device, library):
    try:
        return select(device, library)
    except DeviceUnavailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(("values", "dtype", "error", "message"), LOSSES, ids=lambda x: str(x)[:9])
@pytest.mark.parametrize("to", DEVICES, ids=lambda x: x[1])
def test_what_a_dtype_can_not_hold_is_an_error_on_every_host(to, values, dtype, error, message):
    backend = of(*to)
    sources = [values, host().asarray(values), backend.asarray(values)]
    sources += [of("cpu", "array-api-strict").asarray(values)]
    for given in sources:
        with pytest.raises(error, match=message):
            backend.asarray(given, dtype)


@pytest.mark.parametrize("source", DEVICES[1:], ids=lambda x: x[1])
def test_values_of_a_host_are_looked_at_on_their_way_to_a_device(source):
    device1 = select("device1", "array-api-strict")
    for values, dtype, error, message in LOSSES:
        with pytest.raises(error, match=message):
            device1.asarray(of(*source).asarray(values), dtype)


def test_values_on_a_device_are_not_looked_at_but_complex_ones_stay_complex(monkeypatch):
    for device in ("cpu", "device1"):
        backend = select(device, "array-api-strict")
        x = backend.asarray([1.5])
        z = backend.asarray([1 + 0j])
        with monkeypatch.context() as patched:
            patched.setattr(type(x), "to_device", None)
            patched.setattr(type(x), "__array__", None)
            y = backend.asarray(x, "int32")
            with pytest.raises(
                ValueError, match="values must be real for float64; got complex128,"
            ):
                backend.asarray(z, "float64")
        assert backend.to_numpy(y).tolist() == [1]
    torch = pytest.importorskip("torch")
    z = torch.ones(2, dtype=torch.complex64, device="meta")
    with pytest.raises(ValueError, match="must be real for float32; got complex64, .* `xp.real`"):
        select("meta", "torch").asarray(z, "float32")


@pytest.mark.filterwarnings("error")
def test_complex_numbers_that_are_real_become_so():
    torch = pytest.importorskip("torch")
    z = torch.tensor([1 + 0j, 3 - 0j])
    assert of("cpu", "torch").asarray(z, "float64").tolist() == [1.0, 3.0]
    assert select("cpu", "array-api-strict").asarray(z, "float64").shape == (2,)


@pytest.mark.parametrize("to", DEVICES[1:], ids=lambda x: x[1])
def test_bfloat16(to):
    backend = of(*to)
    for given, error, message in (
        ([1 + 2j], ValueError, "values must be real for bfloat16"),
        ([1e39], OverflowError, r"values must fit bfloat16; got 1e\+39"),
        ([3.4e38], OverflowError, r"values must fit bfloat16; got 3.4e\+38"),
        ([257], OverflowError, "integers must be exact in bfloat16; got 257"),
    ):
        for x in (np.array(given), backend.asarray(given)):
            with pytest.raises(error, match=message):
                backend.asarray(x, "bfloat16")
    for given in ([0.1, -3.3895e38, np.inf], 1.5, [256, 2**60], [], [0.0, -7.25, 1e-40]):
        x = backend.asarray(np.array(given), "bfloat16")
        back = backend.to_numpy(backend.asarray(x, "float32"))
        np.testing.assert_allclose(back, given, rtol=2**-8, atol=1e-40)
    assert np.isnan(
        backend.to_numpy(backend.asarray(backend.asarray([np.nan], "bfloat16"), "float32"))
    )
    large = backend.asarray([1e30], "bfloat16")
    with pytest.raises(OverflowError, match="values must fit float16; got 1.00"):
        backend.asarray(large, "float16")


def test_bfloat16_is_rounded_as_pytorch_does():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).standard_normal(1000).astype("float32")
    ties = 1.0 + np.arange(-64, 64) / 256  # every other one in the middle of two
    x = np.concatenate([x, ties.astype("float32"), np.float32([np.inf, -0.0, 0.0, 1e-40])])
    expected = torch.from_numpy(x).to(torch.bfloat16).to(torch.float32).numpy()
    assert np.array_equal(unchanged(x, torch.bfloat16), expected)


def test_integers_that_a_float_holds_are_held():
    values = np.array([-(2**63), 2**62, 2**53, 3])
    for dtype in ("float64", "float32", "complex64"):
        kept = values if dtype == "float64" else values[[0, 1, 3]]
        assert host().asarray(kept, dtype).tolist() == kept.tolist()
    assert host().asarray(np.array([65504], "u2"), "float16").tolist() == [65504]
    with pytest.raises(OverflowError, match="values must fit float16; got 65535"):
        host().asarray(np.array([65535], "u2"), "float16")
    assert not fits_always(np.dtype("int64"), np.dtype("float64"))
    assert fits_always(np.dtype("int32"), np.dtype("float64"))
    assert not fits_always(np.dtype("int32"), np.dtype("float32"))


def test_a_list_of_integers_holds_integers():
    assert host().asarray([np.uint64(3), np.int64(-1)]).dtype == np.int64
    assert host().asarray([[2**60, 0.5]]).dtype == np.float64
    assert host().asarray([]).dtype == np.float64
    assert host().asarray([np.array([1.5]), np.array([2])]).tolist() == [[1.5], [2.0]]
    with pytest.raises(
        OverflowError, match="integers must fit one integer dtype; got -1 and 922337"
    ):
        host().asarray([-1, 2**63 + 1])
    for given in ([2**53 + 1, 0.5], [[0.5], (2**53 + 1,)], [2**53 + 1, 1j]):
        with pytest.raises(
            OverflowError, match="integers must be exact in .*; got 9007199254740993"
        ):
            host().asarray(given)
    with pytest.raises(ValueError, match="rows must be of one length; got a ragged sequence"):
        host().asarray([[1.0], [1.0, 2.0]])


def test_a_list_of_arrays_of_two_dtypes():
    torch = pytest.importorskip("torch")
    backend = select("cpu", "torch")
    assert backend.asarray([torch.tensor(3), torch.tensor(0.5)]).tolist() == [3.0, 0.5]
    with pytest.raises(
        OverflowError, match="integers must be exact in float32; got 9007199254740993"
    ):
        backend.asarray([torch.tensor(2**53 + 1), torch.tensor(0.5)])


@pytest.mark.filterwarnings("ignore")  # what PyTorch says while it compiles
def test_tensors_that_stand_for_others_have_no_values_to_look_at():
    torch = pytest.importorskip("torch")
    from torch._subclasses.fake_tensor import FakeTensorMode

    backend = select("cpu", "torch")
    with FakeTensorMode():
        x = backend.asarray(torch.ones(2, dtype=torch.float64), "float32")
    assert x.dtype == torch.float32
    sparse = torch.eye(2, dtype=torch.float64).to_sparse()
    assert backend.asarray(sparse, "float32").dtype == torch.float32
    x = torch.ones(2, dtype=torch.float64)
    compiled = torch.compile(lambda x: backend.asarray(x, "float32") + 1, backend="eager")
    assert compiled(x).tolist() == [2.0, 2.0]


def test_a_transform_has_no_values_to_look_at():
    torch = pytest.importorskip("torch")
    backend = select("cpu", "torch")
    x = torch.ones(2, dtype=torch.float64)
    assert torch.func.grad(lambda x: backend.asarray(x, "float32").sum())(x).tolist() == [1.0, 1.0]
    assert torch.func.vmap(lambda x: backend.asarray(x, "int64"))(x).tolist() == [1, 1]
    jax = pytest.importorskip("jax")
    backend = select("cpu", "jax")
    assert jax.jit(lambda x: backend.asarray(x, "float32"))(jax.numpy.ones(2)).tolist() == [
        1.0,
        1.0,
    ]

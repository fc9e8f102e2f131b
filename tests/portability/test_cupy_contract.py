"""What the two packages ask of an array library, CuPy has: seen without a GPU, from its wheel.

The calls are those that the tests before this one made on NumPy; it runs last.
"""

import inspect
import sys

import pytest

import backends
from tests.portability.recording import Call


@pytest.fixture(scope="module")
def xp(pytestconfig):
    try:
        return backends.libraries.KNOWN["cupy"].namespace()
    except backends.DeviceUnavailableError as error:
        if pytestconfig.getoption("require_backends"):
            raise
        pytest.skip(str(error))


def objection(xp, call: Call) -> str | None:
    """Return why `call` would fail on `xp`, or None."""
    value = xp
    for part in call.name.replace("()", "").split("."):
        if not hasattr(value, part):
            return f"there is no {call.name}"
        value = getattr(value, part)
        if part == "__array_namespace_info__" and value is not None and "." in call.name:
            value = value()
    if call.arguments is None:
        return None
    if hasattr(value, "nin"):  # a ufunc
        fits = call.arguments == value.nin and call.keywords <= {"out", "dtype", "casting"}
        return None if fits else f"{call.name} takes {value.nin} arrays"
    try:
        named = signature(value)
        named = named.replace(
            parameters=[p for p in named.parameters.values() if p.kind != p.VAR_KEYWORD]
        )
        named.bind(*range(call.arguments), **dict.fromkeys(call.keywords))
    except TypeError as error:
        return f"{call.name}: {error}"
    return None


def signature(function) -> inspect.Signature:
    """Return the signature; that of a compiled function stands in its docstring's first line."""
    try:
        return inspect.signature(function)
    except ValueError:
        names: dict = {}
        exec(f"def {inspect.getdoc(function).splitlines()[0]}: ...", names)
        return inspect.signature(names[function.__name__])


def test_cupy_has_all_that_the_packages_use(xp, recording):
    if not recording.calls:
        pytest.skip("no call was recorded: run the tests before this one too")
    wrong = {text for call in recording.calls if (text := objection(xp, call))}
    assert not wrong


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (Call("surely_not_there", 1, frozenset()), "there is no surely_not_there"),
        (Call("exp", 2, frozenset()), "exp takes 1 arrays"),
        (Call("exp", 1, frozenset({"axis"})), "exp takes 1 arrays"),
        (Call("argmax", 1, frozenset({"axes"})), "argmax: got an unexpected keyword.*'axes'"),
        (Call("asarray", 1, frozenset({"rubbish"})), "asarray: got an unexpected keyword"),
        (Call("linalg.multi_dot", 1, frozenset()), "there is no linalg.multi_dot"),
        (Call("from_dlpack", 1, frozenset({"stream"})), "from_dlpack: got an unexpected keyword"),
        (Call("__array_namespace_info__().dtypes", 0, frozenset({"gpu"})), "unexpected keyword"),
        (Call("__array_namespace_info__().nothing", 0, frozenset()), "there is no .*nothing"),
    ],
)
def test_the_contract_can_be_broken(xp, call, message):
    with pytest.raises(AssertionError, match=message):
        assert not objection(xp, call), objection(xp, call)


def test_selection_without_a_gpu(xp, monkeypatch):
    cupy = sys.modules["cupy"]
    if cupy.cuda.is_available():
        pytest.skip("there is a GPU here")
    reason = r"'cuda' (needs an NVIDIA (driver|GPU)|can't be used, the CUDA driver says: )"
    monkeypatch.setenv("BACKPROP_DEVICE", "cuda")
    with pytest.raises(backends.DeviceUnavailableError, match=reason):
        backends.select()
    entry = next(entry for entry in backends.available() if entry.library == "cupy")
    assert entry.version == cupy.__version__
    assert entry.devices == ()
    assert entry.reason.startswith("'cuda' ")

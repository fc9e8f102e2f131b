"""What the two packages ask of an array library, CuPy has: seen without a GPU, from its wheel."""

import inspect
import re
import sys
from contextlib import suppress

import pytest

import backends
from tests.portability.uses import Use, sources, uses


@pytest.fixture(scope="module")
def xp(pytestconfig):
    try:
        return backends.libraries.KNOWN["cupy"].namespace()
    except backends.DeviceUnavailableError as error:
        if pytestconfig.getoption("require_array_backends"):
            raise
        pytest.skip(str(error))


def objection(xp, use: Use) -> str | None:
    """Return why `use` would fail on `xp`, or None."""
    value = xp
    for part in use.name.replace("()", "").split("."):
        if not hasattr(value, part):
            return f"there is no {use.name}"
        value = getattr(value, part)
        if part == "__array_namespace_info__" and value is not None and "." in use.name:
            value = value()
    if use.arguments is None and not use.keywords:
        return None
    if isinstance(getattr(value, "__self__", None), str):  # what any str has, as xp.__name__ is one
        return None
    if hasattr(value, "nin"):  # a ufunc
        fits = use.arguments in (value.nin, None) and use.keywords <= {"out", "dtype", "casting"}
        return None if fits else f"{use.name} takes {value.nin} arrays"
    try:
        named = signature(value)
        named = named.replace(
            parameters=[p for p in named.parameters.values() if p.kind != p.VAR_KEYWORD]
        )
        bind = named.bind_partial if use.arguments is None else named.bind
        bind(*range(use.arguments or 0), **dict.fromkeys(use.keywords))
    except TypeError as error:
        return f"{use.name}: {error}"
    return None


def signature(function) -> inspect.Signature:
    """Return the signature; that of a compiled function stands in its docstring's first line."""
    try:
        return inspect.signature(function)
    except ValueError:
        names: dict = {}
        exec(f"def {inspect.getdoc(function).splitlines()[0]}: ...", names)
        return inspect.signature(names[function.__name__])


def objections(xp, source: str) -> set[str]:
    return {text for use in uses(source) if (text := objection(xp, use))}


def test_cupy_has_all_that_the_packages_use(xp):
    found = {path.name: objections(xp, path.read_text(encoding="utf-8")) for path in sources()}
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("xp.surely_not_there(x)", "there is no surely_not_there"),
        ("xp.exp(x, y)", "exp takes 1 arrays"),
        ("namespace(x).exp(x, axis=0)", "exp takes 1 arrays"),
        ("backend.xp.argmax(x, axes=0)", "argmax: got an unexpected keyword.*'axes'"),
        ("self.xp.argmax(*arrays, axes=0)", "argmax: got an unexpected keyword.*'axes'"),
        ("backends.namespace(x, y).asarray(x, rubbish=1)", "asarray: got an unexpected keyword"),
        ("f(xp.linalg.multi_dot)", "there is no linalg.multi_dot"),
        ("self.library.namespace().from_dlpack(x, stream=0)", "from_dlpack: got an unexpected"),
        ("xp.__array_namespace_info__().dtypes(gpu=0)", "unexpected keyword"),
        ("if (info := xp.__array_namespace_info__()).nothing(): pass", "there is no .*nothing"),
        ("seen, info = 0, xp.__array_namespace_info__()\ninfo.nothing()", "there is no .*nothing"),
        ("xp.astype(x)", "astype: missing a required argument"),
        ("xp.sum(xp.surely_not_there(x))", "there is no surely_not_there"),
        ("xp.__name__.surely_not_there(x)", r"there is no __name__\.surely_not_there"),
    ],
)
def test_a_source_that_asks_for_more_is_noticed(xp, line, message):
    (found,) = objections(xp, f"xp = namespace(x)\n{line}")
    assert re.search(message, found)


@pytest.mark.parametrize(
    "line",
    [
        "xp.sum(x, axis=0, keepdims=True)",
        "xp.linalg.norm(x)",
        "xp.maximum(*arrays)",
        "xp.asarray(x, dtype=xp.float32, device=device(x))",
        "info = xp.__array_namespace_info__(); info.dtypes(device=0)",
        "x.surely_not_there(); other.exp(x, y)",
        "getattr(xp, 'maybe', None)",
        "xp.__name__.endswith('.cupy')",
        "self._xp = xp",
    ],
)
def test_what_cupy_has_is_not_complained_of(xp, line):
    assert not objections(xp, line)


@pytest.mark.parametrize(
    "line",
    ["np = namespace(x)", "a, np = 1, backend.xp", "f(np := namespace(x))", "np: Any = self.xp"],
)
def test_a_namespace_under_another_name_is_refused(line):
    with pytest.raises(ValueError, match="a namespace must be called xp; got np"):
        list(uses(line))


def test_a_computed_name_is_refused():
    with pytest.raises(ValueError, match=r"must stand there; got getattr\(xp, name\)"):
        list(uses("getattr(xp, name)(x)"))


def test_selection_without_a_gpu(xp, monkeypatch):
    cupy = sys.modules["cupy"]
    runtime = cupy.cuda.runtime
    with suppress(runtime.CUDARuntimeError):
        if runtime.getDeviceCount():
            pytest.skip("there is a GPU here")
    reason = r"'cuda' (needs an NVIDIA (driver|GPU)|can't be used, the CUDA driver says: )"
    monkeypatch.setenv("BACKPROP_DEVICE", "cuda")
    with pytest.raises(backends.DeviceUnavailableError, match=reason):
        backends.select()
    entry = next(entry for entry in backends.available() if entry.library == "cupy")
    assert entry.version == cupy.__version__
    assert entry.devices == ()
    assert entry.reason.startswith("'cuda' ")

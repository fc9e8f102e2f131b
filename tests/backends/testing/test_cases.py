import sys

import numpy as np
import pytest

import backends
from backends import DeviceUnavailableError, namespace
from backends.testing import (
    Row,
    add_row,
    assert_close,
    capabilities,
    cases,
    equivalence,
    matrix,
    names,
    opened,
)
from tests.support import Case

kit = sys.modules["backends.testing.equivalence"]  # the function hides the module's name


def test_what_a_case_makes(case: Case):
    x = case.array([[1.0, 2.0]])
    assert backends.of(x) == case.backend
    assert x.dtype == case.backend.dtype(case.dtype)
    assert case.numpy(x).dtype == case.dtype
    assert case.numpy(x).shape == (1, 2)
    assert case.numpy(case.array([1, 2])).dtype.kind == "i"
    assert case.array([True]).dtype == case.backend.dtype("bool")
    assert case.array([1, 2], "float32").dtype == case.backend.dtype("float32")
    limits = case.xp.iinfo(case.array([1]).dtype)
    ends = [int(limits.min), int(limits.max)]
    case.check(case.array(ends), ends)


def test_a_name_is_that_row_alone():
    assert names(["jax"]) == ["jax"]
    assert names(["numpy", "torch"]) == ["numpy", "torch"]
    assert names("strict:device1") == ["strict:device1"]
    assert names(["torch:float32", "cupy:1", "jax:cuda", "jax:vmap", "dask"]) == [
        "torch:float32",
        "cupy:1",
        "jax:cuda",
        "jax:vmap",
        "dask",
    ]


def test_a_selection_of_many():
    assert names(["numpy*"]) == ["numpy", "numpy:float32", "numpy:readonly"]
    assert names(["torch*", "numpy", "torch"]) == ["torch", "torch:meta", "numpy"]
    strict = [name for name in names() if name.startswith("strict:")]
    assert names(["strict"]) == names(["strict:*"]) == strict
    assert {"numpy", "strict:strictest", "torch:meta", "jax:jit", "dpnp", "cupy"} <= set(names())
    assert "dask" not in names()


def test_a_selection_leaves_out():
    assert names(["-torch:meta"]) == [name for name in names() if name != "torch:meta"]
    assert names(["torch*", "-torch:meta"]) == ["torch"]
    assert names(["-strict"]) == [name for name in names() if not name.startswith("strict:")]
    assert "jax" not in names(["-jax*"])
    with pytest.raises(ValueError, match="must leave a backend; got numpy, -numpy"):
        names(["numpy", "-numpy"])


@pytest.mark.parametrize("unknown", ["tensorflow", "-tensorflow", "torch:", "jax:jitt", ""])
def test_an_unknown_name_is_an_error(unknown):
    with pytest.raises(ValueError, match=f"a backend must be one of numpy, .*; got '{unknown}'"):
        names([unknown])


def test_the_environment_names_rows(monkeypatch):
    monkeypatch.setenv("ARRAY_BACKENDS", "numpy, strict:cpu")
    report = equivalence(lambda x: x, np.ones(2))
    assert [o.backend for o in report.outcomes] == ["numpy", "strict:cpu"]
    monkeypatch.setenv("ARRAY_BACKENDS", " ")
    assert len(equivalence(lambda x: x, np.ones(2)).outcomes) == len(names())
    monkeypatch.setenv("ARRAY_BACKENDS", "numpi")
    with pytest.raises(ValueError, match="got 'numpi'"):
        equivalence(lambda x: x, np.ones(2))


class Loud(type(backends.select("cpu", "array-api-strict").library)):
    """An adaptor of one's own."""

    name = "loud"


def test_a_row_of_one_s_own(monkeypatch):
    monkeypatch.setattr(matrix, "ROWS", dict(matrix.ROWS))
    for module in (matrix, cases, kit):
        monkeypatch.setattr(module, "ROWS", matrix.ROWS, raising=False)
    add_row("loud", Row(Loud(), "device2"))
    add_row("loud", Row(matrix.ROWS["loud"].library, "device2"))  # once more is no harm
    with opened("loud") as case:
        assert str(case.backend) == "loud on device2"
    report = equivalence(lambda x: x * 2, np.ones(2), backends=["numpy", "loud"])
    assert [o.verdict for o in report.outcomes] == ["agrees", "agrees"]
    add_row("torch:half", Row("torch", dtype="float32"))
    with pytest.raises(ValueError, match="a name of its own; there is another 'numpy'"):
        add_row("numpy", Row("torch"))
    for wrong in ("", "-x", "a,b", "a*", "a b"):
        with pytest.raises(ValueError, match="the name of a row must be without any of"):
            add_row(wrong, Row("torch"))
    with pytest.raises(ValueError, match=r"`without` must be of .*; got \['linalg'\]"):
        add_row("x", Row("array-api-strict", without=("linalg",)))
    with pytest.raises(ValueError, match="`traced` must be 'jit', 'vmap' or ''; got 'grad'"):
        add_row("x", Row("jax", traced="grad"))


def test_dask_counts_what_is_computed():
    pytest.importorskip("dask")

    def f(x):
        return x * float(namespace(x).sum(x))

    def lazy(x):
        return x * namespace(x).sum(x)

    x = np.array([1.0, 2.0, 4.0])
    for given in (x, np.array(2.0), np.zeros(0)):
        assert equivalence(lazy, given, backends="dask").ok
    report = equivalence(f, x, backends="dask")
    assert not report.ok
    assert report.wrong == ()
    assert report.reads[0].endswith(f"test_cases.py:{f.__code__.co_firstlineno + 1}")


def test_rows_in_float32_and_over_a_batch():
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    x = np.array([1.0, 2.0, 4.0])

    def hidden(x):
        return x * namespace(x).ones(3, dtype=namespace(x).float64, device=backends.device(x))

    found = {
        o.backend: o for o in equivalence(hidden, x, backends=["torch", "torch:float32"]).outcomes
    }
    assert found["torch"].verdict == "agrees"
    narrow = equivalence(hidden, x, backends="jax:float32").outcomes[0]
    assert narrow.reason == "dtype must be float32; got float64"
    assert found["torch:float32"].reason == "dtype must be torch.float32; got torch.float64"
    assert equivalence(lambda x: (x * 2, {"s": namespace(x).sum(x)}), x, backends="jax:vmap").ok
    wrong = equivalence(
        lambda x: x if x.ndim == 1 and namespace(x).max(x) > 0 else -x, x, backends="jax:vmap"
    )
    assert wrong.reads


def test_what_is_not_there_is_unavailable(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceUnavailableError, match="cupy is not installed"), opened("cupy"):
        pass


def test_check_says_what_is_wrong():
    with opened("strict:device1") as case:
        x = case.array([1.0, 2.0])
        case.check(x, [1.0, 2.0 + 1e-13])
        wrong = {
            "1 of 2 values differ; the worst at (1,) must be 3; got 2": (x, [1.0, 3.0]),
            "shape must be (1, 2); got (2,)": (x, [[1.0, 2.0]]),
            "got float": (1.0, 1.0),
            "an array of numpy on cpu": (np.ones(2), np.ones(2)),
            "an array of array-api-strict on cpu": (case.xp.ones(2), np.ones(2)),
            "dtype must be array_api_strict.float64; got array_api_strict.float32": (
                case.array([1.0], "float32"),
                [1.0],
            ),
        }
        for message, (actual, expected) in wrong.items():
            with pytest.raises(AssertionError) as error:
                case.check(actual, expected)
            assert message in str(error.value)
            assert str(error.value).startswith("strict:device1: ")
        case.check(x, [1.0, 2.1], atol=0.2)
        case.check(x, [1.0, 2.1], rtol=0.2)
        with pytest.raises(AssertionError, match="must be nan; got 2"):
            case.check(x, [1.0, np.nan])


def test_without_values_the_rest_is_checked():
    pytest.importorskip("torch")
    with opened("torch:meta") as case:
        x = case.array([1.0, 2.0])
        case.check(x, [7.0, 8.0])
        case.unchanged(x, [7.0, 8.0])
        assert np.isnan(case.numpy(x)).all()
        assert case.numpy(case.array([1, 2])).tolist() == [0, 0]
        with pytest.raises(AssertionError, match=r"shape must be \(3,\); got \(2,\)"):
            case.check(x, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "read",
    [bool, float, int, complex, np.asarray, lambda x: [1, 2][x], lambda x: 1 in x[None]],
    ids=["bool", "float", "int", "complex", "asarray", "index", "in"],
)
def test_strict_lets_no_value_be_read(read):
    with opened("strict:cpu") as case:
        x = case.array(1)
        match = r"no value may be read: the host would have to wait .* \(.*/test_cases\.py:\d+\)$"
        with pytest.raises(AssertionError, match=match):
            case.run(read, x)
        assert case.run(lambda x: x + x, x) is not None
        if read in (bool, float, int):
            assert read(x) == 1  # afterwards all is as it was


def test_a_device_is_no_dictionary_key():
    with opened("strict:device1") as case:
        x = case.array(1.0)
        with pytest.raises(TypeError, match="a device can't be a dictionary key"):
            case.run(lambda x: {x.device: 1}, x)
        assert {x.device: 1}[x.device] == 1


def test_check_takes_what_is_no_float():
    with opened("strict:device1") as case:
        x = case.array([1.0, 2.0])
        case.check(x > 1, [False, True])
        case.check(case.array([1, 2]), [1, 2])
        case.check(case.xp.astype(x, case.xp.complex128), [1 + 0j, 2])
        case.check(x, [1, 2])
        for wrong, expected in (
            (x > 1, [True, True]),
            (case.array([1, 2]), [1, 3]),
            (x, [True, False]),
        ):
            with pytest.raises(AssertionError):
                case.check(wrong, expected)
    with opened("strict:no_x64") as case:
        case.check(case.array([1, 2]), [1, 2])


def test_a_function_that_may_read_is_let_read():
    @capabilities(reads=True)
    def total(x):
        return float(case.xp.sum(x))

    with opened("strict:cpu") as case:
        assert case.run(total, case.array([1.0, 2.0])) == 3.0


def test_jit_is_traced():
    pytest.importorskip("jax")
    with opened("jax:jit") as case:
        seen = []
        y = case.run(lambda x: seen.append(type(x).__name__) or 2 * x, case.array([1.0]))
        case.check(y, [2.0])
        assert "Tracer" in seen[0]
        assert case.run(lambda n: n + 1, 2) == 3  # there is nothing to trace


def test_readonly_and_strictest():
    with opened("numpy:readonly") as case, pytest.raises(ValueError, match="read-only"):
        case.array([1.0])[0] = 2.0
    with opened("strict:strictest") as case:
        x = case.array([1.0, -1.0])
        with pytest.raises(RuntimeError, match="boolean"):
            x[x > 0]
    with opened("strict:cpu") as case:
        x = case.array([1.0, -1.0])
        assert x[x > 0].shape == (1,)


def test_unchanged_notices():
    with opened("numpy") as case:
        x = case.array([1.0, np.nan])
        case.unchanged(x, [1.0, np.nan])
        x[0] = 2.0
        with pytest.raises(AssertionError, match=r"must not be changed; it was \[ 1. nan\] and is"):
            case.unchanged(x, [1.0, np.nan])


def test_rows_that_can_t_be():
    for library, traced in (("torch", "jit"), ("numpy", "vmap")):
        with pytest.raises(ValueError, match=f"`traced` must be '' .* can't trace; got '{traced}'"):
            add_row("of:mine", Row(library, traced=traced))
    for row, message in (
        (Row("torhc", traced="jit"), "`library` must be one of numpy, .* adaptor; got 'torhc'"),
        (Row(["numpy"]), r"`library` must be one of numpy, .* adaptor; got \['numpy'\]"),
        (Row("torch", readonly=True), "`readonly` must be False .* aren't NumPy's; got torch"),
        (Row("numpy", without=("extensions",)), r"`without` must be \(\) but for array-api-strict"),
        (Row("torch", dtype="float99"), "`dtype` must be 'float64', .*; got 'float99'"),
        (Row("torch", dtype="bfloat16"), "`dtype` must be 'float64', .*; got 'bfloat16'"),
    ):
        with pytest.raises(ValueError, match=message):
            add_row("of:mine", row)
    for name, row, message in (
        (5, Row("torch"), r"must be a name and a Row\(...\); got 5 and Row"),
        ("of:mine", "torch", r"must be a name and a Row\(...\); got 'of:mine' and 'torch'"),
        ("of:mine", Row("torch", 1), "`device` must be a name"),
        ("of:mine", Row("numpy", readonly="no"), "`readonly` True or False"),
        ("of:mine", Row("array-api-strict", without="extensions"), "`without` must be a tuple"),
    ):
        with pytest.raises(TypeError, match=message):
            add_row(name, row)
    assert "of:mine" not in matrix.ROWS


def test_what_the_rows_can_be_is_what_add_row_takes():
    for row in matrix.ROWS.values():
        matrix._check(row)


@pytest.mark.parametrize("given", [[1], ("numpy", None), 5])
def test_a_selection_that_is_no_names(given):
    with pytest.raises(TypeError, match="a selection must be names of backends; got "):
        equivalence(lambda x: x, np.ones(2), backends=given)


@pytest.mark.parametrize("given", ["1e-3", [1e-3], np.ones(2), {"float32": "1e-3"}])
def test_a_tolerance_that_is_no_number(given):
    for options in ({"rtol": given}, {"atol": given}):
        with pytest.raises(TypeError, match="tolerances must be numbers, or by dtype; got "):
            equivalence(lambda x: x, np.ones(2), backends="numpy", **options)
        with pytest.raises(TypeError, match="tolerances must be numbers, or by dtype; got "):
            assert_close(np.ones(2), np.ones(2), **options)


def test_a_ragged_list_is_no_data():
    with pytest.raises(ValueError, match="rows must be of one length; got a ragged sequence"):
        equivalence(lambda x: x, [[0.1], [0.2, 0.3]], backends="numpy")


def test_an_older_standard_of_array_api_strict_is_no_row(monkeypatch):
    monkeypatch.setattr(cases, "missing", {})  # or the summary of this run tells of it
    strict = pytest.importorskip("array_api_strict")
    before = strict.get_array_api_strict_flags()["api_version"]
    strict.set_array_api_strict_flags(api_version="2022.12")
    try:
        report = equivalence(lambda x: x * 2, np.ones(2), backends=("numpy", "strict:cpu"))
        found = {each.library: each for each in backends.available()}
    finally:
        strict.set_array_api_strict_flags(api_version=before)
    assert report.skipped == ("strict:cpu",)
    assert "must be set to version 2023.12 of the standard" in report.outcomes[1].reason
    assert found["array-api-strict"].devices == ()


@pytest.mark.parametrize("given", [[], ()])
def test_no_row_at_all_is_refused(given):
    with pytest.raises(ValueError, match="a selection must name a backend; got none"):
        equivalence(lambda x: x, np.ones(2), backends=given)


def test_a_row_in_half_precision():
    pytest.importorskip("torch")
    with pytest.raises(ValueError, match="`dtype` must be 'float64', .* got 'bfloat16'"):
        add_row("torch:brain", Row("torch", dtype="bfloat16"))
    add_row("torch:float16", Row("torch", dtype="float16"))
    said = capabilities(reads=True)
    x = np.array([0.1, 0.7, 1.3, 2.9])
    for f, given in [
        (lambda x: x * 2, x),
        (lambda x: abs(x), x * 1j),
        (lambda x: x * 2, x * 1j),
        (lambda x: float(x[0] + x[1]), x),
    ]:
        report = equivalence(f, given, backends="torch:float16", capabilities=said)
        assert report.ok, str(report)

    def wrong(x):
        return float(x[0]) * (1.0 if isinstance(x, np.ndarray) else 1.1)

    assert not equivalence(wrong, x, backends="torch:float16", capabilities=said).ok

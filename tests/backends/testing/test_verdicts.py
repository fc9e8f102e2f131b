"""Verdicts on code of others: each test is a row of faults that such a kit can have itself."""

import dataclasses
import enum
import itertools
import threading
from collections import namedtuple
from dataclasses import dataclass
from functools import partial
from typing import Any

import array_api_compat
import numpy as np
import pytest

from backends import Array, device, namespace
from backends.testing import assert_equivalent, capabilities, equivalence, names, opened
from backends.testing.report import Outcome

V = np.array([1.0, 2.0, 4.0])
I = np.array([1, 2, 4])  # noqa: E741
STRICT = tuple(name for name in names() if name.startswith("strict:"))


def by_row(function, *inputs, **options):
    return {o.backend: o for o in equivalence(function, *inputs, **options).outcomes}


def verdicts(function, *inputs, **options):
    found = by_row(function, *inputs, **options)
    return {name: o.verdict for name, o in found.items() if o.verdict != "skipped"}


def here(offset):
    """Return the line of the caller, `offset` lines further, as reports show it."""
    import inspect

    frame = inspect.currentframe().f_back
    return f"test_verdicts.py:{frame.f_lineno + offset}"


class TestReads:
    def test_to_ask_for_an_iterator_is_no_read(self):
        assert assert_equivalent(lambda x: x * 2 if np.iterable(x) else x, V).ok
        first = equivalence(lambda x: next(iter(x)) + x, V, backends="strict")
        assert first.ok
        assert first.reads == ()

    def test_a_read_is_a_finding_with_its_line_and_the_values_are_judged_too(self):
        def f(x):
            return x * float(namespace(x).max(x))

        line = here(-2)
        report = equivalence(f, V, backends=("numpy", *STRICT))
        assert not report.ok
        assert report.wrong == ()
        assert {o.verdict for o in report.outcomes} == {"agrees"}
        assert len(report.reads) == 1
        assert report.reads[0].endswith(line)
        assert report.failed == STRICT
        assert f"agrees; reads a value at {report.reads[0]}\n" in str(report)
        with pytest.raises(AssertionError, match="reads a value at .*test_verdicts.py:"):
            assert_equivalent(f, V, backends=("numpy", *STRICT))

    def test_a_read_hides_nothing_behind_it(self):
        def f(x):
            xp = namespace(x)
            bool(xp.any(x < 0))
            return x * xp.arange(3.0, dtype=x.dtype)

        row = by_row(f, V, backends="strict:device1")["strict:device1"]
        assert row.verdict == "wrong"
        assert "two different devices" in row.reason
        assert row.reads[0].endswith(here(-6))
        # Allowed to read, it is still wrong there.
        allowed = capabilities(reads=True)
        report = equivalence(f, V, backends="strict", capabilities=allowed)
        assert report.wrong == ("strict:device1", "strict:no_float64", "strict:no_x64")

    def test_from_dlpack_reads_nothing_unless_it_goes_to_the_host(self):
        assert equivalence(lambda x: namespace(x).from_dlpack(x), V, backends="strict:cpu").ok

        def by_numpy(x):
            xp = namespace(x)
            return xp.asarray(np.from_dlpack(x), device=device(x))

        assert equivalence(by_numpy, V, backends="strict:cpu").reads != ()

    def test_every_line_that_reads_is_named_once(self):
        def f(x):
            for _ in range(3):
                float(x[0])
            return x * int(x[1])

        report = equivalence(f, V, backends=("strict:cpu", "strict:device1"))
        assert [place.rpartition("/")[2] for place in report.reads] == [here(-4), here(-3)]

    def test_a_read_that_is_swallowed_is_seen(self):
        def f(x):
            try:
                float(x[0])
            except Exception:
                return x
            return x

        assert equivalence(f, V, backends="strict:cpu").reads

    @pytest.mark.parametrize(
        ("read", "values"),
        [
            *((read, 1) for read in (bool, float, int, complex, str, repr, "{}".format)),
            (lambda x: 2.0 in x, [1.0, 2.0]),
            (lambda x: [0, 1][x], 1),
        ],
        ids=["bool", "float", "int", "complex", "str", "repr", "format", "in", "index"],
    )
    def test_what_counts(self, read, values):
        def f(x):
            read(x)
            return x

        report = equivalence(f, np.array(values), backends=("strict:cpu", "strict:device1"))
        assert report.reads, str(report)
        assert report.failed == ("strict:cpu", "strict:device1")
        assert report.wrong == ()

    def test_where_reads_are_allowed_it_is_ok_and_rows_without_values_can_not_tell(self):
        @capabilities(reads=True)
        def f(x):
            return x * float(namespace(x).max(x))

        report = equivalence(f, V)
        assert report.ok
        assert report.wrong == ()
        assert set(report.cannot_tell) <= {"torch:meta", "jax:jit"}
        for o in report.outcomes:
            if o.verdict == "can't tell":
                assert o.reason.startswith("reads a value at ")
        assert report.reads  # they are said all the same

    def test_rows_without_values_say_that_it_is_a_read(self):
        def f(x):
            return x * float(namespace(x).max(x))

        for name in ("torch:meta", "jax:jit", "jax:vmap"):
            row = by_row(f, V, backends=name)[name]
            if row.verdict != "skipped":
                assert row.verdict == "wrong"
                assert row.reason.startswith("reads a value at ")
                assert row.reads[0].endswith(here(-7))

    def test_a_fault_on_meta_is_not_taken_for_a_read(self):
        def f(x):
            xp = namespace(x)
            return x + xp.ones(3, dtype=x.dtype)

        row = by_row(f, V, backends="torch:meta", capabilities=capabilities(reads=True))
        assert row["torch:meta"].verdict in ("wrong", "skipped")

    def test_a_read_within_python_s_own_library_is_the_caller_s(self):
        from collections import Counter
        from statistics import fmean

        def f(x):
            Counter([x[0] > 0.5, x[1] > 0.5]) if isinstance(x, np.ndarray) else fmean([x[0], x[1]])
            return x

        report = equivalence(f, V, backends="strict:cpu")
        assert [place.rpartition("/")[2] for place in report.reads] == [here(-4)]

    @pytest.mark.parametrize(
        "read",
        [
            lambda torch, x: torch.equal(x, x),
            lambda torch, x: torch.allclose(x, x),
            lambda torch, x: torch.is_nonzero(x[0]),
            lambda torch, x: x[0].item(),
            lambda torch, x: f"{x[0]:.3f}",
        ],
        ids=["equal", "allclose", "is_nonzero", "item", "format"],
    )
    def test_what_gives_a_value_of_python_s_on_meta_is_a_read(self, read):
        torch = pytest.importorskip("torch")

        def f(x):
            if not isinstance(x, np.ndarray):
                read(torch, x)
            return x

        row = by_row(f, V, backends="torch:meta")["torch:meta"]
        assert row.verdict == "wrong"
        assert row.reason.startswith("reads a value at ")
        said = capabilities(reads=True)
        row = by_row(f, V, backends="torch:meta", capabilities=said)["torch:meta"]
        assert row.verdict == "can't tell"

    def test_to_a_device_and_to_the_host(self):
        def stays(x):
            return array_api_compat.to_device(x, device(x)) * 2

        def goes_and_comes(x):
            if type(x).__module__.startswith("array_api_strict"):
                import array_api_strict

                other = array_api_strict.Device("device2")
                return x.to_device(other).to_device(x.device) * 2
            return x * 2

        def by_the_host(x):
            if type(x).__module__.startswith("array_api_strict"):
                import array_api_strict

                return x.to_device(array_api_strict.Device("CPU_DEVICE")).to_device(x.device) * 2
            return x * 2

        assert assert_equivalent(stays, V).ok
        assert equivalence(goes_and_comes, V, backends="strict:device1").ok
        report = equivalence(by_the_host, V, backends="strict:device1")
        assert not report.ok
        assert len(report.reads) == 1
        assert report.wrong == ()


class TestDtypes:
    def test_a_dtype_that_is_asked_for_whatever_went_in(self):
        assert assert_equivalent(lambda x: namespace(x).astype(x, namespace(x).float32), V).ok

    def test_from_integers_alone_the_default_float(self):
        def half(i):
            xp = namespace(i)
            return xp.asarray(1.0, device=device(i)) * xp.ones(i.shape, device=device(i)) / 2

        def half_in_float64(i):
            return namespace(i).astype(i, namespace(i).float64) / 2

        assert assert_equivalent(half, I).ok
        found = verdicts(half_in_float64, I)
        assert found.pop("strict:no_float64") == found.pop("strict:no_x64") == "wrong"
        assert set(found.values()) == {"agrees"}

    def test_float64_of_float32_is_wrong_unless_it_is_said(self):
        def f(x):
            return namespace(x).astype(x, namespace(x).float64) * 2

        found = verdicts(f, V)
        assert found["numpy:float32"] == "wrong"
        assert found["numpy"] == "agrees"
        said = verdicts(f, V, capabilities=capabilities(dtype="float64"))
        assert said["numpy:float32"] == "agrees"
        assert said["strict:no_float64"] == "can't tell"  # it has none
        assert "wrong" not in said.values()

    def test_the_library_s_default_where_it_is_said(self):
        def f(x):
            return namespace(x).ones(3, device=device(x))

        found = verdicts(f, V)
        assert found["numpy:float32"] == "wrong"
        assert (
            verdicts(f, V, capabilities=capabilities(dtype="default"), backends="-numpy")[
                "numpy:float32"
            ]
            == "agrees"
        )
        assert assert_equivalent(f, V, capabilities=capabilities(dtype="default")).ok
        narrow = capabilities(dtype="default")
        assert verdicts(lambda x: x, V, capabilities=narrow)["numpy:float32"] == "wrong"
        assert assert_equivalent(f, V, capabilities=capabilities(dtype="any")).ok

    def test_limits_of_the_dtype(self):
        def f(x):
            xp = namespace(x)
            return xp.where(x > 1, x, xp.finfo(x.dtype).max)

        report = assert_equivalent(f, V)
        row = next(o for o in report.outcomes if o.backend == "numpy:float32")
        assert row.reason == "with the limits of float32, for which it asks"

    def test_a_fault_in_float32_is_not_hidden_by_numpy_s_own(self):
        def unstable(x):
            xp = namespace(x)
            return xp.mean(x * x) - xp.mean(x) ** 2  # cancels

        found = by_row(unstable, V + 1000.0)
        assert found["numpy"].verdict == "agrees"
        assert found["numpy:float32"].verdict == "wrong"
        assert "values differ" in found["numpy:float32"].reason

    def test_rounded_inputs_are_what_float32_is_held_to(self):
        assert assert_equivalent(lambda x: namespace(x).sin(x), V * 1000.1).ok

    def test_a_tolerance_of_one_dtype_leaves_the_other(self):
        def f(x):
            xp = namespace(x)
            if isinstance(x, np.ndarray):
                return x / 3
            return x * (xp.asarray(1.0, dtype=xp.float32, device=device(x)) / 3)

        rows = ("strict:cpu", "strict:no_float64")
        assert verdicts(f, V, backends=rows)["strict:cpu"] == "wrong"
        assert verdicts(f, V, backends=rows, rtol={"float32": 1e-3})["strict:cpu"] == "wrong"
        assert verdicts(f, V, backends=rows, rtol=1e-3)["strict:cpu"] == "agrees"
        with pytest.raises(ValueError, match="by floating dtype; got 'float'"):
            equivalence(f, V, rtol={"float": 1.0})
        with pytest.raises(ValueError, match="tolerances must be 0 or more"):
            equivalence(f, V, atol={"float32": -1.0})


class TestWhoseFault:
    @pytest.mark.parametrize(
        "f",
        [
            lambda x, i: namespace(x).argmax(x),
            lambda x, i: namespace(i).sum(i),
            lambda x, i: namespace(i).prod(i),
            lambda x, i: namespace(i).cumulative_sum(i),
            lambda x, i: namespace(x).take(x, namespace(x).argsort(x)),
            lambda x, i: namespace(x).searchsorted(x, x),
            lambda x, i: namespace(x).count_nonzero(x),
            lambda x, i: namespace(x).nonzero(x)[0],
        ],
        ids=["argmax", "sum", "prod", "cumulative", "argsort", "searchsorted", "count", "nonzero"],
    )
    def test_int64_that_array_api_strict_gives_itself(self, f):
        row = by_row(f, V, I, backends="strict:no_x64")["strict:no_x64"]
        assert row.verdict == "can't tell"
        assert row.reason.startswith("array-api-strict itself gives a dtype that the device lacks")

    @pytest.mark.parametrize(
        "f",
        [
            lambda i: namespace(i).zeros(3, dtype=namespace(i).int64, device=device(i)),
            lambda i: namespace(i).astype(i, namespace(i).int64),
            lambda i: namespace(i).sum(i, dtype=namespace(i).int64),
            lambda i: namespace(i).asarray(np.arange(3), device=device(i)),
        ],
        ids=["zeros", "astype", "sum", "asarray"],
    )
    def test_int64_that_the_function_asks_for(self, f):
        assert verdicts(f, I, backends="strict:no_x64")["strict:no_x64"] == "wrong"

    @pytest.mark.parametrize(
        "f",
        [
            lambda x: namespace(x).nonzero(x)[0],
            lambda x: namespace(x).unique_values(x),
            lambda x: x[x > 1],
        ],
        ids=["nonzero", "unique", "mask"],
    )
    def test_a_kernel_that_torch_lacks(self, f):
        pytest.importorskip("torch")
        row = by_row(f, V, backends="torch:meta")["torch:meta"]
        assert row.verdict == "can't tell"
        assert row.reason.startswith("torch has no meta kernel for ")

    @pytest.mark.parametrize(
        "error",
        [
            NotImplementedError("the beta distribution runs on the CPU only"),
            NotImplementedError("no meta data for this"),
            RuntimeError("aten::beta has no such argument"),
        ],
    )
    def test_a_refusal_of_the_function_s_own_is_no_missing_kernel(self, error):
        pytest.importorskip("torch")

        def f(x):
            if not isinstance(x, np.ndarray) and str(device(x)) != "cpu":
                raise error
            return x

        assert verdicts(f, V, backends="torch:meta") == {"torch:meta": "wrong"}

    def test_from_dlpack_stays_on_the_device_as_the_standard_has_it(self):
        def f(x):
            return namespace(x).from_dlpack(x) * 2

        found = by_row(f, V)
        assert {o.verdict for name, o in found.items() if name.startswith("strict")} == {"agrees"}
        if found["torch:meta"].verdict != "skipped":
            assert found["torch:meta"].verdict == "can't tell"
            assert found["torch:meta"].reason.startswith("torch has no meta kernel for Dlpack")

    def test_numpy_that_fails_where_the_row_does_not(self):
        def f(x):
            if isinstance(x, np.ndarray) and x[0] == np.float64(np.float32(0.1)):
                raise ValueError("no such number")
            return x * 2

        row = by_row(f, np.array([0.1]), backends="strict:no_float64")["strict:no_float64"]
        assert row.verdict == "can't tell"
        assert row.reason.startswith("NumPy fails on the data rounded to float32: ValueError: no")

    def test_a_second_run_on_numpy_that_fails(self):
        count = itertools.count()

        def f(x):
            if isinstance(x, np.ndarray) and next(count):
                raise RuntimeError("a second call")
            return x * (2 if isinstance(x, np.ndarray) else 3)

        row = by_row(f, V, backends="strict:cpu")["strict:cpu"]
        assert row.reason == "the function gives something else each time, on NumPy too"

    def test_integers_too_wide_for_the_row(self):
        row = by_row(lambda x: x, np.array([2**40]), backends="strict:no_x64")["strict:no_x64"]
        assert row.verdict == "can't tell"
        assert "OverflowError: integers must fit" in row.reason
        row = by_row(lambda x: x, np.array([1], dtype="u8"), backends="strict:no_x64")
        assert row["strict:no_x64"].verdict == "can't tell"

    def test_what_can_not_be_told_is_no_agreement(self):
        report = equivalence(lambda x: namespace(x).argmax(x), V, backends="strict:no_x64")
        assert not report.ok
        assert report.wrong == ()
        assert report.cannot_tell == ("strict:no_x64",)
        assert "can't tell" in str(report).splitlines()[0]

    def test_the_line_of_an_error(self):
        def f(x):
            xp = namespace(x)
            return xp.sum(x, 0) if not isinstance(x, np.ndarray) else xp.sum(x)

        row = by_row(f, V, backends="strict:cpu")["strict:cpu"]
        assert row.reason.startswith("TypeError: ")
        assert row.reason.endswith(f"test_verdicts.py:{f.__code__.co_firstlineno + 2})")

    def test_random_numbers(self):
        generator = np.random.default_rng(0)

        def f(x):
            return x * generator.random()

        report = equivalence(f, V, backends=["numpy", "numpy:float32", "strict:cpu"])
        assert {o.verdict for o in report.outcomes} == {"wrong"}
        reasons = {o.reason for o in report.outcomes}
        assert reasons == {"the function gives something else each time, on NumPy too"}

    def test_numpy_is_run_once_a_dtype(self):
        given = []

        def f(x):
            given.append(x.dtype.name if isinstance(x, np.ndarray) else "other")
            return x * 2

        equivalence(f, V, backends="strict")
        assert given.count("float64") == 1
        assert len(given) == 1 + len(STRICT)
        given.clear()
        equivalence(f, V)
        assert given.count("float64") == 3  # the reference, numpy, numpy:readonly
        assert given.count("float32") == 1


Pair = namedtuple("Pair", "low high")


class Bunch(namedtuple("Bunch", "statistic pvalue")):
    """A result as SciPy makes them: a named tuple that carries more."""

    def __new__(cls, statistic, pvalue, *, df):
        self = super().__new__(cls, statistic, pvalue)
        self.df = df
        return self


@dataclass
class Fit:
    slope: Array
    name: str
    points: int


@dataclass(frozen=True)
class Frozen:
    inner: Any


class Plain:
    """A result of a class without more."""

    def __init__(self, value, *, label):
        self.value, self.label = value, label
        self._hidden = object()


class Color(enum.Enum):
    RED = 1


class TestResults:
    @pytest.mark.parametrize(
        "f",
        [
            lambda x: x.shape[0],
            lambda x: (x.ndim, 2.5, True, 1j),
            lambda x: (x, None),
            lambda x: {"a": None, "b": "text", "c": [x, (x, {})]},
            lambda x: Pair(x, x + 1),
            lambda x: Bunch(x, x * 2, df=namespace(x).sum(x)),
            lambda x: Fit(x, "line", 3),
            lambda x: Frozen(Frozen([x, Fit(x, "a", 1)])),
            lambda x: Plain(x, label="a"),
            lambda x: (Color.RED, x),
            lambda x: (),
            lambda x: ...,
        ],
        ids=[
            "int",
            "numbers",
            "None",
            "text",
            "named",
            "bunch",
            "dataclass",
            "frozen",
            "plain",
            "enum",
            "empty",
            "ellipsis",
        ],
    )
    def test_what_is_taken_on_every_row(self, f):
        report = equivalence(f, V)
        assert report.wrong == (), str(report)
        assert report.ok

    def test_another_value_anywhere_is_seen(self):
        def other(x, here, there):
            return here if isinstance(x, np.ndarray) else there

        wrong = {
            "must be a number of Python's, as on NumPy; got Array": lambda x: other(x, 3, x[0]),
            "must be an array of array-api-strict": lambda x: other(x, x[0], 1.0),
            "1 of 1 values differ; the worst must be 3; got 4": lambda x: other(x, 3, 4),
            "must be 'a'; got 'b'": lambda x: other(x, "a", "b"),
            "must be None; got ": lambda x: other(x, None, x),
            "must be True; got 1": lambda x: other(x, True, 1),
            "result.df: ": lambda x: Bunch(x, x, df=x * other(x, 1.0, 2.0)),
            "result.slope: ": lambda x: Fit(x * other(x, 1.0, 2.0), "", 1),
            "result.points: ": lambda x: Fit(x, "", other(x, 1, 2)),
            "result.value: ": lambda x: Plain(x * other(x, 1.0, 2.0), label=""),
            "result.inner[0]: ": lambda x: Frozen([other(x, x, -x)]),
        }
        for message, f in wrong.items():
            row = by_row(f, V, backends="strict:cpu")["strict:cpu"]
            assert row.verdict == "wrong"
            assert message in row.reason

    def test_a_float_from_a_read_is_judged(self):
        pytest.importorskip("torch")

        def score(x):
            return float(namespace(x).mean(x))

        report = equivalence(score, V, capabilities=capabilities(reads=True))
        assert report.ok
        assert verdicts(score, V, capabilities=capabilities(reads=True))["torch"] == "agrees"

    def test_numbers_that_are_said_to_be_python_s(self):
        def score(x):
            mean = namespace(x).mean(x)
            return mean if isinstance(x, np.ndarray) else float(mean)

        plain = capabilities(reads=True, returns="python")
        rows = ("numpy", "numpy:float32", "strict:cpu")
        assert "wrong" in verdicts(score, V, backends=rows).values()
        assert set(
            verdicts(lambda x: float(score(x)), V, backends=rows, capabilities=plain).values()
        ) == {"agrees"}
        assert set(
            verdicts(
                lambda x: namespace(x).mean(x), V, backends="strict:cpu", capabilities=plain
            ).values()
        ) == {"wrong"}

    def test_an_unknown_result_is_refused(self):
        with pytest.raises(TypeError, match="must return an array, a number, .*; got generator"):
            equivalence(lambda x: (v for v in x), V)
        with pytest.raises(TypeError, match=r"got object at \['a'\]"):
            equivalence(lambda x: {"a": object()}, V)
        with pytest.raises(TypeError, match="got MaskedArray"):
            equivalence(lambda x: np.ma.array(x, mask=[0, 1, 0]), V)


class TestInputs:
    @pytest.mark.parametrize("container", [list, tuple], ids=["list", "tuple"])
    def test_arrays_in_containers(self, container):
        def join(xs):
            return namespace(*xs).concat(list(xs))

        assert assert_equivalent(join, container([V, np.array([1.0])])).ok
        assert assert_equivalent(join, container([V, V])).ok

    def test_dictionaries_dataclasses_and_keywords(self):
        def f(options, fit, *, weights):
            return options["x"] * fit.slope + weights["w"][0]

        report = assert_equivalent(
            f, {"x": V, "n": 3}, Fit(V, "a", 1), kwargs={"weights": {"w": (V, 2)}}
        )
        assert report.ok
        assert str(report).startswith("f on ")

    def test_a_list_of_axes_stays_one(self):
        def f(x, axes, shape=None):
            assert type(axes) is list
            assert shape == [3, 1]
            return namespace(x).permute_dims(x, tuple(axes))

        assert assert_equivalent(f, V[:, None], [1, 0], kwargs={"shape": [3, 1]}).ok

    def test_a_list_of_floats_is_data(self):
        assert assert_equivalent(lambda x: namespace(x).sum(x), [[1.0, 2], [3, 4]]).ok

    def test_a_changed_input_anywhere_is_seen(self):
        def f(xs):
            xs[1][...] = 0.0
            return xs[0] * 2

        row = by_row(f, [V, V + 1], backends="numpy")["numpy"]
        assert row.verdict == "wrong"
        assert "an input must not be changed" in row.reason
        assert V[0] == 1.0

    def test_masked_arrays_are_refused(self):
        masked = np.ma.array([1.0, 2.0], mask=[0, 1])
        for given in (masked, [masked], {"a": (masked,)}):
            with pytest.raises(TypeError, match="must not be masked arrays"):
                equivalence(lambda x: x, given)

    def test_arrays_of_another_library_are_refused(self):
        import array_api_strict

        with pytest.raises(TypeError, match="inputs must be NumPy arrays; got Array"):
            equivalence(lambda x: x, array_api_strict.ones(2))

    def test_the_name_of_a_partial(self):
        def scaled(x, by):
            return x * by

        assert str(equivalence(partial(scaled, by=2.0), V)).startswith("scaled on ")

    def test_a_data_dependent_line(self):
        with opened("strict:cpu") as case:
            assert case.run(lambda xs: xs[0] + xs[1], [case.array(1.0), case.array(2.0)]) == 3.0


class TestRows:
    def test_extensions_are_there_unless_a_row_is_without(self):
        def f(x):
            return namespace(x).linalg.inv(x)

        m = np.array([[2.0, 1.0], [1.0, 3.0]])
        assert equivalence(f, m).ok
        without = "strict:no_extensions"
        assert verdicts(f, m, backends=without)[without] == "wrong"
        needed = {"backends": without, "capabilities": capabilities(extensions="linalg")}
        assert verdicts(f, m, **needed)[without] == "agrees"  # what it needs stays on, no other
        assert verdicts(lambda x: namespace(x).fft.rfft(x), m[0], **needed)[without] == "wrong"

    @pytest.mark.parametrize(
        ("flag", "f"),
        [
            ("boolean_indexing", lambda x: namespace(x).sum(x[x > 1])),
            ("data_dependent_shapes", lambda x: namespace(x).unique_values(x)),
            (
                "extensions",
                lambda x: namespace(x).fft.fft(namespace(x).astype(x, namespace(x).complex64)),
            ),
        ],
    )
    def test_each_flag_by_itself(self, flag, f):
        rows = [
            f"strict:no_{n}" for n in ("boolean_indexing", "data_dependent_shapes", "extensions")
        ]
        found = verdicts(f, V, backends=rows)
        assert found.pop(f"strict:no_{flag}") == "wrong"
        assert set(found.values()) == {"agrees"}

    def test_what_is_needed_is_left_on_and_the_rest_off(self):
        def f(x):
            return namespace(x).unique_values(x)

        needs = capabilities(data_dependent_shapes=True)
        report = equivalence(f, V, capabilities=needs)
        assert report.ok, str(report)
        rows = {o.backend: o.verdict for o in report.outcomes}
        assert rows["strict:strictest"] == "agrees"  # boolean indexing is off there still
        assert rows.get("jax:jit", "can't tell") in ("can't tell", "skipped")

        def masks_too(x):
            return namespace(x).unique_values(x[x > 0])

        assert "strict:strictest" in equivalence(masks_too, V, capabilities=needs).wrong


def test_four_threads_leave_array_api_strict_as_it_was():
    import array_api_strict

    before = dict(vars(type(array_api_strict.asarray(True))))
    flags = array_api_strict.get_array_api_strict_flags()
    problems = []

    def work():
        for rows in itertools.islice(itertools.cycle(["strict", "strict:strictest"]), 20):
            report = equivalence(lambda x: x * 2 if x.shape else x, V, backends=rows)
            if not report.ok or report.reads:
                problems.append(str(report))
        masked = equivalence(lambda x: x[x > 1], V, backends="strict")
        if masked.wrong != ("strict:strictest",):
            problems.append(str(masked))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    reading = bool(array_api_strict.asarray(True))  # another thread may read meanwhile
    for thread in threads:
        thread.join()
    assert problems == []
    assert reading
    assert dict(vars(type(array_api_strict.asarray(True)))) == before
    assert array_api_strict.get_array_api_strict_flags() == flags
    assert bool(array_api_strict.asarray(True))
    assert {array_api_strict.asarray(1).device: 1}


def test_the_kit_within_a_test_on_strictest():
    with opened("strict:strictest"):
        found = verdicts(lambda x: x[x > 1], V, backends=("strict:cpu", "strict:strictest"))
    assert found == {"strict:cpu": "agrees", "strict:strictest": "wrong"}


def test_agreement_without_values_says_so():
    pytest.importorskip("torch")
    row = by_row(lambda x: x * 2, V, backends="torch:meta")["torch:meta"]
    assert row.verdict == "agrees"
    assert row.reason == "in shape, dtype and device: it has no values"


def test_the_limits_of_numpy_are_the_kit_s_thread_s_alone():
    """Another thread that asks meanwhile is told the truth."""
    seen = []

    def f(x):
        xp = namespace(x)
        other = threading.Thread(target=lambda: seen.append(float(np.finfo("float64").eps)))
        other.start()
        other.join()
        return xp.where(x > 1, x, xp.finfo(x.dtype).max)

    assert equivalence(f, V, backends="numpy:float32").ok
    assert len(seen) > 2
    assert set(seen) == {2.0**-52}


def test_the_limits_of_numpy_are_as_they_were():
    made = np.finfo.__new__
    equivalence(lambda x: namespace(x).where(x > 1, x, namespace(x).finfo(x.dtype).max), V)
    assert np.finfo.__new__ is made
    assert np.finfo("float32").eps == np.float32(2**-23)


def test_a_constant_in_float32_that_numpy_shares_is_not_seen():
    """The limit that the documentation names: the reference is the function itself."""

    def f(x):
        xp = namespace(x)
        return x * xp.astype(xp.asarray(1 / 3, dtype=xp.float32, device=device(x)), x.dtype)

    assert equivalence(f, V).ok
    with opened("strict:cpu") as case, pytest.raises(AssertionError, match="values differ"):
        case.check(case.run(f, case.array(V)), V / 3)


def test_a_dataclass_keeps_its_type():
    with opened("strict:cpu") as case:
        fit = case.run(lambda f: dataclasses.replace(f, points=2), Fit(case.array(V), "a", 1))
        assert fit.points == 2


class Scaler:
    def fit(self, x):
        self.mean_ = namespace(x).mean(x, axis=0)
        return self


def test_an_estimator_that_is_not_fitted_yet():
    """Fitting gives the object arrays that were no data; each run has an object of its own."""
    own = Scaler()
    x = np.asarray([[0.1, 0.3], [0.7, 0.9]])
    assert assert_equivalent(lambda s, x: s.fit(x).mean_, own, x).ok
    assert vars(own) == {}
    fitted = Scaler().fit(x)
    before = fitted.mean_
    assert assert_equivalent(lambda s, x: s.fit(x + s.mean_).mean_, fitted, x).ok
    assert fitted.mean_ is before


def test_an_input_whose_hidden_parts_outlive_a_run():
    class Cached:
        def __init__(self):
            self.factor = 2.0
            self._seen = {}

        def __call__(self, x):
            self._seen["x"] = x
            return x * self.factor

    assert assert_equivalent(lambda c, x: c(x), Cached(), V).ok


@pytest.mark.parametrize("name", ["sum", "prod", "cumulative_sum"])
def test_sums_of_unsigned_integers_are_as_wide_as_the_default_of_the_library(name):
    def f(x):
        xp = namespace(x)
        return getattr(xp, name)(x, axis=0)

    report = equivalence(f, np.arange(12, dtype="uint8").reshape(3, 4))
    assert report.wrong == (), str(report)
    assert report.ok

    def narrow(x):
        xp = namespace(x)
        return f(x) if isinstance(x, np.ndarray) else xp.astype(f(x), xp.int16)

    rows = equivalence(narrow, I.astype("u1"), backends=("strict:cpu", "torch", "jax"))
    assert set(rows.wrong) == {"strict:cpu", "torch", "jax"} - {*rows.skipped}, str(rows)
    kept = equivalence(
        lambda x: x if isinstance(x, np.ndarray) else namespace(x).astype(x, namespace(x).int64),
        I.astype("uint64"),
        backends="strict:cpu",
    )
    assert kept.outcomes[0].reason == (
        "dtype must be array_api_strict.uint64; got array_api_strict.int64"
    )


def test_whatever_finfo_says_can_be_asked_for():
    """Within the reference too, where NumPy has the limits of float32 in float64."""

    def f(x):
        limits = namespace(x).finfo(x.dtype)
        return x * limits.precision * limits.nmant + limits.eps * 1e9, limits.dtype == x.dtype

    found = by_row(f, V, backends="numpy*")
    assert {o.verdict for o in found.values()} == {"agrees"}
    assert found["numpy:float32"].reason == "with the limits of float32, for which it asks"


class DumbError(Exception):
    def __str__(self):
        raise ValueError("no words")


def test_an_exception_that_can_t_say_what_it_is():
    def f(x):
        if not isinstance(x, np.ndarray):
            raise DumbError
        return x

    row = by_row(f, V, backends="strict:cpu")["strict:cpu"]
    assert row.verdict == "wrong"
    assert row.reason.startswith("DumbError:  (")


def test_mappings_that_can_t_be_written_to():
    from types import MappingProxyType

    given = MappingProxyType({"a": V, "b": 2.0})
    assert assert_equivalent(lambda d: d["a"] * d["b"], given).ok


def test_integers_of_any_size():
    found = by_row(
        lambda x: 2**70 if isinstance(x, np.ndarray) else 2**70 + 1, V, backends="strict:cpu"
    )
    wanted = f"1 of 1 values differ; the worst must be {2**70}; got {2**70 + 1}"
    assert found["strict:cpu"].reason == wanted


@pytest.mark.parametrize(
    ("reason", "reads", "expected"),
    [
        ("as NumPy does", (), "as NumPy does"),
        ("", ("a.py:3",), "reads a value at a.py:3"),
        ("reads a value at a.py:3", ("a.py:3",), "reads a value at a.py:3"),
        ("it differs", ("a.py:3", "b.py:1"), "it differs; reads a value at a.py:3, b.py:1"),
        ("no such thing (a.py:3)", ("a.py:3",), "no such thing (a.py:3); reads a value there"),
        ("it differs", ("1", "2", "3", "4"), "it differs; reads a value at 1, 2, 3, ..."),
    ],
)
def test_the_reason_and_the_lines_that_read_stand_in_one_line(reason, reads, expected):
    assert Outcome("torch", "agrees", reason, reads=reads).text == expected

"""What goes in and comes out as objects: one array stays one, state is each row's own."""

import dataclasses
import itertools
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import array_api_compat
import numpy as np
import pytest

from backends import device, namespace
from backends.testing import equivalence

X = np.array([0.1, 0.7, 1.3, 2.9])
ROWS = ("numpy", "strict:device1", "torch", "jax", "jax:jit")
EAGER = ROWS[:-1]


def other(x, here, there):
    """Give NumPy one thing and every other library another."""
    return here if isinstance(x, np.ndarray) else there


def row(function, *inputs, backends="strict:device1", **options):
    (outcome,) = equivalence(function, *inputs, backends=backends, **options).outcomes
    return outcome


def agrees(function, *inputs, backends=ROWS, **options):
    report = equivalence(function, *inputs, backends=backends, **options)
    assert report.ok, str(report)
    return report


class TestOneThingGivenTwice:
    def test_an_array_is_the_same_in_each_run(self):
        def same(a, b, *, c):
            return a + 1.0, a is b, a is c["c"]

        report = agrees(same, X, X, kwargs={"c": {"c": X}})
        assert report.wrong == ()
        seen = []
        equivalence(lambda a, b: seen.append(a is b) or a * b, X, X, backends=ROWS)
        assert all(seen)

        def pairwise(a, b):
            return a * other(a, 1.0, 2.0) if a is b else a

        assert row(pairwise, X, X).verdict == "wrong"
        assert row(pairwise, X, X.copy()).verdict == "agrees"

    def test_so_are_lists_and_objects(self):
        def same(a, b):
            return a is b, a[0] is b[0]

        for given in ([X], [0.1, 0.2], {0: X}, (X,)):
            report = equivalence(same, given, given, backends=ROWS)
            assert report.ok, str(report)

    def test_a_change_by_another_name_is_seen(self):
        def changes(a, b):
            if a is b:
                b[0] = 0.0
            return b

        assert row(changes, X, X, backends="numpy").verdict == "wrong"

    def test_what_holds_itself(self):
        holds = [X]
        holds.append(holds)
        agrees(lambda a: a[1][1][0] * 2, holds)


class TestArraysThatAreNoNumbers:
    @pytest.mark.parametrize(
        "given",
        [
            np.array(["a", "b"]),
            np.array(["a", "b"], dtype=object),
            np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
            np.zeros(2, dtype=[("a", "f8")]),
            np.array(["a", "b"], dtype="T"),
        ],
        ids=["str", "object", "datetime", "record", "long"],
    )
    def test_they_are_copied_and_must_not_be_changed(self, given):
        before = given.copy()

        def changes(x, s):
            s[0] = s[1]
            return x

        found = row(changes, X, given)
        if given.dtype.names:
            assert found.verdict == "agrees"  # the same in it
            changes = lambda x, s: s["a"].fill(3.0) or x  # noqa: E731
            found = row(changes, X, given)
        assert found.verdict == "wrong"
        assert "an input must not be changed" in found.reason
        assert given.tobytes() == before.tobytes() or list(given) == list(before)
        agrees(lambda x, s: x * 2, X, given, backends=("numpy", "strict:device1"))


class TestMarksOnInputs:
    def test_a_gradient_asked_of_an_input(self):
        pytest.importorskip("torch")

        def asks(x):
            if not isinstance(x, np.ndarray):
                x.requires_grad_(True)
            return x * 2

        for name in ("torch", "torch:meta"):
            assert row(asks, X, backends=name).reason.endswith("`requires_grad` was set")

    def test_another_shape_of_an_input(self):
        pytest.importorskip("torch")

        def reshapes(x):
            if isinstance(x, np.ndarray):
                return x * 2
            x.unsqueeze_(0)
            return x[0] * 2

        for name in ("torch", "torch:meta"):
            assert row(reshapes, X, backends=name).reason.endswith(
                "its shape was (4,) and is (1, 4)"
            )


class Drawing:
    def __init__(self, x):
        self.x, self._rng = x, np.random.default_rng(0)

    def __call__(self, y):
        xp = namespace(self.x)
        drawn = self._rng.normal(size=4)
        return self.x * y + xp.asarray(drawn, dtype=y.dtype, device=device(y))


class Caching:
    def __init__(self, x):
        self.x, self._cache, self._calls = x, {}, []

    def __call__(self, y):
        self._calls.append(1)
        if "sum" not in self._cache:
            self._cache["sum"] = namespace(self.x).sum(self.x)
        return y * self._cache["sum"] * len(self._calls)


class Nested:
    def __init__(self, x):
        self._inner, self.n = Caching(x), 1

    def __call__(self, y):
        return self._inner(y) * self.n


@dataclass
class Scaling:
    x: Any

    def __post_init__(self):
        self.inverse = 1 / self.x
        self._squared = self.x * self.x

    def __call__(self, y):
        return y * self.inverse * self._squared


class Slotted:
    __slots__ = ("_x", "unset")

    def __init__(self, x):
        self._x = x

    def __call__(self, y):
        return self._x * y


class Several(list):
    def __call__(self, y):
        self.runs = getattr(self, "runs", 0) + 1
        return self[0] * y * self.weight * self.runs


class OwnCopies:
    def __init__(self, x):
        self._x, self.seen = x, []

    def __deepcopy__(self, memo):
        import copy

        new = OwnCopies(copy.deepcopy(self._x, memo))
        new.seen = copy.deepcopy(self.seen, memo)
        return new

    def __call__(self, y):
        self.seen.append(1)
        return self._x * y * len(self.seen)


class WithLock:
    def __init__(self, x):
        import threading

        self.x, self._lock, self._calls = x, threading.Lock(), []

    def __call__(self, y):
        with self._lock:
            self._calls.append(1)
        return self.x * y * len(self._calls)


class TestStateOfInputs:
    @pytest.mark.parametrize(
        "kind", [Drawing, Caching, Nested, Scaling, Slotted, OwnCopies, WithLock]
    )
    def test_each_row_has_its_own_and_arrays_are_found_anywhere(self, kind):
        rows = EAGER if kind is Drawing else ROWS
        agrees(lambda f, y: f(y), kind(X + 1.0), X, backends=rows)

    def test_attributes_of_a_list(self):
        several = Several([X])
        several.weight = X + 1.0
        agrees(lambda f, y: f(y), several, X)
        assert not hasattr(several, "runs")

    def test_queues_and_sets(self):
        def f(x, queue, numbers):
            queue.append(1)
            numbers.add(len(numbers))
            return x * queue[0] * len(queue) * len(numbers)

        queue, numbers = deque([X]), {0}
        agrees(f, X, queue, numbers)
        assert (len(queue), numbers) == (1, {0})

    def test_two_objects_share_what_they_shared(self):
        first, second = Caching(X), Caching(X)
        second._cache = first._cache

        def f(a, b):
            return a._cache is b._cache, a.x is b.x, a(a.x)

        agrees(f, first, second)

    def test_a_logger_is_no_state(self):
        import logging

        class Logging(Caching):
            def __init__(self, x):
                super().__init__(x)
                self._log = logging.getLogger("a test")

        def f(a, y):
            a._log.debug("called")
            return a(y)

        agrees(f, Logging(X), X)
        assert logging.getLogger("a test").manager is logging.root.manager


class Named:
    """Keeps the namespace of its arrays."""

    def fit(self, x):
        self.xp = self._xp = namespace(x)
        self.mean = self.xp.mean(x)
        return self

    def transform(self, x):
        return x - self.xp.asarray(self.mean, device=device(x)) + self._xp.sum(x)


class Restored:
    """Makes its arrays anew each time that its state is asked for."""

    def __init__(self, x):
        self._x, self.n = x, 1

    def __getstate__(self):
        return {"_x": self._x * 1.0, "n": self.n}

    def __setstate__(self, state):
        vars(self).update(state)


def test_each_run_has_objects_in_arrays_of_its_own():
    kept = np.array([[1], [2, 3]], dtype=object)

    def f(x, lists):
        lists[0].append(7)
        return x * len(lists[0])

    agrees(f, X, kept)
    assert kept.tolist() == [[1], [2, 3]]


def test_objects_that_make_their_state_anew():
    agrees(lambda a, y: a._x * y * a.n, Restored(X), X)
    agrees(lambda a, y: Restored(a._x * y * a.n), Restored(X), X, backends=EAGER)


class TestNamespaces:
    def test_as_results(self):
        agrees(lambda x: Named().fit(x), X)
        found = row(lambda x: (x, other(x, np, None)), X)
        assert found.verdict == "wrong"

    def test_as_inputs(self):
        agrees(lambda s, x: s.transform(x), Named().fit(X), X)
        for xp in (np, array_api_compat.array_namespace(X)):
            agrees(lambda x, xp: xp.sum(xp.asarray(x)), X, kwargs={"xp": xp})
            agrees(lambda x, xp: xp is namespace(x) or xp is np, X, xp)


class Half:
    def __init__(self, x, k):
        self.x, self._k = x, k

    @property
    def y(self):
        return self.x * self._k


class Lasting:
    """Computed once, where somebody asks."""

    def __init__(self, x):
        self.x = x

    @cached_property
    def twice(self):
        return self.x * other(self.x, 2.0, 3.0)


class ByDesign:
    """Keeps NumPy's arrays, and hands out those of the library."""

    def __init__(self, x, shown):
        self._xp, self._device = namespace(x), device(x)
        self._host = np.asarray(_values(x))
        self._library, self._where = self._xp.__name__, "cpu" if shown else str(self._device)
        self._shown = shown

    @property
    def values(self):
        return self._xp.asarray(self._host, device=self._device) if self._shown else self._host


def _values(x):
    return x._array if hasattr(x, "_array") else x


class Hidden:
    def __init__(self, x):
        self.n, self._x = 1, x

    def numbers(self):
        return self._x


class Dict(dict):
    pass


class List(list):
    pass


class TestObjectsAsResults:
    def test_a_private_number_behind_a_property(self):
        assert row(lambda x: Half(x, 2), X).verdict == "agrees"
        assert row(lambda x: Half(x, other(x, 2, 7)), X).verdict == "wrong"
        found = row(lambda x: Half(x[:0], other(x, 2, 7)), X)
        assert found.reason.startswith("result._k: 1 of 1 values differ")
        for here, there in [(1, 2), (1.0, 1.1), (1j, 2j)]:
            found = row(lambda x, a=here, b=there: Hidden((x, other(x, a, b))), X)
            assert found.reason.startswith("result._x[1]")

    @pytest.mark.parametrize(("here", "there"), [("a", "b"), (None, "b"), (True, False)])
    def test_a_private_mark_may_say_how_the_rest_lies(self, here, there):
        assert row(lambda x: Hidden((x, other(x, here, there))), X).verdict == "agrees"

    def test_a_private_clock_or_counter_is_not_judged(self):
        count = itertools.count()

        def counted(x):
            made = Half(x, 2)
            made._made = next(count)
            return made

        agrees(counted, X)

    def test_a_property_that_is_computed_when_asked(self):
        def f(x):
            made = Lasting(x)
            if isinstance(x, np.ndarray):
                _ = made.twice
            return made

        assert row(f, X).reason.startswith("result.twice: 4 of 4 values differ")

    def test_a_property_that_fails_on_one_library(self):
        class Fails(Half):
            @property
            def late(self):
                return self.x * (1 if isinstance(self.x, np.ndarray) else 1 / 0)

        found = row(lambda x: Fails(x, 1), X)
        assert found.reason.startswith("must return result.x, result.late, result.y; got ")

    def test_a_property_that_reads_where_there_are_no_values(self):
        pytest.importorskip("torch")

        class Reads(Half):
            @property
            def largest(self):
                return float(namespace(self.x).max(self.x))

        agrees(lambda x: Reads(x, 2), X, backends=("numpy", "torch", "torch:meta"))

    def test_a_private_representation_beside_a_public_one(self):
        agrees(lambda x: ByDesign(x, True), X, backends=("numpy", "strict:cpu", "torch"))
        found = row(lambda x: ByDesign(x, False), X, backends="strict:cpu")
        assert found.reason.startswith("result.values: `result` must be an array of array-api-")
        found = row(lambda x: ByDesign(x * other(x, 1.0, 2.0), True), X, backends="strict:cpu")
        assert found.verdict == "wrong"

    def test_a_private_array_beside_a_public_one_has_its_values(self):
        class Both:
            def __init__(self, x, kept):
                self.x, self._kept = x, kept

        agrees(lambda x: Both(x, 2 * x), X, backends="strict:cpu")
        found = row(lambda x: Both(x, x * other(x, 1.0, 2.0)), X, backends="strict:cpu")
        assert found.verdict == "wrong"
        assert found.reason.startswith("result._kept: 4 of 4 values differ")
        agrees(lambda x: Both(x, x[: other(x, 2, 3)]), X, backends="strict:cpu")  # laid out else

    def test_private_memory_that_the_function_writes_to_again(self):
        buffer = np.zeros(4)

        def f(x):
            made = Half(x, 2)
            made._kept = x * 2
            if isinstance(x, np.ndarray):
                buffer[...] = made._kept
                made._kept = buffer
            return made

        report = agrees(f, X, backends=("numpy:float32", "strict:cpu"))
        assert [o.reason for o in report.outcomes] == ["", ""]

    def test_private_arrays_where_none_is_public_are_judged_in_full(self):
        def f(x):
            return Hidden(namespace(x).asarray([0.1, 0.2], dtype=x.dtype))

        assert row(f, X).reason.startswith("result._x: `result` must be an array of array-api-")
        found = row(lambda x: Hidden(other(x, x, None)), X)
        assert found.verdict == "wrong"
        random = np.random.default_rng(0)
        assert row(lambda x: Hidden(x * random.random()), X).verdict == "wrong"

    def test_attributes_of_a_dataclass_that_are_no_fields(self):
        @dataclass
        class Result:
            statistic: Any

            def __post_init__(self):
                self.pvalue = None

        def f(x, factor=1.0):
            found = Result(namespace(x).sum(x))
            found.pvalue = namespace(x).exp(-found.statistic) * other(x, 1.0, factor)
            return found

        agrees(f, X)
        assert row(f, X, kwargs={"factor": 77.0}).reason.startswith("result.pvalue: 1 of 1 values")

    @pytest.mark.parametrize("kind", [Dict, List])
    def test_attributes_of_dictionaries_and_lists(self, kind):
        def f(x, factor=1.0):
            made = Dict(a=x) if kind is Dict else List([x])
            made.extra = x * other(x, 1.0, factor)
            return made

        agrees(f, X)
        assert row(f, X, kwargs={"factor": 9.0}).reason.startswith("result.extra: 4 of 4 values")

    def test_names_in_another_order(self):
        here, there = namedtuple("Here", "low high"), namedtuple("There", "high low")

        found = row(lambda x: other(x, here, there)(x, x + 1), X)
        assert found.reason == "result must have .low at [0]; it stands elsewhere"

    def test_two_keys_that_are_written_alike(self):
        class Key:
            def __init__(self, number):
                self.number = number

            def __repr__(self):
                return "Key"

        keys = [Key(1), Key(2)]

        def f(x):
            return OrderedDict([(keys[0], x * other(x, 1.0, 5.0)), (keys[1], x)])

        assert row(f, X).reason.startswith("result[Key]: 4 of 4 values differ")
        agrees(lambda d: d[keys[0]] + 2 * d[keys[1]], {keys[0]: X, keys[1]: X + 1})

    def test_traced_objects_come_back_with_their_arrays(self):
        pytest.importorskip("jax")
        agrees(lambda x: Half(x, 2), X, backends=("numpy", "jax:jit"))
        found = row(
            lambda x: dataclasses.replace(Scaling(x), x=other(x, x, x * 2)), X, backends="jax:jit"
        )
        assert found.verdict == "wrong"

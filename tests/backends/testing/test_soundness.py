"""An agreement that could not have failed is worth nothing: each of these must be able to."""

import random
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from backends import device, namespace
from backends.testing import assert_close, capabilities, equivalence, opened

V = np.array([1.0, 2.0, 4.0])
I = np.array([1, 2, 4])  # noqa: E741
STRICT = ("numpy", "strict:cpu", "strict:device1")


def other(x, here, there):
    """Give NumPy one thing and every other library another."""
    return here if isinstance(x, np.ndarray) else there


def row(function, *inputs, backends="strict:cpu", **options):
    (outcome,) = equivalence(function, *inputs, backends=backends, **options).outcomes
    return outcome


class TestInputs:
    @pytest.mark.parametrize("given", [[1, 2, 3], (1.0, 2.0), 3, "text", np.array(["a"])])
    def test_a_call_without_an_array_is_the_same_on_every_row(self, given):
        with pytest.raises(TypeError, match="must hold a NumPy array, .* given the same; got none"):
            equivalence(lambda x: 1, given)

    def test_an_iterator_can_be_read_once(self):
        with pytest.raises(TypeError, match="not be iterators, .* once; got list_iterator"):
            equivalence(lambda x, more: x * sum(more), V, iter([1, 2]))

    def test_what_converts_itself_to_numpy_is_no_array_of_numpy(self):
        class Series:
            def __array__(self, dtype=None, copy=None):
                return V

        class Sparse:
            shape, dtype = (3,), np.dtype("float64")

        for given in (Series(), Sparse()):
            name = type(given).__name__
            with pytest.raises(TypeError, match=f"inputs must be NumPy arrays; got {name}"):
                equivalence(lambda x, s: x, V, given)
        assert equivalence(lambda x, d: x, V, np.float32, backends="strict:cpu").ok  # a class

    @pytest.mark.parametrize(
        ("function", "given", "place"),
        [
            (lambda x, n: x * n.pop(), [1, 2], r"inputs\[1\]\[1\] was"),
            (lambda x, d: x * d.pop("n"), {"n": 2}, r"inputs\[1\]\['n'\] was"),
            (lambda x, d: x * d.setdefault("m", 3), {"n": 2}, r"inputs\[1\]\['m'\] was"),
        ],
        ids=["pop", "key", "new"],
    )
    def test_a_list_or_dictionary_must_not_be_changed(self, function, given, place):
        report = equivalence(function, V, given, backends=STRICT)
        assert report.wrong == STRICT
        with pytest.raises(AssertionError, match=f"must not be changed; {place}"):
            raise report.outcomes[0].error
        assert len(given) in (1, 2)
        assert "m" not in given

    def test_an_array_in_a_list_must_not_be_replaced(self):
        def f(xs, *, more):
            xs[0] = xs[0] * 2
            return xs[0] + more[0]

        found = row(f, [V, V], kwargs={"more": (V,)})
        assert found.reason.startswith("AssertionError: an input must not be changed; inputs[0][0]")

        @dataclass
        class Pair:
            first: Any
            second: Any

        def replaces(pair):
            pair.first = pair.first * 2
            return pair.first + pair.second

        found = row(replaces, Pair(V, V))
        assert found.reason.startswith("AssertionError: an input must not be changed; inputs[0].fi")

        def g(x, *, more):
            more.append(x)
            return x

        assert "kwargs['more'][0] was" in row(g, V, kwargs={"more": []}).reason

    @pytest.mark.parametrize(
        "generator",
        [np.random.default_rng(3), np.random.RandomState(3), random.Random(3)],
        ids=["Generator", "RandomState", "Random"],
    )
    def test_every_row_draws_the_same_numbers(self, generator):
        def f(x, generator):
            return x * (generator.rand() if hasattr(generator, "rand") else generator.random())

        assert equivalence(f, V, generator, backends=STRICT).ok

    def test_an_object_that_a_function_writes_to_is_another_on_each_row(self):
        class Model:
            def __init__(self):
                self.fitted, self.history = None, []

            def fit(self, x):
                self.fitted = x * 2
                self.history.append(1)
                return self

        model = Model()
        assert equivalence(lambda m, x: m.fit(x), model, V, backends=STRICT).ok
        assert model.fitted is None
        assert model.history == []

    def test_an_object_that_can_not_be_copied_is_handed_on(self):
        class Connection:
            def __init__(self):
                self.factor = 2.0

            def __reduce_ex__(self, protocol):
                raise TypeError("cannot pickle a connection")

        assert equivalence(lambda c, x: x * c.factor, Connection(), V, backends=STRICT).ok

    def test_a_function_is_handed_on_as_it_is(self):
        def scale(x):
            return x * 2

        scale.table = V
        assert equivalence(lambda f, x: f(x), scale, V, backends=STRICT).ok
        assert scale.table is V

    def test_arrays_in_private_attributes_and_slots_go_to_the_library(self):
        class Slots:
            __slots__ = ("_w", "unset")

        slots = Slots()
        slots._w = V
        assert equivalence(lambda s: s._w * 2, slots, backends=STRICT).ok


Pair = namedtuple("Pair", "low high")


class Hidden:
    def __init__(self, value):
        self.n, self._value, self._cache = 3, value, object()

    @property
    def value(self):
        return self._value


@dataclass
class Node:
    value: Any
    up: Any = None


class TestResults:
    def test_memory_that_the_function_writes_to_again(self):
        buffer = np.zeros(3)

        def f(x):
            buffer[...] += 1.0
            return buffer

        report = equivalence(f, V, backends="numpy")
        assert report.wrong == ("numpy",)

    def test_containers_are_of_the_same_make(self):
        reason = row(lambda x: other(x, Pair(x, x), (x, x)), V).reason
        assert reason == "result must be a Pair with .low; got tuple"
        reason = row(lambda x: (x, other(x, (), [])), V).reason
        assert reason == ""
        reason = row(lambda x: other(x, (x, ()), (x,)), V).reason
        assert reason == "result must have 2 items; got 1"
        assert row(lambda x: other(x, (x, x), [x, x]), V).verdict == "agrees"
        for wanted, got, said in [
            ([1.0], {0: 1.0}, "result must be a list or tuple; got a mapping"),
            ({}, [], "result must be a mapping; got a list or tuple"),
            ({"value": 1.0, "up": None}, Node(1.0), "must return result['value'], result['up']; "),
            ((), None, "must return a list or tuple of nothing; got None"),
            (None, [], "must return None; got a list or tuple of nothing"),
            ((1, ()), (1, {}), "result[1] must be a list or tuple; got a mapping"),
        ]:
            reason = row(lambda x, a=wanted, b=got: other(x, a, b), V).reason
            assert reason.startswith(said)

    def test_the_order_of_keys_is_nothing(self):
        def f(x):
            a, b = x, x * 2
            return other(x, {"a": a, "b": b}, OrderedDict(b=b, a=a))

        assert row(f, V).verdict == "agrees"

    def test_named_results_of_the_libraries_are_alike(self):
        m = np.array([[2.0, 1.0], [1.0, 3.0]])
        for name in ("eigh", "slogdet", "qr"):
            report = equivalence(
                lambda x, name=name: getattr(namespace(x).linalg, name)(x), m, backends="torch*"
            )
            assert report.wrong == (), str(report)

    def test_an_array_behind_a_property(self):
        found = row(lambda x: Hidden(x * other(x, 1.0, 2.0)), V)
        assert found.reason.startswith("result.value: 3 of 3 values differ")

    def test_a_field_that_nobody_set(self):
        @dataclass
        class Late:
            value: Any
            later: Any = field(init=False)

        assert row(lambda x: Late(x), V).verdict == "agrees"

        def sets(x):
            late = Late(x)
            if isinstance(x, np.ndarray):
                late.later = x
            return late

        assert row(sets, V).reason == "must return result.value, result.later; got result.value"

    def test_a_dataclass_that_names_a_namespace_is_no_array(self):
        @dataclass
        class Window:
            z: Any
            w: Any

            def __array_namespace__(self, api_version=None):
                return namespace(self.z, self.w)

        def f(x, window):
            return Window(x, window.w * namespace(window.z).max(window.z))

        assert equivalence(f, V, Window(V, V), backends=STRICT).ok

    def test_arrays_in_a_private_dictionary(self):
        class Model:
            def __init__(self, x):
                self.n, self._weights = 1, {"w": x}

        assert row(lambda x: Model(x * other(x, 1.0, 2.0)), V).reason.startswith(
            "result._weights['w']: 3 of 3 values differ"
        )

    def test_what_holds_itself_is_refused(self):
        def f(x):
            node = Node(x)
            node.up = node
            return node

        with pytest.raises(TypeError, match=r"got Node at \.up"):
            equivalence(f, V)

    @pytest.mark.parametrize(("here", "there"), [(3, 3.0), (3.0, 3), (3.0, 3.0 + 0j)])
    def test_a_number_of_python_s_is_of_its_kind(self, here, there):
        reason = row(lambda x: other(x, here, there), V).reason
        assert reason == f"must be {here}; got {there}"

    def test_a_number_that_meta_can_have(self):
        pytest.importorskip("torch")
        found = row(lambda x: (x, other(x, 2.5, 2.6)), V, backends="torch:meta")
        assert found.reason.startswith("result[1]: 1 of 1 values differ")

    def test_any_floating_dtype_is_floating(self):
        def f(x):
            return other(x, x, namespace(x).astype(x, namespace(x).int32))

        found = row(f, V, capabilities=capabilities(dtype="any"))
        assert found.reason.endswith("got array_api_strict.int32")

    def test_any_floating_dtype_may_be_a_half(self):
        pytest.importorskip("torch")

        def f(x):
            return other(x, x, namespace(x).astype(x, namespace(x).float16))

        assert (
            row(f, V, backends="torch", capabilities=capabilities(dtype="any")).verdict == "agrees"
        )

    def test_a_dtype_that_the_library_does_not_list(self):
        pytest.importorskip("torch")

        def f(x):
            xp = namespace(x)
            return xp.astype(x, xp.uint16)

        assert row(f, I, backends="torch").verdict == "agrees"

    def test_a_shape_that_dask_learns_later(self):
        pytest.importorskip("dask")
        assert row(lambda x: x[x > 1], V, backends="dask").verdict == "agrees"
        found = row(lambda x: other(x, x[:1], x[x > 1]), V, backends="dask")
        assert found.reason == "shape must be (1,); got (2,)"


class TestValues:
    @pytest.mark.parametrize("backend", ["strict:cpu", "strict:no_float64"])
    def test_small_values_are_not_let_off_by_the_absolute_tolerance(self, backend):
        def f(x):
            return x * 1e-20 * other(x, 1.0, 2.0)

        found = row(f, V, backends=backend)
        assert found.verdict == "wrong"
        assert "; if that is rounding, give `atol`, 1e-" in found.reason
        assert row(f, V, backends=backend, atol=1e-12).verdict == "agrees"
        with pytest.raises(AssertionError, match="if that is rounding, give `atol`"):
            assert_close(np.asarray([1e-15]), np.asarray([2e-15]))
        with opened("strict:cpu") as case:
            for options in ({}, {"rtol": 1e-3}):
                with pytest.raises(AssertionError, match="values differ"):
                    case.check(case.array([1e-15]), [2e-15], **options)

    def test_the_rest_of_an_array_is_held_to_its_largest(self):
        assert_close(np.asarray([1.0, 1e-16]), np.asarray([1.0, -1e-16]))
        assert_close(np.asarray([1e-16]), np.asarray([0.0]))  # rounding, about zero
        with pytest.raises(AssertionError):
            assert_close(np.asarray([1e6, 1e-9]), np.asarray([1e6, 0.0]))

    def test_the_limits_of_float32_hide_no_rounding(self):
        def f(x):
            xp = namespace(x)
            return xp.mean(x * x) - xp.mean(x) ** 2 + xp.finfo(x.dtype).smallest_normal

        found = row(f, V + 1000.0, backends="numpy:float32")
        assert found.verdict == "wrong"
        assert "values differ" in found.reason
        assert found.reason.endswith("; so it is with the limits of float32, for which it asks")

    def test_the_limits_of_float32_in_an_intermediate(self):
        def f(x):
            return x / (namespace(x).finfo(x.dtype).eps * 1e3 + 1.0)

        found = row(f, V, backends="numpy:float32")
        assert found.verdict == "agrees"
        assert found.reason == "with the limits of float32, for which it asks"

    def test_infinite_where_float32_ends(self):
        def f(x):
            return namespace(x).exp(x * 50)

        def too_early(x):
            return namespace(x).sqrt(namespace(x).exp(x * 50))

        with np.errstate(over="ignore"):
            assert row(f, V, backends="numpy:float32").verdict == "agrees"
            assert row(too_early, V, backends="numpy:float32").verdict == "wrong"

    def test_half_precision(self):
        pytest.importorskip("torch")

        def f(x):
            half = namespace(x).astype(x, namespace(x).float16)
            return half / 3

        assert row(f, V, backends="torch").verdict == "agrees"
        third, near = np.asarray(1 / 3, dtype="f2"), np.asarray(0.333, dtype="f2")
        assert third != near
        assert_close(third, near)

    def test_a_real_value_is_no_complex_one(self):
        with pytest.raises(AssertionError, match="values differ"):
            assert_close(np.asarray([1.0]), np.asarray([1.0 + 1.0j]), check_dtype=False)

    def test_numbers_made_of_integers_in_a_library_s_default(self):
        pytest.importorskip("torch")

        def f(i, by):
            xp = namespace(i)
            return float(xp.sum(i) / by)

        plain = capabilities(reads=True)
        assert row(f, I, 3, backends="torch", capabilities=plain).verdict == "agrees"

        def wrong(i):
            return f(i, other(i, 3, 3.001))

        assert row(wrong, I, backends="torch", capabilities=plain).verdict == "wrong"


class TestReads:
    def test_the_bound_of_a_slice(self):
        report = equivalence(lambda x, i: x[: i[0]], V, I, backends=STRICT)
        assert len(report.reads) == 1
        assert report.failed == ("strict:cpu", "strict:device1")
        assert equivalence(lambda x, i: x[i[0]], V, I, backends=STRICT).reads == ()

    @pytest.mark.parametrize("move", ["asarray", "astype", "from_dlpack"])
    def test_a_move_to_the_host_by_a_function(self, move):
        def f(x):
            xp = namespace(x)
            if isinstance(x, np.ndarray):
                return x
            cpu = device(xp.asarray(1.0))
            given = (x, x.dtype) if move == "astype" else (x,)
            there = getattr(xp, move)(*given, device=cpu)
            return xp.asarray(there, device=device(x))

        report = equivalence(f, V, backends="strict:device1")
        assert len(report.reads) == 1
        assert not report.ok

    def test_no_move(self):
        def f(x):
            xp = namespace(x)
            return xp.asarray(x, device=device(x)) + xp.astype(x, x.dtype, device=device(x))

        assert equivalence(f, V, backends=STRICT).ok

    def test_the_text_of_an_error_is_no_read(self):
        def f(x):
            try:
                x[x > 1, 0]
            except IndexError:
                return x * 2
            return x

        assert equivalence(f, V, backends="strict:device1").reads == ()

import gc
from dataclasses import asdict
from functools import partial

import numpy as np
import pytest

from backends import device, namespace
from backends.testing import (
    Capabilities,
    assert_equivalent,
    capabilities,
    capability_table,
    claims,
    equivalence,
)
from backends.testing.capabilities import said_of
from backends.testing.claims import COLUMNS, claims_of
from backends.testing.naming import name_of

V = np.array([1.0, 2.0, 4.0])
ROWS = ("numpy", "numpy:float32", "strict", "torch*", "jax*")


@capabilities(reads=True)
def largest(x):
    return x[int(namespace(x).argmax(x))]


@capabilities(jit=False)
def doubled(x):
    return x * 2


@capabilities(extensions=("linalg",), boolean_indexing=True)
def untested(x):
    return x


def test_they_stand_beside_the_function_or_in_its_test():
    assert doubled(3) == 6
    assert isinstance(capabilities(), Capabilities)
    assert assert_equivalent(largest, V, backends=ROWS).ok
    plain = equivalence(lambda x: largest(x), V, backends=ROWS)
    assert not plain.ok
    assert equivalence(
        lambda x: largest(x), V, backends=ROWS, capabilities=capabilities(reads=True)
    ).ok


def test_a_function_written_in_c_can_have_them():
    capabilities(jit=False)(np.sqrt)
    assert claims([np.sqrt]).untested[0] in ("numpy.sqrt", "sqrt")  # NumPy 2.1 names no module


def test_a_method_can_have_them():
    class Model:
        def first(self, x):
            return x[int(namespace(x).argmax(x))]

    model = Model()
    capabilities(reads=True)(model.first)
    assert assert_equivalent(model.first, V, backends=("numpy", "strict:cpu")).reads
    assert f"{__name__}.test_a_method_can_have_them.<locals>.Model.first on torch" in (
        claims([model.first]).untested
    )


def test_what_can_be_traced_though_it_says_not():
    pytest.importorskip("jax")
    row = equivalence(doubled, V, backends="jax:jit").outcomes[0]
    assert row.verdict == "agrees"
    assert row.reason == "it can be traced, though it says that it can't"
    report = equivalence(lambda x: x * 2, V, backends="jax:jit")
    assert report.outcomes[0].reason == ""

    @capabilities(jit=False)
    def branches(x):
        return x if namespace(x).max(x) > 0 else -x

    row = equivalence(branches, V, backends="jax:jit").outcomes[0]
    assert row.verdict == "can't tell"
    assert row.reason.startswith("the function says that it can't be traced: TracerBool")


def test_that_it_can_t_be_traced_is_no_matter_where_nothing_is():
    row = equivalence(doubled, V, backends="numpy").outcomes[0]
    assert (row.verdict, row.reason) == ("agrees", "")


def test_cpu_only():
    @capabilities(cpu_only=True)
    def by_numpy(x):
        return namespace(x).asarray(np.sin(np.asarray(x)), dtype=x.dtype)

    report = equivalence(by_numpy, V)
    assert report.ok, str(report)
    assert {"strict:device1", "strict:no_float64", "strict:no_x64"} <= set(report.cannot_tell)
    assert "strict:cpu" not in report.cannot_tell
    bare = equivalence(lambda x: by_numpy(x), V, backends=("strict:cpu", "strict:device1"))
    assert bare.wrong == ("strict:device1",)


def test_rows_that_are_left_out_and_rows_that_are_wrong():
    def f(x):
        return namespace(x).ones(3, dtype=x.dtype) + x

    said = capabilities(xfail={"strict:*": "one device only"}, skip={"torch*": "not yet"})
    report = equivalence(
        f, V, backends=("numpy", "strict:device1", "strict:cpu", "torch"), capabilities=said
    )
    found = {o.backend: o for o in report.outcomes}
    assert found["torch"].reason == "left out: not yet"
    assert found["torch"].verdict == "can't tell"
    assert found["strict:device1"].verdict == "can't tell"
    assert found["strict:device1"].reason.startswith("wrong, as the function says (one device")
    assert found["strict:cpu"].verdict == "wrong"
    assert found["strict:cpu"].reason == (
        "the function says that it is wrong here (one device only); it is not"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"extensions": "random"}, "`extensions` must be one of 'linalg', 'fft'; got 'random'"),
        ({"dtype": "int8"}, "`dtype` must be one of None, 'default', .*; got 'int8'"),
        ({"returns": "list"}, "`returns` must be one of None, 'python'; got 'list'"),
    ],
)
def test_what_can_not_be_said(options, message):
    with pytest.raises(ValueError, match=message):
        capabilities(**options)


def test_only_the_extensions_that_are_needed_are_left_on():
    def both(x):
        xp = namespace(x)
        return xp.linalg.vector_norm(x) + xp.abs(xp.fft.fftfreq(3, device=device(x), dtype=x.dtype))

    def linalg(x):
        return namespace(x).linalg.vector_norm(x)

    def verdict(function, *extensions):
        said = capabilities(extensions=extensions)
        rows = ["strict:no_extensions"]
        return equivalence(function, V, backends=rows, capabilities=said).outcomes[0]

    assert verdict(linalg).verdict == "wrong"
    assert verdict(linalg, "linalg").verdict == "agrees"
    assert verdict(linalg, "fft").verdict == "wrong"
    assert "fft" in verdict(both, "linalg").reason
    assert verdict(both, "linalg").verdict == "wrong"
    assert verdict(both, "linalg", "fft").verdict == "can't tell"
    assert "needs linalg, fft, switched off" in verdict(both, "linalg", "fft").reason
    strictest = capabilities(extensions="linalg", boolean_indexing=True)
    assert equivalence(both, V, backends="strict:strictest", capabilities=strictest).ok


def test_claims():
    @capabilities(reads=True)
    def reads_nothing(x):
        return x * 2

    assert_equivalent(reads_nothing, V, backends="strict:cpu")
    found = claims([reads_nothing, untested])
    name = f"{__name__}.test_claims.<locals>.reads_nothing"
    assert f"{name}: reads=True, and no value was read" in found.unclaimed
    assert f"{name} on torch" in found.untested
    assert f"{name} on strict:device1" in found.untested
    assert f"{__name__}.untested" in found.untested
    assert f"claimed and not tested: {__name__}.untested" in str(found)
    assert str(claims([])) == "every claim was tested"


def test_what_can_t_be_told_is_not_tested():
    said = capabilities()
    verdicts = {row: {"can't tell"} for row in COLUMNS.values()} | {"numpy": {"agrees"}}
    verdicts |= {"torch": {"can't tell", "wrong"}}
    found = claims_of([{"said": {"f": asdict(said)}, "seen": {"f": verdicts}}])
    assert found.untested == tuple(
        f"f on {row}" for row in COLUMNS.values() if row not in ("numpy", "torch")
    )


def test_a_claim_is_held_to_what_all_processes_saw():
    said = {"f": asdict(capabilities(reads=True, jit=False, skip={"torch": "not yet"}))}
    alike = {"said": said, "seen": {"f": {"strict:cpu": {"agrees"}, "jax:jit": {"agrees"}}}}
    read = {"f": {"strict:cpu": {"agrees"}, "reads": {"strict:cpu"}, "jax:jit": {"can't tell"}}}
    assert len(claims_of([alike, alike]).unclaimed) == 2
    assert claims_of([alike, {"said": said, "seen": read}]).unclaimed == ()
    assert claims_of([alike, {"said": {}, "seen": {}}]) == claims_of([alike])
    assert "f on numpy" in claims_of([alike]).untested
    assert "f on torch" not in claims_of([alike]).untested


def test_closures_of_one_factory_are_two_functions():
    def factory(reads):
        @capabilities()
        def made(x):
            return x * float(namespace(x).max(x)) if reads else x * 2.0

        return made

    reading, plain = factory(True), factory(False)
    equivalence(plain, V, backends=("numpy", "strict:device1"))
    equivalence(reading, V, backends=("numpy", "strict:cpu"))
    first, second = capability_table([reading, plain]).splitlines()[2:]
    assert first == "| `made` | yes | claimed | claimed | claimed | claimed | claimed | yes | - |"
    assert second == "| `made #2` | yes | claimed | claimed | claimed | yes | claimed | no | - |"
    name = name_of(reading)
    assert f"{name} #2 on strict:device1" not in claims().untested
    assert f"{name} on strict:device1" in claims().untested
    del reading
    gc.collect()
    assert name_of(factory(False)) == name  # made anew, as by another run of a test
    assert name_of(partial(plain, 1)) == f"{name} #2"


def test_a_table_tells_of_a_read_that_is_not_said():
    def reads(x):
        return x * float(namespace(x).max(x))

    equivalence(reads, V, backends=("numpy", "strict:cpu"))
    assert capability_table([reads]).endswith("| yes | - |")


def test_a_table_for_the_documentation():
    @capabilities(jit=False)
    def here_only(x):
        return x + namespace(x).ones(3, dtype=x.dtype)

    @capabilities(reads=True, extensions="fft")
    def score(x):
        return float(namespace(x).max(x))

    equivalence(here_only, V, backends=("numpy", "strict:device1"))
    equivalence(score, V, backends=("numpy", "strict:device1", "strict:no_float64"))
    assert capability_table([score, here_only]) == (
        "| function | NumPy | PyTorch | JAX | JAX jit | GPU | no float64 | reads values | needs |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| `here_only` | yes | claimed | claimed | no | wrong | claimed | no | - |\n"
        "| `score` | yes | claimed | claimed | no | yes | yes | yes | fft |"
    )
    rst = capability_table([score], "rst").splitlines()
    assert rst[0] == rst[2] == rst[-1]
    assert rst[3].startswith("``score`` ")
    assert rst[1].split()[:3] == ["function", "NumPy", "PyTorch"]
    with pytest.raises(ValueError, match="`style` must be 'markdown' or 'rst'; got 'html'"):
        capability_table([score], "html")


def test_what_is_expected_to_be_wrong_can_t_be_told_without_values():
    pytest.importorskip("torch")
    said = capabilities(xfail={"torch*": "a bug"})

    def f(x):
        return x if isinstance(x, np.ndarray) else x * 2

    report = equivalence(f, V, backends=["torch", "torch:meta"], capabilities=said)
    assert report.wrong == ()
    assert report.cannot_tell == ("torch", "torch:meta")
    assert report.outcomes[1].reason == (
        "the function says that it is wrong here (a bug); there are no values to tell by"
    )


def test_they_stand_beside_a_partial_function_too():
    said = capabilities(reads=True)
    assert said_of(said(partial(pow, 2))) is said
    assert said_of(partial(largest, 3)).reads
    assert said_of(partial(pow, 2)) is None


def test_a_row_that_there_is_not_is_refused():
    for said in (capabilities(skip={"toch": "x"}), capabilities(xfail={"toch*": "x"})):
        with pytest.raises(ValueError, match="must speak of rows among numpy, .*; got 'toch"):
            equivalence(lambda x: x, V, backends="numpy", capabilities=said)
        with pytest.raises(ValueError, match="must speak of rows among numpy, .*; got 'toch"):
            equivalence(said(lambda x: x), V, backends="numpy")


def test_what_is_no_capabilities_is_refused():
    with pytest.raises(TypeError, match="`skip` must be a mapping of rows to reasons; got 'torch'"):
        capabilities(skip="torch")
    with pytest.raises(
        TypeError, match="`xfail` must be a mapping of rows to reasons; got {'a': 1}"
    ):
        capabilities(xfail={"a": 1})
    for given in ({"reads": True}, {}):
        with pytest.raises(TypeError, match=r"must be made by capabilities\(\.\.\.\); got {"):
            equivalence(lambda x: x, V, backends="numpy", capabilities=given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reads": "no"}, "`reads` must be True or False; got 'no'"),
        ({"jit": "False"}, "`jit` must be True or False; got 'False'"),
        ({"cpu_only": 1}, "`cpu_only` must be True or False; got 1"),
        ({"boolean_indexing": None}, "`boolean_indexing` must be True or False; got None"),
        ({"data_dependent_shapes": 0}, "`data_dependent_shapes` must be True or False; got 0"),
        ({"extensions": 5}, "`extensions` must be a tuple of names; got 5"),
    ],
)
def test_what_is_of_another_type_is_refused(options, message):
    with pytest.raises(TypeError, match=message):
        capabilities(**options)


def test_parentheses_that_are_left_out():
    with pytest.raises(TypeError, match=r"must be called: @capabilities\(\); got <function"):

        @capabilities
        def f(x):
            return x


def test_what_can_t_be_traced_may_give_anything_there():
    pytest.importorskip("jax")

    def f(x):
        try:
            return x * 2 if bool(namespace(x).all(x > 0)) else x
        except Exception:
            return x

    said = capabilities(reads=True, jit=False)
    row = equivalence(f, V, backends="jax:jit", capabilities=said).outcomes[0]
    assert row.verdict == "can't tell"
    assert row.reason.startswith("the function says that it can't be traced: 3 of 3 values differ")
    assert equivalence(f, V, backends="jax:jit").wrong == ("jax:jit",)


@pytest.mark.parametrize("row", ["strict:device1", "torch:meta", "jax:jit"])
def test_a_read_may_be_the_failure_that_is_expected(row):
    def scaled(x):
        return x * float(x[0])

    assert not equivalence(scaled, V, backends=("numpy", row)).ok or row != "strict:device1"
    said = capabilities(xfail={row: "it reads"})
    report = equivalence(scaled, V, backends=("numpy", row), capabilities=said)
    found = report.outcomes[1]
    if found.verdict == "skipped":
        pytest.skip(found.reason)
    assert report.ok, str(report)
    assert found.verdict == "can't tell"
    assert found.reason.startswith("wrong, as the function says (it reads): ")
    assert "reads a value at " in found.reason


def test_a_read_may_come_with_the_failure_that_is_expected():
    def by_the_host(x):
        return namespace(x).asarray(np.asarray(x) * 2)

    said = capabilities(xfail={"strict:device1": "by way of NumPy"})
    report = equivalence(by_the_host, V, backends=("numpy", "strict:device1"), capabilities=said)
    assert report.ok, str(report)
    assert report.cannot_tell == ("strict:device1",)
    allowed = capabilities(reads=True, xfail={"strict:cpu": "it is not"})
    report = equivalence(lambda x: x * float(x[0]), V, backends="strict:cpu", capabilities=allowed)
    assert report.wrong == ("strict:cpu",)

"""The plugin as another project uses it: in a pytest of its own."""

import os
import subprocess
import sys

import pytest

from backends.testing import assert_equivalent

SUITE = """
import numpy as np
import pytest

from backends import namespace
from backends.testing import assert_equivalent


def norm(x):
    xp = namespace(x)
    return xp.sqrt(xp.sum(x * x))


def test_norm(backend_case):
    x = backend_case.array([3.0, 4.0])
    backend_case.check(backend_case.run(norm, x), 5.0)


@pytest.mark.traced
def test_traced(backend_case):
    backend_case.check(backend_case.run(norm, backend_case.array([3.0, 4.0])), 5.0)
"""
OUTER = {
    name: value
    for name, value in os.environ.items()
    if "ARRAY_BACKENDS" not in name and name != "PYTEST_ADDOPTS"  # the outer pytest's own
}
NEEDS = """
import pytest

pytestmark = pytest.mark.needs_values


def test_values(backend_case):
    assert float(backend_case.array(3.0)) == 3.0


@pytest.mark.parametrize("name", ["max", pytest.param("argmax", marks=pytest.mark.needs_indices)])
def test_indices(backend_case, name):
    assert int(getattr(backend_case.xp, name)(backend_case.array([0, 1]))) == 1
"""


def run(folder, *arguments, environment=None, suite=SUITE):
    (folder / "test_norm.py").write_text(suite)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**OUTER, **(environment or {})},
    )
    return result.returncode, result.stdout + result.stderr


def test_selected_backends(tmp_path):
    code, output = run(tmp_path, "--array-backends", "numpy*,strict:device1")
    assert code == 0, output
    for name in ("numpy", "numpy:float32", "numpy:readonly", "strict:device1"):
        assert f"test_norm.py::test_norm[{name}] PASSED" in output
    assert "8 passed" in output


def test_only_marked_tests_are_traced(tmp_path):
    pytest.importorskip("jax")
    code, output = run(tmp_path, "--array-backends", "jax:jit")
    assert code == 0, output
    assert "test_traced[jax:jit] PASSED" in output
    assert "test_norm[jax:jit]" not in output


def test_what_a_test_needs_and_a_backend_lacks_is_the_reason_of_a_skip(tmp_path):
    pytest.importorskip("torch")
    chosen = ("--strict-markers", "--array-backends", "numpy*,torch:meta,strict:no_x64")
    code, output = run(tmp_path, *chosen, suite=NEEDS)
    assert code == 0, output
    assert "11 passed, 4 skipped" in output
    assert "torch:meta: arrays have a shape, a dtype and a device, but no values" in output
    assert "test_indices[strict:no_x64-argmax] SKIPPED" in output
    assert "array-api-strict 2.6: argmax and argsort give int64, which no_x64 lacks; see " in output


def test_a_backend_that_can_t_be_had(tmp_path):
    """Skipped with its reason; where backends are required, an error before any test runs."""
    (tmp_path / "cupy.py").write_text("raise ImportError('no libcuda here')")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    code, output = run(tmp_path, "--array-backends", "numpy,cupy", environment=path)
    assert code == 0, output
    assert "cupy is installed but can't be imported: no libcuda here" in output
    assert "test_norm[cupy] SKIPPED" in output
    assert "cupy] PASSED" not in output
    required = ("--array-backends", "numpy,cupy", "--require-array-backends")
    code, output = run(tmp_path, *required, environment=path)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "--require-array-backends: cupy: cupy is installed but can't be imported" in output
    assert "PASSED" not in output


def test_a_backend_that_is_required_is_asked_for_once_under_xdist(tmp_path):
    pytest.importorskip("xdist")
    (tmp_path / "cupy.py").write_text("raise ImportError('no libcuda here')")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    required = ("-n", "1", "--require-array-backends", "--array-backends")
    code, output = run(tmp_path, *required, "numpy,cupy", environment=path)
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert (
        output.count("--require-array-backends: cupy: cupy is installed but can't be imported") == 1
    )
    assert "PASSED" not in output
    code, output = run(tmp_path, *required, "numpy", environment=path)
    assert code == 0, output
    assert "2 passed" in output


def test_an_unknown_backend(tmp_path):
    code, output = run(tmp_path, "--array-backends", "numpy,tensorflow")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --array-backends: a backend must be one of numpy, " in output
    assert "got 'tensorflow'" in output


def test_a_conftest_can_still_set_up_a_library_that_is_required(tmp_path):
    """JAX reads its settings when it is imported: not before the conftests of the tests."""
    pytest.importorskip("jax")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "conftest.py").write_text("import os; os.environ['JAX_ENABLE_X64'] = '1'")
    (tmp_path / "inner" / "test_dtype.py").write_text(
        "def test_dtype(backend_case):\n    assert backend_case.dtype == 'float64'\n"
    )
    required = ("--array-backends", "jax", "--require-array-backends", ".")
    code, output = run(tmp_path, *required, environment={"JAX_ENABLE_X64": "0"})
    assert code == 0, output
    assert "test_dtype[jax] PASSED" in output


FOREIGN = """
import backends
import pytest
from pytest_array_backends import assert_equivalent, capabilities


def test_ours_and_theirs(backend_case):
    assert backends.mine() == "the project's own"
    x = backend_case.array([3.0, 4.0])
    backend_case.check(backend_case.run(lambda x: x * 2, x), [6.0, 8.0])


def test_the_kit():
    import numpy as np

    assert assert_equivalent(capabilities()(lambda x: x * 2), np.ones(2)).ok
"""


START = """
import sys

sys.path.remove("")  # as the command `pytest` has it
import pytest

sys.exit(pytest.main(sys.argv[1:]))
"""
STARTS = {"python -m pytest": ["-m", "pytest"], "pytest": ["-c", START]}


@pytest.mark.parametrize("layout", [".", "src", "tests"])
@pytest.mark.parametrize("start", ["python -m pytest", "pytest"])
def test_a_project_with_a_package_backends_of_its_own(tmp_path, layout, start):
    package = tmp_path / layout / "backends"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('def mine():\n    return "the project\'s own"\n')
    folder = tmp_path / ("tests" if layout == "tests" else ".")
    (folder / "test_theirs.py").write_text(FOREIGN)
    (tmp_path / "conftest.py").write_text(
        f"import sys; sys.path.insert(0, {str(tmp_path / layout)!r})"
    )
    result = subprocess.run(
        [sys.executable, *STARTS[start], "-q", "--array-backends", "numpy,strict:device1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=OUTER,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout


MINE = "import backends\n\ndef test_mine(backend_case):\n    assert backends.mine() == 1\n"


@pytest.mark.parametrize(
    ("folder", "files"),
    [("tests", []), ("python", ["python/tests/__init__.py"])],
    ids=["tests", "python"],
)
@pytest.mark.parametrize("early", [False, True], ids=["", "kit in the conftest"])
@pytest.mark.parametrize("chosen", [[], ["--array-backends", "numpy"]], ids=["", "chosen"])
def test_a_package_backends_that_pytest_finds_with_its_test(tmp_path, folder, files, early, chosen):
    """Pytest puts the folder of a test on the path when it comes to it, long after the plugin."""
    texts = {f"{folder}/backends/__init__.py": "def mine(): return 1\n", **dict.fromkeys(files, "")}
    texts[f"{folder}/{'tests/' if files else ''}test_t.py"] = MINE
    texts["conftest.py"] = "from pytest_array_backends import add_row\n" if early else ""
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = subprocess.run(
        [sys.executable, *STARTS["pytest"], "-q", *chosen],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**OUTER, "ARRAY_BACKENDS": "numpy"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


EARLY = """
from pytest_array_backends import Row, add_row, kit

add_row("strict:early", Row("array-api-strict", "device2"))
"""
ONE_KIT = """
import conftest
import pytest_array_backends as plugin
import backends.testing.matrix
from backends import DeviceUnavailableError, libraries, select
from backends.testing import Row, add_row, names, strategies


def test_one():
    assert names("strict:early") == ["strict:early"]
    assert add_row is conftest.add_row
    assert plugin.kit() is backends.testing is conftest.kit()
    assert plugin._unavailable() is DeviceUnavailableError
    assert backends.testing.matrix is plugin._part("matrix")
    assert plugin.strategies is strategies
    assert plugin.Library is libraries.Library
    assert strategies.Case is backends.testing.Case
"""


@pytest.mark.parametrize("early", ["", "import backends"], ids=["plugin", "backends"])
@pytest.mark.parametrize("chosen", [[], ["--array-backends", "numpy"]], ids=["", "chosen"])
def test_there_is_one_kit_whoever_imports_it_first(tmp_path, early, chosen):
    pytest.importorskip("hypothesis")
    (tmp_path / "conftest.py").write_text(early + EARLY)
    code, output = run(tmp_path, *chosen, suite=ONE_KIT)
    assert code == 0, output
    assert "1 passed" in output


def test_a_project_that_does_not_use_it_imports_nothing_of_it(tmp_path):
    suite = "import sys\n\ndef test_nothing():\n    loaded = {'backends', 'backends.testing', 'backprop'}\n    assert not loaded & set(sys.modules)\n"
    code, output = run(tmp_path, suite=suite)
    assert code == 0, output
    assert "could not be had" not in output


def test_the_kit_brings_no_network_and_no_library_along():
    script = (
        "import sys, backends.testing; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=OUTER
    )
    unwanted = {"backprop", "safetensors", "torch", "jax", "array_api_strict", "pytest"}
    assert "backends" in run.stdout.split()
    assert not unwanted & set(run.stdout.split())


MARKS = """
import pytest


@pytest.mark.skip_backend("strict*", reason="no scalars")
@pytest.mark.xfail_backend("torch", reason="a bug of theirs", strict=True)
@pytest.mark.xfail_backend("numpy", reason="none", strict=True)
def test_marked(backend_case):
    assert backend_case.name != "torch"


@pytest.mark.skip_backend("numpy", reason="not yet")
@pytest.mark.xfail_backend("strict:cpu", reason="theirs", strict=True)
@pytest.mark.parametrize("backend_case", ["numpy", "strict:cpu", "strict:device1"], indirect=True)
@pytest.mark.parametrize("n", [1, 2])
def test_by_hand(backend_case, n):
    assert backend_case.name != "strict:cpu"
    assert backend_case.array([n]).shape == (1,)


class TestMany:
    def test_one(self, backend_case):
        assert backend_case.backend.name

    @pytest.mark.needs_values
    def test_two(self, backend_case):
        assert backend_case.has_values
"""


def test_marks_for_one_backend_and_rows_by_hand(tmp_path):
    pytest.importorskip("torch")
    chosen = ("--strict-markers", "--array-backends", "numpy,strict:device1,torch,torch:meta")
    code, output = run(tmp_path, *chosen, suite=MARKS)
    assert code == 1, output
    assert "test_marked[strict:device1] SKIPPED (no scalars)" in output
    assert "test_marked[torch] XFAIL (a bug of theirs)" in output
    assert "test_marked[numpy] FAILED" in output
    assert "[XPASS(strict)] none" in output
    assert "test_marked[torch:meta] PASSED" in output
    assert output.count("SKIPPED (not yet)") == 2
    assert output.count("XFAIL (theirs)") == 2
    assert "1 failed, 10 passed, 4 skipped, 3 xfailed" in output


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        ("skip_backend('torch')", "@pytest.mark.skip_backend needs the name of a row and reason="),
        ("xfail_backend(reason='x')", "@pytest.mark.xfail_backend needs the name of a row"),
        ("skip_backend(['numpy', 'jax'], reason='x')", "needs the name of a row and reason="),
        ("skip_backend('trch', reason='x')", "a backend must be one of numpy, "),
    ],
)
def test_marks_that_say_too_little(tmp_path, suite, message):
    text = f"import pytest\n\n@pytest.mark.{suite}\ndef test(backend_case):\n    pass\n"
    code, output = run(tmp_path, "--array-backends", "numpy", suite=text)
    assert code == pytest.ExitCode.INTERRUPTED
    assert message in output
    assert "Traceback" not in output
    assert "pluggy" not in output.partition("ERRORS")[2]


GIVEN = """
from hypothesis import given, settings, strategies as st

from backends import of
from backends.testing.strategies import arrays, dtypes


@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_drawn(backend_case, data):
    x = data.draw(arrays(backend_case, elements={"min_value": -1, "max_value": 1}))
    assert of(x) == backend_case.backend
    assert x.dtype == backend_case.backend.dtype(backend_case.dtype)
    name = data.draw(dtypes(backend_case))
    y = data.draw(arrays(backend_case, name, (2, 3)))
    assert y.dtype == backend_case.backend.dtype(name)
    assert y.shape == (2, 3)
    assert data.draw(dtypes(backend_case, "bool")) == "bool"


class TestMethod:
    @settings(max_examples=3, deadline=None)
    @given(n=st.integers())
    def test_method(self, backend_case, n):
        assert isinstance(n, int)
"""


def test_a_row_is_without_something_for_its_own_tests_only(tmp_path):
    suite = (
        "import array_api_strict as strict\n"
        "class TestMixed:\n"
        "    def test_one(self, backend_case): self.test_other(False)\n"
        "    def test_other(self, on=True):\n"
        "        flags = strict.get_array_api_strict_flags()\n"
        "        assert flags['boolean_indexing'] is on\n"
        "    def test_two(self, backend_case): self.test_other(False)\n"
    )
    code, output = run(tmp_path, "--array-backends", "strict:strictest", suite=suite)
    assert code == 0, output
    assert "3 passed" in output


def test_hypothesis(tmp_path):
    pytest.importorskip("hypothesis")
    chosen = ("--array-backends", "numpy*,strict:device1,strict:no_x64,torch*,jax")
    code, output = run(tmp_path, *chosen, "-p", "no:randomly", suite=GIVEN)
    assert code == 0, output
    assert "test_drawn[strict:no_x64] PASSED" in output
    assert "TestMethod::test_method[strict:no_x64] PASSED" in output


KIT = """
import numpy as np

from backends.testing import assert_equivalent, capabilities


@capabilities(jit=False)
def double(x):
    return x * 2


@capabilities()
def never(x):
    return x


def test_kit():
    report = assert_equivalent(double, np.ones(2))
    print([o.backend for o in report.outcomes])


def test_other():
    assert_equivalent(lambda x: x, np.ones(2))
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_the_options_reach_the_kit_and_the_summary_tells(tmp_path, workers):
    if workers:
        pytest.importorskip("xdist")
    (tmp_path / "cupy.py").write_text("raise ImportError('no libcuda here')")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    chosen = ("-rP", "--array-backends", "numpy,cupy", "--array-claims", *workers)
    code, output = run(tmp_path, *chosen, environment=path, suite=KIT)
    assert code == 0, output
    assert "['numpy', 'cupy']" in output
    assert "array backends that could not be had" in output
    assert "cupy: cupy is installed but can't be imported: no libcuda here" in output
    assert "claimed and not tested: test_norm.never" in output
    assert "claimed and not tested: test_norm.double on torch" in output
    assert "test_norm.double on numpy" not in output
    required = ("--array-backends", "numpy,jax,strict:cpu", "--require-array-backends")
    (tmp_path / "jax.py").write_text("raise ImportError('none here')")
    code, output = run(tmp_path, *required, environment=path, suite=KIT)
    assert code == pytest.ExitCode.USAGE_ERROR, output


def test_a_claim_that_one_worker_alone_saw_kept_is_no_finding(tmp_path):
    pytest.importorskip("xdist")
    (tmp_path / "shared.py").write_text(SHARED)
    text = "import numpy as np\nfrom shared import assert_equivalent, scaled\n"
    call = "assert_equivalent(scaled, np.array([0.1]), {}, backends=['numpy', 'strict:cpu'])\n"
    (tmp_path / "test_other.py").write_text(f"{text}def test_it(): {call.format(True)}")
    own = f"{text}def test_it(): {call.format(False)}"
    code, output = run(tmp_path, "-n", "2", "--dist", "loadfile", "--array-claims", suite=own)
    assert code == 0, output
    assert "scaled on torch" in output
    assert "scaled on numpy" not in output
    assert "works and is not claimed" not in output


SHARED = """
from backends import namespace
from backends.testing import assert_equivalent, capabilities


@capabilities(reads=True)
def scaled(x, check):
    return x * 2 if not check or bool(namespace(x).all(x > 0)) else x
"""


def test_a_required_library_that_is_missing_fails_the_kit(monkeypatch):
    import numpy as np

    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setenv("ARRAY_BACKENDS", "numpy,cupy")
    monkeypatch.setenv("REQUIRE_ARRAY_BACKENDS", "1")
    with pytest.raises(AssertionError, match="cupy +skipped +cupy is not installed"):
        assert_equivalent(lambda x: x, np.ones(2))


def test_rows_of_a_conftest(tmp_path):
    (tmp_path / "conftest.py").write_text(
        "from backends.testing import Row, add_row\n"
        "add_row('strict:other', Row('array-api-strict', 'device2'))\n"
    )
    code, output = run(tmp_path, "--array-backends", "strict:other")
    assert code == 0, output
    assert "test_norm[strict:other] PASSED" in output

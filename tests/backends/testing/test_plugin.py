"""The plugin as another project uses it: in a pytest of its own."""

import os
import subprocess
import sys

import pytest

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
        env={**os.environ, **(environment or {})},
    )
    return result.returncode, result.stdout + result.stderr


def test_selected_backends(tmp_path):
    code, output = run(tmp_path, "--backends", "numpy,strict:device1")
    assert code == 0, output
    for name in ("numpy", "numpy:float32", "numpy:readonly", "strict:device1"):
        assert f"test_norm.py::test_norm[{name}] PASSED" in output
    assert "8 passed" in output


def test_only_marked_tests_are_traced(tmp_path):
    pytest.importorskip("jax")
    code, output = run(tmp_path, "--backends", "jax:jit")
    assert code == 0, output
    assert "test_traced[jax:jit] PASSED" in output
    assert "test_norm[jax:jit]" not in output


def test_what_a_test_needs_and_a_backend_lacks_is_the_reason_of_a_skip(tmp_path):
    pytest.importorskip("torch")
    chosen = ("--strict-markers", "--backends", "numpy,torch:meta,strict:no_x64")
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
    code, output = run(tmp_path, "--backends", "numpy,cupy", environment=path)
    assert code == 0, output
    assert "cupy is installed but can't be imported: no libcuda here" in output
    assert "test_norm[cupy] SKIPPED" in output
    assert "cupy] PASSED" not in output
    required = ("--backends", "numpy,cupy", "--require-backends")
    code, output = run(tmp_path, *required, environment=path)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "--require-backends: cupy: cupy is installed but can't be imported" in output
    assert "PASSED" not in output


def test_a_backend_that_is_required_is_asked_for_once_under_xdist(tmp_path):
    pytest.importorskip("xdist")
    (tmp_path / "cupy.py").write_text("raise ImportError('no libcuda here')")
    path = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    required = ("-n", "1", "--require-backends", "--backends")
    code, output = run(tmp_path, *required, "numpy,cupy", environment=path)
    assert code == pytest.ExitCode.USAGE_ERROR, output
    assert output.count("--require-backends: cupy: cupy is installed but can't be imported") == 1
    assert "PASSED" not in output
    code, output = run(tmp_path, *required, "numpy", environment=path)
    assert code == 0, output
    assert "6 passed" in output


def test_an_unknown_backend(tmp_path):
    code, output = run(tmp_path, "--backends", "numpy,tensorflow")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "ERROR: --backends: a backend must be one of numpy, " in output
    assert "got 'tensorflow'" in output


def test_a_conftest_can_still_set_up_a_library_that_is_required(tmp_path):
    """JAX reads its settings when it is imported: not before the conftests of the tests."""
    pytest.importorskip("jax")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "conftest.py").write_text("import os; os.environ['JAX_ENABLE_X64'] = '1'")
    (tmp_path / "inner" / "test_dtype.py").write_text(
        "def test_dtype(backend_case):\n    assert backend_case.dtype == 'float64'\n"
    )
    required = ("--backends", "jax", "--require-backends", ".")
    code, output = run(tmp_path, *required, environment={"JAX_ENABLE_X64": "0"})
    assert code == 0, output
    assert "test_dtype[jax] PASSED" in output

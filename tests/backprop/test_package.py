import ast
import re
import subprocess
import sys
import tokenize
from importlib.metadata import version
from pathlib import Path

import pytest

import backprop

PACKAGE = Path(backprop.__file__).parent
LIBRARIES = {"numpy", "cupy", "torch", "jax", "dpnp", "array_api_strict", "array_api_compat"}


def test_public_names():
    assert backprop.__all__ == [
        "SGD",
        "AddLayer",
        "Affine",
        "DivLayer",
        "Elementwise",
        "ExpLayer",
        "GradientError",
        "History",
        "IdentityWithLoss",
        "Layer",
        "LogLayer",
        "MatMul",
        "MulLayer",
        "Network",
        "PowLayer",
        "Relu",
        "Sigmoid",
        "SigmoidWithLoss",
        "SoftmaxWithLoss",
        "SubLayer",
        "Tanh",
        "Trainer",
        "TwoLayerNet",
        "assert_gradients",
        "functions",
        "gradcheck",
        "gradient_descent",
        "graph",
        "load_mnist",
        "load_mnist_sample",
        "load_network",
        "load_params",
        "numerical_diff",
        "numerical_gradient",
        "perceptron",
        "save_network",
        "save_params",
    ]


def test_the_upper_floor_knows_no_array_library():
    """No file of backprop/ imports one; those of storage/ work on host arrays and name NumPy."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "storage":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not LIBRARIES & {name.partition(".")[0] for name in names}, path


def test_the_upper_floor_names_no_array_library():
    """In no identifier and no string of its code; docstrings may show an example on NumPy."""
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "storage":
            continue
        with path.open("rb") as file:
            tokens = list(tokenize.tokenize(file.readline))
        words = {
            word
            for token in tokens
            if token.type in (tokenize.NAME, tokenize.STRING) and not token.string.endswith('"""')
            for word in re.findall(r"\w+", token.string.lower())
        }
        assert not (LIBRARIES | {"np", "jnp", "pytorch"}) & words, path


def test_the_lower_floor_never_imports_the_upper():
    for path in (PACKAGE.parent / "backends").rglob("*.py"):
        assert "import backprop" not in path.read_text(encoding="utf-8")
        assert "from backprop" not in path.read_text(encoding="utf-8")


def test_a_foreign_package_called_backends(tmp_path):
    (tmp_path / "backends").mkdir()
    (tmp_path / "backends" / "__init__.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import backprop"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "ImportError: backprop needs its own package `backends`" in result.stderr
    assert str(tmp_path / "backends") in result.stderr


def test_a_foreign_module_called_backends(tmp_path):
    (tmp_path / "backends.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import backprop"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "ImportError: backprop needs its own package `backends`" in result.stderr
    assert str(tmp_path / "backends.py") in result.stderr


def test_version():
    assert backprop.__version__ == version("backprop")
    with pytest.raises(AttributeError, match="module 'backprop' has no attribute 'nothing'"):
        backprop.nothing  # noqa: B018


def test_the_graph_package_is_imported_when_first_asked_for():
    code = (
        "import sys, backprop\n"
        "assert not {'backprop.graph', 'matplotlib', 'igraph'} & set(sys.modules)\n"
        "print(backprop.graph.Variable(2) * 3)\n"
        "assert not {'matplotlib', 'igraph'} & set(sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("Variable(6)\n", "")

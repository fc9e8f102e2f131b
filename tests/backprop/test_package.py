import subprocess
import sys
from importlib.metadata import version

import pytest

import backprop


def test_public_names():
    assert sorted(backprop.__all__) == [
        "AdaGrad",
        "Adam",
        "AdamW",
        "AddLayer",
        "Affine",
        "BatchNormalization",
        "Convolution",
        "Cosine",
        "DeepConvNet",
        "DivLayer",
        "Dropout",
        "Elementwise",
        "ExpLayer",
        "Flatten",
        "GradientError",
        "History",
        "IdentityWithLoss",
        "Layer",
        "LayerNormalization",
        "LogLayer",
        "MatMul",
        "Momentum",
        "MulLayer",
        "MultiLayerNet",
        "MultiLayerNetExtend",
        "Nesterov",
        "Network",
        "Pooling",
        "PowLayer",
        "RMSprop",
        "Relu",
        "SGD",
        "Sigmoid",
        "SigmoidWithLoss",
        "SimpleConvNet",
        "SoftmaxWithLoss",
        "StepDecay",
        "SubLayer",
        "Tanh",
        "Trainer",
        "TwoLayerNet",
        "WarmUp",
        "assert_gradients",
        "book",
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
        "numerical_gradient_2d",
        "perceptron",
        "plotting",
        "save_network",
        "save_params",
        "summary",
    ]
    assert all(getattr(backprop, name) is not None for name in backprop.__all__)
    assert set(backprop.__all__) == set(dir(backprop))


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


def test_the_version_is_the_package_s_and_other_names_are_missing():
    assert backprop.__version__ == version("backprop")
    with pytest.raises(AttributeError, match="module 'backprop' has no attribute 'nothing'"):
        backprop.nothing  # noqa: B018


def fresh(code):
    """Run code in a new process and return what it prints; nothing may be printed to stderr."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.stderr == ""
    return result.stdout


def test_importing_backprop_imports_none_of_its_rooms():
    code = (
        "import sys, backprop\n"
        "print([name for name in sys.modules if name.startswith('backprop.')])\n"
        "print({'importlib.metadata', 'matplotlib', 'rich', 'safetensors'} & set(sys.modules))\n"
        "print(backprop.Relu.__name__, 'backprop.training' in sys.modules)\n"
    )
    assert fresh(code) == "[]\nset()\nRelu False\n"


def test_the_graph_package_is_imported_when_first_asked_for():
    code = (
        "import sys, backprop\n"
        "assert not {'backprop.graph', 'matplotlib', 'igraph'} & set(sys.modules)\n"
        "print(backprop.graph.Variable(2) * 3)\n"
        "assert not {'matplotlib', 'igraph'} & set(sys.modules)\n"
    )
    assert fresh(code) == "Variable(6)\n"


def test_the_package_runs_as_a_program():
    result = subprocess.run(
        [sys.executable, "-m", "backprop", "--version"], capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == (f"backprop {backprop.__version__}\n", "")

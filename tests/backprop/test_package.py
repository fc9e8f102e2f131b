import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import backprop
from backends import distribution
from backprop import own_backends

ROOT = Path(backprop.__file__).parents[1]


def test_public_names():
    assert sorted(backprop.__all__) == [
        "AdaGrad",
        "Adam",
        "AdamW",
        "AddLayer",
        "Affine",
        "Augment",
        "BatchNormalization",
        "Checkpoints",
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
        "NotFiniteError",
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
        "save_onnx",
        "save_params",
        "summary",
    ]
    assert all(getattr(backprop, name) is not None for name in backprop.__all__)
    assert set(backprop.__all__) == set(dir(backprop))


def failing(code, *options):
    """Run code that must fail in a new process, and return what it says."""
    result = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    return result.stderr


@pytest.mark.parametrize("kind", ["package", "module"])
def test_a_foreign_backends_that_comes_first_is_refused_before_it_runs(tmp_path, kind):
    place = tmp_path / ("backends" if kind == "package" else "backends.py")
    file = place / "__init__.py" if kind == "package" else place
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('it ran')")
    said = failing(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import backprop")
    assert (
        "ImportError: backprop needs its own package `backends`, which lies beside it; got a "
        f"foreign one from {place}: remove it from the path, rename it, or put it after backprop"
    ) in said


def test_a_foreign_backends_that_was_imported_already_is_refused(tmp_path):
    (tmp_path / "backends.py").write_text("")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import backends\nsys.path.pop(0)\nimport backprop"
    )
    assert f"got a foreign one from {tmp_path / 'backends.py'}" in failing(code)


@pytest.fixture
def installed(tmp_path):
    """Return a folder with copies of both packages, as pip would put them there."""
    for package in ("backprop", "backends"):
        source = Path(backprop.__file__).parents[1] / package
        shutil.copytree(source, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def import_from(folder):
    return f"import sys; sys.path.insert(0, {str(folder)!r}); import backprop"


@pytest.mark.parametrize(
    ("file", "text", "why"),
    [
        ("__init__.py", "", "it isn't ours"),
        ("__init__.py", "NAME = 'theirs'", "it isn't ours"),
        ("__init__.py", "from backends.missing import x", "No module named 'backends.missing'"),
        ("__init__.py", "1 / 0", "ZeroDivisionError: division by zero"),
        ("selection.py", "", "cannot import name 'Availability' from 'backends.selection'"),
    ],
)
def test_a_foreign_backends_that_was_installed_over_ours_is_refused(installed, file, text, why):
    (installed / "backends" / file).write_text(text)
    record = installed / "theirs-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (record / "RECORD").write_text("backends/__init__.py,,\n")
    said = failing(import_from(installed))
    assert "ImportError: backprop needs its own package `backends`; that in " in said
    assert f"was replaced or changed by theirs ({why}" in said
    assert (
        "): pip uninstall theirs, then pip install --force-reinstall --no-deps backprop-by-hand"
    ) in said


def test_the_cure_names_where_pip_had_it_from(installed):
    (installed / "backends" / "__init__.py").write_text("")
    record = installed / "backprop_by_hand-0.1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Name: backprop-by-hand\nVersion: 0.1.0\n")
    (record / "direct_url.json").write_text('{"url": "file:///a/clone", "dir_info": {}}')
    assert ": pip install --force-reinstall --no-deps file:///a/clone" in failing(
        import_from(installed), "-I"
    )


def test_backends_that_went_with_another_distribution_is_named(installed):
    (installed / "backends" / "__init__.py").unlink()  # as after `pip uninstall` of the other
    assert "replaced or changed by another distribution (it isn't ours): pip install" in failing(
        import_from(installed), "-I", "-S"
    )


def test_no_backends_at_all(installed):
    shutil.rmtree(installed / "backends")
    assert "`backends`; got none: pip install --force-reinstall" in failing(
        import_from(installed), "-I", "-S"
    )


def test_a_library_that_is_missing_is_named_as_it_is(installed):
    code = f"import sys; sys.modules['array_api_compat'] = None\n{import_from(installed)}"
    assert "ModuleNotFoundError: import of array_api_compat halted" in failing(code)


def test_the_version_is_the_package_s_and_other_names_are_missing():
    assert re.fullmatch(r"\d+\.\d+\.\d+", backprop.__version__)
    with pytest.raises(AttributeError, match="module 'backprop' has no attribute 'nothing'"):
        backprop.nothing  # noqa: B018


def test_the_distribution_has_one_name():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == distribution.NAME == own_backends._DISTRIBUTION
    extras = project["optional-dependencies"]
    assert {r for each in extras.values() for r in each if r.startswith("backprop")} == {
        distribution.extra("cli,plot,image,data,onnx,sklearn"),
        distribution.extra("cli,plot,image,data,torch,jax,onnx,sklearn"),
        distribution.extra("cli,plot,image,sklearn"),
        distribution.extra("test"),
    }
    assert distribution.pip_install("plot") == "pip install 'backprop-by-hand[plot]'"


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
    assert fresh(code) == "['backprop.own_backends']\nset()\nRelu False\n"


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

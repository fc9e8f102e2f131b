"""mypy --strict and pyright mark nothing in a user's program, and each mistake in another.

Both come with the extra `dev`; `make lint` runs this file.
"""

import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import backprop

ROOT = Path(backprop.__file__).parents[1]
PROGRAM = Path(__file__).parent / "user_program.py"

MISTAKES = """\
import numpy as np
from backprop import (
    SGD, Affine, Network, Relu, SoftmaxWithLoss, Trainer, TwoLayerNet, functions, gradcheck,
    load_mnist_sample, load_network, numerical_gradient,
)

train, test = load_mnist_sample()
net = TwoLayerNet(784, 50, 10, seed=0)
trainer = Trainer(net, SGD(lr=0.1))
net.predict("hello")
net.predict([[0.5, 1.0]])
net.loss(train[0])
net.accuracy(train[0], "labels")
net.gradient(train)
TwoLayerNet(784, 50, 10, activation="gelu")
TwoLayerNet(784, 50, 10, dtype="float99")
TwoLayerNet("784", 50, 10)
Network([Relu()], SoftmaxWithLoss())
Network.from_params({}, "swish")
load_network("net.safetensors", activation="gelu")
trainer.fit(train, epoch=3)
trainer.fit(train[0], epochs=3)
trainer.fit(("x", "t"), epochs=3)
trainer.history.accuracy
Trainer(net, "sgd")
SGD("0.1")
gradcheck(Relu(), np.ones(3), mode="fast")
gradcheck(Relu(), np.ones(3)).okay
functions.softmax("scores")
Affine("W", np.ones(3))
numerical_gradient(lambda x: x, "point")
"""
FIRST = MISTAKES.splitlines().index('net.predict("hello")') + 1
LINES = set(range(FIRST, len(MISTAKES.splitlines()) + 1))


def checked(*command, cwd):
    """Run a type checker; it must have been able to."""
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode in (0, 1), result.stdout + result.stderr
    return result.stdout


def mypy(path):
    """Return the marks of `mypy --strict` in a file: line and message."""
    cache = f"--cache-dir={path.parent.parent / 'mypy'}"  # one for all of these programs
    out = checked(
        "mypy", "--strict", "--config-file=", "--follow-imports=silent", cache, path.name,
        cwd=path.parent,
    )  # fmt: skip
    assert re.search(r"^(Success|Found)", out, re.M)
    return [
        (int(line), said) for line, said in re.findall(r"^[^:]+:(\d+): error: (.+)$", out, re.M)
    ]


def pyright(path):
    """Return the marks of pyright in a file: line and message."""
    (path.parent / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(ROOT)]}))
    out = json.loads(
        checked(
            "pyright", "--outputjson", "--pythonpath", sys.executable, path.name, cwd=path.parent
        )
    )
    assert out["summary"]["filesAnalyzed"] == 1
    found = out["generalDiagnostics"]
    return [
        (each["range"]["start"]["line"] + 1, each["message"])
        for each in found
        if each["severity"] == "error"
    ]


CHECKERS = [
    pytest.param(
        checker,
        id=checker.__name__,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(checker.__name__) is None,
            reason=f"{checker.__name__} is not installed: it is in the extra dev",
        ),
    )
    for checker in (mypy, pyright)
]


@pytest.mark.parametrize("checker", CHECKERS)
def test_a_right_program_has_no_mark(checker, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.read_text(encoding="utf-8"), encoding="utf-8")
    assert checker(path) == []


@pytest.mark.parametrize("checker", CHECKERS)
def test_each_mistake_has_a_mark(checker, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(MISTAKES, encoding="utf-8")
    assert {line for line, _ in checker(path)} == LINES


@pytest.mark.parametrize("checker", CHECKERS)
def test_the_layers_of_the_pages_have_no_mark(checker, tmp_path):
    """Those of docs/own-layer.md, as they stand there; mypy reads what is without types, too."""
    text = (ROOT / "docs" / "own-layer.md").read_text(encoding="utf-8")
    lines = [line[4:] for line in text.splitlines() if re.match(r"(>>>|\.\.\.)", line)]
    classes = re.findall(r"^class .+\n(?:(?: .*)?\n)*", "\n".join(lines) + "\n", re.M)
    imports = sorted({line for line in lines if re.match(r"(import|from) ", line)})
    assert len(classes) >= 4
    path = tmp_path / "program.py"
    path.write_text("\n".join([*imports, *classes]), encoding="utf-8")
    marks = [
        (line, said)
        for line, said in checker(path)
        if "untyped" not in said and "missing a type annotation" not in said
    ]
    assert marks == []


def test_the_program_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(PROGRAM), run_name="__main__")
    assert capsys.readouterr().out.endswith("(784, 50)\n")

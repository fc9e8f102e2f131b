"""Train where no extra is installed, and see that what needs one says so in one clear line.

python scripts/bare.py BACKPROP      BACKPROP: the command of that environment
"""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import backends
import backprop
from backprop import SGD, Trainer, TwoLayerNet, graph, load_mnist_sample, plotting
from backprop.datasets import load_picture

(train, test), net = load_mnist_sample(), TwoLayerNet(784, 20, 10, seed=0)
history = Trainer(net, SGD(lr=0.1), seed=0).fit(train, test, epochs=3)
assert history.test_accuracy[-1] > 0.8, history.test_accuracy
assert backprop.gradcheck(backprop.Relu(), np.array([[1.0, -2.0]])).ok

NEEDS: list[tuple[str, Callable[[], Any]]] = [
    ("plot", lambda: plotting.accuracy_curves(history)),
    ("plot", lambda: (graph.Variable(2.0) * 3.0).draw().to_svg()),
    ("image", lambda: load_picture("digit.png")),
    ("cli", lambda: Trainer(net).fit(train, epochs=1, progress=True)),
    ("cuda12", lambda: backends.select("cuda")),
    ("torch", lambda: backends.select("cpu", "torch")),
    ("jax", lambda: backends.select("cpu", "jax")),
    ("dpnp", lambda: backends.select("cpu", "dpnp")),
]
for name, call in NEEDS:
    try:
        call()
    except Exception as error:
        said = str(error)
    else:
        raise AssertionError(f"the extra {name} was not needed")
    assert f"pip install 'backprop-by-hand[{name}]'" in said, said
    assert "\n" not in said, said
    print(said)

result = subprocess.run([sys.argv[1], "train"], capture_output=True, text=True, check=False)
assert (result.returncode, result.stdout) == (2, ""), result
assert result.stderr == (
    "backprop: the command line needs: pip install 'backprop-by-hand[cli]'\n"
), result.stderr
version = subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True, check=True)
assert version.stdout == f"backprop {backprop.__version__}\n", version.stdout
print("without any extra: trains, checks, and names what is missing")

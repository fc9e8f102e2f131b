#!/usr/bin/env bash
# Build the wheel into dist/, install it in an environment of its own, and train and evaluate there,
# outside the checkout: shows that the wheel holds everything that the package needs, first without
# any extra, then with those of the command line.
#
#     scripts/try_wheel.sh PYTHON      PYTHON: that of an environment with pip
set -euo pipefail
python=$(realpath --no-symlinks "$1")
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
rm -f dist/backprop_by_hand-*.whl
"$python" -m pip wheel --quiet --no-deps --wheel-dir dist .
wheel=$(realpath dist/backprop_by_hand-*.whl)

outside=$(mktemp -d)
trap 'rm -rf "$outside"' EXIT
"$python" -m venv "$outside/venv"
"$outside/venv/bin/python" -m pip install --quiet "$wheel"
(cd "$outside" && venv/bin/python "$here/bare.py" venv/bin/backprop)
"$outside/venv/bin/python" -m pip install --quiet "$wheel[cli,plot]"
cd "$outside"
venv/bin/backprop info
venv/bin/python -m backprop train --iterations 300 --out run
venv/bin/backprop evaluate --params run/params.safetensors
test -s run/accuracy.png
venv/bin/python -c "import numpy; from backprop.datasets.digit_check import doubt; print(doubt(numpy.eye(28)))"
echo "the wheel trains outside the checkout"

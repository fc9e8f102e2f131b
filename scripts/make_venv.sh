#!/bin/sh
# Make a virtual environment, unless there is one already that is of use:
#
#     scripts/make_venv.sh FOLDER PYTHON [given]
#
# Python must be 3.11 or newer, which is asked here, as older versions of pip search for hours. An
# environment whose Python is too old, or is gone, is made anew; with `given`, also one of another
# version than PYTHON's. FOLDER/.python is written when it was made.
set -eu
folder=$1 python=$2 given=${3-}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

old=$(version_of "$folder/bin/python")
if is_new_enough "$folder/bin/python" && "$folder/bin/python" -m pip --version >/dev/null 2>&1 &&
    { [ -z "$given" ] || [ "$old" = "$(version_of "$python")" ]; }; then
    [ -e "$folder/.python" ] || touch "$folder/.python"
    exit
fi

if ! is_new_enough "$python"; then
    found=$(version_of "$python")
    for other in python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$other"; then
            echo "Python 3.11 or newer is needed; $python is ${found:-not there}: add PYTHON=$other" >&2
            exit 1
        fi
    done
    echo "Python 3.11 or newer is needed; $python is ${found:-not there}: install one," \
        "see https://www.python.org/downloads/, then add PYTHON=, with its name" >&2
    exit 1
fi
if [ -e "$folder" ]; then
    echo "$folder is of Python ${old:-(none that runs)}: making it anew"
    rm -rf "$folder"
fi
echo "making $folder with Python $(version_of "$python"); what is needed is installed there"
"$python" -m venv "$folder"
touch "$folder/.python"

"""A short run of what `make fuzz` does a million times."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "fuzz.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    module = sys.modules["fuzz"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz"]


@pytest.mark.parametrize("kind", ["IDX", "npz", "pickle", "safetensors", "picture"])
def test_damaged_files_give_the_declared_error(script, kind):
    tally = script.fuzz(kind, 300, seed=1)
    assert tally.undeclared == {}
    assert tally.errors["ValueError"] > 100
    assert tally.read + tally.errors["ValueError"] == tally.runs == 300


def test_what_is_not_declared_is_kept(script, tmp_path):
    tally = script.Tally()

    def read(path):
        raise KeyError("W1")

    script.attempt(read, tmp_path / "file", b"content", tally)
    assert tally.errors == {"KeyError": 1}
    assert list(tally.undeclared.values()) == [b"content"]

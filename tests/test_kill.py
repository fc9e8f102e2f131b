"""A short run of what `make kill-test` does hundreds of times."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a run is a fork")
def test_killed_runs_end_as_the_uninterrupted_one():
    rounds = ["--kills", "2", "--signals", "2", "--disks", "0"]
    done = subprocess.run(
        [sys.executable, "scripts/kill_test.py", *rounds, "--libraries", "numpy"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "problems: 0" in done.stdout
    assert done.stdout.count("kills of live runs 1") == 2  # SGD, and Adam with all that moves
    assert done.stdout.count("signals to live runs 1") == 2

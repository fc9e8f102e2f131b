"""What `import backprop` costs beside `import numpy`, each in a fresh process."""

import subprocess
import sys
from typing import Any

import pytest


@pytest.mark.parametrize("module", ["numpy", "backprop"])
def test_import(benchmark: Any, module: str) -> None:
    benchmark.group = "import"
    command = [sys.executable, "-c", f"import {module}"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True}, rounds=10, warmup_rounds=1)

"""What holds for all tests and doctests."""

import pytest


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own settings out of the tests."""
    for name in ("DEVICE", "LIBRARY", "DATA_DIR", "OFFLINE"):
        monkeypatch.delenv(f"BACKPROP_{name}", raising=False)

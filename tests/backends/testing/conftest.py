"""The kit's own tests choose their rows themselves, whatever the options of this run."""

import pytest


@pytest.fixture(autouse=True)
def _all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARRAY_BACKENDS", "REQUIRE_ARRAY_BACKENDS"):
        monkeypatch.delenv(name, raising=False)

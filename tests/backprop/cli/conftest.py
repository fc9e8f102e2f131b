"""The command line run in this process."""

import pytest

from backprop.cli.app import run


@pytest.fixture
def run_in(tmp_path, monkeypatch, capsys):
    """Return what runs a command in a folder of its own: its exit code, and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "150")

    def call(*arguments):
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return call

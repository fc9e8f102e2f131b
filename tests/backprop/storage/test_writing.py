import os

import pytest

from backprop.storage.writing import write


def test_content_reaches_the_disk_before_the_file_has_its_name(tmp_path, monkeypatch):
    path, done = tmp_path / "file", []
    path.write_bytes(b"old")
    sync = os.fsync

    def watched(descriptor):
        sync(descriptor)
        done.append(path.read_bytes())

    monkeypatch.setattr(os, "fsync", watched)
    write(path, b"new")
    assert done == [b"old", b"new"]  # the file's content, and then the folder
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_old_file_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_can_not_be_opened_is_no_error(tmp_path, monkeypatch):
    """As on Windows."""

    def fail(path, flags):
        raise PermissionError(path)

    monkeypatch.setattr(os, "open", fail)
    write(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"

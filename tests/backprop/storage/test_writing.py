import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from backprop.storage import writing
from backprop.storage.writing import sweep, together, write


def test_content_reaches_the_disk_before_the_file_has_its_name(tmp_path, monkeypatch):
    path, done, sizes = tmp_path / "file", [], []
    path.write_bytes(b"old")
    sync = os.fsync

    def watched(descriptor):
        sync(descriptor)
        sizes.append(os.fstat(descriptor).st_size)
        done.append(path.read_bytes())

    monkeypatch.setattr(os, "fsync", watched)
    write(path, b"new content")
    assert done == [b"old", b"new content"]  # the file's content, and then the folder
    assert sizes[0] == len(b"new content")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="links ask for rights there")
def test_a_link_leads_to_the_file_that_is_written(tmp_path):
    far, link, loose = (tmp_path / name for name in ("far/file", "link", "loose"))
    far.parent.mkdir()
    far.write_bytes(b"old")
    link.symlink_to(far)
    loose.symlink_to("far/new")
    write(link, b"new")
    assert (far.read_bytes(), link.is_symlink()) == (b"new", True)
    with together([link, loose]) as partials:
        for path, partial in partials.items():
            partial.write_bytes(path.name.encode())
    assert (far.read_bytes(), link.is_symlink()) == (b"link", True)
    assert ((tmp_path / "far/new").read_bytes(), loose.is_symlink()) == (b"loose", True)
    assert sorted(p.name for p in far.parent.iterdir()) == ["file", "new"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
def test_no_pipe_is_replaced(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    message = "it must be a file, and is a device or a pipe"
    for path in (pipe, link):
        with pytest.raises(OSError, match=message) as error:
            write(path, b"new")
        assert error.value.filename == str(path)
        with pytest.raises(OSError, match=message), together([path]):
            pass
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "pipe"]
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    with pytest.raises(OSError, match=message):
        writing._target(Path(os.devnull))


@pytest.mark.skipif(os.name == "nt", reason="the system keeps no modes of files")
def test_a_new_file_has_the_mode_of_the_one_that_it_replaces(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("private", "open")]
    for path, mode in zip(paths, (0o600, 0o664), strict=True):
        path.write_bytes(b"old")
        path.chmod(mode)
    seen, sync = [], os.fsync
    monkeypatch.setattr(writing, "_partial", lambda path: path.with_name(f"{path.name}.partial"))
    partial = tmp_path / "private.partial"

    def watched(descriptor):
        seen.append(partial.stat().st_mode & 0o777 if partial.exists() else None)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write(paths[0], b"new")
    assert seen == [0o600, None]  # nobody else could read it at any moment
    with together(paths) as partials:
        for path in paths:
            partials[path].write_bytes(b"newer")
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o664]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="the system does not list open files")
def test_no_file_stays_open(tmp_path):
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        write(tmp_path / "file", b"new")
    assert len(os.listdir("/dev/fd")) == before


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


@pytest.mark.parametrize("name", ["a" * 255, "ä" * 120, "𝟘" * 60])
def test_the_longest_names_can_be_written(tmp_path, name):
    write(tmp_path / name, b"first")
    write(tmp_path / name, b"second")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [(name, b"second")]


def test_threads_leave_one_whole_file(tmp_path):
    path, errors = tmp_path / "file", []

    def save(i):
        try:
            for _ in range(20):
                write(path, bytes([i]) * 5000)
                content = path.read_bytes()
                assert len(content) == 5000
                assert len(set(content)) == 1
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_nothing_is_written_through_a_link(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    monkeypatch.setattr(writing.secrets, "token_hex", lambda n: "0" * 2 * n)
    (tmp_path / writing._partial(tmp_path / "file")).symlink_to(victim)
    with pytest.raises(FileExistsError, match="file"):
        write(tmp_path / "file", b"new")
    assert victim.read_bytes() == b"precious"


def test_what_killed_writers_left_is_swept(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )
    dead, host = int(done.stdout), writing._host()
    names = {
        f".a.{host}-{dead}-00ff-00ff.partial": False,
        f".a.{host}-{os.getpid()}-00ff-00ff.partial": False,  # of an earlier process of that number
        f".a.{host}-{os.getppid()}-00ff-00ff.partial": True,
        f".a.{host}-1-00ff-00ff.partial": True,  # of somebody else, for all but root
        f".a.other{host}-{dead}-00ff-00ff.partial": True,
        f".old.other{host}-{dead}-00ff-00ff.partial": False,
        f".day.other{host}-{dead}-00ff-00ff.partial": False,
        f".hour.other{host}-{dead}-00ff-00ff.partial": True,
        writing._partial(tmp_path / "a").name: True,
        ".mine.partial": True,
        "a": True,
    }
    for name in names:
        (tmp_path / name).write_bytes(b"")
    for name, hours in (("old", 1e5), ("day", 25), ("hour", 1)):
        then = time.time() - 3600 * hours
        os.utime(tmp_path / f".{name}.other{host}-{dead}-00ff-00ff.partial", (then, then))
    sweep(tmp_path)
    assert {name: (tmp_path / name).exists() for name in names} == names


def test_a_process_of_somebody_else_lives(tmp_path, monkeypatch):
    def refuse(process, kind):
        raise PermissionError(process)

    monkeypatch.setattr(os, "kill", refuse)
    partial = tmp_path / f".a.{writing._host()}-1-00ff-00ff.partial"
    partial.write_bytes(b"")
    sweep(tmp_path)
    assert partial.exists()


def test_files_that_belong_together_are_in_their_folder_on_the_disk(tmp_path, monkeypatch):
    paths, synced = [tmp_path / "a", tmp_path / "b"], []
    monkeypatch.setattr(
        writing, "_sync", lambda folder: synced.append((folder, paths[-1].exists()))
    )
    with together(paths) as partials:
        for partial in partials.values():
            partial.write_bytes(b"new")
    assert synced[-1] == (tmp_path, True)


def test_files_that_belong_together(tmp_path, monkeypatch):
    paths = [tmp_path / name for name in ("params", "table", "settings")]
    for path in paths:
        path.write_bytes(b"old")
    with pytest.raises(FileNotFoundError), together(paths) as partial:  # noqa: PT012
        partial[paths[0]].write_bytes(b"new")
        partial[paths[1]].read_bytes()  # it was not written
    assert [path.read_bytes() for path in paths] == [b"old"] * 3
    states, replace = [], Path.replace

    def watched(self, target):
        replace(self, target)
        states.append({path.name: path.read_bytes() for path in paths if path.exists()})
        if len(states) == 2:
            raise OSError("stopped")

    monkeypatch.setattr(Path, "replace", watched)
    with pytest.raises(OSError, match="stopped"), together(paths) as partial:  # noqa: PT012
        for path in paths:
            partial[path].write_bytes(b"new")
    assert states == [{"params": b"new"}, {"params": b"new", "table": b"new"}]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["params", "table"]

"""`backprop train` that is ended, resumed, or dies."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from backprop import Trainer, load_network, load_params, save_params
from backprop.cli.run_folder import alone
from backprop.storage.checkpoint import load_checkpoint
from backprop.storage.writing import _host

FILES = ["best.safetensors", "checkpoint.safetensors", "config.json", "history.csv"]
SIZE = ["--hidden", "5", "--batch-size", "1000"]  # an epoch of 10 steps

WIDE = ["--batch-size", "1000"]


@pytest.fixture
def run_in(run_in, monkeypatch):
    monkeypatch.setattr("backprop.plotting.accuracy_curves", lambda history: 1 / 0)  # takes long
    return run_in


def same_runs(a, b):
    assert (a / "params.safetensors").read_bytes() == (b / "params.safetensors").read_bytes()
    assert (a / "history.csv").read_bytes() == (b / "history.csv").read_bytes()


@pytest.mark.parametrize("first", [20, 25])
def test_a_run_goes_on(run_in, tmp_path, first):
    assert run_in("train", *SIZE, "--iterations", "35", "--out", "once")[0] == 0
    assert run_in("train", *SIZE, "--iterations", str(first), "--out", "a")[0] == 0
    code, out, err = run_in("train", "--resume", "a", "--iterations", "35")
    assert (code, err) == (0, "")
    assert f"after:  {first} iterations, {35 - first} to go\n" in out
    same_runs(tmp_path / "a", tmp_path / "once")
    (tmp_path / "a/params.safetensors").unlink()
    code, out, _ = run_in("train", "--resume", "a/checkpoint.safetensors")  # there is no more to do
    assert code == 0
    assert "35 iterations, 0 to go" in out
    same_runs(tmp_path / "a", tmp_path / "once")
    assert run_in("train", "--resume", "a", "--epochs", "2") == (
        2,
        f"{out.partition('after')[0]}",
        "backprop: error: the run must go on; it has 35 iterations already\n",
    )


def test_what_a_run_can_not_go_on_with(run_in, tmp_path):
    run_in("train", *SIZE, "--iterations", "3", "--out", "a")
    code, _, err = run_in("train", "--resume", "a", "--lr", "1", "--seed", "0")
    assert (code, err) == (
        2,
        "backprop: error: --resume goes on as the run began; got --lr, --seed too\n",
    )
    for missing in ("nothing", "."):
        assert run_in("train", "--resume", missing) == (
            2,
            "",
            "backprop: error: --resume must name the folder of a run that has a checkpoint; "
            f"got {missing}\n",
        )
    err = run_in("train", "--resume", "a", "--config", "a/config.json")[2]
    assert "--resume goes on as the run began; got --config too" in err
    Trainer(load_network("a/params.safetensors")).save(tmp_path / "other")
    code, _, err = run_in("train", "--resume", "other")
    assert code == 2
    assert "--resume must name a run of `backprop train`; other: 'run'" in err


def test_a_run_does_not_go_back_to_a_checkpoint_before_its_last(run_in, tmp_path):
    run_in("train", *SIZE, "--iterations", "5", "--out", "a")
    early = (tmp_path / "a/checkpoint.safetensors").read_bytes()
    run_in("train", "--resume", "a", "--iterations", "15")
    (tmp_path / "a/early.safetensors").write_bytes(early)
    before = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    for iterations in ("5", "12", "20"):
        code, _, err = run_in(
            "train", "--resume", "a/early.safetensors", "--iterations", iterations
        )
        assert (code, err) == (
            2,
            "backprop: error: --resume must lose nothing of a run; a/early.safetensors has 5 "
            "iterations, and checkpoint.safetensors beside it 15: copy the first into a folder of "
            "its own to go on from there\n",
        )
    assert {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()} == before
    (tmp_path / "b").mkdir()
    (tmp_path / "a/early.safetensors").rename(tmp_path / "b/early.safetensors")
    run_in("train", "--resume", "b/early.safetensors", "--iterations", "15")
    same_runs(tmp_path / "a", tmp_path / "b")


def test_epochs_are_counted_from_the_start(run_in, tmp_path):
    run_in("train", *SIZE, "--epochs", "1", "--out", "a")
    assert "10 iterations, 20 to go" in run_in("train", "--resume", "a", "--epochs", "3")[1]
    assert len(Trainer.resume(tmp_path / "a").history.loss) == 30


def test_checkpoints_now_and_then(run_in, tmp_path, monkeypatch):
    written, save = [], Trainer.save
    monkeypatch.setattr(
        Trainer, "save", lambda self, path, *a: written.append(path.name) or save(self, path, *a)
    )
    run_in("train", *SIZE, "--epochs", "5", "--checkpoint-every", "2", "--out", "a")
    assert [written.count(FILES[i]) for i in (1, 0)] == [4, len(written) - 4]  # 0, 2, 4, 5 epochs


def test_training_that_has_died_is_no_success(run_in, tmp_path):
    code, out, err = run_in("train", *WIDE, "--lr", "1e9", "--epochs", "3", "--out", "a")
    assert code == 1
    assert "final accuracy" not in out
    assert err.startswith(
        "backprop: error: training ended after 10 iterations: the loss is nan at "
    )
    assert "the likely cause is a learning rate that is too high, 1e+09" in err
    assert err.count("\n") == 1
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == FILES[1:]
    config = json.loads((tmp_path / "a/config.json").read_text())
    assert config["died"] is True
    params = load_network(tmp_path / "a/checkpoint.safetensors").params
    assert all(np.isfinite(p).all() for p in params.values())


@pytest.mark.parametrize(("word", "code"), [("warn", 1), ("ignore", 0)])
def test_training_that_has_died_may_go_on(run_in, tmp_path, word, code):
    options = ["--lr", "1e9", "--epochs", "2", "--out", "a", "--on-nan", word]
    got, out, err = run_in("train", *WIDE, *options)
    assert got == code
    assert "final accuracy: train nan%, test nan%" in out
    assert ("backprop: warning: training has died: the loss is nan" in err) is (word == "warn")
    assert err.count("\n") == (word == "warn")
    assert np.isnan(load_params(tmp_path / "a/params.safetensors")[0]["W1"]).any()
    assert "`W1` must be finite" in run_in("evaluate", "--params", "a/params.safetensors")[2]


def test_two_runs_do_not_write_to_one_folder(run_in, tmp_path):
    pytest.importorskip("fcntl")
    with alone(tmp_path):
        got, _, err = run_in("train", *SIZE, "--iterations", "1", "--out", str(tmp_path))
    message = f"--out must be a folder that no other run writes to; one does to {tmp_path}"
    assert (got, err) == (2, f"backprop: error: {message}\n")
    assert not (tmp_path / "params.safetensors").exists()
    assert run_in("train", *SIZE, "--iterations", "1", "--out", str(tmp_path))[0] == 0
    with alone(tmp_path):
        assert (
            run_in("train", "--resume", str(tmp_path), "--iterations", "2")[2].count(message) == 1
        )


def test_a_run_that_dies_leaves_earlier_parameters(run_in, tmp_path):
    run_in("train", *SIZE, "--epochs", "1", "--out", "a")
    names = ("params.safetensors", "history.csv", "config.json")
    before = [(tmp_path / "a" / name).read_bytes() for name in names]
    options = ["--lr", "1e9", "--epochs", "3", "--out", "a", "--overwrite"]
    assert run_in("train", *WIDE, *options)[0] == 1
    assert [(tmp_path / "a" / name).read_bytes() for name in names] == before


def test_the_best_of_another_run_does_not_stay_beside_results(run_in, tmp_path):
    run_in("train", *SIZE, "--epochs", "1", "--out", "a")
    options = ["--lr", "1e9", "--epochs", "2", "--out", "a", "--overwrite", "--on-nan", "ignore"]
    assert run_in("train", *WIDE, *options)[0] == 0
    assert not (tmp_path / "a/best.safetensors").exists()

    run_in("train", *SIZE, "--epochs", "1", "--out", "b")
    best = (tmp_path / "b/best.safetensors").read_bytes()
    assert run_in("train", "--resume", "b", "--iterations", "11", "--on-nan", "warn")[0] == 0
    assert (tmp_path / "b/best.safetensors").read_bytes()[:1000] == best[:1000]  # its own


@pytest.mark.parametrize("run", [None, "[]", "{", '{"seed": 0}'])
def test_a_best_checkpoint_that_can_not_be_read_does_not_stay_either(run_in, tmp_path, run):
    best = tmp_path / "a/best.safetensors"
    best.parent.mkdir()
    if run is None:
        best.write_bytes(b"damaged")
    else:
        save_params(best, {"W1": np.ones(3)}, {"run": run})
    options = ["--lr", "1e9", "--epochs", "2", "--out", "a", "--overwrite", "--on-nan", "ignore"]
    code, _, err = run_in("train", *WIDE, *options)
    assert (code, err) == (0, "")
    assert not best.exists()
    assert (tmp_path / "a/params.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("batch_size", 0, "batch_size: .*; got 0"),
        ("batch_size", 1.5, "batch_size: .*; got 1.5"),
        ("batch_size", True, "batch_size must be as on the command line; got True"),
        ("iterations", "a", "iterations: .*; got 'a'"),
        ("optimizer", "zzz", "optimizer: .*; got 'zzz'"),
        ("lr_schedule", "zz", "lr_schedule: .*; got 'zz'"),
        ("net", "x", "net: .*; got 'x'"),
        ("augment", 3, "augment must be as on the command line; got 3"),
        ("augment", "zz", "--augment must be none, or .*; got 'zz'"),
        ("hidden", [0], r"hidden must be widths of 1 or more; got \[0\]"),
        ("compile", "x", "compile: .*; got 'x'"),
        ("data_dir", 3, "data_dir: .*; got 3"),
    ],
)
def test_a_checkpoint_says_nothing_that_the_command_line_would_not_take(
    run_in, tmp_path, name, value, words
):
    run_in("train", *SIZE, "--iterations", "1", "--out", "a")
    path = tmp_path / "a/checkpoint.safetensors"
    arrays, metadata = load_params(path)
    run = {**json.loads(metadata["run"]), name: value}
    save_params(path, arrays, {**metadata, "run": json.dumps(run)})
    code, _, err = run_in("train", "--resume", "a")
    assert code == 2
    start = "backprop: error: --resume must name a run of `backprop train`; "
    assert re.fullmatch(f"{start}a/checkpoint.safetensors: {words}\n", err), err


def test_a_disk_that_is_full_costs_one_line(run_in, tmp_path, monkeypatch):
    run_in("train", *SIZE, "--epochs", "1", "--out", "a")
    before = {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()}

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = run_in("train", *SIZE, "--epochs", "2", "--out", "a", "--overwrite")
    assert code == 2
    assert err == "backprop: error: a/checkpoint.safetensors: No space left on device\n"
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == before


PROGRAM = """
import signal
import sys
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # as tests that run under nohup, or after &, ignore them
    if hasattr(signal, name):
        usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
        signal.signal(getattr(signal, name), usual)
sys.path[:0] = {path!r}
from backprop import plotting
from backprop.cli.app import run
from backprop.storage.writing import _host
def fail(history):
    raise RuntimeError("takes long")
plotting.accuracy_curves = fail
code = run(sys.argv[1:])
sys.stdout.flush()
sys.exit(code)
"""


def started(*arguments, **options):
    command = [sys.executable, "-c", PROGRAM.format(path=sys.path), "train", *arguments]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def wait_for(path, process):
    while not path.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.05)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("signals", "code"),
    [
        (["SIGKILL"], -9),
        (["SIGINT"], 130),
        (["SIGTERM"], 143),
        (["SIGHUP"], 129),
        (["SIGINT", "SIGINT"], 130),
        (["SIGTERM", "SIGTERM"], 143),
    ],
    ids=str,
)
def test_a_run_that_is_ended_goes_on_as_if_it_had_not_been(signals, code, run_in, tmp_path):
    options = [*SIZE, "--library", "numpy", "--device", "cpu"]
    process = started(*options, "--iterations", "100000", "--out", "a", cwd=tmp_path)
    wait_for(tmp_path / "a/best.safetensors", process)
    for name in signals:
        process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert err == ""
    if len(signals) == 1 and signals != ["SIGKILL"]:
        assert "interrupted after" in out
        assert "`backprop train --resume a` goes on" in out
        assert json.loads((tmp_path / "a/config.json").read_text())["interrupted"] is True
        assert load_network(tmp_path / "a/params.safetensors").params
    done = len(Trainer.resume(tmp_path / "a", backend="cpu").history.loss)
    assert run_in("train", "--resume", "a", "--iterations", str(done + 25))[0] == 0
    assert run_in("train", *options, "--iterations", str(done + 25), "--out", "b")[0] == 0
    same_runs(tmp_path / "a", tmp_path / "b")
    assert not [p for p in (tmp_path / "a").iterdir() if p.name.startswith(".")]


@pytest.mark.skipif(os.name == "nt", reason="pipes are POSIX's")
def test_a_pipe_that_is_closed_ends_nothing(run_in, tmp_path):
    process = started(*SIZE, "--epochs", "30", "--out", "a", cwd=tmp_path)
    assert process.stdout.readline().startswith("device: ")
    process.stdout.close()
    assert (process.wait(60), process.stderr.read()) == (0, "")
    process.stderr.close()
    assert len(Trainer.resume(tmp_path / "a").history.loss) == 300
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [*FILES, "params.safetensors"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a Linux device")
def test_output_that_can_not_be_written_ends_nothing(tmp_path):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-c", PROGRAM.format(path=sys.path), "train", *SIZE]
        done = subprocess.run(
            [*command, "--epochs", "3", "--out", "a"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
    assert done.returncode == 0
    assert done.stderr == (
        "backprop: warning: the output can't be written, and the run goes on without: "
        "[Errno 28] No space left on device\n"
    )
    assert (tmp_path / "a/params.safetensors").exists()


def test_a_network_that_has_learnt_nothing_is_no_quiet_success(run_in):
    code, _, err = run_in("train", *SIZE, "--lr", "1e9", "--epochs", "2", "--out", "a")
    assert code == 0
    assert re.fullmatch(
        r"backprop: warning: the loss is [\d.e+]+ in the last epoch, and was 2.3 before training: the "
        r"network has learnt nothing; the learning rate is likely too high\n",
        err,
    )


def test_what_a_killed_writer_left_is_swept_where_no_step_is_left(run_in, tmp_path):
    run_in("train", *SIZE, "--epochs", "1", "--out", "a")
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )
    left = tmp_path / "a" / f".config.json.{_host()}-{int(dead.stdout)}-00-00.partial"
    left.write_bytes(b"{")
    assert run_in("train", "--resume", "a")[0] == 0
    assert not left.exists()


def test_the_best_that_was_measured_at_a_pause_stays_the_best(run_in, tmp_path, monkeypatch):
    """Also when the run goes on twice, and its history has no row for the pause any more."""
    scores = {5: 0.9, 10: 0.5, 15: 0.6, 20: 0.95}

    def measured(run, data):
        return scores[len(run.training.history.loss)]

    monkeypatch.setattr("backprop.training.run.Run._accuracy", measured)

    def best():
        history = load_checkpoint(tmp_path / "a/best.safetensors").training["history"]
        return len(history["loss"]), history["test_accuracy"]

    run_in("train", *SIZE, "--iterations", "5", "--out", "a")
    assert best() == (5, [0.9])
    for iterations in ("10", "15"):
        assert run_in("train", "--resume", "a", "--iterations", iterations)[0] == 0
        assert best() == (5, [0.9])
    assert run_in("train", "--resume", "a", "--iterations", "20")[0] == 0
    assert best() == (20, [0.5, 0.95])

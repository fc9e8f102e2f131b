"""Several processes under a real mpiexec."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from backprop import Trainer, load_params

pytest.importorskip("mpi4py", reason="mpi4py is not installed: pip install 'backprop-by-hand[mpi]'")
BIN = Path(sys.executable).parent
MPIEXEC = BIN / "mpiexec"
pytestmark = pytest.mark.skipif(
    not MPIEXEC.exists(), reason="there is no mpiexec beside this Python"
)
ROOT = Path(__file__).parents[2]


def started(count, *program, timeout=120, **variables):
    """Run a program in so many processes, and return what came of it."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "150", **variables}
    return subprocess.run(
        [*([MPIEXEC, "-n", str(count)] if count > 1 else []), sys.executable, *program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def program(name, folder, count):
    folder.mkdir(exist_ok=True)
    return started(count, "-m", "tests.mpi.programs", name, str(folder))


def results(name, folder, count):
    ended = program(name, folder, count)
    assert ended.returncode == 0, ended.stderr
    return [load_params(folder / f"{rank}.safetensors")[0] for rank in range(count)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return what one process learns, by the name of the program."""
    found = {}

    def get(name):
        if name not in found:
            found[name] = results(name, tmp_path_factory.mktemp(name), 1)[0]
        return found[name]

    return get


@pytest.mark.parametrize(
    ("name", "count"), [("sgd", 2), ("sgd", 3), ("sgd", 4), ("adam", 2), ("masks", 3)]
)
def test_several_processes_learn_what_one_does(alone, tmp_path, name, count):
    expected = alone(name)
    for rank, found in enumerate(results(name, tmp_path, count)):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            np.testing.assert_allclose(
                found[key], value, rtol=0, atol=1e-12, err_msg=f"{key} of process {rank}"
            )


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can't be chosen here")
@pytest.mark.parametrize(
    ("count", "bound", "expected"),
    [
        (1, False, ["None"]),
        (2, False, ["half", "half"]),
        (2, True, ["1", "1"]),
        (len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 3, False, None),
    ],
)
def test_processes_share_the_cores_of_a_machine(count, bound, expected):
    """More processes than cores have one each; a process that is bound to one has that."""
    script = (
        "import os, sys\n"
        "mine = sorted(os.sched_getaffinity(0))\n"
        "if sys.argv[1] == 'True':\n"
        "    os.sched_setaffinity(0, {mine[int(os.environ['PMI_RANK']) % len(mine)]})\n"
        "from backprop.parallel import MPICommunicator\n"
        "sys.stdout.write(f'{MPICommunicator().cores}\\n')\n"  # whole, beside others
    )
    ended = started(count, "-c", script, str(bound))
    half = str(max(1, len(os.sched_getaffinity(0)) // 2))
    wanted = [half if each == "half" else each for each in expected or ["1"] * count]
    assert ended.stdout.split() == wanted, ended.stderr


def test_any_number_of_calls_gets_the_communicator():
    """A communicator of MPI that nobody frees is one of some two thousand."""
    script = (
        "from backprop.parallel import MPICommunicator\n"
        "found = {MPICommunicator().cores for _ in range(5000)}\n"
        "assert len(found) == 1, found\n"
    )
    ended = started(2, "-c", script)
    assert ended.returncode == 0, ended.stderr[-500:]


def test_an_error_is_told_once_however_many_communicators_there_are():
    """Each used to put a hook of its own before the others'."""
    script = (
        "from backprop.parallel import MPICommunicator\n"
        "found = [MPICommunicator() for _ in range(2000)]\n"
        "if found[0].rank == 1: raise ValueError('mine')\n"
        "found[0].total(__import__('numpy').zeros(1))\n"
    )
    ended = started(2, "-c", script)
    assert ended.returncode != 0
    assert ended.stderr.count("ValueError: mine") == 1
    assert "RecursionError" not in ended.stderr


def test_running_statistics_are_one_on_all(tmp_path):
    first, *others = results("normalized", tmp_path, 3)
    for other in others:
        for name, value in first.items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_all_end_after_the_same_step(tmp_path):
    assert program("asked", tmp_path, 3).returncode == 0
    ends = [(tmp_path / str(rank)).read_text() for rank in range(3)]
    assert ends[0].startswith(
        "7 "
    )  # asked for the 7th time after 6 and an epoch, said with the next
    assert ends == [ends[0]] * 3


@pytest.mark.parametrize(
    ("name", "words"), [("raising", "rank 1 can't go on"), ("killed", "(signal 9)")]
)
def test_a_process_that_fails_ends_all_and_the_run_goes_on_with_other_processes(
    tmp_path, name, words
):
    begun = time.monotonic()
    ended = program(name, tmp_path, 3)
    assert time.monotonic() - begun < 30  # 10 and what it takes to start
    assert ended.returncode != 0
    assert words in ended.stderr + ended.stdout
    assert len(re.findall(r"^ArithmeticError", ended.stderr, re.M)) == (name == "raising")
    again = program("recovered", tmp_path, 2)
    assert again.returncode == 0, again.stderr


def test_a_checkpoint_goes_on_with_another_number_of_processes(tmp_path):
    assert program("whole", tmp_path / "a", 1).returncode == 0
    assert program("half", tmp_path / "b", 3).returncode == 0
    assert program("resumed", tmp_path / "b", 2).returncode == 0
    (expected, _), (found, _) = (
        load_params(tmp_path / each / "checkpoint.safetensors") for each in "ab"
    )
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12, err_msg=name)


def test_processes_with_other_data_are_told_so(tmp_path):
    ended = program("others_data", tmp_path, 2)
    assert ended.returncode != 0
    assert "process 0 has 95 samples, and process 1 has 94" in ended.stderr


def train(folder, *arguments, count=2, **variables):
    return started(
        count, "-m", "backprop", "train", "--out", str(folder), "--device", "cpu",
        *arguments, **variables,
    )  # fmt: skip


def test_the_command_line_trains_in_all_processes_and_the_first_one_speaks(tmp_path):
    def answer(count):
        ended = train(tmp_path / str(count), "--iterations", "100", "--json", count=count)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)  # one document, of one process

    one, four = answer(1), answer(4)
    assert four["iterations"] == 100
    assert sorted(four["files"]) == sorted(one["files"])
    assert abs(four["test_accuracy"] - one["test_accuracy"]) < 0.003
    assert len(os.listdir(tmp_path / "4")) == len(os.listdir(tmp_path / "1"))


def test_the_command_line_says_how_many_and_which_way(tmp_path):
    ended = train(tmp_path / "a", "--iterations", "5", count=3)
    assert ended.returncode == 0, ended.stderr
    said = re.findall(
        r"ranks:  3 processes, .*; gradients go by way of the host's memory", ended.stdout
    )
    assert len(said) == 1
    assert ended.stdout.count("final accuracy") == 1


def test_a_wrong_option_is_one_line_for_all(tmp_path):
    ended = train(tmp_path / "a", "--batch-size", "100000", count=3)
    assert ended.returncode != 0
    assert ended.stderr.count("backprop: error: --batch-size must be at most 10000") == 1
    ended = train(tmp_path / "b", "--compile", count=2)
    assert ended.returncode != 0
    assert (
        ended.stderr.count("backprop: error: --compile needs one process alone; got 2 of them") == 1
    )


def test_a_run_that_was_ended_goes_on_with_other_processes(tmp_path):
    """SIGTERM to one process ends all in order."""
    script = (
        "import os, pathlib, signal, sys, threading, time\n"
        "from backprop.cli import main\n"
        "def end():\n"
        "    while not pathlib.Path(sys.argv[3], 'checkpoint.safetensors').exists():\n"
        "        time.sleep(0.05)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "if os.environ['PMI_RANK'] == '1':\n"
        "    threading.Thread(target=end, daemon=True).start()\n"
        "main(sys.argv[1:])\n"
    )
    out = tmp_path / "run"
    ended = started(2, "-c", script, "train", "--out", str(out), "--iterations", "1000000")
    assert ended.returncode != 0
    assert ended.stdout.count("interrupted after") == 1
    done = len(Trainer.resume(out).history.loss)
    ended = started(
        3, "-m", "backprop", "train", "--resume", str(out), "--iterations", str(done + 10), "--json"
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["iterations"] == done + 10


@pytest.mark.parametrize("mode", ["full", "sampled"])
def test_a_check_in_shares_says_what_one_process_says(mode):
    command = ["-m", "backprop", "check", "--mode", mode, "--hidden", "5"]
    alone, shared = started(1, *command), started(3, *command)
    assert (alone.returncode, shared.returncode) == (0, 0), shared.stderr
    assert f"gradients of TwoLayerNet, {mode}: ok" in shared.stdout
    assert shared.stdout == alone.stdout


def test_without_mpi4py_it_says_what_to_install(tmp_path):
    script = (
        "import sys\n"
        "sys.modules['mpi4py'] = None\n"
        "from backprop.cli import main\n"
        "main(['train', '--iterations', '1'])\n"
    )
    ended = started(2, "-c", script)
    assert ended.returncode != 0
    assert "several processes need mpi4py: pip install 'backprop-by-hand[mpi]'" in ended.stderr


def test_a_launcher_of_another_mpi_is_noticed(tmp_path):
    ended = train(tmp_path / "a", count=1, PMI_SIZE="", OMPI_COMM_WORLD_SIZE="4")
    assert ended.returncode == 2
    assert "which started 4 processes; its own knows of 1" in ended.stderr


LEAVING = """
import sys
import numpy as np
from backprop import SGD, Trainer, TwoLayerNet
from backprop.parallel import world

ranks = world()

def look(history):
    if ranks.rank in (1, int(sys.argv[1])):
        sys.exit("no more")

net = TwoLayerNet(4, 5, 3, backend="cpu", seed=0)
x = np.random.default_rng(0).random((40, 4))
trainer = Trainer(net, SGD(0.1), 10, communicator=ranks)
trainer.fit((x, np.zeros(40, int)), epochs=3, on_epoch=look, progress=False)
"""


@pytest.mark.parametrize("other", [1, 0])
def test_a_process_that_leaves_in_the_middle_ends_all(other):
    """One alone, whom the others would wait for, or all of them."""
    ended = started(2, "-c", LEAVING, str(other), timeout=60)
    assert ended.returncode != 0
    assert ended.stderr.count("no more") == (2 if other == 0 else 1)

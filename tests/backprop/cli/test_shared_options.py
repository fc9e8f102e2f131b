"""What all commands share: how they speak, own words, and what is read back."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import backends
import backprop
from backprop import TwoLayerNet, load_network, load_params, save_network
from backprop.cli import next_step
from backprop.cli.digit_network import digit_network, widths
from backprop.cli.terminal import width

COMMANDS = ["train", "evaluate", "predict", "check", "bench", "demo", "info"]


@pytest.fixture
def params(tmp_path):
    save_network(tmp_path / "p.safetensors", TwoLayerNet(784, 5, 10, backend="cpu", seed=0))
    return "p.safetensors"


def process(*arguments, shell=None, encoding="utf-8", **environment):
    """Run the command line in a process of its own; `shell` is what follows it in a shell."""
    command = [sys.executable, "-m", "backprop", *arguments]
    if shell is not None:
        command = ["sh", "-c", f'"$@" {shell}', "sh", *command]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding=encoding,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(backprop.__file__).parents[1]), **environment},
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_the_shared_options_and_an_example(run_in, command):
    code, long, _ = run_in(command, "--help")
    assert run_in(command, "-h") == (code, long, "") == (0, long, "")
    for option in ("--quiet", "--verbose", "--json", "--help"):
        assert option in long
    assert "<bool>" not in long
    assert f"Example: backprop {command}" in long


def test_the_help_of_all_shows_no_flag_with_a_value(run_in):
    code, out, _ = run_in("-h")
    assert code == 0
    assert "<bool>" not in out
    assert "--install-completion" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--hidden", "1.5"], "--hidden must be a width of at least 1, or several such"),
        (["train", "--hidden", "10,,5"], "--hidden must be a width of at least 1, or several"),
        (["train", "--hidden", "0"], "several such as 100,50; got '0'"),
        (["train", "--hidden", "9" * 23], f"--hidden must fit in memory; got {'9' * 23}, which is"),
        (["train", "--iterations", "1e3"], "--iterations must be a whole number; got 1e3"),
        (["train", "--epochs", "0"], "--epochs must be at least 1; got 0"),
        (["train", "--lr", "fast"], "--lr must be a number; got fast"),
        (["train", "--dtype", "float16"], "--dtype must be one of float32, float64; got float16"),
        (["train", "--batch-size", "10001"], "--batch-size must be at most 10000, all there are"),
        (["train", "--out", ""], "--out must be a folder; got an empty name"),
        (["bench", "--out", ""], "--out must be a folder; got an empty name"),
        (["check", "--mode", "some"], "--mode must be one of full, sampled, directional; got some"),
        (["check", "--params", "."], "--params must be a file that can be read; . is a folder"),
        (["evaluate", "--params", "no"], "--params must be a file that can be read; no is not"),
        (["evaluate", "--params", "."], "--params must be a file that can be read; . is a folder"),
        (["predict", "--params", "no", "a.png"], "--params must be a file that can be read; no is"),
        (["demo", "appel"], "got 'appel'; did you mean apple?"),
        (["demo", "apple", "--json"], "--json needs the list of programs"),
        (["info", "-q", "-v"], "one of --quiet and --verbose must be given; got both"),
        (["train", "--config", "no"], "--config must be a file; got no: No such file"),
    ],
)
def test_errors_in_our_own_words(run_in, tmp_path, arguments, message):
    code, _, err = run_in(*arguments)
    assert code == 2
    assert err.startswith("backprop: error: ")
    assert message in err
    assert err.count("\n") == 1
    assert [*tmp_path.iterdir()] == []


def test_check_of_another_network_speaks_of_its_option(run_in, tmp_path):
    save_network(tmp_path / "small", TwoLayerNet(10, 5, 10, backend="cpu", seed=0))
    code, _, err = run_in("check", "--params", "small")
    assert (code, err) == (
        2,
        "backprop: error: --params must have 784 inputs and 10 outputs; got 10 and 10\n",
    )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only here")
def test_a_folder_that_cannot_be_written_is_named_with_its_option(run_in, tmp_path):
    tmp_path.chmod(0o500)
    code, _, err = run_in("train", "--iterations", "1")
    tmp_path.chmod(0o700)
    assert code == 2
    assert "--out must be a folder that can be written; runs" in err


def test_a_file_in_the_way_of_runs_is_named_with_its_option(run_in, tmp_path):
    (tmp_path / "runs").write_text("mine")
    code, _, err = run_in("train", "--iterations", "1")
    assert (code, (tmp_path / "runs").read_text()) == (2, "mine")
    assert "--out must be a folder that can be written; runs" in err


def test_verbose_shows_where_an_error_was(run_in):
    _, _, err = run_in("check", "--params", "no", "-v")
    assert "Traceback" in err
    assert err.endswith(
        "backprop: error: --params must be a file that can be read; no is not there\n"
    )


def test_json_of_training_is_its_configuration_and_result(run_in, tmp_path):
    code, out, err = run_in("train", "--iterations", "3", "--hidden", "4,3", "--json", "--out", "a")
    assert (code, err) == (0, "")
    result = json.loads(out)
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    assert {name: result[name] for name in config} == config
    assert config["hidden"] == [4, 3]
    assert config["versions"]["backprop"] == backprop.__version__
    assert re.fullmatch(r"\d+\.\d+.*", config["versions"]["numpy"])
    assert result["folder"] == "a"
    assert 0 < result["test_accuracy"] < 1


def test_json_of_the_other_commands(run_in, params):
    code, out, _ = run_in("evaluate", "--params", params, "--json")
    result = json.loads(out)
    matrix = result["confusion_matrix"]
    assert (code, sum(map(sum, matrix))) == (0, 2000)
    assert sum(matrix[i][i] for i in range(10)) / 2000 == result["accuracy"]
    code, out, _ = run_in("check", "--params", params, "--mode", "directional", "--json")
    result = json.loads(out)
    assert (code, result["ok"]) == (0, True)
    assert [(each["name"], each["shape"]) for each in result["gradients"]] == [
        ("W1", [784, 5]),
        ("b1", [5]),
        ("W2", [5, 10]),
        ("b2", [10]),
    ]
    for each in result["gradients"]:
        assert (each["verdict"], each["index"], each["checked"]) == ("agrees", None, 1)
        assert abs(each["analytic"] - each["numerical"]) <= 10 * each["error"]
    result = json.loads(run_in("info", "--params", params, "--json")[1])
    assert [row["output"] for row in result["layers"]] == [[5], [5], [10]]
    result = json.loads(run_in("info", "--json")[1])
    assert result["selected"] == "numpy on cpu"
    assert result["libraries"][0]["library"] == "numpy"
    assert "apple" in json.loads(run_in("demo", "--json")[1])


def test_quiet_prints_the_answer_only(run_in, params):
    assert re.fullmatch(
        r"accuracy: \d+\.\d\d% of 2,000 test images\n",
        run_in("evaluate", "--params", params, "-q")[1],
    )
    out = run_in("train", "--iterations", "2", "--hidden", "3", "-q", "--out", "a")[1]
    assert [line.split(":")[0] for line in out.splitlines()] == ["final accuracy", "written to a"]


def test_quiet_of_one_call_is_not_that_of_the_next(run_in, params):
    run_in("evaluate", "--params", params, "-q")
    assert "device: " in run_in("evaluate", "--params", params)[1]


def test_a_run_is_repeated_by_its_configuration(run_in, tmp_path):
    options = ["--hidden", "6,4", "--activation", "tanh", "--seed", "3", "--lr", "0.2"]
    run_in("train", "--iterations", "5", "--batch-size", "7", *options, "--out", "a")
    assert run_in("train", "--config", "a/config.json", "--out", "b")[0] == 0
    first, again = ((tmp_path / name / "params.safetensors").read_bytes() for name in "ab")
    assert first == again
    assert (
        run_in("train", "--config", "a/config.json", "--epochs", "1", "--seed", "4", "--out", "c")[
            0
        ]
        == 0
    )
    config = json.loads((tmp_path / "c" / "config.json").read_text())
    assert (config["iterations"], config["seed"], config["activation"]) == (1429, 4, "tanh")


def test_other_widths_than_a_configuration_has_make_another_network(run_in, tmp_path):
    run_in("train", "--iterations", "2", "--hidden", "3", "--out", "a")
    how = ("train", "--config", "a/config.json", "--hidden", "4,3", "--out", "b")
    assert run_in(*how)[0] == 0
    config = json.loads((tmp_path / "b" / "config.json").read_text())
    assert (config["net"], config["hidden"]) == ("multi-layer", [4, 3])
    code, _, err = run_in(*how, "--net", "two-layer", "--overwrite")
    assert (code, "--hidden must be one width with --net two-layer" in err) == (2, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "--config must hold options by name, as config.json does; got c.json"),
        ("{", "--config must be JSON; c.json: "),
        ('{"lr": 0.1, "momentum": 0.9}', "c.json holds momentum"),
        ('{"lr": "fast"}', "--lr must be a number; got fast"),
        ('{"hidden": [5, 0]}', "--hidden must be a width of at least 1"),
        ('{"seed": true}', "--seed must be no truth value in c.json; got True"),
        ('{"compile": "no"}', "--compile must be true or false in c.json; got 'no'"),
        ('{"dtype": "int8"}', "--dtype must be one of float32, float64; got int8"),
    ],
)
def test_a_configuration_that_is_none(run_in, tmp_path, text, message):
    (tmp_path / "c.json").write_text(text)
    code, _, err = run_in("train", "--config", "c.json")
    assert code == 2
    assert message in err


def test_several_hidden_layers(run_in):
    assert run_in("train", "--iterations", "2", "--hidden", "9,8,7", "--out", "a")[0] == 0
    shapes = {name: a.shape for name, a in load_params("a/params.safetensors")[0].items()}
    assert shapes == {
        "W1": (784, 9),
        "b1": (9,),
        "W2": (9, 8),
        "b2": (8,),
        "W3": (8, 7),
        "b3": (7,),
        "W4": (7, 10),
        "b4": (10,),
    }
    code, out, _ = run_in("evaluate", "--params", "a/params.safetensors")
    assert code == 0
    assert "layers: Affine1, Activation_function1, Affine2, Activation_function2, Affine3, " in out
    assert run_in("check", "--hidden", "4,3", "--mode", "directional")[0] == 0


def test_deep_networks_keep_the_size_of_signals():
    net = digit_network(
        "multi-layer", (300, 200, 100), "relu", "float64", backends.select("cpu"), 0
    )
    std = {name: float(array.std()) for name, array in net.params.items() if name[0] == "W"}
    assert std == pytest.approx(
        {"W1": (2 / 784) ** 0.5, "W2": (2 / 300) ** 0.5, "W3": (2 / 200) ** 0.5, "W4": 0.02**0.5},
        rel=0.05,
    )
    assert widths("100, 50") == (100, 50)


def test_the_newest_run_has_one_name_and_the_next_command_can_be_pasted(run_in, tmp_path):
    for _ in range(2):
        _, out, _ = run_in("train", "--iterations", "1", "--hidden", "3")
        command = re.search(r"^next: backprop (evaluate .+)$", out, re.M)[1]
        folder = Path(command.split()[-1]).parent
        assert (tmp_path / "runs" / "latest").resolve() == (tmp_path / folder).resolve()
    assert run_in(*command.split())[0] == 0
    assert run_in("evaluate", "--params", "runs/latest/params.safetensors")[0] == 0


@pytest.mark.parametrize("again", ["--resume", "--out"])
def test_the_newest_run_can_be_gone_on_with_by_that_name(run_in, tmp_path, again):
    run_in("train", "--iterations", "1", "--hidden", "3")
    latest = tmp_path / "runs" / "latest"
    folder = latest.resolve()
    more = {"--resume": (), "--out": ("--overwrite", "--hidden", "3")}[again]
    code, out, _ = run_in("train", again, "runs/latest", "--iterations", "2", *more)
    assert (code, latest.resolve()) == (0, folder)
    assert "written to runs/latest: params.safetensors, history.csv" in out


def test_the_folder_of_runs_may_lie_elsewhere(run_in, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to("disk", target_is_directory=True)
    run_in("train", "--iterations", "1", "--hidden", "3")
    (run,) = (each for each in (tmp_path / "disk").iterdir() if each.name != "latest")
    assert (tmp_path / "runs" / "latest").resolve() == run


def test_json_has_no_number_that_is_none(run_in):
    how = ("--lr", "1e10", "--iterations", "200", "--on-nan", "ignore", "--json")
    _, out, _ = run_in("train", *how, "--out", "a")
    assert "NaN" not in out
    assert json.loads(out)["train_accuracy"] is None


def test_verbose_names_versions(run_in, params):
    _, out, _ = run_in("evaluate", "--params", params, "-v")
    assert out.splitlines()[1].startswith(f"versions: backprop {backprop.__version__}, python 3.")
    assert "versions" not in run_in("evaluate", "--params", params)[1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_an_answer_that_is_lost_is_a_failure_and_one_in_files_is_none(tmp_path, params):
    done = process("evaluate", "--params", tmp_path / params, shell=">/dev/full")
    assert (done.returncode, done.stderr.count("the output can't be written")) == (1, 1)
    train = ("train", "--iterations", "1", "--hidden", "3", "--out", tmp_path / "full")
    assert process(*train, shell=">/dev/full").returncode == 0


def test_no_columns_are_as_many_as_there_are():
    assert "--hidden" in process("train", "--help", COLUMNS="0").stdout


def test_a_folder_of_that_name_is_left_alone(tmp_path):
    (tmp_path / "runs" / "latest").mkdir(parents=True)
    (tmp_path / "runs" / "new").mkdir()
    next_step.point_to(tmp_path / "runs" / "new")
    assert not (tmp_path / "runs" / "latest").is_symlink()
    (tmp_path / "elsewhere").mkdir()
    next_step.point_to(tmp_path / "elsewhere")
    assert not (tmp_path / "latest").exists()


PYTHON = shlex.quote(sys.executable)


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("{here}/.venv/bin/backprop", ".venv/bin/backprop"),
        ("{here}/my env/bin/backprop", "'my env/bin/backprop'"),
        ("/opt/x/bin/backprop", "/opt/x/bin/backprop"),
        ("/usr/bin/pytest", "backprop"),
        ("/usr/lib/python3/site-packages/pytest/__main__.py", "backprop"),
        ("/usr/lib/python3/site-packages/backprop/__main__.py", f"{PYTHON} -m backprop"),
    ],
)
def test_how_the_command_was_called(tmp_path, monkeypatch, called, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [called.format(here=tmp_path)])
    assert next_step.program() == expected
    assert next_step.command("a", "b c") == f"{expected} a 'b c'"


def test_a_command_on_the_path_is_called_by_its_name(tmp_path, monkeypatch):
    program = tmp_path / "backprop"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert next_step.program() == "backprop"


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize(
    "command",
    [
        ["train", "--iterations", "2", "--hidden", "3", "--out", "a"],
        ["evaluate", "--params", "p.safetensors"],
        ["check", "--params", "p.safetensors", "--mode", "sampled"],
        ["demo"],
    ],
    ids=lambda command: command[0],
)
def test_what_a_narrow_terminal_shows_is_whole(run_in, params, monkeypatch, columns, command):
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, _ = run_in(*command)
    assert code == 0
    assert "…" not in out
    free = (
        "device: ",
        "data: ",
        "layers: ",
        "written to ",
        "next: ",
        "accuracy: ",
        "final accuracy",
    )
    tables = [line for line in out.splitlines() if not line.startswith(free) and ": " not in line]
    if command[0] != "demo":
        assert max(map(len, tables)) <= columns
    if command[0] == "check":
        assert ("  verdict: agrees" in out) is (columns == 40)


def test_a_matrix_in_a_narrow_terminal_counts_the_same(run_in, params, monkeypatch):
    matrix = json.loads(run_in("evaluate", "--params", params, "--json")[1])["confusion_matrix"]
    monkeypatch.setenv("COLUMNS", "30")
    rows = run_in("evaluate", "--params", params)[1].partition("mostly taken for\n")[2].splitlines()
    assert len(rows) == 10
    for digit, row in enumerate(rows):
        found = re.fullmatch(r" +(\d) +(\d+)(?:  (\d) \((\d+)\).*)?", row)
        assert (int(found[1]), int(found[2])) == (digit, matrix[digit][digit])
        if found[3]:
            wrong = {other: n for other, n in enumerate(matrix[digit]) if other != digit}
            assert int(found[4]) == max(wrong.values()) == wrong[int(found[3])]


def test_the_options_are_whole_in_a_narrow_terminal(run_in, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    code, out, _ = run_in("train", "--help")
    assert code == 0
    assert "\n  --data-dir <path> " in out
    assert "…" not in out
    assert "│" not in out


@pytest.mark.parametrize(("said", "expected"), [("0", None), ("x", None), ("50", 50)])
def test_the_width_that_the_environment_says(monkeypatch, said, expected):
    monkeypatch.setenv("COLUMNS", said)
    assert width() == expected


def test_a_command_to_paste_is_never_cut_in_a_pipe():
    result = process("info", COLUMNS="0")
    assert result.returncode == 0
    assert "library" in result.stdout.splitlines()[0]
    absent = [line for line in result.stdout.splitlines() if "pip install" in line]
    assert all(re.search(r"pip install '[^']+'$", line) for line in absent)


@pytest.mark.parametrize(("encoding", "error"), [("ascii", "+- error"), ("latin-1", "± error")])
def test_another_encoding_gets_all_that_it_can_show(tmp_path, encoding, error):
    path = tmp_path / "p.safetensors"
    save_network(path, TwoLayerNet(784, 5, 10, backend="cpu", seed=0))
    options = ["--params", str(path)]
    environment = {"encoding": encoding, "PYTHONIOENCODING": encoding}
    result = process("check", *options, "--mode", "directional", **environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert error in result.stdout
    assert "gradients of Network, directional: ok" in result.stdout
    result = process("evaluate", *options, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert ("  ." if encoding == "ascii" else "  ·") in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize("command", ["info", "demo"])
def test_an_output_that_was_closed_is_no_error(command):
    assert process(command, shell=">&-").returncode == 0
    assert process(command, shell="2>&-").returncode == 0
    result = process(command, shell="| head -1")
    assert (result.stderr, len(result.stdout.splitlines())) == ("", 1)


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_training_into_a_closed_output_is_kept(tmp_path):
    options = ["train", "--iterations", "2", "--hidden", "3", "--out", str(tmp_path / "a")]
    assert process(*options, shell=">&-").returncode == 0
    assert load_network(tmp_path / "a" / "params.safetensors").params["W1"].shape == (784, 3)


def test_the_version_needs_no_extra():
    code = "import sys; sys.modules['typer'] = None; from backprop.cli import main; main(['--version'])"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(backprop.__file__).parents[1])},
    )
    assert (result.returncode, result.stdout) == (0, f"backprop {backprop.__version__}\n")


def test_the_shell_completes_commands_and_options():
    def complete(words):
        result = process(
            _BACKPROP_COMPLETE="complete_bash",
            COMP_WORDS=words,
            COMP_CWORD=str(len(words.split(" ")) - 1),
            _TYPER_COMPLETE_ARGS=words,
        )
        return result.stdout.split()

    assert complete("backprop tr") == ["train"]
    assert "--batch-size" in complete("backprop train --b")
    assert complete("backprop demo ap") == ["apple", "apple-orange", "apply-filters"]


def test_a_bench_can_be_written_over(run_in, tmp_path, monkeypatch):
    monkeypatch.setattr("backprop.cli.bench.time_gradients", lambda *args: iter(()))
    monkeypatch.setattr("backprop.cli.bench.exponent", lambda *args: 1.0)
    monkeypatch.setattr("backprop.cli.bench.time_chart", lambda *args: None)
    monkeypatch.setattr("backprop.cli.bench.plotting.save", lambda *args: None)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "bench.json").write_text("old")
    code, _, err = run_in("bench", "--out", "a")
    assert (code, "give another folder, or --overwrite" in err) == (2, True)
    code, out, _ = run_in("bench", "--out", "a", "--overwrite", "--json")
    assert (code, json.loads(out)["times"]) == (0, [])
    assert (tmp_path / "a" / "bench.json").read_text() != "old"

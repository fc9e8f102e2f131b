import csv
import itertools
import json
import pickle
import re
import subprocess
import sys
from datetime import datetime

import numpy as np
import pytest
import typer
from PIL import Image

import backprop
from backprop import (
    SGD,
    Network,
    Trainer,
    TwoLayerNet,
    functions,
    load_mnist_sample,
    load_network,
    load_params,
    save_params,
)
from backprop.cli import main
from backprop.cli.app import app, run
from backprop.datasets import load_picture


def test_train_writes_its_results(run_in, tmp_path):
    code, out, err = run_in(
        "train", "--epochs", "2", "--hidden", "20", "--out", "runs/a", "--dtype", "float64"
    )
    assert (code, err) == (0, "")
    assert "device: numpy on cpu\n" in out
    assert "mnist-sample, 10,000 training and 2,000 test images" in out
    rows = [line.split() for line in out.splitlines() if line.strip().startswith(("1.00", "2.00"))]
    assert len(rows) == 2
    folder = tmp_path / "runs" / "a"
    assert sorted(p.name for p in folder.iterdir()) == [
        "accuracy.png",
        "best.safetensors",
        "checkpoint.safetensors",
        "config.json",
        "history.csv",
        "params.safetensors",
    ]
    config = json.loads((folder / "config.json").read_text())
    assert config["hidden"] == 20
    assert config["iterations"] == 200
    assert config["library"] == "numpy"
    params, metadata = load_params(folder / "params.safetensors")
    assert params["W1"].shape == (784, 20)
    assert params["W1"].dtype == np.float64
    layers = json.loads(metadata.pop("network"))["layers"]
    assert [layer["kind"] for layer in layers] == ["Affine", "Relu", "Affine"]
    assert metadata == {}
    with (folder / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    assert len(history) == 200
    assert f"{float(history[-1]['test_accuracy']):.2%}" == rows[1][3]
    assert f"final accuracy: train {rows[1][2]}, test {rows[1][3]}" in out


def test_the_same_seed_gives_the_same_file(run_in, tmp_path):
    for name in ("a", "b"):
        assert run_in("train", "--iterations", "20", "--hidden", "5", "--out", name)[0] == 0
    assert (tmp_path / "a/params.safetensors").read_bytes() == (
        tmp_path / "b/params.safetensors"
    ).read_bytes()


def test_options_reach_the_training(run_in, tmp_path):
    options = ["--iterations", "7", "--hidden", "5", "--batch-size", "30", "--lr", "0.5"]
    run_in(
        "train", *options, "--seed", "3", "--dtype", "float64", "--activation", "tanh", "--out", "a"
    )
    net = TwoLayerNet(784, 5, 10, activation="tanh", dtype="float64", backend="cpu", seed=3)
    Trainer(net, SGD(0.5), 30, seed=3).fit(load_mnist_sample()[0], iterations=7)
    params, _ = load_params(tmp_path / "a/params.safetensors")
    for name, value in net.params.items():
        np.testing.assert_array_equal(params[name], value)


def test_ten_thousand_iterations_if_nothing_is_said(run_in, monkeypatch):
    asked = {}

    def fit(self, train, test, **options):
        asked.update(options)
        raise ValueError("stop here")

    monkeypatch.setattr(Trainer, "fit", fit)
    assert run_in("train", "--out", "a")[2] == "backprop: error: stop here\n"
    assert asked["iterations"] == 10_000


def test_runs_of_one_second_have_folders_of_their_own(run_in, tmp_path, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr("backprop.cli.run_folder.datetime", Clock)
    for _ in range(3):
        assert run_in("train", "--iterations", "1", "--hidden", "2")[0] == 0
    names = sorted(p.name for p in (tmp_path / "runs").iterdir() if not p.is_symlink())
    stem = "mnist-sample-20260102-030405"
    assert names == [stem, f"{stem}-2", f"{stem}-3"]


def test_evaluate_takes_activation_and_folder(run_in, tmp_path):
    run_in("train", "--iterations", "300", "--activation", "tanh", "--out", "a")
    params = "a/params.safetensors"
    assert (
        run_in("evaluate", "--params", params)[1]
        == run_in("evaluate", "--params", params, "--activation", "tanh")[1]
    )
    assert run_in("evaluate", "--params", params, "--activation", "sigmoid") == (
        2,
        "",
        f"backprop: error: `activation` must be tanh, as {params} says; got sigmoid\n",
    )
    code, _, err = run_in(
        "evaluate", "--params", params, "--dataset", "mnist", "--data-dir", "nowhere"
    )
    assert (code, err) == (2, "backprop: error: --data-dir must be a folder; got nowhere\n")


def test_files_of_ours_need_no_activation(run_in, tmp_path):
    """Whatever command reads them, the network is the one that was trained."""
    run_in("train", "--iterations", "20", "--hidden", "5", "--activation", "sigmoid", "--out", "a")
    params = "a/params.safetensors"
    assert "layers: Affine1, Sigmoid1, Affine2\n" in run_in("evaluate", "--params", params)[1]
    x = load_mnist_sample()[1][0][:1]
    net = load_network(params)
    Image.fromarray(255 - (x.reshape(28, 28) * 255).astype("uint8")).save("digit.png")
    code, out, _ = run_in("predict", "--params", params, "digit.png")
    scores = functions.softmax(net.predict(load_picture(tmp_path / "digit.png")[None, :]))[0]
    assert code == 0
    assert f"{scores.max():.1%}" in out
    assert run_in("check", "--params", params, "--mode", "directional")[0] == 0
    for command in (["evaluate"], ["predict", "digit.png"], ["check"]):
        code, _, err = run_in(*command, "--params", params, "--activation", "relu")
        assert (code, err) == (
            2,
            f"backprop: error: `activation` must be sigmoid, as {params} says; got relu\n",
        )


def test_no_terminal_obeys_the_name_of_a_picture(run_in, tmp_path):
    run_in("train", "--iterations", "1", "--hidden", "5", "--out", "a")
    picture = Image.new("L", (60, 60), 255)
    picture.paste(0, (28, 10, 33, 50))
    picture.save("\x1b]0;own\x07\n.png", format="PNG")
    names = ["\x1b]0;own\x07\n.png", "\x1b[31m.png"]
    code, out, err = run_in("predict", "--params", "a/params.safetensors", *names)
    assert code == 2
    assert r"\x1b]0;own\x07\n.png" in out
    assert r"\x1b[31m.png" in err
    assert "\x1b" not in out + err


def test_evaluate_wants_a_network_for_digits(run_in, tmp_path):
    save_params(tmp_path / "p", TwoLayerNet(4, 3, 2, backend="cpu").params)
    code, out, err = run_in("evaluate", "--params", "p")
    assert (code, out) == (2, "")
    assert err == "backprop: error: --params must have 784 inputs and 10 outputs; got 4 and 2\n"


def test_a_failed_start_leaves_no_folder(run_in, tmp_path, monkeypatch):
    monkeypatch.setenv("BACKPROP_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert run_in("train", "--dataset", "mnist", "--out", "a")[0] == 2
    assert run_in("train", "--dataset", "mnist")[0] == 2
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "runs").exists()


def test_any_error_is_one_line(run_in):
    code, _, err = run_in("train", "--hidden", "1000000000000", "--iterations", "1", "--out", "a")
    assert code == 2
    assert "--hidden must fit in memory; got 1000000000000" in err
    assert err.count("\n") == 1


def test_evaluate_prints_the_accuracy_and_the_confusion_matrix(run_in, tmp_path):
    _, out, _ = run_in("train", "--epochs", "1", "--activation", "tanh", "--out", "a")
    accuracy = out.split("test ")[-1].split()[0].rstrip("\n")
    code, out, err = run_in("evaluate", "--params", "a/params.safetensors")
    assert (code, err) == (0, "")
    assert f"accuracy: {accuracy} of 2,000 test images" in out
    matrix = [
        [int(n.replace("·", "0")) for n in line.split()[1:]] for line in out.splitlines()[-10:]
    ]
    assert np.sum(matrix) == 2000
    assert f"{np.trace(matrix) / 2000:.2%}" == accuracy


def test_evaluate_reads_any_format_and_depth(run_in, tmp_path):
    rng = np.random.default_rng(0)
    sizes = 784, 30, 20, 10
    params = {}
    for i, (rows, columns) in enumerate(itertools.pairwise(sizes), start=1):
        params[f"W{i}"] = rng.standard_normal((rows, columns)).astype(np.float32) / 10
        params[f"b{i}"] = rng.standard_normal(columns).astype(np.float32)
    save_params("a", params)
    np.savez("b.npz", **params)
    (tmp_path / "c").write_bytes(pickle.dumps(params, 2))
    for extra, scale in ([], 255), (["--raw"], 1):
        x, t = load_mnist_sample(normalize=False)[1]
        x = x / np.float32(scale)
        net = Network.from_params(params, "sigmoid", dtype="float64")
        predicted = np.argmax(net.predict(x), axis=1)
        expected = f"accuracy: {np.mean(predicted == t):.2%} of 2,000 test images"
        outs = set()
        for name, size, dtype in itertools.product(
            ("a", "b.npz", "c"), ("1", "300", "2000"), ("float32", "float64")
        ):
            options = ["--batch-size", size, "--dtype", dtype, "--activation", "sigmoid", *extra]
            code, out, err = run_in("evaluate", "--params", name, *options)
            assert (code, err) == (0, "")
            assert expected in out
            outs.add(out)
        assert len(outs) == 1
        lines = outs.pop().splitlines()[-10:]
        matrix = [[int(n.replace("·", "0")) for n in line.split()[1:]] for line in lines]
        counts = np.zeros((10, 10), int)
        np.add.at(counts, (t, predicted), 1)
        assert matrix == counts.tolist()


def test_evaluate_computes_in_batches_of_the_dtype(run_in, monkeypatch):
    save_params("a", TwoLayerNet(784, 5, 10, backend="cpu", dtype="float32", seed=0).params)
    seen = []
    predict = Network.predict

    def watched(self, x, **mode):
        seen.append((self.dtype, x.shape[0], x.dtype))
        return predict(self, x, **mode)

    monkeypatch.setattr(Network, "predict", watched)
    run_in("evaluate", "--params", "a", "--batch-size", "700", "--dtype", "float64", "--raw")
    assert seen == [(np.float64, n, np.uint8) for n in (700, 700, 600)]


def test_default_output_folder_and_other_libraries(run_in, tmp_path):
    code, out, _ = run_in(
        "train", "--iterations", "3", "--library", "array-api-strict", "--device", "device1"
    )
    assert code == 0
    assert "device: array-api-strict on device1" in out
    (folder,) = (path for path in (tmp_path / "runs").iterdir() if not path.is_symlink())
    assert folder.name.startswith("mnist-sample-2")


def test_earlier_results_are_not_lost(run_in, tmp_path):
    run_in("train", "--iterations", "1", "--out", "a")
    before = (tmp_path / "a/params.safetensors").read_bytes()
    code, _, err = run_in("train", "--iterations", "1", "--seed", "1", "--out", "a")
    assert code == 2
    assert err.startswith(
        "backprop: error: --out must hold no earlier results; a holds params.safetensors, history.csv"
    )
    assert (tmp_path / "a/params.safetensors").read_bytes() == before
    assert run_in("train", "--iterations", "1", "--seed", "1", "--out", "a", "--overwrite")[0] == 0
    assert (tmp_path / "a/params.safetensors").read_bytes() != before


def test_ctrl_c_writes_what_there_is(run_in, tmp_path, monkeypatch):
    fit = Trainer.fit

    def interrupted(self, train, test, *, on_epoch, **options):
        def stop(history):
            on_epoch(history)
            raise KeyboardInterrupt

        return fit(self, train, test, on_epoch=stop, **options)

    monkeypatch.setattr(Trainer, "fit", interrupted)
    code, out, _ = run_in("train", "--epochs", "5", "--out", "a")
    assert code == 130
    assert "interrupted after 100 iterations" in out
    config = json.loads((tmp_path / "a/config.json").read_text())
    assert (config["interrupted"], config["iterations"]) == (True, 500)  # --config asks for all
    assert (tmp_path / "a/params.safetensors").exists()


def test_without_matplotlib_the_rest_is_written(run_in, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, out, _ = run_in("train", "--iterations", "1", "--out", "a")
    assert code == 0
    assert "no accuracy.png: pictures need matplotlib" in out
    assert (tmp_path / "a/history.csv").exists()
    assert not (tmp_path / "a/accuracy.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--device", "gpu"], "device must be cpu, cuda, cuda:N or auto"),
        (["train", "--library", "x"], "library must be one of numpy, cupy"),
        (["train", "--device", "cuda", "--library", "numpy"], "numpy has no device 'cuda'"),
        (["train", "--batch-size", "0"], "--batch-size must be at least 1; got"),
        (["train", "--hidden", "many"], "--hidden must be"),
        (["train", "--activation", "elu"], "--activation must be one of relu, sigmoid, tanh; got"),
        (["train", "--lr", "0"], "`lr` must be positive and finite; got 0.0"),
        (
            ["train", "--epochs", "1", "--iterations", "1"],
            "one of --iterations and --epochs must be given",
        ),
        (["train", "--data-dir", "x"], "--data-dir needs --dataset mnist"),
        (["train", "--dataset", "mnist", "--data-dir", "x"], "--data-dir must be a folder; got x"),
        (["train", "--dataset", "mnist"], "BACKPROP_OFFLINE is set"),
        (["train", "--out", "file"], "--out must be a folder; file is a file"),
        (["train", "--out", "file/a"], "--out must be a folder that can be written; file/a"),
        (["evaluate"], "Missing option '--params'"),
        (
            ["evaluate", "--params", "nothing"],
            "--params must be a file that can be read; nothing is not there",
        ),
        (
            ["evaluate", "--params", "file"],
            "file must be a safetensors file, an .npz file or a pickle",
        ),
        (["evaluate", "--params", "evil"], "it names os.system, which is refused"),
        (
            ["evaluate", "--params", "file", "--batch-size", "0"],
            "--batch-size must be at least 1; got",
        ),
        (
            ["evaluate", "--params", "file", "--dtype", "int8"],
            "--dtype must be one of float32, float64; got",
        ),
        (["no-such-command"], "No such command 'no-such-command'"),
        (["train", "--no-such-option"], "No such option: --no-such-option"),
    ],
)
def test_errors_are_one_line_and_exit_code_2(run_in, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setenv("BACKPROP_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "file").write_text("text")
    (tmp_path / "evil").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    code, _, err = run_in(*arguments)
    assert code == 2
    assert err.startswith("backprop: error: ")
    assert message in err
    assert err.count("\n") == 1


def test_info_shows_devices_reasons_and_what_is_selected(run_in, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    code, out, _ = run_in("info")
    assert code == 0
    rows = {line.split()[0]: line for line in out.splitlines() if line}
    assert rows["numpy"].split()[1:] == [np.__version__, "cpu"]
    assert "none: cupy is not installed: pip install 'backprop-by-hand[cuda12]'" in rows["cupy"]
    assert "cpu, device1, device2" in rows["array-api-strict"]
    assert "selected: numpy on cpu" in out
    monkeypatch.setenv("BACKPROP_DEVICE", "cuda")
    assert "selected: none; cupy is not installed" in run_in("info")[1]


def test_help_and_version(run_in):
    code, out, _ = run_in("--version")
    assert (code, out) == (0, f"backprop {backprop.__version__}\n")
    code, out, _ = run_in("train", "--help")
    assert code == 0
    for option in ("--dataset", "--data-dir", "--device", "--library", "--hidden", "--out"):
        assert option in out
    assert "evaluate" in run_in("--help")[1]


@pytest.mark.parametrize("name", ["train", "evaluate", "predict", "check", "bench", "demo", "info"])
def test_every_help_line_starts_with_the_thing(name):
    command = typer.main.get_command(app).commands[name]
    lines = [option.help for option in command.params]
    for line in (command.help.splitlines()[0], *lines):
        assert re.match(r"[A-Z]\w+:? ", line), line
        assert line.split()[0] not in {"All", "As", "At", "For", "How", "If", "Of", "To", "What"}
        assert line.endswith("."), line
        assert "if not given" not in line  # typer shows defaults in brackets
    sentences = [line for line in command.help.splitlines() if line]
    assert all(line.endswith(".") for line in sentences)  # a line break is kept as it is


def test_main_exits_with_the_code(monkeypatch, capsys):
    with pytest.raises(SystemExit) as error:
        main(["train", "--lr", "-1"])
    assert error.value.code == 2


def test_main_without_the_extra(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "backprop.cli.app")
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as error:
        main([])
    assert error.value.code == 2
    assert (
        capsys.readouterr().err
        == "backprop: the command line needs: pip install 'backprop-by-hand[cli]'\n"
    )


@pytest.mark.parametrize("mode", ["full", "sampled", "directional"])
def test_check_judges_each_parameter(run_in, mode):
    code, out, err = run_in("check", "--mode", mode, "--hidden", "5", "--batch", "2")
    assert (code, err) == (0, "")
    assert "the first 2 training images of mnist-sample" in out
    rows = [line.split() for line in out.splitlines() if line.startswith(("W", "b"))]
    assert [row[0] for row in rows] == ["W1", "b1", "W2", "b2"]
    assert all("agrees" in row or "kink" in row for row in rows)
    assert out.splitlines()[-1] == f"gradients of TwoLayerNet, {mode}: ok"


def test_check_saved_parameters(run_in):
    run_in("train", "--iterations", "50", "--hidden", "5", "--activation", "sigmoid", "--out", "a")
    code, out, _ = run_in("check", "--params", "a/params.safetensors", "--dtype", "float32")
    assert code == 0
    assert "W1 (784, 5)" in out


def test_check_finds_a_wrong_gradient(run_in, monkeypatch):
    gradient = Network.gradient

    def doubled(self, x, t):
        found = gradient(self, x, t)
        return {**found, "b1": 2 * found["b1"]}

    monkeypatch.setattr(Network, "gradient", doubled)
    code, out, err = run_in("check", "--hidden", "5")
    assert (code, err) == (1, "")
    assert "b1: it is 2 times the numerical gradient" in out
    assert out.splitlines()[-1] == "gradients of TwoLayerNet, full: FAILED"


def test_bench_writes_costs_and_a_chart(run_in, tmp_path, monkeypatch):
    monkeypatch.setattr("backprop.cli.bench.SIZES", ((3, 2), (4, 3), (5, 3), (6, 3), (9, 9)))
    code, out, err = run_in("bench", "--quick", "--batch", "2", "--out", "a")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines() if "-10 " in line]
    assert [row[0] for row in rows] == ["3-2-10", "4-3-10", "5-3-10", "6-3-10"]
    result = json.loads((tmp_path / "a/bench.json").read_text())
    assert [each["parameters"] for each in result["times"]] == [38, 55, 58, 61]
    assert result["dtype"] == "float64"
    assert set(result["exponents"]) == {"backprop", "fast", "loop"}
    assert (tmp_path / "a/bench.png").read_bytes().startswith(b"\x89PNG")
    code, _, err = run_in("bench", "--quick", "--out", "a")
    assert (code, err) == (
        2,
        "backprop: error: --out must hold no earlier results; a holds bench.json: "
        "give another folder, or --overwrite\n",
    )
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    code, _, err = run_in("bench", "--quick", "--batch", "2")
    assert code == 0
    assert "no bench.png: pictures need matplotlib" in err


def test_bench_runs_where_there_is_no_float64(run_in, monkeypatch):
    monkeypatch.setattr("backprop.cli.bench.SIZES", ((3, 2), (4, 3)))
    options = ["--quick", "--batch", "2", "--library", "array-api-strict", "--device", "no_float64"]
    for dtype in ([], ["--dtype", "float32"]):
        code, out, err = run_in("bench", *options, *dtype, "--out", f"a{len(dtype)}")
        assert (code, err) == (0, "")
        assert out.startswith("device: array-api-strict on no_float64, float32, batch 2\n")


def test_check_refuses(run_in):
    run_in("train", "--iterations", "1", "--hidden", "5", "--out", "a")
    _, _, err = run_in("check", "--params", "a/params.safetensors", "--hidden", "9")
    assert err == "backprop: error: one of --params and --hidden must be given; got both\n"
    _, _, err = run_in("check", "--batch", "10001")
    assert err == "backprop: error: --batch must be at most 10000, all there are; got 10001\n"


def test_check_takes_the_widest_dtype_there_is(run_in):
    options = ["--library", "array-api-strict", "--device", "no_float64", "--hidden", "3"]
    assert run_in("check", "--mode", "sampled", *options)[0] == 0
    code, out, _ = run_in("check", "--mode", "directional", *options)
    assert code == 1  # one slope in float32: a mistake at one entry drowns in its rounding
    assert "b1: a mistake of a thousandth at one entry would not show" in out


@pytest.mark.parametrize("error", [RuntimeError("no font"), OSError("disk full"), MemoryError()])
def test_a_picture_that_fails_loses_no_result(error, tmp_path, monkeypatch, capsys):
    def fail(*args):
        raise error

    monkeypatch.setattr("backprop.plotting.save", fail)
    assert run(["train", "--iterations", "3", "--out", str(tmp_path / "run")]) == 0
    assert f"no accuracy.png: {str(error) or 'MemoryError'}\n" in capsys.readouterr().out
    assert load_network(tmp_path / "run/params.safetensors").params["W1"].shape == (784, 50)
    assert (tmp_path / "run/history.csv").exists()
    assert (tmp_path / "run/config.json").exists()


INTERRUPTED = """
import sys
class Finder:
    def find_spec(name, path, target=None):
        if name == {name!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder)
sys.path[:0] = {path!r}
import backprop_command
backprop_command.main()
"""


@pytest.mark.parametrize("name", ["backprop", "numpy", "backprop.cli.app", "rich"])
def test_ctrl_c_before_the_command_has_begun_is_silent(name):
    program = INTERRUPTED.format(name=name, path=sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program, "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

import sys

import pytest

from backprop import demos
from backprop.cli.app import run


@pytest.fixture
def run_in(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = run(["demo", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_without_a_name_all_are_listed(run_in):
    code, out, err = run_in()
    assert (code, err) == (0, "")
    assert [line.split(maxsplit=1) for line in out.splitlines()] == [
        [name, demos.summary(name)] for name in demos.NAMES
    ]


def test_a_demo_runs_on_the_device_asked_for(run_in, monkeypatch):
    asked = []
    monkeypatch.setattr(demos, "run", lambda name, settings: asked.append((name, settings)))
    options = ["--library", "array-api-strict", "--device", "device1"]
    assert run_in("losses", *options) == (0, "", "")
    ((name, settings),) = asked
    assert name == "losses"
    assert str(settings.backend) == "array-api-strict on device1"
    assert (settings.out, settings.params) == (None, None)
    (x_train, _), _ = settings.data()
    assert x_train.shape == (10_000, 784)


def test_pictures_go_to_the_folder(run_in, tmp_path):
    code, out, err = run_in("activations", "--out", "a/b")
    assert (code, err) == (0, "")
    assert out.endswith("written: a/b/activations.png\n")
    assert (tmp_path / "a/b/activations.png").exists()
    assert run_in("softmax", "--out", "c")[1].endswith("no picture: this program draws none\n")
    assert not (tmp_path / "c").exists()
    assert "no picture" not in run_in("apple")[1]


def test_what_a_demo_can_t_use_is_an_error_of_one_line(run_in, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("text")
    code, out, err = run_in("orange")
    assert (code, out) == (2, "")
    assert err == f"backprop: error: demo must be one of {', '.join(demos.NAMES)}; got 'orange'\n"
    for arguments, message in {
        ("apple", "--params", "file"): "--params needs one of the demos mnist-inference, filters,",
        ("apple", "--out", "file"): "--out must be a folder; file is a file",
        ("mini-batch", "--data-dir", "x"): "--data-dir needs --dataset mnist",
        ("mini-batch", "--dataset", "mnist", "--data-dir", "x"): "--data-dir must be a folder",
        ("mnist-inference", "--params", "no"): "backprop: error: no: No such file or directory",
        ("apple", "--device", "gpu"): "device must be cpu, cuda, cuda:N or auto",
    }.items():
        code, _, err = run_in(*arguments)
        assert code == 2
        assert message in err
        assert err.count("\n") == 1
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "pictures need matplotlib" in run_in("activations", "--out", "a")[2]
    assert run_in("activations")[0] == 0

"""The progress bar in a notebook: what is displayed, and when it is chosen."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from backprop import SGD, Trainer, TwoLayerNet
from backprop.training import progress
from backprop.training.notebook import NotebookBar, in_notebook


class Screen:
    """Stands for IPython's display: what is shown, one text after another."""

    def __init__(self):
        self.shown = []

    def display(self, what, display_id):
        assert display_id is True
        self.update(what)
        return self

    def update(self, what):
        self.shown.append(what._repr_html_())


@pytest.fixture
def notebook(monkeypatch):
    screen = Screen()
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=screen.display))
    return screen


def fit(**options):
    x = np.random.default_rng(0).standard_normal((20, 2))
    net = TwoLayerNet(2, 3, 2, backend="cpu", seed=0)
    trainer = Trainer(net, SGD(lr=0.5), batch_size=5, seed=0)
    return trainer.fit((x, (x[:, 0] > 0) + 0), epochs=2, **options)


def test_a_bar_in_a_notebook(notebook):
    history = fit()
    first, last = notebook.shown[0], notebook.shown[-1]
    assert first.startswith('<progress value="0" max="8"')
    assert last.startswith('<progress value="8" max="8"')
    assert "8 of 8" in last
    assert f"loss {history.loss[-1]:.4f}  train {history.train_accuracy[-1]:.2%}" in last


def test_a_bar_moves_while_the_network_learns(notebook, monkeypatch):
    monkeypatch.setattr("backprop.training.progress._REDRAW_SECONDS", -1.0)
    fit()
    done = [int(shown.split('"')[1]) for shown in notebook.shown]
    assert done == sorted(done)
    assert set(done) == set(range(9))


def test_a_bar_tells_how_many_samples_a_second_are_learned(notebook, monkeypatch):
    clock = [1.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock[0])
    with progress.Progress(2) as bar:
        clock[0] = 5.0
        bar.advance(5_000_000)
    assert "1,250k samples/s" in notebook.shown[-1]


def test_no_bar_when_it_is_not_wanted(notebook):
    fit(progress=False)
    assert notebook.shown == []


@pytest.mark.parametrize("ipython", [None, SimpleNamespace(get_ipython=lambda: None)])
def test_a_program_is_no_notebook(monkeypatch, ipython):
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert not in_notebook()


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch):
    shell = SimpleNamespace()  # of a terminal: it has no kernel
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert not in_notebook()


def test_texts_are_escaped(notebook):
    bar = NotebookBar()
    bar.add_task("training", total=2000, scores="", speed="")
    bar.start()
    bar.update("training", completed=1000, speed="<5k samples/s")
    assert "1,000 of 2,000" in notebook.shown[-1]
    assert "&lt;5k samples/s" in notebook.shown[-1]

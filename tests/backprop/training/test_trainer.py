import csv
import io
import re
import time

import numpy as np
import pytest
from rich.console import Console

import backends
from backprop import (
    SGD,
    History,
    IdentityWithLoss,
    Network,
    SigmoidWithLoss,
    SoftmaxWithLoss,
    Trainer,
    TwoLayerNet,
    load_mnist_sample,
)
from backprop.training.batches import Batches
from tests.support import Case

RNG = np.random.default_rng(7)
X = RNG.random((50, 6))
T = X[:, :3].argmax(axis=1)


def fit(backend, dtype="float64", seed=0, **kwargs):
    net = TwoLayerNet(6, 5, 3, backend=backend, dtype=dtype, seed=3, weight_init_std=0.5)
    history = Trainer(net, SGD(0.5), batch_size=8, seed=seed).fit((X, T), (X, T), **kwargs)
    return net, history


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_it_learns_and_keeps_a_history(case: Case):
    begun = time.perf_counter()
    _, history = fit(case.backend, case.dtype, epochs=10)
    assert len(history.loss) == 70
    assert history.epoch == [float(i) for i in range(1, 11)]
    assert history.iteration == [7 * i for i in range(1, 11)]
    assert np.mean(history.loss[-7:]) < 0.6 * np.mean(history.loss[:7])
    assert history.train_accuracy[-1] > 0.7
    assert history.test_accuracy == history.train_accuracy
    assert all(type(v) is float for v in history.loss + history.train_accuracy)
    assert 0 < history.seconds <= time.perf_counter() - begun
    assert not history.interrupted


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_a_hundred_steps_agree_with_numpy(case: Case):
    net, history = fit(case.backend, case.dtype, iterations=100)
    reference, expected = fit("cpu", case.dtype, iterations=100)
    tolerance = 1e-10 if case.dtype == "float64" else 1e-4
    for name, p in net.params.items():
        np.testing.assert_allclose(case.numpy(p), reference.params[name], rtol=0, atol=tolerance)
    np.testing.assert_allclose(history.loss, expected.loss, atol=tolerance)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_the_same_seed_gives_the_same_bits(case: Case):
    (first, a), (second, b), (third, c) = (
        fit(case.backend, case.dtype, seed, iterations=30) for seed in (0, 0, 1)
    )
    for name, p in first.params.items():
        np.testing.assert_array_equal(case.numpy(p), case.numpy(second.params[name]))
    assert a.loss == b.loss
    assert a.loss != c.loss


def test_a_partial_epoch_is_measured_too():
    _, history = fit("cpu", iterations=10)
    assert history.iteration == [7, 10]
    assert history.epoch == [1.0, 10 / 7]


def test_without_a_test_set_and_with_a_callback():
    seen = []
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    history = Trainer(net, seed=0).fit(
        (X, T), epochs=2, on_epoch=lambda h: seen.append(len(h.epoch))
    )
    assert seen == [1, 2]
    assert history.test_accuracy == []


def test_every_sample_once_an_epoch():
    host = backends.host()
    batches = Batches(4, host.rng(0))
    batches.start(10)
    first = list(batches.rest(host, 9))
    batches.advance(3)
    second = list(batches.rest(host, 9))
    assert [len(b) for b in first] == [4, 4, 2]
    assert sorted(np.concatenate(first)) == list(range(10))
    assert np.concatenate(first).tolist() != np.concatenate(second).tolist()
    assert len(list(batches.rest(host, 2))) == 2


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_the_data_is_left_as_it_was(case: Case):
    x, t = case.array(X), case.array(T)
    net = TwoLayerNet(6, 5, 3, backend=case.backend, dtype=case.dtype)
    Trainer(net, seed=0).fit((x, t), iterations=3)
    case.unchanged(x, X)
    case.unchanged(t, T)


def test_labels_in_every_form_and_images():
    losses = []
    for x, t in ((X, T), (X, np.eye(3)[T]), (X.reshape(50, 1, 2, 3), T[:, None])):
        net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0, dtype="float64")
        losses.append(Trainer(net, seed=0).fit((x, t), iterations=5).loss)
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-12)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-12)


class Interrupt(SGD):
    def __init__(self, after):
        super().__init__(0.1)
        self.after = after

    def update(self, params, grads):
        super().update(params, grads)
        self.after -= 1
        if self.after == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("after", "losses", "epochs"), [(1, 0, 0), (3, 2, 1), (10, 9, 2)])
def test_ctrl_c_returns_what_there_is(after, losses, epochs):
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    history = Trainer(net, Interrupt(after), batch_size=8).fit((X, T), (X, T), epochs=5)
    assert history.interrupted
    assert len(history.loss) == losses
    assert len(history.train_accuracy) == len(history.test_accuracy) == len(history.epoch) == epochs
    if losses:
        assert history.iteration[-1] == losses
        assert history.test_accuracy[-1] == net.accuracy(X, T)


def test_ctrl_c_while_measuring(monkeypatch):
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(net, "accuracy", interrupt)
    history = Trainer(net, batch_size=8).fit((X, T), (X, T), epochs=5)
    assert history.interrupted
    assert len(history.loss) == 7
    assert history.train_accuracy == history.test_accuracy == []


def test_two_fits_are_one():
    nets = [TwoLayerNet(6, 5, 3, backend="cpu", seed=0) for _ in range(2)]
    once = Trainer(nets[0], seed=0).fit((X, T), epochs=4)
    trainer = Trainer(nets[1], seed=0)
    first = trainer.fit((X, T), epochs=2)
    assert first.epoch == [1.0, 2.0]
    assert trainer.fit((X, T), epochs=2) is first is trainer.history
    assert (first.loss, first.epoch, first.iteration) == (once.loss, once.epoch, once.iteration)
    assert first.train_accuracy == once.train_accuracy


def test_no_step_waits_for_the_device(monkeypatch):
    """However many steps an epoch has, the host asks the device for values equally often."""
    strict = pytest.importorskip("array_api_strict")
    array, asked = type(strict.ones(1)), []
    for name in ("__bool__", "__float__", "__int__", "__index__", "__array__"):
        own = getattr(array, name)

        def counting(self, *args, own=own, **kwargs):
            asked.append(own)
            return own(self, *args, **kwargs)

        monkeypatch.setattr(array, name, counting)
    counts = []
    for batch_size in (25, 1):
        net = TwoLayerNet(6, 5, 3, backend=backends.select("cpu", "array-api-strict"))
        asked.clear()
        Trainer(net, batch_size=batch_size).fit((X, T), epochs=1)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_data_is_cast_once_on_entry(monkeypatch):
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    seen = []
    predict = net.predict
    monkeypatch.setattr(
        net, "predict", lambda x, **mode: seen.append(x.dtype) or predict(x, **mode)
    )
    Trainer(net).fit((X, T), epochs=1)
    assert set(seen) == {np.dtype(np.float32)}


def test_an_error_in_training_is_not_swallowed():
    class Broken(SGD):
        def update(self, params, grads):
            raise ZeroDivisionError("broken optimizer")

    with pytest.raises(ZeroDivisionError, match="broken optimizer"):
        Trainer(TwoLayerNet(6, 5, 3, backend="cpu"), Broken()).fit((X, T), epochs=1)


@pytest.mark.parametrize("name", ["cpu", "device1"])
def test_targets_that_no_loss_of_classes_has_are_found_on_entry(name):
    backend = backends.select(name, "array-api-strict")
    x = backend.asarray(X)
    soft = np.eye(3, dtype="f4")[T]

    def fit(loss, t, outputs=3):
        net = TwoLayerNet(6, 5, outputs, backend=backend)
        net.last_layer = loss
        return Trainer(net, SGD(0.01)).fit((x, backend.asarray(t)), epochs=1)

    for t, wrong in ((2 * soft - 1, "-1"), (-soft.astype(int), "-1"), (soft - 0.01, "-0.01")):
        message = f"soft and one-hot labels must be 0 or more; got {wrong}$"
        with pytest.raises(ValueError, match=message):
            fit(SoftmaxWithLoss(), t)
    for t, wrong in ((2 * T[:, None] - 1, "-1"), (T + 1, "3"), (T / 2 - 0.25, "-0.25")):
        with pytest.raises(ValueError, match=rf"labels must be in \[0, 1\]; got {wrong}$"):
            fit(SigmoidWithLoss(), t, 1)
    for loss, t in (
        (SoftmaxWithLoss(), 3 * soft),  # weighted
        (SoftmaxWithLoss(), soft - 1e-7),
        (SigmoidWithLoss(), soft),
        (IdentityWithLoss(), 9 * soft - 5),
    ):
        assert len(fit(loss, t).loss) == 1


@pytest.mark.parametrize("name", ["cpu", "device1"])
def test_labels_out_of_range_are_found_on_entry_on_every_device(name):
    backend = backends.select(name, "array-api-strict")
    net = TwoLayerNet(6, 5, 3, backend=backend)
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got 3"):
        Trainer(net).fit((X, T + 1), epochs=1)
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got -1"):
        Trainer(net).fit((X, T), (X, T - 1), epochs=1)


def test_bad_input():
    net = TwoLayerNet(6, 5, 3, backend="cpu")
    with pytest.raises(ValueError, match="`batch_size` must be 1 or more; got 0"):
        Trainer(net, batch_size=0)
    with pytest.raises(ValueError, match="`lr` must be positive and finite; got 0"):
        SGD(0)
    with pytest.raises(ValueError, match="`lr` must be positive and finite; got nan"):
        SGD(float("nan"))
    trainer = Trainer(net)
    with pytest.raises(ValueError, match="one of `iterations` and `epochs`.*got None, None"):
        trainer.fit((X, T))
    with pytest.raises(ValueError, match="one of `iterations` and `epochs`.*got 1, 1"):
        trainer.fit((X, T), iterations=1, epochs=1)
    with pytest.raises(ValueError, match="`(iterations|epochs)` must be 1 or more; got 0"):
        trainer.fit((X, T), epochs=0)
    with pytest.raises(ValueError, match=r"`train` must be inputs .*got \(50, 6\) and \(49,\)"):
        trainer.fit((X, T[1:]), epochs=1)
    with pytest.raises(ValueError, match=r"`test` must be inputs .*got \(0, 6\) and \(0,\)"):
        trainer.fit((X, T), (X[:0], T[:0]), epochs=1)
    with pytest.raises(TypeError, match=r"labels of shape \(50,\) must be integers; got float64"):
        trainer.fit((X, T.astype(float)), epochs=1)
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 6\); got \(1, 5\)"):
        trainer.fit((X[:, :5], T), epochs=1)


def test_sgd_updates_in_place_and_keeps_the_gradients():
    w, g = np.ones(2), np.array([1.0, 2.0])
    params = {"w": w}
    SGD(0.5).update(params, {"w": g})
    assert params["w"] is w
    assert w.tolist() == [0.5, 0.0]
    assert g.tolist() == [1.0, 2.0]


def test_history_as_csv(tmp_path):
    history = History([3.0, 2.0, 1.0], [1.0, 1.5], [2, 3], [0.5, 0.75], [], 1.0)
    history.to_csv(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["iteration", "loss", "epoch", "train_accuracy", "test_accuracy"],
        ["1", "3.0", "", "", ""],
        ["2", "2.0", "1.0", "0.5", ""],
        ["3", "1.0", "1.5", "0.75", ""],
    ]


def test_a_test_set_that_comes_later(tmp_path):
    trainer = Trainer(TwoLayerNet(6, 5, 3, backend="cpu", seed=0), batch_size=25, seed=0)
    trainer.fit((X, T), epochs=2)
    history = trainer.fit((X, T), (X, T), epochs=1)
    assert np.isnan(history.test_accuracy).tolist() == [True, True, False]
    history.to_csv(tmp_path / "history.csv")
    assert [row.rsplit(",")[-1] for row in (tmp_path / "history.csv").read_text().split()] == [
        *("test_accuracy", "", "nan", "", "nan", ""),
        str(history.test_accuracy[-1]),
    ]
    assert f"<td>{history.test_accuracy[-1]:.2%}</td>" in history._repr_html_()


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_a_dtype_that_numpy_lacks(library):
    pytest.importorskip(library)
    backend = backends.select("cpu", library)
    net = TwoLayerNet(6, 5, 3, backend=backend, dtype="bfloat16", seed=0)
    history = Trainer(net, batch_size=25, seed=0).fit((X, T), (X, T), epochs=2)
    assert np.isfinite(history.loss).all()
    assert history.test_accuracy == history.train_accuracy


def test_progress_bar(capsys, monkeypatch):
    monkeypatch.setattr("backprop.training.progress._REDRAW_SECONDS", 0.0)
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    Trainer(net).fit((X, T), (X, T), epochs=2)
    assert capsys.readouterr().out == ""
    console = Console(force_terminal=True, file=io.StringIO(), width=120)
    monkeypatch.setattr("rich._console", console)
    history = Trainer(net).fit((X, T), (X, T), epochs=2, progress=True)
    drawn = console.file.getvalue()
    assert "100%" in drawn
    assert "samples/s" in drawn
    assert f"test {history.test_accuracy[-1]:.2%}" in drawn


@pytest.mark.parametrize("width", [40, 80])
def test_a_progress_bar_fills_the_line_and_says_what_is_left(monkeypatch, width):
    console = Console(force_terminal=True, color_system=None, file=io.StringIO(), width=width)
    monkeypatch.setattr("rich._console", console)
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    Trainer(net).fit((X, T), (X, T), epochs=2, progress=True)
    lines = [line for line in re.split(r"[\r\n]", console.file.getvalue()) if "100%" in line]
    bar = re.search(r"(━+) 100% 0:00:00", lines[-1])
    assert len(bar[0]) == width


def test_no_progress_bar_on_a_terminal_when_told_so(monkeypatch):
    console = Console(force_terminal=True, file=io.StringIO(), width=150)
    monkeypatch.setattr("rich._console", console)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    Trainer(net).fit((X, T), epochs=1, progress=False)
    assert console.file.getvalue() == ""
    Trainer(net).fit((X, T), epochs=1)
    assert console.file.getvalue() != ""


def test_a_progress_bar_needs_rich(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rich", None)
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    with pytest.raises(ModuleNotFoundError, match="a progress bar needs rich: pip install"):
        Trainer(net).fit((X, T), epochs=1, progress=True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert len(Trainer(net).fit((X, T), epochs=1).loss) == 1


def test_real_digits_are_learned():
    train, test = load_mnist_sample()
    net = TwoLayerNet(784, 50, 10, backend="cpu", seed=0)
    history = Trainer(net, SGD(0.1), seed=0).fit(train, test, iterations=2000)
    assert history.test_accuracy[-1] > 0.88
    assert isinstance(net, Network)


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (X[:2], "ndarray of shape (2, "),
        ((X, T, T), "tuple"),
        ([X], "list"),
        ({"x": X, "t": T}, "dict"),
    ],
)
def test_inputs_and_labels_come_as_a_pair(data, got):
    trainer = Trainer(TwoLayerNet(X.shape[1], 3, 3, backend="cpu", seed=0))
    message = "must be a pair (x, t) of inputs and labels, as in fit((x, t), ...); got "
    with pytest.raises(TypeError, match=re.escape(f"`train` {message}{got}")):
        trainer.fit(data, epochs=1)
    with pytest.raises(TypeError, match=re.escape(f"`test` {message}{got}")):
        trainer.fit((X, T), data, epochs=1)
    with pytest.raises(TypeError, match=re.escape(f"`train` {message}ndarray")):
        trainer.fit(X, T, epochs=1)


def test_an_optimizer_is_no_class():
    message = "must be an optimizer, such as SGD(lr=0.1); got the class SGD"
    with pytest.raises(TypeError, match=re.escape(message)):
        Trainer(TwoLayerNet(2, 3, 2, backend="cpu", seed=0), SGD)

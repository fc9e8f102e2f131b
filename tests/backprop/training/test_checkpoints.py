"""Checkpoints: what is in the file is enough to go on, bit for bit."""

import copy
import functools
import json
import math
import os
import random
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import backends
from backprop import (
    SGD,
    Affine,
    Augment,
    BatchNormalization,
    Checkpoints,
    Elementwise,
    MultiLayerNetExtend,
    Network,
    NotFiniteError,
    Relu,
    SoftmaxWithLoss,
    Trainer,
    TwoLayerNet,
    load_network,
    load_params,
    save_network,
    save_params,
    training,
)
from backprop.training.checkpoints import BEST, LAST

RESUMED = runpy.run_path(str(Path(__file__).with_name("resumed.py")))
Adam, X, T = (RESUMED[n] for n in ("Adam", "X", "T"))
STEPS = 25  # epochs have 7 steps


def new(backend="cpu", seed=0, optimizer=None, **options):
    net = TwoLayerNet(6, 5, 3, 0.5, backend=backend, seed=seed)
    return Trainer(net, optimizer or SGD(0.5), batch_size=8, seed=seed, **options)


def end(trainer):
    """All that a training ends with, but for the time it took."""
    trainer.history.seconds = 0.0
    params = {
        name: backends.of(x).to_numpy(x).tobytes() for name, x in trainer.net.state_dict().items()
    }
    return params, trainer.history


def goes_on(once, path, **given):
    """Hold that a trainer resumed from a file ends as the one that was saved; return it."""
    once.save(path)
    second = Trainer.resume(path, **given)
    for each in (once, second):
        each.fit((X, T), iterations=10)
    assert end(second) == end(once)
    return second


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
@pytest.mark.parametrize("after", [3, 14])
@pytest.mark.parametrize("own", [False, True], ids=["SGD", "own optimizer"])
def test_a_file_is_enough(library, after, own, tmp_path):
    if library != "numpy":
        pytest.importorskip(library)
    backend = backends.select("cpu", library)
    once = new(backend, optimizer=Adam() if own else None)
    once.fit((X, T), (X, T), iterations=after)
    once.save(tmp_path / "a", {"note": "mine"})
    once.fit((X, T), (X, T), iterations=STEPS - after)
    second = Trainer.resume(tmp_path / "a", optimizer=Adam() if own else None, backend=backend)
    assert second.net.backend == backend
    assert second.batch_size == 8
    second.fit((X, T), (X, T), iterations=STEPS - after)
    assert end(second) == end(once)
    assert load_params(tmp_path / "a")[1]["note"] == "mine"


def test_the_last_and_the_best_are_kept(tmp_path):
    rows = []
    trainer = new()
    history = trainer.fit(
        (X, T), (X, T), epochs=6, checkpoints=tmp_path / "run", on_epoch=lambda h: rows.append(1)
    )
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [BEST, LAST]
    last, best = (Trainer.resume(tmp_path / "run" / name) for name in (LAST, BEST))
    assert end(last) == end(trainer)
    first_best = history.test_accuracy.index(max(history.test_accuracy))
    assert best.history.epoch == history.epoch[: first_best + 1]
    assert best.net.accuracy(X, T) == max(history.test_accuracy)
    assert load_network(tmp_path / "run" / BEST).accuracy(X, T) == max(history.test_accuracy)
    assert end(Trainer.resume(tmp_path / "run")) == end(last)


def test_the_best_of_another_training_does_not_stay(tmp_path):
    new(seed=1).fit((X, T), (X, T), epochs=2, checkpoints=tmp_path)
    longer = new()
    longer.fit((X, T), epochs=3)
    longer.optimizer.lr = 1e-12  # so that no accuracy is higher than those before
    longer.fit((X, T), (X, T), epochs=1, checkpoints=tmp_path)
    best = Trainer.resume(tmp_path / BEST)
    assert best.history.loss == longer.history.loss
    again = Checkpoints(tmp_path, overwrite=True)
    new().fit((X, T), epochs=1, checkpoints=again)
    assert [p.name for p in tmp_path.iterdir()] == [LAST]


def test_a_file_that_is_no_checkpoint_is_left(tmp_path):
    save_network(tmp_path / BEST, new().net)
    mine = (tmp_path / BEST).read_bytes()
    new().fit((X, T), epochs=1, checkpoints=tmp_path)
    assert (tmp_path / BEST).read_bytes() == mine


def test_a_new_folder_gets_a_best_one_though_an_earlier_epoch_was_better(tmp_path):
    trainer = new()
    trainer.fit((X, T), (X, T), epochs=2)
    trainer.fit((X, T), (X, (T + 1) % 3), epochs=1, checkpoints=tmp_path)
    assert trainer.history.test_accuracy[-1] < max(trainer.history.test_accuracy)
    assert Trainer.resume(tmp_path / BEST).history.loss == trainer.history.loss


def test_the_best_one_stays_where_training_was_killed_before_the_last_was_written(tmp_path):
    trainer = new()
    trainer.fit((X, T), epochs=1, checkpoints=tmp_path)
    last = (tmp_path / LAST).read_bytes()
    trainer.fit((X, T), (X, T), epochs=1, checkpoints=tmp_path)
    ahead = (tmp_path / BEST).read_bytes()
    (tmp_path / LAST).write_bytes(last)
    again = Trainer.resume(tmp_path)
    again.fit((X, T), iterations=1, checkpoints=tmp_path)
    assert (tmp_path / BEST).read_bytes() == ahead


def test_the_best_one_stays_where_losses_are_nan(tmp_path):
    trainer = new(on_nan="ignore")
    trainer.fit((X, T), (X, T), epochs=1, checkpoints=tmp_path)
    trainer.history.loss[3] = math.nan
    trainer.save(tmp_path / BEST)
    trainer.save(tmp_path / LAST)
    kept = (tmp_path / BEST).read_bytes()
    again = Trainer.resume(tmp_path, on_nan="ignore")
    again.fit((X, T), iterations=1, checkpoints=tmp_path)
    assert (tmp_path / BEST).read_bytes() == kept


def test_without_a_test_set_there_is_no_best(tmp_path):
    new().fit((X, T), epochs=1, checkpoints=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [LAST]


def test_every_so_many_epochs_and_at_the_start_and_the_end(tmp_path):
    seen, trainer = [], new()

    def look(history):
        seen.append(len(Trainer.resume(tmp_path).history.loss))

    keep = Checkpoints(tmp_path, every=2, metadata={"who": "me"})
    trainer.fit((X, T), epochs=5, checkpoints=keep, on_epoch=look)
    assert seen == [0, 0, 14, 14, 28]  # asked before the epoch's own is written
    assert len(Trainer.resume(tmp_path).history.loss) == 35
    assert load_params(tmp_path / LAST)[1]["who"] == "me"
    with pytest.raises(ValueError, match="`every` must be 1 or more; got 0"):
        Checkpoints(tmp_path, every=0)


@pytest.mark.parametrize("after", [4, 7, 10])
def test_a_stop_between_steps_leaves_no_trace_in_the_rest(after, tmp_path):
    once = new()
    once.fit((X, T), (X, T), iterations=STEPS, checkpoints=tmp_path / "once")
    first, steps, asked, begun = new(), [], [], time.perf_counter()
    update = first.optimizer.update
    first.optimizer.update = lambda *given: steps.append(update(*given))

    def stop():
        if len(steps) == after:
            asked.append(1)
        return len(asked) == 1  # says so once

    history = first.fit((X, T), (X, T), iterations=STEPS, checkpoints=tmp_path / "a", stop=stop)
    assert history.interrupted
    assert len(history.loss) == after
    assert history.iteration[-1] == after  # measured for the caller, where it paused
    second = Trainer.resume(tmp_path / "a")
    assert len(second.history.loss) == after
    assert 0 < second.history.seconds <= time.perf_counter() - begun
    second.fit((X, T), (X, T), iterations=STEPS - after, checkpoints=tmp_path / "a")
    assert end(second) == end(once)
    for name in (LAST, BEST):
        files = [Trainer.resume(tmp_path / run / name) for run in ("once", "a")]
        assert end(files[1]) == end(files[0])


def test_an_epoch_that_was_not_measured_is_measured_when_training_goes_on():
    once, first = new(), new()
    once.fit((X, T), (X, T), epochs=3)
    accuracy = first.net.accuracy

    def interrupted(*data):
        raise KeyboardInterrupt

    first.net.accuracy = interrupted
    first.fit((X, T), (X, T), epochs=3)
    assert first.history.epoch == []
    first.net.accuracy = accuracy
    first.fit((X, T), (X, T), epochs=2)
    assert first.history.epoch == [1.0, 2.0, 3.0]
    assert end(first) == end(once)


@pytest.fixture
def heeding():
    """Let Ctrl-C do what it does by default: a program that a shell starts by `&` ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_first_signal_ends_in_order_and_a_second_one_at_once(tmp_path, heeding):
    trainer = new()
    history = trainer.fit((X, T), epochs=5, on_epoch=lambda h: signal.raise_signal(signal.SIGINT))
    assert history.interrupted
    assert len(history.loss) == 7
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def twice(history):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trainer.fit((X, T), epochs=5, on_epoch=twice, checkpoints=tmp_path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(Trainer.resume(tmp_path).history.loss) == 7  # what was there when it began


def test_signals_that_somebody_takes_stay_theirs():
    taken = []
    before = signal.signal(signal.SIGINT, lambda *args: taken.append(1))
    try:
        trainer = new()
        trainer.fit((X, T), epochs=2, on_epoch=lambda h: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)
    assert taken == [1, 1]
    assert len(trainer.history.loss) == 14


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_sigterm_is_obeyed_after_a_checkpoint(tmp_path):
    program = f"""
import signal, sys
sys.path[:0] = {sys.path!r}
import runpy
made = runpy.run_path({str(Path(__file__))!r})
trainer = made["new"]()
def on_epoch(history):
    if len(history.loss) == 14:
        signal.raise_signal(signal.SIGTERM)
trainer.fit((made["X"], made["T"]), epochs=9, checkpoints={str(tmp_path)!r}, on_epoch=on_epoch)
print("went on")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, ""), done.stderr
    assert len(Trainer.resume(tmp_path).history.loss) == 14


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(0.1, weight_decay=0.01),
        lambda: training.Momentum(0.1, momentum=0.5),
        lambda: training.Nesterov(0.1, momentum=0.5),
        lambda: training.AdaGrad(0.1, eps=1e-2),
        lambda: training.RMSprop(0.01, decay_rate=0.5),
        lambda: training.Adam(0.01, beta1=0.5, beta2=0.9, eps=1e-3, weight_decay=0.1),
        lambda: training.AdamW(0.01, weight_decay=0.5),
    ],
)
def test_an_optimizer_comes_back_with_its_numbers(make, tmp_path):
    first = new(optimizer=make())
    first.fit((X, T), epochs=1)
    first.save(tmp_path / "a")
    second = Trainer.resume(tmp_path / "a")
    assert second.optimizer.settings() == make().settings()
    for trainer in (first, second):
        trainer.fit((X, T), epochs=2)
    assert end(second) == end(first)


@pytest.mark.parametrize("name", ["batch_size", "seed"])
def test_what_the_file_decides_can_t_be_given(name, tmp_path):
    new().save(tmp_path / "a")
    with pytest.raises(
        ValueError, match=f"`{name}` comes from the file, and can't be given; got 3"
    ):
        Trainer.resume(tmp_path / "a", **{name: 3})


def test_a_schedule_must_be_given_again(tmp_path):
    first = new(optimizer=training.Adam(training.Cosine(0.1, 40)))
    first.fit((X, T), epochs=1)
    first.save(tmp_path / "a")
    with pytest.raises(ValueError, match="must be given, as in .*a: Adam, with its schedule"):
        Trainer.resume(tmp_path / "a")


@pytest.mark.parametrize(
    ("saved", "given", "message"),
    [
        (SGD(0.5), SGD(0.001), r"lr=0\.5, as in .*a; got 0\.001: `trainer\.optimizer\.lr = "),
        (SGD(0.5), SGD(training.Cosine(0.5, 9)), r"lr=0\.5, as in .*a; got Cosine\(lr=0\.5, ste"),
        (
            training.Momentum(0.5, weight_decay=0.1),
            training.Momentum(0.5),
            r"weight_decay=0\.1, as in .*a; got 0\.0: `trainer\.optimizer\.weight_decay = ...` chang",
        ),
        (
            training.Adam(training.Cosine(0.01, 100), beta1=0.5),
            training.Adam(training.Cosine(0.01, 100)),
            r"beta1=0\.5, .* got 0\.9",
        ),
        (
            training.Adam(training.WarmUp(5, training.Cosine(0.01, 100))),
            training.Adam(training.WarmUp(5, training.Cosine(0.01, 200))),
            r"lr=WarmUp\(steps=5\.0, then=Cosine\(lr=0\.01, steps=100\.0, .* got .*steps=200\.0",
        ),
        (SGD(lambda step: 0.1), SGD(training.Cosine(0.1, 9)), r"lr=a function, .* got Cosine"),
        (SGD(training.Cosine(0.1, 9)), SGD(0.1), r"lr=Cosine.* got 0\.1"),
    ],
)
def test_an_optimizer_that_is_given_has_the_numbers_of_the_file(saved, given, message, tmp_path):
    new(optimizer=saved).save(tmp_path / "a")
    with pytest.raises(ValueError, match=f"`optimizer` must have {message}"):
        Trainer.resume(tmp_path / "a", optimizer=given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: TwoLayerNet(6, 5, 3, activation="relu", backend="cpu"),
            r"layers\.2\.name 'Tanh1', as in .*a; got 'Relu1'",
        ),
        (
            lambda: Network({"a": Affine(np.ones((6, 3)), np.zeros(3))}, SoftmaxWithLoss()),
            r"layers \[.*; got \[",
        ),
    ],
)
def test_a_network_that_is_given_is_as_the_file_describes_it(make, message, tmp_path):
    net, again = (TwoLayerNet(6, 5, 3, activation="tanh", backend="cpu") for _ in range(2))
    Trainer(net).save(tmp_path / "a")
    with pytest.raises(ValueError, match=f"`net` must have {message}"):
        Trainer.resume(tmp_path / "a", net=make())
    assert Trainer.resume(tmp_path / "a", net=again).net is again


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_network_that_is_given_has_the_decay_of_the_file(decay, tmp_path):
    net, other = (TwoLayerNet(6, 5, 3, backend="cpu") for _ in range(2))
    net.weight_decay_lambda, other.weight_decay_lambda = decay, 0.1 - decay
    Trainer(net).save(tmp_path / "a")
    message = f"`net` must have weight_decay_lambda {decay}, as in .*; got {0.1 - decay}"
    with pytest.raises(ValueError, match=message):
        Trainer.resume(tmp_path / "a", net=other)


def test_the_seed_of_a_network_that_is_given_may_be_another(tmp_path):
    def dropping(seed):
        return MultiLayerNetExtend(6, [5], 3, use_dropout=True, backend="cpu", seed=seed)

    once = Trainer(dropping(0), batch_size=8, seed=0)
    once.fit((X, T), epochs=1)
    goes_on(once, tmp_path / "a", net=dropping(1))
    arrays, metadata = load_params(tmp_path / "a")
    for damaged in ("[", "[]"):
        save_params(tmp_path / "b", arrays, {**metadata, "network": damaged})
        with pytest.raises(ValueError, match="b must describe its network"):
            Trainer.resume(tmp_path / "b", net=dropping(1))


def test_numbers_that_are_no_part_of_a_file_are_not_asked_for(tmp_path):
    once = new(optimizer=training.Adam(lambda step: 0.1 / (1 + step), weight_decay=0.1))
    once.fit((X, T), epochs=1)
    given = training.Adam(lambda step: 0.1 / (1 + step), weight_decay=0.1)
    goes_on(once, tmp_path / "a", optimizer=given)
    arrays, metadata = load_params(tmp_path / "a")
    old = json.loads(metadata["trainer"])
    for settings, message in ((None, None), ([], "must hold numbers of an optimizer; .*mapping")):
        old.pop("optimizer_settings", None)
        old |= {} if settings is None else {"optimizer_settings": settings}
        save_params(tmp_path / "b", arrays, {**metadata, "trainer": json.dumps(old)})
        given = training.Adam(training.Cosine(0.1, 9))
        if message:
            with pytest.raises(ValueError, match=message):
                Trainer.resume(tmp_path / "b", optimizer=given)
        else:  # as older files are
            assert Trainer.resume(tmp_path / "b", optimizer=given).optimizer is given


@pytest.mark.parametrize(
    "call",
    [
        lambda trainer: trainer.save("a"),
        lambda trainer: trainer.state_dict(),
        lambda trainer: trainer.fit((X, T), epochs=1),
        lambda trainer: setattr(trainer, "batch_size", 5),
    ],
    ids=["save", "state_dict", "fit", "batch_size"],
)
def test_within_an_epoch_a_trainer_is_neither_saved_nor_started(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer, said = new(), []

    def stop():
        if trainer.net.params["W1"].any() and len(said) < 2:
            with pytest.raises(RuntimeError, match="must be between epochs, as `on_epoch` finds"):
                call(trainer)
            said.append(True)
        return False

    once = new()
    once.fit((X, T), epochs=2)
    trainer.fit((X, T), epochs=2, stop=stop)
    assert said == [True, True]
    assert end(trainer) == end(once)
    assert list(tmp_path.iterdir()) == []
    trainer.save("a")  # all is in order again


def test_a_callback_that_fails_loses_no_epoch(tmp_path):
    def on_epoch(history):
        if len(history.epoch) == 2:
            raise OSError("no picture")

    trainer, once = new(), new()
    with pytest.raises(OSError, match="no picture"):
        trainer.fit((X, T), epochs=3, on_epoch=on_epoch, checkpoints=tmp_path)
    resumed = Trainer.resume(tmp_path)
    assert resumed.history.epoch == [1.0, 2.0]
    resumed.fit((X, T), epochs=1)
    once.fit((X, T), epochs=3)
    assert end(resumed) == end(once)


def test_epochs_without_a_test_set_are_not_the_best(tmp_path):
    trainer = new()
    trainer.fit((X, T), (X, T), epochs=2, checkpoints=tmp_path)
    best = (tmp_path / BEST).read_bytes()
    history = trainer.fit((X, T), epochs=2, checkpoints=tmp_path)
    assert (tmp_path / BEST).read_bytes() == best
    assert np.isnan(history.test_accuracy).tolist() == [False, False, True, True]


class Noise(Elementwise):
    """Draws from a generator of its own, as dropout does."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(5)

    def value(self, x):
        return x, self.rng.random(x.shape)

    def slope(self, kept):
        return kept


def noisy(seed=0):
    rng = np.random.default_rng(seed)
    layers = {"Affine": Affine(rng.random((6, 3)), np.zeros(3)), "Noise": Noise()}
    return Trainer(Network(layers, SoftmaxWithLoss()), batch_size=8, seed=seed)


def test_generators_of_layers_go_on_too(tmp_path):
    once = noisy()
    once.fit((X, T), iterations=9)
    second = goes_on(once, tmp_path / "a", net=noisy(1).net)
    state = once.state_dict()
    place = {**state["generators"]["Noise.rng"], "uinteger": -1}
    with pytest.raises(ValueError, match="a generator must have a state of its kind; "):
        second.load_state_dict({**state, "generators": {"Noise.rng": place}})
    del state["generators"]
    with pytest.raises(ValueError, match=r"the generators must be those of.*Noise\.rng; got none"):
        second.load_state_dict(state)


class HeldNoise(Elementwise):
    """Draws by what a function makes of a seed, and holds it in a container."""

    def __init__(self, seed, make, draw):
        super().__init__()
        self.held, self.draw = {"of": [make(seed)]}, draw

    def value(self, x):
        return x, self.draw(self.held["of"][0], x.shape)

    def slope(self, kept):
        return kept


@pytest.mark.parametrize(
    ("make", "draw"),
    [
        (np.random.default_rng, lambda rng, shape: rng.standard_normal(shape)),
        (np.random.RandomState, lambda rng, shape: rng.normal(size=shape)),
        (
            lambda seed: np.random.RandomState(np.random.PCG64(seed)),
            lambda rng, shape: rng.normal(size=shape),
        ),
        (random.Random, lambda rng, shape: np.full(shape, rng.gauss(0, 1))),
        (
            lambda seed: pytest.importorskip("torch").Generator().manual_seed(seed),
            lambda rng, shape: sys.modules["torch"].randn(shape, generator=rng).numpy(),
        ),
    ],
)
def test_generators_of_every_kind_go_on_wherever_they_are_held(tmp_path, make, draw):
    def trainer(seed):
        rng = np.random.default_rng(seed)
        layers = {
            "Affine": Affine(rng.random((6, 3)), np.zeros(3)),
            "Noise": HeldNoise(seed, make, draw),
        }
        return Trainer(Network(layers, SoftmaxWithLoss()), batch_size=8, seed=seed)

    once = trainer(0)
    once.fit((X, T), iterations=9)  # of an odd count of draws one is kept
    assert list(once.state_dict()["generators"]) == ["Noise.held.of.0"]
    second = goes_on(once, tmp_path / "a", net=trainer(1).net)
    state = once.state_dict()
    for wrong in ({}, {"words": [], "version": 3, "spare": []}, {"bytes": [1, 2]}):
        state["generators"] = {"Noise.held.of.0": wrong}
        with pytest.raises(ValueError, match="a generator must have a state of its kind"):
            second.load_state_dict(state)


def test_the_module_of_the_generator_that_all_share_is_left_alone():
    net = noisy().net
    net.layers["Noise"].module = np.random
    assert list(Trainer(net).state_dict()["generators"]) == ["Noise.rng"]


def test_what_a_file_can_not_say_must_be_given(tmp_path):
    noisy().save(tmp_path / "a")
    with pytest.raises(ValueError, match="a must say how to rebuild its network; got a check"):
        load_network(tmp_path / "a")
    with pytest.raises(ValueError, match="`net` must be given, as .* with layers of your own"):
        Trainer.resume(tmp_path / "a")

    class Own(Adam):
        pass

    own = new(optimizer=Own())
    own.fit((X, T), iterations=1)
    own.save(tmp_path / "b")
    with pytest.raises(ValueError, match="`optimizer` must be given, as in .*b: Own"):
        Trainer.resume(tmp_path / "b")
    with pytest.raises(TypeError, match="`optimizer` must be a Own, as it was saved; got SGD"):
        Trainer.resume(tmp_path / "b", optimizer=SGD())
    with pytest.raises(ValueError, match="one of `net` and `backend` can be given"):
        Trainer.resume(tmp_path / "b", net=own.net, backend="cpu")
    with pytest.raises(ValueError, match=r"must be of such a training; ValueError: .*b1.*shape"):
        Trainer.resume(tmp_path / "b", net=TwoLayerNet(6, 4, 3, backend="cpu"), optimizer=Own())


def test_files_that_are_no_checkpoints(tmp_path):
    save_params(tmp_path / "p", new().net.params)
    with pytest.raises(ValueError, match="p must be a checkpoint; it holds parameters"):
        Trainer.resume(tmp_path / "p")
    with pytest.raises(FileNotFoundError, match=LAST):
        Trainer.resume(tmp_path)
    trainer = new()
    trainer.fit((X, T), iterations=3)
    trainer.save(tmp_path / "a")
    arrays, metadata = load_params(tmp_path / "a")
    good = json.loads(metadata["trainer"])
    for change, message in (
        ("[" * 100_000, "say where training is; maximum recursion"),
        ("3", "say where training is; got int"),
        (json.dumps({**good, "history": {"$floats": "nothing"}}), "nothing.*KeyError"),
        (json.dumps({**good, "position": {}}), "the position must be one that a trainer gave"),
        (json.dumps({**good, "history": 3}), "be of such a training"),
        (json.dumps({**good, "optimizer": {"lr": -1}}), "`lr` must be positive"),
    ):
        save_params(tmp_path / "b", arrays, {**metadata, "trainer": change})
        with pytest.raises(ValueError, match=f"b must .*{message}"):
            Trainer.resume(tmp_path / "b")
    for change, message in (
        (lambda j: j.update(position={"$array": "W1"}), "the position must be one that"),
        (lambda j: j["position"].update(epochs=math.nan), "`epochs` must be finite and 0 or more"),
        (lambda j: j["position"].update(batch_size=10.7), "`batch_size` must be a whole number"),
        (lambda j: j["position"].update(samples=10**30), "the position .* OverflowError"),
        (lambda j: j["position"]["generator"]["state"].update(state=-1), "position .* OverflowE"),
        (lambda j: j["position"]["generator"].update(uinteger=-1), "the position .* OverflowError"),
        (lambda j: j["history"].update(loss=[]), "a loss for each of 3 iterations; got 0"),
        (lambda j: j["history"].update(epoch=[math.inf]), r"`epoch\[0\]` must be finite and 0 or"),
        (lambda j: j["history"].update(iteration=[math.nan]), r"`iteration\[0\]` must be a whole"),
        (lambda j: j.pop("optimizer_kind"), "name its optimizer; got None"),
        (lambda j: j.update(optimizer_kind=[]), r"name its optimizer; got \[\]"),
        (lambda j: j.update(optimizer_settings=[]), "hold numbers that SGD takes; .* mapping"),
        (lambda j: j["optimizer_settings"].update(rate=1), "SGD takes; .*argument 'rate'"),
        (lambda j: j["optimizer_settings"].update(weight_decay=-1), "`weight_decay` must be fin"),
    ):
        damaged = json.loads(metadata["trainer"])
        change(damaged)
        save_params(tmp_path / "b", arrays, {**metadata, "trainer": json.dumps(damaged)})
        with pytest.raises(ValueError, match=f"b must .*{message}"):
            Trainer.resume(tmp_path / "b")
    for key in ("network", "trainer"):
        with pytest.raises(ValueError, match=f"`metadata` must leave the key '{key}'"):
            new().save(tmp_path / "c", {key: ""})


def test_a_failed_write_leaves_the_one_before(tmp_path, monkeypatch):
    trainer = new()
    trainer.fit((X, T), epochs=1, checkpoints=tmp_path)
    before = (tmp_path / LAST).read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '.*{LAST}'"):
        trainer.fit((X, T), epochs=1, checkpoints=tmp_path)
    assert (tmp_path / LAST).read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [LAST]


class Bad(SGD):
    """Puts nan into a parameter at one step."""

    def __init__(self, at, value=math.nan):
        super().__init__(0.1)
        self.at, self.value, self.count = at, value, 0

    def update(self, params, grads):
        super().update(params, grads)
        self.count += 1
        if self.count == self.at:
            params["b1"] = params["b1"] * self.value


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (
            10,
            "after 14 iterations: the loss is nan at iteration 11; the likely cause is a learning",
        ),
        (
            14,
            r"after 14 iterations: after iteration 14 not all of b1 is finite; the likely cause is "
            r"a learning rate that is too high, 0\.1; the last",
        ),
        (15, "after 21 iterations: the loss is nan at iteration 16; "),
    ],
)
def test_training_that_has_died_says_so(at, message, tmp_path):
    trainer = new(optimizer=Bad(at))
    with pytest.raises(NotFiniteError, match=message) as caught:
        trainer.fit((X, T), (X, T), epochs=5, checkpoints=tmp_path)
    kept = 7 if at <= 14 else 14
    assert f"the last finite checkpoint, after {kept} iterations, is {tmp_path / LAST}" in str(
        caught.value
    )
    assert len(trainer.history.loss) == (14 if at <= 14 else 21)
    assert all(np.isfinite(x).all() for x in load_params(tmp_path / LAST)[0].values())
    assert len(Trainer.resume(tmp_path, optimizer=Bad(0)).history.loss) == kept


@pytest.mark.parametrize("on_nan", ["stop", "warn", "ignore"])
@pytest.mark.filterwarnings("ignore:training has died", "ignore:.*encountered in")
def test_training_that_begins_dead_leaves_the_last_finite_checkpoint(on_nan, tmp_path):
    new().fit((X, T), epochs=1, checkpoints=tmp_path)
    good = (tmp_path / LAST).read_bytes()
    again = Checkpoints(tmp_path, overwrite=True)
    trainer = new(on_nan=on_nan)
    trainer.net.params["b1"] = np.full(5, np.nan, "float32")
    if on_nan == "stop":
        message = "after 0 iterations: not all of b1 is finite to begin with; load parameters that"
        with pytest.raises(NotFiniteError, match=message):
            trainer.fit((X, T), epochs=1, checkpoints=again)
    else:
        trainer.fit((X, T), epochs=1, checkpoints=again)
    assert (tmp_path / LAST).read_bytes() == good


def test_checkpoints_of_a_training_that_has_gone_farther_are_not_lost(tmp_path):
    new().fit((X, T), (X, T), epochs=3, checkpoints=tmp_path)
    names = sorted(p.name for p in tmp_path.iterdir())
    before = [(tmp_path / name).read_bytes() for name in names]
    message = (
        f"`checkpoints` must lead to no training that has gone farther; {tmp_path / LAST} has 21 "
        r"iterations, and this 0: Trainer.resume goes on from there, Checkpoints\(folder, "
    )
    trainer = new()
    with pytest.raises(ValueError, match=message):
        trainer.fit((X, T), (X, T), epochs=9, checkpoints=tmp_path)
    assert [(tmp_path / name).read_bytes() for name in names] == before
    assert trainer.history.loss == []

    Trainer.resume(tmp_path).fit((X, T), (X, T), epochs=1, checkpoints=tmp_path)
    assert len(Trainer.resume(tmp_path).history.loss) == 28
    trainer.fit((X, T), epochs=1, checkpoints=Checkpoints(tmp_path, overwrite=True))
    assert len(Trainer.resume(tmp_path).history.loss) == 7
    (tmp_path / LAST).write_bytes(b"damaged")
    new().fit((X, T), epochs=1, checkpoints=tmp_path)
    assert len(Trainer.resume(tmp_path).history.loss) == 7


@pytest.mark.filterwarnings("ignore:overflow encountered in")
def test_what_an_optimizer_remembers_may_not_overflow():
    layers = {"a": Affine(np.zeros((6, 3), "float16"), np.zeros(3, "float16"))}
    trainer = Trainer(Network(layers, SoftmaxWithLoss()), training.AdaGrad(0.1), seed=0)
    with pytest.raises(NotFiniteError, match="not all of the optimizer's h is finite; .* float16"):
        trainer.fit((X * 6e4, T), epochs=1)


@pytest.mark.filterwarnings("ignore:overflow encountered in")
def test_state_that_overflows_ends_training_too(tmp_path):
    one, none = np.ones(6, "float16"), np.zeros(6, "float16")
    layers = {
        "n": BatchNormalization(one, none),
        "a": Affine(np.ones((6, 3), "float16"), none[:3] + 0),
    }
    trainer = Trainer(Network(layers, SoftmaxWithLoss()), batch_size=8, seed=0)
    trainer.fit((X, T), epochs=1, checkpoints=tmp_path)
    with pytest.raises(NotFiniteError, match="not all of running_var1 is finite"):
        trainer.fit((X * 3000, T), epochs=1, checkpoints=tmp_path)
    assert len(Trainer.resume(tmp_path).history.loss) == 7


def test_the_cause_is_the_rate_that_is_too_high():
    trainer = new(optimizer=SGD(1e20))
    message = r"a learning rate that is too high, 1e\+20: the loss rose from 1\.11 to 2\.48e\+37"
    with np.errstate(all="ignore"), pytest.raises(NotFiniteError, match=message):
        trainer.fit((X, T), epochs=5)


def test_the_cause_is_what_training_started_from():
    trainer = new()
    trainer.net.params["W1"] = np.full((6, 5), 1e38, "f4")
    with np.errstate(all="ignore"), pytest.raises(NotFiniteError, match="from the start"):
        trainer.fit((X, T), epochs=1)
    trainer = new()
    trainer.net.params["W1"] = np.full((6, 5), 1e30, "f4")
    with (
        np.errstate(all="ignore"),
        pytest.raises(NotFiniteError, match=r"inputs, which reach 1e\+30"),
    ):
        trainer.fit((X * 0 + 1e30, T), epochs=1)


def test_training_that_has_died_may_go_on(tmp_path):
    match = "training has died: the loss is nan at iteration 11"
    with pytest.warns(RuntimeWarning, match=match) as caught:
        history = new(optimizer=Bad(10), on_nan="warn").fit((X, T), epochs=3, checkpoints=tmp_path)
    assert caught[0].filename == __file__
    assert len(history.loss) == 21
    assert np.isnan(history.train_accuracy).tolist() == [False, True, True]
    assert len(Trainer.resume(tmp_path, optimizer=Bad(0)).history.loss) == 7
    history = new(optimizer=Bad(10), on_nan="ignore").fit((X, T), epochs=3)
    assert len(history.loss) == 21
    with pytest.raises(ValueError, match="`on_nan` must be 'stop', 'warn' or 'ignore'; got 'x'"):
        new(on_nan="x")


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_data_that_are_not_finite_are_refused(bad):
    x = X.copy()
    x[3, 2] = bad
    soft = np.eye(3)[T]
    soft[1, 1] = bad
    what = "nan" if math.isnan(bad) else "infinity"
    for train, test, name in (
        ((x, T), None, r"train\[0\]"),
        ((X, soft), None, r"train\[1\]"),
        ((X, T), (x, T), r"test\[0\]"),
    ):
        with pytest.raises(NotFiniteError, match=f"`{name}` must be finite; got {what}, 1 times"):
            new().fit(train, test, epochs=1)
    with pytest.raises(TypeError, match="the inputs of `train` must be real; got complex"):
        new().fit((X * 1j, T), epochs=1)


def test_pixels_are_to_be_divided():
    pixels = (X * 255).round()
    for x in (pixels.astype("u1"), pixels):
        match = (
            f"inputs reach from {x.min():g} to {x.max():g}, as pixels do.* divide them, `x / 255`"
        )
        with pytest.warns(UserWarning, match=match) as caught:
            new().fit((x, T), iterations=1)
        assert caught[0].filename == __file__
    for x in (X, X * 255 - 100, X * 1000):
        new(on_nan="ignore").fit((x, T), iterations=1)  # a warning would be an error here


def test_the_state_of_a_trainer_with_relu_layers_is_rebuilt(tmp_path):
    layers = {"a": Affine(np.ones((6, 3)), np.zeros(3)), "r": Relu()}
    first = Trainer(Network(layers, SoftmaxWithLoss()), batch_size=8, seed=0)
    first.fit((X, T), iterations=3)
    first.save(tmp_path / "a")
    assert list(Trainer.resume(tmp_path / "a").net.layers) == ["a", "r"]


def test_a_trainer_that_another_thread_trains_is_neither_saved_nor_copied(tmp_path):
    trainer, refused = new(), []

    def look(history):
        def ask(call):
            try:
                call()
            except RuntimeError as error:
                refused.append(str(error))

        for call in (
            trainer.state_dict,
            lambda: trainer.save(tmp_path / "a"),
            lambda: copy.deepcopy(trainer),
        ):
            thread = threading.Thread(target=ask, args=(call,))
            thread.start()
            thread.join()

    trainer.fit((X, T), epochs=1, on_epoch=look)
    assert len(refused) == 3
    assert all(text.startswith("one thread at a time can train") for text in refused)
    assert not (tmp_path / "a").exists()


def test_within_an_epoch_a_trainer_is_not_copied():
    trainer, refused = new(), []

    def stop():
        if len(refused) < 7:
            with pytest.raises(RuntimeError, match="a trainer must be between epochs") as caught:
                copy.deepcopy(trainer)
            refused.append(caught)
        return False

    trainer.fit((X, T), epochs=1, stop=stop)
    assert len(refused) == 7  # after each step

    copies = []
    trainer.fit((X, T), epochs=1, on_epoch=lambda h: copies.append(copy.deepcopy(trainer)))
    trainer.fit((X, T), epochs=1)
    copies[0].fit((X, T), epochs=1)
    assert end(copies[0]) == end(trainer)


def test_on_epoch_may_go_back(tmp_path):
    once = new()
    once.fit((X, T), epochs=4)
    trainer, kept = new(), {}

    def back_once(history):
        if len(history.epoch) == 2 and not kept:
            kept.update(trainer.state_dict())
        elif len(history.epoch) == 3 and not kept.get("used"):
            trainer.load_state_dict(dict(kept))
            kept["used"] = True

    history = trainer.fit((X, T), epochs=4, on_epoch=back_once, checkpoints=tmp_path)
    assert history is trainer.history
    assert history.epoch == [1.0, 2.0, 3.0, 4.0]
    assert end(trainer) == end(once)
    assert end(Trainer.resume(tmp_path, backend="cpu")) == end(once)


@pytest.mark.parametrize("size", [3, 50])
def test_on_epoch_may_change_the_size_of_batches(size, tmp_path):
    trainer = new()

    def resize(history):
        if len(history.epoch) == 2:
            trainer.batch_size = size

    trainer.fit((X, T), iterations=3)
    history = trainer.fit((X, T), epochs=4, on_epoch=resize, checkpoints=tmp_path)
    assert history.epoch == [3 / 7, 1.0, 2.0, 3.0, 4.0]
    assert len(history.loss) == 7 + 3 * math.ceil(50 / size)
    assert not history.interrupted
    assert end(Trainer.resume(tmp_path, backend="cpu")) == end(trainer)


def test_on_epoch_may_go_back_to_the_beginning():
    trainer, once = new(), new()
    once.fit((X, T), epochs=3)
    kept = [trainer.state_dict()]

    def back_once(history):
        if len(history.epoch) == 2 and kept:
            trainer.load_state_dict(kept.pop())

    trainer.fit((X, T), epochs=3, on_epoch=back_once)
    assert end(trainer) == end(once)


def test_on_epoch_may_change_the_optimizer():
    trainer = new(optimizer=SGD(0.5))

    def slower(history):
        trainer.optimizer = SGD(1e-30)

    trainer.fit((X, T), epochs=1)
    before = trainer.net.state_dict()
    first = trainer.fit((X, T), epochs=1, on_epoch=slower).loss[-1]
    after = trainer.net.state_dict()
    trainer.fit((X, T), epochs=1)
    assert first > 0
    assert not np.array_equal(before["W1"], after["W1"])
    np.testing.assert_array_equal(trainer.net.params["W1"], after["W1"])

    other = new(optimizer=SGD(0.5))

    def changed(history):
        if len(history.epoch) == 1:
            other.optimizer = SGD(1e-30)
            kept.update(other.net.state_dict())

    kept = {}
    other.fit((X, T), epochs=3, on_epoch=changed)
    np.testing.assert_array_equal(other.net.params["W1"], kept["W1"])


@pytest.mark.parametrize("optimizer", [SGD, training.Momentum, training.Adam])
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_bfloat16_comes_back_as_it_was(tmp_path, library, optimizer):
    pytest.importorskip(library)
    backend = backends.select("cpu", library)
    net = TwoLayerNet(6, 5, 3, 0.5, backend=backend, seed=0, dtype="bfloat16")
    once = Trainer(net, optimizer(0.1), batch_size=8, seed=0)
    once.fit((X, T), epochs=2, checkpoints=tmp_path)
    second = Trainer.resume(tmp_path, backend=backend)
    assert second.net.dtype == once.net.dtype == backend.dtype("bfloat16")
    losses = [each.fit((X, T), epochs=2).loss for each in (once, second)]
    assert losses[0] == losses[1]
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors must hold a network in a dtype"):
        Trainer.resume(tmp_path, backend="cpu")


class Slower(training.Rule):
    """Steps by their number, and by what it has seen."""

    def __init__(self, lr):
        super().__init__(lr)
        self.seen = 0.0

    def change(self, g, lr, kept):
        self.seen += float(g[0] ** 2)
        return lr / (self.steps + self.seen) * g


class Seeing(SGD):
    """An SGD that steps by what it has seen."""

    seen = 0.0

    def change(self, g, lr, kept):
        self.seen += float(g[0] ** 2)
        return lr / (1 + self.seen) * g


@pytest.mark.parametrize("kind", [Slower, Seeing])
def test_what_a_rule_of_ones_own_counts_and_keeps_goes_on(tmp_path, kind):
    once = new(optimizer=kind(0.5))
    once.fit((X, T), epochs=2)
    assert once.optimizer.steps == 14
    second = goes_on(once, tmp_path / "a", optimizer=kind(0.5), backend="cpu")
    assert second.optimizer.steps == once.optimizer.steps == 24
    assert second.optimizer.seen == once.optimizer.seen > 0


class Wrapped:
    """An optimizer with a helper object, a generator and a deque."""

    def __init__(self):
        self.inner, self.rng = training.Momentum(0.1), np.random.default_rng(0)
        self.rates = deque([1.0, 0.5])

    def update(self, params, grads):
        self.inner.lr = self.rates[0] * self.rng.random()
        self.rates.rotate()
        self.inner.update(params, grads)


def test_a_state_shares_nothing_with_the_optimizer(tmp_path):
    first = new(optimizer=Wrapped())
    first.fit((X, T), epochs=2)
    state = first.state_dict()
    first.fit((X, T), epochs=2)
    second = new(optimizer=Wrapped(), seed=1)
    second.load_state_dict(state)
    assert second.optimizer.inner is not first.optimizer.inner
    second.fit((X, T), epochs=2)
    assert end(second) == end(first)
    with pytest.raises(TypeError, match="must hold arrays, numbers and strings"):
        first.save(tmp_path / "a")


def named_sgd(module):
    """An optimizer of one's own that goes by the name of the library's."""

    def update(self, params, grads):
        for key in params:
            params[key] -= 0.1 * np.sign(grads[key])

    own = {"update": update, "state_dict": lambda self: {"lr": 0.1}, "__module__": module}
    return type("SGD", (), {**own, "load_state_dict": lambda self, state: None})()


def test_an_optimizer_is_known_by_its_module_too(tmp_path):
    once = new(optimizer=named_sgd("mine"))
    once.fit((X, T), epochs=1)
    once.save(tmp_path / "a")
    new(optimizer=SGD(0.1)).save(tmp_path / "b")
    with pytest.raises(ValueError, match="`optimizer` must be given, as in .*a: SGD"):
        Trainer.resume(tmp_path / "a")
    for path, given, message in (
        ("a", SGD(0.1), r"got SGD of backprop\.training\.sgd, not of mine"),
        ("a", named_sgd("yours"), "got SGD of yours, not of mine"),
        ("b", named_sgd("mine"), r"got SGD of mine, not of backprop\.training\.sgd"),
        ("b", named_sgd("__main__"), "got SGD of __main__, not of backprop"),
    ):
        with pytest.raises(TypeError, match=f"must be a SGD, as it was saved; {message}"):
            Trainer.resume(tmp_path / path, optimizer=given)
    for module in ("mine", "__main__"):  # the same program, run and imported
        Trainer.resume(tmp_path / "a", optimizer=named_sgd(module))
    goes_on(once, tmp_path / "a", optimizer=named_sgd("mine"))


def test_files_without_the_module_of_the_optimizer_are_read(tmp_path):
    for optimizer in (SGD(0.1), named_sgd("mine")):
        new(optimizer=optimizer).save(tmp_path / "a")
        arrays, metadata = load_params(tmp_path / "a")
        old = json.loads(metadata["trainer"])
        del old["optimizer_module"]
        save_params(tmp_path / "b", arrays, {**metadata, "trainer": json.dumps(old)})
        assert Trainer.resume(tmp_path / "b", optimizer=optimizer).optimizer is optimizer
        assert type(Trainer.resume(tmp_path / "b").optimizer) is SGD


def test_an_augment_is_given_again_or_none_as_before(tmp_path):
    once = new(augment=np.negative)
    once.fit((X, T), epochs=1)
    goes_on(once, tmp_path / "a", augment=np.negative)
    goes_on(new(), tmp_path / "b")
    for given in (None, Augment(1, size=(2, 3))):
        with pytest.raises(ValueError, match="`augment` must be one of your own, as tr.*a; got "):
            Trainer.resume(tmp_path / "a", augment=given)
    with pytest.raises(
        ValueError, match="`augment` must be None, as training had it in .*b; got <"
    ):
        Trainer.resume(tmp_path / "b", augment=np.negative)
    arrays, metadata = load_params(tmp_path / "a")
    old = json.loads(metadata["trainer"])
    del old["augmented"]
    save_params(tmp_path / "c", arrays, {**metadata, "trainer": json.dumps(old)})
    Trainer.resume(tmp_path / "c")


def test_an_augment_of_the_library_has_the_numbers_that_it_had(tmp_path):
    once = new(augment=Augment(1, 5.0, seed=0, size=(2, 3)))
    once.fit((X, T), epochs=1)
    goes_on(once, tmp_path / "a", augment=Augment(1, 5.0, seed=7, size=(2, 3)))
    message = (
        r"`augment` must be Augment\(shift=1, rotate=5.0, size=\(2, 3\)\), as training had it "
    )
    others = Augment(2, 5.0, size=(2, 3)), Augment(1, size=(2, 3)), Augment(1, 5.0), np.negative
    for other in (*others, None):
        with pytest.raises(ValueError, match=f"{message}in .*a; got {re.escape(repr(other))}"):
            Trainer.resume(tmp_path / "a", augment=other)
    arrays, metadata = load_params(tmp_path / "a")
    damaged = {**json.loads(metadata["trainer"]), "augmented": [3]}
    save_params(tmp_path / "b", arrays, {**metadata, "trainer": json.dumps(damaged)})
    with pytest.raises(
        ValueError, match=r"`augment` must be \[3\], as training had it in .*b; got"
    ):
        Trainer.resume(tmp_path / "b", augment=once.augment)


class Renamed(Relu):
    """A layer of one's own, which no file describes."""


def test_a_network_that_can_not_describe_itself_takes_the_arrays_of_one_that_can(tmp_path):
    def own():
        net = new().net
        layers = {**net.layers, "Relu1": Renamed()}
        return Network(layers, net.last_layer)

    described = Trainer(Network(dict(new().net.layers), SoftmaxWithLoss()), SGD(0.5), 8, seed=0)
    described.fit((X, T), epochs=1)
    goes_on(described, tmp_path / "a", net=own())
    mine = Trainer(own(), SGD(0.5), 8, seed=0)
    mine.fit((X, T), epochs=1)
    goes_on(mine, tmp_path / "b", net=Network(dict(new().net.layers), SoftmaxWithLoss()))


def test_a_description_of_another_form_is_no_network_of_here(tmp_path):
    once = new()
    once.save(tmp_path / "a")
    arrays, metadata = load_params(tmp_path / "a")
    described = json.loads(metadata["network"])
    for other in ({"x": 1}, [{"x": 1}]):
        described["last_layer"]["kind"] = other
        save_params(tmp_path / "b", arrays, {**metadata, "network": json.dumps(described)})
        message = f"`net` must have last_layer.kind {other}, as in .*; got 'SoftmaxWithLoss'"
        with pytest.raises(ValueError, match=message.replace("[", r"\[")):
            Trainer.resume(tmp_path / "b", net=new().net)


class Slotted:
    """The book's Momentum, in slots."""

    __slots__ = ("__v", "lr")

    def __init__(self):
        self.lr = 0.1

    def update(self, params, grads):
        if not hasattr(self, "_Slotted__v"):
            self.__v = {key: 0 * value for key, value in params.items()}
        for key in params:
            self.__v[key] = 0.9 * self.__v[key] - self.lr * grads[key]
            params[key] += self.__v[key]


class SlottedRule(training.Rule):
    """Steps by what it has seen, which a slot holds."""

    __slots__ = ("seen",)

    def __init__(self):
        super().__init__(0.5)
        self.seen = 0.0

    def change(self, g, lr, kept):
        self.seen += float(g[0] ** 2)
        return lr / (1 + self.seen) * g


@pytest.mark.parametrize("kind", [Slotted, SlottedRule])
def test_what_slots_hold_goes_on(tmp_path, kind):
    once = new(optimizer=kind())
    once.fit((X, T), epochs=2)
    goes_on(once, tmp_path / "a", optimizer=kind())


class Decay:
    """Counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return 0.5 / self.calls


class Plain:
    """The book's SGD, at a rate that a function says."""

    def __init__(self, rate):
        self.rate = rate

    def update(self, params, grads):
        for key in params:
            params[key] -= self.rate() * grads[key]


@pytest.mark.parametrize("make", [Decay, lambda: Decay().__call__], ids=["object", "method"])
def test_a_callable_that_may_count_is_no_part_of_a_file(tmp_path, make):
    once, second = new(optimizer=Plain(make())), new(optimizer=Plain(make()))
    once.fit((X, T), epochs=1)
    with pytest.raises(TypeError, match="optimizer/attributes/rate must hold arrays, numbers"):
        once.save(tmp_path / "a")
    second.load_state_dict(once.state_dict())  # but of a state in memory
    for each in (once, second):
        each.fit((X, T), epochs=1)
    assert end(second) == end(once)


def rate():
    return 0.1


@pytest.mark.parametrize(
    "computes",
    [
        rate,
        float,
        functools.partial(float, 0.1),
        functools.cache(rate),
        functools.wraps(rate)(lambda: 0.1),
        random.random,
        math.sqrt,
        training.Cosine(0.1, 9),
    ],
)
def test_what_only_computes_is_no_memory(tmp_path, computes):
    trainer = new(optimizer=Plain(rate))
    trainer.optimizer.other, trainer.optimizer.own = computes, trainer.optimizer.update
    assert trainer.state_dict()["optimizer"] == {}
    goes_on(trainer, tmp_path / "a", optimizer=Plain(rate))


class Steps:
    """Moves by others, which a list holds."""

    def __init__(self):
        self.steps = [training.Augment(1, seed=3, size=(2, 3))]

    def __call__(self, x):
        return self.steps[0](x)


def noise(x, rng):
    return x + 0.1 * rng.standard_normal(x.shape)


class Moving:
    """A method that draws is given."""

    def __init__(self):
        self.rng = np.random.default_rng(3)

    def move(self, x):
        return noise(x, self.rng)


class Chain:
    """A generator at the end of a long chain of objects, the last of which knows the first."""

    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.next = self
        for _ in range(3000):
            self.next = SimpleNamespace(next=self.next)

    def __call__(self, x):
        return noise(x, self.rng)


@pytest.mark.parametrize(
    "make",
    [
        Chain,
        Steps,
        lambda: functools.partial(noise, rng=np.random.default_rng(3)),
        lambda: Moving().move,
    ],
    ids=["beside a chain", "in a list", "partial", "method"],
)
def test_generators_of_what_augments_go_on(tmp_path, make):
    once = new(augment=make())
    once.fit((X, T), epochs=2)
    goes_on(once, tmp_path / "a", augment=make(), backend="cpu")


class BookNormalization:
    """Batch normalization as section 6.3 keeps its means, and a count of its steps."""

    def __init__(self, gamma, beta, momentum=0.9):
        self.params, self.grads, self.momentum = {"gamma": gamma, "beta": beta}, {}, momentum
        self.running_mean = self.running_var = None
        self.xc = self.std = self.xn = None
        self.steps = 0

    def forward(self, x, train_flg=True):
        if self.running_mean is None:
            self.running_mean, self.running_var = 0 * x[0, :], 0 * x[0, :]
        if train_flg:
            mean = x.mean(axis=0)
            self.xc = x - mean
            var = (self.xc**2).mean(axis=0)
            self.std = (var + 1e-6) ** 0.5
            self.xn = self.xc / self.std
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mean
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
            xn = self.xn
        else:
            xn = (x - self.running_mean) / (self.running_var + 1e-6) ** 0.5
        return self.params["gamma"] * xn + self.params["beta"]

    def backward(self, dout):
        self.steps += 1
        self.grads = {"gamma": (dout * self.xn).sum(axis=0), "beta": dout.sum(axis=0)}
        dxn = dout * self.params["gamma"]
        back = dxn - dxn.mean(axis=0) - self.xn * (dxn * self.xn).mean(axis=0)
        return back / self.std


class Fading:
    """Adds less and less: how often it was called, and what it added last, are attributes."""

    def __init__(self):
        self.calls, self.last = 0, None

    def __call__(self, x):
        self.last = (0 if self.last is None else self.last) + x.mean(axis=0)
        self.calls += 1
        return x + self.last / self.calls


def test_what_an_augment_keeps_in_attributes_goes_on(tmp_path):
    once = new(augment=Fading())
    once.fit((X, T), epochs=2)
    second = goes_on(once, tmp_path / "a", augment=Fading(), backend="cpu")
    assert (second.augment.calls, type(second.augment.calls)) == (24, int)
    np.testing.assert_array_equal(second.augment.last, once.augment.last)


class Plateau:
    """A schedule that `on_epoch` changes."""

    def __init__(self):
        self.rate, self.best = 0.5, None

    def __call__(self, step):
        return self.rate

    def look(self, history):
        self.best = min(history.loss[-1], self.best or math.inf)
        self.rate *= 0.5


def test_what_a_schedule_keeps_in_attributes_goes_on(tmp_path):
    plateau = Plateau()
    once = new(optimizer=SGD(plateau))
    once.fit((X, T), epochs=2, on_epoch=plateau.look)
    assert once.state_dict()["kept"] == {"lr.rate": 0.125, "lr.best": min(once.history.loss[6::7])}
    second = goes_on(once, tmp_path / "a", optimizer=SGD(Plateau()))
    assert vars(second.optimizer.lr) == vars(plateau)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("epochs", [0, 2])
def test_what_layers_keep_in_attributes_goes_on(tmp_path, library, epochs):
    if library != "numpy":
        pytest.importorskip(library)
    backend = backends.select("cpu", library)

    def trainer(seed):
        rng = np.random.default_rng(seed)
        layers = {
            "Affine": Affine(*map(backend.asarray, (rng.random((6, 3)), np.zeros(3)))),
            "Norm": BookNormalization(*map(backend.asarray, (np.ones(3), np.zeros(3)))),
        }
        return Trainer(Network(layers, SoftmaxWithLoss()), batch_size=8, seed=seed)

    once, before = trainer(0), trainer(1)
    x, t = backend.asarray(X), backend.asarray(T)
    if epochs:
        once.fit((x, t), epochs=epochs)
        before.fit((x, t), epochs=1)
    once.save(tmp_path / "a")
    second = Trainer.resume(tmp_path / "a", net=before.net)
    assert second.net.accuracy(x, t, training=not epochs) == once.net.accuracy(
        x, t, training=not epochs
    )
    for each in (once, second):
        each.fit((x, t), iterations=10)
    assert end(second) == end(once)
    assert set(once.net.state_dict()) - {"W1", "b1", "gamma1", "beta1"} == {
        "Norm.running_mean",
        "Norm.running_var",
        "Norm.steps",
    }
    assert (second.net.layers["Norm"].steps, once.net.layers["Norm"].steps) == (
        10 + 7 * epochs,
    ) * 2


def test_an_epoch_whose_accuracy_is_nan_is_not_the_best(tmp_path):
    trainer, seen = new(on_nan="ignore"), []
    accuracy = trainer.net.accuracy

    def measured(*data, **options):
        seen.append(trainer.net.state_dict()["W1"])
        if len(seen) > 4:  # train and test, of the third epoch
            raise NotFiniteError("scores must be finite")
        return accuracy(*data, **options) if len(seen) < 3 else 1.0

    trainer.net.accuracy = measured
    history = trainer.fit((X, T), (X, T), epochs=3, checkpoints=tmp_path)
    assert history.test_accuracy[1] == 1.0
    assert math.isnan(history.test_accuracy[2])
    np.testing.assert_array_equal(load_params(tmp_path / BEST)[0]["W1"], seen[3])


def test_an_exit_in_on_epoch_loses_no_epoch(tmp_path):
    def leave(history):
        if len(history.epoch) == 2:
            sys.exit(3)

    with pytest.raises(SystemExit, match="3"):
        new().fit((X, T), epochs=5, checkpoints=tmp_path, on_epoch=leave)
    assert len(Trainer.resume(tmp_path, backend="cpu").history.loss) == 14


def test_with_a_stop_of_ones_own_ctrl_c_is_the_callers(tmp_path):
    class Interrupted(SGD):
        def update(self, params, grads):
            super().update(params, grads)
            raise KeyboardInterrupt

    trainer = new(optimizer=Interrupted(0.5))
    with pytest.raises(KeyboardInterrupt):
        trainer.fit((X, T), epochs=1, stop=lambda: False)
    assert trainer.history.interrupted


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"history": [{"$floats": "trainer/a"}] * 2}, "must say where training is; .*trainer/a"),
        (
            {"optimizer_kind": "SGD", "optimizer_settings": {"weight_decay": 10**400}}
            | {"optimizer": {"lr": 0.1}},
            "a must hold numbers that SGD takes",
        ),
        (
            {"optimizer_kind": "Momentum", "optimizer_settings": {}, "position": {}}
            | {"optimizer": {"lr": 0.1, "steps": 10**30, "v": {}}, "history": {}},
            "a must be of such a training",
        ),
        ({"optimizer_kind": "Other"}, "must be given, as in .*a: Other"),
        ({"optimizer_kind": "SGD", "optimizer": {"lr": 0.1}, "dtype": "x"}, "a must .*dtype"),
        ({"optimizer_kind": "SGD", "optimizer": {"lr": 0.1}, "dtype": 3}, "a must .*dtype"),
    ],
)
def test_what_no_trainer_writes_is_refused(tmp_path, training, message):
    trainer = new()
    trainer.save(tmp_path / "b")
    arrays, metadata = load_params(tmp_path / "b")
    arrays = {name: x for name, x in arrays.items() if not name.startswith("trainer/")}
    texts = {"network": metadata["network"], "trainer": json.dumps(training)}
    save_params(tmp_path / "a", {**arrays, "trainer/a": np.ones(3)}, texts)
    with pytest.raises(ValueError, match=message):
        Trainer.resume(tmp_path / "a", backend="cpu")

"""A training run under way: its rows, what it leaves behind, and its exit code."""

import json
import math
import signal
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import backends
from backprop import Checkpoints, History, NotFiniteError, Trainer
from backprop.cli.computing import versions
from backprop.cli.next_step import command, point_to
from backprop.cli.output import answer, chatty, leads, manner, record, say, warn
from backprop.cli.run_folder import FILES, write_results
from backprop.cli.settings import Settings, config
from backprop.storage.writing import sweep
from backprop.training.checkpoints import BEST, history_of
from backprop.training.interruption import Interruption


def run_training(
    trainer: Trainer, data: Any, settings: Settings, folder: Path, signals: Interruption
) -> int:
    """Train, write what came of it, say so, and return the exit code."""
    history = trainer.history
    batches = -(-len(data[0][0]) // settings.batch_size)
    asked = settings.steps(len(data[0][0]))
    rest = asked - len(history.loss)
    if rest < 0:
        raise ValueError(f"the run must go on; it has {len(history.loss):,} iterations already")
    if history.loss:
        say(f"after:  {len(history.loss):,} iterations, {rest:,} to go")
    if leads():
        sweep(folder)
    run = {"run": json.dumps(asdict(settings))}
    keep = Checkpoints(folder, settings.checkpoint_every, run, overwrite=True)  # seen before
    problem = None
    if rest:
        _forget_pause(history)
        say(f"\n{'epoch':>7} {'loss':>7} {'train':>7} {'test':>7} {'seconds':>7}")
        with np.errstate(all="ignore"), warnings.catch_warnings():  # one sentence says it all
            warnings.simplefilter("default")
            warnings.showwarning = lambda message, *others: warn(str(message))
            try:
                trainer.fit(
                    *data,
                    iterations=rest,
                    progress=None if chatty() else False,
                    on_epoch=_print_row,
                    checkpoints=keep,
                    stop=signals,
                )
            except NotFiniteError as error:
                problem = str(error)
    history = trainer.history
    died = problem is not None or not math.isfinite(history.loss[-1] if history.loss else 0.0)
    ends = 128 + (signals.received or signal.SIGINT) if history.interrupted else None
    if not leads():
        return ends or int(problem is not None or (died and settings.on_nan == "warn"))
    net = None if problem else trainer.net
    about = {"died": died, "versions": versions(trainer.net.backend or backends.host())}
    write_results(folder, net, history, {**config(settings, history, asked), **about})
    manner.kept = True
    if net is not None and history_of(folder / BEST) is None:  # it is damaged, and no run's
        (folder / BEST).unlink(missing_ok=True)
    point_to(folder)
    if problem:
        print(f"backprop: error: {problem}", file=sys.stderr)
        return 1
    if history.interrupted:
        say(f"\ninterrupted after {len(history.loss):,} iterations; {again(folder)} goes on")
    last = history.loss[-batches:]
    if len(last) == batches and sum(last) > batches * history.loss[0]:
        warn(
            f"the loss is {sum(last) / batches:.3g} in the last epoch, and was "
            f"{history.loss[0]:.3g} before training: the network has learnt nothing; "
            "the learning rate is likely too high"
        )
    if history.test_accuracy:
        say()
        answer(
            f"final accuracy: train {history.train_accuracy[-1]:.2%}, "
            f"test {history.test_accuracy[-1]:.2%}"
        )
    files = [name for name in FILES if (folder / name).exists()]
    answer(f"written to {folder}: {', '.join(files)}")
    if net is not None and not history.interrupted:
        say(f"\nnext: {command('evaluate', '--params', folder / 'params.safetensors')}")
    record(
        {
            "folder": folder,
            "files": files,
            **config(settings, history, asked),
            **about,
            "train_accuracy": history.train_accuracy[-1],
            "test_accuracy": history.test_accuracy[-1],
        }
    )
    return ends or int(died and settings.on_nan == "warn")


def again(folder: Path) -> str:
    """Return the command that goes on with a run."""
    return f"`{command('train', '--resume', folder)}`"


def _forget_pause(history: History) -> None:
    """Leave out what was measured where an earlier run ended within an epoch."""
    if history.epoch and history.epoch[-1] % 1 and history.iteration[-1] == len(history.loss):
        for column in (history.epoch, history.iteration, history.train_accuracy):
            column.pop()
        history.test_accuracy.pop()


def _print_row(history: History) -> None:
    first = history.iteration[-2] if len(history.iteration) > 1 else 0
    losses = history.loss[first:]
    say(
        f"{history.epoch[-1]:7.2f} {sum(losses) / len(losses):7.4f} "
        f"{history.train_accuracy[-1]:7.2%} {history.test_accuracy[-1]:7.2%} "
        f"{history.seconds:7.1f}"
    )

"""`backprop train`: the book's network learns handwritten digits."""

import json
import math
import shlex
import signal
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import backends
from backends import Backend
from backprop import SGD, Checkpoints, History, NotFiniteError, Trainer, TwoLayerNet
from backprop.cli.options import (
    Activation,
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    DTypeName,
    LibraryOption,
    OnNan,
    load,
)
from backprop.cli.output import say, warn
from backprop.cli.run_folder import FILES, check_output, output_folder, write_results
from backprop.cli.settings import Settings, config, said, settings_of
from backprop.storage.writing import sweep
from backprop.training.checkpoints import last_of
from backprop.training.interruption import ALL, Interruption

_ITERATIONS = 10_000


def train(
    context: typer.Context,
    dataset: DatasetOption = Dataset.SAMPLE,
    data_dir: DataDirOption = None,
    device: DeviceOption = None,
    library: LibraryOption = None,
    hidden: Annotated[int, typer.Option(min=1, help="Width of the hidden layer.")] = 50,
    activation: Annotated[
        Activation, typer.Option(help="Activation of the hidden layer.")
    ] = Activation.RELU,
    iterations: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of training steps.",
            show_default=f"{_ITERATIONS:,} unless --epochs is given",
        ),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Number of passes over the training set.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Number of samples in a step.")] = 100,
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 0.1,
    dtype: Annotated[
        DTypeName, typer.Option(help="Dtype of parameters and data.")
    ] = DTypeName.FLOAT32,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and the batches.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results.", show_default="runs/DATASET-DATE-TIME"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the results of an earlier run in --out.")
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Folder of a run that ended early, to go on with."),
    ] = None,
    checkpoint_every: Annotated[
        int, typer.Option(min=1, help="Epochs from one checkpoint to the next.")
    ] = 1,
    on_nan: Annotated[
        OnNan, typer.Option(help="Reaction to a loss or a parameter that is not finite.")
    ] = OnNan.STOP,
) -> int:
    """Train the two-layer network on MNIST.

    Shows accuracies after each epoch; writes parameters, history, configuration and a picture.
    Keeps checkpoints meanwhile. Ctrl-C ends it in order, a second one at once.
    """
    if iterations is not None and epochs is not None:
        raise ValueError("one of --iterations and --epochs must be given; got both")
    if resume is not None:
        settings = settings_of(last_of(resume), said(context))
        backend = backends.select(settings.device, settings.library)
        folder = last_of(resume).parent
    else:
        SGD(lr)
        backend = backends.select(device, library)
        if out is not None:
            check_output(out, overwrite)
        settings = Settings(
            dataset=dataset,
            hidden=hidden,
            activation=activation,
            batch_size=batch_size,
            lr=lr,
            dtype=dtype,
            seed=seed,
            iterations=_ITERATIONS if iterations is None and epochs is None else iterations,
            epochs=epochs,
            library=backend.name,
            device=backend.device_name,
            data_dir=None if data_dir is None else str(data_dir.resolve()),
            checkpoint_every=checkpoint_every,
            on_nan=on_nan.value,
        )
    where = None if settings.data_dir is None else Path(settings.data_dir)
    data = load(Dataset(settings.dataset), where if resume is not None else data_dir)
    if resume is None:
        folder = output_folder(out, dataset)
        trainer = _new_trainer(settings, backend)
    else:
        trainer = Trainer.resume(resume, backend=backend, on_nan=settings.on_nan)
    counts = [len(part[0]) for part in data]
    say(f"device: {backend}")
    say(f"data:   {settings.dataset}, {counts[0]:,} training and {counts[1]:,} test images")
    with Interruption(ALL) as signals:
        try:
            return _run(trainer, data, settings, folder, signals)
        except KeyboardInterrupt:
            say(f"\nended at once; what the last checkpoint holds goes on with {_again(folder)}")
            return 128 + (signals.received or signal.SIGINT)


def _new_trainer(settings: Settings, backend: Backend) -> Trainer:
    net = TwoLayerNet(
        784,
        settings.hidden,
        10,
        activation=settings.activation,
        dtype=settings.dtype,
        backend=backend,
        seed=settings.seed,
    )
    optimizer = SGD(settings.lr)
    return Trainer(net, optimizer, settings.batch_size, settings.seed, on_nan=settings.on_nan)


def _run(
    trainer: Trainer, data: Any, settings: Settings, folder: Path, signals: Interruption
) -> int:
    """Train, write what came of it, say so, and return the exit code."""
    history = trainer.history
    batches = -(-len(data[0][0]) // settings.batch_size)
    rest = (settings.iterations or (settings.epochs or 0) * batches) - len(history.loss)
    if rest < 0:
        raise ValueError(f"the run must go on; it has {len(history.loss):,} iterations already")
    if history.loss:
        say(f"after:  {len(history.loss):,} iterations, {rest:,} to go")
    sweep(folder)
    keep = Checkpoints(folder, settings.checkpoint_every, {"run": json.dumps(asdict(settings))})
    problem = None
    if rest:
        _forget_pause(history)
        say(f"\n{'epoch':>7} {'loss':>8} {'train':>8} {'test':>8} {'seconds':>8}")
        with np.errstate(all="ignore"), warnings.catch_warnings():  # one sentence says it all
            warnings.simplefilter("default")
            warnings.showwarning = lambda message, *others: warn(str(message))
            try:
                trainer.fit(
                    *data, iterations=rest, on_epoch=_print_row, checkpoints=keep, stop=signals
                )
            except NotFiniteError as error:
                problem = str(error)
    died = problem is not None or not math.isfinite(history.loss[-1] if history.loss else 0.0)
    net = None if problem else trainer.net
    write_results(folder, net, history, {**config(settings, history), "died": died})
    if problem:
        print(f"backprop: error: {problem}", file=sys.stderr)
        return 1
    if history.interrupted:
        say(f"\ninterrupted after {len(history.loss):,} iterations; {_again(folder)} goes on")
    last = history.loss[-batches:]
    if len(last) == batches and sum(last) > batches * history.loss[0]:
        warn(
            f"the loss is {sum(last) / batches:.3g} in the last epoch, and was "
            f"{history.loss[0]:.3g} before training: the network has learnt nothing; "
            "the learning rate is likely too high"
        )
    if history.test_accuracy:
        say(
            f"\nfinal accuracy: train {history.train_accuracy[-1]:.2%}, "
            f"test {history.test_accuracy[-1]:.2%}"
        )
    say(f"written to {folder}: {', '.join(n for n in FILES if (folder / n).exists())}")
    if history.interrupted:
        return 128 + (signals.received or signal.SIGINT)
    return 1 if died and settings.on_nan == "warn" else 0


def _again(folder: Path) -> str:
    return f"`backprop train --resume {shlex.quote(str(folder))}`"


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
        f"{history.epoch[-1]:7.2f} {sum(losses) / len(losses):8.4f} "
        f"{history.train_accuracy[-1]:8.2%} {history.test_accuracy[-1]:8.2%} "
        f"{history.seconds:8.1f}"
    )

"""`backprop train`: the book's network learns handwritten digits."""

import json
import math
import signal
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

import backends
from backprop import Checkpoints, History, NotFiniteError, Trainer
from backprop.cli import recipe
from backprop.cli.config_file import ConfigOption, versions
from backprop.cli.digit_network import CONVOLUTIONAL, chosen
from backprop.cli.next_step import command, point_to
from backprop.cli.options import (
    AugmentOption,
    CompileOption,
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    DTypeName,
    HiddenOption,
    LibraryOption,
    NetOption,
    NewActivationOption,
    OnNan,
    OptimizerOption,
    RateOption,
    ScheduleOption,
    load,
    out_option,
)
from backprop.cli.output import answer, chatty, record, say, warn
from backprop.cli.run_folder import FILES, check_output, output_folder, write_results
from backprop.cli.settings import Settings, config, said, settings_of
from backprop.cli.trainer import new_trainer
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
    net: NetOption = None,
    hidden: HiddenOption = None,
    activation: NewActivationOption = None,
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
    optimizer: OptimizerOption = "sgd",
    lr: RateOption = None,
    lr_schedule: ScheduleOption = "constant",
    augment: AugmentOption = "none",
    compile: CompileOption = False,
    dtype: Annotated[DTypeName, typer.Option(help="Dtype of parameters and data.")] = "float32",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the weights and the batches.")] = 0,
    out: Annotated[Path | None, out_option("runs/DATASET-DATE-TIME")] = None,
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
    config_file: ConfigOption = None,
) -> int:
    """Train a network of the book on MNIST.

    Shows accuracies after each epoch; writes parameters, history, settings and a picture.
    Writes checkpoints meanwhile. Ctrl-C ends it in order, a second one at once.
    """
    given = said(context)
    if "epochs" in given and "iterations" not in given:
        iterations = None  # a --config has them
    if iterations is not None and epochs is not None:
        raise ValueError("one of --iterations and --epochs must be given; got both")
    if resume is not None:
        settings = settings_of(last_of(resume), given)
        backend = backends.select(settings.device, settings.library)
        folder = last_of(resume).parent
    else:
        if lr is None or ("optimizer" in given and "lr" not in given):  # --config's is another's
            lr = recipe.OPTIMIZERS[optimizer][1]
        recipe.optimizer(optimizer, lr)
        recipe.moves(augment)
        net, wide, activation = chosen(net, hidden, activation)
        backend = backends.select(device, library)
        check_output(out, overwrite)
        settings = Settings(
            dataset=dataset,
            hidden=wide,
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
            net=net,
            optimizer=optimizer,
            lr_schedule=lr_schedule,
            augment=augment,
            compile=compile,
        )
    where = None if settings.data_dir is None else Path(settings.data_dir)
    where = where if resume is not None else data_dir
    data = load(Dataset(settings.dataset), where, flatten=settings.net not in CONVOLUTIONAL)
    counts = [len(part[0]) for part in data]
    if settings.batch_size > counts[0]:
        raise ValueError(
            f"--batch-size must be at most {counts[0]}, all there are; got {settings.batch_size}"
        )
    trainer = new_trainer(settings, backend, counts[0], resume)
    if resume is None:
        folder = output_folder(out, dataset)
    say(f"device: {backend}")
    say(f"data:   {settings.dataset}, {counts[0]:,} training and {counts[1]:,} test images")
    with Interruption(ALL) as signals:
        try:
            return _run(trainer, data, settings, folder, signals)
        except KeyboardInterrupt:
            say(f"\nended at once; what the last checkpoint holds goes on with {_again(folder)}")
            return 128 + (signals.received or signal.SIGINT)


def _run(
    trainer: Trainer, data: Any, settings: Settings, folder: Path, signals: Interruption
) -> int:
    """Train, write what came of it, say so, and return the exit code."""
    history = trainer.history
    batches = -(-len(data[0][0]) // settings.batch_size)
    rest = settings.steps(len(data[0][0])) - len(history.loss)
    if rest < 0:
        raise ValueError(f"the run must go on; it has {len(history.loss):,} iterations already")
    if history.loss:
        say(f"after:  {len(history.loss):,} iterations, {rest:,} to go")
    sweep(folder)
    keep = Checkpoints(folder, settings.checkpoint_every, {"run": json.dumps(asdict(settings))})
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
    died = problem is not None or not math.isfinite(history.loss[-1] if history.loss else 0.0)
    net = None if problem else trainer.net
    about = {"died": died, "versions": versions(trainer.net.backend or backends.host())}
    write_results(folder, net, history, {**config(settings, history), **about})
    point_to(folder)
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
            **config(settings, history),
            **about,
            "train_accuracy": history.train_accuracy[-1],
            "test_accuracy": history.test_accuracy[-1],
        }
    )
    if history.interrupted:
        return 128 + (signals.received or signal.SIGINT)
    return 1 if died and settings.on_nan == "warn" else 0


def _again(folder: Path) -> str:
    return f"`{command('train', '--resume', folder)}`"


def _forget_pause(history: History) -> None:
    """Leave out what was measured where an earlier run ended within an epoch."""
    if history.epoch and history.epoch[-1] % 1 and history.iteration[-1] == len(history.loss):
        for column in (history.epoch, history.iteration, history.train_accuracy):
            column.pop()
        history.test_accuracy.pop()


def _print_row(history: History) -> None:
    losses = history.loss[history.iteration[-2] if len(history.iteration) > 1 else 0 :]
    say(
        f"{history.epoch[-1]:7.2f} {sum(losses) / len(losses):7.4f} "
        f"{history.train_accuracy[-1]:7.2%} {history.test_accuracy[-1]:7.2%} "
        f"{history.seconds:7.1f}"
    )

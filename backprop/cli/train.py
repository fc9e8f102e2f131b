"""`backprop train`: the book's network learns handwritten digits."""

import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

import backends
from backprop.cli import recipe
from backprop.cli.computing import say_device
from backprop.cli.config_file import ConfigOption
from backprop.cli.digit_network import CONVOLUTIONAL, chosen
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
from backprop.cli.output import end_all, leads, manner, say
from backprop.cli.run_folder import alone, check_goes_on, check_output, output_folder
from backprop.cli.settings import Settings, said, settings_of
from backprop.cli.trainer import new_trainer
from backprop.cli.training import again, run_training
from backprop.parallel import world
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
    config: ConfigOption = None,
) -> int:
    """Train a network of the book on MNIST.

    Shows accuracies after each epoch; writes parameters, history, settings and a picture.
    Writes checkpoints meanwhile. Ctrl-C ends it in order, a second one at once.
    """
    manner.ranks = world()
    given = said(context)
    if "epochs" in given and "iterations" not in given:
        iterations = None  # a --config has them
    if iterations is not None and epochs is not None:
        raise ValueError("one of --iterations and --epochs must be given; got both")
    if resume is not None:
        settings = settings_of(last_of(resume), given, context)
        backend = backends.select(settings.device, settings.library)
        folder = last_of(resume).parent
    else:
        if lr is None or ("optimizer" in given and "lr" not in given):  # --config's is another's
            lr = recipe.OPTIMIZERS[optimizer][1]
        if "hidden" in given and "net" not in given and net not in CONVOLUTIONAL:
            net = None  # --config's has other widths
        recipe.optimizer(optimizer, lr)
        recipe.moves(augment)
        net, wide, activation = chosen(net, hidden, activation)
        backend = backends.select(device, library)
        if leads():
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
    trainer = new_trainer(settings, backend, counts[0], resume, manner.ranks)
    if resume is None:
        folder = output_folder(out, dataset) if leads() else Path()
    say_device(backend)
    if manner.ranks is not None:
        say(f"ranks:  {manner.ranks}")
    say(f"data:   {settings.dataset}, {counts[0]:,} training and {counts[1]:,} test images")
    with Interruption(ALL) as signals, alone(folder) if leads() else nullcontext():
        if leads():  # what ended meanwhile may have written there
            if resume is None:
                check_output(out, overwrite)
            else:
                check_goes_on(last_of(resume), len(trainer.history.loss))
        try:
            return run_training(trainer, data, settings, folder, signals)
        except KeyboardInterrupt:
            say(f"\nended at once; what the last checkpoint holds goes on with {again(folder)}")
            return end_all(128 + (signals.received or signal.SIGINT))

"""`backprop train`: the book's network learns handwritten digits."""

import itertools
import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

import backends
from backprop import SGD, History, Trainer, TwoLayerNet, plotting, save_network
from backprop.cli.options import (
    Activation,
    DataDirOption,
    Dataset,
    DatasetOption,
    DeviceOption,
    DTypeName,
    LibraryOption,
    load,
)

_ITERATIONS = 10_000
_FILES = ("params.safetensors", "history.csv", "config.json", "accuracy.png")


def train(
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
) -> int:
    """Train the two-layer network on MNIST.

    Shows accuracies after each epoch; writes parameters, history, configuration and a picture.
    """
    if iterations is not None and epochs is not None:
        raise ValueError("one of --iterations and --epochs must be given; got both")
    if iterations is None and epochs is None:
        iterations = _ITERATIONS
    optimizer = SGD(lr)
    backend = backends.select(device, library)
    if out is not None:
        _check_output(out, overwrite)
    train_set, test_set = load(dataset, data_dir)
    folder = _output_folder(out, dataset)
    print(f"device: {backend}")
    print(f"data:   {dataset}, {len(train_set[0]):,} training and {len(test_set[0]):,} test images")
    net = TwoLayerNet(
        784, hidden, 10, activation=activation, dtype=dtype, backend=backend, seed=seed
    )
    trainer = Trainer(net, optimizer, batch_size, seed)
    print(f"\n{'epoch':>7} {'loss':>8} {'train':>8} {'test':>8} {'seconds':>8}")
    history = trainer.fit(
        train_set, test_set, iterations=iterations, epochs=epochs, on_epoch=_print_row
    )
    config = {
        "dataset": dataset,
        "library": backend.name,
        "device": backend.device_name,
        "hidden": hidden,
        "activation": activation,
        "iterations": len(history.loss),
        "batch_size": batch_size,
        "lr": lr,
        "dtype": dtype,
        "seed": seed,
        "interrupted": history.interrupted,
        "seconds": round(history.seconds, 3),
    }
    _write(folder, net, history, config)
    if history.interrupted:
        print(f"\ninterrupted after {len(history.loss):,} iterations")
    if history.test_accuracy:
        print(
            f"\nfinal accuracy: train {history.train_accuracy[-1]:.2%}, "
            f"test {history.test_accuracy[-1]:.2%}"
        )
    print(f"written to {folder}: {', '.join(n for n in _FILES if (folder / n).exists())}")
    return 130 if history.interrupted else 0


def _print_row(history: History) -> None:
    first = history.iteration[-2] if len(history.iteration) > 1 else 0
    losses = history.loss[first:]
    print(
        f"{history.epoch[-1]:7.2f} {sum(losses) / len(losses):8.4f} "
        f"{history.train_accuracy[-1]:8.2%} {history.test_accuracy[-1]:8.2%} "
        f"{history.seconds:8.1f}"
    )


def _check_output(out: Path, overwrite: bool) -> None:
    """See before anything else that no earlier results are lost."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out must be a folder; {out} is a file")
    old = [name for name in _FILES if (out / name).exists()]
    if old and not overwrite:
        raise ValueError(
            f"--out must hold no earlier results; {out} holds {', '.join(old)}: "
            "give another folder, or --overwrite"
        )


def _output_folder(out: Path | None, dataset: str) -> Path:
    """Make the folder, and see before training that it can be written."""
    folder = _new_folder(dataset) if out is None else out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder):
            return folder
    except OSError as error:
        raise ValueError(f"--out must be a folder that can be written; {folder}: {error}") from None


def _new_folder(dataset: str) -> Path:
    """Make a folder in runs/ that no other run has, also none of the same second."""
    stem = f"{dataset}-{datetime.now():%Y%m%d-%H%M%S}"
    Path("runs").mkdir(exist_ok=True)
    for number in itertools.count(1):
        folder = Path("runs") / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        break
    return folder


def _write(folder: Path, net: TwoLayerNet, history: History, config: dict[str, Any]) -> None:
    """Write all files beside their places first, then put them there."""
    with TemporaryDirectory(dir=folder, prefix=".partial-") as name:
        partial = Path(name)
        save_network(partial / "params.safetensors", net)
        history.to_csv(partial / "history.csv")
        text = json.dumps(config, indent=2) + "\n"
        (partial / "config.json").write_text(text, encoding="utf-8")
        for path in partial.iterdir():
            path.replace(folder / path.name)
    _draw(folder / "accuracy.png", history)


def _draw(path: Path, history: History) -> None:
    """Draw the accuracies; whatever fails there, the results are on the disk already."""
    try:
        plotting.save(plotting.accuracy_curves(history), path)
    except Exception as error:  # a picture is optional, and can fail in any way
        path.unlink(missing_ok=True)
        print(f"no {path.name}: {error}")

"""`backprop export`: a network as an ONNX model, for programs without Python."""

from pathlib import Path
from typing import Annotated

import typer

import backends
from backprop import save_onnx
from backprop.cli.digit_network import sample_shape
from backprop.cli.options import (
    ActivationOption,
    NetworkDTypeOption,
    ParamsOption,
    load_digit_network,
)
from backprop.cli.output import answer, record, say
from backprop.storage.onnx import INPUT, PROBABILITIES, SCORES


def export(
    model: Annotated[Path, typer.Argument(help="File to write, such as model.onnx.")],
    params: ParamsOption,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Probabilities of the digits, not scores.")
    ] = False,
    activation: ActivationOption = None,
    dtype: NetworkDTypeOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the model if the file is there already.")
    ] = False,
) -> None:
    """Write a trained network as an ONNX model, which programs without Python run.

    It takes any number of digits at a time: rows of 784 pixels from 0 to 1, or pictures
    1 x 28 x 28 for a network that convolves.
    """
    if model.exists() and not overwrite:
        raise ValueError(
            f"the model must be a new file; {model} is there already: give another, or --overwrite"
        )
    net = load_digit_network(params, activation, backends.host(), dtype)
    shape = sample_shape(net)
    save_onnx(model, net, shape, probabilities=probabilities)
    output = PROBABILITIES if probabilities else SCORES
    say(f"layers: {', '.join(net.layers)}")
    say(f"input:  {INPUT} (N, {', '.join(map(str, shape))}), {net.dtype}")
    say(f"output: {output} (N, 10)")
    answer(f"written to {model}, {model.stat().st_size:,} bytes")
    record(
        {
            "params": str(params),
            "model": str(model),
            "bytes": model.stat().st_size,
            "input": {"name": INPUT, "shape": ["N", *shape], "dtype": str(net.dtype)},
            "output": {"name": output, "shape": ["N", 10]},
        }
    )

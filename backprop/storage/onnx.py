"""A network as a model in the format ONNX, which programs without Python run too.

Format: https://onnx.ai. The network's own `predict` is run on arrays of ndonnx, which record what
is computed: what is written is the code that was tested.
"""

import os
from collections.abc import Sequence
from typing import Any

import backends
from backends.distribution import pip_install
from backends.host import short_name
from backprop.arguments import a_path, wholes
from backprop.networks import Network
from backprop.storage.writing import write

INPUT, SCORES, PROBABILITIES, BATCH = "x", "scores", "probabilities", "N"
_DTYPES = ("float16", "float32", "float64")


def save_onnx(
    path: str | os.PathLike[str],
    net: Network,
    input_shape: Sequence[int],
    *,
    probabilities: bool = False,
) -> None:
    """Write a network as an ONNX model, for inference: ONNX Runtime and others run it.

    Its input is called `x`, with as many samples as one likes, in the network's dtype. Its output
    is called `scores`, shape (N, C), and is what `net.predict(x)` returns.

    Parameters
    ----------
    path : path
        The file; an old one stays whole until the new one is.
    net : Network
        Is not changed. A layer of your own must know no array library by name, and take inputs
        whose number of samples is not known: `x.shape[0]` is None.
    input_shape : sequence of int
        The shape of a sample: (784,), or (1, 28, 28).
    probabilities : bool
        Whether the output is called `probabilities` and is that: softmax or sigmoid of the scores,
        as the loss layer has it.

    Raises
    ------
    ModuleNotFoundError
        When ndonnx is not installed.
    OSError
        When the file can't be written.
    TypeError
        When ONNX has not the network's dtype, a layer can't be recorded, or the loss layer knows no
        probabilities.
    ValueError
        When samples of such a shape don't fit.
    """
    try:
        import ndonnx
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("ndonnx", "onnx", "spox"):
            raise
        raise ModuleNotFoundError(f"ONNX models need ndonnx: {pip_install('onnx')}") from None
    file = a_path("path", path)
    shape, dtype = wholes("input_shape", input_shape), _dtype(net, ndonnx)
    if not shape:
        raise ValueError("`input_shape` must have one number or more, those of a sample; got ()")
    x = ndonnx.argument(shape=(BATCH, *shape), dtype=dtype)
    other = net.to(backends.of(x))
    y = other.probabilities(x) if probabilities else other.predict(x)
    model = ndonnx.build({INPUT: x}, {PROBABILITIES if probabilities else SCORES: y})
    write(file, model.SerializeToString())


def _dtype(net: Network, ndonnx: Any) -> Any:
    """Return ndonnx's dtype for that of a network; float32 for one without parameters."""
    name = "float32" if net.dtype is None else short_name(net.dtype)
    if name not in _DTYPES:
        raise TypeError(f"an ONNX model must be in {', '.join(_DTYPES)}; got a network in {name}")
    return getattr(ndonnx, name)

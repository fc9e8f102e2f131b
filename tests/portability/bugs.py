"""The planted bugs: a line of the library written as it must not be, one at a time."""

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from backprop import arrays, functions, labels
from backprop.layers import Affine, Binary, Relu, Sigmoid, Tanh
from backprop.layers.loss import LossLayer
from backprop.networks.classes import predicted_classes


class Bug(NamedTuple):
    """`old` in the source of `function`, replaced by `new`."""

    function: Callable[..., Any]
    old: str
    new: str

    def plant(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Give the function, wherever it is already imported, the changed code."""
        source = textwrap.dedent(inspect.getsource(self.function))
        assert source.count(self.old) == 1, f"{self.old!r} must stand once in\n{source}"
        names = {**self.function.__globals__, "np": np}
        exec(compile(source.replace(self.old, self.new), "<planted>", "exec"), names)
        monkeypatch.setitem(self.function.__globals__, "np", np)
        monkeypatch.setattr(self.function, "__code__", names[self.function.__name__].__code__)


BUGS = {
    "missing device= in arange": Bug(
        labels.one_hot, "dtype=t.dtype, device=device(t)", "dtype=t.dtype"
    ),
    "missing device= in ones": Bug(
        arrays.column_sums, "dtype=x.dtype, device=device(x)", "dtype=x.dtype"
    ),
    "missing dtype=": Bug(arrays.row_sums, "(x.shape[1], 1), dtype=x.dtype, ", "(x.shape[1], 1), "),
    "hard-coded float64": Bug(
        LossLayer.forward,
        "x = floating_array(x)",
        "x = namespace(x).astype(x, namespace(x).float64)",
    ),
    "hard-coded int64": Bug(
        labels.one_hot, "t if t.dtype == index else xp.astype(t, index)", "xp.astype(t, xp.int64)"
    ),
    "NumPy scalar promotes": Bug(
        LossLayer.forward, "loss / scores.shape[0]", "loss / np.float64(scores.shape[0])"
    ),
    "NumPy ufunc on an array": Bug(functions.relu, "namespace(x).maximum", "np.maximum"),
    "NumPy operand": Bug(Tanh.slope, "1.0 - y * y", "np.ones(y.shape) - y * y"),
    "host round trip": Bug(
        functions.tanh,
        "namespace(x).tanh(x)",
        "namespace(x).asarray(np.tanh(np.asarray(x)), dtype=x.dtype, device=x.device)",
    ),
    "if any(x)": Bug(
        Relu.value,
        "x = as_array(x)",
        "x = as_array(x)\n    if namespace(x).any(x > 0):\n        pass",
    ),
    "float(x)": Bug(LossLayer.forward, "return loss /", "float(loss)\n    return loss /"),
    "x.item()": Bug(LossLayer.forward, "return loss /", "loss.item()\n    return loss /"),
    "bool times float": Bug(
        Relu.slope,
        "namespace(mask).astype(mask, dtype)",
        "mask * namespace(mask).ones(mask.shape, dtype=dtype, device=mask.device)",
    ),
    "mask assignment": Bug(
        functions.relu,
        "return namespace(x).maximum(x, 0)",
        "y = namespace(x).astype(x, x.dtype, copy=True)\n    y[x < 0] = 0.0\n    return y",
    ),
    "boolean indexing": Bug(
        LossLayer.forward, "return loss /", "targets[targets > 0]\n    return loss /"
    ),
    "item assignment": Bug(
        Sigmoid.value,
        "return y, y",
        "y[0, ...] = namespace(y).astype(y[0, ...], y.dtype)\n    return y, y",
    ),
    "data-dependent shape": Bug(
        LossLayer.forward, "return loss /", "namespace(x).nonzero(x)\n    return loss /"
    ),
    "method outside the standard": Bug(
        functions.cross_entropy_error,
        "-namespace(y).sum(t * namespace(y).log(y + eps))",
        "-(t * namespace(y).log(y + eps)).sum()",
    ),
    "function outside the standard": Bug(
        arrays.column_sums, "return xp.ones(", 'return xp.einsum("ij->j", x)\n    return xp.ones('
    ),
    "keyword outside the standard": Bug(
        functions.softmax,
        "exp = xp.exp(x - xp.max(x, axis=axis, keepdims=True))",
        "exp = x - xp.max(x, axis=axis, keepdims=True)\n    exp = xp.exp(exp, out=exp)",
    ),
    "integer array into floating": Bug(
        functions.cross_entropy_error,
        "/ y.shape[0]",
        "/ namespace(y).sum(namespace(y).ones_like(y[:, 0], dtype=namespace(y).int32))",
    ),
    "out-of-bounds slice": Bug(predicted_classes, "min(i + batch_size, count)", "i + batch_size"),
    "mixed fancy indexing": Bug(
        Affine._rows,
        "return rows",
        "return rows[xp.arange(rows.shape[0], device=rows.device), :]",
    ),
    "mutated input": Bug(functions.softmax, "return exp /", "x *= 2.0\n    return exp /"),
    "mutated dout": Bug(
        Binary.backward,
        "return _unbroadcast(dx, x), _unbroadcast(dy, y)",
        "dx, dy = _unbroadcast(dx, x), _unbroadcast(dy, y)\n    dout *= 2.0\n    return dx, dy",
    ),
    "device as a dictionary key": Bug(
        arrays.column_sums, "return xp.ones(", "{device(x): None}\n    return xp.ones("
    ),
}

"""ndonnx: arrays that record what is computed with them, as a graph in the format ONNX.

Its arrays are no place to compute: most have no values, and the length of an axis may be unknown,
`None` in the shape. They come in with a model that is written, and can't be selected.
"""

from typing import Any

import numpy as np

from ..distribution import extra
from ..namespace import Array, Device
from .library import Library


class NDOnnx(Library):
    """ndonnx, whose only device is whichever runs the model later."""

    name = "ndonnx"
    module = "ndonnx"
    namespace_name = "ndonnx"
    requirement = extra("onnx")
    default_device = "onnx"

    def devices(self) -> dict[str, Device]:
        """Return the one device that there is."""
        return {"onnx": self._info().default_device()}

    def dtypes(self, device: Device) -> dict[str, Any]:
        """Return the dtypes; ndonnx wants to be told of which kind."""
        found: dict[str, Any] = self._info().dtypes(device=device, kind=None)
        return found

    def _info(self) -> Any:
        return self.namespace().__array_namespace_info__()

    def has_values(self, device: Device) -> bool:
        """Tell that arrays have shapes and dtypes, and values only once the model runs."""
        return False

    def to_numpy(self, x: Array) -> Any:
        """Copy an array to the host, if it is a constant.

        Raises
        ------
        TypeError
            When it is computed from the model's inputs.
        """
        try:
            return x.unwrap_numpy().copy(order="C")
        except ValueError:
            raise TypeError("an array of ndonnx has no values before its model is run") from None

    def pad(self, x: Array, widths: tuple[tuple[int, int], ...], value: float) -> Array:
        """Return `x` with a border, by ONNX's own operation: the length of an axis may be unknown.

        What ndonnx can do of the standard here forgets the lengths that are known.
        """
        import spox.opset.ai.onnx.v21 as onnx

        pads = np.asarray([*(before for before, _ in widths), *(after for _, after in widths)])
        fill = onnx.const(value, dtype=x.dtype.unwrap_numpy())
        padded = onnx.pad(x.unwrap_spox(), onnx.const(pads), fill)
        return self.namespace().asarray(padded)

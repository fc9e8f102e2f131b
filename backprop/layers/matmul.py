"""The matrix product (section 5.6.1)."""

from typing import Any

from backends import Array, namespace
from backprop.arrays import floating_array, shape
from backprop.layers.layer import Layer, as_dtype, upstream


class MatMul(Layer):
    """x @ y of matrices or vectors: N rows, D inputs, M columns.

    Arrays of integers are computed in the library's default floating dtype.

    Examples
    --------
    >>> import numpy as np
    >>> layer = MatMul()
    >>> layer.forward(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    >>> layer.backward()
    (array([[3., 4.]]), array([[1.],
           [2.]]))
    """

    def forward(self, x: Array, y: Array) -> Array:
        """Return x @ y.

        Parameters
        ----------
        x : array, shape (N, D) or (D,)
        y : array, shape (D, M) or (D,)

        Returns
        -------
        array, shape (N, M) without the axis that a vector lacks

        Raises
        ------
        TypeError
            When an input is no array, or they are of different libraries.
        ValueError
            When the shapes don't fit.
        """
        xp = namespace(x, y)
        if x.ndim not in (1, 2) or y.ndim not in (1, 2) or x.shape[-1] != y.shape[0]:
            raise ValueError(
                "`x` and `y` must have shapes (N, D) or (D,), and (D, M) or (D,); "
                f"got {shape(x)} and {shape(y)}"
            )
        x, y = floating_array(x), floating_array(y)
        self.cache = x, y
        return xp.matmul(x, y)  # which promotes on every library; `@` does not

    def backward(self, dout: Any = 1) -> tuple[Array, Array]:
        """Return dx = dout @ y.T and dy = x.T @ dout, in the shapes of `x` and `y`."""
        x, y = self.recall()
        xp = namespace(x)
        rows = x if x.ndim == 2 else xp.reshape(x, (1, -1))
        columns = y if y.ndim == 2 else xp.reshape(y, (-1, 1))
        dout = upstream(dout, (*x.shape[:-1], *y.shape[1:]), x)
        dout = xp.reshape(dout, (rows.shape[0], columns.shape[1]))
        dx = xp.reshape(xp.matmul(dout, columns.T), x.shape)
        dy = xp.reshape(xp.matmul(rows.T, dout), y.shape)
        return as_dtype(dx, x.dtype), as_dtype(dy, y.dtype)

"""The matrix: the backends that tests run over, and what each of them shows."""

from typing import NamedTuple


class Row(NamedTuple):
    """A backend as tests use it; float32 is taken where there is no float64."""

    library: str
    device: str = "cpu"
    dtype: str = "float64"
    readonly: bool = False
    """Inputs can't be written to: a function that changes them fails."""
    strictest: bool = False
    """No boolean indexing, no data-dependent shapes, no extensions."""
    traced: bool = False
    """`Case.run` traces its function under `jax.jit`: no value exists meanwhile."""
    no_indices: str = ""
    """Why argmax and argsort can't be used there; empty where they can."""


_STRICT = "array-api-strict"
_NO_INDICES = (
    "array-api-strict 2.6: argmax and argsort give int64, which no_x64 lacks; see "
    "https://data-apis.org/array-api/latest/API_specification/generated/array_api.argmax.html"
)

MATRIX = {
    "numpy": Row("numpy"),
    "numpy:float32": Row("numpy", dtype="float32"),
    "numpy:readonly": Row("numpy", readonly=True),
    "strict:cpu": Row(_STRICT),
    "strict:device1": Row(_STRICT, "device1"),
    "strict:no_float64": Row(_STRICT, "no_float64"),
    "strict:no_x64": Row(_STRICT, "no_x64", no_indices=_NO_INDICES),
    "strict:strictest": Row(_STRICT, strictest=True),
    "torch": Row("torch"),
    "torch:meta": Row("torch", "meta"),
    "jax": Row("jax"),
    "jax:jit": Row("jax", traced=True),
    "dpnp": Row("dpnp"),
    "cupy": Row("cupy", "cuda"),
}

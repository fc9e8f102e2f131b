"""One adaptor a file: what each array library does in its own way.

No array library but NumPy is imported before it is selected, or an array of it comes in.
"""

from backends.libraries.cupy import CuPy
from backends.libraries.dpnp import DPNP
from backends.libraries.jax import Jax
from backends.libraries.library import ForeignLibrary, Library, Memory, is_cuda
from backends.libraries.numpy import NumPy
from backends.libraries.strict import Strict
from backends.libraries.torch import PyTorch
from backends.namespace import Array, namespace

__all__ = ["KNOWN", "Library", "Memory", "is_cuda", "library_of"]

KNOWN: dict[str, Library] = {
    library.name: library for library in (NumPy(), CuPy(), PyTorch(), Jax(), DPNP(), Strict())
}
_by_namespace = {library.namespace_name: library for library in KNOWN.values()}


def library_of(x: Array) -> Library:
    """Return the adaptor of the library that made `x`."""
    return _by_namespace.get(namespace(x).__name__) or ForeignLibrary(x)

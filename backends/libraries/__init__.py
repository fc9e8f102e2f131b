"""One adaptor a file: what each array library does in its own way.

No array library but NumPy is imported before it is selected, or an array of it comes in.
"""

from ..namespace import Array, finders, namespace
from .cupy import CuPy
from .dpnp import DPNP
from .jax import Jax
from .library import ForeignLibrary, Library, Memory, is_cuda
from .ndonnx import NDOnnx
from .numpy import NumPy
from .strict import Strict
from .torch import PyTorch

__all__ = ["KNOWN", "Library", "Memory", "is_cuda", "library_of", "library_or_none", "register"]

KNOWN: dict[str, Library] = {}
"""The adaptors by name, as `backends.select` knows them."""
_by_namespace: dict[str, Library] = {}


def register(library: Library) -> None:
    """Add an adaptor: `backends.select` then knows its name, and `backends.namespace` its arrays.

    An adaptor of a library with arrays that array-api-compat does not know has `namespace_of`.
    """
    KNOWN[library.name] = library
    _by_namespace[library.namespace_name] = library
    finders.append(library)


for _library in (NumPy(), CuPy(), PyTorch(), Jax(), DPNP(), Strict()):
    register(_library)
_by_namespace[NDOnnx.namespace_name] = NDOnnx()  # not to be selected: its arrays have no values


def library_of(x: Array) -> Library:
    """Return the adaptor of the library that made `x`."""
    xp = namespace(x)
    return _by_namespace.get(xp.__name__) or ForeignLibrary(xp)


def library_or_none(x: object) -> Library | None:
    """Return the adaptor of the library that made `x`; None of what is no array."""
    try:
        return library_of(x)
    except TypeError:
        return None

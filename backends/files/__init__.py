"""Files of NumPy arrays, read so that nothing in them can run."""

from backends.files.npz import read_npz
from backends.files.pickles import read_pickle

__all__ = ["read_npz", "read_pickle"]

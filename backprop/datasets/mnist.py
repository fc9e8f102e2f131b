"""MNIST: 28 x 28 pictures of handwritten digits (section 3.6.1).

Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"; CC BY-SA 3.0.
"""

import os
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from backprop import functions
from backprop.arguments import a_path, truth
from backprop.datasets import download
from backprop.datasets.idx import read_idx

FOLDER_VARIABLE = "BACKPROP_DATA_DIR"

Pair: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]
Sets: TypeAlias = tuple[Pair, Pair]

# name: (SHA-256 unpacked, SHA-256 as published, gzipped)
FILES = {
    "train-images-idx3-ubyte": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels-idx1-ubyte": (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "t10k-images-idx3-ubyte": (
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "t10k-labels-idx1-ubyte": (
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}


def load_mnist(
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    path: str | os.PathLike[str] | None = None,
) -> Sets:
    """Return MNIST: 60,000 training and 10,000 test digits, as NumPy arrays.

    The four files, gzipped or plain, are looked for in `path`, in the folder that
    `BACKPROP_DATA_DIR` names, and in the user's cache; what is nowhere is downloaded to the cache,
    unless `BACKPROP_OFFLINE=1`. Every file's SHA-256 is checked, and a file that is damaged in the
    cache is fetched again.

    Parameters
    ----------
    normalize : bool
        Pixels as float32 from 0 to 1; otherwise uint8 from 0 to 255.
    flatten : bool
        Images of shape (N, 784); otherwise (N, 1, 28, 28).
    one_hot_label : bool
        Labels of shape (N, 10), float32; otherwise (N,), uint8.
    path : path, optional
        Folder with the files.

    Returns
    -------
    (x_train, t_train), (x_test, t_test)

    Raises
    ------
    FileNotFoundError
        When a file is nowhere and can't be downloaded; says where it was looked for.
    TypeError
        When one of the first three is neither True nor False.
    ValueError
        When a file is damaged.
    """
    forms = _forms(normalize, flatten, one_hot_label)
    return _sets([_read(name, path) for name in FILES], *forms)


def load_mnist_sample(
    normalize: bool = True, flatten: bool = True, one_hot_label: bool = False
) -> Sets:
    """Return the first 10,000 training and 2,000 test digits of MNIST, which ship with the package.

    Parameters and result as in `load_mnist`.
    """
    forms = _forms(normalize, flatten, one_hot_label)
    with as_file(files("backprop.datasets") / "sample") as folder:
        return _sets([read_idx(folder / f"{name}.gz") for name in FILES], *forms)


def _read(name: str, path: str | os.PathLike[str] | None) -> npt.NDArray[np.uint8]:
    """Return one of the files; one that is damaged in the cache is fetched again."""
    found, sha256 = _find(name, path), FILES[name][0]
    try:
        return read_idx(found, sha256)
    except ValueError as damage:
        if found.parent != download.cache_folder():
            raise
        try:
            again = download.fetch(f"{name}.gz", FILES[name][1])
        except FileNotFoundError as error:
            raise ValueError(f"{damage}; it can't be fetched again, as {error}") from None
        return read_idx(again, sha256)


def _find(name: str, path: str | os.PathLike[str] | None) -> Path:
    """Return the path of one of the files, after a download if need be."""
    folders = [path, os.environ.get(FOLDER_VARIABLE) or None, download.cache_folder()]
    places = [a_path("path", folder) for folder in folders if folder is not None]
    for place in places:
        for candidate in (place / f"{name}.gz", place / name):
            if candidate.is_file():
                return candidate
    try:
        return download.fetch(f"{name}.gz", FILES[name][1])
    except FileNotFoundError as error:
        looked = ", ".join(map(str, places)) or "no folder"
        raise FileNotFoundError(
            f"{name}(.gz) must be in the folder given, in {FOLDER_VARIABLE} or in the cache; "
            f"looked in {looked}; {error}"
        ) from None


def _forms(normalize: bool, flatten: bool, one_hot_label: bool) -> tuple[bool, bool, bool]:
    """Return the three, and see that they are truth values."""
    return (
        truth("normalize", normalize),
        truth("flatten", flatten),
        truth("one_hot_label", one_hot_label),
    )


def _sets(
    arrays: list[npt.NDArray[np.uint8]], normalize: bool, flatten: bool, one_hot_label: bool
) -> Sets:
    def images(x: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        x = x.reshape(len(x), -1) if flatten else x[:, np.newaxis]
        return x.astype(np.float32) / 255.0 if normalize else x

    def digits(t: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        return functions.one_hot(t, 10, np.float32) if one_hot_label else t

    x_train, t_train, x_test, t_test = arrays
    return (images(x_train), digits(t_train)), (images(x_test), digits(t_test))

"""Settings that a program of the book is run with."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backends import Array, Backend
from backprop import load_mnist_sample, plotting
from backprop.graph import Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Settings:
    """Backend, data and output folder of a program.

    Attributes
    ----------
    backend : Backend
        Library and device of its arrays.
    out : Path or None
        Folder for pictures; none is drawn if it is None.
    data : callable
        Function that returns `(x_train, t_train), (x_test, t_test)`, as `load_mnist` does.
    params : Path or None
        File of trained parameters, for the programs in `TAKE_PARAMS`.
    pictures : list of Path
        Files that `save` has written.
    """

    backend: Backend
    out: Path | None = None
    data: Callable[[], Any] = load_mnist_sample
    params: Path | None = None
    pictures: list[Path] = field(default_factory=list)

    def digits(self) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        """Return `(x_train, t_train), (x_test, t_test)` as arrays of the backend."""
        train, test = self.data()
        x_train, t_train, x_test, t_test = map(self.backend.asarray, (*train, *test))
        return (x_train, t_train), (x_test, t_test)

    def keep(self, results: Any, name: str) -> None:
        """Write results, in JSON values, into the folder `out`, if there is one."""
        if self.out is not None:
            self.out.mkdir(parents=True, exist_ok=True)
            path = self.out / name
            text = json.dumps(results, indent=1).replace("NaN", "null")  # which JSON lacks
            path.write_text(text + "\n", encoding="utf-8")
            print(f"written: {path}")

    def save(self, picture: "Axes | Drawing", name: str) -> None:
        """Write a picture into the folder `out`, which is made if it is missing."""
        assert self.out is not None
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / name
        if isinstance(picture, Drawing):
            picture.save(path)
        else:
            plotting.save(picture, path)
        self.pictures.append(path)
        print(f"written: {path}")

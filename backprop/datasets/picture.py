"""A picture of a handwritten digit, from any image file, made to look as MNIST's do.

MNIST's digits were cropped, scaled to 20 pixels and put into 28 x 28 by their center of mass:
http://yann.lecun.com/exdb/mnist/.
"""

import os
import warnings
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.distribution import pip_install
from backprop.datasets.digit_check import doubt
from backprop.datasets.image_file import Floats, read_image

Pixels: TypeAlias = npt.NDArray[np.uint8]

_FIELD, _BOX = 28, 20  # pixels: the side of MNIST's pictures, and the longer side of a digit
_DOUBT = 0.2  # the probability that it shows no digit, above which it is said
_FILLED = 0.05  # of what lies beside ink is as dark: it is the edge of something, not a stroke


def load_picture(
    path: str | os.PathLike[str], normalize: bool = True, flatten: bool = True
) -> npt.NDArray[Any]:
    """Return one digit as `load_mnist` returns many, from a picture of any size and color mode.

    Ink is what stands out from the ground around it, dark on light or light on dark: light may fall
    unevenly, paper may be ruled or framed. It is cropped, scaled to 20 pixels on its longer side,
    on which thin strokes are widened to 1.3, and moved until its center of mass is in the middle.

    Parameters
    ----------
    path : path
        A PNG, JPEG, GIF, BMP, TIFF, WebP or PPM file, which its first bytes tell and not its name.
        Nothing that a file names is started.
    normalize : bool
        Pixels as float32 from 0 to 1; otherwise uint8 from 0 to 255.
    flatten : bool
        Shape (784,); otherwise (1, 28, 28).

    Raises
    ------
    ModuleNotFoundError
        When Pillow or scikit-image is not installed.
    OSError
        When the file can't be read.
    ValueError
        When it is no such image, is blank, or shows several digits, or has more pixels than
        `read_image` takes: 67,108,864, in some formats fewer.

    Warns
    -----
    UserWarning
        When it seems to show no digit: `digit_check` doubts it, or it is filled, or the edge of
        something. Signs that are drawn as a digit is get none: O, o, I, l, S, s, Z, z, q. Of other
        letters, in 59 typefaces, 99 % were warned of, of handwritten digits 3 %.
    """
    colors = read_image(path)
    try:
        from backprop.datasets.ink import find_ink, thickened
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"digits are found with scikit-image: {pip_install('image')}"
        ) from None
    drawing = find_ink(colors)
    small = None if drawing is None else scaled(thickened(drawing.ink))
    if drawing is None or small is None or not small.any():
        raise ValueError(
            f"{path} must show a digit; it is blank, or shows one that is tiny or cut out closely"
        )
    if drawing.digits > 1:
        raise ValueError(f"{path} must show one digit; {drawing.digits} parts of it lie apart")
    x = centered(small)
    if drawing.filled > _FILLED:
        warnings.warn(f"{path} may show no digit: it is filled, or an edge", stacklevel=2)
    elif doubt(x) > _DOUBT:
        warnings.warn(f"{path} may show no digit: it looks like another sign", stacklevel=2)
    x = x.reshape(-1) if flatten else x[np.newaxis]
    return x.astype(np.float32) / 255.0 if normalize else x


def scaled(ink: Floats) -> Pixels:
    """Return uint8 pixels, the longer side 20 and the other in proportion, anti-aliased."""
    from PIL import Image

    height, width = ink.shape
    scale = _BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC)
    x = np.array(small, np.float32)
    return np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)


def centered(x: Pixels) -> Pixels:
    """Return the field of 28 x 28 with `x` in it, its center of mass as near the middle as goes."""
    padding = []
    for axis, length in enumerate(x.shape):
        mass = np.sum(x, axis=1 - axis, dtype=np.float64)
        middle = np.sum(mass * np.arange(length)) / np.sum(mass)
        before = min(max(round(float(_FIELD / 2 - middle)), 0), _FIELD - length)
        padding.append((before, _FIELD - length - before))
    return np.pad(x, padding)

"""A picture of a handwritten digit, from any image file, made to look as MNIST's do.

MNIST's digits were cropped, scaled to 20 pixels and put into 28 x 28 by their center of mass:
http://yann.lecun.com/exdb/mnist/.
"""

import os
import warnings
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.distribution import pip_install

if TYPE_CHECKING:
    from PIL.Image import Image

Floats: TypeAlias = npt.NDArray[np.float32]
Pixels: TypeAlias = npt.NDArray[np.uint8]

_FIELD, _BOX = 28, 20  # pixels: the side of MNIST's pictures, and the longer side of a digit
_MIN_CONTRAST = 0.1  # of the full range, and of the strongest ink; what differs less is no ink


def load_picture(
    path: str | os.PathLike[str], normalize: bool = True, flatten: bool = True
) -> npt.NDArray[Any]:
    """Return one digit as `load_mnist` returns many, from a picture of any size and color mode.

    Ink is what differs from the border, dark on light or light on dark. It is cropped, scaled to 20
    pixels on its longer side, and moved until its center of mass is in the middle.

    Parameters
    ----------
    path : path
        Image of any format that Pillow reads, with one digit on a plain ground. Where it is
        transparent, the ground is white under dark ink and black under light ink.
    normalize : bool
        Pixels as float32 from 0 to 1; otherwise uint8 from 0 to 255.
    flatten : bool
        Shape (784,); otherwise (1, 28, 28).

    Raises
    ------
    ModuleNotFoundError
        When Pillow is not installed.
    OSError
        When the file can't be read.
    ValueError
        When it is no image, too large an image, or blank.
    """
    ink = _ink(_read(path))
    small = None if ink is None else _scaled(_cropped(ink))
    if small is None or not small.any():
        raise ValueError(f"{path} must show a digit; it is blank")
    x = _centered(small)
    x = x.reshape(-1) if flatten else x[np.newaxis]
    return x.astype(np.float32) / 255.0 if normalize else x


def _read(path: str | os.PathLike[str]) -> Floats:
    """Return the brightness of each pixel, shape (H, W), upright as the file says."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"pictures are read with Pillow: {pip_install('image')}"
        ) from None
    with open(path, "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(file)
            image.load()
            return _gray(ImageOps.exif_transpose(image))
        except UnidentifiedImageError:
            raise ValueError(f"{path} must be an image; its format is unknown") from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise ValueError(
                f"{path} must have at most {Image.MAX_IMAGE_PIXELS:,} pixels"
            ) from None
        except (EOFError, OSError, SyntaxError, ValueError) as error:
            raise ValueError(f"{path} must be an image that can be read: {error}") from None


def _gray(image: "Image") -> Floats:
    """Return brightness from 0 to 1, on a ground that shows the ink where there is none."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip
        return np.array(image, np.float32) / np.float32(65535.0)
    if "A" not in image.getbands() and "transparency" not in image.info:
        return np.array(image.convert("L"), np.float32) / np.float32(255.0)
    pixels: Floats = np.array(image.convert("RGBA").convert("LA"), np.float32) / np.float32(255.0)
    light, opacity = pixels[:, :, 0], pixels[:, :, 1]
    ground = np.float32(np.sum(light * opacity) < 0.5 * np.sum(opacity))  # 1 under dark ink
    return light * opacity + (1 - opacity) * ground


def _ink(gray: Floats) -> Floats | None:
    """Return how much each pixel differs from the border, from 0 to 1; None if none does."""
    border = np.sort(np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]]))
    ground = border[len(border) // 2]
    darker, lighter = ground - gray.min(), gray.max() - ground
    ink = ground - gray if darker > lighter else gray - ground
    strongest = ink.max()
    if strongest < _MIN_CONTRAST:
        return None
    return np.where(ink < _MIN_CONTRAST * strongest, np.float32(0.0), ink / strongest)


def _cropped(ink: Floats) -> Floats:
    rows, columns = (np.flatnonzero(np.any(ink > 0, axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _scaled(ink: Floats) -> Pixels:
    """Return uint8 pixels, the longer side 20 and the other in proportion, anti-aliased."""
    from PIL import Image

    height, width = ink.shape
    scale = _BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC)
    x = np.array(small, np.float32)
    return np.round(np.clip(x, 0, 1) * 255).astype(np.uint8)


def _centered(x: Pixels) -> Pixels:
    """Return the field of 28 x 28 with `x` in it, its center of mass as near the middle as goes."""
    padding = []
    for axis, length in enumerate(x.shape):
        mass = np.sum(x, axis=1 - axis, dtype=np.float64)
        middle = np.sum(mass * np.arange(length)) / np.sum(mass)
        before = min(max(round(float(_FIELD / 2 - middle)), 0), _FIELD - length)
        padding.append((before, _FIELD - length - before))
    return np.pad(x, padding)

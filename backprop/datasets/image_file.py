"""An image file from anybody, read into colors from 0 to 1; nothing it names is ever started."""

import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.distribution import pip_install
from backprop.storage.reading import printable, regular_file

if TYPE_CHECKING:
    from PIL.Image import Image

Floats: TypeAlias = npt.NDArray[np.float32]

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")
"""What is decoded within Pillow. Of its other formats some start a program: EPS is run."""

MAX_PIXELS = 1 << 26  # 8192 x 8192
_SIDE = 1024  # pixels that are looked at; larger pictures are made smaller, strip by strip
_STRIP = 1 << 20  # pixels
_COPIES = {"WEBP": 4, "TIFF": 2}  # of the picture that a decoder may hold at once
_BEYOND = 64 << 20  # bytes that all but one of them may take
_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2}  # of a pixel in Pillow; else 4
_TURNS: dict[int, Callable[[Floats], Floats]] = {  # what the tag "orientation" asks for
    2: lambda colors: colors[:, ::-1],
    3: lambda colors: colors[::-1, ::-1],
    4: lambda colors: colors[::-1],
    5: lambda colors: colors.swapaxes(0, 1),
    6: lambda colors: colors[::-1].swapaxes(0, 1),
    7: lambda colors: colors[::-1, ::-1].swapaxes(0, 1),
    8: lambda colors: colors[:, ::-1].swapaxes(0, 1),
}
_ORIENTATION = 0x0112
_RANGES = (1.0, 255.0, 4095.0, 65535.0)  # of modes that don't say what white is


def read_image(path: str | os.PathLike[str]) -> Floats:
    """Return colors and opacity from 0 to 1, upright as the file says.

    Parameters
    ----------
    path : path
        Image of one of `FORMATS`, whatever its name; of several in one file, the first.

    Returns
    -------
    numpy.ndarray, float32, shape (H, W, 4)
        Red, green, blue and opacity; 1024 pixels at most on the longer side, means of those of the
        file.

    Raises
    ------
    ModuleNotFoundError
        When Pillow is not installed.
    OSError
        When the file can't be read.
    ValueError
        When it is no such image, damaged, or has more than `MAX_PIXELS` pixels: a WebP file more
        than 5,592,405, a TIFF file in color more than 16,777,216, as their decoders hold
        the picture several times.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"pictures are read with Pillow: {pip_install('image')}"
        ) from None
    with open(regular_file(path), "rb") as file, warnings.catch_warnings(action="ignore"):
        try:
            image: Any = Image.open(file, formats=FORMATS)
            _check_size(image)
            image.draft(None, (_SIDE, _SIDE))  # JPEG is decoded at a size near this one
            image.load()
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
            colors = _colors(image)
            return colors if turn is None else np.ascontiguousarray(turn(colors))
        except UnidentifiedImageError:
            known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
            raise ValueError(f"{path} must be a {known} image; its format is unknown") from None
        except (Image.DecompressionBombError, _TooLargeError) as error:
            most = error.args[0] if isinstance(error, _TooLargeError) else MAX_PIXELS
            raise ValueError(f"{path} must have at most {most:,} pixels") from None
        except Exception as error:  # a damaged file makes a decoder raise anything
            what = printable(str(error) or type(error).__name__)[:300]
            raise ValueError(f"{path} must be an image that can be read: {what}") from None


class _TooLargeError(Exception):
    """Raised before anything is decoded, with the number of pixels that there may be."""


def _check_size(image: "Image") -> None:
    more = (_COPIES.get(image.format or "", 1) - 1) * _BYTES.get(image.mode, 4)
    most = min(MAX_PIXELS, _BEYOND // more) if more else MAX_PIXELS
    if image.width * image.height > most:
        raise _TooLargeError(most)


def _colors(image: "Image") -> Floats:
    """Return colors and opacity, strip by strip: the whole picture is never held in floats."""
    factor = -(-max(image.size) // _SIDE)
    height = max(1, _STRIP // (image.width * factor)) * factor
    strips = [
        _strip(image.crop((0, top, image.width, min(top + height, image.height))), factor)
        for top in range(0, image.height, height)
    ]
    colors = np.concatenate(strips)
    if image.mode.startswith(("I", "F")):
        colors[:, :, :3] = _ranged(colors[:, :, :1])
    return colors


def _strip(image: "Image", factor: int) -> Floats:
    """Return one strip, each `factor` x `factor` pixels of it as their mean."""
    across = min(factor, image.height), min(factor, image.width)
    if image.mode.startswith(("I", "F")):  # which Pillow would clip to 0..255
        values = np.array(image, np.float32)
        gray: npt.NDArray[Any] = _means(values, *across)[:, :, np.newaxis]
        return np.concatenate([gray, gray, gray, np.ones_like(gray)], axis=2)
    return np.array(image.convert("RGBA").reduce(across[::-1]), np.float32) / np.float32(255.0)


def _means(values: Floats, height: int, width: int) -> Floats:
    """Return the mean of each rectangle, the last ones filled up with the last row and column."""
    rows, columns = -len(values) % height, -len(values[0]) % width
    filled = np.pad(values, ((0, rows), (0, columns)), mode="edge")
    parts = filled.reshape(filled.shape[0] // height, height, -1, width)
    return np.asarray(parts.mean(axis=(1, 3), dtype=np.float64), np.float32)


def _ranged(values: Floats) -> Floats:
    """Return values from 0 to 1, in the narrowest usual range that holds them, or in their own."""
    if not np.isfinite(values).all():
        raise ValueError("its values must be finite")
    least, most = min(0.0, float(values.min())), float(values.max())
    white = next((white for white in _RANGES if most <= white), most)
    wide = values.astype(np.float64)  # there may be float32's least and largest number
    return np.asarray((wide - least) / (white - least), np.float32)

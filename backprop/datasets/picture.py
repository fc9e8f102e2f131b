"""A picture of a handwritten digit, from any image file, made to look as MNIST's do.

MNIST's digits were cropped, scaled to 20 pixels and put into 28 x 28 by their centre of mass:
http://yann.lecun.com/exdb/mnist/.
"""

import os
import warnings
from typing import TYPE_CHECKING

import backends
from backends import Array, namespace

if TYPE_CHECKING:
    from PIL.Image import Image

_FIELD, _BOX = 28, 20
_FAINT = 0.1  # what differs less is no ink: of the full range, and of what differs most


def load_picture(
    path: str | os.PathLike[str], normalize: bool = True, flatten: bool = True
) -> Array:
    """Return one digit as `load_mnist` returns many, from a picture of any size and colour mode.

    What differs from the border is ink, be it dark on light or light on dark. It is cropped,
    scaled to 20 pixels on its longer side, and moved until its centre of mass is in the middle.

    Parameters
    ----------
    path : path
        Any image that Pillow reads, with one digit on a plain ground; where it is transparent,
        the ground is white under dark ink and black under light ink.
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
    x = _centred(small)
    xp = namespace(x)
    x = xp.reshape(x, (-1,) if flatten else (1, _FIELD, _FIELD))
    return xp.astype(x, xp.float32) / 255.0 if normalize else x


def _read(path: str | os.PathLike[str]) -> Array:
    """Return the brightness of each pixel, shape (H, W), upright as the file says."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "pictures are read with Pillow: pip install 'backprop[image]'"
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


def _gray(image: "Image") -> Array:
    """Return brightness from 0 to 1, on a ground that shows the ink where there is none."""
    host = backends.host()
    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip
        return host.asarray(image, "float32") / 65535.0
    if "A" not in image.getbands() and "transparency" not in image.info:
        return host.asarray(image.convert("L"), "float32") / 255.0
    xp = host.xp
    pixels = host.asarray(image.convert("RGBA").convert("LA"), "float32") / 255.0
    light, opacity = pixels[:, :, 0], pixels[:, :, 1]
    dark = xp.sum(light * opacity) < 0.5 * xp.sum(opacity)
    return light * opacity + (1.0 - opacity) * (1.0 if dark else 0.0)


def _ink(gray: Array) -> Array | None:
    """Return how much each pixel differs from the border, from 0 to 1; None if none does."""
    xp = namespace(gray)
    edges = (gray[0, :], gray[-1, :], gray[:, 0], gray[:, -1])
    border = xp.sort(xp.concat(edges))
    ground = border[border.shape[0] // 2]
    darker, lighter = ground - xp.min(gray), xp.max(gray) - ground
    ink = ground - gray if darker > lighter else gray - ground
    most = xp.max(ink)
    if most < _FAINT:
        return None
    return xp.where(ink < _FAINT * most, 0.0, ink / most)


def _cropped(ink: Array) -> Array:
    xp = namespace(ink)
    rows, columns = (xp.nonzero(xp.any(ink > 0, axis=axis))[0] for axis in (1, 0))
    return ink[int(rows[0]) : int(rows[-1]) + 1, int(columns[0]) : int(columns[-1]) + 1]


def _scaled(ink: Array) -> Array:
    """Return uint8 pixels, the longer side 20 and the other in proportion, anti-aliased."""
    from PIL import Image

    height, width = ink.shape
    scale = _BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    host = backends.host()
    small = Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC)
    x = host.asarray(small, "float32")
    xp = namespace(x)
    return xp.astype(xp.round(xp.clip(x, 0.0, 1.0) * 255.0), xp.uint8)


def _centred(x: Array) -> Array:
    """Return the field of 28 x 28 with `x` in it, its centre of mass as near the middle as goes."""
    xp = namespace(x)
    for axis in (0, 1):
        length = x.shape[axis]
        mass = xp.sum(x, axis=1 - axis, dtype=xp.float64)
        middle = xp.sum(mass * xp.arange(length, dtype=xp.float64)) / xp.sum(mass)
        before = min(max(round(float(_FIELD / 2 - middle)), 0), _FIELD - length)
        blank = [list(x.shape), list(x.shape)]
        blank[0][axis], blank[1][axis] = before, _FIELD - length - before
        above, below = (xp.zeros(tuple(shape), dtype=x.dtype) for shape in blank)
        x = xp.concat([above, x, below], axis=axis)
    return x

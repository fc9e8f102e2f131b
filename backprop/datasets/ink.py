"""The ink of a digit in a picture as people have them: unevenly lit, framed, ruled, noisy.

The ground is taken locally, as it varies slowly; ink differs from it by more than the picture's own
threshold (Otsu, with hysteresis); frames, specks and faint lines are left out.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import filters, measure, transform

from backprop.datasets.image_file import Floats

Mask: TypeAlias = npt.NDArray[np.bool_]

_SIDE = 320  # pixels: what the longer side is brought to, if it is longer
_FEW = 160  # pixels: what has half as many, or fewer, is enlarged
_COARSE = 64  # pixels: the same for the ground
_SMALL = 80  # pixels of `_SIDE`: what is no larger is looked at again from nearby
_WINDOW = 0.35  # of the longer side: ink is narrower, and ground is wider
_MIN_CONTRAST = 0.1  # of the full range, and of the strongest ink
_STRONGEST = 0.9997  # of all pixels are fainter than a tiny digit is
_NOISE = 8.0  # times the noise of a picture: what it reaches by itself
_FRAME = 0.15  # of the picture's range: how much a frame differs at least
_SPECK = 0.03  # of the largest part's ink: less is no part of a digit
_REACH = 0.3  # of the digit's longer side: what lies farther from it is no stroke of it
_THING = 0.2  # of the digit's height: what is no higher, and out of reach, is left out too
_THIN = 1.3 / 20  # of the ink's longer side: thinner strokes would fade when they are scaled
_LINE = 1 / 30  # of its length: no stroke of a digit is as thin
_FLAT = 0.2  # of its width: no underline is higher
_LONG = 0.8  # of the digit's width: no underline is shorter
_STRAIGHT = 0.8  # of a side of its box is covered by a frame
_BESIDE = 1 / 40  # of the longer side: how far from the ink what lies beside it is looked at
_OPAQUE = 0.8  # of its box: what is opaque over more of it is a card, not ink
_SHEET = 0.3  # of the picture: no sheet that is looked for is smaller
_RECTANGULAR = 0.8  # of the smallest rectangle around it: a sheet covers more, an ellipse less
_ABOUT = 0.88  # of the picture's border lies outside a sheet; of a band of light less does
_MARGIN = 0.02  # of the longer side: how much of a sheet's edge is left out
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Drawing:
    """What stands in a picture.

    Attributes
    ----------
    ink : numpy.ndarray, float32, shape (H, W)
        From 0 to 1, no larger than the largest part and the strokes near it.
    digits : int
        How many large parts stand side by side, and others farther away.
    filled : float
        How much of what lies beside the ink is as dark as the ink, or as light where ink is light:
        nothing beside a stroke, half of it or more where the ink is an edge of something larger.
    top, left : int
        Where in the picture it begins, in pixels.
    """

    ink: Floats
    digits: int
    filled: float
    top: int
    left: int


def find_ink(colors: Floats) -> Drawing | None:
    """Return what is drawn, dark on light or light on dark; None where nothing stands out.

    Parameters
    ----------
    colors : numpy.ndarray, float32, shape (H, W, 4)
        Red, green, blue and opacity from 0 to 1.
    """
    gray = _sheet(_enlarged(_gray(_opaque(colors))))
    small = _shrunk(gray, _SIDE)
    rows = _within_frame(small)
    columns = _within_frame(small[rows].T)
    found = _drawing(small[rows, columns])
    if found is None or found.digits > 1 or max(found.ink.shape) > _SMALL:
        return found
    scale, margin = max(gray.shape) / max(small.shape), max(found.ink.shape)
    places = zip((rows.start + found.top, columns.start + found.left), found.ink.shape, strict=True)
    near = tuple(
        slice(max(0, int((start - margin) * scale)), int((start + length + margin) * scale) + 1)
        for start, length in places
    )
    return _drawing(_shrunk(gray[near], _SIDE)) or found


def thickened(ink: Floats) -> Floats:
    """Return the ink with strokes widened to `_THIN` of the longer side, if they are thinner."""
    clear = np.pad(ink > 0.5 * ink.max(), 1)
    width = 4 * ndimage.distance_transform_edt(clear)[clear].mean() - 2  # a fourth, from its edge
    more = (_THIN * max(ink.shape) - width) / 2 / (1 - _THIN)
    if more <= 0:
        return ink
    ink, clear = (np.pad(x, round(more)) for x in (ink, clear[1:-1, 1:-1]))
    way = ndimage.distance_transform_edt(~clear)
    return np.asarray(np.maximum(ink, np.clip(more + 1 - way, 0, 1)), np.float32)


def _opaque(colors: Floats) -> Floats:
    """Return red, green and blue: of a card with clear surroundings, or of ink on nothing."""
    rgb, opacity = colors[:, :, :3], colors[:, :, 3]
    solid = opacity > 0.5
    if opacity.min() > 0.99 or not solid.any():
        return rgb * opacity[:, :, np.newaxis]
    box = _box(solid)
    if solid[box].mean() > _OPAQUE and np.ptp(rgb[solid] @ _LUMINANCE) > _MIN_CONTRAST:
        ground = np.median(rgb[solid], axis=0).astype(np.float32)
        share = opacity[box][:, :, np.newaxis]
        return rgb[box] * share + ground * (1 - share)
    return np.repeat(1 - opacity[:, :, np.newaxis], 3, axis=2)


def _gray(rgb: Floats) -> Floats:
    """Return the brightness; where it does not tell, the place on the axis of most difference."""
    light = np.asarray(rgb @ _LUMINANCE, np.float32)
    colors = rgb.reshape(-1, 3)
    colors = colors - colors.mean(axis=0)
    variances, axes = np.linalg.eigh(colors.T @ colors / len(colors))
    if variances[-1] <= 4 * light.var() + 1e-6:
        return light
    along = colors @ axes[:, -1]
    return np.asarray((along - along.min()).reshape(light.shape), np.float32)


def _enlarged(gray: Floats) -> Floats:
    """Return a picture of few pixels with more, smoothly between them: edges lie within pixels."""
    times = _FEW // max(gray.shape)
    if times < 2:
        return gray
    size = tuple(times * n for n in gray.shape)
    return np.asarray(transform.resize(gray, size, order=3, mode="edge"), np.float32)


def _shrunk(gray: Floats, side: int) -> Floats:
    """Return the picture with `side` pixels on its longer side, if it has more."""
    scale = side / max(gray.shape)
    if scale >= 1:
        return gray
    size = tuple(max(1, round(n * scale)) for n in gray.shape)
    return np.asarray(transform.resize(gray, size, order=1, anti_aliasing=True), np.float32)


def _sheet(gray: Floats) -> Floats:
    """Return the sheet that lies on something darker or lighter, maybe askew, or else the picture.

    What lies about it is painted as the nearest point of the sheet is.
    """
    found = _sheet_mask(_shrunk(gray, _SIDE))
    if found is None:
        return gray
    mask = np.asarray(transform.resize(found, gray.shape, order=0), np.bool_)
    box = _box(mask)
    gray, mask = gray[box], mask[box]
    smooth = np.asarray(filters.gaussian(gray, max(gray.shape) / 100), np.float32)
    nearest = ndimage.distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.where(mask, gray, smooth[tuple(nearest)])


def _sheet_mask(gray: Floats) -> Mask | None:
    """Return where a sheet is on which something is drawn, without its edge; None if there's none.

    It is the largest part of the darkest pixels, of the lightest, or of those between.
    """
    values = np.round(255 * filters.gaussian(gray, 1)).astype(np.int64)
    if len(np.unique(values)) < 3:
        return None
    kinds = np.digitize(values, filters.threshold_multiotsu(values, 3), right=True)
    for side in (kinds == kind for kind in range(3)):
        if np.mean(_covered(side)) > 1 - _ABOUT:
            continue
        parts = measure.regionprops(measure.label(side, connectivity=1))
        part = max(parts, key=lambda part: part.area)
        drawn = part.area_filled > part.area > _SHEET * side.size
        if drawn and part.area > _RECTANGULAR * _rectangle(part.coords):
            mask = np.zeros(side.shape, np.bool_)
            mask[part.slice] = part.image_filled
            margin = round(_MARGIN * max(side.shape))
            mask = np.asarray(ndimage.binary_erosion(mask, iterations=max(1, margin)), np.bool_)
            return mask if mask.any() else None  # it is as narrow as that
    return None


def _rectangle(points: npt.NDArray[np.int_]) -> float:
    """Return the area of the smallest rectangle around points, to a degree."""
    angles = np.deg2rad(np.arange(90))
    turned = (points @ np.stack([np.cos(a), np.sin(a)]) for a in (angles, angles + np.pi / 2))
    across, along = (np.ptp(places, axis=0) + 1 for places in turned)
    return float(np.min(across * along))


def _within_frame(gray: Floats) -> slice:
    """Return which rows lie between those at the top and at the bottom that are a frame's.

    Nine tenths of a frame's row are darker, or lighter, than nine tenths of the middle of the row
    beside it, at whose ends the frame goes on.
    """
    height, width = gray.shape
    step, contrast = max(1, height // 100), _FRAME * np.ptp(gray)
    middle = slice(width // 4, width - width // 4)

    def rows(gray: Floats) -> int:
        """Return how many rows from the first on are darker than the next one, and than most."""
        high = np.quantile(gray, 0.9, axis=1).astype(np.float32)
        low = np.quantile(gray[:, middle], 0.1, axis=1).astype(np.float32)
        inside = np.minimum(low[step:], np.median(gray[:, middle]))
        darker = np.maximum.accumulate(high)[:-step] + contrast < inside
        found = np.flatnonzero(darker[: height // 4])
        return int(found[-1]) + step if found.size else 0

    top = max(rows(gray), rows(-gray))
    bottom = max(rows(gray[::-1]), rows(-gray[::-1]))
    return slice(top, height - bottom)


def _ink(gray: Floats) -> tuple[Floats, Floats]:
    """Return by how much each pixel differs from the ground, as ink does, and the ground."""
    coarse = _shrunk(gray, _COARSE)
    size = 2 * round(_WINDOW * max(coarse.shape) / 2) + 1
    window: dict[str, Any] = {"size": (size, size), "mode": "nearest"}
    least = ndimage.grey_erosion(coarse, **window)
    between = np.maximum(ndimage.grey_dilation(coarse, **window) - least, 1e-6)
    share = (coarse - least) / between
    dark = share[between >= between.max() / 2].mean() > 0.5  # near ink, most is ground
    ground = (ndimage.grey_closing if dark else ndimage.grey_opening)(coarse, **window)
    ground = np.asarray(transform.resize(ground, gray.shape, order=1, mode="edge"), np.float32)
    # ink darkens what light there is
    ink = (ground - gray) / np.maximum(ground, 0.2) if dark else gray - ground
    return np.asarray(np.maximum(ink, 0), np.float32), ground


def _drawing(gray: Floats) -> Drawing | None:
    """Return the parts that stand out, without frames and specks, between faint and full ink."""
    ink, ground = _ink(gray)
    side = max(ink.shape)
    smooth = np.asarray(filters.gaussian(ink, side / 300), np.float32)
    noise = 1.5 * float(np.median(np.abs(smooth - np.median(smooth))))
    strongest, above = (float(np.quantile(x, _STRONGEST)) for x in (ink, smooth))
    if strongest < _MIN_CONTRAST or above < _NOISE * noise:
        return None
    high = float(filters.threshold_otsu(smooth))
    far = ~ndimage.binary_dilation(smooth > high, iterations=max(1, side // 20))
    faint = float(np.quantile(smooth[far], 0.995)) if far.any() else 0.0  # ruled lines, and noise
    low = min(max(_MIN_CONTRAST * strongest, 1.1 * faint), high)
    labels = measure.label(filters.apply_hysteresis_threshold(smooth, low, high), connectivity=2)
    parts = measure.regionprops(labels, intensity_image=ink)
    parts = [part for part in parts if not _is_edge(labels == part.label)]
    drawn = [part for part in parts if not _is_ruled(part, ink.shape)] or parts
    mass = {part.label: part.area * part.intensity_mean for part in drawn}
    drawn = [part for part in drawn if mass[part.label] > _SPECK * max(mass.values())]
    mask = np.isin(labels, [part.label for part in _not_underlines(drawn)])
    if not mask.any():
        return None
    mask, digits = _apart(mask)
    full = max(float(np.quantile(ink[mask], 0.9)), faint + _MIN_CONTRAST)
    clear = np.where(mask, np.clip((ink - faint) / (full - faint), 0, 1), 0).astype(np.float32)
    if not clear.any():
        return None
    box = _box(mask)
    filled = _filled(gray, ground, mask, clear >= clear.max() / 2)
    return Drawing(clear[box], digits, filled, box[0].start, box[1].start)


def _filled(gray: Floats, ground: Floats, mask: Mask, clear: Mask) -> float:
    """Return how much of what lies beside a mask is as the nearest clear ink, not as its ground."""
    width = max(2, round(_BESIDE * max(mask.shape)))
    beside = ndimage.binary_dilation(mask, iterations=width) & ~mask
    nearest = ndimage.distance_transform_edt(~clear, return_distances=False, return_indices=True)
    nearest = tuple(nearest[:, beside])
    way = (gray[beside] - gray[nearest]) / (ground[nearest] - gray[nearest])
    return float(np.mean(way < 0.25)) if way.size else 1.0


def _is_edge(part: Mask) -> bool:
    """Tell whether a part covers more than half of a side of the picture."""
    return max(_covered(part)) > 0.5


def _is_ruled(part: Any, shape: tuple[int, ...]) -> bool:
    """Tell whether a part is a straight line from border to border, or four about the middle."""
    image = part.image
    (height, width), (rows, columns) = image.shape, shape
    if (height == rows and width < _LINE * rows) or (width == columns and height < _LINE * columns):
        return True
    around = height > rows / 2 and width > columns / 2 and image.mean() < 0.5
    return bool(around and min(_covered(image)) > _STRAIGHT)


def _box(mask: Mask) -> tuple[slice, slice]:
    """Return the rows and the columns that hold a mask."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _covered(mask: Mask) -> list[float]:
    """Return how much of each of the four sides is covered."""
    return [float(side.mean()) for side in (mask[0], mask[-1], mask[:, 0], mask[:, -1])]


def _not_underlines(parts: list[Any]) -> list[Any]:
    """Return the parts without the flat and long ones that lie wholly below all others."""
    flat = [part for part in parts if part.image.shape[0] < _FLAT * part.image.shape[1]]
    boxes = np.array([part.bbox for part in parts if part not in flat])
    if not boxes.size:
        return parts
    bottom, width = boxes[:, 2].max(), np.ptp(boxes[:, [1, 3]])
    below = [x for x in flat if x.bbox[0] >= bottom and x.image.shape[1] > _LONG * width]
    return [part for part in parts if part not in below]


def _apart(mask: Mask) -> tuple[Mask, int]:
    """Return the largest part and the strokes within reach of it, and how many things there are.

    Strokes of one digit that do not meet lie near each other, or are low: beside each other count
    those that are half as high as the highest, or higher. Out of reach little is another thing.
    """
    largest = max(measure.regionprops(measure.label(mask, connectivity=2)), key=lambda x: x.area)
    labels = _joined(mask, _REACH / 2 * max(largest.image.shape))
    parts = measure.regionprops(labels)
    own = next(part for part in parts if part.label == labels[tuple(largest.coords[0])])
    others = sum(part.image.shape[0] > _THING * own.image.shape[0] for part in parts) - 1
    mask = labels == own.label
    near = measure.regionprops(_joined(mask, 0.04 * min(own.image.shape)))
    heights = [part.image.shape[0] for part in near]
    return mask, others + sum(height > max(heights) / 2 for height in heights)


def _joined(mask: Mask, way: float) -> npt.NDArray[np.int_]:
    """Return the parts' labels; parts share one if it is no longer than twice `way` between."""
    near = ndimage.distance_transform_edt(~mask) <= max(1, way)
    return np.where(mask, measure.label(near, connectivity=2), 0)

"""Train the network that tells pictures of digits from others, as `load_picture` asks it.

    python scripts/train_digit_check.py [PICTURES] [EPOCHS]

Digits are those of MNIST, which `MNIST_DIR` holds or which are downloaded, and those of the fonts
that come with matplotlib. What shows no digit are other signs of these fonts, lines drawn at
random, shapes, and digits that are mirrored, turned, mixed or in twos. Most are bent, widened or
blurred. Signs that are drawn as a digit is are left out (`ALIKE`).
Written: backprop/datasets/digit_check.safetensors. `BACKPROP_DEVICE` and `BACKPROP_LIBRARY` choose
where it is trained; PyTorch takes a quarter of an hour on two cores.
"""

import functools
import itertools
import os
import string
import sys
import unicodedata
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing import Pool
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.ft2font import FT2Font
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

import backends
from backprop import Adam, Cosine, History, Network, Trainer, load_mnist
from backprop.datasets.digit_check import FILE, NO_DIGIT
from backprop.datasets.picture import centered, scaled
from backprop.layers import Layer, Pooling, Relu, SoftmaxWithLoss
from backprop.networks.building import Builder
from backprop.storage import save_network

Floats: TypeAlias = npt.NDArray[np.float32]
Points: TypeAlias = npt.NDArray[np.float64]  # shape (N, 2), columns and rows from -1 to 1
Pixels: TypeAlias = npt.NDArray[np.uint8]

SIDE = 128  # pixels of a canvas
BATCH = 200
CHUNK = 5000  # pictures that one process makes at a time
FONTS = sorted(
    path
    for pattern in ("DejaVuS*[!y].ttf", "STIXGeneral*.ttf", "cm[rsbt]*10.ttf")
    for path in (Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob(pattern)
)
ALIKE = set("OolI|SsZzq/\\()[]{}<>ıɪɩƖǀᴏ○◯⚪∘∣ƷʒɜƧƨ" + "ΟοΙισς" + "ОоЗзЅѕІӀӠӡ" + "օՕჿვןוזךاه")
BOXES = {chr(code) for code in range(0x2300, 0x25A0)}  # pieces of lines among them
COMMON = (
    string.ascii_letters + "ΑΒΓΔΘΛΞΠΣΦΨΩαβγδεζηθκλμνξπρτυφχψω" + "БГДЖИЛЦЧШЩЫЭЮЯбвгджилцчшщыэюя"
)
USUAL = [char for char in COMMON if char not in ALIKE]


def floats(picture: Image.Image) -> Floats:
    """Return a gray picture from 0 to 1."""
    return np.asarray(picture, np.float32) / np.float32(255)


def on_canvas(points: list[Points], rng: np.random.Generator, width: int | None = None) -> Floats:
    """Return lines through points, as wide as given or at random, with round ends."""
    canvas = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(canvas)
    width = int(rng.integers(4, 16)) if width is None else width
    for line in points:
        places = [tuple(place) for place in SIDE / 2 + line * (SIDE - 40) / 2]
        pen.line(places, 255, width, joint="curve")
        for x, y in places[0], places[-1]:
            pen.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)
    return floats(canvas)


def digit(x: Pixels) -> Floats:
    """Return a picture of 28 x 28 on a canvas."""
    inner = SIDE - 16
    large = Image.fromarray(np.ascontiguousarray(x)).resize(
        (inner, inner), Image.Resampling.BICUBIC
    )
    return np.pad(floats(large), 8)


@functools.cache
def signs(path: Path) -> list[str]:
    """Return the letters and symbols of a font that are not drawn as a digit."""
    found = map(chr, FT2Font(str(path)).get_charmap())
    drawn = (sign for sign in found if unicodedata.category(sign)[0] in "LS" and sign not in BOXES)
    return [sign for sign in drawn if unicodedata.normalize("NFKD", sign)[0] not in ALIKE]


@functools.cache
def font(path: Path) -> ImageFont.FreeTypeFont:
    """Return a font as high as a canvas takes."""
    return ImageFont.truetype(path, 90)


def printed(sign: str, path: Path) -> Floats:
    """Return a sign of a font on a canvas."""
    canvas = Image.new("L", (SIDE, SIDE))
    left, top, right, bottom = font(path).getbbox(sign)
    corner = (SIDE - left - right) / 2, (SIDE - top - bottom) / 2
    ImageDraw.Draw(canvas).text(corner, sign, 255, font(path))
    return floats(canvas)


def printed_sign(rng: np.random.Generator) -> Floats:
    """Return a letter or a symbol of a font."""
    path = FONTS[rng.integers(len(FONTS))]
    known = signs(path)
    sign = USUAL[rng.integers(len(USUAL))]
    return printed(sign if sign in known and rng.random() < 0.7 else rng.choice(known), path)


def scribble(rng: np.random.Generator) -> Floats:
    """Return two to four curves, or polygons, through points drawn at random."""
    if rng.random() < 0.4:
        sizes = rng.integers(3, 7, rng.integers(1, 4))
        return on_canvas([rng.uniform(-1, 1, (n, 2)) for n in sizes], rng)
    curves = []
    for _ in range(rng.integers(2, 5)):
        t = np.linspace(0, 1, 24)[:, np.newaxis]
        line = [
            np.broadcast_to(point, (24, 2)) for point in rng.uniform(-1, 1, (rng.integers(2, 5), 2))
        ]
        while len(line) > 1:  # de Casteljau's way to a point of a Bézier curve
            line = [(1 - t) * a + t * b for a, b in itertools.pairwise(line)]
        curves.append(line[0])
    return on_canvas(curves, rng)


def shape(rng: np.random.Generator) -> Floats:
    """Return a polygon's outline, two rings, or a shape that is filled."""
    kind, corners = rng.integers(3), int(rng.integers(3, 6))
    if kind == 0:
        return on_canvas([around(corners, rng)], rng)
    if kind == 1:
        ring, apart = 0.5 * around(40, rng), (rng.uniform(0.3, 0.6), rng.uniform(-0.1, 0.1))
        return on_canvas([ring - apart, ring * rng.uniform(0.8, 1.2) + apart], rng)
    canvas = Image.new("L", (SIDE, SIDE))
    places = SIDE / 2 + around(corners * rng.choice([1, 8]), rng) * rng.uniform(18, 44, 2)
    ImageDraw.Draw(canvas).polygon([tuple(place) for place in places], fill=255)
    return floats(canvas)


def around(n: int, rng: np.random.Generator) -> Points:
    """Return n points on a circle, the first again as the last."""
    angle = np.arange(n + 1) * 2 * np.pi / n + rng.uniform(0, 2 * np.pi)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def spoilt(rng: np.random.Generator, x: Pixels, t: npt.NDArray[np.intp]) -> Floats:
    """Return digits that are mirrored, turned, or two of them mixed, overlaid or side by side."""
    while True:
        way, (i, j) = rng.integers(6), rng.integers(len(x), size=2)
        a, b, pair = x[i], x[j], {t[i], t[j]}
        if way == 0 and t[i] in {2, 3, 4, 5, 6, 7, 9}:
            return digit(a[:, ::-1])
        if way == 1 and t[i] in {2, 3, 4, 5, 6, 7, 8, 9}:
            return digit(np.rot90(a, rng.choice([1, 3])))
        if way == 2 and t[i] in {2, 3, 4, 7}:
            return digit(a[::-1])
        if way == 3 and pair in ({0, 2}, {0, 4}, {2, 4}, {2, 8}, {4, 8}, {4, 5}, {6, 7}, {2, 7}):
            return digit(np.hstack([a[:, :14], b[:, 14:]]))
        if way == 4 and len(pair) == 2 and 1 not in pair:
            return digit(np.maximum(a, ndimage.shift(b, rng.integers(-6, 7, 2), order=0)))
        if way == 5:
            both = Image.fromarray(np.hstack([a[:, 5:23], b[:, 5:23]]))
            return digit(np.asarray(both.resize((28, 28), Image.Resampling.BICUBIC)))


def distorted(canvas: Floats, rng: np.random.Generator, most: float) -> Floats:
    """Return a canvas turned, slanted, stretched and bent: by 1 for signs, less for digits."""
    angle, slant = rng.uniform(-0.2, 0.2) * most, rng.uniform(-0.3, 0.3) * most
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    matrix = 1.15 * turn @ np.array([(1, 0), (slant, 1)]) * np.exp(rng.normal(0, 0.13 * most, 2))
    places = np.indices(canvas.shape, np.float32) - SIDE / 2
    places = np.tensordot(matrix, places, 1) + SIDE / 2
    if rng.random() < 0.7:
        n, size = rng.integers(3, 7), rng.uniform(1, 5) * most
        for axis in places:
            bend = Image.fromarray(rng.normal(0, size, (n, n)).astype(np.float32))
            axis += np.asarray(bend.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.asarray(ndimage.map_coordinates(canvas, places, order=1), np.float32)


def inked(canvas: Floats, rng: np.random.Generator) -> Floats:
    """Return a canvas with wider or thinner lines, or as they are, and softer or harder edges."""
    change = rng.integers(5)
    if change == 0:
        canvas = ndimage.grey_dilation(canvas, (int(rng.integers(2, 6)),) * 2)
    elif change == 1:
        thin = ndimage.grey_erosion(canvas, (int(rng.integers(2, 7)),) * 2)
        canvas = thin if thin.sum() > 0.15 * canvas.sum() else canvas
    if rng.random() < 0.5:
        canvas = ndimage.gaussian_filter(canvas, rng.uniform(0.5, 2))
    canvas = np.clip((canvas - rng.uniform(0, 0.3)) * rng.uniform(1, 3), 0, 1)
    return np.asarray(canvas, np.float32)


def cropped(canvas: Floats) -> Pixels | None:
    """Return 28 x 28 pixels as `load_picture` does, or None where hardly anything is drawn."""
    drawn = canvas > 0.1
    if drawn.mean() < 0.002:
        return None
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    ink = canvas[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    small = scaled(np.ascontiguousarray(ink / ink.max(), np.float32))
    return centered(small) if small.any() else None


def drawing(rng: np.random.Generator, x: Pixels, t: npt.NDArray[np.intp]) -> tuple[Floats, int]:
    """Return a canvas, and the digit on it or `NO_DIGIT`."""
    if rng.random() < 0.5:
        draw: Callable[[], Floats] = (
            functools.partial(printed_sign, rng),
            functools.partial(scribble, rng),
            functools.partial(shape, rng),
            functools.partial(spoilt, rng, x, t),
        )[rng.choice(4, p=(0.56, 0.13, 0.13, 0.18))]
        return draw(), NO_DIGIT
    if rng.random() < 0.8:
        i = rng.integers(len(x))
        return digit(x[i]), int(t[i])
    value = int(rng.integers(10))
    return printed(str(value), FONTS[rng.integers(len(FONTS))]), value


def make(seed: int, n: int = CHUNK) -> tuple[Pixels, npt.NDArray[np.intp]]:
    """Return pictures (n, 1, 28, 28), half of them digits, and their labels."""
    rng = np.random.default_rng(seed)
    (x, t), _ = mnist()
    pictures: list[Pixels] = []
    labels: list[int] = []
    while len(pictures) < n:
        canvas, label = drawing(rng, x[:, 0], t)
        way = rng.random()
        if way < 0.8:
            canvas = inked(distorted(canvas, rng, 1 if label == NO_DIGIT else 0.6), rng)
        if way > 0.7:
            canvas = small(canvas)
        picture = cropped(canvas)
        if picture is not None:
            pictures.append(picture[np.newaxis])
            labels.append(label)
    return np.stack(pictures), np.array(labels)


def small(canvas: Floats) -> Floats:
    """Return a canvas that has as few pixels as MNIST's pictures."""
    size = SIDE // 4, SIDE // 4
    found = Image.fromarray(canvas).resize(size, Image.Resampling.LANCZOS)
    return np.clip(np.asarray(found, np.float32), 0, 1)


@functools.cache
def mnist() -> Any:
    """Return MNIST's pictures and labels, read once a process."""
    return load_mnist(normalize=False, flatten=False, path=os.environ.get("MNIST_DIR"))


def network(backend: backends.Backend, width: int = 12) -> Network:
    """Return three convolutions with batch normalization, of `width`, 2 and 4 times `width`."""
    build = Builder(backend, "float32", seed=0)
    layers: dict[str, Layer] = {}
    for i, (inputs, filters) in enumerate([(1, width), (width, 2 * width), (2 * width, 4 * width)]):
        param = {"filter_num": filters, "filter_size": 3, "pad": 1}
        layers[f"Conv{i}"] = build.convolution(inputs, param, "relu")
        layers[f"BatchNorm{i}"] = build.batch_normalization(filters)
        layers[f"Relu{i}"] = Relu()
        layers[f"Pool{i}"] = Pooling(2, 2, stride=2)
    layers["Affine"] = build.affine(4 * width * 3 * 3, NO_DIGIT + 1, "relu")
    return Network(layers, SoftmaxWithLoss())


def report(history: History) -> None:
    """Print the last epoch's accuracies, and the time since the start."""
    print(
        f"epoch {history.epoch[-1]:.0f}: train {history.train_accuracy[-1]:.2%}, "
        f"test {history.test_accuracy[-1]:.2%}, {history.seconds / 60:.1f} minutes",
        flush=True,
    )


def main(pictures: int = 200_000, epochs: int = 8) -> None:
    """Make pictures, train on all but a few, and write the network."""
    with Pool() as pool:
        parts = pool.map(make, range(pictures // CHUNK))
    x, t = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    x = x.astype(np.float32) / 255
    asked = {"BACKPROP_DEVICE", "BACKPROP_LIBRARY"} & os.environ.keys()
    net = network(backends.select(library=None if asked or not find_spec("torch") else "torch"))
    test, train = (x[:CHUNK], t[:CHUNK]), (x[CHUNK:], t[CHUNK:])
    steps = epochs * -(-len(train[0]) // BATCH)
    Trainer(net, Adam(Cosine(0.004, steps)), BATCH, seed=0).fit(
        train, test, epochs=epochs, on_epoch=report
    )
    save_network(FILE, net)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))

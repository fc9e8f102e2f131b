"""Pictures as people have them show the digit that the clean picture shows."""

import itertools
import string
import tracemalloc
import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from backprop import load_mnist_sample
from backprop.datasets import ink, load_picture
from backprop.datasets.image_file import read_image

S = 280
Y, X = np.mgrid[0:S, 0:S] / (S - 1)
DIGITS = load_mnist_sample(normalize=False, flatten=False)[1][0][:10, 0]


def paper(digit):
    """Dark ink on white, from 0 to 1."""
    large = Image.fromarray(255 - digit).resize((S, S), Image.Resampling.BICUBIC)
    return np.asarray(large) / 255


def image(gray):
    return Image.fromarray(np.round(np.clip(gray, 0, 1) * 255).astype(np.uint8))


def framed(gray, width=6):
    return np.pad(gray[width:-width, width:-width], width)


def ruled(gray):
    lines = (np.arange(S) % 40 < 2)[:, np.newaxis]
    return np.where(lines, np.minimum(gray, 0.75), gray)


def with_margin(gray):
    """A digit on white paper with a red line beside it, from top to bottom."""
    rgb = np.repeat(np.round(255 * gray)[..., None], 3, 2).astype(np.uint8)
    rgb[:, 30:33] = np.minimum(rgb[:, 30:33], [230, 90, 90])
    return Image.fromarray(rgb)


def dark_left(gray):
    return np.where(np.arange(S) < 4, 0.0, gray)


def on_a_floor(gray):
    """Stand the digit on a dark edge, and leave room beside it."""
    lowest = np.flatnonzero((gray < 0.5).any(axis=1))[-1]
    return np.pad(np.pad(gray[: lowest + 1], ((0, 0), (100, 100)), mode="edge"), ((0, 12), (0, 0)))


def on_a_page(gray, step, margin):
    """A digit of 280 pixels by 280, made smaller, on a page that is larger."""
    small = np.asarray(image(gray).resize((S // step, S // step))) / 255
    return np.pad(small, ((margin, 2 * margin), (2 * margin, margin)), constant_values=1.0)


def with_pixel(gray):
    return np.where((np.arange(S) == 3) & (np.arange(S) == 3)[:, np.newaxis], 0.0, gray)


def noisy(gray):
    return gray + 0.04 * np.random.default_rng(0).standard_normal(gray.shape)


def red_on_green(gray):
    red, green = np.array([220, 30, 30]), np.array([20, 132, 40])  # as bright as each other
    return Image.fromarray(np.round(red + gray[..., None] * (green - red)).astype(np.uint8))


def card(gray):
    rgba = np.zeros((S + 40, S + 40, 4), np.uint8)
    rgba[20:-20, 20:-20, :3] = np.round(gray * 255)[..., None]
    rgba[20:-20, 20:-20, 3] = 255
    return Image.fromarray(rgba)


KINDS = {
    **{
        f"light-falls-by-{k}": lambda g, k=k: image(g * (1 - k / 100 * X)) for k in (10, 20, 30, 50)
    },
    "shadow": lambda g: image(g * (1 - 0.25 * np.clip(1.3 - 1.6 * np.hypot(X, Y), 0, 1))),
    "vignette": lambda g: image(g * (1 - 0.7 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2))),
    "red-on-green": red_on_green,
    "black-frame": lambda g: image(framed(g)),
    "white-frame": lambda g: image(1 - framed(g)),
    "uneven-white-frame": lambda g: image(1 - np.pad(g[20:-6, 6:-6], ((20, 6), (6, 6)))),
    "on-a-dark-desk": lambda g: image(np.pad(g, 60, constant_values=0.25)),
    "on-a-gray-desk": lambda g: image(np.pad(g, 60, constant_values=0.6)),
    "frame-within-a-page": lambda g: image(np.pad(np.pad(g, 8), 20, constant_values=1.0)),
    "red-margin": with_margin,
    "squared-paper": lambda g: image(ruled(ruled(g).T).T),
    "dark-edge": lambda g: image(dark_left(g)),
    "dark-floor": lambda g: image(on_a_floor(g)),
    "light-floor": lambda g: image(1 - on_a_floor(g)),
    "small-on-a-page": lambda g: image(on_a_page(g, 5, 200)),
    "tiny-on-a-page": lambda g: image(noisy(on_a_page(g, 10, 130)) - 0.05),
    "ruled": lambda g: image(ruled(g)),
    "noise": lambda g: image(noisy(g)),
    "pixel-in-the-corner": lambda g: image(with_pixel(g)),
    "card": card,
    "float": lambda g: Image.fromarray(g.astype(np.float32)),
    "float-255": lambda g: Image.fromarray((255 * g).astype(np.float32)),
    "int32": lambda g: Image.fromarray((255 * g).astype(np.int32)),
    "12-bit": lambda g: Image.fromarray((4095 * g).astype(np.uint16)),
    "light-on-dark-falls": lambda g: image((1 - 0.8 * g) * (1 - 0.4 * X)),
}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "p.tif"

    def call(picture):
        picture.save(path)
        return load_picture(path)

    return call


@pytest.fixture(scope="module")
def clean(read):
    return [read(image(paper(digit))) for digit in DIGITS]


few_are_unlike = pytest.mark.filterwarnings("ignore:.* may show no digit:UserWarning")


@few_are_unlike
@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_as_the_clean_picture_does(read, clean, kind):
    alike = [
        np.corrcoef(read(KINDS[kind](paper(digit))), x)[0, 1]
        for digit, x in zip(DIGITS, clean, strict=True)
    ]
    assert np.sum(np.array(alike) > 0.75) >= 9, np.round(alike, 2)


EMPTY = np.ones((S, S))


@pytest.mark.parametrize(
    "gray",
    [
        EMPTY,
        1 - 0.5 * X,
        framed(EMPTY),
        np.pad(EMPTY, 60),
        dark_left(EMPTY),
        noisy(0.8 * EMPTY),
        np.random.default_rng(0).random((S, S)),
    ],
    ids=["white", "falling-light", "frame", "desk", "edge", "noise", "random"],
)
def test_nothing_is_blank(read, gray):
    with pytest.raises(ValueError, match="must show a digit; it is blank"):
        read(image(gray))


def test_noise_is_no_digit(read):
    for seed, size in itertools.product(range(10), (0.01, 0.04, 0.2)):
        noise = size * np.random.default_rng(seed).standard_normal((S, S))
        with pytest.raises(ValueError, match="must show a digit; it is blank"):
            read(image(0.8 + noise))


def test_one_digit_above_another_is_said(read):
    for upper, lower in [(0, 3), (0, 4), (0, 6), (4, 1), (7, 8), (9, 4)]:
        page = np.ones((2 * S, S))
        page[20:S] = paper(DIGITS[upper])[20:]
        page[S - 20 : 2 * S - 20] = np.minimum(page[S - 20 : 2 * S - 20], paper(DIGITS[lower]))
        with pytest.raises(ValueError, match="must show one digit; 2 parts of it lie apart"):
            read(image(page))


def test_a_stroke_from_border_to_border_is_no_line_of_the_paper(read):
    """Two digits, cut out closely: the 1 is as thick as the strokes of the other."""
    one, seven = strokes([(0.5, 0.0), (0.5, 1.0)])[:, 120:160], paper(DIGITS[0])
    with pytest.raises(ValueError, match="must show one digit; 2 parts of it lie apart"):
        read(image(np.hstack([np.ones((S, 30)), one, seven])))


def test_a_box_beside_a_digit_is_a_part(read):
    zero = strokes([(0.2, 0.1), (0.8, 0.1), (0.8, 0.9), (0.2, 0.9), (0.2, 0.1)])
    with pytest.raises(ValueError, match="must show one digit; 2 parts of it lie apart"):
        read(image(np.hstack([zero, paper(DIGITS[0])])))


@pytest.mark.parametrize("gap", [0, 10, 40])
def test_several_digits_are_said(read, gap):
    for left, right in zip(DIGITS[:5], DIGITS[5:], strict=True):
        pair = np.hstack([paper(left), np.ones((S, gap)), paper(right)])
        with pytest.raises(ValueError, match="must show one digit; 2 parts of it lie apart"):
            read(image(pair))


def with_more(digit, drawn):
    """A digit in the middle of a page of 500 by 500, and something else in a corner of it."""
    page = np.pad(paper(digit), 110, constant_values=1.0)
    small = np.asarray(drawn)
    page[20 : 20 + small.shape[0], 20 : 20 + small.shape[1]] = small
    return image(page)


@pytest.mark.parametrize("side", [95, 110, 150])
def test_a_smaller_digit_beside_is_said(read, side):
    """The smallest is a third as high, as a page's number is."""
    for digit, other in itertools.pairwise(DIGITS):
        small = np.asarray(image(paper(other)).resize((side, side))) / 255
        with pytest.raises(ValueError, match="must show one digit; 2 parts of it lie apart"):
            read(with_more(digit, small))


def small_things():
    hole = 1.0 * (np.hypot(*np.mgrid[-15:16, -15:16]) > 12)
    stroke = Image.new("L", (100, 30), 255)
    ImageDraw.Draw(stroke).line([(5, 5), (95, 25)], width=8)
    word = Image.new("L", (220, 50), 255)
    ImageDraw.Draw(word).text((5, 5), "Exercise 3", 0, ImageFont.load_default(36))
    holes = np.ones((460, 31))
    holes[:31] = holes[-31:] = hole
    return {"holes": holes, "stroke": np.asarray(stroke) / 255, "word": np.asarray(word) / 255}


@few_are_unlike
@pytest.mark.parametrize("drawn", small_things().values(), ids=small_things())
def test_what_is_small_and_far_is_left_out(read, drawn):
    for digit in DIGITS:
        alone = read(with_more(digit, EMPTY[:1, :1]))
        np.testing.assert_allclose(read(with_more(digit, drawn)), alone, atol=0.05)


@few_are_unlike
@pytest.mark.parametrize("gap", [0.0, 0.06, 0.14])
def test_a_stroke_of_a_digit_may_stand_apart(read, gap):
    """A 5 whose bar does not touch it, by up to a fourth of the body's height."""
    bow = [(0.4, 0.2), (0.4, 0.45), (0.6, 0.5), (0.65, 0.65), (0.55, 0.8), (0.35, 0.75)]
    x = read(image(strokes(bow, [(0.4 + gap, 0.2), (0.8, 0.2)]))).reshape(28, 28)
    rows, columns = (np.flatnonzero(x.any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) == 19
    assert x[rows[0] : rows[0] + 2, columns[-1] - 2].max() > 0.5


def on_a_desk(gray, degrees, sheet, desk):
    """A sheet that lies askew on a desk."""
    place = {"resample": Image.Resampling.BICUBIC, "center": (300, 300)}
    turned = image(np.pad(gray, ((160, 160), (160, 160)), constant_values=1)).rotate(
        degrees, fillcolor=255, **place
    )
    mask = image(np.pad(np.ones((500, 460)), ((50, 50), (70, 70)))).rotate(degrees, **place)
    page = np.asarray(turned) / 255 * (sheet - 0.1) + 0.1
    page += 0.01 * np.random.default_rng(0).standard_normal(page.shape)
    return image(np.where(np.asarray(mask) > 127, page, desk))


@few_are_unlike
@pytest.mark.parametrize("degrees", [-7, 0, 1, 3, 12])
@pytest.mark.parametrize(("sheet", "desk"), [(0.95, 0.35), (0.6, 0.95)], ids=["bright", "dark"])
def test_a_sheet_may_lie_askew(read, degrees, sheet, desk):
    alike = []
    for digit in DIGITS:
        turned = np.asarray(image(paper(digit)).rotate(degrees, fillcolor=255)) / 255
        found = read(on_a_desk(paper(digit), degrees, sheet, desk))
        alike.append(np.corrcoef(found, read(image(turned)))[0, 1])
    assert np.sum(np.array(alike) > 0.75) >= 9, np.round(alike, 2)


@few_are_unlike
def test_a_thick_bar_is_no_sheet(read):
    x = read(image(np.pad(np.zeros((200, 60)), 60, constant_values=1.0))).reshape(28, 28)
    assert (np.count_nonzero(x.any(axis=0)), np.count_nonzero(x.any(axis=1))) == (6, 20)


@few_are_unlike
def test_a_thick_ring_is_no_sheet(read):
    ring = 1.0 * (abs(np.hypot(X - 0.5, Y - 0.5) - 0.33) > 0.1)
    x = read(image(ring)).reshape(28, 28)
    assert x[13:15, 13:15].max() < 0.1
    assert min(x[14, 5:8].min(), x[5:8, 14].min()) > 0.9


@few_are_unlike
@pytest.mark.parametrize("gap", [12, 40])
@pytest.mark.parametrize("lines", [1, 2])
def test_an_underline_is_left_out(read, gap, lines):
    for digit in DIGITS:
        page = np.pad(paper(digit), ((20, 100), (60, 60)), constant_values=1.0)
        alone = read(image(page))
        lowest = np.flatnonzero((page < 0.5).any(axis=1))[-1]
        for line in range(lines):
            top = lowest + gap + 20 * line
            page[top : top + 8, 60:340] = 0
        np.testing.assert_allclose(read(image(page)), alone, atol=0.1)


R = np.hypot(X - 0.5, Y - 0.5)


def strokes(*lines):
    """Black lines from point to point, in parts of the picture's side, on white."""
    picture = Image.new("L", (S, S), 255)
    for line in lines:
        ImageDraw.Draw(picture).line([(S * x, S * y) for x, y in line], width=S // 20)
    return np.asarray(picture) / 255


OTHERS = {
    "square": 1.0 - ((abs(X - 0.5) < 0.15) & (abs(Y - 0.5) < 0.15)),
    "disc": 1.0 * (R > 0.15),
    "large-disc": 1.0 * (R > 0.3),
    "gray-disc": 0.6 - 0.3 * (R < 0.35),
    "light-disc": 1.0 * (R < 0.3),
    "ellipse": 1.0 * (np.hypot(2.5 * (X - 0.5), Y - 0.5) > 0.35),
    "half": 1.0 * (X > 0.5),
    "left": 1.0 * (X > 0.4),
    "right": 1.0 * (X < 0.6),
    "lower-half": 1.0 * (Y < 0.5),
    "below-the-diagonal": 1.0 * (X + Y > 1),
    "quarter": 1.0 - ((X < 0.5) & (Y < 0.5)),
    "corner": 1 - 0.25 * (X + Y < 0.5),
    "radial": R / 0.85,
    "plus": strokes([(0.1, 0.5), (0.9, 0.5)], [(0.5, 0.1), (0.5, 0.9)]),
    "cross": strokes([(0.2, 0.1), (0.8, 0.9)], [(0.8, 0.1), (0.2, 0.9)]),
    "dash": strokes([(0.1, 0.5), (0.9, 0.5)]),
    "arrow": strokes([(0.1, 0.5), (0.9, 0.5)], [(0.6, 0.3), (0.9, 0.5), (0.6, 0.7)]),
    "box": strokes([(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8), (0.2, 0.2)]),
    "H": strokes([(0.2, 0.1), (0.2, 0.9)], [(0.8, 0.1), (0.8, 0.9)], [(0.2, 0.5), (0.8, 0.5)]),
    "M": strokes([(0.1, 0.9), (0.2, 0.1), (0.5, 0.7), (0.8, 0.1), (0.9, 0.9)]),
    "house": strokes([(0.2, 0.9), (0.2, 0.4), (0.5, 0.1), (0.8, 0.4), (0.8, 0.9), (0.2, 0.9)]),
    "check-mark": strokes([(0.2, 0.6), (0.4, 0.85), (0.85, 0.15)]),
    "triangle": strokes([(0.2, 0.8), (0.5, 0.2), (0.8, 0.8), (0.2, 0.8), (0.5, 0.2)]),
    "two-rings": 1.0 * (abs(np.hypot(abs(X - 0.5) - 0.18, Y - 0.5) - 0.15) > 0.03),
    "wave": np.abs(Y - 0.5 - 0.15 * np.sin(15 * X)) * 20,
}


@pytest.mark.parametrize("gray", OTHERS.values(), ids=OTHERS)
def test_what_is_unlike_any_digit_is_said(read, gray):
    match = "p.tif may show no digit: it (is filled, or an edge|looks like another sign)"
    with pytest.warns(UserWarning, match=match) as caught:
        read(image(gray))
    assert caught[0].filename == __file__


def said(read, gray):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(image(gray))
    return [str(warning.message) for warning in caught]


def test_of_digits_few_are_said_to_be_none(read):
    digits = load_mnist_sample(normalize=False, flatten=False)[1][0][:100, 0]
    assert sum(bool(said(read, paper(digit))) for digit in digits) <= 4


def printed(sign):
    """A sign of the typeface that comes with Pillow, which the network has not seen."""
    picture, font = Image.new("L", (S, S), 255), ImageFont.load_default(180)
    ImageDraw.Draw(picture).text((S / 2, S / 2), sign, 0, font, anchor="mm")
    return np.asarray(picture) / 255


def test_printed_digits_pass(read):
    assert [sign for sign in string.digits if said(read, printed(sign))] == []


def test_printed_letters_are_said_to_be_no_digit_but_those_drawn_as_one(read):
    silent = {sign for sign in string.ascii_letters if not said(read, printed(sign))}
    assert silent <= set("OoIlSsZzq")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_must_be_finite(read, value):
    gray = paper(DIGITS[0]).astype(np.float32)
    gray[5, 5] = value
    with pytest.raises(ValueError, match="an image that can be read: its values must be finite"):
        read(Image.fromarray(gray))


@few_are_unlike
def test_a_sheet_that_is_narrower_than_its_margins_is_a_picture(read):
    gray = np.full((1000, 36), 0.2)
    gray[60:-60, 4:-4] = 0.9
    gray[400:600, 16:20] = 0.1
    x = read(image(gray)).reshape(28, 28)
    assert np.count_nonzero(x.sum(axis=1)) == 20
    assert np.count_nonzero(x.sum(axis=0)) <= 4


@few_are_unlike
def test_large_pictures_are_read_in_strips(read, clean):
    large = np.kron(paper(DIGITS[0]), np.ones((13, 13)))  # 3640 x 3640, a mean of 4 x 4 each
    assert np.corrcoef(read(image(large)), clean[0])[0, 1] > 0.98
    assert np.corrcoef(read(Image.fromarray(large.astype(np.float32))), clean[0])[0, 1] > 0.98


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_long_strip_takes_no_more_memory_than_it_has(tmp_path, dtype):
    Image.fromarray(np.zeros((300_000, 12), dtype)).save(tmp_path / "strip.tif")
    tracemalloc.start()
    colors = read_image(tmp_path / "strip.tif")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert colors.shape == (1024, 1, 4)
    assert most < 64 << 20


def test_what_is_half_clear_is_laid_on_the_ground_of_its_card():
    """A card of 0.8 with a stroke of 0.2, whose edge lets half of the ground through."""
    colors = np.zeros((7, 9, 4), np.float32)
    colors[1:6, 1:8] = (0.8, 0.8, 0.8, 1.0)
    colors[2:5, 4] = (0.2, 0.2, 0.2, 1.0)
    colors[2, 3] = (0.2, 0.2, 0.2, 0.75)
    found = ink._opaque(colors)
    assert found.shape == (5, 7, 3)
    expected = np.full((5, 7, 3), 0.8)
    expected[1:4, 3] = 0.2
    expected[1, 2] = 0.2 * 0.75 + 0.8 * 0.25
    np.testing.assert_allclose(found, expected, rtol=1e-6)

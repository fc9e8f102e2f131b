import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from backprop import SGD, Trainer, TwoLayerNet, load_mnist_sample
from backprop.datasets import load_picture
from backprop.datasets.image_file import read_image


@pytest.fixture(scope="module")
def digits():
    x, t = load_mnist_sample(normalize=False)[1]
    return x.reshape(-1, 28, 28), t


def seven(ink=0, ground=255, mode="L", size=(300, 200)):
    image = Image.new(mode, size, ground)
    ImageDraw.Draw(image).line([(120, 40), (190, 40), (150, 160)], fill=ink, width=14)
    return image


@pytest.fixture
def load(tmp_path):
    def call(image, name="p.png", **options):
        image.save(tmp_path / name)
        return load_picture(tmp_path / name, **options)

    return call


@pytest.mark.filterwarnings("ignore:.* may show no digit")
def test_digits_of_mnist_come_back(load, digits):
    for digit in digits[0][:50]:
        image = Image.fromarray(255 - digit).resize((84, 84), Image.Resampling.NEAREST)
        x = load(image, normalize=False, flatten=False)
        assert x.shape == (1, 28, 28)
        assert np.mean(np.abs(x[0].astype(int) - digit)) < 12
        assert np.corrcoef(x.ravel(), digit.ravel())[0, 1] > 0.95


@pytest.mark.filterwarnings("ignore:.* may show no digit")  # one in a hundred is unusual
def test_accuracy_is_that_on_the_arrays(load, digits):
    train, (x, t) = load_mnist_sample()
    net = TwoLayerNet(784, 50, 10, backend="cpu", seed=0)
    Trainer(net, SGD(0.5), seed=0).fit(train, epochs=5)
    images = [
        Image.fromarray(255 - d).resize((84, 84), Image.Resampling.BICUBIC) for d in digits[0][:100]
    ]
    read = np.stack([load(image) for image in images])
    assert net.accuracy(x[:100], t[:100]) >= 0.93
    assert net.accuracy(read, t[:100]) >= net.accuracy(x[:100], t[:100]) - 0.03


def test_it_is_cropped_scaled_and_centered(load):
    x = load(seven(), flatten=False)[0]
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0, 1)
    rows, columns = np.nonzero(x.any(axis=1))[0], np.nonzero(x.any(axis=0))[0]
    assert rows[-1] - rows[0] + 1 == 20
    assert 12 <= columns[-1] - columns[0] + 1 <= 15  # 134 by 85, about
    for axis in (0, 1):
        mass = x.sum(axis=1 - axis)
        assert abs(mass @ np.arange(28) / mass.sum() - 14) <= 0.5  # as MNIST's digits lie


def test_where_it_lies_and_how_large_it_is_matter_little(load):
    x = load(seven())
    padded = Image.new("L", (900, 700), 255)
    padded.paste(seven(), (550, 30))
    assert np.abs(load(padded) - x).mean() < 0.02
    assert np.abs(load(seven().resize((900, 600), Image.Resampling.BICUBIC)) - x).mean() < 0.02


def alpha(ink):
    image = Image.new("RGBA", (300, 200), (128, 128, 128, 0))
    image.paste(Image.new("RGBA", (300, 200), ink), (0, 0), seven(255, 0))
    return image


@pytest.mark.parametrize(
    "image",
    [
        seven(255, 0),
        seven(40, 220),
        seven(200, 90),
        seven("black", "white", "RGB"),
        seven("yellow", "navy", "RGB"),
        seven("black", "white", "RGBA"),
        alpha((0, 0, 0, 255)),
        alpha((255, 255, 255, 255)),
        alpha((0, 0, 0, 255)).convert("LA"),
        seven("black", "white", "RGB").convert("P"),
        seven(0, 1, "1"),
        seven(1, 0, "1"),
        Image.fromarray(np.asarray(seven()).astype(np.uint16) * 257),
        Image.fromarray(np.asarray(seven(1, 0)).astype(np.uint16) * 30000),
    ],
    ids=[
        "light-on-dark",
        "low-contrast",
        "gray-on-gray",
        "rgb",
        "yellow-on-navy",
        "rgba",
        "dark-on-nothing",
        "light-on-nothing",
        "la",
        "palette",
        "1-bit",
        "1-bit-inverted",
        "16-bit",
        "16-bit-inverted",
    ],
)
def test_color_modes_and_light_on_dark_give_the_same(load, image):
    np.testing.assert_allclose(load(image), load(seven()), atol=0.02)


@pytest.mark.parametrize(
    ("dtype", "ink", "ground"),
    [("f4", -3e38, 3e38), ("f4", 3e38, 0), ("i4", -(2**31), 2**31 - 1), ("i4", 0, 10**6)],
)
def test_values_of_any_size_in_32_bits(load, dtype, ink, ground):
    values = np.where(np.asarray(seven()) > 0, ground, ink).astype(dtype)
    np.testing.assert_allclose(load(Image.fromarray(values), "p.tif"), load(seven()), atol=0.02)
    large = Image.fromarray(np.kron(values, np.ones((6, 6), dtype)))  # of which means are taken
    assert np.abs(load(large, "p.tif") - load(seven())).mean() < 0.02


def test_a_transparent_palette(load):
    image = Image.new("P", (300, 200), 0)
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.paste(1, (0, 0), seven(255, 0))
    image.info["transparency"] = 0
    np.testing.assert_allclose(load(image), load(seven()), atol=0.02)


def test_a_photograph_may_lie_on_its_side(tmp_path, load):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    turned = seven().rotate(90, expand=True)
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert np.abs(load_picture(tmp_path / "turned.jpg") - load(seven())).mean() < 0.02
    with pytest.warns(UserWarning, match=r"p.png may show no digit: it looks like another sign"):
        assert np.abs(load(turned) - load(seven())).mean() > 0.1


def test_faint_specks_are_no_ink(load):
    image = seven()
    image.putpixel((3, 3), 240)
    np.testing.assert_array_equal(load(image), load(seven()))


@pytest.mark.filterwarnings("ignore:.* may show no digit:UserWarning")
def test_a_line_is_not_stretched(load):
    """A line that is 2 pixels of 1980 wide is drawn 20 high and one wide."""
    image = Image.new("L", (100, 2000), 255)
    image.paste(0, (50, 10, 52, 1990))
    x = load(image, flatten=False)[0]
    rows, columns = (np.flatnonzero(x.any(axis=axis)) for axis in (1, 0))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 1)
    assert np.median(x[rows].max(axis=1)) > 0.9


@pytest.mark.parametrize("width", [2, 4, 6])
def test_thin_strokes_do_not_fade(load, width):
    """A seven of 560 pixels, of whose 20 rows each has about 1.3 pixels of ink, or more."""
    image = Image.new("L", (560, 800), 255)
    ImageDraw.Draw(image).line([(100, 120), (400, 120), (250, 680)], fill=0, width=width)
    x = load(image, flatten=False)[0]
    rows = np.flatnonzero(x.any(axis=1))
    assert np.ptp(rows) == 19
    assert np.median(x.max(axis=1)[rows]) > 0.7
    assert 1.2 <= np.median(x.sum(axis=1)[rows]) <= 2


def test_raw_pixels_are_whole_numbers_up_to_255(load):
    x = load(seven(), normalize=False)
    assert x.dtype == np.uint8
    np.testing.assert_array_equal(x / np.float32(255), load(seven()))


@pytest.mark.parametrize(
    "image", [Image.new("L", (9, 9), 7), Image.new("RGBA", (5, 5)), seven(250)]
)
def test_blank_pictures(load, image):
    with pytest.raises(ValueError, match=r"p.png must show a digit; it is blank"):
        load(image)


def test_what_is_no_picture(load, tmp_path):
    path = tmp_path / "p.png"
    with pytest.raises(FileNotFoundError, match="p.png"):
        load_picture(path)
    path.write_text("no")
    with pytest.raises(
        ValueError,
        match=r"p.png must be a PNG, JPEG, GIF, BMP, TIFF, WEBP or PPM image; its format is unknown",
    ):
        load_picture(path)
    seven().save(path)
    path.write_bytes(path.read_bytes()[:120])
    with pytest.raises(ValueError, match=r"p.png must be an image that can be read: "):
        load_picture(path)


def test_pictures_too_large(load, monkeypatch):
    monkeypatch.setattr("backprop.datasets.image_file.MAX_PIXELS", 59_999)
    with pytest.raises(ValueError, match="p.png must have at most 59,999 pixels"):
        load(seven())
    monkeypatch.setattr("backprop.datasets.image_file.MAX_PIXELS", 60_000)
    assert load(seven()).any()


@pytest.mark.parametrize(
    ("form", "mode", "size", "most"),
    [
        ("WEBP", "RGB", (2400, 2331), 5_592_405),
        ("TIFF", "RGB", (4100, 4100), 16_777_216),
        ("TIFF", "I;16", (6000, 5600), 33_554_432),
    ],
)
def test_formats_whose_decoders_hold_several_copies(tmp_path, form, mode, size, most):
    path = tmp_path / "p.file"
    options = {"compression": "tiff_lzw"} if form == "TIFF" else {"quality": 1, "method": 0}
    Image.new(mode, size).save(path, form, **options)
    assert np.prod(size) > most
    with pytest.raises(ValueError, match=f"p.file must have at most {most:,} pixels"):
        read_image(path)
    Image.new(mode, (30, 20)).save(path, form, **options)
    assert read_image(path).shape == (20, 30, 4)


def test_what_copies_may_take_is_no_matter_where_none_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr("backprop.datasets.image_file._BEYOND", 1000)
    Image.new("RGB", (30, 20)).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png").shape == (20, 30, 4)
    Image.new("RGB", (30, 20)).save(tmp_path / "p.tif")
    with pytest.raises(ValueError, match="p.tif must have at most 250 pixels"):
        read_image(tmp_path / "p.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_it_is_turned_as_the_file_says(tmp_path, form, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    gray = Image.fromarray(np.arange(60, dtype=np.uint8).reshape(6, 10))
    gray.save(tmp_path / "turned", form, exif=exif)
    gray.save(tmp_path / "p.png", exif=exif)
    with Image.open(tmp_path / "p.png") as image:
        upright = np.asarray(ImageOps.exif_transpose(image), np.float32) / 255
    np.testing.assert_array_equal(read_image(tmp_path / "turned")[:, :, 0], upright)
    assert upright.shape == ((6, 10) if orientation < 5 else (10, 6))


def test_without_pillow(load, monkeypatch, tmp_path):
    seven().save(tmp_path / "p.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"read with Pillow: pip install 'backprop-by-hand\[image\]'"
    ):
        load_picture(tmp_path / "p.png")


def test_specks_that_vanish_are_blank(tmp_path):
    image = Image.new("L", (30, 2000), 255)
    image.putpixel((3, 3), 0)
    image.putpixel((20, 1990), 0)
    image.save(tmp_path / "specks.png")
    with pytest.raises(ValueError, match=r"specks\.png must show a digit; it is blank"):
        load_picture(tmp_path / "specks.png")


def test_no_file_starts_a_program(tmp_path, monkeypatch):
    gs = tmp_path / "gs"
    gs.write_text(f"#!/bin/sh\necho started >> {tmp_path}/log\n")
    gs.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    path = tmp_path / "digit.png"
    path.write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n%%EndComments\nshowpage\n%%EOF\n"
    )
    with pytest.raises(ValueError, match="digit.png must be a PNG, .* its format is unknown"):
        load_picture(path)
    assert not (tmp_path / "log").exists()


def test_without_scikit_image(monkeypatch, tmp_path):
    seven().save(tmp_path / "p.png")
    monkeypatch.delitem(sys.modules, "backprop.datasets.ink", raising=False)
    monkeypatch.delattr("backprop.datasets.ink", raising=False)
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"found with scikit-image: pip install 'backprop-by-hand\[image\]'",
    ):
        load_picture(tmp_path / "p.png")

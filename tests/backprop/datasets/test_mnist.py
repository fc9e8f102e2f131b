import gzip
import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from backprop import load_mnist, load_mnist_sample
from backprop.datasets import download, mnist

SAMPLE = Path(mnist.__file__).parent / "sample"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand in for the folder of MNIST files with the sample, whose checksums are then the right ones."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files, target = {}, tmp_path / "mnist"
    target.mkdir()
    for name in mnist.FILES:
        packed = (SAMPLE / f"{name}.gz").read_bytes()
        plain = gzip.decompress(packed)
        files[name] = hashlib.sha256(plain).hexdigest(), hashlib.sha256(packed).hexdigest()
        if "images" in name:
            (target / f"{name}.gz").write_bytes(packed)
        else:
            (target / name).write_bytes(plain)
    monkeypatch.setattr(mnist, "FILES", files)
    return target


def check(sets):
    (x_train, t_train), (x_test, t_test) = sets
    assert x_train.shape == (10_000, 784)
    assert x_test.shape == (2_000, 784)
    assert x_train.dtype == x_test.dtype == np.float32
    assert t_train.shape == (10_000,)
    assert t_test.shape == (2_000,)
    assert t_train.dtype == np.uint8
    assert (x_train.min(), x_train.max()) == (0.0, 1.0)
    assert t_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert t_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(t_train).tolist() == [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978]


def test_the_sample():
    check(load_mnist_sample())


def test_flags_keep_pixels_images_and_one_hot_rows():
    (x, t), _ = load_mnist_sample(normalize=False, flatten=False, one_hot_label=True)
    (flat, numbers), _ = load_mnist_sample()
    assert x.shape == (10_000, 1, 28, 28)
    assert x.dtype == np.uint8
    assert x.max() == 255
    np.testing.assert_allclose(flat[0], x[0].reshape(784) / 255, rtol=1e-6)
    assert t.shape == (10_000, 10)
    assert t.dtype == np.float32
    np.testing.assert_array_equal(t.argmax(axis=1), numbers)
    assert t.sum() == 10_000


def test_files_are_found_in_the_folder_given(folder):
    check(load_mnist(path=folder))


def test_files_are_found_by_the_environment(folder, monkeypatch):
    monkeypatch.setenv("BACKPROP_DATA_DIR", str(folder))
    check(load_mnist())


def test_files_are_found_in_the_cache(folder, monkeypatch):
    monkeypatch.setenv("BACKPROP_OFFLINE", "1")
    shutil.copytree(folder, download.cache_folder())
    check(load_mnist())
    check(load_mnist(path=folder.parent))


def test_files_that_are_nowhere_are_reported_with_the_places(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("BACKPROP_OFFLINE", "1")
    monkeypatch.setenv("BACKPROP_DATA_DIR", str(tmp_path))
    message = rf"looked in {tmp_path}/a, {tmp_path}, .*cache.*BACKPROP_OFFLINE is set"
    with pytest.raises(FileNotFoundError, match=message):
        load_mnist(path=tmp_path / "a")


def test_without_pooch(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    check(load_mnist(path=folder))
    with pytest.raises(
        FileNotFoundError,
        match=r"looked in no folder; .*needs pooch: pip install 'backprop-by-hand\[data\]'",
    ):
        load_mnist()


def test_a_damaged_file(folder):
    path = folder / "train-labels-idx1-ubyte"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte, unpacked, must have SHA-256"):
        load_mnist(path=folder)


class Mirror:
    """Stand in for HTTP: serves the folder's files, gzipped, from the mirrors that work."""

    def __init__(self, files, working):
        self.files, self.working, self.asked = files, working, []

    def __call__(self, **options):
        def fetch(url, output_file, pooch):
            self.asked.append(url)
            mirror, _, name = url.rpartition("/")
            content = b"wrong" if self.working.get(mirror + "/") == "damaged" else self.files[name]
            if self.working.get(mirror + "/") is None:
                raise OSError("no route to host")
            Path(output_file).write_bytes(content)

        return fetch


@pytest.fixture
def files():
    return {f"{name}.gz": (SAMPLE / f"{name}.gz").read_bytes() for name in mnist.FILES}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_download_tries_the_second_mirror(folder, files, monkeypatch):
    first, second = download.MIRRORS
    mirror = Mirror(files, {first: "damaged", second: "fine"})
    monkeypatch.setattr("pooch.HTTPDownloader", mirror)
    check(load_mnist())
    assert mirror.asked[:2] == [f"{m}train-images-idx3-ubyte.gz" for m in download.MIRRORS]
    assert len(mirror.asked) == 8
    assert sorted(p.name for p in download.cache_folder().iterdir()) == sorted(files)
    check(load_mnist())
    assert len(mirror.asked) == 8


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_damaged_in_the_cache_is_fetched_again(folder, files, monkeypatch):
    mirror = Mirror(files, {download.MIRRORS[0]: "fine"})
    monkeypatch.setattr("pooch.HTTPDownloader", mirror)
    download.cache_folder().mkdir(parents=True)
    for name, content in files.items():
        (download.cache_folder() / name).write_bytes(content)
    damaged = download.cache_folder() / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    check(load_mnist())
    assert mirror.asked == [f"{download.MIRRORS[0]}t10k-labels-idx1-ubyte.gz"]
    assert damaged.read_bytes() == files[damaged.name]
    damaged.write_bytes(b"\x1f\x8b")
    monkeypatch.setenv("BACKPROP_OFFLINE", "1")
    with pytest.raises(
        ValueError, match="t10k.* can't be fetched again, as BACKPROP_OFFLINE is set"
    ):
        load_mnist()
    assert damaged.read_bytes() == b"\x1f\x8b"


def test_no_network_and_no_data(folder, files, monkeypatch):
    monkeypatch.setattr("pooch.HTTPDownloader", Mirror(files, {}))
    with pytest.raises(
        FileNotFoundError, match=r"no mirror gave train-images-idx3-ubyte\.gz: .*no route to host"
    ):
        load_mnist()
    assert list(download.cache_folder().glob("*.gz")) == []


def test_a_network_that_is_not_there_is_said_in_a_few_words(folder, monkeypatch):
    import requests

    def nowhere(*_, **__):
        raise requests.ConnectionError("HTTPSConnectionPool(...): Max retries exceeded")

    monkeypatch.setattr("pooch.retrieve", nowhere)
    with pytest.raises(FileNotFoundError) as error:
        load_mnist()
    assert str(error.value).endswith(
        "no mirror gave train-images-idx3-ubyte.gz: ossci-datasets.s3.amazonaws.com can't be "
        "reached, storage.googleapis.com can't be reached"
    )


def test_the_package_tells_where_the_sample_is_from():
    text = (SAMPLE / "README.md").read_text()
    for word in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0"):
        assert word in text

"""Download the MNIST files once, to the user's cache, with pooch."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from backends.distribution import pip_install

OFFLINE_VARIABLE = "BACKPROP_OFFLINE"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def cache_folder() -> Path | None:
    """Return the folder that downloads are kept in; None where pooch is not installed."""
    try:
        import pooch
    except ModuleNotFoundError:
        return None
    return Path(pooch.os_cache("backprop")) / "mnist"


def fetch(name: str, sha256: str) -> Path:
    """Download one file to the cache and return its path.

    The file appears under its name only when it is whole and its checksum is right.

    Parameters
    ----------
    name : str
        File name on the mirrors.
    sha256 : str
        Checksum of the published file.

    Raises
    ------
    FileNotFoundError
        When downloads are switched off, pooch is not installed, or no mirror gave the file.
    """
    if os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0"):
        raise FileNotFoundError(f"{OFFLINE_VARIABLE} is set, so nothing is downloaded")
    folder = cache_folder()
    if folder is None:
        raise FileNotFoundError(f"a download needs pooch: {pip_install('data')}")
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # the progress bar says enough
    failures = []
    for mirror in MIRRORS:
        try:
            pooch.retrieve(
                mirror + name,
                known_hash=f"sha256:{sha256}",
                fname=name,
                path=folder,
                downloader=pooch.HTTPDownloader(progressbar=True, timeout=30),
            )
        except (requests.ConnectionError, requests.Timeout):
            failures.append(f"{urlsplit(mirror).hostname} can't be reached")
        except (OSError, ValueError) as error:  # requests' errors are OSErrors; a bad hash is not
            failures.append(f"{mirror}: {error}")
        else:
            return folder / name
    raise FileNotFoundError(f"no mirror gave {name}: {', '.join(failures)}")

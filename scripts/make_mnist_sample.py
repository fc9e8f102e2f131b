"""Make the sample that ships with the package from the four MNIST files.

    python scripts/make_mnist_sample.py FOLDER

FOLDER holds the MNIST files, gzipped or plain. Written to backprop/datasets/sample/: the first
10,000 training and the first 2,000 test images and labels, as gzipped IDX.
"""

import gzip
import sys
from pathlib import Path

from backprop.datasets.idx import read_idx
from backprop.datasets.mnist import FILES

SIZES = {"train": 10_000, "t10k": 2_000}
SAMPLE = Path(__file__).parent.parent / "backprop" / "datasets" / "sample"


def main(folder: Path) -> None:
    """Write the four sample files; the same input gives the same bytes."""
    for name, (sha256, _) in FILES.items():
        path = folder / name if (folder / name).is_file() else folder / f"{name}.gz"
        part = read_idx(path, sha256)[: SIZES[name.partition("-")[0]]]
        header = bytes([0, 0, 0x08, part.ndim]) + b"".join(n.to_bytes(4, "big") for n in part.shape)
        packed = gzip.compress(header + part.tobytes(), compresslevel=9, mtime=0)
        (SAMPLE / f"{name}.gz").write_bytes(packed)
        print(f"{name}.gz: {part.shape}, {len(packed):,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

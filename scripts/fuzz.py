"""Damaged files put to every reader: each gives arrays or the declared error, and starts nothing.

Files of each kind are mutated at random, before packing (gzip, zip) or after, with checksums put
right half of the time, as a damaged checksum would hide what lies behind it.
"""

import argparse
import gzip
import io
import pickle
import random
import resource
import struct
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors.numpy import save

from backprop.datasets import load_picture, read_idx
from backprop.datasets.image_file import FORMATS
from backprop.storage import load_params

STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile")
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
PARAMS: dict[str, Any] = {
    "W1": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b1": np.ones(3),
    "n": np.arange(2),
}
MEMORY, SECONDS = 64 << 20, 1.0
CLEAR = Path("/proc/self/clear_refs")


@dataclass
class Tally:
    """What came of one kind of file."""

    runs: int = 0
    read: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    undeclared: dict[str, bytes] = field(default_factory=dict)
    seconds: tuple[float, bytes] = (0.0, b"")
    memory: tuple[int, bytes] = (0, b"")


Mutated = Callable[[random.Random], bytes]


def mutate(content: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to eight changes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        place = rng.randrange(len(data)) if data else 0
        match rng.randrange(8):
            case 0 if data:
                data[place] ^= 1 << rng.randrange(8)
            case 1 if data:
                data[place] = rng.choice((0, 1, 9, 10, 32, 46, 127, 128, 255, rng.randrange(256)))
            case 2 | 3:
                number = rng.choice(INTERESTING)
                form = rng.choice("<>") + rng.choice("HIQ")
                number &= (1 << 8 * struct.calcsize(form)) - 1
                data[place : place + struct.calcsize(form)] = struct.pack(form, number)
            case 4:
                del data[place : place + rng.randrange(1, 17)]
            case 5:
                data[place:place] = data[place : place + rng.randrange(1, 65)]
            case 6:
                start = rng.randrange(len(other))
                data[place:place] = other[start : start + rng.randrange(1, 65)]
            case _:
                if rng.random() < 0.2:
                    del data[place:]
    return bytes(data)


def png_repaired(data: bytes) -> bytes:
    """Return a PNG with the right checksums."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        size = min(int.from_bytes(data[at : at + 4], "big"), len(data) - at - 12)
        chunk = data[at + 4 : at + 8 + size]
        out += struct.pack(">I", size) + chunk + struct.pack(">I", zlib.crc32(chunk))
        at += size + 12
    return bytes(out)


def zipped(members: dict[str, bytes], method: int) -> bytes:
    """Return a zip file of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def npy(array: Any) -> bytes:
    """Return an array as an .npy file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def images() -> list[bytes]:
    """Return small pictures of every format and many modes."""
    gray = Image.fromarray((np.arange(144) % 251).astype(np.uint8).reshape(12, 12))
    made = []
    for form, modes in {
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
        "JPEG": ("L", "RGB", "CMYK"),
        "GIF": ("L", "P"),
        "BMP": ("1", "L", "P", "RGB", "RGBA"),
        "TIFF": ("1", "L", "RGB", "RGBA", "CMYK", "I", "F", "I;16", "LAB"),
        "WEBP": ("RGB", "RGBA"),
        "PPM": ("1", "L", "RGB"),
    }.items():
        for mode in modes:
            image = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
            if mode != "I;16":
                base = gray.convert("RGB") if mode in ("CMYK", "LAB") else gray
                image = base.point(lambda v: v) if mode == "LAB" else base.convert(mode)
            for options in ({},) if form != "TIFF" else ({}, {"compression": "tiff_lzw"}):
                stream = io.BytesIO()
                image.save(stream, form, **options)
                made.append(stream.getvalue())
    return made


def makers() -> dict[str, tuple[Callable[[Path], Any], Mutated]]:
    """Return each kind of file with its reader and what makes a damaged one."""
    plain = b"\0\0\x08\x02\0\0\0\3\0\0\0\4" + bytes(range(12))
    pickles = [pickle.dumps(PARAMS, protocol) for protocol in range(6)]
    tensors = save(PARAMS, {"activation": "relu"})
    brain = tensors.replace(b'"F32"', b'"BF16"').replace(b"[2,3]", b"[4,3]")
    pictures = images()

    def idx(rng: random.Random) -> bytes:
        if rng.random() < 0.5:
            return mutate(plain, plain, rng)
        if rng.random() < 0.5:
            return gzip.compress(mutate(plain, plain, rng), 1)
        packed = gzip.compress(plain)
        return mutate(packed, packed, rng)

    def npz(rng: random.Random) -> bytes:
        method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA))
        members = {f"{name}.npy": npy(value) for name, value in PARAMS.items()}
        if rng.random() < 0.5:
            members["W1.npy"] = mutate(members["W1.npy"], members["b1.npy"], rng)
            return zipped(members, method)
        packed = zipped(members, method)
        return mutate(packed, packed, rng)

    def one_of(seeds: list[bytes]) -> Mutated:
        return lambda rng: mutate(rng.choice(seeds), rng.choice(seeds), rng)

    def picture(rng: random.Random) -> bytes:
        data = one_of(pictures)(rng)
        return png_repaired(data) if data[:4] == b"\x89PNG" and rng.random() < 0.7 else data

    return {
        "IDX": (read_idx, idx),
        "npz": (load_params, npz),
        "pickle": (load_params, one_of(pickles)),
        "safetensors": (load_params, one_of([tensors, brain])),
        "picture": (read_picture, picture),
    }


def read_picture(path: Path) -> None:
    """Read a picture, of whatever it shows."""
    with warnings.catch_warnings(action="ignore"):
        load_picture(path)


def load_once(path: Path) -> None:
    """Let a whole picture load what later ones use too: no file is to answer for that."""
    bar = np.pad(np.zeros((18, 3), np.uint8), 9, constant_values=255)
    Image.fromarray(bar).save(path, "PNG")
    read_picture(path)


def forget_peak() -> None:
    """Let `peak` begin anew, where the system can: else only what is more than ever is seen."""
    if CLEAR.exists():
        CLEAR.write_text("5")


def peak() -> int:
    """Return the most memory that the process has held, in bytes."""
    if CLEAR.exists():
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def declared(path: Path) -> int:
    """Return how many bytes a picture's header asks for, as Pillow holds them; 0 of other files.

    What else a file declares is compared with what it holds before memory is taken.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            held = {"1": 1, "L": 1, "P": 1, "I;16": 2}.get(image.mode, 4)
            return image.width * image.height * held
    except Exception:
        return 0


def attempt(read: Callable[[Path], Any], path: Path, content: bytes, tally: Tally) -> None:
    """Read one file and note what came."""
    path.write_bytes(content)
    forget_peak()
    before, start = peak(), time.process_time()
    try:
        read(path)
        tally.read += 1
    except ValueError as error:
        tally.errors["ValueError"] += 1
        if str(path) not in str(error):
            tally.undeclared.setdefault("ValueError that does not name the file", content)
    except Exception as error:
        tally.errors[type(error).__name__] += 1
        where = traceback.format_exc().splitlines()[-3:]
        tally.undeclared.setdefault(f"{type(error).__name__}: {error} {where}", content)
    tally.runs += 1
    tally.seconds = max(tally.seconds, (time.process_time() - start, content))
    used = peak() - before
    beyond = used - declared(path) if used > MEMORY else used
    tally.memory = max(tally.memory, (beyond, content))


def fuzz(kind: str, runs: int, seed: int, deadline: float = float("inf")) -> Tally:
    """Put damaged files of one kind to its reader."""
    read, make = makers()[kind]
    rng, tally = random.Random(f"{kind} {seed}"), Tally()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        load_once(path)
        while tally.runs < runs and time.monotonic() < deadline:
            attempt(read, path, make(rng), tally)
    return tally


def main() -> int:
    """Print executions, exceptions by kind, worst memory and time; 1 if a limit was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200_000, help="files of each kind")
    parser.add_argument("--seconds", type=float, default=3600, help="at most, of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="folder for findings")
    options = parser.parse_args()
    started: list[str] = []
    sys.addaudithook(lambda event, _: started.append(event) if event in STARTS else None)
    bad = 0
    for kind in makers():
        tally = fuzz(kind, options.runs, options.seed, time.monotonic() + options.seconds)
        errors = ", ".join(f"{name} {count:,}" for name, count in tally.errors.items())
        print(
            f"{kind}: {tally.runs:,} executions, {tally.read:,} read, {errors}; "
            f"worst {tally.seconds[0]:.2f} s of the processor, "
            f"{tally.memory[0] / 2**20:.0f} MiB beyond what a header asks for",
            flush=True,
        )
        found = dict(tally.undeclared)
        if tally.seconds[0] > SECONDS:
            found["slow"] = tally.seconds[1]
        if tally.memory[0] > MEMORY:
            found["memory"] = tally.memory[1]
        for number, (what, content) in enumerate(found.items()):
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{kind}-{number}").write_bytes(content)
            print(f"  {what}: {options.keep / f'{kind}-{number}'}")
        bad += len(found)
    print(f"processes started: {len(started)} {sorted(set(started))}")
    return 1 if bad or started else 0


if __name__ == "__main__":
    sys.exit(main())

"""Kill `backprop train` at random moments, and see that nothing is lost.

    python scripts/kill_test.py [--kills 200] [--signals 100] [--disks 20] [--seed 0]
                                [--libraries numpy,torch] [--iterations 83]

Each round starts a run, ends it from outside at a random moment, and looks at its folder: each file
that has a name of its own loads. The run then goes on with `--resume` until it is through, and must
end with the parameters, the losses and the accuracies, bit for bit, of a run that nobody ended. A
full disk, here a small tmpfs, and a folder that can't be written give one line, and what was there
is there. Prints what was seen; the exit code is 1 if a round failed.
"""

import argparse
import functools
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before any library starts threads: a fork has none of them

import backends  # noqa: E402
import backprop.cli.train  # noqa: E402
from backprop import load_network, plotting  # noqa: E402
from backprop.cli.app import run  # noqa: E402
from backprop.cli.options import Dataset, load  # noqa: E402
from backprop.storage.checkpoint import load_checkpoint  # noqa: E402

RECIPES = {
    "SGD": (),
    "Adam": ("--optimizer", "adam", "--lr-schedule", "cosine", "--augment", "shift,rotate"),
}
"""Arguments of the runs that are ended; the second ones remember moments, a step, a generator."""
CHECKPOINT, BEST, PARAMS = "checkpoint.safetensors", "best.safetensors", "params.safetensors"


class Process:
    """`backprop ARGUMENTS` in a process of its own: a fork, as imports take longer than a run."""

    def __init__(self, arguments: list[str]) -> None:
        self._err = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was read
        self.code: int | None = None
        sys.stdout.flush()
        self.id = os.fork()
        if not self.id:
            code = 70
            try:
                with open(os.devnull, "w") as nowhere:
                    os.dup2(nowhere.fileno(), 1)
                os.dup2(self._err.fileno(), 2)
                code = run(arguments)
            except KeyboardInterrupt:  # as the interpreter does, before the program begins
                code = 130
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)

    def lives_after(self, seconds: float) -> bool:
        """Wait, and tell whether it still runs."""
        end = time.perf_counter() + seconds
        while self.code is None and time.perf_counter() < end:
            found, status = os.waitpid(self.id, os.WNOHANG)
            if found:
                self.code = os.waitstatus_to_exitcode(status)
            time.sleep(0.001)
        return self.code is None

    def send(self, kind: signal.Signals) -> None:
        """Send a signal."""
        if self.code is None:
            os.kill(self.id, kind)

    def finish(self, seconds: float = 120) -> tuple[int, str]:
        """Return the exit code and what was said to the standard error."""
        if self.lives_after(seconds):
            self.send(signal.SIGKILL)
            self.lives_after(seconds)
            raise TimeoutError(f"a run took longer than {seconds} s")
        self._err.seek(0)
        err = self._err.read().decode()
        self._err.close()
        assert self.code is not None
        return self.code, err


@dataclass
class Program:
    """How a run is started."""

    library: str
    recipe: str
    iterations: int

    @property
    def name(self) -> str:
        """Library and recipe."""
        return f"{self.library}-{self.recipe}"

    def resumed(self, folder: Path) -> list[str]:
        """Return the arguments that go on with a run."""
        return ["train", "--resume", str(folder)]

    def fresh(self, folder: Path, *more: str) -> list[str]:
        """Return the arguments of a new run."""
        size = ["--hidden", "8", "--iterations", str(self.iterations), "--library", self.library]
        recipe = RECIPES[self.recipe]
        return ["train", *size, *recipe, "--device", "cpu", "--out", str(folder), *more]

    def run(self, arguments: list[str]) -> tuple[int, str]:
        """Run one to its end; return its exit code and what it said to the standard error."""
        return Process(arguments).finish()


@dataclass
class Moment:
    """A random moment of a run: one time in five anywhere, else while it trains and writes."""

    folder: Path
    rng: random.Random
    length: float

    def await_it(self, process: Process) -> bool:
        """Wait, and tell whether the run still goes on then."""
        if self.rng.random() < 0.2:
            return process.lives_after(self.rng.uniform(0, 1))
        before = self._written()
        while self._written() == before and process.lives_after(0.001):
            pass  # it begins with a checkpoint
        return process.lives_after(self.rng.uniform(0, 1) * self.length)

    def _written(self) -> float | None:
        try:
            return (self.folder / CHECKPOINT).stat().st_mtime_ns
        except FileNotFoundError:
            return None


@dataclass
class Tally:
    """What came of the rounds."""

    seen: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Count a failure."""
        self.problems.append(problem)
        print(f"PROBLEM {problem}", flush=True)


def same_end(folder: Path, reference: Path) -> str | None:
    """Return how a run differs from the uninterrupted one; None when it does not."""
    if (folder / PARAMS).read_bytes() != (reference / PARAMS).read_bytes():
        return "parameters differ"
    own, other = (
        {**load_checkpoint(f / CHECKPOINT).training["history"], "seconds": 0.0}
        for f in (folder, reference)
    )
    if own != other:
        return "histories differ"
    best, wanted = (load_network(f / BEST, backend="cpu").params for f in (folder, reference))
    if any(best[name].tobytes() != wanted[name].tobytes() for name in wanted):
        return "best parameters differ"
    tables = [(f / "history.csv").read_bytes() for f in (folder, reference)]
    return None if tables[0] == tables[1] else "history.csv differs"


def look(folder: Path) -> str | None:
    """Return what of a killed run does not load; None when all does."""
    for name in (CHECKPOINT, BEST, PARAMS):
        if (folder / name).exists():
            try:
                (load_network if name == PARAMS else load_checkpoint)(folder / name)
            except (OSError, ValueError) as error:
                return f"{name}: {error}"
    return None


def finish(program: Program, folder: Path, tally: Tally) -> tuple[int, str]:
    """Go on with a run, or start it where it had not begun."""
    begun = (folder / CHECKPOINT).exists()
    found = load_checkpoint(folder / CHECKPOINT).training["history"]["loss"] if begun else []
    at = "none" if not begun else "the start" if not found else "the end"
    if 0 < len(found) < program.iterations:
        at = "an epoch" if len(found) % 10 == 0 else "within an epoch"
    tally.seen[f"last checkpoint: {at}"] += 1
    return program.run(program.resumed(folder) if begun else program.fresh(folder))


def killed(program: Program, folder: Path, stop: Callable[[Process], None], tally: Tally) -> int:
    """Start a run, go on with it if it has begun, end it from outside, and return its exit code."""
    begun = (folder / CHECKPOINT).exists()
    process = Process(program.resumed(folder) if begun else program.fresh(folder))
    stop(process)
    code, err = process.finish()
    tally.seen[f"exit {code}"] += 1
    if code not in (0, -9, -2, -15, 130, 143) or "Traceback" in err:
        tally.note(f"{folder.name}: exit {code}, {err.strip()[-300:]}")
    return code


def judge(program: Program, folder: Path, reference: Path, tally: Tally, name: str) -> None:
    """Look at a run that was ended, go on with it, and compare its end."""
    damage = look(folder)
    if damage:
        tally.note(f"{name}: {damage}")
        return
    done = finish(program, folder, tally)
    code, err = done
    if code:
        tally.note(f"{name}: resumed, exit {code}: {err.strip()[-300:]}")
        return
    left = [p.name for p in folder.iterdir() if p.name.startswith(".")]
    problem = f"left over: {left}" if left else same_end(folder, reference)
    if problem:
        tally.note(f"{name}: {problem}")
    tally.seen["ended as the uninterrupted run"] += not problem


def kill_rounds(
    program: Program, count: int, length: float, rng: random.Random, home: Path, reference: Path
) -> Tally:
    """End runs with `kill -9`, each up to three times in a row before it may finish."""
    tally = Tally()
    rounds = 0
    for number in itertools.count():
        if rounds >= count:
            break
        folder = home / f"kill-{number}"
        for _ in range(min(rng.randint(1, 3), count - rounds)):
            moment = Moment(folder, rng, length)

            def stop(process: Process, moment: Moment = moment) -> None:
                tally.seen["came too late"] += not moment.await_it(process)
                process.send(signal.SIGKILL)

            if killed(program, folder, stop, tally) == 0:
                break
            rounds += 1
            damage = look(folder)
            if damage:
                tally.note(f"kill {number}: {damage}")
        judge(program, folder, reference, tally, f"kill {number}")
        shutil.rmtree(folder, ignore_errors=True)
    tally.seen["kills of live runs"] = rounds
    return tally


def signal_rounds(
    program: Program, count: int, length: float, rng: random.Random, home: Path, reference: Path
) -> Tally:
    """End runs with SIGINT or SIGTERM, every other time with a second one 10 ms to 2 s later."""
    tally = Tally()
    for number in itertools.count():
        if number - tally.seen["came too late"] >= count:
            break
        folder = home / f"signal-{number}"
        kind = (signal.SIGINT, signal.SIGTERM)[number % 2]
        gap = rng.choice((0.01, 0.03, 0.1, 0.3, 0.6, 1.0, 2.0)) if number // 2 % 2 else None
        moment = Moment(folder, rng, length)

        def stop(
            process: Process,
            kind: signal.Signals = kind,
            gap: float | None = gap,
            moment: Moment = moment,
        ) -> None:
            tally.seen["came too late"] += not moment.await_it(process)
            process.send(kind)
            if gap is not None and process.lives_after(gap):
                tally.seen["hit it twice"] += 1
                process.send(kind)

        began = (folder / CHECKPOINT).exists()
        code = killed(program, folder, stop, tally)
        in_order = code == 128 + kind and gap is None
        if (
            in_order
            and not began
            and not (folder / PARAMS).exists()
            and (folder / CHECKPOINT).exists()
        ):
            tally.note(f"signal {number}: ended in order without parameters")
        judge(program, folder, reference, tally, f"signal {number}")
        shutil.rmtree(folder, ignore_errors=True)
    tally.seen["signals to live runs"] = count
    return tally


@contextmanager
def small_disk(home: Path, size: int) -> Iterator[Path | None]:
    """Give a tmpfs of so many kilobytes; None where none can be mounted."""
    place = home / "disk"
    place.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(place)], capture_output=True
    )
    try:
        yield None if mounted.returncode else place
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", str(place)], check=True)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, by name."""
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.exists() else {}


def full_disks(program: Program, count: int, rng: random.Random, home: Path) -> Tally:
    """Train on disks that are nearly full: every other time over an earlier run."""
    tally = Tally()
    for number in range(count):
        old = number % 2 == 1
        with small_disk(home, 600) as place:
            if place is None:
                print("no tmpfs can be mounted here: disks are not tried")
                return tally
            folder = place / "run"
            if old:
                code, err = program.run(program.fresh(folder, "--seed", "7"))
                assert code == 0, err
                (folder / "accuracy.png").unlink(missing_ok=True)
            before = contents(folder)
            usage = shutil.disk_usage(place)
            rest = rng.choice((0, 8, 20, 28, 36, 48, 60, 80)) * 1024
            with (place / "filler").open("wb") as filler:
                filler.write(bytes(max(0, usage.free - rest)))
            code, err = program.run(program.fresh(folder, *(["--overwrite"] if old else [])))
            tally.seen[f"full disk, exit {code}"] += 1
            lines = err.strip().splitlines()
            if code and (code != 2 or len(lines) != 1):
                tally.note(f"disk {number}: exit {code}, {lines}")
            after = contents(folder)
            if code and old and after.get(PARAMS) != before[PARAMS]:
                tally.note(f"disk {number}: the earlier parameters are gone")
            damage = look(folder)
            if damage:
                tally.note(f"disk {number}: {damage}")
            if [name for name in after if name.startswith(".")]:
                tally.note(f"disk {number}: left over {sorted(after)}")
            (place / "filler").unlink()
            if code and (folder / CHECKPOINT).exists() and contents(folder) != before:
                code, err = program.run(program.resumed(folder))
                tally.seen["goes on with room again"] += code == 0
                if code:
                    tally.note(f"disk {number}: with room again: {err.strip()[-200:]}")
    return tally


def read_only(program: Program, home: Path) -> Tally:
    """Try a folder that can't be written: its mount is read-only, as root may write elsewhere."""
    tally = Tally()
    with small_disk(home, 600) as place:
        if place is None:
            return tally
        code, err = program.run(program.fresh(place / "run"))
        assert code == 0, err
        before = contents(place / "run")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        for more in (["--overwrite"], []):
            code, err = program.run(program.fresh(place / ("run" if more else "new"), *more))
            lines = err.strip().splitlines()
            tally.seen[f"read-only folder, exit {code}"] += 1
            if code != 2 or len(lines) != 1 or contents(place / "run") != before:
                tally.note(f"read-only: exit {code}, {lines}")
    return tally


@functools.cache
def small_load(*arguments: Any, **options: Any) -> Any:
    """Return the first digits of the data set: a run is then short, and most of it is writing."""
    train, test = load(*arguments, **options)
    return tuple(part[:1000] for part in train), tuple(part[:200] for part in test)


def no_picture(*arguments: Any) -> None:
    """Fail as a picture may; drawing would take longer than all else."""
    raise RuntimeError("pictures are left out")


def main() -> int:
    """Run all rounds."""
    setattr(backprop.cli.train, "load", small_load)  # noqa: B010 - a stand-in
    setattr(plotting, "accuracy_curves", no_picture)  # noqa: B010
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("kills", 200), ("signals", 100), ("disks", 20), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--iterations", type=int, default=83)
    parser.add_argument("--libraries", default="numpy,torch")
    chosen = parser.parse_args()
    libraries = chosen.libraries.split(",")
    problems = 0
    with tempfile.TemporaryDirectory(prefix="kill-test-") as name:
        home = Path(name)
        programs = [
            Program(library, recipe, chosen.iterations)
            for library, recipe in itertools.product(libraries, RECIPES)
        ]
        for place, program in enumerate(programs):
            rng = random.Random(chosen.seed + place)
            reference = home / f"reference-{program.name}"
            backends.select("cpu", program.library)  # imported once, not in each run; data read so
            small_load(Dataset.SAMPLE, None)
            for folder in (home / f"warm-{program.name}", reference):
                process = Process(program.fresh(folder))
                while not (folder / CHECKPOINT).exists() and process.lives_after(0.001):
                    pass
                start = time.perf_counter()
                code, err = process.finish()
                length = time.perf_counter() - start  # of training and writing alone
                if code:
                    print(err, file=sys.stderr)
                    return 2
            print(f"{program.name}: a run trains and writes for {length:.2f} s", flush=True)
            share = [
                n // len(programs) + (place < n % len(programs))
                for n in (chosen.kills, chosen.signals, chosen.disks)
            ]
            tallies = {
                "kill -9": kill_rounds(program, share[0], length, rng, home, reference),
                "signals": signal_rounds(program, share[1], length, rng, home, reference),
                "full disks": full_disks(program, share[2], rng, home),
                "read-only": read_only(program, home),
            }
            for kind, tally in tallies.items():
                seen = ", ".join(f"{what} {n}" for what, n in sorted(tally.seen.items()))
                problems += len(tally.problems)
                print(
                    f"{program.name:10} {kind:10} problems {len(tally.problems)}: {seen}",
                    flush=True,
                )
    print(f"problems: {problems}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""What data larger than memory and several processes cost: the figures of docs/scaling.md.

    python -m benchmarks.scaling data      # a mapped file beside the same array in memory
    python -m benchmarks.scaling ranks     # one process and two, and the cost model beside them

`ranks` needs the extra `mpi`. The figures are those of one thread a process: set
`OPENBLAS_NUM_THREADS=1`.
Candidates take turns, as the machine may be shared: a figure is a ratio of medians, and beside
it stands that of the fastest twentieth, which others disturbed least.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from backprop import SGD, Trainer, TwoLayerNet
from backprop.parallel import MPICommunicator

PIXELS = 784
LARGE = 4_000_000_000  # bytes of the file that is larger than what may be in memory
TURNS = 5


def main() -> None:
    """Print the figures that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("data", "ranks", "large", "worker", "sums"))
    parser.add_argument("numbers", nargs="*", type=int)
    asked = parser.parse_args()
    {"data": data, "ranks": ranks, "large": large, "worker": worker, "sums": sums}[asked.what](
        *asked.numbers
    )


def started(processes: int, *arguments: Any) -> Any:
    """Run this program in so many processes, and return the JSON that the first one prints."""
    launcher = [Path(sys.executable).parent / "mpiexec", "-n", str(processes)]
    command = [sys.executable, "-m", "benchmarks.scaling", *map(str, arguments)]
    ended = subprocess.run(
        [*(launcher if processes > 1 else []), *command], check=True, capture_output=True, text=True
    )
    return json.loads(ended.stdout)


class Clocked(SGD):
    """Notes when each step ended."""

    def __init__(self) -> None:
        super().__init__(0.1)
        self.ends: list[float] = []

    def update(self, params: Any, grads: Any) -> None:
        """Take the step, and note when."""
        super().update(params, grads)
        self.ends.append(time.perf_counter())


def net_of(hidden: int) -> TwoLayerNet:
    """Return a network 784-hidden-10."""
    return TwoLayerNet(PIXELS, hidden, 10, backend="cpu", seed=0)


def data() -> None:
    """Print what a mapped file costs beside the same array in memory, accuracy included."""
    count = 60_000
    rng = np.random.default_rng(0)
    t = rng.integers(0, 10, count)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.npy"
        memory = rng.random((count, PIXELS), np.float32)
        np.save(path, memory)
        for hidden, batch in ((50, 100), (50, 1000), (200, 100), (500, 100)):
            wall: dict[str, list[float]] = {"memory": [], "mapped": []}
            busy: dict[str, list[float]] = {"memory": [], "mapped": []}
            for _ in range(TURNS):
                for name in wall:
                    x = memory if name == "memory" else np.load(path, mmap_mode="r")
                    trainer = Trainer(net_of(hidden), SGD(0.1), batch, seed=0)
                    begun, cpu = time.perf_counter(), time.process_time()
                    trainer.fit((x, t), epochs=1, progress=False)
                    wall[name].append(time.perf_counter() - begun)
                    busy[name].append(time.process_time() - cpu)
            speed, work = (
                np.median(times["memory"]) / np.median(times["mapped"]) for times in (wall, busy)
            )
            print(
                f"784-{hidden}-10, batch {batch}: {count / np.median(wall['memory']):,.0f} "
                f"samples/s in memory; mapped {speed:.2f} times that; "
                f"{work:.2f} by processor time"
            )
    print(f"4 GB: {started(1, 'large')} MiB of memory at most, from {started(1, 'large', 0)}")


def large(samples: int = LARGE // (4 * PIXELS)) -> None:
    """Print the most memory, in MiB, that training on a sparse file of so many samples takes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        with path.open("wb") as file:
            file.truncate(max(1, samples) * 4 * PIXELS)
        x = np.memmap(path, np.float32, "r", shape=(max(1, samples), PIXELS))
        trainer = Trainer(net_of(50), SGD(0.1), 100, seed=0)
        trainer.fit((x, np.zeros(len(x), np.uint8)), epochs=1, progress=False)
    status = Path("/proc/self/status").read_text()
    most = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    print(int(most.split()[1]) // 1024)


class Timed(MPICommunicator):
    """Adds up what sums take."""

    spent = 0.0

    def total(self, vector: Any) -> Any:
        """Return the sum."""
        begun = time.perf_counter()
        found = super().total(vector)
        self.spent += time.perf_counter() - begun
        return found


def worker(hidden: int, batch: int, steps: int) -> None:
    """Print the step times of this many processes, and the share of them that sums take."""
    ranks = Timed()
    rng = np.random.default_rng(0)
    x, t = rng.random((10_000, PIXELS), np.float32), rng.integers(0, 10, 10_000)
    net = net_of(hidden)
    net.accuracy = lambda *_, **__: 0.0  # type: ignore[method-assign]
    clock, one = Clocked(), ranks.size == 1
    trainer = Trainer(net, clock, batch, seed=0, communicator=None if one else ranks)
    trainer.fit((x, t), iterations=2, progress=False)
    ranks.spent = 0.0
    begun = time.perf_counter()
    trainer.fit((x, t), iterations=steps, progress=False)
    share = ranks.spent / (time.perf_counter() - begun)
    times = np.diff(clock.ends[2:]).tolist()
    if ranks.rank == 0:
        print(json.dumps({"times": times, "sums": share}))


def sums() -> None:
    """Print what a sum of 1, 10^3, ... 10^7 float32 takes at its fastest and in the middle."""
    ranks = MPICommunicator()
    found = {}
    for length in (1, 1000, 10_000, 100_000, 1_000_000, 10_000_000):
        times = []
        for _ in range(30):
            vector = np.ones(length, np.float32)
            ranks.total(np.ones(1))
            begun = time.perf_counter()
            ranks.total(vector)
            times.append(time.perf_counter() - begun)
        found[length] = [min(times), float(np.median(times))]
    if ranks.rank == 0:
        print(json.dumps(found))


def ranks() -> None:
    """Print steps of one process and of two, strong and weak, beside what the model says."""
    found = {int(length): times for length, times in started(2, "sums").items()}
    for length, (best, middle) in found.items():
        print(
            f"sum of {length:,} float32: {best * 1e6:,.0f} us at best, median {middle * 1e6:,.0f}"
        )
    latency = found[1][0]
    bandwidth = 4e6 / (found[1_000_000][0] - latency)
    print(f"model: latency {latency * 1e6:.1f} us, {bandwidth / 1e9:.2f} GB/s")
    for hidden, steps in ((50, 200), (500, 40), (2000, 12)):
        many: dict[tuple[int, int], list[float]] = {}
        shares: dict[tuple[int, int], list[float]] = {}
        for _ in range(TURNS):
            for case in ((1, 1000), (1, 500), (2, 1000), (2, 2000)):
                result = started(case[0], "worker", hidden, case[1], steps)
                many.setdefault(case, []).extend(result["times"])
                shares.setdefault(case, []).append(result["sums"])
        for name, pick in (("median", np.median), ("fastest", fastest)):
            time_of = {case: float(pick(times)) for case, times in many.items()}
            whole, half = time_of[1, 1000], time_of[1, 500]
            size = 4 * sum(p.size for p in net_of(hidden).params.values())
            said = half + latency + size / bandwidth
            print(
                f"784-{hidden}-10, {name}: a step of 1000 {whole * 1e3:.2f} ms, of 500 "
                f"{half * 1e3:.2f}; two processes {time_of[2, 1000] * 1e3:.2f} "
                f"(model {said * 1e3:.2f}): "
                f"strong {whole / time_of[2, 1000]:.2f}, weak {2 * whole / time_of[2, 2000]:.2f}; "
                f"sums {np.median(shares[2, 1000]):.0%} of it"
            )


def fastest(times: list[float]) -> float:
    """Return the time that a twentieth of them does not exceed."""
    return float(np.quantile(times, 0.05))


if __name__ == "__main__":
    main()

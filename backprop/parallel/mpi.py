"""Processes that MPI has started, by mpi4py."""

import atexit
import ctypes
import os
import sys
import time
import traceback
from types import TracebackType
from typing import Any

import backends
from backends import Array
from backends.distribution import pip_install

_PATIENCE = 2.0  # seconds over which ranks that fail alike are spread, for one of them to say it
_HANDED_ON = 0.25  # seconds in which a launcher passes on what a process has written


class MPICommunicator:
    """The processes of an MPI communicator: a `Communicator`.

    An exception that nobody catches ends all processes, with its traceback and exit code 1: the
    others would wait for ever for one that is gone. So does `sys.exit` of one alone in the middle
    of training.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm, optional
        `MPI.COMM_WORLD`, all that were started together, if not given.

    Attributes
    ----------
    rank, size : int
        The number of this process, and how many there are.
    cores : int or None
        This process's share of the cores that it and the others on its machine may use; None if it
        is alone there.
    direct : bool
        Whether MPI takes arrays from a GPU's memory as they are; else they go by way of the host.

    Raises
    ------
    ModuleNotFoundError
        When mpi4py is not installed.
    """

    def __init__(self, comm: Any = None) -> None:
        try:
            from mpi4py import MPI
        except ModuleNotFoundError as error:
            if error.name != "mpi4py":
                raise
            raise ModuleNotFoundError(
                f"several processes need mpi4py: {pip_install('mpi')}", name="mpi4py"
            ) from None
        self._in_place, self._name = MPI.IN_PLACE, MPI.Get_library_version().split("\n")[0]
        self._comm = MPI.COMM_WORLD if comm is None else comm
        self.rank, self.size = int(self._comm.rank), int(self._comm.size)
        self.cores = _cores(self._comm.Split_type(MPI.COMM_TYPE_SHARED))
        self.direct = _takes_device_memory(MPI.__file__)
        self._hook = sys.excepthook
        hooked = isinstance(getattr(sys.excepthook, "__self__", None), MPICommunicator)
        if self.size > 1 and not hooked:
            sys.excepthook = self._uncaught

    def total(self, vector: Array) -> Array:
        """Return the sum of the vectors of all processes: one Allreduce."""
        backend = backends.of(vector)
        if self.direct and hasattr(vector, "__cuda_array_interface__"):
            backend.synchronize()  # MPI does not wait for what the device has yet to do
            self._comm.Allreduce(self._in_place, vector)
            return vector
        host = vector if backends.host().holds(vector) else backend.to_numpy(vector)
        self._comm.Allreduce(self._in_place, host)
        return host if host is vector else backend.asarray(host)

    def from_first(self, value: Any) -> Any:
        """Return what process 0 gave, pickled on the way."""
        return self._comm.bcast(value, root=0)

    def first_to_fail(self) -> None:
        """Wait a moment, by rank: of several that fail alike, the first one ends the others."""
        time.sleep(_PATIENCE * self.rank / self.size)

    def abort(self, code: int) -> None:
        """End all processes at once, with this exit code."""
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(_HANDED_ON)  # the launcher ends all even with words of ours unread
        self._comm.Abort(code)

    def leave(self) -> None:
        """Let the end of this process, in the middle of what it shares, end those that go on."""
        atexit.register(self._left)

    def _left(self) -> None:
        """End all processes, unless the others end too."""
        all_left, end = self._comm.Ibarrier(), time.monotonic() + _PATIENCE
        while not all_left.Test():
            if time.monotonic() > end:
                self.abort(1)
            time.sleep(0.01)

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, where: TracebackType | None
    ) -> None:
        self.first_to_fail()
        if self._hook is sys.__excepthook__:
            traceback.print_exception(kind, error, where)
        else:
            self._hook(kind, error, where)
        self.abort(1)

    def __str__(self) -> str:
        way = "from the device's memory" if self.direct else "by way of the host's memory"
        return f"{self.size} processes, {self._name}; gradients go {way}"


def _cores(neighbors: Any) -> int | None:
    """Return a process's share of the cores, given the communicator of those on one machine."""
    count, mine = int(neighbors.size), _usable()
    everybody: set[int] = set().union(*neighbors.allgather(mine))
    neighbors.Free()  # MPI has some thousands of communicators, and no more
    if count == 1:
        return None
    return max(1, min(len(mine), len(everybody) // count))


def _usable() -> set[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


def _takes_device_memory(library: str) -> bool:
    """Ask MPICH or Open MPI, both of which have this function, whether it knows CUDA's memory."""
    query = getattr(ctypes.CDLL(library), "MPIX_Query_cuda_support", None)
    return query is not None and bool(query())

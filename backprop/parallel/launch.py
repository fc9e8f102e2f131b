"""Whether this process was started together with others, by mpiexec or a cluster's launcher."""

import os

from backprop.parallel.mpi import MPICommunicator

SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
"""How many there are: as MPICH, Intel MPI and Slurm say it, Open MPI, and MVAPICH2."""
_PMIX, _SLURM = "PMIX_RANK", "SLURM_STEP_NUM_TASKS"


def started() -> int:
    """Return how many processes were started together, by what the launcher put into variables."""
    names = (*SIZES, _SLURM) if _PMIX in os.environ else SIZES
    sizes = [os.environ[name] for name in names if os.environ.get(name, "").isdigit()]
    return max(map(int, sizes), default=1)


def world() -> MPICommunicator | None:
    """Return the communicator of all processes that were started together; None if it is one.

    Only where there are several, mpi4py is imported.

    Raises
    ------
    ModuleNotFoundError
        When mpi4py is not installed.
    RuntimeError
        When mpi4py has another MPI than the launcher.
    """
    count = started()
    if count == 1:
        return None
    communicator = MPICommunicator()
    if communicator.size != count:
        raise RuntimeError(
            f"mpi4py must have the MPI of the launcher, which started {count} processes; its own "
            f"knows of {communicator.size}: use its own mpiexec, beside this Python, or install "
            "mpi4py for the launcher's MPI, `pip install --no-binary mpi4py mpi4py`"
        )
    return communicator

"""Several processes that work on one thing: what is asked of them, and MPI, which gives it."""

from backprop.parallel.communicator import Communicator, share_of
from backprop.parallel.launch import world
from backprop.parallel.mpi import MPICommunicator

__all__ = ["Communicator", "MPICommunicator", "share_of", "world"]

"""A function of PyTorch's tensors on CUDA as graphs: its kernels are launched all at once.

A graph reads and writes the memory that it was captured with, so arguments are copied there and
results from there: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from ..namespace import Array

Held: TypeAlias = tuple[Array, ...]
Step: TypeAlias = Callable[..., tuple[Array, Held]]

_WARM_UP = 3  # runs before the capture, in which libraries make their handles and workspaces


class _Captured(NamedTuple):
    """A graph, and the memory that it reads and writes."""

    graph: Any
    held: Held
    others: Held
    result: tuple[Array, Held]


class Graphs:
    """A function `(held, *others) -> (result, held)`, captured once for each set of shapes."""

    def __init__(self, torch: Any, function: Step) -> None:
        self.torch, self.function = torch, function
        self._captured: dict[Any, _Captured] = {}

    def __call__(self, held: Held, *others: Array) -> tuple[Array, Held]:
        """Run the function."""
        key = tuple((x.shape, x.dtype, x.device) for x in (*held, *others))
        if key not in self._captured:
            self._captured[key] = self._capture(held, others)
        graph, own_held, own_others, (result, new) = self._captured[key]
        for own, given in zip((*own_held, *own_others), (*held, *others), strict=True):
            own.copy_(given)
        graph.replay()
        return result.clone(), tuple(x.clone() for x in new)

    def _capture(self, held: Held, others: Held) -> _Captured:
        cuda = self.torch.cuda
        own_held, own_others = (tuple(x.clone() for x in group) for group in (held, others))
        with cuda.device(held[0].device):  # or it is captured on the first GPU
            aside = cuda.Stream()
            aside.wait_stream(cuda.current_stream())
            with cuda.stream(aside):
                for _ in range(_WARM_UP):
                    self._run(own_held, own_others)
            cuda.current_stream().wait_stream(aside)
            graph = cuda.CUDAGraph()
            with cuda.graph(graph, stream=aside):
                result = self._run(own_held, own_others)
        return _Captured(graph, own_held, own_others, result)

    def _run(self, held: Held, others: Held) -> tuple[Array, Held]:
        """Run the function on copies: it may change what it holds in place."""
        return self.function(tuple(x.clone() for x in held), *others)

"""Dask: arrays that are computed when somebody asks, and a count of who did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..libraries import Library
from ..namespace import Device
from .places import here


class Dask(Library):
    """Dask on the CPU: a row of the kit's, not among the libraries that networks run on."""

    name = "dask"
    module = "dask.array"
    namespace_name = "array_api_compat.dask.array"
    requirement = "dask[array]"

    def version(self) -> str:
        """Return the version of the installed library."""
        import dask

        return str(dask.__version__)

    def asarray(self, host: Any, dtype: Any, device: Device) -> Any:
        """Take a NumPy array into one of dask's, in two chunks where it has two rows."""
        x = self.namespace().asarray(host, dtype=dtype)
        return x.rechunk({0: -(-x.shape[0] // 2)}) if x.ndim and x.shape[0] > 1 else x

    @contextmanager
    def computing(self, computed: list[str]) -> Iterator[None]:
        """Within the context, note in `computed` each line that has arrays computed."""
        import dask
        from dask.local import get_sync

        def scheduler(*args: Any, **kwargs: Any) -> Any:
            computed.append(here())
            return get_sync(*args, **kwargs)

        with dask.config.set(scheduler=scheduler):
            yield


DASK = Dask()

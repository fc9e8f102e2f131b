"""Which functions and keywords of the array namespace the two packages use, seen while tests run."""

import functools
import sys
from types import ModuleType
from typing import Any, NamedTuple

import array_api_compat.numpy
import numpy as np
import pytest

import backends

PACKAGES = ("backprop", "backends")


class Call(NamedTuple):
    """A function of the namespace, how many positional arguments it got, and which keywords.

    For what was looked up and not called, `arguments` is None.
    """

    name: str
    arguments: int | None
    keywords: frozenset[str]


class Recorder(ModuleType):
    """NumPy's namespace, which takes down what the two packages ask of it."""

    def __init__(self, recorded: Any, calls: set[Call], prefix: str = "") -> None:
        super().__init__(getattr(recorded, "__name__", prefix))
        self._recorded, self._calls, self._prefix = recorded, calls, prefix

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._recorded, name)
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.partition(".")[0] not in PACKAGES or caller.startswith("backends.testing"):
            return value
        if isinstance(value, ModuleType):  # an extension, such as linalg
            return Recorder(value, self._calls, prefix=f"{self._prefix}{name}.")
        if not callable(value) or isinstance(value, type):
            self._calls.add(Call(self._prefix + name, None, frozenset()))
            return value

        @functools.wraps(value)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls.add(Call(self._prefix + name, len(args), frozenset(kwargs)))
            result = value(*args, **kwargs)
            if name == "__array_namespace_info__":
                return Recorder(result, self._calls, prefix="__array_namespace_info__().")
            return result

        return call


class Recording:
    """All calls of a test run."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()
        self._xp = Recorder(array_api_compat.numpy, self.calls)

    def begin(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the recording namespace in NumPy's place until the test ends."""
        module = sys.modules["backends.namespace"]
        find = module._find
        found: dict[type, Any] = {np.ndarray: self._xp}

        def find_recorder(x: Any) -> Any:
            xp = find(x)
            if xp is array_api_compat.numpy:
                xp = found[type(x)] = self._xp
            return xp

        monkeypatch.setattr(module, "_namespaces", found)
        monkeypatch.setattr(module, "_find", find_recorder)
        monkeypatch.setitem(sys.modules, "array_api_compat.numpy", self._xp)
        monkeypatch.setitem(backends.host().__dict__, "xp", self._xp)

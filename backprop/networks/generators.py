"""The generators of random numbers that layers hold: where they are decides what is drawn next."""

import copy
import functools
import random
from collections.abc import Iterator, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import backends
from backprop.arrays import host_values, is_array
from backprop.networks.parameters import attributes, held_in, reached

_NO_HOLDERS = (type, ModuleType, FunctionType, BuiltinFunctionType)


def taken(layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return where each generator is, by layer and attribute: `Dropout1.rng`."""
    return {name: copy.deepcopy(bits.state) for name, bits in found(layers)}


def put_back(layers: Mapping[str, Any], states: Mapping[str, Any]) -> None:
    """Set each generator to where `taken` found it.

    Raises
    ------
    ValueError
        When these are other generators.
    """
    held = dict(found(layers))
    if set(held) != set(states):
        raise ValueError(
            f"the generators must be those of the training, {', '.join(held) or 'none'}; "
            f"got {', '.join(states) or 'none'}"
        )
    before = {name: bits.state for name, bits in held.items()}
    try:
        for name, bits in held.items():
            bits.state = states[name]
    except (LookupError, OverflowError, RuntimeError, TypeError, ValueError) as error:
        for name, bits in held.items():
            bits.state = before[name]
        raise ValueError(f"a generator must have a state of its kind; {error}") from None


def found(layers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what has a `state` to draw from by layer and attribute, and key where it is held so.

    It may be held by an object of any class, a bound method or a partial; not by a closure.

    That is the bit generator of a generator of NumPy, or stands for its older kind, Python's or
    PyTorch's. One that layers share comes once.
    """
    seen: set[int] = set()
    for name, layer in layers.items():
        for where, _, held in reached(layer, name, _inside):
            for key, value in held.items():
                source = _source(value)
                if source is not None and id(value) not in seen:
                    seen |= {id(value), id(source)}
                    yield f"{where}.{key}", source


def _inside(value: Any) -> Mapping[Any, Any] | None:
    """Return what a value holds that may be a generator: of objects of any class, but arrays."""
    if isinstance(value, functools.partial):
        return {"func": value.func, "args": value.args, "keywords": value.keywords}
    if isinstance(value, MethodType):
        return {"self": value.__self__}
    if isinstance(value, _NO_HOLDERS) or is_array(value):
        return None
    return attributes(value) if (held := held_in(value)) is None else held


def _source(value: Any) -> Any:
    bits = getattr(value, "bit_generator", None)
    if hasattr(bits, "state"):
        return bits
    if isinstance(value, random.Random):
        return _OfPython(value)
    if type(value).__name__ == "Generator" and hasattr(value, "initial_seed"):
        return _OfTorch(value)
    legacy = hasattr(value, "random_sample") and hasattr(value, "set_state")
    return _Legacy(value) if legacy and not isinstance(value, ModuleType) else None


class _Legacy:
    """A `RandomState`: its state is more than that of its bits."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self._generator.get_state(legacy=False)
        return found

    @state.setter
    def state(self, value: Mapping[str, Any]) -> None:
        self._generator.set_state(dict(value))


class _OfPython:
    """A `random.Random`: its state in numbers and lists, as a file can hold them."""

    def __init__(self, generator: random.Random) -> None:
        self._generator = generator

    @property
    def state(self) -> dict[str, Any]:
        version, words, spare = self._generator.getstate()
        return {
            "version": version,
            "words": list(words),
            "spare": [x for x in [spare] if x is not None],
        }

    @state.setter
    def state(self, value: Mapping[str, Any]) -> None:
        spare = value["spare"][0] if value["spare"] else None
        self._generator.setstate((value["version"], tuple(value["words"]), spare))


class _OfTorch:
    """A `torch.Generator`: its state is a tensor of bytes."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    @property
    def state(self) -> dict[str, Any]:
        return {"bytes": host_values(self._generator.get_state())}

    @state.setter
    def state(self, value: Mapping[str, Any]) -> None:
        kind = backends.of(self._generator.get_state())
        self._generator.set_state(kind.asarray(value["bytes"]))

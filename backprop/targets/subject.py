"""What is checked: the arrays that move the output, where their gradients stand, and the passes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import backends
from backprop.arrays import copy_of, shape
from backprop.numerical.perturb import Place
from backprop.numerical.phi import Phi
from backprop.targets import places
from backprop.targets.conventions import Calls, calls_of
from backprop.targets.objects import (
    State,
    floating_arrays,
    follow,
    is_array,
    parse,
    readable,
    same,
)
from backprop.targets.passes import Passes, flat64, is_real, leaves, rebuilt
from backprop.targets.places import Made, Where

NOTHING = "there must be a floating input or a parameter to differentiate by; got none"
_PROBED = 24  # coordinates that tell which unnamed array is the gradient


@dataclass(frozen=True)
class Options:
    """What a caller says of a target beside its inputs; see `gradcheck`."""

    kwargs: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    grads: Mapping[str, str] = field(default_factory=dict)
    output: str | None = None
    names: Sequence[str] | None = None
    constants: Sequence[str] = ()


@dataclass
class Subject:
    """A target, brought to one form.

    Attributes
    ----------
    name : str
        What the report calls it.
    passes : Passes
        Its forward and backward passes.
    arrays : dict of str to Place
        What is differentiated by, inputs first.
    where : dict of str to Where
        Where the gradients stand after a backward pass.
    missing : dict of str to str
        Arrays without a gradient, and why.
    positions : dict of int to str
        The names of inputs by position.
    batch : int or None
        Number of samples.
    notes : list of str
        What was left out, and why.
    """

    name: str
    passes: Passes
    arrays: dict[str, Place]
    where: dict[str, Where]
    missing: dict[str, str]
    positions: dict[int, str]
    batch: int | None = None
    notes: list[str] = field(default_factory=list)

    def gradients(self, factor: float = 1.0) -> dict[str, Any]:
        """Return copies of the analytic gradients, for the cotangents times `factor`."""
        return self.passes.backward(self.read, factor)

    def read(self, returned: Any) -> dict[str, Any]:
        """Return copies of the gradients that there are right after a backward pass."""
        found = {name: where.read(returned) for name, where in self.where.items()}
        return {name: copy_of(g) if is_array(g) else g for name, g in found.items()}


def subject_of(
    target: Any, inputs: Sequence[Any], options: Options, rng: np.random.Generator
) -> Subject:
    """Return the subject for a target of any kind.

    Raises
    ------
    TypeError
        When the target follows no known convention.
    ValueError
        When there is nothing to differentiate by.
    """
    own = [rebuilt(x, lambda leaf: _copy(leaf, inputs)) for x in inputs]
    calls = calls_of(target, own, options.kwargs, options.output)
    if options.names is not None:
        calls = replace(calls, names=tuple(options.names) + calls.names[len(options.names) :])
    arrays = _input_arrays(own, calls)
    if calls.differentiates_inputs and not arrays and not any(map(floating_arrays, calls.roots)):
        raise ValueError(NOTHING)
    passes = Passes(calls, own, rng)
    try:
        _promote_numbers(passes, calls)
        return _search(passes, calls, options)
    except BaseException:
        passes.end()
        raise


def _copy(leaf: Any, inputs: Sequence[Any]) -> Any:
    """Return a copy of an array; a number as an array where all inputs are numbers."""
    if isinstance(leaf, np.generic):
        return np.array(leaf)
    if is_array(leaf):
        return copy_of(leaf)
    if all(_is_number(x) for x in inputs) and _is_number(leaf):
        return np.array(float(leaf))
    return np.array(leaf) if isinstance(leaf, float) else leaf


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def _promote_numbers(passes: Passes, calls: Calls) -> None:
    """Let an integer that a gradient is returned for be a float, where the target takes one."""
    returned = passes.backward(lambda value: value)
    if not isinstance(returned, tuple | list) or len(returned) != len(passes.inputs):
        return
    for i, x in enumerate(passes.inputs):
        if isinstance(x, int) and not isinstance(x, bool) and is_real(returned[i]):
            passes.inputs[i] = np.array(float(x))
            try:
                passes.phi()
            except Exception:  # the target wants an integer there
                passes.inputs[i] = x


def _input_arrays(inputs: list[Any], calls: Calls) -> dict[str, Place]:
    """Return the floating arrays among the inputs, by name."""
    if not calls.differentiates_inputs:
        return {}
    found = {}
    for place in floating_arrays(inputs).values():
        (_, first), *rest = place.path
        inner = readable(tuple(rest))
        found[f"{calls.names[first]}{inner if inner.startswith('[') else ''}"] = place
    return found


def _search(passes: Passes, calls: Calls, options: Options) -> Subject:
    inputs = _input_arrays(passes.inputs, calls)
    subject = Subject(calls.name, passes, {}, {}, {}, {})
    subject.batch = next(
        (int(x.shape[0]) for _, x in leaves(passes.inputs) if is_array(x) and x.ndim > 1), None
    )
    lazy = _adopt_lazy(passes)
    returned: dict[str, Any] = {}
    left = passes.backward(lambda value: _find_inputs(subject, inputs, value, returned))
    held = _parameters(passes, calls, options, lazy)
    made = _find_parameters(subject, held, options, left)
    _find_by_value(subject, made)
    if not subject.arrays:
        raise ValueError(NOTHING)
    return subject


def _find_inputs(
    subject: Subject, inputs: dict[str, Place], returned: Any, seen: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Note where the gradients by inputs stand; return what else was returned."""
    calls, passes = subject.passes.calls, subject.passes
    wanted = {tuple(key for _, key in place.path): name for name, place in inputs.items()}
    found, left = places.of_inputs(returned, passes.inputs, calls.names, list(wanted))
    for keys, name in wanted.items():
        where = found.get(keys)
        if where is None and len(keys) == 1:
            where = places.of_input_attribute(calls.roots, calls.names[keys[0]])
        number = not inputs[name].get().shape and any(p.get().shape for p in inputs.values())
        if where is None and (number or _is_target(subject, name, found)):
            subject.notes.append(f"{name}: no gradient is returned for it; taken for a constant")
            continue
        subject.arrays[name] = inputs[name]
        if len(keys) == 1:
            subject.positions[keys[0]] = name
        if where is not None:
            subject.where[name] = where
        else:
            subject.missing[name] = _why_missing(returned, len(passes.inputs))
    return left


def _is_target(subject: Subject, name: str, found: Mapping[Any, Any]) -> bool:
    """Tell whether an input is the target of a loss: behind the scores, for which there is one."""
    scalar = all(getattr(v, "shape", ()) == () for _, v in leaves(subject.passes.cotangents))
    return scalar and bool(found) and name != subject.passes.calls.names[0]


def _why_missing(returned: Any, count: int) -> str:
    if returned is None:
        return "backward must return the gradient by its input; it returns None"
    got = len(returned) if isinstance(returned, tuple | list | dict) else 1
    return f"backward must return a gradient for each of the {count} inputs; got {got}"


def _adopt_lazy(passes: Passes) -> bool:
    """Start from what a first forward pass made, where later ones compute with it."""
    roots = passes.calls.roots
    before = {id(p.get()) for root in roots for p in floating_arrays(root).values()}
    kept: list[Place] = []

    def look() -> None:
        new = [
            (root, p)
            for root in roots
            for p in floating_arrays(root).values()
            if id(p.get()) not in before and not any(p.get() is x for x in passes.inputs)
        ]
        arrays = [p.get() for _, p in new]
        if new:
            passes.calls.forward(passes.inputs)
        for (root, p), x in zip(new, arrays, strict=True):
            try:
                if follow(root, p.path) is x:
                    kept.append(p)
            except (AttributeError, KeyError, IndexError, TypeError):
                continue
        if kept:
            base = State(*roots, passes.inputs)
            moving = [p for p in kept if _moves(p, lambda: passes.calls.forward(passes.inputs))]
            base.restore()
            if moving:
                lazy.append(State(*roots, passes.inputs))

    lazy: list[State] = []
    passes.between(look)
    if lazy:
        lazy[0].restore()
        passes.start_from(lazy[0])
    return bool(lazy)


def _moves(place: Place, run: Callable[[], Any]) -> bool:
    """Tell whether the output heeds an array: changed everywhere, it changes the output."""
    x = place.get()
    saved = copy_of(x)
    values = flat64(x)
    rng = np.random.default_rng(0)
    other = values * (1.0 + 0.125 * rng.standard_normal(values.shape)) + 0.125 * rng.random()
    try:
        before = _values(run())
        changed = backends.of(x).asarray(other.reshape(shape(x)), x.dtype)
        if backends.is_writable(x):
            x[...] = changed
        else:
            place.set(changed)
        after = _values(run())
    except Exception:  # it heeds the values at least
        return True
    finally:
        if backends.is_writable(x):
            x[...] = saved
        else:
            place.set(x)
    return len(before) != len(after) or any(
        not np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True)
    )


def _values(result: Any) -> list[Any]:
    y = result[0] if isinstance(result, tuple) and len(result) == 2 else result
    return [flat64(leaf) for _, leaf in leaves(y) if is_real(leaf)]


@dataclass(frozen=True)
class Held:
    """A floating array that an object holds before its passes: a parameter, maybe."""

    name: str
    place: Place
    root: Any
    declared: bool


def _parameters(passes: Passes, calls: Calls, options: Options, lazy: bool) -> list[Held]:
    """Return the arrays that may be parameters: those of the state that each pass starts from."""
    if options.params:
        return [_declared(name, text, calls.roots) for name, text in options.params.items()]
    found: list[Held] = []
    taken: set[str] = set()
    for root in calls.roots:
        own = getattr(root, "params", None)
        if isinstance(own, Mapping) and not isinstance(own, dict):  # a view, as networks have
            for key in own:
                path = (("attribute", "params"), ("item", key))
                found.append(Held(str(key), Place(own, key, path=path), root, True))
                taken.add(str(key))
        for name, place in floating_arrays(root).items():
            if (
                any(
                    kind != "item" and key in ("state", "grads", "gradients")
                    for kind, key in place.path
                )
                or name in options.constants
            ):
                continue
            if any(place.get() is held.place.get() for held in found):
                continue
            declared = any(key in places.PARAMS for _, key in place.path)
            free = name if name not in taken else f"{name}'"
            taken.add(free)
            found.append(Held(free, place, root, declared))
    return found


def _declared(name: str, text: str, roots: Sequence[Any]) -> Held:
    path = parse(text)
    for root in roots:
        try:
            holder = follow(root, path[:-1])
            value = follow(root, path)
        except (AttributeError, KeyError, IndexError, TypeError):
            continue
        if not is_array(value):
            raise TypeError(f"`params[{name!r}]` must be an array; got {type(value).__name__}")
        kind, key = path[-1]
        return Held(name, Place(holder, key, attribute=kind != "item", path=path), root, True)
    raise ValueError(f"`params[{name!r}]` must be a path from the target to an array; got {text!r}")


@dataclass
class Unnamed:
    """Parameters whose gradients have no name that is known, and the arrays that may be theirs."""

    held: list[Held]
    candidates: list[tuple[Where, Any]]


def _find_parameters(
    subject: Subject, held: list[Held], options: Options, left: list[tuple[Any, ...]]
) -> Unnamed:
    """Note the parameters with gradients that have a name, and return the others."""
    passes = subject.passes
    made: list[Made] = []
    passes.between(lambda: made.append(Made(passes.calls.roots)))
    unnamed = Unnamed([], [])
    fresh = {h.name: flat64(h.place.get()) for h in held}

    def look(returned: Any) -> None:
        used: list[Any] = list(subject.where.values())
        only = isinstance(returned, Mapping) and not passes.calls.differentiates_inputs
        for h in held:
            where = _told(options, h) or places.named(h.root, h.place.path, returned, only)
            if where is None or where in used:
                unnamed.held.append(h)
                continue
            if not h.declared and not _stays(h):
                continue  # made anew by the passes: a cache
            name = f"{h.name} (parameter)" if h.name in subject.arrays else h.name
            subject.arrays[name], subject.where[name] = h.place, where
            used.append(where)
        if only:  # what the network does not return it has not said
            return
        taken = [where.read(returned) for where in used]
        everything = [
            (where, values)
            for where, values in made[0].found()
            if not any(where.read(None) is g for g in taken)
        ]
        everything += [
            (Where(keys), flat64(Where(keys).read(returned)))
            for keys in left
            if Where(keys) not in used
        ]
        unnamed.candidates += everything
        unnamed.candidates += _updates(unnamed.held, fresh, options)

    passes.backward(look)
    return unnamed


def _told(options: Options, held: Held) -> Where | None:
    text = options.grads.get(held.name)
    return None if text is None else Where(parse(text), held.root)


def _stays(held: Held) -> bool:
    """Tell whether an array is still where it was after the passes."""
    try:
        return follow(held.root, held.place.path) is held.place.get()
    except (AttributeError, KeyError, IndexError, TypeError):
        return False


def _updates(
    held: list[Held], fresh: Mapping[str, Any], options: Options
) -> list[tuple[Where, Any]]:
    """Return by how much a backward pass that learns has moved parameters, as gradients."""
    rates = [
        v
        for k, v in options.kwargs.items()
        if isinstance(v, float) and ("lr" in k or "rate" in k) and v
    ]
    rate = rates[0] if rates else 1.0
    found = []
    for h in held:
        try:
            now = follow(h.root, h.place.path)
        except (AttributeError, KeyError, IndexError, TypeError):
            continue
        if is_array(now) and flat64(now).shape == fresh[h.name].shape:
            moved = (fresh[h.name] - flat64(now)) / rate
            if moved.any():
                found.append((Where(h.place.path, h.root, fresh[h.name], rate), moved))
    return found


def _find_by_value(subject: Subject, unnamed: Unnamed) -> None:
    """Find the gradients without a known name by their values; note what has none."""
    passes = subject.passes
    known = [p.get() for p in subject.arrays.values()]
    siblings = any(p.path and p.path[0][1] in places.PARAMS for p in subject.arrays.values())
    for h in unnamed.held:
        x = h.place.get()
        if not _moves(h.place, lambda: (passes.phi(), None)) or _is_view(x, known):
            continue
        name = f"{h.name} (parameter)" if h.name in subject.arrays else h.name
        subject.arrays[name] = h.place
        size = flat64(x).size
        near = np.unique(np.linspace(0, size - 1, min(size, _PROBED)).astype(np.intp))
        fits = [(w, v) for w, v in unnamed.candidates if v.size == size]
        where = None
        if fits:
            slopes = Phi({name: h.place}, passes.phi, passes.scale()).at(name, near, None, 0)
            where = places.most_alike(fits, near, slopes.value)
        if where is None and h.declared and siblings:
            subject.where[name] = Where(("there is none",))  # those of others are where they belong
        elif where is None:
            subject.missing[name] = "it moves the output, and no gradient of it was found"
        else:
            subject.where[name] = where
            unnamed.candidates = [(w, v) for w, v in unnamed.candidates if w != where]


def _is_view(x: Any, known: Sequence[Any]) -> bool:
    """Tell whether a change of one of the known arrays changes `x` too: they share memory."""
    for other in known:
        if other is x or not backends.is_writable(other) or type(other) is not type(x):
            continue
        before, saved = copy_of(x), copy_of(other)
        try:
            other[...] = other + 1.0
            if not same(x, before):
                return True
        finally:
            other[...] = saved
    return False

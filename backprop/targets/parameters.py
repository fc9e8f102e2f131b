"""Parameters: the arrays that move the output, and where their gradients stand."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backprop.arrays import shape
from backprop.layers.layer import Layer
from backprop.numerical.perturb import Place
from backprop.numerical.phi import Phi
from backprop.numerical.pieces import flat64, same
from backprop.targets import places
from backprop.targets.candidates import Candidate, Floats, Indices, Made, most_alike
from backprop.targets.derived import derived
from backprop.targets.moving import caches, moves
from backprop.targets.nested import leaves
from backprop.targets.objects import attribute, is_known_array
from backprop.targets.parts import Step
from backprop.targets.passes import Passes
from backprop.targets.paths import floating_arrays, follow, is_bare, is_of_function, lying, parse
from backprop.targets.places import Where
from backprop.targets.rates import learning_rate
from backprop.targets.subject import Options, Subject
from backprop.targets.views import is_covered

NOT_FOUND = (
    "it moves the output, and no gradient of it was found; if it is not learnt, say so: constants="
)


def find_parameters(subject: Subject, options: Options, left: list[tuple[Any, ...]]) -> None:
    """Add the parameters to a subject, with where their gradients stand, or that there is none.

    Parameters
    ----------
    subject : Subject
        With its inputs.
    options : Options
        What the caller says of parameters.
    left : list of tuple
        Keys of what the backward pass returns beside the gradients by inputs.
    """
    held = _held(subject.passes, options)
    for name in options.grads:
        if name not in [h.name for h in held]:
            known = ", ".join(h.name for h in held) or "there is none"
            raise ValueError(f"`grads` must name parameters, {known}; got {name!r}")
    _find_by_value(subject, _find_by_name(subject, held, options, left))


_ADDED = -1.0  # the rate at which what is added is a gradient


@dataclass(frozen=True)
class Held:
    """A floating array that an object holds before its passes: a parameter, maybe."""

    name: str
    place: Place
    root: Any
    declared: bool


def _held(passes: Passes, options: Options) -> list[Held]:
    """Return the arrays that may be parameters: those of the state that each pass starts from."""
    calls = passes.calls
    aside = [x for _, x in leaves(passes.inputs)]
    arrays = [(root, floating_arrays(root)) for root in calls.roots]
    aside += [p.get() for _, own in arrays for name, p in own.items() if name in options.constants]
    if options.params:
        return [_declared(name, text, calls.roots) for name, text in options.params.items()]
    found: list[Held] = []
    taken: set[str] = set()
    for root, known in arrays:
        own = attribute(root, "params")
        if isinstance(own, Mapping) and not isinstance(own, dict):  # a view, as networks have
            for key in own:
                if key in options.constants:
                    continue
                path = (("attribute", "params"), ("item", key))
                found.append(Held(str(key), Place(own, key, path=path), root, True))
                taken.add(str(key))
        for name, place in known.items():
            x = place.get()
            if _is_set_aside(root, place.path) or any(x is other for other in aside):
                continue
            if any(x is held.place.get() for held in found):
                continue
            declared = any(key in places.PARAMS for _, key in place.path)
            free = name if name not in taken else f"{name}'"
            taken.add(free)
            found.append(Held(free, place, root, declared))
    made = derived(passes, [(h.root, h.place) for h in found])
    return [h for h in found if not any(h.place is place for place in made)]


def _is_set_aside(root: Any, path: tuple[Step, ...]) -> bool:
    """Tell whether an array stands in a dictionary of gradients, buffers, or our layer's state."""
    last = next(i for i in reversed(range(len(path))) if i == 0 or path[i][0] != "item")
    if path[last][1] == "state":  # of others it may be anything
        return isinstance(follow(root, path[:last]), Layer)
    return path[last][1] in ("_buffers", "grads", "gradients")


def _declared(name: str, text: str, roots: Sequence[Any]) -> Held:
    path = parse(text)
    for root in roots:
        try:
            holder = follow(root, path[:-1])
            value = follow(root, path)
        except (AttributeError, KeyError, IndexError, TypeError):
            continue
        if not is_known_array(value):
            raise TypeError(f"`params[{name!r}]` must be an array; got {type(value).__name__}")
        kind, key = path[-1]
        return Held(name, Place(holder, key, attribute=kind != "item", path=path), root, True)
    raise ValueError(f"`params[{name!r}]` must be a path from the target to an array; got {text!r}")


@dataclass
class Unnamed:
    """Parameters whose gradients have no name that is known, and the arrays that may be theirs."""

    held: list[Held]
    candidates: list[Candidate]
    otherwise: dict[str, Where]


def _find_by_name(
    subject: Subject, held: list[Held], options: Options, left: list[tuple[Any, ...]]
) -> Unnamed:
    """Note the parameters with gradients that have a name, and return the others."""
    passes = subject.passes
    made: list[Made] = []
    passes.between(lambda: made.append(Made(passes.calls.roots)))
    unnamed = Unnamed([], [], {})
    passes.base.restore()
    begin = Made(passes.calls.roots)
    loose = [h for h in held if not h.declared and h.name not in options.grads]
    kept = caches(passes, [(h.root, h.place) for h in loose])
    fresh = {h.name: passes.base.values(h.place.get()) for h in held}

    def look(returned: Any) -> None:
        used: list[Any] = list(subject.where.values())
        only = isinstance(returned, Mapping) and not passes.calls.differentiates_inputs
        for h in held:
            alone = not is_of_function(h.place.path)
            roots = (h.root,) if alone else passes.calls.roots
            where = _told(options, h) or places.named(roots, h.place.path, returned, only)
            if where is None or where in used:
                unnamed.held.append(h)
                continue
            if h.name not in options.grads and not begin.is_new(where.read(returned)):
                unnamed.held.append(h)  # no pass changes it: a velocity, or forgotten
                unnamed.otherwise[h.name] = where
                continue
            if any(h.place is place for place in kept):
                continue
            name = f"{h.name} (parameter)" if h.name in subject.arrays else h.name
            subject.arrays[name], subject.where[name] = h.place, where
            used.append(where)
        if only:  # what the network does not return it has not said
            return
        taken = [where.read(returned) for where in used]
        unnamed.candidates += [
            candidate
            for candidate in made[0].found()
            if not any(candidate.where.read(None) is g for g in taken)
        ]
        unnamed.candidates += [
            Candidate.of(Where(keys), Where(keys).read(returned))
            for keys in left
            if Where(keys) not in used
        ]
        unnamed.candidates += _updates(unnamed.held, fresh, options)

    passes.backward(look)
    if passes.calls.takes_dout and unnamed.candidates:  # a gradient is another for another `dout`
        unnamed.candidates = passes.backward(
            lambda returned: [c for c in unnamed.candidates if not c.stays(returned)], 2.0
        )
    return unnamed


def _told(options: Options, held: Held) -> Where | None:
    text = options.grads.get(held.name)
    return None if text is None else Where(parse(text), held.root)


def _updates(held: list[Held], fresh: Mapping[str, Any], options: Options) -> list[Candidate]:
    """Return by how much a backward pass has moved arrays, as gradients.

    It has learnt: these are of the arrays themselves; or it has added to what earlier passes left.
    """
    rate = learning_rate(options.kwargs, {id(h.root): h.root for h in held}.values())
    found = []
    for h in held:
        now = lying(h.root, h.place.path)
        old = fresh[h.name]
        if is_known_array(now) and shape(now) == shape(old) and not same(now, old):
            before = flat64(old)
            for by in (rate, _ADDED) if before.any() else (rate,):
                where = Where(h.place.path, h.root, before, by)
                found.append(Candidate.of(where, where.read(None)))
    return found


def _may_be_of(h: Held, where: Where) -> bool:
    """Tell whether a gradient may be that of an array: what one is moved by is its own alone."""
    own = where.root is h.root and where.keys == h.place.path
    return where.before is None or own is (where.rate != _ADDED)


def _slopes(phi: Phi, name: str) -> Callable[[Indices], Floats]:
    return lambda indices: phi.at(name, indices, None, 0).value


def _find_by_value(subject: Subject, unnamed: Unnamed) -> None:
    """Find the gradients without a known name by their values; note what has none."""
    passes = subject.passes
    known = [p.get() for p in subject.arrays.values()]
    siblings = any(p.path and p.path[0][1] in places.PARAMS for p in subject.arrays.values())
    for h in unnamed.held:
        passes.base.restore()  # what a cache held is there again, so that it can be moved
        x = h.place.get()
        if not moves(h.place, passes.phi) or is_covered(x, known):
            continue
        name = f"{h.name} (parameter)" if h.name in subject.arrays else h.name
        subject.arrays[name] = h.place
        size = math.prod(shape(x))
        fits = [c for c in unnamed.candidates if c.size == size and _may_be_of(h, c.where)]
        where = None
        if fits:
            phi = Phi({name: h.place}, passes.phi, passes.scale())
            where = most_alike(fits, _slopes(phi, name))
        where = where or unnamed.otherwise.get(h.name)
        if where is None and h.declared and siblings:
            subject.where[name] = Where(("there is none",))  # those of others are where they belong
        elif where is None and is_bare(h.root, h.place.path):  # as data are
            del subject.arrays[name]
            subject.notes.append(f"{name}: no gradient of it was found; taken for a constant")
        elif where is None:
            subject.missing[name] = NOT_FOUND
        else:
            subject.where[name] = where
            unnamed.candidates = [c for c in unnamed.candidates if c.where != where]

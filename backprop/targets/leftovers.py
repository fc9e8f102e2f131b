"""Gradients that a target holds of earlier passes: put to 0, as layers that add to them need."""

from backends import is_writable
from backprop.numerical.pieces import largest, same
from backprop.targets.nested import is_real, leaves
from backprop.targets.objects import is_known_array
from backprop.targets.paths import follow
from backprop.targets.places import Where
from backprop.targets.state import State
from backprop.targets.subject import Subject


def clear_gradients(subject: Subject) -> None:
    """Let each pass start from gradients of 0 where they stand in the target, unless it heeds them.

    The target's own come back at the end.
    """
    passes = subject.passes
    passes.base.restore()
    own = {id(place.get()) for place in subject.arrays.values()}
    own |= {id(x) for _, x in leaves(passes.inputs)}
    found = [where.read(None) for where in subject.where.values() if where.is_kept]
    old = [
        g
        for g in found
        if is_known_array(g)
        and is_real(g)
        and is_writable(g)
        and id(g) not in own
        and largest(g) > 0
    ]
    numbers = [w for w in subject.where.values() if w.is_kept and isinstance(w.read(None), float)]
    if not old and not numbers:
        return
    before = passes.phi()
    for g in old:
        g[...] = 0.0
    for where in numbers:
        _put_0(where)
    if same(before, passes.phi()):
        passes.start_from(State(*passes.calls.roots, passes.inputs))
    else:
        passes.base.restore()


def _put_0(where: Where) -> None:
    (kind, key), holder = where.keys[-1], follow(where.root, where.keys[:-1])
    if kind == "item":
        holder[key] = 0.0
    else:
        setattr(holder, key, 0.0)

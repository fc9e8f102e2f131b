"""What a layer must keep to beside right values, and its analytic gradients along the way."""

from dataclasses import dataclass, field
from typing import Any

import backends
from backends import namespace
from backprop.arrays import shape
from backprop.gradients.probe import flat64


@dataclass
class Findings:
    """The analytic gradients, copied, and what else is wrong."""

    gradients: dict[str, Any]
    problems: list[str] = field(default_factory=list)


def inspect(subject: Any) -> Findings:
    """Run the subject's backward pass three times and say what it must not do.

    Inputs, parameters and `dout` unchanged; the same answer twice; twice the `dout`, twice the
    gradient; library, device and dtype of each gradient those of its array; a gradient for every
    parameter and no other.
    """
    found = Findings(_copies(subject.gradients()))
    again = _copies(subject.gradients())
    for name, gradient in found.gradients.items():
        if gradient is None:
            continue
        found.problems += _kept(name, gradient, subject.arrays.get(name))
        if again.get(name) is None or not _same(flat64(gradient), flat64(again[name])):
            found.problems.append(f"{name}: two calls on the same inputs give different gradients")
    if subject.takes_dout:
        found.problems += _honours_dout(subject, again)
    if subject.dout_changed:
        found.problems.append("dout is changed by the backward pass")
    for name, (x, before) in subject.watched.items():
        if not _same(before, flat64(x)):
            found.problems.append(f"{name} is changed by the forward or the backward pass")
            _restore(x, before)
    extra = [name for name in found.gradients if name not in subject.arrays]
    found.problems += [f"there is a gradient for {name!r}, which is no parameter" for name in extra]
    found.problems += subject.key_problems()
    return found


def fresh_gradient(subject: Any, name: str) -> Any | None:
    """Return a gradient, flat on the host, from a copy of the layer made before its first pass."""
    if subject.fresh is None:
        return None
    try:
        gradient = subject.gradients(subject.fresh)[name]
    except Exception:  # a copy of a foreign object may not work by itself
        return None
    finally:
        subject.fresh = None
    x = subject.arrays[name]
    return flat64(gradient) if gradient is not None and gradient.shape == x.shape else None


def _copies(gradients: dict[str, Any]) -> dict[str, Any]:
    return {
        name: namespace(g).astype(g, g.dtype, copy=True) if hasattr(g, "dtype") else g
        for name, g in gradients.items()
    }


def _same(a: Any, b: Any) -> bool:
    if a.shape != b.shape:
        return False
    return bool((a == b).all() or ((a == b) | ((a != a) & (b != b))).all())


def _restore(x: Any, values: Any) -> None:
    """Put an array's values back, so that what follows is about the values that were given."""
    backend = backends.of(x)
    x[...] = backend.asarray(values.reshape(tuple(x.shape)), x.dtype)


def _kept(name: str, gradient: Any, x: Any) -> list[str]:
    """Say where library, device or dtype are not those of the array."""
    if x is None or not hasattr(gradient, "dtype"):
        return [] if x is None or not shape(x) else [f"{name}: its gradient must be an array"]
    own, given = backends.of(x), backends.of(gradient)
    if own != given and None not in (own.device, given.device):
        return [f"{name}: its gradient must be on {own}; got {given}"]
    if gradient.dtype != x.dtype:
        return [f"{name}: its gradient must have dtype {x.dtype}; got {gradient.dtype}"]
    return []


def _honours_dout(subject: Any, once: dict[str, Any]) -> list[str]:
    problems = []
    twice = _copies(subject.gradients(factor=2.0))
    for name, gradient in once.items():
        if gradient is None or twice.get(name) is None:
            continue
        one, two = flat64(gradient), flat64(twice[name])
        if one.shape != two.shape or not one.any():
            continue
        if _same(one, two):
            problems.append(f"{name}: `dout` is ignored: twice the `dout` gives the same gradient")
        elif float(abs(two - 2.0 * one).max()) > 1e-2 * float(abs(one).max()):
            problems.append(f"{name}: twice the `dout` must give twice the gradient; it does not")
    return problems

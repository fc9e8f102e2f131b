"""What a caller of the checker may say, and one clear error where it makes no sense."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np

from backends import isdtype, namespace
from backprop.arguments import at_least_0, positive, whole
from backprop.gradients.report import Verdict
from backprop.targets.nested import leaves
from backprop.targets.objects import is_known_array
from backprop.targets.subject import Subject

Mode: TypeAlias = Literal["auto", "full", "sampled", "directional"]
_MODES = ("auto", "full", "sampled", "directional")


def check_options(
    mode: str, samples: int, seconds: float, seed: int, tolerances: Mapping[str, float | None]
) -> None:
    """Raise a TypeError or ValueError unless the options make sense."""
    if mode not in _MODES:
        raise ValueError(f"`mode` must be one of {', '.join(map(repr, _MODES))}; got {mode!r}")
    whole("samples", samples)
    whole("seed", seed, least=0)
    positive("seconds", seconds)
    for name, value in tolerances.items():
        if value is not None:
            at_least_0(name, value)


def check_names(names: Sequence[str] | None, count: int) -> None:
    """Raise a TypeError or ValueError unless names, if there are any, fit that many inputs."""
    if names is None:
        return
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"`names` must hold strings; got {names!r}")
    if not all(names):
        raise ValueError(f"`names` must not be empty; got {list(names)!r}")
    if len(names) != count:
        raise ValueError(f"`names` must name each of the {count} inputs; got {list(names)!r}")
    if len(set(names)) < len(names):
        raise ValueError(f"`names` must differ; got {list(names)!r}")


def check_mapping(name: str, value: object) -> None:
    """Raise a TypeError unless a value is None or a mapping."""
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"`{name}` must be a mapping; got {value!r}")


def to_check(wrt: Sequence[str | int] | str | int | None, subject: Subject) -> list[str]:
    """Return the names of the gradients to check; raise a ValueError where there is none such."""
    names = list(subject.arrays)
    if wrt is None:
        return names
    wanted = [wrt] if isinstance(wrt, str | int) else list(wrt)
    if not wanted:
        raise ValueError("`wrt` must name something to check; got an empty sequence")
    chosen = [subject.positions.get(w, w) if isinstance(w, int) else w for w in wanted]
    for name in chosen:
        if name not in names:
            raise ValueError(f"`wrt` must be among {', '.join(names)}; got {name!r}")
    return [str(name) for name in chosen]


def verdicts(allow: Sequence[str]) -> tuple[Verdict, ...]:
    """Return the verdicts to let pass, from their names."""
    names = {"too noisy": Verdict.NOISY, "not checked": Verdict.UNCHECKED}
    names |= {str(verdict): verdict for verdict in (Verdict.NOISY, Verdict.UNCHECKED)}
    for name in [allow] if isinstance(allow, str) else allow:
        if name not in names:
            raise ValueError(f"`allow` must hold 'too noisy' or 'not checked'; got {name!r}")
    return tuple(names[name] for name in ([allow] if isinstance(allow, str) else allow))


def check_inputs(inputs: Iterable[object]) -> None:
    """Raise a TypeError or ValueError unless the inputs are dense, unmasked, real and finite."""
    for i, given in enumerate(inputs):
        for _, x in leaves(given):
            if not is_known_array(x):
                continue
            if "sparse" in str(getattr(x, "layout", "")):
                raise TypeError(f"input {i} must be dense; got a sparse one: x.to_dense()")
            if isinstance(x, np.ma.MaskedArray):
                raise TypeError(f"input {i} must have no mask; got a masked array: x.filled(...)")
            xp = namespace(x)
            if isdtype(xp, x.dtype, "complex floating"):
                raise TypeError(f"input {i} must be real; got {x.dtype}")
            if isdtype(xp, x.dtype, "real floating") and not bool(xp.all(xp.isfinite(x))):
                raise ValueError(f"input {i} must be finite; got inf or nan in it")

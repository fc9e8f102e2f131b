"""What a caller of the checker may say, and one clear error where it makes no sense."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np

from backends import isdtype, namespace
from backprop.gradients.report import Verdict
from backprop.targets.nested import leaves
from backprop.targets.objects import is_array

Mode: TypeAlias = Literal["auto", "full", "sampled", "directional"]
_MODES = ("auto", "full", "sampled", "directional")


def check_options(
    mode: str, samples: int, seconds: float, tolerances: Mapping[str, float | None]
) -> None:
    """Raise a ValueError unless the options make sense."""
    if mode not in _MODES:
        raise ValueError(f"`mode` must be one of {', '.join(map(repr, _MODES))}; got {mode!r}")
    if samples < 1:
        raise ValueError(f"`samples` must be 1 or more; got {samples}")
    if not seconds > 0:
        raise ValueError(f"`seconds` must be positive; got {seconds}")
    for name, value in tolerances.items():
        if value is not None and not value >= 0:
            raise ValueError(f"`{name}` must be 0 or more; got {value}")


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
            if not is_array(x):
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

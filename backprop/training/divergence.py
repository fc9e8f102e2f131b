"""Training that has died: where it began, and the likely cause."""

import math
from collections.abc import Sequence
from typing import Any

from backends import namespace
from backprop.finite import all_finite
from backprop.training.data import DataSet
from backprop.training.optimizer import Rule

_ROSE = 2.0
_LARGE = 100.0


def diverged(
    net: Any, optimizer: Any, data: DataSet, loss: Sequence[float], first: int
) -> str | None:
    """Return what to say when a loss, a parameter or what is remembered isn't finite, or None.

    Parameters
    ----------
    net, optimizer
        As they are now.
    data : DataSet
        That it learns from.
    loss : sequence of float
        The loss of each iteration so far.
    first : int
        The iterations before this one were looked at already.
    """
    bad = next((i for i in range(first, len(loss)) if not math.isfinite(loss[i])), None)
    if bad is not None:
        what = f"the loss is {loss[bad]:.3g} at iteration {bad + 1:,}"
    else:
        slots = getattr(net, "slots", {}).items()
        held = {name: getattr(slot.layer, slot.kind)[slot.key] for name, slot in slots}
        remembered = optimizer.vectors if isinstance(optimizer, Rule) else {}
        held |= {f"the optimizer's {name}": x for name, x in remembered.items()}
        names = [name for name, x in {**net.params, **held}.items() if not all_finite(x)]
        if not names:
            return None
        if first == len(loss):
            return (
                f"not all of {', '.join(names)} is finite to begin with; load parameters that are, "
                "such as those of a checkpoint"
            )
        bad = len(loss) - 1
        what = f"after iteration {bad + 1:,} not all of {', '.join(names)} is finite"
    return f"{what}; {_cause(net, optimizer, data, loss[:bad])}"


def _cause(net: Any, optimizer: Any, data: DataSet, before: Sequence[float]) -> str:
    """Return the likely cause in words, from what the losses did before."""
    if str(net.dtype).endswith("float16"):
        return "the likely cause is the dtype, as float16 holds nothing above 65,504"
    rose = max(before, default=0.0) > _ROSE * before[0] if before else False
    xp = namespace(data.like)
    largest = float(xp.max(xp.abs(data.like)))
    if largest > _LARGE:
        return f"the likely cause is the inputs, which reach {largest:.3g}: scale them"
    if not before:
        return "as it was so from the start, the likely cause is the parameters it started from"
    rate = getattr(optimizer, "lr", None)
    cause = "the likely cause is a learning rate that is too high"
    cause += f", {rate:g}" if isinstance(rate, float | int) else ""
    return cause + (f": the loss rose from {before[0]:.3g} to {max(before):.3g}" if rose else "")

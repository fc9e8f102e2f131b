"""The gradient checker: gradients derived by hand against numerical ones, with reasons."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias

import backends
from backends import isdtype, namespace
from backprop.gradients import hygiene, steps
from backprop.gradients.inputs import NOTHING
from backprop.gradients.judge import Judge
from backprop.gradients.report import Report
from backprop.gradients.subject import subject_of

Mode: TypeAlias = Literal["full", "sampled", "directional"]


def gradcheck(
    target: Any,
    *inputs: Any,
    wrt: Sequence[str | int] | str | int | None = None,
    mode: Mode = "full",
    step: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    samples: int = 64,
) -> Report:
    """Check gradients derived by hand against numerical ones.

    Parameters
    ----------
    target : object
        A layer or any object with `forward` and `backward`, whose parameters are in `params` and
        `grads` or in attributes like `W` and `dW`; a network with `loss`, `gradient` and `params`;
        or a pair `(f, grad_f)`.
    *inputs : array or number
        What `forward`, `loss` or `f` takes. Floating arrays are differentiated by.
    wrt : str or int, or sequence of them, optional
        The gradients to check: names of inputs or parameters, or positions of inputs. All if not
        given.
    mode : str
        ``"full"``: every coordinate. ``"sampled"``: some of each array. ``"directional"``: one
        random direction for each array.
    step : float, optional
        The larger steps are twice that; chosen from the dtype and the magnitude if not given.
    rtol, atol : float, optional
        Allowed beyond the error bar, relative to the larger value and absolute. If not given, what
        rounding of the analytic gradient in its dtype can explain.
    seed : int
        Of the cotangent, the samples and the directions.
    samples : int
        Coordinates of each array in mode ``"sampled"``.

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        When the target is none of these, or an input is complex.
    ValueError
        When there is nothing to check, an input or the output is not finite, or an option is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from backprop import Affine
    >>> rng = np.random.default_rng(0)
    >>> layer = Affine(rng.standard_normal((3, 2)), rng.standard_normal(2))
    >>> report = gradcheck(layer, rng.standard_normal((4, 3)))
    >>> report.ok
    True
    >>> [f"{entry.name} {entry.verdict}" for entry in report.entries]
    ['x agrees', 'W agrees', 'b agrees']
    """
    steps.check_step(step)
    if mode not in ("full", "sampled", "directional"):
        raise ValueError(f"`mode` must be 'full', 'sampled' or 'directional'; got {mode!r}")
    if samples < 1:
        raise ValueError(f"`samples` must be 1 or more; got {samples}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value is not None and not value >= 0:
            raise ValueError(f"`{name}` must be 0 or more; got {value}")
    _check_inputs(inputs)
    rng = backends.host().rng(seed)
    subject = subject_of(target, inputs, rng)
    names = _chosen(subject, wrt)
    found = hygiene.inspect(subject)
    probe = subject.probe()
    judge = Judge(subject, probe, mode, step, rtol, atol, samples, rng)
    entries = tuple(judge.entry(name, found.gradients.get(name)) for name in names)
    return Report(subject.name, mode, entries, tuple(found.problems))


def assert_gradients(target: Any, *inputs: Any, **options: Any) -> None:
    """Raise a GradientError with the report unless `gradcheck` finds everything right.

    Parameters are those of `gradcheck`.
    """
    gradcheck(target, *inputs, **options).raise_if_failed()


def _check_inputs(inputs: Iterable[Any]) -> None:
    for i, x in enumerate(inputs):
        if not hasattr(x, "dtype"):
            continue
        xp = namespace(x)
        if isdtype(xp, x.dtype, "complex floating"):
            raise TypeError(f"input {i} must be real; got {x.dtype}")
        if isdtype(xp, x.dtype, "real floating") and not bool(xp.all(xp.isfinite(x))):
            raise ValueError(f"input {i} must be finite; got inf or nan in it")


def _chosen(subject: Any, wrt: Sequence[str | int] | str | int | None) -> list[str]:
    names = list(subject.arrays)
    if not names:
        raise ValueError(NOTHING)
    if wrt is None:
        return names
    wanted = [wrt] if isinstance(wrt, str | int) else list(wrt)
    if not wanted:
        raise ValueError("`wrt` must name something to check; got an empty sequence")
    places = getattr(subject, "input_places", {})
    by_position = {i: name for name, i in places.items()}
    chosen = [by_position.get(w, w) if isinstance(w, int) else w for w in wanted]
    for name in chosen:
        if name not in names:
            raise ValueError(f"`wrt` must be among {', '.join(names)}; got {name!r}")
    return [str(name) for name in chosen]

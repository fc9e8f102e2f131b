"""The gradient checker: gradients derived by hand against numerical ones, with reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from backprop.gradients import hygiene, sampling
from backprop.gradients.compare import entry
from backprop.gradients.options import (
    Mode,
    check_inputs,
    check_mapping,
    check_names,
    check_options,
    to_check,
    verdicts,
)
from backprop.gradients.progress import Progress
from backprop.gradients.report import Entry, Report, Verdict, unmeasured
from backprop.gradients.task import Task
from backprop.networks.network import Network
from backprop.numerical import steps
from backprop.numerical.perturb import Place
from backprop.numerical.phi import NetworkPhi, Phi
from backprop.parallel import Communicator
from backprop.targets.find import subject_of
from backprop.targets.subject import Options, Subject


def gradcheck(
    target: Any,
    *inputs: Any,
    wrt: Sequence[str | int] | str | int | None = None,
    mode: Mode = "auto",
    step: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    samples: int = 64,
    seconds: float = 10.0,
    kwargs: Mapping[str, Any] | None = None,
    params: Mapping[str, str] | None = None,
    grads: Mapping[str, str] | None = None,
    output: str | None = None,
    names: Sequence[str] | None = None,
    constants: Sequence[str] = (),
    allow: Sequence[str] = (),
    nondet_tol: float = 0.0,
    progress: bool | None = None,
    communicator: Communicator | None = None,
) -> Report:
    """Check gradients derived by hand against numerical ones.

    Every floating array that is reachable from the target and moves its output is a parameter;
    its gradient is found by name, by place, or by value. Each pass starts from the same state,
    and the target is left as it was.

    Parameters
    ----------
    target : object
        A layer or any object with `forward` and `backward` or names like these; a network with
        `loss`, `gradient` and `params`; a pair `(f, grad_f)`, or `(forward, backward)` with a
        cache; a function that returns `(value, gradient)` or `(output, backward)`; a
        `torch.autograd.Function`; a function of `jax.custom_vjp`.
    *inputs : array or number, or tuple, list or dictionary of them
        What `forward`, `loss` or `f` takes. Floating arrays are differentiated by.
    wrt : str or int, or sequence of them, optional
        The gradients to check: names of inputs or parameters, or positions of inputs. All if not
        given.
    mode : str
        ``"full"``: every coordinate. ``"sampled"``: some of each array, among them those that a
        search by halves finds to be off. ``"directional"``: one random direction for each array.
        ``"auto"``: full where it takes no longer than `seconds`, else sampled.
    step : float, optional
        The larger steps are twice that; chosen from the dtype and the magnitude if not given.
    rtol, atol : float, optional
        Allowed beyond the error bar, relative to the larger value and absolute. If not given, what
        rounding of the analytic gradient in its dtype can explain.
    seed : int
        Seed of the cotangents, the samples and the directions.
    samples : int
        Coordinates of each array in mode ``"sampled"``.
    seconds : float
        How long mode ``"auto"`` may about take.
    kwargs : mapping, optional
        Keyword arguments for each method that takes them: ``{"train_flg": True}``.
    params, grads : mapping of str to str, optional
        Parameters and their gradients by name, as paths from the target: ``{"W": "inner.W"}`` and
        ``{"W": "inner.dLdW"}``.
    output : str, optional
        The attribute that holds the output, where `forward` does not return it.
    names : sequence of str, optional
        Names of the inputs.
    constants : sequence of str, optional
        Arrays that move the output and are not differentiated by.
    allow : sequence of str, optional
        Verdicts to let pass: ``"too noisy"``, ``"not checked"``.
    nondet_tol : float
        By how much two calls of the backward pass may differ.
    progress : bool, optional
        Show a progress bar; if not given, only on a terminal, where rich is installed, and for a
        check of more than a second or two.
    communicator : Communicator, optional
        Processes that share the evaluations of the function; each has the target and the inputs,
        and gets the whole report.

    Returns
    -------
    Report

    Raises
    ------
    TypeError
        When the target is none of these, or an input is complex.
    ModuleNotFoundError
        When a bar must be shown and rich is not installed.
    ValueError
        When there is nothing to check, an input or the output is not finite, or an option is wrong;
        or processes that share a check don't have the same function.

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
    tolerances = {"rtol": rtol, "atol": atol, "nondet_tol": nondet_tol}
    check_options(mode, samples, seconds, seed, tolerances)
    for option, value in (("kwargs", kwargs), ("params", params), ("grads", grads)):
        check_mapping(option, value)
    names = [names] if isinstance(names, str) else names
    check_names(names, len(inputs))
    allowed = verdicts(allow)
    check_inputs(inputs)
    rng = np.random.default_rng(seed)
    options = Options(
        dict(kwargs or {}),
        dict(params or {}),
        dict(grads or {}),
        output,
        names,
        (constants,) if isinstance(constants, str) else tuple(constants),
    )
    subject = subject_of(target, inputs, options, rng)
    try:
        chosen = to_check(wrt, subject)
        present = [name for name in chosen if name not in subject.missing]
        found = hygiene.inspect(subject, present, nondet_tol)
        wide = _widened(subject, target, inputs, options, seed)
        try:
            gradients = found.gradients if wide is None else wide.gradients()
            wide = wide or subject
            phi = _phi(wide, target, present, options, communicator)
            task = Task(
                phi=phi,
                found=found,
                wide=gradients,
                subject=wide,
                step=step,
                rtol=rtol,
                atol=atol,
                rng=rng,
                seconds=sampling.seconds_of(phi),
            )
            plan = sampling.plan(task, mode, present, samples, seconds)
            shown = progress if communicator is None or communicator.rank == 0 else False
            with Progress(phi, sampling.evaluations(task, plan), task.seconds, shown):
                entries = [_entry(task, plan, subject, name) for name in chosen]
        finally:
            if wide is not None:
                wide.passes.end()
    finally:
        subject.passes.end()
    return Report(
        subject.name,
        plan.mode,
        tuple(entries),
        tuple(found.problems),
        tuple(subject.notes + found.notes + plan.notes),
        allowed,
    )


def assert_gradients(target: Any, *inputs: Any, **options: Any) -> None:
    """Raise a GradientError with the report unless `gradcheck` finds everything right.

    Parameters are those of `gradcheck`.
    """
    gradcheck(target, *inputs, **options).raise_if_failed()


def _entry(task: Task, plan: "sampling.Plan", subject: Subject, name: str) -> Entry:
    if name in subject.missing:
        own = tuple(subject.arrays[name].get().shape)
        return unmeasured(name, own, Verdict.UNCHECKED, subject.missing[name])
    if task.subject.passes.weighing.empty:
        own = tuple(subject.arrays[name].get().shape)
        return unmeasured(name, own, Verdict.UNCHECKED, "the output is empty")
    which, way = plan.of(name)
    return entry(task, name, which, way)


def _widened(
    subject: Subject, target: Any, inputs: Sequence[Any], options: Options, seed: int
) -> Subject | None:
    """Return the subject in the widest dtype, where it is not and can compute in that."""
    if isinstance(target, Network) and target.backend is not None:
        copy = target.to(dtype=target.backend.widest)
        return subject_of(copy, inputs, options, np.random.default_rng(seed))
    return subject if subject.passes.widen() else None


def _phi(
    subject: Subject,
    target: Any,
    names: list[str],
    options: Options,
    communicator: Communicator | None,
) -> Phi:
    places = {name: subject.arrays[name] for name in names}
    passes, net = subject.passes, subject.passes.calls.roots[:1]
    if isinstance(target, Network):
        x, t = passes.inputs
        own = {name: Place(net[0].params, name) for name in names}
        training = bool(options.kwargs.get("training", True))
        return NetworkPhi(
            own,
            passes.phi,
            passes.scale(),
            lambda offsets: net[0].loss_changes(
                x, t, offsets, training=training, communicator=communicator
            ),
            communicator,
        )
    base = passes.base
    kept = {
        n: p if (x := base.values(p.get())) is p.get() else replace(p, known=x)
        for n, p in places.items()
    }
    return Phi(kept, passes.phi, passes.scale(), communicator)

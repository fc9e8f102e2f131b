"""The trainer of a run, made from what the run was asked for."""

from pathlib import Path

from backends import Backend
from backprop import Trainer
from backprop.cli import recipe
from backprop.cli.digit_network import digit_network
from backprop.cli.settings import Settings, begun
from backprop.parallel import Communicator
from backprop.training.checkpoints import last_of
from backprop.training.optimizer import Rule


def new_trainer(
    settings: Settings,
    backend: Backend,
    samples: int,
    resume: Path | None,
    ranks: Communicator | None,
) -> Trainer:
    """Return a new trainer, or the one of a run that goes on."""
    if settings.compile and ranks is not None:
        raise ValueError(f"--compile needs one process alone; got {ranks.size} of them")
    optimizer = _optimizer(settings, samples)
    augment = recipe.augment(settings.augment, settings.seed)
    if resume is not None:
        trainer = Trainer.resume(
            resume,
            None,
            _optimizer(begun(last_of(resume)), samples),
            backend=backend,
            on_nan=settings.on_nan,
            augment=augment,
            communicator=ranks,
            compile=settings.compile,
        )
        if callable(optimizer.lr):  # and the run may have another length now
            trainer.optimizer.lr = optimizer.lr  # type: ignore[attr-defined]
        return trainer
    net = digit_network(
        settings.net,
        tuple(settings.hidden),
        settings.activation,
        settings.dtype,
        backend,
        settings.seed,
    )
    return Trainer(
        net,
        optimizer,
        settings.batch_size,
        settings.seed,
        on_nan=settings.on_nan,
        augment=augment,
        communicator=ranks,
        compile=settings.compile,
    )


def _optimizer(settings: Settings, samples: int) -> Rule:
    lr = recipe.schedule(settings.lr_schedule, settings.lr, settings.steps(samples))
    return recipe.optimizer(settings.optimizer, lr)

"""Training that can be taken out, written to a file, and gone on with."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import backends
from backends import Backend
from backends.host import short_name
from backprop.networks import Network, generators, kept
from backprop.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from backprop.training.augmentation import Augment
from backprop.training.batches import Batches
from backprop.training.checkpoints import last_of
from backprop.training.history import History
from backprop.training.optimizer import Rule, Updater, remember, remembered
from backprop.training.optimizers import OPTIMIZERS
from backprop.training.schedules import text_of
from backprop.training.tree import copied_tree

_PARTS = ("network", "optimizer", "position", "history")
_GENERATORS = "generators"
_KEPT = "kept"
_KIND = "optimizer_kind"
_MODULE = "optimizer_module"
_SETTINGS = "optimizer_settings"
_DTYPE = "dtype"
_AUGMENTED = "augmented"


class Resumable:
    """Network, optimizer, place in the data and history; base of `Trainer`, which moves them on."""

    net: Network
    optimizer: Updater
    history: History
    augment: Any
    batches: Batches

    def __init__(self, net: Network, optimizer: Updater | None = None) -> None:
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
        """Write all that the rest of the training depends on, beside the data, to a file.

        `load_network` reads the network alone from it.

        Parameters
        ----------
        path : path
            A safetensors file; an old one stays whole until the new one is.
        metadata : mapping of str to str, optional
            What else is to stand in the file.

        Raises
        ------
        OSError
            When the file can't be written.
        RuntimeError
            In the middle of an epoch, as `stop` of `fit` is called, or while another thread trains.
        TypeError
            When the optimizer's state holds anything but arrays, numbers and strings.
        """
        state = self.state_dict()
        arrays = state.pop("network")
        state[_KIND] = type(self.optimizer).__name__
        state[_AUGMENTED] = _said_of(self.augment)
        state[_MODULE] = type(self.optimizer).__module__
        dtype = getattr(self.net, "dtype", None)
        state[_DTYPE] = None if dtype is None else short_name(dtype)
        if isinstance(self.optimizer, Rule) and type(self.optimizer) in OPTIMIZERS.values():
            state[_SETTINGS] = self.optimizer.settings()
            if callable(self.optimizer.lr):
                state[_SETTINGS]["lr"] = text_of(self.optimizer.lr)
        save_checkpoint(path, self.net, arrays, state, metadata)

    @classmethod
    def resume(
        cls,
        path: str | os.PathLike[str],
        net: Network | None = None,
        optimizer: Updater | None = None,
        *,
        backend: str | Backend | None = None,
        **options: Any,
    ) -> Self:
        """Return a trainer that goes on where one was saved, bit for bit on the same backend.

        Parameters
        ----------
        path : path
            A file of `save`, or a folder of checkpoints of `fit`.
        net : Network, optional
            Takes the arrays; only a network with layers of your own must be given. Another must
            have the layers and the decay that the file describes.
        optimizer : object with `update(params, grads)`, optional
            Takes what its like remembered; only one of your own, or with a schedule, must be given.
            One of the library's must have the numbers that the file holds: change them afterwards.
        backend : Backend or str, optional
            Where a network that is not given lives; as `backends.select()` decides if not given.
        **options
            Of the new trainer, such as `on_nan`; an `augment` that was there must be given again.

        Raises
        ------
        OSError
            When the file can't be read.
        TypeError
            When `optimizer` is of another kind than the one that was saved.
        ValueError
            When it is no such file, what it lacks isn't given, or `batch_size` or `seed` is, or
            what is given differs from what the file says of it.
        """
        if net is not None and backend is not None:
            raise ValueError("one of `net` and `backend` can be given; got both")
        for name in options.keys() & {"batch_size", "seed"}:
            raise ValueError(
                f"`{name}` comes from the file, and can't be given; got {options[name]}"
            )
        found = load_checkpoint(last_of(path))
        training = dict(found.training)
        kind, settings = training.pop(_KIND, None), training.pop(_SETTINGS, {})
        augmented = training.pop(_AUGMENTED, None)  # older files don't say
        module, dtype = training.pop(_MODULE, None), training.pop(_DTYPE, None)
        if not isinstance(kind, str):
            raise ValueError(f"{found.path} must name its optimizer; got {kind!r:.80}")
        if optimizer is None:
            known = OPTIMIZERS.get(kind)
            known = known if known and _is_class(known, kind, module) else None
            optimizer = _made(found.path, kind, known, settings, training.get("optimizer"))
        elif not _is_class(type(optimizer), kind, module):
            given = type(optimizer)
            where = f" of {given.__module__}, not of {module}" if given.__name__ == kind else ""
            raise TypeError(
                f"`optimizer` must be a {kind}, as it was saved; got {given.__name__}{where}"
            )
        elif isinstance(optimizer, Rule) and type(optimizer) in OPTIMIZERS.values():
            _check_settings(found.path, optimizer, settings, training.get("optimizer"))
        if net is None:
            net = _network(found, backend, dtype)
        else:
            found.check(net)
        trainer = cls(net, optimizer, **options)
        if augmented not in (None, _said_of(trainer.augment)):
            own = "one of your own" if augmented is True else augmented or None
            raise ValueError(
                f"`augment` must be {str(own)[:80]}, as training had it in {found.path}; "
                f"got {trainer.augment!r:.80}"
            )
        try:
            trainer.load_state_dict({"network": found.arrays, **training})
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
            what = f"{type(error).__name__}: {str(error)[:300]}"
            raise ValueError(f"{found.path} must be of such a training; {what}") from None
        return trainer

    def __getstate__(self) -> dict[str, Any]:
        with self._alone():
            self.batches.check_settled()  # a copy would stay in the middle of an epoch
            return dict(vars(self))

    def state_dict(self) -> dict[str, Any]:
        """Return all that the rest of the training depends on, beside the data.

        Dictionaries and lists of arrays, numbers and strings, which later training does not
        change: `network`, `optimizer`, `position` in the data and `history`; `generators` of
        random numbers, where layers or `augment` hold such; and the numbers and arrays that an
        `augment` or a schedule of your own has `kept` in attributes.

        Raises
        ------
        RuntimeError
            In the middle of an epoch, or while another thread trains.
        """
        with self._alone():
            state = {
                "network": self.net.state_dict(),
                "optimizer": copied_tree(remembered(self.optimizer), self._backend),
                "position": self.batches.state_dict(),
                "history": self.history.state_dict(),
            }
            beside = {
                _GENERATORS: generators.taken(self._drawing),
                _KEPT: kept.taken(self._keeping),
            }
        return state | {name: held for name, held in beside.items() if held}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put in a state: `fit` then goes on where that was taken.

        Parameters
        ----------
        state : mapping
            What `state_dict` gave for such a network and optimizer, in this process or another, on
            this backend or another; its arrays may be NumPy's. `batch_size` comes with it.

        Raises
        ------
        TypeError, ValueError
            When it is another network's or optimizer's state; then nothing is changed.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"`state` must be what `state_dict` gave; got {state!r:.80}")
        if set(state) - {_GENERATORS, _KEPT} != set(_PARTS):
            raise ValueError(f"`state` must hold {', '.join(_PARTS)}; got {', '.join(state)}")
        history = History.from_state_dict(state["history"])
        batches = Batches(1, backends.host().rng())
        batches.load_state_dict(state["position"])
        before = self.state_dict()
        try:
            self._put(state)
        except BaseException:
            self._put(before)
            raise
        vars(self.history).update(vars(history))  # `fit` may hold them, and ask `on_epoch`
        vars(self.batches).update(vars(batches))

    def _put(self, state: Mapping[str, Any]) -> None:
        own = self._keeping
        values = kept.fitting(own, state.get(_KEPT, {}), self._backend)
        self.net.load_state_dict(state["network"])
        kept.put(own, values)
        generators.put_back(self._drawing, state.get(_GENERATORS, {}))
        remember(self.optimizer, copied_tree(state["optimizer"], self._backend))

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        """Refuse, while it is entered, that another thread trains the network."""
        return getattr(self.net, "exclusive", None) or contextlib.nullcontext()

    @property
    def _backend(self) -> Backend:
        return self.net.backend or backends.host()

    @property
    def _keeping(self) -> dict[str, kept.Kept]:
        rate = getattr(self.optimizer, "lr", None)
        return kept.places({"augment": self.augment, "lr": rate if callable(rate) else None})

    @property
    def _drawing(self) -> dict[str, Any]:
        """All that may draw random numbers, by name."""
        layers = getattr(self.net, "layers", {})
        return {**layers, "last_layer": self.net.last_layer, "augment": self.augment}


def _said_of(augment: Any) -> str | bool:
    """Return the numbers of one of the library's; of another, whether there is one."""
    return repr(augment) if type(augment) is Augment else augment is not None


def _network(found: Checkpoint, backend: str | Backend | None, dtype: Any) -> Network:
    """Return the network of a checkpoint in its dtype; a ValueError where there is none such."""
    try:
        return found.network(backend, dtype)
    except TypeError as error:
        raise ValueError(f"{found.path} must hold a network in a dtype of here; {error}") from None


def _is_class(given: type, kind: str, module: Any) -> bool:
    """Tell whether a class is that which was saved, as far as the file says whose that is.

    What was a program's own then may be imported from it now, and the other way round.
    """
    modules = {given.__module__, given.__module__ if module is None else str(module)}
    library = {each.startswith("backprop.") for each in modules}
    same = len(modules) == 1 or library == {True} or "__main__" in modules
    return given.__name__ == kind and len(library) == 1 and same


def _check_settings(path: Path, optimizer: Rule, settings: Any, state: Any) -> None:
    """Raise a ValueError unless an optimizer has the numbers and the rate of one that was saved."""
    try:
        rate = {"lr": text_of(state["lr"])} if "lr" in state else {}
        kept = {**settings, **rate}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} must hold numbers of an optimizer; {error}") from None
    own: dict[str, Any] = {**optimizer.settings(), "lr": text_of(optimizer.lr)}
    for name, value in kept.items():
        if own.get(name) != value:
            raise ValueError(
                f"`optimizer` must have {name}={value}, as in {path}; got {own.get(name)}: "
                f"`trainer.optimizer.{name} = ...` changes it afterwards"
            )


def _made(path: Path, kind: str, known: Any, settings: Any, state: Any) -> Updater:
    """Return the optimizer that takes the state of one of such a kind, made with such numbers."""
    if known is None or not isinstance(state, dict) or "lr" not in state:
        raise ValueError(
            f"`optimizer` must be given, as in {path}: {kind:.80}, with its schedule if it had one"
        )
    try:
        made: Updater = known(**settings)
        return made
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{path} must hold numbers that {kind} takes; {error}") from None

"""What training needs of an optimizer, and the base of the library's own (section 6.1)."""

import numbers
from collections.abc import Mapping, MutableMapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol, runtime_checkable

from backends import Array, namespace
from backprop.arguments import at_least_0
from backprop.arrays import copy_of, is_array
from backprop.networks.parameters import attributes, is_own
from backprop.tables import Table
from backprop.training.schedules import Schedule, check_lr, rate
from backprop.training.vector import Shapes, check_together, joined, parts, shapes_of


class Updater(Protocol):
    """The least that training needs: the book's `update`."""

    def update(self, params: MutableMapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change every parameter by its gradient."""


@runtime_checkable
class Optimizer(Updater, Protocol):
    """An optimizer whose work can be interrupted: what it remembers can be taken out and put in."""

    def state_dict(self) -> dict[str, Any]:
        """Return what it remembers: arrays and numbers by name, in dictionaries and lists."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Remember what `state_dict` gave, its arrays on the network's backend."""


_ATTRIBUTES = "attributes"
_KEPT = {"lr", "steps", "_shapes", "_vectors"}  # by each of the library's


def remembered(optimizer: Updater) -> dict[str, Any]:
    """Return what an optimizer remembers: by its `state_dict`, else its attributes, functions not.

    The book's optimizers keep what they remember in attributes.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer.state_dict()
    own = _attributes(optimizer)
    return {_ATTRIBUTES: own} if own else {}


def _attributes(optimizer: Updater) -> dict[str, Any]:
    """Return what an object holds as attributes and in slots, what only computes not."""
    own = attributes(optimizer)
    return {name: value for name, value in own.items() if not _computes(value, optimizer)}


def _computes(value: Any, optimizer: Updater) -> bool:
    """Tell whether a value is a function, a class, or callable and without attributes of its own.

    A callable object with attributes may count its calls; a schedule of the library's does not.
    """
    if not callable(value):
        return False
    holder = value.__self__ if isinstance(value, MethodType) else value
    stateless = (type, ModuleType, FunctionType, BuiltinFunctionType)
    if holder is optimizer or isinstance(holder, stateless) or hasattr(holder, "__wrapped__"):
        return True
    return is_own(holder) or not attributes(holder)


def remember(optimizer: Updater, state: dict[str, Any]) -> None:
    """Let an optimizer remember what `remembered` gave of one of its kind.

    Raises
    ------
    TypeError
        When it is the state of an optimizer with `state_dict`, which this one has not.
    """
    if isinstance(optimizer, Optimizer):
        optimizer.load_state_dict(state)
        return
    if set(state) - {_ATTRIBUTES}:
        raise TypeError(
            f"`optimizer` must have state_dict and load_state_dict, to take "
            f"{', '.join(state)}; got {type(optimizer).__name__}"
        )
    _set(optimizer, state)


def _set(optimizer: Updater, state: Mapping[str, Any]) -> None:
    for name, value in state.get(_ATTRIBUTES, {}).items():
        setattr(optimizer, name, value)


class Rule:
    """Base of the library's optimizers: `change` says by how much the parameters fall.

    All gradients come as one vector, so that a step takes as few operations as one array does,
    however many parameters a network has; what an optimizer remembers is a vector too.

    Parameters
    ----------
    lr : float or schedule
        Learning rate: a number, or a function of the number of the step such as `Cosine`.
    weight_decay : float
        What is added to each gradient, times its parameter: the gradient of ½ λ Σ W².

    Attributes
    ----------
    steps : int
        How many updates there were.

    Raises
    ------
    TypeError
        When `lr` is no number.
    ValueError
        When `lr` is not positive and finite, or `weight_decay` negative.
    """

    remembers: tuple[str, ...] = ()
    """The names of the vectors that are remembered, 0 at first."""

    def __init__(self, lr: float | Schedule, weight_decay: float = 0.0) -> None:
        self.lr: float | Schedule = lr if callable(lr) else check_lr(lr)
        self.weight_decay = at_least_0("weight_decay", weight_decay)
        self.steps = 0
        self._shapes: Shapes = {}
        self._vectors: dict[str, Array] = {}

    def change(self, g: Array, lr: float, kept: dict[str, Array]) -> Array:
        """Return what is taken from the parameters, a fresh vector.

        Parameters
        ----------
        g : array, shape (P,)
            The gradients; never changed.
        lr : float
            The learning rate of this step, number `self.steps` from 1.
        kept : dict of str to array
            The vectors that the rule remembers, to be replaced or changed in place.
        """
        raise NotImplementedError(f"{type(self).__name__} must define change")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(lr={self.lr!r})"

    def _repr_html_(self) -> str:
        own = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        rows = [(name, repr(value)) for name, value in own.items()]
        return Table(type(self).__name__, ("setting", "value"), rows).html()

    def update(self, params: MutableMapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change `params` by `grads`, key by key; in place where the library's arrays can.

        Parameters
        ----------
        params, grads : mapping of str to array
            Under the same names; numbers stand for arrays of one entry.

        Raises
        ------
        TypeError
            When gradients are of another library or device than the parameters.
        ValueError
            When a gradient is missing or has another shape than its parameter, or the names or
            shapes are others than at the step before.
        """
        if params:
            self.apply(params, grads, self.rates())

    def rates(self) -> tuple[float, float]:
        """Return the learning rate of the next step, and that which `change` takes: the same."""
        lr = rate(self.lr, self.steps)
        return lr, lr

    def apply(
        self,
        params: MutableMapping[str, Array],
        grads: Mapping[str, Array],
        rates: tuple[float, float],
    ) -> None:
        """Change `params` as `update` does, at the rates of `rates`: numbers, or arrays of one."""
        shapes = shapes_of(params)
        for name, own in params.items():
            check_together(own, grads.get(name))
        g = joined(grads, shapes)
        kept = self._arranged(shapes, g)
        lr, own = rates
        if self.weight_decay:
            g = self.decayed(params, g, lr)
        self.steps += 1
        for name, part in parts(self.change(g, own, kept), shapes):
            params[name] -= part if is_array(params[name]) else float(part)

    def prepare(self, params: MutableMapping[str, Array]) -> None:
        """Make what is remembered, 0 at first, if there was no step yet."""
        if params:
            shapes = shapes_of(params)
            self._arranged(shapes, joined(params, shapes))

    @property
    def vectors(self) -> dict[str, Array]:
        """What is remembered, by name; a vector of the entries of all parameters each."""
        return self._vectors

    def decayed(self, params: MutableMapping[str, Array], g: Array, lr: float) -> Array:
        """Return the gradients with the decay's added."""
        return g + self.weight_decay * joined(params, shapes_of(params))

    def _arranged(self, shapes: Shapes, g: Array) -> dict[str, Array]:
        """Return the remembered vectors in the order of the parameters."""
        if not self.remembers:
            return {}
        if not self._vectors:
            zeros = namespace(g).zeros_like
            self._shapes, self._vectors = shapes, {name: zeros(g) for name in self.remembers}
        if self._shapes != shapes:
            raise ValueError(
                f"the parameters must be those that {type(self).__name__} has met before, "
                f"{self._shapes}; got {shapes}"
            )
        if list(self._shapes) != list(shapes):
            old = {n: dict(parts(v, self._shapes)) for n, v in self._vectors.items()}
            self._shapes = shapes
            self._vectors = {name: joined(own, shapes) for name, own in old.items()}
        return self._vectors

    def settings(self) -> dict[str, float]:
        """Return the numbers that it was made with, by argument; the rate is part of its state."""
        own = {name: v for name, v in vars(self).items() if name not in ("lr", "steps")}
        return {name: float(v) for name, v in own.items() if isinstance(v, numbers.Real)}

    def state_dict(self) -> dict[str, Any]:
        """Return what later steps depend on: the rate, the count of steps, arrays by parameter.

        A rate that is a schedule is no part of it, but an argument of the optimizer like others.
        """
        state: dict[str, Any] = {} if callable(self.lr) else {"lr": self.lr}
        if self._counts:
            state["steps"] = self.steps
        for name in self.remembers:
            found = parts(self._vectors[name], self._shapes) if self._vectors else ()
            state[name] = {key: copy_of(part) for key, part in found}
        if self._adds:
            state[_ATTRIBUTES] = self._adds
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take what `state_dict` gave; arrays must be where the parameters are.

        Raises
        ------
        ValueError
            When `state` holds anything else; then nothing is changed.
        """
        wanted = list(self.state_dict())
        if set(state) != set(wanted):
            raise ValueError(
                f"the state of {type(self).__name__} must hold {', '.join(wanted) or 'nothing'}; "
                f"got {', '.join(state) or 'nothing'}"
            )
        lr = self.lr if callable(self.lr) else check_lr(state["lr"])
        steps = state.get("steps", self.steps)
        if not isinstance(steps, int) or not 0 <= steps < 1 << 63:
            raise ValueError(f"`steps` must be a whole number, 0 or more; got {steps!r:.80}")
        shapes = shapes_of(state[self.remembers[0]]) if self.remembers else {}
        vectors = {name: joined(state[name], shapes) for name in self.remembers if shapes}
        if any(set(state[name]) != set(shapes) for name in self.remembers):
            raise ValueError(f"{' and '.join(self.remembers)} must hold the same parameters")
        self.lr, self.steps, self._shapes, self._vectors = lr, steps, shapes, vectors
        _set(self, state)

    @property
    def _counts(self) -> bool:
        """Whether a step depends on its number."""
        return callable(self.lr) or bool(self.remembers) or not is_own(self)

    @property
    def _adds(self) -> dict[str, Any]:
        """What a class of somebody else's keeps beside what the library's own keep."""
        known = {} if is_own(self) else _attributes(self)
        return {name: value for name, value in known.items() if name not in _KEPT}

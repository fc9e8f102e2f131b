"""Base of all layers: a forward pass, and the backward pass derived from it by hand."""

import inspect
import math
import numbers
from typing import Any

from backends import Array, DType, device, isdtype, namespace
from backprop.arrays import floating_dtype_of, shape
from backprop.tables import Table


class Layer:
    """Base of all layers.

    Attributes
    ----------
    params : dict of str to array
        What is learnt, in order; empty for a layer without parameters.
    grads : dict of str to array
        The same keys, set by `backward`: the derivative of the loss with respect to each parameter.
    state : dict of str to array
        What is kept but not learnt, such as running statistics; empty for most layers.
    cache : object
        What `forward` keeps for `backward`; None before.

    Notes
    -----
    Nothing that comes in is ever changed: not an input, not `dout`. `forward` keeps the least
    that `backward` needs. A layer that behaves differently in training takes that as an argument:
    ``forward(x, training=False)``, or ``train_flg`` as the book calls it.

    A layer of your own derives from this, or is any object with these two methods and, if it
    learns or keeps anything, these dictionaries.
    """

    params: dict[str, Array]
    grads: dict[str, Array]
    state: dict[str, Array]
    cache: Any = None

    def __init__(self) -> None:
        self.params = {}
        self.grads = {}
        self.state = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output for the inputs; a layer of one's own takes what it needs."""
        raise NotImplementedError(f"{type(self).__name__} must define forward")

    def backward(self, dout: Any = 1) -> Any:
        """Return the derivative of the loss with respect to each input.

        Parameters
        ----------
        dout : array or number
            The derivative of the loss with respect to the output, in its shape; a number stands for
            every entry.


        Raises
        ------
        RuntimeError
            When there was no forward pass.
        """
        raise NotImplementedError(f"{type(self).__name__} must define backward")

    def backward_params(self, dout: Any = 1) -> None:
        """Set `grads` only: for the first layer of a network, whose `dx` nobody reads."""
        self.backward(dout)

    def recall(self) -> Any:
        """Return the cache.

        Raises
        ------
        RuntimeError
            When there was no forward pass.
        """
        if self.cache is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward needs a forward pass first; in a network, one "
                "that trains: `net.loss(x, t, training=True)`"
            )
        return self.cache

    def config(self) -> dict[str, Any]:
        """Return the arguments that make such a layer, beside its parameters, as JSON values."""
        return {}

    def _arrays(self) -> dict[str, Array]:
        """Return what it holds by key; a subclass may have forgotten to make the dictionaries."""
        return {**getattr(self, "params", {}), **getattr(self, "state", {})}

    def __repr__(self) -> str:
        options = [f"{key}={value!r}" for key, value in self.config().items()]
        held = [f"{key}: {shape(x)} {x.dtype}" for key, x in self._arrays().items()]
        return f"{type(self).__name__}({', '.join([*held, *options])})"

    def _repr_html_(self) -> str:
        head = ("array", "shape", "dtype", "entries")
        rows = [
            (key, str(shape(x)), str(x.dtype), f"{math.prod(x.shape):,}")
            for key, x in self._arrays().items()
        ]
        return Table(type(self).__name__, head if rows else (), rows).html()


def learnt(key: str, doc: str) -> property:
    """Return a property of a layer: what it learns under a key of `params`; another may be set."""

    def get(layer: Layer) -> Array:
        return layer.params[key]

    def put(layer: Layer, value: Array) -> None:
        layer.params[key] = value

    return property(get, put, doc=doc)


def gradient_of(key: str, doc: str) -> property:
    """Return a property of a layer: the gradient under a key of `grads`; None before `backward`."""

    def get(layer: Layer) -> Array | None:
        return layer.grads.get(key)

    return property(get, doc=doc)


def keeps(thing: Any, base: type, *methods: str) -> bool:
    """Tell whether methods are those of `base`: no subclass and no attribute replaces them."""
    own = all(getattr(type(thing), name, None) is getattr(base, name) for name in methods)
    return own and vars(thing).keys().isdisjoint(methods)


def training_argument(method: Any) -> str | None:
    """Return the argument of a method that says whether it trains; None if there is none."""
    try:
        names = inspect.signature(method).parameters
    except (TypeError, ValueError):  # some callables have no signature
        return None
    return next((name for name in ("training", "train_flg") if name in names), None)


def upstream(dout: Any, out: tuple[int, ...], like: Array) -> Array:
    """Return `dout` in the shape of the output; a number or 0-d array stands for every entry.

    Parameters
    ----------
    dout : array or number
        The derivative of the loss with respect to the output.
    out : tuple of int
        The output's shape.
    like : array
        On the output's device and, if that is floating, of its dtype.

    Raises
    ------
    TypeError
        When `dout` is no number and no array of the library of `like`.
    ValueError
        When `dout` has another shape than the output.
    """
    xp = namespace(like)
    given = getattr(dout, "shape", None)
    if given == out and namespace(dout) is xp:
        return dout
    dtype = floating_dtype_of(like)
    if isinstance(dout, numbers.Real):  # NumPy's scalars are such numbers too
        return xp.full(out, float(dout), dtype=dtype, device=device(like))
    if given is None:
        raise TypeError(f"`dout` must be an array or a number; got {type(dout).__name__}")
    namespace(like, dout)
    if given == ():
        return xp.broadcast_to(xp.astype(dout, dtype), out)
    raise ValueError(f"`dout` must have shape {out}, like the output; got {shape(dout)}")


def times(dout: Array, slope: Array) -> Array:
    """Return `dout` times a slope; one of integers is taken in the dtype of `dout`."""
    if slope.dtype != dout.dtype:
        xp = namespace(slope)
        if isdtype(xp, slope.dtype, ("integral", "bool")):
            slope = xp.astype(slope, dout.dtype)
    return dout * slope


def as_dtype(x: Array, dtype: DType) -> Array:
    """Return `x` in `dtype`, if that is a floating one: a gradient in the dtype of its input."""
    if x.dtype == dtype or not isdtype(namespace(x), dtype, "real floating"):
        return x
    return namespace(x).astype(x, dtype)


def in_one_dtype(x: Array, W: Array) -> tuple[Array, Array]:
    """Return inputs and weights in one dtype: `@` promotes on some libraries only."""
    if x.dtype == W.dtype:
        return x, W
    xp = namespace(x)
    if isdtype(xp, x.dtype, ("integral", "bool")):
        return xp.astype(x, W.dtype), W
    dtype = xp.result_type(x, W)
    return xp.astype(x, dtype, copy=False), xp.astype(W, dtype, copy=False)

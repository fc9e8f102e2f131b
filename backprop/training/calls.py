"""What a trainer is made with: other calls, such as the book's, are refused with one that works."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec

P = ParamSpec("P")

RIGHT = (
    "a trainer takes the network and how to train it, and `fit` the data: `Trainer(net, SGD(lr=0.1)"
    ", batch_size=100).fit((x_train, t_train), (x_test, t_test), epochs=16)`"
)
"""How to call ours, for whoever knows the book's."""

_NEEDED = ("backend", "dtype", "params", "last_layer", "predict", "loss_and_gradient", "accuracy")


def shows_a_right_call(init: Callable[P, None]) -> Callable[P, None]:
    """Return an `__init__` that raises a TypeError with a right call for arguments not its own."""
    signature = inspect.signature(init)

    @functools.wraps(init)
    def checked(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{error}; {RIGHT}") from None
        init(*args, **kwargs)

    return checked


def check_functions(**functions: Any) -> None:
    """Raise a TypeError that names the argument unless each is a function, or None."""
    for name, function in functions.items():
        if function is not None and not callable(function):
            raise TypeError(f"`{name}` must be a function; got {function!r:.80}")


def check_on_nan(on_nan: str) -> None:
    """Raise a ValueError unless it is one of the words."""
    if on_nan not in ("stop", "warn", "ignore"):
        raise ValueError(f"`on_nan` must be 'stop', 'warn' or 'ignore'; got {on_nan!r}")


def check_parts(net: Any, optimizer: Any) -> None:
    """Raise a TypeError unless a network and an optimizer have what training needs of them."""
    if isinstance(optimizer, type):
        name = optimizer.__name__
        raise TypeError(
            f"`optimizer` must be an optimizer, such as {name}(lr=0.1); "
            f"got the class {name}; {RIGHT}"
        )
    if not callable(getattr(optimizer, "update", None)):
        raise TypeError(
            "`optimizer` must have `update(params, grads)`; "
            f"got {type(optimizer).__name__}; {RIGHT}"
        )
    pair = [hasattr(optimizer, name) for name in ("state_dict", "load_state_dict")]
    if any(pair) and not all(pair):
        raise TypeError(
            "`optimizer` must have both state_dict and load_state_dict, or neither; "
            f"got {type(optimizer).__name__} with {'state_dict' if pair[0] else 'load_state_dict'}"
        )
    missing = [name for name in _NEEDED if not hasattr(net, name)]
    if missing:
        raise TypeError(
            f"`net` must be a Network; got {type(net).__name__}, which has no "
            f"{', '.join(missing)}: `Network(net.layers, net.lastLayer)` makes one of its layers"
        )

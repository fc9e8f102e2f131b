"""Nested states as JSON and arrays, and back."""

import json
import math

import numpy as np
import pytest

from backprop.storage.tree import flat, nested

STATES = [
    {"lr": 0.1, "steps": 3, "on": True, "off": None, "name": "x"},
    {"m": {"W1": np.ones((2, 3), "f4"), "mask": np.array([True, False])}, "list": [1, [2.5, "a"]]},
    {"loss": [0.1, 1 / 3, math.inf], "none": [], "one": [1, 0.5]},
    {0: np.zeros(2), "$odd": 1, (1, "a"): 2},
    {"$": 0, "$array": "a", "$tuple": {"$items": []}},
    {"pair": (1, np.float32(0.1)), "big": 2**130, "negative": -0.0},
    {"scalar": np.int64(3), "zero": np.array(2.0)},
    {"a/b": np.zeros(1), "a": {"b": np.ones(1)}, "a~1b": np.ones(2), "a~0": {"1b": np.ones(3)}},
    {np.int64(0): np.zeros(2), (np.float32(1.5), "a"): {"key1": np.ones(2)}, "key0": np.ones(1)},
]


class Hashable(np.ndarray):
    """As tensors of PyTorch are."""

    __hash__ = object.__hash__


def same(a, b):
    if isinstance(a, dict):
        if not (type(b) is dict and same(list(a), list(b))):
            return False
        return all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        return (
            type(a) is type(b)
            and (a.dtype, a.shape) == (b.dtype, b.shape)
            and a.tobytes() == b.tobytes()
        )
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.mark.parametrize("state", STATES, ids=lambda s: "-".join(map(str, s)))
def test_what_goes_in_comes_out(state):
    arrays = {}
    text = json.dumps(flat(state, "top", arrays))
    assert all(name.startswith("top") for name in arrays)
    assert same(nested(json.loads(text), arrays), state)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"f": print}, "top/f must hold arrays, numbers and strings.*got builtin_function"),
        ([{1, 2}], "top/0 must hold .*got set"),
        ({"z": 1j}, "got complex"),
        ({np.ones(1).view(Hashable): 1}, "top/key0 must hold numbers .*, as a key, .*got Hashable"),
        ({(1, np.ones(1).view(Hashable)): 1}, "top/key0 must hold numbers .*got tuple"),
        ({"z": np.ones(2) * 1j}, "top/z must hold real numbers to be written; got complex128"),
    ],
)
def test_what_can_not_be_written(state, message):
    with pytest.raises(TypeError, match=message):
        flat(state, "top", {})


@pytest.mark.parametrize(
    "tree",
    [
        {"$array": "missing"},
        {"$array": 3},
        {"$array": ["a"]},
        {"$other": "a"},
        {"$tuple": 3},
        {"$items": [[1, 2, 3]]},
        {"$items": [[{}, 1]]},
        {"$floats": {"a": 1}},
    ],
    ids=str,
)
def test_what_is_no_tree(tree):
    with pytest.raises(ValueError, match=r"\$\w+ .*Error"):
        nested({"x": [tree]}, {"a": np.ones(2)})

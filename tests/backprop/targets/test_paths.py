"""Names of what is found in an object, by the way that leads there."""

import pytest

from backprop.targets.paths import readable


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([("attribute", "layers"), ("item", 0), ("attribute", "W")], "layers[0].W"),
        ([("attribute", "params"), ("item", "W")], "W"),
        ([("attribute", "first"), ("attribute", "weights"), ("item", "W")], "first.W"),
        ([("attribute", "params"), ("item", 1)], "params[1]"),
        ([("attribute", "own"), ("item", "W")], "own['W']"),
        ([("item", "W"), ("attribute", "params")], "['W'].params"),
        ([("item", "params"), ("item", "W")], "['params']['W']"),
        ([("attribute", "f"), ("global", "W")], "W"),
        ([("attribute", "layer"), ("class", "Net"), ("attribute", "W")], "layer.W"),
        ([("attribute", "__self__"), ("attribute", "W")], "W"),
        ([("attribute", "kept"), ("member", 2)], "kept[2]"),
    ],
)
def test_readable(path, expected):
    assert readable(tuple(path)) == expected

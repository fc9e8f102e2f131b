"""Both packages keep the rules of `tests/architecture.py`, and the checks notice when they don't."""

from pathlib import Path

import pytest

import backprop
from tests.architecture import (
    ALLOWED,
    DYNAMIC,
    INSIDE_FUNCTIONS,
    ORDER,
    circles,
    dynamic,
    forbidden,
    hidden,
    imports,
    parse,
    read,
    up_arrows,
)

ROOT = Path(backprop.__file__).parents[1]
HOUSE = read(ROOT, "backends", "backprop")


def test_no_files_import_each_other():
    assert circles(imports(HOUSE)) == []


def test_arrows_point_down_only():
    assert up_arrows(imports(HOUSE), ORDER) == []


def test_no_import_hides_a_direction():
    assert hidden(imports(HOUSE), INSIDE_FUNCTIONS) == []


def test_nothing_loads_modules_unseen():
    assert dynamic(HOUSE) == set(DYNAMIC)


def test_no_array_library_is_named_where_users_arrays_are_computed_on():
    assert forbidden(HOUSE, ALLOWED, words_in="backprop") == {}


def test_every_rule_is_about_something():
    rooms = {room.rstrip("!") for room in ORDER} | set(ALLOWED)
    assert {room for room in rooms if room not in HOUSE} == set()
    kept = {(each.source, each.target) for each in imports(HOUSE) if not each.at_the_top}
    assert kept == set(INSIDE_FUNCTIONS)


def targets(modules, source):
    return {each.target for each in imports(modules) if each.source == source}


def test_targets():
    house = parse(
        backprop="from .layers import Relu as Relu\nfrom . import functions as functions",
        backprop__functions="import os, numpy\nimport backprop.layers",
        backprop__layers="from backprop.layers.relu import Relu",
        backprop__layers__relu="from . import layer\nfrom .. import functions",
        backprop__layers__layer="from .relu import Relu\nimport backprop",
        backprop__top="from backprop import Relu, functions, __version__",
    )
    assert targets(house, "backprop") == {"backprop.layers", "backprop.functions"}
    assert targets(house, "backprop.functions") == {"backprop.layers"}
    assert targets(house, "backprop.layers") == {"backprop.layers.relu"}
    assert targets(house, "backprop.layers.relu") == {
        "backprop.layers.layer",
        "backprop.functions",
    }
    assert targets(house, "backprop.layers.layer") == {"backprop.layers.relu", "backprop"}
    assert targets(house, "backprop.top") == {"backprop.layers", "backprop.functions", "backprop"}


CIRCLE = {"p": "", "p__a": "from p import b", "p__b": "import p.c", "p__d": "from p import a"}


@pytest.mark.parametrize(
    "last",
    [
        "from p.a import f",
        "def g():\n    from p.a import f",
        "if TYPE_CHECKING:\n    from p import a",
        "if typing.TYPE_CHECKING:\n    import p.a",
        "class C:\n    def g(self):\n        return lambda: importlib.import_module('p.a').f",
        "try:\n    import p.a\nexcept ImportError:\n    pass",
        "from typing import TYPE_CHECKING as T\nif T:\n    from p import a",
    ],
)
def test_a_circle_is_noticed(last):
    assert circles(imports(parse(**CIRCLE, p__c="import os"))) == []
    found = circles(imports(parse(**CIRCLE, p__c=last)))
    assert sorted(found[1:]) == ["p.a", "p.b", "p.c"]
    assert found[0] == found[-1]


def test_a_circle_through_the_face_is_noticed():
    house = {"backprop": "from .high import f as f", "backprop__high": "import backprop.low"}
    found = circles(imports(parse(**house, backprop__low="from backprop import f")))
    assert sorted(found[1:]) == ["backprop.high", "backprop.low"]


def test_a_circle_through_the_package_around_a_module_is_noticed():
    """An import of `r.x` runs `r` first."""
    house = parse(q="from q import z", q__z="import r.x", r="import q", r__x="")
    assert sorted(set(circles(imports(house)))) == ["q", "q.z", "r"]


@pytest.mark.parametrize(
    "source",
    [
        "import importlib\nimportlib.import_module('.a', 'p')",
        "from importlib import import_module as load\nload('p.' + 'a')",
        "__import__(name)",
        "import sys\nsys.modules['p.a']",
        "from sys import modules",
        "import pkgutil\npkgutil.resolve_name('p.a')",
        "exec('import p.a')",
        "import runpy",
    ],
)
def test_loading_a_module_unseen_is_noticed(source):
    assert dynamic(parse(p__b=source, p__c="import sys\nsys.path", p__a="")) == {"p.b"}


def test_an_arrow_up_is_noticed():
    house = parse(
        p="from p.low import f",
        p__low="x = 1",
        p__low__deep="from p.high.roof import g",
        p__high="from p import low",
        p__high__roof="import p.high.wall, p.low.deep",
        p__high__wall="import p",
    )
    up = ["p.low.deep -> p.high", "p.low.deep -> p.high.roof"]  # the package runs first
    assert up_arrows(imports(house), ["p.low", "p!", "p.high"]) == up
    order = ["p.low", "p.high.wall", "p!", "p.high"]
    assert up_arrows(imports(house), order) == ["p.high.wall -> p", *up]
    assert up_arrows(imports(house), ["p.low", "p!"]) == [
        "p.high.roof: no place in the order",
        "p.high.wall: no place in the order",
        "p.high: no place in the order",
    ]


def test_a_hidden_import_is_noticed():
    house = parse(
        p="",
        p__a="",
        p__b="def f():\n    import p.a",
        p__c="if TYPE_CHECKING:\n    from p import a",
        p__d="if False:\n    import p.a",
    )
    assert hidden(imports(house), {}) == ["p.b -> p.a", "p.c -> p.a", "p.d -> p.a"]
    assert hidden(imports(house), {("p.b", "p.a"): "speed"}) == ["p.c -> p.a", "p.d -> p.a"]


@pytest.mark.parametrize(
    ("source", "library"),
    [
        ("import numpy as np", "numpy"),
        ("import numpy.typing", "numpy"),
        ("def f():\n    from torch.nn import functional", "torch"),
        ("from array_api_compat import cupy", "array_api_compat"),
        ("x = jnp.zeros(3)", "jax"),
        ("def f(*, np): ...", "numpy"),
        ("f(dpnp=1)", "dpnp"),
        ("if backend.name == 'cupy': ...", "cupy"),
        ("print(f'{x} of PyTorch, {y}')", "torch"),
        ("x.np = 1", "numpy"),
        ("select(library='array-api-strict')", "array_api_strict"),
    ],
)
def test_a_library_is_noticed(source, library):
    found = forbidden(parse(p__a=source, p__host=source, p="'''An array of numpy.'''"), {}, "p")
    assert library in found.pop("p.a")
    assert library in found.pop("p.host")
    assert found == {}
    allowed = {"p.host": {"array_api_compat", "cupy", library}}
    assert list(forbidden(parse(p__a=source, p__host__deep=source), allowed, "p")) == ["p.a"]


def test_words_count_in_one_package_only():
    house = parse(p__a="device = 'cupy'", q__a="device = 'cupy'", q__b="import cupy")
    assert forbidden(house, {}, "p") == {"p.a": {"cupy"}, "q.b": {"cupy"}}

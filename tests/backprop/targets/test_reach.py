"""Parameters wherever an object or a function may keep them: none is passed over in silence."""

import array
import functools
import random
import types
import weakref
from typing import ClassVar

import numpy as np
import pytest
from numpy.polynomial import Polynomial

from backprop import gradcheck
from backprop.gradients import Verdict
from backprop.targets import reach, unread


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


X = normal(4, 3)
FACTOR = {"W": 1.0}  # of the gradient of W in all that follows


class Linear:
    def __init__(self):
        self.W = normal(3, 3, seed=1)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = FACTOR["W"] * self.x.T @ dout
        return dout @ self.W.T


class Around:
    """Hands on to the layer that `inner` finds in what it keeps."""

    def __init__(self, kept, inner):
        self.kept, self.inner = kept, inner

    def forward(self, x):
        return self.inner(self.kept).forward(x)

    def backward(self, dout):
        return self.inner(self.kept).backward(dout)


def first(kept):
    return next(iter(kept))


def in_class_list():
    class Net:
        layers: ClassVar = [Linear()]

        def forward(self, x):
            return self.layers[0].forward(x)

        def backward(self, dout):
            return self.layers[0].backward(dout)

    return Net()


def in_class_dictionary():
    class Net:
        params: ClassVar = {"W": normal(3, 3)}

        def forward(self, x):
            self.x = x
            return x @ self.params["W"]

        def backward(self, dout):
            self.grads = {"W": FACTOR["W"] * self.x.T @ dout}
            return dout @ self.params["W"].T

    return Net()


def as_list():
    class Net(list):
        __init__ = Linear.__init__
        forward, backward = Linear.forward, Linear.backward

    return Net()


def as_dictionary():
    class Net(dict):
        __init__ = Linear.__init__
        forward, backward = Linear.forward, Linear.backward

    return Net()


def in_methods():
    layer = Linear()

    class Net:
        steps = ()

        def forward(self, x):
            return self.steps[0][0](x)

        def backward(self, dout):
            return self.steps[0][1](dout)

    net = Net()
    net.steps = [(layer.forward, layer.backward)]
    return net


def deep():
    inner = Linear()
    for _ in range(30):
        inner = Around(inner, lambda kept: kept)
    return inner


def called_state():
    class Net:
        def __init__(self):
            self.state = Linear()

        def forward(self, x):
            return self.state.forward(x)

        def backward(self, dout):
            return self.state.backward(dout)

    return Net()


def drawing():
    generator = random.Random(0)
    generator.layer = Linear()
    return generator


def behind_much(count):
    return Around([[[i] for i in range(count)], Linear()], lambda kept: kept[1])


def of_integers():
    layer = Linear()
    layer.W = np.arange(9).reshape(3, 3)
    return layer


LAYER = Linear()
W = normal(3, 3)


def of_global():
    return lambda x: (LAYER.forward(x), None), lambda dout, cache: LAYER.backward(dout)


def of_global_array():
    return (
        lambda x: (x @ W, x),
        lambda dout, cache: (dout @ W.T, {"W": FACTOR["W"] * cache.T @ dout}),
    )


def of_global_in_methods():
    class Net:
        def forward(self, x):
            return LAYER.forward(x)

        def backward(self, dout):
            return LAYER.backward(dout)

    return Net()


def of_partial():
    def forward(layer, x):
        return layer.forward(x), None

    layer = Linear()
    return functools.partial(forward, layer), lambda dout, cache: layer.backward(dout)


def of_default():
    layer = Linear()

    def forward(x, layer=layer):
        return layer.forward(x), None

    def backward(dout, cache, *, layer=layer):
        return layer.backward(dout)

    return forward, backward


KEPT = {
    "class list": in_class_list,
    "class dictionary": in_class_dictionary,
    "list": as_list,
    "dictionary": as_dictionary,
    "methods": in_methods,
    "deep": deep,
    "state": called_state,
    "integers": of_integers,
    "set": lambda: Around({Linear()}, first),
    "frozenset": lambda: Around(frozenset([Linear()]), first),
    "proxy": lambda: Around(types.MappingProxyType({"a": Linear()}), lambda kept: kept["a"]),
    "partial held": lambda: Around(functools.partial(first, [Linear()]), lambda kept: kept()),
    "closure held": lambda: Around((lambda layer: lambda: layer)(Linear()), lambda kept: kept()),
    "global": of_global,
    "global array": of_global_array,
    "global in methods": of_global_in_methods,
    "generator": lambda: Around(drawing(), lambda kept: kept.layer),
    "partial": of_partial,
    "default": of_default,
}


@pytest.mark.parametrize("kind", KEPT)
def test_parameters_are_found_wherever_they_are_kept(kind, monkeypatch):
    right = gradcheck(KEPT[kind](), X)
    assert right.ok
    name = right.entries[1].name
    assert len(right.entries) == 2
    assert name.endswith("W")
    monkeypatch.setitem(FACTOR, "W", -5.0)
    wrong = gradcheck(KEPT[kind](), X)
    assert [str(e.verdict) for e in wrong.entries] == ["agrees", "wrong"]
    assert "-5 times" in wrong[name].reason


def test_parameters_are_found_behind_many_other_things(monkeypatch):
    monkeypatch.setitem(FACTOR, "W", -5.0)
    assert gradcheck(behind_much(20_001), X)["kept[1].W"].verdict is Verdict.WRONG


def test_an_array_in_a_closure_that_an_object_holds_needs_a_gradient():
    kept = normal(3, 3)
    net = Linear()
    net.W = 0.0
    net.multiply = lambda x: x @ kept
    net.forward, net.backward = net.multiply, lambda dout: dout @ kept.T
    report = gradcheck(net, X)
    assert not report.ok
    assert report["multiply.kept"].verdict is Verdict.UNCHECKED


def test_a_global_array_without_a_gradient_is_a_constant_and_said_to_be():
    report = gradcheck((lambda x: (x @ W, x), lambda dout, cache: dout @ W.T), X)
    assert report.ok
    assert report.remarks == ("W: no gradient of it was found; taken for a constant",)


class Biased(Linear):
    """Its bias has no gradient."""

    b = normal(3, seed=2)

    def __init__(self):
        super().__init__()
        self.b = normal(3, seed=2)

    def forward(self, x):
        return super().forward(x) + self.b


BIASED = Biased()
MODULE = types.ModuleType("settings")
MODULE.b = normal(3, seed=2)  # type: ignore[attr-defined]


def biased_closure():
    layer = Biased()
    return lambda x: layer.forward(x), lambda dout: layer.backward(dout)


def biased_default():
    def forward(x, layer=BIASED):
        return layer.forward(x)

    return forward, lambda dout: BIASED.backward(dout)


def biased_global():
    return lambda x: BIASED.forward(x), lambda dout: BIASED.backward(dout)


def biased_list():
    layers = [Linear(), Biased()]
    return (
        lambda x: layers[1].forward(layers[0].forward(x)),
        lambda dout: layers[0].backward(layers[1].backward(dout)),
    )


def biased_class():
    return lambda x: x + Biased.b, lambda dout: dout * 1.0


def biased_call():
    class Net:
        def __call__(self, x):
            return x + BIASED.b

        def backward(self, dout):
            return dout * 1.0

    return Net()


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (biased_closure, "layer.b"),
        (biased_default, "layer.b"),
        (biased_global, "BIASED.b"),
        (biased_list, "layers[1].b"),
        (biased_class, "Biased.b"),
        (biased_call, "BIASED.b"),
    ],
)
def test_an_array_of_an_object_that_a_function_knows_needs_a_gradient(make, name):
    report = gradcheck(make(), X)
    assert not report.ok
    assert report[name].verdict is Verdict.UNCHECKED
    assert gradcheck(make(), X, constants=[name]).ok


def test_arrays_of_modules_and_in_functions_are_constants_and_said_to_be():
    kept, more = normal(3), {"scale": normal(3)}

    def inner(x):
        return x * kept * more["scale"] + MODULE.b

    report = gradcheck((lambda x: inner(x), lambda dout: dout * kept * more["scale"]), X)
    assert report.ok
    said = [remark.partition(":")[0] for remark in report.remarks]
    assert sorted(said) == ["MODULE.b", "inner.kept", "inner.more['scale']"]


def test_what_a_foreign_object_calls_its_state_needs_a_gradient():
    class Net:
        def __init__(self):
            self.params, self.grads = {"W": normal(3, 3)}, {}
            self.state = {"b": normal(3)}

        def forward(self, x):
            self.x = x
            return x @ self.params["W"] + self.state["b"]

        def backward(self, dout):
            self.grads["W"] = self.x.T @ dout
            return dout @ self.params["W"].T

    report = gradcheck(Net(), X)
    assert report["state['b']"].verdict is Verdict.UNCHECKED
    assert gradcheck(Net(), X, constants=["state['b']"]).ok


class Kept:
    """A descriptor that keeps its values elsewhere."""

    def __init__(self):
        self.known = weakref.WeakKeyDictionary()

    def __get__(self, holder, kind=None):
        return self if holder is None else self.known[holder]

    def __set__(self, holder, value):
        self.known[holder] = value


@pytest.mark.parametrize("forget", [True, False])
def test_what_a_descriptor_gives_is_a_parameter(forget):
    class Net(Linear):
        W = Kept()

        def backward(self, dout):
            dx = super().backward(dout)
            if forget:
                del self.dW
            return dx

    report = gradcheck(Net(), X)
    assert report["W"].verdict is (Verdict.UNCHECKED if forget else Verdict.AGREES)


class Flat:
    """Its weights are views of one vector, with the bias behind them."""

    def __init__(self):
        self.theta = normal(12)
        self.W = self.theta[:9].reshape(3, 3)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.theta[9:]

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


def test_a_vector_of_which_views_are_known_is_known_where_they_cover_it():
    report = gradcheck(Flat(), X)
    assert report["theta"].verdict is Verdict.UNCHECKED
    whole = Flat()
    whole.b = whole.theta[9:]
    own = Flat.backward

    def backward(dout):
        whole.db = dout.sum(axis=0)
        return own(whole, dout)

    whole.backward = backward
    report = gradcheck(whole, X)
    assert report.ok
    assert sorted(e.name for e in report.entries) == ["W", "b", "x"]


@pytest.mark.parametrize("kind", ["structured", "complex", "torch"])
def test_arrays_of_other_dtypes_that_move_the_output_are_not_checked(kind):
    torch = pytest.importorskip("torch") if kind == "torch" else None
    x = torch.tensor(X) if torch else X

    class Net:
        def __init__(self):
            self.p = np.array([(1.0, 2.0)] * 3, dtype=[("a", "f8"), ("b", "f8")])
            if kind == "complex":
                self.p = normal(3) + 1j
            if kind == "torch":
                self.p = torch.tensor(normal(3) + 1j)

        def scale(self):
            return self.p["a"] if kind == "structured" else self.p.real

        def forward(self, x):
            return x * self.scale()

        def backward(self, dout):
            return dout * self.scale()

    report = gradcheck(Net(), x)
    assert not report.ok
    assert "is no real floating array" in report["p"].reason
    assert gradcheck(Net(), x, constants=["p"]).ok


def test_an_array_of_another_dtype_that_moves_nothing_is_no_matter():
    net = Linear()
    net.names = np.array([("a", 1.0)], dtype=[("name", "U1"), ("size", "f8")])
    assert gradcheck(net, X).ok


@pytest.mark.parametrize("factor", [1.0, 1.001])
def test_an_array_that_can_t_be_written_is_replaced_in_a_view_of_a_dictionary(factor):
    class Fixed:
        def __init__(self):
            self.kept = types.MappingProxyType({"W": normal(3, 3), "name": "fixed"})
            self.kept["W"].flags.writeable = False

        def forward(self, x):
            self.x = x
            assert self.kept["name"] == "fixed"
            return x @ self.kept["W"]

        def backward(self, dout):
            self.dW = factor * self.x.T @ dout
            return dout @ self.kept["W"].T

    target = Fixed()
    before = target.kept
    report = gradcheck(target, X)
    assert [str(e.verdict) for e in report.entries] == [
        "agrees",
        "agrees" if factor == 1 else "wrong",
    ]
    assert target.kept["W"] is before["W"]


class Viewed(Linear):
    """Two arrays go by one name: one in a view of its parameters, one as an attribute."""

    def __init__(self, factor):
        super().__init__()
        self.held, self.factor = {"W": normal(3, 3, seed=2)}, factor
        self.params = types.MappingProxyType(self.held)

    def forward(self, x):
        self.x = x
        return x @ self.held["W"] + x @ self.W

    def backward(self, dout):
        self.grads = {"W": self.x.T @ dout}
        self.dW = self.factor * self.grads["W"]
        return dout @ self.held["W"].T + dout @ self.W.T


def test_two_arrays_of_one_name_have_two_names():
    assert gradcheck(Viewed(1.0), X).ok
    report = gradcheck(Viewed(1.001), X)
    assert {e.name: str(e.verdict) for e in report.entries} == {
        "x": "agrees",
        "W": "agrees",
        "W'": "wrong",
    }


def test_what_classes_of_a_package_hold_is_their_own_affair():
    class Cube:
        def forward(self, x):
            self.x = x
            return Polynomial([0.0, 0.0, 0.0, 1.0])(x)  # its interval is an array of the class

        def backward(self, dout):
            return dout * 3 * self.x**2

    report = gradcheck(Cube(), X)
    assert report.ok
    assert [e.name for e in report.entries] == ["x"]


@pytest.mark.parametrize(("limit", "value"), [("MOST", 200), ("DEEPEST", 20)])
def test_where_the_search_ends_the_report_says_so(limit, value, monkeypatch):
    monkeypatch.setattr(reach, limit, value)
    net = behind_much(300) if limit == "MOST" else deep()
    report = gradcheck(net, X)
    assert not report.ok
    assert report[unread.REST].verdict is Verdict.UNCHECKED
    assert "the search for parameters ends after 100,000 things" in report[unread.REST].reason
    if limit == "MOST":
        assert gradcheck(net, X, params={"W": "kept[1].W"}).ok


COUNT = [0]
CALLS = 0


def test_what_a_class_and_globals_hold_is_put_back():
    class Net(Linear):
        seen: ClassVar = []
        scale = 1.0

        def forward(self, x):
            global CALLS
            CALLS += 1
            COUNT[0] += 1
            self.seen.append(x)
            type(self).scale *= 2.0
            return super().forward(x) * self.scale * CALLS * COUNT[0] * len(self.seen)

        def backward(self, dout):
            return super().backward(dout * self.scale)

    seen = Net.seen
    report = gradcheck(Net(), X)
    assert report["W"].verdict is Verdict.AGREES
    assert Net.seen is seen == []
    assert (Net.scale, COUNT, CALLS) == (1.0, [0], 0)


@pytest.mark.parametrize(
    "kept",
    [bytearray(b"a"), type("Own", (list,), {})("a"), array.array("d", [1.0])],
    ids=["bytes", "own", "numbers"],
)
def test_what_lists_of_other_kinds_hold_is_put_back(kept):
    class Net(Linear):
        def forward(self, x):
            self.kept.append(7)
            return super().forward(x) * len(self.kept)

        def backward(self, dout):
            return super().backward(dout * len(self.kept))

    net = Net()
    net.kept = kept
    before = kept[:]
    assert gradcheck(net, X).ok
    assert net.kept is kept
    assert kept == before

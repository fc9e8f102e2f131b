"""What layers of one's own leave in attributes: what their code shows, taken out and put back."""

import dataclasses

import numpy as np
import pytest

from backprop import Affine, Network, SoftmaxWithLoss
from backprop.networks.usage import assigned, carried

RNG = np.random.default_rng(0)
X, T = RNG.random((8, 3)), np.zeros(8, int)


def net_of(name, layer):
    layers = {"Affine": Affine(np.eye(3), np.zeros(3)), name: layer}
    return Network(layers, SoftmaxWithLoss())


class Base:
    def forward(self, x):
        self.base = x
        self.count = self.count + 1
        return self.helped(x)

    def helped(self, x):
        self.seen.append(1)
        self.table[0] += 1
        return x * self.scale

    def backward(self, dout):
        self.back, self.base = self.base, None
        return dout * self.count


class Use(Base):
    def forward(self, x):
        if self.lazy is None:
            self.lazy = 0
        self.lazy += 1
        if not hasattr(self, "late"):
            self.late = 0
        self.mask = x > 0
        for i in range(3):
            if i:
                self.looped = self.looped + i
            else:
                self.looped = 0
        while self.waits:
            self.waits -= 1
        self.either = 1 if (x.any() and self.scale) or x.all() else 2
        return super().forward(x * self.mask + self.either)

    def backward(self, dout):
        self.steps += 1
        return super().backward(dout) * self.mask


def test_what_is_carried_is_assigned_and_read_before():
    passes = carried(Use, "forward", "backward")
    whole = {"lazy", "late", "looped", "waits", "count", "steps"}
    assert passes == dict.fromkeys(whole, True) | {"table": False}
    assert carried(Use, "backward") == {"base": True, "steps": True}
    assert carried(Use, "nothing") == carried(int, "__add__") == {}
    assert assigned(Base, "forward") == {"base", "count"}
    assert assigned(Base, "backward") == {"back", "base"}


class Endless:
    def forward(self, x):
        while True:
            self.n = self.n + 1

    def calls(self):
        self.calls()
        self.m += 1


def test_code_that_does_not_end_is_read_too():
    assert carried(Endless, "forward", "calls") == {"n": True, "m": True}


class Filling:
    """Fills an array by a share, which is a number, and stays."""

    def __init__(self):
        self.means, self.share, self.name = np.zeros(3), 0.5, "means"

    def forward(self, x):
        self.means[:] = self.share * self.means + x.mean(axis=0)
        return x

    def backward(self, dout):
        return dout


def test_an_array_that_is_filled_is_kept_and_no_number_beside_it():
    used, fresh = (net_of("F", Filling()) for _ in range(2))
    used.loss(X, T, training=True)
    assert set(used.state_dict()) == {"W1", "b1", "F.means"}
    fresh.load_state_dict(used.state_dict())
    np.testing.assert_array_equal(fresh.layers["F"].means, X.mean(axis=0))


@dataclasses.dataclass(frozen=True)
class Counting:
    """A layer that counts in various types."""

    whole: object
    mean: object = None
    share: float = 0.5
    on: bool = False
    name: str = "a"

    def forward(self, x):
        for key, value in {
            "whole": self.whole + 1,
            "mean": x.mean(axis=0) + (0 if self.mean is None else self.mean),
            "share": self.share / 2,
            "on": not self.on,
            "name": self.name + "b",
        }.items():
            object.__setattr__(self, key, value)
        return x

    def backward(self, dout):
        return self.assigns() if dout is None else dout

    def assigns(self):
        self.whole = self.mean = self.share = self.on = self.name = None


def test_numbers_and_arrays_come_back_as_they_were():
    net, other = (net_of("Counting", Counting(np.int16(n))) for n in (3, 0))
    net.loss(X, T, training=True)
    taken = net.state_dict()
    assert sorted(taken) == [
        "Counting.mean",
        "Counting.on",
        "Counting.share",
        "Counting.whole",
        "W1",
        "b1",
    ]
    net.loss(X, T, training=True)
    np.testing.assert_array_equal(taken["Counting.mean"], X.mean(axis=0))
    other.load_state_dict(taken)
    got = other.layers["Counting"]
    assert (got.whole, got.share, got.on, got.name) == (4, 0.25, True, "a")
    assert [type(x) for x in (got.whole, got.share, got.on)] == [np.int16, float, bool]
    np.testing.assert_array_equal(got.mean, X.mean(axis=0))
    assert got.mean is not taken["Counting.mean"]
    other.load_state_dict(net_of("Counting", Counting(7)).state_dict())
    assert (got.whole, got.mean) == (7, None)


def test_nothing_is_changed_where_the_arrays_are_refused():
    net = net_of("Counting", Counting(3))
    taken = {**net.state_dict(), "Counting.whole": 5}
    for wrong in ({**taken, "W1": np.ones(2)}, {**taken, "Counting.name": 1}):
        with pytest.raises(ValueError, match="the arrays must be those of the network; "):
            net.load_state_dict(wrong)
        assert net.layers["Counting"].whole == 3
    net.load_state_dict(taken)
    assert net.layers["Counting"].whole == 5


class Late:
    """Has an attribute of its class, and one that it makes in its first pass."""

    shift = 1

    def forward(self, x):
        self.shift += 1
        self.late = getattr(self, "late", 0) + 2
        return x

    def backward(self, dout):
        return dout


def test_attributes_that_are_made_late_come_back():
    used, fresh, empty, new = (net_of("L", Late()) for _ in range(4))
    assert set(fresh.state_dict()) == {"W1", "b1", "L.shift"}
    used.loss(X, T, training=True)
    taken = used.state_dict()
    assert {name: int(taken[name]) for name in ("L.shift", "L.late")} == {"L.shift": 2, "L.late": 2}
    fresh.load_state_dict(taken)
    assert (fresh.layers["L"].shift, fresh.layers["L"].late, Late.shift) == (2, 2, 1)
    used.load_state_dict(new.state_dict())
    assert (used.layers["L"].shift, used.layers["L"].late) == (1, None)
    empty.load_state_dict(empty.state_dict())
    assert not hasattr(empty.layers["L"], "late")

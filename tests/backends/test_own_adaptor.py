"""An adaptor from outside, for arrays that array-api-compat does not know."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import backends
from backends.libraries import KNOWN, Library, library_of, register

BOXES, TRAY = "boxes", "tray"


class Box:
    """A NumPy array in a wrapper without `__array_namespace__` and without `device`."""

    def __init__(self, held):
        self.held = held
        self.shape, self.dtype = held.shape, held.dtype

    def __dlpack__(self, **options):
        return self.held.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.held.__dlpack_device__()


def boxes():
    """Return the namespace of boxes: a few functions."""
    xp = ModuleType(BOXES)
    xp.asarray = lambda obj, dtype=None, device=None: Box(np.asarray(obj, dtype=dtype))
    xp.astype = lambda x, dtype: Box(x.held.astype(dtype))
    xp.from_dlpack = lambda x, device=None: Box(np.from_dlpack(x))
    xp.maximum = lambda x, y: Box(np.maximum(x.held, y))
    info = np.__array_namespace_info__()
    known = SimpleNamespace(
        dtypes=lambda device=None: info.dtypes(), default_dtypes=lambda device=None: {}
    )
    xp.__array_namespace_info__ = lambda: known
    return xp


class Boxes(Library):
    name = module = namespace_name = BOXES
    requirement = "boxes"
    default_device = TRAY
    asked = 0

    def namespace_of(self, x):
        Boxes.asked += 1
        return self.namespace() if isinstance(x, Box) else None

    def device_of(self, x):
        return TRAY

    def devices(self):
        return {TRAY: TRAY}

    def to_numpy(self, x):
        return x.held.copy()


@pytest.fixture
def xp(monkeypatch):
    """Return the namespace of boxes, whose adaptor is known while the test runs."""
    module = sys.modules["backends.namespace"]
    monkeypatch.setattr(module, "finders", module.finders.copy())
    for name in ("_namespaces", "_found_by"):
        monkeypatch.setattr(module, name, getattr(module, name).copy())
    libraries = sys.modules["backends.libraries"]
    monkeypatch.setattr(libraries, "finders", module.finders)
    for known, name in ((KNOWN, "name"), (libraries._by_namespace, "namespace_name")):
        monkeypatch.setitem(known, getattr(Boxes, name), None)
    monkeypatch.setitem(sys.modules, BOXES, boxes())
    monkeypatch.setattr(Boxes, "asked", 0)
    register(Boxes())
    return sys.modules[BOXES]


def test_arrays_that_only_an_adaptor_knows(xp):
    backend = backends.select(library=BOXES)
    assert str(backend) == "boxes on tray"
    x = backend.asarray([-1.0, 2.0], "float32")
    assert isinstance(x, Box)
    assert backends.namespace(x) is xp
    assert backends.device(x) == TRAY
    assert backends.of(x) == backend
    assert isinstance(library_of(x), Boxes)
    y = backends.namespace(x).maximum(x, 0)
    assert isinstance(y, Box)
    assert backend.to_numpy(y).tolist() == [0.0, 2.0]
    assert backends.host().asarray(y).tolist() == [0.0, 2.0]
    assert backend.to_numpy(backend.asarray(backends.host().asarray([3]))).tolist() == [3]


def test_an_adaptor_is_asked_once_for_each_type(xp):
    x = backends.select(library=BOXES).asarray([1.0])
    for _ in range(3):
        assert backends.namespace(x, x) is xp
    assert Boxes.asked == 1
    backends.namespace(np.ones(1))
    assert Boxes.asked == 1


def test_what_no_adaptor_knows_is_still_refused(xp):
    x = backends.select(library=BOXES).asarray([1.0])
    with pytest.raises(TypeError, match="an array of a library that implements.*; got list"):
        backends.namespace([1.0])
    with pytest.raises(TypeError, match="arrays must be of one library; got boxes and numpy"):
        backends.namespace(x, np.ones(1))


def test_without_its_adaptor_a_box_is_no_array():
    with pytest.raises(TypeError, match="an array of a library that implements.*; got Box"):
        backends.namespace(Box(np.ones(1)))

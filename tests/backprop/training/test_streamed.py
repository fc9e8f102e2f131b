"""Data that stay where they are: in mapped files, and behind objects that give samples."""

import mmap
import threading
from array import array

import numpy as np
import pytest

import backends
from backprop import SGD, NotFiniteError, Trainer, TwoLayerNet
from backprop.training import streamed
from backprop.training.mapped import let_go, mapping_of
from backprop.training.streamed import Streamed, stays_where_it_is
from tests.support import Case

RNG = np.random.default_rng(7)
X = RNG.random((230, 6))
T = X[:, :3].argmax(axis=1)


@pytest.fixture
def mapped(tmp_path):
    """Return a function that puts an array into a file and maps it."""

    def put(values, mode="r"):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        np.save(path, values)
        return np.load(path, mmap_mode=mode)

    return put


class Rows:
    """Gives rows by their numbers, and remembers which were asked for, and in which thread."""

    def __init__(self, values):
        self.values, self.asked, self.threads = values, [], set()

    def __len__(self):
        return len(self.values)

    def __getitem__(self, indices):
        assert isinstance(indices, np.ndarray)
        self.asked += indices.tolist()
        self.threads.add(threading.current_thread())
        return self.values[indices]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Read some batches at a time, so that there are several parts."""
    monkeypatch.setattr(streamed, "BLOCK", 8 * 6 * 40)
    monkeypatch.setattr(streamed, "_PASS", 64)
    monkeypatch.setattr(streamed, "MAPPED", 50 << 16)


def fit(x, t, test=None, backend="cpu", dtype="float64", **asked):
    net = TwoLayerNet(6, 5, 3, backend=backend, dtype=dtype, seed=3, weight_init_std=0.5)
    asked = asked or {"epochs": 3}
    history = Trainer(net, SGD(0.5), batch_size=16, seed=0).fit((x, t), test, **asked)
    return net, history


def check_same(found, expected):
    for name, p in expected[0].params.items():
        np.testing.assert_array_equal(found[0].params[name], p)
    assert found[1].loss == expected[1].loss
    assert found[1].iteration == expected[1].iteration
    np.testing.assert_allclose(found[1].train_accuracy, expected[1].train_accuracy, rtol=1e-15)
    np.testing.assert_allclose(found[1].test_accuracy, expected[1].test_accuracy, rtol=1e-15)


@pytest.mark.parametrize("asked", [{"epochs": 3}, {"iterations": 20}])
def test_it_learns_what_it_learns_from_arrays_in_memory(mapped, asked):
    expected = fit(X, T, (X[:70], T[:70]), **asked)
    x, t = mapped(X), mapped(T)
    check_same(fit(x, t, (x[:70], t[:70]), **asked), expected)
    check_same(fit(x, T, (X[:70], t[:70]), **asked), expected)
    check_same(fit(X.tolist(), t, (X[:70], T[:70]), **asked), expected)
    check_same(fit(Rows(X), Rows(T), (Rows(X[:70]), T[:70]), **asked), expected)


@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_on_every_library(case: Case):
    net, history = fit(Rows(X), Rows(T), backend=case.backend, dtype=case.dtype, iterations=30)
    same, expected = fit(X, T, backend=case.backend, dtype=case.dtype, iterations=30)
    for name, p in net.params.items():
        np.testing.assert_allclose(case.numpy(p), case.numpy(same.params[name]), rtol=0, atol=1e-6)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-5)


def test_every_sample_is_read_once_an_epoch_and_in_another_thread():
    rows = Rows(X)
    Trainer(TwoLayerNet(6, 5, 3, backend="cpu"), batch_size=16).fit((rows, T), iterations=15)
    first = list(range(100))  # looked at before training
    assert rows.asked[:100] == first
    assert sorted(rows.asked[100:330]) == list(range(230))
    assert rows.asked[100:330] != list(range(230))
    assert rows.asked[330:] == list(range(230))  # the accuracy at the end
    assert threading.main_thread() in rows.threads
    assert len(rows.threads) > 1


def test_what_is_not_needed_is_not_read():
    rows = Rows(np.tile(X, (10, 1)))
    fit(rows, np.tile(T, 10), iterations=2)
    assert len(set(rows.asked[100:-2300])) == 32


def test_no_thread_is_left():
    before = threading.active_count()
    for stop in (lambda: True, lambda: False):
        fit(Rows(X), T, epochs=1, stop=stop)
        assert threading.active_count() == before


class Broken(Rows):
    """Fails at one sample."""

    def __getitem__(self, indices):
        if 150 in indices:
            raise OSError("the disk is gone")
        return super().__getitem__(indices)


def test_what_fails_while_reading_reaches_the_caller():
    before = threading.active_count()
    net = TwoLayerNet(6, 5, 3, backend="cpu", seed=0)
    trainer = Trainer(net, batch_size=16, seed=0)
    with pytest.raises(OSError, match="the disk is gone"):
        trainer.fit((Broken(X), T), epochs=1)
    assert 0 < len(trainer.history.loss) < 15  # what came before it was learnt
    assert threading.active_count() == before


def test_data_that_are_not_fit_are_found_when_they_come(mapped):
    x, t = X.copy(), T.copy()
    x[150, 2] = np.nan
    with pytest.raises(NotFiniteError, match=r"`train\[0\]` must be finite; got nan, 1 times"):
        fit(mapped(x), T)
    with pytest.raises(NotFiniteError, match=r"`test\[0\]` must be finite; got nan"):
        fit(mapped(X), T, (mapped(x), T))
    t[150] = 3
    with pytest.raises(ValueError, match=r"labels must be in 0..2; got 3"):
        fit(mapped(X), mapped(t))


def test_what_is_looked_at_before_training(mapped):
    with pytest.raises(ValueError, match="`train` must be N inputs and N labels; got 230 and 229"):
        fit(mapped(X), T[1:])
    with pytest.raises(ValueError, match=r"`test` must be inputs .*got \(0, 6\) and \(0,\)"):
        fit(mapped(X), T, (Rows(X[:0]), Rows(T[:0])))
    with pytest.raises(ValueError, match=r"`x` must have shape \(N, 6\); got \(1, 5\)"):
        fit(mapped(X[:, :5]), T)
    with pytest.raises(TypeError, match="the inputs of `train` must be real; got complex128"):
        fit(mapped(X + 1j), T)
    with pytest.raises(TypeError, match=r"labels of shape \(100,\) must be integers; got float64"):
        fit(mapped(X), T.astype(float))
    with pytest.warns(UserWarning, match="the inputs reach from 0 to 255, as pixels do"):
        fit(mapped(np.resize([0, 255, 7], X.shape)), T)


class Filling(Rows):
    """Puts what it gives into the same memory each time."""

    def __init__(self, values):
        super().__init__(values)
        self.memory = np.empty_like(values)

    def __getitem__(self, indices):
        return np.take(self.values, indices, axis=0, out=self.memory[: len(indices)])


def test_what_is_read_ahead_may_fill_the_same_memory():
    test = (Filling(X[:100]), Filling(T[:100]))
    check_same(fit(Filling(X), Filling(T), test), fit(X, T, (X[:100], T[:100])))


class Half(Rows):
    """Gives fewer samples than were asked for."""

    def __getitem__(self, indices):
        return super().__getitem__(indices[::2])


def test_an_object_that_gives_other_samples_than_were_asked_for():
    with pytest.raises(ValueError, match="`train` must give a sample for each number; got 50 for"):
        fit(Half(X), Half(T))
    with pytest.raises(ValueError, match=r"must be inputs .*got \(100, 6\) and \(50,\)"):
        fit(Rows(X), Half(T))


def test_what_stays_where_it_is(mapped):
    assert all(map(stays_where_it_is, (mapped(X), mapped(X)[3:], np.asarray(mapped(X)), Rows(X))))
    plain = (X, T, X.tolist(), (1, 2), range(3), array("d", [1.0]), b"12", {0: 1}, {1}, "12", 3)
    assert not any(map(stays_where_it_is, (*plain, mapped(X).copy(), mapped(X)[[1, 2]])))


def test_memory_is_given_back_where_nothing_is_lost(mapped):
    shared, own = mapped(X), mapped(X, "c")
    own[0, 0] = shared_value = 7.0
    let_go(own)
    assert own[0, 0] == shared_value
    let_go(shared)
    np.testing.assert_array_equal(shared, X)
    written = mapped(X, "r+")
    written[0, 0] = 9.0
    let_go(written[3:])
    assert written[0, 0] == 9.0
    assert mapping_of(X) is None
    assert isinstance(mapping_of(shared[2:]), mmap.mmap)


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system gives no memory back")
def test_a_mapped_file_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(streamed, "MAPPED", 32 << 20)

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * mmap.PAGESIZE

    path, samples = tmp_path / "large", 40_000
    with path.open("wb") as file:
        file.truncate(samples * 1024 * 4)  # 160 MB, none of it on the disk
    x = np.memmap(path, np.float32, "r", shape=(samples, 1024))
    net = TwoLayerNet(1024, 3, 2, backend="cpu", seed=0)
    seen, before = [], resident()

    class Watching(SGD):
        def update(self, params, grads):
            super().update(params, grads)
            seen.append(resident() - before)

    labels = np.zeros(samples, np.int8)
    data = Streamed(net, x, labels, "train")
    assert data.samples == samples
    Trainer(net, Watching(0.1), batch_size=500).fit((x, labels), epochs=1)
    assert len(seen) == 80
    assert max(seen) < 100 << 20


def test_labels_on_a_device_and_inputs_in_a_file(mapped):
    strict = pytest.importorskip("array_api_strict")
    backend = backends.select("cpu", "array-api-strict")
    net = TwoLayerNet(6, 5, 3, backend=backend, dtype="float64", seed=3, weight_init_std=0.5)
    history = Trainer(net, SGD(0.5), batch_size=16, seed=0).fit(
        (mapped(X), strict.asarray(T)), epochs=1
    )
    np.testing.assert_allclose(history.loss, fit(X, T, epochs=1)[1].loss, rtol=1e-12)


def test_a_buffer_over_a_mapping_is_a_mapped_array(tmp_path):
    (tmp_path / "x").write_bytes(np.arange(6.0).tobytes())
    with open(tmp_path / "x", "rb") as file:
        mapping = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    x = np.frombuffer(mapping).reshape(2, 3)
    assert mapping_of(x[1:]) is mapping
    assert mapping_of(np.frombuffer(b"12345678")) is None


def test_masked_inputs_are_refused_as_masked_labels_are():
    class Rows:
        """Gives masked rows, as readers of scientific files do."""

        def __len__(self):
            return 8

        def __getitem__(self, index):
            return np.ma.masked_array(np.ones((8, 4)))[index]

    for x in (np.ma.masked_array(np.ones((8, 4))), Rows()):
        with pytest.raises(TypeError, match="mask"):
            Trainer(TwoLayerNet(4, 3, 2, backend="cpu")).fit((x, np.zeros(8, int)), epochs=1)

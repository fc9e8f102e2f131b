"""Pictures moved at random: how, the same on every library, and what a checkpoint keeps of it."""

import copy

import numpy as np
import pytest

from backprop import Augment, Trainer, TwoLayerNet
from tests.support import Case

DOT = np.zeros((1, 1, 5, 5))
DOT[0, 0, 1, 3] = 1.0
RNG = np.random.default_rng(3)
X = RNG.random((30, 9))
T = X[:, :3].argmax(axis=1)


class Drawn:
    """What stands for a generator: moves and angles as they are given."""

    def __init__(self, dy, dx, angle):
        self.moves, self.angle = np.array([[dy], [dx]]), angle

    def integers(self, low, high, shape, endpoint):
        assert (low, high, endpoint) == (-2, 2, True)
        return np.broadcast_to(self.moves, shape)

    def uniform(self, low, high, n):
        assert low == -high
        return np.full(n, self.angle)


def moved(dy=0, dx=0, angle=0.0, rotate=0.0, x=DOT, **options):
    augment = Augment(2, rotate, **options)
    augment.rng = Drawn(dy, dx, angle)
    return augment(x)


@pytest.mark.parametrize(
    ("move", "place"), [((0, 0), (1, 3)), ((2, 1), (3, 4)), ((-1, -2), (0, 1))], ids=str
)
def test_a_dot_is_shifted_by_whole_pixels(move, place):
    assert np.argwhere(moved(*move)[0, 0] == 1.0).tolist() == [list(place)]
    assert moved(*move).sum() == 1.0
    rows = moved(*move, x=DOT.reshape(1, 25), size=(5, 5))
    np.testing.assert_array_equal(rows, moved(*move).reshape(1, 25))


def test_what_leaves_the_picture_is_lost_and_0_comes_in():
    assert moved(-2, 0).sum() == 0.0
    np.testing.assert_array_equal(moved(0, 1, x=DOT + 1.0)[0, 0, :, 0], np.zeros(5))


@pytest.mark.parametrize(("angle", "place"), [(90.0, (1, 1)), (-90.0, (3, 3)), (180.0, (3, 1))])
def test_a_dot_goes_round_the_center_against_the_clock(angle, place):
    turned = moved(angle=angle, rotate=180.0)
    np.testing.assert_allclose(turned[0, 0][place], 1.0, atol=1e-12)
    assert turned.sum() == pytest.approx(1.0)


def test_between_pixels_it_is_the_mean_by_distance():
    ramp = np.arange(49.0).reshape(1, 1, 7, 7)  # 7 row + column: linear, so interpolated exactly
    found = moved(1, 0, 30.0, 45.0, x=ramp)[0, 0, 3:6, 2:5]  # far from the border
    y, x = np.mgrid[3:6, 2:5] - 3.0
    y, sin, cos = y - 1.0, 0.5, np.sqrt(0.75)
    expected = 7 * (cos * y + sin * x + 3.0) + cos * x - sin * y + 3.0
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_each_picture_moves_on_its_own_within_the_bounds():
    dots = np.zeros((200, 1, 9, 9))
    dots[:, 0, 4, 4] = 1.0
    places = {tuple(p[2:] - 4) for p in np.argwhere(Augment(2, seed=0)(dots) == 1.0)}
    assert places == {(a, b) for a in range(-2, 3) for b in range(-2, 3)}


@pytest.mark.needs_values
@pytest.mark.parametrize("rotate", [0.0, 20.0])
def test_every_library_moves_alike(case: Case, rotate):
    values = np.random.default_rng(0).random((4, 2, 6, 5))
    expected = Augment(1, rotate, seed=5)(values)
    x = case.array(values)
    case.check(
        case.run(Augment(1, rotate, seed=5), x),
        expected,
        rtol=0,
        atol=1e-5 if case.dtype == "float32" else 1e-12,
    )
    case.unchanged(x, values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shift": -1}, "`shift` must be finite and 0 or more; got -1"),
        ({"shift": 1.5}, "`shift` must be a whole number of pixels; got 1.5"),
        ({"rotate": float("inf")}, "`rotate` must be finite and 0 or more; got inf"),
    ],
)
def test_bounds_out_of_range(options, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Augment(**options)


@pytest.mark.parametrize("size", [None, (5, 4)])
def test_rows_need_their_size(size):
    with pytest.raises(ValueError, match=r"^`x` must have shape \(N, ..., H, W\), or \(N, H W\)"):
        Augment(1, size=size)(np.zeros((2, 25)))


def trainer(seed=0):
    net = TwoLayerNet(9, 5, 3, 0.5, backend="cpu", seed=0)
    return Trainer(net, batch_size=8, seed=0, augment=Augment(1, 9.0, seed, size=(3, 3)))


def test_training_learns_from_moved_inputs_and_measures_whole_ones():
    seen = []

    def augment(x):
        seen.append(x)
        return 0.0 * x

    net = TwoLayerNet(9, 5, 3, 0.5, backend="cpu", seed=0)
    before = net.params["W1"] + 0.0
    history = Trainer(net, batch_size=8, seed=0, augment=augment).fit((X, T), epochs=1)
    assert [x.shape for x in seen] == [(8, 9)] * 3 + [(6, 9)]
    np.testing.assert_array_equal(net.params["W1"], before)  # nothing comes in
    assert history.train_accuracy == [net.accuracy(X, T)]
    assert trainer().fit((X, T), epochs=1).loss != trainer(1).fit((X, T), epochs=1).loss


@pytest.mark.parametrize("after", [3, 4, 6])  # of 4 steps an epoch
def test_training_goes_on_bit_for_bit(after, tmp_path):
    once = trainer()
    once.fit((X, T), iterations=10)
    first = trainer()
    first.fit((X, T), iterations=after)
    first.save(tmp_path / "saved")
    again = Trainer.resume(tmp_path / "saved", augment=Augment(1, 9.0, 7, size=(3, 3)))
    again.fit((X, T), iterations=10 - after)
    assert again.history.loss == once.history.loss
    for name, value in once.net.params.items():
        np.testing.assert_array_equal(again.net.params[name], value)
    state = copy.deepcopy(first.state_dict())
    assert list(state["generators"]) == ["augment.rng"]


def test_training_goes_on_with_its_augment_only(tmp_path):
    first = trainer()
    first.fit((X, T), iterations=2)
    first.save(tmp_path / "saved")
    with pytest.raises(ValueError, match=r"`augment` must be Augment\(shift=1, .*; got None"):
        Trainer.resume(tmp_path / "saved")
    again = trainer()
    again.augment = None
    with pytest.raises(ValueError, match="the generators must be those of the training, none; got"):
        again.load_state_dict(first.state_dict())


@pytest.mark.parametrize("rotate", [0.0, 10.0])
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_in_16_bits_the_pixels_are_those_of_32(name, rotate):
    """Places of pixels have more digits than 16 bits hold."""
    torch = pytest.importorskip("torch")
    x = torch.rand(2, 1, 60, 60).to(getattr(torch, name))
    found = Augment(2, rotate, seed=0)(x)
    assert found.dtype == x.dtype
    expected = Augment(2, rotate, seed=0)(x.to(torch.float32))
    tolerance = {"rtol": 0, "atol": 0.02 if rotate else 0.0}
    np.testing.assert_allclose(found.to(torch.float32), expected, **tolerance)


def test_whole_numbers_are_not_moved():
    with pytest.raises(TypeError, match=r"^`x` must be real floating, to be moved; got uint8$"):
        Augment(1)(np.ones((1, 1, 5, 5), "uint8"))

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from backprop import plotting
from tests.support import Case

RNG = np.random.default_rng(0)
IMAGES = RNG.random((5, 9))


def texts(ax):
    return [text.get_text() for text in ax.texts]


def colors(ax):
    return [to_hex(text.get_color()) for text in ax.texts]


@pytest.mark.needs_values
def test_digits_show_label_and_prediction_and_frame_the_wrong(case: Case):
    t, predicted = case.array([7, 2, 1, 0, 4]), case.array([7, 2, 7, 0, 9])
    ax = plotting.digits(case.array(IMAGES), t, predicted, columns=3)
    assert len(ax.images) == 5
    np.testing.assert_allclose(ax.images[4].get_array(), IMAGES[4].reshape(3, 3), rtol=1e-6)
    assert texts(ax) == ["7 → 7", "2 → 2", "1 → 7", "0 → 0", "4 → 9"]
    assert [color == "#c1121f" for color in colors(ax)] == [False, False, True, False, True]
    frames = [p for p in ax.patches if isinstance(p, Rectangle)]
    extents = [ax.images[i].get_extent() for i in (2, 4)]
    assert [frame.get_xy() for frame in frames] == [(e[0], e[3]) for e in extents]
    assert ax.get_title() == "label → prediction"
    assert not ax.axison


def test_digits_stand_in_rows_and_do_not_overlap():
    ax = plotting.digits(IMAGES, [1, 2, 3, 4, 5], columns=3)
    extents = [image.get_extent() for image in ax.images]  # left, right, bottom, top
    assert extents[0][3] == extents[1][3] < extents[3][3]
    assert extents[0][0] == extents[3][0] < extents[1][0]
    assert extents[0][1] < extents[1][0]
    assert extents[0][2] < extents[3][3]
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    for extent in extents:
        assert left < extent[0] < extent[1] < right
        assert top < extent[3] < extent[2] < bottom  # rows go down
    assert texts(ax) == ["1", "2", "3", "4", "5"]
    assert set(colors(ax)) == {"#000000"}
    assert ax.get_title() == ""


@pytest.mark.parametrize("shape", [(5, 3, 3), (5, 1, 3, 3), (5, 9)], ids=str)
def test_shapes_of_images(shape):
    ax = plotting.digits(IMAGES.reshape(shape))
    assert [image.get_array().shape for image in ax.images] == [(3, 3)] * 5
    assert plotting.digits(IMAGES, ax=ax) is ax


def test_images_that_are_no_squares():
    ax = plotting.digits(IMAGES[:, :8].reshape(5, 2, 4), [1] * 5, [2] * 5)
    assert ax.images[0].get_extent() == [0, 2, 1, 0]
    assert ax.patches[0].get_width() == 2


def test_few_images_make_a_low_picture():
    heights = [
        plotting.digits(IMAGES[:n], columns=1 if n == 5 else 5).get_figure().get_figheight()
        for n in (2, 5)
    ]
    assert heights[0] < 4 < heights[1] == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[:, :8],), r"`images` must have shape \(N, D\), D a square, .*; got \(5, 8\)"),
        ((IMAGES[0],), r"`images` must have shape .*; got \(9,\)"),
        ((IMAGES.reshape(1, 5, 3, 3),), r"got \(1, 5, 3, 3\)"),
        ((IMAGES[:0],), r"with 1 or more; got \(0, 3, 3\)"),
        ((IMAGES, [1, 2]), r"`t` must have shape \(5,\); got \(2,\)"),
        ((IMAGES, None, np.eye(5)), r"`predicted` must have shape \(5,\); got \(5, 5\)"),
    ],
)
def test_digits_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.digits(*arguments)


def test_a_grid_has_at_least_one_column():
    with pytest.raises(ValueError, match="`columns` must be 1 or more; got 0"):
        plotting.digits(IMAGES, columns=0)


@pytest.mark.needs_values
def test_weights_share_one_scale_around_zero(case: Case):
    W = RNG.standard_normal((9, 4))
    ax = plotting.weights(case.array(W))
    assert len(ax.images) == 4
    for image, column in zip(ax.images, W.T, strict=True):
        np.testing.assert_allclose(image.get_array(), column.reshape(3, 3), rtol=1e-6)
        assert image.get_cmap().name == "RdBu_r"
        assert image.get_clim() == pytest.approx((-abs(W).max(), abs(W).max()))
    _, bar = ax.get_figure().axes
    assert bar.get_ylabel() == "weight"


def test_weights_of_any_size():
    ax = plotting.weights(np.zeros((6, 2)), size=(2, 3))
    assert ax.images[0].get_array().shape == (2, 3)
    assert ax.images[0].get_clim() == (-1, 1)
    assert plotting.weights(np.ones((4, 1)), ax) is ax
    with pytest.raises(ValueError, match=r"`W` must have shape \(D, M\), D a square unless"):
        plotting.weights(np.zeros((6, 2)))
    with pytest.raises(ValueError, match=r"`W` must have shape \(D, M\); got \(6,\)"):
        plotting.weights(np.zeros(6))
    with pytest.raises(ValueError, match=r"`size` must be of 6 pixels, .*; got \(2, 2\)"):
        plotting.weights(np.zeros((6, 2)), size=(2, 2))


@pytest.mark.needs_values
def test_confusion_matrix(case: Case):
    ax = plotting.confusion_matrix(case.array([[3.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 2.0]]))
    np.testing.assert_allclose(
        ax.images[0].get_array(), [[0.75, 0.25, 0], [0, 0, 0], [0, 0.5, 0.5]], rtol=1e-6
    )
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "3", (1, 0): "1", (1, 2): "2", (2, 2): "2"}
    assert colors(ax)[:2] == ["#ffffff", "#000000"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("prediction", "label")
    assert ax.get_xticks().tolist() == ax.get_yticks().tolist() == [0, 1, 2]
    assert plotting.confusion_matrix(np.eye(2), ax) is ax


@pytest.mark.parametrize("shape", [(2, 3), (2,), (0, 0)], ids=str)
def test_confusion_matrix_refuses(shape):
    with pytest.raises(ValueError, match=r"`matrix` must have shape \(C, C\); got \("):
        plotting.confusion_matrix(np.ones(shape))


def test_digits_share_one_scale_of_gray():
    for value, white in ((1.0, 1.0), (0.1, 1.0), (200.0, 200.0)):
        ax = plotting.digits(np.full((2, 4), value))
        assert {image.get_clim() for image in ax.images} == {(0.0, white)}

import numpy as np
import pytest

from backprop import IdentityWithLoss, SigmoidWithLoss, SoftmaxWithLoss
from backprop.layers.loss import is_known_loss
from tests.support import Case, central_difference

LAYERS = [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss]
RNG = np.random.default_rng(4)
X = RNG.standard_normal((4, 3))
SOFT = RNG.random((4, 3))


def expected_loss(layer, x, t):
    if layer is SoftmaxWithLoss:
        return -np.sum(t * (x - np.log(np.exp(x).sum(axis=1, keepdims=True)))) / len(x)
    if layer is SigmoidWithLoss:
        y = 1 / (1 + np.exp(-x))
        return -np.sum(t * np.log(y) + (1 - t) * np.log(1 - y)) / len(x)
    return 0.5 * np.sum((x - t) ** 2) / len(x)


@pytest.mark.traced
@pytest.mark.parametrize("layer", LAYERS)
def test_loss_and_gradient(case: Case, layer):
    x, t, two = case.array(X), case.array(SOFT), case.array(np.asarray(2.0))

    def step(x, t, two):
        net = layer()
        return net.forward(x, t), net.backward(), net.backward(2), net.backward(two)

    loss, dx, *twice = case.run(step, x, t, two)
    case.check(loss, expected_loss(layer, X, SOFT))
    numerical = central_difference(lambda v: expected_loss(layer, v, SOFT), X)
    case.check(dx, numerical, atol=1e-8 if case.dtype == "float64" else 1e-5)
    for double in twice:
        case.check(double, 2 * case.numpy(dx))
    case.unchanged(x, X)
    case.unchanged(t, SOFT)


@pytest.mark.traced
@pytest.mark.parametrize("layer", LAYERS)
def test_class_numbers(case: Case, layer):
    numbers = np.array([2, 0, 1, 2])

    def step(x, t):
        net = layer()
        return net.forward(x, t), net.backward()

    loss, dx = case.run(step, case.array(X), case.array(numbers))
    expected = layer()
    case.check(loss, expected.forward(X, np.eye(3)[numbers]))
    case.check(dx, expected.backward())


@pytest.mark.parametrize("layer", LAYERS)
def test_all_forms_of_labels_agree(case: Case, layer):
    numbers = np.array([2, 0, 1, 2])
    results = []
    for t in (numbers, numbers[:, None], np.eye(3)[numbers], np.eye(3, dtype=np.uint8)[numbers]):
        net = layer()
        results.append(
            (case.numpy(net.forward(case.array(X), case.array(t))), case.numpy(net.backward()))
        )
    for loss, dx in results[1:]:
        np.testing.assert_array_equal(loss, results[0][0])
        np.testing.assert_array_equal(dx, results[0][1])


@pytest.mark.parametrize("layer", LAYERS)
def test_one_sample(case: Case, layer):
    one, batch = layer(), layer()
    loss = one.forward(case.array(X[0]), case.array(2))
    case.check(loss, case.numpy(batch.forward(case.array(X[:1]), case.array([2]))))
    case.check(one.backward(), case.numpy(batch.backward())[0])


@pytest.mark.parametrize("layer", [SigmoidWithLoss, IdentityWithLoss])
def test_one_output(case: Case, layer):
    t = np.array([0.0, 1.0, 1.0, 0.0])
    loss = layer().forward(case.array(X[:, :1]), case.array(t))
    case.check(loss, expected_loss(layer, X[:, :1], t[:, None]))


@pytest.mark.parametrize(("layer", "loss"), [(SoftmaxWithLoss, 2e4), (SigmoidWithLoss, 2e4)])
def test_no_overflow_at_large_scores(case: Case, layer, loss):
    net = layer()
    case.check(net.forward(case.array([[1e4, -1e4]]), case.array([1])), loss)
    case.check(net.backward(), [[1.0, -1.0]])
    case.check(net.forward(case.array([[1e4, -1e4]]), case.array([0])), 0.0)


def test_a_certain_answer_keeps_its_small_loss():
    loss = SigmoidWithLoss().forward(np.array([[40.0]]), np.array([1]))
    np.testing.assert_allclose(loss, np.exp(-40.0), rtol=1e-12)


@pytest.mark.parametrize("layer", LAYERS)
def test_bad_input(layer):
    net = layer()
    with pytest.raises(
        RuntimeError, match=rf"{layer.__name__}\.backward needs a forward pass first"
    ):
        net.backward()
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got 3"):
        net.forward(X, np.array([0, 1, 2, 3]))
    with pytest.raises(TypeError, match=r"labels of shape \(4,\) must be integers; got float64"):
        net.forward(X, np.array([0.0, 1.0, 2.0, 1.0]))
    with pytest.raises(ValueError, match=r"one label a sample; got \(5,\)"):
        net.forward(X, np.zeros(5, dtype=int))
    with pytest.raises(ValueError, match=r"outputs must have shape \(N, C\).*got \(0, 3\)"):
        net.forward(X[:0], np.zeros(0, dtype=int))
    net.forward(X, np.zeros(4, dtype=int))
    with pytest.raises(ValueError, match=r"`dout` must be a number.*got shape \(4,\)"):
        net.backward(np.ones(4))


def test_numpy_scalar_dout_keeps_float32():
    net = SoftmaxWithLoss()
    net.forward(X.astype(np.float32), np.zeros(4, dtype=int))
    assert net.backward(np.float64(2)).dtype == np.float32


@pytest.mark.needs_values
def test_labels_are_checked_by_the_loss(case: Case):
    """Also on a device, where `forward` would not wait to look."""
    layer = SoftmaxWithLoss()
    layer.check_labels(case.array([0, 2]), (2, 3))
    layer.check_labels(case.array(SOFT), (4, 3))
    with pytest.raises(ValueError, match=r"labels must be in 0\.\.2; got 3"):
        layer.check_labels(case.array([0, 3]), (2, 3))
    with pytest.raises(TypeError, match=r"labels of shape \(2,\) must be integers"):
        layer.check_labels(case.array([0.0, 1.0]), (2, 3))


def test_probabilities_of_one_sample():
    x = np.array([0.0, 1.0, -2.0])
    np.testing.assert_allclose(SoftmaxWithLoss().probabilities(x), np.exp(x) / np.exp(x).sum())
    with pytest.raises(ValueError, match="SoftmaxWithLoss must have 2 or more outputs"):
        SoftmaxWithLoss().probabilities(x[:1])


def test_probabilities_of_yes():
    x = np.array([[0.0, 1.0], [-2.0, 3.0]])
    np.testing.assert_allclose(SigmoidWithLoss().probabilities(x), 1 / (1 + np.exp(-x)))


@pytest.mark.parametrize("layer", [SoftmaxWithLoss, SigmoidWithLoss, IdentityWithLoss])
def test_the_losses_of_samples_are_those_of_batches_of_one(layer):
    x, t = RNG.standard_normal((2, 3, 4)), RNG.random((2, 3, 4))
    losses = layer().sample_losses(x, t)
    assert losses.shape == (2, 3)
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(losses[i], layer().forward(x[i], t[i]))


def test_targets_are_held_to_what_the_loss_is_of():
    t = np.array([[0.5, 1.5]])
    IdentityWithLoss().check_labels(-t, (1, 2))
    SoftmaxWithLoss().check_labels(t, (1, 2))
    with pytest.raises(ValueError, match="must be 0 or more; got -1.5"):
        SoftmaxWithLoss().check_labels(-t, (1, 2))
    with pytest.raises(ValueError, match=r"must be in \[0, 1\]; got 1.5"):
        SigmoidWithLoss().check_labels(t, (1, 2))


def test_a_loss_is_known_whose_forward_is_the_librarys():
    class Own(IdentityWithLoss):
        def forward(self, x, t):
            return 2 * super().forward(x, t)

    assert is_known_loss(IdentityWithLoss())
    assert not is_known_loss(Own())
    assert not is_known_loss(object())

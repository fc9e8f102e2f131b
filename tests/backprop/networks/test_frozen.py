"""What a network would not change is refused, and what it may change it does."""

from types import SimpleNamespace

import numpy as np
import pytest

from backprop import Affine, IdentityWithLoss, Layer, Network, Relu, SoftmaxWithLoss
from tests.support import Case

W, B = np.random.default_rng(0).standard_normal((4, 3)), np.zeros(3)
X, T = np.random.default_rng(1).standard_normal((6, 4)), np.array([0, 1, 2, 0, 1, 2])


class AsTheBook:
    """An affine layer with everything in attributes, as section 5.6.2 has it."""

    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class SetInBackward(Layer):
    """The same, derived from `Layer`, its gradients known to `backward` alone."""

    def __init__(self, W, b):
        super().__init__()
        self.W, self.b = W, b

    forward = AsTheBook.forward

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class InSlots(AsTheBook):
    __slots__ = ("W", "b", "dW", "db", "x")


class OtherNames:
    """Gradients under names that nothing else tells; no class that it inherits from sets others."""

    def __init__(self, W, b):
        self.W, self.b, self.gradient_of_weights = W, b, np.zeros_like(W)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.gradient_of_weights = self.x.T @ dout
        return dout @ self.W.T


class GradsWithoutParams:
    def __init__(self, W, b):
        self.W, self.b, self.grads = W, b, {}

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.grads["W"], self.grads["b"] = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Half(AsTheBook):
    """One array in `params`, the other beside it."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.params, self.grads = {"W": W}, {}


class InPlace(AsTheBook):
    """Writes gradients into arrays that were there before."""

    def __init__(self, W, b):
        self.W, self.b, self.dW, self.db = W, b, np.zeros_like(W), np.zeros_like(b)

    def backward(self, dout):
        self.dW[...], self.db[...] = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class HalfInBackward(SetInBackward):
    def __init__(self, W, b):
        super().__init__(W, b)
        self.params = {"W": W}


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (InPlace, "W and b"),
        (HalfInBackward, "b"),
        (AsTheBook, "W and b"),
        (SetInBackward, "W and b"),
        (InSlots, "W and b"),
        (OtherNames, "W and b"),
        (GradsWithoutParams, "W and b"),
        (Half, "b"),
    ],
)
def test_arrays_that_a_network_would_not_change_are_refused(kind, named):
    with pytest.raises(TypeError) as error:
        Network({"Own": kind(W, B)}, SoftmaxWithLoss())
    first = named[0]
    assert str(error.value).startswith(
        "layer 'Own' must hold what it learns in its dictionary `params`; "
        f"got {named} as attributes, which a network would not change: set `self.params = {{"
    )
    assert f"'{first}': {first}" in str(error.value)
    assert f"let forward and backward read `self.params['{first}']`" in str(error.value)


class Cured(Layer):
    """What the message says."""

    def __init__(self, W, b):
        super().__init__()
        self.params = {"W": W, "b": b}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        self.dx = dout @ self.params["W"].T  # a cache `x` with a `dx` is no parameter
        self.grads = {"W": self.x.T @ dout, "b": dout.sum(axis=0)}
        return self.dx


class Beside(Cured):
    """The parameter in `params` and as an attribute too, which forward reads."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W + self.params["b"]


@pytest.mark.parametrize("kind", [Cured, Beside])
@pytest.mark.needs_values
@pytest.mark.needs_indices
def test_the_cure_learns_on_every_library(case: Case, kind):
    if case.backend.name == "array-api-strict":
        pytest.skip("`dout.sum` is no method of the standard")
    array = case.array
    layer = kind(array(W), array(B))
    net = Network({"Own": layer}, SoftmaxWithLoss())
    x, t = array(X), array(T)
    before = net.to()
    losses = []
    for _ in range(30):
        loss, grads = net.loss_and_gradient(x, t)
        losses.append(float(loss))
        for key in net.params:
            net.params[key] = net.params[key] - 0.5 * grads[key]
    assert losses[-1] < 0.7 * losses[0]
    assert float(before.loss(x, t)) == pytest.approx(losses[0])
    other = net.to().layers["Own"]
    assert other.params["W"] is not layer.params["W"]
    assert getattr(other, "W", other.params["W"]) is other.params["W"]
    assert float(net.to().loss(x, t)) == pytest.approx(float(net.loss(x, t)))


class Block(Layer):
    """Layers within a layer."""

    def __init__(self, shared):
        super().__init__()
        self.inner = [Affine(W.copy(), B.copy()), Relu()]
        if shared:
            self.params = self.inner[0].params
            self.grads = self.inner[0].grads

    def forward(self, x):
        return self.inner[1].forward(self.inner[0].forward(x))

    def backward(self, dout=1):
        return self.inner[0].backward(self.inner[1].backward(dout))


def test_layers_within_a_layer():
    with pytest.raises(
        TypeError,
        match="'Block' must hold in its own `params` and `grads` what.*got Affine in `inner.0`",
    ):
        Network({"Block": Block(shared=False)}, SoftmaxWithLoss())
    net = Network({"Block": Block(shared=True)}, SoftmaxWithLoss())
    first = float(net.loss(X, T))
    for _ in range(30):
        for key, grad in net.gradient(X, T).items():
            net.params[key] = net.params[key] - 0.5 * grad
    assert float(net.loss(X, T)) < 0.8 * first


class Deep(Block):
    def __init__(self, around):
        super().__init__(shared=True)
        self.inner, self.params, self.within = [], {}, around(Affine(W.copy(), B.copy()))


@pytest.mark.parametrize(
    ("around", "where"),
    [
        (lambda layer: [("first", layer)], "within.0.1"),
        (lambda layer: {"a": {"b": layer}}, "within.a.b"),
        (lambda layer: SimpleNamespace(first=layer), "within.first"),
        (lambda layer: SimpleNamespace(params=layer.params, forward=layer.forward), "within"),
    ],
)
def test_layers_deep_within_a_layer(around, where):
    with pytest.raises(TypeError, match=f"'Deep' must hold in its own.*got .* in `{where}`"):
        Network({"Deep": Deep(around)}, SoftmaxWithLoss())


def test_a_layer_may_know_another_one_of_the_network():
    """One that adds what an earlier one took in, say."""

    class Knows(Relu):
        pass

    first, knows = Affine(W, B), Knows()
    knows.other = [first]
    net = Network({"First": first, "Knows": knows}, SoftmaxWithLoss())
    assert list(net.params) == ["W1", "b1"]


class Slope:
    """PReLU, whose slope is a number."""

    def __init__(self, slope):
        self.a, self.momentum = slope, 0.9

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, dout):
        self.da = float((dout * np.where(self.x > 0, 0, self.x)).sum())
        return dout * np.where(self.x > 0, 1, self.a)


@pytest.mark.parametrize("slope", [0.25, np.float64(0.25), np.array(0.25)])
def test_a_number_that_learns_nothing_is_refused(slope):
    message = "'Own' must hold what it learns in its dictionary `params`; got a as attributes"
    with pytest.raises(TypeError, match=message):
        Network({"Own": Slope(slope), "A": Affine(W, B)}, SoftmaxWithLoss())


class Plain:
    """Holds its weights in an attribute, and leaves the gradient as a subclass does."""

    def __init__(self):
        self.W = np.eye(4)

    def forward(self, x):
        self.x = x
        return x @ self.W


class BySetattr(Plain):
    def backward(self, dout):
        setattr(self, "dW", self.x.T @ dout)  # noqa: B010
        return dout @ self.W.T


def keep_gradient(layer, dout):
    layer.dW = layer.x.T @ dout
    return dout @ layer.W.T


class ByAFunction(Plain):
    def backward(self, dout):
        return keep_gradient(self, dout)


class ByAnAttribute(Plain):
    def __init__(self):
        super().__init__()
        self.backward = lambda dout: keep_gradient(self, dout)


class InTheClass(ByAFunction):
    W = np.eye(4)

    def __init__(self):
        pass


class Filled(Plain):
    def __init__(self):
        super().__init__()
        self.gW = np.zeros((4, 4))

    def backward(self, dout):
        np.matmul(self.x.T, dout, out=self.gW)
        return dout @ self.W.T


class MadeLate(ByAFunction):
    def __init__(self):
        pass

    def forward(self, x):
        if not hasattr(self, "W"):
            self.W = np.eye(4)
        return super().forward(x)


class OtherDictionary(Plain):
    def __init__(self):
        self.weights, self.dweights = {"W": np.eye(4)}, {}

    def forward(self, x):
        self.x = x
        return x @ self.weights["W"]

    def backward(self, dout):
        self.dweights["W"] = self.x.T @ dout
        return dout @ self.weights["W"].T


class InATuple(Plain):
    def __init__(self):
        self.p, self.dp = (np.eye(4), np.zeros(4)), ()

    def forward(self, x):
        self.x = x
        return x @ self.p[0] + self.p[1]

    def backward(self, dout):
        self.dp = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.p[0].T


class InAnObject(Plain):
    def __init__(self):
        class Held:
            W = None

        self.p = Held()
        self.p.W = np.eye(4)

    def forward(self, x):
        self.x = x
        return x @ self.p.W

    def backward(self, dout):
        self.p.dW = self.x.T @ dout
        return dout @ self.p.W.T


class InOneDictionary(Plain):
    def __init__(self):
        self.held = {"W": np.eye(4)}

    def forward(self, x):
        self.x = x
        return x @ self.held["W"]

    def backward(self, dout):
        self.held["dW"] = self.x.T @ dout
        return dout @ self.held["W"].T


class WithoutBias(Plain):
    def __init__(self):
        self.params, self.grads, self.b = {"W": np.eye(4)}, {}, np.zeros(4)

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.b

    def backward(self, dout):
        self.grads["W"], self.grads["b"] = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.params["W"].T


class Around(Plain):
    def __init__(self):
        self.inner = BySetattr()

    def forward(self, x):
        return self.inner.forward(x)

    def backward(self, dout):
        return self.inner.backward(dout)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BySetattr, "'Own' must .* got W, of which backward leaves a gradient in dW, and which a"),
        (ByAFunction, "'Own' must .* got W, .* in dW"),
        (ByAnAttribute, "'Own' must .* got W, .* in dW"),
        (MadeLate, "'Own' must .* got W, .* in dW"),
        (InTheClass, "'Own' must .* got W, .* in dW"),
        (Filled, "'Own' must .* got W, .* in gW"),
        (OtherDictionary, r"'Own' must .* got weights\['W'\], .* in dweights\['W'\]"),
        (InATuple, r"'Own' must .* got p\[0\], .* in dp\[0\]"),
        (InAnObject, r"'Own' must .* got p\['W'\], .* in p\['dW'\]"),
        (InOneDictionary, r"'Own' must .* got held\['W'\], .* in held\['dW'\]"),
        (WithoutBias, r"'Own' must .* got b, .* in grads\['b'\]"),
        (Around, "'Own.inner' must .* got W, .* in dW"),
    ],
)
@pytest.mark.parametrize("place", ["before what learns", "after it", "alone"])
def test_what_learns_nothing_is_refused_when_it_shows(kind, words, place):
    """At the latest by the second gradient."""
    own, affine, end = {"Own": kind()}, {"A": Affine(np.eye(4), np.zeros(4))}, {"B": Affine(W, B)}
    layers = {"before what learns": own | end, "after it": affine | own | end, "alone": own}[place]
    last = IdentityWithLoss() if place == "alone" else SoftmaxWithLoss()
    net = Network(layers, last)
    t = X if place == "alone" else T
    first = net.gradient(X, t) if kind is MadeLate else None
    with pytest.raises(TypeError, match=words + ".*set `self.params = {"):
        net.gradient(X, t)
    assert first is None or set(first) == set(net.params)


class Right:
    """Keeps more than it learns: constants, copies, moments, caches in buffers, its inputs."""

    xp, number = np, np.float64

    def __init__(self):
        self.params, self.grads = {"W": np.eye(4)}, {}
        self.module, self.dtype = np, np.float32
        self.start, self.m = {"W": np.eye(4)}, {"W": np.zeros((4, 4))}
        self.scale, self.buffer = np.ones(4), np.zeros((6, 4))
        self.dscaling = np.ones(4)
        self.table, self.pair = [np.ones(4)], SimpleNamespace(a=np.ones(4), b=np.ones(4))

    def forward(self, x):
        self.x = x
        np.matmul(x, self.params["W"], out=self.buffer)
        return self.buffer

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.grads["W"], self.dx = self.dW, dout @ self.params["W"].T
        vars(self)["dbuffer"] = dout + 0
        return self.dx


class NoWayBack(Plain):
    def backward(self, dout):
        raise NotImplementedError


def test_what_is_right_or_needs_no_way_back_is_not_refused():
    layers = {"No": NoWayBack(), "A": Right(), "B": Right(), "C": Affine(W, B)}
    net = Network(layers, SoftmaxWithLoss())
    expected = net.gradient(X, T)
    for _ in range(3):
        for name, grad in net.gradient(X, T).items():
            np.testing.assert_array_equal(grad, expected[name])


class Two(Layer):
    """Two layers whose arrays stand in the outer `params` too, under other keys."""

    def __init__(self, array, seed):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.inner = [
            Affine(array(rng.standard_normal(s)), array(np.zeros(s[1]))) for s in ((4, 5), (5, 3))
        ]
        self.spare = SimpleNamespace(first=self.inner[0].W)
        self.params = {
            f"{key}{i}": x for i, one in enumerate(self.inner) for key, x in one.params.items()
        }

    def forward(self, x):
        return self.inner[1].forward(self.inner[0].forward(x))

    def backward(self, dout=1):
        dx = self.inner[0].backward(self.inner[1].backward(dout))
        for i, one in enumerate(self.inner):
            self.grads |= {f"{key}{i}": grad for key, grad in one.grads.items()}
        return dx


@pytest.mark.needs_values
def test_what_is_put_into_a_layer_reaches_those_within_it(case: Case):
    net, other = (Network({"Two": Two(case.array, seed)}, SoftmaxWithLoss()) for seed in (0, 1))
    x, t = case.array(X), case.array(T)
    before = float(net.loss(x, t))
    for key, grad in net.gradient(x, t).items():
        net.params[key] = net.params[key] - 0.1 * grad
    assert float(net.loss(x, t)) < before
    other.load_state_dict(net.state_dict())
    assert float(other.loss(x, t)) == float(net.loss(x, t))
    two = other.layers["Two"]
    assert two.inner[0].W is two.params["W0"] is two.spare.first is other.params["W01"]


def test_constants_are_no_parameters():
    class Scale(Layer):
        def __init__(self):
            super().__init__()
            self.factor, self.W = np.ones(4), np.ones((4, 4))

        def forward(self, x):
            return x * self.factor

        def backward(self, dout=1):
            return dout * self.factor

    Network({"Scale": Scale(), "Affine": Affine(W, B)}, SoftmaxWithLoss())


class Squares(Layer):
    """Keeps `x` by a method that it inherits, and sets a `dx` in backward."""

    def forward(self, x):
        self._keep(x)
        return x * x

    def _keep(self, x):
        self.x = x

    def backward(self, dout=1):
        self.dx = 2 * self.x * dout
        return self.dx


class Inherited(Squares):
    def forward(self, x):
        return super().forward(x)


@pytest.mark.parametrize("kind", [Squares, Inherited])
def test_what_a_pass_keeps_is_no_parameter_whoever_keeps_it(kind):
    """Nor does it matter whether the layer has run before."""
    ran = kind()
    ran.backward(ran.forward(X))
    net = Network({"Affine": Affine(W, B), "Own": ran}, SoftmaxWithLoss())
    expected = net.gradient(X, T)["W1"]
    np.testing.assert_array_equal(net.to().gradient(X, T)["W1"], expected)
    np.testing.assert_allclose(net.numerical_gradient(X, T)["W1"], expected, atol=1e-8)


def test_a_loss_layer_that_learns_is_refused():
    class Scaled(SoftmaxWithLoss):
        def __init__(self):
            super().__init__()
            self.params = {"s": np.ones(1)}

    with pytest.raises(TypeError, match="the loss layer must learn nothing, .* got Scaled with"):
        Network({"Affine": Affine(W, B)}, Scaled())


def test_what_backward_keeps_is_no_parameter():
    class Square:
        def forward(self, x):
            self.x = x
            return x * x

        def backward(self, dout=1):
            self.dout = dout
            self.dx = 2 * self.x * dout
            return self.dx

    used = Square()
    net = Network({"Affine": Affine(W, B), "Square": used}, SoftmaxWithLoss())
    net.gradient(X, T)
    net.last_layer = SoftmaxWithLoss()
    assert Network(dict(net.layers), SoftmaxWithLoss()).params.keys() == {"W1", "b1"}

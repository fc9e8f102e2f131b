"""A step that is compiled learns what the plain one does; what a trace can't hold is refused."""

import copy
import importlib
import math
import pickle

import numpy as np
import pytest

import backends
from backprop import (
    SGD,
    Adam,
    AdamW,
    Affine,
    Augment,
    Cosine,
    Elementwise,
    Momentum,
    MultiLayerNetExtend,
    Nesterov,
    Network,
    RMSprop,
    SimpleConvNet,
    SoftmaxWithLoss,
    Trainer,
    TwoLayerNet,
    load_mnist_sample,
)
from backprop.training import step as steps
from backprop.training.optimizer import Rule
from backprop.training.team import Alone

DIGITS = load_mnist_sample()[0]


@pytest.fixture
def jax():
    """Return JAX on the CPU as a backend."""
    pytest.importorskip("jax")
    return backends.select("cpu", library="jax")


@pytest.fixture
def traces(monkeypatch):
    """Return a list that gets the shape of the batch of each trace."""
    seen = []
    plain = steps.CompiledStep._traced

    def traced(self, held, x, t, rates, *masks):
        seen.append(x.shape)
        return plain(self, held, x, t, rates, *masks)

    monkeypatch.setattr(steps.CompiledStep, "_traced", traced)
    return seen


def host(net):
    return {name: backends.of(x).to_numpy(x) for name, x in net.state_dict().items()}


def trained(net, optimizer, samples=250, *, compile, epochs=4, **options):
    """Return all arrays of a network, and the losses, after training."""
    trainer = Trainer(net, optimizer, batch_size=100, seed=0, compile=compile, **options)
    x = DIGITS[0][:samples]
    x = x.reshape(-1, 1, 28, 28) if isinstance(net, SimpleConvNet) else x
    history = trainer.fit((x, DIGITS[1][:samples]), epochs=epochs)
    return host(net), history.loss


MAKE = {
    "SGD": (lambda **o: TwoLayerNet(784, 20, 10, "he", **o), lambda: SGD(0.1)),
    "Adam": (lambda **o: TwoLayerNet(784, 20, 10, "he", **o), lambda: Adam(0.01)),
    "AdamW, a schedule": (
        lambda **o: TwoLayerNet(784, 20, 10, "he", activation="tanh", **o),
        lambda: AdamW(Cosine(0.01, 12)),
    ),
    "Nesterov with decay": (
        lambda **o: TwoLayerNet(784, 20, 10, "he", activation="sigmoid", **o),
        lambda: Nesterov(0.05, weight_decay=0.01),
    ),
    "batch normalization": (
        lambda **o: MultiLayerNetExtend(
            784, [20, 10], 10, use_batchnorm=True, weight_decay_lambda=0.01, **o
        ),
        lambda: SGD(Cosine(0.1, 12)),
    ),
    "Dropout": (
        lambda **o: MultiLayerNetExtend(
            784, [20, 15], 10, use_dropout=True, dropout_ration=0.3, **{**o, "seed": 4}
        ),
        lambda: Adam(0.01),
    ),
    "convolution": (
        lambda **o: SimpleConvNet(
            conv_param={"filter_num": 3, "filter_size": 5, "stride": 2}, hidden_size=8, **o
        ),
        lambda: RMSprop(0.001),
    ),
}


@pytest.mark.parametrize("name", MAKE)
def test_it_learns_what_the_plain_step_does_with_one_trace_a_shape(jax, traces, name):
    make, rule = MAKE[name]
    options = {"dtype": "float64", "backend": jax, "seed": 0}
    plain = trained(make(**options), rule(), compile=False)
    assert traces == []
    compiled = trained(make(**options), rule(), compile=True)
    assert [shape[0] for shape in traces] == [100, 50]  # in twelve steps
    assert compiled[0].keys() == plain[0].keys()
    start = host(make(**options))
    for key, value in plain[0].items():
        np.testing.assert_allclose(compiled[0][key], value, rtol=1e-9, atol=1e-11)
        still = name == "batch normalization" and key[0] == "b" and key[1:].isdigit()
        assert still or np.abs(value - start[key]).max() > 1e-4  # running statistics among them
    np.testing.assert_allclose(compiled[1], plain[1], rtol=1e-9)
    assert len(plain[1]) == 12


def test_a_rate_that_is_set_between_steps_is_taken(jax):
    x, t = jax.asarray(np.ones((5, 4)), "float32"), jax.asarray(np.zeros(5, int))
    found = {}
    for compiled in (False, True):
        net, rule = TwoLayerNet(4, 3, 2, backend=jax, seed=0), SGD(0.1)
        step = (steps.Compiler() if compiled else steps.plain_step)(net, rule, Alone())
        for lr in (0.1, 0.5, np.float32(0.25), 1, lambda step: 0.5**step, 0.1):
            rule.lr = lr
            step(x, t)
            for wrong in (-1.0, math.nan):
                rule.lr = wrong
                for _ in range(2):
                    with pytest.raises(ValueError, match="`lr` must be"):
                        step(x, t)
        found[compiled] = host(net)
    for name, value in found[False].items():
        np.testing.assert_allclose(found[True][name], value, rtol=1e-5, atol=1e-7)


def test_no_gradient_of_a_trace_is_left(jax):
    net = TwoLayerNet(4, 3, 2, backend=jax, seed=0)
    step = steps.Compiler()(net, SGD(0.1), Alone())
    step(jax.asarray(np.ones((5, 4), "float32")), jax.asarray(np.zeros(5, int)))
    assert [layer.grads for layer in net.layers.values() if layer.params] == [{}, {}]


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda **o: TwoLayerNet(784, 50, 10, **o), lambda: SGD(0.1)),
        (lambda **o: TwoLayerNet(784, 50, 10, **o), lambda: Adam()),
        (lambda **o: TwoLayerNet(784, 50, 10, activation="tanh", **o), lambda: SGD(0.1)),
        (lambda **o: TwoLayerNet(784, 50, 10, activation="tanh", **o), lambda: Adam()),
        (
            lambda **o: MultiLayerNetExtend(784, [50, 30], 10, use_batchnorm=True, **o),
            lambda: SGD(0.1),
        ),
    ],
    ids=["SGD", "Adam", "tanh, SGD", "tanh, Adam", "batch normalization"],
)
def test_in_float32_after_a_thousand_steps(jax, make, rule):
    """A last bit would decide for a sample that is at the kink of Relu, and be far more then."""
    plain, compiled = (
        trained(make(backend=jax, seed=0), rule(), 1009, compile=c, epochs=91)[0]
        for c in (False, True)
    )
    assert len(plain) >= 4
    for name, value in plain.items():
        np.testing.assert_allclose(compiled[name], value, rtol=0, atol=1e-6)


def test_it_is_compiled_once_where_arrays_were_bound_to_no_device(jax, caplog):
    """What comes in first would differ from what comes out, and JAX would compile for both."""
    arrays = TwoLayerNet(784, 5, 10, backend="cpu", seed=0).params
    net = Network.from_params({name: jax.xp.asarray(array) for name, array in arrays.items()})
    take = steps.Compiler()(net, SGD(0.1), Alone())
    x, t = jax.asarray(DIGITS[0][:9]), jax.asarray(DIGITS[1][:9])
    with importlib.import_module("jax").log_compiles():
        for _ in range(3):
            take(x, t)
    compiled = [m for m in caplog.messages if m.startswith("Finished XLA compilation")]
    assert sum("_traced" in message for message in compiled) == 1


def test_what_changes_between_epochs_is_taken_in(jax, traces):
    def run(compile):
        net, optimizer = TwoLayerNet(784, 5, 10, "he", backend=jax, seed=0), Nesterov(0.05)
        trainer = Trainer(net, optimizer, batch_size=100, seed=0, compile=compile)

        def change(history):
            epoch = len(history.epoch)
            if epoch == 1:
                optimizer.lr = 0.01
            if epoch == 2:
                optimizer.momentum = 0.5
            if epoch == 3:
                net.weight_decay_lambda = 0.1

        trainer.fit((DIGITS[0][:200], DIGITS[1][:200]), epochs=4, on_epoch=change)
        return host(net)

    plain, compiled = run(False), run(True)
    assert len(traces) == 3  # a rate needs no trace of its own
    for key, value in plain.items():
        np.testing.assert_allclose(compiled[key], value, rtol=0, atol=1e-6)


def test_arrays_that_somebody_holds_stay_as_they_were(jax):
    net = TwoLayerNet(784, 5, 10, backend=jax, seed=0)
    held, before = dict(net.params.items()), host(net)
    seen = []
    trainer = Trainer(net, Adam(), seed=0, compile=True)
    trainer.fit(
        (DIGITS[0][:200], DIGITS[1][:200]),
        epochs=2,
        on_epoch=lambda _: seen.append(net.params["W1"]),
    )
    for key, value in held.items():
        np.testing.assert_array_equal(jax.to_numpy(value), before[key])
    first, second = map(jax.to_numpy, seen)
    assert np.abs(second - first).max() > 0
    net.gradient(jax.asarray(DIGITS[0][:5]), jax.asarray(DIGITS[1][:5]))  # no trace is left in it


def test_a_checkpoint_is_as_that_of_plain_training_and_goes_on(jax, tmp_path):
    data = (DIGITS[0][:250], DIGITS[1][:250])
    whole, first = (
        Trainer(
            MultiLayerNetExtend(784, [5], 10, use_dropout=True, backend=jax, seed=0),
            Adam(),
            seed=0,
            compile=True,
        )
        for _ in range(2)
    )
    whole.fit(data, iterations=7)
    first.fit(data, iterations=4)
    first.save(tmp_path / "file")
    second = Trainer.resume(tmp_path / "file", backend=jax, compile=True)
    second.fit(data, iterations=3)
    assert second.optimizer.steps == 7
    for key, value in host(whole.net).items():
        np.testing.assert_array_equal(host(second.net)[key], value)
    copies = copy.deepcopy(first), pickle.loads(pickle.dumps(first))
    for other in copies:
        other.fit(data, iterations=3)
        np.testing.assert_array_equal(host(other.net)["W1"], host(whole.net)["W1"])


def test_pictures_are_moved_outside_of_it(jax, traces):
    net = TwoLayerNet(784, 5, 10, "he", dtype="float64", backend=jax, seed=0)
    other = net.to()
    results = [
        trained(each, SGD(0.1), compile=c, augment=Augment(1, seed=0, size=(28, 28)))
        for each, c in ((net, False), (other, True))
    ]
    np.testing.assert_allclose(results[1][1], results[0][1], rtol=1e-9)
    assert len(traces) == 2


class Square(Elementwise):
    """A layer of one's own."""

    def value(self, x):
        """Return the squares."""
        return x * x, x

    def slope(self, x):
        """Return the derivative."""
        return 2 * x


class Own(Rule):
    """An optimizer of one's own."""

    def change(self, g, lr, kept):
        """Return what is taken."""
        return lr / self.steps * g


def test_what_a_trace_would_freeze_is_refused_at_once(jax):
    net = TwoLayerNet(4, 3, 2, backend=jax, seed=0)
    with pytest.raises(TypeError, match="`optimizer` must be one of SGD, .*; got Own"):
        Trainer(net, Own(0.1), compile=True)
    layers = {"Affine1": Affine(net.params["W1"], net.params["b1"]), "Square1": Square()}
    with pytest.raises(
        TypeError, match="'Square1' must be one of .* to be compiled; got .*Square$"
    ):
        Trainer(Network(layers, SoftmaxWithLoss()), SGD(0.1), compile=True)


@pytest.mark.parametrize("library", ["numpy", "array-api-strict", "torch"])
def test_where_nothing_is_compiled_nothing_changes(library):
    if library == "torch":
        pytest.importorskip("torch")
    backend = backends.select("cpu", library=library)

    def function(held):
        return held

    assert backend.compile(function) is function
    options = {"backend": backend, "seed": 0}
    plain = trained(TwoLayerNet(784, 5, 10, **options), Adam(), compile=False, epochs=1)
    compiled = trained(TwoLayerNet(784, 5, 10, **options), Adam(), compile=True, epochs=1)
    for key, value in plain[0].items():
        np.testing.assert_array_equal(compiled[0][key], value)


def test_cupy_says_why_it_compiles_nothing():
    with pytest.raises(TypeError, match="cupy can't compile a function: products of matrices"):
        backends.libraries.KNOWN["cupy"].compiled(lambda held: held, None, True)


def test_a_graph_on_cuda_gives_the_bits_of_the_plain_step():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU that PyTorch can use")
    backend = backends.select("cuda", library="torch")
    for rule in (lambda: SGD(Cosine(0.1, 12)), Adam):
        results = [
            trained(TwoLayerNet(784, 20, 10, "he", backend=backend, seed=0), rule(), compile=c)
            for c in (False, True)
        ]
        for key, value in results[0][0].items():
            np.testing.assert_array_equal(results[1][0][key], value)


def test_processes_that_train_together_compile_nothing():
    class Pair:
        rank, size = 0, 2

    net = TwoLayerNet(4, 3, 2, backend="cpu", seed=0)
    with pytest.raises(
        ValueError, match=r"^`compile` must be False with a `communicator`; got True$"
    ):
        Trainer(net, compile=True, communicator=Pair())


def test_a_compiled_function_may_be_called_in_another(jax):
    import jax as library

    add = jax.compile(lambda held, a: (a.sum(), tuple(h + 1 for h in held)))
    x = jax.asarray(np.ones(3), "float32")
    assert float(library.jit(lambda q: add((q,), q)[0])(x)) == 3.0
    twice = jax.compile(lambda held, a: add(held, 2 * a))
    total, (after,) = twice((jax.asarray(np.zeros(2), "float32"),), x)
    assert float(total) == 6.0
    assert jax.to_numpy(after).tolist() == [1.0, 1.0]


def slope(xp, a, b, c):
    """Return a derivative by JAX, whose own sums are of another kind."""
    return importlib.import_module("jax").grad(lambda a: xp.sum(a * b + a * c * a))(a)


def within(xp, a, b, c):
    """Call a function that is compiled by itself, and rounds what it returns alone."""
    return importlib.import_module("jax").jit(lambda a, b: (a * b + b) * a)(a, b) + c


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "function",
    [
        lambda xp, a, b, c: c - a * b,
        lambda xp, a, b, c: xp.square(a) + c,
        lambda xp, a, b, c: a**3 + c,
        lambda xp, a, b, c: a / b[:, :1] - c,
        lambda xp, a, b, c: a[:, :1] @ b[:1, :] + c,
        lambda xp, a, b, c: xp.sum(a * b, axis=0),
        lambda xp, a, b, c: (a * 0.1) * 0.3,
        lambda xp, a, b, c: 0.1 * xp.mean(a, axis=0),
        lambda xp, a, b, c: (a / b) / c,
        lambda xp, a, b, c: xp.flip(a * b, axis=0)[1:, ...] + c[1:, ...],
        lambda xp, a, b, c: xp.concat([a * b, c], axis=0) + xp.concat([c, c], axis=0),
        lambda xp, a, b, c: a / xp.sqrt(xp.abs(b)),
        lambda xp, a, b, c: a / xp.exp(b),
        slope,
        within,
    ],
)
def test_products_are_rounded_as_uncompiled(jax, function, dtype):
    """Most of these are others in a bit here and there, where XLA makes one of two operations."""
    rng = np.random.default_rng(0)
    compiled = jax.compile(lambda held, a, b, c: (function(jax.xp, a, b, c), held))
    for shape in ((7, 30), (20, 50), (37, 61), (100, 50)):
        a, b, c = (jax.asarray(rng.normal(size=shape), dtype) for _ in range(3))
        found = jax.to_numpy(compiled((), a, b, c)[0])
        np.testing.assert_array_equal(found, jax.to_numpy(function(jax.xp, a, b, c)))


def test_what_is_compiled_has_its_derivative(jax):
    import jax as library

    compiled = jax.compile(lambda held, x: (x[0] * x[1] + x[2], held))
    slopes = library.grad(lambda x: compiled((), x)[0])
    assert slopes(jax.asarray([2.0, 3.0, 4.0], "float32")).tolist() == [3.0, 2.0, 1.0]


def test_whole_numbers_stay_whole_where_they_are_compiled(jax):
    compiled = jax.compile(lambda held, n: (n * n + n, (held[0] * n - n,)))
    square, (after,) = compiled((jax.asarray([1, 2], "int32"),), jax.asarray([3, 4], "int32"))
    assert (square.tolist(), after.tolist()) == ([12, 20], [0, 4])
    assert {str(square.dtype), str(after.dtype)} == {"int32"}


def test_functions_of_jax_with_derivatives_of_their_own_can_be_compiled(jax):
    import jax as library

    def function(held, x):
        return library.nn.relu(x) * 2.0 + library.scipy.special.logsumexp(x), held

    x = jax.asarray([-1.0, 0.5, 2.0], "float32")
    (found, _), (expected, _) = jax.compile(function)((), x), function((), x)
    np.testing.assert_array_equal(jax.to_numpy(found), jax.to_numpy(expected))


def test_a_number_of_numpy_s_that_changes_is_taken_in(jax):
    ends = []
    for compiled in (False, True):
        optimizer = Momentum(0.1)
        net = TwoLayerNet(784, 20, 10, "he", activation="tanh", backend=jax, seed=0)
        trainer = Trainer(net, optimizer, 50, seed=0, compile=compiled)
        for momentum in (0.3, 0.8):
            optimizer.momentum = np.float32(momentum)
            trainer.fit((DIGITS[0][:200], DIGITS[1][:200]), iterations=7)
        ends.append(host(net))
    for name, value in ends[0].items():
        np.testing.assert_allclose(ends[1][name], value, rtol=0, atol=1e-6)

import re

import numpy as np
import pytest

from backprop import (
    SGD,
    Affine,
    Augment,
    BatchNormalization,
    Checkpoints,
    Convolution,
    Cosine,
    DeepConvNet,
    Dropout,
    History,
    Momentum,
    MultiLayerNet,
    MultiLayerNetExtend,
    Network,
    Pooling,
    Relu,
    SimpleConvNet,
    SoftmaxWithLoss,
    StepDecay,
    Trainer,
    TwoLayerNet,
    functions,
    gradient_descent,
    load_mnist,
    load_mnist_sample,
    load_network,
    load_params,
    numerical_gradient,
    save_network,
    save_params,
    summary,
)
from backprop.arguments import positive, whole
from backprop.datasets import load_picture, read_idx
from backprop.functions import conv_output_size

DATA = (np.ones((4, 2)), [0, 1, 0, 1])

LOSS = SoftmaxWithLoss()
NET = TwoLayerNet(2, 3, 2, backend="cpu")


def fit_to(x=DATA[0], t=DATA[1], **how):
    Trainer(NET, SGD(0.1), 2).fit((x, t), epochs=1, **how)


def fit(**how):
    Trainer(TwoLayerNet(2, 3, 2, backend="cpu"), SGD(0.1), 2).fit(DATA, **how)


@pytest.mark.parametrize("value", [10.0, "10", True, None, [1], float("nan"), np.float64(3)])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("batch_size", lambda v: Trainer(TwoLayerNet(2, 3, 2, backend="cpu"), SGD(0.1), v)),
        ("input_size", lambda v: TwoLayerNet(v, 3, 2)),
        ("hidden_size", lambda v: TwoLayerNet(2, v, 2)),
        ("output_size", lambda v: TwoLayerNet(2, 3, v)),
        ("num_classes", lambda v: functions.one_hot(np.array([0, 1]), v)),
        ("every", lambda v: Checkpoints("run", every=v)),
        ("epochs", lambda v: fit(epochs=v) if v is not None else whole("epochs", v)),
        ("iterations", lambda v: fit(iterations=v) if v is not None else whole("iterations", v)),
    ],
)
def test_whole_numbers(name, call, value):
    with pytest.raises(TypeError, match=f"`{name}` must be a whole number; got "):
        call(value)
    for number in (0, -3):
        with pytest.raises(ValueError, match=f"`{name}` must be 1 or more; got {number}"):
            call(number)


@pytest.mark.parametrize("value", ["0.1", [0.1], True, None, 1j])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("lr", SGD),
        ("lr", lambda v: SGD().load_state_dict({"lr": v})),
    ],
)
def test_numbers(name, call, value):
    with pytest.raises(TypeError, match=f"`{name}` must be a number; got "):
        call(value)


@pytest.mark.parametrize("value", ["False", "no", 0, 1, None, [], np.array(True), np.float64(1)])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("normalize", load_mnist_sample),
        ("flatten", lambda v: load_mnist_sample(True, v)),
        ("one_hot_label", lambda v: load_mnist_sample(one_hot_label=v)),
        ("normalize", load_mnist),
        ("use_dropout", lambda v: MultiLayerNetExtend(2, [3], 2, use_dropout=v)),
        ("use_batchnorm", lambda v: MultiLayerNetExtend(2, [3], 2, use_batchnorm=v)),
        ("inverted", lambda v: Dropout(0.5, inverted=v)),
        ("overwrite", lambda v: Checkpoints("run", overwrite=v)),
    ],
)
def test_truth_values(name, call, value):
    message = f"^`{name}` must be True or False; got {re.escape(repr(value))}$"
    with pytest.raises(TypeError, match=message):
        call(value)


def test_truth_values_of_numpy_are_taken():
    x = load_mnist_sample(np.bool_(False), flatten=np.bool_(False))[0][0]
    assert (x.dtype, x.shape) == (np.uint8, (10_000, 1, 28, 28))
    assert Dropout(0.5, inverted=np.bool_(False)).config()["inverted"] is False


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "NoneType"), (3, "int"), (b"x", "bytes"), (np.zeros(3), "ndarray")]
)
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("path", load_params),
        ("path", load_network),
        ("path", load_picture),
        ("path", read_idx),
        ("path", Trainer.resume),
        ("path", lambda v: save_params(v, {"W1": np.ones(2)})),
        ("path", lambda v: save_network(v, NET)),
        ("path", Trainer(NET, SGD(0.1)).save),
        ("path", History().to_csv),
        ("folder", Checkpoints),
    ],
)
def test_paths(name, call, value, kind):
    with pytest.raises(TypeError, match=f"^`{name}` must be a path; got {kind}$"):
        call(value)


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800"])
def test_paths_that_no_file_has(value):
    message = f"^`path` must be a path that a file can have; got {re.escape(repr(value))}$"
    for call in (
        load_params,
        load_network,
        load_picture,
        read_idx,
        Trainer.resume,
        lambda v: save_params(v, {"W1": np.ones(2)}),
        History().to_csv,
    ):
        with pytest.raises(ValueError, match=message):
            call(value)
    with pytest.raises(ValueError, match=message.replace("path", "folder", 1)):
        Checkpoints(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("abc", "`metadata` must be a mapping of texts; got str"),
        ([], "`metadata` must be a mapping of texts; got list"),
        ({"a": 1}, "`metadata` must map texts to texts; got 'a': 1"),
        ({2: "b"}, "`metadata` must map texts to texts; got 2: 'b'"),
    ],
)
def test_metadata(tmp_path, value, message):
    path = tmp_path / "file"
    for call in (
        lambda: save_params(path, {"W1": np.ones(2)}, value),
        lambda: save_network(path, NET, value),
        lambda: Trainer(NET, SGD(0.1)).save(path, value),
        lambda: Checkpoints(path, metadata=value),
    ):
        with pytest.raises(TypeError, match=message):
            call()
    assert not path.exists()


def test_the_scale_of_weights_is_a_number_or_a_name():
    for value in ([0.1], True, None, 1j):
        with pytest.raises(TypeError, match="`weight_init_std` must be a number or the name of a"):
            TwoLayerNet(2, 3, 2, value)
    with pytest.raises(
        ValueError, match="`weight_init_std` must be a number or one of he, .*'0.1'"
    ):
        TwoLayerNet(2, 3, 2, "0.1")


@pytest.mark.parametrize("value", [0, -1.0, float("inf"), float("nan")])
def test_positive_numbers(value):
    with pytest.raises(ValueError, match="`lr` must be positive and finite; got"):
        SGD(value)


def test_numbers_of_numpy_are_taken():
    assert [whole("n", np.int32(n)) for n in (1, 2, 3)] == [1, 2, 3]
    assert type(whole("n", np.uint8(3))) is int
    assert positive("lr", np.float32(0.5)) == 0.5


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: TwoLayerNet(2, 3, 2, seed="x"), TypeError, "`seed` must be a whole number, 0 or"),
        (lambda: TwoLayerNet(2, 3, 2, seed=-1), ValueError, "`seed` must be .*; got -1"),
        (lambda: Momentum(0.1, "x"), TypeError, "`momentum` must be a number; got 'x'"),
        (lambda: Dropout("a"), TypeError, "`ratio` must be a number; got 'a'"),
        (lambda: Affine([[1.0]], [1.0]), TypeError, "`W` must be an array of a lib.*; got list"),
        (
            lambda: save_params("p", 3),
            TypeError,
            "`params` must be a mapping of names to arrays; got int",
        ),
        (lambda: save_params("p", np.zeros(3)), TypeError, "`params` must be a .*; got ndarray"),
        (lambda: save_network("p", None), TypeError, "`net` must be a Network .*; got NoneType"),
        (lambda: Pooling("a", 2), TypeError, "`height` must be a whole number; got 'a'"),
        (
            lambda: MultiLayerNet(2, 100, 2),
            TypeError,
            "`hidden_size_list` must be a seq.*; got 100",
        ),
        (lambda: MultiLayerNet(2, ["a"], 2), TypeError, r"`hidden_size_list\[0\]` must be a whole"),
        (
            lambda: SimpleConvNet((1, 28)),
            ValueError,
            r"`input_dim` must be \(C, H, W\); got \(1, 28",
        ),
        (lambda: SimpleConvNet("a"), TypeError, "`input_dim` must be a sequence of whole numbers"),
        (
            lambda: Network([Relu()], LOSS),
            TypeError,
            "`layers` must be a dictionary of.*; got list",
        ),
        (
            lambda: Network({"a": 3}, LOSS),
            TypeError,
            "'a' must be a layer, with `forward` and .* 3",
        ),
        (lambda: Network({1: Relu()}, LOSS), TypeError, "name of a layer must be a string; got 1"),
        (lambda: Network({}, None), TypeError, "'last_layer' must be a layer, with .*; got None"),
        (lambda: NET.accuracy([[1.0, 2.0]], [0]), TypeError, "`x` must be an array of numpy.*list"),
        (
            lambda: NET.classify([[1.0, 2.0]]),
            TypeError,
            "`x` must be an array of numpy on cpu; got",
        ),
        (lambda: NET.loss(DATA[0], None), TypeError, "`t` must be labels, numbers; got None"),
        (
            lambda: fit_to(DATA[0].astype("U8")),
            TypeError,
            "inputs of `train` must be real; got <U8",
        ),
        (lambda: fit_to(t=["a"] * 4), TypeError, "an array must hold numbers; got dtype <U1"),
        (
            lambda: fit_to(t=np.array(["a"] * 4)),
            TypeError,
            "labels of `train` must be real; got <U1",
        ),
        (
            lambda: fit_to(t=np.ones(4, complex)),
            TypeError,
            "labels of `train` must be real; got com",
        ),
        (
            lambda: Trainer(NET, communicator=3),
            TypeError,
            "`communicator` must have rank, size, total and from_first; got int",
        ),
        (
            lambda: NET.numerical_gradient(*DATA, memory="x"),
            TypeError,
            "`memory` must be a whole number; got 'x'",
        ),
        (
            lambda: DeepConvNet(dropout_ration="a"),
            TypeError,
            "`dropout_ration` must be a number; got 'a'",
        ),
        (
            lambda: Network.from_params({"W1": np.full((2, 3), "1"), "b1": np.ones(3)}),
            TypeError,
            "`W1` must be real; got <U1",
        ),
        (
            lambda: Network.from_params({"W1": np.ma.ones((2, 3)), "b1": np.ones(3)}),
            TypeError,
            "`W1` must not be masked: no layer knows masks; fill it first",
        ),
        (lambda: summary(NET, "a"), TypeError, "`input_shape` must be a sequence of whole numbers"),
        (lambda: numerical_gradient(None, DATA[0]), TypeError, "`f` must be a function; got None"),
        (
            lambda: numerical_gradient(np.sum, [1.0]),
            TypeError,
            "`x` must be an array of a.*got list",
        ),
        (lambda: gradient_descent(np.sum, [1.0]), TypeError, "`init_x` must be an array.*got list"),
        (
            lambda: gradient_descent(np.sum, np.ones(2), lr="a"),
            TypeError,
            "`lr` must be a number; got 'a'",
        ),
        (
            lambda: gradient_descent(np.sum, np.ones(2), step_num=1.5),
            TypeError,
            "`step_num` must be a whole number; got 1.5",
        ),
    ],
)
def test_an_error_names_the_argument(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_numbers_that_no_float_holds_are_refused():
    for lr in (10**400, -(10**400)):
        with pytest.raises(ValueError, match="`lr` must be positive and finite; got -?1000"):
            SGD(lr)
    with pytest.raises(ValueError, match=r"`size` must be \(H, W\); got \(3,\)"):
        Augment(size=(3,))


def test_no_steps_lead_nowhere():
    x = np.ones(2)
    assert gradient_descent(np.sum, x, step_num=0).tolist() == [1.0, 1.0]


ONES = np.ones(3)
WRONG = {
    "momentum": (lambda: BatchNormalization(ONES, ONES, momentum="a"), "`momentum` must be a nu"),
    "eps": (lambda: BatchNormalization(ONES, ONES, eps="a"), "`eps` must be a number; got 'a'"),
    "seed of a mask": (lambda: Dropout(0.5, "x"), "`seed` must be a whole number"),
    "half a seed": (lambda: Dropout(0.5, 1.5), "`seed` must be a whole number"),
    "end": (lambda: Cosine(0.1, 5, end="a"), "`end` must be a number; got 'a'"),
    "steps": (lambda: Cosine(0.1, "a"), "`steps` must be a number; got 'a'"),
    "factor": (lambda: StepDecay(0.1, 5, "a"), "`factor` must be a number; got 'a'"),
    "augment": (
        lambda: Trainer(TwoLayerNet(2, 2, 2, backend="cpu"), augment="shift"),
        "`augment` must be a function of inputs, as Augment is; got 'shift'",
    ),
    "dtype": (
        lambda: MultiLayerNet(5, [3], 2, dtype="int32", backend="cpu"),
        "`dtype` must be real floating; got int32",
    ),
    "convolution": (
        lambda: SimpleConvNet(conv_param=[3], backend="cpu"),
        r"a convolution must be described by a dictionary; got \[3\]",
    ),
    "on_epoch": (lambda: fit_to(on_epoch=3), "`on_epoch` must be a function; got 3"),
    "stop": (lambda: fit_to(stop=3), "`stop` must be a function; got 3"),
    "progress": (lambda: fit_to(progress="x"), "`progress` must be True, False or None; got 'x'"),
    "inputs": (lambda: fit_to(None), "the inputs of `train`: an array must hold numbers"),
    "batch_size": (
        lambda: NET.accuracy(*DATA, batch_size="a"),
        "`batch_size` must be a whole number; got 'a'",
    ),
    "state": (lambda: Trainer(NET).load_state_dict(3), "`state` must be what `state_dict` gave"),
    "size": (lambda: Augment(1, size=3), "`size` must be a sequence of whole numbers; got 3"),
    "schedule": (
        lambda: Trainer(NET, SGD(lambda step: "a")).fit(DATA, epochs=1),
        "`lr` must give a number; got 'a' at step 0",
    ),
    "stride": (lambda: conv_output_size(5, 3, 1.5), "`stride` must be a whole number"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_of_a_wrong_type_is_named(name):
    make, words = WRONG[name]
    with pytest.raises(TypeError, match=f"^{words}"):
        make()


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((5, 3, 0), "`stride` must be"),
        ((5, 3, 1, -1), "`pad` must be"),
        ((5, -2), "`filter_size` must be"),
        ((5, 7), "a window must fit into the picture; got 7 pixels in 5 with 0"),
    ],
)
def test_sizes_of_windows_out_of_range(sizes, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        conv_output_size(*sizes)


def test_filters_and_pictures_of_whole_numbers_are_convolved():
    layer = Convolution(np.ones((1, 1, 2, 2), int), np.zeros(1, int))
    found = layer.forward(np.arange(9).reshape(1, 1, 3, 3))
    np.testing.assert_array_equal(found, [[[[8.0, 12.0], [20.0, 24.0]]]])


def test_a_penalty_is_summed_in_more_than_16_bits():
    net = MultiLayerNet(50, [300], 10, weight_init_std=5.0, dtype="float16", backend="cpu", seed=0)
    wide = net.to(dtype="float64")
    for each in (net, wide):
        each.weight_decay_lambda = 1e-4
    x, t = np.zeros((1, 50)), np.array([1])
    assert float(net.loss(x, t)) == pytest.approx(float(wide.loss(x, t)), rel=1e-3)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (-1, ValueError, "finite and 0 or more; got -1"),
        (float("nan"), ValueError, "finite and 0 or more; got nan"),
        ("a", TypeError, "a number; got 'a'"),
        (None, TypeError, "a number; got None"),
    ],
)
def test_the_decay_of_a_network_is_checked_when_it_is_set(value, error, words):
    net = TwoLayerNet(2, 3, 2, backend="cpu")
    net.weight_decay_lambda = np.float32(0.5)
    with pytest.raises(error, match=f"^`weight_decay_lambda` must be {words}$"):
        net.weight_decay_lambda = value
    assert net.weight_decay_lambda == 0.5

"""What arguments are if they are not given: the book's, and those that the documents state."""

import inspect

import pytest

import backprop
from backprop import functions, layers

OF_THE_BOOK = {
    "SGD": {"lr": 0.01},
    "Momentum": {"lr": 0.01, "momentum": 0.9},
    "Nesterov": {"lr": 0.01, "momentum": 0.9},
    "AdaGrad": {"lr": 0.01, "eps": 1e-7},
    "RMSprop": {"lr": 0.01, "decay_rate": 0.99, "eps": 1e-7},
    "Adam": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7},
    "Dropout": {"ratio": 0.5},
    "BatchNormalization": {"momentum": 0.9},
    "Convolution": {"stride": 1, "pad": 0},
    "Pooling": {"stride": 1, "pad": 0},
    "TwoLayerNet": {"weight_init_std": 0.01},
    "MultiLayerNet": {"activation": "relu", "weight_init_std": "relu", "weight_decay_lambda": 0.0},
    "MultiLayerNetExtend": {
        "activation": "relu",
        "weight_init_std": "relu",
        "weight_decay_lambda": 0.0,
        "use_dropout": False,
        "dropout_ration": 0.5,
        "use_batchnorm": False,
    },
    "SimpleConvNet": {
        "input_dim": (1, 28, 28),
        "hidden_size": 100,
        "output_size": 10,
        "weight_init_std": 0.01,
    },
    "DeepConvNet": {"input_dim": (1, 28, 28), "hidden_size": 50, "output_size": 10},
    "gradient_descent": {"lr": 0.01, "step_num": 100},
    "load_mnist": {"normalize": True, "flatten": True, "one_hot_label": False},
}
OUR_OWN = {
    "SGD": {"weight_decay": 0.0},
    "Momentum": {"weight_decay": 0.0},
    "Nesterov": {"weight_decay": 0.0},
    "AdaGrad": {"weight_decay": 0.0},
    "RMSprop": {"weight_decay": 0.0},
    "Adam": {"weight_decay": 0.0},
    "AdamW": {"lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7, "weight_decay": 0.01},
    "Augment": {"shift": 0, "rotate": 0.0},
    "BatchNormalization": {"eps": 1e-6},
    "LayerNormalization": {"eps": 1e-6},
    "Cosine": {"end": 0.0},
    "StepDecay": {"factor": 0.1},
    "Dropout": {"inverted": True},
    "MultiLayerNet": {"dtype": "float32"},
    "MultiLayerNetExtend": {"inverted": False, "dtype": "float32"},
    "SimpleConvNet": {"dtype": "float32"},
    "DeepConvNet": {"weight_init_std": "relu", "dropout_ration": 0.5, "inverted": False},
    "Pooling": {"mode": "max"},
    "TwoLayerNet": {"activation": "relu", "dtype": "float32"},
    "Trainer": {"batch_size": 100, "on_nan": "stop", "compile": False},
    "gradcheck": {"mode": "auto", "samples": 64, "seconds": 10.0, "nondet_tol": 0.0, "seed": 0},
    "numerical_gradient": {"stacked": False, "memory": 16 * 2**20},
    "load_mnist_sample": {"normalize": True, "flatten": True, "one_hot_label": False},
}
OF_FUNCTIONS = {
    "softmax": {"axis": -1},
    "log_softmax": {"axis": -1},
    "cross_entropy_error": {"eps": 1e-7},
}


def check(where, tables):
    for name, expected in tables.items():
        parameters = inspect.signature(getattr(where, name)).parameters
        found = {key: parameters[key].default for key in expected}
        assert found == expected, name
        assert [*map(type, found.values())] == [*map(type, expected.values())], name


@pytest.mark.parametrize("tables", [OF_THE_BOOK, OUR_OWN], ids=["the book's", "our own"])
def test_defaults(tables):
    check(backprop, tables)


@pytest.mark.parametrize("name", layers.__all__)
def test_without_more_a_layer_goes_back_from_1(name):
    kind = getattr(layers, name)
    if isinstance(kind, type):
        for method in ("backward", "backward_params"):
            assert inspect.signature(getattr(kind, method)).parameters["dout"].default == 1


@pytest.mark.parametrize(
    "method", ["gradient", "loss_and_gradient", "numerical_gradient", "loss_changes"]
)
def test_a_gradient_is_that_of_training(method):
    assert inspect.signature(getattr(backprop.Network, method)).parameters["training"].default


@pytest.mark.parametrize("method", ["predict", "loss", "classify", "accuracy"])
def test_a_prediction_is_none_of_training(method):
    training = inspect.signature(getattr(backprop.Network, method)).parameters["training"]
    assert training.default is False


def test_defaults_of_functions():
    check(functions, OF_FUNCTIONS)

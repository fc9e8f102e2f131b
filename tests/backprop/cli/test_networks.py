"""The networks of the book by name: trained in any way, and read back by every command."""

import json

import numpy as np
import pytest
from PIL import Image

from backprop import (
    SGD,
    Adam,
    AdamW,
    Augment,
    Cosine,
    DeepConvNet,
    Nesterov,
    SimpleConvNet,
    StepDecay,
    Trainer,
    WarmUp,
    functions,
    load_mnist_sample,
    load_network,
    load_params,
    save_network,
    save_params,
)
from backprop.cli import recipe
from backprop.datasets import load_picture

NETS = {
    "two-layer": ["Affine1", "Relu1", "Affine2"],
    "multi-layer": [
        *("Affine1", "Activation_function1", "Affine2", "Activation_function2", "Affine3"),
    ],
    "simple-conv": ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"],
    "deep-conv": [
        *("Conv1", "Relu1", "Conv2", "Relu2", "Pool1", "Conv3", "Relu3", "Conv4", "Relu4"),
        *("Pool2", "Conv5", "Relu5", "Conv6", "Relu6", "Pool3", "Affine1", "Relu7", "Dropout1"),
        *("Affine2", "Dropout2"),
    ],
}
FEW = 60


@pytest.fixture
def run_in(run_in, monkeypatch):
    """Few digits, and no picture of the curves: deep networks take long."""
    whole = load_mnist_sample

    def few(normalize=True, flatten=True):
        return tuple((x[:FEW], t[:FEW]) for x, t in whole(normalize, flatten))

    monkeypatch.setattr("backprop.cli.options.load_mnist_sample", few)
    monkeypatch.setattr("backprop.plotting.accuracy_curves", lambda history: 1 / 0)
    return run_in


def params(folder):
    return (folder / "params.safetensors").read_bytes()


@pytest.mark.parametrize("net", NETS)
def test_each_network_is_trained_and_read_back(run_in, tmp_path, net):
    options = ["--net", net, "--optimizer", "adam", "--lr-schedule", "cosine"]
    small = ["--iterations", "2", "--batch-size", "20"]
    code, _, err = run_in("train", *options, "--augment", "shift,rotate", *small, "--out", "a")
    assert (code, err) == (0, "")
    file = "a/params.safetensors"
    digits = load_mnist_sample(flatten=net.endswith("layer"))[1]
    expected = load_network(file, backend="cpu").accuracy(digits[0][:FEW], digits[1][:FEW])
    code, out, _ = run_in("evaluate", "--params", file, "--json")
    assert json.loads(out)["accuracy"] == expected
    code, out, _ = run_in("info", "--params", file, "--json")
    assert [row["name"] for row in json.loads(out)["layers"]] == NETS[net]
    image = (255 * load_mnist_sample()[1][0][0]).reshape(28, 28).astype(np.uint8)
    Image.fromarray(255 - image).save("digit.png")
    code, out, _ = run_in("predict", "--params", file, "digit.png", "--json")
    assert code == 0
    assert sum(json.loads(out)["pictures"][0]["probabilities"]) == pytest.approx(1.0)
    assert run_in("check", "--params", file, "--mode", "directional", "--batch", "1")[0] == 0


def test_options_reach_the_training(run_in, tmp_path):
    options = ["--optimizer", "nesterov", "--lr", "0.02", "--augment", "rotate", "--seed", "3"]
    small = ["--net", "simple-conv", "--hidden", "7", "--iterations", "4", "--batch-size", "20"]
    run_in("train", *options, "--lr-schedule", "warm-up", *small, "--out", "a")
    net = SimpleConvNet(hidden_size=7, backend="cpu", seed=3)
    move = Augment(0, 10.0, 3)
    (x, t), _ = load_mnist_sample(flatten=False)
    trainer = Trainer(net, Nesterov(WarmUp(1, 0.02)), 20, 3, augment=move)
    trainer.fit((x[:FEW], t[:FEW]), iterations=4)
    found = load_network("a/params.safetensors", backend="cpu")
    for name, value in net.params.items():
        np.testing.assert_array_equal(found.params[name], value)


def test_a_run_goes_on_bit_for_bit_with_its_optimizer_schedule_and_moves(run_in, tmp_path):
    ways = ["--net", "multi-layer", "--hidden", "9,8", "--optimizer", "adamw"]
    ways += ["--lr-schedule", "cosine", "--augment", "shift,rotate", "--batch-size", "20"]
    assert run_in("train", *ways, "--iterations", "7", "--out", "once")[0] == 0

    def early(self, *data, iterations, **options):
        return fit(self, *data, iterations=4, **options)

    fit = Trainer.fit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "fit", early)
        run_in("train", *ways, "--iterations", "7", "--out", "a")
    assert params(tmp_path / "a") != params(tmp_path / "once")
    code, out, _ = run_in("train", "--resume", "a")
    assert code == 0
    assert "4 iterations, 3 to go" in out
    assert params(tmp_path / "a") == params(tmp_path / "once")
    assert run_in("train", "--config", "once/config.json", "--out", "b")[0] == 0
    assert params(tmp_path / "b") == params(tmp_path / "once")


def test_a_run_that_is_made_longer_has_the_schedule_of_its_new_length(run_in, tmp_path):
    small = ["--batch-size", "20", "--lr-schedule", "cosine", "--hidden", "5"]
    run_in("train", *small, "--iterations", "2", "--out", "a")
    assert run_in("train", "--resume", "a", "--iterations", "4")[0] == 0
    trainer = Trainer.resume(tmp_path / "a", optimizer=SGD(Cosine(0.1, 4)), backend="cpu")
    assert trainer.optimizer.steps == 4


def test_another_optimizer_beside_a_configuration_has_its_own_rate(run_in, tmp_path):
    small = ["--iterations", "1", "--batch-size", "20"]
    run_in("train", *small, "--lr", "0.3", "--augment", "shift", "--out", "a")
    run_in("train", "--config", "a/config.json", "--out", "b")
    run_in("train", "--config", "a/config.json", "--optimizer", "adam", "--out", "c")
    read = {name: json.loads((tmp_path / name / "config.json").read_text()) for name in "abc"}
    assert read["b"]["lr"] == 0.3
    assert (read["c"]["optimizer"], read["c"]["lr"]) == ("adam", 0.001)
    assert {each["augment"] for each in read.values()} == {"shift"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--net", "two-layer", "--hidden", "9,8"],
            "--hidden must be one width with --net two-layer; got 9,8",
        ),
        (
            ["--net", "deep-conv", "--hidden", "9,8"],
            "--hidden must be one width with --net deep-conv; got 9,8",
        ),
        (
            ["--net", "simple-conv", "--activation", "tanh"],
            "--activation must be relu with --net simple-conv; got tanh",
        ),
        (
            ["--augment", "shift,flip"],
            "--augment must be none, or one or both of shift,rotate; got 'shift,flip'",
        ),
        (["--lr", "0"], "`lr` must be positive and finite; got 0.0"),
        (["--net", "conv"], "--net must be one of two-layer, multi-layer, simple-conv, deep-conv"),
        (["--optimizer", "adamm"], "--optimizer must be one of sgd, momentum, nesterov, adagrad,"),
        (["--lr-schedule", "steps"], "--lr-schedule must be one of constant, step, cosine, warm-"),
    ],
)
def test_what_does_not_go_together(run_in, tmp_path, options, message):
    code, _, err = run_in("train", *options)
    assert code == 2
    assert err.startswith(f"backprop: error: {message}")
    assert not list(tmp_path.iterdir())


def test_a_convolutional_network_of_other_pictures_is_refused(run_in):
    net = SimpleConvNet((1, 12, 12), {"filter_num": 2, "filter_size": 3}, backend="cpu")
    save_network("a.safetensors", net)
    code, _, err = run_in("evaluate", "--params", "a.safetensors")
    assert code == 2
    assert "--params must have 784 inputs and 10 outputs; `x` must have shape" in err


@pytest.mark.parametrize("kind", [SimpleConvNet, DeepConvNet])
def test_the_books_files_are_known_by_their_arrays(run_in, kind):
    net = kind(hidden_size=7, weight_init_std="he", backend="cpu", seed=0)  # unscaled dropout
    save_params("book", net.params)
    image = (255 * load_mnist_sample()[1][0][0]).reshape(28, 28).astype(np.uint8)
    Image.fromarray(255 - image).save("digit.png")
    code, out, _ = run_in("predict", "--params", "book", "digit.png", "--json")
    assert code == 0
    found = json.loads(out)["pictures"][0]["probabilities"]
    x = load_picture("digit.png").reshape(1, 1, 28, 28)
    np.testing.assert_allclose(found, functions.softmax(net.predict(x))[0], rtol=1e-5)
    code, _, err = run_in("evaluate", "--params", "book", "--activation", "tanh")
    assert (code, err) == (
        2,
        "backprop: error: `activation` must be relu, as book says; got tanh\n",
    )


def test_schedules_of_a_run():
    assert recipe.schedule("constant", 0.1, 10) == 0.1
    assert recipe.schedule("step", 0.1, 10) == StepDecay(0.1, every=4)
    assert recipe.schedule("cosine", 0.1, 10) == Cosine(0.1, 10)
    assert recipe.schedule("warm-up", 0.1, 11) == WarmUp(2, 0.1)
    assert recipe.schedule("warm-up", 0.1, 1) == WarmUp(1, 0.1)


def test_optimizers_by_name():
    assert {type(recipe.optimizer(name, 0.1)).__name__.lower() for name in recipe.OPTIMIZERS} == {
        *recipe.OPTIMIZERS
    }
    assert isinstance(recipe.optimizer("adam", 0.1), Adam)
    assert isinstance(recipe.optimizer("adamw", 0.1), AdamW)
    assert recipe.augment("none", 0) is None
    both = recipe.augment("rotate, shift", 0)
    assert (both.shift, both.rotate, both.size) == (2, 10.0, (28, 28))


def test_a_compiled_run_ends_as_a_plain_one(run_in, tmp_path):
    pytest.importorskip("jax")
    options = ("--library", "jax", "--iterations", "9", "--hidden", "5", "--batch-size", "7")
    assert run_in("train", *options, "--out", "plain")[0] == 0
    assert run_in("train", *options, "--compile", "--out", "compiled")[0] == 0
    found = {
        name: json.loads((tmp_path / name / "config.json").read_text())
        for name in ("plain", "compiled")
    }
    assert (found["plain"]["compile"], found["compiled"]["compile"]) == (False, True)
    plain, compiled = (load_params(tmp_path / name / "params.safetensors")[0] for name in found)
    for name, value in plain.items():
        np.testing.assert_allclose(compiled[name], value, rtol=0, atol=1e-6)

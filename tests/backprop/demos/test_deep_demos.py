"""The programs of chapters 6 to 8, in short versions: what they print, keep and draw."""

import json
import re

import numpy as np
import pytest

import backends
from backprop import DeepConvNet, SimpleConvNet, demos, load_mnist_sample, save_network, save_params
from backprop.demos import (
    activation_histograms,
    apply_filters,
    batch_norm,
    dropout,
    filters,
    half_precision,
    hyperparameters,
    misclassified,
    optimizer_comparison,
    optimizer_paths,
    weight_decay,
)
from backprop.demos.curves import smooth
from tests.support import Case

SHORT = {
    "optimizer-paths": (optimizer_paths, {}, {"ends.json", "optimizer-paths.png"}),
    "optimizer-comparison": (
        optimizer_comparison,
        {"iterations": 30},
        {"losses.json", "optimizer-comparison.png"},
    ),
    "activation-histograms": (
        activation_histograms,
        {},
        {"activations.json", "activation-histograms.png"},
    ),
    "batch-norm": (
        batch_norm,
        {"epochs": 12, "scales": 3},
        {"accuracies.json", "batch-norm.png"},
    ),
    "weight-decay": (weight_decay, {"epochs": 20}, {"accuracies.json", "weight-decay.png"}),
    "dropout": (dropout, {"epochs": 3}, {"accuracies.json", "dropout.png"}),
    "hyperparameters": (
        hyperparameters,
        {"trials": 3, "epochs": 2},
        {"trials.json", "hyperparameters.png"},
    ),
    "filters": (
        filters,
        {"epochs": 1},
        {"filters.json", "filters-before.png", "filters-after.png"},
    ),
    "apply-filters": (apply_filters, {"epochs": 1}, {"answers.json", "apply-filters.png"}),
    "misclassified": (misclassified, {"epochs": 1}, {"wrong.json", "misclassified.png"}),
    "half-precision": (half_precision, {"epochs": 1}, {"accuracies.json", "half-precision.png"}),
}


def few_digits():
    (x_train, t_train), (x_test, t_test) = load_mnist_sample()
    return (x_train[:500], t_train[:500]), (x_test[:100], t_test[:100])


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return what a program printed and kept; each is run once."""
    done = {}

    def run(name, capsys):
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            settings = demos.Settings(backends.host(), folder, few_digits)
            program, short, _ = SHORT[name]
            program.run(settings, **short)
            kept = {p.name: json.loads(p.read_text()) for p in folder.glob("*.json")}
            done[name] = capsys.readouterr().out, kept, folder
        return done[name]

    return run


@pytest.mark.parametrize("name", SHORT)
def test_results_are_kept_before_pictures(name, ran, capsys):
    out, _, folder = ran(name, capsys)
    assert {path.name for path in folder.iterdir()} == SHORT[name][2]
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in folder.glob("*.png"))
    written = re.findall(r"^written: .*\.(json|png)$", out, re.M)
    assert written[0] == "json"
    assert set(written[1:]) == {"png"}


@pytest.mark.needs_values
def test_the_books_ends_of_the_paths(case: Case, capsys):
    optimizer_paths.run(demos.Settings(case.backend))
    rows = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    ends = {name: np.fromstring(text.strip("[]"), sep=" ") for name, text in rows.items()}
    expected = {
        "SGD": (-0.3503929957523197, 0.0847823165504322),
        "Momentum": (0.896413858493733, 0.08808560171506971),
        "AdaGrad": (-0.12016232231416045, 0.0),
        "Adam": (0.13600685239498186, 0.31824537553721943),
    }
    assert list(ends) == list(expected)
    for name, end in ends.items():
        np.testing.assert_allclose(end, expected[name], rtol=1e-4, atol=1e-6)


def test_the_losses_of_four_optimizers(ran, capsys):
    out, kept, _ = ran("optimizer-comparison", capsys)
    losses = kept["losses.json"]
    assert list(losses) == ["SGD", "Momentum", "AdaGrad", "Adam"]
    assert {len(each) for each in losses.values()} == {30}
    assert len({each[0] for each in losses.values()}) == 1  # one network, one batch
    assert losses["SGD"][-1] > max(losses["AdaGrad"][-1], losses["Adam"][-1])
    printed = dict(re.findall(r"^(\w+) +([\d.]+)$", out, re.M))
    assert printed["Adam"] == f"{np.mean(losses['Adam'][-3:]):.3f}"


def test_the_activations_of_the_ways_to_start(ran, capsys):
    found = ran("activation-histograms", capsys)[1]["activations.json"]
    assert {len(layers) for layers in found.values()} == {5}
    assert all(spread > 0.4 for _, spread in found["sigmoid, 1"])  # at both ends
    assert all(spread < 0.06 for _, spread in found["sigmoid, 0.01"])
    assert 0.05 < found["sigmoid, Xavier"][-1][1] < 0.25
    assert found["relu, 0.01"][-1][1] < 1e-4  # nothing comes through
    fading = [spread for _, spread in found["relu, Xavier"]]
    assert fading[-1] < 0.5 * fading[0]
    assert 0.6 < found["relu, He"][-1][1] / found["relu, He"][0][1] < 1.6


def test_batch_normalization_by_scale(ran, capsys):
    out, kept, _ = ran("batch-norm", capsys)
    found = kept["accuracies.json"]
    assert list(found) == ["1.0000", "0.0100", "0.0001"]
    assert {len(values) for each in found.values() for values in each.values()} == {12}
    assert found["1.0000"]["without"] == [None] * 12  # it has died, and JSON has no nan
    middle = found["0.0100"]
    assert middle["with"][-1] > 0.5
    assert middle["without"][-1] < 0.2
    assert f"0.0100 {middle['with'][-1]:7.3f} {middle['without'][-1]:7.3f}\n" in out


def test_weight_decay_keeps_from_learning_by_heart(ran, capsys):
    found = ran("weight-decay", capsys)[1]["accuracies.json"]
    assert list(found) == [
        *("decay 0.0, train", "decay 0.0, test", "decay 0.1, train", "decay 0.1, test"),
    ]
    assert {len(values) for values in found.values()} == {20}
    assert found["decay 0.0, train"][-1] > found["decay 0.0, test"][-1]


def test_dropout_learns_more_slowly(ran, capsys):
    found = ran("dropout", capsys)[1]["accuracies.json"]
    assert {len(values) for values in found.values()} == {3}
    assert found["dropout 0.0, train"] != found["dropout 0.2, train"]


def test_the_best_pair_comes_first(ran, capsys):
    out, kept, _ = ran("hyperparameters", capsys)
    trials = kept["trials.json"]
    accuracies = [each["curves"]["kept apart, test"][-1] for each in trials]
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(1e-6 < each["lr"] < 1e-1 and 1e-8 < each["decay"] < 1e-4 for each in trials)
    assert out.splitlines()[1].split()[1] == f"{trials[0]['lr']:.2e}"
    assert len({each["lr"] for each in trials}) == 3


def test_filters_become_smooth(tmp_path, capsys):
    stripes = SimpleConvNet(backend="cpu", seed=0)
    stripes.params["W1"] *= 0.0
    stripes.params["W1"] += 1.0
    save_network(tmp_path / "n", stripes)
    settings = demos.Settings(backends.host(), data=few_digits, params=tmp_path / "n")
    filters.run(settings)
    before, after = re.findall(r"([\d.]+)% of neighbors", capsys.readouterr().out)
    assert 40 < float(before) < 60
    assert float(after) == 100.0


def test_a_file_of_parameters_alone_is_that_of_the_book_s_network(tmp_path, capsys):
    stripes = SimpleConvNet(backend="cpu", seed=0)
    stripes.params["W1"] = np.ones_like(stripes.params["W1"])
    save_params(tmp_path / "n", stripes.params)
    filters.run(demos.Settings(backends.host(), data=few_digits, params=tmp_path / "n"))
    assert float(re.findall(r"([\d.]+)% of neighbors", capsys.readouterr().out)[1]) == 100.0


def test_the_strongest_answers(ran, capsys):
    out, kept, _ = ran("apply-filters", capsys)
    strength = kept["answers.json"]["strength"]
    assert kept["answers.json"]["digit"] == few_digits()[1][1][0]
    assert len(strength) == 30
    k, value = re.findall(r"^filter +(\d+) +([\d.]+)$", out, re.M)[0]
    assert float(value) == pytest.approx(max(strength), abs=1e-3)
    assert strength[int(k) - 1] == max(strength)


def test_what_is_misclassified(ran, capsys, tmp_path):
    out, kept, _ = ran("misclassified", capsys)
    wrong, labels = kept["wrong.json"], few_digits()[1][1]
    assert all(labels[each["image"]] == each["pair"][0] != each["pair"][1] for each in wrong)
    assert f"accuracy: {1 - len(wrong) / 100:.4f}, {len(wrong)} of 100 are wrong\n" in out
    save_network(tmp_path / "n", DeepConvNet(backend="cpu", seed=1))
    settings = demos.Settings(backends.host(), data=few_digits, params=tmp_path / "n")
    misclassified.run(settings)
    assert "of 100 are wrong" in capsys.readouterr().out


def test_16_bits_are_enough(ran, capsys):
    out, kept, _ = ran("half-precision", capsys)
    found = kept["accuracies.json"]
    assert list(found) == ["float64", "float32", "float16"]
    assert found["float16"] == pytest.approx(found["float64"], abs=0.03)
    sizes = [int(n.replace(",", "")) for n in re.findall(r"parameters of ([\d,]+) bytes", out)]
    assert sizes == [433_890 * n for n in (8, 4, 2)]


def test_a_curve_is_smoothed():
    assert smooth([0.0, 3.0, 6.0, 9.0], window=2) == [1.5, 4.5, 7.5]
    assert smooth([2.0, 4.0], window=25) == [3.0]

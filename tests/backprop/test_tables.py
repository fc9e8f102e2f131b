"""What objects show of themselves: tables, reprs and HTML."""

import re

import numpy as np
import pytest

from backprop import (
    SGD,
    AddLayer,
    Affine,
    Augment,
    Elementwise,
    History,
    Layer,
    Momentum,
    Network,
    Relu,
    SoftmaxWithLoss,
    StepDecay,
    Trainer,
    TwoLayerNet,
    gradcheck,
)
from backprop.tables import Table

TABLE = Table("a <b>", ("name", "count"), [("x & y", "1"), ("z", "1,000")], ["<note>"])


def test_a_table_as_text():
    assert TABLE.text() == "a <b>\nname   count\nx & y  1\nz      1,000\n<note>"
    assert Table("a", (), []).text() == "a"
    assert Table("a", ("b", "c"), []).text() == "a\nb  c"


def test_a_table_as_html_is_escaped():
    assert TABLE.html() == (
        "<p><b>a &lt;b&gt;</b></p><table><thead><tr><th>name</th><th>count</th></tr></thead>"
        "<tbody><tr><td>x &amp; y</td><td>1</td></tr><tr><td>z</td><td>1,000</td></tr></tbody>"
        "</table><ul><li>&lt;note&gt;</li></ul>"
    )
    assert Table("a", (), []).html() == "<p><b>a</b></p>"


def test_layers():
    layer = Affine(np.zeros((784, 50), dtype="float32"), np.zeros(50, dtype="float32"))
    assert repr(layer) == "Affine(W: (784, 50) float32, b: (50,) float32)"
    assert "<td>W</td><td>(784, 50)</td><td>float32</td><td>39,200</td>" in layer._repr_html_()
    assert [repr(each()) for each in (Relu, AddLayer, SoftmaxWithLoss)] == [
        "Relu()",
        "AddLayer()",
        "SoftmaxWithLoss()",
    ]
    assert Relu()._repr_html_() == "<p><b>Relu</b></p>"


def test_a_layer_of_ones_own():
    class Scale(Layer):
        def __init__(self, s, power):
            self.params, self.power = {"s": s}, power  # no super().__init__(): no state

        def config(self):
            return {"power": self.power}

    class Bare(Elementwise):
        def __init__(self):
            pass

    assert repr(Scale(np.zeros(3), 2)) == "Scale(s: (3,) float64, power=2)"
    assert repr(Bare()) == "Bare()"


def test_networks():
    net = TwoLayerNet(784, 50, 10, backend="cpu")
    assert repr(net).splitlines() == [
        "TwoLayerNet: 39,760 parameters, float32, numpy on cpu",
        "layer       kind             arrays                  parameters",
        "Affine1     Affine           W1 (784, 50), b1 (50,)  39,250",
        "Relu1       Relu                                     0",
        "Affine2     Affine           W2 (50, 10), b2 (10,)   510",
        "last_layer  SoftmaxWithLoss                          0",
    ]
    assert "<td>Affine2</td><td>Affine</td><td>W2 (50, 10), b2 (10,)</td>" in net._repr_html_()


def test_what_is_kept_but_not_learnt_is_shown_and_not_counted():
    class Centered(Layer):
        def __init__(self):
            super().__init__()
            self.params, self.state = {"s": np.ones(3)}, {"mean": np.zeros(3)}

    lines = repr(Network({"first": Centered()}, SoftmaxWithLoss())).splitlines()
    assert lines[0] == "Network: 3 parameters, float64, numpy on cpu"
    assert re.split("  +", lines[2]) == ["first", "Centered", "s1 (3,), mean1 (3,)", "3"]


def test_a_network_without_parameters_and_with_foreign_layers():
    class Foreign:
        def forward(self, x):
            return x

    lines = repr(Network({"f": Foreign()}, SoftmaxWithLoss())).splitlines()
    assert lines[0] == "Network: 0 parameters"
    assert lines[2].split() == ["f", "Foreign", "0"]


@pytest.fixture
def trained():
    net = TwoLayerNet(2, 3, 2, backend="cpu", seed=0)
    trainer = Trainer(net, SGD(lr=0.5), batch_size=5, seed=0)
    x = np.random.default_rng(0).standard_normal((20, 2))
    data = x, (x[:, 0] > 0) + 0
    trainer.fit(data, data, iterations=50)
    return trainer


def test_training(trained):
    history = trained.history
    history.seconds, history.loss[-1] = 1.25, 0.5
    said = f"{history.train_accuracy[-1]:.2%}"
    text = f"History(50 iterations, 12.5 epochs, loss 0.5, train {said}, test {said}, 1.2 s)"
    assert repr(history) == text
    history.epoch[-1] = 1.0
    assert "50 iterations, 1 epoch, loss" in repr(history)
    history.epoch[-1] = 12.5
    assert repr(trained) == f"Trainer(TwoLayerNet, SGD(lr=0.5), batch_size=5): {text}"
    html = trained._repr_html_()
    assert "<td>network</td><td>TwoLayerNet: 17 parameters, float32, numpy on cpu</td>" in html
    assert "<td>optimizer</td><td>SGD(lr=0.5)</td>" in html
    assert f"<td>so far</td><td>{text}</td>" in html


def test_an_optimizer_of_a_notebook():
    optimizer = Momentum(lr=StepDecay(0.5, every=10), momentum=0.8)
    html = optimizer._repr_html_()
    assert html.startswith("<p><b>Momentum</b></p><table>")
    assert "<td>momentum</td><td>0.8</td>" in html
    assert "<td>lr</td><td>StepDecay(lr=0.5, every=10, factor=0.1)</td>" in html
    assert "<td>steps</td><td>0</td>" in html
    assert repr(Augment(2, 10)) == "Augment(shift=2, rotate=10.0)"
    assert repr(Augment(size=(8, 8))) == "Augment(shift=0, rotate=0.0, size=(8, 8))"


def test_the_history_of_a_notebook(trained):
    html = trained.history._repr_html_()
    assert html.count("<tr>") == 1 + 10  # of 13 measurements the first three and the last six
    assert [f"<td>{epoch}</td>" in html for epoch in (1, 3, 4, 7, 8, 12.5)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert '<img alt="loss and accuracy"' in html
    assert 'src="data:image/png;base64,iVBORw0KGgo' in html  # PNG's first bytes


def test_a_history_of_nothing_and_one_that_was_interrupted():
    assert repr(History()) == "History(nothing learnt yet)"
    assert History()._repr_html_() == "<p><b>History(nothing learnt yet)</b></p>"
    stopped = History(loss=[2.0], interrupted=True)
    assert repr(stopped) == "History(1 iteration, loss 2, 0.0 s, interrupted)"
    assert 'src="data:image/png;base64,' in stopped._repr_html_()
    without_test = History([2.0], [1.0], [1], [0.5], [])
    assert repr(without_test) == "History(1 iteration, 1 epoch, loss 2, train 50.00%, 0.0 s)"


def test_a_report_shows_itself():
    report = gradcheck(Relu(), np.array([1.0, -2.0]))
    assert repr(report) == str(report)
    assert report._repr_html_().startswith("<p><b>gradients of Relu, full: ok</b></p><table>")

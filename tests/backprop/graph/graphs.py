"""Graphs that several tests draw."""

import numpy as np

from backprop import ExpLayer, Relu, SoftmaxWithLoss, TwoLayerNet, graph
from backprop.graph import Drawing, Variable


def fruit() -> Variable:
    """Two apples at 100, three oranges at 150, and tax (section 5.4.2 of the book)."""
    apples, apple = Variable(2, "apples"), Variable(100, "apple")
    oranges, orange = Variable(3, "oranges"), Variable(150, "orange")
    price = (apple * apples + orange * oranges) * Variable(1.1, "tax")
    price.name = "price"
    price.backward()
    return price


def branches() -> Variable:
    x = Variable(2.0, "x")
    y = (graph.exp(x) * graph.log(x) - x / 3 + x**2) * x * x
    y.backward()
    return y


def logistic() -> Variable:
    x, w = Variable(2.0, "りんごの値段 $x$ \\ {"), Variable(3.0, '苹果 <&"')
    y = 1 / (1 + graph.exp(-(x * w)))
    y.name = "結果\nの値"
    y.backward()
    return y


def classifier() -> Variable:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((100, 784))
    W1, b1 = Variable(rng.standard_normal((784, 50)), "W1"), Variable(np.zeros(50), "b1")
    W2, b2 = Variable(rng.standard_normal((50, 10)), "W2"), Variable(np.zeros(10), "b2")
    scores = graph.apply(Relu(), x @ W1 + b1) @ W2 + b2
    loss = graph.apply(SoftmaxWithLoss(), scores, np.zeros(100, dtype=int))
    loss = loss + 0.1 * (np.ones(784) @ (W1 * W1) @ np.ones(50))
    loss.backward()
    return loss


def tangle(seed: int = 0, size: int = 15) -> Variable:
    """A graph of random operations, with many edges that pass others."""
    rng = np.random.default_rng(seed)
    made = [Variable(i + 1.5, f"v{i}") for i in range(3)]
    for _ in range(size):
        a, b = (made[i] for i in rng.integers(0, len(made), 2))
        made.append([a + b, a * b, a - b, graph.log(a * a + 1)][rng.integers(0, 4)])
    y = made[-1] + made[-2] * made[-3]
    y.backward()
    return y


def small_net() -> TwoLayerNet:
    return TwoLayerNet(6, 5, 3, seed=0)


EXAMPLES = [fruit, branches, logistic, classifier, tangle]


def unknown() -> Drawing:
    """y = f(x) with E coming back to it (section 5.2.1 of the book)."""
    y = graph.apply(ExpLayer(), Variable(2.0, "x"), name="f")
    y.name = "y"
    return y.draw(symbols="E")


def squared_sum() -> Variable:
    """z = t², t = x + y (equation 5.1)."""
    x, y = Variable(2.0, "x"), Variable(3.0, "y")
    t = x + y
    t.name = "t"
    z = t**2
    z.name = "z"
    return z


def forward() -> Drawing:
    """Equation 5.1 (section 5.2.2)."""
    return squared_sum().draw(symbols=True)


def chain_rule() -> Drawing:
    """Equation 5.1 and the chain rule (section 5.2.3)."""
    z = squared_sum()
    z.backward()
    return z.draw(symbols=True)


def addition() -> Drawing:
    """z = x + y within a larger graph that ends in L (section 5.3.1)."""
    return (Variable(10, "x") + Variable(5, "y")).draw(symbols="∂L/∂z")


def multiplication() -> Drawing:
    """z = xy within a larger graph that ends in L (section 5.3.2)."""
    return (Variable(10, "x") * Variable(5, "y")).draw(symbols="∂L/∂z")


FIGURES = [unknown, forward, chain_rule, addition, multiplication]

"""Computational graphs: layers are recorded as they run, differentiated, and drawn.

Chapter 5 of the book draws such graphs by hand. Here each operation on a `Variable` is a layer of
the library; `backward` walks back through them, and `draw` makes the picture.

Examples
--------
Apples and oranges of section 5.4:

>>> from backprop import graph
>>> apples, apple = graph.Variable(2, "apples"), graph.Variable(100, "apple")
>>> oranges, orange = graph.Variable(3, "oranges"), graph.Variable(150, "orange")
>>> tax = graph.Variable(1.1, "tax")
>>> price = (apple * apples + orange * oranges) * tax
>>> price
Variable(715)
>>> price.backward()
>>> [round(v.grad, 9) for v in (apple, apples, orange, oranges, tax)]
[2.2, 110.0, 3.3, 165.0, 650]
"""

from backprop.graph.drawing import Drawing, draw
from backprop.graph.record import Constant, Operation
from backprop.graph.variable import Variable, apply, exp, log

__all__ = ["Constant", "Drawing", "Operation", "Variable", "apply", "draw", "exp", "log"]

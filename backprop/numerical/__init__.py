"""Numerical differentiation of functions of arrays and of networks, on the arrays' device."""

from backprop.numerical.descent import gradient_descent
from backprop.numerical.differences import numerical_diff, numerical_gradient
from backprop.numerical.rows import numerical_gradient_2d

__all__ = ["gradient_descent", "numerical_diff", "numerical_gradient", "numerical_gradient_2d"]

"""Benchmarks of the gradient: backpropagation beside the numerical methods, over network size."""

from backprop.bench.chart import time_chart
from backprop.bench.gradient_times import GradientTimes, exponent, time_gradients
from backprop.bench.timing import alternate

__all__ = ["GradientTimes", "alternate", "exponent", "time_chart", "time_gradients"]

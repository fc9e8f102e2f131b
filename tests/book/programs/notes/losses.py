import numpy as np


def mean_squared_error(y, t):
    return 0.5 * np.sum((y - t) ** 2)


def softmax(x):
    x = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def cross_entropy_error(y, t):
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    return -np.sum(np.log(y[np.arange(y.shape[0]), t] + 1e-7)) / y.shape[0]


def softmax_loss(x, t):
    return cross_entropy_error(softmax(x), t)


t = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
wrong = np.array([0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0])
print(mean_squared_error(y, t), mean_squared_error(wrong, t))
print(cross_entropy_error(y, t), cross_entropy_error(wrong, t))
print(cross_entropy_error(np.array([y, wrong]), np.array([t, t])))
print(cross_entropy_error(np.array([y, wrong]), np.array([2, 2])))
print(softmax_loss(np.array([[0.3, 2.9, 4.0], [1.0, 2.0, 3.0]]), np.array([2, 0])))

import numpy as np


def numerical_diff(f, x):
    h = 1e-4
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient_1d(f, x):
    grad = np.zeros_like(x)
    for i in range(x.size):
        tmp = x[i]
        x[i] = tmp + 1e-4
        above = f(x)
        x[i] = tmp - 1e-4
        grad[i] = (above - f(x)) / 2e-4
        x[i] = tmp
    return grad


def numerical_gradient_2d(f, X):
    if X.ndim == 1:
        return numerical_gradient_1d(f, X)
    return np.array([numerical_gradient_1d(f, x) for x in X])


def numerical_gradient(f, x):
    return numerical_gradient_1d(lambda _: f(x), x.reshape(-1)).reshape(x.shape)


def gradient_descent(f, init_x, lr=0.01, step_num=100):
    x = init_x.copy()
    history = []
    for _ in range(step_num):
        history.append(x.copy())
        x -= lr * numerical_gradient(f, x)
    return x, np.array(history)


def function_2(x):
    if x.ndim == 1:
        return np.sum(x**2)
    return np.sum(x**2, axis=1)


print(numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5))
print(numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 10))
print(numerical_diff(lambda x0: x0 * x0 + 4.0**2.0, 3.0))
print(numerical_gradient(function_2, np.array([3.0, 4.0])))
print(numerical_gradient_2d(function_2, np.array([[3.0, 4.0], [0.0, 2.0], [3.0, 0.0]])))
for lr in (0.1, 10.0, 1e-10):
    print(gradient_descent(function_2, np.array([-3.0, 4.0]), lr=lr, step_num=100)[0])

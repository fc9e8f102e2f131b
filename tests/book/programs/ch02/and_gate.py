import numpy as np


def AND(x1, x2):
    x = np.array([x1, x2])
    w = np.array([0.5, 0.5])
    b = -0.7
    return 0 if np.sum(w * x) + b <= 0 else 1


if __name__ == "__main__":
    for xs in [(0, 0), (1, 0), (0, 1), (1, 1)]:
        print(xs, "->", AND(xs[0], xs[1]))

import numpy as np


def AND_v2(x1, x2):
    w1, w2, theta = 0.5, 0.5, 0.7
    return int(x1 * w1 + x2 * w2 > theta)


def AND(x1, x2):
    return int(np.sum(np.array([x1, x2]) * np.array([0.5, 0.5])) - 0.7 > 0)


def NAND(x1, x2):
    return int(np.sum(np.array([x1, x2]) * np.array([-0.5, -0.5])) + 0.7 > 0)


def OR(x1, x2):
    return int(np.sum(np.array([x1, x2]) * np.array([0.5, 0.5])) - 0.2 > 0)


def XOR(x1, x2):
    return AND(NAND(x1, x2), OR(x1, x2))


for gate in (AND_v2, AND, NAND, OR, XOR):
    print([gate(x1, x2) for x1 in (0, 1) for x2 in (0, 1)])

from and_gate import AND
from nand_gate import NAND
from or_gate import OR


def XOR(x1, x2):
    return AND(NAND(x1, x2), OR(x1, x2))


if __name__ == "__main__":
    for xs in [(0, 0), (1, 0), (0, 1), (1, 1)]:
        print(xs, "->", XOR(xs[0], xs[1]))

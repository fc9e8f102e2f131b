"""A graph in letters: values by name, and derivatives as the chain rule writes them."""

from collections.abc import Iterator, Sequence
from itertools import chain, count

from backprop.graph.diagram import fixed_exponent, raised, short, sign
from backprop.graph.record import Constant, Operation, Recorded, ordered
from backprop.layers import (
    AddLayer,
    DivLayer,
    ExpLayer,
    LogLayer,
    MatMul,
    MulLayer,
    PowLayer,
    Sigmoid,
    SubLayer,
    Tanh,
)

MAX_LENGTH = 60  # of a derivative; three dots stand for what makes it longer
INPUT_LETTERS, RESULT_LETTERS, CONSTANT_LETTERS = "xyabc", "ztuvw", "cde"
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")

# E, which comes back to z = f(x, y), times the slope by x, and by y.
PASSED: dict[type, tuple[str, ...]] = {
    AddLayer: ("{E} · 1", "{E} · 1"),
    SubLayer: ("{E} · 1", "{E} · (−1)"),
    MulLayer: ("{E} · {y}", "{E} · {x}"),
    DivLayer: ("{E} · 1/{y}", "{E} · (−{x}/{y}²)"),
    PowLayer: ("{E} · {y} · {x}^({y} − 1)", "{E} · {z} · log {x}"),
    MatMul: ("{E} · {y}ᵀ", "{x}ᵀ · {E}"),
    ExpLayer: ("{E} · {z}",),
    LogLayer: ("{E} · 1/{x}",),
    Sigmoid: ("{E} · {z}(1 − {z})",),
    Tanh: ("{E} · (1 − {z}²)",),
}


class Symbols:
    """The texts of a graph: letters for values, and the result's derivatives in them.

    Parameters
    ----------
    result : Variable
        Where the graph ends.
    upstream : str, optional
        What comes back to the result; slopes are then worked out where the operation has no name
        of its own and its layer a formula. If not given, that is ∂z/∂z, slopes are ∂z/∂x, and
        nothing comes back before a backward pass.
    """

    def __init__(self, result: Recorded, upstream: str | None = None) -> None:
        order = ordered(result)
        self._letters = _letters(order)
        self._worked_out = upstream is not None
        self._grads: dict[Recorded, str] = {}
        self._passed: dict[tuple[Operation, int], str] = {}
        if self._worked_out or result.grad is not None:
            self._go_back(order, upstream)

    def name(self, v: Recorded | Constant) -> str | None:
        """Return the letter of a constant; that of a variable stands above its edge."""
        return self._letters[v] if isinstance(v, Constant) else None

    def sign(self, operation: Operation) -> str:
        """Return the sign of an operation, which for a power is Python's."""
        exponent = "" if operation.name else fixed_exponent(operation)
        return f"**{exponent}" if exponent else sign(operation)

    def value(self, v: Recorded | Constant) -> str:
        """Return the letter of a variable."""
        return "" if isinstance(v, Constant) else self._letters[v]

    def grad(self, v: Recorded) -> str:
        """Return the derivative of the result with respect to a variable."""
        return self._grads.get(v, "")

    def passed(self, operation: Operation, i: int) -> str:
        """Return what an operation passes back to its input `i`."""
        return self._passed.get((operation, i), "")

    def _go_back(self, order: list[Recorded], upstream: str | None) -> None:
        """Set the derivatives, from the result back to the inputs."""
        end = self._letters[order[-1]]
        terms: dict[Recorded, list[str]] = {v: [] for v in order}
        terms[order[-1]].append(f"∂{end}/∂{end}" if upstream is None else upstream)
        for v in reversed(order):
            several = len(terms[v]) > 1
            total = f"d{end}/d{self._letters[v]}"  # with ∂ it would be that of one use alone
            self._grads[v] = total if several and upstream is None else _sum(terms[v])
            if v.operation:
                for i, u in enumerate(v.operation.inputs):
                    if isinstance(u, Recorded):
                        passed = self._times_slope(self._grads[v], v, v.operation, i)
                        self._passed[v.operation, i] = passed
                        terms[u].append(passed)

    def _times_slope(self, grad: str, v: Recorded, operation: Operation, i: int) -> str:
        """Return the derivative of `v`, which `operation` made, times the slope of input `i`."""
        template = self._template(operation, i)
        inputs = [self._letters[u] for u in operation.inputs]
        x, y = (f"({letter})" if letter[0] == "-" else letter for letter in (inputs * 2)[:2])
        letters = {"x": x, "y": y, "z": self._letters[v], "u": inputs[i]}
        text = template.format(E=f"({grad})" if " + " in grad else grad, **letters)
        return text if len(text) <= MAX_LENGTH else template.format(E="…", **letters)

    def _template(self, operation: Operation, i: int) -> str:
        """Return how what comes back is multiplied by the slope of input `i`."""
        twice = operation.inputs.count(operation.inputs[i]) > 1  # ∂z/∂x would tell neither slope
        known = () if operation.name else PASSED.get(type(operation.layer), ())
        if not (self._worked_out or twice) or i >= len(known):
            return "{E} · ∂{z}/∂{u}"
        exponent = fixed_exponent(operation)
        return "{E} · " + _slope_of_power(exponent) if exponent else known[i]


def _sum(terms: list[str]) -> str:
    text = " + ".join(terms)
    return text if len(terms) == 1 or len(text) <= MAX_LENGTH else "…"


def _slope_of_power(exponent: str) -> str:
    """Return the slope of x to the power of a number: the number times one power less."""
    if exponent == "1":
        return "1"
    number = f"({exponent})" if exponent[0] == "-" else exponent
    less = f"{float(exponent) - 1:.6g}"
    return number + ("{x}" if less == "1" else raised("{x}", less))


def _letters(order: Sequence[Recorded]) -> dict[Recorded | Constant, str]:
    """Return the name of each value; what has none gets a letter that is no other's name.

    A constant number without a name is itself.
    """
    constants = [
        v for u in order if u.operation for v in u.operation.inputs if isinstance(v, Constant)
    ]
    *others, end = order
    values: list[Recorded | Constant] = [end, *others, *constants]  # the result first: it is z
    taken = {v.name for v in values}
    inputs, results = _free(INPUT_LETTERS, taken), _free(RESULT_LETTERS, taken)
    arrays = _free(CONSTANT_LETTERS, taken)
    letters = {}
    for v in values:
        if v.name:
            letters[v] = v.name
        elif isinstance(v, Recorded):
            letters[v] = next(results if v.operation else inputs)
        else:
            number = short(v.value)
            letters[v] = next(arrays) if number[0] in "([" else number
    return letters


def _free(letters: str, taken: set[str | None]) -> Iterator[str]:
    """Yield those of the letters that are not taken, and then the last of them with numbers."""
    numbered = (letters[-1] + str(n).translate(_LOWERED) for n in count(1))
    return (letter for letter in chain(letters, numbered) if letter not in taken)

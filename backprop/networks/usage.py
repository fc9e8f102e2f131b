"""Which attributes the methods of a class read and assign, as far as their code shows it."""

import dis
from types import CodeType
from typing import NamedTuple

_READS = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")
_ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE")


class Usage(NamedTuple):
    """What a method does with attributes, itself and by methods of its class that it calls.

    Attributes
    ----------
    reads : set of str
        Those that it reads where it may not have assigned them before.
    sets : set of str
        Those that it assigns.
    always : set of str
        Those that it assigns whichever way it goes.
    fills : set of str
        Those of which it may assign items: all that it reads in a line that assigns one.
    """

    reads: set[str]
    sets: set[str]
    always: set[str]
    fills: set[str]


def assigned(kind: type, method: str) -> set[str]:
    """Return the attributes that a method assigns."""
    return _usage(kind, method, set()).sets


def carried(kind: type, *methods: str) -> dict[str, bool]:
    """Return the attributes that a call of the methods, in this order, leaves to the next one.

    They are read where they may not have been assigned before, and they are assigned (True), or
    items of them may be (False). What one method may assign is no such where a later one reads it:
    it is handed from the first to the second.
    """
    found: set[str] = set()
    before: set[str] = set()
    filled: set[str] = set()
    for method in methods:
        usage = _usage(kind, method, set())
        found |= usage.reads - before
        before |= usage.sets
        filled |= usage.fills
    return {name: name in before for name in found & (before | filled)}


def _usage(kind: type, method: str, seen: set[str]) -> Usage:
    """Return the usage of a method, and of those of that name that its class inherits."""
    whole = Usage(set(), set(), set(), set())
    if method in seen:
        return whole
    for base in kind.__mro__:
        code = getattr(vars(base).get(method), "__code__", None)
        if code is not None:
            one = _of_code(kind, code, seen | {method})
            whole = Usage(
                whole.reads | (one.reads - whole.always),
                whole.sets | one.sets,
                whole.always | one.always,
                whole.fills | one.fills,
            )
    return whole


def _of_code(kind: type, code: CodeType, seen: set[str]) -> Usage:
    """Follow all ways through a code, with what is assigned on each of them."""
    steps = list(dis.get_instructions(code))
    at = {step.offset: i for i, step in enumerate(steps)}
    before: dict[int, set[str]] = {0: set()}  # what is assigned whichever way leads to a step
    reads: set[str] = set()
    sets: set[str] = set()
    fills: set[str] = set()
    ends: list[set[str]] = []
    waiting = [0]
    while waiting:
        i = waiting.pop()
        step, now = steps[i], set(before[i])
        if step.opname in _READS:
            reads |= {step.argval} - now
            inner = _usage(kind, step.argval, seen)
            reads |= inner.reads - now
            sets |= inner.sets
            fills |= inner.fills
            now |= inner.always
        elif step.opname == "LOAD_CONST" and isinstance(step.argval, str):
            reads |= {step.argval} - now  # as in `hasattr(self, "n")`
        elif step.opname == "STORE_ATTR":
            sets.add(step.argval)
            now.add(step.argval)
        elif step.opname == "STORE_SUBSCR":
            fills |= _read_in_line(steps, i)
        jumps = step.opname.startswith("JUMP_") and "_IF_" not in step.opname
        following = [] if jumps or step.opname in _ENDS else [i + 1]
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            following.append(at[step.argval])
        if step.opname in _ENDS:
            ends.append(now)
        for j in following:
            old = before.get(j)
            if old is None or not old <= now:
                before[j] = now if old is None else old & now
                waiting.append(j)
    return Usage(reads, sets, set.intersection(*ends) if ends else set(), fills)


def _read_in_line(steps: list[dis.Instruction], i: int) -> set[str]:
    """Return the attributes read from the start of a line of code up to a step of it."""
    found: set[str] = set()
    while i >= 0:
        if steps[i].opname in _READS:
            found.add(steps[i].argval)
        if steps[i].starts_line:
            break
        i -= 1
    return found

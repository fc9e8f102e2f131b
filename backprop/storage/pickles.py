"""Read arrays from a pickle with an interpreter that can't call foreign code.

A pickle is a program for a small stack machine. `pickle.load` lets it import and call whatever it
names; the interpreter here has only the instructions that dictionaries, texts, numbers and plain
arrays are made of, and a name stands for one of our own functions or is refused (PEP 307, PEP 574).
"""

import io
import os
import pickletools
import warnings
from pathlib import Path
from typing import Any

from backprop.storage.pickled_arrays import NAMES, PendingArray, PickledDType

_INSTRUCTIONS: dict[str, Any] = {opcode.code: opcode for opcode in pickletools.opcodes}
_NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
_TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING"} | {  # those of Python 2, and those of Python 3
    "UNICODE",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
}
_BYTES = {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_PUSHED = _NUMBERS | _TEXTS | _BYTES


def read_pickle(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the dictionary in a pickle of protocol 0 to 5, of Python 2 or 3, of any NumPy.

    Returns
    -------
    dict of str to object
        Arrays are in the computer's byte order; other values may be numbers, texts, bytes,
        dictionaries, lists and tuples.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When the pickle is damaged or holds no dictionary; when it names anything but the parts of
        an array of numbers, before anything has been done with the name.
    """
    content = Path(path).read_bytes()
    interpreter = _Interpreter(limit=len(content))
    file = io.BytesIO(content)
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes that no true pickle has
            value = interpreter.run(file)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError) as error:
        raise ValueError(f"it is damaged: {type(error).__name__}: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"it must hold a dictionary; got {type(value).__name__}")
    return {key: v.array if isinstance(v, PendingArray) else v for key, v in value.items()}


class _Interpreter:
    """A stack, the stacks below its marks, and values remembered by number.

    All that it makes of bytes in the file has no more bytes than `limit`.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.made = limit, 0
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def run(self, file: io.BytesIO) -> Any:
        """Follow the instructions up to the stop, and return the top of the stack."""
        while (code := file.read(1)) != b".":
            if not code:
                raise ValueError(f"it must end with a stop; it is cut off at byte {file.tell()}")
            opcode = _INSTRUCTIONS.get(code.decode("latin-1"))
            if opcode is None:
                raise ValueError(f"it is damaged: no instruction {code!r}, at {file.tell() - 1}")
            if opcode.name == "STRING":
                argument: Any = _quoted(file)
            else:
                argument = opcode.arg.reader(file) if opcode.arg else None
            self.do(opcode.name, argument)
        return self.stack.pop()

    def do(self, name: str, argument: Any) -> None:
        """Follow one instruction."""
        stack = self.stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case _ if name in _PUSHED:
                stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "EMPTY_DICT" | "EMPTY_LIST" | "EMPTY_TUPLE":
                stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}[name]())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self.take(int(name[-1]))))
            case "MARK":
                self.below.append(stack)
                self.stack = []
            case "TUPLE" | "LIST" | "DICT":
                items = self.take_marked()
                makers: dict[str, Any] = {"TUPLE": tuple, "LIST": list, "DICT": _dictionary}
                self.stack.append(makers[name](items))
            case "APPEND" | "APPENDS":
                items = self.take(1) if name == "APPEND" else self.take_marked()
                self.top(list).extend(items)
            case "SETITEM" | "SETITEMS":
                items = self.take(2) if name == "SETITEM" else self.take_marked()
                _add(self.top(dict), _dictionary(items))
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "GLOBAL":
                stack.append(_resolve(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                stack.append(_resolve(*self.take(2)))
            case "REDUCE":
                function, arguments = self.take(2)
                stack.append(function(*arguments))
                self.count(stack[-1])
            case "BUILD":
                (state,) = self.take(1)
                built = self.top(PendingArray, PickledDType)
                built.build(state)
                self.count(getattr(built, "array", None))
            case _:
                what = f"{name} {argument.replace(' ', '.')}" if name == "INST" else name
                raise ValueError(f"it asks for {what}, which plain arrays never need")

    def count(self, made: Any) -> None:
        """Count the bytes of what was made: a file that asks for more than it holds repeats itself.

        A text of protocol 0 to 2 becomes bytes, and these an array: each byte counts twice.
        """
        self.made += len(made) if isinstance(made, bytes) else getattr(made, "nbytes", 0)
        if self.made > 2 * self.limit:
            raise ValueError(f"its arrays must fit into its own {self.limit:,} bytes")

    def take(self, count: int) -> list[Any]:
        """Take the last `count` values from the stack."""
        if len(self.stack) < count:
            raise IndexError("the stack is empty")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def take_marked(self) -> list[Any]:
        """Take all that is above the last mark, and the mark."""
        items, self.stack = self.stack, self.below.pop()
        return items

    def top(self, *kinds: type) -> Any:
        """Return the value on top of the stack, which must be of one of these types."""
        if not isinstance(self.stack[-1], kinds):
            raise TypeError(f"{type(self.stack[-1]).__name__} in place of {kinds[0].__name__}")
        return self.stack[-1]


def _resolve(module: Any, name: Any) -> Any:
    """Return what a name stands for here; nothing is ever imported."""
    if not (isinstance(module, str) and isinstance(name, str)):
        raise TypeError("a name must be a text")
    if (module, name) not in NAMES:
        shown = f"{module}.{name}".encode("unicode_escape").decode()  # no terminal's escapes
        raise ValueError(f"it names {shown}, which is refused; nothing of it was run")
    return NAMES[module, name]


def _dictionary(items: list[Any]) -> dict[str, Any]:
    """Return the dictionary of keys and values in turn; keys are texts, which are safe to hash."""
    keys, values = items[::2], items[1::2]
    for key in keys:
        if not isinstance(key, str):
            raise ValueError(f"names must be texts; got {type(key).__name__}")
    found: dict[str, Any] = {}
    for key, value in zip(keys, values, strict=True):
        _add(found, {key: value})
    return found


def _add(found: dict[str, Any], more: dict[str, Any]) -> None:
    for key in more:
        if key in found:
            raise ValueError(f"each name must stand there once; got `{key}` twice")
    found.update(more)


def _quoted(file: io.BytesIO) -> str:
    """Read the quoted bytes that protocol 0 of Python 2 writes, one character a byte."""
    content = pickletools.read_stringnl(file, decode=False)
    assert isinstance(content, bytes)
    return content.decode("unicode_escape")

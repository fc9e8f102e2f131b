"""Which functions and keywords of the array namespace a source uses, read from its text."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import backends
import backprop

INFO = "__array_namespace_info__"


class Use(NamedTuple):
    """A name in the namespace, how many positional arguments it is given, and which keywords.

    `arguments` is None for what is looked up and not called, or given ``*arguments``.
    """

    name: str
    arguments: int | None = None
    keywords: frozenset[str] = frozenset()


def sources() -> Iterator[Path]:
    """Yield the files of both packages, without the adaptors of other libraries than CuPy."""
    for package in (backprop, backends):
        for path in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            if path.parent.name != "libraries" or path.stem in ("__init__", "library", "cupy"):
                yield path


def uses(source: str) -> Iterator[Use]:
    """Yield what a source asks of a namespace: of `xp`, of ``backend.xp``, of ``namespace(x)``.

    Raises
    ------
    ValueError
        When a namespace is given another name, or asked for a computed one: then nothing can be
        read here.
    """
    nodes = list(ast.walk(ast.parse(source)))
    calls = {node.func: node for node in nodes if isinstance(node, ast.Call)}
    infos: set[str] = set()  # what the answer of `INFO` is called
    for target, value in _assignments(nodes):
        if isinstance(value, ast.Call) and _name(value.func, infos) == INFO:
            infos.add(ast.unparse(target))
        elif _is_namespace(value) and not _is_namespace(target):
            raise ValueError(f"a namespace must be called xp; got {ast.unparse(target)}")
    for node in nodes:
        if isinstance(node, ast.Attribute) and (name := _name(node, infos)):
            yield _use(name, calls.get(node))
        elif isinstance(node, ast.Call) and _is_computed(node):
            raise ValueError(f"a name in a namespace must stand there; got {ast.unparse(node)}")


def _assignments(nodes: list[ast.AST]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each target and its value, those of tuples one by one."""
    for node in nodes:
        if isinstance(node, ast.NamedExpr | ast.AnnAssign) and node.value is not None:
            yield node.target, node.value
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value


def _is_namespace(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).rpartition(".")[2] == "namespace"
    if isinstance(node, ast.Name | ast.Attribute):
        return ast.unparse(node).rpartition(".")[2] in ("xp", "_xp")
    return False


def _is_computed(call: ast.Call) -> bool:
    """Tell whether a call is `getattr` of a namespace, and nothing is said of a missing name."""
    is_getattr = ast.unparse(call.func) == "getattr" and len(call.args) == 2
    return is_getattr and _is_namespace(call.args[0])


def _name(node: ast.expr, infos: set[str]) -> str:
    """Return the dotted name that an attribute has in a namespace; empty if it is in none."""
    if not isinstance(node, ast.Attribute):
        return ""
    owner = node.value.value if isinstance(node.value, ast.NamedExpr) else node.value
    if _is_namespace(owner):
        return node.attr
    if isinstance(owner, ast.Call) and _name(owner.func, infos) == INFO:
        return f"{INFO}().{node.attr}"
    if ast.unparse(owner) in infos:
        return f"{INFO}().{node.attr}"
    outer = _name(owner, infos)
    return f"{outer}.{node.attr}" if outer else ""


def _use(name: str, call: ast.Call | None) -> Use:
    if call is None:
        return Use(name)
    some = any(isinstance(argument, ast.Starred) for argument in call.args)
    keywords = frozenset(keyword.arg for keyword in call.keywords if keyword.arg)
    return Use(name, None if some else len(call.args), keywords)

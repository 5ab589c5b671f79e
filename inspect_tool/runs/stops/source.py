"""Where in a module's syntax tree to stop, and the tree with the stops put in.

A stop is a call of ``debugpy.breakpoint()`` before a statement, numbered as the line above it: the
debugger then shows the statement itself, in the frame of the function that is being debugged.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

At = Literal["start", "masking", "optimizer step", "loss known"]

_HOOK = "inspect_tool.runs.stops.hook"
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return)
_IGNORED = frozenset({"IGNORE_TOKEN_ID", "IGNORE_INDEX"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Rule:
    """A stop, the files that it may be in (glob patterns), the functions, and where in them."""

    stop: str
    files: tuple[str, ...]
    functions: str
    at: At = "start"


@dataclass(frozen=True)
class Spot:
    """A statement to stop before: it is ``body[index]``. ``value`` names a variable to look at."""

    stop: str
    function: str
    body: list[ast.stmt]
    index: int
    value: str | None = None

    @property
    def line(self) -> int:
        """The statement's 1-based line."""
        return self.body[self.index].lineno


def spots(tree: ast.Module, rules: Iterable[Rule]) -> Iterator[Spot]:
    """Yield every statement of ``tree`` that one of ``rules`` stops before."""
    wanted = tuple(rules)
    for name, function in _functions(tree, ""):
        for rule in wanted:
            if re.fullmatch(rule.functions, name):
                yield from _in_function(rule, name, function)


def line_to_stop(tree: ast.Module, line: int) -> int | None:
    """Return the line of the statement that holds ``line``, else of the next; None at the end."""
    statements = sorted((body[i] for body, i in _statements(tree)), key=lambda node: node.lineno)
    holding = [
        node.lineno
        for node in statements
        if isinstance(node, _SIMPLE) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    following = [node.lineno for node in statements if node.lineno >= line]
    return next(iter([*holding, *following]), None)


def with_stops(tree: ast.Module, rules: Iterable[Rule], lines: Iterable[int]) -> bool:
    """Put the stops into ``tree``, in place; tell whether there are any."""
    found = [*spots(tree, rules), *_at_lines(tree, frozenset(lines))]
    inserted: set[tuple[int, int]] = set()
    for spot in sorted(found, key=lambda item: item.index, reverse=True):
        place = (id(spot.body), spot.index)
        if place not in inserted:
            spot.body.insert(spot.index, _call(spot))
            inserted.add(place)
    return bool(inserted)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{prefix}{child.name}", child
        named = isinstance(child, ast.ClassDef | Function)
        inner = f"{prefix}{child.name}." if isinstance(child, ast.ClassDef | Function) else prefix
        if named or isinstance(child, ast.stmt):
            yield from _functions(child, inner)


def _in_function(rule: Rule, name: str, function: Function) -> Iterator[Spot]:
    if rule.at == "start":
        first = function.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        index = 1 if documented and len(function.body) > 1 else 0
        yield Spot(rule.stop, name, function.body, index)
        return
    for body in _bodies(function):
        for index, statement in enumerate(body):
            if rule.at == "loss known":
                loss = _loss_of(body[index - 1]) if index else None
                if loss:
                    yield Spot(rule.stop, name, body, index, value=loss)
            elif _masks(statement) if rule.at == "masking" else _steps(statement):
                yield Spot(rule.stop, name, body, index)


def _bodies(function: Function) -> Iterator[list[ast.stmt]]:
    """Yield the lists of statements in a function, not those of functions and classes inside."""
    pending: list[ast.AST] = [function]
    while pending:
        node = pending.pop()
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body
                pending += [s for s in body if not isinstance(s, ast.ClassDef | Function)]
        pending += getattr(node, "handlers", [])


def _masks(statement: ast.stmt) -> bool:
    """Tell whether a statement writes labels that are ignored, or a mask of what is trained."""
    if not isinstance(statement, _SIMPLE):
        return False
    if isinstance(statement, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "completion_mask"
        for target in statement.targets
    ):
        return True
    return not _is_text(statement) and any(_is_ignored(node) for node in ast.walk(statement))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_ignored(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _IGNORED
    return (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and node.operand.value == 100
    )


def _steps(statement: ast.stmt) -> bool:
    """Tell whether a statement is ``….optimizer.step()``."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr == "step"
        and isinstance(value.func.value, ast.Attribute)
        and value.func.value.attr == "optimizer"
    )


def _loss_of(statement: ast.stmt) -> str | None:
    """Return the name that a statement, or one inside it, gives to compute_loss's result."""
    for node in ast.walk(statement) if isinstance(statement, ast.With | ast.Assign) else ():
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called, target = node.value.func, node.targets[0]
            if isinstance(called, ast.Attribute) and called.attr == "compute_loss":
                return target.id if isinstance(target, ast.Name) else None
    return None


def _at_lines(tree: ast.Module, lines: frozenset[int]) -> Iterator[Spot]:
    for body, index in _statements(tree):
        if body[index].lineno in lines:
            yield Spot(f"line {body[index].lineno}", "", body, index)


def _statements(tree: ast.Module) -> Iterator[tuple[list[ast.stmt], int]]:
    """Yield every statement that another one may be put before.

    That is none of the docstrings, and nothing above ``from __future__ import``.
    """
    futures = [i for i, node in enumerate(tree.body) if _is_future(node)]
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | Function)
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if not isinstance(body, list) or not body or not isinstance(body[0], ast.stmt):
                continue
            first = 1 if documented and _is_text(body[0]) else 0
            if node is tree and futures:
                first = futures[-1] + 1
            yield from ((body, index) for index in range(first, len(body)))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _call(spot: Spot) -> ast.stmt:
    value = f", {spot.value}" if spot.value else ""
    hook = f"__import__({_HOOK!r}, fromlist=['due']).due({spot.stop!r}{value})"
    statement = ast.parse(f"{hook} and __import__('debugpy').breakpoint()").body[0]
    above = max(1, spot.line - 1)
    for node in ast.walk(statement):
        if isinstance(node, ast.expr | ast.stmt):
            node.lineno = node.end_lineno = above
            node.col_offset = node.end_col_offset = 0
    return statement

"""Smaller programs that still fail: statements left out, blocks opened, expressions replaced by their parts."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.programs import RandomProgram

BLOCKS = ("body", "orelse", "finalbody")


def shrink(program: RandomProgram, fails: Callable[[RandomProgram], bool]) -> RandomProgram:
    """The smallest program found by leaving out parts of `program` for which `fails` still holds."""
    while True:
        for smaller in candidates(program):
            if fails(smaller):
                program = smaller
                break
        else:
            return program


def candidates(program: RandomProgram) -> Iterator[RandomProgram]:
    """Programs with one part less, the largest parts first."""
    tree = ast.parse(program.text)
    for change in [*_without_parameters(program, tree), *_without_statements(tree), *_without_expressions(tree)]:
        smaller = copy.deepcopy(tree)
        given = change(smaller)
        try:
            text = ast.unparse(ast.fix_missing_locations(smaller)) + "\n"
        except (ValueError, AttributeError):
            continue
        if len(text) < len(program.text):
            yield replace(program, text=text, **(given or {}))
    if program.shapes:
        yield replace(program, shapes="")
    for name in program.wrt if len(program.wrt) > 1 else ():
        yield replace(program, wrt=tuple(n for n in program.wrt if n != name))


def _nodes(tree: ast.AST) -> list[ast.AST]:
    return list(ast.walk(tree))


def _without_parameters(program: RandomProgram, tree: ast.Module) -> Iterator[Callable[[ast.Module], Any]]:
    """Without one parameter that nothing is differentiated by."""
    names = program.parameters
    for i, name in enumerate(names):
        if name in program.wrt or f" {name}" in program.shapes or program.shapes.startswith(name):
            continue

        def change(smaller: ast.Module, i: int = i) -> Any:
            f = smaller.body[-1]
            del f.args.args[i]  # type: ignore[attr-defined]
            return {
                "parameters": [n for k, n in enumerate(names) if k != i],
                "args": [x for k, x in enumerate(program.args) if k != i],
            }

        yield change


def _without_statements(tree: ast.Module) -> Iterator[Callable[[ast.Module], Any]]:
    """Without one statement, or with its block in its place."""
    for k, node in enumerate(_nodes(tree)):
        for field in BLOCKS:
            block = getattr(node, field, None)
            if not isinstance(block, list):
                continue
            for i in range(len(block)):
                for inner in (None, *BLOCKS):
                    if inner is not None and not isinstance(getattr(block[i], inner, None), list):
                        continue

                    def change(
                        smaller: ast.Module, k: int = k, field: str = field, i: int = i, inner: Any = inner
                    ) -> None:
                        block = getattr(_nodes(smaller)[k], field)
                        block[i : i + 1] = getattr(block[i], inner) if inner else []
                        if not block and field == "body":
                            block.append(ast.Pass())

                    yield change


def _without_expressions(tree: ast.Module) -> Iterator[Callable[[ast.Module], Any]]:
    """With an operand in the place of an expression, or a number."""
    for k, node in enumerate(_nodes(tree)):
        for field, value in ast.iter_fields(node):
            places: list[Any] = list(range(len(value))) if isinstance(value, list) else [None]
            for place in places:
                part = value if place is None else value[place]
                if not isinstance(part, ast.expr) or isinstance(getattr(part, "ctx", None), ast.Store):
                    continue
                parts = [child for child in ast.iter_child_nodes(part) if isinstance(child, ast.expr)]
                for new in [*parts, ast.Constant(0.5)]:

                    def change(
                        smaller: ast.Module, k: int = k, field: str = field, place: Any = place, new: Any = new
                    ) -> None:
                        owner = _nodes(smaller)[k]
                        if place is None:
                            setattr(owner, field, copy.deepcopy(new))
                        else:
                            getattr(owner, field)[place] = copy.deepcopy(new)

                    yield change

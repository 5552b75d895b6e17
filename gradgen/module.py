"""The module around a gradient: header, docstring, imports, constants, and the helper functions that travel along."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import re
import sys
from typing import Any

import numpy as np

from .constants import named_fields
from .errors import GradgenError
from .source import Function
from .syntax import dotted, literal
from .writer import Blank, Raw

FORMAT = 1
"""Rises with every change that alters what is written."""


def names_in(body: list[Any]) -> set[str]:
    """Every name that the statements mention."""
    found: set[str] = set()
    todo: list[Any] = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        if isinstance(node, Raw):
            found |= set(re.findall(r"\w+", node.text))
        if hasattr(node, "statement"):
            todo.append(node.statement)
        if isinstance(node, ast.AST):
            for _, child in ast.iter_fields(node):
                todo += child if isinstance(child, list) else [child]
    return found


def constant_syntax(x: Any) -> ast.expr | None:
    """The syntax of a constant from outside; None where it is too large or has none."""
    if isinstance(x, dict):
        keys, values = [literal(k) for k in x], [constant_syntax(v) for v in x.values()]
        return None if None in keys or None in values else ast.Dict(keys, values)  # type: ignore[arg-type]
    return literal(x)


def class_statement(name: str, cls: Any) -> ast.stmt:
    """The definition of a class like one of the user's, for results to be made of: of the same name and fields."""
    if issubclass(cls, tuple):
        maker, fields = "collections.namedtuple", named_fields(cls)
    else:
        maker, fields = "dataclasses.make_dataclass", tuple(f.name for f in dataclasses.fields(cls))
    names = ast.List([ast.Constant(field) for field in fields], ast.Load())
    return ast.Assign([ast.Name(name, ast.Store())], ast.Call(dotted(maker), [ast.Constant(cls.__name__), names], []))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def body_digest(text: str) -> str:
    """The digest of a module's text past its header, white space left out."""
    lines = text.split("\n")
    body = [line for line in lines if not line.startswith("# gradgen: format")]
    return digest("".join("".join(body).split()))


def source_digest(functions: list[Function], constants: dict[str, Any], options: str) -> str:
    """The digest of all that a gradient was made from."""
    parts = [f.file.text(f.node) for f in functions]
    parts += [f"{name} = {ast.unparse(tree)}" for name, x in sorted(constants.items()) if (tree := constant_syntax(x))]
    return digest("\n".join([*parts, options, f"format {FORMAT}"]))


def constant_statements(
    constants: dict[str, Any], used: set[str], in_memory: bool
) -> tuple[list[ast.stmt], dict[str, Any]]:
    """Assignments for the constants that are used, and those that can only be bound by reference."""
    statements: list[ast.stmt] = []
    bound: dict[str, Any] = {}
    for name, x in constants.items():
        if name not in used:
            continue
        tree = constant_syntax(x)
        if tree is not None:
            statements.append(ast.Assign([ast.Name(name, ast.Store())], tree))
        elif in_memory:
            bound[name] = x
        else:
            what = f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else f"{type(x).__name__} object"
            raise GradgenError(
                f"the constant {name!r} ({what}) cannot be written into a module; pass it as an argument"
            )
    return statements, bound


def import_statements(modules: dict[str, str], used: set[str]) -> list[ast.stmt]:
    """NumPy, and what the user's own lines call, the standard library first."""
    wanted = sorted(m for m in modules if m.split(".")[0] in used)
    standard = [m for m in wanted if m.split(".")[0] in sys.stdlib_module_names]
    others = [m for m in wanted if m not in standard]
    out: list[ast.stmt] = [ast.Import([ast.alias(m, None)]) for m in standard]
    numpy: list[ast.stmt] = [ast.Import([ast.alias("numpy", "np")])] if "np" in used else []
    rest = numpy + [ast.Import([ast.alias(m, None)]) for m in others]
    return out + ([Blank()] if out and rest else []) + rest


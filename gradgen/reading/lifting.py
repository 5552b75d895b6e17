"""Functions inside functions that are written once: what they read of the function around them is passed to them.

This is lambda lifting (Johnsson, 1985): each free name becomes a parameter. Functions among the free names, the
function itself to begin with, stay what they are, and what those read from around is passed on as well.
"""

from __future__ import annotations

import ast
import copy
import symtable
from dataclasses import replace
from typing import Any

from ..source import Function
from ..terms import Closure, Term
from .names import Frame, Names


def lifted(names: Names, function: Function, frame: Frame) -> tuple[Function, dict[str, Term]] | None:
    """The function with a parameter for each free name, and what these mean; None where it cannot be lifted.

    frame: that of the function around it.
    """
    if not isinstance(function.node, ast.FunctionDef):
        return None
    if any(isinstance(part, ast.Nonlocal) for part in ast.walk(function.node)):
        return None
    found: dict[str, Term] = {}
    todo = [function.node]
    while todo:
        for name in sorted(_free_names(todo.pop()) - found.keys()):
            if not _is_local(name, frame):
                continue
            term = found[name] = names.lookup_from(frame, ast.copy_location(ast.Name(name, ast.Load()), function.node))
            if isinstance(term, Closure):
                if term.frame is not frame or term.defaults:
                    return None
                if any(isinstance(part, ast.Nonlocal) for part in ast.walk(term.node)):
                    return None
                todo.append(term.node)
    node = copy.copy(function.node)
    node.args = copy.copy(node.args)
    node.args.kwonlyargs = [*node.args.kwonlyargs, *(ast.copy_location(ast.arg(name), node) for name in found)]
    node.args.kw_defaults = [*node.args.kw_defaults, *[None] * len(found)]
    return replace(function, node=node, original=function.identity), found


def _is_local(name: str, frame: Frame | None) -> bool:
    """Whether a name means something in a function that is being read, rather than in a module."""
    while frame is not None:
        if name in frame.names or name in frame.shared or name in frame.cells:
            return True
        frame = frame.outer
    return False


def _free_names(node: ast.FunctionDef) -> set[str]:
    """The names that a function, or one inside it, reads from outside of it."""
    bare = copy.copy(node)
    bare.decorator_list, bare.returns = [], None
    module: Any = symtable.symtable(ast.unparse(bare), "<lifted>", "exec")
    found: set[str] = set()
    todo = list(module.get_children())
    while todo:
        table = todo.pop()
        todo += table.get_children()
        if isinstance(table, symtable.Function):
            found |= set(table.get_globals())
    return found

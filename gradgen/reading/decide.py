"""Conditions whose answer is known when the function is read: `c is None`, `x.ndim == 1`, `isinstance(x, float)`.

What decides is what is known of a parameter: that it is None, a number, or an array of so many dimensions. Where that
is declared or an argument of a call in memory, only the side that is taken is read.
"""

from __future__ import annotations

import ast

import numpy as np

from ..errors import UnsupportedError
from ..graph import Graph
from ..operators import PYTHON_COMPARE
from ..shapes import NONE, Type
from ..terms import Computed, Instance, Sequence, Static, Term
from .reader import Reader

SIZED = (len, np.ndim, np.shape, np.size)
"""Functions of which the answer may be known, and that do nothing else."""


def decided(program: Reader, node: ast.expr) -> bool | None:
    """Whether a condition holds, None where that is not known. Nothing is added to the graph."""
    match node:
        case ast.BoolOp():
            rest = shortened(program, node)
            return None if isinstance(rest, ast.BoolOp) else decided(program, rest)
        case ast.UnaryOp(op=ast.Not()):
            known = decided(program, node.operand)
            return None if known is None else not known
        case ast.Name() | ast.Constant() | ast.Attribute():
            return _truth(looked_at(program, node))
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
            known = _is_none(looked_at(program, left))
            return None if known is None else known == isinstance(op, ast.Is)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in PYTHON_COMPARE:
            a, b = size(program, left), size(program, right)
            return None if a is None or b is None else bool(PYTHON_COMPARE[type(op)](a, b))
        case ast.Call(func=func, args=[ast.Name() as first, *rest], keywords=[]):
            return _of_its_kind(program, func, program.read(first), rest)
    return None


def looked_at(program: Reader, node: ast.expr) -> Term | None:
    """What a name, an attribute or an item is, such as `self.bias`, without a trace in the graph; else None."""
    root = node
    while isinstance(root, ast.Attribute) or isinstance(root, ast.Subscript) and isinstance(root.slice, ast.Constant):
        root = root.value
    if not isinstance(root, (ast.Name, ast.Constant)):
        return None
    with program.inside(Graph("", program.graph.facts)):
        return program.read(node)


def truth(answer: bool) -> Static:
    """True or False as a term."""
    return Static(ast.Constant(answer), answer)


def shortened(program: Reader, node: ast.BoolOp) -> ast.expr:
    """`a and b`, `a or b` without the operands that are known to be passed over, or never come to be asked."""
    ends = isinstance(node.op, ast.Or)
    kept = []
    for part in node.values:
        known = decided(program, part)
        if known is None or known is ends or part is node.values[-1]:
            kept.append(part)
        if known is ends:
            break
    return kept[0] if len(kept) == 1 else ast.copy_location(ast.BoolOp(node.op, kept), node)


def size(program: Reader, node: ast.expr) -> int | None:
    """The integer that an expression of sizes is, such as `x.shape[0]`, `len(x.shape)`, `x.ndim`; None if not known."""
    if not _is_of_sizes(program, node):
        return None
    try:
        with program.inside(Graph("", program.graph.facts)):
            term = program.read(node)
    except UnsupportedError:
        return None
    found = term.value.type.size if isinstance(term, Computed) else term.obj if isinstance(term, Static) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _is_of_sizes(program: Reader, node: ast.expr) -> bool:
    """Whether an expression merely looks at sizes, so that to read it twice does no harm."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value, attr="shape" | "ndim" | "size"):
            return isinstance(value, ast.Name)
        case ast.Subscript(value=value, slice=ast.Constant() | ast.UnaryOp(operand=ast.Constant())):
            return _is_of_sizes(program, value)
        case ast.Call(func=ast.Name() | ast.Attribute(value=ast.Name()), args=[first], keywords=[]):
            term = program.read(node.func)
            return isinstance(term, Static) and any(term.obj is fn for fn in SIZED) and _is_of_sizes(program, first)
    return False


def _truth(term: Term | None) -> bool | None:
    """Whether an object that is known counts as true."""
    if isinstance(term, Static) and isinstance(term.obj, (type(None), bool, int, float, str)):
        return bool(term.obj)
    return False if isinstance(term, Computed) and term.value.type == NONE else None


def _is_none(term: Term | None) -> bool | None:
    if isinstance(term, Static):
        return term.obj is None
    if isinstance(term, (Instance, Sequence)):
        return False
    if not isinstance(term, Computed):
        return None
    return True if term.value.type == NONE else False if _is_number(term.value.type) else None


def _is_number(t: Type) -> bool:
    """Whether something is surely a number or an array of numbers."""
    return t.kind in ("int", "float", "bool", "complex") or _is_array(t)


def _is_array(t: Type) -> bool:
    """Whether something is surely an array of NumPy's with at least one dimension."""
    return t.kind != "object" and bool(t.ndim)


def _of_its_kind(program: Reader, func: ast.expr, term: Term, rest: list[ast.expr]) -> bool | None:
    """What `isinstance`, `hasattr`, `callable` and `np.isscalar` say; of a number without dimensions nobody knows
    whether it is Python's or NumPy's."""
    if not isinstance(func, (ast.Name, ast.Attribute)) or not isinstance(term, Computed):
        return None
    t, known = term.value.type, program.read(func)
    plain = (ast.Name, ast.Attribute, ast.Constant, ast.Tuple)
    asked = [x.obj for part in rest if isinstance(part, plain) and isinstance(x := program.read(part), Static)]
    if not isinstance(known, Static) or len(asked) != len(rest):
        return None
    if not (t == NONE or _is_array(t)):
        return False if known.obj is callable and _is_number(t) else None
    like = None if t == NONE else np.empty((0,) * int(t.ndim or 0))
    return bool(known.obj(like, *asked)) if known.obj in (isinstance, hasattr, callable, np.isscalar) else None

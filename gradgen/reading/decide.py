"""Conditions whose answer is known when the function is read: `c is None`, `x.ndim == 1`, `is_torch(x)`.

What decides is what is known of a parameter: that it is None, a number, or an array of so many dimensions. Where that
is declared or an argument of a call in memory, only the side that is taken is read.
"""

from __future__ import annotations

import ast
import functools
import operator
import types
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..operators import PYTHON_COMPARE
from ..source import unwrap
from ..terms import Sequence, Static, Term
from .looks import LOOKERS, PLAIN, UNKNOWN, classes, compare_sizes, known_object, known_size, known_sizes, truth_of
from .reader import Reader

PYTHON_MEMBER: dict[Any, Any] = {
    ast.In: lambda x, y: operator.contains(y, x),
    ast.NotIn: lambda x, y: not operator.contains(y, x),
}

PURE_LOOKS = (len, type, np.ndim, np.shape, np.size, *LOOKERS)
"""Functions of which the answer may be known, and that do nothing else."""
VALUES = (str, bytes, bool, int, float, complex, tuple, frozenset, range, type(None))
"""Classes whose instances stay as they are, so that their methods do nothing but answer."""
READERS = frozenset({"get", "index", "count", "issubset", "issuperset", "isdisjoint"})
"""Methods of lists, dictionaries and sets that merely look something up in them."""
FOLLOWED = (types.FunctionType, type(functools.lru_cache(len)))
"""What has a source, which may tell the answer; if it does anything else that is seen when it is read."""


def is_reading(fn: Any) -> bool:
    """Whether it is a method of a built-in object that merely reads what the object holds."""
    owner = getattr(fn, "__self__", None)
    if owner is None or not isinstance(fn, types.BuiltinMethodType):
        return False
    return type(owner) in VALUES or type(owner) in (dict, list, set) and fn.__name__ in READERS


def decided(program: Reader, node: ast.expr) -> bool | None:
    """Whether a condition holds, None where that is not known. Nothing is added to the graph."""
    match node:
        case ast.BoolOp():
            rest = shortened(program, node)
            if not isinstance(rest, ast.BoolOp) or rest in node.values:  # one alone is left
                return decided(program, rest)
            ends = isinstance(node.op, ast.Or)  # one that ends it tells, whatever those before it are
            only = all(_only_looks(program, part) for part in rest.values)
            return ends if only and decided(program, rest.values[-1]) is ends else None
        case ast.UnaryOp(op=ast.Not()):
            known = decided(program, node.operand)
            return None if known is None else not known
        case ast.Compare():
            return _compared(program, node)
    return truth_of(looked_at(program, node))


def looked_at(program: Reader, node: ast.expr) -> Term | None:
    """What an expression is that merely looks at something, such as `self.bias` or `x.shape[0]`, without a trace in the
    graph; None for any other."""
    if not _only_looks(program, node):
        return None
    try:
        with program.aside() as graph:
            term = program.read(node)
    except UnsupportedError:
        return None
    return None if any(made.effect for made in graph.nodes) else term


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


def _only_looks(program: Reader, node: ast.expr) -> bool:
    """Whether to read an expression twice does no harm."""
    match node:
        case ast.Name() | ast.Constant():
            return True
        case ast.Attribute(value=value):
            return _only_looks(program, value)
        case ast.Subscript(value=value, slice=index):
            return _only_looks(program, value) and _only_looks(program, index)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return not any(isinstance(part, (ast.NamedExpr, ast.Await)) for part in ast.walk(node))
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(_only_looks(program, item) for item in items)
        case ast.UnaryOp(operand=operand):
            return _only_looks(program, operand)
        case ast.BinOp(left=left, right=right):
            return _only_looks(program, left) and _only_looks(program, right)
        case ast.Compare(left=left, comparators=others):
            return all(_only_looks(program, part) for part in (left, *others))
        case ast.Call(func=ast.Name() | ast.Attribute() as func, args=args, keywords=[]):
            known = looked_at(program, func)
            if not isinstance(known, Static):
                return False
            plain = any(known.obj is fn for fn in PURE_LOOKS) or is_reading(known.obj)
            plain = plain or isinstance(unwrap(known.obj), FOLLOWED)
            return plain and all(_only_looks(program, part) for part in args)
    return False


def _compared(program: Reader, node: ast.Compare) -> bool | None:
    """A comparison, or several at once as in `a < b < c`."""
    terms = [looked_at(program, part) for part in (node.left, *node.comparators)]
    known = [
        None if a is None or b is None else _compared_terms(program, op, a, b)
        for op, a, b in zip(node.ops, terms, terms[1:], strict=False)
    ]
    return False if False in known else None if None in known else True


def _compared_terms(program: Reader, op: ast.cmpop, a: Term, b: Term) -> bool | None:
    if isinstance(op, (ast.Is, ast.IsNot)):
        same = _same(program, a, b)
        return None if same is None else same == isinstance(op, ast.Is)
    if isinstance(op, (ast.In, ast.NotIn)) and isinstance(b, Sequence) and b.kind is dict and isinstance(a, Static):
        if b.cell is not None and b.cell.loose:
            return None
        found = a.obj in b.keys
        return found == isinstance(op, ast.In)
    sizes = known_size(a), known_size(b)
    if None not in sizes and type(op) in PYTHON_COMPARE:
        return compare_sizes(program.graph.facts, op, *sizes)  # type: ignore[arg-type]
    x, y = known_object(a), known_object(b)
    if x is not UNKNOWN and y is not UNKNOWN and type(op) in PYTHON_MEMBER | PYTHON_COMPARE:
        try:
            return bool((PYTHON_MEMBER | PYTHON_COMPARE)[type(op)](x, y))
        except (TypeError, ValueError):
            return None
    equal = _equal(program, a, b)
    return equal if equal is None or isinstance(op, ast.Eq) else not equal if isinstance(op, ast.NotEq) else None


def _same(program: Reader, a: Term, b: Term) -> bool | None:
    """Whether two terms are the same object."""
    cells = program.cell_of(a), program.cell_of(b)
    if None not in cells:
        return True if cells[0] is cells[1] else None if cells[0].origins & cells[1].origins else False
    if isinstance(a, Static) and isinstance(b, Static):
        shared = a.obj is None or isinstance(a.obj, (bool, type, type(Ellipsis))) or callable(a.obj)
        return a.obj is b.obj if shared or type(a.obj) is not type(b.obj) else None
    for one, other in ((a, b), (b, a)):
        if isinstance(other, Static) and (other.obj is None or isinstance(other.obj, (bool, type, type(Ellipsis)))):
            found = classes(program, one)
            if found is not None and type(other.obj) not in found:
                return False
            if found == (type(None),):
                return other.obj is None
    return None


def _equal(program: Reader, a: Term, b: Term) -> bool | None:
    """Whether two terms are equal where their sizes or their classes tell."""
    one, other = known_sizes(a), known_sizes(b)
    if one is not None and other is not None:
        if len(one) != len(other):
            return False
        known = [compare_sizes(program.graph.facts, ast.Eq(), m, n) for m, n in zip(one, other, strict=True)]
        return False if False in known else None if None in known else True
    for text, number in ((a, b), (b, a)):
        if isinstance(text, Static) and isinstance(text.obj, (str, type(None))):
            found = classes(program, number)
            if found is not None and np.ndarray not in found and all(cls in PLAIN for cls in found):
                return False if type(text.obj) not in found else None
    return None

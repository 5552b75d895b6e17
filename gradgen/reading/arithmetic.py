"""Operators and comparisons."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..constants import const_type
from ..graph import OPERATIONS, Value
from ..operators import BINARY, COMPARE, PYTHON_BINARY, PYTHON_COMPARE, PYTHON_UNARY, UNARY
from ..sequences import sequence_type
from ..shapes import OBJECT, Type, dim_add, dim_mul
from ..syntax import literal, numpy_path
from ..terms import Computed, Sequence, Static, Term, flatten, may_be_none, sequence, written_out
from .decide import decided, looked_at, truth
from .looks import known_size
from .opaque import Opaque
from .special import operated


class Arithmetic(Opaque):
    """The part of a `Program` that reads operators."""

    def binary(self, node: ast.BinOp, left: Term, right: Term) -> Term:
        """`left op right`, both having been read."""
        tree = ast.BinOp(left.ast, node.op, right.ast)
        if isinstance(left, Static) and isinstance(right, Static):
            known = self.evaluate(PYTHON_BINARY[type(node.op)], [left, right], {}, tree, node)
            return self.made_here(known) if isinstance(known, Static) and type(known.obj) is list else known
        made = operated(self, node, left, right, tree) or self._of_sequences(node, left, right, tree)
        if made is not None:
            return made
        if BINARY[type(node.op)] not in OPERATIONS:
            return self.opaque_term(tree, node)
        left, right = self._array_beside(left, right, node), self._array_beside(right, left, node)
        tree = ast.BinOp(left.ast, node.op, right.ast)
        if any(isinstance(t, Computed) and t.value.type.kind == "object" for t in (left, right)):
            return self.opaque_term(tree, node)
        term = self.apply(OPERATIONS[BINARY[type(node.op)]], [left, right], {}, tree, node)
        if isinstance(term, Computed):
            self._scalar_facts(term.value, node.op)
        return term

    def _of_sequences(self, node: ast.BinOp, left: Term, right: Term, tree: ast.expr) -> Term | None:
        """What an operator makes of tuples or lists, as Python has it; None where NumPy makes an array of them."""
        one, other = as_sequence(left), as_sequence(right)
        if isinstance(node.op, ast.BitOr) and one is not None and one.kind is dict:
            found = self.entries([left], {}, node) | self.entries([right], {}, node)
            return sequence(dict, list(found.values()), tuple(found))
        if isinstance(node.op, ast.Add) and one is not None and other is not None:
            if one.kind is not other.kind:
                raise self.error(f"a {one.kind.__name__} and a {other.kind.__name__} cannot be joined", node)
            return sequence(one.kind, one.items + other.items)
        if isinstance(node.op, ast.Add) and all(map(_is_list_of_any_length, (left, right))):
            with self.names_aside():
                stars = [ast.copy_location(ast.Starred(self.hidden(t), ast.Load()), node) for t in (left, right)]
                return self.with_stars(list, [*stars])
        sequences, others = [s for s in (one, other) if s is not None], [left, right]
        plain = [t for t, s in zip(others, (one, other), strict=True) if s is None]
        if len(sequences) != 1 or not isinstance(node.op, (ast.Add, ast.Mult)):
            return None
        [s], [rest] = sequences, plain
        times = known_size(rest)
        if isinstance(times, int) and isinstance(node.op, ast.Mult):
            return sequence(s.kind, s.items * times)
        if isinstance(rest, Computed) and rest.value.type.kind == "object":
            return self.opaque_term(tree, node, self._joined_type(left, right, node.op))
        t = rest.value.type if isinstance(rest, Computed) else const_type(getattr(rest, "obj", None))
        if t.ndim or t.kind == "float":
            return None
        what = f"what this makes of a {s.kind.__name__} depends on what is not known when the gradient is written"
        raise self.error(what, node, "use an array, as `np.zeros(n)`, or a list that grows by `append`")

    def _array_beside(self, term: Term, other: Term, at: ast.AST) -> Term:
        """A list of numbers as the array that NumPy makes of it where the other operand is an array."""
        items = term.value.type.of if isinstance(term, Computed) else None
        beside = isinstance(other, Computed) and bool(other.value.type.ndim) and as_sequence(other) is None
        beside = beside or isinstance(other, Static) and isinstance(other.obj, np.ndarray)
        if items is None or items.kind == "object" or not beside:
            return term
        made = ast.Call(numpy_path("array"), [term.ast], [])
        return self.apply(OPERATIONS[np.array], [term], {}, made, at)

    def _joined_type(self, left: Term, right: Term, op: ast.operator) -> Type:
        """What is known of a tuple that is made of another, such as `x.shape + (3,)`."""
        types = [const_type(t.obj) if isinstance(t, Static) else self.value(t).type for t in (left, right)]
        if not isinstance(op, ast.Add) or any(t.items is None for t in types):
            return OBJECT
        return sequence_type(tuple(item for t in types for item in t.items or ()))

    def _scalar_facts(self, out: Value, op: ast.operator) -> None:
        """Sizes stay known through integer arithmetic; an operator on Python scalars may give one again."""
        a, b = [v.type for v in out.node.inputs[:2]]  # type: ignore[union-attr]
        size = None
        if a.size is not None and b.size is not None:
            if isinstance(op, ast.Add):
                size = dim_add(a.size, b.size)
            elif isinstance(op, ast.Sub):
                size = dim_add(a.size, b.size, -1)
            elif isinstance(op, ast.Mult):
                size = dim_mul(a.size, b.size)
            elif isinstance(op, ast.FloorDiv) and isinstance(a.size, int) and isinstance(b.size, int) and b.size:
                size = a.size // b.size
        array = a.array or b.array or (a.ndim or 0) > 0 or (b.ndim or 0) > 0
        out.type = out.type.but(size=size, array=array)

    def entries(self, args: list[Term], kwargs: dict[str, Term], at: ast.AST) -> dict[Any, Term]:
        """What a dict is made of."""
        raise NotImplementedError

    def unary(self, node: ast.UnaryOp) -> Term:
        """`-x`, `not x` and the like."""
        term = self.read(node.operand)
        tree = ast.UnaryOp(node.op, term.ast)
        if isinstance(term, Static):
            return self.evaluate(PYTHON_UNARY[type(node.op)], [term], {}, tree, node)
        if isinstance(node.op, ast.Not):
            return self.opaque_term(tree, node, Type("bool", ()))
        made = self.apply(OPERATIONS[UNARY[type(node.op)]], [term], {}, tree, node)
        if isinstance(made, Computed):
            t = self.value(term).type
            made.value.type = made.value.type.but(array=t.array or bool(t.ndim))
        return made

    def none_told(self, node: ast.Compare) -> Term | None:
        """`t is None` of a tuple or another container that may be None: one of its items tells; else None."""
        other = node.comparators[0]
        tells = len(node.ops) == 1 and isinstance(node.ops[0], (ast.Is, ast.IsNot))
        if not (tells and isinstance(other, ast.Constant) and other.value is None):
            return None
        term = looked_at(self, node.left)
        if term is None or not may_be_none(term):
            return None
        return self.none_test(self.read(node.left), node.ops[0], node)

    def none_test(self, term: Term, op: ast.cmpop, node: ast.AST) -> Term:
        """Whether a container that may be None is, by one of its items."""
        leaf = next(leaf for leaf in flatten(term) if isinstance(leaf, Computed))
        tree = ast.Compare(leaf.ast, [op], [ast.Constant(None)])
        return self.opaque_term(tree, node, Type("bool", ()))

    def compare(self, node: ast.Compare) -> Term:
        """A comparison; one of several at once, as in `a < b < c`, is passed on where its answer is not known."""
        known = decided(self, node)
        if known is not None:
            return truth(known)
        told = self.none_told(node)
        if told is not None:
            return told
        if len(node.ops) == 1 and type(node.ops[0]) in COMPARE and COMPARE[type(node.ops[0])] in OPERATIONS:
            left, right = self.read(node.left), self.read(node.comparators[0])
            tree = ast.Compare(left.ast, node.ops, [right.ast])
            if isinstance(left, Static) and isinstance(right, Static):
                return self.evaluate(PYTHON_COMPARE[type(node.ops[0])], [left, right], {}, tree, node)
            if _number_like(left) and _number_like(right):
                made = self.apply(OPERATIONS[COMPARE[type(node.ops[0])]], [left, right], {}, tree, node)
                if isinstance(made, Computed):  # of two of Python's numbers it is one of Python's truth values
                    types = [v.type for v in made.value.node.inputs]  # type: ignore[union-attr]
                    made.value.type = made.value.type.but(array=any(t.array or t.ndim for t in types))
                return made
            return self.opaque_term(tree, node, Type("bool", ()))
        return self.opaque_expression(node, Type("bool", ()))


def _is_list_of_any_length(term: Term) -> bool:
    """Whether a term is a list, written out or not."""
    if isinstance(term, Computed):
        return term.value.type.of is not None and term.value.type.form is None
    known = as_sequence(term)
    return known is not None and known.kind is list


def as_sequence(term: Term) -> Sequence | None:
    """A tuple or list as one whose items are known one by one."""
    if isinstance(term, Static) and type(term.obj) in (tuple, list):
        known = written_out(term)
        if known is None:
            known = [Static(tree, x) for x in term.obj if (tree := literal(x)) is not None]
        return sequence(type(term.obj), known) if len(known) == len(term.obj) else None
    return term if isinstance(term, Sequence) else None


def _number_like(term: Term) -> bool:
    """Whether NumPy can compare it as numbers."""
    if isinstance(term, Static):
        return not isinstance(term.obj, (str, type(None)))
    return isinstance(term, Computed) and term.value.type.kind != "object"

"""Operators and comparisons."""

from __future__ import annotations

import ast

from ..graph import OPERATIONS, Value
from ..operators import BINARY, COMPARE, PYTHON_BINARY, PYTHON_COMPARE, PYTHON_UNARY, UNARY
from ..shapes import Type, dim_add, dim_mul
from ..terms import Computed, Sequence, Static, Term, sequence
from .decide import decided, truth
from .opaque import Opaque


class Arithmetic(Opaque):
    """The part of a `Program` that reads operators."""

    def binary(self, node: ast.BinOp, left: Term, right: Term) -> Term:
        """`left op right`, both having been read."""
        tree = ast.BinOp(left.ast, node.op, right.ast)
        if isinstance(left, Static) and isinstance(right, Static):
            return self.evaluate(PYTHON_BINARY[type(node.op)], [left, right], {}, tree, node)
        if isinstance(left, Sequence) and isinstance(right, Sequence) and isinstance(node.op, ast.Add):
            return sequence(left.kind, left.items + right.items)
        if BINARY[type(node.op)] not in OPERATIONS:
            return self.opaque_term(tree, node)
        if any(isinstance(t, Computed) and t.value.type.kind == "object" for t in (left, right)):
            return self.opaque_term(tree, node)
        term = self.apply(OPERATIONS[BINARY[type(node.op)]], [left, right], {}, tree, node)
        if isinstance(term, Computed):
            self._scalar_facts(term.value, node.op)
        return term

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

    def compare(self, node: ast.Compare) -> Term:
        """A comparison; one of several at once, as in `a < b < c`, is passed on."""
        if len(node.ops) == 1 and type(node.ops[0]) in COMPARE and COMPARE[type(node.ops[0])] in OPERATIONS:
            left, right = self.read(node.left), self.read(node.comparators[0])
            tree = ast.Compare(left.ast, node.ops, [right.ast])
            if isinstance(left, Static) and isinstance(right, Static):
                return self.evaluate(PYTHON_COMPARE[type(node.ops[0])], [left, right], {}, tree, node)
            if _number_like(left) and _number_like(right):
                return self.apply(OPERATIONS[COMPARE[type(node.ops[0])]], [left, right], {}, tree, node)
            return self.opaque_term(tree, node, Type("bool", ()))
        known = decided(self, node)
        return self.opaque_expression(node, Type("bool", ())) if known is None else truth(known)


def _number_like(term: Term) -> bool:
    """Whether NumPy can compare it as numbers."""
    if isinstance(term, Static):
        return not isinstance(term.obj, (str, type(None)))
    return isinstance(term, Computed) and term.value.type.kind != "object"

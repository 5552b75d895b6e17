"""Code that carries no derivative: it need not be understood, and is passed on as it is written."""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Set
from typing import Any

import numpy as np

from ..constants import plain_fields
from ..graph import OPAQUE, OPERATIONS, Node, Value
from ..library import among
from ..shapes import OBJECT, Type
from ..syntax import Hole, Verbatim, parameters_of, rebuilt
from ..terms import Cell, Closure, Computed, Instance, Ref, Sequence, Static, references
from .names import Names
from .refusals import reads_only, refuse_writes, unknown
from .writers import writes_arguments

PURE = {len, isinstance, range, tuple, list, str, repr, min, max, sorted, enumerate, zip, type, hasattr, slice, sum,
        abs, float, int, bool, round, any, all, divmod, complex, pow, np.shape, np.ndim, np.size, np.errstate,
        np.result_type, np.isscalar, np.iscomplexobj, np.issubdtype}  # fmt: skip
"""Callables without effects that opaque code may use and that need not be kept when nobody reads the result."""


TELLING = {print, len, isinstance, hasattr, callable, str, repr, format, min, max, sum, any, all, sorted, float, int,
           bool, abs, round, type, id, hash}  # fmt: skip
"""Builtins that hold nothing of what they are given."""


class Opaque(Names):
    """The part of a `Program` that passes expressions on."""

    places: dict[Any, Any]

    def opaque_expression(self, node: ast.expr, type: Type | None = None) -> Computed:
        """An expression that is not looked into."""
        tree = self.opaque_syntax(node)
        return self.opaque_term(tree, node, type, effect=self._has_effect(node))

    def whole(self, term: Sequence) -> Value:
        return term.ast.value if isinstance(term.ast, Ref) else self.opaque_term(term.ast, term.ast, OBJECT).value

    def opaque_term(self, tree: ast.expr, node: ast.AST, type: Type | None = None, effect: bool = False) -> Computed:
        """An expression of which only the syntax is known, its operands being read already."""
        tree = self.with_functions_closed(tree)
        cells = self.name_classes(tree)
        inputs = dict.fromkeys(map(self.now, references(tree)))
        made = self.graph.add(OPAQUE, list(inputs))
        self.refuse_stale(list(inputs), node)
        made.effect = effect
        self.explain(made, node)
        made.outputs = [Value(self.graph, type or Type(), made)]
        for cell in cells:
            self.shown_by(cell, made.out)
        if is_no_array(tree):
            self.stand_ins[made.out] = "what is written here is no array, and what it holds is not known"
        return self.written(made, tree)

    def with_functions_closed(self, tree: Any) -> Any:
        """The tree with what the functions that are written in it read from around replaced by what that refers to.

        Raises UnsupportedError where it has a function of several statements, which a module has no name for.
        """
        if isinstance(tree, ast.Lambda):
            return self.opaque_syntax(tree)
        if isinstance(tree, ast.Name) and isinstance(self.frame.names.get(tree.id), Closure):
            raise self.error(f"the function {tree.id!r} is used where it cannot be followed")
        for part in ast.iter_child_nodes(tree):
            self.with_functions_closed(part)
        has_any = any(isinstance(part, ast.Lambda) for part in ast.walk(tree))
        return rebuilt(tree, self.with_functions_closed) if has_any else tree

    def none_told(self, node: ast.Compare) -> Any:
        """`t is None` of what may be None, where that is told by something else."""
        raise NotImplementedError

    def refuse_stale(self, values: list[Value], at: ast.AST | None = None) -> None:
        """Raise UnsupportedError where code that is passed on is given an object of which a part has a new value."""
        raise NotImplementedError

    def name_classes(self, tree: ast.AST) -> list[Cell]:
        """Name the classes of the objects made in the function that code which is passed on is given.

        Returned are the containers that it may hold. Raises UnsupportedError where an object is not what its class
        makes of its attributes.
        """
        found: list[Cell] = []
        for part in ast.walk(tree):
            cell = getattr(part, "cell", None)
            if cell is not None and cell.loose:
                raise self.error("which items a dict has here depends on the way that was taken")
            if cell is not None and cell.nothing:
                raise self.error("whether this is None here depends on the way that was taken", None, "ask `is None`")
            found += [] if cell is None else [cell]
            if isinstance(part, ast.Call) and hasattr(part, "builds"):
                keys = tuple(k.arg for k in part.keywords)
                if part.builds is not types.SimpleNamespace and plain_fields(part.builds) != keys:
                    name = part.builds.__name__
                    what = f"an object of {name} that is made in the function is used as a whole"
                    raise self.error(what, None, "pass on what is needed of it")
                part.func = self.constant_name(part.builds.__name__, part.builds)
        return [] if _is_told(self, tree) else found

    def passed_on(self, fn: Any, tree: ast.expr, node: ast.AST) -> Computed:
        """A call of a function that cannot be followed. Raises UnsupportedError where it may change an argument."""
        if writes_arguments(fn, containers=True):
            raise self.error("this may change what it is given", node)
        return self.opaque_term(tree, node, effect=True)

    def explain(self, made: Node, code: ast.AST) -> None:
        """Note on an opaque node what to say if a derivative reaches it; refuse code that writes in place."""
        refuse_writes(self, code)
        made.options = {"unknown": unknown(self, code), "reads": reads_only(self, code)}

    def _has_effect(self, node: ast.AST) -> bool:
        """Whether it calls anything that is not known to have no effect."""
        for child in ast.walk(node):
            if isinstance(child, ast.Call):
                name = child.func
                if not (isinstance(name, ast.Name) and getattr(builtins, name.id, None) in PURE):
                    plain = isinstance(name, (ast.Name, ast.Attribute))
                    term = self.read(name) if plain else None
                    known = isinstance(term, Static) and (among(term.obj, OPERATIONS) or among(term.obj, PURE))
                    if not known:
                        return True
        return False

    def opaque_syntax(self, tree: Any, bound: Set[str] = frozenset()) -> Any:
        """A copy of `tree` with the free names replaced by what they refer to. bound: those that are not free."""
        return Closing(self, bound).visit(tree)


def _is_told(program: Any, tree: ast.AST) -> bool:
    """Whether code merely tells something of what it is given, and holds nothing of it."""
    if isinstance(tree, ast.Expr):
        tree = tree.value
    if isinstance(tree, (ast.JoinedStr, ast.Compare, ast.Assert, ast.Raise)):
        return True
    if not isinstance(tree, ast.Call):
        return False
    if isinstance(tree.func, ast.Name) and tree.func.id not in program.constants:
        return getattr(builtins, tree.func.id, None) in TELLING
    return ast.unparse(tree.func).split(".")[0] in ("logging", "warnings", "np", "math")


class Closing:
    """Replaces the free names of a piece of syntax by references; names bound inside stay as they are."""

    def __init__(self, program: Opaque, bound: Set[str]):
        self.program, self.bound = program, bound

    def visit(self, node: Any) -> Any:
        if isinstance(node, (Ref, Hole, Verbatim)):
            return node
        if isinstance(node, ast.Constant):
            return self.program.constant(node).ast
        if isinstance(node, ast.Name):
            if node.id in self.bound:
                return ast.Name(node.id, node.ctx)
            term = self.program.lookup(node)
            if isinstance(term, Closure):
                raise self.program.error(f"the function {node.id!r} is used where it cannot be followed", node)
            return self.program.by_reference(term).ast
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id not in self.bound:
            told = self.program.none_told(node)
            if told is not None:
                return told.ast
        if isinstance(node, ast.JoinedStr):
            return ast.JoinedStr([self.visit(v) if isinstance(v, ast.FormattedValue) else v for v in node.values])
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            names = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
            inside = self._inside(node, names)
            inside.generators[0].iter = self.visit(node.generators[0].iter)  # which is read before anything is bound
            return inside
        if isinstance(node, ast.Lambda):
            return self._inside(node, {p.arg for p in parameters_of(node.args)})
        if isinstance(node, (ast.Attribute, ast.Subscript)) and self._is_part(node):
            return self.program.read(node).ast
        if isinstance(node, ast.Attribute):
            path = self.program.read(node) if self._is_static_path(node) else None
            if path is None and isinstance(node.value, ast.Name) and node.value.id not in self.bound:
                self.program.refuse_missing(self.program.lookup(node.value), node)
            if isinstance(path, Static):
                return self.program.by_reference(path).ast
        return rebuilt(node, self.visit)

    def _inside(self, node: Any, names: set[str]) -> Any:
        return rebuilt(node, Closing(self.program, self.bound | names).visit)

    def _is_part(self, node: ast.expr) -> bool:
        """Whether it is an item or attribute of a list, dict or object of the function's own."""
        if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
            return False
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self.bound:
            return False
        term = self.program.lookup(node)
        own = isinstance(term, Sequence) and self.program.cell_of(term) is not None
        return own or isinstance(term, Instance) and bool(self.program.places)

    def _is_static_path(self, node: ast.Attribute) -> bool:
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            base = base.value
        if not isinstance(base, ast.Name) or base.id in self.bound:
            return False
        return isinstance(self.program.lookup(base), Static)


def is_no_array(tree: ast.expr) -> bool:
    """Whether an expression surely gives a list, a tuple, a dict or a set."""
    if isinstance(tree, ast.BinOp):
        return is_no_array(tree.left) or is_no_array(tree.right)
    return isinstance(tree, (ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp))

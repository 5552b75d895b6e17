"""Attributes and subscripts: of modules and other objects, of values, and of tuples and lists written out."""

from __future__ import annotations

import ast
import types
from typing import Any

import numpy as np

from ..graph import OPERATIONS, PRIMITIVES
from ..library import library_path
from ..routes import ATTRIBUTE, ITEM
from ..rules import of_libraries
from ..terms import Bound, Computed, Instance, Method, Sequence, Static, Term, references, sequence
from .objects import Objects

ATTRIBUTES: dict[str, Any] = {"T": np.transpose, "mT": np.matrix_transpose, "real": np.real, "imag": np.imag}
"""Attributes of arrays, and the functions that give the same."""
DICT_METHODS = ("items", "keys", "values", "get")
"""Methods of a dict that is known item by item."""
FACTS = ("shape", "size", "ndim", "dtype")
"""Attributes that are operations of gradgen's own."""


class Access(Objects):
    """The part of a `Program` that reads attributes and subscripts."""

    def attribute(self, node: ast.Attribute) -> Term:
        """What an attribute is; one of a value that gradgen knows nothing of is a `Method`."""
        above = self.super_member(node)
        if above is not None:
            return above
        base = self.read(node.value)
        if isinstance(base, Instance) or isinstance(base, Sequence) and base.kind not in (tuple, list, dict):
            return self.member(base, node)
        if isinstance(base, Static):
            try:
                obj = getattr(base.obj, node.attr)
            except AttributeError as error:
                raise self.error(str(error), node) from None
            if isinstance(obj, types.ModuleType):
                of_libraries()  # SciPy imports its parts when they are asked for
            if isinstance(base.obj, types.ModuleType) or library_path(obj) is not None:
                owner, name = base.obj, node.attr
                if isinstance(base.obj, types.ModuleType) and library_path(obj) is None:
                    return self.from_outside(f"{owner.__name__}.{name}", lambda: getattr(owner, name), obj, node)
                return self.static(obj, node)
            tree = ast.Attribute(base.ast, node.attr, ast.Load())
            if callable(obj) or isinstance(base.obj, (np.ndarray, str, tuple, list, dict, int, float, np.generic)):
                return Static(tree, obj, base)
            owner, name = base.obj, node.attr
            path = ast.unparse(node) if not references(node) else name
            return self.from_outside(path, lambda: getattr(owner, name), obj, node)
        if isinstance(base, Computed):
            return self._value_attribute(base, node)
        if isinstance(base, Sequence):
            first = base.items[0].value.node if base.items and isinstance(base.items[0], Computed) else None
            fields = first.op.fields if first is not None and len(first.outputs) == len(base.items) else ()
            if node.attr in fields:
                return base.items[fields.index(node.attr)]
            if base.kind is dict and node.attr in DICT_METHODS:
                return Bound(ast.Attribute(base.ast, node.attr, ast.Load()), node.attr, base)
            return Method(ast.Attribute(base.ast, node.attr, ast.Load()), self.value(base), node.attr)
        raise self.error(f"the attribute {node.attr!r} cannot be followed", node)

    def _value_attribute(self, base: Computed, node: ast.Attribute) -> Term:
        tree = ast.Attribute(base.ast, node.attr, ast.Load())
        fn = ATTRIBUTES.get(node.attr)
        if fn is not None and fn in OPERATIONS:
            return self.apply(OPERATIONS[fn], [base], {}, tree, node)
        if node.attr in FACTS:
            return self.apply(PRIMITIVES[node.attr], [base], {}, tree, node)
        route = self.route_of(base)
        if route is not None and not any(hasattr(cls, node.attr) for cls in (np.ndarray, dict, list, str)):
            return self.open_part(route, ATTRIBUTE, node.attr)
        return Method(tree, base.value, node.attr)

    def subscript(self, node: ast.Subscript) -> Term:
        """The item or part at an index."""
        base = self.read(node.value)
        index = self._index(node.slice)
        tree = ast.Subscript(base.ast, index.ast, ast.Load())
        if isinstance(base, Sequence) and base.kind is dict and isinstance(index, Static):
            found = base.at(index.obj)
            if found is None:
                raise self.error(f"there is no item {index.obj!r}; there are {', '.join(map(repr, base.keys))}", node)
            return found
        route = self.route_of(base) if isinstance(index, Static) and isinstance(index.obj, str) else None
        if route is not None:
            return self.open_part(route, ITEM, index.obj)  # type: ignore[attr-defined]
        if isinstance(base, Sequence) and isinstance(index, Static):
            try:
                item = base.items[index.obj]
            except (IndexError, TypeError) as error:
                raise self.error(str(error), node) from None
            if isinstance(item, Term):
                return item
            return sequence(base.kind if base.kind is list else tuple, item)
        if isinstance(base, Static) and isinstance(index, Static) and not isinstance(base.obj, np.ndarray):
            return self.evaluate(lambda x, i: x[i], [base, index], {}, tree, node)
        if isinstance(base, Static) and not isinstance(base.obj, (np.ndarray, tuple, list, str, dict)):
            return self.opaque_term(tree, node)  # np.r_[v, w] is no reading at an index
        size = index.value.type.size if isinstance(index, Computed) else None
        if isinstance(base, Sequence) and isinstance(size, int):
            return base.items[size]
        return self.apply(PRIMITIVES["getitem"], [base, index], {}, tree, node)

    def _index(self, node: ast.expr) -> Term:
        """What stands between the brackets, slices and tuples of them included."""
        if isinstance(node, ast.Tuple):
            items = [self._index(item) for item in node.elts]
            tree = ast.Tuple([t.ast for t in items], ast.Load())
            if all(isinstance(t, Static) for t in items):
                return Static(tree, tuple(t.obj for t in items))  # type: ignore[attr-defined]
            made = self.graph.add(PRIMITIVES["tuple"], [self.value(t) for t in items])
            return self.written(made, tree)
        if isinstance(node, ast.Slice):
            parts = [None if p is None else self.read(p) for p in (node.lower, node.upper, node.step)]
            slice_tree = ast.Slice(*[None if t is None else t.ast for t in parts])
            known = [Static(ast.Constant(None), None) if t is None else t for t in parts]
            if all(isinstance(t, Static) for t in known):
                return Static(slice_tree, slice(*[t.obj for t in known]))  # type: ignore[attr-defined]
            made = self.graph.add(PRIMITIVES["slice"], [self.value(t) for t in known])
            return self.written(made, slice_tree)
        return self.read(node)

"""Attributes and subscripts: of modules and other objects, of values, and of tuples and lists written out."""

from __future__ import annotations

import ast
import types
from typing import Any

import numpy as np

from ..graph import OPERATIONS, PRIMITIVES, Value
from ..library import among, held_by, library_path
from ..routes import ATTRIBUTE, ITEM
from ..rules import of_libraries
from ..shapes import ShapeVar
from ..syntax import literal, numpy_path
from ..terms import (
    MISSING,
    Bound,
    Computed,
    Instance,
    Method,
    Partial,
    Ref,
    Sequence,
    Static,
    Term,
    references,
    sequence,
)
from .methods import ATTRIBUTES, FACTS, flat
from .objects import Objects
from .special import item_of

BRACKETS = (np.r_, np.c_)
"""Objects of NumPy's that join what stands in brackets."""
METHODS: dict[Any, tuple[str, ...]] = {
    dict: ("items", "keys", "values", "get", "pop", "popitem", "setdefault", "update", "clear", "copy"),
    list: ("append", "extend", "pop", "insert", "reverse", "clear", "copy"),
}
"""Methods of dicts and lists whose items are known one by one."""


class Access(Objects):
    """The part of a `Program` that reads attributes and subscripts."""

    def attribute(self, node: ast.Attribute) -> Term:
        """What an attribute is; one of a value that gradgen knows nothing of is a `Method`."""
        above = self.super_member(node)
        if above is not None:
            return above
        return self.attribute_of(self.read(node.value), node)

    def attribute_of(self, base: Term, node: ast.Attribute) -> Term:
        """The attribute of what `node.value` denotes."""
        if isinstance(base, Instance) or isinstance(base, Sequence) and base.kind not in (tuple, list, dict):
            return self.member(base, node)
        if isinstance(base, Partial):
            return self._held_attribute(base, node)
        tree = ast.Attribute(base.ast, node.attr, ast.Load())
        kind = base.kind if isinstance(base, Sequence) else list if self.cell_of(base) is not None else None
        if node.attr in METHODS.get(kind, ()):
            return Bound(tree, node.attr, base)
        if isinstance(base, Static):
            if (held := held_by(base.obj)) is not None and among(getattr(held[0], node.attr, None), OPERATIONS):
                given: dict[str, Term] = {
                    k: Static(part, x) if (part := literal(x)) else self.static(x, node) for k, x in held[1].items()
                }
                return self._held_attribute(Partial(base.ast, Static(base.ast, held[0]), [], given), node)
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
            return Method(tree, self.value(base), node.attr)
        raise self.error(f"the attribute {node.attr!r} cannot be followed", node)

    def _held_attribute(self, base: Partial, node: ast.Attribute) -> Term:
        """A function of a distribution that holds its parameters: that of the distribution itself, to which these are
        given. What has no rule is asked of the object."""
        fn = getattr(base.fn.obj, node.attr, None) if isinstance(base.fn, Static) else None
        if among(fn, OPERATIONS):
            tree = ast.Attribute(base.fn.ast, node.attr, ast.Load())
            return Partial(tree, self.static(fn, tree), [], base.kwargs)
        made = self.opaque_term(base.ast, node)
        return Method(ast.Attribute(made.ast, node.attr, ast.Load()), made.value, node.attr)

    def _value_attribute(self, base: Computed, node: ast.Attribute) -> Term:
        tree = ast.Attribute(base.ast, node.attr, ast.Load())
        fn = ATTRIBUTES.get(node.attr)
        if fn is not None and fn in OPERATIONS:
            return self.apply(OPERATIONS[fn], [base], {}, tree, node)
        if node.attr == "flat" and base.value.type.kind != "object":
            return flat(self, base, node)
        if node.attr in FACTS:
            return self.apply(PRIMITIVES[node.attr], [base], {}, tree, node)
        route = self.route_of(base)
        if route is not None and not any(hasattr(cls, node.attr) for cls in (np.ndarray, dict, list, str)):
            return self.placed(route.then(ATTRIBUTE, node.attr)) or self.open_part(route, ATTRIBUTE, node.attr)
        self.refuse_missing(base, node)
        return Method(tree, base.value, node.attr)

    def subscript(self, node: ast.Subscript) -> Term:
        """The item or part at an index."""
        base = self.read(node.value)
        if isinstance(base, Static) and any(base.obj is owner for owner in BRACKETS):
            return self._in_brackets(base, node)
        index = self._index(node.slice)
        tree = ast.Subscript(base.ast, index.ast, ast.Load())
        if isinstance(base, Sequence) and base.kind is dict and (key := key_in(base, index)) is not MISSING:
            found = base.at(key)
            if found is None:
                what = f"there is no item {key!r}; there are {', '.join(map(repr, base.keys))}"
                raise self.error(what, node) from KeyError(key)
            return found
        route = self.route_of(base) if isinstance(index, Static) and isinstance(index.obj, str) else None
        if route is not None:
            made = self.placed(route.then(ITEM, index.obj))  # type: ignore[attr-defined]
            return made or self.open_part(route, ITEM, index.obj)  # type: ignore[attr-defined]
        made = item_of(self, base, index, tree, node)
        if made is not None:
            return made
        if isinstance(base, Sequence) and isinstance(index, Static):
            try:
                item = base.items[index.obj]
            except (IndexError, TypeError) as error:
                raise self.error(str(error), node) from error
            if isinstance(item, Term):
                return item
            return sequence(base.kind if base.kind is list else tuple, item)
        if isinstance(base, Static) and isinstance(index, Static) and not isinstance(base.obj, np.ndarray):
            found = self.evaluate(lambda x, i: x[i], [base, index], {}, tree, node)
            cut = isinstance(base.obj, list) and isinstance(index.obj, slice) and isinstance(found, Static)
            return self.made_here(found) if cut else found  # type: ignore[arg-type]
        if isinstance(base, Static) and not isinstance(base.obj, (np.ndarray, tuple, list, str, dict)):
            return self.opaque_term(tree, node)  # np.mgrid[a:b] is no reading at an index
        if isinstance(base, Sequence) and base.kind is not dict and isinstance(place := key_in(base, index), int):
            return base.items[place]
        if isinstance(base, Computed) and may_grow(base.value) and is_single(index):
            return self._item_of_a_list(base, index, tree, node)
        if isinstance(base, Sequence) and not self._is_array_like(base):
            raise self.error("which part is read here is not known", node, "go through them with a loop")
        if isinstance(base, Computed) and self.versions:
            key = self.value(index)
            array, joined = self.part(base.value, key)
            if joined is not key:
                base, index = Computed(Ref(array), array), Computed(Ref(joined), joined)
                tree = ast.Subscript(base.ast, index.ast, ast.Load())
        made = self.apply(PRIMITIVES["getitem"], [base, index], {}, tree, node)
        listed = isinstance(base, Sequence) or isinstance(base, Static) and isinstance(base.obj, (tuple, list))
        if listed and isinstance(made, Computed):
            self.stand_ins[self.place(made.value).root] = "which item of a list is written here is not known"
        return made

    def _in_brackets(self, base: Static, node: ast.Subscript) -> Term:
        """`np.r_[...]`, `np.c_[...]`: a function of what stands between the brackets, slices being ranges."""
        written = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        items = [self._range_in_brackets(item) if isinstance(item, ast.Slice) else self.read(item) for item in written]
        inside = [item.ast for item in items]
        tree = ast.Subscript(base.ast, inside[0] if len(inside) == 1 else ast.Tuple(inside, ast.Load()), ast.Load())
        return self.apply(OPERATIONS[base.obj], items, {}, tree, node)

    def _range_in_brackets(self, node: ast.Slice) -> Term:
        """`start:stop:step` as `np.arange`; as `np.linspace` where the step is an imaginary number, of points."""
        start, stop, step = (None if part is None else self.read(part) for part in (node.lower, node.upper, node.step))
        if stop is None:
            raise self.error("a range without an end", node)
        zero = Static(ast.Constant(0), 0)
        name, terms = "arange", [start or zero, stop] if start or step else [stop]
        if step is not None and isinstance(step, Static) and isinstance(step.obj, complex):
            count = int(abs(step.obj))
            name, step = "linspace", Static(ast.Constant(count), count)
        terms = terms if step is None else [*terms, step]
        made = ast.Call(numpy_path(name), [t.ast for t in terms], [])
        return self.apply(OPERATIONS[getattr(np, name)], terms, {}, made, node)

    def _item_of_a_list(self, base: Computed, index: Term, tree: ast.expr, node: ast.Subscript) -> Term:
        """An item of a list that may grow: where it stands is counted from the beginning, which stays the same."""
        place = self.value(index)
        if not _is_not_negative(place):
            length = self.length_of_list(base.value)
            if isinstance(index, Static):
                place = self.graph.add(OPERATIONS[np.subtract], [length, -index.obj]).out
            else:
                place = self.graph.add(OPERATIONS[np.remainder], [place, length]).out
                tree = ast.Subscript(base.ast, Ref(place), ast.Load())
        return self.apply(PRIMITIVES["item_of_list"], [base, Computed(Ref(place), place)], {}, tree, node)

    def length_of_list(self, base: Value) -> Value:
        """The length that a list that grows has now."""
        for made in reversed(self.graph.nodes):
            if made.op.name == "length_of_list" and made.inputs[0] is base:
                return made.out
        length: Value = self.graph.add(PRIMITIVES["length_of_list"], [base]).out
        return length

    def _is_array_like(self, base: Sequence) -> bool:
        """Whether the items of a tuple or list may be the rows of an array."""
        if base.kind not in (tuple, list) or any(isinstance(item, (Sequence, Instance)) for item in base.items):
            return False
        shapes = [item.value.type.shape for item in base.items if isinstance(item, Computed)]
        known = [shape for shape in shapes if not isinstance(shape, ShapeVar)]
        return all(self.graph.facts.same_shape(shape, known[0]) for shape in known)

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


def key_in(base: Sequence, index: Term) -> Any:
    """The key or the place of an item, as far as that is known; else `MISSING`."""
    if isinstance(index, Computed):
        known = index.value.const if index.value.const is not index.value else index.value.type.size
        return known if isinstance(known, int) and not isinstance(known, bool) else MISSING
    if not isinstance(index, Static) or base.kind is not dict and not isinstance(index.obj, (int, np.integer)):
        return MISSING
    try:
        hash(index.obj)
    except TypeError:
        return MISSING
    return index.obj if base.kind is dict else int(index.obj)


def may_grow(v: Value) -> bool:
    """Whether a value is a list to which more may be appended than it holds."""
    whole = v
    while whole.source is not None:
        whole = whole.source
    if v.type.of is None or whole.node is None and not whole.held:  # an argument stays as it is
        return False
    return v.node is None or v.node.op.name == "append" or bool(v.node.subgraphs)


def is_single(index: Term) -> bool:
    """Whether an index is an integer."""
    if isinstance(index, Static):
        return isinstance(index.obj, int)
    return isinstance(index, Computed) and index.value.type.kind == "int"


def _is_not_negative(v: Value) -> bool:
    """Whether an integer surely is no negative number."""
    least = _least(v)
    return least is not None and least >= 0


def _least(v: Value) -> int | None:
    """What an integer surely is at the least: a counter of steps, and what is computed of such; else None."""
    if v.const is not v:
        return v.const if isinstance(v.const, int) else None
    if v.node is not None and v.node.op.name in ("add", "subtract", "multiply"):
        a, b = v.node.inputs
        one, other = _least(a), b.const if v.node.op.name == "subtract" else _least(b)
        if one is None or not isinstance(other, int):
            return None
        if v.node.op.name == "multiply":
            return one * other if min(one, other) >= 0 else None
        return one + other if v.node.op.name == "add" else one - other
    if v.node is not None or v.source is not None:
        return None if v.source is None else _least(v.source)
    if len(v.held) != 1 or v.held[0].node is None:
        return None
    match v.held[0].node.op.name, v.held[0].node.inputs:
        case "range", (_,):
            return 0
        case "range", (start, _):
            return _least(start)
        case "range", (start, _, step) if isinstance(step.const, int) and step.const > 0:
            return _least(start)
        case "steps_of", (_, start):
            return _least(start)
    return None

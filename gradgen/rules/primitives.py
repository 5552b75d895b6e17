"""gradgen's own operations: what graphs need beside NumPy's functions.

Reading (`getitem`) and adding at an index (`scatter`, `increment`) are each other's adjoints, and so are
`broadcast_like` and `unbroadcast`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Node, Value, type_of
from ..shapes import OBJECT, Dim, Facts, ShapeVar, Size, Type, dim_add, dim_product, join_kinds
from .registry import primitive


def index_items(index: Any) -> list[Any]:
    """The parts of an index, constants as Python objects, whether it was built from values or not."""
    if isinstance(index, Value) and index.node is not None and index.node.op.name == "tuple":
        return index.node.args
    return list(index) if isinstance(index, tuple) else [index]


def slice_parts(item: Any) -> tuple[Any, Any, Any] | None:
    """(start, stop, step) where `item` is a slice, else None."""
    if isinstance(item, slice):
        return item.start, item.stop, item.step
    if isinstance(item, Value) and item.node is not None and item.node.op.name == "slice":
        return tuple(item.node.args)  # type: ignore[return-value]
    return None


def is_basic(index: Any) -> bool:
    """Whether `x[index]` surely is a view, or a scalar: integers, slices, None and Ellipsis only."""
    for item in index_items(index):
        t = type_of(item)
        integer = t.kind == "int" and t.scalar
        if not (integer or item is None or item is Ellipsis or slice_parts(item) is not None):
            return False
    return True


def has_no_repeats(index: Any) -> bool:
    """Whether no element can be named twice, so that adding at `index` needs no `np.add.at`."""
    arrays = [item for item in index_items(index) if slice_parts(item) is None and item is not None]
    arrays = [item for item in arrays if item is not Ellipsis]
    if all(type_of(a).kind == "bool" or type_of(a).scalar for a in arrays):
        return all(type_of(a).kind in ("bool", "int") for a in arrays)
    return all(type_of(a).ndim == 1 or type_of(a).scalar for a in arrays) and any(map(_distinct, arrays))


def _distinct(x: Any) -> bool:
    if isinstance(x, Value):
        name = "" if x.node is None else x.node.op.name
        return name in ("arange", "argsort")
    return isinstance(x, (list, np.ndarray)) and len(set(np.ravel(x).tolist())) == np.size(x)


def _slice_length(facts: Facts, parts: tuple[Any, Any, Any], n: Size) -> Size:
    start, stop, step = parts
    if step not in (None, 1):
        return n if step == -1 and start is None and stop is None else Dim.fresh()
    ends: list[Size] = []
    for end, default in ((start, 0), (stop, n)):
        size = None if end is None else type_of(end).size
        if end is None:
            size = default
        elif size is None:
            return Dim.fresh()
        elif isinstance(size, int) and size < 0:
            size = dim_add(n, size)
        ends.append(size)
    if isinstance(n, int) and all(isinstance(end, int) for end in ends):
        return len(range(*slice(*ends).indices(n)))
    # n - a is right, or both it and the true length stand for an empty slice; a stop beyond n is not known to fit
    if facts.same(ends[1], n) or isinstance(stop, int) and stop < 0:
        return dim_add(ends[1], ends[0], -1)
    return Dim.fresh()


def getitem_type(facts: Facts, x: Any, index: Any) -> Type:
    t = type_of(x)
    items = index_items(index)
    if t.items is not None and len(items) == 1 and isinstance(items[0], int):
        return t.items[items[0]]
    unknown = Type(t.kind, ShapeVar(), array=t.array)
    if t.ndim is None or t.kind == "object":
        return unknown
    used = 0
    for item in items:
        it = type_of(item)
        if item is None or item is Ellipsis:
            continue
        if slice_parts(item) is None and (it.kind not in ("int", "bool") or it.ndim is None):
            if not isinstance(item, list):
                return unknown
        used += it.ndim or 1 if it.kind == "bool" else 1
    if Ellipsis not in [i for i in items if not isinstance(i, (Value, np.ndarray, list))]:
        items = [*items, Ellipsis]
    rest: list[Size] = list(t.shape)  # type: ignore[arg-type]
    if used > len(rest):
        return unknown
    shape: list[Size] = []
    advanced: list[Any] = []
    places: list[int] = []
    for position, item in enumerate(items):
        parts = slice_parts(item)
        if item is None:
            shape.append(1)
        elif item is Ellipsis:
            count = t.ndim - used
            shape += rest[:count]
            rest = rest[count:]
        elif parts is not None:
            shape.append(_slice_length(facts, parts, rest.pop(0)))
        else:
            it = type_of(np.asarray(item)) if isinstance(item, list) else type_of(item)
            if it.kind == "bool":
                rest = rest[it.ndim :]
                it = Type("int", (Dim.fresh(),))
            else:
                rest.pop(0)
            places.append(position)
            advanced.append((len(shape), it))
    if advanced and any(not it.scalar for _, it in advanced):
        joined = facts.broadcast(*(it.shape for _, it in advanced))
        contiguous = places == list(range(places[0], places[-1] + 1))
        where = advanced[0][0] if contiguous else 0
        shape[where:where] = joined  # type: ignore[arg-type]
    return Type(t.kind, tuple(shape), array=t.array)


def _is_view(node: Node) -> str:
    return "view" if is_basic(node.args[1]) else "fresh"


def _getitem_rule(g: Any, out: Any, x: Any, index: Any) -> Any:
    return scatter(g, index, x), None


@primitive(signature="x, index", rule=_getitem_rule, infer=getitem_type, alias=_is_view)
def getitem(x: Any, index: Any) -> Any:
    """`x[index]`, any index that NumPy takes."""
    return x[index]


def _scatter_rule(g: Any, out: Any, values: Any, index: Any, like: Any) -> Any:
    return unbroadcast(g[index], values), None, None


def _scatter_type(facts: Facts, values: Any, index: Any, like: Any) -> Type:
    return type_of(like).but(kind=join_kinds("float", type_of(values).kind), array=True, size=None)


@primitive(signature="values, index, like", rule=_scatter_rule, infer=_scatter_type)
def scatter(values: Any, index: Any, like: Any) -> Any:
    """Zeros of the shape of `like` with `values` added at `index`; repeated indices accumulate."""
    out = np.zeros(np.shape(like), np.result_type(values, 0.0))
    np.add.at(out, index, values)
    return out


def _increment_rule(g: Any, out: Any, x: Any, index: Any, values: Any) -> Any:
    return g, None, unbroadcast(g[index], values)


def _increment_type(facts: Facts, x: Any, index: Any, values: Any) -> Type:
    return type_of(x).but(size=None)


@primitive(signature="x, index, values", rule=_increment_rule, infer=_increment_type)
def increment(x: Any, index: Any, values: Any) -> Any:
    """A copy of `x` with `values` added at `index`; repeated indices accumulate."""
    out = np.array(x)
    np.add.at(out, index, values)
    return out


def _like_type(facts: Facts, g: Any, like: Any) -> Type:
    return Type(type_of(g).kind, type_of(like).shape, array=True)


def _broadcast_like_rule(g: Any, out: Any, x: Any, like: Any) -> Any:
    return unbroadcast(g, x), None


@primitive(signature="x, like", rule=_broadcast_like_rule, infer=_like_type, alias="view")
def broadcast_like(x: Any, like: Any) -> Any:
    """`x` broadcast to the shape of `like`, read-only."""
    return np.broadcast_to(x, np.shape(like))


def _unbroadcast_rule(g: Any, out: Any, x: Any, like: Any) -> Any:
    return broadcast_like(g, x), None


@primitive(signature="x, like", rule=_unbroadcast_rule, infer=_like_type, alias="maybe")
def unbroadcast(x: Any, like: Any) -> Any:
    """Sum `x` over the axes along which `like` was broadcast to its shape: the adjoint of broadcasting."""
    shape = np.shape(like)
    x = np.sum(x, axis=tuple(range(np.ndim(x) - len(shape))))
    ones = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.sum(x, axis=ones, keepdims=True) if ones else x




@primitive(signature="x", differentiable=False, infer=lambda facts, x: _like_type(facts, 0.0, x))
def zeros_for(x: Any) -> Any:
    """The zero cotangent of `x`: its shape, and its dtype where that is a float's."""
    return np.zeros(np.shape(x), np.result_type(x, 0.0))


def _shape_type(facts: Facts, x: Any) -> Type:
    t = type_of(x)
    if isinstance(t.shape, ShapeVar):
        return OBJECT
    items = tuple(Type("int", (), size=facts.canonical(d)) for d in t.shape)
    return Type("object", (len(items),), items=items)


@primitive(signature="x", differentiable=False, infer=_shape_type, cheap=True)
def shape(x: Any) -> Any:
    """`x.shape`."""
    return np.shape(x)


def _size_type(facts: Facts, x: Any) -> Type:
    t = type_of(x)
    return Type("int", (), size=None if isinstance(t.shape, ShapeVar) else dim_product(t.shape))


@primitive(signature="x", differentiable=False, infer=_size_type, cheap=True)
def size(x: Any) -> Any:
    """`x.size`."""
    return np.size(x)


def _ndim_type(facts: Facts, x: Any) -> Type:
    return Type("int", (), size=type_of(x).ndim)


@primitive(signature="x", differentiable=False, infer=_ndim_type, cheap=True)
def ndim_(x: Any) -> Any:
    """`x.ndim`."""
    return np.ndim(x)


@primitive(signature="x", differentiable=False, infer=lambda facts, x: OBJECT, cheap=True)
def dtype(x: Any) -> Any:
    """`x.dtype`, that of a float where `x` is a Python number."""
    return np.result_type(x)


def _items_type(facts: Facts, *items: Any) -> Type:
    types = tuple(type_of(item) for item in items)
    return Type("object", (len(types),), items=types)




@primitive(signature="*items", infer=_items_type, cheap=True, name="tuple")
def tuple_(*items: Any) -> Any:
    """A tuple of values: an index, a shape, several results."""
    return items


@primitive(signature="*items", infer=_items_type, cheap=True, name="list")
def list_(*items: Any) -> Any:
    """A list of values."""
    return list(items)


@primitive(signature="start, stop, step", differentiable=False, infer=lambda facts, *_: OBJECT, cheap=True, name="slice")
def slice_(start: Any, stop: Any, step: Any) -> Any:
    """`start:stop:step`."""
    return slice(start, stop, step)

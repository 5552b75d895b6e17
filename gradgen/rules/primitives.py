"""gradgen's own operations: what graphs need beside NumPy's functions.

Reading (`getitem`) and adding at an index (`scatter`, `increment`) are each other's adjoints, and so are
`broadcast_like` and `unbroadcast`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import PRIMITIVES, Node, Value, call, operation, type_of
from ..shapes import OBJECT, Dim, Facts, Shape, ShapeVar, Size, Type, dim_add, dim_mul, dim_product, join_kinds
from .registry import ndim, primitive


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
        start, stop, step = item.node.args
        return start, stop, step
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


def counts_up(x: Any) -> bool:
    """Whether `x` surely is 0, 1, 2, ...: `np.arange(n)`."""
    return isinstance(x, Value) and x.node is not None and x.node.op.name == "arange" and len(x.node.inputs) == 2


def _distinct(x: Any) -> bool:
    if isinstance(x, Value):
        name = "" if x.node is None else x.node.op.name
        return name in ("arange", "argsort")
    return isinstance(x, (list, np.ndarray)) and len(set(np.ravel(x).tolist())) == np.size(x)


def size_of(x: Any) -> Size | None:
    """The integer that `x` is, as far as it is a known combination of sizes; None where it is not."""
    known = type_of(x).size
    if known is not None or not isinstance(x, Value) or x.node is None:
        return known
    name, args = x.node.op.name, x.node.args
    if name not in ("add", "subtract", "multiply", "plus") or x.type.kind != "int":
        return None
    sizes = [size_of(a) for a in args]
    if any(n is None for n in sizes):
        return None
    total: Size = sizes[0]  # type: ignore[assignment]
    for n in sizes[1:]:
        total = dim_mul(total, n) if name == "multiply" else dim_add(total, n, -1 if name == "subtract" else 1)  # type: ignore[arg-type]
    return total


def not_negative(n: Size) -> bool:
    """Whether a combination of sizes surely is no negative number."""
    return n >= 0 if isinstance(n, int) else all(c >= 0 for _, c in n.terms)


def slice_length(facts: Facts, parts: tuple[Any, Any, Any], n: Size) -> Size:
    """The length of `x[start:stop:step]` for x of length n; where n is not a number, at least 1 is taken for granted.

    A length such as n - 2 stands for 0 where it is negative. What depends on whether n is large enough, such as
    `x[:3]` and `x[-2:]`, is an unknown size.
    """
    start, stop, step = parts
    if step not in (None, 1):
        if all(p is None or isinstance(p, int) for p in (start, stop, step)) and isinstance(n, int):
            return len(range(*slice(start, stop, step).indices(n)))
        return n if isinstance(step, int) and step == -1 and start is None and stop is None else Dim.fresh()
    first = 0 if start is None else size_of(start)
    last = n if stop is None else size_of(stop)
    if first is None or last is None:
        return Dim.fresh()
    first, last, n = facts.canonical(first), facts.canonical(last), facts.canonical(n)
    if isinstance(n, int) and isinstance(first, int) and isinstance(last, int):
        return len(range(*slice(first, last).indices(n)))
    if first == -1 and last == n:
        return 1
    if isinstance(last, int) and last < 0:
        last = dim_add(n, last)
    elif not (not_negative(last) and not_negative(dim_add(n, last, -1)) or last == dim_add(n, 1, -1)):
        return Dim.fresh()
    return dim_add(last, first, -1) if not_negative(first) else Dim.fresh()


def getitem_type(facts: Facts, x: Any, index: Any) -> Type:
    """The type of `x[index]`, for every kind of index that NumPy takes."""
    t = type_of(x)
    items = index_items(index)
    if t.kind == "object":
        return _item_type(x, t, items)
    unknown = Type(t.kind, ShapeVar(), array=t.array)
    if t.ndim is None:
        return unknown
    used = 0
    for item in items:
        it = _index_type(item)
        if item is None or item is Ellipsis:
            continue
        if slice_parts(item) is None and (it.kind not in ("int", "bool") or it.ndim is None or it == Type("bool", ())):
            return unknown
        used += (it.ndim or 1) if it.kind == "bool" else 1
    if not any(item is Ellipsis for item in items):
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
            shape.append(slice_length(facts, parts, rest.pop(0)))
        else:
            it = _index_type(item)
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
        assert not isinstance(joined, ShapeVar)
        shape[where:where] = joined
    return Type(t.kind, tuple(shape), array=t.array)


def _index_type(item: Any) -> Type:
    """The type of one part of an index: a list means the array that it makes."""
    if isinstance(item, list):
        array = np.asarray(item) if item else np.zeros(0, int)
        return Type("bool" if array.dtype == bool else "int", array.shape)
    if isinstance(item, Value) and item.node is not None and item.node.op.name == "list":
        return Type(leaf_kind(item.type), item.type.shape)
    return type_of(item)


def _item_type(x: Any, t: Type, items: list[Any]) -> Type:
    """The type of an item of a tuple or list, or of a slice of one."""
    [item] = items if len(items) == 1 else [None]
    if t.items is not None:
        if isinstance(item, int) and -len(t.items) <= item < len(t.items):
            return t.items[item]
        if isinstance(item, slice) and all(p is None or isinstance(p, int) for p in (item.start, item.stop, item.step)):
            return sequence_type(t.items[item])
    if isinstance(x, Value) and x.node is not None and x.node.op.name == "shape" and type_of(item).kind == "int":
        return Type("int", ())
    return Type(t.kind, ShapeVar(), array=t.array) if isinstance(item, slice) else Type()  # anything may be in it


def leaf_kind(t: Type) -> str:
    """The kind of the numbers in a tuple or list, however deep; of what is none of the two, its own."""
    return t.kind if t.items is None else join_kinds(*(leaf_kind(item) for item in t.items))


def sequence_type(items: tuple[Type, ...]) -> Type:
    """The type of a tuple or list; its shape is that of the array which it makes, where it can make one."""
    inner: Shape = items[0].shape if items else ()
    fits = bool(items) and not isinstance(inner, ShapeVar) and all(t.shape == inner for t in items)
    return Type("object", (len(items), *inner) if fits else (len(items),), items=items)  # type: ignore[misc]


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
    out = np.zeros(np.shape(like), np.result_type(values, like, 0.0))
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


@primitive(signature="x, like", rule=_broadcast_like_rule, infer=_like_type, alias="read-only")
def broadcast_like(x: Any, like: Any) -> Any:
    """`x` broadcast to the shape of `like`, read-only; a Python number in the float dtype of `like`."""
    if type(x) in (int, float):
        x = np.result_type(like, 0.0).type(x)
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
    """The zero cotangent of `x`: its shape, and its dtype where that is a float's; a number where it has no axes."""
    return np.zeros(np.shape(x), np.result_type(x, 0.0))[()]


@primitive(signature="x", differentiable=False, infer=lambda facts, x: _like_type(facts, 0.0, x))
def zeros_if_any(x: Any) -> Any:
    """The zero cotangent of what may be None, since it is not assigned on every way."""
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
    return sequence_type(tuple(type_of(item) for item in items))


def _items_rule(g: Any, out: Any, *items: Any) -> Any:
    """The cotangent of a tuple or list is that of the array which it makes: its rows are those of the items."""
    return [g[i] for i in range(len(items))]


@primitive(signature="*items", rule=_items_rule, infer=_items_type, cheap=True, alias="any", name="tuple")
def tuple_(*items: Any) -> Any:
    """A tuple of values: an index, a shape, several results."""
    return items


@primitive(signature="*items", rule=_items_rule, infer=_items_type, cheap=True, alias="any", name="list")
def list_(*items: Any) -> Any:
    """A list of values."""
    return list(items)


@primitive(
    signature="start, stop, step", differentiable=False, infer=lambda facts, *_: OBJECT, cheap=True, name="slice"
)
def slice_(start: Any, stop: Any, step: Any) -> Any:
    """`start:stop:step`."""
    return slice(start, stop, step)


# ---- sizes, as rules and inference need them


def length(x: Any, axis: int) -> Any:
    """`x.shape[axis]`: a number where it is known, else a value."""
    known = type_of(x).shape if isinstance(x, Value) else np.shape(x)
    if not isinstance(known, ShapeVar) and isinstance(known[axis], int):
        return known[axis]
    return shape(x)[axis]


def count(x: Any, axis: Any = None) -> Any:
    """How many entries `x` has along `axis` (an axis, several, or None for all): what a mean divides by."""
    if axis is None:
        known = type_of(x).shape if isinstance(x, Value) else np.shape(x)
        n = None if isinstance(known, ShapeVar) else dim_product(known)
        return n if isinstance(n, int) else size(x)
    axes = axis if isinstance(axis, tuple) else (axis,)
    total: Any = 1
    for a in axes:
        n = length(x, a)
        total = n if isinstance(total, int) and total == 1 else total * n
    return total


def _plus_type(facts: Facts, a: Any, b: Any) -> Type:
    m, n = size_of(a), size_of(b)
    return Type("int", (), size=None if m is None or n is None else dim_add(m, n))


@primitive(signature="a, b", differentiable=False, infer=_plus_type, cheap=True)
def plus(a: Any, b: Any) -> Any:
    """`a + b` for sizes, which stay integers: the place of a cut."""
    return a + b


def sizes_in(shape: Any) -> list[Size | None] | None:
    """The sizes that a shape argument asks for, None for one that is not known; None where not even the rank is."""
    if isinstance(shape, Value):
        if _is_display(shape):
            return [size_of(item) for item in shape.node.args]  # type: ignore[union-attr]
        if shape.type.items is not None:
            return [t.size for t in shape.type.items]
        return [size_of(shape)] if shape.type.kind == "int" and shape.type.scalar else None
    sizes: list[Size | None] = []
    for item in [shape] if np.ndim(shape) == 0 and not isinstance(shape, (tuple, list)) else shape:
        n = size_of(item)
        sizes.append(int(item) if n is None and isinstance(item, np.integer) else n)
    return sizes


def _is_display(v: Value) -> bool:
    return v.node is not None and v.node.op.name in ("tuple", "list")


def shape_from(facts: Facts, sizes: list[Size | None] | None) -> Shape:
    """The shape that `sizes` are."""
    return ShapeVar() if sizes is None else tuple(Dim.fresh() if n is None else facts.canonical(n) for n in sizes)


def apply(fn: Any, *args: Any, **kwargs: Any) -> Any:
    """`fn(*args, **kwargs)`, also with values where NumPy's protocols do not look for them, as in a shape."""
    return call(operation(fn), *args, **kwargs)


def along(axis: int, item: Any, x: Any = None) -> Any:
    """The index that has `item` at `axis`, which may be negative, and all of the other axes of `x`."""
    rank = None if x is None else ndim(x)
    if rank:
        axis %= rank
    if axis >= 0:
        return (*[slice(None)] * axis, item) if axis else item
    return (Ellipsis, item, *[slice(None)] * (-axis - 1))


# ---- dtypes


def kind_of(dtype: Any, default: str) -> str:
    """The kind of arrays of a dtype, given as NumPy takes it, or as a value; `default` where it is None."""
    if dtype is None:
        return default
    if isinstance(dtype, Value):
        known = dtype.node is not None and dtype.node.op is PRIMITIVES["dtype"]
        return dtype.node.inputs[0].type.kind if known else "number"  # type: ignore[union-attr]
    kinds = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}
    return kinds.get(np.dtype(dtype).kind, "object")


def _cast_like_type(facts: Facts, x: Any, like: Any) -> Type:
    t = type_of(x)
    return t.but(kind=join_kinds("float", t.kind), array=True, size=None)


@primitive(signature="x, like", rule=lambda g, out, x, like: (cast_like(g, x), None), infer=_cast_like_type,
           alias="maybe")  # fmt: skip
def cast_like(x: Any, like: Any) -> Any:
    """`x` in the dtype of `like`, or that of a float where `like` holds integers."""
    return np.result_type(like, 0.0).type(x)


def _astype_rule(g: Any, out: Any, x: Any, dtype: Any, **_: Any) -> Any:
    """The cotangent comes back in the dtype that `x` has."""
    return cast_like(g, x), None


def _astype_type(facts: Facts, x: Any, dtype: Any, **_: Any) -> Type:
    t = type_of(x)
    return Type(kind_of(dtype, "float"), t.shape, array=True)


@primitive(
    signature="x, dtype, order='K', casting='unsafe', subok=True, copy=True",
    inputs="x dtype",
    rule=_astype_rule,
    infer=_astype_type,
    alias=lambda node: "fresh" if node.options["copy"] is True else "maybe",
)
def astype(x: Any, dtype: Any, **options: Any) -> Any:
    """`x.astype(dtype)`; to integers there is no derivative."""
    return x.astype(dtype, **options)

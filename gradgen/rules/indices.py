"""Indices: what is known of them, and the type of what is read at one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Value, type_of
from ..sequences import list_of, one_of, sequence_type
from ..shapes import OBJECT, Dim, Facts, ShapeVar, Size, Type, dim_add, join_kinds
from .registry import ndim
from .sizes import not_negative, size_of


def index_items(index: Any) -> list[Any]:
    """The parts of an index, constants as Python objects, whether it was built from values or not.

    Of `np.ix_(...)` only the types of the parts are known.
    """
    if isinstance(index, Value) and index.node is not None and index.node.op.name == "tuple":
        return index.node.args
    if is_open_mesh(index):
        return list(index.type.items)
    return list(index) if isinstance(index, tuple) else [index]


def is_open_mesh(index: Any) -> bool:
    """Whether an index is `np.ix_(...)`."""
    return isinstance(index, Value) and index.node is not None and index.node.op.name == "ix_"


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
    if is_open_mesh(index):
        return all(type_of(a).kind == "bool" or _distinct(a) for a in index.node.args)
    return all(type_of(a).ndim == 1 or type_of(a).scalar for a in arrays) and any(map(_distinct, arrays))


def counts_up(x: Any) -> bool:
    """Whether `x` surely is 0, 1, 2, ...: `np.arange(n)`."""
    return isinstance(x, Value) and x.node is not None and x.node.op.name == "arange" and len(x.node.inputs) == 2


def _distinct(x: Any) -> bool:
    if isinstance(x, Value):
        name = "" if x.node is None else x.node.op.name
        return name in ("arange", "argsort")
    if not isinstance(x, (list, np.ndarray)):
        return False
    places = set(np.ravel(x).tolist())  # of an array of one entry, 0 and -1 are the same
    return len(places) == np.size(x) and len({place < 0 for place in places}) < 2


def along(axis: int, item: Any, x: Any = None) -> Any:
    """The index that has `item` at `axis`, which may be negative, and all of the other axes of `x`."""
    rank = None if x is None else ndim(x)
    if rank:
        axis %= rank
    if axis >= 0:
        return (*[slice(None)] * axis, item) if axis else item
    return (Ellipsis, item, *[slice(None)] * (-axis - 1))


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


def _known_length(facts: Facts, parts: tuple[Any, Any, Any], n: Size) -> Size:
    """The length of a slice; where it is not known, the same one for all axes of one length that are cut alike."""
    length = slice_length(facts, parts, n)
    if not (isinstance(length, Dim) and length.loose):
        return length
    key = (*(id(p) if isinstance(p, Value) else repr(p) for p in parts), facts.canonical(n))
    return facts.lengths.setdefault(key, (length, parts))[0]


def getitem_type(facts: Facts, x: Any, index: Any) -> Type:
    """The type of `x[index]`, for every kind of index that NumPy takes."""
    t = type_of(x)
    items = index_items(index)
    if t.kind == "object":
        return _item_type(facts, x, t, items)
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
            shape.append(_known_length(facts, parts, rest.pop(0)))
        else:
            it = _index_type(item)
            if it.kind == "bool":
                rest = rest[it.ndim :]
                chosen = facts.lengths.setdefault(id(item), (Dim.fresh(), item))[0]  # as many wherever it is a mask
                it = Type("int", (chosen,))
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
    t = type_of(item)
    return OBJECT if t.of is not None and t.form is not None else t  # a tuple of so many indices, or an array of them


def _item_type(facts: Facts, x: Any, t: Type, items: list[Any]) -> Type:
    """The type of an item of a tuple or list, or of a slice of one."""
    [item] = items if len(items) == 1 else [None]
    if t.of is not None and slice_parts(item) is None:
        return one_of(t.of)
    if t.of is not None:
        length = Dim.fresh() if isinstance(t.shape, ShapeVar) else t.shape[0]
        return list_of(t.of, slice_length(facts, slice_parts(item), length))  # type: ignore[arg-type]
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
    if t.of is not None:
        return leaf_kind(t.of)
    return t.kind if t.items is None else join_kinds(*(leaf_kind(item) for item in t.items))

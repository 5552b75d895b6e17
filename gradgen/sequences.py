"""Types of tuples and lists: those whose items are known one by one, and those of which one knows what each item is.

What the items of a list have in common is one type, in which a shape or a size may be that of each item alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .shapes import NONE, OBJECT, Dim, Facts, Shape, ShapeVar, Size, Type, join_kinds

VARIES = ShapeVar("each its own")
"""The shape of the items of a list, each of which has one of its own."""
EACH = Dim.named("?")
"""A size of the items of a list, each of which has one of its own."""


def list_of(item: Type, length: Size) -> Type:
    """The type of a list; its shape is that of the array which it makes, where it can make one."""
    inner = () if isinstance(item.shape, ShapeVar) else item.shape
    return Type("object", (length, *inner), of=item.but(size=None))


def sequence_type(items: tuple[Type, ...]) -> Type:
    """The type of a tuple or list; its shape is that of the array which it makes, where it can make one."""
    inner: Shape = items[0].shape if items else ()
    fits = bool(items) and not isinstance(inner, ShapeVar) and all(t.shape == inner for t in items)
    return Type("object", (len(items), *inner) if fits else (len(items),), items=items)  # type: ignore[misc]


def one_of(item: Type) -> Type:
    """The type of one item of a list, whose items have the type `item`: what differs from one to the other is open."""
    if item.sequence:
        return item.but(shape=opened(item.shape), items=item.items and tuple(map(one_of, item.items)))
    return item.but(shape=opened(item.shape))


def opened(shape: Shape) -> Shape:
    """A shape of items, for one of them."""
    if isinstance(shape, ShapeVar):
        return ShapeVar() if shape is VARIES else shape
    return tuple(Dim.fresh() if d == EACH else d for d in shape)


def each(item: Type, stays: Callable[[Any], bool] = lambda name: False) -> Type:
    """The type of the items of a list of which `item` is one. stays: whether an unknown is the same for all of them."""
    shape = item.shape
    if isinstance(shape, ShapeVar):
        shape = shape if stays(shape) else VARIES
    else:
        shape = tuple(EACH if isinstance(d, Dim) and d.loose and not all(map(stays, d.names)) else d for d in shape)
    items = item.items and tuple(each(t, stays) for t in item.items)
    return item.but(size=None, shape=shape, items=items)


def joined_items(facts: Facts, a: Type, b: Type) -> Type:
    """The type of the items of a list some of which have the type `a` and some `b`."""
    if a == b:
        return a
    if a.items is not None and b.items is not None and len(a.items) == len(b.items):
        return sequence_type(tuple(joined_items(facts, x, y) for x, y in zip(a.items, b.items, strict=True)))
    joined = join_types(facts, a, b)
    if joined.of is not None:
        return each(joined)
    if isinstance(joined.shape, ShapeVar) and joined.shape is not a.shape:
        ranks = {None if isinstance(t.shape, ShapeVar) else len(t.shape) for t in (a, b)}
        if len(ranks) > 1 or None in ranks:
            return joined.but(shape=VARIES)
        pairs = zip(a.shape, b.shape, strict=True)  # type: ignore[arg-type]
        return joined.but(shape=tuple(m if facts.same(m, n) else EACH for m, n in pairs))
    return joined


def join_types(facts: Facts, a: Type, b: Type) -> Type:
    """The type of what may have either type."""
    if a == b:
        return a
    if NONE in (a, b) or a.optional or b.optional:
        [known, *others] = [t.but(optional=False) for t in (a, b) if t != NONE]
        return (join_types(facts, known, *others) if others else known).but(optional=True)
    uneven = a.items is not None and b.items is not None and len(a.items) != len(b.items)
    if a.of is not None or b.of is not None or uneven:
        return _joined_lists(facts, a, b)
    if a.items is not None and b.items is not None and len(a.items) == len(b.items):
        return sequence_type(tuple(join_types(facts, x, y) for x, y in zip(a.items, b.items, strict=True)))
    kind = a.kind if a.kind == b.kind else "object" if "object" in (a.kind, b.kind) else "number"
    if "complex" in (a.kind, b.kind) and kind == "number":
        kind = join_kinds(a.kind, b.kind)
    shape = a.shape if facts.same_shape(a.shape, b.shape) else ShapeVar()
    return Type(kind, shape, array=a.array and b.array)


def _joined_lists(facts: Facts, a: Type, b: Type) -> Type:
    """The type of what is one of two lists, one of which may be a tuple or a list written out."""
    if not (a.sequence and b.sequence):
        return OBJECT
    kinds = [t.of for t in (a, b) if t.of is not None]
    kinds += [each(item) for t in (a, b) for item in t.items or ()]
    if not kinds:
        return a
    item = kinds[0]
    for other in kinds[1:]:
        item = joined_items(facts, item, other)
    lengths = [None if isinstance(t.shape, ShapeVar) else t.shape[0] for t in (a, b)]
    known = None not in lengths and facts.same(*lengths)  # type: ignore[arg-type]
    return list_of(item, lengths[0] if known else Dim.fresh())  # type: ignore[arg-type]

"""Lists whose items are not known one by one: what they are gone through by, added up to, and joined to.

The cotangent of a list is a sequence of as many cotangents, a list or an array: each at the place of its item.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Value, type_of
from ..sequences import each, joined_items, list_of, one_of
from ..shapes import Dim, Facts, Form, ShapeVar, Size, Type, join_kinds
from .elementwise import is_number
from .indices import getitem_type, leaf_kind
from .primitives import apply, broadcast_like, cast_like, kind_of, scatter, sum_of, unbroadcast
from .registry import bprop, ndim, primitive
from .shaping import like_shape
from .snippets import product_of_others

INT = Type("int", ())


def length_of(t: Type) -> Size:
    """The length of a list or array of a type."""
    return Dim.fresh() if isinstance(t.shape, ShapeVar) or not t.shape else t.shape[0]


def item_type(facts: Facts, x: Any) -> Type:
    """The type of what a list, a tuple or an array gives one by one."""
    t = type_of(x)
    if t.items:
        joined = each(t.items[0])
        for other in t.items[1:]:
            joined = joined_items(facts, joined, each(other))
        return one_of(joined)
    return getitem_type(facts, x, 0)


# ---- the items of an array, as Python's numbers


def _tolist_type(facts: Facts, a: Any) -> Type:
    t = type_of(a)
    if isinstance(t.shape, ShapeVar):
        raise TypeError("tolist() needs an array of known rank: declare its shape")
    made = Type(t.kind, ())
    for n in reversed(t.shape):
        made = list_of(each(made), n)
    return made


def _tolist_rule(g: Any, out: Any, a: Any) -> Any:
    a_bar = cast_like(apply(np.array, g), a)
    return a_bar if ndim(a) == 1 else like_shape(a_bar, a)  # that of no rows has no columns


@primitive(signature="a", infer=_tolist_type, rule=_tolist_rule)
def tolist(a: Any) -> Any:
    """`a.tolist()`. The cotangents of the items are as good as those of the entries."""
    return a.tolist()


# ---- what is gone through


def _flipped_type(facts: Facts, x: Any) -> Type:
    t = type_of(x)
    return list_of(each(item_type(facts, x)), len(t.items)) if t.items else t.but(size=None)


@primitive(signature="x", rule=lambda g, out, x: flipped(g), infer=_flipped_type, alias="view", cheap=True)
def flipped(x: Any) -> Any:
    """`x` from its end."""
    return x[::-1]


@primitive(signature="*lists", differentiable=False, infer=lambda facts, *lists: INT)
def shortest(*lists: Any) -> Any:
    """The length of the shortest."""
    return min(map(len, lists))


def _first_type(facts: Facts, x: Any, steps: Any) -> Type:
    t = type_of(x)
    return t if isinstance(t.shape, ShapeVar) or not t.shape else t.but(shape=(Dim.fresh(), *t.shape[1:]), size=None)


@primitive(signature="x, steps", differentiable=False, infer=_first_type, alias="view", cheap=True)
def first(x: Any, steps: Any) -> Any:
    """What the first `steps` turns of a loop through `x` take of it."""
    return x[:steps]


def begun(made: Any, g: Any, count: Callable[[], Any]) -> Any:
    """The cotangents of what a list was made with, `count()` items, where more is appended to it afterwards."""
    if not isinstance(made, Value):
        return g
    readers = [node for node in made.graph.nodes if made in node.inputs and not node.backward]
    return first(g, count()) if any(node.subgraphs or node.op.name == "append" for node in readers) else g


# ---- lists, tuples and arrays, one made of the other


def _listed_type(facts: Facts, x: Any, form: Form | None = None) -> Type:
    return list_of(each(item_type(facts, x)), length_of(type_of(x))).but(form=form)


def _of_items(g: Any, x: Any) -> Any:
    """The cotangents of the items as that of what they came from."""
    return g if type_of(x).sequence else apply(np.array, g)


@primitive(signature="x", rule=lambda g, out, x: _of_items(begun(out, g, lambda: shortest(x)), x), alias="any",
           infer=_listed_type)  # fmt: skip
def as_list(x: Any) -> Any:
    """`list(x)` of an array, or of a tuple whose items are not known one by one."""
    return list(x)


@primitive(signature="x", rule=lambda g, out, x: _of_items(g, x), alias="any",
           infer=lambda facts, x: _listed_type(facts, x, Form(tuple)))  # fmt: skip
def as_tuple(x: Any) -> Any:
    """`tuple(x)` of an array or a list: as an index it means something else than a list."""
    return tuple(x)


# ---- lists that grow


@primitive(signature="x", differentiable=False, infer=lambda facts, x: INT)
def length_of_list(x: Any) -> Any:
    """`len(x)` of a list that grows: it is not to be asked again later."""
    return len(x)


@primitive(signature="x, place", rule=lambda g, out, x, place: (scatter(g, place, x), None), infer=getitem_type,
           alias="view")  # fmt: skip
def item_of_list(x: Any, place: Any) -> Any:
    """An item of a list that grows, counted from the beginning: it is kept where it is needed later."""
    return x[place]


def _append_type(facts: Facts, x: Any, place: Any, item: Any) -> Type:
    t, added = type_of(x), each(type_of(item))
    known = [t.of] if t.of is not None else [each(i) for i in t.items or ()]
    for other in known:
        added = joined_items(facts, added, other)
    return list_of(added, Dim.fresh())


@primitive(signature="x, place, item", infer=_append_type, alias="any",
           rule=lambda g, out, x, place, item: (g, None, g[place]))  # fmt: skip
def append(x: Any, place: Any, item: Any) -> Any:
    """A list that is longer by one item, which is at `place`. The cotangent is that of the list at its end."""
    return [*x, item]


# ---- sums


def _repeated_type(facts: Facts, x: Any, like: Any) -> Type:
    return list_of(type_of(x).but(size=None), length_of(type_of(like)))


@primitive(signature="x, like", differentiable=False, infer=_repeated_type, alias="any")
def repeated(x: Any, like: Any) -> Any:
    """A list of `x`, as long as `like`."""
    return [x] * len(like)


def _summed_type(facts: Facts, *lists: Any) -> Type:
    return list_of(each(item_type(facts, lists[0])), length_of(type_of(lists[0])))


@primitive(signature="*lists", differentiable=False, infer=_summed_type)
def summed_lists(*lists: Any) -> Any:
    """The sums of what stands at the same place."""
    return functools.reduce(sum_of, map(list, lists))


def _sum_type(facts: Facts, iterable: Any, start: Any) -> Type:
    item, begin = item_type(facts, iterable), type_of(start)
    shape = facts.broadcast(item.shape, begin.shape)
    return Type(join_kinds(item.kind, begin.kind), shape, array=item.array or begin.array)


def _sum_samples(rng: np.random.Generator) -> list[Any]:
    cases = [((3,), ()), ((2, 3), ()), ((1, 3), (2, 1)), ((4,), (2,))]
    return [((rng.normal(size=shape), rng.normal(size=start)), {}) for shape, start in cases]


@bprop(sum, signature="iterable, start=0", inputs="iterable start", infer=_sum_type, name="builtins.sum",
       samples=_sum_samples)  # fmt: skip
def sum_(g, out, iterable, start):
    """Each item, and what is begun with, gets the cotangent of the sum."""
    if type_of(iterable).sequence:
        of_items = repeated(g, iterable)
    else:
        of_items = broadcast_like(unbroadcast(g, np.sum(iterable, axis=0)), iterable)
    return of_items, None if is_number(start) else unbroadcast(g, start)


# ---- arrays joined


def _joined_type(facts: Facts, arrays: Any, axis: int, dtype: Any) -> Type:
    item = item_type(facts, arrays)
    kind = kind_of(dtype, leaf_kind(item))
    if isinstance(item.shape, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    dims = list(item.shape)
    dims[axis] = Dim.fresh()
    return Type(kind, tuple(dims), array=True)


@primitive(signature="arrays, axis=0, dtype=None", inputs="arrays", infer=_joined_type,
           rule=lambda g, out, arrays, *, axis, dtype: parted(g, arrays, axis=axis))  # fmt: skip
def joined(arrays: Any, axis: int = 0, dtype: Any = None) -> Any:
    """The arrays of a list joined along `axis`."""
    return np.concatenate(arrays, axis=axis, dtype=dtype)


@primitive(signature="g, arrays, axis", inputs="g arrays", differentiable=False, alias="view",
           infer=lambda facts, g, arrays, axis: type_of(arrays))  # fmt: skip
def parted(g: Any, arrays: Any, axis: int) -> Any:
    """The pieces of `g` that belong to the arrays of a list, which were joined along `axis`."""
    return np.split(g, np.cumsum([np.shape(x)[axis] for x in arrays])[:-1], axis=axis)


def _stacked_type(facts: Facts, arrays: Any, axis: int, dtype: Any) -> Type:
    item = item_type(facts, arrays)
    kind = kind_of(dtype, leaf_kind(item))
    if isinstance(item.shape, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    place = axis % (len(item.shape) + 1)
    dims = [*item.shape[:place], length_of(type_of(arrays)), *item.shape[place:]]
    return Type(kind, tuple(dims), array=True)


@primitive(signature="arrays, axis=0, dtype=None", inputs="arrays", infer=_stacked_type,
           rule=lambda g, out, arrays, *, axis, dtype: g if axis == 0 else np.moveaxis(g, axis, 0))  # fmt: skip
def stacked(arrays: Any, axis: int = 0, dtype: Any = None) -> Any:
    """The arrays of a list along a new axis."""
    return np.stack(arrays, axis=axis, dtype=dtype)


JOINING = (np.concatenate, np.stack, np.vstack, np.hstack, np.column_stack)
"""Functions that make one array of the arrays in a list."""


def joined_by(fn: Any, rank: int | None, axis: int) -> tuple[str, int] | None:
    """The operation and the axis that a function which joins a list of arrays of a rank comes to."""
    if fn is np.concatenate:
        return "joined", axis
    if fn is np.stack:
        return "stacked", axis
    if rank is None or rank == 0:
        return None
    if fn is np.vstack:
        return ("stacked", 0) if rank == 1 else ("joined", 0)
    if fn is np.hstack:
        return "joined", 0 if rank == 1 else 1
    return ("stacked", 1) if rank == 1 else ("joined", 1)


# ---- numbers in a list


def _number_type(facts: Facts, seq: Any, *start: Any) -> Type:
    return Type("float", ())


@primitive(signature="seq", rule=lambda g, out, seq: repeated(g, seq), infer=_number_type)
def fsum(seq: Any) -> Any:
    """`math.fsum` of a list."""
    return math.fsum(seq)


@primitive(signature="iterable", infer=_number_type,
           rule=lambda g, out, iterable: g * product_of_others(apply(np.array, iterable), axis=None))  # fmt: skip
def prod(iterable: Any) -> Any:
    """`math.prod` of a list."""
    return math.prod(iterable)

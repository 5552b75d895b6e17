"""gradgen's own operations: what graphs need beside NumPy's functions.

Reading (`getitem`) and adding at an index (`scatter`, `increment`) are each other's adjoints, and so are
`broadcast_like` and `unbroadcast`. What the user writes in place, `a[i] = v`, is `setitem`: a new version of the array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import PRIMITIVES, Node, Value, call, operation, type_of
from ..sequences import list_of, sequence_type
from ..shapes import OBJECT, Dim, Facts, ShapeVar, Type, dim_add, dim_product, float_of, join_kinds
from .indices import getitem_type, has_no_repeats, index_items, is_basic, slice_parts
from .registry import ndim, primitive
from .sizes import not_negative, size_of

FILLS = ("setitem", "increment", "augment")
"""The operations that write into an array at an index."""
WRITES = (*FILLS, "accumulated")
"""Operations that are written in place, in their first input, where that can be."""


def _is_view(node: Node) -> str:
    """What may be an integer or an array shows a part or copies it; of an array of one axis it gives no part."""
    x, index = node.args
    if is_basic(index):
        return "view"
    items = index_items(index)
    advanced = any(type_of(item).kind == "bool" or type_of(item).ndim for item in items if slice_parts(item) is None)
    apart = type_of(x).ndim == 1 and not any(item is None or slice_parts(item) is not None for item in items)
    return "fresh" if advanced or apart else "maybe"


def _getitem_rule(g: Any, out: Any, x: Any, index: Any) -> Any:
    return scatter(g, index, x), None


@primitive(signature="x, index", rule=_getitem_rule, infer=getitem_type, alias=_is_view)
def getitem(x: Any, index: Any) -> Any:
    """`x[index]`, any index that NumPy takes."""
    return x[index]


def _scatter_rule(g: Any, out: Any, values: Any, index: Any, like: Any) -> Any:
    return unbroadcast(g[index], values), None, None


def cotangent_type(t: Type) -> Type:
    """The type of a cotangent of something of the type `t`: of a list, a list."""
    of, items = t.of and cotangent_type(t.of), t.items and tuple(map(cotangent_type, t.items))
    return t.but(kind=float_of(t.kind), size=None, of=of, items=items)


def _scatter_type(facts: Facts, values: Any, index: Any, like: Any) -> Type:
    if type_of(like).sequence:
        return cotangent_type(type_of(like))
    return type_of(like).but(kind=join_kinds("float", type_of(values).kind), array=True, size=None)


@primitive(signature="values, index, like", rule=_scatter_rule, infer=_scatter_type)
def scatter(values: Any, index: Any, like: Any) -> Any:
    """Zeros of the shape of `like` with `values` added at `index`; repeated indices accumulate."""
    if isinstance(like, (list, tuple)):
        return add_to_list(zeros_of(like), index, values)
    out = np.zeros(np.shape(like), np.result_type(values, like, 0.0))
    np.add.at(out, index, values)
    return out


def add_to_list(items: list[Any], index: Any, values: Any) -> list[Any]:
    """The list with `values` added at `index`, an integer or a slice."""
    items[index] = sum_of(items[index], values)
    return items


def sum_of(a: Any, b: Any) -> Any:
    """The sum of two cotangents, which of a tuple or a list is one of its parts."""
    if isinstance(a, (tuple, list)):
        return type(a)(sum_of(x, y) for x, y in zip(a, b, strict=True))
    return a + b


def _increment_rule(g: Any, out: Any, x: Any, index: Any, values: Any) -> Any:
    return g, None, unbroadcast(g[index], values)


def _increment_type(facts: Facts, x: Any, index: Any, values: Any) -> Type:
    return type_of(x).but(size=None)


@primitive(signature="x, index, values", rule=_increment_rule, infer=_increment_type)
def increment(x: Any, index: Any, values: Any) -> Any:
    """A copy of `x` with `values` added at `index`; repeated indices accumulate."""
    if isinstance(x, list):
        return add_to_list(list(x), index, values)
    out = np.array(x)
    np.add.at(out, index, values)
    return out


def _sent(g: Any, index: Any, values: Any) -> Any:
    """What goes to values that are written at an index; where an element is named twice, only the last one counts."""
    sent = g[index] if has_no_repeats(index) else last_written(g, index)
    rank, own = ndim(sent), ndim(values)
    if rank is not None and own is not None and own > rank:  # NumPy does without axes of 1 in front
        sent = sent[(None,) * (own - rank)]
    return sent if ndim(sent) == 0 else unbroadcast(sent, values)


def _augment_rule(g: Any, out: Any, x: Any, index: Any, values: Any) -> Any:
    return g, None, _sent(g, index, values)


@primitive(signature="x, index, values", rule=_augment_rule, infer=_increment_type)
def augment(x: Any, index: Any, values: Any) -> Any:
    """A copy of `x` after `x[index] += values`: of repeated indices the last counts, and is added once."""
    out = np.array(x)
    out[index] += values
    return out


def _setitem_rule(g: Any, out: Any, x: Any, index: Any, values: Any) -> Any:
    """What was there before has no influence any more."""
    sent = _sent(g, index, values)  # read before it is set to zero
    return setitem(g, index, 0.0), None, sent


@primitive(signature="x, index, values", rule=_setitem_rule, infer=_increment_type)
def setitem(x: Any, index: Any, values: Any) -> Any:
    """A copy of `x` with `values` at `index`."""
    out = np.array(x)
    out[index] = values
    return out[()]


def _last_written_rule(g: Any, out: Any, x: Any, index: Any) -> Any:
    return scatter_last(g, index, x), None


@primitive(signature="x, index", rule=_last_written_rule, infer=getitem_type)
def last_written(x: Any, index: Any) -> Any:
    """`x[index]`, but zero where a later entry of `index` names the same element: what `x[index] = v` left of `v`."""
    order = np.empty(np.shape(x), int)
    count = np.arange(np.size(order[index])).reshape(np.shape(order[index]))
    order[index] = count
    return np.where(order[index] == count, x[index], 0.0)


def _scatter_last_rule(g: Any, out: Any, values: Any, index: Any, like: Any) -> Any:
    return unbroadcast(last_written(g, index), values), None, None


@primitive(signature="values, index, like", rule=_scatter_last_rule, infer=_scatter_type)
def scatter_last(values: Any, index: Any, like: Any) -> Any:
    """Zeros of the shape of `like` with `values` written at `index`: of repeated indices the last counts."""
    out = np.zeros(np.shape(like), np.result_type(values, like, 0.0))
    out[index] = values
    return out


@primitive(signature="x, index", rule=_getitem_rule, infer=getitem_type)
def pick(x: Any, index: Any) -> Any:
    """`x[index]` in memory of its own: `x` is written in place while this is still read."""
    return np.array(x[index])[()]


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


@primitive(signature="x, like", rule=lambda g, out, x, like: (g, None), alias="maybe",
           infer=lambda facts, x, like: type_of(x).but(kind="number", array=True, size=None))  # fmt: skip
def kind_like(x: Any, like: Any) -> Any:
    """`x`, or its real part where `like` is real."""
    return np.real(x) if np.isrealobj(like) else x


def real_part(bar: Any, x: Any) -> Any:
    """The cotangent of `x`, which is real where `x` is."""
    kind = type_of(x).kind
    if type_of(bar).kind != "complex":
        return bar
    return np.real(bar) if kind in ("int", "float") else kind_like(bar, x) if kind == "number" else bar


def _unbroadcast_rule(g: Any, out: Any, x: Any, like: Any) -> Any:
    return broadcast_like(g, x), None


@primitive(signature="x, like", rule=_unbroadcast_rule, infer=_like_type, alias="maybe")
def unbroadcast(x: Any, like: Any) -> Any:
    """Sum `x` over the axes along which `like` was broadcast to its shape: the adjoint of broadcasting."""
    shape = np.shape(like)
    x = np.sum(x, axis=tuple(range(np.ndim(x) - len(shape))))
    ones = tuple(i for i, n in enumerate(shape) if n == 1)
    return np.sum(x, axis=ones, keepdims=True) if ones else x


def _zeros_type(facts: Facts, x: Any) -> Type:
    return cotangent_type(type_of(x)) if type_of(x).sequence else _like_type(facts, 0.0, x)


def zeros_of(x: Any) -> Any:
    """The zero cotangent of an array, a number, or of a list or tuple of them."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(zeros_of, x))
    return np.zeros(np.shape(x), np.result_type(x, 0.0))[()]


@primitive(signature="x", differentiable=False, infer=_zeros_type)
def zeros_for(x: Any) -> Any:
    """The zero cotangent of `x`: its shape, and its dtype where that is a float's; a number where it has no axes."""
    if isinstance(x, (list, tuple)):
        return zeros_of(x)
    return np.zeros(np.shape(x), np.result_type(x, 0.0))[()]


@primitive(signature="x", rule=lambda g, out, x: g, infer=lambda facts, x: type_of(x).but(size=None))
def copied(x: Any) -> Any:
    """A copy of an array; what is none is itself."""
    return x.copy() if isinstance(x, np.ndarray) else x


@primitive(signature="x, key, bound", inputs="x", differentiable=False, cheap=True, alias="any")
def attribute(x: Any, key: str, bound: bool) -> Any:
    """`x.key`, of an object. bound: whether the user gave it a name."""
    return getattr(x, key)


@primitive(signature="x, key, bound", inputs="x", differentiable=False, cheap=True, alias="any")
def item(x: Any, key: Any, bound: bool) -> Any:
    """`x[key]`, of a container. bound: as of `attribute`."""
    return x[key]


INT = Type("int", ())


def _steps_type(facts: Facts, x: Any, start: Any) -> Type:
    dims = type_of(x).shape
    return list_of(INT, Dim.fresh() if isinstance(dims, ShapeVar) or not dims else dims[0])


@primitive(signature="x, start", differentiable=False, infer=_steps_type, cheap=True)
def steps_of(x: Any, start: Any) -> Any:
    """The numbers that `enumerate(x, start)` gives: `range(start, start + len(x))`."""
    return range(start, start + len(x))


def _range_type(facts: Facts, *bounds: Any) -> Type:
    sizes = [size_of(b) for b in bounds]
    if all(isinstance(n, int) for n in sizes):
        return list_of(INT, len(range(*sizes)))  # type: ignore[arg-type]
    n = sizes[0] if len(sizes) == 1 else None
    if len(sizes) == 2 and None not in sizes:
        n = dim_add(sizes[1], sizes[0], -1)  # type: ignore[arg-type]
    return list_of(INT, n if n is not None and not_negative(n) else Dim.fresh())


@primitive(signature="x", differentiable=False, infer=lambda facts, x: OBJECT, cheap=True)
def steps_between(x: Any) -> Any:
    """The numbers of the steps between the items of a list: `range(len(x) - 1)`."""
    return range(len(x) - 1)


@primitive(
    signature="x, place, ahead", inputs="x place", differentiable=False, infer=lambda facts, *_, ahead: OBJECT,
    cheap=True, alias="any",
)  # fmt: skip
def recorded(x: Any, place: Any, ahead: int) -> Any:
    """`x[place + ahead]` of a list or tuple in which a loop keeps something of its steps."""
    return x[place + ahead]


@primitive(signature="*bounds", differentiable=False, infer=_range_type, cheap=True, name="range")
def range_(*bounds: Any) -> Any:
    """`range(...)`."""
    return range(*bounds)


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


def _told_by(name: str, type: Type) -> None:
    """An attribute of arrays that tells how they lie in memory."""

    def ask(x: Any) -> Any:
        return getattr(x, name)

    ask.__name__ = name
    primitive(signature="x", differentiable=False, infer=lambda facts, x: type, cheap=True, name=name)(ask)


for _name in ("strides", "flags", "device"):
    _told_by(_name, OBJECT)
for _name in ("itemsize", "nbytes"):
    _told_by(_name, INT)


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


@primitive(signature="start, stop, step", infer=lambda facts, *_: OBJECT, cheap=True, name="slice")
def slice_(start: Any, stop: Any, step: Any) -> Any:
    """`start:stop:step`. Of numbers that vary, as in `np.mgrid[a:b:5j]`, nobody knows what becomes."""
    return slice(start, stop, step)


def _curve_rule(g: Any, out: Any, curve: Any, x: Any, *, nu: int) -> Any:
    return None, g * curve_at(curve, x, nu=nu + 1)


@primitive(signature="curve, x, nu=0", inputs="curve x", rule=_curve_rule, reals=True,
           infer=lambda facts, curve, x, *, nu: Type("float", type_of(x).shape, array=True))  # fmt: skip
def curve_at(curve: Any, x: Any, nu: int = 0) -> Any:
    """`curve(x, nu)`, of an object that is a function and its derivatives."""
    return curve(x, nu)


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


def apply(fn: Any, *args: Any, **kwargs: Any) -> Any:
    """`fn(*args, **kwargs)`, also with values where NumPy's protocols do not look for them, as in a shape."""
    return call(operation(fn), *args, **kwargs)


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


@primitive(signature="x", rule=lambda g, out, x: g, alias="view", cheap=True,
           infer=lambda facts, x: type_of(x).but(array=True, size=None))  # fmt: skip
def view(x: Any) -> Any:
    """`x.view()`, the same memory once more."""
    return x.view()


def _astype_rule(g: Any, out: Any, x: Any, dtype: Any, **_: Any) -> Any:
    """The cotangent comes back in the dtype that `x` has."""
    return cast_like(real_part(g, x), x), None


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

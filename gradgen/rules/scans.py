"""Rules of the functions that go along an axis: running sums and products, differences, sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, dim_product
from .indices import along
from .joining import parts
from .primitives import apply, broadcast_like, cast_like, count, kind_of, length, plus, scatter, unbroadcast
from .reductions import axes_of
from .registry import bprop, ndim, register
from .shaping import calls, case, like_shape, view_type
from .snippets import product_before, put_along, tails


def reverse(x: Any, axis: int) -> Any:
    """`x` read backwards along `axis`."""
    return x[along(axis, slice(None, None, -1), x)]


def _row(x: Any) -> Any:
    """`x` as a row, as functions take it whose `axis` is None."""
    return x if ndim(x) == 1 else apply(np.ravel, x)


def _unrow(x_bar: Any, x: Any) -> Any:
    return x_bar if ndim(x) == 1 else like_shape(x_bar, x)


def row_type(facts: Facts, x: Any, axis: Any, kind: str) -> Type:
    """The type of `x`, made a row where `axis` is None."""
    dims = type_of(x).shape
    if axis is None:
        n: Size = Dim.fresh() if isinstance(dims, ShapeVar) else dim_product(dims)
        dims = (n,)
    return Type(kind, dims, array=True)


# ---- running sums and products


def _scan_type(facts: Facts, a: Any, axis: Any, dtype: Any) -> Type:
    kind = type_of(a).kind
    return row_type(facts, a, axis, kind_of(dtype, "int" if kind == "bool" else kind))


SCANS = calls(
    case((4,)), case((1,)), case((4,), axis=0), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=1),
    case((2, 3), axis=-1), case((3, 1), axis=1), case((2, 3, 4), axis=1), case((2, 3, 4), axis=-3), case(()),
)  # fmt: skip


@bprop(np.cumsum, signature="a, axis=None, dtype=None, out=None", infer=_scan_type, samples=SCANS)
def cumsum(g, out, a, *, axis, dtype):
    """The running sum of the cotangent, from the end."""
    at = 0 if axis is None else axis
    options = {} if axis is None or ndim(a) == 1 else {"axis": axis}
    a_bar = reverse(np.cumsum(reverse(g, at), **options), at)
    a_bar = _unrow(a_bar, a) if axis is None else a_bar
    return a_bar if dtype is None else cast_like(a_bar, a)


if hasattr(np, "cumulative_sum"):
    register(np.cumulative_sum, signature="x, axis=None, dtype=None", rule=cumsum, infer=_scan_type,
             samples=calls(case((4,)), case((2, 3), axis=1)))  # fmt: skip


def _cumprod_samples(rng: np.random.Generator) -> list[Any]:
    zeros: list[Any] = [np.array([2.0, 0.0, 3.0, 0.0, 1.5]), np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.5]])]
    return [*SCANS(rng), *(((x,), {"axis": x.ndim - 1}) for x in zeros)]


@bprop(np.cumprod, signature="a, axis=None, dtype=None, out=None", infer=_scan_type, samples=_cumprod_samples)
def cumprod(g, out, a, *, axis, dtype):
    """The product before an entry times what it contributes to its own place and, scaled, to all later ones."""
    row, at = (_row(a), 0) if axis is None else (a, axis)
    a_bar = product_before(row, axis=at) * (g + tails(g * row, row, axis=at))
    a_bar = _unrow(a_bar, a) if axis is None else a_bar
    return a_bar if dtype is None else cast_like(a_bar, a)


if hasattr(np, "cumulative_prod"):
    register(np.cumulative_prod, signature="x, axis=None, dtype=None", rule=cumprod, infer=_scan_type,
             samples=calls(case((4,)), case((2, 3), axis=1)))  # fmt: skip


# ---- differences


def _shortened(t: Type, axis: int, n: int) -> Type:
    if isinstance(t.shape, ShapeVar):
        return t.but(shape=ShapeVar())
    at = axes_of(axis, len(t.shape))[0]
    d = t.shape[at]
    d = max(d - n, 0) if isinstance(d, int) else dim_add(d, n, -1)
    return t.but(shape=tuple(d if i == at else e for i, e in enumerate(t.shape)))


def _lengthened(facts: Facts, a: Any, more: list[Any], axis: int) -> Type:
    """The type of `a` with `more` joined to its ends along `axis`, numbers counting as one entry."""
    t = view_type(a, type_of(a).shape)
    for x in more:
        if x is None:
            continue
        if isinstance(t.shape, ShapeVar):
            return t.but(shape=ShapeVar())
        other = type_of(x)
        at = axes_of(axis, len(t.shape))[0]
        extra: Size = 1 if other.ndim == 0 else Dim.fresh() if isinstance(other.shape, ShapeVar) else other.shape[at]
        t = t.but(shape=tuple(dim_add(d, extra) if i == at else d for i, d in enumerate(t.shape)))
    return t


def _diff_type(facts: Facts, a: Any, prepend: Any, append: Any, *, n: int, axis: int) -> Type:
    if n == 0:
        return view_type(a, type_of(a).shape)
    return _shortened(_lengthened(facts, a, [prepend, append], axis), axis, n)


def ends(x: Any, a: Any, axis: int) -> Any:
    """What is joined to an end of `a`, a number as one entry along `axis`."""
    if ndim(x) is None:
        raise NoRuleError("np.diff with prepend= or append= needs arrays of known rank: declare their shapes")
    if ndim(x) != 0:
        return x
    first = a[along(axis, slice(None, 1), a)]
    return broadcast_like(x, first)


def _diff_samples(rng: np.random.Generator) -> list[Any]:
    plain = calls(case((4,)), case((1,)), case((2,)), case((4,), 2), case((5,), 3), case((4, 3), axis=0), case((2, 4)),
                  case((3, 4), 2, axis=0), case((2, 4, 3), axis=1), case((2, 4, 3), 2, -2))(rng)  # fmt: skip
    x, m = rng.normal(size=4), rng.normal(size=(2, 3))
    joined: list[Any] = [((x,), {"prepend": 0.5}), ((x,), {"append": np.array(0.7)}), ((m,), {"prepend": 0.0}),
                         ((m,), {"axis": 0, "append": m[:1]}), ((x, 2), {"prepend": x[0], "append": x[:2]}),
                         ((m, 3), {"prepend": m[:, :2]}), ((x, 0), {"prepend": 0.5}),
                         ((x,), {"prepend": x[:2], "append": 0.1})]
    return [*plain, *joined]


@bprop(np.diff, signature="a, n=1, axis=-1, prepend=None, append=None", inputs="a prepend append", infer=_diff_type,
       alias=lambda node: "fresh" if node.options["n"] else "maybe", samples=_diff_samples)  # fmt: skip
def diff(g, out, a, prepend, append, *, n, axis):
    """Each difference goes to its later entry, and with a minus to its earlier one."""
    if n == 0:
        return g, None, None
    pieces = [x if x is a or x is None else ends(x, a, axis) for x in (prepend, a, append)]
    present = [x for x in pieces if x is not None]
    whole = a if len(present) == 1 else np.concatenate(present, axis=axis)
    g = differences_bar(g, whole, n, axis)
    if len(present) == 1:
        return g, None, None
    bars = iter(parts(g, [length(x, axis) for x in present], axis))
    sent = [None if x is None else next(bars) for x in pieces]
    before, own, after = (
        bar if x is None or ndim(x) != 0 else unbroadcast(bar, x)
        for bar, x in zip(sent, (prepend, a, append), strict=True)
    )
    return own, before, after


def differences_bar(g: Any, a: Any, n: int, axis: int) -> Any:
    """The cotangent of `a` in its differences of order n."""
    for level in reversed(range(n)):
        like = a[along(axis, slice(level, None), a)] if level else a
        later, earlier = along(axis, slice(1, None), a), along(axis, slice(None, -1), a)
        g = scatter(g, later, like) + scatter(-g, earlier, like)
    return g


def _ediff1d_type(facts: Facts, ary: Any, to_end: Any, to_begin: Any) -> Type:
    t = row_type(facts, ary, None, type_of(ary).kind)
    n = t.shape[0]  # type: ignore[index]
    t = t.but(shape=(max(n - 1, 0) if isinstance(n, int) else dim_add(n, 1, -1),))
    more = [None if x is None else row_type(facts, x, None, type_of(x).kind).shape[0] for x in (to_end, to_begin)]  # type: ignore[index]
    for extra in more:
        t = t if extra is None else t.but(shape=(dim_add(t.shape[0], extra),))  # type: ignore[index]
    return t


def _ediff1d_samples(rng: np.random.Generator) -> list[Any]:
    x = rng.normal(size=4)
    more: list[Any] = [{"to_end": np.array(0.3)}, {"to_begin": x[:2] * 2.0}, {"to_begin": x[:1], "to_end": x[:3]}]
    return [*calls(case((4,)), case((2, 3)))(rng), *(((x,), o) for o in more)]


@bprop(np.ediff1d, signature="ary, to_end=None, to_begin=None", inputs="ary to_end to_begin", infer=_ediff1d_type,
       samples=_ediff1d_samples)  # fmt: skip
def ediff1d(g, out, ary, to_end, to_begin):
    pieces = [to_begin, None, to_end]
    rows = [None if x is None else apply(np.reshape, x, -1) for x in pieces]
    start = None if rows[0] is None else length(rows[0], 0)
    begin = None if start is None else like_shape(g[:start], to_begin)
    g = g if start is None else g[start:]
    n = plus(count(ary), -1)
    end = None if rows[2] is None else like_shape(g[n:], to_end)
    g = g if rows[2] is None else g[:n]
    return _unrow(differences_bar(g, _row(ary), 1, 0), ary), end, begin


def _trapezoid_type(facts: Facts, y: Any, x: Any, dx: Any, *, axis: int) -> Type:
    t, spacing = type_of(y), type_of(dx if x is None else x)
    if x is not None and spacing.ndim is not None and spacing.ndim > 1:
        raise TypeError("np.trapezoid is differentiated for points `x` in a row; write the sum out")
    kind = "complex" if "complex" in (t.kind, spacing.kind) else "float"
    if isinstance(t.shape, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    at = axes_of(axis, len(t.shape))[0]
    return Type(kind, tuple(d for i, d in enumerate(t.shape) if i != at), array=True)


def _trapezoid_samples(rng: np.random.Generator) -> list[Any]:
    y, x = rng.normal(size=(2, 4)), np.cumsum(rng.uniform(0.5, 1.0, size=4))
    spacing: list[Any] = [((y[0], x), {}), ((y, x), {}), ((y.T, x), {"axis": 0}), ((y, None, 0.3), {})]
    return [((y,), {}), ((y,), {"axis": 0}), *spacing]


def _trapezoid_rule(g, out, y, x, dx, *, axis):
    """Half of each area goes to the height on either side; the width gets their mean."""
    rank = ndim(y)
    if rank is None or x is not None and ndim(x) is None:
        raise NoRuleError("np.trapezoid needs arrays of known rank: declare their shapes")
    return areas_bar(np.expand_dims(g, axis) if rank != 1 else g, y, x, dx, axis)


def areas_bar(g: Any, y: Any, x: Any, dx: Any, axis: int) -> Any:
    """What the heights `y` and the places `x`, or the spacing `dx`, get of the areas between each two along an axis."""
    rank: Any = ndim(y)
    later, earlier = along(axis, slice(1, None), y), along(axis, slice(None, -1), y)
    heights = 0.5 * (y[later] + y[earlier])
    width = dx
    if x is not None:
        after = rank - 1 - axis % rank
        width = np.diff(x)[(slice(None), *[None] * after)] if after else np.diff(x)
    half = broadcast_like(0.5 * g * width, heights)
    y_bar = scatter(half, later, y) + scatter(half, earlier, y)
    areas = g * heights
    if x is None:
        return y_bar, None, np.sum(areas)
    others = tuple(i for i in range(rank) if i != axis % rank)
    return y_bar, differences_bar(np.sum(areas, axis=others) if others else areas, x, 1, 0), None


if hasattr(np, "trapezoid"):
    register(np.trapezoid, signature="y, x=None, dx=1.0, axis=-1", inputs="y x dx", rule=_trapezoid_rule,
             infer=_trapezoid_type, samples=_trapezoid_samples)  # fmt: skip


# ---- sorting


def _sort_type(facts: Facts, a: Any, *, axis: Any, **_: Any) -> Type:
    return row_type(facts, a, axis, type_of(a).kind)


@bprop(np.sort, signature="a, axis=-1, kind=None, order=None, stable=None", infer=_sort_type,
       samples=calls(case((4,)), case((1,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=None),
                     case((2, 3, 4), axis=1)))  # fmt: skip
def sort(g, out, a, *, axis, **_):
    """Each entry back to where it came from; among equal ones in the order of a stable sort."""
    row = _row(a) if axis is None else a
    at = 0 if axis is None else axis
    order = np.argsort(row, axis=-1 if ndim(row) == 1 else at, kind="stable")
    if ndim(row) == 1:
        a_bar = scatter(g, order, row)
    else:
        a_bar = put_along(g, order, row, axis=at)
    return _unrow(a_bar, a) if axis is None else a_bar


def _order_type(facts: Facts, a: Any, *_: Any, axis: Any, **__: Any) -> Type:
    return row_type(facts, a, axis, "int")


register(np.argsort, signature="a, axis=-1, kind=None, order=None, stable=None", differentiable=False,
         infer=_order_type)  # fmt: skip
register(np.argpartition, signature="a, kth, axis=-1, kind='introselect', order=None", inputs="a kth",
         differentiable=False, infer=_order_type)  # fmt: skip
register(np.searchsorted, signature="a, v, side='left', sorter=None", inputs="a v", differentiable=False,
         infer=lambda facts, a, v, **_: Type("int", type_of(v).shape, array=True))  # fmt: skip

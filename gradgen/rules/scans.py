"""Rules of the functions that go along an axis: running sums and products, differences, sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, dim_product
from .indices import along
from .primitives import apply, broadcast_like, cast_like, kind_of, scatter
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


# ---- differences


def _shortened(x: Any, axis: int, n: int) -> Type:
    t = type_of(x)
    if isinstance(t.shape, ShapeVar):
        return view_type(x, ShapeVar())
    at = axes_of(axis, len(t.shape))[0]
    d = t.shape[at]
    d = max(d - n, 0) if isinstance(d, int) else dim_add(d, n, -1)
    return view_type(x, tuple(d if i == at else e for i, e in enumerate(t.shape)))


def _diff_type(facts: Facts, a: Any, *, n: int, axis: int, prepend: Any, append: Any) -> Type:
    if prepend is not None or append is not None:
        raise TypeError("np.diff with prepend= or append= is not differentiated; write np.concatenate")
    return _shortened(a, axis, n) if n else view_type(a, type_of(a).shape)


@bprop(np.diff, signature="a, n=1, axis=-1, prepend=None, append=None", infer=_diff_type,
       samples=calls(case((4,)), case((1,)), case((2,)), case((4,), 2), case((5,), 3), case((4, 3), axis=0),
                     case((2, 4)), case((3, 4), 2, axis=0), case((2, 4, 3), axis=1),
                     case((2, 4, 3), 2, -2)))  # fmt: skip
def diff(g, out, a, *, n, axis, **_):
    """Each difference goes to its later entry, and with a minus to its earlier one."""
    for level in reversed(range(n)):
        like = a[along(axis, slice(level, None), a)] if level else a
        later, earlier = along(axis, slice(1, None), a), along(axis, slice(None, -1), a)
        g = scatter(g, later, like) + scatter(-g, earlier, like)
    return g


def _ediff1d_type(facts: Facts, ary: Any, *, to_end: Any, to_begin: Any) -> Type:
    if to_end is not None or to_begin is not None:
        raise TypeError("np.ediff1d with to_end= or to_begin= is not differentiated; write np.concatenate")
    t = row_type(facts, ary, None, type_of(ary).kind)
    n = t.shape[0]  # type: ignore[index]
    return t.but(shape=(max(n - 1, 0) if isinstance(n, int) else dim_add(n, 1, -1),))


@bprop(np.ediff1d, signature="ary, to_end=None, to_begin=None", infer=_ediff1d_type,
       samples=calls(case((4,)), case((2, 3))))  # fmt: skip
def ediff1d(g, out, ary, **_):
    return _unrow(diff(g, out, _row(ary), n=1, axis=0), ary)


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
    later, earlier = along(axis, slice(1, None), y), along(axis, slice(None, -1), y)
    g = np.expand_dims(g, axis) if rank != 1 else g
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
    return y_bar, diff(np.sum(areas, axis=others) if others else areas, None, x, n=1, axis=0), None


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

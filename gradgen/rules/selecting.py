"""Rules of the functions that read parts: diagonals, triangles, entries at indices; and of padding, their opposite."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import OPERATIONS, type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add
from .indices import along, getitem_type
from .primitives import apply, cast_like, count, kind_of, length, plus, scatter, shape, unbroadcast
from .reductions import axes_of
from .registry import bprop, is_value, ndim, register
from .shaping import calls, case, like_shape, view_type
from .snippets import place_diagonal, put_along, undiag, unpad, unreflect

# ---- what came from where


def numbered(x: Any) -> Any:
    """The places of the entries of `x` in order, in its shape: a function that moves entries tells by them how."""
    places = apply(np.arange, count(x))
    return places if ndim(x) == 1 else apply(np.reshape, places, shape(x))


def sent_back(g: Any, places: Any, x: Any) -> Any:
    """The cotangent of `x`, of whose entries those at `places` were read."""
    if ndim(x) == 1:
        return scatter(g, places, x)
    return like_shape(scatter(g, places, apply(np.ravel, x)), x)


# ---- diagonals


def diagonal_length(m: Size, n: Size, k: int) -> Size:
    """How long the k-th diagonal of an m by n matrix is."""
    if isinstance(m, int) and isinstance(n, int):
        return max(0, min(m + min(k, 0), n - max(k, 0)))
    return dim_add(m, abs(k), -1) if m == n else Dim.fresh()


def _is_square(a: Any) -> bool:
    dims = type_of(a).shape if is_value(a) else np.shape(a)
    return not isinstance(dims, ShapeVar) and len(dims) == 2 and bool(dims[0] == dims[1])


def _diag_type(facts: Facts, v: Any, *, k: int) -> Type:
    dims = type_of(v).shape
    if isinstance(dims, ShapeVar):
        return view_type(v, ShapeVar())
    if len(dims) == 1:
        n = dim_add(dims[0], abs(k))
        return view_type(v, (n, n))
    return view_type(v, (diagonal_length(facts.canonical(dims[0]), facts.canonical(dims[1]), k),))


@bprop(np.diag, signature="v, k=0", infer=_diag_type,
       alias=lambda node: "fresh" if node.inputs[0].ndim == 1 else "read-only",
       samples=calls(
        case((3,)), case((3,), 1), case((1,), -1), case((3, 3)), case((3, 3), -1), case((2, 3)),
        case((2, 3), 1), case((3, 2), -2), case((2, 2), k=1),
    ))  # fmt: skip
def diag(g, out, v, *, k):
    """Making a matrix of a diagonal and reading the diagonal are each other's adjoints."""
    rank = ndim(v)
    if rank is None:
        return undiag(g, v, k=k)
    if rank == 1 or _is_square(v):
        return np.diag(g, k)
    return place_diagonal(g, v, offset=k)


def _diagonal_type(facts: Facts, a: Any, *, offset: int, axis1: int, axis2: int) -> Type:
    dims = type_of(a).shape
    if isinstance(dims, ShapeVar):
        return view_type(a, ShapeVar())
    i, j = axes_of((axis1, axis2), len(dims))
    rest = tuple(d for at, d in enumerate(dims) if at not in (i, j))
    return view_type(a, (*rest, diagonal_length(facts.canonical(dims[i]), facts.canonical(dims[j]), offset)))


@bprop(np.diagonal, signature="a, offset=0, axis1=0, axis2=1", infer=_diagonal_type, alias="read-only",
       samples=calls(
        case((3, 3)), case((2, 3)), case((2, 3), 1), case((3, 2), -1), case((2, 3, 4)),
        case((2, 3, 3), axis1=1, axis2=2), case((2, 3, 3), 1, axis1=-1, axis2=-2),
    ))  # fmt: skip
def diagonal(g, out, a, *, offset, axis1, axis2):
    if _is_square(a) and (axis1, axis2) == (0, 1):
        return np.diag(g, offset)
    return place_diagonal(g, a, offset=offset, axis1=axis1, axis2=axis2)


def _trace_type(facts: Facts, a: Any, *, offset: int, axis1: int, axis2: int, dtype: Any) -> Type:
    t = type_of(a)
    if isinstance(t.shape, ShapeVar):
        return Type(kind_of(dtype, t.kind), ShapeVar(), array=True)
    gone = axes_of((axis1, axis2), len(t.shape))
    kind = kind_of(dtype, "int" if t.kind == "bool" else t.kind)
    return Type(kind, tuple(d for i, d in enumerate(t.shape) if i not in gone), array=True)


@bprop(np.trace, signature="a, offset=0, axis1=0, axis2=1, dtype=None, out=None", infer=_trace_type,
       samples=calls(
        case((3, 3)), case((2, 3)), case((2, 3), 1), case((1, 1)), case((2, 3, 4)),
        case((2, 3, 3), axis1=1, axis2=2),
    ))  # fmt: skip
def trace(g, out, a, *, offset, axis1, axis2, dtype):
    """The cotangent on the diagonal."""
    if _is_square(a) and offset == 0 and dtype is None and type_of(a).kind == "float":
        return g * apply(np.eye, length(a, 0), dtype=a.dtype)
    if ndim(a) != 2:
        g = np.expand_dims(g, -1)
    a_bar = place_diagonal(g, a, offset=offset, axis1=axis1, axis2=axis2)
    return a_bar if dtype is None else cast_like(a_bar, a)


def _triangle_type(facts: Facts, m: Any, *, k: int) -> Type:
    """A row is broadcast to a matrix, so that of an unknown rank nothing is known."""
    dims = type_of(m).shape
    if isinstance(dims, ShapeVar):
        return view_type(m, ShapeVar())
    return view_type(m, dims * 2 if len(dims) == 1 else dims)


def _triangle_rule(keep: Any) -> Any:
    def rule(g, out, m, *, k):
        m_bar = keep(g, k)
        return m_bar if (ndim(m) or 0) >= 2 else unbroadcast(m_bar, m)

    return rule


for _keep in (np.triu, np.tril):
    register(_keep, signature="m, k=0", rule=_triangle_rule(_keep), infer=_triangle_type,
             samples=calls(
        case((3, 3)), case((2, 3), 1), case((3, 2), -1), case((3,)), case((2, 3, 3)), case((1, 1)),
    ))  # fmt: skip


# ---- selections


def _pads(pad_width: Any, rank: int) -> list[tuple[int, int]]:
    """(before, after) for each axis, however `pad_width` says it."""
    return [(int(b), int(a)) for b, a in np.broadcast_to(np.asarray(pad_width), (rank, 2))]


def _pad_type(facts: Facts, array: Any, *, pad_width: Any, **_: Any) -> Type:
    t = type_of(array)
    if isinstance(t.shape, ShapeVar):
        return view_type(array, ShapeVar())
    pads = _pads(pad_width, len(t.shape))
    return view_type(array, tuple(dim_add(d, b + a) for d, (b, a) in zip(t.shape, pads, strict=True)))


STATISTICS = {"mean": np.mean, "median": np.median, "maximum": np.max, "minimum": np.min}
"""The modes of `np.pad` that put the same number in all places, and what it is."""


@bprop(np.pad, inputs="array", infer=_pad_type,
       signature="array, pad_width, mode='constant', constant_values=0, end_values=0, reflect_type='even', "
                 "stat_length=None",
       samples=calls(
        case((3,), 1), case((3,), (1, 2)), case((2, 3), ((1, 0), (0, 2))), case((2, 3), 2),
        case((1, 3), (1, 0), constant_values=5.0),
        *(case((3, 4), ((2, 1), (0, 3)), mode) for mode in ("edge", "reflect", "symmetric", "wrap")),
        case((3,), 7, "reflect"), case((1,), 2, "wrap"), case((2, 3), 4, "symmetric"),
        *(case((3, 4), ((2, 1), (0, 3)), mode) for mode in ("linear_ramp", *STATISTICS)),
        *(case((5,), (2, 1), mode, stat_length=2) for mode in STATISTICS),
        case((3, 4), ((2, 1), (0, 3)), "mean", stat_length=((1, 2), (9, 3))), case((3,), (0, 2), "median"),
        case((3,), 2, "linear_ramp", end_values=(1.0, -2.0)), case((1,), (1, 2), "linear_ramp"),
        *(case((3, 4), ((2, 1), (0, 3)), mode, reflect_type="odd") for mode in ("reflect", "symmetric")),
        *(case(s, 7, m, reflect_type="odd") for m in ("reflect", "symmetric") for s in ((1,), (2,), (4,))),
    ))  # fmt: skip
def pad(g, out, array, *, pad_width, mode, reflect_type, stat_length, **_):
    """The part that was there; what was repeated goes back to where it was read, a mean to what it is of."""
    if mode in ("edge", "wrap") or mode in ("reflect", "symmetric") and reflect_type == "even":
        return sent_back(g, apply(np.pad, numbered(array), pad_width, mode), array)
    rank = ndim(array)
    if rank is None and mode in ("constant", "empty"):
        return unpad(g, array, pad_width=pad_width)
    if rank is None:
        raise NoRuleError(f"np.pad with mode={mode!r} needs an array of known rank: declare its shape")
    pads = _pads(pad_width, rank)
    if mode in ("constant", "empty"):
        index = tuple(slice(b or None, -a or None) for b, a in pads)
        return g[index if rank != 1 else index[0]] if rank else g
    for axis in reversed([i for i in range(rank) if any(pads[i])]):
        before = pads[:axis] + [(0, 0)] * (rank - axis)
        if mode in ("reflect", "symmetric"):
            g = unreflect(g, array, pads=pads[axis], axis=axis, mode=mode)
        elif mode == "linear_ramp":
            g = _unramp(g, array, pads[axis], axis)
        else:
            stage = {"stat_length": stat_length} if stat_length is not None else {}
            padded = apply(np.pad, array, tuple(before), mode, **stage) if any(map(any, before)) else array
            lengths = (None, None) if stat_length is None else _pads(stat_length, rank)[axis]
            g = _unspread(g, padded, pads[axis], axis, STATISTICS[mode], lengths)
    return g


def _inner(g: Any, pads: tuple[int, int], axis: int) -> tuple[Any, list[Any]]:
    """What was there along `axis`, and what was put before and after it; None for what is empty."""
    (before, after), at = pads, slice(pads[0] or None, -pads[1] or None)
    ends = [slice(None, before) if before else None, slice(-after, None) if after else None]
    return g[along(axis, at, g)], [None if end is None else g[along(axis, end, g)] for end in ends]


def _unspread(g: Any, x: Any, pads: tuple[int, int], axis: int, statistic: Any, lengths: Any) -> Any:
    """The cotangent of `x`, to which a statistic of its first and its last entries was joined along `axis`."""
    g, ends = _inner(g, pads, axis)
    totals: list[Any] = [None if end is None else np.sum(end, axis=axis, keepdims=True) for end in ends]
    parts: list[Any] = [slice(None, lengths[0]), slice(lengths[1] and -lengths[1], None)]
    if parts[0] == parts[1] and all(pads):
        totals, parts = [totals[0] + totals[1]], parts[:1]
    op = OPERATIONS[statistic]
    for total, part in zip(totals, parts, strict=True):
        if total is not None:
            entries = x if part == slice(None) else x[along(axis, part, x)]
            inputs, options = op.bind((entries,), {"axis": axis, "keepdims": True})
            sent = op.rule(total, apply(statistic, entries, axis=axis, keepdims=True), *inputs, **options)  # type: ignore[misc]
            bar = sent[0] if isinstance(sent, tuple) else sent
            g = g + (bar if entries is x else scatter(bar, along(axis, part, g), g))
    return g


def _unramp(g: Any, x: Any, pads: tuple[int, int], axis: int) -> Any:
    """The cotangent of `x`, from whose ends straight lines were drawn along `axis` to what is constant."""
    g, ends = _inner(g, pads, axis)
    after = (1,) * ((ndim(x) or 0) - 1 - axis)
    for end, width, place, turn in zip(ends, pads, (0, -1), (1, -1), strict=True):
        if end is not None:
            slope = np.reshape(np.arange(width)[::turn] / float(width), (width, *after))
            g = g + scatter(np.sum(end * cast_like(slope, end), axis=axis), along(axis, place, g), g)
    return g


def _take_type(facts: Facts, a: Any, indices: Any, *, axis: Any, mode: str) -> Type:
    dims = type_of(a).shape
    it = type_of(np.asarray(indices)) if isinstance(indices, (list, tuple)) else type_of(indices)
    if axis is None:
        return Type(type_of(a).kind, it.shape, array=True)
    if isinstance(dims, ShapeVar):
        return Type(type_of(a).kind, ShapeVar(), array=True)
    at = axes_of(axis, len(dims))[0]
    return getitem_type(facts, a, along(at, indices)).but(array=True)


@bprop(np.take, signature="a, indices, axis=None, out=None, mode='raise'", inputs="a indices", infer=_take_type,
       samples=calls(
        case((4,), 2), case((4,), [0, 2, 0]), case((2, 3), 4), case((2, 3), [1, 1], axis=0),
        case((2, 3), np.array([[2, 0]]), axis=1), case((2, 3, 4), [3, 0], axis=-1),
        case((2, 3), 1, axis=-2), case((4,), [5, -1], mode='wrap'), case((2, 3), [5, -1], 1, mode='clip'),
    ))  # fmt: skip
def take(g, out, a, indices, *, axis, mode):
    """Added where it was read."""
    if mode != "raise":
        n = count(a) if axis is None else length(a, axis)
        indices = indices if is_value(indices) else np.asarray(indices)
        indices = np.remainder(indices, n) if mode == "wrap" else np.clip(indices, 0, plus(n, -1))
    if axis is None and ndim(a) != 1:
        return like_shape(scatter(g, indices, apply(np.ravel, a)), a), None
    return scatter(g, indices if axis is None else along(axis, indices, a), a), None


def _take_along_type(facts: Facts, arr: Any, indices: Any, *, axis: Any) -> Type:
    """Along the other axes the two broadcast against each other."""
    x, y = type_of(arr).shape, type_of(indices).shape
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return Type(type_of(arr).kind, ShapeVar(), array=True)
    if axis is None:
        return Type(type_of(arr).kind, y, array=True)
    at = axes_of(axis, len(x))[0]
    others = facts.broadcast(*(tuple(1 if i == at else d for i, d in enumerate(dims)) for dims in (x, y)))
    assert not isinstance(others, ShapeVar)
    return Type(type_of(arr).kind, tuple(y[i] if i == at else d for i, d in enumerate(others)), array=True)


@bprop(np.take_along_axis, signature="arr, indices, axis=-1", inputs="arr indices", infer=_take_along_type,
       samples=calls(
        case((4,), np.array([2, 0, 2]), 0), case((2, 3), np.array([[2, 0], [1, 1]]), axis=1),
        case((2, 3), np.array([[1, 0, 0]]), axis=0), case((2, 3), np.array([[1], [0]]), axis=0),
        case((1, 3), np.array([[1, 0], [2, 2]]), axis=1),
    ))  # fmt: skip
def take_along_axis(g, out, arr, indices, *, axis):
    """Added where it was read; the other axes must agree, as they do for what argsort and argmax give."""
    return put_along(g, indices, arr, axis=axis), None

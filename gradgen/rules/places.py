"""Rules of the functions that pick entries by what they are told: by masks, choices, places.

Where every entry of the result is one of the argument, the function itself, called on the numbers of the places, tells
where each came from: the cotangent is added there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import type_of
from ..sequences import sequence_type
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, float_of, join_kinds
from .indices import along
from .primitives import apply, count, scatter, unbroadcast, zeros_for
from .reductions import axes_of
from .registry import Unknown, bprop, ndim, primitive, register
from .scans import differences_bar, row_type
from .selecting import numbered, sent_back
from .shaping import calls, case, like_shape, view_type
from .sizes import shape_from, size_of, sizes_in
from .snippets import put_along


def _without(facts: Facts, arr: Any, axis: Any) -> Type:
    """The type of `arr` with an axis of which it is not known how long it is now."""
    t = row_type(facts, arr, axis, type_of(arr).kind)
    if isinstance(t.shape, ShapeVar):
        return t.but(shape=ShapeVar())
    at = 0 if axis is None else axes_of(axis, len(t.shape))[0]
    return t.but(shape=tuple(Dim.fresh() if i == at else d for i, d in enumerate(t.shape)))


# ---- left out


@bprop(np.delete, signature="arr, obj, axis=None", inputs="arr obj",
       infer=lambda facts, arr, obj, *, axis: _without(facts, arr, axis),
       samples=calls(case((4,), 1), case((4,), [0, 2]), case((2, 3), 1, axis=1), case((2, 3), -1, axis=0),
                     case((2, 3), [0, 5]), case((2, 3, 4), slice(1, 3), axis=-1)))  # fmt: skip
def delete(g, out, arr, obj, *, axis):
    """Back to where it was."""
    return sent_back(g, apply(np.delete, numbered(arr), obj, axis=axis), arr), None


def _compress_type(facts: Facts, condition: Any, a: Any, *, axis: Any) -> Type:
    return _without(facts, a, axis)


def _masked(*shapes: Any) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        return [((np.asarray(mask), rng.normal(size=s)), o) for mask, s, o in shapes]

    return samples


@bprop(np.compress, signature="condition, a, axis=None, out=None", infer=_compress_type, inputs="condition a",
       samples=_masked(([True, False, True], (3,), {}), ([False, True], (2, 3), {"axis": 0}),
                       ([True, False, True], (2, 3), {"axis": -1}), ([True, False, True], (2, 3), {})))  # fmt: skip
def compress(g, out, condition, a, *, axis):
    """Back to where the condition holds."""
    chosen = apply(np.flatnonzero, condition)
    if axis is None:
        return None, sent_back(g, chosen, a)
    return None, scatter(g, along(axis, chosen, a), a)


@bprop(np.extract, signature="condition, arr", infer=lambda facts, condition, arr: _without(facts, arr, None),
       samples=_masked(([True, False, True], (3,), {}), ([[True, False], [False, True]], (2, 2), {})))  # fmt: skip
def extract(g, out, condition, arr):
    """Back to where the condition holds."""
    return None, sent_back(g, apply(np.flatnonzero, condition), arr)


# ---- put in


def _insert_samples(rng: np.random.Generator) -> list[Any]:
    x, m = rng.normal(size=4), rng.normal(size=(2, 3))
    return [((x, 1, rng.normal()), {}), ((x, [0, 2], rng.normal(size=2)), {}), ((x, [0, 4], np.array(2.0)), {}),
            ((m, 1, rng.normal(size=2)), {"axis": 1}), ((m, 0, np.array(1.5)), {"axis": 0}),
            ((m, [1, 1], rng.normal(size=(2, 2))), {"axis": -1}), ((m, 2, np.array(0.3)), {})]  # fmt: skip


def _taken_out_rule(h: Any, out: Any, g: Any, arr: Any, obj: Any, values: Any, *, axis: Any) -> Any:
    own, put = (zeros_for(x) if bar is None else bar for bar, x in zip(h, (arr, values), strict=True))
    return np.insert(own, obj, put, axis=axis), None, None, None


def _taken_out_type(facts: Facts, g: Any, arr: Any, obj: Any, values: Any, *, axis: Any) -> Any:
    return [Type(join_kinds("float", type_of(g).kind), type_of(x).shape, array=True) for x in (arr, values)]


@primitive(signature="g, arr, obj, values, axis=None", inputs="g arr obj values", rule=_taken_out_rule,
           infer=_taken_out_type)  # fmt: skip
def taken_out(g: Any, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """The cotangents of `arr` and `values` in `np.insert(arr, obj, values, axis)`, of which the places are numbered."""
    m, n = np.size(arr), np.size(values)
    own, put = np.arange(m).reshape(np.shape(arr)), np.arange(m, m + n).reshape(np.shape(values))
    row = np.zeros(m + n, np.result_type(g))
    np.add.at(row, np.insert(own, obj, put, axis), g)
    return [np.reshape(row[:m], np.shape(arr)), np.reshape(row[m:], np.shape(values))]


@bprop(np.insert, signature="arr, obj, values, axis=None", inputs="arr obj values", samples=_insert_samples,
       infer=lambda facts, arr, obj, values, *, axis: _without(facts, arr, axis))  # fmt: skip
def insert(g, out, arr, obj, values, *, axis):
    """Either back to where it was."""
    arr_bar, values_bar = taken_out(g, arr, obj, values, axis=axis)
    return arr_bar, None, values_bar


# ---- repeated, padded


def _resize_type(facts: Facts, a: Any, new_shape: Any) -> Type:
    return view_type(a, shape_from(facts, sizes_in(new_shape)))


@bprop(np.resize, signature="a, new_shape", inputs="a new_shape", infer=_resize_type,
       samples=calls(case((3,), 5), case((3,), (2, 4)), case((2, 3), (2, 2)), case((), (2,))))  # fmt: skip
def resize(g, out, a, new_shape):
    """The sum over the copies."""
    return sent_back(g, apply(np.resize, apply(np.arange, count(a)), new_shape), a), None


def _windows_type(facts: Facts, x: Any, window_shape: Any, *, axis: Any) -> Type:
    """Each axis is as long as there are places for a window; those of the windows come behind."""
    dims, window = type_of(x).shape, sizes_in(window_shape)
    if isinstance(dims, ShapeVar) or window is None:
        return view_type(x, ShapeVar())
    rest = list(dims)
    for at, n in zip(range(len(dims)) if axis is None else axes_of(axis, len(dims)), window, strict=True):
        rest[at] = Dim.fresh() if n is None else facts.canonical(dim_add(dim_add(rest[at], 1), n, -1))
    return view_type(x, (*rest, *shape_from(facts, window)))  # type: ignore[misc]


@bprop(np.lib.stride_tricks.sliding_window_view, signature="x, window_shape, axis=None", inputs="x window_shape",
       infer=_windows_type, alias="read-only",
       samples=calls(case((5,), 3), case((3, 4), (2, 2)), case((3, 4), 2, axis=1), case((3, 4), (2, 3), axis=(0, 1)),
                     case((2, 3, 4), (2, 2), axis=(-1, 0)), case((4,), (2, 2), axis=(0, 0)), case((1,), 1)),
       )  # fmt: skip
def sliding_window_view(g, out, x, window_shape, *, axis):
    """The sum over the windows that hold an entry."""
    windows = apply(np.lib.stride_tricks.sliding_window_view, numbered(x), window_shape, axis=axis)
    return sent_back(g, windows, x), None


# ---- chosen among several


def _choose_type(facts: Facts, a: Any, *choices: Any, mode: str) -> Type:
    types = [type_of(c) for c in choices]
    return Type(join_kinds(*(t.kind for t in types)), facts.broadcast(type_of(a).shape, *(t.shape for t in types)),
                array=True)  # fmt: skip


@bprop(np.choose, signature="a, **choices, out=None, mode='raise'", inputs="a choices", infer=_choose_type,
       samples=lambda rng: [((np.array([1, 0, 1]), [rng.normal(size=3), rng.normal(size=3)]), {}),
                            ((np.array([[2, 0, 1]]), [rng.normal(size=s) for s in ((2, 1), (3,), ())]), {}),
                            *(((np.array([5, -1, 1]), [rng.normal(size=3) for _ in range(2)]), {"mode": mode})
                              for mode in ("wrap", "clip"))])  # fmt: skip
def choose(g, out, a, *choices, mode):
    """To the one that was chosen."""
    if mode == "wrap":
        a = np.remainder(a, len(choices))
    elif mode == "clip":
        a = np.clip(a, 0, len(choices) - 1)
    return [None, *(unbroadcast(np.where(np.equal(a, i), g, 0.0), c) for i, c in enumerate(choices))]


def _select_type(facts: Facts, *conditions_and_choices: Any) -> Type:
    types = [type_of(x) for x in conditions_and_choices]
    kind = join_kinds(*(t.kind for t in types[len(types) // 2 :]))
    return Type(kind, facts.broadcast(*(t.shape for t in types)), array=True)


@bprop(np.select, signature="**condlist, **choicelist, default=0", inputs="condlist choicelist default",
       infer=_select_type,
       samples=lambda rng: [
        (([x < -0.2, x < 0.5], [x, rng.normal(size=(2, 1, 3))], 0.0), {}) for x in [rng.normal(size=(4, 3))]
    ] + [(([x < 0.2], [x], rng.normal(size=3)), {}) for x in [rng.normal(size=3)]])  # fmt: skip
def select(g, out, *conditions_and_choices):
    """To the first whose condition holds, else to the default."""
    *rest, default = conditions_and_choices
    conditions, choices = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    bars = []
    for condition, choice in zip(conditions, choices, strict=True):
        bars.append(unbroadcast(np.where(condition, g, 0.0), choice))
        g = np.where(condition, 0.0, g)
    return [*[None] * len(conditions), *bars, unbroadcast(g, default)]


# ---- sorted in part, and once each


@bprop(np.partition, signature="a, kth, axis=-1, kind='introselect', order=None", inputs="a",
       infer=lambda facts, a, *, axis, **_: row_type(facts, a, axis, type_of(a).kind),
       samples=calls(case((5,), 2), case((3, 4), 1), case((3, 4), (0, 2), 0), case((2, 3), 1, None)))  # fmt: skip
def partition(g, out, a, *, axis, **_):
    """The entries, sorted, are those of the result, sorted: each is brought back to where it came from."""
    row, at = (a if ndim(a) == 1 else apply(np.ravel, a), 0) if axis is None else (a, axis)
    at = -1 if ndim(row) == 1 else at
    ranked = np.take_along_axis(g, np.argsort(out, axis=at, kind="stable"), axis=at)
    a_bar = put_along(ranked, np.argsort(row, axis=at, kind="stable"), row, axis=at)
    return like_shape(a_bar, a) if axis is None and ndim(a) != 1 else a_bar


def _unique_type(facts: Facts, ar: Any, *, axis: Any, **options: Any) -> Any:
    if axis is not None:
        raise TypeError("np.unique along an axis is not differentiated; call it on the flat array")
    n = Dim.fresh()
    values, whole = Type(type_of(ar).kind, (n,), array=True), Type("int", (n,), array=True)
    inverse = Type("int", type_of(ar).shape, array=True)
    asked = [("return_index", whole), ("return_inverse", inverse), ("return_counts", whole)]
    more = [t for name, t in asked if options[name]]
    return [values, *more] if more else values


@bprop(np.unique, infer=_unique_type, samples=calls(case((4,)), case((2, 3))), inputs="ar",
       signature="ar, return_index=False, return_inverse=False, return_counts=False, axis=None, equal_nan=True, "
                 "sorted=True")  # fmt: skip
def unique(g, out, ar, **options):
    """To the first of those that are equal, from where it was taken."""
    g = g[0] if isinstance(g, tuple) else g
    return None if g is None else sent_back(g, first_places(ar), ar)


@primitive(signature="ar", differentiable=False, infer=lambda facts, ar: Type("int", (Dim.fresh(),), array=True))
def first_places(ar: Any) -> Any:
    """The place of the first of each of the values in `ar`, in the order of `np.unique`."""
    return np.unique(ar, return_index=True)[1]


# ---- counted


@bprop(np.bincount, signature="x, weights=None, minlength=0", inputs="x weights",
       infer=lambda facts, x, weights, **_: Type("int" if weights is None else "float", (Dim.fresh(),), array=True),
       samples=lambda rng: [((np.array([0, 2, 0, 1]), rng.normal(size=4), n), {}) for n in (0, 5)])  # fmt: skip
def bincount(g, out, x, weights, **_):
    """Each weight gets the cotangent of the place to which it was added."""
    return None, None if weights is None else g[x] if ndim(x) == 1 else np.take(g, x)


def _histogram_type(facts: Facts, a: Any, bins: Any, weights: Any, *, range: Any, density: Any) -> list[Type]:
    t = Type("float") if isinstance(bins, str) else type_of(bins)
    n: Size | None = None
    if not isinstance(bins, str) and not isinstance(t.shape, ShapeVar):
        n = size_of(bins) if t.ndim == 0 else dim_add(t.shape[0], 1, -1)
    n = Dim.fresh() if n is None else n
    counted = "int" if weights is None and not density else "float" if weights is None else type_of(weights).kind
    return [Type(counted, (n,), array=True), Type(float_of(t.kind), (dim_add(n, 1),), array=True)]


def _histogram_samples(rng: np.random.Generator) -> list[Any]:
    options: list[Any] = [{"range": (0.0, 1.0)}, {"range": (0.2, 0.7), "density": True}]
    places: list[Any] = [4, np.array([0.2, 0.4, 0.8])]
    return [((rng.uniform(0.1, 0.9, s), bins), {"weights": rng.uniform(0.5, 1.0, s), **o})
            for s in ((6,), (2, 3)) for bins in places for o in options]  # fmt: skip


@bprop(np.histogram, signature="a, bins=10, range=None, density=None, weights=None", inputs="a bins weights",
       infer=_histogram_type, samples=_histogram_samples)  # fmt: skip
def histogram(g, out, a, bins, weights, *, range, density):
    """Each weight gets the cotangent of the bin in which its entry is. What is counted stays in its bin."""
    edges, moves = out[1], (isinstance(bins, str) or type_of(bins).ndim == 0) and range is None
    a_bar = None
    if moves and (g[1] is not None or density):
        message = "the edges of np.histogram move with the smallest and the largest entry"
        a_bar = Unknown(message, "give it the edges, or a `range`")
    bins_bar = None
    if not isinstance(bins, str) and type_of(bins).ndim != 0:
        bins_bar = g[1]
        if density and g[0] is not None:  # by how wide the bins are
            wider = differences_bar(-g[0] * out[0] / np.diff(edges), bins, 1, 0)
            bins_bar = wider if bins_bar is None else bins_bar + wider
    if g[0] is None or weights is None:
        return a_bar, bins_bar, None
    places = apply(np.searchsorted, edges[1:-1], a, side="right")  # the last bin holds its end too
    inside = np.logical_and(np.greater_equal(a, edges[0]), np.less_equal(a, edges[-1]))
    sent = g[0]
    if density:
        total = np.sum(np.where(inside, weights, 0.0))
        sent = (sent / np.diff(edges) - np.sum(sent * out[0])) / total
    return a_bar, bins_bar, np.where(inside, sent[places], 0.0)


# ---- made diagonals, pieces


def _diagflat_type(facts: Facts, v: Any, *, k: int) -> Type:
    t = row_type(facts, v, None, type_of(v).kind)
    n = dim_add(t.shape[0], abs(k))  # type: ignore[index]
    return t.but(shape=(n, n))


@bprop(np.diagflat, signature="v, k=0", infer=_diagflat_type,
       samples=calls(case((3,)), case((2, 3), 1), case((), -1), case((1,))))  # fmt: skip
def diagflat(g, out, v, *, k):
    return like_shape(np.diagonal(g, k), v) if ndim(v) != 1 else np.diag(g, k)


def _unstack_type(facts: Facts, x: Any, *, axis: int) -> Any:
    t = type_of(x)
    n = None if isinstance(t.shape, ShapeVar) else facts.canonical(t.shape[axes_of(axis, len(t.shape))[0]])
    if not isinstance(n, int):
        raise TypeError("np.unstack needs an array of known rank and length: declare its shape")
    at = axes_of(axis, len(t.shape))[0]  # type: ignore[arg-type]
    one = view_type(x, tuple(d for i, d in enumerate(t.shape) if i != at))  # type: ignore[arg-type]
    return [one] * n


if hasattr(np, "unstack"):

    @bprop(np.unstack, signature="x, axis=0", infer=_unstack_type, alias="view", name="np.unstack",
           samples=calls(case((3, 2)), case((2, 3, 2), axis=-1), case((2, 3), axis=1)))  # fmt: skip
    def unstack(g, out, x, *, axis):
        """The pieces side by side again."""
        g = [np.zeros_like(piece) if bar is None else bar for bar, piece in zip(g, out, strict=True)]
        return np.stack(g, axis=axis)


# ---- where things are


def _places(count: Any = None) -> Any:
    def infer(facts: Facts, x: Any, *_: Any, **__: Any) -> Any:
        rank = type_of(x).ndim
        n = Dim.fresh()
        if count == "rows":
            return Type("int", (n, Dim.fresh() if rank is None else rank), array=True)
        return Type("int", (n,), array=True)

    return infer


def _open_mesh_type(facts: Facts, *args: Any) -> Type:
    """Each argument goes along an axis of its own; truth values stand for the places of those that are true."""
    items = []
    for i, x in enumerate(args):
        t = type_of(x)
        n = Dim.fresh() if t.kind == "bool" or isinstance(t.shape, ShapeVar) else t.shape[0]
        items.append(Type("int", tuple(n if i == j else 1 for j in range(len(args))), array=True))
    return sequence_type(tuple(items))


register(np.ix_, signature="*args", inputs="args", differentiable=False, infer=_open_mesh_type)
register(np.argwhere, signature="a", differentiable=False, infer=_places("rows"))
register(np.flatnonzero, signature="a", differentiable=False, infer=_places())
register(np.digitize, signature="x, bins, right=False", inputs="x bins", differentiable=False,
         infer=lambda facts, x, bins, **_: Type("int", type_of(x).shape, array=True))  # fmt: skip

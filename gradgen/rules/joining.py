"""Rules of the functions that join arrays and split them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ..graph import OPERATIONS, Operation, Value, type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, dim_div, dim_product, join_kinds
from ..signature import filled
from .indices import along, slice_length
from .primitives import cast_like, count, kind_of, length, plus, scatter, unbroadcast, zeros_for
from .reductions import axes_of
from .registry import bprop, is_value, ndim, register
from .shaping import array_like_type, calls, case, like_shape
from .sizes import size_of
from .snippets import unblock, unstack

# ---- concatenate


def joined_type(facts: Facts, arrays: list[Type], axis: Any, dtype: Any = None) -> Type:
    """The type of arrays joined along `axis`; the other axes are taken to agree, or NumPy raises."""
    kind = kind_of(dtype, join_kinds(*(t.kind for t in arrays)))
    known = [t.shape for t in arrays if not isinstance(t.shape, ShapeVar)]
    if axis is None:
        return Type(kind, (_total(facts, [_entries(t) for t in arrays]),), array=True)
    if not known:
        return Type(kind, ShapeVar(), array=True)
    at = axes_of(axis, len(known[0]))[0]
    if any(len(dims) != len(known[0]) for dims in known):
        raise ValueError("the arrays to be joined differ in rank")
    dims = list(known[0])
    for other in known[1:]:
        for i, d in enumerate(other):
            if i != at and (not facts.unify(dims[i], d)) and isinstance(dims[i], Dim):
                dims[i] = d
    dims = [facts.canonical(d) for d in dims]
    dims[at] = _total(facts, [t.shape[at] if t.ndim is not None else None for t in arrays])  # type: ignore[index]
    return Type(kind, tuple(dims), array=True)


def _entries(t: Type) -> Size | None:
    """How many entries an array has, where its rank is known."""
    return None if isinstance(t.shape, ShapeVar) else dim_product(t.shape)


def _total(facts: Facts, sizes: list[Size | None]) -> Size:
    total: Size = 0
    for n in sizes:
        if n is None:
            return Dim.fresh()
        total = dim_add(total, facts.canonical(n))
    return total


def as_arrays(arrays: tuple[Any, ...]) -> list[Type]:
    """The types of the arrays that are joined, lists among them included."""
    return [array_like_type(None, a) if not is_value(a) or a.type.items is not None else a.type for a in arrays]  # type: ignore[arg-type]


def pieces(sizes: list[Any]) -> list[slice]:
    """Where each of several arrays stands that are joined, and have these lengths."""
    found = []
    start: Any = None
    for n in sizes[:-1]:
        stop = n if start is None else plus(start, n)
        found.append(slice(start, stop))
        start = stop
    return [*found, slice(start, None)]


def _begin(piece: slice) -> Any:
    return 0 if piece.start is None else piece.start


def parts(g: Any, sizes: list[Any], axis: int) -> list[Any]:
    """The pieces of `g` that belong to arrays joined along `axis`, where they have `sizes`."""
    return [g] if len(sizes) == 1 else [g[along(axis, piece, g)] for piece in pieces(sizes)]


def recast(bars: list[Any], arrays: tuple[Any, ...], dtype: Any) -> list[Any]:
    return bars if dtype is None else [cast_like(bar, x) for bar, x in zip(bars, arrays, strict=True)]


def _concatenate_type(facts: Facts, *arrays: Any, axis: Any, dtype: Any, **_: Any) -> Type:
    return joined_type(facts, as_arrays(arrays), axis, dtype)


def _joins(rng: np.random.Generator, *cases: Any) -> list[Any]:
    return [((tuple(rng.normal(size=shape) for shape in shapes),), kwargs) for shapes, kwargs in cases]


def _concatenate_samples(rng: np.random.Generator) -> list[Any]:
    return _joins(
        rng,
        ([(3,)], {}),
        ([(3,), (2,)], {}),
        ([(1,), (3,), (2,)], {}),
        ([(3,), (2,)], {"axis": -1}),
        ([(2, 3), (1, 3)], {}),
        ([(2, 3), (2, 1), (2, 4)], {"axis": 1}),
        ([(2, 3), (2, 3)], {"axis": -1}),
        ([(2, 3, 4), (2, 1, 4)], {"axis": -2}),
        ([(2, 3), (4,), ()], {"axis": None}),
    )


@bprop(np.concatenate, signature="**arrays, axis=0, out=None, dtype=None, casting='same_kind'", inputs="arrays",
       infer=_concatenate_type, samples=_concatenate_samples)  # fmt: skip
def concatenate(g, out, *arrays, axis, dtype, **_):
    """Each array gets its part of the cotangent."""
    if axis is None:
        bars = parts(g, [count(x) for x in arrays], 0)
        bars = [like_shape(bar, x) if ndim(x) != 1 else bar for bar, x in zip(bars, arrays, strict=True)]
    else:
        bars = parts(g, [length(x, axis) for x in arrays], axis)
    return recast(bars, arrays, dtype)


# ---- stack


def _stack_type(facts: Facts, *arrays: Any, axis: int, dtype: Any, **_: Any) -> Type:
    types = as_arrays(arrays)
    kind = kind_of(dtype, join_kinds(*(t.kind for t in types)))
    known = [t.shape for t in types if not isinstance(t.shape, ShapeVar)]
    if not known:
        return Type(kind, ShapeVar(), array=True)
    dims = list(known[0])
    if any(len(other) != len(dims) for other in known):
        raise ValueError("the arrays to be stacked differ in rank")
    for other in known[1:]:
        for i, d in enumerate(other):
            if not facts.unify(dims[i], d) and isinstance(dims[i], Dim):
                dims[i] = d
    dims = [facts.canonical(d) for d in dims]
    dims.insert(axes_of(axis, len(dims) + 1)[0], len(arrays))
    return Type(kind, tuple(dims), array=True)


def _stack_samples(rng: np.random.Generator) -> list[Any]:
    return _joins(
        rng,
        ([()], {}),
        ([(), (), ()], {}),
        ([(3,), (3,)], {}),
        ([(3,), (3,)], {"axis": 1}),
        ([(2, 3), (2, 3)], {"axis": -1}),
        ([(2, 1), (2, 1)], {"axis": -3}),
        ([(2, 3, 4), (2, 3, 4)], {"axis": 2}),
    )


@bprop(np.stack, signature="**arrays, axis=0, out=None, dtype=None, casting='same_kind'", inputs="arrays",
       infer=_stack_type, samples=_stack_samples)  # fmt: skip
def stack(g, out, *arrays, axis, dtype, **_):
    return recast([g[along(axis, i, g)] for i in range(len(arrays))], arrays, dtype)


# ---- hstack, vstack, dstack, column_stack, and what stands in brackets


def _raised(kind: str, t: Type) -> Type:
    """The type of an array as `hstack` and its like take it before they join."""
    dims = t.shape
    if isinstance(dims, ShapeVar):
        return t
    n = len(dims)
    if kind in ("hstack", "r_"):
        dims = dims if n else (1,)
    elif kind == "vstack":
        dims = (1,) * (2 - n) + dims
    elif kind in ("column_stack", "c_"):
        dims = (*dims, 1) if n == 1 else (1,) * (2 - n) + dims
    else:
        dims = (*((1,) * (2 - n) + dims if n < 2 else dims), *((1,) if n < 3 else ()))
    return t.but(shape=dims)


def _join_axis(kind: str, rank: int | None) -> int:
    """The axis along which arrays of a rank, the first's, are joined."""
    axes = {"hstack": 0 if rank in (0, 1) else 1, "vstack": 0, "column_stack": 1, "dstack": 2, "r_": 0}
    return axes[kind] if kind != "c_" else max(rank or 0, 2) - 1


def _raising_join(kind: str) -> tuple[Any, Any]:
    def infer(facts: Facts, *arrays: Any, dtype: Any = None, **_: Any) -> Type:
        if any(isinstance(x, str) for x in arrays):
            raise TypeError(f"np.{kind} with a text is not differentiated; use np.concatenate with an axis")
        types = [_raised(kind, t) for t in as_arrays(arrays)]
        if any(t.ndim is None for t in types):
            return Type(kind_of(dtype, join_kinds(*(t.kind for t in types))), ShapeVar(), array=True)
        return joined_type(facts, types, _join_axis(kind, types[0].ndim), dtype)

    def rule(g: Any, out: Any, *arrays: Any, dtype: Any = None, **_: Any) -> Any:
        """Each array gets its part of the cotangent, in its own shape."""
        ranks = [ndim(x) for x in arrays]
        if None in ranks:
            whole = unstack(g, *arrays, join=kind) if len(arrays) > 1 else [like_shape(g, arrays[0])]
            return recast(list(whole), arrays, dtype)
        axis = _join_axis(kind, ranks[0])
        sizes: list[Any] = []
        raised: list[bool] = []
        for x, rank in zip(arrays, ranks, strict=True):
            dims = _raised(kind, type_of(x)).shape if is_value(x) else _raised(kind, Type("float", np.shape(x))).shape
            raised.append(len(dims) != rank)  # type: ignore[arg-type]
            at = axis - (1 if rank == 1 and kind == "dstack" else 0)
            known = dims[axis]  # type: ignore[index]
            sizes.append(known if isinstance(known, int) else length(x, at))
        if axis == 1 and len(arrays) > 1 and kind in ("column_stack", "c_"):
            columns = zip(pieces(sizes), ranks, strict=True)
            bars = [g[:, piece if rank != 1 else _begin(piece)] for piece, rank in columns]
            raised = [rank == 0 for rank in ranks]
        else:
            bars = parts(g, sizes, axis)
        bars = [like_shape(bar, x) if r else bar for bar, x, r in zip(bars, arrays, raised, strict=True)]
        return recast(bars, arrays, dtype)

    return infer, rule


_RAISING: dict[str, list[Any]] = {
    "hstack": [([(), ()], {}), ([(3,), (2,)], {}), ([(2, 3), (2, 1)], {}), ([(2, 3, 1), (2, 2, 1)], {})],
    "vstack": [([(), ()], {}), ([(3,), (3,)], {}), ([(2, 3), (3,), (1, 3)], {}), ([(2, 3, 1), (1, 3, 1)], {})],
    "column_stack": [([(3,), (3,)], {}), ([(3,), (3, 2)], {}), ([(2, 1), (2, 2)], {}), ([(), ()], {})],
    "dstack": [([(3,), (3,)], {}), ([(2, 3), (2, 3)], {}), ([(2, 3, 1), (2, 3)], {}), ([(), ()], {})],
}


def _raising_samples(kind: str) -> Any:
    return lambda rng: _joins(rng, *_RAISING[kind])


for _join in (np.hstack, np.vstack, np.column_stack, np.dstack):
    _infer, _rule = _raising_join(_join.__name__)
    _more = ", dtype=None, casting='same_kind'" if _join in (np.hstack, np.vstack) else ""
    register(_join, signature=f"**tup{_more}", inputs="tup", infer=_infer, rule=_rule,
             samples=_raising_samples(_join.__name__))  # fmt: skip


def _bracketed(owner: Any, kind: str, name: str, like: str) -> None:
    """Declare `owner[...]`, which joins as the function `like` does, numbers counting as arrays."""
    infer, rule = _raising_join(kind)

    def samples(rng: np.random.Generator) -> list[Any]:
        cases = _RAISING[like] if like != "hstack" else [([(), (2,)], {}), ([(2, 3), (1, 3)], {})]
        return [(arrays, {}) for (arrays,), _ in _joins(rng, *cases)]

    OPERATIONS[owner] = Operation(
        lambda *items: owner[items], name=name, signature="*items", infer=infer, rule=rule, samples=samples
    )


_bracketed(np.r_, "r_", "row", "hstack")
_bracketed(np.c_, "c_", "columns", "column_stack")


# ---- block


def _depth(layout: Any) -> int:
    return 1 + max(map(_depth, layout), default=0) if isinstance(layout, tuple) else 0


def _first(layout: Any) -> int:
    """The number of the first array of a block."""
    return _first(layout[0]) if isinstance(layout, tuple) else int(layout)


def _lifted(t: Type, rank: int) -> Type:
    """The type of an array with axes of length 1 in front, so that it has at least `rank`."""
    return t.but(shape=(1,) * (rank - len(t.shape)) + t.shape)  # type: ignore[arg-type]


def _block_type(facts: Facts, *blocks: Any, arrays: Any) -> Type:
    types = as_arrays(blocks)
    ranks: list[Any] = [t.ndim for t in types]
    if None in ranks:
        return Type(join_kinds(*(t.kind for t in types)), ShapeVar(), array=True)
    depth = _depth(arrays)
    rank = max(depth, *ranks)
    types = [_lifted(t, rank) for t in types]

    def joined(layout: Any, axis: int) -> Type:
        if not isinstance(layout, tuple):
            return types[int(layout)]
        return joined_type(facts, [joined(item, axis + 1) for item in layout], axis)

    return joined(arrays, rank - depth)


def _block_samples(rng: np.random.Generator) -> list[Any]:
    def made(*shapes: Any) -> Any:
        return [made(*s) if isinstance(s, list) else rng.normal(size=s) for s in shapes]

    nested: list[Any] = [
        [[(2, 2), (2, 1)], [(1, 2), (1, 1)]],
        [[(2,), ()], [(1, 2), (1, 1)]],
        [(3,), (), (2,)],
        [[(2, 3)], [(3,)]],
        [[[(2, 1, 2), (2, 1, 1)]], [[(2, 1, 3)]]],
        [(2, 2, 1), (2, 2, 3)],
    ]
    return [((made(*shapes),), {}) for shapes in nested]


@bprop(np.block, signature="***arrays", inputs="arrays", infer=_block_type, samples=_block_samples)
def block(g, out, *blocks, arrays):
    """Each block gets its part of the cotangent."""
    ranks: list[Any] = [ndim(x) for x in blocks]
    if None in ranks:
        return unblock(g, filled(arrays, blocks)) if len(blocks) > 1 else like_shape(g, blocks[0])
    depth, bars = _depth(arrays), []
    rank = max(depth, *ranks)
    for i, index in enumerate(_places(arrays, blocks, rank, (slice(None),) * (rank - depth))):
        bars.append(_part(g, [_begin(piece) for piece in index[: rank - ranks[i]]], index))
    return bars


def _places(layout: Any, blocks: Any, rank: int, index: tuple[slice, ...]) -> Iterator[tuple[slice, ...]]:
    """Where each of the arrays stands, in order; `index` is where all of `layout` does, along the axes before."""
    if not isinstance(layout, tuple):
        yield index
        return
    sizes = [_extent(blocks[_first(item)], len(index), rank) for item in layout]
    for item, piece in zip(layout, pieces(sizes), strict=True):
        yield from _places(item, blocks, rank, (*index, piece))


def _part(g: Any, first: list[Any], index: tuple[slice, ...]) -> Any:
    """`g[index]`, with the places `first` in front, where there is one entry only."""
    items = [*first, *index[len(first) :]]
    while items and items[-1] == slice(None):
        items.pop()
    return g if not items else g[tuple(items) if len(items) > 1 else items[0]]


def _extent(x: Any, axis: int, rank: int) -> Any:
    """How long an array is along an axis that it has, or would have if it had so many."""
    own = axis - rank + (ndim(x) or 0)
    return length(x, own) if own >= 0 else 1


def _append_type(facts: Facts, arr: Any, values: Any, *, axis: Any) -> Type:
    return joined_type(facts, as_arrays((arr, values)), axis)


def _append_samples(rng: np.random.Generator) -> list[Any]:
    cases = _joins(rng, ([(3,), (2,)], {}), ([(2, 3), ()], {}), ([(2, 3), (1, 3)], {"axis": 0}))
    return [(arrays, kwargs) for (arrays,), kwargs in cases]


@bprop(np.append, signature="arr, values, axis=None", inputs="arr values", infer=_append_type, samples=_append_samples,
       name="np.append")  # a list that grows has an operation of this name
def append(g, out, arr, values, *, axis):
    return concatenate(g, out, arr, values, axis=axis, dtype=None)


# ---- split


def cuts(where: Any) -> int | list[Any]:
    """The number of equal pieces, or the places of the cuts. Raises TypeError where the number is not known."""
    if isinstance(where, Value):
        if where.node is not None and where.node.op.name in ("tuple", "list"):
            return list(where.node.args)
        if isinstance(where.type.size, int):
            return where.type.size
        raise TypeError("the number of pieces must be known when the gradient is written: write it as a constant")
    return int(where) if np.ndim(where) == 0 else [int(n) for n in where]


def piece_sizes(facts: Facts, n: Size | None, where: Any, even: bool) -> list[Size | None]:
    """How long each piece is; None where that is not known."""
    at = cuts(where)
    if isinstance(at, int):
        if isinstance(n, int):
            if even and n % at:
                raise ValueError(f"{n} entries cannot be split into {at} equal parts")
            return [n // at + (i < n % at) for i in range(at)]
        return [dim_div(n, at) if n is not None and even else None] * at
    places = [size_of(p) for p in at]
    sizes: list[Size | None] = []
    if isinstance(n, int) and all(isinstance(p, int) for p in places):
        bounds = [None, *places, None]
        return [len(range(*slice(a, b).indices(n))) for a, b in pairwise(bounds)]
    bounds = [None, *at, None]
    for a, b in pairwise(bounds):
        sizes.append(None if n is None else slice_length(facts, (a, b, None), n))
    return sizes


def _split_types(facts: Facts, ary: Any, where: Any, axis: int, even: bool) -> Any:
    t = type_of(ary)
    dims = t.shape
    known = not isinstance(dims, ShapeVar)
    at = axes_of(axis, len(dims))[0] if known else 0  # type: ignore[arg-type]
    n = facts.canonical(dims[at]) if known else None  # type: ignore[index]
    sizes = piece_sizes(facts, n, where, even)
    if len(sizes) == 1:
        raise TypeError("splitting into one piece is not differentiated: write the array itself")
    types = []
    for size in sizes:
        one = Dim.fresh() if size is None else size
        shape = tuple(one if i == at else d for i, d in enumerate(dims)) if known else ShapeVar()  # type: ignore[arg-type]
        types.append(Type(t.kind, shape, array=True))
    return types


def join_pieces(g: tuple[Any, ...], out: tuple[Any, ...], ary: Any, where: Any, axis: int) -> Any:
    """The pieces side by side again; where there is one for some only, at its place among zeros."""
    if all(bar is not None for bar in g):
        return np.concatenate(g, axis=axis)
    places = cuts(where)
    if isinstance(places, list):
        bounds = [None, *places, None]
        total: Any = None
        for bar, (a, b) in zip(g, pairwise(bounds), strict=True):
            if bar is not None:
                term = scatter(bar, along(axis, slice(a, b), ary), ary)
                total = term if total is None else total + term
        return total
    return np.concatenate([zeros_for(x) if bar is None else bar for bar, x in zip(g, out, strict=True)], axis=axis)


def _splitter(even: bool, fixed: int | None) -> tuple[Any, Any]:
    def infer(facts: Facts, ary: Any, where: Any, *, axis: int = fixed or 0) -> Any:
        return _split_types(facts, ary, where, _chosen(ary, axis), even)

    def rule(g: Any, out: Any, ary: Any, where: Any, *, axis: int = fixed or 0) -> Any:
        return join_pieces(g, out, ary, where, _chosen(ary, axis)), None

    def _chosen(ary: Any, axis: int) -> int:
        if fixed != 1:
            return axis
        rank = ndim(ary)
        if rank is None:
            raise TypeError("np.hsplit needs an array of known rank: declare its shape, or write np.split with an axis")
        return 0 if rank == 1 else 1

    return infer, rule


def _split_samples(even: bool, fixed: int | None) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        cases = [case((6, 4, 2), 2), case((6, 4, 2), [1]), case((4, 6, 2), (2,)), case((6, 4, 2), [-1])]
        cases += [case((6, 2, 3), [1, 1])]
        if fixed != 2:
            cases += [case((6, 4), 2), case((6, 4), [1, 3])]
        if fixed is None:
            cases += [case((6,), 3), case((5,), [2]), case((2, 6), 3, axis=1), case((2, 5), [1, 1], axis=-1)]
        if not even:
            cases += [case((5,), 3), case((2, 5), 2, axis=-1)]
        return calls(*cases)(rng)  # type: ignore[no-any-return]

    return samples


SPLITS = ((np.split, True, None), (np.array_split, False, None), (np.hsplit, True, 1), (np.vsplit, True, 0))
for _split, _even, _fixed in (*SPLITS, (np.dsplit, True, 2)):
    _infer, _rule = _splitter(_even, _fixed)
    register(_split, signature="ary, indices_or_sections" + (", axis=0" if _fixed is None else ""),
             inputs="ary indices_or_sections", infer=_infer, rule=_rule, alias="view",
             samples=_split_samples(_even, _fixed))  # fmt: skip


# ---- broadcast_arrays, meshgrid


def _broadcast_arrays_type(facts: Facts, *args: Any) -> Any:
    types = as_arrays(args)
    if len(types) < 2:
        raise TypeError("np.broadcast_arrays of one array is not differentiated: write the array itself")
    dims = facts.broadcast(*(t.shape for t in types))
    return [Type(t.kind, dims, array=True) for t in types]


def _broadcast_arrays_rule(g, out, *args):
    return [None if bar is None else unbroadcast(bar, x) for bar, x in zip(g, args, strict=True)]


register(np.broadcast_arrays, signature="*args", rule=_broadcast_arrays_rule, infer=_broadcast_arrays_type,
         alias="view",
         samples=lambda rng: [((rng.normal(size=(3, 1)), rng.normal(size=4)), {}),
                              ((rng.normal(), rng.normal(size=(2, 3)), rng.normal(size=(1, 3))), {})])  # fmt: skip


def _meshgrid_type(facts: Facts, *xi: Any, indexing: str, sparse: bool, copy: bool) -> Any:
    types = as_arrays(xi)
    if copy is not True:
        raise TypeError("np.meshgrid with copy=False is not differentiated: leave it out")
    if len(types) < 2:
        raise TypeError("np.meshgrid of one array is not differentiated: write the array itself")
    sizes = [_total(facts, [_entries(t)]) for t in types]
    shapes = []
    for i in range(len(sizes)):
        dims = [n if not sparse or i == j else 1 for j, n in enumerate(sizes)]
        if indexing == "xy":
            dims[0], dims[1] = dims[1], dims[0]
        shapes.append(tuple(dims))
    return [Type(t.kind, dims, array=True) for t, dims in zip(types, shapes, strict=True)]


def _meshgrid_samples(rng: np.random.Generator) -> list[Any]:
    options: list[Any] = [{}, {"indexing": "ij"}, {"sparse": True}]
    return [((rng.normal(size=3), rng.normal(size=2)), kwargs) for kwargs in options] + [
        ((rng.normal(size=3), rng.normal(size=1), rng.normal(size=2)), {}),
    ]


@bprop(np.meshgrid, signature="*xi, copy=True, sparse=False, indexing='xy'", inputs="xi", infer=_meshgrid_type,
       samples=_meshgrid_samples)  # fmt: skip
def meshgrid(g, out, *xi, indexing, **_):
    """Each coordinate is summed over the axes of the others."""
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[0], axes[1] = 1, 0
    bars = []
    for bar, x, own in zip(g, xi, axes, strict=True):
        if bar is not None:
            bar = np.sum(bar, axis=tuple(a for a in range(len(xi)) if a != own))
            bar = bar if ndim(x) == 1 else like_shape(bar, x)
        bars.append(bar)
    return bars

"""Functions of several lines that rules need: they are copied into the generated module where it uses them.

Each is plain NumPy, stands on its own, and is right for every rank. Each is an operation with a rule of its own, so
that a gradient that uses it has a gradient again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import type_of
from ..shapes import Facts, ShapeVar, Type, float_of, join_kinds
from ..signature import filled
from .primitives import apply, shape, unbroadcast, zeros_for
from .registry import primitive


def like_second(facts: Facts, g: Any, x: Any, *_: Any, **__: Any) -> Type:
    """The shape of the second input, the kind of a cotangent."""
    return Type(join_kinds("float", type_of(g).kind), type_of(x).shape, array=True)


def like_first(facts: Facts, x: Any, *_: Any, **__: Any) -> Type:
    return Type(float_of(type_of(x).kind), type_of(x).shape, array=True)


# ---- max, min


def _share_rule(g: Any, out: Any, v: Any, chosen: Any, like: Any, *, axis: Any) -> Any:
    """The mean over what is chosen: sharing is linear."""
    weights = share(1.0, chosen, like, axis=axis)
    return unbroadcast(np.sum(g * weights, axis=axis, keepdims=True), v), None, None


def _share_type(facts: Facts, g: Any, chosen: Any, like: Any, *, axis: Any) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(like).shape, array=True)


@primitive(signature="g, chosen, like, axis=None", inputs="g chosen like", rule=_share_rule, infer=_share_type)
def share(g: Any, chosen: Any, like: Any, axis: Any = None) -> Any:
    """`g` split evenly among the entries of `like` that are chosen along `axis`; zero elsewhere."""
    weight = np.asarray(chosen).astype(np.result_type(g, like, 0.0))
    each = g / np.maximum(weight.sum(axis=axis, keepdims=True), 1.0)
    return np.where(chosen, each, weight)


# ---- prod, cumprod: without dividing, so that zeros are no exception


def _others_rule(g: Any, out: Any, x: Any, *, axis: Any) -> Any:
    """out = before * after, the products of what stands on either side."""
    flat = axis is None
    row, row_bar = (np.ravel(x), np.ravel(g)) if flat else (x, g)
    place = 0 if flat else axis
    left = product_before(row, axis=place)
    right = np.flip(product_before(np.flip(row, place), axis=place), place)
    x_bar = left * tails(row_bar * right, row, axis=place)
    mirrored = tails(np.flip(row_bar * left, place), np.flip(row, place), axis=place)
    x_bar = x_bar + right * np.flip(mirrored, place)
    return _shaped_like(x_bar, x) if flat else x_bar


def _shaped_like(x: Any, like: Any) -> Any:
    return apply(np.reshape, x, shape(like))


@primitive(signature="x, axis=None", rule=_others_rule, infer=like_first)
def product_of_others(x: Any, axis: Any = None) -> Any:
    """The product along `axis` of all entries but the one in each place, exact where entries are zero."""
    rows = np.reshape(x, -1) if axis is None else np.moveaxis(x, axis, 0)
    out = np.ones(rows.shape, np.result_type(x, 0.0))
    out[1:] = np.cumprod(rows[:-1], axis=0)
    out[:-1] *= np.cumprod(rows[:0:-1], axis=0)[::-1]
    return np.reshape(out, np.shape(x)) if axis is None else np.moveaxis(out, 0, axis)


@primitive(signature="x, axis=0", rule=lambda g, out, x, *, axis: out * tails(g, x, axis=axis), infer=like_first)
def product_before(x: Any, axis: int = 0) -> Any:
    """The product along `axis` of the entries before each place; 1 in the first."""
    rows = np.moveaxis(x, axis, 0)
    out = np.ones(rows.shape, np.result_type(x, 0.0))
    out[1:] = np.cumprod(rows[:-1], axis=0)
    return np.moveaxis(out, 0, axis)


def _tails_rule(g: Any, out: Any, h: Any, x: Any, *, axis: int) -> Any:
    """The same recurrence, run the other way."""
    h_bar = np.flip(tails(np.flip(g, axis), np.flip(x, axis), axis=axis), axis)
    return h_bar, h_bar * out


@primitive(signature="h, x, axis=0", inputs="h x", rule=_tails_rule, infer=like_second)
def tails(h: Any, x: Any, axis: int = 0) -> Any:
    """For each place the sum over later ones of `h` there times the product of `x` in between."""
    h, x = np.moveaxis(h, axis, 0), np.moveaxis(x, axis, 0)
    out = np.zeros(x.shape, np.result_type(h, x, 0.0))
    for i in range(len(x) - 1, 0, -1):
        out[i - 1] = h[i] + x[i] * out[i]
    return np.moveaxis(out, 0, axis)


# ---- std


def _standardized_rule(g: Any, out: Any, x: Any, std: Any, *, axis: Any) -> Any:
    """out = (x - mean(x)) / std, x and std taken to be independent."""
    mean = np.mean(g, axis=axis, keepdims=True)
    flat = np.equal(np.sum(out * out, axis=axis, keepdims=True), 0.0)
    safe = np.where(flat, 1.0, std)
    x_bar = np.where(flat, 0.0, (g - mean) / safe)
    std_bar = -np.sum(g * out / safe, axis=axis, keepdims=True)
    return x_bar, unbroadcast(std_bar, std)


@primitive(signature="x, std, axis=None", inputs="x std", rule=_standardized_rule, infer=like_first)
def standardized(x: Any, std: Any, axis: Any = None) -> Any:
    """`(x - mean) / std` along `axis`, and 0 where `x` is constant."""
    mean = np.mean(x, axis=axis, keepdims=True)
    # rounding leaves a tiny std to equal entries, whose mean is not exactly theirs
    small = std <= 1e-6 * np.abs(mean)
    if np.any(small):
        constant = np.max(x, axis=axis, keepdims=True) == np.min(x, axis=axis, keepdims=True)
        small = small & constant
    return np.where(small, 0.0, x - mean) / np.where(small, 1.0, std)


# ---- sort, take_along_axis


def _put_along_rule(g: Any, out: Any, values: Any, indices: Any, like: Any, *, axis: int) -> Any:
    return np.take_along_axis(g, indices, axis=axis), None, None


def _put_along_type(facts: Facts, values: Any, indices: Any, like: Any, *, axis: int) -> Type:
    return Type(join_kinds("float", type_of(values).kind), type_of(like).shape, array=True)


@primitive(signature="values, indices, like, axis=-1", inputs="values indices like", rule=_put_along_rule,
           infer=_put_along_type)  # fmt: skip
def put_along(values: Any, indices: Any, like: Any, axis: int = -1) -> Any:
    """Zeros of the shape of `like` with `values` added at `indices` along `axis`; repeated ones accumulate."""
    out = np.zeros(np.shape(like), np.result_type(values, 0.0))
    # along axes of length 1 in `like` one entry was read for all
    places = np.indices(np.shape(values), sparse=True)
    index = [0 if n == 1 else place for n, place in zip(np.shape(like), places, strict=True)]
    index[axis] = indices
    np.add.at(out, tuple(index), values)
    return out


# ---- diagonals


def _place_diagonal_rule(g: Any, out: Any, v: Any, like: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return unbroadcast(np.diagonal(g, offset=offset, axis1=axis1, axis2=axis2), v), None


@primitive(signature="values, like, offset=0, axis1=0, axis2=1", inputs="values like", rule=_place_diagonal_rule,
           infer=like_second)  # fmt: skip
def place_diagonal(values: Any, like: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Zeros of the shape of `like` with `values` on a diagonal, whose entries are the last axis of `values`."""
    out = np.zeros(np.shape(like), np.result_type(values, like, 0.0))
    matrices = np.moveaxis(out, (axis1, axis2), (-2, -1))
    n = np.diagonal(out, offset, axis1, axis2).shape[-1]
    rows = np.arange(n) + max(-offset, 0)
    matrices[..., rows, rows + offset] = values
    return out


# ---- tile


def _untile_rule(g: Any, out: Any, v: Any, like: Any, *, reps: Any) -> Any:
    return np.tile(g, reps), None


@primitive(signature="g, like, reps", inputs="g like", rule=_untile_rule, infer=like_second)
def untile(g: Any, like: Any, reps: Any) -> Any:
    """The sum of the `reps` copies of an array shaped like `like` that `g` is tiled with."""
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    shape = np.shape(like)
    reps = (1,) * (len(shape) - len(reps)) + reps
    whole = (1,) * (len(reps) - len(shape)) + shape
    parts = [n for pair in zip(reps, whole, strict=True) for n in pair]
    return np.reshape(g, parts).sum(axis=tuple(range(0, len(parts), 2))).reshape(shape)


def _undiag_rule(g: Any, out: Any, v: Any, like: Any, *, k: int) -> Any:
    return np.diag(g, k), None


@primitive(signature="g, like, k=0", inputs="g like", rule=_undiag_rule, infer=like_second,
           alias=lambda node: "fresh" if node.inputs[1].ndim == 2 else "read-only")  # fmt: skip
def undiag(g: Any, like: Any, k: int = 0) -> Any:
    """The adjoint of `np.diag(like, k)`, be `like` a matrix or a diagonal."""
    return np.diagonal(g, k) if np.ndim(like) == 1 else place_diagonal(g, like, k)


# ---- pad


def _unpad_rule(g: Any, out: Any, v: Any, like: Any, *, pad_width: Any) -> Any:
    return np.pad(g, pad_width), None


@primitive(signature="g, like, pad_width", inputs="g like", rule=_unpad_rule, infer=like_second, alias="view")
def unpad(g: Any, like: Any, pad_width: Any) -> Any:
    """The part of `g` that was `like` before it was padded."""
    before = np.broadcast_to(pad_width, (np.ndim(like), 2))[:, 0]
    return g[tuple(slice(b, b + n) for b, n in zip(before, np.shape(like), strict=True))]


def _unreflect_rule(g: Any, out: Any, h: Any, like: Any, *, pads: Any, axis: int, mode: str) -> Any:
    widths = [(0, 0)] * len(type_of(like).shape)  # type: ignore[arg-type]
    widths[axis] = tuple(pads)
    return apply(np.pad, g, tuple(widths), mode, reflect_type="odd"), None


def _unreflect_type(facts: Facts, g: Any, like: Any, *, axis: int, **_: Any) -> Type:
    t, dims = type_of(g), type_of(like).shape
    known = not isinstance(t.shape, ShapeVar) and not isinstance(dims, ShapeVar)
    shape = tuple(dims[axis] if i == axis else d for i, d in enumerate(t.shape)) if known else ShapeVar()  # type: ignore[index, arg-type]
    return Type(join_kinds("float", t.kind), shape, array=True)


@primitive(signature="g, like, pads, axis=0, mode='reflect'", inputs="g like", rule=_unreflect_rule,
           infer=_unreflect_type)  # fmt: skip
def unreflect(g: Any, like: Any, pads: Any, axis: int = 0, mode: Any = "reflect") -> Any:
    """The cotangent of what is as long as `like` along `axis`, and was padded there with `reflect_type="odd"`.

    What was put at each place is an entry of the array with a sign, and so much of its first and of its last entry
    that numbers which all are 1, and numbers that rise by 1, go on as they are padded.
    """
    n = np.shape(like)[axis]
    if n == 1:
        return g.sum(axis=axis, keepdims=True)
    g = np.moveaxis(g, axis, 0)
    rows = np.zeros((n, *g.shape[1:]), np.result_type(g, 0.0))
    places = np.pad(np.arange(n), pads, mode)
    sign = np.sign(np.gradient(places.astype(float)))
    last = (np.pad(np.arange(n), pads, mode, reflect_type="odd") - sign * places) / (n - 1)
    column = (-1, *[1] * (g.ndim - 1))
    np.add.at(rows, places, sign.reshape(column).astype(g.dtype) * g)
    rows[0] += np.tensordot((1.0 - sign - last).astype(g.dtype), g, 1)
    rows[-1] += np.tensordot(last.astype(g.dtype), g, 1)
    return np.moveaxis(rows, 0, axis)


# ---- hstack and its like, where ranks are unknown


def _unstack_rule(g: Any, out: Any, v: Any, *arrays: Any, join: str) -> Any:
    pieces = [zeros_for(x) if bar is None else bar for bar, x in zip(g, arrays, strict=True)]
    return apply(getattr(np, join), *pieces if join in ("r_", "c_") else [pieces]), *[None] * len(arrays)


def _unstack_type(facts: Facts, g: Any, *arrays: Any, join: str) -> Any:
    return [Type(join_kinds("float", type_of(g).kind), type_of(x).shape, array=True) for x in arrays]


@primitive(signature="g, *arrays, join='hstack'", inputs="g arrays", rule=_unstack_rule, infer=_unstack_type,
           alias="maybe")  # fmt: skip
def unstack(g: Any, *arrays: Any, join: str = "hstack") -> Any:
    """The parts of `g` that `arrays` became when they were joined by `np.hstack`, `vstack`, `r_`, ..."""
    axis = min({"vstack": 0, "r_": 0, "dstack": 2, "c_": 9}.get(join, 1), g.ndim - 1)
    each = g.shape[axis] / max(g.size, 1)
    cuts = np.cumsum([round(np.size(x) * each) for x in arrays])[:-1]
    return [np.reshape(part, np.shape(x)) for part, x in zip(np.split(g, cuts, axis), arrays, strict=True)]


# ---- block, where ranks are unknown


def _unblock_rule(g: Any, out: Any, v: Any, *blocks: Any, arrays: Any) -> Any:
    bars = [zeros_for(x) if bar is None else bar for bar, x in zip(g, blocks, strict=True)]
    return apply(np.block, filled(arrays, bars)), *[None] * len(blocks)


def _unblock_type(facts: Facts, g: Any, *blocks: Any, arrays: Any) -> Any:
    return [Type(join_kinds("float", type_of(g).kind), type_of(x).shape, array=True) for x in blocks]


@primitive(signature="g, ***arrays", inputs="g arrays", rule=_unblock_rule, infer=_unblock_type, alias="maybe")
def unblock(g: Any, arrays: Any) -> Any:
    """The parts of `g` that the arrays in lists of lists became when they were joined by `np.block`."""
    depth, first = 0, arrays
    while isinstance(first, list):
        depth, first = depth + 1, first[0]
    parts = [(g, arrays)]
    for axis in range(-depth, 0):
        pieces = []
        for part, blocks in parts:
            start, before = 0, (slice(None),) * (part.ndim + axis)
            for block in blocks:
                first = block
                while isinstance(first, list):
                    first = first[0]
                stop = start + (np.shape(first)[axis] if np.ndim(first) >= -axis else 1)
                pieces.append((part[(*before, slice(start, stop))], block))
                start = stop
        parts = pieces
    return [np.reshape(part, np.shape(x)) for part, x in parts]

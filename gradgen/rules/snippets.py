"""Functions of several lines that rules need: they are copied into the generated module where it uses them.

Each is plain NumPy, stands on its own, and is right for every rank. Each is an operation with a rule of its own, so
that a gradient that uses it has a gradient again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import Graph, Value, call, operation, type_of
from ..shapes import Facts, ShapeVar, Type, float_of, join_kinds
from .primitives import unbroadcast, zeros_for
from .registry import primitive


def _like_second(facts: Facts, g: Any, x: Any, *_: Any, **__: Any) -> Type:
    """The shape of the second input, the kind of a cotangent."""
    return Type(join_kinds("float", type_of(g).kind), type_of(x).shape, array=True)


def _like_first(facts: Facts, x: Any, *_: Any, **__: Any) -> Type:
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


def _middle_type(facts: Facts, x: Any, *, axis: Any, upper: bool) -> Type:
    t = type_of(x)
    if isinstance(t.shape, ShapeVar):
        return Type(t.kind, ShapeVar(), array=True)
    gone = range(len(t.shape)) if axis is None or not t.shape else (axis % len(t.shape),)
    return Type(t.kind, tuple(1 if i in gone else d for i, d in enumerate(t.shape)), array=True)


@primitive(signature="x, axis=None, upper=False", differentiable=False, infer=_middle_type)
def middle(x: Any, axis: Any = None, upper: bool = False) -> Any:
    """The entry in the middle along `axis`, which stays at length 1; of two, the lower or the upper one."""
    ordered = np.sort(x, axis=axis)
    n = ordered.shape[axis or 0]
    entry = np.take(ordered, [n // 2 if upper else (n - 1) // 2], axis=axis or 0)
    return np.reshape(entry, (1,) * np.ndim(x)) if axis is None else entry


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
    from .primitives import apply, shape

    return apply(np.reshape, x, shape(like))


@primitive(signature="x, axis=None", rule=_others_rule, infer=_like_first)
def product_of_others(x: Any, axis: Any = None) -> Any:
    """The product along `axis` of all entries but the one in each place, exact where entries are zero."""
    rows = np.reshape(x, -1) if axis is None else np.moveaxis(x, axis, 0)
    out = np.ones(rows.shape, np.result_type(x, 0.0))
    out[1:] = np.cumprod(rows[:-1], axis=0)
    out[:-1] *= np.cumprod(rows[:0:-1], axis=0)[::-1]
    return np.reshape(out, np.shape(x)) if axis is None else np.moveaxis(out, 0, axis)


@primitive(signature="x, axis=0", rule=lambda g, out, x, *, axis: out * tails(g, x, axis=axis), infer=_like_first)
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


@primitive(signature="h, x, axis=0", inputs="h x", rule=_tails_rule, infer=_like_second)
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


@primitive(signature="x, std, axis=None", inputs="x std", rule=_standardized_rule, infer=_like_first)
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
           infer=_like_second)  # fmt: skip
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


@primitive(signature="g, like, reps", inputs="g like", rule=_untile_rule, infer=_like_second)
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


@primitive(signature="g, like, k=0", inputs="g like", rule=_undiag_rule, infer=_like_second,
           alias=lambda node: "fresh" if node.inputs[1].ndim == 2 else "read-only")  # fmt: skip
def undiag(g: Any, like: Any, k: int = 0) -> Any:
    """The adjoint of `np.diag(like, k)`, be `like` a matrix or a diagonal."""
    return np.diagonal(g, k) if np.ndim(like) == 1 else place_diagonal(g, like, k)


# ---- pad


def _unpad_rule(g: Any, out: Any, v: Any, like: Any, *, pad_width: Any) -> Any:
    return np.pad(g, pad_width), None


@primitive(signature="g, like, pad_width", inputs="g like", rule=_unpad_rule, infer=_like_second, alias="view")
def unpad(g: Any, like: Any, pad_width: Any) -> Any:
    """The part of `g` that was `like` before it was padded."""
    before = np.broadcast_to(pad_width, (np.ndim(like), 2))[:, 0]
    return g[tuple(slice(b, b + n) for b, n in zip(before, np.shape(like), strict=True))]


# ---- hstack and its like, where ranks are unknown


def _unstack_rule(g: Any, out: Any, v: Any, *arrays: Any, join: str) -> Any:
    pieces = [zeros_for(x) if bar is None else bar for bar, x in zip(g, arrays, strict=True)]
    return getattr(np, join)(pieces), *[None] * len(arrays)


def _unstack_type(facts: Facts, g: Any, *arrays: Any, join: str) -> Any:
    return [Type(join_kinds("float", type_of(g).kind), type_of(x).shape, array=True) for x in arrays]


@primitive(signature="g, *arrays, join='hstack'", inputs="g arrays", rule=_unstack_rule, infer=_unstack_type,
           alias="maybe")  # fmt: skip
def unstack(g: Any, *arrays: Any, join: str = "hstack") -> Any:
    """The parts of `g` that `arrays` became when they were joined by `np.hstack`, `vstack`, `dstack`, ..."""
    axis = min({"vstack": 0, "dstack": 2}.get(join, 1), g.ndim - 1)
    each = g.shape[axis] / max(g.size, 1)
    cuts = np.cumsum([round(np.size(x) * each) for x in arrays])[:-1]
    return [np.reshape(part, np.shape(x)) for part, x in zip(np.split(g, cuts, axis), arrays, strict=True)]


# ---- products, where ranks are unknown: the cotangent of either operand is bilinear in g and the other operand


def _first_bar_rule(fn: Any, second_bar: Callable[..., Any]) -> Any:
    """The rule of `first_bar(g, x, y)`, the adjoint of the bilinear `fn(x, y)` in x: g_bar = fn(h, y)."""
    return lambda h, out, g, x, y, **o: (call(operation(fn), h, y, **o), None, second_bar()(g, h, y, **o))


def _second_bar_rule(fn: Any, first_bar: Callable[..., Any]) -> Any:
    return lambda h, out, g, x, y, **o: (call(operation(fn), x, h, **o), first_bar()(g, x, h, **o), None)


def _like_third(facts: Facts, g: Any, x: Any, y: Any, **_: Any) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(y).shape, array=True)


@primitive(signature="g, x, y", rule=_first_bar_rule(np.matmul, lambda: matmul_y_bar), infer=_like_second)
def matmul_x_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `x @ y`, for all ranks."""
    if y.ndim == 1:
        x_bar = np.expand_dims(g, -1) * y
    elif x.ndim == 1:
        x_bar = (y @ g[..., None])[..., 0]
    else:
        x_bar = g @ np.swapaxes(y, -1, -2)
    return unbroadcast(x_bar, x)


@primitive(signature="g, x, y", rule=_second_bar_rule(np.matmul, lambda: matmul_x_bar), infer=_like_third)
def matmul_y_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `x @ y`, for all ranks."""
    if y.ndim == 1:
        return np.tensordot(g, x, np.ndim(g))
    if x.ndim == 1:
        y_bar = x[:, None] * g[..., None, :]
    else:
        y_bar = np.swapaxes(x, -1, -2) @ g
    return unbroadcast(y_bar, y)


@primitive(signature="g, x, y", rule=_first_bar_rule(np.dot, lambda: dot_b_bar), infer=_like_second)
def dot_a_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `np.dot(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(g * y, x)
    if np.ndim(y) == 1:
        return np.expand_dims(g, -1) * y
    return np.tensordot(g, np.moveaxis(y, -2, -1), np.ndim(y) - 1)


@primitive(signature="g, x, y", rule=_second_bar_rule(np.dot, lambda: dot_a_bar), infer=_like_third)
def dot_b_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `np.dot(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(x * g, y)
    rows = tuple(range(np.ndim(x) - 1))
    y_bar = np.tensordot(x, g, (rows, rows))
    return y_bar if np.ndim(y) == 1 else np.moveaxis(y_bar, 0, -2)


@primitive(signature="g, x, y", rule=_first_bar_rule(np.inner, lambda: inner_b_bar), infer=_like_second)
def inner_a_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `np.inner(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(g * y, x)
    return np.tensordot(g, y, np.ndim(y) - 1)


@primitive(signature="g, x, y", rule=_second_bar_rule(np.inner, lambda: inner_a_bar), infer=_like_third)
def inner_b_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `np.inner(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(x * g, y)
    rows = tuple(range(np.ndim(x) - 1))
    return np.tensordot(g, x, (rows, rows))


@primitive(signature="g, a, b, axes=2", inputs="g a b", rule=_first_bar_rule(np.tensordot, lambda: tensordot_b_bar),
           infer=_like_second)  # fmt: skip
def tensordot_a_bar(g: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """The cotangent of `a` in `np.tensordot(a, b, axes)`, for all ranks."""
    m, n = np.ndim(a), np.ndim(b)
    first, second = (range(m - axes, m), range(axes)) if np.ndim(axes) == 0 else map(np.atleast_1d, axes)
    pairs = {int(j) % n: int(i) % m for i, j in zip(first, second, strict=True)}
    rest = [j for j in range(n) if j not in pairs]
    a_bar = np.tensordot(g, b, (tuple(range(np.ndim(g) - len(rest), np.ndim(g))), tuple(rest)))
    kept = [i for i in range(m) if i not in pairs.values()]
    return np.transpose(a_bar, np.argsort(kept + [pairs[j] for j in sorted(pairs)]))


@primitive(signature="g, a, b, axes=2", inputs="g a b", rule=_second_bar_rule(np.tensordot, lambda: tensordot_a_bar),
           infer=_like_third)  # fmt: skip
def tensordot_b_bar(g: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """The cotangent of `b` in `np.tensordot(a, b, axes)`, for all ranks."""
    m, n = np.ndim(a), np.ndim(b)
    first, second = (range(m - axes, m), range(axes)) if np.ndim(axes) == 0 else map(np.atleast_1d, axes)
    pairs = {int(i) % m: int(j) % n for i, j in zip(first, second, strict=True)}
    rest = [i for i in range(m) if i not in pairs]
    b_bar = np.tensordot(a, g, (tuple(rest), tuple(range(len(rest)))))
    kept = [j for j in range(n) if j not in pairs.values()]
    return np.transpose(b_bar, np.argsort([pairs[i] for i in sorted(pairs)] + kept))


@primitive(signature="g, x, y", rule=_first_bar_rule(np.kron, lambda: kron_b_bar), infer=_like_second)
def kron_a_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `np.kron(x, y)`, for all ranks."""
    rank = max(np.ndim(x), np.ndim(y))
    m, n = ((1,) * (rank - np.ndim(v)) + np.shape(v) for v in (x, y))
    blocks = np.reshape(g, [size for pair in zip(m, n, strict=True) for size in pair])
    weights = np.reshape(y, [size for length in n for size in (1, length)])
    return (blocks * weights).sum(axis=tuple(range(1, 2 * rank, 2))).reshape(np.shape(x))


@primitive(signature="g, x, y", rule=_second_bar_rule(np.kron, lambda: kron_a_bar), infer=_like_third)
def kron_b_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `np.kron(x, y)`, for all ranks."""
    rank = max(np.ndim(x), np.ndim(y))
    m, n = ((1,) * (rank - np.ndim(v)) + np.shape(v) for v in (x, y))
    blocks = np.reshape(g, [size for pair in zip(m, n, strict=True) for size in pair])
    weights = np.reshape(x, [size for length in m for size in (length, 1)])
    return (blocks * weights).sum(axis=tuple(range(0, 2 * rank, 2))).reshape(np.shape(y))


def _einsum_bar_rule(h: Any, out: Any, g: Any, *operands: Any, subscripts: str, place: int) -> Any:
    """Linear in `g` and in each operand but the one whose cotangent it is."""
    swapped = (*operands[:place], h, *operands[place + 1 :])
    bars: list[Any] = [call(operation(np.einsum), subscripts, *swapped)]
    for i in range(len(operands)):
        bars.append(None if i == place else einsum_bar(subscripts, i, g, *swapped))
    return bars


def _einsum_bar_type(facts: Facts, g: Any, *operands: Any, subscripts: str, place: int) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(operands[place]).shape, array=True)


@primitive(signature="subscripts, place, g, *operands", inputs="g operands", rule=_einsum_bar_rule,
           infer=_einsum_bar_type)  # fmt: skip
def einsum_bar(subscripts: str, place: int, g: Any, *operands: Any) -> Any:
    """The cotangent of operand number `place` of `np.einsum(subscripts, *operands)`, for all ranks."""
    source, arrow, result = subscripts.replace(" ", "").partition("->")
    used = source.replace(",", "").replace(".", "")
    if not arrow:
        result = "..." * ("..." in source) + "".join(sorted(i for i in set(used) if used.count(i) == 1))
    free = "".join(sorted(set("abcdefghijklmnopqrstuvwxyz") - set(used)))
    labels = []
    for names, x in zip(source.split(","), operands, strict=True):
        extra = np.ndim(x) - len(names.replace("...", ""))
        labels.append(names.replace("...", free[len(free) - extra :]))
    result = result.replace("...", free[len(free) - (np.ndim(g) - len(result.replace("...", ""))) :])
    sizes: dict[str, int] = {}
    for names, x in zip(labels, operands, strict=True):
        for i, n in zip(names, np.shape(x), strict=True):
            sizes[i] = max(n, sizes.get(i, 1))
    names = labels[place]
    axes = "".join(dict.fromkeys(names))
    # ones stand for the operand itself, so that an index which it alone has is there
    ones = [np.ones(sizes[i], np.result_type(g)) for i in axes]
    terms = [g] + [x for k, x in enumerate(operands) if k != place] + ones
    texts = [result] + [own for k, own in enumerate(labels) if k != place] + list(axes)
    x_bar = np.einsum(",".join(texts) + "->" + axes, *terms)
    shape = np.shape(operands[place])
    repeated = tuple(k for k, i in enumerate(axes) if shape[names.index(i)] < sizes[i])
    x_bar = np.sum(x_bar, axis=repeated, keepdims=True)
    if len(axes) == len(names):
        return x_bar
    out = np.zeros(shape, x_bar.dtype)
    grid = np.ogrid[tuple(slice(n) for n in x_bar.shape)]
    out[tuple(grid[axes.index(i)] for i in names)] = x_bar
    return out


@primitive(signature="x_bar, like", rule=lambda g, out, x_bar, like: (fit(g, x_bar), None), infer=_like_second,
           alias="maybe")  # fmt: skip
def fit(x_bar: Any, like: Any) -> Any:
    """`x_bar` summed along the axes that have length 1 in `like`, repeated along those that have it themselves."""
    shape = np.shape(like)
    ones = tuple(i for i, n in enumerate(shape) if n == 1)
    x_bar = np.sum(x_bar, axis=ones, keepdims=True) if ones else x_bar
    return x_bar if np.shape(x_bar) == shape else np.array(np.broadcast_to(x_bar, shape))


# ---- linear algebra


def composed(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of a snippet that is made of functions with rules: run it on values and go backwards over its steps."""

    def rule(g: Any, out: Any, *inputs: Any, **options: Any) -> list[Any]:
        from ..interpret import run
        from ..masks import Masks
        from ..reverse import answer

        leaves = [x for x in (g, *inputs) if x is not None]
        graph = next((x.graph for x in leaves if isinstance(x, Value)), None)
        if graph is None:
            # on arrays: the same on a graph of its own
            graph = Graph()
            params = [None if x is None else graph.param("", type_of(np.asarray(x))) for x in (g, *inputs)]
            bars = rule(params[0], None, *params[1:], **options)
            graph.results = [graph.const(0.0) if bar is None else bar for bar in bars]
            return run(graph, leaves)
        start = len(graph.nodes)
        result = fn(*inputs, **options)
        sent: dict[Any, Any] = {result: g}
        for node in reversed(graph.nodes[start:]):
            bars = [sent.pop(v, None) for v in node.outputs]
            if any(bar is not None for bar in bars):
                for v, bar in zip(node.inputs, answer(node, bars, set(), Masks()), strict=True):
                    if bar is not None:
                        sent[v] = sent[v] + bar if v in sent else bar
        # one value that stands for two inputs gets its cotangent once
        return [sent.pop(x, None) if isinstance(x, Value) else None for x in inputs]

    return rule


def composed_primitive(**facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A primitive whose rule is that of its parts."""
    return lambda fn: primitive(rule=composed(fn), **facts)(fn)


def _unknown(facts: Facts, *_: Any) -> Type:
    return Type("float", ShapeVar(), array=True)


def _solved_type(facts: Facts, a: Any, g: Any, b: Any) -> Type:
    kind = join_kinds("float", type_of(g).kind)
    if type_of(a).ndim == 2:
        return Type(kind, type_of(g).shape, array=True)
    return Type(kind, ShapeVar(), array=True)


def _solve_like_rule(h: Any, out: Any, a: Any, g: Any, b: Any) -> Any:
    y = solve_like(np.swapaxes(a, -1, -2), h, b)
    return unbroadcast(-outer_like(y, out, b), a), unbroadcast(y, g), None


@primitive(signature="a, g, b", rule=_solve_like_rule, infer=_solved_type)
def solve_like(a: Any, g: Any, b: Any) -> Any:
    """Solve `a @ y = g`, where `g` holds vectors if `b` is a vector, and matrices else."""
    return np.linalg.solve(a, g[..., None])[..., 0] if np.ndim(b) == 1 else np.linalg.solve(a, g)


def _outer_like_rule(h: Any, out: Any, y: Any, x: Any, b: Any) -> Any:
    return apply_like(h, x, b), apply_like(np.swapaxes(h, -1, -2), y, b), None


@primitive(signature="y, x, b", rule=_outer_like_rule, infer=_unknown)
def outer_like(y: Any, x: Any, b: Any) -> Any:
    """`y x^T`, both holding vectors if `b` is a vector, and matrices else."""
    return y[..., :, None] * x[..., None, :] if np.ndim(b) == 1 else y @ np.swapaxes(x, -1, -2)


def _apply_like_rule(h: Any, out: Any, a: Any, x: Any, b: Any) -> Any:
    return outer_like(h, x, b), apply_like(np.swapaxes(a, -1, -2), h, b), None


@primitive(signature="a, x, b", rule=_apply_like_rule, infer=_unknown)
def apply_like(a: Any, x: Any, b: Any) -> Any:
    """`a x`, where `x` holds vectors if `b` is a vector, and matrices else."""
    return (a @ x[..., None])[..., 0] if np.ndim(b) == 1 else a @ x


@primitive(signature="g, a", infer=_like_second)
def cofactors_bar(g: Any, a: Any) -> Any:
    """The cotangent of `a` in its cofactors, also where it is singular.

    With a = u diag(s) vh it is that of the cofactors of diag(s), which are products of all of s but two.
    """
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    rest = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :])
    pairs = np.ones_like(rest)
    pairs[..., 1:] = np.cumprod(rest[..., :-1], axis=-1)
    pairs[..., :-1] *= np.cumprod(rest[..., :0:-1], axis=-1)[..., ::-1]
    pairs[..., range(n), range(n)] = 0.0
    sent = np.swapaxes(u, -1, -2) @ g @ np.swapaxes(vh, -1, -2)
    inner = -np.swapaxes(pairs * sent, -1, -2)
    inner[..., range(n), range(n)] = (pairs @ np.diagonal(sent, axis1=-2, axis2=-1)[..., None])[..., 0]
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vh))
    return sign[..., None, None] * (u @ inner @ vh)


@primitive(signature="a", rule=lambda g, out, a: cofactors_bar(g, a), infer=_like_first)
def cofactors(a: Any) -> Any:
    """`det(a) * inv(a).T`, the derivative of the determinant; by singular values, so that `a` may be singular."""
    u, s, vh = np.linalg.svd(a)
    others = np.ones_like(s)
    others[..., 1:] = np.cumprod(s[..., :-1], axis=-1)
    others[..., :-1] *= np.cumprod(s[..., :0:-1], axis=-1)[..., ::-1]
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vh))
    return sign[..., None, None] * ((u * others[..., None, :]) @ vh)


@composed_primitive(signature="L_bar, L", infer=_like_second)
def cholesky_bar(L_bar: Any, L: Any) -> Any:
    """The cotangent of a in `L = np.linalg.cholesky(a)`, symmetric (Murray 2016, arXiv:1602.07527, equation 10)."""
    Lt = np.swapaxes(L, -1, -2)
    P = np.tril(Lt @ L_bar)
    S = np.linalg.solve(Lt, P + np.swapaxes(np.tril(P, -1), -1, -2))
    return 0.5 * np.linalg.solve(Lt, np.swapaxes(S, -1, -2))


@composed_primitive(signature="v_bar, w, v", infer=_like_third)
def eigenvectors_bar(v_bar: Any, w: Any, v: Any) -> Any:
    """What the eigenvectors send to a in `w, v = np.linalg.eigh(a)`, symmetric (Giles 2008, section 3.1).

    Within the space of an eigenvalue that occurs several times the vectors are any basis: what does not depend on
    the choice is right, else it is NaN.
    """
    vt = np.swapaxes(v, -1, -2)
    sent = vt @ v_bar
    turn = 0.5 * (sent - np.swapaxes(sent, -1, -2))
    gap = w[..., None, :] - w[..., :, None]
    largest = np.max(np.abs(w), axis=-1, keepdims=True)[..., None]
    same = np.abs(gap) <= 100.0 * np.spacing(largest)
    turned = np.abs(turn) > 100.0 * np.spacing(np.max(np.abs(sent), axis=(-2, -1), keepdims=True))
    inner = np.where(same, 0.0, turn) / np.where(same, 1.0, gap)
    return v @ np.where(np.logical_and(same, turned), np.nan, inner) @ vt


def _svd_type(facts: Facts, u_bar: Any, vh_bar: Any, u: Any, s: Any, vh: Any) -> Type:
    m, n = type_of(u), type_of(vh)
    if isinstance(m.shape, ShapeVar) or isinstance(n.shape, ShapeVar):
        return Type("float", ShapeVar(), array=True)
    return Type("float", (*m.shape[:-1], n.shape[-1]), array=True)


@composed_primitive(signature="u_bar, vh_bar, u, s, vh", infer=_svd_type)
def singular_vectors_bar(u_bar: Any, vh_bar: Any, u: Any, s: Any, vh: Any) -> Any:
    """What the vectors send to a in `u, s, vh = np.linalg.svd(a, full_matrices=False)`; None stands for zero.

    Townsend 2016, *Differentiating the singular value decomposition*, with the terms in s_j^2 - s_i^2 split into those
    in s_j - s_i and in s_j + s_i, so that what does not depend on the choice of vectors for a singular value that
    occurs several times is right, such as `u @ vh`; what does is NaN.
    """
    ut, v = np.swapaxes(u, -1, -2), np.swapaxes(vh, -1, -2)
    x = 0.0 if u_bar is None else ut @ u_bar
    y = 0.0 if vh_bar is None else vh @ np.swapaxes(vh_bar, -1, -2)
    plus, minus = x + y, x - y
    turn = 0.5 * (plus - np.swapaxes(plus, -1, -2))
    both = 0.5 * (minus - np.swapaxes(minus, -1, -2))
    gap, total = s[..., None, :] - s[..., :, None], s[..., None, :] + s[..., :, None]
    largest = np.max(s, axis=-1, keepdims=True)[..., None]
    same = np.abs(gap) <= 100.0 * np.spacing(largest)
    turned = np.abs(turn) > 100.0 * np.spacing(np.max(np.abs(plus), axis=(-2, -1), keepdims=True))
    inner = np.where(same, 0.0, turn) / np.where(same, 1.0, gap)
    inner = np.where(np.logical_and(same, turned), np.nan, inner) + both / np.where(np.equal(total, 0.0), 1.0, total)
    a_bar = u @ inner @ vh
    # beyond the space of the vectors, where a is not square
    scale = np.where(np.equal(s, 0.0), 1.0, s)
    if u_bar is not None:
        a_bar = a_bar + ((u_bar - u @ x) / scale[..., None, :]) @ vh
    if vh_bar is not None:
        a_bar = a_bar + u @ ((vh_bar - vh_bar @ v @ vh) / scale[..., :, None])
    return a_bar


def _qr_type(facts: Facts, q_bar: Any, r_bar: Any, q: Any, r: Any) -> Type:
    return Type("float", type_of(q).shape, array=True)


@composed_primitive(signature="q_bar, r_bar, q, r", infer=_qr_type)
def qr_bar(q_bar: Any, r_bar: Any, q: Any, r: Any) -> Any:
    """The cotangent of a in `q, r = np.linalg.qr(a)`, a having no fewer rows than columns; None stands for zero.

    Walter and Lehmann 2018, *Algorithmic differentiation of linear algebra functions*, equation 3.4.
    """
    qt = np.swapaxes(q, -1, -2)
    m = 0.0 if r_bar is None else r @ np.swapaxes(r_bar, -1, -2)
    if q_bar is not None:
        m = m - np.swapaxes(qt @ q_bar, -1, -2)
    sent = q @ (np.tril(m) + np.swapaxes(np.tril(m, -1), -1, -2))
    if q_bar is not None:
        sent = sent + q_bar
    return np.swapaxes(np.linalg.solve(r, np.swapaxes(sent, -1, -2)), -1, -2)


@composed_primitive(signature="g, a, p", infer=_like_second)
def pinv_bar(g: Any, a: Any, p: Any) -> Any:
    """The cotangent of a in `p = np.linalg.pinv(a)`, of constant rank (Golub and Pereyra 1973, theorem 4.3)."""
    gt, pt = np.swapaxes(g, -1, -2), np.swapaxes(p, -1, -2)
    left, right = gt @ p @ pt, pt @ p @ gt
    return left - a @ (p @ left) + right - (right @ p) @ a - pt @ g @ pt


@composed_primitive(signature="g, a, n", inputs="g a", infer=_like_second)
def matrix_power_bar(g: Any, a: Any, n: int) -> Any:
    """The cotangent of a in `np.linalg.matrix_power(a, n)`: the sum of a^i.T g a^j.T over i + j = n - 1."""
    if n == 0:
        return 0.0 * g
    base = a if n > 0 else np.linalg.inv(a)
    t = np.swapaxes(base, -1, -2)
    total = g
    for _ in range(abs(n) - 1):
        g = g @ t
        total = t @ total + g
    return total if n > 0 else -t @ total @ t


def _multi_dot_bar_rule(h: Any, out: Any, g: Any, *arrays: Any, place: int) -> Any:
    """Linear in `g` and in each array but the one whose cotangent it is."""
    swapped = (*arrays[:place], h, *arrays[place + 1 :])
    bars = [None if i == place else multi_dot_bar(i, g, *swapped) for i in range(len(arrays))]
    return [call(operation(np.linalg.multi_dot), list(swapped)), *bars]


def _multi_dot_bar_type(facts: Facts, g: Any, *arrays: Any, place: int) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(arrays[place]).shape, array=True)


@primitive(signature="place, g, *arrays", inputs="g arrays", rule=_multi_dot_bar_rule, infer=_multi_dot_bar_type)
def multi_dot_bar(place: int, g: Any, *arrays: Any) -> Any:
    """The cotangent of array number `place` of `np.linalg.multi_dot(arrays)`, whose first and last may be vectors."""
    first, last = arrays[0], arrays[-1]
    chain = [first.reshape(-1, first.shape[-1]), *arrays[1:-1], last.reshape(last.shape[0], -1)]
    a_bar = np.reshape(g, (chain[0].shape[0], chain[-1].shape[1]))
    for x in chain[:place]:
        a_bar = x.T @ a_bar
    for x in chain[:place:-1]:
        a_bar = a_bar @ x.T
    return a_bar.reshape(arrays[place].shape)


def _norm_bar_rule(h: Any, out: Any, g: Any, norm: Any, x: Any, *, ord: Any) -> Any:
    raise NoRuleError("the second derivative of np.linalg.norm(x, ord) needs the rank of x: declare its shape")


@primitive(signature="g, norm, x, ord", inputs="g norm x", rule=_norm_bar_rule, infer=_like_third)
def norm_bar(g: Any, norm: Any, x: Any, ord: Any) -> Any:
    """The cotangent of `x` in `norm = np.linalg.norm(x, ord)`, for a vector or a matrix."""
    if np.ndim(x) == 1:
        if np.isinf(ord):
            return np.sign(x) * share(g, np.abs(x) == norm, x)
        if ord == 0:
            return 0.0 * x
        return g * np.sign(x) * (np.abs(x) / np.where(norm == 0.0, 1.0, norm)) ** (ord - 1)
    if abs(ord) == 2:
        u, _, vh = np.linalg.svd(x, full_matrices=False)
        k = 0 if ord == 2 else u.shape[1] - 1
        return g * u[:, k : k + 1] * vh[k]
    sums = np.abs(x).sum(axis=1 if np.isinf(ord) else 0, keepdims=True)
    return np.sign(x) * share(g, sums == norm, sums)

"""Snippets for products where ranks are unknown: each cotangent is bilinear in g and the other operand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import call, operation, type_of
from ..shapes import Facts, Type, join_kinds
from .primitives import unbroadcast
from .registry import primitive
from .snippets import like_second


def _first_bar_rule(fn: Any, second_bar: Callable[..., Any]) -> Any:
    """The rule of `first_bar(g, x, y)`, the adjoint of the bilinear `fn(x, y)` in x: g_bar = fn(h, y)."""
    return lambda h, out, g, x, y, **o: (call(operation(fn), h, y, **o), None, second_bar()(g, h, y, **o))


def _second_bar_rule(fn: Any, first_bar: Callable[..., Any]) -> Any:
    return lambda h, out, g, x, y, **o: (call(operation(fn), x, h, **o), first_bar()(g, x, h, **o), None)


def like_third(facts: Facts, g: Any, x: Any, y: Any, **_: Any) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(y).shape, array=True)


@primitive(signature="g, x, y", rule=_first_bar_rule(np.matmul, lambda: matmul_y_bar), infer=like_second)
def matmul_x_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `x @ y`, for all ranks."""
    if y.ndim == 1:
        x_bar = np.expand_dims(g, -1) * y
    elif x.ndim == 1:
        x_bar = (y @ g[..., None])[..., 0]
    else:
        x_bar = g @ np.swapaxes(y, -1, -2)
    return unbroadcast(x_bar, x)


@primitive(signature="g, x, y", rule=_second_bar_rule(np.matmul, lambda: matmul_x_bar), infer=like_third)
def matmul_y_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `x @ y`, for all ranks."""
    if y.ndim == 1:
        return np.tensordot(g, x, np.ndim(g))
    if x.ndim == 1:
        y_bar = x[:, None] * g[..., None, :]
    else:
        y_bar = np.swapaxes(x, -1, -2) @ g
    return unbroadcast(y_bar, y)


@primitive(signature="g, x, y", rule=_first_bar_rule(np.dot, lambda: dot_b_bar), infer=like_second)
def dot_a_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `np.dot(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(g * y, x)
    if np.ndim(y) == 1:
        return np.expand_dims(g, -1) * y
    return np.tensordot(g, np.moveaxis(y, -2, -1), np.ndim(y) - 1)


@primitive(signature="g, x, y", rule=_second_bar_rule(np.dot, lambda: dot_a_bar), infer=like_third)
def dot_b_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `np.dot(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(x * g, y)
    rows = tuple(range(np.ndim(x) - 1))
    y_bar = np.tensordot(x, g, (rows, rows))
    return y_bar if np.ndim(y) == 1 else np.moveaxis(y_bar, 0, -2)


@primitive(signature="g, x, y", rule=_first_bar_rule(np.inner, lambda: inner_b_bar), infer=like_second)
def inner_a_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `np.inner(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(g * y, x)
    return np.tensordot(g, y, np.ndim(y) - 1)


@primitive(signature="g, x, y", rule=_second_bar_rule(np.inner, lambda: inner_a_bar), infer=like_third)
def inner_b_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `y` in `np.inner(x, y)`, for all ranks."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return unbroadcast(x * g, y)
    rows = tuple(range(np.ndim(x) - 1))
    return np.tensordot(g, x, (rows, rows))


@primitive(signature="g, a, b, axes=2", inputs="g a b", rule=_first_bar_rule(np.tensordot, lambda: tensordot_b_bar),
           infer=like_second)  # fmt: skip
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
           infer=like_third)  # fmt: skip
def tensordot_b_bar(g: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """The cotangent of `b` in `np.tensordot(a, b, axes)`, for all ranks."""
    m, n = np.ndim(a), np.ndim(b)
    first, second = (range(m - axes, m), range(axes)) if np.ndim(axes) == 0 else map(np.atleast_1d, axes)
    pairs = {int(i) % m: int(j) % n for i, j in zip(first, second, strict=True)}
    rest = [i for i in range(m) if i not in pairs]
    b_bar = np.tensordot(a, g, (tuple(rest), tuple(range(len(rest)))))
    kept = [j for j in range(n) if j not in pairs.values()]
    return np.transpose(b_bar, np.argsort([pairs[i] for i in sorted(pairs)] + kept))


@primitive(signature="g, x, y", rule=_first_bar_rule(np.kron, lambda: kron_b_bar), infer=like_second)
def kron_a_bar(g: Any, x: Any, y: Any) -> Any:
    """The cotangent of `x` in `np.kron(x, y)`, for all ranks."""
    rank = max(np.ndim(x), np.ndim(y))
    m, n = ((1,) * (rank - np.ndim(v)) + np.shape(v) for v in (x, y))
    blocks = np.reshape(g, [size for pair in zip(m, n, strict=True) for size in pair])
    weights = np.reshape(y, [size for length in n for size in (1, length)])
    return (blocks * weights).sum(axis=tuple(range(1, 2 * rank, 2))).reshape(np.shape(x))


@primitive(signature="g, x, y", rule=_second_bar_rule(np.kron, lambda: kron_a_bar), infer=like_third)
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
            sizes[i] = n if sizes.get(i, 1) == 1 else sizes[i]
    names = labels[place]
    axes = "".join(dict.fromkeys(names))
    # ones stand for the operand itself, so that an index which it alone has is there
    ones = [np.ones(sizes[i], np.result_type(g)) for i in axes]
    terms = [g] + [x for k, x in enumerate(operands) if k != place] + ones
    texts = [result] + [own for k, own in enumerate(labels) if k != place] + list(axes)
    x_bar = np.einsum(",".join(texts) + "->" + axes, *terms)
    shape = np.shape(operands[place])
    repeated = tuple(k for k, i in enumerate(axes) if shape[names.index(i)] == 1 != sizes[i])
    x_bar = np.sum(x_bar, axis=repeated, keepdims=True)
    if len(axes) == len(names):
        return x_bar
    out = np.zeros(shape, x_bar.dtype)
    grid = np.ogrid[tuple(slice(n) for n in x_bar.shape)]
    out[tuple(grid[axes.index(i)] for i in names)] = x_bar
    return out


@primitive(signature="x_bar, like", rule=lambda g, out, x_bar, like: (fit(g, x_bar), None), infer=like_second,
           alias="maybe")  # fmt: skip
def fit(x_bar: Any, like: Any) -> Any:
    """`x_bar` summed along the axes that have length 1 in `like`, repeated along those that have it themselves."""
    shape = np.shape(like)
    ones = tuple(i for i, n in enumerate(shape) if n == 1)
    x_bar = np.sum(x_bar, axis=ones, keepdims=True) if ones else x_bar
    return x_bar if np.shape(x_bar) == shape else np.array(np.broadcast_to(x_bar, shape))

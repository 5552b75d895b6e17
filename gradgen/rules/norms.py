"""Norms of vectors and matrices, of every order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..shapes import Facts, ShapeVar, Type
from .elementwise import conj, direction, nonzero
from .linalg import inv, kind_of_float, real, regular
from .matrix_snippets import norm_bar
from .products import shape_of
from .reductions import axes_of, reduced_type, restore
from .registry import bprop, ndim
from .snippets import share


def _norm_type(facts: Facts, x: Any, *, ord: Any, axis: Any, keepdims: bool) -> Type:
    kind = kind_of_float(x)
    return reduced_type(facts, x, axis, keepdims, "float" if kind == "complex" else kind)


def _norm_samples(rng: np.random.Generator) -> list[Any]:
    cases: list[Any] = [((x,), {}) for x in (2.5, rng.normal(size=4), rng.normal(size=1), rng.normal(size=(3, 2)),
                                            rng.normal(size=(2, 3, 2)))]  # fmt: skip
    x, a, b = rng.normal(size=4), rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 4))
    kept: dict[str, Any] = {"keepdims": True}
    along: list[Any] = [(x, {}), (x, {"axis": 0, **kept}), (a, {"axis": 1}), (b, {"axis": 1})]
    along.append((b, {"axis": -1, **kept}))
    cases += [((v,), {"ord": ord, **o}) for ord in (None, 1, 2, 3, 0.5, math.inf, -math.inf, -1) for v, o in along]
    planes: list[Any] = [(a, {}), (a, kept), (b, {"axis": (1, 2)}), (b, {"axis": (2, 0)})]
    planes.append((b, {"axis": (0, -1), **kept}))
    orders = (None, "fro", 1, -1, 2, -2, math.inf, -math.inf, "nuc")
    cases += [((v,), {"ord": ord, **o}) for ord in orders for v, o in planes]
    return cases


@bprop(np.linalg.norm, signature="x, ord=None, axis=None, keepdims=False", infer=_norm_type, samples=_norm_samples)
def norm(g, out, x, *, ord, axis, keepdims):
    """x / norm for the Euclidean norm, and 0 at 0; see the other orders below. Ties share evenly."""
    rank = ndim(x)
    if ord is None or ord == "fro":
        return _scaled(restore(g, x, axis, keepdims), restore(out, x, axis, keepdims), x)
    if axis is None and rank is None:
        if ord != "nuc":
            return norm_bar(g, out, x, ord)
        rank = 2
    axes = (axis,) if isinstance(axis, int) else axes_of(axis, rank) if rank is not None else tuple(axis)
    g, out = restore(g, x, axis, keepdims), restore(out, x, axis, keepdims)
    return _vector_norm(g, out, x, ord, axes[0]) if len(axes) == 1 else _matrix_norm(g, out, x, ord, axes)


def _scaled(g: Any, out: Any, x: Any) -> Any:
    return g / nonzero(out) * conj(x)


def _vector_norm(g: Any, out: Any, x: Any, ord: Any, axis: int) -> Any:
    """sign(x) times: 1 for the sum, the share of a largest entry for inf, else (|x| / norm)^(ord - 1)."""
    if ord == 2:
        return _scaled(g, out, x)
    if ord == 0:
        return None
    if ord == 1:
        return g * direction(x)
    if math.isinf(ord):
        size = np.abs(x)
        return direction(x) * share(g, np.equal(size, out), size, axis=axis)
    return g * direction(x) * (np.abs(x) / nonzero(out)) ** (ord - 1.0)


def _matrix_norm(g: Any, out: Any, x: Any, ord: Any, axes: Any) -> Any:
    """The largest or smallest sum over columns or rows; singular values for 2, -2 and the nuclear norm."""
    rows, columns = axes
    if ord in (1, -1, math.inf, -math.inf):
        along, across = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=along, keepdims=True)
        return direction(x) * share(g, np.equal(sums, out), sums, axis=across)
    last = ndim(x) == 2 and (rows, columns) == (0, 1)
    a = x if last else np.moveaxis(x, (rows, columns), (-2, -1))
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    if ord == "nuc":
        part = u @ vh
    else:
        k = slice(None, 1) if ord == 2 else slice(-1, None)
        part = u[..., k] @ vh[..., k, :]
    part = conj(part)
    return g * (part if last else np.moveaxis(part, (-2, -1), (rows, columns)))


def _vector_norm_type(facts: Facts, x: Any, *, axis: Any, keepdims: bool, ord: Any) -> Type:
    if not isinstance(axis, int) and ndim(x) != 1:
        raise TypeError("np.linalg.vector_norm needs one axis, or a vector of known rank: declare its shape")
    return _norm_type(facts, x, ord=ord, axis=axis, keepdims=keepdims)


@bprop(np.linalg.vector_norm, signature="x, axis=None, keepdims=False, ord=2", infer=_vector_norm_type,
       samples=lambda rng: [((rng.normal(size=(3, 4)),), {"axis": 1}), ((rng.normal(size=4),), {"ord": 1}),
                            ((rng.normal(size=(3, 4)),), {"axis": 0, "ord": math.inf, "keepdims": True})])  # fmt: skip
def vector_norm(g, out, x, **options):
    return norm(g, out, x, **options)


@bprop(np.linalg.matrix_norm, signature="x, keepdims=False, ord='fro'",
       infer=lambda facts, x, **options: _norm_type(facts, x, axis=(-2, -1), **options),
       samples=lambda rng: [((rng.normal(size=(3, 4)),), {}), ((rng.normal(size=(2, 3, 4)),), {"ord": "nuc"}),
                            ((rng.normal(size=(3, 4)),), {"ord": 1, "keepdims": True})])  # fmt: skip
def matrix_norm(g, out, x, **options):
    return norm(g, out, x, axis=(-2, -1), **options)


# ---- condition numbers


def _cond_type(facts: Facts, x: Any, *, p: Any) -> Type:
    shape = shape_of(x)
    return Type(kind_of_float(x), ShapeVar() if isinstance(shape, ShapeVar) else shape[:-2], array=True)


def _cond_samples(rng: np.random.Generator) -> list[Any]:
    a, stack, tall = regular(rng, 3, 3), regular(rng, 2, 3, 3), rng.normal(size=(4, 3))
    orders = (None, 2, -2, "fro", 1, -1, math.inf, -math.inf)
    return [((x, p), {}) for x in (a, stack) for p in orders] + [((tall, p), {}) for p in (None, -2)]


@bprop(np.linalg.cond, signature="x, p=None", inputs="x", infer=_cond_type, samples=_cond_samples)
def cond(g, out, x, *, p):
    """The product rule for norm(x) * norm(inv(x)); for p = 2 the largest singular value over the smallest."""
    real(x, "cond")
    if p in (None, 2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        high, low = s[..., 0], s[..., -1]
        top, bottom = (high, low) if p != -2 else (low, high)
        options: dict[str, Any] = {"axis": (-2, -1), "keepdims": False}
        top_ord, bottom_ord = (2, -2) if p != -2 else (-2, 2)
        part = norm(g / bottom, top, x, ord=top_ord, **options)
        return part - norm(g * top / (bottom * bottom), bottom, x, ord=bottom_ord, **options)
    inverse = np.linalg.inv(x)
    options = {"ord": p, "axis": (-2, -1)}
    size, other = np.linalg.norm(x, **options), np.linalg.norm(inverse, **options)
    x_bar = norm(g * other, size, x, keepdims=False, **options)
    return x_bar + inv(norm(g * size, other, inverse, keepdims=False, **options), inverse, x)

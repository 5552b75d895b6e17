"""Rules of weighted means, covariances and correlations."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, float_of, join_kinds
from .primitives import count, length, unbroadcast
from .reductions import mean, reduced_type, reducing_samples, restore
from .registry import bprop, ndim
from .shaping import like_shape

# ---- means


def _average_type(facts: Facts, a: Any, weights: Any, *, axis: Any, returned: bool, keepdims: bool) -> Type:
    if returned:
        raise TypeError("np.average with returned= is not differentiated; write the sum of the weights")
    kind = float_of(join_kinds(type_of(a).kind, type_of(weights).kind if weights is not None else "float"))
    return reduced_type(facts, a, axis, keepdims, kind)


def _average_samples(rng: np.random.Generator) -> list[Any]:
    x, m, w = rng.normal(size=4), rng.normal(size=(3, 4)), rng.uniform(0.5, 2.0, (3, 4))
    weighted: list[Any] = [((x,), {"weights": w[0]}), ((m,), {"weights": w}), ((m,), {"axis": 1, "weights": w[0]}),
                           ((m,), {"axis": 0, "weights": w[:, 0]}), ((m,), {"axis": -1, "weights": w}),
                           ((m,), {"axis": 0, "weights": w[:, 0], "keepdims": True})]  # fmt: skip
    return [*reducing_samples()(rng), *weighted]


@bprop(np.average, signature="a, axis=None, weights=None, returned=False, keepdims=False", inputs="a weights",
       infer=_average_type, samples=_average_samples)  # fmt: skip
def average(g, out, a, weights, *, axis, keepdims, **_):
    """Each entry gets its weight's share; a weight, how far its entry lies from the mean."""
    if weights is None:
        return mean(g, out, a, True, axis=axis, dtype=None, keepdims=keepdims)[0], None
    rank, own = ndim(a), ndim(weights)
    if rank is None or own is None:
        raise NoRuleError("np.average with weights needs arrays of known rank: declare their shapes")
    w = weights
    if own < rank:
        if not isinstance(axis, int):
            raise NoRuleError("np.average with weights along several axes is differentiated for weights of each entry")
        w = np.reshape(w, (-1, *[1] * (rank - 1 - axis % rank))) if axis % rank < rank - 1 else w
    g, out = restore(g, a, axis, keepdims), restore(out, a, axis, keepdims)
    share = g / np.sum(w, axis=axis if own == rank else axis % rank - rank, keepdims=axis is not None)
    w_bar = share * (a - out)
    if own < rank:
        w_bar = unbroadcast(w_bar, w)
        w_bar = w_bar if w is weights else like_shape(w_bar, weights)
    return share * w, w_bar


# ---- second moments


def _variables(facts: Facts, m: Any, y: Any, rowvar: bool) -> Size | None:
    """How many variables there are; 0 for a single one that is no row of a matrix."""
    total: Size = 0
    for x in (m, y):
        if x is None:
            continue
        dims = type_of(x).shape
        if isinstance(dims, ShapeVar) or len(dims) > 2:
            return None
        total = dim_add(total, 1 if len(dims) < 2 else facts.canonical(dims[0 if rowvar else 1]))
    return total


def _moments_type(facts: Facts, m: Any, y: Any, *, rowvar: bool, **options: Any) -> Type:
    if any(options.get(name) is not None for name in ("fweights", "aweights")):
        raise TypeError("np.cov with fweights= or aweights= is not differentiated; write the sums out")
    n = _variables(facts, m, y, rowvar)
    if n is None:
        raise TypeError("np.cov and np.corrcoef need arrays of known rank: declare their shapes")
    if any(x is not None and type_of(x).kind == "complex" for x in (m, y)):
        raise TypeError("np.cov and np.corrcoef are differentiated for real numbers only")
    if isinstance(n, Dim):
        dims: Any = (n, n)
    else:
        dims = () if n == 1 else (n, n)
    return Type("float", dims, array=True)


def _moments_samples(options: list[dict[str, Any]]) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        x, y, m = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(3, 5))
        calls: list[Any] = [((m,), o) for o in options]
        return calls + [((x,), {}), ((x, y), {}), ((m, y), {}), ((m, m[:2] + 1.0), {}), ((m.T,), {"rowvar": False}),
                        ((m.T, x[:, None]), {"rowvar": False}), ((m[:1],), {})]  # fmt: skip

    return samples


def _rows(x: Any, rowvar: bool) -> Any:
    """The variables as rows, centred."""
    if x is None:
        return None
    x = np.expand_dims(x, 0) if ndim(x) == 1 else x if rowvar else x.T
    return x - np.mean(x, axis=1, keepdims=True)


def _unrow(x_bar: Any, x: Any, rowvar: bool) -> Any:
    return x_bar[0] if ndim(x) == 1 else x_bar if rowvar else x_bar.T


def _split(rows_bar: Any, m: Any, y: Any, first: Any, rowvar: bool) -> tuple[Any, Any]:
    if y is None:
        return _unrow(rows_bar, m, rowvar), None
    n = 1 if ndim(m) == 1 else length(first, 0)
    return _unrow(rows_bar[:n], m, rowvar), _unrow(rows_bar[n:], y, rowvar)


@bprop(np.cov, signature="m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, dtype=None",
       inputs="m y", infer=_moments_type,
       samples=_moments_samples([{}, {"bias": True}, {"ddof": 0}, {"ddof": 2}]))  # fmt: skip
def cov(g, out, m, y, *, rowvar, bias, ddof, **_):
    """(g + g.T) times the centred rows, divided by what the sums were: that the means move too changes nothing."""
    first, second = _rows(m, rowvar), _rows(y, rowvar)
    rows = first if y is None else np.concatenate([first, second])
    freedom = ddof if ddof is not None else 0 if bias else 1
    n = count(rows, 1) - freedom if freedom else count(rows, 1)
    if ndim(out) == 0:
        rows_bar = 2.0 * g * rows / n
    else:
        rows_bar = (g + g.T) @ rows / n
    return _split(rows_bar, m, y, first, rowvar)


@bprop(np.corrcoef, signature="x, y=None, rowvar=True, dtype=None", inputs="x y", infer=_moments_type,
       samples=_moments_samples([{}]))  # fmt: skip
def corrcoef(g, out, x, y, *, rowvar, **_):
    """As for the covariance, of rows of length 1, less what would change their lengths."""
    first, second = _rows(x, rowvar), _rows(y, rowvar)
    rows = first if y is None else np.concatenate([first, second])
    if ndim(out) == 0:
        return None
    size = np.sqrt(np.sum(rows * rows, axis=1, keepdims=True))
    unit = rows / size
    sent = (g + g.T) @ unit
    rows_bar = (sent - np.sum(sent * unit, axis=1, keepdims=True) * unit) / size
    return _split(rows_bar, x, y, first, rowvar)

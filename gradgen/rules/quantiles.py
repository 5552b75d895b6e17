"""Rules of the median, of quantiles and percentiles, also of those that pass over what is not a number.

A quantile is a mean of one or two of the sorted entries, whose weights depend on their number and on `q` alone. Entries
that tie with one of the two share its weight evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import type_of
from ..shapes import Facts, ShapeVar, Type, float_of
from .reductions import axes_of, reduced_type, reducing_samples, restore
from .registry import Unknown, ndim, primitive, register


def _weights_type(facts: Facts, a: Any, q: Any, **_: Any) -> Type:
    x, y = type_of(a).shape, type_of(q).shape
    shape = ShapeVar() if isinstance(x, ShapeVar) or isinstance(y, ShapeVar) else (*y, *x)
    return Type(float_of(type_of(a).kind), shape, array=True)


@primitive(signature="a, q, axis=None, method='linear'", inputs="a q", differentiable=False, infer=_weights_type)
def quantile_weights(a: Any, q: Any, axis: Any = None, method: Any = "linear") -> Any:
    """The derivative of each of the quantiles `q` along `axis` by the entries of `a`; none by those that are NaN."""
    axes = tuple(range(np.ndim(a))) if axis is None else tuple(i % max(np.ndim(a), 1) for i in np.atleast_1d(axis))
    kept = tuple(i for i in range(np.ndim(a)) if i not in axes)
    rows = np.transpose(a, kept + axes)
    moved = rows.shape
    rows = np.reshape(rows, (-1, int(np.prod(moved[len(kept) :], dtype=int))))
    ordered = np.sort(rows, axis=1)
    counts = np.sum(rows == rows, axis=1)
    out = np.zeros((np.size(q), *rows.shape), np.result_type(a, 0.0))
    for n in np.unique(counts[counts > 0]):
        some = counts == n
        places = np.quantile(np.arange(n), np.ravel(q), method=method)
        for i, place in enumerate(places):
            low = int(place)
            for k, part in ((low, 1.0 - (place - low)), (min(low + 1, n - 1), place - low)):
                tied = rows[some] == ordered[some, k, None]
                out[i, some] += part * tied / tied.sum(axis=1, keepdims=True)
    out = np.reshape(out, np.shape(q) + moved)
    back = np.argsort(kept + axes)
    return np.transpose(out, (*range(np.ndim(q)), *(np.ndim(q) + back)))


def _quantile_type(facts: Facts, a: Any, q: Any, *, axis: Any, keepdims: bool, **_: Any) -> Type:
    t = reduced_type(facts, a, axis, keepdims, float_of(type_of(a).kind))
    dims = type_of(q).shape
    if isinstance(t.shape, ShapeVar) or isinstance(dims, ShapeVar):
        return t.but(shape=ShapeVar())
    return t.but(shape=(*dims, *t.shape))


def _quantile_rule(scale: float) -> Any:
    def rule(g, out, a, q, *, axis, keepdims, method, **_):
        at = q if scale == 1.0 else np.true_divide(q, scale)
        weights = quantile_weights(a, at, axis=axis, method=method)
        of_q = Unknown("the derivative of a quantile by `q` is not known", "pass `q` as an argument that is no target")
        count, rank = ndim(q), ndim(a)
        if count == 0:
            return restore(g, a, axis, keepdims) * weights, of_q
        if count is None or rank is None:
            return Unknown("np.quantile needs arrays of known rank", "declare their shapes"), of_q
        if rank and not keepdims:
            g = np.expand_dims(g, tuple(count + i for i in axes_of(axis, rank)))
        return np.sum(g * weights, axis=tuple(range(count))), of_q

    return rule


def _quantile_samples(scale: float) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        x, b = rng.permutation(24).reshape(2, 3, 4) * 0.3, rng.normal(size=(3, 5))
        options: list[Any] = [(x, {}), (x, {"axis": 1}), (x, {"axis": (0, -1)}), (b, {"axis": -1, "keepdims": True})]
        options += [(b, {"keepdims": True}), (b[0], {}), (b[:, 0], {"axis": 0}), (b[:1, :1], {"axis": 0})]
        calls: list[Any] = [((x, scale * q), o) for x, o in options for q in (0.5, 0.3)]
        calls += [((x, [0.0, scale * 0.25, scale]), o) for x, o in options]
        calls += [((b, [[0.1 * scale], [0.6 * scale]]), {"axis": 1, "method": m}) for m in METHODS]
        return calls

    return samples


_fn: Any
METHODS = ("lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased", "normal_unbiased",
           "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf")  # fmt: skip

for _fn, _scale in ((np.quantile, 1.0), (np.percentile, 100.0), (np.nanquantile, 1.0), (np.nanpercentile, 100.0)):
    register(_fn, signature="a, q, axis=None, out=None, overwrite_input=False, method='linear', keepdims=False",
             inputs="a q", rule=_quantile_rule(_scale), infer=_quantile_type,
             samples=_quantile_samples(_scale))  # fmt: skip


def _median_type(facts: Facts, a: Any, *, axis: Any, keepdims: bool, **_: Any) -> Type:
    return reduced_type(facts, a, axis, keepdims, float_of(type_of(a).kind))


def median(g, out, a, *, axis, keepdims, **_):
    """Half to either of the two entries in the middle, or all to the one."""
    return restore(g, a, axis, keepdims) * quantile_weights(a, 0.5, axis=axis)


for _fn in (np.median, np.nanmedian):
    register(_fn, signature="a, axis=None, out=None, overwrite_input=False, keepdims=False", rule=median,
             infer=_median_type, samples=reducing_samples())  # fmt: skip

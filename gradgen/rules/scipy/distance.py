"""Rules of `scipy.spatial.distance`: distances of two points, and of the points of two sets or of one.

Most are said by the derivative by the difference of the points. Where two points are the same it is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial.distance as sd

from ...shapes import Dim, Facts, ShapeVar, Size, Type
from ..elementwise import direction, nonzero
from ..linalg import kind_of_float, positive
from ..primitives import apply
from ..products import shape_of
from ..registry import ndim, refuse, register


def _of_order(p: float) -> Callable[..., Any]:
    """The derivative of a distance of order p by the difference of the points, given this and the distance."""
    if p == 1:
        return lambda d, out: direction(d)
    if p == 2:
        return lambda d, out: d / nonzero(out)
    return lambda d, out: direction(d) * (np.abs(d) / nonzero(out)) ** (p - 1.0)


SLOPES: dict[str, Callable[..., Any]] = {
    "euclidean": _of_order(2), "sqeuclidean": lambda d, out: 2.0 * d, "cityblock": _of_order(1),
}  # fmt: skip
"""Metrics by their names, with the derivative by the difference of the points."""
BY_ANGLE = ("cosine", "correlation")


def _known(metric: Any, p: Any) -> None:
    if metric not in (*SLOPES, *BY_ANGLE, "minkowski"):
        raise TypeError(f"distances with metric={metric!r} are not differentiated; use one of"
                        f" {', '.join((*SLOPES, *BY_ANGLE))} and minkowski, or write it with NumPy")  # fmt: skip


def _scaled(x: Any, metric: str) -> tuple[Any, Any]:
    """Points brought to length 1, those of a correlation to mean 0 before, and their lengths."""
    x = x - np.mean(x, axis=-1, keepdims=True) if metric == "correlation" else x
    length = np.sqrt(np.sum(x * x, axis=-1, keepdims=True))
    return x / length, length


def _unscaled(u_bar: Any, u: Any, length: Any, metric: str) -> Any:
    bar = (u_bar - u * np.sum(u * u_bar, axis=-1, keepdims=True)) / length
    return bar - np.mean(bar, axis=-1, keepdims=True) if metric == "correlation" else bar


# ---- of two points


def _pair_type(facts: Facts, u: Any, v: Any, *, w: Any = None, **_: Any) -> Type:
    if w is not None:
        raise TypeError("distances with weights w= are not differentiated; scale the points")
    return Type(kind_of_float(u, v), (), array=True)


def _pair_samples(rng: np.random.Generator) -> list[Any]:
    return [((rng.normal(size=4), rng.normal(size=4)), {})]


def _centered_samples(rng: np.random.Generator) -> list[Any]:
    return [(args, {"centered": centered}) for centered in (True, False) for args, _ in _pair_samples(rng)]


def _pair(metric: str) -> Any:
    def rule(g, out, u, v, *, p=2.0, centered=True, **_):
        if metric in BY_ANGLE:
            by = metric if centered else "cosine"
            (a, first), (b, second) = _scaled(u, by), _scaled(v, by)
            return _unscaled(-g * b, a, first, by), _unscaled(-g * a, b, second, by)
        u_bar = g * (_of_order(p) if metric == "minkowski" else SLOPES[metric])(u - v, out)
        return u_bar, -u_bar

    return rule


for _metric in (*SLOPES, *BY_ANGLE):
    _centered = ", centered=True" if _metric == "correlation" else ""
    register(getattr(sd, _metric), name=_metric, signature=f"u, v, w=None{_centered}", inputs="u v",
             rule=_pair(_metric), infer=_pair_type, samples=_centered_samples if _centered else _pair_samples,
             reals=True)  # fmt: skip
register(sd.minkowski, signature="u, v, p=2, w=None", inputs="u v", rule=_pair("minkowski"), infer=_pair_type,
         samples=lambda rng: [(args, {"p": p}) for p in (1, 2, 3.5) for args, _ in _pair_samples(rng)],
         reals=True)  # fmt: skip


def _mahalanobis(g, out, u, v, VI):
    """Half of what the matrix, made symmetric, sends; by the matrix itself d d^T."""
    d = u - v
    scaled = g / (2.0 * nonzero(out))
    u_bar = scaled * (VI @ d + VI.T @ d)
    return u_bar, -u_bar, scaled * np.outer(d, d)


register(sd.mahalanobis, signature="u, v, VI", rule=_mahalanobis, reals=True,
         infer=lambda facts, u, v, VI: _pair_type(facts, u, v),
         samples=lambda rng: [((*args, positive(rng, 4, 4)), {}) for args, _ in _pair_samples(rng)])  # fmt: skip


# ---- of the points of sets


def _points(facts: Facts, *sets: Any) -> list[Size]:
    dims = [shape_of(x) for x in sets]
    if any(isinstance(s, ShapeVar) or len(s) != 2 for s in dims):
        raise TypeError("distances of sets of points need arrays of known rank: declare their shapes")
    return [facts.canonical(s[0]) for s in dims]  # type: ignore[index]


def _cdist_type(facts: Facts, XA: Any, XB: Any, *, metric: Any, p: Any) -> Type:
    _known(metric, p)
    return Type(kind_of_float(XA, XB), tuple(_points(facts, XA, XB)), array=True)


def _pdist_type(facts: Facts, X: Any, *, metric: Any, p: Any) -> Type:
    _known(metric, p)
    [n] = _points(facts, X)
    return Type(kind_of_float(X), (n * (n - 1) // 2 if isinstance(n, int) else Dim.fresh(),), array=True)


def _first_bar(g: Any, out: Any, a: Any, b: Any, metric: str, p: Any) -> Any:
    """What the points in the rows of the distances get; those in the columns may be the same."""
    if metric in ("euclidean", "sqeuclidean"):
        weights = g / nonzero(out) if metric == "euclidean" else 2.0 * g
        return np.sum(weights, axis=1, keepdims=True) * a - weights @ b
    if metric in BY_ANGLE:
        (u, length), (v, _) = _scaled(a, metric), _scaled(b, metric)
        return _unscaled(-(g @ v), u, length, metric)
    d = np.expand_dims(a, 1) - b
    slope = (_of_order(2 if p is None else p) if metric == "minkowski" else SLOPES[metric])(d, np.expand_dims(out, -1))
    return np.sum(np.expand_dims(g, -1) * slope, axis=1)


def cdist(g, out, XA, XB, *, metric, p):
    """Each point gets what the differences from all of the others send."""
    return _first_bar(g, out, XA, XB, metric, p), _first_bar(g.T, out.T, XB, XA, metric, p)


def pdist(g, out, X, *, metric, p):
    """As for `cdist`, each pair counted once."""
    square = (apply(sd.squareform, x) for x in (g, out))
    return _first_bar(*square, X, X, metric, p)


def _metrics(*shapes: tuple[int, int]) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        sets = tuple(rng.normal(size=s) for s in shapes)
        options: list[dict[str, Any]] = [{}, *({"metric": m} for m in (*SLOPES, *BY_ANGLE))]
        return [(sets, o) for o in [*options, {"metric": "minkowski", "p": 3.0}]]

    return samples


register(sd.cdist, signature="XA, XB, metric='euclidean', out=None, p=None", inputs="XA XB", rule=cdist,
         infer=_cdist_type, samples=_metrics((3, 4), (2, 4)), reals=True)  # fmt: skip
register(sd.pdist, signature="X, metric='euclidean', out=None, p=None", inputs="X", rule=pdist, infer=_pdist_type,
         samples=_metrics((4, 3)), reals=True)  # fmt: skip


def _square_type(facts: Facts, X: Any, *, force: str, **_: Any) -> Type:
    rank = ndim(X)
    if rank is None or force != "no":
        raise TypeError("scipy.spatial.distance.squareform needs an array of known rank: declare its shape, and leave"
                        " force= out")  # fmt: skip
    shape = (Dim.fresh(),) if rank == 2 else (n := Dim.fresh(), n)
    return Type(kind_of_float(X), shape, array=True)


def squareform(g, out, X, **_):
    """A pair is in two places of the matrix; of a matrix the upper half is read."""
    if ndim(X) == 1:
        return apply(sd.squareform, g + g.T, checks=False)
    return np.triu(apply(sd.squareform, g), 1)


register(sd.squareform, signature="X, force='no', checks=True", inputs="X", rule=squareform, infer=_square_type,
         samples=lambda rng: [((rng.normal(size=6),), {}),
                              ((rng.normal(size=(4, 4)),), {"checks": False})])  # fmt: skip

# ---- refused, and why

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
refuse(sd, "braycurtis canberra chebyshev seuclidean jensenshannon", "gradgen has no rule for it",
       "write it with functions of NumPy")  # fmt: skip
refuse(sd, "directed_hausdorff", "it gives places of points as well", "write np.max and np.min of scipy.spatial"
       ".distance.cdist")  # fmt: skip
refuse(sd, "hamming jaccard dice yule russellrao rogerstanimoto sokalsneath kulczynski1 sokalmichener",
       "it compares truth values", ASIDE)  # fmt: skip
refuse(sd, "is_valid_dm is_valid_y num_obs_dm num_obs_y MetricInfo CDistMetricWrapper PDistMetricWrapper",
       "what it tells is no number that varies", ASIDE)

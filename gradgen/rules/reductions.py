"""Rules of the functions that reduce along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import type_of
from ..shapes import Facts, ShapeVar, Type, float_of, real_of
from .elementwise import conj
from .primitives import broadcast_like, cast_like, count, kind_of
from .registry import bprop, ndim, register
from .snippets import product_of_others, share, standardized


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """The axes that an `axis` argument means for an array of that rank. Raises np.exceptions.AxisError."""
    axes = range(rank) if axis is None else (axis,) if not isinstance(axis, (tuple, list)) else axis
    for a in axes:
        if not -max(rank, 1) <= a < max(rank, 1):
            raise np.exceptions.AxisError(a, rank)
    return tuple(a % rank if rank else a for a in axes)


def reduced_type(facts: Facts, x: Any, axis: Any, keepdims: bool, kind: str) -> Type:
    """The type of a reduction of `x`."""
    t = type_of(x)
    if axis is None and not keepdims:
        return Type(kind, (), array=True)
    if isinstance(t.shape, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    gone = set(axes_of(axis, len(t.shape)))
    dims = [1 if i in gone else d for i, d in enumerate(t.shape) if keepdims or i not in gone]
    return Type(kind, tuple(dims), array=True)


def restore(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The cotangent `g` of a reduction of `x`, or its result, with the reduced axes put back at length 1."""
    if axis is None or axis == () or keepdims or ndim(x) == 0:
        return g
    return np.expand_dims(g, axis)


def masked(x_bar: Any, where: Any) -> Any:
    """A cotangent, zero where an entry took no part."""
    return x_bar if where is True else np.where(where, x_bar, 0.0)


def recast(x_bar: Any, x: Any, dtype: Any) -> Any:
    """A cotangent that came through a cast to `dtype` for the sake of precision, in the dtype of `x` again."""
    return x_bar if dtype is None else cast_like(x_bar, x)


def counted(x: Any, where: Any, axis: Any) -> Any:
    """How many entries of `x` a reduction takes in."""
    if where is True:
        return count(x, axis)
    return cast_like(np.sum(broadcast_like(where, x), axis=axis, keepdims=axis is not None), x)


SHAPES: list[tuple[tuple[int, ...], list[dict[str, Any]]]] = [
    ((), [{}]),
    ((4,), [{}, {"axis": 0}, {"axis": -1, "keepdims": True}]),
    ((1,), [{}, {"axis": 0}]),
    ((3, 4), [{}, {"axis": 0}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)}, {"keepdims": True}]),
    ((3, 1), [{"axis": 0}, {"axis": 1}, {"axis": -2, "keepdims": True}]),
    ((2, 3, 4), [{}, {"axis": 1}, {"axis": (0, 2)}, {"axis": (-1, 0), "keepdims": True}]),
    ((2, 1, 3, 2), [{"axis": (0, -1)}, {"axis": 2}]),
]


def reducing_samples(*more: dict[str, Any]) -> Any:
    """Arguments of every rank and choice of axes; `more` are options tried on a matrix."""

    def samples(rng: np.random.Generator) -> list[Any]:
        out: list[Any] = [((rng.normal(size=shape),), kwargs) for shape, options in SHAPES for kwargs in options]
        return out + [((rng.normal(size=(3, 4)),), kwargs) for kwargs in more]

    return samples


def along_axes(rng: np.random.Generator) -> list[Any]:
    options: list[dict[str, Any]] = [{}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": None}]
    return [((rng.normal(size=(3, 4)),), kwargs) for kwargs in options]


WHERE = np.array([True, False, True, True])


# ---- sums


def _sum_type(facts: Facts, a: Any, where: Any, axis: Any, keepdims: bool, dtype: Any = None, **_: Any) -> Type:
    kind = type_of(a).kind
    return reduced_type(facts, a, axis, keepdims, kind_of(dtype, "int" if kind == "bool" else kind))


def _mean_type(facts: Facts, a: Any, where: Any, axis: Any, keepdims: bool, dtype: Any = None, **_: Any) -> Type:
    return reduced_type(facts, a, axis, keepdims, kind_of(dtype, float_of(type_of(a).kind)))


@bprop(np.sum, signature="a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True",
       inputs="a where", infer=_sum_type,
       samples=reducing_samples({"axis": 1, "where": WHERE}, {"axis": 0, "initial": 2.0}))  # fmt: skip
def sum_(g, out, a, where, *, axis, dtype, keepdims, **_):
    """Every entry gets the cotangent of the sum that it went into."""
    a_bar = broadcast_like(restore(g, a, axis, keepdims), a)
    return masked(recast(a_bar, a, dtype), where), None


@bprop(np.mean, signature="a, axis=None, dtype=None, out=None, keepdims=False, where=True", inputs="a where",
       infer=_mean_type, samples=reducing_samples({"axis": 1, "where": WHERE}))  # fmt: skip
def mean(g, out, a, where, *, axis, dtype, keepdims):
    """As for a sum, divided by the number of entries."""
    a_bar = broadcast_like(restore(g, a, axis, keepdims) / counted(a, where, axis), a)
    return masked(recast(a_bar, a, dtype), where), None


# ---- products


def _prod_samples(rng: np.random.Generator) -> list[Any]:
    zeros = [np.array([2.0, 0.0, 3.0]), np.array([0.0, 0.0, 3.0]), np.array([[1.0, 0.0], [0.0, 0.0], [2.0, 3.0]])]
    more = [((x,), kwargs) for x in zeros for kwargs in ({}, {"axis": 0})]
    return [*reducing_samples({"axis": 1, "where": WHERE}, {"initial": 3.0})(rng), *more]


@bprop(np.prod, signature="a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True",
       inputs="a where", infer=_sum_type, samples=_prod_samples)  # fmt: skip
def prod(g, out, a, where, *, axis, dtype, keepdims, initial):
    """The product of the others, never `out / a`: exact where entries are zero."""
    g = restore(g, a, axis, keepdims)
    g = g if initial is None else g * initial
    if ndim(a) == 0:
        return masked(recast(g, a, dtype), where), None
    a_bar = g * _others(a if where is True else np.where(where, a, 1.0), axis)
    return masked(recast(a_bar, a, dtype), where), None


def _others(a: Any, axis: Any) -> Any:
    """The products of all other entries along one axis or several."""
    if not isinstance(axis, tuple):
        return product_of_others(a, axis=axis)
    if not axis:
        return 1.0
    first, *rest = axis
    others = product_of_others(a, axis=first)
    return others * _others(np.prod(a, axis=first, keepdims=True), tuple(rest)) if rest else others


# ---- extrema


def _extremum_rule(g, out, a, where, *, axis, keepdims, initial):
    """The cotangent goes to the entry that was taken, in equal parts where several are the same.

    Where a constant `initial` ties with them the derivative is that of `maximum(x, const)`: zero.
    """
    out = restore(out, a, axis, keepdims)
    chosen = np.equal(a, out)
    if where is not True:
        chosen = np.logical_and(chosen, where)
    if initial is not None:
        chosen = np.logical_and(chosen, np.not_equal(out, initial))
    return share(restore(g, a, axis, keepdims), chosen, a, axis=axis), None


def _extremum_samples(rng: np.random.Generator) -> list[Any]:
    options = ({"axis": 1, "where": WHERE, "initial": -9.0}, {"axis": 1, "where": WHERE, "initial": 9.0})
    return reducing_samples(*options)(rng)  # type: ignore[no-any-return]


def _same_kind(facts: Facts, a: Any, *_: Any, axis: Any = None, keepdims: bool = False, **__: Any) -> Type:
    return reduced_type(facts, a, axis, keepdims, type_of(a).kind)


for _extremum in (np.max, np.amax, np.min, np.amin):
    register(_extremum, rule=_extremum_rule, infer=_same_kind, samples=_extremum_samples, inputs="a where",
             signature="a, axis=None, out=None, keepdims=False, initial=None, where=True")  # fmt: skip


@bprop(np.ptp, signature="a, axis=None, out=None, keepdims=False", infer=_same_kind, samples=reducing_samples())
def ptp(g, out, a, *, axis, keepdims):
    """max - min."""
    high, low = (np.equal(a, f(a, axis=axis, keepdims=True)) for f in (np.max, np.min))
    g = restore(g, a, axis, keepdims)
    return share(g, high, a, axis=axis) - share(g, low, a, axis=axis)


# ---- variance


_deviation_samples = reducing_samples(
    {"ddof": 1},
    {"axis": 0, "ddof": 1},
    {"axis": 1, "ddof": 2, "keepdims": True},
    {"axis": 1, "where": WHERE},
)
SPREAD: list[tuple[tuple[int, ...], list[dict[str, Any]]]] = [
    ((4,), [{}, {"axis": 0}, {"axis": -1, "keepdims": True}]),
    ((3, 4), [{}, {"axis": 0}, {"axis": 1, "keepdims": True}, {"axis": (0, 1)}, {"keepdims": True}]),
    ((2, 3, 1), [{}, {"axis": 1}, {"axis": (0, 2)}, {"axis": (-2, 0), "keepdims": True}]),
]


def _std_samples(rng: np.random.Generator) -> list[Any]:
    """More than one entry each: the standard deviation of one has a corner."""
    more = ({"ddof": 1}, {"axis": 0, "ddof": 1}, {"axis": 1, "ddof": 2, "keepdims": True}, {"axis": 1, "where": WHERE})
    out: list[Any] = [((rng.normal(size=shape),), kwargs) for shape, options in SPREAD for kwargs in options]
    return out + [((rng.normal(size=(3, 4)),), kwargs) for kwargs in more]


def _freedom(a: Any, where: Any, axis: Any, ddof: float) -> Any:
    """What a variance divides by."""
    n = counted(a, where, axis)
    return n if ddof == 0 else n - ddof


def _variance_type(facts: Facts, a: Any, where: Any, *, mean: Any, **options: Any) -> Type:
    if mean is not None:
        raise TypeError("np.var and np.std with mean= are not differentiated; leave it out")
    t = _mean_type(facts, a, where, **options)
    return t.but(kind=real_of(t.kind))


@bprop(np.var, inputs="a where", infer=_variance_type, samples=_deviation_samples,
       signature="a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None")  # fmt: skip
def var(g, out, a, where, *, axis, dtype, ddof, keepdims, **_):
    """2 (a - mean) / n: that the mean moves too changes nothing, the deviations sum to zero."""
    centre = _mean(a, where, axis)
    a_bar = 2.0 * restore(g, a, axis, keepdims) * conj(a - centre) / _freedom(a, where, axis, ddof)
    return masked(recast(a_bar, a, dtype), where), None


def _mean(a: Any, where: Any, axis: Any) -> Any:
    options = {} if where is True else {"where": where}
    return np.mean(a, axis=axis, keepdims=axis is not None, **options)


@bprop(np.std, inputs="a where", infer=_variance_type, samples=_std_samples,
       signature="a, axis=None, dtype=None, out=None, ddof=0, keepdims=False, where=True, mean=None")  # fmt: skip
def std(g, out, a, where, *, axis, dtype, ddof, keepdims, **_):
    """(a - mean) / (n std), and 0 for equal entries, where the derivative does not exist."""
    g, out = restore(g, a, axis, keepdims), restore(out, a, axis, keepdims)
    if where is not True:
        # what takes no part is put at the mean, where it does not deviate
        a_in = np.where(where, a, _mean(a, where, axis))
        a_bar = g * conj(standardized(a_in, out, axis=axis)) / _freedom(a, where, axis, ddof)
        return np.where(where, a_bar, 0.0), None
    a_bar = g * conj(standardized(a, out, axis=axis)) / _freedom(a, where, axis, ddof)
    return recast(a_bar, a, dtype), None


# ---- no derivative


def _kinded(kind: str) -> Any:
    def infer(facts: Facts, a: Any, *_: Any, axis: Any = None, keepdims: bool = False, **__: Any) -> Type:
        return reduced_type(facts, a, axis, keepdims, kind)

    return infer


for _arg in (np.argmax, np.argmin):
    register(_arg, signature="a, axis=None, out=None, keepdims=False", differentiable=False, infer=_kinded("int"))
for _test in (np.any, np.all):
    register(_test, signature="a, axis=None, out=None, keepdims=False, where=True", inputs="a where",
             differentiable=False, infer=_kinded("bool"))  # fmt: skip
register(np.count_nonzero, signature="a, axis=None, keepdims=False", differentiable=False, infer=_kinded("int"))

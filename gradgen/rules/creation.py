"""Functions that make arrays: of constants, or linear in what they are filled with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, float_of, join_kinds
from .primitives import apply, kind_of, unbroadcast
from .primitives import dtype as dtype_of
from .registry import bprop, ndim, register
from .sizes import shape_from, size_of, sizes_in


def _made(kind: str) -> Any:
    def infer(facts: Facts, shape: Any, dtype: Any, **_: Any) -> Type:
        return Type(kind_of(dtype, kind), shape_from(facts, sizes_in(shape)), array=True)

    return infer


for _fn in (np.zeros, np.ones, np.empty):
    register(_fn, signature="shape, dtype=None, order='C', device=None, like=None", inputs="shape dtype",
             differentiable=False, infer=_made("float"))  # fmt: skip


def _made_like(facts: Facts, a: Any, dtype: Any, shape: Any, **_: Any) -> Type:
    dims = type_of(a).shape if shape is None else shape_from(facts, sizes_in(shape))
    return Type(kind_of(dtype, type_of(a).kind), dims, array=True)


for _like in (np.zeros_like, np.ones_like, np.empty_like):
    register(_like, signature="a, dtype=None, order='K', subok=True, shape=None, device=None", inputs="a dtype shape",
             differentiable=False, infer=_made_like)  # fmt: skip


# ---- filled


def _full_type(facts: Facts, shape: Any, fill_value: Any, dtype: Any, **_: Any) -> Type:
    return Type(kind_of(dtype, type_of(fill_value).kind), shape_from(facts, sizes_in(shape)), array=True)


def _full_samples(rng: np.random.Generator) -> list[Any]:
    return [
        ((3, rng.normal()), {}),
        (((2, 3), rng.normal()), {}),
        (((), rng.normal()), {}),
        (((2, 3), rng.normal(size=3)), {}),
        (((2, 3), rng.normal(size=(2, 1))), {"dtype": float}),
    ]


@bprop(np.full, signature="shape, fill_value, dtype=None, order='C', device=None, like=None",
       inputs="shape fill_value dtype", infer=_full_type, samples=_full_samples)  # fmt: skip
def full(g, out, shape, fill_value, dtype, **_):
    """The sum over what was filled."""
    return None, unbroadcast(g, fill_value), None


def _full_like_type(facts: Facts, a: Any, fill_value: Any, dtype: Any, shape: Any, **_: Any) -> Type:
    return _made_like(facts, a, dtype, shape)


def _full_like_samples(rng: np.random.Generator) -> list[Any]:
    return [((rng.normal(size=(2, 3)), x), {}) for x in (rng.normal(), rng.normal(size=3), rng.normal(size=(2, 1)))]


@bprop(np.full_like, signature="a, fill_value, dtype=None, order='K', subok=True, shape=None, device=None",
       inputs="a fill_value dtype shape", infer=_full_like_type, samples=_full_like_samples)  # fmt: skip
def full_like(g, out, a, fill_value, dtype, shape, **_):
    """Of `a` only the shape and dtype matter."""
    return None, unbroadcast(g, fill_value), None, None


# ---- matrices of constants


def _eye_type(facts: Facts, N: Any, M: Any, dtype: Any, **_: Any) -> Type:
    return Type(kind_of(dtype, "float"), shape_from(facts, [size_of(N), size_of(N if M is None else M)]), array=True)


register(np.eye, signature="N, M=None, k=0, dtype=None, order='C', device=None, like=None", inputs="N M dtype",
         differentiable=False, infer=_eye_type)  # fmt: skip
register(np.tri, signature="N, M=None, k=0, dtype=None, like=None", inputs="N M dtype", differentiable=False,
         infer=_eye_type)  # fmt: skip
register(np.identity, signature="n, dtype=None, like=None", inputs="n dtype", differentiable=False,
         infer=lambda facts, n, dtype, **_: _eye_type(facts, n, None, dtype))  # fmt: skip


# ---- ranges


def _arange_type(facts: Facts, *bounds_and_dtype: Any, **_: Any) -> Type:
    *bounds, dtype = bounds_and_dtype
    kind = kind_of(dtype, join_kinds(*(type_of(b).kind for b in bounds)))
    whole = all(type_of(b).kind == "int" for b in bounds)
    start, stop = (0, size_of(bounds[0])) if len(bounds) == 1 else (size_of(bounds[0]), size_of(bounds[1]))
    n: Size = Dim.fresh()
    if all(isinstance(b, (int, float)) for b in bounds):
        n = len(np.arange(*bounds))
    elif whole and len(bounds) < 3 and start is not None and stop is not None:
        n = dim_add(facts.canonical(stop), facts.canonical(start), -1)
        n = max(n, 0) if isinstance(n, int) else n
    return Type(kind, (n,), array=True)


def _arange_rule(g, out, *bounds_and_dtype, **_):
    """start + i * step; where it stops has no derivative."""
    *bounds, _dtype = bounds_and_dtype
    if len(bounds) == 1:
        return [None, None]
    if len(bounds) == 2:
        return [np.sum(g), None, None]
    places = apply(np.arange, g.shape[0])
    return [np.sum(g), None, np.sum(g * places), None]


register(np.arange, signature="*bounds, dtype=None, device=None, like=None", inputs="bounds dtype", rule=_arange_rule,
         infer=_arange_type, samples=lambda rng: [((0.3, 3.0), {}), ((0.3, 3.1, 0.5), {})])  # fmt: skip


def _linspace_type(
    facts: Facts, start: Any, stop: Any, num: Any, dtype: Any, *, retstep: bool, axis: int, **_: Any
) -> Type:
    if retstep:
        raise TypeError("np.linspace with retstep= is not differentiated: write (stop - start) / (num - 1)")
    kind = kind_of(dtype, float_of(join_kinds(type_of(start).kind, type_of(stop).kind)))
    dims = facts.broadcast(type_of(start).shape, type_of(stop).shape)
    if isinstance(dims, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    [n] = shape_from(facts, [size_of(num)])  # type: ignore[misc]
    at = axis % (len(dims) + 1)
    return Type(kind, (*dims[:at], n, *dims[at:]), array=True)


def _linspace_samples(rng: np.random.Generator) -> list[Any]:
    a, b, row, matrix = rng.normal(), rng.normal(), rng.normal(size=3), rng.normal(size=(2, 3))
    return [
        ((a, b), {}),
        ((a, b, 5), {}),
        ((a, b, 1), {}),
        ((a, b, 4), {"endpoint": False}),
        ((a, row, 4), {}),
        ((matrix, row), {"num": 4}),
        ((matrix, b, 4), {"axis": -1}),
        ((row, matrix, 4), {"axis": 1}),
    ]


@bprop(np.linspace, signature="start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0",
       inputs="start stop num dtype", infer=_linspace_type, samples=_linspace_samples)  # fmt: skip
def linspace(g, out, start, stop, num, dtype, *, endpoint, retstep, axis):
    """(1 - t) start + t stop, with t from 0 to 1."""
    options = {} if endpoint else {"endpoint": False}
    t = apply(np.linspace, 0.0, 1.0, num, dtype=dtype_of(g), **options)
    scalars = ndim(start) == 0 and ndim(stop) == 0
    if not scalars and axis != 0:
        g = np.moveaxis(g, axis, 0)
    total = np.sum(g) if scalars else np.sum(g, axis=0)
    last = np.sum(g * t) if scalars else np.tensordot(t, g, 1)
    return unbroadcast(total - last, start), unbroadcast(last, stop), None, None


def _fractions(g: Any, num: Any, endpoint: bool, axis: int, rank: int) -> Any:
    """How far each point is from the start, 0 to 1, along `axis` of what has one axis more than `rank`."""
    options = {} if endpoint else {"endpoint": False}
    t = apply(np.linspace, 0.0, 1.0, num, dtype=dtype_of(g), **options)
    after = rank - axis % (rank + 1)
    return np.expand_dims(t, tuple(range(1, after + 1))) if after else t


def _spaced(g: Any, t: Any, start: Any, stop: Any, axis: int) -> tuple[Any, Any]:
    """The cotangents of `start` and `stop` of (1 - t) start + t stop."""
    return unbroadcast(np.sum(g * (1.0 - t), axis=axis), start), unbroadcast(np.sum(g * t, axis=axis), stop)


def _geomspace_type(facts: Facts, start: Any, stop: Any, num: Any, dtype: Any, *, axis: int, **_: Any) -> Type:
    return _linspace_type(facts, start, stop, num, dtype, retstep=False, axis=axis)


def _positive(rng: np.random.Generator) -> list[Any]:
    pairs = [(np.asarray(1.5), np.asarray(4.0)), (rng.uniform(0.5, 2.0, 3), rng.uniform(3.0, 4.0, (2, 3)))]
    options: list[dict[str, Any]] = [{}, {"endpoint": False}]
    return [((a, b, 4), o) for a, b in pairs for o in options] + [((*pairs[1], 4), {"axis": -1})]


def _ranks(name: str, *values: Any) -> int:
    ranks: list[Any] = [ndim(x) for x in values]
    if None in ranks:
        raise NoRuleError(f"np.{name} needs arrays of known rank: declare their shapes")
    return int(max(ranks))


@bprop(np.geomspace, signature="start, stop, num=50, endpoint=True, dtype=None, axis=0",
       inputs="start stop num dtype", infer=_geomspace_type, samples=_positive)  # fmt: skip
def geomspace(g, out, start, stop, num, dtype, *, endpoint, axis):
    """start**(1 - t) stop**t, with t from 0 to 1."""
    t = _fractions(g, num, endpoint, axis, _ranks("geomspace", start, stop))
    start_bar, stop_bar = _spaced(g * out, t, start, stop, axis)
    return start_bar / start, stop_bar / stop, None, None


def _logspace_type(
    facts: Facts, start: Any, stop: Any, num: Any, base: Any, dtype: Any, *, axis: int, **_: Any
) -> Type:
    if type_of(base).ndim != 0:
        raise TypeError("np.logspace needs a number for `base`, one of known rank: declare its shape")
    return _linspace_type(facts, start, stop, num, dtype, retstep=False, axis=axis)


@bprop(np.logspace, signature="start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0",
       inputs="start stop num base dtype", infer=_logspace_type,
       samples=lambda rng: [*_positive(rng), (tuple(np.asarray(x) for x in (0.5, 1.5)), {"base": np.asarray(2.5)})])
def logspace(g, out, start, stop, num, base, dtype, *, endpoint, axis):
    """base**((1 - t) start + t stop), with t from 0 to 1."""
    t = _fractions(g, num, endpoint, axis, _ranks("logspace", start, stop))
    sent = g * out
    scale = math.log(base) if isinstance(base, (int, float)) else np.log(base)
    start_bar, stop_bar = _spaced(sent * scale, t, start, stop, axis)
    exponents = apply(np.linspace, start, stop, num, axis=axis, **({} if endpoint else {"endpoint": False}))
    return start_bar, stop_bar, None, np.sum(sent * exponents) / base, None


# ---- indices


def _indices_type(facts: Facts, dimensions: Any, dtype: Any, *, sparse: bool) -> Type:
    if sparse:
        raise TypeError("np.indices with sparse= is not differentiated through: write np.arange")
    sizes = sizes_in(dimensions)
    dims = ShapeVar() if sizes is None else (len(sizes), *shape_from(facts, sizes))  # type: ignore[misc]
    return Type(kind_of(dtype, "int"), dims, array=True)


register(np.indices, signature="dimensions, dtype=None, sparse=False", inputs="dimensions dtype", differentiable=False,
         infer=_indices_type)  # fmt: skip

"""Rules of the methods of ufuncs: `.reduce`, `.accumulate`, `.reduceat` and `.outer`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import OPERATIONS, Operation, type_of
from ..shapes import Dim, Facts, ShapeVar, Type, float_of
from . import nans, parts  # noqa: F401  (their functions have methods too)
from .elementwise import finite
from .primitives import kind_of
from .product_snippets import like_third
from .products import whole
from .reductions import along_axes, axes_of, masked, recast, reduced_type, restore
from .registry import ndim, primitive, register
from .scans import SCANS
from .snippets import put_along

# ---- reduce, whose axis is 0 unless told

_ufunc: Any
_reduction: Any
for _ufunc, _reduction in (
    (np.add, np.sum), (np.multiply, np.prod), (np.maximum, np.max), (np.minimum, np.min), (np.fmax, np.nanmax),
    (np.fmin, np.nanmin),
):  # fmt: skip
    _op = OPERATIONS[_reduction]
    register(_ufunc.reduce, rule=_op.rule, infer=_op.infer, inputs="a where", name=f"{_ufunc.__name__}.reduce",
             signature=_op.signature.replace("axis=None", "axis=0"), samples=along_axes)  # fmt: skip


def _float_type(facts: Facts, a: Any, where: Any, *, axis: Any, keepdims: bool, **_: Any) -> Type:
    return reduced_type(facts, a, axis, keepdims, float_of(type_of(a).kind))


def _of_logarithms(exp: np.ufunc) -> Any:
    """The rule of the logarithm of a sum: each entry gets its share of the sum, 0 where all are -inf."""

    def rule(g, out, a, where, *, axis, keepdims, **_):
        g, out = restore(g, a, axis, keepdims), restore(out, a, axis, keepdims)
        return masked(g * exp(a - finite(out)), where), None

    return rule


for _ufunc, _exp in ((np.logaddexp, np.exp), (np.logaddexp2, np.exp2)):
    register(_ufunc.reduce, rule=_of_logarithms(_exp), infer=_float_type, inputs="a where", samples=along_axes,
             name=f"{_ufunc.__name__}.reduce",
             signature="a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True")  # fmt: skip


def _length_of_rows(g, out, a, where, *, axis, keepdims, **_):
    """The length of each vector along an axis: a / out, and 0 at 0."""
    g, out = restore(g, a, axis, keepdims), restore(out, a, axis, keepdims)
    return masked(g * a / (out + np.equal(out, 0.0)), where), None


register(np.hypot.reduce, rule=_length_of_rows, infer=_float_type, inputs="a where", samples=along_axes,
         name="hypot.reduce",
         signature="a, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True")  # fmt: skip

# ---- accumulate


def _of_rows(rng: np.random.Generator) -> list[Any]:
    return [(args, kwargs) for args, kwargs in SCANS(rng) if np.ndim(args[0])]


for _ufunc, _scan in ((np.add, np.cumsum), (np.multiply, np.cumprod)):
    _op = OPERATIONS[_scan]
    register(_ufunc.accumulate, rule=_op.rule, infer=_op.infer, name=f"{_ufunc.__name__}.accumulate",
             signature="a, axis=0, dtype=None, out=None",
             samples=_of_rows)  # fmt: skip


@primitive(signature="a, best, axis=0", inputs="a best", differentiable=False,
           infer=lambda facts, a, best, *, axis: Type("int", type_of(a).shape, array=True))  # fmt: skip
def record_places(a: Any, best: Any, axis: int = 0) -> Any:
    """The place along `axis` of the entry of `a` that each running extremum in `best` is: of equal ones the first."""
    rows, best = np.moveaxis(a, axis, 0), np.moveaxis(best, axis, 0)
    numbers = np.arange(len(rows)).reshape(-1, *[1] * (rows.ndim - 1))
    new = np.ones(rows.shape, bool)
    new[1:] = (rows[1:] == best[1:]) & (best[1:] != best[:-1])
    return np.moveaxis(np.maximum.accumulate(np.where(new, numbers, 0), axis=0), 0, axis)


def _extreme_scan(g, out, a, *, axis, **_):
    """To the entry that holds the record."""
    return put_along(g, record_places(a, out, axis=axis), a, axis=axis)


for _ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
    register(_ufunc.accumulate, rule=_extreme_scan, name=f"{_ufunc.__name__}.accumulate",
             infer=lambda facts, a, **_: type_of(a).but(array=True, size=None),
             signature="a, axis=0, dtype=None, out=None",
             samples=_of_rows)

# ---- reduceat


def _pieces_type(facts: Facts, array: Any, indices: Any, *, axis: int, dtype: Any) -> Type:
    t, places = type_of(array), type_of(indices).shape
    if isinstance(t.shape, ShapeVar):
        return Type(kind_of(dtype, t.kind), ShapeVar(), array=True)
    at = axes_of(axis, len(t.shape))[0]
    n = Dim.fresh() if isinstance(places, ShapeVar) else places[0]
    return Type(kind_of(dtype, t.kind), tuple(n if i == at else d for i, d in enumerate(t.shape)), array=True)


@primitive(signature="g, indices, like, axis=0", inputs="g indices like", infer=like_third,
           rule=lambda h, out, g, indices, like, *, axis: np.add.reduceat(h, indices, axis))  # fmt: skip
def unreduce_at(g: Any, indices: Any, like: Any, axis: int = 0) -> Any:
    """The cotangent of an array like `like` whose pieces along `axis`, which begin at `indices`, were summed."""
    out = np.zeros(np.shape(like), np.result_type(g, 0.0))
    rows, g = np.moveaxis(out, axis, 0), np.moveaxis(g, axis, 0)
    starts = np.asarray(indices)
    for start, stop, bar in zip(starts, np.append(starts[1:], len(rows)), g, strict=True):
        rows[start : max(stop, start + 1)] += bar  # one that ends before it begins is a single entry
    return out


register(np.add.reduceat, name="add.reduceat", signature="array, indices, axis=0, dtype=None, out=None",
         inputs="array indices", infer=_pieces_type,
         rule=lambda g, out, array, indices, *, axis, dtype:
             recast(unreduce_at(g, indices, array, axis=axis), array, dtype),
         samples=lambda rng: [((rng.normal(size=6), np.array([0, 2, 3])), {}), ((rng.normal(size=5), [0, 4, 1]), {}),
                              ((rng.normal(size=(2, 4)), np.array([1, 3]), 1), {}),
                              ((rng.normal(size=(4, 2)), [0, 0], -2), {})])  # fmt: skip

# ---- outer


def _outer_type(op: Operation) -> Any:
    def infer(facts: Facts, A: Any, B: Any) -> Type:
        x, y = type_of(A).shape, type_of(B).shape
        shape = ShapeVar() if isinstance(x, ShapeVar) or isinstance(y, ShapeVar) else (*x, *y)
        return Type(op.infer(facts, _number(A), _number(B)).kind, shape, array=True)  # type: ignore[misc]

    return infer


def _number(x: Any) -> Any:
    """A number of the kind of `x`."""
    return {"bool": True, "int": 1, "complex": 1j}.get(type_of(x).kind, 1.0)


def _outer_rule(op: Operation) -> Any:
    """The function's own rule, the first argument given axes of length 1 for those of the second."""

    def rule(g, out, A, B):
        m, n = ndim(A), ndim(B)
        if m is None or n is None:
            raise NoRuleError(f"np.{op.name}.outer needs arrays of known rank: declare their shapes")
        high = np.expand_dims(A, tuple(range(m, m + n))) if m and n else A
        A_bar, B_bar = op.rule(whole(g, out), out, high, B)
        own, other = tuple(range(m)), tuple(range(m, m + n))
        return (
            np.sum(A_bar, axis=other) if A_bar is not None and n else A_bar,
            np.sum(B_bar, axis=own) if B_bar is not None and m else B_bar,
        )

    return rule


def _outer_samples(intervals: list[tuple[float, float]]) -> Any:
    low, high = intervals * 2 if len(intervals) == 1 else intervals
    shapes: Any = [((3,), (2,)), ((2, 1), (3,)), ((), (3,)), ((2,), ())]
    return lambda rng: [((np.asarray(rng.uniform(*low, m)), np.asarray(rng.uniform(*high, n))), {}) for m, n in shapes]


for _ufunc, _op in list(OPERATIONS.items()):
    if isinstance(_ufunc, np.ufunc) and _ufunc.nin == 2 and _ufunc.nout == 1 and _ufunc.signature is None:
        if isinstance(_op.samples, list) and _op.rule is not None:
            register(_ufunc.outer, rule=_outer_rule(_op), infer=_outer_type(_op), name=f"{_op.name}.outer",
                     signature="A, B", samples=_outer_samples(_op.samples))  # fmt: skip

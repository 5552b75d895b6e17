"""Rules of the functions that pass over what is not a number: those of the functions that take only the others in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import OPERATIONS
from .reductions import WHERE, mean, prod, reducing_samples, std, sum_, var
from .registry import bprop, register
from .scans import SCANS, cumprod, cumsum

GAPS = np.array([[1.5, np.nan, -0.5, 2.0], [np.nan, 0.3, 0.7, -1.0], [0.2, np.nan, np.nan, 1.1]])
"""A sample with gaps; differences of what is no number are none."""


def there(a: Any, where: Any) -> tuple[Any, Any]:
    """`a` with zeros in the gaps, and which entries take part."""
    numbers = np.logical_not(np.isnan(a))
    return np.where(numbers, a, 0.0), numbers if where is True else np.logical_and(numbers, where)


def of_numbers(rule: Any) -> Any:
    """The rule of a reduction of the entries that are numbers, from the one of the reduction with `where`."""

    def passing_over(g, out, a, where, **options):
        return rule(g, out, *there(a, where), **options)[0], None

    return passing_over


_nan: Any
_plain: Any
for _nan, _plain, _rule in (
    (np.nansum, np.sum, sum_), (np.nanprod, np.prod, prod), (np.nanmean, np.mean, mean), (np.nanvar, np.var, var),
    (np.nanstd, np.std, std),
):  # fmt: skip
    _op = OPERATIONS[_plain]
    _more = ({"ddof": 1, "axis": 1},) if _rule in (var, std) else ({"axis": 1, "where": WHERE},)
    register(_nan, signature=_op.signature, inputs="a where", rule=of_numbers(_rule), infer=_op.infer,
             samples=_op.samples if _rule is std else reducing_samples(*_more))  # fmt: skip
for _nan, _plain in ((np.nanmax, np.max), (np.nanmin, np.min)):
    # an entry that is not a number equals none, so that it is never the one that was taken
    _op = OPERATIONS[_plain]
    register(_nan, signature=_op.signature, inputs="a where", rule=_op.rule, infer=_op.infer, samples=_op.samples)
for _nan, _plain in ((np.nanargmax, np.argmax), (np.nanargmin, np.argmin)):
    _op = OPERATIONS[_plain]
    register(_nan, signature=_op.signature, differentiable=False, infer=_op.infer)


@bprop(np.nancumsum, signature="a, axis=None, dtype=None, out=None", infer=OPERATIONS[np.cumsum].infer, samples=SCANS)
def nancumsum(g, out, a, **options):
    return np.where(np.isnan(a), 0.0, cumsum(g, out, a, **options))


@bprop(np.nancumprod, signature="a, axis=None, dtype=None, out=None", infer=OPERATIONS[np.cumprod].infer,
       samples=SCANS)  # fmt: skip
def nancumprod(g, out, a, **options):
    gaps = np.isnan(a)
    return np.where(gaps, 0.0, cumprod(g, out, np.where(gaps, 1.0, a), **options))

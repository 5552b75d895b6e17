"""Sums along axes in the backward pass: what is constant there stands before the sum, and products are summed as such.

Each identity holds in floating point, for finite and non-finite numbers alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .forms import Product, is_named, is_op
from .graph import OPERATIONS, Value, type_of
from .rules.indices import counts_up, index_items

if TYPE_CHECKING:
    from .simplify import Simplifier


def summed(s: Simplifier, v: Value, axis: Any, keepdims: bool) -> Value:
    """A sum, with what is constant along the reduced axes pulled out, and a sum of products as an inner product."""
    if is_op(v, "broadcast_like") and axis is None and v.node.inputs[0].type.scalar and not keepdims:  # type: ignore[union-attr]
        inner, like = v.node.inputs  # type: ignore[union-attr]
        if v.type.scalar:
            return inner
        return s.product(s.opened(inner).times(Product(factors=[s.make("size", [like])])))
    t = v.type
    if t.scalar:
        return v
    spread = _sum_of_rows(s, v, axis, keepdims)
    if spread is not None:
        return spread
    p = s.opened(v)
    out, kept = Product(p.num, p.den), Product()
    for above, values in ((True, p.factors), (False, p.divisors)):
        for x in values:
            if x.type.scalar or is_constant_along(x, axis, t.ndim, keepdims):
                (out.factors if above else out.divisors).append(x)
            else:
                (kept.factors if above else kept.divisors).append(x)
    # what is one array of truth values or integers may be summed as it is: NumPy counts
    counts = len(kept.factors) == 1 and not kept.divisors
    inner = kept.factors[0] if counts else s.product(kept)
    if not s.facts.same_shape(inner.type.shape, t.shape):
        inner = s.product(p)
        out = Product()
    if axis is None and not keepdims and len(kept.factors) == 2 and not kept.divisors and inner.type.ndim == 1:
        a, b = kept.factors
        floating = a.type.floating or b.type.floating
        if s.facts.same_shape(a.type.shape, b.type.shape) and floating:
            inner = s.make(OPERATIONS[np.matmul], [a, b])
            return s.product(out.times(Product(factors=[inner])))
    if axis is None and not keepdims and inner.type.ndim == 2 and len(kept.factors) == 2 and not kept.divisors:
        for eye, other in (kept.factors, kept.factors[::-1]):
            if is_identity(eye) and s.facts.same_shape(eye.type.shape, other.type.shape):
                trace = s.make(OPERATIONS[np.trace], [other], **TRACE)
                return s.product(out.times(Product(factors=[trace])))
    rows = _sum_of_matmul(s, inner, axis, keepdims)
    rows = _sum_of_rows(s, inner, axis, keepdims) if rows is None else rows
    if rows is not None:
        return s.product(out.times(s.opened(rows)))
    inner = s.make(OPERATIONS[np.sum], [inner, True], axis=axis, dtype=None, keepdims=keepdims, initial=None)
    return s.product(out.times(Product(factors=[inner])))


def _sum_of_matmul(s: Simplifier, v: Value, axis: Any, keepdims: bool) -> Value | None:
    """The rows of A @ B, summed: those of A are, before they are multiplied. NumPy's matmul has no sum to spare."""
    if not is_op(v, "matmul") or not v.node.backward or v in s.shared or is_named(v):  # type: ignore[union-attr]
        return None
    a, b = v.node.inputs  # type: ignore[union-attr]
    rank = v.type.ndim
    if rank is None or not (a.type.ndim == b.type.ndim == rank and isinstance(axis, int) and axis % rank == rank - 2):
        return None
    if rank == 2 and not keepdims:
        return s.make(v.node.op, [summed(s, a, 0, False), b])  # type: ignore[union-attr]
    row = s.make(v.node.op, [summed(s, a, rank - 2, True), b])  # type: ignore[union-attr]
    return row if keepdims else s.rewritten(OPERATIONS[np.squeeze], [row], axis=rank - 2)


def is_constant_along(x: Value, axis: Any, rank: int | None, keepdims: bool) -> bool:
    """Whether `x`, a part of what is summed along `axis`, may stand before the sum."""
    if axis is None or rank is None or x.type.ndim is None:
        return False
    axes = [a % rank - rank for a in (axis if isinstance(axis, tuple) else (axis,))]
    if not keepdims:  # what is left must lie as before: the axes must all come before those of x
        return all(-a > x.type.ndim for a in axes) and set(axes) == set(range(-rank, -rank + len(axes)))
    return all(-a > x.type.ndim or x.type.shape[a] == 1 for a in axes)  # type: ignore[index]


def is_identity(x: Value) -> bool:
    """Whether `x` is an identity matrix: its zeros are structural."""
    if x.node is None or x.node.op.name not in ("eye", "identity"):
        return False
    given = [v for v in x.node.args[1:] if v is not None]
    return not given and not x.node.options.get("k")


TRACE = {p.name: p.default for p in OPERATIONS[np.trace].parameters if not p.is_input and p.name != "out"}


def _sum_of_rows(s: Simplifier, v: Value, axis: Any, keepdims: bool) -> Value | None:
    """Where `v` has one entry in each row, at `[arange(n), columns]`, its sum along the rows is that entry."""
    if not (is_op(v, "scatter") and v.type.ndim == 2 and axis in (1, -1)):
        return None
    values, index, like = v.node.inputs  # type: ignore[union-attr]
    items = index_items(index.const)
    if len(items) != 2 or any(type_of(item).ndim != 1 for item in items):
        return None
    if not counts_up(items[0]) or not s.facts.same_shape(type_of(items[0]).shape, like.type.shape[:1]):  # type: ignore[index]
        return None
    if values.type.scalar:
        return values if keepdims else None
    return s.make("getitem", [values, (slice(None), None)]) if keepdims else values

"""Rules of the functions that reduce along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import type_of
from ..shapes import Facts, ShapeVar, Type, float_of
from .primitives import broadcast_like
from .registry import bprop


def reduced_type(facts: Facts, x: Any, axis: Any, keepdims: bool, kind: str) -> Type:
    t = type_of(x)
    if axis is None and not keepdims:
        return Type(kind, (), array=True)
    if isinstance(t.shape, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    rank = len(t.shape)
    axes = range(rank) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = {a % rank if rank else a for a in axes}
    dims = [1 if i in gone else d for i, d in enumerate(t.shape) if keepdims or i not in gone]
    return Type(kind, tuple(dims), array=True)


def restore(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The cotangent `g` of a reduction of `x`, with the reduced axes put back at length 1."""
    return g if axis is None or keepdims else np.expand_dims(g, axis)


def _sum_type(facts: Facts, a: Any, where: Any, axis: Any, keepdims: bool, **_: Any) -> Type:
    kind = type_of(a).kind
    return reduced_type(facts, a, axis, keepdims, "int" if kind == "bool" else kind)


@bprop(np.sum, signature="a, axis=None, dtype=None, out=None, keepdims=False, initial=None, where=True",
       inputs="a where", infer=_sum_type)  # fmt: skip
def sum_(g, out, a, where, *, axis, keepdims, **_):
    a_bar = broadcast_like(restore(g, a, axis, keepdims), a)
    return (a_bar if where is True else np.where(where, a_bar, 0.0)), None

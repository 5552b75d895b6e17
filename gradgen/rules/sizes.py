"""Sizes: the integers that values are known to be, and the shapes that they make."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Value, type_of
from ..shapes import Dim, Facts, Shape, ShapeVar, Size, dim_add, dim_mul


def size_of(x: Any) -> Size | None:
    """The integer that `x` is, as far as it is a known combination of sizes; None where it is not."""
    known = type_of(x).size
    if known is not None or not isinstance(x, Value) or x.node is None:
        return known
    name, args = x.node.op.name, x.node.args
    if name not in ("add", "subtract", "multiply", "plus") or x.type.kind != "int":
        return None
    sizes = [size_of(a) for a in args]
    if any(n is None for n in sizes):
        return None
    total: Size = sizes[0]  # type: ignore[assignment]
    for n in sizes[1:]:
        total = dim_mul(total, n) if name == "multiply" else dim_add(total, n, -1 if name == "subtract" else 1)  # type: ignore[arg-type]
    return total


def not_negative(n: Size) -> bool:
    """Whether a combination of sizes surely is no negative number."""
    return n >= 0 if isinstance(n, int) else all(c >= 0 for _, c in n.terms)


def sizes_in(shape: Any) -> list[Size | None] | None:
    """The sizes that a shape argument asks for, None for one that is not known; None where not even the rank is."""
    if isinstance(shape, Value):
        if _is_display(shape):
            return [size_of(item) for item in shape.node.args]  # type: ignore[union-attr]
        if shape.type.items is not None:
            return [t.size for t in shape.type.items]
        return [size_of(shape)] if shape.type.kind == "int" and shape.type.scalar else None
    sizes: list[Size | None] = []
    for item in [shape] if np.ndim(shape) == 0 and not isinstance(shape, (tuple, list)) else shape:
        n = size_of(item)
        sizes.append(int(item) if n is None and isinstance(item, np.integer) else n)
    return sizes


def _is_display(v: Value) -> bool:
    return v.node is not None and v.node.op.name in ("tuple", "list")


def shape_from(facts: Facts, sizes: list[Size | None] | None) -> Shape:
    """The shape that `sizes` are."""
    return ShapeVar() if sizes is None else tuple(Dim.fresh() if n is None else facts.canonical(n) for n in sizes)

"""What type a result has, learned by running the operation on small arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .constants import array_type, const_type
from .shapes import Dim, Facts, ShapeVar, Type, evaluate_size

PRIMES = ((5, 7, 11, 13, 17, 19, 23, 29), (31, 37, 41, 43, 47, 53, 59, 61))
"""The sizes that names get in the two runs."""


def probe(facts: Facts, run: Callable[[list[Any]], Any], args: list[Any]) -> Type:
    """The type of `run`'s result on `args`, a `Type` among them standing for an array of that type.

    Runs it twice, with different sizes for each name. A dimension of the result is believed to be a dimension of an
    input, or a constant, where it is so in both runs.
    """
    types = [a if isinstance(a, Type) else const_type(a) for a in args]
    if any(isinstance(a, Type) and (a.ndim is None or a.kind == "object") for a in args):
        return Type(array=True)
    dims = [facts.canonical(d) for t in types if not isinstance(t.shape, ShapeVar) for d in t.shape]
    names = sorted({name for d in dims if isinstance(d, Dim) for name in d.names})
    shapes, kind = [], "number"
    for primes in PRIMES:
        sizes = {name: primes[i % 8] + 60 * (i // 8) for i, name in enumerate(names)}
        arrays = [_dummy(a, sizes, facts) if isinstance(a, Type) else a for a in args]
        try:
            with np.errstate(all="ignore"):
                result = np.asarray(run(arrays))
        except Exception:  # the probe's made-up numbers may be out of the function's domain
            return Type(array=True)
        kind = array_type(result).kind
        shapes.append([(n, {d: _extent(d, sizes) for d in dims}) for n in result.shape])
    if len(shapes[0]) != len(shapes[1]):
        return Type(array=True)
    shape = []
    for (m, first), (n, second) in zip(*shapes, strict=True):
        known = [d for d in dims if first[d] == m and second[d] == n]
        shape.append(m if m == n else known[0] if known else Dim.fresh())
    floating = any(t.kind in ("number", "float", "complex") for t in types)
    return Type("number" if kind == "float" and not floating else kind, tuple(shape), array=True)


def _extent(d: Any, sizes: dict[str, int]) -> int:
    """A dimension as a number, which is not negative: `n - 2` of made-up sizes may be."""
    return max(evaluate_size(d, sizes), 0)


def _dummy(t: Type, sizes: dict[str, int], facts: Facts) -> Any:
    shape = tuple(_extent(facts.canonical(d), sizes) for d in t.shape)  # type: ignore[union-attr]
    dtype = {"int": int, "bool": bool, "complex": complex}.get(t.kind, float)
    return np.ones(shape, dtype)

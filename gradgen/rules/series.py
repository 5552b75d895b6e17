"""Rules of `numpy.polynomial`: series of powers and of the polynomials of Chebyshev, Legendre, Hermite and Laguerre.

Coefficients stand in a row, from the lowest degree up. A series is linear in them: the values of the polynomials
themselves, which `vander` gives, are its derivatives.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from ..errors import NoRuleError
from ..graph import type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, float_of, join_kinds
from .primitives import apply, cast_like, count, length, plus
from .registry import ndim, refuse, register
from .sizes import size_of

BASES: dict[str, ModuleType] = {
    "poly": polynomial, "cheb": chebyshev, "leg": legendre, "herm": hermite, "herme": hermite_e, "lag": laguerre,
}  # fmt: skip
"""The kinds of series, by what the names of their functions begin with."""


def _row(c: Any, name: str) -> None:
    if ndim(c) not in (None, 1):
        raise TypeError(f"{name} is differentiated for coefficients in a row: call it on each row")


def _value_type(name: str) -> Any:
    def infer(facts: Facts, x: Any, c: Any, **_: Any) -> Type:
        _row(c, name)
        return Type(float_of(join_kinds(type_of(x).kind, type_of(c).kind)), type_of(x).shape, array=True)

    return infer


def _value_rule(val: Any, der: Any, vander: Any) -> Any:
    def rule(g, out, x, c, **_):
        """Each coefficient gets the value of its polynomial, x that of the derivative."""
        row, weights = (v if ndim(x) == 1 else apply(np.reshape, v, -1) for v in (x, g))
        c_bar = cast_like(weights @ apply(vander, row, plus(count(c), -1)), c)
        return cast_like(g * apply(val, x, apply(der, c)), x), c_bar

    return rule


def _matrix_type(facts: Facts, x: Any, deg: Any) -> Type:
    dims, n = type_of(x).shape, size_of(deg)
    columns: Size = Dim.fresh() if n is None else dim_add(n, 1)
    return Type(float_of(type_of(x).kind), ShapeVar() if isinstance(dims, ShapeVar) else (*dims, columns), array=True)


def _matrix_rule(der: Any, vander: Any) -> Any:
    def rule(g, out, x, deg):
        """The derivatives of the polynomials are series of those of lower degree."""
        if not isinstance(deg, int):
            raise NoRuleError(f"np.polynomial's {vander.__name__} needs a degree that is known")
        lower = apply(vander, x, max(deg - 1, 0)) @ der(np.eye(deg + 1))
        return cast_like(np.sum(g * lower, axis=-1), x), None

    return rule


def _linear_type(name: str, by: int) -> Any:
    def infer(facts: Facts, c: Any, *, m: int, axis: int, **_: Any) -> Type:
        t = type_of(c)
        if axis != 0:
            raise TypeError(f"{name} is differentiated along the first axis")
        if isinstance(t.shape, ShapeVar):
            return Type(float_of(t.kind), ShapeVar(), array=True)
        n = facts.canonical(t.shape[0])
        size = min(max(n - m, 1), n) if by < 0 and isinstance(n, int) else dim_add(n, m) if by > 0 else Dim.fresh()
        return Type(float_of(t.kind), (size, *t.shape[1:]), array=True)

    return infer


def _linear_rule(fn: Any) -> Any:
    def rule(g, out, c, **options):
        """The transposed matrix of what is linear."""
        known = {name: x for name, x in options.items() if name not in ("axis", "k")}
        matrix = apply(fn, apply(np.eye, length(c, 0)), **known)
        return cast_like(matrix.T @ g, c)

    return rule


for _prefix, _module in BASES.items():
    _val, _der, _int, _vander = (getattr(_module, _prefix + _word) for _word in ("val", "der", "int", "vander"))
    _path = _module.__name__.rsplit(".", 1)[-1]
    register(_val, name=f"{_path}.{_val.__name__}", signature="x, c, tensor=True", infer=_value_type(_val.__name__),
             rule=_value_rule(_val, _der, _vander),
             samples=lambda rng: [((rng.uniform(-1.0, 1.0, s), rng.normal(size=n)), {})
                                  for s, n in (((3,), 4), ((2, 3), 3), ((), 2), ((2,), 1))])  # fmt: skip
    register(_vander, name=f"{_path}.{_vander.__name__}", signature="x, deg", infer=_matrix_type,
             rule=_matrix_rule(_der, _vander),
             samples=lambda rng: [((rng.uniform(-1.0, 1.0, s), n), {}) for s, n in (((3,), 3), ((2, 2), 1), ((2,), 0))])
    register(_der, name=f"{_path}.{_der.__name__}", signature="c, m=1, scl=1, axis=0", rule=_linear_rule(_der),
             infer=_linear_type(_der.__name__, -1), alias=lambda node: "fresh" if node.options["m"] else "maybe",
             samples=lambda rng: [((rng.normal(size=n), m), {}) for n, m in ((4, 1), (5, 2), (1, 1), (2, 3))]
             + [((rng.normal(size=4), 1, 0.5), {})])  # fmt: skip
    register(_int, name=f"{_path}.{_int.__name__}", signature="c, m=1, k=(), lbnd=0, scl=1, axis=0",
             rule=_linear_rule(_int), infer=_linear_type(_int.__name__, 1),
             alias=lambda node: "fresh" if node.options["m"] else "maybe",
             samples=lambda rng: [((rng.normal(size=n), m), o) for n, m in ((4, 1), (2, 2), (1, 1))
                                  for o in ({}, {"lbnd": 0.5, "scl": 2.0})])  # fmt: skip
    _known = {_val, _der, _int, _vander}
    _named = {n: getattr(_module, n) for n in dir(_module) if n.startswith(_prefix)}
    _others = [n for n, fn in _named.items() if callable(fn) and fn not in _known]
    refuse(_module, " ".join([*_others, f"{_prefix}2poly", f"poly2{_prefix}"]),
           "its result has as many coefficients as differ from zero, or is made of integers",
           "write what is linear as a matrix, or use np.convolve")  # fmt: skip
    refuse(_module, "ABCPolyBase Polynomial Chebyshev Legendre Hermite HermiteE Laguerre", "it makes an object",
           f"call {_val.__name__} with the coefficients")  # fmt: skip

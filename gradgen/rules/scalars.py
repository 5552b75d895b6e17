"""Rules of the `math` module and of Python's own functions on numbers.

Rules here call `math` where the function itself does: it is what the user wrote, it is several times as fast as NumPy
on one number, and it raises where NumPy would return inf. Rules that are operators alone are those of NumPy.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import OPERATIONS, type_of
from ..shapes import Facts, ShapeVar, Type, join_kinds, real_of
from .elementwise import absolute, is_number, nonzero, power
from .lists import item_type
from .primitives import apply, broadcast_like, cast_like
from .registry import bprop, is_value, ndim, register

FLOAT, INT, BOOL = Type("float", ()), Type("int", ()), Type("bool", ())


# `math` for rules: called on values, these add to their graph
sqrt, exp, log, sin, cos, sinh, cosh, copysign, hypot = (
    functools.partial(apply, fn)
    for fn in (math.sqrt, math.exp, math.log, math.sin, math.cos, math.sinh, math.cosh, math.copysign, math.hypot)
)


def scalar(fn: Callable[..., Any], rule: Any, signature: str = "x", type: Type = FLOAT, **facts: Any) -> None:
    """Declare a function of Python numbers; without a rule its derivative is zero where it exists."""
    facts.setdefault("differentiable", rule is not None)
    facts.setdefault("samples", None if rule is None else [(-2.0, 2.0)])
    register(fn, rule=rule, signature=signature, infer=lambda *_, **__: type, name=f"math.{fn.__name__}", **facts)


# ---- the same as NumPy's: the output, the input and operators are enough

_fn: Any
for _fn, _same, _interval in [
    (math.exp, np.exp, (-2.0, 2.0)),
    (math.exp2, np.exp2, (-2.0, 2.0)),
    (math.expm1, np.expm1, (-2.0, 2.0)),
    (math.log2, np.log2, (0.2, 3.0)),
    (math.log10, np.log10, (0.2, 3.0)),
    (math.log1p, np.log1p, (-0.7, 3.0)),
    (math.sqrt, np.sqrt, (0.2, 3.0)),
    (math.cbrt, np.cbrt, (0.2, 3.0)),
    (math.tan, np.tan, (-1.3, 1.3)),
    (math.atan, np.arctan, (-2.0, 2.0)),
    (math.tanh, np.tanh, (-2.0, 2.0)),
    (math.atanh, np.arctanh, (-0.9, 0.9)),
    (math.degrees, np.degrees, (-2.0, 2.0)),
    (math.radians, np.radians, (-2.0, 2.0)),
    (math.fabs, np.fabs, (-2.0, 2.0)),
]:
    scalar(_fn, OPERATIONS[_same].rule, samples=[_interval])

# ---- those that call another function of `math`

scalar(math.sin, lambda g, out, x: g * cos(x))
scalar(math.cos, lambda g, out, x: -g * sin(x))
scalar(math.sinh, lambda g, out, x: g * cosh(x))
scalar(math.cosh, lambda g, out, x: g * sinh(x))
scalar(math.asin, lambda g, out, x: g / sqrt((1.0 - x) * (1.0 + x)), samples=[(-0.9, 0.9)])
scalar(math.acos, lambda g, out, x: -g / sqrt((1.0 - x) * (1.0 + x)), samples=[(-0.9, 0.9)])
scalar(math.asinh, lambda g, out, x: g / hypot(1.0, x))
scalar(math.acosh, lambda g, out, x: g / (sqrt(x - 1.0) * sqrt(x + 1.0)), samples=[(1.2, 3.0)])
scalar(math.erf, lambda g, out, x: g * (2.0 / math.sqrt(math.pi) * exp(-(x * x))))
scalar(math.erfc, lambda g, out, x: -g * (2.0 / math.sqrt(math.pi) * exp(-(x * x))))


def logarithm(g, out, x, *base):
    """The logarithm of x, to the base e unless another is given."""
    if not base:
        return g / x
    [b] = base
    if not is_value(b):
        scale = math.log(b)
        return g / (scale * x), -g * out / (scale * b)
    return g / (log(b) * x), -g * out / (log(b) * b)


def scalar_power(g, out, x, y):
    """x**y. An exponent that is a number gives the polynomial rule; y = 0 gives 0 for x, x = 0 gives 0 for y."""
    if is_number(y) or is_number(x):
        return power(g, out, x, y)
    return power(g, out, x, y)[0], g * (out * log(nonzero(x)))


def distance(g, out, *coordinates):
    """The length of a vector; 0 at the origin."""
    length = nonzero(out)
    return [g * x / length for x in coordinates]


def angle(g, out, y, x):
    """The angle of (x, y); 0 at the origin."""
    length = nonzero(hypot(x, y))
    return g * (x / length / length), -g * (y / length / length)


def signed(g, out, x, y):
    """The size of x with the sign of y; 0 at x = 0."""
    return g * np.sign(x) * copysign(1.0, y), None


def fmod(g, out, x, y):
    """x - n * y; n is what that says."""
    return g, g * ((out - x) / y)


def numbers(*intervals: tuple[tuple[float, float], ...]) -> Callable[[np.random.Generator], list[Any]]:
    """Samples: one call on Python numbers for each row of intervals."""
    return lambda rng: [(tuple(float(rng.uniform(*i)) for i in row), {}) for row in intervals]


_BASE, _EXPONENT = (0.3, 2.0), (-2.0, 3.0)
scalar(math.log, logarithm, "x, *base", samples=numbers((_BASE,), (_BASE, (1.5, 3.0))))
scalar(math.pow, scalar_power, "x, y", samples=[_BASE, _EXPONENT])
scalar(math.hypot, distance, "*coordinates", samples=numbers((_BASE,), (_BASE, _BASE), (_BASE, _EXPONENT, _BASE)))
scalar(math.atan2, angle, "y, x")
scalar(math.copysign, signed, "x, y")
scalar(math.fmod, fmod, "x, y", samples=[(-5.0, 5.0), (0.5, 2.0)])
scalar(math.remainder, fmod, "x, y", samples=[(-5.0, 5.0), (0.5, 2.0)])
scalar(math.ldexp, lambda g, out, x, i: (g * 2.0**i, None), "x, i", samples=lambda rng: [((0.7, -2), {})])

# ---- of several numbers in a list


def _several(rng: np.random.Generator) -> list[Any]:
    return [((list(rng.uniform(0.5, 2.0, n)),), {}) for n in (1, 2, 3)]


def product_of(g, out, *factors):
    """Each gets the product of the others."""
    return [g * functools.reduce(operator.mul, factors[:i] + factors[i + 1 :], 1.0) for i in range(len(factors))]


scalar(math.fsum, lambda g, out, *terms: [g] * len(terms), "**seq", samples=_several)
scalar(math.prod, product_of, "**iterable", samples=_several)

# ---- their derivatives need digamma, which NumPy does not have
scalar(math.gamma, None, differentiable=True)
scalar(math.lgamma, None, differentiable=True)

# ---- integers and truth values

for _fn in (math.floor, math.ceil, math.trunc):
    scalar(_fn, None, type=INT)
for _fn in (math.isnan, math.isinf, math.isfinite):
    scalar(_fn, None, type=BOOL)
scalar(math.isclose, None, "a, b, rel_tol=1e-09, abs_tol=0.0", type=BOOL)

# ---- Python's own


def same_type(facts: Facts, *args: Any, **_: Any) -> Type:
    """Arrays for arrays, Python numbers for Python numbers."""
    types = [type_of(a) for a in args]
    array = any(t.array or t.ndim for t in types)
    return Type(join_kinds(*(t.kind for t in types)), facts.broadcast(*(t.shape for t in types)), array=array)


def _size_type(facts: Facts, x: Any) -> Type:
    t = same_type(facts, x)
    return t.but(kind=real_of(t.kind))


register(abs, rule=absolute, signature="x", elementwise=True, infer=_size_type, samples=[(-2.0, 2.0)])
register(pow, rule=power, signature="base, exp", elementwise=True, infer=same_type, samples=[_BASE, _EXPONENT])


@bprop(float, signature="x", infer=lambda *_: FLOAT,
       samples=lambda rng: [((0.3,), {}), ((np.array(0.3),), {})])  # fmt: skip
def float_(g, out, x):
    """An array of one element gives its number."""
    return g if ndim(x) == 0 else broadcast_like(g, x)


register(np.float64, signature="x", rule=lambda g, out, x: cast_like(g, x), samples=[(-2.0, 2.0)], elementwise=True,
         infer=lambda facts, x: Type("float", type_of(x).shape, array=True))  # fmt: skip


def rounded(facts: Facts, number: Any, ndigits: Any) -> Type:
    return INT if ndigits is None else same_type(facts, number)


register(round, signature="number, ndigits=None", differentiable=False, infer=rounded)
register(int, signature="x", differentiable=False, infer=lambda *_: INT)
register(bool, signature="x", differentiable=False, infer=lambda *_: BOOL)


def length_type(facts: Facts, x: Any) -> Type:
    t = type_of(x)
    if t.items is not None:
        return Type("int", (), size=len(t.items))
    return Type("int", (), size=None if isinstance(t.shape, ShapeVar) or not t.shape else t.shape[0])


register(len, signature="x", differentiable=False, infer=length_type, cheap=True)


def extreme(best: Callable[..., Any], beyond: np.ufunc, of_array: Any) -> Callable[..., Any]:
    """The rule of max and min of several numbers. What ties shares evenly; against a constant, 0."""

    def rule(g, out, *args, **_):
        if len(args) == 1:
            x = args[0] if not type_of(args[0]).sequence else apply(np.array, args[0])
            return OPERATIONS[of_array].rule(g, out, x, True, axis=None, keepdims=False, initial=None)[:1]
        constants = [x for x in args if is_number(x) and any(map(is_value, args))]
        values = [x for x in args if not any(x is c for c in constants)]
        if constants:
            g = g * beyond(out, best(constants))
        if len(values) == 1:
            return [g if x is values[0] else None for x in args]
        if len(args) == 2:
            x, y = args
            lead = 0.5 * np.sign(x - y if best is max else y - x)
            return g * (0.5 + lead), g * (0.5 - lead)
        tied = [apply(float, np.equal(x, out)) for x in args]
        shared = g / functools.reduce(operator.add, tied)
        return [shared * t for t in tied]

    return rule


def extreme_type(facts: Facts, *args: Any, **_: Any) -> Type:
    if len(args) == 1:
        return item_type(facts, args[0])
    return Type(join_kinds(*(type_of(x).kind for x in args)), (), array=any(type_of(x).array for x in args))


for _fn, _beyond, _of_array in ((max, np.greater, np.max), (min, np.less, np.min)):
    register(
        _fn, rule=extreme(_fn, _beyond, _of_array), signature="*args, key=None, default=None", inputs="args",
        infer=extreme_type, name=f"builtins.{_fn.__name__}", samples=numbers((_BASE, _BASE), (_BASE, _BASE, _BASE)),
    )  # fmt: skip

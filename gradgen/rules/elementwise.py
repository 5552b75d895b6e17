"""Rules of the elementwise functions, most of them one line.

What is returned is what an expert would write in the backward pass: the output is used again, divisors stay divisors,
so that `where` can guard them, and numbers are Python's, so that float32 stays float32. At a kink the derivative is
the subgradient of least norm over the active arguments; the rules name the points where that is their choice.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import is_array_constant, type_of
from ..shapes import Facts, Type, join_kinds
from .primitives import cast_like
from .registry import bprop, elementwise, is_value, ndim, primitive, register

LN2, LN10 = math.log(2.0), math.log(10.0)
DEGREE = math.pi / 180.0


def is_number(x: Any) -> bool:
    """Whether `x` is a Python number, as constants are seen by rules; NumPy's scalars are arrays."""
    return isinstance(x, (int, float)) and not isinstance(x, np.generic)


def is_complex(x: Any) -> bool:
    """Whether `x` is known to hold complex numbers: what is not known is taken to be real, and checked at entry."""
    return type_of(x).kind == "complex"


def conj(x: Any) -> Any:
    """The conjugate of what is known to be complex; all else as it is."""
    return np.conj(x) if is_complex(x) else x


def direction(x: Any) -> Any:
    """The derivative of |x|; 0 at 0."""
    return conj(np.sign(x))


def is_constant(x: Any, other: Any) -> bool:
    """Whether `x` is a constant beside `other`: a number, or an array next to a value of the graph."""
    return is_number(x) or is_array_constant(x) or is_value(other) and not is_value(x)


def nonzero(x: Any) -> Any:
    """`x` as a divisor or the argument of a logarithm: 1 where it is 0."""
    return x + np.equal(x, 0.0)


# ---- arithmetic


def divide(g, out, x, y):
    """x / y: what x gets serves y as well."""
    x_bar = g / y
    return x_bar, -x_bar * out


elementwise(np.true_divide, divide, samples=[(-2.0, 2.0), (0.5, 2.0)])
elementwise(np.add, lambda g, out, x, y: (g, g), kind="same")
elementwise(np.subtract, lambda g, out, x, y: (g, -g), kind="same")
elementwise(np.multiply, lambda g, out, x, y: (g * y, x * g), kind="same")
elementwise(np.negative, lambda g, out, x: -g, kind="same")
elementwise(np.positive, lambda g, out, x: g, kind="same")
elementwise(np.square, lambda g, out, x: 2.0 * x * g, kind="same")
elementwise(np.reciprocal, lambda g, out, x: -g * out**2, kind="same", samples=[(0.5, 2.0)])
elementwise(np.remainder, lambda g, out, x, y: (g, -g * (x // y)), kind="same", samples=[(-5.0, 5.0), (0.5, 2.0)])
elementwise(np.fmod, lambda g, out, x, y: (g, -g * np.trunc(x / y)), kind="same", samples=[(-5.0, 5.0), (0.5, 2.0)])


def power(g, out, x, y):
    """x**y. An exponent that is a number gives the polynomial rule; y = 0 gives 0 for x, x = 0 gives 0 for y."""
    return power_base(g, out, x, y), power_exponent(g, out, x, y)


def power_base(g, out, x, y):
    if not is_number(y):
        return g * y * x ** (y - np.not_equal(y, 0.0))  # 0 * x**0 where the exponent is 0
    n = float(y)
    if n == 0.0:
        return None
    if n == 1.0:
        return g
    if n == 2.0:
        return 2.0 * x * g
    if n == 4.0:
        return g * (4.0 * x * x * x)  # NumPy's x**3 takes 28 times as long
    if n == 0.5:
        return g / (2.0 * out)
    if n == 1.5:
        return g * (1.5 * np.sqrt(x))
    if n < 0.0:
        return g * (n * out / x)
    less = int(n) - 1 if n.is_integer() else n - 1.0
    return g * (n * x**less)


def power_exponent(g, out, x, y):
    if is_number(x) and x >= 0.0:
        return None if x == 0.0 else g * (math.log(x) * out)
    if is_number(y):
        return None
    log = np.log(nonzero(x))  # of a Python number a float64
    return g * (out * (cast_like(log, out) if ndim(x) == 0 and ndim(out) != 0 else log))


elementwise(np.power, power, kind="same", samples=[(0.3, 2.0), (-2.0, 3.0)])
elementwise(np.float_power, power, samples=[(0.3, 2.0), (-2.0, 3.0)])

# ---- exponentials, logarithms, roots

elementwise(np.exp, lambda g, out, x: g * out)
elementwise(np.exp2, lambda g, out, x: g * (LN2 * out))
elementwise(np.expm1, lambda g, out, x: g * (out + 1.0))
elementwise(np.log, lambda g, out, x: g / x, samples=[(0.2, 3.0)])
elementwise(np.log2, lambda g, out, x: g / (LN2 * x), samples=[(0.2, 3.0)])
elementwise(np.log10, lambda g, out, x: g / (LN10 * x), samples=[(0.2, 3.0)])
elementwise(np.log1p, lambda g, out, x: g / (1.0 + x), samples=[(-0.7, 3.0)])
elementwise(np.sqrt, lambda g, out, x: g / (2.0 * out), samples=[(0.2, 3.0)])
elementwise(np.cbrt, lambda g, out, x: g / (3.0 * out**2), samples=[(0.2, 3.0)])


def finite(out: Any) -> Any:
    """The log of a sum, and 0 where that is log(0): what is exponentiated after subtracting it is -inf there."""
    return np.where(np.equal(out, -math.inf), 0.0, out)


def is_finite(x: Any) -> bool:
    """Whether `x` is a finite number, so that the log of a sum with exp(x) in it is never -inf."""
    return is_number(x) and math.isfinite(x)


def logaddexp(g, out, x, y):
    """Where both are -inf, 0."""
    total = out if is_finite(x) or is_finite(y) else finite(out)
    return g * np.exp(x - total), g * np.exp(y - total)


def logaddexp2(g, out, x, y):
    """Where both are -inf, 0."""
    total = out if is_finite(x) or is_finite(y) else finite(out)
    return g * np.exp2(x - total), g * np.exp2(y - total)


elementwise(np.logaddexp, logaddexp)
elementwise(np.logaddexp2, logaddexp2)

# ---- trigonometric and hyperbolic functions; (1 - x) * (1 + x) keeps the digits that 1 - x**2 loses near 1, and
# hypot is right where squares would be infinite, as the square of a Python number raises

elementwise(np.sin, lambda g, out, x: g * np.cos(x))
elementwise(np.cos, lambda g, out, x: -g * np.sin(x))
elementwise(np.tan, lambda g, out, x: g * (1.0 + out**2), samples=[(-1.3, 1.3)])
elementwise(np.arcsin, lambda g, out, x: g / np.sqrt((1.0 - x) * (1.0 + x)), samples=[(-0.9, 0.9)])
elementwise(np.arccos, lambda g, out, x: -g / np.sqrt((1.0 - x) * (1.0 + x)), samples=[(-0.9, 0.9)])
elementwise(np.arctan, lambda g, out, x: g / (1.0 + x * x))
elementwise(np.sinh, lambda g, out, x: g * np.cosh(x))
elementwise(np.cosh, lambda g, out, x: g * np.sinh(x))
elementwise(np.tanh, lambda g, out, x: g * (1.0 - out**2))
elementwise(np.arcsinh, lambda g, out, x: g / (np.sqrt(1.0 + x * x) if is_complex(x) else np.hypot(1.0, x)))
elementwise(np.arccosh, lambda g, out, x: g / np.sqrt(x - 1.0) / np.sqrt(x + 1.0), samples=[(1.2, 3.0)])
elementwise(np.arctanh, lambda g, out, x: g / ((1.0 - x) * (1.0 + x)), samples=[(-0.9, 0.9)])
elementwise(np.degrees, lambda g, out, x: g / DEGREE)
elementwise(np.rad2deg, lambda g, out, x: g / DEGREE)
elementwise(np.radians, lambda g, out, x: g * DEGREE)
elementwise(np.deg2rad, lambda g, out, x: g * DEGREE)


def hypot(g, out, x, y):
    """The length of (x, y); 0 at the origin."""
    length = nonzero(out)
    return g * x / length, g * y / length


def arctan2(g, out, y, x):
    """The angle of (x, y); 0 at the origin. x**2 + y**2 would overflow, or be 0, long before the length of (x, y)."""
    length = nonzero(np.hypot(x, y))
    return g * (x / length / length), -g * (y / length / length)


elementwise(np.hypot, hypot)
elementwise(np.arctan2, arctan2, signature="y, x")


@primitive(
    signature="x",
    rule=lambda g, out, x: g * curvature_of_sinc(x, out),
    infer=lambda facts, x: type_of(x).but(kind=join_kinds("float", type_of(x).kind), array=True, size=None),
    samples=[(-3.0, 3.0)],
)
def slope_of_sinc(x: Any) -> Any:
    """The derivative of `np.sinc`: (cos(pi x) - sinc(x)) / x, and the first terms of its series near 0."""
    small = np.abs(x) < 0.01
    far = np.where(small, 1.0, x)
    square = (np.pi * x) ** 2
    series = np.pi**2 * x * (-1.0 / 3.0 + square / 30.0 - square**2 / 840.0)
    return np.where(small, series, (np.cos(np.pi * far) - np.sinc(far)) / far)


def curvature_of_sinc(x: Any, slope: Any) -> Any:
    """The derivative of the slope, from the differential equation x f'' + 2 f' + pi**2 x f = 0."""
    at_zero = np.equal(x, 0.0)
    return np.where(at_zero, -(math.pi**2) / 3.0, -(math.pi**2) * np.sinc(x) - 2.0 * slope / (x + at_zero))


elementwise(np.sinc, lambda g, out, x: g * slope_of_sinc(x), signature="x", samples=[(-3.0, 3.0)])

# ---- kinks


def absolute(g, out, x):
    """|x|; 0 at 0."""
    return g * direction(x)


def sign(g, out, x):
    """Of real numbers the derivative is zero. Complex ones, x / |x|, turn along the circle; 0 at 0."""
    if is_complex(x):
        return 1j * np.imag(g * out) * conj(out) / nonzero(np.abs(x))
    return None


def larger(g, out, x, y):
    """The larger of two. Where they are equal each gets half; against a constant, 0."""
    if is_constant(y, x):
        return g * np.greater(out, y), None
    if is_constant(x, y):
        return None, g * np.greater(out, x)
    tie, half = np.equal(x, y), 0.5 * g
    return np.where(tie, half, g * np.greater(x, y)), np.where(tie, half, g * np.less(x, y))


def smaller(g, out, x, y):
    """The smaller of two. Where they are equal each gets half; against a constant, 0."""
    if is_constant(y, x):
        return g * np.less(out, y), None
    if is_constant(x, y):
        return None, g * np.less(out, x)
    tie, half = np.equal(x, y), 0.5 * g
    return np.where(tie, half, g * np.less(x, y)), np.where(tie, half, g * np.greater(x, y))


def present(rule: Any) -> Any:
    """The rule of a function that takes the other argument where one is NaN: that one is the output."""

    def of_numbers(g, out, x, y):
        if is_constant(x, y) or is_constant(y, x):
            return rule(g, out, x, y)
        tie, half = np.equal(x, y), 0.5 * g
        return np.where(tie, half, g * np.equal(x, out)), np.where(tie, half, g * np.equal(y, out))

    return of_numbers


def clip(g, out, a, a_min, a_max):
    """`a` between bounds. At a bound that is a number, 0; one that varies has the ties of maximum and minimum."""
    if all(bound is None or is_constant(bound, a) for bound in (a_min, a_max)):
        above = None if a_min is None else np.greater(a, a_min)
        below = None if a_max is None else np.less(a, a_max)
        inside = below if above is None else above if below is None else above & below
        return (g if inside is None else g * inside), None, None
    raised = a if a_min is None else np.maximum(a, a_min)
    raised_bar, max_bar = (g, None) if a_max is None else smaller(g, out, raised, a_max)
    a_bar, min_bar = (raised_bar, None) if a_min is None else larger(raised_bar, raised, a, a_min)
    return a_bar, min_bar, max_bar


def clip_samples(rng: np.random.Generator) -> list[Any]:
    low, high = rng.uniform(-1.0, 0.0, 3), rng.uniform(0.0, 1.0, (4, 1))
    return [
        ((rng.normal(size=3), -0.5, 0.5), {}),
        ((rng.normal(size=(2, 3)), None, 0.5), {}),
        ((rng.normal(size=(2, 1, 3)),), {"a_min": -0.5, "a_max": None}),
        ((rng.normal(size=(4, 3)), low, high), {}),
        ((rng.normal(size=3), low, None), {}),
        ((rng.normal(size=(4, 3)), None, high), {}),
        ((np.array(0.2), -0.5, 0.5), {}),
    ]


def where(g, out, condition, x, y):
    """The side that is not taken contributes exactly 0."""
    return None, np.where(condition, g, 0.0), np.where(condition, 0.0, g)


def where_type(facts: Facts, condition: Any, x: Any, y: Any) -> Type:
    c, a, b = type_of(condition), type_of(x), type_of(y)
    return Type(join_kinds(a.kind, b.kind), facts.broadcast(c.shape, a.shape, b.shape), array=True)


def where_samples(rng: np.random.Generator) -> list[Any]:
    return [
        ((rng.random(shape) < 0.5, rng.normal(size=x), rng.normal(size=y)), {})
        for shape, x, y in [((3,), (3,), (3,)), ((), (2,), (1,)), ((2, 1), (3,), ()), ((2, 1, 3), (4, 1), (2, 4, 3))]
    ]


def copysign(g, out, x, y):
    """The size of x with the sign of y; 0 at x = 0."""
    return g * np.sign(x) * np.copysign(1.0, y), None


elementwise(np.absolute, absolute, kind="real")
elementwise(np.fabs, absolute)
elementwise(np.maximum, larger, kind="same")
elementwise(np.minimum, smaller, kind="same")
elementwise(np.fmax, present(larger), kind="same")
elementwise(np.fmin, present(smaller), kind="same")
elementwise(np.clip, clip, kind="same", signature="a, a_min, a_max, out=None", samples=clip_samples,
            aliases={"min": "a_min", "max": "a_max"})  # fmt: skip
elementwise(np.where, where, signature="condition, x, y", infer=where_type, samples=where_samples)
elementwise(np.copysign, copysign)
elementwise(np.heaviside, lambda g, out, x, y: (None, np.where(np.equal(x, 0.0), g, 0.0)))


def nan_to_num_type(facts: Facts, x: Any, copy: Any, **_: Any) -> Type:
    if copy is not True:
        raise TypeError("nan_to_num() with `copy=False` writes into its argument; assign its result instead")
    return type_of(x).but(array=True, size=None)


@bprop(np.nan_to_num, signature="x, copy=True, nan=0.0, posinf=None, neginf=None", elementwise=True,
       infer=nan_to_num_type, samples=[(-2.0, 2.0)])  # fmt: skip
def nan_to_num(g, out, x, **_):
    """What is replaced has derivative 0."""
    return np.where(np.isfinite(x), g, 0.0)


# ---- complex numbers, with the gradient convention of autograd and JAX; a real number has no imaginary part


def imag(g, out, val):
    return -1j * g if is_complex(val) else None


def part_type(facts: Facts, val: Any) -> Type:
    t = type_of(val)
    return t.but(kind="float" if t.kind == "complex" else t.kind, array=True, size=None)


@primitive(signature="x", rule=lambda g, out, x: np.conjugate(g) if is_complex(x) else g, alias="maybe",
           infer=lambda facts, x: type_of(x).but(array=True, size=None))  # fmt: skip
def conjugate_of(x: Any) -> Any:
    """`x.conj()`, which for real numbers is `x` itself."""
    return x.conj()


elementwise(np.conjugate, lambda g, out, x: np.conjugate(g) if is_complex(x) else g, kind="same")
elementwise(np.real, lambda g, out, val: g, signature="val", infer=part_type, alias="view")
elementwise(np.imag, imag, signature="val", infer=part_type, alias="read-only", of_complex=True,
            samples=lambda rng: [((rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)),), {})])  # fmt: skip
elementwise(np.sign, sign, kind="same", of_complex=True)

# ---- derivative zero wherever there is one

_ufunc: np.ufunc
for _ufunc in (np.floor_divide, np.floor, np.ceil, np.trunc):
    elementwise(_ufunc, None, kind="same")
for _ufunc in (np.rint, np.spacing):
    elementwise(_ufunc, None)
elementwise(np.fix, None, kind="same", signature="x, out=None")
for _function in (np.round, np.around):
    elementwise(_function, None, kind="same", signature="a, decimals=0, out=None")

# ---- truth values and bits

for _ufunc in (
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.isnan, np.isfinite, np.isinf, np.signbit,
):  # fmt: skip
    elementwise(_ufunc, None, kind="bool")
for _ufunc in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.left_shift, np.right_shift):
    elementwise(_ufunc, None, kind="same")
_TOLERANCES = "rtol=1e-05, atol=1e-08, equal_nan=False"
elementwise(np.isclose, None, kind="bool", signature=f"a, b, {_TOLERANCES}")
register(np.allclose, signature=f"a, b, {_TOLERANCES}", differentiable=False, infer=lambda *_, **__: Type("bool", ()))
register(
    np.array_equal, signature="a1, a2, equal_nan=False", differentiable=False, infer=lambda *_, **__: Type("bool", ())
)

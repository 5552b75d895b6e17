"""Rules of the functions that take numbers apart or put them together, and of casts to a type of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import OPERATIONS, PRIMITIVES, type_of
from ..shapes import Facts, Type, float_of
from .elementwise import nonzero
from .primitives import apply, cast_like, unbroadcast
from .registry import elementwise, primitive, register
from .snippets import like_first

# ---- mantissa and exponent, whole and fraction


def _drawn(low: float, high: float, *more: Any) -> Any:
    """Samples of ranks 0 to 2 from an interval."""
    return lambda rng: [((np.asarray(rng.uniform(low, high, s)), *more), {}) for s in ((), (3,), (2, 3))]


def _float_and(kind: str) -> Any:
    def infer(facts: Facts, x: Any) -> list[Type]:
        t = type_of(x).but(kind=float_of(type_of(x).kind), array=True, size=None)
        return [t, t.but(kind=kind)]

    return infer


register(np.modf, signature="x", rule=lambda g, out, x: g[0], infer=_float_and("float"),
         samples=_drawn(3.2, 3.8))
register(np.frexp, signature="x", infer=_float_and("int"),
         rule=lambda g, out, x: None if g[0] is None else g[0] / cast_like(apply(np.ldexp, 1.0, out[1]), x),
         samples=_drawn(4.5, 7.5))  # fmt: skip
elementwise(np.ldexp, lambda g, out, x1, x2: (np.ldexp(g, x2), None), signature="x1, x2",
            samples=lambda rng: [((rng.normal(size=(2, 3)), np.array([1, -2, 0])), {})])  # fmt: skip
elementwise(np.nextafter, lambda g, out, x, y: (g, None))


def _divmod_type(facts: Facts, x: Any, y: Any) -> list[Type]:
    t = OPERATIONS[np.remainder].infer(facts, x, y)  # type: ignore[misc]
    return [t, t]


def divmod_(g, out, x, y):
    """The quotient has derivative zero, the rest that of x - quotient * y."""
    if g[1] is None:
        return None
    return unbroadcast(g[1], x), unbroadcast(-g[1] * out[0], y)


register(np.divmod, signature="x, y", rule=divmod_, infer=_divmod_type,
         samples=lambda rng: [((rng.uniform(3.1, 3.9, (2, 3)), rng.uniform(0.9, 1.0, 3)), {}),
                              ((np.asarray(5.3), np.asarray(1.9)), {})])  # fmt: skip


def angle_type(facts: Facts, z: Any, **_: Any) -> Type:
    return Type("float", type_of(z).shape, array=True)


def angle(g, out, z, *, deg):
    """The derivative of the argument of x + iy is (-y + ix) / |z|^2, up to a sign; 0 at 0, and for real numbers."""
    if type_of(z).kind in ("int", "float", "bool"):
        return None
    scale = 180.0 / math.pi if deg else 1.0
    size = nonzero(np.abs(z))
    return g * (-1j * scale) * (np.conjugate(z) / size / size)


elementwise(np.angle, angle, signature="z, deg=False", infer=angle_type,
            samples=lambda rng: [((rng.uniform(0.5, 1.0, s) + 1j * rng.normal(size=s), deg), {})
                                 for s in ((3,), (2, 3)) for deg in (False, True)])  # fmt: skip

# ---- the Bessel function I0, whose derivatives NumPy has not


@primitive(signature="x, n", inputs="x", infer=like_first, reals=True,
           rule=lambda g, out, x, *, n: g * (x * bessel_ratio(x, n + 1)),
           samples=_drawn(-4.0, 4.0, 1))  # fmt: skip
def bessel_ratio(x: Any, n: int) -> Any:
    """I_n(x) / x**n of the modified Bessel function, by its integral (DLMF 10.32.2): all terms are positive."""
    angles = (np.arange(200) + 0.5) * (np.pi / 200.0)
    weights = np.sin(angles) ** (2 * n) / (200.0 * np.prod(np.arange(1.0, 2.0 * n, 2.0)))
    scale = np.abs(x)
    terms = np.exp(np.multiply.outer(scale, np.cos(angles) - 1.0)) @ weights
    return (np.exp(scale) * terms).astype(np.result_type(x, 0.0))[()]


elementwise(np.i0, lambda g, out, x: g * (x * bessel_ratio(x, 1)), signature="x", reals=True, samples=[(-4.0, 4.0)])

# ---- the same numbers in another type


_test: Any


def _cast(fn: Any, kind: str) -> None:
    register(fn, signature="x", rule=lambda g, out, x: cast_like(g, x), elementwise=True, samples=[(-2.0, 2.0)],
             infer=lambda facts, x: Type(kind, type_of(x).shape, array=True))  # fmt: skip


for _fn in (np.float32, np.float16, np.longdouble):
    _cast(_fn, "float")


def _whole(fn: Any, kind: str) -> None:
    register(fn, signature="x", differentiable=False, elementwise=True,
             infer=lambda facts, x: Type(kind, type_of(x).shape, array=True))  # fmt: skip


for _name in ("byte", "short", "intc", "long", "longlong", "ubyte", "ushort", "uintc", "ulong", "ulonglong"):
    _whole(getattr(np, _name), "int")
_whole(np.bool_, "bool")
if hasattr(np, "astype"):
    _astype = PRIMITIVES["astype"]
    register(np.astype, signature="x, dtype, copy=True, device=None", inputs="x dtype", rule=_astype.rule,
             infer=lambda facts, x, dtype, **_: _astype.infer(facts, x, dtype),  # type: ignore[misc]
             alias=_astype.alias, samples=lambda rng: [((rng.normal(size=(2, 3)), float), {})])  # fmt: skip


def _real_if_close_type(facts: Facts, a: Any, *, tol: float) -> Type:
    t = type_of(a).but(array=True, size=None)
    return t.but(kind="number") if t.kind == "complex" else t


register(np.real_if_close, signature="a, tol=100", rule=lambda g, out, a, **_: g, infer=_real_if_close_type,
         alias="maybe", samples=lambda rng: [((rng.normal(size=(2, 3)),), {})])  # fmt: skip

# ---- truth values and integers

for _ufunc in (np.gcd, np.lcm):
    elementwise(_ufunc, None, kind="same")
if hasattr(np, "bitwise_count"):
    elementwise(np.bitwise_count, None, kind="int")
elementwise(np.isnat, None, kind="bool")
for _test in (np.iscomplex, np.isreal):
    elementwise(_test, None, kind="bool", signature="x")
for _test in (np.isneginf, np.isposinf):
    elementwise(_test, None, kind="bool", signature="x, out=None")


register(np.result_type, signature="*arrays_and_dtypes", differentiable=False, cheap=True,
         infer=lambda facts, *arrays_and_dtypes: Type("object", ()),
         samples=lambda rng: [((rng.normal(size=3), 1.0), {})])  # fmt: skip

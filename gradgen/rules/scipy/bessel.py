"""Rules of the Bessel functions of `scipy.special` and their relatives, by their argument (DLMF 9, 10 and 11)."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sp

from ..primitives import apply, cast_like
from ..registry import elementwise, register
from .families import (
    POSITIVE,
    SQRT_PI,
    by_last,
    drawn,
    joined_type,
    several_types,
    summed,
    times,
    unknown,
)

# ---- Bessel functions

elementwise(sp.j0, lambda g, out, x: -g * sp.j1(x))
elementwise(sp.j1, lambda g, out, x: g * (0.5 * (sp.j0(x) - sp.jv(2, x))))
elementwise(sp.y0, lambda g, out, x: -g * sp.y1(x), samples=[POSITIVE])
elementwise(sp.y1, lambda g, out, x: g * (0.5 * (sp.y0(x) - sp.yv(2, x))), samples=[POSITIVE])
elementwise(sp.i0, lambda g, out, x: g * sp.i1(x))
elementwise(sp.i1, lambda g, out, x: g * (0.5 * (sp.i0(x) + sp.iv(2, x))))
elementwise(sp.k0, lambda g, out, x: -g * sp.k1(x), samples=[POSITIVE])
elementwise(sp.k1, lambda g, out, x: -g * (0.5 * (sp.k0(x) + sp.kv(2, x))), samples=[POSITIVE])
elementwise(sp.i0e, lambda g, out, x: g * (sp.i1e(x) - np.sign(x) * out))


def i1e(g, out, x):
    """i0e - i1e / x, and 1 / 2 at 0, less what the scale sends."""
    zero = np.equal(x, 0.0)
    return g * (np.where(zero, 0.5, sp.i0e(x) - out / (x + zero)) - np.sign(x) * out)


elementwise(sp.i1e, i1e)
elementwise(sp.k0e, lambda g, out, x: g * (out - sp.k1e(x)), samples=[POSITIVE])
elementwise(sp.k1e, lambda g, out, x: g * (out - 0.5 * (sp.k0e(x) + sp.kve(2, x))), samples=[POSITIVE])

_ORDERS = [((v,), 0.5, 5.0) for v in (0.0, 1.0, 2.5)]
_WHOLE = [((n,), 0.5, 5.0) for n in (0, 1, 3)]
for _fn, _kind in ((sp.jv, "float"), (sp.yv, "float"), (sp.jve, "float"), (sp.yve, "float"), (sp.hankel1, "complex"),
                   (sp.hankel2, "complex")):  # fmt: skip
    by_last(_fn, lambda out, v, z, fn=_fn: 0.5 * (fn(v - 1, z) - fn(v + 1, z)), _ORDERS, "v, z", _kind,
            reals=_fn in (sp.jve, sp.yve))  # fmt: skip
by_last(sp.iv, lambda out, v, z: 0.5 * (sp.iv(v - 1, z) + sp.iv(v + 1, z)), _ORDERS, "v, z")
by_last(sp.kv, lambda out, v, z: -0.5 * (sp.kv(v - 1, z) + sp.kv(v + 1, z)), _ORDERS, "v, z")
by_last(sp.ive, lambda out, v, z: 0.5 * (sp.ive(v - 1, z) + sp.ive(v + 1, z)) - np.sign(z) * out, _ORDERS, "v, z",
        reals=True)  # fmt: skip
by_last(sp.kve, lambda out, v, z: out - 0.5 * (sp.kve(v - 1, z) + sp.kve(v + 1, z)), _ORDERS, "v, z")
for _fn, _turn in ((sp.hankel1e, -1j), (sp.hankel2e, 1j)):
    by_last(_fn, lambda out, v, z, fn=_fn, turn=_turn: 0.5 * (fn(v - 1, z) - fn(v + 1, z)) + turn * out,
            _ORDERS, "v, z", "complex")  # fmt: skip
by_last(sp.yn, lambda out, n, x: 0.5 * (sp.yv(n - 1, x) - sp.yv(n + 1, x)), _WHOLE, "n, x")
by_last(sp.kn, lambda out, n, x: -0.5 * (sp.kv(n - 1, x) + sp.kv(n + 1, x)), _WHOLE, "n, x")
def struve_term(v: Any, x: Any) -> Any:
    """(x / 2)**v / (sqrt(pi) gamma(v + 3 / 2)), DLMF 11.4.24"""
    return (0.5 * x) ** v * sp.rgamma(v + 1.5) / SQRT_PI


by_last(sp.struve, lambda out, v, x: 0.5 * (sp.struve(v - 1, x) - sp.struve(v + 1, x) + struve_term(v, x)),
        _ORDERS, "v, x")  # fmt: skip
by_last(sp.modstruve, lambda out, v, x: 0.5 * (sp.modstruve(v - 1, x) + sp.modstruve(v + 1, x) + struve_term(v, x)),
        _ORDERS, "v, x")  # fmt: skip


def _derivatives(fn: Any, kind: str = "float") -> None:
    """A function that gives derivatives of order n of another: its own has order n + 1."""

    def rule(g, out, v, z, *, n):
        z_bar = g * apply(fn, v, z, n + 1)
        return unknown(f"{fn.__name__} by its order"), cast_like(z_bar, z) if kind == "float" else z_bar

    elementwise(fn, rule, signature="v, z, n=1", inputs="v z",
                infer=lambda facts, v, z, *, n: joined_type(facts, kind, v, z),
                samples=lambda rng: [((2.0, rng.uniform(0.5, 4.0, 3), n), {}) for n in (1, 2, 3)])  # fmt: skip


for _fn in (sp.jvp, sp.yvp, sp.ivp, sp.kvp):
    _derivatives(_fn)
for _fn in (sp.h1vp, sp.h2vp):
    _derivatives(_fn, "complex")


def _spherical(fn: Any, sign: float) -> None:
    """A spherical Bessel function or its derivative: z**2 f'' + 2 z f' + (sign z**2 - n (n + 1)) f = 0."""

    def rule(g, out, n, z, *, derivative):
        if not derivative:
            return None, g * apply(fn, n, z, derivative=True)
        value = apply(fn, n, z)
        return None, -g * (2.0 * out / z + (sign - n * (n + 1) / (z * z)) * value)

    elementwise(fn, rule, signature="n, z, derivative=False", inputs="n z",
                infer=lambda facts, n, z, **_: joined_type(facts, "float", n, z),
                samples=lambda rng: [((n, rng.uniform(0.5, 4.0, 3), d), {})
                                     for n in (0, 2) for d in (False, True)])  # fmt: skip


for _fn, _sign in ((sp.spherical_jn, 1.0), (sp.spherical_yn, 1.0), (sp.spherical_in, -1.0), (sp.spherical_kn, -1.0)):
    _spherical(_fn, _sign)


def _kelvin(real: str, imag: str) -> None:
    """ber and bei, or ker and kei, of which w = ber + i bei has w'' = i w - w' / x; and their derivatives."""
    f, h, fp, hp = (getattr(sp, name) for name in (real, imag, f"{real}p", f"{imag}p"))
    elementwise(f, lambda g, out, x: g * fp(x), samples=[POSITIVE])
    elementwise(h, lambda g, out, x: g * hp(x), samples=[POSITIVE])
    elementwise(fp, lambda g, out, x: -g * (h(x) + out / x), samples=[POSITIVE])
    elementwise(hp, lambda g, out, x: g * (f(x) - out / x), samples=[POSITIVE])


_kelvin("ber", "bei")
_kelvin("ker", "kei")


def airy(g, out, z):
    """Ai and Bi satisfy w'' = z w."""
    ai, aip, bi, bip = out
    return summed(times(g[0], aip), times(g[1], z * ai), times(g[2], bip), times(g[3], z * bi))


register(sp.airy, signature="z", rule=airy, infer=several_types(4), samples=drawn(-3.0, 3.0))


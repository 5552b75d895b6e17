"""Rules of the elliptic, exponential and Fresnel integrals, of hypergeometric functions and orthogonal polynomials.

DLMF 19, 6, 7, 13, 15 and 18.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from ...graph import type_of
from ...shapes import Type
from ..elementwise import is_number
from ..primitives import unbroadcast
from ..registry import elementwise, register
from .families import (
    POSITIVE,
    by_last,
    drawn,
    several_types,
    summed,
    times,
    unknown,
)

# ---- elliptic integrals, the derivatives by Carlson's, which lose no digits where m is small (DLMF 19.18.1, 19.25)


def by_modulus(m: Any) -> Any:
    """The derivative of the complete integral K."""
    return sp.elliprd(0.0, 1.0, 1.0 - m) / 6.0


elementwise(sp.ellipk, lambda g, out, m: g * by_modulus(m), signature="m", samples=[(-1.0, 0.9)])
elementwise(sp.ellipkm1, lambda g, out, p: -g * (sp.elliprd(0.0, 1.0, p) / 6.0), signature="p", samples=[(0.1, 2.0)])
elementwise(sp.ellipe, lambda g, out, m: -g * (sp.elliprd(0.0, 1.0 - m, 1.0) / 6.0), signature="m",
            samples=[(-1.0, 0.9)])  # fmt: skip


def ellipkinc(g, out, phi, m):
    s, half_turns = np.sin(phi), np.rint(phi / math.pi)
    c, odd = np.cos(phi), 1.0 - 2.0 * np.remainder(half_turns, 2.0)
    rest = 1.0 - m * s * s
    by_m = odd * s * s * s * sp.elliprd(c * c, 1.0, rest) / 6.0 + 2.0 * half_turns * by_modulus(m)
    return g / np.sqrt(rest), g * by_m


def ellipeinc(g, out, phi, m):
    s, half_turns = np.sin(phi), np.rint(phi / math.pi)
    c, odd = np.cos(phi), 1.0 - 2.0 * np.remainder(half_turns, 2.0)
    rest = 1.0 - m * s * s
    by_m = odd * s * s * s * sp.elliprd(c * c, rest, 1.0) + 2.0 * half_turns * sp.elliprd(0.0, 1.0 - m, 1.0)
    return g * np.sqrt(rest), -g * by_m / 6.0


elementwise(sp.ellipkinc, ellipkinc, signature="phi, m", samples=[(-5.0, 5.0), (0.1, 0.8)])
elementwise(sp.ellipeinc, ellipeinc, signature="phi, m", samples=[(-5.0, 5.0), (0.1, 0.8)])


def elliprf(g, out, x, y, z):
    return -g * sp.elliprd(y, z, x) / 6.0, -g * sp.elliprd(z, x, y) / 6.0, -g * sp.elliprd(x, y, z) / 6.0


def elliprd(g, out, x, y, z):
    """By partial fractions, and by z since it is homogeneous; x, y and z must be distinct."""
    bars, rest = [], 1.5 * out
    for own, other in ((x, y), (y, x)):
        if is_number(own) and own == 0.0:
            bars.append(None)
            continue
        by_own = -0.5 * (sp.elliprd(other, z, own) - out) / (z - own)
        bars.append(g * by_own)
        rest = rest + own * by_own
    return [*bars, -g * rest / z]


def elliprc(g, out, x, y):
    """DLMF 19.6.15 differentiated, where x is near y as of elliprf(x, y, y); by y since it is homogeneous."""
    near = np.less(np.abs(y - x), 0.05 * np.abs(y))
    width = np.where(near, 1.0, 2.0 * (y - x))
    by_x = np.where(near, -sp.elliprd(y, y, x) / 6.0, (out - 1.0 / np.sqrt(x)) / width)
    return g * by_x, -g * (0.5 * out + x * by_x) / y


elementwise(sp.elliprf, elliprf, signature="x, y, z", samples=[(0.2, 0.9), (1.1, 1.9), (2.1, 3.0)])
elementwise(sp.elliprd, elliprd, signature="x, y, z", samples=[(0.2, 0.9), (1.1, 1.9), (2.1, 3.0)])
elementwise(sp.elliprc, elliprc, samples=[(0.2, 0.9), (1.1, 1.9)])


def ellipj(g, out, u, m):
    """By u; by m there is none in short form."""
    sn, cn, dn, _ = out
    by_u = summed(times(g[0], cn * dn), times(g[1], -sn * dn), times(g[2], -m * sn * cn), times(g[3], dn))
    return None if by_u is None else unbroadcast(by_u, u), unknown("ellipj by its parameter m")


register(sp.ellipj, signature="u, m", rule=ellipj, infer=several_types(4),
         samples=lambda rng: [((rng.uniform(-2.0, 2.0, s), 0.4), {}) for s in ((3,), (2, 1))])  # fmt: skip

# ---- exponential, sine and Fresnel integrals

elementwise(sp.exp1, lambda g, out, x: -g * np.exp(-x) / x, samples=[POSITIVE])
elementwise(sp.expi, lambda g, out, x: g * np.exp(x) / x, samples=[POSITIVE])


def expn(g, out, n, x):
    """-E_{n-1}(x), and -exp(-x) (1 + x) / x**2 for n = 0."""
    if is_number(n) and n == 0:
        return None, -g * np.exp(-x) * (1.0 + x) / (x * x)
    return None, -g * sp.expn(n - 1, x)


elementwise(sp.expn, expn, signature="n, x",
            samples=lambda rng: [((n, rng.uniform(0.5, 3.0, 3)), {}) for n in (0, 1, 3)])  # fmt: skip
register(sp.sici, signature="x", infer=several_types(2), samples=drawn(0.3, 4.0),
         rule=lambda g, out, x: summed(times(g[0], np.sinc(x / math.pi)), times(g[1], np.cos(x) / x)))  # fmt: skip
register(sp.shichi, signature="x", infer=several_types(2), samples=drawn(0.3, 4.0),
         rule=lambda g, out, x: summed(times(g[0], np.sinh(x) / x), times(g[1], np.cosh(x) / x)))  # fmt: skip
register(sp.fresnel, signature="z", infer=several_types(2), samples=drawn(-2.0, 2.0),
         rule=lambda g, out, z: summed(times(g[0], np.sin(0.5 * math.pi * z * z)),
                                       times(g[1], np.cos(0.5 * math.pi * z * z))))  # fmt: skip


def spence(g, out, z):
    """log(z) / (1 - z), and -1 at 1."""
    one = np.equal(z, 1.0)
    return -g * (np.log(z) + one) / (z - 1.0 + one)


elementwise(sp.spence, spence, signature="z", samples=[POSITIVE])
elementwise(sp.wrightomega, lambda g, out, z: g * out / (1.0 + out), signature="z")


def lambertw(g, out, z, **_):
    """Corless et al. 1996, *On the Lambert W function*, equation 3.2"""
    return g * np.exp(-out) / (1.0 + out)


elementwise(sp.lambertw, lambertw, "complex", signature="z, k=0, tol=1e-08", inputs="z",
            infer=lambda facts, z, **_: Type("complex", type_of(z).shape, array=True),
            samples=lambda rng: [((rng.uniform(0.1, 4.0, 3),), {}), ((np.full(3, -0.2), -1), {})])  # fmt: skip

# ---- hypergeometric functions, by their argument

by_last(sp.hyp0f1, lambda out, v, z: sp.hyp0f1(v + 1.0, z) / v, [((1.5,), -2.0, 2.0)])
by_last(sp.hyp1f1, lambda out, a, b, x: a / b * sp.hyp1f1(a + 1.0, b + 1.0, x), [((0.7, 1.6), -2.0, 2.0)])
by_last(sp.hyp2f1, lambda out, a, b, c, z: a * b / c * sp.hyp2f1(a + 1.0, b + 1.0, c + 1.0, z),
        [((0.7, 0.4, 1.6), -0.8, 0.8)])  # fmt: skip
by_last(sp.hyperu, lambda out, a, b, x: -a * sp.hyperu(a + 1.0, b + 1.0, x), [((0.7, 1.6), 0.5, 3.0)])

# ---- orthogonal polynomials, by their argument


def _polynomial(name: str, slope: Any, parameters: Any = (), low: float = -0.9, high: float = 0.9) -> None:
    """The polynomial of degree n: `slope(n, *parameters, x)` has one of degree n - 1, and is 0 for n = 0."""

    def derivative(out, n, *args):
        if is_number(n):
            return slope(n, *args) if n else 0.0 * args[-1]
        return np.where(np.equal(n, 0), 0.0, slope(np.maximum(n, 1), *args))

    calls = [((n, *parameters), low, high) for n in (0, 1, 4)]
    by_last(getattr(sp, name), derivative, calls, ", ".join(["n", *"ab"[: len(parameters)], "x"]))


_polynomial("eval_legendre", lambda n, x: 0.5 * (n + 1) * sp.eval_jacobi(n - 1, 1.0, 1.0, x))
_polynomial("eval_sh_legendre", lambda n, x: (n + 1) * sp.eval_jacobi(n - 1, 1.0, 1.0, 2.0 * x - 1.0), (), 0.1, 0.9)
_polynomial("eval_jacobi", lambda n, a, b, x: 0.5 * (n + a + b + 1) * sp.eval_jacobi(n - 1, a + 1, b + 1, x),
            (0.5, 1.5))  # fmt: skip
_polynomial("eval_gegenbauer", lambda n, a, x: 2.0 * a * sp.eval_gegenbauer(n - 1, a + 1, x), (0.7,))
_polynomial("eval_chebyt", lambda n, x: n * sp.eval_chebyu(n - 1, x))
_polynomial("eval_chebyu", lambda n, x: 2.0 * sp.eval_gegenbauer(n - 1, 2.0, x))
_polynomial("eval_chebyc", lambda n, x: n * sp.eval_chebyu(n - 1, 0.5 * x))
_polynomial("eval_chebys", lambda n, x: sp.eval_gegenbauer(n - 1, 2.0, 0.5 * x))
_polynomial("eval_sh_chebyt", lambda n, x: 2.0 * n * sp.eval_chebyu(n - 1, 2.0 * x - 1.0), (), 0.1, 0.9)
_polynomial("eval_sh_chebyu", lambda n, x: 4.0 * sp.eval_gegenbauer(n - 1, 2.0, 2.0 * x - 1.0), (), 0.1, 0.9)
_polynomial("eval_laguerre", lambda n, x: -sp.eval_genlaguerre(n - 1, 1.0, x), (), 0.1, 3.0)
_polynomial("eval_genlaguerre", lambda n, a, x: -sp.eval_genlaguerre(n - 1, a + 1, x), (0.7,), 0.1, 3.0)
_polynomial("eval_hermite", lambda n, x: 2.0 * n * sp.eval_hermite(n - 1, x))
_polynomial("eval_hermitenorm", lambda n, x: n * sp.eval_hermitenorm(n - 1, x))


"""Rules of `scipy.special`, entry by entry: the gamma, error and logistic families, and softmax.

Where nothing else is said the formula is that of the *Digital Library of Mathematical Functions* (DLMF), chapters 5
(gamma functions) and 7 (error functions). Derivatives by a parameter for which there is no closed form are refused.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from ...graph import OPERATIONS, type_of
from ...shapes import Facts, Type, float_of
from ..elementwise import LN10, finite
from ..primitives import apply, broadcast_like, unbroadcast
from ..reductions import reduced_type, restore
from ..registry import bprop, elementwise
from .densities import beta_density, digamma_step, gamma_density
from .families import (
    POSITIVE,
    SQRT_2PI,
    SQRT_PI,
    UNIT,
    by_last,
    unknown,
)

# ---- gamma functions

elementwise(sp.gamma, lambda g, out, x: g * out * sp.digamma(x), samples=[POSITIVE])
for _fn in (sp.gammaln, sp.loggamma):
    elementwise(_fn, lambda g, out, x: g * sp.digamma(x), samples=[POSITIVE])


def rgamma(g, out, x):
    """-digamma(x) / gamma(x), and cos(pi x) gamma(1 - x) at the poles of gamma."""
    pole = np.logical_and(np.less_equal(x, 0.0), np.equal(x, np.floor(x)))
    away = np.where(pole, 1.0, x)
    at_pole = np.cos(math.pi * x) * sp.gamma(1.0 - np.where(pole, x, 0.0))
    return g * np.where(pole, at_pole, -sp.digamma(away) * out)


def psi(g, out, x):
    return g * apply(sp.zeta, 2.0, x)


elementwise(sp.rgamma, rgamma, samples=[(-2.7, 3.0)])
elementwise(sp.gammasgn, None)
elementwise(sp.digamma, psi, samples=[POSITIVE])
elementwise(sp.polygamma, lambda g, out, n, x: (None, g * apply(sp.polygamma, n + 1, x)), signature="n, x",
            samples=lambda rng: [((n, np.asarray(rng.uniform(0.5, 4.0, s))), {}) for n in (0, 1, 2)
                                 for s in ((), (3,))])  # fmt: skip


def zeta(g, out, x, q):
    """-x zeta(x + 1, q) by q; by x there is none in closed form."""
    return unknown("zeta by x"), None if q is None else -g * x * apply(sp.zeta, x + 1.0, q)


elementwise(sp.zeta, zeta, signature="x, q=None, out=None", inputs="x q", samples=lambda rng: [
    ((x, np.asarray(rng.uniform(0.5, 3.0, s))), {}) for x in (2.0, 3.5) for s in ((), (3,))])  # fmt: skip


def beta(g, out, a, b):
    return -g * out * digamma_step(a, b), -g * out * digamma_step(b, a)


def betaln(g, out, a, b):
    return -g * digamma_step(a, b), -g * digamma_step(b, a)


def poch(g, out, z, m):
    return g * out * digamma_step(z, m), g * out * sp.digamma(z + m)


def binom(g, out, n, k):
    rest = n - k + 1.0
    return g * out * digamma_step(rest, k), g * out * (sp.digamma(rest) - sp.digamma(k + 1.0))


elementwise(sp.beta, beta, samples=[POSITIVE])
elementwise(sp.betaln, betaln, samples=[POSITIVE])
elementwise(sp.poch, poch, samples=[POSITIVE])
elementwise(sp.binom, binom, samples=[(3.0, 5.0), (0.3, 2.7)])


@bprop(sp.multigammaln, signature="a, d", inputs="a", elementwise=True,
       infer=lambda facts, a, *, d: Type("float", type_of(a).shape, array=True),
       samples=lambda rng: [((rng.uniform(2.0, 4.0, 3), d), {}) for d in (1, 2, 4)])  # fmt: skip
def multigammaln(g, out, a, *, d):
    total = sp.digamma(a)
    for j in range(1, d):
        total = total + sp.digamma(a - 0.5 * j)
    return g * total


_GAMMA = [((0.7,), 0.3, 3.0), ((2.5,), 0.3, 5.0)]
_BETA = [((0.7, 1.5), 0.1, 0.9), ((2.5, 3.0), 0.1, 0.9)]
by_last(sp.gammainc, lambda out, a, x: gamma_density(a, x), _GAMMA)
by_last(sp.gammaincc, lambda out, a, x: -gamma_density(a, x), _GAMMA)
by_last(sp.gammaincinv, lambda out, a, y: 1.0 / gamma_density(a, out), [((a,), *UNIT) for a in (0.7, 2.5)])
by_last(sp.gammainccinv, lambda out, a, y: -1.0 / gamma_density(a, out), [((a,), *UNIT) for a in (0.7, 2.5)])
by_last(sp.betainc, lambda out, a, b, x: beta_density(a, b, x), _BETA)
by_last(sp.betaincinv, lambda out, a, b, y: 1.0 / beta_density(a, b, out), _BETA)
if hasattr(sp, "betaincc"):
    by_last(sp.betaincc, lambda out, a, b, x: -beta_density(a, b, x), _BETA)
    by_last(sp.betainccinv, lambda out, a, b, y: -1.0 / beta_density(a, b, out), _BETA)

# ---- error functions, the normal distribution

elementwise(sp.erf, lambda g, out, x: g * (2.0 / SQRT_PI * np.exp(-(x * x))))
elementwise(sp.erfc, lambda g, out, x: -g * (2.0 / SQRT_PI * np.exp(-(x * x))))
elementwise(sp.erfi, lambda g, out, x: g * (2.0 / SQRT_PI * np.exp(x * x)))


def erfcx(g, out, x):
    """2 x erfcx(x) - 2 / sqrt(pi); for large x, where the two are nearly the same, by an asymptotic series."""
    far = np.greater(x, 50.0)
    square = np.where(far, x, 1.0) ** -2
    series = -(1.0 - square * (1.5 - square * (3.75 - 13.125 * square))) * square / SQRT_PI
    return g * np.where(far, series, 2.0 * x * out - 2.0 / SQRT_PI)


elementwise(sp.erfcx, erfcx)


def dawsn(g, out, x):
    """1 - 2 x dawsn(x); for large x, where the two are nearly the same, by an asymptotic series."""
    far = np.greater(np.abs(x), 50.0)
    square = np.where(far, x, 1.0) ** -2
    series = -(0.5 + square * (0.75 + square * (1.875 + 6.5625 * square))) * square
    return g * np.where(far, series, 1.0 - 2.0 * x * out)


elementwise(sp.dawsn, dawsn, reals=True)
elementwise(sp.erfinv, lambda g, out, y: g * (0.5 * SQRT_PI * np.exp(out * out)), signature="y", samples=[(-0.9, 0.9)])
elementwise(sp.erfcinv, lambda g, out, y: -g * (0.5 * SQRT_PI * np.exp(out * out)), signature="y",
            samples=[(0.1, 1.9)])  # fmt: skip
elementwise(sp.wofz, lambda g, out, z: g * (2j / SQRT_PI - 2.0 * z * out), kind="complex", signature="z",
            samples=lambda rng: [((rng.normal(size=s) + 1j * rng.uniform(0.0, 1.0, s),), {})
                                 for s in ((3,), (2, 1))])  # fmt: skip


def voigt_profile(g, out, x, sigma, gamma):
    """The real part of wofz(z) / (sigma sqrt(2 pi)), z = (x + i gamma) / (sigma sqrt(2))."""
    z = (x + 1j * gamma) / (math.sqrt(2.0) * sigma)
    slope = 2j / SQRT_PI - 2.0 * z * sp.wofz(z)
    scale = 2.0 * SQRT_PI * sigma * sigma
    by_size = -out / sigma - np.real(slope * z) / (SQRT_2PI * sigma * sigma)
    return g * np.real(slope) / scale, g * by_size, -g * np.imag(slope) / scale


elementwise(sp.voigt_profile, voigt_profile, signature="x, sigma, gamma", samples=[(-2.0, 2.0), (0.5, 2.0), (0.2, 1.0)])
elementwise(sp.ndtr, lambda g, out, x: g * (np.exp(-0.5 * x * x) / SQRT_2PI))
elementwise(sp.ndtri, lambda g, out, y: g * (SQRT_2PI * np.exp(0.5 * out * out)), signature="y", samples=[UNIT])
elementwise(sp.log_ndtr, lambda g, out, x: g * (2.0 / SQRT_2PI / sp.erfcx(-math.sqrt(0.5) * x)))
elementwise(sp.ndtri_exp, lambda g, out, y: g * (SQRT_2PI * np.exp(y + 0.5 * out * out)), signature="y",
            samples=[(-3.0, -0.1)])  # fmt: skip


def owens_t(g, out, h, a):
    """Owen 1956, *Tables for computing bivariate normal probabilities*."""
    square = 1.0 + a * a
    by_h = -0.5 / SQRT_2PI * np.exp(-0.5 * h * h) * sp.erf(a * h / math.sqrt(2.0))
    return g * by_h, g * np.exp(-0.5 * h * h * square) / (2.0 * math.pi * square)


elementwise(sp.owens_t, owens_t, signature="h, a")

# ---- logistic and logarithmic functions

elementwise(sp.expit, lambda g, out, x: g * out * (1.0 - out))
elementwise(sp.log_expit, lambda g, out, x: -g * np.expm1(out))
elementwise(sp.logit, lambda g, out, x: g / (x * (1.0 - x)), samples=[UNIT])
if hasattr(sp, "softplus"):
    elementwise(sp.softplus, lambda g, out, x: -g * np.expm1(-out), signature="x")
for _fn, _same in ((sp.exp2, np.exp2), (sp.expm1, np.expm1), (sp.log1p, np.log1p), (sp.cbrt, np.cbrt)):
    elementwise(_fn, OPERATIONS[_same].rule, samples=OPERATIONS[_same].samples)
elementwise(sp.exp10, lambda g, out, x: g * (LN10 * out))
elementwise(sp.cosm1, lambda g, out, x: -g * np.sin(x))


def exprel(g, out, x):
    """(exp(x) - exprel(x)) / x, and its series near 0, where the two are nearly the same."""
    small = np.less(np.abs(x), 0.03)
    far = np.where(small, 1.0, x)
    series = 0.5 + x * (1.0 / 3.0 + x * (0.125 + x * (1.0 / 30.0 + x * (1.0 / 144.0 + x / 840.0))))
    return g * np.where(small, series, (1.0 + out * x - out) / far)


elementwise(sp.exprel, exprel)


def xlogy(g, out, x, y):
    """log(y) by x, x / y by y; 0 by y where x is 0."""
    return g * np.log(y), g * x / np.where(np.equal(x, 0.0), 1.0, y)


def xlog1py(g, out, x, y):
    """log1p(y) by x, x / (1 + y) by y; 0 by y where x is 0."""
    return g * np.log1p(y), g * x / np.where(np.equal(x, 0.0), 1.0, 1.0 + y)


elementwise(sp.xlogy, xlogy, samples=[(-2.0, 2.0), POSITIVE])
elementwise(sp.xlog1py, xlog1py, samples=[(-2.0, 2.0), (-0.7, 2.0)])
elementwise(sp.entr, lambda g, out, x: -g * (np.log(x) + 1.0), samples=[POSITIVE])
elementwise(sp.rel_entr, lambda g, out, x, y: (g * (np.log(x / y) + 1.0), -g * x / y), samples=[POSITIVE])
elementwise(sp.kl_div, lambda g, out, x, y: (g * np.log(x / y), g * (y - x) / y), samples=[POSITIVE])


def huber(g, out, delta, r):
    """The residual, cut at delta; by delta what lies beyond it."""
    size = np.abs(r)
    return g * np.maximum(size - delta, 0.0), g * np.sign(r) * np.minimum(size, delta)


def pseudo_huber(g, out, delta, r):
    part = r / delta
    root = np.hypot(1.0, part)
    return g * (2.0 * out / delta - r * part / root), g * r / root


elementwise(sp.huber, huber, signature="delta, r", samples=[(0.5, 0.9), (-3.0, 3.0)])
elementwise(sp.pseudo_huber, pseudo_huber, signature="delta, r", samples=[(0.5, 2.0), (-3.0, 3.0)])


def boxcox(log: Any) -> Any:
    """The rule of (b**lmbda - 1) / lmbda, given the logarithm of b; log(b)**2 / 2 by lmbda where that is 0."""

    def rule(g, out, x, lmbda):
        logs, zero = log(x), np.equal(lmbda, 0.0)
        safe = np.where(zero, 1.0, lmbda)
        by_power = np.where(zero, 0.5 * logs * logs, ((lmbda * out + 1.0) * logs - out) / safe)
        return g * np.exp((lmbda - 1.0) * logs), g * by_power

    return rule


def inv_boxcox(shift: float) -> Any:
    """The rule of (1 + lmbda y)**(1 / lmbda), less `shift`; -y**2 / 2 exp(y) by lmbda where that is 0."""

    def rule(g, out, y, lmbda):
        b = out + shift
        zero = np.equal(lmbda, 0.0)
        safe = np.where(zero, 1.0, lmbda)
        inner = 1.0 + lmbda * y
        by_power = np.where(zero, -0.5 * y * y, (y / inner - np.log(b)) / safe)
        return g * b / inner, g * b * by_power

    return rule


elementwise(sp.boxcox, boxcox(np.log), signature="x, lmbda", samples=[POSITIVE, (0.3, 2.0)])
elementwise(sp.boxcox1p, boxcox(np.log1p), signature="x, lmbda", samples=[(-0.5, 3.0), (0.3, 2.0)])
elementwise(sp.inv_boxcox, inv_boxcox(0.0), signature="y, lmbda", samples=[(0.0, 2.0), (0.3, 2.0)])
elementwise(sp.inv_boxcox1p, inv_boxcox(1.0), signature="y, lmbda", samples=[(0.0, 2.0), (0.3, 2.0)])


def powm1(g, out, x, y):
    power = out + 1.0
    return g * y * power / x, g * power * np.log(x)


elementwise(sp.powm1, powm1, samples=[POSITIVE, (-2.0, 2.0)])

# ---- degrees

DEGREE = math.pi / 180.0
elementwise(sp.sindg, lambda g, out, x: g * (DEGREE * sp.cosdg(x)), samples=[(-60.0, 60.0)])
elementwise(sp.cosdg, lambda g, out, x: -g * (DEGREE * sp.sindg(x)), samples=[(-60.0, 60.0)])
elementwise(sp.tandg, lambda g, out, x: g * (DEGREE * (1.0 + out * out)), samples=[(-60.0, 60.0)])
elementwise(sp.cotdg, lambda g, out, x: -g * (DEGREE * (1.0 + out * out)), samples=[(20.0, 70.0)])
elementwise(sp.radian, lambda g, out, d, m, s: (g * DEGREE, g * (DEGREE / 60.0), g * (DEGREE / 3600.0)),
            signature="d, m, s")  # fmt: skip

# ---- along axes


def _same_type(facts: Facts, x: Any, **_: Any) -> Type:
    return Type(float_of(type_of(x).kind), type_of(x).shape, array=True)


def _rows(rng: np.random.Generator) -> list[Any]:
    options: list[Any] = [((4,), {}), ((3, 4), {}), ((3, 4), {"axis": 1}), ((2, 3, 4), {"axis": (0, -1)})]
    return [((rng.normal(size=s),), o) for s, o in options]


@bprop(sp.softmax, signature="x, axis=None", infer=_same_type, samples=_rows)
def softmax(g, out, x, *, axis):
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


@bprop(sp.log_softmax, signature="x, axis=None", infer=_same_type, samples=_rows)
def log_softmax(g, out, x, *, axis):
    g = broadcast_like(g, x)
    return g - np.exp(out) * np.sum(g, axis=axis, keepdims=True)


def _logsumexp_type(facts: Facts, a: Any, b: Any, *, axis: Any, keepdims: bool, return_sign: bool) -> Any:
    t = type_of(a)
    if return_sign and t.kind == "complex":
        raise TypeError("scipy.special.logsumexp with return_sign=True is differentiated for real numbers only")
    whole = t if b is None else t.but(shape=facts.broadcast(t.shape, type_of(b).shape), array=True)
    made = reduced_type(facts, whole, axis, keepdims, float_of(t.kind))
    return [made, made] if return_sign else made


def _logsumexp_samples(rng: np.random.Generator) -> list[Any]:
    rows = _rows(rng)
    calls: list[Any] = [*rows, *((args, {**o, "keepdims": True}) for args, o in rows)]
    for args, o in rows:
        [a] = args
        calls += [((a,), {**o, "b": rng.uniform(0.5, 2.0, a.shape[-1:])})]
        b = rng.uniform(0.5, 2.0, a.shape) * (-1.0) ** np.arange(a.shape[-1])
        calls += [((a,), {**o, "b": b, "return_sign": True})]
    return calls


@bprop(sp.logsumexp, signature="a, axis=None, b=None, keepdims=False, return_sign=False", inputs="a b",
       infer=_logsumexp_type, samples=_logsumexp_samples, reals=True)  # fmt: skip
def logsumexp(g, out, a, b, *, axis, keepdims, return_sign):
    """Softmax, weighted by `b`; 0 where all entries are -inf. Of a negative sum it is the logarithm of the size."""
    total, g = (out[0], g[0]) if return_sign else (out, g)
    if g is None:
        return None
    g = g * out[1] if return_sign else g
    shares = restore(g, a, axis, keepdims) * np.exp(a - finite(restore(total, a, axis, keepdims)))
    return (shares, None) if b is None else (unbroadcast(shares * b, a), unbroadcast(shares, b))

"""The continuous distributions of `scipy.stats` that have rules: of each the score and what its shapes do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as st

from .densities import digamma_step
from .families import SQRT_2PI
from .stats import POSITIVE, distribution

SQRT_2, SQRT_2_OVER_PI = math.sqrt(2.0), math.sqrt(2.0 / math.pi)
_SHAPE = [(1.5, 3.0)]
_UNIT: dict[str, Any] = {"low": 0.2, "high": 0.8}


def _as_root(z: Any, c: Any) -> Any:
    """How the c-th root of what does not depend on c moves."""
    return -z * np.log(z) / c


def _tail(u: Any) -> Any:
    """(log(1 + u) - u / (1 + u)) / u**2, by its series near 0."""
    small = np.less(np.abs(u), 0.01)
    far = np.where(small, 1.0, u)
    series = 0.5 - u * (2.0 / 3.0 - u * (0.75 - u * (0.8 - u * (5.0 / 6.0 - u * 6.0 / 7.0))))
    return np.where(small, series, (np.log1p(far) - far / (1.0 + far)) / (far * far))


def mills(z: Any) -> Any:
    """The density of the normal distribution over the distribution function."""
    return SQRT_2_OVER_PI / sp.erfcx(-z / SQRT_2)


# ---- without a shape

distribution(st.norm, lambda z: -z)
distribution(st.uniform, lambda z: 0.0 * z, low=0.1, high=0.9)
distribution(st.expon, lambda z: -1.0 + 0.0 * z, **POSITIVE)
distribution(st.laplace, lambda z: -np.sign(z), low=0.2)
distribution(st.logistic, lambda z: -np.tanh(0.5 * z))
distribution(st.cauchy, lambda z: -2.0 * z / (1.0 + z * z))
distribution(st.gumbel_r, lambda z: np.exp(-z) - 1.0)
distribution(st.gumbel_l, lambda z: 1.0 - np.exp(z))
distribution(st.halfnorm, lambda z: -z, **POSITIVE)
distribution(st.halfcauchy, lambda z: -2.0 * z / (1.0 + z * z), **POSITIVE)
distribution(st.rayleigh, lambda z: 1.0 / z - z, **POSITIVE)
distribution(st.maxwell, lambda z: 2.0 / z - z, **POSITIVE)
distribution(st.levy, lambda z: (0.5 / z - 1.5) / z, **POSITIVE)
distribution(st.wald, lambda z: (0.5 / z - 1.5) / z - 0.5, **POSITIVE)
distribution(st.halflogistic, lambda z: -np.tanh(0.5 * z), **POSITIVE)
distribution(st.hypsecant, lambda z: -np.tanh(z))
distribution(st.moyal, lambda z: 0.5 * np.expm1(-z))
distribution(st.arcsine, lambda z: (z - 0.5) / (z * (1.0 - z)), **_UNIT)
distribution(st.cosine, lambda z: -np.tan(0.5 * z))
distribution(st.anglit, lambda z: -2.0 * np.tan(2.0 * z), low=-0.6, high=0.6)
distribution(st.semicircular, lambda z: -z / ((1.0 - z) * (1.0 + z)), low=-0.8, high=0.8)

# ---- with shapes

distribution(st.gamma, lambda z, a: (a - 1.0) / z - 1.0, lambda z, a: np.log(z) - sp.digamma(a), shapes=_SHAPE,
              **POSITIVE)  # fmt: skip
distribution(st.invgamma, lambda z, a: (1.0 / z - a - 1.0) / z, lambda z, a: -np.log(z) - sp.digamma(a), shapes=_SHAPE,
              **POSITIVE)  # fmt: skip
distribution(st.chi2, lambda z, df: (0.5 * df - 1.0) / z - 0.5,
              lambda z, df: 0.5 * (np.log(0.5 * z) - sp.digamma(0.5 * df)), shapes=_SHAPE, **POSITIVE)  # fmt: skip
distribution(st.pareto, lambda z, b: -(b + 1.0) / z, lambda z, b: 1.0 / b - np.log(z), shapes=_SHAPE, low=1.2,
              high=3.0, moves=(lambda z, b: -z * np.log(z) / b,))  # fmt: skip
distribution(st.lognorm, lambda z, s: -(1.0 + np.log(z) / (s * s)) / z,
              lambda z, s: (np.log(z) ** 2 / (s * s) - 1.0) / s, shapes=[(0.5, 1.5)],
              moves=(lambda z, s: z * np.log(z) / s,), **POSITIVE)  # fmt: skip
distribution(st.weibull_min, lambda z, c: (c - 1.0) / z - c * z ** (c - 1.0),
              lambda z, c: 1.0 / c + np.log(z) * (1.0 - z**c), shapes=_SHAPE,
              moves=(_as_root,), **POSITIVE)  # fmt: skip


distribution(st.beta, lambda z, a, b: (a - 1.0) / z - (b - 1.0) / (1.0 - z),
              lambda z, a, b: np.log(z) + digamma_step(a, b),
              lambda z, a, b: np.log1p(-z) + digamma_step(b, a),
              shapes=[(1.5, 3.0), (0.7, 2.0)], low=0.2, high=0.8)  # fmt: skip


def _t_by_freedom(z: Any, df: Any) -> Any:
    square = z * z / df
    rest = (df + 1.0) * square / (1.0 + square) - 1.0
    return 0.5 * (digamma_step(0.5 * df, 0.5) - np.log1p(square) + rest / df)


distribution(st.t, lambda z, df: -(df + 1.0) * z / (df + z * z), _t_by_freedom, shapes=_SHAPE)


def _f_by(z: Any, n: Any, d: Any, own: Any, factor: Any) -> Any:
    """By a number of degrees of freedom, `own`: the term in z that it multiplies has the derivative `factor`."""
    whole = d + n * z
    logs = np.log(own) + 1.0 - np.log(whole) - (n + d) * factor / whole
    return 0.5 * (logs + digamma_step(0.5 * own, 0.5 * (n + d - own)))


distribution(st.f, lambda z, n, d: (0.5 * n - 1.0) / z - 0.5 * (n + d) * n / (d + n * z),
              lambda z, n, d: _f_by(z, n, d, n, z) + 0.5 * np.log(z), lambda z, n, d: _f_by(z, n, d, d, 1.0),
              shapes=[(2.5, 4.0), (3.0, 5.0)], **POSITIVE)  # fmt: skip
distribution(st.weibull_max, lambda z, c: (c - 1.0) / z + c * (-z) ** (c - 1.0),
             lambda z, c: 1.0 / c + np.log(-z) * (1.0 - (-z) ** c), shapes=_SHAPE, low=-2.0, high=-0.3,
             moves=(lambda z, c: -z * np.log(-z) / c,))  # fmt: skip
distribution(st.invweibull, lambda z, c: (c * z**-c - c - 1.0) / z,
             lambda z, c: 1.0 / c - np.log(z) * (1.0 - z**-c), shapes=_SHAPE, moves=(_as_root,),
             **POSITIVE)  # fmt: skip
distribution(st.powerlaw, lambda z, a: (a - 1.0) / z, lambda z, a: 1.0 / a + np.log(z), shapes=_SHAPE,
             moves=(_as_root,), **_UNIT)  # fmt: skip
distribution(st.lomax, lambda z, c: -(c + 1.0) / (1.0 + z), lambda z, c: 1.0 / c - np.log1p(z), shapes=_SHAPE,
             moves=(lambda z, c: -(1.0 + z) * np.log1p(z) / c,), **POSITIVE)  # fmt: skip
distribution(st.gompertz, lambda z, c: 1.0 - c * np.exp(z), lambda z, c: 1.0 / c - np.expm1(z), shapes=_SHAPE,
             moves=(lambda z, c: np.expm1(-z) / c,), **POSITIVE)  # fmt: skip
distribution(st.fisk, lambda z, c: -(1.0 + c * np.tanh(0.5 * c * np.log(z))) / z,
             lambda z, c: 1.0 / c - np.log(z) * np.tanh(0.5 * c * np.log(z)), shapes=_SHAPE, moves=(_as_root,),
             **POSITIVE)  # fmt: skip
distribution(st.burr12, lambda z, c, d: (c - 1.0 - (d + 1.0) * c * sp.expit(c * np.log(z))) / z,
             lambda z, c, d: 1.0 / c + np.log(z) * (1.0 - (d + 1.0) * sp.expit(c * np.log(z))),
             lambda z, c, d: 1.0 / d - np.log1p(z**c), shapes=_SHAPE * 2, **POSITIVE,
             moves=(lambda z, c, d: _as_root(z, c),
                    lambda z, c, d: -z * np.log1p(z**c) * (1.0 + z**-c) / (c * d)))  # fmt: skip
distribution(st.burr, lambda z, c, d: ((d + 1.0) * c * sp.expit(-c * np.log(z)) - c - 1.0) / z,
             lambda z, c, d: 1.0 / c - np.log(z) * (1.0 - (d + 1.0) * sp.expit(-c * np.log(z))),
             lambda z, c, d: 1.0 / d - np.log1p(z**-c), shapes=_SHAPE * 2, **POSITIVE,
             moves=(lambda z, c, d: _as_root(z, c),
                    lambda z, c, d: z * np.log1p(z**-c) * (1.0 + z**c) / (c * d)))  # fmt: skip
distribution(st.genpareto, lambda z, c: -(1.0 + c) / (1.0 + c * z),
             lambda z, c: z * z * _tail(c * z) - z / (1.0 + c * z), shapes=[(0.2, 1.0)], bounded=True, **POSITIVE,
             moves=(lambda z, c: z * z * _tail(c * z) * (1.0 + c * z),))  # fmt: skip


def _root_of_rest(z: Any, c: Any) -> Any:
    """(1 - c z)**(1 / c), and exp(-z) for c = 0."""
    rest = np.where(np.equal(c, 0.0), 1.0, c)
    return np.exp(np.where(np.equal(c, 0.0), -z, np.log1p(-c * z) / rest))


distribution(st.genextreme, lambda z, c: (_root_of_rest(z, c) - 1.0 + c) / (1.0 - c * z),
             lambda z, c: z / (1.0 - c * z) - z * z * _tail(-c * z) * (1.0 - _root_of_rest(z, c)),
             shapes=[(0.1, 0.4)], bounded=True,
             moves=(lambda z, c: -z * z * _tail(-c * z) * (1.0 - c * z),))  # fmt: skip
distribution(st.loggamma, lambda z, c: c - np.exp(z), lambda z, c: z - sp.digamma(c), shapes=_SHAPE)
distribution(st.nakagami, lambda z, nu: (2.0 * nu - 1.0) / z - 2.0 * nu * z,
             lambda z, nu: 1.0 + np.log(nu) - sp.digamma(nu) + 2.0 * np.log(z) - z * z, shapes=_SHAPE,
             **POSITIVE)  # fmt: skip
distribution(st.chi, lambda z, df: (df - 1.0) / z - z,
             lambda z, df: np.log(z) - 0.5 * (math.log(2.0) + sp.digamma(0.5 * df)), shapes=_SHAPE, **POSITIVE)
distribution(st.invgauss, lambda z, mu: (0.5 / z - 1.5) / z - 0.5 / (mu * mu), lambda z, mu: (z / mu - 1.0) / (mu * mu),
             shapes=_SHAPE, **POSITIVE)  # fmt: skip
distribution(st.fatiguelife, lambda z, c: 1.0 / (1.0 + z) - 1.5 / z - 0.5 * (1.0 - 1.0 / (z * z)) / (c * c),
             lambda z, c: ((z - 1.0) ** 2 / (z * c * c) - 1.0) / c, shapes=_SHAPE, **POSITIVE,
             moves=(lambda z, c: 2.0 * z * (z - 1.0) / (c * (z + 1.0)),))  # fmt: skip
distribution(st.betaprime, lambda z, a, b: (a - 1.0) / z - (a + b) / (1.0 + z),
             lambda z, a, b: np.log(z) - np.log1p(z) + digamma_step(a, b),
             lambda z, a, b: -np.log1p(z) + digamma_step(b, a), shapes=_SHAPE * 2, **POSITIVE)  # fmt: skip
distribution(st.gengamma, lambda z, a, c: (c * a - 1.0) / z - c * z ** (c - 1.0),
             lambda z, a, c: c * np.log(z) - sp.digamma(a), lambda z, a, c: 1.0 / c + np.log(z) * (a - z**c),
             shapes=_SHAPE * 2, **POSITIVE)  # fmt: skip


def _by_power(size: Any, beta: Any) -> Any:
    return (1.0 + sp.digamma(1.0 / beta) / beta) / beta - sp.xlogy(size**beta, size)


distribution(st.gennorm, lambda z, beta: -beta * np.sign(z) * np.abs(z) ** (beta - 1.0),
             lambda z, beta: _by_power(np.abs(z), beta), shapes=_SHAPE, low=0.2)  # fmt: skip
distribution(st.halfgennorm, lambda z, beta: -beta * z ** (beta - 1.0), _by_power, shapes=_SHAPE, **POSITIVE)
distribution(st.dgamma, lambda z, a: (a - 1.0) / z - np.sign(z), lambda z, a: np.log(np.abs(z)) - sp.digamma(a),
             shapes=_SHAPE, low=0.2)  # fmt: skip
distribution(st.dweibull, lambda z, c: (c - 1.0) / z - c * np.sign(z) * np.abs(z) ** (c - 1.0),
             lambda z, c: 1.0 / c + np.log(np.abs(z)) * (1.0 - np.abs(z) ** c), shapes=_SHAPE, low=0.2)  # fmt: skip
distribution(st.foldnorm, lambda z, c: c * np.tanh(c * z) - z, lambda z, c: z * np.tanh(c * z) - c, iterated=True,
             shapes=_SHAPE, **POSITIVE)  # fmt: skip


def _bessel_ratio(x: Any) -> Any:
    return sp.i1e(x) / sp.i0e(x)


distribution(st.rice, lambda z, b: 1.0 / z - z + b * _bessel_ratio(b * z), lambda z, b: z * _bessel_ratio(b * z) - b,
             shapes=_SHAPE, **POSITIVE)  # fmt: skip
distribution(st.vonmises, lambda z, kappa: -kappa * np.sin(z), lambda z, kappa: np.cos(z) - _bessel_ratio(kappa),
             iterated=True, shapes=_SHAPE)  # fmt: skip
distribution(st.skewnorm, lambda z, a: a * mills(a * z) - z, lambda z, a: z * mills(a * z), shapes=_SHAPE)
distribution(st.exponnorm, lambda z, K: mills(z - 1.0 / K) - 1.0 / K,
             lambda z, K: ((z + mills(z - 1.0 / K) - 1.0 / K) / K - 1.0) / K, iterated=True, shapes=_SHAPE)  # fmt: skip
distribution(st.johnsonsu, lambda z, a, b: -z / (1.0 + z * z) - (a + b * np.arcsinh(z)) * b / np.hypot(1.0, z),
             lambda z, a, b: -(a + b * np.arcsinh(z)),
             lambda z, a, b: 1.0 / b - (a + b * np.arcsinh(z)) * np.arcsinh(z),
             shapes=_SHAPE * 2, moves=(lambda z, a, b: -np.hypot(1.0, z) / b,
                                       lambda z, a, b: -np.hypot(1.0, z) * np.arcsinh(z) / b))  # fmt: skip
distribution(st.truncexpon, lambda z, b: -1.0 + 0.0 * z, lambda z, b: -1.0 / np.expm1(b) + 0.0 * z, shapes=[(2.5, 4.0)],
             **POSITIVE)  # fmt: skip
distribution(st.bradford, lambda z, c: -c / (1.0 + c * z),
             lambda z, c: 1.0 / c - 1.0 / ((1.0 + c) * np.log1p(c)) - z / (1.0 + c * z), shapes=_SHAPE, **_UNIT)
distribution(st.triang, lambda z, c: np.where(np.less(z, c), 1.0 / z, -1.0 / (1.0 - z)),
             lambda z, c: np.where(np.less(z, c), -1.0 / c, 1.0 / (1.0 - c)), shapes=[(0.1, 0.15)], **_UNIT)
for _dist in (st.loguniform, st.reciprocal):
    distribution(_dist, lambda z, a, b: -1.0 / z, lambda z, a, b: 1.0 / (a * np.log(b / a)) + 0.0 * z,
                 lambda z, a, b: -1.0 / (b * np.log(b / a)) + 0.0 * z, shapes=[(0.1, 0.3), (2.5, 4.0)], bounded=True,
                 moves=(lambda z, a, b: z * np.log(b / z) / (a * np.log(b / a)),
                        lambda z, a, b: z * np.log(z / a) / (b * np.log(b / a))), **POSITIVE)  # fmt: skip


def _log_mass(a: Any, b: Any) -> Any:
    """The logarithm of the probability that a normal variable lies between a and b."""
    right = np.greater(a, 0.0)
    upper, lower = sp.log_ndtr(np.where(right, -a, b)), sp.log_ndtr(np.where(right, -b, a))
    return upper + np.log1p(-np.exp(lower - upper))


def _edge(own: Any, a: Any, b: Any) -> Any:
    """The density of a truncated normal distribution at an edge."""
    return np.exp(-0.5 * own * own - _log_mass(a, b)) / SQRT_2PI


distribution(st.truncnorm, lambda z, a, b: -z, lambda z, a, b: _edge(a, a, b) + 0.0 * z,
             lambda z, a, b: -_edge(b, a, b) + 0.0 * z, shapes=[(-3.0, -2.1), (2.1, 3.0)], bounded=True)  # fmt: skip

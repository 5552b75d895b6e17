"""Rules of the distributions of `scipy.stats`: densities, distribution functions and quantiles, of continuous ones.

A distribution is said by its score, the derivative of the logarithm of the density of the standard one, with z for
(x - loc) / scale, and by the derivatives of that logarithm by the shape parameters. All else follows. Derivatives of
distribution functions and quantiles by a shape parameter have no closed form and are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats as st

from ..primitives import apply
from ..registry import Unknown, elementwise, refuse

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"


def _summed_back(rule: Any, count: int) -> Any:
    """A rule of (x, *shapes, loc, scale), called with the shapes apart."""
    return lambda g, out, x, *rest: rule(g, out, x, rest[:count], *rest[count:])


def _distribution(dist: Any, score: Callable[..., Any], *by_shape: Callable[..., Any], shapes: Any = (),
                  low: float = -2.0, high: float = 2.0) -> None:  # fmt: skip
    """Declare the functions of a distribution. shapes: intervals for its shape parameters, low and high for z."""
    count, name = len(by_shape), dist.name

    def unknown(what: str) -> list[Unknown]:
        message = f"the derivative of scipy.stats.{name}.{what} by a shape parameter has no closed form"
        return [Unknown(message, "pass it as an argument that is no target")] * count

    def slopes(g: Any, x: Any, given: Any, loc: Any, scale: Any, inside: Any) -> list[Any]:
        """What the logarithm of a density sends; nothing where the density is 0."""

        def kept(slope: Any) -> Any:
            return slope if inside is None else np.where(inside, slope, 0.0)

        z = (x - loc) / scale
        slope = kept(score(z, *given))
        x_bar = g * slope / scale
        return [x_bar, *(g * kept(part(z, *given)) for part in by_shape), -x_bar, -g * kept(1.0 + z * slope) / scale]

    def logpdf(g, out, x, given, loc, scale):
        everywhere = dist.a == -np.inf and dist.b == np.inf
        return slopes(g, x, given, loc, scale, None if everywhere else np.greater(out, -np.inf))

    def pdf(g, out, x, given, loc, scale):
        return slopes(g * out, x, given, loc, scale, np.greater(out, 0.0))

    def moved(density: Any, what: str, x: Any, loc: Any, scale: Any) -> list[Any]:
        """What a function of z gets, given its cotangent times its derivative by x."""
        return [density, *unknown(what), -density, -density * ((x - loc) / scale)]

    def distributed(what: str, factor: Callable[..., Any]) -> Any:
        def rule(g, out, x, given, loc, scale):
            args = (x, *given, loc, scale)
            return moved(g * factor(out, args), what, x, loc, scale)

        return rule

    def quantile(what: str, sign: float) -> Any:
        def rule(g, out, q, given, loc, scale):
            density = apply(dist.pdf, out, *given, loc, scale)
            return [sign * g / density, *unknown(what), g, g * ((out - loc) / scale)]

        return rule

    def share(sign: float) -> Any:
        return lambda out, args: sign * np.exp(apply(dist.logpdf, *args) - out)

    rules = {
        "logpdf": logpdf,
        "pdf": pdf,
        "cdf": distributed("cdf", lambda out, args: apply(dist.pdf, *args)),
        "sf": distributed("sf", lambda out, args: -apply(dist.pdf, *args)),
        "logcdf": distributed("logcdf", share(1.0)),
        "logsf": distributed("logsf", share(-1.0)),
        "ppf": quantile("ppf", 1.0),
        "isf": quantile("isf", -1.0),
    }
    names = [s.strip() for s in (dist.shapes or "").split(",") if s]

    def samples(method: str) -> Any:
        def draw(rng: np.random.Generator) -> list[Any]:
            calls: list[Any] = []
            for s in ((), (3,), (2, 1)):
                given: list[Any] = [rng.uniform(a, b, s) for a, b in shapes]
                x = rng.uniform(0.2, 0.8, s) if method in ("ppf", "isf") else rng.uniform(low, high, s)
                known = method in ("pdf", "logpdf")
                given = [np.asarray(v) for v in given] if known else [float(np.mean(v)) for v in given]
                calls += [((np.asarray(x), *given), {}),
                          ((np.asarray(0.3 + 1.3 * x if method[-2:] != "pf" and method != "isf" else x), *given),
                           {"loc": np.asarray(0.3), "scale": np.full(s[-1:], 1.3)})]  # fmt: skip
            return calls

        return draw

    for method, rule in rules.items():
        elementwise(getattr(dist, method), _summed_back(rule, count), name=f"{name}.{method}",
                    signature=", ".join(["q" if method in ("ppf", "isf") else "x", *names, "loc=0", "scale=1"]),
                    inputs=" ".join(["q" if method in ("ppf", "isf") else "x", *names, "loc", "scale"]),
                    samples=samples(method), reals=True)  # fmt: skip
    refuse(dist, "rvs", "what is drawn does not vary with its parameters",
           "draw from the standard distribution beforehand, pass that, and scale it")  # fmt: skip
    refuse(dist, "entropy expect fit fit_loc_scale freeze interval mean median moment nnlf stats std support var",
           "gradgen has no rule for it", ASIDE)  # fmt: skip


POSITIVE = {"low": 0.3, "high": 2.0}
_SHAPE = [(1.5, 3.0)]
_distribution(st.norm, lambda z: -z)
_distribution(st.uniform, lambda z: 0.0 * z, low=0.1, high=0.9)
_distribution(st.expon, lambda z: -1.0 + 0.0 * z, **POSITIVE)
_distribution(st.laplace, lambda z: -np.sign(z), low=0.2)
_distribution(st.logistic, lambda z: -np.tanh(0.5 * z))
_distribution(st.cauchy, lambda z: -2.0 * z / (1.0 + z * z))
_distribution(st.gumbel_r, lambda z: np.exp(-z) - 1.0)
_distribution(st.gumbel_l, lambda z: 1.0 - np.exp(z))
_distribution(st.halfnorm, lambda z: -z, **POSITIVE)
_distribution(st.halfcauchy, lambda z: -2.0 * z / (1.0 + z * z), **POSITIVE)
_distribution(st.rayleigh, lambda z: 1.0 / z - z, **POSITIVE)
_distribution(st.gamma, lambda z, a: (a - 1.0) / z - 1.0, lambda z, a: np.log(z) - sp.digamma(a), shapes=_SHAPE,
              **POSITIVE)  # fmt: skip
_distribution(st.invgamma, lambda z, a: (1.0 / z - a - 1.0) / z, lambda z, a: -np.log(z) - sp.digamma(a), shapes=_SHAPE,
              **POSITIVE)  # fmt: skip
_distribution(st.chi2, lambda z, df: (0.5 * df - 1.0) / z - 0.5,
              lambda z, df: 0.5 * (np.log(0.5 * z) - sp.digamma(0.5 * df)), shapes=_SHAPE, **POSITIVE)  # fmt: skip
_distribution(st.pareto, lambda z, b: -(b + 1.0) / z, lambda z, b: 1.0 / b - np.log(z), shapes=_SHAPE, low=1.2,
              high=3.0)  # fmt: skip
_distribution(st.lognorm, lambda z, s: -(1.0 + np.log(z) / (s * s)) / z,
              lambda z, s: (np.log(z) ** 2 / (s * s) - 1.0) / s, shapes=[(0.5, 1.5)], **POSITIVE)  # fmt: skip
_distribution(st.weibull_min, lambda z, c: (c - 1.0) / z - c * z ** (c - 1.0),
              lambda z, c: 1.0 / c + np.log(z) * (1.0 - z**c), shapes=_SHAPE, **POSITIVE)  # fmt: skip


def _both(a: Any, b: Any) -> Any:
    return sp.digamma(a + b)


_distribution(st.beta, lambda z, a, b: (a - 1.0) / z - (b - 1.0) / (1.0 - z),
              lambda z, a, b: np.log(z) - sp.digamma(a) + _both(a, b),
              lambda z, a, b: np.log1p(-z) - sp.digamma(b) + _both(a, b),
              shapes=[(1.5, 3.0), (0.7, 2.0)], low=0.2, high=0.8)  # fmt: skip


def _t_by_freedom(z: Any, df: Any) -> Any:
    square = z * z / df
    rest = (df + 1.0) * square / (1.0 + square) - 1.0
    return 0.5 * (sp.digamma(0.5 * (df + 1.0)) - sp.digamma(0.5 * df) - np.log1p(square) + rest / df)


_distribution(st.t, lambda z, df: -(df + 1.0) * z / (df + z * z), _t_by_freedom, shapes=_SHAPE)


def _f_by(z: Any, n: Any, d: Any, own: Any, factor: Any) -> Any:
    """By a number of degrees of freedom, `own`: the term in z that it multiplies has the derivative `factor`."""
    whole = d + n * z
    logs = np.log(own) + 1.0 - np.log(whole) - (n + d) * factor / whole
    return 0.5 * (logs - sp.digamma(0.5 * own) + sp.digamma(0.5 * (n + d)))


_distribution(st.f, lambda z, n, d: (0.5 * n - 1.0) / z - 0.5 * (n + d) * n / (d + n * z),
              lambda z, n, d: _f_by(z, n, d, n, z) + 0.5 * np.log(z), lambda z, n, d: _f_by(z, n, d, d, 1.0),
              shapes=[(2.5, 4.0), (3.0, 5.0)], **POSITIVE)  # fmt: skip

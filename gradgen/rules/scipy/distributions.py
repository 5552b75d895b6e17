"""Rules of the distribution functions of `scipy.special`, by their argument: densities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from ..primitives import cast_like
from ..registry import elementwise
from .densities import beta_density, gamma_density
from .families import (
    by_last,
    constant,
    unknown,
)

# ---- distribution functions, by their argument


def binomial_density(n: Any, k: Any, p: Any) -> Any:
    """The derivative of the binomial distribution function by p, up to its sign."""
    k = constant(np.floor, p, k)
    logarithm = sp.xlogy(k, p) + sp.xlog1py(n - k - 1, -p) - constant(sp.betaln, p, n - k, k + 1)
    return cast_like(np.exp(logarithm), p)


def poisson_density(k: Any, m: Any) -> Any:
    k = constant(np.floor, m, k)
    return cast_like(np.exp(sp.xlogy(k, m) - m - constant(sp.gammaln, m, k + 1.0)), m)


def f_density(n: Any, d: Any, x: Any) -> Any:
    """The density of the F distribution."""
    return beta_density(0.5 * n, 0.5 * d, n * x / (n * x + d)) * n * d / (n * x + d) ** 2


def t_scale(df: Any) -> Any:
    return sp.poch(0.5 * df, 0.5) / np.sqrt(math.pi * df)


def t_density(df: Any, t: Any) -> Any:
    """The density of Student's distribution."""
    return constant(t_scale, t, df) * np.exp(-0.5 * (df + 1.0) * np.log1p(t * t / df))


def gdtr(sign: float) -> Any:
    """The gamma distribution is a function of a x."""

    def rule(g, out, a, b, x):
        density = sign * gamma_density(b, a * x)
        return g * density * x, unknown("gdtr by its shape b"), g * density * a

    return rule


_BINOMIAL, _POISSON, _CHI = [((2.0, 5), 0.2, 0.8)], [((2.0,), 0.5, 4.0)], [((3.0,), 0.5, 4.0)]
by_last(sp.bdtr, lambda out, k, n, p: -binomial_density(n, k, p), _BINOMIAL, "k, n, p")
by_last(sp.bdtrc, lambda out, k, n, p: binomial_density(n, k, p), _BINOMIAL, "k, n, p")
by_last(sp.nbdtr, lambda out, k, n, p: beta_density(n, k + 1, p), [((2, 5), 0.2, 0.8)], "k, n, p")
by_last(sp.nbdtrc, lambda out, k, n, p: -beta_density(n, k + 1, p), [((2, 5), 0.2, 0.8)], "k, n, p")
by_last(sp.pdtr, lambda out, k, m: -poisson_density(k, m), _POISSON, "k, m")
by_last(sp.pdtrc, lambda out, k, m: poisson_density(k, m), _POISSON, "k, m")
by_last(sp.chdtr, lambda out, v, x: 0.5 * gamma_density(0.5 * v, 0.5 * x), _CHI, "v, x")
by_last(sp.chdtrc, lambda out, v, x: -0.5 * gamma_density(0.5 * v, 0.5 * x), _CHI, "v, x")
by_last(sp.chdtri, lambda out, v, p: -2.0 / gamma_density(0.5 * v, 0.5 * out), [((3.0,), 0.2, 0.8)], "v, p")
by_last(sp.fdtr, lambda out, n, d, x: f_density(n, d, x), [((3.0, 4.0), 0.5, 3.0)], "n, d, x")
by_last(sp.fdtrc, lambda out, n, d, x: -f_density(n, d, x), [((3.0, 4.0), 0.5, 3.0)], "n, d, x")
by_last(sp.fdtri, lambda out, n, d, p: 1.0 / f_density(n, d, out), [((3.0, 4.0), 0.2, 0.8)], "n, d, p")
by_last(sp.stdtr, lambda out, df, t: t_density(df, t), [((3.0,), -2.0, 2.0)], "df, t")
by_last(sp.stdtrit, lambda out, df, p: 1.0 / t_density(df, out), [((3.0,), 0.2, 0.8)], "df, p")
for _fn, _sign in ((sp.gdtr, 1.0), (sp.gdtrc, -1.0)):
    elementwise(_fn, gdtr(_sign), signature="a, b, x",
                samples=lambda rng: [((rng.uniform(0.5, 2.0, s), 1.5, rng.uniform(0.5, 2.0, 3)), {})
                                     for s in ((3,), (2, 1))])  # fmt: skip


"""Snippets that keep their digits where parameters are large: densities, and differences of digamma functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
import scipy.special as sp

from ...graph import type_of
from ...shapes import Facts, Type, join_kinds
from ..primitives import apply
from ..registry import primitive


def _joined(facts: Facts, *args: Any) -> Type:
    kind = join_kinds("float", *(type_of(x).kind for x in args))
    return Type(kind, facts.broadcast(*(type_of(x).shape for x in args)), array=True)


def stirling_rest(a: Any) -> Any:
    """What log(gamma(a)) is beyond Stirling's (a - 1 / 2) log(a) - a + log(2 pi) / 2 (DLMF 5.11.1)"""
    large = a > 10.0
    far, near = np.where(large, a, 10.0), np.where(large, 10.0, a)
    square = 1.0 / (far * far)
    coefficients = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
    series = np.polynomial.polynomial.polyval(square, coefficients) / far
    rest = scipy.special.gammaln(near) - (near - 0.5) * np.log(near) + near - 0.5 * np.log(2.0 * np.pi)
    return np.where(large, series, rest)


def log_less_linear(x: Any, p: Any) -> Any:
    """log(x / p) - (x / p - 1), which is small where x is near p."""
    u = (x - p) / p
    near = np.abs(u) < 0.5
    return np.where(near, np.log1p(np.where(near, u, 0.0)), np.log(np.where(near, 1.0, x / p))) - u


def _gamma_rule(g: Any, out: Any, a: Any, x: Any) -> Any:
    return g * out * (np.log(x) - sp.digamma(a)), g * out * ((a - 1.0) / x - 1.0)


@primitive(signature="a, x", rule=_gamma_rule, infer=_joined, elementwise=True)
def gamma_density(a: Any, x: Any) -> Any:
    """x**(a - 1) exp(-x) / gamma(a), with what is large taken out (Loader 2000)."""
    inside = x > 0.0
    y = np.where(inside, x, 1.0)
    out = np.sqrt(a / (2.0 * np.pi)) / y * np.exp(a * log_less_linear(y, a) - stirling_rest(a))
    edge = np.exp(scipy.special.xlogy(a - 1.0, np.where(inside, 1.0, x)) - scipy.special.gammaln(a))
    return np.where(inside, out, edge).astype(np.result_type(x, 0.0))[()]


def _beta_rule(g: Any, out: Any, a: Any, b: Any, x: Any) -> Any:
    return (g * out * (np.log(x) + digamma_step(a, b)), g * out * (np.log1p(-x) + digamma_step(b, a)),
            g * out * ((a - 1.0) / x - (b - 1.0) / (1.0 - x)))  # fmt: skip


@primitive(signature="a, b, x", rule=_beta_rule, infer=_joined, elementwise=True)
def beta_density(a: Any, b: Any, x: Any) -> Any:
    """x**(a - 1) (1 - x)**(b - 1) / beta(a, b), with what is large taken out (Loader 2000)."""
    inside = (x > 0.0) & (x < 1.0)
    n, y = a + b, np.where(inside, x, 0.5)
    logarithm = a * log_less_linear(y, a / n) + b * log_less_linear(1.0 - y, b / n)
    logarithm = logarithm - stirling_rest(a) - stirling_rest(b) + stirling_rest(n)
    out = np.sqrt(a / n * b / (2.0 * np.pi)) / (y * (1.0 - y)) * np.exp(logarithm)
    ends = np.where(inside, 0.5, x)
    powers = scipy.special.xlogy(a - 1.0, ends) + scipy.special.xlog1py(b - 1.0, -ends)
    edge = np.exp(powers - scipy.special.betaln(a, b))
    return np.where(inside, out, edge).astype(np.result_type(x, 0.0))[()]


def _step_rule(g: Any, out: Any, a: Any, b: Any) -> Any:
    end = apply(sp.zeta, 2.0, a + b)
    return g * (end - apply(sp.zeta, 2.0, a)), g * end


@primitive(signature="a, b", rule=_step_rule, infer=_joined, elementwise=True)
def digamma_step(a: Any, b: Any) -> Any:
    """digamma(a + b) - digamma(a), by its Taylor series where `b` is small beside `a` (DLMF 5.15.1)"""
    small = np.abs(b) < 0.05 * np.abs(a)
    start, step = np.where(small, a, 1.0), np.where(small, b, 0.0)
    series = np.zeros(np.shape(small))
    for k in range(13, 1, -1):
        series = step * (scipy.special.zeta(float(k), start) - series)
    out = np.where(small, series, scipy.special.digamma(a + b) - scipy.special.digamma(a))
    return out.astype(np.result_type(a, b, 0.0))[()]

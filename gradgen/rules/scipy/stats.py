"""How distributions of `scipy.stats` get their rules, and those of several variables.

A continuous distribution is said by its score, the derivative of the logarithm of the density of the standard one, with
z for (x - loc) / scale, and by the derivatives of that logarithm by the shape parameters. All else follows, but for the
derivatives of distribution functions and quantiles by a shape parameter: these follow from how a quantile moves with
it, where that is known in closed form, and are refused elsewhere. A discrete distribution is said by the derivatives of
the logarithm of its probabilities by its parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as st

from ...graph import type_of
from ...shapes import Facts, ShapeVar, Type, float_of
from ..elementwise import finite
from ..linalg import positive
from ..primitives import apply, unbroadcast
from ..registry import Unknown, elementwise, ndim, refuse, register

POSITIVE: dict[str, Any] = {"low": 0.3, "high": 2.0}
ASIDE = "keep it beside what is differentiated, or pass its result as an argument"


def _summed_back(rule: Any, count: int) -> Any:
    """A rule of (x, *shapes, loc, scale), called with the shapes apart."""
    return lambda g, out, x, *rest: rule(g, out, x, rest[:count], *rest[count:])


def refuse_others(dist: Any) -> None:
    refuse(dist, "rvs", "what is drawn does not vary with its parameters",
           "draw from the standard distribution beforehand, pass that, and scale it")  # fmt: skip
    refuse(dist, "entropy expect fit fit_loc_scale freeze interval mean median moment nnlf stats std support var",
           "gradgen has no rule for it", ASIDE)  # fmt: skip


def distribution(dist: Any, score: Callable[..., Any], *by_shape: Callable[..., Any], shapes: Any = (),
                 low: float = -2.0, high: float = 2.0, bounded: bool | None = None,
                 moves: tuple[Callable[..., Any] | None, ...] = (), iterated: bool = False) -> None:  # fmt: skip
    """Declare the functions of a distribution. shapes: intervals for its shape parameters, low and high for z.

    bounded: whether densities may be zero, if the distribution does not say so itself. moves: the derivatives of a
    quantile z of the standard distribution by the shape parameters. iterated: whether SciPy finds quantiles by
    iterating, which is refused.
    """
    count, name = len(by_shape), dist.name
    everywhere = dist.a == -np.inf and dist.b == np.inf if bounded is None else not bounded
    moves = moves or (None,) * count

    def unknown(what: str) -> Unknown:
        message = f"the derivative of scipy.stats.{name}.{what} by a shape parameter has no closed form"
        return Unknown(message, "pass it as an argument that is no target")

    middle = 0.5 * (low + high)

    def within(inside: Any, z: Any) -> Any:
        """z where the density is not 0, and a number that any distribution has there elsewhere."""
        return z if everywhere else np.where(inside, z, middle)

    def slopes(g: Any, inside: Any, x: Any, given: Any, loc: Any, scale: Any) -> list[Any]:
        """What the logarithm of a density sends; nothing where the density is 0."""
        z = within(inside, (x - loc) / scale)
        slope = score(z, *given)
        x_bar = g * slope / scale
        return [x_bar, *(g * part(z, *given) for part in by_shape), -x_bar, -g * (1.0 + z * slope) / scale]

    def logpdf(g, out, x, given, loc, scale):
        inside = None if everywhere else np.greater(out, -np.inf)
        return slopes(g if everywhere else np.where(inside, g, 0.0), inside, x, given, loc, scale)

    def pdf(g, out, x, given, loc, scale):
        return slopes(g * out, None if everywhere else np.greater(out, 0.0), x, given, loc, scale)

    def by_shapes(g: Any, what: str, z: Any, given: Any) -> list[Any]:
        """What the shape parameters get, given the cotangent of the quantile z."""
        return [unknown(what) if move is None else g * move(z, *given) for move in moves]

    def distributed(what: str, factor: Callable[..., Any]) -> Any:
        def rule(g, out, x, given, loc, scale):
            """The density, by what it is the derivative of; a shape moves the quantile, which goes the other way."""
            density, z = g * factor(out, (x, *given, loc, scale)), (x - loc) / scale
            moved = within(np.not_equal(density, 0.0), z) if any(moves) else z
            return [density, *by_shapes(-scale * density, what, moved, given), -density, -density * z]

        return rule

    def quantile(what: str, sign: float) -> Any:
        def rule(g, out, q, given, loc, scale):
            density, z = apply(dist.pdf, out, *given, loc, scale), (out - loc) / scale
            return [sign * g / density, *by_shapes(g * scale, what, z, given), g, g * z]

        return rule

    def share(sign: float) -> Any:
        return lambda out, args: sign * np.exp(apply(dist.logpdf, *args) - finite(out))

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
    if iterated:
        del rules["ppf"], rules["isf"]
        refuse(dist, "ppf isf", "it is found by iterating", ASIDE)
    names = [s.strip() for s in (dist.shapes or "").split(",") if s]

    def samples(method: str) -> Any:
        def draw(rng: np.random.Generator) -> list[Any]:
            calls: list[Any] = []
            for s in ((), (3,), (2, 1)):
                given: list[Any] = [rng.uniform(a, b, s) for a, b in shapes]
                x = rng.uniform(0.2, 0.8, s) if method in ("ppf", "isf") else rng.uniform(low, high, s)
                known = method in ("pdf", "logpdf") or None not in moves
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
    refuse_others(dist)


def probabilities(dist: Any, *by_parameter: Callable[..., Any] | None, parameters: Any, places: Any = (0, 1, 2, 3),
                  beyond: Callable[..., Any] | None = None) -> None:  # fmt: skip
    """Declare the functions of a discrete distribution: the derivatives of the logarithm of a probability, given the
    number k and the parameters, None for one that is an integer.

    parameters: values of these, with which it is tested at `places`. beyond: the derivative of the probability of all
    that is larger than k by its only parameter that varies, if that has a closed form.
    """
    name = dist.name

    def sent(g: Any, inside: Any, k: Any, rest: Any) -> list[Any]:
        number = k - rest[-1]
        bars = [None if part is None else g * np.where(inside, part(number, *rest[:-1]), 0.0) for part in by_parameter]
        return [None, *bars, None]

    def cumulative(factor: Callable[[Any], Any]) -> Any:
        def rule(g, out, k, *rest):
            assert beyond is not None
            bar = g * factor(out) * beyond(np.floor(k - rest[-1]), *rest[:-1])
            return [None, *(None if part is None else bar for part in by_parameter), None]

        return rule

    rules: dict[str, Any] = {
        "logpmf": lambda g, out, k, *rest: sent(g, np.greater(out, -np.inf), k, rest),
        "pmf": lambda g, out, k, *rest: sent(g * out, np.greater(out, 0.0), k, rest),
    }
    if beyond is not None:
        rules |= {
            "cdf": cumulative(lambda out: -1.0),
            "sf": cumulative(lambda out: 1.0),
            "logcdf": cumulative(lambda out: -np.exp(-finite(out))),
            "logsf": cumulative(lambda out: np.exp(-finite(out))),
        }
    names = [s.strip() for s in (dist.shapes or "").split(",") if s]
    def samples(method: str) -> Any:
        ks = np.array(places[: None if method[-3:] == "pmf" else -1])
        return lambda rng: drawn(rng, ks)

    def drawn(rng: np.random.Generator, ks: Any) -> list[Any]:
        given = [p if part is None else np.asarray(p) for p, part in zip(parameters, by_parameter, strict=True)]
        several = [p if part is None else p * rng.uniform(0.8, 1.0, ks.shape)
                   for p, part in zip(parameters, by_parameter, strict=True)]  # fmt: skip
        return [((ks, *given), {}), ((ks[-1], *given), {}), ((ks + 1, *several), {"loc": 1})]

    for method, rule in rules.items():
        elementwise(getattr(dist, method), rule, name=f"{name}.{method}", signature=", ".join(["k", *names, "loc=0"]),
                    inputs=" ".join(["k", *names, "loc"]), reals=True, samples=samples(method))  # fmt: skip
    if beyond is None:
        refuse(dist, "cdf sf logcdf logsf", "its derivative by a parameter has no closed form", ASIDE)
    refuse(dist, "ppf isf", "it is a whole number", ASIDE)
    refuse_others(dist)


# ---- of several variables


def _normals_type(facts: Facts, x: Any, mean: Any, cov: Any, *, allow_singular: bool) -> Type:
    if allow_singular:
        raise TypeError("a normal distribution with allow_singular=True is not differentiated; leave it out")
    if ndim(cov) != 2 or ndim(x) not in (1, 2):
        raise TypeError("a normal distribution of several variables needs its covariance as a matrix, and x and it of"
                        " known rank: declare their shapes")  # fmt: skip
    dims = type_of(x).shape
    assert not isinstance(dims, ShapeVar)
    return Type(float_of(type_of(x).kind), dims[:-1], array=True)


def _normals(of_logarithm: bool) -> Any:
    def rule(g, out, x, mean, cov, **_):
        """With d = x - mean and y = cov^-1 d: x_bar = -g y, and cov_bar = (y g y^T - cov^-1 times the sum of g) / 2."""
        g = g if of_logarithm else g * out
        distance = x if mean is None else x - mean
        y = np.linalg.solve(cov, distance if ndim(x) == 1 else distance.T)
        y = y if ndim(x) == 1 else y.T
        x_bar = -(g * y) if ndim(x) == 1 else -(np.expand_dims(g, -1) * y)
        inverse = np.linalg.inv(cov)
        cov_bar = 0.5 * (g * (np.outer(y, y) - inverse) if ndim(x) == 1 else -(x_bar.T @ y) - np.sum(g) * inverse)
        return x_bar, None if mean is None else unbroadcast(-x_bar, mean), cov_bar

    return rule


def _normals_samples(rng: np.random.Generator) -> list[Any]:
    return [((rng.normal(size=s), *mean, positive(rng, 3, 3)), {})
            for s in ((3,), (4, 3)) for mean in ([rng.normal(size=3)], [None])]  # fmt: skip


for _what in ("logpdf", "pdf"):
    register(getattr(st.multivariate_normal, _what), name=f"multivariate_normal.{_what}", inputs="x mean cov",
             signature="x, mean=None, cov=1, allow_singular=False", rule=_normals(_what == "logpdf"), reals=True,
             infer=_normals_type, samples=_normals_samples)  # fmt: skip

"""Rules of `scipy.integrate`: sums over sampled curves, each a weight for every height. What integrates a function that
is given is refused, but for `fixed_quad`, whose source is read: it calls the function on an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate as si

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Facts, ShapeVar, Size, Type, dim_add, float_of
from .. import scans
from ..indices import along
from ..primitives import apply, length
from ..primitives import dtype as dtype_of
from ..reductions import axes_of, reduced_type
from ..registry import Unknown, bprop, ndim, primitive, refuse, register
from ..snippets import like_second

BY_PLACES = Unknown("Simpson's rule is differentiated by the heights of a curve and an even spacing, not by the places",
                    "write the sum out, or use the trapezoidal rule")

if hasattr(np, "trapezoid"):
    register(si.trapezoid, name="trapezoid", signature="y, x=None, dx=1.0, axis=-1", inputs="y x dx",
             rule=scans._trapezoid_rule, infer=scans._trapezoid_type, samples=scans._trapezoid_samples)  # fmt: skip


def _running_type(facts: Facts, y: Any, x: Any, dx: Any, *, axis: int, initial: Any) -> Type:
    dims = type_of(y).shape
    if isinstance(dims, ShapeVar) or x is not None and ndim(x) != 1:
        raise TypeError("running integrals of SciPy need curves of known rank, and points `x` in a row: declare their"
                        " shapes")  # fmt: skip
    at = axes_of(axis, len(dims))[0]
    shorter = [_less(d) if i == at and initial is None else d for i, d in enumerate(dims)]
    return Type(float_of(type_of(y).kind), tuple(shorter), array=True)


def _less(d: Size) -> Size:
    return max(d - 1, 0) if isinstance(d, int) else dim_add(d, 1, -1)


def _running_samples(rng: np.random.Generator) -> list[Any]:
    calls = scans._trapezoid_samples(rng)
    return [*calls, *((args, {**o, "initial": 0}) for args, o in calls), ((rng.normal(size=2),), {})]


def _of_intervals(g: Any, initial: Any, axis: int) -> Any:
    """What the integral over each interval gets of the running one."""
    g = g if initial is None else g[along(axis, slice(1, None), g)]
    return scans.reverse(np.cumsum(scans.reverse(g, axis), axis=axis), axis)


@bprop(si.cumulative_trapezoid, signature="y, x=None, dx=1.0, axis=-1, initial=None", inputs="y x dx",
       infer=_running_type, samples=_running_samples)  # fmt: skip
def cumulative_trapezoid(g, out, y, x, dx, *, axis, initial):
    """Each area gets the sum of all that it went into; then as for `np.trapezoid`."""
    return scans.areas_bar(_of_intervals(g, initial, axis), y, x, dx, axis)


# ---- by parabolas


def _weights_type(facts: Facts, y: Any, x: Any, dx: Any, *, axis: int) -> Type:
    dims = type_of(y).shape
    assert not isinstance(dims, ShapeVar)
    after = len(dims) - 1 - axis % len(dims)
    return Type("float", (dims[axis], *[1] * after), array=True)


def _by_spacing(g: Any, out: Any, x: Any, dx: Any) -> Any:
    """What is proportional to the spacing, unless places are given."""
    return None if x is not None else np.sum(g * out) / dx


@primitive(signature="y, x, dx, axis=-1", inputs="y x dx", infer=_weights_type,
           rule=lambda h, out, y, x, dx, *, axis: (None, None, _by_spacing(h, out, x, dx)))  # fmt: skip
def simpson_weights(y: Any, x: Any, dx: Any, axis: int = -1) -> Any:
    """By what `scipy.integrate.simpson` multiplies the heights along an axis: parabolas through three points each, and
    half of one more where there are an even number of points."""
    n = y.shape[axis]
    h = np.full(n - 1, dx) if x is None else np.diff(x)
    weights = np.zeros(n)
    a, b = h[: n - 2 : 2], h[1 : n - 1 : 2]
    a, total = a[: len(b)], a[: len(b)] + b
    weights[: 2 * len(b) : 2] += total / 6.0 * (2.0 - b / a)
    weights[1 : 2 * len(b) + 1 : 2] += total**3 / (6.0 * a * b)
    weights[2 : 2 * len(b) + 2 : 2] += total / 6.0 * (2.0 - a / b)
    if n == 2:
        weights[:] = 0.5 * h[0]
    elif n % 2 == 0:
        before, last = h[-2], h[-1]
        weights[-1] += (2.0 * last**2 + 3.0 * before * last) / (6.0 * (before + last))
        weights[-2] += (last**2 + 3.0 * before * last) / (6.0 * before)
        weights[-3] -= last**3 / (6.0 * before * (before + last))
    after = y.ndim - 1 - axis % y.ndim
    return weights.reshape(-1, *[1] * after).astype(np.result_type(y, 0.0))


def _simpson_type(facts: Facts, y: Any, x: Any, dx: Any, *, axis: int) -> Type:
    if ndim(y) is None or x is not None and ndim(x) != 1:
        raise TypeError("scipy.integrate.simpson needs a curve of known rank, and points `x` in a row: declare their"
                        " shapes")  # fmt: skip
    return reduced_type(facts, y, axis, False, float_of(type_of(y).kind))


def _simpson_samples(rng: np.random.Generator) -> list[Any]:
    x = [float(v) for v in np.cumsum(rng.uniform(0.5, 1.0, 6))]
    calls: list[Any] = [((rng.normal(size=n),), {"x": at}) for n in (2, 3, 4, 5, 6) for at in (None, tuple(x[:n]))]
    return [*calls, ((rng.normal(size=(4, 3)),), {"axis": 0}), ((rng.normal(size=5),), {"dx": np.array(0.3)})]


@bprop(si.simpson, signature="y, x=None, dx=1.0, axis=-1", inputs="y x dx", infer=_simpson_type,
       samples=_simpson_samples)  # fmt: skip
def simpson(g, out, y, x, dx, *, axis):
    """Each height gets its weight."""
    y_bar = (g if ndim(y) == 1 else np.expand_dims(g, axis)) * simpson_weights(y, x, dx, axis=axis)
    return y_bar, None if x is None else BY_PLACES, _by_spacing(g, out, x, dx)


def _cumulative_rule(h: Any, out: Any, g: Any, y: Any, x: Any, dx: Any, *, axis: int) -> Any:
    """The integrals over the intervals, which are the differences of the running ones."""
    options = {"axis": axis} if x is None else {"axis": axis, "x": x}
    running = apply(si.cumulative_simpson, h, dx=dx, initial=0.0, **options)
    return np.diff(running, axis=axis), None, None, _by_spacing(h, out, x, dx)


@primitive(signature="g, y, x, dx, axis=-1", inputs="g y x dx", infer=like_second, rule=_cumulative_rule)
def cumulative_simpson_bar(g: Any, y: Any, x: Any, dx: Any, axis: int = -1) -> Any:
    """What heights get of the integrals over intervals in `scipy.integrate.cumulative_simpson`: each is under a
    parabola through its ends and the point after it, or before it in every second one and the last."""
    n = y.shape[axis]
    g = np.moveaxis(g, axis, 0)
    h = np.full(n - 1, dx) if x is None else np.diff(x)
    out = np.zeros((n, *g.shape[1:]), g.dtype)
    if n < 3:
        out[:-1] += 0.5 * h[0] * g
        out[1:] += 0.5 * h[0] * g
        return np.moveaxis(out, 0, axis)
    j = np.arange(n - 1)
    step = np.where((j % 2 == 0) & (j < n - 2), 1, -1)
    start = np.where(step > 0, j, j + 1)
    share = h / (h + h[j + step])
    more = share * h / h[j + step]
    for k, weight in enumerate((3.0 - share, 3.0 + more + share, -more)):
        np.add.at(out, start + k * step, g * (h * weight / 6.0).reshape(-1, *[1] * (g.ndim - 1)))
    return np.moveaxis(out, 0, axis)


@bprop(si.cumulative_simpson, signature="y, x=None, dx=1.0, axis=-1, initial=None", inputs="y x dx",
       infer=_running_type, samples=lambda rng: [
           (args, o | extra) for args, o in _simpson_samples(rng) for extra in ({}, {"initial": 0.0})])  # fmt: skip
def cumulative_simpson(g, out, y, x, dx, *, axis, initial):
    """Each integral gets the sum of all that it went into; see `cumulative_simpson_bar`."""
    y_bar = cumulative_simpson_bar(_of_intervals(g, initial, axis), y, x, dx, axis=axis)
    return y_bar, None if x is None else BY_PLACES, _by_spacing(g, out - initial if initial else out, x, dx)


@bprop(si.romb, signature="y, dx=1.0, axis=-1, show=False", inputs="y dx",
       infer=lambda facts, y, dx, *, axis, **_: reduced_type(facts, y, axis, False, float_of(type_of(y).kind)),
       samples=lambda rng: [((rng.normal(size=5), 0.3), {}), ((rng.normal(size=(3, 2)),), {"axis": 0})])  # fmt: skip
def romb(g, out, y, dx, *, axis, **_):
    """Each height gets its weight: what is the integral of a curve that is 1 there and 0 elsewhere."""
    rank = ndim(y)
    if rank is None:
        raise NoRuleError("scipy.integrate.romb needs a curve of known rank: declare its shape")
    weights = apply(si.romb, apply(np.eye, length(y, axis), dtype=dtype_of(y)), dx)
    after = rank - 1 - axis % rank
    weights = weights[(slice(None), *[None] * after)] if after else weights
    return (g if rank == 1 else np.expand_dims(g, axis)) * weights, np.sum(g * out) / dx


# ---- refused, and why

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
refuse(si, "quad quad_vec dblquad tplquad nquad cubature tanhsinh qmc_quad nsum", "it calls a function as often as it"
       " needs", "use scipy.integrate.fixed_quad, or a sum over points that are fixed")  # fmt: skip
refuse(si, "solve_ivp odeint ode complex_ode RK23 RK45 DOP853 Radau BDF LSODA OdeSolver OdeSolution DenseOutput",
       "it chooses its steps by itself", "write the steps as a loop, such as those of Runge and Kutta")  # fmt: skip
refuse(si, "solve_bvp", "it calls a function as often as it needs", "write the collocation equations, and solve them by"
       " Newton's method in a loop")  # fmt: skip
refuse(si, "newton_cotes lebedev_rule", "it is made of an integer", ASIDE)
refuse(si, "IntegrationWarning ODEintWarning test", "what it gives is no number that varies", ASIDE)

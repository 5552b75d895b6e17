"""Rules of the functions of sampled curves: slopes, interpolation, phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import type_of
from ..shapes import Facts, Type, float_of, join_kinds
from .elementwise import is_number
from .primitives import scatter, unbroadcast
from .reductions import axes_of
from .registry import Unknown, bprop, ndim, primitive
from .shaping import calls, case
from .snippets import like_second

# ---- slopes


def _slopes_rule(h: Any, out: Any, g: Any, like: Any, *spacing: Any, axis: int, edge_order: int) -> Any:
    """Linear in `g`."""
    slopes = np.gradient(h, *spacing, axis=axis, edge_order=edge_order)  # type: ignore[call-overload]
    return slopes, None, *[None] * len(spacing)


@primitive(signature="g, like, *spacing, axis=0, edge_order=1", inputs="g like spacing", rule=_slopes_rule,
           infer=like_second)  # fmt: skip
def slopes_bar(g: Any, like: Any, *spacing: Any, axis: int = 0, edge_order: int = 1) -> Any:
    """The cotangent of `f` in `np.gradient(f, *spacing, axis=axis, edge_order=edge_order)`, shaped like `like`."""
    x = spacing[0] if spacing and np.ndim(spacing[0]) else np.arange(np.shape(like)[axis]) * (*spacing, 1.0)[0]
    steps = np.diff(x).reshape(-1, *[1] * (np.ndim(like) - 1 - axis % np.ndim(like)))
    steps = steps.astype(np.result_type(g), copy=False)
    g = np.moveaxis(g, axis, 0)
    steps = steps.reshape(-1, *[1] * (g.ndim - 1))
    out = np.zeros_like(g)
    before, after = steps[:-1], steps[1:]
    # in the middle: a parabola through three points
    out[:-2] -= g[1:-1] * after / (before * (before + after))
    out[1:-1] += g[1:-1] * (after - before) / (before * after)
    out[2:] += g[1:-1] * before / (after * (before + after))
    if edge_order == 1:
        for k, i, step in ((0, 1, steps[0]), (-1, -2, -steps[-1])):
            out[k] -= g[k] / step
            out[i] += g[k] / step
    else:
        for k, i, j, near, far in ((0, 1, 2, steps[0], steps[1]), (-1, -2, -3, -steps[-1], -steps[-2])):
            out[k] -= g[k] * (2.0 * near + far) / (near * (near + far))
            out[i] += g[k] * (near + far) / (near * far)
            out[j] -= g[k] * near / (far * (near + far))
    return np.moveaxis(out, 0, axis)


def _axes(f: Any, axis: Any) -> tuple[int, ...]:
    rank = ndim(f)
    if rank is None:
        if isinstance(axis, int):
            return (axis,)
        raise TypeError("np.gradient needs an array of known rank: declare its shape, or give an axis")
    return axes_of(axis, rank)


def _gradient_type(facts: Facts, f: Any, *spacing: Any, axis: Any, edge_order: int) -> Any:
    t = type_of(f).but(kind=float_of(type_of(f).kind), array=True, size=None)
    axes = _axes(f, axis)
    return t if len(axes) == 1 else [t] * len(axes)


def _gradient_samples(rng: np.random.Generator) -> list[Any]:
    f, m, x = rng.normal(size=5), rng.normal(size=(4, 5)), np.cumsum(rng.uniform(0.5, 1.0, 5))
    y = [float(v) for v in x[:4]]
    calls: list[Any] = [((f,), {}), ((f, 0.3), {}), ((f[:2],), {}), ((m,), {}), ((m, 0.5, 2), {})]
    calls += [((m,), {"axis": 1}), ((m, 0.3), {"axis": (1, 0)}), ((m.T,), {"axis": -1}), ((f, tuple(x.tolist())), {})]
    calls += [((m, tuple(y), tuple(x.tolist())), {}), ((rng.normal(size=(2, 4, 2)), tuple(y)), {"axis": 1})]
    return calls + [(args, {**o, "edge_order": 2}) for args, o in calls if np.size(args[0]) > 4 and len(args[0]) > 2]


@bprop(np.gradient, signature="f, *varargs, axis=None, edge_order=1", inputs="f varargs", infer=_gradient_type,
       samples=_gradient_samples)  # fmt: skip
def gradient(g, out, f, *spacing, axis, edge_order):
    """Each slope goes back to the points that it was made of; by a distance it is minus the slope over it."""
    axes = _axes(f, axis)
    several = isinstance(out, (tuple, list))
    g, out = (g, out) if several else ((g,), (out,))
    shared = len(spacing) == 1 and len(axes) > 1
    each = spacing * len(axes) if shared else spacing
    bars = []
    f_bar: Any = None
    for i, (bar, slope, at) in enumerate(zip(g, out, axes, strict=True)):
        own = each[i : i + 1]
        if bar is None:
            bars.append(None)
            continue
        part = slopes_bar(bar, f, *own, axis=at, edge_order=edge_order)
        f_bar = part if f_bar is None else f_bar + part
        if own and ndim(own[0]) != 0:
            bars.append(Unknown("the derivative of np.gradient by the places of the points is not known",
                                "write the differences out"))  # fmt: skip
        elif own and not is_number(own[0]):
            bars.append(-np.sum(bar * slope) / own[0])
        else:
            bars.append(None)
    if not shared:
        return [f_bar, *bars[: len(spacing)]]
    parts = [bar for bar in bars if bar is not None]
    if not parts or isinstance(parts[0], Unknown):
        return [f_bar, parts[0] if parts else None]
    return [f_bar, sum(parts[1:], parts[0])]


# ---- interpolation


@primitive(signature="x, xp", differentiable=False,
           infer=lambda facts, x, xp: [Type("int", type_of(x).shape, array=True)] * 2)  # fmt: skip
def points_around(x: Any, xp: Any) -> Any:
    """The numbers of the points in `xp` before and after `x`, of the two nearest for what is outside."""
    i = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)
    return [i, i + 1]


def _interp_type(facts: Facts, x: Any, xp: Any, fp: Any, left: Any, right: Any, *, period: Any) -> Type:
    if period is not None:
        raise TypeError("np.interp with period= is not differentiated; repeat the points on either side instead")
    return Type(float_of(type_of(fp).kind), type_of(x).shape, array=True)


def _interp_samples(rng: np.random.Generator) -> list[Any]:
    xp, fp = np.array([-1.0, -0.2, 0.3, 1.0]), rng.normal(size=4)
    xs = [np.asarray(rng.uniform(-1.5, 1.5, s)) for s in ((), (5,), (2, 4))]
    return [((x, xp, fp), {}) for x in xs] + [((xs[1], xp, fp, np.array(0.3), np.array(0.7)), {}),
                                              ((xs[1], xp, fp), {"left": 0.0})]  # fmt: skip


@bprop(np.interp, signature="x, xp, fp, left=None, right=None, period=None", inputs="x xp fp left right",
       infer=_interp_type, samples=_interp_samples)  # fmt: skip
def interp(g, out, x, xp, fp, left, right, **_):
    """Along a line between two points; outside the curve is flat. At a point the slope is that of the line after it."""
    if type_of(fp).kind == "complex":
        raise NoRuleError("np.interp is differentiated for real values only")
    i, j = points_around(x, xp)
    below, above = np.less(x, xp[0]), np.greater(x, xp[-1])
    outside = np.logical_or(below, above)
    width = xp[j] - xp[i]
    slope = (fp[j] - fp[i]) / width
    x_bar = np.where(outside, 0.0, g * slope)
    part = np.clip((x - xp[i]) / width, 0.0, 1.0)
    sent = g
    if left is not None:
        sent = np.where(below, 0.0, sent)
    if right is not None:
        sent = np.where(above, 0.0, sent)
    fp_bar = scatter(sent * (1.0 - part), i, fp) + scatter(sent * part, j, fp)
    xp_bar = -(scatter(x_bar * (1.0 - part), i, xp) + scatter(x_bar * part, j, xp))
    left_bar = None if left is None else unbroadcast(np.where(below, g, 0.0), left)
    right_bar = None if right is None else unbroadcast(np.where(above, g, 0.0), right)
    return x_bar, xp_bar, fp_bar, left_bar, right_bar


# ---- phases


def _unwrap_type(facts: Facts, p: Any, **_: Any) -> Type:
    return Type(join_kinds("float", type_of(p).kind), type_of(p).shape, array=True)


bprop(np.unwrap, signature="p, discont=None, axis=-1, period=6.283185307179586", inputs="p", infer=_unwrap_type,
      samples=calls(case((4,)), case((2, 3)), case((2, 3), axis=0)))(lambda g, out, p, **_: g)  # fmt: skip

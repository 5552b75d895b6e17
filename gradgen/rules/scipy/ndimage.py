"""Rules of `scipy.ndimage`: the linear filters.

A filter is the same filter, edges apart, of its array extended beyond them. Its transposed one, of zeros beyond edges
or of an array that goes round in a circle, is a filter of that family again: the weights turned round. Where edges are
reflected that holds for symmetric weights. Else the transposed filter goes beyond the edges, and what it leaves there
is folded back to where the extended array came from.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as nd

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Dim, Facts, ShapeVar, Type, dim_add, dim_mul, join_kinds
from ..primitives import apply, length
from ..product_snippets import like_third
from ..products import shape_of
from ..registry import Unknown, bprop, ndim, primitive, refuse, register
from ..sizes import sizes_in

CIRCLE, REFLECTED, ZEROS = ("wrap", "grid-wrap"), ("reflect", "grid-mirror"), ("constant", "grid-constant")


def pad_mode(mode: str) -> Any:
    """How `np.pad` calls a way to go on beyond edges."""
    names = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge"}
    return names.get(mode, mode.removeprefix("grid-"))


def _beside(facts: Facts, x: Any, like: Any, **_: Any) -> Type:
    return Type(join_kinds("float", type_of(x).kind), type_of(like).shape, array=True)


def _around_type(facts: Facts, g: Any, reach: Any) -> Type:
    dims, ns = shape_of(g), sizes_in(reach)
    if isinstance(dims, ShapeVar) or ns is None:
        return Type(type_of(g).kind, ShapeVar(), array=True)
    wide = [Dim.fresh() if n is None else dim_add(d, dim_mul(n, 2)) for d, n in zip(dims, ns, strict=True)]
    return Type(type_of(g).kind, tuple(wide), array=True)


def _around_rule(h: Any, out: Any, g: Any, reach: Any) -> Any:
    return folded(h, g, modes=("constant",) * rank_of(g)), None


@primitive(signature="g, reach", rule=_around_rule, infer=_around_type)
def zeros_around(g: Any, reach: Any) -> Any:
    """`g` with so many zeros more at either end of each axis."""
    return np.pad(g, [(n, n) for n in reach])


@primitive(signature="x, like, modes", inputs="x like", infer=_beside,
           rule=lambda g, out, x, like, *, modes: (folded(g, x, modes=modes), None))  # fmt: skip
def extended(x: Any, like: Any, modes: Any) -> Any:
    """`x` as long as `like`, the same more at either end of each axis, by the modes of `np.pad`."""
    for axis, mode in enumerate(modes):
        n = (like.shape[axis] - x.shape[axis]) // 2
        x = np.pad(x, [(n, n) if i == axis else (0, 0) for i in range(x.ndim)], mode)
    return x


@primitive(signature="g, like, modes", inputs="g like", infer=_beside,
           rule=lambda h, out, g, like, *, modes: (extended(h, g, modes=modes), None))  # fmt: skip
def folded(g: Any, like: Any, modes: Any) -> Any:
    """What `g` has beyond the edges of `like`, which was extended by the modes of `np.pad`, added to where it was."""
    for axis, mode in enumerate(modes):
        length = like.shape[axis]
        n = (g.shape[axis] - length) // 2
        g = np.moveaxis(g, axis, 0)
        out = np.array(g[n : n + length])
        if mode != "constant":
            beyond = np.r_[:n, n + length : len(g)]
            np.add.at(out, np.pad(np.arange(length), n, mode)[beyond], g[beyond])
        g = np.moveaxis(out, 0, axis)
    return g


# ---- options of several axes


def rank_of(x: Any) -> int:
    rank = ndim(x)
    if rank is None:
        raise NoRuleError("filters of scipy.ndimage need arrays of known rank: declare their shapes")
    return rank


def axes_of(axes: Any, rank: int) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(rank))
    return tuple(a % rank for a in ((axes,) if isinstance(axes, int) else axes))


def each(option: Any, axes: Any, default: Any, rank: int) -> list[Any]:
    """An option for each axis, given for all or for each of `axes`; `default` for the others."""
    several = list(option) if isinstance(option, (tuple, list, np.ndarray)) else [option] * len(axes)
    given = dict(zip(axes, several, strict=True))
    return [given.get(axis, default) for axis in range(rank)]


def transposed(turned: Any, g: Any, x: Any, reach: Any, mode: Any, axes: Any, symmetric: bool = False) -> Any:
    """The cotangent of `x` by a filter: `turned(g, mode)` is the transposed one, where beyond edges are zeros.

    reach: tells how far it reads along an axis. symmetric: whether the filter is its own transposed.
    """
    rank = rank_of(x)
    modes = each(mode, axes, "constant", rank)
    used = [modes[axis] for axis in axes]
    for kinds in (ZEROS, CIRCLE, *([REFLECTED] if symmetric else [])):
        if all(m in kinds for m in used):
            return turned(g, kinds[0])
    wide = turned(zeros_around(g, tuple(map(reach, range(rank)))), "constant")
    return folded(wide, x, modes=tuple(map(pad_mode, modes)))


OPTIONS = {"mode": "reflect", "cval": 0.0, "origin": 0, "order": 0, "truncate": 4.0, "radius": None, "axes": None,
           "axis": -1}  # fmt: skip
"""Options of filters with their defaults."""


def without_defaults(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value != OPTIONS[name]}


def _type(facts: Facts, x: Any, *args: Any, output: Any = None, **_: Any) -> Type:
    if output is not None:
        raise TypeError("filters of scipy.ndimage with output= are not differentiated; assign their result instead")
    return Type(type_of(x).kind, type_of(x).shape, array=True)


MODES = ("reflect", "mirror", "nearest", "wrap", "constant")


def _filtered(*more: tuple[tuple[Any, ...], dict[str, Any]], ranks: Any = ((7,), (4, 5))) -> Any:
    """Samples: in each mode, with each choice of arguments."""

    def samples(rng: np.random.Generator) -> list[Any]:
        calls: list[Any] = [((rng.normal(size=s), *args), {"mode": mode, **o})
                            for s in ranks for args, o in more for mode in MODES]  # fmt: skip
        return [*calls, ((rng.normal(size=ranks[0]), *more[0][0]), {"mode": "constant", "cval": 1.5, **more[0][1]})]

    return samples


# ---- by weights that are given


def _sums_rule(h: Any, out: Any, g: Any, x: Any, weights: Any, *, turned: bool, **options: Any) -> Any:
    """By `g` it is the filter with the weights `h`, by `x` the transposed one."""
    fn, other = (nd.convolve, nd.correlate) if turned else (nd.correlate, nd.convolve)
    return apply(fn, x, h, **without_defaults(**options)), _by_weights(other)(g, None, x, h, **options)[0], None


@primitive(signature="g, x, weights, mode='reflect', cval=0.0, origin=0, turned=False", inputs="g x weights",
           rule=_sums_rule, infer=like_third)  # fmt: skip
def window_sums(
    g: Any,
    x: Any,
    weights: Any,
    mode: Any = "reflect",
    cval: float = 0.0,
    origin: Any = 0,
    turned: bool = False,
) -> Any:
    """For each weight of `scipy.ndimage.correlate(x, weights)` the sum of `g` times what it multiplies.

    turned: whether the weights are turned round first, as in `scipy.ndimage.convolve`.
    """
    modes = [mode] * x.ndim if isinstance(mode, str) else mode
    for axis, n in enumerate(weights.shape):
        moved = origin if isinstance(origin, int) else origin[axis]
        before = (n - 1) // 2 - moved if turned else n // 2 + moved
        width = [(before, n - 1 - before) if i == axis else (0, 0) for i in range(x.ndim)]
        way = pad_mode(modes[axis])
        x = np.pad(x, width, constant_values=cval) if way == "constant" else np.pad(x, width, way)
    out = np.zeros(weights.shape, np.result_type(g, x))
    for place in np.ndindex(*weights.shape):
        out[place] = np.sum(g * x[tuple(slice(i, i + n) for i, n in zip(place, g.shape, strict=True))])
    return np.flip(out) if turned else out


def _refuse_complex(*arrays: Any) -> None:
    if any(type_of(x).kind == "complex" for x in arrays):
        raise NoRuleError("filters of scipy.ndimage are differentiated for real numbers only")


def _by_weights(other: Any) -> Any:
    """The rule of `correlate` or `convolve`, the other being the one of these that turns the weights round."""

    def rule(g, out, x, weights, *, mode, cval, origin, axes=None, **_):
        _refuse_complex(x, weights)
        if axes is not None:
            raise NoRuleError("filters of scipy.ndimage by weights are not differentiated with axes=",
                              advice="give the weights axes of length 1")  # fmt: skip
        rank = rank_of(x)

        origins = each(origin, range(rank), 0, rank)
        x_bar = transposed(lambda g, m: apply(other, g, weights, **without_defaults(mode=m, origin=origin)), g, x,
                           lambda i: length(weights, i) // 2 + abs(origins[i]), mode, range(rank))  # fmt: skip
        return x_bar, window_sums(g, x, weights, mode=mode, cval=cval, origin=origin, turned=other is nd.correlate)

    return rule


def along_axis(other: Any) -> Any:
    """The rule of `correlate1d` or `convolve1d`."""

    def rule(g, out, x, weights, *, axis, mode, cval, origin, **_):
        _refuse_complex(x, weights)
        rank = rank_of(x)
        at = axis % rank
        options = {} if at == rank - 1 else {"axis": axis}
        x_bar = transposed(
            lambda g, m: apply(other, g, weights, **options, **without_defaults(mode=m, origin=origin)), g, x,
            lambda i: length(weights, 0) // 2 + abs(origin) if i == at else 0, mode, (at,),
        )  # fmt: skip
        whole = weights if rank == 1 else apply(np.reshape, weights, tuple(-1 if i == at else 1 for i in range(rank)))
        sums = window_sums(g, x, whole, mode=mode, cval=cval, turned=other is nd.correlate1d,
                           origin=origin if rank == 1 else tuple(each(origin, (at,), 0, rank)))  # fmt: skip
        return x_bar, sums if rank == 1 else apply(np.reshape, sums, -1)

    return rule


def _weighted(*shapes: Any) -> Any:
    """Samples: arrays and weights of shapes, with origins, in each mode."""

    def samples(rng: np.random.Generator) -> list[Any]:
        return [((rng.normal(size=m), rng.normal(size=n)), {"mode": mode, **o})
                for m, n, o in shapes for mode in ("reflect", "mirror", "nearest", "wrap", "constant")]  # fmt: skip

    return samples


_PLANES = _weighted(((6,), (3,), {}), ((4, 5), (3, 2), {}), ((4, 3), (2, 3), {"origin": (-1, 1)}),
                    ((5,), (4,), {"origin": 1, "cval": 0.7}))  # fmt: skip
_LINES = _weighted(((6,), (3,), {}), ((4, 5), (2,), {"axis": 0}), ((4, 5), (3,), {"origin": -1}),
                   ((5,), (4,), {"origin": 1, "cval": 0.7}))  # fmt: skip
for _fn, _other in ((nd.correlate, nd.convolve), (nd.convolve, nd.correlate)):
    register(_fn, inputs="input weights", reals=True, rule=_by_weights(_other),
             infer=_type, samples=_PLANES,
             signature="input, weights, output=None, mode='reflect', cval=0.0, origin=0, axes=None")  # fmt: skip
for _fn, _other in ((nd.correlate1d, nd.convolve1d), (nd.convolve1d, nd.correlate1d)):
    register(_fn, inputs="input weights", reals=True, rule=along_axis(_other), infer=_type, samples=_LINES,
             signature="input, weights, axis=-1, output=None, mode='reflect', cval=0.0, origin=0")  # fmt: skip

# ---- by weights of their own


def reach_of(sigma: Any, truncate: float, radius: Any) -> Any:
    """How far a Gaussian of that width goes."""
    if ndim(sigma) != 0:
        raise NoRuleError("a Gaussian filter with mode='mirror' or 'nearest' needs its widths as numbers",
                          advice="filter along each axis by scipy.ndimage.gaussian_filter1d")  # fmt: skip
    return int(radius) if radius is not None else apply(int, truncate * sigma + 0.5)


def _blur(fn: Any) -> Any:
    """The rule of a Gaussian filter of any order: an odd derivative has the opposite sign turned round."""

    def rule(g, out, x, sigma, *, mode, order=0, truncate=4.0, radius=None, axes=None, axis=None, **_):
        _refuse_complex(x)
        rank = rank_of(x)
        used = axes_of(axes if axis is None else axis, rank)
        orders = [each(order, used, 0, rank)[axis] for axis in used]
        sign = -1.0 if sum(orders) % 2 else 1.0

        widths, radii = each(sigma, used, 0.0, rank), each(radius, used, None, rank)
        given = {"order": order, "truncate": truncate, "radius": radius, "axes": axes}
        options = without_defaults(**given, **({} if axis is None else {"axis": axis}))

        def turned(g: Any, m: str) -> Any:
            return apply(fn, g, sigma, **options, **without_defaults(mode=m))

        x_bar = transposed(turned, g if sign > 0 else -g, x,
                           lambda i: reach_of(widths[i], truncate, radii[i]) if i in used else 0, mode, used,
                           all(o % 2 == 0 for o in orders))  # fmt: skip
        return x_bar, _WIDTH

    return rule


_WIDTH = Unknown("the derivative of a Gaussian filter by its width is not known, as is how many weights it has",
                 "pass it as an argument that is no target, or use scipy.ndimage.correlate1d with weights of your own")

_GAUSSIANS = _filtered(((0.7,), {}), ((0.6,), {"order": 1}), ((0.6,), {"order": 2, "truncate": 2.0}),
                       ((0.8,), {"radius": 2}))  # fmt: skip
_AXES = "cval=0.0, truncate=4.0, radius=None, axes=None"
register(nd.gaussian_filter, inputs="input sigma", reals=True, rule=_blur(nd.gaussian_filter), infer=_type,
         signature=f"input, sigma, order=0, output=None, mode='reflect', {_AXES}",
         samples=lambda rng: [*_GAUSSIANS(rng), ((rng.normal(size=(4, 5)), (0.5, 0.9)), {"order": (0, 1)}),
                              ((rng.normal(size=(4, 3, 5)), 0.5), {"axes": (0, 2), "mode": ("wrap", "nearest")})])
register(nd.gaussian_filter1d, inputs="input sigma", reals=True, rule=_blur(nd.gaussian_filter1d), infer=_type,
         signature="input, sigma, axis=-1, order=0, output=None, mode='reflect', cval=0.0, truncate=4.0, radius=None",
         samples=lambda rng: [*_GAUSSIANS(rng), ((rng.normal(size=(4, 5)), 0.5), {"axis": 0, "mode": "nearest"})])


@bprop(nd.gaussian_laplace, signature="input, sigma, output=None, mode='reflect', cval=0.0, axes=None",
       inputs="input sigma", reals=True, infer=_type, samples=_filtered(((0.6,), {})))  # fmt: skip
def gaussian_laplace(g, out, x, sigma, *, mode, cval, axes, **_):
    """A sum of Gaussian filters of order 2, each its own transposed."""
    if not isinstance(mode, str):  # which SciPy takes to be that of all axes for one of the terms
        raise NoRuleError("scipy.ndimage.gaussian_laplace is differentiated with one mode for all axes only")
    return _blur(nd.gaussian_laplace)(g, out, x, sigma, mode=mode, axes=axes)


def _mean(fn: Any) -> Any:
    """The rule of a mean over windows."""

    def rule(g, out, x, *, size, mode, origin, axes=None, axis=None, **_):
        _refuse_complex(x)
        rank = rank_of(x)
        used = axes_of(axes if axis is None else axis, rank)
        sizes, origins = each(size, used, 1, rank), each(origin, used, 0, rank)
        turned_origins = [-o - (n % 2 == 0) for n, o in zip(sizes, origins, strict=True)]
        own = [turned_origins[axis] for axis in used]
        options = without_defaults(origin=own[0] if len(set(own)) == 1 else tuple(own),
                                   **({"axes": axes} if axis is None else {"axis": axis}))  # fmt: skip
        symmetric = all(turned_origins[axis] == origins[axis] for axis in used)
        return transposed(lambda g, m: apply(fn, g, size=size, **options, **without_defaults(mode=m)), g, x,
                          lambda i: sizes[i] // 2 + abs(origins[i]), mode, used, symmetric)  # fmt: skip

    return rule


_MEANS = _filtered(((), {"size": 3}), ((), {"size": 2}), ((), {"size": 4, "origin": -1}))
register(nd.uniform_filter, inputs="input", reals=True, rule=_mean(nd.uniform_filter), infer=_type,
         signature="input, size=3, output=None, mode='reflect', cval=0.0, origin=0, axes=None",
         samples=lambda rng: [*_MEANS(rng), ((rng.normal(size=(4, 5)),), {"size": (3, 2), "mode": "nearest"})])
register(nd.uniform_filter1d, inputs="input", reals=True, rule=_mean(nd.uniform_filter1d), infer=_type,
         signature="input, size, axis=-1, output=None, mode='reflect', cval=0.0, origin=0",
         samples=lambda rng: [*_MEANS(rng), ((rng.normal(size=(4, 5)),), {"size": 3, "axis": 0})])  # fmt: skip


def _edges(fn: Any) -> Any:
    """The rule of a difference along an axis, smoothed along the others: turned round it has the opposite sign."""

    def rule(g, out, x, *, axis, mode, **_):
        _refuse_complex(x)
        rank = rank_of(x)
        options = without_defaults(axis=axis)
        return transposed(lambda g, m: apply(fn, -g, **options, **without_defaults(mode=m)), g, x, lambda i: 1,
                          mode, range(rank))  # fmt: skip

    return rule


for _fn in (nd.sobel, nd.prewitt):
    register(_fn, inputs="input", reals=True, rule=_edges(_fn), infer=_type,
             signature="input, axis=-1, output=None, mode='reflect', cval=0.0",
             samples=_filtered(((), {}), ranks=((5,), (4, 5)))) # fmt: skip


@bprop(nd.laplace, signature="input, output=None, mode='reflect', cval=0.0, axes=None", inputs="input", reals=True,
       infer=_type, samples=_filtered(((), {})))  # fmt: skip
def laplace(g, out, x, *, mode, axes, **_):
    """It is its own transposed."""
    _refuse_complex(x)
    rank = rank_of(x)
    used = axes_of(axes, rank)
    options = without_defaults(axes=axes)
    return transposed(lambda g, m: apply(nd.laplace, g, **options, **without_defaults(mode=m)), g, x,
                      lambda i: int(i in used), mode, used, True)  # fmt: skip


# ---- refused, and why

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
refuse(nd, "shift zoom rotate map_coordinates affine_transform geometric_transform spline_filter spline_filter1d",
       "it goes through the coefficients of a spline",
       "interpolate between neighbours, which an index of floors finds, or by np.interp along an axis")  # fmt: skip
refuse(nd, "maximum_filter maximum_filter1d minimum_filter minimum_filter1d median_filter percentile_filter "
       "rank_filter grey_dilation grey_erosion grey_opening grey_closing morphological_gradient morphological_laplace "
       "white_tophat black_tophat", "it picks entries of windows",
       "write np.max, np.min or np.median of np.lib.stride_tricks.sliding_window_view(x, size)")  # fmt: skip
refuse(nd, "generic_filter generic_filter1d generic_gradient_magnitude generic_laplace vectorized_filter "
       "labeled_comprehension", "it calls a function", "write whole-array operations")  # fmt: skip
refuse(nd, "gaussian_gradient_magnitude", "gradgen has no rule for it",
       "write np.sqrt of the squares of scipy.ndimage.gaussian_filter with order=")  # fmt: skip
refuse(nd, "fourier_ellipsoid fourier_gaussian fourier_shift fourier_uniform", "gradgen has no rule for it",
       "multiply by the filter, which is what it gives of np.ones")  # fmt: skip
refuse(nd, "sum sum_labels mean standard_deviation variance", "it goes by labels",
       "write np.bincount(labels.ravel(), x.ravel()), or sums over masks")  # fmt: skip
refuse(nd, "center_of_mass", "it goes by labels", "write np.sum(x * places) / np.sum(x)")
refuse(nd, "maximum minimum median extrema", "it goes by labels", "write np.max and the like of x[labels == i]")
refuse(nd, "maximum_position minimum_position find_objects value_indices label watershed_ift histogram binary_closing "
       "binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss binary_opening binary_propagation "
       "distance_transform_bf distance_transform_cdt distance_transform_edt generate_binary_structure "
       "iterate_structure test", "it gives places, labels, truth values or counts", ASIDE)  # fmt: skip

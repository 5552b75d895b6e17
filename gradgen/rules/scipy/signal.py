"""Rules of `scipy.signal`: convolutions, correlations and filters, which are each other's adjoints. Real signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as sg

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, join_kinds
from ..primitives import apply
from ..primitives import dtype as dtype_of
from ..product_snippets import like_third
from ..products import kind_of_product, shape_of
from ..registry import bprop, primitive, refuse, register

# ---- convolutions of any rank


def _length(m: Size, n: Size, mode: str) -> Size:
    if mode == "full":
        return dim_add(dim_add(m, n), 1, -1)
    if mode == "same":
        return m
    return abs(m - n) + 1 if isinstance(m, int) and isinstance(n, int) else Dim.fresh()


def _convolved_type(facts: Facts, in1: Any, in2: Any, *, mode: str, axes: Any = None, **_: Any) -> Type:
    if axes is not None:
        raise TypeError("scipy.signal.fftconvolve with axes= is not differentiated; leave it out")
    x, y, kind = shape_of(in1), shape_of(in2), kind_of_product(in1, in2)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    pairs = [(facts.canonical(m), facts.canonical(n)) for m, n in zip(x, y, strict=True)]
    return Type(kind, tuple(_length(m, n, mode) for m, n in pairs), array=True)


def _placed_type(facts: Facts, g: Any, in1: Any, in2: Any, *, mode: str) -> Type:
    return Type(join_kinds("float", type_of(g).kind), _convolved_type(facts, in1, in2, mode="full").shape, array=True)


@primitive(signature="g, in1, in2, mode='full'", inputs="g in1 in2", infer=_placed_type, alias="maybe",
           rule=lambda h, out, g, in1, in2, *, mode: (cut_out(h, in1, in2, g, mode=mode), None, None))  # fmt: skip
def placed(g: Any, in1: Any, in2: Any, mode: str = "full") -> Any:
    """The cotangent of a convolution of `in1` and `in2` among zeros, where it stands in the full one."""
    pads = []
    for n, m, k in zip(np.shape(g), np.shape(in1), np.shape(in2), strict=True):
        whole = m + k - 1
        start = (whole - n) // 2
        pads.append((start, whole - n - start))
    return np.pad(g, pads)


@primitive(signature="h, in1, in2, g, mode='full'", inputs="h in1 in2 g", alias="view",
           infer=lambda facts, h, in1, in2, g, *, mode: Type(type_of(h).kind, type_of(g).shape, array=True),
           rule=lambda h, out, x, in1, in2, g, *, mode: (placed(h, in1, in2, mode=mode), None, None, None))  # fmt: skip
def cut_out(h: Any, in1: Any, in2: Any, g: Any, mode: str = "full") -> Any:
    """The part of a full convolution that one like `g` consists of."""
    starts = [(whole - n) // 2 for whole, n in zip(np.shape(h), np.shape(g), strict=True)]
    return h[tuple(slice(i, i + n) for i, n in zip(starts, np.shape(g), strict=True))]


def _real(*arrays: Any) -> None:
    if any(type_of(x).kind == "complex" for x in arrays):
        raise NoRuleError("gradgen knows the derivatives of scipy.signal for real signals only")


def _whole(g: Any, in1: Any, in2: Any, mode: str) -> Any:
    return g if mode == "full" else placed(g, in1, in2, mode=mode)


def convolve(g, out, in1, in2, *, mode, **_):
    """Either gets the correlation of the cotangent with the other."""
    _real(in1, in2)
    g = _whole(g, in1, in2, mode)
    return apply(sg.correlate, g, in2, "valid"), apply(sg.correlate, g, in1, "valid")


def _samples(rng: np.random.Generator) -> list[Any]:
    shapes: Any = [((5,), (3,)), ((4,), (4,)), ((3, 4), (2, 2)), ((5, 4), (3, 1))]
    return [((rng.normal(size=m), rng.normal(size=n)), {"mode": mode}) for m, n in shapes
            for mode in ("full", "same", "valid")]  # fmt: skip


register(sg.convolve, signature="in1, in2, mode='full', method='auto'", inputs="in1 in2", rule=convolve,
         infer=_convolved_type, samples=_samples)  # fmt: skip
register(sg.fftconvolve, signature="in1, in2, mode='full', axes=None", inputs="in1 in2", rule=convolve,
         infer=_convolved_type, samples=_samples)  # fmt: skip
register(sg.oaconvolve, signature="in1, in2, mode='full', axes=None", inputs="in1 in2", rule=convolve,
         infer=_convolved_type, samples=_samples)  # fmt: skip


@bprop(sg.correlate, signature="in1, in2, mode='full', method='auto'", inputs="in1 in2", infer=_convolved_type,
       samples=_samples)  # fmt: skip
def correlate(g, out, in1, in2, *, mode, **_):
    """The cotangent convolved with the one; correlated with the other, and read from its end."""
    _real(in1, in2)
    g = _whole(g, in1, in2, mode)
    return apply(sg.convolve, g, in2, "valid"), np.flip(apply(sg.correlate, g, in1, "valid"))


# ---- filters


def one(like: Any) -> Any:
    """The filter that changes nothing, in the precision of `like`."""
    return apply(np.ones, 1, dtype=dtype_of(like))


def _lagged_rule(h: Any, out: Any, w: Any, x: Any, like: Any, *, axis: int) -> Any:
    """Either is filtered by `h`, `w` forwards and `x` from its end."""
    from_the_end = apply(sg.lfilter, h, one(h), np.flip(w, axis), axis=axis)
    return apply(sg.lfilter, h, one(h), x, axis=axis), np.flip(from_the_end, axis), None


@primitive(signature="w, x, like, axis=-1", inputs="w x like", infer=like_third, rule=_lagged_rule)
def lagged_sums(w: Any, x: Any, like: Any, axis: int = -1) -> Any:
    """For each lag k below the length of `like` the sum of `w` times `x` read k places before, along `axis`."""
    w, x = np.moveaxis(w, axis, 0), np.moveaxis(x, axis, 0)
    out = np.zeros(len(like), np.result_type(w, x))
    for k in range(min(len(out), len(w))):
        out[k] = np.sum(w[k:] * x[: len(x) - k])
    return out


def _filtered_type(facts: Facts, b: Any, a: Any, x: Any, *, axis: int, zi: Any) -> Type:
    if zi is not None:
        raise TypeError("scipy.signal.lfilter with zi= is not differentiated; put what came before in front of x")
    return Type(join_kinds("float", type_of(x).kind), type_of(x).shape, array=True)


@bprop(sg.lfilter, signature="b, a, x, axis=-1, zi=None", inputs="b a x", infer=_filtered_type,
       samples=lambda rng: [((rng.normal(size=m), np.array([1.3, 0.4, -0.2][:n]), rng.normal(size=s)), {"axis": axis})
                            for m, n, s, axis in ((3, 2, (6,), -1), (1, 3, (5,), 0), (4, 1, (2, 5), -1),
                                                  (2, 3, (4, 2), 0))])  # fmt: skip
def lfilter(g, out, b, a, x, *, axis, **_):
    """The filter, run from the end. With w = g filtered by 1 / a: b gets the sums of w x, a minus those of w out."""
    _real(b, a, x)
    turned = np.flip(g, axis)
    w = np.flip(apply(sg.lfilter, one(g), a, turned, axis=axis), axis)
    x_bar = np.flip(apply(sg.lfilter, b, a, turned, axis=axis), axis)
    return lagged_sums(w, x, b, axis=axis), -lagged_sums(w, out, a, axis=axis), x_bar


# ---- refused, and why

refuse(sg, "convolve2d correlate2d", "gradgen has no rule for it", "use scipy.signal.convolve or correlate")
refuse(sg, "filtfilt sosfilt sosfiltfilt savgol_filter wiener medfilt medfilt2d order_filter upfirdn resample "
       "resample_poly decimate detrend hilbert hilbert2 stft istft spectrogram welch periodogram csd coherence "
       "lombscargle deconvolve lfiltic lfilter_zi", "gradgen has no rule for it",
       "write it with scipy.signal.lfilter, scipy.signal.convolve and np.fft")  # fmt: skip
refuse(sg, "find_peaks find_peaks_cwt argrelextrema argrelmax argrelmin peak_prominences peak_widths",
       "it gives indices", "use what it gives as an index, or pass it as an argument")  # fmt: skip

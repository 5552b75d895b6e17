"""Rules of `scipy.signal`: convolutions and correlations, which are each other's adjoints. Real signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as sg

from ...errors import NoRuleError
from ...graph import type_of
from ...shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, join_kinds
from ..primitives import apply
from ..products import kind_of_product, shape_of
from ..registry import bprop, primitive, register

# ---- convolutions of any rank


def _length(m: Size, n: Size, mode: str) -> Size:
    if mode == "full":
        return dim_add(dim_add(m, n), 1, -1)
    if mode == "same":
        return m
    return abs(m - n) + 1 if isinstance(m, int) and isinstance(n, int) else Dim.fresh()


def _convolved_type(facts: Facts, in1: Any, in2: Any, *, mode: str, axes: Any = None, boundary: str = "fill",
                    fillvalue: Any = 0, **_: Any) -> Type:  # fmt: skip
    if axes is not None:
        raise TypeError("scipy.signal.fftconvolve with axes= is not differentiated; leave it out")
    if boundary != "fill" or fillvalue != 0:
        raise TypeError(f"scipy.signal.convolve2d with boundary={boundary!r} and fillvalue={fillvalue!r} is not"
                        " differentiated; use np.pad, or the functions of scipy.ndimage")  # fmt: skip
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


def real_only(*arrays: Any) -> None:
    if any(type_of(x).kind == "complex" for x in arrays):
        raise NoRuleError("gradgen knows the derivatives of scipy.signal for real signals only")


def _whole(g: Any, in1: Any, in2: Any, mode: str) -> Any:
    return g if mode == "full" else placed(g, in1, in2, mode=mode)


def convolve(g, out, in1, in2, *, mode, **_):
    """Either gets the correlation of the cotangent with the other."""
    real_only(in1, in2)
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
    real_only(in1, in2)
    g = _whole(g, in1, in2, mode)
    return apply(sg.convolve, g, in2, "valid"), np.flip(apply(sg.correlate, g, in1, "valid"))


def _planes(rng: np.random.Generator) -> list[Any]:
    return [c for c in _samples(rng) if np.ndim(c[0][0]) == 2]


_PLANE = "in1, in2, mode='full', boundary='fill', fillvalue=0"
register(sg.convolve2d, signature=_PLANE, inputs="in1 in2", rule=convolve, infer=_convolved_type, samples=_planes)


@bprop(sg.correlate2d, signature=_PLANE, inputs="in1 in2", infer=_convolved_type, samples=_planes)
def correlate2d(g, out, in1, in2, *, mode, **_):
    """As `correlate`; of two middles that one of the same size may have, it is the other one that is meant."""
    if mode != "same":
        return correlate(g, out, in1, in2, mode=mode)
    return list(map(np.flip, correlate(np.flip(g), None, np.flip(in1), np.flip(in2), mode=mode)))

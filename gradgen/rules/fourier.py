"""Rules of `np.fft`. A transform is a symmetric matrix, so that its adjoint is the transform itself.

With the gradient convention of autograd and JAX, dL = Re(sum(x_bar * dx)), no conjugate is taken. Where a transform
cuts its argument or fills it up with zeros, the cotangent is filled up or cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, dim_mul
from .primitives import apply, length
from .reductions import axes_of
from .registry import ndim, primitive, register
from .shaping import calls, case, view_type
from .sizes import size_of, sizes_in

# ---- lengths


def _fitted_type(facts: Facts, x: Any, like: Any, **_: Any) -> Type:
    return Type(type_of(x).kind, type_of(like).shape, array=True)


def _fitted_rule(g: Any, out: Any, x: Any, like: Any, *, axes: Any) -> Any:
    return fitted(g, x, axes=axes), None


@primitive(signature="x, like, axes", inputs="x like", rule=_fitted_rule, infer=_fitted_type, alias="maybe")
def fitted(x: Any, like: Any, axes: Any) -> Any:
    """`x` cut, or filled up with zeros, to the lengths of `like` along `axes`."""
    for axis in axes:
        n, have = np.shape(like)[axis], np.shape(x)[axis]
        if n < have:
            x = np.moveaxis(np.moveaxis(x, axis, 0)[:n], 0, axis)
        elif n > have:
            x = np.moveaxis(x, axis, -1)
            x = np.concatenate([x, np.zeros((*x.shape[:-1], n - have), x.dtype)], axis=-1)
            x = np.moveaxis(x, -1, axis)
    return x


def _doubled_type(facts: Facts, spectrum: Any, signal: Any, **_: Any) -> Type:
    return type_of(spectrum).but(array=True, size=None)


@primitive(signature="spectrum, signal, axis=-1", inputs="spectrum signal", infer=_doubled_type,
           rule=lambda g, out, spectrum, signal, *, axis: (doubled(g, signal, axis=axis), None))  # fmt: skip
def doubled(spectrum: Any, signal: Any, axis: int = -1) -> Any:
    """Half of the spectrum of a real signal along `axis`, twice what has a mirror image in the other half."""
    out = np.moveaxis(np.array(spectrum), axis, 0)
    out[1 : (np.shape(signal)[axis] + 1) // 2] *= 2.0
    return np.moveaxis(out, 0, axis)


# ---- one axis

OTHER = {None: "forward", "backward": "forward", "forward": None, "ortho": "ortho"}
"""Which norm a transform has whose inverse has this one."""


def transformed(facts: Facts, a: Any, lengths: dict[int, Size | None], kind: str) -> Type:
    """The type of `a` transformed, with the lengths that axes have now."""
    dims = type_of(a).shape
    if isinstance(dims, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    new = {axis % len(dims): Dim.fresh() if n is None else n for axis, n in lengths.items()}
    return Type(kind, tuple(new.get(i, d) for i, d in enumerate(dims)), array=True)


def asked(a: Any, n: Any, axis: int) -> Size | None:
    """How long a transform along `axis` is."""
    dims = type_of(a).shape
    return size_of(n) if n is not None else None if isinstance(dims, ShapeVar) else dims[axes_of(axis, len(dims))[0]]


def _half(n: Size | None) -> Size | None:
    return n // 2 + 1 if isinstance(n, int) else None


def _twice(a: Any, n: Any, axis: int) -> Size | None:
    """How long the signal is whose half spectrum is given."""
    have = asked(a, None, axis)
    return size_of(n) if n is not None else None if have is None else dim_add(dim_mul(have, 2), 2, -1)


def _one_axis(length: Any, kind: str) -> Any:
    def infer(facts: Facts, a: Any, n: Any, *, axis: int, **_: Any) -> Type:
        return transformed(facts, a, {axis: length(a, n, axis)}, kind)

    return infer


def _options(axis: int, norm: Any, **more: Any) -> dict[str, Any]:
    """Options less those at their defaults."""
    given = {"axis": axis, "norm": norm, **more}
    left_out = {"axis": (-1,), "norm": (None, "backward"), "workers": (None,), "overwrite_x": (False,)}
    return {name: value for name, value in given.items() if value not in left_out[name]}


def back(x_bar: Any, a: Any, n: Any, axis: int) -> Any:
    """What was cut or filled up."""
    return x_bar if n is None else fitted(x_bar, a, axes=(axis,))


def _signal_length(a: Any, n: Any, axis: int) -> Any:
    return length(a, axis) if n is None else n


def _unhalved(spectrum: Any, signal: Any, a: Any, axis: int) -> Any:
    return fitted(doubled(spectrum, signal, axis=axis), a, axes=(axis,))


def _rows(complex_too: bool) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        def draw(*shape: int) -> Any:
            x = rng.normal(size=shape)
            return x + 1j * rng.normal(size=shape) if complex_too else x

        cases: list[Any] = [((draw(m), n), {}) for m, n in ((5, None), (4, None), (4, 7), (6, 3), (2, None))]
        cases += [((draw(2, 3, 4),), {"axis": axis}) for axis in (0, 1, -1)]
        cases += [((draw(3, 4), 5), {"axis": 0}), ((draw(3, 4), 2), {"axis": 0})]
        return cases + [((draw(5), n), {"norm": norm}) for norm in ("ortho", "forward") for n in (None, 4)]

    return samples


def _real_and_complex(rng: np.random.Generator) -> list[Any]:
    return [*_rows(True)(rng), *_rows(False)(rng)]


def one_axis(ft: Any, signature: str) -> None:
    """Declare the transforms along an axis of a module, in whose functions the rules are written. They take `x` and
    `n`, whatever they call them."""

    def full(fn: Any) -> Any:
        def rule(g, out, a, n, *, axis, norm, **more):
            return back(apply(fn, g, **_options(axis, norm, **more)), a, n, axis), None

        return rule

    def rfft(g, out, a, n, *, axis, norm, **more):
        """The transform of the half spectrum, the other half being zeros."""
        whole = apply(ft.fft, g, _signal_length(a, n, axis), **_options(axis, norm, **more))
        return back(np.real(whole), a, n, axis), None

    def ihfft(g, out, a, n, *, axis, norm, **more):
        """The conjugate of `rfft`, with the norm of an inverse."""
        return rfft(np.conjugate(g), out, a, n, axis=axis, norm=OTHER[norm], **more)

    def irfft(g, out, a, n, *, axis, norm, **more):
        """All but what has no mirror image counts twice."""
        spectrum = np.conjugate(apply(ft.rfft, g, **_options(axis, OTHER[norm], **more)))
        return _unhalved(spectrum, g, a, axis), None

    def hfft(g, out, a, n, *, axis, norm, **more):
        """`irfft` of the conjugate, with the norm of a transform."""
        return _unhalved(apply(ft.rfft, g, **_options(axis, norm, **more)), g, a, axis), None

    def half(a: Any, n: Any, axis: int) -> Size | None:
        return _half(asked(a, n, axis))

    inputs = " ".join(part.partition("=")[0] for part in signature.split(", ")[:2])
    for fn, rule, size, kind, samples in (
        (ft.fft, full(ft.fft), asked, "complex", _real_and_complex),
        (ft.ifft, full(ft.ifft), asked, "complex", _real_and_complex),
        (ft.rfft, rfft, half, "complex", _rows(False)), (ft.ihfft, ihfft, half, "complex", _rows(False)),
        (ft.irfft, irfft, _twice, "float", _rows(True)), (ft.hfft, hfft, _twice, "float", _rows(True)),
    ):  # fmt: skip
        register(fn, name=fn.__name__, signature=signature, inputs=inputs, rule=rule, infer=_one_axis(size, kind),
                 samples=samples)  # fmt: skip


one_axis(np.fft, "a, n=None, axis=-1, norm=None, out=None")


# ---- several axes


def axes_along(a: Any, s: Any, axes: Any) -> tuple[int, ...]:
    """The axes of a transform; where none are given, the last ones that `s` has lengths for, or all."""
    if axes is not None:
        return tuple(axes)
    if s is not None:
        return tuple(range(-len(sizes_in(s) or ()), 0))
    rank = ndim(a)
    if rank is None:
        raise TypeError("a transform along several axes needs an array of known rank: declare its shape, or give axes")
    return tuple(range(rank))


def several_lengths(last: Any, kind: str) -> Any:
    def infer(facts: Facts, a: Any, s: Any, *, axes: Any, **_: Any) -> Type:
        along = axes_along(a, s, axes)
        sizes = [None] * len(along) if s is None else sizes_in(s) or [None] * len(along)
        lengths = {axis: n if s is not None else asked(a, None, axis) for axis, n in zip(along, sizes, strict=True)}
        lengths[along[-1]] = last(a, None if s is None else sizes[-1], along[-1])
        return transformed(facts, a, lengths, kind)

    return infer


def _planes(complex_too: bool) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        def draw(*shape: int) -> Any:
            x = rng.normal(size=shape)
            return x + 1j * rng.normal(size=shape) if complex_too else x

        options: list[dict[str, Any]] = [{}, {"axes": (1, 0)}, {"axes": (-1, 0), "norm": "ortho"}]
        cases: list[Any] = [((draw(3, 4),), o) for o in options]
        cases += [((draw(2, 3, 5),), {"axes": (0, 2), "norm": "forward"}), ((draw(3, 5),), {})]
        return [*cases, ((draw(3, 4), (4, 3)), {"axes": (0, 1)}), ((draw(2, 4, 3), (3, 2)), {"axes": (1, 2)})]

    return samples


def several_axes(ft: Any, signature: str) -> None:
    """Declare the transforms along several axes of a module, as `one_axis` does."""

    def full(fn: Any) -> Any:
        def rule(g, out, a, s, *, axes, norm, **more):
            a_bar = apply(fn, g, **({} if axes is None else {"axes": axes}), **_options(-1, norm, **more))
            return a_bar if s is None else fitted(a_bar, a, axes=axes_along(a, s, axes)), None

        return rule

    def rfftn(g, out, a, s, *, axes, norm, **more):
        """The last axis as for `rfft`, the others as for `fftn`."""
        *others, last = axes_along(a, s, axes)
        n = length(a, last) if s is None else s[-1]
        whole = apply(ft.fft, g, n, **_options(last, norm, **more))
        whole = apply(ft.fftn, whole, axes=tuple(others), **_options(-1, norm, **more)) if others else whole
        a_bar = np.real(whole)
        return (a_bar if s is None else fitted(a_bar, a, axes=(*others, last))), None

    def ihfftn(g, out, a, s, *, axes, norm, **more):
        """The conjugate of `rfftn`, with the norm of an inverse."""
        return rfftn(np.conjugate(g), out, a, s, axes=axes, norm=OTHER[norm], **more)

    def halved(g: Any, a: Any, s: Any, axes: Any, norm: Any, inverse: bool, more: Any) -> Any:
        *others, last = axes_along(a, s, axes)
        spectrum = apply(ft.rfft, g, **_options(last, OTHER[norm] if inverse else norm, **more))
        spectrum = doubled(np.conjugate(spectrum) if inverse else spectrum, g, axis=last)
        if others:
            spectrum = apply(ft.ifftn if inverse else ft.fftn, spectrum, axes=tuple(others),
                             **_options(-1, norm, **more))  # fmt: skip
        return fitted(spectrum, a, axes=(*others, last))

    def irfftn(g, out, a, s, *, axes, norm, **more):
        """The last axis as for `irfft`, the others as for `ifftn`."""
        return halved(g, a, s, axes, norm, True, more), None

    def hfftn(g, out, a, s, *, axes, norm, **more):
        """The last axis as for `hfft`, the others as for `fftn`."""
        return halved(g, a, s, axes, norm, False, more), None

    def half(a: Any, n: Any, axis: int) -> Size | None:
        return _half(asked(a, n, axis))

    inputs = " ".join(part.partition("=")[0] for part in signature.split(", ")[:2])
    for name, made, last, kind, complex_too in (
        ("fft", None, asked, "complex", True), ("ifft", None, asked, "complex", True),
        ("rfft", rfftn, half, "complex", False), ("ihfft", ihfftn, half, "complex", False),
        ("irfft", irfftn, _twice, "float", True), ("hfft", hfftn, _twice, "float", True),
    ):  # fmt: skip
        for more, axes in (("2", "(-2,-1)"), ("n", "None")):
            fn = getattr(ft, name + more, None)
            if fn is not None:
                register(fn, name=name + more, signature=signature.replace("axes=None", f"axes={axes}"), inputs=inputs,
                         rule=made or full(fn), infer=several_lengths(last, kind),
                         samples=_planes(complex_too))  # fmt: skip


several_axes(np.fft, "a, s=None, axes=None, norm=None, out=None")


# ---- frequencies

def shifts(ft: Any) -> None:
    for fn, inverse in ((ft.fftshift, ft.ifftshift), (ft.ifftshift, ft.fftshift)):
        register(fn, signature="x, axes=None", samples=_SHIFTS,
                 rule=lambda g, out, x, *, axes, inverse=inverse: apply(inverse, g, axes=axes),
                 infer=lambda facts, x, *, axes: view_type(x, type_of(x).shape))  # fmt: skip


_SHIFTS = calls(case((4,)), case((5,)), case((3, 4)), case((3, 4), 1), case((2, 3, 4), (0, -1)))


def frequencies(ft: Any, signature: str) -> None:
    for fn, is_half in ((ft.fftfreq, False), (ft.rfftfreq, True)):

        def infer(facts: Facts, n: Any, d: Any, *, is_half: bool = is_half, **_: Any) -> Type:
            count = size_of(n)
            count = _half(count) if is_half else count
            return Type("float", (Dim.fresh() if count is None else count,), array=True)

        register(fn, signature=signature, inputs="n d", infer=infer,
                 rule=lambda g, out, n, d, **_: (None, -np.sum(g * out) / d),
                 samples=lambda rng: [((n, 0.3), {}) for n in (4, 5)])  # fmt: skip


shifts(np.fft)
frequencies(np.fft, "n, d=1.0, device=None")

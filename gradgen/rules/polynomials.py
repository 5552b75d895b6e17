"""Rules of polynomials, by their coefficients from the highest power down, and of convolutions, which multiply them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import call, operation, type_of
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_add, float_of, join_kinds
from .primitives import apply, cast_like, count, length, plus
from .product_snippets import like_third
from .products import kind_of_product, pairs
from .registry import bprop, ndim, primitive, register
from .sizes import size_of

# ---- convolutions


def _full_length(m: Size, n: Size) -> Size:
    return dim_add(dim_add(m, n), 1, -1)


def _convolved_type(facts: Facts, a: Any, v: Any, *, mode: str) -> Type:
    x, y = type_of(a).shape, type_of(v).shape
    n: Size = Dim.fresh()
    if not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar) and len(x) == len(y) == 1:
        p, q = facts.canonical(x[0]), facts.canonical(y[0])
        if mode == "full":
            n = _full_length(p, q)
        elif isinstance(p, int) and isinstance(q, int):
            n = max(p, q) if mode == "same" else max(p, q) - min(p, q) + 1
    return Type(kind_of_product(a, v), (n,), array=True)


def _convolved_bar_rule(h: Any, out: Any, g: Any, v: Any, like: Any, *, mode: str) -> Any:
    """Linear in `g` and in `v`."""
    return call(operation(np.convolve), h, v, mode), convolved_bar(g, h, v, mode=mode), None


@primitive(signature="g, v, like, mode='full'", inputs="g v like", rule=_convolved_bar_rule, infer=like_third)
def convolved_bar(g: Any, v: Any, like: Any, mode: str = "full") -> Any:
    """The cotangent of an array shaped like `like` that was convolved with `v`: a correlation with it."""
    v = np.atleast_1d(v)
    n = np.size(like) + len(v) - 1
    start = 0 if mode == "full" else (min(np.size(like), len(v)) - 1) // (2 if mode == "same" else 1)
    whole = np.pad(g, (start, n - len(g) - start))
    return np.convolve(whole, v[::-1], "valid").reshape(np.shape(like))


CONVOLVED = ((4, 3), (3, 3), (2, 5), (1, 4), (4, 1), (1, 1), (5, 2))


def _convolved_samples(rng: np.random.Generator) -> list[Any]:
    modes = ("full", "same", "valid")
    return [((rng.normal(size=m), rng.normal(size=n)), {"mode": mode}) for m, n in CONVOLVED for mode in modes]


@bprop(np.convolve, signature="a, v, mode='full'", inputs="a v", infer=_convolved_type, samples=_convolved_samples)
def convolve(g, out, a, v, *, mode):
    """Either gets the correlation of the cotangent with the other."""
    return convolved_bar(g, v, a, mode=mode), convolved_bar(g, a, v, mode=mode)


def _correlated_bar_rule(h: Any, out: Any, g: Any, a: Any, v: Any, *, mode: str, place: int) -> Any:
    """Linear in `g` and in the array whose cotangent it is not."""
    if place == 0:
        return call(operation(np.correlate), h, v, mode), None, correlated_bar(g, h, v, mode=mode, place=1)
    return call(operation(np.correlate), a, h, mode), correlated_bar(g, a, h, mode=mode, place=0), None


def _correlated_bar_type(facts: Facts, g: Any, a: Any, v: Any, *, mode: str, place: int) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(v if place else a).shape, array=True)


@primitive(signature="g, a, v, mode='valid', place=0", inputs="g a v", rule=_correlated_bar_rule,
           infer=_correlated_bar_type)  # fmt: skip
def correlated_bar(g: Any, a: Any, v: Any, mode: str = "valid", place: int = 0) -> Any:
    """The cotangent of array number `place` of `np.correlate(a, v, mode)`: it is a convolution with one reversed."""
    if np.size(v) <= np.size(a):
        return convolved_bar(g, a, v, mode)[::-1] if place else convolved_bar(g, v[::-1], a, mode)
    # NumPy takes the longer one first, and reverses what comes out
    return convolved_bar(g[::-1], a[::-1], v, mode) if place else convolved_bar(g[::-1], v, a, mode)[::-1]


def real(*arrays: Any) -> None:
    if any(type_of(x).kind == "complex" for x in arrays):
        raise NoRuleError("np.correlate, np.poly and np.polyfit are differentiated for real numbers only")


@bprop(np.correlate, signature="a, v, mode='valid'", inputs="a v", infer=_convolved_type, samples=_convolved_samples)
def correlate(g, out, a, v, *, mode):
    """The cotangent convolved with the one, correlated with the other."""
    real(a, v)
    return correlated_bar(g, a, v, mode=mode), correlated_bar(g, a, v, mode=mode, place=1)


# ---- values, derivatives, sums, products


def _polyval_type(facts: Facts, p: Any, x: Any) -> Type:
    kinds = join_kinds(type_of(p).kind, type_of(x).kind)
    return Type(kinds, type_of(x).shape, array=True)


def _polyval_samples(rng: np.random.Generator) -> list[Any]:
    return [((rng.normal(size=n), rng.normal(size=s)), {}) for n, s in ((4, (3,)), (1, (2,)), (3, ()), (2, (2, 3)))]


@bprop(np.polyval, signature="p, x", infer=_polyval_type, samples=_polyval_samples)
def polyval(g, out, p, x):
    """Each coefficient gets its power of x, x the value of the derivative."""
    row = x if ndim(x) == 1 else apply(np.reshape, x, -1)
    weights = g if ndim(x) == 1 else apply(np.reshape, g, -1)
    powers = apply(np.vander, row, length(p, 0))
    return cast_like(weights @ powers, p), cast_like(g * np.polyval(np.polyder(p), x), x)


def _changed_length(by: int) -> Any:
    def infer(facts: Facts, p: Any, *, m: int, **_: Any) -> Type:
        t = type_of(p)
        n: Size = Dim.fresh() if isinstance(t.shape, ShapeVar) else dim_add(t.shape[0], m, by)
        return Type(float_of(t.kind) if by > 0 else t.kind, (max(n, 0) if isinstance(n, int) else n,), array=True)

    return infer


def _of_lengths(*lengths: int) -> Any:
    return lambda rng: [((rng.normal(size=n), m), {}) for n in lengths for m in (0, 1, 2)]


def _itself(node: Any) -> str:
    """Of order 0 the result is the argument."""
    return "fresh" if node.options["m"] else "maybe"


@bprop(np.polyder, signature="p, m=1", alias=_itself, infer=_changed_length(-1), samples=_of_lengths(3, 4, 6))
def polyder(g, out, p, *, m):
    """Coefficient k times k; the m last ones are gone."""
    for level in range(m, 0, -1):
        n = count(p) - level
        g = np.concatenate([g * apply(np.arange, n, 0, -1), apply(np.zeros, 1)])
    return g


@bprop(np.polyint, signature="p, m=1, k=None", alias=_itself, infer=_changed_length(1), samples=_of_lengths(1, 3, 4))
def polyint(g, out, p, *, m, k):
    """Coefficient k divided by k + 1; the constants of integration come behind."""
    if k is not None and not isinstance(k, (int, float, tuple)):
        raise NoRuleError("np.polyint is differentiated with constants `k` that are known only")
    for level in range(m, 0, -1):
        n = count(p) + level - 1
        g = g[:-1] / apply(np.arange, n, 0, -1)
    return g


def _aligned_type(facts: Facts, a1: Any, a2: Any) -> Type:
    x, y = type_of(a1).shape, type_of(a2).shape
    n: Size = Dim.fresh()
    if not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar) and x and y:
        p, q = facts.canonical(x[0]), facts.canonical(y[0])
        n = p if p == q else max(p, q) if isinstance(p, int) and isinstance(q, int) else n
    return Type(kind_of_product(a1, a2), (n,), array=True)


def ending(g: Any, a: Any, out: Any) -> Any:
    """The end of `g` that is as long as `a`."""
    return g if type_of(a).shape == type_of(out).shape else g[::-1][: count(a)][::-1]


_pairs = pairs(((3,), (3,)), ((4,), (2,)), ((1,), (3,)))
register(np.polyadd, signature="a1, a2", infer=_aligned_type, samples=_pairs,
         rule=lambda g, out, a1, a2: (ending(g, a1, out), ending(g, a2, out)))  # fmt: skip
register(np.polysub, signature="a1, a2", infer=_aligned_type, samples=_pairs,
         rule=lambda g, out, a1, a2: (ending(g, a1, out), -ending(g, a2, out)))  # fmt: skip


def _multiplied_bar_rule(h: Any, out: Any, g: Any, a: Any, like: Any) -> Any:
    return call(operation(np.polymul), h, a), multiplied_bar(g, h, a), None


@primitive(signature="g, a, like", rule=_multiplied_bar_rule, infer=like_third)
def multiplied_bar(g: Any, a: Any, like: Any) -> Any:
    """The cotangent of a polynomial like `like` that was multiplied by `a`; zeros in front may have been dropped."""
    g = np.atleast_1d(g)
    whole = np.concatenate([np.zeros(np.size(a) + np.size(like) - 1 - len(g), g.dtype), g])
    return np.convolve(whole, np.atleast_1d(a)[::-1], "valid")


register(np.polymul, signature="a1, a2", samples=_pairs,
         infer=lambda facts, a1, a2: Type(kind_of_product(a1, a2), (Dim.fresh(),), array=True),
         rule=lambda g, out, a1, a2: (multiplied_bar(g, a2, a1), multiplied_bar(g, a1, a2)))  # fmt: skip


# ---- from roots, and back


def _of_roots_type(facts: Facts, seq_of_zeros: Any) -> Type:
    t = type_of(seq_of_zeros)
    if t.ndim == 2 or t.shape == (0,):
        raise TypeError("np.poly is differentiated for roots in a row; of a matrix write np.poly(np.linalg.eigvals(A))")
    n = Dim.fresh() if isinstance(t.shape, ShapeVar) else dim_add(t.shape[0], 1)
    return Type(float_of(t.kind), (n,), array=True)


@bprop(np.poly, signature="seq_of_zeros", infer=_of_roots_type,
       samples=lambda rng: [((rng.normal(size=n),), {}) for n in (1, 2, 4)])  # fmt: skip
def poly(g, out, seq_of_zeros):
    """Less the polynomial of the other roots: out / (x - root), as Horner's method divides."""
    real(seq_of_zeros)
    if ndim(seq_of_zeros) != 1:
        raise NoRuleError("np.poly needs an array of known rank: declare its shape")
    products = apply(np.correlate, g, out, "full")[plus(length(seq_of_zeros, 0), 1) :]
    return -np.polyval(products[::-1], seq_of_zeros)


def _roots_samples(rng: np.random.Generator) -> list[Any]:
    chosen: list[Any] = [np.poly([1.0, -2.0, 3.5]), [2.0, -3.0], [1.0, 0.5, 2.0, 1.0], [1.0, 2.0, 0.0]]
    return [((np.asarray(p),), {}) for p in chosen]


@bprop(np.roots, signature="p", infer=lambda facts, p: Type("complex", (Dim.fresh(),), array=True),
       samples=_roots_samples)  # fmt: skip
def roots(g, out, p):
    """A power of the root divided by the derivative there, by the implicit function theorem; they must be distinct."""
    slopes = np.polyval(cast_like(np.polyder(p), p), out)
    return -((g / slopes) @ cast_like(apply(np.vander, out, count(p)), out))


# ---- matrices of powers, and the fit by them


def _vander_type(facts: Facts, x: Any, N: Any, *, increasing: bool) -> Type:
    t = type_of(x)
    n = size_of(N) if N is not None else None if isinstance(t.shape, ShapeVar) else t.shape[0]
    dims = ShapeVar() if isinstance(t.shape, ShapeVar) else (t.shape[0], Dim.fresh() if n is None else n)
    return Type(t.kind, dims, array=True)


@bprop(np.vander, signature="x, N=None, increasing=False", inputs="x N", infer=_vander_type,
       samples=lambda rng: [((rng.normal(size=n), N, up), {}) for n, N in ((3, None), (3, 5), (4, 1), (1, 2))
                            for up in (False, True)])  # fmt: skip
def vander(g, out, x, N, *, increasing):
    """A power of x times its exponent is what the one before is multiplied by."""
    n = count(x) if N is None else N
    if increasing:
        return np.sum(g[:, 1:] * out[:, :-1] * apply(np.arange, 1, n), axis=1), None
    return np.sum(g[:, :-1] * out[:, 1:] * apply(np.arange, n - 1, 0, -1), axis=1), None


def _polyfit_type(facts: Facts, x: Any, y: Any, deg: Any, **options: Any) -> Type:
    if options["full"] or options["cov"] is not False or options["w"] is not None:
        raise TypeError("np.polyfit with full=, cov= or w= is not differentiated; use np.linalg.lstsq with np.vander")
    dims = type_of(y).shape
    return Type("float", ShapeVar() if isinstance(dims, ShapeVar) else (deg + 1, *dims[1:]), array=True)


@bprop(np.polyfit, signature="x, y, deg, rcond=None, full=False, w=None, cov=False", inputs="x y",
       infer=lambda facts, x, y, *, deg, **options: _polyfit_type(facts, x, y, deg, **options),
       samples=lambda rng: [((rng.normal(size=6), rng.normal(size=s), deg), {})
                            for s in ((6,), (6, 2)) for deg in (0, 1, 3)])  # fmt: skip
def polyfit(g, out, x, y, *, deg, **_):
    """That of least squares (Golub and Pereyra 1973), the matrix being one of powers."""
    real(x, y)
    if ndim(y) is None:
        raise NoRuleError("np.polyfit needs arrays of known rank: declare their shapes")
    powers = apply(np.vander, x, deg + 1)
    q, r = np.linalg.qr(powers)
    sent = np.linalg.solve(r.T, g)
    y_bar = q @ sent
    if deg == 0:
        return None, y_bar
    rest, back = y - powers @ out, np.linalg.solve(r, sent)
    if ndim(y) == 1:
        slopes = np.outer(rest, back) - np.outer(y_bar, out)
    else:
        slopes = rest @ back.T - y_bar @ out.T
    return vander(slopes, powers, x, deg + 1, increasing=False)[0], y_bar

"""Rules of `scipy.linalg` for matrices with a pattern, and for those that are given by their diagonals or columns.

Of such a matrix only what it is made of gets a cotangent: sums of that of the matrix along its diagonals. Systems have
real coefficients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...errors import NoRuleError
from ...graph import Value, type_of
from ...shapes import Facts, ShapeVar, Size, Type, dim_add, join_kinds
from ..linalg import kind_of_float, real
from ..primitives import apply, count, length, plus, scatter, setitem
from ..products import shape_of
from ..registry import bprop, ndim, primitive, register
from ..shaping import like_shape
from ..snippets import like_first, like_second

# ---- matrices with a pattern


def _block_diag_type(facts: Facts, *arrs: Any) -> Type:
    rows: Size = 0
    columns: Size = 0
    for x in arrs:
        dims = shape_of(x)
        if isinstance(dims, ShapeVar):
            raise TypeError("scipy.linalg.block_diag needs arrays of known rank: declare their shapes")
        m, n = dims if len(dims) == 2 else (1, dims[0] if dims else 1)
        rows, columns = dim_add(rows, facts.canonical(m)), dim_add(columns, facts.canonical(n))
    return Type(kind_of_float(*arrs), (rows, columns), array=True)


@bprop(sl.block_diag, signature="*arrs", infer=_block_diag_type,
       samples=lambda rng: [(tuple(rng.normal(size=s) for s in shapes), {})
                            for shapes in (((2, 3), (1, 2), (2, 2)), ((2,), (2, 1)), ((3, 2),))])  # fmt: skip
def block_diag(g, out, *arrs):
    """The blocks that they became."""
    bars: list[Any] = []
    top: Any = 0
    left: Any = 0
    for x in arrs:
        m, n = (length(x, 0), length(x, 1)) if ndim(x) == 2 else (1, count(x))
        below, right = plus(top, m), plus(left, n)
        block = g[top:below, left:right]
        bars.append(block if ndim(x) == 2 else like_shape(block, x))
        top, left = below, right
    return bars


def _patterned(fn: Any) -> Any:
    """The type and the rule of a matrix whose entries are those of a column, and of a row where there is one."""

    def infer(facts: Facts, c: Any, r: Any = None) -> Type:
        x, y = shape_of(c), shape_of(c if r is None else r)
        known = not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar) and len(x) == len(y) == 1
        return Type(kind_of_float(c), (x[0], y[0]) if known else ShapeVar(), array=True)  # type: ignore[index]

    def rule(g, out, c, r=None):
        if ndim(c) != 1 or r is not None and ndim(r) != 1:
            raise NoRuleError(f"scipy.linalg.{fn.__name__} needs vectors of known rank: declare their shapes")
        n = count(c)
        if r is None:
            return [scatter(g, apply(fn, apply(np.arange, n)), c), *[None] * (fn is not sl.circulant)]
        row = np.concatenate([c, r])
        row_bar = scatter(g, apply(fn, apply(np.arange, n), apply(np.arange, n, plus(n, count(r)))), row)
        return row_bar[:n], row_bar[n:]

    return infer, rule


for _fn, _signature in ((sl.toeplitz, "c, r=None"), (sl.circulant, "c")):
    _infer, _rule = _patterned(_fn)
    _pairs: Any = [((4,), None)] + [((3,), (4,))] * (_fn is not sl.circulant)
    register(_fn, signature=_signature, inputs="c r", infer=_infer, rule=_rule, reals=_fn is sl.toeplitz,
             samples=lambda rng, pairs=_pairs: [
                 ((rng.normal(size=m), *([] if n is None else [rng.normal(size=n)])), {}) for m, n in pairs
             ])  # fmt: skip



def _hankel_type(facts: Facts, c: Any, r: Any) -> Type:
    x, y = shape_of(c), shape_of(c if r is None else r)
    known = not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar) and len(x) == len(y) == 1
    return Type(kind_of_float(c), (x[0], y[0]) if known else ShapeVar(), array=True)  # type: ignore[index]


@bprop(sl.hankel, signature="c, r=None", inputs="c r", infer=_hankel_type,
       samples=lambda rng: [((rng.normal(size=4),), {}), ((rng.normal(size=3), rng.normal(size=4)), {}),
                            ((rng.normal(size=3), rng.normal(size=1)), {})])  # fmt: skip
def hankel(g, out, c, r):
    """The sums of the diagonals that go the other way; the first entry of `r` is not read."""
    if ndim(c) != 1 or r is not None and ndim(r) != 1:
        raise NoRuleError("scipy.linalg.hankel needs vectors of known rank: declare their shapes")
    n = count(c)
    last = plus(n, -1)
    row = np.concatenate([c, 0.0 * c if r is None else r])
    more = apply(np.arange, last, plus(last, n if r is None else count(r)))
    sums = scatter(g, apply(sl.hankel, apply(np.arange, n), more), row)
    return sums[:n], None if r is None else scatter(sums[n:-1], slice(1, None), r)


# ---- matrices given by their diagonals: a[i, j] is ab[d + i - j, j], where row d holds the main one


def _other_band_rule(g: Any, out: Any, ab: Any, *, d: int) -> Any:
    """It is its own inverse, the main diagonal counted from the other end, but for what is outside of the matrix."""
    return other_band(g, d=-1 - d)


@primitive(signature="ab, d", inputs="ab", rule=_other_band_rule, infer=like_first)
def other_band(ab: Any, d: int) -> Any:
    """The diagonals of the transposed matrix, of that whose diagonals `ab` are, `d` being the row of the main one."""
    d, (rows, n) = d % len(ab), ab.shape
    out = np.zeros_like(ab)
    for r in range(rows):
        k = r - d
        out[rows - 1 - r, max(k, 0) : n + min(k, 0)] = ab[r, max(-k, 0) : n - max(k, 0)]
    return out


def _band_outer_rule(h: Any, out: Any, y: Any, x: Any, ab: Any, *, d: int) -> Any:
    """Bilinear."""
    return band_times(h, x, d=d), band_times(other_band(h, d=d), y, d=-1 - d), None


@primitive(signature="y, x, ab, d", inputs="y x ab", rule=_band_outer_rule,
           infer=lambda facts, y, x, ab, *, d: Type(join_kinds("float", type_of(y).kind), type_of(ab).shape,
                                                    array=True))  # fmt: skip
def band_outer(y: Any, x: Any, ab: Any, d: int) -> Any:
    """The diagonals of `y x^T`, as many as `ab` has, `d` being the row of the main one."""
    d, (rows, n) = d % len(ab), ab.shape
    out = np.zeros((rows, n), np.result_type(y, x))
    for r in range(rows):
        k = r - d
        products = y[max(k, 0) : n + min(k, 0)] * x[max(-k, 0) : n - max(k, 0)]
        out[r, max(-k, 0) : n - max(k, 0)] = products.reshape(len(products), -1).sum(axis=1)
    return out


def _band_times_rule(g: Any, out: Any, ab: Any, x: Any, *, d: int) -> Any:
    return band_outer(g, x, ab, d=d), band_times(other_band(ab, d=d), g, d=-1 - d)


@primitive(signature="ab, x, d", inputs="ab x", rule=_band_times_rule, infer=like_second)
def band_times(ab: Any, x: Any, d: int) -> Any:
    """The matrix whose diagonals `ab` are, `d` being the row of the main one, times `x`."""
    d, (rows, n) = d % len(ab), ab.shape
    out = np.zeros(x.shape, np.result_type(ab, x))
    for r in range(rows):
        k = r - d
        row = ab[r, max(-k, 0) : n - max(k, 0)].reshape(-1, *[1] * (x.ndim - 1))
        out[max(k, 0) : n + min(k, 0)] += row * x[max(-k, 0) : n - max(k, 0)]
    return out


def _banded_type(facts: Facts, ab: Any, b: Any, **_: Any) -> Type:
    real(ab, "solve_banded")
    real(b, "solve_banded")
    return Type(kind_of_float(ab, b), shape_of(b), array=True)


def _banded(rng: np.random.Generator, *diagonals: int) -> np.ndarray:
    ab = rng.uniform(-1.0, 1.0, (len(diagonals), 5))
    ab[diagonals.index(0)] += 4.0
    return np.asarray(ab)


def _band_samples(*bands: tuple[int, ...], **options: Any) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        calls = [(band, rng.normal(size=s)) for band in bands for s in ((5,), (5, 2))]
        sizes = [[] if options else [(-min(band), max(band))] for band, _ in calls]
        return [((*size, _banded(rng, *band), b), options) for size, (band, b) in zip(sizes, calls, strict=True)]

    return samples


@bprop(sl.solve_banded, inputs="ab b", infer=_banded_type, reals=True,
       signature="l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True",
       samples=_band_samples((1, 0, -1), (2, 1, 0, -1), (0,), (0, -1)))  # fmt: skip
def solve_banded(g, out, ab, b, *, l_and_u, **_):
    """b_bar solves the transposed system; ab gets the diagonals of -b_bar out^T."""
    lower, upper = l_and_u
    b_bar = apply(sl.solve_banded, (upper, lower), other_band(ab, d=upper), g)
    return -band_outer(b_bar, out, ab, d=upper), b_bar


def _one_half(pair: Any, d: int) -> Any:
    """The cotangent of one half of a symmetric matrix: the main diagonal is in both."""
    return setitem(pair, d, 0.5 * pair[d])


@bprop(sl.solveh_banded, inputs="ab b", infer=_banded_type, reals=True,
       signature="ab, b, overwrite_ab=False, overwrite_b=False, lower=False, check_finite=True",
       samples=lambda rng: [*_band_samples((0, -1), (0, -1, -2), lower=True)(rng),
                            *_band_samples((1, 0), (0,), lower=False)(rng)])  # fmt: skip
def solveh_banded(g, out, ab, b, *, lower, **_):
    """b_bar solves the same system; each diagonal of -b_bar out^T is summed with the one opposite."""
    b_bar = apply(sl.solveh_banded, ab, g, lower=lower)
    d = 0 if lower else -1
    return -_one_half(band_outer(b_bar, out, ab, d=d) + band_outer(out, b_bar, ab, d=d), d), b_bar


# ---- systems with a Toeplitz matrix


def _sums_rule(h: Any, out: Any, y: Any, x: Any) -> Any:
    """Products with Toeplitz matrices, of the column `h`."""
    lower = apply(sl.toeplitz, h, 0.0 * h)
    return lower @ x, lower.T @ y


@primitive(signature="y, x", rule=_sums_rule,
           infer=lambda facts, y, x: Type(kind_of_float(y, x), ShapeVar() if isinstance(s := shape_of(y), ShapeVar)
                                          else s[:1], array=True))  # fmt: skip
def diagonal_sums(y: Any, x: Any) -> Any:
    """The sums of `y x^T` along its main diagonal and those below; `y` and `x` hold vectors, or several as columns."""
    y, x = y.reshape(len(y), -1), x.reshape(len(x), -1)
    columns = [np.correlate(y[:, k], x[:, k], "full")[len(x) - 1 :] for k in range(y.shape[1])]
    return np.sum(columns, axis=0)


def _column_and_row(c_or_cr: Any) -> tuple[Any, Any]:
    """The first column and row that were given; the row None where the matrix is symmetric."""
    node = c_or_cr.node if isinstance(c_or_cr, Value) else None
    pair = node.args if node is not None and node.op.name in ("tuple", "list") else c_or_cr
    if type_of(c_or_cr).kind == "complex":
        raise NoRuleError("systems with a Toeplitz matrix are differentiated for real ones only")
    if isinstance(pair, Value) and ndim(pair) != 1:
        raise NoRuleError("a Toeplitz matrix needs its column as a vector of known rank, or `(c, r)` written out")
    return (pair[0], pair[1]) if isinstance(pair, (tuple, list)) else (pair, None)


def _given(c_bar: Any, r_bar: Any, r: Any) -> Any:
    """The cotangent of the column, or of the column and the row, whose first entry is not read."""
    if r is None:
        return c_bar + scatter(r_bar[1:], slice(1, None), c_bar)
    return np.stack([c_bar, scatter(r_bar[1:], slice(1, None), r)])


@bprop(sl.solve_toeplitz, signature="c_or_cr, b, check_finite=True", inputs="c_or_cr b", reals=True,
       infer=lambda facts, c_or_cr, b, **_: Type(kind_of_float(b), shape_of(b), array=True),
       samples=lambda rng: [((np.append(4.0, rng.uniform(-1.0, 1.0, 3)), rng.normal(size=s)), {})
                            for s in ((4,), (4, 2))])  # fmt: skip
def solve_toeplitz(g, out, c_or_cr, b, **_):
    """b_bar solves the transposed system; column and row get the sums of -b_bar out^T along diagonals."""
    c, r = _column_and_row(c_or_cr)
    b_bar = apply(sl.solve_toeplitz, c_or_cr if r is None else (r_of(c, r), c), g)
    return _given(-diagonal_sums(b_bar, out), -diagonal_sums(out, b_bar), r), b_bar


def r_of(c: Any, r: Any) -> Any:
    """The row, its first entry being that of the column."""
    return np.concatenate([c[:1], r[1:]])


@bprop(sl.matmul_toeplitz, signature="c_or_cr, x, check_finite=False, workers=None", inputs="c_or_cr x", reals=True,
       infer=lambda facts, c_or_cr, x, **_: Type(kind_of_float(x), shape_of(x), array=True),
       samples=lambda rng: [((rng.normal(size=4), rng.normal(size=s)), {}) for s in ((4,), (4, 2))])  # fmt: skip
def matmul_toeplitz(g, out, c_or_cr, x, **_):
    """The product with the transposed matrix; column and row get the sums of g x^T along diagonals."""
    c, r = _column_and_row(c_or_cr)
    x_bar = apply(sl.matmul_toeplitz, c_or_cr if r is None else (r_of(c, r), c), g)
    return _given(diagonal_sums(g, x), diagonal_sums(x, g), r), x_bar

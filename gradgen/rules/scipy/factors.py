"""Rules of the factorisations of `scipy.linalg`: Cholesky, LU, QR, singular values, eigenvalues.

They are NumPy's, with the options that SciPy has more. Matrices are single ones and real, unless said otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...errors import NoRuleError
from ...graph import Value, type_of
from ...shapes import Dim, Facts, ShapeVar, Type
from .. import linalg as nl
from ..linalg import kind_of_float, positive, smaller, square
from ..matrix_snippets import cholesky_bar, composed_primitive, eigenvectors_bar
from ..primitives import apply, length, scatter
from ..primitives import dtype as dtype_of
from ..products import shape_of
from ..registry import bprop, primitive, register
from .linalg import one_matrix, outer, solved_type

# ---- Cholesky


@bprop(sl.cholesky, infer=lambda facts, a, **_: Type(kind_of_float(a), square(facts, a), array=True), inputs="a",
       signature="a, lower=False, overwrite_a=False, check_finite=True",
       samples=lambda rng: [((positive(rng, 3, 3), lower), {}) for lower in (False, True)])  # fmt: skip
def cholesky(g, out, a, *, lower, **_):
    """See `cholesky_bar`."""
    one_matrix(a, None, "cholesky")
    return cholesky_bar(g, out) if lower else cholesky_bar(g.T, out.T)


def _cho_factor_type(facts: Facts, a: Any, **_: Any) -> list[Type]:
    return [Type(kind_of_float(a), square(facts, a), array=True), Type("bool", ())]


@bprop(sl.cho_factor, infer=_cho_factor_type, signature="a, lower=False, overwrite_a=False, check_finite=True",
       inputs="a")  # fmt: skip
def cho_factor(g, out, a, *, lower, **_):
    """As for the triangle that is meant."""
    one_matrix(a, None, "cho_factor")
    if g[0] is None:
        return None
    return cholesky_bar(np.tril(g[0]), np.tril(out[0])) if lower else cholesky_bar(np.triu(g[0]).T, np.triu(out[0]).T)


def is_lower(lower: Any) -> bool:
    """Which triangle a factor is, as a call of `cho_factor` said, or a constant says."""
    if isinstance(lower, Value) and lower.node is not None and lower.node.op.name == "cho_factor":
        return bool(lower.node.options["lower"])
    if isinstance(lower, Value):
        raise NoRuleError("scipy.linalg.cho_solve needs to know which triangle the factor is: write True or False")
    return bool(lower)


def _factored(rng: np.random.Generator, lower: bool) -> Any:
    c, _ = sl.cho_factor(positive(rng, 3, 3), lower=lower)
    return c, lower


@bprop(sl.cho_solve, infer=lambda facts, c, lower, b, **_: solved_type(facts, c, b), inputs="c_and_lower b",
       signature="**c_and_lower, b, overwrite_b=False, check_finite=True",
       samples=lambda rng: [((_factored(rng, lower), rng.normal(size=s)), {})
                            for lower in (False, True) for s in ((3,), (3, 2))])  # fmt: skip
def cho_solve(g, out, c, lower, b, **_):
    """b_bar solves the same system; the factor gets -(b_bar out^T + out b_bar^T) times itself, its triangle."""
    one_matrix(c, b, "cho_solve")
    b_bar = apply(sl.cho_solve, (c, lower), g)
    pair = outer(b_bar, out)
    both = -(pair + pair.T)
    c_bar = np.tril(both @ np.tril(c)) if is_lower(lower) else np.triu(np.triu(c) @ both)
    return c_bar, None, b_bar


# ---- LU


@primitive(signature="piv", differentiable=False, infer=lambda facts, piv: type_of(piv).but(kind="int"))
def rows_of_pivots(piv: Any) -> Any:
    """The order into which the interchanges `piv` bring the rows."""
    order = np.arange(len(piv))
    for i, j in enumerate(piv):
        order[[i, j]] = order[[j, i]]
    return order


def _lu_factor_type(facts: Facts, a: Any, **_: Any) -> list[Type]:
    shape = square(facts, a)
    return [Type(kind_of_float(a), shape, array=True),
            Type("int", ShapeVar() if isinstance(shape, ShapeVar) else shape[:1], array=True)]  # fmt: skip


def halves(lu: Any, a: Any) -> tuple[Any, Any]:
    """The two triangles that are kept in one matrix."""
    return np.tril(lu, -1) + apply(np.eye, length(a, 0), dtype=dtype_of(lu)), np.triu(lu)


@bprop(sl.lu_factor, infer=_lu_factor_type, signature="a, overwrite_a=False, check_finite=True", inputs="a",
       samples=lambda rng: [((rng.normal(size=s),), {}) for s in ((3, 3), (1, 1), (4, 4))])  # fmt: skip
def lu_factor(g, out, a, **_):
    """P^T L^-T (tril(L^T L_bar, -1) + triu(U_bar U^T)) U^-T; the order of the rows does not change."""
    one_matrix(a, None, "lu_factor")
    if g[0] is None:
        return None
    lower, upper = halves(out[0], a)
    inner = np.tril(lower.T @ np.tril(g[0], -1), -1) + np.triu(np.triu(g[0]) @ upper.T)
    rows = np.linalg.solve(lower.T, np.linalg.solve(upper, inner.T).T)
    return scatter(rows, rows_of_pivots(out[1]), a)


@bprop(sl.lu_solve, infer=lambda facts, lu, piv, b, **_: solved_type(facts, lu, b), inputs="lu_and_piv b",
       signature="**lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True",
       samples=lambda rng: [((sl.lu_factor(rng.normal(size=(3, 3))), rng.normal(size=s)), {"trans": t})
                            for s in ((3,), (3, 2)) for t in (0, 1)])  # fmt: skip
def lu_solve(g, out, lu, piv, b, *, trans, **_):
    """b_bar solves the transposed system; what the matrix gets goes to its two factors."""
    one_matrix(lu, b, "lu_solve")
    b_bar = apply(sl.lu_solve, (lu, piv), g, trans=0 if trans else 1)
    a_bar = -outer(out, b_bar) if trans else -outer(b_bar, out)
    rows = a_bar[rows_of_pivots(piv)]
    lower, upper = halves(lu, lu)
    return np.tril(rows @ upper.T, -1) + np.triu(lower.T @ rows), None, b_bar


def _lu_bar_type(facts: Facts, l_bar: Any, u_bar: Any, lower: Any, upper: Any) -> Type:
    x, y = type_of(lower).shape, type_of(upper).shape
    known = not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar)
    return Type("float", (x[0], y[1]) if known else ShapeVar(), array=True)  # type: ignore[index]


@composed_primitive(signature="l_bar, u_bar, lower, upper", infer=_lu_bar_type)
def lu_bar(l_bar: Any, u_bar: Any, lower: Any, upper: Any) -> Any:
    """The cotangent of a = lower @ upper, of any shape, in its LU decomposition without interchanges.

    What lies right of the square in which both are triangles, or below it, is solved for first.
    """
    k = lower.shape[1]
    l1, l2, u1, u2 = lower[:k], lower[k:], upper[:, :k], upper[:, k:]
    right = np.linalg.solve(l1.T, u_bar[:, k:])
    left = np.linalg.inv(u1).T
    below = l_bar[k:] @ left
    inner = np.tril(l1.T @ (l_bar[:k] - right @ u2.T), -1) + np.triu((u_bar[:, :k] - l2.T @ below) @ u1.T)
    square = np.linalg.solve(l1.T, inner) @ left
    rows = np.concatenate([square, right], axis=1)
    return np.concatenate([rows, l_bar[k:] @ np.concatenate([left, 0.0 * u2], axis=1)], axis=0)


def _lu_type(facts: Facts, a: Any, *, permute_l: bool, p_indices: bool, **_: Any) -> Any:
    kind, x = kind_of_float(a), shape_of(a)
    if isinstance(x, ShapeVar) or len(x) != 2:
        raise TypeError("scipy.linalg.lu needs an array of known rank: declare its shape, of one matrix")
    k = smaller(facts, *x)
    pair = [Type(kind, (x[0], k), array=True), Type(kind, (k, x[1]), array=True)]
    order = Type("int", (x[0],), array=True) if p_indices else Type("float", (x[0], x[0]), array=True)
    return pair if permute_l else [order, *pair]


def _lu_samples(rng: np.random.Generator) -> list[Any]:
    options: list[dict[str, Any]] = [{}, {"p_indices": True}, {"permute_l": True}]
    return [((rng.normal(size=s),), o) for s in ((3, 3), (4, 2), (2, 4)) for o in options]


@bprop(sl.lu, signature="a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False", inputs="a",
       infer=_lu_type, samples=_lu_samples)  # fmt: skip
def lu(g, out, a, *, permute_l, p_indices, **_):
    """See `lu_bar`; the order of the rows does not change."""
    one_matrix(a, None, "lu")
    *_, l_bar, u_bar = g
    p, lower, upper = apply(sl.lu, a, p_indices=True) if permute_l else out
    if permute_l and l_bar is not None:
        l_bar = scatter(l_bar, p, lower)
    a_bar = lu_bar(0.0 * lower if l_bar is None else l_bar, 0.0 * upper if u_bar is None else u_bar, lower, upper)
    return a_bar[p] if permute_l or p_indices else p @ a_bar


# ---- QR


def _qr_type(facts: Facts, a: Any, *, mode: str, pivoting: bool, **_: Any) -> list[Type]:
    if mode not in ("full", "economic"):
        raise TypeError(f"scipy.linalg.qr with mode={mode!r} is not differentiated; use mode='economic'")
    x = shape_of(a)
    if isinstance(x, ShapeVar) or len(x) != 2:
        raise TypeError("scipy.linalg.qr needs an array of known rank: declare its shape, of one matrix")
    kind, (m, n) = kind_of_float(a), map(facts.canonical, x)
    k = n if mode == "economic" and not nl._surely_wide(a) else m
    q, r, p = Type(kind, (m, k), array=True), Type(kind, (k, n), array=True), Type("int", (n,), array=True)
    return [q, r, p] if pivoting else [q, r]


def _qr_samples(rng: np.random.Generator) -> list[Any]:
    calls: list[Any] = [((rng.normal(size=s),), {"mode": "economic", "pivoting": p})
                        for s in ((3, 3), (4, 2), (1, 1), (3, 1)) for p in (False, True)]  # fmt: skip
    return [*calls, ((rng.normal(size=(3, 3)),), {}), ((rng.normal(size=(3, 3)),), {"pivoting": True})]


@bprop(sl.qr, signature="a, overwrite_a=False, lwork=None, mode='full', pivoting=False, check_finite=True", inputs="a",
       infer=_qr_type, samples=_qr_samples)  # fmt: skip
def qr(g, out, a, *, mode, pivoting, **_):
    """As that of NumPy; of the full one the rest of R is zero, and the rest of Q has no derivative, being arbitrary."""
    one_matrix(a, None, "qr")
    q_bar, r_bar = g[:2]
    whole = mode == "full" and not nl.surely_square(a) and not nl._surely_wide(a)
    if whole and q_bar is not None:
        raise NoRuleError("the orthogonal factor of scipy.linalg.qr has a derivative with mode='economic' only")
    if q_bar is None and r_bar is None:
        return None
    q, r = apply(sl.qr, a, mode="economic", pivoting=pivoting)[:2] if whole else out[:2]
    moved = a[:, out[2]] if pivoting else a
    a_bar = nl.qr((q_bar, r_bar[: length(a, 1)] if whole else r_bar), (q, r), moved, mode="reduced")
    return scatter(a_bar, (slice(None), out[2]), a) if pivoting else a_bar


# ---- singular values

_SVD = "full_matrices=True, compute_uv=True, overwrite_a=False, check_finite=True, lapack_driver='gesdd'"


def _svd_type(facts: Facts, a: Any, *, full_matrices: bool, compute_uv: bool, **_: Any) -> Any:
    return nl._svd_type(facts, a, full_matrices=full_matrices, compute_uv=compute_uv, hermitian=False)


@bprop(sl.svd, signature=f"a, {_SVD}", infer=_svd_type, inputs="a", samples=lambda rng: [
    ((rng.normal(size=s),), o) for s in ((3, 3), (4, 2), (2, 4)) for o in ({"full_matrices": False},
                                                                         {"compute_uv": False})])  # fmt: skip
def svd(g, out, a, *, full_matrices, compute_uv, **_):
    """u diag(s_bar) vh, and what the singular vectors send."""
    return nl.svd(g, out, a, full_matrices=full_matrices, compute_uv=compute_uv, hermitian=False)


def _lstsq_type(facts: Facts, a: Any, b: Any, *, lapack_driver: Any, **_: Any) -> list[Type]:
    """As NumPy's, but that the residual of one right side is a number."""
    types = nl._lstsq_type(facts, a, b, rcond=None)
    types[1] = types[1].but(shape=ShapeVar() if type_of(b).ndim == 1 else types[1].shape)
    return [*types[:3], Type("object")] if lapack_driver == "gelsy" else types


@bprop(sl.lstsq, inputs="a b", infer=_lstsq_type, samples=nl._lstsq_samples,
       signature="a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True, lapack_driver=None")
def lstsq(g, out, a, b, **_):
    """As that of NumPy."""
    return nl.lstsq(g, out, a, b)


# ---- eigenvalues

_EIG = "overwrite_a=False, overwrite_b=False, check_finite=True, homogeneous_eigvals=False"


def _no_pencil(name: str, b: Any = None, left: bool = False, homogeneous_eigvals: bool = False, **_: Any) -> None:
    if b is not None or left or homogeneous_eigvals:
        raise TypeError(f"scipy.linalg.{name} with b=, left= or homogeneous_eigvals= is not differentiated;"
                        " write np.linalg.solve(b, a) for a")  # fmt: skip


def _eigvals_type(facts: Facts, a: Any, b: Any, **options: Any) -> Type:
    _no_pencil("eigvals", b, **options)
    return nl._eigvals_type(facts, a)


def _eig_type(facts: Facts, a: Any, b: Any, *, right: bool, **options: Any) -> Any:
    _no_pencil("eig", b, **options)
    values = nl._eigvals_type(facts, a)
    return [values, Type("complex", square(facts, a), array=True)] if right else values


register(sl.eigvals, signature=f"a, b=None, {_EIG}", inputs="a b", infer=_eigvals_type,
         samples=lambda rng: [((nl._apart(rng, 3, 3),), {})],
         rule=lambda g, out, a, b, **_: (nl.eigvals(g, out, a), None))  # fmt: skip


@bprop(sl.eig, signature=f"a, b=None, left=False, right=True, {_EIG}", inputs="a b", infer=_eig_type,
       samples=lambda rng: [((nl._apart(rng, 3, 3),), {"right": False})])  # fmt: skip
def eig(g, out, a, b, *, right, **_):
    """The eigenvalues must be distinct. Eigenvectors are known up to a factor only, and are refused."""
    return (nl.eig(g, out, a) if right else nl.eigvals(g, out, a)), None


_EIGH = "overwrite_a=False, overwrite_b=False, type=1, check_finite=True, subset_by_index=None, subset_by_value=None"


def _eigh_type(facts: Facts, a: Any, b: Any, *, eigvals_only: bool = False, type: int, subset_by_index: Any,
               subset_by_value: Any, **_: Any) -> Any:  # fmt: skip
    if type != 1:
        raise TypeError(f"scipy.linalg.eigh with type={type} is not differentiated; bring it to the form of type 1")
    values, vectors = nl._eigh_type(facts, a)
    if subset_by_index is not None or subset_by_value is not None:
        some = Dim.fresh() if subset_by_index is None else int(subset_by_index[1]) - int(subset_by_index[0]) + 1
        known = not isinstance(vectors.shape, ShapeVar)
        values = values.but(shape=(some,) if known else ShapeVar())
        vectors = vectors.but(shape=(vectors.shape[0], some) if known else ShapeVar())  # type: ignore[index]
    return values if eigvals_only else [values, vectors]


def _pencils(*options: dict[str, Any]) -> Any:
    def samples(rng: np.random.Generator) -> list[Any]:
        a, b = positive(rng, 3, 3), positive(rng, 3, 3)
        return [((a,), o) for o in options] + [((a, b), o) for o in options if o.get("eigvals_only", True)]

    return samples


def symmetric(x: Any) -> Any:
    return 0.5 * (x + x.T)


def _eigenproblem(w_bar: Any, v_bar: Any, w: Any, v: Any, b: Any) -> Any:
    """The cotangents of a and b in a v = b v diag(w), where v.T b v is the identity.

    With dC = v.T (da - db w) v it is dw = diag(dC), dv = v (dC / (w_j - w_i)), less v diag(v.T db v) / 2.
    """
    a_bar = None if w_bar is None else (v * w_bar) @ v.T
    b_bar = None if w_bar is None or b is None else (v * (w_bar * w)) @ v.T
    if v_bar is not None:
        turned = eigenvectors_bar(v_bar, w, v)
        a_bar = turned if a_bar is None else a_bar + turned
        if b is not None:
            sent = symmetric((v * w) @ np.linalg.inv(v) @ turned) + 0.5 * symmetric(v @ (v.T @ v_bar) @ v.T)
            b_bar = sent if b_bar is None else b_bar + sent
    return a_bar, None if b_bar is None else -b_bar


@bprop(sl.eigh, signature=f"a, b=None, lower=True, eigvals_only=False, {_EIGH}, driver=None", inputs="a b",
       infer=_eigh_type, samples=_pencils({"eigvals_only": True}, {"eigvals_only": True, "lower": False},
                                          {"eigvals_only": True, "subset_by_index": (1, 2)},
                                          {"eigvals_only": True, "subset_by_value": (1.5, 9.0)}))  # fmt: skip
def eigh(g, out, a, b, *, lower, eigvals_only, subset_by_index, subset_by_value, **_):
    """v diag(w_bar) v.T, and what the eigenvectors send: all of them, where these have a derivative."""
    one_matrix(a, b, "eigh")
    if eigvals_only:
        w, v = apply(sl.eigh, a, **({} if b is None else {"b": b}), **({} if lower else {"lower": False}))
        index = _chosen(w, subset_by_index, subset_by_value)
        return _eigenproblem(g if index is None else scatter(g, index, w), None, w, v, b)
    if g[1] is not None and (subset_by_index is not None or subset_by_value is not None):
        raise NoRuleError("some of the eigenvectors of scipy.linalg.eigh are not differentiated",
                          advice="compute all, and take w[i:j], v[:, i:j]")  # fmt: skip
    return _eigenproblem(*g, *out, b)


def _chosen(w: Any, by_index: Any, by_value: Any) -> Any:
    """Which eigenvalues were asked for, as an index; None for all."""
    if by_index is not None:
        return slice(int(by_index[0]), int(by_index[1]) + 1)
    return None if by_value is None else np.logical_and(np.greater(w, by_value[0]), np.less_equal(w, by_value[1]))


@bprop(sl.eigvalsh, signature=f"a, b=None, lower=True, {_EIGH}, driver=None", inputs="a b",
       infer=lambda facts, a, b, **options: _eigh_type(facts, a, b, eigvals_only=True, **options),
       samples=_pencils({}, {"lower": False}, {"subset_by_index": (0, 1)}))  # fmt: skip
def eigvalsh(g, out, a, b, **options):
    return eigh(g, out, a, b, eigvals_only=True, **options)


# ---- of three diagonals

_TRIDIAGONAL = "select='a', select_range=None, check_finite=True, tol=0.0, lapack_driver='auto'"


def _tridiagonal_type(facts: Facts, d: Any, e: Any, *, eigvals_only: bool = False, select: str, **_: Any) -> Any:
    if select != "a":
        raise TypeError(f"scipy.linalg.eigh_tridiagonal with select={select!r} is not differentiated; take w[i:j]")
    x = shape_of(d)
    values = Type(kind_of_float(d), x, array=True)
    shape = ShapeVar() if isinstance(x, ShapeVar) else (*x, *x)
    return values if eigvals_only else [values, values.but(shape=shape)]


def _tridiagonal_bars(w_bar: Any, v_bar: Any, w: Any, v: Any) -> Any:
    """The diagonal of the cotangent of the matrix, and twice the one above it."""
    if v_bar is None:
        return (v * v) @ w_bar, 2.0 * ((v[:-1] * v[1:]) @ w_bar)
    a_bar, _ = _eigenproblem(w_bar, v_bar, w, v, None)
    return np.diagonal(a_bar), 2.0 * np.diagonal(a_bar, offset=1)


@bprop(sl.eigh_tridiagonal, signature=f"d, e, eigvals_only=False, {_TRIDIAGONAL}", infer=_tridiagonal_type,
       samples=lambda rng: [((rng.normal(size=4), rng.uniform(0.5, 1.0, 3)), {"eigvals_only": only})
                            for only in (False, True)])  # fmt: skip
def eigh_tridiagonal(g, out, d, e, *, eigvals_only, **_):
    """By the eigenvectors, as for the matrix that it stands for."""
    sent, found = ((g, None), apply(sl.eigh_tridiagonal, d, e)) if eigvals_only else (g, out)
    return _tridiagonal_bars(*sent, *found)


@bprop(sl.eigvalsh_tridiagonal, signature=f"d, e, {_TRIDIAGONAL}",
       infer=lambda facts, d, e, **options: _tridiagonal_type(facts, d, e, eigvals_only=True, **options),
       samples=lambda rng: [((rng.normal(size=4), rng.uniform(0.5, 1.0, 3)), {})])  # fmt: skip
def eigvalsh_tridiagonal(g, out, d, e, **_):
    return _tridiagonal_bars(g, None, *apply(sl.eigh_tridiagonal, d, e))

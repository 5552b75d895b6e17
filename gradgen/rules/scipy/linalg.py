"""Rules of `scipy.linalg`: of systems solved by a factorisation, of functions of matrices, of matrices with a pattern.

Sources: Giles 2008, *Collected matrix derivative results* (systems); Higham 2008, *Functions of matrices*, section 3.2
(the derivative of a function of a matrix is a block of the function of a matrix twice as large). Matrices are single
ones, no stacks, and real, unless said otherwise. What reads one triangle of a symmetric matrix gets a symmetric
cotangent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...errors import NoRuleError
from ...graph import OPERATIONS, Value, type_of
from ...shapes import Facts, ShapeVar, Size, Type, dim_add
from .. import linalg as nl
from .. import norms
from ..linalg import kind_of_float, mT, positive, real, regular, square
from ..matrix_snippets import cholesky_bar
from ..primitives import apply, count, length, plus, scatter
from ..primitives import dtype as dtype_of
from ..products import shape_of
from ..registry import bprop, ndim, primitive, refuse, register
from ..shaping import like_shape

CHECKS = "overwrite_a=False, overwrite_b=False, check_finite=True"


def one_matrix(a: Any, b: Any, name: str) -> None:
    """Refuse stacks, and what may be one."""
    if ndim(a) != 2 or b is not None and ndim(b) not in (1, 2):
        raise NoRuleError(f"scipy.linalg.{name} needs arrays of known rank: declare their shapes, of one matrix")
    real(a, name)


def outer(y: Any, x: Any) -> Any:
    """y x^T, of vectors or of the columns of matrices."""
    return np.outer(y, x) if ndim(y) == 1 else y @ x.T


def _solved(facts: Facts, a: Any, b: Any) -> Type:
    x, y = shape_of(a), shape_of(b)
    shape = ShapeVar() if isinstance(x, ShapeVar) or isinstance(y, ShapeVar) else y
    return Type(kind_of_float(a, b), shape, array=True)


def _systems(make: Any, *options: dict[str, Any]) -> Any:
    """Samples: a matrix that `make` makes, with one right side and with several."""

    def samples(rng: np.random.Generator) -> list[Any]:
        shapes = ((3,), (3, 2))
        return [((make(rng, 3, 3), rng.normal(size=s)), dict(o)) for s in shapes for o in options or ({},)]

    return samples


# ---- systems of equations


@bprop(sl.solve_triangular, infer=lambda facts, a, b, **_: _solved(facts, a, b), inputs="a b",
       signature="a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True",
       samples=_systems(regular, {}, {"lower": True}, {"trans": 1}, {"trans": "T", "lower": True},
                        {"unit_diagonal": True}))  # fmt: skip
def solve_triangular(g, out, a, b, *, trans, lower, unit_diagonal, **_):
    """b_bar solves the transposed system, a_bar is the triangle of -b_bar out^T."""
    one_matrix(a, b, "solve_triangular")
    turned = trans in (1, "T", 2, "C")
    options = {"trans": 0 if turned else 1, "lower": lower, "unit_diagonal": unit_diagonal}
    b_bar = apply(sl.solve_triangular, a, g, **options)
    a_bar = -outer(out, b_bar) if turned else -outer(b_bar, out)
    keep, edge = (np.tril, -1) if lower else (np.triu, 1)
    return keep(a_bar, edge if unit_diagonal else 0), b_bar


@bprop(sl.solve, infer=lambda facts, a, b, **_: _solved(facts, a, b), inputs="a b",
       signature=f"a, b, lower=False, {CHECKS}, assume_a=None, transposed=False",
       samples=lambda rng: [*_systems(regular, {}, {"assume_a": "gen"}, {"transposed": True})(rng)])  # fmt: skip
def solve(g, out, a, b, *, lower, assume_a, transposed, **_):
    """b_bar solves the transposed system, a_bar = -b_bar out^T, made symmetric where `a` is taken to be."""
    one_matrix(a, b, "solve")
    options: dict[str, Any] = {} if assume_a is None else {"assume_a": assume_a, "lower": lower}
    symmetric = assume_a in ("sym", "symmetric", "pos", "positive definite", "her", "hermitian")
    if not symmetric and assume_a not in (None, "gen", "general"):
        raise NoRuleError(f"scipy.linalg.solve with assume_a={assume_a!r} is not differentiated; leave it out")
    b_bar = apply(sl.solve, a, g, transposed=not transposed and not symmetric, **options)
    a_bar = -outer(out, b_bar) if transposed else -outer(b_bar, out)
    return 0.5 * (a_bar + a_bar.T) if symmetric else a_bar, b_bar


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


@bprop(sl.cho_solve, infer=lambda facts, c, lower, b, **_: _solved(facts, c, b), inputs="c_and_lower b",
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


@bprop(sl.lu_solve, infer=lambda facts, lu, piv, b, **_: _solved(facts, lu, b), inputs="lu_and_piv b",
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


# ---- matrix equations


def _equation(facts: Facts, a: Any, *others: Any, **_: Any) -> Type:
    return Type(kind_of_float(a, *others), shape_of(others[-1]), array=True)


@bprop(sl.solve_sylvester, signature="a, b, q", infer=_equation,
       samples=lambda rng: [((regular(rng, 3, 3), regular(rng, 2, 2), rng.normal(size=(3, 2))), {})])  # fmt: skip
def solve_sylvester(g, out, a, b, q):
    """q_bar solves the transposed equation; a_bar = -q_bar out^T, b_bar = -out^T q_bar"""
    if ndim(a) != 2 or ndim(b) != 2:
        raise NoRuleError("scipy.linalg.solve_sylvester needs matrices of known rank: declare their shapes")
    q_bar = apply(sl.solve_sylvester, a.T, b.T, g)
    return -(q_bar @ out.T), -(out.T @ q_bar), q_bar


@bprop(sl.solve_continuous_lyapunov, signature="a, q", infer=_equation,
       samples=lambda rng: [((regular(rng, 3, 3), rng.normal(size=(3, 3))), {})])  # fmt: skip
def solve_continuous_lyapunov(g, out, a, q):
    one_matrix(a, q, "solve_continuous_lyapunov")
    q_bar = apply(sl.solve_continuous_lyapunov, a.T, g)
    return -(q_bar @ out.T + q_bar.T @ out), q_bar


@bprop(sl.solve_discrete_lyapunov, signature="a, q, method=None", inputs="a q", infer=_equation,
       samples=lambda rng: [((0.2 * rng.normal(size=(3, 3)), rng.normal(size=(3, 3))), {})])  # fmt: skip
def solve_discrete_lyapunov(g, out, a, q, **_):
    one_matrix(a, q, "solve_discrete_lyapunov")
    q_bar = apply(sl.solve_discrete_lyapunov, a.T, g)
    return q_bar @ a @ out.T + q_bar.T @ a @ out, q_bar


# ---- functions of matrices


def _same(facts: Facts, a: Any, **_: Any) -> Type:
    return Type(kind_of_float(a), square(facts, a), array=True)


def _complex(facts: Facts, a: Any, **_: Any) -> Type:
    """Taken to be complex, of which real ones are some."""
    return Type("complex", square(facts, a), array=True)


def along(fn: Any, a: Any, g: Any) -> Any:
    """The derivative of a function of a matrix at `a` along `g`: a block of the function of a matrix of blocks."""
    n = length(a, -1)
    whole = np.concatenate([np.concatenate([a, g], axis=-1), np.concatenate([0.0 * a, a], axis=-1)], axis=-2)
    return apply(fn, whole)[..., :n, n:]


@bprop(sl.expm, signature="A", infer=_same,
       samples=lambda rng: [((rng.normal(size=s),), {}) for s in ((2, 2), (2, 1, 1))])  # fmt: skip
def expm(g, out, A):
    """The derivative at A^T along the cotangent; of stacks too."""
    return along(sl.expm, mT(A), g)


@bprop(sl.sqrtm, signature="A", infer=_complex, samples=lambda rng: [((positive(rng, 3, 3),), {})])
def sqrtm(g, out, A):
    """out^T A_bar + A_bar out^T = g"""
    return apply(sl.solve_sylvester, out.T, out.T, g)


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

# ---- the same as NumPy's

_OPTIONS = "overwrite_a=False, check_finite=True"


def _like(fn: Any, same: Any, signature: str) -> None:
    """A function that does what one of NumPy does, its own options being of no concern."""
    op = OPERATIONS[same]

    def rule(g, out, a, **options):
        one_matrix(a, None, fn.__name__)
        return op.rule(g, out, a)

    def infer(facts: Facts, a: Any, **options: Any) -> Any:
        if options.get("return_rank"):
            raise TypeError(f"scipy.linalg.{fn.__name__} with return_rank=True is not differentiated; leave it out")
        return op.infer(facts, a)  # type: ignore[misc]

    register(fn, signature=signature, inputs="a", rule=rule, infer=infer,
             samples=lambda rng: [((regular(rng, *s),), {}) for s in ((3, 3), (1, 1))])  # fmt: skip


@bprop(sl.norm, signature="a, ord=None, axis=None, keepdims=False, check_finite=True", inputs="a",
       infer=lambda facts, a, *, check_finite, **options: norms._norm_type(facts, a, **options),
       samples=lambda rng: [((rng.normal(size=s), o), {}) for s in ((4,), (3, 2)) for o in (None, 1, 2)])  # fmt: skip
def norm(g, out, a, *, check_finite, **options):
    return norms.norm(g, out, a, **options)


def _eigh_type(facts: Facts, a: Any, *, eigvals_only: bool = False, **options: Any) -> Any:
    for name in ("b", "subset_by_index", "subset_by_value"):
        if options.get(name) is not None:
            raise TypeError(f"scipy.linalg.eigh with {name}= is not differentiated; leave it out")
    types = OPERATIONS[np.linalg.eigh].infer(facts, a)  # type: ignore[misc]
    return types[0] if eigvals_only else types


_EIGH = "overwrite_a=False, overwrite_b=False, type=1, check_finite=True, subset_by_index=None, subset_by_value=None"


@bprop(sl.eigh, signature=f"a, b=None, lower=True, eigvals_only=False, {_EIGH}, driver=None", inputs="a",
       infer=_eigh_type, samples=lambda rng: [((positive(rng, 3, 3),), {"eigvals_only": True, "lower": lower})
                                              for lower in (False, True)])  # fmt: skip
def eigh(g, out, a, *, lower, eigvals_only, **_):
    one_matrix(a, None, "eigh")
    rule = nl.eigvalsh if eigvals_only else nl.eigh
    return rule(g, out, a, UPLO="L" if lower else "U")


@bprop(sl.eigvalsh, signature=f"a, b=None, lower=True, {_EIGH}, driver=None", inputs="a",
       infer=lambda facts, a, **options: _eigh_type(facts, a, eigvals_only=True, **options),
       samples=lambda rng: [((positive(rng, 3, 3),), {"lower": lower}) for lower in (False, True)])  # fmt: skip
def eigvalsh(g, out, a, *, lower, **_):
    one_matrix(a, None, "eigvalsh")
    return nl.eigvalsh(g, out, a, UPLO="L" if lower else "U")


_like(sl.inv, np.linalg.inv, f"a, {_OPTIONS}, assume_a=None, lower=False")
_like(sl.det, np.linalg.det, f"a, {_OPTIONS}")
_like(sl.svdvals, np.linalg.svdvals, f"a, {_OPTIONS}")
_like(sl.pinv, np.linalg.pinv, "a, atol=None, rtol=None, return_rank=False, check_finite=True")


# ---- refused, and why

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
AS_NUMPY = "use the function of that name in np.linalg"
BY_HAND = "write it with functions that have one, such as np.linalg.solve and scipy.linalg.expm"

refuse(sl, "svd eig eigvals qr lstsq", "it has options that NumPy's has not", AS_NUMPY)
refuse(sl, "logm funm fractional_matrix_power signm",
       "its derivative is that of a matrix with blocks, which SciPy does not get accurately",
       "for a symmetric matrix write (v * np.log(w)) @ v.T with w, v = np.linalg.eigh(a)")  # fmt: skip
refuse(sl, "solve_banded solveh_banded cholesky_banded cho_solve_banded eig_banded eigvals_banded eigh_tridiagonal "
       "eigvalsh_tridiagonal", "it takes a matrix by its diagonals",
       "make the matrix, and use np.linalg.solve")  # fmt: skip
refuse(sl, "hankel convolution_matrix companion leslie fiedler fiedler_companion khatri_rao matmul_toeplitz "
       "solve_toeplitz solve_circulant", "gradgen has no rule for it",
       "use scipy.linalg.toeplitz, np.kron and np.linalg.solve")  # fmt: skip
refuse(sl, "coshm cosm sinhm sinm tanhm tanm expm_cond expm_frechet lu polar rq schur rsf2csf hessenberg ldl qz ordqz "
       "cossin null_space orth subspace_angles orthogonal_procrustes pinvh matrix_balance cdf2rdf qr_delete qr_insert "
       "qr_multiply qr_update diagsvd solve_continuous_are solve_discrete_are",
       "gradgen has no rule for it", BY_HAND)  # fmt: skip
refuse(sl, "dft hadamard helmert hilbert invhilbert invpascal pascal", "it is made of an integer", ASIDE)
refuse(sl, "bandwidth ishermitian issymmetric find_best_blas_type get_blas_funcs get_lapack_funcs "
       "clarkson_woodruff_transform test", "what it gives is no number that varies", ASIDE)  # fmt: skip
refuse(sl, "LinAlgError LinAlgWarning", "it is an exception", "raise it under a condition")

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
from ...graph import OPERATIONS
from ...shapes import Facts, ShapeVar, Type
from .. import norms
from ..linalg import kind_of_float, mT, positive, real, regular, square
from ..matrix_snippets import pinv_bar
from ..primitives import apply, length
from ..products import shape_of
from ..registry import bprop, ndim, refuse, register

CHECKS = "overwrite_a=False, overwrite_b=False, check_finite=True"


def one_matrix(a: Any, b: Any, name: str) -> None:
    """Refuse stacks, and what may be one."""
    if ndim(a) != 2 or b is not None and ndim(b) not in (1, 2):
        raise NoRuleError(f"scipy.linalg.{name} needs arrays of known rank: declare their shapes, of one matrix")
    real(a, name)


def outer(y: Any, x: Any) -> Any:
    """y x^T, of vectors or of the columns of matrices."""
    return np.outer(y, x) if ndim(y) == 1 else y @ x.T


def solved_type(facts: Facts, a: Any, b: Any) -> Type:
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


@bprop(sl.solve_triangular, infer=lambda facts, a, b, **_: solved_type(facts, a, b), inputs="a b",
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


GENERAL = (None, "gen", "general", "banded")
SYMMETRIC = ("sym", "symmetric", "her", "hermitian", "pos", "positive definite")
READ: dict[str, Any] = {
    "upper triangular": np.triu,
    "lower triangular": np.tril,
    "diagonal": lambda a: np.triu(np.tril(a)),
    "tridiagonal": lambda a: np.triu(np.tril(a, 1), -1),
}
"""Of a matrix that is said to have a structure, what is read."""


def spread(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Matrices far from singular, whatever part of them is read."""
    return np.asarray(0.3 * regular(rng, *shape) + 3.0 * np.eye(shape[-1]))


def _solve_samples(rng: np.random.Generator) -> list[Any]:
    options: list[dict[str, Any]] = [{}, {"transposed": True}, {"assume_a": "banded"}]
    options += [{"assume_a": name, "transposed": t} for name in ("gen", *READ) for t in (False, True)]
    return _systems(spread, *options)(rng)  # type: ignore[no-any-return]


@bprop(sl.solve, infer=lambda facts, a, b, **_: solved_type(facts, a, b), inputs="a b",
       signature=f"a, b, lower=False, {CHECKS}, assume_a=None, transposed=False",
       samples=_solve_samples)  # fmt: skip
def solve(g, out, a, b, *, lower, assume_a, transposed, **_):
    """b_bar solves the transposed system, a_bar = -b_bar out^T: of what is read of `a`, symmetric where `a` is."""
    one_matrix(a, b, "solve")
    options: dict[str, Any] = {} if assume_a is None else {"assume_a": assume_a, "lower": lower}
    b_bar = apply(sl.solve, a, g, transposed=not transposed and assume_a not in SYMMETRIC, **options)
    return as_read(-outer(out, b_bar) if transposed else -outer(b_bar, out), assume_a, "solve"), b_bar


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


def _riccati_samples(rng: np.random.Generator) -> list[Any]:
    a, b = 0.3 * positive(rng, 3, 3), rng.normal(size=(3, 2))  # which may stand for q as well
    return [((a, b, positive(rng, 3, 3), positive(rng, 2, 2)), {})]


_RICCATI: dict[str, Any] = {
    "signature": "a, b, q, r, e=None, s=None, balanced=True", "inputs": "a b q r", "samples": _riccati_samples,
    "infer": lambda facts, a, b, q, r, **options: _riccati_type(facts, a, b, q, r, **options),
}  # fmt: skip


def _riccati_type(facts: Facts, a: Any, b: Any, q: Any, r: Any, *, e: Any, s: Any, **_: Any) -> Type:
    if e is not None or s is not None:
        raise TypeError("Riccati equations with e= or s= are not differentiated; bring it to the form without them")
    return Type(kind_of_float(a, b, q, r), square(facts, q), array=True)


@bprop(sl.solve_continuous_are, **_RICCATI)
def solve_continuous_are(g, out, a, b, q, r, **_):
    """With the gain k = r^-1 b^T out: q_bar solves (a - b k) q_bar + q_bar (a - b k)^T = -g."""
    one_matrix(a, b, "solve_continuous_are")
    k = np.linalg.solve(r, b.T @ out)
    q_bar = apply(sl.solve_continuous_lyapunov, a - b @ k, -0.5 * (g + g.T))
    a_bar = 2.0 * (out @ q_bar)
    return a_bar, -(a_bar @ k.T), q_bar, k @ q_bar @ k.T


@bprop(sl.solve_discrete_are, **_RICCATI)
def solve_discrete_are(g, out, a, b, q, r, **_):
    """With the gain k = (r + b^T out b)^-1 b^T out a: q_bar - (a - b k) q_bar (a - b k)^T = g."""
    one_matrix(a, b, "solve_discrete_are")
    k = np.linalg.solve(r + b.T @ out @ b, b.T @ out @ a)
    closed = a - b @ k
    q_bar = apply(sl.solve_discrete_lyapunov, closed, 0.5 * (g + g.T))
    a_bar = 2.0 * (out @ closed @ q_bar)
    return a_bar, -(a_bar @ k.T), q_bar, k @ q_bar @ k.T


# ---- functions of matrices


def _same(facts: Facts, a: Any, **_: Any) -> Type:
    return Type(kind_of_float(a), square(facts, a), array=True)


def _complex(facts: Facts, a: Any, **_: Any) -> Type:
    """Taken to be complex, of which real ones are some."""
    return Type("complex", square(facts, a), array=True)


def along(fn: Any, a: Any, g: Any, *args: Any) -> Any:
    """The derivative of a function of a matrix at `a` along `g`: a block of the function of a matrix of blocks."""
    n = length(a, -1)
    whole = np.concatenate([np.concatenate([a, g], axis=-1), np.concatenate([0.0 * a, a], axis=-1)], axis=-2)
    return apply(fn, whole, *args)[..., :n, n:]


@bprop(sl.expm, signature="A", infer=_same,
       samples=lambda rng: [((rng.normal(size=s),), {}) for s in ((2, 2), (2, 1, 1))])  # fmt: skip
def expm(g, out, A):
    """The derivative at A^T along the cotangent; of stacks too."""
    return along(sl.expm, mT(A), g)


@bprop(sl.sqrtm, signature="A", infer=_complex, samples=lambda rng: [((positive(rng, 3, 3),), {})])
def sqrtm(g, out, A):
    """out^T A_bar + A_bar out^T = g"""
    return apply(sl.solve_sylvester, out.T, out.T, g)


def _function(fn: Any, infer: Any, make: Any) -> None:
    """A function of a matrix that SciPy computes well of a matrix of blocks."""

    register(fn, signature="A", rule=lambda g, out, A: along(fn, mT(A), g), infer=infer,
             samples=lambda rng: [((make(rng, 2, 2),), {})])  # fmt: skip


_function(sl.logm, _complex, positive)
for _fn in (sl.cosm, sl.sinm, sl.tanm, sl.coshm, sl.sinhm, sl.tanhm):
    _function(_fn, _same, lambda rng, *shape: 0.5 * rng.normal(size=shape))


@bprop(sl.fractional_matrix_power, signature="A, t", inputs="A", infer=lambda facts, A, *, t: _complex(facts, A),
       samples=lambda rng: [((positive(rng, 2, 2), t), {}) for t in (0.5, -1.3)])  # fmt: skip
def fractional_matrix_power(g, out, A, *, t):
    """As for `expm`."""
    return along(sl.fractional_matrix_power, mT(A), g, t)


# ---- the same as NumPy's

_OPTIONS = "overwrite_a=False, check_finite=True"


def as_read(a_bar: Any, assume_a: Any, name: str) -> Any:
    """The cotangent of a matrix of which a structure is assumed: of what is read of it, and symmetric where it is."""
    if assume_a not in (*GENERAL, *SYMMETRIC, *READ):
        raise NoRuleError(f"scipy.linalg.{name} with assume_a={assume_a!r} is not differentiated; leave it out")
    return 0.5 * (a_bar + mT(a_bar)) if assume_a in SYMMETRIC else READ.get(assume_a, lambda x: x)(a_bar)


@bprop(sl.inv, signature=f"a, {_OPTIONS}, assume_a=None, lower=False", inputs="a",
       infer=lambda facts, a, **_: _same(facts, a),
       samples=lambda rng: [((spread(rng, *s),), o) for s in ((3, 3), (1, 1), (2, 3, 3))
                            for o in ({}, *({"assume_a": name} for name in ("gen", "upper triangular")))])  # fmt: skip
def inv(g, out, a, *, assume_a, **_):
    """-out^T g out^T"""
    real(a, "inv")
    if assume_a == "diagonal":  # what is off the diagonal is left as it is
        raise NoRuleError("scipy.linalg.inv of what is said to be diagonal is not differentiated; write 1 / np.diag(a)")
    return as_read(-(mT(out) @ g @ mT(out)), assume_a, "inv")


def _without_rank(fn: Any, options: dict[str, Any]) -> None:
    if options.get("return_rank"):
        raise TypeError(f"scipy.linalg.{fn.__name__} with return_rank=True is not differentiated; leave it out")


def _like(fn: Any, same: Any, signature: str) -> None:
    """A function that does what one of NumPy does, its own options being of no concern."""
    op = OPERATIONS[same]

    def rule(g, out, a, **options):
        return op.rule(g, out, a)

    def infer(facts: Facts, a: Any, **options: Any) -> Any:
        _without_rank(fn, options)
        return op.infer(facts, a)  # type: ignore[misc]

    register(fn, signature=signature, inputs="a", rule=rule, infer=infer,
             samples=lambda rng: [((regular(rng, *s),), {}) for s in ((3, 3), (1, 1), (2, 3, 3))])  # fmt: skip


@bprop(sl.norm, signature="a, ord=None, axis=None, keepdims=False, check_finite=True", inputs="a",
       infer=lambda facts, a, *, check_finite, **options: norms._norm_type(facts, a, **options),
       samples=lambda rng: [((rng.normal(size=s), o), {}) for s in ((4,), (3, 2)) for o in (None, 1, 2)])  # fmt: skip
def norm(g, out, a, *, check_finite, **options):
    return norms.norm(g, out, a, **options)


def _pinvh_type(facts: Facts, a: Any, **options: Any) -> Type:
    _without_rank(sl.pinvh, options)
    return _same(facts, a)


@bprop(sl.pinvh, signature="a, atol=None, rtol=None, lower=True, return_rank=False, check_finite=True", inputs="a",
       infer=_pinvh_type,
       samples=lambda rng: [((positive(rng, 3, 3),), {"lower": lower}) for lower in (False, True)])  # fmt: skip
def pinvh(g, out, a, **_):
    """As for `pinv`, symmetric."""
    one_matrix(a, None, "pinvh")
    return pinv_bar(0.5 * (g + g.T), np.linalg.pinv(out), out)


_like(sl.det, np.linalg.det, f"a, {_OPTIONS}")
_like(sl.svdvals, np.linalg.svdvals, f"a, {_OPTIONS}")
_like(sl.pinv, np.linalg.pinv, "a, atol=None, rtol=None, return_rank=False, check_finite=True")


# ---- refused, and why

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
BY_HAND = "write it with functions that have one, such as np.linalg.solve and scipy.linalg.expm"

refuse(sl, "funm signm", "its derivative is that of a matrix of blocks, which SciPy does not get accurately",
       "for a symmetric matrix write (v * np.sign(w)) @ v.T with w, v = np.linalg.eigh(a)")  # fmt: skip
refuse(sl, "cholesky_banded cho_solve_banded eig_banded eigvals_banded", "it takes a matrix by its diagonals",
       "use scipy.linalg.solveh_banded, or make the matrix")  # fmt: skip
refuse(sl, "convolution_matrix companion leslie fiedler fiedler_companion khatri_rao solve_circulant",
       "gradgen has no rule for it", "use scipy.linalg.toeplitz, np.kron and np.linalg.solve")  # fmt: skip
refuse(sl, "polar", "it has no derivative in closed form where the matrix is singular",
       "write u @ vh and (vh.T * s) @ vh with u, s, vh = scipy.linalg.svd(a, full_matrices=False)")  # fmt: skip
refuse(sl, "null_space orth", "it is a basis of a space, of which SciPy makes its own choice",
       "use the projection on that space, such as a @ np.linalg.pinv(a)")  # fmt: skip
refuse(sl, "expm_frechet expm_cond", "it is a derivative itself", "use scipy.linalg.expm of a matrix of blocks")
refuse(sl, "rq schur rsf2csf hessenberg ldl qz ordqz cossin subspace_angles orthogonal_procrustes matrix_balance "
       "cdf2rdf qr_delete qr_insert qr_multiply qr_update diagsvd", "gradgen has no rule for it", BY_HAND)  # fmt: skip
refuse(sl, "dft hadamard helmert hilbert invhilbert invpascal pascal", "it is made of an integer", ASIDE)
refuse(sl, "bandwidth ishermitian issymmetric find_best_blas_type get_blas_funcs get_lapack_funcs "
       "clarkson_woodruff_transform test", "what it gives is no number that varies", ASIDE)  # fmt: skip
refuse(sl, "LinAlgError LinAlgWarning", "it is an exception", "raise it under a condition")

"""Rules of `np.linalg`.

Sources: Giles 2008, *Collected matrix derivative results for forward and reverse mode algorithmic differentiation*
(solve, inv, det, eigh); Murray 2016, *Differentiation of the Cholesky decomposition*; Townsend 2016 (svd); Walter and
Lehmann 2018 (qr); Golub and Pereyra 1973 (pinv). Functions that read one triangle of a symmetric matrix (cholesky,
eigh) get a symmetric cotangent. Everything also holds for stacks of matrices.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import OPERATIONS, Value, infer, type_of
from ..shapes import Dim, Facts, Shape, ShapeVar, Size, Type, float_of, join_kinds, real_of
from .elementwise import conj, is_complex
from .matrix_snippets import (
    cholesky_bar,
    cofactors,
    eigenvectors_bar,
    eigenvectors_of,
    matrix_power_bar,
    multi_dot_bar,
    outer_like,
    pinv_bar,
    qr_bar,
    singular_vectors_bar,
    solve_like,
)
from .primitives import apply, count, length, shape, unbroadcast
from .products import contraction, cross, letters, shape_of
from .reductions import axes_of
from .registry import Unknown, bprop, ndim, register
from .selecting import diagonal, trace


def mT(x: Any) -> Any:
    """A matrix transposed, or each of a stack."""
    return x.T if ndim(x) == 2 else np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Any:
    """A matrix transposed and conjugated, or each of a stack."""
    return conj(mT(x))


def per_matrix(g: Any, a: Any) -> Any:
    """One number a matrix, shaped to multiply the matrices of the stack `a`."""
    return g if ndim(a) == 2 else np.expand_dims(g, (-2, -1))


def per_column(w: Any) -> Any:
    """One number a column, shaped to multiply the columns of matrices."""
    return w if ndim(w) == 1 else np.expand_dims(w, -2)


def real(a: Any, name: str) -> None:
    """Refuse complex matrices, for which the rule would be another one."""
    if is_complex(a):
        raise NoRuleError(f"gradgen knows the derivative of np.linalg.{name} for real matrices only")


def kind_of_float(*values: Any) -> str:
    return float_of(join_kinds(*(type_of(x).kind for x in values)))


def square(facts: Facts, a: Any) -> Shape:
    """The shape of a square matrix, or a stack of them."""
    x = shape_of(a)
    if isinstance(x, ShapeVar):
        return x
    if len(x) < 2:
        raise np.linalg.LinAlgError(f"{len(x)}-dimensional array given, must be at least two-dimensional")
    n = facts.equate(x[-1], x[-2])
    return (*x[:-2], n, n)


def _square_type(facts: Facts, a: Any, **_: Any) -> Type:
    return Type(kind_of_float(a), square(facts, a), array=True)


# ---- samples


def regular(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random square matrices far from singular."""
    return np.asarray(rng.normal(size=shape) + 2.0 * shape[-1] * np.eye(shape[-1]))


def positive(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random symmetric positive definite matrices, with eigenvalues apart from each other."""
    a = rng.normal(size=shape)
    q, _ = np.linalg.qr(a)
    w = np.arange(1.0, shape[-1] + 1.0) + 0.3 * rng.random((*shape[:-2], 1, shape[-1]))
    s = (q * w) @ np.swapaxes(q, -1, -2)
    return np.asarray((s + np.swapaxes(s, -1, -2)) / 2.0)


SQUARES = ((3, 3), (1, 1), (2, 3, 3), (2, 1, 2, 2))


def _of(make: Any, *options: dict[str, Any], shapes: Any = SQUARES) -> Any:
    """Samples: matrices that `make` makes, with each choice of options."""

    def samples(rng: np.random.Generator) -> list[Any]:
        return [((make(rng, *shape),), dict(o)) for shape in shapes for o in options or ({},)]

    return samples


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return np.asarray(rng.normal(size=shape))


# ---- solve, inv, det


def _solve_type(facts: Facts, a: Any, b: Any) -> Type:
    x, y = square(facts, a), shape_of(b)
    kind = kind_of_float(a, b)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return Type(kind, ShapeVar(), array=True)
    facts.equate(x[-1], y[0] if len(y) == 1 else y[-2])
    if len(y) == 1:
        return Type(kind, x[:-1], array=True)
    stack = facts.broadcast(x[:-2], y[:-2])
    assert not isinstance(stack, ShapeVar)
    return Type(kind, (*stack, *y[-2:]), array=True)


def _solve_samples(rng: np.random.Generator) -> list[Any]:
    shapes = [((3, 3), (3,)), ((3, 3), (3, 2)), ((1, 1), (1,)), ((1, 1), (1, 1)), ((2, 3, 3), (3,)),
              ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 2)), ((2, 3, 3), (2, 3, 1)), ((1, 3, 3), (2, 3, 2)),
              ((2, 1, 3, 3), (2, 3, 2))]  # fmt: skip
    return [((regular(rng, *m), rng.normal(size=n)), {}) for m, n in shapes]


@bprop(np.linalg.solve, signature="a, b", infer=_solve_type, samples=_solve_samples)
def solve(g, out, a, b):
    """b_bar = solve(a.T, g), a_bar = -b_bar out^T"""
    m, n = ndim(a), ndim(b)
    if m == 2 and n is not None:
        b_bar = np.linalg.solve(a.T, g)
        if n == 1:
            return -np.outer(b_bar, out), b_bar
        stack = letters(n - 2)[0]
        return -contraction(b_bar, stack + "IK", out, stack + "JK", "IJ"), b_bar
    if m is None or n is None:
        y = solve_like(mT(a), g, b)
        return unbroadcast(-outer_like(y, out, b), a), unbroadcast(y, b)
    if n == 1:
        y = np.linalg.solve(mT(a), np.expand_dims(g, -1))
        return -(y * np.expand_dims(out, -2)), unbroadcast(y[..., 0], b)
    y = np.linalg.solve(mT(a), g)
    return unbroadcast(-(y @ mT(out)), a), unbroadcast(y, b)


@bprop(np.linalg.inv, signature="a", infer=_square_type, samples=_of(regular))
def inv(g, out, a):
    """-out.T @ g @ out.T"""
    return -(mT(out) @ g @ mT(out))


def _stack_type(facts: Facts, a: Any) -> Type:
    x = square(facts, a)
    return Type(kind_of_float(a), x if isinstance(x, ShapeVar) and x is not shape_of(a) else _without(x, 2), array=True)


def _without(x: Shape, count: int) -> Shape:
    return ShapeVar() if isinstance(x, ShapeVar) else x[: len(x) - count]


def _det_samples(rng: np.random.Generator) -> list[Any]:
    singular = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]])
    more = [singular, np.stack([singular, regular(rng, 3, 3)]), np.zeros((2, 2)), np.zeros((1, 1))]
    return [*_of(regular)(rng), *(((a,), {}) for a in more)]


@bprop(np.linalg.det, signature="a", infer=_stack_type, samples=_det_samples)
def det(g, out, a):
    """The cofactors, which are det(a) inv(a).T where that exists."""
    return per_matrix(g, a) * cofactors(a)


def _slogdet_type(facts: Facts, a: Any) -> list[Type]:
    t = _stack_type(facts, a)
    return [t, t.but(kind=real_of(t.kind))]


@bprop(np.linalg.slogdet, signature="a", fields=("sign", "logabsdet"), infer=_slogdet_type, samples=_of(regular))
def slogdet(g, out, a):
    """The logarithm's is inv(a).T; the sign has none but for complex matrices, where it turns."""
    turn = 1j * np.imag(g[0] * out[0]) if g[0] is not None and is_complex(a) else None
    parts = [part for part in (g[1], turn) if part is not None]
    return per_matrix(sum(parts[1:], parts[0]), a) * mT(np.linalg.inv(a)) if parts else None


# ---- decompositions


def as_read(bar: Any, a: Any, lower: bool) -> Any:
    """The cotangent of a matrix of which one triangle is read, given the symmetric one.

    The matrix is taken for symmetric, and so is its cotangent; one that is written out entry by entry, and is not
    symmetric, gets what each of its entries has.
    """
    if bar is None or not _is_uneven(a):
        return bar
    return np.tril(bar) + np.tril(bar, -1) if lower else np.triu(bar) + np.triu(bar, 1)


def _is_uneven(a: Any) -> bool:
    """Whether a matrix is written out, and entries opposite each other are not the same."""
    while isinstance(a, Value) and a.node is not None and a.node.op.fn in SCALING:
        matrices = [v for v in a.node.inputs if v.type.ndim == 2]
        if len(matrices) != 1 or any(v.type.ndim != 0 for v in a.node.inputs if v not in matrices):
            return False
        [a] = matrices
    written = isinstance(a, Value) and a.node is not None and a.node.op.fn is np.array
    rows = _entries(a.node.inputs[0]) if written else []
    entries = [_entries(row) for row in rows]
    if any(len(row) != len(rows) for row in entries):
        return False
    return any(_differ(entries[i][j], entries[j][i]) for i in range(len(rows)) for j in range(i))


SCALING = (np.multiply, np.true_divide, np.negative)
"""What leaves a matrix symmetric that is so, by numbers."""


def _entries(x: Any) -> list[Any]:
    """The items of a list that is written out, values or constants."""
    const = x.const if isinstance(x, Value) else x
    if isinstance(const, (list, tuple)):
        return list(const)
    node = const.node if isinstance(const, Value) else None
    return list(node.inputs) if node is not None and node.op.name in ("list", "tuple") else []


def _differ(x: Any, y: Any) -> bool:
    """Whether two entries are not known to be the same."""
    x, y = (v.const if isinstance(v, Value) else v for v in (x, y))
    return x is not y and (isinstance(x, Value) or isinstance(y, Value) or bool(x != y))


@bprop(np.linalg.cholesky, signature="a, upper=False", infer=_square_type, samples=_of(positive, {}, {"upper": True}))
def cholesky(g, out, a, *, upper):
    """See `cholesky_bar`; that of a complex matrix is Hermitian."""
    if not is_complex(a):
        return as_read(cholesky_bar(mT(g), mT(out)) if upper else cholesky_bar(g, out), a, lower=not upper)
    factor, g = (adjoint(out), g) if upper else (out, np.conj(g))
    inner = np.tril(adjoint(factor) @ (mT(g) if upper else g))
    inner = inner * (1.0 - 0.5 * apply(np.eye, length(a, -1)))
    sent = mT(np.linalg.solve(mT(factor), mT(np.linalg.solve(adjoint(factor), inner))))
    return as_read(0.5 * (np.conj(sent) + mT(sent)), a, lower=not upper)


def _eigh_type(facts: Facts, a: Any, **_: Any) -> list[Type]:
    x = square(facts, a)
    kind = kind_of_float(a)
    values = Type("float" if kind == "complex" else kind, _without(x, 1), array=True)
    return [values, Type(kind, x, array=True)]


@bprop(np.linalg.eigh, signature="a, UPLO='L'", infer=_eigh_type, samples=_of(positive, {}, {"UPLO": "U"}),
       fields=("eigenvalues", "eigenvectors"))  # fmt: skip
def eigh(g, out, a, *, UPLO):
    """v diag(w_bar) v.T, and what the eigenvectors send; those of a complex matrix are known up to a factor."""
    w, v = out
    w_bar, v_bar = g
    a_bar = None if w_bar is None else (conj(v) * per_column(w_bar)) @ mT(v)
    if v_bar is not None:
        real(a, "eigh, its eigenvectors,")
        turned = eigenvectors_bar(v_bar, w, v)
        a_bar = turned if a_bar is None else a_bar + turned
    return as_read(a_bar, a, lower=UPLO == "L")


@bprop(np.linalg.eigvalsh, signature="a, UPLO='L'", infer=lambda facts, a, **_: _eigh_type(facts, a)[0],
       samples=_of(positive, {}, {"UPLO": "U"}))  # fmt: skip
def eigvalsh(g, out, a, *, UPLO):
    """v diag(g) v.T"""
    _, v = np.linalg.eigh(a, UPLO=UPLO)
    return as_read((conj(v) * per_column(g)) @ mT(v), a, lower=UPLO == "L")


def smaller(facts: Facts, m: Size, n: Size) -> Size:
    """min(m, n), as far as it is known."""
    m, n = facts.canonical(m), facts.canonical(n)
    if isinstance(m, int) and isinstance(n, int):
        return min(m, n)
    return m if m == n else 1 if 1 in (m, n) else Dim.fresh()


def _svd_type(facts: Facts, a: Any, *, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Any:
    if hermitian:
        raise TypeError("np.linalg.svd with hermitian=True is not differentiated; use np.linalg.eigh")
    kind, x = kind_of_float(a), shape_of(a)
    real_kind = "float" if kind == "complex" else kind
    if isinstance(x, ShapeVar):
        u, s, vh = (Type(k, ShapeVar(), array=True) for k in (kind, real_kind, kind))
        return [u, s, vh] if compute_uv else s
    m, n = x[-2:]
    k = smaller(facts, m, n)
    s = Type(real_kind, (*x[:-2], k), array=True)
    if not compute_uv:
        return s
    u = Type(kind, (*x[:-1], m if full_matrices else k), array=True)
    return [u, s, Type(kind, (*x[:-2], n if full_matrices else k, n), array=True)]


RECTANGLES = ((3, 3), (4, 2), (2, 4), (1, 1), (3, 1), (2, 3, 2), (2, 1, 2, 3))


def _svd_samples(rng: np.random.Generator) -> list[Any]:
    return _of(normal, {"full_matrices": False}, {"compute_uv": False}, shapes=RECTANGLES)(rng)  # type: ignore[no-any-return]


@bprop(np.linalg.svd, signature="a, full_matrices=True, compute_uv=True, hermitian=False", infer=_svd_type,
       samples=_svd_samples, fields=("U", "S", "Vh"))  # fmt: skip
def svd(g, out, a, *, full_matrices, compute_uv, hermitian):
    """u diag(s_bar) vh, and what the singular vectors send; those of a complex matrix are known up to factors."""
    if not compute_uv:
        u, _, vh = np.linalg.svd(a, full_matrices=False)
        return (conj(u) * per_column(g)) @ conj(vh)
    u, s, vh = out
    u_bar, s_bar, vh_bar = g
    if full_matrices and not surely_square(a):
        if u_bar is not None or vh_bar is not None:
            raise NoRuleError("the singular vectors have a derivative with full_matrices=False only")
        k = length(s, -1)
        u, vh = u[..., :k], vh[..., :k, :]
    a_bar = None if s_bar is None else (conj(u) * per_column(s_bar)) @ conj(vh)
    if u_bar is None and vh_bar is None:
        return a_bar
    real(a, "svd, its singular vectors,")
    turned = singular_vectors_bar(u_bar, vh_bar, u, s, vh)
    return turned if a_bar is None else a_bar + turned


@bprop(np.linalg.svdvals, signature="x", samples=_of(normal, shapes=RECTANGLES),
       infer=lambda facts, x: _svd_type(facts, x, full_matrices=False, compute_uv=False, hermitian=False))  # fmt: skip
def svdvals(g, out, x):
    """u diag(g) vh"""
    return svd(g, out, x, full_matrices=False, compute_uv=False, hermitian=False)


def surely_square(a: Any) -> bool:
    x = shape_of(a)
    return not isinstance(x, ShapeVar) and x[-1] == x[-2]


def _qr_type(facts: Facts, a: Any, *, mode: str) -> Any:
    if mode not in ("reduced", "r", "complete"):
        raise TypeError(f"np.linalg.qr with mode={mode!r} is not differentiated; use mode='reduced'")
    kind, x = kind_of_float(a), shape_of(a)
    if mode == "complete" and not (surely_square(a) or _surely_wide(a)):
        text = "a matrix of known rank that has no fewer columns than rows: use mode='reduced'"
        raise TypeError(f"np.linalg.qr with mode='complete' needs {text}")
    if isinstance(x, ShapeVar):
        types = [Type(kind, ShapeVar(), array=True) for _ in range(2)]
        return types[1] if mode == "r" else types
    k = x[-2] if _surely_wide(a) else x[-1]
    r = Type(kind, (*x[:-2], k, x[-1]), array=True)
    return r if mode == "r" else [Type(kind, (*x[:-1], k), array=True), r]


def _surely_wide(a: Any) -> bool:
    """Whether a matrix is known to have more columns than rows."""
    x = shape_of(a)
    if isinstance(x, ShapeVar) or not isinstance(x[-2], int):
        return False
    return x[-2] < x[-1] if isinstance(x[-1], int) else x[-2] == 0


@bprop(np.linalg.qr, signature="a, mode='reduced'", fields=("Q", "R"), infer=_qr_type,
       samples=lambda rng: [
        *_of(normal, {}, {"mode": "r"}, shapes=((3, 3), (4, 2), (1, 1), (3, 1), (2, 3, 2)))(rng),
        *_of(normal, {"mode": "complete"}, shapes=((3, 3), (2, 2, 2)))(rng)])  # fmt: skip
def qr(g, out, a, *, mode):
    """See `qr_bar`. Of a matrix that is known to be wide the columns beyond the square are r = q.T @ a."""
    real(a, "qr")
    (q_bar, r_bar), (q, r) = ((None, g), np.linalg.qr(a)) if mode == "r" else (g, out)
    if not _surely_wide(a):
        return qr_bar(q_bar, r_bar, q, r)
    m = shape_of(a)[-2]
    beyond = a[..., m:]
    beyond_bar = np.zeros_like(beyond)
    if r_bar is not None:
        sent = beyond @ mT(r_bar[..., m:])
        q_bar = sent if q_bar is None else q_bar + sent
        beyond_bar, r_bar = q @ r_bar[..., m:], r_bar[..., :m]
    return np.concatenate([qr_bar(q_bar, r_bar, q, r[..., :m]), beyond_bar], axis=-1)


# ---- powers and products


def _pinv_type(facts: Facts, a: Any, **_: Any) -> Type:
    x = shape_of(a)
    shape = ShapeVar() if isinstance(x, ShapeVar) else (*x[:-2], x[-1], x[-2])
    return Type(kind_of_float(a), shape, array=True)


@bprop(np.linalg.pinv, signature="a, rcond=None, hermitian=False, rtol=None", infer=_pinv_type,
       samples=_of(normal, shapes=((3, 3), (4, 2), (2, 4), (1, 1), (2, 3, 2))))  # fmt: skip
def pinv(g, out, a, **_):
    """See `pinv_bar`; for complex matrices the same with adjoints in the place of what is transposed."""
    if not is_complex(a):
        return pinv_bar(g, a, out)
    p, sent = out, mT(g)
    beyond = sent @ p @ adjoint(p)
    before = adjoint(p) @ p @ sent
    return np.conj(beyond - a @ (p @ beyond) + before - (before @ p) @ a) - mT(p @ sent @ p)


@bprop(np.linalg.matrix_power, signature="a, n", inputs="a", infer=_square_type,
       alias=lambda node: "maybe" if node.options["n"] == 1 else "fresh",
       samples=_of(lambda rng, *shape: regular(rng, *shape) / shape[-1],
                   *({"n": n} for n in (1, 2, 3, 5, 0, -1, -3))))  # fmt: skip
def matrix_power(g, out, a, *, n):
    """The product rule: g @ a.T + a.T @ g for the square."""
    if n == 1:
        return g
    if n == 2:
        return g @ mT(a) + mT(a) @ g
    if n == -1:
        return -(mT(out) @ g @ mT(out))
    return matrix_power_bar(g, a, n)


def _multi_dot_type(facts: Facts, *arrays: Any) -> Type:
    shapes = [shape_of(a) for a in arrays]
    kind = join_kinds(*(type_of(a).kind for a in arrays))
    if any(isinstance(x, ShapeVar) for x in shapes):
        return Type(kind, ShapeVar(), array=True)
    for x, y in itertools.pairwise(shapes):
        facts.equate(x[-1], y[0])  # type: ignore[index]
    first, last = shapes[0], shapes[-1]
    return Type(kind, (*first[:-1], *last[1:]), array=True)  # type: ignore[index]


def _multi_dot_samples(rng: np.random.Generator) -> list[Any]:
    chains = [((2, 3), (3, 4)), ((2, 3), (3, 4), (4, 2)), ((3,), (3, 4), (4, 2)), ((2, 3), (3, 4), (4,)),
              ((3,), (3, 4), (4,)), ((1, 3), (3, 2), (2, 2), (2, 1)), ((3,), (3,))]  # fmt: skip
    return [(([rng.normal(size=s) for s in shapes],), {}) for shapes in chains]


@bprop(np.linalg.multi_dot, signature="**arrays", inputs="arrays", infer=_multi_dot_type, samples=_multi_dot_samples)
def multi_dot(g, out, *arrays):
    """Each cotangent is what stands to its left, transposed, times g, times what stands to its right, transposed."""
    if any(ndim(a) != 2 for a in (arrays[0], arrays[-1])):
        return [multi_dot_bar(i, g, *arrays) for i in range(len(arrays))]
    bars = []
    for i in range(len(arrays)):
        chain = [a for a in (_chain(arrays[:i]), g, _chain(arrays[i + 1 :])) if a is not None]
        chain = [a if a is g else a.T for a in chain]
        bars.append(chain[0] @ chain[1] if len(chain) == 2 else np.linalg.multi_dot(chain))
    return bars


def _chain(arrays: Any) -> Any:
    return None if not arrays else arrays[0] if len(arrays) == 1 else np.linalg.multi_dot(list(arrays))


# ---- tensors


def _tensor_type(facts: Facts, a: Any, *, ind: int) -> Type:
    x = shape_of(a)
    return Type(kind_of_float(a), ShapeVar() if isinstance(x, ShapeVar) else (*x[ind:], *x[:ind]), array=True)


@bprop(np.linalg.tensorinv, signature="a, ind=2", infer=_tensor_type,
       samples=lambda rng: [((regular(rng, 4, 4).reshape(s), ind), {})
                            for s, ind in (((2, 2, 4), 2), ((4, 2, 2), 1), ((4, 4), 1))])  # fmt: skip
def tensorinv(g, out, a, *, ind):
    """As for the inverse, of the matrix that the tensor is: -out.T @ g @ out.T"""
    rank = ndim(a)
    if rank is None:
        raise NoRuleError("np.linalg.tensorinv needs an array of known rank: declare its shape")
    rest = tuple(range(rank - ind))
    sent = np.tensordot(out, g, axes=(rest, rest))
    return -np.tensordot(sent, out, axes=(tuple(range(ind, 2 * ind)), tuple(range(rank - ind, rank))))


def _tensorsolve_type(facts: Facts, a: Any, b: Any, *, axes: Any) -> Type:
    x, y = shape_of(a), shape_of(b)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        raise TypeError("np.linalg.tensorsolve needs arrays of known rank: declare their shapes")
    kept = [d for i, d in enumerate(x) if axes is None or i not in axes_of(axes, len(x))]
    moved = [] if axes is None else [x[i] for i in axes_of(axes, len(x))]
    return Type(kind_of_float(a, b), tuple([*kept, *moved][len(y) :]), array=True)


def _tensorsolve_samples(rng: np.random.Generator) -> list[Any]:
    a, b = regular(rng, 6, 6), rng.normal(size=6)
    return [((a.reshape(2, 3, 6), b.reshape(2, 3)), {}), ((a.reshape(6, 3, 2), b), {}), ((a, b), {}),
            ((np.moveaxis(a.reshape(2, 3, 6), 2, 0), b.reshape(2, 3)), {"axes": (0,)})]  # fmt: skip


@bprop(np.linalg.tensorsolve, signature="a, b, axes=None", inputs="a b", infer=_tensorsolve_type,
       samples=_tensorsolve_samples)  # fmt: skip
def tensorsolve(g, out, a, b, *, axes):
    """b_bar solves the transposed system, a_bar = -b_bar out^T"""
    n = count(b)
    moved = a
    if axes is not None:
        places = tuple(range(ndim(a) - len(axes), ndim(a)))
        moved = np.moveaxis(a, axes, places)
    solved = np.linalg.solve(apply(np.reshape, moved, (n, n)).T, apply(np.reshape, g, -1))
    b_bar = apply(np.reshape, solved, shape(b))
    a_bar = -np.tensordot(b_bar, out, axes=0)
    return a_bar if axes is None else np.moveaxis(a_bar, places, axes), b_bar


# ---- least squares


def _lstsq_type(facts: Facts, a: Any, b: Any, *, rcond: Any) -> list[Type]:
    x, y = shape_of(a), shape_of(b)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        raise TypeError("np.linalg.lstsq needs arrays of known rank: declare their shapes")
    facts.equate(x[0], y[0])
    kind = kind_of_float(a, b)
    k = smaller(facts, x[0], x[1])
    return [Type(kind, (x[1], *y[1:]), array=True), Type(kind, (Dim.fresh(),), array=True), Type("int", ()),
            Type("float" if kind == "complex" else kind, (k,), array=True)]  # fmt: skip


def _lstsq_samples(rng: np.random.Generator) -> list[Any]:
    shapes: Any = (((5, 3), (5,)), ((5, 3), (5, 2)), ((3, 3), (3,)), ((2, 4), (2,)), ((2, 4), (2, 3)), ((4, 1), (4,)))
    return [((rng.normal(size=m), rng.normal(size=n)), {}) for m, n in shapes]


def _is_exact(a: Any) -> bool:
    """Whether there surely are no more equations than unknowns, so that there are no residuals."""
    m, n = shape_of(a)  # type: ignore[misc]
    return isinstance(m, int) and isinstance(n, int) and m <= n


@bprop(np.linalg.lstsq, signature="a, b, rcond=None", inputs="a b", infer=_lstsq_type, samples=_lstsq_samples)
def lstsq(g, out, a, b, **_):
    """The solution is pinv(a) @ b; see `pinv_bar`. The residuals are sums of squares of b - a @ x."""
    real(a, "lstsq")
    x_bar, residuals_bar, _, s_bar = g
    x = out[0]
    rhs, solution = (np.expand_dims(v, -1) if ndim(b) == 1 else v for v in (b, x))
    a_bar = b_bar = None
    if x_bar is not None:
        sent = np.expand_dims(x_bar, -1) if ndim(b) == 1 else x_bar
        p = np.linalg.pinv(a)
        b_bar = p.T @ sent
        rest = rhs - a @ solution
        a_bar = rest @ (p @ b_bar).T - b_bar @ solution.T + (p.T @ solution) @ (sent - a.T @ b_bar).T
    if residuals_bar is not None and not _is_exact(a):
        error = 2.0 * residuals_bar * (rhs - a @ solution)
        b_bar = error if b_bar is None else b_bar + error
        a_bar = -(error @ solution.T) if a_bar is None else a_bar - error @ solution.T
    if s_bar is not None:
        of_values = svdvals(s_bar, None, a)
        a_bar = of_values if a_bar is None else a_bar + of_values
    return a_bar, b_bar[..., 0] if b_bar is not None and ndim(b) == 1 else b_bar


# ---- eigenvalues of any matrix


def _eigvals_type(facts: Facts, a: Any) -> Type:
    """Taken to be complex, of which real ones are some."""
    return Type("complex", _without(square(facts, a), 1), array=True)


def _apart(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Matrices with real eigenvalues apart from each other."""
    q = regular(rng, *shape)
    return np.asarray(q @ (np.arange(1.0, shape[-1] + 1.0)[:, None] * np.linalg.inv(q)))


def eigenvalues_bar(g: Any, v: Any) -> Any:
    """inv(v).T diag(g) v.T (Giles 2008, section 3.1)"""
    return np.linalg.solve(mT(v), np.expand_dims(g, -1) * mT(v))


@bprop(np.linalg.eigvals, signature="a", infer=_eigvals_type, samples=_of(_apart))
def eigvals(g, out, a):
    """See `eigenvalues_bar`; the eigenvalues must be distinct."""
    return eigenvalues_bar(g, eigenvectors_of(a))


@bprop(np.linalg.eig, signature="a", fields=("eigenvalues", "eigenvectors"),
       infer=lambda facts, a: [_eigvals_type(facts, a), Type("complex", square(facts, a), array=True)])  # fmt: skip
def eig(g, out, a):
    """See `eigenvalues_bar`. Eigenvectors are known up to a factor only, of which LAPACK makes its own choice."""
    if g[1] is not None:
        return Unknown("the eigenvectors of np.linalg.eig have no derivative, being known up to a factor only",
                       "use np.linalg.eigh for symmetric matrices")  # fmt: skip
    return eigenvalues_bar(g[0], out[1])


# ---- no derivative

register(np.linalg.matrix_rank, signature="A, tol=None, hermitian=False, rtol=None", inputs="A", differentiable=False,
         infer=lambda facts, A, **_: Type("int", _without(shape_of(A), 2), array=True))  # fmt: skip


# ---- the array API's names


def _of_last_axes(fn: Any, rule: Any, signature: str, alias: str = "fresh") -> None:
    """A function of np.linalg that is NumPy's on the last two axes."""
    axes = {"axis1": -2, "axis2": -1}
    register(
        getattr(np.linalg, fn.__name__), signature=signature, samples=_of(normal, {}, {"offset": 1}), alias=alias,
        rule=lambda g, out, x, **options: rule(g, out, x, **axes, **options),
        infer=lambda facts, x, **options: infer(facts, OPERATIONS[fn], [x], axes | options),
    )  # fmt: skip


_of_last_axes(np.trace, trace, "x, offset=0, dtype=None")
_of_last_axes(np.diagonal, diagonal, "x, offset=0", alias="read-only")
register(np.linalg.matrix_transpose, signature="x", rule=lambda g, out, x: np.swapaxes(g, -1, -2), alias="view",
         infer=OPERATIONS[np.matrix_transpose].infer, cheap=True, samples=_of(normal))  # fmt: skip


_ONE_AXIS = {"axisa": -1, "axisb": -1, "axisc": -1}


@bprop(np.linalg.cross, signature="x1, x2, axis=-1",
       infer=lambda facts, x1, x2, *, axis: infer(facts, OPERATIONS[np.cross], [x1, x2], _ONE_AXIS | {"axis": axis}),
       samples=lambda rng: [((rng.normal(size=(2, 3)), rng.normal(size=3)), {})])  # fmt: skip
def linalg_cross(g, out, x1, x2, *, axis):
    return cross(g, out, x1, x2, **_ONE_AXIS, axis=axis)

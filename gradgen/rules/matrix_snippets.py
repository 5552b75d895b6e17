"""Snippets for the rules of `np.linalg`; those made of functions with rules have the rule of their parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import Graph, Value, call, operation, type_of
from ..shapes import Facts, ShapeVar, Type, join_kinds
from .primitives import unbroadcast
from .product_snippets import like_third
from .registry import primitive
from .snippets import like_first, like_second, share


def composed(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of a snippet that is made of functions with rules: run it on values and go backwards over its steps."""

    def rule(g: Any, out: Any, *inputs: Any, **options: Any) -> list[Any]:
        from ..interpret import run
        from ..masks import Masks
        from ..reverse import answer

        leaves = [x for x in (g, *inputs) if x is not None]
        graph = next((x.graph for x in leaves if isinstance(x, Value)), None)
        if graph is None:
            # on arrays: the same on a graph of its own
            graph = Graph()
            params = [None if x is None else graph.param("", type_of(np.asarray(x))) for x in (g, *inputs)]
            bars = rule(params[0], None, *params[1:], **options)
            graph.results = [graph.const(0.0) if bar is None else bar for bar in bars]
            return run(graph, leaves)
        start = len(graph.nodes)
        result = fn(*inputs, **options)
        sent: dict[Any, Any] = {result: g}
        for node in reversed(graph.nodes[start:]):
            bars = [sent.pop(v, None) for v in node.outputs]
            if any(bar is not None for bar in bars):
                for v, bar in zip(node.inputs, answer(node, bars, set(), Masks()), strict=True):
                    if bar is not None and v.type.kind not in ("int", "bool", "object"):  # such as sizes
                        sent[v] = sent[v] + bar if v in sent else bar
        # one value that stands for two inputs gets its cotangent once
        return [sent.pop(x, None) if isinstance(x, Value) else None for x in inputs]

    return rule


def composed_primitive(**facts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A primitive whose rule is that of its parts."""
    return lambda fn: primitive(rule=composed(fn), **facts)(fn)


def _unknown(facts: Facts, *_: Any) -> Type:
    return Type("float", ShapeVar(), array=True)


def _solved_type(facts: Facts, a: Any, g: Any, b: Any) -> Type:
    kind = join_kinds("float", type_of(g).kind)
    if type_of(a).ndim == 2:
        return Type(kind, type_of(g).shape, array=True)
    return Type(kind, ShapeVar(), array=True)


def _solve_like_rule(h: Any, out: Any, a: Any, g: Any, b: Any) -> Any:
    y = solve_like(np.swapaxes(a, -1, -2), h, b)
    return unbroadcast(-outer_like(y, out, b), a), unbroadcast(y, g), None


@primitive(signature="a, g, b", rule=_solve_like_rule, infer=_solved_type)
def solve_like(a: Any, g: Any, b: Any) -> Any:
    """Solve `a @ y = g`, where `g` holds vectors if `b` is a vector, and matrices else."""
    return np.linalg.solve(a, g[..., None])[..., 0] if np.ndim(b) == 1 else np.linalg.solve(a, g)


def _outer_like_rule(h: Any, out: Any, y: Any, x: Any, b: Any) -> Any:
    return apply_like(h, x, b), apply_like(np.swapaxes(h, -1, -2), y, b), None


@primitive(signature="y, x, b", rule=_outer_like_rule, infer=_unknown)
def outer_like(y: Any, x: Any, b: Any) -> Any:
    """`y x^T`, both holding vectors if `b` is a vector, and matrices else."""
    return y[..., :, None] * x[..., None, :] if np.ndim(b) == 1 else y @ np.swapaxes(x, -1, -2)


def _apply_like_rule(h: Any, out: Any, a: Any, x: Any, b: Any) -> Any:
    return outer_like(h, x, b), apply_like(np.swapaxes(a, -1, -2), h, b), None


@primitive(signature="a, x, b", rule=_apply_like_rule, infer=_unknown)
def apply_like(a: Any, x: Any, b: Any) -> Any:
    """`a x`, where `x` holds vectors if `b` is a vector, and matrices else."""
    return (a @ x[..., None])[..., 0] if np.ndim(b) == 1 else a @ x


@primitive(signature="g, a", infer=like_second)
def cofactors_bar(g: Any, a: Any) -> Any:
    """The cotangent of `a` in its cofactors, also where it is singular.

    With a = u diag(s) vh it is that of the cofactors of diag(s), which are products of all of s but two.
    """
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    rest = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :])
    pairs = np.ones_like(rest)
    pairs[..., 1:] = np.cumprod(rest[..., :-1], axis=-1)
    pairs[..., :-1] *= np.cumprod(rest[..., :0:-1], axis=-1)[..., ::-1]
    pairs[..., range(n), range(n)] = 0.0
    sent = np.conj(np.swapaxes(u, -1, -2)) @ g @ np.conj(np.swapaxes(vh, -1, -2))
    inner = -np.swapaxes(pairs * sent, -1, -2)
    inner[..., range(n), range(n)] = (pairs @ np.diagonal(sent, axis1=-2, axis2=-1)[..., None])[..., 0]
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vh))
    return sign[..., None, None] * (np.conj(u) @ inner @ np.conj(vh))


@primitive(signature="a", rule=lambda g, out, a: cofactors_bar(g, a), infer=like_first)
def cofactors(a: Any) -> Any:
    """`det(a) * inv(a).T`, the derivative of the determinant; by singular values, so that `a` may be singular."""
    u, s, vh = np.linalg.svd(a)
    others = np.ones_like(s)
    others[..., 1:] = np.cumprod(s[..., :-1], axis=-1)
    others[..., :-1] *= np.cumprod(s[..., :0:-1], axis=-1)[..., ::-1]
    sign = np.sign(np.linalg.det(u) * np.linalg.det(vh))
    return sign[..., None, None] * np.conj((u * others[..., None, :]) @ vh)


@composed_primitive(signature="L_bar, L", infer=like_second)
def cholesky_bar(L_bar: Any, L: Any) -> Any:
    """The cotangent of a in `L = np.linalg.cholesky(a)`, symmetric (Murray 2016, arXiv:1602.07527, equation 10)."""
    Lt = np.swapaxes(L, -1, -2)
    P = np.tril(Lt @ L_bar)
    S = np.linalg.solve(Lt, P + np.swapaxes(np.tril(P, -1), -1, -2))
    return 0.5 * np.linalg.solve(Lt, np.swapaxes(S, -1, -2))


@composed_primitive(signature="v_bar, w, v", infer=like_third)
def eigenvectors_bar(v_bar: Any, w: Any, v: Any) -> Any:
    """What the eigenvectors send to a in `w, v = np.linalg.eigh(a)`, symmetric (Giles 2008, section 3.1).

    Within the space of an eigenvalue that occurs several times the vectors are any basis: what does not depend on
    the choice is right, else it is NaN.
    """
    vt = np.swapaxes(v, -1, -2)
    sent = vt @ v_bar
    turn = 0.5 * (sent - np.swapaxes(sent, -1, -2))
    gap = w[..., None, :] - w[..., :, None]
    largest = np.max(np.abs(w), axis=-1, keepdims=True)[..., None]
    same = np.abs(gap) <= 100.0 * np.spacing(largest)
    turned = np.abs(turn) > 100.0 * np.spacing(np.max(np.abs(sent), axis=(-2, -1), keepdims=True))
    inner = np.where(same, 0.0, turn) / np.where(same, 1.0, gap)
    return v @ np.where(np.logical_and(same, turned), np.nan, inner) @ vt


def _eigenvectors_rule(g: Any, out: Any, a: Any) -> Any:
    """inv(v).T (F * (v.T g)) v.T with F_ij = 1 / (w_j - w_i), 0 for i = j: the lengths of the vectors stay."""
    vt = np.swapaxes(out, -1, -2)
    w = np.linalg.eigvals(a)
    gap = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    same = np.equal(gap, 0.0)
    return np.linalg.solve(vt, np.where(same, 0.0, vt @ g) / np.where(same, 1.0, gap) @ vt)


@primitive(signature="a", rule=_eigenvectors_rule,
           infer=lambda facts, a: Type("complex", type_of(a).shape, array=True))  # fmt: skip
def eigenvectors_of(a: Any) -> Any:
    """The eigenvectors of any matrix, for what does not depend on their lengths."""
    return np.linalg.eig(a)[1]


def _svd_type(facts: Facts, u_bar: Any, vh_bar: Any, u: Any, s: Any, vh: Any) -> Type:
    m, n = type_of(u), type_of(vh)
    if isinstance(m.shape, ShapeVar) or isinstance(n.shape, ShapeVar):
        return Type("float", ShapeVar(), array=True)
    return Type("float", (*m.shape[:-1], n.shape[-1]), array=True)


@composed_primitive(signature="u_bar, vh_bar, u, s, vh", infer=_svd_type)
def singular_vectors_bar(u_bar: Any, vh_bar: Any, u: Any, s: Any, vh: Any) -> Any:
    """What the vectors send to a in `u, s, vh = np.linalg.svd(a, full_matrices=False)`; None stands for zero.

    Townsend 2016, *Differentiating the singular value decomposition*, with the terms in s_j^2 - s_i^2 split into those
    in s_j - s_i and in s_j + s_i, so that what does not depend on the choice of vectors for a singular value that
    occurs several times is right, such as `u @ vh`; what does is NaN.
    """
    ut, v = np.swapaxes(u, -1, -2), np.swapaxes(vh, -1, -2)
    x = 0.0 if u_bar is None else ut @ u_bar
    y = 0.0 if vh_bar is None else vh @ np.swapaxes(vh_bar, -1, -2)
    plus, minus = x + y, x - y
    turn = 0.5 * (plus - np.swapaxes(plus, -1, -2))
    both = 0.5 * (minus - np.swapaxes(minus, -1, -2))
    gap, total = s[..., None, :] - s[..., :, None], s[..., None, :] + s[..., :, None]
    largest = np.max(s, axis=-1, keepdims=True, initial=0.0)[..., None]
    same = np.abs(gap) <= 100.0 * np.spacing(largest)
    turned = np.abs(turn) > 100.0 * np.spacing(np.max(np.abs(plus), axis=(-2, -1), keepdims=True, initial=0.0))
    inner = np.where(same, 0.0, turn) / np.where(same, 1.0, gap)
    inner = np.where(np.logical_and(same, turned), np.nan, inner) + both / np.where(np.equal(total, 0.0), 1.0, total)
    a_bar = u @ inner @ vh
    # beyond the space of the vectors, where a is not square
    scale = np.where(np.equal(s, 0.0), 1.0, s)
    if u_bar is not None:
        a_bar = a_bar + ((u_bar - u @ x) / scale[..., None, :]) @ vh
    if vh_bar is not None:
        a_bar = a_bar + u @ ((vh_bar - vh_bar @ v @ vh) / scale[..., :, None])
    return a_bar


def _qr_type(facts: Facts, q_bar: Any, r_bar: Any, q: Any, r: Any) -> Type:
    return Type("float", type_of(q).shape, array=True)


@composed_primitive(signature="q_bar, r_bar, q, r", infer=_qr_type)
def qr_bar(q_bar: Any, r_bar: Any, q: Any, r: Any) -> Any:
    """The cotangent of a in `q, r = np.linalg.qr(a)`, a having no fewer rows than columns; None stands for zero.

    Walter and Lehmann 2018, *Algorithmic differentiation of linear algebra functions*, equation 3.4.
    """
    qt = np.swapaxes(q, -1, -2)
    m = 0.0 if r_bar is None else r @ np.swapaxes(r_bar, -1, -2)
    if q_bar is not None:
        m = m - np.swapaxes(qt @ q_bar, -1, -2)
    sent = q @ (np.tril(m) + np.swapaxes(np.tril(m, -1), -1, -2))
    if q_bar is not None:
        sent = sent + q_bar
    return np.swapaxes(np.linalg.solve(r, np.swapaxes(sent, -1, -2)), -1, -2)


@composed_primitive(signature="g, a, p", infer=like_second)
def pinv_bar(g: Any, a: Any, p: Any) -> Any:
    """The cotangent of a in `p = np.linalg.pinv(a)`, of constant rank (Golub and Pereyra 1973, theorem 4.3)."""
    gt, pt = np.swapaxes(g, -1, -2), np.swapaxes(p, -1, -2)
    left, right = gt @ p @ pt, pt @ p @ gt
    return left - a @ (p @ left) + right - (right @ p) @ a - pt @ g @ pt


@composed_primitive(signature="g, a, n", inputs="g a", infer=like_second)
def matrix_power_bar(g: Any, a: Any, n: int) -> Any:
    """The cotangent of a in `np.linalg.matrix_power(a, n)`: the sum of a^i.T g a^j.T over i + j = n - 1."""
    if n == 0:
        return 0.0 * g
    base = a if n > 0 else np.linalg.inv(a)
    t = np.swapaxes(base, -1, -2)
    total = g
    for _ in range(abs(n) - 1):
        g = g @ t
        total = t @ total + g
    return total if n > 0 else -t @ total @ t


def _multi_dot_bar_rule(h: Any, out: Any, g: Any, *arrays: Any, place: int) -> Any:
    """Linear in `g` and in each array but the one whose cotangent it is."""
    swapped = (*arrays[:place], h, *arrays[place + 1 :])
    bars = [None if i == place else multi_dot_bar(i, g, *swapped) for i in range(len(arrays))]
    return [call(operation(np.linalg.multi_dot), list(swapped)), *bars]


def _multi_dot_bar_type(facts: Facts, g: Any, *arrays: Any, place: int) -> Type:
    return Type(join_kinds("float", type_of(g).kind), type_of(arrays[place]).shape, array=True)


@primitive(signature="place, g, *arrays", inputs="g arrays", rule=_multi_dot_bar_rule, infer=_multi_dot_bar_type)
def multi_dot_bar(place: int, g: Any, *arrays: Any) -> Any:
    """The cotangent of array number `place` of `np.linalg.multi_dot(arrays)`, whose first and last may be vectors."""
    first, last = arrays[0], arrays[-1]
    chain = [first.reshape(-1, first.shape[-1]), *arrays[1:-1], last.reshape(last.shape[0], -1)]
    a_bar = np.reshape(g, (chain[0].shape[0], chain[-1].shape[1]))
    for x in chain[:place]:
        a_bar = x.T @ a_bar
    for x in chain[:place:-1]:
        a_bar = a_bar @ x.T
    return a_bar.reshape(arrays[place].shape)


def _norm_bar_rule(h: Any, out: Any, g: Any, norm: Any, x: Any, *, ord: Any) -> Any:
    raise NoRuleError("the second derivative of np.linalg.norm(x, ord) needs the rank of x: declare its shape")


@primitive(signature="g, norm, x, ord", inputs="g norm x", rule=_norm_bar_rule, infer=like_third)
def norm_bar(g: Any, norm: Any, x: Any, ord: Any) -> Any:
    """The cotangent of `x` in `norm = np.linalg.norm(x, ord)`, for a vector or a matrix."""
    if np.ndim(x) == 1:
        if np.isinf(ord):
            return np.sign(x) * share(g, np.abs(x) == norm, x)
        if ord == 0:
            return 0.0 * x
        return g * np.sign(x) * (np.abs(x) / np.where(norm == 0.0, 1.0, norm)) ** (ord - 1)
    if abs(ord) == 2:
        u, _, vh = np.linalg.svd(x, full_matrices=False)
        k = slice(None, 1) if ord == 2 else slice(-1, None)
        return g * (u[:, k] @ vh[k])
    sums = np.abs(x).sum(axis=1 if np.isinf(ord) else 0, keepdims=True)
    return np.sign(x) * share(g, sums == norm, sums)

"""Rules of matrix products and their relatives.

All of them are multilinear, so the adjoint of one is another of the kind: with `out[lo] = sum x[lx] y[ly]` in index
notation, `x_bar[lx] = sum out_bar[lo] y[ly]`. `contraction` writes such a sum as an expert does, by `@`, `.T`,
`np.outer` or `np.tensordot`. Where ranks are unknown a snippet per argument is right for all of them; it is bilinear
too, which is what gives its rule.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from string import ascii_letters
from typing import Any

import numpy as np

from ..graph import OPERATIONS, Value, type_of
from ..shapes import Dim, Facts, Shape, ShapeVar, Size, Type, dim_mul, join_kinds
from .primitives import apply, broadcast_like, shape, unbroadcast
from .product_snippets import (
    dot_a_bar,
    dot_b_bar,
    inner_a_bar,
    inner_b_bar,
    kron_a_bar,
    kron_b_bar,
    matmul_x_bar,
    matmul_y_bar,
    tensordot_a_bar,
    tensordot_b_bar,
)
from .registry import bprop, ndim, register


def shape_of(x: Any) -> Shape:
    """The shape of a value, an array or a number, as far as it is known."""
    return type_of(x).shape if isinstance(x, (Value, np.ndarray)) else np.shape(x)


def kind_of_product(*factors: Any) -> str:
    return join_kinds(*(type_of(x).kind for x in factors))


def may_be_complex(x: Any) -> bool:
    return type_of(x).kind in ("number", "complex")


def conjugate(x: Any) -> Any:
    """The complex conjugate, or `x` itself where it is known to be real."""
    return np.conj(x) if may_be_complex(x) else x


def same_shape(x: Any, y: Any) -> bool:
    """Whether `x` and `y` surely are of one shape."""
    graph = next((v.graph for v in (x, y) if isinstance(v, Value)), None)
    facts = Facts() if graph is None else graph.facts
    return facts.same_shape(shape_of(x), shape_of(y))


def whole(g: Any, out: Any) -> Any:
    """The cotangent of `out` in its shape, also where it is a plain number."""
    return broadcast_like(g, out) if ndim(g) == 0 and ndim(out) != 0 else g


# ---- index notation


def letters(*ranks: int) -> list[str]:
    """Distinct letters for the axes of arrays of these ranks."""
    pool = iter(ascii_letters)
    return ["".join(next(pool) for _ in range(rank)) for rank in ranks]


def transposed(x: Any, have: str, want: str) -> Any:
    """`x`, whose axes are called `have`, with them in the order `want`."""
    if have == want:
        return x
    return x.T if have == want[::-1] else np.transpose(x, tuple(have.index(i) for i in want))


def contraction(a: Any, la: str, b: Any, lb: str, lo: str) -> Any:
    """out[lo] = sum of a[la] b[lb], each index being in two of the three.

    Between a vector and a matrix `M.T @ v` or `v @ M` follows the order of the arguments.
    """
    if not la or not lb:
        return transposed(b, lb, lo) * a if not la else transposed(a, la, lo) * b
    shared = [i for i in la if i in lb]
    if max(len(la), len(lb)) <= 2 and len(shared) == 1:
        return _product(a, la, b, lb, lo, shared[0])
    if not shared and len(la) == len(lb) == 1:
        return np.outer(a, b) if lo == la + lb else np.outer(b, a)
    first, second = ("".join(i for i in labels if i not in shared) for labels in (la, lb))
    if second + first == lo and first + second != lo:
        return contraction(b, lb, a, la, lo)
    count = len(shared)
    if la[len(la) - count :] == lb[:count] == "".join(shared):
        axes: Any = count
    else:
        axes = tuple(la.index(i) for i in shared), tuple(lb.index(i) for i in shared)
    return transposed(np.tensordot(a, b, axes=axes), first + second, lo)


def _product(a: Any, la: str, b: Any, lb: str, lo: str, k: str) -> Any:
    """A product of matrices and vectors, by `@` and `.T`."""
    if len(lo) == 2 and lo[0] in lb:
        a, la, b, lb = b, lb, a, la
    if len(la) == 1 and len(lb) == 2 and lb[1] == k:
        return b @ a
    return (a if la[-1] == k else a.T) @ (b if lb[0] == k else b.T)


# ---- types


def product_shape(facts: Facts, x: Shape, y: Shape, stacked: bool) -> Shape:
    """The shape of `x @ y`, or of `np.dot(x, y)` where `stacked` is false; contracted sizes are noted as equal."""
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return ShapeVar()
    if not x or not y:
        if stacked:
            raise ValueError("matmul: a scalar operand is not allowed, use * instead")
        return x or y
    facts.equate(x[-1], y[-2] if len(y) > 1 else y[0])
    rows, columns = x[:-1], y[-1:] if len(y) > 1 else ()
    if not stacked:
        return (*rows, *y[:-2], *columns)
    stack = facts.broadcast(x[:-2], y[:-2])
    assert not isinstance(stack, ShapeVar)
    return (*stack, *x[-2:-1], *columns)


def _product_type(stacked: bool) -> Callable[..., Type]:
    def infer(facts: Facts, x: Any, y: Any) -> Type:
        result = product_shape(facts, shape_of(x), shape_of(y), stacked)
        return Type(kind_of_product(x, y), result, array=True)

    return infer


def pairs(*shapes: tuple[tuple[int, ...], tuple[int, ...]], **options: Any) -> Callable[..., Any]:
    """Samples: pairs of random arrays of these shapes."""

    def samples(rng: np.random.Generator) -> list[Any]:
        return [((rng.normal(size=m), rng.normal(size=n)), dict(options)) for m, n in shapes]

    return samples


# ---- matmul, dot


@bprop(np.matmul, signature="x, y", infer=_product_type(stacked=True),
       samples=pairs(((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 3), (3, 1)),
                      ((2, 1), (1, 2)), ((3,), (2, 3, 4)), ((2, 4, 3), (3,)), ((2, 4, 3), (3, 5)), ((4, 3), (2, 3, 5)),
                      ((2, 4, 3), (2, 3, 5)), ((1, 4, 3), (2, 3, 5)), ((5, 1, 4, 3), (2, 3, 1)),
                      ((2, 1, 4, 3), (5, 3, 2)), ((3,), (2, 1, 3, 4)), ((1,), (1,))))  # fmt: skip
def matmul(g, out, x, y):
    """x_bar = g @ y.T, y_bar = x.T @ g, summed over the stacks along which an operand was repeated."""
    m, n = ndim(x), ndim(y)
    g = whole(g, out)
    if m is None or n is None:
        # a matrix is never repeated where the other operand has axes of its own for the stack
        x_bar = g @ y.T if n == 2 else matmul_x_bar(g, x, y)
        y_bar = x.T @ g if m == 2 else matmul_y_bar(g, x, y)
        return x_bar, y_bar
    if m <= 2 and n <= 2:
        return _contracted(g, x, y, m, n)
    stack = letters(max(m, n) - 2)[0]
    if n == 1:
        return np.expand_dims(g, -1) * y, contraction(g, stack + "I", x, stack + "IK", "K")
    if m == 1:
        x_bar = contraction(y, stack + "KJ", g, stack + "J", "K")
        return x_bar, np.expand_dims(x, -1) * np.expand_dims(g, -2)
    # where only one operand is stacked, the sum over the stack is part of the product
    if n == 2:
        return g @ y.T, contraction(x, stack + "IK", g, stack + "IJ", "KJ")
    if m == 2:
        return contraction(g, stack + "IJ", y, stack + "KJ", "IK"), x.T @ g
    return unbroadcast(g @ np.swapaxes(y, -1, -2), x), unbroadcast(np.swapaxes(x, -1, -2) @ g, y)


def _contracted(g: Any, x: Any, y: Any, m: int, n: int) -> tuple[Any, Any]:
    """The cotangents of `np.dot(x, y)`, neither being a scalar."""
    rows, stack, column = letters(m - 1, max(n - 2, 0), min(n - 1, 1))
    lx, ly, lo = rows + "K", stack + "K" + column, rows + stack + column
    return contraction(g, lo, y, ly, lx), contraction(x, lx, g, lo, ly)


@bprop(np.dot, signature="a, b, out=None", infer=_product_type(stacked=False),
       samples=pairs(((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)),
                      ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((2, 4, 3), (3,)), ((3,), (2, 3, 4)), ((2, 4, 3), (3, 5)),
                      ((4, 3), (2, 3, 5)), ((2, 4, 3), (5, 3, 2)), ((2, 1, 4, 1), (1, 1, 1)),
                      ((1,), (1,))))  # fmt: skip
def dot(g, out, a, b):
    """The sum over the last axis of a and the last but one of b; with a scalar, a plain product."""
    m, n = ndim(a), ndim(b)
    g = whole(g, out)
    if m == 0 or n == 0:
        return unbroadcast(g * b, a), unbroadcast(g * a, b)
    if m is None or n is None:
        return dot_a_bar(g, a, b), dot_b_bar(g, a, b)
    return _contracted(g, a, b, m, n)


# ---- inner, outer, vdot


def _inner_type(facts: Facts, a: Any, b: Any) -> Type:
    x, y = shape_of(a), shape_of(b)
    result: Shape = ShapeVar()
    if x == () or y == ():
        result = y if x == () else x
    elif not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar):
        facts.equate(x[-1], y[-1])
        result = (*x[:-1], *y[:-1])
    return Type(kind_of_product(a, b), result, array=True)


@bprop(np.inner, signature="a, b", infer=_inner_type,
       samples=pairs(((), ()), ((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)),
                      ((2, 3), (4, 3)), ((2, 4, 3), (3,)), ((2, 4, 3), (5, 3)), ((1, 1), (2, 1, 1)),
                      ((2, 3), (4, 5, 3))))  # fmt: skip
def inner(g, out, a, b):
    """The sum over the last axis of both."""
    m, n = ndim(a), ndim(b)
    g = whole(g, out)
    if m == 0 or n == 0:
        return unbroadcast(g * b, a), unbroadcast(g * a, b)
    if m is None or n is None:
        return inner_a_bar(g, a, b), inner_b_bar(g, a, b)
    left, right = letters(m - 1, n - 1)
    a_bar = contraction(g, left + right, b, right + "K", left + "K")
    return a_bar, contraction(g, left + right, a, left + "K", right + "K")


def _flat_size(x: Shape) -> Size:
    if isinstance(x, ShapeVar):
        return Dim.fresh()
    total: Size = 1
    for d in x:
        total = dim_mul(total, d)
    return total


def _outer_type(facts: Facts, a: Any, b: Any, **_: Any) -> Type:
    sizes = tuple(facts.canonical(_flat_size(shape_of(x))) for x in (a, b))
    return Type(kind_of_product(a, b), sizes, array=True)


@bprop(np.outer, signature="a, b, out=None", infer=_outer_type,
       samples=pairs(((3,), (4,)), ((1,), (4,)), ((), (3,)), ((2, 3), (4,)), ((3,), (2, 2)),
                      ((2, 1, 2), ())))  # fmt: skip
def outer(g, out, a, b):
    """out = ravel(a)[:, None] * ravel(b)"""
    g = whole(g, out)
    a_bar = g @ (b if ndim(b) == 1 else np.ravel(b))
    b_bar = (a if ndim(a) == 1 else np.ravel(a)) @ g
    return _reshaped_like(a_bar, a), _reshaped_like(b_bar, b)


def _reshaped_like(flat: Any, x: Any) -> Any:
    return flat if ndim(x) == 1 else apply(np.reshape, flat, shape(x))


def _scalar_type(facts: Facts, a: Any, b: Any) -> Type:
    x, y = shape_of(a), shape_of(b)
    if not isinstance(x, ShapeVar) and not isinstance(y, ShapeVar):  # as many entries, in whatever shape
        some, others = ([d for d in dims if d != 1] for dims in (x, y))
        if not (some and others) or len(some) == len(others) == 1:
            for m, n in itertools.product(some or [1], others or [1]):
                facts.equate(m, n)
    return Type(kind_of_product(a, b), (), array=True)


@bprop(np.vdot, signature="a, b", infer=_scalar_type,
       samples=pairs(((), ()), ((3,), (3,)), ((1,), (1,)), ((2, 3), (2, 3)), ((2, 3), (3, 2)),
                      ((2, 1, 3), (6,))))  # fmt: skip
def vdot(g, out, a, b):
    """The sum of conj(a) b over all entries, in whatever shape they come."""
    if same_shape(a, b):
        return conjugate(g * b), g * conjugate(a)
    a_bar, b_bar = conjugate(g * np.ravel(b)), g * conjugate(np.ravel(a))
    return _reshaped_like(a_bar, a), _reshaped_like(b_bar, b)


def _vecdot_type(facts: Facts, x1: Any, x2: Any, *, axis: int = -1) -> Type:
    x, y = shape_of(x1), shape_of(x2)
    if axis != -1:
        raise TypeError("np.vecdot along another axis than the last is not differentiated; use np.moveaxis first")
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return Type(kind_of_product(x1, x2), ShapeVar(), array=True)
    facts.equate(x[-1], y[-1])
    return Type(kind_of_product(x1, x2), facts.broadcast(x[:-1], y[:-1]), array=True)


def _vecdot_rule(g, out, x1, x2, *, axis=-1):
    """The sum of conj(x1) x2 over the last axis, the others broadcast."""
    g = np.expand_dims(g, -1) if ndim(out) != 0 else g
    return unbroadcast(conjugate(g * x2), x1), unbroadcast(g * conjugate(x1), x2)


_vecdot_samples = pairs(((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1, 3), (4, 3)), ((2, 1), (2, 1)))
for _vecdot in [getattr(owner, "vecdot") for owner in (np, np.linalg) if hasattr(owner, "vecdot")]:  # noqa: B009
    register(_vecdot, signature="x1, x2, axis=-1", rule=_vecdot_rule, infer=_vecdot_type, samples=_vecdot_samples)


if hasattr(np.linalg, "matmul"):
    # the array API's names
    _stacked, _crossed = OPERATIONS[np.matmul], OPERATIONS[np.outer]
    register(np.linalg.matmul, signature="x1, x2", rule=matmul, infer=_stacked.infer, samples=_stacked.samples)
    register(np.linalg.outer, signature="x1, x2", rule=outer, infer=_crossed.infer, samples=pairs(((3,), (4,))))

# ---- stacks of matrices with stacks of vectors


def _of_stacks(rows: int, columns: int) -> Any:
    """The type of a product of stacks, from how many axes of either are no part of the stack."""

    def infer(facts: Facts, x1: Any, x2: Any) -> Type:
        x, y = shape_of(x1), shape_of(x2)
        kind = kind_of_product(x1, x2)
        if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
            return Type(kind, ShapeVar(), array=True)
        facts.equate(x[-1], y[-columns])
        stack = facts.broadcast(x[:-rows], y[:-columns])
        return Type(kind, (*stack, *(x[-2:-1] if rows == 2 else y[-1:])), array=True)  # type: ignore[misc]

    return infer


def matvec(g, out, x1, x2):
    """g x2^T, and x1^T g."""
    x1_bar = np.expand_dims(g, -1) * np.expand_dims(x2, -2)
    x2_bar = np.matmul(np.swapaxes(x1, -1, -2), np.expand_dims(g, -1))[..., 0]
    return unbroadcast(x1_bar, x1), unbroadcast(x2_bar, x2)


def vecmat(g, out, x1, x2):
    """x2 g, and x1 g^T, with the conjugate of x1 as the function takes it."""
    x1_bar = conjugate(np.matmul(x2, np.expand_dims(g, -1))[..., 0])
    x2_bar = np.expand_dims(conjugate(x1), -1) * np.expand_dims(g, -2)
    return unbroadcast(x1_bar, x1), unbroadcast(x2_bar, x2)


if hasattr(np, "matvec"):
    register(np.matvec, signature="x1, x2", rule=matvec, infer=_of_stacks(2, 1),
             samples=pairs(((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((4, 1, 2, 3), (5, 3))))  # fmt: skip
    register(np.vecmat, signature="x1, x2", rule=vecmat, infer=_of_stacks(1, 2),
             samples=pairs(((3,), (3, 2)), ((3,), (4, 3, 2)), ((4, 3), (3, 2)), ((4, 1, 3), (5, 3, 2))))  # fmt: skip

# ---- tensordot


def tensordot_axes(axes: Any, m: int, n: int) -> tuple[list[int], list[int]]:
    """The axes of the two operands that `axes` pairs, none of them negative."""
    if np.ndim(axes) == 0 and not isinstance(axes, (tuple, list)):
        return list(range(m - int(axes), m)), list(range(int(axes)))
    first, second = ([a] if np.ndim(a) == 0 else list(a) for a in axes)
    if len(first) != len(second):
        raise ValueError("tensordot: axes of different number")
    return [a % m for a in first], [b % n for b in second]


def _tensordot_type(facts: Facts, a: Any, b: Any, *, axes: Any = 2) -> Type:
    x, y = shape_of(a), shape_of(b)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return Type(kind_of_product(a, b), ShapeVar(), array=True)
    first, second = tensordot_axes(axes, len(x), len(y))
    for i, j in zip(first, second, strict=True):
        facts.equate(x[i], y[j])
    rest = [d for i, d in enumerate(x) if i not in first] + [d for j, d in enumerate(y) if j not in second]
    return Type(kind_of_product(a, b), tuple(rest), array=True)


def _tensordot_samples(rng: np.random.Generator) -> list[Any]:
    cases: list[Any] = [
        ((2, 3), (3, 4), 1), ((2, 3), (2, 3), 2), ((3,), (3,), 1), ((2, 3), (3,), 1), ((3,), (2, 3), ((0,), (1,))),
        ((2, 3), (4,), 0), ((2, 3, 4), (3, 4, 5), 2), ((2, 3, 4), (4, 5, 2), ((0, 2), (2, 0))),
        ((2, 3, 4), (5, 3), (1, 1)), ((3, 1, 4), (4, 1, 2), ((-1, 1), (0, 1))),
        ((2, 3, 4, 5), (5, 3), ((3, 1), (0, 1))), ((2, 3), (4, 2), ((0,), (1,))), ((2, 3, 4), (2, 3, 4), 0),
    ]  # fmt: skip
    return [((rng.normal(size=m), rng.normal(size=n)), {"axes": axes}) for m, n, axes in cases]


def _tensordot_rule(g, out, a, b, *, axes=2):
    """Contract the cotangent with the other operand over the axes that were left."""
    m, n = ndim(a), ndim(b)
    g = whole(g, out)
    if m is None or n is None:
        return tensordot_a_bar(g, a, b, axes=axes), tensordot_b_bar(g, a, b, axes=axes)
    first, second = tensordot_axes(axes, m, n)
    la, lb = letters(m, n)
    for i, j in zip(first, second, strict=True):
        lb = lb[:j] + la[i] + lb[j + 1 :]
    lo = "".join(i for i in la if i not in lb) + "".join(j for j in lb if j not in la)
    return contraction(g, lo, b, lb, la), contraction(a, la, g, lo, lb)


for _tensordot in (np.tensordot, np.linalg.tensordot):
    register(_tensordot, signature="a, b, axes=2", inputs="a b", rule=_tensordot_rule, infer=_tensordot_type,
             samples=_tensordot_samples)  # fmt: skip


# ---- kron, cross


def _kron_type(facts: Facts, a: Any, b: Any) -> Type:
    x, y = shape_of(a), shape_of(b)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return Type(kind_of_product(a, b), ShapeVar(), array=True)
    rank = max(len(x), len(y))
    x, y = (1,) * (rank - len(x)) + x, (1,) * (rank - len(y)) + y
    dims = tuple(dim_mul(facts.canonical(m), facts.canonical(n)) for m, n in zip(x, y, strict=True))
    return Type(kind_of_product(a, b), dims, array=True)


@bprop(np.kron, signature="a, b", infer=_kron_type,
       samples=pairs(((), ()), ((2,), (3,)), ((2, 3), (2, 2)), ((2,), (3, 2)), ((2, 1, 3), (2,)),
                      ((1, 1), (2, 3))))  # fmt: skip
def kron(g, out, a, b):
    """Every entry of a was multiplied by all of b."""
    g = whole(g, out)
    return kron_a_bar(g, a, b), kron_b_bar(g, a, b)


def _cross_type(facts: Facts, a: Any, b: Any, *, axisa: int, axisb: int, axisc: int, axis: Any) -> Type:
    x, y = shape_of(a), shape_of(b)
    unknown = Type(kind_of_product(a, b), ShapeVar(), array=True)
    if isinstance(x, ShapeVar) or isinstance(y, ShapeVar):
        return unknown
    if axis is not None:
        axisa = axisb = axisc = axis
    if any(s[i] == 2 for s, i in ((x, axisa), (y, axisb))):
        raise ValueError("np.cross of vectors of two entries is not differentiated")
    for s, i in ((x, axisa), (y, axisb)):
        facts.equate(s[i], 3)
    rest = [tuple(d for j, d in enumerate(s) if j != i % len(s)) for s, i in ((x, axisa), (y, axisb))]
    stack = list(facts.broadcast(*rest))  # type: ignore[arg-type]
    stack.insert(axisc % (len(stack) + 1), 3)
    return Type(kind_of_product(a, b), tuple(stack), array=True)


def _cross_samples(rng: np.random.Generator) -> list[Any]:
    plain = pairs(((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)), ((2, 1, 3), (4, 3)))(rng)
    return [*plain, *pairs(((3, 2), (3, 2)), axis=0)(rng), *pairs(((3, 2), (2, 3)), axisa=0)(rng)]


@bprop(np.cross, signature="a, b, axisa=-1, axisb=-1, axisc=-1, axis=None", infer=_cross_type, samples=_cross_samples)
def cross(g, out, a, b, *, axisa, axisb, axisc, axis):
    """a_bar = b x g, b_bar = g x a"""
    if axis is not None:
        axisa = axisb = axisc = axis
    if axisa == axisb == axisc == -1:
        return unbroadcast(np.cross(b, g), a), unbroadcast(np.cross(g, a), b)
    # the stacks broadcast with the vectors' axis last, and that is where they are summed back
    last = [np.moveaxis(v, i, -1) for v, i in ((a, axisa), (b, axisb), (g, axisc))]
    a_bar = unbroadcast(np.cross(last[1], last[2]), last[0])
    b_bar = unbroadcast(np.cross(last[2], last[0]), last[1])
    return np.moveaxis(a_bar, -1, axisa), np.moveaxis(b_bar, -1, axisb)

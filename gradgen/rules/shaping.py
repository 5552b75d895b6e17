"""Rules of the functions that move entries about without changing them: shapes, axes, copies, diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import OPERATIONS, PRIMITIVES, type_of
from ..sequences import opened
from ..shapes import Dim, Facts, ShapeVar, Size, Type, dim_div, dim_mul, dim_product
from .indices import along, leaf_kind
from .primitives import apply, broadcast_like, cast_like, kind_of, length, scatter, shape, unbroadcast
from .reductions import axes_of
from .registry import bprop, is_value, ndim, register
from .sizes import shape_from, sizes_in
from .snippets import untile


def moved(fn: Any, g: Any, x: Any, *args: Any, **kwargs: Any) -> Any:
    """`fn(g, ...)`, the cotangent of `x`; a number, where the result was a single entry, is that of `x` as it is."""
    if isinstance(g, (int, float)):
        return broadcast_like(g, x)
    return apply(fn, g, *args, **kwargs)


def like_shape(g: Any, x: Any, order: str = "C") -> Any:
    """The entries of `g`, in order, in the shape of `x`."""
    options = {} if order == "C" else {"order": order}
    return moved(np.reshape, g, x, shape(x), **options)


def view_type(x: Any, dims: Any) -> Type:
    """The type of the entries of `x` in another shape."""
    t = type_of(x)
    return Type(t.kind, dims, array=True)


def arrays(*shapes: tuple[int, ...]) -> Any:
    """Samples: one call for each shape, on an array."""
    return lambda rng: [((rng.normal(size=shape),), {}) for shape in shapes]


def case(shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Any:
    """A call on an array of a shape, with more arguments."""
    return shape, args, kwargs


def calls(*cases: Any) -> Any:
    """Samples: one call for each `case`."""
    return lambda rng: [((rng.normal(size=shape), *args), kwargs) for shape, args, kwargs in cases]


# ---- reshape


def reshaped(facts: Facts, x: Any, sizes: list[Size | None] | None) -> Any:
    """The shape of `x` reshaped to `sizes`, among which -1 stands for what is left."""
    if sizes is None:
        return ShapeVar()
    if -1 not in sizes:
        return shape_from(facts, sizes)
    t = type_of(x)
    rest = [n for n in sizes if n != -1]
    left = None
    if not isinstance(t.shape, ShapeVar) and None not in rest:
        total = dim_product(facts.canonical(d) for d in t.shape)
        left = dim_div(total, dim_product(facts.canonical(n) for n in rest if n is not None))
    return shape_from(facts, [left if n == -1 else n for n in sizes])


def _reshape_type(facts: Facts, a: Any, shape: Any, **_: Any) -> Type:
    return view_type(a, reshaped(facts, a, sizes_in(shape)))


@bprop(np.reshape, signature="a, shape, order='C', copy=None", inputs="a shape", infer=_reshape_type, alias="maybe",
       samples=calls(
        case((), (1,)), case((), -1), case((1,), ()), case((6,), (2, 3)), case((6,), (-1, 2)),
        case((2, 3), -1), case((2, 3), 6), case((2, 3), (3, -1), order='F'), case((2, 3, 4), (2, -1)),
        case((2, 3, 4), (-1, 4)), case((2, 1, 4), (2, 4)), case((1, 1), (1, 1, 1)),
    ))  # fmt: skip
def reshape(g, out, a, shape, *, order, copy):
    if order not in ("C", "F"):
        raise NoRuleError("np.reshape is differentiated with order='C' or 'F' only")
    return like_shape(g, a, order), None


def _ravel_type(facts: Facts, a: Any, **_: Any) -> Type:
    dims = type_of(a).shape
    return view_type(a, shape_from(facts, [None if isinstance(dims, ShapeVar) else dim_product(dims)]))


@bprop(np.ravel, signature="a, order='C'", infer=_ravel_type, alias="maybe",
       samples=calls(
        case(()), case((3,)), case((2, 3)), case((2, 3), order='F'), case((2, 1, 3)),
    ))  # fmt: skip
def ravel(g, out, a, *, order):
    return reshape(g, out, a, None, order=order, copy=None)[0]


def _atleast(rank: int) -> Any:
    def infer(facts: Facts, x: Any) -> Type:
        dims = type_of(x).shape
        if isinstance(dims, ShapeVar):
            return view_type(x, ShapeVar())
        if rank == 3 and len(dims) == 2:
            return view_type(x, (*dims, 1))
        front = (rank - len(dims) + 1) // 2 if rank == 3 else rank - len(dims)
        return view_type(x, (1,) * front + dims + (1,) * (rank - len(dims) - front))

    return infer


def _atleast_rule(g, out, x):
    rank = ndim(x)
    return g if rank is not None and rank == ndim(out) else like_shape(g, x)


for _rank, _atleast_fn in ((1, np.atleast_1d), (2, np.atleast_2d), (3, np.atleast_3d)):
    register(_atleast_fn, signature="x", rule=_atleast_rule, infer=_atleast(_rank), alias="view",
             samples=arrays((), (3,), (1,), (2, 3), (2, 3, 4)))  # fmt: skip


# ---- axes


def permuted(facts: Facts, x: Any, fn: Any, *args: Any) -> Type:
    """The type of `fn(x, *args)` for a function that permutes axes: shown by an empty array of shape (0, 1, 2, ...)."""
    dims = type_of(x).shape
    if isinstance(dims, ShapeVar):
        return view_type(x, ShapeVar())
    order = fn(np.empty(range(len(dims))), *args).shape
    return view_type(x, tuple(dims[i] for i in order))


def _transpose_type(facts: Facts, a: Any, axes: Any) -> Type:
    return permuted(facts, a, np.transpose, axes)


@bprop(np.transpose, signature="a, axes=None", infer=_transpose_type, alias="view", cheap=True,
       samples=calls(
        case(()), case((3,)), case((2, 3)), case((2, 3), (1, 0)), case((1, 3)), case((2, 3, 4)),
        case((2, 3, 4), (1, 2, 0)), case((2, 3, 4), (-1, 0, 1)),
    ))  # fmt: skip
def transpose(g, out, a, *, axes):
    """Back through the inverse permutation."""
    if axes is None:
        return moved(np.transpose, g, a)
    inverse = np.argsort([axis % len(axes) for axis in axes])
    return moved(np.transpose, g, a, tuple(inverse.tolist()))


def _swapaxes_type(facts: Facts, a: Any, *, axis1: int, axis2: int) -> Type:
    return permuted(facts, a, np.swapaxes, axis1, axis2)


@bprop(np.swapaxes, signature="a, axis1, axis2", inputs="a", infer=_swapaxes_type, alias="view", cheap=True,
       samples=calls(
        case((2, 3), 0, 1), case((2, 3, 4), 0, -1), case((2, 3, 4), 1, 1),
    ))  # fmt: skip
def swapaxes(g, out, a, *, axis1, axis2):
    return np.swapaxes(g, axis1, axis2)


if hasattr(np, "matrix_transpose"):
    register(
        np.matrix_transpose, signature="x", rule=lambda g, out, x: np.swapaxes(g, -1, -2), alias="view", cheap=True,
        infer=lambda facts, x: permuted(facts, x, np.swapaxes, -1, -2), samples=arrays((2, 3), (2, 3, 4)),
    )  # fmt: skip


def _moveaxis_type(facts: Facts, a: Any, *, source: Any, destination: Any) -> Type:
    return permuted(facts, a, np.moveaxis, source, destination)


@bprop(np.moveaxis, signature="a, source, destination", inputs="a", infer=_moveaxis_type, alias="view", cheap=True,
       samples=calls(
        case((2, 3), 0, 1), case((2, 3, 4), 0, -1), case((2, 3, 4), (0, 2), (1, 0)),
    ))  # fmt: skip
def moveaxis(g, out, a, *, source, destination):
    return np.moveaxis(g, destination, source)


def _rollaxis_type(facts: Facts, a: Any, *, axis: int, start: int) -> Type:
    return permuted(facts, a, np.rollaxis, axis, start)


@bprop(np.rollaxis, signature="a, axis, start=0", inputs="a", infer=_rollaxis_type, alias="view", cheap=True,
       samples=calls(
        case((2, 3), 1), case((2, 3, 4), 2), case((2, 3, 4), 0, 3), case((2, 3, 4), -1, 1),
    ))  # fmt: skip
def rollaxis(g, out, a, *, axis, start):
    rank = ndim(a)
    if rank is None:
        raise NoRuleError("np.rollaxis needs an array of known rank; write np.moveaxis")
    order = np.rollaxis(np.empty(range(rank)), axis, start).shape
    return np.transpose(g, tuple(np.argsort(order).tolist()))


def _expand_dims_type(facts: Facts, a: Any, axis: Any) -> Type:
    dims = type_of(a).shape
    if isinstance(dims, ShapeVar):
        return view_type(a, ShapeVar())
    new = (axis,) if not isinstance(axis, (tuple, list)) else axis
    rank = len(dims) + len(new)
    rest, places = iter(dims), axes_of(new, rank)
    return view_type(a, tuple(1 if i in places else next(rest) for i in range(rank)))


@bprop(np.expand_dims, signature="a, axis", inputs="a", infer=_expand_dims_type, alias="view", cheap=True,
       samples=calls(
        case((), 0), case((3,), 0), case((3,), -1), case((3,), (0, 2)), case((2, 3), 1),
        case((2, 3), (0, -1)),
    ))  # fmt: skip
def expand_dims(g, out, a, *, axis):
    return moved(np.squeeze, g, a, axis=axis)


def _squeeze_type(facts: Facts, a: Any, axis: Any) -> Type:
    """Without `axis` a named size might be 1, and go."""
    dims = type_of(a).shape
    if isinstance(dims, ShapeVar):
        return view_type(a, ShapeVar())
    if axis is not None:
        gone = axes_of(axis, len(dims))
        for i in gone:
            facts.unify(dims[i], 1)  # or NumPy raises
        return view_type(a, tuple(d for i, d in enumerate(dims) if i not in gone))
    if any(isinstance(d, Dim) and (d.loose or not facts.closed) for d in dims):
        return view_type(a, ShapeVar())
    return view_type(a, tuple(d for d in dims if d != 1))


@bprop(np.squeeze, signature="a, axis=None", infer=_squeeze_type, alias="view", cheap=True,
       samples=calls(
        case(()), case((3,)), case((1,)), case((1, 3)), case((1, 3, 1), axis=0),
        case((1, 3, 1), axis=-1), case((1, 3, 1), axis=(0, 2)), case((1, 1)),
    ))  # fmt: skip
def squeeze(g, out, a, *, axis):
    if axis is None or isinstance(g, (int, float)):
        return like_shape(g, a)
    return np.expand_dims(g, axis)


# ---- broadcasting, tiling


def _broadcast_to_type(facts: Facts, array: Any, shape: Any, **_: Any) -> Type:
    return view_type(array, shape_from(facts, sizes_in(shape)))


@bprop(np.broadcast_to, signature="array, shape, subok=False", inputs="array shape", infer=_broadcast_to_type,
       alias="read-only", cheap=True,
       samples=calls(
        case((), (2, 3)), case((3,), (2, 3)), case((3,), 3), case((2, 1), (2, 3)), case((1,), 4),
        case((2, 1, 3), (5, 2, 4, 3)),
    ))  # fmt: skip
def broadcast_to(g, out, array, shape, **_):
    return unbroadcast(g, array), None


def _tile_type(facts: Facts, A: Any, reps: Any) -> Type:
    dims = type_of(A).shape
    if isinstance(dims, ShapeVar):
        return view_type(A, ShapeVar())
    counts = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    rank = max(len(dims), len(counts))
    counts, dims = (1,) * (rank - len(counts)) + counts, (1,) * (rank - len(dims)) + dims
    return view_type(A, tuple(dim_mul(d, int(n)) for d, n in zip(dims, counts, strict=True)))


@bprop(np.tile, signature="A, reps", inputs="A", infer=_tile_type,
       samples=calls(
        case((), 2), case((3,), 2), case((3,), (2, 2)), case((2, 3), 2), case((2, 3), (3, 1)),
        case((1, 3), (2, 1, 2)), case((2, 1, 3), (2, 3)),
    ))  # fmt: skip
def tile(g, out, A, *, reps):
    """The sum over the copies."""
    if ndim(A) == 1 and np.ndim(reps) == 0:
        return np.sum(np.reshape(g, (int(reps), -1)), axis=0)
    return untile(g, A, reps=reps)


def _repeat_type(facts: Facts, a: Any, repeats: Any, *, axis: Any) -> Type:
    dims = type_of(a).shape
    if isinstance(dims, ShapeVar):
        return view_type(a, (Dim.fresh(),) if axis is None else ShapeVar())
    if axis is None:
        dims, axis = (dim_product(dims),), 0
    n: Size = Dim.fresh()
    one = type_of(repeats)
    if isinstance(repeats, (int, np.integer)) or one.scalar and one.size is not None:
        n = dim_mul(dims[axis], int(repeats) if one.size is None else one.size)
    elif not is_value(repeats):
        shared = np.size(repeats) == 1
        n = dim_mul(dims[axis], int(np.ravel(repeats)[0])) if shared else int(np.sum(repeats))
    return view_type(a, tuple(n if i == axis % len(dims) else d for i, d in enumerate(dims)))


@bprop(np.repeat, signature="a, repeats, axis=None", inputs="a repeats", infer=_repeat_type,
       samples=calls(
        case((), 2), case((3,), 2), case((3,), 2, axis=0), case((2, 3), 2),
        case((1, 3), [2], axis=-1), case((2, 3), 3, axis=0), case((2, 3), 3, axis=1),
        case((2, 3), [2, 0, 1], axis=1), case((3,), np.array([1, 0, 2])), case((2, 3, 4), 2, axis=-2),
    ))  # fmt: skip
def repeat(g, out, a, repeats, *, axis):
    """The sum over the copies: entry i of `a` was read at the places where `np.repeat(arange(n), repeats)` is i."""
    if axis is None and ndim(a) != 1:
        row = apply(np.ravel, a)
        return like_shape(repeat(g, out, row, repeats, axis=0)[0], a), None
    axis = 0 if axis is None else axis
    rank = ndim(a)
    if not is_value(repeats) and np.size(repeats) == 1:
        repeats = int(np.ravel(repeats)[0])
    whole = type_of(repeats).scalar and type_of(repeats).kind == "int"
    if rank is not None and whole:
        at = axis % rank
        parts = [*(length(a, i) for i in range(at + 1)), repeats, *(length(a, i) for i in range(at + 1, rank))]
        return np.sum(apply(np.reshape, g, tuple(parts)), axis=at + 1), None
    source = apply(np.repeat, apply(np.arange, length(a, axis)), repeats)
    return scatter(g, along(axis, source, a), a), None


# ---- order


def _same_type(facts: Facts, a: Any, *_: Any, **__: Any) -> Type:
    return view_type(a, type_of(a).shape)


FLIPS = calls(
        case((3,)), case((1,)), case((2, 3)), case((2, 3), axis=0), case((2, 3, 4), axis=(0, -1)),
    )


@bprop(np.flip, signature="m, axis=None", infer=_same_type, alias="view", cheap=True, samples=FLIPS)
def flip(g, out, m, *, axis):
    return moved(np.flip, g, m, axis=axis)


register(np.flipud, signature="m", rule=lambda g, out, m: np.flipud(g), infer=_same_type, alias="view", cheap=True,
         samples=arrays((3,), (2, 3), (2, 1, 3)))  # fmt: skip
register(np.fliplr, signature="m", rule=lambda g, out, m: np.fliplr(g), infer=_same_type, alias="view", cheap=True,
         samples=arrays((2, 3), (2, 1, 3)))  # fmt: skip


def _minus(shift: Any) -> Any:
    return tuple(-n for n in shift) if isinstance(shift, (tuple, list)) else -shift


@bprop(np.roll, signature="a, shift, axis=None", inputs="a shift", infer=_same_type,
       samples=calls(
        case((4,), 1), case((4,), -2, axis=0), case((2, 3), 1), case((2, 3), 1, axis=1),
        case((2, 3), (1, 2), axis=(0, 1)), case((2, 3, 4), 5, axis=-1),
    ))  # fmt: skip
def roll(g, out, a, shift, *, axis):
    return moved(np.roll, g, a, _minus(shift), axis=axis), None


def _rot90_type(facts: Facts, m: Any, *, k: int, axes: Any) -> Type:
    return permuted(facts, m, np.swapaxes, *axes) if k % 2 else view_type(m, type_of(m).shape)


@bprop(np.rot90, signature="m, k=1, axes=(0,1)", infer=_rot90_type, alias="view", cheap=True,
       samples=calls(
        case((2, 3)), case((2, 3), 2), case((2, 3, 4), 3, axes=(1, 2)), case((2, 1), -1),
    ))  # fmt: skip
def rot90(g, out, m, *, k, axes):
    return np.rot90(g, -k, axes)


# ---- copies


def _copy_type(facts: Facts, a: Any, **_: Any) -> Type:
    return view_type(a, type_of(a).shape)


register(np.copy, signature="a, order='K', subok=False", rule=lambda g, out, a, **_: g, infer=_copy_type,
         samples=arrays((), (3,), (2, 3)))  # fmt: skip


def array_like_type(facts: Facts, a: Any, dtype: Any = None, ndmin: int = 0) -> Type:
    """The type of what `np.array` makes of an array, a number, or of lists of them."""
    if not is_value(a):
        made = np.array(a, ndmin=ndmin)
        return Type(kind_of(dtype, type_of(made).kind), made.shape, array=True)
    t = a.type
    if t.of is not None:
        t = Type(leaf_kind(t), opened(t.shape) if _is_regular(t) else ShapeVar())
    elif t.items is not None:
        dims = t.shape
        fits = dims if _is_regular(t) else ShapeVar()
        t = Type(leaf_kind(t), fits)
    dims = t.shape
    if ndmin and not isinstance(dims, ShapeVar):
        dims = (1,) * (ndmin - len(dims)) + dims
    elif ndmin:
        dims = ShapeVar()
    return Type(kind_of(dtype, "number" if t.kind == "object" else t.kind), dims, array=True)


def _is_regular(t: Type) -> bool:
    """Whether lists inside lists make an array of the shape that their type tells."""
    if t.of is not None:
        return t.of.ndim is not None and _is_regular(t.of)
    if t.items is None:
        return t.ndim is not None
    rank = t.ndim or 0
    inner = [item.ndim for item in t.items]
    return all(map(_is_regular, t.items)) and all(n == rank - 1 for n in inner)


def _array_rule(g, out, a, dtype, *, ndmin=0, **_):
    """The cotangent of a list is that of the array that it makes; the items of the list get its rows."""
    if ndmin and (ndim(a) is None or ndim(a) != ndim(out)):
        g = like_shape(g, a)
    if dtype is not None and not (is_value(a) and a.type.sequence) and not isinstance(a, (list, tuple)):
        g = cast_like(g, a)
    return g, None


def _as_array_alias(node: Any) -> str:
    """What is surely an array is given back as it is, unless a copy or another dtype is asked for."""
    options, (a, *dtype) = node.options, node.inputs
    if options.get("copy") is True:
        return "fresh"
    plain = options.get("order") is None and all(v.const is None for v in dtype)
    return "view" if plain and a.type.ndim and a.type.kind != "object" else "maybe"


def _array_type(facts: Facts, a: Any, dtype: Any, ndmin: int = 0, **_: Any) -> Type:
    return array_like_type(facts, a, dtype, ndmin)


_ARRAYS = calls(
        case(()), case((3,)), case((2, 3)), case((2, 3), dtype=float),
    )

register(np.array, signature="object, dtype=None, copy=True, order='K', subok=False, ndmin=0, like=None",
         inputs="object dtype", rule=_array_rule, infer=_array_type, samples=_ARRAYS,
         alias=lambda node: "fresh" if node.options["copy"] is True else "maybe")  # fmt: skip
register(np.asarray, signature="a, dtype=None, order=None, device=None, copy=None, like=None", inputs="a dtype",
         rule=_array_rule, infer=_array_type, alias=_as_array_alias, samples=_ARRAYS)  # fmt: skip
register(np.asanyarray, signature="a, dtype=None, order=None, device=None, copy=None, like=None", inputs="a dtype",
         rule=_array_rule, infer=_array_type, alias=_as_array_alias, samples=_ARRAYS)  # fmt: skip


def _contiguous_type(facts: Facts, a: Any, dtype: Any, **_: Any) -> Type:
    return array_like_type(facts, a, dtype, 1)


def _contiguous_rule(g, out, a, dtype, **_):
    return _array_rule(g, out, a, dtype, ndmin=1)


register(np.ascontiguousarray, signature="a, dtype=None, like=None", inputs="a dtype", rule=_contiguous_rule,
         infer=_contiguous_type, alias="maybe",
         samples=calls(case(()), case((3,)), case((2, 3), dtype=float)))  # fmt: skip
register(np.asfortranarray, signature="a, dtype=None, like=None", inputs="a dtype", rule=_array_rule,
         infer=_array_type, alias="maybe", samples=calls(case((3,)), case((2, 3), dtype=float)))  # fmt: skip


# ---- shapes, asked for with functions

for _asked, _primitive in ((np.shape, "shape"), (np.ndim, "ndim")):
    OPERATIONS[_asked] = PRIMITIVES[_primitive]

"""Methods and attributes of arrays: the function that does the same, or what it is in other words."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import OPERATIONS, PRIMITIVES
from ..shapes import Type
from ..terms import Computed, Static, Term, sequence

METHODS = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min, "var": np.var, "std": np.std,
    "dot": np.dot, "reshape": np.reshape, "ravel": np.ravel, "flatten": np.ravel, "transpose": np.transpose,
    "swapaxes": np.swapaxes, "squeeze": np.squeeze, "copy": np.copy, "clip": np.clip, "cumsum": np.cumsum,
    "cumprod": np.cumprod, "diagonal": np.diagonal, "trace": np.trace, "repeat": np.repeat, "take": np.take,
    "round": np.round, "argmax": np.argmax, "argmin": np.argmin, "argsort": np.argsort, "any": np.any, "all": np.all,
    "choose": np.choose, "searchsorted": np.searchsorted,
    "argpartition": np.argpartition,
}  # fmt: skip
"""Methods of arrays, and the functions that do the same."""
ATTRIBUTES = {"T": np.transpose, "mT": np.matrix_transpose, "real": np.real, "imag": np.imag}
"""Attributes of arrays, and the functions that give the same."""
FACTS = ("shape", "size", "ndim", "dtype", "strides", "itemsize", "nbytes", "flags", "device")
"""Attributes that are operations of gradgen's own: they tell of an array, not what is in it."""


def flat(p: Any, base: Computed, node: ast.AST) -> Term:
    """`x.flat`: read, the row of all entries."""
    return _called(p, np.ravel, "ravel", base, node)


def called(
    p: Any, name: str, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
) -> Term | None:
    """A call of a method of an array; None where gradgen knows nothing of it."""
    if name in OTHERWISE:
        return OTHERWISE[name](p, base, args, kwargs, tree, node)
    fn = METHODS.get(name)
    if fn is None or fn not in OPERATIONS:
        return None
    if name in ("reshape", "transpose") and len(args) > 1:
        given = sequence(tuple, args)
        if all(isinstance(t, Static) for t in args):
            args = [Static(given.ast, tuple(t.obj for t in args))]  # type: ignore[attr-defined]
        else:
            args, tree = [given], ast.Call(tree.func, [given.ast], tree.keywords)
    return p.apply(OPERATIONS[fn], [base, *args], kwargs, tree, node)  # type: ignore[no-any-return]


def _called(p: Any, fn: Any, name: str, base: Computed, node: ast.AST) -> Term:
    """`x.f()`, `fn` being the function that does the same."""
    tree = ast.Call(ast.Attribute(base.ast, name, ast.Load()), [], [])
    return p.apply(OPERATIONS[fn], [base], {}, tree, node)  # type: ignore[no-any-return]


Method = Callable[[Any, Computed, list[Term], dict[str, Term], Any, ast.Call], Term | None]


def _astype(p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    return p.apply(PRIMITIVES["astype"], [base, *args], kwargs, tree, node)  # type: ignore[no-any-return]


def _item(p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    """`x.item()`, `x.item(k)` of the k-th of all entries, `x.item(i, j)`: a number of Python's."""
    if args:
        [index] = args if len(args) == 1 else [sequence(tuple, args)]
        single = len(args) == 1 and not (isinstance(index, Static) and isinstance(index.obj, tuple))
        if single and base.value.type.ndim != 1:
            base = flat(p, base, node)  # type: ignore[assignment]
        part = ast.Subscript(base.ast, index.ast, ast.Load())
        base = p.apply(PRIMITIVES["getitem"], [base, index], {}, part, node)
        tree = ast.Call(ast.Attribute(base.ast, "item", ast.Load()), [], [])
    kind = base.value.type.kind
    if kind in ("int", "bool"):
        return p.opaque_term(tree, node, Type(kind, ()))  # type: ignore[no-any-return]
    return p.apply(OPERATIONS[float], [base], {}, tree, node)  # type: ignore[no-any-return]


def _tolist(p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    if base.value.type.ndim == 0:
        return _item(p, base, args, kwargs, tree, node)
    return p.apply(PRIMITIVES["tolist"], [base], {}, tree, node)  # type: ignore[no-any-return]


def _compress(
    p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
) -> Term:
    """`x.compress(condition, axis)`: the array is the function's second argument."""
    given = [*args[:1], base, *args[1:]] if args else []
    named = kwargs if args else {"a": base, **kwargs}
    return p.apply(OPERATIONS[np.compress], given, named, tree, node)  # type: ignore[no-any-return]


def _view(
    p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
) -> Term | None:
    """`x.view()`; one that takes the memory for something else is not followed."""
    return None if args or kwargs else p.apply(PRIMITIVES["view"], [base], {}, tree, node)


def _conj(p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    """`x.conj()`: of real numbers the array itself, which may be written."""
    kind = base.value.type.kind
    if kind == "complex":
        return p.apply(OPERATIONS[np.conj], [base, *args], kwargs, tree, node)  # type: ignore[no-any-return]
    same = PRIMITIVES["conjugate_of" if kind == "number" else "view"]
    return p.apply(same, [base, *args], kwargs, tree, node)  # type: ignore[no-any-return]


def _to_device(p: Any, base: Computed, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    """Of NumPy there is only one device."""
    return p.apply(PRIMITIVES["view"], [base], {}, tree, node)  # type: ignore[no-any-return]


OTHERWISE: dict[str, Method] = {
    "astype": _astype, "item": _item, "tolist": _tolist, "compress": _compress, "view": _view, "to_device": _to_device,
    "conj": _conj, "conjugate": _conj,
}  # fmt: skip
"""Methods of arrays that are no function's."""

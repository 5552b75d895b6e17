"""Pieces of syntax: what stands for something in it, copies of it, and the syntax of constants and names."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np


class Gap(ast.expr):
    """Stands for a value, whose syntax is put in its place."""


class Hole(Gap):
    """Stands for input number `index` in the syntax of a node."""

    _fields = ()

    def __init__(self, index: int, store: bool = False):
        super().__init__()
        self.index, self.store = index, store


class Verbatim(ast.expr):
    """A literal as the user wrote it; `value` is what it denotes."""

    _fields = ()

    def __init__(self, text: str, value: Any):
        super().__init__()
        self.text, self.value = text, value


def fill(tree: Any, make: Any) -> Any:
    """A copy of `tree` in which every `Gap` is replaced by `make(it)`."""
    if isinstance(tree, list):
        return [fill(item, make) for item in tree]
    if isinstance(tree, Gap):
        return make(tree)
    if isinstance(tree, Verbatim) or not isinstance(tree, ast.AST):
        return tree
    fields = tree.__dict__
    if not fields:  # a context or an operator
        return tree
    new = type(tree).__new__(type(tree))
    for name, child in fields.items():
        new.__dict__[name] = fill(child, make) if isinstance(child, (ast.AST, list)) else child
    return new


def copied(tree: Any) -> Any:
    """A copy of syntax: astor notes in a node what surrounds it."""
    return fill(tree, lambda part: part)


def rebuilt(node: Any, visit: Callable[[Any], Any]) -> Any:
    """A copy of `node` with `visit(child)` in place of each child."""
    new = type(node)()
    for name, child in ast.iter_fields(node):
        if isinstance(child, list):
            setattr(new, name, [visit(item) if isinstance(item, ast.AST) else item for item in child])
        else:
            setattr(new, name, visit(child) if isinstance(child, ast.AST) else child)
    return new


def display(kind: type, items: list[Any], keys: tuple[Any, ...] = ()) -> ast.expr:
    """The syntax of a tuple, a list or another container of `items`; keys: as of a `terms.Sequence`."""
    if kind in (tuple, list):
        return ast.Tuple(items, ast.Load()) if kind is tuple else ast.List(items, ast.Load())
    if kind is dict:
        return ast.Dict([literal(key) for key in keys], items)
    named = [ast.keyword(key, item) for key, item in zip(keys, items, strict=True)]
    call = ast.Call(ast.Name(kind.__name__, ast.Load()), [], named)
    call.builds = kind  # type: ignore[attr-defined]
    return call


SMALL = 64
"""How many numbers an array from outside may hold to be written into a module."""


def literal(x: Any) -> ast.expr | None:
    """The syntax of a constant, or None where it has none: numbers, strings, tuples, lists, slices, small arrays."""
    if isinstance(x, np.generic):
        kind = type(x).__name__
        inner = literal(x.item())
        if inner is None or x.dtype.kind not in "fiub":
            return None
        return ast.Call(numpy_path(kind.rstrip("_")), [inner], []) if x.dtype.kind != "b" else inner
    if x is None or x is Ellipsis or isinstance(x, (bool, str, bytes)):
        return ast.Constant(x)
    if isinstance(x, int):
        return ast.Constant(x) if x >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-x))
    if isinstance(x, float):
        if np.isnan(x):
            return numpy_path("nan")
        positive: ast.expr = numpy_path("inf") if np.isinf(x) else ast.Constant(abs(x))
        return ast.UnaryOp(ast.USub(), positive) if np.copysign(1.0, x) < 0 else positive
    if isinstance(x, complex):
        real = literal(x.real)
        assert real is not None
        imag = ast.Constant(complex(0, abs(x.imag)))
        op: ast.operator = ast.Sub() if np.copysign(1.0, x.imag) < 0 else ast.Add()
        return ast.BinOp(real, op, imag)
    if isinstance(x, np.ndarray):
        return _array_literal(x)
    if isinstance(x, (tuple, list)):
        items = [literal(item) for item in x]
        if any(item is None for item in items):
            return None
        return display(tuple if isinstance(x, tuple) else list, items)
    if isinstance(x, slice):
        parts = [None if part is None else literal(part) for part in (x.start, x.stop, x.step)]
        return ast.Slice(*parts)
    if isinstance(x, np.dtype):
        return numpy_path(x.name) if x.kind in "fiub" else None
    if isinstance(x, type):
        name = x.__name__
        if getattr(np, name, None) is x:
            return numpy_path(name)
        kinds: dict[Any, str] = {float: "float", int: "int", bool: "bool", complex: "complex"}
        return ast.Name(kinds[x], ast.Load()) if x in kinds else None
    return None


def _array_literal(x: np.ndarray) -> ast.expr | None:
    if x.size > SMALL:
        return None
    items, dtype, shape = literal(x.tolist()), literal(x.dtype), literal(x.shape)
    if items is None or dtype is None or shape is None:
        return None
    if x.size == 0:
        return ast.Call(numpy_path("zeros"), [shape, dtype], [])
    plain = x.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool))
    return ast.Call(numpy_path("array"), [items] if plain else [items, dtype], [])


def numpy_path(name: str) -> ast.expr:
    """`np.linalg.solve` as syntax, from the dotted name after `np`."""
    return dotted(f"np.{name}")


def parameters_of(spec: ast.arguments) -> list[ast.arg]:
    """The parameters of a function, those with stars included, in the order that `inspect.signature` has."""
    starred = [[] if p is None else [p] for p in (spec.vararg, spec.kwarg)]
    return [*spec.posonlyargs, *spec.args, *starred[0], *spec.kwonlyargs, *starred[1]]


def dotted(path: str) -> ast.expr:
    """A dotted name as syntax."""
    first, *rest = path.split(".")
    tree: ast.expr = ast.Name(first, ast.Load())
    for part in rest:
        tree = ast.Attribute(tree, part, ast.Load())
    return tree

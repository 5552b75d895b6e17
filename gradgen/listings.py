"""How cotangents of tuples and lists are written: lists of zeros, and what is added at a place of one."""

from __future__ import annotations

import ast

from .shapes import Type
from .syntax import copied, numpy_path


def call(function: ast.expr | str, *args: ast.expr) -> ast.expr:
    """The syntax of a call, by name or of what an expression gives."""
    name = ast.Name(function, ast.Load()) if isinstance(function, str) else function
    return ast.Call(name, list(args), [])


def zeros_like(t: Type, tree: ast.expr, depth: int = 0) -> ast.expr:
    """The zero cotangent of what has the type `t`, a list or what is in one, and is written as `tree`."""
    if t.items is not None:
        places = [ast.Subscript(copied(tree), ast.Constant(i), ast.Load()) for i in range(len(t.items))]
        items = [zeros_like(item, place, depth) for item, place in zip(t.items, places, strict=True)]
        return ast.Tuple(items, ast.Load())
    if t.of is not None and t.of.scalar:
        return ast.BinOp(ast.List([ast.Constant(0.0)], ast.Load()), ast.Mult(), call("len", tree))
    if t.of is not None:
        item = f"item_{depth}" if depth else "item"
        inner = zeros_like(t.of, ast.Name(item, ast.Load()), depth + 1)
        return each_of(inner, ast.Name(item, ast.Store()), tree)
    if t.scalar:
        return ast.Constant(0.0)
    if t.kind == "float" and (t.array or t.ndim):
        return call(numpy_path("zeros_like"), tree)
    dtype = call(numpy_path("result_type"), copied(tree), ast.Constant(0.0))
    zeros = call(numpy_path("zeros"), call(numpy_path("shape"), tree), dtype)
    return zeros if t.ndim else ast.Subscript(zeros, ast.Tuple([], ast.Load()), ast.Load())


def each_of(inner: ast.expr, target: ast.expr, through: ast.expr) -> ast.expr:
    """`[inner for target in through]`, a list that is nobody else's, whatever is in it; `list(through)` if no more."""
    if isinstance(inner, ast.Name) and isinstance(target, ast.Name) and inner.id == target.id:
        return ast.Call(ast.Name("list", ast.Load()), [through], [])
    tree = ast.ListComp(inner, [ast.comprehension(target, through, [], 0)])
    tree.fresh = True  # type: ignore[attr-defined]
    return tree


def copies(t: Type, tree: ast.expr, depth: int = 0) -> ast.expr:
    """A copy of a cotangent of what has the type `t`, and of all that is in it."""
    if t.items is not None:
        return ast.Tuple([copies(item, _part(tree, i), depth) for i, item in enumerate(t.items)], ast.Load())
    if t.of is not None:
        name = f"item_{depth}" if depth else "item"
        return each_of(copies(t.of, ast.Name(name, ast.Load()), depth + 1), ast.Name(name, ast.Store()), tree)
    return ast.BinOp(ast.Constant(1.0), ast.Mult(), tree)


def added(t: Type, trees: list[ast.expr]) -> ast.expr:
    """The sum of cotangents of what has the type `t`: of a list or a tuple, item by item."""
    if t.sequence:
        return paired(trees, t)
    tree = trees[0]
    for other in trees[1:]:
        tree = ast.BinOp(tree, ast.Add(), other)
    return tree


def _part(tree: ast.expr, i: int) -> ast.expr:
    """An item of a tuple."""
    if isinstance(tree, ast.Tuple):
        return tree.elts[i]
    return ast.Subscript(copied(tree), ast.Constant(i), ast.Load())


def paired(lists: list[ast.expr], t: Type) -> ast.expr:
    """`[a + b for a, b in zip(...)]`; of tuples of one kind of items, a tuple."""
    if t.items is not None:
        places = range(len(t.items))
        parts = [[_part(tree, i) for tree in lists] for i in places]
        return ast.Tuple([added(item, list(part)) for item, part in zip(t.items, parts, strict=True)], ast.Load())
    names = ["a", "b", "c", "d", "e", "f", "g", "h"][: len(lists)]
    if len(names) < len(lists):
        return paired([paired(lists[:8], t), *lists[8:]], t)
    tree = added(t.of or Type(), [ast.Name(name, ast.Load()) for name in names])
    target = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
    return each_of(tree, target, call("zip", *lists))

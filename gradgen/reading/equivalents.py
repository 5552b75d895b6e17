"""What iterators are in other words: comprehensions, slices, lists that grow, and calls that loops know."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

from ..terms import Static, Term
from .combined import COMBINATIONS
from .rewriting import as_list, name, placed, written

Words = Callable[[Any, ast.Call], "ast.expr | None"]


def _mapped(p: Any, node: ast.Call) -> ast.expr | None:
    if len(node.args) < 2 or node.keywords:
        return None
    first = p.free_word("item")
    items = [first, *(f"{first}_{i}" for i in range(1, len(node.args) - 1))]
    fn = p.hidden(p.read(node.args[0]))
    return as_list(fn.id, items, node.args[1:], node)


def _filtered(p: Any, node: ast.Call) -> ast.expr | None:
    if len(node.args) != 2 or node.keywords:
        return None
    fn, item = p.read(node.args[0]), p.free_word("item")
    none = isinstance(fn, Static) and fn.obj is None
    test = name(item) if none else ast.Call(p.hidden(fn), [name(item)], [])
    return ast.ListComp(name(item), [ast.comprehension(name(item, store=True), node.args[1], [test], 0)])


def _starred(p: Any, node: ast.Call) -> ast.expr | None:
    if len(node.args) != 2:
        return None
    fn, item = p.hidden(p.read(node.args[0])), p.free_word("item")
    call = ast.Call(fn, [ast.Starred(name(item), ast.Load())], [])
    return ast.ListComp(call, [ast.comprehension(name(item, store=True), node.args[1], [], 0)])


def _sliced(p: Any, node: ast.Call) -> ast.expr | None:
    bounds = node.args[1:]
    if not 1 <= len(bounds) <= 3 or node.keywords:
        return None
    part = ast.Slice(None, bounds[0]) if len(bounds) == 1 else ast.Slice(*bounds)
    return ast.Subscript(p.all_of(node.args[0]), part, ast.Load())


def _chained(p: Any, node: ast.Call) -> ast.expr | None:
    words = {w: p.free_word(w) for w in ("items", "item")}
    text = "items = []\n" + "".join(f"for item in part{i}:\n    items.append(item)\n" for i in range(len(node.args)))
    return _by_statements(p, node, text, words, **{f"part{i}": arg for i, arg in enumerate(node.args)})


def _flattened(p: Any, node: ast.Call) -> ast.expr | None:
    part, item = p.free_word("part"), p.free_word("item")
    through = [ast.comprehension(name(part, store=True), node.args[0], [], 0),
               ast.comprehension(name(item, store=True), name(part), [], 0)]  # fmt: skip
    return ast.ListComp(name(item), through)


def _accumulated(p: Any, node: ast.Call) -> ast.expr | None:
    named = {k.arg: k.value for k in node.keywords}
    fn = node.args[1] if len(node.args) == 2 else named.get("func")
    whole = p.all_of(node.args[0])
    begin = named.get("initial")
    words = {w: p.free_word(w) for w in ("items", "item", "total")}
    step = "total + item" if fn is None else "fn(total, item)"
    text = f"total = begin\nitems = [total]\nfor item in rest:\n    total = {step}\n    items.append(total)\n"
    rest = whole if begin is not None else ast.Subscript(whole, ast.Slice(ast.Constant(1)), ast.Load())
    first = begin if begin is not None else ast.Subscript(whole, ast.Constant(0), ast.Load())
    parts = {"begin": first, "rest": rest} | ({} if fn is None else {"fn": p.hidden(p.read(fn))})
    return _by_statements(p, node, text, words, **parts)


def _taken_while(p: Any, node: ast.Call) -> ast.expr | None:
    text = "items = []\nfor item in whole:\n    if not test(item):\n        break\n    items.append(item)\n"
    words = {w: p.free_word(w) for w in ("items", "item")}
    return _by_statements(p, node, text, words, test=p.hidden(p.read(node.args[0])), whole=node.args[1])


def _in_step(p: Any, node: ast.Call) -> ast.expr | None:
    """`zip` with what goes on without end."""
    ends = [_endless(p, arg) for arg in node.args]
    if not any(ends) or all(ends):
        return None
    finite = next(i for i, endless in enumerate(ends) if endless is None)
    args = list(node.args)
    args[finite] = p.all_of(args[finite])
    count = ast.Call(name("len"), [args[finite]], [])
    for i, endless in enumerate(ends):
        if endless is not None:
            args[i] = endless(count)
    return ast.Call(node.func, args, node.keywords)


def _endless(p: Any, node: ast.expr) -> Callable[[ast.expr], ast.expr] | None:
    """What the first so many items of `count`, `cycle` or `repeat` are; None for all else."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Name, ast.Attribute)) or node.keywords:
        return None
    callee = p.read(node.func)
    fn = callee.obj if isinstance(callee, Static) else None
    i = p.free_word("i")

    def each(elt: ast.expr, count: ast.expr) -> ast.expr:
        through = ast.comprehension(name(i, store=True), ast.Call(name("range"), [count], []), [], 0)
        return placed(ast.ListComp(elt, [through]), node)  # type: ignore[no-any-return]

    if fn is itertools.count:
        terms = [p.read(a) for a in node.args]
        if not terms or len(terms) == 1 and isinstance(terms[0], Static) and isinstance(terms[0].obj, int):
            start = node.args[0] if terms else ast.Constant(0)
            return lambda count: placed(
                ast.Call(name("range"), [start, ast.BinOp(start, ast.Add(), count)] if terms else [count], []), node
            )
        first, step = p.hidden(terms[0]), p.hidden(terms[1] if len(terms) > 1 else Static(ast.Constant(1), 1))
        value = ast.BinOp(first, ast.Add(), ast.BinOp(step, ast.Mult(), name(i)))
        return lambda count: each(value, count)
    if fn is itertools.cycle and len(node.args) == 1:
        whole = p.all_of(node.args[0])
        place = ast.BinOp(name(i), ast.Mod(), ast.Call(name("len"), [whole], []))
        return lambda count: each(ast.Subscript(whole, place, ast.Load()), count)
    if fn is itertools.repeat and len(node.args) == 1:
        value_ = p.hidden(p.read(node.args[0]))
        return lambda count: each(value_, count)
    return None


def _repeated(p: Any, node: ast.Call) -> ast.expr | None:
    if len(node.args) != 2:
        return None
    through = ast.comprehension(name("_", store=True), ast.Call(name("range"), [node.args[1]], []), [], 0)
    return ast.ListComp(p.hidden(p.read(node.args[0])), [through])


def _by_statements(p: Any, node: ast.Call, text: str, words: dict[str, str], **parts: Any) -> ast.expr:
    names = dict(p.frame.names)
    made: Term = p.result_of(written(text, node, words, **parts), words["items"], names)
    return p.hidden(made)  # type: ignore[no-any-return]


WORDS: dict[Any, Words] = {
    map: _mapped, filter: _filtered, zip: lambda p, node: _in_step(p, node) or node,
    itertools.starmap: _starred, itertools.chain.from_iterable: _flattened, itertools.accumulate: _accumulated,
    itertools.takewhile: _taken_while, itertools.repeat: _repeated, itertools.chain: _chained,
    itertools.islice: _sliced,
} | dict.fromkeys((enumerate, reversed, *(c.fn for c in COMBINATIONS)), lambda p, node: node)  # fmt: skip
"""What iterators are in other words: a comprehension, or a call that a loop knows how to go through."""

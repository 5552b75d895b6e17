"""Statements that write into memory: what grows by a term, at an index or everywhere, and what is made and then filled.

They are written in place where the memory is ours, else into a copy.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .buffers import grown_from, is_copied, is_number, may_be_no_array
from .control import is_there
from .forms import is_negative, is_op
from .graph import PRIMITIVES, Node, Value
from .listings import added, zeros_like
from .naming import Names
from .rules.indices import has_no_repeats, is_basic, slice_parts
from .source import Statement
from .spell import absolute, added_to, as_argument, full, multiplied_by, number, shape_of
from .syntax import numpy_path


def standing_for(v: Value, name: ast.Name) -> ast.Name:
    """`name`, noted for the simulation to stand for `v`."""
    name.means = v  # type: ignore[attr-defined]
    return name


def assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def copy_of(e: Any, v: Value) -> ast.expr:
    """A copy of a value; a number or nothing, which it may be instead of an array, stays what it is."""
    if may_be_no_array(v):
        return e.snippets.call(PRIMITIVES["copied"], [e.expression(v)])  # type: ignore[no-any-return]
    return ast.Call(ast.Attribute(e.expression(v), "copy", ast.Load()), [], [])


def _accumulated(e: Any, node: Node) -> list[ast.stmt]:
    """`v_bar += term`, in place where the memory is ours."""
    base, term = node.inputs
    name = e.names.of[node.out]
    negative = is_negative(term) and term not in e.names.of
    op: ast.operator = ast.Sub() if negative else ast.Add()
    tree = absolute(term, e.expression, e.snippets) if negative else e.expression(term)
    fits = base.type.floating and base.type.kind == node.out.type.kind
    grows = base.type.scalar and is_number(base) or fits and node in e.buffers.in_place
    if e.names.of.get(base) == name and grows:
        return [ast.AugAssign(standing_for(e.names.outermost(base), ast.Name(name, ast.Store())), op, tree)]
    return [assign(name, ast.BinOp(e.expression(base), op, tree))]


def _grown(e: Any, node: Node) -> list[ast.stmt]:
    """A sum or a product; `v_bar += term`, `v_bar *= factor` of the cotangent so far, where the memory is ours."""
    name = e.names.of[node.out]
    base = grown_from(node)
    grows = base is not None and (node in e.buffers.in_place or base.type.scalar and is_number(base))
    if base is None or not grows or e.names.of.get(base) != name:
        return [assign(name, e.computation(node))]
    if node.op.name == "total":
        op, tree = added_to(base, [v for v in node.inputs if v is not base], e.expression, e.snippets)
    else:
        op, tree = multiplied_by(base, node, e.expression)
    return [ast.AugAssign(standing_for(e.names.outermost(base), ast.Name(name, ast.Store())), op, tree)]


def _target(e: Any, node: Node) -> tuple[list[ast.stmt], ast.Name]:
    """What is written into, under its name: a copy where the memory is not ours; and what makes it."""
    base, name = node.inputs[0], e.names.of[node.out]
    same = e.names.of.get(base) == name
    tree: ast.expr = e.expression(base)
    if node not in e.buffers.in_place:
        tree = ast.Call(ast.Attribute(tree, "copy", ast.Load()), [], [])
    elif same:
        return [], standing_for(e.names.outermost(base), ast.Name(name, ast.Load()))
    begin = assign(name, tree)
    begin.gives = [(name, e.names.outermost(base))] if same else []  # type: ignore[attr-defined]
    target = ast.Name(name, ast.Load())
    return [begin], standing_for(e.names.outermost(base), target) if same else target


def _setitem(e: Any, node: Node) -> list[ast.stmt]:
    """`a[index] = value`, or `a[index] *= ...` as the user wrote it."""
    base, index, value = node.inputs
    out, target = _target(e, node)
    place = ast.Subscript(target, e.expression(index), ast.Store())
    tree = e.expression(value)
    if isinstance(node.origin, Statement) and isinstance(node.origin.node, ast.AugAssign) and not node.backward:
        part = value.node.inputs[0] if value.node is not None and value.node.inputs else value
        again = is_op(part, "getitem") and part.node.inputs == (base, index) and part not in e.names.of  # type: ignore[union-attr]
        if again and value not in e.names.of and isinstance(tree, ast.BinOp):
            return [*out, ast.AugAssign(place, tree.op, tree.right)]
    return [*out, ast.Assign([place], tree)]


def _append(e: Any, node: Node) -> list[ast.stmt]:
    """`xs.append(v)`; a new list where somebody still reads the old one."""
    base, _, item = node.inputs
    name, tree = e.names.of[node.out], e.expression(item)
    if node not in e.buffers.in_place:
        return [assign(name, ast.List([ast.Starred(e.expression(base), ast.Load()), tree], ast.Load()))]
    out = [] if e.names.of.get(base) == name else [assign(name, e.expression(base))]
    target = ast.Name(name, ast.Load())
    made = ast.Expr(ast.Call(ast.Attribute(target, "append", ast.Load()), [tree], []))
    made.grows = e.names.outermost(base) if not out else None  # type: ignore[attr-defined]
    return [*out, made]


def _pick(e: Any, node: Node) -> list[ast.stmt]:
    """A part of an array that is written meanwhile, in memory of its own."""
    x, index = node.inputs
    if index.const is Ellipsis:
        return [assign(e.names.of[node.out], copy_of(e, x))]
    tree: ast.expr = ast.Subscript(e.expression(x), e.expression(index), ast.Load())
    if is_basic(index.const) and not (node.out.type.ndim == 0 and is_number(node.out)):
        tree = ast.Call(ast.Attribute(tree, "copy", ast.Load()), [], [])
    if not is_there(x):
        none = ast.Constant(None)
        tree = ast.IfExp(ast.Compare(e.expression(x), [ast.Is()], [none]), none, tree)
    return [assign(e.names.of[node.out], tree)]


def _increment(e: Any, node: Node) -> list[ast.stmt]:
    """`v_bar[index] += term`, on a copy where the memory is not ours; by `np.add.at` where what repeats adds up."""
    base, index, term = node.inputs
    out, target = _target(e, node)
    if node.op.name == "increment" and not has_no_repeats(index.const):
        call = ast.Call(numpy_path("add.at"), [target, as_argument(e.expression(index)), e.expression(term)], [])
        return [*out, ast.Expr(call)]
    place = ast.Subscript(target, e.expression(index), ast.Store())
    several = slice_parts(index.const) is not None
    if base.type.of is not None and (several or not base.type.of.scalar):
        old = ast.Subscript(target, e.expression(index), ast.Load())
        kind = base.type if several else base.type.of
        zero = not out and is_zero_at(base, index.const)
        return [*out, ast.Assign([place], e.expression(term) if zero else added(kind, [old, e.expression(term)]))]
    unnamed = term not in e.names.of
    if is_op(term, "negative") and unnamed and not node.backward:  # a[i] -= v
        return [*out, ast.AugAssign(place, ast.Sub(), e.expression(term.node.inputs[0]))]  # type: ignore[union-attr]
    negative = is_negative(term) and unnamed
    op: ast.operator = ast.Sub() if negative else ast.Add()
    tree = absolute(term, e.expression, e.snippets) if negative else e.expression(term)
    return [*out, ast.AugAssign(place, op, tree)]


def is_zero_at(base: Value, index: Any) -> bool:
    """Whether a list of cotangents surely is zero at an index: nothing was added there yet."""
    while is_op(base, "increment") and apart(index, base.node.inputs[1].const):  # type: ignore[union-attr]
        base = base.node.inputs[0]  # type: ignore[union-attr]
    return is_op(base, "zeros_for")


def apart(a: Any, b: Any) -> bool:
    """Whether two places of a list surely are different ones: the last, and all but the last, and the like."""
    if isinstance(b, slice):
        a, b = b, a
    if not (isinstance(a, slice) and type(b) is int and a.step is None):
        return False
    start, stop = a.start or 0, a.stop
    if b < 0:
        return type(stop) is int and stop < 0 and stop <= b
    return type(start) is int and start > b and (stop is None or type(stop) is int)


def _scatter(e: Any, node: Node) -> list[ast.stmt]:
    """Zeros, and an assignment at the index: the first contribution assigns."""
    values, index, like = node.inputs
    name = e.names.of[node.out]
    if like.type.sequence:
        place = ast.Subscript(ast.Name(name, ast.Load()), e.expression(index), ast.Store())
        return [assign(name, zeros_like(like.type, e.expression(like))), ast.Assign([place], e.expression(values))]
    zeros = ast.Call(numpy_path("zeros"), [shape_of(like, e.expression), dtype_of(e, node, like)], [])
    target = ast.Name(name, ast.Load())
    out = [assign(name, zeros)]
    if has_no_repeats(index.const):
        place = ast.Subscript(target, e.expression(index), ast.Store())
        out.append(ast.Assign([place], e.expression(values)))
    else:
        arguments = [target, as_argument(e.expression(index)), e.expression(values)]
        out.append(ast.Expr(ast.Call(numpy_path("add.at"), arguments, [])))
    return out


def dtype_source(names: Names, node: Node) -> Value | None:
    """The value, a float as far as is known, whose dtype the new memory of a scatter or an expand gets.

    A cotangent's, rather than that of a primal that may hold integers; None where the dtype is computed.
    """
    if node.op.name == "scatter":
        values, _, like = node.inputs
        if like.type.sequence:
            return None
        if values in names.of and values.type.array and values.type.floating:
            return values
    elif node.op.name == "expand" and node.inputs[0].type.scalar and not node.inputs[0].type.array:
        like = node.inputs[1]
    else:
        return None
    return like if like.type.kind == "float" and (like.type.array or like.type.ndim) else None


def dtype_of(e: Any, node: Node, like: Value) -> ast.expr:
    """The dtype of the memory of a scatter or an expand."""
    source = dtype_source(e.names, node)
    if source is not None:
        return ast.Attribute(e.expression(source), "dtype", ast.Load())
    return ast.Call(numpy_path("result_type"), [e.expression(like), number(0.0)], [])


def _own(e: Any, node: Node) -> list[ast.stmt]:
    """A copy that is a float whatever it was: what is returned is never an argument."""
    [x] = node.inputs
    tree = e.expression(x)
    if is_copied(x):
        value: ast.expr = ast.Call(ast.Attribute(tree, "copy", ast.Load()), [], [])
    else:
        value = ast.BinOp(number(1.0), ast.Mult(), tree)
    return [assign(e.names.of[node.out], value)]


def _expand(e: Any, node: Node) -> list[ast.stmt]:
    """`x` at the shape of `like`, as an array of its own."""
    x, like = node.inputs
    if x.type.scalar:
        value = full(x, like, e.expression)
    else:
        view = ast.Call(numpy_path("broadcast_to"), [e.expression(x), shape_of(like, e.expression)], [])
        value = ast.Call(ast.Attribute(view, "copy", ast.Load()), [], [])
    return [assign(e.names.of[node.out], value)]


WRITERS: dict[str, Callable[[Any, Node], list[ast.stmt]]] = {
    "append": _append,
    "accumulated": _accumulated,
    "total": _grown,
    "product": _grown,
    "increment": _increment,
    "augment": _increment,
    "setitem": _setitem,
    "pick": _pick,
    "scatter": _scatter,
    "own": _own,
    "same": lambda e, node: [assign(e.names.of[node.out], e.expression(node.inputs[0]))],
    "expand": _expand,
    "stood_around": lambda e, node: [],
}

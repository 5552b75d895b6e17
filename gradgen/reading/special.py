"""Objects of the function's own in operators, `len`, brackets and loops: their class says what these mean."""

from __future__ import annotations

import ast
import types
from typing import Any

from ..terms import Bound, Sequence, Term

NAMES: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip
"""How the methods are called that stand for operators."""
ITEMS = ("__iter__", "__getitem__", "__len__")
"""The methods that say what is in an object."""


def own(term: Term, name: str) -> Any:
    """The method by which a class of the user's says itself what is done with its objects; None where there is none."""
    if not isinstance(term, Sequence) or term.kind in (tuple, list, dict):
        return None
    fn = getattr(term.kind, name, None)
    return fn if isinstance(fn, types.FunctionType) else None


def is_object(term: Term) -> bool:
    """Whether a term is an object of a class that is no tuple, list or dict."""
    return isinstance(term, Sequence) and not issubclass(term.kind, (tuple, list, dict))


def operated(p: Any, node: ast.BinOp, left: Term, right: Term, tree: Any) -> Term | None:
    """What an operator gives for an object; None where there is none. Raises UnsupportedError where nothing says."""
    name = NAMES[type(node.op)]
    for owner, other, method in ((left, right, f"__{name}__"), (right, left, f"__r{name}__")):
        fn = own(owner, method)
        if fn is not None:
            return _called(p, fn, owner, [other], tree, node)
    if is_object(left) or is_object(right):
        raise p.error("what this operator makes of an object is not known", node, "call a method by its name")
    return None


def counted(p: Any, term: Term, tree: Any, node: ast.AST) -> Term | None:
    """What `len` gives for an object; None where it is for a tuple, a list or a dict to say."""
    fn = own(term, "__len__")
    if fn is not None:
        return _called(p, fn, term, [], tree, node)
    refuse_object(p, term, node)
    return None


def item_of(p: Any, term: Term, index: Term, tree: Any, node: ast.AST) -> Term | None:
    """What an object has in brackets; None where it is for a tuple, a list or a dict to say."""
    fn = own(term, "__getitem__")
    if fn is not None:
        return _called(p, fn, term, [index], tree, node)
    refuse_object(p, term, node)
    return None


def _called(p: Any, fn: Any, owner: Term, args: list[Term], tree: Any, node: ast.AST) -> Term:
    call = ast.copy_location(ast.Call(ast.Name(fn.__name__, ast.Load()), [], []), node)
    return p.call_bound(Bound(owner.ast, fn, owner), args, {}, tree, call)  # type: ignore[no-any-return]


def refuse_object(p: Any, term: Term, node: ast.AST) -> None:
    """Raise UnsupportedError where what is in a term is for its class to say."""
    if is_object(term) or any(own(term, name) is not None for name in ITEMS):
        raise p.error("what is in an object of this class cannot be followed", node, "call a method by its name")

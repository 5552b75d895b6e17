"""Options of ufuncs that say in what memory and in what type of numbers they compute: what is left without them."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..graph import PRIMITIVES
from ..terms import Computed, Static, Term

OF_MEMORY = ("casting", "order", "subok")
"""Options that change no number."""


def plain(
    p: Any, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
) -> tuple[list[Term], dict[str, Term], Any]:
    """A call of a ufunc without `OF_MEMORY`, and with what it computes with cast in the place of `dtype`.

    Raises UnsupportedError where `dtype` is no type of floats.
    """
    left = {name: term for name, term in kwargs.items() if name not in OF_MEMORY and not _is_default(name, term)}
    term = left.pop("dtype", None)
    dtype = term.obj if isinstance(term, Static) else None
    if term is None or isinstance(term, Static) and dtype is None:
        return args, left, tree
    if dtype is None or np.dtype(dtype).kind not in "fc":
        raise p.error("the option `dtype` must be a type of floats, known when the gradient is written", node)
    args = [_cast(p, arg, term, node) for arg in args]
    keywords = [k for k in tree.keywords if k.arg != "dtype"]
    return args, left, ast.Call(tree.func, [arg.ast for arg in args], keywords)


def _is_default(name: str, term: Term) -> bool:
    return isinstance(term, Static) and (name, term.obj) in (("out", None), ("where", True))


def _cast(p: Any, arg: Term, dtype: Term, node: ast.Call) -> Term:
    """`arg.astype(dtype, copy=False)`, of an array or what else is computed."""
    if not isinstance(arg, Computed):
        return arg
    no = Static(ast.Constant(False), False)
    made = ast.Call(ast.Attribute(arg.ast, "astype", ast.Load()), [dtype.ast], [ast.keyword("copy", no.ast)])
    return p.apply(PRIMITIVES["astype"], [arg, dtype], {"copy": no}, made, node)  # type: ignore[no-any-return]

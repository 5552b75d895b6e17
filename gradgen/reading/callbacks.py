"""Calls of NumPy's functions that call functions: read by what stands for each in plain Python."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..buffers import may_share
from ..callbacks import OF_NUMBERS, PLAIN, vectorized, vectorized_float
from ..errors import UnsupportedError
from ..graph import CONST, OPERATIONS
from ..library import among
from ..source import function_source
from ..syntax import numpy_path
from ..terms import Computed, Partial, Static, Term


def called(
    p: Any, fn: Any, callee: Static, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
) -> Term | None:
    """What a call gives of a function that calls functions; None where `fn` is no such function."""
    if among(fn, PLAIN):
        return _in_plain_python(p, PLAIN[fn], args, kwargs, tree, node)
    if fn is np.vectorize and args:
        if len(args) > 1 or kwargs.keys() - {"otypes", "doc", "cache"}:
            raise p.error("np.vectorize is followed with `otypes` alone", node, "write a loop")
        return _vectorizer(p, tree, args[0], getattr(kwargs.get("otypes"), "obj", None), node)
    if isinstance(fn, np.vectorize):
        if fn.excluded or fn.signature is not None:
            raise p.error("np.vectorize is followed with `otypes` alone", node, "write a loop")
        made = _vectorizer(p, callee.ast, Static(callee.ast, fn.pyfunc), fn.otypes, node)
        return p.call_known(made, args, kwargs, tree, node)  # type: ignore[no-any-return]
    if fn is vectorized or fn is vectorized_float:
        return _of_all(p, fn, args, kwargs, tree, node)
    return None


def _in_plain_python(
    p: Any, plain: Any, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
) -> Term:
    """A call of a function of which another is read in plain Python: what that refuses is refused where it is called.

    A function that cannot be read may still be one without a derivative.
    """
    given = [t.value.type.ndim for t in (*args, *kwargs.values()) if isinstance(t, Computed)]
    if given and not any(rank != 0 for rank in given):
        plain = OF_NUMBERS.get(plain, plain)
    source = function_source(plain)

    def follow() -> Term:
        try:
            return p.follow(source, args, kwargs, node)  # type: ignore[no-any-return]
        except UnsupportedError as error:
            if error.span is None or error.span.filename != source.file.filename:
                raise
            message, advice = error.message, error.advice
            if None in given:
                message, advice = f"`{ast.unparse(node.func)}` needs arrays of known rank", "declare their shapes"
            raise p.error(message, node, advice) from error

    return p.or_else(follow, lambda: p.opaque_term(tree, node, effect=True))  # type: ignore[no-any-return]


# ---- np.vectorize


def _vectorizer(p: Any, tree: Any, fn: Term, otypes: Any, node: ast.Call) -> Partial:
    """What `np.vectorize(fn, otypes)` gives: a function that calls `fn` on entries."""
    if otypes is not None and not all(np.dtype(t).kind in "fc" for t in otypes):
        raise p.error("np.vectorize that makes no floats has no derivative", node)
    return Partial(tree, Static(tree, vectorized if otypes is None else vectorized_float), [fn], {})


def _of_all(p: Any, fn: Any, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    """A function that is called on all entries at once where that is the same, else on each."""
    refused: list[UnsupportedError] = []

    def each() -> Term:
        try:
            return _of_entries(p, fn, args, kwargs, tree, node)
        except UnsupportedError as error:
            refused.append(error)
            raise

    try:
        return p.or_else(lambda: _of_whole_arrays(p, args, tree, node), each)  # type: ignore[no-any-return]
    except UnsupportedError as error:
        raise (refused or [error])[0] from error


def _of_whole_arrays(p: Any, args: list[Term], tree: Any, node: ast.Call) -> Term:
    """A function that is called on all entries at once. Raises UnsupportedError where that may be another thing."""
    fn, *entries = args
    count, facts = len(p.graph.nodes), p.graph.facts
    made: Term = p.call_known(fn, entries, {}, tree, node)
    shapes = [t.value.type.shape for t in entries if isinstance(t, Computed)]
    plain = all(n.op.elementwise or n.op is CONST for n in p.graph.nodes[count:])
    if not (plain and isinstance(made, Computed) and len(shapes) == len(entries)):
        raise p.error("the function does more than arithmetic entry by entry", node)
    if not facts.same_shape(made.value.type.shape, facts.broadcast(*shapes)):
        raise p.error("the function does not use all of its arguments", node)
    if any(isinstance(t, Computed) and may_share(made.value, t.value) for t in entries):
        copied = ast.Call(numpy_path("copy"), [made.ast], [])
        return p.apply(OPERATIONS[np.copy], [made], {}, copied, node)  # type: ignore[no-any-return]
    return made


def _of_entries(p: Any, fn: Any, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call) -> Term:
    """A function that is called on the entries one by one: NumPy takes the type of what it gives first for all."""
    made = _in_plain_python(p, fn, args, kwargs, tree, node)
    mixed = fn is vectorized and isinstance(made, Computed) and made.value.type.kind == "number"
    if mixed and made.value.type.ndim != 0:  # type: ignore[attr-defined]
        what = "what is vectorized may give an integer for one entry and a float for another"
        raise p.error(what, node, "pass otypes=[float], or declare what is a float")
    return made

"""Code that gradgen passes on without following it: where that would be wrong, and what to write instead."""

from __future__ import annotations

import ast
import sys
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..graph import OPAQUE, OPERATIONS
from ..library import among
from ..terms import Computed, Sequence, Static

IN_PLACE = {
    "sort": "write `{base} = np.sort({base})`",
    "fill": "write `{base} = np.full_like({base}, ...)`",
    "append": "write the list in one piece, as `[a, b]`",
    "extend": "write the list in one piece, as `[*a, *b]`",
    "insert": "write the list in one piece, as `[a, b]`",
} | dict.fromkeys(
    ("put", "partition", "resize", "itemset", "setfield", "setflags", "byteswap", "reverse", "remove", "pop", "clear",
     "update", "setdefault", "popitem", "add", "discard", "__setitem__"),
    "build a new one instead",
)  # fmt: skip
"""Methods that change what they are called on."""
WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal})
"""Functions that change their first argument, beside `np.add.at` and the like."""
COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match)


def refuse_writes(program: Any, code: ast.AST) -> None:
    """Raise UnsupportedError where a call in code that is passed on changes an array or a list in place."""
    for call in ast.walk(code):
        if not isinstance(call, ast.Call):
            continue
        for keyword in call.keywords:
            if keyword.arg == "out" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
                raise program.error("`out=` writes into an array in place", keyword.value, "assign the result instead")
        target = written_by(program, call)
        if target is not None:
            name = ast.unparse(target)
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            raise program.error(
                f"`{name}` is changed in place, which gradgen does not follow yet",
                call,
                IN_PLACE.get(method, "build a new one instead").format(base=name),
            )


def written_by(program: Any, call: ast.Call) -> ast.expr | None:
    """What a call changes in place, as far as one can know."""
    if is_writer(program, call.func):
        return call.args[0] if call.args else None
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in IN_PLACE):
        return None
    base = known(program, call.func.value)
    if isinstance(base, Static):
        return call.func.value if isinstance(base.obj, (list, dict, set, np.ndarray)) else None
    if isinstance(base, Computed):  # of what other code made nobody knows what its methods do
        made = base.value.node is not None and base.value.node.op is OPAQUE
        return None if base.value.type.kind == "object" or made else call.func.value
    return call.func.value if isinstance(base, Sequence) else None


def is_writer(program: Any, func: ast.expr) -> bool:
    """Whether a function changes its first argument."""
    if isinstance(func, ast.Attribute) and func.attr == "shuffle":
        return True
    term = known(program, func)
    obj = term.obj if isinstance(term, Static) else None
    of_ufunc = isinstance(getattr(obj, "__self__", None), np.ufunc)
    return among(obj, WRITERS) or of_ufunc and getattr(obj, "__name__", "") == "at"


def reads_only(program: Any, code: ast.AST) -> bool:
    """Whether the calls in code that is passed on merely look at what they are given, as `print` does."""
    return all(_is_reader(program, call.func) for call in ast.walk(code) if isinstance(call, ast.Call))


def _is_reader(program: Any, func: ast.expr) -> bool:
    term = known(program, func)
    if isinstance(term, Static):
        obj = term.obj
        library = (getattr(obj, "__module__", None) or type(obj).__module__ or "").split(".")[0]
        return among(obj, OPERATIONS) or library == "numpy" or library in sys.stdlib_module_names
    return isinstance(func, ast.Attribute) and (hasattr(np.ndarray, func.attr) or hasattr(str, func.attr))


def known(program: Any, node: ast.expr) -> Any:
    """What a name or a dotted name means, for one of the function's own what its first name means.

    None for any other expression, and for names that are bound within the code.
    """
    root = node
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    if not isinstance(root, ast.Name):
        return None
    try:
        term = program.lookup(root)
        return program.read(node) if isinstance(term, Static) and not isinstance(node, ast.Subscript) else term
    except SyntaxError:  # a name of a comprehension or of the statement itself
        return None


def refuse_rebinding(program: Any, code: ast.stmt, names: Any) -> None:
    """Raise UnsupportedError where a loop or the like gives a new value to a name that has one."""
    targets = [n.id for n in ast.walk(code.target) if isinstance(n, ast.Name)] if isinstance(code, ast.For) else []
    for child in ast.walk(code) if isinstance(code, COMPOUND) else ():
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store) and child.id in names:
            if child.id not in targets:
                kind = type(code).__name__.lower() + ("` that may be left early" if isinstance(code, ast.For) else "`")
                raise program.error(
                    f"`{child.id}` is given a new value inside a `{kind}, which gradgen does not follow yet",
                    child,
                    "use whole arrays, or a `for` that goes to its end",
                )


def unknown(program: Any, code: ast.AST) -> NoRuleError:
    """The error to raise if a derivative has to go through code that is passed on."""
    carry = "values that carry a derivative"
    if isinstance(code, ast.Expr):
        code = code.value
    match code:
        case ast.For() | ast.While():
            message, advice = f"a loop over {carry} is not followed yet", "use whole arrays: np.sum, np.cumsum, `@`"
        case ast.If():
            message = f"what this `if` does with {carry} is not followed"
            advice = "do it outside, with the value that is returned"
        case ast.Try() | ast.With() | ast.Match():
            kind = type(code).__name__.lower()
            message, advice = f"a `{kind}` around {carry} is not followed", "move them out of it"
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            message, advice = f"a comprehension over {carry} is not followed yet", "use whole arrays"
        case ast.BoolOp():
            message, advice = f"`and` and `or` of {carry} are not followed", "write `a if c else b`, or np.where"
        case ast.Dict() | ast.Set():
            message, advice = f"a {type(code).__name__.lower()} of {carry} is not followed", "use variables or a tuple"
        case ast.Call(func=func) | ast.Subscript(value=func):
            message = f"gradgen knows no derivative of `{ast.unparse(func)}`"
            known = "gradgen's docs/accepted.md lists those that have one"
            advice = f"{known}; pass what does not depend on a target as an argument"
        case ast.Attribute(attr=attr):
            message, advice = f"gradgen knows no derivative of the attribute `.{attr}`", ""
        case _:
            message, advice = "gradgen knows no derivative of this", "gradgen's docs/accepted.md lists what has one"
    error = program.error(message, code, advice)
    return NoRuleError(message, error.span, advice)

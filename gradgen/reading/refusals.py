"""Code that gradgen passes on without following it: where that would be wrong, and what to write instead."""

from __future__ import annotations

import ast
import bisect
import heapq
import inspect
import operator
import struct
import sys
from typing import Any

import numpy as np

from ..buffers import is_plain
from ..errors import NoRuleError
from ..graph import OPAQUE, OPERATIONS
from ..library import among
from ..rules.registry import refusal
from ..terms import Computed, Partial, Sequence, Static, is_list
from .writers import changes_lists, python_function, writes_arguments, writes_names

INTO = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
"""The operators that have a form which changes what is on the left."""
IN_PLACE = {
    "sort": "write `{base} = np.sort({base})`",
    "fill": "write `{base} = np.full_like({base}, ...)`",
    "append": "write the list in one piece, as `[a, b]`",
    "extend": "write the list in one piece, as `[*a, *b]`",
    "insert": "write the list in one piece, as `[a, b]`",
} | dict.fromkeys(
    ("put", "partition", "resize", "itemset", "setfield", "setflags", "byteswap", "reverse", "remove", "pop", "clear",
     "update", "setdefault", "popitem", "add", "discard", "__setitem__", "__delitem__",
     *(f"__i{name}__" for name in INTO)),
    "build a new one instead",
)  # fmt: skip
"""Methods that change what they are called on."""
WRITERS = frozenset({
    np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal, bisect.insort, bisect.insort_left,
    heapq.heappush, heapq.heappop, heapq.heapify, heapq.heappushpop, heapq.heapreplace, operator.setitem,
    operator.delitem, *(getattr(operator, f"i{name}") for name in INTO),
})  # fmt: skip
"""Functions that change their first argument, beside `np.add.at` and the like."""
OVERWRITES = frozenset({"overwrite_a", "overwrite_b", "overwrite_x", "overwrite_input"})
"""Options by which a function may use an argument's memory for its own."""
COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match)


def refuse_writes(program: Any, code: ast.AST) -> None:
    """Raise UnsupportedError where a call in code that is passed on changes an array or a list in place."""
    for call in ast.walk(code):
        if not isinstance(call, ast.Call):
            continue
        for keyword in call.keywords:
            if keyword.arg == "out" and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None):
                raise program.error("`out=` writes into an array in place", keyword.value, "assign the result instead")
            if keyword.arg in OVERWRITES and not (isinstance(keyword.value, ast.Constant) and not keyword.value.value):
                raise program.error(f"`{keyword.arg}=` lets an argument be written in place", call, "leave it out")
        term = known(program, call.func)
        alone = isinstance(program.statement.node, ast.Expr) and program.statement.node.value is call
        given = _given(program, call) if alone else None
        if given is not None and isinstance(term, Static) and _is_closed(program, call.func, term.obj):
            name = ast.unparse(call.func)
            what = f"nobody can tell whether `{name}` changes `{ast.unparse(given)}`: its source is not to be had"
            raise program.error(what, call, "pass a copy if it does not")
        if isinstance(term, Static) and writes_arguments(term.obj):
            name = ast.unparse(call.func)
            raise program.error(f"`{name}` may change what it is given, and cannot be followed here", call)
        lists = [a.id for a in call.args if isinstance(a, ast.Name) and is_list(known(program, a))]
        function = term.obj if isinstance(term, Static) else getattr(term, "node", None)
        if lists and function is not None and changes_lists(function):
            what = f"`{ast.unparse(call.func)}` may change the list `{lists[0]}`, and cannot be followed here"
            raise program.error(what, call, "let it return what it makes instead")
        if term is not None and _runs_text(term, call):
            raise program.error("code that is run as text cannot be followed", call, "write it out")
        target = written_by(program, call)
        if target is not None:
            name = ast.unparse(target)
            method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            raise program.error(
                f"`{name}` is changed in place, which gradgen does not follow yet",
                call,
                IN_PLACE.get(method, "build a new one instead").format(base=name),
            )
    handed_on = _handed_on(program, code)
    if handed_on is not None:
        what = f"`{ast.unparse(handed_on)}` changes what it is called on or given, and is called under another name"
        raise program.error(what, handed_on, "call it by its own")
    if writes_names(code, {name for name, _ in program.in_reach()}, program.frame.globals):
        raise program.error("an array may be changed in place in code that is not followed", code, "copy it first")


def written_by(program: Any, call: ast.Call) -> ast.expr | None:
    """What a call changes in place, as far as one can know."""
    if is_writer(program, call.func) or _replaces(program, call):
        return call.args[0] if call.args else None
    place = place_of_out(program, call.func)
    if place is not None and len(call.args) > place:
        return call.args[place]
    if not (isinstance(call.func, ast.Attribute) and call.func.attr in IN_PLACE):
        return None
    base = known(program, call.func.value)
    if isinstance(base, Static):
        return call.func.value if isinstance(base.obj, (list, dict, set, np.ndarray)) else None
    if isinstance(base, Computed):  # of what other code made nobody knows what its methods do
        made = base.value.node is not None and base.value.node.op is OPAQUE
        unknown = base.value.type.kind == "object" and not base.value.type.sequence
        return None if unknown or made else call.func.value
    return call.func.value if isinstance(base, Sequence) else None


def _is_closed(program: Any, func: ast.expr, obj: Any) -> bool:
    """Whether a function has no source, and is none of a library that is known to read alone."""
    closed = callable(obj) and not isinstance(obj, type) and python_function(obj) is None
    return closed and not _is_reader(program, func)


def _given(program: Any, call: ast.Call) -> ast.expr | None:
    """An array with a name of its own, or a part of it, that is passed on."""
    for arg in [*call.args, *(k.value for k in call.keywords)]:
        term = known(program, arg)
        array = isinstance(term, Computed) and term.value.type.kind != "object" and not is_plain(term.value)
        if array and not program.may_vary(term):  # of what varies something else is said
            return arg
    return None


def _runs_text(term: Any, call: ast.Call) -> bool:
    """Whether a call runs code that is given as text, of which nobody knows what it writes into."""
    empty = bool(call.args) and isinstance(call.args[0], ast.Constant) and not call.args[0].value
    return isinstance(term, Static) and (term.obj is exec or term.obj is eval) and not empty


def _handed_on(program: Any, code: ast.AST) -> ast.expr | None:
    """A function or a method of an array that writes, and that is no more than named: somebody else calls it."""
    called = [call.func for call in ast.walk(code) if isinstance(call, ast.Call)]
    for part in ast.walk(code):
        if not isinstance(part, (ast.Name, ast.Attribute)) or not isinstance(part.ctx, ast.Load):
            continue
        if not any(part is func for func in called) and _names_writer(program, part):
            return part
    for call in called:
        match call:
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]) if name in IN_PLACE:
                return call
    return None


def _names_writer(program: Any, node: ast.Name | ast.Attribute) -> bool:
    if is_writer(program, node):
        return True
    if not (isinstance(node, ast.Attribute) and node.attr in IN_PLACE):
        return False
    base = known(program, node.value)
    return isinstance(base, Computed) and base.value.type.kind != "object"


def is_writer(program: Any, func: ast.expr) -> bool:
    """Whether a function changes its first argument."""
    if isinstance(func, ast.Attribute) and func.attr == "shuffle":
        return True
    term = known(program, func)
    while isinstance(term, Partial):
        term = term.fn
    obj = term.obj if isinstance(term, Static) else None
    of_ufunc = isinstance(getattr(obj, "__self__", None), np.ufunc)
    name = getattr(obj, "__name__", "")
    of_arrays = getattr(obj, "__objclass__", None) is np.ndarray and name in IN_PLACE
    return among(obj, WRITERS) or of_ufunc and name == "at" or of_arrays


def _replaces(program: Any, call: ast.Call) -> bool:
    """Whether it is `np.nan_to_num(x, copy=False)`, or may be."""
    term = known(program, call.func)
    if not (isinstance(term, Static) and term.obj is np.nan_to_num):
        return False
    given = [*call.args[1:2], *[k.value for k in call.keywords if k.arg == "copy"]]
    return any(not (isinstance(x, ast.Constant) and x.value is True) for x in given)


def place_of_out(program: Any, func: ast.expr) -> int | None:
    """The place at which a function of NumPy's, or a method of an array, takes an array to write into."""
    term = known(program, func)
    obj = term.obj if isinstance(term, Static) else None
    if isinstance(obj, np.ufunc):
        return obj.nin
    if struct.pack_into is obj:
        return 1
    of_array = isinstance(func, ast.Attribute) and not isinstance(known(program, func.value), Static)
    if of_array:  # or of a generator of random numbers
        classes = (np.ndarray, np.random.Generator)
        obj = next((getattr(cls, func.attr) for cls in classes if hasattr(cls, func.attr)), None)  # type: ignore[attr-defined]
    owner = getattr(obj, "__objclass__", None) or type(getattr(obj, "__self__", None))
    modules = (getattr(obj, "__module__", None) or "", owner.__module__)
    if not callable(obj) or not any(name.startswith("numpy") for name in modules):
        return None
    try:
        names = list(inspect.signature(obj).parameters)
    except ValueError:  # it does not say
        return None
    return names.index("out") - of_array if "out" in names else None


def reads_only(program: Any, code: ast.AST) -> bool:
    """Whether the calls in code that is passed on merely look at what they are given, as `print` does."""
    return all(_is_reader(program, call.func) for call in ast.walk(code) if isinstance(call, ast.Call))


def _is_reader(program: Any, func: ast.expr) -> bool:
    term = known(program, func)
    if isinstance(term, Static):
        obj = term.obj
        owner = getattr(obj, "__self__", None)
        module = getattr(obj, "__module__", None) or (type(owner).__module__ if owner is not None else "")
        library = module.split(".")[0]  # code of C that does not say where it comes from may do anything
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


def refuse_earlier(program: Any, code: ast.stmt, writes: set[str]) -> None:
    """Raise UnsupportedError where a statement that is passed on reads a name before it binds it itself.

    writes: the names that it binds; in the text, what comes first is read first, but for values, which are read before
    they are assigned.
    """
    bound: set[str] = set()

    def go(node: ast.AST) -> None:
        match node:
            case ast.Name(id=name):
                if isinstance(node.ctx, ast.Load) and name in writes and name not in bound:
                    raise program.error(f"`{name}` may be what an earlier step or statement gave it", node)
                bound.add(name)
                return
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp() | ast.Lambda():
                return
            case ast.AugAssign(target=ast.Name(id=name)) if name not in bound:
                raise program.error(f"`{name}` may be what an earlier step or statement gave it", node.target)
        parts = list(ast.iter_child_nodes(node))
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
            parts = [*(p for p in parts if p is node.value), *(p for p in parts if p is not node.value)]
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            parts = [node.iter, node.target, *node.body, *node.orelse]
        for part in parts:
            go(part)

    go(code)


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
            listed = "gradgen's docs/accepted.md lists those that have one"
            advice = f"{listed}; pass what does not depend on a target as an argument"
            term = known(program, func.func if isinstance(func, ast.Call) else func)
            if isinstance(term, Static) and (why := refusal(term.obj)) is not None:
                message, advice = f"{message}: {why[0]}", why[1]
        case ast.Attribute(attr=attr):
            message, advice = f"gradgen knows no derivative of the attribute `.{attr}`", ""
        case _:
            message, advice = "gradgen knows no derivative of this", "gradgen's docs/accepted.md lists what has one"
    error = program.error(message, code, advice)
    made = NoRuleError(message, error.span, advice)
    made.called = error.called
    return made

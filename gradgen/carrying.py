"""Functions of the user's that are passed on, as in `map(f, names)`: the module takes their source along.

Their names from outside are resolved as those of the function that is differentiated, so that the module stands alone.
"""

from __future__ import annotations

import ast
import inspect
import types
from typing import Any

from . import writer
from .errors import GradgenError
from .frontend import Program
from .library import is_library
from .module import names_in
from .reading.names import Frame
from .reading.opaque import Closing
from .source import Function, function_source
from .syntax import literal

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global, ast.Nonlocal, ast.Import, ast.ImportFrom)
"""What a function that is taken along does not hold: its names would have to be told apart."""


def carried_functions(program: Program) -> dict[str, Any]:
    """The user's functions among the constants of a program, by name: each the statement that defines it, or the
    GradgenError that says why it cannot be taken along. What they read in turn joins the constants."""
    found: dict[str, Any] = {}
    while todo := [name for name, x in program.constants.items() if _is_users(x) and name not in found]:
        for name in todo:
            try:
                found[name] = _definition(program, name, program.constants[name])
            except GradgenError as error:
                found[name] = GradgenError(f"the function {name!r} cannot be written into a module: {error}")
    return found


def needed(functions: dict[str, Any], used: set[str]) -> list[Any]:
    """The definitions of those that are used, and of those that they use. Raises GradgenError."""
    out: list[Any] = []
    done: set[str] = set()
    while todo := [name for name in functions if name in used and name not in done]:
        for name in todo:
            done.add(name)
            if isinstance(functions[name], GradgenError):
                raise functions[name]
            out.append(functions[name])
            used = used | names_in([functions[name]])
    return out


def _is_users(x: Any) -> bool:
    return isinstance(x, types.FunctionType) and not is_library(x)


def _definition(program: Program, name: str, fn: Any) -> Any:
    """The statement that defines a function: its own text where no name changes, so that comments stay."""
    function = function_source(fn)
    node = function.node
    if not isinstance(node, ast.FunctionDef):
        raise GradgenError("it is a lambda; define it with `def`")
    if node.decorator_list:
        raise GradgenError("it is decorated; pass one that is not")
    if any(isinstance(n, SCOPES) for part in node.body for n in ast.walk(part)):
        raise GradgenError("it holds an import, `global`, or another function; move that out of it")
    own = _own_names(node)
    resolved = _closed(program, function, name, own)
    plain = _closed(program, function, node.name, {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | own)
    if writer.text_of(resolved) == writer.text_of(plain):
        bare = [p for p in ast.walk(node.args) if isinstance(p, ast.arg) and p.annotation is not None]
        return resolved if bare or node.returns is not None else writer.Raw(function.file.text(node))
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    outside = {"np", *(m.split(".")[0] for m in program.modules), *program.constants}
    shadowed = (own | stored) & names_in([resolved]) & outside
    if shadowed:
        raise GradgenError(f"its variable {min(shadowed)!r} has the name of something in the module; rename it")
    return resolved


def _closed(program: Program, function: Function, name: str, own: set[str]) -> ast.FunctionDef:
    """The function under a name, without annotations, its free names resolved; those in `own` stay."""
    node, saved = function.node, program.frame
    assert isinstance(node, ast.FunctionDef)
    program.frame = Frame(function)
    try:
        closing = Closing(program, own)
        body = [closing.visit(statement) for statement in node.body]
    finally:
        program.frame = saved
    if (text := ast.get_docstring(node)) is not None:
        body[0] = ast.Expr(writer.Doc(text))
    spec = node.args

    def bare(p: ast.arg | None) -> ast.arg | None:
        return None if p is None else ast.arg(p.arg, None)

    given = inspect.signature(function.fn).parameters

    def default(p: ast.arg) -> ast.expr:
        tree: ast.expr | None = literal(given[p.arg].default)
        if tree is None:
            raise GradgenError(f"the default of its parameter {p.arg!r} is no constant")
        return tree

    places = [*spec.posonlyargs, *spec.args]
    arguments = ast.arguments(
        posonlyargs=[ast.arg(p.arg, None) for p in spec.posonlyargs],
        args=[ast.arg(p.arg, None) for p in spec.args],
        vararg=bare(spec.vararg),
        kwonlyargs=[ast.arg(p.arg, None) for p in spec.kwonlyargs],
        kw_defaults=[None if d is None else default(p) for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True)],
        kwarg=bare(spec.kwarg),
        defaults=[default(p) for p in places[len(places) - len(spec.defaults) :]],
    )
    return ast.FunctionDef(name, arguments, body, [], None)


def _own_names(node: ast.FunctionDef) -> set[str]:
    """The parameters and variables of a function; those of comprehensions and lambdas are theirs alone."""
    found = {p.arg for p in ast.walk(node.args) if isinstance(p, ast.arg)}
    todo: list[ast.AST] = list(node.body)
    while todo:
        part = todo.pop()
        if isinstance(part, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            found.add(part.id)
        found |= {word for field in ("name", "rest") if isinstance(word := getattr(part, field, None), str)}
        todo += ast.iter_child_nodes(part)
    return found

"""What a gradient is written from: a function and the options, the names that they depend on, and their digest."""

from __future__ import annotations

import ast
import builtins
import contextlib
import dis
import functools
import inspect
import os
import shlex
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .constants import type_of_argument
from .errors import GradgenError
from .library import is_library
from .memory import check_declared
from .module import source_digest
from .options import Options, declared_types, parse_shapes
from .shapes import shown_container
from .source import Function, function_source, project_root, unwrap


@dataclass
class Target:
    """A function, and how its gradient is to be written. example: arguments, or a function that returns them."""

    fn: Any
    options: Options
    example: Any = None

    @functools.cached_property
    def function(self) -> Function:
        return function_source(self.fn)

    @property
    def name(self) -> str:
        """The name of the generated function."""
        return self.options.name or f"{self.options.mode}_{self.function.name}"

    @functools.cached_property
    def file(self) -> Path | None:
        """The source file; None for a notebook or an interpreter."""
        path = Path(unwrap(self.fn).__code__.co_filename)
        return path.absolute() if path.exists() else None

    @property
    def base(self) -> Path:
        """The folder that paths are relative to: that of the nearest pyproject.toml, else the source file's."""
        if self.file is None:
            return Path.cwd()
        return project_root(self.file) or self.file.parent

    def shown(self, path: Path) -> str:
        """A path as headers show it."""
        return Path(os.path.relpath(path.absolute(), self.base)).as_posix()

    @property
    def origin(self) -> str:
        return self.function.file.filename if self.file is None else self.shown(self.file)

    @functools.cached_property
    def declared(self) -> Options:
        """The options, with the shapes of the example among the declared ones."""
        if self.example is None:
            return self.options
        text = example_shapes(self.fn, self.options, self.example)
        return self.options.but(shapes=tuple(parse_shapes(text).items()), shapes_text=text)

    def command(self, where: str = "") -> str:
        """The arguments of `gradgen` that write the gradient again; "" for a function that no command can name."""
        qualname = unwrap(self.fn).__qualname__
        if self.file is None or "<" in qualname:
            return ""
        o = self.declared
        words = ["emit", f"{self.origin}:{qualname}"]
        words += ["--wrt", ",".join(map(str, o.wrt))] if o.wrt else []
        words += ["--mode", o.mode] if o.mode != "grad" else []
        words += ["--shapes", o.shapes_text] if o.shapes_text else []
        words += ["--name", o.name] if o.name else []
        words += ["--no-guards"] if not o.guards else []
        words += ["--adjoint", o.adjoint] if o.adjoint != "{}_bar" else []
        words += ["--has-aux"] if o.has_aux else []
        words += ["-o", where] if where else []
        return "gradgen " + " ".join(quoted(word) for word in words)

    def place(self, out: str | Path) -> Path:
        """The file that `out`, a file or a folder relative to the base, means."""
        path = self.base / out
        if path.suffix == ".py":
            return path
        stem = self.file.stem if self.file is not None else self.function.name
        return path / f"{stem}_grad.py"

    @functools.cached_property
    def digest(self) -> str:
        """The digest of all that the gradient is made from, found without making it. Raises LookupError: see there."""
        functions, constants = sources(self.fn)
        o = self.declared
        said = f"{','.join(map(str, o.wrt))} {o.mode} {o.shapes_text} {o.name} {o.guards} {o.adjoint}"
        return source_digest(functions, constants, said + " has_aux" * o.has_aux)


def quoted(word: str) -> str:
    if word and not set(word) & set(" \"'$`\\&|;<>(){}[]*?!#~\n\t"):
        return word
    return f'"{word}"' if not set(word) & set('"$`\\!\n') else shlex.quote(word)


def example_arguments(fn: Any, example: Any) -> dict[str, Any]:
    """The example's arguments by parameter. example: a tuple, a dict, a single argument, or a function of none.

    Raises GradgenError where they do not fit `fn`.
    """
    data = example() if callable(example) else example
    args = () if isinstance(data, dict) else data if isinstance(data, (tuple, list)) else (data,)
    kwargs = data if isinstance(data, dict) else {}
    try:
        bound = inspect.signature(fn).bind(*args, **kwargs)
    except TypeError as error:
        raise GradgenError(f"the example does not fit {getattr(fn, '__name__', fn)}(): {error}") from None
    return dict(bound.arguments)


def example_shapes(fn: Any, options: Options, example: Any) -> str:
    """The declaration of shapes that an example's kinds, ranks and sizes of 1 amount to, after those declared."""
    declared = declared_types(function_source(fn), options)
    given = {name: type_of_argument(x) for name, x in example_arguments(fn, example).items()}
    check_declared(declared, given, getattr(fn, "__name__", "f"))
    parts = [options.shapes_text] if options.shapes_text else []
    scope = getattr(unwrap(fn), "__globals__", {})
    for name, x in example_arguments(fn, example).items():
        text = None if name in declared else shape_of(x, name, scope)
        parts += [f"{name}={text}"] if text is not None and text != "object()" else []
    return ", ".join(parts)


def shape_of(x: Any, name: str, scope: dict[str, Any], depth: int = 0) -> str | None:
    """The declaration of what a part of an example is, sizes being called after `name`; None where it says nothing.

    scope: the names by which classes are known.
    """
    t = type_of_argument(x, numbers=True)
    if t.kind != "object" and t.ndim is not None:
        dims = ["1" if n == 1 else f"{name}_{i}" for i, n in enumerate(t.shape)]  # type: ignore[arg-type]
        text = ", ".join(dims) + ("," if len(dims) == 1 else "")
        return f"{'' if t.kind == 'float' else t.kind}({text})"
    if x is None:
        return "None" if depth else None
    form = t.form
    if form is None or depth > 5:
        return "object()"
    if form.kind in (tuple, list, dict):
        items = x.items() if isinstance(x, dict) else enumerate(x)
        texts = [shape_of(item, f"{name}_{_word(key)}", scope, depth + 1) or "object()" for key, item in items]
        return shown_container(form, texts)
    cls = type(x)
    if scope.get(cls.__name__) is not cls:
        return "object()"
    attributes: dict[str, Any] = x._asdict() if hasattr(x, "_asdict") else getattr(x, "__dict__", {})
    said = {key: shape_of(part, f"{name}_{key}", scope, depth + 1) for key, part in attributes.items()}
    named = ", ".join(f"{key}={text}" for key, text in said.items() if text is not None and text != "object()")
    return f"{cls.__name__}({named})"


def _word(key: Any) -> str:
    return "".join(c if c.isalnum() else "_" for c in str(key))


def sources(fn: Any) -> tuple[list[Function], dict[str, Any]]:
    """The function and those that it calls, and the constants that they read, by looking at names alone.

    Raises LookupError where a name has no value yet, as in a decorator above the function that is called.
    """
    functions: list[Function] = []
    constants: dict[str, Any] = {}
    done: set[int] = set()
    todo = [fn]
    while todo:
        fn = todo.pop(0)
        made = getattr(fn, "primal", None)
        plain = unwrap(fn) if made is None or not hasattr(fn, "options") else made
        if not isinstance(plain, types.FunctionType) or id(plain.__code__) in done:
            continue
        done.add(id(plain.__code__))
        function = function_source(plain)
        functions.append(function)
        for name, obj in _names_from_outside(function, plain):
            if isinstance(obj, types.ModuleType):
                continue
            if callable(obj):
                if not is_library(obj):
                    todo.append(obj)
            else:
                constants[name] = obj
    return functions, constants


def _names_from_outside(function: Function, fn: Any) -> Iterator[tuple[str, Any]]:
    """Names and dotted names of user's modules that the function's body reads, with what they are."""
    scope = dict(fn.__globals__)
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):
            scope[name] = cell.cell_contents
    names = sorted(_global_names(fn.__code__) | set(fn.__code__.co_freevars))
    for name in names:
        if name in scope:
            yield name, scope[name]
        elif not hasattr(builtins, name):
            raise LookupError(name)
    body = function.node.body
    for node in (n for part in (body if isinstance(body, list) else [body]) for n in ast.walk(part)):
        if isinstance(node, ast.Attribute):
            base = node.value
            while isinstance(base, ast.Attribute):
                base = base.value
            if not (isinstance(base, ast.Name) and base.id in names):
                continue
            obj, path = _dotted(node, scope)
            owner = _dotted(node.value, scope)[0]
            root = owner.__name__.split(".")[0] if isinstance(owner, types.ModuleType) else ""
            if path and root != "numpy" and root not in sys.stdlib_module_names:
                yield path, obj
    for i, default in enumerate([*(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values()]):
        yield f"default {i + 1}", default


def _global_names(code: types.CodeType) -> set[str]:
    """The global names that a function's code and that of functions within it read."""
    found = {str(i.argval) for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return found.union(*(_global_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _dotted(node: ast.AST, scope: dict[str, Any]) -> tuple[Any, str]:
    if isinstance(node, ast.Name):
        return (scope[node.id], node.id) if node.id in scope else (None, "")
    if isinstance(node, ast.Attribute):
        obj, path = _dotted(node.value, scope)
        if path and not isinstance(obj, np.ndarray) and hasattr(obj, node.attr):
            return getattr(obj, node.attr), f"{path}.{node.attr}"
    return None, ""

"""Source text: where a function stands, its syntax tree, and the user's statements and comments verbatim."""

from __future__ import annotations

import ast
import functools
import io
import linecache
import sys
import tokenize
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import UnsupportedError


@dataclass(frozen=True)
class Span:
    """A place in a file: lines and columns from 1, columns in characters, the end exclusive."""

    filename: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str


class SourceFile:
    """A parsed file. filename: the path as messages show it. path: the one that it was compiled with."""

    def __init__(self, filename: str, lines: list[str], path: str = ""):
        self.filename, self.lines, self.path = filename, lines, path or filename
        self.tree = ast.parse("".join(lines), filename)

    @functools.cached_property
    def comments(self) -> dict[int, tuple[int, str]]:
        """Line number to (column, text) of the comment there."""
        readline = io.StringIO("".join(self.lines)).readline
        found = {}
        for token in tokenize.generate_tokens(readline):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = (token.start[1], token.string)
        return found

    @functools.cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]:
        """The functions and lambdas in it."""
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        return [node for node in ast.walk(self.tree) if isinstance(node, kinds)]

    def span(self, node: ast.AST) -> Span:
        line: int = node.lineno  # type: ignore[attr-defined]
        end_line: int = node.end_lineno  # type: ignore[attr-defined]
        column = self._characters(line, node.col_offset)  # type: ignore[attr-defined]
        end_column = self._characters(end_line, node.end_col_offset)  # type: ignore[attr-defined]
        return Span(self.filename, line, column + 1, end_line, end_column + 1, self.lines[line - 1].rstrip("\n"))

    def _characters(self, line: int, offset: int) -> int:
        """A column in characters: `ast` counts UTF-8 bytes."""
        return len(self.lines[line - 1].encode()[:offset].decode(errors="ignore"))

    def text(self, node: ast.AST) -> str:
        """The node's source, verbatim; lines after the first keep their indentation relative to its statement."""
        s = self.span(node)
        if s.line == s.end_line:
            return self.lines[s.line - 1][s.column - 1 : s.end_column - 1]
        first = self.lines[s.line - 1]
        indent = len(first) - len(first.lstrip())
        parts = [first[s.column - 1 :].rstrip("\n")]
        for number in range(s.line + 1, s.end_line + 1):
            line = self.lines[number - 1].rstrip("\n")
            if number == s.end_line:
                line = line[: s.end_column - 1]
            parts.append(line[indent:] if not line[:indent].strip() else line.lstrip())
        return "\n".join(parts)


@dataclass(eq=False)
class Around:
    """What stands around statements of the forward pass: a `with`, or a `try` whose handlers all raise.

    tree: its syntax without a body; what it refers to are values. statement: the user's own. both: whether it stands
    around what the backward pass makes of them as well. after: of a `finally`, what it comes after.
    """

    tree: Any
    statement: Any = None
    both: bool = False
    after: Around | None = None


@dataclass(eq=False)
class Statement:
    """A statement of the user's. context: what stands around it, outermost first. call: the statement whose call led
    here. begun: the same statement before what it calls, of which this is the rest."""

    file: SourceFile
    node: ast.AST
    span: Span
    context: tuple[Around, ...] = ()
    call: Statement | None = None
    index: int = 0
    begun: Statement | None = None

    @property
    def whole(self) -> Statement:
        """The same, where a statement and the rest of it are one."""
        return self.begun or self

    @functools.cached_property
    def text(self) -> str:
        return self.file.text(self.node)

    @functools.cached_property
    def comments(self) -> list[str]:
        """The comment lines right above it; those of generated text are headings, nobody's words."""
        found: list[str] = []
        if self.file.filename.startswith("<gradgen "):
            return found
        line = self.span.line - 1
        while line in self.file.comments and self.file.lines[line - 1].lstrip().startswith("#"):
            found.insert(0, self.file.comments[line][1])
            line -= 1
        return found

    @functools.cached_property
    def apart(self) -> bool:
        """Whether an empty line stands above it and its comments, and not the head of a block."""
        line = self.span.line - 1 - len(self.comments)
        return line > 0 and not self.file.lines[line - 1].strip()

    @functools.cached_property
    def trailing(self) -> str:
        """The comment at its end, or the empty string."""
        return "" if self.compound else self.file.comments.get(self.span.end_line, (0, ""))[1]

    @property
    def compound(self) -> bool:
        """Whether it holds other statements."""
        return hasattr(self.node, "body") and isinstance(self.node, ast.stmt)

    def __repr__(self) -> str:
        return f"<{self.text}>"


@dataclass(eq=False)
class Function:
    """A Python function and its source.

    Of one inside another there is no object: scope are the globals around it, defaults what was read of its defaults,
    original its definition, where `node` is another one.
    """

    fn: Any
    node: ast.FunctionDef | ast.Lambda
    file: SourceFile
    scope: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    original: ast.AST | None = None

    @property
    def identity(self) -> Any:
        """What tells it from other functions: the object, or of one inside another its definition."""
        return self.fn or self.original or self.node

    @property
    def name(self) -> str:
        return self.node.name if isinstance(self.node, ast.FunctionDef) else "lambda"

    @property
    def title(self) -> str:
        """The name, with that of the class before it for a method."""
        qualname = getattr(self.fn, "__qualname__", self.name)
        return self.name if "<" in qualname else qualname

    def error(self, message: str, node: ast.AST | None = None, advice: str = "") -> UnsupportedError:
        here = 0 < getattr(node, "lineno", 0) <= len(self.file.lines)  # it may be of a function in another file
        return UnsupportedError(message, self.file.span(node if node is not None and here else self.node), advice)


_files: dict[str, tuple[list[str], SourceFile]] = {}


def source_file(filename: str, module_globals: dict[str, Any] | None = None) -> SourceFile:
    """The parsed file, read through linecache so that notebooks and interpreters that keep their source work."""
    if not filename.startswith("<"):
        linecache.checkcache(filename)
    lines = linecache.getlines(filename, module_globals)
    cached = _files.get(filename)
    if cached is None or cached[0] != lines:
        cached = _files[filename] = (lines, SourceFile(shown_path(filename), lines, filename))
    return cached[1]


def shown_path(filename: str) -> str:
    """The path as messages and headers show it: relative to the nearest pyproject.toml above it."""
    path = Path(filename)
    if filename.startswith("<") or not path.is_absolute():
        return filename
    root = project_root(path)
    return path.relative_to(root).as_posix() if root else path.name


@functools.cache
def project_root(path: Path) -> Path | None:
    """The nearest folder above `path` that holds a pyproject.toml."""
    for folder in path.parents:
        if (folder / "pyproject.toml").exists():
            return folder
    return None


def unwrap(fn: Any) -> Any:
    """The plain function behind gradgen's own wrappers."""
    while getattr(fn, "__gradgen_primal__", None) is not None:
        fn = fn.__gradgen_primal__
    return fn


def opened(fn: Any) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The function behind a method of an object, a `functools.partial` or an object that can be called, and the
    arguments that it is given before all others."""
    if isinstance(fn, functools.partial):
        inner, args, kwargs = opened(fn.func)
        return inner, (*args, *fn.args), {**kwargs, **fn.keywords}
    if isinstance(fn, types.MethodType):
        inner, args, kwargs = opened(fn.__func__)
        return inner, (*args, fn.__self__), kwargs
    call = getattr(type(fn), "__call__", None)  # noqa: B004
    if isinstance(call, types.FunctionType) and not hasattr(type(fn), "__gradgen_primal__"):
        return call, (fn,), {}
    return fn, (), {}


RECEIVERS = ("self", "cls")
"""What the object that a method is called on goes by."""


def owner_of(fn: Any) -> Any:
    """The class in whose body a function stands, where that can be found by name; else None."""
    obj: Any = sys.modules.get(getattr(fn, "__module__", None) or "")
    for part in getattr(fn, "__qualname__", "").split(".")[:-1]:
        obj = getattr(obj, part, None)
    return obj if isinstance(obj, type) else None


def function_source(fn: Any) -> Function:
    """The source of a Python function or lambda. Raises UnsupportedError where there is none."""
    fn = unwrap(fn)
    if not isinstance(fn, types.FunctionType):
        raise UnsupportedError(f"{fn!r} is no Python function, so that there is no source to read")
    code = fn.__code__
    file = None
    lines_known = True
    try:
        file = source_file(code.co_filename, fn.__globals__)
        lines_known = bool(file.lines)
    except (SyntaxError, OSError):
        lines_known = False
    if file is None or not lines_known:
        raise UnsupportedError(
            f"the source of {fn.__qualname__!r} is not to be had ({code.co_filename})",
            advice="define the function in a file, a notebook, or an interpreter that keeps its source",
        )
    wanted = ast.Lambda if code.co_name == "<lambda>" else ast.FunctionDef
    found: list[Any] = []
    for node in file.functions:
        if isinstance(node, ast.Lambda):
            if wanted is ast.Lambda and _is_lambda(node, code):
                found.append(node)
        elif node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                if isinstance(node, ast.AsyncFunctionDef):
                    raise UnsupportedError("an async function cannot be differentiated", file.span(node))
                found.append(node)
    if len(found) != 1:
        raise UnsupportedError(
            f"the source of {fn.__qualname__!r} does not stand at {code.co_filename}:{code.co_firstlineno} any more",
            advice="reload the module: its file has changed since it was imported",
        )
    return Function(fn, found[0], file)


def _is_lambda(node: ast.Lambda, code: types.CodeType) -> bool:
    """Whether `code` was compiled from `node`: its instructions' positions lie in the body."""
    body = node.body
    if not node.lineno <= code.co_firstlineno <= (node.end_lineno or node.lineno):
        return False
    spots = [p for p in code.co_positions() if p[0] is not None and p[2] is not None]
    inside = [(line, column) for line, _, column, _ in spots if column != 0 or line != code.co_firstlineno]
    low, high = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    return bool(inside) and (low in inside) and all(low <= spot <= high for spot in inside)

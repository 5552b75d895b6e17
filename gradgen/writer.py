"""Syntax to text: astor prints the tree, black lays it out. Nothing else here imports either.

Beside Python's own nodes a tree may hold `Comment` and `Blank` statements, `Raw` text, and literals verbatim.
"""

from __future__ import annotations

import ast
import functools
import warnings
from typing import Any


class Comment(ast.stmt):
    """A line `# text`."""

    _fields = ()

    def __init__(self, text: str):
        super().__init__()
        self.text = text


class Trailing(ast.stmt):
    """A statement with a comment behind it."""

    _fields = ()

    def __init__(self, statement: ast.stmt, text: str):
        super().__init__()
        self.statement, self.text = statement, text


class Blank(ast.stmt):
    """An empty line."""

    _fields = ()


class Doc(ast.expr):
    """A docstring, in triple quotes."""

    _fields = ()

    def __init__(self, text: str):
        super().__init__()
        self.text = text


class Raw(ast.stmt):
    """Lines that are printed as they stand, indented as a block."""

    _fields = ()

    def __init__(self, text: str):
        super().__init__()
        self.text = text


@functools.cache
def _generator() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from astor.code_gen import SourceGenerator

    class Generator(SourceGenerator):  # type: ignore[misc]
        def visit_Comment(self, node: Comment) -> None:
            for line in node.text.split("\n"):
                self.statement(node, f"# {line}".rstrip())

        def visit_Trailing(self, node: Trailing) -> None:
            self.visit(node.statement)
            self.write(f"  {node.text}")

        def visit_Blank(self, node: Blank) -> None:
            self.newline(extra=1)

        def visit_Raw(self, node: Raw) -> None:
            for line in node.text.split("\n"):
                self.statement(node, line)

        def visit_Doc(self, node: Any) -> None:
            lines = node.text.split("\n")
            indent = self.indent_with * self.indentation
            indented = [lines[0], *(f"{indent}{line}".rstrip() if line else line for line in lines[1:])]
            self.write('"""' + "\n".join(indented))
            self.write(f'{indent}"""' if lines[-1] == "" else '"""')

        def visit_Verbatim(self, node: Any) -> None:
            self.write(node.text)

        def visit_FunctionDef(self, node: Any, is_async: bool = False) -> None:
            self.newline(extra=1)
            self.statement(node, "def ", node.name, "(")
            self.visit_arguments(node.args)
            self.write("):")
            self.body(node.body)
            self.newline(extra=1)

        def visit_Str(self, node: Any, is_joined: bool = False) -> None:
            self.write(repr(node.value if hasattr(node, "value") else node.s))

        def visit_Constant(self, node: Any) -> None:
            self.write("..." if node.value is Ellipsis else repr(node.value))

        def visit_Subscript(self, node: Any) -> None:
            from astor.code_gen import set_precedence
            from astor.op_util import Precedence

            set_precedence(node, node.slice)
            self.visit(node.value)
            self.write("[")
            if isinstance(node.slice, ast.Tuple) and node.slice.elts:
                for i, item in enumerate(node.slice.elts):
                    set_precedence(Precedence.Comma, item)
                    self.write(", " if i else "", item)
                self.write("," if len(node.slice.elts) == 1 else "")
            else:
                set_precedence(Precedence.Comma, node.slice)
                self.write(node.slice)
            self.write("]")

    return Generator


def text_of(tree: ast.AST | list[Any]) -> str:
    """The text of a tree, before black."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from astor.string_repr import pretty_string

        generator = _generator()(" " * 4, False, pretty_string)
        for node in tree if isinstance(tree, list) else [tree]:
            generator.visit(node)
    return "".join(str(part) for part in generator.result).strip("\n") + "\n"


LINE_LENGTH = 100


def format_text(text: str) -> str:
    """The text as black lays it out."""
    import black

    return black.format_str(text, mode=black.Mode(line_length=LINE_LENGTH, magic_trailing_comma=False))

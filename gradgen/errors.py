"""What gradgen raises and warns."""

from __future__ import annotations

from typing import Any


class GradgenError(Exception):
    """Base class of everything that gradgen raises on purpose."""


class Located(GradgenError):
    """An error about a place in the user's source.

    `span` has `filename`, `line`, `column`, `end_line`, `end_column` (1-based, columns in characters) and `text`,
    the first line's text; `advice` says what to write instead. `called` is the span of the statement of the function
    that is differentiated whose call led to a place in another file.
    """

    def __init__(self, message: str, span: Any = None, advice: str = ""):
        super().__init__(message)
        self.message, self.advice = message, advice
        self.span: Any = None
        self.called: Any = None
        self.place(span)

    def place(self, span: Any) -> None:
        """Say where it is, unless that is known already."""
        self.span = self.span or span

    def __str__(self) -> str:
        return self.message + (f"; {self.advice}" if self.advice else "")

    def __reduce__(self) -> Any:
        return type(self), (self.message, self.span, self.advice)

    def render(self) -> str:
        """`file:line:col: message`, the line, a caret range and what to do instead."""
        if self.span is None:
            return str(self)
        s = self.span
        text = s.text.rstrip("\n")
        end = s.end_column if s.end_line == s.line else len(text) + 1
        bare = text.lstrip()
        cut = len(text) - len(bare)
        carets = " " * max(s.column - 1 - cut, 0) + "^" * max(end - s.column, 1)
        lines = [f"{s.filename}:{s.line}:{s.column}: {self.message}", f"    {bare}", f"    {carets}"]
        lines += [f"  {self.advice}"] if self.advice else []
        c = self.called
        if c is not None and c.filename != s.filename:
            lines.append(f"  called from {c.filename}:{c.line}: {c.text.strip()}")
        return "\n".join(lines)


class UnsupportedError(Located, SyntaxError):
    """The source uses something that gradgen does not differentiate. A SyntaxError: Python prints line and carets.

    final: whether nothing else can be tried, such as passing the code on.
    """

    final = False

    def __init__(self, message: str, span: Any = None, advice: str = ""):
        Located.__init__(self, message, span, advice)
        self.msg = str(self)

    def place(self, span: Any) -> None:
        Located.place(self, span)
        if (span := self.span) is not None:
            self.filename, self.lineno, self.offset = span.filename, span.line, span.column
            self.end_lineno, self.end_offset, self.text = span.end_line, span.end_column, span.text


class NoRuleError(UnsupportedError):
    """A value that carries a derivative reaches a function for which gradgen knows none."""


class AlwaysRaises(UnsupportedError):
    """The function raises an exception on every way through it, as far as its arguments are known."""


class NonDifferentiableError(Located):
    """The result has no derivative: it is an integer, a truth value, or no number."""


class NotScalarError(Located, TypeError):
    """A gradient is of one number; the function returns an array or several values."""


class CheckError(GradgenError, AssertionError):
    """A generated gradient and a numerical one differ; the message holds a table."""


class StaleError(GradgenError):
    """A generated file does not fit its source any more, or was edited by hand."""


class GradgenWarning(UserWarning):
    """The gradient is right but probably not what was meant, such as one that is zero throughout."""

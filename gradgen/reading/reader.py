"""What the parts of a `Program` have in common, and what each may ask of the others."""

from __future__ import annotations

import ast
import contextlib
from typing import Any

from ..errors import UnsupportedError
from ..graph import Graph, Value
from ..source import Function, Statement
from ..terms import Term


class Reader:
    """What a `Program` is made of builds on this.

    graph: what is being added to. statement: the user's statement that is being read. frame: the local names of the
    function that is being read. constants, modules, carried, outside: as in `frontend.Context`.
    patience: how many statements may yet be read where that is on trial; else None.
    """

    graph: Graph
    statement: Statement | None
    frame: Any
    constants: dict[str, Any]
    modules: dict[str, str]
    carried: dict[str, Any]
    outside: dict[str, Any]
    patience: int | None = None

    def error(self, message: str, node: ast.AST | None = None, advice: str = "") -> UnsupportedError:
        """An error at `node` of the function that is being read."""
        raise NotImplementedError

    def read(self, node: ast.expr) -> Term:
        """The term that an expression denotes."""
        raise NotImplementedError

    def comprehension(self, node: Any) -> Term:
        """The list that a comprehension makes."""
        raise NotImplementedError

    def first_that_works(self, plans: Any) -> Any:
        """What the first of several ways to read something gives that does not raise."""
        raise NotImplementedError

    def names_aside(self) -> contextlib.AbstractContextManager[None]:
        """Let names be given to parts of what is put in other words, which mean something meanwhile."""
        raise NotImplementedError

    def hidden(self, term: Term) -> ast.Name:
        """A name that nobody sees for a term that is read already."""
        raise NotImplementedError

    def with_stars(self, kind: type, elements: list[ast.expr]) -> Term:
        """A tuple or list with stars in it, of which it is not known how long it is."""
        raise NotImplementedError

    def dict_comprehension(self, node: Any) -> Term:
        """The dictionary that a comprehension makes."""
        raise NotImplementedError

    def comprehended(self, node: Any) -> Term:
        """The list that a comprehension makes, followed or passed on."""
        raise NotImplementedError

    def enter(self, node: ast.AST) -> None:
        """Begin a statement."""
        raise NotImplementedError

    def bind(self, name: str, term: Term) -> None:
        """Give `name` a new meaning."""
        raise NotImplementedError

    def called(self, name: str) -> str:
        """What a variable is called in the module."""
        raise NotImplementedError

    def follow(self, function: Function, args: Any, kwargs: Any, call: Any, outer: Any = None) -> Term:
        """Read the body of a function that is called."""
        raise NotImplementedError

    def inner(self, v: Value) -> Value:
        """A value of a graph around the one that is being read, as that one sees it."""
        raise NotImplementedError

    def inside(self, graph: Graph) -> contextlib.AbstractContextManager[Graph]:
        """Read into a sub-graph meanwhile."""
        raise NotImplementedError

    def undecided(self, node: ast.AST | None = None) -> None:
        """Give up where something is read on trial, since it depends on what is not known."""
        if self.patience is not None:
            raise self.error("which way this goes is not known", node)

    def aside(self) -> contextlib.AbstractContextManager[Graph]:
        """Read on trial: into a graph of which nothing is kept."""
        raise NotImplementedError

    def memory(self) -> Any:
        """What arrays and containers hold now."""
        raise NotImplementedError

    def recall(self, memory: Any) -> None:
        """Let arrays and containers hold what they held then."""
        raise NotImplementedError

    def refuse_loose(self, term: Term, at: ast.AST) -> None:
        """Raise UnsupportedError where something depends on which items a dict has, and that is not known."""
        raise NotImplementedError

    def cell_of(self, term: Term) -> Any:
        """The list, dict or object of the function's own that a term is."""
        raise NotImplementedError

    def resolved(self, term: Term) -> Term:
        """A term with what the containers in it hold now."""
        raise NotImplementedError

    def here(self, term: Term) -> Term:
        """The term as the graph that is being read sees it."""
        raise NotImplementedError

"""What the frontend knows of an expression while it reads it."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .graph import Value
from .routes import Route
from .syntax import Gap, display

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "MISSING"})()
"""Stands for an object that is not at hand."""


class Cell:
    """One list, dict or object of the function's own, by whatever names and containers it is reached.

    number: one is made after the other; 0 for what comes as an argument. first: what it held when it was made. word:
    what it was called first. origins: the cells that it may be, its own alone unless several ways lead to it. token:
    what stands among origins for the containers that the steps of a loop make. loose: whether it is a dict of which it
    is not known which items it has, or in which order; each can be read by its key, if it is there. views: what shows
    its items, and was made of those that it had then. nothing: whether it may be None instead, on some way that leads
    here; then all of its items are.
    """

    _count = itertools.count(1)

    def __init__(self, origins: Iterable[Cell] = (), is_argument: bool = False):
        self.number = 0 if is_argument else next(Cell._count)
        self.origins = frozenset(origins) or frozenset([self])
        self.first: Term = Term(ast.Constant(None))
        self.word = ""
        self.token: Cell | None = None
        self.views: list[Cell] = []
        self.loose = self.nothing = False


class Binding(Cell):
    """What means one thing after the other as a name does: an attribute or item of an argument, or a name that inner
    functions give new values to. first: what it is before, None where it is nothing, as far as anybody knows."""

    def __init__(self, word: str, first: Any = None, is_argument: bool = False):
        super().__init__(is_argument=is_argument)
        self.word, self.first = word, first


class Ref(Gap):
    """Stands for a value in syntax that is being read."""

    _fields = ()

    def __init__(self, value: Value):
        super().__init__()
        self.value = value


@dataclass(eq=False)
class Term:
    """An expression that was read: what it denotes and how it is written. cell: the list, dict or object that it is."""

    ast: ast.expr
    cell: Cell | None = field(default=None, kw_only=True)


@dataclass(eq=False)
class Computed(Term):
    """A value of the graph."""

    value: Value


@dataclass(eq=False)
class Static(Term):
    """A Python object that is known: a module, a function, a number, a string. owner: of what it is an attribute."""

    obj: Any
    owner: Term | None = None


@dataclass(eq=False)
class Sequence(Term):
    """A container whose items are known one by one. kind: `tuple`, `list`, `dict`, or the class of a named tuple or of
    another object. keys: those of a dict, or the names of an object's attributes."""

    kind: type
    items: list[Term]
    keys: tuple[Any, ...] = ()

    def at(self, key: Any) -> Term | None:
        """The item of a dict at a key, or the attribute of an object."""
        return self.items[self.keys.index(key)] if key in self.keys else None


@dataclass(eq=False)
class Instance(Term):
    """An object whose attributes are looked up when they are read.

    value: what stands for it in the outermost graph. cls: its class, None where that is not known. obj: the object
    itself where it is at hand, in memory; else `MISSING`. route: how it is reached from a parameter.
    """

    value: Value
    cls: Any = None
    obj: Any = None
    route: Route | None = None


@dataclass(eq=False)
class Bound(Term):
    """A method of an object. fn: the function. owner: what it is called on."""

    fn: Any
    owner: Term


@dataclass(eq=False)
class Method(Term):
    """An attribute of a value that is about to be called."""

    value: Value
    name: str


@dataclass(eq=False)
class Ambiguous(Term):
    """A name that means different things by the way that was taken, and cannot be followed."""

    name: str


@dataclass(eq=False)
class Closure(Term):
    """A function or lambda defined inside the function that is read. defaults: read where it is defined."""

    node: Any
    frame: Any
    defaults: dict[str, Term] = field(default_factory=dict)


@dataclass(eq=False)
class Partial(Term):
    """`functools.partial(fn, *args, **kwargs)`."""

    fn: Term
    args: list[Term]
    kwargs: dict[str, Term]


def sequence(kind: type, items: list[Term], keys: tuple[Any, ...] = (), cell: Cell | None = None) -> Sequence:
    """A tuple, list or other container of terms, written out. cell: the one that it is, instead of a new one."""
    made = Sequence(display(kind, [item.ast for item in items], keys), kind, items, keys, cell=cell)
    if cell is None and is_changeable(kind):
        made.cell = Cell()
        made.cell.first = made
    made.ast.cell = made.cell  # type: ignore[attr-defined]
    return made


def is_changeable(kind: type) -> bool:
    """Whether what a container of this class holds may change."""
    return not issubclass(kind, tuple) and not getattr(getattr(kind, "__dataclass_params__", None), "frozen", False)


def may_be_none(term: Term) -> bool:
    """Whether a tuple or another container may be None instead."""
    return term.cell is not None and term.cell.nothing


def flatten(term: Term) -> list[Term]:
    """The leaves of a term: the items of containers, in order."""
    if isinstance(term, Sequence):
        return [leaf for item in term.items for leaf in flatten(item)]
    return [term]


def parts(term: Term) -> list[Term]:
    """A term and all that it is made of."""
    return [term, *(part for item in term.items for part in parts(item))] if isinstance(term, Sequence) else [term]


def outline(term: Term) -> Any:
    """The structure of a term: nested tuples of its kind and items, None for a leaf."""
    return (term.kind.__name__, *term.keys, *map(outline, term.items)) if isinstance(term, Sequence) else None


def shaped(like: Term, leaves: list[Term]) -> Term:
    """A term with the structure of `like`, whose leaves are the first of `leaves`, which are taken from it."""
    if not isinstance(like, Sequence):
        return leaves.pop(0)
    return sequence(like.kind, [shaped(item, leaves) for item in like.items], like.keys)


def references(tree: Any) -> list[Value]:
    """The values that `tree` refers to, in order, each once."""
    found: dict[Value, None] = {}
    todo = [tree]
    while todo:
        part = todo.pop()
        if isinstance(part, Ref):
            found[part.value] = None
        elif isinstance(part, list):
            todo += reversed(part)
        elif isinstance(part, ast.AST):
            todo += [getattr(part, name, None) for name in reversed(part._fields)]
    return list(found)


def is_list(term: Term | None) -> bool:
    """Whether a name means a list of the function's own."""
    if isinstance(term, Computed):
        return term.value.type.of is not None or term.value.type.items == ()
    return as_known(term) is not None


def as_known(term: Term | None) -> list[Term] | None:
    """The items of a list that are known one by one."""
    if isinstance(term, Sequence) and term.kind is list:
        return term.items
    return written_out(term) if isinstance(term, Static) and isinstance(term.obj, list) else None


def written_out(term: Static) -> list[Term] | None:
    """The items of a known tuple or list, each as it is written; None where they are not written one by one."""
    kind = ast.List if isinstance(term.obj, list) else ast.Tuple if isinstance(term.obj, tuple) else None
    if kind is None or not isinstance(term.ast, kind) or len(term.ast.elts) != len(term.obj):
        return None
    return [Static(tree, x) for tree, x in zip(term.ast.elts, term.obj, strict=True)]

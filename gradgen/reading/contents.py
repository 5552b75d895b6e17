"""What lists, dicts and objects of the function's own hold: each is a cell, whose items change.

A name stays bound to the term that it was given, which tells the cell; reading it gives what the cell holds now. So
what is changed through one name, or through a container that holds the cell, is seen through every other. Behind a
branch or a loop a name may mean one of several cells: when one of these is changed, reading the others is refused.
"""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from ..errors import UnsupportedError
from ..graph import Value
from ..terms import Ambiguous, Bound, Cell, Computed, Sequence, Static, Term, as_known, is_changeable, parts, sequence
from .cells import Cells


class Memory(NamedTuple):
    """What arrays and containers hold at a place of the program, see `Cells` and `Contents`."""

    versions: dict[Value, Value]
    contents: dict[Cell, Term]
    doubts: dict[Any, UnsupportedError]
    kept: dict[Cell, str]


class Contents(Cells):
    """The part of a `Program` that follows what containers hold.

    contents: what each container that was changed holds now. kept: why a container may not be changed any more: its
    items were copied. joined: the cells that may be one of several. own: the cells of the lists that are known objects,
    made in the function, by the objects' ids. words: the container whose part was first called so.
    """

    contents: dict[Cell, Term]
    kept: dict[Cell, str]
    joined: list[Cell]
    own: dict[int, tuple[list[Any], Cell]]
    words: dict[str, Cell]

    # ---- all that changes

    def memory(self) -> Memory:
        """What everything holds now."""
        return Memory(dict(self.versions), dict(self.contents), dict(self.doubts), dict(self.kept))

    def recall(self, memory: Memory) -> None:
        """Let everything hold what it held then."""
        self.versions, self.contents = dict(memory.versions), dict(memory.contents)
        self.doubts, self.kept = dict(memory.doubts), dict(memory.kept)

    # ---- which container

    def made_here(self, term: Static) -> Static:
        """A known list that is made in the function: it may be changed."""
        cell = Cell()
        cell.first = term
        self.own[id(term.obj)] = term.obj, cell
        term.ast.cell = cell  # type: ignore[attr-defined]
        return term

    def made_of(self, term: Any) -> Any:
        """A container or a list in the graph that is made in the function, which is a new one."""
        if not isinstance(term, Sequence) or is_changeable(term.kind):
            term.cell = Cell()
            term.cell.first = term
        return term

    def cell_of(self, term: Term) -> Cell | None:
        """The list, dict or object of the function's own that a term is."""
        if isinstance(term, Static):
            found = self.own.get(id(term.obj))
            return None if found is None else found[1]
        return term.cell

    def has_cells(self, term: Term | None) -> bool:
        """Whether a term is, or holds, a list, dict or object of the function's own."""
        if isinstance(term, Bound):
            return self.has_cells(term.owner)
        return term is not None and any(self.cell_of(part) is not None for part in parts(term))

    def opened(self, term: Static) -> Sequence:
        """A known list of the function's own, its items one by one."""
        items = as_known(term) or self.known_items(term)
        return sequence(type(term.obj), items, (), self.cell_of(term) or Cell())

    def known_items(self, term: Static) -> list[Term]:
        """The items of a tuple or list that is known."""
        raise NotImplementedError

    # ---- what it holds

    def resolved(self, term: Term) -> Term:
        """A term with what the containers in it hold now, if it is a container."""
        if not self.contents or not isinstance(term, (Static, Sequence, Computed)):
            return term
        return self._inside(self.contents.get(self.cell_of(term), term))  # type: ignore[arg-type]

    def _inside(self, term: Term) -> Term:
        """A container with what is in it resolved."""
        if isinstance(term, Static):
            if not isinstance(term.obj, (list, tuple)) or not self._is_changed(term.obj):
                return term
            term = self.opened(term)
        if not isinstance(term, Sequence):
            return term
        items = [self.resolved(item) for item in term.items]
        if all(a is b for a, b in zip(items, term.items, strict=True)):
            return term
        return sequence(term.kind, items, term.keys, term.cell)

    def _is_changed(self, obj: Any) -> bool:
        """Whether a known list, or one in it, was changed."""
        found = self.own.get(id(obj))
        if found is not None and found[1] in self.contents:
            return True
        return isinstance(obj, (list, tuple)) and any(map(self._is_changed, obj))

    def current(self, term: Term) -> Term:
        """A term, or if it is a container that was changed, one of what that holds now. What is in it is not looked at.

        Raises UnsupportedError where that is not known.
        """
        cell = self.cell_of(term)
        if cell in self.doubts:
            raise self.doubts[cell]
        if cell is not None:
            term = self.contents.get(cell, term)
        if isinstance(term, Static) and self.contents and isinstance(term.obj, (list, tuple)):
            return self.opened(term) if self._is_changed(term.obj) else term
        if isinstance(term, Ambiguous):
            raise self.error(f"`{term.name}` does not hold things of the same kind on every way that leads here")
        return term

    def name_it(self, term: Term, name: str) -> None:
        """Let a container be called by a name in messages, and what is in it by the names of its keys."""
        cell = self.cell_of(term)
        if cell is None or cell.word or not isinstance(term, Sequence):
            return
        cell.word = name
        for i, item in enumerate(term.items):
            key = term.keys[i] if term.keys else i
            self.name_it(item, f"{name}_{i}" if isinstance(key, int) else self.word_in(cell, key))

    def word_in(self, cell: Cell | None, key: Any) -> str:
        """What a part of a container may be called: by its key, unless that means something else."""
        if cell is None or not isinstance(key, str) or not key.isidentifier():
            return "" if cell is None else cell.word
        owner = self.words.setdefault(key, cell)
        numbered = cell.word[-1:].isdigit()  # one of several in a list
        same = owner.origins <= cell.origins or cell.origins <= owner.origins
        if key in self.frame.locals or numbered or not same:
            return f"{cell.word}_{key}" if cell.word else key
        return key

    def refuse_loose(self, term: Term, at: ast.AST) -> None:
        """Raise UnsupportedError where something depends on which items a dict has, and that is not known."""
        if term.cell is not None and term.cell.loose:
            name = term.cell.word or "this dict"
            what = f"which items `{name}` has here depends on the way that was taken"
            raise self.error(what, at, f"give `{name}` all of its items first, in one order")

    # ---- changing it

    def hold(self, cell: Cell, new: Term, at: ast.AST) -> None:
        """Let a container hold something else from now on."""
        name = _changed_at(at) or cell.word or "it"
        if cell in self.kept:
            what = f"`{name}` is changed here, {self.kept[cell]}"
            raise self.error(what, at, f"write into a copy of `{name}` instead")
        items = new.items if isinstance(new, Sequence) else []
        if any(self.cell_of(part) is cell for item in items for part in parts(self.resolved(item))):
            raise self.error(f"`{name}` is put into itself", at)
        for view in (view for origin in {cell: None, **dict.fromkeys(cell.origins)} for view in origin.views):
            what = f"`{name}` is changed here, and what was made of it before may show that when it is read later"
            self.doubts[view] = self.error(what, at, f"make it of a copy of `{name}`, or a list of its items")
        for other in dict.fromkeys([*cell.origins, *self.joined]):
            if other is not cell and not other.origins.isdisjoint(cell.origins):
                what = f"`{name}` is changed here, and `{other.word or 'this'}` may be the same"
                self.doubts[other] = self.error(what, at, f"write into a copy of `{name}` instead")
        self.contents[cell] = new

    def keep(self, term: Term, why: str) -> None:
        """Let the containers in a term be changed no more: what was made of them now would not change with them."""
        for part in parts(self.resolved(term)):
            cell = self.cell_of(part)
            if cell is not None:
                self.keep_cell(cell, why)

    def shown_by(self, cell: Cell | None, view: Any) -> None:
        """Note that a view, or the output of code that is not followed, may show what a container holds."""
        for origin in {} if cell is None else {cell: None, **dict.fromkeys(cell.origins)}:
            origin.views.append(view)

    def keep_cell(self, cell: Cell, why: str) -> None:
        """Let a container be changed no more."""
        for origin in (cell, *cell.origins):
            self.kept.setdefault(origin, why)


def _changed_at(node: ast.AST) -> str:
    """How the container is written that a target or the call of a method changes."""
    match node:
        case ast.Subscript(value=value) | ast.Attribute(value=value):
            return ast.unparse(value)
        case ast.Call(func=ast.Attribute(value=value)):
            return ast.unparse(value)
        case ast.AugAssign(target=target):
            return ast.unparse(target)
    return ""

"""What a name or a container means behind ways that make different things of it: one term with slots.

A slot stands for a leaf that has to be chosen by a branch, or carried by a loop. What is surely the same on both ways
has none: a known object, an array that neither way replaces, a container, which is one cell whatever the ways made of
its contents. Two containers become one that may be either.
"""

from __future__ import annotations

import ast
import types
from dataclasses import dataclass
from typing import Any

from ..terms import (
    Binding,
    Cell,
    Computed,
    Instance,
    Ref,
    Sequence,
    Static,
    Term,
    as_known,
    is_list,
    outline,
    sequence,
    written_out,
)
from .cells import outermost

Pair = tuple[Term | None, Term | None]
Holds = dict[Cell, Term]


@dataclass(eq=False)
class Slot(Term):
    """A leaf that differs. place: which of the pairs it is. word: what it may be called, if not as the whole."""

    place: int = 0
    word: str = ""


@dataclass(eq=False)
class Joint(Sequence):
    """A container whose items may have slots."""


@dataclass(eq=False)
class Again(Term):
    """A container that was joined before, as part of something else."""


class Differ(Exception):
    """Two terms cannot be one."""


class Sides:
    """Joins what two ways make of things. A pair of containers that is met again is the same one again.

    program: what is read. contents: what containers hold at the end of either way. mark: cells with lower numbers were
    there before the two ways parted. sure: whether a way that has no such thing never comes to its end.
    """

    def __init__(self, program: Any, contents: tuple[Holds, Holds], mark: int, sure: bool = False):
        self.program, self.contents, self.mark, self.sure = program, contents, mark, sure
        self.cells: dict[tuple[Cell | None, Cell | None], Cell] = {}

    def join(self, a: Term | None, b: Term | None, pairs: list[Pair], like: Term | None = None, word: str = "") -> Term:
        """A term for both; None stands for a way that has no such thing. like: what they were joined to before: what
        was a slot stays one. Raises Differ where that cannot be."""
        if a is None and b is None:
            raise Differ
        cells = tuple(None if t is None else self.program.cell_of(t) for t in (a, b))
        slot = isinstance(like, Slot) and not self._is_nothing(a, b)
        if not slot and self._is_same(a, b, cells):
            return self._outside(a or b)  # type: ignore[arg-type]
        a, b = (self._open(t, k) for k, t in enumerate((a, b)))
        made = None if slot else self._container(a, b, cells, pairs, like)
        return made if made is not None else self._slot(a, b, cells, pairs, word, like)

    def inside(self, cell: Cell, a: Term | None, b: Term | None, pairs: list[Pair], like: Term | None = None) -> Term:
        """What a container holds that both ways know, given what either made of its contents. Raises Differ."""
        if isinstance(cell, Binding):
            return self.join(a, b, pairs, like, cell.word)
        a, b = (None if t is None else self._opened(t) for t in (a, b))
        made = None if isinstance(like, Slot) else self._items(a, b, cell, pairs, like)
        if made is None:
            made = self._slot(a, b, (), pairs, cell.word)
            made.cell = cell
        return made

    def _is_same(self, a: Term | None, b: Term | None, cells: tuple[Cell | None, ...]) -> bool:
        """Whether two terms are surely one thing that was there before, or a known object."""
        if a is None or b is None:
            [cell] = [c for t, c in zip((a, b), cells, strict=True) if t is not None]
            return cell.number < self.mark if cell is not None else self.sure and isinstance(a or b, Static)
        if a is b:
            return True
        if cells[0] is not None or cells[1] is not None:
            return cells[0] is cells[1] and cells[0].number < self.mark  # type: ignore[union-attr]
        if isinstance(a, Static) and isinstance(b, Static):
            return same_object(a.obj, b.obj)
        if isinstance(a, Computed) and isinstance(b, Computed):
            return outermost(a.value) is outermost(b.value)
        return isinstance(a, Instance) and isinstance(b, Instance) and a.value is b.value

    def _outside(self, term: Term) -> Term:
        """A term that was there before the ways parted, as it was then."""
        cell = self.program.cell_of(term)
        if cell is not None:
            return cell.first  # type: ignore[no-any-return]
        if isinstance(term, Computed):
            value = outermost(term.value)
            return term if value is term.value else Computed(Ref(value), value)
        return term

    def _open(self, term: Term | None, way: int) -> Term | None:
        """What a term holds at the end of a way."""
        if term is None:
            return None
        cell = self.program.cell_of(term)
        return self._opened(term if cell is None else self.contents[way].get(cell, term))

    def _opened(self, term: Term) -> Term:
        """A known list of the function's own with its items one by one."""
        known = isinstance(term, Static) and self.program.cell_of(term) is not None
        return self.program.opened(term) if known else term

    def _container(
        self, a: Term | None, b: Term | None, cells: tuple[Cell | None, ...], pairs: list[Pair], like: Term | None
    ) -> Term | None:
        """Two tuples, lists, dicts or objects of one structure; None where they are none."""
        if self._is_nothing(a, b):
            return self._or_nothing(a, b, cells, pairs, like)
        if isinstance(a, Sequence) or isinstance(b, Sequence):
            a, b = (_written_out(t) for t in (a, b))
        known = [t for t in (a, b) if t is not None]
        if not all(isinstance(t, Sequence) for t in known):
            return None
        if all(c is None for c in cells):
            return self._items(a, b, None, pairs, like)
        if cells in self.cells:
            return Again(ast.Constant(None), cell=self.cells[cells])
        cell = self.cells[cells] = self.both(cells, like)  # type: ignore[index]
        return self._items(a, b, cell, pairs, like)

    def _is_nothing(self, a: Term | None, b: Term | None) -> bool:
        """Whether one way has a tuple or another container where the other has None."""
        kinds = [isinstance(t, Sequence) for t in (a, b)]
        return any(kinds) and any(isinstance(t, Static) and t.obj is None for t in (a, b))

    def _or_nothing(
        self, a: Term | None, b: Term | None, cells: tuple[Cell | None, ...], pairs: list[Pair], like: Term | None
    ) -> Term:
        """A container that may be None instead: each of its items is None then."""
        [known] = [t for t in (a, b) if isinstance(t, Sequence)]
        [none] = [t for t in (a, b) if not isinstance(t, Sequence)]
        if known.kind is list or not any(isinstance(item, Computed) for item in known.items):
            raise Differ
        key: Any = (*cells, known if cells == (None, None) else None)
        if key in self.cells:
            return Again(ast.Constant(None), cell=self.cells[key])
        own = next((c for c in cells if c is not None), None)
        before = like.cell if isinstance(like, Joint) else None
        cell = self.both(cells, like) if own is not None else before or Cell()
        cell.nothing, self.cells[key] = True, cell
        assert none is not None
        spread = Sequence(none.ast, known.kind, [none] * len(known.items), known.keys)
        sides = (known, spread) if a is known else (spread, known)
        made = self._items(*sides, cell, pairs, like)
        assert made is not None
        return made

    def both(self, cells: tuple[Cell | None, ...], like: Term | None) -> Cell:
        """The cell that may be either of two."""
        found = [c for c in cells if c is not None]
        made = Cell({origin for c in found for origin in c.origins})
        made.word, made.loose = found[0].word, any(c.loose for c in found)
        made.nothing = any(c.nothing for c in found)
        self.program.joined.append(made)
        return made

    def _items(
        self, a: Term | None, b: Term | None, cell: Cell | None, pairs: list[Pair], like: Term | None
    ) -> Term | None:
        known = [t for t in (a, b) if t is not None]
        if not all(isinstance(t, Sequence) for t in known):
            return None
        first, last = known[0], known[-1]
        assert isinstance(first, Sequence) and isinstance(last, Sequence)
        if first.kind is last.kind and first.keys != last.keys and cell is not None:
            cell.loose = first.kind is dict
            a, b = self._whole(first, last, a), self._whole(first, last, b)
            return self._items(a, b, cell, pairs, like)
        if first.kind is not last.kind or first.keys != last.keys or len(first.items) != len(last.items):
            return None
        items = []
        for i in range(len(first.items)):
            one, other = (t.items[i] if isinstance(t, Sequence) else None for t in (a, b))
            before = like.items[i] if isinstance(like, Sequence) and len(like.items) > i else None
            key = first.keys[i] if first.keys else None
            items.append(self.join(one, other, pairs, before, self.program.word_in(cell, key)))
        return Joint(ast.Constant(None), first.kind, items, first.keys, cell=cell)

    def _whole(self, first: Sequence, last: Sequence, term: Term | None) -> Term | None:
        """An object or dict with all that it has on either way; what its class says, or nothing, for the rest."""
        if not isinstance(term, Sequence):
            return term
        keys = tuple(dict.fromkeys([*first.keys, *last.keys]))
        items = [term.at(key) or self.program.class_attribute(term.kind, key) for key in keys]
        return Sequence(term.ast, term.kind, items, keys, cell=term.cell)

    def _slot(
        self, a: Term | None, b: Term | None, cells: tuple[Cell | None, ...], pairs: list[Pair], word: str,
        like: Term | None = None,
    ) -> Slot:  # fmt: skip
        known = [t for t in (a, b) if t is not None]
        lists = all(map(is_list, known))
        if lists and len({str(outline(item)) for t in known for item in as_known(t) or ()}) > 1:
            raise Differ
        if not lists and not all(map(is_data, known)):
            raise Differ
        for term in known if lists else ():
            for item in getattr(term, "items", ()):
                self.program.keep(item, "after it was put into a list that is not the same on every way")
        pairs.append((a, b))
        made = Slot(ast.Constant(None), place=len(pairs) - 1, word=word)
        if lists and any(c is not None for c in cells):
            made.cell = self.cells[cells] = self.cells.get(cells) or self.both(cells, like)  # type: ignore[index, arg-type]
        return made


def _written_out(term: Term | None) -> Term | None:
    """A known tuple that is written out, its items one by one; any other term as it is."""
    known = written_out(term) if isinstance(term, Static) and isinstance(term.obj, tuple) else None
    return term if known is None else sequence(tuple, known)


def filled(like: Term, leaves: list[Term], of: Cell | None = None) -> Term:
    """A joined term with leaves in its slots. of: the cell that was there before, if it is what that holds."""
    made = like
    if isinstance(like, Again):
        assert like.cell is not None
        return like.cell.first
    if isinstance(like, Slot):
        leaf = leaves[like.place]
        if like.cell is None:
            return leaf
        made = Computed(leaf.ast, leaf.value, cell=like.cell)  # type: ignore[attr-defined]
    elif isinstance(like, Joint):
        made = sequence(like.kind, [filled(item, leaves) for item in like.items], like.keys, like.cell)
    if made is not like and like.cell is not None and like.cell is not of:
        like.cell.first = made
    return made


def slots(like: Term) -> list[Slot]:
    """The slots of a joined term, in the order of their places."""
    found = [like] if isinstance(like, Slot) else []
    for item in like.items if isinstance(like, Joint) else ():
        found += slots(item)
    return found


def is_data(term: Term) -> bool:
    """Whether a term may become a value: no function, no module."""
    if isinstance(term, Static):
        return not (callable(term.obj) or isinstance(term.obj, types.ModuleType))
    return isinstance(term, Computed)


def same_object(a: Any, b: Any) -> bool:
    """Whether two known objects are one, or numbers or strings that are as good as one."""
    return a is b or type(a) is type(b) and isinstance(a, (bool, int, str)) and bool(a == b)

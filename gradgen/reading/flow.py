"""Reading control flow: branches, and what leaves a block before its end.

A statement that leaves a block (`return`, `break`, `continue`) only notes so in the frame, under names that no
variable can have. What follows an `if` with a side that always leaves is read into the other side; where either side
may leave, what follows is read under the condition that neither did.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ..branches import add_branch
from ..control import UNDEFINED
from ..graph import Graph, Value
from ..terms import Ambiguous, Cell, Computed, Ref, Static, Term
from . import rewriting
from .contents import Memory
from .decide import looked_at
from .expressions import Expressions
from .matching import Matching
from .sides import Differ, Pair, Sides, filled, slots

VALUE, RETURNED, BROKEN, LEFT, RAISED = "<value>", "<returned>", "<broken>", "<left>", "<raised>"
"""What is returned; whether the function returned; whether the loop was left, by `break` or by `return`; whether the
block was left, however; whether it surely raised."""
FLAGS = {RETURNED: "returned", BROKEN: "stop", LEFT: "left"}
YES, NO = Static(ast.Constant(True), True), Static(ast.Constant(False), False)
LEAVING = (ast.Return, ast.Break, ast.Continue)


def leaves(node: ast.AST) -> bool:
    """Whether a statement may leave the block that it stands in; a loop is left by its own `break`."""
    if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.AsyncFunctionDef)):
        return False
    if isinstance(node, (ast.For, ast.While)):
        return any(_returns(child) for child in [*node.body, *node.orelse]) or any(map(leaves, node.orelse))
    return isinstance(node, LEAVING) or any(map(leaves, ast.iter_child_nodes(node)))


def _returns(node: ast.AST) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.AsyncFunctionDef)):
        return False
    return isinstance(node, ast.Return) or any(map(_returns, ast.iter_child_nodes(node)))


def is_endless(node: ast.AST) -> bool:
    """Whether a loop is left by a `return` or not at all."""
    always = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
    return always and not any(map(_breaks, node.body))  # type: ignore[attr-defined]


def _breaks(node: ast.AST) -> bool:
    """Whether a statement may break the loop that it stands in."""
    if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef, ast.AsyncFunctionDef)):
        return False
    inside = node.orelse if isinstance(node, (ast.For, ast.While)) else ast.iter_child_nodes(node)
    return isinstance(node, ast.Break) or any(map(_breaks, inside))


def always_leaves(body: list[ast.stmt]) -> bool:
    """Whether no way through a block reaches its end."""
    for node in body:
        if isinstance(node, (*LEAVING, ast.Raise)):
            return True
        if isinstance(node, ast.If) and always_leaves(node.body) and always_leaves(node.orelse):
            return True
        if isinstance(node, ast.With) and always_leaves(node.body) or is_endless(node):
            return True
    return False


class Flow(Expressions):
    """The part of a `Program` that reads branches and blocks."""

    _graphs: list[Graph]

    _hidden_count = 0

    def read_statement(self, node: ast.stmt) -> None:
        raise NotImplementedError

    @contextlib.contextmanager
    def names_aside(self) -> Iterator[None]:
        """Let names be given to parts of what is put in other words, which mean something meanwhile."""
        before = set(self.frame.names)
        try:
            yield
        finally:
            for word in [n for n in self.frame.names if n.startswith("<part ") and n not in before]:
                del self.frame.names[word]

    def hidden(self, term: Term) -> ast.Name:
        """A name that nobody sees for a term that is read already."""
        self._hidden_count += 1
        word = f"<part {self._hidden_count}>"
        self.frame.names[word] = term
        return rewriting.name(word)

    # ---- blocks

    def block(self, body: list[ast.stmt]) -> None:
        """Read statements up to the end, or to where they leave."""
        for i, statement in enumerate(body):
            node, rest = statement, body[i + 1 :]
            if isinstance(node, ast.Match):
                with self.names_aside():
                    matched = self._matched(node)
                    if matched is not None:
                        return self.block([*matched, *rest])
            if isinstance(node, ast.If) and leaves(node):
                self._leaving_if(node, rest)
                return
            self.read_statement(node)
            if isinstance(node, ast.Raise):
                self.frame.names[RAISED] = YES
            if isinstance(node, LEAVING) or RAISED in self.frame.names:
                return
            if leaves(node):
                self.enter(node)  # outside of what it holds
                self._unless_left(rest)
                return

    def _matched(self, node: ast.Match) -> list[ast.stmt] | None:
        """A `match` in other words; None where it is no choice by what is followed, and is passed on."""
        subject = node.subject
        if not isinstance(subject, (ast.Name, ast.Constant)):
            self.enter(node)
            subject = self.hidden(self.read(subject))

        def known(expression: ast.expr) -> Any:
            return getattr(looked_at(self, expression), "obj", None)

        return Matching(known, self.hidden).branches(node, subject)

    def leave(self, *flags: str) -> None:
        """Note that the block is left, and how."""
        for flag in (LEFT, *flags):
            self.frame.names[flag] = YES

    def flag(self, name: str) -> Term:
        """A note of how a block was left."""
        return self.frame.names.get(name, NO)  # type: ignore[no-any-return]

    def take_flags(self) -> dict[str, Term]:
        """The notes of how the block was left, which are gone then: what is read now is read where it was not."""
        self.frame.names.pop(VALUE, None)
        return {name: self.frame.names.pop(name, NO) for name in FLAGS}

    def _leaving_if(self, node: ast.If, rest: list[ast.stmt]) -> None:
        yes, no = node.body, node.orelse
        if always_leaves(yes):
            self.branch(node, yes, [*no, *rest])
        elif always_leaves(no):
            self.branch(node, [*yes, *rest], no)
        else:
            self.branch(node, yes, no)
            self._unless_left(rest)

    def _unless_left(self, rest: list[ast.stmt]) -> None:
        """Read what follows a statement that may have left the block."""
        left = self.flag(LEFT)
        if not rest or isinstance(left, Static) and left.obj:
            return
        if isinstance(left, Static):
            self.block(rest)
        else:
            self.choose(self.here(left), self._already_left, lambda: self._not_left(rest))

    def _not_left(self, rest: list[ast.stmt]) -> None:
        """The side on which the block goes on."""
        self.take_flags()
        self.block(rest)

    def _already_left(self) -> None:
        """The side on which the block was left before; outside of loops that means that the function returned."""
        self.leave(*([] if self.frame.loops else [RETURNED]))

    # ---- branches

    def branch(self, node: ast.If, yes: list[ast.stmt], no: list[ast.stmt]) -> None:
        """An `if` statement with the given sides."""
        self.enter(node)
        test = self.test(node.test)
        if isinstance(test, Static):
            self.block(yes if test.obj else no)
        else:
            self.choose(test, lambda: self.block(yes), lambda: self.block(no))

    def choose(self, test: Term, yes: Callable[[], None], no: Callable[[], None]) -> None:
        """Read two sides into graphs of their own, and let every name mean what either makes of it."""
        self.undecided()
        condition, before, statement, memory = self.value(test), self.frame.names, self.statement, self.memory()
        mark = Cell().number
        graphs, ways, held = [], [], []
        for side in (yes, no):
            self.frame.names = dict(before)
            self.recall(memory)
            with self.inside(Graph("", self.graph.facts)) as graph:
                side()
            graphs.append(graph)
            ways.append(self.frame.names)
            held.append(self.memory())
        self.frame.names, self.statement = before, statement
        self.graph.origin = statement
        raised = [RAISED in way for way in ways]
        if all(raised):
            self.frame.names[RAISED] = YES
        sides = Sides(self, (held[0].contents, held[1].contents), mark, any(raised))
        parts: list[tuple[Any, Term, list[Pair]]] = []
        for name in dict.fromkeys([*ways[0], *ways[1]]):
            a, b = (way.get(name) for way in ways)
            if a is before.get(name) and b is before.get(name) or name == RAISED:
                continue
            if any(raised):  # what is after it, the other side decides
                a, b = (None if gone else term for gone, term in zip(raised, (a, b), strict=True))
            if a is b is None:
                before.pop(name, None)
                continue
            if name in FLAGS and not any(raised):
                a, b = a or NO, b or NO
            pairs: list[Pair] = []
            try:
                before[name] = sides.join(a, b, pairs)
            except Differ:
                before[name] = Ambiguous(ast.Constant(None), name)
                continue
            parts.append((name, before[name], pairs))
        parts += self._changed(memory.contents, held, raised, sides)
        versions = [None if gone else m.versions for gone, m in zip(raised, held, strict=True)]
        parts += self._written(memory.versions, versions)
        notes: dict[Any, int] = {}
        places: list[int] = []
        """Which output each leaf is: ways of leaving that are noted alike are one."""
        count = 0
        for name, _, pairs in parts:
            for pair in pairs:
                key = tuple(t.obj if isinstance(t, Static) else id(t.value) for t in pair) if name in FLAGS else count  # type: ignore[union-attr]
                places.append(notes.setdefault(key, count))
                count += places[-1] == count
        for place, graph in enumerate(graphs):
            self.recall(held[place])
            with self.inside(graph):
                leaves = [pair[place] for _, _, pairs in parts for pair in pairs]
                leaves = [t for i, t in enumerate(leaves) if places[i] not in places[:i]]
                graph.results = [graph.const(UNDEFINED) if t is None else self.value(self.here(t)) for t in leaves]
        self.recall(memory)
        for gone, after in zip(raised, held, strict=True):
            self.doubts |= {} if gone else after.doubts
            self.kept |= {} if gone else after.kept
        node = add_branch(self.graph, condition, graphs, expression=False)
        outputs: list[Term] = [Computed(Ref(node.outputs[i]), node.outputs[i]) for i in places]
        for name, like, pairs in parts:
            mine = [outputs.pop(0) for _ in pairs]
            if isinstance(name, Value):
                self.renew(name, mine[0].value)  # type: ignore[attr-defined]
                continue
            word = name.word if isinstance(name, Cell) else FLAGS.get(name, "" if name == VALUE else name)
            for slot in slots(like):
                said = slot.word or word
                mine[slot.place].value.hint = said if name in FLAGS else self.called(said)  # type: ignore[attr-defined]
            if isinstance(name, Cell):
                self.contents[name] = filled(like, mine, name)
            else:
                before[name] = filled(like, mine)

    def _changed(
        self, before: dict[Cell, Term], held: list[Memory], raised: list[bool], sides: Sides
    ) -> list[tuple[Any, Term, list[Pair]]]:
        """The containers that a side changes, and what each side makes of them."""
        parts: list[tuple[Any, Term, list[Pair]]] = []
        for cell in dict.fromkeys(cell for memory in held for cell in memory.contents):
            was = before.get(cell, cell.first)
            ends = [None if gone else m.contents.get(cell, cell.first) for gone, m in zip(raised, held, strict=True)]
            if cell.number >= sides.mark or all(end is None or end is was for end in ends):
                continue
            pairs: list[Pair] = []
            try:
                parts.append((cell, sides.inside(cell, ends[0], ends[1], pairs), pairs))
            except Differ:
                parts.append((cell, Ambiguous(ast.Constant(None), cell.word or "it", cell=cell), []))
        return parts

    def _written(self, before: dict[Value, Value], sides: list[dict[Value, Value] | None]) -> list[Any]:
        """The arrays that a side writes, and what each side makes of them; None for a side that raises."""
        found = dict.fromkeys(root for side in sides if side is not None for root in side)
        parts = []
        for root in found:
            ends = [None if side is None else side.get(root, root) for side in sides]
            if root.graph in self._graphs and any(v is not None and v is not before.get(root, root) for v in ends):
                terms = [None if v is None else Computed(Ref(v), v) for v in ends]
                parts.append((root, Computed(Ref(root), root), [tuple(terms)]))
        return parts

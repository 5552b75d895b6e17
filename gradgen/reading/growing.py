"""Lists that grow: `xs.append(v)`, `xs.extend(...)` and `xs += [...]`.

A list whose items are known one by one is another list of that kind afterwards. In a loop, and where a side of a branch
appends and the other does not, it becomes a value of the graph. The cotangent of such a list is as long as the list is
at its end, so that what reads it on the way must know the place of what it reads.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable

from ..control import Control
from ..graph import OPAQUE, PRIMITIVES, Graph, Node, Value
from ..rules.lists import item_type
from ..sequences import each, list_of
from ..shapes import ShapeVar
from ..terms import Cell, Computed, Ref, Static, Term, as_known, is_list, sequence
from .containers import NOTHING
from .decide import looked_at
from .flow import Flow
from .rewriting import placed

GROWS = ("append", "extend")
"""Methods by which a list grows."""


class Growing(Flow):
    """The part of a `Program` that reads what lets lists grow."""

    def grow(self, owner: Term, added: list[Term], at: ast.AST) -> Term:
        """Let a list grow."""
        cell = self.cell_of(owner)
        assert cell is not None
        holds, name = self.current(owner), cell.word or "it"
        known = as_known(self.opened(holds)) if isinstance(holds, Static) else as_known(holds)
        if known is not None:
            for item in added:
                self.call_it(item, cell.word)
            self.hold(cell, sequence(list, [*known, *map(self.one_array, added)], (), cell), at)
            return NOTHING
        value = self.value(self.here(owner))
        made = value.node
        if made is not None and not made.subgraphs and made.op.name not in ("append", "list", "as_list"):
            what = f"`{name}` grows here, and is made of another list"
            raise self.error(what, at, f"write `{name} = [*{name}, ...]`")
        for item in added:
            self.keep(item, "after it was put into a list whose length is not known")
            self._refuse_whole(value, self.graph.nodes, name, at)
            place = self.length_of_list(value)
            place.hint = f"{self.called(name)}_len"
            value = self.graph.add(PRIMITIVES["append"], [value, place, self.value(self.here(item))]).out
            value.hint = self.called(name)
            self.hold(cell, Computed(Ref(value), value, cell=cell), at)
        return NOTHING

    def extended(self, node: ast.stmt) -> list[ast.stmt] | None:
        """`xs.extend(e)` and `xs += e` in other words, where it is not known how much is added; else None."""
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=base, attr="extend"), args=[added], keywords=[])):
                pass
            case ast.AugAssign(target=base, op=ast.Add(), value=added):
                pass
            case _:
                return None
        found = looked_at(self, base)
        if found is None or not is_list(found) or isinstance(added, ast.Starred):
            return None
        hidden = isinstance(added, ast.Name) and added.id.startswith("<part ")  # it is in other words already
        each = isinstance(added, (ast.GeneratorExp, ast.ListComp))
        names = {n.id for n in ast.walk(base) if isinstance(n, ast.Name)}
        if each and not any(isinstance(n, ast.Name) and n.id in names for n in ast.walk(added)):
            through: ast.expr = ast.GeneratorExp(added.elt, added.generators)  # type: ignore[attr-defined]
        else:
            term = self.read(added) if hidden else self.used_up(added)
            through = added if hidden else self.hidden(term)
            length = term.value.type.shape if isinstance(term, Computed) else (0,)
            if not isinstance(length, ShapeVar) and length and isinstance(length[0], int):
                if hidden:
                    return None
                new = copy.copy(node)
                if isinstance(new, ast.AugAssign):
                    new.value = through
                else:
                    new.value = ast.copy_location(ast.Call(node.value.func, [through], []), node.value)  # type: ignore[attr-defined]
                return [new]
        item = self.free_word("item")
        call = ast.Call(ast.Attribute(base, "append", ast.Load()), [ast.Name(item, ast.Load())], [])
        return [placed(ast.For(ast.Name(item, ast.Store()), through, [ast.Expr(call)], []), node)]

    def free_word(self, word: str) -> str:
        """A name that the function does not use."""
        raise NotImplementedError

    def as_value(self, cell: Cell) -> None:
        """Let a list whose items are known one by one be a value of the graph, since it grows in a loop."""
        holds = self.current(cell.first)
        known = as_known(self.opened(holds)) if isinstance(holds, Static) else as_known(holds)
        if known is None:
            return
        for item in known:
            self.keep(item, "after it was put into a list that grows in a loop")
        made = self.graph.add(PRIMITIVES["list"], [self.value(self.here(t)) for t in known])
        if known:
            made.out.type = list_of(each(item_type(self.graph.facts, made.out)), len(known))
        tree = ast.List([Ref(v) for v in made.inputs], ast.Load())
        made.out.hint = cell.word
        self.contents[cell] = Computed(self.written(made, tree).ast, made.out, cell=cell)

    def grown_in(self, body: list[ast.stmt]) -> list[Cell]:
        """The lists that surely grow in a block, as far as they are there before, in order."""
        found: dict[Cell, None] = {}
        for node in grown_by_statements(body):
            base = looked_at(self, node)
            cell = self.cell_of(base) if base is not None and is_list(base) else None
            if cell is not None:
                found[cell] = None
        return list(found)

    def refuse_whole(self, graph: Graph, found: Iterable[Value], name: str, at: ast.AST) -> None:
        """Raise UnsupportedError where a loop's body does more with a list that grows than read items and append."""
        for v in found:
            self._refuse_whole(v, graph.nodes, name, at)

    def _refuse_whole(self, value: Value, nodes: list[Node], name: str, at: ast.AST) -> None:
        lists = {value}
        for node in reversed(nodes):
            if node.op.name == "append" and node.out in lists:
                lists.add(node.inputs[0])
        for node in nodes:
            if node.op.name == "append" and node.inputs[0] in lists:
                lists.add(node.out)
            if not lists.isdisjoint(node.inputs) and not _reads_items(node, lists):
                advice = "read it after the loop, or keep what is needed in a variable of its own"
                raise self.error(f"`{name}` grows, and is read as a whole on the way", at, advice)


def grown_by(node: ast.stmt) -> ast.expr | None:
    """The list that a statement lets grow, if it is one."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=base, attr=how), args=[_], keywords=[])):
            return base if how in GROWS else None
        case ast.AugAssign(target=ast.Name() | ast.Attribute() | ast.Subscript() as target, op=ast.Add()):
            return target
    return None


def grown_by_statements(body: list[ast.stmt]) -> list[ast.expr]:
    """What may be lists that grow in a block, in order."""
    found: list[ast.expr] = []
    todo: list[ast.AST] = [*body]
    while todo:
        part = todo.pop(0)
        grown = grown_by(part) if isinstance(part, ast.stmt) else None
        found += [] if grown is None else [grown]
        if isinstance(part, (ast.stmt, ast.excepthandler, ast.match_case)):
            if not isinstance(part, (ast.FunctionDef, ast.ClassDef)):
                todo = [*ast.iter_child_nodes(part), *todo]
    return found


def _reads_items(node: Node, lists: set[Value]) -> bool:
    """Whether a node merely reads an item of lists that grow, or hands them on."""
    if node.op is OPAQUE or node.op.name in ("length_of_list", "len"):
        return True
    if node.op.name == "append":
        return node.inputs[2] not in lists
    if node.op.name == "item_of_list":
        return True
    if isinstance(node.op, Control):
        first = node.options.get("items", 1)
        return lists.isdisjoint(node.inputs[:first])
    return False

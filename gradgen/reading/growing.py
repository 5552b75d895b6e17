"""Lists that grow: `xs.append(v)`, `xs.extend(...)` and `xs += [...]`.

A list whose items are known one by one is another list of that kind afterwards. In a loop, and where a side of a branch
appends and the other does not, it becomes a value of the graph. The cotangent of such a list is as long as the list is
at its end, so that what reads it on the way must know the place of what it reads.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..control import Control
from ..graph import OPAQUE, PRIMITIVES, Graph, Node, Value
from ..rules.lists import item_type
from ..sequences import each, list_of
from ..terms import Computed, Ref, Sequence, Static, Term, as_known, is_list, parts, sequence
from .cells import outermost
from .flow import Flow

GROWS = ("append", "extend")
"""Methods by which a list grows."""


class Growing(Flow):
    """The part of a `Program` that reads what lets lists grow."""

    def grow(self, node: ast.stmt) -> bool:
        """Let a list grow where a statement says so; False where it is no such statement."""
        found = grown_by(node)
        if found is None or not is_list(self.frame.names.get(found[0])):
            return False
        name, how, added = found
        old: Term = self.frame.names[name]
        items = [self.read(added)] if how == "append" else self._added(added, node)
        self.refuse_aliases(name, old, node)
        known = as_known(old)
        if known is not None:
            self.frame.names[name] = sequence(list, [*known, *items])
            return True
        value = self.value(self.here(old))
        made = value.node
        if made is not None and not made.subgraphs and made.op.name not in ("append", "list", "as_list"):
            what = f"`{name}` grows here, and is made of another list"
            raise self.error(what, node, f"write `{name} = [*{name}, ...]`")
        for item in items:
            self._refuse_whole(value, self.graph.nodes, name, node)
            place = self.length_of_list(value)
            place.hint = f"{self.called(name)}_len"
            value = self.graph.add(PRIMITIVES["append"], [value, place, self.value(self.here(item))]).out
            value.hint = self.called(name)
        self.frame.names[name] = Computed(Ref(value), value)
        return True

    def _added(self, node: ast.expr, at: ast.AST) -> list[Term]:
        """What `extend` and `+=` add."""
        term = self.read(node)
        known = as_known(term)
        if known is None and isinstance(term, Sequence) and term.kind is tuple:
            known = term.items
        if known is None:
            raise self.error("a list that is not written out is added to another one", at, "append the items in a loop")
        return known

    def as_value(self, name: str) -> None:
        """Let a list whose items are known one by one be a value of the graph, since it grows in a loop."""
        known = as_known(self.frame.names[name])
        if known is not None:
            made = self.graph.add(PRIMITIVES["list"], [self.value(self.here(t)) for t in known])
            if known:
                made.out.type = list_of(each(item_type(self.graph.facts, made.out)), len(known))
            tree = ast.List([Ref(v) for v in made.inputs], ast.Load())
            self.frame.names[name] = self.written(made, tree)

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

    def refuse_aliases(self, name: str, old: Term, node: ast.AST) -> None:
        """A list that grows does so under all of its names: refuse where there is another."""
        own = self.frame.names[name]
        self.frame.names[name] = Static(ast.Constant(None), None)
        reach = list(self.in_reach())
        self.frame.names[name] = own
        for other, term in reach:
            if any(_may_be_same(part, old) for part in parts(term)):
                what = f"`{name}` grows here, and `{other}` may be the same list"
                raise self.error(what, node, f"write `{name} = [*{name}, ...]` to make a new list")


def grown_by(node: ast.stmt) -> tuple[str, str, ast.expr] | None:
    """The list that a statement lets grow, how, and what it adds."""
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=how), args=[added], keywords=[])):
            return (name, how, added) if how in GROWS else None
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=added):
            return name, "extend", added
    return None


def grown_in(body: list[ast.stmt]) -> list[str]:
    """The names of what may be lists that grow in a block, in order."""
    found: dict[str, None] = {}
    todo: list[ast.AST] = [*body]
    while todo:
        part = todo.pop(0)
        grown = grown_by(part) if isinstance(part, ast.stmt) else None
        if grown is not None:
            found[grown[0]] = None
        if isinstance(part, (ast.stmt, ast.excepthandler, ast.match_case)):
            if not isinstance(part, (ast.FunctionDef, ast.ClassDef)):
                todo = [*ast.iter_child_nodes(part), *todo]
    return list(found)


def _may_be_same(a: Term, b: Term) -> bool:
    """Whether two terms may be one list: a sub-graph has terms of its own for it, of the same values."""
    if isinstance(a, Computed) and isinstance(b, Computed):
        return not lists_in(a.value).isdisjoint(lists_in(b.value))
    known, others = as_known(a), as_known(b)
    for whole, items in ((a, others), (b, known)):
        if isinstance(whole, Computed) and items is not None:
            return any(_is_made_of(w, items) for w in _contents(whole.value))
    if a is b or known is None or others is None or not known or len(known) != len(others):
        return a is b
    return all(_is_same(x, y) for x, y in zip(known, others, strict=True))


def _contents(v: Value) -> set[Value]:
    """The lists that are in a list which grows, each as what it began as."""
    found: set[Value] = set()
    todo, seen = [v], set()
    while todo:
        v = todo.pop()
        if v in seen:
            continue
        seen.add(v)
        if v.node is None:
            todo += [*v.held, *([] if v.source is None else [v.source])]
        elif v.node.op.name == "append":
            todo.append(v.node.inputs[0])
            found |= lists_in(v.node.inputs[2])
        elif v.node.op.name in ("list", "tuple"):
            for item in v.node.inputs:
                found |= lists_in(item)
        elif isinstance(v.node.op, Control):
            todo += v.node.op.sources(v.node, v.index)
    return found


def _is_made_of(v: Value, items: list[Term]) -> bool:
    """Whether a list in the graph was made of these items."""
    if v.node is None or v.node.op.name != "list" or len(v.node.inputs) != len(items):
        return False
    return all(
        isinstance(t, Static) or isinstance(t, Computed) and outermost(x) is outermost(t.value)
        for x, t in zip(v.node.inputs, items, strict=True)
    )


def _is_same(a: Term, b: Term) -> bool:
    match a, b:
        case Computed(), Computed():
            return outermost(a.value) is outermost(b.value)
        case Static(), Static():
            return a.obj is b.obj
        case Sequence(), Sequence():
            return len(a.items) == len(b.items) and all(map(_is_same, a.items, b.items))
    return a is b


def lists_in(v: Value) -> set[Value]:
    """The lists that a value may be, or hold, each as what it began as."""
    found: set[Value] = set()
    todo, seen = [v], set()
    while todo:
        v = todo.pop()
        if v in seen or not (v.type.sequence or v.type.kind == "object"):
            continue
        seen.add(v)
        if v.node is None:
            found.add(v)
            todo += [*v.held, *v.mates, *([] if v.source is None else [v.source])]
        elif isinstance(v.node.op, Control):
            found.add(v)
            todo += v.node.op.sources(v.node, v.index)
        elif v.node.op.name in ("append", "list", "tuple", "getitem"):
            found.update([v] if v.node.op.name in ("list", "tuple") else [])
            todo += v.node.inputs
        else:
            found.add(v)
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

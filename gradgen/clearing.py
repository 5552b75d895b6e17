"""Places of cotangents that are written once: what nobody reads again is not cleared, what nothing was added to is set.

The backward pass of `a[i] = v` reads the cotangent at the place and clears it, for the sake of what wrote there before;
that of `v = a[i]` adds to what others sent. Where loops fill an array from one end to the other nothing wrote there
before; where they go through one, nothing was added. The proofs compare indices, as in `lasting`.
"""

from __future__ import annotations

from typing import NamedTuple

from .branches import BRANCH
from .control import EXITS, SHAPE_ONLY, is_loop
from .exits import replaced, same_sides
from .forms import literal_number
from .graph import PRIMITIVES, Graph, Node, Value, nodes_of
from .lasting import around, is_past, never_meet, places_of
from .loops import LOOP
from .rules.indices import has_no_repeats
from .rules.primitives import FILLS
from .simplify import prune

LOOKED_AT = 64
"""How many accesses to one array are compared before the question is left open: time stays in proportion to length."""


def clear(graph: Graph) -> None:
    """Drop, in the backward pass, zeros that nobody reads, and let the first that is added at a place be assigned."""
    ways = Ways(graph)
    unseen = [node for node in _cotangents(graph, "setitem") if _clears(node) and not _is_seen(node, ways)]
    for node in unseen:
        _read_in_time(node)
        replaced(node.out.graph, {node.out: node.inputs[0]})
    if unseen:
        _hand_on_less(graph)
        prune(graph)
        ways = Ways(graph)
    first = [node for node in _cotangents(graph, "increment") if _is_first(node, ways)]
    for node in first:
        node.op = PRIMITIVES["setitem"]


def _cotangents(graph: Graph, name: str) -> list[Node]:
    """The statements of the backward pass that write into an array at an index."""
    return [
        node for node in nodes_of(graph)
        if node.op.name == name and node.backward and node.out.type.array and not node.out.type.sequence
    ]  # fmt: skip


def _clears(node: Node) -> bool:
    return literal_number(node.inputs[2]) == 0.0


class Ways:
    """How the versions of an array follow each other through the loops and branches of a graph."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.readers: dict[Value, list[Node]] = {}
        self.ends: dict[Value, list[tuple[Graph, int]]] = {}
        self._note(graph)

    def _note(self, graph: Graph) -> None:
        for node in graph.nodes:
            for v in dict.fromkeys(node.inputs):
                self.readers.setdefault(v, []).append(node)
            for inner in node.subgraphs:
                self._note(inner)
        for i, v in enumerate(graph.results):
            self.ends.setdefault(v, []).append((graph, i))

    def after(self, v: Value, reader: Node) -> list[Value] | None:
        """What an array is under further names where a node takes it; None where the node reads what is in it."""
        found: list[Value] = []
        for k in (k for k, x in enumerate(reader.inputs) if x is v):
            if reader.op.name in FILLS and k == 0:
                found.append(reader.out)
            elif reader.op in EXITS and k > 0:
                holder = reader.inputs[k].graph.holder
                if holder is None:
                    return None
                found.append(holder.outputs[k - 1])
            elif reader.op is LOOP and k >= reader.options["items"] or reader.op is BRANCH and k > 0:
                found += [inner.params[k - (reader.op is BRANCH)] for inner in reader.subgraphs]
                if reader.op is LOOP and k < reader.options["items"] + reader.options["carried"]:
                    found.append(reader.outputs[k - reader.options["items"]])
            elif SHAPE_ONLY.get(reader.op.name) != k:
                return None
        return found

    def left(self, v: Value, once: frozenset[Graph] = frozenset()) -> list[Value] | None:
        """What an array is where a sub-graph ends with it; None where it is handed out as it is.

        once: the bodies of loops of which a later step does not count.
        """
        found = []
        for graph, i in self.ends.get(v, ()):
            holder = graph.holder
            if graph is self.graph or holder is None or holder.op not in (LOOP, BRANCH):
                return None
            if holder.op is LOOP and i >= holder.options["carried"]:
                return None
            found.append(holder.outputs[i])
            if holder.op is LOOP and graph not in once:
                found.append(graph.params[holder.options["items"] + i])
        return found


class Accesses(NamedTuple):
    """Statements that read or write an array at an index, and the graph that its versions stand in, or inside of."""

    nodes: dict[Node, None]
    whole: Graph


def _reads(out: Value, ways: Ways, once: frozenset[Graph] = frozenset()) -> Accesses | None:
    """Where a part of an array is read in a version that comes of `out`; None where more of it is, or very often."""
    found: dict[Node, None] = {}
    seen, todo, count = {out}, [out], 0
    while todo:
        v = todo.pop()
        left = ways.left(v, once)
        if left is None:
            return None
        further = list(left)
        for reader in ways.readers.get(v, ()):
            count += 1
            if count > LOOKED_AT:
                return None
            if reader.op.name == "getitem" and reader.inputs[0] is v and reader.inputs[1] is not v:
                found[reader] = None
                continue
            after = ways.after(v, reader)
            if after is None:
                return None
            further += after
        todo += [w for w in further if w not in seen]
        seen.update(further)
    return Accesses(found, _outmost(seen))


def _outmost(versions: set[Value]) -> Graph:
    """The graph that all versions of an array stand in, or inside of."""
    return min((v.graph for v in versions), key=lambda graph: len(list(around(graph))))


def _is_seen(node: Node, ways: Ways) -> bool:
    """Whether somebody may read what a statement clears."""
    reads = _reads(node.out, ways)
    if reads is None:
        return True
    soon = _reads(node.out, ways, frozenset(around(node.out.graph))) if reads.nodes else reads
    places = places_of(node.args[1])
    return not all(
        never_meet(places, places_of(read.args[1]), reads.whole)
        or is_past(node, places, read, reads.whole, sees=soon is None or read in soon.nodes)
        for read in reads.nodes
    )


def _read_in_time(clearing: Node) -> None:
    """Let what is read at a place be a statement of its own where the array is written before all that needs it."""
    base, index, _ = clearing.inputs
    nodes = clearing.out.graph.nodes
    writers = [n for n in nodes if {base, clearing.out} & set(n.inputs) and (n.op.name in FILLS or n.subgraphs)]
    before = [_needed(n) for n in writers if n is not clearing]
    for read in nodes:
        if read.op.name == "getitem" and read.inputs == (base, index):
            readers = [n for n in nodes if read.out in n.inputs]
            if any(reader not in needed for needed in before for reader in readers):
                read.op = PRIMITIVES["pick"]


def _needed(node: Node) -> set[Node]:
    """A node, and those that compute what it reads."""
    found, todo = {node}, [node]
    while todo:
        more = {v.node for v in todo.pop().inputs if v.node is not None} - found
        found |= more
        todo += more
    return found


def _is_first(node: Node, ways: Ways) -> bool:
    """Whether an array of zeros is still zero where a statement adds to it."""
    if not has_no_repeats(node.args[1]):
        return False
    places = places_of(node.args[1])
    before = _writes_before(node.inputs[0])
    return before is not None and all(
        never_meet(places, places_of(write.args[1]), before.whole)
        or is_past(write, places_of(write.args[1]), node, before.whole)
        for write in before.nodes
    )


def _writes_before(v: Value) -> Accesses | None:
    """The statements that wrote into an array which began as zeros; None where it did not, or there are very many."""
    found: dict[Node, None] = {}
    seen, todo = {v}, [v]
    while todo:
        v = todo.pop()
        node, further = v.node, list[Value]()
        if node is None:
            holder = v.graph.holder
            if v.source is not None:
                further = [v.source]
            elif holder is not None and is_loop(holder) and v in LOOP.carried(holder):
                place = LOOP.carried(holder).index(v)
                further = [LOOP.initial(holder)[place], v.graph.results[place]]
            else:
                return None
        elif node.op.name in (*FILLS, "scatter"):
            found[node] = None
            further = [] if node.op.name == "scatter" else [node.inputs[0]]
        elif node.op is BRANCH or node.op is LOOP and v.index < node.options["carried"]:
            further = node.op.sources(node, v.index)
        elif node.op.name != "zeros_for":
            return None
        if len(found) > LOOKED_AT:
            return None
        todo += [w for w in further if w not in seen]
        seen.update(further)
    return Accesses(found, _outmost(seen))


def _hand_on_less(graph: Graph) -> None:
    """Let loops and branches that leave an array as it was no longer hand it on."""
    for node in list(graph.nodes):
        for inner in node.subgraphs:
            _hand_on_less(inner)
        if node.op is BRANCH and node.backward:
            same_sides(graph, node)
        elif node.op is LOOP and node.backward:
            replaced(graph, LOOP.unchanged(node))

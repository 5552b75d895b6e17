"""Parts of arrays that loops fill and do not write again: what was read there is still there when the loops are done.

A loop that fills an array, `y[i] = f(y[i - 1])`, or a table, `D[i, j] = g(D[i - 1, j], D[i, j - 1])`, leaves behind
all that its steps read, so that nothing of it needs to be recorded. The proof compares indices: the places that
counters reach later come after the place that was read, in the order in which nested loops go through them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from .buffers import may_share, roots, written
from .control import reversed_items
from .graph import Graph, Node, Value, nodes_of, type_of
from .rules.indices import getitem_type, index_items, is_basic, slice_parts
from .rules.primitives import FILLS
from .rules.registry import primitive
from .shapes import Dim


class Affine(NamedTuple):
    """`var + const`, or `const` where var is None."""

    var: Value | None
    const: int


class Span(NamedTuple):
    """The places from `first` to `last` on an axis; None where one is not known."""

    first: Affine | None
    last: Affine | None


Places = dict[int, Span]
"""What stands at each axis of an index, where that is known."""


class Lasting:
    """What stays where it is in the arrays that loops write into; for questions between which no graph changes."""

    def __init__(self) -> None:
        self._writes: dict[Graph, list[Node]] = {}
        self._stored: dict[Graph, dict[Value, list[Node]]] = {}

    def lasts(self, read: Node) -> bool:
        """Whether `x[index]`, in a loop that writes into `x`, is the same when all loops that do so are done."""
        return self._lasts(read.inputs[0], read, read)

    def written_to(self, v: Value) -> Node | None:
        """The `x[index] = v` that leaves `v` where it still is when all loops that write into `x` are done."""
        if v.graph.holder is None:
            return None
        if v.graph not in self._stored:
            stored = self._stored[v.graph] = {}
            for node in v.graph.nodes:
                if node.op.name == "setitem" and not node.backward:
                    stored.setdefault(node.inputs[2], []).append(node)
        for node in self._stored[v.graph].get(v, ()):
            if is_basic(node.args[1]):
                part = getitem_type(v.graph.facts, node.out, node.args[1])
                fits = v.graph.facts.same_shape(part.shape, v.type.shape) and part.kind == v.type.kind
                if fits and self._lasts(node.out, node, node):
                    return node
        return None

    def _lasts(self, x: Value, indexed: Node, at: Node) -> bool:
        """Whether what `x` holds at the index of a node, when `at` is done, is not written any more."""
        places = places_of(indexed.args[1])
        chain = _chain(x)
        if chain is None or not chain[1] or not places:
            return False
        root, loops = chain
        whole, body = _graph_of(loops[-1]), loops[-1].subgraphs[0]
        if body not in self._writes:
            self._writes[body] = _writes(body)
        writes = self._writes[body]
        return all(_is_past(at, places, node, root, whole) for node in writes if may_share(node.inputs[0], x))


def _writes(whole: Graph) -> list[Node]:
    """The statements that write at an index; of those into one array, at the same places, in one graph, the last.

    What that does not reach any more the others do not.
    """
    began: dict[Value, Value] = {}
    last: dict[Any, Node] = {}
    for node in nodes_of(whole):
        if node.op.name in FILLS and not node.backward:
            array = began[node.out] = began.get(node.inputs[0], node.inputs[0])
            last[node.out.graph, array, tuple(places_of(node.args[1]).items())] = node
    return list(last.values())


def changes(v: Value) -> bool:
    """Whether the steps of a loop around an array write into it."""
    chain = _chain(v)
    if chain is not None and chain[1]:
        return True
    inner: Value | None = v
    while inner is not None:
        holder = inner.graph.holder
        turns = holder is not None and holder.op.turns  # type: ignore[attr-defined]
        if turns and not written(inner.graph).isdisjoint(roots(inner, grown=False)):
            return True
        inner = inner.source if inner.node is None else None
    return False


def origin(v: Value) -> Value | None:
    """What the array that `v` is a version of was first, in the graph of `v`; None where that is not one array."""
    while v.node is not None:
        node = v.node
        if node.op.name in FILLS:
            v = node.inputs[0]
        elif node.subgraphs and node.op.turns:  # type: ignore[attr-defined]
            if v.index >= node.options["carried"] or not _stays_itself(node, v.index):
                return None
            v = node.inputs[node.options["items"] + v.index]
        elif node.op.name == "branch":
            found = {_outside(graph.results[v.index]) for graph in node.subgraphs}
            if len(found) != 1 or None in found:
                return None
            v = next(iter(found))  # type: ignore[assignment]
        else:
            return v
    return v


def _outside(v: Value) -> Value | None:
    first = origin(v)
    return None if first is None or first.node is not None else first.source


def _stays_itself(loop: Node, place: int) -> bool:
    """Whether a carried value is the same array after each step."""
    [body] = loop.subgraphs
    return origin(body.results[place]) is body.params[loop.options["items"] + place]


def _is_of_one_shape(v: Value) -> bool:
    """Whether what a loop carries surely has the same shape at every step."""
    return v.type.ndim is not None and not any(isinstance(d, Dim) and d.loose for d in v.type.shape)  # type: ignore[union-attr]


def _chain(v: Value) -> tuple[Value, list[Node]] | None:
    """What an array was before all loops that write into it, and these, the inmost first."""
    loops: list[Node] = []
    first: Value | None = v
    while True:
        first = origin(first)  # type: ignore[arg-type]
        if first is None or first.node is not None:
            return None if first is None else (first, loops)
        holder = first.graph.holder
        if first.source is not None:
            first = first.source
        elif holder is not None and holder.op.turns and first in holder.op.carried(holder):  # type: ignore[attr-defined]
            place = first.graph.params.index(first)
            if not _stays_itself(holder, place - holder.options["items"]):
                return None
            loops.append(holder)
            first = holder.inputs[place]
        else:
            return first, loops


def last_version(v: Value, holder: Node) -> Value | None:
    """What `v`, an array in a sub-graph of `holder`, is around it in the end; None where no loop writes into it."""
    first = origin(v)
    if first is None or first.node is not None or not changes(v):
        return None
    if first.source is not None:
        out = first.source
    else:
        place = first.graph.params.index(first) - holder.options["items"]
        out = holder.outputs[place]
        if not (_stays_itself(holder, place) or _is_of_one_shape(first)):
            return None
    if out.graph.holder is None:
        return out
    known = (n.out for n in reversed(out.graph.nodes) if n.op.name == "final" and n.inputs[0] is out)
    found = next(known, None)
    if found is not None:
        return found
    with out.graph.at(holder.origin, backward=True):
        return final(out)  # type: ignore[no-any-return]


@primitive(signature="x", rule=lambda g, out, x: g, infer=lambda facts, x: type_of(x), alias="view", cheap=True)
def final(x: Any) -> Any:
    """`x`, or any later version of it: what is read is the same in all of them."""
    return x


# ---- what is written later


def _is_past(at: Node, places: Places, write: Node, root: Value, whole: Graph) -> bool:
    """Whether `write`, into an array that began as `root`, does not reach `places` any more, once `at` is done."""
    chain = _chain(write.inputs[0])
    return chain is not None and chain[0] is root and is_past(at, places, write, whole)


def is_past(at: Node, places: Places, other: Node, whole: Graph, sees: bool = True) -> bool:
    """Whether the index of `other` does not reach `places` any more, once `at` is done; both stand inside of `whole`.

    sees: whether in the same step of all loops around both, `other` may come after `at`, if the order tells nothing.
    """
    theirs_at = places_of(other.args[1])
    mine, theirs = _path(at, whole), _path(other, whole)
    if mine is None or theirs is None:
        return False
    depth = 0
    while depth + 1 < min(len(mine), len(theirs)) and mine[depth] is theirs[depth] and _same_graph(mine, theirs, depth):
        depth += 1
    if mine[depth] is theirs[depth]:  # they are on two sides of a branch, or one
        both, together = mine[:depth], True
    else:
        nodes = _graph_of(mine[depth]).nodes
        both, together = mine[:depth], not sees or nodes.index(theirs[depth]) < nodes.index(mine[depth])
    apart, unlike, alike = False, _tested(mine, "not_equal"), _tested(mine, "equal")
    like = _tested(theirs, "equal")
    for loop in (node for node in both if node.op.turns):  # type: ignore[attr-defined]
        counters = _counters(loop)
        pairs = [
            (here, there, counters[there.var])
            for a in theirs_at.keys() & places.keys()
            if _is_counted(places[a]) and _is_counted(theirs_at[a])
            for mine_end, their_end, up in (
                (places[a].last, theirs_at[a].first, True), (places[a].first, theirs_at[a].last, False),
            )
            for here, there in itertools.product(_forms(mine_end, alike), _forms(their_end, like))
            if there.var in counters and up == (counters[there.var] > 0)
        ]  # fmt: skip
        if not apart and not any(_is_before(a, Affine(b.var, b.const + step), step) for a, b, step in pairs):
            return False
        apart = apart or any(
            _is_before(a, b, step) or (a, b) in unlike and _is_before(a, b, step, 1) for a, b, step in pairs
        )
    return apart or together


def never_meet(a: Places, b: Places, whole: Graph) -> bool:
    """Whether two indices are of different places at any time of one run through `whole`, in which both stand: on some
    axis, one is past the other."""
    known = set(around(whole))
    for axis in a.keys() & b.keys():
        if _is_counted(a[axis]) and _is_counted(b[axis]):
            for one, other in ((a[axis], b[axis]), (b[axis], a[axis])):
                for most in _ends_of(one.last, True, known):
                    if any(most.var is least.var and most.const < least.const
                           for least in _ends_of(other.first, False, known)):  # fmt: skip
                        return True
    return False


def _ends_of(a: Affine | None, up: bool, known: set[Graph]) -> list[Affine]:
    """The most, or else the least, that `a` is, in terms of values of the graphs that are `known`."""
    found = []
    for _ in range(8):
        if a is None:
            break
        if a.var is None or a.var.graph in known:
            found.append(a)
        ends = None if a.var is None else _ends(a.var)
        a = None if ends is None else Affine(ends[up].var, ends[up].const + a.const)
    return found


def _same_graph(mine: list[Node], theirs: list[Node], depth: int) -> bool:
    """Whether the next steps of two paths are in the same sub-graph."""
    return _graph_of(mine[depth + 1]) is _graph_of(theirs[depth + 1])


def _graph_of(node: Node) -> Graph:
    return node.outputs[0].graph


def around(graph: Graph) -> Iterator[Graph]:
    """A graph, and those that it stands in."""
    yield graph
    while graph.holder is not None:
        graph = _graph_of(graph.holder)
        yield graph


def _path(node: Node, whole: Graph) -> list[Node] | None:
    """The nodes with sub-graphs between `whole` and a node, which comes last."""
    path = [node]
    while _graph_of(path[0]) is not whole:
        holder = _graph_of(path[0]).holder
        if holder is None:
            return None
        path.insert(0, holder)
    return path


def _tested(path: list[Node], name: str) -> list[tuple[Affine | None, Affine | None]]:
    """The places that are equal, or not equal, on the sides of branches that lead to a node."""
    found = []
    for holder, inner in itertools.pairwise(path):
        test = holder.inputs[0].node if holder.op.name == "branch" else None
        if test is not None and test.op.name in ("equal", "not_equal"):
            side = 0 if test.op.name == name else 1
            if holder.subgraphs[side] is _graph_of(inner):
                a, b = map(_affine, test.args)
                found += [(a, b), (b, a)]
    return found


def _forms(place: Affine | None, alike: list[tuple[Affine | None, Affine | None]]) -> list[Affine]:
    """A place, and what it is equal to."""
    return [] if place is None else [place, *(b for a, b in alike if a == place and b is not None)]


def _is_counted(span: Span) -> bool:
    """Whether no place of a span is counted from the end."""
    first, last = span
    stop = None if last is None else Affine(last.var, last.const + 1)
    return first is not None and _is_not_negative(first) and (stop is None or _is_not_negative(stop))


def _is_before(a: Affine, b: Affine, step: int, slack: int = 0) -> bool:
    """Whether a loop that counts by `step` surely comes by `a` before it comes by `b`, or `slack` places after it."""
    limit, other = _limit(a, b.var, up=step > 0), b.const
    if limit is None:
        limit, least = _limit(a, None, up=step > 0), _limit(b, None, up=step < 0)
        if limit is None or least is None:
            return False
        other = least
    return limit < other + slack if step > 0 else limit > other - slack


def _limit(a: Affine, var: Value | None, up: bool) -> int | None:
    """The most, or else the least, that `a` is above `var`; None where nothing is known."""
    const = a.const
    for _ in range(8):
        if a.var is var:
            return const
        ends = None if a.var is None else _ends(a.var)
        if ends is None:
            return None
        a = ends[1] if up else ends[0]
        const += a.const
    return None


def _is_not_negative(a: Affine) -> bool:
    least = _limit(a, None, up=False)
    return least is not None and least >= 0


# ---- indices and counters


def places_of(index: Any) -> Places:
    """What stands at each axis of an index, where that is counters and numbers."""
    found: Places = {}
    for axis, item in enumerate(index_items(index)):
        if item is None or item is Ellipsis:
            break
        parts = slice_parts(item)
        place = _affine(item) if parts is None else None
        if parts is None and place is None:
            break  # an array of truth values may stand for several axes
        found[axis] = Span(place, place) if parts is None else _span(*parts)
    return found


def _span(start: Any, stop: Any, step: Any) -> Span:
    """The places that a slice stands for."""
    if not (step is None or isinstance(step, int) and step > 0):
        return Span(None, None)
    end = None if stop is None else _affine(stop)
    return Span(Affine(None, 0) if start is None else _affine(start), end and Affine(end.var, end.const - 1))


def _affine(item: Any) -> Affine | None:
    if isinstance(item, int) and not isinstance(item, bool):
        return Affine(None, item)
    if not isinstance(item, Value):
        return None
    while item.node is None and item.source is not None:
        item = item.source
        if item.const is not item:
            return _affine(item.const)
    if item.type.kind != "int" or item.type.ndim != 0:
        return None
    if item.node is not None and item.node.op.name in ("add", "subtract", "plus"):
        a, b = map(_affine, item.node.args)
        if a is None or b is None:
            return None
        if item.node.op.name == "subtract":
            return Affine(a.var, a.const - b.const) if b.var is None else None
        var = b.var if a.var is None else a.var
        return Affine(var, a.const + b.const) if a.var is None or b.var is None else None
    return Affine(item, 0)


def _counters(loop: Node) -> dict[Value | None, int]:
    """The items of a loop that count its steps, and by how much, be it upwards or downwards."""
    found: dict[Value | None, int] = {}
    for p in loop.op.items(loop):  # type: ignore[attr-defined]
        count = _count(p)
        if count is not None:
            back = loop.subgraphs[0].params.index(p) in reversed_items(loop.options["header"])
            found[p] = -count[2] if back else count[2]
    return found


def _count(p: Value) -> tuple[Any, Any, int] | None:
    """(start, stop, step) of an item that counts, from whichever end."""
    holder = p.graph.holder
    if holder is None or not holder.op.turns or p.node is not None:  # type: ignore[attr-defined]
        return None
    place = p.graph.params.index(p)
    if place >= holder.options["items"]:
        return None
    source = holder.inputs[place].node
    if source is None or source.op.name not in ("range", "steps_of"):
        return None
    if source.op.name == "steps_of":
        return source.args[1], None, 1
    start, stop, step = {1: (0, *source.args, 1), 2: (*source.args, 1)}.get(len(source.args), source.args)
    return (start, stop, step) if isinstance(step, int) and step != 0 else None


def _ends(p: Value) -> tuple[Affine, Affine] | None:
    """The least and the most that a counter is."""
    count = _count(p)
    if count is None:
        return None
    start, stop, step = count
    first, last = _affine(start), None if stop is None else _affine(stop)
    nowhere = Affine(p, 0)  # nothing is known of this end
    first = nowhere if first is None else first
    last = nowhere if last is None else Affine(last.var, last.const + (-1 if step > 0 else 1))
    return (first, last) if step > 0 else (last, first)

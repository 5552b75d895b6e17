"""Arrays that are written in place: what is still read of them as they were is kept in time.

A version of an array and the one that a statement makes of it share their memory. A part of the old one that is read
after the statement, be it in the backward pass or from the record of a step, is copied where it is read from the
array, before the statement; a whole array that is read is left to `buffers`, which copies what is written.
"""

from __future__ import annotations

from .buffers import alias_of, is_made_here, is_number, is_part, roots, written
from .control import SHAPE_ONLY, UNDEFINED, exits
from .graph import CONST, PRIMITIVES, Graph, Node, Value, nodes_of
from .loops import LOOP
from .rules.primitives import FILLS, WRITES
from .schedule import is_light


def keep_records(graph: Graph) -> None:
    """Record what lies in an array that is written as copies, in all loops of `graph`."""
    changed = written(graph)
    for node in list(nodes_of(graph)):
        if node.op is LOOP:
            _copy_records(node, changed)


def keep(graph: Graph) -> None:
    """Copy, in `graph` and its sub-graphs, the parts of arrays that outlive the version they are parts of."""
    for node in graph.nodes:
        for inner in node.subgraphs:
            keep(inner)
        if node.op is LOOP:
            _own_begins(node)
    last = _last_reads(graph)
    ends = _overwritten(graph)
    for node in graph.nodes:
        if node.op.name == "getitem" and node.inputs[0] in ends and ends[node.inputs[0]] < last.get(node.out, -1):
            node.op = PRIMITIVES["pick"]


def keep_sizes(graph: Graph) -> None:
    """Let the sizes that the loops of the way back go by be those of arrays that are there, not of what was written."""
    for node in graph.nodes:
        for inner in node.subgraphs:
            keep_sizes(inner)
    loops = [node for node in graph.nodes if node.op is LOOP and node.backward]
    changed = written(graph) if loops else set()
    for node in loops:
        count = node.options["items"]
        arrays = [v for v in node.inputs[count:] if v.type.array and v.type.ndim]
        items = tuple(_asked_of(v, arrays, changed, node) for v in node.inputs[:count])
        node.inputs = (*items, *node.inputs[count:])


def _asked_of(v: Value, arrays: list[Value], changed: set[Value], loop: Node) -> Value:
    """A range and the like, read from one of `arrays` where it is read from one of the same shape that is `changed`."""
    node, graph = v.node, loop.outputs[0].graph
    if node is None or node.backward or v.graph is not graph or not is_light(node):
        return v
    if SHAPE_ONLY.get(node.op.name) == 0:
        base = node.inputs[0]
        like = [x for x in arrays if graph.facts.same_shape(x.type.shape, base.type.shape)]
        inputs = (like[0], *node.inputs[1:]) if base in changed and like else node.inputs
    else:
        inputs = tuple(_asked_of(x, arrays, changed, loop) for x in node.inputs)
    if inputs == node.inputs:
        return v
    again = Node(node.op, inputs, node.options)
    again.origin, again.backward, again.again, again.ast = loop.origin, True, True, node.ast
    again.outputs.append(Value(graph, v.type, again))
    graph.nodes.insert(graph.nodes.index(loop), again)
    return again.out


def _own_begins(node: Node) -> None:
    """Let what is broadcast be an array of its own where the steps of a loop write into it."""
    into = written(node.subgraphs[0])
    for p, v in zip(LOOP.carried(node), LOOP.initial(node), strict=True):
        if p in into and v.node is not None and v.node.op.name == "broadcast_like":
            v.node.op = PRIMITIVES["expand"]


def _last_reads(graph: Graph) -> dict[Value, int]:
    """The place of the statement that last reads each value, or views of it."""
    last: dict[Value, int] = dict.fromkeys(graph.results, len(graph.nodes))
    for place, node in reversed(list(enumerate(graph.nodes))):
        until = max((last.get(out, -1) for out in node.outputs), default=-1) if is_part(node) else place
        for v in node.inputs:
            last[v] = max(last.get(v, -1), until)
    return last


def _overwritten(graph: Graph) -> dict[Value, int]:
    """The place of the first statement that writes into the memory of each value."""
    found: dict[Value, int] = {}
    for place, node in enumerate(graph.nodes):
        if node.op.name in FILLS:
            todo: list[Value] = [node.inputs[0]]
            while todo:
                v = todo.pop()
                if v not in found:
                    found[v] = place
                    if v.node is not None and (v.node.op.name in FILLS or is_part(v.node)):
                        todo += v.node.inputs[:1]
    return found


def _is_number(v: Value) -> bool:
    """Whether a record is a number, or nothing: it lies in nobody's memory."""
    sides = v.node.op.sources(v.node, v.index) if v.node is not None and v.node.subgraphs else [v]  # type: ignore[attr-defined]
    return all(side.const is UNDEFINED or side.const is None or is_number(side) for side in sides)


def _copy_records(node: Node, changed: set[Value]) -> None:
    """changed: the values that may lie where something is written."""
    [body] = node.subgraphs
    for i, r in enumerate(body.results[node.options["carried"] :], start=node.options["carried"]):
        if r.type.kind == "object" or r.type.ndim == 0 and _is_number(r) or changed.isdisjoint(roots(r, grown=False)):
            continue
        if _is_left_alone(node, r):
            continue
        if r.node is not None and r.node.op.name == "getitem":
            r.node.op = PRIMITIVES["pick"]
            continue
        with body.at(node.origin if r.node is None else r.node.origin):
            made = body.add(PRIMITIVES["pick"], [r, Ellipsis])
        made.out.hint = r.hint
        body.nodes.remove(made)
        body.nodes.insert(0 if r.node is None else body.nodes.index(r.node) + 1, made)
        body.results[i] = made.out


def _is_left_alone(node: Node, r: Value) -> bool:
    """Whether what is recorded of a step lies in memory that the step made, and that nothing writes into afterwards."""
    [body] = node.subgraphs
    lie = roots(r)
    if r.node is None or any(v.graph is body and not _is_new(v) for v in lie):
        return False
    made = [v for v in lie if v.graph is not body and v.node is not None and not v.node.subgraphs]
    if not all(_is_inside(v, body) for v in made):
        return False
    left = [v for leave in exits(body) for v in leave.inputs[1:]]
    if any(not lie.isdisjoint(roots(v)) for v in [*body.results[: node.options["carried"]], *left]):
        return False
    after = body.nodes[body.nodes.index(r.node) + 1 :]
    later = [inner for x in after for inner in (x, *(y for graph in x.subgraphs for y in nodes_of(graph)))]
    return all(lie.isdisjoint(roots(x.inputs[0], grown=False)) for x in later if x.op.name in FILLS)


def _is_new(v: Value) -> bool:
    """Whether a value of a step lies in memory that the step made, or in what that shows as well."""
    if v.node is None or v.node.op is CONST:
        return v.node is not None and is_made_here(v.node)
    return bool(v.node.subgraphs) or v.node.op.name in WRITES or alias_of(v.node) in ("fresh", "view", "maybe")


def _is_inside(v: Value, body: Graph) -> bool:
    """Whether a value belongs to a graph within the body of a loop."""
    graph = v.graph
    while graph.holder is not None and graph is not body:
        graph = graph.holder.outputs[0].graph
    return graph is body

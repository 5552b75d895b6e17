"""Arrays that are written in place: what is still read of them as they were is kept in time.

A version of an array and the one that a statement makes of it share their memory. A part of the old one that is read
after the statement, be it in the backward pass or from the record of a step, is copied where it is read from the
array, before the statement; a whole array that is read is left to `buffers`, which copies what is written.
"""

from __future__ import annotations

from .buffers import is_number, is_part, roots, written
from .control import UNDEFINED
from .graph import PRIMITIVES, Graph, Node, Value, nodes_of
from .loops import LOOP
from .rules.primitives import FILLS


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
        if r.node is not None and r.node.op.name == "getitem":
            r.node.op = PRIMITIVES["pick"]
            continue
        with body.at(node.origin if r.node is None else r.node.origin):
            made = body.add(PRIMITIVES["pick"], [r, Ellipsis])
        made.out.hint = r.hint
        body.nodes.remove(made)
        body.nodes.insert(0 if r.node is None else body.nodes.index(r.node) + 1, made)
        body.results[i] = made.out

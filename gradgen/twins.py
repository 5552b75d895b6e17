"""What is read once more, of what did not change meanwhile and under the same name, is read once.

So it is with what each call of a helper unpacks, or with a length that a function and its helper both ask for.
"""

from __future__ import annotations

from typing import Any

from .control import is_loop
from .exits import replaced
from .graph import CONST, OPAQUE, Graph, Node, Value
from .schedule import PARTS, is_light


def read_once(graph: Graph) -> None:
    """Drop, in a graph of the forward pass and in those inside, views and sizes that have their name already."""
    latest: dict[str, Value] = {}
    known: dict[Any, Value] = {}
    first: dict[Value, Value] = {}
    again: dict[Value, Value] = {}
    for node in graph.nodes:
        for inner in node.subgraphs:
            read_once(inner)
        if _is_read(node):
            key = (node.out.hint, node.op, *(_named(first.get(v, v)) for v in node.inputs), repr(node.options))
            first[node.out] = before = known.setdefault(key, node.out)
            if before is not node.out and latest.get(node.out.hint) is before and node.op.name not in PARTS:
                again[node.out] = before
                continue
        latest.update((v.hint, v) for v in [*_bound_inside(node), *node.outputs] if v.hint)
    dropped = {v.node for v in again if v not in graph.results}
    graph.nodes[:] = [node for node in graph.nodes if node not in dropped]
    replaced(graph, {v: before for v, before in again.items() if v.node in dropped})


def _is_read(node: Node) -> bool:
    return len(node.outputs) == 1 and node.op not in (CONST, OPAQUE) and not node.effect and is_light(node)


def _named(v: Value) -> Any:
    """A value, constants by what they are."""
    return v if v.const is v else repr(v.const)


def _bound_inside(node: Node) -> list[Value]:
    """The values that get names in the sub-graphs of a node."""
    found: list[Value] = []
    for graph in node.subgraphs:
        found += [v for v in graph.params if v.source is None] if is_loop(node) else []
        for inner in graph.nodes:
            found += [*inner.outputs, *_bound_inside(inner)]
    return found

"""The last branch of the forward pass and the first of the backward pass, on the same condition, as one.

So a side goes forward and back in one piece, and need not leave behind what only its own way back reads.
"""

from __future__ import annotations

from .branches import BRANCH, add_branch
from .control import UNDEFINED
from .graph import CONST, Graph, Node, Value
from .schedule import COMPARISONS


def fuse(graph: Graph) -> None:
    """Join the branches where the forward pass turns, in `graph` and in the sides of the joined branch."""
    split = next((i for i, node in enumerate(graph.nodes) if node.backward), None)
    if split is None:
        return
    forward = _last_branch(graph.nodes[:split])
    backward = None if forward is None else _answer(forward, graph.nodes[split:])
    if forward is None or backward is None:
        return
    inside = {v: i for i, v in enumerate(forward.outputs)}
    for there, back in zip(forward.subgraphs, backward.subgraphs, strict=True):
        there.captured = dict(zip(forward.inputs[1:], there.params, strict=True))
        _append(there, back, backward, inside)
    joined = add_branch(graph, forward.inputs[0], list(forward.subgraphs), expression=False)
    graph.nodes.remove(joined)
    joined.origin, joined.effect = backward.origin, forward.effect
    joined.backward = True
    for i, out in enumerate([*forward.outputs, *backward.outputs]):
        out.node, out.index = joined, i
    joined.outputs = [*forward.outputs, *backward.outputs]
    graph.nodes.remove(forward)
    graph.nodes[graph.nodes.index(backward)] = joined
    for arm in joined.subgraphs:
        fuse(arm)


def _last_branch(nodes: list[Node]) -> Node | None:
    """The last node, where it is a branch; nodes that do not need it may stand behind it."""
    at = next((i for i in reversed(range(len(nodes))) if nodes[i].op is BRANCH), None)
    if at is None or any(node.effect for node in nodes[at + 1 :]):
        return None
    made = set(nodes[at].outputs)
    for node in nodes[at + 1 :]:
        if any(v in made for v in node.inputs):
            return None
    return nodes[at]


def _answer(forward: Node, nodes: list[Node]) -> Node | None:
    """The branch that answers the last one of the forward pass, where that may as well be computed just before it."""
    made = set(forward.outputs)
    for i, node in enumerate(nodes):
        if node.op is BRANCH and _same(node.inputs[0], forward.inputs[0]):
            return node if i == 0 or not forward.effect else None
        if any(v in made for v in node.inputs):
            return None
    return None


def _same(a: Value, b: Value) -> bool:
    """Whether two conditions are one, or compare the same; of code that is passed on nobody knows what it asks."""
    if a is b or a.node is None or b.node is None:
        return a is b
    return a.node.op.name in COMPARISONS and a.node.key() == b.node.key()


def _append(arm: Graph, back: Graph, node: Node, inside: dict[Value, int]) -> None:
    """Let `arm` go on with the nodes of `back`, a side of the branch `node`; `inside`: what the first branch gives."""
    table = {}
    for param, v in zip(back.params, node.inputs[1:], strict=True):
        table[param] = arm.results[inside[v]] if v in inside else arm.capture(v)

    def here(v: Value) -> Value:
        if v.node is not None and v.node.op is CONST and v.graph is back and not v.hint:
            return arm.const(v.node.options["value"], v.node.ast)
        return table.get(v, v)

    for inner in back.nodes:
        inner.inputs = tuple(map(here, inner.inputs))
        if inner.op.name == "zeros_if_any" and inner.inputs[0].const is None:
            table[inner.out] = arm.const(UNDEFINED)  # nor has what is not assigned here a cotangent here
            continue
        for out in inner.outputs:
            out.graph = arm
        arm.nodes.append(inner)
    arm.results = [*arm.results, *map(here, back.results)]

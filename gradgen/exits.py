"""Ways out of loops: what a loop that may be left hands on is simplified, and its body put in a row where that can be.

While it is read, `if c: break` becomes a branch with all that follows on its other side, which carries a flag. Where
nothing that has a cotangent changes in a step that is left there, the step need not be recorded, and what follows
stands behind the way out, in a row (`straighten`). `tidy` finds what is the same on every side that counts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from .branches import BRANCH, add_branch
from .control import (
    LEAVE_IF,
    LEAVE_UNLESS,
    UNDEFINED,
    Control,
    exits,
    inlined,
    is_literal,
    is_loop,
    may_stop,
    refresh,
    replace_params,
)
from .graph import Graph, Node, Value
from .simplify import prune

ROUNDS = 8
"""How often a graph is looked through until nothing more is found."""


def tidy(graph: Graph) -> None:
    """Let what is one value on all sides that count be that, in a graph with loops that may be left."""
    if not any(is_loop(node) and may_stop(node) for _, node in _all(graph)):
        return
    for _ in range(ROUNDS):
        found = [
            same_sides(inner, node) or _not_after(inner, node) or _told_twice(inner, node)
            for inner, node in list(_all(graph))
        ]
        if not any(found):
            break
        prune(graph)


def _all(graph: Graph) -> Iterable[tuple[Graph, Node]]:
    """All nodes and the graphs that they stand in, those of sub-graphs first."""
    for node in graph.nodes:
        for inner in node.subgraphs:
            yield from _all(inner)
        yield graph, node


def same_sides(graph: Graph, node: Node) -> bool:
    """Whether a branch gave something that is the same on each side that gives anything, which stands for it now."""
    if node.op is not BRANCH or node.options["expression"]:
        return False
    table = {}
    for out in node.outputs:
        sides = [_around(node, arm.results[out.index]) for arm in node.subgraphs]
        known = [v for v in sides if v is None or v.const is not UNDEFINED]
        first = known[0] if known else None
        if first is not None and all(_is_same(v, first) for v in known):
            table[out] = graph.const(first.const) if is_literal(first) else first
    alone = [out for out in node.outputs if out not in table]
    if len(alone) == 1 and not node.effect:
        yes, no = (arm.results[alone[0].index].const for arm in node.subgraphs)
        if yes is True and no is False and node.inputs[0].type.kind == "bool":
            table[alone[0]] = node.inputs[0]
    return replaced(graph, table)


def _is_same(v: Value | None, w: Value) -> bool:
    if v is w:
        return True
    return v is not None and is_literal(v) and is_literal(w) and repr(v.const) == repr(w.const)


def _around(node: Node, v: Value) -> Value | None:
    """What a result of a side is outside: the value that it took from there, or a constant; None if it made it."""
    if is_literal(v):
        return v
    return v.source if v.node is None and v.source in node.inputs else None


def replaced(graph: Graph, table: dict[Value, Value]) -> bool:
    """Let other values stand for some; whether there were any."""
    if not table:
        return False

    def final(v: Value) -> Value:
        while v in table:
            v = table[v]
        return v

    for node in graph.nodes:
        if any(v in table for v in node.inputs):
            node.inputs = tuple(map(final, node.inputs))
            if isinstance(node.op, Control):
                _take_once(node)
                refresh(node)
    graph.results = [final(v) for v in graph.results]
    graph.named = {name: final(v) for name, v in graph.named.items()}
    return True


def _take_once(node: Node) -> None:
    """Let the sub-graphs of a node know a value that they took under several parameters under one."""
    taken = node.op.stands_for(node)  # type: ignore[attr-defined]
    again: set[int] = set()
    for graph in node.subgraphs:
        first: dict[Value, Value] = {}
        table = {p: first[taken[p]] for p in graph.params if p in taken and first.setdefault(taken[p], p) is not p}
        again |= {len(node.inputs) - len(graph.params) + k for k, p in enumerate(graph.params) if p in table}
        replace_params(graph, table)
    node.inputs = tuple(v for k, v in enumerate(node.inputs) if k not in again)


def _not_after(graph: Graph, node: Node) -> bool:
    """Whether a loop handed on what matters to a further step alone, and is one value whenever there is one."""
    if not is_loop(node) or node.options["stop"] is None:
        return False
    [body] = node.subgraphs
    used = _used_after(graph, node.outputs[node.options["stop"]])
    stop, found = body.results[node.options["stop"]], False
    for i, out in enumerate(node.outputs[: node.options["carried"]]):
        if out not in used and i != node.options["stop"]:
            r = body.results[i]
            handed = _going_on(body, stop, r)
            if handed is not None and len(set(handed)) == 1 and handed[0] is not r:
                body.results[i], found = handed[0], True
    if found:
        refresh(node)
    return found


def _used_after(graph: Graph, flag: Value) -> set[Value]:
    """The values of `graph` that are read, other than on the sides that are taken where `flag` is false."""
    used = set(graph.results)
    for node in graph.nodes:
        if node.op is BRANCH and node.inputs[0] is flag:
            arm = node.subgraphs[0]
            read = {v for inner in arm.nodes for v in inner.inputs} | set(arm.results)
            used |= {v for p, v in zip(arm.params, node.inputs[1:], strict=True) if p in read} | {flag}
        else:
            used.update(node.inputs)
    return used


def _told_twice(graph: Graph, node: Node) -> bool:
    """Whether a loop handed on one thing as two: as one of them now, where both are read after it."""
    if not is_loop(node):
        return False
    [body], begins = node.subgraphs, node.op.initial(node)  # type: ignore[attr-defined]
    used = {v for other in graph.nodes for v in other.inputs} | set(graph.results)
    ends = [(r, *(leave.inputs[i + 1] for leave in exits(body))) for i, r in enumerate(body.results[: len(begins)])]
    stop = node.options["stop"]
    table: dict[Value, Value] = {}
    for i, out in enumerate(node.outputs[: len(begins)]):
        for j, other in enumerate(node.outputs[: len(begins)]):
            if i == j or out not in used or ends[i] != ends[j]:
                continue
            if j == stop and is_literal(begins[i]) and begins[i].const is False:
                table[out], other.hint = other, out.hint
            elif begins[i].const is UNDEFINED and begins[j].const is not UNDEFINED and other in used:
                table[out] = other
    return replaced(graph, table)


def _going_on(graph: Graph, stop: Value, r: Value) -> list[Value] | None:
    """What a result is in the steps that do not end the loop; None where that is made on the way."""
    node = stop.node
    if node is None or node.op is not BRANCH or r.node is not node:
        return [r]
    found: list[Value] = []
    for arm in node.subgraphs:
        flag = arm.results[stop.index]
        if flag.const is True:
            continue
        handed = _going_on(arm, flag, arm.results[r.index])
        for v in handed or ():
            outside = _around(node, v)
            if outside is None or outside.node is not None and is_literal(outside):
                return None
            found.append(outside)
        if handed is None:
            return None
    return found


# ---- the body in a row


def straighten(node: Node, kept: Container[int]) -> None:
    """Let what follows a way out of a loop stand behind it, where a step that is left there changes nothing in `kept`.

    kept: the places of the carried values that have a cotangent after the loop.
    """
    while node.options["stop"] is not None and _straighten(node, kept):
        pass


def _straighten(node: Node, kept: Container[int]) -> bool:
    [body] = node.subgraphs
    count, stop = node.options["carried"], node.options["stop"]
    branch = body.results[stop].node
    if branch is None or branch.op is not BRANCH or branch.options["expression"]:
        return False
    flags = [arm.results[body.results[stop].index].const for arm in branch.subgraphs]
    side = next((k for k, flag in enumerate(flags) if flag is True), None)
    place = body.nodes.index(branch)
    made_late = {out for inner in body.nodes[place + 1 :] for out in inner.outputs}
    if side is None or flags[1 - side] is True or len(body.results) > count:
        return False
    if any(inner.effect for inner in body.nodes[place + 1 :]) or made_late & set(body.results):
        return False
    leaving, going_on = branch.subgraphs[side], branch.subgraphs[1 - side]
    carried = node.op.carried(node)  # type: ignore[attr-defined]
    ends = [leaving.results[r.index] if r.node is branch else r for r in body.results]
    values = [_around(r.node, v) if r.node is branch else v for r, v in zip(body.results, ends, strict=True)]
    if any(i in kept and values[i] is not carried[i] for i in range(count)):
        return False
    behind = body.nodes[place + 1 :]
    del body.nodes[place:]
    if leaving.nodes:
        other = Graph("", body.facts)
        other.results = [other.const(UNDEFINED) for _ in leaving.results]
        leaving.captured = dict(zip(branch.inputs[1:], leaving.params, strict=True))
        arms = [leaving, other] if side == 0 else [other, leaving]
        with body.at(branch.origin, backward=False):
            made = add_branch(body, branch.inputs[0], arms, expression=False)
        for out, old in zip(made.outputs, branch.outputs, strict=True):
            out.hint = old.hint
        values = [
            made.outputs[r.index] if v is None and r.node is branch else v
            for r, v in zip(body.results, values, strict=True)
        ]
    left = [body.const(v.const) if v is not None and is_literal(v) else v for v in values]
    leave = Node(LEAVE_IF if side == 0 else LEAVE_UNLESS, (branch.inputs[0], *left), {})  # type: ignore[arg-type]
    leave.origin = branch.origin
    body.nodes.append(leave)
    results = inlined(body, going_on, list(branch.inputs[1:]))
    body.nodes += behind
    replaced(body, dict(zip(branch.outputs, results, strict=True)))
    if body.results[stop].const is False:
        node.options = {**node.options, "stop": None}
    refresh(node)
    return True


def straighten_all(graph: Graph) -> None:
    """Put the bodies of the loops in a row of which nothing is recorded."""
    for _, node in list(_all(graph)):
        if is_loop(node) and len(node.outputs) == node.options["carried"]:
            straighten(node, ())

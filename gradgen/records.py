"""How the records of a loop are laid out: a list of tuples; one list of what a value is before and after each step.

`Loop` keeps a list for each record. What is wanted as a step finds it and as it leaves it is in one list that begins
with the first of all, so that step t finds what is at t, and leaves what is at t + 1; there the way back goes by the
numbers of the steps. What is recorded at the end of a step, and is more than one thing, becomes one list of tuples.
"""

from __future__ import annotations

from typing import Any

from .graph import PRIMITIVES, Node, Value
from .loops import LOOP
from .schedule import is_early
from .sequences import sequence_type
from .shapes import Type


def lay_out(steps: Any) -> None:
    """Lay out the records of a loop. steps: a `saving.Steps`, which keeps no more than it will."""
    counter = _both_ends(steps)
    _together(steps, counter)
    if counter is not None:
        for r in list(steps.kept):
            steps.replace(r, _read(steps, steps.captured(steps.source(r)), counter, 0, r))


def _both_ends(steps: Any) -> Value | None:
    """One list for what is wanted before and after a step. Returned is the number of the step, where that is used."""
    forward, counter = steps.forward, None
    results = steps.front.results[: forward.options["carried"]]
    for p, r, begin in zip(LOOP.carried(forward), results, LOOP.initial(forward), strict=True):
        if not {p, r} <= steps.kept.keys() or p is r or results.count(r) > 1 or begin.type.kind == "object":
            continue
        if counter is None:
            counter = _counter(steps, r)
        forward.options = {**forward.options, "begun": (*forward.options.get("begun", ()), steps.list_of(r))}
        records = steps.captured(steps.source(r))
        before = _read(steps, records, counter, 0, p)
        before.hint = f"{p.hint}_prev" if p.hint else ""
        steps.drop(p, before)
        steps.replace(r, _read(steps, records, counter, 1, r))
    return counter


def _counter(steps: Any, r: Value) -> Value:
    """The number of the step, on the way back. r: something that there is a list of."""
    early = steps.backward.options["early"]
    for v, p in zip(steps.backward.inputs, LOOP.items(steps.backward), strict=False):
        if _counts(v):
            return p
    first = steps.forward.inputs[0]
    if early:
        numbers = steps.around("steps_between", steps.source(r))
    elif steps.outer.has(first) and _counts(first):
        numbers = steps.outer.get(first)
    elif steps.outer.has(first) and first.type.kind != "object":
        numbers = steps.around("steps_of", steps.outer.get(first), 0)
    else:
        numbers = steps.around("steps_between", steps.source(r))
    return steps.gone_through(numbers, Type("int", ()), "t")  # type: ignore[no-any-return]


def _counts(v: Value) -> bool:
    """Whether these are the numbers from 0."""
    if v.node is None:
        return False
    inputs = v.node.inputs
    match v.node.op.name:
        case "steps_of":
            return inputs[1].const is not inputs[1] and bool(inputs[1].const == 0)
        case "range":
            return len(inputs) == 1
    return v.node.op.name == "steps_between"


def _read(steps: Any, records: Value, place: Value, ahead: int, like: Value) -> Value:
    """A record, read on the way back; `like` is what was recorded."""
    node = Node(PRIMITIVES["recorded"], (records, place), {"ahead": ahead})
    node.origin, node.backward, node.again = steps.forward.origin, True, True
    node.outputs.append(Value(steps.back, like.type, node, hint=like.hint))
    node.out.held = [like]
    steps.reads.append(node)
    steps.note(node)
    return node.out


def _together(steps: Any, counter: Value | None) -> None:
    """One list of tuples for what is recorded at the end of a step."""
    forward, front, count = steps.forward, steps.front, steps.forward.options["carried"]
    found = LOOP.carried(forward)
    place = {out: i for i, node in enumerate(front.nodes) for out in node.outputs}
    ends = [r for r in front.results[count:] if r in steps.kept and r not in found and not is_early(front, r)]
    ends.sort(key=lambda r: place.get(r, -1))
    if len(ends) < 2:
        return
    node = Node(PRIMITIVES["tuple"], tuple(ends), {})
    node.origin = forward.origin
    node.outputs.append(Value(front, sequence_type(tuple(r.type for r in ends)), node))
    front.nodes.append(node)
    whole = steps.record(node.out)
    if counter is not None:
        whole = _read(steps, steps.captured(steps.source(node.out)), counter, 0, node.out)
        steps.replace(node.out, whole)
    for i, r in enumerate(ends):
        steps.drop(r, _read(steps, whole, steps.back.const(i), 0, r))

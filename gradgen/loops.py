"""Loops: a body graph that is run once for each item, with what it hands on from step to step.

The derivative is a loop in reverse whose body is the backward half of the body. What that reads of the forward steps is
recorded in a list, unless it can be had again: from what does not change, from the items, or at no cost.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Container
from typing import Any

import numpy as np

from .control import (
    EXITS,
    UNDEFINED,
    Control,
    Left,
    define,
    exits,
    is_defined,
    is_literal,
    keep_outputs,
    may_stop,
    replace_params,
    reversed_items,
    separate,
)
from .exits import straighten
from .forms import is_op
from .graph import OPERATIONS, PRIMITIVES, Graph, Node, Value, nodes_of
from .lasting import Lasting, changes, last_version
from .reverse import build_grads, collect, descendants, reached, zero_if_any, zero_like
from .rules.lists import begun, first, flipped, item_type, length_of, shortest
from .rules.primitives import broadcast_like, cotangent_type, increment, steps_of, unbroadcast
from .schedule import COMPARISONS, is_count, is_light, is_tiny
from .sequences import each, list_of
from .shapes import Type
from .simplify import simplify


class Loop(Control):
    """Inputs: what is gone through, what the carried values begin as, and what does not change.

    The body has a parameter for each of them: the items, the carried values, the rest. Its results are the carried
    values after the step, then what is collected of each step in a list; so are the outputs, the carried values being
    those after the last step. options: `items` and `carried`, how many there are of each; `header`, how the loop goes
    through its items: a place in them, ("zip", ...), ("enumerate", place of the counter, ...), ("reversed", ...), or
    None where there are none, and it turns until it is left;
    `uneven`, whether some of them may have more items than it takes; `stop`, which of the carried values tells whether
    a step was the last, None where the loop goes to its end, and `count`, which counts the steps; `early`, whether it
    goes through the records of a loop that may be left; `expression`, "list" or "generator" where it is one of
    these; `begun`, the lists of carried values that begin with what there is before the first step.
    """

    turns = True

    def items(self, node: Node) -> list[Value]:
        return node.subgraphs[0].params[: node.options["items"]]

    def carried(self, node: Node) -> list[Value]:
        first = node.options["items"]
        return node.subgraphs[0].params[first : first + node.options["carried"]]

    def initial(self, node: Node) -> list[Value]:
        first = node.options["items"]
        return list(node.inputs[first : first + node.options["carried"]])

    def fixed(self, node: Node) -> list[tuple[Value, Value]]:
        """The parameters that do not change, each with what it stands for."""
        first = node.options["items"] + node.options["carried"]
        return list(zip(node.subgraphs[0].params[first:], node.inputs[first:], strict=True))

    def stands_for(self, node: Node) -> dict[Value, Value]:
        return dict(self.fixed(node))

    def sources(self, node: Node, i: int) -> list[Value]:
        count = node.options["carried"]
        [body] = node.subgraphs
        if i >= count:
            return [body.results[i]]
        left = [leave.inputs[i + 1] for leave in exits(body)]
        return [self.initial(node)[i], body.results[i], *(v for v in left if v.const is not UNDEFINED)]

    def connect(self, node: Node) -> None:
        super().connect(node)
        for p, *held in zip(self.carried(node), self.initial(node), node.subgraphs[0].results, strict=False):
            p.held = held
        for p, v in zip(self.items(node), node.inputs, strict=False):
            views = v.type.kind != "object" or v.type.of is not None and not v.type.of.scalar
            if views and v not in p.held:
                p.held = [*p.held, v]  # what an array gives is a view

    def _active(self, node: Node, varied: Callable[[Value], bool]) -> set[Value]:
        """The parameters of the body that vary, given which inputs do: until nothing changes, round the loop."""
        [body] = node.subgraphs
        active = {p for p, v in zip(body.params, node.inputs, strict=True) if varied(v)}
        while True:
            inner = descendants(body, active)
            more = {p for p, v in zip(self.carried(node), body.results, strict=False) if v in inner} - active
            if not more:
                return active
            active |= more

    def varied_inside(self, node: Node, graph: Graph, varied: set[Value]) -> set[Value]:
        return self._active(node, lambda v: v in varied)

    def varied(self, node: Node, varied: set[Value]) -> list[bool]:
        [body] = node.subgraphs
        inner = descendants(body, self._active(node, lambda v: v in varied))
        first = [any(v in varied or v in inner for v in self.sources(node, i)) for i in range(node.options["carried"])]
        return first + [r in inner for r in body.results[len(first) :]]

    def needs(self, node: Node, wanted: set[Value], sums: bool) -> set[Value]:
        [body] = node.subgraphs
        kept = self._kept(node, wanted, sums)
        inner = reached(body, self._ends(node, kept, wanted), sums)
        fixed = {v for p, v in self.fixed(node) if p in inner}
        begins = {v for i, v in enumerate(self.initial(node)) if i in kept}
        return {*node.inputs[: node.options["items"]], *begins, *fixed}

    def _kept(self, node: Node, wanted: set[Value], sums: bool = False) -> set[int]:
        """The places of the outputs that are needed: those in `wanted`, and what they hand on from step to step."""
        [body] = node.subgraphs
        kept = {i for i, out in enumerate(node.outputs) if out in wanted or i == node.options["stop"] and not sums}
        while True:
            inner = reached(body, self._ends(node, kept, wanted), sums)
            more = {i for i, p in enumerate(self.carried(node)) if p in inner} - kept
            if not more:
                return kept
            kept |= more

    def _ends(self, node: Node, kept: set[int], wanted: set[Value]) -> set[Value]:
        """What a step hands on at the places `kept`, and what it leaves for the outputs that are `wanted`."""
        [body] = node.subgraphs
        after = [i for i, out in enumerate(node.outputs[: node.options["carried"]]) if out in wanted]
        return {body.results[i] for i in kept} | {leave.inputs[i + 1] for leave in exits(body) for i in after}

    def _useful(self, node: Node, active: set[Value], bars: list[Any]) -> list[int]:
        """The carried values that have a cotangent at some step: those that reach one that has one at the end."""
        [body] = node.subgraphs
        carried = self.carried(node)
        useful = {i for i, bar in enumerate(bars[: len(carried)]) if bar is not None}
        while True:
            collected = zip(body.results[len(carried) :], bars[len(carried) :], strict=True)
            seeded = {r for r, bar in collected if bar is not None}
            reach = reached(body, {body.results[i] for i in useful} | seeded, sums=True)
            more = {i for i, p in enumerate(carried) if p in reach and p in active} - useful
            if not more:
                return sorted(i for i in useful if carried[i] in active)
            useful |= more

    def _left_by_a_step(self, node: Node, i: int) -> Type:
        """The type of what a step hands on, which may have another shape at each; of what is left, if it may leave."""
        [body], t = node.subgraphs, node.outputs[i].type
        r = body.results[i]
        plain = r.const is r and not r.type.sequence and not t.sequence and not may_stop(node)
        return t.but(shape=r.type.shape) if plain else t

    def pull(self, node: Node, bars: list[Any], wanted: list[bool], totals: list[Any]) -> list[Any]:
        graph, [body], given_to = node.outputs[0].graph, node.subgraphs, node.inputs
        flags = dict(zip(node.inputs, wanted, strict=True))
        active = self._active(node, lambda v: flags[v])
        straighten(node, {i for i in self._useful(node, active, bars) if bars[i] is not None})
        useful = self._useful(node, active, bars)
        first, count = node.options["items"], node.options["carried"]
        params, forward = list(body.params), len(body.results)
        at = [k for k, want in enumerate(wanted) if want and not first <= k < first + count]
        at.sort(key=lambda k: k < first)  # what does not change, then the arrays that are gone through
        fixed = [(params[k], node.inputs[k]) for k in at if k >= first]
        arrays = [(params[k], node.inputs[k]) for k in at if k < first and not node.inputs[k].type.sequence]
        lists = [k for k in at if k < first and node.inputs[k].type.sequence]
        carried, initial = self.carried(node), self.initial(node)
        with body.at(node.origin, backward=True):
            steps = [_cotangent(body, carried[i], self._left_by_a_step(node, i)) for i in useful]
            sums = {v: _cotangent(body, v, v.type) for _, v in [*fixed, *arrays]}
            counters = [p for p, v in zip(params, node.inputs[:first], strict=False) if counts_from_zero(v)]
            spot = counters[0] if counters else Value(body, Type("int", ()), hint=_counter_word(body))
            body.params += [*steps, *sums.values(), *([] if counters else [spot])]
            seeds: dict[Value, Any] = {}
            parts = [
                (body.results[i], self._part(body, body.results[i], bar))
                for i, bar in enumerate(bars) if i >= count and bar is not None
            ]  # fmt: skip
            seeded = zip(map(body.results.__getitem__, useful), steps, strict=True)
            for r, g in [*seeded, *((r, g) for r, (g, _) in parts)]:
                seeds[r] = collect(r, [(seeds[r], node.origin), (g, node.origin)]) if r in seeds else g
            start = {p: sums[v] for p, v in fixed}
            targets = [carried[i] for i in useful] + [p for p, _ in [*fixed, *arrays]] + [params[k] for k in lists]
            grads = build_grads(body, seeds, targets, start)
            ends: dict[Value, Any] = dict(sums)
            for (_, v), g in zip(fixed, grads[len(useful) :], strict=False):
                ends[v] = ends[v] if g is None else g
            for (_, v), g in zip(arrays, grads[len(useful) + len(fixed) :], strict=False):
                ends[v] = ends[v] if g is None else increment(ends[v], spot, g)
            of_items = grads[len(grads) - len(lists) :]
            grads = [*grads[: len(useful)], *ends.values(), *of_items]
            like = [
                g if body.facts.same_shape(node.outputs[i].type.shape, body.results[i].type.shape) else carried[i]
                for i, g in zip(useful, steps, strict=True)
            ]
            like += [*sums.values(), *(params[k] for k in lists)]
            grads = [zero_if_any(v) if g is None else g for v, g in zip(like, grads, strict=True)]
            body.results += [g if isinstance(g, Value) else body.const(float(g)) for g in grads]
        simplify(body)
        for i in {i for i, p in enumerate(carried) if p in _asked(body)}:
            self._begin_as_none(node, i)
        at_hand = {*params[:first], *params[first + count :]}
        stays = Lasting()
        again = functools.partial(_is_again, at_hand=at_hand, stays=stays)
        back, saved = separate(body, forward, again, lambda v: last_version(v, node), stays.written_to)
        body.params = params
        made = Node(LOOP, (), {})
        given = {param: bar for _, (param, bar) in parts if bar is not None}
        self._gather(node, made, back, dict(saved), [*steps, *sums.values()], spot, given)
        begins = [zero_if_any(node.outputs[i]) if bars[i] is None else bars[i] for i in useful]
        spot_of = {given_to[k]: k for k in reversed(at)}  # an array that is read as a whole as well is one
        for v in sums:
            so_far = totals[spot_of[v]]
            begins.append(zero_like(v) if so_far is None else so_far)
        begins = [b if isinstance(b, Value) else graph.const(float(b)) for b in begins]
        made.options["carried"] = len(begins)
        places = made.options["items"]
        made.inputs = (*made.inputs, *begins, *back.captured)
        made.subgraphs, made.origin, made.backward = (back,), node.origin, True
        back.params += back.captured.values()
        for i, p in enumerate(back.params[places : places + len(begins)]):
            begin = initial[useful[i]] if i < len(useful) else None
            nothing = begin is None or begin.const is UNDEFINED or begin.const is None
            shape = p.type.shape if nothing else begin.type.shape  # type: ignore[union-attr]
            made.outputs.append(Value(graph, p.type.but(shape=shape), made, i))
            made.outputs[-1].bar_of = node.outputs[useful[i]] if i < len(useful) else p.bar_of
        for k, r in zip(lists, back.results[len(begins) :], strict=True):
            of_list = list_of(each(r.type), length_of(given_to[k].type))
            made.outputs.append(Value(graph, of_list, made, len(made.outputs)))
            made.outputs[-1].bar_of = given_to[k]
        graph.nodes.append(made)
        self.connect(made)
        answers: list[Any] = [None] * len(given_to)
        for v, out in zip(sums, made.outputs[len(useful) :], strict=False):
            answers[spot_of[v]] = out
        told = set(sums)
        for k, out in zip(lists, made.outputs[len(begins) :], strict=True):
            v = given_to[k]
            rest = None if v in told else totals[k]
            told.add(v)
            with graph.at(node.origin, backward=True):
                answers[k] = flipped(out)
                answers[k].bar_of = v
            if rest is not None:
                answers[k] = collect(v, [(rest, node.origin), (answers[k], node.origin)])
        for i, out in zip(useful, made.outputs, strict=False):
            v, k = initial[i], first + i
            if wanted[k] and v.const is not UNDEFINED:
                rest = None if v in told else totals[k]
                told.add(v)
                answers[k] = out if rest is None else collect(v, [(rest, node.origin), (out, node.origin)])
        for k, v in enumerate(given_to):  # what this loop adds nothing to has what was sent so far
            if v not in told and totals[k] is not None:
                told.add(v)
                answers[k] = totals[k]
        return answers

    def _part(self, body: Graph, result: Value, bar: Any) -> tuple[Any, Any]:
        """The cotangent of what a step collects, given that of the list: where it is the same for all, that itself.

        Returned with it: what the backward loop has to go through for it, None where that is nothing.
        """
        if is_op(bar, "repeated"):
            return unbroadcast(body.capture(bar.node.inputs[0]), result), None
        if is_op(bar, "broadcast_like") and bar.node.inputs[0].type.scalar:
            return broadcast_like(body.capture(bar.node.inputs[0]), result), None
        known = result.type if bar.type.sequence or not result.type.sequence else item_type(body.facts, bar)
        part = _cotangent(body, result, known)
        body.params.append(part)
        return part, bar

    def _gather(
        self, node: Node, made: Node, back: Graph, saved: dict[Value, Value], sums: list[Value],
        spot: Value, given: dict[Value, Value],
    ) -> None:  # fmt: skip
        """Let the backward loop go through what its body reads: records, items, where it is; in reverse.

        spot: the place of the items, which may be an item itself. given: the cotangents of lists, of which each step
        has a part.
        """
        graph, [body] = node.outputs[0].graph, node.subgraphs
        items: list[Value] = []
        through: list[Value] = []
        with graph.at(node.origin, backward=True):
            at_hand = {*sums, spot, *self.items(node), *given}
            records = {v: self.record(node, v) for v in saved if v not in at_hand}
            steps = self._steps(node)
            for v, param in saved.items():
                if v in sums:
                    continue
                if v in self.items(node):
                    source = taken(node.inputs[body.params.index(v)], steps)
                elif v is spot:
                    source = taken(steps_of(node.inputs[0], 0), steps)
                elif v in given:
                    listed = node.outputs[body.results.index(v.bar_of)]  # type: ignore[arg-type]
                    source = begun(listed, given[v], lambda: shortest(node.inputs[0]) if steps is None else steps)
                    param.held, param.bar_of = [given[v]], v.bar_of
                else:
                    source, param.held = records[v], [v]
                items.append(param)
                through.append(source)
            if not items:
                items.append(Value(back, Type("object"), hint="_"))
                through.append(self.turns_of(node, graph, steps))
        carried = []
        for g in sums:
            carried.append(saved[g] if g in saved else Value(back, g.type))
            carried[-1].bar_of = g.bar_of
        back.params = [*items, *carried]
        made.inputs = tuple(through)
        made.options = {"items": len(items), "header": backwards(len(items))}
        made.options |= {"uneven": False, "stop": None, "count": None, "early": may_stop(node), "expression": ""}

    def turns_of(self, node: Node, graph: Graph, steps: Value | None) -> Value:
        """Something of `graph` to go through as often as a loop did, in `steps` steps where that may be left early."""
        if steps is not None and node.options["header"] is None:
            return graph.add(PRIMITIVES["range"], [steps]).out
        return taken(node.inputs[0], steps)

    def _steps(self, node: Node) -> Value | None:
        """How many steps ran, None where that is as many as there are items of each."""
        if may_stop(node):
            return self._count(node)
        if node.options["uneven"]:
            lists = [v for v in node.inputs[: node.options["items"]] if not is_op(v, "steps_of")]
            steps: Value = shortest(*lists)
            steps.hint = "steps"
            return steps
        return None

    def _count(self, node: Node) -> Value:
        """How many steps ran, counted as they go."""
        [body] = node.subgraphs
        at, place = node.options["carried"], node.options["items"] + node.options["carried"]
        before = Value(body, Type("int", ()), hint="steps")
        with body.at(node.origin, backward=False):
            after: Value = body.add(OPERATIONS[np.add], [before, 1]).out
        body.params.insert(place, before)
        body.results.insert(at, after)
        node.inputs = (*node.inputs[:place], node.outputs[0].graph.const(0), *node.inputs[place:])
        made = Value(node.outputs[0].graph, Type("int", ()), node, at, hint="steps")
        node.outputs.insert(at, made)
        for i, out in enumerate(node.outputs):
            out.index = i
        for leave in exits(body):
            leave.inputs = (*leave.inputs, before)
        node.options = {**node.options, "carried": at + 1, "count": at}
        return made

    def record(self, node: Node, v: Value) -> Value:
        """The list that holds `v` of every step."""
        [body] = node.subgraphs
        for i in range(node.options["carried"], len(body.results)):
            if body.results[i] is v:
                return node.outputs[i]
        if not is_defined(v):
            define(v)
        if v in self.carried(node):
            self._begin_as_none(node, self.carried(node).index(v))
        body.results.append(v)
        out = Value(node.outputs[0].graph, Type("object"), node, len(node.outputs))
        out.hint = f"{v.hint}_steps" if v.hint else ""
        node.outputs.append(out)
        return out

    def _begin_as_none(self, node: Node, i: int) -> None:
        """Let the first step find None under a name that it finds nothing under."""
        place = node.options["items"] + i
        if node.inputs[place].const is UNDEFINED:
            begin = node.outputs[0].graph.const(None)
            node.inputs = (*node.inputs[:place], begin, *node.inputs[place + 1 :])

    def settle(self, node: Node) -> list[Graph]:
        [body] = node.subgraphs
        self.connect(node)
        first = node.options["items"] + node.options["carried"]
        table = {p: body.const(v.const) for p, v in self.fixed(node) if is_literal(v)}
        if not table:
            return []
        replace_params(body, table)
        node.inputs = (*node.inputs[:first], *[v for v in node.inputs[first:] if not is_literal(v)])
        return [body]

    def unchanged(self, node: Node) -> dict[Value, Value]:
        """What no step changes is taken from outside, no longer handed on."""
        [body] = node.subgraphs
        first, count = node.options["items"], node.options["carried"]
        carried, initial = self.carried(node), self.initial(node)
        ends = [[r, *(leave.inputs[i + 1] for leave in exits(body))] for i, r in enumerate(body.results[:count])]
        still = [i for i, p in enumerate(carried) if all(v is p or v.const is UNDEFINED for v in ends[i])]
        if not still:
            return {}
        found = {node.outputs[i]: initial[i] for i in still}
        fixed = self.fixed(node)
        body.captured = {v: p for p, v in fixed}
        _leave_without(body, still)
        replace_params(body, {p: body.captured[v] for p, v in fixed if body.captured[v] is not p})
        replace_params(body, {carried[i]: body.capture(initial[i]) for i in still})
        keep_outputs(node, [i for i in range(len(node.outputs)) if i not in still])
        begins = [v for i, v in enumerate(initial) if i not in still]
        node.inputs = (*node.inputs[:first], *begins, *body.captured)
        node.options = _without(node.options, still)
        body.params = [*body.params[: first + len(begins)], *body.captured.values()]
        self.connect(node)
        return found

    def trim(self, node: Node, needed: set[Value], prune: Callable[[Graph], None]) -> None:
        [body] = node.subgraphs
        items, count = node.options["items"], node.options["carried"]
        kept = self._kept(node, needed)
        gone = [i for i in range(count) if i not in kept]
        _leave_without(body, gone)
        keep_outputs(node, sorted(kept))
        prune(body)
        read = {v for inner in body.nodes for v in inner.inputs} | set(body.results)
        dropped = {items + i for i in gone}
        dropped |= {k for k, p in enumerate(body.params) if k >= items + count and p not in read}
        if node.backward:
            unread = [k for k, p in enumerate(body.params[:items]) if p not in read]
            dropped.update(unread if len(unread) < items else unread[1:])
            left = items - len(dropped & set(range(items)))
            node.options = {**node.options, "items": left, "header": backwards(left)}
        body.params = [p for k, p in enumerate(body.params) if k not in dropped]
        node.inputs = tuple(v for k, v in enumerate(node.inputs) if k not in dropped)
        node.options = _without(node.options, gone)
        body.captured = {v: p for p, v in self.fixed(node)}

    def leave_less(self, node: Node, used: Container[Value]) -> None:
        """Let the steps that leave a loop leave nothing that nobody reads after it."""
        [body] = node.subgraphs
        for leave in exits(body):
            parts = zip(node.outputs, leave.inputs[1:], strict=False)
            leave.inputs = (leave.inputs[0], *(v if out in used else body.const(UNDEFINED) for out, v in parts))

    def compute(self, node: Node, inputs: list[Any], run: Callable[[Graph, list[Any]], list[Any]]) -> list[Any]:
        [body] = node.subgraphs
        items, count = node.options["items"], node.options["carried"]
        backwards = set(reversed_items(node.options["header"]))
        lists = [list(reversed(x)) if k in backwards else x for k, x in enumerate(inputs[:items])]
        state, rest = list(inputs[items : items + count]), inputs[items + count :]
        begun = node.options.get("begun", ())
        collected: list[list[Any]] = [
            [state[body.results.index(r)]] if out in begun else []
            for out, r in zip(node.outputs[count:], body.results[count:], strict=True)
        ]
        rows: Any = zip(*lists, strict=not node.options["uneven"])
        for row in itertools.repeat(()) if node.options["header"] is None else rows:
            try:
                results = run(body, [*row, *state, *rest])
            except Left as left:
                state = list(left.values)
                break
            state = results[:count]
            for kept, x in zip(collected, results[count:], strict=True):
                kept.append(x)
            if node.options["stop"] is not None and state[node.options["stop"]]:
                break
        return [*state, *collected]


LOOP = Loop("loop")


def add_loop(
    graph: Graph, through: list[Value], initial: list[Value], body: Graph, types: list[Type], header: Any,
    uneven: bool = False, expression: str = "", stop: int | None = None,
) -> Node:  # fmt: skip
    """Append a loop to `graph`: its body, whose results are set, has a parameter for each item and carried value."""
    count = len(through) + len(initial)
    captured = {v: p for v, p in body.captured.items() if p in body.params[count:]}
    options = {"items": len(through), "carried": len(initial), "header": header}
    options |= {"uneven": uneven, "stop": stop, "count": None, "early": False, "expression": expression}
    node = Node(LOOP, (*through, *initial, *captured), options)
    node.subgraphs = (body,)
    node.origin, node.backward = graph.origin, graph.backward
    node.effect = any(inner.effect and inner.op not in EXITS for inner in body.nodes)
    node.outputs = [Value(graph, t, node, i) for i, t in enumerate(types)]
    graph.nodes.append(node)
    LOOP.connect(node)
    return node


def _leave_without(body: Graph, gone: list[int]) -> None:
    """Let the steps that leave a loop leave nothing for the carried values at the places `gone`."""
    for leave in exits(body):
        leave.inputs = tuple(v for i, v in enumerate(leave.inputs) if i - 1 not in gone)


def _without(options: dict[str, Any], gone: list[int]) -> dict[str, Any]:
    """The options of a loop whose carried values at the places `gone` are dropped."""
    moved = {
        name: None if place is None or place in gone else place - sum(i < place for i in gone)
        for name, place in ((name, options[name]) for name in ("stop", "count"))
    }
    return {**options, **moved, "carried": options["carried"] - len(gone)}


def _asked(body: Graph) -> set[Value]:
    """The parameters of a body whose shape is asked for where they may hold nothing."""
    found = set()
    todo = [inner.inputs[0] for inner in nodes_of(body) if inner.op.name == "zeros_if_any"]
    while todo:
        v = todo.pop()
        if v not in found:
            found.add(v)
            todo += v.held if v.source is None else [v.source]
            todo += v.node.op.sources(v.node, v.index) if v.node is not None and v.node.subgraphs else []  # type: ignore[attr-defined]
    return found


def backwards(count: int) -> Any:
    """The header of a loop through `count` things from their ends."""
    header = tuple(("reversed", k) for k in range(count))
    return header[0] if count == 1 else ("zip", *header)


def counts_from_zero(v: Value) -> bool:
    """Whether a loop through `v` counts its steps."""
    if is_op(v, "steps_of"):
        start = v.node.args[1]  # type: ignore[union-attr]
        return isinstance(start, int) and start == 0
    return is_op(v, "range") and len(v.node.inputs) == 1  # type: ignore[union-attr]


def taken(source: Value, steps: Value | None) -> Value:
    """The first items of `source`, as many as there were steps; all of them where that is None."""
    if steps is None:
        return source
    if counts_from_zero(source):
        return source.graph.add(PRIMITIVES["range"], [steps]).out
    return first(source, steps)  # type: ignore[no-any-return]


def _counter_word(body: Graph) -> str:
    """A word for the number of a step that the user does not call anything else."""
    taken = {v.hint for v in [*body.params, *(out for node in body.nodes for out in node.outputs)]}
    return next((word for word in ("i", "t", "k") if word not in taken), "step")


def _is_again(node: Node, at_hand: set[Value], stays: Lasting) -> bool:
    """Whether it is sooner computed again than recorded; a part of an array that steps write has changed by then."""
    if node.op.name == "getitem" and changes(node.inputs[0]):
        return stays.lasts(node)
    return is_light(node) or _is_at_hand(node, at_hand)


def _is_at_hand(node: Node, known: Container[Value]) -> bool:
    """Whether it is next to nothing to compute from items and from what does not change: no record is needed."""
    if is_count(node):
        unknown = [v for v in node.inputs if v not in known and v.const is v]
        return all(v.node is not None and is_count(v.node) and _is_at_hand(v.node, known) for v in unknown)
    tiny = is_tiny(node) or node.op.name in COMPARISONS and node.out.type.scalar
    power = node.inputs[1].const if node.op.name == "power" and node.out.type.scalar else None
    tiny = tiny or isinstance(power, (int, float)) and power in (2, 3)
    return tiny and all(v in known or v.const is not v for v in node.inputs)


def _cotangent(body: Graph, primal: Value, like: Type) -> Value:
    """A parameter for the cotangent of `primal`, which is of the type `like`."""
    known = cotangent_type(like)
    made = Value(body, known if like.sequence else known.but(array=bool(like.ndim)))
    made.bar_of = primal
    return made

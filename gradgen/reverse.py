"""The backward pass: algorithms 6.5 and 6.6 of *Deep Learning*, on graphs.

One loop over the operations in reverse: each is visited once, answers the cotangent of its output with more graph,
and what several consumers send to one value is added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from typing import Any

from .control import EXITS, Control, define, is_there
from .errors import NoRuleError
from .forms import accumulate, is_op
from .graph import OPAQUE, PRIMITIVES, Graph, Node, Operation, Unknown, Value, type_of
from .invariance import without_influence
from .masks import Mask, Masks
from .rules.lists import summed_lists
from .rules.primitives import increment, real_part, unbroadcast, zeros_for, zeros_if_any


def pullback(
    op: Operation, g: Any, out: Any, inputs: list[Any], options: dict[str, Any], late: Container[Any] = (),
    mask: Mask | None = None,
) -> list[Any]:  # fmt: skip
    """The cotangents of `inputs`, one each or None, given the cotangent `g` of `out = op(*inputs, **options)`.

    The sum over the axes along which an input of an elementwise operation was broadcast happens here, for all rules;
    the cotangents of inputs in `late` keep the shape of `out`, to be summed later. mask: where `g` is zero whatever
    the derivative is. Raises NoRuleError where the operation has no rule; an input whose cotangent its rule does not
    know gets an `Unknown`.
    """
    if op.rule is None:
        if op.differentiable:
            raise NoRuleError(f"gradgen knows no derivative of {op.name!r}")
        return [None] * len(inputs)
    if op.reals and any(type_of(x).kind == "complex" for x in inputs if x is not None):
        raise NoRuleError(f"gradgen knows the derivative of {op.name!r} for real numbers only")
    bars = op.rule(g, out, *inputs, **options)
    bars = list(bars) if isinstance(bars, (tuple, list)) else [bars]
    bars += [None] * (len(inputs) - len(bars))
    bars = [bar if is_nothing(bar) else real_part(bar, x) for bar, x in zip(bars, inputs, strict=True)]
    bars = bars if mask is None else [bar if is_nothing(bar) else mask.keep(bar) for bar in bars]
    if op.elementwise:
        bars = [
            bar if is_nothing(bar) or (isinstance(x, Value) and x in late) else unbroadcast(bar, x)
            for bar, x in zip(bars, inputs, strict=True)
        ]
    return bars


def is_nothing(bar: Any) -> bool:
    """Whether a rule answered with no cotangent, be there none or not known."""
    return bar is None or isinstance(bar, Unknown)


def summed_late(graph: Graph) -> set[Value]:
    """The values whose cotangents may keep the shape of what was computed from them.

    So it is for a part of an expression that an elementwise operation computed for another, where shapes are unknown:
    what its rule multiplies by is no larger than itself, so that summing afterwards gives the same, and says it once.
    """
    uses = Counter(v for node in graph.nodes for v in node.inputs)
    uses.update(graph.results)
    return {
        v
        for node in graph.nodes
        if node.op.elementwise and node.out.ndim is None
        for v in node.inputs
        if uses[v] == 1 and not v.hint and v.node is not None and v.node.op.elementwise
    }


def descendants(graph: Graph, targets: Iterable[Value]) -> set[Value]:
    """The values that vary with `targets` through operations that have a derivative (algorithm 6.5's pruning)."""
    varied = set(targets)
    for node in graph.nodes:
        if isinstance(node.op, Control):
            flags = node.op.varied(node, varied)
            varied.update(out for out, flag in zip(node.outputs, flags, strict=True) if flag and can_vary(out))
        elif node.differentiable and any(v in varied for v in node.inputs):
            varied.update(out for out in node.outputs if can_vary(out))
    return varied


def reached(graph: Graph, wanted: Iterable[Value], sums: bool = False) -> set[Value]:
    """The values that `wanted` is computed from, itself included, and what decides or has an effect.

    sums: whether only those count that have a part in the numbers.
    """
    found = set(wanted)
    for node in reversed(graph.nodes):
        if node.op in EXITS:
            found.update(() if sums else node.inputs[:1])
        elif node.effect and not sums or any(out in found for out in node.outputs):
            found |= node.op.needs(node, found, sums) if isinstance(node.op, Control) else set(node.inputs)
    return found


def can_vary(v: Value) -> bool:
    """Whether `v` is of a kind that has a derivative: no integer, no truth value."""
    return v.type.kind not in ("int", "bool")


def build_grads(
    graph: Graph, seeds: dict[Value, Any], targets: list[Value], start: dict[Value, Any] | None = None
) -> list[Any]:
    """Append the backward pass to `graph`; return the cotangent of each target, None for one that gets none.

    seeds: the cotangents of the results. start: what the cotangents of some targets begin with. Reverse order of the
    statements is a topological order of the gradients, so that each edge is visited once and nothing recurses.
    """
    varied, late = descendants(graph, targets), summed_late(graph)
    varied -= without_influence(graph, seeds, varied)
    table: dict[Value, list[tuple[Any, Any]]] = {}
    totals: dict[Value, Any] = {}
    masks = Masks()

    sends: Counter[int] = Counter()

    def send(v: Value, bar: Any, origin: Any) -> None:
        bar = real_part(bar, v)
        table.setdefault(v, []).append((bar, origin))
        sends[id(bar)] += 1

    def total(v: Value) -> Any:
        """The sum of what was sent to `v`; whoever sends does so before `v` is computed, so it is complete."""
        if v not in totals:
            sent = table.pop(v, None)
            totals[v] = None if sent is None else collect(v, sent)
            masks.summed(totals[v], [bar for bar, _ in sent or ()])
            claim(v, totals[v], None if sent is None else sent[-1][1])
        return totals[v]

    def claim(v: Value, bar: Any, origin: Any) -> None:
        """Let `bar` be known as the cotangent of `v`, unless it is that of a named variable which shares it."""
        if isinstance(bar, Value) and bar.node is not None and bar.node.backward:
            named = bar.bar_of is not None and bool(bar.bar_of.hint)
            turns = bool(bar.node.subgraphs) and bar.node.op.turns  # type: ignore[attr-defined]
            if named and v.hint and (sends[id(bar)] == 1 or turns):
                bar.through.append(origin)
            if named and turns:
                return  # it has that name at every step
            if bar.bar_of is None or not named and v.hint or (v.hint and sends[id(bar)] == 1):
                bar.bar_of = v

    for v, bar in (start or {}).items():
        send(v, bar, graph.origin)
    for v, seed in seeds.items():
        if v in varied:
            send(v, seed, graph.origin)
    for node in reversed(list(graph.nodes)):
        if not any(out in table for out in node.outputs) or not any(v in varied for v in node.inputs):
            continue
        with graph.at(node.origin, backward=True):
            bars = [total(out) for out in node.outputs]
            if isinstance(node.op, Control):
                wanted = [v in varied for v in node.inputs]
                takes = node.op.takes_totals(node)
                so_far = [total(v) if takes and w else None for v, w in zip(node.inputs, wanted, strict=True)]
                for v, bar in zip(list(node.inputs), node.op.pull(node, bars, wanted, so_far), strict=True):
                    if takes:
                        totals.pop(v, None)
                    if bar is not None:
                        send(v, bar, node.origin)
                continue
            for v, bar in zip(node.inputs, answer(node, bars, late, masks, varied), strict=True):
                if v in varied and bar is not None:
                    send(v, bar, node.origin)
    with graph.at(graph.origin, backward=True):
        return [total(v) for v in targets]


def collect(v: Value, sent: list[tuple[Any, Any]]) -> Any:
    """The sum of what several consumers send to `v`."""
    bars = [bar for bar, _ in sent]
    if v.type.items is not None:
        return of_tuple(v, bars, sent[-1][1])
    if len(bars) == 1:
        return bars[0]
    if v.type.of is not None:
        return of_list(v, bars, sent[-1][1])
    if not any(isinstance(bar, Value) for bar in bars):
        return sum(bars)
    with v.graph.at(sent[-1][1], backward=True):
        out = accumulate(*bars, origins=tuple(origin for _, origin in sent))
    out.bar_of = v
    return out


def of_list(v: Value, bars: list[Any], origin: Any) -> Any:
    """The sum of the cotangents of a list: what goes to one item is added in its place."""
    with v.graph.at(origin, backward=True):
        whole = [bar for bar in bars if not is_op(bar, "scatter")]
        out = summed_lists(*whole) if len(whole) > 1 else whole[0] if whole else zeros_for(v)
        for bar in bars:
            if is_op(bar, "scatter"):
                values, index, _ = bar.node.inputs
                out = increment(out, index, values)
    out.bar_of = v
    return out


def of_tuple(v: Value, bars: list[Any], origin: Any) -> Any:
    """The sum of the cotangents of a tuple or list whose items are known one by one: a tuple of sums."""
    if not any(is_op(bar, "scatter") for bar in bars) and len(bars) == 1:
        return bars[0]
    count = len(v.type.items)  # type: ignore[arg-type]
    parts: list[list[Any]] = [[] for _ in range(count)]
    with v.graph.at(origin, backward=True):
        for bar in bars:
            index = bar.node.inputs[1].const if is_op(bar, "scatter") else None
            if isinstance(index, int):
                parts[index].append(bar.node.inputs[0])
                continue
            for i, part in enumerate(parts):
                part.append(bar[i])
        items = [v[i] for i in range(count)]
        sums = [
            zero_like(item) if not part else collect(item, [(bar, origin) for bar in part])
            for item, part in zip(items, parts, strict=True)
        ]
        return v.graph.add(PRIMITIVES["tuple"], sums).out


def _first_unknown(node: Node) -> Node:
    """The first piece of code on the way to an opaque `node` through which a derivative cannot go."""
    while True:
        before = [v.node for v in node.inputs if v.node is not None and v.node.op is OPAQUE and can_vary(v)]
        if not before:
            return node
        node = before[0]


def answer(
    node: Node, bars: list[Any], late: set[Value], masks: Masks, wanted: Container[Any] | None = None
) -> list[Any]:
    """What `node` sends to its inputs, given the cotangents of its outputs.

    wanted: the inputs whose cotangents are asked for, None for all. Raises NoRuleError for one that is not known.
    """
    if node.op is OPAQUE:
        raise _first_unknown(node).options["unknown"]
    try:
        if len(bars) == 1:
            [g] = bars
            mask = masks.before(node, g)
            sent = pullback(node.op, g, node.out, node.args, node.options, late, mask)
        else:
            sent = pullback(node.op, tuple(bars), tuple(node.outputs), node.args, node.options)
        for i, (v, bar) in enumerate(zip(node.inputs, sent, strict=True)):
            if isinstance(bar, Unknown):
                if wanted is None or v in wanted:
                    raise NoRuleError(bar.message, advice=bar.advice)
                sent[i] = None
        return masks.after(node, bars[0], sent, late) if len(bars) == 1 else sent
    except NoRuleError as error:
        error.place(getattr(node.origin, "span", None))
        raise


def build_grad(V: Value, G: Graph, z: Value) -> Any:
    """The book's algorithm 6.5 with one target: the gradient of the scalar z with respect to V, as a value of G."""
    [bar] = build_grads(G, {z: 1.0}, [V])
    return zero_like(V) if bar is None else bar


def zero_if_any(v: Value) -> Any:
    """The zero cotangent of what need not be defined on the way taken."""
    if is_there(v) or v.type.scalar:
        return zero_like(v)
    define(v)
    return zeros_if_any(v)


def zero_like(v: Value) -> Any:
    return 0.0 if type_of(v).scalar else zeros_for(v)

"""What operations with graphs of their own have in common: branches, calls, loops.

A sub-graph takes what it needs as parameters and never reaches out, so that algorithm 6.6 runs on it as it does on any
graph. `separate` parts a sub-graph that was back-propagated in place into the forward and the backward half.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .graph import CONST, PRIMITIVES, Graph, Node, Operation, Value

SHAPE_ONLY = {"shape": 0, "size": 0, "ndim": 0, "broadcast_like": 1, "unbroadcast": 1, "scatter": 2, "zeros_for": 0,
              "cast_like": 1}  # fmt: skip
"""Operations of the backward pass that look at an input for its shape alone, and which input that is."""


class Undefined:
    """What a variable holds that was not assigned on the way taken."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()


def is_defined(v: Value) -> bool:
    """Whether `v` has a value on every way through the branch that gives it."""
    if v.const is UNDEFINED:
        return False
    if v.node is None:
        return all(w.const is not UNDEFINED for w in v.held) if v.source is None else is_defined(v.source)
    if _is_list(v):
        return True
    return not v.node.subgraphs or all(map(is_defined, v.node.op.sources(v.node, v.index)))  # type: ignore[attr-defined]


def is_there(v: Value, asked: frozenset[Value] = frozenset()) -> bool:
    """Whether `v` is assigned and not None on every way that leads to it, so that it has a shape."""
    if v.const is UNDEFINED or v.const is None or v.type.optional:
        return False
    if _is_list(v):
        return True
    if v.node is not None:
        held = v.node.op.sources(v.node, v.index) if v.node.subgraphs else []  # type: ignore[attr-defined]
    else:
        held = [v.source] if v.source is not None else v.held
    return all(w in asked or is_there(w, asked | {v}) for w in held)


def _is_list(v: Value) -> bool:
    """Whether it is the list that a loop makes of something of every step."""
    node = v.node
    return node is not None and bool(node.subgraphs) and node.op.turns and v.index >= node.options["carried"]  # type: ignore[attr-defined]


def define(v: Value) -> set[Value]:
    """Let `v` be None, no longer undefined, where it is not assigned: somebody asks for its shape, or keeps it.

    Returned is all that it may be, parameters of loops included, which may begin as nothing.
    """
    todo, seen = [v], set()
    while todo:
        v = todo.pop()
        if v in seen or _is_list(v):
            continue
        seen.add(v)
        node = v.node
        if node is None:
            todo += v.held if v.source is None else [v.source]
            continue
        for graph in node.subgraphs:
            side = graph.results[v.index]
            if side.const is UNDEFINED:
                graph.results[v.index] = graph.const(None)
            else:
                todo.append(side)
        if node.subgraphs and node.op.turns:  # type: ignore[attr-defined]
            place = node.options["items"] + v.index
            begin = node.inputs[place]
            if begin.const is UNDEFINED:
                node.inputs = (*node.inputs[:place], v.graph.const(None), *node.inputs[place + 1 :])
            else:
                todo.append(begin)
    return seen


def define_passed(graph: Graph) -> set[Value]:
    """Let what a branch or a loop merely hands on be None where it is not assigned: it may be given another name."""
    found: set[Value] = set()
    for node in graph.nodes:
        for inner in node.subgraphs:
            found |= define_passed(inner)
        carried = node.options["carried"] if node.subgraphs and node.op.turns else 0  # type: ignore[attr-defined]
        first = node.options.get("items", 0)
        for out, begin in zip(node.outputs, node.inputs[first : first + carried], strict=False):
            if begin.const is UNDEFINED and node.subgraphs[0].params[first + out.index] in found:
                define(out)
        handed = [v for inner in node.subgraphs for v in inner.results if v.node is None]
        for v in (*node.inputs[first : first + carried], *handed):
            if v.const is not UNDEFINED and not is_defined(v):
                found |= define(v)
    return found


class Left(Exception):
    """A step of a loop left it; `values` are what is carried then."""

    def __init__(self, values: tuple[Any, ...]):
        super().__init__()
        self.values = values


def _leave_if(condition: Any, *values: Any) -> None:
    if condition:
        raise Left(values)


def _leave_unless(condition: Any, *values: Any) -> None:
    if not condition:
        raise Left(values)


LEAVE_IF = Operation(_leave_if, name="leave_if", signature="*values", differentiable=False, effect=True)
LEAVE_UNLESS = Operation(_leave_unless, name="leave_unless", signature="*values", differentiable=False, effect=True)
EXITS = (LEAVE_IF, LEAVE_UNLESS)
"""Where a step leaves its loop before its end and is not recorded: a condition, and what each carried value is then."""

STOOD_AROUND = Operation(
    lambda *values: None, name="stood_around", signature="*values", differentiable=False, effect=True
)
"""The end of what stands around statements, see `source.Around`: it reads values until here."""


def reversed_items(header: Any) -> list[int]:
    """The places of the items that a loop goes through from the end, by its header, see `Loop`."""
    if isinstance(header, int) or header is None:
        return []
    inner = [k for part in header[1:] for k in reversed_items(part)]
    return [*inner, *_places_in(header[1])] if header[0] == "reversed" else inner


def _places_in(header: Any) -> list[int]:
    return [header] if isinstance(header, int) else [k for part in header[1:] for k in _places_in(part)]


def exits(body: Graph) -> list[Node]:
    """Where the steps of a loop leave it, in order."""
    return [node for node in body.nodes if node.op in EXITS]


class Control(Operation):
    """An operation that the backward pass treats as a whole.

    `node.inputs` are the values that its sub-graphs take; what is in between belongs to each kind.
    """

    turns = False
    """Whether the sub-graph is the body of a loop, see `Loop`."""

    def __init__(self, name: str, alias: str = "any"):
        super().__init__(self.compute, name=name, alias=alias)

    def varied(self, node: Node, varied: set[Value]) -> list[bool]:
        """Which outputs vary with the inputs in `varied` through operations that have a derivative."""
        raise NotImplementedError

    def pull(self, node: Node, bars: list[Any], wanted: list[bool], totals: list[Any]) -> list[Any]:
        """The cotangents of the wanted inputs, None for the others and where there is none.

        bars: the cotangents of the outputs, None for those without. totals: what was sent to each input so far, None
        where that is nothing; what is returned includes it, so that a branch that adds nothing, or a step of a loop,
        costs nothing.
        """
        raise NotImplementedError

    def varied_inside(self, node: Node, graph: Graph, varied: set[Value]) -> set[Value]:
        """The parameters of a sub-graph that vary, given what varies around it."""
        return {p for p, v in self.stands_for(node).items() if v in varied and p in graph.params}

    def needs(self, node: Node, wanted: set[Value], sums: bool) -> set[Value]:
        """The inputs that the outputs among `wanted`, and what has an effect, are computed from.

        sums: whether only those count that have a part in the numbers, not those that decide or have an effect.
        """
        return set(node.inputs)

    def takes_totals(self, node: Node) -> bool:
        """Whether `pull` adds to what was sent so far; else it is added up outside."""
        return True

    def stands_for(self, node: Node) -> dict[Value, Value]:
        """The parameters of the sub-graphs that are values from outside all the time."""
        return {}

    def connect(self, node: Node) -> None:
        """Let the parameters of the sub-graphs know what `node` takes now."""
        for graph in node.subgraphs:
            graph.holder = node
        for param, v in self.stands_for(node).items():
            param.source = v

    def sources(self, node: Node, i: int) -> list[Value]:
        """What output `i` is one of: results of sub-graphs, or inputs."""
        return []

    def settle(self, node: Node) -> list[Graph]:
        """Let the sub-graphs know their inputs, which changed; those are returned that are worth another look.

        What became a literal they take as one of their own.
        """
        return []

    def unchanged(self, node: Node) -> dict[Value, Value]:
        """Outputs that are inputs whatever is taken or done; they are dropped."""
        return {}

    def trim(self, node: Node, needed: set[Value], prune: Callable[[Graph], None]) -> None:
        """Drop the outputs that are not in `needed`, and what was there for them alone."""
        raise NotImplementedError

    def compute(self, node: Node, inputs: list[Any], run: Callable[[Graph, list[Any]], list[Any]]) -> list[Any]:
        """The outputs on numbers; `run` interprets a graph."""
        raise NotImplementedError


def keep_outputs(node: Node, kept: list[int]) -> None:
    """Leave the outputs at the places `kept`, in each sub-graph the results as well."""
    node.outputs = [node.outputs[i] for i in kept]
    for i, out in enumerate(node.outputs):
        out.index = i
    for graph in node.subgraphs:
        graph.results = [graph.results[i] for i in kept]


def is_literal(v: Value) -> bool:
    """Whether `v` is a constant without a name of the user's."""
    return v.node is not None and v.node.op is CONST and not v.hint


def replace_params(graph: Graph, table: dict[Value, Value]) -> None:
    """Let other values stand for some parameters, which go."""
    for node in graph.nodes:
        node.inputs = tuple(table.get(v, v) for v in node.inputs)
    graph.results = [table.get(v, v) for v in graph.results]
    graph.params = [p for p in graph.params if p not in table]


def is_loop(node: Node) -> bool:
    return isinstance(node.op, Control) and node.op.turns


def may_stop(node: Node) -> bool:
    """Whether a loop may be left before its end."""
    return node.options["stop"] is not None or bool(exits(node.subgraphs[0]))


def refresh(node: Node) -> None:
    """Let the sub-graphs of a node know what they take, and under which parameter, after that changed."""
    taken: dict[Value, Value] = node.op.stands_for(node)  # type: ignore[attr-defined]
    for graph in node.subgraphs:
        graph.captured = {taken[p]: p for p in graph.params if p in taken}
    node.op.connect(node)  # type: ignore[attr-defined]


def inlined(graph: Graph, inner: Graph, values: list[Value]) -> list[Value]:
    """Append the nodes of a sub-graph to `graph`, `values` standing for its parameters; what its results are there."""
    table = dict(zip(inner.params, values, strict=True))

    def here(v: Value) -> Value:
        if v.node is not None and v.node.op is CONST and v.graph is inner and not v.hint:
            return graph.const(v.node.options["value"], v.node.ast)
        return table.get(v, v)

    for node in inner.nodes:
        node.inputs = tuple(map(here, node.inputs))
        for out in node.outputs:
            out.graph = graph
        graph.nodes.append(node)
        if isinstance(node.op, Control):
            refresh(node)
    return [here(v) for v in inner.results]


def separate(
    graph: Graph, forward: int, is_light: Callable[[Node], bool], last_version: Callable[[Value], Value | None],
    written_to: Callable[[Value], Node | None],
) -> tuple[Graph, list[tuple[Value, Value]]]:
    """Move the backward half of `graph` into a graph of its own; `graph` keeps its first `forward` results.

    Returned with it: the values of the forward half that it reads and the parameters that stand for them there. What
    costs nothing (views, indices, shapes) is computed again instead, from what it was computed from; a part of an
    array that steps write, from what the array is in the end. last_version: what that is, outside. written_to: the
    statement that wrote a value where it still is then.
    """
    back = Graph(graph.name, graph.facts)
    back.origin, back.backward = graph.origin, True
    moved: dict[Value, Value] = {}
    saved: list[tuple[Value, Value]] = []

    def here(v: Value) -> Value:
        """What stands for `v` in the backward half."""
        if v.graph is back:
            return v
        if v not in moved:
            moved[v] = fetched(v)
        return moved[v]

    def fetched(v: Value) -> Value:
        node = v.node
        if node is not None and node.op is CONST:
            return back.const(node.options["value"], node.ast)
        if node is None and v.source is not None:
            return back.capture(v.source)
        if node is not None and len(node.outputs) == 1 and is_light(node) and (not v.hint or node.op.name == "slice"):
            read = lasting if node.op.name == "getitem" or SHAPE_ONLY.get(node.op.name) == 0 else here
            again = Node(node.op, (*map(read, node.inputs[:1]), *map(here, node.inputs[1:])), node.options)
            again.ast, again.origin, again.backward, again.again = node.ast, node.origin, True, True
            again.outputs.append(Value(back, v.type, again, hint=v.hint))
            back.nodes.append(again)
            return again.out
        wrote = written_to(v)
        if wrote is not None:
            with back.at(wrote.origin, backward=True):
                again = back.add(PRIMITIVES["getitem"], [lasting(wrote.out), here(wrote.inputs[1])])
            again.again, again.out.hint = True, v.hint
            return again.out
        param = Value(back, v.type, hint=v.hint)
        back.params.append(param)
        saved.append((v, param))
        return param

    def lasting(v: Value) -> Value:
        """What stands for an array of which a part is read that stays, or the shape."""
        found = last_version(v)
        return here(v) if found is None else back.capture(found)

    for node in list(graph.nodes):
        if node.op.name == "final" and node.backward:
            moved[node.out] = lasting(node.inputs[0])
        elif node.backward:
            looked_at = SHAPE_ONLY.get(node.op.name)
            node.inputs = tuple(lasting(v) if k == looked_at else here(v) for k, v in enumerate(node.inputs))
            if isinstance(node.op, Control):
                node.op.connect(node)
            for out in node.outputs:
                out.graph = back
            back.nodes.append(node)
    back.results = [here(v) for v in graph.results[forward:]]
    graph.nodes[:] = [node for node in graph.nodes if not node.backward]
    graph.results = graph.results[:forward]
    return back, saved

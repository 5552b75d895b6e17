"""The order of the statements, and which values get one: the rest is written into the expressions that use it."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .control import UNDEFINED, Control
from .forms import is_named
from .graph import CONST, OPAQUE, Graph, Node, Value
from .rules.indices import is_basic
from .rules.primitives import FILLS, WRITES
from .source import Around, Statement

MAX_WIDTH = 84
"""About how wide, in characters, an expression grows before a part of it gets a name."""
PARTS = ("attribute", "item")
"""Operations that read a part of an argument."""
STATEMENT_OPS = ("scatter", *WRITES, "own", "expand", "pick", "same", "append")
"""Operations that are written as statements."""
VIEWS = ("getitem", "transpose", "shape", "size", "dtype", "ndim", "tuple", "list", "slice", "expand_dims", "swapaxes")


SYMBOLS = {
    "product", "total", "add", "subtract", "multiply", "true_divide", "divide", "power", "matmul", "negative",
    "getitem", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "tuple", "slice",
}  # fmt: skip
"""Operations that are written with a sign rather than a name."""
COMPARISONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"}
SUFFIXES = {"transpose", "real", "imag", "expand_dims"}
"""Operations that are written as a short suffix."""


LINEAR = ("matmul", "dot", "outer", "solve", "einsum", "tensordot")
"""Products of matrices and their like: a cotangent that goes into one is a statement of its own."""


@dataclass(eq=False)
class Step:
    """A statement to be written: it computes `node`. reads: the named values that it reads, through what is inline.

    joint: the steps that are written in one statement with it, in order and itself included; empty for most. place:
    where an argument is unpacked, that of the target among those of the statement.
    """

    node: Node
    reads: list[Value] = field(default_factory=list)
    joint: list[Step] = field(default_factory=list)
    place: tuple[int, ...] = ()

    @property
    def out(self) -> Value | None:
        return self.node.outputs[0] if self.node.outputs else None


class Schedule:
    """Steps in order; `named` holds the values that have a statement, or are parameters.

    inner: the schedules of the sub-graphs of a node. unpacked: the parts of each tuple that is recorded, which get
    names in its place. stands_for: the outer value that a parameter of a sub-graph is. Both `named` and `stands_for`
    are shared by a schedule and those inside. tight: whether the results of a sub-graph are written where they are
    used, as in a conditional expression. handed_on: what a step of a loop hands on.
    """

    def __init__(
        self, graph: Graph, outer: Schedule | None = None, tight: bool = False, closure: bool = False,
        handed_on: frozenset[Value] = frozenset(), items: Sequence[Value] = (),
    ):  # fmt: skip
        self.graph, self.tight, self.closure = graph, tight, closure
        self.inner: dict[Node, list[Schedule]] = {}
        self.stands_for: dict[Value, Value] = {} if outer is None else outer.stands_for
        self.named: set[Value] = set() if outer is None else outer.named
        self.named.update(graph.params)
        self.bases = grown_bases(graph)
        self.uses: Counter[Value] = Counter(v for node in graph.nodes for v in node.inputs)
        self.uses.update(graph.results)
        self._ends = Counter(node.inputs[1] for node in graph.nodes if node.op.name == "append")
        self.backward_uses: Counter[Value] = Counter(v for node in graph.nodes if node.backward for v in node.inputs)
        controls = [node for node in graph.nodes if isinstance(node.op, Control)]
        self._taken = {v for node in controls for v in node.op.stands_for(node).values()}  # type: ignore[attr-defined]
        tests = Counter(node.inputs[0] for node in graph.nodes if node.subgraphs)
        self._tests = {v for v, count in tests.items() if count == self.uses[v]}
        """Values that are conditions of branches and nothing else."""
        self._operands = {
            v
            for node in graph.nodes
            if node.backward and node.op.name in LINEAR
            for v in node.inputs
            if v.bar_of is not None
        }
        self._taken_out = set(taken_out(graph))
        self._widths: dict[Value, int] = {}
        self.unpacked: dict[Value, list[Value | None]] = unpacked_in(graph) | unpacked_items(graph, items)
        self._parts = {part for parts in self.unpacked.values() for part in parts if part is not None}
        graph.place = {v: i for i, v in enumerate([*graph.params, *(v for node in graph.nodes for v in node.outputs)])}
        forward = [node for node in graph.nodes if not node.backward]
        backward = in_groups([node for node in graph.nodes if node.backward], handed_on)
        for node in forward + backward:
            self._decide(node)
        self.steps = [Step(node) for node in forward + backward if self._is_step(node)]
        for step in self.steps:
            step.reads = self.reads_of(step.node)
        self._join_tuples()
        self._join_records()

    def _join_tuples(self) -> None:
        """Note which steps are one statement of the user's, `a, b = x, y`, all parts of which are needed."""
        start = 0
        for stop in range(1, len(self.steps) + 1):
            origin = self.steps[start].node.origin
            if stop < len(self.steps) and self.steps[stop].node.origin is origin:
                continue
            names = tuple_targets(origin)
            group = self.steps[stop - len(names) : stop] if 0 < len(names) <= stop - start else []
            plain = all(is_assignment(step.node) and step.node not in self.inner for step in group)
            if group and plain and [step.node.out.hint for step in group] == names:
                for step in group:
                    step.joint = group
            else:
                places = target_places(origin)
                for parts, run in itertools.groupby(self.steps[start:stop], lambda s: part_key(s.node) is not None):
                    if parts:
                        self._join_unpacked(list(run), places)
            start = stop

    def _join_records(self) -> None:
        """Note which steps read one list, to be one statement."""
        groups: dict[Value, list[Step]] = {}
        for step in self.steps:
            if step.node.op.name == "recorded" and step.node.out not in self.unpacked:
                groups.setdefault(step.node.inputs[0], []).append(step)
        for group in groups.values():
            for step in group if len(group) > 1 else ():
                step.joint = group

    def _join_unpacked(self, group: list[Step], places: dict[str, tuple[int, ...]]) -> None:
        """Note that all steps are `a, (b, c) = params` if they are parts of one argument. places: of the targets."""
        found = [places.get(step.node.out.hint, ()) for step in group]
        if not all(found) or len(group) == 1 and group[0].node.again:
            return
        wholes = {unpacked_from(step.node, place) for step, place in zip(group, found, strict=True)}
        if len(wholes) == 1 and None not in wholes:
            for step, place in zip(group, found, strict=True):
                step.joint, step.place = group, place

    def _is_step(self, node: Node) -> bool:
        if node.op.name == "recorded":
            return node.inputs[0] not in self.unpacked
        if any(out in self._parts for out in node.outputs):
            return False
        if self.tight and node.outputs and node.out in self.graph.results and self.uses[node.out] == 1:
            return node.out in self.named  # it runs where it is written, if nothing else does
        return not node.outputs or node.effect or any(out in self.named for out in node.outputs)

    def _decide(self, node: Node) -> None:
        """Whether the outputs of `node` get a statement."""
        if node.subgraphs:
            self._look_inside(node)
        if len(node.outputs) != 1:
            self.named.update(v for v in node.outputs if self.uses[v] or v.hint)
            return
        out = node.out
        if out in self._parts or out not in self.unpacked and self._wants_name(node, out):
            self.named.add(out)
            return
        width = self.width_of(node)
        if node.backward and width > MAX_WIDTH:
            parts = [v for v in node.inputs if v not in self.named and v.node is not None and v.node.op is not CONST]
            parts = [v for v in parts if self._widths.get(v, 0) > 24 and v.node.op.name not in VIEWS]  # type: ignore[union-attr]
            parts = [v for v in parts if v.type.kind != "bool"] or parts
            for v in sorted(parts, key=lambda v: -self._widths[v])[:1]:
                self.named.add(v)
            width = self.width_of(node)
        self._widths[out] = width

    def _look_inside(self, node: Node) -> None:
        self.stands_for.update(node.op.stands_for(node))  # type: ignore[attr-defined]
        tight = bool(node.options.get("expression")) and len(node.outputs) == 1
        ends = [v for graph in node.subgraphs[:1] for v in graph.results[: node.options.get("carried", 0)]]
        items = node.op.items(node) if node.op.turns else []  # type: ignore[attr-defined]
        inner = [Schedule(g, self, tight, handed_on=frozenset(ends), items=items) for g in node.subgraphs]
        self.inner[node] = inner

    def is_expression(self, node: Node) -> bool:
        """Whether a branch is written as a conditional expression: each side is a single expression."""
        return all(
            inner.tight and not inner.steps and inner.graph.results[0].const is not UNDEFINED
            for inner in self.inner.get(node, ())
        )

    def comprehensions(self, node: Node) -> Iterator[tuple[Node, Schedule]]:
        """The loops that are written as comprehensions in the expression of `node`, which may be one itself; each with
        its body."""
        todo = [node]
        while todo:
            part = todo.pop()
            if part in self.inner and self.is_expression(part):
                if part.op.turns:  # type: ignore[attr-defined]
                    yield part, self.inner[part][0]
                for inner in self.inner[part]:
                    result = inner.graph.results[0]
                    if result.node is not None and result not in self.named:
                        yield from inner.comprehensions(result.node)
            todo += [v.node for v in part.inputs if v.node is not None and v not in self.named]

    def _wants_name(self, node: Node, out: Value) -> bool:
        if node.subgraphs and not self.is_expression(node):
            return True
        if self.tight and out in self.graph.results and self.uses[out] == 1:
            alone = not node.effect or sum(inner.effect for inner in self.graph.nodes) == 1
            return node.op.name in STATEMENT_OPS or not alone
        if node.op.name in PARTS:  # what the pullback reads must be what the forward pass read
            return node.options["bound"] or self.closure and bool(self.backward_uses[out])
        if out in self._taken and not is_light(node):
            return True
        if node.op is CONST:
            return True  # only constants that the user gave a name are nodes of the graph
        if node.effect:
            return self.uses[out] > 0 or isinstance(node.ast, ast.stmt)
        if not node.backward:
            if node.op.name == "length_of_list" and self.uses[out] == self._ends[out]:
                return False  # where an item is appended goes without saying
            if out.hint or node.op.name in STATEMENT_OPS:
                return True
            if is_light(node):
                return False
            if out in self._taken_out:
                return True
            if self._is_cheaper_again(node, out):
                return False
            return bool(self.backward_uses[out]) or self.uses[out] > 1
        if node.op.name in STATEMENT_OPS or is_named(out) or out in self.bases:
            return True
        if node.op.name == "recorded" or node.again and out.hint and (self.uses[out] > 1 or node.op.name == "slice"):
            return True
        if is_light(node) or is_tiny(node) and out.type.kind == "int":
            return False
        return self.uses[out] > 1 or out in self._operands and node.op.name in ("product", "total", "matmul")

    def _is_cheaper_again(self, node: Node, out: Value) -> bool:
        """Whether a part of the user's expression that the backward pass reads is written there again.

        So it is where nothing else reads it, or where it is next to nothing: the user's line stays in one piece.
        """
        if node.op is OPAQUE or node.subgraphs:
            return False
        if out in self._tests:
            known = all(v in self.named or v.const is not v for v in node.inputs)
            return known and node.op.name in COMPARISONS
        if self.uses[out] == 1:
            return not self.closure or is_tiny(node)
        return is_tiny(node) and self.uses[out] <= 3

    def width_of(self, node: Node) -> int:
        if node.subgraphs:
            return sum(inner.width() for inner in self.inner[node]) + self._widths.get(node.inputs[0], 8) + 10
        if node.ast is not None and not node.backward and not node.inputs:
            return 8
        name = node.op.name
        around = 0 if name in SYMBOLS else 2 if name in SUFFIXES else len(name) + 5
        return around + sum(3 + self._width_of_input(v) for v in node.inputs) - 3 * (len(node.inputs) > 0)

    def _width_of_input(self, v: Value) -> int:
        if v in self.named:
            return len(v.hint) or (len(v.bar_of.hint) + 4 if v.bar_of is not None and v.bar_of.hint else 10)
        return self._widths.get(v, 4)

    def width(self) -> int:
        """About how wide the results are, written out."""
        return sum(8 if v in self.named else self._widths.get(v, 4) for v in self.graph.results)

    def reads_of(self, node: Node) -> list[Value]:
        """The named values that are read where `node` is written."""
        return self.read_in(node.inputs)

    def read_in(self, values: Iterable[Value]) -> list[Value]:
        """The named values that are read where `values` are written."""
        found: dict[Value, None] = {}
        todo = list(values)
        while todo:
            v = todo.pop()
            if v in self.named:
                found[v] = None
            elif v.node is not None:
                todo += v.node.inputs
        return list(found)


def taken_out(graph: Graph) -> Iterator[Value]:
    """What is computed inside of a `try` or the like and read outside of it: it has to be computed there."""
    reads = [(v, around(node)) for node in graph.nodes if not node.backward for v in node.inputs]
    for v, outside in [*reads, *((v, []) for v in graph.results)]:
        inside = around(v.node)
        if inside and inside != outside:
            yield v


def around(node: Node | None) -> list[Around]:
    """What stands around the statement of a node in the forward pass alone."""
    origin = None if node is None or node.backward else node.origin
    return [a for a in origin.context if not a.both] if isinstance(origin, Statement) else []


def is_early(graph: Graph, v: Value) -> bool:
    """Whether the user gives the name of `v` to something else afterwards, so that `v` is recorded at once."""
    if not v.hint or v.node is None:
        return False
    return any(out.hint == v.hint for node in graph.nodes[graph.nodes.index(v.node) + 1 :] for out in node.outputs)


def tuple_targets(origin: Any) -> list[str]:
    """The names in `a, b = x, y`; none for any other statement."""
    node = getattr(origin, "node", None)
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.value, ast.Tuple)):
        return []
    target = node.targets[0]
    names = [t.id for t in getattr(target, "elts", []) if isinstance(t, ast.Name)]
    return names if len(names) == len(node.value.elts) == len(set(names)) > 1 else []


def unpacked_in(graph: Graph) -> dict[Value, list[Value | None]]:
    """The tuples in a graph that a loop recorded, and the values of their parts."""
    found: dict[Value, list[Value | None]] = {}
    for node in graph.nodes:
        if node.op.name == "recorded" and node.inputs[0].type.items is not None:
            whole, place = node.inputs
            parts = found.setdefault(whole, [None] * len(whole.type.items))  # type: ignore[arg-type]
            parts[place.const] = node.out
    return found


def unpacked_items(graph: Graph, items: Sequence[Value]) -> dict[Value, list[Value | None]]:
    """The tuples, and rows of a known length, that a loop goes through which its body does nothing with but read their
    parts, each in one place."""
    found: dict[Value, list[Value | None]] = {}
    for p in items:
        readers = [node for node in graph.nodes if p in node.inputs]
        places = [node.args[1] if node.op.name == "getitem" and node.inputs[0] is p else None for node in readers]
        count = len(p.type.items) if p.type.items is not None else p.type.shape[0] if p.type.ndim and not p.hint else 0  # type: ignore[index]
        if not isinstance(count, int) or p in graph.results or not places:
            continue
        if all(type(i) is int and 0 <= i < count for i in places) and len(set(places)) == len(places):
            parts: list[Value | None] = [None] * count
            for i, node in zip(places, readers, strict=True):
                parts[int(i)] = node.out  # type: ignore[arg-type]
            found[p] = parts
    return found


def unpacking_target(node: Any) -> ast.expr | None:
    """The target of an assignment of what is not written out, or of a loop; None where a part of it has a star."""
    target = node.target if isinstance(node, ast.For) else None
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.value, (ast.Tuple, ast.List)):
        target = node.targets[0]
    starred = target is not None and any(isinstance(part, ast.Starred) for part in ast.walk(target))
    return None if starred else target


def target_places(origin: Any) -> dict[str, tuple[int, ...]]:
    """The names in `a, (b, c) = params`, each with its place; none where that is written out, or has stars."""
    node = getattr(origin, "node", None)
    found: dict[str, tuple[int, ...]] = {}
    target = unpacking_target(node)
    if target is not None:
        todo: list[tuple[Any, tuple[int, ...]]] = [(target, ())]
        while todo:
            part, place = todo.pop()
            todo += [(inner, (*place, i)) for i, inner in enumerate(getattr(part, "elts", ()))]
            if isinstance(part, ast.Name):
                found[part.id] = place
    return found


def part_key(node: Node) -> Any:
    """Which part of a container a node reads; None for any other node."""
    if node.op.name in PARTS:
        return node.options["key"]
    if node.op.name != "getitem" or type(node.args[1]) is not int:
        return None
    t = node.inputs[0].type
    rows = t.ndim and isinstance(t.shape[0], int) and 0 <= node.args[1] < t.shape[0]  # type: ignore[index]
    return node.args[1] if t.items is not None or rows else None


def unpacked_from(node: Node, place: tuple[int, ...]) -> Value | None:
    """What a part of an argument is unpacked from, being at a place in it; None if it is not."""
    v = node.out
    for i in reversed(place):
        key = None if v.node is None else part_key(v.node)
        if key is None:
            return None
        base = v.node.inputs[0]  # type: ignore[union-attr]
        keys = () if base.type.form is None else base.type.form.keys
        if (keys.index(key) if key in keys else key) != i:
            return None
        v = base
    return v


def is_assignment(node: Node) -> bool:
    """Whether a step of the forward pass gives one name an expression."""
    return not node.backward and not node.effect and len(node.outputs) == 1 and not isinstance(node.ast, ast.stmt)


def grown_bases(graph: Graph) -> set[Value]:
    """The backward values into which a later statement adds: the same variable, in the text."""
    found: set[Value] = set()
    for node in reversed(graph.nodes):
        if node.op.name in WRITES and node.backward:
            base = node.inputs[0]
            if base.node is not None and base.node.backward:
                found.add(base)
                if base.bar_of is None or not base.bar_of.hint:
                    base.bar_of = node.out.bar_of
    return found


def is_light(node: Node) -> bool:
    """Whether computing `node` again costs next to nothing: a view, a shape, an index."""
    if node.op is OPAQUE or node.op is CONST:
        return node.op is CONST
    if node.op.name == "getitem":
        return is_basic(node.args[1])
    return node.op.cheap


TINY = ("add", "subtract", "multiply", "negative", "true_divide", "divide")
COUNTING = ("add", "subtract", "multiply", "negative", "floor_divide", "remainder", "mod")


def is_tiny(node: Node) -> bool:
    """Whether `node` is one step of arithmetic on numbers, or on parameters of unknown rank, as in `1.0 - mix`.

    A constant that the user wrote as a call, such as `math.sqrt(2.0)`, is another step.
    """
    if node.op.name not in TINY or node.out.type.ndim:
        return False
    if any(v.node is not None and v.node.op is CONST and isinstance(v.node.ast, ast.Call) for v in node.inputs):
        return False
    known = [v for v in node.inputs if v.node is None or v.node.op is not CONST]
    named = all(v.hint for v in known)
    return named and (node.out.type.scalar or all(v.node is None for v in known) and len(known) == 1)


def is_count(node: Node) -> bool:
    """Whether `node` is arithmetic on whole numbers, such as a place in an array."""
    return node.op.name in COUNTING and node.out.type.kind == "int" and node.out.type.scalar


def in_groups(nodes: list[Node], handed_on: frozenset[Value]) -> list[Node]:
    """Backward nodes by the statement that they answer, last statement first, each after what it reads."""
    rank: dict[Node, int] = {}
    for node in nodes:
        own = 1 << 30 if node.again else getattr(node.origin, "index", 1 << 30)
        rank[node] = min([own, *(rank[v.node] for v in node.inputs if v.node in rank)])
    return in_time(in_reading_order(sorted(nodes, key=lambda node: -rank[node]), rank, handed_on))


def in_time(nodes: list[Node]) -> list[Node]:
    """Let what is computed again stand where it is first read; what was unpacked together, together."""
    waiting = {out: node for node in nodes for out in node.outputs if node.again and node.op.name != "recorded"}
    parts: dict[tuple[Any, Value], list[Node]] = {}
    for node in waiting.values():
        if part_key(node) is not None:
            together = parts.setdefault((getattr(node.origin, "node", None), node.inputs[0]), [node])
            if node is not together[0]:
                node.origin = together[0].origin  # of a helper that is called twice with it
                together.append(node)
    out: list[Node] = []

    def fetch(node: Node) -> None:
        for v in node.inputs:
            if v in waiting:
                before = waiting.pop(v)
                fetch(before)
                place = getattr(before.origin, "node", None), before.inputs[0] if before.inputs else before.out
                together = parts.pop(place, [before])
                for part in sorted(together, key=lambda part: (isinstance(part_key(part), str), part_key(part))):
                    waiting.pop(part.out, None)
                    out.append(part)

    for node in nodes:
        if not node.again or node.op.name == "recorded":
            fetch(node)
            out.append(node)
    return [*out, *waiting.values()]


def in_reading_order(nodes: list[Node], rank: dict[Node, int], handed_on: frozenset[Value]) -> list[Node]:
    """Within a group, the cotangents of what the user named first come first, each after what it needs.

    What a step of a loop hands on comes last, and what becomes the cotangent of a variable that the statement gave a
    new value: so it may have the name of what is there before.
    """

    def key(node: Node) -> tuple[bool, int]:
        out = node.outputs[0]
        late = node.op.name not in WRITES and (out in handed_on or takes_over(node))
        return late, position(out.bar_of)

    out: list[Node] = []
    start = 0
    while start < len(nodes):
        stop = start
        while stop < len(nodes) and rank[nodes[stop]] == rank[nodes[start]]:
            stop += 1
        group = nodes[start:stop]
        inside = set(group)
        before = readers_before(group)
        wanted = sorted(range(len(group)), key=lambda i: (key(group[i]), i))
        done: set[Node] = set()
        for i in wanted:
            todo = [group[i]]
            while todo:
                node = todo[-1]
                missing = [v.node for v in node.inputs if v.node in inside and v.node not in done]
                missing += [reader for reader in before.get(node, ()) if reader not in done]
                if missing and node not in done:
                    todo += missing[::-1]
                    continue
                todo.pop()
                if node not in done:
                    done.add(node)
                    out.append(node)
        start = stop
    return out


def takes_over(node: Node) -> bool:
    """Whether a node makes the cotangent of a variable of that of its next value, which has the same name."""
    name = "" if node.outputs[0].bar_of is None else node.outputs[0].bar_of.hint
    todo = [(v, 0) for v in node.inputs] if name else []
    for v, depth in todo:
        if v.bar_of is not None and v.bar_of.hint:
            if v.bar_of.hint == name:
                return True
        elif depth < 3 and v.node is not None and v.node.backward:
            todo += [(w, depth + 1) for w in v.node.inputs]
    return False


def readers_before(group: list[Node]) -> dict[Node, list[Node]]:
    """For each node that writes into an array, those before it that read the array as it was."""
    found: dict[Node, list[Node]] = {}
    readers: dict[Value, list[Node]] = {}
    for node in group:
        if node.op.name in FILLS:
            found[node] = readers.get(node.inputs[0], [])[:]
        for v in node.inputs:
            readers.setdefault(v, []).append(node)
    return found


def position(v: Value | None) -> int:
    """Where the graph defines `v`: parameters first; what is the cotangent of nothing comes last."""
    return 1 << 30 if v is None else v.graph.place.get(v, 1 << 29)

"""Where in the text a value is alive: what names, and memory, may be used for something else.

Statements get positions in the order in which they stand. A value is alive on half-open spans of positions: from where
it is computed to its last reading, and inside a branch only on the way that reads it.
"""

from __future__ import annotations

import bisect
import heapq
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from .buffers import roots, written
from .control import exits, is_loop
from .graph import Node, Value
from .rules.primitives import FILLS
from .schedule import Schedule, is_early

Span = tuple[int, int]


class Block:
    """The statements of one graph. opens: where the statement stands that holds the block.

    loop: whether it runs many times, so that what it reads of outside lives from its `start` to its `stop`.
    """

    def __init__(self, outer: Block | None = None, opens: int = 0):
        self.outer, self.opens = outer, opens
        self.start = self.stop = 0
        self.loop = False


class Lives:
    """The spans of every value that has a name.

    closure: whether the backward pass is a function of its own, which may be called at any time: what it reads of the
    forward pass lives to the end. kept: parameters that are read at the end.
    """

    def __init__(self, schedule: Schedule, closure: bool = False, kept: Sequence[Value] = ()):
        self.stands_for = schedule.stands_for
        self.spans: dict[Value, list[Span]] = defaultdict(list)
        self.order: list[Value] = []
        self.position: dict[Node, int] = {}
        """Where each statement stands."""
        self.merged: dict[Value, Value] = {}
        """What a side of a branch computes and the output of the branch that it becomes."""
        self._turns: list[tuple[Value, Value, Value]] = []
        """What a step of a loop finds, what it hands on, and what is left after the last."""
        self._home: dict[Value, tuple[Block, int]] = {}
        self._last: dict[tuple[Value, int], int] = {}
        self._computed: dict[Value, int] = {}
        """Where a value is read last to compute something, be it before a name is given or behind that."""
        self._blocks: list[Block] = []
        self._at = 0
        self._boundary: int | None = None
        root = self._open(None, 0)
        for v in schedule.graph.params:
            self._define(v, root, -1)
        self._place(schedule, root, top=True)
        for v in [*schedule.graph.results, *kept]:
            self._read_through(schedule, v, root, self._at + 1)
        self._measure(closure, self._at + 1)

    def _open(self, outer: Block | None, opens: int) -> Block:
        block = Block(outer, opens)
        block.start = self._at
        self._blocks.append(block)
        return block

    def _place(self, schedule: Schedule, block: Block, top: bool = False) -> None:
        for step in schedule.steps:
            if not step.joint or step.joint[0] is step:  # what is written in one statement stands at one place
                self._at += 1
            if top and step.node.backward and self._boundary is None:
                self._boundary = self._at
            self.position[step.node] = self._at
            for v in step.reads:
                self._read(v, block, self._at, outlasts(v, step.node))
            self._place_comprehensions(schedule, step.node, block, self._at)
            if step.node in schedule.inner and not schedule.is_expression(step.node):
                if step.node.op.turns:  # type: ignore[attr-defined]
                    self._place_body(schedule, step.node, block)
                    continue
                self._place_arms(schedule, step.node, block)
            for out in step.node.outputs:
                for v in parts_of(schedule, out):
                    if v in schedule.named:
                        self._define(v, block, self._at)

    def _place_comprehensions(self, schedule: Schedule, node: Node, block: Block, at: int) -> None:
        """The variables of comprehensions: they must hide nothing that is read there."""
        for inner, body in schedule.comprehensions(node):
            loop: Any = inner.op
            for p in (part for item in loop.items(inner) for part in parts_of(body, item)):
                self._define(p, block, at)
                self.spans[p].append((at - 1, at + 1))

    def _place_arms(self, schedule: Schedule, node: Node, block: Block) -> None:
        opens = self._at
        for inner in schedule.inner[node]:
            self._at += 1
            arm = self._open(block, opens)
            self._place(inner, arm)
            self._at += 1
            for out, v in zip(node.outputs, inner.graph.results, strict=True):
                self._read_through(inner, v, arm, self._at)
                if v.node is not None and v in inner.named and v not in self.merged:
                    self.merged[v] = out
                self.spans[out].append((self._at, self._at + 1))
        self._at += 1

    def _place_body(self, schedule: Schedule, node: Node, block: Block) -> None:
        opens = self._at
        [inner] = schedule.inner[node]
        results, count = inner.graph.results, node.options["carried"]
        loop: Any = node.op
        items, carried = loop.items(node), loop.carried(node)
        for out in node.outputs[count:]:
            self._define(out, block, opens)
        for v in schedule.read_in(node.inputs[: node.options["items"]]):
            self._read(v, block, opens + is_overtaken(v, node))
        self._at += 1
        body = self._open(block, opens)
        body.loop = True
        for v in [*(part for p in items for part in parts_of(inner, p)), *carried]:
            self._define(v, body, self._at)
        self._at += 1
        begin = self._at
        self._place(inner, body)
        begin = max([begin, *(self.position[leave] + 1 for leave in exits(inner.graph))])
        for r in results[count:]:
            known = r in carried or r in items  # it is recorded as the step finds it, when that goes on
            if known or is_early(inner.graph, r) and r.node is not None and self.position[r.node] < begin:
                self._read(r, body, begin)
        self._at += 1
        for i, r in enumerate(results):
            if i < count or not (r in carried or r in items or is_early(inner.graph, r)):
                self._read_through(inner, r, body, self._at)
        body.stop = self._at + 1
        self._at += 1
        for out, p, r in zip(node.outputs, carried, results, strict=False):
            self._define(out, block, self._at)
            self.spans[out] += [(opens, body.start + 1), (body.stop - 1, body.stop + 1)]
            self.merged[p] = out
            self._turns.append((p, r, out))

    def _join_turns(self) -> None:
        """Let what a step hands on have the name of what it found, where that is not read any more."""
        members: dict[Value, list[Value]] = defaultdict(list)
        for v in self.order:
            head = v
            while head in self.merged:
                members[head].append(v)
                head = self.merged[head]
            members[head].append(v)
        for p, r, out in self._turns:
            if r in self.merged or r not in self._home or r.node is None or r.graph is not p.graph:
                continue
            busy = Busy()
            busy.add(sorted(self.spans[p]))
            if not busy.meets([span for v in members[r] for span in self.spans[v]]):
                self.merged[r] = out

    def _define(self, v: Value, block: Block, at: int) -> None:
        self._home[v] = (block, at)
        self.order.append(v)

    def _read_through(self, schedule: Schedule, v: Value, block: Block, at: int) -> None:
        """Note that `v` is read, or where it is written into an expression, what that reads."""
        named = [v] if v in schedule.named else [] if v.node is None else schedule.reads_of(v.node)
        for w in named:
            self._read(w, block, at)
        if v.node is not None and v not in schedule.named:
            self._place_comprehensions(schedule, v.node, block, at)

    def _read(self, v: Value, block: Block, at: int, longer: bool = False) -> None:
        while v in self.stands_for:
            v = self.stands_for[v]
        if v not in self._home:  # it is written into an expression
            for w in v.node.inputs if v.node is not None else ():
                self._read(w, block, at, longer)
            return
        home, _ = self._home[v]
        while block is not home:
            self._note(v, block, at, longer)
            at, longer = block.opens, False
            assert block.outer is not None
            block = block.outer
        self._note(v, home, at, longer)

    def _note(self, v: Value, block: Block, at: int, longer: bool) -> None:
        key = (v, id(block))
        self._last[key] = max(self._last.get(key, -1), at + longer)
        self._computed[v] = max(self._computed.get(v, -1), at)

    def _measure(self, closure: bool, end: int) -> None:
        boundary = self._boundary
        for v, (top, _) in self._home.items():
            if v.node is None and top.outer is None and v.bar_of is not None and boundary is not None:
                self._home[v] = (top, boundary)  # a cotangent that is given: it comes with the backward pass
        blocks = {id(block): block for block in self._blocks}
        for v, (_, at) in self._home.items():
            self.spans[v].append((at, at + 1))
        for (v, block), last in self._last.items():
            home, at = self._home[v]
            inner = blocks[block]
            whole = inner.loop and inner is not home
            self.spans[v].append((at if inner is home else inner.start, inner.stop if whole else last))
        for v, (_, at) in self._home.items():
            first, last = min(a for a, _ in self.spans[v]), max(b for _, b in self.spans[v])
            if closure and boundary is not None and at < boundary <= last:
                self.spans[v] = [(first, end + 1)]
        self._join_turns()

    def alive(self, v: Value, at: int) -> bool:
        """Whether `v` is read after the statement at a position, on a way through it."""
        return any(start <= at < stop for start, stop in self._spans_of(v))

    def ends_with(self, v: Value, at: int) -> bool:
        """Whether the statement at a position is the last that reads `v`, to compute what it writes somewhere."""
        while v in self.stands_for:
            v = self.stands_for[v]
        last = self._computed.get(v, -1) <= at
        return last and all(stop <= at + 1 for _, stop in self.spans[v])

    def end(self, v: Value) -> int:
        """The position after which nobody reads `v`."""
        return max((stop for _, stop in self._spans_of(v)), default=-1)

    def _spans_of(self, v: Value) -> list[Span]:
        while v in self.stands_for:
            v = self.stands_for[v]
        return self.spans.get(v, [])

    def groups(self) -> list[list[Value]]:
        """Values that share a name, the one that gives it first, in the order in which they are computed."""
        found: dict[Value, list[Value]] = {}
        for v in self.order:
            head = v
            while head in self.merged:
                head = self.merged[head]
            members = found.setdefault(head, [])
            if v is head:
                members.insert(0, v)
            else:
                members.append(v)
        return list(found.values())


def parts_of(schedule: Schedule, v: Value) -> list[Value]:
    """What gets a name where `v` is computed: itself, or the parts of a tuple."""
    return [part for part in schedule.unpacked[v] if part is not None] if v in schedule.unpacked else [v]


def outlasts(v: Value, node: Node) -> bool:
    """Whether `v` is read when the name that `node` gives to its result has it already: it is written in two steps."""
    fills = node.op.name in (*FILLS, "append")
    return node.op.name == "scatter" or fills and (v is not node.inputs[0] or v in node.inputs[1:])


def is_overtaken(v: Value, node: Node) -> bool:
    """Whether the header of a loop must not read `v` under the name of what is carried, which has begun by then.

    It begins as `v`, or as a copy, which is as good to read; not to be gone through while the steps write into it.
    Only what the user calls alike, or what a loop around hands on as such, can come to have one name.
    """
    loop: Any = node.op
    outputs = node.outputs[: node.options["carried"]]
    alike = any(_alike(v, w) for out in outputs for w in (out, *_found_as(out)))
    gone_through = any(v in roots(x) for x in node.inputs[: node.options["items"]])
    return alike and (v not in loop.initial(node) or gone_through and bool(written(node.subgraphs[0])))


def _found_as(v: Value) -> list[Value]:
    """What the next step of the loop around finds `v` as."""
    holder: Any = v.graph.holder
    if holder is None or not is_loop(holder):
        return []
    return [p for p, r in zip(holder.op.carried(holder), v.graph.results, strict=False) if r is v]


def _alike(v: Value, w: Value) -> bool:
    """Whether two values have the same word for a name, or are cotangents of what has."""
    if v.bar_of is not None and w.bar_of is not None:
        return _alike(v.bar_of, w.bar_of)
    return bool(v.hint) and v.hint == w.hint


class Busy:
    """Disjoint spans in order."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.stops: list[int] = []

    def meets(self, spans: list[Span]) -> bool:
        """Whether any of `spans` overlaps one of these."""
        for start, stop in spans:
            i = bisect.bisect_left(self.stops, start + 1)  # the first that ends after `start`
            if i < len(self.starts) and self.starts[i] < stop:
                return True
        return False

    def add(self, spans: list[Span]) -> None:
        """Take in `spans`, which may overlap each other but none of these."""
        for start, stop in spans:
            i = bisect.bisect_left(self.stops, start)
            j = bisect.bisect_right(self.starts, stop)
            if i < j:
                start, stop = min(start, self.starts[i]), max(stop, self.stops[j - 1])
            self.starts[i:j], self.stops[i:j] = [start], [stop]


class Numbers:
    """The numbers of the names that are made from one word: which are taken, until where, and which are free again."""

    def __init__(self) -> None:
        self._taken: list[tuple[int, int]] = []
        self._free: list[int] = []
        self._count = 0

    def release(self, at: int) -> None:
        """Free the numbers whose values are not alive any more at `at`."""
        while self._taken and self._taken[0][0] <= at:
            heapq.heappush(self._free, heapq.heappop(self._taken)[1])

    def next(self) -> int:
        """The smallest number that is free; it is not given again before it was taken and released."""
        if self._free:
            return heapq.heappop(self._free)
        self._count += 1
        return self._count - 1

    def take(self, k: int, until: int, passed: list[int]) -> None:
        """Note that `k` is taken until `until`, and that those that were `passed` over stay free."""
        heapq.heappush(self._taken, (until, k))
        for number in passed:
            heapq.heappush(self._free, number)

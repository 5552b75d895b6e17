"""Shifts that cancel: values that the results contain and yet do not depend on.

`log_softmax` subtracts the largest entry before it exponentiates. What comes out is the same whatever is subtracted,
so that the derivative with respect to the shift is exactly zero, and nothing has to be sent through the maximum.
Here that is proved, however the lines are written: let every entry m of a candidate move by a number d of its own.
A value that becomes v + L(d), or v * exp(L(d)), with L linear, is followed through the graph: sums, differences and
multiples add up the L, `exp` and `log` turn one form into the other, a sum along axes on which L(d) is constant
leaves a factor in place. Where the L of a value cancel, it does not depend on m. If every result is reached by nothing
but such values, the cotangent of m is zero; at the first operation that fits neither form, the proof is given up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .graph import OPAQUE, Graph, Node, Value
from .responses import EXTREMA, FOLLOWED, GivenUp, Open, Response, Shift, own_axes

CANDIDATES = (*EXTREMA, "mean")
SPAN = 200
"""How many operations are looked at for one candidate: generation stays linear."""


def without_influence(graph: Graph, results: Iterable[Value], varied: set[Value]) -> set[Value]:
    """The values among `varied` on which the results do not depend, though they are computed with them."""
    candidates = [n.out for n in graph.nodes if n.op.name in CANDIDATES and n.out in varied and not n.backward]
    if not candidates:
        return set()
    results = set(results)
    consumers: dict[Value, list[Node]] = {}
    needed = set(results)
    for node in reversed(graph.nodes):
        if any(v in needed for v in node.outputs) and node.differentiable:
            needed.update(node.inputs)
            for v in dict.fromkeys(node.inputs):
                consumers.setdefault(v, []).append(node)
    proof = Proof(graph, consumers)
    same: dict[Value, list[Value]] = {}
    for m in candidates:
        if m in needed:
            same.setdefault(proof.first[m], []).append(m)
    return {m for group in same.values() if not results & set(group) and proof.cancels(group, results) for m in group}


class Proof:
    """What is asked of the graph while shifts are followed.

    first: for each value, the first one that is computed in the same way. ranks: a token for the rank of each value;
    equal tokens, equal ranks, also where they are unknown.
    """

    def __init__(self, graph: Graph, consumers: dict[Value, list[Node]]):
        self.consumers = consumers
        self.place = {node: i for i, node in enumerate(graph.nodes)}
        self.first: dict[Value, Value] = {}
        self.ranks: dict[Value, Any] = {v: _rank(v) for v in graph.params}
        known: dict[Any, Value] = {}
        for node in graph.nodes:
            inputs = tuple(self.first.get(v, v) for v in node.inputs)
            for v in node.outputs:
                self.ranks[v], self.first[v] = _rank(v), v
            if len(node.outputs) != 1 or node.op is OPAQUE or node.subgraphs:
                continue
            self.first[node.out] = known.setdefault(Node(node.op, inputs, node.options).key(), node.out)
            if node.out.type.ndim is None and (node.op.elementwise or node.options.get("keepdims")):
                large = [x for x in inputs if x.type.ndim != 0] if node.op.elementwise else inputs[:1]
                tokens = {self.ranks.get(x, _rank(x)) for x in large}
                self.ranks[node.out] = tokens.pop() if len(tokens) == 1 else _rank(node.out)

    def cancels(self, group: list[Value], results: set[Value]) -> bool:
        """Whether no result depends on what all of `group` are."""
        start = self.start(group[0])
        if start is None:
            return False
        known = {m: Response(False, {start: Fraction(1)}) for m in group}
        queue = [(self.place[node], node) for node in {n for m in group for n in self.consumers.get(m, ())}]
        heapq.heapify(queue)
        seen = {node for _, node in queue}
        for _ in range(SPAN):
            if not queue:
                return True
            _, node = heapq.heappop(queue)
            try:
                response = self.answer(node, known)
            except GivenUp:
                return False
            if response is None or not response.shifts:
                continue
            if node.out in results:
                return False
            known[node.out] = response
            for user in self.consumers.get(node.out, ()):
                if user not in seen:
                    seen.add(user)
                    heapq.heappush(queue, (self.place[user], user))
        return False

    def start(self, m: Value) -> Shift | Open | None:
        """The shift of the candidate itself."""
        node = m.node
        assert node is not None
        if m.type.ndim is not None:
            return Shift(("candidate",), own_axes(m))
        axis = node.options["axis"]
        if not node.options["keepdims"]:
            return None
        if axis is None:
            return Shift(("candidate",), ())
        axes = axis if isinstance(axis, tuple) else (axis,)
        return Open(("candidate",), axes, None if all(a < 0 for a in axes) else self.ranks[node.inputs[0]])

    def answer(self, node: Node, known: dict[Value, Response]) -> Response | None:
        """How the output of `node` answers, given how its inputs do. Raises GivenUp."""
        follow = FOLLOWED.get(node.op.name)
        if follow is None or len(node.outputs) != 1 or node.out.type.kind == "complex":
            raise GivenUp
        parts = [known.get(v) for v in node.inputs]
        if node.op.elementwise:
            self._check_ranks(node, parts)
        response = follow(node, parts)
        if response is None:
            return None
        return Response(response.factor, {self._canonical(s): n for s, n in response.shifts.items()})

    def _canonical(self, s: Any) -> Any:
        """The same shift, described by the first of the values that are computed in the same way."""
        of = tuple(self.first.get(x, x) if isinstance(x, Value) else x for x in s.of)
        return replace(s, of=of)

    def _check_ranks(self, node: Node, parts: list[Response | None]) -> None:
        """Where a rank is unknown and axes count from the front, all operands must be of that rank."""
        shifts = [s for p in parts if p is not None for s in p.shifts]
        wanted = {s.rank for s in shifts if isinstance(s, Open) and s.rank is not None}
        large = [v for v in node.inputs if not v.type.scalar]
        if wanted and any({self.ranks.get(v, _rank(v))} != wanted for v in large):
            raise GivenUp


def _rank(v: Value) -> Any:
    return v.type.shape if v.type.ndim is None else v.type.ndim

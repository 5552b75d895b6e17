"""Names: the user's own where there is one, and for the rest a word that says what the value is.

Names are chosen last, by liveness: a name is free again after the last reading of its value.
"""

from __future__ import annotations

import builtins
import keyword

from .calls import CALL
from .control import UNDEFINED
from .graph import CONST, Node, Value
from .lives import Busy, Lives, Numbers, Span
from .loops import LOOP
from .rules.primitives import FILLS
from .schedule import Schedule
from .words import ROLES, function_word, leaf, spoken

BUILTINS = frozenset(name for name in dir(builtins) if name.islower())
ARITHMETIC = ("add", "subtract", "multiply", "true_divide", "divide", "matmul", "dot", "power", "negative")


class Names:
    """The name of every value that has one."""

    def __init__(self, schedule: Schedule, lives: Lives, taken: set[str], bar: str = "{}_bar"):
        self.schedule, self.lives, self.bar = schedule, lives, bar
        self.taken = set(taken) | BUILTINS
        self.of: dict[Value, str] = {}
        self.described: dict[Value, str] = {}
        self.hints = {v.hint for v in [*schedule.graph.params, *schedule.named] if v.hint}
        self._target: dict[Value, str] = {}
        self._before: dict[Value, str] = {}
        self._role: dict[Value, str] = {}
        self._numbers: dict[str, Numbers] = {}
        self._assign()

    def _assign(self) -> None:
        self._find_targets(self.schedule)
        busy: dict[str, Busy] = {}
        for group in self.lives.groups():
            head = group[0]
            parameter = head.node is None and head.graph is self.schedule.graph
            spans = sorted(span for v in group for span in self.lives.spans[v])
            name = head.hint if parameter else self._chosen(head, busy, spans)
            busy.setdefault(name, Busy()).add(spans)
            self.of.update(dict.fromkeys(group, name))
        for param in self.schedule.stands_for:
            outer = self.outermost(param)
            if outer in self.of:
                self.of[param] = self.of[outer]

    def outermost(self, v: Value) -> Value:
        """The value that a parameter of a sub-graph stands for."""
        while v in self.schedule.stands_for:
            v = self.schedule.stands_for[v]
        return v

    def _chosen(self, v: Value, busy: dict[str, Busy], spans: list[Span]) -> str:
        """The user's own names come first: a word that was made up gives way to them."""
        wanted = self._wanted(v)
        base = v.node.inputs[0] if v.node is not None and v.node.op.name in FILLS else None
        kept = self.of.get(self.outermost(base), "") if base is not None else ""
        if kept.startswith(wanted) and not busy[kept].meets(spans):
            return kept  # what is written in place keeps its name
        own = v.hint or (v.bar_of is not None and v.bar_of.hint)
        return self._free(wanted if own or wanted not in self.hints else f"{wanted}_part", busy, spans)

    def _free(self, wanted: str, busy: dict[str, Busy], spans: list[Span]) -> str:
        """`wanted`, or the first of `wanted_1`, `wanted_2`, ... that no other value has meanwhile."""
        reserved = wanted in self.taken or keyword.iskeyword(wanted)
        if not reserved and wanted in busy and not busy[wanted].meets(spans):
            return wanted  # on other ways through branches, or between two others of that name
        numbers = self._numbers.setdefault(wanted, Numbers())
        numbers.release(spans[0][0])
        passed = []
        while True:
            k = numbers.next()
            name = f"{wanted}_{k}" if k else wanted
            if name in self.taken or keyword.iskeyword(name):
                continue
            if name not in busy or not busy[name].meets(spans):
                break
            passed.append(k)
        numbers.take(k, max(stop for _, stop in spans), passed)
        return name

    def _find_targets(self, schedule: Schedule) -> None:
        """For each unnamed part of a statement, the name that the statement gives to its result."""
        for step in schedule.steps:
            for inner in schedule.inner.get(step.node, ()):
                self._find_targets(inner)
            if not step.node.backward:
                self._find_roles(step.node)
            if step.node.backward or step.out is None or not step.out.hint:
                continue
            if step.node.op.name == "setitem":
                self._find_item(step.node)
                continue
            if sum(1 for v in step.node.inputs if v.node is None or v.node.op is not CONST) == 1:
                self._before.update({v: step.out.hint for v in step.node.inputs if not v.hint})
            for v in step.node.inputs:
                todo = [v]
                while todo:
                    part = todo.pop()
                    if part.node is not None and not part.hint and part not in self._target:
                        self._target[part] = step.out.hint
                        todo += part.node.inputs

    def _find_item(self, node: Node) -> None:
        """What is written at an index is called as it is read there."""
        _base, index, value = node.inputs
        if value.node is not None and value.node.op is not CONST and not value.hint:
            self.described.setdefault(value, f"{node.out.hint}_{self._short(index) or 'part'}")

    def _find_roles(self, node: Node) -> None:
        """What the unnamed parts of a statement are in it."""
        todo = [node]
        while todo:
            node = todo.pop()
            alone = len(node.inputs) == 1
            roles = ROLES.get(node.op.name, ["argument"] if alone else [])
            for v, role in zip(node.inputs, roles if alone or node.op.name != "range" else (), strict=False):
                if not v.hint:
                    self._role.setdefault(v, role)
            todo += [v.node for v in node.inputs if v.node is not None and not v.hint]

    # ---- words

    def _wanted(self, v: Value) -> str:
        if v.hint:
            return v.hint
        if v.bar_of is not None:
            return self.bar.format(self.describe(v.bar_of))
        return self.describe(v)

    def describe(self, v: Value) -> str:
        """A word for a value: its name, or one made from how it is computed."""
        v = self.outermost(v)
        if v in self.of:
            return self.of[v]
        if v in self.described:
            return self.described[v]
        self.described[v] = "part"
        word = self.described[v] = self._word(v)
        return word

    def _word(self, v: Value) -> str:
        if v.hint:
            return v.hint
        node = v.node
        if node is None:
            return self.describe(v.held[0]) if v.held else "value"
        if node.op is CONST:
            return "constant"
        if node.op.name == "recorded":
            return self.describe(v.held[0])
        if node.op.name == "getitem" and node.inputs[0].type.items is not None and isinstance(node.args[1], int):
            return f"{self.describe(node.inputs[0])}_{node.args[1]}"
        if node.backward and v.bar_of is not None:
            return self.bar.format(self.describe(v.bar_of))
        if node.subgraphs and v not in node.outputs:  # nobody needed it
            return "value"
        if node.op is LOOP and v.index >= node.options["carried"]:
            return self._of_steps(v)
        if node.op is LOOP:
            return self.describe(node.subgraphs[0].results[v.index])
        sides = [graph.results[v.index] for graph in node.subgraphs]
        there = [side for side in sides if not (side.const is UNDEFINED or side.const is None)]
        if there:
            return self.describe(there[0])
        if node.op is CALL:
            return f"{node.options['callee']!r}_{self._short(node.inputs[0]) if node.inputs else ''}".rstrip("_")
        if v.said:
            return v.said
        if v in self._before and node.op.name in ARITHMETIC:
            return f"{self._before[v]}_pre"
        word = spoken(node, self._short)
        if word and node.inputs and node.op.name != "float" and word == self._short(node.inputs[0]):
            return f"{word}_part"
        return word or self._after_role(v)

    def _of_steps(self, v: Value) -> str:
        """A word for what a loop keeps of its steps."""
        kept = v.node.subgraphs[0].results[v.index]  # type: ignore[union-attr]
        if kept.node is None or kept.node.op.name != "tuple":
            return f"{self.describe(kept)}_steps"
        word = "steps" if v.graph is self.schedule.graph else "inner_steps"
        return word if word not in self.hints else word.replace("steps", "records")

    def _after_role(self, v: Value) -> str:
        """A word for what cannot be said: what it is in the expression around it, or the function that makes it."""
        node = v.node
        assert node is not None
        target = self._target.get(v, "")
        role = self._role.get(v, "")
        if node.op.name in ("product", "total"):
            return role or ROLES[node.op.name][0]
        if node.op.name not in ARITHMETIC:
            near = leaf(node, self._short)
            return f"{function_word(node)}_{near}" if near else function_word(node)
        if node.op.name == "subtract" and role in ("base", "argument", "factor"):
            return "difference"
        role = role or "part"
        made_up = target in ("", "value")  # what the user returns has no name of his
        return role if made_up or role == "count" else f"{target}_{role}"

    def _short(self, v: Value, depth: int = 1) -> str:
        """The name of an operand where it has a short one, or a short formula."""
        word = self.of.get(self.outermost(v)) or v.hint or v.said
        told = v.node is not None and (not v.node.backward or v.node.op.name == "equal") and v.node.op is not CONST
        if not word and depth and told and v.node is not None:
            word = spoken(v.node, lambda x: self._short(x, depth - 1))
            return word if len(word) <= 10 else ""
        return word if word and len(word) <= 16 else ""

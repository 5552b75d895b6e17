"""Random control flow: branches, loops of every form, and what leaves them early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.writers.operations import MARGIN
from tests.writers.statements import Statements

COUNTERS = "ijklm"
ITEMS = ["v", "u", "row", "item"]
DEEPEST = 3


class Flow(Statements):
    """The part of a writer that writes blocks.

    nested: how many blocks are open here. counters: how many `while` loops were begun. budget: how many statements may
    still be written in blocks. exits: whether blocks may be left early.
    """

    nested = 0
    counters = 0
    budget = 12
    exits = False

    def statement(self) -> bool:
        """Write some statement; tell whether that worked."""
        raise NotImplementedError

    def returned(self) -> str | None:
        """An expression to return."""
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        return dict(self.__dict__)

    def restore(self, state: dict[str, Any]) -> bool:
        self.__dict__.update(state)
        return False

    def condition(self) -> str | None:
        """A test, away from where its answer turns."""
        names, kind = list(self.names), self.choose(6)
        if not names:
            return None
        array = next((n for n in reversed(names) if np.ndim(self.env[n])), None)
        if kind == 0 and array is not None:
            return str(self.pick([f"{array}.ndim > 1", f"len({array}) > 2", f"{array}.shape[0] == 3", "SCALE > 0.5"]))
        if kind == 1 and array is not None:
            e = self.make(self.pick([f"np.any({array} > 0.3)", f"np.all({array} < 0.8)", f"np.max({array}) > 0.5"]))
            return e and e.text
        if kind == 2:
            one, other = self.condition_of_number(), self.condition_of_number()
            return f"{one} {self.pick(['and', 'or'])} {other}" if one and other else None
        return self.condition_of_number()

    def condition_of_number(self) -> str | None:
        name = self.pick(list(self.names))
        values = [env[name] for env in self.envs]
        if any(np.ndim(x) for x in values):
            name, values = f"np.sum({name})", [np.sum(x) for x in values]
        if name in self.protected or name in COUNTERS and name in self.names:
            return str(self.pick([f"{name} > 0", f"{name} == 1", f"{name} % 2 == 0", f"{name} < 2", f"not {name}"]))
        for _ in range(3):
            bound = self.pick(["0.3", "0.0", "1.0", "-0.5", "2.0"])
            if all(abs(x - float(bound)) > MARGIN for x in values):
                return f"{name} {self.pick(['>', '<', '>=', '<='])} {bound}"
        return None

    # ---- blocks

    def body(self, head: str, pretended: str, first: str = "", last: str = "") -> bool:
        """Write a block under `head`. first, last: statements to begin and to end it with."""
        if not self.write(head, pretended):
            return False
        outer, self.indent, count = self.indent, self.indent + "    ", len(self.lines)
        self.nested += 1
        if first:
            self.lines = [*self.lines, *[self.indent + line for line in first.split("\n")]]
            self.look()
        wanted, written = (0 if last and self.chance(60) else 1 + self.choose(3)), 0
        for _ in range(2 * wanted):
            if written < wanted and self.budget > 0:
                written += self.statement()
        if last:
            self.write(last, "pass")
        if len(self.lines) == count:
            self.lines = [*self.lines, f"{self.indent}pass"]
        self.indent = outer
        self.nested -= 1
        return True

    def close(self, before: dict[str, Any]) -> bool:
        """End a block: what the names hold after it. before: the state to go back to where the whole goes wrong."""
        envs, names, lists = before["envs"], before["names"], before["lists"]
        self.envs, self.names, self.lists = envs, names, lists
        self.depth = before["depth"]
        return self.look() or self.restore(before)

    def _if(self) -> bool:
        if self.nested >= DEEPEST:
            return False
        before, test = self.state(), self.condition()
        if test is None or not self.body(f"if {test}:", "pass"):
            return self.restore(before)
        for _ in range(self.choose(2)):
            other = self._elsewhere(before, self.condition)
            if other is not None and other != test and not self.body(f"elif {other}:", "pass"):
                return self.restore(before)
        if self.chance(60):
            self._elsewhere(before, lambda: None)
            if not self.body("else:", "pass"):
                return self.restore(before)
        return self.close(before)

    def _elsewhere(self, before: dict[str, Any], make: Callable[[], Any]) -> Any:
        """Go on under what the names meant before a side was written."""
        self.envs, self.names, self.lists = before["envs"], before["names"], before["lists"]
        return make()

    def _exit(self) -> bool:
        """`if c: return ...`, or `break` or `continue` in a loop."""
        if not self.exits or self.nested >= DEEPEST:
            return False
        before = self.state()
        ways = ["return"] + ["break", "continue"] * 2 * bool(self.depth)
        test, way = self.condition(), self.pick(ways)
        if test is None:
            return False
        if way == "return":
            result = self.returned()
            if result is None:
                return False
            way = f"return {result}"
        if not self.body(f"if {test}:", "pass", last=way):
            return self.restore(before)
        return self.close(before)

    # ---- loops

    def _for(self) -> bool:
        if self.nested >= DEEPEST:
            return False
        before = self.state()
        head, pretended = self.pick([self._over_range, self._over_range, self._over_arrays])()
        if not head:
            return False
        self.depth += 1
        if not self.body(head, pretended):
            return self.restore(before)
        if self.chance(6):
            self._elsewhere(before, lambda: None)
            if not self.body("else:", "pass"):
                return self.restore(before)
        return self.close(before)

    def _over_range(self) -> tuple[str, str]:
        i = COUNTERS[self.depth] if self.chance(85) else self.name()
        arrays = self.arrays()
        ranges = ["range(3)", "range(2)", "range(4)", "range(1, 3)", "range(3, 0, -1)", "range(0, 5, 2)", "range(0)"]
        ranges += ["range(len(PAIR))", "reversed(range(3))", "(2, 0, 1)"]
        if arrays:
            a = self.pick(arrays)
            ranges += [f"range({a}.shape[0])", f"range(len({a}) - 1)", f"range({a}.shape[-1])"] * 2
        ranges += [f"range({n})" for n in self.names if isinstance(self.env[n], int) and 0 <= self.env[n] < 5]
        over = self.pick(ranges)
        if self.chance(10):
            i = "_"
        return f"for {i} in {over}:", f"{i} = 0"

    def _over_arrays(self) -> tuple[str, str]:
        arrays = self.arrays()
        if not arrays:
            return "", ""
        a, b, i = self.pick(arrays), self.pick(arrays), COUNTERS[self.depth]
        v, u = self.pick(ITEMS), self.pick(ITEMS)
        if self.chance(15):
            v = self.name()
        if v in (u, a):
            u = "other"
        forms = [
            (f"{v}", f"{a}", f"{v} = {a}[0]"),
            (f"{v}", f"{a}", f"{v} = {a}[0]"),
            (f"{i}, {v}", f"enumerate({a})", f"{i}, {v} = 0, {a}[0]"),
            (f"{v}, {u}", f"zip({a}, {b})", f"{v}, {u} = {a}[0], {b}[0]"),
            (f"{v}", f"reversed({a})", f"{v} = {a}[0]"),
            (f"{v}", f"{a}[::-1]", f"{v} = {a}[0]"),
            (f"{v}", f"{a}.T", f"{v} = {a}.T[0]"),
            (f"{v}", f"{a}[1:]", f"{v} = {a}[0]"),
            (f"{i}, ({v}, {u})", f"enumerate(zip({a}, {b}))", f"{i}, {v}, {u} = 0, {a}[0], {b}[0]"),
            (f"{i}, {v}", f"enumerate({a}, 1)", f"{i}, {v} = 0, {a}[0]"),
            (f"{i}, {v}", f"zip(range(len({a})), {a})", f"{i}, {v} = 0, {a}[0]"),
            (f"{v}", "(0.5, 1.5)", f"{v} = 0.5"),
            (f"{v}", f"({a}, {b})", f"{v} = {a}"),
        ]
        if self.lists:
            xs = self.pick(self.lists)
            forms += [
                (f"{v}", f"{xs}", f"{v} = {xs}[0]"),
                (f"{i}, {v}", f"enumerate({xs})", f"{i}, {v} = 0, {xs}[0]"),
            ] * 3
        target, over, pretended = self.pick(forms)
        return f"for {target} in {over}:", pretended

    def _while(self) -> bool:
        if self.nested >= DEEPEST:
            return False
        before, self.counters = self.state(), self.counters + 1
        k, most = f"k{self.counters}", self.pick([2, 3, 1, 4, 0])
        self.protected = self.protected | {k}
        test = self.pick([None, None, self.condition()])
        if not self.write(f"{k} = 0"):
            return self.restore(before)
        began = self.state()
        self.depth += 1
        until, inside = self.choose(3) if self.exits else 0, f"{k} += 1"
        head = f"while {test + ' and ' if test else ''}{k} < {most}:"
        if until == 2:
            head, inside = "while True:", f"{k} += 1\nif {k} > {most}:\n    break"
        if not self.body(head, "pass", first=inside):
            return self.restore(before)
        return self.close(began)

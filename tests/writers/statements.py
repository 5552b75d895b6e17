"""Random statements that follow one upon the other: assignments of every form, and what carries no derivative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.writers.expressions import Expressions
from tests.writers.operations import ADD, MUL, NAMES, far


class Statements(Expressions):
    """The part of a writer that writes simple statements. protected: names that are not to be assigned to."""

    protected: set[str]

    def name(self) -> str:
        """A name to assign to, new or not."""
        if self.names and self.chance(70 if self.depth else 30):
            return str(self.pick(self.assignable() or NAMES))
        return str(self.pick(NAMES))

    def assignable(self) -> list[str]:
        """The names of numbers and arrays that may be given other values."""
        return [n for n in self.names if n not in self.protected]

    def arrays(self) -> list[str]:
        return [n for n in self.names if np.ndim(self.env[n])]

    def _assign(self) -> bool:
        return self.write(f"{self.name()} = {self.expr(3).text}")

    def _commented(self) -> bool:
        return self.write(f'# it\'s a "comment": {{}} \\n\n{self.name()} = {self.expr(2).text}  # and behind it')

    def _several(self) -> bool:
        first, second = self.name(), self.name()
        return first != second and self.write(f"{first} = {second} = {self.expr(2).text}")

    def _tuple(self) -> bool:
        first, second = self.name(), self.name()
        return first != second and self.write(f"{first}, {second} = {self.expr(2).text}, {self.expr(2).text}")

    def _swap(self) -> bool:
        names = self.assignable()
        if not names:
            return False
        first, second = self.pick(names), self.pick(names)
        return first != second and self.write(f"{first}, {second} = {second}, {first}")

    def _unpack(self) -> bool:
        first, second = self.name(), self.name()
        pairs = [n for n in self.arrays() if len(self.env[n]) == 2]
        if first == second:
            return False
        if not pairs or self.chance(30):
            self.use("both")
            a, b = self.pair(1)
            return self.write(f"{first}, {second} = both({a.text}, {b.text})")
        return self.write(f"({first}, {second}) = {self.pick(pairs)}")

    def _augmented(self) -> bool:
        """`a = ...` followed by `a += ...`: an array of its own, or a number."""
        name = self.name()
        e = self.expr(2)
        value = self.make(f"{e.text} + 0.0" if e.level >= ADD else f"({e.text}) + 0.0")
        if value is None or not self.write(f"{name} = {value.text}"):
            return False
        for _ in range(1 + self.choose(2)):
            other = self.expr(1)
            operator = self.pick(["+=", "-=", "*=", "/="])
            if operator == "/=" and not far(other.value):
                continue
            dtype = np.asarray(self.env[name]).dtype
            if np.result_type(self.env[name], other.value) != dtype or np.ndim(self.env[name]) == 0 and other.ndim:
                continue
            self.write(f"{name} {operator} {other.text}")
        return True

    def _annotated(self) -> bool:
        return self.write(f"{self.name()}: float = {self.expr(2).text}")

    def _lambda(self) -> bool:
        e = self.leaf()
        if not self.write(f"fn = lambda u, k=2.0: u * {e.at(MUL)} + k"):
            return False
        return self.write(f"{self.name()} = fn({self.expr(1).text}) - fn(0.5, k={self.pick(['1.0', 'SCALE'])})")

    def _nested(self) -> bool:
        free = self.leaf()
        body = f"def inner(u):\n    u = np.tanh(u) * {free.at(MUL)}\n    return u + u"
        return self.write(body) and self.write(f"{self.name()} = inner({self.expr(1).text})")

    def _errstate(self) -> bool:
        return self.write(f"with np.errstate(all='ignore'):\n    {self.name()} = {self.expr(2).text}")

    def _effect(self) -> bool:
        e = self.leaf()
        return self.write(
            self.pick(
                [
                    f"print({e.text})",
                    f"assert np.all(np.isfinite({e.text})), 'finite'",
                    f"print(f'{{np.shape({e.text})}}')",
                    "pass",
                ]
            )
        )

    def _opaque(self) -> bool:
        names = self.arrays()
        if not names:
            return False
        e = self.pick(names)
        size = self.pick([f"{e}.shape[0]", f"len({e})", f"{e}.size", f"np.size({e})", f"{e}.ndim"])
        return self.write(f"n = {size}") and self.write(f"{self.name()} = {self.expr(1).at(MUL)} / n")

    def _delete(self) -> bool:
        names = [n for n in self.assignable() if n not in self.given]
        return len(names) > 1 and self.write(f"del {self.pick(names)}")


STATEMENTS: list[Callable[[Statements], bool]] = [
    *[Statements._assign] * 8,
    Statements._commented,
    Statements._several,
    Statements._tuple,
    Statements._swap,
    Statements._unpack,
    *[Statements._augmented] * 2,
    Statements._annotated,
    Statements._lambda,
    Statements._nested,
    Statements._errstate,
    Statements._effect,
    Statements._opaque,
    Statements._delete,
]

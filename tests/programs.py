"""Random NumPy programs, as source text with arguments at which they are smooth.

A `Writer` grows a program statement by statement and runs it as it goes, so that it knows the numbers behind every
name: what leaves a function's domain, comes near a kink or grows too large is not written. An operation is one line in
a table of `writers.operations`: how it is spelled, and for which numbers. A kind of statement is one method, listed by
theme; a program is made of some themes only, so that what gradgen refuses in one does not hide the others.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.writers.containers import FILLED, Containers
from tests.writers.operations import ADD, CONSTANTS, PARAMETERS
from tests.writers.statements import STATEMENTS
from tests.writers.writes import THEMES, Writes


@dataclass
class RandomProgram:
    """A module with a function `f`. args: arguments at which it is smooth. shapes: what is declared of them."""

    text: str
    args: list[Any]
    wrt: tuple[str, ...]
    shapes: str
    parameters: list[str]
    scalar: bool
    features: set[str] = field(default_factory=set)

    def __repr__(self) -> str:
        given = ", ".join(f"{n}={a!r}" for n, a in zip(self.parameters, self.args, strict=True))
        return f"\n# f({given})\n# wrt {self.wrt}, shapes {self.shapes!r}\n{self.text}"


class Writer(Writes, Containers):
    """Writes one program. filled: one that changes what containers hold."""

    def __init__(self, choose: Callable[[int], int], filled: bool = False):
        super().__init__(choose)
        self.filled = filled
        self.protected = set()
        self.themes = set()
        self.kinds: list[Callable[[Any], bool]] = []
        self.scalar = True
        self.parts = 1

    def choose_themes(self) -> None:
        if self.filled:
            self.themes, self.kinds, self.exits = {"containers"}, FILLED, self.chance(40)
            return
        plain = self.chance(15)
        self.themes = {name for name in THEMES if not plain and self.chance(40)}
        self.exits = "exits" in self.themes
        special = [kind for name in THEMES if name in self.themes for kind in THEMES[name]]
        self.kinds = [*STATEMENTS, *special, *special]

    def statement(self) -> bool:
        self.budget -= 1
        return bool(self.pick(self.kinds)(self))

    def returned(self) -> str | None:
        """What is returned, of one structure everywhere: a number, or as many values as were chosen."""
        made = [n for n in self.names if np.asarray(self.env[n]).dtype.kind == "f"]
        last = made[-(1 + self.choose(3)) :] or ["0.5"]
        e = self.expr(2)
        if self.scalar:
            terms = [
                n if np.ndim(self.env.get(n, 0.5)) == 0 else f"np.sum({n} * {n})" if self.chance(40) else f"np.sum({n})"
                for n in last
            ]
            return " + ".join([*terms, f"np.sum({e.text})" if e.ndim else e.at(ADD)])
        parts = [*last, *[e.text] * (np.asarray(e.value).dtype.kind == "f")]
        return ", ".join((parts * self.parts)[-self.parts :])

    def parameters(self, float32: bool) -> dict[str, Any]:
        rng = np.random.default_rng(self.choose(50))
        sizes = self.pick([(2, 3), (3, 2), (3, 3), (2, 4), (1, 3), (4, 2)])
        m, n = sizes
        shapes = [(), (n,), (m,), (m, n), (n, n), (1, n), (m, 1), (n, m), (1,), (2, m, n), (m, 1, n), (n,), (m, n)]
        given: dict[str, Any] = {}
        names = PARAMETERS[:5] if self.chance(85) else PARAMETERS
        for _ in range(1 + self.choose(4)):
            name = self.pick(names)
            shape = self.pick(shapes)
            x: Any = np.round(rng.uniform(-1.6, 1.6, shape), 2)
            kind = self.choose(24)
            if shape == ():
                x = (
                    float(x)
                    if kind < 14
                    else np.float64(x) if kind < 19 else np.array(float(x)) if kind < 22 else int(3 * x)
                )
            elif kind == 0:
                x = rng.integers(-3, 4, shape)
            elif kind == 1:
                x = np.asfortranarray(x)
            elif kind == 2:
                x = np.repeat(x, 2, axis=-1)[..., ::2]
            given[name] = x
        if float32:
            given = {
                k: np.float32(x) if isinstance(x, (float, np.ndarray)) and np.asarray(x).dtype.kind == "f" else x
                for k, x in given.items()
            }
        return given

    def declared(self, given: dict[str, Any], how: int) -> str:
        """Shapes of all, of some, or of no parameters: sizes above 1 by name, so that equal ones are one."""
        parts = []
        for name, x in given.items():
            if how == 0 or (how == 1 and self.chance(50)):
                continue
            dims = [("d" + str(n) if n > 1 and self.chance(75) else str(n)) for n in np.shape(x)]
            text = f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
            kind = np.asarray(x).dtype.kind
            parts.append(f"{name}={'int' if kind == 'i' else ''}{text}")
        return ", ".join(parts)

    def program(self, statements: int, float32: bool = False) -> RandomProgram:
        self.given = self.parameters(float32)
        self.look()
        self.choose_themes()
        self.scalar, self.parts = self.chance(60), 1 + self.choose(3)
        if self.chance(30):
            self.lines = [f'{self.indent}"""It says {{}} and \\\\ and more."""']
        for _ in range(3 * self.filled):
            self._new()
        written = 0
        for _ in range(2 * statements):
            if written < statements:
                written += bool(self.pick(self.kinds)(self))
        if self.filled:
            self._told()
        given = self.given
        floats = [n for n, x in given.items() if np.asarray(x).dtype.kind == "f"]
        targets = [n for n in floats if self.chance(70)] or floats or list(given)
        ints = [n for n in given if n not in floats and self.chance(25)]
        targets = list(dict.fromkeys(targets + ints))
        carried = "log_softmax, logsumexp, relu, sigmoid, softmax, softplus"
        module = "copy" if self.filled else "functools"
        imports = f"import {module}\n\nimport numpy as np\n\nfrom gradgen.functions import {carried}\n"
        body = "\n".join([*self.lines, f"{self.indent}return {self.returned()}"])
        helpers = "\n\n".join(self.helpers.values())
        text = f"{imports}\n{CONSTANTS}\n\n{helpers}\n\ndef f({', '.join(given)}):\n{body}\n"
        shapes = self.declared(given, self.choose(3))
        return RandomProgram(text, list(given.values()), tuple(targets), shapes, list(given), self.scalar, self.themes)


@st.composite
def programs(draw: Any, max_statements: int = 7, filled: bool = False) -> RandomProgram:
    """Random programs. filled: those that change what containers hold."""

    def choose(n: int) -> int:
        return int(draw(st.integers(0, n - 1))) if n > 1 else 0

    writer = Writer(choose, filled)
    return writer.program(1 + choose(max_statements), float32=choose(6) == 5)


def random_program(seed: int, max_statements: int = 7, filled: bool = False) -> RandomProgram:
    """The same from a plain random number generator, which is faster and does not shrink."""
    source = random.Random(seed)
    writer = Writer(source.randrange, filled)
    return writer.program(1 + source.randrange(max_statements), float32=source.randrange(6) == 5)


__all__ = ["RandomProgram", "Writer", "programs", "random_program"]

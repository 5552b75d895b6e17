"""A program that runs while it is written: at each place the writer knows what every name may hold there."""

from __future__ import annotations

import ast
import copy
import functools
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from gradgen.functions import log_softmax, logsumexp, relu, sigmoid, softmax, softplus
from tests.writers.operations import CONSTANTS, HELPERS, LARGEST, MAX_SIZE, NEEDS

CARRIED = [log_softmax, logsumexp, relu, sigmoid, softmax, softplus]
MOST_TURNS = 200
PROBE = "_probe(locals())"


class Endless(Exception):
    """A place is passed so often that the program is taken to run on for ever."""


def is_number(x: Any) -> bool:
    """Whether it is a number or an array of them."""
    return isinstance(x, (bool, int, float, np.generic, np.ndarray)) and np.asarray(x).dtype.kind in "fiub"


def leaves(x: Any, depth: int = 0) -> list[Any]:
    """The numbers and arrays in a variable; what is nested too deep may hold itself, and counts as infinite."""
    if depth > 6:
        return [np.inf]
    if type(x).__name__ == "State" or isinstance(x, dict):
        x = list((x if isinstance(x, dict) else vars(x)).values())
    if isinstance(x, (list, tuple)):
        return [leaf for item in x for leaf in leaves(item, depth + 1)]
    return [x] if is_number(x) else []


def is_sensible(x: Any) -> bool:
    """Whether what a variable holds may go on being computed with."""
    arrays = [np.asarray(leaf) for leaf in leaves(x)]
    return all(
        a.size <= MAX_SIZE and a.ndim <= 3 and bool(np.all(np.isfinite(a))) and not np.any(np.abs(a) > LARGEST)
        for a in arrays
    )


class Running:
    """What grows a program line by line, running it from the start after each.

    choose: choose(n) is a number from 0 to n - 1. envs: what the names hold each time that the place being written at
    is passed; where it is not, what they would hold. names: those of numbers and arrays, the last assigned last.
    lists: those of lists. depth: how many loops are open here. budget: how many statements may still be written.
    """

    def __init__(self, choose: Callable[[int], int]):
        self.choose = choose
        self.lines: list[str] = []
        self.indent = "    "
        self.helpers: dict[str, str] = {}
        self.given: dict[str, Any] = {}
        self.names: dict[str, None] = {}
        self.lists: list[str] = []
        self.base: dict[str, Any] = {"np": np, "functools": functools, "copy": copy}
        self.base |= {fn.__name__: fn for fn in CARRIED}
        exec(CONSTANTS, self.base)
        for text in HELPERS.values():
            exec(text, self.base)
        self.envs: list[dict[str, Any]] = [dict(self.base)]
        self.depth = 0
        self.reached = True

    @property
    def env(self) -> dict[str, Any]:
        """What the names hold, the first time that the place is passed."""
        return self.envs[0]

    def pick(self, options: Any) -> Any:
        return options[self.choose(len(options))]

    def chance(self, percent: int) -> bool:
        return self.choose(100) >= 100 - percent

    def use(self, name: str) -> None:
        """Note that the program needs the helper `name`, if it is one."""
        if name in HELPERS:
            for needed in [*NEEDS.get(name, []), name]:
                self.helpers[needed] = HELPERS[needed]

    # ---- running

    def run(self, lines: list[str]) -> list[dict[str, Any]] | None:
        """What the names hold at each passage of the probe in `lines`; None where something goes wrong."""
        found: list[dict[str, Any]] = []

        def probe(names: dict[str, Any]) -> None:
            if len(found) > MOST_TURNS:
                raise Endless
            found.append(copy.deepcopy({n: x for n, x in names.items() if not isinstance(x, types.FunctionType)}))
            found[-1].update({n: x for n, x in names.items() if isinstance(x, types.FunctionType)})

        scope = {**self.base, "_probe": probe, "print": _silent}
        body = "\n".join(lines)
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            try:
                exec(f"def f({', '.join(self.given)}):\n{body}\n", scope)
                scope["f"](**copy.deepcopy(self.given))  # type: ignore[operator]
            except Exception:  # out of some function's domain, shapes that do not fit, a name that is not bound
                return None
        if not all(is_sensible(x) for env in found for x in env.values()):
            return None
        return found

    def pretend(self, text: str) -> list[dict[str, Any]] | None:
        """What the names would hold if `text` were run here, where the program never comes."""
        env = {
            **self.base,
            "print": _silent,
            **copy.deepcopy({n: x for n, x in self.env.items() if n not in self.base}),
        }
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            try:
                exec(text, env)
            except Exception:  # as above
                return None
        env = {n: x for n, x in env.items() if n not in self.base and n != "__builtins__"}
        return [env] if all(map(is_sensible, env.values())) else None

    def write(self, text: str, pretended: str | None = None) -> bool:
        """Write a statement, or the head of a block if it ends with a colon; tell whether it runs."""
        head = text.endswith(":")
        lines = [*self.lines, *[self.indent + line for line in text.split("\n")]]
        found = self.run([*lines, f"{self.indent}{'    ' if head else ''}{PROBE}"])
        if found is None:
            return False
        self.reached = bool(found)
        if not found:
            found = self.pretend(text if pretended is None else pretended)
            if found is None:
                return False
        self.lines = lines
        self.arrive(found, text if not head else f"{text}\n    pass" if not text.startswith(("el",)) else "pass")
        return True

    def arrive(self, found: list[dict[str, Any]], text: str) -> None:
        """Take over what the names hold now that `text` was written."""
        self.envs = [{**self.base, **env} for env in found[:6]]
        common = [n for n in found[0] if all(n in env for env in found)]
        numbers = [n for n in common if all(is_number(env[n]) for env in found)]
        stored = stored_in(text)
        self.names = dict.fromkeys(
            [n for n in self.names if n in numbers and n not in stored]
            + [n for n in numbers if n not in self.names and n not in stored]
            + [n for n in numbers if n in stored]
        )
        self.lists = [n for n in common if all(isinstance(env[n], list) for env in found)]

    def look(self) -> bool:
        """Find out what the names hold at the end of what is written."""
        found = self.run([*self.lines, f"{self.indent}{PROBE}"])
        if found is None:
            return False
        self.reached = bool(found)
        if found:
            self.arrive(found, "")
        return True


def stored_in(text: str) -> list[str]:
    """The names that a statement binds."""
    return [n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def _silent(*args: Any, **kwargs: Any) -> None:
    """Stands for `print` while a program is being written."""

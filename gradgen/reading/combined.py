"""Functions of `itertools` that a loop goes through: how they are called, and what each item of theirs is made of."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node
from ..terms import Term

NAMES = ("ndindex", "nditer", "ndenumerate", "broadcast")
"""What NumPy has that can be gone through once."""
REPEATABLE = frozenset({"list", "tuple", "sorted", "dict", "range", "len", "str"})
"""Builtins that give what can be gone through again, and from its end."""
METHODS = frozenset(
    name for cls in (np.ndarray, dict, list, str, np.random.Generator, np.random.RandomState) for name in dir(cls)
)
"""Methods that do."""


@dataclass(frozen=True)
class Combination:
    """A function that makes its items of those of others. options: the names of what follows one thing to go through;
    None where all that is given is gone through. picks: of which part each entry of an item is one, by the number of
    parts and the options; None where an item is no tuple of entries.
    """

    fn: Any
    options: tuple[str, ...] | None
    picks: Callable[..., list[int] | None]

    def split(self, args: list[Any], named: dict[str, Any]) -> tuple[list[Any], dict[str, Any]] | None:
        """What is gone through, and the options by name; None where it is not called so."""
        if self.options is None:
            return args, named
        if not args or len(args) > len(self.options) + 1:
            return None
        return args[:1], dict(zip(self.options, args[1:], strict=False)) | named

    def items(self, parts: list[list[Term]], options: dict[str, Any], most: int) -> list[Any] | None:
        """The items; None where these are more than `most`."""
        given, named = ((), options) if self.options is None else (options.values(), {})
        found = list(itertools.islice(self.fn(*parts, *given, **named), most + 1))
        return found if len(found) <= most else None


def _of_one(count: int, r: Any = None) -> list[int] | None:
    return [0] * r if isinstance(r, int) else None


def _of_all(count: int, repeat: Any = 1) -> list[int] | None:
    return list(range(count)) * repeat if isinstance(repeat, int) else None


COMBINATIONS: list[Combination] = [
    Combination(itertools.combinations, ("r",), _of_one),
    Combination(itertools.combinations_with_replacement, ("r",), _of_one),
    Combination(itertools.permutations, ("r",), _of_one),
    Combination(itertools.product, None, _of_all),
    Combination(itertools.pairwise, (), lambda count: [0, 0]),
]


def combination(obj: Any) -> Combination | None:
    """The combination that an object is, if it is one."""
    return next((c for c in COMBINATIONS if c.fn is obj), None)


ENDLESS = (itertools.count, itertools.cycle)
"""What never ends by itself."""


def may_be_used_up(node: Node | None) -> bool:
    """Whether what opaque code gives may be an iterator, which can be gone through only once, and not from its end."""
    tree = node.ast if node is not None else None
    if not isinstance(tree, ast.Call):
        return isinstance(tree, ast.GeneratorExp)
    func = tree.func
    if isinstance(func, ast.Name):
        return func.id not in REPEATABLE
    path = []
    while isinstance(func, ast.Attribute):
        path.append(func.attr)
        func = func.value
    if isinstance(func, ast.Name) and func.id in ("np", "itertools"):
        return func.id != "np" or path[0] in NAMES
    return path[0] not in METHODS if path else True

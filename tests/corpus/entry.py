"""What an entry of the corpus is: a function of an installed package, arguments, and what to differentiate it by."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Entry:
    """`path` is "module:function" or "module:Class.method". arguments: by parameter, those of objects being made late.

    wrt: the targets, separated by spaces. made: makes the object whose method is meant. step: of the differences,
    relative to the argument. symmetric: the targets of which the function reads one triangle alone, and for which the
    gradient is symmetric by convention.
    """

    path: str
    wrt: str
    arguments: dict[str, Any] = field(default_factory=dict)
    made: Callable[[], Any] | None = None
    step: float = 1e-4
    symmetric: str = ""

    @property
    def name(self) -> str:
        module, _, function = self.path.partition(":")
        return f"{module.split('.')[0]}:{function}"

    @property
    def package(self) -> str:
        return self.path.partition(":")[0].split(".")[0]

    @functools.cached_property
    def function(self) -> Any:
        """The function as it is imported, or the method of the object."""
        module, _, names = self.path.partition(":")
        owner: Any = importlib.import_module(module)
        if self.made is not None:
            return getattr(self.made(), names.rpartition(".")[2])
        for name in names.split("."):
            owner = getattr(owner, name)
        return owner

    def call_arguments(self) -> dict[str, Any]:
        """The arguments, objects made anew."""
        return {name: x() if callable(x) else copied(x) for name, x in self.arguments.items()}


def copied(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def entry(
    path: str, wrt: str, *, made: Any = None, step: float = 1e-4, symmetric: str = "", **arguments: Any
) -> Entry:  # fmt: skip
    """One line of the table."""
    return Entry(path, wrt, arguments, made, step, symmetric)


def draw(*shape: int, low: float = -1.5, high: float = 1.5, seed: int = 0) -> np.ndarray[Any, Any]:
    """An array of that shape, the same each time."""
    return np.random.default_rng(seed).uniform(low, high, shape)

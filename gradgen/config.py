"""Targets in pyproject.toml: `[[tool.gradgen.targets]]`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import GradgenError
from .options import NAMES, Options, make_options

KEYS = ("function", *NAMES, "example", "out")


@dataclass
class Entry:
    """One target. function: `path.py:name` or `package.module:name`. given: the options that were written."""

    function: str
    given: dict[str, Any] = field(default_factory=dict)
    example: str = ""
    out: str = "generated"

    @property
    def options(self) -> Options:
        return make_options(**self.given)


def find_project(start: Path) -> Path:
    """The pyproject.toml in `start` or the nearest folder above. Raises GradgenError where there is none."""
    for folder in [start, *start.parents]:
        if (folder / "pyproject.toml").is_file():
            return folder / "pyproject.toml"
    raise GradgenError(f"there is no pyproject.toml in {start} or above it")


def read_targets(path: Path) -> list[Entry]:
    """The targets of a pyproject.toml. Raises GradgenError, which names the target, for what makes no sense."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GradgenError(f"{path}: {error}") from None
    tables = data.get("tool", {}).get("gradgen", {}).get("targets", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise GradgenError(f"{path}: write targets as [[tool.gradgen.targets]]")
    found = []
    for i, table in enumerate(tables, 1):
        where = f"{path}: target {i}"
        if not isinstance(table.get("function"), str):
            raise GradgenError(f'{where} misses `function = "path.py:name"`')
        where += f" ({table['function']})"
        unknown = sorted(set(table) - set(KEYS))
        if unknown:
            raise GradgenError(f"{where} has no option {unknown[0]!r}; there are {', '.join(KEYS)}")
        entry = Entry(table["function"], {k: table[k] for k in NAMES if k in table})
        entry.example, entry.out = str(table.get("example", "")), str(table.get("out", "generated"))
        try:
            entry.options  # noqa: B018  raises where an option makes no sense
        except (GradgenError, TypeError, AttributeError) as error:
            raise GradgenError(f"{where}: {error}") from None
        found.append(entry)
    return found

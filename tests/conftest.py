"""Options of the test run."""

from __future__ import annotations

import sys
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-cases", action="store_true", help="write what gradgen makes of tests/cases into the case files"
    )


    parser.addoption("--full", action="store_true", help="run the tests of every entry in every mode, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked `full` is left out, unless it is asked for."""
    if not config.getoption("--full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """How many of the random programs were right, and what was said of those that were refused."""
    programs, aliases, effects = (sys.modules.get(f"tests.test_{name}") for name in ("programs", "aliases", "effects"))
    if programs is not None and programs.ANSWERS:
        total = sum(programs.ANSWERS.values())
        terminalreporter.section(f"random programs: {total}, none wrong unless a test failed")
        for answer, count in programs.ANSWERS.most_common():
            terminalreporter.line(f"{count:6d}  {count / total:5.1%}  {answer}")
    if aliases is not None and aliases.COUNTS:
        terminalreporter.section("the matrix of aliases, by what is done with the second name")
        for use, counts in aliases.COUNTS.items():
            terminalreporter.line(f"{counts['right']:6d} right {counts['refused']:6d} refused  {use}")
    if effects is not None and len(effects.ANSWERS) > 1:
        terminalreporter.section("programs with effects that are refused")
        for answer, names in effects.ANSWERS.items():
            if answer != "right":
                terminalreporter.line(f"{', '.join(dict.fromkeys(names))}: {answer}")

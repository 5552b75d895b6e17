"""The section of the README on the corpus, made from the table and from what is noted as refused."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

from .entry import Entry

REASONS = {
    "a write into an array or a list that is not followed": "in place",
    "a `try` around values that carry a derivative": "`try`",
    "a loop, or a comprehension, that is not followed": "`while`|`for`|a loop|comprehension",
    "`*args`, `**kwargs`, or another way to pass arguments on": r"starred|the parameter \*|has no parameter|`class`",
    "an option of a NumPy function that is not known": "option",
    "a function without a known derivative": "knows no derivative|is not differentiated",
}
"""Why functions are refused, and what the messages say then, in the order in which they are tried."""
BEGIN, END = "<!-- corpus -->\n", "<!-- end -->\n"


def reason(message: str) -> str:
    """The class of a message."""
    return next((text for text, pattern in REASONS.items() if re.search(pattern, message)), "other")


def section(entries: list[Entry], refused: dict[str, str]) -> str:
    """What the README says of the corpus."""
    packages = sorted({entry.package for entry in entries}, key=str.lower)
    right, total = len(entries) - len(refused), len(entries)
    classes = Counter(map(reason, refused.values())).most_common()
    rows = "".join(f"| {text} | {count} |\n" for text, count in classes)
    said = (
        f"The corpus has {total} functions of {len(packages)} packages ({', '.join(packages)}): {right} are right, "
        f"{len(refused)} are refused, and none is wrong."
    )
    return f"{BEGIN}{textwrap.fill(said, 118)}\n\n| refused for | functions |\n|---|---|\n{rows}{END}"


def updated(readme: str, entries: list[Entry], refused: dict[str, str]) -> str:
    """The README with that section as it has to be."""
    before, found, rest = readme.partition(BEGIN)
    return before + section(entries, refused) + rest.partition(END)[2] if found else readme

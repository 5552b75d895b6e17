"""Write the tables of supported functions anew, from the registry of rules: in docs/accepted.md and docs/operations.md.

    python docs/supported.py
"""

from __future__ import annotations

from pathlib import Path

from gradgen.ops import FAMILIES, Entry, by_family
from gradgen.rules import LIBRARIES

HERE = Path(__file__).parent
PAGE, LONG_PAGE = HERE / "accepted.md", HERE / "operations.md"
BEGIN, END = "<!-- from here on written by docs/supported.py -->\n", "<!-- as far as this -->\n"


def short(entry: Entry) -> str:
    """The name of a function less what its family says."""
    prefixes = ("np.", "math.", "F.", *(f"{library}." for library in LIBRARIES))
    return next((entry.name.removeprefix(prefix) for prefix in prefixes if entry.name.startswith(prefix)), entry.name)


def table() -> str:
    """A row for each family, those whose derivative is zero apart."""
    lines = ["| family | functions | with derivative zero, or none |", "|---|---|---|"]
    for family, those in by_family().items():
        cells = [
            ", ".join(f"`{name}`" for name in sorted({short(e) for e in those if e.is_zero != has}))
            for has in (True, False)
        ]
        lines.append(f"| {FAMILIES[family]} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines) + "\n"


def long_table() -> str:
    """A section for each family, a row for each function."""
    lines = []
    for family, those in by_family().items():
        lines += [f"## {FAMILIES[family][0].upper()}{FAMILIES[family][1:]}", ""]
        lines += ["| function | differentiated by | operations | |", "|---|---|---|---|"]
        for entry in those:
            if entry.is_zero:
                lines.append(f"| `{entry.call}` | derivative zero | | |")
                continue
            by, not_by = entry.arguments
            arguments = ", ".join(f"`{name}`" for name in by) + "".join(f", not `{name}`" for name in not_by)
            note = entry.note.replace("|", "\\|")
            lines.append(f"| `{entry.call}` | {arguments} | {entry.cost or ''} | {note} |")
        lines.append("")
    return "\n".join(lines)


def updated(page: str, written: str) -> str:
    """The page with what is written as it is now."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{written}\n{END}{after}"


if __name__ == "__main__":
    for path, made in ((PAGE, table()), (LONG_PAGE, long_table())):
        path.write_text(updated(path.read_text(), made))

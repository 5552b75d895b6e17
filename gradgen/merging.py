"""One module out of several: each import, constant and helper once, and one docstring."""

from __future__ import annotations

import ast
import functools
import re
import sys
from dataclasses import dataclass, field

from .docstrings import CONSTANTS, listed
from .errors import GradgenError, StaleError


@dataclass
class Entry:
    """A function of a generated file: its name, the command that makes it and the digest of its source."""

    name: str
    command: str
    digest: str
    mode: str = "grad"
    of: str = ""


@dataclass
class Parts:
    """A module's text in pieces, each by name. definitions: the functions, gradients and helpers alike."""

    doc: str = ""
    imports: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)

    @functools.cached_property
    def mentions(self) -> dict[str, set[str]]:
        """Which names each constant and definition mentions."""
        pieces = self.constants | self.definitions
        return {
            name: {n.id for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Name)} for name, text in pieces.items()
        }

    def used_by(self, name: str) -> set[str]:
        """`name` and all constants and definitions that it needs."""
        found: set[str] = set()
        todo = [name]
        while todo:
            name = todo.pop()
            if name not in found and name in self.mentions:
                found.add(name)
                todo += self.mentions[name]
        return found


def split(text: str) -> Parts:
    """The pieces of a module's text."""
    lines = text.split("\n")
    parts = Parts()
    for i, node in enumerate(ast.parse(text).body):
        piece = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        if i == 0 and isinstance(node, ast.Expr):
            parts.doc = ast.get_docstring(ast.parse(text), clean=False) or ""
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            parts.imports[piece] = piece
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            parts.constants[node.targets[0].id] = piece
        elif isinstance(node, ast.FunctionDef):
            parts.definitions[node.name] = piece
        else:
            raise StaleError(f"line {node.lineno} is nothing that gradgen writes")
    return parts


def merge(mains: list[Entry], pieces: list[Parts]) -> str:
    """One module's text, without header, from several. Raises GradgenError where they do not go together."""
    doc = merged_doc(mains, [p.doc for p in pieces])
    imports: dict[str, str] = {}
    constants: dict[str, str] = {}
    definitions: dict[str, str] = {}
    helpers: dict[str, str] = {}
    owners: dict[str, str] = {}
    for entry, part in zip(mains, pieces, strict=True):
        needed = part.used_by(entry.name)
        roots = {n for name in needed for n in part.mentions[name]}
        imports |= {text: text for text in part.imports if _imported(text) & roots}
        for name in [n for n in [*part.constants, *part.definitions] if n in needed]:
            text = part.constants.get(name) or part.definitions[name]
            into = constants if name in part.constants else definitions if name == entry.name else helpers
            if (constants | helpers | definitions).get(name, text) != text:
                raise GradgenError(
                    f"`{name}` means one thing in {owners[name]}() and another in {entry.name}();"
                    " write them into different files"
                )
            into[name], owners[name] = text, entry.name
    standard = [t for t in imports if next(iter(_imported(t, real=True))) in sys.stdlib_module_names]
    others = [t for t in imports if t not in standard]
    blocks = [f'"""{doc}"""']
    blocks += ["\n".join(sorted(standard))] if standard else []
    blocks += ["\n".join(sorted(others, key=lambda t: (t != "import numpy as np", t)))] if others else []
    blocks += ["\n".join(constants.values())] if constants else []
    functions = [*definitions.values(), *helpers.values()]
    return "\n\n".join(blocks) + "\n\n\n" + "\n\n\n".join(functions) + "\n"


def _imported(text: str, real: bool = False) -> set[str]:
    [node] = ast.parse(text).body
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    if real and isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0]}
    return {(a.name if real else a.asname or a.name).split(".")[0] for a in node.names}


WHAT = {"grad": "Gradients", "value_and_grad": "Values and gradients", "vjp": "Values and pullbacks"}
ONE = " where there is one"


def merged_doc(mains: list[Entry], docs: list[str]) -> str:
    """The docstring of a module of several gradients. Raises GradgenError where they call adjoints differently."""
    if len(docs) == 1:
        return docs[0]
    modes = {e.mode for e in mains}
    what = WHAT[modes.pop()] if len(modes) == 1 else "Derivatives"
    where = docs[0].partition("\n")[0].partition(" in ")[2]
    meanings: dict[str, str] = {}
    constants: dict[str, None] = {}
    for line in (line for doc in docs for line in doc.split("\n")[1:] if line):
        if line.startswith(CONSTANTS):
            constants |= dict.fromkeys(re.findall(r"`(\w+)`", line))
            continue
        adjoint = line.partition(" is ")[0]
        before = meanings.setdefault(adjoint, line)
        if before != line:  # one weighted by the cotangent of a value, which the others do not have
            longer = max(before, line, key=len)
            meanings[adjoint] = longer if ONE in longer else longer.replace("`,", f"`{ONE},", 1)
    if len(meanings) > 1:
        raise GradgenError("the functions of a module must call adjoints alike; choose one `adjoint` for all")
    text = f"{what} of {listed(list(dict.fromkeys(e.of for e in mains)))} in {where}\n\n"
    text += "\n".join(meanings.values()) + "\n"
    return text + (f"{CONSTANTS}{listed(list(constants))}.\n" if constants else "")


def alone(entry: Entry, parts: Parts) -> Parts:
    """The pieces that one function needs."""
    needed = parts.used_by(entry.name)
    constants = {n: t for n, t in parts.constants.items() if n in needed}
    definitions = {n: t for n, t in parts.definitions.items() if n in needed}
    lines = [line for line in parts.doc.split("\n") if not line.startswith(CONSTANTS)]
    if constants:
        lines.insert(len(lines) - 1, f"{CONSTANTS}{listed(list(constants))}.")
    return Parts("\n".join(lines), parts.imports, constants, definitions)

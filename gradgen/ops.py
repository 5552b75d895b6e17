"""The functions that gradgen knows, as the registry has them: a table of all, and what there is to say of one."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import importlib.util
import inspect
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from . import functions
from .errors import GradgenError, Located
from .graph import OPERATIONS, PRIMITIVES, Operation, Unknown
from .library import library_path
from .options import make_options
from .reverse import pullback
from .rules import LIBRARIES, of_libraries
from .rules.registry import REFUSED
from .testing import Case, Drawn, cases, like

FAMILIES = {
    "elementwise": "entry by entry",
    "parts": "parts of numbers, casts",
    "reductions": "reductions",
    "nans": "passing over NaN",
    "quantiles": "quantiles",
    "statistics": "statistics",
    "scans": "along an axis",
    "curves": "sampled curves",
    "methods": "methods of ufuncs",
    "products": "products",
    "einsum": "sums of products",
    "linalg": "linear algebra",
    "norms": "norms",
    "fourier": "Fourier transforms",
    "polynomials": "polynomials",
    "series": "series of polynomials, in `numpy.polynomial`",
    "shaping": "shapes",
    "selecting": "reading",
    "places": "by masks and places",
    "joining": "joining and splitting",
    "creation": "making arrays",
    "math": "`math`, on numbers",
    "builtins": "Python's own",
    "functions": "`gradgen.functions`",
    "special": "`scipy.special`",
    "bessel": "Bessel functions and relatives, in `scipy.special`",
    "integrals": "integrals and polynomials, in `scipy.special`",
    "distributions": "distribution functions, in `scipy.special`",
    "scipy.fft": "`scipy.fft`",
    "scipy.integrate": "`scipy.integrate`",
    "scipy.linalg": "`scipy.linalg`",
    "scipy.ndimage": "`scipy.ndimage`",
    "scipy.signal": "`scipy.signal`",
    "scipy.spatial": "`scipy.spatial.distance`",
    "scipy.stats": "`scipy.stats`",
}
"""Families of functions, most by the module that their rules are in, with what they are called."""


@dataclass
class Entry:
    """A function of the registry."""

    fn: Any
    op: Operation

    @cached_property
    def name(self) -> str:
        """How a program writes it: `np.exp`, `math.exp`, `scipy.special.erf`, `F.relu`."""
        return name_of(self.fn)

    @property
    def family(self) -> str:
        return family_of(self.fn, self.op)

    @property
    def call(self) -> str:
        """A call with all parameters and their defaults."""
        return f"{self.name}({self.op.signature.replace('**', '')})"

    @property
    def note(self) -> str:
        """What its rule says, in one sentence: how it goes, or what holds at edges."""
        text = inspect.getdoc(self.op.rule) if self.op.rule is not None and "<lambda>" not in str(self.op.rule) else ""
        return (text or "").split("\n\n")[0].replace("\n", " ").strip()

    @cached_property
    def sample(self) -> Case | None:
        """A call of it, on vectors if there is one."""
        if self.op.rule is None or not self.op.samples:
            return None
        drawn = cases(self.op, np.random.default_rng(0))
        vectors = [c for c in drawn if all(np.ndim(x) == 1 for x in c.variables)]
        alike = [c for c in vectors if len({np.shape(x) for x in c.variables}) == 1 and np.size(c.variables[0]) > 1]
        return [*alike, *vectors, *drawn][0]

    @cached_property
    def arguments(self) -> tuple[list[str], list[str]]:
        """The parameters by which it is differentiated, and those for which that is refused, in any of the samples."""
        inputs = [p for p in self.op.parameters if p.is_input]
        if self.sample is None or any(p.stars for p in inputs):
            return [p.name for p in inputs if p.stars], []
        known: set[str] = set()
        refused: set[str] = set()
        for c in cases(self.op, np.random.default_rng(0)):
            with np.errstate(all="ignore"):
                out = c.out
                bars = pullback(self.op, like(out, np.random.default_rng(0)), out, c.inputs, c.options)
            for p, bar in zip(inputs, bars, strict=True):
                if bar is not None:
                    (refused if isinstance(bar, Unknown) else known).add(p.name)
        names = [p.name for p in inputs]
        return [n for n in names if n in known], [n for n in names if n in refused - known]

    @property
    def is_zero(self) -> bool:
        """Whether its derivative is zero, or none, as that of `np.sign`, which has a rule to refuse complex numbers."""
        return self.op.rule is None or self.op.of_complex and self.arguments == ([], [])

    @cached_property
    def cost(self) -> int:
        """How many operations the backward pass of one call has, where shapes are known."""
        c = self.sample
        if c is None:
            return 0
        with np.errstate(all="ignore"):
            made = Drawn(c, known=True)
            made.simplify()
        return sum(node.backward and not node.op.cheap and node.op.name != "const" for node in made.graph.nodes)

    def program(self) -> tuple[str, list[str], str]:
        """(a function that calls it, the names of its variables, their shapes) as a sample has them."""
        c = self.sample
        assert c is not None
        parameters = [p.name for p in self.op.parameters if p.is_input and not p.stars]
        letters = parameters if len(parameters) == len(c.inputs) else [f"x{i}" for i in range(len(c.inputs))]
        given = [i for i, x in enumerate(c.inputs) if i in c.active or isinstance(x, np.ndarray)]
        own = [Written(letters[i]) if i in given else x for i, x in enumerate(c.inputs)]
        inputs, options = self.op.unbind(own, c.options)
        call = ", ".join([*map(repr, inputs), *(f"{k}={v!r}" for k, v in options.items())])
        text = f"def call({', '.join(letters[i] for i in given)}):\n    return {self.name}({call})\n"
        sizes: dict[int, str] = {}
        for i in given:
            for n in np.shape(c.inputs[i]):
                sizes.setdefault(n, "1" if n == 1 else "nmkpqrst"[len(sizes)])
        shapes = [f"{letters[i]}={declared(c.inputs[i], sizes)}" for i in given]
        return text, [letters[i] for i in c.active], ", ".join(shapes)

    def printed(self) -> str:
        """What gradgen writes for a call: the function with its pullback."""
        from .pipeline import derive
        from .writer import format_text

        text, targets, shapes = self.program()
        heading = "import math\nimport numpy as np\nfrom gradgen import functions as F\n"
        path = library_path(self.fn)
        heading += f"import {path[0]}\n" if path is not None and path[0] else ""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "calls.py")
            file.write_text(f"{heading}\n\n{text}", encoding="utf-8")
            spec = importlib.util.spec_from_file_location("calls", file)
            assert spec is not None and spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules["calls"] = module
            try:
                spec.loader.exec_module(module)
                options = make_options(targets, "vjp", shapes=shapes, guards=False)
                text = format_text(derive(module.call, options).text())
            finally:
                del sys.modules["calls"]
        head = text.index("def vjp_call(")
        body = text.index('"""\n', text.index('"""', head) + 3) + 4
        first_line = text[head : text.index("\n", head)]
        return f"{first_line}\n{text[body:].strip(chr(10))}"


def declared(x: Any, sizes: dict[int, str]) -> str:
    """The shape of an argument in the language of `--shapes`, its lengths by name."""
    kind = {"f": "", "c": "complex", "i": "int", "b": "bool"}[np.asarray(x).dtype.kind]
    return f"{kind}({''.join(sizes[n] + ',' for n in np.shape(x))})"


class Written(str):
    """A name in a program, as it is written."""

    __repr__ = str.__str__


def name_of(fn: Any) -> str:
    """How a program names a function."""
    if inspect.isfunction(fn) and fn.__module__ == functions.__name__:
        return f"F.{fn.__name__}"
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{fn.__name__}"
    path = library_path(fn)
    return ast.unparse(path[1]) if path is not None else str(fn.__name__)


def family_of(fn: Any, op: Operation) -> str:
    """The family of a function: by where it comes from, else by the module of its rule."""
    origin = name_of(fn).split(".")
    if origin[0] in ("math", "F"):
        return {"math": "math", "F": "functions"}[origin[0]]
    module = str((op.rule or op.infer).__module__).rsplit(".", 1)[-1]
    if origin[0] == "scipy":
        library = ".".join(origin[:2])
        return library if library in FAMILIES else module if module in FAMILIES else "special"
    if origin[0] != "np":
        return "builtins"
    return module if module in FAMILIES else "elementwise"


def entries() -> Iterator[Entry]:
    """All functions of the registry, those of SciPy too where it is installed."""
    for library in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(library)
    of_libraries()
    for fn, op in OPERATIONS.items():
        if op not in PRIMITIVES.values() and (op.rule is not None or not op.differentiable):
            yield Entry(fn, op)


def by_family() -> dict[str, list[Entry]]:
    """The functions of each family, by name."""
    found: dict[str, dict[str, Entry]] = {family: {} for family in FAMILIES}
    for entry in entries():
        found[entry.family].setdefault(entry.name, entry)
    return {family: [those[name] for name in sorted(those)] for family, those in found.items()}


def table() -> str:
    """All functions, a line each: by which arguments it is differentiated, and how many operations that takes."""
    lines = []
    for family, those in by_family().items():
        lines += ["", FAMILIES[family].replace("`", "")]
        lines += [f"  {entry.call}  {summary(entry)}".rstrip() for entry in those]
    return "\n".join(lines[1:]) + "\n"


def summary(entry: Entry) -> str:
    """By which arguments a function is differentiated, and what that costs."""
    if entry.is_zero:
        return "derivative zero"
    by, not_by = entry.arguments
    costs = f", {entry.cost} operation{'s' * (entry.cost != 1)}" if entry.cost else ""
    return f"by {', '.join(by) or 'nothing'}" + (f", not by {', '.join(not_by)}" if not_by else "") + costs


def describe(name: str) -> str:
    """What there is to say of the functions that are called `name`. Raises GradgenError where there is none."""
    wanted = name.removeprefix("numpy.").removeprefix("np.")
    known = list(entries())
    found = [e for e in known if wanted in (e.name, e.name.removeprefix("np."), e.name.rsplit(".", 1)[-1])]
    exact = [e for e in found if name == e.name or e.name == f"np.{wanted}"]
    texts = [described(e) for e in exact or found]
    refused = {name_of(fn): said for fn, said in REFUSED.items() if hasattr(fn, "__name__")}
    for full, (reason, advice) in refused.items():
        if not texts and wanted in (full, full.removeprefix("np."), full.rsplit(".", 1)[-1]):
            texts.append(f"{full}\n  no derivative goes through it: {reason}; {advice}\n")
    if texts:
        return "\n".join(dict.fromkeys(texts))
    close = difflib.get_close_matches(wanted, [*(e.name.removeprefix("np.") for e in known), *refused], 3)
    raise GradgenError(f"gradgen knows no function {name!r}" + (f"; did you mean {', '.join(close)}?" if close else ""))


def described(entry: Entry) -> str:
    """A function: by which arguments it is differentiated, what that costs, what its rule says, and what is written."""
    told = "its derivative is zero" if entry.is_zero else f"{summary(entry)} in the backward pass"
    lines = [entry.call, f"  {told}"]
    if entry.note:
        lines.append(f"  {entry.note}")
    if entry.sample is not None:
        with contextlib.suppress(Located):
            lines += ["", *(f"    {line}".rstrip() for line in entry.printed().split("\n"))]
    return "\n".join(lines) + "\n"

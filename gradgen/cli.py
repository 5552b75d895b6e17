"""The command line: `gradgen emit`, `build`, `check`, `graph`, `ops`.

Exit codes: 0 done, 1 a file is stale or was edited, or a check failed, 2 usage, or the function cannot be
differentiated. Messages go to stderr, artefacts to stdout.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import CheckError, GradgenError, Located, StaleError
from .options import MODES, NAMES, Options, make_options
from .routes import split_at_commas

if TYPE_CHECKING:
    from .targets import Target

STAGES = ("ast", "graph", "backward", "source")


def parser() -> argparse.ArgumentParser:
    from . import __version__

    top = argparse.ArgumentParser(prog="gradgen", description="Writes the source of the gradient of a NumPy function.")
    top.add_argument("--version", action="version", version=f"gradgen {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")

    emit = commands.add_parser("emit", help="print or write a gradient module")
    _add_target(emit, "path.py:function or package.module:function; without a function, all decorated ones")
    emit.add_argument("-o", dest="where", metavar="FILE|DIR", default="", help="write there instead of printing")
    emit.add_argument("--out", dest="where", metavar="FILE|DIR", help=argparse.SUPPRESS)
    emit.add_argument("--stage", choices=STAGES, default="source", help="stop after a stage and print what there is")
    emit.add_argument("--force", action="store_true", help="overwrite any file, also one that was edited")

    build = commands.add_parser("build", help="bring the targets of pyproject.toml up to date")
    build.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is not up to date")
    build.add_argument("--diff", action="store_true", help="show what would change, or has")
    build.add_argument("--force", action="store_true", help="overwrite files that were edited by hand")
    build.add_argument("--project", metavar="DIR", default="", help="where pyproject.toml is (default: here or above)")

    check = commands.add_parser("check", help="compare a gradient with a numerical one")
    _add_target(check, "path.py:function or package.module:function")
    check.add_argument("--seed", type=int, default=0, help="of the random arguments")

    graph = commands.add_parser("graph", help="draw the computational graph")
    _add_target(graph, "path.py:function or package.module:function")
    graph.add_argument("-o", dest="where", metavar="FILE", default="", help="x.svg, .dot, .mmd or .txt (default: text)")

    ops = commands.add_parser("ops", help="list the functions that gradgen knows, or tell all of some")
    ops.add_argument("names", metavar="name", nargs="*", help="as in np.hypot, hypot, scipy.special.erf")
    return top


def _add_target(command: argparse.ArgumentParser, text: str) -> None:
    command.add_argument("target", metavar="TARGET", help=text)
    none = argparse.SUPPRESS
    targets = "targets by name, position or part, as self.W (default: the first)"
    command.add_argument("--wrt", default=none, metavar="A,B", help=targets)
    command.add_argument("--mode", choices=MODES, default=none)
    command.add_argument("--shapes", default=none, metavar='"W=(d, h), y=int(n,)"', help="declared shapes")
    command.add_argument("--example", default="", metavar="MODULE:FUNCTION", help="a function that returns arguments")
    command.add_argument("--name", default=none, help="of the generated function")
    guards = command.add_mutually_exclusive_group()
    guards.add_argument("--guards", dest="guards", action="store_true", default=none)
    guards.add_argument("--no-guards", dest="guards", action="store_false", default=none, help="no checks at entry")
    command.add_argument("--strict", action="store_true", default=none, help="make warnings errors")
    pair = "the function returns a pair, the number and something else"
    command.add_argument("--has-aux", action="store_true", default=none, help=pair)
    command.add_argument("--adjoint", default=none, metavar="'d{}'", help="how the adjoint of a variable is called")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        given = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0) if isinstance(stop.code, int) or stop.code is None else 2
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 5000))
    with warnings.catch_warnings():
        from .errors import GradgenWarning

        warnings.simplefilter("always", GradgenWarning)
        warnings.showwarning = _show_warning
        try:
            return int(COMMANDS[given.command](given))
        except (StaleError, CheckError) as error:
            return _fail(str(error), 1)
        except Located as error:
            return _fail(error.render(), 2)
        except BrokenPipeError:  # whoever read the output has seen enough
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            return 0
        except (GradgenError, TypeError, OSError) as error:
            if isinstance(error, TypeError) and not _is_ours(error):
                raise
            return _fail(str(error), 2)


def _is_ours(error: BaseException) -> bool:
    """Whether gradgen itself raised it, rather than the code that it ran."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and str(last.tb_frame.f_globals.get("__name__", "")).startswith("gradgen")


def _fail(message: str, code: int) -> int:
    print(message if ": " in message.split("\n")[0][:80] else f"gradgen: {message}", file=sys.stderr)
    return code


def _show_warning(message: Any, category: Any, filename: Any, lineno: Any, file: Any = None, line: Any = None) -> None:
    print(f"warning: {message}", file=sys.stderr)


# ---- finding functions


def load_module(where: str, base: Path | None = None) -> Any:
    """The module at a path or of a dotted name. Raises GradgenError where it cannot be imported."""
    from .files import writing_nothing

    base = base or Path.cwd()
    with writing_nothing():
        try:
            if where.endswith(".py"):
                return _load_path((base / where).resolve())
            if str(base) not in sys.path:
                sys.path.insert(0, str(base))
            return importlib.import_module(where)
        except GradgenError:
            raise
        except Exception as error:  # whatever the user's module raises while it is imported
            raise GradgenError(f"{where} cannot be imported: {type(error).__name__}: {error}") from error


def _load_path(path: Path) -> Any:
    if not path.is_file():
        raise GradgenError(f"there is no file {path}")
    top, name = path.parent, path.stem
    while (top / "__init__.py").exists():
        name = f"{top.name}.{name}"
        top = top.parent
    for folder in (top, _root(path)):
        if folder is not None and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    known = sys.modules.get(name)
    if known is not None and Path(getattr(known, "__file__", None) or "/").resolve() == path:
        return known
    if "." in name:
        return importlib.import_module(name)
    if known is not None or name in sys.stdlib_module_names:
        name = f"_gradgen_{name}_{len(sys.modules)}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _root(path: Path) -> Path | None:
    from .source import project_root

    return project_root(path)


def load_object(reference: str, base: Path | None = None) -> Any:
    """What `path.py:name` or `package.module:name` refers to."""
    where, colon, name = reference.rpartition(":")
    if not colon or not name:
        raise GradgenError(f"{reference!r} names no function; write path.py:function or package.module:function")
    obj = load_module(where, base)
    for part in name.split("."):
        if not hasattr(obj, part):
            raise GradgenError(f"{where} has no function {part!r}{_similar(part, obj)}")
        obj = getattr(obj, part)
    return obj


def _similar(name: str, module: Any) -> str:
    functions = [n for n, obj in vars(module).items() if callable(obj) and not n.startswith("_")]
    close = difflib.get_close_matches(name, functions, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def find_targets(reference: str, said: dict[str, Any], example: str = "", base: Path | None = None) -> list[Target]:
    """The targets that a command's argument and options name. said: the options that were given."""
    from .api import Gradient
    from .targets import Target

    sample = load_object(example, base) if example else None
    where, colon, name = reference.rpartition(":")
    if colon and name and not (len(where) == 1 and name.startswith(("\\", "/"))):
        obj = load_object(reference, base)
        return [_target(obj, said, sample)]
    module = load_module(reference, base)
    found: list[Target] = []
    for obj in list(vars(module).values()):
        if isinstance(obj, Gradient) and obj.__module__ == module.__name__:
            found.append(_target(obj, said, sample))
        elif isinstance(getattr(obj, "grad", None), Gradient) and obj.__module__ == module.__name__:
            made = getattr(obj, str(said.get("mode", "grad")))
            found.append(Target(made.primal, made.options, sample if sample is not None else made.example))
    if not found:
        raise GradgenError(f"{reference} has no decorated functions; name one: {reference}:function")
    return found


def _target(obj: Any, said: dict[str, Any], sample: Any) -> Target:
    from .api import Gradient
    from .targets import Target

    if not callable(obj):
        raise GradgenError(f"{obj!r} is no function")
    if isinstance(obj, Gradient):
        options = _override(obj.options, said)
        return Target(obj._plain(), options, sample if sample is not None else obj.example)
    return Target(obj, make_options(**said), sample)


def _override(options: Options, said: dict[str, Any]) -> Options:
    made = make_options(**said)
    changes = {k: getattr(made, k) for k in said}
    if "shapes" in said:
        changes["shapes_text"] = made.shapes_text
    return options.but(**changes)


def _said(given: argparse.Namespace) -> dict[str, Any]:
    said = {k: v for k, v in vars(given).items() if k in NAMES}
    if "wrt" in said:
        said["wrt"] = tuple(int(p) if p.lstrip("-").isdigit() else p for p in split_at_commas(said["wrt"]))
    return said


# ---- commands


def emit(given: argparse.Namespace) -> int:
    from . import files

    targets = find_targets(given.target, _said(given), given.example)
    if given.stage != "source":
        for target in targets:
            sys.stdout.write(stage_text(target, given.stage))
        return 0
    if not given.where:
        pairs = [(target, files.derive_declared(target)) for target in targets]
        sys.stdout.write(files.standalone(pairs))
        return 0
    where = Path(given.where).absolute()
    place = where if where.suffix == ".py" else targets[0].place(where)
    files.write(targets, place, given.force)
    print(f"wrote {given.where if where.suffix == '.py' else Path(given.where) / place.name}", file=sys.stderr)
    return 0


def stage_text(target: Target, stage: str) -> str:
    """What there is after a stage, as text."""
    from .draw import dump
    from .pipeline import deep_recursion, graph_of, read

    if stage == "ast":
        return ast.dump(target.function.node, indent=2) + "\n"
    if stage == "graph":
        with deep_recursion():
            return dump(read(target.fn, target.declared).graph)
    return dump(graph_of(target.fn, target.declared))


def build(given: argparse.Namespace) -> int:
    from . import files
    from .config import find_project, read_targets

    start = Path(given.project).resolve() if given.project else Path.cwd()
    project = find_project(start if start.is_dir() else start.parent)
    base = project.parent
    by_file: dict[Path, list[Target]] = {}
    for entry in read_targets(project):
        [target] = find_targets(entry.function, entry.given, entry.example, base)
        place = base / entry.out
        if place.suffix != ".py":
            place = target.place(place)
        by_file.setdefault(place, []).append(target)
    if not by_file:
        raise GradgenError(f"{project} has no [[tool.gradgen.targets]]")
    bad = 0
    for place, targets in by_file.items():
        shown = targets[0].shown(place)
        try:
            text, old = files.planned(targets, place, given.force or given.check)
            before = "" if old is None else old.text
            if given.diff and before != text:
                sys.stdout.write(_diff(before, text, shown))
            if given.check:
                if old is not None and old.generated and old.edited:
                    print(f"{shown} was edited by hand", file=sys.stderr)
                    bad = 1
                elif before != text:
                    print(f"{shown} {'is missing' if old is None else 'is stale'}", file=sys.stderr)
                    bad = 1
            elif before != text:
                files.write_atomically(place, text)
                print(f"wrote {shown}", file=sys.stderr)
        except StaleError as error:
            print(error, file=sys.stderr)
            bad = 1
    if bad and given.check:
        print("run `gradgen build` to bring them up to date", file=sys.stderr)
    return bad


def _diff(before: str, after: str, shown: str) -> str:
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{shown}", f"b/{shown}")
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def check(given: argparse.Namespace) -> int:
    from .api import Gradient
    from .checking import compare, random_arguments, table
    from .options import declared_types
    from .targets import example_arguments

    bad = 0
    for target in find_targets(given.target, _said(given), given.example):
        made = Gradient(target.fn, target.options.but(mode="vjp", name=""))
        if target.example is not None:
            arguments = example_arguments(target.fn, target.example)
        else:
            declared = declared_types(target.function, target.options)
            arguments = random_arguments(target.fn, declared, made._targets(), given.seed)
        rows = compare(target.fn, made, (), arguments, seed=given.seed)
        print(table(rows))
        if not all(row.good for row in rows):
            print(f"gradgen: the gradient of {target.function.name!r} is not that of its values", file=sys.stderr)
            bad = 1
    return bad


def graph(given: argparse.Namespace) -> int:
    from . import draw
    from .pipeline import graph_of

    if given.where and Path(given.where).suffix not in DRAWINGS:
        raise GradgenError(f"{given.where} is none of {', '.join(DRAWINGS)}")
    [target, *more] = find_targets(given.target, _said(given), given.example)
    if more:
        raise GradgenError(f"{given.target} holds several functions; name one")
    make = getattr(draw, DRAWINGS[Path(given.where).suffix] if given.where else "dump")
    text = make(graph_of(target.fn, target.declared))
    if not given.where:
        sys.stdout.write(text)
        return 0
    Path(given.where).write_text(text, encoding="utf-8")
    print(f"wrote {given.where}", file=sys.stderr)
    return 0


def ops(given: argparse.Namespace) -> int:
    from .ops import describe, table

    sys.stdout.write("\n".join(map(describe, given.names)) if given.names else table())
    return 0


DRAWINGS = {".svg": "svg", ".dot": "dot", ".mmd": "mermaid", ".txt": "dump"}
COMMANDS = {"emit": emit, "build": build, "check": check, "graph": graph, "ops": ops}

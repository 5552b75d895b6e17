"""What a generated module and its functions say of themselves."""

from __future__ import annotations

import ast
import textwrap
from typing import Any

from .admission import Aim
from .frontend import Program
from .graph import Value
from .guards import written
from .options import Options
from .routes import Route, parts
from .shapes import Dim, Type, is_named, shown_container
from .syntax import parameters_of
from .terms import Computed, Sequence
from .writer import LINE_LENGTH

WHAT = {"grad": "Gradient", "value_and_grad": "Value and gradient", "vjp": "Value and pullback"}
CONSTANTS = "Constants of that module written into this one: "
WIDTH = LINE_LENGTH - len("    ") - 2 * len("'''")


def parameters(program: Program) -> list[Value]:
    """The parameters of the function that are values; a graph may have cotangents as further ones."""
    names = [p.arg for p in parameters_of(program.function.node.args) if p.arg not in program.given]
    return program.graph.params[: len(names)]


def starred(program: Program) -> dict[str, str]:
    """The stars before the parameters that have some."""
    spec = program.function.node.args
    return {p.arg: stars for p, stars in ((spec.vararg, "*"), (spec.kwarg, "**")) if p is not None}


def listed(names: list[str]) -> str:
    """`a`, `b` and `c`, in backquotes."""
    quoted = [f"`{n}`" for n in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def module_doc(program: Program, options: Options, constants: list[ast.stmt]) -> str:
    """The docstring of a module of one gradient, which lists the constants from outside that are written into it."""
    bar = options.adjoint.format("v")
    weighted = f", weighted by `{options.adjoint.format('value')}`," if options.mode == "vjp" else ""
    text = (
        f"{WHAT[options.mode]} of `{program.function.title}` in {program.function.file.filename}.\n\n"
        f"Here `{bar}` is the adjoint of `v`: the derivative of the result{weighted} with respect to `v`.\n"
    )
    if constants:
        names = [t.id for s in constants for t in getattr(s, "targets", []) if isinstance(t, ast.Name)]
        text += f"{CONSTANTS}{listed(names)}.\n"
    return text


def function_doc(program: Program, options: Options, targets: list[Aim], constants: dict[str, Any]) -> str:
    """The docstring of a generated function: what it returns, and what it relies on.

    constants: those from outside that were read and do not stand in the function by name, having gone into numbers.
    """
    parts = [_first_line(program, options, targets)]
    if options.mode == "grad" and options.has_aux:
        parts.append(f"It comes with what `{program.function.title}` returns beside the number.")
    if options.mode != "vjp" and program.result_rank is None:
        parts.append("Where the result is an array, this is the gradient of its sum.")
    if facts := written_for(program):
        parts.append(textwrap.fill(f"Written for {facts}.", LINE_LENGTH - len("    "), break_long_words=False))
    known = [f"{name} = {x!r}" for name, x in constants.items() if isinstance(x, (bool, int, float, str))]
    if known:
        parts.append(f"Written with {', '.join(known)}.")
    if options.mode != "grad":
        parts.append("Returns\n-------\n" + "\n".join(_returned(program, options, targets)))
    return "\n\n".join(parts) + ("\n" if len(parts) > 1 else "")


def _returned(program: Program, options: Options, targets: list[Aim]) -> list[str]:
    """What is returned, in the form of NumPy's docstrings."""
    names = [options.adjoint.format(aim.word) for aim in targets]
    bars = f"({', '.join(names)})" if len(names) > 1 else names[0]
    several = isinstance(program.result, Sequence)
    kind = program.result.kind.__name__ if several else _kind(program.graph.results[0])  # type: ignore[union-attr]
    lines = [f"value{kind and f' : {kind}'}", f"    The value of `{program.function.title}`."]
    if options.has_aux and options.mode == "value_and_grad":
        lines = ["(value, aux) : tuple", f"    What `{program.function.title}` returns."]
    if options.mode == "vjp":
        value_bar = options.adjoint.format("value")
        return [
            *lines,
            "pullback : callable",
            f"    Maps `{value_bar}`, shaped like `value`, to `{bars}`. May be called any number of times.",
        ]
    listing = listed([str(aim.route) for aim in targets])
    if len(targets) == 1:
        kind = _kind_of(targets[0])
        what = "derivative" if _is_scalar(targets[0]) else "gradient"
        return [*lines, f"{bars}{kind and f' : {kind}'}", f"    The {what} with respect to {listing}."]
    kinds = {_kind_of(aim).split(" ")[-1] for aim in targets}
    of = f" of {kinds.pop()}" if len(kinds) == 1 and "" not in kinds else ""
    shaped = "" if all(map(_is_scalar, targets)) else "; each has the shape of its argument"
    what = "gradient" if shaped else "derivatives"
    return [*lines, f"{bars} : tuple{of}", f"    The {what} with respect to {listing}{shaped}."]


def _is_scalar(aim: Aim) -> bool:
    return isinstance(aim.term, Computed) and aim.term.value.type.scalar


def _kind_of(aim: Aim) -> str:
    """The type of the gradient by a target."""
    if isinstance(aim.term, Computed):
        return "list" if aim.term.value.type.of is not None else _kind(aim.term.value)
    return str(aim.term.kind.__name__) if isinstance(aim.term, Sequence) else ""


def _kind(v: Value) -> str:
    """The type of a result: `(m,) ndarray`, `float`; "" where its rank is unknown."""
    if v.type.ndim is None:
        return ""
    kind = "complex" if v.type.kind == "complex" else "float"
    if v.type.scalar:
        return kind
    return "ndarray" if any(isinstance(d, Dim) and d.loose for d in v.type.shape) else f"{_dims(v.type)} ndarray"  # type: ignore[union-attr]


def _first_line(program: Program, options: Options, targets: list[Aim]) -> str:
    """With the function's parameters where the line is not too long then."""
    what = "derivative" if len(targets) == 1 and _is_scalar(targets[0]) else "gradient"
    said = {
        "grad": f"Return the {what} of `CALL` with respect to",
        "value_and_grad": f"Return `CALL` and its {what} with respect to",
        "vjp": "Return `CALL` and its pullback with respect to",
    }[options.mode]
    text = f"{said} {listed([str(aim.route) for aim in targets])}."
    name = program.function.title
    stars = starred(program)
    full = text.replace("CALL", f"{name}({', '.join(stars.get(v.hint, '') + v.hint for v in parameters(program))})")
    return full if len(full) <= WIDTH else text.replace("CALL", f"{name}(...)")


def written_for(program: Program) -> str:
    """The declared shapes, and which sizes are taken to be one; "" where no array is declared."""
    known = [*parameters(program), *known_parts(program)]
    shown = [v for v in known if v.type.ndim or v.type.sequence and not is_named(v.type)]
    shown = [v for v in shown if v.type.of is None or v.hint not in starred(program)]  # of which Python makes a tuple
    arrays = [f"{written(v)}: {_shape(_known_type(program, v))}" for v in shown]
    scalars = [written(v) for v in known if v.type.scalar and v.type.kind != "object"]
    if not arrays:
        return ""
    text = ", ".join(arrays)
    if scalars:
        every = len(scalars) == len([v for v in known if not v.type.ndim and not v.type.sequence])
        text += ", all else scalar" if every else f", and scalar {', '.join(scalars)}"
    unified = [f"{a} = {b}" for a, b in program.graph.facts.unified]
    return text + (f", where {' and '.join(unified)}" if unified else "")


def _known_type(program: Program, v: Value) -> Type:
    """The type of a parameter, with what is declared of its parts one by one."""

    def at(route: Route, t: Type) -> Type:
        if t.items is not None and t.form is not None:
            return t.but(items=tuple(at(r, item) for r, item in zip(parts(route, t), t.items, strict=True)))
        term = program.parts.get(route)
        return term.value.type if isinstance(term, Computed) else t

    return at(Route(v.hint), v.type) if v.node is None else v.type


def known_parts(program: Program, inside: bool = False) -> list[Value]:
    """The parts of parameters of which something is declared. inside: also those in containers that were declared."""
    routes = {route: t.value for route, t in program.parts.items() if route.steps and isinstance(t, Computed)}
    wholes = [p.hint for p in parameters(program) if p.type.sequence and not is_named(p.type)]
    chosen = [v for route, v in routes.items() if inside or route.root not in wholes]
    return [v for v in chosen if v.type.ndim is not None and v.type.kind != "object"]


def _dims(t: Type) -> str:
    items = ", ".join("_" if isinstance(d, Dim) and d.loose else str(d) for d in t.shape)  # type: ignore[union-attr]
    return f"({items},)" if t.ndim == 1 else f"({items})"


def _shape(t: Type) -> str:
    if t.items is not None:
        return shown_container(t.form, list(map(_shape, t.items)))
    if t.of is not None:
        return f"[{_shape(t.of)}, ...]"
    if t.ndim is None:
        return "_"
    shape = _dims(t)
    return shape if t.kind == "float" else f"{t.kind} {shape}"

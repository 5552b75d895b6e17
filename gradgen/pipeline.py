"""From a Python function to the text of its gradient, one stage after the other.

    read      source to graph                     `frontend`
    backward  the backward pass, on the graph     `reverse`
    simplify  identities, sharing, pruning        `simplify`
    finish    what may be handed out              `finish`
    order     statements and their order          `schedule`
    name      names                               `naming`
    write     syntax, then text                   `emit`, `module`, `writer`
"""

from __future__ import annotations

import ast
import contextlib
import sys
import textwrap
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import module as modules
from . import rules as rules
from . import writer
from .buffers import Buffers
from .emit import Emitter
from .errors import GradgenError, GradgenWarning, NonDifferentiableError, NotScalarError
from .finish import finish
from .frontend import Program, flatten
from .graph import CONST, OPAQUE, Node, Value
from .naming import Names
from .options import Options, annotated_type
from .reverse import build_grads, descendants, zero_like
from .schedule import Schedule
from .shapes import Facts, Type, float_of
from .simplify import prune, simplify
from .source import Function, function_source
from .spell import Snippets
from .terms import Sequence
from .verify import verify

STAGES = ("ast", "graph", "backward", "source")
_lock = threading.RLock()


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for nested syntax: printing a sum of 500 terms nests 500 deep."""
    with _lock:  # the limit is the whole process's
        old = sys.getrecursionlimit()
        sys.setrecursionlimit(max(old, 40_000))
        try:
            yield
        finally:
            sys.setrecursionlimit(old)


@dataclass
class Derivative:
    """A gradient, as graph and as syntax. tree: the module's statements. bound: constants by reference."""

    program: Program
    options: Options
    targets: list[str]
    tree: list[Any]
    name: str
    bound: dict[str, Any]
    function: Function

    def text(self) -> str:
        """The module's text as astor prints it, before black."""
        with deep_recursion():
            return writer.text_of(self.tree)


def derive(fn: Any, options: Options, types: dict[str, Type] | None = None, facts: Facts | None = None,
           by_reference: bool = False, shown: str = "") -> Derivative:  # fmt: skip
    """Make the gradient of a Python function.

    types: kinds and shapes of parameters, beside what annotations and `options.shapes` say. by_reference: whether
    large constants may be bound instead of written. shown: how the command that makes it again names the function.
    Raises UnsupportedError, NoRuleError, NonDifferentiableError, GradgenError.
    """
    with _lock, deep_recursion():
        program = read(fn, options, types, facts)
        targets = target_values(program, options)
        backward(program, options, targets)
        simplify(program.graph)
        fixed = len(program.graph.results) - len(targets)
        finish(program.graph, targets, fixed)
        prune(program.graph)
        verify(program.graph)
        return write(program, options, targets, by_reference, shown)


def graph_of(fn: Any, options: Options, types: dict[str, Type] | None = None, facts: Facts | None = None) -> Any:
    """The graph of a function and its gradient, simplified: what `derive` writes out."""
    with _lock, deep_recursion():
        program = read(fn, options, types, facts)
        targets = target_values(program, options)
        backward(program, options, targets)
        simplify(program.graph)
        prune(program.graph)
        return program.graph


# ---- stages


def read(fn: Any, options: Options, types: dict[str, Type] | None = None, facts: Facts | None = None) -> Program:
    function = function_source(fn)
    known: dict[str, Type] = {}
    spec = function.node.args
    for parameter in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]:
        declared = annotated_type(parameter.annotation)
        if declared is not None:
            known[parameter.arg] = declared
    known |= dict(options.shapes)
    known |= types or {}
    return Program(function, known, facts)


def target_names(program: Program, options: Options) -> list[str]:
    names = [v.hint for v in program.graph.params]
    if not names:
        raise program.function.error(f"{program.function.name!r} has no parameter to differentiate by")
    found = []
    for target in options.wrt or (0,):
        if isinstance(target, int) and -len(names) <= target < len(names):
            found.append(names[target])
        elif target in names:
            found.append(str(target))
        else:
            raise GradgenError(f"{program.function.name}() has no parameter {target!r}; it has {', '.join(names)}")
    if len(set(found)) != len(found):
        raise GradgenError(f"a target is named twice: {', '.join(found)}")
    return found


def target_values(program: Program, options: Options) -> list[Value]:
    params = {v.hint: v for v in program.graph.params}
    targets = [params[name] for name in target_names(program, options)]
    for v in targets:
        if v.type.kind in ("object", "bool"):
            raise program.function.error(f"the target {v.hint!r} is no number", None, "choose other targets with wrt")
    return targets


def backward(program: Program, options: Options, targets: list[Value]) -> None:
    """Append the backward pass to the program's graph; its results become (the values,) the gradients."""
    graph = program.graph
    outputs = graph.results
    check_results(program, outputs, targets, options)
    seeds: dict[Value, Any] = {}
    graph.origin = program.returned
    if options.mode == "vjp":
        for i, v in enumerate(outputs):
            array = v.type.array or bool(v.type.ndim)
            seed = Value(graph, v.type.but(size=None, kind=float_of(v.type.kind), array=array), hint="")
            seed.hint = options.adjoint.format("value") + (f"_{i + 1}" if len(outputs) > 1 else "")
            graph.params.append(seed)
            seeds[v] = seeds[v] + seed if v in seeds else seed
    else:
        [out] = outputs
        seeds[out] = 1.0 if out.type.scalar else ones_for(out)
    bars = build_grads(graph, seeds, targets)
    bars = [zero_like(t) if bar is None else bar for t, bar in zip(targets, bars, strict=True)]
    with graph.at(program.returned, backward=True):
        bars = [bar if isinstance(bar, Value) else graph.const(float(bar)) for bar in bars]
    if options.mode != "grad":
        for v in outputs:
            if not v.hint and v.node is not None and v.node.op is not CONST:
                v.hint = "value" if len(outputs) == 1 else ""
        program.unnamed = outputs[0] if outputs[0].hint == "value" else None
    graph.results = ([] if options.mode == "grad" else list(outputs)) + bars
    prune(graph)


def ones_for(v: Value) -> Any:
    """The seed of the gradient of the sum, where a result of unknown rank may be of any size."""
    from .rules.primitives import broadcast_like

    with v.graph.at(v.graph.origin, backward=True):
        return broadcast_like(1.0, v)


def check_results(program: Program, outputs: list[Value], targets: list[Value], options: Options) -> None:
    """The result must be something that has a derivative; a gradient that is zero throughout is worth a warning."""
    function = program.function
    if options.mode != "vjp":
        if len(outputs) != 1 or isinstance(program.result, Sequence):
            raise not_scalar(program, f"{function.name!r} returns several values; a gradient is of one number")
        shape = outputs[0].type.shape
        if outputs[0].type.ndim and any(d != 1 for d in shape):  # type: ignore[union-attr]
            what = f"an array of shape {outputs[0].type}"
            raise not_scalar(program, f"{function.name!r} returns {what}, and a gradient is of one number")
    varied = descendants(program.graph, targets)
    for v in outputs:
        no_number = v.node is not None and v.node.op is CONST and v.type.kind == "object"
        if v.type.kind in ("int", "bool") and not v.type.size or no_number:
            span = getattr(v.node.origin if v.node else None, "span", None)
            raise NonDifferentiableError(f"the result is of kind {v.type.kind}, which has no derivative", span)
    reached = needed_targets(program, outputs, varied)
    for t in targets:
        if t not in reached:
            _warn_zero(program, t, outputs, options)


def not_scalar(program: Program, message: str) -> NotScalarError:
    span = getattr(program.returned, "span", None)
    return NotScalarError(message, span, "use vjp, or sum it")


def needed_targets(program: Program, outputs: list[Value], varied: set[Value]) -> set[Value]:
    """The values on a path with a derivative to a result."""
    needed = {v for v in outputs if v in varied}
    for node in reversed(program.graph.nodes):
        if any(v in needed for v in node.outputs) and (node.op.rule is not None or node.op.differentiable):
            needed.update(v for v in node.inputs if v in varied)
    return needed


def _warn_zero(program: Program, target: Value, outputs: list[Value], options: Options) -> None:
    """Say where the path from a target to the result ends."""
    reach = {target}
    last: Node | None = None
    for node in program.graph.nodes:
        if any(v in reach for v in node.inputs):
            reach.update(node.outputs)
            if node.op.rule is None and not node.op.differentiable and not node.op.cheap:
                last = node
    connected = any(v in reach for v in outputs)
    span = getattr(last.origin if last is not None else program.returned, "span", None)
    where = f"{span.filename}:{span.line}: " if span is not None else ""
    how = f"only through {last.op.name!r}, which has no derivative" if connected and last is not None else "not at all"
    message = f"{where}the result of {program.function.name!r} depends on {target.hint!r} {how}: its gradient is zero"
    if options.strict:
        raise NonDifferentiableError(message, span)
    warnings.warn(message, GradgenWarning, stacklevel=2)


# ---- writing


def write(program: Program, options: Options, targets: list[Value], by_reference: bool, shown: str) -> Derivative:
    graph = program.graph
    schedule = Schedule(graph)
    function = program.function
    taken = {"np", *(m.split(".")[0] for m in program.modules), *program.constants}
    names = Names(schedule, taken, options.adjoint, closure=options.mode == "vjp")
    snippets = Snippets()
    count = len(targets)
    outputs, bars = graph.results[: len(graph.results) - count], graph.results[len(graph.results) - count :]
    value_name = ""
    if outputs and outputs[0] is program.unnamed:
        value_name = names.of.get(outputs[0], "")
    emitter = Emitter(schedule, names, snippets, Buffers(schedule, options.mode == "vjp"), value_name)
    body = function_body(program, options, emitter, targets, outputs, bars)
    name = options.name or f"{options.mode}_{function.name}"
    arguments = signature(program)
    definition = ast.FunctionDef(name, arguments, body, [], None)
    used = modules.names_in([definition])
    carried = dict(program.carried)
    for op_name, fn in snippets.used.items():
        carried[f"_{op_name}"] = fn
    constants, bound = modules.constant_statements(program.constants, used, by_reference)
    tree: list[Any] = header(program, options, shown) + [ast.Expr(_doc(module_doc(program, options, constants)))]
    helpers = snippet_definitions(carried, used)
    tree += [writer.Blank(), *modules.import_statements(program.modules, used | modules.names_in(constants + helpers))]
    if constants:
        tree += [writer.Blank(), *constants]
    tree += [writer.Blank(), definition]
    tree += helpers
    return Derivative(program, options, [t.hint for t in targets], tree, name, bound, function)


def snippet_definitions(carried: dict[str, Any], used: set[str]) -> list[Any]:
    """The helper functions that the code uses, and those that they use, each once."""
    out: list[Any] = []
    done: set[str] = set()
    todo = [name for name in carried if name in used]
    while todo:
        name = todo.pop(0)
        if name in done:
            continue
        done.add(name)
        inner: dict[str, Any] = {}
        text = modules.snippet_text(name, carried[name], inner)
        out += [writer.Blank(), writer.Blank(), writer.Raw(text)]
        carried.update(inner)
        todo += list(inner)
    return out


def signature(program: Program) -> ast.arguments:
    """The parameters of the original, annotations dropped, defaults kept."""
    spec = program.function.node.args

    def bare(p: ast.arg) -> ast.arg:
        return ast.arg(p.arg, None)

    def default(node: ast.expr | None) -> Any:
        if node is None:
            return None
        saved = program.frame
        try:
            return program.default_syntax(node)
        finally:
            program.frame = saved

    return ast.arguments(
        posonlyargs=[bare(p) for p in spec.posonlyargs],
        args=[bare(p) for p in spec.args],
        kwonlyargs=[bare(p) for p in spec.kwonlyargs],
        defaults=[default(d) for d in spec.defaults],
        kw_defaults=[default(d) for d in spec.kw_defaults],
    )


def function_body(
    program: Program, options: Options, emitter: Emitter, targets: list[Value], outputs: list[Value], bars: list[Value]
) -> list[Any]:
    forward, back = emitter.forward(), emitter.backward()
    body: list[Any] = [ast.Expr(_doc(function_doc(program, options, targets)))]
    gradient = _tuple([emitter.expression(v) for v in bars])
    value = _tuple([emitter.expression(v) for v in outputs]) if outputs else None
    if forward:
        body += [writer.Comment("Forward pass."), *forward]
    if options.mode == "vjp":
        inner: list[Any] = []
        argument = options.adjoint.format("value")
        if len(outputs) > 1:
            parts: list[ast.expr] = [ast.Name(f"{argument}_{i + 1}", ast.Store()) for i in range(len(outputs))]
            inner.append(ast.Assign([ast.Tuple(parts, ast.Store())], ast.Name(argument, ast.Load())))
        inner += _without_leading_blank(back)
        inner += ([writer.Blank()] if len(back) > 1 else []) + [ast.Return(gradient)]
        arguments = ast.arguments([], [ast.arg(argument, None)], None, [], [], None, [])
        body += [writer.Blank(), ast.FunctionDef("pullback", arguments, inner, [], None), writer.Blank()]
        body.append(ast.Return(_tuple([value, ast.Name("pullback", ast.Load())])))
        return body
    if back:
        if forward:
            body.append(writer.Blank())
            body.append(writer.Comment("Backward pass, last line first."))
        body += back if forward else _without_leading_blank(back)
    if forward or back:
        body.append(writer.Blank())
    body.append(ast.Return(gradient if value is None else ast.Tuple([value, gradient], ast.Load())))
    return body


def _without_leading_blank(statements: list[Any]) -> list[Any]:
    return statements[1:] if statements and isinstance(statements[0], writer.Blank) else statements


def _tuple(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())


# ---- docstrings and header


class _Doc(ast.expr):
    """A docstring, in triple quotes."""

    _fields = ()

    def __init__(self, text: str):
        super().__init__()
        self.text = text


def _doc(text: str) -> ast.expr:
    return _Doc(text)


def heading(program: Program, limit: int = 60) -> str:
    """`f(a, b)`, or `f(...)` where that is too long."""
    full = f"{program.function.name}({', '.join(v.hint for v in program.graph.params if v in _own(program))})"
    return full if len(full) <= limit else f"{program.function.name}(...)"


def _own(program: Program) -> set[Value]:
    spec = program.function.node.args
    count = len([*spec.posonlyargs, *spec.args, *spec.kwonlyargs])
    return set(program.graph.params[:count])


def listed(names: list[str]) -> str:
    quoted = [f"`{n}`" for n in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


WHAT = {"grad": "Gradient", "value_and_grad": "Value and gradient", "vjp": "Value and pullback"}


def module_doc(program: Program, options: Options, constants: list[ast.stmt]) -> str:
    bar = options.adjoint.format("v")
    weighted = f", weighted by `{options.adjoint.format('value')}`," if options.mode == "vjp" else ""
    text = (
        f"{WHAT[options.mode]} of `{program.function.name}` in {program.function.file.filename}.\n\n"
        f"Here `{bar}` is the adjoint of `v`: the derivative of the result{weighted} with respect to `v`.\n"
    )
    if constants:
        names = [t.id for s in constants for t in getattr(s, "targets", []) if isinstance(t, ast.Name)]
        text += f"Constants of that module written into this one: {listed(names)}.\n"
    return text


def function_doc(program: Program, options: Options, targets: list[Value]) -> str:
    names = listed([t.hint for t in targets])
    call = heading(program)
    unknown = program.graph.results and program.graph.results[0].type.ndim is None
    facts = written_for(program)
    if options.mode == "grad":
        what = "derivative" if len(targets) == 1 and targets[0].type.scalar else "gradient"
        first = f"Return the {what} of `{call}` with respect to {names}."
    elif options.mode == "value_and_grad":
        first = f"Return `{call}` and its gradient with respect to {names}."
    else:
        first = f"Return `{call}` and its pullback with respect to {names}."
    del unknown
    parts = [first]
    if options.mode != "vjp" and program.result_rank is None:
        parts.append("\nWhere the result is an array, this is the gradient of its sum.\n")
    if facts:
        parts.append(f"\n{facts}\n")
    if options.mode == "vjp":
        value_bar = options.adjoint.format("value")
        bars = ", ".join(options.adjoint.format(t.hint) for t in targets)
        bars = f"({bars})" if len(targets) > 1 else bars
        parts.append(
            f"\nReturns\n-------\nvalue :\n    The value of `{program.function.name}`.\npullback : callable\n"
            f"    Maps `{value_bar}`, shaped like the value, to `{bars}`. May be called any number of times.\n"
        )
    return "\n".join(p.rstrip("\n") for p in parts) + ("\n" if len(parts) > 1 else "")


def written_for(program: Program) -> str:
    """The declared facts, in a sentence."""
    spec = [v for v in program.graph.params if v in _own(program)]
    arrays = [f"{v.hint}: {_dims(v)}" for v in spec if v.type.ndim]
    scalars = [v.hint for v in spec if v.type.scalar]
    if not arrays:
        return ""
    rest = [v for v in spec if not v.type.ndim]
    text = "Written for " + ", ".join(arrays)
    if scalars and len(scalars) == len(rest):
        text += ", all else scalar"
    elif scalars:
        text += ", and scalar " + ", ".join(scalars)
    return text + "."


def _dims(v: Value) -> str:
    items = ", ".join(map(str, v.type.shape))  # type: ignore[arg-type]
    shape = f"({items},)" if v.type.ndim == 1 else f"({items})"
    return shape if v.type.kind == "float" else f"{v.type.kind} {shape}"


def header(program: Program, options: Options, shown: str) -> list[Any]:
    """The first lines: where it is from, how to make it again, and digests filled in when it is written."""
    if not shown:
        return []
    path = program.function.file.filename
    lines = [
        f"Code generated by gradgen from {path}. DO NOT EDIT.",
        f"Regenerate with:  gradgen emit {shown}",
        f"gradgen: format {modules.FORMAT}, source {'0' * 12}, body {'0' * 12}",
    ]
    return [writer.Comment(line) for line in lines]


__all__ = ["OPAQUE", "STAGES", "Derivative", "derive", "flatten", "textwrap"]

"""What may be asked for: targets that are parameters and numbers, results that have a derivative."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from .errors import GradgenError, GradgenWarning, NonDifferentiableError, NotScalarError
from .frontend import Program
from .graph import CONST, OPAQUE, Graph, Node, Value
from .options import Options, is_receiver
from .reverse import descendants
from .routes import ATTRIBUTE, ITEM, Route, parse_route
from .source import Function
from .syntax import parameters_of
from .terms import Computed, Sequence, Term, flatten


@dataclass
class Aim:
    """A target. route: the parameter, or the part of one. term: its parts, of which those that are values of the graph
    are differentiated by; any other term among them stands for what has no derivative, and is written as it is."""

    route: Route
    term: Term

    @property
    def values(self) -> list[Value]:
        return [t.value for t in flatten(self.term) if isinstance(t, Computed)]

    @property
    def word(self) -> str:
        """What it is called where it is one value; else a word for the whole."""
        return self.term.value.hint if isinstance(self.term, Computed) else self.route.word


def target_routes(function: Function, options: Options) -> list[Route]:
    """The routes of the targets; by default the first parameter, for a method the first after the object."""
    names = [p.arg for p in parameters_of(function.node.args)]
    if not names:
        raise function.error(f"{function.name!r} has no parameter to differentiate by")
    found = []
    for target in options.wrt or (int(is_receiver(names)),):
        if isinstance(target, int) and -len(names) <= target < len(names):
            route = Route(names[target])
        elif isinstance(target, int):
            raise GradgenError(f"{function.name}() has no parameter {target!r}; it has {', '.join(names)}")
        else:
            route = Route(target) if target in names else parse_route(target)
        if route.root not in names:
            raise GradgenError(f"{function.name}() has no parameter {route.root!r}; it has {', '.join(names)}")
        found.append(route)
    for i, route in enumerate(found):
        for other in found[:i]:
            if route.within(other) or other.within(route):
                raise GradgenError(f"a target is named twice: {', '.join(map(str, found))}")
    return found


def aims(program: Program, options: Options) -> list[Aim]:
    """The targets. Raises GradgenError for one that is no number, and that no part of is."""
    found = []
    for route in target_routes(program.function, options):
        term = program.target(route)
        if isinstance(term, Computed) and term.value.type.kind in ("bool", "object") and not term.value.type.of:
            message = f"the target {str(route)!r} is no number"
            raise program.function.error(message, None, "choose other targets with wrt")
        aim = Aim(route, term)
        if not aim.values:
            raise program.function.error(f"the target {str(route)!r} holds no float", None, "choose others with wrt")
        found.append(aim)
    return found


def wholes(targets: list[Value]) -> list[Value]:
    """The containers and objects that the targets are parts of."""
    found: dict[Value, None] = {}
    for v in targets:
        while v.node is not None and v.node.op.name in (ATTRIBUTE, ITEM):
            v = v.node.inputs[0]
            found[v] = None
    return list(found)


def check_results(program: Program, outputs: list[Value], targets: list[Aim], options: Options) -> None:
    """The result must be something that has a derivative; a gradient that is zero throughout is worth a warning."""
    function = program.function
    if options.has_aux and options.mode != "vjp":
        result = program.result
        if not (isinstance(result, Sequence) and len(result.items) == 2 and not isinstance(result.items[0], Sequence)):
            raise not_scalar(program, f"{function.name!r} returns no pair of a number and something else")
        outputs = outputs[:1]
    if options.mode != "vjp":
        if len(outputs) != 1 or isinstance(program.result, Sequence) and not options.has_aux:
            raise not_scalar(program, f"{function.name!r} returns several values; a gradient is of one number")
        shape = outputs[0].type.shape
        if outputs[0].type.ndim and any(d != 1 for d in shape):  # type: ignore[union-attr]
            what = f"an array of shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"  # type: ignore[arg-type]
            raise not_scalar(program, f"{function.name!r} returns {what}, and a gradient is of one number")
    values = [v for aim in targets for v in aim.values]
    varied = descendants(program.graph, [*values, *wholes(values)])
    check_effects(program.graph, varied)
    for v in () if any(map(has_derivative, outputs)) else outputs:
        if not has_derivative(v):
            what = {"int": "an integer", "bool": "a truth value"}.get(v.type.kind, f"a {type(v.const).__name__}")
            span = getattr((v.node.origin if v.node else None) or program.returned, "span", None)
            raise NonDifferentiableError(
                f"the result is {what}, which has no derivative", span, "return the number that it is made from"
            )
    reached = needed_targets(program, outputs, varied)
    for aim in targets:
        if reached.isdisjoint(aim.values):
            _warn_zero(program, aim, outputs, options)


def check_effects(graph: Graph, varied: set[Value]) -> None:
    """Raise NoRuleError where code that is run for its effect is given what varies: nobody knows what becomes of it."""
    for node in graph.nodes:
        if node.op is OPAQUE and node.effect and not node.options["reads"] and not varied.isdisjoint(node.inputs):
            raise node.options["unknown"]
        for inner in node.subgraphs:
            inside = node.op.varied_inside(node, inner, varied)  # type: ignore[attr-defined]
            check_effects(inner, descendants(inner, inside))


def has_derivative(v: Value) -> bool:
    """Whether a result is of a kind that has one: no integer, no truth value, no text."""
    no_number = v.node is not None and v.node.op is CONST and v.type.kind == "object"
    return v.type.kind not in ("int", "bool") and not no_number


def not_scalar(program: Program, message: str) -> NotScalarError:
    span = getattr(program.returned, "span", None)
    advice = "use vjp, or has_aux=True for a pair (number, aux)" if "several" in message else "use vjp, or sum it"
    return NotScalarError(message, span, advice)


def needed_targets(program: Program, outputs: list[Value], varied: set[Value]) -> set[Value]:
    """The values on a path with a derivative to a result."""
    needed = {v for v in outputs if v in varied}
    for node in reversed(program.graph.nodes):
        if any(v in needed for v in node.outputs) and node.differentiable:
            needed.update(v for v in node.inputs if v in varied)
    return needed


def _warn_zero(program: Program, target: Aim, outputs: list[Value], options: Options) -> None:
    """Say where the path from a target to the result ends."""
    reach = set(target.values)
    last: Node | None = None
    for node in program.graph.nodes:
        if any(v in reach for v in node.inputs):
            reach.update(node.outputs)
            if not node.differentiable and not node.op.cheap:
                last = node
    connected = any(v in reach for v in outputs)
    end = (last.origin if last is not None else None) or program.returned
    assert end is not None
    how = f"only through `{last.op.name}`, which has no derivative" if connected and last is not None else "not at all"
    message = f"the result of {program.function.name!r} depends on {str(target.route)!r} {how}: its gradient is zero"
    if options.strict:
        raise NonDifferentiableError(message, end.span, "choose other targets with wrt, or leave out `strict`")
    message = f"{end.span.filename}:{end.span.line}: {message}"
    warnings.warn_explicit(message, GradgenWarning, end.file.path, end.span.line)

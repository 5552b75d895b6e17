"""What may be asked for: targets that are parameters and numbers, results that have a derivative."""

from __future__ import annotations

import warnings

from .errors import GradgenError, GradgenWarning, NonDifferentiableError, NotScalarError
from .frontend import Program
from .graph import CONST, OPAQUE, Node, Value
from .options import Options
from .reverse import descendants
from .source import Function
from .terms import Sequence


def target_names(function: Function, options: Options) -> list[str]:
    spec = function.node.args
    names = [p.arg for p in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]]
    if not names:
        raise function.error(f"{function.name!r} has no parameter to differentiate by")
    found = []
    for target in options.wrt or (0,):
        if isinstance(target, int) and -len(names) <= target < len(names):
            found.append(names[target])
        elif target in names:
            found.append(str(target))
        else:
            raise GradgenError(f"{function.name}() has no parameter {target!r}; it has {', '.join(names)}")
    if len(set(found)) != len(found):
        raise GradgenError(f"a target is named twice: {', '.join(found)}")
    return found


def target_values(program: Program, options: Options) -> list[Value]:
    params = {v.hint: v for v in program.graph.params}
    targets = [params[name] for name in target_names(program.function, options)]
    for v in targets:
        if v.type.kind in ("object", "bool"):
            raise program.function.error(f"the target {v.hint!r} is no number", None, "choose other targets with wrt")
    return targets


def check_results(program: Program, outputs: list[Value], targets: list[Value], options: Options) -> None:
    """The result must be something that has a derivative; a gradient that is zero throughout is worth a warning."""
    function = program.function
    if options.mode != "vjp":
        if len(outputs) != 1 or isinstance(program.result, Sequence):
            raise not_scalar(program, f"{function.name!r} returns several values; a gradient is of one number")
        shape = outputs[0].type.shape
        if outputs[0].type.ndim and any(d != 1 for d in shape):  # type: ignore[union-attr]
            what = f"an array of shape ({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"  # type: ignore[arg-type]
            raise not_scalar(program, f"{function.name!r} returns {what}, and a gradient is of one number")
    varied = descendants(program.graph, targets)
    for node in program.graph.nodes:
        if node.op is OPAQUE and node.effect and not node.options["reads"] and not varied.isdisjoint(node.inputs):
            raise node.options["unknown"]  # nobody knows what becomes of it there
    for v in outputs:
        no_number = v.node is not None and v.node.op is CONST and v.type.kind == "object"
        if v.type.kind in ("int", "bool") or no_number:
            what = {"int": "an integer", "bool": "a truth value"}.get(v.type.kind, f"a {type(v.const).__name__}")
            span = getattr((v.node.origin if v.node else None) or program.returned, "span", None)
            raise NonDifferentiableError(
                f"the result is {what}, which has no derivative", span, "return the number that it is made from"
            )
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
    end = (last.origin if last is not None else None) or program.returned
    assert end is not None
    how = f"only through `{last.op.name}`, which has no derivative" if connected and last is not None else "not at all"
    message = f"the result of {program.function.name!r} depends on {target.hint!r} {how}: its gradient is zero"
    if options.strict:
        raise NonDifferentiableError(message, end.span, "choose other targets with wrt, or leave out `strict`")
    message = f"{end.span.filename}:{end.span.line}: {message}"
    warnings.warn_explicit(message, GradgenWarning, end.file.path, end.span.line)

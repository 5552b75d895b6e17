"""From a Python function to the text of its gradient, one stage after the other.

    read      source to graph                     `frontend`
    backward  the backward pass, on the graph     `reverse`
    simplify  identities, sharing, pruning        `simplify`
    finish    what may be handed out              `finish`
    order     statements and their order          `schedule`
    name      names                               `naming`
    write     syntax, then text                   `emit`, `compose`, `writer`
"""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import rules as rules
from . import writer
from .admission import check_results, target_values
from .compose import compose
from .finish import finish
from .frontend import Program
from .graph import CONST, Value
from .options import Options, declared_types
from .reverse import build_grads, zero_like
from .shapes import Facts, Type, float_of
from .simplify import prune, simplify
from .source import Function, function_source
from .verify import verify

STAGES = ("ast", "graph", "backward", "source")
_lock = threading.RLock()


@contextlib.contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for nested syntax: printing a sum of 500 terms nests 500 deep.

    Meanwhile no garbage is collected: all of a graph is in use, and to find that out again and again takes half the
    time of a long function.
    """
    with _lock:  # both are the whole process's
        old, collecting = sys.getrecursionlimit(), gc.isenabled()
        sys.setrecursionlimit(max(old, 40_000))
        gc.disable()
        try:
            yield
        finally:
            sys.setrecursionlimit(old)
            if collecting:
                gc.enable()


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
           in_memory: bool = False) -> Derivative:  # fmt: skip
    """Make the gradient of a Python function.

    types: kinds and shapes of parameters, beside what annotations and `options.shapes` say. in_memory: whether
    it is for calls in this process, where large constants are bound by reference and nothing is checked at entry.
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
        made = compose(program, options, targets, in_memory)
        names = [t.hint for t in targets]
        return Derivative(program, options, names, made.statements, made.name, made.bound, program.function)


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
    known = declared_types(function, options) | (types or {})
    return Program(function, known, facts)


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

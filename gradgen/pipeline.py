"""From a Python function to the text of its gradient, one stage after the other.

    read      source to graph                     `frontend`
    backward  the backward pass, on the graph     `reverse`
    simplify  identities, sharing, pruning        `simplify`
    save      what loops keep of their steps      `saving`
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
from .admission import Aim, aims, check_effects, check_results, has_derivative, target_routes, wholes
from .calls import Budget, Inflated, Variant
from .clearing import clear
from .compose import compose
from .control import define_passed
from .errors import GradgenError
from .exits import straighten_all
from .finish import finish
from .frontend import Context, Program
from .fusion import fuse
from .graph import CONST, Graph, Value
from .keeping import keep, keep_records, keep_sizes
from .options import Options, declared_types
from .reverse import build_grads, descendants, zero_like
from .rules.primitives import broadcast_like
from .saving import save
from .shapes import Facts, Type, as_number, float_of
from .simplify import prune, simplify
from .source import Function, function_source
from .syntax import parameters_of
from .terms import Sequence, Term
from .twins import read_once
from .verify import verify, verify_results

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
           in_memory: bool = False, live: Any = None) -> Derivative:  # fmt: skip
    """Make the gradient of a Python function.

    types: kinds and shapes of parameters, beside what annotations and `options.shapes` say. in_memory: whether
    it is for calls in this process, where large constants are bound by reference and nothing is checked at entry.
    live: the arguments of such a call, as a `memory.Live`, of which objects are looked into.
    Raises UnsupportedError, NoRuleError, NonDifferentiableError, GradgenError.
    """
    with _lock, deep_recursion():
        program = read(fn, options, types, facts, live=live)
        targets = aims(program, options)
        backward(program, options, targets)
        complete(program.graph, values_of(targets), closure=options.mode == "vjp")
        made = compose(program, options, targets, in_memory)
        names = [str(aim.route) for aim in targets]
        return Derivative(program, options, names, made.statements, made.name, made.bound, program.function)


def graph_of(fn: Any, options: Options, types: dict[str, Type] | None = None, facts: Facts | None = None) -> Any:
    """The graph of a function and its gradient, simplified: what `derive` writes out."""
    with _lock, deep_recursion():
        program = read(fn, options, types, facts)
        backward(program, options, aims(program, options))
        simplify(program.graph)
        prune(program.graph)
        return program.graph


# ---- stages


def read(
    fn: Any, options: Options, types: dict[str, Type] | None = None, facts: Facts | None = None, targets: bool = True,
    live: Any = None,
) -> Program:  # fmt: skip
    """The graph of a function. targets: whether it is to be differentiated, by what `options` say."""
    rules.of_libraries()
    function = function_source(fn)
    known = declared_types(function, options) | (types or {})
    routes = target_routes(function, options) if targets and parameters_of(function.node.args) else []
    for name in map(str, routes):
        if name in known:
            known[name] = as_number(known[name])
    facts = facts or Facts()
    shared: set[Any] = set()
    while True:
        context = Context(Budget(frozenset(shared)), derive_variant, options.adjoint, targets=tuple(routes))
        try:
            program = Program(function, known, facts, context, live=live)
            read_once(program.graph)
            return program
        except Inflated as inflated:  # read again, with these functions called instead of read into their callers
            shared |= inflated.functions
            facts.forget()


def values_of(targets: list[Aim]) -> list[Value]:
    return [v for aim in targets for v in aim.values]


def backward(program: Program, options: Options, targets: list[Aim]) -> None:
    """Append the backward pass to the program's graph; its results become (the values,) the gradients."""
    graph = program.graph
    outputs = graph.results
    check_results(program, outputs, targets, options)
    if options.mode == "vjp":
        names = distinct(outputs, keys(program.result)) if isinstance(program.result, Sequence) else ["value"]
        program.seeded = list(map(has_derivative, outputs))
        chosen = [pair for pair, flag in zip(zip(outputs, names, strict=True), program.seeded, strict=True) if flag]
        pull_back(program, [v for v, _ in chosen], [name for _, name in chosen], values_of(targets))
        return
    graph.origin = program.returned
    out, *aux = outputs
    seed = 1.0 if out.type.scalar else ones_for(out)
    bars = gradients(graph, {out: seed}, values_of(targets))
    if options.mode == "value_and_grad":
        program.name_value()
    graph.results = ([] if options.mode == "grad" else [out]) + aux + bars
    prune(graph)


def pull_back(program: Program, outputs: list[Value], names: list[str], targets: list[Value]) -> None:
    """Append the backward pass for cotangents of `outputs`, which become parameters, adjoints by their `names`.

    The graph's results become all values, then the cotangents of the targets.
    """
    graph = program.graph
    for v, name in zip(outputs, names, strict=True):
        if not v.hint and v.node is not None and v.node.op is not CONST:
            v.hint = name
    graph.origin = program.returned
    seeds: dict[Value, Any] = {}
    params = []
    adjoint = program.context.adjoint
    for v, name in zip(outputs, names, strict=True):
        array = bool(v.type.ndim)  # of a number, a Python number will do
        seed = Value(graph, v.type.but(size=None, kind=float_of(v.type.kind), array=array), hint=adjoint.format(name))
        seed.bar_of = v
        params.append(seed)
        with graph.at(graph.origin, backward=True):
            seeds[v] = seeds[v] + seed if v in seeds else seed
    graph.params += params
    bars = gradients(graph, seeds, targets)
    program.name_value()
    graph.results = list(graph.results) + bars
    prune(graph)


def keys(result: Term | None, key: Any = "") -> list[str]:
    """For each part of a result the key or the name of the field that it stands under, "" where that is no name."""
    if not isinstance(result, Sequence):
        return [key if isinstance(key, str) and key.isidentifier() else ""]
    inner = zip(result.items, result.keys or [""] * len(result.items), strict=True)
    return [word for item, key in inner for word in keys(item, key)]


def distinct(outputs: list[Value], keys: list[str] | None = None) -> list[str]:
    """A name for each result: the user's own, or its key, or `value`, numbered where several have the same."""
    words = [v.hint or key or "value" for v, key in zip(outputs, keys or [""] * len(outputs), strict=True)]
    names: list[str] = []
    for i, word in enumerate(words):
        name = word if words.count(word) == 1 else f"{word}_{i + 1}"
        while name in names or name != word and name in words:
            name += "_"
        names.append(name)
    return names


def gradients(graph: Graph, seeds: dict[Value, Any], targets: list[Value]) -> list[Value]:
    """The cotangents of the targets, zeros where there are none."""
    above = wholes(targets)
    bars = build_grads(graph, seeds, [*targets, *above])
    for v, bar in zip(above, bars[len(targets) :], strict=True):
        if bar is not None:
            raise GradgenError(f"{v.hint!r} is used as a whole where a derivative with respect to its parts is wanted")
    bars = bars[: len(targets)]
    with graph.at(graph.origin, backward=True):
        bars = [zero_like(t) if bar is None else bar for t, bar in zip(targets, bars, strict=True)]
        return [bar if isinstance(bar, Value) else graph.const(float(bar)) for bar in bars]


def derive_variant(variant: Variant) -> tuple[Program, list[Value]]:
    """A function that is called, with its pullback as for `vjp` for some arguments and results; and its targets."""
    program: Program = variant.callee.trace()
    read_once(program.graph)
    outputs = [v for v, seeded in zip(program.graph.results, variant.seeded, strict=True) if seeded]
    targets = [v for v, active in zip(program.graph.params, variant.active, strict=True) if active]
    check_effects(program.graph, descendants(program.graph, targets))
    pull_back(program, outputs, distinct(outputs), targets)
    complete(program.graph, targets, closure=True)
    return program, targets


def complete(graph: Graph, targets: list[Value], closure: bool) -> None:
    """What follows the backward pass: simplify, and make results of it that may be handed out.

    closure: whether the backward pass is a function of its own.
    """
    verify(graph)
    simplify(graph)
    verify(graph)
    straighten_all(graph)
    keep_records(graph)
    save(graph)
    clear(graph)
    finish(graph, targets, len(graph.results) - len(targets))
    if not closure:
        fuse(graph)
    prune(graph)
    define_passed(graph)
    keep_sizes(graph)
    keep(graph)
    verify(graph)
    verify_results(graph, targets)


def ones_for(v: Value) -> Any:
    """The seed of the gradient of the sum, where a result of unknown rank may be of any size."""
    with v.graph.at(v.graph.origin, backward=True):
        return broadcast_like(1.0, v)

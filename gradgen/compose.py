"""From the finished graph to the statements of a module: the gradient's function and what it needs around it."""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import writer
from .admission import Aim
from .buffers import Buffers
from .carrying import carried_functions, needed
from .docstrings import function_doc, known_parts, listed, module_doc, parameters, starred, written_for
from .emit import Emitter
from .errors import UnsupportedError
from .filling import dtype_source
from .frontend import Program
from .graph import Value, nodes_of
from .guards import conditions, holds, misshapen, written
from .lives import Lives
from .module import class_statement, constant_statements, import_statements, names_in
from .naming import Names
from .options import Options
from .schedule import Schedule
from .simulate import simulate
from .spell import Functions, Snippets
from .syntax import copied, display, dotted, literal
from .terms import Computed, Ref, Sequence, Term, flatten
from .travelling import snippet_text


@dataclass
class Module:
    """A module's statements. name: of the gradient's function. bound: constants that are given by reference."""

    statements: list[Any]
    name: str
    bound: dict[str, Any]


def compose(program: Program, options: Options, targets: list[Aim], in_memory: bool) -> Module:
    """The module that holds the gradient which the program's graph computes; arguments as in `pipeline.derive`."""
    name = options.name or f"{options.mode}_{program.function.name}"
    functions = {} if in_memory else carried_functions(program)
    snippets = Snippets(Functions(program, name))
    checks = "" if not options.guards else "pullback" if in_memory else "entry"
    terms = [aim.term for aim in targets]
    main = define(program, name, signature(program), snippets, terms, options.mode, "", checks, options.has_aux)
    definitions = [main, *called_definitions(snippets, checks)]
    definitions += needed(functions, names_in(definitions))
    used = names_in(definitions)
    worked_in = {name: x for name, x in program.constants.items() if name not in used}
    main.body.insert(0, ast.Expr(writer.Doc(function_doc(program, options, targets, worked_in))))
    carried = program.carried | snippets.used
    written = {name: x for name, x in program.constants.items() if name not in functions}
    constants, bound = constant_statements(written, used, in_memory)
    tree: list[Any] = [ast.Expr(writer.Doc(module_doc(program, options, constants)))]
    helpers = snippet_definitions(carried, used)
    classes = {name: cls for name, cls in result_classes(program).items() if name in used}
    if in_memory:
        bound |= classes
    else:
        constants += [class_statement(name, cls) for name, cls in classes.items()]
        program.modules.update({name: name for name in ("collections", "dataclasses") if name in names_in(constants)})
    tree += [writer.Blank(), *import_statements(program.modules, used | names_in(constants + helpers))]
    if constants:
        tree += [writer.Blank(), *constants]
    for definition in definitions:
        tree += [writer.Blank(), definition]
    tree += helpers
    return Module(tree, name, bound)


def refuse_collisions(program: Program, mode: str) -> None:
    """Raise UnsupportedError where a variable of the user's has a name that an adjoint is to have."""
    adjoint = program.context.adjoint
    named = {v.hint: v for v in program.graph.params}
    adjoints = {}
    for v in (out for node in program.graph.nodes for out in node.outputs):
        if v.hint and v.node is not None and not v.node.backward:
            named.setdefault(v.hint, v)
        if v.bar_of is not None and v.bar_of.hint:
            adjoints[adjoint.format(v.bar_of.hint)] = v.bar_of.hint
    if mode == "vjp":
        adjoints[adjoint.format("value")] = "value"
    for name in sorted(adjoints.keys() & named.keys()):
        v = named[name]
        places = [p for p in ast.walk(program.function.node.args) if isinstance(p, ast.arg) and p.arg == name]
        if v.node is None and not places:  # the cotangent itself
            continue
        of = "the value" if adjoints[name] == "value" else f"`{adjoints[name]}`"
        raise UnsupportedError(
            f"`{name}` is a variable here, and what the adjoint of {of} is called",
            program.function.file.span(places[0]) if v.node is None else getattr(v.node.origin, "span", None),
            "choose how adjoints are called with the option `adjoint`, as in adjoint='d{}'",
        )


def called_definitions(snippets: Snippets, checks: str) -> list[ast.FunctionDef]:
    """The functions that are written once, those that they call in turn included. checks: as of `define`."""
    made: list[ast.FunctionDef] = []
    for (callee, variant), name in snippets.functions:
        program, doc = callee.program, ""
        targets: list[Term] = []
        if variant is not None:
            program, inner = callee.derive(variant)
            what = listed([t.hint for t in inner])
            targets = [Computed(Ref(t), t) for t in inner]
            doc = f"Return `{callee}` of its arguments and its pullback with respect to {what}."
        arguments = ast.arguments([], [ast.arg(v.hint, None) for v in parameters(program)], None, [], [], None, [])
        made.append(define(program, name, arguments, snippets, targets, "called" if variant else "value", doc, checks))
    return made


def define(
    program: Program, name: str, arguments: ast.arguments, snippets: Snippets, targets: list[Term], mode: str,
    doc: str = "", checks: str = "", has_aux: bool = False,
) -> ast.FunctionDef:  # fmt: skip
    """The definition of one function. mode: as in `Options`; or "value" for what has no derivative, "called" for a
    pullback that takes its cotangents as arguments of their own. checks: "entry" for a function that checks what was
    declared, and its pullback the shape of its cotangent; "pullback" for the latter alone. has_aux: as in `Options`."""
    graph, adjoint = program.graph, program.context.adjoint
    closure = mode in ("vjp", "called")
    refuse_collisions(program, mode)
    schedule = Schedule(graph, closure=closure)
    taken = {"np", *(m.split(".")[0] for m in program.modules), *program.constants}
    if mode == "vjp" or has_aux:
        taken |= result_classes(program).keys()
    taken.update(snippets.functions.names_for(graph))
    seeds = [v.hint for v in graph.params[len(parameters(program)) :]]
    pullback = graph.unlike("pullback")
    if closure:
        taken.add(pullback)
    snippets.hidden = {v.hint for v in graph.params}
    lives = Lives(schedule, closure, [v for target in targets for v in remade(target)])
    names = Names(schedule, lives, taken, adjoint)
    count = len(graph.results) - sum(isinstance(t, Computed) for target in targets for t in flatten(target))
    outputs, bars = graph.results[:count], graph.results[count:]
    value_name = names.of.get(outputs[0], "") if outputs and outputs[0] is program.unnamed else ""
    emitter = Emitter(schedule, names, snippets, Buffers(schedule, lives, closure), value_name)
    forward, back = emitter.forward(), emitter.backward()
    value: Any = _tuple([emitter.expression(v) for v in outputs]) if outputs else None
    rest = map(emitter.expression, bars)
    gradient: Any = _tuple([answered(program, t, rest, emitter.expression) for t in targets]) if bars else None
    simulate(graph.params if not closure else parameters(program), forward, back, value, gradient,
             graph.params[len(parameters(program)) :] if closure else None)  # fmt: skip
    body: list[Any] = [ast.Expr(writer.Doc(doc))] if doc else []
    if checks == "entry" and mode not in ("value", "called"):
        sources = [v for n in nodes_of(graph) if (v := dtype_source(names, n)) is not None]
        body += guard(program, [names.outermost(v) for v in sources], closure)
    if checks:
        body += holding(program, checks != "entry")
    if mode == "value":
        body += [*forward, ast.Return(value)]
    elif closure:
        accepted = seeds
        opening: list[Any] = []
        if mode == "vjp" and isinstance(program.result, Sequence):
            value = structured(program, program.result, [emitter.expression(v) for v in outputs])
            accepted = [adjoint.format("value")]
            rest_of = iter(seeds)
            bound = [next(rest_of) if flag else "_" for flag in program.seeded]
            opening.append(unpacked(program.result, bound, ast.Name(accepted[0], ast.Load())))
        cotangents = graph.params[len(parameters(program)) :]
        test = ""
        if checks and mode == "vjp":
            test = misshapen(graph, parameters(program), cotangents, names.of, checks == "pullback")
        said = f"{accepted[0]} must be shaped like the value of {program.function.title}()" if test else ""
        opening += refusal(test, said) if test else []
        body += with_pullback(pullback, forward, back, value, gradient, accepted, opening)
    elif has_aux:
        parts = [emitter.expression(v) for v in outputs]
        first = [] if mode == "grad" else [parts.pop(0)]
        aux = structured(program, program.result.items[1], parts)  # type: ignore[union-attr]
        pair = [gradient, aux] if mode == "grad" else [_tuple([*first, aux]), gradient]
        body += straight(forward, back, _tuple(pair))
    else:
        body += straight(forward, back, gradient if value is None else ast.Tuple([value, gradient], ast.Load()))
    return ast.FunctionDef(name, arguments, body, [], None)


def straight(forward: list[Any], back: list[Any], result: Any) -> list[Any]:
    """The forward pass and the backward pass, one after the other."""
    body = _headed(forward)
    if back and forward:
        body += [writer.Blank(), writer.Comment("Backward pass, last line first."), writer.Blank()]
    body += _without_leading_blank(back)
    if forward or back:
        body.append(writer.Blank())
    return [*body, ast.Return(result)]


def with_pullback(
    name: str, forward: list[Any], back: list[Any], value: Any, gradient: Any, accepted: list[str], opening: list[Any]
) -> list[Any]:
    """The forward pass, and the backward pass as a closure of that name. accepted: the closure's arguments; opening:
    the statements that it begins with."""
    body = _headed(forward)
    inner: list[Any] = [*opening, writer.Blank()] if opening else []
    inner += _without_leading_blank(back)
    inner += ([writer.Blank()] if len(back) > 1 else []) + [ast.Return(gradient)]
    arguments = ast.arguments([], [ast.arg(part, None) for part in accepted], None, [], [], None, [])
    body += [writer.Blank(), ast.FunctionDef(name, arguments, inner, [], None), writer.Blank()]
    return [*body, ast.Return(_tuple([value, ast.Name(name, ast.Load())]))]


def structured(program: Program, result: Any, parts: list[ast.expr]) -> ast.expr:
    """`parts` in the structure of what the function returns: one of them, or a container of them."""
    rest = iter(parts)

    def build(term: Any) -> ast.expr:
        if not isinstance(term, Sequence):
            return next(rest)
        items = [build(item) for item in term.items]
        if term.kind not in (tuple, list, dict):
            name = next(name for name, cls in result_classes(program).items() if cls is term.kind)
            tree = ast.Call(ast.Name(name, ast.Load()), items, [])
            tree.holds = items  # type: ignore[attr-defined]
            return tree
        return display(term.kind, items, term.keys)

    return build(result)


def unpacked(result: Sequence, names: list[str], whole: ast.expr) -> ast.stmt:
    """The statement that gives names to the parts of what is shaped like the result."""
    rest = iter(names)

    def build(term: Any) -> ast.expr:
        if not isinstance(term, Sequence):
            return ast.Name(next(rest), ast.Store())
        return ast.Tuple([build(item) for item in term.items], ast.Store())

    def places(term: Any, tree: ast.expr) -> list[ast.expr]:
        if not isinstance(term, Sequence):
            return [tree]
        if term.kind in (tuple, list, dict):
            indices = [literal(key) for key in term.keys or range(len(term.items))]
            inner: list[ast.expr] = [ast.Subscript(copied(tree), i, ast.Load()) for i in indices]  # type: ignore[arg-type]
        else:
            inner = [ast.Attribute(copied(tree), key, ast.Load()) for key in term.keys]
        return [place for item, at in zip(term.items, inner, strict=True) for place in places(item, at)]

    if all(kind in (tuple, list) for kind in kinds_in(result)):
        return ast.Assign([build(result)], whole)
    pairs = [(name, at) for name, at in zip(names, places(result, whole), strict=True) if name != "_"]
    targets = [ast.Name(name, ast.Store()) for name, _ in pairs]
    return ast.Assign([_tuple(targets)], _tuple([at for _, at in pairs]))


def result_classes(program: Program) -> dict[str, Any]:
    """The classes that results are made of, by the names that they have in the module."""
    found: dict[str, Any] = {}
    for kind in kinds_in(program.result):
        if kind not in (tuple, list, dict) and kind not in found.values():
            name = kind.__name__
            while name in program.constants or name in found:
                name += "_"
            found[name] = kind
    return found


def kinds_in(term: Term | None) -> list[Any]:
    """The kinds of the containers in a term."""
    return [term.kind, *(k for item in term.items for k in kinds_in(item))] if isinstance(term, Sequence) else []


def answered(program: Program, target: Term, bars: Iterator[ast.expr], of: Any) -> ast.expr:
    """The gradient by one target, in its structure, of the cotangents of its parts; `of` gives a value's syntax.

    What is made of the class of an object is made from the object: the module does not know the class.
    """
    if isinstance(target, Computed):
        return next(bars)
    if not isinstance(target, Sequence):
        return target.ast
    items = [answered(program, item, bars, of) for item in target.items]
    if target.kind in (tuple, list, dict):
        return display(target.kind, items, target.keys)
    named = [ast.keyword(key, item) for key, item in zip(target.keys, items, strict=True)]
    if target.kind is types.SimpleNamespace:
        program.modules["types"] = "types"
        made = ast.Call(dotted("types.SimpleNamespace"), [], named)
    elif issubclass(target.kind, tuple):
        made = ast.Call(ast.Attribute(of(target.ast.value), "_replace", ast.Load()), [], named)  # type: ignore[attr-defined]
    else:
        program.modules["dataclasses"] = "dataclasses"
        made = ast.Call(dotted("dataclasses.replace"), [of(target.ast.value)], named)  # type: ignore[attr-defined]
    made.holds = items  # type: ignore[attr-defined]
    return made


def remade(target: Term) -> list[Value]:
    """The objects among the arguments from which a gradient by `target` is made, see `answered`."""
    if not isinstance(target, Sequence):
        return []
    own = target.kind not in (tuple, list, dict, types.SimpleNamespace)
    return [*([target.ast.value] if own else []), *(v for item in target.items for v in remade(item))]  # type: ignore[attr-defined]


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
        text = snippet_text(name, carried[name], inner)
        out += [writer.Blank(), writer.Blank(), writer.Raw(text)]
        carried.update(inner)
        todo += list(inner)
    return out


def guard(program: Program, sources: list[Value], closure: bool) -> list[ast.stmt]:
    """The check at entry of what was declared, where breaking it would give a wrong number. sources: see there.

    closure: whether there is a pullback, which may be given complex cotangents: those of real parameters would be
    complex beside a complex one.
    """
    graph = program.graph
    known = [*parameters(program), *known_parts(program, inside=True)]
    mixed = closure and sum(v.type.kind == "float" for v in known) > 1
    filled = [p for clause in program.holding.conditions for p in clause if len(clause) == 1]
    terms = conditions(graph, known, sources, filled, known if mixed else program.conjugated)
    lists = [v for v in parameters(program) if v.type.of is not None and v.hint not in starred(program)]
    broken = [f"isinstance({v.hint}, np.ndarray)" for v in lists]
    if terms:
        opposite = {" == ": " != ", " != ": " == "}
        found = re.findall(" [=!]= ", terms[0])
        single = len(terms) == len(found) == 1
        test = terms[0].replace(found[0], opposite[found[0]]) if single else f"not ({' and '.join(terms)})"
        broken.insert(0, test)
    checks = reals_only(program)
    if not broken:
        return [*checks, writer.Blank()] if checks else []
    message = f"{program.function.title}() is written for {written_for(program) or 'scalars'}"
    if len(message) > 90:
        message = f"{program.function.title}() is written for shapes that are not these; see the docstring"
    return [*refusal(" or ".join(broken), message), *checks, writer.Blank()]


def reals_only(program: Program) -> list[ast.stmt]:
    """The check that no complex numbers are given for what nothing is declared of, where the answer would be wrong."""
    inner = {r: t.value for r, t in program.parts.items() if r.steps and isinstance(t, Computed)}
    containers = {r.root for r in inner}
    known = [*(p for p in parameters(program) if p.hint not in containers), *inner.values()]
    names = [written(p) for p in known if p in program.conjugated and p.type.ndim is None and p.type.kind == "number"]
    test = " or ".join(f"np.iscomplexobj({name})" for name in names)
    return refusal(test, f"{program.function.title}() is written for real {listed(names)}") if names else []


def holding(program: Program, in_memory: bool) -> list[ast.stmt]:
    """The checks that memory which the function writes floats into holds floats, where `guard` does not see to it."""
    checked: list[ast.stmt] = []
    for clause in program.holding.conditions:
        declared = [p for p in clause if p.type.floating and (in_memory or len(clause) == 1 and p.type.ndim)]
        if not declared:
            test, memory = holds(clause)
            checked += refusal(test, f"{program.function.title}() writes floats into {memory}", "TypeError")
    for p in program.holding.if_arrays:
        test = f'isinstance({p.hint}, np.ndarray) and {p.hint}.dtype.kind not in "fc"'
        memory = f"{p.hint}, which does not hold floats"
        checked += refusal(test, f"{program.function.title}() writes floats into {memory}", "TypeError")
    return [*checked, writer.Blank()] if checked else []


def refusal(test: str, message: str, kind: str = "ValueError") -> list[ast.stmt]:
    """The statement that raises an exception with a message where a test holds."""
    return ast.parse(f"if {test}:\n    raise {kind}({message!r})").body


def signature(program: Program) -> ast.arguments:
    """The parameters of the original, annotations dropped, defaults kept."""
    spec = program.function.node.args

    def bare(p: ast.arg | None) -> Any:
        return None if p is None else ast.arg(p.arg, None)

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
        vararg=bare(spec.vararg),
        kwonlyargs=[bare(p) for p in spec.kwonlyargs],
        kwarg=bare(spec.kwarg),
        defaults=[default(d) for d in spec.defaults],
        kw_defaults=[default(d) for d in spec.kw_defaults],
    )


def _headed(forward: list[Any]) -> list[Any]:
    """The forward pass under its heading, apart from a comment of the user's that it begins with."""
    if not forward:
        return []
    apart = [writer.Blank()] if isinstance(forward[0], writer.Comment) else []
    return [writer.Comment("Forward pass."), *apart, *forward]


def _without_leading_blank(statements: list[Any]) -> list[Any]:
    return statements[1:] if statements and isinstance(statements[0], writer.Blank) else statements


def _tuple(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())

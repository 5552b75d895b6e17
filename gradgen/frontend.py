"""From the user's syntax tree to the computational graph.

The function is read once, statement by statement, with a value of the graph where a number would be: calls of
functions with source are followed, names resolve through the real globals and closure. What carries no derivative
need not be understood: it becomes an opaque node that prints as it was written. `reading` has a module for each kind
of syntax; here is the function as a whole, and calls of the user's functions.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .calls import Budget, Callee, Variant, add_call
from .errors import AlwaysRaises, GradgenError, UnsupportedError
from .exits import tidy
from .graph import CONST, Graph, Node, Value
from .guards import conjugated
from .reading.expressions import defaults
from .reading.flow import RAISED, RETURNED, VALUE, leaves
from .reading.holding import Holding
from .reading.iterators import yields
from .reading.lifting import lifted
from .reading.names import Frame, Outside
from .reading.statements import Statements, is_constant
from .routes import Route
from .sequences import each, list_of, sequence_type
from .shapes import OBJECT, Dim, Facts, Form, Type
from .simplify import prune
from .source import RECEIVERS, Function, Statement, owner_of
from .syntax import copied, literal, parameters_of
from .terms import (
    Ambiguous,
    Binding,
    Bound,
    Closure,
    Computed,
    Instance,
    Method,
    Partial,
    Ref,
    Sequence,
    Static,
    Term,
    flatten,
    sequence,
    shaped,
)

MAX_DEPTH = 120
PATIENCE = 400
"""How many statements are read on trial to learn what a condition is."""


def no_derivative(variant: Variant) -> Any:
    raise GradgenError(f"internal error: nobody makes {variant!r}")


@dataclass
class Context:
    """What the functions of one module have in common.

    budget, calls: what is read into its callers, and the functions that are written once instead. derive: makes
    such a function with its pullback. adjoint: how the adjoint of `v` is called. under_way: the calls that are being
    read, and whether each stands inside a condition.
    constants: numbers, strings and arrays from outside by the name under which they are written into the module.
    modules: what has to be imported. outside: what was read from outside the functions. helpers: the functions whose
    text was followed. carried: the library's functions that travel along.
    """

    budget: Budget = field(default_factory=Budget)
    derive: Callable[[Variant], Any] = no_derivative
    adjoint: str = "{}_bar"
    calls: dict[Any, Callee] = field(default_factory=dict)
    under_way: list[tuple[Callee, bool]] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    outside: dict[str, Outside] = field(default_factory=dict)
    helpers: dict[Any, Function] = field(default_factory=dict)
    carried: dict[str, Any] = field(default_factory=dict)
    targets: tuple[Route, ...] = ()


class Program(Statements):
    """A function as a graph: forward nodes in the user's order, and what the printer needs to know of its text.

    function: the source. graph: parameters, nodes, results. result: the term that is returned. seeded: which parts of
    it have a cotangent. statements: the user's, in order. given: the parameters that are known objects, not values of
    the graph. live: the arguments of a call in memory.
    """

    def __init__(
        self,
        function: Function,
        types: dict[str, Type],
        facts: Facts | None = None,
        context: Context | None = None,
        given: dict[str, Term] | None = None,
        live: Any = None,
    ):
        self.function, self.given = function, given or {}
        self.graph = Graph(function.name, facts)
        self._graphs = [self.graph]
        self.context = context or Context()
        self.constants, self.modules = self.context.constants, self.context.modules
        self.outside, self.carried = self.context.outside, self.context.carried
        self.helpers = self.context.helpers
        self.statements: list[Statement] = []
        self.result: Term | None = None
        self.returned: Statement | None = None
        self.seeded: list[bool] = []
        self.unnamed: Value | None = None
        self.frame = Frame(function)
        self.statement: Statement | None = None
        self.types, self.live = types, live
        self.parts: dict[Route, Term] = {}
        self.routes: dict[Value, Route] = {}
        self.looked_at: dict[Route, None] = {}
        self._depth = 0
        self._passing: set[str] = set()
        self.versions: dict[Value, Value] = {}
        self.shows: dict[Value, Value] = {}
        self.replaced: dict[Value, Value] = {}
        self.shown: dict[tuple[Value, Node], Value] = {}
        self.replayed: set[Value] = set()
        self.stand_ins: dict[Value, str] = {}
        self.doubts: dict[Any, UnsupportedError] = {}
        self.contents, self.kept, self.joined, self.own, self.words = {}, {}, [], {}, {}
        self.places: dict[Route, Binding] = {}
        self._read_parameters()
        if isinstance(function.node, ast.Lambda):
            self.enter(function.node.body)
            self.returned = self.statement
            self.result = self.read(function.node.body)
        else:
            self.block(function.node.body)
            self.result = self._returned_term(function)
        self.result = self.here(self.result)
        self.write_back()
        self.graph.results = [self.value(t) for t in flatten(self.result)]
        prune(self.graph)
        self.holding = Holding(self)
        tidy(self.graph)
        self.result_rank = self.graph.results[0].type.ndim
        self.conjugated = conjugated(self.graph)

    def name_value(self) -> None:
        """Let a single result that the user gave no name be called `value`."""
        outputs = self.graph.results
        for v in outputs:
            if not v.hint and v.node is not None and v.node.op is not CONST:
                v.hint = "value" if len(outputs) == 1 else ""
        self.unnamed = outputs[0] if outputs[0].hint == "value" else None

    # ---- parameters

    def _read_parameters(self) -> None:
        spec = self.function.node.args
        starred = {p.arg: t for p, t in ((spec.vararg, list_of(Type(), Dim.fresh())), (spec.kwarg, OBJECT)) if p}
        for parameter in parameters_of(spec):
            if parameter.arg in self.given:
                term = self.given[parameter.arg]
                if isinstance(term, Closure):  # it was lifted together with this one
                    term = Closure(term.ast, term.node, self.frame, term.defaults)
                self.frame.names[parameter.arg] = term
                continue
            name = parameter.arg
            known = self.types.get(name) or self._receiver(name) or list_of_tuples(self.function.node, name)
            known = known or starred.get(name) or Type()
            self.receive(name, self.argument(self.graph.param(name, known), known, Route(name)))

    def receive(self, name: str, term: Term) -> None:
        """Let a parameter mean what it is given."""
        place = self.frame.shared.get(name)
        if place is not None:
            self.contents[place] = term
        else:
            self.frame.names[name] = term

    def _receiver(self, name: str) -> Type | None:
        """The type of the object that a method is called on, by where the function stands."""
        arguments = self.function.node.args
        first = next(iter([*arguments.posonlyargs, *arguments.args]), None)
        if first is None or first.arg != name or name not in RECEIVERS:
            return None
        owner = owner_of(self.function.fn)
        return None if owner is None else OBJECT.but(form=Form(owner))

    # ---- calls of functions with source

    def follow(
        self, function: Function, args: list[Term], kwargs: dict[str, Term], call: ast.Call, outer: Any = None
    ) -> Term:
        """Read the body of a function that is called, in place; what it returns is called after it."""
        result = self._follow(function, args, kwargs, call, outer)
        if self.patience is not None:
            return result
        if isinstance(result, Computed) and not result.value.hint and not result.value.said:
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", function.name)
            name = "output" if name in ("self", "__call__") or not name.isidentifier() else name
            named = [t.value.hint for t in args if isinstance(t, Computed) and t.value.hint]
            result.value.said = f"{name}_{named[0]}" if len(named) == 1 == len(args) else name
        return result

    def _follow(
        self, function: Function, args: list[Term], kwargs: dict[str, Term], call: ast.Call, outer: Any = None
    ) -> Term:
        if self._depth >= MAX_DEPTH:
            raise self.error(f"{function.name!r} calls itself, or calls go deeper than {MAX_DEPTH}", call)
        if yields(function):
            function = self.collected(function, call)
        frame = Frame(function, outer, self.statement)
        frame.caller = self.frame
        frame.alone = call is self.standing
        if function.fn is not None:
            self.helpers.setdefault(function.fn.__code__, function)
        saved = self.frame, self.statement, self.returned, self._around
        values = self._bound_arguments(function, args, kwargs, call, outer)
        written_once = function.identity in self.context.budget.shared and self.patience is None
        if written_once and not frame.alone:
            made = self._call(function, values, call, outer)
            if made is not None:
                return made
        self.context.budget.spend(function)
        self.frame = frame
        self._depth += 1
        try:
            for name, term in values.items():
                self.receive(name, term)
                if isinstance(term, Computed) and not (term.value.hint or term.value.said or self.patience is not None):
                    term.value.said = f"{name}_in" if name in frame.caller.names else name
            if isinstance(function.node, ast.Lambda):
                return self.read(function.node.body)
            body = [n for n in function.node.body if not is_constant(n)]
            last = body[-1] if body else None
            if isinstance(last, ast.Return) and last.value is not None and not any(map(leaves, body[:-1])):
                self.block(body[:-1])  # what is returned is written where the call stands
                if len(body) > 1 and frame.call is not None:
                    self.resume(frame.call)
                return self.read(last.value)
            self.block(body)
            return self._returned_term(function)
        except UnsupportedError as error:
            self._note_call(error, frame.call)
            raise
        finally:
            self._depth -= 1
            self.frame, self.statement, self.returned, self._around = saved
            self.graph.origin = self.statement

    def _returned_term(self, function: Function) -> Term:
        """What the function that was read returns. Raises UnsupportedError where not every way returns something."""
        term, returned = self.frame.names.get(VALUE), self.flag(RETURNED)
        if self.frame.alone:
            return Static(ast.Constant(None), None)
        if term is None or not (isinstance(returned, Static) and returned.obj):
            name = function.name
            if RAISED in self.frame.names:
                error = function.error(f"{name!r} raises an exception, whatever way is taken")
                raise AlwaysRaises(error.message, error.span)
            what = "returns nothing" if term is None else "does not always return something"
            raise function.error(f"{name!r} {what}, so that there is nothing to differentiate")
        if isinstance(term, Ambiguous):
            raise function.error(f"{function.name!r} returns different kinds of things, by the way that is taken")
        return self.here(term)

    def _call(self, function: Function, values: dict[str, Term], at: ast.Call, outer: Any) -> Term | None:
        """A call of a function that is written once; None where an argument is a function or a structure.

        outer: the frame of the function around it.
        """
        if outer is not None:
            made = lifted(self, function, outer)
            if made is None:
                return None
            function, free = made
            values = {**values, **free}
        if any(map(self.has_cells, values.values())):  # which it may change
            return None
        inner = {name: term for name, term in values.items() if isinstance(term, Closure) and term.frame is outer}
        if not all(isinstance(term, (Computed, Static)) or name in inner for name, term in values.items()):
            return None
        given: dict[str, Term] = {n: t for n, t in values.items() if isinstance(t, Static) or n in inner}
        args = {name: term.value for name, term in values.items() if isinstance(term, Computed)}
        types = {name: v.type for name, v in args.items()}
        known: Any = tuple((n, type(t.obj), _identity(t.obj)) for n, t in values.items() if isinstance(t, Static))
        known += tuple((name, id(term.node)) for name, term in inner.items())
        key: Any = (function.identity, tuple(types.items()), known)
        under_way = self.context.under_way
        again = any(callee.function.identity is function.identity for callee, _ in under_way)
        if key not in self.context.calls and again:
            types = {name: Type(t.kind, array=t.array) for name, t in types.items()}  # each turn has shapes of its own
            key = (function.identity, tuple((name, t.kind, t.array) for name, t in types.items()), known)
        conditional = len(self._graphs) > 1

        def trace(callee: Callee) -> Program:
            self.context.calls.setdefault(key, callee)
            under_way.append((callee, conditional))
            budget = self.context.budget
            counting, budget.counting = budget.counting, budget.counting and callee.program is None
            try:
                return Program(function, types, self.graph.facts, self.context, given)
            except UnsupportedError:  # it may yet be passed on
                if callee.program is None:
                    self.context.calls.pop(key, None)
                raise
            finally:
                under_way.pop()
                budget.counting = counting

        callee = self.context.calls.get(key) or Callee(function, trace, self.context.derive)
        program = callee.program
        if program is None:
            place = next(i for i, (other, _) in enumerate(under_way) if other is callee)
            if not conditional and not any(flag for _, flag in under_way[place + 1 :]):
                error = self.error(f"{function.name!r} calls itself without end", at, "call it under a condition")
                error.final = True
                raise error
        leaves = [] if program is None else program.graph.results
        node = add_call(self.graph, callee, list(args.values()), [v.type for v in leaves] or [Type()])
        outs: list[Term] = [Computed(Ref(v), v) for v in node.outputs]
        return outs[0] if program is None else shaped(program.result, outs)

    def _bound_arguments(
        self, function: Function, args: list[Term], kwargs: dict[str, Term], call: ast.Call, outer: Any
    ) -> dict[str, Term]:
        """The terms that a call gives to each parameter, defaults included."""
        spec = function.node.args
        positional = [*spec.posonlyargs, *spec.args]
        names = [p.arg for p in positional]
        given = dict(zip(names, args, strict=False))
        keywords = {p.arg for p in [*spec.args, *spec.kwonlyargs]}
        beyond = {name: term for name, term in kwargs.items() if name not in keywords}
        wrong = [k for k in kwargs if k in given or k in beyond and spec.kwarg is None]
        if len(args) > len(names) and spec.vararg is None or wrong:
            raise self.error(f"the call does not fit {function.name!r}", call)
        given.update({name: term for name, term in kwargs.items() if name in keywords})
        if spec.vararg is not None:
            given[spec.vararg.arg] = sequence(tuple, args[len(names) :])
        if spec.kwarg is not None:
            given[spec.kwarg.arg] = sequence(dict, list(beyond.values()), tuple(beyond))
        for name, default in defaults(spec).items():
            if name not in given:
                if function.fn is not None:
                    obj = own_defaults(function.fn)[name]
                    given[name] = self.static(obj, literal(obj) or default)
                else:
                    given[name] = self.here(function.defaults[name])
        missing = [p.arg for p in [*positional, *spec.kwonlyargs] if p.arg not in given]
        if missing:
            raise self.error(f"the call of {function.name!r} misses {', '.join(missing)}", call)
        return given

    def default_syntax(self, node: ast.expr) -> ast.expr:
        """A parameter's default as it is written in the module: a constant, or a name of NumPy's."""
        self.frame = Frame(self.function)
        term = self.read(node)
        if not isinstance(term, Static):
            raise self.error("a default must be a constant or one of NumPy's names", node)
        return copied(term.ast)  # type: ignore[no-any-return]

    def called(self, name: str) -> str:
        """What a variable is called in the module: one of a function that is followed gives way to a parameter."""
        if self.frame.call is None or all(v.hint != name for v in self._graphs[0].params):
            return name
        return f"{self.frame.function.name.strip('_')}_{name}"

    # ---- sub-graphs

    @contextlib.contextmanager
    def inside(self, graph: Graph) -> Iterator[Graph]:
        """Read into a sub-graph meanwhile."""
        outer, self.graph = self.graph, graph
        graph.origin = self.statement
        self._graphs.append(graph)
        try:
            yield graph
        finally:
            self._graphs.pop()
            self.graph = outer

    @contextlib.contextmanager
    def aside(self) -> Iterator[Graph]:
        """Read on trial: into a graph of which nothing is kept, and no further than some `PATIENCE` statements."""
        names, memory = self.frame.names, self.memory()
        count, statement, patience = len(self.statements), self.statement, self.patience
        budget = self.context.budget
        counting, budget.counting = budget.counting, False
        self.frame.names = dict(names)
        self.patience = PATIENCE if patience is None else patience
        try:
            with self.inside(Graph("", self.graph.facts)) as graph:
                yield graph
        finally:
            self.frame.names = names
            self.recall(memory)
            del self.statements[count:]
            self.statement, self.patience = statement, None if patience is None else self.patience
            budget.counting = counting
            self.graph.origin = statement

    def here(self, term: Term) -> Term:
        """The term as the graph that is being read sees it: values of the graphs around it become its parameters, and
        containers what they hold now."""
        term = self.current(term)
        if isinstance(term, Computed):
            value = self.inner(self.now(term.value))
            return term if value is term.value else Computed(Ref(value), value, cell=term.cell)
        if isinstance(term, Instance):
            root = self.here(Computed(Ref(term.value), term.value))
            return Instance(root.ast, term.value, term.cls, term.obj, term.route)
        if isinstance(term, Bound):
            owner = self.here(term.owner)
            tree = ast.Attribute(owner.ast, term.ast.attr, ast.Load())  # type: ignore[attr-defined]
            return Bound(tree, term.fn, owner)
        if isinstance(term, Method):
            base = self.here(Computed(Ref(term.value), term.value))
            return Method(ast.Attribute(base.ast, term.name, ast.Load()), base.value, term.name)  # type: ignore[attr-defined]
        if isinstance(term, Partial):
            kwargs = {name: self.here(t) for name, t in term.kwargs.items()}
            return Partial(term.ast, self.here(term.fn), [self.here(t) for t in term.args], kwargs)
        if isinstance(term, Sequence) and (len(self._graphs) > 1 or self.versions or self.doubts or self.contents):
            items = [self.here(item) for item in term.items]
            made = sequence(term.kind, items, term.keys, term.cell)
            if isinstance(term.ast, Ref) and self.resolved(term) is term:  # an argument, which has a name
                made.ast = self.here(Computed(term.ast, term.ast.value)).ast
            return made
        return term

    def inner(self, v: Value) -> Value:
        """A value of a graph around the one that is being read, as that one sees it."""
        if v.graph is not self.graph:
            for graph in self._graphs[self._graphs.index(v.graph) + 1 :]:
                v = graph.capture(v)
        return v

    def error(self, message: str, node: ast.AST | None = None, advice: str = "") -> UnsupportedError:
        """An error at `node` of the function that is being read."""
        where = node if node is not None and hasattr(node, "lineno") else self.statement.node  # type: ignore[union-attr]
        error: UnsupportedError = self.frame.function.error(message, where, advice)
        self._note_call(error, self.frame.call)
        return error

    def _note_call(self, error: UnsupportedError, call: Statement | None) -> None:
        """Note in an error which statement of the outermost function led to its place."""
        while call is not None:
            if not call.file.filename.startswith("<call of "):
                error.called = call.span
            call = call.call


def own_defaults(fn: Any) -> dict[str, Any]:
    """The defaults of a function's own parameters, whatever signature it claims to have."""
    names = fn.__code__.co_varnames[: fn.__code__.co_argcount]
    values = fn.__defaults__ or ()
    return dict(zip(names[len(names) - len(values) :], values, strict=True)) | (fn.__kwdefaults__ or {})


def list_of_tuples(function: ast.AST, name: str) -> Type | None:
    """The type of a parameter of which nothing is known, where a loop over it unpacks what it finds; else None."""
    for node in ast.walk(function):
        if not isinstance(node, (ast.For, ast.comprehension)):
            continue
        target, through = node.target, node.iter
        while isinstance(through, ast.Call) and isinstance(through.func, ast.Name) and len(through.args) == 1:
            if through.func.id == "enumerate" and isinstance(target, ast.Tuple) and len(target.elts) == 2:
                target = target.elts[1]
            elif through.func.id not in ("reversed", "list", "tuple"):
                break
            through = through.args[0]
        if isinstance(through, ast.Subscript) and isinstance(through.slice, ast.Slice):
            through = through.value
        plain = isinstance(target, (ast.Tuple, ast.List)) and all(isinstance(t, ast.Name) for t in target.elts)
        if plain and isinstance(through, ast.Name) and through.id == name:
            items = tuple(Type() for _ in target.elts)  # type: ignore[attr-defined]
            return list_of(each(sequence_type(items)), Dim.fresh())
    return None


def _identity(obj: Any) -> Any:
    """What tells known objects apart: numbers and strings by their text, all else by what they are."""
    return repr(obj) if isinstance(obj, (bool, int, float, complex, str, bytes, type(None))) else id(obj)

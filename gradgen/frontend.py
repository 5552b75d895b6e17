"""From the user's syntax tree to the computational graph.

The function is read once, statement by statement, with a value of the graph where a number would be: calls of
functions with source are followed, names resolve through the real globals and closure. What carries no derivative
need not be understood: it becomes an opaque node that prints as it was written. `expressions` reads expressions;
here are statements, calls of the user's functions, and what comes from outside.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .buffers import may_share
from .calls import Budget, Callee, Variant, add_call
from .errors import GradgenError, UnsupportedError
from .expressions import Expressions
from .graph import CONST, OPAQUE, Graph, Value
from .refusals import COMPOUND, refuse_rebinding
from .shapes import OBJECT, Facts, Type
from .source import Function, Statement, function_source, unwrap
from .terms import Closure, Computed, Hole, Method, Ref, Sequence, Static, Term, copied, fill, flatten, literal

MAX_DEPTH = 120


class Frame:
    """The local names of one function that is being read."""

    def __init__(self, function: Function, outer: Frame | None = None, call: Statement | None = None):
        self.function, self.outer, self.call = function, outer, call
        self.names: dict[str, Term] = {}
        self.depth = 0 if call is None else 1
        fn = function.fn
        self.globals: dict[str, Any] = fn.__globals__ if fn is not None else {}
        self.cells: dict[str, Any] = {}
        if fn is not None and fn.__closure__:
            for name, cell in zip(fn.__code__.co_freevars, fn.__closure__, strict=True):
                try:
                    self.cells[name] = cell.cell_contents
                except ValueError:  # a name of the enclosing function that has no value yet
                    continue
        local = [n for n in ast.walk(function.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.locals = {n.id for n in local}


class Outside:
    """A name or attribute from outside the function whose value was read: how to read it again, and what it was."""

    def __init__(self, path: str, read: Any, obj: Any):
        self.path, self.read, self.obj = path, read, obj


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


class Program(Expressions):
    """A function as a graph: forward nodes in the user's order, and what the printer needs to know of its text.

    function: the source. graph: parameters, nodes, results. result: the term that is returned. statements: the
    user's, in order. given: the parameters that are known objects, not values of the graph.
    """

    def __init__(
        self,
        function: Function,
        types: dict[str, Type],
        facts: Facts | None = None,
        context: Context | None = None,
        given: dict[str, Term] | None = None,
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
        self.unnamed: Value | None = None
        self.frame = Frame(function)
        self.statement: Statement | None = None
        self._depth = 0
        self._passing: set[str] = set()
        self._read_parameters(types)
        if isinstance(function.node, ast.Lambda):
            self._enter(function.node.body)
            self.result = self.read(function.node.body)
            self.returned = self.statement
        else:
            self.result = self._read_body(function.node.body)
        if self.result is None:
            raise function.error(f"{function.name!r} returns nothing, so that there is nothing to differentiate")
        self.graph.results = [self.value(t) for t in flatten(self.result)]
        self.result_rank = self.graph.results[0].type.ndim

    def name_value(self) -> None:
        """Let a single result that the user gave no name be called `value`."""
        outputs = self.graph.results
        for v in outputs:
            if not v.hint and v.node is not None and v.node.op is not CONST:
                v.hint = "value" if len(outputs) == 1 else ""
        self.unnamed = outputs[0] if outputs[0].hint == "value" else None

    # ---- parameters

    def _read_parameters(self, types: dict[str, Type]) -> None:
        arguments = self.function.node.args
        for starred, mark in ((arguments.vararg, "*"), (arguments.kwarg, "**")):
            if starred is not None:
                raise self.function.error(
                    f"the parameter {mark}{starred.arg} cannot be differentiated",
                    starred,
                    "name the parameters one by one",
                )
        for parameter in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            if parameter.arg in self.given:
                self.frame.names[parameter.arg] = self.given[parameter.arg]
                continue
            value = self.graph.param(parameter.arg, types.get(parameter.arg, Type()))
            self.frame.names[parameter.arg] = Computed(Ref(value), value)

    # ---- statements

    def _enter(self, node: ast.AST) -> None:
        """Begin a statement: what is added to the graph from now on belongs to it."""
        file = self.frame.function.file
        inside, call = self._inside_with, self.frame.call
        self.statement = Statement(file, node, file.span(node), inside, call, len(self.statements))
        self.statements.append(self.statement)
        self.graph.origin = self.statement

    _inside_with: tuple[Any, ...] = ()

    def _read_body(self, body: list[ast.stmt]) -> Term | None:
        """Read statements up to a `return`; the returned term, or None where there is none."""
        for position, node in enumerate(body):
            if position == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # the docstring
            result = self._read_statement(node)
            if result is not None:
                return result
        return None

    def _read_statement(self, node: ast.stmt) -> Term | None:
        self._enter(node)
        context = self._inside_with
        match node:
            case ast.Assign():
                term = self.read(node.value)
                for target in node.targets:
                    self._assign(target, term)
            case ast.AnnAssign(value=ast.expr() as value):
                self._assign(node.target, self.read(value))
            case ast.AnnAssign() | ast.Pass():
                pass
            case ast.AugAssign():
                self._augment(node)
            case ast.Return():
                self.returned = self.statement
                if node.value is None:
                    name = self.frame.function.name
                    raise self.error(f"{name!r} returns nothing, so that there is nothing to differentiate", node)
                return self.read(node.value)
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr():
                self._opaque_statement(node)
            case ast.With() if self._is_errstate(node):
                self._inside_with = (*context, *[self._opaque_syntax(item.context_expr) for item in node.items])
                try:
                    return self._read_body(node.body)
                finally:
                    self._inside_with = context
            case ast.FunctionDef():
                self.frame.names[node.name] = Closure(ast.Name(node.name, ast.Load()), node, self.frame)
            case ast.Import() | ast.ImportFrom():
                self._import(node)
            case ast.Delete(targets=targets) if all(isinstance(t, ast.Name) for t in targets):
                for target in targets:
                    self.frame.names.pop(target.id, None)  # type: ignore[attr-defined]
            case ast.Global() | ast.Nonlocal():
                raise self.error("`global` and `nonlocal` cannot be followed", node, "pass the value and return it")
            case ast.Assert() | ast.If() | ast.For() | ast.While() | ast.Try() | ast.Raise() | ast.With() | ast.Match():
                self._opaque_statement(node)
            case _:
                raise self.error(f"a {type(node).__name__.lower()} statement cannot be differentiated", node)
        return None

    def _is_errstate(self, node: ast.With) -> bool:
        for item in node.items:
            call = item.context_expr
            if item.optional_vars is not None or not isinstance(call, ast.Call):
                return False
            term = self.read(call.func)
            if not (isinstance(term, Static) and term.obj in (np.errstate, np.printoptions)):
                return False
        return True

    def _assign(self, target: ast.expr, term: Term) -> None:
        match target:
            case ast.Name():
                self.bind(target.id, term)
            case ast.Tuple() | ast.List():
                self._unpack(target, term)
            case ast.Starred():
                raise self.error("a starred target cannot be differentiated", target, "unpack the items one by one")
            case _:
                self._opaque_statement(self.statement.node)  # type: ignore[union-attr, arg-type]

    def _unpack(self, target: ast.Tuple | ast.List, term: Term) -> None:
        count = len(target.elts)
        if isinstance(term, Static) and isinstance(term.obj, (tuple, list)):
            items: list[Term] = [Static(literal(x) or term.ast, x) for x in term.obj]
        elif isinstance(term, Sequence):
            items = term.items
        else:
            items = self.unpacked(self.value(term), count, target)
        if len(items) != count:
            raise self.error(f"{len(items)} values cannot be unpacked into {count}", target)
        for sub, item in zip(target.elts, items, strict=True):
            self._assign(sub, item)

    def bind(self, name: str, term: Term) -> None:
        """Give `name` a new meaning."""
        if isinstance(term, Static) and self._worth_a_name(term):
            value = self._named_constant(name, term)
            term = Computed(Ref(value), value)
        if isinstance(term, Computed):
            value = term.value
            owned = value.node is not None and (value.node.op is not CONST)
            if owned and (not value.hint or getattr(value, "hint", "") in self._passing):
                value.hint = name
            if owned and self.frame.call is not None:
                self._passing.add(name)
            if self.frame.call is None:
                self._passing.discard(value.hint)
                if self.graph is self._graphs[0]:
                    self.graph.named[name] = value
        self.frame.names[name] = term

    def _worth_a_name(self, term: Static) -> bool:
        return isinstance(term.obj, (bool, int, float, complex, np.generic, np.ndarray, str)) or (
            isinstance(term.obj, tuple) and literal(term.obj) is not None
        )

    def _named_constant(self, name: str, term: Static) -> Value:
        """A local name for a constant: printed where the user gave it, known to the rules all the same."""
        node = self.graph.add(CONST, [], {"value": term.obj})
        node.ast = term.ast
        node.out.hint = name
        return node.out

    def _augment(self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            return self._opaque_statement(node)
        load = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        old = self.read(load)
        new = self.read(ast.copy_location(ast.BinOp(load, node.op, node.value), node))
        if isinstance(old, Computed) and not old.value.type.scalar:
            self._check_unaliased(old.value, node)
        self.bind(node.target.id, new)
        return None

    def _check_unaliased(self, value: Value, node: ast.AugAssign) -> None:
        """`a += b` on an array is seen through every other name of it: refuse where there is one."""
        assert isinstance(node.target, ast.Name)
        name = node.target.id
        for frame_name, term in self._visible_names():
            if frame_name == name:
                continue
            for other in flatten(term):
                if isinstance(other, Computed) and may_share(other.value, value):
                    raise self.error(
                        f"`{name}` is changed in place here, and `{frame_name}` may be the same array",
                        node,
                        f"write `{name} = {name} {OPERATORS[type(node.op)]} ...` to make a new array",
                    )

    def _visible_names(self) -> list[tuple[str, Term]]:
        found: list[tuple[str, Term]] = []
        frame: Frame | None = self.frame
        while frame is not None:
            found += list(frame.names.items())
            frame = frame.outer
        return found

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        scope: dict[str, Any] = {"__name__": self.frame.globals.get("__name__", "")}
        scope["__package__"] = self.frame.globals.get("__package__")
        exec(compile(ast.Module([node], []), self.frame.function.file.filename, "exec"), scope)
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            self.frame.names[name] = self.static(scope[name], ast.Name(name, ast.Load()))

    # ---- what carries no derivative

    def _opaque_statement(self, node: ast.stmt) -> None:
        """Take a statement as it stands: what it reads, what it gives names to, and that it must run."""
        writes = self._written_names(node)
        self._refuse_escapes(node)
        refuse_rebinding(self, node, self.frame.names)
        tree = self._opaque_syntax(node, writes)
        reads = list(self._refs(tree))
        made = self.graph.add(OPAQUE, reads)
        made.effect = True
        self.explain(made, node)
        made.outputs = [Value(self.graph, Type(), made, i, hint=name) for i, name in enumerate(sorted(writes))]
        outputs = dict(zip(sorted(writes), made.outputs, strict=True))
        inputs = list(made.inputs)

        def make(part: Any) -> Any:
            if isinstance(part, Ref):
                return Hole(inputs.index(part.value))
            return part

        made.ast = fill(tree, make)
        for name, value in outputs.items():
            self.frame.names[name] = Computed(Ref(value), value)

    def _refs(self, tree: Any) -> list[Value]:
        from .terms import references

        return references(tree)

    def _written_names(self, node: ast.stmt) -> set[str]:
        """The local names that a statement assigns or whose arrays it writes into."""
        writes = set()
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, (ast.Store, ast.Del)):
                writes.add(child.id)
            elif isinstance(child, (ast.Subscript, ast.Attribute)) and isinstance(child.ctx, (ast.Store, ast.Del)):
                base: ast.expr = child
                while isinstance(base, (ast.Subscript, ast.Attribute)):
                    base = base.value
                name = base.id if isinstance(base, ast.Name) else "it"
                raise self.error(
                    f"`{name}` is written in place, which gradgen does not follow yet",
                    child,
                    "build a new array instead: np.where, np.concatenate, np.stack",
                )
        return writes

    def _refuse_escapes(self, node: ast.stmt) -> None:
        for child in ast.walk(node):
            if isinstance(child, (ast.Return, ast.Yield, ast.YieldFrom, ast.Await, ast.Global, ast.Nonlocal)):
                kind = type(child).__name__.lower()
                inside = isinstance(node, COMPOUND) and isinstance(child, ast.Return)
                where = "inside a branch or loop is not followed yet" if inside else "cannot be followed"
                advice = "use np.where, or `return a if c else b`" if inside else ""
                raise self.error(f"a `{kind}` {where}", child, advice)

    # ---- calls of functions with source

    def follow(
        self, function: Function, args: list[Term], kwargs: dict[str, Term], call: ast.Call, outer: Any = None
    ) -> Term:
        """Read the body of a function that is called, in place; what it returns is called after it."""
        result = self._follow(function, args, kwargs, call, outer)
        if isinstance(result, Computed) and not result.value.hint and not result.value.said:
            name = call.func.id if isinstance(call.func, ast.Name) else function.name
            named = [t.value.hint for t in args if isinstance(t, Computed) and t.value.hint]
            result.value.said = f"{name}_{named[0]}" if len(named) == 1 == len(args) else name
        return result

    def _follow(
        self, function: Function, args: list[Term], kwargs: dict[str, Term], call: ast.Call, outer: Any = None
    ) -> Term:
        if self._depth >= MAX_DEPTH:
            raise self.error(f"{function.name!r} calls itself, or calls go deeper than {MAX_DEPTH}", call)
        frame = Frame(function, outer, self.statement)
        if function.fn is not None:
            self.helpers.setdefault(function.fn.__code__, function)
        saved = self.frame, self.statement, self.returned, self._inside_with
        values = self._bound_arguments(function, args, kwargs, call, outer)
        if function.fn in self.context.budget.shared:
            made = self._call(function, values, call)
            if made is not None:
                return made
        self.context.budget.spend(function)
        self.frame = frame
        self._depth += 1
        try:
            for name, term in values.items():
                frame.names[name] = term
            if isinstance(function.node, ast.Lambda):
                return self.read(function.node.body)
            body = [n for n in function.node.body if not _is_constant_statement(n)]
            if len(body) == 1 and isinstance(body[0], ast.Return) and body[0].value is not None:
                return self.read(body[0].value)
            for node in body[:-1]:
                if (result := self._read_statement(node)) is not None:
                    return result
            if body and isinstance(body[-1], ast.Return) and body[-1].value is not None:
                self.statement = frame.call
                self.graph.origin = frame.call
                return self.read(body[-1].value)
            result = self._read_statement(body[-1]) if body else None
            return Static(ast.Constant(None), None) if result is None else result
        finally:
            self._depth -= 1
            self.frame, self.statement, self.returned, self._inside_with = saved
            self.graph.origin = self.statement

    def _call(self, function: Function, values: dict[str, Term], at: ast.Call) -> Term | None:
        """A call of a function that is written once; None where an argument is a function or a structure."""
        if not all(isinstance(term, (Computed, Static)) for term in values.values()):
            return None
        given: dict[str, Term] = {name: term for name, term in values.items() if isinstance(term, Static)}
        args = {name: term.value for name, term in values.items() if isinstance(term, Computed)}
        types = {name: v.type for name, v in args.items()}
        known = tuple((n, type(t.obj), _identity(t.obj)) for n, t in values.items() if isinstance(t, Static))
        key: Any = (function.fn, tuple(types.items()), known)
        under_way = self.context.under_way
        if key not in self.context.calls and any(callee.function.fn is function.fn for callee, _ in under_way):
            types = {name: Type(t.kind, array=t.array) for name, t in types.items()}  # each turn has shapes of its own
            key = (function.fn, tuple((name, t.kind, t.array) for name, t in types.items()), known)
        conditional = len(self._graphs) > 1

        def trace(callee: Callee) -> Program:
            self.context.calls.setdefault(key, callee)
            under_way.append((callee, conditional))
            try:
                return Program(function, types, self.graph.facts, self.context, given)
            finally:
                under_way.pop()

        callee = self.context.calls.get(key) or Callee(function, trace, self.context.derive)
        program = callee.program
        if program is None:
            place = next(i for i, (other, _) in enumerate(under_way) if other is callee)
            if not conditional and not any(flag for _, flag in under_way[place + 1 :]):
                raise self.error(f"{function.name!r} calls itself without end", at, "call it under a condition")
        leaves = [] if program is None else program.graph.results
        node = add_call(self.graph, callee, list(args.values()), [v.type for v in leaves] or [Type()])
        outs: list[Term] = [Computed(Ref(v), v) for v in node.outputs]
        return outs[0] if program is None else self._shaped(program.result, outs)

    def _bound_arguments(
        self, function: Function, args: list[Term], kwargs: dict[str, Term], call: ast.Call, outer: Any
    ) -> dict[str, Term]:
        """The terms that a call gives to each parameter, defaults included."""
        spec = function.node.args
        if spec.vararg or spec.kwarg:
            raise self.error(f"{function.name!r} has starred parameters, which are not followed yet", call)
        positional = [*spec.posonlyargs, *spec.args]
        names = [p.arg for p in positional]
        given = dict(zip(names, args, strict=False))
        keywords = {p.arg for p in [*spec.args, *spec.kwonlyargs]}
        wrong = [k for k in kwargs if k in given or k not in keywords]
        if len(args) > len(names) or wrong:
            raise self.error(f"the call does not fit {function.name!r}", call)
        given.update(kwargs)
        defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        defaults |= {p.arg: d for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
        for name, default in defaults.items():
            if name not in given:
                if function.fn is not None:
                    obj = inspect.signature(function.fn).parameters[name].default
                    given[name] = self.static(obj, literal(obj) or default)
                else:
                    given[name] = self.read(default)
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

    # ---- names

    def lookup(self, node: ast.Name) -> Term:
        """What a name means here: a local, one of an enclosing function, a global, or a builtin."""
        frame: Frame | None = self.frame
        while frame is not None:
            if node.id in frame.names:
                return self.here(frame.names[node.id])
            if node.id in frame.locals and frame is self.frame:
                raise self.error(f"the name {node.id!r} has no value here", node)
            if node.id in frame.cells:
                obj = frame.cells[node.id]
                cells, name = frame.function.fn, node.id
                return self.from_outside(name, lambda: _cell(cells, name), obj, node)
            if node.id in frame.globals:
                scope, name = frame.globals, node.id
                return self.from_outside(name, lambda: scope[name], scope[name], node)
            frame = frame.outer
        if hasattr(builtins, node.id):
            return Static(ast.Name(node.id, ast.Load()), getattr(builtins, node.id))
        raise self.error(f"the name {node.id!r} is not defined", node)

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

    def here(self, term: Term) -> Term:
        """The term as the graph that is being read sees it: values of the graphs around it become its parameters."""
        if isinstance(term, Computed) and term.value.graph is not self.graph:
            value = term.value
            for graph in self._graphs[self._graphs.index(value.graph) + 1 :]:
                value = graph.capture(value)
            return Computed(Ref(value), value)
        if isinstance(term, Method):
            base = self.here(Computed(Ref(term.value), term.value))
            return Method(ast.Attribute(base.ast, term.name, ast.Load()), base.value, term.name)  # type: ignore[attr-defined]
        if isinstance(term, Sequence) and len(self._graphs) > 1:
            items = [self.here(item) for item in term.items]
            make = ast.Tuple if term.kind is tuple else ast.List
            return Sequence(make([item.ast for item in items], ast.Load()), term.kind, items)
        return term

    def error(self, message: str, node: ast.AST | None = None, advice: str = "") -> UnsupportedError:
        """An error at `node` of the function that is being read."""
        where = node if node is not None and hasattr(node, "lineno") else self.statement.node  # type: ignore[union-attr]
        error: UnsupportedError = self.frame.function.error(message, where, advice)
        return error


def _identity(obj: Any) -> Any:
    """What tells known objects apart: numbers and strings by their text, all else by what they are."""
    return repr(obj) if isinstance(obj, (bool, int, float, complex, str, bytes, type(None))) else id(obj)


OPERATORS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip


def _is_constant_statement(node: ast.stmt) -> bool:
    """Whether it is a docstring, an ellipsis or the like."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _cell(fn: Any, name: str) -> Any:
    return fn.__closure__[fn.__code__.co_freevars.index(name)].cell_contents


def trace_function(fn: Any, types: dict[str, Type], facts: Facts | None = None) -> Program:
    """Read a Python function. Raises UnsupportedError for what cannot be followed."""
    return Program(function_source(unwrap(fn)), types, facts)


__all__ = ["OBJECT", "Frame", "Program", "UnsupportedError", "flatten", "trace_function"]

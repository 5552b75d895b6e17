"""Reading expressions: each becomes a term, and what computes becomes a node with the user's syntax."""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import sys
import types
from typing import Any

import numpy as np

from . import functions
from .branches import add_branch
from .control import join_types
from .errors import UnsupportedError
from .graph import CONST, OPAQUE, OPERATIONS, PRIMITIVES, Graph, Node, Operation, Value, const_type
from .refusals import reads_only, refuse_writes, unknown
from .rules.primitives import slice_parts
from .shapes import NONE, OBJECT, ShapeMismatch, ShapeVar, Type, dim_add, dim_mul
from .source import Function, Statement, function_source, unwrap
from .terms import (
    Closure,
    Computed,
    Hole,
    Method,
    Ref,
    Sequence,
    Static,
    Term,
    Verbatim,
    fill,
    flatten,
    literal,
    numpy_path,
    outline,
    references,
)

BINARY = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide, ast.Pow: np.power,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.remainder, ast.MatMult: np.matmul, ast.BitAnd: np.bitwise_and,
    ast.BitOr: np.bitwise_or, ast.BitXor: np.bitwise_xor, ast.LShift: np.left_shift, ast.RShift: np.right_shift,
}  # fmt: skip
UNARY = {ast.USub: np.negative, ast.UAdd: np.positive, ast.Invert: np.invert}
COMPARE = {
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip
METHODS = {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min, "var": np.var, "std": np.std,
    "dot": np.dot, "reshape": np.reshape, "ravel": np.ravel, "flatten": np.ravel, "transpose": np.transpose,
    "swapaxes": np.swapaxes, "squeeze": np.squeeze, "copy": np.copy, "clip": np.clip, "cumsum": np.cumsum,
    "cumprod": np.cumprod, "diagonal": np.diagonal, "trace": np.trace, "repeat": np.repeat, "take": np.take,
    "round": np.round, "argmax": np.argmax, "argmin": np.argmin, "argsort": np.argsort, "any": np.any, "all": np.all,
    "conj": np.conj, "conjugate": np.conj,
}  # fmt: skip
PURE = {len, isinstance, range, tuple, list, str, repr, min, max, sorted, enumerate, zip, type, hasattr, slice, sum,
        abs, float, int, bool, round, any, all, divmod, complex, pow, np.shape, np.ndim, np.size, np.errstate,
        np.result_type, np.isscalar, np.iscomplexobj, np.issubdtype}  # fmt: skip
"""Callables without effects that opaque code may use and that need not be kept when nobody reads the result."""
SIZES = {np.shape: "shape", np.size: "size", np.ndim: "ndim"}
"""Functions that look at a value's shape, and the operation that each is."""


class Expressions:
    """The part of a `Program` that reads expressions."""

    graph: Graph
    statement: Statement | None
    frame: Any
    constants: dict[str, Any]
    modules: dict[str, str]
    carried: dict[str, Any]
    outside: dict[str, Any]

    def error(self, message: str, node: ast.AST | None = None, advice: str = "") -> UnsupportedError:
        raise NotImplementedError

    def lookup(self, node: ast.Name) -> Term:
        raise NotImplementedError

    def shaped(self, like: Term, leaves: list[Term]) -> Term:
        raise NotImplementedError

    def inside(self, graph: Graph) -> contextlib.AbstractContextManager[Graph]:
        raise NotImplementedError

    def follow(self, function: Function, args: Any, kwargs: Any, call: Any, outer: Any = None) -> Term:
        raise NotImplementedError

    # ---- the one entry

    def read(self, node: ast.expr) -> Term:
        """The term that an expression denotes. Long chains of one operator are read without recursion."""
        if isinstance(node, ast.BinOp):
            spine = []
            while isinstance(node, ast.BinOp):
                spine.append(node)
                node = node.left
            term = self.read(node)
            for parent in reversed(spine):
                term = self._binary(parent, term, self.read(parent.right))
            return term
        reader = getattr(self, f"_read_{type(node).__name__.lower()}", None)
        term = self._opaque_expression(node) if reader is None else reader(node)
        return self._attribute_value(term, node) if isinstance(term, Method) else term

    def value(self, term: Term) -> Value:
        """The value of the graph that a term is."""
        if isinstance(term, Computed):
            return term.value
        if isinstance(term, Static):
            return self.graph.const(term.obj, term.ast)
        if isinstance(term, Sequence):
            items = [self.value(t) for t in term.items]
            make = ast.Tuple if term.kind is tuple else ast.List
            node = self.graph.add(PRIMITIVES[term.kind.__name__], items)
            return self._written(node, make([Ref(v) for v in items], ast.Load())).value
        raise self.error("this is used as a value, but is a function", getattr(term, "node", None))

    def _written(self, node: Node, tree: ast.expr) -> Computed:
        """Give a node the user's syntax: what `tree` refers to must be among its inputs."""
        place = {v: i for i, v in reversed(list(enumerate(node.inputs)))}

        def make(part: Any) -> Any:
            if isinstance(part, Hole):
                return part
            if part.value in place:
                return Hole(place[part.value])
            constant = literal(part.value.const) if part.value.const is not part.value else None
            if constant is None:
                raise self.error("an option of a NumPy function must be known when the gradient is written")
            return constant

        node.ast = fill(tree, make)
        return Computed(Ref(node.out), node.out)

    def _apply(self, op: Operation, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, at: ast.AST) -> Term:
        """Call an operation on terms; `tree` is how the call is written."""
        if all(isinstance(t, Static) for t in [*args, *kwargs.values()]) and op is not OPAQUE:
            return self._evaluate(op.fn, args, kwargs, tree, at)
        try:
            named = {k: self._argument(t) for k, t in kwargs.items()}
            inputs, options = op.bind(tuple(map(self._argument, args)), named)
            displays: dict[int, Value] = {}
            inputs = [self._input(x, displays, takes_array(op, i)) for i, x in enumerate(inputs)]
            options = {k: self._option(k, x, at) for k, x in options.items()}
            node = self.graph.add(op, inputs, options)
        except (TypeError, ValueError, IndexError, ShapeMismatch) as error:
            if isinstance(error, SyntaxError):
                raise
            text = str(error) if not isinstance(error, ShapeMismatch) else f"the sizes {error} do not fit"
            raise self.error(text, at) from error
        if displays:
            tree = swapped(tree, displays)
        if len(node.outputs) > 1:
            node.ast = self._written_many(node, tree)
            items: list[Term] = [Computed(Ref(v), v) for v in node.outputs]
            return Sequence(ast.Tuple([t.ast for t in items], ast.Load()), tuple, items)
        return self._written(node, tree)

    def _written_many(self, node: Node, tree: ast.expr) -> ast.expr:
        inputs = list(node.inputs)
        return fill(tree, lambda part: Hole(inputs.index(part.value)) if isinstance(part, Ref) else part)  # type: ignore[no-any-return]

    def _argument(self, term: Term) -> Any:
        """An argument for `Operation.bind`: sequences stay tuples, so that variadic operations see their items."""
        if isinstance(term, Sequence):
            return Items(term, [self._argument(t) for t in term.items])
        return term

    def _input(self, x: Any, displays: dict[int, Value], as_array: bool) -> Value:
        """An input as a value; notes in `displays` the syntax of a sequence that became one.

        as_array: a sequence becomes the array that NumPy makes of it first.
        """
        if not isinstance(x, Term) and not isinstance(x, Items):
            return self.graph.const(x)
        if isinstance(x, Items) and all(isinstance(leaf, Static) for leaf in _leaves(x)):
            x = Static(x.term.ast, _plain(x))
        term = x.term if isinstance(x, Items) else x
        made = self.value(term)
        if as_array and (isinstance(x, Items) or isinstance(x, Static) and isinstance(x.obj, (tuple, list))):
            call = ast.Call(numpy_path("array"), [Ref(made)], [])
            made = self._written(self.graph.add(OPERATIONS[np.array], [made, None], ARRAY), call).value
        if not isinstance(term, Computed):
            displays[id(term.ast)] = made
        return made

    def _option(self, name: str, x: Any, at: ast.AST) -> Any:
        """A static option as a Python object."""
        if isinstance(x, (tuple, list)):
            return tuple(self._option(name, item, at) for item in x)
        if isinstance(x, Static):
            return tuple(x.obj) if isinstance(x.obj, list) else x.obj
        if isinstance(x, Computed):
            obj = x.value.const
            if obj is x.value:
                obj = x.value.type.size
            if obj is None or isinstance(obj, Value) or not isinstance(obj, (int, float, str, bool, tuple)):
                if x.value.node is not None and x.value.node.op is CONST:
                    return x.value.node.options["value"]
                raise self.error(
                    f"the option `{name}` must be known when the gradient is written", at, "write it as a constant"
                )
            return obj
        if isinstance(x, Term):
            raise self.error(f"the option `{name}` must be known when the gradient is written", at)
        return x

    def _evaluate(self, fn: Any, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, at: ast.AST) -> Term:
        try:
            with np.errstate(all="ignore"):
                obj = fn(*[t.obj for t in args], **{k: t.obj for k, t in kwargs.items()})  # type: ignore[attr-defined]
        except Exception as error:
            raise self.error(f"{type(error).__name__}: {error}".rstrip(), at) from error
        return Static(tree, obj)

    # ---- literals, names, attributes

    def _read_constant(self, node: ast.Constant) -> Term:
        text = self.frame.function.file.text(node)
        if isinstance(node.value, (bool, type(None), type(Ellipsis), str, bytes)):
            return Static(ast.Constant(node.value), node.value)
        return Static(Verbatim(text, node.value), node.value)

    def _read_name(self, node: ast.Name) -> Term:
        return self.lookup(node)

    def from_outside(self, path: str, read: Any, obj: Any, node: ast.AST) -> Term:
        """A name or attribute whose value is looked up outside the function."""
        from .frontend import Outside

        term = self.static(obj, node)
        if not isinstance(obj, types.ModuleType) or not _is_numpy_module(obj):
            self.outside[path] = Outside(path, read, obj)
        return term

    def static(self, obj: Any, node: ast.AST) -> Static:
        """A known object with the syntax that names it in the module."""
        path = library_path(obj)
        if path is not None:
            module, tree = path
            if module:
                self.modules[module] = module
            elif isinstance(node, ast.Attribute) and getattr(np, node.attr, None) is obj:
                tree = numpy_path(node.attr)  # np.abs is np.absolute: as the user wrote it
            return Static(tree, obj)
        if obj is None:
            return Static(ast.Constant(None), obj)
        if is_carried(obj):
            name = f"_{obj.__name__}"
            self.carried[name] = obj
            return Static(ast.Name(name, ast.Load()), obj)
        if isinstance(obj, (bool, int, float, complex, str, bytes, tuple, list, np.ndarray, np.generic, dict)):
            name = getattr(node, "id", None) or getattr(node, "attr", None) or "constant"
            if isinstance(obj, float) and obj == np.pi:
                return Static(numpy_path("pi"), obj)
            if isinstance(node, ast.Attribute) and isinstance(obj, float) and getattr(np, node.attr, None) is obj:
                return Static(numpy_path(node.attr), obj)  # np.inf, np.e
            return Static(self._constant_name(name, obj), obj)
        if isinstance(node, ast.Name) and not isinstance(obj, (types.FunctionType, types.ModuleType, type)):
            return Static(self._constant_name(node.id, obj), obj)
        return Static(node if isinstance(node, ast.expr) else ast.Constant(None), obj)

    def by_reference(self, term: Term) -> Term:
        """A function or another object of the user's that is used as it is, under its name in the module."""
        if not (isinstance(term, Static) and isinstance(term.ast, ast.Name) and callable(term.obj)):
            return term
        if library_path(term.obj) is not None or term.ast.id in self.carried:
            return term
        return Static(self._constant_name(term.ast.id, term.obj), term.obj)

    def _constant_name(self, name: str, obj: Any) -> ast.expr:
        """The name under which a constant from outside is written into the module; one name, one object."""
        unique, k = name, 2
        while unique in self.constants and self.constants[unique] is not obj:
            unique, k = f"{name}_{k}", k + 1
        self.constants[unique] = obj
        return ast.Name(unique, ast.Load())

    def _read_attribute(self, node: ast.Attribute) -> Term:
        base = self.read(node.value)
        if isinstance(base, Static):
            try:
                obj = getattr(base.obj, node.attr)
            except AttributeError as error:
                raise self.error(str(error), node) from None
            if isinstance(base.obj, types.ModuleType) or library_path(obj) is not None:
                owner, name = base.obj, node.attr
                if isinstance(base.obj, types.ModuleType) and library_path(obj) is None:
                    return self.from_outside(f"{owner.__name__}.{name}", lambda: getattr(owner, name), obj, node)
                return self.static(obj, node)
            tree = ast.Attribute(base.ast, node.attr, ast.Load())
            if callable(obj) or isinstance(base.obj, (np.ndarray, str, tuple, list, dict, int, float, np.generic)):
                return Static(tree, obj)
            owner, name = base.obj, node.attr
            path = ast.unparse(node) if not references(node) else name
            return self.from_outside(path, lambda: getattr(owner, name), obj, node)
        if isinstance(base, Computed):
            return self._value_attribute(base, node)
        if isinstance(base, Sequence):
            first = base.items[0].value.node if base.items and isinstance(base.items[0], Computed) else None
            fields = first.op.fields if first is not None and len(first.outputs) == len(base.items) else ()
            if node.attr in fields:
                return base.items[fields.index(node.attr)]
            return Method(ast.Attribute(base.ast, node.attr, ast.Load()), self.value(base), node.attr)
        raise self.error(f"the attribute {node.attr!r} cannot be followed", node)

    def _value_attribute(self, base: Computed, node: ast.Attribute) -> Term:
        tree = ast.Attribute(base.ast, node.attr, ast.Load())
        if node.attr in ("T", "mT"):
            fn = np.transpose if node.attr == "T" else np.matrix_transpose
            return self._apply(OPERATIONS[fn], [base], {}, tree, node)
        if node.attr in ("shape", "size", "ndim", "dtype"):
            return self._apply(PRIMITIVES[node.attr], [base], {}, tree, node)
        if node.attr in METHODS or node.attr in ("astype", "item", "tolist"):
            return Method(tree, base.value, node.attr)
        if node.attr in ("real", "imag") and getattr(np, node.attr) in OPERATIONS:
            return self._apply(OPERATIONS[getattr(np, node.attr)], [base], {}, tree, node)
        return Method(tree, base.value, node.attr)

    def _read_subscript(self, node: ast.Subscript) -> Term:
        base = self.read(node.value)
        index = self._index(node.slice)
        tree = ast.Subscript(base.ast, index.ast, ast.Load())
        if isinstance(base, Sequence) and isinstance(index, Static):
            try:
                item = base.items[index.obj]
            except (IndexError, TypeError) as error:
                raise self.error(str(error), node) from None
            if isinstance(item, Term):
                return item
            make = ast.Tuple if base.kind is tuple else ast.List
            return Sequence(make([t.ast for t in item], ast.Load()), base.kind, item)
        if isinstance(base, Static) and isinstance(index, Static) and not isinstance(base.obj, np.ndarray):
            return self._evaluate(lambda x, i: x[i], [base, index], {}, tree, node)
        if isinstance(base, Static) and not isinstance(base.obj, (np.ndarray, tuple, list, str, dict)):
            return self._opaque_term(tree, node)  # np.r_[v, w] is no reading at an index
        size = index.value.type.size if isinstance(index, Computed) else None
        if isinstance(base, Sequence) and isinstance(size, int):
            return base.items[size]
        return self._apply(PRIMITIVES["getitem"], [base, index], {}, tree, node)

    def _index(self, node: ast.expr) -> Term:
        if isinstance(node, ast.Tuple):
            items = [self._index(item) for item in node.elts]
            tree = ast.Tuple([t.ast for t in items], ast.Load())
            if all(isinstance(t, Static) for t in items):
                return Static(tree, tuple(t.obj for t in items))  # type: ignore[attr-defined]
            made = self.graph.add(PRIMITIVES["tuple"], [self.value(t) for t in items])
            return self._written(made, tree)
        if isinstance(node, ast.Slice):
            parts = [None if p is None else self.read(p) for p in (node.lower, node.upper, node.step)]
            slice_tree = ast.Slice(*[None if t is None else t.ast for t in parts])
            known = [Static(ast.Constant(None), None) if t is None else t for t in parts]
            if all(isinstance(t, Static) for t in known):
                return Static(slice_tree, slice(*[t.obj for t in known]))  # type: ignore[attr-defined]
            made = self.graph.add(PRIMITIVES["slice"], [self.value(t) for t in known])
            return self._written(made, slice_tree)
        return self.read(node)

    def _attribute_value(self, method: Method, node: ast.expr) -> Computed:
        """An attribute of a value that gradgen knows nothing of, read as it is."""
        made = self.graph.add(OPAQUE, [method.value])
        self.explain(made, node)
        made.outputs = [Value(self.graph, Type(), made)]
        return self._written(made, method.ast)

    # ---- displays

    def _read_tuple(self, node: ast.Tuple) -> Term:
        return self._display(node.elts, tuple, ast.Tuple)

    def _read_list(self, node: ast.List) -> Term:
        return self._display(node.elts, list, ast.List)

    def _display(self, elements: list[ast.expr], kind: type, make: Any) -> Term:
        items: list[Term] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                inner = self.read(element.value)
                if isinstance(inner, Sequence):
                    items += inner.items
                    continue
                raise self.error("only a tuple or list written out can be starred", element)
            items.append(self.read(element))
        tree = make([t.ast for t in items], ast.Load())
        if all(isinstance(t, Static) for t in items):
            return Static(tree, kind(t.obj for t in items))  # type: ignore[attr-defined]
        return Sequence(tree, kind, items)

    # ---- operators

    def _binary(self, node: ast.BinOp, left: Term, right: Term) -> Term:
        tree = ast.BinOp(left.ast, node.op, right.ast)
        if isinstance(left, Static) and isinstance(right, Static):
            op = PYTHON_BINARY[type(node.op)]
            return self._evaluate(op, [left, right], {}, tree, node)
        if isinstance(left, Sequence) and isinstance(right, Sequence) and isinstance(node.op, ast.Add):
            make = ast.Tuple if left.kind is tuple else ast.List
            items = left.items + right.items
            return Sequence(make([t.ast for t in items], ast.Load()), left.kind, items)
        if BINARY[type(node.op)] not in OPERATIONS:
            return self._opaque_term(tree, node)
        if any(isinstance(t, Computed) and t.value.type.kind == "object" for t in (left, right)):
            return self._opaque_term(tree, node)
        term = self._apply(OPERATIONS[BINARY[type(node.op)]], [left, right], {}, tree, node)
        if isinstance(term, Computed):
            self._scalar_facts(term.value, node.op)
        return term

    def _scalar_facts(self, out: Value, op: ast.operator) -> None:
        """Sizes stay known through integer arithmetic; an operator on Python scalars may give one again."""
        a, b = [v.type for v in out.node.inputs[:2]]  # type: ignore[union-attr]
        size = None
        if a.size is not None and b.size is not None:
            if isinstance(op, ast.Add):
                size = dim_add(a.size, b.size)
            elif isinstance(op, ast.Sub):
                size = dim_add(a.size, b.size, -1)
            elif isinstance(op, ast.Mult):
                size = dim_mul(a.size, b.size)
            elif isinstance(op, ast.FloorDiv) and isinstance(a.size, int) and isinstance(b.size, int) and b.size:
                size = a.size // b.size
        array = a.array or b.array or (a.ndim or 0) > 0 or (b.ndim or 0) > 0
        out.type = out.type.but(size=size, array=array)

    def _read_unaryop(self, node: ast.UnaryOp) -> Term:
        term = self.read(node.operand)
        tree = ast.UnaryOp(node.op, term.ast)
        if isinstance(term, Static):
            return self._evaluate(PYTHON_UNARY[type(node.op)], [term], {}, tree, node)
        if isinstance(node.op, ast.Not):
            return self._opaque_term(tree, node, Type("bool", ()))
        made = self._apply(OPERATIONS[UNARY[type(node.op)]], [term], {}, tree, node)
        if isinstance(made, Computed):
            t = self.value(term).type
            made.value.type = made.value.type.but(array=t.array or bool(t.ndim))
        return made

    def _read_compare(self, node: ast.Compare) -> Term:
        if len(node.ops) == 1 and type(node.ops[0]) in COMPARE and COMPARE[type(node.ops[0])] in OPERATIONS:
            left, right = self.read(node.left), self.read(node.comparators[0])
            tree = ast.Compare(left.ast, node.ops, [right.ast])
            if isinstance(left, Static) and isinstance(right, Static):
                return self._evaluate(PYTHON_COMPARE[type(node.ops[0])], [left, right], {}, tree, node)
            if _number_like(left) and _number_like(right):
                return self._apply(OPERATIONS[COMPARE[type(node.ops[0])]], [left, right], {}, tree, node)
            return self._opaque_term(tree, node, Type("bool", ()))
        if len(node.ops) == 1 and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            decided = is_none(self.read(node.left), self.read(node.comparators[0]))
            if decided is not None:
                answer = decided == isinstance(node.ops[0], ast.Is)
                return Static(ast.Constant(answer), answer)
        return self._opaque_expression(node, Type("bool", ()))

    def _read_ifexp(self, node: ast.IfExp) -> Term:
        test = self.read(node.test)
        if isinstance(test, Static):
            return self.read(node.body if test.obj else node.orelse)
        condition = self.value(test)
        arms = [self._arm(part) for part in (node.body, node.orelse)]
        first, second = (term for _, term in arms)
        if isinstance(first, Static) and isinstance(second, Static):
            tree = ast.IfExp(test.ast, first.ast, second.ast)
            types = (const_type(first.obj), const_type(second.obj))
            return self._opaque_term(tree, node, join_types(self.graph.facts, *types))
        made = add_branch(self.graph, condition, self._results(arms, node), expression=True)
        return self.shaped(first, [Computed(Ref(v), v) for v in made.outputs])

    def _arm(self, node: ast.expr) -> tuple[Graph, Term]:
        """One side of a conditional expression, read into a graph of its own."""
        before = dict(self.frame.names)
        with self.inside(Graph("", self.graph.facts)) as graph:
            term = self.read(node)
        if self.frame.names != before:
            raise self.error("a name is bound inside a conditional expression", node, "bind it in a statement before")
        return graph, term

    def _results(self, arms: list[tuple[Graph, Term]], at: ast.AST) -> list[Graph]:
        """The graphs of arms, what they compute being their results."""
        if len({str(outline(term)) for _, term in arms}) > 1:
            raise self.error("the two sides differ in their tuples or lists", at, "give both the same structure")
        for graph, term in arms:
            with self.inside(graph):
                graph.results = [self.value(leaf) for leaf in flatten(term)]
        return [graph for graph, _ in arms]

    def _read_namedexpr(self, node: ast.NamedExpr) -> Term:
        term = self.read(node.value)
        self.bind(node.target.id, term)
        return self.read(node.target)

    def bind(self, name: str, term: Term) -> None:
        raise NotImplementedError

    def read_defaults(self, node: ast.FunctionDef | ast.Lambda) -> dict[str, Term]:
        """The defaults of a function that is defined here, which are read now and not when it is called."""
        spec = node.args
        names = [p.arg for p in [*spec.posonlyargs, *spec.args]]
        pairs = [*zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True)]
        pairs += [(p.arg, d) for p, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None]
        return {name: self.read(default) for name, default in pairs}

    def _read_lambda(self, node: ast.Lambda) -> Term:
        return Closure(node, node, self.frame, self.read_defaults(node))

    # ---- calls

    def _read_call(self, node: ast.Call) -> Term:
        callee = self._read_attribute(node.func) if isinstance(node.func, ast.Attribute) else self.read(node.func)
        if any(k.arg is None for k in node.keywords) or any(isinstance(a, ast.Starred) for a in node.args):
            expanded = self._expand(node)
            if expanded is None:
                return self._opaque_expression(node)
            args, kwargs = expanded
        else:
            args = [self.by_reference(self.read(a)) for a in node.args]
            kwargs = {k.arg: self.by_reference(self.read(k.value)) for k in node.keywords}  # type: ignore[misc]
        tree = ast.Call(callee.ast, [t.ast for t in args], [ast.keyword(k, t.ast) for k, t in kwargs.items()])
        if isinstance(callee, Closure):
            function = Function(None, callee.node, callee.frame.function.file)
            return self._follow_closure(function, callee, args, kwargs, node)
        if isinstance(callee, Method):
            return self._call_method(callee, args, kwargs, tree, node)
        if not isinstance(callee, Static):
            return self._opaque_term(tree, node, effect=True)
        return self._call_static(callee, args, kwargs, tree, node)

    def _expand(self, node: ast.Call) -> tuple[list[Term], dict[str, Term]] | None:
        args: list[Term] = []
        for a in node.args:
            term = self.read(a.value if isinstance(a, ast.Starred) else a)
            if not isinstance(a, ast.Starred):
                args.append(term)
            elif isinstance(term, Sequence):
                args += term.items
            elif isinstance(term, Static) and isinstance(term.obj, (tuple, list)):
                args += [Static(literal(x) or ast.Constant(None), x) for x in term.obj]
            elif isinstance(term, Computed) and term.value.type.items is not None:
                args += self.unpacked(term.value, len(term.value.type.items), node)
            else:
                return None
        kwargs: dict[str, Term] = {}
        for k in node.keywords:
            if k.arg is None:
                return None
            kwargs[k.arg] = self.read(k.value)
        return args, kwargs

    def _follow_closure(self, function: Function, callee: Closure, args: Any, kwargs: Any, node: ast.Call) -> Term:
        function.filled["globals"] = callee.frame.globals
        function.filled["defaults"] = callee.defaults
        return self.follow(function, args, kwargs, node, callee.frame)

    def _call_static(
        self, callee: Static, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
    ) -> Term:
        fn = unwrap(callee.obj)
        terms = [*args, *kwargs.values()]
        try:
            known = fn in OPERATIONS
        except TypeError:
            known = False
        if fn is np.where and len(terms) == 1:
            return self._opaque_term(tree, node)  # np.nonzero, by another name
        if known:
            builtin = fn in (abs, float, int, bool, round, len, pow, sum, min, max)
            if builtin and any(isinstance(t, Sequence) for t in terms):
                return self._sequence_call(fn, args, kwargs, tree, node)
            return self._apply(OPERATIONS[fn], args, kwargs, tree, node)
        if _hashed(fn, SIZES) and len(args) == 1 and not kwargs and isinstance(args[0], Computed):
            return self._apply(PRIMITIVES[SIZES[fn]], args, {}, tree, node)
        if _hashed(fn, PURE) and all(isinstance(t, Static) for t in terms):
            return self._evaluate(fn, args, kwargs, tree, node)
        if fn is len and len(args) == 1 and isinstance(args[0], Computed):
            return self._length(args[0], tree, node)
        if fn in (len, sum, tuple, list, min, max) and args and isinstance(args[0], Sequence):
            return self._sequence_call(fn, args, kwargs, tree, node)
        if fn.__class__ is types.FunctionType and (fn.__module__ or "").startswith("gradgen.api"):
            name = ast.unparse(node.func)
            advice = f"call it outside, as in `dg = {name}(g)`, and use `dg` here"
            raise self.error(f"`{name}` is called within the function", node, advice)
        if isinstance(fn, types.FunctionType) and not is_library(fn):
            return self.follow(function_source(fn), args, kwargs, node)
        tree.func = self.by_reference(callee).ast
        pure = _hashed(fn, PURE) or isinstance(fn, type) and issubclass(fn, BaseException)
        return self._opaque_term(tree, node, effect=not pure)

    def _length(self, base: Computed, tree: ast.expr, node: ast.AST) -> Term:
        t = base.value.type
        size = None if isinstance(t.shape, ShapeVar) or not t.shape else t.shape[0]
        made = self._opaque_term(tree, node, Type("int", (), size=size))
        return made

    def _sequence_call(self, fn: Any, args: list[Term], kwargs: Any, tree: ast.expr, node: ast.Call) -> Term:
        first = args[0]
        if isinstance(first, Sequence) and len(args) == 1 and not kwargs:
            if fn is len:
                return Static(ast.Constant(len(first.items)), len(first.items))
            if fn in (tuple, list):
                make = ast.Tuple if fn is tuple else ast.List
                return Sequence(make([t.ast for t in first.items], ast.Load()), fn, first.items)
            if fn is sum and first.items:
                total = first.items[0]
                for item in first.items[1:]:
                    total = self._binary(ast.BinOp(node, ast.Add(), node), total, item)
                return total
        return self._opaque_term(tree, node)

    def _call_method(
        self, callee: Method, args: list[Term], kwargs: dict[str, Term], tree: Any, node: ast.Call
    ) -> Term:
        base = Computed(Ref(callee.value), callee.value)
        name = callee.name
        if callee.value.type.kind != "object":
            if name == "astype" and "astype" in PRIMITIVES:
                return self._apply(PRIMITIVES["astype"], [base, *args], kwargs, tree, node)
            if name == "item" and not args:
                return self._apply(OPERATIONS[float], [base], {}, tree, node)
            fn = METHODS.get(name)
            if fn is not None and fn in OPERATIONS:
                if name in ("reshape", "transpose") and len(args) > 1:
                    given = ast.Tuple([t.ast for t in args], ast.Load())
                    if all(isinstance(t, Static) for t in args):
                        args = [Static(given, tuple(t.obj for t in args))]  # type: ignore[attr-defined]
                    else:
                        args = [Sequence(given, tuple, args)]
                        tree = ast.Call(callee.ast, [given], tree.keywords)
                return self._apply(OPERATIONS[fn], [base, *args], kwargs, tree, node)
        return self._opaque_term(tree, node, effect=True)

    def unpacked(self, value: Value, count: int, at: ast.AST) -> list[Term]:
        """The items of a value that is unpacked into `count` names."""
        items: list[Term] = []
        for i in range(count):
            node = self.graph.add(PRIMITIVES["getitem"], [value, i])
            tree = ast.Subscript(Ref(value), ast.Constant(i), ast.Load())
            items.append(self._written(node, tree))
        return items

    # ---- opaque code

    def explain(self, made: Node, code: ast.AST) -> None:
        """Note on an opaque node what to say if a derivative reaches it; refuse code that writes in place."""
        refuse_writes(self, code)
        made.options = {"unknown": unknown(self, code), "reads": reads_only(self, code)}

    def _opaque_term(
        self, tree: ast.expr, node: ast.AST, type: Type | None = None, effect: bool = False
    ) -> Computed:
        """An expression of which only the syntax is known, its operands being read already."""
        inputs = references(tree)
        made = self.graph.add(OPAQUE, list(inputs))
        made.effect = effect
        self.explain(made, node)
        made.outputs = [Value(self.graph, type or Type(), made)]
        return self._written(made, tree)

    def _opaque_expression(self, node: ast.expr, type: Type | None = None) -> Computed:
        tree = self._opaque_syntax(node)
        return self._opaque_term(tree, node, type, effect=self._has_effect(node))

    def _has_effect(self, node: ast.AST) -> bool:
        for child in ast.walk(node):
            if isinstance(child, ast.Call):
                name = child.func
                if not (isinstance(name, ast.Name) and getattr(builtins, name.id, None) in PURE):
                    plain = isinstance(name, (ast.Name, ast.Attribute)) and not self._bound_inside
                    term = self.read(name) if plain else None
                    known = isinstance(term, Static) and (_hashed(term.obj, OPERATIONS) or _hashed(term.obj, PURE))
                    if not known:
                        return True
        return False

    _bound_inside = False

    def _opaque_syntax(self, tree: Any, writes: set[str] = frozenset()) -> Any:  # type: ignore[assignment]
        """A copy of `tree` with the free names replaced by what they refer to."""
        return Closing(self, set(writes)).visit(tree)


class Closing(ast.NodeTransformer):
    """Replaces the free names of a piece of syntax by references; names bound inside stay as they are."""

    def __init__(self, program: Any, bound: set[str]):
        self.program, self.bound = program, bound

    def visit(self, node: Any) -> Any:
        if isinstance(node, (ast.Ref if hasattr(ast, "Ref") else Ref, Hole, Verbatim)):
            return node
        if isinstance(node, ast.Constant):
            text = self.program.frame.function.file.text(node)
            plain = isinstance(node.value, (bool, type(None), type(Ellipsis), str, bytes))
            return ast.Constant(node.value) if plain else Verbatim(text, node.value)
        if isinstance(node, ast.Name):
            if node.id in self.bound:
                return ast.Name(node.id, node.ctx)
            term = self.program.lookup(node)
            if isinstance(term, Closure):
                raise self.program.error(f"the function {node.id!r} is used where it cannot be followed", node)
            return self.program.by_reference(term).ast
        if isinstance(node, ast.JoinedStr):
            return ast.JoinedStr([self.visit(v) if isinstance(v, ast.FormattedValue) else v for v in node.values])
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            names = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
            return self._inside(node, names)
        if isinstance(node, ast.Lambda):
            arguments = node.args
            names = {a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
            return self._inside(node, names)
        if isinstance(node, ast.Attribute):
            term = self.program.read(node) if self._is_static_path(node) else None
            if isinstance(term, Static):
                return term.ast
        copied = type(node)()
        for name, child in ast.iter_fields(node):
            if isinstance(child, list):
                setattr(copied, name, [self.visit(c) if isinstance(c, ast.AST) else c for c in child])
            elif isinstance(child, ast.AST):
                setattr(copied, name, self.visit(child))
            else:
                setattr(copied, name, child)
        return copied

    def _inside(self, node: Any, names: set[str]) -> Any:
        inner = Closing(self.program, self.bound | names)
        copied = type(node)()
        for name, child in ast.iter_fields(node):
            if isinstance(child, list):
                setattr(copied, name, [inner.visit(c) if isinstance(c, ast.AST) else c for c in child])
            else:
                setattr(copied, name, inner.visit(child) if isinstance(child, ast.AST) else child)
        return copied

    def _is_static_path(self, node: ast.Attribute) -> bool:
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            base = base.value
        if not isinstance(base, ast.Name) or base.id in self.bound:
            return False
        return isinstance(self.program.lookup(base), Static)


def is_none(a: Term, b: Term) -> bool | None:
    """Whether `a is b`, one of them being None and of the other known what it is; None for all else."""
    a, b = (b, a) if isinstance(a, Static) else (a, b)
    if not (isinstance(a, Computed) and isinstance(b, Static) and b.obj is None):
        return None
    if a.value.type == NONE:
        return True
    return False if a.value.type.kind in ("int", "float", "bool", "complex") else None


def _number_like(term: Term) -> bool:
    """Whether NumPy can compare it as numbers."""
    if isinstance(term, Static):
        return not isinstance(term.obj, (str, type(None)))
    return isinstance(term, Computed) and term.value.type.kind != "object"


def _hashed(x: Any, table: Any) -> bool:
    try:
        return x in table
    except TypeError:
        return False


ARRAY_MAKERS: tuple[Any, ...] = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray)
ARRAY = {"copy": True, "order": "K", "subok": False, "ndmin": 0, "like": None}
"""The options of `np.array` at their defaults."""
SEQUENCES = ("shape", "index", "indices", "indices_or_sections", "repeats", "shift", "dimensions")
"""Parameters that take a tuple or list as it is."""


class Items(list[Any]):
    """The items of a sequence among the arguments of a call."""

    def __init__(self, term: Sequence, items: list[Any]):
        super().__init__(items)
        self.term = term


def takes_array(op: Operation, i: int) -> bool:
    """Whether a sequence as input `i` of `op` is first made an array: it is no shape, no index, no part of one."""
    inputs = [p for p in op.parameters if p.is_input]
    name = inputs[i].name if not any(p.stars for p in inputs) else ""
    return op.fn not in ARRAY_MAKERS and name not in SEQUENCES


def swapped(tree: Any, displays: dict[int, Value]) -> Any:
    """A copy of `tree` with a reference in place of each piece of syntax that `displays` has a value for."""
    if id(tree) in displays:
        return Ref(displays[id(tree)])
    if isinstance(tree, list):
        return [swapped(item, displays) for item in tree]
    if isinstance(tree, (ast.Call, ast.keyword, ast.Starred)):
        new = copy.copy(tree)
        for name, child in ast.iter_fields(tree):
            setattr(new, name, swapped(child, displays))
        return new
    return tree


def _leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in _leaves(item)] if isinstance(x, (tuple, list)) else [x]


def _plain(x: Any) -> Any:
    """What a term or a sequence of terms denotes."""
    if isinstance(x, Items):
        return x.term.kind(_plain(item) for item in x)
    return x.obj if isinstance(x, Static) else x


def _is_numpy_module(obj: Any) -> bool:
    return obj is np or getattr(obj, "__name__", "").split(".")[0] == "numpy"


def is_library(fn: Any) -> bool:
    """Whether a function belongs to NumPy, SciPy or the standard library, whose source is not followed."""
    root = (getattr(fn, "__module__", None) or "").split(".")[0]
    return root in ("numpy", "scipy", "builtins") or root in sys.stdlib_module_names and root != "__main__"


def is_carried(obj: Any) -> bool:
    """Whether `obj` is a function of `gradgen.functions`, which a module takes along: one with a rule of its own."""
    return isinstance(obj, types.FunctionType) and obj.__module__ == functions.__name__ and obj in OPERATIONS


def library_path(obj: Any) -> tuple[str, ast.expr] | None:
    """(module to import or "", syntax) for an object of NumPy, the standard library or SciPy, else None."""
    if isinstance(obj, types.ModuleType):
        path = obj.__name__
        if _is_numpy_module(obj):
            return "", _dotted("np" + path[len("numpy") :])
        root = path.split(".")[0]
        if root in sys.stdlib_module_names and root != "__main__" or root == "scipy":
            return path, _dotted(path)
        return None
    name: Any = getattr(obj, "__name__", None)
    if not isinstance(name, str) or isinstance(obj, (bool, int, float, np.ndarray)):
        return None
    if isinstance(obj, np.ufunc):
        return ("", numpy_path(name)) if getattr(np, name, None) is obj else _scipy_special(name, obj)
    if not (callable(obj)):
        return None
    module = getattr(obj, "__module__", None) or ""
    for prefix in ("", "linalg.", "fft.", "random."):
        owner = getattr(np, prefix[:-1]) if prefix else np
        if module.split(".")[0] in ("numpy", "builtins") and getattr(owner, name, None) is obj:
            if module == "builtins" and getattr(builtins, name, None) is obj:
                return "", ast.Name(name, ast.Load())
            return "", numpy_path(prefix + name)
    root = module.split(".")[0]
    if root == "builtins" and getattr(builtins, name, None) is obj:
        return "", ast.Name(name, ast.Load())
    found = sys.modules.get(module)
    if found is not None and getattr(found, name, None) is obj:
        if (root in sys.stdlib_module_names and root != "__main__") or root == "scipy":
            return module, ast.Attribute(_dotted(module), name, ast.Load())
    return None


def _scipy_special(name: str, obj: Any) -> tuple[str, ast.expr] | None:
    special = sys.modules.get("scipy.special")
    if special is not None and getattr(special, name, None) is obj:
        return "scipy.special", ast.Attribute(_dotted("scipy.special"), name, ast.Load())
    return None


def _dotted(path: str) -> ast.expr:
    first, *rest = path.split(".")
    tree: ast.expr = ast.Name(first, ast.Load())
    for part in rest:
        tree = ast.Attribute(tree, part, ast.Load())
    return tree


def _python_operators() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    import operator as o

    binary = {
        ast.Add: o.add, ast.Sub: o.sub, ast.Mult: o.mul, ast.Div: o.truediv, ast.Pow: o.pow, ast.FloorDiv: o.floordiv,
        ast.Mod: o.mod, ast.MatMult: o.matmul, ast.BitAnd: o.and_, ast.BitOr: o.or_, ast.BitXor: o.xor,
        ast.LShift: o.lshift, ast.RShift: o.rshift,
    }  # fmt: skip
    unary = {ast.USub: o.neg, ast.UAdd: o.pos, ast.Invert: o.invert, ast.Not: o.not_}
    compare = {ast.Lt: o.lt, ast.LtE: o.le, ast.Gt: o.gt, ast.GtE: o.ge, ast.Eq: o.eq, ast.NotEq: o.ne}
    return binary, unary, compare


PYTHON_BINARY, PYTHON_UNARY, PYTHON_COMPARE = _python_operators()

__all__ = ["OBJECT", "Expressions", "is_library", "library_path", "slice_parts"]

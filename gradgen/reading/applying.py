"""Calling an operation on terms: what is known is computed at once, all else becomes a node with the user's syntax."""

from __future__ import annotations

import ast
import copy
from typing import Any

import numpy as np

from ..graph import CONST, OPAQUE, OPERATIONS, PRIMITIVES, Graph, Node, Operation, Value
from ..shapes import ShapeMismatch
from ..syntax import Hole, display, fill, literal, numpy_path
from ..terms import Computed, Instance, Ref, Sequence, Static, Term, sequence
from .contents import Contents
from .looks import whose_dtype

ARRAY_MAKERS: tuple[Any, ...] = (np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.ix_)
ARRAY = {"copy": True, "order": "K", "subok": False, "ndmin": 0, "like": None}
"""The options of `np.array` at their defaults."""
SEQUENCES = ("shape", "c_or_cr", "index", "indices", "indices_or_sections", "repeats", "shift", "dimensions")
"""Parameters that take a tuple or list as it is."""


class Applying(Contents):
    """The part of a `Program` that makes values and nodes of terms."""

    _graphs: list[Graph]

    def value(self, term: Term) -> Value:
        """The value of the graph that a term is."""
        if isinstance(term, Computed):
            return self.now(term.value)
        if isinstance(term, Static):
            return self.graph.const(term.obj, term.ast)
        if isinstance(term, Instance):
            return self.here(term).ast.value  # type: ignore[attr-defined, no-any-return]
        if isinstance(term, Sequence) and term.kind not in (tuple, list):
            return self.whole(term)
        if isinstance(term, Sequence):
            items = [self.value(t) for t in term.items]
            node = self.graph.add(PRIMITIVES[term.kind.__name__], items)
            return self.written(node, display(term.kind, [Ref(v) for v in items])).value
        raise self.error("this is used as a value, but is a function", getattr(term, "node", None))

    def whole(self, term: Sequence) -> Value:
        """A dict or another object as one value, of which nothing more is known."""
        raise NotImplementedError

    def apply(self, op: Operation, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, at: ast.AST) -> Term:
        """Call an operation on terms; `tree` is how the call is written."""
        if all(isinstance(t, Static) for t in [*args, *kwargs.values()]) and op is not OPAQUE:
            return self.evaluate(op.fn, args, kwargs, tree, at)
        if self._casts(op, args, kwargs):
            cast = ast.Call(ast.Attribute(args[0].ast, "astype", ast.Load()), [kwargs["dtype"].ast], [])
            first = self.apply(PRIMITIVES["astype"], [args[0], kwargs["dtype"]], {}, cast, at)
            args, kwargs = [first, *args[1:]], {k: t for k, t in kwargs.items() if k != "dtype"}
            keywords = [ast.keyword(k, t.ast) for k, t in kwargs.items()]
            tree = ast.Call(tree.func, [t.ast for t in args], keywords)  # type: ignore[attr-defined]
        try:
            deep = any(p.stars == 3 for p in op.parameters)
            named = {k: self._argument(t, deep) for k, t in kwargs.items()}
            inputs, options = op.bind(tuple(self._argument(t, deep) for t in args), named)
            displays: dict[int, Value] = {}
            inputs = [self._input(x, displays, takes_array(op, i, x)) for i, x in enumerate(inputs)]
            options = {k: self._option(k, x, at) for k, x in options.items()}
            node = self.graph.add(op, inputs, options)
        except (TypeError, ValueError, IndexError, ShapeMismatch) as error:
            if isinstance(error, SyntaxError):
                raise
            text = str(error) if not isinstance(error, ShapeMismatch) else f"the sizes {error} do not fit"
            raise self.error(text, at) from error
        if displays:
            tree = swapped(tree, displays)
        first = self.written(node, tree)
        return first if len(node.outputs) == 1 else sequence(tuple, [Computed(Ref(v), v) for v in node.outputs])

    def _casts(self, op: Operation, args: list[Term], kwargs: dict[str, Term]) -> bool:
        """Whether floats are added up, or the like, in a type that is known when it runs: they are cast to it first."""
        dtype = kwargs.get("dtype")
        options = [p.name for p in op.parameters if not p.is_input]
        if not args or not isinstance(args[0], Computed) or not isinstance(dtype, Computed) or "dtype" not in options:
            return False
        whose = whose_dtype(dtype)
        return whose is not None and whose.kind == args[0].value.type.kind == "float"

    def evaluate(self, fn: Any, args: list[Term], kwargs: dict[str, Term], tree: ast.expr, at: ast.AST) -> Term:
        """Call a function on known objects. Raises UnsupportedError where it raises anything."""
        try:
            with np.errstate(all="ignore"):
                obj = fn(*[t.obj for t in args], **{k: t.obj for k, t in kwargs.items()})  # type: ignore[attr-defined]
        except Exception as error:
            if len(self._graphs) > 1 and any(t.obj is None for t in args):  # type: ignore[attr-defined]
                return self.opaque_term(tree, at)  # it may never come to that
            raise self.error(f"{type(error).__name__}: {error}".rstrip(), at) from error
        return Static(tree, obj)

    def opaque_term(self, tree: ast.expr, node: ast.AST, type: Any = None, effect: bool = False) -> Computed:
        """An expression of which only the syntax is known."""
        raise NotImplementedError

    def known_items(self, term: Static) -> list[Term]:
        """The items of a tuple or list that is known, each written out, or as an item of it."""
        raise NotImplementedError

    def unpacked(self, value: Value, count: int, at: ast.AST) -> list[Term]:
        """The items of a value that is unpacked into `count` names."""
        items: list[Term] = []
        for i in range(count):
            node = self.graph.add(PRIMITIVES["getitem"], [value, i])
            tree = ast.Subscript(Ref(value), ast.Constant(i), ast.Load())
            items.append(self.written(node, tree))
        return items

    def written(self, node: Node, tree: ast.expr) -> Computed:
        """Give a node the user's syntax: what `tree` refers to must be among its inputs."""
        place = {v: i for i, v in reversed(list(enumerate(node.inputs)))}

        def make(part: Any) -> Any:
            if isinstance(part, Hole):
                return part
            i = place.get(part.value)
            i = place.get(self.now(part.value)) if i is None else i
            if i is not None:
                return Hole(i)
            constant = literal(part.value.const) if part.value.const is not part.value else None
            if constant is None:
                raise self.error("an option of a NumPy function must be known when the gradient is written")
            return constant

        node.ast = fill(tree, make)
        return Computed(Ref(node.out), node.out)

    def _argument(self, term: Term, deep: bool = False) -> Any:
        """An argument for `Operation.bind`: sequences stay tuples, so that variadic operations see their items.

        deep: whether known lists in them are gone into as well.
        """
        if isinstance(term, Sequence):
            return Items(term, [self._argument(t, deep) for t in term.items])
        if deep and isinstance(term, Static) and isinstance(term.obj, (tuple, list)):
            return [self._argument(t, deep) for t in self.known_items(term)]
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
        several = isinstance(x, (Items, Computed)) or isinstance(x, Static) and isinstance(x.obj, (tuple, list))
        if as_array and several:
            call = ast.Call(numpy_path("array"), [Ref(made)], [])
            made = self.written(self.graph.add(OPERATIONS[np.array], [made, None], ARRAY), call).value
        if made.node is not None and made.node.op is not CONST and made is not getattr(term, "value", None):
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


class Items(list[Any]):
    """The items of a sequence among the arguments of a call."""

    def __init__(self, term: Sequence, items: list[Any]):
        super().__init__(items)
        self.term = term


def takes_array(op: Operation, i: int, x: Any) -> bool:
    """Whether a sequence `x` as input `i` of `op` is first made an array: it is no shape, no index, no part of one."""
    if isinstance(x, Computed):  # gradgen's own operations and Python's know lists
        of_numpy = isinstance(op.fn, np.ufunc) or (getattr(op.fn, "__module__", None) or "").startswith("numpy")
        if x.value.type.of is None or not of_numpy:
            return False
    inputs = [p for p in op.parameters if p.is_input]
    name = inputs[i].name if not any(p.stars for p in inputs) else ""
    return op.fn not in ARRAY_MAKERS and name not in SEQUENCES


OPENED = (ast.Call, ast.keyword, ast.Starred, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.Tuple, ast.List)


def swapped(tree: Any, displays: dict[int, Value]) -> Any:
    """A copy of `tree` with a reference in place of each piece of syntax that `displays` has a value for."""
    if id(tree) in displays:
        return Ref(displays[id(tree)])
    if isinstance(tree, list):
        return [swapped(item, displays) for item in tree]
    if isinstance(tree, OPENED):
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

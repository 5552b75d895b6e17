"""The computational graph: values, the operations that compute them, and the graph language that rules speak.

Goodfellow, Bengio and Courville, *Deep Learning*, section 6.5: a graph G of variables, `get_operation(V)` the
operation that computes V, `get_consumers(V, G)` its children and `get_inputs(V, G)` its parents. Values take part in
NumPy's protocols, so that a rule in plain NumPy builds graph when it is given values and computes when given arrays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .constants import const_type, plain
from .errors import GradgenError, NoRuleError
from .probing import probe
from .shapes import Facts, Type
from .signature import Signature

OPERATIONS: dict[Any, Operation] = {}
"""Every known operation by the NumPy function (or gradgen primitive) that it is; `gradgen.rules` fills it."""


class Operation(Signature):
    """A function that graphs may call.

    fn: what it computes, on arrays. name, signature, inputs, aliases: as of a `Signature`. rule: `rule(g, out,
    *inputs, **options)`, the cotangents of the inputs given that of the output; None where there is none, and
    `differentiable` tells whether that means a derivative of zero (False) or one that gradgen does not know (True).
    elementwise: inputs broadcast against each other. infer: `infer(facts, *inputs, **options)`, the type of the
    result. alias: whether the result may share memory with the first input: "fresh", "view" or "maybe"; "any" where
    it may share it with anything. cheap: costs no arithmetic, so it is computed again rather than kept. effect: must
    run, in order. fields: the names of the outputs, where they come as a named tuple. of_complex: whether the rule is
    one for complex numbers, the derivative being zero for others. reals: whether it is one for real numbers only.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        *,
        name: str = "",
        signature: str = "",
        inputs: str | None = None,
        rule: Callable[..., Any] | None = None,
        differentiable: bool = True,
        elementwise: bool = False,
        infer: Callable[..., Any] | None = None,
        alias: str = "fresh",
        cheap: bool = False,
        effect: bool = False,
        samples: Any = None,
        aliases: dict[str, str] | None = None,
        fields: tuple[str, ...] = (),
        of_complex: bool = False,
        reals: bool = False,
    ):
        super().__init__(name or fn.__name__, signature, inputs, aliases)
        self.fn = fn
        self.rule, self.differentiable, self.elementwise = rule, differentiable, elementwise
        self.infer, self.alias, self.cheap, self.effect, self.samples = infer, alias, cheap, effect, samples
        self.fields, self.of_complex, self.reals = fields, of_complex, reals

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def run(self, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
        """Compute on arrays, given inputs and options as a node holds them."""
        args, kwargs = self.unbind(inputs, options)
        return self.fn(*args, **kwargs)

    def bprop(self, inputs: list[Any], X: Any, G: Any) -> Any:
        """The book's `op.bprop(inputs, X, G)`: sum over i of (grad_X op.f(inputs)_i) G_i, as more graph.

        inputs: the values (or arrays) that the operation was called on, X the one among them whose gradient is
        asked for, G the gradient on the operation's output. Called on values, it adds to their graph. Arrays that
        were broadcast against each other are summed back. Raises NoRuleError where there is no rule.
        """
        out = call(self, *inputs)
        from .reverse import pullback

        parts = [g for v, g in zip(inputs, pullback(self, G, out, inputs, {}), strict=True) if v is X]
        parts = [g for g in parts if g is not None]
        for g in parts:
            if isinstance(g, Unknown):
                raise NoRuleError(g.message, advice=g.advice)
        if not parts:
            return 0.0
        total = parts[0]
        for g in parts[1:]:
            total = total + g
        return total


class Value:
    """A variable of the graph: one version of one quantity. Never a number: whoever asks for one gets an error."""

    __slots__ = ("bar_of", "graph", "held", "hint", "index", "mates", "node", "said", "source", "through", "type")
    __array_priority__ = 1000.0
    __iter__ = None

    def __init__(self, graph: Graph, type: Type, node: Node | None = None, index: int = 0, hint: str = ""):
        self.graph, self.type, self.node, self.index, self.hint = graph, type, node, index, hint
        self.said = ""
        """How the user calls what computes it: the name of a function that was followed, or how a part of an argument
        is reached."""
        self.bar_of: Value | None = None
        """The primal whose cotangent this is."""
        self.source: Value | None = None
        """The value of the enclosing graph that this parameter of a sub-graph stands for."""
        self.held: list[Value] = []
        """What a parameter of a loop's body is at the first step, and at the others."""
        self.mates: frozenset[Value] = frozenset()
        """Other parameters of the same loop's body that may be the same memory at the same step."""
        self.through: list[Any] = []
        """The statements that handed this cotangent on unchanged."""

    def __repr__(self) -> str:
        return f"<value {self.hint or (self.node.op.name if self.node else '?')}: {self.type}>"

    def _refuse(self, *_: Any) -> Any:
        raise GradgenError(f"{self!r} has no number yet: a rule must be written with NumPy operations on whole values")

    __bool__ = __float__ = __int__ = __complex__ = __len__ = __index__ = __array__ = __contains__ = _refuse
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, (int, float, complex, np.ndarray)):
            raise GradgenError("`==` on values compares identity; write np.equal(x, y)")
        return False

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        key = ufunc if method == "__call__" else getattr(ufunc, method)
        return call(operation(key), *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call(operation(func), *args, **kwargs)

    @property
    def ndim(self) -> int | None:
        """The rank, or None where it is unknown."""
        return self.type.ndim

    @property
    def const(self) -> Any:
        """The Python object, where it is a constant; else the value itself, so that rules see plain constants."""
        if self.node is not None:
            return self.node.options["value"] if self.node.op is CONST else self
        outer = self if self.source is None else self.source.const
        return self if isinstance(outer, Value) else outer

    def __getitem__(self, index: Any) -> Any:
        return call(_primitive("getitem"), self, index)

    @property
    def T(self) -> Any:
        return call(operation(np.transpose), self)

    @property
    def shape(self) -> Any:
        return call(_primitive("shape"), self)

    @property
    def size(self) -> Any:
        return call(_primitive("size"), self)

    @property
    def dtype(self) -> Any:
        return call(_primitive("dtype"), self)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return call(operation(np.sum), self, axis=axis, keepdims=keepdims)

    def reshape(self, shape: Any) -> Any:
        return call(operation(np.reshape), self, shape)


def _binary(ufunc: Any, swapped: bool = False) -> Any:
    if swapped:
        return lambda self, other: call(operation(ufunc), other, self)
    return lambda self, other: call(operation(ufunc), self, other)


for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "pow": np.power,
    "matmul": np.matmul, "floordiv": np.floor_divide, "mod": np.remainder, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}.items():  # fmt: skip
    setattr(Value, f"__{_name}__", _binary(_ufunc))
    setattr(Value, f"__r{_name}__", _binary(_ufunc, swapped=True))
for _name, _ufunc in {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}.items():
    setattr(Value, f"__{_name}__", _binary(_ufunc))
for _name, _ufunc in {"neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert}.items():
    setattr(Value, f"__{_name}__", lambda self, _ufunc=_ufunc: call(operation(_ufunc), self))


class Unknown:
    """What a rule returns in place of a cotangent that gradgen does not know: it is an error to need it."""

    def __init__(self, message: str, advice: str = ""):
        self.message, self.advice = message, advice


class Node:
    """One call of an operation.

    inputs: the values that it reads. options: its static options. outputs: its results. ast: the user's expression
    or statement, with a `Hole(i)` where input i stands; None for what gradgen made. origin: the user's statement
    that it belongs to. backward: whether it is part of the backward pass. subgraphs: bodies of control flow.
    """

    __slots__ = ("again", "ast", "backward", "effect", "inputs", "op", "options", "origin", "outputs", "subgraphs")

    def __init__(self, op: Operation, inputs: tuple[Value, ...], options: dict[str, Any]):
        self.op, self.inputs, self.options = op, inputs, options
        self.outputs: list[Value] = []
        self.subgraphs: tuple[Graph, ...] = ()
        self.ast: Any = None
        self.origin: Any = None
        self.backward = False
        self.again = False
        """Whether it is of the forward pass, and computed in the backward pass again, or instead."""
        self.effect = op.effect

    @property
    def out(self) -> Value:
        return self.outputs[0]

    @property
    def differentiable(self) -> bool:
        """Whether a derivative goes through it that is not zero everywhere, be it known or not."""
        op = self.op
        if op.of_complex:
            return self.inputs[0].type.kind == "complex"
        return op.rule is not None or op.differentiable

    @property
    def args(self) -> list[Any]:
        """The inputs as rules see them: constants as themselves, but arrays of floats as values, to compute with."""
        return [v if is_array_constant(v) else v.const for v in self.inputs]

    def key(self) -> tuple[Any, ...]:
        """What two calls that compute the same have in common."""
        return (self.op, tuple(map(id, self.inputs)), _frozen(self.options))

    def __repr__(self) -> str:
        return f"<node {self.op.name}>"


def _frozen(x: Any) -> Any:
    """A hashable stand-in that tells apart what Python's `==` does not: 1, 1.0 and True; 0.0 and -0.0."""
    if isinstance(x, dict):
        return tuple((k, _frozen(v)) for k, v in x.items())
    if isinstance(x, (tuple, list)):
        return (type(x).__name__, *map(_frozen, x))
    if isinstance(x, Value):
        return id(x)
    if isinstance(x, np.ndarray):
        return id(x)
    return (type(x).__name__, repr(x))


class Graph:
    """Operations in the order in which they run; parameters in, results out."""

    def __init__(self, name: str = "", facts: Facts | None = None):
        self.name = name
        self.params: list[Value] = []
        self.nodes: list[Node] = []
        self.results: list[Value] = []
        self.facts = facts if facts is not None else Facts()
        self.origin: Any = None
        self.backward = False
        self.holder: Node | None = None
        """The node that it is a sub-graph of."""
        self.place: dict[Value, int] = {}
        """The place of each value, while statements are put in order."""
        self._consts: dict[Any, Value] = {}
        self.captured: dict[Value, Value] = {}
        """Of a sub-graph: the parameter that stands for each outer value it takes."""
        self.named: dict[str, Value] = {}
        """The last value that the user's function gave each name."""

    # ---- the book's language

    def get_operation(self, V: Value) -> Operation | None:
        """The operation that computes V; None for a parameter."""
        return None if V.node is None else V.node.op

    def get_consumers(self, V: Value) -> list[Value]:
        """The values that are computed from V, V's children in G."""
        return [out for node in self.nodes if any(v is V for v in node.inputs) for out in node.outputs]

    def get_inputs(self, V: Value) -> list[Value]:
        """The values that V is computed from, V's parents in G."""
        return [] if V.node is None else list(V.node.inputs)

    def __getitem__(self, name: str) -> Value:
        """The value that the function's text calls `name`, in its last version."""
        return self.named[name]

    def __str__(self) -> str:
        from .draw import dump

        return dump(self)

    # ---- building

    def param(self, name: str, type: Type) -> Value:
        value = Value(self, type, hint=name)
        self.params.append(value)
        self.named[name] = value
        return value

    def capture(self, v: Value) -> Value:
        """What stands for the outer value `v` in this sub-graph: a parameter, or a literal of its own."""
        if v.node is not None and v.node.op is CONST and not v.hint:
            return self.const(v.node.options["value"], v.node.ast)
        if v not in self.captured:
            param = self.captured[v] = Value(self, v.type, hint=v.hint)
            param.source, param.bar_of = v, v.bar_of
            self.params.append(param)
        return self.captured[v]

    def unlike(self, word: str) -> str:
        """`word`, or a name like it that no parameter has."""
        names, free, k = {v.hint for v in self.params}, word, 1
        while free in names:
            free, k = f"{word}_{k}", k + 1
        return free

    def const(self, value: Any, ast: Any = None) -> Value:
        """The constant `value`; `ast` is how the user wrote it."""
        key = (_frozen(value), None if ast is None else getattr(ast, "text", ""))
        found = self._consts.get(key)
        if found is None and ast is None and (isinstance(value, np.ndarray) or callable(value)):
            found = self._consts.get((key[0], ""))  # it has a name of the user's, by which it is written
        if found is None:
            node = Node(CONST, (), {"value": value})
            node.ast = ast
            found = Value(self, const_type(value), node)
            node.outputs.append(found)
            self._consts[key] = found
        return found

    def add(self, op: Operation, inputs: list[Any], options: dict[str, Any] | None = None) -> Node:
        """Append a call of `op`. Constants among `inputs` become values; the outputs get their types."""
        values = tuple(v if isinstance(v, Value) else self.const(plain(v)) for v in inputs)
        node = Node(op, values, options or {})
        node.origin, node.backward = self.origin, self.backward
        types = infer(self.facts, op, node.args, node.options)
        for i, type in enumerate(types if isinstance(types, list) else [types]):
            node.outputs.append(Value(self, type, node, i))
        self.nodes.append(node)
        return node

    @contextlib.contextmanager
    def at(self, origin: Any, backward: bool | None = None) -> Iterator[None]:
        """Let what is added meanwhile belong to the statement `origin`."""
        saved = self.origin, self.backward
        self.origin = origin
        self.backward = self.backward if backward is None else backward
        try:
            yield
        finally:
            self.origin, self.backward = saved


CONST = Operation(
    lambda value: value, name="const", differentiable=False, cheap=True, infer=lambda facts, value: const_type(value)
)
OPAQUE = Operation(lambda *args: None, name="opaque", alias="any")


def is_array_constant(v: Any) -> bool:
    """Whether `v` is a value that stands for a constant array of floats: it keeps the name that the user gave it."""
    if not isinstance(v, Value) or v.node is None or v.node.op is not CONST:
        return False
    value = v.node.options["value"]
    return isinstance(value, np.ndarray) and value.ndim > 0 and value.dtype.kind in "fc"


def type_of(x: Any) -> Type:
    """The type of an input, be it a value or a constant; of what is known by its type alone, this."""
    return x if isinstance(x, Type) else x.type if isinstance(x, Value) else const_type(x)


def operation(fn: Any) -> Operation:
    """The operation that the NumPy function `fn` is. Raises NoRuleError for one that gradgen does not know."""
    try:
        return OPERATIONS[fn]
    except (KeyError, TypeError):
        raise NoRuleError(f"gradgen knows no rule for {getattr(fn, '__name__', fn)!r}") from None


def _primitive(name: str) -> Operation:
    return PRIMITIVES[name]


PRIMITIVES: dict[str, Operation] = {}
"""gradgen's own operations by name: getitem, scatter, shape, ..."""


def nodes_of(graph: Graph) -> Iterator[Node]:
    """The nodes of a graph and of its sub-graphs."""
    for node in graph.nodes:
        yield node
        for inner in node.subgraphs:
            yield from nodes_of(inner)


def values_in(x: Any) -> Iterator[Value]:
    if isinstance(x, Value):
        yield x
    elif isinstance(x, (tuple, list)):
        for item in x:
            yield from values_in(item)
    elif isinstance(x, slice):
        yield from values_in((x.start, x.stop, x.step))


def call(op: Operation, *args: Any, **kwargs: Any) -> Any:
    """Call `op`: on arrays it computes, on values it adds a node to their graph and returns the output."""
    found = next(values_in((args, tuple(kwargs.values()))), None)
    if found is None:
        return op.fn(*args, **kwargs)
    graph = found.graph
    inputs, options = op.bind(args, kwargs)
    return _result(graph.add(op, [structure(graph, x) for x in inputs], options))


def _result(node: Node) -> Any:
    return node.outputs[0] if len(node.outputs) == 1 else tuple(node.outputs)


def structure(graph: Graph, x: Any) -> Any:
    """A tuple, list or slice with values inside, as one value: an operation that builds it."""
    if isinstance(x, (tuple, list, slice)) and next(values_in(x), None) is not None:
        name = type(x).__name__
        parts = (x.start, x.stop, x.step) if isinstance(x, slice) else x
        return graph.add(_primitive(name), [structure(graph, part) for part in parts]).out
    return x


def infer(facts: Facts, op: Operation, args: list[Any], options: dict[str, Any]) -> Any:
    """The type of `op`'s result, or a list of them: by its own inference, else by probing."""
    if op.infer is not None:
        return op.infer(facts, *args, **options)
    return probe(facts, lambda arrays: op.run(arrays, options), [a.type if isinstance(a, Value) else a for a in args])

"""Products in normal form: a number, factors and divisors, with broadcasting left to NumPy."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .forms import Product, compared, is_cast_mask, is_named, is_op, literal_number, parts_of, reduced
from .graph import OPERATIONS, PRIMITIVES, Graph, Node, Operation, Value


class Factors:
    """The part of the `Simplifier` that makes values, and products of them.

    graph: what is added to. new: what stands for each old value now. known: the nodes that were made, by what they
    compute. uses: how often each value is read. shared: what more than one reads.
    """

    def __init__(self, graph: Graph):
        self.graph, self.facts = graph, graph.facts
        self.new: dict[Value, Value] = {}
        self.known: dict[Any, Node] = {}
        self.uses: Counter[Value] = Counter(v for node in graph.nodes for v in node.inputs)
        self.uses.update(graph.results)
        self.shared: set[Value] = set()
        self.twins: dict[Value, Value] = {}
        """For a forward value the one that stands for all that are computed in the same way, a named one at best."""
        self.quotients: dict[Value, dict[Value, Value]] = {}
        """The forward x / y, by y and x."""
        self.log_quotients: dict[Value, dict[Value, Value]] = {}
        """The forward x - log(s), by s and x."""

    def get(self, v: Value) -> Value:
        return self.new.get(v, v)

    def make(self, op: Operation | str, inputs: list[Any], **options: Any) -> Value:
        """The output of a call, a node that computes the same being shared."""
        op = PRIMITIVES[op] if isinstance(op, str) else op
        values = [v if isinstance(v, Value) else self.graph.const(v) for v in inputs]
        key = Node(op, tuple(values), options).key()
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.graph.add(op, list(values), options)
        elif found.backward:
            self.shared.add(found.out)
        return found.out

    def product(self, p: Product) -> Value:
        """The value of a product; broadcasting factors that other factors cover give way to what they broadcast."""
        p, like = self._strip(self._logistic(self._at_hand(self._cancelled(p))))
        out = self._product(self._in_dtype(p))
        return out if like is None else self.broadcast(out, like)

    def _in_dtype(self, p: Product) -> Product:
        """A mask that is multiplied by no array of floats is one itself, in the dtype of what it compares.

        A Python number times a mask would be float64, whatever the dtype of all else.
        """
        parts = p.factors + p.divisors
        if any(v.type.floating and v.type.array for v in parts):
            return p
        for i, v in enumerate(p.factors):
            source = compared(v)
            if source is not None:
                cast = self.make("cast_like", [v, source])
                return Product(p.num, p.den, [*p.factors[:i], cast, *p.factors[i + 1 :]], p.divisors)
        return p

    def _at_hand(self, p: Product) -> Product:
        """x / y is the quotient that the forward pass computed; exp(x) / s is exp(x - log(s)), where that is at hand.

        So softmax is read from its logarithm, and the sum in it needs no name.
        """
        for y in p.divisors:
            for x in p.factors if y in self.quotients or y in self.log_quotients else ():
                found = self.quotients.get(y, {}).get(x)
                if found is None and is_op(x, "exp") and not x.hint and not x.node.backward:  # type: ignore[union-attr]
                    log = self.log_quotients.get(y, {}).get(x.node.inputs[0])  # type: ignore[union-attr]
                    found = None if log is None else self.make(OPERATIONS[np.exp], [log])
                if found is not None:
                    factors, divisors = list(p.factors), list(p.divisors)
                    factors[factors.index(x)] = found
                    divisors.remove(y)
                    return self._at_hand(Product(p.num, p.den, factors, divisors))
        return p

    def _logistic(self, p: Product) -> Product:
        """e / (1 + e) is 1 - 1 / (1 + e) where the latter is at hand, which is right also where e is infinite."""
        for y in p.divisors:
            found = next((q for x, q in self.quotients.get(y, {}).items() if literal_number(x) == 1.0), None)
            terms = y.node.inputs if found is not None and is_op(y, "add") else ()  # type: ignore[union-attr]
            e = next((x for x in terms if is_op(x, "exp") and x in p.factors), None)
            if e is not None and any(literal_number(x) == 1.0 for x in terms):
                factors, divisors = list(p.factors), list(p.divisors)
                factors[factors.index(e)] = self.make(OPERATIONS[np.subtract], [1.0, found])
                divisors.remove(y)
                return self._logistic(Product(p.num, p.den, factors, divisors))
        return p

    def _cancelled(self, p: Product) -> Product:
        """Dividing by x / y and by y is dividing by x, also where y is 0 and the former gives NaN."""
        for q in p.divisors:
            if is_op(q, "divide") and not q.hint and not q.node.backward:  # type: ignore[union-attr]
                x, y = q.node.inputs  # type: ignore[union-attr]
                if y in p.divisors and self.facts.same_shape(x.type.shape, q.type.shape):
                    divisors = [x if v is q else v for v in p.divisors]
                    divisors.remove(y)
                    return self._cancelled(Product(p.num, p.den, p.factors, divisors))
        return p

    def _product(self, p: Product) -> Value:
        num, den = reduced(p.num, p.den)
        if p.bare and den == 1.0:
            return self.graph.const(num)
        if (num, den) == (1.0, 1.0) and len(p.factors) == 1 and not p.divisors and p.factors[0].type.floating:
            return p.factors[0]
        return self.make("product", p.factors + p.divisors, num=num, den=den, divisors=len(p.divisors))

    def _strip(self, p: Product) -> tuple[Product, Value | None]:
        parts = p.factors + p.divisors
        bare = [self.narrow(v) for v in parts]
        if bare == parts:
            return p, None
        shape = self.facts.broadcast(*(v.type.shape for v in parts))
        count = len(p.factors)
        covered = self.facts.broadcast(*(v.type.shape for v in bare))
        inner = Product(p.num, p.den)
        for i, v in enumerate(bare):
            one = self.opened(v)
            inner = inner.times(one) if i < count else inner.over(one)
        if self.facts.same_shape(covered, shape):
            return inner, None
        for v in parts:
            if is_op(v, "broadcast_like") and self.facts.same_shape(v.type.shape, shape):
                return inner, v.node.inputs[1]  # type: ignore[union-attr]
        return p, None

    def narrow(self, v: Value) -> Value:
        """The value that NumPy broadcasts to `v` where something else has its shape."""
        while v.node is not None and v.node.backward:
            if not is_op(v, "broadcast_like") and (not is_op(v, "expand_dims") or is_named(v) or not leads(v.node)):
                break
            v = v.node.inputs[0]
        return v

    def slim(self, v: Value) -> Value:
        """`v`, or a product of fewer axes that NumPy broadcasts to it, to be added to what has its shape."""
        v = self.narrow(v)
        p = self.opened(v)
        factors, divisors = [list(map(self.narrow, parts)) for parts in (p.factors, p.divisors)]
        same = (factors, divisors) == (p.factors, p.divisors)
        return v if same else self.product(Product(p.num, p.den, factors, divisors))

    def broadcast(self, v: Value, like: Value) -> Value:
        if self.facts.same_shape(v.type.shape, like.type.shape):
            return v
        return self.make("broadcast_like", [v, like])

    def opened(self, v: Value) -> Product:
        """`v` as a product, where nothing is computed twice by taking it apart."""
        number = literal_number(v)
        if number is not None:
            return Product(number)
        node = v.node
        if is_cast_mask(v) and node.backward and not is_named(v):  # type: ignore[union-attr]
            return Product(factors=[node.inputs[0]])  # type: ignore[union-attr]
        if node is not None and not node.backward and self._is_spent(v):
            return self._parts_of_quotient(node)
        if node is None or not node.backward or node.op.name != "product":
            return Product(factors=[v])
        p = parts_of(node)
        if is_named(v):
            return Product(factors=[v])
        simple = len(p.factors) == 1 and not p.divisors
        if v in self.shared and not simple:
            return Product(factors=[v])
        return p

    def _is_spent(self, v: Value) -> bool:
        """Whether `v` is a part of the user's product or quotient that nothing needs but one backward value, or a
        multiple of a named scalar: the backward value is computed from its parts."""
        node = v.node
        assert node is not None
        if v.hint or node.op.name not in ("multiply", "divide", "true_divide", "negative") or v.type.kind == "complex":
            return False
        scaled = v.type.scalar and any(literal_number(x) is not None for x in node.inputs)
        return self.uses[v] == 1 or scaled and all(x.hint or literal_number(x) is not None for x in node.inputs)

    def _parts_of_quotient(self, node: Node) -> Product:
        first, *second = [self.opened(x) for x in node.inputs]
        if not second:
            return first.scaled(-1.0)
        return first.times(*second) if node.op.name == "multiply" else first.over(*second)


def leads(node: Node) -> bool:
    """Whether an `expand_dims` puts its axes before all others, as broadcasting does."""
    rank, axis = node.out.type.ndim, node.options["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    return rank is not None and {a % rank for a in axes} == set(range(len(axes)))

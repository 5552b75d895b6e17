"""Simplification of the backward pass: products and sums in normal form, broadcasting left to NumPy, sharing.

The forward pass stays as the user wrote it. A backward value is rebuilt, in topological order, as `identities` tells
for its operation. What holds in floating point only for finite numbers is not done: factors are reordered and pulled
out of sums, but `0 * x` and `x / x` stay what they are.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from .control import Control, is_defined, reconnect
from .forms import (
    Product,
    common_factors,
    compared,
    is_cast_mask,
    is_named,
    is_negative,
    is_op,
    literal_number,
    parts_of,
    reduced,
)
from .graph import CONST, OPAQUE, OPERATIONS, PRIMITIVES, Graph, Node, Operation, Value
from .identities import REWRITES, masked, rebuild
from .shapes import OBJECT, ShapeVar


def simplify(graph: Graph) -> None:
    """Rebuild the backward part of `graph` in place, until nothing changes."""
    before = None
    for _ in range(4):
        prune(graph)
        Simplifier(graph).run()
        prune(graph)
        now = [(node.op.name, len(node.inputs)) for node in graph.nodes if node.backward]
        if now == before:
            break
        before = now
    repoint(graph)
    prune(graph)


def prune(graph: Graph) -> None:
    """Drop what neither a result nor an effect needs."""
    needed = set(graph.results)
    kept = []
    for node in reversed(graph.nodes):
        if node.effect or any(out in needed for out in node.outputs):
            if isinstance(node.op, Control):
                node.op.trim(node, needed, prune)
            needed.update(node.inputs)
            kept.append(node)
    graph.nodes[:] = kept[::-1]


SHAPE_ONLY = {"shape": 0, "size": 0, "ndim": 0, "broadcast_like": 1, "unbroadcast": 1, "scatter": 2, "zeros_for": 0,
              "cast_like": 1}  # fmt: skip
"""Operations of the backward pass that look at an input for its shape alone, and which input that is."""


DTYPE_TOO = ("broadcast_like", "scatter", "zeros_for", "cast_like")
"""Those of them that also take their dtype from it, where a number is all that they put there."""


def repoint(graph: Graph) -> None:
    """Let what is read for its shape alone be something that is there anyway, so that nothing is computed for it."""
    live: set[Value] = set(graph.results) | set(graph.params)
    for node in reversed(graph.nodes):
        if node.effect or any(out in live for out in node.outputs):
            skip = SHAPE_ONLY.get(node.op.name) if node.backward else None
            live.update(v for i, v in enumerate(node.inputs) if i != skip)
    best: dict[Any, Value] = {}
    for v in graph.params:
        note_shape(graph, best, v, live)
    for node in list(graph.nodes):
        if node.backward and node.op.name in SHAPE_ONLY:
            place = SHAPE_ONLY[node.op.name]
            like = node.inputs[place]
            if node.op.name not in DTYPE_TOO:
                like = same_shaped(graph, like)
                node.inputs = (*node.inputs[:place], like, *node.inputs[place + 1 :])
            if not (like in live and like.hint) and like.node is not None and not like.type.scalar:
                number = place == 0 or node.op.name == "cast_like" or node.inputs[0].type.scalar
                exact = node.op.name in DTYPE_TOO and number
                other = best.get(shape_key(graph, like, exact))
                if other is not None:
                    node.inputs = (*node.inputs[:place], other, *node.inputs[place + 1 :])
                elif node.op.name == "size":
                    as_length(graph, node, [v for v in best.values() if v is not None])
        for v in node.outputs:
            note_shape(graph, best, v, live)


def same_shaped(graph: Graph, v: Value) -> Value:
    """An input that has the shape of `v`, where `v` is an unnamed part that is computed entry by entry."""
    while v.node is not None and v.node.op.elementwise and not v.hint and not v.node.backward:
        alike = [x for x in v.node.inputs if graph.facts.same_shape(x.type.shape, v.type.shape)]
        if not alike:
            break
        v = alike[0]
    return v


def as_length(graph: Graph, node: Node, known: list[Value]) -> None:
    """Let `node`, a size, be the length of an axis of one of the values that are `known`, if it is that."""
    size = node.out.type.size
    for v in known:
        shape = v.type.shape
        for axis, d in enumerate(() if isinstance(shape, ShapeVar) else shape):
            if size is not None and graph.facts.same(d, size):
                with graph.at(node.origin, backward=True):
                    shape_of = Node(PRIMITIVES["shape"], (v,), {})
                    shape_of.outputs.append(Value(graph, OBJECT, shape_of))
                    shape_of.backward, shape_of.origin = True, node.origin
                node.op, node.inputs = PRIMITIVES["getitem"], (shape_of.out, graph.const(axis))
                graph.nodes.insert(graph.nodes.index(node), shape_of)
                return


def note_shape(graph: Graph, best: dict[Any, Value], v: Value, live: set[Value]) -> None:
    """Note that `v` has its shape, if it has a name in the forward pass; the last computed is preferred."""
    forward = v.node is None or not v.node.backward
    if v in live and v.hint and forward and v.type.kind != "object" and is_defined(v):
        best[shape_key(graph, v, False)] = v
        best[shape_key(graph, v, True)] = v


def shape_key(graph: Graph, v: Value, exact: bool) -> Any:
    """What values have in common whose shapes are the same; exact: and whose kind is."""
    shape = v.type.shape
    key = shape if isinstance(shape, ShapeVar) else tuple(map(graph.facts.canonical, shape))
    return (key, v.type.kind, v.type.array) if exact else key


class Simplifier:
    """One round: `new` maps each old value to what stands for it now."""

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

    def run(self) -> None:
        nodes, self.graph.nodes = self.graph.nodes, []
        for node in nodes:
            if not node.backward:
                self._keep(node)
                continue
            with self.graph.at(node.origin, backward=True):
                inputs = [self.twins.get(w, w) for w in map(self.get, node.inputs)]
                if isinstance(node.op, Control):
                    node.inputs = tuple(inputs)
                    self.graph.nodes.append(node)
                    for inner in node.op.settle(node):
                        simplify(inner)
                    self._tell(node)
                    continue
                if len(node.outputs) > 1 or node.effect:
                    made = self.graph.add(node.op, list(inputs), node.options)
                    self.new.update(zip(node.outputs, made.outputs, strict=True))
                    continue
                made_value = REWRITES.get(node.op.name, rebuild)(self, node, inputs)
                self._hand_over(node.out, made_value)
        self.graph.results = [self.get(v) for v in self.graph.results]

    def _tell(self, node: Node) -> None:
        """Let the sub-graphs of `node` know what they take now, and whether that is a Python number."""
        reconnect(node)
        for graph in node.subgraphs:
            for param in graph.params:
                if param.source is not None and not param.source.type.array:
                    param.type = param.type.but(array=False)

    def _keep(self, node: Node) -> None:
        """Take over a forward node, and note what it makes superfluous to compute."""
        self.graph.nodes.append(node)
        if node.effect or isinstance(node.op, Control):
            return
        inputs = tuple(self.twins.get(v, v) for v in node.inputs)
        twin = self.known.setdefault(Node(node.op, inputs, node.options).key(), node)
        if twin is not node and twin.ast is not None and node.op not in (CONST, OPAQUE) and len(node.outputs) == 1:
            first, again = twin.out, node.out
            first, again = (again, first) if again.hint and not first.hint else (first, again)
            self.twins[again] = first
        if node.op.name in ("true_divide", "divide") and not self._is_spent(node.out):
            x, y = inputs
            self.quotients.setdefault(y, {}).setdefault(x, node.out)
        elif node.op.name == "subtract" and is_op(node.inputs[1], "log"):
            [s] = node.inputs[1].node.inputs  # type: ignore[union-attr]
            self.log_quotients.setdefault(s, {}).setdefault(inputs[0], node.out)

    def _hand_over(self, old: Value, new: Value) -> None:
        """`new` stands for `old` from now on, and takes over what is known of it."""
        self.new[old] = new
        if self.uses[old] > 1:
            self.shared.add(new)
        if new.node is None or not new.node.backward:
            return
        new.through += [origin for origin in old.through if origin not in new.through]
        if old.bar_of is None:
            return
        named = new.bar_of is not None and bool(new.bar_of.hint)
        passed = bool(old.node.inputs) and self.uses[old.node.inputs[0]] == 1  # type: ignore[union-attr]
        if not named or (passed and old.bar_of.hint):
            if named and new.bar_of is not old.bar_of:
                new.through.append(old.node.origin)  # type: ignore[union-attr]
            new.bar_of = old.bar_of

    def get(self, v: Value) -> Value:
        return self.new.get(v, v)

    # ---- building

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

    def rewritten(self, op: Operation, inputs: list[Value], **options: Any) -> Value:
        """The output of a call to which the identities of its operation are applied."""
        probe = Node(op, tuple(inputs), options)
        rewrite = REWRITES.get(op.name)
        if rewrite is None:
            return self.make(op, list(inputs), **options)
        return rewrite(self, probe, inputs)

    def product(self, p: Product) -> Value:
        """The value of a product; broadcasting factors that other factors cover give way to what they broadcast."""
        p, like = self._strip(self._at_hand(self._cancelled(p)))
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

    def terms(self, v: Value) -> list[Value]:
        """The terms of a sum that may be taken apart."""
        if is_op(v, "total") and v.node.backward and v not in self.shared and not is_named(v):  # type: ignore[union-attr]
            return list(v.node.inputs)  # type: ignore[union-attr]
        return [v]

    def total(self, terms: list[Value]) -> Value:
        """The sum of terms: equal ones merged, common factors taken out, broadcasting left to NumPy.

        Terms that are zero but at an index are added there: the others first, then index by index.
        """
        terms = [t for v in terms for t in self.terms(v)]
        placed: dict[Any, tuple[Value, Value, list[Value]]] = {}
        dense = []
        for t in terms:
            parts = self.placed(t)
            for values, index, like in parts:
                placed.setdefault(id(index), (index, like, []))[2].append(values)
            if not parts:
                dense.append(t)
        if len(terms) == 1 or not placed:
            return self._dense_total(dense or terms)
        out = self._dense_total(dense) if dense else None
        if out is not None:  # the terms that are placed may have been what it is broadcast by
            out = self.broadcast(out, next(like for _, like, _ in placed.values()))
        sums = [(index, like, self.total(values)) for index, like, values in placed.values()]
        as_it_was = {t.node.inputs: t for t in terms if t.node is not None and is_op(t, "scatter")}
        for index, like, term in sorted(sums, key=lambda entry: is_negative(entry[2])):
            if out is None:
                key = (term, index, like)
                out = as_it_was[key] if key in as_it_was else self.make("scatter", list(key))
            else:
                out = self.make("increment", [out, index, term])
        assert out is not None
        return out

    def placed(self, v: Value) -> list[tuple[Value, Value, Value]]:
        """(values, index, like) of each part, where `v` is zero but at an index or several; else nothing."""
        found = []
        while is_op(v, "increment") and v.node.backward and v not in self.shared and not is_named(v):  # type: ignore[union-attr]
            base, index, values = v.node.inputs  # type: ignore[union-attr]
            found.append((values, index, base))
            v = base
        if not is_op(v, "scatter") or v in self.shared or found and is_named(v):
            return []
        values, index, like = v.node.inputs  # type: ignore[union-attr]
        return [(values, index, like), *((x, i, like) for x, i, _ in reversed(found))]

    def _paired(self, terms: list[Value]) -> list[Value]:
        """The terms, those that are zero on either side of one condition being one `where` of both."""
        out: list[Value] = []
        for t in terms:
            mine = self._masked(t)
            for i, other in enumerate(out if mine is not None else ()):
                theirs = self._masked(other)
                if theirs is None or mine is None or theirs[0] is not mine[0]:
                    continue
                if theirs[1] is mine[1]:
                    if is_op(t, "where") and is_op(other, "where"):
                        zero, value = self.graph.const(0.0), self.total([theirs[2], mine[2]])
                        sides = [value, zero] if mine[1] else [zero, value]
                        out[i] = self.make(OPERATIONS[np.where], [mine[0], *sides])
                        break
                    continue
                if any(literal_number(value) is None for value in (mine[2], theirs[2])):  # which decides the dtype
                    sides = [mine[2], theirs[2]] if mine[1] else [theirs[2], mine[2]]
                    out[i] = self.make(OPERATIONS[np.where], [mine[0], *sides])
                    break
            else:
                out.append(t)
        return out

    def _masked(self, v: Value) -> tuple[Value, bool, Value] | None:
        """(condition, taken, value) where `v` is zero on one side of a condition: a `where`, or a mask as a factor."""
        if v.node is None or not v.node.backward or is_named(v):
            return None
        if is_op(v, "where"):
            return masked(v.node.op.name, list(v.node.inputs))
        p = self.opened(v)
        for x in p.factors:
            side = masked(x.node.op.name, list(x.node.inputs)) if is_op(x, "where") and not is_named(x) else None  # type: ignore[union-attr]
            if side is not None and x not in self.shared:
                others = Product(p.num, p.den, [y for y in p.factors if y is not x], p.divisors)
                return side[0], side[1], self.product(others.times(self.opened(side[2])))
        masks = [x for x in p.factors if x.type.kind == "bool" or is_cast_mask(x)]
        if len(masks) != 1:
            return None
        rest = self.product(Product(p.num, p.den, [x for x in p.factors if x not in masks], p.divisors))
        mask = self.opened(masks[0]).factors[0]
        return (mask.node.inputs[0], False, rest) if is_op(mask, "logical_not") else (mask, True, rest)  # type: ignore[union-attr]

    def _dense_total(self, terms: list[Value]) -> Value:
        terms = self._paired(terms)
        shape = self.facts.broadcast(*(t.type.shape for t in terms))
        wide = [t for t in terms if is_op(t, "broadcast_like")]
        bare = [self.narrow(t) for t in terms]
        if bare != terms:
            inner = self._dense_total(bare)
            if self.facts.same_shape(inner.type.shape, shape):
                return inner
            for t in wide:
                if self.facts.same_shape(t.type.shape, shape):
                    return self.broadcast(inner, t.node.inputs[1])  # type: ignore[union-attr]
        opened = self._with_one_coefficient(terms, [self.opened(t) for t in terms])
        as_it_was = {id(p): t for p, t in zip(opened, terms, strict=True)}
        products = self._merged(opened)
        if not products:
            zero = self.graph.const(0.0)
            return zero if shape == () else self.broadcast(zero, terms[0])
        values = [as_it_was[id(p)] if id(p) in as_it_was else self.product(p) for p in products]
        if len(products) == 1:
            return values[0]
        common, rest = common_factors(products)
        if common is None:
            return self.make("total", values)
        inner = self.make("total", [self.product(p) for p in rest])
        return self.product(Product(common.num, common.den, [*common.factors, inner], common.divisors))

    def _with_one_coefficient(self, terms: list[Value], opened: list[Product]) -> list[Product]:
        """Terms that are a multiple of something under a name of their own lose it where all then have one coefficient.

        That is taken out of the sum, so that one array less is gone through.
        """
        bare = [self._multiple(t) or p for t, p in zip(terms, opened, strict=True)]
        same = len({(abs(p.num), p.den) for p in bare}) == 1 and (abs(bare[0].num), bare[0].den) != (1.0, 1.0)
        return bare if same else opened

    def _multiple(self, v: Value) -> Product | None:
        if is_op(v, "product") and v.node.backward and is_named(v) and v not in self.shared:  # type: ignore[union-attr]
            p = parts_of(v.node)  # type: ignore[arg-type]
            return p if len(p.factors) == 1 and not p.divisors else None
        return None

    def _merged(self, products: list[Product]) -> list[Product]:
        """Terms that differ in their coefficient only become one; a structural zero goes."""
        found: dict[Any, Product] = {}
        for p in products:
            key = (tuple(sorted(map(id, p.factors))), tuple(sorted(map(id, p.divisors))))
            if key in found:
                q = found[key]
                num = q.num / q.den + p.num / p.den if q.den != p.den else q.num + p.num
                num, den = reduced(num, 1.0 if q.den != p.den else q.den)
                found[key] = Product(num, den, q.factors, q.divisors)
            else:
                found[key] = p
        constant_first = list(found.values())
        return [p for p in constant_first if not (p.bare and p.num == 0)]


def leads(node: Node) -> bool:
    """Whether an `expand_dims` puts its axes before all others, as broadcasting does."""
    rank, axis = node.out.type.ndim, node.options["axis"]
    axes = axis if isinstance(axis, tuple) else (axis,)
    return rank is not None and {a % rank for a in axes} == set(range(len(axes)))

"""Simplification of the backward pass: products and sums in normal form, broadcasting left to NumPy, sharing.

The forward pass stays as the user wrote it. A backward value is rebuilt, in topological order, by `rewrite`: a table
from operations to the identities that hold for them, in floating point, for finite and non-finite numbers alike
(factors are reordered and pulled out of sums, but `0 * x` and `x / x` stay what they are). `product` and `total` are
the normal forms: num / den * factors / divisors, and a sum of any number of terms.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from .control import Control
from .graph import CONST, OPERATIONS, PRIMITIVES, Graph, Node, Operation, Value, infer, type_of
from .rules.primitives import has_no_repeats, index_items
from .rules.registry import primitive
from .shapes import Dim, Facts, ShapeVar, Type, dim_div, dim_product, join_kinds

# ---- the normal forms


def _product_type(facts: Facts, *inputs: Any, num: float, den: float, divisors: int) -> Type:
    types = [type_of(v) for v in inputs]
    kind = join_kinds("float", *(t.kind for t in types))
    return Type(kind, facts.broadcast(*(t.shape for t in types)), array=any(t.array for t in types))


def _product_rule(g: Any, out: Any, *inputs: Any, num: float, den: float, divisors: int) -> Any:
    """Leave one factor out; for a divisor, -g * out / divisor."""
    from .rules.primitives import unbroadcast

    factors, below = inputs[: len(inputs) - divisors], inputs[len(inputs) - divisors :]
    bars = []
    for i, x in enumerate(inputs):
        if i < len(factors):
            bar = g * (num / den)
            for j, y in enumerate(factors):
                bar = bar * y if j != i else bar
            for y in below:
                bar = bar / y
        else:
            bar = -g * out / x
        bars.append(unbroadcast(bar, x))
    return bars


@primitive(signature="*inputs, num, den, divisors", inputs="inputs", rule=_product_rule, infer=_product_type)
def product(*inputs: Any, num: float, den: float, divisors: int) -> Any:
    """num / den * the first inputs / the last `divisors` inputs: a float, also where these are integers or masks."""
    out: Any = num / den
    for i, x in enumerate(inputs):
        out = out / x if i >= len(inputs) - divisors else out * x
    return out


def _total_type(facts: Facts, *terms: Any) -> Type:
    types = [type_of(v) for v in terms]
    kind = join_kinds("float", *(t.kind for t in types))
    return Type(kind, facts.broadcast(*(t.shape for t in types)), array=any(t.array for t in types))


def _total_rule(g: Any, out: Any, *terms: Any) -> Any:
    from .rules.primitives import unbroadcast

    return [unbroadcast(g, x) for x in terms]


@primitive(signature="*terms", rule=_total_rule, infer=_total_type)
def total(*terms: Any) -> Any:
    """The sum of the terms: a float, also where all of them are integers or masks."""
    out = 1.0 * terms[0]
    for x in terms[1:]:
        out = out + x
    return out


def _accumulate_type(facts: Facts, *terms: Any, origins: Any) -> Type:
    types = [type_of(v) for v in terms]
    return types[0].but(kind=join_kinds(*(t.kind for t in types)), array=any(t.array for t in types))


@primitive(signature="*terms, origins", inputs="terms", rule=lambda g, out, *terms, origins: [g] * len(terms),
           infer=_accumulate_type)  # fmt: skip
def accumulate(*terms: Any, origins: Any) -> Any:
    """What the consumers of one value send to it, summed; `origins` are the consumers' statements."""
    return total(*terms)


@dataclass
class Product:
    """num / den * factors / divisors."""

    num: float = 1.0
    den: float = 1.0
    factors: list[Value] = field(default_factory=list)
    divisors: list[Value] = field(default_factory=list)

    def times(self, other: Product) -> Product:
        num, den = reduced(self.num * other.num, self.den * other.den)
        return Product(num, den, self.factors + other.factors, self.divisors + other.divisors)

    def over(self, other: Product) -> Product:
        num, den = reduced(self.num * other.den, self.den * other.num)
        return Product(num, den, self.factors + other.divisors, self.divisors + other.factors)

    def scaled(self, c: float) -> Product:
        return self.times(Product(c))

    @property
    def coefficient(self) -> tuple[float, float]:
        return self.num, self.den

    @property
    def bare(self) -> bool:
        return not self.factors and not self.divisors


def reduced(num: float, den: float) -> tuple[float, float]:
    """num / den with a divisor only where dividing says more than multiplying."""
    if den < 0:
        num, den = -num, -den
    if den == 1 or not (math.isfinite(num) and math.isfinite(den)) or num == 0 or den == 0:
        return num, den
    if math.fmod(num, den) == 0:
        return num / den, 1.0
    if math.fmod(den, num) == 0:
        return math.copysign(1.0, num), den / abs(num)
    if Fraction(num) / Fraction(den) == Fraction(num / den):
        return num / den, 1.0
    return num, den


# ---- the pass


def simplify(graph: Graph) -> None:
    """Rebuild the backward part of `graph` in place, until nothing changes."""
    size = None
    for _ in range(4):
        prune(graph)
        Simplifier(graph).run()
        prune(graph)
        now = [node.key() for node in graph.nodes if node.backward]
        if size == len(now):
            break
        size = len(now)
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


SHAPE_ONLY = {"shape": 0, "size": 0, "ndim": 0, "broadcast_like": 1, "unbroadcast": 1, "scatter": 2, "zeros_for": 0}
"""Operations of the backward pass that look at an input for its shape alone, and which input that is."""


DTYPE_TOO = ("broadcast_like", "scatter", "zeros_for")
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
    for node in graph.nodes:
        if node.backward and node.op.name in SHAPE_ONLY:
            place = SHAPE_ONLY[node.op.name]
            like = node.inputs[place]
            if not (like in live and like.hint) and like.node is not None and not like.type.scalar:
                exact = node.op.name in DTYPE_TOO and (place == 0 or node.inputs[0].type.scalar)
                other = best.get(shape_key(graph, like, exact))
                if other is not None:
                    node.inputs = (*node.inputs[:place], other, *node.inputs[place + 1 :])
        for v in node.outputs:
            note_shape(graph, best, v, live)


def note_shape(graph: Graph, best: dict[Any, Value], v: Value, live: set[Value]) -> None:
    """Note that `v` has its shape, if it has a name in the forward pass; the last computed is preferred."""
    if v in live and v.hint and (v.node is None or not v.node.backward) and v.type.kind != "object":
        best[shape_key(graph, v, False)] = v
        best[shape_key(graph, v, True)] = v


def shape_key(graph: Graph, v: Value, exact: bool) -> Any:
    """What values have in common whose shapes are the same; exact: and whose kind is."""
    shape = v.type.shape
    key = shape if isinstance(shape, ShapeVar) else tuple(map(graph.facts.canonical, shape))
    return (key, v.type.kind, v.type.array) if exact else key


def is_named(v: Value) -> bool:
    """Whether `v` is the cotangent of a variable that the user gave a name: it is a statement of its own."""
    return v.bar_of is not None and bool(v.bar_of.hint)


class Simplifier:
    """One round: `new` maps each old value to what stands for it now."""

    def __init__(self, graph: Graph):
        self.graph, self.facts = graph, graph.facts
        self.new: dict[Value, Value] = {}
        self.known: dict[Any, Node] = {}
        self.uses: Counter[Value] = Counter(v for node in graph.nodes for v in node.inputs)
        self.uses.update(graph.results)
        self.shared: set[Value] = set()

    def run(self) -> None:
        nodes, self.graph.nodes = self.graph.nodes, []
        for node in nodes:
            if not node.backward:
                self.graph.nodes.append(node)
                if not node.effect and not isinstance(node.op, Control):
                    self.known.setdefault(node.key(), node)
                continue
            with self.graph.at(node.origin, backward=True):
                inputs = [self.get(v) for v in node.inputs]
                if isinstance(node.op, Control):
                    node.inputs = tuple(inputs)
                    self.graph.nodes.append(node)
                    continue
                if len(node.outputs) > 1 or node.effect:
                    made = self.graph.add(node.op, list(inputs), node.options)
                    self.new.update(zip(node.outputs, made.outputs, strict=True))
                    continue
                made_value = REWRITES.get(node.op.name, rebuild)(self, node, inputs)
                self._hand_over(node.out, made_value)
        self.graph.results = [self.get(v) for v in self.graph.results]

    def _hand_over(self, old: Value, new: Value) -> None:
        """`new` stands for `old` from now on, and takes over what is known of it."""
        self.new[old] = new
        if self.uses[old] > 1:
            self.shared.add(new)
        if new.node is None or not new.node.backward:
            return
        if old.bar_of is None:
            return
        named = new.bar_of is not None and bool(new.bar_of.hint)
        passed = bool(old.node.inputs) and self.uses[old.node.inputs[0]] == 1  # type: ignore[union-attr]
        if not named or (passed and old.bar_of.hint):
            if named and new.bar_of is not old.bar_of:
                new.through.append(old.node.origin)  # type: ignore[union-attr]
            new.bar_of = old.bar_of
        new.through += [origin for origin in old.through if origin not in new.through]

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

    def product(self, p: Product) -> Value:
        """The value of a product; broadcasting factors that other factors cover give way to what they broadcast."""
        p, like = self._strip(p)
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
            if source is not None and not v.type.scalar:
                cast = self.make("cast_like", [v, source])
                return Product(p.num, p.den, [*p.factors[:i], cast, *p.factors[i + 1 :]], p.divisors)
        return p

    def _product(self, p: Product) -> Value:
        num, den = reduced(p.num, p.den)
        if p.bare:
            return self.graph.const(num / den)
        if (num, den) == (1.0, 1.0) and len(p.factors) == 1 and not p.divisors and p.factors[0].type.floating:
            return p.factors[0]
        return self.make("product", p.factors + p.divisors, num=num, den=den, divisors=len(p.divisors))

    def _strip(self, p: Product) -> tuple[Product, Value | None]:
        parts = p.factors + p.divisors
        if not any(is_op(v, "broadcast_like") for v in parts):
            return p, None
        shape = self.facts.broadcast(*(v.type.shape for v in parts))
        count = len(p.factors)
        bare = [v.node.inputs[0] if is_op(v, "broadcast_like") else v for v in parts]  # type: ignore[union-attr]
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
        if node is None or not node.backward or node.op.name != "product":
            return Product(factors=[v])
        p = parts_of(node)
        if is_named(v):
            return Product(factors=[v])
        simple = len(p.factors) == 1 and not p.divisors
        scalars = all(x.type.scalar for x in node.inputs) and len(node.inputs) <= 2
        if v in self.shared and not simple and not scalars:
            return Product(factors=[v])
        return p

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
            if is_op(t, "scatter") and t not in self.shared:
                values, index, like = t.node.inputs  # type: ignore[union-attr]
                placed.setdefault(id(index), (index, like, []))[2].append(values)
            else:
                dense.append(t)
        if len(terms) == 1 or not placed:
            return self._dense_total(dense or terms)
        out = self._dense_total(dense) if dense else None
        sums = [(index, like, self.total(values)) for index, like, values in placed.values()]
        for index, like, term in sorted(sums, key=lambda entry: is_negative(entry[2])):
            if out is None:
                out = self.make("scatter", [term, index, like])
            else:
                out = self.make("increment", [out, index, term])
        assert out is not None
        return out

    def _dense_total(self, terms: list[Value]) -> Value:
        shape = self.facts.broadcast(*(t.type.shape for t in terms))
        wide = [t for t in terms if is_op(t, "broadcast_like")]
        if wide:
            bare = [t.node.inputs[0] if is_op(t, "broadcast_like") else t for t in terms]  # type: ignore[union-attr]
            inner = self._dense_total(bare)
            if self.facts.same_shape(inner.type.shape, shape):
                return inner
            for t in wide:
                if self.facts.same_shape(t.type.shape, shape):
                    return self.broadcast(inner, t.node.inputs[1])  # type: ignore[union-attr]
        products = self._merged([self.opened(t) for t in terms])
        if not products:
            zero = self.graph.const(0.0)
            return zero if shape == () else self.broadcast(zero, terms[0])
        if len(products) == 1:
            return self.product(products[0])
        common, rest = common_factors(products)
        if common is None:
            return self.make("total", [self.product(p) for p in products])
        inner = self.make("total", [self.product(p) for p in rest])
        return self.product(Product(common.num, common.den, [*common.factors, inner], common.divisors))

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


def is_op(v: Value, name: str) -> bool:
    return v.node is not None and v.node.op.name == name


def compared(v: Value) -> Value | None:
    """The array of floats that a mask compares, if `v` is such a mask."""
    if v.type.kind != "bool" or v.node is None:
        return None
    if v.node.op.name in ("bitwise_and", "bitwise_or", "invert"):
        return next((x for x in map(compared, v.node.inputs) if x is not None), None)
    if v.node.op.name not in COMPARISONS:
        return None
    arrays = [x for x in v.node.inputs if x.type.array and not x.type.scalar and x.type.kind not in ("int", "bool")]
    return arrays[0] if arrays else None


COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


def is_cast_mask(v: Value) -> bool:
    """Whether `v` is a mask as floats."""
    return is_op(v, "cast_like") and compared(v.node.inputs[0]) is not None  # type: ignore[union-attr]


def is_negative(v: Value) -> bool:
    """Whether `v` is written with a minus in front, so that adding it is subtracting."""
    if v.node is not None and v.node.op.name == "product" and v.node.backward:
        return float(v.node.options["num"]) < 0
    value = literal_number(v)
    return value is not None and value < 0


def parts_of(node: Node) -> Product:
    count = len(node.inputs) - node.options["divisors"]
    return Product(node.options["num"], node.options["den"], list(node.inputs[:count]), list(node.inputs[count:]))


def literal_number(v: Value) -> float | None:
    """The number that a literal denotes; None for named constants, which keep their name."""
    node = v.node
    if node is None or node.op is not CONST:
        return None
    x = node.options["value"]
    if isinstance(x, bool) or not isinstance(x, (int, float)) or isinstance(x, np.generic):
        return None
    if node.ast is not None and not hasattr(node.ast, "text") or v.hint:
        return None
    return float(x)


def common_factors(products: list[Product]) -> tuple[Product | None, list[Product]]:
    """What all terms share, and what is left of each; None where they share nothing worth taking out."""
    first = products[0]
    factors = [v for v in first.factors if all(v in p.factors for p in products)]
    divisors = [v for v in first.divisors if all(v in p.divisors for p in products)]
    factors = list(dict.fromkeys(factors))
    divisors = list(dict.fromkeys(divisors))
    same = all((abs(p.num), p.den) == (abs(first.num), first.den) for p in products)
    num, den = (abs(first.num), first.den) if same else (1.0, 1.0)
    if all(p.num < 0 for p in products):
        num = -num
    if not factors and not divisors and (num, den) == (1.0, 1.0):
        return None, products
    rest = []
    for p in products:
        below, above = list(p.divisors), list(p.factors)
        for v in factors:
            above.remove(v)
        for v in divisors:
            below.remove(v)
        rest.append(Product(*reduced(p.num * den, p.den * num), above, below))
    return Product(num, den, factors, divisors), rest


# ---- the table of identities


def rebuild(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    """The same operation on the simplified inputs."""
    return s.make(node.op, list(inputs), **node.options)


def _multiply(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    return s.product(s.opened(inputs[0]).times(s.opened(inputs[1])))


def _divide(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    below = s.opened(inputs[1])
    if below.bare and below.num == 0:
        return rebuild(s, node, inputs)
    return s.product(s.opened(inputs[0]).over(below))


def _negative(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    return s.product(s.opened(inputs[0]).scaled(-1.0))


def _add(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    return s.total(inputs)


def _subtract(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    negated = [s.product(s.opened(t).scaled(-1.0)) for t in s.terms(inputs[1])]
    return s.total([inputs[0], *negated])


def _rebuilt_product(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    old = parts_of(node)
    p = Product(old.num, old.den)
    for i, v in enumerate(inputs):
        p = p.times(s.opened(v)) if i < len(old.factors) else p.over(s.opened(v))
    return s.product(p)


def _power(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    base, exponent = inputs[0], literal_number(inputs[1])
    if exponent == 1.0:
        return base
    if exponent == 2.0 and not base.type.floating:
        # the square of an integer may be too large for its type
        return s.product(Product(factors=[base, base]))
    return rebuild(s, node, inputs)


def _broadcast_like(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    v, like = inputs
    if is_op(v, "broadcast_like"):
        v = v.node.inputs[0]  # type: ignore[union-attr]
    return s.broadcast(v, like)


def _unbroadcast(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    """Nothing where the shapes agree; a sum along known axes where the ranks are known."""
    v, like = inputs
    shape, wanted = v.type.shape, like.type.shape
    if s.facts.same_shape(shape, wanted):
        return v
    if wanted == ():
        return s_sum(s, v, None, False)
    if isinstance(shape, ShapeVar) or isinstance(wanted, ShapeVar):
        return s.make("unbroadcast", [v, like])
    extra = len(shape) - len(wanted)
    ones = [i + extra for i, d in enumerate(wanted) if d == 1 and shape[i + extra] != 1]
    sure = all(d == 1 or s.facts.same(d, shape[i + extra]) for i, d in enumerate(wanted))
    if not sure:
        return s.make("unbroadcast", [v, like])
    if extra:
        v = s_sum(s, v, _axes(list(range(extra))), False)
        ones = [i - extra for i in ones]
    return s_sum(s, v, _axes(ones), True) if ones else v


def _axes(axes: list[int]) -> int | tuple[int, ...]:
    return axes[0] if len(axes) == 1 else tuple(axes)


def s_sum(s: Simplifier, v: Value, axis: Any, keepdims: bool) -> Value:
    """A sum, with what is constant along the reduced axes pulled out, and a sum of products as an inner product."""
    if is_op(v, "broadcast_like") and axis is None and v.node.inputs[0].type.scalar and not keepdims:  # type: ignore[union-attr]
        inner, like = v.node.inputs  # type: ignore[union-attr]
        if v.type.scalar:
            return inner
        return s.product(s.opened(inner).times(Product(factors=[s.make("size", [like])])))
    t = v.type
    if t.scalar:
        return v
    spread = _sum_of_rows(s, v, axis, keepdims)
    if spread is not None:
        return spread
    p = s.opened(v)
    out, kept = Product(p.num, p.den), Product()
    for above, values in ((True, p.factors), (False, p.divisors)):
        for x in values:
            if x.type.scalar:
                (out.factors if above else out.divisors).append(x)
            else:
                (kept.factors if above else kept.divisors).append(x)
    # what is one array of truth values or integers may be summed as it is: NumPy counts
    counts = len(kept.factors) == 1 and not kept.divisors
    inner = kept.factors[0] if counts else s.product(kept)
    if not s.facts.same_shape(inner.type.shape, t.shape):
        inner = s.product(p)
        out = Product()
    if axis is None and not keepdims and len(kept.factors) == 2 and not kept.divisors and inner.type.ndim == 1:
        a, b = kept.factors
        floating = a.type.floating or b.type.floating
        if s.facts.same_shape(a.type.shape, b.type.shape) and out.factors is not None and floating:
            summed = s.make(OPERATIONS[np.matmul], [a, b])
            return s.product(out.times(Product(factors=[summed])))
    summed = s.make(
        OPERATIONS[np.sum], [inner, True], axis=axis, dtype=None, keepdims=keepdims, initial=None
    )
    return s.product(out.times(Product(factors=[summed])))


def _sum_of_rows(s: Simplifier, v: Value, axis: Any, keepdims: bool) -> Value | None:
    """Where `v` has one entry in each row, at `[arange(n), columns]`, its sum along the rows is that entry."""
    if not (is_op(v, "scatter") and v.type.ndim == 2 and axis in (1, -1)):
        return None
    values, index, like = v.node.inputs  # type: ignore[union-attr]
    items = index_items(index.const)
    if len(items) != 2 or any(type_of(item).ndim != 1 for item in items):
        return None
    rows = items[0]
    if not (isinstance(rows, Value) and is_op(rows, "arange")):
        return None
    if not s.facts.same_shape(rows.type.shape, like.type.shape[:1]):  # type: ignore[index]
        return None
    if values.type.scalar:
        return values if keepdims else None
    return s.make("getitem", [values, (slice(None), None)]) if keepdims else values


def _sum(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    plain = inputs[1].const is True and node.options["dtype"] is None and node.options["initial"] is None
    if not plain:
        return rebuild(s, node, inputs)
    return s_sum(s, inputs[0], node.options["axis"], node.options["keepdims"])


def _scatter(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    """A scatter of a broadcast value: the assignment broadcasts by itself."""
    v, index, like = inputs
    if is_op(v, "broadcast_like"):
        v = v.node.inputs[0]  # type: ignore[union-attr]
    return s.make("scatter", [v, index, like])


def _getitem(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    """A part of what is the same everywhere is the same, in the shape of that part."""
    v, index = inputs
    if is_op(v, "broadcast_like") and v.node.inputs[0].type.scalar:  # type: ignore[union-attr]
        number, like = v.node.inputs  # type: ignore[union-attr]
        part = s.make("getitem", [like, index])
        return number if part.type.scalar else s.broadcast(number, part)
    return rebuild(s, node, inputs)


def _size(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    size = node.out.type.size
    return s.graph.const(size) if isinstance(size, int) else rebuild(s, node, inputs)


def _transpose(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    [v] = inputs
    if v.type.ndim is not None and v.type.ndim < 2:
        return v
    if is_op(v, "transpose") and node.options["axes"] is None and v.node.options["axes"] is None:  # type: ignore[union-attr]
        return v.node.inputs[0]  # type: ignore[union-attr]
    return rebuild(s, node, inputs)


def _reshape(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    if s.facts.same_shape(inputs[0].type.shape, node.out.type.shape) and node.out.type.ndim is not None:
        return inputs[0]
    return rebuild(s, node, inputs)


def _accumulate(s: Simplifier, node: Node, inputs: list[Value]) -> Value:
    """What several statements send to one value: one sum a statement, in their order; what is sent to one index by
    several statements is sent by the last of them."""
    sent: dict[Any, list[Value]] = {}
    for v, origin in zip(inputs, node.options["origins"], strict=True):
        sent.setdefault(origin, []).insert(0, v)
    places = {
        id(v.node.inputs[1]): origin  # type: ignore[union-attr]
        for origin, values in sent.items()
        for v in values
        if is_op(v, "scatter") and v not in s.shared
    }
    joined: list[Any] = []
    for origin, values in sent.items():
        moved = [v for v in values if is_op(v, "scatter") and places.get(id(v.node.inputs[1]), origin) is not origin]  # type: ignore[union-attr]
        for v in moved:
            values.remove(v)
            sent[places[id(v.node.inputs[1])]].append(v)  # type: ignore[union-attr]
            joined.append(origin)
    out: Value | None = None
    for origin, values in sent.items():
        if not values:
            continue
        with s.graph.at(origin, backward=True):
            out = s.total(values) if out is None else grown(s, out, values)
    assert out is not None
    first = out
    while first.node is not None and first.node.op.name in ("increment", "accumulated"):
        first = first.node.inputs[0]
    first.through += joined
    return out


def grown(s: Simplifier, out: Value, values: list[Value]) -> Value:
    """`out` with one statement's contributions added."""
    dense = [v for v in values if not (is_op(v, "scatter") and v not in s.shared)]
    if dense:
        out = s.make("accumulated", [out, s.total(dense)])
    for v in values:
        if v not in dense:
            term, index, _ = v.node.inputs  # type: ignore[union-attr]
            out = s.make("increment", [out, index, term])
    return out


def _accumulated_type(facts: Facts, base: Any, term: Any) -> Type:
    a, b = type_of(base), type_of(term)
    return a.but(kind=join_kinds(a.kind, b.kind), array=a.array or b.array)


@primitive(signature="base, term", rule=lambda g, out, base, term: (g, g), infer=_accumulated_type)
def accumulated(base: Any, term: Any) -> Any:
    """A sum that grows by one statement's contribution: printed as `+=`."""
    return base + term


REWRITES: dict[str, Callable[[Simplifier, Node, list[Value]], Value]] = {
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "negative": _negative,
    "positive": lambda s, node, inputs: inputs[0],
    "add": _add,
    "subtract": _subtract,
    "product": _rebuilt_product,
    "total": lambda s, node, inputs: s.total(inputs),
    "power": _power,
    "broadcast_like": _broadcast_like,
    "unbroadcast": _unbroadcast,
    "sum": _sum,
    "scatter": _scatter,
    "getitem": _getitem,
    "size": _size,
    "transpose": _transpose,
    "reshape": _reshape,
    "accumulate": _accumulate,
}

__all__ = ["Dim", "dim_div", "dim_product", "has_no_repeats", "infer", "prune", "simplify"]

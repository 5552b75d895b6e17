"""The normal forms of arithmetic: `product` and `total`, and the sums that grow by one statement after the other.

A product is num / den * factors / divisors, a total a sum of any number of terms. Nothing here knows why a product
is rewritten; `simplify` and `identities` do, and `spell` writes it down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from .graph import CONST, Node, Value, type_of
from .rules.primitives import unbroadcast
from .rules.registry import primitive
from .shapes import Facts, Type, join_kinds

# ---- as operations

def _product_type(facts: Facts, *inputs: Any, num: float, den: float, divisors: int) -> Type:
    types = [type_of(v) for v in inputs]
    kind = join_kinds("float", *(t.kind for t in types))
    return Type(kind, facts.broadcast(*(t.shape for t in types)), array=any(t.array for t in types))


def _product_rule(g: Any, out: Any, *inputs: Any, num: float, den: float, divisors: int) -> Any:
    """Leave one factor out; for a divisor, -g * out / divisor."""
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


def _accumulated_type(facts: Facts, base: Any, term: Any) -> Type:
    a, b = type_of(base), type_of(term)
    return a.but(kind=join_kinds(a.kind, b.kind), array=a.array or b.array)


@primitive(signature="base, term", rule=lambda g, out, base, term: (g, g), infer=_accumulated_type)
def accumulated(base: Any, term: Any) -> Any:
    """A sum that grows by one statement's contribution: printed as `+=`."""
    return base + term


# ---- as data


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
    def bare(self) -> bool:
        return not self.factors and not self.divisors


def reduced(num: float, den: float) -> tuple[float, float]:
    """num / den with a divisor only where dividing says more than multiplying: by a whole number, or alone."""
    if den < 0:
        num, den = -num, -den
    if den == 1 or not (math.isfinite(num) and math.isfinite(den)) or num == 0 or den == 0:
        return num, den
    if math.fmod(num, den) == 0:
        return num / den, 1.0
    if math.fmod(den, num) == 0:
        return math.copysign(1.0, num), den / abs(num)
    if Fraction(num) / Fraction(den) == Fraction(num / den) or not den.is_integer() and abs(num) != 1:
        return num / den, 1.0
    return num, den


# ---- looking at values


def is_named(v: Value) -> bool:
    """Whether `v` is the cotangent of a variable that the user gave a name: it is a statement of its own."""
    return v.bar_of is not None and bool(v.bar_of.hint)


def is_op(v: Value, name: str) -> bool:
    return v.node is not None and v.node.op.name == name


def compared(v: Value) -> Value | None:
    """The array of floats that a mask compares, if `v` is such a mask."""
    if v.type.kind != "bool" or v.node is None:
        return None
    if v.node.op.name in ("bitwise_and", "bitwise_or", "invert", "logical_not"):
        return next((x for x in map(compared, v.node.inputs) if x is not None), None)
    if v.node.op.name not in COMPARISONS:
        return None
    arrays = [x for x in v.node.inputs if x.type.array or x.type.ndim is None]
    return next((x for x in arrays if x.type.kind not in ("int", "bool")), None)


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
    same = first.num != 0 and all((abs(p.num), p.den) == (abs(first.num), first.den) for p in products)
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

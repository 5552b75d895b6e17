"""Sums in normal form: equal terms merged, common factors taken out, each index added to once."""

from __future__ import annotations

from typing import Any

import numpy as np

from .factors import Factors
from .forms import (
    Product,
    common_factors,
    is_cast_mask,
    is_named,
    is_negative,
    is_op,
    literal_number,
    parts_of,
    reduced,
)
from .graph import OPERATIONS, Value
from .identities import masked
from .rules.indices import has_no_repeats


class Totals(Factors):
    """The part of the `Simplifier` that makes sums."""

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
        shape = self.facts.broadcast(*(t.type.shape for t in terms))
        for t in terms:
            parts = self.placed(t)
            if not self.facts.same_shape(t.type.shape, shape) and len(terms) > 1:
                parts = []  # it is broadcast: there is more than one such place in the sum
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
        if any(_is_complex(term) for _, _, term in sums) and out is not None and not _is_complex(out):
            out = self.make(OPERATIONS[np.add], [out, 0j])  # what is written into must hold what is added there
        as_it_was = {t.node.inputs: t for t in terms if t.node is not None and is_op(t, "scatter")}
        for index, like, term in sorted(_in_reading_order(sums), key=lambda part: not _is_complex(part[2])):
            if out is None:
                key = (term, index, like)
                out = as_it_was[key] if key in as_it_was else self.make("scatter", list(key))
            else:
                out = self.increased(out, index, term)
        assert out is not None
        return out

    def increased(self, out: Value, index: Value, term: Value) -> Value:
        """`out` with `term` added at an index; assigned where that was set to zero just before."""
        node = out.node
        cleared = is_op(out, "setitem") and node.inputs[1] is index and literal_number(node.inputs[2]) == 0.0  # type: ignore[union-attr]
        if cleared and out not in self.shared and node.backward and has_no_repeats(index.const):  # type: ignore[union-attr]
            return self.make("setitem", [node.inputs[0], index, term])  # type: ignore[union-attr]
        return self.make("increment", [out, index, term])

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
        if like.type.scalar:  # arithmetic makes numbers of arrays of no axes, into which nothing can be written
            return []
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
        bare = [self.slim(t) for t in terms]
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


def _is_complex(v: Value) -> bool:
    return v.type.kind == "complex"


def _in_reading_order(sums: list[tuple[Value, Value, Value]]) -> list[tuple[Value, Value, Value]]:
    """(index, like, term) in the order in which they are added: entry by entry, else what is subtracted last."""
    if all(type(index.const) is int for index, _, _ in sums):
        return sorted(sums, key=lambda entry: (entry[0].const < 0, entry[0].const))
    return sorted(sums, key=lambda entry: is_negative(entry[2]))

"""Exact zeros: a side that `np.where` does not take contributes 0, also where its derivative is inf or no number.

0 * inf is no zero, so it does not suffice that a cotangent is 0 where it comes from: what the rules make of it must
be kept from those entries again. Of a cotangent that is zero by structure its *mask* is known, and goes back with it
through reductions and whatever moves entries about. Where entries were mixed, as by a product of matrices, zeros are
looked for at run time, before the operations whose derivative may be infinite.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from .graph import OPERATIONS, Node, Value, type_of
from .rules.elementwise import is_number
from .rules.primitives import broadcast_like
from .rules.reductions import restore
from .shapes import Facts


@dataclass(frozen=True)
class Mask:
    """A cotangent is zero unless every condition is what stands beside it; without any, at entries not known.

    sure: whether a zero may be one by structure, rather than a sum of such things and others.
    """

    conditions: tuple[tuple[Any, bool], ...] = ()
    sure: bool = True

    def fits(self, v: Value, facts: Facts) -> bool:
        """Whether the conditions tell entries of `v` apart, none finer than these."""
        shapes = [facts.broadcast(type_of(c).shape, v.type.shape) for c, _ in self.conditions]
        return bool(shapes) and v.ndim is not None and all(facts.same_shape(s, v.type.shape) for s in shapes)

    def keep(self, bar: Any) -> Any:
        """`bar`, and exactly 0 where the mask says so."""
        for condition, taken in reversed(self.conditions):
            bar = np.where(condition, bar, 0.0) if taken else np.where(condition, 0.0, bar)
        return bar


SPREAD, HIDDEN = Mask(sure=False), Mask()
"""Zeros among entries that were mixed; zeros whose places are seen at run time only, shapes being unknown."""
LINEAR = {
    "add", "subtract", "negative", "positive", "conjugate", "real", "maximum", "minimum", "clip", "where", "sum",
    "mean", "max", "min", "amax", "amin",
}  # fmt: skip
"""Functions whose rules multiply by nothing that is infinite."""
MOVES = {
    "reshape", "ravel", "transpose", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis", "expand_dims", "squeeze",
    "flip", "flipud", "fliplr", "rot90", "roll", "copy", "concatenate", "stack", "atleast_1d", "atleast_2d",
}  # fmt: skip
"""Functions whose rules move entries, those of a mask too."""
SINGULAR = {
    "true_divide", "divide", "reciprocal", "power", "float_power", "sqrt", "cbrt", "log", "log2", "log10", "log1p",
    "arcsin", "arccos", "arccosh", "arctanh", "norm", "logit", "xlogy", "xlog1py", "entr", "rel_entr", "kl_div",
    "erfinv", "erfcinv", "ndtri", "boxcox", "ellipk", "exp1", "expi", "k0", "k1", "kv", "y0", "y1", "yv", "gamma",
    "gammaln", "psi", "beta", "betaln", "lambertw",
}  # fmt: skip
"""Functions whose derivative is infinite at ordinary points."""


class Masks:
    """What is known of the cotangents of one backward pass."""

    def __init__(self) -> None:
        self.of: dict[Value, Mask] = {}

    def before(self, node: Node, g: Any) -> Mask | None:
        """The mask with which to keep what an elementwise rule answers to `g`."""
        mask = self._mask(g)
        if mask is None or not node.op.elementwise or node.op.name in LINEAR or _scales(node):
            return None
        if mask.conditions:
            return mask
        return Mask(((np.not_equal(g, 0.0), True),)) if mask.sure or node.op.name in SINGULAR else None

    def after(self, node: Node, g: Any, bars: list[Any], late: Container[Any]) -> list[Any]:
        """The answers of a rule to `g`, kept from what is zero; their own masks are noted."""
        mask = self._mask(g)
        if node.op is OPERATIONS[np.where]:
            mine = () if mask is None else mask.conditions
            masks = [None, *(Mask((*mine, (node.args[0], taken))) for taken in (True, False))]
        elif mask is None:
            return bars
        elif not mask.conditions:
            masks = [mask if node.op.elementwise or _is_entrywise(node) else SPREAD] * len(bars)
        else:
            masks = [mask] * len(bars) if node.op.elementwise else _moved(node, mask)
        facts = node.out.graph.facts
        for i, (v, bar, own) in enumerate(zip(node.inputs, bars, masks, strict=True)):
            if bar is None or own is None or v.type.scalar and not node.out.type.scalar:
                continue
            if i and not node.op.elementwise and own.conditions and not own.fits(v, facts):
                own = SPREAD  # such as weights of their own length
            if node.op.elementwise:
                whole = node.out not in late and facts.same_shape(v.type.shape, node.out.type.shape)
                if not (v in late or whole or own.fits(v, facts)):  # what is summed here is no longer told apart
                    own = HIDDEN if own.sure else SPREAD
            elif node.op.name not in LINEAR | MOVES and own.conditions:
                bars[i] = own.keep(bar)
            self._note(bars[i], own)
        return bars

    def summed(self, total: Any, bars: list[Any]) -> None:
        """Note what is known of a sum of cotangents: it is zero where all are."""
        masks = [self._mask(bar) for bar in bars]
        if not masks or None in masks:
            return
        alike = all(mask == masks[0] for mask in masks)
        conditions = {c for mask in masks for c in mask.conditions}  # type: ignore[union-attr]
        if alike or not all(mask.conditions for mask in masks):  # type: ignore[union-attr]
            self._note(total, masks[0] if alike else SPREAD)  # type: ignore[arg-type]
        elif not any((c, not taken) in conditions for c, taken in conditions):
            self._note(total, SPREAD)

    def _mask(self, bar: Any) -> Mask | None:
        return self.of.get(bar) if isinstance(bar, Value) else None

    def _note(self, bar: Any, mask: Mask) -> None:
        if isinstance(bar, Value):
            self.of[bar] = mask


def _scales(node: Node) -> bool:
    """Whether the rule multiplies by a number that is written down."""
    if node.op.name == "multiply":
        return any(map(is_number, node.args))
    return node.op.name in ("true_divide", "divide") and is_number(node.args[1])


def _moved(node: Node, mask: Mask) -> list[Mask | None]:
    """The masks of the inputs of a function that is not elementwise, from that of its output."""
    moved = [[(c, taken) for c in _conditions(node, condition)] for condition, taken in mask.conditions]
    if any(len(parts) != len(node.inputs) for parts in moved):
        return [HIDDEN if _is_entrywise(node) else SPREAD] * len(node.inputs)
    return [Mask(tuple(parts)) for parts in zip(*moved, strict=True)]


def _is_entrywise(node: Node) -> bool:
    """Whether each entry of the output is one of the input, or all there is along axes."""
    return node.op.name in MOVES | {"getitem"} or "axis" in node.options and "keepdims" in node.options


def _conditions(node: Node, condition: Any) -> list[Any]:
    """A condition on the entries of the output, for each input; nothing where entries are mixed."""
    out, options, rank = node.out, node.options, type_of(condition).ndim
    if out.ndim is None or rank is None:
        return []
    if node.op.name in MOVES:
        same = out.graph.facts.same_shape(type_of(condition).shape, out.type.shape)
        whole = condition if same else broadcast_like(condition, out)
        bars = node.op.rule(whole, out, *node.args, **options)  # type: ignore[misc]
        bars = list(bars) if isinstance(bars, (tuple, list)) else [bars]
        return bars + [condition] * (len(node.inputs) - len(bars))
    if "axis" in options and "keepdims" in options:
        whole = condition if rank in (0, out.ndim) else broadcast_like(condition, out)
        kept = restore(whole, node.args[0], options["axis"], options["keepdims"]) if rank else condition
        return [kept] * len(node.inputs)
    return []

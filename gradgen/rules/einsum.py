"""The rule of `np.einsum`: the adjoint of a sum of products is another, a product of matrices where it can be one."""

from __future__ import annotations

from string import ascii_letters
from typing import Any

import numpy as np

from ..graph import Value
from ..shapes import Dim, Facts, ShapeVar, Size, Type
from .primitives import broadcast_like
from .product_snippets import einsum_bar, fit
from .products import contraction, kind_of_product, shape_of, transposed, whole
from .registry import bprop, ndim


def parse_subscripts(subscripts: Any, ranks: list[int | None]) -> tuple[list[str], str]:
    """The labels of the operands and of the result; the axes of an ellipsis get letters where ranks are known.

    An ellipsis stays where a rank is unknown. Raises TypeError where `subscripts` is no text, ValueError where it
    does not fit the operands.
    """
    if not isinstance(subscripts, str):
        raise TypeError("np.einsum is differentiated with its subscripts as text only, as in np.einsum('ij,j', a, x)")
    text = subscripts.replace(" ", "")
    source, arrow, result = text.partition("->")
    labels = source.split(",")
    if len(labels) != len(ranks):
        raise ValueError(f"einsum: {len(labels)} subscripts for {len(ranks)} operands")
    if not arrow:
        used = source.replace(",", "").replace(".", "")
        result = ("..." if "..." in source else "") + "".join(sorted(i for i in set(used) if used.count(i) == 1))
    if "..." not in text:
        return labels, result
    if any(rank is None and "..." in names for rank, names in zip(ranks, labels, strict=True)):
        return labels, result
    free = [i for i in ascii_letters[::-1] if i not in text]
    counts = [len(names) - 3 for names in labels]
    missing = [r - n if "..." in names else 0 for r, n, names in zip(ranks, counts, labels, strict=True)]  # type: ignore[operator]
    pool = "".join(free[: max(missing)])
    labels = [names.replace("...", pool[len(pool) - k :]) for names, k in zip(labels, missing, strict=True)]
    return labels, result.replace("...", pool)


def _einsum_type(facts: Facts, *operands: Any, subscripts: Any, **_: Any) -> Type:
    kind = kind_of_product(*operands)
    labels, result = parse_subscripts(subscripts, [ndim(x) for x in operands])
    if "..." in result or any("..." in names for names in labels):
        return Type(kind, ShapeVar(), array=True)
    sizes: dict[str, Size] = {}
    unknown: set[str] = set()
    for names, x in zip(labels, map(shape_of, operands), strict=True):
        if isinstance(x, ShapeVar):
            unknown.update(names)
            continue
        if len(x) != len(names):
            raise ValueError(f"einsum: the subscripts {names!r} for an operand with {len(x)} axes")
        for i in set(names):
            own = [d for j, d in zip(names, x, strict=True) if i == j]
            for d in own[1:]:
                facts.equate(own[0], d)
            # NumPy broadcasts axes of length 1 here as well
            sizes[i] = facts.join(sizes.get(i, 1), own[0])
    return Type(kind, tuple(_joined(facts, sizes.get(i, 1), i in unknown) for i in result), array=True)


def _joined(facts: Facts, d: Size, unknown: bool) -> Size:
    """The size that an index has in the result: where an operand's is unknown, only a number past 1 is sure."""
    d = facts.canonical(d)
    return Dim.fresh() if unknown and (d == 1 or isinstance(d, Dim)) else d


EINSUMS: list[tuple[str, tuple[tuple[int, ...], ...]]] = [
    ("ij,jk->ik", ((2, 3), (3, 4))), ("ij,jk", ((2, 3), (3, 4))), ("ij,kj->ki", ((2, 3), (4, 3))),
    ("i,i->", ((3,), (3,))), ("i,j->ij", ((3,), (4,))), ("i,j->ji", ((3,), (4,))), ("ij->ji", ((2, 3),)),
    ("ba", ((2, 3),)), ("ii->i", ((3, 3),)), ("ii", ((3, 3),)), ("ij->", ((2, 3),)), ("ij->i", ((2, 3),)),
    ("ij,j->i", ((2, 3), (3,))), ("ij,ij->i", ((2, 3), (2, 3))), ("ij,k->i", ((2, 3), (4,))),
    ("bij,bjk->bik", ((2, 3, 4), (2, 4, 2))),
    ("iij,j->i", ((2, 2, 3), (3,))), ("nd,de,ne->n", ((4, 3), (3, 2), (4, 2))), ("i,j,k->ijk", ((2,), (3,), (2,))),
    ("ij,jk->ik", ((2, 1), (3, 4))), ("ij,ij->ij", ((2, 1), (1, 3))), ("...ij,...jk->...ik", ((2, 3, 4), (4, 2))),
    ("...i,i->...", ((2, 3, 4), (4,))), ("...,...", ((3,), (2, 3))), ("i...,i...->i...", ((2, 3), (2, 4, 3))),
    ("...ii->...i", ((2, 3, 3),)), ("i...->...", ((2, 3, 1),)), ("...i,...i", ((1, 3), (4, 1, 3))),
    ("ij , jk -> ik", ((2, 3), (3, 4))), ("abcd,cdef->abef", ((1, 2, 3, 2), (3, 2, 2, 1))), (",i->i", ((), (3,))),
    ("ii,ii->i", ((3, 3), (3, 3))), ("iii->i", ((2, 2, 2),)),
]  # fmt: skip


def _einsum_samples(rng: np.random.Generator) -> list[Any]:
    cases: list[Any] = [((text, *(rng.normal(size=s) for s in shapes)), {}) for text, shapes in EINSUMS]
    x, A, y = rng.normal(size=3), rng.normal(size=(3, 4)), rng.normal(size=4)
    return [*cases, (("i,ij,j", x, A, y), {"optimize": True})]


@bprop(np.einsum, signature="subscripts, *operands, out=None, optimize=False", inputs="operands", infer=_einsum_type,
       alias=lambda node: "maybe" if len(node.inputs) == 1 else "fresh",
       samples=_einsum_samples)  # fmt: skip
def einsum(g, out, *operands, subscripts, optimize):
    """Each cotangent is an einsum of the result's cotangent and the other operands."""
    g = whole(g, out)
    labels, result = parse_subscripts(subscripts, [ndim(x) for x in operands])
    return [_einsum_adjoint(g, result, operands, labels, i, subscripts, optimize) for i in range(len(operands))]


def _einsum_adjoint(
    g: Any, result: str, operands: Any, labels: list[str], place: int, subscripts: str, optimize: Any
) -> Any:
    """The cotangent of one operand; a snippet, unless one einsum and maybe a broadcast say it."""
    x, names = operands[place], labels[place]
    terms = [(g, result), *((operands[i], own) for i, own in enumerate(labels) if i != place)]
    if len(set(names)) < len(names) or any("..." in own for own in labels):
        return einsum_bar(subscripts, place, g, *operands)
    present = "".join(own for _, own in terms)
    wanted = "".join(i for i in names if i in present)
    lost = tuple(position for position, i in enumerate(names) if i not in present)
    x_bar = _sum_of_products(terms, wanted, optimize)
    if not wanted:
        return broadcast_like(x_bar, x) if names else x_bar
    # along an index that was summed over and is nowhere else, the cotangent is the same all along
    x_bar = np.expand_dims(x_bar, lost) if lost else x_bar
    if not _never_repeated(wanted, x, names, terms):
        return fit(x_bar, x)
    return broadcast_like(x_bar, x) if lost else x_bar


def _facts(*values: Any) -> Facts:
    return next((v.graph.facts for v in values if isinstance(v, Value)), Facts())


def _never_repeated(wanted: str, x: Any, names: str, terms: list[tuple[Any, str]]) -> bool:
    """Whether the axes of `x` surely are as long as the others of the same index, none being repeated from length 1."""
    facts = _facts(x, *(term for term, _ in terms))
    own = shape_of(x)
    if isinstance(own, ShapeVar):
        return not wanted
    for term, other in terms:
        theirs = shape_of(term)
        common = [i for i in wanted if i in other]
        if isinstance(theirs, ShapeVar):
            if common:
                return False
        elif not all(facts.same(own[names.index(i)], theirs[other.index(i)]) for i in common):
            return False
    return True


def _sum_of_products(terms: list[tuple[Any, str]], wanted: str, optimize: Any) -> Any:
    """The einsum of `terms`, as a product of matrices or less where that says it."""
    if len(terms) == 1:
        [(x, names)] = terms
        if sorted(names) == sorted(wanted):
            return transposed(x, names, wanted)
    elif len(terms) == 2 and _is_contraction(terms[0], terms[1], wanted):
        (a, la), (b, lb) = terms
        return contraction(a, la, b, lb, wanted)
    elif any(names == "" for _, names in terms):
        # a scalar cotangent is a factor
        scalars = [x for x, names in terms if names == ""]
        rest = [term for term in terms if term[1] != ""]
        total = _sum_of_products(rest, wanted, optimize)
        for x in scalars:
            total = x * total
        return total
    text = ",".join(names for _, names in terms) + "->" + wanted
    options = {} if optimize is False else {"optimize": optimize}
    return np.einsum(text, *(x for x, _ in terms), **options)


def _is_contraction(one: tuple[Any, str], other: tuple[Any, str], wanted: str) -> bool:
    """Whether each index is in two of the three, and no axis of length 1 may be broadcast."""
    (a, la), (_, lb) = one, other
    counted = la + lb + wanted
    if any(counted.count(i) != 2 for i in counted) or len(set(la)) < len(la) or len(set(lb)) < len(lb):
        return False
    return _never_repeated("".join(i for i in la if i in lb), a, la, [other])

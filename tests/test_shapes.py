"""Kinds and shapes: the algebra of sizes, and that what is inferred of an index is what NumPy makes of it."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradgen.graph import Graph, Value, structure
from gradgen.rules.indices import along, getitem_type
from gradgen.rules.sizes import shape_from, size_of, sizes_in
from gradgen.shapes import (
    Dim,
    Facts,
    ShapeMismatch,
    ShapeVar,
    Size,
    Type,
    dim_add,
    dim_div,
    dim_mul,
    dim_product,
    float_of,
    join_kinds,
)

SIZES = {"n": 7, "m": 4, "d": 3, "k": 1}
n, m, d = (Dim.named(name) for name in "nmd")


def evaluate(size: Size, sizes: dict[str, int] = SIZES) -> int | None:
    """The number that a size is; None where it has a name that was invented."""
    if isinstance(size, int):
        return size
    total = 0
    for monomial, c in size.terms:
        for name in monomial:
            if name not in sizes:
                return None
            c *= sizes[name]
        total += c
    return total


# ---- sizes

sizes = st.recursive(
    st.one_of(st.integers(0, 5), st.sampled_from([n, m, d])),
    lambda inner: st.builds(lambda f, a, b: f(a, b), st.sampled_from([dim_add, dim_mul]), inner, inner),
    max_leaves=5,
)


@given(sizes, sizes)
def test_sums_and_products_are_those_of_the_numbers(a: Size, b: Size) -> None:
    assert evaluate(dim_add(a, b)) == operator.add(evaluate(a), evaluate(b))  # type: ignore[arg-type]
    assert evaluate(dim_add(a, b, -1)) == operator.sub(evaluate(a), evaluate(b))  # type: ignore[arg-type]
    assert evaluate(dim_mul(a, b)) == operator.mul(evaluate(a), evaluate(b))  # type: ignore[arg-type]
    assert dim_add(a, b) == dim_add(b, a)
    assert dim_mul(a, b) == dim_mul(b, a)
    assert dim_add(dim_add(a, b), b, -1) == a


@given(sizes, sizes)
def test_a_quotient_is_exact_or_not_known(a: Size, b: Size) -> None:
    quotient = dim_div(a, b)
    if quotient is not None and evaluate(b) != 0:
        assert dim_mul(quotient, b) == a


def test_division() -> None:
    assert dim_div(dim_mul(n, d), d) == n
    assert dim_div(dim_mul(6, n), 3) == dim_mul(2, n)
    assert dim_div(n, 2) is None
    assert dim_div(n, m) is None
    assert dim_div(dim_add(n, 1), dim_add(n, 1)) == 1


def test_sizes_print_as_formulas() -> None:
    assert str(dim_add(n, 2, -1)) == "n - 2"
    assert str(dim_mul(n, d)) == "d*n"
    assert str(dim_add(dim_mul(2, n), 1)) == "2*n + 1"
    assert dim_product([]) == 1


# ---- broadcasting

shapes = st.lists(st.integers(1, 3), max_size=4).map(tuple)


@given(shapes, shapes, shapes)
def test_broadcasting_agrees_with_numpy(a: tuple[int, ...], b: tuple[int, ...], c: tuple[int, ...]) -> None:
    try:
        expected = np.broadcast_shapes(a, b, c)
    except ValueError:
        with pytest.raises(ShapeMismatch):
            Facts().broadcast(a, b, c)
    else:
        assert Facts().broadcast(a, b, c) == expected


def test_broadcasting_of_names() -> None:
    facts = Facts()
    assert facts.broadcast((n, 1), (d,)) == (n, d)
    assert facts.broadcast((n,), ()) == (n,)
    assert facts.unified == []
    unknown = ShapeVar()
    assert facts.broadcast(unknown, (), unknown) is unknown
    assert isinstance(facts.broadcast(unknown, (n,)), ShapeVar)


def test_two_names_that_meet_are_taken_to_be_equal_once() -> None:
    facts = Facts()
    assert facts.broadcast((n,), (m,)) == facts.broadcast((m,), (n,))
    assert len(facts.unified) == 1
    assert facts.same(n, m)
    assert facts.same(dim_add(n, 1), dim_add(m, 1))


def test_an_invented_size_is_never_taken_to_be_equal() -> None:
    facts, unknown = Facts(), Dim.fresh()
    joined = facts.broadcast((n,), (unknown,))
    assert facts.unified == []
    assert joined not in ((n,), (unknown,))


def test_a_formula_is_solved_for_a_name() -> None:
    facts = Facts()
    assert facts.unify(dim_add(n, 1, -1), m)
    assert facts.same(n, dim_add(m, 1))
    assert not Facts().unify(3, 4)


# ---- kinds


def test_kinds_widen() -> None:
    assert join_kinds("int", "float") == "float"
    assert join_kinds("bool", "int") == "int"
    assert join_kinds("number", "float") == "float"
    assert join_kinds("float", "complex") == "complex"
    assert float_of("int") == "float"
    assert float_of("complex") == "complex"
    assert Type("float", (n, 3)).ndim == 2
    assert str(Type("float", (n, dim_add(n, 1, -1)))) == "float(n, n - 1)"


# ---- indices


@st.composite
def indexed(draw: Any) -> tuple[tuple[int, ...], Any]:
    """A shape with an index that fits it."""
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=4)))
    items: list[Any] = []
    left = list(shape)
    # an ellipsis may stand for any number of axes, and those past the last item are taken whole
    while left and draw(st.integers(0, 4)):
        size = left[0]
        kind = draw(st.sampled_from(["int", "slice", "slice", "none", "array", "list", "mask", "mask2"]))
        if kind == "none":
            items.append(None)
            continue
        if kind == "int":
            items.append(draw(st.integers(-size, size - 1)))
        elif kind == "slice":
            bound = st.one_of(st.none(), st.integers(-6, 6))
            step = draw(st.sampled_from([None, None, 1, 2, -1, -2]))
            items.append(slice(draw(bound), draw(bound), step))
        elif kind == "list":
            items.append(draw(st.lists(st.integers(-size, size - 1), min_size=1, max_size=1)))
        elif kind == "array":
            dims = draw(st.sampled_from([(), (1,), (2,), (2, 1), (1, 2)]))
            items.append(np.array(draw(st.integers(-size, size - 1))) * np.ones(dims, int))
        elif kind == "mask":
            mask = np.zeros(size, bool)
            mask[draw(st.integers(0, size - 1))] = True
            items.append(mask.tolist() if draw(st.booleans()) else mask)
        elif len(left) > 1:
            mask = np.zeros(left[:2], bool)
            mask[0, draw(st.integers(0, left[1] - 1))] = True
            items.append(mask)
            left.pop(0)
        else:
            items.append(slice(None))
        left.pop(0)
    if draw(st.booleans()) or not items:
        items.append(Ellipsis)
        used = len(shape) - len(left)
        tail = draw(st.integers(0, len(left)))
        items += [slice(None)] * tail
        assert used + tail <= len(shape)
    index = tuple(items)
    return shape, index[0] if len(index) == 1 and draw(st.booleans()) else index


def agrees(found: Type, shape: tuple[int, ...], sizes: dict[str, int]) -> bool:
    """Whether an inferred type is right: a size that stands for less than nothing is an empty one."""
    if isinstance(found.shape, ShapeVar):
        return True
    known = [evaluate(size, sizes) for size in found.shape]
    return len(known) == len(shape) and all(k is None or max(k, 0) == s for k, s in zip(known, shape, strict=True))


@settings(max_examples=400, deadline=None)
@given(indexed())
def test_an_index_gives_the_shape_that_numpy_gives(case: tuple[tuple[int, ...], Any]) -> None:
    shape, index = case
    actual = np.zeros(shape)[index].shape
    with_numbers = getitem_type(Facts(), Value(Graph(), Type("float", shape, array=True)), index)
    assert agrees(with_numbers, actual, {})
    assert with_numbers.ndim == len(actual)
    names = {f"n{i}": size for i, size in enumerate(shape)}
    named = Value(Graph(), Type("float", tuple(map(Dim.named, names)), array=True))
    with_names = getitem_type(Facts(), named, index)
    assert agrees(with_names, actual, names)
    assert with_names.ndim == len(actual)
    unknown = getitem_type(Facts(), Value(Graph(), Type("float", ShapeVar(), array=True)), index)
    assert unknown.ndim is None


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 6), st.sampled_from([":n", "n:", "n:-1", "1:n", ":", "1:", ":-1", "1:-1"]))
def test_slices_between_sizes(size: int, cut: int, form: str) -> None:
    graph = Graph()
    x = graph.param("x", Type("float", (Dim.named("x0"),), array=True))
    y = graph.param("y", Type("float", (Dim.named("y0"),), array=True))
    at, number = y.shape[0], cut
    forms: dict[str, tuple[Any, Any, Any, Any]] = {
        ":n": (None, at, None, number),
        "n:": (at, None, number, None),
        "n:-1": (at, -1, number, -1),
        "1:n": (1, at, 1, number),
        ":": (None, None, None, None),
        "1:": (1, None, 1, None),
        ":-1": (None, -1, None, -1),
        "1:-1": (1, -1, 1, -1),
    }
    start, stop, first, last = forms[form]
    found = x[structure(graph, slice(start, stop))].type
    assert agrees(found, np.zeros(size)[first:last].shape, {"x0": size, "y0": cut})


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (slice(1, None), "n - 1"),
        (slice(1, -1), "n - 2"),
        (slice(None, None, -1), "n"),
        (slice(-1, None), "1"),
        (slice(None), "n"),
    ],
)
def test_lengths_that_are_known(index: slice, expected: str) -> None:
    [size] = getitem_type(Facts(), Value(Graph(), Type("float", (n,), array=True)), index).shape  # type: ignore[misc]
    assert str(size) == expected


@pytest.mark.parametrize("index", [slice(3), slice(-2, None), slice(None, None, 2), slice(1, 3)])
def test_lengths_that_depend_on_how_large_it_is_are_not_known(index: slice) -> None:
    [size] = getitem_type(Facts(), Value(Graph(), Type("float", (n,), array=True)), index).shape  # type: ignore[misc]
    assert isinstance(size, Dim)
    assert size.loose


def test_the_parts_of_a_joined_array_have_their_lengths() -> None:
    graph = Graph()
    a = graph.param("a", Type("float", (n,), array=True))
    b = graph.param("b", Type("float", (m,), array=True))
    joined = graph.param("g", Type("float", (dim_add(n, m),), array=True))
    size = a.shape[0]
    assert joined[structure(graph, slice(None, size))].type.shape == (n,)
    assert joined[structure(graph, slice(size, None))].type.shape == (m,)
    assert size_of(b.shape[0]) == m


def test_items_of_shapes() -> None:
    graph = Graph()
    x = graph.param("x", Type("float", (n, d, 3), array=True))
    unknown = graph.param("u", Type("float", ShapeVar(), array=True))
    assert x.shape[-2].type == Type("int", (), size=d)
    assert sizes_in(x.shape) == [n, d, 3]
    assert sizes_in(x.shape[:2]) == [n, d]
    assert unknown.shape[0].type == Type("int", ())
    assert sizes_in(unknown.shape) is None
    assert sizes_in(structure(graph, (x.shape[0], -1, 2))) == [n, -1, 2]
    assert sizes_in(4) == [4]
    assert sizes_in((2, np.int64(3))) == [2, 3]
    assert shape_from(Facts(), [n, 2]) == (n, 2)


def test_an_index_along_an_axis() -> None:
    x = np.arange(24).reshape(2, 3, 4)
    for axis in range(-3, 3):
        assert np.array_equal(x[along(axis, slice(1, None))], np.take(x, range(1, x.shape[axis]), axis))

"""Rows that a loop goes through and writes: they are parts of the array, which changes with them."""

# ruff: noqa: B905 -- programs as people write them
import numpy as np
import pytest

import gradgen
from tests.agreement import SHAPES, agree, programs_of


def doubled(x, n):
    A = np.outer(x, x)
    for row in A:
        row *= 2
    return np.sum(A * A)


def by_place_and_row(x, n):
    A = np.outer(x, x)
    for i, row in enumerate(A):
        row[:] = row * i + x
    return np.sum(A ** 2)


def beside_numbers(x, n):
    A = np.outer(x, x)
    for row, v in zip(A, x):
        row[0] = v * v
        row += 1.0
    return np.sum(A * A)


def divided_by_their_sum(x, n):
    A = np.outer(x, x)
    for row in A:
        row /= np.sum(row)
    return np.sum(A ** 3)


def by_an_index(x, n):
    A = np.outer(x, x)
    for i in range(3):
        row = A[i]
        row -= x
        for j in range(i):
            row[j] += A[j, i]
    return np.sum(A ** 2)


def columns(x, n):
    A = np.outer(x, x)
    for col in A.T:
        col *= x
    return np.sum(A ** 2)


def from_the_last(x, n):
    A = np.outer(x, x)
    for row in reversed(A):
        row[1:] = 0.5 * row[:-1]
    return np.sum(A ** 2)


def but_the_first(x, n):
    A = np.outer(x, x)
    for row in A[1:]:
        row[:] = A[0] * row
    return np.sum(A ** 2)


def in_two_loops(x, n):
    A = np.zeros((n + 1, 3))
    for i, row in enumerate(A):
        for j, v in enumerate(x):
            row[j] = v * i + j
        row += row[0]
    return np.sum(A * x)


def of_a_helper(x, n):
    def scale(r):
        r *= np.sum(r)

    A = np.outer(x, x)
    for _ in range(n):
        for row in A[1:]:
            scale(row[1:])
            row /= 2.0
    return np.sum(A * A)


def read_beside_the_array(x, n):
    A = np.outer(x, x)
    s = 0.0
    for row in A:
        row -= A[0] * 0.5
        s += np.sum(A[0] * row)
    return s


def left_early(x, n):
    A = np.outer(x, x)
    for i, row in enumerate(A):
        if i == n:
            break
        row[...] = np.sin(row)
    return np.sum(A * A)


@pytest.mark.parametrize("n", [2, 0, 3])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n):
    agree(program, n, SHAPES)


def test_no_step_copies_the_array():
    source = gradgen.grad(by_place_and_row, shapes="x=(d,), n=int()").source
    inside = source[source.index("    for i in range(len(A)):") : source.index("# Backward pass")]
    assert ".copy()" not in inside and "[i, :] = row * i + x" in inside

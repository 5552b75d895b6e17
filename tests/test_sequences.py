"""Lists and tuples as arguments of NumPy functions: they are the arrays that NumPy makes of them."""

import numpy as np
import pytest

import gradgen


def sum_of_list(x):
    return np.sum([x[0], 2.0 * x[1] * x[2]])


def sum_of_rows(x):
    return np.sum([x, x * x])


def norm_of_list(x):
    return np.linalg.norm([x[0], 1.0, x[1]])


def dot_with_numbers(x):
    return np.dot([x[0], x[1] * x[2]], [1.0, 2.0])


def product_of_named_list(x):
    factors = [x[0], x[1] ** 2, x[2]]
    return np.prod(factors)


def matrix_of_lists(x):
    return np.sum(np.array([[x[0], x[1]], [1.0, x[2]]]) @ np.array((x[0], 2.0)))


def exp_of_tuple(x):
    return np.sum(np.exp((x[0], 2.0 * x[1])))


def shape_of_tuple(x):
    n = len(x)
    return np.sum(np.reshape(x, (n, 1)) * x.reshape(1, n))


@pytest.mark.parametrize(
    "f",
    [sum_of_list, sum_of_rows, norm_of_list, dot_with_numbers, product_of_named_list, matrix_of_lists, exp_of_tuple,
     shape_of_tuple],
)  # fmt: skip
def test_a_sequence_is_an_array(f):
    gradgen.check_grad(f, np.array([0.7, -1.2, 0.4]))

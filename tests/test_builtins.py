"""Python's own functions on values, and comprehensions with conditions or several loops."""


import numpy as np
import pytest

from tests.agreement import SHAPES, agree, programs_of


def builtin_map(x, n):
    return sum(map(np.sin, x))


def builtin_map2(x, n):
    return sum(map(lambda a, b: a * b, x, x[::-1]))


def builtin_maxmin(x, n):
    return max(x[0], x[1], 0.5) * min(x[0] * 2.0, x[2])


def builtin_maxarr(x, n):
    return max(x) * min(x)


def builtin_sumarr(x, n):
    return sum(x * x)


def builtin_sum2d(x, n):
    return np.sum(sum(np.outer(x, x)) ** 2)


def builtin_divmod(x, n):
    _, r = divmod(x[0] * 10.0, 2.0)
    return r * x[1]


def builtin_pow(x, n):
    return pow(x[0], 3) + pow(x[1], x[2])


def builtin_abs(x, n):
    return abs(-x[0]) + np.sum(abs(x - 0.5))


def builtin_round(x, n):
    return x[0] * round(x[1]) + round(2.7) * x[2]


def builtin_int(x, n):
    return x[0] * int(x[2] * 3)


def builtin_float(x, n):
    return float(x[0]) * float(np.sum(x))


def builtin_sorted(x, n):
    s = 0.0
    for k in sorted([3.0, 1.0, 2.0]):
        s = s * k + np.sum(x)
    return s


def builtin_bool(x, n):
    return x[0] if bool(x[1] > 0.5) else x[1]


def list_if(x, n):
    return sum(v * v for v in x if v > 0.5)


def list_if2(x, n):
    return np.sum(np.array([v * v for v in x if v > 0.5]) ** 2)


def list_two(x, n):
    return sum(a * b**2 for a in x for b in x)


def list_two_arr(x, n):
    return np.sum(np.array([a * b**2 for a in x for b in x]) ** 2)


def list_two_if(x, n):
    return sum(x[i] * x[j] ** 2 for i in range(3) for j in range(3) if i < j)


def list_max_if(x, n):
    return max(v * v for v in x if v > 0.5)


def list_enum_list(x, n):
    s = 0.0
    for i, v in list(enumerate(x)):
        s += i * v
    return s


@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [2, 0, 4])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n, shapes):
    agree(program, n, shapes)

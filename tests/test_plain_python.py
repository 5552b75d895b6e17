"""Branches, `match`, `and`, `or`, guards, unpacking and what carries no derivative in between."""

# ruff: noqa: B007, SIM222 -- programs as people write them
import numpy as np
import pytest

from tests.agreement import SHAPES, agree, programs_of


def flow_and(x, n):
    if x[0] > 0.1 and x[1] > 0.5 or n > 10:
        return np.sum(x * x)
    return np.sum(x)


def flow_andval(x, n):
    y = x[0] and x[1]
    return y * 2.0


def flow_orval(x, n):
    y = n or x[1]
    return y * x[0]


def flow_ordefault(x, n):
    k = None or 2.0
    return k * np.sum(x)


def flow_chain(x, n):
    if 0.0 < x[0] < 0.5 <= x[1]:
        return np.sum(x * x)
    return np.sum(x)


def flow_not(x, n):
    return x[0] if not x[1] > 0.5 else x[1] * 2.0


def flow_nested_tern(x, n):
    return x[0] if n > 3 else x[1] ** 2 if n > 1 else x[2] * x[0]


def flow_match(x, n):
    match n:
        case 0:
            y = np.sin(x)
        case 2 | 3:
            y = np.cos(x)
        case _:
            y = x * x
    return np.sum(y)


def flow_match_str(x, n):
    return np.sum(_act(x, "tanh"))


def _act(x, kind):
    match kind:
        case "tanh":
            return np.tanh(x)
        case "sin":
            return np.sin(x)
        case _:
            raise ValueError(kind)


def flow_assert(x, n):
    assert x.ndim == 1, "one axis"
    assert n >= 0
    return np.sum(x * x)


def flow_raise(x, n):
    if n > 100:
        raise ValueError("too many")
    y = np.sin(x)
    if np.any(y > 2.0):
        raise RuntimeError("no")
    return np.sum(y)


def flow_try_inactive(x, n):
    try:
        k = float("2.5")
    except ValueError:
        k = 1.0
    return np.sum(x) * k


def flow_walrus(x, n):
    if (s := np.sum(x)) > 1.0:
        return s * s
    return s


def flow_del(x, n):
    y = x * x
    z = np.sin(y)
    del y
    return np.sum(z)


def flow_fstring(x, n):
    name = f"n={n:d}"
    return np.sum(x) * len(name)


def flow_with(x, n):
    with np.errstate(divide="ignore"):
        y = np.log(x)
    return np.sum(y)


def flow_star(x, n):
    first, *rest = (x[0], x[1], x[2])
    return first * rest[0] + rest[1]


def flow_star_disp(x, n):
    rest = [x[1], x[2]]
    allof = [x[0], *rest]
    return np.sum(np.array(allof) ** 2)


def flow_counter(x, n):
    count = 0
    y = x
    for i in range(n):
        y = np.sin(y)
        count += 1
    return np.sum(y) * count


def flow_rng(x, n):
    rng = np.random.default_rng(0)
    return np.sum(x * rng.normal(size=3)) + np.sum(x[:2] ** 2 * rng.normal(size=2))


@pytest.mark.parametrize("shapes", ["", SHAPES])
@pytest.mark.parametrize("n", [2, 0, 4])
@pytest.mark.parametrize("program", programs_of(globals()), ids=lambda f: f.__name__)
def test_all_answers_agree(program, n, shapes):
    agree(program, n, shapes)

"""Objects of the function's own in operators, `len`, brackets and the like: as their class says, or refused."""

import dataclasses
from typing import NamedTuple

import numpy as np
import pytest

import gradgen
from gradgen.errors import GradgenError


class Scaled:
    def __init__(self, a):
        self.a = a

    def __add__(self, other):
        return Scaled(self.a * other.a)

    def __radd__(self, other):
        return Scaled(self.a * other + 1.0)

    def __mul__(self, other):
        return Scaled(self.a * other * 3.0)

    def __rmul__(self, other):
        return Scaled(self.a * other * 5.0)

    def __pow__(self, other):
        return Scaled(self.a ** (other + 1))

    def __matmul__(self, other):
        return self.a @ other.a * 2.0

    def __getitem__(self, i):
        return self.a[i] * 2.0

    def __iter__(self):
        return iter(self.a * 7.0)

    def __len__(self):
        return len(self.a)

    def __bool__(self):
        return False

    def __lt__(self, other):
        return False


@dataclasses.dataclass
class Pair:
    u: float
    v: float

    def __add__(self, other):
        return Pair(self.u * other.u, self.v)

    def __len__(self):
        return 5

    def __iter__(self):
        return iter((self.v, self.u))

    def __getitem__(self, i):
        return self.v if i == 0 else self.u


class Named(NamedTuple):
    u: float
    v: float

    def __add__(self, other):
        return Named(self.u * other.u, self.v * other.v)

    def __mul__(self, other):
        return Named(self.u * other, self.v * other)

    def __len__(self):
        return 7

    def __getitem__(self, i):
        return 9.0


RIGHT = {
    "an operator": lambda x: (Scaled(x) + Scaled(x * x)).a.sum(),
    "a number on the left": lambda x: (2.0 + Scaled(x)).a.sum(),
    "a number on the right": lambda x: (Scaled(x) * x[1]).a.sum(),
    "a power": lambda x: (Scaled(x) ** 2).a.sum(),
    "a product": lambda x: Scaled(x) @ Scaled(x),
    "brackets": lambda x: Scaled(x)[1] * x[0],
    "a slice": lambda x: Scaled(x)[1:].sum(),
    "len": lambda x: x[len(Scaled(x)) - 1] * x[0],
    "len of a dataclass": lambda x: x[0] * len(Pair(x[0], x[1])),
    "an operator of a dataclass": lambda x: (Pair(x[0], x[1]) + Pair(x[1], x[2])).u,
    "brackets of a dataclass": lambda x: Pair(x[0], x[1])[0] * x[1],
    "an operator of a named tuple": lambda x: (Named(x[0], x[1]) + Named(x[1], x[2])).u,
    "a named tuple times a number": lambda x: (Named(x[0], x[1]) * x[2]).u,
    "len of a named tuple": lambda x: x[0] * len(Named(x[0], x[1])),
    "brackets of a named tuple": lambda x: Named(x[0], x[1])[0] * x[1],
}
REFUSED = {
    "unpacking": lambda x: (lambda u, v: u * v * v)(*Pair(x[0], x[1])),
    "a sum": lambda x: sum(Scaled(x)),
    "a list": lambda x: list(Scaled(x))[2] * x[1],
    "a truth value": lambda x: x[0] if Scaled(x) else x[1],
    "a comparison": lambda x: x[0] if Scaled(x) < Scaled(x) else x[1],
    "max": lambda x: max(Scaled(x)),
    "an operator that it has not": lambda x: (Scaled(x) - Scaled(x)).a.sum(),
    "an array of it": lambda x: np.array(Pair(x[0], x[1])).sum(),
}
X = np.array([0.3, 0.7, 1.2])


@pytest.mark.parametrize("name", RIGHT)
def test_the_class_says_what_it_means(name):
    f = RIGHT[name]
    wanted = [(f(X + d) - f(X - d)) / 2e-6 for d in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(gradgen.grad(f)(X), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_followed_is_refused(name):
    with pytest.raises(GradgenError) as caught:
        gradgen.grad(REFUSED[name])(X)
    assert "internal error" not in str(caught.value)

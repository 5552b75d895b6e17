"""Rosenbrock's function of many variables: slices of one array."""

import numpy as np

WRT = ("x",)
SHAPES = "x=(n,)"
SIZES = {"10": {"n": 10}, "1,000": {"n": 1000}, "10,000": {"n": 10_000}}
REPORTED = ()


def f(x):
    a = x[1:] - x[:-1] ** 2
    b = 1.0 - x[:-1]
    return np.sum(100.0 * a**2 + b**2)


def expert(x):
    a = x[1:] - x[:-1] ** 2
    b = 1.0 - x[:-1]

    a *= 200.0  # now its cotangent
    x_bar = np.empty(x.shape, a.dtype)
    head = x_bar[:-1]
    np.multiply(a, x[:-1], out=head)
    head += b
    head *= -2.0
    x_bar[-1] = 0.0
    x_bar[1:] += a
    return x_bar


def arguments(rng, n):
    return (rng.normal(size=n),)


def torch_f(torch, x):
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()

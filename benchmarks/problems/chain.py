"""A chain of elementwise functions: memory traffic rather than arithmetic."""

import numpy as np

WRT = ("x",)
SHAPES = "x=(n,)"
SIZES = {"10,000": {"n": 10_000}, "1,000,000": {"n": 1_000_000}}
REPORTED = ("1,000,000",)  # arrays of 8 MB swing with the state of the heap


def f(x):
    a = np.sin(x)
    b = 1.0 + a * x
    c = np.exp(-0.1 * b**2)
    d = np.tanh(c - 0.5 * a)
    e = d / (1.0 + b**2)
    return np.sum(c * e)


def expert(x):
    a = np.sin(x)
    b = 1.0 + a * x
    c = np.exp(-0.1 * b**2)
    d = np.tanh(c - 0.5 * a)
    below = 1.0 + b**2
    e = d / below

    # buffers are used again as soon as they are free
    d_bar = c / below
    b_bar = d_bar * e
    d *= d
    np.subtract(1.0, d, out=d)
    d_bar *= d
    e += d_bar  # now the cotangent of c
    e *= c
    e *= 0.1
    b_bar += e
    b_bar *= b
    b_bar *= -2.0
    d_bar *= -0.5  # now that of a, less what comes by b
    np.multiply(b_bar, x, out=e)
    d_bar += e
    d_bar *= np.cos(x)
    b_bar *= a
    d_bar += b_bar
    return d_bar


def arguments(rng, n):
    return (rng.normal(size=n),)


def torch_f(torch, x):
    a = torch.sin(x)
    b = 1.0 + a * x
    c = torch.exp(-0.1 * b**2)
    return (c * torch.tanh(c - 0.5 * a) / (1.0 + b**2)).sum()

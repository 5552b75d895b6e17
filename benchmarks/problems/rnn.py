"""A recurrent network, batch 32, 64 hidden units: a loop of matrix products."""

import numpy as np

WRT = ("Wx", "Wh", "b", "Wy")
SHAPES = "Wx=(d, k), Wh=(k, k), b=(k,), Wy=(k, m), xs=(T, n, d), ys=(T, n, m)"
SIZES = {"T=25": {"T": 25}, "T=100": {"T": 100}, "T=400": {"T": 400}}
REPORTED = ()
STEPS = "T"


def f(Wx, Wh, b, Wy, xs, ys):
    h = np.zeros((xs.shape[1], len(b)))
    total = 0.0
    for t in range(len(xs)):
        h = np.tanh(xs[t] @ Wx + h @ Wh + b)
        error = h @ Wy - ys[t]
        total = total + 0.5 * np.sum(error**2)
    return total / len(xs)


def expert(Wx, Wh, b, Wy, xs, ys):
    h = np.zeros((xs.shape[1], len(b)))
    h_steps = [h]
    for t in range(len(xs)):
        h = np.tanh(xs[t] @ Wx + h @ Wh + b)
        h_steps.append(h)

    total_bar = 1.0 / len(xs)
    Wx_bar = np.zeros_like(Wx)
    Wh_bar = np.zeros_like(Wh)
    b_bar = np.zeros_like(b)
    Wy_bar = np.zeros_like(Wy)
    h_bar = np.zeros_like(h)
    for t in reversed(range(len(xs))):
        h_prev, h = h_steps[t], h_steps[t + 1]
        error = h @ Wy
        error -= ys[t]
        error *= total_bar
        Wy_bar += h.T @ error
        h_bar += error @ Wy.T

        pre_bar = h * h
        np.subtract(1.0, pre_bar, out=pre_bar)
        pre_bar *= h_bar
        Wx_bar += xs[t].T @ pre_bar
        Wh_bar += h_prev.T @ pre_bar
        b_bar += pre_bar.sum(axis=0)
        np.matmul(pre_bar, Wh.T, out=h_bar)
    return Wx_bar, Wh_bar, b_bar, Wy_bar


def arguments(rng, T, n=32, d=16, k=64, m=8):
    weights = (rng.normal(size=shape) / np.sqrt(shape[0]) for shape in ((d, k), (k, k), (k,), (k, m)))
    return *weights, rng.normal(size=(T, n, d)), rng.normal(size=(T, n, m))

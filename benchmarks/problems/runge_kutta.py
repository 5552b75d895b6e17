"""A network of neurons in continuous time, by the classical method of Runge and Kutta: a loop that calls a helper."""

import numpy as np

WRT = ("W", "b", "y0")
SHAPES = "W=(k, k), b=(k,), y0=(k,), target=(k,), dt=(), n=int()"
SIZES = {"50 steps": {"n": 50}, "200 steps": {"n": 200}, "800 steps": {"n": 800}}
REPORTED = ()
STEPS = "n"


def rate(y, W, b):
    return np.tanh(W @ y + b) - y


def f(W, b, y0, target, dt, n):
    y = y0
    for _ in range(n):
        k1 = rate(y, W, b)
        k2 = rate(y + 0.5 * dt * k1, W, b)
        k3 = rate(y + 0.5 * dt * k2, W, b)
        k4 = rate(y + dt * k3, W, b)
        y = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    r = y - target
    return r @ r


def expert(W, b, y0, target, dt, n):
    y = y0
    steps = []
    for _ in range(n):
        s1 = np.tanh(W @ y + b)
        k1 = s1 - y
        y2 = y + 0.5 * dt * k1
        s2 = np.tanh(W @ y2 + b)
        k2 = s2 - y2
        y3 = y + 0.5 * dt * k2
        s3 = np.tanh(W @ y3 + b)
        k3 = s3 - y3
        y4 = y + dt * k3
        s4 = np.tanh(W @ y4 + b)
        steps.append((y, y2, y3, y4, s1, s2, s3, s4))
        y = y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + (s4 - y4))

    y_bar = 2.0 * (y - target)
    W_bar = np.zeros_like(W)
    b_bar = np.zeros_like(b)
    for y, y2, y3, y4, s1, s2, s3, s4 in reversed(steps):
        k4_bar = dt / 6.0 * y_bar
        k_bar = 2.0 * k4_bar

        pre_bar = k4_bar * (1.0 - s4 * s4)
        W_bar += np.outer(pre_bar, y4)
        b_bar += pre_bar
        in_bar = W.T @ pre_bar - k4_bar
        y_bar += in_bar

        k3_bar = k_bar + dt * in_bar
        pre_bar = k3_bar * (1.0 - s3 * s3)
        W_bar += np.outer(pre_bar, y3)
        b_bar += pre_bar
        in_bar = W.T @ pre_bar - k3_bar
        y_bar += in_bar

        k2_bar = k_bar + 0.5 * dt * in_bar
        pre_bar = k2_bar * (1.0 - s2 * s2)
        W_bar += np.outer(pre_bar, y2)
        b_bar += pre_bar
        in_bar = W.T @ pre_bar - k2_bar
        y_bar += in_bar

        k1_bar = k4_bar + 0.5 * dt * in_bar
        pre_bar = k1_bar * (1.0 - s1 * s1)
        W_bar += np.outer(pre_bar, y)
        b_bar += pre_bar
        y_bar += W.T @ pre_bar - k1_bar
    return W_bar, b_bar, y_bar


def arguments(rng, n, k=32):
    W = 1.5 * rng.normal(size=(k, k)) / np.sqrt(k)
    return W, 0.1 * rng.normal(size=k), rng.normal(size=k), rng.normal(size=k), 5.0 / n, n

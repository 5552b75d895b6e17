"""The heat equation on 256 x 256 points, in place: a loop over slices of one array."""

import numpy as np

WRT = ("u0", "alpha")
SHAPES = "u0=(m, n), alpha=(), target=(m, n), steps=int()"
SIZES = {"12 steps": {"steps": 12}, "50 steps": {"steps": 50}, "200 steps": {"steps": 200}}
REPORTED = ()
STEPS = "steps"


def f(u0, alpha, target, steps):
    u = u0.copy()
    for _ in range(steps):
        lap = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4.0 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += alpha * lap
    r = u - target
    return 0.5 * np.sum(r * r)


def expert(u0, alpha, target, steps):
    u = u0.copy()
    lap_steps = []
    for _ in range(steps):
        lap = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4.0 * u[1:-1, 1:-1]
        lap_steps.append(lap)
        u[1:-1, 1:-1] += alpha * lap
    u -= target

    u_bar = u
    mid_bar = u_bar[1:-1, 1:-1]
    alpha_bar = 0.0
    for lap in reversed(lap_steps):
        alpha_bar += np.vdot(mid_bar, lap)
        lap_bar = alpha * mid_bar
        u_bar[:-2, 1:-1] += lap_bar
        u_bar[2:, 1:-1] += lap_bar
        u_bar[1:-1, :-2] += lap_bar
        u_bar[1:-1, 2:] += lap_bar
        lap_bar *= 4.0
        mid_bar -= lap_bar
    return u_bar, alpha_bar


def arguments(rng, steps, n=256):
    return rng.normal(size=(n, n)), 0.2, rng.normal(size=(n, n)), steps

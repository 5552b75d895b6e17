"""Logistic growth with harvest, by Euler's method: a loop of arithmetic on Python numbers."""

WRT = ("x0", "growth", "harvest")
SHAPES = "x0=(), growth=(), harvest=(), dt=(), n=int()"
SIZES = {"1,000": {"n": 1000}, "10,000": {"n": 10_000}, "100,000": {"n": 100_000}}
REPORTED = ()
STEPS = "n"


def f(x0, growth, harvest, dt, n):
    x = x0
    total = 0.0
    for _ in range(n):
        x = x + dt * (growth * x * (1.0 - x) - harvest * x)
        total = total + harvest * x * dt
    return total


def expert(x0, growth, harvest, dt, n):
    x = x0
    x_steps = [x]
    for _ in range(n):
        x = x + dt * (growth * x * (1.0 - x) - harvest * x)
        x_steps.append(x)

    x_bar = growth_bar = harvest_bar = 0.0
    for t in reversed(range(n)):
        x_prev = x_steps[t]
        harvest_bar += dt * x_steps[t + 1]
        x_bar += dt * harvest
        rate_bar = dt * x_bar
        growth_bar += rate_bar * x_prev * (1.0 - x_prev)
        harvest_bar -= rate_bar * x_prev
        x_bar += rate_bar * (growth * (1.0 - 2.0 * x_prev) - harvest)
    return x_bar, growth_bar, harvest_bar


def arguments(rng, n):
    return 0.1, 0.9, 0.3, 10.0 / n, n

"""How warm a rod was: the initial state of the heat equation, recovered from what a few sensors measured later.

    python examples/heat.py
"""

import sys
from pathlib import Path

import numpy as np


def misfit(u0, alpha, sensors, readings, every, weight):
    """Half the sum of squared differences from the readings, plus a penalty on roughness.

    u0: (n,), the temperatures at the beginning, those at the ends being held. alpha: diffusivity * dt / dx**2.
    sensors: (k,), at which points they are. readings: (m, k), what they read after each `every` time steps.
    """
    u = u0.copy()
    total = 0.5 * weight * np.sum(np.diff(u0) ** 2)
    for reading in readings:
        for _ in range(every):
            u[1:-1] += alpha * (u[:-2] - 2.0 * u[1:-1] + u[2:])
        total += 0.5 * np.sum((u[sensors] - reading) ** 2)
    return total


def readings_of(u0, alpha, sensors, every, count, rng, noise=0.005):
    """What the sensors read, with noise."""
    u, found = u0.copy(), []
    for _ in range(count):
        for _ in range(every):
            u[1:-1] += alpha * (u[:-2] - 2.0 * u[1:-1] + u[2:])
        found.append(u[sensors])
    return np.array(found) + noise * rng.normal(size=(count, len(sensors)))


def main():
    from scipy.optimize import minimize

    from generated.heat_grad import value_and_grad_misfit

    x = np.linspace(0.0, 1.0, 81)
    true = np.exp(-(((x - 0.3) / 0.1) ** 2)) + 0.5 * np.exp(-(((x - 0.75) / 0.07) ** 2))
    sensors = np.arange(0, 81, 8)
    readings = readings_of(true, 0.4, sensors, 10, 40, np.random.default_rng(0))
    arguments = (0.4, sensors, readings, 10, 2e-4)
    fit = minimize(value_and_grad_misfit, np.zeros(81), args=arguments, jac=True, method="L-BFGS-B",
                   options={"maxiter": 500})  # fmt: skip
    print(f"400 time steps, {fit.nit} iterations: misfit {fit.fun:.4f}")
    print(f"largest error: {np.max(np.abs(fit.x - true)):.3f}, of nothing known: {np.max(np.abs(true)):.3f}")
    print(f"warmest at {x[np.argmax(fit.x)]:.2f} (true: {x[np.argmax(true)]:.2f})")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

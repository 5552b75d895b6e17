"""Predators and their prey: the rates of the Lotka-Volterra equations, fitted to counts through a Runge-Kutta method.

    python examples/predator_prey.py
"""

import sys
from pathlib import Path

import numpy as np


def rates(y, theta):
    """How fast the numbers of prey and predators change: dy/dt."""
    prey, predators = y
    birth, hunt, growth, death = theta
    return np.array([birth * prey - hunt * prey * predators, growth * prey * predators - death * predators])


def rk4_step(f, y, dt, theta):
    """One step of the classical method of Runge and Kutta."""
    k1 = f(y, theta)
    k2 = f(y + 0.5 * dt * k1, theta)
    k3 = f(y + 0.5 * dt * k2, theta)
    k4 = f(y + dt * k3, theta)
    return y + dt / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def misfit(log_theta, y0, dt, counts, substeps=10):
    """Half the sum of squared differences of logarithms between what the model says and `counts`.

    log_theta: (4,), the logarithms of the rates. y0: (2,), the numbers at the beginning. counts: (n, 2), one row after
    every `substeps` steps of length dt.
    """
    theta = np.exp(log_theta)
    y = y0
    total = 0.0
    for row in counts:
        for _ in range(substeps):
            y = rk4_step(rates, y, dt, theta)
        total += 0.5 * np.sum((np.log(y) - np.log(row)) ** 2)
    return total


def observations(rng, theta, y0, dt, n=40, substeps=10, noise=0.05):
    """Counts with a relative error."""
    y, rows = y0, []
    for _ in range(n):
        for _ in range(substeps):
            y = rk4_step(rates, y, dt, theta)
        rows.append(y * np.exp(noise * rng.normal(size=2)))
    return np.array(rows)


def main():
    from scipy.optimize import minimize

    from generated.predator_prey_grad import value_and_grad_misfit

    theta, y0, dt = np.array([1.1, 0.4, 0.1, 0.4]), np.array([10.0, 5.0]), 0.05
    counts = observations(np.random.default_rng(0), theta, y0, dt)
    start = np.log(theta) + np.array([0.2, -0.2, 0.2, -0.2])
    fit = minimize(value_and_grad_misfit, start, args=(y0, dt, counts), jac=True, method="BFGS")
    print(f"misfit {value_and_grad_misfit(start, y0, dt, counts)[0]:.4f}, fitted {fit.fun:.4f}, {fit.nit} iterations")
    print(f"largest entry of the gradient: {np.max(np.abs(fit.jac)):.1e}")
    for name, rate, true in zip(("birth", "hunt", "growth", "death"), np.exp(fit.x), theta, strict=True):
        print(f"{name:6s} {rate:.4f} (true: {true})")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

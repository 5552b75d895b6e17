"""What lies under the ground: the coefficient of a wave equation, recovered from a seismogram.

    python examples/wave.py
"""

import sys
from pathlib import Path

import numpy as np


def misfit(c2, source, seismogram, weight):
    """Half the sum of squared differences from the seismogram, plus a penalty on roughness.

    c2: (n,), the squared speed of sound at each point, times (dt / dx)**2. source: (T,), what shakes point 1 at each
    time step. seismogram: (T, 2), what was recorded at points 3 and n - 4.
    """
    u = np.zeros(len(c2))
    before = np.zeros(len(c2))
    total = 0.5 * weight * np.sum((c2[1:] - c2[:-1]) ** 2)
    for t in range(len(source)):
        after = np.zeros(len(c2))
        after[1:-1] = 2.0 * u[1:-1] - before[1:-1] + c2[1:-1] * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        after[1] += source[t]
        before, u = u, after
        total += 0.5 * ((u[3] - seismogram[t, 0]) ** 2 + (u[-4] - seismogram[t, 1]) ** 2)
    return total


def recorded(c2, source):
    """What the wave equation makes of a source at points 3 and n - 4."""
    u, before, rows = np.zeros(len(c2)), np.zeros(len(c2)), []
    for s in source:
        after = np.zeros(len(c2))
        after[1:-1] = 2.0 * u[1:-1] - before[1:-1] + c2[1:-1] * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        after[1] += s
        before, u = u, after
        rows.append((u[3], u[-4]))
    return np.array(rows)


def main():
    from scipy.optimize import minimize

    from generated.wave_grad import value_and_grad_misfit

    place = np.linspace(0.0, 1.0, 60)
    true = 0.25 + 0.1 * np.exp(-(((place - 0.45) / 0.12) ** 2))
    t = (np.arange(300) - 42) / 14.0
    source = 0.3 * np.exp(-(t**2)) * t
    seismogram = recorded(true, source)
    start = np.full(60, 0.25)
    arguments = (source, seismogram, 0.1)
    fit = minimize(value_and_grad_misfit, start, args=arguments, jac=True, method="L-BFGS-B",
                   bounds=[(0.05, 0.9)] * 60, options={"maxiter": 300})  # fmt: skip
    first = value_and_grad_misfit(start, *arguments)[0]
    print(f"misfit {first:.4f} at first, {fit.fun:.6f} after {fit.nit} iterations")
    print(f"largest error: {np.max(np.abs(fit.x - true)):.4f}, at first {np.max(np.abs(start - true)):.4f}")
    print(f"fastest at {place[np.argmax(fit.x)]:.2f} (true: {place[np.argmax(true)]:.2f})")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

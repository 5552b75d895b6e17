"""Soft dynamic time warping (Cuturi and Blondel, 2017), and the mean of series that are shifted against each other.

    python examples/soft_dtw.py
"""

import sys
from pathlib import Path

import numpy as np


def soft_dtw(x, y, gamma):
    """How far two series are apart when time may be warped.

    x: (n,) and y: (m,), the series. gamma: how soft the minimum over all ways to warp is, above 0.
    """
    n, m = len(x), len(y)
    R = np.full((n + 1, m + 1), 1e10)
    R[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            low = min(R[i - 1, j], R[i, j - 1], R[i - 1, j - 1])
            ways = (
                np.exp((low - R[i - 1, j]) / gamma)
                + np.exp((low - R[i, j - 1]) / gamma)
                + np.exp((low - R[i - 1, j - 1]) / gamma)
            )
            R[i, j] = (x[i - 1] - y[j - 1]) ** 2 + low - gamma * np.log(ways)
    return R[n, m]


def bumps(rng, count=4, n=24):
    """The same bump, earlier or later, with noise."""
    t = np.arange(n)
    return [np.exp(-(((t - at) / 2.5) ** 2)) + 0.02 * rng.normal(size=n) for at in rng.uniform(7.0, 16.0, count)]


def main():
    from scipy.optimize import minimize

    from generated.soft_dtw_grad import value_and_grad_soft_dtw

    series = bumps(np.random.default_rng(0))

    def objective(x):
        parts = [value_and_grad_soft_dtw(x, y, 0.05) for y in series]
        return sum(value for value, _ in parts), sum(bar for _, bar in parts)

    mean = np.mean(series, axis=0)
    fit = minimize(objective, mean, jac=True, method="L-BFGS-B", options={"maxiter": 60})
    print(f"distance of the mean: {objective(mean)[0]:.4f}, of the mean under warping: {fit.fun:.4f}")
    print(f"height of the bump: {max(mean):.3f} and {max(fit.x):.3f} (true: 1)")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

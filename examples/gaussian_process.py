"""Gaussian process regression: its hyperparameters fitted by maximising the marginal likelihood.

    python examples/gaussian_process.py
"""

import sys
from pathlib import Path

import numpy as np


def negative_log_likelihood(log_theta, x, y):
    """Negative log marginal likelihood of y under a Gaussian process with an RBF kernel.

    log_theta: (3,), the logarithms of amplitude, length scale and standard deviation of the noise. x: (n,) the places,
    y: (n,) what was observed there.
    """
    amplitude, length, noise = np.exp(log_theta)
    n = len(x)
    distance = (x[:, None] - x[None, :]) / length
    K = amplitude**2 * np.exp(-0.5 * distance**2) + noise**2 * np.eye(n)
    L = np.linalg.cholesky(K)
    z = np.linalg.solve(L, y)  # so that z @ z is y @ inv(K) @ y
    return 0.5 * (z @ z) + np.sum(np.log(np.diag(L))) + 0.5 * n * np.log(2.0 * np.pi)


def observations(rng, n=80, noise=0.1):
    """A sine with noise."""
    x = np.sort(rng.uniform(0.0, 10.0, n))
    return x, np.sin(x) + noise * rng.normal(size=n)


def main():
    from scipy.optimize import minimize

    from generated.gaussian_process_grad import value_and_grad_negative_log_likelihood

    x, y = observations(np.random.default_rng(0))
    fit = minimize(value_and_grad_negative_log_likelihood, np.zeros(3), args=(x, y), jac=True, method="BFGS", tol=1e-6)
    amplitude, length, noise = np.exp(fit.x)
    print(f"log marginal likelihood: {-fit.fun:.4f} after {fit.nit} iterations")
    print(f"largest entry of the gradient: {np.max(np.abs(fit.jac)):.1e}")
    print(f"amplitude {amplitude:.4f}, length scale {length:.4f}, noise {noise:.4f} (true: 0.1)")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

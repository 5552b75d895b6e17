"""Rosenbrock's function in any number of dimensions, minimised with the generated gradient.

    python examples/rosenbrock.py
"""

import sys
from pathlib import Path

import numpy as np


def rosenbrock(x):
    """Rosenbrock's function of x: (n,). Its minimum is 0, where all coordinates are 1."""
    a = x[1:] - x[:-1] ** 2
    b = 1.0 - x[:-1]
    return np.sum(100.0 * a**2 + b**2)


def main():
    from scipy.optimize import minimize

    from generated.rosenbrock_grad import grad_rosenbrock

    start = np.full(10, -1.0)
    found = minimize(rosenbrock, start, jac=grad_rosenbrock, method="BFGS", options={"gtol": 1e-8})
    print(f"minimum {found.fun:.2e} after {found.nit} iterations, {found.njev} gradients")
    print("at", np.array2string(found.x, precision=6, suppress_small=True))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

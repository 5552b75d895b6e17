"""Logistic regression on scikit-learn's breast cancer data, fitted by scipy.optimize with the generated gradient.

    python examples/logistic.py
"""

import sys
from pathlib import Path

import numpy as np


def loss(w, X, y, weight_decay):
    """Mean negative log-likelihood of logistic regression, plus weight decay.

    w: (d,), the weights. X: (n, d), the inputs. y: (n,), 0.0 or 1.0.
    """
    z = X @ w
    return np.mean(np.logaddexp(0.0, z) - y * z) + weight_decay * (w @ w)


def breast_cancer():
    """Standardised inputs, with a column of ones for the intercept, and classes."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.column_stack([np.ones(len(X)), X]), y.astype(float)


def main():
    from scipy.optimize import minimize

    from generated.logistic_grad import value_and_grad_loss

    X, y = breast_cancer()
    weight_decay = 1e-3
    start = np.zeros(X.shape[1])
    fit = minimize(value_and_grad_loss, start, args=(X, y, weight_decay), jac=True, method="L-BFGS-B", tol=1e-10)
    print(f"{fit.nit} iterations, {fit.nfev} evaluations of loss and gradient")
    print(f"loss: {fit.fun:.6f}")
    print(f"largest entry of the gradient: {np.max(np.abs(fit.jac)):.1e}")
    print(f"accuracy: {np.mean((X @ fit.x > 0.0) == y):.2%}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

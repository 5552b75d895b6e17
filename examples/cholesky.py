"""A Gaussian likelihood whose Cholesky decomposition is written out as three loops, as in a first course.

    python examples/cholesky.py
"""

import sys
from pathlib import Path

import numpy as np


def cholesky(A):
    """The lower triangular L with L @ L.T == A."""
    n = A.shape[0]
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, i] = np.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


def negative_log_likelihood(A, S, count):
    """Negative log-likelihood of a covariance matrix, up to a constant.

    A: (n, n), the covariance. S: (n, n), that of `count` samples. Only the lower half of A is read.
    """
    L = cholesky(A)
    n = A.shape[0]
    trace = 0.0
    for c in range(n):
        z = np.zeros(n)
        for i in range(n):  # L z = column c of a root of S
            z[i] = (S[i, c] - L[i, :i] @ z[:i]) / L[i, i]
        trace += z @ z
    return 0.5 * count * (trace + 2.0 * np.sum(np.log(np.diag(L))))


def main():
    from scipy.optimize import minimize

    from generated.cholesky_grad import value_and_grad_negative_log_likelihood

    rng = np.random.default_rng(0)
    n, count = 5, 400
    mixing = rng.normal(size=(n, n))
    samples = rng.normal(size=(count, n)) @ mixing.T
    covariance = samples.T @ samples / count
    root = np.linalg.cholesky(covariance)

    # noise that all share, and noise of their own: A = diag(exp(a)) + b b'
    def objective(theta):
        a, b = theta[:n], theta[n:]
        A = np.diag(np.exp(a)) + np.outer(b, b)
        value, A_bar = value_and_grad_negative_log_likelihood(A, root, count)
        return value, np.concatenate([np.diag(A_bar) * np.exp(a), (A_bar + A_bar.T) @ b])

    fit = minimize(objective, np.ones(2 * n), jac=True, method="BFGS")
    A = np.diag(np.exp(fit.x[:n])) + np.outer(fit.x[n:], fit.x[n:])
    exact = 0.5 * count * (np.trace(np.linalg.solve(A, covariance)) + np.linalg.slogdet(A)[1])
    print(f"negative log-likelihood: {fit.fun:.6f}, by numpy.linalg: {exact:.6f}")
    print(f"largest entry of the gradient: {np.max(np.abs(fit.jac)):.1e}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

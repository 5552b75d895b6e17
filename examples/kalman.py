"""A Kalman filter: the noise of a tracked object and of its sensor, by maximum likelihood.

    python examples/kalman.py
"""

import sys
from pathlib import Path

import numpy as np


def negative_log_likelihood(log_q, log_r, A, C, ys):
    """Negative log-likelihood of observations under a linear Gaussian model, by the Kalman filter.

    The state moves as x[t+1] = A x[t] + noise of covariance exp(log_q) I, and y[t] = C x[t] + noise of covariance
    diag(exp(log_r)) is seen. log_q: a number. log_r: (m,). A: (n, n). C: (m, n). ys: (T, m).
    """
    n = A.shape[0]
    Q = np.exp(log_q) * np.eye(n)
    R = np.diag(np.exp(log_r))
    x = np.zeros(n)
    P = np.eye(n)
    nll = 0.0
    for y in ys:
        # predict
        x = A @ x
        P = A @ P @ A.T + Q

        # update
        S = C @ P @ C.T + R
        K = np.linalg.solve(S, C @ P).T
        v = y - C @ x
        x = x + K @ v
        P = P - K @ C @ P

        sign, logdet = np.linalg.slogdet(S)
        nll += 0.5 * (logdet + v @ np.linalg.solve(S, v) + len(y) * np.log(2 * np.pi))
    return nll


def track(rng, A, C, q, r, n=300):
    """What is seen of an object that moves at random."""
    x = np.zeros(len(A))
    ys = []
    for _ in range(n):
        x = A @ x + np.sqrt(q) * rng.normal(size=len(x))
        ys.append(C @ x + np.sqrt(r) * rng.normal(size=len(C)))
    return np.array(ys)


def main():
    from scipy.optimize import minimize

    from generated.kalman_grad import value_and_grad_negative_log_likelihood

    A = np.array([[1.0, 0.0, 0.1, 0.0], [0.0, 1.0, 0.0, 0.1], [0.0, 0.0, 0.98, 0.0], [0.0, 0.0, 0.0, 0.98]])
    C = np.eye(4)[:2]
    q, r = 0.04, np.array([0.25, 1.0])
    ys = track(np.random.default_rng(0), A, C, q, r)

    def objective(theta):
        value, (log_q_bar, log_r_bar) = value_and_grad_negative_log_likelihood(theta[0], theta[1:], A, C, ys)
        return value, np.concatenate([[log_q_bar], log_r_bar])

    fit = minimize(objective, np.zeros(3), jac=True, method="BFGS", tol=1e-6)
    print(f"log-likelihood: {-fit.fun:.4f} after {fit.nit} iterations")
    print(f"largest entry of the gradient: {np.max(np.abs(fit.jac)):.1e}")
    values = np.exp(fit.x)
    print(f"q {values[0]:.4f} (true: {q}), r {values[1]:.4f} and {values[2]:.4f} (true: {r[0]} and {r[1]})")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

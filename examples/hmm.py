"""A hidden Markov model, fitted by the gradient of its log-likelihood, which the forward algorithm computes.

    python examples/hmm.py
"""

import sys
from pathlib import Path

import numpy as np


def logsumexp(a, axis):
    top = np.max(a, axis=axis, keepdims=True)
    return np.squeeze(top, axis=axis) + np.log(np.sum(np.exp(a - top), axis=axis))


def negative_log_likelihood(start, transitions, emissions, symbols):
    """Negative log-likelihood of a sequence of symbols, by the forward algorithm in logarithms (Rabiner, 1989).

    start: (k,), transitions: (k, k) and emissions: (k, m), scores whose softmax, row by row, gives the probabilities
    of the first state, of the next one, and of a symbol. symbols: (T,), integers below m.
    """
    log_start = start - logsumexp(start, axis=0)
    log_A = transitions - logsumexp(transitions, axis=1)[:, None]
    log_B = emissions - logsumexp(emissions, axis=1)[:, None]

    log_alpha = log_start + log_B[:, symbols[0]]
    for s in symbols[1:]:
        log_alpha = logsumexp(log_alpha[:, None] + log_A, axis=0) + log_B[:, s]
    return -logsumexp(log_alpha, axis=0)


def softmax(scores):
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def dishonest_casino(rng, n=1500):
    """Rolls of a die that now and then is exchanged for one which shows a six half of the time."""
    A = np.array([[0.95, 0.05], [0.1, 0.9]])
    B = np.array([[1 / 6] * 6, [0.1] * 5 + [0.5]])
    state, rolls = 0, []
    for _ in range(n):
        rolls.append(rng.choice(6, p=B[state]))
        state = rng.choice(2, p=A[state])
    return np.array(rolls), A, B


def main():
    from scipy.optimize import minimize

    from generated.hmm_grad import value_and_grad_negative_log_likelihood

    rng = np.random.default_rng(1)
    rolls, A, B = dishonest_casino(rng)

    def parts(theta):
        return theta[:2], theta[2:6].reshape(2, 2), theta[6:].reshape(2, 6)

    def objective(theta):
        value, bars = value_and_grad_negative_log_likelihood(*parts(theta), rolls)
        return value, np.concatenate([bar.ravel() for bar in bars])

    begin = np.concatenate([np.zeros(2), (2.0 * np.eye(2)).ravel(), 0.3 * rng.normal(size=12)])
    fit = minimize(objective, begin, jac=True, method="BFGS", options={"gtol": 1e-3})
    _, fitted_A, fitted_B = map(softmax, parts(fit.x))
    order = np.argsort(fitted_B[:, 5])  # the loaded die comes last
    true = objective(np.concatenate([[0.0, -50.0], np.log(A).ravel(), np.log(B).ravel()]))[0]
    print(f"log-likelihood: {-fit.fun:.3f}, of the true model {-true:.3f}, after {fit.nit} iterations")
    print(f"largest entry of the gradient: {np.max(np.abs(fit.jac)):.1e}")
    print("the same die again:", *(f"{p:.3f}" for p in np.diag(fitted_A)[order]), "(true: 0.95 and 0.9)")
    for name, p in zip(("fair", "loaded"), fitted_B[order], strict=True):
        print(f"{name:6s}", *(f"{x:.3f}" for x in p))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

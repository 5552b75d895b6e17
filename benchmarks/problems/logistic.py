"""Logistic regression with an intercept and weight decay."""

import numpy as np

WRT = ("w", "b")
SHAPES = "w=(d,), b=(), X=(n, d), y=(n,), decay=()"
SIZES = {"20,000x20": {"n": 20_000, "d": 20}}
REPORTED = ()


def f(w, b, X, y, decay):
    z = X @ w + b
    return np.mean(np.logaddexp(0.0, z) - y * z) + 0.5 * decay * (w @ w)


def expert(w, b, X, y, decay):
    """The derivative of logaddexp(0, z) is 1 / (1 + exp(-z)), in the form that does not overflow."""
    z = X @ w + b
    softplus = np.logaddexp(0.0, z)

    z_bar = np.subtract(z, softplus, out=softplus)
    np.exp(z_bar, out=z_bar)
    z_bar -= y
    return X.T @ z_bar / z.size + decay * w, z_bar.sum() / z.size


def arguments(rng, n, d):
    X = rng.normal(size=(n, d))
    y = (X @ rng.normal(size=d) + rng.normal(size=n) > 0.0).astype(float)
    return 0.1 * rng.normal(size=d), 0.3, X, y, 1e-3


def torch_f(torch, w, b, X, y, decay):
    z = X @ w + b
    return (torch.nn.functional.softplus(z) - y * z).mean() + 0.5 * decay * (w @ w)

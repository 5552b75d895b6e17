"""A network whose layers are a list of pairs (W, b): two spirals told apart.

    python examples/layers.py
"""

import itertools
import sys
from pathlib import Path

import numpy as np


def loss(params, X, y):
    """Cross-entropy of a network of any depth.

    params: a list of pairs (W, b), one for each layer. X: (n, 2), points. y: (n,), 0 or 1.
    """
    H = X
    for W, b in params[:-1]:
        H = np.tanh(H @ W + b)
    W, b = params[-1]
    scores = (H @ W + b)[:, 0]
    return np.mean(np.logaddexp(0.0, scores) - y * scores)


def predict(params, X):
    for W, b in params[:-1]:
        X = np.tanh(X @ W + b)
    W, b = params[-1]
    return (X @ W + b)[:, 0] > 0.0


def spirals(rng, n=200):
    """Points on two spirals, one in the other."""
    t = np.sqrt(rng.uniform(0.05, 1.0, n)) * 3.0 * np.pi
    y = rng.integers(2, size=n)
    angle = t + np.pi * y
    return np.stack([t * np.cos(angle), t * np.sin(angle)], axis=1) / 10.0 + 0.01 * rng.normal(size=(n, 2)), y


def train(value_and_grad, X, y, rng, sizes=(2, 32, 32, 1), steps=1500, rate=0.01):
    """Adam (Kingma and Ba, 2015); returns the layers."""
    params = [
        (rng.normal(0.0, 1.5 / np.sqrt(m), (m, n)), np.zeros(n)) for m, n in itertools.pairwise(sizes)
    ]
    means = [[np.zeros_like(p) for p in layer] for layer in params]
    squares = [[np.zeros_like(p) for p in layer] for layer in params]
    for step in range(1, steps + 1):
        value, params_bar = value_and_grad(params, X, y)
        for layer, layer_bar, m, s in zip(params, params_bar, means, squares, strict=True):
            for p, p_bar, mean, square in zip(layer, layer_bar, m, s, strict=True):
                mean += 0.1 * (p_bar - mean)
                square += 0.001 * (p_bar * p_bar - square)
                p -= rate * (mean / (1.0 - 0.9**step)) / (np.sqrt(square / (1.0 - 0.999**step)) + 1e-8)
        if step == 1 or step % 300 == 0:
            print(f"step {step:4d}   loss {value:.4f}")
    return params


def main():
    from generated.layers_grad import value_and_grad_loss

    rng = np.random.default_rng(0)
    X, y = spirals(rng)
    X_test, y_test = spirals(rng)
    params = train(value_and_grad_loss, X, y, rng)
    right, right_test = np.mean(predict(params, X) == y), np.mean(predict(params, X_test) == y_test)
    print(f"accuracy: {right:.1%}, on new points {right_test:.1%}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where generated/ is
    main()

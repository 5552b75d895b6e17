"""A classifier with one hidden layer: relu, softmax cross-entropy, weight decay."""

import numpy as np

WRT = ("W1", "b1", "W2", "b2")
SHAPES = "W1=(d, h), b1=(h,), W2=(h, k), b2=(k,), X=(n, d), y=int(n,), decay=()"
SIZES = {"8x4-8-3": {"n": 8, "d": 4, "h": 8, "k": 3}, "128x784-256-10": {"n": 128, "d": 784, "h": 256, "k": 10}}
REPORTED = ()


def f(W1, b1, W2, b2, X, y, decay):
    n = len(y)
    hidden = np.maximum(X @ W1 + b1, 0.0)
    scores = hidden @ W2 + b2
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    log_sum = np.log(np.sum(np.exp(shifted), axis=1))
    cross_entropy = np.mean(log_sum - shifted[np.arange(n), y])
    return cross_entropy + decay * (np.sum(W1**2) + np.sum(W2**2))


def expert(W1, b1, W2, b2, X, y, decay):
    n = len(y)
    hidden = np.maximum(X @ W1 + b1, 0.0)
    scores = hidden @ W2 + b2
    shifted = scores - np.max(scores, axis=1, keepdims=True)

    scores_bar = np.exp(shifted)
    scores_bar /= n * scores_bar.sum(axis=1, keepdims=True)
    scores_bar[np.arange(n), y] -= 1.0 / n
    W2_bar = hidden.T @ scores_bar
    W2_bar += 2.0 * decay * W2
    b2_bar = scores_bar.sum(axis=0)
    hidden_bar = scores_bar @ W2.T
    hidden_bar *= hidden > 0.0
    W1_bar = X.T @ hidden_bar
    W1_bar += 2.0 * decay * W1
    b1_bar = hidden_bar.sum(axis=0)
    return W1_bar, b1_bar, W2_bar, b2_bar


def arguments(rng, n, d, h, k):
    W1, W2 = rng.normal(size=(d, h)) / np.sqrt(d), rng.normal(size=(h, k)) / np.sqrt(h)
    b1, b2 = 0.1 * rng.normal(size=h), 0.1 * rng.normal(size=k)
    return W1, b1, W2, b2, rng.normal(size=(n, d)), rng.integers(0, k, n), 1e-3


def torch_f(torch, W1, b1, W2, b2, X, y, decay):
    scores = torch.relu(X @ W1 + b1) @ W2 + b2
    return torch.nn.functional.cross_entropy(scores, y) + decay * ((W1**2).sum() + (W2**2).sum())

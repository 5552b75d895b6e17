"""The log-likelihood of a Gaussian mixture with full covariances, n points in d dimensions, k components.

As in ADBench (Srajer, Kukelova and Fitzgibbon 2018), without the Wishart prior: a component's inverse covariance is
Q Q^T with Q lower triangular, its diagonal given by logarithms.
"""

import numpy as np

WRT = ("logits", "means", "log_diagonal", "lower")
SHAPES = "logits=(k,), means=(k, d), log_diagonal=(k, d), lower=(k, d, d), X=(n, d)"
SIZES = {"1000/10/25": {"n": 1000, "d": 10, "k": 25}}
REPORTED = ()


def f(logits, means, log_diagonal, lower, X):
    d = X.shape[1]
    Q = np.tril(lower, -1) + np.exp(log_diagonal)[:, :, None] * np.eye(d)
    z = (X - means[:, None, :]) @ Q
    terms = (logits + np.sum(log_diagonal, axis=1))[:, None] - 0.5 * np.sum(z**2, axis=2)
    top = np.max(terms, axis=0)
    log_p = top + np.log(np.sum(np.exp(terms - top), axis=0))
    most = np.max(logits)
    log_total = most + np.log(np.sum(np.exp(logits - most)))
    return np.sum(log_p) - len(X) * (log_total + 0.5 * d * np.log(2.0 * np.pi))


def expert(logits, means, log_diagonal, lower, X):
    d = X.shape[1]
    diagonal = np.exp(log_diagonal)
    Q = np.tril(lower, -1) + diagonal[:, :, None] * np.eye(d)
    centred = X - means[:, None, :]
    z = centred @ Q
    terms = (logits + np.sum(log_diagonal, axis=1))[:, None] - 0.5 * np.sum(z**2, axis=2)
    top = np.max(terms, axis=0)
    most = np.max(logits)

    # the gradient of a log-sum-exp is the softmax, the shift by the maximum has no part in it
    terms_bar = np.exp(terms - top)
    terms_bar /= terms_bar.sum(axis=0)
    constant_bar = terms_bar.sum(axis=1)
    share = np.exp(logits - most)
    logits_bar = constant_bar - (len(X) / share.sum()) * share

    z *= -terms_bar[:, :, None]
    Q_bar = centred.transpose(0, 2, 1) @ z
    means_bar = -(z.sum(axis=1)[:, None, :] @ Q.transpose(0, 2, 1))[:, 0]
    log_diagonal_bar = constant_bar[:, None] + diagonal * np.diagonal(Q_bar, axis1=1, axis2=2)
    return logits_bar, means_bar, log_diagonal_bar, np.tril(Q_bar, -1)


def arguments(rng, n, d, k):
    logits, means = 0.3 * rng.normal(size=k), rng.normal(size=(k, d))
    return logits, means, 0.1 * rng.normal(size=(k, d)), 0.2 * rng.normal(size=(k, d, d)), rng.normal(size=(n, d))


def torch_f(torch, logits, means, log_diagonal, lower, X):
    d = X.shape[1]
    Q = torch.tril(lower, -1) + torch.diag_embed(torch.exp(log_diagonal))
    z = (X - means[:, None, :]) @ Q
    terms = (logits + log_diagonal.sum(dim=1))[:, None] - 0.5 * (z**2).sum(dim=2)
    total = torch.logsumexp(logits, 0) + 0.5 * d * float(np.log(2.0 * np.pi))
    return torch.logsumexp(terms, 0).sum() - len(X) * total

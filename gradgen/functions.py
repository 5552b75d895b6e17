"""Functions of deep learning that NumPy does not have, numerically stable and differentiable by gradgen.

They are plain NumPy and work on arrays of any rank, on their own too. A generated module carries along the source of
those that it uses, so each stands on its own. Equations are those of Goodfellow, Bengio and Courville, *Deep
Learning*. float32 in gives float32 out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softmax_cross_entropy", "softplus"]


def relu(x: Any) -> Any:
    """The rectified linear unit, max(0, x) (section 6.3.1); its derivative at 0 is 0."""
    return np.maximum(x, 0.0)


def sigmoid(x: Any) -> Any:
    """The logistic function, 1 / (1 + exp(-x)) (equation 3.30), without overflow."""
    e = np.exp(-np.abs(x))
    return np.where(np.less(x, 0.0), e, 1.0) / (1.0 + e)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)), a smooth relu (equation 3.31)."""
    return np.logaddexp(x, 0.0)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) normalised to sum to 1 along `axis` (equation 6.29); the largest entry is subtracted first."""
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """The logarithm of softmax along `axis` (equation 6.30), exact where softmax itself rounds to 0."""
    z = x - np.max(x, axis=axis, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=axis, keepdims=True))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) along `axis`, the largest entry taken out first; -inf entries count as exp(-inf) = 0."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return out if keepdims else np.squeeze(out, axis=axis)[()]


def softmax_cross_entropy(logits: Any, labels: Any) -> Any:
    """The cross-entropy of softmax(logits) and class labels, one loss for each example (equation 6.30, negated).

    logits: scores, the classes along the last axis. labels: the index of the right class of each example, integers of
    the shape of `logits` without the last axis. The losses have the shape of `labels`; take their mean for training.
    """
    labels = np.expand_dims(labels, -1)
    top = np.max(logits, axis=-1, keepdims=True)
    log_total = np.log(np.sum(np.exp(logits - top), axis=-1, keepdims=True)) + top
    return (log_total - np.take_along_axis(logits, labels, axis=-1))[..., 0]

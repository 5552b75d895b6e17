"""Shifts that cancel: the cotangent of what is subtracted before an exponential is zero, and only where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradgen

N, K = 5, 4
rng = np.random.default_rng(0)
MATRIX, ROW = rng.normal(size=(N, K)), rng.normal(size=K)
LABELS = rng.integers(K, size=N)
WEIGHTS = rng.uniform(0.5, 1.0, size=(N, K))
SHAPES = {"u": "(n, k)", "y": "int(n,)", "w": "(n, k)"}


def log_softmax_lines(u, y, w):
    m = np.max(u, axis=1, keepdims=True)
    z = u - m
    e = np.exp(z)
    s = np.sum(e, axis=1, keepdims=True)
    log_p = z - np.log(s)
    return -np.sum(log_p[np.arange(len(y)), y]) / len(y)


def one_line(u, y, w):
    p = np.exp(u - u.max(axis=-1, keepdims=True)) / np.exp(u - u.max(axis=-1, keepdims=True)).sum(-1, keepdims=True)
    return np.sum(w * p)


def logsumexp_without_keepdims(u, y, w):
    m = np.amax(u, axis=1)
    lse = m + np.log(np.exp(u - m[:, None]).sum(axis=1))
    return np.mean(lse - u[np.arange(u.shape[0]), y])


def difference_of_sums(u, y, w):
    z = u - u.max(axis=1, keepdims=True)
    lse = np.log(np.sum(np.exp(z), axis=1))
    return np.sum(w[:, 0] * lse) - np.sum(w[:, 0] * z[np.arange(len(y)), y])


def difference_of_means(u, y, w):
    z = u - np.expand_dims(np.max(u, axis=1), 1)
    return np.mean(np.log(np.sum(np.exp(z), axis=1))) - np.mean(z[np.arange(len(y)), y])


def columns(u, y, w):
    e = np.exp(u - u.max(axis=0))
    return np.sum(w * (e / e.sum(axis=0)) ** 2)


def transposed(u, y, w):
    z = u.T - u.max(axis=1)
    return np.sum(w.T * np.exp(z) / np.sum(np.exp(z), axis=0))


def all_entries(u, y, w):
    z = u - np.max(u)
    return np.sum(w * z) / 2.0 - np.log(np.exp(z).sum()) * np.sum(w) / 2.0


def attention(u, y, w):
    e = np.exp(u - u.max(axis=1, keepdims=True))
    return np.sum((e @ w.T) / e.sum(axis=1, keepdims=True))


def masked(u, y, w):
    z = np.where(w > 0.7, u - u.max(axis=1, keepdims=True), -np.inf)
    e = np.exp(z)
    return np.sum(w * e / (np.sum(e, axis=1, keepdims=True) + np.where(np.any(w > 0.7, 1, keepdims=True), 0.0, 1.0)))


def guarded_maximum(u, y, w):
    top = np.max(u, axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    return np.sum(np.log(np.sum(np.exp(u - top), axis=1, keepdims=True)) + top)


def mean_taken_off(u, y, w):
    e = np.exp(u - u.mean(axis=1, keepdims=True))
    return np.sum(w * e / e.sum(axis=1, keepdims=True))


def taken_along(u, y, w):
    z = u - u.max(axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(np.take_along_axis(log_p, y[:, None], axis=1))


def standardised_power(u, y, w):
    e = np.exp(0.5 * (u - u.max(axis=1, keepdims=True)))
    return np.sum(w * e**2 / np.sum(np.square(e), axis=1, keepdims=True))


CANCEL = [
    log_softmax_lines, one_line, logsumexp_without_keepdims, difference_of_sums, difference_of_means, columns,
    transposed, guarded_maximum, attention, mean_taken_off, taken_along, standardised_power,
]  # fmt: skip


def not_quite_softmax(u, y, w):
    """The rows of w do not sum to 1, so that the shift shows."""
    z = u - u.max(axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(z), axis=1))) - np.sum(w * z)


def wrong_axis(u, y, w):
    e = np.exp(u - u.max(axis=1, keepdims=True))
    return np.sum(w * e / e.sum(axis=0))


def other_shift(u, y, w):
    return np.sum(u.max(axis=1)[:, None] + np.log(np.exp(u - u.max(axis=1, keepdims=True)).sum(0)))


def shift_of_other_rows(u, y, w):
    z = u - u.max(axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(z), axis=1)) - z[y, y])


def shifted_arange(u, y, w):
    rows = np.arange(-1, len(y) - 1)
    z = u - u.max(axis=1, keepdims=True)
    return np.sum((np.log(np.sum(np.exp(z), axis=1)) - z[rows, y]) * w[:, 0])


def with_epsilon(u, y, w):
    e = np.exp(u - u.max(axis=1, keepdims=True))
    return np.sum(w * e / (1e-3 + e.sum(axis=1, keepdims=True)))


def square_shift(u, y, w):
    """Rows and columns of one size: the shift lies across."""
    s = u @ u.T
    e = np.exp(s - s.max(axis=1))
    return np.sum(e / e.sum(axis=1, keepdims=True) * (w @ w.T))


def shift_returned(u, y, w):
    m = u.max(axis=1, keepdims=True)
    return np.sum(np.exp(u - m) / np.exp(u - m).sum(axis=1, keepdims=True) * w) + np.sum(m)


REMAIN = [not_quite_softmax, wrong_axis, other_shift, shift_of_other_rows, shifted_arange, with_epsilon, square_shift,
          shift_returned, all_entries, masked]  # fmt: skip


def numerical(f: Any, u: np.ndarray, *rest: Any) -> np.ndarray:
    out, h = np.zeros_like(u), 1e-6
    for i in np.ndindex(u.shape):
        up, down = u.copy(), u.copy()
        up[i] += h
        down[i] -= h
        out[i] = (f(up, *rest) - f(down, *rest)) / (2.0 * h)
    return out


@pytest.mark.parametrize("shapes", [SHAPES, {}], ids=["shapes", "unknown"])
@pytest.mark.parametrize("f", CANCEL + REMAIN)
def test_gradient(f, shapes):
    df = gradgen.grad(f, shapes=shapes)
    np.testing.assert_allclose(
        df(MATRIX, LABELS, WEIGHTS), numerical(f, MATRIX, LABELS, WEIGHTS), rtol=2e-5, atol=1e-8
    )


@pytest.mark.parametrize("f", CANCEL)
def test_nothing_is_sent_through_the_shift(f):
    source = gradgen.grad(f, shapes=SHAPES).source
    assert "_share" not in source and "_bar / u.shape[1]" not in source


@pytest.mark.parametrize("f", REMAIN)
def test_a_shift_that_shows_gets_its_cotangent(f):
    assert "_share" in gradgen.grad(f, shapes=SHAPES).source


def softmax_of_a_row(x, w):
    z = x - x.max()
    return w @ (np.exp(z) / np.exp(z).sum())


def softmax_of_any_rank(x, w):
    z = x - np.max(x, axis=-1, keepdims=True)
    e = np.exp(z)
    return np.sum(w * (e / np.sum(e, axis=-1, keepdims=True)))


def softmax_from_the_front(x, w):
    e = np.exp(x - np.max(x, axis=0, keepdims=True))
    return np.sum((e / np.sum(e, axis=0, keepdims=True)) ** 2)


@pytest.mark.parametrize("f", [softmax_of_a_row, softmax_of_any_rank, softmax_from_the_front])
def test_ranks_need_not_be_known(f):
    df = gradgen.grad(f)
    assert "_share" not in df.source
    np.testing.assert_allclose(df(ROW, WEIGHTS[0]), numerical(f, ROW, WEIGHTS[0]), rtol=2e-5, atol=1e-8)


def test_the_shift_of_the_forward_pass_keeps_its_line():
    def loss(u, y):
        z = u - np.max(u, axis=1, keepdims=True)
        log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return -np.mean(log_p[np.arange(len(y)), y])

    text = gradgen.value_and_grad(loss, shapes="u=(n, k), y=int(n,)").source
    assert "    z = u - np.max(u, axis=1, keepdims=True)\n" in text
    assert "    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))\n" in text
    assert "np.exp(log_p)" in text and "np.zeros" not in text

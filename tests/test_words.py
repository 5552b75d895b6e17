"""Parts that the backward pass reads get a word that says what they are, and never a name of the user's."""

from __future__ import annotations

import numpy as np
import pytest

import gradgen


def exponential(x, y):
    return np.sum(np.exp(x) * y + np.exp(x * y))


def difference(x, y):
    return np.sum((x - y) ** 2 * np.sin(x - y) + (1.0 - x) ** 2 * np.cos(1.0 - x))


def nested(x, y):
    a = np.sin((x - y) / 2.0) ** 2
    return np.sum(a)


def followed(x, y):
    def gain(t):
        return 1.0 / (1.0 + t * t)

    return np.sum(gain(x) * y * gain(x + y))


def clashing(x, y):
    exp_x = 2.0 * y
    return np.sum(np.exp(x) * exp_x * y)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (exponential, ["exp_x = np.exp(x)"]),
        (difference, ["x_minus_y = x - y", "one_minus_x = 1.0 - x"]),
        (nested, ["half_x_minus_y = (x - y) / 2.0"]),
        (followed, ["gain_x = 1.0 / ", "gain = 1.0 / "]),
        (clashing, ["exp_x = 2.0 * y", "exp_x_part = np.exp(x)"]),
    ],
)
def test_words(f, words):
    text = gradgen.value_and_grad(f, wrt="x,y", shapes="x=(n,), y=(n,)").source
    for word in words:
        assert f"    {word}" in text

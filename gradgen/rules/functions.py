"""Rules of `gradgen.functions`: each uses the function's output again, so that nothing is computed twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functions as F
from ..graph import type_of
from ..shapes import Facts, ShapeVar, Type, float_of
from .elementwise import finite
from .primitives import apply, broadcast_like, length, scatter, unbroadcast
from .products import same_shape
from .reductions import reduced_type, restore
from .registry import bprop, elementwise, ndim, primitive

elementwise(F.relu, lambda g, out, x: g * np.greater(out, 0.0), signature="x")
elementwise(F.sigmoid, lambda g, out, x: g * out * (1.0 - out), signature="x", reals=True)
# 1 - exp(-out) is sigmoid(x)
elementwise(F.softplus, lambda g, out, x: -g * np.expm1(-out), signature="x")


def like_input(facts: Facts, x: Any, **_: Any) -> Type:
    t = type_of(x)
    return Type(float_of(t.kind), t.shape, array=True)


def rows(rng: np.random.Generator) -> list[Any]:
    """Samples along every axis of arrays of each rank."""
    calls = [(rng.normal(size=(2, 1, 3)), {"axis": axis}) for axis in (0, 1, 2, -1)]
    calls += [(rng.normal(size=shape), {}) for shape in ((4,), (3, 4), (1, 1), (2, 3, 4))]
    return [((x,), kwargs) for x, kwargs in calls]


@bprop(F.softmax, signature="x, axis=-1", infer=like_input, samples=rows)
def softmax(g, out, x, *, axis):
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


@bprop(F.log_softmax, signature="x, axis=-1", infer=like_input, samples=rows)
def log_softmax(g, out, x, *, axis):
    g = broadcast_like(g, x)
    return g - np.exp(out) * np.sum(g, axis=axis, keepdims=True)


def logsumexp_type(facts: Facts, x: Any, *, axis: Any, keepdims: bool) -> Type:
    return reduced_type(facts, x, axis, keepdims, float_of(type_of(x).kind))


def reduced_rows(rng: np.random.Generator) -> list[Any]:
    calls = rows(rng)
    return calls + [(args, {**kwargs, "keepdims": True}) for args, kwargs in calls] + [((rng.normal(size=()),), {})]


@bprop(F.logsumexp, signature="x, axis=None, keepdims=False", infer=logsumexp_type, samples=reduced_rows)
def logsumexp(g, out, x, *, axis, keepdims):
    """Softmax, and 0 where all entries are -inf."""
    return restore(g, x, axis, keepdims) * np.exp(x - finite(restore(out, x, axis, keepdims)))


def losses_type(facts: Facts, logits: Any, labels: Any) -> Type:
    t = type_of(logits)
    shape = ShapeVar() if isinstance(t.shape, ShapeVar) else facts.broadcast(type_of(labels).shape, t.shape[:-1])
    return Type(float_of(t.kind), shape, array=True)


def scores(rng: np.random.Generator) -> list[Any]:
    shapes = [(4,), (3, 4), (1, 1), (2, 3, 4), (3, 1)]
    return [((rng.normal(size=s), rng.integers(s[-1], size=s[:-1])), {}) for s in shapes]


@bprop(F.softmax_cross_entropy, signature="logits, labels", infer=losses_type, samples=scores)
def softmax_cross_entropy(g, out, logits, labels):
    """Probabilities less the right class, which has 1."""
    p = apply(F.softmax, logits)
    rank = ndim(logits)
    if rank in (1, 2) and same_shape(out, labels):
        index = labels if rank == 1 else (apply(np.arange, length(logits, 0)), labels)
        return restore(g, logits, -1, ndim(g) == 0) * p + scatter(-g, index, logits), None
    return unbroadcast(restore(g, logits, -1, ndim(g) == 0) * (p - one_hot(labels, logits)), logits), None


def one_hot_type(facts: Facts, labels: Any, like: Any) -> Type:
    return Type("bool", type_of(like).shape, array=True)


@primitive(signature="labels, like", differentiable=False, infer=one_hot_type)
def one_hot(labels: Any, like: Any) -> Any:
    """Whether an entry of `like`, with the classes along its last axis, belongs to the class in `labels`."""
    return np.expand_dims(labels, -1) == np.arange(np.shape(like)[-1])

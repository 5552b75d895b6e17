"""Whether the gradients of a problem are right: by hand against differences, the generated one against that by hand."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np


def generated(problem: types.ModuleType, guards: bool) -> tuple[Callable[..., Any], Any]:
    """The function that gradgen writes, as one calls it in a module of its own, and the gradient in memory."""
    import gradgen

    made = gradgen.grad(problem.f, wrt=problem.WRT, shapes=problem.SHAPES, guards=guards)
    space: dict[str, Any] = {}
    exec(compile(made.source, f"<gradient of {problem.__name__}>", "exec"), space)
    return space[f"grad_{problem.f.__name__}"], made


def positions(problem: types.ModuleType) -> tuple[int, ...]:
    names = problem.f.__code__.co_varnames[: problem.f.__code__.co_argcount]
    return tuple(names.index(name) for name in problem.WRT)


def as_tuple(bars: Any) -> tuple[Any, ...]:
    return bars if isinstance(bars, tuple) else (bars,)


def check_expert(problem: types.ModuleType, args: tuple[Any, ...], rng: np.random.Generator) -> None:
    """Compare the hand-written gradient with central differences, of steps so small that no relu flips."""
    bars = as_tuple(problem.expert(*args))
    for _ in range(3):
        steps = [rng.normal(size=np.shape(args[i])) for i in positions(problem)]
        steps = [step / np.sqrt(np.sum(step**2)) for step in steps]
        slope = sum(float(np.sum(bar * step)) for bar, step in zip(bars, steps, strict=True))
        ends = []
        for size in (1e-6, -1e-6):
            moved = list(args)
            for i, step in zip(positions(problem), steps, strict=True):
                moved[i] = args[i] + size * (step if np.ndim(step) else float(step))
            ends.append(problem.f(*moved))
        difference = (ends[0] - ends[1]) / 2e-6
        if not math.isclose(slope, difference, rel_tol=1e-5, abs_tol=1e-8 * (1.0 + abs(ends[0]))):
            raise AssertionError(f"{problem.__name__}.expert: {slope} by hand, {difference} by differences")


def check_same(problem: types.ModuleType, call: Callable[..., Any], args: tuple[Any, ...]) -> None:
    for mine, other in zip(as_tuple(problem.expert(*args)), as_tuple(call(*args)), strict=True):
        np.testing.assert_allclose(other, mine, rtol=1e-9, atol=1e-11, err_msg=problem.__name__)

"""What gradgen makes of an entry: right, refused, or wrong."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import gradgen
from gradgen import GradgenError

from .entry import Entry, copied


def answer(entry: Entry) -> tuple[str, str]:
    """("right", ""), ("refused", the message) or ("wrong", how)."""
    function, arguments = entry.function, entry.call_arguments()
    targets = entry.wrt.split()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = function(**copies(arguments))
        try:
            value, pullback = gradgen.vjp(function, wrt=tuple(targets))(**copies(arguments))
            bars = cotangent(plain, np.random.default_rng(7))
            found = pullback(bars)
        except GradgenError as error:
            return "refused", str(error)
        if not alike(value, plain):
            return "wrong", f"the value is {value!r}, not {plain!r}"
        found = found if len(targets) > 1 else (found,)
        for target, mine in zip(targets, found, strict=True):
            fault = compared(entry, function, arguments, target, bars, mine)
            if fault:
                return "wrong", f"{target}: {fault}"
    return "right", ""


def copies(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: copied(x) for name, x in arguments.items()}


def cotangent(x: Any, rng: np.random.Generator) -> Any:
    """A cotangent with the structure of a result; None for what has none."""
    if isinstance(x, (tuple, list)):
        return type(x)(cotangent(item, rng) for item in x)
    if not isinstance(x, (float, complex, np.ndarray, np.generic)) or np.asarray(x).dtype.kind not in "fc":
        return None
    bar = rng.uniform(0.5, 1.5, np.shape(x))
    return bar if isinstance(x, np.ndarray) else float(bar)


def leaves(x: Any) -> list[Any]:
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


def alike(a: Any, b: Any) -> bool:
    """Whether two results are the same numbers."""
    pairs = list(zip(leaves(a), leaves(b), strict=False))
    same = len(leaves(a)) == len(leaves(b))
    return same and all(
        np.shape(x) == np.shape(y) and (np.asarray(x).dtype.kind in "OU" or np.allclose(x, y, 1e-10, 0, equal_nan=True))
        for x, y in pairs
    )


def weighed(result: Any, bars: Any, part: Any = np.real) -> float:
    """The inner product of a result and its cotangent; with `abs`, of their sizes."""
    pairs = zip(leaves(result), leaves(bars), strict=True)
    return float(sum(np.sum(part(np.conj(bar) * x)) for x, bar in pairs if bar is not None))


def value_of(function: Any, arguments: dict[str, Any], target: str) -> Any:
    """What is differentiated by: an argument, or an attribute of the object whose method it is."""
    return getattr(function.__self__, target[5:]) if target.startswith("self.") else arguments[target]


def compared(entry: Entry, function: Any, arguments: dict[str, Any], target: str, bars: Any, mine: Any) -> str:
    """What is wrong with a gradient, by central differences of two step sizes; "" where nothing is."""
    x = np.asarray(value_of(function, arguments, target), dtype=float)
    if np.shape(mine) != x.shape:
        return f"the shape is {np.shape(mine)}, not {x.shape}"

    def at(moved: np.ndarray[Any, Any]) -> float:
        given = copies(arguments)
        if target.startswith("self."):
            setattr(function.__self__, target[5:], moved)
        else:
            given[target] = moved.tolist() if not isinstance(given[target], np.ndarray) else moved.copy()
        return weighed(function(**given), bars)

    size = weighed(function(**copies(arguments)), bars, abs)
    wide, narrow = np.zeros_like(x), np.zeros_like(x)
    for i in np.ndindex(x.shape):
        for out, step in ((wide, entry.step), (narrow, entry.step / 2)):
            h = step * (abs(x[i]) or 1.0)
            up, down = x.copy(), x.copy()
            up[i] += h
            down[i] -= h
            out[i] = (at(up) - at(down)) / (up[i] - down[i])
    if target in entry.symmetric.split():
        wide, narrow = (wide + wide.T) / 2, (narrow + narrow.T) / 2
    noise = 4e-15 * size / np.where(x == 0.0, 1.0, np.abs(x)) / entry.step
    best, scale = narrow + (narrow - wide) / 3, np.max(np.abs(narrow), initial=1e-12)
    if np.any(np.abs(wide - narrow) > 1e-3 * scale + noise):
        return f"the differences do not agree: {wide.tolist()} and {narrow.tolist()}"
    if not np.all(np.abs(np.asarray(mine, dtype=float) - best) <= 2e-6 * scale + noise):
        return f"{np.asarray(mine).tolist()} instead of {best.tolist()}"
    return ""

"""Gradients of functions of containers and objects, compared leaf by leaf to central differences."""

from __future__ import annotations

import copy
import dataclasses
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np

from gradgen import grad, value_and_grad, vjp
from tests.test_cases import blocked


def entries(x: Any) -> list[Any]:
    """What is in a container or a dataclass, one by one."""
    if isinstance(x, dict):
        return list(x.values())
    if isinstance(x, (list, tuple)):
        return list(x)
    if dataclasses.is_dataclass(x):
        return [getattr(x, f.name) for f in dataclasses.fields(x)]
    return list(vars(x).values())


def is_leaf(x: Any) -> bool:
    return x is None or isinstance(x, (int, float, str, bool, np.ndarray, np.generic))


def leaves(x: Any) -> list[Any]:
    return [x] if is_leaf(x) else [leaf for part in entries(x) for leaf in leaves(part)]


def moved(x: Any, place: int, leaf: Any) -> Any:
    """A copy of `x` with another leaf at a place."""
    x = copy.deepcopy(x)
    count = -1

    def walk(part: Any) -> Any:
        nonlocal count
        if is_leaf(part):
            count += 1
            return leaf if count == place else part
        if isinstance(part, dict):
            return {key: walk(item) for key, item in part.items()}
        if hasattr(part, "_fields"):
            return type(part)(*map(walk, part))
        if isinstance(part, (list, tuple)):
            return type(part)(map(walk, part))
        names = [f.name for f in dataclasses.fields(part)] if dataclasses.is_dataclass(part) else list(vars(part))
        for name in names:
            object.__setattr__(part, name, walk(getattr(part, name)))
        return part

    return walk(x)


def numerical(f: Any, leaf: Any) -> Any:
    """The derivative of f(leaf), a number, by central differences that are extrapolated from two steps."""
    x = np.array(leaf, dtype=float)
    out = np.zeros(x.shape)

    def at(index: Any, by: float) -> float:
        new = x.copy()
        new[index] += by
        return float(f(new if new.shape else float(new)))

    for index in np.ndindex(x.shape):
        h = 1e-3 * max(1.0, abs(float(x[index])))
        slow, fast = ((at(index, s * h) - at(index, -s * h)) / (2.0 * s * h) for s in (1.0, 0.5))
        out[index] = (4.0 * fast - slow) / 3.0
    return out


def same_structure(a: Any, b: Any) -> bool:
    if is_leaf(a) or is_leaf(b):
        return is_leaf(a) and is_leaf(b)
    keys = (list(a) == list(b)) if isinstance(a, dict) else True
    return type(a) is type(b) and keys and all(map(same_structure, entries(a), entries(b)))


def compare_leaves(f: Any, x: Any, bar: Any) -> None:
    """`bar` is the gradient of the number f(x), in the structure of x; what is no float has None."""
    assert same_structure(x, bar), f"{bar!r} is not made like {x!r}"
    floats = 0
    for place, (leaf, got) in enumerate(zip(leaves(x), leaves(bar), strict=True)):
        if not isinstance(leaf, (float, np.floating)) and getattr(getattr(leaf, "dtype", None), "kind", "") != "f":
            assert got is None, f"leaf {place}"
            continue
        floats += 1
        wanted = numerical(lambda new, k=place: f(moved(x, k, new)), leaf)
        assert np.shape(got) == np.shape(leaf)
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7, err_msg=f"leaf {place}")
    assert floats


def written(fn: Any, options: dict[str, Any], mode: str = "grad") -> Any:
    """The function of the written module, executed where gradgen cannot be imported."""
    make = {"grad": grad, "value_and_grad": value_and_grad, "vjp": vjp}[mode]
    text = make(fn, **options).source
    scope: dict[str, Any] = {"__name__": "generated"}
    with blocked():
        exec(compile(text, "generated.py", "exec"), scope)
    assert "gradgen" not in {name.split(".")[0] for name in scope}
    name = getattr(fn, "__name__", None) or fn.func.__name__
    return scope[f"{mode}_{name}"]


def check(fn: Any, *args: Any, declared: dict[str, Any] | None = None) -> None:
    """The gradient by the first argument, in all faces, in memory and as written modules.

    declared: options for the written module; it is written without any as well.
    """
    before = copy.deepcopy(args)
    value = fn(*args)

    def of_first(x: Any) -> float:
        return float(fn(x, *args[1:]))

    bar = grad(fn)(*args)
    compare_leaves(of_first, args[0], bar)
    got, again = value_and_grad(fn)(*args)
    np.testing.assert_allclose(got, value)
    agree(again, bar)
    got, pullback = vjp(fn)(*args)
    np.testing.assert_allclose(got, value)
    for _ in range(2):
        agree(pullback(1.0), bar)
    for options in [{}] + ([declared] if declared is not None else []):
        agree(written(fn, options)(*args), bar)
        got, again = written(fn, options, "value_and_grad")(*args)
        np.testing.assert_allclose(got, value)
        agree(again, bar)
        _, pullback = written(fn, options, "vjp")(*args)
        agree(pullback(1.0), bar)
    for a, b in zip(leaves(list(args)), leaves(list(before)), strict=True):
        np.testing.assert_array_equal(a, b)


def agree(a: Any, b: Any) -> None:
    for x, y in zip(leaves(a), leaves(b), strict=True):
        assert (x is None) == (y is None)
        if x is not None:
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12)


def load(path: Path, text: str) -> Any:
    path.write_text(inspect.cleandoc(text) + "\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module

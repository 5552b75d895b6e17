"""NumPy's functions that call functions, in plain Python: gradgen reads these in their place, as it reads the user's.

Each does what NumPy's does, for the arguments that it takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """`np.piecewise`: of several conditions that hold the last one counts."""
    out = np.zeros_like(x)
    if len(funclist) > len(condlist):
        covered = condlist[0]
        for condition in condlist[1:]:
            covered = covered | condition
        otherwise = ~covered
        out[otherwise] = _piece(funclist[-1], x[otherwise], args, kw)
    for condition, choice in zip(condlist, funclist, strict=False):
        out[condition] = _piece(choice, x[condition], args, kw)
    return out


def piecewise_of_number(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """`np.piecewise` of a number."""
    value = 0.0
    if len(funclist) > len(condlist):
        covered = condlist[0]
        for condition in condlist[1:]:
            covered = covered | condition
        if not covered:
            value = _piece(funclist[-1], x, args, kw)
    for condition, choice in zip(condlist, funclist, strict=False):
        if condition:
            value = _piece(choice, x, args, kw)
    return value


def _piece(choice: Any, part: Any, args: Any, kw: Any) -> Any:
    return choice(part, *args, **kw) if callable(choice) else choice


def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """`np.apply_along_axis`: where the function gives arrays, their axes stand where the one was."""
    if arr.ndim == 1:
        return func1d(arr, *args, **kwargs)
    if arr.ndim == 2:
        rows = arr.T if axis in (0, -2) else arr
        results = np.stack([func1d(row, *args, **kwargs) for row in rows])
    else:
        rows = np.moveaxis(arr, axis, -1)
        results = np.stack([func1d(row, *args, **kwargs) for row in rows.reshape(-1, rows.shape[-1])])
        results = results.reshape(rows.shape[:-1] + results.shape[1:])
    if results.ndim < arr.ndim:
        return results
    if results.ndim == 2:
        return results.T if axis in (0, -2) else results
    if results.ndim == arr.ndim:
        return np.moveaxis(results, -1, axis)
    if results.ndim == arr.ndim + 1:
        return np.moveaxis(results, (-2, -1), (axis, axis + 1) if axis >= 0 else (axis - 1, axis))
    raise NotImplementedError("the function may give numbers, vectors and matrices")


def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """`np.apply_over_axes`, of a function that reduces along an axis, and of axes that are known."""
    for axis in axes:
        result = func(a, axis)
        a = result if result.ndim == a.ndim else np.expand_dims(result, axis)
    return a


def fromfunction(function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any) -> Any:
    """`np.fromfunction`: the function is called once, on the indices of all entries."""
    return function(*tuple(np.indices(shape, dtype=dtype)), **kwargs)


def vectorized(pyfunc: Any, *args: Any) -> Any:
    """What `np.vectorize(pyfunc)` gives: the function is called on the entries one by one."""
    return _of_each(pyfunc, args)


def vectorized_float(pyfunc: Any, *args: Any) -> Any:
    """What `np.vectorize(pyfunc, otypes=[float])` gives."""
    return _of_each(pyfunc, args).astype(float)


def _of_each(pyfunc: Any, args: Any) -> Any:
    if len(args) == 1:
        return _of_entries(pyfunc, args[0])
    if len(args) == 2:
        if np.ndim(args[1]) == 0:
            return _of_entries(pyfunc, args[0], args[1])
        x, y = np.broadcast_arrays(*args)
        values = [pyfunc(s, t) for s, t in zip(x.ravel(), y.ravel(), strict=True)]
        return np.array(values).reshape(x.shape)
    rows = [entries.ravel() for entries in np.broadcast_arrays(*args)]
    values = [pyfunc(*[row[i] for row in rows]) for i in range(rows[0].size)]
    return np.array(values).reshape(np.broadcast_arrays(*args)[0].shape)


def _of_entries(pyfunc: Any, x: Any, *numbers: Any) -> Any:
    if x.ndim == 1:
        return np.array([pyfunc(entry, *numbers) for entry in x])
    return np.array([pyfunc(entry, *numbers) for entry in x.ravel()]).reshape(x.shape)


def of_numbers(pyfunc: Any, *args: Any) -> Any:
    """What `np.vectorize(pyfunc)` gives for numbers."""
    return pyfunc(*args)


PLAIN = {
    np.piecewise: piecewise,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes,
    np.fromfunction: fromfunction,
}
"""NumPy's functions, and what is read in the place of each."""
OF_NUMBERS = {piecewise: piecewise_of_number, vectorized: of_numbers, vectorized_float: of_numbers}
"""What is read instead where all arguments are numbers."""

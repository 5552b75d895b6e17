"""Objects of NumPy, the standard library and SciPy: what belongs to them, and how they are written in a module."""

from __future__ import annotations

import ast
import builtins
import functools
import sys
import types
from typing import Any

import numpy as np

from . import functions
from .graph import OPERATIONS
from .syntax import dotted, numpy_path

BRACKETED = ("r_", "c_", "s_", "index_exp", "mgrid", "ogrid")
"""Objects of NumPy's that have no name: what they are given stands in brackets."""
NAMESPACES = frozenset({
    "scipy._lib._array_api.array_namespace", "sklearn.utils._array_api.get_namespace",
    "sklearn.utils._array_api.get_namespace_and_device",
})  # fmt: skip
"""Functions that tell which module's functions go with arrays, by the array API standard: for NumPy's it is NumPy."""


def library_path(obj: Any) -> tuple[str, ast.expr] | None:
    """(module to import or "", syntax) for an object of NumPy, the standard library or SciPy, else None."""
    if isinstance(obj, types.ModuleType):
        path = obj.__name__
        if is_numpy_module(obj):
            return "", dotted("np" + path[len("numpy") :])
        root = path.split(".")[0]
        if root in sys.stdlib_module_names and root != "__main__" or root == "scipy":
            return path, dotted(path)
        return None
    name: Any = getattr(obj, "__name__", None)
    for word in BRACKETED:
        if obj is getattr(np, word):
            return "", numpy_path(word)
    if not isinstance(name, str) or isinstance(obj, (bool, int, float, np.ndarray)):
        return None
    if isinstance(obj, np.ufunc):
        return ("", numpy_path(name)) if getattr(np, name, None) is obj else _scipy_special(name, obj)
    if not (callable(obj)):
        return None
    module = getattr(obj, "__module__", None) or ""
    own = [f"{module.removeprefix('numpy.')}."] if module.startswith("numpy.polynomial.") else []
    for prefix in ("", "linalg.", "fft.", "random.", "lib.stride_tricks.", *own):
        owner = functools.reduce(getattr, prefix.split(".")[:-1], np)
        if module.split(".")[0] in ("numpy", "builtins") and vars(owner).get(name) is obj:
            if module == "builtins" and getattr(builtins, name, None) is obj:
                return "", ast.Name(name, ast.Load())
            return "", numpy_path(prefix + name)
    root = module.split(".")[0]
    if root == "builtins" and getattr(builtins, name, None) is obj:
        return "", ast.Name(name, ast.Load())
    holder: Any = getattr(obj, "__self__", None)
    if root == "scipy" and holder is not None:  # a method of a distribution, as `scipy.stats.norm.pdf`
        module = ".".join(type(holder).__module__.split(".")[:2])
        named = next((key for key, x in vars(sys.modules.get(module, holder)).items() if x is holder), None)
        if named is not None:
            return module, ast.Attribute(dotted(f"{module}.{named}"), name, ast.Load())
    if root == "scipy":  # by its public name, as in `scipy.special.softmax`
        public = ".".join(module.split(".")[:2])
        module = public if getattr(sys.modules.get(public), name, None) is obj else module
    found = sys.modules.get(module)
    if found is not None and getattr(found, name, None) is obj:
        if (root in sys.stdlib_module_names and root != "__main__") or root == "scipy":
            return module, ast.Attribute(dotted(module), name, ast.Load())
    return None


def _scipy_special(name: str, obj: Any) -> tuple[str, ast.expr] | None:
    special = sys.modules.get("scipy.special")
    if special is not None and getattr(special, name, None) is obj:
        return "scipy.special", ast.Attribute(dotted("scipy.special"), name, ast.Load())
    return None


def path_object(tree: ast.expr) -> Any:
    """What a dotted path such as `scipy.special.erf` means, its root being a module; None where it means nothing."""
    if isinstance(tree, ast.Attribute):
        return getattr(path_object(tree.value), tree.attr, None)
    return sys.modules.get(tree.id) if isinstance(tree, ast.Name) else None


def is_numpy_module(obj: Any) -> bool:
    return obj is np or getattr(obj, "__name__", "").split(".")[0] == "numpy"


def is_library(fn: Any) -> bool:
    """Whether a function belongs to NumPy, SciPy or the standard library; not what merely wraps one that does."""
    root = (getattr(fn, "__module__", None) or "").split(".")[0]
    return _is_of_libraries(root) and (not isinstance(fn, types.FunctionType) or _is_of_libraries(_home(fn)))


def _is_of_libraries(root: str) -> bool:
    return root in ("numpy", "scipy", "builtins") or root in sys.stdlib_module_names and root != "__main__"


def _home(fn: types.FunctionType) -> str:
    """The package in which a function was written: `functools.wraps` says that of what is wrapped."""
    return str(fn.__globals__.get("__name__", "")).split(".")[0]


def is_namespace(fn: Any) -> bool:
    """Whether a function is one of `NAMESPACES`."""
    return f"{getattr(fn, '__module__', '')}.{getattr(fn, '__qualname__', '')}" in NAMESPACES


def is_scipy(fn: Any) -> bool:
    """Whether a function belongs to SciPy: of those without a rule the source is followed, where there is any."""
    return (getattr(fn, "__module__", None) or "").split(".")[0] == "scipy"


def parameters_of(dist: Any) -> list[str]:
    """The parameters with which a distribution of SciPy, one whose functions have rules, is made an object that holds
    them; none for anything else."""
    for name in ("logpdf", "logpmf"):
        method = getattr(dist, name, None) if is_scipy(type(dist)) else None
        if among(method, OPERATIONS):
            return [p.name for p in OPERATIONS[method].parameters[1:]]
    return []


def held_by(obj: Any) -> tuple[Any, dict[str, Any]] | None:
    """The distribution that an object of SciPy's holds parameters of, and these; None for anything else."""
    if not is_scipy(type(obj)) or not all(hasattr(obj, name) for name in ("args", "kwds", "dist")):
        return None
    dist = getattr(sys.modules["scipy.stats"], str(getattr(obj.dist, "name", "")), None)
    names = parameters_of(dist)
    return (dist, dict(zip(names, obj.args, strict=False)) | obj.kwds) if names else None


def is_carried(obj: Any) -> bool:
    """Whether `obj` is a function of `gradgen.functions`, which a module takes along: one with a rule of its own."""
    return isinstance(obj, types.FunctionType) and obj.__module__ == functions.__name__ and obj in OPERATIONS


def among(x: Any, table: Any) -> bool:
    """Whether `x` is in `table`; what has no hash is in none."""
    try:
        return x in table
    except TypeError:
        return False

"""Nothing is unknown: every public function of NumPy is differentiated, has derivative zero, or is refused by name."""

import inspect
import sys
import warnings

import numpy as np
import pytest
import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.spatial.distance
import scipy.special
import scipy.stats
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

import gradgen.rules
from gradgen.graph import OPERATIONS
from gradgen.library import parameters_of
from gradgen.rules.registry import REFUSED

SERIES = [polynomial, chebyshev, legendre, hermite, hermite_e, laguerre]
MODULES = [np, np.linalg, np.fft, *SERIES, scipy.special, scipy.linalg, scipy.fft, scipy.ndimage, scipy.signal,
           scipy.stats, scipy.integrate, scipy.interpolate, scipy.optimize, scipy.spatial.distance]  # fmt: skip
FOLLOWED = {scipy.integrate.fixed_quad}
"""Functions whose source is read: they call a function on an array, and do nothing else."""
gradgen.rules.of_libraries()


def names(module):
    """The public callables of a module, by name; not what it has from the standard library."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(set(dir(module)) | set(getattr(module, "__all__", ()))):
            obj = getattr(module, name, None)
            borrowed = (getattr(obj, "__module__", None) or "").split(".")[0] in sys.stdlib_module_names - {"builtins"}
            if not name.startswith("_") and callable(obj) and not inspect.ismodule(obj) and not borrowed:
                found[name] = obj
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_name_is_known(module):
    unknown = [name for name, obj in names(module).items() if obj not in OPERATIONS and obj not in REFUSED
               and obj not in FOLLOWED and not parameters_of(obj)]  # fmt: skip
    assert not unknown, f"neither differentiated nor refused: {' '.join(unknown)}"


def test_what_is_refused_has_no_rule_and_says_why():
    assert not [fn for fn in REFUSED if fn in OPERATIONS]
    for reason, advice in REFUSED.values():
        assert reason and advice and reason[0].islower() and not reason.endswith(".")

"""The functions of the corpus, which were chosen before anyone knew which of them gradgen accepts.

None is left out because it fails: what is refused stays, with the reason.
"""

from __future__ import annotations

from . import formulas, scientific

ENTRIES = [
    *scientific.SCIPY, *scientific.SKLEARN, *scientific.STATSMODELS, *scientific.OTHERS, *formulas.LMFIT,
    *formulas.FLUIDS, *formulas.CHEMISTRY, *formulas.PVLIB, *formulas.ROTATIONS, *formulas.GEODESY, *formulas.ASTROPY,
    *formulas.COLOUR, *formulas.MONEY, *formulas.BENCHMARKS, *formulas.ATTITUDE, *formulas.FUZZY, *formulas.STEAM,
]  # fmt: skip

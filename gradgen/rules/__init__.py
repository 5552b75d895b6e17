"""The rules, by family; importing this package makes those of NumPy and the standard library known."""

import sys
from importlib import import_module
from pkgutil import iter_modules

LIBRARIES = {
    "scipy.fft": ("fft",),
    "scipy.integrate": ("integrate",),
    "scipy.interpolate": ("interpolate",),
    "scipy.linalg": ("linalg", "factors", "structured"),
    "scipy.ndimage": ("ndimage",),
    "scipy.optimize": ("optimize",),
    "scipy.spatial.distance": ("distance",),
    "scipy.stats": ("stats", "continuous", "discrete", "summaries"),
    "scipy.signal": ("signal", "filters"),
    "scipy.special": ("special", "bessel", "integrals", "distributions", "refused"),
}
"""The modules of `rules.scipy` that belong to a module of SciPy: who calls its functions has imported it."""

for _module in sorted(m.name for m in iter_modules(__path__) if not m.ispkg):
    import_module(f"{__name__}.{_module}")


_known: set[str] = set()


def of_libraries() -> None:
    """Make the rules known of the libraries that are imported by now."""
    for library in [name for name in LIBRARIES if name in sys.modules and name not in _known]:
        for module in LIBRARIES[library]:
            import_module(f"{__name__}.scipy.{module}")
        _known.add(library)

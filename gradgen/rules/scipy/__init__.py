"""Rules of SciPy's functions, known once it is imported."""

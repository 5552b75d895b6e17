"""The discrete distributions of `scipy.stats` that have rules: of each the derivatives by its parameters."""

from __future__ import annotations

import numpy as np
import scipy.stats as st

from ..primitives import apply
from .densities import digamma_step
from .stats import probabilities

probabilities(st.poisson, lambda k, mu: k / mu - 1.0, parameters=(1.7,),
              beyond=lambda k, mu: apply(st.poisson.pmf, k, mu))  # fmt: skip
probabilities(st.bernoulli, lambda k, p: np.where(np.equal(k, 1), 1.0 / p, -1.0 / (1.0 - p)), parameters=(0.3,),
              places=(0, 1), beyond=lambda k, p: np.equal(k, 0) * 1.0)  # fmt: skip
probabilities(st.binom, None, lambda k, n, p: k / p - (n - k) / (1.0 - p), parameters=(5, 0.3),
              beyond=lambda k, n, p: n * apply(st.binom.pmf, k, n - 1, p))  # fmt: skip
probabilities(st.geom, lambda k, p: 1.0 / p - (k - 1) / (1.0 - p), parameters=(0.3,), places=(1, 2, 3, 5),
              beyond=lambda k, p: -np.maximum(k, 0) * (1.0 - p) ** (np.maximum(k, 1) - 1))  # fmt: skip
probabilities(st.nbinom, lambda k, n, p: digamma_step(n, k) + np.log(p),
              lambda k, n, p: n / p - k / (1.0 - p), parameters=(2.5, 0.3))  # fmt: skip
probabilities(st.betabinom, None, lambda k, n, a, b: digamma_step(a, k) - digamma_step(a + b, n),
              lambda k, n, a, b: digamma_step(b, n - k) - digamma_step(a + b, n), parameters=(5, 1.5, 2.5))  # fmt: skip
probabilities(st.logser, lambda k, p: k / p + 1.0 / ((1.0 - p) * np.log1p(-p)), parameters=(0.4,), places=(1, 2, 3, 5))
probabilities(st.dlaplace, lambda k, a: 1.0 / np.sinh(a) - np.abs(k), parameters=(0.7,))

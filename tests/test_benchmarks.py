"""The benchmarks' problems: each gradient by hand is right, and the generated one agrees with it."""

import numpy as np
import pytest

from benchmarks import checks, problems


@pytest.mark.parametrize("name", problems.NAMES)
def test_a_problem(name):
    problem = problems.load(name)
    args = problem.arguments(np.random.default_rng(0), **next(iter(problem.SIZES.values())))
    before = [np.array(x) for x in args]
    checks.check_expert(problem, args, np.random.default_rng(1))
    for guards in (False, True):
        written, in_memory = checks.generated(problem, guards)
        checks.check_same(problem, written, args)
        checks.check_same(problem, in_memory, args)
    for x, old in zip(args, before, strict=True):
        np.testing.assert_array_equal(x, old)

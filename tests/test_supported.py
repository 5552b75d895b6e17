"""The page of supported functions says what the registry holds."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="an older NumPy has fewer functions")
def test_the_table_of_supported_functions_is_up_to_date():
    spec = importlib.util.spec_from_file_location("supported", ROOT / "docs" / "supported.py")
    supported = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(supported)
    page = supported.PAGE.read_text()
    assert page == supported.updated(page), "run: python docs/supported.py"
    table = supported.table()
    for name in ("`logaddexp`", "`linalg.cholesky`", "`einsum`", "`softmax_cross_entropy`", "`floor`", "`erf`"):
        assert name in table

"""The pages of supported functions say what the registry holds, and so does `gradgen ops`."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from gradgen.cli import main
from gradgen.graph import PRIMITIVES

ROOT = Path(__file__).parent.parent
IS_NEW = hasattr(np, "matvec") and hasattr(scipy.special, "softplus")
newest = pytest.mark.skipif(not IS_NEW, reason="an older NumPy or SciPy has fewer functions")


@pytest.fixture(scope="module")
def supported():
    spec = importlib.util.spec_from_file_location("supported", ROOT / "docs" / "supported.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@newest
def test_the_tables_of_supported_functions_are_up_to_date(supported):
    for path, table in ((supported.PAGE, supported.table()), (supported.LONG_PAGE, supported.long_table())):
        page = path.read_text()
        assert page == supported.updated(page, table), "run: python docs/supported.py"
    for name in ("`logaddexp`", "`linalg.cholesky`", "`einsum`", "`softmax_cross_entropy`", "`floor`", "`erf`"):
        assert name in supported.table()


def test_ops_lists_all_and_tells_of_some(capsys):
    assert main(["ops"]) == 0
    listed = capsys.readouterr().out
    for line in ("np.exp(x)  by x, 1 operation", "np.floor(x)  derivative zero", "F.relu(x)  by x, 2 operations"):
        assert f"  {line}\n" in listed
    assert "  scipy.special.jv(v, z)  by z, not by v, " in listed

    assert main(["ops", "hypot", "np.polydiv"]) == 0
    told = capsys.readouterr().out
    for text in ("np.hypot(x, y)\n  by x, y, ", "  The length of (x, y); 0 at the origin.", "def vjp_call(x, y):",
                 "np.polydiv\n  no derivative goes through it: how long the rest is"):  # fmt: skip
        assert text in told

    assert main(["ops", "np.hypott"]) == 2
    assert "did you mean hypot" in capsys.readouterr().err


def test_helpers_that_travel_with_a_module_hold_no_notes_for_the_type_checker():
    for op in PRIMITIVES.values():
        assert "type: ignore" not in inspect.getsource(op.fn), op.name

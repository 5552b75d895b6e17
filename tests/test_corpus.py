"""Functions of installed packages that no one here wrote, differentiated as they stand.

Each is compared with central differences of two step sizes. What is refused is noted in `corpus/refused.py` with the
reason; wrong is none.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .corpus.answers import answer
from .corpus.entry import Entry
from .corpus.refused import REFUSED
from .corpus.report import BEGIN, updated
from .corpus.table import ENTRIES

README = Path(__file__).parent.parent / "README.md"
missing = sorted({entry.package for entry in ENTRIES if importlib.util.find_spec(entry.package) is None})
installed = pytest.mark.skipif(
    bool(missing) and "CI" not in os.environ, reason=f"the extra 'corpus' is not installed: {', '.join(missing)}"
)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Packages change how NumPy prints and what it warns of when they are imported."""
    with np.printoptions(), np.errstate():
        yield


@installed
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_functions_of_installed_packages(entry: Entry) -> None:
    verdict, why = answer(entry)
    assert verdict != "wrong", why
    if entry.name in REFUSED:
        assert verdict in ("right", "refused"), why
    else:
        assert verdict == "right", why


def test_the_choice_is_wide() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert not set(REFUSED) - set(names)
    assert len({entry.package for entry in ENTRIES}) >= 20


def test_the_readme_tells_the_shares() -> None:
    text = README.read_text()
    assert BEGIN in text
    assert updated(text, ENTRIES, REFUSED) == text

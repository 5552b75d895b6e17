"""`python -m tests.corpus [words]` tells what gradgen makes of the entries whose names hold one of the words.

With `--update` it notes what is refused, and why, in `refused.py`, and tells it in the README.
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from .answers import answer
from .report import updated
from .table import ENTRIES

HEAD = '"""What gradgen refuses, and why: written by `python -m tests.corpus --update`."""\n\n'
words = [word for word in sys.argv[1:] if not word.startswith("-")]
counts: Counter[str] = Counter()
refused: dict[str, str] = {}
for entry in ENTRIES:
    if words and not any(word in entry.name for word in words):
        continue
    start = time.perf_counter()
    try:
        verdict, why = answer(entry)
    except Exception as error:
        verdict, why = "failed", "".join(traceback.format_exception(error)[-2:])
    counts[verdict] += 1
    if verdict == "refused":
        refused[entry.name] = why.partition("\n")[0]
    print(f"{time.perf_counter() - start:6.2f} {verdict:8} {entry.name}  {why}", flush=True)
print(dict(counts))
if "--update" in sys.argv and not words:
    lines = [f"    {json.dumps(name)}: {json.dumps(why)},\n" for name, why in refused.items()]
    text = f"{HEAD}REFUSED = {{\n{''.join(lines)}}}  # fmt: skip\n"
    here = Path(__file__).parent
    (here / "refused.py").write_text(text)
    readme = here.parents[1] / "README.md"
    readme.write_text(updated(readme.read_text(), ENTRIES, refused))

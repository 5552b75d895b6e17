"""Tens of thousands of random programs: `python -m tests.fuzz --programs 20000`, or `make fuzz`.

Each is put to the same test as those of the normal run. Those that fail are made as small as can be and printed.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import re
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from typing import Any

from gradgen.errors import GradgenError
from tests.programs import RandomProgram, random_program
from tests.shrinking import shrink
from tests.test_programs import Question, check

PATIENCE = 60
"""Seconds after which a program is taken to run for ever."""


class TookTooLong(Exception):
    """Raised in the middle of a program that runs too long."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Let TookTooLong be raised if it lasts."""

    def stop(*args: Any) -> None:
        raise TookTooLong

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)


def answer(program: RandomProgram) -> tuple[str, str]:
    """("right", ""), ("refused", the message without names), or ("wrong", how)."""
    try:
        with limited():
            check(program)
    except GradgenError as error:
        message = getattr(error, "message", str(error))
        way = "wrong" if "internal error" in message else "refused"
        return way, re.sub(r"`[^`]*`|'[^']*'|<[^>]*>|\d+", "...", message)[:100]
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = "generated code" if place.filename.startswith("<") else f"{place.filename}:{place.lineno}"
        return "wrong", f"{type(error).__name__} {re.sub(r'[-+.0-9e]+', '...', str(error))[:60]} in {where}"
    return "right", ""


def runs(program: RandomProgram) -> bool:
    """Whether a program that was made smaller can still be run."""
    try:
        with limited():
            Question(program)
    except Exception:  # anything may have been taken out
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=20000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="that of the first")
    parser.add_argument("--filled", action="store_true", help="programs that change lists, dicts and objects")
    parser.add_argument("--show", default="", help="print small programs that are refused with this in the message")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    refusals: collections.Counter[str] = collections.Counter()
    wrong, right, began, shown = 0, 0, time.time(), set()
    for seed in range(options.seed, options.seed + options.programs):
        program = random_program(seed, filled=options.filled)
        found = answer(program)
        way, message = found
        right += way == "right"
        wrong += way == "wrong"
        if way == "refused":
            refusals[message] += 1
        asked = way == "refused" and bool(options.show) and options.show in message
        if (way == "wrong" or asked) and found not in shown:
            shown.add(found)
            small = shrink(program, lambda smaller: runs(smaller) and answer(smaller) == found)
            print(f"==== seed {seed}: {way}: {message}\n{small}", flush=True)
    refused = sum(refusals.values())
    print(f"{right} right, {refused} refused, {wrong} wrong of {options.programs}, {time.time() - began:.0f} s")
    for message, count in refusals.most_common():
        print(f"{count:6d}  {message}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

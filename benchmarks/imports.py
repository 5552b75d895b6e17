"""What importing gradgen and the first gradient cost, in units of `import numpy`.

    python -m benchmarks.imports [--rounds N] [--gate]

Each round is a process of its own, which imports NumPy, then gradgen, then makes and calls the gradient of a function
of 30 lines in memory; what is given is the minimum of the CPU time over rounds, and its ratio to `import numpy`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
IMPORT_GOAL, FIRST_GOAL = 0.4, 1.5
PROGRAM = """
import time
marks = [time.process_time()]
import numpy
marks.append(time.process_time())
import gradgen
marks.append(time.process_time())
from benchmarks import thirty
args = thirty.arguments(numpy.random.default_rng(0))
marks.append(time.process_time())
gradgen.grad(thirty.loss, wrt="W,U,b,V,c")(*args)
marks.append(time.process_time())
import json, sys
loaded = [name for name in ("black", "astor") if name in sys.modules]
print(json.dumps([[marks[1] - marks[0], marks[2] - marks[1], marks[4] - marks[3]], loaded]))
"""


def one_round() -> tuple[list[float], list[str]]:
    left_out = ("OPENBLAS_CORETYPE", "PYTHONDONTWRITEBYTECODE")  # installed packages have byte code: so has gradgen
    environment = {k: v for k, v in os.environ.items() if k not in left_out}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, loaded = json.loads(done.stdout)
    return seconds, loaded


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--gate", action="store_true", help="exit 1 where a goal is missed")
    options = parser.parse_args(arguments)
    one_round()  # compiles the byte code
    rounds = [one_round() for _ in range(options.rounds)]
    numpy, gradgen, first = (min(seconds[i] for seconds, _ in rounds) for i in range(3))
    print(f"import numpy     {1e3 * numpy:7.1f} ms")
    print(f"import gradgen   {1e3 * gradgen:7.1f} ms  {gradgen / numpy:5.2f} of it (goal {IMPORT_GOAL})")
    print(f"first gradient   {1e3 * first:7.1f} ms  {first / numpy:5.2f} of it (goal {FIRST_GOAL})")
    print(f"imported on the way: {', '.join(rounds[0][1]) or 'neither black nor astor'}")
    return int(options.gate and (gradgen > IMPORT_GOAL * numpy or first > FIRST_GOAL * numpy))


if __name__ == "__main__":
    sys.exit(main())

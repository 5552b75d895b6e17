"""`python -m benchmarks` runs the comparison with hand-written gradients, the time of generation, and of importing."""

from benchmarks import environment  # isort: skip  (before NumPy)

import sys

from benchmarks import generation, imports, run

del environment

if __name__ == "__main__":
    sys.exit(max([run.main([]), generation.main([]), imports.main([])]))

"""The conditions of measuring, set before NumPy is imported: one BLAS thread, no forced kernels, a known heap."""

import ctypes
import os
import sys

if "numpy" in sys.modules:
    raise ImportError("import benchmarks.environment before numpy")
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
os.environ.pop("OPENBLAS_CORETYPE", None)  # it slows a current NumPy
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

HEAPS = ("roomy", "tight")


def set_heap(state: str) -> bool:
    """Fix what glibc's malloc does with memory that is freed; False where this is no glibc.

    roomy: it is kept, as in a process that has once freed an array of 32 MB. tight: every array of 64 KB or more goes
    back to the system at once, so that each new one costs page faults, and what counts is how few there are; a young
    process is now like the one, now like the other. Left alone, the state would depend on what ran before.
    """
    limit = {"roomy": 1 << 30, "tight": 64 << 10}[state]
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return False
    trim_threshold, mmap_threshold = -1, -3
    return bool(mallopt(trim_threshold, limit) and mallopt(mmap_threshold, min(limit, 32 << 20)))

"""NumPy's functions through which no derivative goes, each with the reason and a way out.

What is in none of the other tables is in this one: `tests/test_names.py` walks all names of NumPy.
"""

from __future__ import annotations

import numpy as np

from .registry import refuse

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
INDEX = "use what it gives as an index, or pass it as an argument"

# ---- what gives no numbers that vary

refuse(np, "array2string array_repr array_str base_repr binary_repr format_float_positional format_float_scientific "
       "get_printoptions set_printoptions printoptions typename datetime_as_string datetime_data info",
       "it makes text", ASIDE)  # fmt: skip
refuse(np, "isscalar iscomplexobj isrealobj isfortran issubdtype isdtype iterable can_cast common_type "
       "min_scalar_type mintypecode promote_types size may_share_memory shares_memory finfo iinfo dtype "
       "errstate seterr geterr seterrcall geterrcall setbufsize getbufsize array_equiv broadcast_shapes einsum_path "
       "show_config show_runtime get_include test busday_count busday_offset is_busday busdaycalendar",
       "what it tells is no number that varies with its argument", ASIDE)  # fmt: skip
refuse(np, "nonzero diag_indices diag_indices_from tril_indices tril_indices_from triu_indices "
       "triu_indices_from mask_indices unravel_index ravel_multi_index lexsort ndindex packbits unpackbits "
       "setdiff1d isin unique_counts unique_inverse",
       "it gives indices, or others integers", INDEX)  # fmt: skip
refuse(np, "bartlett blackman hamming hanning kaiser", "it is made of an integer", ASIDE)
refuse(np, "load loadtxt genfromtxt fromfile fromregex fromstring frombuffer fromiter from_dlpack memmap save savetxt "
       "savez savez_compressed", "it reads or writes a file, or memory that is not NumPy's", ASIDE)  # fmt: skip

# ---- what has one that gradgen does not know

refuse(np, "apply_along_axis apply_over_axes fromfunction vectorize piecewise",
       "the function that it is given cannot be read", "define it in a file, or write a loop")  # fmt: skip
refuse(np, "frompyfunc nested_iters nditer ndenumerate flatiter broadcast",
       "it makes objects, or goes through entries one by one",
       "write a loop with an index, or whole-array operations")  # fmt: skip
refuse(np, "histogram2d histogramdd histogram_bin_edges", "counts do not vary with what is counted",
       "write np.bincount(np.digitize(x, bins), weights) for a sum of weights")  # fmt: skip
refuse(np, "trim_zeros", "how long its result is depends on the values", "write the slice, as in x[1:-1]")
refuse(np, "intersect1d setxor1d union1d unique_all unique_values",
       "what it keeps depends on comparing all values", "write np.unique of what np.concatenate joins")  # fmt: skip
refuse(np, "polydiv", "how long the rest is depends on the values", "divide by hand, or fit by np.linalg.lstsq")
refuse(np, "poly1d", "it is an object of its own", "use np.polyval with the coefficients")
refuse(np, "sort_complex", "it has no order that derivatives could follow", "write np.sort of the real parts")
refuse(np, "bmat", "it makes a matrix object", "write np.block")
refuse(np, "row_stack", "it is gone from NumPy", "write np.vstack")

# ---- what changes its argument, and what takes other objects than arrays of numbers

refuse(np, "put place putmask put_along_axis copyto fill_diagonal", "it changes its argument in place",
       "write `a[index] = values`, or np.where")  # fmt: skip
refuse(np, "asmatrix matrix recarray record ndarray", "it makes an array of another class",
       "use plain arrays, made by np.array")  # fmt: skip
refuse(np, "asarray_chkfinite require", "it checks its argument, and may copy it", "write np.asarray")
refuse(np, "complex64 complex128 complex256 csingle cdouble clongdouble", "it makes complex numbers of its argument",
       "write `x + 0j`, or `x.astype(complex)`")  # fmt: skip
refuse(np, "bytes_ str_ object_ void datetime64 timedelta64 character flexible generic number integer signedinteger "
       "unsignedinteger inexact floating complexfloating ufunc", "it is a type", "write `x.astype(dtype)`")  # fmt: skip
for _module in (np.linalg, np.fft):
    refuse(_module, "test", "it runs NumPy's tests", ASIDE)
refuse(np.linalg, "LinAlgError", "it is an exception", "raise it under a condition")

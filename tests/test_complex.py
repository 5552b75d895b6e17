"""What is real among complex numbers: the cotangent of a real value is real, whatever it is multiplied by later.

The truth is the derivative by the real and by the imaginary part, by central differences; a gradient of complex z is
dL/dx - i dL/dy.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gradgen

W, Z = np.array([2.0 - 3.0j, 0.5 + 1.0j]), np.array([0.3 + 0.7j, -1.2 + 0.4j])

REAL_OF = (
    "np.abs(z)", "abs(z)", "np.absolute(z)", "z.real", "z.imag", "np.real(z)", "np.imag(z)", "np.angle(z)",
    "np.abs(z)**2", "np.linalg.norm(z)", "np.var(z)", "np.std(z)", "np.hypot(z.real, z.imag)", "np.max(np.abs(z))",
    "np.abs(z).cumsum()", "np.linalg.slogdet(np.outer(z, z) + np.eye(2))[1]", "np.linalg.norm(np.outer(z, z))",
    "np.nan_to_num(np.abs(z))", "np.abs(z).astype(complex)", "np.fft.irfft(z)[0]", "np.fft.hfft(z)[0]",
    "np.nanvar(z)", "np.nanstd(z)", "np.abs(np.fft.fft(z))", "np.where(z.real > 0.0, np.abs(z), z.imag)",
    "np.sqrt(np.sum((z * z.conj()).real))", "np.abs(np.sign(z) + z)",
)  # fmt: skip
INTO = (
    "np.sum(np.real(w * r * z))", "np.imag(np.sum(r + z) ** 2)", "np.sum(np.real(np.exp(1j * r) * z))",
    "np.real(np.sum(w**r))", "np.imag((r * np.ones(2)) @ w) ** 2", "np.abs(np.sum(np.fft.fft(r * np.ones(2)) * w))",
    "np.imag(np.sum(np.stack([r * np.ones(2), z]) ** 2))", "np.imag(np.sum(np.where(z.real > 0.0, r, z) ** 2))",
    "np.imag(np.vdot(r * np.ones(2), w) * z[1])", "np.imag(np.einsum('i,i->', r * np.ones(2), w) ** 2)",
    "np.imag(np.sum(np.outer(r * np.ones(2), w) @ z))", "np.sum(np.abs(r * w) + np.abs(r - 1.0))",
)  # fmt: skip


def slopes(f, z, h=1e-6):
    ways = [
        ((f(z + h * e) - f(z - h * e)) / (2 * h), (f(z + 1j * h * e) - f(z - 1j * h * e)) / (2 * h)) for e in np.eye(2)
    ]
    return np.array([x - 1j * y for x, y in ways])


def program(real_of, into, folder):
    path = folder / "program.py"
    path.write_text(f"import numpy as np\n\n\ndef f(z, w):\n    r = {real_of}\n    return {into}\n", encoding="utf-8")
    namespace = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    return namespace["f"]


@pytest.mark.parametrize("real_of", REAL_OF)
@pytest.mark.filterwarnings("error")
def test_a_real_value_among_complex_numbers(real_of, tmp_path):
    for into in INTO:
        f = program(real_of, into, tmp_path)
        got = gradgen.grad(f, wrt="z")(Z, W)
        np.testing.assert_allclose(got, slopes(lambda z: f(z, W), Z), rtol=1e-5, atol=1e-7, err_msg=into)


@settings(max_examples=40, deadline=None)
@given(real_of=st.sampled_from(REAL_OF), other=st.sampled_from(REAL_OF), into=st.sampled_from(INTO))
def test_two_of_them(real_of, other, into, tmp_path_factory):
    f = program(f"{real_of} * ({other} + (1.0 - 0.5j))", into.replace("z", "(z * w)"), tmp_path_factory.mktemp("two"))
    want = slopes(lambda z: f(z, W), Z)
    np.testing.assert_allclose(gradgen.grad(f, wrt="z")(Z, W), want, rtol=1e-5, atol=1e-6 * (1 + abs(want).max()))


def test_what_is_written_into_a_complex_array():
    def f(z):
        a = np.zeros(2, complex)
        a[:] = np.abs(z)
        a *= W
        return np.imag(np.sum(a**2))

    np.testing.assert_allclose(gradgen.grad(f)(Z), slopes(f, Z), rtol=1e-6)


def added_up_in_a_loop(z):
    t = 0.0
    for k in range(2):
        t += np.real(z[k]) * 2 + np.imag(z[k] * z[0])
    return t


def carried(z):
    t = 0j
    for k in range(2):
        t = t * z[k] + np.abs(z[k])
    return np.imag(t)


def a_real_array_that_is_written(z):
    a = np.zeros(3)
    a[1:] = np.abs(z)
    return np.imag(np.sum(a[1:] * z * W))


def parts_of_items(z):
    return z[0].real + np.imag(z[1] * z[0]) + z.real[1]


def a_real_number_written_into_a_complex_array(z):
    y = z.copy()
    y[0] = np.abs(y[1])
    return np.imag(y[0] * y[1] * W[0])


def gone_through(z):
    s = 0.0
    for v in z:
        s += abs(v) ** 2
    return s * np.imag(z[0] * s)


def a_part_and_the_whole(z):
    x = z.real
    return np.sum(x**2) + np.imag(z[0] ** 2)


def real_on_one_side_of_a_branch(z):
    if z[0].real > 0:
        r = np.abs(z)
    else:
        r = z
    return np.imag(np.sum(r * z * W))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "program_",
    [added_up_in_a_loop, carried, a_real_array_that_is_written, parts_of_items,
     a_real_number_written_into_a_complex_array, gone_through, a_part_and_the_whole, real_on_one_side_of_a_branch],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_real_and_complex_numbers_in_loops_and_arrays(program_):
    z_bar = gradgen.grad(program_)(Z)
    assert np.iscomplexobj(z_bar)
    np.testing.assert_allclose(z_bar, slopes(program_, Z), rtol=1e-6, atol=1e-8)

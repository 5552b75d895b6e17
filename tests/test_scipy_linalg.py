"""What single rules of `scipy.linalg` cannot show: symmetric arguments, vectors of no certain sign, pairs, refusals."""

import numpy as np
import pytest
import scipy.linalg as sl

import gradgen
from gradgen.errors import UnsupportedError

rng = np.random.default_rng(0)
A, B = (x @ x.T + np.eye(4) for x in rng.normal(size=(2, 4, 4)))
TALL, SQUARE = rng.normal(size=(5, 3)), rng.normal(size=(4, 4))
b, c = rng.normal(size=(2, 4))


def symmetric(a):
    return 0.5 * (a + a.T)


PROGRAMS = [
    (lambda a, b: np.sum(sl.solve(symmetric(a), b, assume_a="pos") ** 2), (A, b)),
    (lambda a, b: np.sum(sl.solve(symmetric(a), b, assume_a="sym", lower=True) ** 2), (A - 2.0 * np.eye(4), b)),
    (lambda a, b: np.sum(sl.solve(symmetric(a), b, assume_a="her", transposed=True) ** 2), (A, b)),
    (lambda a: np.sum(sl.inv(symmetric(a), assume_a="pos", lower=True) ** 2), (A,)),
    (lambda a, b: np.sum(sl.eigh(symmetric(a), symmetric(b))[1][0] ** 2), (A, B)),
    (lambda a, b: np.sum(sl.eigh(symmetric(a), symmetric(b), lower=False)[0] ** 2), (A, B)),
    (lambda a: np.sum(sl.eigh(symmetric(a), subset_by_index=[1, 2])[0] ** 2), (A,)),
    (lambda a, b: np.sum(sl.lstsq(a, b)[0] ** 2) + sl.lstsq(a, b)[1], (TALL, rng.normal(size=5))),
    (lambda a, b: np.sum(sl.lstsq(a, b)[0] ** 2) + np.sum(sl.lstsq(a, b)[3]), (TALL, rng.normal(size=(5, 2)))),
    (lambda a, b: np.sum(sl.lstsq(a, b, lapack_driver="gelsy")[0] ** 2), (TALL.T, rng.normal(size=3))),
    (lambda a: np.sum(sl.qr(a)[1] ** 3), (TALL,)),
    (lambda a: np.sum(sl.qr(a, pivoting=True)[1] ** 3), (TALL,)),
    (lambda a: np.sum(sl.svd(a)[1] ** 2), (TALL,)),
    (lambda c, r, b: np.sum(sl.solve_toeplitz((c, r), b) ** 2), (c + 4.0 * (np.arange(4) == 0), b, c)),
    (lambda c, r, x: np.sum(sl.matmul_toeplitz((c, r), x) ** 2), (c, b, c)),
    (lambda a: np.real(sl.eig(a)[0][0]) ** 2 + np.sum(np.abs(sl.eigvals(a)) ** 2), (A,)),
]


@pytest.mark.parametrize("program, arguments", PROGRAMS)
def test_gradients_are_those_of_differences(program, arguments):
    names = tuple(program.__code__.co_varnames[: program.__code__.co_argcount])
    gradgen.check_grad(program, *arguments, wrt=names, rtol=2e-5)


def test_full_factors_of_what_is_declared_to_be_square():
    def f(a):
        q, r = sl.qr(a)
        u, s, _ = sl.svd(a)
        return np.sum(q**3) + np.sum(r**3) + np.sum(u**4) + np.sum(s)

    gradgen.check_grad(gradgen.grad(f, shapes="a=(n, n)"), SQUARE)


def test_factors_of_what_is_declared_to_be_wide():
    def f(a):
        q, r = sl.qr(a)
        s, t, _ = sl.qr(a, mode="economic", pivoting=True)
        return np.sum(q**3) + np.sum(r**3) + np.sum(s**3) + np.sum(t**3)

    gradgen.check_grad(gradgen.grad(f, shapes="a=(3, 5)"), TALL.T)


@pytest.mark.parametrize(
    "program, said",
    [
        (lambda a: np.sum(sl.qr(a, mode="r")[0]), "mode='economic'"),
        (lambda a: np.sum(sl.qr(a)[0]), "mode='economic'"),
        (lambda a: np.sum(sl.svd(a)[0]), "full_matrices=False"),
        (lambda a: np.sum(sl.eigh(a[:3], subset_by_index=[0, 1])[1]), "some of the eigenvectors"),
        (lambda a: np.sum(sl.eig(a[:3])[1].real), "up to a factor only"),
        (lambda a: np.sum(sl.eig(a[:3], a[:3])[0].real), "b=, left= or homogeneous_eigvals="),
        (lambda a: np.sum(sl.pinv(a, return_rank=True)[0]), "return_rank=True"),
        (lambda a: np.sum(sl.null_space(a)), "a basis of a space"),
        (lambda a: np.sum(sl.expm_frechet(a, a)[0]), "a derivative itself"),
    ],
)
def test_what_is_not_known_is_refused(program, said):
    with pytest.raises(UnsupportedError, match=said):
        gradgen.grad(program)(TALL)

"""Every operation of the supported list, in each of its forms and with each option, from source text to numbers.

Each line of the tables is an expression of a program. Its gradient is compared with differences as it is made for
declared shapes, for the arguments of a call in memory, and as a file holds it that nothing was told.
"""

import ast
import importlib.util
import sys

import numpy as np
import pytest

from gradgen.errors import GradgenError, NoRuleError, UnsupportedError
from gradgen.memory import compile_gradient
from gradgen.options import make_options
from gradgen.testing import difference, inner, leaves, like

SHAPES = {
    "a": (), "b": (), "v": (3,), "w": (3,), "M": (3, 4), "N": (4, 2), "K": (3, 4), "S": (3, 3), "T": (2, 3, 4),
    "Q": (2, 3, 2, 4), "r": (1,), "R": (1, 3), "C": (3, 1), "E": (0,), "Z": (0, 3),
}  # fmt: skip
"""The variables of the programs: capital letters are matrices and higher, E and Z are empty."""
INDICES = {"i": 1, "m": np.array([True, False, True]), "k": np.array([2, 0, 2]), "n": np.array([[0, 2], [1, 1]])}
"""What the programs take along without a derivative: an integer, a mask, integers with repeats."""

ARITHMETIC = """
a + b; a - b; a * b; a / b; a ** b; a // 0.3 + a; a % b; -a; +a; abs(a); pow(a, b); a ** 2; a ** 3; a ** 0.5; a ** -1
v + w; v - w; v * w; v / w; v ** w; v % w; -v; +v; abs(v - 0.5); v ** 2; v ** 3; v ** 4; v ** -2; v ** 1.5; v ** 0
M + K[:1]; M * v[:, None]; C * R; C + r; T * M; T - r; Q / a; 2 ** v; 2.0 / M; 1 - M; 3 * v; v + 1; v % 0.3; 0.3 % v
np.add(v, w); np.subtract(M, K); np.multiply(M, a); np.divide(v, w); np.true_divide(v, a); np.power(v, 2)
np.power(v, w); np.float_power(v, w); np.negative(M); np.positive(v); np.mod(v, w); np.remainder(v, 0.3)
np.fmod(v, w); np.add(v, 1); np.multiply(2.0, M); np.floor_divide(v, 0.2) * v; v * v; v * v * v; v / v; v - v
np.add(v, w, dtype=float, order="C"); np.divide(v, w, where=w > 0.5, out=np.zeros(3)); np.add(v, w, np.zeros(3))
M * M.T[:1, :1]; v * m; v + k; k * v - m; (v > 0.5) * v; v + E.sum()
"""
ELEMENTWISE = """
np.exp(v); np.exp2(v); np.expm1(M); np.log(v); np.log1p(M); np.log2(v); np.log10(v); np.sqrt(M); np.cbrt(v)
np.square(v); np.reciprocal(v); np.sin(v); np.cos(v); np.tan(v); np.arcsin(v); np.arccos(v); np.arctan(v); np.asin(v)
np.acos(v); np.atan(v); np.sinh(v); np.cosh(v); np.tanh(v); np.arcsinh(v); np.arccosh(v + 1.1); np.arctanh(v)
np.asinh(v); np.acosh(v + 2); np.atanh(v); np.abs(v - 0.5); np.absolute(v); np.fabs(v); np.sign(v) * v
np.maximum(v, w); np.maximum(v, 0.5); np.maximum(0.5, M); np.minimum(v, w); np.minimum(M, 0.5); np.fmax(v, w)
np.clip(v, 0.4, 0.6); np.clip(v, None, 0.6); np.clip(v, 0.4, None); np.clip(v, a_min=0.4, a_max=0.6); v.clip(0.4, 0.6)
v.clip(min=0.4); v.clip(max=0.6); np.clip(M, w[:, None], 0.9); np.clip(v, min=0.4, max=0.6); np.where(m, v, w)
np.where(v > 0.5, v, 0.0); np.where(m, 1.0, v); np.where(v > w, v * w, a); np.where(M > 0.5, M, v[:, None])
np.arctan2(v, w); np.atan2(M, K); np.hypot(v, w); np.hypot(M, a); np.logaddexp(v, w); np.logaddexp2(v, a)
np.pow(v, 2); np.degrees(v); np.radians(v); np.rad2deg(v); np.deg2rad(v); np.sinc(v); np.copysign(v, w - 0.5)
np.heaviside(v, a); np.nan_to_num(v); np.real(v); np.conj(v); v.conj(); v.real; np.exp(E); np.maximum(E, 0.0)
np.exp(r); np.sqrt(Z); np.exp(Q); np.exp(a); np.tanh(a) * np.sin(b); np.maximum(a, b); np.where(a > 0.1, a, b)
np.hypot(a, b); abs(v); max(a, b); min(a, 0.5); max(a, b, 0.1)
"""
REDUCTIONS = """
np.sum(v); np.sum(M); np.sum(M, 0); np.sum(M, axis=1); np.sum(M, axis=-1, keepdims=True); np.sum(T, axis=(0, 2))
np.sum(T, axis=(-1, 0), keepdims=True); np.sum(a); np.sum(M, keepdims=True); np.sum(M, axis=None)
np.sum(M, axis=(0, 1)); np.sum(v, dtype=np.float64); np.sum(M, axis=0, where=m[:, None]); np.sum(v, initial=2.0)
np.sum(E); np.sum(Z, axis=0); M.sum(); M.sum(0); M.sum(axis=1, keepdims=True); T.sum(axis=(0, 1)); M.sum(axis=-2)
v.sum(where=m); np.sum(T, axis=()); np.mean(v); np.mean(M, axis=0); np.mean(T, axis=(0, -1), keepdims=True); M.mean()
M.mean(1); v.mean(dtype=float); np.mean(M, axis=0, where=m[:, None]); np.mean(a); np.mean(r); np.average(v)
np.average(M, axis=1); np.prod(v); np.prod(M); np.prod(M, axis=0); np.prod(T, axis=(0, 2))
M.prod(axis=-1, keepdims=True); np.prod(v, where=m); np.prod(E); np.prod(M, keepdims=True); np.prod(v, initial=3.0)
np.prod(v * (v > 0.5)); np.prod(v, dtype=float); np.prod(a); np.max(v); np.max(M); np.max(M, axis=0)
np.max(T, axis=(0, 2)); M.max(axis=1, keepdims=True); np.amax(M, -1); np.max(v, initial=0.0)
np.max(M, axis=0, where=m[:, None], initial=-1.0); np.max(T, axis=-2, keepdims=True); np.min(v); np.min(M, axis=1)
M.min(); M.min(axis=-1); np.amin(T, axis=(1, 2)); np.min(M, axis=0, keepdims=True); np.ptp(M, axis=0); np.var(v)
np.var(M, axis=0); np.var(M, ddof=1); np.var(T, axis=(0, 2), ddof=1, keepdims=True); M.var(axis=1); v.var(ddof=1)
np.var(M, axis=0, where=m[:, None]); np.var(v, dtype=float); np.var(r); np.std(v); np.std(M, axis=0)
np.std(M, ddof=1); np.std(T, axis=(0, 2), ddof=1, keepdims=True); M.std(axis=1); v.std(ddof=1)
np.std(M, axis=0, where=m[:, None]); np.std(v, dtype=float); np.std(T, axis=-1); np.max(E, initial=0.0) + np.sum(E)
np.median(v); np.median(M, axis=0); v.max() - v.min(); np.argmax(v) * v; v[np.argmin(v)]
"""
PRODUCTS = """
np.dot(v, w); np.dot(M, N); np.dot(S, v); np.dot(v, S); np.dot(a, v); np.dot(T, N); np.dot(v, T); np.dot(a, b)
M.dot(N); v.dot(w); v.dot(v); M.dot(w[0] * M.T); np.dot(v, v); np.dot(S, S); v @ w; v @ v; M @ N; S @ v; v @ S; S @ S
S.T @ S; M.T @ M; M @ M.T; T @ N; S @ T; v @ T; T @ M.T; Q @ N; np.matmul(M, N); np.matmul(T, np.swapaxes(T, 1, 2))
v @ S @ w; R @ C; C @ R; r @ R; Z @ S; Z.T @ Z; E @ E; np.linalg.matmul(M, N); np.inner(v, w); np.inner(M, K)
np.inner(S, v); np.inner(v, v); np.inner(T, M); np.inner(a, v); np.inner(a, b); np.outer(v, w); np.outer(v, v)
np.outer(M, v); np.outer(a, v); np.linalg.outer(v, w); np.outer(E, v); np.vdot(v, w); np.vdot(M, K); np.vdot(v, v)
np.vdot(a, b); np.vecdot(v, w); np.vecdot(M, K); np.linalg.vecdot(M, K); np.tensordot(M, N, 1); np.tensordot(M, K)
np.tensordot(M, K, axes=2); np.tensordot(T, M, axes=([1, 2], [0, 1])); np.tensordot(T, M, axes=((2,), (1,)))
np.tensordot(v, w, 0); np.tensordot(S, S, axes=1); np.tensordot(T, T, axes=(0, 0))
np.tensordot(S, S, axes=([-1], [0])); np.tensordot(v, v, axes=1); np.linalg.tensordot(M, N, axes=1)
np.einsum("ij,jk->ik", M, N); np.einsum("ij,jk", M, N); np.einsum("i,i->", v, w); np.einsum("i,i", v, v)
np.einsum("ii", S); np.einsum("ii->i", S); np.einsum("ij->ji", M); np.einsum("ij->j", M); np.einsum("ij->", M)
np.einsum("i,j->ij", v, w); np.einsum("bij,ij->b", T, M); np.einsum("...ij,jk->...ik", T, N)
np.einsum("i,ij,j->", v, S, w); np.einsum("ij,ij->i", M, M); np.einsum("i,ij,j", v, S, v)
np.einsum("ij,ik->jk", M, M); np.einsum("i,i,i->", v, v, v); np.einsum("ij,jk,kl->il", R, M, N)
np.einsum("i,ij,j", v, S, v, optimize=True); np.einsum("bij,bjk->bik", T, np.swapaxes(T, 1, 2))
np.einsum(",i->i", a, v); np.kron(v, w); np.kron(M, v); np.kron(S, S); np.cross(v, w); np.cross(v, v * w)
np.cross(S, v); np.cross(S, w, axisa=0); np.trace(S); S.trace(); np.trace(M, 1); np.trace(M, offset=-1); np.trace(T)
np.trace(T, axis1=1, axis2=2); np.linalg.trace(S); np.diag(v); np.diag(S); np.diag(M, 1); np.diag(v, k=-1)
np.diagonal(S); S.diagonal(1); np.diagonal(T, axis1=1, axis2=2); np.linalg.diagonal(S); np.diag(np.diag(S))
np.triu(S); np.tril(M, -1); np.triu(T, 1)
"""
SHAPING = """
M.reshape(-1); M.reshape(2, 6); M.reshape((4, 3)); M.reshape(2, -1); np.reshape(T, (6, 4)); np.reshape(v, (1, 3, 1))
a.reshape(1); M.reshape(2, 6, order="F"); np.reshape(M, (2, 6), order="C"); M.reshape(M.size)
M.reshape(M.shape[1], M.shape[0]); E.reshape(0, 2); M.ravel(); np.ravel(M); M.flatten(); np.ravel(M, order="F")
M.ravel("F"); M.flatten("F"); T.ravel(); np.ravel(a); M.T; np.transpose(M); M.transpose(); T.transpose(1, 2, 0)
T.transpose((2, 0, 1)); np.transpose(T, (2, 1, 0)); T.T; v.T; np.transpose(T, axes=(0, -1, 1))
np.permute_dims(T, (1, 0, 2)); T.mT; np.matrix_transpose(T); M.T.T; np.swapaxes(T, 0, 2); T.swapaxes(-1, 0)
np.moveaxis(T, 0, -1); np.moveaxis(T, (0, 1), (2, 0)); np.moveaxis(T, [0, 1], [-1, -2]); np.rollaxis(T, 2)
np.squeeze(R); R.squeeze(0); np.squeeze(C, axis=-1); C.squeeze(axis=1); np.squeeze(r); r.squeeze()
np.expand_dims(v, 0); np.expand_dims(v, -1); np.expand_dims(M, (0, 2)); np.expand_dims(M, axis=[0]); v[None]
v[:, None]; M[None, :, None]; M[..., None]; v[np.newaxis, :]; np.atleast_1d(a); np.atleast_2d(v); np.atleast_3d(M)
a[None]; a[...]; a[()]; np.broadcast_to(v, (2, 3)); np.broadcast_to(a, (2, 2)); np.broadcast_to(C, (3, 4))
np.broadcast_to(v, M.T.shape); np.broadcast_to(a, 3); np.broadcast_arrays(v, C)[0]; np.concatenate([v, w])
np.concatenate((v, v)); np.concatenate([M, K], axis=1); np.concatenate([M, K], -1); np.concatenate([T, T], axis=1)
np.concatenate([M, v], axis=None); np.concatenate([v, E, w]); np.concatenate([v, [1.0, 2.0]])
np.concatenate([v, np.zeros(2)]); np.concatenate([v]); np.concatenate((M[:1], K)); np.concat([v, w])
np.concatenate([v, w], dtype=float); np.concatenate([m * v, k]); np.append(v, w); np.append(M, 1.0)
np.append(M, K, axis=0); np.stack([v, w]); np.stack((v, w), axis=1); np.stack([v, v, v], axis=-1); np.stack([a, b])
np.stack([M, K], -2); np.stack([T]); np.hstack([v, w]); np.hstack((M, K)); np.hstack([a, b]); np.hstack([v])
np.vstack([v, w]); np.vstack((M, K)); np.vstack([v, S]); np.dstack([v, w]); np.dstack([M, K]); np.column_stack([v, w])
np.column_stack([v, M]); np.split(M, 2, axis=1)[0]; np.split(v, 3)[1]; np.split(v, [1])[1]
np.split(M, [1, 3], axis=-1)[1]; np.split(T, 2)[1]; np.split(v, [1, 2]); np.array_split(v, 2)[1]; np.hsplit(M, 2)[1]
np.vsplit(T, 2)[0]; np.dsplit(T, 2)[1]; np.split(M, 2, axis=1)[0] * np.split(M, 2, axis=1)[1]
np.tile(v, 2); np.tile(v, (2, 2)); np.tile(M, (2, 1)); np.tile(a, 3); np.tile(M, 2)
np.tile(v, [2]); np.tile(T, (2, 1, 1, 3)); np.repeat(v, 2); np.repeat(M, 2, axis=0); np.repeat(M, 3, axis=-1)
np.repeat(M, 2); v.repeat(2); M.repeat(2, axis=1); np.repeat(v, [1, 0, 2]); np.repeat(M, k, axis=0); np.repeat(a, 4)
np.repeat(v, k); np.repeat(M, repeats=2, axis=1); np.flip(v); np.flip(M); np.flip(M, 0); np.flip(T, axis=(0, 2))
np.flip(M, axis=-1); np.flipud(M); np.fliplr(M); np.rot90(M); M[::-1]; np.roll(v, 1); np.roll(M, 1)
np.roll(M, 2, axis=0); np.roll(M, (1, 2), axis=(0, 1)); np.roll(v, -1); np.roll(M, -1, axis=-1); np.roll(v, i)
np.pad(v, 1); np.pad(M, ((1, 0), (0, 2))); np.pad(v, (1, 2), constant_values=3.0); np.meshgrid(v, w)[0]
"""
JOINED = """
np.block([[S, C], [R, 1.0]]); np.block([v, w]); np.block([[v, a], [w, 2.0]]); np.block([[S, S], [S.T, np.eye(3)]])
np.block([[M, np.zeros((3, 1))], [np.ones(4), a]]); np.block(M); np.block([[S, C], [0.0, 0.0, 0.0, 1.0]])
np.r_[v, w]; np.r_[v, 1.0, a]; np.r_[v, 0:3, w]; np.r_[0:i, v]; np.r_[a:b:4j]; np.r_[M, K]; np.r_[v]; np.c_[v, w]
np.c_[M, v]; np.c_[a, b]; np.c_[np.ones(3), v, M]; np.c_[M, K]; M @ np.r_[v, 1.0]; np.c_[np.ones(len(v)), v] @ M[:2]
"""
SCANS = """
np.cumsum(v); np.cumsum(M); np.cumsum(M, axis=0); np.cumsum(M, 1); np.cumsum(T, axis=-1); v.cumsum(); M.cumsum(axis=0)
np.add.reduceat(v, [0, 2]); np.add.reduceat(M, np.array([0, i]), axis=1); np.add.reduceat(v, k)
np.cumsum(a); np.cumsum(v, dtype=float); np.cumsum(E); np.cumprod(v); np.cumprod(M, axis=1); M.cumprod()
np.cumulative_sum(v); np.diff(v); np.diff(M); np.diff(M, axis=0); np.diff(v, 2); np.diff(T, n=2, axis=1)
np.diff(v, n=0); np.diff(v, 2, prepend=0.0); np.diff(v, 2, prepend=v[0], append=w)
np.diff(M, n=1, axis=-2); np.diff(r); np.ediff1d(v); np.trapezoid(v); np.trapezoid(v, dx=0.3)
np.trapezoid(M, axis=0); np.trapezoid(v, w); np.sort(v); np.sort(M, axis=0); np.sort(M, axis=None); v[np.argsort(v)]
np.take_along_axis(M, n[:, :1] * 0 + 1, axis=0); np.add.reduce(M); np.add.reduce(M, axis=1); np.multiply.reduce(v)
np.maximum.reduce(M); np.minimum.reduce(M, axis=1)
"""
INDEXING = """
v[0]; v[-1]; v[i]; v[1:]; v[:-1]; v[::2]; v[::-1]; v[1:2]; v[:]; v[...]; M[0]; M[0, 1]; M[:, 1]; M[1:, ::2]; M[-1, -1]
M[i]; M[:, i]; M[..., 0]; M[0, ...]; T[0, :, 1]; T[..., 1:, 0]; T[1]; T[:, :, -1]; T[0][1]; T[0][1][2]; v[k]
v[[0, 2]]; v[[0, 0, 1]]; v[n]; M[k]; M[:, k]; M[k, k]; M[k, 0]; M[[0, 1], [1, 2]]; M[n]; T[:, k]; T[0, k]
T[:, [0, 1], [1, 2]]; T[[0, 1], :, [1, 2]]; M[k, 1:]; M[np.arange(3), k]; v[m]; M[m]; M[m, 0]
M[:, [True, False, True, False]]; M[M > 0.5]; v[v > 0.5]; T[:, m]; T[0, m, 1]; M[m][:, k]; M[np.ix_([0, 2], [1, 3])]
v[np.array([1, 2])]; v[np.nonzero(m)[0]]; v[np.where(m)]; M[np.triu_indices(3)]; v[(0,)]; v[None, 1:]; M[1, None]
M[:, None, 1:]; M[..., None, 0]; M[i:, i]; M[: i + 1]; v[i : i + 2]; v[-2:]; v[5:]; M[1:1]; T[i, :, i]; T[:, i][:, 1]
M.T[1]; M[0][1:]; np.take(v, 1); np.take(v, [0, 2, 0]); np.take(M, [1, 1], axis=0); np.take(M, k, axis=-1); M.take(2)
np.take(v, k, mode="wrap"); v[True]; v[None][0]; M[(0, 1)]; M[()]; S[k, k]; S[k][:, k]
"""
LINALG = """
np.linalg.norm(v); np.linalg.norm(M); np.linalg.norm(M, axis=0); np.linalg.norm(M, axis=1, keepdims=True)
np.linalg.norm(T, axis=(1, 2)); np.linalg.norm(v, 1); np.linalg.norm(v, ord=2); np.linalg.norm(v, np.inf)
np.linalg.norm(v, -np.inf); np.linalg.norm(v, 3); np.linalg.norm(v, 0.5); np.linalg.norm(M, "fro")
np.linalg.norm(M, 1); np.linalg.norm(M, np.inf); np.linalg.norm(M, 2); np.linalg.norm(M, "nuc"); np.linalg.norm(M, -2)
np.linalg.norm(M, 2, axis=1); np.linalg.norm(M, 1, axis=0); np.linalg.norm(T, axis=-1); np.linalg.norm(T)
np.linalg.norm(v - w); np.linalg.norm(r); np.linalg.vector_norm(v); np.linalg.vector_norm(M, axis=0)
np.linalg.matrix_norm(M); np.linalg.norm(M, keepdims=True); np.linalg.norm(a); np.linalg.solve(S, v)
np.linalg.solve(S, M); np.linalg.solve(S, S); np.linalg.solve(S.T, v); np.linalg.solve(S @ S, w)
np.linalg.solve(S, C); np.linalg.solve(np.stack([S, S.T]), M); np.linalg.inv(S); np.linalg.inv(np.stack([S, S.T]))
np.linalg.inv(S) @ v; np.linalg.det(S); np.linalg.det(np.stack([S, S.T])); np.linalg.slogdet(S)[1]
np.linalg.slogdet(S).logabsdet; np.linalg.slogdet(np.stack([S, S.T]))[1]; np.linalg.cholesky(S @ S.T)
np.linalg.cholesky(S @ S.T, upper=True); np.linalg.eigvalsh(S + S.T); np.linalg.eigh(S @ S.T)[0]; np.linalg.svd(S)[1]
np.linalg.svd(M, compute_uv=False); np.linalg.qr(S)[1]; np.linalg.pinv(M); np.linalg.matrix_power(S, 3)
np.linalg.svdvals(M); np.linalg.multi_dot([v, S, w]); np.linalg.matrix_rank(S) * v; np.linalg.cross(v, w)
"""
CREATION = """
np.zeros(3) + v; np.zeros_like(v) + v; np.ones((3, 4)) * M; np.ones_like(M) * M; np.full(3, a); np.full((2, 2), a) * b
np.full_like(v, a); np.full_like(M, 2.0) * M; np.eye(3) * a; np.eye(3) @ v; np.eye(3, 4) * M; np.eye(3, k=1) @ v
np.identity(3) * v; np.arange(3) * v; np.arange(v.size) * v; np.arange(0.0, 3.0) * v; np.linspace(0.0, 1.0, 3) * v
np.linspace(a, b, 4); np.linspace(a, 2.0, num=3); np.linspace(a, b, 4, endpoint=False); np.linspace(v, w, 3)
np.linspace(0.0, 1.0, v.size) * v; np.array(v); np.array([a, b]); np.array([v, w]); np.array([[a, b], [b, a]])
np.array((a, 2.0, b)); np.array([a, b], dtype=float); np.array([v[0], v[1] * 2]); np.array([[1.0, a], [b, 0.0]])
np.asarray(v); np.asarray([a, b]); np.asarray(v, dtype=float); np.ascontiguousarray(M); np.copy(M); M.copy()
v.copy() * v; np.array(a); v.astype(float); v.astype(np.float64) * 2; v.astype("float64"); v.astype(float, copy=False)
v.astype(v.dtype); float(a); float(a) * v; np.float64(a); np.zeros(v.shape) + v; np.zeros((2, 3)) + v
np.empty_like(v) * 0.0 + v; np.tri(3) @ v; np.ones(3, dtype=int) * v; np.zeros((0,)) + E; np.ones(()) * a
np.zeros(3)[i] + v; np.logspace(0, 1, 3) * v; np.asarray(v) @ v
"""
SCALARS = """
math.exp(a); math.expm1(a); math.log(a); math.log(a, 2.0); math.log(a, b); math.log1p(a); math.log2(a); math.log10(a)
math.sqrt(a); math.pow(a, b); math.pow(a, 2); math.sin(a); math.cos(a); math.tan(a); math.asin(a); math.acos(a)
math.atan(a); math.atan2(a, b); math.sinh(a); math.cosh(a); math.tanh(a); math.asinh(a); math.acosh(a + 1.5)
math.atanh(a); math.hypot(a, b); math.hypot(a, b, a); math.fabs(a); math.erf(a); math.erfc(a); math.degrees(a)
math.radians(a); math.copysign(a, b); math.fmod(a, b); math.exp2(a); math.cbrt(a); math.floor(a) + a; math.ceil(a) * a
math.pi * a; math.e ** a; math.fsum([a, b]); math.prod([a, b]); math.sqrt(a) if a > 0.1 else b
abs(a) + round(a); sum([a, b, a]); float(np.sum(v)); a.item(); np.sum(v).item()
"""
FUNCTIONS = """
F.relu(v - 0.5); F.relu(M); F.sigmoid(v); F.softplus(v); F.softmax(v); F.softmax(M); F.softmax(M, axis=0)
F.softmax(T, 1); F.log_softmax(v); F.log_softmax(M, axis=0); F.log_softmax(T, axis=-2); F.logsumexp(v); F.logsumexp(M)
F.logsumexp(M, axis=0); F.logsumexp(T, axis=(0, 2)); F.logsumexp(M, axis=-1, keepdims=True); F.logsumexp(a)
F.softmax_cross_entropy(M, k); F.softmax_cross_entropy(v, i); F.softmax_cross_entropy(T, n[:, [0, 1, 0]])
F.sigmoid(a); F.relu(a); F.softplus(a) * b; np.mean(F.softmax_cross_entropy(M, k))
"""
PARTS = """
np.modf(v * 3.3)[0]; np.modf(v * 3.3)[1] * v; np.frexp(v)[0]; np.ldexp(v, k); np.divmod(v, w)[1]
np.divmod(v, 0.3)[0] * v
np.i0(v); np.i0(M); np.i0(a); np.angle(v + 1j * w); np.angle(a + 2j, deg=True); np.nextafter(v, 2.0)
np.longdouble(v) * 1.0; np.astype(v, float) * w; np.real_if_close(v); np.select([m, v > 0.5], [v, w], 0.0)
np.select([v > w], [v * w], default=a); np.choose(k, [v, w, v * w]); np.choose(k, (v, 1.0, a), mode="clip")
"""
REPEATED = """
np.nansum(M, axis=0); np.nansum(v); np.nanprod(M, axis=1); np.nanmean(M, axis=0, keepdims=True); np.nanvar(v, ddof=1)
np.nanstd(M, axis=1); np.nanmax(M, axis=0); np.nanmin(M); np.nancumsum(M, axis=1); np.nancumprod(v)
np.nanmedian(M, axis=0)
np.nanquantile(M, 0.3, axis=1); np.nansum(np.where(m, v, np.nan)); np.nanmean(np.where(m, v, np.nan))
np.nanstd(np.where(M > 0.4, M, np.nan), axis=1); np.nanprod(np.where(m, v, np.nan))
np.nancumprod(np.where(m, v, np.nan))
np.nanmedian(np.where(m, v, np.nan)); np.nanmax(np.where(m, v, np.nan)); np.quantile(v, 0.3)
np.quantile(M, [0.2, 0.7], axis=0)
np.percentile(M, 30, axis=1, keepdims=True); np.quantile(v, 0.3, method="nearest"); np.median(T, axis=(0, 2))
np.percentile(T, [25.0, 50.0], axis=(0, -1)); np.average(v, weights=w); np.average(M, axis=0, weights=v)
np.average(M, weights=K); np.average(M, axis=1, weights=K, keepdims=True); np.cov(M); np.cov(v, w); np.cov(M, bias=True)
np.cov(M, rowvar=False); np.cov(v); np.corrcoef(M); np.corrcoef(v, w); np.corrcoef(M, rowvar=False)
np.logaddexp.reduce(M); np.hypot.reduce(v); np.fmax.reduce(M, axis=1); np.add.accumulate(M); np.multiply.accumulate(v)
np.maximum.accumulate(M, axis=1); np.minimum.accumulate(v); np.add.outer(v, w); np.subtract.outer(M, v)
np.multiply.outer(v, M); np.divide.outer(a, v); np.power.outer(v, w); np.maximum.outer(v, w); np.hypot.outer(v, 0.5)
"""
CURVES = """
np.gradient(v); np.gradient(v, 0.3); np.gradient(M, axis=1); np.gradient(M)[0]; np.gradient(v, a)
np.gradient(M, a, b)[1]
np.gradient(v, edge_order=2); np.gradient(v, np.array([0.0, 0.5, 2.0])); np.interp(a, [0.0, 0.5, 1.0], v)
np.interp(v, np.sort(w), v); np.interp(v, [0.0, 0.4, 2.0], [1.0, 3.0, 2.0]); np.interp(v, [0.3, 0.5], [a, b], left=0.0)
np.unwrap(v * 9.0); np.unwrap(M * 9.0, axis=0); np.diff(v, prepend=0.0); np.diff(M, axis=0, append=M[:1])
np.diff(v, append=a); np.ediff1d(v, to_begin=0.0); np.ediff1d(v, to_end=w); np.convolve(v, w)
np.convolve(v, w, "same")
np.convolve(v, M[0], "valid"); np.correlate(v, w); np.correlate(M[0], v, "same"); np.correlate(v, M[0], "full")
np.polyval(v, w); np.polyval(v, a); np.polyval(v, M); np.polyder(v); np.polyder(M[0], 2); np.polyint(v)
np.polyadd(v, M[0])
np.polysub(v, w); np.polymul(v, w); np.vander(v); np.vander(v, 2, increasing=True); np.polyfit(v, w, 1)
np.polyfit(np.linspace(0.0, 1.0, 3), v, 2); np.cumulative_prod(v); np.geomspace(a, b, 4); np.geomspace(v, w, 3, axis=-1)
np.logspace(a, b, 4); np.logspace(v, w, 3, base=2.0); np.poly(v); np.abs(np.roots(M[0])); np.roots(v).real
np.polynomial.polynomial.polyval(v, w); np.polynomial.chebyshev.chebval(M, v); np.polynomial.legendre.legval(a, v)
np.polynomial.hermite.hermval(v, np.polynomial.hermite.hermder(M[0])); np.polynomial.polynomial.polyvander(v, 2) @ w
np.polynomial.chebyshev.chebint(v); np.polynomial.laguerre.lagval(w, np.polynomial.laguerre.lagint(v, lbnd=0.5))
"""
PLACES = """
np.delete(v, 1); np.delete(M, [0, 2], axis=1); np.delete(M, i, axis=0); np.insert(v, 1, a); np.insert(M, 1, v, axis=1)
np.insert(v, [0, 2], w[:2]); np.compress(m, v); np.compress(m, M, axis=0); np.extract(M > 0.5, M); np.resize(v, (2, 4))
np.pad(v, 1, mode="edge"); np.pad(M, 1, mode="reflect"); np.pad(M, (2, 1), "symmetric"); np.pad(v, 2, "wrap")
np.pad(v, 2, mode="mean"); np.pad(v, (1, 2), mode="maximum", stat_length=2); np.pad(M, ((1, 0), (0, 2)), mode="median")
np.pad(v, 2, mode="linear_ramp", end_values=1.0); np.pad(v, 2, mode="reflect", reflect_type="odd")
np.pad(T, 1, "minimum")
np.take(v, [5, -1], mode="clip"); np.partition(v, 1); np.partition(M, 2, axis=0); np.unique(v); np.unique(M)
np.histogram(v, 3, weights=w)[0]; np.histogram(v, 3, (0.0, 1.0), weights=w, density=True)[0]
np.histogram(v, [0.0, 0.5, 1.0], weights=w)[0] * a; np.bincount(k, weights=v)
np.bincount(k, v, minlength=5); np.diagflat(v); np.diagflat(M, 1)
np.matvec(S, v); np.matvec(T, M[0]); np.vecmat(v, S); v[np.flatnonzero(m)]; np.digitize(v, [0.5]) * v
"""
FOURIER = """
np.abs(np.fft.fft(v)); np.fft.fft(v).real; np.fft.fft(M, axis=0).imag; np.abs(np.fft.fft(v, 5)) ** 2
np.fft.ifft(v, 2).real
np.abs(np.fft.rfft(v)); np.fft.rfft(M, 3, axis=1).imag; np.fft.irfft(v); np.fft.irfft(v + 1j * w, 5)
np.fft.irfft(M, axis=0)
np.fft.hfft(v + 1j * w); np.fft.ihfft(v).imag; np.abs(np.fft.fft2(M)); np.fft.ifft2(M, norm="ortho").real
np.fft.fftn(T, axes=(0, 2)).real; np.fft.rfft2(M).real; np.fft.irfft2(M); np.fft.rfftn(T).imag
np.fft.irfftn(T, axes=(2, 0))
np.fft.ifftn(M, s=(2, 5), axes=(0, 1)).imag; np.fft.fftshift(v); np.fft.ifftshift(M, axes=1); np.fft.fftfreq(4, a)
np.fft.irfft(np.fft.rfft(v, 8) * np.fft.rfft(w, 8), 8); np.abs(np.fft.fft(v, norm="forward")); np.fft.rfftfreq(5, d=a)
"""
MATRICES = """
np.linalg.lstsq(M.T, w[0] * M[0])[0]; np.linalg.lstsq(M.T, M[0])[1]; np.linalg.lstsq(S, M)[0]; np.linalg.lstsq(M, v)[3]
np.linalg.cond(S); np.linalg.cond(S, 1); np.linalg.cond(M, -2); np.linalg.cond(S, "fro"); np.abs(np.linalg.eigvals(S))
np.linalg.eig(S)[0].real; np.linalg.eig(S @ S).eigenvalues.real; np.linalg.tensorinv(S, ind=1)
np.linalg.tensorsolve(np.reshape(S, (3, 1, 3)), C)
"""
TABLES = {
    "arithmetic": ARITHMETIC, "elementwise": ELEMENTWISE, "reductions": REDUCTIONS, "products": PRODUCTS,
    "shaping": SHAPING, "joined": JOINED, "scans": SCANS, "indexing": INDEXING, "linalg": LINALG, "creation": CREATION,
    "scalars": SCALARS, "functions": FUNCTIONS, "parts": PARTS, "repeated": REPEATED, "curves": CURVES,
    "places": PLACES, "fourier": FOURIER, "matrices": MATRICES,
}  # fmt: skip
PROGRAMS = [text for table in TABLES.values() for line in table.strip().split("\n") for text in line.split("; ")]
NEEDS_RANK = (
    "np.rollaxis", "np.hsplit", "np.trapezoid", "np.linalg.vector_norm(v)", "np.quantile(M, [", "np.percentile(T, [",
    "np.average(v, w", "np.average(M, w", "np.average(M, axis=0, w", "np.average(M, axis=1, w", "np.cov", "np.corrcoef",
    "np.add.outer", "np.subtract.outer", "np.multiply.outer", "np.divide.outer", "np.power.outer", "np.maximum.outer",
    "np.hypot.outer", "np.gradient(v", "np.gradient(M)[", "np.gradient(M, a,", "np.diff(M, axis=0, a", "np.polyfit",
    "np.diff(v, append",
    "np.diff(v, 2, prepend=v", "np.geomspace", "np.logspace(a, b", "np.logspace(v", "np.fft.rfftn", "np.linalg.lstsq",
    "np.poly(",
    "np.linalg.tensorinv", "np.linalg.tensorsolve", "np.pad(v, 2, mode", "np.pad(v, (1, 2), mode",
    "np.pad(M, ((1, 0), (0, 2)), mode", "np.pad(T",
)  # fmt: skip
"""Functions that say so where nothing is known of their arguments."""


def names_in(text):
    found = [node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    return [name for name in dict.fromkeys(found) if name in SHAPES or name in INDICES]


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    """A function for each program, from a file."""
    lines = ["import math", "import numpy as np", "from gradgen import functions as F"]
    for i, text in enumerate([*PROGRAMS, *REFUSED]):
        lines += [f"def f{i}({', '.join(names_in(text))}):", f"    return {text}"]
    path = tmp_path_factory.mktemp("operations") / "operations.py"
    path.write_text("\n".join(lines) + "\n")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    yield {text: getattr(module, f"f{i}") for i, text in enumerate([*PROGRAMS, *REFUSED])}
    del sys.modules[path.stem]


def arguments(text, rng):
    """Numbers for the variables of a program; S is far from singular, and the scalars are NumPy's."""
    found = {}
    for name in names_in(text):
        if name in INDICES:
            found[name] = INDICES[name]
            continue
        value = rng.uniform(0.2, 0.9, SHAPES[name])
        found[name] = value + 2.0 * np.eye(3) if name == "S" else np.float64(value) if SHAPES[name] == () else value
    return found


def declared(given):
    """What `--shapes` would say of them; lengths past 1 by name."""
    kinds = {"i": "int", "b": "bool", "f": ""}
    parts = []
    for name, x in given.items():
        sizes = "".join(f"{n if n < 2 else f'd{n}'}," for n in np.shape(x))
        parts.append(f"{name}={kinds[np.asarray(x).dtype.kind]}({sizes})")
    return ", ".join(parts)


@pytest.mark.filterwarnings("ignore::gradgen.GradgenWarning")
@pytest.mark.parametrize("known", [True, False], ids=["declared", "unknown"])
@pytest.mark.parametrize("text", PROGRAMS)
def test_operation(text, known, functions):
    """Value, gradient, shapes and dtypes of the module that would be written, shapes declared and not."""
    fn, rng = functions[text], np.random.default_rng(0)
    given = arguments(text, rng)
    targets = [name for name in given if name in SHAPES]
    value = fn(**given)
    options = make_options(targets, "vjp", shapes=declared(given) if known else "")
    if not known and text.startswith(NEEDS_RANK):
        with pytest.raises((UnsupportedError, NoRuleError), match="known rank"):
            compile_gradient(fn, options)
        return
    module = compile_gradient(fn, options).call
    got, pullback = module(**given)
    for mine, own in zip(leaves(got), leaves(value), strict=True):
        np.testing.assert_allclose(mine, own, rtol=1e-12)
    g = like(value, rng)
    bars = pullback(g)
    bars = list(bars) if len(targets) > 1 else [bars]
    for name, bar in zip(targets, bars, strict=True):
        assert np.shape(bar) == SHAPES[name]
        assert np.result_type(bar) == np.float64

    moves = [like(given[name], rng) for name in targets]
    moved = difference(lambda xs: fn(**given | dict(zip(targets, xs, strict=True))), [given[t] for t in targets], moves)
    scale = 1.0 + sum(float(np.sum(np.abs(bar * v))) for bar, v in zip(bars, moves, strict=True))
    assert abs(inner(bars, moves) - inner(g, moved)) < 1e-7 * scale
    check_float32(fn, module, given, targets, rng)
    if not known:
        check_integers(fn, module, given, targets, rng)


def check_float32(fn, module, given, targets, rng):
    small = {name: np.float32(x) if name in targets else x for name, x in given.items()}
    value = fn(**small)
    if any(np.asarray(leaf).dtype != np.float32 for leaf in leaves(value)):
        return
    bars = module(**small)[1](like(value, rng))
    for bar in bars if len(targets) > 1 else [bars]:
        assert np.result_type(bar) == np.float32 or not np.any(bar)


def check_integers(fn, module, given, targets, rng):
    """Integers get the gradient of the floats that they are, as floats, where the function gives the same."""
    whole = dict(given)
    for t in targets:
        whole[t] = rng.integers(1, 5, SHAPES[t]) if SHAPES[t] else int(rng.integers(1, 5))
    if "S" in targets:
        whole["S"] = whole["S"] + 3 * np.eye(3, dtype=int)
    floats = {name: x * 1.0 if name in targets else x for name, x in whole.items()}
    with np.errstate(all="ignore"):
        try:
            value, same = fn(**whole), fn(**floats)
            g = like(same, rng)
            wanted = module(**floats)[1](g)
        except (ValueError, ArithmeticError, AttributeError, TypeError):
            return  # out of its domain, or nothing for Python's numbers
        values = [np.asarray(leaf) for leaf in leaves(same)]
        alike = all(map(np.allclose, leaves(value), values)) and all(np.isfinite(x).all() for x in values)
        if not alike:
            return
        got = module(**whole)[1](g)
    for a, b in zip(*([got, wanted] if len(targets) > 1 else [[got], [wanted]]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
        assert np.asarray(a).dtype.kind == "f"


# ---- options and functions that are not followed are refused by name

REFUSED = {
    "np.exp(v, where=m)": "'where'",
    "np.add(v, w, dtype=k.dtype)": "`dtype`",
    "np.maximum.reduceat(v, [0, 1])": "reduceat",
    "np.var(v, mean=0.5)": "mean=",
    "np.average(v, weights=w, returned=True)[0]": "returned=",
    "np.linspace(a, b, 4, retstep=True)[0]": "retstep=",
    "np.reshape(M, (4, 3), order='A')": "order=",
    "np.ravel(M, order='K')": "order=",
    "np.meshgrid(v, w, sparse=i)[0]": "sparse",
    "np.sum(M, axis=i)": "`axis`",
    "np.r_['0,2', v, w]": "np.r_",
    "np.mgrid[a:b:4j] * v": "np.mgrid",
    "np.polydiv(v, w)[0]": "np.polydiv",
    "np.histogram(v, 3)[1]": "edges of np.histogram",
    "np.histogram(v, 3, density=True)[0]": "edges of np.histogram",
    "np.polynomial.polynomial.polyadd(v, w)": "polyadd",
    "np.polynomial.polynomial.polyval(v, M)": "coefficients in a row",
    "np.poly(S)": "np.linalg.eigvals",
    "np.median(v, overwrite_input=True)": "overwrite_input",
    "np.unstack(M)[1]": "known rank and length",
    "np.cov(M, fweights=i)": "`fweights`",
    "np.interp(v, w, w, period=3.0)": "period=",
    "np.polyfit(v, w, 1, w=v)": "`w`",
    "np.unique(M, axis=0)": "axis",
    "np.einsum(v, [0], [0])": "subscripts",
    "np.linalg.qr(M, mode='complete')[0]": "mode=",
    "np.linalg.qr(M, mode='raw')[0]": "mode=",
    "math.gamma(a)": "gamma",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_followed_is_refused_by_name(text, functions):
    targets = [name for name in names_in(text) if name in SHAPES]
    given = arguments(text, np.random.default_rng(0))
    with pytest.raises(GradgenError) as caught:
        compile_gradient(functions[text], make_options(targets, "vjp", shapes=declared(given)))
    assert REFUSED[text] in str(caught.value)

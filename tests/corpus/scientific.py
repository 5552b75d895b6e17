"""Functions of scipy, scikit-learn, statsmodels and others that compute on arrays."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from .entry import draw, entry


def of(path: str, *args: Any, **kwargs: Any) -> Any:
    """Makes an object of a package when it is asked for."""
    module, _, name = path.partition(":")
    return lambda: getattr(importlib.import_module(module), name)(*args, **kwargs)


def glm(name: str) -> Any:
    """Makes a model of statsmodels for counts or classes."""

    def make() -> Any:
        module = importlib.import_module("statsmodels.discrete.discrete_model")
        return getattr(module, name)(np.array([0.0, 1, 1, 0, 1, 0]), draw(6, 2, seed=5))

    return make


KALMAN: dict[str, Any] = {
    "x": draw(2), "P": np.array([[1.5, 0.2], [0.2, 0.8]]), "F": np.array([[1.0, 0.3], [0.0, 1.0]]),
    "Q": np.array([[0.1, 0.02], [0.02, 0.2]]),
}  # fmt: skip
PSD = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, -0.2], [0.1, -0.2, 1.1]])
SPREAD = np.array([0.11, 0.31, 0.07, 0.23, 0.05, 0.23])
SIGN = np.array([1.0, 0.0, 1.0, 1.0, 0.0])
NORMAL = "scipy.stats._continuous_distns"
DISTANCE = "scipy.spatial.distance"

SCIPY = [
    entry("scipy.optimize:rosen", "x", x=draw(5)),
    entry("scipy.optimize:rosen_der", "x", x=draw(5)),
    entry("scipy.optimize:rosen_hess_prod", "x p", x=draw(5), p=draw(5, seed=1)),
    entry("scipy.special:softmax", "x", x=draw(3, 4), axis=1),
    entry("scipy.special:multigammaln", "a", a=4.3, d=3),
    entry("scipy.special:logsumexp", "a", a=draw(3, 4), axis=1),
    entry("scipy.signal.windows:general_gaussian", "p sig", M=7, p=1.5, sig=2.5),
    entry("scipy.signal.windows:tukey", "alpha", M=9, alpha=0.43),
    entry("scipy.signal:gausspulse", "t", t=draw(5), fc=3.0),
    entry("scipy.signal:chirp", "t f0 f1", t=draw(5), f0=1.3, t1=2.0, f1=0.4),
    entry("scipy.signal:detrend", "data", data=draw(2, 7)),
    entry(f"{DISTANCE}:minkowski", "u v", u=draw(4), v=draw(4, seed=1), p=3),
    entry(f"{DISTANCE}:cosine", "u v", u=draw(4), v=draw(4, seed=1)),
    entry(f"{DISTANCE}:correlation", "u v w", u=draw(4), v=draw(4, seed=1), w=draw(4, low=0.3, seed=2)),
    entry(f"{DISTANCE}:mahalanobis", "u v VI", u=draw(3), v=draw(3, seed=1), VI=PSD),
    entry(f"{DISTANCE}:canberra", "u v", u=draw(4), v=draw(4, seed=1)),
    entry(f"{DISTANCE}:jensenshannon", "p q", p=SPREAD, q=SPREAD[::-1].copy()),
    entry("scipy.integrate:trapezoid", "y x", y=draw(2, 5), x=np.array([0.1, 0.4, 0.9, 1.1, 1.7])),
    entry("scipy.integrate:simpson", "y", y=draw(2, 5), x=np.array([0.1, 0.4, 0.9, 1.1, 1.7])),
    entry("scipy.integrate:cumulative_trapezoid", "y", y=draw(2, 5), dx=0.3, initial=0),
    entry("scipy.stats:entropy", "pk qk", pk=SPREAD, qk=SPREAD[::-1].copy()),
    entry("scipy.stats:zscore", "a", a=draw(4, 3)),
    entry("scipy.linalg:khatri_rao", "a b", a=draw(2, 3), b=draw(4, 3, seed=1)),
    entry(f"{NORMAL}:weibull_min_gen._logpdf", "x c", made=of(f"{NORMAL}:weibull_min_gen", name="w"),
          x=draw(4, low=0.2), c=1.7),
    entry(f"{NORMAL}:gumbel_r_gen._logpdf", "x", made=of(f"{NORMAL}:gumbel_r_gen", name="g"), x=draw(4)),
    entry(f"{NORMAL}:lognorm_gen._pdf", "x s", made=of(f"{NORMAL}:lognorm_gen", name="l"), x=draw(4, low=0.2), s=0.8),
    entry("scipy.stats._distn_infrastructure:rv_continuous.logpdf", "x", made=of(f"{NORMAL}:norm_gen", name="norm"),
          x=draw(4)),
    entry("scipy.stats:boxcox_llf", "lmb data", lmb=0.3, data=draw(6, low=0.2)),
    entry(f"{DISTANCE}:braycurtis", "u v", u=draw(4), v=draw(4, seed=1)),
    entry("scipy.stats:gmean", "a", a=draw(4, 3, low=0.2)),
    entry("scipy.stats:kurtosis", "a", a=draw(5, 2)),
    entry("scipy.signal.windows:gaussian", "std", M=7, std=1.8),
]  # fmt: skip

PAIRWISE = "sklearn.metrics.pairwise"
KERNELS = "sklearn.gaussian_process.kernels"
NETWORK = "sklearn.neural_network._base"
MIXTURE = "sklearn.mixture._gaussian_mixture"

SKLEARN = [
    entry("sklearn.metrics:mean_squared_error", "y_true y_pred", y_true=draw(5), y_pred=draw(5, seed=1)),
    entry("sklearn.metrics:mean_tweedie_deviance", "y_true y_pred", y_true=draw(5, low=0.2),
          y_pred=draw(5, low=0.2, seed=1), power=1.5),
    entry("sklearn.metrics:r2_score", "y_true y_pred", y_true=draw(5), y_pred=draw(5, seed=1)),
    entry(f"{PAIRWISE}:rbf_kernel", "X Y", X=draw(3, 2), Y=draw(4, 2, seed=1), gamma=0.7),
    entry(f"{PAIRWISE}:polynomial_kernel", "X Y", X=draw(3, 2), Y=draw(4, 2, seed=1)),
    entry(f"{PAIRWISE}:cosine_similarity", "X Y", X=draw(3, 2), Y=draw(4, 2, seed=1)),
    entry(f"{KERNELS}:RBF.__call__", "X Y", made=of(f"{KERNELS}:RBF", 0.7), X=draw(3, 2), Y=draw(4, 2, seed=1)),
    entry(f"{KERNELS}:RationalQuadratic.__call__", "X", made=of(f"{KERNELS}:RationalQuadratic", 0.7, 1.3), X=draw(3, 2),
          Y=draw(4, 2, seed=1)),
    entry(f"{KERNELS}:DotProduct.__call__", "X", made=of(f"{KERNELS}:DotProduct", 0.7), X=draw(3, 2)),
    entry("sklearn.utils.extmath:softmax", "X", X=draw(3, 4)),
    entry("sklearn.utils.extmath:row_norms", "X", X=draw(3, 4)),
    entry(f"{NETWORK}:squared_loss", "y_true y_pred", y_true=draw(5, 2), y_pred=draw(5, 2, seed=1)),
    entry(f"{NETWORK}:log_loss", "y_prob", y_true=np.eye(3), y_prob=draw(3, 3, low=0.1, high=0.5)),
    entry(f"{NETWORK}:binary_log_loss", "y_prob", y_true=SIGN[:, None], y_prob=draw(5, 1, low=0.1, high=0.9)),
    entry("sklearn.linear_model._huber:_huber_loss_and_gradient", "w", w=np.array([0.3, -0.8, 0.2, 0.9]), X=draw(6, 2),
          y=draw(6, seed=1), epsilon=1.35, alpha=0.01, sample_weight=np.ones(6)),
    entry(f"{MIXTURE}:_estimate_log_gaussian_prob", "X means precisions_chol", X=draw(4, 3), means=draw(2, 3, seed=1),
          precisions_chol=np.stack([np.linalg.cholesky(PSD)] * 2), covariance_type="full"),
    entry(f"{MIXTURE}:_compute_log_det_cholesky", "matrix_chol", matrix_chol=draw(2, 3, low=0.2),
          covariance_type="diag", n_features=3),
    entry("sklearn.manifold._t_sne:_kl_divergence", "params", params=draw(8), P=SPREAD, degrees_of_freedom=1,
          n_samples=4, n_components=2),
    entry("sklearn.decomposition._fastica:_logcosh", "x", x=draw(2, 4), fun_args={"alpha": 1.2}),
    entry("sklearn.decomposition._fastica:_sym_decorrelation", "W", W=PSD),
    entry("sklearn.covariance:log_likelihood", "emp_cov precision", emp_cov=PSD, precision=PSD),
    entry("sklearn.preprocessing:normalize", "X", X=draw(3, 4)),
    entry("sklearn.metrics:mean_absolute_percentage_error", "y_true y_pred", y_true=draw(5), y_pred=draw(5, seed=1)),
    entry(f"{PAIRWISE}:euclidean_distances", "X Y", X=draw(3, 2), Y=draw(4, 2, seed=1)),
    entry(f"{PAIRWISE}:sigmoid_kernel", "X Y", X=draw(3, 2), Y=draw(4, 2, seed=1)),
    entry(f"{KERNELS}:Matern.__call__", "X Y", made=of(f"{KERNELS}:Matern", 0.7), X=draw(3, 2), Y=draw(4, 2, seed=1)),
    entry(f"{KERNELS}:ExpSineSquared.__call__", "X Y", made=of(f"{KERNELS}:ExpSineSquared", 0.7), X=draw(3, 2),
          Y=draw(4, 2, seed=1)),
]  # fmt: skip

LINKS, FAMILY = "statsmodels.genmod.families.links", "statsmodels.genmod.families.family"
NORMS, MOMENTS = "statsmodels.robust.norms", "statsmodels.stats.moment_helpers"
DISCRETE = "statsmodels.discrete.discrete_model"
ROBUST = np.array([-9.0, -3.1, -1.2, 0.4, 1.7, 2.6, 6.0])

STATSMODELS = [
    entry(f"{DISCRETE}:Logit.loglike", "params", made=glm("Logit"), params=draw(2)),
    entry(f"{DISCRETE}:Poisson.loglike", "params", made=glm("Poisson"), params=draw(2)),
    entry(f"{DISCRETE}:Probit.loglike", "params", made=glm("Probit"), params=draw(2)),
    entry(f"{LINKS}:Logit.__call__", "p", made=of(f"{LINKS}:Logit"), p=draw(4, low=0.1, high=0.9)),
    entry(f"{LINKS}:CLogLog.inverse", "z", made=of(f"{LINKS}:CLogLog"), z=draw(4)),
    entry(f"{FAMILY}:Gamma.loglike_obs", "endog mu", made=of(f"{FAMILY}:Gamma"), endog=draw(4, low=0.2),
          mu=draw(4, low=0.2, seed=1)),
    entry(f"{FAMILY}:Poisson._resid_dev", "endog mu", made=of(f"{FAMILY}:Poisson"), endog=draw(4, low=0.2),
          mu=draw(4, low=0.2, seed=1)),
    entry(f"{NORMS}:HuberT.rho", "z", made=of(f"{NORMS}:HuberT"), z=ROBUST),
    entry(f"{NORMS}:TukeyBiweight.rho", "z", made=of(f"{NORMS}:TukeyBiweight"), z=ROBUST),
    entry(f"{NORMS}:Hampel.rho", "z", made=of(f"{NORMS}:Hampel"), z=ROBUST),
    entry("statsmodels.tools.eval_measures:rmse", "x1 x2", x1=draw(4, 2), x2=draw(4, 2, seed=1)),
    entry(f"{MOMENTS}:mc2mnc", "mc", mc=np.array([0.3, 1.2, 0.4, 3.1])),
    entry(f"{MOMENTS}:mnc2cum", "mnc", mnc=np.array([0.3, 1.2, 0.4, 3.1])),
    entry(f"{MOMENTS}:mvsk2mc", "args", args=np.array([0.3, 1.2, 0.4, 3.1])),
    entry(f"{MOMENTS}:cov2corr", "cov", cov=PSD),
    entry("statsmodels.nonparametric.kernels:gaussian", "Xi x", h=0.7, Xi=draw(4), x=0.2),
    entry("statsmodels.stats.stattools:durbin_watson", "resids", resids=draw(6)),
    entry("statsmodels.stats.stattools:jarque_bera", "resids", resids=draw(6)),
    entry("statsmodels.tsa.stattools:levinson_durbin", "s", s=draw(8), nlags=3),
    entry("statsmodels.tsa.stattools:acovf", "x", x=draw(6), fft=False),
    entry("statsmodels.tsa.arima_process:arma_acovf", "ar ma", ar=np.array([1.0, -0.5]), ma=np.array([1.0, 0.4]),
          nobs=5),
    entry(f"{NORMS}:AndrewWave.rho", "z", made=of(f"{NORMS}:AndrewWave"), z=ROBUST),
    entry(f"{LINKS}:NegativeBinomial.__call__", "p", made=of(f"{LINKS}:NegativeBinomial"), p=draw(4, low=0.2)),
    entry(f"{MOMENTS}:cum2mc", "kappa", kappa=np.array([0.3, 1.2, 0.4, 3.1])),
    entry("statsmodels.tools.eval_measures:meanabs", "x1 x2", x1=draw(4, 2), x2=draw(4, 2, seed=1)),
]  # fmt: skip

KALMAN_FILTER = "filterpy.kalman.kalman_filter"
STATS = "filterpy.stats"
SIGMAS = "filterpy.kalman.sigma_points"

OTHERS = [
    entry(f"{KALMAN_FILTER}:predict", "x P F Q", **KALMAN),
    entry(f"{KALMAN_FILTER}:update", "x P", x=draw(2), P=KALMAN["P"], z=draw(1), R=np.array([[0.3]]),
          H=np.array([[1.0, 0.4]])),
    entry("filterpy.kalman:unscented_transform", "sigmas", sigmas=draw(5, 2), Wm=SPREAD[:5], Wc=SPREAD[:5]),
    entry(f"{SIGMAS}:MerweScaledSigmaPoints.sigma_points", "x P",
          made=of(f"{SIGMAS}:MerweScaledSigmaPoints", 2, 0.1, 2.0, 1.0), x=draw(2), P=KALMAN["P"],
          symmetric="P"),
    entry(f"{STATS}:mul", "mean1 var1 mean2 var2", mean1=0.3, var1=1.2, mean2=-0.4, var2=0.7),
    entry(f"{STATS}:gaussian", "x mean var", x=0.2, mean=0.5, var=1.3),
    entry(f"{STATS}:mahalanobis", "x mean cov", x=draw(3), mean=draw(3, seed=1), cov=PSD),
    entry(f"{STATS}:multivariate_multiply", "m1 c1 m2 c2", m1=draw(3), c1=PSD, m2=draw(3, seed=1), c2=PSD),
    entry("filterpy.common:Q_discrete_white_noise", "dt var", dim=3, dt=0.7, var=1.2),
    entry("control:ctrb", "A B", A=PSD, B=draw(3, 1)),
    entry("control:pade", "T", T=0.7, n=2),
    entry("control:unwrap", "angle", angle=draw(5)),
    entry("tensorly.tenalg:inner", "tensor1 tensor2", tensor1=draw(2, 3), tensor2=draw(2, 3, seed=1)),
    entry("tensorly.metrics.regression:MSE", "y_true y_pred", y_true=draw(2, 3), y_pred=draw(2, 3, seed=1)),
    entry("tensorly:unfold", "tensor", tensor=draw(2, 3, 2), mode=1),
    entry("tensorly.tenalg.proximal:soft_thresholding", "tensor", tensor=draw(2, 3), threshold=0.3),
    entry(f"{STATS}:log_likelihood", "z x P", z=draw(1), x=draw(2), P=KALMAN["P"], H=np.array([[1.0, 0.4]]),
          R=np.array([[0.3]])),
    entry("control:obsv", "A C", A=PSD, C=draw(1, 3)),
    entry("tensorly.tenalg:mode_dot", "tensor matrix_or_vector", tensor=draw(2, 3, 2), matrix_or_vector=draw(4, 3),
          mode=1),
    entry("tensorly.metrics.regression:RMSE", "y_true y_pred", y_true=draw(2, 3), y_pred=draw(2, 3, seed=1)),
]  # fmt: skip

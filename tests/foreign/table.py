"""Public functions of others and what they are given: one a line, arguments in Python.

Names are those of `DATA`; a line of scikit-learn's may give an estimator and what is asked of it.
"""

from typing import Any

import numpy as np

_RNG = np.random.default_rng(7)
DATA: dict[str, Any] = {
    "V": _RNG.standard_normal(16),
    "W": _RNG.standard_normal(16) + 0.25,
    "P": _RNG.random(16) + 0.5,
    "U": _RNG.random(16) * 0.8 + 0.1,
    "X": _RNG.standard_normal((12, 4)),
    "Y": _RNG.standard_normal((12, 4)),
    "A": _RNG.random((12, 4)) + 0.1,
    "IMG": _RNG.random((8, 8)),
    "M": np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]]),
    "Z": _RNG.standard_normal(16) + 1j * _RNG.standard_normal(16),
    "I": np.array([3, 1, 2, 3, 0, 1]),
    "COUNTS": np.array([16.0, 18.0, 16.0, 14.0, 12.0, 20.0]),
    "T": np.array([0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0]),
    "G": np.array([0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1, 0]),
    "S": np.array([0.1, 0.8, 0.6, 0.3, 0.9, 0.45, 0.7, 0.85, 0.2, 0.55, 0.65, 0.35]),
    "SOS": np.array([[0.2, 0.4, 0.2, 1.0, -0.5, 0.3], [1.0, 0.5, 0.25, 1.0, -0.2, 0.1]]),
    "BA": (np.array([0.2, 0.3]), np.array([1.0, -0.4])),
    "QUAT": np.array([[0.0, 0.0, 0.6, 0.8], [0.6, 0.0, 0.0, 0.8]]),
    "XYZ": np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]]),
    "GRID": np.linspace(0.0, 3.0, 17),
    "np": np,
}

EXTRA = """
angle: Z
atleast_nd: V; ndim=3
cov: X
create_diagonal: V
deg2rad: V
rad2deg: V
expand_dims: V; axis=0
isclose: V, V
isin: I, np.array([1, 3])
kron: V, W
nan_to_num: V
nan_to_num: I
nanmax: V
nanmin: V
nanmean: V
nansum: V
nunique: I
one_hot: I, 4
pad: V, 2
searchsorted: np.sort(V), W
setdiff1d: I, np.array([1, 3])
sinc: V
union1d: I, np.array([1, 7])
unravel_index: I, (2, 2)
"""

SPECIAL = [
    "bdtr",
    "expit",
    "logit",
    "erf",
    "erfc",
    "gamma",
    "gammaln",
    "digamma",
    "rgamma",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "ndtr",
    "ndtri",
    "log_ndtr",
    "sinc",
    "exp1",
    "k0",
    "k1",
    "sindg",
    "cosdg",
    "tandg",
    "cotdg",
    "cbrt",
    "exp10",
    "exp2",
    "expm1",
    "log1p",
][1:]

SCIPY = """
special.betaln: P, P
special.beta: P, P
special.binom: P, P
special.chdtr: P, P
special.chdtrc: P, P
special.entr: P
special.gammainc: P, P
special.gammaincc: P, P
special.hyp2f1: U, U, P, U
special.kl_div: P, P
special.rel_entr: P, P
special.logsumexp: X; axis=1
special.softmax: X; axis=1
special.log_softmax: X; axis=1
special.multigammaln: P + 2, 2
special.polygamma: 1, P
special.xlogy: P, P
special.xlog1py: P, P
special.stdtr: P, V
special.betainc: P, P, U
special.fdtr: P, P, P
special.fdtrc: P, P, P
special.stdtrit: P, U
special.zeta: P + 1, P
stats.describe: V
stats.gmean: P
stats.hmean: P
stats.pmean: P, 2
stats.gstd: P
stats.iqr: V
stats.kurtosis: V
stats.skew: V
stats.moment: V; order=3
stats.kstat: V, 2
stats.kstatvar: V, 1
stats.lmoment: V
stats.variation: P
stats.zscore: V
stats.zmap: V, W
stats.gzscore: P
stats.sem: V
stats.tmean: V
stats.tvar: V
stats.tstd: V
stats.tsem: V
stats.tmin: V
stats.tmax: V
stats.rankdata: V
stats.entropy: P
stats.differential_entropy: V
stats.circmean: V
stats.circvar: V
stats.circstd: V
stats.directional_stats: X
stats.bartlett: V, W
stats.levene: V, W
stats.fligner: V, W
stats.ansari: V, W
stats.mood: V, W
stats.kruskal: V, W
stats.friedmanchisquare: V, W, P
stats.brunnermunzel: V, W
stats.mannwhitneyu: V, W
stats.wilcoxon: V
stats.ttest_1samp: V, 0.5
stats.ttest_ind: V, W
stats.ttest_rel: V, W
stats.ttest_ind_from_stats: 1.0, 0.5, 10, V, P, 12
stats.chisquare: COUNTS
stats.power_divergence: COUNTS
stats.combine_pvalues: U
stats.jarque_bera: V
stats.skewtest: V
stats.kurtosistest: V
stats.normaltest: V
stats.pearsonr: V, W
stats.pointbiserialr: I > 1, V[:6]
stats.spearmanrho: V, W
stats.chatterjeexi: V, W
stats.linregress: V, W
stats.theilslopes: V, W
stats.siegelslopes: V, W
stats.alexandergovern: V, W
stats.quantile: V, 0.3
stats.trim_mean: V, 0.1
stats.trim1: V, 0.1
stats.trimboth: V, 0.1
stats.boxcox_llf: 0.5, P
stats.yeojohnson_llf: 0.5, V
stats.bws_test: V, W
stats.cramervonmises_2samp: V, W
stats.epps_singleton_2samp: V, W
stats.expectile: V
stats.mode: V
signal.convolve: V, W[:5]
signal.correlate: V, W[:5]
signal.fftconvolve: V, W[:5]
signal.oaconvolve: V, W[:5]
signal.detrend: V
signal.hilbert: V
signal.envelope: V
signal.sosfilt: SOS, V
signal.sosfiltfilt: SOS, V; padlen=4
signal.lfilter: *BA, V
signal.filtfilt: *BA, V
signal.lfilter_zi: *BA
signal.sosfilt_zi: SOS
signal.freqz: *BA
signal.freqz_sos: SOS
signal.freqs: *BA
signal.savgol_filter: V, 5, 2
signal.resample: V, 8
signal.resample_poly: V, 1, 2
signal.decimate: np.concatenate([V, W]), 2
signal.medfilt: V, 3
signal.medfilt2d: IMG, 3
signal.order_filter: V, np.ones(3), 1
signal.wiener: V, 3
signal.convolve2d: IMG, M
signal.correlate2d: IMG, M
signal.upfirdn: P[:3], V, 2
signal.periodogram: V
signal.welch: V; nperseg=8
signal.vectorstrength: V, 2.0
signal.tf2sos: *BA
signal.tf2zpk: *BA
signal.sos2tf: SOS
signal.sos2zpk: SOS
signal.bilinear: *BA
signal.gausspulse: V
signal.sawtooth: V
signal.square: V
signal.chirp: P, 1.0, 2.0, 3.0
ndimage.convolve: IMG, M
ndimage.convolve1d: IMG, P[:3]
ndimage.correlate: IMG, M
ndimage.gaussian_filter: IMG, 1.0
ndimage.gaussian_filter1d: IMG, 1.0
ndimage.uniform_filter: IMG
ndimage.median_filter: IMG, 3
ndimage.maximum_filter: IMG, 3
ndimage.sobel: IMG
ndimage.laplace: IMG
ndimage.rotate: IMG, 30.0
ndimage.shift: IMG, 1.5
ndimage.zoom: IMG, 1.5
ndimage.map_coordinates: IMG, np.array([[1.5, 2.5], [3.0, 4.5]])
ndimage.center_of_mass: IMG
ndimage.label: IMG > 0.5
ndimage.binary_dilation: IMG > 0.5
ndimage.distance_transform_edt: IMG > 0.5
fft.fft: Z
fft.ifft: Z
fft.rfft: V
fft.irfft: Z
fft.fftn: IMG
fft.dct: V
fft.idct: V
fft.dst: V
fft.dctn: IMG
fft.fht: V, 0.1, 0.5
fft.ifht: V, 0.1, 0.5
fft.fftshift: V
fft.ifftshift: V
integrate.trapezoid: V
integrate.cumulative_trapezoid: V
integrate.simpson: V
integrate.cumulative_simpson: V; dx=0.1
integrate.romb: GRID; dx=0.1
cluster.vq.whiten: X
cluster.hierarchy.linkage: X
optimize.rosen: V
optimize.rosen_der: V
optimize.rosen_hess: V
optimize.rosen_hess_prod: V, W
linalg.block_diag: M, M
spatial.distance.cdist: X, Y
spatial.distance.pdist: X
"""

# What is no function, or takes functions, in a line of its own: name, call, arguments.
CALLS = """
scipy.interpolate.Akima1DInterpolator: lambda x, y, at: it(x, y)(at): np.arange(16.0), V, U * 10
scipy.interpolate.PchipInterpolator: lambda x, y, at: it(x, y)(at): np.arange(16.0), V, U * 10
scipy.integrate.cubature: lambda a, b: it(lambda x: namespace(x).sum(x**2, axis=-1), a, b).estimate: P[:2], P[:2] + 1
scipy.spatial.transform.Rotation: lambda q, v: it.from_quat(q).apply(v): QUAT, XYZ
array_api_extra.at: lambda x: it(x)[0].min(0.5, copy=True): V
array_api_extra.nanmax: lambda x: it(x): V
jax.numpy.searchsorted: lambda x, v: namespace(x).searchsorted(x, v): np.sort(V), W
array_api_signal.gaussian_filter1d: lambda x: it(x, 1.0): V
sklearn.calibration.CalibratedClassifierCV: lambda x, t: it(lda(), method="temperature", cv=2).fit(x, t).predict_proba(x): X, T
"""

GLASS = """
linear_bias: V, 1.2
loglinear_bias: U, 1.2
position_weights: A.T, P[:4]
gaussian_nz: P, 0.8, 0.1
smail_nz: P, 0.8, 2.0, 1.5
deflect: P, U, Z * 0.01
displace: P, U, Z * 0.01
displacement: P, U, P + 0.1, U * 0.9
effective_bias: GRID, GRID + 1, RadialWindow(GRID, np.exp(-GRID), 1.0)
restrict: GRID, GRID + 1, RadialWindow(GRID[3:9] + 0.05, P[:6], 1.0)
partition: GRID, GRID + 1, [RadialWindow(GRID[:9], P[:9], 0.7), RadialWindow(GRID[8:], P[:9], 2.0)]
combine: GRID, P[:2], [RadialWindow(GRID[:9], P[:9], 0.7), RadialWindow(GRID[8:], P[:9], 2.0)]
equal_dens_zbins: GRID, np.exp(-GRID), 3
tomo_nz_gausserr: GRID[1:], np.exp(-GRID[1:]), 0.05, ((0.5, 1.0), (1.0, 2.0))
tophat_windows: np.array([0.5, 1.0, 1.5])
linear_windows: np.array([0.5, 1.0, 1.5, 2.0])
cubic_windows: np.array([0.5, 1.0, 1.5, 2.0])
arraytools.broadcast_first: X, X
arraytools.cumulative_trapezoid: V, np.sort(W)
arraytools.ndinterp: U, GRID, GRID**2
arraytools.trapezoid_product: (GRID, GRID), (GRID, GRID + 1)
algorithm.cov_clip: M
algorithm.cov_nearest: M
algorithm.nearcorr: M / 4
algorithm.nnls: X, V[:12]
harmonics.multalm: Z[:6], P[:3]
"""

LEARN = """
metrics.accuracy_score: T, G
metrics.zero_one_loss: T, G
metrics.balanced_accuracy_score: T, G
metrics.confusion_matrix: T, G
metrics.multilabel_confusion_matrix: T, G
metrics.cohen_kappa_score: T, G
metrics.hamming_loss: T, G
metrics.jaccard_score: T, G
metrics.f1_score: T, G
metrics.fbeta_score: T, G; beta=0.5
metrics.precision_score: T, G
metrics.recall_score: T, G
metrics.precision_recall_fscore_support: T, G; average="macro"
metrics.matthews_corrcoef: T, G
metrics.brier_score_loss: T, S
metrics.log_loss: T, S
metrics.d2_brier_score: T, S
metrics.d2_log_loss_score: T, S
metrics.roc_curve: T, S
metrics.roc_auc_score: T, S
metrics.det_curve: T, S
metrics.precision_recall_curve: T, S
metrics.average_precision_score: T, S
metrics.auc: np.sort(U), P
metrics.explained_variance_score: V, W
metrics.r2_score: V, W
metrics.max_error: V, W
metrics.mean_absolute_error: V, W
metrics.mean_squared_error: V, W
metrics.root_mean_squared_error: V, W
metrics.mean_squared_log_error: P, U
metrics.root_mean_squared_log_error: P, U
metrics.mean_absolute_percentage_error: P, U
metrics.median_absolute_error: V, W
metrics.mean_pinball_loss: V, W
metrics.mean_tweedie_deviance: P, U; power=1.5
metrics.mean_poisson_deviance: P, U
metrics.mean_gamma_deviance: P, U
metrics.d2_tweedie_score: P, U; power=1.5
metrics.d2_absolute_error_score: V, W
metrics.d2_pinball_score: V, W
metrics.ndcg_score: A, A + 0.1
metrics.dcg_score: A, A + 0.1
metrics.calinski_harabasz_score: X, T
metrics.pairwise.cosine_similarity: X, Y
metrics.pairwise.cosine_distances: X, Y
metrics.pairwise.euclidean_distances: X, Y
metrics.pairwise.linear_kernel: X, Y
metrics.pairwise.polynomial_kernel: X, Y
metrics.pairwise.rbf_kernel: X, Y
metrics.pairwise.sigmoid_kernel: X, Y
metrics.pairwise.laplacian_kernel: X, Y
metrics.pairwise.manhattan_distances: X, Y
metrics.pairwise.chi2_kernel: A, A + 0.1
metrics.pairwise.additive_chi2_kernel: A, A + 0.1
metrics.pairwise.paired_cosine_distances: X, Y
metrics.pairwise.paired_euclidean_distances: X, Y
preprocessing.StandardScaler.fit_transform: X
preprocessing.MinMaxScaler.fit_transform: X
preprocessing.MaxAbsScaler.fit_transform: X
preprocessing.Normalizer.fit_transform: X
preprocessing.Binarizer.fit_transform: X
preprocessing.KernelCenterer.fit_transform: M
preprocessing.PolynomialFeatures.fit_transform: X
decomposition.PCA.fit_transform: X
linear_model.Ridge.fit_predict: X, X
linear_model.RidgeCV.fit_predict: X, X
linear_model.LinearRegression.fit_predict: X, X
discriminant_analysis.LinearDiscriminantAnalysis.fit_predict: X, T
naive_bayes.GaussianNB.fit_predict: X, T
mixture.GaussianMixture.fit_predict: X
"""

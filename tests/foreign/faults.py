"""Whose fault a verdict is: by what was said, and the file that it was said of."""

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """What a reason's text means."""

    pattern: str
    meaning: str


KINDS = [
    Kind(r"^reads a value (at|in)", "reads a value: eager by design, or avoidable"),
    Kind(
        r"two different devices|same device|mismatched devices|expected device|found at least two devices",
        "mixes two devices",
    ),
    Kind(r"must be an array of .* on \S+; got an array of (\S+) on", "gives a result elsewhere"),
    Kind(
        r"does not support dtype=array_api_strict.(float64|complex128)",
        "asks for float64 where there is none",
    ),
    Kind(r"does not support dtype=array_api_strict.u?int64", "asks for int64 where there is none"),
    Kind(r"dtype must be", "gives another dtype"),
    Kind(
        r"Can.t (convert array|extract host buffer)|can.t convert|to a NumPy array|__array__|__dlpack__|DLPack|Cannot copy out of meta|implicit conversion",
        "converts to NumPy",
    ),
    Kind(r"read-only", "refuses read-only input"),
    Kind(r"an input must not be changed", "changes its input"),
    Kind(r"values differ", "gives other values"),
    Kind(r"boolean_indexing|NonConcreteBooleanIndex", "indexes by a mask"),
    Kind(
        r"data.dependent|statically specified|with JIT|must be static",
        "has a shape that depends on values",
    ),
    Kind(r"immutable|item assignment", "assigns to entries, which JAX has not"),
    Kind(r"[Tt]racer|[Tt]raced|UnexpectedTracer", "can't be traced"),
    Kind(r"shape must be", "gives another shape"),
    Kind(r"something else each time", "gives something else each time"),
    Kind(
        r"must be a number of Python|must be .*; got|must return|must have \d+ items",
        "gives something else than on NumPy",
    ),
    Kind(
        r"^\w*(NotImplemented|Unsupported|Attribute|Type|Value|Runtime|Index|Assertion|Linalg|LinAlg|Key|Import)\w*(Error|Exception)",
        "does not take the library's arrays",
    ),
]

OWNERS = {
    "scipy/_external/array_api_extra": "array-api-extra (in SciPy)",
    "scipy/_lib/array_api_extra": "array-api-extra (in SciPy)",
    "scipy/_lib/array_api_compat": "array-api-compat (in SciPy)",
    "sklearn/externals/array_api_extra": "array-api-extra (in scikit-learn)",
    "sklearn/externals/array_api_compat": "array-api-compat (in scikit-learn)",
    "scipy": "SciPy",
    "sklearn": "scikit-learn",
    "array_api_extra": "array-api-extra",
    "array_api_signal": "array-api-signal",
    "glass": "GLASS",
    "jax": "JAX",
}

# What was found in public code before, and must be found again: function, row, meaning.
KNOWN = [
    ("scipy.integrate.romb", "strict:device1", "mixes two devices"),
    ("scipy.fft.fht", "strict:device1", "mixes two devices"),
    ("scipy.stats.rankdata", "strict:device1", "mixes two devices"),
    ("scipy.stats.kruskal", "strict:device1", "mixes two devices"),
    ("scipy.stats.friedmanchisquare", "strict:device1", "mixes two devices"),
    ("scipy.stats.mood", "strict:device1", "mixes two devices"),
    ("scipy.stats.ansari", "strict:device1", "mixes two devices"),
    ("scipy.stats.chisquare", "strict:device1", "mixes two devices"),
    ("scipy.stats.power_divergence", "strict:device1", "mixes two devices"),
    ("scipy.integrate.cumulative_simpson", "strict:device1", "mixes two devices"),
    ("scipy.optimize.rosen_hess", "strict:device1", "mixes two devices"),
    ("scipy.linalg.block_diag", "strict:device1", "mixes two devices"),
    ("scipy.integrate.cumulative_simpson", "torch", "gives other values"),
    ("scipy.stats.rankdata", "torch", "gives another dtype"),
    ("scipy.signal.sosfilt", "numpy:readonly", "refuses read-only input"),
    ("sklearn.metrics.roc_curve", "torch", "does not take the library's arrays"),
    ("sklearn.metrics.pairwise.chi2_kernel", "numpy:readonly", "refuses read-only input"),
    ("sklearn.metrics.pairwise.additive_chi2_kernel", "numpy:readonly", "refuses read-only input"),
    ("scipy.integrate.cubature", "strict:device1", "mixes two devices"),
    ("scipy.interpolate.Akima1DInterpolator", "torch", "gives other values"),
    ("scipy.interpolate.PchipInterpolator", "torch", "does not take the library's arrays"),
    ("scipy.spatial.transform.Rotation", "numpy:readonly", "refuses read-only input"),
    ("scipy.ndimage.map_coordinates", "jax", "does not take the library's arrays"),
    ("scipy.signal.sosfilt", "jax", "refuses read-only input"),
    ("scipy.stats.levene", "jax:jit", "reads a value: eager by design, or avoidable"),
    ("scipy.stats.mood", "jax:jit", "indexes by a mask"),
    ("scipy.stats.spearmanrho", "jax:jit", "indexes by a mask"),
    ("scipy.stats.chatterjeexi", "jax:jit", "indexes by a mask"),
    ("scipy.signal.filtfilt", "jax:jit", "reads a value: eager by design, or avoidable"),
    ("scipy.signal.envelope", "jax", "assigns to entries, which JAX has not"),
    (
        "sklearn.calibration.CalibratedClassifierCV",
        "strict:cpu",
        "does not take the library's arrays",
    ),
    ("sklearn.calibration.CalibratedClassifierCV", "torch", "gives another dtype"),
    ("array_api_extra.at", "strict:device1", "mixes two devices"),
    ("array_api_extra.nanmax", "torch:meta", "reads a value: eager by design, or avoidable"),
    ("array_api_extra.nanmin", "torch:meta", "reads a value: eager by design, or avoidable"),
    ("array_api_extra.cov", "strict:no_float64", "asks for float64 where there is none"),
    ("jax.numpy.searchsorted", "jax", "gives another dtype"),
    ("array_api_signal.gaussian_filter1d", "torch", "gives other values"),
    ("glass.gaussian_nz", "strict:device1", "mixes two devices"),
    ("glass.smail_nz", "strict:device1", "mixes two devices"),
    ("glass.tomo_nz_gausserr", "strict:device1", "mixes two devices"),
    ("glass.algorithm.cov_nearest", "strict:device1", "mixes two devices"),
    ("glass.algorithm.nearcorr", "strict:device1", "mixes two devices"),
    ("glass.algorithm.nnls", "strict:device1", "mixes two devices"),
    ("glass.harmonics.multalm", "strict:device1", "mixes two devices"),
    ("array_api_extra.nan_to_num", "strict:cpu", "does not take the library's arrays"),
]

# Verdicts that name no line of theirs, so that the kit could be at fault as well: each of these was
# held to a direct call, or follows from the function's own code. Another one has to be looked at.
_LOOKED_AT = {
    "gives another dtype": """
        array_api_extra.cov: numpy:float32
        glass.algorithm.cov_nearest: numpy:float32
        glass.algorithm.nearcorr: numpy:float32
        glass.algorithm.nnls: numpy:float32
        glass.arraytools.cumulative_trapezoid: numpy:float32
        glass.arraytools.ndinterp: numpy:float32
        glass.arraytools.trapezoid_product: numpy:float32
        glass.combine: numpy:float32
        glass.cubic_windows: numpy:float32
        glass.effective_bias: numpy:float32
        glass.equal_dens_zbins: numpy:float32
        glass.gaussian_nz: numpy:float32
        glass.linear_windows: numpy:float32
        glass.partition: numpy:float32
        glass.restrict: numpy:float32
        glass.smail_nz: numpy:float32
        glass.tomo_nz_gausserr: numpy:float32
        glass.tophat_windows: numpy:float32
        jax.numpy.searchsorted: jax, jax:jit
        scipy.interpolate.Akima1DInterpolator: numpy:float32
        scipy.interpolate.PchipInterpolator: numpy:float32
        scipy.spatial.transform.Rotation: numpy:float32
        sklearn.calibration.CalibratedClassifierCV: numpy:float32, torch
        scipy.cluster.hierarchy.linkage: numpy:float32
        scipy.integrate.cumulative_simpson: numpy:float32
        scipy.integrate.romb: numpy:float32
        scipy.integrate.simpson: numpy:float32
        scipy.ndimage.center_of_mass: numpy:float32
        scipy.signal.bilinear: numpy:float32
        scipy.signal.chirp: numpy:float32
        scipy.signal.gausspulse: numpy:float32
        scipy.signal.periodogram: numpy:float32
        scipy.signal.sawtooth: numpy:float32
        scipy.signal.sos2zpk: numpy:float32
        scipy.signal.square: numpy:float32
        scipy.signal.tf2sos: numpy:float32
        scipy.signal.tf2zpk: torch, strict:cpu, strict:strictest, jax
        scipy.signal.vectorstrength: numpy:float32, torch
        scipy.signal.welch: numpy:float32
        scipy.signal.wiener: numpy:float32
        scipy.spatial.distance.cdist: numpy:float32
        scipy.spatial.distance.pdist: numpy:float32
        scipy.special.multigammaln: numpy:float32
        scipy.special.polygamma: numpy:float32
        scipy.stats.brunnermunzel: numpy:float32, torch
        scipy.stats.expectile: numpy:float32
        scipy.stats.linregress: numpy:float32
        scipy.stats.rankdata: numpy:float32, torch
        scipy.stats.siegelslopes: numpy:float32
        scipy.stats.theilslopes: numpy:float32
        scipy.stats.ttest_ind_from_stats: numpy:float32
        sklearn.metrics.det_curve: numpy:float32
        sklearn.metrics.pairwise.laplacian_kernel: numpy:float32
        sklearn.metrics.pairwise.manhattan_distances: numpy:float32
        sklearn.metrics.precision_recall_curve: numpy:float32
        sklearn.metrics.roc_curve: numpy:float32
    """,
    "gives other values": """
        array_api_signal.gaussian_filter1d: torch
        scipy.integrate.cumulative_simpson: torch
        scipy.interpolate.Akima1DInterpolator: torch
        scipy.special.polygamma: torch
        sklearn.metrics.d2_log_loss_score: torch
    """,
    "gives something else each time": """
        scipy.stats.bws_test: numpy, numpy:float32, numpy:readonly, strict:cpu, strict:strictest, torch, jax
    """,
}
LOOKED_AT = {
    meaning: {
        (name, row)
        for line in text.strip().splitlines()
        for name, _, rows in [line.strip().partition(": ")]
        for row in rows.split(", ")
    }
    for meaning, text in _LOOKED_AT.items()
}


def meaning_of(reason: str) -> str:
    """Return what a reason means; empty where no line says so."""
    return next((kind.meaning for kind in KINDS if re.search(kind.pattern, reason)), "")


def owner_of(function: str, reason: str) -> str:
    """Return whose code was running, by the file that the reason names; else the function's own."""
    found = re.findall(r"([\w/.-]+\.py):\d+", reason)
    for path in (*reversed(found), function.replace(".", "/")):
        for folder, owner in OWNERS.items():
            if path.startswith(f"{folder}/"):
                return owner
    return ""

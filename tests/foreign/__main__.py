"""Put the kit to public functions of SciPy, scikit-learn, GLASS and others: `make test-foreign`.

Each verdict that is *wrong* is printed with whose fault it is; the last line has the counts. It fails
where the kit itself raises, where a verdict has no explanation or nobody has looked at it yet, and
where a fault that is known is not found.
"""

import importlib
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from backends import namespace
from backends.testing import Capabilities, Report, capabilities, equivalence, names
from tests.foreign.faults import KNOWN, LOOKED_AT, meaning_of, owner_of
from tests.foreign.table import CALLS, DATA, EXTRA, GLASS, LEARN, SCIPY, SPECIAL

ROWS = [name for name in names() if name not in ("dpnp", "cupy")]
_PROJECTS = {
    "sklearn": "scikit-learn",
    "glass": "GLASS",
    "jax": "JAX",
    "array_api_signal": "array-api-signal",
}
EAGER = capabilities(reads=True, jit=False)  # scikit-learn, by design


class Subject(NamedTuple):
    """A function of somebody else's and what it is given."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    said: Capabilities | None = None


def main(only: list[str]) -> int:
    """Run what matches, print what was found, and return the exit status."""
    warnings.simplefilter("ignore")
    subjects = [s for s in all_subjects() if not only or any(o in s.name for o in only)]
    found: set[tuple[str, str, str]] = set()
    verdicts: Counter[str] = Counter()
    owners: Counter[str] = Counter()
    problems: list[str] = []
    for subject in subjects:
        report = run(subject)
        if isinstance(report, Exception):
            problems.append(f"{subject.name}: the kit raised {type(report).__name__}: {report}")
            continue
        for outcome in report.outcomes:
            verdicts[outcome.verdict] += 1
            if outcome.verdict != "wrong":
                continue
            meaning, owner = meaning_of(outcome.reason), owner_of(subject.name, outcome.reason)
            found.add((subject.name, outcome.backend, meaning))
            owners[owner] += 1
            where = " ".join(re.findall(r"[\w/.-]+\.py:\d+", outcome.reason)[-1:])
            print(f"{subject.name:<48} {outcome.backend:<18} {owner}: {meaning} {where}".rstrip())
            known = LOOKED_AT.get(meaning)
            new = known is not None and (subject.name, outcome.backend) not in known
            if not meaning or not owner or new:
                problems.append(f"{subject.name} on {outcome.backend}: {outcome.reason}")
    seen = {s.name for s in subjects}
    problems += [f"not found again: {k}" for k in KNOWN if k[0] in seen and k not in found]
    again = sum(k in found for k in KNOWN)
    print("\n".join(["", *problems]) if problems else "")
    by = Counter(
        _PROJECTS.get(s.name.partition(".")[0], "SciPy and array-api-extra") for s in subjects
    )
    print(
        ", ".join(f"{count} functions of {name}" for name, count in sorted(by.items()))
        + f"; {sum(verdicts.values())} verdicts: "
        + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
        + f" ({', '.join(f'{count} of {name}' for name, count in sorted(owners.items()))})"
        + f"; {again} of {len(KNOWN)} known faults found again; {len(problems)} problems"
    )
    return 1 if problems else 0


def run(subject: Subject) -> Report | Exception:
    """Return the report on one function, or what the kit raised."""
    try:
        return equivalence(
            subject.function,
            *subject.args,
            kwargs=subject.kwargs,
            backends=ROWS,
            rtol={"float32": 1e-3},
            capabilities=subject.said,
        )
    except Exception as error:
        return error


def all_subjects() -> Iterator[Subject]:
    """Yield every function of the tables."""
    import glass
    import sklearn

    for line in EXTRA.strip().splitlines():
        yield subject_of("array_api_extra", line)
    for name in SPECIAL:
        yield subject_of(
            "scipy",
            f"special.{name}: P" if name not in ("logit", "ndtri") else f"special.{name}: U",
        )
    for line in SCIPY.strip().splitlines():
        yield subject_of("scipy", line)
    DATA["RadialWindow"] = glass.RadialWindow
    for line in GLASS.strip().splitlines():
        yield subject_of("glass", line)
    sklearn.set_config(array_api_dispatch=True)
    for line in CALLS.strip().splitlines():
        yield call_of(line)
    for line in LEARN.strip().splitlines():
        yield subject_of("sklearn", line, EAGER)


def subject_of(package: str, line: str, said: Capabilities | None = None) -> Subject:
    """Return the function that a line names, with its arguments."""
    path, _, text = line.partition(": ")
    positional, _, named = text.partition("; ")
    args = eval(f"({positional},)", dict(DATA))
    kwargs = eval(f"dict({named})", dict(DATA))
    return Subject(f"{package}.{path}", _function(package, path), args, kwargs, said)


def call_of(line: str) -> Subject:
    """Return what a line calls by the name `it`, with its arguments."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    path, _, rest = line.partition(": ")
    text, _, args = rest.rpartition(": ")
    package, _, name = path.partition(".")
    known = {
        "it": _function(package, name),
        "namespace": namespace,
        "lda": LinearDiscriminantAnalysis,
    }
    function = eval(text, known)
    said = EAGER if package == "sklearn" else None
    return Subject(path, function, eval(f"({args},)", dict(DATA)), {}, said)


def _function(package: str, path: str) -> Callable[..., Any]:
    *parts, name = path.split(".")
    if parts and parts[-1][0].isupper():  # an estimator and what is asked of it
        return _method(
            getattr(importlib.import_module(".".join([package, *parts[:-1]])), parts[-1]), name
        )
    found: Callable[..., Any] = getattr(importlib.import_module(".".join([package, *parts])), name)
    return found


def _method(estimator: Any, name: str) -> Callable[..., Any]:
    """Return a function that makes an estimator, fits it and returns what it gives."""

    def fitted(x: Any, *y: Any) -> Any:
        options = (
            {"random_state": 0, "init_params": "random"}
            if estimator.__name__ == "GaussianMixture"
            else {}
        )
        options |= (
            {"solver": "svd"}
            if estimator.__name__ in ("Ridge", "LinearDiscriminantAnalysis")
            else {}
        )
        made = estimator(**options)
        if hasattr(made, name):
            return getattr(made, name)(x, *y)
        return made.fit(x, *y).predict(x)

    return fitted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

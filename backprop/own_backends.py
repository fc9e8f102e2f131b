"""The package `backends` that is found is the one that came with backprop.

Its name is a common one. A foreign package may come first on the path, may have been imported
already, or may have been installed into the same folder, over files of ours.
"""

import importlib
import importlib.util
import os.path
import sys

_OWN = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "backends")
_DISTRIBUTION = "backprop-by-hand"  # what is imported may not be ours: so its name stands here too


def check() -> None:
    """See that `backends` is our own, and import it.

    Raises
    ------
    ImportError
        When it is another, lies elsewhere, or was changed; the message names it and the cure.
    """
    found = _place()
    if found is None:
        raise ImportError(f"backprop needs its own package `backends`; got none: {_again()}")
    if found != _OWN:
        raise ImportError(
            "backprop needs its own package `backends`, which lies beside it; got a foreign one "
            f"from {found}: remove it from the path, rename it, or put it after backprop"
        )
    try:
        backends = importlib.import_module("backends")
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if isinstance(error, ModuleNotFoundError) and missing != "backends":
            raise  # a library that we need is not installed
        raise ImportError(_overwritten(str(error))) from error
    except Exception as error:  # a foreign package can fail in any way
        raise ImportError(_overwritten(f"{type(error).__name__}: {error}")) from error
    distribution = getattr(getattr(backends, "distribution", None), "NAME", None)
    if distribution != _DISTRIBUTION:
        raise ImportError(_overwritten("it isn't ours"))


def _place() -> str | None:
    """Return the folder or file that `import backends` takes, without running anything in it."""
    loaded = sys.modules.get("backends")
    spec = getattr(loaded, "__spec__", None) or importlib.util.find_spec("backends")
    if spec is None:
        return None
    places = [*(spec.submodule_search_locations or ()), spec.origin or "nowhere"]
    return os.path.realpath(str(places[0]))


def _overwritten(why: str) -> str:
    """Say that files of ours were replaced, by whom as far as that is known, and what to do."""
    from importlib.metadata import packages_distributions  # slow to import

    others = sorted({*packages_distributions().get("backends", ())} - {_DISTRIBUTION, "backprop"})
    cure = f"pip uninstall {' '.join(others)}, then " if others else ""
    return (
        f"backprop needs its own package `backends`; that in {_OWN} was replaced or changed by "
        f"{' and '.join(others) or 'another distribution'} ({why}): {cure}{_again()}"
    )


def _again() -> str:
    """Return the command that installs this package anew, from where pip had it."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution  # slow to import

    source = _DISTRIBUTION
    try:
        found = distribution(_DISTRIBUTION)
        if os.path.realpath(str(found.locate_file(""))) == os.path.dirname(_OWN):
            source = json.loads(found.read_text("direct_url.json") or "{}").get("url", source)
    except (PackageNotFoundError, ValueError):
        pass
    return f"pip install --force-reinstall --no-deps {source}"

"""Strategies for hypothesis: arrays and dtypes of a row, made by `hypothesis.extra.array_api`.

from backends.testing.strategies import arrays

@given(data=st.data())
def test_norm(backend_case, data):
x = data.draw(arrays(backend_case))
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.extra.array_api import make_strategies_namespace

from ..namespace import Array
from ..selection import host
from .cases import Case

_XPS = make_strategies_namespace(host().xp, api_version="2023.12")


def dtypes(
    case: Case, kind: str | tuple[str, ...] = ("signed integer", "real floating")
) -> st.SearchStrategy[str]:
    """Return a strategy for the names of dtypes that a row has.

    Parameters
    ----------
    case : Case
    kind : str or tuple of str
        As in the standard's `isdtype`: ``"real floating"``, ``"integral"``, ``"numeric"``.
    """
    info = case.xp.__array_namespace_info__()
    known = info.dtypes(kind=kind, device=case.backend.device)
    return st.sampled_from(sorted(known))


def arrays(
    case: Case,
    dtype: str | st.SearchStrategy[str] | None = None,
    shape: Any = None,
    **options: Any,
) -> st.SearchStrategy[Array]:
    """Return a strategy for arrays of a row, on its device.

    Parameters
    ----------
    case : Case
    dtype : str or strategy of str, optional
        The row's floating dtype, if not given.
    shape : tuple of int or strategy, optional
        Up to three dimensions of up to five, if not given.
    **options
        Handed on to hypothesis's own `arrays`: ``elements={"min_value": 0, "max_value": 1}``.
    """
    shape = _XPS.array_shapes(max_dims=3, max_side=5) if shape is None else shape
    names = dtype if isinstance(dtype, st.SearchStrategy) else st.just(dtype or case.dtype)
    return names.flatmap(
        lambda name: _XPS.arrays(dtype=name, shape=shape, **options).map(
            lambda values: case.array(values, name)
        )
    )

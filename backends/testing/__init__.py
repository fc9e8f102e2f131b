"""The equivalence kit: one function on every array library; and a fixture for pytest.

`assert_equivalent` holds a function to what it gives on NumPy in float64. The fixture
`backend_case`, which pytest finds by itself once this package is installed, runs a test on each
backend: ``pytest --backends numpy,strict,torch --require-backends``.
"""

from backends.testing.cases import Case, names, opened
from backends.testing.equivalence import assert_equivalent, equivalence
from backends.testing.report import Outcome, Report

__all__ = ["Case", "Outcome", "Report", "assert_equivalent", "equivalence", "names", "opened"]

"""The equivalence kit: one function on every array library; and a fixture for pytest.

`assert_equivalent` holds a function to what it gives on NumPy in float64. The fixture
`backend_case`, which pytest finds by itself once this package is installed, runs a test on each
backend: ``pytest --array-backends numpy,strict,torch --require-array-backends``.
"""

from .capabilities import Capabilities, capabilities
from .cases import Case, opened
from .claims import Claims, capability_table, claims
from .closeness import assert_close
from .equivalence import assert_equivalent, equivalence
from .matrix import Row, add_row, names
from .report import Outcome, Report

__all__ = [
    "Capabilities",
    "Case",
    "Claims",
    "Outcome",
    "Report",
    "Row",
    "add_row",
    "assert_close",
    "assert_equivalent",
    "capabilities",
    "capability_table",
    "claims",
    "equivalence",
    "names",
    "opened",
]

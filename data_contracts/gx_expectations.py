"""The expectations that contracts are held by: Great Expectations' own, without work done twice.

The library asks an expectation for its `configuration` some sixty times a validation, and makes it anew each
time from the fields, which never change here: a third of a small run's validation went there. And its
UnexpectedRowsExpectation selects the rows also where only the verdict was asked for, beside counting them.
Both are mended by subclassing, the library's own way to add expectations; what is asked and answered is the same.

Imported only when contracts are validated, as Great Expectations takes seconds to import.
"""

from __future__ import annotations

from typing import Any

import great_expectations.expectations as gxe
from great_expectations.compatibility.pydantic import PrivateAttr

ROWS_METRIC = "unexpected_rows_query.table"


class Unchanging:
    """Makes an expectation's configuration once, and again only after a field was set; keeps it in `_made`."""

    _made: Any

    @property
    def configuration(self) -> Any:
        """The configuration, as the library makes it of the fields."""
        if self._made is None:
            self._made = super().configuration  # type: ignore[misc]
        return self._made

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__fields__:  # type: ignore[attr-defined]
            self._made = None
        super().__setattr__(name, value)


class PromisedNotNull(Unchanging, gxe.ExpectColumnValuesToNotBeNull):
    """No null in a column."""

    _made: Any = PrivateAttr(default=None)


class PromisedInSet(Unchanging, gxe.ExpectColumnValuesToBeInSet):
    """Accepted values of a column."""

    _made: Any = PrivateAttr(default=None)


class PromisedBetween(Unchanging, gxe.ExpectColumnValuesToBeBetween):
    """A column's inclusive range."""

    _made: Any = PrivateAttr(default=None)


class PromisedRowCount(Unchanging, gxe.ExpectTableRowCountToBeBetween):
    """How many rows a table has."""

    _made: Any = PrivateAttr(default=None)


class PromisedRows(Unchanging, gxe.UnexpectedRowsExpectation):
    """No row that a query selects; only counted where the verdict alone is asked for."""

    _made: Any = PrivateAttr(default=None)

    def get_validation_dependencies(self, *args: Any, **kwargs: Any) -> Any:
        """The metrics asked for: the rows themselves only where the result is to name them."""
        needed = super().get_validation_dependencies(*args, **kwargs)
        if needed.result_format.get("result_format") == "BOOLEAN_ONLY":
            needed.metric_configurations.pop(ROWS_METRIC, None)
        return needed

    def _validate(self, metrics: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._validate({ROWS_METRIC: [], **metrics}, *args, **kwargs)

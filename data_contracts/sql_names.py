"""The only ways by which a name or a value that came from data may stand in the text of a SQL statement.

Values are bound (`?`) wherever DuckDB takes a parameter. A name cannot be bound, and neither can a value in a
view or a predicate that is stored as text: those pass through here.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from data_contracts.errors import StagewatchError

Literal = str | bool | int | float | Decimal | date | datetime | None


def quote_ident(name: str) -> str:
    """`name` as a double-quoted SQL identifier; raises StagewatchError for what DuckDB cannot name."""
    return '"' + _checked(name, "a column or table name").replace('"', '""') + '"'


def quote_literal(value: Literal) -> str:
    """`value` as a SQL literal. Bind instead wherever binding is possible."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if isinstance(value, Decimal):
        raise StagewatchError(f"a value is no number: {value}", remedy="give a finite number")
    if isinstance(value, float):
        return f"{_quoted(repr(value))}::double"
    if isinstance(value, datetime):
        return f"{_quoted(value.isoformat(sep=' '))}::{'timestamp' if value.tzinfo is None else 'timestamptz'}"
    if isinstance(value, date):
        return f"{_quoted(value.isoformat())}::date"
    return _quoted(value)


def _quoted(text: str) -> str:
    return "'" + _checked(text, "a value").replace("'", "''") + "'"


def _checked(text: str, what: str) -> str:
    """DuckDB ends a statement's text at NUL, and a lone surrogate has no UTF-8: both are refused."""
    if "\0" in text:
        raise StagewatchError(f"{what} holds a NUL character: {text!r}", remedy="remove it from the file or mapping")
    if not text and what.startswith("a column"):
        raise StagewatchError(f"{what} is empty", remedy="give the column a header")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StagewatchError(f"{what} is not valid Unicode: {text!r}", remedy="save the file as UTF-8") from error
    return text

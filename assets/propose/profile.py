"""What stands in each column of a table: how full it is, how many values, which dates and numbers it reads as.

Dates and numbers are judged by the very expressions that staging reads them with.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from assets.propose.tables import Found
from assets.staging.values import Column, Compiled, Habits, Scope, add_steps, compile_value
from data_contracts.mapping_values import Value
from data_contracts.sql_names import quote_ident

# In the order in which one is preferred where several read the same values.
DATES = ("iso", "ymd", "chinese", "compact", "epoch_ms", "epoch_s", "excel", "dmy", "mdy")
NUMBERS = ({"thousands": ",", "decimal": "."}, {"thousands": ".", "decimal": ","}, {"thousands": " ", "decimal": ","})
SAMPLE_ROWS = 20_000
MOST_VALUES = 200
READS = 0.97  # of the filled cells: the rest will be quarantined, and is told


@dataclass(frozen=True)
class Profile:
    """One column. `values`: its values with their counts, the most frequent first, where there are few.

    `dates` and `numbers`: the share of filled cells that each form reads; `is_day`: no cell tells a time.
    """

    place: int
    header: str
    rows: int
    filled: int
    distinct: int
    values: tuple[tuple[str, int], ...]
    samples: tuple[str, ...]
    dates: dict[str, float] = field(default_factory=dict)
    numbers: tuple[float, ...] = ()
    is_day: bool = False
    first: str | None = None
    last: str | None = None

    @property
    def name(self) -> str:
        """Its name in the scratch relation."""
        return f"c{self.place}"

    @property
    def is_unique(self) -> bool:
        return self.filled > 1 and self.distinct == self.filled

    @property
    def best_form(self) -> str:
        """The date form that reads most of it."""
        return max(DATES, key=lambda form: (self.dates.get(form, 0.0), -DATES.index(form)))

    @property
    def date_form(self) -> str | None:
        """The form that reads nearly all of it; None where none does."""
        return self.best_form if self.dates.get(self.best_form, 0.0) >= READS else None

    @property
    def number(self) -> dict[str, str]:
        """The way of writing numbers that reads most of it, the usual one before others."""
        return NUMBERS[max(range(len(self.numbers)), key=lambda n: (self.numbers[n], -n))]


def profile_table(con: duckdb.DuckDBPyConnection, table: Found, zone: str) -> list[Profile]:
    """A profile of every column of the table, in order; values of at most SAMPLE_ROWS rows spread over it."""
    names = [f"c{n}" for n in range(1, len(table.headers) + 1)]
    con.execute(
        f"create or replace temp table _sampled as select {', '.join(map(quote_ident, names))} from {table.relation}"
        f" using sample reservoir({SAMPLE_ROWS} rows) repeatable (1)"
    )
    counts = con.execute(
        "select count(*), "
        + ", ".join(f"count({n}), count(distinct {n})" for n in map(quote_ident, names))
        + f" from {table.relation}"
    ).fetchall()[0]
    return [
        _profile(con, n, header, counts[0], counts[2 * n - 1], counts[2 * n], zone)
        for n, header in enumerate(table.headers, start=1)
    ]


def _profile(
    con: duckdb.DuckDBPyConnection, place: int, header: str, rows: int, filled: int, distinct: int, zone: str
) -> Profile:
    column = quote_ident(f"c{place}")
    values = con.execute(
        f"select {column}, count(*) as n from _sampled where {column} is not null group by all"
        f" order by n desc, {column} limit {MOST_VALUES + 1}"
    ).fetchall()
    samples = tuple(value for value, _ in values[:5])
    few = tuple(values) if len(values) <= MOST_VALUES else ()
    if not filled:
        return Profile(place, header, rows, 0, 0, (), ())
    dates, is_day, first, last = _dates(con, f"c{place}", zone)
    numbers = tuple(
        _share(con, f"c{place}", {"column": f"c{place}", "number": form}, "DECIMAL(18, 2)", zone) for form in NUMBERS
    )
    return Profile(place, header, rows, filled, distinct, few, samples, dates, numbers, is_day, first, last)


def _dates(
    con: duckdb.DuckDBPyConnection, name: str, zone: str
) -> tuple[dict[str, float], bool, str | None, str | None]:
    shares = {
        form: _share(con, name, {"column": name, "dates": [form]}, "TIMESTAMPTZ", zone)
        for form in DATES
        if form != "excel" or _looks_serial(con, name)
    }
    best = max(shares, key=lambda form: (shares[form], -DATES.index(form)))
    if shares[best] < READS:
        return shares, False, None, None
    sql, value = _compiled(name, {"column": name, "dates": [best]}, "TIMESTAMPTZ", zone)
    ((is_day, first, last),) = con.execute(
        f"select bool_and({value.is_day}), min(v)::date::varchar, max(v)::date::varchar"
        f" from (select *, {value.value} as v from ({sql})) where v is not null"
    ).fetchall()
    return shares, bool(is_day), first, last


def _looks_serial(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the numbers of a column lie where Excel's days of 1995 to 2040 do."""
    column = quote_ident(name)
    ((low, high),) = con.execute(
        f"select min(try_cast({column} as double)), max(try_cast({column} as double)) from _sampled"
    ).fetchall()
    return low is not None and low >= 34_700 and high <= 51_500


def _share(con: duckdb.DuckDBPyConnection, name: str, value: dict[str, object], target: str, zone: str) -> float:
    """The share of filled cells that the value reads."""
    sql, compiled = _compiled(name, value, target, zone)
    ((read, filled),) = con.execute(
        f"select count({compiled.value}), count(*) from ({sql}) where {quote_ident(f't:{name}')} is not null"
    ).fetchall()
    return float(read / filled) if filled else 0.0


def _compiled(name: str, value: dict[str, object], target: str, zone: str) -> tuple[str, Compiled]:
    """The sampled rows with the value's steps added, and the value."""
    scope: Scope = {name: Column(quote_ident(name))}
    compiled = compile_value(name, Value.model_validate(value), scope, Habits(zone), target)
    sql = add_steps(f"select {', '.join(compiled.text_columns)} from _sampled", [compiled])
    return sql, compiled

"""Dimensions and filters: by what an answer may be broken down and narrowed, checked against the contracts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from data_contracts.contract import load_contract
from data_contracts.sql_names import quote_ident
from data_contracts.texts import Language
from queries.process import unknown
from queries.snapshot import Snapshot
from queries.statement import Statement

# Each dimension and the column that names it to people. The contracts of all three marts must have both.
DIMENSIONS: Mapping[str, str] = {
    "region": "region",
    "province": "province",
    "city": "city",
    "office": "office",
    "supervisor_id": "supervisor_name",
    "owner_id": "owner_name",
    "product_line": "product_line",
    "channel": "channel",
    "lead_source": "lead_source",
}


class Strict(BaseModel):
    """A request: unknown settings are refused, and it never changes once made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _known(code: str) -> str:
    if code not in DIMENSIONS:
        raise unknown("dimension", code, list(DIMENSIONS))
    return code


Dimension = Annotated[str, AfterValidator(_known)]


class Filter(Strict):
    """Keep what has one of these values in a dimension; None is unknown. No value keeps nothing."""

    dimension: Dimension
    values: tuple[str | None, ...]


def label(dimension: str, language: Language, mart: str = "funnel_paths") -> str:
    """A dimension's name for people, as the contract has it."""
    return load_contract("marts", mart).column(_known(dimension)).label(language)


def predicates(statement: Statement, filters: Sequence[Filter], column: Callable[[str], str]) -> list[str]:
    """One SQL predicate a filter, its values bound; `column` gives a dimension's expression."""
    return [equals_any(statement, column(f.dimension), f.values) for f in filters]


def of_table(alias: str) -> Callable[[str], str]:
    """A column's expression where the table of this alias has it."""
    return lambda name: f"{alias}.{quote_ident(name)}"


def equals_any(statement: Statement, column: str, values: Sequence[str | None]) -> str:
    """`column in (…)`, where None matches null."""
    known = [statement.bind(value) for value in values if value is not None]
    parts = [f"{column} in ({', '.join(known)})"] if known else []
    if None in values:
        parts.append(f"{column} is null")
    return f"({' or '.join(parts)})" if parts else "false"


def selected(dimensions: Sequence[str], column: Callable[[str], str]) -> list[str]:
    """The dimensions as columns, and `<dimension>_label` where people know the value by another column."""
    columns = []
    for dimension in dimensions:
        columns.append(f"{column(dimension)} as {quote_ident(dimension)}")
        if DIMENSIONS[dimension] != dimension:
            columns.append(f"{column(DIMENSIONS[dimension])} as {quote_ident(dimension + '_label')}")
    return columns


def aggregated(dimensions: Sequence[str]) -> tuple[list[str], list[str]]:
    """For a `group by`: the selected columns (labels by any value of the group), and the keys."""
    columns = []
    for dimension in dimensions:
        columns.append(quote_ident(dimension))
        if DIMENSIONS[dimension] != dimension:
            name = quote_ident(f"{dimension}_label")
            columns.append(f"max({name}) as {name}")
    return columns, [quote_ident(d) for d in dimensions]


class Choice(Strict):
    """One value of a dimension to choose from: null is unknown."""

    value: str | None
    label: str | None
    units: int


def choices(snapshot: Snapshot, dimension: str, filters: Sequence[Filter] = ()) -> list[Choice]:
    """The values of a dimension, most frequent first: what a filter may offer."""
    statement = Statement()
    where = predicates(statement, filters, of_table("p"))
    statement.render(
        "choices",
        value=f"p.{quote_ident(_known(dimension))}",
        label=f"p.{quote_ident(DIMENSIONS[dimension])}",
        where=" and ".join(where) or "true",
    )
    return [Choice.model_validate(row) for row in statement.run(snapshot).to_dicts()]

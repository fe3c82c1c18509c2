"""How one value of a record is made from a row: the part of a mapping that stands under `fields` and `derive`.

    stage: {column: activity, values: {A_SUBMITTED: submitted}, otherwise: quarantine}
    occurred_at: {column: at, dates: [iso, "%d.%m.%Y %H:%M"], precision: day}
    expected_amount: {column: amount, number: {thousands: ".", decimal: ","}}

A text alone names a column. One of column, first_of, constant and expression says where the value comes from;
extract, values, then one of dates, number and split are applied in that order, `default` fills what is blank.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from data_contracts.expressions import Expression, parse_expression

Scalar = str | int | float | bool | None
Otherwise = Literal["quarantine", "null", "keep"]
DateFormat = Literal[
    "iso", "ymd", "dmy", "mdy", "chinese", "compact", "excel", "epoch_s", "epoch_ms", "epoch_us", "spoken"
]
DATE_FORMATS: tuple[str, ...] = get_args(DateFormat)
DEFAULT_DATES: tuple[str, ...] = ("iso", "ymd", "chinese")
TIME_PARTS = re.compile(r"%-?[HIMSpfgnTXc]")
OFFSET_PARTS = re.compile(r"%[zZ]")


class Strict(BaseModel):
    """Unknown keys are refused; a mapping never changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def plain_text(value: object) -> str:
    """A YAML scalar as the text a file would hold; ValueError for what has no one spelling."""
    if isinstance(value, bool):
        raise ValueError(f"put quotes around {str(value).lower()!r}: unquoted it is not text")
    if isinstance(value, str | int | Decimal):
        return str(value)
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    isoformat = getattr(value, "isoformat", None)
    if isoformat is not None:
        return str(isoformat())
    raise ValueError(f"must be a text or a number, not {value!r}")


def _texts(value: Any) -> Any:
    return [plain_text(v) for v in value] if isinstance(value, list | tuple) else (plain_text(value),)


def _pairs(value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError("must be pairs `their value: our value`")
    return {plain_text(k).strip(): None if v is None else plain_text(v) for k, v in value.items()}


def _none_is_null(value: Any) -> Any:
    return "null" if value is None else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Pairs = Annotated[dict[str, str | None], BeforeValidator(_pairs)]
Zone = Annotated[str, Field(min_length=1)]


class Constant(Strict):
    """A value that stands in the mapping itself; null is allowed."""

    constant: Scalar


class Number(Strict):
    """How numbers are written. `unit` multiplies (1000 for amounts in thousands, 0.01 for bare percents).

    Currency signs, 元, 万, 亿, k and % are understood; `suffixes` adds others with their factor. `spoken`: 三万五 and
    3w5 as well.
    """

    unit: Decimal = Decimal(1)
    thousands: Literal[",", ".", " ", "'", ""] = ","
    decimal: Literal[".", ","] = "."
    suffixes: dict[str, Decimal] = Field(default_factory=dict)
    spoken: bool = False

    @model_validator(mode="after")
    def _marks_differ(self) -> Number:
        if self.thousands == self.decimal:
            raise ValueError(f"thousands and decimal are both {self.decimal!r}; for 1.234,50 write both")
        return self


class Value(Strict):
    """Where one value comes from and how it is read. `values` is a value map, or the name of one of the mapping's.

    `said_on`: for days of form `spoken`, the columns that say on which day (or in which month) they were said, the
    first that does; `towards`: whether such a day is of a plan or of what happened.
    """

    column: str | None = None
    first_of: tuple[str, ...] | None = None
    constant: Scalar = None
    expression: str | None = None

    extract: str | None = None
    values: Pairs | str | None = None
    ignore_case: bool = False
    otherwise: Annotated[Otherwise | Constant, BeforeValidator(_none_is_null)] = "quarantine"
    default: Scalar = None

    dates: Texts | None = None
    precision: Literal["day", "instant"] | None = None
    said_on: Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)] = ()
    towards: Literal["plan", "happened"] = "happened"
    timezone: Zone | None = None
    number: Number | None = None
    split: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _column_alone(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"column": data}
        if not isinstance(data, dict):
            raise ValueError(f"must be a column's name or say column, first_of, constant or expression, not {data!r}")
        return data

    @field_validator("dates")
    @classmethod
    def _formats_exist(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if value is None else known_dates(value)

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)

    @field_validator("extract")
    @classmethod
    def _pattern_compiles(cls, value: str | None) -> str | None:
        return None if value is None else one_group(value)

    @field_validator("expression")
    @classmethod
    def _expression_reads(cls, value: str | None) -> str | None:
        if value is not None:
            parse_expression(value)
        return value

    @model_validator(mode="after")
    def _is_one_thing(self) -> Value:
        origins = [o for o in ("column", "first_of", "constant", "expression") if o in self.model_fields_set]
        if len(origins) != 1:
            raise ValueError("needs exactly one of column, first_of, constant, expression")
        kinds = [k for k in ("dates", "number", "split") if getattr(self, k) is not None]
        if len(kinds) > 1:
            raise ValueError(f"is one of dates, number and split, not {' and '.join(kinds)}")
        if self.values is None and {"otherwise", "ignore_case"} & self.model_fields_set:
            raise ValueError("otherwise and ignore_case go with values")
        return self

    @property
    def parsed(self) -> Expression | None:
        """The expression, checked; None where the value comes from elsewhere."""
        return None if self.expression is None else parse_expression(self.expression)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it reads, as named in the mapping (`name` or `join.name`)."""
        if self.column is not None:
            return (self.column, *self.said_on)
        if self.first_of is not None:
            return (*self.first_of, *self.said_on)
        return (*(self.parsed.columns if self.parsed is not None else ()), *self.said_on)


class Recorded(Value):
    """`recorded_at`: a value, or a rule; whatever fills it, the record says so (is_recorded_at_filled).

    Rules are tried in order until one gives a time: occurred_at, landed_at, always_known. With a column, `fill`
    names the rules for rows where it is blank.
    """

    rule: Annotated[tuple[RecordedRule, ...], BeforeValidator(_texts)] | None = None
    fill: Annotated[tuple[RecordedRule, ...], BeforeValidator(_texts)] | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Recorded:
        if self.rule is not None:
            others = self.model_fields_set - {"rule"}
            if others:
                raise ValueError(f"a rule stands alone, without {', '.join(sorted(others))}")
            return self
        super()._is_one_thing()  # type: ignore[operator]
        return self


RecordedRule = Literal["occurred_at", "landed_at", "always_known"]
DEFAULT_RECORDED: tuple[RecordedRule, ...] = ("occurred_at", "always_known")


def known_dates(forms: tuple[str, ...]) -> tuple[str, ...]:
    """The date forms; ValueError where one is none."""
    if not forms:
        raise ValueError("names no date form")
    for form in forms:
        if form not in DATE_FORMATS and "%" not in form:
            known = ", ".join(DATE_FORMATS)
            raise ValueError(f"{form!r} is no date form: use {known} or a pattern such as %d/%m/%Y")
        if "'" in form or "\0" in form:
            raise ValueError(f"{form!r} may not hold a quote")
    return forms


def one_group(value: str) -> str:
    """The regular expression; ValueError where it does not compile or what it finds could be either of two groups."""
    try:
        groups = re.compile(value).groups
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error
    if groups > 1:
        raise ValueError(f"{value!r} has more than one group: keep one, (?:...) for the others")
    return value


def known_zone(value: str) -> str:
    """The timezone's name; ValueError where there is none of that name."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{value!r} is not a timezone such as Asia/Shanghai") from error
    return value

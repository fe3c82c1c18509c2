"""The small expressions a mapping may hold (`where`, `expression`, `start`, `complete`): scalar, checked, rewritten.

A text is parsed as DuckDB SQL and may hold columns, literals, comparisons, arithmetic, CASE and a fixed list
of functions that only compute. Nothing of the text itself reaches a statement: what was understood is written
out again, every name quoted, every cast made a TRY_CAST, so that a bad value becomes null and never ends a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from data_contracts.headers import load_headers
from data_contracts.sql_names import quote_ident, quote_literal

MAX_LENGTH = 4000

_STRUCTURE: tuple[type[exp.Expression], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Case, exp.If,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Like, exp.ILike, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod,
    exp.Neg, exp.DPipe, exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Bracket, exp.Slice,
    exp.Interval, exp.Var,
)  # fmt: skip
_FUNCTIONS: tuple[type[exp.Expression], ...] = (
    exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Concat, exp.ConcatWs, exp.Lower, exp.Upper, exp.Trim,
    exp.Length, exp.Left, exp.Right, exp.Substring, exp.Replace, exp.Pad, exp.SplitPart, exp.Split,
    exp.StartsWith, exp.EndsWith, exp.Contains, exp.StrPosition, exp.Reverse,
    exp.RegexpLike, exp.RegexpExtract, exp.RegexpReplace, exp.RegexpFullMatch,
    exp.Abs, exp.Round, exp.Ceil, exp.Floor, exp.TimestampTrunc, exp.DateTrunc, exp.Year, exp.Quarter, exp.Month,
    exp.Day, exp.Hour, exp.ToDays, exp.ArrayContains, exp.Extract, exp.TimeToStr, exp.StrToTime, exp.DateDiff,
)  # fmt: skip
_TYPES = {
    "VARCHAR", "TEXT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPNTZ",
    "TIMESTAMPTZ", "BOOLEAN",
}  # fmt: skip
_YES = "'yes', 'y', 'true', 't', '1', 'x', '是', '有', '已', '已完成', '完成', '对', '√', '✓', '✔'"
_NO = "'no', 'n', 'false', 'f', '0', '否', '无', '未', '未完成', '没有', '×', '✗', '✘'"
# DuckDB functions that sqlglot has no class for, with one argument each.
PLAIN_FUNCTIONS = {"to_hours", "to_minutes", "to_seconds"}
OWN_FUNCTIONS: dict[str, str] = {
    "is_yes": f"(lower(trim({{0}}::varchar)) in ({_YES}))",
    "is_no": f"(lower(trim({{0}}::varchar)) in ({_NO}))",
    "is_blank": "(coalesce(trim({0}::varchar), '') = '')",
}
# field(json, 'title', ...): the first of these titles that is filled in, of a JSON object; '@name' stands for the
# headers that the header registry has for a field.
FIELD_FUNCTION = "field"


@dataclass(frozen=True)
class Expression:
    """A checked expression: its text as written, its columns (`name` or `join.name`) and its SQL."""

    text: str
    tree: exp.Expression

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Columns it reads, in order, each once."""
        return tuple(dict.fromkeys(_name(c) for c in self.tree.find_all(exp.Column)))

    def sql(self, column: Callable[[str], str] = quote_ident) -> str:
        """The expression as SQL; `column` turns a column's name into a SQL expression (quoted by default)."""
        root = exp.Paren(this=self.tree.copy())
        for node in list(root.find_all(exp.Column)):
            node.replace(sqlglot.parse_one(column(_name(node)), dialect="duckdb"))
        for node in reversed(list(root.walk())):  # type: ignore[assignment]
            replacement = _safe(node)
            if replacement is not node:
                node.replace(replacement)
        return str(root.sql(dialect="duckdb", comments=False))


@lru_cache(maxsize=4096)
def parse_expression(text: str) -> Expression:
    """Parse and check one expression; ValueError says what is not allowed."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError(f"may not hold control characters: {text!r}")
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError, ValueError) as error:
        raise ValueError(f"cannot be read as an expression: {text!r} ({str(error).splitlines()[0]})") from error
    if len(trees) != 1 or trees[0] is None:
        raise ValueError(f"must be one expression: {text!r}")
    tree = trees[0]
    if not isinstance(tree, exp.Expression):
        raise ValueError(f"must be one expression: {text!r}")
    for node in tree.walk():
        _check(node, text)
    return Expression(text, tree)


def _check(node: exp.Expr, text: str) -> None:
    if isinstance(node, exp.Anonymous) and node.name.lower() == FIELD_FUNCTION:
        _titles(node, text)
    elif isinstance(node, exp.Anonymous):
        if node.name.lower() not in {*OWN_FUNCTIONS, *PLAIN_FUNCTIONS} or len(node.expressions) != 1:
            raise ValueError(f"may not use {node.name}(): {text!r}")
    elif isinstance(node, exp.Column):
        if node.args.get("db") or node.args.get("catalog") or not node.name:
            raise ValueError(f"names a column with too many parts: {text!r}")
    elif isinstance(node, exp.Pad):
        length = node.expression
        if not (isinstance(length, exp.Literal) and not length.is_string and len(length.name) <= 3):
            raise ValueError(f"may pad to a length of at most 999, written as a number: {text!r}")
    elif isinstance(node, exp.DataType):
        if node.this.name not in _TYPES:
            raise ValueError(f"may not cast to {node.sql('duckdb')}: {text!r}")
    elif not isinstance(node, _STRUCTURE + _FUNCTIONS):
        raise ValueError(f"may not use {type(node).__name__.lower()} ({node.sql('duckdb')}): {text!r}")


def known_titles(titles: Iterable[str]) -> list[str]:
    """Titles with those that `@name` stands for written out; ValueError where the registry does not have the name."""
    written: list[str] = []
    for title in titles:
        if title.startswith("@") and title[1:] not in _registry():
            raise ValueError(f"field() names {title!r}, which headers.yaml does not have")
        written += _registry()[title[1:]] if title.startswith("@") else [title]
    return list(dict.fromkeys(written))


def field_sql(value: str, titles: Iterable[str]) -> str:
    """The first of these titles that is filled in, of the JSON object that `value` (SQL) yields; null where none is."""
    paths = [quote_literal('$."' + title.replace('"', "") + '"') for title in known_titles(titles)]
    found = ", ".join(f"nullif(trim(json_extract_string({value}, {path})), '')" for path in paths)
    return f"coalesce({found}, null)"


def _titles(node: exp.Anonymous, text: str) -> list[str]:
    """The titles that a field() looks for; ValueError where they are none."""
    literals = node.expressions[1:]
    if not literals or not all(isinstance(x, exp.Literal) and x.is_string and x.name.strip() for x in literals):
        raise ValueError(f"field() takes a column and titles as texts: {text!r}")
    known_titles(x.name for x in literals)
    return [x.name for x in literals]


@cache
def _registry() -> dict[str, tuple[str, ...]]:
    return dict(load_headers().fields)


def _name(column: exp.Column) -> str:
    return f"{column.table}.{column.name}" if column.table else str(column.name)


def _safe(node: exp.Expr) -> exp.Expr:
    """The node, or what stands for it: casts and date parsing that yield null, our own functions written out."""
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        return exp.TryCast(this=node.this.copy(), to=node.args["to"].copy())
    if isinstance(node, exp.StrToTime):
        return exp.Anonymous(this="try_strptime", expressions=[node.this.copy(), node.args["format"].copy()])
    if isinstance(node, exp.Anonymous) and node.name.lower() == FIELD_FUNCTION:
        written = field_sql(node.expressions[0].sql(dialect="duckdb"), _titles(node, ""))
        return sqlglot.parse_one(written, dialect="duckdb")
    if isinstance(node, exp.Anonymous) and node.name.lower() in OWN_FUNCTIONS:
        written = OWN_FUNCTIONS[node.name.lower()].format(node.expressions[0].sql(dialect="duckdb"))
        return sqlglot.parse_one(written, dialect="duckdb")
    return node

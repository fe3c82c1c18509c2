"""The columns and rows of Parquet and JSON files, nested ones laid flat.

A nested field's name is its path, joined by dots (`owner.email`). A list of texts is one text, joined by `;`; any
other list or map is JSON. `rows` names a list whose elements become rows, each beside what stands outside the list;
where the list is empty or absent there is one row without it, so that nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.landing.csv_records import Refused
from data_contracts.errors import StagewatchError
from data_contracts.sql_names import quote_ident, quote_literal

OBJECTS_SEARCHED = 1000
MAX_DOCUMENT_BYTES = 512 << 20
DEPTH = 8
Flat = dict[str, str | None]


def json_columns(path: Path, rows: str | None = None) -> list[str]:
    """The keys found in the first objects, in the order they are first seen."""
    found: dict[str, None] = {}
    for item in islice(json_objects(path, rows), OBJECTS_SEARCHED):
        if not isinstance(item, Refused):
            found.update(dict.fromkeys(item[1]))
    return list(found)


def json_objects(path: Path, rows: str | None = None) -> Iterator[tuple[int, Flat] | Refused]:
    """Every object as (number, flat texts): of JSON lines, of one array, or one object over many lines.

    The number is the line's (of an array, the element's); with `rows`, that of the row. What is no object is
    refused.
    """
    running = count(1)
    for item in _objects(path):
        if isinstance(item, Refused):
            yield item
        elif rows is None:
            yield item[0], flat(item[1])
        else:
            yield from ((next(running), flat(row)) for row in _unrolled(item[1], rows.split(".")))


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Refused]:
    values = _document(path)
    if values is not None:
        for number, value in enumerate(values, start=1):
            yield (number, value) if isinstance(value, dict) else Refused(number, "not_json", json.dumps(value))
        return
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                value = _parsed(line)
                yield (number, value) if isinstance(value, dict) else Refused(number, "not_json", line.rstrip("\n"))


def _document(path: Path) -> list[Any] | None:
    """The objects of a file that is one JSON document; None where it is one of lines."""
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        first = next((line for line in stream if line.strip()), "")
    is_array = first.lstrip().startswith("[")
    if not is_array and (not first.lstrip().startswith("{") or _parsed(first) is not None):
        return None
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        raise StagewatchError(
            "is one JSON document of more than 512 MB", remedy="send it as JSON lines, an object a line"
        )
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as error:
        if is_array:
            raise StagewatchError(f"is not valid JSON ({error})", remedy="export it again") from error
        return None
    return value if isinstance(value, list) else [value]


def _parsed(line: str) -> Any:
    """A line's value; None where it is no JSON."""
    try:
        return json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None


def _unrolled(value: dict[str, Any], path: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The object once for every element of the list at `path`, with the element in the list's place."""
    if not path or path[0] not in value:
        yield value
        return
    inner = value[path[0]]
    elements = inner if isinstance(inner, list) and inner else [None] if isinstance(inner, list) else [inner]
    for element in elements:
        parts = _unrolled(element, path[1:]) if isinstance(element, dict) else [element]
        yield from ({**value, path[0]: part} for part in parts)


def flat(value: dict[str, Any], prefix: str = "", depth: int = DEPTH) -> Flat:
    """An object as texts by the path of their keys."""
    texts: Flat = {}
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, dict) and depth > 1:
            texts |= flat(item, f"{name}.", depth - 1)
        elif isinstance(item, bool):
            texts[name] = "true" if item else "false"
        elif item is None or isinstance(item, str):
            texts[name] = item
        elif isinstance(item, list) and all(isinstance(x, str) for x in item):
            texts[name] = ";".join(item)
        else:
            texts[name] = json.dumps(item, ensure_ascii=False)
    return texts


def parquet_columns(path: Path, rows: str | None = None) -> dict[str, str]:
    """The names of a Parquet file's columns, each with its SQL over `parquet_rows_sql`; raises where it is damaged."""
    import pyarrow.parquet as pq

    try:
        schema = pq.ParquetFile(path).schema_arrow
    except Exception as error:  # pyarrow raises its own kinds for every kind of damage
        raise StagewatchError(f"the Parquet file is cut or damaged ({error})", remedy="export it again") from error
    columns: dict[str, str] = {}
    for field in schema:
        columns |= _leaves(field.name, quote_ident(field.name), field.type, rows)
    return columns


def parquet_rows_sql(path: Path, rows: str | None = None) -> str:
    """A query that yields the file's rows in order with their number, the lists named by `rows` unrolled."""
    sql = (
        f'select *, file_row_number + 1 as "row:" from read_parquet({quote_literal(str(path))}, file_row_number = true)'
    )
    if rows is None:
        return sql
    import pyarrow.parquet as pq

    for name, expression in _lists_on(rows, pq.ParquetFile(path).schema_arrow):
        unrolled = f"case when len({expression}) > 0 then {expression} else [null] end"
        sql = f"select *, unnest({unrolled}) as {quote_ident(f'rows:{name}')} from ({sql})"
    return f'select * replace (row_number() over () as "row:") from ({sql})'


def _lists_on(rows: str, schema: pa.Schema) -> Iterator[tuple[str, str]]:
    """The lists on the way of `rows`, from the outside in, each with its SQL."""
    parts, fields, name, expression = rows.split("."), list(schema), "", ""
    for part in parts:
        field = next((f for f in fields if f.name == part), None)
        if field is None:
            return
        expression = f"struct_extract({expression}, {quote_literal(part)})" if expression else quote_ident(part)
        name, kind = f"{name}.{part}" if name else part, field.type
        if _is_list(kind):
            yield name, expression
            expression, kind = quote_ident(f"rows:{name}"), kind.value_type
        fields = list(kind) if pa.types.is_struct(kind) else []


def _leaves(name: str, sql: str, kind: pa.DataType, rows: str | None) -> dict[str, str]:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if _is_list(kind) and rows is not None and (rows == name or rows.startswith(f"{name}.")):
        return _leaves(name, quote_ident(f"rows:{name}"), kind.value_type, rows)
    if pa.types.is_struct(kind):
        leaves: dict[str, str] = {}
        for field in kind:
            leaves |= _leaves(
                f"{name}.{field.name}", f"struct_extract({sql}, {quote_literal(field.name)})", field.type, rows
            )
        return leaves
    if _is_list(kind) and (pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)):
        return {name: f"array_to_string({sql}, ';')"}
    if pa.types.is_nested(kind):
        return {name: f"to_json({sql})::varchar"}
    if pa.types.is_floating(kind):
        # A whole number is written as one (identifiers with gaps come as doubles); not-a-number is nothing.
        return {name: f"case when isnan({sql}) then null when {sql} = floor({sql}) and abs({sql}) < 1e15"
                      f" then {sql}::bigint::varchar else {sql}::varchar end"}  # fmt: skip
    return {name: f"{sql}::varchar"}


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))

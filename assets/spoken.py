"""The functions by which SQL reads what people say: spoken_day and spoken_amount, for what no written form fits.

They are asked a vector of rows at a time and read each distinct text in it once; SQL asks them only for the rows that
the written forms leave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb.func import FunctionNullHandling, PythonUDFType

from data_contracts.spoken_bases import day_on
from data_contracts.spoken_numbers import spoken_amount

_APART = pa.scalar("\x1f")
_ARROW: Any = {"type": PythonUDFType.ARROW, "null_handling": FunctionNullHandling.SPECIAL}


def add_spoken_functions(con: duckdb.DuckDBPyConnection) -> None:
    """spoken_day(text, said on, plan | happened) -> DATE and spoken_amount(text) -> VARCHAR.

    Said on: YYYY-MM-DD, YYYY-MM or null. Both are null for what says no day or no one number. A database that has them
    already is left as it is.
    """
    known = {name for (name,) in con.execute(
        "select function_name from duckdb_functions() where function_name in ('spoken_day', 'spoken_amount')"
    ).fetchall()}  # fmt: skip
    if "spoken_day" not in known:
        con.create_function("spoken_day", _days, ["varchar", "varchar", "varchar"], "date", **_ARROW)
    if "spoken_amount" not in known:
        con.create_function("spoken_amount", _amounts, ["varchar"], "varchar", **_ARROW)


def _days(texts: Any, bases: Any, towards: Any) -> pa.Array:
    def read(key: str) -> Any:
        text, base, way = key.rsplit("\x1f", 2)
        return day_on(text, base or None, "plan" if way == "plan" else "happened")

    asked = pc.binary_join_element_wise(texts, bases, towards, _APART, null_handling="replace", null_replacement="")
    return _each_once(asked, read, pa.date32())


def _amounts(texts: Any) -> pa.Array:
    def read(text: str | None) -> str | None:
        amount = None if text is None else spoken_amount(text)
        return None if amount is None else f"{amount:f}"

    return _each_once(texts, read, pa.string())


def _each_once(texts: Any, read: Callable[[Any], Any], kind: pa.DataType) -> pa.Array:
    """What `read` makes of each text, each distinct one read once."""
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    known = whole.dictionary_encode()
    return pa.array([read(text) for text in known.dictionary.to_pylist()], kind).take(known.indices)

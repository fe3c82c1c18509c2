"""Derived sources of kind `notes`: free text becomes rows of facts, each message's read once and kept.

Messages of one conversation are read in threads: a week's, with the week before at hand, so that what corrects,
repeats or recalls an earlier message is understood. A thread is read again when any text in it, the reader or its
words change. A correction's facts overrule those it corrects from its own sending on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from assets.staging.relations import Relation
from assets.staging.values import Column, Habits, add_steps, compile_value, condition
from assets.warehouse import read_sql
from data_contracts.mapping_derived import CHANNELS, FACT_TEXTS, NOTE_COLUMNS, Notes, kept_name
from data_contracts.sql_names import quote_ident, quote_literal
from models.notes import READER_VERSION, Fact, Message, NoteReader, Reading

BACK, AHEAD = timedelta(days=7), timedelta(hours=1)
PROVENANCE_NAMES = ("source_file", "source_sheet", "source_row")
_FACTS = pa.schema(
    [("thread", pa.string()), ("id", pa.string()), ("supersedes", pa.string()), ("fact_no", pa.int32()),
     ("is_review", pa.bool_()), *((name, pa.string()) for name in FACT_TEXTS)]
)  # fmt: skip


class Library:
    """The note reader, built when the first unknown text is to be read, and what it has read before."""

    def __init__(self, build: Callable[[], NoteReader], words: str) -> None:
        """`words`: changes with the reader's words and threshold; with them everything is read again."""
        self._build, self._words = build, words
        self._reader: NoteReader | None = None

    def thread_key(self, messages: Iterable[Message], own: int) -> str:
        """Changes with whatever bears on how these messages are read; `own` of them are the thread's."""
        told = [(m.id, m.channel, m.sender, m.sent_at.isoformat(), m.text, m.corrects, m.reply_to, m.customer)
                for m in messages]  # fmt: skip
        data = json.dumps([READER_VERSION, self._words, own, told], ensure_ascii=False)
        return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def read(self, messages: Sequence[Message]) -> list[Reading]:
        """One reading for each message."""
        if self._reader is None:
            self._reader = self._build()
        return self._reader.read(messages)


def notes_relation(
    con: duckdb.DuckDBPyConnection, name: str, notes: Notes, base: Relation, habits: Habits, library: Library
) -> Relation:
    """Read the texts of `base`, and give their facts, a row a fact, as a temporary table named `name` (quoted).

    Facts below the reader's confidence, and texts without a time, go to staging.review.
    """
    _gather(con, notes, base, habits)
    _read_new(con, library, is_threaded=any((notes.conversation, notes.reply_to, notes.corrects)), zone=habits.zone)
    kept = [f"m.{quote_ident(n)} as {quote_ident(kept_name(n, NOTE_COLUMNS))}" for n in base.scope
            if n not in PROVENANCE_NAMES]  # fmt: skip
    kept += [f"m.{quote_ident(f'{flag}{n}')}" for n in base.faults for flag in ("!", "d:")]
    sql = read_sql("assets.staging", "note_rows.sql").replace("{{columns}}", ", ".join(["", *kept]))
    con.execute(f"create or replace temp table {name} as {sql}")
    con.execute(read_sql("assets.staging", "review_notes.sql"))
    scope = {kept_name(n, NOTE_COLUMNS): Column(quote_ident(kept_name(n, NOTE_COLUMNS)), c.kind)
             for n, c in base.scope.items() if n not in PROVENANCE_NAMES}  # fmt: skip
    scope |= {n: base.scope[n] for n in PROVENANCE_NAMES}
    scope |= {n: Column(quote_ident(n)) for n in NOTE_COLUMNS}
    scope |= {"fact_no": Column("fact_no", "integer"), "told_at": Column("told_at", "time")}
    scope["first_told_at"] = Column("first_told_at", "time")
    return Relation(f"select * from {name}", scope, base.faults, is_derived=True, is_told=True)


def _gather(con: duckdb.DuckDBPyConnection, notes: Notes, base: Relation, habits: Habits) -> None:
    """_messages: the rows with a text, and as `n:...` what the reader is told of each."""
    sent = compile_value("n:sent", notes.sent_at, base.scope, habits, "TIMESTAMPTZ")

    def column(name: str | None) -> str:
        return "null::varchar" if name is None else f"{base.scope[name].sql}::varchar"

    channel = quote_literal(notes.channel) if notes.channel in CHANNELS else column(notes.channel)
    place = "concat_ws('/', source_file, told_sheet, told_row)"
    other = "" if base.is_derived else (
        ", null::integer as other_file_id, null::varchar as other_sheet, null::bigint as other_row"
    )  # fmt: skip
    where = [f"{column(notes.text)} is not null"]
    if notes.where is not None:
        where.append(condition(notes.where, base.scope))
    told = ", ".join(sent.text_columns)
    sql = add_steps(f"select *{other}, {told} from ({base.sql}) where {' and '.join(where)}", [sent])
    con.execute(f"""
        create or replace temp table _messages as
        select *, {sent.value} as "n:sent_at", coalesce({column(notes.id)}, {place}) as "n:id",
               coalesce({channel}, 'excel_note') as "n:channel", {column(notes.sender)} as "n:sender",
               {column(notes.text)} as "n:text",
               coalesce({column(notes.conversation)}, source_file) as "n:conversation",
               {column(notes.reply_to)} as "n:reply_to", {column(notes.corrects)} as "n:corrects",
               {column(notes.customer)} as "n:customer"
        from ({sql})""")


def _read_new(con: duckdb.DuckDBPyConnection, library: Library, *, is_threaded: bool, zone: str) -> None:
    """_threads: which thread each message was read in; what no thread is known of is read."""
    # Where times are equal, the place in the file decides: the least of all files that hold the message, for which
    # of them is kept hangs on the order in which they came.
    rows = con.execute("""
        select m."n:id", m."n:channel", m."n:sender", m."n:sent_at", m."n:text", m."n:corrects", m."n:reply_to",
               m."n:customer", m."n:conversation"
        from _messages m
        left join (select kept_file_id, kept_sheet, kept_row, min(source_row) as row
                   from staging.duplicates group by all) d
          on d.kept_file_id = m.file_id and d.kept_row = m.source_row
         and d.kept_sheet is not distinct from m.source_sheet
        where m."n:sent_at" is not null
        order by m."n:conversation", m."n:sent_at", least(m.source_row, d.row), m."n:id" """).fetchall()
    company = ZoneInfo(zone)
    messages = [
        (Message(i, channel, sender, sent.astimezone(company), *told), room)
        for i, channel, sender, sent, *told, room in rows
    ]
    known = {thread for (thread,) in con.execute("select thread from staging.note_threads").fetchall()}
    members: list[tuple[str, str]] = []
    fresh: list[str] = []
    facts: list[tuple[Any, ...]] = []
    for own, around in _threads(messages) if is_threaded else (([m], [m]) for m, _ in messages):
        key = library.thread_key(around, len(own))
        members += [(key, message.id) for message in own]
        if key not in known:
            known.add(key)
            fresh.append(key)
            ours = {message.id for message in own}
            for reading in library.read(around):
                if reading.id in ours:
                    facts += _fact_rows(key, reading)
    _insert(con, "staging.note_threads", pa.table({"thread": pa.array(fresh, pa.string())}))
    columns = list(zip(*facts, strict=True)) or [()] * len(_FACTS)
    _insert(con, "staging.note_facts", pa.table([pa.array(c, f.type) for c, f in zip(columns, _FACTS, strict=True)],
                                                schema=_FACTS))  # fmt: skip
    con.execute("create or replace temp table _threads (thread varchar, id varchar)")
    threads, ids = zip(*members, strict=True) if members else ((), ())
    _insert(con, "_threads", pa.table({"thread": pa.array(threads, pa.string()), "id": pa.array(ids, pa.string())}))
    con.execute("insert into _threads_used select distinct thread from _threads")


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    if rows.num_rows:
        con.register("_rows", rows)
        con.execute(f"insert into {table} from _rows")
        con.unregister("_rows")


def _threads(messages: Sequence[tuple[Message, str]]) -> Iterator[tuple[list[Message], list[Message]]]:
    """Each conversation by weeks: the week's messages, and those with what stands around them."""
    for _, group in groupby(messages, key=lambda pair: pair[1]):
        conversation = [message for message, _ in group]
        for _, members in groupby(conversation, key=lambda m: _monday(m.sent_at.date())):
            own = list(members)
            first, last = own[0].sent_at - BACK, own[-1].sent_at + AHEAD
            named = {m.reply_to for m in own} | {m.corrects for m in own}
            yield own, [m for m in conversation if first <= m.sent_at <= last or m.id in named]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _fact_rows(thread: str, reading: Reading) -> Iterator[tuple[Any, ...]]:
    told = [(fact, False) for fact in reading.facts] + [(fact, True) for fact in reading.review]
    for number, (fact, is_review) in enumerate(told, start=1):
        yield (thread, reading.id, reading.supersedes, number, is_review, *_texts(fact))
    if not told and reading.supersedes is not None:  # it takes back what it names, and puts nothing in its place
        yield (thread, reading.id, reading.supersedes, None, None, *([None] * len(FACT_TEXTS)))


def _texts(fact: Fact) -> Iterator[str | None]:
    values = fact.to_json()
    for name in FACT_TEXTS:
        value = values[name]
        if name == "spans":
            yield json.dumps(value, ensure_ascii=False)
        elif isinstance(value, list):
            yield ";".join(value) or None
        else:
            yield None if value is None else str(value)


def forget_unused(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what was read of threads that are no more."""
    for table in ("note_threads", "note_facts"):
        con.execute(f"delete from staging.{table} where thread not in (select thread from _threads_used)")

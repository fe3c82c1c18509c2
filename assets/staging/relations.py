"""The tables of a mapping as SQL: its landed sources, what is derived from them, what is looked up in them.

Every relation has file_id, source_sheet, source_row and landed_at before its own columns, and where the row was first
told: source_file, told_sheet, told_row (of a mended row, the place of the one that it stands for). A derived one also
has the row that it was paired with (other_file_id, other_sheet, other_row).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import duckdb

from assets.landing.mappings import landing_table
from assets.staging.values import Column, Compiled, Habits, Scope, add_steps, compile_value, condition
from data_contracts.expressions import field_sql
from data_contracts.mapping import Join, Mapping
from data_contracts.mapping_derived import (
    ENTRY_NUMBER,
    DerivedSource,
    Fill,
    Pair,
    Pick,
    Unpivot,
    Unroll,
    kept_name,
)
from data_contracts.mapping_sources import Source
from data_contracts.mapping_values import Value
from data_contracts.sql_names import quote_ident, quote_literal

PROVENANCE = "file_id, source_sheet, source_row, landed_at, source_file, told_sheet, told_row"
OTHER = "other_file_id, other_sheet, other_row"
PROVENANCE_NAMES = ("source_file", "source_sheet", "source_row")


@dataclass(frozen=True)
class Relation:
    """A table of the mapping: SQL that yields it, its columns, and the faults of its derived columns.

    `faults` names the derived columns for which `!NAME` (it cannot be read) and `d:NAME` (what is written) are there.
    `is_told`: read from notes; `o:overruled_at` is there, from when a correction takes the row's place.
    """

    sql: str
    scope: Scope
    faults: dict[str, Compiled] = field(default_factory=dict)
    is_derived: bool = False
    is_told: bool = False

    def with_join(self, alias: str, sql: str, scope: Scope) -> Relation:
        """The relation with another's columns, named alias.column."""
        added = {f"{alias}.{name}": Column(quote_ident(f"{alias}.{name}"), c.kind) for name, c in scope.items()}
        return Relation(sql, self.scope | added, self.faults, self.is_derived, self.is_told)


def provenance_scope() -> Scope:
    """The columns that every row has besides the mapping's own."""
    return {
        "source_file": Column("source_file"),
        "source_sheet": Column("told_sheet"),
        "source_row": Column("told_row", "integer"),
    }


def told_sql(table: str, is_mended: bool) -> str:
    """The rows of a landing table with where each was first told; `is_mended`: some of them stand for others."""
    if not is_mended:
        return (
            "select l.*, f.landed_at, f.name as source_file, l.source_sheet as told_sheet, l.source_row as told_row"
            f" from {table} l join landing.files f on f.file_id = l.file_id"
        )
    return (
        "select l.*, f.landed_at, coalesce(m.root_name, f.name) as source_file,"
        " if(m.root_name is null, l.source_sheet, m.root_sheet) as told_sheet,"
        " coalesce(m.root_row, l.source_row) as told_row"
        f" from {table} l join landing.files f on f.file_id = l.file_id left join _mends m on m.file_id = l.file_id"
        " and m.source_row = l.source_row and m.source_sheet is not distinct from l.source_sheet"
    )


def landed_sql(mapping: Mapping, code: str, source: Source, is_mended: bool) -> str:
    """A source's active rows as they landed, exact duplicates left out."""
    table = f"landing.{quote_ident(landing_table(mapping.mapping, code))}"
    blank = ", ".join(quote_literal(b.strip().lower()) for b in source.blank)
    columns = "".join(
        f", case when lower(l.{c}) not in ({blank}) then l.{c} end as {c}" if blank else f", l.{c}"
        for c in map(quote_ident, source.columns)
    )
    skipped = ", ".join(map(quote_literal, source.skip))
    kept = f"(l.row_kind is null or l.row_kind not in ({skipped})) and " if skipped else ""
    if is_mended:
        kept += (
            "not exists (select 1 from _replaced r where r.file_id = l.file_id and r.source_row = l.source_row"
            " and r.source_sheet is not distinct from l.source_sheet) and "
        )
    return (
        f"select {PROVENANCE}{columns} from ({told_sql(table, is_mended)}) l"
        f" where {kept}not exists (select 1 from staging.duplicates d where d.file_id = l.file_id"
        " and d.source_row = l.source_row and d.source_sheet is not distinct from l.source_sheet)"
    )


def source_relation(mapping: Mapping, code: str, source: Source, habits: Habits, is_mended: bool) -> Relation:
    """A landed source with its derived columns, and without the rows its `where` leaves out."""
    sql = landed_sql(mapping, code, source, is_mended)
    scope = {name: Column(quote_ident(name)) for name in source.columns} | provenance_scope()
    faults: dict[str, Compiled] = {}
    for name, value in source.derive.items():
        compiled = compile_value(name, value, scope, habits)
        sql, scope = _with_value(sql, scope, compiled, faults)
    if source.where is not None:
        sql = f"select * from ({sql}) where {condition(source.where, scope)}"
    return Relation(sql, scope, faults)


def _with_value(sql: str, scope: Scope, compiled: Compiled, faults: dict[str, Compiled]) -> tuple[str, Scope]:
    """The relation with one more column; where it can fail also `!NAME` (it did) and `d:NAME` (what was written)."""
    name = compiled.name
    kept = [quote_ident(n) for n in scope if n not in PROVENANCE_NAMES]
    flags = [f"{quote_ident(f'!{n}')}, {quote_ident(f'd:{n}')}" for n in faults]
    columns = ", ".join([PROVENANCE, *kept, *flags])
    missed, written = quote_ident(f"m:{name}"), quote_ident(f"w:{name}")
    text = quote_ident(f"t:{name}")
    sql = add_steps(f"select {columns}, {', '.join(compiled.text_columns)} from ({sql})", [compiled])
    more = f", {missed}, {written}" if compiled.missed else ""
    sql = f"select {columns}, {text}{more}, {compiled.value} as {quote_ident(name)} from ({sql})"
    wrong = " or ".join(
        [*([missed] if compiled.missed else []),
         *([f"({text} is not null and {quote_ident(name)} is null)"] if compiled.reason else [])]
    )  # fmt: skip
    flag = ""
    if wrong:
        shown = f"coalesce({written}, {text})" if compiled.missed else text
        flag = f", coalesce({wrong}, false) as {quote_ident(f'!{name}')}, {shown} as {quote_ident(f'd:{name}')}"
        faults[name] = compiled
    sql = f"select {columns}, {quote_ident(name)}{flag} from ({sql})"
    return sql, {**scope, name: Column(quote_ident(name), compiled.kind)}


def derived_relation(
    con: duckdb.DuckDBPyConnection, derived: DerivedSource, base: Relation, habits: Habits, table: str
) -> Relation:
    """Make a source that needs no reading as the temporary table `table` (quoted) and give it as a relation."""
    if isinstance(derived.rule, Pair):
        sql, scope, faults = _pair_sql(derived.rule, base, habits)
    elif isinstance(derived.rule, Fill):
        sql, scope, faults = _fill_sql(derived.rule, base), base.scope, base.faults
    elif isinstance(derived.rule, Unroll):
        sql, scope = _unroll_sql(derived.rule, base)
        faults = base.faults
    elif isinstance(derived.rule, Unpivot):
        sql, scope = _unpivot_sql(derived.rule, base)
        faults = base.faults
    else:
        assert isinstance(derived.rule, Pick)
        sql, scope, faults = _pick_sql(derived.rule, base, habits), base.scope, base.faults
    con.execute(f"create or replace temp table {table} as {sql}")
    is_told = base.is_told and isinstance(derived.rule, Pick)
    return Relation(f"select * from {table}", scope, faults, is_derived=True, is_told=is_told)


def _ordered(values: tuple[Value, ...], base: Relation, habits: Habits, descending: bool) -> tuple[str, str]:
    """The relation with what it is ordered by, and the order: times as times, numbers as numbers, then place.

    A text that a mapping orders by without saying what it is, is taken for a time where it reads as one, then for
    a number, then for a text.
    """
    compiled: list[Compiled] = []
    columns: list[str] = []
    for value in values:
        name = f"o:{len(compiled)}"
        text = base.scope[value.column] if value.column is not None else Column("null")
        is_plain = value.model_fields_set <= {"column"} and text.kind == "text"
        if is_plain:
            compiled.append(compile_value(name, Value(column=value.column, dates=habits.dates), base.scope, habits))
            columns += [compiled[-1].value, f"try_cast({text.sql} as double)", text.sql]
        else:
            compiled.append(compile_value(name, value, base.scope, habits))
            columns.append(compiled[-1].value)
    texts = ", ".join(["*", *(column for c in compiled for column in c.text_columns)])
    sql = add_steps(f"select {texts} from ({base.sql})", compiled)
    keys = [f'"key:{n}"' for n in range(len(columns))]
    named = ", ".join(["*", *(f"{column} as {key}" for column, key in zip(columns, keys, strict=True))])
    way = " desc" if descending else ""
    order = ", ".join(f"{key}{way} nulls last" for key in [*keys, "file_id", "source_sheet", "source_row"])
    return f"select {named} from ({sql})", order


def _pick_sql(pick: Pick, base: Relation, habits: Habits) -> str:
    ordered, order = _ordered(pick.order, base, habits, pick.take == "last")
    by = [base.scope[column].sql for column in pick.by]
    where = [f"{column} is not null" for column in by]
    if pick.where is not None:
        where.append(condition(pick.where, base.scope))
    kept = [quote_ident(n) for n in base.scope if n not in PROVENANCE_NAMES]
    kept += [quote_ident(f"{flag}{n}") for n in base.faults for flag in ("!", "d:")]
    kept += ['"o:overruled_at"'] if base.is_told else []
    return (
        f"select {', '.join([PROVENANCE, _other(base), *kept])} from ({ordered}) where {' and '.join(where)}"
        f" qualify row_number() over (partition by {', '.join(by)} order by {order}) = 1"
    )


def _fill_sql(fill: Fill, base: Relation) -> str:
    """The relation with the blanks of some columns filled from other rows of the same key."""
    by = [base.scope[column].sql for column in fill.by]
    keyed = " and ".join(f"{key} is not null" for key in by)
    filled: dict[str, str] = {}
    joins = ""
    for n, column in enumerate(fill.blanks):
        text = base.scope[column].sql
        keys = ", ".join(f'{key} as "f{n}:{k}"' for k, key in enumerate(by))
        on = " and ".join(f'b.{key} = "f{n}:{k}"' for k, key in enumerate(by))
        joins += f"""
            left join (
                select {keys}, {text} as "f{n}" from ({base.sql}) where {text} is not null and {keyed}
                group by {", ".join([*by, text])}
                qualify row_number() over (partition by {", ".join(by)} order by count(*) desc, {text}) = 1) on {on}"""
        filled[column] = f'coalesce(b.{text}, "f{n}")'
    kept = [f"{filled.get(c, f'b.{quote_ident(c)}')} as {quote_ident(c)}"
            for c in base.scope if c not in PROVENANCE_NAMES]  # fmt: skip
    kept += [quote_ident(f"{flag}{c}") for c in base.faults for flag in ("!", "d:")]
    return f"select {', '.join([PROVENANCE, _other(base), *kept])} from ({base.sql}) b{joins}"


def _other(base: Relation) -> str:
    """The row that each was paired with; none where the relation is as it landed."""
    return OTHER if base.is_derived else (
        "null::integer as other_file_id, null::varchar as other_sheet, null::bigint as other_row"
    )  # fmt: skip


def _unroll_sql(unroll: Unroll, base: Relation) -> tuple[str, Scope]:
    """The rows of a report's tables, each with its values before the report's own; a report without any as it is."""
    fields = base.scope[unroll.fields].sql
    json = f"case when json_valid({fields}) then {fields}::json end"
    path = """'$."' || k || '"'"""
    table = (
        f"""case when not contains(k, '"') and json_type("u:fields", {path}) = 'ARRAY'"""
        f""" then json_extract("u:fields", {path})::json[] end"""
    )
    rows = (
        f"""flatten(list_filter(list_transform(json_keys("u:fields"), lambda k: {table}), lambda t: t is not null))"""
    )
    wanted = f"list_filter({rows}, lambda r: {field_sql('r', unroll.titles)} is not null)"
    columns = [n for n in base.scope if n not in PROVENANCE_NAMES]
    own = [f"{'u:merged' if n == unroll.fields else n}" for n in columns]
    kept = [f"{quote_ident(o)} as {quote_ident(kept_name(n, unroll.added))}" for o, n in zip(own, columns, strict=True)]
    kept += [quote_ident(f"{flag}{n}") for n in base.faults for flag in ("!", "d:")]
    kept += [f"{field_sql(quote_ident('u:json'), titles)} as {quote_ident(n)}" for n, titles in unroll.taken.items()]
    sql = f"""
        select {", ".join([PROVENANCE, _other(base), *kept])}, "u:no"::integer as {quote_ident(ENTRY_NUMBER)}
        from (
            select *, coalesce("u:json"::varchar, {fields}) as "u:merged"
            from (
                select *, if("u:row" is null, "u:fields", json_merge_patch("u:fields", "u:row")) as "u:json"
                from (
                    select *, unnest(if(len("u:rows") > 0, "u:rows", [null])) as "u:row",
                           unnest(if(len("u:rows") > 0, range(1, len("u:rows") + 1), [0])) as "u:no"
                    from (select *, {wanted} as "u:rows" from (select *, {json} as "u:fields" from ({base.sql}))))))"""
    kinds = {kept_name(n, unroll.added): base.scope[n].kind for n in columns}
    scope = {n: Column(quote_ident(n), kind) for n, kind in kinds.items()} | provenance_scope()
    scope |= {n: Column(quote_ident(n)) for n in unroll.taken}
    return sql, {**scope, ENTRY_NUMBER: Column(quote_ident(ENTRY_NUMBER), "integer")}


def _unpivot_sql(unpivot: Unpivot, base: Relation) -> tuple[str, Scope]:
    """The rows once for each of these columns that is filled in (each part of its cell), with its name and a key."""
    columns = [n for n in base.scope if n not in PROVENANCE_NAMES]
    kept = [f"{quote_ident(n)} as {quote_ident(kept_name(n, unpivot.added))}" for n in columns]
    kept += [quote_ident(f"{flag}{n}") for n in base.faults for flag in ("!", "d:")]
    names = ", ".join(map(quote_literal, unpivot.taken))
    cells = ", ".join(f"{base.scope[n].sql}::varchar" for n in unpivot.taken)
    marks = "" if unpivot.split is None else re.escape(unpivot.split)
    parts = f'regexp_split_to_array("u:cell", {quote_literal(f"[{marks}]")})' if marks else '["u:cell"]'
    name, value, key = map(quote_ident, unpivot.added)
    sql = f"""
        select * exclude ("u:cell", "u:parts", "u:no"),
               concat_ws('/', source_file, source_sheet, source_row, {name},
                         if(len("u:parts") > 1, "u:no", null)) as {key}
        from (
            select *, trim(unnest("u:parts")) as {value}, unnest(range(1, len("u:parts") + 1)) as "u:no"
            from (
                select *, {parts} as "u:parts"
                from (
                    select {", ".join([PROVENANCE, _other(base), *kept])},
                           unnest([{names}]) as {name}, unnest([{cells}]) as "u:cell"
                    from ({base.sql})) where "u:cell" is not null)) where {value} <> ''"""
    scope = {kept_name(n, unpivot.added): Column(quote_ident(kept_name(n, unpivot.added)), base.scope[n].kind)
             for n in columns}  # fmt: skip
    return sql, scope | provenance_scope() | {n: Column(quote_ident(n)) for n in unpivot.added}


def _pair_sql(pair: Pair, base: Relation, habits: Habits) -> tuple[str, Scope, dict[str, Compiled]]:
    """Starts and completes of a key in order, each complete numbered as the start it belongs to.

    Fifo: `balance` (starts less completes) falls to a new low exactly where a complete finds no open start; the
    others are the first, second, third to find one, and belong to the first, second, third start. Next: a complete
    belongs to the start in the row before it.
    """
    ordered, order = _ordered(pair.order, base, habits, descending=False)
    keys = [base.scope[column].sql for column in pair.by]
    keyless = " or ".join(f"{k} is null" for k in keys)
    apart = f"case when {keyless} then concat(file_id, '/', source_sheet, '/', source_row) end"
    partition = ", ".join([*keys, '"p:apart"'])
    window = f"(partition by {partition} order by {order} rows unbounded preceding)"
    before = f"(partition by {partition} order by {order} rows between unbounded preceding and 1 preceding)"
    previous = f"(partition by {partition} order by {order} rows between 1 preceding and 1 preceding)"
    columns = [name for name in base.scope if name not in PROVENANCE_NAMES]
    flagged = f"""
        select *, {apart} as "p:apart", {condition(pair.start, base.scope)} is true as "p:start",
               {condition(pair.complete, base.scope)} is true as "p:complete"
        from ({ordered})"""
    counted = f"""
        select *, sum("p:start"::integer) over {window} as "p:starts",
               sum(case when "p:start" then 1 else -1 end) over {window} as "p:balance",
               row_number() over {window} as "p:place"
        from ({flagged}) where "p:start" or "p:complete" """
    is_matched = (
        f'"p:balance" >= least(0, coalesce(min("p:balance") over {before}, 0))'
        if pair.rule == "fifo"
        else f'coalesce(bool_or("p:start") over {previous}, false)'
    )
    walked = f'select *, not "p:start" and {is_matched} as "p:matched" from ({counted})'
    start_number, complete_number = (
        ('"p:starts"', f'sum("p:matched"::integer) over {window}')
        if pair.rule == "fifo"
        else ('"p:place"', '"p:place" - 1')
    )
    numbered = f"""
        select *, case when "p:start" then {start_number} when "p:matched" then {complete_number} end as "p:number"
        from ({walked})"""
    same = " and ".join([*(f"s.{k} = c.{k}" for k in keys), 's."p:number" = c."p:number"', 's."p:apart" is null'])
    own = [f"s.{quote_ident(n)} as {quote_ident(f'start_{n}')}, c.{quote_ident(n)} as {quote_ident(f'complete_{n}')}"
           for n in columns]  # fmt: skip
    shared = [f"coalesce(c.{quote_ident(n)}, s.{quote_ident(n)}) as {quote_ident(n)}" for n in pair.by]
    sql = f"""
        with numbered as ({numbered})
        select coalesce(c.file_id, s.file_id) as file_id,
               case when c.file_id is null then s.source_sheet else c.source_sheet end as source_sheet,
               coalesce(c.source_row, s.source_row) as source_row, coalesce(c.landed_at, s.landed_at) as landed_at,
               coalesce(c.source_file, s.source_file) as source_file,
               case when c.file_id is null then s.told_sheet else c.told_sheet end as told_sheet,
               coalesce(c.told_row, s.told_row) as told_row,
               case when c.file_id is not null then s.file_id end as other_file_id,
               case when c.file_id is not null then s.source_sheet end as other_sheet,
               case when c.file_id is not null then s.source_row end as other_row,
               {", ".join([*shared, *own])},
               s.file_id is not null and c.file_id is not null as is_paired
        from (from numbered where "p:start") s full join (from numbered where not "p:start") c on {same}"""
    scope = {n: base.scope[n] for n in pair.by}
    for side in ("start", "complete"):
        scope |= {f"{side}_{n}": Column(quote_ident(f"{side}_{n}"), base.scope[n].kind) for n in columns}
    scope["is_paired"] = Column("is_paired", "boolean")
    return sql, scope | provenance_scope(), {}


def join_sql(relation: Relation, joins: dict[str, Join], relations: dict[str, Relation]) -> Relation:
    """The relation with what it looks up; of several rows with one key the last that landed is taken.

    `?ALIAS` says that nothing was found, `j:ALIAS` what was looked up.
    """
    sql, result = relation.sql, relation
    for alias, join in joins.items():
        other = relations[join.source]
        keys = {theirs: quote_ident(f"k:{i}") for i, theirs in enumerate(join.on.values())}
        wanted = [n for n in other.scope if n not in PROVENANCE_NAMES]
        columns = ", ".join(
            [*(f"{other.scope[t].sql} as {k}" for t, k in keys.items()),
             *(f"{other.scope[n].sql} as {quote_ident(f'{alias}.{n}')}" for n in wanted)]
        )  # fmt: skip
        has_key = " and ".join(f"{other.scope[t].sql} is not null" for t in keys)
        lookup = (
            f"select {columns} from ({other.sql}) where {has_key}"
            f" qualify row_number() over (partition by {', '.join(other.scope[t].sql for t in keys)}"
            " order by file_id desc, source_sheet desc nulls last, source_row desc) = 1"
        )
        on = " and ".join(
            f"b.{quote_ident(ours)}::varchar = j.{keys[theirs]}::varchar" for ours, theirs in join.on.items()
        )
        got = [f"j.{quote_ident(f'{alias}.{n}')}" for n in wanted]
        got.append(f"j.{next(iter(keys.values()))} is null as {quote_ident(f'?{alias}')}")
        got.append(f"b.{quote_ident(next(iter(join.on)))}::varchar as {quote_ident(f'j:{alias}')}")
        sql = f"select b.*, {', '.join(got)} from ({sql}) b left join ({lookup}) j on {on}"
        result = result.with_join(alias, sql, {n: other.scope[n] for n in wanted})
    return result

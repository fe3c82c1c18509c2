"""`stagewatch contracts propose FILE`: a mapping to review, from what stands in a file that no mapping reads.

The columns are told by the header registry and by their values, the kind of table by its columns; what is proposed
is read back as a mapping and tried on the file, so that its first figures are known before anybody looks.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping as Pairs
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb

from assets.landing.arrivals import printable
from assets.landing.check import FileCheck, check_file
from assets.propose.draft import draft, kind_of, stage_words
from assets.propose.profile import profile_table
from assets.propose.roles import Roles, find_roles
from assets.propose.stages import Stages, find_stages, passing_order
from assets.propose.tables import Found, Opened, open_tables
from assets.propose.write import Section, mapping_yaml, playbook_yaml
from assets.staging.values import Column, Habits, add_steps, compile_value
from assets.warehouse import connect_memory, run_script
from assets.workspace import Run, Workspace
from data_contracts.errors import StagewatchError
from data_contracts.headers import Headers, load_headers
from data_contracts.mapping import Mapping
from data_contracts.mapping_values import Value
from data_contracts.playbook import load_playbook
from data_contracts.sql_names import quote_ident, quote_literal
from data_contracts.texts import Texts
from data_contracts.yaml_io import parse_yaml, validate_model

SOURCE = "rows"
HISTORY = timedelta(days=60)
PAST_TIMES = ("created_at", "happened_at", "closed_at", "recorded_at", "modified_at", "signed_at", "visited_at")
SCRIPTS = (("assets.landing", "tables.sql"), ("assets.staging", "tables.sql"), ("assets.staging", "macros.sql"))


@dataclass(frozen=True)
class Proposal:
    """A mapping's text (and a playbook's, where the stages are the file's own), what to look at as (column, doubt in
    words), and what became of the file when the mapping was tried on it. `last_day`: the last that its times tell;
    `is_history`: that is more than two months ago."""

    code: str
    mapping: str
    playbook: str | None
    doubts: tuple[tuple[str, str], ...]
    check: FileCheck
    last_day: str | None = None
    is_history: bool = False


@dataclass(frozen=True)
class _Understood:
    """The table that the mapping is for, with its stages; what to look at; the last day of its times."""

    section: Section
    stages: Stages
    doubts: list[tuple[str, str]]
    last_day: str | None


def propose(path: Path, run: Run, code: str | None = None) -> Proposal:
    """Propose a mapping for one file. Raises StagewatchError where the file cannot be read, or nothing tells what a
    row of it is."""
    name = printable(path.name)
    if not path.is_file():
        raise StagewatchError("is no file", remedy="give the path of a file", file=path)
    code = code or code_of(name)
    say = Texts("propose", run.settings.language)
    headers = load_headers(run.workspace.root)
    con = connect_memory(run.settings, run.playbook, run.as_of)
    try:
        with tempfile.TemporaryDirectory(prefix="stagewatch-propose-") as folder:
            con.execute(f"set temp_directory = {quote_literal(folder)}")
            for package, script in SCRIPTS:
                run_script(con, package, script)
            opened = open_tables(con, path, name, Path(folder), set(headers.known))
            found = _understand(con, opened, run, headers, say, name)
    finally:
        con.close()
    text = mapping_yaml(code, name, pattern_of(name), opened, found.section, say, run.settings.timezone)
    playbook = playbook_yaml(code, name, found.stages, say) if found.stages.own else None
    is_history = found.last_day is not None and date.fromisoformat(found.last_day) < run.now.date() - HISTORY
    check = _tried(path, run, code, text, playbook)
    return Proposal(code, text, playbook, tuple(found.doubts), check, found.last_day, is_history)


def _tried(path: Path, run: Run, code: str, mapping: str, playbook: str | None) -> FileCheck:
    """What would become of the file in a workspace that had this mapping alone (and this playbook)."""
    where = f"mappings/{code}.yaml"
    validate_model(parse_yaml(mapping, where), Mapping, where)
    with tempfile.TemporaryDirectory(prefix="stagewatch-propose-") as folder:
        root = Path(folder)
        for kind, text in (("mappings", mapping), ("playbooks", playbook)):
            (root / kind).mkdir()
            if text is not None:
                (root / kind / f"{code}.yaml").write_text(text, encoding="utf-8")
        (root / "landed").mkdir()
        stages = run.playbook if playbook is None else load_playbook(code, root)
        alone = run.settings.model_copy(update={"mappings": ()})
        return check_file(path, replace(run, workspace=Workspace(root), settings=alone, playbook=stages))


def code_of(name: str) -> str:
    """A mapping's code from a file's name: Deals_2025-03.csv -> deals; 商机导出.xlsx -> shang_ji_dao_chu."""
    from pypinyin import lazy_pinyin

    stem = re.sub(r"(\.\w{2,5})+$", "", name)
    parts = re.findall(r"[a-z]+", "_".join(lazy_pinyin(stem)).lower())
    return "_".join(parts)[:50].strip("_") or "table"


def pattern_of(name: str) -> str:
    """The pattern of file names like this one: every run of digits and marks between them becomes `*`."""
    stem, _, ending = name.removesuffix(".gz").rpartition(".")
    general = re.sub(r"[\[\]?*]", "?", stem)
    general = re.sub(r"\d[\d\s_.年月日-]*", "*", general)
    return f"{general}*.{ending}".replace("**", "*") if not general.endswith("*") else f"{general}.{ending}"


def _understand(
    con: duckdb.DuckDBPyConnection, opened: Opened, run: Run, headers: Headers, say: Texts, name: str
) -> _Understood:
    """The first kind of table whose rows can be told, sheets of equal columns taken together."""
    alike: dict[tuple[str, ...], list[Found]] = {}
    for table in opened.tables:
        alike.setdefault(table.headers, []).append(table)
    misses: list[Roles] = []
    for tables in sorted(alike.values(), key=lambda group: -sum(t.rows for t in group)):
        table = _together(con, tables)
        profiles = profile_table(con, table, run.settings.timezone)
        roles = find_roles(profiles, headers)
        kind = kind_of(roles)
        if kind is None:
            misses.append(roles)
            continue
        words = stage_words(kind, roles)
        order = _order(con, table, roles, run.settings.timezone) if kind == "log" else None
        if kind == "milestones":
            order = {word: float(n) for n, word in enumerate(words)}
        stages = find_stages(words, run.playbook, headers, order)
        made = draft(kind, SOURCE, roles, stages, headers)
        used = {column.place for column in made.columns.values()}
        others = [t.sheet or "" for group in alike.values() if group is not tables for t in group]
        left_out = tuple(filter(None, [*others, *opened.left_out])) if table.sheet is not None else ()
        sheet = None if table.sheet is None or not left_out else table.sheet if len(tables) == 1 else "*"
        unused = tuple(p.header for p in profiles if p.place not in used and p.header)
        doubts = [(f.name, say(d)) for r in made.records for f in r.fields for d in f.doubts]
        doubts += [("-", say(d)) for d in made.doubts]
        if stages.own:
            doubts += [
                ("stage", say("stages_own")),
                *([] if stages.is_ordered else [("stage", say("stages_unordered"))]),
            ]
        times = [r.column.last for n, r in roles.by_field.items() if n in PAST_TIMES and r.column.last]
        section = Section(SOURCE, sheet, made, unused, left_out)
        return _Understood(section, stages, list(dict.fromkeys(doubts)), max(times, default=None))
    roles = misses[0]
    told = {field: role.column.header for field, role in roles.by_field.items() if role.how == "header"}
    known = ", ".join(f"{header} ({field})" for field, header in told.items()) or "-"
    unknown = ", ".join(h for t in opened.tables for h in t.headers if h and h not in told.values()) or "-"
    raise StagewatchError(say("no_shape", file=name, known=known, unknown=unknown), remedy=say("no_shape_remedy"))


def _together(con: duckdb.DuckDBPyConnection, tables: list[Found]) -> Found:
    """Tables of equal columns as one."""
    if len(tables) == 1:
        return tables[0]
    con.execute(f"create or replace temp view _together as {' union all '.join(f'from {t.relation}' for t in tables)}")
    return replace(tables[0], relation="_together", rows=sum(t.rows for t in tables))


def _order(con: duckdb.DuckDBPyConnection, table: Found, roles: Roles, zone: str) -> Pairs[str, float]:
    """How late in its opportunities each stage of a log is passed."""
    column = roles[roles.log_time].column
    value = Value.model_validate({"column": column.name, "dates": [column.best_form]})
    compiled = compile_value(
        "moment", value, {column.name: Column(quote_ident(column.name))}, Habits(zone), "TIMESTAMPTZ"
    )
    opportunity, stage = roles["opportunity_id"].column, roles["stage"].column
    kept = f"source_row, {quote_ident(opportunity.name)}, {quote_ident(stage.name)}"
    con.execute(
        f"create or replace temp table _timed as select {kept}, {compiled.value} as moment from ("
        + add_steps(f"select {kept}, {', '.join(compiled.text_columns)} from {table.relation}", [compiled])
        + ")"
    )
    return passing_order(con, "_timed", opportunity, stage, "moment")

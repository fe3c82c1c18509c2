"""The proposal as YAML: a mapping, and a playbook where the table has stages of its own, with what to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass

from assets.propose.draft import Draft, FieldDraft, RecordDraft, yaml_text
from assets.propose.profile import Profile
from assets.propose.stages import Stages
from assets.propose.tables import Opened
from data_contracts.texts import Texts

WINDOW_DAYS = 90


@dataclass(frozen=True)
class Section:
    """The table of the proposal: the code of its source, the sheet it stands on (None: the only one; `*`: all that
    fit), its draft, the columns that nothing uses, the sheets left out."""

    source: str
    sheet: str | None
    draft: Draft
    unused: tuple[str, ...]
    left_out: tuple[str, ...]


def mapping_yaml(
    code: str, name: str, pattern: str, opened: Opened, section: Section, say: Texts, timezone: str
) -> str:
    """The text of the mapping file."""
    lines = [say("head", file=name), say("head_next", file=name), f"mapping: {code}", "version: 1.0.0"]
    label = yaml_quoted(name)
    lines += [
        f"name: {{zh: {label}, en: {label}}}",
        _source_kind(opened, section, say),
        f"timezone: {timezone}",
        "sources:",
    ]
    lines += _source(section, pattern, opened, say)
    picks = section.draft.picks
    if picks:
        lines += ["derived_sources:", *(f"  {pick}: {text}" for pick, text in picks.items())]
    lines.append("records:")
    for record in section.draft.records:
        lines += _record(record, say)
    return "\n".join(lines) + "\n"


def _source_kind(opened: Opened, section: Section, say: Texts) -> str:
    """Visits in a workbook are somebody's report; all else is taken for a system's export."""
    kind = "excel" if opened.form == "xlsx" and section.draft.kind == "visits" else "crm"
    return f"source_kind: {kind}  # {say('source_kind')}"


def _source(section: Section, pattern: str, opened: Opened, say: Texts) -> list[str]:
    draft = section.draft
    lines = [f"  {section.source}:", "    " + say(f"kind_{draft.kind}"), f"    files: [{yaml_quoted(pattern)}]"]
    if opened.encoding not in (None, "utf-8", "utf-8-sig", "gb18030"):
        lines.append(f"    encoding: [{opened.encoding}]")
    if opened.delimiter not in (None, ",", "\t"):
        lines.append(f"    delimiter: {yaml_quoted(opened.delimiter or '')}")
    if opened.rows is not None:
        lines.append(f"    rows: {yaml_quoted(opened.rows)}")
    if section.sheet is not None:
        lines.append(f"    sheet: {yaml_quoted(section.sheet)}")
    lines += ["    columns:", *(f"      {role}: {_header(column)}" for role, column in draft.columns.items())]
    lines += [f"    # REVIEW: {say(doubt)}" for doubt in draft.doubts]
    if section.unused:
        lines.append("    # " + say("unused", names=", ".join(section.unused)))
    if section.left_out:
        lines.append("    # " + say("left_out", names=", ".join(section.left_out)))
    return lines


def _header(column: Profile) -> str:
    return yaml_text(column.header) if column.header else str(column.place)


def _record(record: RecordDraft, say: Texts) -> list[str]:
    lines = [
        f"  - record: {record.record}" + (f"  # {say(record.note)}" if record.note else ""),
        f"    from: {record.source}",
    ]
    if record.where:
        lines.append(f"    where: {yaml_quoted(record.where)}")
    lines.append("    fields:")
    lines += [_field(field, say) for field in record.fields]
    if record.recorded:
        lines.append(f"    recorded_at: {record.recorded}")
    if record.each:
        lines += ["    each:", *(f"      - {entry}" for entry in record.each)]
    return lines


def _field(field: FieldDraft, say: Texts) -> str:
    doubts = "; ".join(say(doubt) for doubt in field.doubts)
    return f"      {field.name}: {field.value}" + (f"  # REVIEW: {doubts}" if doubts else "")


def playbook_yaml(code: str, name: str, stages: Stages, say: Texts) -> str:
    """The text of a playbook with the table's own stages."""
    label = yaml_quoted(name)
    lines = [say("head", file=name), f"playbook: {code}", "version: 1.0.0", f"name: {{zh: {label}, en: {label}}}"]
    lines.append(f"lapse_days: null  # REVIEW: {say('lapse_unset')}")
    lines.append(f"default_window_days: {WINDOW_DAYS}  # REVIEW: {say('window_usual')}")
    if not stages.is_ordered:
        lines.append(f"# REVIEW: {say('stages_unordered')}")
    lines += [f"# REVIEW: {say('stages_no_sale')}", "stages:"]
    for stage, word in stages.own:
        shown = yaml_quoted(word)
        lines.append(f"  - {{stage: {stage}, name: {{zh: {shown}, en: {shown}}}}}")
    return "\n".join(lines) + "\n"


def yaml_quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar."""
    return json.dumps(text, ensure_ascii=False)

"""The records that a table's roles make: what kind of table it is, and how each kind becomes canonical records.

visits      a row per visit: who saw whom, when, how it went
log         several rows per opportunity, each with a stage and a time
milestones  a row per opportunity with a column of dates for each stage
snapshot    a row per opportunity with its stage or outcome today
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from assets.propose.profile import Profile
from assets.propose.roles import LOG_TIMES, Roles
from assets.propose.stages import Stages
from data_contracts.header_text import header_unit
from data_contracts.headers import Headers
from data_contracts.spoken_numbers import spoken_amount
from data_contracts.sql_names import quote_literal

Kind = Literal["visits", "log", "milestones", "snapshot"]
DATE_WORDS = re.compile(r"(日期|时间|日|\b(date|time|at|on|day)\b)\s*$", re.IGNORECASE)
DIMENSIONS = ("product_line", "channel", "lead_source")


@dataclass(frozen=True)
class FieldDraft:
    """One field of a record: its value as YAML, and doubts about it (codes of texts/propose.yaml)."""

    name: str
    value: str
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordDraft:
    """One record of the mapping. `each`: further entries, as YAML. `note`: a code that says why it is there."""

    record: str
    source: str
    fields: tuple[FieldDraft, ...]
    where: str | None = None
    recorded: str | None = None
    each: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Draft:
    """What one table becomes: its kind, the columns read (role -> column), picks (name -> YAML), records."""

    kind: Kind
    columns: dict[str, Profile]
    picks: dict[str, str]
    records: tuple[RecordDraft, ...]
    doubts: tuple[str, ...] = field(default=())


def kind_of(roles: Roles) -> Kind | None:
    """What kind of table it is; None where its roles make no record."""
    has_time = roles.first("happened_at", "created_at", "closed_at", "recorded_at", "modified_at", "signed_at")
    is_visit = roles.first("visit_kind", "visit_status", "visited_at") is not None
    if (
        is_visit
        and roles.first("customer_name", "customer_id", "visit_id")
        and roles.first("visited_at", "happened_at")
    ):
        return "visits"
    if roles.milestones:
        return "milestones"
    if has_time is None or roles.first("stage", "outcome", "event") is None:
        return None
    if "opportunity_id" in roles and not roles["opportunity_id"].column.is_unique and "stage" in roles:
        return "log" if roles.first(*LOG_TIMES) else None
    return "snapshot"


def stage_words(kind: Kind, roles: Roles) -> list[str]:
    """The words for stages in the table: the stage column's values, or the milestones' headers."""
    if kind == "milestones":
        return [milestone_name(p) for p in roles.milestones]
    return [value for value, _ in roles["stage"].column.values] if "stage" in roles else []


def milestone_name(column: Profile) -> str:
    """签约日期 -> 签约; Demo date -> Demo."""
    return DATE_WORDS.sub("", column.header.replace("_", " ")).strip() or column.header


def draft(kind: Kind, source: str, roles: Roles, stages: Stages, headers: Headers) -> Draft:
    """The draft of a table read as `source`."""
    maker = _Maker(source, roles, stages, headers)
    records = {"visits": maker.visits, "log": maker.log, "milestones": maker.milestones, "snapshot": maker.snapshot}[
        kind
    ]()
    records += maker.organisation()
    columns = {name: role.column for name, role in roles.by_field.items() if name in maker.used}
    columns |= {f"milestone_{n}": p for n, p in enumerate(roles.milestones, start=1)} if kind == "milestones" else {}
    return Draft(kind, columns, maker.picks, tuple(records), tuple(dict.fromkeys(maker.doubts)))


class _Maker:
    """Makes the records of one table, and keeps which roles they use."""

    def __init__(self, source: str, roles: Roles, stages: Stages, headers: Headers) -> None:
        self.source, self.roles, self.stages, self.headers = source, roles, stages, headers
        self.used: dict[str, None] = {}
        self.picks: dict[str, str] = {}
        self.doubts: list[str] = []

    def visits(self) -> list[RecordDraft]:
        at = self.roles.first("visited_at", "happened_at")
        assert at is not None
        fields = [self._id("visit_id")]
        fields += self._plain(("rep_id", "rep_id", "rep_name"), ("customer_id", "customer_id"),
                              ("customer_name", "customer_name"), ("opportunity_id", "opportunity_id"))  # fmt: skip
        fields += [self._words("kind", "visit_kind")] if "visit_kind" in self.roles else []
        fields.append(
            self._words("status", "visit_status")
            if "visit_status" in self.roles
            else FieldDraft("status", "{constant: done}", ("status_unknown",))
        )
        fields += [self._time(name, name) for name in ("planned_at", "rescheduled_to") if name in self.roles]
        fields += self._plain(("latitude", "latitude"), ("longitude", "longitude"), ("note", "note"))
        fields.append(self._time("occurred_at", at))
        records = [RecordDraft("visits", self.source, tuple(fields), recorded=self._recorded(at))]
        if "stage" in self.roles and "opportunity_id" in self.roles:
            records.append(self._entries(at, where="stage is not null"))
        elif "stage" in self.roles:
            self.doubts.append("stage_without_opportunity")
        return records

    def log(self) -> list[RecordDraft]:
        at = self.roles.log_time
        self.picks["opening"] = (
            f"{{pick: {{from: {self.source}, by: [opportunity_id], order: [{self._order(at)}], take: first}}}}"
        )
        opportunity = self._opportunity("opening", self.roles.first("created_at", at) or at)
        records = [opportunity, self._entries(at)]
        won = [w for w, e in self.stages.events.items() if e == "won"]
        if won and (amount := self.roles.first("signed_amount", "expected_amount")):
            records.append(self._signing(amount, at, f"stage in ({_texts(won)})"))
        return records

    def snapshot(self) -> list[RecordDraft]:
        created = self.roles.first("created_at", "happened_at", "recorded_at", "modified_at", "closed_at", "signed_at")
        assert created is not None
        changed = self.roles.first("happened_at", "modified_at", "recorded_at")
        closed = self.roles.first("closed_at", "signed_at", "happened_at", "modified_at", "recorded_at") or created
        records = [self._opportunity(self.source, created)]
        has_creation = "created_at" in self.roles
        if has_creation or not self.stages.by_word:
            records.append(self._first_entry(created))
        words = [w for w, code in self.stages.by_word.items() if code != self.stages.first or not has_creation]
        if words:
            doubts = (
                ("stage_time_is_change",) if changed == "modified_at" else () if changed else ("stage_time_unknown",)
            )
            where = f"stage in ({_texts(words)})"
            records.append(self._entries(changed or created, where=where, only_entries=True, doubts=doubts))
        return records + self._endings(closed)

    def milestones(self) -> list[RecordDraft]:
        created = self.roles.first("created_at", "happened_at")
        columns = self.roles.milestones
        places = ", ".join(f"milestone_{n}" for n in range(1, len(columns) + 1))
        first_time = f"{{first_of: [{places}], dates: [{columns[0].best_form}]}}"
        opportunity = self._opportunity(self.source, created, instead=first_time)
        entries = tuple(
            f"{{unless_blank: milestone_{n}, fields: {{stage: {{constant: {self.stages.by_word[milestone_name(p)]}}},"
            f" occurred_at: {{column: milestone_{n}, dates: [{p.best_form}]}}}}}}"
            for n, p in enumerate(columns, start=1)
            if milestone_name(p) in self.stages.by_word
        )
        fields = [self._id("opportunity_id"), FieldDraft("event", "{constant: enter}")]
        fields += self._plain(("actor_id", "rep_id", "rep_name"))
        records = [opportunity, RecordDraft("stage_events", self.source, tuple(fields), each=entries)]
        if "signed_at" in self.roles:
            return records + self._signed_on()
        closed = self.roles.first("closed_at", "recorded_at", "modified_at")
        return records + (self._endings(closed) if closed else [])

    def organisation(self) -> list[RecordDraft]:
        rep = self.roles.first("rep_id", "rep_name")
        has_name = {"rep_id", "rep_name"} <= self.roles.by_field.keys()
        if rep is None or not (has_name or self.roles.first("supervisor_name", "office", "region")):
            return []
        self.picks["reps"] = f'{{pick: {{from: {self.source}, by: [{rep}], take: last, where: "{rep} is not null"}}}}'
        fields = self._plain(("rep_id", "rep_id", "rep_name"), ("rep_name", "rep_name", "rep_id"),
                             ("supervisor_id", "supervisor_name"), ("supervisor_name", "supervisor_name"),
                             ("office", "office"), ("city", "office"), ("region", "region", "office"))  # fmt: skip
        return [RecordDraft("organisation", "reps", (*fields, FieldDraft("role", "{constant: rep}")),
                            recorded="{rule: always_known}", note="note_organisation")]  # fmt: skip

    def _opportunity(self, source: str, created: str | None, instead: str | None = None) -> RecordDraft:
        fields = [self._id("opportunity_id")]
        fields += self._plain(
            ("customer_id", "customer_id", "customer_name"), ("customer_name", "customer_name"), ("office", "office"),
            ("owner_id", "rep_id", "rep_name"), *((name, name) for name in DIMENSIONS),
        )  # fmt: skip
        if "expected_amount" in self.roles:  # what was signed was not known when the opportunity began
            fields.append(self._amount("expected_amount", "expected_amount"))
        for name in ("created_at", "occurred_at"):
            if created is not None:
                fields.append(self._time(name, created))
            elif instead is not None:
                fields.append(FieldDraft(name, instead))
        return RecordDraft("opportunities", source, tuple(fields), recorded=self._recorded(created))

    def _entries(
        self, at: str, where: str | None = None, only_entries: bool = False, doubts: tuple[str, ...] = ()
    ) -> RecordDraft:
        events = {w: e for w, e in self.stages.events.items() if not only_entries}
        if "event" in self.roles:
            event = self._words("event", "event")
        elif events:
            event = FieldDraft("event", f"{{column: stage, values: {_pairs(events)}, otherwise: {{constant: enter}}}}")
        else:
            event = FieldDraft("event", "{constant: enter}")
        pairs = {**self.stages.by_word, **dict.fromkeys(events)}
        fields = [self._id("opportunity_id"), event, FieldDraft("stage", f"{{column: stage, values: {_pairs(pairs)}}}")]
        self.used["stage"] = None
        fields += self._plain(("actor_id", "rep_id", "rep_name"))
        if "lost" in events.values():
            fields += self._plain(("lost_reason", "lost_reason"))
        time = self._time("occurred_at", at)
        fields.append(FieldDraft(time.name, time.value, (*time.doubts, *doubts)))
        return RecordDraft("stage_events", self.source, tuple(fields), self._timed(where, at), self._recorded(at))

    def _first_entry(self, created: str) -> RecordDraft:
        fields = [
            self._id("opportunity_id"),
            FieldDraft("event", "{constant: enter}"),
            FieldDraft("stage", f"{{constant: {self.stages.first}}}", ("creation_is_entry",)),
            *self._plain(("actor_id", "rep_id", "rep_name")),
            self._time("occurred_at", created),
        ]
        return RecordDraft("stage_events", self.source, tuple(fields), self._timed(None, created))

    def _signed_on(self) -> list[RecordDraft]:
        """A column says when it was signed: then it is won, and the signing has its amount."""
        where = "signed_at is not null"
        time = self._time("occurred_at", "signed_at")
        won = (self._id("opportunity_id"), FieldDraft("event", "{constant: won}"), time)
        records = [RecordDraft("stage_events", self.source, won, where)]
        amount = self.roles.first("signed_amount", "expected_amount")
        return records + ([self._signing(amount, "signed_at", where)] if amount else [])

    def _endings(self, closed: str) -> list[RecordDraft]:
        """Won and lost, and the signing of what was won."""
        column = "outcome" if "outcome" in self.roles else "stage"
        if column not in self.roles:
            return []
        told = [v for v, _ in self.roles[column].column.values]
        events = {w: e for w in told if (e := self.headers.value_of("event", w)) in ("won", "lost")}
        if not events:
            return []
        self.used[column] = None
        fields = [self._id("opportunity_id"), FieldDraft("event", f"{{column: {column}, values: {_pairs(events)}}}")]
        fields += self._plain(("actor_id", "rep_id", "rep_name"), ("lost_reason", "lost_reason"))
        fields.append(self._time("occurred_at", closed))
        where = self._timed(f"{column} in ({_texts(events)})", closed)
        records = [RecordDraft("stage_events", self.source, tuple(fields), where, self._recorded(closed))]
        won = [w for w, e in events.items() if e == "won"]
        if won and (amount := self.roles.first("signed_amount", "expected_amount")):
            records.append(self._signing(amount, self.roles.first("signed_at", closed) or closed,
                                         f"{column} in ({_texts(won)})"))  # fmt: skip
        return records

    def _signing(self, amount: str, at: str, where: str) -> RecordDraft:
        fields = [self._id("opportunity_id"), self._amount("amount", amount)]
        fields += self._plain(("contract_no", "contract_no"))
        fields.append(self._time("occurred_at", at))
        if self.roles[amount].column.filled < self.roles[amount].column.rows:
            where = f"{where} and {amount} is not null"
        return RecordDraft("signings", self.source, tuple(fields), self._timed(where, at), self._recorded(at))

    def _timed(self, where: str | None, at: str) -> str | None:
        """The condition, and that there is a time where some rows have none: they are no event, and no fault."""
        column, asked = self.roles[at].column, f"{at} is not null"
        if column.filled == column.rows or (where or "").startswith(asked):
            return where
        if at != "signed_at":  # not signed yet is no lack
            self.doubts.append("some_without_time")
        return f"{asked} and {where}" if where else asked

    def _id(self, name: str) -> FieldDraft:
        if name in self.roles:
            self.used[name] = None
            return FieldDraft(name, name, self.roles[name].doubts)
        return FieldDraft(name, "{expression: \"source_file || '-' || source_row::varchar\"}", ("no_identifier",))

    def _plain(self, *wanted: tuple[str, ...]) -> list[FieldDraft]:
        """Fields taken as they stand: (our field, the roles that may fill it, the better first)."""
        fields = []
        for name, *candidates in wanted:
            role = self.roles.first(*candidates)
            if role is not None:
                self.used[role] = None
                fields.append(FieldDraft(name, role, self.roles[role].doubts))
        return fields

    def _words(self, name: str, role: str) -> FieldDraft:
        """A field of few values: the words that the registry knows; the others are refused row by row."""
        self.used[role] = None
        column = self.roles[role].column
        field_name = "event" if role == "event" else role
        known = {w: v for w, _ in column.values if (v := self.headers.value_of(field_name, w)) is not None}
        strange = [w for w, _ in column.values if w not in known]
        doubts = ("words_unknown",) if strange or not column.values else ()
        return FieldDraft(name, f"{{column: {role}, values: {_pairs(known)}}}", doubts)

    def _time(self, name: str, role: str) -> FieldDraft:
        self.used[role] = None
        found = self.roles[role]
        return FieldDraft(name, f"{{column: {role}, dates: [{found.column.best_form}]}}", found.doubts)

    def _order(self, role: str) -> str:
        self.used[role] = None
        return f"{{column: {role}, dates: [{self.roles[role].column.best_form}]}}"

    def _amount(self, name: str, role: str) -> FieldDraft:
        self.used[role] = None
        found = self.roles[role]
        number = dict(found.column.number) if found.column.number["decimal"] == "," else {}
        unit = header_unit(found.column.header)
        inner = [f"{key}: '{mark}'" for key, mark in number.items()]
        inner += [f"unit: {spoken_amount('1' + unit)}"] if unit else []
        return FieldDraft(name, f"{{column: {role}, number: {{{', '.join(inner)}}}}}", found.doubts)

    def _recorded(self, at: str | None) -> str | None:
        """The recording time, where a column other than the event's own tells one."""
        if "recorded_at" not in self.roles or at == "recorded_at":
            return None
        self.used["recorded_at"] = None
        return f"{{column: recorded_at, dates: [{self.roles['recorded_at'].column.best_form}], fill: [occurred_at]}}"


def _texts(words: Iterable[str]) -> str:
    return ", ".join(quote_literal(w) for w in words)


def _pairs(pairs: dict[str, str] | dict[str, str | None]) -> str:
    return "{" + ", ".join(f"{yaml_text(k)}: {'null' if v is None else v}" for k, v in pairs.items()) + "}"


def yaml_text(text: str) -> str:
    """A text as a YAML scalar: plain where nothing of it could be read otherwise, else quoted."""
    plain = re.fullmatch(r"[A-Za-z\u3400-\u9fff][\w \u3400-\u9fff/()（）.-]*(?<! )", text)
    if plain and text.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return text
    return json.dumps(text, ensure_ascii=False)

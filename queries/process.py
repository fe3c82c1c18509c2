"""The process that a snapshot describes: its stages, window, clock and names, read from its `ref` tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from data_contracts.errors import StagewatchError
from data_contracts.texts import Language, Name
from queries.snapshot import Snapshot

_known: WeakKeyDictionary[Snapshot, Process] = WeakKeyDictionary()


@dataclass(frozen=True)
class ProcessStage:
    """One stage: its code, number (from 1), names and SLA."""

    stage: str
    stage_no: int
    name: Name
    sla_days: float | None
    sla_clock: str | None


@dataclass(frozen=True)
class Process:
    """What every request is held against. Days are 86,400 s; `as_of` is aware, in the company's zone."""

    stages: tuple[ProcessStage, ...]
    name: Name
    company: Name
    default_window_days: float | None
    lapse_days: float | None
    as_of: datetime
    zone: ZoneInfo
    currency: str
    language: Language
    horizon_days: int

    def stage(self, code: str) -> ProcessStage:
        """The stage of a code; raises StagewatchError that says which there are."""
        for stage in self.stages:
            if stage.stage == code:
                return stage
        raise unknown("stage", code, [s.stage for s in self.stages])

    def instant(self, day: date) -> datetime:
        """The instant at which a local day begins."""
        return datetime.combine(day, time(), self.zone)


def process_of(snapshot: Snapshot) -> Process:
    """The process of a snapshot, read once."""
    process = _known.get(snapshot)
    if process is None:
        process = _known[snapshot] = _read(snapshot)
    return process


def unknown(what: str, given: str, there_are: Sequence[str]) -> StagewatchError:
    """The refusal of a name that does not exist."""
    close = get_close_matches(given, there_are, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return StagewatchError(f"there is no {what} {given!r}", remedy=f"{hint}have: {', '.join(there_are)}")


def _read(snapshot: Snapshot) -> Process:
    settings = dict(snapshot.query("select key, value from ref.settings").iter_rows())
    if "as_of" not in settings:
        raise StagewatchError("the snapshot does not say its as-of time", remedy="publish anew", file=snapshot.path)
    playbook = snapshot.query("from ref.playbook").row(0, named=True)
    stages = snapshot.query(
        "select stage, stage_no, name_zh, name_en, sla_days, sla_clock from ref.stages order by stage_no"
    )
    zone = ZoneInfo(settings["timezone"])
    language: Language = "en" if settings.get("language") == "en" else "zh-CN"
    return Process(
        stages=tuple(
            ProcessStage(
                s["stage"], s["stage_no"], Name(zh=s["name_zh"], en=s["name_en"]), s["sla_days"], s["sla_clock"]
            )
            for s in stages.iter_rows(named=True)
        ),
        name=Name(zh=playbook["name_zh"], en=playbook["name_en"]),
        company=Name(zh=settings.get("company_zh", ""), en=settings.get("company_en", "")),
        default_window_days=playbook["default_window_days"],
        lapse_days=playbook["lapse_days"],
        as_of=datetime.fromisoformat(settings["as_of"]).astimezone(zone),
        zone=zone,
        currency=settings.get("currency", "CNY"),
        language=language,
        horizon_days=int(settings.get("horizon_days", "90")),
    )

"""What each column of a table is: told by its header where the registry knows it, else by what stands in it.

Every role says how it was found. What was told by values alone, or could be told otherwise, is a doubt that the
proposal carries as a comment: nothing is guessed in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from assets.propose.profile import READS, Profile
from data_contracts.headers import Headers
from data_contracts.mapping import normal_header

How = Literal["header", "values"]
TIMES = (
    "created_at", "happened_at", "closed_at", "expected_close_at", "recorded_at", "modified_at", "signed_at",
    "visited_at", "planned_at", "rescheduled_to", "next_at",
)  # fmt: skip
# Which of them can say when a row of a log happened, the surest first.
LOG_TIMES = ("happened_at", "modified_at", "recorded_at", "created_at", "closed_at")
AMOUNTS = ("expected_amount", "signed_amount")
# Headers that say what they hold only together with their values.
OPEN_HEADERS = {normal_header(h) for h in ("状态", "结果", "status", "result", "当前状态", "类型", "type")}
MOST_STAGES = 60


@dataclass(frozen=True)
class Role:
    """A column in a role. `doubts`: codes of texts/propose.yaml that a person should look at."""

    column: Profile
    how: How
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """The roles found, and the milestone columns (a date for each stage)."""

    by_field: Mapping[str, Role]
    milestones: tuple[Profile, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.by_field

    def __getitem__(self, name: str) -> Role:
        return self.by_field[name]

    @property
    def log_time(self) -> str:
        """The role that tells when a row of a log happened; ValueError where none does."""
        found = self.first(*LOG_TIMES)
        if found is None:
            raise ValueError("a log without a time")
        return found

    def first(self, *names: str) -> str | None:
        """The first of these roles that a column has."""
        return next((name for name in names if name in self.by_field), None)


def find_roles(profiles: Sequence[Profile], headers: Headers) -> Roles:
    """A role for as many columns as can be told; each role goes to one column, the fullest."""
    found: dict[str, Role] = {}
    left: list[Profile] = []
    for profile in profiles:
        name = _by_header(profile, headers)
        role = None if name is None or not profile.filled else _fitting(name, profile)
        if role is None or name is None:
            left.append(profile)
        elif name not in found or role.column.filled > found[name].column.filled:
            left += [found[name].column] if name in found else []
            found[name] = role
        else:
            left.append(profile)
    left.sort(key=lambda p: p.place)
    milestones = _milestones(left, found)
    left = [p for p in left if p not in milestones]
    for name, profile, doubts in _by_values(left, found, headers, bool(milestones)):
        found[name] = Role(profile, "values", doubts)
    return Roles(found, milestones)


def _by_header(profile: Profile, headers: Headers) -> str | None:
    if normal_header(profile.header) in OPEN_HEADERS:
        return _by_words(profile, headers)
    return headers.field_of(profile.header)


def _by_words(profile: Profile, headers: Headers) -> str | None:
    """Which of the fields with few values most cells of a column speak."""
    shares = {
        "outcome": _share_known(profile, headers, "event"),
        "visit_status": _share_known(profile, headers, "visit_status"),
        "visit_kind": _share_known(profile, headers, "visit_kind"),
        "stage": _share_known(profile, headers, "stage"),
    }
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > 0.3 else None


def _share_known(profile: Profile, headers: Headers, *fields: str) -> float:
    """The share of cells whose words are known as a value of one of the fields."""
    total = sum(n for _, n in profile.values)
    known = sum(n for value, n in profile.values if any(headers.value_of(name, value) for name in fields))
    return known / total if total else 0.0


def _fitting(name: str, profile: Profile) -> Role | None:
    """The role, where what stands in the column can be it; with doubts where most of it can."""
    if name in TIMES:
        reads = max(profile.dates.values(), default=0.0)
        if reads < 0.5:
            return None
        doubts = () if reads >= READS else ("some_no_date",)
        return Role(profile, "header", (*doubts, *_two_orders(profile)))
    if name in AMOUNTS:
        reads = max(profile.numbers, default=0.0)
        return None if reads < 0.5 else Role(profile, "header", () if reads >= READS else ("some_no_number",))
    if name == "stage" and profile.distinct > MOST_STAGES:
        return None
    return Role(profile, "header")


def _two_orders(profile: Profile) -> tuple[str, ...]:
    """05/03 is the fifth of March or the third of May: where nothing tells, a person must."""
    day_first, month_first = profile.dates.get("dmy", 0.0), profile.dates.get("mdy", 0.0)
    others = max((share for form, share in profile.dates.items() if form not in ("dmy", "mdy")), default=0.0)
    return ("day_or_month_first",) if min(day_first, month_first) >= READS > others else ()


def _milestones(left: Sequence[Profile], found: Mapping[str, Role]) -> tuple[Profile, ...]:
    """Columns of dates whose headers are no dates we know: a row per opportunity with a date for each stage."""
    if "stage" in found or "visit_kind" in found or "visited_at" in found:
        return ()
    columns = tuple(p for p in left if p.filled and p.date_form is not None and p.date_form not in ("excel", "compact"))
    return columns if len(columns) >= 2 else ()


def _by_values(
    left: Sequence[Profile], found: Mapping[str, Role], headers: Headers, has_milestones: bool
) -> list[tuple[str, Profile, tuple[str, ...]]]:
    """Roles that no header told and the table cannot do without: which opportunity, what stage, when."""
    told: list[tuple[str, Profile, tuple[str, ...]]] = []
    taken: set[int] = set()

    def give(name: str, candidates: Sequence[Profile]) -> None:
        free = [p for p in candidates if p.place not in taken]
        if name not in found and free:
            taken.add(free[0].place)
            told.append((name, free[0], ("told_by_values",)))

    worded = [p for p in left if p.distinct <= MOST_STAGES and _share_known(p, headers, "stage", "event") >= 0.5]
    if "visit_status" not in found and not has_milestones:
        give("stage", worded)
    if not any(name in found for name in TIMES) and not has_milestones:
        give("happened_at", [p for p in left if p.date_form is not None])
    if "opportunity_id" not in found and "visit_id" not in found:
        give("opportunity_id", [p for p in left if p.is_unique and p.date_form is None and not _is_prose(p)])
    return told


def _is_prose(profile: Profile) -> bool:
    return any(len(sample) > 40 for sample in profile.samples)

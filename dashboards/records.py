"""What people do in the dashboard becomes a record in the inbox, and reaches the figures with the next run.

Nothing is written anywhere else. The mapping `dashboard_records` reads the files.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from data_contracts.errors import StagewatchError
from data_contracts.safe_cells import clean_text

Action = Literal[
    "acknowledged", "snoozed", "joint_visit", "technical_support", "price_support", "coached", "reassigned", "other"
]
ACTIONS: tuple[Action, ...] = (
    "joint_visit", "technical_support", "price_support", "coached", "reassigned", "other", "acknowledged", "snoozed",
)  # fmt: skip
LONGEST_NOTE = 2_000


@dataclass(frozen=True)
class Intervention:
    """One thing a supervisor did about an alert or an opportunity; `snoozed_until` for snoozed alone."""

    action: Action
    occurred_at: datetime
    opportunity_id: str | None = None
    alert_key: str | None = None
    supervisor_id: str | None = None
    note: str = ""
    snoozed_until: datetime | None = None


def record_intervention(inbox: Path, intervention: Intervention) -> Path:
    """Drop a record into the inbox, whole or not at all; its path. Raises StagewatchError where it cannot."""
    if intervention.alert_key is None and intervention.opportunity_id is None:
        raise StagewatchError("the record concerns nothing", remedy="name an alert or an opportunity")
    if (intervention.action == "snoozed") != (intervention.snoozed_until is not None):
        raise StagewatchError("a snooze needs its end, and nothing else has one", remedy="say until when")
    identifier = f"DB-{uuid.uuid4().hex}"
    when = intervention.occurred_at.isoformat()
    line = {
        "intervention_id": identifier,
        "alert_key": intervention.alert_key,
        "opportunity_id": intervention.opportunity_id,
        "supervisor_id": intervention.supervisor_id,
        "action": intervention.action,
        "snoozed_until": intervention.snoozed_until and intervention.snoozed_until.isoformat(),
        "note": clean_text(intervention.note.strip(), may_see_phones=True)[:LONGEST_NOTE] or None,
        "occurred_at": when,
        "recorded_at": when,
    }
    target = inbox / f"dashboard_records-{intervention.occurred_at:%Y%m%dT%H%M%S}-{identifier[3:]}.jsonl"
    temporary = target.with_name(f"{target.name}.part")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise StagewatchError(
            f"the record could not be kept: {error.strerror or error}",
            remedy="the workspace's inbox must be writable for the dashboard",
            file=inbox,
        ) from error
    return target

"""Snapshots for tests of what reads them: a tiny warehouse, built and published as a run would.

tiny = with_tables(Tiny(as_of="2025-06-01 00:00"))
... tiny.events(...), tiny.build() ...
snapshot = open_snapshot(publish_tiny(tiny, tmp_path))
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

from assets import contract_checks
from assets.marts.build import build_marts
from assets.publish import publish
from assets.warehouse import run_script
from assets.workspace import Run, Workspace
from tiny import Tiny


def with_tables(tiny: Tiny) -> Tiny:
    """The tables that steps other than the marts make, empty."""
    for package in ("assets.landing", "assets.staging", "assets.alerts"):
        run_script(tiny.con, package, "tables.sql")
    tiny.con.execute(contract_checks.TABLE)
    return tiny


def publish_tiny(tiny: Tiny, root: Path, run_id: str = "tiny") -> Path:
    """Publish a built warehouse under the workspace folder `root`; the folder that holds the snapshot."""
    workspace = Workspace(root)
    workspace.make_folders()
    publish(tiny.con, Run(workspace, tiny.settings, tiny.playbook, run_id, tiny.as_of, tiny.as_of))
    return workspace.published


def add_wanderers(tiny: Tiny, count: int, seed: int = 3) -> None:
    """Opportunities that skip, go back, are lost, reopened, won twice, begin anywhere, or stand still.

    Known customers and owners on some only, several of one customer: what `unit` and unknown values need.
    """
    # keys go on from those that the company was written with
    tiny._keys.update(tiny.rows("select distinct opportunity_id, opportunity_key from staging.opportunities"))
    random = Random(seed)
    stages = [s.stage for s in tiny.playbook.stages]
    begin = tiny.as_of - timedelta(days=330)
    for number in range(count):
        name = f"W{number:04d}"
        at = begin + timedelta(days=random.randrange(320), hours=random.choice([0, 9, 10, 14]))
        if random.random() < 0.9:
            tiny.add(
                "opportunities",
                opportunity_id=name,
                occurred_at=at,
                recorded_at=at,
                created_at=at,
                customer_id=f"C{number % 40}" if random.random() < 0.8 else None,
                customer_name=f"流浪客户{number % 40}",
                owner_id=f"R{random.randrange(12):02d}" if random.random() < 0.8 else None,
                product_line=random.choice(["a", "b", None]),
                channel=random.choice(["store", "online"]),
                expected_amount=1000 * (number + 1),
            )
        place = random.choice([0, 0, 0, 1, 2])
        for _ in range(random.randrange(1, 9)):
            event = random.choices(["enter", "lost", "won", "reopened"], [10, 1.2, 0.8, 1])[0]
            values = {"opportunity_id": name, "event": event, "occurred_at": at, "recorded_at": at}
            if event == "enter":
                values["stage"] = stages[place]
            tiny.add("stage_events", **values)
            place = max(0, min(len(stages) - 1, place + random.choice([-1, 0, 1, 1, 1, 2])))
            at += timedelta(days=random.choice([0, 0, 1, 3, 8, 20]), hours=random.choice([0, 0, 5]))
            if at >= tiny.as_of:
                break


def add_outcomes(tiny: Tiny) -> None:
    """What later steps would have made of a built company: scores, alerts, a forecast, a ledger and check results."""
    tiny.con.execute(SCORES)
    build_marts(tiny.con, ["opportunity_state"])
    tiny.con.execute(OUTCOMES)


SCORES = """
    insert into ml.scores
    select opportunity_key, opportunity_id, getvariable('as_of'), 90,
      (hash(opportunity_id) % 97) / 100, 0.9 - (hash(opportunity_id) % 97) / 110,
      case when hash(opportunity_id) % 97 > 60 then 'high'
        when hash(opportunity_id) % 97 > 35 then 'medium' else 'low' end,
      '[{"feature": "reschedules", "value": "4", "effect": 0.5, "zh": "改约 4 次", "en": "rescheduled 4 times"}]',
      next_required_actions[1], 'model', 'risk-test'
    from marts.opportunity_state where status = 'open';
"""
OUTCOMES = """
    insert into ops.alerts by name
    select 'stage_overrun|' || opportunity_id || '|1' as alert_key, 'stage_overrun' as rule,
      'opportunity' as subject_type, opportunity_id as subject_id, 1 as episode, 'open' as status, 'high' as severity,
      getvariable('as_of') as pending_since, getvariable('as_of') as opened_at, getvariable('as_of') as updated_at,
      getvariable('as_of') as last_seen_at, 0 as escalation_level, opportunity_key, opportunity_id, customer_name,
      city, region, amount, '{}'::json as facts, '超期 ' || opportunity_id as title_zh,
      'Overrun ' || opportunity_id as title_en, '' as body_zh, '' as body_en, false as is_replayed,
      false as is_inhibited, 0 as answers
    from marts.opportunity_state where is_overrun;
    insert into ops.alerts by name
    select 'city_silent|hangzhou|1' as alert_key, 'city_silent' as rule, 'city' as subject_type,
      'hangzhou' as subject_id, 1 as episode, 'acknowledged' as status, 'medium' as severity,
      getvariable('as_of') as pending_since, getvariable('as_of') - interval 3 day as opened_at,
      getvariable('as_of') as updated_at, getvariable('as_of') as last_seen_at, 0 as escalation_level,
      'hangzhou' as city, 'east' as region, '{}'::json as facts, '杭州：沉默 5 周' as title_zh,
      'hangzhou: silent for 5 weeks' as title_en, '' as body_zh, '' as body_en, false as is_replayed,
      false as is_inhibited, 0 as answers;
    insert into ml.forecast by name
    select getvariable('as_of')::date + 7 * range::integer as week_start, 'company' as scope, null as scope_id,
      5 + range as signings, 2 + range as signings_low, 9 + range as signings_high,
      1e5 as amount, 5e4 as amount_low, 2e5 as amount_high
    from range(13);
    insert into landing.files by name
    select 1 as file_id, '拜访记录_2025-09.csv' as name, 'form' as source_kind, getvariable('as_of') as landed_at,
      'company_forms' as mapping,
      100 as rows_read, 0 as rows_refused, 0 as nul_bytes, 1 as deliveries, 'active' as status;
    insert into staging.ledger values (1, '拜访记录_2025-09.csv', 'company_forms', 'active', 100, 95, 3, 3, 2);
    update landing.files set content_sha256 = repeat('a1', 32);
    insert into landing.parts by name
    select 1 as file_id, 1 as part_no, 'company_forms' as mapping, 'visits' as source, 1 as header_row,
      97 as rows_landed, 3 as rows_refused, ['计划时间'] as columns_found, [] as columns_unused, '' as signature,
      map {'visit': '拜访编号', 'planned': '计划时间', 'note': '备注'} as headers;
    insert into staging.quarantine by name
    select 1 as file_id, '拜访记录_2025-09.csv' as file_name, range + 2 as source_row, 'visits' as record,
      'company_forms' as mapping, 'visits' as source, 'planned' as source_column, file_name as told_file,
      source_row as told_row, true as is_split, range < 2 as is_waiting,
      'planned_at' as column_name, if(range < 2, 'not_a_date', 'replaced_by_fix') as reason,
      '=HYPERLINK("http://x")' as "value", [] as faults,
      to_json({'visit': 'V' || range, 'planned': '=HYPERLINK("http://x")',
               'note': '<script>alert(1)</script> 13800001234'})::varchar as raw
    from range(3);
    insert into ops.check_results values
      ('marts.funnel_paths', 'key_unique', null, 'error', true, false, 0, '[]', '主键唯一', 'The key must be unique'),
      ('staging.visits', 'planned_known', 'planned_at', 'warning', false, false, 7,
       '[{"file_id": 1, "source_sheet": null, "source_row": 12}]', '计划时间应填写',
       'Planned is known');
"""

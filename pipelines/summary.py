"""What a run ends with: the figures that matter, what stands out, where everything is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from assets.workspace import Workspace
from data_contracts.settings import load_settings
from data_contracts.texts import Texts
from queries.snapshot import Snapshot, open_snapshot

FIGURES = """
    select count(*) as opportunities, count(*) filter (status = 'open') as open,
           count(*) filter (status = 'won') as won, count(*) filter (status = 'lost') as lost,
           count(*) filter (status = 'lapsed') as lapsed, coalesce(sum(signed_amount), 0)::double as signed,
           count(*) filter (risk_band = 'high') as high_risk,
           coalesce(sum(amount) filter (risk_band = 'high'), 0)::double as amount_at_risk
    from marts.opportunity_state"""
# What is mature: months whose last opportunity has had the playbook's whole window. Signed is the first win within it.
MATURE = """
    with mature as (
      select date_trunc('month', cohort_at) as month,
             epoch_us(won_at) <= epoch_us(cohort_at) + p.default_window_days * 86400e6 as is_signed
      from marts.funnel_paths cross join ref.playbook p
      where epoch_us(date_trunc('month', cohort_at) + interval 1 month) + p.default_window_days * 86400e6
        <= (select epoch_us(value::timestamptz) from ref.settings where key = 'as_of'))"""
CONVERSION = f"""{MATURE}
    select count(*) as cohort, count(*) filter (is_signed) / count(*) as rate
    from mature group by month order by month desc limit 1"""
LEAK = f"""{MATURE},
    steps as (
      select f.stage_no, s.name_zh, s.name_en, sum(f.reached_mature) as reached
      from marts.funnel f join ref.stages s using (stage_no)
      where f.period_type = 'month' and f.dimension = 'all' group by all
      union all
      select max(stage_no) + 1, null, null, (select count(*) filter (is_signed) from mature) from ref.stages)
    select name_zh, name_en, 1 - reached / nullif(lag(reached) over (order by stage_no), 0) as leak
    from steps qualify leak > 0 order by leak desc limit 1"""
OVERRUN = """
    select s.name_zh, s.name_en, d.overrun_open, d.median_days from marts.dwell d join ref.stages s using (stage_no)
    where d.dimension = 'all' and d.overrun_open > 0 order by d.overrun_open desc limit 1"""
SILENT = """
    select city, weeks_silent, p_silence from marts.city_signings where is_complete
    qualify week_start = max(week_start) over () and weeks_silent >= 2 order by p_silence, city limit 3"""
ALERTS = "select count(*) as open from ops.alerts where status in ('open', 'acknowledged', 'answered', 'snoozed')"


def print_summary(root: Path, entry: dict[str, Any], console: Console) -> None:
    """Print the summary of the run that has just published."""
    settings = load_settings(root)
    text = Texts("summary", settings.language)
    is_chinese = settings.language == "zh-CN"

    def say(key: str, **values: object) -> None:
        console.print(text(key, **values), highlight=False, markup=False, soft_wrap=True)

    workspace = Workspace(root)
    with open_snapshot(workspace.published) as snapshot:
        say("done", seconds=f"{entry['seconds']:.0f}", as_of=entry["as_of"])
        figures = _first(snapshot, FIGURES) or {}
        say("figures", **{k: f"{v:,.0f}" for k, v in figures.items()}, currency=settings.currency)
        conversion = _first(snapshot, CONVERSION)
        if conversion:
            say("conversion", rate=f"{conversion['rate']:.1%}", cohort=f"{conversion['cohort']:,}")
        leak = _first(snapshot, LEAK)
        if leak:
            stage = leak["name_zh" if is_chinese else "name_en"] or text("signing")
            say("leak", stage=stage, leak=f"{leak['leak']:.0%}")
        overrun = _first(snapshot, OVERRUN)
        if overrun:
            say("overrun", stage=overrun["name_zh" if is_chinese else "name_en"], count=f"{overrun['overrun_open']:,}")
        silent = snapshot.query(SILENT).to_dicts()
        if silent:
            say("silent", cities=", ".join(text("city", **row) for row in silent))
        say("alerts", count=f"{(_first(snapshot, ALERTS) or {}).get('open', 0):,}", folder=workspace.exports)
    reports = sorted(workspace.reports.glob(f"*.{settings.language}.html"))
    if reports:
        say("report", path=reports[-1])
    say("dashboard", workspace=root)


def _first(snapshot: Snapshot, sql: str) -> dict[str, Any] | None:
    rows = snapshot.query(sql).to_dicts()
    return rows[0] if rows else None

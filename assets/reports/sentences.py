"""What changed, in sentences: a few for each section, the most telling first; the headline takes the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assets.reports.model import Recovered, StageLeak, TargetRow
from assets.reports.words import Words

SECTIONS = (
    "performance",
    "funnel",
    "targets",
    "cities",
    "alerts",
    "risk",
    "recovered",
    "compliance",
    "health",
)
# A city is listed from its second week on.
FIRST_SILENT_WEEKS = 2
# Which of a section's sentences open the report, and what each is about (`topic_*` of the texts).
HEADLINE = {
    "performance": ("topic_signed", "topic_conversion", "topic_cycle"),
    "targets": ("topic_target", "topic_forecast"),
    "cities": ("topic_cities",),
    "alerts": ("topic_alerts",),
    "risk": ("topic_risk",),
    "recovered": ("topic_recovered", "topic_roi"),
}


def all_sentences(words: Words) -> dict[str, list[str]]:
    """Sentences by section."""
    makers: dict[str, Callable[[Words], list[str]]] = {
        "performance": performance,
        "funnel": funnel,
        "targets": targets,
        "cities": cities,
        "alerts": alerts,
        "risk": risk,
        "recovered": recovered,
        "compliance": compliance,
        "health": health,
    }
    return {section: makers[section](words) for section in SECTIONS}


def headline(said: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """The sentences that open the report, each with its topic's key."""
    return [pair for section, topics in HEADLINE.items() for pair in zip(topics, said[section], strict=False)]


def performance(words: Words) -> list[str]:
    """Signings, conversion, cycle time, what came in and what failed."""
    report, say = words.report, words.text
    amount, wins = report.figure("signed_amount"), report.figure("wins")
    rate, cycle = report.figure("conversion"), report.figure("cycle")
    entered, failed = report.figure("entered"), report.figure("failed")
    if amount.now.value is None:
        wins_text = words.show(wins.now) if wins.now.value is not None else words.why(wins.now)
        week, year = words.change(wins.now, wins.week_ago), words.change(wins.now, wins.year_ago)
        lines = [say("say_won", wins=wins_text, week=week, year=year, why=words.why(amount.now))]
    else:
        week, year = words.change(amount.now, amount.week_ago), words.change(amount.now, amount.year_ago)
        shown = {"wins": words.show(wins.now), "amount": words.show(amount.now)}
        lines = [say("say_signed", **shown, week=week, year=year)]
    if rate.now.value is None:
        lines.append(say("say_no_conversion", why=words.why(rate.now)))
    else:
        line = say(
            "say_conversion",
            rate=words.show(rate.now),
            count=words.count(rate.now.of or 0),
            interval=words.interval(rate.now),
            week=words.change(rate.now, rate.week_ago),
            year=words.change(rate.now, rate.year_ago),
        )
        is_compared = rate.week_ago.value is not None
        small = say("say_conversion_small") if is_compared and report.is_conversion_change_chance else ""
        lines.append(f"{line}{'' if words.language == 'zh-CN' or not small else ' '}{small}")
    if cycle.now.value is None:
        lines.append(say("say_no_cycle", why=words.why(cycle.now)))
    else:
        lines.append(say("say_cycle", days=words.show(cycle.now), before=words.show(cycle.week_ago)))
    lines.append(
        say(
            "say_pipeline",
            entered=words.show(entered.now),
            before=words.show(entered.week_ago),
            failed=words.show(failed.now),
            failed_before=words.show(failed.week_ago),
        )
    )
    return lines


def funnel(words: Words) -> list[str]:
    """The step that loses most, and the stage with most overruns now."""
    data, say = words.report.funnel, words.text
    lines = []
    steps = [stage for stage in data.stages if stage.step_rate.value is not None]
    if data.why is not None or not steps:
        lines.append(say("say_no_funnel", why=say(data.why or "why_no_mature_cohort")))
    else:
        worst = min(steps, key=lambda stage: float(stage.step_rate.value or 0))
        lines.append(
            say(
                "say_leak",
                stage=words.name(worst.name),
                rate=words.show(worst.step_rate),
                before=words.show(worst.step_rate_before),
            )
        )
    overrun: StageLeak | None = max(data.stages, key=lambda stage: stage.overrun_now.value or 0, default=None)
    if overrun is not None and overrun.overrun_now.value:
        count, amount = words.show(overrun.overrun_now), words.show(overrun.overrun_amount)
        key = "say_overrun" if overrun.overrun_amount.value is not None else "say_overrun_plain"
        lines.append(say(key, stage=words.name(overrun.name), count=count, amount=amount))
    elif data.stages:
        lines.append(say("say_no_overrun"))
    return lines


def targets(words: Words) -> list[str]:
    """Signed against target, the quarter's forecast, the regions least likely to meet theirs."""
    data, say = words.report.targets, words.text
    company = data.company
    if data.why is not None or company is None:
        return [say("say_no_target", why=say(data.why or "why_no_target"))]
    lines = [
        say(
            "say_target",
            period=data.period,
            target=words.money(float(company.target)),
            signed=words.money(float(company.signed)),
            share=words.share(float(company.signed / company.target)) if company.target else "—",
            week=words.show(data.signed_in_week),
            elapsed=words.share(company.elapsed_share),
        )
    ]
    if company.forecast.value is None:
        lines.append(say("say_no_forecast", why=words.why(company.forecast)))
    else:
        is_ahead = company.gap.value is not None and company.gap.value <= 0
        lines.append(
            say(
                "say_forecast_ahead" if is_ahead else "say_forecast",
                forecast=words.show(company.forecast),
                interval=words.interval(company.forecast),
                p=words.show(company.p_target_met),
                gap=words.money(abs(float(company.gap.value))) if company.gap.value is not None else "—",
            )
        )
    accuracy = words.report.accuracy
    if accuracy is not None:
        lines.append(
            say(
                "say_accuracy",
                count=accuracy.forecasts,
                error=words.show(accuracy.error),
                pipeline=words.show(accuracy.error_pipeline),
                last=words.show(accuracy.error_last_quarter),
                coverage=words.show(accuracy.coverage),
            )
        )
    short = [row for row in data.regions if row.gap.value is not None and row.gap.value > 0]
    least = sorted(short, key=lambda row: (-float(row.gap.value or 0), row.region or ""))[:3]
    if least:
        named = words.list([_gap(words, row) for row in least])
        lines.append(say("say_target_regions", regions=named))
    return lines


def _gap(words: Words, row: TargetRow) -> str:
    region, p = words.said(row.region), words.show(row.p_target_met)
    return words.text("say_target_region", region=region, gap=words.show(row.gap), p=p)


def cities(words: Words) -> list[str]:
    """How many cities are silent, the most surprising one, and those that the week added."""
    silent, say = words.report.silent_cities, words.text
    if not words.report.cities:
        return []
    count = words.count(words.report.cities)
    if not silent:
        return [say("say_no_cities", cities=count)]
    first, before = silent[0], words.report.silent_before
    new = [words.said(city.city) for city in silent if city.weeks == FIRST_SILENT_WEEKS]
    values = {"cities": count, "count": len(silent), "before": words.show(before)}
    lines = []
    if first.p_silence.value is None:
        lines.append(say("say_cities_plain", **values))
    else:
        chance = words.show(first.p_silence)
        lines.append(say("say_cities", **values, city=first.city, weeks=first.weeks, p=chance))
    if new:
        lines.append(say("say_cities_new", new=words.list(new)))
    return lines


def alerts(words: Words) -> list[str]:
    """Opened and answered, how soon, and how much sooner by form than on paper."""
    data, say = words.report.alerts, words.text
    answered = {"responded": words.count(data.responded), "responded_before": words.count(data.responded_before)}
    if not data.opened:
        lines = [say("say_no_alerts", before=data.opened_before, **answered)]
    else:
        lines = [
            say(
                "say_alerts",
                opened=words.count(data.opened),
                before=words.count(data.opened_before),
                response=words.show(data.response),
                response_before=words.show(data.response_before),
                **answered,
            )
        ]
    if data.replayed:
        lines.append(say("say_replayed", count=words.count(data.replayed)))
    if data.live:
        lines.append(say("say_live", live=words.count(data.live), unanswered=words.count(data.unanswered)))
    routes = [row for row in data.routes if row.response.value is not None and row.route is not None]
    if routes:
        parts = [say("say_route", route=words.route(r.route), response=words.show(r.response)) for r in routes]
        lines.append(say("say_routes", weeks=data.region_weeks, routes=say("separator").join(parts)))
    return lines


def risk(words: Words) -> list[str]:
    """How much of the open pipeline is at high risk."""
    data, say = words.report.risk, words.text
    if data.why is not None:
        return [say("say_no_risk", why=say(data.why))]
    amount, total = data.high_amount.value, data.open_amount.value
    share = words.share(float(amount) / float(total)) if amount is not None and total else "—"
    lines = [say("say_risk", high=words.count(data.high), amount=words.show(data.high_amount), share=share)]
    if data.method == "rules":
        lines.append(say("say_risk_rules"))
    return lines


def recovered(words: Words) -> list[str]:
    """Gross beside incremental, then cost, return and payback."""
    whole = next((r for r in words.report.recovered if r.period == "all" and r.region is None), None)
    say = words.text
    if whole is None:
        return [say("say_no_recovered")]
    if not whole.intervened:
        return [say("say_no_intervention", **{"from": words.day(whole.span_from)}), _return_on_cost(words, whole)]
    values = {
        "from": words.day(whole.span_from),
        "intervened": words.count(whole.intervened),
        "signed": words.count(whole.signed),
        "gross": words.show(whole.gross),
        "week_signed": words.count(whole.signed_in_week),
        "week_gross": words.show(whole.gross_in_week),
    }
    if whole.incremental.value is None:
        lines = [say("say_recovered_gross", **values, why=words.why(whole.incremental))]
    else:
        net = {"incremental": words.show(whole.incremental), "anyway": words.show(whole.expected_anyway)}
        lines = [say("say_recovered", **values, **net)]
    return [*lines, _return_on_cost(words, whole)]


def _return_on_cost(words: Words, whole: Recovered) -> str:
    say = words.text
    if whole.roi_gross.value is None:
        return say("say_no_roi", why=words.why(whole.roi_gross))
    values = {
        "cost": words.show(whole.cost),
        "roi_gross": words.show(whole.roi_gross),
        "roi": words.show(whole.roi_incremental),
    }
    if whole.payback.value is None:
        return say("say_roi_no_payback", **values, why=words.why(whole.payback))
    return say("say_roi", **values, payback=words.show(whole.payback))


def compliance(words: Words) -> list[str]:
    """The pass rate of the week's moves, and what was left out most."""
    data, say = words.report.compliance, words.text
    company = next((row for row in data.rows if row.is_company), None)
    if company is None or not company.required:
        return [say("say_no_compliance")]
    lines = [
        say(
            "say_compliance",
            required=words.count(company.required),
            rate=words.show(company.rate),
            before=words.show(company.rate_before),
            late=words.count(company.late),
            missing=words.count(company.missing),
        )
    ]
    left_out = next((action for action in data.missing if action.missing), None)
    if left_out is not None:
        action = words.name(left_out.action)
        lines.append(say("say_missing", action=action, missing=left_out.missing, required=left_out.required))
    return lines


def health(words: Words) -> list[str]:
    """What became of the rows read, and how late visits were recorded."""
    data, say = words.report.health, words.text
    if data.rows_read.value is None:
        lines = [say("say_no_ledger", why=words.why(data.rows_read))]
    else:
        read, aside = int(data.rows_read.value), int(data.quarantined.value or 0)
        lines = [
            say(
                "say_ledger",
                rows=words.show(data.rows_read),
                accepted=words.show(data.accepted),
                quarantined=words.show(data.quarantined),
                share=words.share(aside / read) if read else "—",
                duplicates=words.show(data.duplicates),
            )
        ]
    known = [row for row in data.latency if row.median.value is not None]
    if known:
        kinds = [
            say("say_latency_kind", kind=words.route(row.source_kind), median=words.show(row.median)) for row in known
        ]
        lines.append(say("say_latency", kinds=say("separator").join(kinds)))
    return lines

"""Messages, and the files that alerts are handed out in."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from assets.alerts.evaluate import evaluate
from assets.alerts.exports import write_alert_exports
from assets.alerts.messages import Composer
from data_contracts.settings import Settings
from data_contracts.texts import Name
from hand_marts import HandMarts

AT = datetime(2025, 4, 7, tzinfo=UTC)
NAMES = {"stage_overrun": Name(zh="阶段超期", en="Stage overrun")}


def alert(number: int, **values: Any) -> dict[str, Any]:
    return {
        "alert_key": f"stage_overrun|{number}|1", "rule": "stage_overrun", "status": "open", "recipient_id": "S1",
        "recipient_name": "沈主管", "escalated_to_id": None, "escalated_to_name": None, "cleared_since": None,
        "due_at": None, "opportunity_id": str(number),
        "title_zh": f"客户{number}：报价超期 3 天", "title_en": f"Customer {number}: overrun",
        "body_zh": "在报价\n下一步",
        "body_en": "In quotation\nNext", "amount": Decimal(10_000), "opened_at": AT - timedelta(days=7), **values,
    }  # fmt: skip


def composer(language: Any = "zh-CN") -> Composer:
    return Composer(language, "CNY", NAMES, AT, UTC)


def test_one_message_for_each_recipient_and_rule() -> None:
    messages = composer().compose(
        [alert(1), alert(2, opened_at=AT), alert(3, recipient_id="S2", recipient_name="何主管")]
    )
    assert [(m.recipient_id, m.alert_keys) for m in messages] == [
        ("S1", ("stage_overrun|1|1", "stage_overrun|2|1")),
        ("S2", ("stage_overrun|3|1",)),
    ]
    assert messages[0].heading == "沈主管 · 阶段超期：2 条未处理，新增 1 条，涉及金额 ¥2万"


def test_only_what_holds_and_nobody_answered_is_told() -> None:
    told = [alert(n, status=s) for n, s in enumerate(("acknowledged", "answered", "snoozed", "inhibited", "resolved"))]
    assert composer().compose([*told, alert(9, cleared_since=AT)]) == []
    assert "没有未处理的预警" in composer().preview([], "2025-04-07 00:00")


def test_an_escalated_alert_is_told_to_both() -> None:
    messages = composer("en").compose([alert(1, escalated_to_id="M1", escalated_to_name="Ma")])
    assert [m.recipient_id for m in messages] == ["M1", "S1"]
    assert messages[0].heading == "Ma · Stage overrun: 1 open, 1 escalated, ¥10K at stake"
    assert "(escalated from 沈主管)" in composer("en").markdown(messages[0])


def test_of_an_opportunitys_alerts_a_recipient_is_told_one_that_names_the_others() -> None:
    """The rule set's order decides, not that of the alerts; another recipient's alert is not named."""
    names = {
        rule: Name(zh=zh, en=rule)
        for rule, zh in (("silent_customer", "客户沉默"), ("stage_overrun", "阶段超期"), ("action_missing", "动作缺失"))
    }
    due = datetime(2025, 4, 8, 1, tzinfo=UTC)
    messages = Composer("zh-CN", "CNY", names, AT, UTC).compose(
        [
            alert(1),
            alert(
                1, alert_key="silent_customer|1|1", rule="silent_customer", title_zh="客户1：已沉默 16 天", due_at=due
            ),
            alert(1, alert_key="action_missing|1|1", rule="action_missing", recipient_id="R1", recipient_name="任业务"),
            alert(2),
        ]
    )
    assert [(m.recipient_id, m.rule, m.alert_keys) for m in messages] == [
        ("R1", "action_missing", ("action_missing|1|1",)),
        ("S1", "silent_customer", ("silent_customer|1|1", "stage_overrun|1|1")),
        ("S1", "stage_overrun", ("stage_overrun|2|1",)),
    ]
    text = Composer("zh-CN", "CNY", names, AT, UTC).markdown(messages[1])
    assert "同时：阶段超期" in text
    assert "期限：2025-04-08 01:00 前回应，逾期升级" in text


def test_what_has_escalated_has_no_due_time_and_says_to_whom() -> None:
    escalated = alert(1, escalated_to_id="M1", escalated_to_name="马经理", due_at=AT)
    told = {m.recipient_id: composer().markdown(m) for m in composer().compose([escalated])}
    assert "（已升级至 马经理）" in told["S1"]
    assert "（由 沈主管 升级）" in told["M1"]
    assert "期限" not in told["S1"] + told["M1"]


def test_a_long_message_names_ten_and_counts_the_rest() -> None:
    (message,) = composer().compose([alert(n) for n in range(1, 13)])
    text = composer().markdown(message)
    assert "10. **客户10" in text
    assert "11. " not in text
    assert "另有 2 条" in text
    assert text.count("下一步") == 3, "the first three are told whole"


def test_nothing_in_a_customers_name_marks_up_a_message() -> None:
    (message,) = composer().compose([alert(1, title_zh="<script>[x](http://y) @all\n# 客户 13812341234")])
    text = composer().markdown(message)
    assert "<script>" not in text
    assert "[x]" not in text
    assert "@all" not in text
    assert "\n# " not in text
    assert "138\\*\\*\\*\\*1234" in text


def company(folder: Path, language: Any = "zh-CN") -> HandMarts:
    marts = HandMarts(folder, as_of="2025-04-07 00:00", settings=Settings(language=language))
    marts.put(
        "opportunity_state", opportunity_id="=1+1", customer_name="@SUM(A1) 13812341234", reschedules=3,
        technical_meetings=0, amount=80_000, p_fail=0.5, p_sign=0.25,
    )  # fmt: skip
    evaluate(marts.con, marts.run, marts.as_of)
    return marts


def test_the_live_alerts_as_csv_xlsx_and_jsonl(tmp_path: Path) -> None:
    marts = company(tmp_path)
    files = write_alert_exports(marts.con, marts.run)
    assert [path.name for path in files] == ["alerts.csv", "alerts.xlsx", "alerts.jsonl", "alert_messages.md"]
    with files[0].open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    row = dict(zip(header, next(r for r in rows if r[1] == "多次改约未开技术会"), strict=True))
    assert row["客户"] == "'@SUM(A1) 138****1234"
    assert row["商机编号"] == "'=1+1"
    assert (row["级别"], row["状态"], row["金额"]) == ("高", "未处理", "80000.00")
    assert row["触发时间"] == "2025-04-07 00:00:00"
    sheet = load_workbook(files[1]).active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    objects = [json.loads(line) for line in files[2].read_text(encoding="utf-8").splitlines()]
    found = next(o for o in objects if o["rule"] == "rescheduled_no_technical_meeting")
    assert (found["severity"], found["status"], found["amount"], found["p_sign_at_open"]) == (
        "high",
        "open",
        80000,
        0.25,
    )
    assert found["opportunity_id"] == "=1+1"
    assert found["opened_at"] == "2025-04-07T00:00:00+08:00"


def test_in_english_headers_and_words_are(tmp_path: Path) -> None:
    marts = company(tmp_path, "en")
    text = write_alert_exports(marts.con, marts.run)[0].read_text(encoding="utf-8-sig")
    assert text.startswith("Alert key,Rule,Severity,Status,Alert,Details,Customer")
    assert "Rescheduled without technical meeting,High,Open" in text


def test_each_file_is_noted_once_an_evaluation(tmp_path: Path) -> None:
    marts = company(tmp_path)
    for _ in range(2):
        write_alert_exports(marts.con, marts.run)
    rows = marts.rows("select channel, target, alerts, status, attempts from ops.deliveries order by target")
    assert rows == [
        ("file", f"exports/{name}", 2, "delivered", 1)
        for name in ("alert_messages.md", "alerts.csv", "alerts.jsonl", "alerts.xlsx")
    ]
    marts.go_to("2025-04-08 00:00")
    evaluate(marts.con, marts.run, marts.as_of)
    write_alert_exports(marts.con, marts.run)
    assert marts.rows("select count(*) from ops.deliveries") == [(8,)]


def test_resolved_and_pending_alerts_are_not_exported(tmp_path: Path) -> None:
    marts = company(tmp_path)
    marts.clear("opportunity_state")
    marts.go_to("2025-04-20 00:00")
    evaluate(marts.con, marts.run, marts.as_of)
    marts.go_to("2025-04-30 00:00")
    evaluate(marts.con, marts.run, marts.as_of)
    files = write_alert_exports(marts.con, marts.run)
    assert files[2].read_text(encoding="utf-8") == ""
    assert "没有未处理的预警" in files[3].read_text(encoding="utf-8")

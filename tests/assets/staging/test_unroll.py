"""Reports with a table of visits: a row each, beside what the report says outside it; edited ones superseded."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

from desk import Desk

MAPPING = """
sources:
  messages:
    files: ["*.json"]
    format: messages
    same_name: append
    duplicates: [message_key, edited_at, text, fields]
derived_sources:
  latest: {pick: {from: messages, by: [message_key], order: [edited_at, fields], take: last}}
  entries:
    unroll: {from: latest, fields: fields, titles: ["@customer_name"], columns: {told: ["@note"], text: [费用]}}
records:
  - record: visits
    from: entries
    where: "kind = 'report'"
    fields:
      visit_id: {expression: "message_key || '-' || entry_no::varchar"}
      customer_name: {expression: "field(fields, '@customer_name')"}
      note: {expression: "coalesce(told, 'none') || coalesce(text, '')"}
      status: {constant: done}
      occurred_at: sent_at
"""


def report(key: str, hours: int, **contents: str | list[dict[str, str]]) -> str:
    """A DingTalk answer with one report, last edited `hours` after it was made."""
    made = 1714989600000
    listed = [
        {"sort": str(n), "key": title, "value": v if isinstance(v, str) else json.dumps(v)}
        for n, (title, v) in enumerate(contents.items())
    ]
    data: dict[str, Any] = {
        "report_id": key, "create_time": made, "modified_time": made + hours * 3_600_000, "contents": listed,
    }  # fmt: skip
    return json.dumps({"result": {"data_list": [data]}})


def test_tables_of_visits_are_laid_out_and_other_tables_are_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "w", MAPPING)
    visits = [{"拜访客户": "秣陵电子"}, {"拜访客户": "六合机电", "备注": "改约"}]
    desk.put("a.json", report("r-1", 0, 备注="下雨", 明细=visits, 费用=[{"项目": "车费"}]))
    desk.put("b.json", report("r-2", 0, 客户="江北精密", 备注="报价", 费用=[{"项目": "车费"}, {"项目": "餐费"}]))
    desk.run()
    assert desk.quarantine() == []
    assert desk.rows("select visit_id, customer_name, note from staging.visits order by visit_id") == [
        ("r-1-1", "秣陵电子", '下雨[{"项目":"车费"}]'), ("r-1-2", "六合机电", '改约[{"项目":"车费"}]'),
        ("r-2-0", "江北精密", '报价[{"项目":"车费"},{"项目":"餐费"}]'),
    ]  # fmt: skip


def test_the_last_version_of_a_report_stands_in_whatever_order_they_came(tmp_path: Path) -> None:
    versions = [report("r-1", h, 客户="江北精密", 备注=f"第{h}版") for h in (0, 1, 2)]
    for n, order in enumerate(list(permutations(versions))[1::2]):
        desk = Desk(tmp_path / f"w{n}", MAPPING)
        for k, version in enumerate([*order, order[0]]):
            desk.put(f"{k % 2}.json", version)
            if k % 2:
                desk.run()
        assert desk.rows("select visit_id, note from staging.visits") == [("r-1-0", "第2版")]
        desk.close()


def test_blank_names_are_filled_from_rows_of_the_same_account(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path / "w",
        """
sources:
  rows: {files: ["rows*"], columns: {id: id, account: account, name: name, at: at}}
derived_sources:
  named: {fill: {from: rows, by: [account], columns: [name]}}
records:
  - record: visits
    from: named
    fields: {visit_id: id, rep_id: name, status: {constant: done}, occurred_at: at}
""",
    )
    named = [("1", "a", "王敏"), ("2", "a", ""), ("3", "a", "敏敏"), ("4", "a", "敏敏"), ("5", "b", ""), ("6", "", "")]
    desk.put("rows.csv", "id,account,name,at\n" + "".join(f"{i},{a},{n},2024-05-06\n" for i, a, n in named))
    desk.run()
    assert desk.rows("select visit_id, rep_id from staging.visits order by 1") == [
        ("1", "王敏"), ("2", "敏敏"), ("3", "敏敏"), ("4", "敏敏"), ("5", None), ("6", None),
    ]  # fmt: skip

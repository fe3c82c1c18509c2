"""Facts told in words: read once, resolved to reps, customers, opportunities and visits, or listed for a person."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest
from desk import Desk
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

import assets.staging.build as staging
from assets.landing.check import check_file
from assets.staging.review import write_review
from models.notes import Fact, Message, Reading

STRUCTURED = """
version: 1.0.0
name: {zh: 表单, en: Forms}
source_kind: form
sources:
  people:
    files: ["people*"]
    columns: {rep: rep, name: name, phone: phone, office: office, city: city}
    optional: true
  deals:
    files: ["deals*"]
    columns: {id: id, customer: customer, name: name, owner: owner, at: at}
    optional: true
  ends:
    files: ["ends*"]
    columns: {id: id, event: event, at: at}
    optional: true
  visits:
    files: ["visits*"]
    columns: {id: id, rep: rep, customer: customer, name: name, status: status, planned: planned, at: at}
    optional: true
records:
  - {record: organisation, from: people, recorded_at: {rule: always_known},
     fields: {rep_id: rep, rep_name: name, phone: phone, office: office, city: city}}
  - {record: opportunities, from: deals, fields: {opportunity_id: id, customer_id: customer, customer_name: name,
     owner_id: owner, created_at: at, occurred_at: at}}
  - {record: stage_events, from: ends, fields: {opportunity_id: id, event: event, occurred_at: at}}
  - {record: visits, from: visits, fields: {visit_id: id, rep_id: rep, customer_id: customer, customer_name: name,
     status: status, kind: {constant: visit}, planned_at: planned, occurred_at: at}}
"""
TOLD = """
version: 1.0.0
name: {zh: 群聊, en: Chats}
source_kind: wechat
sources:
  chats:
    files: ["chat*"]
    columns: {key: key, room: room, sender_id: sender_id, sender: sender, at: at, text: text, reply_to: reply_to}
    duplicates: [key]
derived_sources:
  facts:
    notes: {from: chats, id: key, text: text, sent_at: at, sender: sender, channel: wechat, conversation: room,
            reply_to: reply_to}
  told:
    resolve: {from: facts, rep: [sender_id, sender], customer: customer, place: room,
              at: {expression: "coalesce(date, first_told_at::varchar)"}, needs_opportunity: "stage is not null"}
records:
  - record: visits
    from: told
    where: "status is not null and rep_id is not null"
    fields:
      visit_id: {first_of: [visit_id, told_id]}
      rep_id: rep_id
      customer_id: customer_id
      customer_name: customer_name
      opportunity_id: opportunity_id
      kind: kind
      status: status
      rescheduled_to: rescheduled_to
      occurred_at: {expression: "if(status = 'done', date, first_told_at::varchar)"}
    recorded_at: told_at
  - record: stage_events
    from: told
    where: "stage is not null and opportunity_id is not null"
    fields: {opportunity_id: opportunity_id, event: {constant: enter}, stage: stage, occurred_at: told_at}
    recorded_at: told_at
"""
PEOPLE = """rep,name,phone,office,city
E1,王敏,13800001111,杭州办,杭州
E2,王强,,杭州办,杭州
E3,王敏,,南京办,南京
"""
DEALS = """id,customer,name,owner,at
A,K1,杭州联华超市有限公司,E1,2025-03-01
B,K2,杭州鑫源商贸有限公司,E1,2025-03-01
B2,K2,杭州鑫源商贸有限公司,E1,2025-03-10
C,K3,杭州天天超市有限公司,E2,2025-03-01
D,K4,杭州天天超市有限公司,E3,2025-03-01
"""
HEAD = "key,room,sender_id,sender,at,text,reply_to\n"


class ScriptedReader:
    """Reads `{json of a fact}` in the text; `?` before it makes it uncertain, `!ID ` corrects the message ID."""

    read_texts: ClassVar[list[str]] = []

    def __init__(self, lexicon: object) -> None:
        pass

    def read(self, messages: Sequence[Message]) -> list[Reading]:
        return [self._read(message) for message in messages]

    def _read(self, message: Message) -> Reading:
        self.read_texts.append(message.text)
        text, supersedes, is_sure = message.text, None, not message.text.startswith("?")
        text = text.lstrip("?")
        if text.startswith("!"):
            supersedes, _, text = text[1:].partition(" ")
        facts = tuple(Fact(**{k: date.fromisoformat(v) if k in ("date", "rescheduled_to") else v
                              for k, v in json.loads(part).items()})
                      for part in text.split("&") if "{" in part)  # fmt: skip
        if not is_sure:
            return Reading(message.id, (), facts, supersedes)
        return Reading(message.id, facts, (), supersedes)


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setattr(staging, "NoteReader", ScriptedReader)
    monkeypatch.setattr(ScriptedReader, "read_texts", [])
    yield ScriptedReader.read_texts


def fact(**fields: Any) -> str:
    return json.dumps({"kind": "visit", "status": "done", "date": "2025-03-05"} | fields, ensure_ascii=False)


def chat(*lines: tuple[str, ...]) -> str:
    """A chat export: (key, sender_id, sender, at, text), all of one room."""
    cells = [(key, "杭州日报群", who, name, at, text, "") for key, who, name, at, text in lines]
    return HEAD + "".join(",".join('"' + c.replace('"', '""') + '"' for c in row) + "\n" for row in cells)


def desk(path: Path, **files: str) -> Desk:
    made = Desk(path / "w", None, forms=STRUCTURED, told=TOLD)
    for name, content in ({"people.csv": PEOPLE, "deals.csv": DEALS} | files).items():
        made.put(name.replace("_csv", ".csv"), content)
    return made.run()


VISITS = (
    "select rep_id, customer_id, opportunity_id, status, strftime(occurred_at, '%m-%d') from staging.visits"
    " where is_primary order by all"
)
REVIEW = "select what, scope, alias, reason, facts, source_row from staging.review order by all"


def test_names_lead_to_reps_customers_and_the_one_open_opportunity(tmp_path: Path) -> None:
    made = desk(
        tmp_path,
        chat_csv=chat(
            ("m1", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="联华超市(杭州)")),
            ("m2", "w1", "王敏-杭州", "2025-03-05 18:01", fact(customer="鑫源")),
            ("m3", "w2", "13800001111", "2025-03-12 18:00", fact(customer="杭州鑫源", date="2025-03-12")),
            ("m4", "E2", "阿强", "2025-03-05 18:03", fact(customer="天天超市")),
            ("m5", "w1", "王敏-杭州", "2025-03-05 18:04", "收到"),
        ),
    )
    assert made.rows(VISITS) == [
        ("E1", "K1", "A", "done", "03-05"),
        ("E1", "K2", "B", "done", "03-05"),
        ("E1", "K2", None, "done", "03-12"),  # two open: nobody guesses
        ("E2", "K3", "C", "done", "03-05"),
    ]
    assert made.rows(REVIEW) == [("opportunity", "E1", "K2", "several_open", 1, 4)]
    assert [c["id"] for c in json.loads(made.column("select candidates from staging.review")[0])] == ["B", "B2"]
    assert made.rows("select how, n from (select rep_how || '/' || customer_how as how, count(*) as n"
                     " from _derived_told__told group by all) order by all") == [
        ("exact/fuzzy", 2), ("key/fuzzy", 2)]  # fmt: skip
    assert ("chat.csv", "active", 5, 5, 1, 0, 0) in made.ledger()  # what tells nothing is accepted, and unmapped


def test_who_cannot_be_told_is_listed_and_taken_when_settled_for_ever(tmp_path: Path) -> None:
    lines = chat(
        ("m1", "w9", "晴天", "2025-03-05 18:00", fact(customer="联华")),
        ("m2", "w1", "王敏-杭州", "2025-03-05 18:01", fact(customer="老张家")),
        ("m3", "w1", "王敏-杭州", "2025-03-06 18:01", fact(customer="老张家", date="2025-03-06")),
    )
    made = desk(tmp_path, chat_csv=lines)
    assert made.rows(REVIEW) == [
        ("customer", "E1", "老张家", "unknown", 2, 3),
        ("rep", "杭州", "w9", "unknown", 1, 2),
    ]
    assert made.rows(VISITS) == [("E1", None, None, "done", "03-05"), ("E1", None, None, "done", "03-06")]
    head = "对象,范围,写法,判定,判定人,判定时间\n"
    made.put("review_1.csv", head + "业务员,杭州,w9,E2,分析员,2025-05-02\n客户,E1,老张家,K2,分析员,2025-05-02\n")
    made.run()
    assert made.rows(REVIEW) == []
    assert made.rows("select rep_id, customer_name from staging.visits order by all") == [
        ("E1", "杭州鑫源商贸有限公司"),
        ("E1", "杭州鑫源商贸有限公司"),
        ("E2", "杭州联华超市有限公司"),  # another rep's, but the only one in the city
    ]
    # An older word that comes later changes nothing; a newer one does; a name of nobody known is asked again.
    made.put("review_2.csv", head + "客户,E1,老张家,忽略,分析员,2025-05-01\n")
    made.run()
    assert {row[1] for row in made.rows(VISITS) if row[0] == "E1"} == {"K2"}
    made.put("review_1.csv", head + "客户,E1,老张家,K9,分析员,2025-05-03\n")  # the same name: both are kept
    made.run()
    assert ("customer", "E1", "老张家", "unknown", 2, 3) in made.rows(REVIEW)
    made.put("review_1.csv", head + "客户,E1,老张家,新客户,分析员,2025-05-04\n")
    made.run()
    assert "customer" not in {row[0] for row in made.rows(REVIEW) if row[2] == "老张家"}
    assert {row[1] for row in made.rows(VISITS) if row[0] == "E1"} == {None}


def test_an_account_is_one_rep_under_every_name_it_shows(tmp_path: Path) -> None:
    made = desk(
        tmp_path,
        chat_csv=chat(
            ("m1", "w1", "晴天", "2025-03-05 18:00", fact(customer="联华")),
            ("m2", "w1", "王敏-杭州", "2025-03-05 18:01", fact(customer="鑫源")),
            ("m3", "w2", "晴天", "2025-03-05 18:02", fact(customer="联华")),
        ),
    )
    assert [row[:2] for row in made.rows(VISITS)] == [("E1", "K1"), ("E1", "K2")]
    assert [row[:3] for row in made.rows(REVIEW)] == [("rep", "杭州", "w2")]


def test_a_correction_overrules_from_its_own_sending_on(tmp_path: Path) -> None:
    moved = fact(customer="联华", status="rescheduled", rescheduled_to="2025-03-07")
    made = desk(
        tmp_path,
        chat_csv=chat(
            ("m1", "w1", "王敏-杭州", "2025-03-05 18:00", moved),
            ("m2", "w1", "王敏-杭州", "2025-03-06 09:00", "!m1 " + moved.replace("03-07", "03-08")),
            ("m3", "w1", "王敏-杭州", "2025-03-20 09:00", "!m2 " + moved.replace("03-07", "03-10")),
        ),
    )
    told = "select visit_id, strftime(rescheduled_to, '%m-%d') from staging.visits where {} order by all"
    in_force = "recorded_at <= '{0}' and coalesce(overruled_at > '{0}', true)"
    for as_of, day in (("2025-03-05 20:00", "03-07"), ("2025-03-06 09:00", "03-08"), ("2025-04-01", "03-10")):
        assert made.rows(told.format(in_force.format(as_of))) == [("m1/联华/1", day)]  # one visit over all changes
    assert made.rows(told.format("is_primary")) == [("m1/联华/1", "03-10")]


def test_an_uncertain_correction_takes_no_place_until_it_is_accepted(tmp_path: Path) -> None:
    doubt = "?!m1 " + fact(customer="联华", status="no_show")
    lines = [
        ("m1", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="联华")),
        ("m2", "w1", "王敏-杭州", "2025-03-06 09:00", doubt),
    ]
    made = desk(tmp_path, chat_csv=chat(*lines))
    assert made.rows(VISITS) == [("E1", "K1", "A", "done", "03-05")]
    made.put(
        "review_1.csv",
        "What,Scope,As written,Decision,Decided at\nnote,m2,联华 visit no_show 2025-03-05,accept,2025-05-02\n",
    )
    made.run()
    assert made.rows(VISITS) == [("E1", "K1", "A", "no_show", "03-05")]


def test_a_run_reads_only_what_is_new(tmp_path: Path, scripted: list[str]) -> None:
    first = ("m1", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="联华"))
    made = desk(tmp_path, chat_csv=chat(first))
    made.run()
    assert len(scripted) == 1
    made.put("chat2.csv", chat(first, ("m2", "w1", "王敏-杭州", "2025-03-25 18:00", "晚了")))  # another week; m1 again
    made.run()
    assert scripted[1:] == ["晚了"]
    made.put("chat2.csv", chat(first))
    made.run()
    assert len(scripted) == 2 and made.column("select count(*) from staging.note_threads") == [1]


def test_little_confidence_waits_for_a_person(tmp_path: Path) -> None:
    made = desk(tmp_path, chat_csv=chat(("m1", "w1", "王敏-杭州", "2025-03-05 18:00", "?" + fact(customer="联华"))))
    (row,) = made.rows(REVIEW)
    assert row == ("note", "m1", "联华 visit done 2025-03-05", "low_confidence", 1, 2) and made.rows(VISITS) == []
    made.put(
        "review_1.csv",
        "What,Scope,As written,Decision,Decided at\nnote,m1,联华 visit done 2025-03-05,accept,2025-05-02\n",
    )
    made.run()
    assert made.rows(REVIEW) == [] and made.rows(VISITS) == [("E1", "K1", "A", "done", "03-05")]


def test_a_stage_without_an_open_opportunity_is_listed_not_lost(tmp_path: Path) -> None:
    made = desk(
        tmp_path,
        ends_csv="id,event,at\nA,lost,2025-03-04\n",
        chat_csv=chat(
            ("m1", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="联华", stage="quotation")),
            ("m2", "w1", "王敏-杭州", "2025-03-04 18:00", fact(customer="联华", stage="quotation", date="2025-03-04")),
        ),
    )
    assert made.rows(REVIEW) == [("opportunity", "E1", "K1", "none_open", 1, 2)]
    assert made.rows("select opportunity_id, strftime(occurred_at, '%m-%d') from staging.stage_events"
                     " where event = 'enter'") == [("A", "03-04")]  # fmt: skip


def test_one_visit_told_by_form_and_chat_is_one_visit(tmp_path: Path) -> None:
    made = desk(
        tmp_path,
        visits_csv="id,rep,customer,name,status,planned,at\n"
        "V1,E1,K1,联华（西湖）,planned,2025-03-05 10:00,2025-03-03 09:00\n"
        "V2,E1,K2,鑫源商贸,no_show,2025-03-05 10:00,2025-03-05 10:00\n",
        chat_csv=chat(
            ("m1", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="联华超市")),
            ("m2", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="鑫源商贸")),
        ),
    )
    # The form's own spelling of the name does not stand between them.
    assert made.rows("select visit_id, status, source_kind, is_primary from staging.visits order by all") == [
        ("V1", "done", "wechat", True),
        ("V1", "planned", "form", True),
        ("V2", "done", "wechat", False),
        ("V2", "no_show", "form", True),
    ]


def test_the_list_is_filled_in_and_dropped_back(tmp_path: Path) -> None:
    made = desk(
        tmp_path,
        chat_csv=chat(
            ("m1", "13900002222", "晴天", "2025-03-05 18:00", fact(customer="联华")),
            ("m2", "w1", "王敏-杭州", "2025-03-05 18:01", fact(customer="=老张家")),
            ("m3", "w1", "王敏-杭州", "2025-03-12 18:01", fact(customer="鑫源", date="2025-03-12")),
        ),
    )
    workbook, csv_file = write_review(made.con, made.context)
    sheet = load_workbook(workbook).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    shown = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(r["What"], r["Scope"], r["As written"], r["Reason"]) for r in shown] == [
        ("customer", "E1", "=老张家", "nobody of a like name"),
        ("opportunity", "E1", "K2", "several opportunities were open"),
        ("rep", "杭州", "139****2222", "nobody of a like name"),
    ]
    assert shown[1]["Candidates"] == "B 杭州鑫源商贸有限公司; B2 杭州鑫源商贸有限公司"
    decided = pl.read_csv(csv_file).with_columns(pl.Series("Decision", ["K2", "B2", "E2"]))
    made.put("review_list.csv", decided.write_csv())
    made.run()
    assert made.rows(VISITS) == [
        ("E1", "K2", "B", "done", "03-05"),
        ("E1", "K2", "B2", "done", "03-12"),
        ("E2", "K1", None, "done", "03-05"),
    ]
    assert made.rows(REVIEW) == [] and write_review(made.con, made.context) == []
    assert not workbook.exists()


def test_any_order_and_repetition_gives_the_same_records(tmp_path: Path) -> None:
    files = {
        "people.csv": PEOPLE,
        "deals.csv": DEALS,
        "chat1.csv": chat(("m1", "w9", "晴天", "2025-03-05 18:00", fact(customer="联华", status="rescheduled")),
                          ("m2", "w1", "王敏-杭州", "2025-03-05 18:01", fact(customer="老张家"))),
        "chat2.csv": chat(("m2", "w1", "王敏-杭州", "2025-03-05 18:01", fact(customer="老张家")),
                          ("m3", "w9", "晴天", "2025-03-06 18:01", "!m1 " + fact(customer="联华", date="2025-03-06"))),
        "review_1.csv": "对象,范围,写法,判定,判定时间\n业务员,杭州,w9,E1,2025-05-02\n客户,E1,老张家,K3,2025-05-01\n",
        "review_2.csv": "对象,范围,写法,判定,判定时间\n客户,E1,老张家,K2,2025-05-03\n",
        "visits.csv": "id,rep,customer,name,status,planned,at\n"
        "V1,E1,K2,杭州鑫源商贸有限公司,no_show,2025-03-05,2025-03-05 10:00\n",
    }  # fmt: skip
    # Where and when a row landed hangs on the order; what it says does not.
    records = ("visits", "opportunities", "aliases", "stage_events")
    tables = {t: f"select * exclude (landed_at, file_id, source_row) from staging.{t} order by all" for t in records}
    tables["review"] = "select what, scope, alias, reason, facts, candidates from staging.review order by all"
    expected: dict[str, Any] | None = None

    @given(st.permutations(sorted(files)), st.lists(st.sampled_from(sorted(files)), max_size=3), st.integers(1, 4))
    @settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    def check(order: list[str], again: list[str], runs: int) -> None:
        nonlocal expected
        made = Desk(Path(tempfile.mkdtemp(dir=tmp_path)) / "w", None, forms=STRUCTURED, told=TOLD)
        sent = order + again
        for start in range(0, len(sent), -(-len(sent) // runs)):
            for name in sent[start : start + -(-len(sent) // runs)]:
                made.put(name, files[name])
            made.run(later=timedelta(minutes=1))
        state = {table: made.rows(sql) for table, sql in tables.items()}
        made.close()
        expected = expected or state
        assert state == expected
        assert len(state["visits"]) == 4 and state["review"] == []

    check()


def test_a_check_finds_whom_a_file_means_among_what_has_landed(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.close()
    path = tmp_path / "chat.csv"
    path.write_text(chat(("m1", "w1", "王敏-杭州", "2025-03-05 18:00", fact(customer="联华"))), encoding="utf-8")
    found = check_file(path, made.context)
    assert (found.problem, found.rows_read, found.accepted, found.unmapped) == (None, 1, 1, 0)
    assert found.records == {"visits": 1}


def test_a_mapping_that_reads_and_resolves_is_tried_before_it_is_used(tmp_path: Path) -> None:
    worse = TOLD.replace("occurred_at: told_at", "occurred_at: {expression: told_at + 1}")
    made = Desk(tmp_path / "w", None, told=worse, forms=STRUCTURED).run()
    assert ["cannot be computed" in problem for problem in made.landing.problems] == [True]

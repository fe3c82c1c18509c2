"""How dirty daily reports are: every rate by name, at three levels. All chosen; none has an outside source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Level = Literal["clean", "usual", "messy"]


class Rates(BaseModel):
    """Shares, each of what its comment says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Names.
    customer_alias: Share  # Customers whom a rep calls by a shorter or turned name.
    customer_nickname: Share  # Customers known by a name that has nothing of the registered one.
    another_name: Share  # Mentions that take another name than the rep's usual one.
    customer_code: Share  # Workbooks with the customer's number beside the name.
    rep_nickname: Share  # Reps who chat under a name that tells nothing (晴天).
    rep_shortened: Share  # Reps called 小王, 老王, by phone or by number where a name is expected.
    # Words.
    typo: Share  # Words with a typing error or homophone, of those that have one.
    name_typo: Share  # Mentions of a customer with a wrong character.
    dialect: Share  # Reps who write as they speak.
    emoji: Share  # Messages with one.
    own_style: Share  # Days on which a rep keeps to the own style.
    # Days and amounts.
    spoken_day: Share  # Days said relatively (上周五, 后天, 5号) instead of as a date.
    spoken_amount: Share  # Amounts in 万, w or characters instead of figures in yuan.
    multiplied_amount: Share  # Amounts told as quantity x price, where they divide.
    next_morning: Share  # Days reported on the next morning.
    # What is told.
    reported: Share  # Facts that are told at all (1: nothing is lost).
    next_step: Share  # Visits that tell the next appointment, where there is one.
    missing_action: Share  # Visits that tell of an action still missing.
    rival: Share  # Visits that name the competitor, where there is one.
    # Chats.
    split_day: Share  # Days told in several messages.
    no_customer: Share  # Follow-up messages that leave the customer's name out (reply to the one before).
    chatter: float  # Messages that tell nothing, per message that does.
    forwarded: Share  # Messages that somebody forwards into the group again.
    sent_twice: Share  # Messages sent twice within a minute.
    corrected: Share  # Moved visits and amounts that are first told wrong and corrected by a later message.
    recalled: Share  # Messages taken back and written again.
    edited: Share  # Journal reports edited later.
    overlap: Share  # Exports that begin with days of the export before.
    # Workbooks.
    notes_only: Share  # Workbooks whose facts stand in free text beside customer and date.
    several_in_a_note: Share  # Of those: a cell tells of several customers of the day.
    text_dates: Share  # Workbooks with dates as text (3月5日, 2025.3.5, 3/5).
    bare_serials: Share  # Workbooks with dates as bare numbers, of those without text.
    odd_date: Share  # Cells with a date in another form than the column's, and plans that say 下周三.
    date_1904: Share  # Workbooks counted from 1904.
    number_as_text: Share  # Workbooks with amounts as text.
    in_ten_thousands: Share  # Workbooks with amounts in 万.
    full_width: Share  # Texts with full-width digits.
    other_headers: Share  # Headers that take a synonym.
    shuffled: Share  # Workbooks with columns in an order of their own.
    formulas: Share  # Workbooks whose totals or amounts are formulas.
    uncached: Share  # Of those: formulas without a cached value.
    subtotals: Share  # Sheets with subtotal rows.
    signature: Share  # Sheets with rows for signatures.
    hidden_rows: Share  # Workbooks with hidden rows, which count, and hidden sheets, which repeat or list choices.
    empty_rows: Share  # Days with an empty row or one that says 无 or 休息.
    dittos: Share  # Cells that say 同上 for the name above.


CLEAN = Rates(
    customer_alias=0.15, customer_nickname=0, another_name=0, customer_code=0.8, rep_nickname=0, rep_shortened=0,
    typo=0, name_typo=0, dialect=0, emoji=0.02, own_style=1,
    spoken_day=0.10, spoken_amount=0.20, multiplied_amount=0, next_morning=0,
    reported=1, next_step=0.3, missing_action=0.25, rival=0.3,
    split_day=0.1, no_customer=0, chatter=0.05, forwarded=0.005, sent_twice=0.005, corrected=0.01, recalled=0.005,
    edited=0.05, overlap=0.1,
    notes_only=0.2, several_in_a_note=0.2, text_dates=0.2,
    bare_serials=0, odd_date=0, date_1904=0.05, number_as_text=0.05,
    in_ten_thousands=0.1, full_width=0.005, other_headers=0.2, shuffled=0.2, formulas=0.3, uncached=0.02,
    subtotals=0.3, signature=0.3, hidden_rows=0.1, empty_rows=0.01, dittos=0,
)  # fmt: skip
USUAL = Rates(
    customer_alias=0.55, customer_nickname=0.02, another_name=0.15, customer_code=0.35, rep_nickname=0.06,
    rep_shortened=0.2, typo=0.02, name_typo=0.01, dialect=0.2, emoji=0.15, own_style=0.9,
    spoken_day=0.6, spoken_amount=0.6, multiplied_amount=0.05, next_morning=0.12,
    reported=0.98, next_step=0.4, missing_action=0.35, rival=0.3,
    split_day=0.35, no_customer=0.15, chatter=0.4, forwarded=0.03, sent_twice=0.02, corrected=0.05, recalled=0.01,
    edited=0.12, overlap=0.3,
    notes_only=0.45, several_in_a_note=0.4, text_dates=0.5,
    bare_serials=0.1, odd_date=0.03, date_1904=0.1, number_as_text=0.3,
    in_ten_thousands=0.4, full_width=0.03, other_headers=0.5, shuffled=0.5, formulas=0.5, uncached=0.1,
    subtotals=0.6, signature=0.6, hidden_rows=0.3, empty_rows=0.05, dittos=0.1,
)  # fmt: skip
MESSY = Rates(
    customer_alias=0.85, customer_nickname=0.06, another_name=0.35, customer_code=0.1, rep_nickname=0.2,
    rep_shortened=0.5, typo=0.10, name_typo=0.05, dialect=0.45, emoji=0.4, own_style=0.7,
    spoken_day=0.85, spoken_amount=0.85, multiplied_amount=0.12, next_morning=0.3,
    reported=0.93, next_step=0.45, missing_action=0.45, rival=0.35,
    split_day=0.6, no_customer=0.3, chatter=1.2, forwarded=0.08, sent_twice=0.06, corrected=0.15, recalled=0.03,
    edited=0.25, overlap=0.6,
    notes_only=0.65, several_in_a_note=0.7, text_dates=0.8,
    bare_serials=0.25, odd_date=0.15, date_1904=0.15, number_as_text=0.6,
    in_ten_thousands=0.6, full_width=0.12, other_headers=0.8, shuffled=0.8, formulas=0.6, uncached=0.3,
    subtotals=0.8, signature=0.8, hidden_rows=0.6, empty_rows=0.15, dittos=0.4,
)  # fmt: skip
LEVELS: dict[Level, Rates] = {"clean": CLEAN, "usual": USUAL, "messy": MESSY}


class DailyReports(BaseModel):
    """That offices on the paper route send daily reports of their own instead of the clerk's table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Level = "usual"
    rates: Rates | None = None  # In place of the level's.
    office_share: Share = 1.0  # Offices that do, of those on the paper route; the others keep their clerk.
    months_per_kind: Annotated[int, Field(ge=1, le=12)] = 3  # Months for which an office keeps to one kind of report.
    old_excel: bool = False  # Write .xls (BIFF) too, which needs xlwt; else those offices send .xlsx.

    @property
    def of(self) -> Rates:
        """The rates in force."""
        return self.rates or LEVELS[self.level]

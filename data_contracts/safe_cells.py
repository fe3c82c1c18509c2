"""What user text must pass before it stands in a file that a spreadsheet may open."""

from __future__ import annotations

import re

# A cell that begins so is taken for a formula; full-width signs by spreadsheets in Chinese and Japanese too.
FORMULA_SIGNS = "=+-@＝＋－＠\t\r\n"
# What landing trims off the ends of a cell.
BLANKS = " \u00a0\u3000\t\r\n"
# What stands before the first visible sign does not make a cell harmless: spaces and zero-width signs.
LEADING = re.compile(r"^[ \u00a0\u3000\ufeff\u200b-\u200f\u2060]*")
# Control characters (line ends and tabs are kept), surrogates, non-characters, and signs that turn the
# direction of reading: none has business in a cell, and some make a workbook unreadable.
UNWANTED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# A mobile number in the free text of a published snapshot: any run of digits that could be one (no look-around, so that
# DuckDB runs the same expression).
SNAPSHOT_PHONE = re.compile(r"(1[3-9]\d)\d{4}(\d{4})", re.ASCII)
# A Chinese mobile number, also with a country code, spaces, dashes or full-width digits.
PHONE = re.compile(r"(?<!\d)((?:\+?86[\s-]?)?[1１][3-9３-９]\d)[\s-]?\d{4}[\s-]?(\d{4})(?!\d)")


def clean_text(text: str, *, may_see_phones: bool = False) -> str:
    """Text without control characters, lines ended by LF, and mobile numbers as 138****1234."""
    cleaned = UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return cleaned if may_see_phones else mask_phones(cleaned)


def mask_phones(text: str) -> str:
    """The middle four digits of every mobile number hidden."""
    return PHONE.sub(r"\1****\2", text)


def is_formula_like(text: str) -> bool:
    """Whether a spreadsheet might take the text for a formula."""
    rest = LEADING.sub("", text)
    return bool(rest) and rest[0] in FORMULA_SIGNS


def without_formula(text: str) -> str:
    """Text that no spreadsheet takes for a formula: where it might, an apostrophe goes before it."""
    return f"'{text}" if is_formula_like(text) else text


def markdown_text(text: str) -> str:
    """User text inside Markdown: nothing in it marks, links, mentions or breaks the line."""
    one_line = " ".join(clean_text(text).split())
    marked = re.sub(r"[\\`*_{}\[\]|~]|^[#+-]", lambda found: f"\\{found[0]}", one_line)
    marked = re.sub(r"^(\d+)([.)])", r"\1\\\2", marked)
    return marked.replace("<", "＜").replace(">", "＞").replace("@", "＠")

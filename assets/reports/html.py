"""The report as one self-contained HTML file: inline style and charts, no script, no request to anywhere.

Every text, of the data and of the catalogue, is escaped by Jinja; only the charts, which escape by themselves,
go in as they are.
"""

from __future__ import annotations

from importlib.resources import files

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from assets.reports.cards import cards
from assets.reports.model import Figure, WeeklyReport
from assets.reports.pictures import pictures
from assets.reports.sentences import SECTIONS, all_sentences, headline
from assets.reports.tables import Cell, Table, header, is_text, tables
from assets.reports.words import Words
from data_contracts.figures import MISSING
from data_contracts.safe_cells import clean_text
from data_contracts.texts import Language

TEMPLATE = "weekly.html"


def render_html(report: WeeklyReport, language: Language) -> str:
    """The whole page. Equal reports give equal text."""
    words = Words(report, language)
    said = all_sentences(words)
    environment = Environment(
        loader=_Templates(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["plain"] = clean_text
    return environment.get_template(TEMPLATE).render(
        words=words,
        report=report,
        language=language,
        text=words.text,
        sentences=said,
        headline=headline(said),
        sections=SECTIONS,
        cards=cards(words),
        tables=tables(words),
        pictures=pictures(words),
        header=header,
        text_columns=_text_columns,
        shown=lambda cell: _shown(words, cell),
        note=lambda cell: _note(words, cell),
    )


class _Templates(BaseLoader):
    """Templates of the package, also where it is zipped."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, None, None]:
        path = files("assets.reports") / "templates" / template
        if not path.is_file():
            raise TemplateNotFound(template)
        return path.read_text(encoding="utf-8"), None, None


def _text_columns(table: Table) -> list[bool]:
    """Which columns stand at the left: those of words, but not changes, which stand under their figures."""
    held = zip(table.columns, zip(*table.rows, strict=True), strict=True)
    return [is_text(cells) and not column.startswith("against_") for column, cells in held]


def _shown(words: Words, cell: Cell) -> str:
    if isinstance(cell, Figure):
        return words.show(cell)
    return MISSING if cell is None else clean_text(str(cell))


def _note(words: Words, cell: Cell) -> str:
    """What stands small under a cell: why it is empty, else its interval."""
    if not isinstance(cell, Figure):
        return ""
    return words.why(cell) or words.interval(cell)

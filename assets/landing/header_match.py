"""Which column of a file each of ours is: by its header, and never by a guess that nobody is told of.

A header fits as it stands, by its letters alone (brackets, blanks and marks aside), and a registry's word also without
the header's unit or its brackets. What fits better comes first. Of columns headed alike the first is taken, and of two
words of the registry the one named first: both are told. Where different headers fit equally well only in a looser
form, none is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from data_contracts.header_text import Forms, header_forms, wanted_forms
from data_contracts.mapping_sources import Source, SourceColumn

FORMS = len(Forms._fields)
# Of these the last two drop something. They are for the registry's words alone: a mapping that names a header means it.
WHOLE_FORMS = 2


@dataclass(frozen=True)
class Doubt:
    """One of our columns that more than one of the file's fits; `taken` is None where that would be a guess."""

    column: str
    taken: int | None
    others: tuple[int, ...]


@dataclass
class Matched:
    """Our columns at their places from 0 (None: absent), and where that is not the only way to see it."""

    places: dict[str, int | None]
    doubts: list[Doubt] = field(default_factory=list)


class HeaderRow:
    """The headers of a row by place; `lower`: of a header of several rows the lowest alone, where that is enough."""

    def __init__(self, joined: Mapping[int, str], lower: Mapping[int, str], width: int) -> None:
        self.width = width
        self.forms = {place: header_forms(text) for place, text in joined.items()}
        below = {place: header_forms(text) for place, text in lower.items()}
        self._exact = _by_text(lower) | _by_text(joined)
        self._by_form = [
            _by_text({p: f[n] for p, f in below.items()}) | _by_text({p: f[n] for p, f in self.forms.items()})
            for n in range(FORMS)
        ]

    def exactly(self, header: str) -> list[int]:
        """The places of a header as it stands, else as it is compared, else by its letters."""
        normal, letters = wanted_forms(header)
        return self._exact.get(header) or self._by_form[0].get(normal) or self._by_form[1].get(letters) or []

    def in_form(self, number: int, header: str) -> list[int]:
        """The places of a header in one of the forms."""
        normal, letters = wanted_forms(header)
        return self._by_form[number].get(normal if number == 0 else letters, [])

    def alike(self, places: Sequence[int]) -> bool:
        """Whether columns are headed alike, so that the first of them is meant."""
        return len({self.forms[p].normal if p in self.forms else "" for p in places}) == 1


def match_headers(columns: Mapping[str, SourceColumn], row: HeaderRow) -> Matched:
    """Our columns found in a row of headers: those that the mapping names, then by the words of the registry."""
    matched = Matched(dict.fromkeys(columns))
    open_columns = {}
    for name, column in columns.items():
        found = _named(column, row)
        if found:
            _settle(matched, row, name, found)
        elif column.synonyms:
            open_columns[name] = column
    for number in range(FORMS):
        better = {p for p in matched.places.values() if p is not None}
        for name in list(open_columns):
            found = _by_words(open_columns[name], row, number, better)
            if found:
                _settle(matched, row, name, found)
                del open_columns[name]
    _tell_other_words(columns, row, matched)
    return matched


def place_of(column: SourceColumn, row: HeaderRow) -> int | None:
    """Where one of our columns stands by its header, whatever other columns there are."""
    found = _named(column, row)
    for number in range(FORMS):
        found = found or _by_words(column, row, number, set())
    return found[0] if found else None


def _named(column: SourceColumn, row: HeaderRow) -> list[int]:
    for header in column.headers:
        if isinstance(header, int):
            if 1 <= header <= row.width:
                return [header - 1]
        elif found := row.exactly(header):
            return found
    return []


def _by_words(column: SourceColumn, row: HeaderRow, number: int, better: set[int]) -> list[int]:
    """Where words of the registry stand in one of the forms: the first word's, where nothing is dropped to find it."""
    if number < WHOLE_FORMS:
        return next((found for word in column.synonyms if (found := row.in_form(number, word))), [])
    places = {p for word in column.synonyms for p in row.in_form(number, word)}
    return sorted(places - better)


def _settle(matched: Matched, row: HeaderRow, name: str, found: list[int]) -> None:
    is_plain = len(found) == 1 or row.alike(found)
    matched.places[name] = found[0] if is_plain else None
    if len(found) > 1:
        others = found[1:] if is_plain else found
        matched.doubts.append(Doubt(name, matched.places[name], tuple(others)))


def _tell_other_words(columns: Mapping[str, SourceColumn], row: HeaderRow, matched: Matched) -> None:
    """Columns that nobody reads and whose header is another word of the registry for what is read elsewhere."""
    used = {p for p in matched.places.values() if p is not None}
    told = {d.column for d in matched.doubts}
    for name, column in columns.items():
        taken = matched.places[name]
        if taken is None or name in told:
            continue
        words = [w for w in column.synonyms if row.in_form(0, w)]
        others = sorted({p for w in words for p in row.in_form(0, w)} - used)
        if others and any(taken in row.in_form(0, w) for w in words):
            matched.doubts.append(Doubt(name, taken, tuple(others)))


def words_of(source: Source) -> set[str]:
    """Every header that a column of the source may have, as headers are compared."""
    return {
        form
        for column in source.columns.values()
        for header in (*column.headers, *column.synonyms)
        if isinstance(header, str)
        for text in (header, header.rpartition("/")[2])
        for form in wanted_forms(text)
    }


def _by_text(texts: Mapping[int, str]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, text in texts.items():
        if text:
            places.setdefault(text, []).append(place)
    return places

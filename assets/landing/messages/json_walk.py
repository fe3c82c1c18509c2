"""JSON read as a stream: a document's lists element by element, lines one by one; memory is that of one value.

Numbers stay text, for identifiers have more digits than a float keeps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from data_contracts.errors import StagewatchError

CHUNK = 1 << 18
MAX_VALUE = 64 << 20
MAX_FIRST_LINE = 8 << 20
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)


def open_json(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def parse(text: str) -> Any:
    """One value; ValueError where it is none (or nested too deep)."""
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("is nested too deep") from error


def as_dict(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_words(value: Any) -> str | None:
    """The value where it is a text that is not blank, without blanks around it."""
    return value.strip() or None if isinstance(value, str) else None


def is_json_lines(path: Path) -> bool:
    """Whether a file is JSON an object a line: the first line is a whole object and another one follows."""
    with open_json(path) as stream:
        first = ""
        while not first.strip():
            first = stream.readline(MAX_FIRST_LINE)
            if not first:
                return False
        if not first.endswith("\n"):
            return False
        try:
            if not isinstance(parse(first), dict):
                return False
        except ValueError:
            return False
        following = ""
        while not following.strip():
            following = stream.readline(MAX_FIRST_LINE)
            if not following:
                return False
    return True


def json_lines(path: Path) -> Iterator[tuple[int, str, Any]]:
    """Line number, text and value of every line that is not blank; the value of one that is no JSON is None."""
    with open_json(path) as stream:
        number = 0
        while line := stream.readline(MAX_VALUE):
            number += 1
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                value = parse(line)
            except ValueError:
                value = None
            yield number, line.rstrip("\r\n"), value


def walk(path: Path, lists: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """The members of a document as (path of keys, value) in order.

    A list at a path in `lists` is given element by element, as `path[]`; the root's path is empty. Raises
    StagewatchError where the document is cut or is no JSON.
    """
    with open_json(path) as stream:
        reader = _Reader(stream)
        yield from _walk(reader, "", lists)
        if reader.peek():
            raise reader.fault("something follows the document's end")


def _walk(reader: _Reader, path: str, lists: frozenset[str]) -> Iterator[tuple[str, Any]]:
    first = reader.peek()
    if first == "{" and (not path or any(name.startswith(f"{path}.") for name in lists)):
        reader.skip()
        while reader.peek() != "}":
            key = reader.value()
            reader.expect(":")
            yield from _walk(reader, f"{path}.{key}" if path else str(key), lists)
            if reader.peek() != "}":
                reader.expect(",")
        reader.skip()
    elif first == "[" and path in lists:
        reader.skip()
        while reader.peek() != "]":
            yield f"{path}[]", reader.value()
            if reader.peek() != "]":
                reader.expect(",")
        reader.skip()
    else:
        yield path, reader.value()


class _Reader:
    """A window over the text: values are decoded out of it, and it is filled up as they need."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._text, self._at, self._before, self._ended = stream, "", 0, 0, False

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def skip(self) -> None:
        self._at += 1

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise self.fault(f"{mark!r} is missing")
        self._at += 1

    def value(self) -> Any:
        if not self.peek():
            raise self.fault("it ends too early")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.pos >= len(self._text) - 32 or error.msg.startswith("Unterminated")
                place = self._before + error.pos + 1
                if not is_cut or not self._fill():
                    raise self.fault("it ends too early" if is_cut else error.msg, place) from error
                continue
            except RecursionError as error:
                raise self.fault("it is nested too deep") from error
            # A number at the window's end may go on.
            if end == len(self._text) and self._text[end - 1] not in '"}]' and self._fill():
                continue
            self._at = end
            return value

    def fault(self, what: str, place: int | None = None) -> StagewatchError:
        place = place or self._before + self._at + 1
        return StagewatchError(f"is cut or not valid JSON ({what}, at character {place:,})", remedy="export it again")

    def _fill(self) -> bool:
        rest = self._text[self._at :]
        if len(rest) > MAX_VALUE:
            raise self.fault("one value has more than 64 million characters")
        more = "" if self._ended else self._stream.read(max(CHUNK, len(rest)))
        self._ended = not more
        self._before += self._at
        self._text, self._at = rest + more, 0
        return bool(more)

"""Text as it comes: gzipped, with BOMs, in GB18030, with NULs. What leaves here is plain UTF-8 on disk."""

from __future__ import annotations

import codecs
import gzip
import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data_contracts.errors import StagewatchError

CHUNK = 1 << 20
PREFIX = 4 << 20
MAX_UNPACKED = 200 << 30
MAX_RATIO = 500
# Two Chinese characters in UTF-8; a line that is UTF-8 throughout and holds them is no GB18030, though it decodes.
_UTF8_WORD = re.compile(rb"(?:[\xe3-\xe9][\x80-\xbf]{2}){2}")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextFile:
    """A text file ready to be split into rows.

    `path` is UTF-8 without NULs and without BOMs after the first; `encoding` is what it came in; `is_damaged`:
    bytes that are no UTF-8 were replaced by U+FFFD, or lines of another encoding end in one, and the rows that hold
    one are to be refused. `is_verified`: every byte was decoded, not the beginning alone.
    """

    path: Path
    encoding: str
    nul_bytes: int = 0
    is_damaged: bool = False
    is_verified: bool = True


def unpack(path: Path, folder: Path) -> Path:
    """The file itself, or what it holds where it is gzipped, in `folder`; raises where it is cut or a bomb."""
    with path.open("rb") as stream:
        if stream.read(2) != b"\x1f\x8b":
            return path
    target = folder / f"{path.stem}.unpacked"
    limit, written = path.stat().st_size * MAX_RATIO + PREFIX, 0
    try:
        with gzip.open(path, "rb") as packed, target.open("wb") as plain:
            while chunk := packed.read(CHUNK):
                written += len(chunk)
                if written > min(limit, MAX_UNPACKED):
                    raise StagewatchError(
                        f"unpacks to more than {written:,} bytes, which no table does", remedy="send it unpacked"
                    )
                plain.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise StagewatchError("the gzip archive is cut or damaged", remedy="send the file again") from error
    return target


def open_text(path: Path, encodings: Sequence[str], folder: Path) -> TextFile:
    """Find a file's encoding and give it as UTF-8; where it already is, nothing is copied.

    A long file that begins as UTF-8 is taken for UTF-8 (`is_verified` false): its reader meets the first other
    byte, and then asks `verified`.
    """
    prefix = _head(path)
    bom = next((name for mark, name in BOMS if prefix.startswith(mark)), None)
    is_plain = bom not in (None, "utf-8-sig") or max(_find(path, b"\0"), _find(path, codecs.BOM_UTF8, 3)) < 0
    begins_as_utf8 = (bom or encodings[0]) in ("utf-8", "utf-8-sig") and _decodes(prefix, len(prefix) < PREFIX)
    if begins_as_utf8 and is_plain:
        return TextFile(path, bom or "utf-8", is_verified=len(prefix) < PREFIX)
    return _transcoded(path, [bom] if bom else encodings, folder)


def verified(text: TextFile, path: Path, encodings: Sequence[str], folder: Path) -> TextFile:
    """The same file with every byte decoded: another encoding, or UTF-8 with damage."""
    if text.is_verified:
        return text
    bom = "utf-8-sig" if text.encoding == "utf-8-sig" else None
    if _is_valid(path, bom or "utf-8"):
        return replace(text, is_verified=True)
    return _transcoded(path, [bom] if bom else encodings, folder)


def has_blank_line(path: Path) -> bool:
    """Whether an empty line stands before the last line (then rows are counted one by one)."""
    if path.stat().st_size == 0:
        return False
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        end = len(view)
        while end and view[end - 1] in b"\r\n":
            end -= 1
        return any(view.find(mark, 0, end) >= 0 for mark in (b"\n\n", b"\n\r\n", b"\r\r")) or view[:1] in b"\r\n"


def _transcoded(path: Path, encodings: Sequence[str | None], folder: Path) -> TextFile:
    target = folder / f"{path.stem}.utf8"
    tried = [name for name in encodings if name]
    for name in tried:
        nul = _write_utf8(path, name, "strict", target)
        if nul is not None:
            is_mixed = not name.startswith("utf") and _mark_utf8_lines(path, name, target)
            return TextFile(target, name, nul, is_damaged=is_mixed)
        # Damaged UTF-8 would pass for GB18030, as other words: it is told apart before that is tried.
        if name in ("utf-8", "utf-8-sig") and _is_mostly_utf8(path):
            return TextFile(target, name, _write_utf8(path, name, "replace", target) or 0, is_damaged=True)
    raise StagewatchError(
        f"is in none of the encodings {', '.join(tried)} (byte {_first_bad(path, tried[0]):,} is the first that is "
        f"not {tried[0]})",
        remedy="save it as UTF-8, or name its encoding in the mapping (encoding: [big5])",
    )


def _write_utf8(path: Path, encoding: str, errors: str, target: Path) -> int | None:
    """Decode, drop NULs and BOMs, write UTF-8; the NULs dropped, or None where a byte does not decode."""
    nul = 0
    with target.open("wb") as out:
        try:
            for text in _decoded(path, encoding, errors):
                nul += text.count("\0")
                out.write(text.replace("\0", "").replace("\ufeff", "").encode("utf-8", "surrogatepass"))
        except UnicodeError:
            return None
    return nul


def _mark_utf8_lines(path: Path, encoding: str, target: Path) -> bool:
    """Whether lines of the file are UTF-8 and not `encoding`: they are then written as such, with U+FFFD behind."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if not any(_is_utf8_line(view[_line_at(view, found)]) for found in _UTF8_WORD.finditer(view)):
            return False
    with path.open("rb") as stream, target.open("wb") as out:
        for line in stream:
            if _is_utf8_line(line):
                words = line.rstrip(b"\r\n")
                out.write((words + "\ufffd".encode() + line[len(words) :]).replace(b"\0", b""))
            else:
                out.write(line.decode(encoding, "replace").replace("\0", "").replace("\ufeff", "").encode())
    return True


def _line_at(view: mmap.mmap, found: re.Match[bytes]) -> slice:
    end = view.find(b"\n", found.end())
    return slice(view.rfind(b"\n", 0, found.start()) + 1, end if end >= 0 else len(view))


def _is_utf8_line(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _UTF8_WORD.search(line) is not None


def _decoded(path: Path, encoding: str, errors: str = "strict") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)


def _is_valid(path: Path, encoding: str) -> bool:
    try:
        for _ in _decoded(path, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _is_mostly_utf8(path: Path) -> bool:
    """Whether broken sequences are few beside sound ones: then it is UTF-8 that was damaged, not another encoding."""
    bad = wide = 0
    for text in _decoded(path, "utf-8", "replace"):
        bad += text.count("\ufffd")
        wide += len(text) - len(text.encode("ascii", "ignore"))
    return wide - bad >= 10 * bad


def _first_bad(path: Path, encoding: str) -> int:
    done = 0
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return done + error.start + 1
            except UnicodeError:
                return done + 1
            done += len(chunk)
    return done


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(PREFIX)


def _decodes(prefix: bytes, is_whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(prefix, final=is_whole)
    except UnicodeDecodeError:
        return False
    return True


def _find(path: Path, mark: bytes, begin: int = 0) -> int:
    if path.stat().st_size == 0:
        return -1
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return view.find(mark, begin)

"""Excel workbooks (.xlsx, .xlsm, .xls), read by a process of their own: what it dies of is a reason to reject a file.

One such process serves this one for as long as it lives (most daily reports are small: starting Python for each would
cost more than reading it), and is replaced where it died. It is limited in memory and time, and ends with its pipe.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.landing.layout import Layout, Table
from assets.landing.sniff import OLE
from data_contracts.errors import StagewatchError


@dataclass(frozen=True)
class SheetContext:
    """Where headers may stand in a sheet: their rows, the rows around them, and footers such as 填报人: 张三."""

    rows: tuple[int, ...]
    context: dict[int, tuple[str, ...]]
    footers: tuple[tuple[int, tuple[str, ...]], ...]


def sheet_tables(path: Path) -> list[Table]:
    """Every worksheet with its first rows; raises StagewatchError where the workbook cannot be read."""
    reply = _reader.ask("tables", path)
    return [
        Table(t["sheet"], tuple((n, tuple(cells)) for n, cells in t["preview"]), is_hidden=t["is_hidden"])
        for t in reply["tables"]
    ]


def header_rows(path: Path, sheet: str, words: set[str], rows: int) -> SheetContext:
    """The rows of a sheet that hold at least two of these normal headers, `rows` rows each, and those around."""
    reply = _reader.ask("headers", path, sheet=sheet, words=sorted(words), header_rows=rows)
    return SheetContext(
        tuple(reply["rows"]),
        {n: tuple(cells) for n, cells in reply["context"]},
        tuple((n, tuple(cells)) for n, cells in reply["footers"]),
    )


def row_batches(
    path: Path,
    sheet: str,
    layout: Layout,
    *,
    required: Iterable[str] = (),
    once: Iterable[str] = (),
    days: Iterable[str] = (),
) -> Iterator[pa.RecordBatch]:
    """The rows of a table: source_row, kind, reason, cell, raw, then a text column `cN` for each place N that is read.

    Our columns: `required` ones, those of which a merged cell counts `once`, and those that hold `days`. A row with
    `reason` is refused: a cell that is asked for cannot be taken for what it shows.
    """
    places = sorted({p for p in layout.places.values() if p is not None})

    def placed(names: Iterable[str]) -> list[int]:
        return [p for name in names if (p := layout.places.get(name)) is not None]

    header = [[cells[p] if p < len(cells) and cells[p] else "\0" for p in places] for cells in layout.header_cells]
    yield from _reader.rows(
        path, sheet=sheet, places=places, first=layout.header_row + 1, last=layout.last_row,
        title_rows=layout.title_rows, header=header, required=placed(required), once=placed(once), days=placed(days),
    )  # fmt: skip


def close() -> None:
    """Let the process forget the workbook that it has open."""
    _reader.close_book()


class _Reader:
    """The process that reads workbooks, started when it is first asked and again where it is gone."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._lock = threading.RLock()

    def ask(self, do: str, path: Path, **more: Any) -> dict[str, Any]:
        """The answer to one request; raises StagewatchError with what is wrong with the workbook."""
        with self._lock:
            process = self._send({"do": do, **_identity(path), **more})
            return self._answer(process)

    def rows(self, path: Path, **more: Any) -> Iterator[pa.RecordBatch]:
        """The batches of one request, each read when it is taken."""
        with self._lock:
            process = self._send({"do": "rows", **_identity(path), **more})
            self._answer(process)
            is_whole = False
            try:
                with pa.ipc.open_stream(process.stdout) as stream:
                    yield from stream
                is_whole = True
            except (pa.ArrowInvalid, OSError) as error:
                raise self._death(process) from error
            finally:
                if not is_whole:  # what it still has to say would be taken for the next answer
                    self.end()

    def close_book(self) -> None:
        with self._lock:
            if self._process is not None and self._owner == os.getpid():
                with suppress(StagewatchError):
                    self._answer(self._send({"do": "close"}))

    def end(self) -> None:
        """End the process, if this process started it."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]

    def _send(self, request: dict[str, Any]) -> subprocess.Popen[bytes]:
        line = json.dumps(request).encode() + b"\n"
        for process in (self._running(), None):
            process = process or self._started()
            assert process.stdin is not None
            try:
                process.stdin.write(line)
                process.stdin.flush()
                return process
            except OSError:  # it died while nobody asked
                self.end()
        raise StagewatchError("the process that reads workbooks does not start", remedy="look at the machine's memory")

    def _running(self) -> subprocess.Popen[bytes] | None:
        if self._process is not None and (self._owner != os.getpid() or self._process.poll() is not None):
            self.end()
        return self._process

    def _started(self) -> subprocess.Popen[bytes]:
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "assets.landing.workbook_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return self._process

    def _answer(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._death(process)
        reply: dict[str, Any] = json.loads(line)
        if "message" in reply:
            raise StagewatchError(reply["message"], remedy=reply["remedy"])
        return reply

    def _death(self, process: subprocess.Popen[bytes]) -> StagewatchError:
        code = process.wait()
        self.end()
        if code == -signal.SIGXCPU:
            return StagewatchError("takes too long to be read", remedy="split it, or save it as CSV")
        why = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return StagewatchError(
            f"the workbook's reader died of it ({why}): it is damaged, or needs more memory than there is",
            remedy="save it anew from Excel, or as CSV",
        )


def _identity(path: Path) -> dict[str, Any]:
    """The path and what tells its content from another's that stood there before."""
    s = path.stat()
    with path.open("rb") as stream:
        is_archive = stream.read(len(OLE)) != OLE  # all but .xls
    where = str(path.resolve())
    identity = [where, s.st_ino, s.st_size, s.st_mtime_ns]
    return {"path": where, "identity": identity, "is_archive": is_archive}


_reader = _Reader()
atexit.register(_reader.end)

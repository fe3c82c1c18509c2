"""The journal of what was put into the inbox, `landed/manifest.jsonl`: with the bytes beside it, all there is to know.

A line is written and flushed to disk before the warehouse commits, so a warehouse that is lost or behind can be
made again. What is active follows from the journal alone: of each name the last content, and of a name that
appends, every content. A workbook of mended rows appends, and takes the place of no file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from assets.files import sync, write_atomically

Outcome = Literal["landed", "resent", "rejected"]
MANIFEST = "manifest.jsonl"


@dataclass(frozen=True)
class Delivery:
    """One file put into the inbox. `delivered_at` is ISO text with an offset.

    What reading it gave when it landed is kept too, so that a superseded file need not be read to be listed.
    """

    delivery_no: int
    name: str
    inbox_identity: str | None
    content_sha256: str | None
    bytes: int | None
    delivered_at: str
    outcome: Outcome
    file_id: int
    extension: str
    reason: str | None = None
    mapping: str | None = None
    source: str | None = None
    source_kind: str | None = None
    encoding: str | None = None
    rows_read: int = 0
    rows_refused: int = 0
    nul_bytes: int = 0
    is_mended: bool = False


@dataclass(frozen=True)
class Standing:
    """Where one file (by content) stands: active, superseded (by which) or rejected; and how often it came."""

    file_id: int
    status: Literal["active", "superseded", "rejected"]
    superseded_by: int | None
    deliveries: int


class Journal:
    """The deliveries in order, and the file that keeps them. `is_append` tells of a name whether it appends.

    One that is read only is left as it is, a torn last line too.
    """

    def __init__(self, folder: Path, is_append: Callable[[str], bool], is_read_only: bool = False) -> None:
        self.path = folder / MANIFEST
        self.is_append = is_append
        self._by_no: dict[int, Delivery] = {}
        self._by_putting_in: dict[tuple[str, str | None], int] = {}
        self._standings: dict[int, Standing] | None = None
        torn = False
        if self.path.exists():
            for line in self.path.read_bytes().split(b"\n"):
                try:
                    if line.strip():
                        self._keep(Delivery(**json.loads(line)))
                except (ValueError, TypeError):
                    torn = True
        if torn and not is_read_only:
            self.rewrite()

    @property
    def deliveries(self) -> list[Delivery]:
        """All deliveries in order."""
        return list(self._by_no.values())

    def append(self, delivery: Delivery) -> None:
        """Keep one delivery, on disk when this returns. One of the same number takes the place of the earlier."""
        is_new = not self.path.exists()
        with self.path.open("ab") as stream:
            stream.write(_line(delivery))
            stream.flush()
            os.fsync(stream.fileno())
        if is_new:
            sync(self.path.parent)
        self._keep(delivery)

    def rewrite(self) -> None:
        """Write the journal anew, without torn lines."""
        write_atomically(self.path, b"".join(map(_line, self.deliveries)))

    def merge(self, others: Iterable[Delivery]) -> bool:
        """Take in deliveries that the journal's file lost and the warehouse kept; True where there were any."""
        lost = [d for d in others if d.delivery_no not in self._by_no]
        if lost:
            self._by_no = {d.delivery_no: d for d in sorted([*self.deliveries, *lost], key=lambda d: d.delivery_no)}
            self._by_putting_in |= {(d.name, d.inbox_identity): d.delivery_no for d in lost}
            self._standings = None
            self.rewrite()
        return bool(lost)

    def same_putting_in(self, name: str, identity: str | None) -> Delivery | None:
        """The entry that an interrupted run left of a file that still stands in the inbox."""
        number = self._by_putting_in.get((name, identity)) if identity else None
        return None if number is None else self._by_no[number]

    def next_delivery_no(self) -> int:
        return max(self._by_no, default=0) + 1

    def next_file_id(self) -> int:
        return max((d.file_id for d in self._by_no.values()), default=0) + 1

    def active_with(self, sha256: str) -> int | None:
        """The active file that has this content."""
        standings = self.standings()
        return next(
            (d.file_id for d in self._by_no.values()
             if d.content_sha256 == sha256 and standings[d.file_id].status == "active"),
            None,
        )  # fmt: skip

    def standings(self) -> dict[int, Standing]:
        """Every file's standing. A content sent under two names stays active while one of them holds it."""
        if self._standings is None:
            self._standings = _standings(self.deliveries, self.is_append)
        return self._standings

    def first(self, file_id: int) -> Delivery:
        """The delivery by which a file came."""
        return next(d for d in self._by_no.values() if d.file_id == file_id and d.outcome != "resent")

    def _keep(self, delivery: Delivery) -> None:
        self._by_no[delivery.delivery_no] = delivery
        self._by_putting_in[delivery.name, delivery.inbox_identity] = delivery.delivery_no
        self._standings = None


def _standings(deliveries: list[Delivery], is_append: Callable[[str], bool]) -> dict[int, Standing]:
    current: dict[str, int] = {}
    kept: set[int] = set()
    replaced_by: dict[int, int] = {}
    mended = {d.file_id for d in deliveries if d.is_mended}
    for d in deliveries:
        if d.outcome == "rejected" or d.file_id in mended:
            continue
        if is_append(d.name):
            kept.add(d.file_id)
        elif current.get(d.name, d.file_id) != d.file_id:
            replaced_by[current[d.name]] = d.file_id
        current[d.name] = d.file_id
    active = kept | mended | set(current.values())
    result: dict[int, Standing] = {}
    for d in deliveries:
        before = result.get(d.file_id)
        if before is not None:
            result[d.file_id] = replace(before, deliveries=before.deliveries + 1)
        elif d.outcome == "rejected":
            result[d.file_id] = Standing(d.file_id, "rejected", None, 1)
        elif d.file_id in active:
            result[d.file_id] = Standing(d.file_id, "active", None, 1)
        else:
            result[d.file_id] = Standing(d.file_id, "superseded", replaced_by.get(d.file_id), 1)
    return result


def landed_path(folder: Path, delivery: Delivery) -> Path:
    """Where a delivery's bytes are kept."""
    return folder / f"{delivery.content_sha256}{delivery.extension}"


def _line(delivery: Delivery) -> bytes:
    return json.dumps(asdict(delivery), ensure_ascii=False).encode() + b"\n"

"""What stands in the inbox: which files have come to rest, and how one is copied and hashed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assets.landing.text_files import CHUNK
from data_contracts.errors import StagewatchError

TEMPORARY_NAMES = ("~$", ".")
TEMPORARY_ENDINGS = (".part", ".tmp", ".crdownload", ".partial")


@dataclass(frozen=True)
class Arrival:
    """A file that stands in the inbox and has come to rest. `identity` tells this putting-in from any other."""

    path: Path
    name: str
    identity: str


def settled_files(
    inbox: Path, settle_seconds: float, sleep: Callable[[float], None]
) -> tuple[list[Arrival], list[str]]:
    """Files equal in size and time over two looks, by name; and the names of those still changing."""
    first = set(look(inbox))
    if not first:
        return [], []
    if settle_seconds > 0:
        sleep(settle_seconds)
    second = look(inbox)
    return [a for a in second if a in first], [a.name for a in second if a not in first]


def look(inbox: Path) -> list[Arrival]:
    """Everything in the inbox that is not hidden, temporary or a partial download, by name."""
    seen: list[Arrival] = []
    for path in sorted(inbox.iterdir()) if inbox.is_dir() else ():
        if path.name.startswith(TEMPORARY_NAMES) or path.name.lower().endswith(TEMPORARY_ENDINGS):
            continue
        try:
            s = path.lstat()
        except FileNotFoundError:
            continue
        seen.append(Arrival(path, printable(path.name), f"{s.st_dev}:{s.st_ino}:{s.st_size}:{s.st_mtime_ns}"))
    return seen


def printable(name: str) -> str:
    """A file name as text, bytes that are no UTF-8 written out."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def copy_and_hash(source: Path, target: Path) -> tuple[str, int]:
    """Copy a file, flush the copy to disk, and hash what was copied: SHA-256 and bytes.

    Raises StagewatchError where the file cannot be read; an OSError of the copy itself (a full disk) stays one.
    """
    digest, size = hashlib.sha256(), 0
    try:
        if not stat.S_ISREG(source.lstat().st_mode):
            kind = "a folder" if source.is_dir() else "no ordinary file"
            raise StagewatchError(f"is {kind}, and only files are read", remedy="put the files themselves into inbox/")
        stream = source.open("rb")
    except OSError as error:
        raise StagewatchError(
            f"cannot be read: {error.strerror or error}",
            remedy="give the user that runs stagewatch the right to read it",
        ) from error
    with stream, target.open("wb") as copy:
        while True:
            try:
                chunk = stream.read(CHUNK)
            except OSError as error:
                raise StagewatchError(
                    f"cannot be read to its end: {error.strerror or error}", remedy="check the disk; send it again"
                ) from error
            if not chunk:
                break
            digest.update(chunk)
            size += len(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    return digest.hexdigest(), size

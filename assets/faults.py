"""What the machine does to a run, in words: a full disk, a folder that is read-only, a file that another program holds.

Python, DuckDB and SQLite each have their own errors for the same few troubles, and DuckDB's classes do not tell a
damaged file from a full disk; its words do.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Iterator

import duckdb

from data_contracts.errors import StagewatchError

NO_SPACE = re.compile(
    r"No space left|File too large|Disk quota exceeded|disk is full|failed to offload data block|disk I/O error", re.I
)
NO_RIGHT = re.compile(r"Permission denied|Read-only file system|Operation not permitted|readonly database", re.I)
HELD = re.compile(r"Could not set lock on file.*?Conflicting lock is held in (?P<who>.*?)(?:\. See|$)", re.S)
DAMAGED = re.compile(
    r"Corrupt database|not a valid DuckDB database|Could not read enough bytes|checksum|deserializ|WAL file", re.I
)
OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
OUT_OF_RIGHTS = {errno.EACCES, errno.EPERM, errno.EROFS}


def in_words(error: BaseException) -> StagewatchError | None:
    """The trouble as its reader can mend it; None where the error is none of the machine's."""
    for cause in _causes(error):
        said = _in_words(cause)
        if said is not None:
            return said
    return None


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB says that the file itself is damaged, or is none of its own."""
    return in_words(error) is None and any(map(_tells_of_damage, _causes(error)))


def _tells_of_damage(error: BaseException) -> bool:
    told = isinstance(error, (duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException))
    return told or (isinstance(error, duckdb.Error) and DAMAGED.search(str(error)) is not None)


def _in_words(error: BaseException) -> StagewatchError | None:
    text, number, file = str(error), getattr(error, "errno", None), getattr(error, "filename", None)
    if not isinstance(error, (OSError, MemoryError, duckdb.Error, sqlite3.Error)):
        return None
    if isinstance(error, (MemoryError, duckdb.OutOfMemoryException)) and not NO_SPACE.search(text):
        return StagewatchError(
            f"there is not enough memory: {_first_line(text)}",
            remedy="raise resources.memory_limit in stagewatch.yaml, or close other programs; then run again",
        )
    if number in OUT_OF_SPACE or (number is None and NO_SPACE.search(text)):
        return StagewatchError(
            f"the disk is full: {_first_line(text)}",
            remedy="free some space and run again: what was published before is still served, and nothing is lost",
        )
    if number in OUT_OF_RIGHTS or (number is None and NO_RIGHT.search(text)):
        return StagewatchError(
            f"may not be written: {getattr(error, 'strerror', None) or _first_line(text)}",
            remedy="run where the workspace is writable, as its owner; status, sql and the dashboard still work",
            file=file,
        )
    held = HELD.search(text)
    if held:
        return StagewatchError(
            f"another program has the warehouse open: {' '.join(held['who'].split())}",
            remedy="close it there and run again; to look at figures, open the snapshot in published/ instead",
        )
    return None


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no more is known"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it stands for: wrapped by Dagster or SQLAlchemy, raised from, met while giving up.

    A commit that fails ends its transaction: the rollback after it has an error of its own, and the first one counts.
    """
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        wrapped = (getattr(cause, "user_exception", None), getattr(cause, "orig", None))
        more = (*wrapped, cause.__cause__, cause.__context__)
        waiting += [c for c in more if isinstance(c, BaseException)]

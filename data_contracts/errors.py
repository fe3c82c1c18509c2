"""The one error that users see: what is wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class StagewatchError(Exception):
    """A problem its reader can mend.

    `message` says what is wrong, `remedy` what to do, `file` and `row` where.
    The command line prints it as one line and exits with 2; nothing else is caught there.
    """

    def __init__(
        self, message: str, *, remedy: str = "", file: Path | str | None = None, row: int | None = None
    ) -> None:
        self.message, self.remedy, self.file, self.row = message, remedy, file, row
        where = "" if file is None else f"{file}{'' if row is None else f', row {row}'}: "
        super().__init__(f"{where}{message}{f' ({remedy})' if remedy else ''}")

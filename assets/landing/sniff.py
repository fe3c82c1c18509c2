"""What a file is by its first bytes, against what its name says it is."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile, ZipFile

from data_contracts.errors import StagewatchError
from data_contracts.mapping import Format

BY_EXTENSION: dict[str, Format] = {
    ".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet", ".pq": "parquet",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xlsx",
}  # fmt: skip
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".tgz")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def extension(name: str) -> str:
    """The lower-case ending that a landed copy keeps: .csv, .csv.gz; nothing where we do not know it."""
    plain = name.lower().removesuffix(".gz")
    ending = Path(plain).suffix
    ending = ending if ending in BY_EXTENSION else ""
    return ending + (".gz" if name.lower().endswith(".gz") else "")


def format_of(name: str, declared: Format | None) -> Format:
    """The format a mapping declares, else the one of the extension; raises where neither tells."""
    if declared is not None:
        return declared
    ending = Path(name.lower().removesuffix(".gz")).suffix
    if ending in BY_EXTENSION:
        return BY_EXTENSION[ending]
    if ending in ARCHIVES:
        raise StagewatchError(f"is an archive ({ending})", remedy="unpack it and send the files in it")
    raise StagewatchError(
        f"has an ending we do not know ({ending or 'none'})",
        remedy="say `format: csv` (tsv, parquet, jsonl, xlsx) in the mapping's source",
    )


def check_magic(path: Path, form: Format) -> None:
    """Raise, saying what the file really is, where its bytes are not those of its format. `path` is unpacked."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise StagewatchError("is empty (0 bytes)", remedy="export it again")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if form == "xlsx":
        _check_xlsx(path, head, start)
    elif form == "messages" and head.startswith(b"PK\x03\x04") and _is_workbook(path):
        return
    elif form == "parquet":
        if not head.startswith(b"PAR1"):
            raise StagewatchError("is not a Parquet file", remedy="export it again, or name it after what it is")
    elif head.startswith(OLE) or head.startswith(b"PK\x03\x04"):
        if not head.startswith(OLE) and not _is_workbook(path):
            raise StagewatchError("is a zip archive, not text", remedy="unpack it and send the files in it")
        raise StagewatchError("is an Excel workbook, not text", remedy="name it .xlsx, or save it as CSV (UTF-8)")
    elif head.startswith(b"PAR1"):
        raise StagewatchError("is a Parquet file, not text", remedy="name it .parquet")
    elif start.startswith((b"<!doctype html", b"<html")):
        raise StagewatchError(
            "is a web page, not a table", remedy="sign in again where it was exported, and export it anew"
        )


def _check_xlsx(path: Path, head: bytes, start: bytes) -> None:
    if head.startswith(OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()[: 1 << 22]
        if encrypted:
            raise StagewatchError("is password-protected", remedy="save it without a password and send it again")
        return
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml")):
        raise StagewatchError(
            "is a web page or XML named as a workbook", remedy="open it in Excel and save it as .xlsx"
        )
    if not head.startswith(b"PK\x03\x04"):
        raise StagewatchError(
            "is not an Excel workbook",
            remedy="name it .csv if it is text (or say `format: tsv` in the mapping's source), else export it again",
        )


def _is_workbook(path: Path) -> bool:
    try:
        with ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (BadZipFile, OSError):
        return False

"""One run over a corpus of files meant to hurt: each ends as it must, with a reason, and memory stays bounded.

The run is a process of its own, so that its memory can be told and a reader that dies takes nothing else along.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from made_rows import message_files, objects_in, row_files, rows_in
from nasty_chats import CHATS

from data_contracts.reasons import reason_text
from data_contracts.texts import Language
from nasty import Nasty, corpus

pytestmark = pytest.mark.timeout(300)
CORPUS = corpus()
MADE = (
    "stages_made_quoted.csv", "stages_made_bare.csv", "stages_made_lines.jsonl",
    "chat_made.txt", "chat_made.csv", "chat_made.json", "chat_made_reports.json",
)  # fmt: skip
MOST_MEMORY_MB = 1_200
RUN = """
import json, resource, sys
from pathlib import Path
from desk import Desk
import assets.landing.inbox
base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
desk = Desk.at(Path(sys.argv[1]))
desk.run()
first = {
    "files": desk.rows("select name, status, reason from landing.files"),
    "ledger": desk.rows("select file_name, accepted, quarantined, duplicates from staging.ledger"),
    "problems": desk.landing.problems,
    "ids": desk.column("select opportunity_id from staging.stage_events"),
    "notes": desk.column("select note from staging.visits"),
    "quarantine": desk.rows("select distinct record, reason from staging.quarantine"),
    "base": base,
    "peak": max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)),
}
desk.run()
first["again"] = [desk.landing.taken, len(desk.column("select opportunity_id from staging.stage_events"))]
print(json.dumps(first, default=str))
"""


@dataclass(frozen=True)
class Ran:
    root: Path
    told: dict[str, Any]
    made: dict[str, bytes]

    def file(self, name: str) -> tuple[str, str | None]:
        """Status and reason of the last file of that name."""
        return [(status, reason) for n, status, reason in self.told["files"] if n == name][-1]

    def rows(self, name: str) -> tuple[int, int, int]:
        """Accepted, quarantined, duplicates."""
        return next((a, q, d) for n, a, q, d in self.told["ledger"] if n == name)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    from desk import STAGES, Desk

    root = tmp_path_factory.mktemp("nasty") / "company"
    Desk(root, STAGES.replace("    columns", "    duplicates: keep\n    columns"), chats=CHATS)
    inbox = root / "inbox"
    # 5,000 rows in two forms and 5,000 more; 3,500 messages in two forms and 7,000 more.
    made = {**row_files(5_000), **message_files(3_500)}
    assert tuple(made) == MADE
    for name, content in {**{name: nasty.content for name, nasty in CORPUS.items()}, **made}.items():
        (inbox / name).write_bytes(content)
    (inbox / "stages_link.csv").symlink_to("/etc/hostname")
    (inbox / "stages_loop.csv").symlink_to(inbox / "stages_loop.csv")
    (inbox / "stages_nowhere.csv").symlink_to("/no/such/file")
    (inbox / "stages_folder.csv").mkdir()
    os.mkfifo(inbox / "stages_pipe.csv")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(inbox, os.O_RDONLY)  # a socket's path is short
        os.chdir(here)
        listening.bind("stages_socket.csv")
        os.close(here)
    for name in (".stages_hidden.csv", "~$stages_open.xlsx", "stages_half.csv.part", "stages_half.csv.crdownload"):
        (inbox / name).write_text("id,stage,at\nH,quotation,2025-03-05\n")
    (inbox / os.fsdecode(b"stages_\xff\xfe.csv")).write_text("id,stage,at\nN12,quotation,2025-03-05\n")
    support = Path(__file__).parents[1] / "support"
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(root)],
        capture_output=True, text=True, cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(support), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return Ran(root, json.loads(done.stdout), made)


def test_there_are_enough() -> None:
    assert len(CORPUS) >= 150
    assert {nasty.ends for nasty in CORPUS.values()} == {"accepted", "quarantined", "rejected"}


@pytest.mark.parametrize("name", CORPUS)
def test_each_file_ends_as_it_must(ran: Ran, name: str) -> None:
    nasty: Nasty = CORPUS[name]
    status, reason = ran.file(name)
    if nasty.ends == "rejected":
        assert status == "rejected", ran.rows(name)
        assert reason and re.search(nasty.says, reason), reason
        assert (ran.root / "rejected" / name).read_bytes() == nasty.content
        assert any(p.startswith(f"{name}: rejected") for p in ran.told["problems"])
    else:
        assert status == "active", reason
        assert ran.rows(name) == (nasty.accepted, nasty.quarantined, 0)


@pytest.mark.parametrize("name", MADE)
def test_whatever_is_made_is_taken_or_refused_row_by_row(ran: Ran, name: str) -> None:
    """The ledger balances in every run of a desk; here no row is lost before it."""
    assert ran.file(name) == ("active", None)
    accepted, quarantined, duplicates = ran.rows(name)
    assert accepted + quarantined > 0
    read = accepted + quarantined + duplicates
    if name == "stages_made_quoted.csv":
        assert read == rows_in(ran.made[name])
    elif name == "stages_made_lines.jsonl":
        assert read == objects_in(ran.made[name])
    elif name in ("chat_made.csv", "chat_made.json", "chat_made_reports.json"):
        assert read == 3_500 + 35


def test_good_rows_and_messages_are_found_among_whatever_is_made(ran: Ran) -> None:
    assert {f"GOOD{kind}{100 * n}" for kind in ("", "J") for n in range(50)} <= set(ran.told["ids"])
    assert {f"GOOD{kind}{100 * n}" for kind in ("", "J") for n in range(35)} <= set(ran.told["notes"])


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_reason_is_said_in_words(ran: Ran, language: Language) -> None:
    said = {reason: reason_text(reason, record, language) for record, reason in ran.told["quarantine"]}
    assert len(said) >= 15
    assert {reason for reason, words in said.items() if words == reason} == set()


@pytest.mark.parametrize("name", ["link", "loop", "nowhere", "folder", "pipe", "socket"])
def test_what_is_no_file_is_refused(ran: Ran, name: str) -> None:
    status, reason = ran.file(f"stages_{name}.csv")
    assert status == "rejected" and reason and ("no ordinary file" in reason or "folder" in reason)


def test_what_is_half_there_or_hidden_is_left_alone(ran: Ran) -> None:
    left = {".stages_hidden.csv", "~$stages_open.xlsx", "stages_half.csv.part", "stages_half.csv.crdownload"}
    assert {p.name for p in (ran.root / "inbox").iterdir()} == left
    assert "H" not in ran.told["ids"]


def test_a_name_that_is_no_text_is_written_out(ran: Ran) -> None:
    assert ran.file("stages_\\udcff\\udcfe.csv")[0] == "active" and "N12" in ran.told["ids"]


def test_nothing_is_written_beside_the_workspace(ran: Ran) -> None:
    assert {p.name for p in ran.root.parent.iterdir()} == {"company"}


def test_memory_stays_bounded(ran: Ran) -> None:
    assert (ran.told["peak"] - ran.told["base"]) / 1024 < MOST_MEMORY_MB


def test_a_second_run_changes_nothing(ran: Ran) -> None:
    assert ran.told["again"] == [0, len(ran.told["ids"])]

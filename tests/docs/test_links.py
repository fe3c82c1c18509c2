"""Every link of the pages that people read leads somewhere: files that exist, headings that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("examples/*/README.md")])
LINK = re.compile(r"""(?:\]\(|src=")([^)\s"]+)""")
FENCED = re.compile(r"^( *)```.*?^\1```", re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[str]:
    """Targets within the repository, fenced blocks left out."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return [target for target in LINK.findall(text) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """What its headings are called in a link, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_every_page_of_the_documentation_is_reached_from_the_readme() -> None:
    readme = {(REPOSITORY / target.partition("#")[0]).resolve() for target in links(REPOSITORY / "README.md")}
    assert {page for page in PAGES if page.parent.name == "docs"} - readme == set()


def test_both_readmes_lead_to_the_same_pages() -> None:
    english, chinese = (
        {t for t in links(REPOSITORY / name) if t.startswith(("docs/", "examples/")) and not t.endswith(".png")}
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english == chinese

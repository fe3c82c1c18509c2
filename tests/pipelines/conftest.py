"""What the tests of whole runs share: calls that start at once, and a small company before and after its first run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from whole_runs import FIRST, SECOND, Company, small_company_sent
from zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as running:
        yield running


@pytest.fixture(scope="session")
def first(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A company after its first run: to be copied, not to be changed."""
    company = small_company_sent(tmp_path_factory.mktemp("first") / "company")
    company.run(zygote, FIRST)
    company.acknowledge_later()
    return company


@pytest.fixture(scope="session")
def ended(first: Company, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company after what came later: how every run that was disturbed must end. To be copied, not changed."""
    company = first.copy(tmp_path_factory.mktemp("ended") / "company")
    company.send_later_files()
    company.run(zygote, SECOND)
    return company

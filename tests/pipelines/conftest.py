"""What the tests of whole runs share: calls that start at once, and a small company before and after its first run."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from whole_runs import FIRST, SECOND, Company, FirstRun, small_company_sent
from zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as running:
        yield running


@pytest.fixture(scope="session")
def first_run(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    company = small_company_sent(tmp_path_factory.mktemp("first") / "company")
    began = time.perf_counter()
    call = company.run(zygote, FIRST, is_offline=True)
    seconds = time.perf_counter() - began
    company.acknowledge_later()
    return FirstRun(company, call, seconds)


@pytest.fixture(scope="session")
def first(first_run: FirstRun) -> Company:
    """A company after its first run: to be copied, not to be changed."""
    return first_run.company


@pytest.fixture(scope="session")
def ended(first: Company, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The company after what came later: how every run that was disturbed must end. To be copied, not changed."""
    company = first.copy(tmp_path_factory.mktemp("ended") / "company")
    company.send_later_files()
    company.run(zygote, SECOND)
    return company

"""A small company on which the risk step has run once, with fewer outcomes asked for than a real one needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.risk.build import build_risk
from assets.risk.landmarks import build_features, build_labels
from data_contracts.settings import Risk, Settings
from risk_company import Company, run_of
from small_company import small_company
from tiny import Tiny

FEW = Settings(risk=Risk(minimum_signed=25, minimum_failed=40, backtest_folds=2))


@pytest.fixture(scope="package")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Nine months of 500 opportunities, scored by a model."""
    tiny = small_company(opportunities=500, settings=FEW).build()
    run = run_of(tiny, tmp_path_factory.mktemp("company"))
    run.workspace.make_folders()
    return Company(tiny, run, build_risk(tiny.con, run))


@pytest.fixture
def landmarks(tmp_path: Path) -> Callable[..., Tiny]:
    """`landmarks(tiny)` builds its landmarks; `landmarks(tiny, "2025-04-01 00:00")` labels as known then, too."""

    def build(tiny: Tiny, *known_at: str) -> Tiny:
        tiny.build("organisation_segments", "opportunity_versions")
        build_features(tiny.con, run_of(tiny, tmp_path))
        if known_at:
            build_labels(tiny.con, [tiny.time(t) for t in known_at], 30)
        return tiny

    return build

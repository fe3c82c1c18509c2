"""Dagster: what the risk step makes."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from assets.definitions import OWNERS
from assets.risk.build import build_risk
from assets.session import Session
from assets.warehouse import count

TABLES = {
    "landmark_features": "Opportunity x Monday while open, with what was recorded by then and the label.",
    "model_status": "Which model scores, on what data, or why there is none.",
    "backtest": "Rolling-origin backtest of the model beside the baselines.",
    "backtest_scores": "Out-of-sample probabilities at past landmarks.",
    "scores": "Failure and signing probability of each open opportunity, with reasons.",
    "forecast": "Signings and amount per week for 13 weeks with an 80% interval.",
    "forecast_quarter": "The quarter's forecast against target.",
    "forecast_backtest": "How the forecast did at past origins.",
}
READS = [
    *(["staging", name] for name in ("opportunities", "stage_events", "visits", "actions", "signings")),
    *(["staging", name] for name in ("interventions", "organisation", "targets")),
    *(["marts", name] for name in ("stage_spells", "funnel_paths", "visits")),
]


@dg.multi_asset(
    name="risk",
    specs=[
        dg.AssetSpec(
            ["ml", name],
            deps=READS,
            group_name="risk",
            kinds={"duckdb", "scikitlearn"},
            owners=OWNERS,
            description=description,
        )
        for name, description in TABLES.items()
    ],
)
def risk(warehouse: dg.ResourceParam[Session]) -> Iterator[dg.MaterializeResult]:
    figures = warehouse.step("risk", lambda: build_risk(warehouse.con, warehouse.run))
    for name in TABLES:
        rows = {"dagster/row_count": count(warehouse.con, f"ml.{name}")}
        yield dg.MaterializeResult(asset_key=["ml", name], metadata={**figures, **rows} if name == "scores" else rows)


definitions = dg.Definitions(assets=[risk])

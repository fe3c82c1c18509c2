"""The model card: what a model is, what it learned from, how it did and what it must not be used for, as markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_contracts.texts import LANGUAGES, Language, Texts
from models.backtest import BASELINES, MODEL

MEASURES = (
    "roc_auc",
    "average_precision",
    "brier_skill",
    "calibration_error",
    "funnel_accuracy",
    "precision_at_budget",
    "recall_at_budget",
    "lead_time_days",
)


def model_cards(model_id: str, manifest: Mapping[str, Any]) -> dict[str, str]:
    """File name to markdown, one a language, from the manifest alone."""
    return {f"card.{language}.md": _card(model_id, manifest, language) for language in LANGUAGES}


def _card(model_id: str, manifest: Mapping[str, Any], language: Language) -> str:
    text = Texts("model_card", language)
    window = manifest["window"]
    parts = [
        f"# {text('title', model_id=model_id)}",
        text("what", horizon=manifest["horizon_days"]),
        f"## {text('data_title')}",
        text("data", **window),
        f"## {text('backtest_title')}",
        *_backtest(text, manifest),
        f"## {text('limits_title')}",
        text("limits"),
        f"## {text('features_title')}",
        ", ".join(f"`{name}`" for name in manifest["features"]),
        f"## {text('versions_title')}",
        "\n".join(f"- {name} {version}" for name, version in manifest["versions"].items()),
    ]
    return "\n\n".join(parts) + "\n"


def _backtest(text: Texts, manifest: Mapping[str, Any]) -> list[str]:
    rows: Sequence[Mapping[str, Any]] = manifest["backtest"]
    pooled = {(r["model"], r["measure"]): r for r in rows if r["fold"] == 0}
    if not pooled:
        return [text("no_backtest")]
    header = [text("model"), *(text(measure) for measure in MEASURES)]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    for model in (MODEL, *BASELINES):
        cells = [_number(pooled.get((model, measure), {}).get("value")) for measure in MEASURES]
        lines.append("| " + " | ".join([text(f"method_{model}"), *cells]) + " |")
    aucs = [
        (r["value"], r["fold"])
        for r in rows
        if r["fold"] and r["model"] == MODEL and r["measure"] == "roc_auc" and r["value"] is not None
    ]
    brier = [r for r in rows if r["model"] == MODEL and r["measure"] == "brier" and r["n"]]
    folds = {"folds": len(manifest["folds"]), "judged": sum(1 for r in brier if r["fold"])}  # the last: too young yet
    parts = [text("backtest", **folds, n=pooled[MODEL, "brier"]["n"]), "\n".join(lines)]
    if aucs:
        value, fold = min(aucs)
        parts += [f"### {text('worst_title')}", text("worst", fold=fold, value=_number(value))]
    return parts


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"

"""A workspace's settings, `stagewatch.yaml`: typed, with defaults for an 8 GB machine, unknown keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from data_contracts.errors import StagewatchError
from data_contracts.texts import Language, Name
from data_contracts.yaml_io import load_model


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Resources(_Strict):
    """Limits of DuckDB: memory such as 4GB, threads, and where it spills (inside the workspace)."""

    memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)?\s?(MB|GB|MiB|GiB)$")] = "2GB"
    threads: Annotated[int, Field(ge=1, le=256)] = 2


class Inbox(_Strict):
    """A file is taken when size and time have not changed over two looks `settle_seconds` apart."""

    settle_seconds: Annotated[float, Field(ge=0)] = 1.0


class Risk(_Strict):
    """Failure risk: horizon in days, the bands of p_fail, and how many of each outcome a model needs."""

    horizon_days: Annotated[int, Field(ge=1, le=365)] = 90
    high: Annotated[float, Field(gt=0, lt=1)] = 0.6
    medium: Annotated[float, Field(gt=0, lt=1)] = 0.35
    minimum_signed: Annotated[int, Field(ge=1)] = 200
    minimum_failed: Annotated[int, Field(ge=1)] = 200
    train_weeks: Annotated[int, Field(ge=4)] = 104
    backtest_folds: Annotated[int, Field(ge=1, le=52)] = 6


class Alerts(_Strict):
    """Alerts: rule set, a supervisor's weekly budget of risk alerts, weeks replayed over past data."""

    rules: str = "default"
    weekly_budget: Annotated[int, Field(ge=1)] = 10
    escalate_after_working_hours: Annotated[float, Field(gt=0)] = 24
    replay_weeks: Annotated[int, Field(ge=0, le=104)] = 13


class Settings(_Strict):
    """Everything a workspace can set; see docs/operations.md."""

    company: Name = Name(zh="我的公司", en="My company")
    language: Language = "zh-CN"
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    clock: Literal["wall", "data"] = "wall"
    calendar: Literal["china", "weekends", "every_day"] = "china"
    playbook: str = "fmcg_five_stage"
    mappings: tuple[str, ...] = ()
    resources: Resources = Resources()
    inbox: Inbox = Inbox()
    risk: Risk = Risk()
    alerts: Alerts = Alerts()
    kpi_share: Annotated[float, Field(ge=0, le=1)] = 0.15

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not a timezone such as Asia/Shanghai") from error
        return value


def load_settings(workspace: Path) -> Settings:
    """The workspace's settings; raises StagewatchError where there is no workspace or a setting is wrong."""
    return load_model(require_workspace(workspace), Settings)


def require_workspace(workspace: Path) -> Path:
    """The workspace's settings file; raises StagewatchError where the folder is no workspace."""
    path = workspace / "stagewatch.yaml"
    if not path.is_file():
        raise StagewatchError(
            "is not a stagewatch workspace (no stagewatch.yaml)",
            remedy="run `stagewatch init DIR`, or name one with --workspace",
            file=workspace,
        )
    return path

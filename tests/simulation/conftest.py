"""Two companies shared by the simulator's tests: a tiny one with everything, a middling one for figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from simulation.company import Summary, simulate
from simulation.parameters import Parameters


@dataclass(frozen=True)
class Simulated:
    """A company's folder, what it was made from, and the writer's own summary."""

    folder: Path
    parameters: Parameters
    summary: Summary

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "truth" / f"{name}.parquet")

    def rows(self, kind: str) -> pl.DataFrame:
        """All rows of one kind of file, as text, with the file's name in `_file`."""
        parts = []
        for path in sorted((self.folder / "inbox").glob(f"{kind}*.csv")):
            raw = path.read_bytes()
            text = raw.decode("utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "gb18030")
            frame = pl.read_csv(text.encode(), infer_schema=False)
            parts.append(frame.with_columns(_file=pl.lit(path.name)))
        return pl.concat(parts)


@pytest.fixture(scope="session")
def tiny_company(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Factor 0.02: about 400 opportunities, one rep to an office."""
    parameters = Parameters(factor=0.02)
    folder = tmp_path_factory.mktemp("tiny_company")
    return Simulated(folder, parameters, simulate(folder, parameters))


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Factor 0.5: about 9,800 opportunities in two chunks."""
    parameters = Parameters(factor=0.5)
    folder = tmp_path_factory.mktemp("company")
    return Simulated(folder, parameters, simulate(folder, parameters))

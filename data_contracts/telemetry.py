"""Nobody is called: what the environment says to every dependency that would report its use."""

from __future__ import annotations

import os

NO_TELEMETRY = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}


def switch_telemetry_off() -> None:
    """Say so in this process and in all that it starts; what a person has set already stands."""
    for name, value in NO_TELEMETRY.items():
        os.environ.setdefault(name, value)

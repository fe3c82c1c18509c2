"""The dashboard's entry: language and filters at the side, one page at a time, every page on one snapshot.

Started by `stagewatch dashboard` (see launch.py). It reads the published snapshot and nothing else, so it works
while a run is writing, and takes the new snapshot with the next page or filter.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboards.choices import choose, choose_several
from dashboards.context import Context, process_and_snapshot, workspace_folder
from dashboards.views import dwell, funnel, health, overview, risk
from data_contracts.errors import StagewatchError
from data_contracts.figures import clock
from data_contracts.safe_cells import markdown_text
from data_contracts.settings import load_settings
from data_contracts.texts import LANGUAGES, Language, Texts
from queries.dimensions import Choice, Filter, choices, label

PAGES: tuple[tuple[str, str, Callable[[Context], None]], ...] = (
    ("overview", ":material/space_dashboard:", overview.show),
    ("funnel", ":material/filter_alt:", funnel.show),
    ("dwell", ":material/hourglass_top:", dwell.show),
    ("risk", ":material/notification_important:", risk.show),
    ("health", ":material/health_and_safety:", health.show),
)
FILTERED = ("region", "city", "product_line", "channel")
# Narrow, so that six headline figures stand in one row on a laptop; on a phone the sidebar begins closed all the same.
SIDEBAR_PIXELS = 236


def main() -> None:
    """Draw the page that was asked for."""
    workspace = workspace_folder()
    st.set_page_config(page_title="stagewatch", page_icon="📊", layout="wide", initial_sidebar_state=SIDEBAR_PIXELS)
    try:
        found = process_and_snapshot(workspace)
    except StagewatchError as error:
        st.error(str(error), icon=":material/error:")
        return
    if found is None:
        _nothing_yet(workspace)
        return
    process, snapshot = found
    with st.sidebar:
        st.markdown(f"##### {markdown_text(process.company.in_language(_language(process.language)))}")
        words = {"zh-CN": "中文", "en": "English"}
        code = choose(
            "语言 / Language", "lang", LANGUAGES, process.language, words.__getitem__, look="segments",
            label_visibility="collapsed",
        )  # fmt: skip
        language: Language = "en" if code == "en" else "zh-CN"
        context = Context(workspace, snapshot, process, language, ())
        filters = _filters(context)
        st.caption(context.t("as_of_caption", as_of=clock(process.as_of), zone=process.zone.key))
        st.caption(context.t("snapshot_caption", snapshot=markdown_text(snapshot.id)))
    context = Context(workspace, snapshot, process, language, filters)
    for name, icon, show in PAGES:
        context.pages[name] = st.Page(
            _guarded(show, context),
            title=context.t(f"page_{name}"),
            icon=icon,
            url_path=name,
            default=name == "overview",
        )
    st.navigation(list(context.pages.values())).run()


def _guarded(show: Callable[[Context], None], context: Context) -> Callable[[], None]:
    """The page, with a problem that its reader can mend said in one line instead of a traceback."""

    def run() -> None:
        try:
            show(context)
        except StagewatchError as error:
            st.error(str(error), icon=":material/error:")

    return run


def _filters(context: Context) -> tuple[Filter, ...]:
    """What the reader narrows all pages to; a later filter offers what the earlier ones leave."""
    chosen: list[Filter] = []
    st.markdown(f"###### {context.t('filters')}")
    for dimension in FILTERED:
        found: list[Choice] = context.ask(choices, dimension, tuple(chosen))
        if len(found) < 2 and not any(f.dimension == dimension for f in chosen):
            continue
        labels = {c.value: c.label or context.t("unknown") for c in found}
        values = choose_several(
            label(dimension, context.language),
            dimension,
            [c.value for c in found],
            lambda value, labels=labels: labels.get(value, str(value)),  # type: ignore[misc]
            placeholder=context.t("all_values"),
        )
        if values:
            chosen.append(Filter(dimension=dimension, values=values))
    return tuple(chosen)


def _language(default: Language) -> Language:
    """The language chosen, before its widget is drawn."""
    given = st.session_state.get("choice_lang") or st.query_params.get("lang") or default
    return "en" if given == "en" else "zh-CN"


def _nothing_yet(workspace: Path) -> None:
    try:
        default = load_settings(workspace).language
    except StagewatchError:
        default = "zh-CN"
    t = Texts("dashboard", _language(default))
    st.title("stagewatch")
    st.info(t("nothing_yet"), icon=":material/hourglass_empty:")
    st.code(f"stagewatch run --workspace {workspace}", language="bash")
    st.caption(t("nothing_yet_demo"))
    st.code("stagewatch demo", language="bash")
    st.button(t("look_again"), icon=":material/refresh:")


main()

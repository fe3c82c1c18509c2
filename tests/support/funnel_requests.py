"""Random requests that the small company of tests/queries can answer, most options at once."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from queries.dimensions import Filter
from queries.funnel_request import Exclusion, FunnelRequest

dimensions = st.sampled_from(["region", "city", "owner_id", "product_line", "channel", "lead_source"])
filters = st.builds(
    Filter,
    dimension=st.sampled_from(["region", "product_line", "channel"]),
    values=st.lists(st.sampled_from(["east", "south", "a", "b", "store", None]), max_size=3).map(tuple),
)
requests = st.builds(
    FunnelRequest,
    meaning=st.sampled_from(["reached", "observed", "direct"]),
    entry_stage=st.sampled_from([None, "needs_confirmed", "quotation"]),
    window_days=st.sampled_from(["default", None, 1, 14.5, 300]),
    step_windows=st.sampled_from([{}, {"needs_confirmed": 5}, {"quotation": 30, "contract_signed": 2}]),
    period=st.sampled_from(["none", "day", "week", "month", "quarter"]),
    cohort_from=st.sampled_from([None, date(2025, 2, 3)]),
    cohort_to=st.sampled_from([None, date(2025, 9, 17)]),
    by=st.lists(dimensions, unique=True, max_size=2).map(tuple),
    dimension_time=st.sampled_from(["entry", "current"]),
    filters=st.lists(filters, max_size=1).map(tuple),
    unit=st.sampled_from(["opportunity", "customer", "rep_customer"]),
    exclusions=st.sampled_from(
        [(), (Exclusion(record="stage_events", what="lost", after="first_contact", before="quotation"),)]
    ),
    basis=st.sampled_from(["mature", "so_far"]),
)

"""What every connection finds in place."""

from __future__ import annotations

from assets.warehouse import prepare
from data_contracts.contract import load_contract
from tiny import Tiny


def test_a_staging_table_of_an_older_contract_is_made_anew() -> None:
    tiny = Tiny(as_of="2025-04-01 00:00")
    march = {"period": "2025-03", "period_start": "2025-03-01", "period_end": "2025-04-01", "amount": 1}
    tiny.add("costs", **march, category="system", item="licence")
    tiny.add("targets", **march, scope="company")
    tiny.con.execute("drop view known.costs")
    tiny.con.execute("alter table staging.costs drop column overruled_at")
    prepare(tiny.con, tiny.settings, tiny.playbook, tiny.as_of)
    columns = tiny.rows("select column_name from (describe staging.costs)")
    assert [name for (name,) in columns] == list(load_contract("sources", "costs").column_names)
    assert tiny.rows("from staging.costs") == [], "the next run fills it from what landed"
    assert tiny.rows("select count(*) from known.targets") == [(1,)], "what did not change stays"

"""Derived sources of kind `resolve`: whom a row means, found among the records that need no resolving.

What is sure goes first (numbers, phones), then what people settled, then the name as it is written, then a likely
one of the same rep, then of the same city; two that are near each other are nobody. Distinct names are compared,
never rows; the set work is SQL. Whoever cannot be found is put into staging.review, with who it may be.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from assets.staging.relations import Relation
from assets.staging.values import Column, Habits, add_steps, compile_value, condition
from assets.warehouse import read_sql, run_script
from data_contracts.identity import Identity
from data_contracts.mapping_derived import PROVENANCE, RESOLVED_COLUMNS, Resolve, kept_name
from data_contracts.sql_names import quote_ident
from models.matching import CustomerName, CustomerNames, Match, Rep, RepNames, choose, plain, shortlists

_FOUND = pa.schema(
    [("texts", pa.list_(pa.string())), ("within", pa.string()), ("id", pa.string()), ("score", pa.float64()),
     ("how", pa.string()), ("reason", pa.string()), ("scope", pa.string()), ("alias", pa.string()),
     ("candidates", pa.string())]
)  # fmt: skip
# Where a decision holds: for one rep's names, for a place's, for all.
EVERYWHERE = ""
_PHONE = re.compile(r"(1[3-9]\d)\d{4}(\d{4})")
Decisions = Mapping[tuple[str, str, str], tuple[str, str | None]]


@dataclass
class Answer:
    """What became of one name: who it is, or why nobody is taken, and what a person would settle."""

    match: Match | None = None
    how: str | None = None
    reason: str | None = None
    scope: str = EVERYWHERE
    alias: str = ""
    candidates: Sequence[Match] = ()

    def row(self, texts: Sequence[str], within: str | None) -> tuple[object, ...]:
        offered = [{"id": m.id, "name": m.name, "score": round(m.score, 3)} for m in self.candidates]
        match = self.match
        return (list(texts), within, match and match.id, match and match.score, self.how or (match and match.how),
                self.reason, self.scope, self.alias, json.dumps(offered, ensure_ascii=False))  # fmt: skip


@dataclass
class Masters:
    """Reps, customers and decisions as matching needs them; read once a run."""

    identity: Identity
    reps: RepNames
    customers: CustomerNames
    rep_names: Mapping[str, str]
    cities: Mapping[str, frozenset[str]]
    names: Mapping[str, str]  # a customer's name by its key
    by_rep: Mapping[str, Sequence[tuple[str, str]]]
    by_city: Mapping[str, Sequence[tuple[str, str]]]
    decisions: Decisions
    parsed: dict[str, CustomerName] = field(default_factory=dict)
    written: dict[tuple[str, str], dict[str, dict[str, str]]] = field(default_factory=dict)

    def parse(self, name: str) -> CustomerName:
        if name not in self.parsed:
            self.parsed[name] = self.customers.parse(name)
        return self.parsed[name]

    def pool(self, block: tuple[str, str]) -> Sequence[tuple[str, str]]:
        """The customers of one rep or city, and their names."""
        kind, key = block
        return self.by_rep[key] if kind == "rep" else self.by_city[key]

    def named(self, block: tuple[str, str], text: str) -> dict[str, str]:
        """The customers of a block that are called just so, with the name as it stands there."""
        if block not in self.written:
            names: dict[str, dict[str, str]] = {}
            for customer, name in self.pool(block):
                names.setdefault(self.parse(name).text, {}).setdefault(customer, name)
            self.written[block] = names
        return self.written[block].get(text, {})

    def decision(self, what: str, scopes: Iterable[str], text: str) -> tuple[str, str | None] | None:
        """What people settled, the narrowest scope first: (same | new | ignore, id)."""
        # An exported list shows phone numbers masked, and `plain` leaves nothing of the stars.
        written = plain(text)
        for scope in (*scopes, EVERYWHERE):
            for name in (written, _PHONE.sub(r"\1\2", written)):
                if (what, scope, name) in self.decisions:
                    return self.decisions[what, scope, name]
        return None


def read_masters(con: duckdb.DuckDBPyConnection, identity: Identity) -> Masters:
    """Make the master tables from the canonical ones, and read them."""
    run_script(con, "assets.staging", "masters.sql")
    return masters_of(con, identity)


def masters_of(con: duckdb.DuckDBPyConnection, identity: Identity) -> Masters:
    """The master tables as they are."""
    places: dict[str, set[str]] = defaultdict(set)
    people: dict[str, tuple[str, str | None]] = {}
    for rep_id, name, phone, office, city in con.execute(
        "select rep_id, coalesce(rep_name, rep_id), phone, office, city from _reps order by all"
    ).fetchall():
        people[rep_id] = (name, phone)
        places[rep_id] |= {p for p in (office, city) if p}
    by_rep: dict[str, set[tuple[str, str]]] = defaultdict(set)
    by_city: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for customer, name, rep, city in con.execute("from _customers").fetchall():
        if rep:
            by_rep[rep].add((customer, name))
        if city:
            by_city[city].add((customer, name))
    cities: dict[str, set[str]] = defaultdict(set)
    for rep, city in con.execute("from _rep_cities").fetchall():
        cities[rep].add(city)
    return Masters(
        identity,
        RepNames(identity, [Rep(r, n, p, frozenset(places[r])) for r, (n, p) in people.items()]),
        CustomerNames(identity, {*by_city, *(p for found in places.values() for p in found)}),
        {rep: name for rep, (name, _) in people.items()},
        {rep: frozenset(found) for rep, found in cities.items()},
        dict(con.execute("select customer_id, customer_name from _customer_names").fetchall()),
        {rep: sorted(names) for rep, names in by_rep.items()},
        {city: sorted(names) for city, names in by_city.items()},
        {(what, scope, plain(alias)): (decision, settled) for what, scope, alias, decision, settled in con.execute(
            "select what, scope, alias, decision, settled_as from _aliases order by all").fetchall()},
    )  # fmt: skip


def resolved_relation(
    con: duckdb.DuckDBPyConnection, name: str, rule: Resolve, base: Relation, habits: Habits, masters: Masters
) -> Relation:
    """`base` with whom each row means, as a temporary table named `name` (quoted)."""
    _gather(con, rule, base, habits)
    asked = con.execute('select distinct "r:rep", "r:place" from _asked where len("r:rep") > 0 order by all').fetchall()
    people = find_reps(masters, [(texts, place or "") for texts, place in asked])
    _register(con, "_found_reps", [found.row(*one) for found, one in zip(people, asked, strict=True)])
    con.execute("""
        create or replace temp table _asked_customers as
        select distinct a."r:customer" as texts, r.id as rep_id, a."r:place" as place,
               concat_ws(chr(31), r.id, a."r:place") as within
        from _asked a left join _found_reps r on r.texts = a."r:rep" and r.within is not distinct from a."r:place"
        where len(a."r:customer") > 0""")
    wanted = con.execute("select texts, rep_id, place, within from _asked_customers order by all").fetchall()
    answers = find_customers(masters, [(texts, rep, place or "") for texts, rep, place, _ in wanted])
    _register(con, "_found_customers", [a.row(w[0], w[3]) for a, w in zip(answers, wanted, strict=True)])
    kept = [f"a.{quote_ident(n)} as {quote_ident(kept_name(n, RESOLVED_COLUMNS))}" for n in base.scope
            if n not in PROVENANCE]  # fmt: skip
    kept += [f"a.{quote_ident(f'{flag}{n}')}" for n in base.faults for flag in ("!", "d:")]
    kept += ['a."o:overruled_at"'] if base.is_told else []
    sql = read_sql("assets.staging", "resolved_rows.sql").replace("{{columns}}", ", ".join(["", *kept]))
    con.execute(f"create or replace temp table {name} as {sql}")
    con.execute(read_sql("assets.staging", "review_names.sql").replace("{{table}}", name))
    scope = {kept_name(n, RESOLVED_COLUMNS): Column(quote_ident(kept_name(n, RESOLVED_COLUMNS)), c.kind)
             for n, c in base.scope.items() if n not in PROVENANCE}  # fmt: skip
    scope |= {n: base.scope[n] for n in PROVENANCE} | {n: Column(quote_ident(n)) for n in RESOLVED_COLUMNS}
    return Relation(f"select * from {name}", scope, base.faults, is_derived=True, is_told=base.is_told)


def _gather(con: duckdb.DuckDBPyConnection, rule: Resolve, base: Relation, habits: Habits) -> None:
    """_asked: the rows, numbered, and as `r:...` what is asked of each."""
    at = compile_value("r:at", rule.at, base.scope, habits, "TIMESTAMPTZ")

    def texts(columns: Sequence[str]) -> str:
        listed = ", ".join(f"nullif(trim({base.scope[c].sql}::varchar), '')" for c in columns)
        return f"list_filter([{listed}]::varchar[], lambda x: x is not null)"

    place = f"nullif(concat_ws(' ', {', '.join(base.scope[c].sql for c in rule.place)}), '')" if rule.place else "null"
    stated = base.scope[rule.opportunity].sql if rule.opportunity else "null"
    needs = condition(rule.needs_opportunity, base.scope) if rule.needs_opportunity else "false"
    other = "" if base.is_derived else (
        ", null::integer as other_file_id, null::varchar as other_sheet, null::bigint as other_row"
    )  # fmt: skip
    sql = add_steps(f"select *{other}, {', '.join(at.text_columns)} from ({base.sql})", [at])
    con.execute(f"""
        create or replace temp table _asked as
        select *, row_number() over () as "r:no", {at.value}::date as "r:day", {texts(rule.rep)} as "r:rep",
               {texts(rule.customer)} as "r:customer", {place}::varchar as "r:place", {stated}::varchar as "r:stated",
               coalesce({needs}, false) as "r:needs"
        from ({sql})""")


def _register(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[object, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(_FOUND)
    data = pa.table([pa.array(c, f.type) for c, f in zip(columns, _FOUND, strict=True)], schema=_FOUND)
    con.register("_rows", data)
    con.execute(f"create or replace temp table {table} as from _rows")
    con.unregister("_rows")


def find_reps(masters: Masters, asked: Sequence[tuple[Sequence[str], str]]) -> list[Answer]:
    """Who each (texts, place) is. An account that showed one rep's name once is that rep's under any name shown."""
    answers = [_find_rep(masters, *one) for one in asked]
    owners: dict[str, dict[str, Match]] = defaultdict(dict)
    for (texts, _), answer in zip(asked, answers, strict=True):
        if answer.match is not None and len(texts) > 1:
            owners[texts[0]][answer.match.id] = answer.match
    for number, ((texts, _), answer) in enumerate(zip(asked, answers, strict=True)):
        if answer.reason is not None and len(owners.get(texts[0], {})) == 1:
            answers[number] = Answer(next(iter(owners[texts[0]].values())))
    return answers


def _find_rep(masters: Masters, texts: Sequence[str], place: str) -> Answer:
    """Who a row's sender is; `texts` are tried in order by each way before the next way is."""
    where = masters.reps.places_in(place)
    scopes = sorted(where)
    for text in texts:
        match = masters.reps.by_key(text)
        if match is not None:
            return Answer(match)
    asked = Answer(scope=scopes[0] if scopes else EVERYWHERE, alias=texts[0])
    for text in texts:
        settled = masters.decision("rep", scopes, text)
        if settled is not None and settled[0] == "same" and settled[1] not in masters.rep_names:
            asked.reason = "unknown_decision"
        elif settled is not None:
            return _settled(settled, masters.rep_names)
    candidates: list[Match] = []
    for text in texts:
        candidates = masters.reps.candidates(text, where)
        match, reason = choose(candidates, masters.identity.accept, masters.identity.margin)
        if match is not None:
            return Answer(match)
        if candidates:
            break
    asked.reason = asked.reason or (reason if candidates else "unknown")
    asked.candidates = candidates[: masters.identity.candidates]
    return asked


def _settled(decision: tuple[str, str | None], names: Mapping[str, str]) -> Answer:
    word, settled = decision
    if word != "same" or settled is None:
        return Answer(how=word)
    return Answer(Match(settled, names.get(settled, settled), 1.0, "alias"))


def find_customers(masters: Masters, asked: Sequence[tuple[Sequence[str], str | None, str]]) -> list[Answer]:
    """Who each (texts, rep, place) means. Candidates are sought for all names of a rep at once, then of a city for
    those that the rep's own customers do not settle."""
    answers: list[Answer | None] = [_surely(masters, *one) for one in asked]
    near: dict[tuple[str, str], dict[str, list[Match]]] = {}
    for kind in ("rep", "city"):
        wanted: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for (texts, rep, place), answer in zip(asked, answers, strict=True):
            if answer is None:
                for block in _blocks(masters, rep, place):
                    if block[0] == kind:
                        wanted[block][texts[-1]] = None
        near |= {block: _candidates(masters, block, list(names)) for block, names in wanted.items()}
        answers = [
            answer or _likely(masters, *one, near, is_last=kind == "city")
            for one, answer in zip(asked, answers, strict=True)
        ]
    return [answer or Answer() for answer in answers]


def _cities(masters: Masters, rep: str | None, place: str) -> frozenset[str]:
    return masters.cities.get(rep or "", frozenset()) or masters.reps.places_in(place)


def _blocks(masters: Masters, rep: str | None, place: str) -> list[tuple[str, str]]:
    cities = [("city", city) for city in sorted(_cities(masters, rep, place)) if city in masters.by_city]
    return [("rep", rep), *cities] if rep in masters.by_rep else cities  # type: ignore[list-item]


def _surely(masters: Masters, texts: Sequence[str], rep: str | None, place: str) -> Answer | None:
    """By number, by decision, by the name as written where that is one customer's: the rep's own, the city's, any."""
    for text in texts:
        if text in masters.names:
            return Answer(Match(text, masters.names[text], 1.0, "key"))
    scopes = [*([rep] if rep else []), *sorted(_cities(masters, rep, place))]
    for text in texts:
        settled = masters.decision("customer", scopes, text)
        if settled is not None and (settled[0] != "same" or settled[1] in masters.names):
            return _settled(settled, masters.names)
    for text in texts:
        for block in _blocks(masters, rep, place):
            same = masters.named(block, plain(text))
            if len(same) == 1:
                ((customer, name),) = same.items()
                return Answer(Match(customer, name, 1.0, "exact"))
            if same:
                break
    return None


def _candidates(masters: Masters, block: tuple[str, str], texts: list[str]) -> dict[str, list[Match]]:
    """For each name the customers of one rep or city that are like it, each once, the likest first."""
    pool = masters.pool(block)
    known = [masters.parse(name) for _, name in pool]
    asked = [masters.parse(text) for text in texts]
    found: dict[str, list[Match]] = {}
    for text, name, near in zip(texts, asked, shortlists(asked, known), strict=True):
        best: dict[str, Match] = {}
        for place in near:
            customer, written = pool[place]
            score = masters.customers.likeness(name, known[place])
            if score >= masters.identity.offer and (customer not in best or score > best[customer].score):
                best[customer] = Match(customer, written, score, "exact" if score == 1.0 else "fuzzy")
        found[text] = sorted(best.values(), key=lambda m: (-m.score, m.id))
    return found


def _likely(
    masters: Masters, texts: Sequence[str], rep: str | None, place: str,
    near: Mapping[tuple[str, str], Mapping[str, list[Match]]], *, is_last: bool,
) -> Answer | None:  # fmt: skip
    """One of the rep's own that is like enough, else one of the city's that is more so; else nobody, and why.

    None where the city is still to be asked.
    """
    identity, text = masters.identity, texts[-1]
    cities = sorted(_cities(masters, rep, place))
    answer = Answer(reason="unknown", scope=rep or (cities[0] if cities else EVERYWHERE), alias=text)
    everyone: dict[str, Match] = {}
    for block in _blocks(masters, rep, place):
        if block not in near:
            return None
        candidates = near[block][text]
        accept = identity.accept if block[0] == "rep" else identity.accept_elsewhere
        match, reason = choose(candidates, accept, identity.margin)
        if match is not None:
            return Answer(match)
        if reason == "ambiguous" or (reason == "below_threshold" and answer.reason == "unknown"):
            answer.reason = reason
        for candidate in candidates:
            everyone.setdefault(candidate.id, candidate)
        if reason == "ambiguous":
            is_last = True
            break
    answer.candidates = sorted(everyone.values(), key=lambda m: (-m.score, m.id))[: identity.candidates]
    return answer if is_last else None

"""Claims held against the rules of their time: the queries against a loop over every claim."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import PPM
from core.gate.breaches import (
    KINDS,
    JudgedClaims,
    Reckoning,
    Tally,
    answered,
    breached,
    breaches,
    less,
    reckon,
    under,
)
from core.governance.rules_in_force import RulesSpan
from core.governance.state import Entry
from core.governance.validations.standing import Standing
from core.ledger.connection import Ledger
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import Selection
from core.queries.sums.rule_outcomes import worths
from core.registry.escalation_rules import ACTIONS, Action, Override, RuleBand, Rules, decide
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.entries import spec_with
from tests.worlds.governed.rounds import examples
from tests.worlds.governed.rule_sets import rule_sets

T0 = datetime(2026, 11, 2)
DAY = timedelta(days=1)
OLD = Fingerprint(model_version="m-1", prompt_version="p")
NEW = Fingerprint(model_version="m-2")
BARE = Fingerprint()
PRINTS = (OLD, NEW, BARE)
CUT_90 = Rules(
    (RuleBand(620_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate"))
)
MEDICAL = Rules(
    CUT_90.bands,
    (Override("Topic", "medical", (RuleBand(900_000, "escalate"), RuleBand(None, "review"))),),
    known_values=(("topic", ("tax",)),),
)

_SEGMENTS = ("language", "topic")
_COLUMNS = pa.schema(
    [
        ("event_id", pa.string()),
        ("signal", pa.string()),
        ("ts", pa.timestamp("us")),
        ("confidence_ppm", pa.int32()),
        *((name, pa.string()) for name in FIELDS),
        ("input_id", pa.string()),
        ("split", pa.string()),
        ("action", pa.string()),
        ("outcome", pa.int8()),
        *((f"seg_{name}", pa.string()) for name in _SEGMENTS),
        ("import_id", pa.int32()),
        ("import_row", pa.int64()),
    ]
)

Row = Mapping[str, Any]


def full(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [
        {
            "event_id": f"e{i}",
            "signal": "triage",
            "ts": T0 + DAY,
            "confidence_ppm": None,
            "split": "production",
            "action": None,
            "outcome": None,
            "import_id": 1,
            "import_row": i,
            **dict.fromkeys((*FIELDS, "input_id", *(f"seg_{one}" for one in _SEGMENTS))),
            **row,
        }
        for i, row in enumerate(rows)
    ]


def fill(ledger: Ledger, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Put claims straight into a ledger in place of those that are there."""
    found = full(rows)
    with ledger.transaction() as cursor:
        cursor.execute("DELETE FROM claims")
        cursor.execute("DELETE FROM decisions")
        cursor.register("new_claims", pa.Table.from_pylist(found, _COLUMNS))
        cursor.execute("INSERT INTO claims BY NAME SELECT * FROM new_claims")
        cursor.unregister("new_claims")
    return found


def answer(ledger: Ledger, number: int, event: str, action: Action) -> None:
    with ledger.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO decisions VALUES ($no, $id, $at, 'triage', $event, '0.9', 900000, '{}',
                '{}', $action, 'band:0-1', 'r', 'validated', 3)
            """,
            {"no": number, "id": f"d-{number}", "at": T0, "event": event, "action": action},
        )


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with Ledger.in_memory() as found:
        with found.transaction() as cursor:
            for name in _SEGMENTS:
                cursor.execute(f"ALTER TABLE claims ADD COLUMN seg_{name} VARCHAR")
                cursor.execute("INSERT INTO segment_dimensions VALUES ($name, 1)", {"name": name})
        yield found


def span(
    rules: Rules, acting: Sequence[Fingerprint] = (), since: float = 0, until: float | None = None
) -> RulesSpan:
    """Rules in force for some days, counted from T0."""
    spec = spec_with(owner="p-1", validators=("p-2",), rules=rules)
    standings = {one: Standing("validated", True, f"Open {one.id}.") for one in acting}
    return RulesSpan(
        T0 + since * DAY,
        None if until is None else T0 + until * DAY,
        Entry(spec, f"sha-{since}", "m", int(since * 100), T0 + since * DAY),
        standings,
    )


def all_of(
    ledger: Ledger, spans: Sequence[RulesSpan], selection: Selection | None = None
) -> Reckoning:
    return reckon(ledger.cursor(), spans, selection or Selection("triage"))


# ----------------------------------------------------------------------------- any rules and claims
any_rules = rule_sets(
    st.sampled_from([200_000, 500_000, 620_000, 900_000]),
    st.sampled_from(["language", "TOPIC", "nowhere"]),
    st.sampled_from(["a", "b"]),
    [(), (("language", ("c",)), ("TOPIC", ("b", "c")))],
    most=3,
)


@st.composite
def histories(draw: st.DrawFn) -> list[RulesSpan]:
    begins = sorted(draw(st.sets(st.integers(0, 6), min_size=1, max_size=4)))
    return [
        span(draw(any_rules), sorted(draw(st.sets(st.sampled_from(PRINTS))), key=str), one, after)
        for one, after in zip(begins, [*begins[1:], None], strict=False)
    ]


claims = st.fixed_dictionaries(
    {
        "ts": st.one_of(st.integers(0, 9), st.floats(-1, 10)).map(lambda day: T0 + day * DAY),
        "confidence_ppm": st.sampled_from(
            [None, 0, 199_999, 200_000, 500_000, 619_999, 620_000, 899_999, 900_000, PPM]
        ),
        "action": st.sampled_from([None, "automate", *ACTIONS]),
        "outcome": st.sampled_from([None, 0, 1]),
        "split": st.sampled_from(["production", "heldout", "tuning"]),
        "seg_language": st.sampled_from([None, "a", "b", "c"]),
        "seg_topic": st.sampled_from([None, "a", "b", "A", "c", " c\u2003"]),
        "print": st.sampled_from([*PRINTS, Fingerprint(model_version="m-3")]),
    }
).map(
    lambda row: {
        **{key: value for key, value in row.items() if key != "print"},
        **dict.fromkeys(FIELDS),
        **row["print"].as_json(),
    }
)


def by_hand(
    row: Row, spans: Sequence[RulesSpan]
) -> tuple[RulesSpan | None, str | None, str | None, str]:
    """Span, required action, rule and kind of breach of one claim, by the gate's own function."""
    found = next((one for one in reversed(spans) if one.since <= row["ts"]), None)
    if found is None:
        return None, None, None, ""
    ppm = row["confidence_ppm"]
    confidence = None if ppm is None else ppm / PPM
    segments = {name: row[f"seg_{name}"] for name in _SEGMENTS if row[f"seg_{name}"] is not None}
    rules = found.entry.spec.rules
    may_act = Fingerprint.of(row) in found.acting
    required = decide(rules, confidence, segments, may_act=may_act)
    if_open = decide(rules, confidence, segments, may_act=True)
    done, kind = row["action"], ""
    if done is not None and ACTIONS.index(done) < ACTIONS.index(required.action):
        kind = "unvalidated"
        if ACTIONS.index(done) < ACTIONS.index(if_open.action):
            head = if_open.rule.split(":")[0]
            kind = {"band": "cut", "override": "override", "fallback": "missing"}[head]
    return found, required.action, required.rule, kind


@settings(max_examples=examples(10, 200))
@given(
    rows=st.lists(claims, min_size=20, max_size=40) | st.just([]),
    spans=histories(),
    period=st.booleans(),
)
def test_breaches_are_what_a_loop_over_the_claims_finds(
    ledger: Ledger, rows: list[Row], spans: list[RulesSpan], period: bool
) -> None:
    written = fill(ledger, rows)
    since, until = (T0 + 2 * DAY, T0 + 7 * DAY) if period else (None, None)
    mine = [
        row
        for row in written
        if row["split"] != "tuning"
        and (since is None or row["ts"] >= since)
        and (until is None or row["ts"] < until)
    ]
    reckoning = all_of(ledger, spans, Selection("triage", since=since, until=until))
    hand = {row["event_id"]: (row, *by_hand(row, spans)) for row in mine}

    frame = breaches(ledger.cursor(), reckoning, limit=1000, order="ts")
    told = {
        one.event_id: (one.required, one.rule, one.kind, one.entry, one.registry_version, one.done)
        for one in frame.itertuples()
    }
    assert told == {
        event: (action, rule, kind, found.entry.seq, found.entry.spec_sha256, row["action"])
        for event, (row, found, action, rule, kind) in hand.items()
        if kind and found
    }
    assert list(frame["ts"]) == sorted(frame["ts"])
    for kind in KINDS:
        same = [row for row, *_, found in hand.values() if found == kind]
        assert reckoning.tally(lambda one, kind=kind: one.kind == kind) == tally(same)
        assert set(breaches(ledger.cursor(), reckoning, kinds=[kind], limit=1000)["event_id"]) == {
            row["event_id"] for row in same
        }
    nothing = [row for row, found, *_ in hand.values() if found is None]
    assert reckoning.tally(lambda one: one.required is None) == tally(nothing)
    asked = Counter((action, rule) for _, found, action, rule, _ in hand.values() if found)
    for (_, rule), n in asked.items():
        counted = reckoning.tally(
            lambda one, rule=rule: one.required is not None and one.required.rule == rule
        )
        assert counted.n_claims == sum(n for (_, other), n in asked.items() if other == rule)
        assert n
    careful = [
        row
        for row, _, action, _, kind in hand.values()
        if row["action"] and action and not kind and row["action"] != action
    ]
    assert reckoning.tally(lambda one: one.more_careful) == tally(careful)
    assert reckoning.tally() == tally(mine)
    assert sum(one.n_claims for one in reckoning.by_kind().values()) == len(told)


def tally(rows: Sequence[Row]) -> Tally:
    labelled = [row for row in rows if row["outcome"] is not None]
    return Tally(len(rows), len(labelled), sum(row["outcome"] == 0 for row in labelled))


# ------------------------------------------------------------------------------------ by example
def claim(ppm: int | None = 950_000, action: Action | None = "automate", **more: Any) -> Row:
    return {"confidence_ppm": ppm, "action": action, "seg_topic": "tax", **NEW.as_json(), **more}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (claim(), None),
        (claim(899_999), "cut"),
        (claim(500_000, "review"), "cut"),
        (claim(500_000, "escalate"), None),
        (claim(950_000, "review"), None),
        (claim(None), "missing"),
        (claim(None, "review"), None),
        (claim(seg_topic="medical"), "override"),
        (claim(seg_topic="medical", action="review"), None),
        (claim(seg_topic=None), "override"),
        (claim(seg_topic="Medical"), "override"),
        (claim(seg_topic="m\u0435dical", action="review"), None),
        (claim(seg_topic="\u00a0tax "), None),
        (claim(model_version="m-9"), "unvalidated"),
        # An unvalidated one falls back to review, though the cut would have asked for more.
        (claim(500_000, "review", model_version="m-9"), None),
        (claim(500_000, "automate", model_version="m-9"), "cut"),
        (claim(action=None), None),
        (claim(500_000, ts=T0 - DAY), None),
    ],
)
def test_what_is_a_breach_and_of_which_kind(ledger: Ledger, row: Row, kind: str | None) -> None:
    fill(ledger, [row])
    (judged,) = all_of(ledger, [span(MEDICAL, [NEW])]).judged.values()
    assert judged.kind == kind


def test_rules_are_those_of_the_claims_own_time(ledger: Ledger) -> None:
    later = Rules((RuleBand(990_000, "review"), RuleBand(None, "automate")))
    spans = [span(CUT_90, [NEW], 0, 3), span(later, [NEW], 3, 5), span(later, [], 5)]
    fill(ledger, [claim(ts=T0 + day * DAY) for day in (1, 2.999, 3, 4, 5, 6)])
    frame = breaches(ledger.cursor(), all_of(ledger, spans), limit=10, order="ts")
    assert list(frame["event_id"]) == ["e2", "e3", "e4", "e5"]
    assert list(frame["kind"]) == ["cut"] * 4
    assert list(frame["rule"]) == ["band:0-0.99"] * 2 + ["fallback:unvalidated"] * 2
    assert list(frame["band_rule"]) == ["band:0-0.99"] * 4
    assert list(frame["entry"]) == [300, 300, 500, 500]


def test_a_breach_says_how_its_fingerprint_stood_and_what_the_gate_answered(
    ledger: Ledger,
) -> None:
    fill(ledger, [claim(500_000), claim(510_000), claim(520_000, model_version="m-9")])
    answer(ledger, 1, "e0", "automate")
    answer(ledger, 2, "e0", "escalate")
    answer(ledger, 3, "e1", "automate")
    reckoning = all_of(ledger, [span(CUT_90, [NEW])])
    frame = breaches(ledger.cursor(), reckoning, limit=10, order="ts").set_index("event_id")
    assert list(frame["gate_action"])[:2] == ["escalate", "automate"]
    assert list(frame["gate_decision"])[:2] == ["d-2", "d-3"]
    assert list(frame["followed"])[:2] == [False, True]
    assert frame["followed"].isna()["e2"]
    assert frame["standing"]["e0"] == f"Open {NEW.id}."
    assert frame["standing"]["e2"] == "This fingerprint was never validated."
    assert answered(ledger.cursor(), reckoning) == (2, 1)


def test_breaches_are_leafed_through_without_a_gap(ledger: Ledger) -> None:
    fill(ledger, [claim(500_000, outcome=i % 2) for i in range(7)])
    reckoning = all_of(ledger, [span(CUT_90, [NEW])])
    found = [
        event
        for offset in (0, 3, 6)
        for event in breaches(ledger.cursor(), reckoning, limit=3, offset=offset)["event_id"]
    ]
    assert found == [f"e{i}" for i in range(7)]
    worst = breaches(ledger.cursor(), reckoning, limit=7, order="worst")
    assert list(worst["outcome"]) == [0, 0, 0, 0, 1, 1, 1]


def test_breaches_are_narrowed_to_a_rule(ledger: Ledger) -> None:
    fill(ledger, [claim(500_000), claim(800_000), claim(model_version="m-9")])
    reckoning = all_of(ledger, [span(CUT_90, [NEW])])
    assert len(breached(reckoning)) == 3
    frame = breaches(ledger.cursor(), reckoning, rules=["band:0.62-0.90"], limit=9)
    assert list(frame["event_id"]) == ["e1"]


def test_without_an_entry_nothing_is_a_breach(ledger: Ledger) -> None:
    fill(ledger, [claim(500_000)])
    reckoning = all_of(ledger, [])
    assert reckoning.tally(lambda one: one.required is None).n_claims == 1
    assert breaches(ledger.cursor(), reckoning, limit=9).empty


def test_other_rules_are_tried_on_the_standings_of_the_time(ledger: Ledger) -> None:
    fill(ledger, [claim(880_000), claim(880_000, model_version="m-9")])
    now = Rules((RuleBand(850_000, "review"), RuleBand(None, "automate")))
    found = all_of(ledger, under([span(CUT_90, [NEW])], now))
    asked = {
        one.required.rule: found.tally(lambda other, one=one: other is one).n_claims
        for one in found.judged.values()
        if one.required
    }
    assert asked == {"band:0.85-1": 1, "fallback:unvalidated": 1}


def test_labels_on_one_input_are_worth_as_few_as_inputs(ledger: Ledger) -> None:
    inputs = ["a", "a", "a", "b", None, None]
    fill(ledger, [claim(outcome=1, input_id=one) for one in inputs])
    reckoning = all_of(ledger, [span(CUT_90, [NEW])])
    codes = reckoning.codes(lambda _: True)
    found = worths(
        ledger.cursor(), reckoning.selection, reckoning.sorting, {"all": codes, "none": []}
    )
    assert found.keys() == {"all"}
    assert math.isclose(found["all"], 36 / (9 + 1 + 2))


def test_no_action_is_never_less_careful() -> None:
    (required,) = {decide(CUT_90, 0.1, {}, may_act=True)}
    assert not less(None, required)
    assert not JudgedClaims(0, None, "automate", None, None).more_careful

"""What a change of rules would have done, against a loop over claims with the gate's own rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.events import PPM
from core.gate.backtest import Effects, Load, effects
from core.ledger.connection import Ledger
from core.registry.escalation_rules import ACTIONS, Action, Override, RuleBand, Rules, decide
from core.registry.signal_spec import UNPLANNED, UNRULED, SignalSpec
from tests.worlds.claims.events import add_claims
from tests.worlds.governed.entries import spec_with
from tests.worlds.governed.rounds import examples
from tests.worlds.governed.rule_sets import rule_sets

NOW = datetime(2026, 11, 24, 12)
CUT_90 = Rules(
    (RuleBand(620_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate"))
)
CUT_85 = Rules(
    (RuleBand(620_000, "escalate"), RuleBand(850_000, "review"), RuleBand(None, "automate"))
)

Row = Mapping[str, Any]


def filled(ledger: Ledger, rows: Sequence[Row], *, repeats: bool = False) -> None:
    """Put claims straight into an empty ledger."""
    usual = {"ts": NOW - timedelta(days=1), "seg_language": None, "seg_topic": None}
    add_claims(ledger, [usual | row for row in rows], repeats=["triage"] if repeats else ())


def entry(rules: Rules) -> SignalSpec:
    return spec_with(rules=rules)


def asked(ledger: Ledger, old: Rules | None, new: Rules, **given: Any) -> Effects:
    with ledger.cursor() as cursor:
        return effects(cursor, old and entry(old), entry(new), now=NOW, **given)


def many(n: int, ppm: int | None, outcome: int | None, **more: Any) -> list[Row]:
    return [{"confidence_ppm": ppm, "outcome": outcome, **more}] * n


#: 100 claims at 0.95, of which 60 are labelled and 6 of these wrong; 40 at 0.87, of which 20 are
#: labelled and 5 of these wrong; 10 at 0.50; 5 that state nothing.
WORKED = [
    *many(54, 950_000, 1),
    *many(6, 950_000, 0),
    *many(40, 950_000, None),
    *many(15, 870_000, 1),
    *many(5, 870_000, 0),
    *many(20, 870_000, None),
    *many(10, 500_000, 1),
    *many(5, None, 1),
]


def test_a_hand_worked_change_of_a_cut(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    found = asked(ledger, CUT_90, CUT_85)
    assert (found.n_claims, found.n_labelled) == (155, 95)
    before, after = found.before, found.after
    assert before is not None
    assert (before.automate, before.review, before.escalate) == (100, 45, 10)
    assert (after.automate, after.review, after.escalate) == (140, 5, 10)
    assert (before.n_labelled, before.n_wrong) == (60, 6)
    assert (after.n_labelled, after.n_wrong) == (80, 11)
    # 100 · 6/60 and 140 · 11/80.
    assert before.errors == pytest.approx(10)
    assert after.errors == pytest.approx(19.25)
    ends = stats.binomtest(11, 80).proportion_ci(method="exact")
    assert after.errors_low == pytest.approx(11 + 60 * ends.low)
    assert after.errors_high == pytest.approx(11 + 60 * ends.high)
    (move,) = found.moves
    assert (move.before, move.after) == ("review", "automate")
    assert (move.n_claims, move.n_labelled, move.n_wrong) == (40, 20, 5)


def test_a_change_is_said_in_one_line_with_what_it_rests_on(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    assert asked(ledger, CUT_90, CUT_85).lines() == (
        "threshold between review and automate 0.90 → 0.85: 40 more automated, expected errors 10 "
        "→ 19 (95% interval 15 to 25; n labelled 80 of 140 automated)",
        "review → automate: 40 claims, 20 labelled, 5 of them wrong",
        "automate 100 → 140, review 45 → 5, escalate 10 → 10: 155 claims of the last 30 days "
        "(from 2026-10-25 to 2026-11-24), 95 labelled, as if each could act",
    )


def test_the_way_back_automates_fewer(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    first = asked(ledger, CUT_85, CUT_90).lines()[0]
    assert "40 fewer automated, expected errors 19 → 10 (" in first


def test_rules_that_stay_automate_as_many(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    found = asked(ledger, CUT_90, CUT_90)
    assert found.moves == ()
    assert found.before == found.after
    assert found.lines()[0].startswith("the rules stay as they are: as many automated, 100, ")


def test_a_new_entry_shows_what_its_rules_would_do(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    found = asked(ledger, None, CUT_90)
    assert found.before is None
    assert found.moves == ()
    assert found.lines()[0].startswith("these rules: 100 automated, expected errors 10 (95%")
    assert found.lines()[-1].startswith("automate 100, review 45, escalate 10: 155 claims")


def test_a_log_only_entry_decides_nothing_and_claims_no_rules(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    logged = spec_with(stakes="log-only", validation=UNPLANNED, rules=UNRULED)
    with ledger.cursor() as cursor:
        first = effects(cursor, None, logged, now=NOW)
        acts = effects(cursor, logged, entry(CUT_90), now=NOW)
    assert first.lines() == (
        "log-only: nothing acts on it, and what asks the gate is reviewed; 155 claims of the last "
        "30 days (from 2026-10-25 to 2026-11-24), 95 labelled",
    )
    assert acts.before is not None
    assert (acts.before.review, acts.before.escalate) == (155, 0)
    assert acts.headline == "these rules"


def test_without_labels_no_number_of_errors_is_made_up(ledger: Ledger) -> None:
    filled(ledger, many(50, 950_000, None) + many(50, 870_000, None))
    found = asked(ledger, CUT_90, CUT_85)
    assert found.after.errors is None
    assert found.after.errors_low is None
    assert (
        "50 more automated, expected errors unknown: no labels among the automated"
        in (found.lines()[0])
    )


def test_labels_on_one_side_only_give_one_number(ledger: Ledger) -> None:
    filled(ledger, many(50, 950_000, None) + many(10, 870_000, 0))
    assert "expected errors no labels → 60 (" in asked(ledger, CUT_90, CUT_85).lines()[0]


def test_what_automates_nothing_makes_no_errors(ledger: Ledger) -> None:
    filled(ledger, WORKED)
    none = Rules((RuleBand(999_999, "review"), RuleBand(None, "automate")))
    after = asked(ledger, CUT_90, none).after
    assert (after.automate, after.errors, after.errors_low, after.errors_high) == (0, 0, 0, 0)


def test_where_every_automated_claim_is_labelled_the_errors_are_known(ledger: Ledger) -> None:
    filled(ledger, many(7, 950_000, 1) + many(3, 950_000, 0))
    after = asked(ledger, None, CUT_90).after
    assert (after.errors, after.errors_low, after.errors_high) == (pytest.approx(3), 3, 3)


def test_a_signal_without_claims_says_so(ledger: Ledger) -> None:
    filled(ledger, [])
    assert asked(ledger, CUT_90, CUT_85).lines() == (
        "threshold between review and automate 0.90 → 0.85: no claim of the last 30 days (from "
        "2026-10-25 to 2026-11-24) shows what it does",
    )


def test_tuning_claims_other_signals_and_other_times_are_left_out(ledger: Ledger) -> None:
    filled(
        ledger,
        [
            {"confidence_ppm": 950_000, "ts": NOW - timedelta(days=30)},
            {"confidence_ppm": 950_000, "ts": NOW - timedelta(days=30, seconds=1)},
            {"confidence_ppm": 950_000, "ts": NOW},
            {"confidence_ppm": 950_000, "split": "tuning"},
            {"confidence_ppm": 950_000, "split": "heldout"},
            {"confidence_ppm": 950_000, "signal": "other"},
        ],
    )
    assert asked(ledger, None, CUT_90).n_claims == 2
    assert asked(ledger, None, CUT_90, days=31).n_claims == 3


def test_rules_that_treat_all_these_claims_alike_are_said_to_decide_nothing(
    ledger: Ledger,
) -> None:
    filled(ledger, many(5, 700_000, 1) + many(5, 800_000, 0))
    said = "every one of these claims gets the same action: nothing is decided"
    assert asked(ledger, CUT_85, CUT_90).lines()[-1] == said
    apart = Rules((RuleBand(750_000, "review"), RuleBand(None, "automate")))
    assert said not in asked(ledger, CUT_85, apart).lines()


def test_an_override_on_a_dimension_no_claim_has_may_be_meant_for_every_claim(
    ledger: Ledger,
) -> None:
    filled(ledger, WORKED)
    always = Rules(CUT_90.bands, (Override("region", "eu", (RuleBand(None, "review"),)),))
    after = asked(ledger, CUT_90, always)
    assert after.before is not None
    assert [(move.before, move.after) for move in after.moves] == [("automate", "review")]
    assert after.moves[0].n_claims == after.before.automate


def test_an_override_takes_the_claims_of_its_segment_only(ledger: Ledger) -> None:
    rows = [
        *many(3, 950_000, 1, seg_language="hi"),
        *many(4, 950_000, 1, seg_language="de"),
        *many(5, 950_000, 1),
    ]
    filled(ledger, rows)
    # Spelled in other case than the ledger's, as an import would take it too.
    always = Rules(
        CUT_90.bands,
        (Override("Language", "hi", (RuleBand(None, "review"),)),),
        known_values=(("LANGUAGE", ("de",)),),
    )
    (move,) = asked(ledger, CUT_90, always).moves
    # Claims that state no language may be Hindi.
    assert (move.before, move.after, move.n_claims) == ("automate", "review", 3 + 5)


def test_claims_on_one_input_count_as_few_labels(ledger: Ledger) -> None:
    """Two labelled inputs of five claims each, one wrong throughout, are worth two labels."""
    rows = [
        *many(5, 950_000, 1, input_id="a"),
        *many(5, 960_000, 0, input_id="b"),
        *many(90, 950_000, None),
    ]
    filled(ledger, rows, repeats=True)
    after = asked(ledger, None, CUT_90).after
    ends = stats.binomtest(1, 2).proportion_ci(method="exact")
    assert after.errors == pytest.approx(50)
    assert after.errors_low == pytest.approx(5 + 90 * ends.low)
    assert after.errors_high == pytest.approx(5 + 90 * ends.high)


def test_claims_without_an_input_are_each_one_of_its_own(ledger: Ledger) -> None:
    rows = many(4, 950_000, 1) + many(4, 950_000, 0) + many(92, 950_000, None)
    filled(ledger, rows, repeats=True)
    ends = stats.binomtest(4, 8).proportion_ci(method="exact")
    assert asked(ledger, None, CUT_90).after.errors_low == pytest.approx(4 + 92 * ends.low)


def test_a_dimension_is_found_in_whatever_case_the_ledger_spells_it(ledger: Ledger) -> None:
    filled(ledger, many(3, 950_000, 1))
    with ledger.transaction() as cursor:
        cursor.execute('ALTER TABLE claims ADD COLUMN "seg_Region" VARCHAR')
        cursor.execute("INSERT INTO segment_dimensions VALUES ('Region', 1)")
        cursor.execute("UPDATE claims SET \"seg_Region\" = 'eu' WHERE event_id <> 'e1'")
        cursor.execute("UPDATE claims SET \"seg_Region\" = 'us' WHERE event_id = 'e1'")
    always = Rules(
        CUT_90.bands,
        (Override("region", "eu", (RuleBand(None, "review"),)),),
        known_values=(("region", ("us",)),),
    )
    (move,) = asked(ledger, CUT_90, always).moves
    assert move.n_claims == 2


any_rules = rule_sets(
    st.sampled_from([1, 300_000, 300_001, 900_000]),
    st.sampled_from(["language", "topic", "region"]),
    st.sampled_from(["x", "y"]),
    [(), (("language", ("y", "z")), ("TOPIC", ("z",)))],
)
claims = st.lists(
    st.fixed_dictionaries(
        {
            "confidence_ppm": st.sampled_from([None, 0, 299_999, 300_000, 900_000, PPM]),
            "outcome": st.sampled_from([None, 0, 1]),
            "seg_language": st.sampled_from([None, "x", "y", "z", "Z", "\u00a0z "]),
            "seg_topic": st.sampled_from([None, "x", "z"]),
            "input_id": st.sampled_from([None, "i", "j"]),
            "split": st.sampled_from(["production", "tuning", "heldout"]),
            "ts": st.sampled_from([NOW, NOW - timedelta(days=1), NOW - timedelta(days=40)]),
        }
    ),
    max_size=30,
)


def by_loop(rows: Sequence[Row], rules: Rules) -> list[Action]:
    """What the gate says of each claim, one by one."""
    actions = []
    for row in rows:
        ppm = row["confidence_ppm"]
        segments = {
            name: row[f"seg_{name}"] for name in ("language", "topic") if row[f"seg_{name}"]
        }
        answer = decide(rules, None if ppm is None else ppm / PPM, segments, may_act=True)
        actions.append(answer.action)
    return actions


def check_load(
    load: Load, rows: Sequence[Row], actions: Sequence[Action], *, repeats: bool
) -> None:
    counts = Counter(actions)
    assert [load.of(action) for action in ACTIONS] == [counts[action] for action in ACTIONS]
    labelled = [
        row
        for row, action in zip(rows, actions, strict=True)
        if action == "automate" and row["outcome"] is not None
    ]
    n, wrong = len(labelled), sum(row["outcome"] == 0 for row in labelled)
    assert (load.n_labelled, load.n_wrong) == (n, wrong)
    if not n:
        expected = None if counts["automate"] else 0.0
        assert (load.errors, load.errors_low, load.errors_high) == (expected,) * 3
        return
    inputs = Counter(
        row["input_id"] if repeats and row["input_id"] else i for i, row in enumerate(labelled)
    )
    worth = n * n / sum(m * m for m in inputs.values())
    right = wrong / n * worth
    low = stats.beta.ppf(0.025, right, worth - right + 1) if wrong else 0
    high = stats.beta.ppf(0.975, right + 1, worth - right) if wrong < n else 1
    unlabelled = counts["automate"] - n
    assert load.errors == pytest.approx(counts["automate"] * wrong / n)
    assert load.errors_low == pytest.approx(wrong + unlabelled * low)
    assert load.errors_high == pytest.approx(wrong + unlabelled * high)


@settings(max_examples=examples(25, 500))
@given(claims, any_rules, any_rules, st.booleans())
def test_effects_are_what_a_loop_over_the_claims_counts(
    rows: list[Row], old: Rules, new: Rules, repeats: bool
) -> None:
    with Ledger.in_memory() as ledger:
        filled(ledger, rows, repeats=repeats)
        found = asked(ledger, old, new)
    recent = [
        row
        for row in rows
        if row["split"] != "tuning" and NOW - timedelta(days=30) <= row["ts"] < NOW
    ]
    first, then = by_loop(recent, old), by_loop(recent, new)
    assert found.n_claims == len(recent)
    assert found.n_labelled == sum(row["outcome"] is not None for row in recent)
    assert found.before is not None
    check_load(found.before, recent, first, repeats=repeats)
    check_load(found.after, recent, then, repeats=repeats)
    moved = Counter((a, b) for a, b in zip(first, then, strict=True) if a != b)
    assert {(move.before, move.after): move.n_claims for move in found.moves} == moved
    assert all(found.lines())


def test_rules_that_cannot_be_run_are_refused(ledger: Ledger) -> None:
    filled(ledger, [])
    with pytest.raises(ValueError, match="cannot be run"):
        asked(ledger, CUT_90, replace(CUT_90, missing="automate"))

"""Cuts chosen on one split, judged on another, and the rules they make."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.events import PPM
from core.gate.choose_threshold import (
    NoChange,
    ThresholdQuestion,
    choose,
    outlook,
    proposed,
    unautomated,
    with_cut,
)
from core.governance.bodies.refusal import Refused
from core.governance.replay import Replay
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import BadValue
from core.queries.base.selection import Selection
from core.registry.escalation_rules import RuleBand, check_rules, decide
from core.registry.signal_spec import Costs
from core.registry.yaml_reader import read
from core.trail.checkpoints.signer import Signer
from core.validation.tuning_leakage import NoTuning, Overlap, TunedOn
from core.views.govern.thresholds import threshold_view
from tests.worlds.governed.governed import Clock, Governed
from tests.worlds.running.begun import Begun

NOW = datetime(2026, 11, 23, 12)
LADDER = (RuleBand(620_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate"))
#: (split, confidence, language, right, wrong); inputs are all different.
CLEAN = [
    ("tuning", 0.95, "en", 99, 1),
    ("tuning", 0.85, "en", 98, 2),
    ("tuning", 0.5, "en", 40, 60),
    ("heldout", 0.95, "en", 148, 2),
    ("heldout", 0.85, "en", 148, 2),
    ("heldout", 0.5, "en", 60, 90),
]
Rows = Sequence[tuple[str, float, str, int, int]]


def written(rows: Rows) -> str:
    lines = ["event_id,ts,signal,confidence,input_id,split,seg_language,outcome,outcome_ts"]
    for split, confidence, language, right, wrong in rows:
        for outcome in [1] * right + [0] * wrong:
            i = len(lines)
            lines.append(
                f"e{i},2026-11-0{1 + i % 9}T09:00:00Z,triage,{confidence},i{i},{split},{language},"
                f"{outcome},2026-11-10T09:00:00Z"
            )
    return "\n".join(lines) + "\n"


def unregistered(ledger: Ledger, signer: Signer | None) -> Governed:
    return Governed(ledger, Clock(), signer)


@functools.cache
def with_claims(rows: Rows, *more: str) -> Callable[[Governed], None]:
    """What brings these claims, and then the registry."""

    def bring(governed: Governed) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "claims.csv"
            file.write_text(written(rows) + "".join(f"{line}\n" for line in more))
            import_file(governed.ledger, file, now=NOW)
        governed.apply()

    return bring


@pytest.fixture
def brought(begun: Begun) -> Callable[..., Governed]:
    """``brought(rows)``: a governed ledger with these claims."""
    return lambda rows, *more: begun.after(unregistered, with_claims(tuple(rows), *more))


def asked(risk: float = 0.05, confidence: float = 0.9, **more: object) -> ThresholdQuestion:
    return ThresholdQuestion(Selection("triage"), risk, confidence, **more)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------- chosen, judged
def test_the_cut_comes_from_the_tuning_split_alone_and_the_heldout_one_judges_it(brought) -> None:
    found = choose(brought(CLEAN).ledger.cursor(), asked(), NOW)
    (part,) = found.parts
    assert part.learned.cut == 0.85
    assert (part.at["tuning"].errors, part.at["tuning"].n) == (3, 200)
    assert (part.at["heldout"].errors, part.at["heldout"].n) == (4, 300)
    assert part.at["production"].n_claims == 0
    assert part.word == "kept"
    assert found.holds


@pytest.mark.parametrize(
    ("wrong", "word"), [(1, "kept"), (10, "not_told"), (40, "broken"), (150, "broken")]
)
def test_heldout_claims_keep_or_break_the_promise_or_cannot_tell(
    wrong: int, word: str, brought
) -> None:
    rows = [*CLEAN[:3], ("heldout", 0.95, "en", 200 - wrong, wrong)]
    found = choose(brought(rows).ledger.cursor(), asked(), NOW)
    assert found.parts[0].word == word
    assert found.holds == (word != "broken")


def test_without_heldout_claims_a_cut_is_unjudged(brought) -> None:
    found = choose(brought(CLEAN[:3]).ledger.cursor(), asked(), NOW)
    assert (found.parts[0].word, found.holds) == ("unjudged", True)


def test_without_a_tuning_split_nothing_is_offered_and_what_to_log_is_said(brought) -> None:
    with pytest.raises(NoTuning, match="split=tuning"):
        choose(brought(CLEAN[3:]).ledger.cursor(), asked(), NOW)


def test_conditions_that_no_claim_meets_are_told_from_a_missing_split(brought) -> None:
    question = ThresholdQuestion(Selection("triage", where=(("language", ("eng",)),)), 0.05, 0.9)
    with pytest.raises(NoTuning, match="No claim of triage has language=eng, so the sample"):
        choose(brought(CLEAN).ledger.cursor(), question, NOW)


def test_an_input_in_both_splits_is_refused_with_its_row_or_left_out(brought) -> None:
    leak = "late,2026-11-09T10:00:00Z,triage,0.95,i1,heldout,en,0,2026-11-10T09:00:00Z"
    cursor = brought(CLEAN, leak).ledger.cursor()
    with pytest.raises(TunedOn, match="event late has input i1 of tuning event e1") as refused:
        choose(cursor, asked(), NOW)
    assert isinstance(refused.value.overlap, Overlap)
    assert refused.value.overlap.n == 1
    found = choose(cursor, asked(without_overlap=True), NOW)
    assert found.left_out == 1
    assert found.parts[0].at["heldout"].errors == 4


def test_only_the_first_claim_of_an_input_counts(brought) -> None:
    again = [
        f"x{i},2026-11-09T1{i}:00:00Z,triage,0.99,i1,tuning,en,0,2026-11-10T09:00:00Z"
        for i in range(5)
    ]
    found = choose(brought(CLEAN, *again).ledger.cursor(), asked(), NOW)
    assert found.parts[0].at["tuning"].n == 200
    assert found.counts["tuning"].n_claims == 305
    assert found.counts["tuning"].n_inputs == 300


def test_the_question_may_not_name_a_split(brought) -> None:
    cursor = brought(CLEAN).ledger.cursor()
    selection = Selection("triage", where=(("split", ("heldout",)),))
    with pytest.raises(BadValue, match="leave the split out"):
        choose(cursor, ThresholdQuestion(selection, 0.05, 0.9), NOW)
    with pytest.raises(BadValue, match="leave the split out"):
        choose(cursor, asked(by="split"), NOW)


# ----------------------------------------------------------------------------------- the change
@pytest.mark.parametrize(
    ("cut", "bands"),
    [
        (850_000, ((620_000, "escalate"), (850_000, "review"), (None, "automate"))),
        (950_000, ((620_000, "escalate"), (950_000, "review"), (None, "automate"))),
        (500_000, ((500_000, "escalate"), (None, "automate"))),
        (620_000, ((620_000, "escalate"), (None, "automate"))),
    ],
)
def test_a_new_cut_moves_the_ladders_last_step(cut: int, bands: tuple) -> None:
    assert with_cut(LADDER, cut) == tuple(RuleBand(*one) for one in bands)


@pytest.mark.parametrize("cut", [1, 300_000, 620_000, 900_000, PPM - 1])
@pytest.mark.parametrize(
    "ladder", [LADDER, (*LADDER[:1], RuleBand(None, "review")), (RuleBand(None, "automate"),)]
)
def test_bands_with_a_cut_automate_from_it_on_and_can_be_run(
    ladder: tuple[RuleBand, ...], cut: int, governed
) -> None:
    rules = governed.office.state().entries["triage"].spec.rules
    changed = with_cut(ladder, cut)
    assert not check_rules(replace(rules, bands=changed))
    assert [band.action for band in changed].count("automate") == 1
    assert changed[-2].below_ppm == cut


def test_bands_without_automation_reach_up_to_one() -> None:
    assert unautomated(LADDER) == (RuleBand(620_000, "escalate"), RuleBand(None, "review"))
    assert unautomated((RuleBand(None, "automate"),)) == (RuleBand(None, "review"),)


def test_the_change_is_the_entry_with_the_new_cut_and_nothing_is_applied(brought) -> None:
    governed = brought(CLEAN)
    state = governed.office.state()
    cursor = governed.ledger.cursor()
    before = len(cursor.execute("SELECT seq FROM acts").fetchall())
    found = proposed(cursor, state, choose(cursor, asked(), NOW), NOW)
    assert '{below: "0.85", action: review}' in found.bands
    assert found.bands in found.entry
    (change,) = found.plan.changes
    assert change.reopens
    # What is copied into the editor is read back as just this change.
    (read_back,) = read(found.entry).specs
    assert read_back == change.new
    assert read_back.rules == found.rules
    assert any("0.90 → 0.85" in one.words for one in change.differences)
    assert change.effects.n_claims > 0
    assert any("single segments stay" in note for note in found.notes)
    assert len(cursor.execute("SELECT seq FROM acts").fetchall()) == before


def test_segments_get_their_own_cut_and_the_rest_is_no_longer_automated(brought) -> None:
    rows = [*CLEAN, ("tuning", 0.95, "hi", 10, 0), ("heldout", 0.95, "hi", 10, 0)]
    governed = brought(rows)
    cursor = governed.ledger.cursor()
    found = choose(cursor, asked(by="language"), NOW)
    assert {part.value: part.learned.cut for part in found.parts} == {"en": 0.85, "hi": None}
    assert all(part.learned.delta == pytest.approx(0.05) for part in found.parts)
    rules = proposed(cursor, governed.office.state(), found, NOW).rules
    ladders = {one.value: one.bands for one in rules.overrides}
    assert ladders["en"][-1] == RuleBand(None, "automate")
    assert ladders["hi"] == (RuleBand(None, "review"),)
    assert rules.bands == unautomated(LADDER)


def test_a_condition_on_one_segment_becomes_its_override(brought) -> None:
    governed = brought(CLEAN)
    cursor = governed.ledger.cursor()
    selection = Selection("triage", where=(("language", ("en",)),))
    found = proposed(
        cursor,
        governed.office.state(),
        choose(cursor, ThresholdQuestion(selection, 0.05, 0.9), NOW),
        NOW,
    )
    assert found.rules.bands == LADDER
    assert found.rules.overrides[-1].value == "en"
    assert found.rules.overrides[-1].bands[-2] == RuleBand(850_000, "review")
    # What has an override of its own is no longer listed beside it.
    assert found.rules.known_values == (("language", ("de",)),)


def test_the_first_override_of_a_dimension_lists_its_other_logged_values(
    brought, registry_text: str
) -> None:
    governed = brought([*CLEAN, ("production", 0.95, "\u00a0fr ", 2, 0)])
    start, end = registry_text.index("    overrides:"), registry_text.index("    fallback:")
    governed.apply(registry_text[:start] + registry_text[end:], who="user:desk/ann")
    cursor = governed.ledger.cursor()
    selection = Selection("triage", where=(("language", ("en",)),))
    found = proposed(
        cursor,
        governed.office.state(),
        choose(cursor, ThresholdQuestion(selection, 0.05, 0.9), NOW),
        NOW,
    )
    assert found.rules.known_values == (("language", ("fr",)),)
    assert any("language that are logged keep the bands" in note for note in found.notes)
    # Claims without a listed value could be of the segment.
    assert decide(found.rules, 0.86, {}, may_act=True).action == "review"


@pytest.mark.parametrize("where", [("week", ("2026-W45",)), ("language", ("en", None))])
def test_conditions_that_no_rule_can_say_are_no_change(where: tuple, brought) -> None:
    governed = brought(CLEAN)
    cursor = governed.ledger.cursor()
    question = ThresholdQuestion(Selection("triage", where=(where,)), 0.2, 0.8)
    found = choose(cursor, question, NOW)
    assert found.holds
    with pytest.raises(NoChange, match="no rule can say"):
        proposed(cursor, governed.office.state(), found, NOW)


@pytest.mark.parametrize(
    ("risk", "confidence", "fix"),
    [(0.05, 0.5, "a confidence level of 0.8 or more"), (0.6, 0.9, "a risk of 0.5 or less")],
)
def test_a_promise_that_is_worth_nothing_is_refused_with_the_fix(
    risk: float, confidence: float, fix: str, brought
) -> None:
    with pytest.raises(Refused, match=fix):
        choose(brought(CLEAN).ledger.cursor(), asked(risk, confidence), NOW)


def test_a_cut_that_heldout_claims_break_is_no_change(brought) -> None:
    governed = brought([*CLEAN[:3], ("heldout", 0.95, "en", 50, 150)])
    cursor = governed.ledger.cursor()
    with pytest.raises(NoChange, match="No threshold holds"):
        proposed(cursor, governed.office.state(), choose(cursor, asked(), NOW), NOW)


def test_a_cut_at_one_is_written_as_high_as_a_band_can_begin(brought) -> None:
    rows = [("tuning", 1.0, "en", 100, 0), ("tuning", 0.9, "en", 50, 50)]
    governed = brought(rows)
    cursor = governed.ledger.cursor()
    found = proposed(cursor, governed.office.state(), choose(cursor, asked(), NOW), NOW)
    assert found.rules.bands[-2].below_ppm == PPM - 1


def test_a_load_counts_every_case_and_prices_it(brought) -> None:
    governed = brought(CLEAN)
    rules = governed.office.state().entries["triage"].spec.rules
    found = choose(governed.ledger.cursor(), asked(), NOW)
    at = found.parts[0].at["heldout"]
    costs = Costs("EUR", 30_000_000, 3_000_000, 6_000_000)
    load = outlook(
        found.cells["heldout"], replace(rules, bands=with_cut(rules.bands, 850_000)), at, costs
    )
    assert load is not None
    # 300 of 450 automated of which 4 of 300 wrong; 150 at 0.5 are escalated.
    assert load.of == pytest.approx({"automate": 2000 / 3, "review": 0, "escalate": 1000 / 3})
    assert load.cost == pytest.approx(1000 * (2 / 3 * 4 / 300 * 30 + 1 / 3 * 6))
    assert load.cost_low is not None
    assert load.cost_high is not None
    assert load.cost_low < load.cost < load.cost_high


# ------------------------------------------------------------------------------------ the sample
SAMPLE = Selection("knowledge-answer.self-report")


@pytest.fixture
def sample(told_copy: Path) -> Iterator[Ledger]:
    with Ledger.open(told_copy) as ledger:
        yield ledger


def test_the_samples_leak_is_refused_and_without_it_the_tuning_split_flatters(sample) -> None:
    cursor = sample.cursor()
    with pytest.raises(TunedOn) as refused:
        choose(cursor, ThresholdQuestion(SAMPLE, 0.05, 0.9), NOW)
    assert refused.value.overlap.n == 300
    found = choose(cursor, ThresholdQuestion(SAMPLE, 0.05, 0.9, None, True), NOW)
    assert found.counts["heldout"].n_claims == 600
    (part,) = found.parts
    assert (part.learned.cut, part.word) == (0.85, "broken")
    assert not found.holds


def test_the_view_says_the_guarantee_both_columns_and_the_change(sample) -> None:
    cursor = sample.cursor()
    state = Replay().caught_up(cursor)
    view = threshold_view(cursor, state, ThresholdQuestion(SAMPLE, 0.1, 0.9, None, True), NOW)
    (part,) = view.parts
    assert part.guarantee == (
        "At 0.85 and above at most 10% are wrong, with 90% confidence: 9 of 300 tuning claims "
        "there were (3.0%), and 33% of all would be automated."
    )
    assert part.held.startswith("Held-out claims neither prove nor disprove it: 28 of 211 wrong")
    assert part.warning.startswith("Recent production says otherwise")
    assert any("300 on inputs that were tuned on are left out" in one for one in view.samples)
    assert view.change is not None
    assert view.as_json()["cuts"][0]["heldout"]["errors"] == 28


def test_other_signals_of_the_sample_have_no_tuning_split(sample) -> None:
    with pytest.raises(NoTuning):
        choose(
            sample.cursor(),
            ThresholdQuestion(Selection("duplicate-merge.self-report"), 0.05, 0.9),
            NOW,
        )


def test_where_the_trail_is_broken_there_is_a_cut_and_no_change(brought) -> None:
    view = threshold_view(brought(CLEAN).ledger.cursor(), None, asked(), NOW)
    assert view.threshold.holds
    assert view.change is None
    assert "broken" in view.no_change

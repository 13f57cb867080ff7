"""Evidence is met only on claims that were held out, and a held-out set wears out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from core.ledger.connection import Ledger
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation import steps as signing
from core.validation.criteria import CriterionResult
from core.validation.evidence_bundle import SOME_NAMED_LAYOUT, UNASKED_LAYOUT, Bundle, HeldoutUse
from core.validation.held_out import used_words
from tests.core.validation.test_steps import ANN, VERA, bring, lines
from tests.worlds.governed.evidence_claims import (
    GOLDEN,
    MONDAY,
    WEEK,
    Fill,
    claims,
    fill,  # noqa: F401
    frozen,
    ledger,  # noqa: F401
    stored,
    verified,
    weekly,
)
from tests.worlds.governed.governed import V1, Governed, registered
from tests.worlds.running.begun import Begun

M2 = Fingerprint(model_version="m2", prompt_version="p1")


def criterion(bundle: Bundle, metric: str) -> CriterionResult | None:
    return next((one for one in bundle.whole.sample.results if one.metric == metric), None)


# ------------------------------------------------------------------- apart from tuning, or declared
def test_without_a_tuning_split_and_a_declaration_it_is_not_met(
    ledger: Ledger,  # noqa: F811
    fill: Fill,  # noqa: F811
) -> None:
    fill(*weekly(400))
    bundle = frozen(ledger, untuned=False)
    asked = criterion(bundle, "tuning_apart")
    assert not bundle.met
    assert asked is not None
    assert asked.outcome == "missed"
    assert "the owner does not declare that no threshold" in asked.words
    assert all(one.outcome == "met" for one in bundle.whole.sample.results if one is not asked)


def test_a_declaration_is_part_of_what_is_signed_and_recomputes(
    ledger: Ledger,  # noqa: F811
    fill: Fill,  # noqa: F811
) -> None:
    fill(*weekly(400))
    bundle = frozen(ledger)
    assert bundle.met
    assert bundle.declared_untuned
    assert bundle.sha256 != frozen(ledger, untuned=False).sha256
    assert verified(ledger, stored(ledger, bundle)) == evidence.Recomputed(True)


@pytest.mark.parametrize(
    ("tuned", "judged", "said"),
    [
        (50, True, "no claim judged shares an event or an input with 50 tuning claims"),
        (0, True, "none of 50 tuning claims names its input"),
        (40, True, "10 of 50 tuning claims do not name their input"),
        (50, False, "3,200 of 3,200 claims judged do not name their input"),
    ],
)
def test_a_tuning_split_counts_where_all_claims_name_their_inputs(
    ledger: Ledger,  # noqa: F811
    fill: Fill,  # noqa: F811
    tuned: int,
    judged: bool,
    said: str,
) -> None:
    tuning = claims("t", 50, MONDAY - WEEK, split="tuning")
    tuning = [*tuning[:tuned], *({**one, "input_id": None} for one in tuning[tuned:])]
    weeks = weekly(400)
    if not judged:
        weeks = tuple([{**one, "input_id": None} for one in week] for week in weeks)
    fill(*weeks, tuning)
    asked = criterion(frozen(ledger, untuned=False), "tuning_apart")
    assert asked is not None
    assert (asked.outcome == "met") == (tuned == 50 and judged)
    assert said in asked.words
    declared = criterion(frozen(ledger), "tuning_apart")
    assert declared is not None
    assert declared.outcome == "met"


def test_evidence_of_when_one_named_input_was_enough_recomputes(
    ledger: Ledger,  # noqa: F811
    fill: Fill,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weeks = [[{**one, "input_id": None} for one in week] for week in weekly(60)]
    fill(*weeks, claims("t", 50, MONDAY - WEEK, split="tuning"))
    with monkeypatch.context() as then:
        of = partial(evidence.content_of, layout=SOME_NAMED_LAYOUT)
        then.setattr(evidence, "content_of", of)
        bundle = frozen(ledger, untuned=False)
    asked = criterion(bundle, "tuning_apart")
    assert asked is not None
    assert asked.outcome == "met"
    assert verified(ledger, stored(ledger, bundle)) == evidence.Recomputed(True)


def test_evidence_of_before_it_was_asked_recomputes(
    ledger: Ledger,  # noqa: F811
    fill: Fill,  # noqa: F811
) -> None:
    """Frozen by the program of then on these very claims."""
    fill(*weekly(60))
    bundle = Bundle((GOLDEN / "evidence_layout_3.json").read_text().strip())
    assert bundle.content["v"] == UNASKED_LAYOUT
    assert criterion(bundle, "tuning_apart") is None
    assert verified(ledger, stored(ledger, bundle)) == evidence.Recomputed(True)


# ---------------------------------------------------------------------------- how often it was used
def held_out(governed: Governed) -> None:
    """200 heldout inputs, stated on by two versions."""
    text = lines(governed.clock(), 200, split="heldout")
    bring(governed, text)
    bring(governed, lines(governed.clock(), 200, split="heldout", pre="f", input="e").replace(
        ",m1,", ",m2,"))  # fmt: skip


@pytest.fixture
def desk(begun: Begun) -> Governed:
    return begun.after(registered, held_out)


def submit(desk: Governed, fingerprint: Fingerprint = V1) -> Bundle:
    """Evidence is submitted, and sent back so that other evidence may be."""
    actor = desk.actor(ANN, "validation.submitted")
    bundle = signing.submit(desk.office, actor, "triage", fingerprint, untuned=True)[1]
    vera = desk.actor(VERA, "validation.rejected")
    signing.reject(desk.office, vera, "triage", fingerprint, reason="Once more.")
    return bundle


def use_of(bundle: Bundle) -> HeldoutUse:
    assert bundle.heldout_use is not None
    return bundle.heldout_use


def test_every_evidence_on_the_same_inputs_counts_of_whichever_version(desk: Governed) -> None:
    found = [use_of(submit(desk, one)).before for one in (V1, M2, V1)]
    assert found == [0, 1, 2]


def test_past_its_budget_it_is_not_met_and_says_what_to_do(desk: Governed) -> None:
    outcomes = []
    for _ in range(6):
        asked = criterion(submit(desk), "heldout_use")
        assert asked is not None
        outcomes.append(asked.outcome)
    assert outcomes == ["met"] * 5 + ["missed"]
    assert asked.words == (
        "Held-out set judged on at most 5 times: missed: 6 times with this one; its 200 inputs "
        "before by 5 × evidence; bring in heldout claims on inputs that were not judged on."
    )


def test_new_inputs_renew_a_set_by_their_share(desk: Governed) -> None:
    for _ in range(3):
        submit(desk)
    bring(desk, lines(desk.clock(), 600, split="heldout", pre="n"))
    use = use_of(submit(desk))
    # Three times a quarter of the 800 inputs.
    assert (use.inputs, use.before, use.left) == (800, 0.75, 4)


def test_what_is_judged_later_changes_no_evidence_of_before(desk: Governed) -> None:
    first = submit(desk)
    submit(desk, M2)
    with desk.ledger.cursor() as cursor:
        assert evidence.verify(cursor, first.sha256) == evidence.Recomputed(True)


def test_production_claims_wear_nothing_out(begun: Begun) -> None:
    governed = begun.after(registered)
    bring(governed, lines(governed.clock(), 900))
    for _ in range(2):
        assert submit(governed).heldout_use is None
        governed.clock.now += timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "looks", "said"),
    [
        (0.0, {}, "once, on 400 inputs"),
        (2.0, {"evidence": 2}, "3 times with this one; its 400 inputs before by 2 × evidence"),
        (
            0.75,
            {"evidence": 3},
            "1.8 times on average with this one; its 400 inputs before by 3 × evidence",
        ),
    ],
)
def test_how_often_it_was_used_is_said(before: float, looks: dict[str, int], said: str) -> None:
    assert used_words(replace(HeldoutUse(400, 0.0, {}, 5), before=before, looks=looks)) == said

"""Evidence kept, read back and recomputed, and what became of it since."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.ledger.connection import Ledger
from core.sentences.evidence import evidence_view
from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.evidence import EvidenceBroken, freeze, load, verify
from core.validation.evidence_bundle import (
    LAYOUT,
    PLAIN_LAYOUT,
    WHOLE_LAYOUT,
    Bundle,
    decimal,
)
from core.validation.evidence_diff import changes
from tests.worlds.governed.evidence_claims import (
    CRITERIA,
    GOLDEN,
    MODEL,
    MONDAY,
    NOW,
    SPEC,
    WEEK,
    Fill,
    claims,
    frozen,
    of_topics,
    planned,
    segments_of,
    stored,
    verified,
    weekly,
)


def test_a_bundle_is_stored_once_and_read_back(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))
    bundle = frozen(ledger)
    for _ in range(2):
        stored(ledger, bundle)

    with ledger.cursor() as cursor:
        read = load(cursor, bundle.sha256)
        (count,) = cursor.execute("SELECT count(*) FROM evidence").fetchall()[0]
        assert load(cursor, "0" * 64) is None

    assert count == 1
    assert read == bundle
    assert read.spec == SPEC
    assert read.fingerprint == MODEL
    assert read.at == NOW
    assert read.program == "calledger 0.1.0"


def test_a_bundle_whose_text_was_altered_is_refused(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))
    bundle = frozen(ledger)
    sha256 = stored(ledger, bundle)
    with ledger.cursor() as cursor:
        cursor.execute(
            "UPDATE evidence SET bundle = replace(bundle, '\"met\":false', '\"met\":true')"
        )
        with pytest.raises(EvidenceBroken, match="was altered"):
            load(cursor, sha256)

    comparison = verified(ledger, sha256)
    assert not comparison.same
    assert "was altered" in comparison.differences[0].words


def test_evidence_of_before_is_read_and_recomputed(ledger: Ledger, plain_bundle: Bundle) -> None:
    assert plain_bundle.content["v"] == PLAIN_LAYOUT
    with ledger.cursor() as cursor:
        assert load(cursor, plain_bundle.sha256) == plain_bundle
    assert verified(ledger, plain_bundle.sha256) == evidence.Recomputed(True)


def test_evidence_of_before_is_asked_for_no_verdict_by_parts(plain_bundle: Bundle) -> None:
    samples = [part.sample for part in (plain_bundle.whole, plain_bundle.window) if part]
    asked = {one.metric for one in CRITERIA}
    assert [{one.metric for one in sample.results} for sample in samples] == [asked, asked]


def test_an_altered_claim_is_found_behind_evidence_of_before(
    ledger: Ledger, plain_bundle: Bundle
) -> None:
    with ledger.cursor() as cursor:
        cursor.execute("UPDATE claims SET outcome = 1 - outcome WHERE event_id = 'w3-00007'")

    found = verified(ledger, plain_bundle.sha256)

    assert not found.same
    assert found.differences[0].words.startswith("The judged claims or their outcomes are not")


@pytest.mark.parametrize("name", ["gap", "ece", "brier", "n_inputs"])
def test_an_altered_estimate_of_before_is_found(
    ledger: Ledger, plain_bundle: Bundle, name: str
) -> None:
    content = json.loads(plain_bundle.text)
    content["whole"]["measures"][name] = 9 if name == "n_inputs" else "0.001"
    sha256 = stored(ledger, Bundle(canonical(content)))

    with ledger.cursor() as cursor:
        found = verify(cursor, sha256)

    assert found.differences[0].words.startswith(f"whole.measures.{name} was ")


def test_evidence_that_asked_no_segment_for_whom_its_labels_speak_is_recomputed(
    ledger: Ledger, fill: Fill
) -> None:
    """Frozen by the program of then on these very claims: the chosen segment is met in it."""
    fill(*of_topics(sure=1.0, unsure=0.3))
    bundle = Bundle((GOLDEN / "evidence_layout_2.json").read_text().strip())
    assert bundle.content["v"] == WHOLE_LAYOUT
    assert segments_of(bundle)["topic=chosen"].sample.results[-1].outcome == "met"
    assert evidence_view(bundle).segments["verdict"].tolist() == ["fine", "fine"]

    found = verified(ledger, stored(ledger, bundle))

    assert found == evidence.Recomputed(True)


def test_evidence_of_a_later_layout_is_refused(ledger: Ledger, plain_bundle: Bundle) -> None:
    later = Bundle(canonical(json.loads(plain_bundle.text) | {"v": LAYOUT + 1}))
    sha256 = stored(ledger, later)
    with ledger.cursor() as cursor, pytest.raises(EvidenceBroken, match="reads layouts 1 to 5"):
        load(cursor, sha256)


def test_evidence_that_is_not_there_is_not_the_same(ledger: Ledger) -> None:
    found = verified(ledger, "ab" * 32)
    assert not found.same
    assert found.words == f"The ledger holds no evidence {'ab' * 32}."


def test_what_comes_in_afterwards_does_not_change_it(ledger: Ledger, fill: Fill) -> None:
    early = weekly(100)
    for row in early[0][:20]:
        row["outcome"] = row["outcome_ts"] = None
    fill(*early)
    sha256 = stored(ledger, frozen(ledger))
    corrected = [
        {"event_id": row["event_id"], "signal": "triage", "outcome": 1 - (row["outcome"] or 0),
         "outcome_ts": row["ts"] + timedelta(hours=2)}
        for row in early[0][:60]
    ]  # fmt: skip
    fill(corrected, now=NOW + WEEK)
    fill(
        claims("late", 30, MONDAY + timedelta(days=1)),
        claims("t", 5, MONDAY - WEEK, split="tuning", input_id="w0-input-00001"),
        now=NOW + WEEK,
    )

    assert verified(ledger, sha256) == evidence.Recomputed(True)
    assert frozen(ledger, leave_out_overlap=True).sha256 != sha256


def test_a_segment_or_a_repeat_that_comes_in_later_does_not_change_it(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(400))
    sha256 = stored(ledger, frozen(ledger, planned(segments=("language",))))
    fill(claims("late", 9, MONDAY, seg_language="de", input_id="w0-input-00001"))

    assert verified(ledger, sha256) == evidence.Recomputed(True)


def test_the_same_claims_need_no_measuring_again(
    ledger: Ledger, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(*weekly(50))
    sha256 = stored(ledger, frozen(ledger))

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(evidence, "content_of", never)
    with ledger.cursor() as cursor:
        assert evidence.unchanged(cursor, sha256) == evidence.Recomputed(True)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE claims SET outcome = 1 - outcome WHERE event_id = 'w3-00007'",
        "UPDATE claims SET confidence_ppm = 560000 WHERE event_id = 'w3-00000'",
        "UPDATE claims SET input_id = 'x' WHERE event_id = 'w3-00007'",
        "UPDATE claims SET model_version = 'm-2' WHERE event_id = 'w3-00007'",
        "DELETE FROM claims WHERE event_id = 'w3-00007'",
    ],
)
def test_an_altered_claim_is_found(ledger: Ledger, fill: Fill, change: str) -> None:
    fill(*weekly(50))
    sha256 = stored(ledger, frozen(ledger))
    with ledger.cursor() as cursor:
        cursor.execute(change)

    comparison = verified(ledger, sha256)

    assert not comparison.same
    assert comparison.differences[0].words.startswith("The judged claims or their outcomes are not")


def test_an_alteration_that_makes_it_leak_is_found(ledger: Ledger, fill: Fill) -> None:
    fill(claims("t", 5, MONDAY - WEEK, split="tuning"), *weekly(50))
    sha256 = stored(ledger, frozen(ledger))
    with ledger.cursor() as cursor:
        cursor.execute("UPDATE claims SET input_id = 't-input-00000' WHERE event_id = 'w3-00007'")

    assert "also tuned on" in verified(ledger, sha256).differences[0].words


def test_rounding_and_wording_are_no_difference_but_a_figure_is(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50, off=0.033))
    bundle = frozen(ledger)

    def altered(edit: Callable[[dict[str, Any]], None]) -> evidence.Recomputed:
        content = json.loads(bundle.text)
        edit(content)
        sha256 = stored(ledger, Bundle(canonical(content)))
        # A figure that does not follow from its claims is refused when it is to be signed.
        with ledger.cursor() as cursor:
            return verify(cursor, sha256)

    def gap(by: float) -> Callable[[dict[str, Any]], None]:
        def edit(content: dict[str, Any]) -> None:
            measures = content["whole"]["measures"]
            measures["gap"] = decimal(float(measures["gap"]) * (1 + by))

        return edit

    assert altered(gap(1e-8)).same
    assert altered(lambda content: content.update(untold=["other words"])).same
    found = altered(gap(1e-3))
    assert not found.same
    assert found.differences[0].words.startswith("whole.measures.gap was ")
    assert not altered(lambda content: content.update(met=not content["met"])).same


def test_what_changed_since_the_last_validation_is_said(ledger: Ledger, fill: Fill) -> None:
    spec = planned(segments=("language",))
    fill(
        *[claims(f"de{w}", 300, MONDAY + w * WEEK, seg_language="de") for w in range(3)],
        claims("hi", 100, MONDAY, seg_language="hi"),
    )
    before = frozen(ledger, spec, at=MONDAY + 4 * WEEK)
    fill(
        *[
            claims(f"hi{w}", 300, MONDAY + w * WEEK, off=0.1, seg_language="hi")
            for w in range(3, 7)
        ],
    )
    after = frozen(ledger, spec)

    found = changes(before, after)

    def gap(bundle: Bundle) -> float:
        return float(bundle.whole.measures["gap"] * 100)

    assert "Labelled claims: 1,000 → 2,200." in found
    sign = "−" if gap(before) < 0 else "+"
    assert any(
        words.startswith(f"Gap: {sign}{abs(gap(before)):.1f} points → +{gap(after):.1f} points.")
        for words in found
    ), found
    assert "Share of language=hi among the claims: 10.0% → 59.1%." in found
    assert any(words.startswith("Worst required segment by gap: ") for words in found)
    assert any(words.startswith("Gap on the recent window: met → missed.") for words in found)


def test_nothing_but_the_count_is_said_when_nothing_changed(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100))
    bundle = frozen(ledger)

    assert changes(bundle, bundle) == ("Labelled claims: 800 → 800.",)


def test_another_fingerprint_and_other_terms_are_said(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100), claims("n", 100, MONDAY, model_version="m-2"))
    before = frozen(ledger)
    with ledger.cursor() as cursor:
        after = freeze(
            cursor,
            planned(min_samples=500),
            Fingerprint("m-2", "p-1"),
            at=NOW,
            program="calledger 0.1.0",
        )

    found = changes(before, after)

    assert found[:2] == (
        "Model version: m-1 → m-2.",
        "The registry entry it is judged by has changed.",
    )

"""One claim end to end, from its rows to its words."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.claims.claim_history import OutcomeVersion
from core.views.audit.claim import (
    ClaimView,
    claim_view,
    in_force,
    outcome_words,
    percent_of,
    signals_of_event,
    stated_words,
)

CLAIMS = """event_id,ts,signal,confidence,outcome,outcome_ts,outcome_source,model_version,input_id,\
action,trace_id,seg_language,note
e1,2026-11-02T09:00:00Z,s,0.95000004,1,2026-11-03T10:00:00Z,CODE,m1,i1,automate,t1,de,a **note**
e2,2026-11-04T09:00:00Z,s,,,,,m2,i1,,,,
e3,2026-11-04T09:00:00Z,s,0.6,,,,,,escalate,,,
e1,2026-11-02T09:00:00Z,judge,0.4,,,,j1,,,,,
"""
CORRECTION = (
    "event_id,signal,outcome,outcome_ts,outcome_source\ne1,s,0,2026-11-20T08:00:00Z,HUMAN\n"
)
#: The first moment after Sunday 15 November.
AFTER_THE_15TH = datetime(2026, 11, 16)


@pytest.fixture
def filled(ledger: Ledger, tmp_path: Path) -> Ledger:
    for name, content, hour in (("claims.csv", CLAIMS, 1), ("corrections.csv", CORRECTION, 2)):
        file = tmp_path / name
        file.write_text(content)
        import_file(ledger, file, now=datetime(2026, 11, 23, hour))
    return ledger


def view_of(
    ledger: Ledger, event_id: str, *, signal: str = "s", as_known: datetime | None = None
) -> ClaimView:
    with ledger.cursor() as cursor:
        view = claim_view(cursor, signal, event_id, as_known)
    assert view is not None
    return view


def facts(view: ClaimView) -> dict[str, str]:
    return {one.name: one.value for one in (*view.said, *view.about, *view.came_from)}


def test_the_headline_says_what_was_said_and_what_happened(filled: Ledger) -> None:
    assert view_of(filled, "e1").headline == "Stated 95% and was wrong."
    assert view_of(filled, "e3").headline == "Stated 60%; whether it was right is not known yet."
    unstated = "Stated no confidence; whether it was right is not known yet."
    assert view_of(filled, "e2").headline == unstated


def test_what_was_known_then_is_told_apart_from_what_is_known_now(filled: Ledger) -> None:
    then = view_of(filled, "e1", as_known=AFTER_THE_15TH)
    assert then.headline == "Stated 95% and, as known at the end of 2026-11-15, was right."
    assert "Now in force: wrong; at the end of 2026-11-15: right." in then.standing
    before = view_of(filled, "e1", as_known=datetime(2026, 11, 3))
    assert before.headline == (
        "Stated 95%; whether it was right was not known at the end of 2026-11-02."
    )


def test_a_day_that_makes_no_difference_is_not_dwelt_on(filled: Ledger) -> None:
    later = view_of(filled, "e1", as_known=datetime(2026, 11, 22))
    assert later.headline == "Stated 95% and was wrong."
    assert "Now in force" not in later.standing


def test_a_claim_made_later_than_asked_about_is_said_to_be(filled: Ledger) -> None:
    early = view_of(filled, "e3", as_known=datetime(2026, 11, 2))
    assert early.standing.startswith("It had not been made at the end of 2026-11-01.")


def test_every_outcome_stands_with_who_said_it_and_where_it_is_in_force(filled: Ledger) -> None:
    happened = view_of(filled, "e1", as_known=AFTER_THE_15TH).happened
    lines = happened[["outcome", "in_force", "source", "file", "row", "import_id"]]
    assert lines.to_numpy().tolist() == [
        ["right", "at the end of 2026-11-15", "CODE", "claims.csv", 1, 1],
        ["wrong", "now", "HUMAN", "corrections.csv", 1, 2],
    ]
    assert view_of(filled, "e3").happened.empty


def test_a_judges_label_is_listed_and_never_in_force(filled: Ledger, tmp_path: Path) -> None:
    later = tmp_path / "judge.csv"
    later.write_text(CORRECTION.replace("0,2026-11-20", "1,2026-11-21").replace("HUMAN", "LLM"))
    import_file(filled, later, now=datetime(2026, 11, 23, 3))
    view = view_of(filled, "e1")
    assert view.headline == "Stated 95% and was wrong."
    assert "1 label from a source that is not ground truth" in view.standing
    assert view.happened["in_force"].tolist()[1:] == ["now", "never: no truth"]


def test_both_the_stated_and_the_kept_confidence_are_shown(filled: Ledger) -> None:
    assert facts(view_of(filled, "e1"))["As stated"] == "0.95000004, kept to six decimals: 0.95"
    assert facts(view_of(filled, "e3"))["As stated"] == "0.6"
    assert facts(view_of(filled, "e2"))["Confidence"] == "unstated"


def test_a_claim_leads_back_to_its_row(filled: Ledger) -> None:
    found = facts(view_of(filled, "e3"))
    assert (found["File"], found["Row"], found["Import"]) == ("claims.csv", "3", "1")
    assert found["Imported"] == "2026-11-23 01:00:00 UTC"
    assert len(found["SHA-256"]) == 64


def test_text_from_outside_is_marked_as_such(filled: Ledger) -> None:
    view = view_of(filled, "e1")
    outside = {one.value for one in (*view.said, *view.about, *view.came_from) if one.logged}
    assert {"m1", "i1", "de", "a **note**", "t1", "claims.csv"} <= outside


def test_what_was_not_logged_is_named(filled: Ledger) -> None:
    view = view_of(filled, "e3")
    assert "model version" in view.not_logged
    assert "trace id" in view.not_logged
    assert "split" not in view.not_logged


def test_what_was_done_is_said(filled: Ledger) -> None:
    assert view_of(filled, "e1").done == "It was acted on without a person."
    assert view_of(filled, "e3").done == "It was escalated."
    assert view_of(filled, "e2").done == "No action was logged."


def test_other_claims_of_the_event_and_of_the_input_are_listed(filled: Ledger) -> None:
    view = view_of(filled, "e1")
    assert [(one.signal, one.event_id) for one in view.same_event] == [("judge", "e1")]
    assert [(one.signal, one.event_id) for one in view.same_input] == [("s", "e2")]
    assert view_of(filled, "e3").same_input == ()
    assert view.more == ""


def test_an_unknown_claim_is_none_and_its_event_may_be_elsewhere(filled: Ledger) -> None:
    with filled.cursor() as cursor:
        assert claim_view(cursor, "judge", "e2") is None
        assert signals_of_event(cursor, "e1") == ("judge", "s")
        assert signals_of_event(cursor, "nobody") == ()


def test_the_outcome_in_force_is_the_last_of_those_known_before() -> None:
    versions = [
        OutcomeVersion(y, None, datetime(2026, 11, day), None, False, False, 1, None)
        for y, day in ((1, 3), (0, 5), (1, 7))
    ]
    assert in_force(versions) is versions[2]
    assert in_force(versions, datetime(2026, 11, 7)) is versions[1]
    assert in_force(versions, datetime(2026, 11, 5)) is versions[0]
    assert in_force(versions, datetime(2026, 11, 3)) is None
    assert in_force([]) is None


def test_why_a_label_is_not_in_force_is_said(filled: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "second_opinions.csv"
    file.write_text(
        "event_id,signal,outcome,outcome_ts,outcome_source\n"
        "e1,s,1,2026-11-21,HUMAN\ne1,s,0,2026-11-22,CODE\ne1,s,withdrawn,2026-11-23,HUMAN\n"
    )
    import_file(filled, file, now=datetime(2026, 11, 24))
    view = view_of(filled, "e1")
    assert list(zip(view.happened["outcome"], view.happened["in_force"], strict=True)) == [
        ("right", "no: replaced"),
        ("wrong", "now"),
        ("right", "no: withdrawn"),
        ("wrong", "no: overruled"),
        ("withdrawn", "–"),
    ]
    then = view_of(filled, "e1", as_known=datetime(2026, 11, 23))
    assert then.headline == "Stated 95% and, as known at the end of 2026-11-22, was right."
    assert "A label was withdrawn; it stays on record." in view.standing


@pytest.mark.parametrize(
    ("ppm", "text"),
    [(950_000, "95%"), (899_999, "89.9999%"), (1_000_000, "100%"), (0, "0%"), (1, "0.0001%")],
)
def test_a_stated_confidence_is_never_rounded(ppm: int, text: str) -> None:
    assert percent_of(ppm) == stated_words(ppm) == text


def test_the_words_for_what_is_missing() -> None:
    assert stated_words(None) == "unstated"
    assert [outcome_words(one) for one in (1, 0, None)] == ["right", "wrong", "not known yet"]


def test_where_nothing_is_registered_a_claim_says_so_in_one_line(filled: Ledger) -> None:
    found = view_of(filled, "e1").governed
    assert found.then == "This signal is not registered: no rule was in force for it."
    assert (found.asked, found.answers, found.entry) == ("", (), None)

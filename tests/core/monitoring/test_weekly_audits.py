"""Weekly audit samples: drawn once a week whenever rounds are made, labelled, reminded of."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from core.governance.bodies.refusal import Refused
from core.monitoring import audit_draw as audit
from core.monitoring.label_upload import take
from core.monitoring.rounds import outlook, rounds
from core.monitoring.runs import run_if_due
from core.monitoring.weekly_audits import draw_weekly
from core.queries.sums.labelling.audit_answers import samples_answered
from core.queries.sums.labelling.audit_frame import frame
from core.standing.drawn_samples import awaited
from core.trail.acts import Proposal
from core.views.review.label_plan.plan import to_label_rows
from core.views.review.labelling.weekly_audit import WeeklyAudit, weekly_audit

#: A Monday after midnight, before the runs of the day.
MONDAY = datetime(2026, 11, 2, 1)
AUDITED = "  audit: {perWeek: 20, withinDays: 7}\n  tolerance:"


@pytest.fixture
def audited(
    ungoverned: Any, clock: Any, registry_text: str, monkeypatch: pytest.MonkeyPatch
) -> Any:
    # The same random numbers every time.
    fresh = secrets.token_hex
    monkeypatch.setattr(secrets, "token_hex", lambda n: "ab" * n if n == 16 else fresh(n))
    clock.now = MONDAY
    ungoverned.apply(registry_text.replace("  tolerance:", AUDITED, 1))
    return ungoverned


@pytest.fixture
def week(audited: Any, clock: Any, bring: Callable[..., None], made: Any) -> Callable[..., None]:
    """``week(per_day=20)``: the unlabelled claims of the seven days before now come in."""

    def week_before(per_day: int = 20, name: str = "en", **columns: Any) -> None:
        frame = made(clock, range(1, 8), per_day, seg_topic=name, **columns)
        stem = f"{clock.now:%m%d}-{name}-"
        bring(audited, frame.assign(event_id=stem + frame["event_id"], outcome=""))

    return week_before


def drawn(governed: Any) -> tuple[audit.Drawn, ...]:
    with governed.ledger.cursor() as cursor:
        return audit.samples(cursor, "triage")


def waiting(governed: Any) -> int:
    with governed.ledger.cursor() as cursor:
        found = awaited(cursor, governed.office.state(), "triage")
    return sum(one.waiting for one in found)


def told(governed: Any, now: datetime) -> WeeklyAudit:
    """What *Labels* says of it."""
    with governed.ledger.cursor() as cursor:
        found = weekly_audit(cursor, governed.office.state(), "triage", now)
    assert found is not None
    return found


def label_all(governed: Any) -> None:
    with governed.ledger.cursor() as cursor:
        rows = to_label_rows(cursor, "triage")
    taken = take(governed.office, "triage", rows.assign(outcome=1).to_csv(index=False).encode())
    assert not taken.refused


def test_a_week_is_drawn_once_however_often_rounds_are_made(
    audited: Any, clock: Any, week: Any
) -> None:
    week()
    for hours in (0, 2, 26, 26):
        clock.forward(hours=hours)
        run_if_due(audited.office)
        draw_weekly(audited.office)
    (one,) = drawn(audited)
    assert (one.act.actor.sub, f"{one.week}") == ("system", "2026-11-02")
    assert one.design.selection.since == MONDAY.replace(hour=0) - timedelta(weeks=1)
    assert 8 <= waiting(audited) <= 36  # 20 are to be expected.
    with audited.ledger.cursor() as cursor:
        assert audit.redraw(cursor, one).same


def test_the_next_week_adds_as_many_though_nobody_labelled_the_last(
    audited: Any, clock: Any, week: Any
) -> None:
    week(60)
    draw_weekly(audited.office)
    first = waiting(audited)
    clock.forward(weeks=1)
    week(60)
    draw_weekly(audited.office)
    assert 8 <= waiting(audited) - first <= 36
    # And of both weeks every claim has its chance.
    with audited.ledger.cursor() as cursor:
        found = frame(
            cursor,
            drawn(audited)[1].design.selection,
            drawn=[one.design for one in drawn(audited)],
        )
    assert found.covered.sum() == found.n_claims.sum() == 2 * 7 * 60


def test_what_nobody_drew_for_weeks_is_made_up_for_by_one_draw(
    audited: Any, clock: Any, week: Any
) -> None:
    week(60)
    draw_weekly(audited.office)
    first = waiting(audited)
    for _ in range(3):
        clock.forward(weeks=1)
        week(60)
    (act,) = draw_weekly(audited.office)
    assert [one["wanted"] for one in act.body["groups"]] == [3 * 20 + first]
    assert 36 <= waiting(audited) - first <= 86


def test_a_claim_that_came_in_late_gets_its_chance_with_the_next_week(
    audited: Any, clock: Any, week: Any
) -> None:
    week(60)
    draw_weekly(audited.office)
    week(60, "late")
    clock.forward(weeks=1)
    week(60)
    draw_weekly(audited.office)
    with audited.ledger.cursor() as cursor:
        designs = [one.design for one in drawn(audited)]
        found = frame(cursor, drawn(audited)[1].design.selection, drawn=designs)
    assert found.covered.sum() == found.n_claims.sum() == 3 * 7 * 60


def test_each_value_of_a_segment_gets_its_labels(
    ungoverned: Any, clock: Any, registry_text: str, bring: Any, made: Any
) -> None:
    clock.now = MONDAY
    by = AUDITED.replace("perWeek: 20", "perWeek: 20, by: topic")
    ungoverned.apply(registry_text.replace("  tolerance:", by, 1))
    for topic, per_day in (("large", 60), ("small", 2)):
        claims = made(clock, range(1, 8), per_day, seg_topic=topic)
        bring(ungoverned, claims.assign(outcome=""))
    (act,) = draw_weekly(ungoverned.office)
    chance = {one["value"]: one["chance_ppm"] for one in act.body["groups"]}
    # 20 of 420; of the small topic there are 14, so all.
    assert chance == {"large": 47_620, "small": 1_000_000}


def test_without_a_claim_or_a_plan_nothing_is_drawn(governed: Any, audited: Any) -> None:
    assert draw_weekly(audited.office) == ()
    assert draw_weekly(governed.office) == ()


def test_the_same_week_cannot_be_recorded_twice(audited: Any, week: Any) -> None:
    week()
    (act,) = draw_weekly(audited.office)
    again = Proposal(act.kind, act.actor, act.signal, None, {**act.body, "audit": "a-2"})
    with pytest.raises(Refused, match="week of 2026-11-02 is drawn already"):
        audited.office.perform(again)


def test_labels_past_their_day_are_a_finding_until_they_are_there(
    audited: Any, clock: Any, week: Any
) -> None:
    week()
    draw_weekly(audited.office)

    def late() -> list[str]:
        rounds(audited.office, thorough=True)
        return [o.text for o in outlook(audited.office).findings if o.kind == "audit_unanswered"]

    clock.forward(days=7)
    assert late() == []
    clock.forward(days=1)
    (told,) = late()
    assert "labels are missing, due by 2026-11-09" in told
    label_all(audited)
    assert late() == []


def test_labels_that_were_there_before_the_draw_answer_nothing(
    audited: Any, clock: Any, bring: Any, made: Any
) -> None:
    claims = made(clock, range(1, 8), 60)
    # Nine in ten are labelled by themselves.
    claims["outcome"] = pd.Series(claims["outcome"]).where(claims.index % 10 != 0, "")
    bring(audited, claims)
    draw_weekly(audited.office)
    with audited.ledger.cursor() as cursor:
        (known,) = samples_answered(cursor, "triage").values()
        assert known.n_labelled == 0 < known.n < drawn(audited)[0].n / 3
    assert not known.enough
    label_all(audited)
    with audited.ledger.cursor() as cursor:
        (known,) = samples_answered(cursor, "triage").values()
    assert known.enough


def test_before_the_first_draw_it_says_that_one_needs_claims_to_draw(
    governed: Any, audited: Any, clock: Any
) -> None:
    draw_weekly(audited.office)
    assert told(audited, clock.now) == WeeklyAudit(
        "Drawn by the program: 20 labels a week, within 7 days; none was drawn yet, the next with "
        "the next run of the checks that finds unlabelled claims of whole weeks to draw.",
        (),
        False,
    )


def test_what_waits_is_said_with_the_week_of_its_draw_and_its_day(
    audited: Any, clock: Any, week: Any
) -> None:
    week()
    draw_weekly(audited.office)
    before = told(audited, clock.now)
    n = waiting(audited)
    assert before.words.endswith("the last in the week of 2026-11-02, the next from 2026-11-09 on.")
    assert before.waits == (
        f"Drawn in the week of 2026-11-02: {n} of {n} labels missing, due by 2026-11-09.",
    )
    assert not before.late
    after = told(audited, clock.now + timedelta(days=8))
    assert after.late
    assert "were due by 2026-11-09" in after.waits[0]

"""For which claims of a ledger its labels speak: by band, action, early labels and chances."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.measure.verdicts.label_reach import BAND, LabelReach
from core.queries.base.group_keys import Key
from core.queries.base.selection import Selection
from core.queries.labels.label_reach import label_reaches, reaches_by
from core.terms import USUAL
from core.text.parts import reach_words
from tests.worlds.claims.events import keep_again

Fill = Callable[..., None]
Rows = list[dict[str, Any]]
MONDAY = datetime(2026, 8, 3, 12)
#: All claims of that Monday are past the age of maturity.
NOW = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def claims(n: int, labelled: int, right: int | None = None, **columns: Any) -> Rows:
    """``n`` claims at 80 %, the first so many labelled, of which ``right`` are right."""
    known = round(0.8 * labelled) if right is None else right
    return [
        {
            "ts": MONDAY,
            "confidence": 0.8,
            "outcome": (i < known) * 1 if i < labelled else None,
            "outcome_ts": columns.get("ts", MONDAY) + 2 * DAY if i < labelled else None,
            **columns,
        }
        for i in range(n)
    ]


def reaches(
    ledger: Ledger, *by: str, now: datetime = NOW, **where: Any
) -> Mapping[Key, LabelReach]:
    with ledger.cursor() as cursor:
        return label_reaches(cursor, Selection("triage", **where), by, terms=USUAL, as_of=now)


def reach(ledger: Ledger, **options: Any) -> LabelReach:
    (one,) = reaches(ledger, **options).values()
    return one


def test_even_coverage_speaks_for_all_with_its_bounds_beside_it(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, claims(400, 200) + claims(400, 200, confidence=0.6, right=120))
    found = reach(ledger)
    assert found.speaks_for == "all"
    assert found.uneven is None
    assert (found.n_claims, found.n) == (800, 400)
    # 280 of 400 are right; of 800 then 280 to 680, said 70 %.
    assert (found.gap_if_right, found.gap_if_wrong) == pytest.approx((-0.15, 0.35))


def test_coverage_that_depends_on_confidence_speaks_for_the_labelled_only(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, claims(400, 40) + claims(400, 360, confidence=0.6, right=216))
    found = reach(ledger)
    assert found.speaks_for == "labelled"
    assert found.uneven is not None
    assert (found.uneven.dimension, found.uneven.n, found.uneven.others_n) == (BAND, 40, 360)


def test_coverage_that_depends_on_the_action_speaks_for_the_labelled_only(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, claims(400, 100, action="automate") + claims(400, 300, action="review"))
    found = reach(ledger)
    assert found.speaks_for == "labelled"
    assert found.uneven is not None
    assert found.uneven.dimension == "action"


def test_claims_that_log_no_action_are_not_compared_by_it(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, claims(400, 100) + claims(400, 300, action="review"))
    assert reach(ledger).speaks_for == "all"


def test_labels_of_escalated_cases_only_are_told_as_such(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, claims(600, 0, action="automate") + claims(200, 180, action="escalate"))
    found = reach(ledger)
    assert found.speaks_for == "labelled"
    assert found.escalated is not None
    assert found.escalated.automated == (600, 0)


@pytest.mark.parametrize(("chances", "by_chance"), [((0.9, 0.3), True), ((0.5, 0.5), False)])
def test_labels_drawn_with_chances_that_differ_speak_for_the_labelled_only(
    ledger: Ledger, fill: Fill, chances: tuple[float, float], by_chance: bool
) -> None:
    rows = claims(400, 200)
    fill(ledger, [{"event_id": f"s{i}", **row} for i, row in enumerate(rows)])
    drawn = {"event_id": [f"s{i}" for i in range(400)], "p": [chances[i % 2] for i in range(400)]}
    with ledger.transaction() as cursor:
        cursor.register("logged", pa.table(drawn))
        cursor.execute(
            "UPDATE claims SET label_propensity = p FROM logged "
            "WHERE claims.event_id = logged.event_id"
        )
    keep_again(ledger)
    found = reach(ledger)
    assert found.by_chance is by_chance
    assert found.speaks_for == ("labelled" if by_chance else "all")


def test_bounds_beyond_the_tolerance_settle_it_however_labels_were_chosen(
    ledger: Ledger, fill: Fill
) -> None:
    # None of the labelled is right, and too few are unlabelled to make up for it.
    fill(ledger, claims(400, 400, 0, action="review") + claims(100, 60, 0, action="automate"))
    found = reach(ledger)
    assert found.uneven is not None
    assert found.gap_if_right > 0.05
    assert found.speaks_for == "all"


def old_and_young(early_right: int, early_n: int = 100) -> Rows:
    """Old claims whose first labels are ``early_right`` of ``early_n``, and young ones."""
    slow = {"outcome_ts": MONDAY + 25 * DAY}
    old = claims(early_n, early_n, early_right) + [
        row | slow for row in claims(400 - early_n, 400 - early_n, 320 - early_right)
    ]
    return old + claims(400, 120, 60, ts=NOW - 5 * DAY)


def test_young_claims_with_first_labels_that_mislead_speak_for_the_labelled_only(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, old_and_young(early_right=40))
    found = reach(ledger)
    assert found.early is not None
    assert (found.early.days, found.early.n, found.early.final_n) == (7, 100, 400)
    assert found.early.gap == pytest.approx(0.4)
    assert found.early.final_gap == pytest.approx(0.0)
    assert found.speaks_for == "labelled"


def test_first_labels_like_the_later_ones_are_no_sign(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, old_and_young(early_right=80))
    assert reach(ledger).speaks_for == "all"


def test_where_no_young_claim_is_asked_about_the_first_labels_do_not_matter(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, old_and_young(early_right=40))
    assert reach(ledger, until=MONDAY + 7 * DAY).early is None


def test_young_claims_are_not_unlabelled_for_a_reason(ledger: Ledger, fill: Fill) -> None:
    young = claims(400, 0, ts=NOW - 5 * DAY, confidence=0.95)
    fill(ledger, claims(400, 300) + young)
    found = reach(ledger)
    assert (found.n_claims, found.speaks_for) == (400, "all")


def test_of_young_claims_alone_all_are_looked_at(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        claims(400, 40, ts=NOW - 5 * DAY)
        + claims(400, 360, ts=NOW - 5 * DAY, confidence=0.6, right=216),
    )
    found = reach(ledger)
    assert (found.n_claims, found.speaks_for) == (800, "labelled")


def test_each_group_is_looked_at_by_itself(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        claims(400, 200, seg_topic="even")
        + claims(400, 200, confidence=0.6, right=120, seg_topic="even")
        + claims(400, 40, seg_topic="chosen")
        + claims(400, 360, confidence=0.6, right=216, seg_topic="chosen"),
    )
    found = reaches(ledger, "topic")
    assert {key: one.speaks_for for key, one in found.items()} == {
        ("even",): "all",
        ("chosen",): "labelled",
    }


def uneven_claims(low: int, high: int, n: int, **columns: Any) -> Rows:
    """``n`` claims at 80 % and as many at 60 %, so many of each labelled."""
    return claims(n, low, **columns) + claims(
        n, high, confidence=0.6, right=round(0.6 * high), **columns
    )


def test_groups_too_small_to_show_a_choice_are_held_by_what_they_show_together(
    ledger: Ledger, fill: Fill
) -> None:
    days = [MONDAY + week * 7 * DAY for week in range(8)]
    rows = [row for day in days for row in uneven_claims(5, 15, 20, ts=day)]
    fill(ledger, rows)
    assert reaches(ledger, "week", since=days[0], until=days[0] + DAY)[("2026-W32",)].uneven is None
    found = reaches(ledger, "week")
    assert {one.speaks_for for one in found.values()} == {"labelled"}
    assert all(one.uneven is not None and one.uneven.within for one in found.values())
    assert "within such groups taken together, claims of confidence band 0.5–0.6 are" in (
        reach_words(found[("2026-W32",)])
    )
    assert found[("2026-W32",)].n_claims == 40


def test_a_group_that_shows_itself_even_keeps_its_word_beside_them(
    ledger: Ledger, fill: Fill
) -> None:
    chosen = [row for i in range(20) for row in uneven_claims(5, 15, 20, seg_topic=f"t{i}")]
    fill(ledger, uneven_claims(150, 150, 300, seg_topic="even") + chosen)
    found = reaches(ledger, "topic")
    assert [key for key, one in found.items() if one.speaks_for == "all"] == [("even",)]


def test_groups_that_differ_in_coverage_and_confidence_alone_speak_for_themselves(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        claims(320, 256, seg_topic="a")
        + claims(80, 64, confidence=0.6, right=38, seg_topic="a")
        + claims(80, 16, seg_topic="b")
        + claims(320, 64, confidence=0.6, right=38, seg_topic="b"),
    )
    assert reach(ledger).speaks_for == "labelled"
    assert {one.speaks_for for one in reaches(ledger, "topic").values()} == {"all"}


def test_a_band_is_held_by_what_is_seen_over_all_bands(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        uneven_claims(40, 360, 400, seg_topic="chosen")
        + uneven_claims(200, 200, 400, seg_topic="even"),
    )
    found = reaches(ledger, "topic", "confidence_band")
    assert {key: one.speaks_for for key, one in found.items()} == {
        ("chosen", "0.5–0.6"): "labelled",
        ("chosen", "0.7–0.8"): "labelled",
        ("even", "0.5–0.6"): "all",
        ("even", "0.7–0.8"): "all",
    }


def test_labels_of_escalated_cases_only_are_told_of_small_groups_together(
    ledger: Ledger, fill: Fill
) -> None:
    def rows(topic: str, labelled: int) -> Rows:
        return claims(20, labelled, action="automate", seg_topic=topic) + claims(
            20, 18, action="escalate", seg_topic=topic
        )

    fill(ledger, [row for i in range(4) for row in rows(f"t{i}", 0)])
    held = reaches(ledger, "topic")
    assert {one.speaks_for for one in held.values()} == {"labelled"}


def test_of_groups_by_time_early_labels_hold_the_young_ones_only(
    ledger: Ledger, fill: Fill
) -> None:
    def week(i: int, early_right: int, final_right: int) -> Rows:
        made = MONDAY + i * 7 * DAY
        first = claims(100, 100, early_right, ts=made)
        rest = claims(300, 300, final_right, ts=made)
        late = [row | {"outcome_ts": made + 27 * DAY} for row in rest]
        return first + late

    young = claims(400, 100, 30, ts=NOW - 5 * DAY)
    fill(ledger, [row for i in range(3) for row in week(i, 30, 290)] + young)
    found = reaches(ledger, "week")
    assert {key[0]: one.speaks_for for key, one in found.items()} == {
        "2026-W32": "all",
        "2026-W33": "all",
        "2026-W34": "all",
        "2026-W44": "labelled",
    }


def log_chances(ledger: Ledger, chance_of: Mapping[str, float]) -> None:
    drawn = {"event_id": list(chance_of), "p": list(chance_of.values())}
    with ledger.transaction() as cursor:
        cursor.register("logged", pa.table(drawn))
        cursor.execute(
            "UPDATE claims SET label_propensity = p FROM logged "
            "WHERE claims.event_id = logged.event_id"
        )
    keep_again(ledger)


def test_chances_that_differ_between_groups_only_hold_none_of_them(
    ledger: Ledger, fill: Fill
) -> None:
    rows = claims(400, 200, seg_topic="a") + claims(400, 200, seg_topic="b")
    fill(ledger, [{"event_id": f"s{i}", **row} for i, row in enumerate(rows)])
    log_chances(ledger, {f"s{i}": 0.5 if i < 400 else 0.25 for i in range(800)})
    assert reach(ledger).by_chance
    assert not any(one.by_chance for one in reaches(ledger, "topic").values())


def test_the_gap_by_the_logged_chances_is_told_in_the_place_of_a_verdict(
    ledger: Ledger, fill: Fill
) -> None:
    # Of 100 labels drawn with 10 % all are wrong, of 100 drawn with 50 % all are right.
    rows = claims(100, 100, 0) + claims(100, 100, 100) + claims(1000, 0)
    fill(ledger, [{"event_id": f"s{i}", **row} for i, row in enumerate(rows)])
    log_chances(ledger, {f"s{i}": 0.1 if i < 100 else 0.5 for i in range(1200)})
    found = reach(ledger)
    assert found.weighted is not None
    assert found.weighted.gap == pytest.approx(0.8 - 200 / 1200)
    assert "Weighted by those chances the gap of all is +63.3 points" in reach_words(found)


def test_several_groupings_are_answered_as_each_by_itself(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        uneven_claims(40, 360, 400, seg_topic="a", seg_language="x", split="heldout")
        + uneven_claims(200, 200, 400, seg_topic="b", seg_language="y", split="production")
        + uneven_claims(10, 350, 400, seg_topic="b", seg_language="x", split="tuning"),
    )
    asked = [(), ("topic",), ("language", "topic"), ("split",), ("week",)]
    with ledger.cursor() as cursor:
        selection = Selection("triage")
        found = reaches_by(cursor, selection, asked, terms=USUAL, as_of=NOW)
        for by in asked:
            alone = label_reaches(cursor, selection, by, terms=USUAL, as_of=NOW)
            assert found[by] == alone
    assert ("tuning",) in found[("split",)]
    assert found[()][()].n_claims == 1600


def test_many_claims_on_one_input_count_for_less(ledger: Ledger, fill: Fill) -> None:
    def rows(inputs: bool) -> Rows:
        named = claims(60, 18) + claims(600, 310, confidence=0.6, right=186)
        if inputs:
            named = [row | {"input_id": f"i{i // 20}"} for i, row in enumerate(named)]
        return named

    fill(ledger, rows(inputs=True), repeats=["triage"])
    assert reach(ledger).uneven is None
    with Ledger.in_memory() as other:
        fill(other, rows(inputs=False))
        assert reach(other).uneven is not None


def test_a_dimension_that_the_ledger_lacks_is_refused(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, claims(4, 2))
    with pytest.raises(UnknownDimension):
        reaches(ledger, "nothing")


def test_the_reason_is_said_with_its_numbers_and_the_way_out(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, claims(400, 40) + claims(400, 360, confidence=0.6, right=216))
    assert reach_words(reach(ledger)) == (
        "No verdict on all claims, because the labels do not represent them: claims of confidence "
        "band 0.7–0.8 are labelled 10% (40 of 400), the others 90% (360 of 400). The gap of all "
        "800 may be anything from −11.0 to +39.0 points. An audit sample drawn by chance would "
        "(Labels)."
    )


def test_nothing_is_said_where_labels_speak_for_all(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, claims(400, 200))
    assert reach_words(reach(ledger)) == ""

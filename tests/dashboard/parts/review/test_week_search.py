from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from core.sentences.numbers import NO_VERDICT
from core.views.govern.findings import FindingsView
from core.views.review.week.this_week import SignalWeek, WeekView
from core.views.shared.validation_badge import BROKEN, Answerable, Written
from dashboard.parts.review import this_week
from dashboard.parts.review.week_search import ALL, found, verdict_words
from dashboard.widgets.drawn.framed import MANY
from tests.core.sentences.test_standing import BASE

OWNERS = {
    "triage.self-report": Answerable("Ann Lee", "Bob Ng", False, "Ann Lee (away); Bob Ng"),
    "merge.judge": Answerable("Sara Bell", "", False, "Sara Bell"),
    "refund.judge": Answerable("Ann Lee", "", True, "nobody"),
}
WRITTEN = {name: Written(BROKEN, one) for name, one in OWNERS.items()}


def line(signal: str, **fields: object) -> SignalWeek:
    return SignalWeek(replace(BASE, signal=signal, **fields), None, 9, 1.0, (), ())  # type: ignore[arg-type]


ROWS = (
    line("triage.self-report", state="off"),
    line("merge.judge", state="fine"),
    line("refund.judge", state="fine"),
)


def names(text: str, verdict: str = ALL) -> list[str]:
    return [row.signal for row in found(ROWS, WRITTEN, text, verdict)]


def test_signals_are_found_by_name_owner_and_who_stands_in_in_any_case() -> None:
    assert names("") == list(OWNERS)
    assert names(" JUDGE ") == ["merge.judge", "refund.judge"]
    assert names("sara") == ["merge.judge"]
    assert names("bob ng") == ["triage.self-report"]
    assert names("nobody of this name") == []


def test_an_owner_who_is_gone_is_no_owner() -> None:
    assert names("ann lee") == ["triage.self-report"]
    assert names("no owner") == ["refund.judge"]


def test_signals_are_found_by_the_words_of_their_badge() -> None:
    assert names("", "Off") == ["triage.self-report"]
    assert names("ann", "Fine") == []
    assert all(verdict_words(row) != NO_VERDICT for row in ROWS)


def week(n: int) -> tuple[WeekView, dict[str, Written]]:
    rows = tuple(line(f"signal-{i}", state="fine") for i in range(n))
    view = WeekView("2026-W47", date(2026, 11, 16), rows, ("silent",), "All fine.", None, ())
    return view, {row.signal: WRITTEN["merge.judge"] for row in rows}


def test_a_long_table_of_signals_leaves_the_board_for_a_frame_and_a_short_one_stays() -> None:
    nothing, today = FindingsView((), ""), date(2026, 11, 28)
    short, written = week(MANY)
    board = this_week.board(short, written, nothing, today)
    assert len(re.findall(r'class="row"', board)) == MANY
    assert 'class="frame"' not in board

    long, written = week(MANY + 1)
    assert 'class="row"' not in this_week.board(long, written, nothing, today)
    table = this_week.long_table(long, long.rows, written, nothing, today)
    assert len(re.findall(r'class="row"', table)) == MANY + 1
    assert 'class="frame"' in table
    assert "silent" in table
    few = this_week.long_table(long, long.rows[:2], written, nothing, today)
    assert 'class="frame"' not in few
    assert "No signal like this." in this_week.long_table(long, (), written, nothing, today)

"""One signal has one answer at a time, wherever it is named."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.measure.verdicts.parts import PartState
from core.monitoring.rounds import outlook_of
from core.queries.base.selection import Selection
from core.sentences.numbers import NO_VERDICT, STATE_WORDS
from core.standing.verdict import Reweighted, StandingVerdict, Verdicts, standing_verdicts
from core.views.govern import watch as watch_review
from core.views.review import signal as signal_review
from core.views.review.signal import OneSignal
from core.views.review.week import this_week as week_review
from core.views.review.week.weekly_report import weekly_report
from core.views.risks import gather as risk_facts
from core.views.shared.measures import measure
from dashboard.cache import views as data
from dashboard.parts.govern.registry import registry
from dashboard.parts.govern.watching import watch
from dashboard.parts.review import signal, this_week
from dashboard.server import open_ledger as owner
from dashboard.widgets import page_head


@pytest.fixture
def standing(told_read: Path) -> dict[str, StandingVerdict]:
    """The told sample, served; the standing verdict of each of its signals."""
    return data.standing()


def word(one: StandingVerdict) -> str:
    return STATE_WORDS[one.state] if one.speaks_for_all else NO_VERDICT


def one_of_each(standing: dict[str, StandingVerdict]) -> dict[str, StandingVerdict]:
    """A signal for each word that stands beside any."""
    chosen = {word(one): name for name, one in standing.items()}
    assert len(chosen) > 2
    return {name: standing[name] for name in chosen.values()}


def badges(drawn: str) -> dict[str, str]:
    """Signal → the words of the badge of its row."""
    found = {}
    for row in re.findall(r"<tr>(.*?)</tr>", drawn, re.DOTALL):
        named = re.search(r"[?&;]signal=([^\"&]+)", row)
        said = re.search(r'class="badge \w+"[^>]*>.*?</svg>([^<]+)</span>', row)
        if named and said:
            found[named[1]] = said[1]
    return found


def test_every_table_of_signals_shows_the_standing_verdict(
    standing: dict[str, StandingVerdict],
) -> None:
    expected = {name: word(one) for name, one in standing.items()}
    monday = data.mondays()[0]
    week, found = data.week(monday), data.findings()
    today = owner.office().clock().date()
    board = this_week.board(week, data.written(monday), found, today)
    assert badges(board) == expected
    assert badges(registry.table(data.registry(), standing)) == expected
    watching = data.watching()
    assert watching is not None
    registered = {row.signal for row in watching.rows}
    assert badges(watch.table(watching)) == {
        name: said for name, said in expected.items() if name in registered
    }


def test_every_header_shows_it(standing: dict[str, StandingVerdict]) -> None:
    for name, one in one_of_each(standing).items():
        written = data.signal_written(name)
        assert f"</svg>{word(one)}</span>" in page_head.line(name, one, written)
        view = data.one_signal(name)
        assert view is not None
        head = signal.head(view, written, [name], ())
        assert f"</svg>{word(one)}</span></div>" in head


@pytest.mark.usefixtures("told_read")
def test_it_is_worked_out_once_for_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = (data.week, data.one_signal, data.watching, data.risks)
    for kept in (data.verdicts, data.standing, *pages):
        kept.clear()
    days: list[date] = []

    def counted(cursor: Any, state: Any, now: datetime, **how: Any) -> Verdicts:
        days.append(now.date())
        return standing_verdicts(cursor, state, now, **how)

    for module in (data, week_review, signal_review, watch_review, risk_facts):
        monkeypatch.setattr(module, "standing_verdicts", counted)
    data.week(data.mondays()[0])
    for signal_ in list(data.standing())[:2]:
        data.one_signal(signal_)
    data.watching()
    data.risks()
    # The week says as well what it was a week before.
    today = owner.office().clock().date()
    assert sorted(days) == [today - timedelta(weeks=1), today]


@pytest.mark.usefixtures("on_the_day_told")
def test_a_finding_that_it_is_off_is_open_where_it_is_and_nowhere_else(
    standing: dict[str, StandingVerdict],
) -> None:
    off = {name for name, one in standing.items() if one.state == "off" and one.reason != "alarm"}
    with owner.office().ledger.cursor() as cursor:
        state, now = owner.office().state(), owner.office().now()
        found = outlook_of(cursor, state, now).findings
    kinds = ("miscalibrated", "hidden_segment")
    assert {one.signal for one in found if one.kind in kinds and one.state != "resolved"} == off


def test_the_report_and_the_command_say_it(standing: dict[str, StandingVerdict]) -> None:
    with owner.office().ledger.cursor() as cursor:
        now: datetime = owner.office().clock()
        report = weekly_report(cursor, ledger="sample", now=now)
        assert {line.signal: line.verdict_words for line in report.lines} == {
            name: word(one) for name, one in standing.items()
        }
        for name, one in one_of_each(standing).items():
            told = json.loads(measure(cursor, Selection(name)).to_json())["standing"]
            state: PartState = one.state
            assert (told["state"], told["n"]) == (state, one.n)


@pytest.fixture
def audited(standing: dict[str, StandingVerdict]) -> OneSignal:
    """Its legal cases are off by all labels, and audit samples alone give its verdict."""
    view = data.one_signal("reply-safety.self-report")
    assert view is not None
    assert view.standing.worst is not None
    weighted = Reweighted(0.01, -0.01, 0.03, 300, 300, by_audit=True)
    one = replace(view.standing, weighted=weighted, state="fine", reason=None, began=None)
    return replace(view, standing=one)


def test_the_worst_segment_is_shown_with_its_interval_and_cases(
    standing: dict[str, StandingVerdict],
) -> None:
    view = data.one_signal("reply-safety.self-report")
    assert view is not None
    shown = standing["reply-safety.self-report"].worst
    assert shown is not None
    drawn = signal.head(view, data.signal_written(view.standing.signal), (), ())
    (note,) = re.findall(r"worst: policy legal, ([^<]+)<", drawn)
    assert re.fullmatch(r"\+\d+\.\d points \(\+\d+\.\d to \+\d+\.\d\), [\d,]+ cases", note)
    assert note.endswith(f"{shown.shown.n:,} cases")


def test_a_verdict_of_audit_samples_alone_claims_no_more_than_the_whole(
    audited: OneSignal,
) -> None:
    assert signal.sentence(audited).startswith(
        "Fine as a whole. Judged by audit samples, which say nothing of shape, high band or seg"
    )
    assert audited.standing.worst is None
    off = replace(audited.standing, state="off", reason="whole")
    assert signal.sentence(replace(audited, standing=off)).startswith(
        "Overconfident as a whole. Judged by audit samples, which"
    )


def test_its_page_shows_the_gap_of_the_samples_and_none_of_the_labels_set_aside(
    audited: OneSignal,
) -> None:
    drawn = signal.head(audited, data.signal_written(audited.standing.signal), (), ())
    assert "+1.0<small>points, said minus right</small>" in drawn
    assert "−1.0 to +3.0, 300 cases from audit samples" in drawn
    assert "300 cases from audit samples; other labels set aside" in drawn
    assert drawn.count("not judged by these labels") == 3
    assert "% labelled" not in drawn
    assert "said → right" not in drawn


def test_the_list_of_signals_names_no_segment_of_it(audited: OneSignal) -> None:
    week = data.week(data.mondays()[0])
    rows = [replace(row, standing=audited.standing) for row in week.rows[:1]]
    found, today = data.findings(), owner.office().clock().date()
    written = {rows[0].signal: data.signal_written(rows[0].signal)}
    drawn = this_week.board(replace(week, rows=tuple(rows)), written, found, today)
    (worst,) = re.findall(r'<td class="c-worst">(.*?)</td>', drawn)
    assert worst == '<span class="soft">not judged</span>'

"""The first screen and Drift: links that open what they say, and choices that stand in the URL."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.dimensions import week_label
from tests.worlds.claims import drawn
from tests.worlds.running.built_once import shared
from tests.worlds.running.pages import page, text_of

HEADER = "event_id,ts,signal,confidence,outcome,model_version,seg_topic\n"
Serve = Callable[..., None]


def this_monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday())


def lines(
    day: date,
    n: int,
    confidence: float | str,
    right: int,
    *,
    signal: str = "s",
    model: str = "m1",
    topic: str = "a",
) -> str:
    return "".join(
        f"{signal}-{day}-{model}-{topic}-{confidence}-{i},{day}T00:00:00Z,{signal},{confidence},"
        f"{int(i < right)},{model},{topic}\n"
        for i in range(n)
    )


def fill(folder: Path, *rows: str) -> None:
    file = folder / "claims.csv"
    file.write_text(HEADER + "".join(rows))
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    return shared(tmp_path_factory, fill)


@pytest.fixture
def ledger_of(made: Callable[..., Path], serving) -> Serve:
    """``ledger_of(*rows)``: serve them; these pages only read, so that all share one."""
    return lambda *rows: serving(made(*rows) / "ledger.duckdb", keep=True)


def in_url(app: AppTest, key: str) -> str:
    """What the URL says; a script that writes it leaves text, a link a list."""
    said = app.query_params[key]
    return said if isinstance(said, str) else said[-1]


# -------------------------------------------------------------------------------------- This week
def test_the_first_screen_shows_the_last_complete_week(ledger_of: Serve) -> None:
    last = this_monday() - timedelta(weeks=1)
    ledger_of(lines(last, 60, 0.8, 48), lines(this_monday(), 5, 0.8, 4))
    app = page()
    assert f"New in {week_label(last)}" in drawn.words(app)
    assert app.selectbox(key="week").value == week_label(last)
    assert "First claims of this signal: 60 claims this week" in drawn.words(app)


def test_claims_of_the_running_week_alone_are_not_an_empty_ledger(ledger_of: Serve) -> None:
    ledger_of(lines(this_monday(), 40, 0.8, 32))
    app = page()
    assert "empty" not in text_of(app)
    assert "no outcome is final yet" in drawn.words(app)


def test_news_of_a_weeks_claims_opens_its_stated_claims(ledger_of: Serve) -> None:
    last = this_monday() - timedelta(weeks=1)
    ledger_of(lines(last - timedelta(weeks=1), 20, 0.8, 16), lines(last, 60, 0.8, 48))
    app = page()
    assert "60 claims, after 20 the week before" in drawn.words(app)
    (address,) = (
        html.unescape(one) for one in re.findall(r'href="(claims[^"]*)"', drawn.markup(app))
    )
    assert parse_qs(urlsplit(address).query) == {
        "signal": ["s"],
        "since": [str(last)],
        "until": [str(last + timedelta(days=6))],
        "stated": ["stated"],
    }


def test_what_to_open_first_names_the_cause_and_leads_to_the_signal(ledger_of: Serve) -> None:
    last = this_monday() - timedelta(weeks=1)
    ledger_of(
        lines(last, 200, 0.8, 100, signal="t", topic="medical"),
        lines(last, 300, 0.8, 240, signal="t", topic="billing"),
        lines(last, 300, 0.8, 240),
    )
    app = page()
    assert "1 of 2 signals is off: t on topic medical." in drawn.words(app)
    (said,) = (said for said in drawn.targets(app) if said.startswith("Open first"))
    assert said.startswith("Open first: t: on topic medical its gap is +30.0 points (")
    assert drawn.targets(app)[said] == "signal?signal=t"


def test_every_signal_is_a_row_that_says_in_words_what_is_drawn(ledger_of: Serve) -> None:
    last = this_monday() - timedelta(weeks=1)
    ledger_of(
        lines(last, 500, 0.8, 300, signal="off"),
        lines(last, 2000, 0.9, 1800, signal="fine"),
    )
    app = page()
    table = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", drawn.markup(app).partition("<tbody>")[2]))
    off, _, fine = table.partition(" fine ")
    assert re.search(r"Off off \+20\.0 points, \+1\d\.\d to \+2\d\.\d gap from \+20\.0", off)
    assert "alike everywhere 100%" in off
    assert re.search(r"0 points, −\d\.\d to \+\d\.\d", fine)
    assert "90% → 90% n 2,000 none stands out 100% No owner" in fine
    assert drawn.targets(app)["off"] == "signal?signal=off"
    words = drawn.words(app)
    assert "Signals off 1 of 2, +1 vs last week" in words
    assert "Gates closing in 14 days 0 as last week no signal may act" in words
    assert "Acted unchecked – no escalation rule is known" in words


def test_signals_silent_for_long_are_named_below_the_table(ledger_of: Serve) -> None:
    last = this_monday() - timedelta(weeks=1)
    ledger_of(lines(last, 60, 0.8, 48), lines(last - timedelta(weeks=20), 9, 0.8, 7, signal="q"))
    assert "No claims in this week or the twelve before: q." in drawn.words(page())


def test_a_past_week_opens_by_its_link_and_says_of_when_its_verdicts_are(
    ledger_of: Serve,
) -> None:
    last = this_monday() - timedelta(weeks=1)
    before = last - timedelta(weeks=2)
    ledger_of(lines(before, 2000, 0.8, 1600), lines(last, 2000, 0.8, 1000))
    app = page(week=week_label(before))
    assert "The only signal is fine." in drawn.words(app)
    assert f"Verdicts are those of the end of {week_label(before)}" in text_of(app)
    assert "s throughout" in drawn.words(page())


# ------------------------------------------------------------------------------------------ Drift
def story(weeks: int = 12) -> list[str]:
    """All weeks fully labelled; from the ninth on a new model that topic b does not stand."""
    first = this_monday() - timedelta(weeks=weeks)
    rows = []
    for i in range(weeks):
        model, right = ("m1", 80) if i < 8 else ("m2", 30)
        day = first + timedelta(weeks=i)
        rows += [lines(day, 100, 0.8, 80, model=model, topic="a")]
        rows += [lines(day, 100, 0.8, right, model=model, topic="b")]
    return rows


def test_drift_says_since_when_and_after_what(ledger_of: Serve) -> None:
    ledger_of(*story())
    broke = this_monday() - timedelta(weeks=4)
    said = f"outside ±5 points since {broke}, when model m2 came in ({broke})."
    assert said in text_of(page("drift"))


def test_drift_dates_when_the_gap_moved(ledger_of: Serve) -> None:
    ledger_of(*story())
    moved = this_monday() - timedelta(weeks=4)
    said = text_of(page("drift"))
    assert f"to +25.0 points (+22.0 to +28.0; 800 inputs) about {moved} (week " in said
    assert said.count(", the week model m2 was first seen.") == 1


def test_the_windows_compared_stand_in_the_url(ledger_of: Serve) -> None:
    ledger_of(*story())
    app = page("drift")
    first = this_monday() - timedelta(weeks=12)
    expected = {
        "reference_from": first,
        "reference_to": first + timedelta(days=27),
        "now_from": first + timedelta(weeks=8),
        "now_to": first + timedelta(days=83),
    }
    assert {key: in_url(app, key) for key in expected} == {
        key: str(day) for key, day in expected.items()
    }


def test_a_link_reopens_the_same_windows(ledger_of: Serve) -> None:
    ledger_of(*story())
    first = this_monday() - timedelta(weeks=12)
    query = {
        "reference_from": str(first + timedelta(weeks=1)),
        "reference_to": str(first + timedelta(days=20)),
        "now_from": str(first + timedelta(weeks=9)),
        "now_to": str(first + timedelta(days=76)),
        "measure": "brier",
        "period": "day",
    }
    app = page("drift", **query)
    words = [f"{query[f'{side}_from']} to {query[f'{side}_to']}" for side in ("reference", "now")]
    assert f"Reference {words[0]}; now {words[1]}; both days included." in text_of(app)
    assert app.selectbox(key="measure").value == "brier"
    assert {key: in_url(app, key) for key in query} == query


@pytest.mark.parametrize("day", ["soon", "1960-01-01", "9999-01-01"])
def test_a_link_to_no_possible_day_opens_the_windows_of_the_page(
    day: str, ledger_of: Serve
) -> None:
    ledger_of(*story())
    app = page("drift", reference_from=day)
    assert app.date_input(key="reference_from").value == this_monday() - timedelta(weeks=12)


def test_the_segment_that_broke_is_named_first(ledger_of: Serve) -> None:
    ledger_of(*story())
    app = page("drift")
    app.selectbox(key="split_by").set_value("topic").run()
    assert not app.exception
    assert "**By topic**, largest part in decalibration first" in text_of(app)


def test_a_value_that_came_new_is_named_as_not_compared(ledger_of: Serve) -> None:
    last = this_monday() - timedelta(weeks=1)
    ledger_of(*story(), lines(last, 50, 0.8, 40, model="m2", topic="new"))
    app = page("drift")
    app.selectbox(key="split_by").set_value("topic").run()
    assert "Labelled in one of the two windows only, so not compared: `new`." in text_of(app)


# ----------------------------------------------------------------------------------------- choice
def choice_script() -> None:
    import streamlit as st

    from dashboard.widgets.url_choice import choose

    if not st.session_state.get("away"):
        st.markdown(choose("Letter", st.session_state.get("offered", ("a", "b", "c")), key="x"))


def day_script() -> None:
    from datetime import date

    import streamlit as st

    from dashboard.widgets.url_choice import choose_day

    if not st.session_state.get("away"):
        first = st.session_state.get("first", date(2026, 9, 1))
        st.markdown(str(choose_day("Day", key="d", first=first)))


def script(of: Callable[[], None], **query: str) -> AppTest:
    app = AppTest.from_function(of, default_timeout=20)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def away_and_back(app: AppTest, **query: str) -> None:
    """Show a page without the widget, then again the one with it, as its link or without."""
    app.session_state["away"] = True
    app.query_params.clear()
    app.run()
    app.session_state["away"] = False
    for name, value in query.items():
        app.query_params[name] = value
    app.run()


def shown(app: AppTest) -> str:
    return app.markdown[0].value


def test_a_choice_nobody_made_is_the_first_and_stands_in_the_url() -> None:
    app = script(choice_script)
    assert (shown(app), in_url(app, "x")) == ("a", "a")


def test_a_choice_made_stands_in_the_url_and_is_kept() -> None:
    app = script(choice_script)
    app.selectbox[0].set_value("b").run().run()
    assert (shown(app), in_url(app, "x")) == ("b", "b")


@pytest.mark.parametrize(("linked", "found"), [("c", "c"), ("z", "a")])
def test_a_link_chooses_what_is_offered(linked: str, found: str) -> None:
    app = script(choice_script, x=linked)
    assert (shown(app), in_url(app, "x")) == (found, found)


def test_another_link_in_the_same_session_chooses_anew() -> None:
    app = script(choice_script, x="c")
    app.query_params["x"] = "b"
    app.run()
    assert shown(app) == "b"


@pytest.mark.parametrize("query", [{"x": "b"}, {}], ids=["by its link", "by the menu"])
def test_a_choice_survives_a_page_that_does_not_draw_it(query: dict[str, str]) -> None:
    app = script(choice_script)
    app.selectbox[0].set_value("b").run()
    away_and_back(app, **query)
    assert (shown(app), in_url(app, "x")) == ("b", "b")


def test_a_choice_no_longer_offered_gives_way_to_the_first() -> None:
    app = script(choice_script, x="c")
    app.session_state["offered"] = ("a", "b")
    app.run()
    assert (shown(app), in_url(app, "x")) == ("a", "a")


def test_a_day_nobody_chose_follows_the_page() -> None:
    app = script(day_script)
    assert in_url(app, "d") == "2026-09-01"
    app.session_state["first"] = date(2026, 9, 8)
    app.run()
    assert (shown(app), in_url(app, "d")) == ("2026-09-08", "2026-09-08")


def test_a_day_chosen_or_linked_stays_when_the_page_would_choose_another() -> None:
    app = script(day_script, d="2026-10-05")
    app.session_state["first"] = date(2026, 9, 8)
    app.run()
    assert (shown(app), in_url(app, "d")) == ("2026-10-05", "2026-10-05")
    app.date_input[0].set_value(date(2026, 10, 6)).run().run()
    assert (shown(app), in_url(app, "d")) == ("2026-10-06", "2026-10-06")


@pytest.mark.parametrize("query", [{"d": "2026-10-05"}, {}], ids=["by its link", "by the menu"])
def test_a_day_survives_a_page_that_does_not_draw_it(query: dict[str, str]) -> None:
    app = script(day_script, d="2026-10-05")
    away_and_back(app, **query)
    assert (shown(app), in_url(app, "d")) == ("2026-10-05", "2026-10-05")


def test_a_day_taken_away_leaves_the_url() -> None:
    app = script(day_script)
    app.date_input[0].set_value(None).run()
    assert shown(app) == "None"
    assert "d" not in app.query_params

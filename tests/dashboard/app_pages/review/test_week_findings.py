"""Open findings on This week, and every page marks what may not be acted on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from tests.worlds.claims import drawn
from tests.worlds.governed.entries import entry
from tests.worlds.running.built_once import copied
from tests.worlds.running.pages import finding_key, links, page

NOW = datetime.now(UTC).replace(tzinfo=None)
Make = Callable[..., Path]
Select = Callable[..., None]


def fill(folder: Path, *signals: str, registered: tuple[str, ...] = ()) -> None:
    file = folder / "claims.csv"
    day = f"{NOW - timedelta(weeks=2):%Y-%m-%d}"
    file.write_text(
        "event_id,ts,signal,confidence,outcome,model_version,seg_topic\n"
        + "".join(
            f"{signal}-{i},{day}T09:00:00Z,{signal},0.87,{int(i % 3 > 0)},m1,t{i % 2}\n"
            for signal in signals
            for i in range(90)
        )
    )
    own = {"tolerance": "0.3", "highConfidence": "0.85"}
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
        office = Office.of(ledger)
        for name in registered:
            text = entry(name, riskApprovers=["user:t/rita"], **own)
            registry.apply(office, read(text), "user:t/adam")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    return copied(tmp_path_factory, fill)


@pytest.fixture
def ledger_of(made: Callable[..., Any], tmp_path: Path, serving) -> Make:
    def make(*signals: str, registered: tuple[str, ...] = ()) -> Path:
        made(tmp_path, *signals, registered=registered)
        serving(tmp_path / "ledger.duckdb")
        return tmp_path / "ledger.duckdb"

    return make


def text_of(app: AppTest) -> str:
    shown = (*app.title, *app.header, *app.subheader, *app.markdown, *app.caption, *app.error)
    return "\n".join((*(one.value for one in shown), drawn.words(app)))


def chosen(app: AppTest, name: str) -> AppTest:
    sub = people.known_person(owner.office(), f"user:t/{name}")
    app.selectbox(key="acting_for").set_value(sub).run()
    return app


def test_open_findings_are_a_table_below_the_week(ledger_of: Make) -> None:
    ledger_of("s", "other")
    app = page()
    assert [one.value for one in app.header] == ["Open findings"]
    (table,) = app.dataframe
    assert sorted(table.value["Signal"]) == ["other", "s"]


def test_the_findings_chosen_are_shown_whole_and_link_to_where_they_are_settled(
    ledger_of: Make, select: Select
) -> None:
    ledger_of("s", "other", registered=("s",))
    select(0, 1)
    app = page()
    shown = text_of(app)
    assert "Owner: t/ann." in shown
    assert "due in 4 days" in shown
    found = links(app)
    assert found["Open in Sign-off"].startswith("sign_off?signal=s&fingerprint=f-")
    assert found["Open in Registry"] == "registry?signal=other"
    assert "Choose who you are in the sidebar." in shown


def test_each_signal_names_its_owner_and_the_number_of_its_open_findings(ledger_of: Make) -> None:
    ledger_of("s", "other", registered=("s",))
    app = page()
    assert "t/ann" in drawn.words(app)
    assert "No owner" in drawn.words(app)
    assert drawn.words(app).count("1 open findings") == 2


def test_an_owner_acknowledges_on_the_page(ledger_of: Make, select: Select) -> None:
    ledger_of("s", registered=("s",))
    select(0)
    app = chosen(page(), "ann")
    app.text_input(key=finding_key(app, "note")).set_value("measuring it").run()
    app.button(key=finding_key(app, "ack")).click().run()
    assert not app.exception
    assert app.toast[0].value.startswith("Acknowledged: entry ")
    assert "acknowledged" in text_of(app)
    assert any("t/ann: measuring it" in label for label in links(app))


def test_a_risk_approver_waives_on_the_page(ledger_of: Make, select: Select) -> None:
    ledger_of("s", registered=("s",))
    select(0)
    app = chosen(page(), "rita")
    assert app.button(key=finding_key(app, "waive")).disabled
    assert "Say why it may wait" in text_of(app)
    app.text_input(key=finding_key(app, "reason")).set_value("a pilot").run()
    app.button(key=finding_key(app, "waive")).click().run()
    assert not app.exception
    assert "None of these." in text_of(app)
    app.get("button_group")[0].set_value("Waived").run()
    assert not app.exception
    assert "waived until" in text_of(app)
    assert "nothing is open" in drawn.words(app)


def test_who_may_not_answer_is_told_who_may(ledger_of: Make, select: Select) -> None:
    ledger_of("s", registered=("s",))
    select(0)
    assert "Only the owner, a deputy or whoever it is for acknowledges it" in text_of(
        chosen(page(), "val")
    )


def test_a_broken_trail_is_the_finding_and_the_week_is_still_there(
    ledger_of: Make, select: Select
) -> None:
    select(0)
    path = ledger_of("s", registered=("s",))
    with Ledger.open(path) as ledger, ledger.cursor() as cursor:
        cursor.execute("DELETE FROM acts WHERE seq = 2")
    app = page()
    assert "The decision trail is broken" in text_of(app)
    assert "Signals worst first" in drawn.words(app)
    assert "Standing not known" in drawn.words(app)
    assert "no escalation rule is known" in drawn.words(app)


@pytest.mark.parametrize("name", ["reliability", "segments", "drift", "claims", "data"])
def test_a_broken_trail_closes_no_page_that_measures(name: str, ledger_of: Make) -> None:
    path = ledger_of("s", registered=("s",))
    with Ledger.open(path) as ledger, ledger.cursor() as cursor:
        cursor.execute("DELETE FROM acts WHERE seq = 2")
    assert page(name).title[0].value


@pytest.mark.parametrize("name", [None, "reliability", "segments", "drift"])
def test_numbers_of_an_unregistered_signal_are_marked(name: str | None, ledger_of: Make) -> None:
    ledger_of("s")
    assert "Not registered" in text_of(page(name))


@pytest.mark.parametrize("name", [None, "reliability", "segments", "drift"])
def test_numbers_of_what_nobody_signed_are_marked(name: str | None, ledger_of: Make) -> None:
    ledger_of("s", registered=("s",))
    assert "Not validated" in text_of(page(name))


def test_a_signal_is_measured_by_its_own_cut_and_tolerance(ledger_of: Make) -> None:
    ledger_of("s", "usual", registered=("s",))
    assert "85% or more" in text_of(page("reliability", signal="s"))
    assert "90% or more" in text_of(page("reliability", signal="usual"))
    guide = text_of(page("reliability", signal="s"))
    assert "±30 points" in guide


def test_the_claims_page_calls_the_signals_own_band_confident(ledger_of: Make) -> None:
    ledger_of("s", registered=("s",))
    app = page("claims", signal="s", stated="85% or more")
    assert "90 claims" in text_of(app)
    assert "30 of them stated 85% or more and were wrong" in text_of(app)


def test_whom_the_reader_acts_for_stays_on_other_pages(ledger_of: Make) -> None:
    ledger_of("s", registered=("s",))
    app = chosen(page(), "ann")
    app.switch_page(PAGES["reliability"].path).run()
    app.switch_page(PAGES["registry"].path).run()
    kept = people.known_person(owner.office(), "user:t/ann")
    assert app.selectbox(key="acting_for").value == kept


@pytest.mark.usefixtures("told_read")
def test_beside_an_earlier_week_it_is_said_that_findings_are_todays() -> None:
    assert "findings are those of today" in text_of(page(week="2026-W40"))
    assert "findings are those of today" not in text_of(page())

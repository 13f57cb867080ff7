"""Open findings as a table: what is shown of them, and one or several answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.monitoring.finding_responses import waive
from core.monitoring.rounds import rounds
from core.registry.yaml_reader import read
from core.trail.acts import Actor
from core.views.govern.findings import FindingRow, findings_view
from dashboard.parts.govern.watching import findings
from dashboard.server import open_ledger as owner
from tests.worlds.governed.entries import entry
from tests.worlds.running.built_once import copied
from tests.worlds.running.pages import finding_key, text_of

#: Ann's are a, b and c, each with a new fingerprint; d has no entry.
OWNED = ("a", "b", "c")
Select = Callable[..., None]


def page() -> None:
    """The table of the newest week, for whom the session says."""
    from datetime import date

    import streamlit as st

    from core.governance.people.names import directory
    from core.views.govern.findings import findings_view
    from dashboard.parts.govern.watching import findings
    from dashboard.server import open_ledger as owner
    from dashboard.widgets.acting.acting_for import Acting

    state, office = owner.office().state(), owner.office()
    names = directory(owner.cursor())
    name = st.session_state.get("who")
    person = None
    if name:
        sub = names.sub(f"user:t/{name}")
        person = Acting(sub, names.words(sub))
    view = findings_view(owner.cursor(), state, office.now())
    findings.table(view, state, person, st.session_state.get("since", date(2020, 1, 1)))


def fill(folder: Path) -> None:
    file = folder / "claims.csv"
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    rows = [f"{one},{day}T00:00:00Z,{one},0.9,m1" for one in (*OWNED, "d")]
    file.write_text("\n".join(["event_id,ts,signal,confidence,model_version", *rows]) + "\n")
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
        office = Office.of(ledger)
        for name in OWNED:
            registry.apply(
                office,
                read(entry(name, deputies=["user:t/bob"], riskApprovers=["user:t/rita"])),
                "user:t/adam",
            )
        for name in ("ann", "bob", "rita", "val"):
            people.known_person(office, f"user:t/{name}")
        rounds(office)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    return copied(tmp_path_factory, fill)


@pytest.fixture(autouse=True)
def served(made: Callable[..., Any], tmp_path: Path, serving: Callable[[Path], None]) -> None:
    made(tmp_path)
    serving(tmp_path / "ledger.duckdb")


def opened(who: str | None = None, **session: object) -> AppTest:
    app = AppTest.from_function(page, default_timeout=60)
    app.session_state["who"] = who
    for key, value in session.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def signals(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Signal"])


def rows() -> tuple[FindingRow, ...]:
    office = owner.office()
    return findings_view(owner.cursor(), office.state(), office.now()).rows


def pick(app: AppTest, name: str) -> None:
    app.get("button_group")[0].set_value(name).run()
    assert not app.exception


def groups(app: AppTest) -> list[str]:
    return list(app.get("button_group")[0].options)


def test_every_open_finding_is_a_row_with_its_age_its_day_and_its_owner() -> None:
    shown = opened().dataframe[0].value
    assert list(shown.columns) == ["Signal", "Finding", "Due", "Owner", "Age"]
    assert sorted(shown["Signal"]) == ["a", "b", "c", "d"]
    assert set(shown["Age"]) == {"0 d · new"}
    assert dict(zip(shown["Signal"], shown["Owner"], strict=True)) == {
        "a": "t/ann", "b": "t/ann", "c": "t/ann", "d": "nobody",
    }  # fmt: skip


def test_what_was_found_before_the_week_is_not_new() -> None:
    app = opened(since=date(2999, 1, 1))
    assert set(app.dataframe[0].value["Age"]) == {"0 d"}
    assert groups(app) == ["All 4"]


def test_a_group_is_offered_with_its_number_where_it_holds_any() -> None:
    assert groups(opened()) == ["All 4", "New 4"]
    assert groups(opened("ann")) == ["All 4", "New 4", "Mine 3"]
    assert groups(opened("val")) == ["All 4", "New 4"]


def test_mine_are_those_the_reader_owns() -> None:
    app = opened("ann")
    pick(app, "Mine")
    assert sorted(signals(app)) == ["a", "b", "c"]


def test_overdue_ones_are_told_and_can_be_looked_at_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    later = owner.office().now() + timedelta(days=5)
    monkeypatch.setattr(Office, "now", lambda _: later)
    app = opened(since=date(2999, 1, 1))
    assert groups(app) == ["All 4", "Overdue 3"]
    pick(app, "Overdue")
    assert set(app.dataframe[0].value["Age"]) == {"5 d"}


def test_until_a_row_is_chosen_it_is_said_how_to_read_one() -> None:
    assert "Select rows to read them in full and to respond." in text_of(opened())


def test_several_are_acknowledged_with_one_note(select: Select) -> None:
    select(0, 1, 2)
    app = opened("ann")
    assert app.button(key=finding_key(app, "acks")).label == "Acknowledge 3 of 3 as t/ann"
    assert app.button(key=finding_key(app, "acks")).disabled
    assert "Say what you do about it" in text_of(app)
    app.text_input(key=finding_key(app, "notes")).set_value("measuring them").run()
    app.button(key=finding_key(app, "acks")).click().run()
    assert not app.exception
    assert app.toast[0].value.startswith("Acknowledged: entries ")
    said = [line.words for row in rows() for line in row.history]
    assert sum(one.endswith("acknowledged by t/ann: measuring them") for one in said) == 3


def test_of_several_those_are_answered_that_the_reader_may_answer(select: Select) -> None:
    select(0, 3)
    app = opened("ann")
    assert app.button(key=finding_key(app, "acks")).label == "Acknowledge 1 of 2 as t/ann"


def test_who_may_answer_none_of_several_is_told_who_may(select: Select) -> None:
    select(0, 1)
    assert "Only the owner, a deputy or whoever it is for acknowledges it" in text_of(opened("val"))


def test_several_are_waived_and_are_then_found_among_the_waived(select: Select) -> None:
    select(0, 1)
    app = opened("rita")
    chosen = signals(app)[:2]
    assert app.button(key=finding_key(app, "waives")).disabled
    assert "Say why it may wait" in text_of(app)
    app.text_input(key=finding_key(app, "reason")).set_value("a pilot").run()
    app.button(key=finding_key(app, "waives")).click().run()
    assert not app.exception
    assert groups(app) == ["All 2", "New 2", "Waived 2"]
    pick(app, "Waived")
    assert sorted(signals(app)) == sorted(chosen)
    assert all(one.startswith("waived until ") for one in app.dataframe[0].value["Due"])


def test_the_group_looked_at_stays_when_its_number_changes() -> None:
    app = opened("ann")
    pick(app, "Mine")
    office = owner.office()
    approver = Actor(people.known_person(office, "user:t/rita"), "risk_approver")
    (found,) = (row.id for row in rows() if row.signal == "b")
    waive(office, approver, found, until=office.now().date() + timedelta(days=3), reason="a pilot")
    app.run()
    assert groups(app) == ["All 3", "New 3", "Waived 1", "Mine 2"]
    assert sorted(signals(app)) == ["a", "c"]


def test_the_first_refusal_ends_it_and_is_said_with_what_was_done_before(
    select: Select, monkeypatch: pytest.MonkeyPatch
) -> None:
    select(0, 1, 2)
    app = opened("ann")
    app.text_input(key=finding_key(app, "notes")).set_value("seen").run()
    done: list[str] = []
    real = findings.acknowledge

    def once(office: Office, actor: object, found: str, **options: str) -> object:
        if done:
            raise LedgerError("Somebody else was faster.")
        done.append(found)
        return real(office, actor, found, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(findings, "acknowledge", once)
    app.button(key=finding_key(app, "acks")).click().run()
    assert len(done) == 1
    last = owner.cursor().execute("SELECT max(seq) FROM acts").fetchall()[0][0]
    assert [one.value for one in app.error] == [
        f"Acknowledged: entry {last} of the trail. Somebody else was faster."
    ]

"""Watch: a kind of finding that changes nothing is turned down, and heard again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.governance.people import people
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.monitoring.finding_responses import waive
from core.monitoring.rounds import outlook, rounds
from core.trail.acts import Actor
from dashboard.server import open_ledger as owner
from tests.worlds.governed.house import House
from tests.worlds.running.pages import page, text_of


def waived_thrice(path: Path) -> None:
    with Ledger.open(path, create=True) as ledger:
        house = House(ledger)
        house.office = Office.of(ledger, clock=lambda: house.at)
        house.at = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
        house.register()
        rows = (f"{one},{house.at:%Y-%m-%d}T00:00:00Z,s,0.9,{one}\n" for one in ("a", "b", "c"))
        house.bring("event_id,ts,signal,confidence,model_version\n" + "".join(rows))
        rounds(house.office)
        rita, until = Actor(house.sub("rita"), "risk_approver"), house.at.date()
        for one in outlook(house.office).findings:
            if one.kind == "new_fingerprint":
                later = until + timedelta(days=20)
                waive(house.office, rita, one.id, until=later, reason="a pilot")


def press(app: AppTest, label: str) -> AppTest:
    (found,) = (one for one in app.button if one.label.startswith(label))
    found.click().run()
    assert not app.exception
    return app


def test_its_owner_turns_it_down_with_a_reason_and_hears_it_again(
    tmp_path: Path, serving: Callable[..., None]
) -> None:
    waived_thrice(tmp_path / "ledger.duckdb")
    serving(tmp_path / "ledger.duckdb")
    app = page("watch")
    assert "changes nothing" in text_of(app)
    ann = people.known_person(owner.office(), "user:t/ann")
    app.selectbox(key="acting_for").set_value(ann).run()
    (reason,) = (one for one in app.text_input if one.label == "Why")
    reason.set_value("a pilot until spring").run()
    press(app, "Turn it down as")
    assert "is turned down until" in text_of(app)
    press(app, "Hear it again")
    assert "is turned down until" not in text_of(app)

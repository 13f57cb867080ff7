"""The Registry page: what is written down, changed on the page, stopped, and who is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.text.markdown import plain
from core.trail.acts import Actor, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from dashboard.server import open_ledger as owner
from tests.worlds.claims.drawn import words
from tests.worlds.governed.entries import LOG_ONLY, REPLY
from tests.worlds.running.built_once import copied
from tests.worlds.running.pages import links, page, text_of

NOW = datetime.now(UTC).replace(tzinfo=None)
M1 = Fingerprint(model_version="m1")
Make = Callable[..., Path]


def fill(folder: Path, *, claims: bool, entry: bool, signed: bool) -> None:
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        if claims:
            file = folder / "claims.csv"
            day = f"{NOW - timedelta(days=3):%Y-%m-%d}"
            file.write_text(
                "event_id,ts,signal,confidence,outcome,model_version\n"
                + "".join(f"e{i},{day}T09:00:00Z,s,0.87,1,m1\n" for i in range(4))
                + f"x,{day}T09:00:00Z,other *[x](y)*,0.9,1,m1\n"
            )
            import_file(ledger, file)
        office = Office.of(ledger)
        if entry:
            registry.apply(office, read(REPLY), "user:t/adam")
        if signed:
            sign(office)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    return copied(tmp_path_factory, fill)


@pytest.fixture
def ledger_of(made: Callable[..., Any], tmp_path: Path, serving) -> Make:
    """A ledger: with claims, with the entry, with its version signed."""

    def make(*, claims: bool = True, entry: bool = True, signed: bool = False) -> Path:
        made(tmp_path, claims=claims, entry=entry, signed=signed)
        serving(tmp_path / "ledger.duckdb")
        return tmp_path / "ledger.duckdb"

    return make


def sign(office: Office) -> None:
    ann, val = (people.known_person(office, f"user:t/{name}") for name in ("ann", "val"))
    body = {
        "evidence": "ab" * 32,
        "material_sha256": office.state().entries["s"].material_sha256,
        "criteria_met": True,
        "author": ann,
    }
    until = {"until": stamp(office.now() + timedelta(days=60))}
    signature = Signature("I read it.", "ab" * 32)
    for proposal in (
        Proposal("validation.submitted", Actor(ann, "owner"), "s", M1, body),
        Proposal("validation.signed", Actor(val, "validator"), "s", M1, until, signature),
    ):
        office.perform(proposal)


opened = partial(page, "registry")


def button(app: AppTest, label: str) -> Button:
    (found,) = (one for one in app.button if one.label.startswith(label))
    return found


def click(app: AppTest, label: str) -> AppTest:
    button(app, label).click().run()
    assert not app.exception
    return app


def act_for(app: AppTest, name: str) -> AppTest:
    sub = people.known_person(owner.office(), f"user:t/{name}")
    app.selectbox(key="acting_for").set_value(sub).run()
    return app


def proposed(app: AppTest, text: str) -> AppTest:
    app.text_area[0].set_value(text).run()
    return click(app, "Show what it would change")


def test_an_empty_ledger_shows_the_commands_that_fill_it(ledger_of: Make) -> None:
    ledger_of(claims=False, entry=False)
    app = opened()
    commands = "\n".join(block.value for block in app.code)
    assert "calledger import" in commands
    assert "calledger registry apply" in commands


def test_what_is_log_only_is_shown_as_measured_and_acted_on_by_nothing(ledger_of: Make) -> None:
    with Ledger.open(ledger_of(entry=False)) as ledger:
        registry.apply(Office.of(ledger), read(LOG_ONLY), "user:t/adam")
    text = text_of(opened(signal="s"))
    assert "Log only: its confidence is measured, and nothing may act on it." in text
    assert "What it is measured by" in text
    assert "Validators" not in text
    assert "No rule is registered; every case falls back to people." in text
    assert "Falls back to" not in text


def test_unregistered_signals_are_shown_as_that_with_an_example(ledger_of: Make) -> None:
    ledger_of(entry=False)
    app = opened(signal="s")
    assert "2 are not registered" in text_of(app)
    assert "Not registered: nobody has said" in text_of(app)
    assert "user:<owner>" in app.text_area[0].value


def test_a_registered_signal_shows_owner_rules_and_history(ledger_of: Make) -> None:
    ledger_of()
    app = opened(signal="s")
    shown = text_of(app)
    assert "Decides: sends the reply. Stakes: high. Owner: t/ann." in shown
    assert "Not validated" in shown
    assert "ece at most 0.05; auroc at least 0.75" in shown
    rules = app.table[0].value
    assert list(rules["Action"])[:2] == ["**review**", "**automate**"]
    assert any("t/adam" in label and "entry=" in link for label, link in links(app).items())


def test_the_signal_stands_in_the_url(ledger_of: Make) -> None:
    ledger_of()
    app = opened(signal="s")
    assert app.query_params["signal"] in ("s", ["s"])
    assert words(app).endswith("Owner t/ann")


def test_a_count_of_claims_opens_them_and_a_version_its_sign_off(ledger_of: Make) -> None:
    ledger_of()
    found = links(opened(signal="s"))
    (claims,) = (link for label, link in found.items() if label.startswith("4 claims"))
    assert claims == "claims?signal=s"
    assert found["Sign-off"] == f"sign_off?signal=s&fingerprint={M1.id}"


def test_errors_name_their_line_and_field_and_nothing_can_be_applied(ledger_of: Make) -> None:
    ledger_of()
    app = proposed(opened(signal="s"), REPLY.replace('below: "0.90"', "below: 0.90"))
    (error,) = app.error
    assert "1 problem; nothing is changed until it is fixed." in error.value
    assert "Line 15, spec.escalation.bands[0].below" in error.value.replace("\\", "")
    assert not [one for one in app.button if one.label.startswith("Apply")]


def test_what_was_not_asked_about_cannot_be_applied(ledger_of: Make) -> None:
    ledger_of()
    app = proposed(opened(signal="s"), REPLY.replace('below: "0.90"', 'below: "0.85"'))
    assert [one.label for one in app.button if one.label.startswith("Apply")]
    app.text_area[0].set_value(REPLY.replace('below: "0.90"', 'below: "0.10"')).run()
    assert not [one for one in app.button if one.label.startswith("Apply")]
    assert "show again what it would change" in text_of(app)


def test_nobody_in_particular_applies_nothing(ledger_of: Make) -> None:
    ledger_of()
    app = proposed(opened(signal="s"), REPLY.replace('below: "0.90"', 'below: "0.85"'))
    assert button(app, "Apply").disabled
    assert "Choose who you are in the sidebar." in text_of(app)


def test_a_change_is_shown_with_its_effects_and_then_applied(ledger_of: Make) -> None:
    ledger_of(signed=True)
    app = act_for(opened(signal="s"), "ann")
    proposed(app, REPLY.replace('below: "0.90"', 'below: "0.85"'))
    shown = text_of(app)
    assert "threshold between review and automate 0.90 → 0.85" in shown
    assert "4 more automated" in shown
    assert "Validations in force are suspended by this" in shown
    click(app, "Apply as t/ann")
    state = owner.office().state()
    assert state.entries["s"].spec.rules.bands[0].below_ppm == 850_000
    assert state.validations["s", M1].state == "suspended"
    assert "Suspended" in text_of(app)
    assert 'below: "0.85"' in app.text_area[0].value


def test_who_may_not_change_the_rules_is_told(ledger_of: Make) -> None:
    ledger_of()
    app = act_for(opened(signal="s"), "val")
    proposed(app, REPLY.replace('below: "0.90"', 'below: "0.85"'))
    assert button(app, "Apply as t/val").disabled
    assert "may set this registry entry" in text_of(app)
    assert "t/val acts as validator" in text_of(app)


def test_an_entry_with_an_admin_in_a_seat_that_signs_cannot_be_applied(ledger_of: Make) -> None:
    ledger_of()
    app = act_for(opened(signal="s"), "ann")
    proposed(app, REPLY.replace("user:t/val", "user:t/adam"))
    assert button(app, "Apply as t/ann").disabled
    assert "t/adam is an admin, and an admin cannot sign or approve." in text_of(app)


def test_what_changed_meanwhile_is_read_again_before_it_is_applied(ledger_of: Make) -> None:
    ledger_of()
    app = act_for(opened(signal="s"), "ann")
    proposed(app, REPLY.replace('below: "0.90"', 'below: "0.85"'))
    # Somebody else changes the entry between reading and pressing.
    other = REPLY.replace('"sends the reply"', '"files the reply"')
    registry.apply(owner.office(), read(other), "user:t/ann")
    button(app, "Apply").click().run()
    assert not app.exception
    assert "t/ann changed this entry on" in text_of(app)
    assert 'below: "0.85"' in app.code[0].value
    assert owner.office().state().entries["s"].spec.decision == "files the reply"


def test_the_first_entry_makes_whoever_applies_it_admin(ledger_of: Make) -> None:
    ledger_of(entry=False)
    app = proposed(opened(signal="s"), REPLY)
    assert "whoever applies this becomes the admin" in text_of(app)
    # Nobody is made admin by pressing what is there.
    assert app.text_input(key="registry_self").value == ""
    assert button(app, "Apply as").disabled
    app.text_input(key="registry_self").set_value("eve").run()
    assert button(app, "Apply as").disabled
    assert "'eve' names no person" in text_of(app)
    app.text_input(key="registry_self").set_value("user:t/val").run()
    assert "an admin cannot sign or approve" in text_of(app)
    app.text_input(key="registry_self").set_value("user:t/eve").run()
    click(app, f"Apply as {plain('user:t/eve')}")
    state = owner.office().state()
    assert state.entries["s"].spec.decision == "sends the reply"
    assert state.grants[people.known_person(owner.office(), "user:t/eve")] == {"admin"}


def test_anybody_chosen_stops_a_version_and_says_why(ledger_of: Make) -> None:
    ledger_of(signed=True)
    app = act_for(opened(signal="s"), "rita")
    assert "Validated until" in text_of(app)
    assert button(app, "Stop it now as t/rita").disabled
    assert "Say why" in text_of(app)
    app.text_input(key=f"registry_{M1.id}_why").set_value("wrong teams").run()
    click(app, "Stop it now as t/rita")
    assert not owner.office().state().standing_of("s", M1, NOW).open
    assert "wrong teams" in text_of(app)


def test_nobody_in_particular_stops_nothing(ledger_of: Make) -> None:
    ledger_of(signed=True)
    app = opened(signal="s")
    assert "Choose who you are in the sidebar." in text_of(app)
    assert not [one for one in app.button if one.label.startswith("Stop it now")]


def test_what_is_closed_has_no_stop_button(ledger_of: Make) -> None:
    ledger_of()
    app = act_for(opened(signal="s"), "rita")
    assert not [one for one in app.button if one.label.startswith("Stop it now")]


def test_an_admin_says_who_is_away_and_nobody_else_can(ledger_of: Make) -> None:
    ledger_of()
    app = act_for(opened(signal="s"), "val")
    assert not [one for one in app.button if one.label.startswith("Record as")]
    act_for(app, "adam")
    ann, adam = (people.known_person(owner.office(), f"user:t/{one}") for one in ("ann", "adam"))
    # Nobody and nothing is chosen beforehand.
    assert app.selectbox(key="registry_who").value is None
    assert app.selectbox(key="registry_status").value is None
    assert button(app, "Record as t/adam").disabled
    app.selectbox(key="registry_who").set_value(adam)
    app.selectbox(key="registry_status").set_value("left").run()
    assert button(app, "Record as t/adam").disabled
    assert "t/adam is the only admin" in text_of(app)
    app.selectbox(key="registry_who").set_value(ann)
    app.selectbox(key="registry_status").set_value("left").run()
    click(app, "Record as t/adam")
    assert owner.office().state().people[ann].status == "left"
    assert "t/ann (left); t/bob stands in" in text_of(app)


def test_a_broken_trail_is_said_and_nothing_else(ledger_of: Make) -> None:
    path = ledger_of()
    with Ledger.open(path) as ledger, ledger.cursor() as cursor:
        cursor.execute("UPDATE acts SET entry = replace(entry, 'sends', 'burns') WHERE seq > 2")
    shown = text_of(opened())
    assert "The decision trail is broken" in shown
    assert "Critical" in shown
    assert "Versions" not in shown


def test_a_signal_named_like_markdown_is_shown_as_it_is(ledger_of: Make) -> None:
    ledger_of()
    assert "other *[x](y)* " in words(opened(signal="other *[x](y)*"))

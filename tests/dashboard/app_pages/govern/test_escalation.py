"""The Escalation page: rules in practice, breaches, and the states with little to say."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.pages import PAGES
from sample_data.planted import AGREEMENT, CALLBACK, LOGPROB, MERGE, SELF_REPORT
from tests.worlds.claims.drawn import words
from tests.worlds.claims.handed import handed_ledger
from tests.worlds.paths import MAIN
from tests.worlds.running.pages import page, text_of

#: Weeks 16 to 18 of the sample.
PLANTED = {"signal": SELF_REPORT, "first": "2026-09-07", "last": "2026-09-27"}
Open = Callable[..., AppTest]


@pytest.fixture
def opened(told_read: Path) -> Open:
    return partial(page, "escalation")


def breaches(app: AppTest):
    return next(one.value for one in app.dataframe if "claim" in one.value)


def test_the_page_leads_with_the_breaches_and_keeps_its_choices_in_the_link(opened: Open) -> None:
    app = opened(**PLANTED)
    assert "were handled less strictly than the rules require" in text_of(app)
    assert app.query_params["first"] == "2026-09-07"
    assert app.query_params["last"] == "2026-09-27"
    assert app.query_params["signal"] == SELF_REPORT


def test_the_planted_breaches_of_the_cut_can_be_listed_alone(opened: Open) -> None:
    app = opened(**PLANTED, breach_kind="Against the threshold")
    found = breaches(app)
    assert len(found) == 100
    assert set(found["kind"]) == {"Against the threshold"}
    assert set(found["seg_topic"]) == {"contract"}
    assert any("120" in one.label for one in app.get("download_button"))
    later = opened(**PLANTED, breach_kind="Against the threshold", breach_page="2")
    assert len(breaches(later)) == 20


def test_each_breach_links_to_its_claim_and_the_act_that_set_the_rule(opened: Open) -> None:
    first = breaches(opened(**PLANTED)).iloc[0]
    assert first["claim"] == f"claims?signal={SELF_REPORT}&claim={first['event_id']}"
    assert first["act"].startswith(f"decision_trail?entry={first['entry']}")


def test_what_never_asked_the_gate_is_listed_by_day_and_claim(opened: Open) -> None:
    app = opened(signal=LOGPROB, first="2026-11-01", last="2026-11-30")
    (warned,) = app.warning
    assert re.match(r"12 of \d+ claims that acted by themselves never asked", warned.value)
    assert "Never asked (12)" in [one.label for one in app.tabs]
    days = next(one.value for one in app.dataframe if "acted" in one.value)
    assert days["n"].sum() == 12
    claims = next(one.value for one in app.dataframe if "came_in" in one.value)
    how = ["never", "another confidence or version", "afterwards"]
    assert [list(claims["asked"]).count(one) for one in how] == [4, 8, 8]
    first = claims.iloc[0]
    assert first["claim"] == f"claims?signal={LOGPROB}&claim={first['event_id']}"


@pytest.mark.usefixtures("on_the_day_told")
def test_hand_offs_stand_by_queue_and_reviewer_and_what_is_late_leads_to_its_claim(
    tmp_path: Path, serving
) -> None:
    serving(handed_ledger(tmp_path))
    app = page("escalation", signal="triage", first="2026-10-01", last="2026-11-10")
    assert any("r-2 lets wrong answers pass" in one.value for one in app.warning)
    (loads,) = [one.value for one in app.dataframe if "take" in one.value]
    assert list(loads["handed"]) == [182, 6]
    (late,) = [one.value for one in app.dataframe if "due" in one.value]
    assert late["claim"].iloc[0] == "claims?signal=triage&claim=late"
    (rates,) = [one.value for one in app.dataframe if "rejected" in one.value]
    assert list(rates["reviewer"]) == ["all", "r-2", "r-1", "all"]
    assert list(rates["said"]) == ["", "rubber stamp", "", ""]
    claim = page("claims", signal="triage", claim="r-1-0-0")
    (handed,) = [one.value for one in claim.dataframe if "handed_at" in one.value]
    assert list(handed[["queue", "reviewer", "agreed"]].iloc[0]) == ["desk", "r-1", "overridden"]


def test_a_signal_without_hand_offs_says_how_to_log_them(opened: Open) -> None:
    assert "No hand-off is logged" in text_of(opened(signal=AGREEMENT))


def test_a_change_of_the_question_goes_back_to_the_first_leaf(opened: Open) -> None:
    app = opened(**PLANTED, breach_page="2")
    app.multiselect(key="breach_kind").set_value(["Against the threshold"]).run()
    assert not app.exception
    assert len(breaches(app)) == 100


def test_the_rows_can_hold_the_claims_as_if_every_version_might_act(opened: Open) -> None:
    asked = {**PLANTED, "rows": "as if every version could act"}
    (stood,), (as_if,) = (
        [one.value for one in app.dataframe if "queue" in one.value]
        for app in (opened(**PLANTED), opened(**asked))
    )
    assert "the fingerprint may not act" in set(stood["words"])
    assert "the fingerprint may not act" not in set(as_if["words"])
    assert set(as_if["queue"]) >= {"desk, 8 hours", "desk-leads, 2 hours"}


def test_a_signal_without_logged_actions_says_what_to_log(opened: Open) -> None:
    text = text_of(opened(signal=AGREEMENT))
    assert "Log the field action" in text
    assert "Not known: no action was logged." in text


def test_a_signal_whose_rules_were_kept_has_no_list(opened: Open) -> None:
    app = opened(signal=MERGE)
    assert "No breach" in text_of(app)
    (rates,) = [one.value for one in app.dataframe if "rejected" in one.value]
    assert "queue" not in rates
    assert not [one for one in app.dataframe if {"claim", "due"} & set(one.value) == {"claim"}]


def test_an_unregistered_signal_leads_to_the_registry(opened: Open) -> None:
    app = opened(signal=CALLBACK)
    assert "This signal is not registered" in text_of(app)
    assert any(one.proto.label == "Write its entry in Registry" for one in app.get("page_link"))


def test_days_that_end_before_they_begin_are_said(opened: Open) -> None:
    assert "before they begin" in text_of(
        opened(signal=MERGE, first="2026-09-10", last="2026-09-01")
    )


@pytest.mark.usefixtures("on_the_day_told")
def test_a_finding_of_breaches_leads_here(opened: Open, told_copy: Path) -> None:
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.query_params["signal"] = SELF_REPORT
    app.switch_page(PAGES["registry"].path).run()
    assert not app.exception
    links = {one.proto.label: one.proto.query_string for one in app.get("page_link")}
    opened_with = dict(parse_qsl(links["Open in Escalation"]))
    assert opened_with.pop("signal") == SELF_REPORT
    assert set(opened_with) == {"first", "last"}


def test_an_empty_ledger_shows_the_commands_that_fill_it(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    app = page("escalation")
    commands = "\n".join(block.value for block in app.code)
    assert "calledger registry apply" in commands
    assert "calledger import" in commands


def test_a_broken_trail_is_said_instead(told_copy: Path, serving) -> None:
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute("UPDATE acts SET entry = entry || ' ' WHERE seq = 20")
    serving(told_copy)
    assert "broken" in text_of(page("escalation")).lower()


def test_logged_names_are_shown_as_they_are(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    file = tmp_path / "claims.csv"
    name = "a*b_[x](http://e)"
    file.write_text(f"event_id,ts,signal,confidence\ne1,2026-11-02T09:00:00Z,{name},0.9\n")
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    serving(path)
    assert name in words(page("escalation", signal=name))

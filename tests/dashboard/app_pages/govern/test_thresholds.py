"""The Thresholds page: a cut, none, a refusal, and the states with little to say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.gate import registry_changes as registry
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from tests.worlds.claims.two_splits import two_splits
from tests.worlds.governed.entries import REPLY
from tests.worlds.running.pages import page, text_of

SAMPLE = "knowledge-answer.self-report"
Open = Callable[..., AppTest]


@pytest.fixture
def opened(told_read: Path) -> Open:
    return partial(page, "thresholds")


def yaml_of(app: AppTest) -> str:
    return "\n".join(one.value for one in app.code)


def test_the_page_opens_on_a_tuned_signal(opened: Open) -> None:
    assert opened().query_params["signal"] == "answer-grounding.agreement"


def test_a_leak_is_refused_with_its_rows(opened: Open) -> None:
    app = opened(signal=SAMPLE)
    assert "300 heldout claims have inputs" in text_of(app)
    rows = next(one.value for one in app.dataframe if "Event to judge" in one.value)
    assert len(rows) == 100
    assert not app.code


def test_without_the_overlap_a_flattering_cut_is_not_offered(opened: Open) -> None:
    app = opened(signal=SAMPLE)
    app.checkbox(key="without_overlap").check().run()
    assert not app.exception
    text = text_of(app)
    assert "Held-out claims contradict the threshold 0.85: 28 of 211 wrong" in text
    assert "at most 5% wrong only on what it was chosen on" in text
    assert "300 on inputs that were tuned on are left out" in text
    assert "no change to write" in text
    assert not app.code


def test_a_cut_comes_with_both_samples_and_a_change_to_copy(opened: Open) -> None:
    app = opened(signal=SAMPLE, without_overlap="true", risk="10.0")
    text = text_of(app)
    assert "At 0.85 and above at most 10% are wrong, with 90% confidence" in text
    assert "Nothing is applied here" in text
    assert 'below: "0.85"' in yaml_of(app)
    (table,) = (one.value for one in app.table)
    assert list(table.columns)[1:3] == ["Tuned on (same data)", "Held out"]
    links = {one.proto.label: one.proto.query_string for one in app.get("page_link")}
    assert links["Open the editor in Registry"] == f"signal={SAMPLE}"


def test_a_cut_per_segment_names_those_without(opened: Open) -> None:
    text = text_of(opened(signal=SAMPLE, without_overlap="true", risk="20.0", by="language"))
    assert "4 of 5 segments of language get a threshold" in text
    assert "language=yo: no threshold keeps" in text


def test_without_a_tuning_split_it_says_what_to_log(opened: Open) -> None:
    app = opened(signal="duplicate-merge.self-report")
    assert "No claims to choose a threshold on" in text_of(app)
    assert "tuning,1" in yaml_of(app)


def test_a_clean_ledger_without_a_registry_gets_a_cut_and_leads_to_the_registry(
    tmp_path: Path, serving
) -> None:
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, two_splits(tmp_path, "a*b_[x](http://e)", 200))
    serving(path)
    text = text_of(page("thresholds"))
    assert "Automate from 0.90: at most 5% wrong" in text
    assert "Held-out claims confirm it: 0 of 100 wrong" in text
    assert "is not registered" in text
    assert "[x](http" not in text


def test_a_run_is_recorded_and_the_entry_it_would_be_names_it(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, two_splits(tmp_path, "s", 400))
        registry.apply(Office.of(ledger), read(REPLY), "user:t/adam")
    serving(path)
    app = page("thresholds", acting_for="user:t/ann")
    assert "The threshold 0.90 chosen by hand" in text_of(app)
    assert "holds for one look" in text_of(app)
    app.checkbox(key="every_look").check().run()
    assert "however often it is chosen again" in text_of(app)
    app.button(key="threshold_record").click().run()
    assert not app.exception
    run = owner.office().state().runs.popitem()[0]
    assert "This run is entry" in text_of(app)
    assert "Threshold run " + run[:12] not in text_of(app)
    assert any(run in one.value for one in app.code)


def test_where_no_threshold_holds_none_is_recorded_and_the_run_in_force_can_be_asked_again(
    opened: Open,
) -> None:
    app = opened(signal="answer-grounding.agreement", every_look="true")
    assert "No threshold keeps at most 5% wrong with 90% confidence" in text_of(app)
    assert "No threshold holds, so there is no run to record." in text_of(app)
    (again,) = [
        one.proto
        for one in app.get("page_link")
        if one.proto.label.startswith("Ask what threshold run")
    ]
    asked = parse_qs(again.query_string)
    assert asked == {
        "signal": ["answer-grounding.agreement"],
        "risk": ["35"],
        "sure": ["90"],
        "every_look": ["true"],
    }
    app = opened(**{name: one for name, (one,) in asked.items()})
    assert "This run is entry" in text_of(app)
    assert not any("Ask what" in one.proto.label for one in app.get("page_link"))


def test_an_empty_ledger_shows_the_command_that_fills_it(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert "calledger import" in yaml_of(page("thresholds"))


def test_a_broken_trail_is_said_instead(told_copy: Path, serving) -> None:
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute("UPDATE acts SET entry = entry || ' ' WHERE seq = 20")
    serving(told_copy)
    assert "broken" in text_of(page("thresholds")).lower()


def test_the_signal_chosen_on_the_page_before_is_the_one_that_the_address_names(
    opened: Open,
) -> None:
    app = opened()
    app.switch_page(PAGES["escalation"].path).run()
    app.selectbox(key="signal").set_value("reply-draft.self-report").run()
    app.query_params["signal"] = "reply-draft.self-report"
    app.switch_page(PAGES["thresholds"].path).run()
    assert not app.exception
    assert app.selectbox(key="signal").value == "reply-draft.self-report"
    assert app.query_params["signal"] == "reply-draft.self-report"

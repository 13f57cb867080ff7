"""The Claims page: what its link says is what is found and opened."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.governance.people.names import directory
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.server import open_ledger as owner
from sample_data.generate import SELF_REPORT
from tests.worlds.running.pages import page, text_of

CLAIMS = """event_id,ts,signal,confidence,outcome,split,input_id,seg_language,note
a1,2026-11-02T09:00:00Z,s,0.95,0,,i1,de,![x](http://evil.example/x.png)
a2,2026-11-03T09:00:00Z,s,0.9,1,,i1,en,
b3,2026-11-04T09:00:00Z,s,0.4,0,,i3,en,
b4,2026-11-05T09:00:00Z,s,,1,,i4,de,
b5,2026-11-06T09:00:00Z,s,0.7,,tuning,i5,de,
a1,2026-11-02T09:00:00Z,judge,0.5,,,,,
"""


opened = partial(page, "claims")


def listed(app: AppTest) -> str:
    """The events of the list, in its order."""
    for table in app.dataframe:
        if "event_id" in table.value:
            return " ".join(table.value["event_id"])
    return ""


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few")
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        file = folder / "claims.csv"
        file.write_text(CLAIMS)
        import_file(ledger, file)
    return folder / "ledger.duckdb"


@pytest.fixture
def small(few: Path, serving) -> None:
    serving(few, keep=True)


@pytest.mark.parametrize(
    ("query", "events"),
    [
        ({}, "b4 b3 a2 a1"),
        ({"sort": "oldest first"}, "a1 a2 b3 b4"),
        ({"sort": "wrong first, most confident"}, "a1 b3 a2 b4"),
        ({"sort": "least confident first"}, "b3 a2 a1 b4"),
        ({"outcome": "wrong"}, "b3 a1"),
        ({"outcome": ["right", "not known yet"]}, "b4 a2"),
        ({"stated": "90% or more"}, "a2 a1"),
        ({"stated": "stated"}, "b3 a2 a1"),
        ({"stated": "unstated"}, "b4"),
        ({"confidence_band": "0.9–1.0"}, "a1"),
        ({"confidence_band": ["0.8–0.9", "0.3–0.4"]}, "b3 a2"),
        ({"id": "a"}, "a2 a1"),
        ({"id": "i3"}, "b3"),
        ({"seg_language": "de", "outcome": "right"}, "b4"),
        ({"split": "tuning"}, "b5"),
        ({"until": "2026-11-03"}, "a2 a1"),
        ({"outcome": "soso", "stated": "x", "sort": "y", "page": "z"}, "b4 b3 a2 a1"),
    ],
)
def test_a_link_finds_exactly_its_claims(
    query: dict[str, str | list[str]], events: str, small: None
) -> None:
    assert listed(opened(signal="s", **query)) == events


def test_what_was_found_is_counted_in_words(small: None) -> None:
    shown = text_of(opened(signal="s"))
    assert "4 of 5 claims; 1 of them stated 90% or more and was wrong." in shown
    assert "tuning" in shown
    assert "tuning" not in text_of(opened(signal="judge"))


def test_nothing_found_says_what_to_do(small: None) -> None:
    app = opened(signal="s", id="zzz")
    assert "None of 5 claims." in text_of(app)
    assert any("Widen the period" in one.value for one in app.info)


def test_a_claim_opens_from_the_link(small: None) -> None:
    app = opened(signal="s", claim="a1")
    assert "Stated 95% and was wrong." in text_of(app)
    links = [one.proto.label for one in app.get("page_link")]
    assert any(label.startswith("`judge`: 50%") for label in links)
    assert any(label.startswith("`a2`: 90%, right") for label in links)


def test_a_claim_that_the_filters_leave_out_opens_all_the_same(small: None) -> None:
    assert "Stated 70%" in text_of(opened(signal="s", claim="b5", seg_language="en"))


def test_what_a_claim_carries_is_never_read_as_markdown(small: None) -> None:
    app = opened(signal="s", claim="a1")
    found = [one.value for one in app.markdown if "evil" in one.value]
    assert found
    assert all(re.fullmatch(r"`[^`]+`", text) for text in found)


@pytest.mark.parametrize("claim", ["nobody", "' OR 1=1 --", "![x](y)", "a"])
def test_a_broken_link_is_answered_kindly(claim: str, small: None) -> None:
    app = opened(signal="s", claim=claim)
    assert any("There is no claim" in one.value for one in app.info)
    assert listed(app) == "b4 b3 a2 a1"


def test_an_event_of_another_signal_is_pointed_to(small: None) -> None:
    app = opened(signal="judge", claim="b3")
    assert [one.proto.label for one in app.get("page_link")] == ["`b3` in `s`"]


def test_leafing_goes_on_in_the_same_order(sample_shared: Path, serving) -> None:
    serving(sample_shared, keep=True)
    first, second = (opened(signal=SELF_REPORT, page=number) for number in ("1", "2"))
    assert len(listed(first).split()) == len(listed(second).split()) == 100
    assert not set(listed(first).split()) & set(listed(second).split())


def test_another_search_begins_on_its_first_leaf(sample_shared: Path, serving) -> None:
    serving(sample_shared, keep=True)
    app = opened(signal=SELF_REPORT, page="3")
    assert app.session_state["page"] == 3
    app.multiselect(key="outcome").set_value(["wrong"]).run()
    assert app.session_state["page"] == 1


def test_a_leaf_beyond_the_last_is_the_first(sample_shared: Path, serving) -> None:
    serving(sample_shared, keep=True)
    assert listed(opened(signal=SELF_REPORT, page="999")) == listed(opened(signal=SELF_REPORT))


def test_an_empty_ledger_shows_the_command_that_fills_it(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert any("calledger import" in block.value for block in opened(claim="a1").code)


def _contradicted(told_copy: Path, folder: Path) -> str:
    """Have a check by code contradict what a person said of a claim; its event."""
    with Ledger.open(told_copy) as ledger:
        (event, outcome), *_ = (
            ledger.cursor()
            .execute(
                "SELECT event_id, outcome FROM claims WHERE signal = $signal "
                "AND outcome_source = 'HUMAN' AND NOT outcome_corrected "
                "AND split = 'production' ORDER BY event_id LIMIT 1",
                {"signal": SELF_REPORT},
            )
            .fetchall()
        )
        file = folder / "checks.csv"
        file.write_text(
            "event_id,signal,outcome,outcome_ts,outcome_source\n"
            f"{event},{SELF_REPORT},{1 - outcome},{datetime.now(UTC).isoformat()},CODE\n"
        )
        import_recorded(Office.of(ledger), file)
    return str(event)


def test_a_label_that_contradicts_is_shown_confirmed_and_withdrawn(
    told_copy: Path, tmp_path: Path, serving
) -> None:
    event = _contradicted(told_copy, tmp_path)
    serving(told_copy)
    shown = page("labels", signal=SELF_REPORT)
    assert "1 claim has a label that contradicts an earlier one" in text_of(shown)
    links = {one.proto.label: one.proto.query_string for one in shown.get("page_link")}
    assert any(label.startswith(f"`{event}`: HUMAN: ") for label in links)
    said = parse_qs(links["Open the contradicting ones in Claims"])
    assert said == {"signal": [SELF_REPORT], "labels": ["contradicting"]}
    assert listed(opened(signal=SELF_REPORT, labels="contradicting")) == event

    app = opened(signal=SELF_REPORT, claim=event)
    assert "A label contradicts the one in force" in text_of(app)
    assert next(one for one in app.button if one.key == "label_withdraw").disabled
    names = directory(owner.cursor())
    app.selectbox(key="acting_for").set_value(names.sub("user:risk/vera.roth")).run()
    app.text_input(key="label_reason").set_value("read it again").run()
    app.button(key="label_right").click().run()
    assert "A label contradicts the one in force" not in text_of(app)
    assert "entry" in app.toast[0].value
    assert listed(opened(signal=SELF_REPORT, labels="contradicting")) == ""

    app.text_input(key="label_reason").set_value("another case").run()
    app.button(key="label_withdraw").click().run()
    assert "A label was withdrawn; it stays on record." in text_of(app)

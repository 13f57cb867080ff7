"""The Watch page: the last re-measurement of every signal, and the runs."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.monitoring.runs import run
from tests.worlds.claims.drawn import markup, words
from tests.worlds.running.pages import page, text_of

HEAD = "event_id,ts,signal,confidence,outcome,model_version\n"


@pytest.mark.usefixtures("on_the_day_told")
def test_every_signal_is_shown_with_what_was_measured_and_its_act(
    told_copy: Path, serving: Any
) -> None:
    with Ledger.open(told_copy) as ledger:
        made = run(Office.of(ledger))
    serving(told_copy)
    app = page("watch")
    shown = text_of(app)
    assert "All 10 signals were measured on schedule. Off: " in shown
    assert "Not watched because not registered: callback-urgency" in shown
    drawn = html.unescape(markup(app))
    assert "Off: gap +9.3 points" in drawn
    assert "only its high-confidence band is off, by +11.7 points (+7.0 to +17.4), n 296" in drawn
    assert "off by themselves: topic=medical by +15.6 points (+8.4 to +23.3), n 386" in drawn
    assert "Kim Sato" in words(app)
    assert 'title="watched since' in drawn
    trail = [
        parse_qs(one.proto.query_string)
        for one in app.get("page_link")
        if one.proto.page == "decision_trail"
    ]
    trail += [parse_qs(urlsplit(to).query) for to in re.findall(r'"(decision_trail[^"]*)"', drawn)]
    linked = {one["entry"][0] for one in trail}
    wanted = [act for act in made.acts if act.kind in ("signal.remeasured", "check.run")]
    assert {str(act.seq) for act in wanted} <= linked


def test_where_nothing_is_written_down_it_shows_how_to_begin(tmp_path: Path, serving: Any) -> None:
    path, file = tmp_path / "ledger.duckdb", tmp_path / "claims.csv"
    file.write_text(HEAD + "".join(f"e{i},2026-09-01,s,0.8,1,m1\n" for i in range(40)))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    serving(path)
    app = page("watch")
    assert "No signal is registered, so none is watched." in text_of(app)
    assert any("calledger registry apply" in block.value for block in app.code)


def test_a_broken_trail_is_said_instead(told_copy: Path, serving: Any) -> None:
    with Ledger.open(told_copy) as ledger, ledger.cursor() as cursor:
        cursor.execute("UPDATE acts SET entry = replace(entry, 'verbal', 'verbose') WHERE seq > 9")
    serving(told_copy)
    assert "The decision trail is broken" in text_of(page("watch"))

"""What waits for whom, as rows: order, search, and a length that is bounded."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from core.governance.state import State
from core.trail.fingerprint import Fingerprint
from core.views.govern.sign_off_queue import QueueLine, SignoffList
from dashboard.parts.govern.sign_off import sign_off_list
from dashboard.parts.govern.sign_off.sign_off_list import (
    MINE,
    SignOffRow,
    found,
    others,
    table,
    waiting,
)
from dashboard.widgets.drawn.framed import MANY
from dashboard.widgets.table_search import ALL

NOW = datetime(2026, 11, 29)


def line(signal: str, text: str = "No evidence was submitted for it.") -> QueueLine:
    return QueueLine(signal, Fingerprint(model_version=f"model of {signal}"), text)


VIEW = SignoffList(
    headline="Much.",
    waits=(line("a", "Vera Roth may sign or reject it."),),
    renew=(line("b"),),
    closed=(line("c"),),
    never=(line("d"), line("e")),
    held=(line("f", "Validated until 2027-02-01."),),
    rest=(line("g"),),
    unregistered=(("h", 9),),
    silent=("i",),
)


def rows(sub: str | None = None) -> tuple[SignOffRow, ...]:
    return waiting(VIEW, State(), sub, NOW)


def signals(of: tuple[SignOffRow, ...]) -> str:
    return "".join(row.signal for row in of)


def test_what_is_to_be_done_comes_before_what_only_stands() -> None:
    assert signals(rows()) == "abcdehi"
    assert signals(others(VIEW)) == "fg"
    assert len({row.todo for row in (*rows(), *others(VIEW))}) == 8


def test_what_the_reader_may_do_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def may(state, sub, kinds, signal, fingerprint, now) -> bool:
        return (sub, signal) in {("owner", "d"), ("vera", "a"), ("vera", "e")}

    monkeypatch.setattr(sign_off_list, "may_any", may)
    assert signals(rows("owner")) == "dabcehi"
    assert [row.signal for row in rows("vera") if row.mine] == ["a", "e"]
    assert signals(found(rows("vera"), "", MINE)) == "ae"


def test_versions_are_found_by_signal_version_person_and_group() -> None:
    assert signals(found(rows(), "", ALL)) == "abcdehi"
    assert signals(found(rows(), " VERA ", ALL)) == "a"
    assert signals(found(rows(), "model of d", ALL)) == "d"
    assert signals(found(rows(), "", "Never validated")) == "de"
    assert signals(found(rows(), "", MINE)) == ""


def test_a_row_says_how_its_version_stands_and_opens_it() -> None:
    drawn = table(rows(), "What waits")
    assert drawn.count("<tr>") == 1 + len(rows())
    assert 'href="sign_off?signal=a&amp;fingerprint=' in drawn
    assert "Vera Roth may sign or reject it." in drawn
    assert 'href="registry?signal=h"' in drawn


def test_a_long_list_stands_in_a_frame_and_an_empty_one_says_so() -> None:
    many = tuple(SignOffRow("Closed", "off", f"s{i}", "m", "", "sign_off") for i in range(MANY + 1))
    assert 'class="frame"' in table(many, "")
    assert 'class="frame"' not in table(many[:-1], "")
    assert "No version like this." in re.sub("<[^>]*>", "", table((), ""))

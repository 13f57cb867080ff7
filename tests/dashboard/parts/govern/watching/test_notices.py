"""The section on messages to people, and the line that warns where they do not arrive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ledger.connection import Ledger
from core.notices import outbox
from core.notices.outbox import Draft
from dashboard.server.settings import NOTICES_VARIABLE


def page() -> None:
    """Both parts, as pages place them."""
    from core.views.govern.notices import notices_view
    from dashboard.parts.govern.watching import notices
    from dashboard.server import notices as notify
    from dashboard.server import open_ledger as owner

    configured = notify.of_environment()
    view = notices_view(owner.cursor(), configured.settings, troubles=configured.troubles)
    notices.warn(view)
    notices.draw(view)


@pytest.fixture
def ledger_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(NOTICES_VARIABLE, raising=False)
    path = tmp_path / "x.duckdb"
    Ledger.open(path, create=True).close()
    return path


def channels(ledger_path: Path, text: str) -> None:
    path = ledger_path.with_name("x.duckdb.notices.yaml")
    path.write_text(text)
    path.chmod(0o600)


def drawn(serving: Callable[[Path], None], path: Path) -> AppTest:
    serving(path)
    at = AppTest.from_function(page, default_timeout=30).run()
    assert not at.exception
    return at


def test_without_channels_it_shows_what_to_write_and_how_to_try_it(
    ledger_path: Path, serving: Callable[[Path], None]
) -> None:
    at = drawn(serving, ledger_path)
    assert not at.warning
    assert "No channel is set up" in at.markdown[0].value
    assert "x.duckdb.notices.yaml" in at.markdown[1].value
    assert "channels:" in at.code[0].value
    assert at.code[1].value == f"calledger notices test --ledger {ledger_path}"


def test_the_example_is_a_notices_file() -> None:
    from core.notices.settings import read
    from dashboard.parts.govern.watching.notices import _EXAMPLE
    from dashboard.server.notices import problems

    environment = {"MAIL_PASSWORD": "x/y", "CHAT_ADDRESS": "json://host"}
    settings = read(_EXAMPLE, environment)
    assert problems(settings) == ()
    assert len(settings.channels) == 2


def test_a_failing_channel_is_warned_of_and_its_messages_can_be_read(
    ledger_path: Path, serving: Callable[[Path], None]
) -> None:
    from datetime import datetime

    channels(ledger_path, "channels: [{name: desk-mail, url: 'json://hunter2@host'}]")
    now = datetime(2026, 11, 24, 9)
    with Ledger.open(ledger_path) as ledger, ledger.transaction() as cursor:
        draft = Draft("desk-mail", "digest", "1 finding", "*It* drifted", ("n-1/1",))
        (one,) = outbox.write(cursor, [draft], now)
        outbox.mark_failed(cursor, one.number, now, "Connection refused.")
    at = drawn(serving, ledger_path)
    line, again = [one.value for one in at.warning]
    assert line.startswith("The channel desk-mail could not be reached since 2026-11-24 09:00")
    assert line == f"{again} See *Notices* on the page *Watch*."
    assert "Connection refused" in str(at.table[0].value["State"][0])
    assert at.expander[0].code[0].value == "1 finding\n\n*It* drifted"
    assert "hunter2" not in str(at.main)


def test_nothing_is_warned_of_while_all_is_fine(
    ledger_path: Path, serving: Callable[[Path], None]
) -> None:
    channels(ledger_path, "channels: [{name: desk-mail, url: 'json://host'}]")
    at = drawn(serving, ledger_path)
    assert not at.warning
    assert at.markdown[0].value == "1 channel, not failing."
    assert at.caption[0].value.startswith("Digests on Mondays at 07:00 UTC")


def test_a_file_that_is_refused_is_shown(
    ledger_path: Path, serving: Callable[[Path], None]
) -> None:
    channels(ledger_path, "channels: [{name: desk-mail}]")
    at = drawn(serving, ledger_path)
    assert "is missing" in at.warning[0].value

"""A session holds for its hours, and not beyond signing out."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from core.governance.bodies.refusal import Refused
from dashboard.server.settings import LEDGER_VARIABLE
from dashboard.server.sign_on import session as module
from dashboard.server.sign_on.session import Session, Sessions, kept_path
from dashboard.server.sign_on.unbound import MOST, Unbound

CLAIMS = {"iss": "https://login.example.org", "sub": "vera-2", "iat": 1_000_000, "nonce": "n1"}


def session(**claims: Any) -> Session:
    found = Session.of({**CLAIMS, **claims})
    assert found is not None
    return found


@pytest.mark.parametrize(
    "claims",
    [{"sub": ""}, {"iss": None}, {"iat": None}, {"iat": "soon"}, {"iat": "nan"}, {"sub": 7}],
)
def test_claims_that_lack_who_or_when_make_no_session(claims: dict[str, Any]) -> None:
    assert Session.of({**CLAIMS, **claims}) is None


def test_an_e_mail_is_what_somebody_is_called_and_not_who_they_are() -> None:
    one, two = session(email="vera@example.org"), session(email="vera@example.org", sub="other")
    assert one.name == "vera@example.org"
    assert one.account.id != two.account.id
    assert "vera-2" not in repr(one.account)


def test_a_session_is_over_after_its_hours() -> None:
    now = 1_000_000.0
    sessions = Sessions(lambda: now)
    sessions.require(session(), 8)
    now += 8 * 3600 - 1
    sessions.require(session(), 8)
    now += 1
    with pytest.raises(Refused, match="lasts 8 hours"):
        sessions.require(session(), 8)


def test_a_session_from_the_future_is_refused() -> None:
    with pytest.raises(Refused, match="clock"):
        Sessions(lambda: 999_000.0).require(session(), 8)


def kept_in(path: Path, now: float = 1_000_001.0) -> Sessions:
    """The sessions of a process that has just started."""
    return Sessions(lambda: now, lambda: path)


def test_a_session_that_was_ended_stays_so_when_the_server_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb.signed-out"
    kept_in(path).end(session())
    again = kept_in(path)
    with pytest.raises(Refused, match="signed out"):
        again.require(session(), 8)
    again.require(session(nonce="n2"), 8)
    again.end(session(nonce="n2"))
    for nonce in ("n1", "n2"):
        with pytest.raises(Refused, match="signed out"):
            kept_in(path).require(session(nonce=nonce), 8)


def test_what_is_kept_of_a_session_is_for_its_owner_alone_and_names_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb.signed-out"
    kept_in(path).end(session())
    assert path.stat().st_mode & 0o777 == 0o600
    assert "vera" not in path.read_text()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_what_is_kept_is_bounded_by_a_day_and_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.duckdb.signed-out"
    kept_in(path).end(session())
    kept_in(path, 1_000_000 + 25 * 3600).end(session(iat=1_080_000))
    assert len(json.loads(path.read_text())["ended"]) == 1
    monkeypatch.setattr(module, "MOST", 2)
    path.unlink()
    sessions = kept_in(path, 1_000_010)
    for n in range(4):
        sessions.end(session(nonce=f"n{n}", iat=1_000_000 + n))
    assert len(json.loads(path.read_text())["ended"]) == 2
    # Those that are no longer told apart are over all the same, and so is what began before them.
    for n in range(4):
        with pytest.raises(Refused, match="signed out"):
            kept_in(path, 1_000_010).require(session(nonce=f"n{n}", iat=1_000_000 + n), 8)
    with pytest.raises(Refused, match="signed out"):
        kept_in(path, 1_000_010).require(session(nonce="other", iat=1_000_001), 8)
    kept_in(path, 1_000_010).require(session(nonce="other", iat=1_000_002), 8)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ended": 7, "until": 1}', '{"ended": {}, "un'])
def test_where_what_was_kept_cannot_be_read_everybody_signs_on_again(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "x.duckdb.signed-out"
    path.write_text(text)
    sessions = kept_in(path)
    with pytest.raises(Refused, match="signed out"):
        sessions.require(session(), 8)
    sessions.require(session(iat=1_000_002), 8)


def test_a_session_is_over_also_where_that_cannot_be_kept(tmp_path: Path) -> None:
    sessions = kept_in(tmp_path / "gone" / "x.duckdb.signed-out")
    with pytest.raises(OSError, match="gone"):
        sessions.end(session())
    with pytest.raises(Refused, match="signed out"):
        sessions.require(session(), 8)


def test_the_servers_own_are_kept_beside_its_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEDGER_VARIABLE, str(tmp_path / "x.duckdb"))
    module.SESSIONS.end(session(iat=time.time()))
    assert kept_path(tmp_path / "x.duckdb").exists()


def test_signing_out_ends_this_session_and_no_other() -> None:
    sessions = Sessions(lambda: 1_000_001.0)
    sessions.end(session())
    with pytest.raises(Refused, match="signed out"):
        sessions.require(session(), 8)
    sessions.require(session(nonce="n2"), 8)


def test_who_is_bound_to_nobody_waits_for_an_admin_and_the_list_stays_short() -> None:
    unbound = Unbound()
    for number in range(MOST + 5):
        unbound.note(session(sub=f"s{number}"))
    unbound.note(session(sub="s20"))
    waiting = unbound.waiting(lambda _: False)
    assert (len(waiting), waiting[0].account.subject) == (MOST, "s20")
    assert len(unbound.waiting(waiting[0].account.__eq__)) == MOST - 1

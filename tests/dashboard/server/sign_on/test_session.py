"""A session holds for its hours, and not beyond signing out."""

from __future__ import annotations

from typing import Any

import pytest

from core.governance.permissions import Refused
from dashboard.server.sign_on.session import Session, Sessions
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

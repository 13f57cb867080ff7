"""Which messages are written when, and that nothing critical is ever left untold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.findings.acts import finding_acts
from core.findings.lifecycle import Finding, FindingStep
from core.governance.people.names import Directory, Name
from core.governance.replay import TrailBroken
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.monitoring.rounds import rounds
from core.notices import outbox
from core.notices.due import LabelsAsked, NoticeFacts, critical_key, due, key, write_due
from core.notices.outbox import Draft, ToldChannel
from core.notices.settings import Channel, Digest, NoticeSettings
from core.notices.text import with_names
from tests.worlds.governed.findings import open_finding
from tests.worlds.governed.rounds import examples

#: A Tuesday; the last Monday 07:00 was the day before.
NOW = datetime(2026, 11, 24, 9)
OWNER = "p-0123456789abcdef"


def finding(
    number: int = 1,
    severity: str = "critical",
    *,
    signal: str | None = "triage",
    since: datetime = NOW,
    **changed: Any,
) -> Finding:
    fields: dict[str, Any] = {
        "id": f"n-{number:012x}",
        "kind": "drift_alarm",
        "severity": severity,
        "signal": signal,
        "subject": "s",
        "fingerprint": None,
        "text": f"It drifted ({number}).",
        "mend": "Look into it.",
        "evidence": (),
        "owner": OWNER,
        "opened_at": since,
        "since": since,
        "due": date(2026, 11, 27),
        "state": "open",
        "until": None,
        "occurrences": 1,
        "history": (FindingStep(1, since, "finding.opened", "system", ""),),
        **changed,
    }
    return Finding(**fields)


def resolved(one: Finding, at: datetime) -> Finding:
    gone = FindingStep(9, at, "finding.resolved", "system", "It no longer applies.")
    return replace(one, state="resolved", history=(*one.history, gone))


class Desk:
    """Channels whose messages are always sent, and what was written so far."""

    def __init__(self, *channels: Channel, **given: Any) -> None:
        self.settings = NoticeSettings(channels or (Channel("mail", "json://x"),), **given)
        self.told: dict[str, list[ToldChannel]] = {}
        self.now = NOW

    def round(self, *found: Finding, **forward: float) -> tuple[Draft, ...]:
        self.now += timedelta(**forward)
        drafts = due(self.settings, self.facts(found))
        for one in drafts:
            told = ToldChannel(one.kind, frozenset(one.findings), self.now, True)
            self.told.setdefault(one.channel, []).append(told)
        return drafts

    def facts(self, found: Sequence[Finding]) -> NoticeFacts:
        told = {name: tuple(several) for name, several in self.told.items()}
        return NoticeFacts(tuple(found), told, lambda one: one.owner, "x.duckdb", self.now)


def kinds(drafts: Sequence[Draft]) -> list[str]:
    return [one.kind for one in drafts]


def test_the_first_message_is_a_digest_at_once_of_what_stands() -> None:
    desk = Desk()
    assert desk.round() == ()
    (first,) = desk.round(finding(1), finding(2, "warning"))
    assert first.kind == "digest"
    assert first.subject == "Digest: 2 open findings, 1 critical"
    assert "it lists all that is open" in first.body
    assert desk.round(finding(1), finding(2, "warning"), minutes=1) == ()


def test_a_new_critical_finding_is_told_at_once_and_once() -> None:
    desk = Desk()
    old, new = finding(1, "warning"), finding(2)
    desk.round(old)
    (told,) = desk.round(old, new, minutes=1)
    assert told.kind == "immediate"
    assert told.subject == "Critical: Drifted beyond the tolerance (triage)"
    assert told.findings == (key(new), critical_key(new))
    assert "1 other finding is open." in told.body
    assert desk.round(old, new, minutes=1) == ()


def test_several_that_come_together_are_one_message() -> None:
    desk = Desk()
    desk.round(finding(1, "warning"))
    (told,) = desk.round(finding(2), finding(3, signal="other"), minutes=1)
    assert told.subject == "2 critical findings (triage, other)"
    assert "drifted (2)" in told.body
    assert "drifted (3)" in told.body


def test_a_warning_waits_for_the_digest_at_its_time() -> None:
    desk = Desk()
    old, new = finding(1, "warning"), finding(2, "warning", since=NOW + timedelta(hours=1))
    desk.round(old)
    assert desk.round(old, new, hours=1) == ()
    desk.now = datetime(2026, 11, 30, 6, 59)
    assert desk.round(old, new) == ()
    (digest,) = desk.round(old, new, minutes=1)
    assert digest.kind == "digest"
    assert digest.subject == "Digest: 2 open findings, 2 overdue, 1 new"
    assert "WARNING [new]" in digest.body


@pytest.mark.parametrize("days", [7, 30])
def test_a_digest_that_was_missed_is_made_up_for_once(days: int) -> None:
    desk = Desk()
    desk.round(finding(1, "warning"))
    assert kinds(desk.round(finding(1, "warning"), days=days)) == ["digest"]
    assert desk.round(finding(1, "warning"), minutes=1) == ()


def test_nothing_that_waits_and_nothing_settled_sends_no_digest_and_none_later_that_week() -> None:
    desk = Desk()
    desk.round(finding(1, "warning"))
    gone = resolved(finding(1, "warning"), NOW + timedelta(hours=1))
    (digest,) = desk.round(gone, days=6)
    assert digest.subject == "Digest: nothing open, 1 resolved"
    assert "- Drifted beyond the tolerance: triage" in digest.body
    assert desk.round(gone, days=7) == ()
    # It came after the time of the digest that had nothing to say.
    late = finding(2, "warning", since=desk.now)
    assert desk.round(gone, late, minutes=1) == ()
    assert kinds(desk.round(gone, late, days=7)) == ["digest"]


def test_one_that_came_again_or_became_critical_is_told_again() -> None:
    desk = Desk()
    mild = finding(1, "warning")
    desk.round(mild)
    (worse,) = desk.round(replace(mild, severity="critical"), minutes=1)
    assert worse.findings == (f"{mild.id}/1", f"{mild.id}/1/critical")
    again = replace(mild, severity="critical", occurrences=2, since=desk.now)
    (told,) = desk.round(again, minutes=1)
    assert told.findings == (f"{mild.id}/2", f"{mild.id}/2/critical")
    assert "Found 2 times, last 2026-11-24." in told.body


@pytest.mark.parametrize("state", ["waived", "resolved"])
def test_what_is_settled_or_waived_by_then_is_not_told_at_once(state: str) -> None:
    desk = Desk()
    old = finding(1, "warning")
    desk.round(old)
    assert desk.round(old, replace(finding(2), state=state, until=date(2027, 1, 1)), hours=1) == ()


def test_a_waived_one_is_listed_as_waived() -> None:
    (digest,) = Desk().round(
        finding(1), finding(2, "warning", state="waived", until=date(2027, 1, 1))
    )
    assert "Waived:\n- Drifted beyond the tolerance: triage, until 2027-01-01" in digest.body


def test_a_channel_is_told_of_its_signals_only() -> None:
    desk = Desk(Channel("a", "json://x", ("triage",)), Channel("b", "json://x"))
    first, second = desk.round(finding(1), finding(2, signal="other"), finding(3, signal=None))
    assert [first.channel, len(first.findings)] == ["a", 2]
    assert [second.channel, len(second.findings)] == ["b", 6]


def test_a_channel_for_digests_is_told_nothing_at_once() -> None:
    desk = Desk(Channel("mail", "json://x", send="digest"))
    assert kinds(desk.round(finding(1))) == ["digest"]
    assert desk.round(finding(1), finding(2), hours=1) == ()


def test_a_channel_without_digests_is_told_at_first_what_is_critical() -> None:
    desk = Desk(Channel("chat", "json://x", send="immediate"))
    assert desk.round(finding(2, "warning")) == ()
    (first,) = desk.round(finding(1), finding(2, "warning"))
    assert first.kind == "immediate"
    assert first.body.startswith("1 critical finding is open. This is the first message")
    assert desk.round(finding(1), finding(2, "warning"), days=30) == ()


def test_above_the_ceiling_the_digest_lists_what_was_held_back() -> None:
    desk = Desk(ceiling=1)
    old = finding(1, "warning")
    desk.round(old)
    (last,) = desk.round(old, finding(2), hours=1)
    assert "reached its limit for the week" in last.body
    held = finding(3, since=NOW + timedelta(hours=2))
    assert desk.round(old, finding(2), held, hours=1) == ()
    # A new week has room again, but the digest comes in its first hours.
    desk.now = datetime(2026, 11, 30, 1)
    assert desk.round(old, finding(2), held) == ()
    (digest,) = desk.round(old, finding(2), held, hours=6)
    assert "1 critical finding came after the limit of 1 message a week" in digest.body
    assert "CRITICAL [new, held back]" in digest.body
    assert critical_key(held) in digest.findings
    assert desk.round(old, finding(2), held, hours=1) == ()


def test_one_that_is_told_at_once_with_the_digest_is_not_marked_as_held_back() -> None:
    desk = Desk(ceiling=5)
    old = finding(1, "warning")
    desk.round(old)
    new = finding(2, since=datetime(2026, 11, 30, 6))
    desk.now = datetime(2026, 11, 30, 7)
    at_once, digest = desk.round(old, new)
    assert [at_once.kind, digest.kind] == ["immediate", "digest"]
    assert "CRITICAL [new] Drifted" in digest.body


def test_what_the_ceiling_did_not_hold_back_is_told_at_once_in_a_later_week() -> None:
    desk = Desk(ceiling=1)
    old, waived = finding(1, "warning"), finding(2, state="waived", until=date(2026, 11, 29))
    desk.round(old)
    assert kinds(desk.round(old, waived, finding(3), hours=1)) == ["immediate"]
    desk.now = datetime(2026, 11, 30, 1)
    over = replace(waived, state="open", until=None)
    (told,) = desk.round(old, over, finding(3))
    assert (told.kind, told.findings) == ("immediate", (key(over), critical_key(over)))


def test_what_was_settled_before_the_channel_was_there_is_no_news() -> None:
    desk = Desk()
    before = resolved(finding(2), NOW - timedelta(hours=1))
    after = resolved(finding(3), NOW + timedelta(hours=1))
    desk.round(finding(1, "warning"), before)
    (digest,) = desk.round(finding(1, "warning"), before, after, days=7)
    assert "1 resolved since" in digest.body


def test_without_digests_what_was_held_back_is_told_when_the_next_week_begins() -> None:
    desk = Desk(Channel("chat", "json://x", send="immediate"), ceiling=1)
    desk.round(finding(1))
    assert desk.round(finding(1), finding(2), hours=1) == ()
    desk.now = datetime(2026, 11, 30)
    assert kinds(desk.round(finding(1), finding(2))) == ["immediate"]


def test_no_digest_is_written_while_the_last_one_still_waits() -> None:
    desk = Desk()
    desk.round(finding(1))
    (sent,) = desk.told["mail"]
    desk.told["mail"] = [replace(sent, sent=False)]
    assert desk.round(finding(1), days=21) == ()
    # What is critical is written all the same, and sent when the channel is back.
    assert kinds(desk.round(finding(1), finding(2), days=1)) == ["immediate"]
    desk.told["mail"][0] = sent
    assert kinds(desk.round(finding(1), finding(2), minutes=1)) == ["digest"]


def test_worst_come_first_and_every_line_says_who_by_when_and_what_to_do() -> None:
    (digest,) = Desk(link="https://pages.example.org").round(
        finding(1, "warning", due=date(2026, 11, 20)),
        finding(2, due=date(2026, 11, 30)),
        finding(3, signal="a b/ü", due=date(2026, 11, 25), state="acknowledged"),
    )
    order = [digest.body.index(f"drifted ({number})") for number in (3, 2, 1)]
    assert order == sorted(order)
    assert f"Owner: {OWNER}, overdue since 2026-11-20." in digest.body
    assert "due 2026-11-25, acknowledged." in digest.body
    assert "To do: Look into it." in digest.body
    assert "https://pages.example.org/registry?signal=a%20b%2F%C3%BC" in digest.body
    assert digest.body.endswith(
        "All findings: https://pages.example.org\n"
        "Written 2026-11-24 09:00 UTC by Calibration Ledger on x.duckdb for mail."
    )


def test_a_logged_name_starts_no_line_and_calls_nobody() -> None:
    (digest,) = Desk().round(
        finding(1, signal="x\r\nBcc: all@example.org", text="@here <!channel>")
    )
    (at_once,) = Desk(Channel("c", "json://x", send="immediate")).round(
        finding(1, signal="x\nSubject: y")
    )
    assert "\nBcc" not in digest.body
    assert "@here" not in digest.body
    assert "<!channel" not in digest.body
    assert "\n" not in at_once.subject


def test_people_are_named_only_when_it_is_sent() -> None:
    (digest,) = Desk().round(finding(1))
    assert OWNER in digest.body
    names = Directory({OWNER: Name(OWNER, "user:desk/ann", "Ann Lee")})
    assert "Owner: Ann Lee, due" in with_names(digest.body, names)
    gone = Directory({OWNER: Name(OWNER, None, None)})
    assert "Ann Lee" not in with_names(digest.body, gone)


# ---- on a ledger -------------------------------------------------------------------------------


ONE = NoticeSettings((Channel("mail", "json://x"),))


def test_the_acts_about_findings_are_those_of_the_trail(governed: Any) -> None:
    acts = [open_finding(governed.office, number) for number in (1, 2)]
    assert finding_acts(governed.ledger.cursor()) == tuple(acts)


def test_what_is_due_is_written_once_with_the_acting_owner(governed: Any, clock: Any) -> None:
    open_finding(governed.office, 1)
    (written,) = write_due(governed.office, ONE, clock.now)
    assert f"Owner: {governed.sub('user:desk/ann')}" in written.body
    assert write_due(governed.office, ONE, clock.now) == ()
    assert outbox.recent(governed.ledger.cursor(), 5) == (written,)


def test_a_message_says_what_is_so_now_and_not_when_it_was_found(
    governed: Any, clock: Any, tmp_path: Path
) -> None:
    file = tmp_path / "claims.csv"
    for n in (1, 3):
        rows = "".join(f"e{i},2026-11-01T09:00:00Z,new,0.9\n" for i in range(n))
        file.write_text(f"event_id,ts,signal,confidence\n{rows}")
        import_file(governed.ledger, file, now=clock.now)
        rounds(governed.office)
    (stored,) = (one for one in finding_acts(governed.ledger.cursor()) if one.signal == "new")
    assert stored.body["facts"]["claims"] == 1
    (written,) = write_due(governed.office, ONE, clock.now)
    assert "3 claims since" in written.body


def test_a_broken_trail_is_told_once_a_day(
    governed: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_finding(governed.office, 1)
    write_due(governed.office, ONE, clock.now)

    def broken() -> None:
        raise TrailBroken("Entry 3 is not what was signed.")

    monkeypatch.setattr(governed.office, "state", broken)
    (told,) = write_due(governed.office, ONE, clock.now)
    assert told.subject == "Critical: Trail broken"
    assert "Entry 3 is not what was signed." in told.body
    assert write_due(governed.office, ONE, clock.now + timedelta(hours=1)) == ()
    assert len(write_due(governed.office, ONE, clock.now + timedelta(days=1))) == 1


# ---- whatever happens --------------------------------------------------------------------------

STEP = st.tuples(
    st.sampled_from(["open", "warn", "worse", "resolve", "recur", "waive", "reopen", "down", "up"]),
    st.integers(0, 4),
    st.sampled_from([timedelta(seconds=30), timedelta(hours=5), timedelta(days=3)]),
)


class World:
    """Findings that come and go, and a channel that fails and comes back."""

    def __init__(self, send: str, ceiling: int | None, ledger: Ledger) -> None:
        self.settings = NoticeSettings(
            (Channel("mail", "json://x", send=send),),  # type: ignore[arg-type]
            Digest(None),
            ceiling,
        )
        self.found: dict[int, Finding] = {}
        self.now, self.up, self.ledger = NOW, True, ledger
        self.owed: set[str] = set()

    def step(self, what: str, number: int, forward: timedelta) -> None:
        self.now += forward
        known = self.found.get(number)
        if what in ("down", "up"):
            self.up = what == "up"
        elif known is None:
            if what in ("open", "warn"):
                severity = "critical" if what == "open" else "warning"
                self.found[number] = finding(number, severity, since=self.now)
        elif known.state == "resolved":
            if what == "recur":
                self.found[number] = replace(
                    known, state="open", since=self.now, occurrences=known.occurrences + 1
                )
        elif what == "worse":
            self.found[number] = replace(known, severity="critical", state="open")
        elif what == "resolve":
            self.found[number] = resolved(known, self.now)
        elif what == "waive":
            self.found[number] = replace(known, state="waived", until=date(2027, 1, 1))
        elif what == "reopen":
            self.found[number] = replace(known, state="open", until=None)
        self.round()

    def round(self) -> None:
        with self.ledger.transaction() as cursor:
            facts = NoticeFacts(
                tuple(self.found.values()), outbox.told(cursor), lambda _: None, "x", self.now
            )
            outbox.write(cursor, due(self.settings, facts), self.now)
        while (one := outbox.due(self.ledger.cursor(), "mail", self.now)) is not None:
            with self.ledger.transaction() as cursor:
                if not self.up:
                    outbox.mark_failed(cursor, one.number, self.now, "down")
                    break
                outbox.mark_sent(cursor, one.number, self.now)
        self.owed |= {
            critical_key(one)
            for one in self.found.values()
            if one.severity == "critical" and one.state == "open"
        }

    def messages(self) -> list[outbox.Notice]:
        return list(outbox.recent(self.ledger.cursor(), 10_000))


@settings(max_examples=examples(8, 500))
@given(
    st.lists(STEP, max_size=25),
    st.sampled_from(["both", "immediate", "digest"]),
    st.sampled_from([None, 1, 2]),
)
def test_every_critical_occurrence_is_told_exactly_once_or_listed_and_none_is_lost(
    steps: list[tuple[str, int, timedelta]], send: str, ceiling: int | None
) -> None:
    with Ledger.in_memory() as ledger:
        world = World(send, ceiling, ledger)
        for one in steps:
            world.step(*one)
        # The channel comes back, and a week passes in which nothing else happens.
        for _ in range(9):
            world.step("up", 0, timedelta(days=1))
        messages = world.messages()
        assert all(one.sent_at is not None for one in messages)
        at_once = Counter(
            told
            for one in messages
            if one.kind == "immediate"
            for told in one.findings
            if told.endswith("/critical")
        )
        assert max(at_once.values(), default=1) == 1
        listed = {told for one in messages if one.kind == "digest" for told in one.findings}
        still = {
            critical_key(one)
            for one in world.found.values()
            if one.severity == "critical" and one.state == "open"
        }
        if send == "digest" or ceiling is not None:
            # What was settled before its digest, or above the ceiling, may only be named as that.
            assert still <= listed | set(at_once)
        else:
            digests = [set(one.findings) for one in reversed(messages) if one.kind == "digest"]
            at_first = digests[0] if digests else set()
            assert world.owed <= at_first | set(at_once)
        if send != "digest" and ceiling is not None:
            weeks = Counter(
                one.written_at.isocalendar()[:2] for one in messages if one.kind == "immediate"
            )
            assert max(weeks.values(), default=0) <= ceiling
        if send == "digest":
            assert not at_once
        if send == "immediate":
            assert not listed


def test_a_channel_for_people_is_told_of_what_they_must_answer() -> None:
    mine, theirs = finding(1, owner="p-mia"), finding(2, owner="p-ann")
    desk = Desk(Channel("mia", "json://x", people=("p-mia",)))
    (draft,) = desk.round(mine, theirs)
    assert set(draft.findings) == {key(mine), critical_key(mine)}


def test_a_channel_for_people_nobody_knows_is_told_of_everything() -> None:
    desk = Desk(Channel("mia", "json://x", people=("user:ops/mya",)))
    facts = replace(desk.facts([finding(1, owner="p-ann")]), sub_of=lambda _: None)
    (draft,) = due(desk.settings, facts)
    assert draft.findings


def test_labels_that_are_asked_for_are_in_a_digest_though_nothing_is_open() -> None:
    desk = Desk(Channel("mail", "json://x"))
    desk.round(finding(1))
    desk.round(resolved(finding(1), desk.now), weeks=1)
    asked = LabelsAsked("triage", "p-mia", desk.now + timedelta(hours=1), 38, date(2026, 12, 14))
    desk.now += timedelta(weeks=1)
    facts = replace(desk.facts([resolved(finding(1), NOW)]), asked=(asked,))
    (draft,) = due(desk.settings, facts)
    assert draft.subject == "Digest: nothing open, labels are asked for"
    assert "- triage: 38 claims drawn 2026-12-01, by 2026-12-14" in draft.body
    others = Channel("mail", "json://x", people=("p-ann",))
    assert due(NoticeSettings((others,)), facts) == ()

"""The outbox: what was written is kept until it is sent, and tried again less and less often."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.ledger.connection import Ledger
from core.notices import outbox
from core.notices.outbox import Draft, Notice

NOW = datetime(2026, 11, 24, 9)


def draft(channel: str = "mail", *findings: str, kind: outbox.Kind = "immediate") -> Draft:
    return Draft(channel, kind, "Subject", "Body\nof two lines", findings or ("n-1/1",))


def write(ledger: Ledger, *drafts: Draft, now: datetime = NOW) -> tuple[Notice, ...]:
    with ledger.transaction() as cursor:
        return outbox.write(cursor, drafts, now)


def fail(ledger: Ledger, number: int, now: datetime, error: str = "refused") -> datetime:
    with ledger.transaction() as cursor:
        return outbox.mark_failed(cursor, number, now, error)


def due(ledger: Ledger, now: datetime, channel: str = "mail") -> Notice | None:
    with ledger.cursor() as cursor:
        return outbox.due(cursor, channel, now)


def test_messages_are_numbered_on_and_read_back_as_written(ledger: Ledger) -> None:
    (first,) = write(ledger, draft("mail", "n-1/1", "n-1/1/critical"))
    second, third = write(ledger, draft(), draft("chat"))
    assert (first.number, second.number, third.number) == (1, 2, 3)
    assert due(ledger, NOW) == first
    assert outbox.recent(ledger.cursor(), 10) == (third, second, first)


def test_a_sent_message_is_due_no_more_and_the_next_is(ledger: Ledger) -> None:
    write(ledger, draft(), draft())
    with ledger.transaction() as cursor:
        outbox.mark_sent(cursor, 1, NOW)
    found = due(ledger, NOW)
    assert found is not None
    assert found.number == 2
    (sent,) = [one for one in outbox.recent(ledger.cursor(), 10) if one.number == 1]
    assert (sent.sent_at, sent.next_try, sent.attempts, sent.error) == (NOW, None, 1, None)


def test_pauses_double_from_a_minute_to_an_hour_and_never_end(ledger: Ledger) -> None:
    write(ledger, draft())
    now, pauses = NOW, []
    for _ in range(9):
        again = fail(ledger, 1, now)
        pauses.append((again - now) / timedelta(minutes=1))
        assert due(ledger, again - timedelta(seconds=1)) is None
        now = again
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    found = due(ledger, now)
    assert found is not None
    assert (found.attempts, found.error) == (9, "refused")
    assert outbox.pause(10_000) == timedelta(hours=1)


def test_a_failure_makes_the_others_of_its_channel_wait_but_no_other_channel(
    ledger: Ledger,
) -> None:
    write(ledger, draft(), draft(), draft("chat"))
    again = fail(ledger, 1, NOW)
    assert due(ledger, NOW) is None
    assert due(ledger, NOW, "chat") is not None
    # The one that was not tried yet has its turn first.
    found = due(ledger, again)
    assert found is not None
    assert found.number == 2


def test_once_one_message_gets_through_the_others_follow_at_once(ledger: Ledger) -> None:
    write(ledger, draft(), draft())
    again = fail(ledger, 1, NOW)
    again = fail(ledger, 2, again)
    (fresh,) = write(ledger, draft(), now=again - timedelta(seconds=90))
    with ledger.transaction() as cursor:
        outbox.mark_sent(cursor, fresh.number, fresh.written_at)
    assert due(ledger, fresh.written_at) is not None


def test_what_a_channel_was_told_counts_from_when_it_is_written(ledger: Ledger) -> None:
    write(ledger, draft("mail", "n-1/1"), draft("chat", "n-2/1", kind="digest"))
    with ledger.transaction() as cursor:
        outbox.mark_sent(cursor, 2, NOW)
    told = outbox.told(ledger.cursor())
    assert told["mail"] == (outbox.ToldChannel("immediate", frozenset({"n-1/1"}), NOW, False),)
    assert told["chat"][0].sent


def test_the_facts_of_a_channel_say_since_when_it_fails_and_of_what(ledger: Ledger) -> None:
    write(ledger, draft(), draft(), draft())
    with ledger.transaction() as cursor:
        outbox.mark_sent(cursor, 1, NOW)
    later = NOW + timedelta(minutes=1)
    again = fail(ledger, 2, later, "no answer")
    facts = outbox.channel_facts(ledger.cursor())["mail"]
    assert facts == outbox.ChannelFacts("mail", 1, 2, NOW, NOW, 1, again, "no answer")


def test_those_that_wait_are_always_among_the_recent(ledger: Ledger) -> None:
    write(ledger, *[draft() for _ in range(5)])
    for number in (2, 3, 4, 5):
        with ledger.transaction() as cursor:
            outbox.mark_sent(cursor, number, NOW)
    assert [one.number for one in outbox.recent(ledger.cursor(), 2)] == [5, 1]


def test_what_is_rolled_back_was_never_written(ledger: Ledger) -> None:
    def ended_early() -> None:
        with ledger.transaction() as cursor:
            outbox.write(cursor, [draft()], NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        ended_early()
    assert outbox.recent(ledger.cursor(), 10) == ()

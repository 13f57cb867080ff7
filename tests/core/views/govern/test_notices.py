"""What is shown of messages to people: whether they arrive, and what keeps them."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.notices import outbox
from core.notices.outbox import Draft
from core.notices.settings import Channel, NoticeSettings
from core.trail.acts import SYSTEM, Actor, Proposal
from core.trail.checkpoints.signer import Signer
from core.views.govern.notices import notices_view

NOW = datetime(2026, 11, 24, 9)
OWNER = "p-0123456789abcdef"
MAIL, CHAT = Channel("mail", "json://secret-host"), Channel("chat", "json://x", ("triage",))
BOTH = NoticeSettings((MAIL, CHAT), ceiling=3)


def write(ledger: Ledger, channel: str, *keys: str, now: datetime = NOW) -> int:
    draft = Draft(channel, "digest", "Subject", f"Owner: {OWNER}, due", keys or ("n-1/1",))
    with ledger.transaction() as cursor:
        (one,) = outbox.write(cursor, [draft], now)
    return one.number


def send(ledger: Ledger, number: int, now: datetime = NOW) -> None:
    with ledger.transaction() as cursor:
        outbox.mark_sent(cursor, number, now)


def fail(ledger: Ledger, number: int, now: datetime = NOW) -> None:
    with ledger.transaction() as cursor:
        outbox.mark_failed(cursor, number, now, "Connection refused.")


def test_without_channels_it_says_that_nobody_is_told(ledger: Ledger) -> None:
    view = notices_view(ledger.cursor(), None)
    assert "No channel is set up" in view.headline
    assert (view.channels, view.messages, view.warnings, view.schedule) == ((), (), (), "")


def test_channels_say_what_they_take_and_what_became_of_it(ledger: Ledger) -> None:
    send(ledger, write(ledger, "mail"))
    view = notices_view(ledger.cursor(), BOTH)
    mail, chat = view.channels
    assert mail.takes == "digests, and critical findings at once; all signals"
    assert chat.takes == "digests, and critical findings at once; triage"
    assert mail.state == "Last sent 2026-11-24 09:00 UTC."
    assert chat.state == "Nothing was sent yet."
    assert view.headline == "2 channels, none of them failing."
    assert view.schedule == (
        "Digests on Mondays at 07:00 UTC; at most 3 messages at once per channel and week, what is "
        "above in the digest."
    )
    assert view.warnings == ()
    assert "secret-host" not in repr(view)


def test_a_failing_channel_says_since_when_why_and_when_it_is_tried_again(ledger: Ledger) -> None:
    send(ledger, write(ledger, "mail"))
    number = write(ledger, "mail", now=NOW + timedelta(hours=1))
    write(ledger, "mail", now=NOW + timedelta(hours=1))
    fail(ledger, number, NOW + timedelta(hours=1))
    view = notices_view(ledger.cursor(), BOTH)
    assert view.channels[0].failing
    assert view.channels[0].state == (
        "Not reached since 2026-11-24 10:00 UTC: 2 messages wait, tried 1 time in vain, next at "
        "10:01. Connection refused. Last sent 2026-11-24 09:00 UTC."
    )
    assert view.warnings == (
        "The channel mail could not be reached since 2026-11-24 10:00 UTC; 2 messages kept, to be "
        "tried again.",
    )
    assert view.headline == "2 channels, 1 of them is failing."
    waiting = {one.number: one.state for one in view.messages if not one.sent}
    assert waiting[number] == "waits since 2026-11-24 10:00, tried 1 time"


def test_messages_for_a_channel_that_the_file_no_longer_names_are_listed(
    ledger: Ledger,
) -> None:
    write(ledger, "gone")
    send(ledger, write(ledger, "gone-and-done"))
    view = notices_view(ledger.cursor(), NoticeSettings((MAIL,)))
    assert [(one.name, one.listed) for one in view.channels] == [("mail", True), ("gone", False)]
    # Whoever took it out knows, and is not nagged.
    assert view.warnings == ()
    assert view.channels[1].takes == "nothing: the notices file no longer names it"
    assert view.channels[1].state.startswith("1 message waits for it. Put it back")


def test_what_is_wrong_with_the_file_is_warned_of(ledger: Ledger) -> None:
    view = notices_view(ledger.cursor(), BOTH, troubles=("line 3: is no channel.",))
    assert view.warnings == ("line 3: is no channel.",)


def test_a_signal_that_nobody_knows_is_remarked(ledger: Ledger) -> None:
    (remark,) = notices_view(ledger.cursor(), BOTH, signals=("other",)).remarks
    assert remark.startswith("chat is set up for triage, which this ledger does not know")
    assert notices_view(ledger.cursor(), BOTH, signals=("triage",)).remarks == ()
    assert notices_view(ledger.cursor(), BOTH).remarks == ()


def test_messages_are_read_with_names_and_count_their_findings(ledger: Ledger) -> None:
    program = Actor(SYSTEM, SYSTEM, via="system")
    Office(ledger, Signer.generate()).perform(
        Proposal("person.added", program, body={"sub": OWNER}),
        lambda cursor, _act: cursor.execute(
            "INSERT INTO people VALUES ($sub, 'user:desk/ann', 'Ann Lee', NULL)", {"sub": OWNER}
        ),
    )
    write(ledger, "mail", "n-1/1", "n-1/1/critical", "n-2/1", "n-1/2")
    (message,) = notices_view(ledger.cursor(), BOTH).messages
    assert message.body == "Owner: Ann Lee, due"
    assert message.kind == "Digest"

"""How people are told of findings outside the pages: the channels, and the last messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.governance.people.names import Directory, directory
from core.notices import outbox
from core.notices.held import WORDS as HELD
from core.notices.outbox import ChannelFacts, Kind, Notice
from core.notices.settings import Channel, NoticeSettings
from core.notices.text import with_names
from core.sentences.numbers import counted

KIND_WORDS: Mapping[Kind, str] = {"immediate": "At once", "digest": "Digest"}
#: As many messages are shown unless asked otherwise.
SHOWN = 20


@dataclass(frozen=True)
class ChannelRow:
    """A channel as people read it; its address is never shown.

    Attributes:
        name: as the notices file calls it.
        takes: what it is sent: ``digests and critical findings at once, of all signals``.
        state: what became of its messages, in a sentence.
        n_sent, n_waiting: its messages.
        failing_since: when what it has not taken was written; None while it takes what is sent.
        listed: whether the notices file names it still.
    """

    name: str
    takes: str
    state: str
    n_sent: int
    n_waiting: int
    failing_since: datetime | None
    listed: bool = True

    @property
    def failing(self) -> bool:
        """Whether the last attempt was in vain."""
        return self.failing_since is not None


@dataclass(frozen=True)
class MessageRow:
    """A message as people read it.

    Attributes:
        number: 1, 2, 3, …
        channel: its name.
        kind: at once, or a digest.
        subject: on one line.
        body: as it was or will be sent.
        state: ``sent 2026-11-24 09:12``, or since when and why it waits.
        sent: whether it has left.
    """

    number: int
    channel: str
    kind: str
    subject: str
    body: str
    state: str
    sent: bool


@dataclass(frozen=True)
class NoticesView:
    """Everything about messages to people.

    Attributes:
        headline: whether they arrive, in a sentence.
        channels: those of the notices file in its order, then others that messages wait for.
        messages: the last ones, newest first; those that wait are always among them.
        troubles: what is wrong with the notices file, a sentence each.
        failing: which channels are not reached, in a sentence; "" while all are.
        remarks: what is worth knowing about the settings, a sentence each.
        schedule: when digests are due and how many messages a week may bring; "" without settings.
    """

    headline: str
    channels: tuple[ChannelRow, ...]
    messages: tuple[MessageRow, ...]
    troubles: tuple[str, ...] = ()
    failing: str = ""
    remarks: tuple[str, ...] = ()
    schedule: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What keeps people from being told, a sentence each; none when all is fine."""
        return (*([self.failing] if self.failing else []), *self.troubles)


def notices_view(
    cursor: duckdb.DuckDBPyConnection,
    settings: NoticeSettings | None,
    *,
    troubles: Sequence[str] = (),
    signals: Collection[str] | None = None,
    limit: int = SHOWN,
    held: bool = False,
) -> NoticesView:
    """Assemble what there is to know.

    Args:
        settings: what the notices file says; None: there is none.
        troubles: what is wrong with that file, a sentence each.
        signals: the ledger's signals and those of its registry; None: not compared.
        limit: the most messages to hold.
        held: whether the ledger tells nobody anything, see `core.notices.held`.
    """
    facts = outbox.channel_facts(cursor)
    named = () if settings is None else settings.channels
    rows = [_row(one, facts.get(one.name)) for one in named]
    known = {one.name for one in named}
    rows += [_left(one) for one in facts.values() if one.n_waiting and one.name not in known]
    names = directory(cursor)
    return NoticesView(
        _headline(rows, settings),
        tuple(rows),
        tuple(_message(one, names) for one in outbox.recent(cursor, limit)),
        (*([HELD] if held else []), *troubles),
        _failing(rows),
        tuple(_remarks(named, signals)),
        "" if settings is None else _schedule(settings),
    )


def _row(channel: Channel, facts: ChannelFacts | None) -> ChannelRow:
    return ChannelRow(
        channel.name,
        _takes(channel),
        "Nothing was sent yet." if facts is None else _state(facts),
        0 if facts is None else facts.n_sent,
        0 if facts is None else facts.n_waiting,
        None if facts is None else facts.failing_since,
    )


def _left(facts: ChannelFacts) -> ChannelRow:
    waits = "message waits" if facts.n_waiting == 1 else "messages wait"
    return ChannelRow(
        facts.name,
        "nothing: the notices file no longer names it",
        f"{facts.n_waiting} {waits} for it. Put it back into the file, and they are sent.",
        facts.n_sent,
        facts.n_waiting,
        failing_since=facts.failing_since,
        listed=False,
    )


def _takes(channel: Channel) -> str:
    what = {
        "both": "digests, and critical findings at once",
        "digest": "digests",
        "immediate": "critical findings at once",
    }[channel.send]
    return f"{what}; {'all signals' if channel.signals is None else ', '.join(channel.signals)}"


def _state(facts: ChannelFacts) -> str:
    sent = "Nothing was sent yet." if facts.last_sent is None else (
        f"Last sent {facts.last_sent:%Y-%m-%d %H:%M} UTC."
    )  # fmt: skip
    if not facts.n_waiting:
        return sent
    waits = f"{counted(facts.n_waiting, 'message')} {'waits' if facts.n_waiting == 1 else 'wait'}"
    if facts.failing_since is None or facts.next_try is None:
        return f"{waits} to be sent. {sent}"
    return (
        f"Not reached since {facts.failing_since:%Y-%m-%d %H:%M} UTC: {waits}, tried "
        f"{counted(facts.attempts, 'time')} in vain, next at {facts.next_try:%H:%M}. "
        f"{facts.error or ''} {sent}"
    )


def _message(one: Notice, names: Directory) -> MessageRow:
    return MessageRow(
        one.number,
        one.channel,
        KIND_WORDS[one.kind],
        with_names(one.subject, names),
        with_names(one.body, names),
        _message_state(one),
        one.sent_at is not None,
    )


def _message_state(one: Notice) -> str:
    if one.sent_at is not None:
        return f"sent {one.sent_at:%Y-%m-%d %H:%M}"
    waits = f"waits since {one.written_at:%Y-%m-%d %H:%M}"
    if not one.attempts:
        return waits
    return f"{waits}, tried {counted(one.attempts, 'time')}"


def _remarks(channels: Sequence[Channel], signals: Collection[str] | None) -> list[str]:
    """Signals that no claim and no entry has: a slip of the pen would keep a channel silent."""
    if signals is None:
        return []
    return [
        f"{channel.name} is set up for {signal}, which this ledger does not know; check its "
        "spelling."
        for channel in channels
        for signal in channel.signals or ()
        if signal not in signals
    ]


def _schedule(settings: NoticeSettings) -> str:
    most = (
        "as many messages at once as there are critical findings"
        if settings.ceiling is None
        else f"at most {counted(settings.ceiling, 'message')} at once per channel and week, what "
        "is above in the digest"
    )
    return f"Digests {settings.digest.words}; {most}."


def _failing(rows: Sequence[ChannelRow]) -> str:
    """Which channels are not reached, since when, and what waits for them."""
    failing = [one for one in rows if one.failing_since is not None and one.listed]
    since = min((one.failing_since for one in failing if one.failing_since), default=None)
    if since is None:
        return ""
    names = ", ".join(one.name for one in failing)
    waiting = counted(sum(one.n_waiting for one in failing), "message")
    return (
        f"{'The channel' if len(failing) == 1 else 'The channels'} {names} could not be reached "
        f"since {since:%Y-%m-%d %H:%M} UTC; {waiting} kept, to be tried again."
    )


def _headline(rows: Sequence[ChannelRow], settings: NoticeSettings | None) -> str:
    if settings is None:
        return "No channel is set up: findings are shown on these pages only."
    listed = [one for one in rows if one.listed]
    failing = sum(one.failing for one in listed)
    text = counted(len(listed), "channel")
    if not failing:
        waiting = sum(one.n_waiting for one in rows)
        rest = f"; {counted(waiting, 'message')} to be sent" if waiting else ""
        return f"{text}, {'none of them' if len(listed) > 1 else 'not'} failing{rest}."
    return f"{text}, {failing} of them {'is' if failing == 1 else 'are'} failing."

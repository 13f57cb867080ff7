"""Messages to people: written before they are sent, kept until they are, and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import duckdb

Kind = Literal["immediate", "digest"]

#: After a failed attempt the channel rests so long, twice as long after each further one …
FIRST_PAUSE = timedelta(minutes=1)
#: … and never longer than this.
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Draft:
    """A message before it is written.

    Attributes:
        channel: its name in the notices file; never its address.
        kind: at once for what is critical, or a digest.
        subject, body: plain text; people stand in it as opaque ids.
        findings: what it tells of: ``n-…/2`` for a finding's second occurrence, and
            ``n-…/2/critical`` beside it where it was told as critical.
    """

    channel: str
    kind: Kind
    subject: str
    body: str
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Notice:
    """A message as it stands in the ledger.

    Attributes:
        number: 1, 2, 3, …
        channel, kind, subject, body, findings: see `Draft`.
        written_at: when it was written, UTC without zone.
        attempts: how often it was tried to send it.
        next_try: when it is tried next; None once it is sent.
        sent_at: when it was sent; None while it waits.
        error: what the last failed attempt met, without addresses or secrets.
    """

    number: int
    channel: str
    kind: Kind
    subject: str
    body: str
    findings: tuple[str, ...]
    written_at: datetime
    attempts: int = 0
    next_try: datetime | None = None
    sent_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class ToldChannel:
    """What a channel was told by one message.

    Attributes:
        kind, findings: see `Draft`.
        written_at: when, UTC without zone.
        sent: whether it has left the ledger.
    """

    kind: Kind
    findings: frozenset[str]
    written_at: datetime
    sent: bool


@dataclass(frozen=True)
class ChannelFacts:
    """What became of one channel's messages.

    Attributes:
        name: the channel.
        n_sent, n_waiting: messages that were sent, and that wait.
        last_sent: when the last one was sent.
        failing_since: when the oldest waiting message that was tried in vain was written.
        attempts: attempts in vain for those that wait.
        next_try: when the next attempt is due.
        error: what the last failed attempt met.
    """

    name: str
    n_sent: int
    n_waiting: int
    last_sent: datetime | None
    failing_since: datetime | None
    attempts: int
    next_try: datetime | None
    error: str | None


_COLUMNS = (
    "notice_no, channel, kind, subject, body, findings, written_at, attempts, next_try, sent_at, "
    "error"
)


def told(cursor: duckdb.DuckDBPyConnection) -> dict[str, tuple[ToldChannel, ...]]:
    """What every channel was told so far, oldest first; messages that still wait count."""
    rows = cursor.execute(
        """
        SELECT channel, kind, findings, written_at, sent_at IS NOT NULL
        FROM notices ORDER BY notice_no
        """
    ).fetchall()
    found: dict[str, list[ToldChannel]] = {}
    for channel, kind, findings, written_at, sent in rows:
        found.setdefault(channel, []).append(
            ToldChannel(kind, frozenset(findings), written_at, sent)
        )
    return {channel: tuple(several) for channel, several in found.items()}


def write(
    cursor: duckdb.DuckDBPyConnection, drafts: Sequence[Draft], now: datetime
) -> tuple[Notice, ...]:
    """Put messages into the ledger, to be sent from now on.

    Args:
        drafts: in the order in which they are to be sent.
    """
    row = cursor.execute("SELECT coalesce(max(notice_no), 0) FROM notices").fetchone()
    assert row is not None
    written = []
    for number, one in enumerate(drafts, start=int(row[0]) + 1):
        cursor.execute(
            """
            INSERT INTO notices BY NAME SELECT
                $number AS notice_no, $channel AS channel, $kind AS kind, $subject AS subject,
                $body AS body, CAST($findings AS VARCHAR[]) AS findings,
                CAST($now AS TIMESTAMP) AS written_at, 0 AS attempts,
                CAST($now AS TIMESTAMP) AS next_try
            """,
            {
                "number": number,
                "channel": one.channel,
                "kind": one.kind,
                "subject": one.subject,
                "body": one.body,
                "findings": list(one.findings),
                "now": now,
            },
        )
        written.append(
            Notice(number, one.channel, one.kind, one.subject, one.body, one.findings, now, 0, now)
        )
    return tuple(written)


def due(cursor: duckdb.DuckDBPyConnection, channel: str, now: datetime) -> Notice | None:
    """The message of a channel that is to be sent next, if the time of any has come.

    The one tried least, then the oldest: one that is refused for what it says keeps no other
    waiting.
    """
    row = cursor.execute(
        f"""
        SELECT {_COLUMNS} FROM notices
        WHERE channel = $channel AND sent_at IS NULL AND next_try <= $now
        ORDER BY attempts, notice_no LIMIT 1
        """,
        {"channel": channel, "now": now},
    ).fetchone()
    return None if row is None else _notice(row)


def mark_sent(cursor: duckdb.DuckDBPyConnection, number: int, now: datetime) -> None:
    """Record that a message left; the others of its channel may follow it at once.

    In a transaction of the caller's.
    """
    cursor.execute(
        """
        UPDATE notices SET attempts = attempts + 1, next_try = NULL, sent_at = $now, error = NULL
        WHERE notice_no = $number
        """,
        {"number": number, "now": now},
    )
    cursor.execute(
        """
        UPDATE notices SET next_try = $now
        WHERE sent_at IS NULL AND next_try > $now
          AND channel = (SELECT channel FROM notices WHERE notice_no = $number)
        """,
        {"number": number, "now": now},
    )


def mark_failed(
    cursor: duckdb.DuckDBPyConnection, number: int, now: datetime, error: str
) -> datetime:
    """Record that a message could not be sent; every message of its channel then waits a while.

    Args:
        error: what it met, without addresses or secrets.

    Returns:
        When the channel is tried again: after a minute at first, then twice as long after each
        attempt in vain, at most an hour.
    """
    cursor.execute(
        "UPDATE notices SET attempts = attempts + 1, error = $error WHERE notice_no = $number",
        {"number": number, "error": error},
    )
    row = cursor.execute(
        """
        SELECT CAST(sum(attempts) AS BIGINT) FROM notices
        WHERE sent_at IS NULL
          AND channel = (SELECT channel FROM notices WHERE notice_no = $number)
        """,
        {"number": number},
    ).fetchone()
    assert row is not None
    again = now + pause(int(row[0]))
    cursor.execute(
        """
        UPDATE notices SET next_try = $again
        WHERE sent_at IS NULL
          AND channel = (SELECT channel FROM notices WHERE notice_no = $number)
        """,
        {"number": number, "again": again},
    )
    return again


def pause(attempts: int) -> timedelta:
    """How long a channel rests after so many attempts in vain, ≥ 1."""
    # Beyond a few doublings the longest pause is reached anyway, and numbers stay small.
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 16)), LONGEST_PAUSE)


def channel_facts(cursor: duckdb.DuckDBPyConnection) -> dict[str, ChannelFacts]:
    """What became of the messages of every channel that ever had one, by name."""
    rows = cursor.execute(
        """
        SELECT channel,
               count(sent_at), count(*) - count(sent_at), max(sent_at),
               min(written_at) FILTER (sent_at IS NULL AND attempts > 0),
               coalesce(CAST(sum(attempts) FILTER (sent_at IS NULL) AS BIGINT), 0),
               min(next_try),
               arg_max(error, notice_no) FILTER (sent_at IS NULL AND error IS NOT NULL)
        FROM notices GROUP BY channel ORDER BY channel
        """
    ).fetchall()
    return {row[0]: ChannelFacts(*row) for row in rows}


def recent(cursor: duckdb.DuckDBPyConnection, limit: int) -> tuple[Notice, ...]:
    """The messages that wait, and the newest others, newest first; at most ``limit`` in all."""
    rows = cursor.execute(
        f"""
        SELECT {_COLUMNS} FROM notices
        ORDER BY sent_at IS NOT NULL, notice_no DESC LIMIT $limit
        """,
        {"limit": limit},
    ).fetchall()
    return tuple(sorted(map(_notice, rows), key=lambda one: -one.number))


def _notice(row: tuple[object, ...]) -> Notice:
    number, channel, kind, subject, body, findings, *rest = row
    return Notice(number, channel, kind, subject, body, tuple(findings), *rest)  # type: ignore[arg-type]

"""Which messages are to be written to people now.

Critical findings are told at once, everything else in a digest. A message is written into the
ledger before it is sent and marked after, so that a crash in between sends it at most twice and
never not at all.

- A channel's first message tells what stands: a digest at once, unless it takes none.
- A critical finding is told at once when it was opened, came again or became critical, once per
  channel. Several that come together are one message. One that is settled or waived by then is
  not told at once.
- A digest that was missed is made up for once. Where nothing waits, and since the last one nothing
  was settled and no label asked for, none is sent; and none is written while the last one still
  waits to be sent.
- Above the ceiling of a week nothing is sent at once: the next digest lists what was held back,
  and a channel without digests hears of it when the next week begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from types import MappingProxyType

import duckdb

from core.findings.acts import finding_acts
from core.findings.kinds import broken_trail
from core.findings.lifecycle import Finding, answers, findings, fresh
from core.governance.people.names import directory
from core.governance.perform import Office
from core.governance.replay import TrailBroken
from core.monitoring.rounds import outlook_of
from core.notices import outbox
from core.notices.outbox import Draft, Notice, ToldChannel
from core.notices.settings import Channel, NoticeSettings
from core.notices.text import DigestParts, Setting, Text, at_once, digest
from core.standing.drawn_samples import awaited
from core.text.figures import counted

_WAITING = ("open", "acknowledged")


@dataclass(frozen=True)
class LabelsAsked:
    """Labels that a weekly audit sample waits for.

    Attributes:
        signal: whose.
        owner: opaque id of who answers for its monitoring; None: nobody does.
        drawn: when it was drawn.
        n: claims that wait for their label.
        due: the day by which.
    """

    signal: str
    owner: str | None
    drawn: datetime
    n: int
    due: date

    @property
    def words(self) -> str:
        """In a line."""
        return (
            f"{self.signal}: {counted(self.n, 'claim')} drawn {self.drawn:%Y-%m-%d}, by {self.due}"
        )


@dataclass(frozen=True)
class NoticeFacts:
    """What messages are made of.

    Attributes:
        findings: every one of the trail, as it stands now.
        past: channel → what it was told so far, oldest first.
        owner_of: opaque id of who answers for a finding; None: nobody does.
        sub_of: opaque id of somebody, by their handle; None: nobody has it.
        asked: weekly audit samples that wait for labels.
        ledger: what the ledger is called.
        now: UTC without zone.
    """

    findings: tuple[Finding, ...]
    past: Mapping[str, tuple[ToldChannel, ...]]
    owner_of: Callable[[Finding], str | None]
    ledger: str
    now: datetime
    sub_of: Callable[[str], str | None] = str
    asked: tuple[LabelsAsked, ...] = ()

    def told(self, channel: Channel) -> list[Finding]:
        """The findings that a channel is told of, worst first.

        A channel for people whom the ledger does not know, as when one is misspelled, is told of
        everybody's rather than of nothing.
        """
        people = self._people(channel)
        mine = (one for one in self.findings if channel.told_of(one.signal))
        found = [one for one in mine if not people or self.owner_of(one) in people]
        return sorted(found, key=_worst_first)

    def asked_of(self, channel: Channel) -> list[LabelsAsked]:
        """The samples whose labels a channel is reminded of."""
        people = self._people(channel)
        mine = (one for one in self.asked if channel.told_of(one.signal))
        return [one for one in mine if not people or one.owner in people]

    def _people(self, channel: Channel) -> set[str | None]:
        return {self.sub_of(one) for one in channel.people or ()} - {None}


def write_due(office: Office, settings: NoticeSettings, now: datetime) -> tuple[Notice, ...]:
    """Write what has to be told now into the ledger, in one transaction.

    Where the trail is broken nothing can be told but that, once a day.

    Returns:
        The messages written, still to be sent; none where nothing has to be told.
    """
    with office.ledger.cursor() as cursor:
        if not due(settings, _facts(office, cursor, now)):
            return ()
        fresh = _fresh(office, cursor, now)
    with office.ledger.transaction() as cursor:
        # Somebody else may have written them meanwhile; writers take turns from here on.
        return outbox.write(cursor, due(settings, _facts(office, cursor, now, fresh)), now)


def due(settings: NoticeSettings, facts: NoticeFacts) -> tuple[Draft, ...]:
    """The messages that have to be written now, in the order in which they are to be sent."""
    return tuple(
        draft
        for channel in settings.channels
        for draft in _Desk.of(channel, settings, facts).drafts()
    )


def key(one: Finding) -> str:
    """One occurrence of a finding: ``n-…/2``."""
    return f"{one.id}/{one.occurrences}"


def critical_key(one: Finding) -> str:
    """One occurrence of a finding, told as critical."""
    return f"{key(one)}/critical"


def settled_key(one: Finding) -> str:
    """One occurrence of a finding, told as settled."""
    return f"{key(one)}/settled"


def _fresh(office: Office, cursor: duckdb.DuckDBPyConnection, now: datetime) -> dict[str, Finding]:
    """What is wrong now by id, as pages say it: the trail's words are of when it was found."""
    try:
        state = office.state()
    except TrailBroken:
        return {}
    return {one.id: one for one in outlook_of(cursor, state, now).findings}


def _facts(
    office: Office,
    cursor: duckdb.DuckDBPyConnection,
    now: datetime,
    fresh: Mapping[str, Finding] = MappingProxyType({}),
) -> NoticeFacts:
    name = "a ledger in memory" if office.ledger.path is None else office.ledger.path.name
    told = outbox.told(cursor)
    try:
        state = office.state()
    except TrailBroken as broken:
        return NoticeFacts((_broken(broken, now),), told, _nobody, name, now)
    found = {
        id_: replace(one, text=fresh[id_].text, mend=fresh[id_].mend) if id_ in fresh else one
        for id_, one in findings(finding_acts(cursor), now).items()
    }

    def owner_of(one: Finding) -> str | None:
        return answers(one, state, now)

    asked = tuple(
        LabelsAsked(
            signal,
            state.answers_for(signal, "monitoring", now),
            one.drawn.act.at,
            one.waiting,
            one.due,
        )
        for signal in sorted(state.audited)
        for one in awaited(cursor, state, signal)
    )
    return NoticeFacts(
        tuple(found.values()), told, owner_of, name, now, directory(cursor).sub, asked
    )


def _nobody(_: object) -> None:
    """Of a broken trail nobody can be told."""


def _broken(broken: TrailBroken, now: datetime) -> Finding:
    """That the trail is broken, as a finding of today: the trail cannot hold it."""
    found, today = broken_trail(str(broken)), datetime.combine(now.date(), time())
    known = fresh(found, None, today.date(), today)
    return replace(known, id=f"trail-broken-{today:%Y-%m-%d}")


@dataclass(frozen=True)
class _Desk:
    """One channel, what it was told, and what it may have to be told.

    Attributes:
        waiting: findings for it that wait, worst first.
        settled: resolved ones that it has not heard of, worst first.
        waived: waived ones, worst first.
        past: what it was told, oldest first.
        digests: the digests among that.
        asked: samples whose labels it is reminded of.
    """

    channel: Channel
    settings: NoticeSettings
    facts: NoticeFacts
    waiting: Sequence[Finding]
    settled: Sequence[Finding]
    waived: Sequence[Finding]
    past: Sequence[ToldChannel]
    digests: Sequence[ToldChannel]
    asked: Sequence[LabelsAsked]

    @classmethod
    def of(cls, channel: Channel, settings: NoticeSettings, facts: NoticeFacts) -> _Desk:
        mine = facts.told(channel)
        past = facts.past.get(channel.name, ())
        digests = [one for one in past if one.kind == "digest"]
        return cls(
            channel,
            settings,
            facts,
            [one for one in mine if one.state in _WAITING],
            _settled(mine, digests),
            [one for one in mine if one.state == "waived"],
            past,
            digests,
            facts.asked_of(channel),
        )

    def drafts(self) -> list[Draft]:
        """What it has to be told now."""
        made: list[Draft] = []
        known = _of_all(self.past)
        takes_digests = self.channel.send != "immediate"
        # The first message is the digest, which tells the critical ones too.
        if self.channel.send != "digest" and (self.digests or not takes_digests):
            new = self._new(known)
            if new:
                made.append(self._at_once(new))
                known |= set(made[0].findings)
        if takes_digests and self._digest_is_due():
            made.append(self._digest(known))
        return made

    def _new(self, known: frozenset[str]) -> list[Finding]:
        """Critical ones to be told at once; none where the week has no message left."""
        new = [
            one
            for one in self.waiting
            if one.severity == "critical" and critical_key(one) not in known
        ]
        if any(one.kind == "trail_broken" for one in new):
            # Once a day at most, and nothing else can be told.
            return new
        if self._room() == 0:
            return []
        if self.channel.send == "both":
            return [one for one in new if not self._was_held(one)]
        return new

    def _room(self) -> int | None:
        """Messages that may still be sent at once this week; None: any number."""
        if self.settings.ceiling is None:
            return None
        return max(0, self.settings.ceiling - len(self._at_once_in_week(self.facts.now)))

    def _at_once_in_week(self, of: datetime) -> list[ToldChannel]:
        week = of.isocalendar()[:2]
        return [
            one
            for one in self.past
            if one.kind == "immediate" and one.written_at.isocalendar()[:2] == week
        ]

    def _was_held(self, one: Finding) -> bool:
        """Whether a finding that was not told came when its week had no message left."""
        if self.settings.ceiling is None:
            return False
        sent = self._at_once_in_week(one.since)
        return len(sent) >= self.settings.ceiling and sent[-1].written_at <= one.since

    def _digest_is_due(self) -> bool:
        if not self.digests:
            return bool(self.waiting)
        run, last = self.settings.digest.last_run(self.facts.now), self.digests[-1]
        if last.written_at >= run or not last.sent:
            return False
        # What came only after that time waits for the next one.
        if any(one.since <= run for one in (*self.waiting, *self.settled)):
            return True
        return any(last.written_at < one.drawn <= run for one in self.asked)

    def _at_once(self, new: Sequence[Finding]) -> Draft:
        last = None
        if self._room() == 1:
            both = self.channel.send == "both"
            last = "in the digest" if both else "when the next week begins"
        text = at_once(
            new,
            len(self.waiting) - len(new),
            self._setting(),
            first=not self.past,
            last=last,
        )
        return self._draft("immediate", text, _keys(new))

    def _digest(self, known: frozenset[str]) -> Draft:
        listed = _of_all(self.digests)
        held = self._held(known)
        waiting, n_new = [], 0
        for one in self.waiting:
            news = _news(one, listed) if self.digests else None
            n_new += news is not None
            marks = [*([news] if news else []), *(["held back"] if one.id in held else [])]
            waiting.append((one, marks))
        since = self.digests[-1].written_at.date() if self.digests else None
        parts = DigestParts(
            waiting,
            self.settled,
            self.waived,
            (len(held), self.settings.ceiling or 0),
            since,
            n_new,
        )
        keys = (*_keys(self.waiting), *map(settled_key, self.settled))
        return self._draft("digest", digest(parts, self._setting()), keys)

    def _held(self, known: frozenset[str]) -> set[str]:
        """Ids of critical ones that were never told at once because of the ceiling."""
        if not self.digests or self.channel.send != "both" or self.settings.ceiling is None:
            return set()
        return {
            one.id
            for one in self.waiting
            if one.severity == "critical" and critical_key(one) not in known
        }

    def _setting(self) -> Setting:
        facts = self.facts
        return Setting(
            self.channel.name,
            facts.ledger,
            self.settings.link,
            facts.owner_of,
            facts.now,
            [one.words for one in self.asked],
        )

    def _draft(self, kind: outbox.Kind, text: Text, keys: tuple[str, ...]) -> Draft:
        return Draft(self.channel.name, kind, text.subject, text.body, keys)


def _worst_first(one: Finding) -> tuple[bool, object, str]:
    return one.severity != "critical", one.due, one.id


def _of_all(several: Iterable[ToldChannel]) -> frozenset[str]:
    return frozenset[str]().union(*(one.findings for one in several))


def _settled(mine: Sequence[Finding], digests: Sequence[ToldChannel]) -> list[Finding]:
    """Findings resolved since the channel's first digest that no digest told of yet."""
    if not digests:
        return []
    known, first = _of_all(digests), digests[0].written_at
    return [
        one
        for one in mine
        if one.state == "resolved" and one.history[-1].at >= first and settled_key(one) not in known
    ]


def _news(one: Finding, listed: frozenset[str]) -> str | None:
    """What is new about a finding since the digests that listed it; None: nothing."""
    if key(one) not in listed:
        return "new" if one.occurrences == 1 else "came again"
    if one.severity == "critical" and critical_key(one) not in listed:
        return "now critical"
    return None


def _keys(several: Sequence[Finding]) -> tuple[str, ...]:
    found: list[str] = []
    for one in several:
        found.append(key(one))
        if one.severity == "critical":
            found.append(critical_key(one))
    return tuple(found)

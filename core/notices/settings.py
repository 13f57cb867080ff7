"""Who is told of findings outside the pages, and how: the notices file.

Channels are Apprise addresses, which may hold passwords: a message about this file never repeats
what stands at an address, and nothing but the sender reads one. This module knows no Apprise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from core.ledger.errors import LedgerError
from core.ledger.private import mode_for_others
from core.registry.strict_yaml import (
    FileProblem,
    Missing,
    Place,
    Unreadable,
    file_text,
    only_place,
)

Send = Literal["both", "digest", "immediate"]
SENDS: tuple[Send, ...] = ("both", "digest", "immediate")

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAILY = "daily"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_ADDRESS = re.compile(r"\S*://\S*")
#: Fields whose value may be repeated in a message; elsewhere a secret may stand by mistake.
_SHOWN = re.compile(
    r"channels\[\d+\]\.(send|(signals|people)(\[\d+\])?)|digest\.(day|time)|ceiling"
)


@dataclass(frozen=True)
class Channel:
    """A way to people.

    Attributes:
        name: what it is called on pages and in the ledger.
        url: its Apprise address, with what the environment gave put in. It may hold secrets.
        signals: the signals it is told of; None: all, and the ledger as a whole.
        people: handles of those whose findings it is told of; None: everybody's.
        send: digests, messages at once for what is critical, or both.
        line: where it stands in the file, counted from 1.
        secrets: what the environment gave.
    """

    name: str
    url: str = field(repr=False)
    signals: tuple[str, ...] | None = None
    send: Send = "both"
    line: int = 1
    secrets: tuple[str, ...] = field(default=(), repr=False)
    people: tuple[str, ...] | None = None

    def told_of(self, signal: str | None) -> bool:
        """Whether findings about a signal, or about the ledger as a whole, are for it."""
        return self.signals is None or signal in self.signals


@dataclass(frozen=True)
class Digest:
    """When digests are due, in UTC.

    Attributes:
        weekday: 0 for Monday … 6; None: every day.
        at: the time of the day.
    """

    weekday: int | None = 0
    at: time = time(7)

    def last_run(self, now: datetime) -> datetime:
        """The newest time not after ``now`` at which a digest was due."""
        run = datetime.combine(now.date(), self.at)
        if self.weekday is None:
            return run if run <= now else run - timedelta(days=1)
        run -= timedelta(days=(run.weekday() - self.weekday) % 7)
        return run if run <= now else run - timedelta(weeks=1)

    @property
    def words(self) -> str:
        """As people read it: ``on Mondays at 07:00 UTC``."""
        day = "every day" if self.weekday is None else f"on {WEEKDAYS[self.weekday].capitalize()}s"
        return f"{day} at {self.at:%H:%M} UTC"


@dataclass(frozen=True)
class NoticeSettings:
    """What a notices file says.

    Attributes:
        channels: in the file's order; their names differ.
        digest: when digests are due.
        ceiling: messages at once per channel and ISO week; None: as many as there are.
        link: where the pages are found, without a slash at the end; None: messages link nowhere.
        source: the file's name.
    """

    channels: tuple[Channel, ...]
    digest: Digest = field(default_factory=Digest)
    ceiling: int | None = None
    link: str | None = None
    source: str = "notices"


class NoticesFileError(LedgerError):
    """A notices file is refused; the message has one problem a line, each with its fix.

    Attributes:
        source: the file's name.
        problems: all of them, by line.
    """

    def __init__(self, source: str, problems: Sequence[FileProblem]) -> None:
        self.problems = tuple(sorted(map(_harmless, problems), key=lambda one: one.line))
        super().__init__("\n".join(f"{source} {problem}" for problem in self.problems))
        self.source = source


def notices_path(ledger: str | os.PathLike[str]) -> Path:
    """Where a ledger's channels are named unless said otherwise: ``<ledger>.notices.yaml``."""
    ledger = Path(ledger)
    return ledger.with_name(ledger.name + ".notices.yaml")


def read_path(
    path: str | os.PathLike[str], environment: Mapping[str, str] | None = None
) -> NoticeSettings:
    """Read a notices file.

    Args:
        environment: what ``${NAME}`` is read from; the process's own unless given.

    Raises:
        NoticesFileError: it is refused.
        LedgerError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    try:
        text = file_text(path, "notices file")
    except Unreadable as error:
        raise NoticesFileError(path.name, [error.problem]) from None
    return read(text, os.environ if environment is None else environment, source=path.name)


def read(text: str, environment: Mapping[str, str], *, source: str = "notices") -> NoticeSettings:
    """Read the channels and when they are used.

    Args:
        environment: what ``${NAME}`` in an address is read from. Inside an address the value is
            percent-encoded, so that a password may hold any character; where it is the whole
            address it stays as it is.
        source: what the file is called in messages.

    Raises:
        NoticesFileError: with every problem of the file.
    """
    try:
        place = only_place(text)
    except Unreadable as error:
        raise NoticesFileError(source, [error.problem]) from None
    if place is None:
        words = "holds no channel; write channels: and under it one with a name and a url"
        raise NoticesFileError(source, [FileProblem(1, "", "", words)])
    found = _settings(place, environment, source)
    if place.notes.problems:
        raise NoticesFileError(source, place.notes.problems)
    return found


def warning(path: str | os.PathLike[str]) -> str | None:
    """What is unsafe about a notices file, and the fix; None where nothing is, or no file."""
    path = Path(path)
    mode = mode_for_others(path)
    if mode is None:
        return None
    return (
        f"The notices file {path} can be read by others (mode {mode}), and addresses may hold "
        f"passwords; fix it with: chmod 600 {path}"
    )


def _harmless(problem: FileProblem) -> FileProblem:
    """The same problem without anything that may be an address, or a part of one."""
    shown = problem.value if _SHOWN.fullmatch(problem.field) else ""
    return replace(
        problem,
        field=_ADDRESS.sub("…", problem.field),
        value=_ADDRESS.sub("…", shown),
        words=_ADDRESS.sub("…", problem.words),
    )


def _settings(place: Place, environment: Mapping[str, str], source: str) -> NoticeSettings:
    fields = _inside(place, ("link", "channels", "digest", "ceiling"))
    channels = _channels(place, fields.get("channels"), environment)
    return NoticeSettings(
        channels,
        _digest(fields.get("digest")),
        _ceiling(fields.get("ceiling")),
        _link(fields.get("link")),
        source,
    )


def _inside(place: Place | None, known: Sequence[str]) -> dict[str, Place]:
    found = None if place is None else place.inside(known)
    return found if isinstance(found, dict) else {}


def _channels(
    whole: Place, place: Place | None, environment: Mapping[str, str]
) -> tuple[Channel, ...]:
    fix = "write under it at least one channel with a name and a url"
    if place is None:
        whole.notes.problems.append(FileProblem(whole.line, "channels", "", f"is missing; {fix}"))
        return ()
    items = place.items()
    if isinstance(items, Missing):
        return ()
    if not items:
        place.refuse(f"is empty; {fix}")
    found: list[Channel] = []
    for one in items:
        channel = _channel(one, environment)
        if channel is None:
            continue
        first = next((other for other in found if other.name == channel.name), None)
        if first is not None:
            words = f"is the name of the channel on line {first.line} too; give each its own"
            one.notes.problems.append(FileProblem(channel.line, f"{one.field}.name", "", words))
        found.append(channel)
    return tuple(found)


def _channel(place: Place, environment: Mapping[str, str]) -> Channel | None:
    fields = _inside(place, ("name", "url", "signals", "people", "send"))
    if not fields:
        return None
    name = _needed(place, fields, "name", "write what it is called, as in desk-mail")
    url = _needed(place, fields, "url", "write an Apprise address, as the README shows")
    if isinstance(name, str) and not _NAME.fullmatch(name):
        words = "is no name; write letters, digits, dots, dashes or underscores, as in desk-mail"
        fields["name"].refuse(words)
    address, secrets = ("", ()) if isinstance(url, Missing) else _resolved(fields["url"], url,
                                                                           environment)  # fmt: skip
    send = fields["send"].choice(SENDS) if "send" in fields else "both"
    signals = _several(fields.get("signals"), "name a signal, or leave it out for all of them")
    people = _several(
        fields.get("people"), "name a person, as in user:desk/ann, or leave it out for everybody"
    )
    if isinstance(name, Missing):
        return None
    sends: Send = "both" if isinstance(send, Missing) else send
    return Channel(name, address, signals, sends, place.line, secrets, people)


def _needed(place: Place, fields: Mapping[str, Place], key: str, fix: str) -> str | Missing:
    if key in fields:
        return fields[key].text()
    place.notes.problems.append(
        FileProblem(place.line, f"{place.field}.{key}", "", f"is missing; {fix}")
    )
    return Missing()


def _resolved(
    place: Place, url: str, environment: Mapping[str, str]
) -> tuple[str, tuple[str, ...]]:
    """The address with what the environment gives in it, and what that was."""
    names = _VARIABLE.findall(url)
    unset = [name for name in names if not environment.get(name)]
    if unset:
        several = " and ".join(f"${{{name}}}" for name in dict.fromkeys(unset))
        place.refuse(
            f"names {several}, which the environment of this process does not have; set it, or "
            "write the address out"
        )
        return "", ()
    if "${" in _VARIABLE.sub("", url):
        place.refuse("has a ${ that begins no name; write ${NAME} with letters and digits")
        return "", ()
    secrets = tuple(environment[name] for name in dict.fromkeys(names))
    whole = _VARIABLE.fullmatch(url)
    if whole:
        address = environment[whole[1]].strip()
    else:
        address = _VARIABLE.sub(lambda found: quote(environment[found[1]], safe=""), url)
    if not _SCHEME.fullmatch(address):
        place.refuse("is no Apprise address; write one without spaces, as the README shows")
    return address, secrets


def _several(place: Place | None, fix: str) -> tuple[str, ...] | None:
    if place is None:
        return None
    items = place.items()
    if isinstance(items, Missing):
        return None
    if not items:
        place.refuse(f"is empty; {fix}")
    found = [one.text() for one in items]
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str)))


def _digest(place: Place | None) -> Digest:
    fields = _inside(place, ("day", "time"))
    usual = Digest()
    weekday, at = usual.weekday, usual.at
    if "day" in fields:
        day = fields["day"].choice((*WEEKDAYS, DAILY))
        if isinstance(day, str):
            weekday = None if day == DAILY else WEEKDAYS.index(day)
    if "time" in fields:
        text = fields["time"].text()
        match = _TIME.fullmatch(text) if isinstance(text, str) else None
        if match:
            at = time(int(match[1]), int(match[2]))
        elif isinstance(text, str):
            fields["time"].refuse('is no time; write hours and minutes in UTC, as in "07:00"')
    return Digest(weekday, at)


def _ceiling(place: Place | None) -> int | None:
    if place is None:
        return None
    found = place.whole()
    if isinstance(found, Missing):
        return None
    if found < 1:
        place.refuse("leaves nothing to send; write 1 or more, or send: digest at each channel")
    return found


def _link(place: Place | None) -> str | None:
    if place is None:
        return None
    text = place.text()
    if isinstance(text, Missing):
        return None
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", text) or parts.username or parts.query or parts.fragment:
        place.refuse(
            "is no address of the pages; write https: and a host, without a name, a password, "
            "a question mark or a hash"
        )
        return None
    return text.rstrip("/")

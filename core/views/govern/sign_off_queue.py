"""What waits for a signature, and what soon will, over all signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.defaults import IN_USE
from core.governance.state import State
from core.governance.validations.records import Validation
from core.governance.validations.standing import at_time
from core.queries.base.seen.fingerprints_seen import Seen
from core.sentences.acts import Names
from core.sentences.numbers import counted
from core.text.sentence import capital
from core.trail.fingerprint import Fingerprint
from core.views.govern.sign_off_next import lead, next_step


@dataclass(frozen=True)
class QueueLine:
    """One fingerprint in the list.

    Attributes:
        signal, fingerprint: which.
        text: what is to be done, or how it stands.
    """

    signal: str
    fingerprint: Fingerprint
    text: str


@dataclass(frozen=True)
class SignoffList:
    """What is to be done, over all signals; each fingerprint is in one place.

    Attributes:
        headline: how much that is, in a sentence.
        waits: for a signature, or for an approval.
        renew: may act, and not much longer.
        closed: signed once, in use, and no longer open.
        never: makes claims, and was never validated.
        held: open, and nothing to be done.
        rest: neither in use nor open.
        unregistered: (signal, its claims) of which nothing is written down.
        silent: signals that are written down and made no claim.
    """

    headline: str
    waits: tuple[QueueLine, ...]
    renew: tuple[QueueLine, ...]
    closed: tuple[QueueLine, ...]
    never: tuple[QueueLine, ...]
    held: tuple[QueueLine, ...]
    rest: tuple[QueueLine, ...]
    unregistered: tuple[tuple[str, int], ...]
    silent: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[QueueLine, ...]:
        """Every fingerprint of a registered signal."""
        parts = (self.waits, self.renew, self.closed, self.never, self.held, self.rest)
        return tuple(line for lines in parts for line in lines)

    @property
    def empty(self) -> bool:
        """Whether there is neither a claim nor anything written down."""
        return not (self.lines or self.unregistered or self.silent)

    def fingerprint(self, id_: str) -> Fingerprint | None:
        """The fingerprint of an id; None where no registered signal has it."""
        return next((one.fingerprint for one in self.lines if one.fingerprint.id == id_), None)


def signoff_list(
    state: State, seen: Sequence[Seen], names: Names, now: datetime, signal: str | None = None
) -> SignoffList:
    """What waits for whom, over all signals or of one.

    Args:
        signal: only this one.
    """
    now = max(now, state.last_at)
    groups: dict[str, list[QueueLine]] = {
        name: [] for name in ("waits", "renew", "closed", "never", "held", "rest")
    }
    for name, fingerprint, facts, used in fingerprints_of(state, seen, signal):
        if name in state.entries:
            group, text = _line(state, names, name, fingerprint, facts, used, now)
            groups[group].append(QueueLine(name, fingerprint, text))
    unregistered: dict[str, int] = {}
    for one in seen:
        if one.signal not in state.entries and signal in (None, one.signal):
            unregistered[one.signal] = unregistered.get(one.signal, 0) + one.n_claims
    parts = [
        (
            len(groups["waits"]),
            "waits for a signature or an approval",
            "wait for a signature or an approval",
        ),
        (len(groups["renew"]), "expires soon", "expire soon"),
        (len(groups["closed"]), "is no longer open", "are no longer open"),
        (
            len(groups["never"]),
            "is in use without validation",
            "are in use without validation",
        ),
    ]
    told = [
        f"1 fingerprint {one}" if n == 1 else f"{n:,} fingerprints {many}"
        for n, one, many in parts
        if n
    ]
    if unregistered:
        told.append(f"{counted(len(unregistered), 'signal')} not registered")
    headline = "; ".join(told)
    spoken = {line.signal for lines in groups.values() for line in lines}
    silent = (name for name in state.entries if name not in spoken and signal in (None, name))
    return SignoffList(
        headline=f"{capital(headline)}." if told else "Nothing needs a signature or an approval.",
        unregistered=tuple(sorted(unregistered.items())),
        silent=tuple(sorted(silent)),
        **{name: tuple(lines) for name, lines in groups.items()},
    )


def fingerprints_of(
    state: State, seen: Sequence[Seen], signal: str | None = None
) -> tuple[tuple[str, Fingerprint, Seen | None, bool], ...]:
    """Every fingerprint that made a claim, asked the gate or was judged.

    Returns:
        (signal, fingerprint, its claims, whether it is in use), the newest claims first; what
        made no claim is at the end of its signal.
    """
    by: dict[tuple[str, Fingerprint], Seen | None] = dict.fromkeys(state.validations)
    newest: dict[str, datetime] = {}
    for one in seen:
        by[one.signal, Fingerprint.of(dict(one.fields))] = one
        newest[one.signal] = max(one.last_ts, newest.get(one.signal, one.last_ts))
    found = [
        (name, fingerprint, facts, facts is not None and facts.last_ts >= newest[name] - IN_USE)
        for (name, fingerprint), facts in by.items()
        if signal in (None, name)
    ]
    # Sorted twice: sorting keeps the order of what is equal.
    found.sort(key=lambda one: one[2].last_ts if one[2] else datetime.min, reverse=True)
    found.sort(key=lambda one: one[0])
    return tuple(found)


def _line(
    state: State,
    names: Names,
    signal: str,
    fingerprint: Fingerprint,
    facts: Seen | None,
    used: bool,
    now: datetime,
) -> tuple[str, str]:
    """In which group of the list, and what is said there."""
    standing = state.standing_of(signal, fingerprint, now)
    known = state.validations.get((signal, fingerprint))
    context = state.context(signal, now)
    if known is not None and standing.state != "retired" and _asked(known):
        step = next_step(state, signal, at_time(known, now), standing, context, names, now)
        since = f"Since {known.candidate.at:%Y-%m-%d}: " if known.candidate else ""
        return "waits", since + " ".join(step)
    claims = "" if facts is None else f" {counted(facts.n_claims, 'claim')}."
    if standing.open and standing.until is not None:
        if standing.until - now > lead(context):
            return "held", standing.reason
        step = next_step(state, signal, known, standing, context, names, now)
        return "renew", f"{standing.reason} {' '.join(step)}"
    if used and known is not None and known.ever_validated and standing.state != "retired":
        return "closed", f"{standing.reason}{claims}"
    if used and standing.state != "retired" and not state.entries[signal].spec.log_only:
        return "never", f"{standing.reason}{claims}"
    return "rest", f"{standing.reason}{claims}"


def _asked(one: Validation) -> bool:
    return any((one.candidate, one.pending_waiver, one.pending_retirement))

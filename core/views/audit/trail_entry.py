"""One act end to end: who, from what to what, on which numbers, signed how, and the proof of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from core.audit.export import cited
from core.audit.inclusion_proof import proof
from core.ledger.errors import LedgerError
from core.registry import yaml_writer as registry_text
from core.registry.signal_spec import SignalSpec
from core.registry.spec_diff import FieldDifference, differences
from core.registry.spec_json import of_json
from core.registry.yaml_reader import with_people
from core.sentences import acts as act_words
from core.sentences.acts import Names
from core.sentences.fact import Fact
from core.sentences.numbers import VERDICT_WORDS, count, counted, points
from core.trail import act_search as search
from core.trail import log as trail
from core.trail.act_search import Stored
from core.trail.acts import Act
from core.validation import evidence as evidence_of
from core.validation.evidence_bundle import Bundle, BundlePart
from core.views.audit.decision_trail import TrailRow, row

#: What reading content that somebody altered may raise.
_UNFIT = (LedgerError, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class SignatureShown:
    """A signature.

    Attributes:
        meaning: what it means, as the person typed it.
        by: who, with their opaque id.
        at: when, in words.
        assurance: how it is known that it was they, spelled out.
        evidence: SHA-256 of what they signed.
    """

    meaning: str
    by: str
    at: str
    assurance: str
    evidence: str


@dataclass(frozen=True)
class JudgedCriterion:
    """One criterion on one sample of the evidence: ``met``, ``missed`` or undecided, in words."""

    sample: str
    outcome: str
    words: str


@dataclass(frozen=True)
class Evidence:
    """The evidence an act cites.

    Attributes:
        sha256: what it is known by.
        summary: how much, the gap with its interval, criteria met and missed; in a sentence.
            Where it is gone or was altered, that.
        judged: every criterion on every sample.
        untold: what it cannot tell, in sentences.
        readable: whether it is there as it was cited.
    """

    sha256: str
    summary: str
    judged: tuple[JudgedCriterion, ...] = ()
    untold: tuple[str, ...] = ()
    readable: bool = True


@dataclass(frozen=True)
class ChangedField:
    """What an act changed in a registry entry.

    Attributes:
        summary: how many things, and what that did to validations; in a sentence.
        differences: each in words.
        before: the entry before as a registry file has it; None: there was none.
        after: the entry after, likewise.
        before_seq: the act that set the entry before.
    """

    summary: str
    differences: tuple[FieldDifference, ...]
    before: str | None
    after: str
    before_seq: int | None


@dataclass(frozen=True)
class ActView:
    """One act end to end.

    Attributes:
        seq: its number in the trail.
        row: as the list shows it.
        headline: who did what, in a sentence.
        done: who, when, in which role, how it is known that it was they, and through what.
        said: what else stands in it, in words.
        change: what it changed in a registry entry; None where it is about none.
        evidence: what it rests on.
        signature: where one was given.
        faults: what is wrong with it by itself, in sentences.
        text: the exact text that is hashed.
        leaf: the leaf hash stored with it, hexadecimal; it is that of the text where no fault says
            otherwise.
        prev: the leaf hash of the entry before, as this one has it; empty for the first.
        checkpoint: the note signed with it; None where it is gone.
        proof: that it stands in the tree of the newest checkpoint, c2sp.org/tlog-proof; None where
            there is none to give.
        no_proof: why there is none; empty where there is one.
        key: the public key the proof is checked with; None where it cannot be read.
        before, after: the acts before and after it that are about the same.
        n_entries: entries in the trail.
    """

    seq: int
    row: TrailRow
    headline: str
    done: tuple[Fact, ...]
    said: tuple[Fact, ...]
    change: ChangedField | None
    evidence: tuple[Evidence, ...]
    signature: SignatureShown | None
    faults: tuple[str, ...]
    text: str
    leaf: str
    prev: str
    checkpoint: str | None
    proof: str | None
    no_proof: str
    key: str | None
    before: TrailRow | None
    after: TrailRow | None
    n_entries: int


def act_view(cursor: duckdb.DuckDBPyConnection, seq: int) -> ActView | None:
    """Everything about one act; None when the trail has no such entry.

    What somebody tampered with is shown as far as it can be read, and never raises.
    """
    entries = search.at(cursor, seq)
    if not entries:
        return None
    entry, names = entries[0], Names.read(cursor)
    act, shown = entry.act, row(entry, names)
    made, no_proof = _proof(cursor, seq)
    before, after = search.beside(cursor, entry)
    faults = [] if entry.fault is None else [entry.fault]
    if len(entries) > 1:
        faults.append(f"Entry {seq} stands there {len(entries)} times; this is the first of them.")
    return ActView(
        seq=seq,
        row=shown,
        headline=_headline(shown, act),
        done=() if act is None else _done(act, names),
        said=() if act is None else act_words.facts(act, names),
        change=None if act is None else _change(cursor, act, names),
        evidence=() if act is None else tuple(_evidence(cursor, one) for one in cited(act)),
        signature=None if act is None else _signed(act, names),
        faults=tuple(faults),
        text=entry.text,
        leaf=entry.leaf,
        prev=_prev(entry),
        checkpoint=search.note_of(cursor, seq),
        proof=made,
        no_proof=no_proof,
        key=_key(cursor),
        before=None if before is None else row(before, names),
        after=None if after is None else row(after, names),
        n_entries=trail.size(cursor),
    )


def _headline(shown: TrailRow, act: Act | None) -> str:
    if act is None:
        return f"Entry {shown.seq} cannot be read."
    return f"{shown.who} {shown.what}{'' if shown.what.endswith(('.', '!', '?', '…')) else '.'}"


def _done(act: Act, names: Names) -> tuple[Fact, ...]:
    actor = act.actor
    assurance = act_words.ASSURANCE_WORDS.get(actor.assurance, actor.assurance)
    found = [
        Fact("When", f"{act.at:%Y-%m-%d %H:%M:%S} UTC", logged=False),
        Fact("Who", names.person(actor.sub)),
        Fact("Opaque id", actor.sub),
        Fact("Role", act_words.role_words(actor.role), logged=False),
        Fact("Assurance", assurance, logged=False),
        Fact("Through", act_words.VIA_WORDS.get(actor.via, actor.via), logged=False),
    ]
    if act.signal:
        found.append(Fact("Signal", act.signal))
    if act.fingerprint is not None:
        found.append(Fact("Fingerprint", f"{act.fingerprint.words()} ({act.fingerprint.id})"))
    moved = act_words.moved(act)
    if moved:
        found.append(Fact("State", moved, logged=False))
    return tuple(found)


def _change(cursor: duckdb.DuckDBPyConnection, act: Act, names: Names) -> ChangedField | None:
    if act.kind != "registry.set" or act.signal is None:
        return None
    earlier = search.entry_before(cursor, act.signal, act.seq)
    try:
        new = of_json(act.body["spec"])
        old = None if earlier is None or earlier.act is None else of_json(earlier.act.body["spec"])
        found = differences(old, new, name=names.person)
        return ChangedField(
            summary=_change_words(old, found),
            differences=found,
            before=None if old is None else _yaml(old, names),
            after=_yaml(new, names),
            before_seq=None if earlier is None else earlier.seq,
        )
    except _UNFIT:
        return None


def _yaml(spec: SignalSpec, names: Names) -> str:
    return registry_text.write([with_people(spec, names.people.handle)])


def _change_words(old: SignalSpec | None, found: Sequence[FieldDifference]) -> str:
    if old is None:
        return "The first entry of this signal. It says:"
    changed = f"{counted(len(found), 'thing')} changed"
    if any(one.material for one in found):
        return (
            f"{changed}. Validations rest on some of it: those in force were suspended, and "
            "evidence that waited for a signature went back."
        )
    return f"{changed}. No validation rests on it."


def _evidence(cursor: duckdb.DuckDBPyConnection, sha256: str) -> Evidence:
    try:
        bundle = evidence_of.load(cursor, sha256)
        if bundle is None:
            words = "The ledger does not hold this evidence any more."
            return Evidence(sha256, words, readable=False)
        parts = [bundle.whole, *([bundle.window] if bundle.window else []), *bundle.segments]
        return Evidence(
            sha256,
            _summary(bundle, parts),
            tuple(
                JudgedCriterion(part.name, one.outcome, one.words)
                for part in parts
                for one in part.sample.results
            ),
            bundle.untold,
        )
    except _UNFIT as error:
        return Evidence(sha256, f"It cannot be read: {error}", readable=False)


def _summary(bundle: Bundle, parts: Sequence[BundlePart]) -> str:
    whole = bundle.whole
    measured = whole.measures
    gap, low, high = (points(measured[name], decimals=1) for name in ("gap", "gap_low", "gap_high"))
    outcomes = [one.outcome for part in parts for one in part.sample.results]
    tally = {word: outcomes.count(word) for word in dict.fromkeys(("met", *outcomes))}
    criteria = ", ".join(
        f"{count(number)} {word.replace('_', ' ')}" for word, number in tally.items()
    )
    return (
        f"{counted(whole.sample.n, 'labelled claim')} of "
        f"{counted(whole.sample.n_inputs, 'input')}, as known {bundle.at:%Y-%m-%d %H:%M} UTC; "
        f"gap {gap} points, 95% interval {low} to {high}; "
        f"{_verdict(measured['verdict'])}. Criteria: {criteria}."
    )


def _verdict(verdict: str) -> str:
    known = {key: words.lower() for key, words in VERDICT_WORDS.items()}
    return {str(key): words for key, words in known.items()}.get(verdict, verdict)


def _signed(act: Act, names: Names) -> SignatureShown | None:
    if act.signature is None:
        return None
    actor = act.actor
    return SignatureShown(
        meaning=act.signature.meaning,
        by=f"{names.person(actor.sub)} ({actor.sub})",
        at=f"{act.at:%Y-%m-%d %H:%M:%S} UTC",
        assurance=_spelled_out(actor.assurance),
        evidence=act.signature.evidence,
    )


def _spelled_out(assurance: str) -> str:
    words = act_words.ASSURANCE_WORDS.get(assurance, assurance)
    if assurance != "none":
        return words
    return (
        f"{words}, so anybody at the machine could have acted for this person; a gate in "
        "production mode does not accept it"
    )


def _prev(entry: Stored) -> str:
    """The link to the entry before, which an act that was read does not carry."""
    try:
        return str(json.loads(entry.text)["prev"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _proof(cursor: duckdb.DuckDBPyConnection, seq: int) -> tuple[str | None, str]:
    try:
        return proof(cursor, seq), ""
    except (LedgerError, ValueError, IndexError, StopIteration) as error:
        return None, str(error) or "The trail is not what was signed; see: calledger trail verify."


def _key(cursor: duckdb.DuckDBPyConnection) -> str | None:
    try:
        found = trail.key_in_force(cursor)
    except LedgerError:
        return None
    return None if found is None else found.text

"""Acts in words: what was done as a sentence, what else stands in it as names and values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from core.findings.kinds import kind_of, told_of
from core.findings.lifecycle import note_of
from core.governance.names import Directory, directory
from core.governance.stops import stopped_by
from core.monitoring.remeasured import outcome
from core.monitoring.schedule import WHY_WORDS
from core.sentences.fact import Fact
from core.sentences.numbers import ABSENT, counted
from core.trail import act_search as search
from core.trail.act_kinds import did
from core.trail.acts import Act, moment
from core.trail.facts import FACTS
from core.trail.fingerprint import Fingerprint

ASSURANCE_WORDS: Mapping[str, str] = {
    "none": "none: nobody signed on",
    "signed-on": "signed on",
    "re-authenticated": "signed on, and asked again just before",
}
VIA_WORDS: Mapping[str, str] = {
    "page": "a page of the dashboard",
    "cli": "the command line",
    "http": "HTTP",
    "system": "the program by itself",
}

#: What a value that cannot be put into words may raise.
_UNFIT = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
#: As much of a reason stands in a line of the list.
_MOST = 160


@dataclass(frozen=True)
class Names:
    """What ids in acts stand for.

    Attributes:
        people: the directory.
        findings: kind of each finding, by its id.
    """

    people: Directory
    findings: Mapping[str, str]

    @classmethod
    def read(cls, cursor: duckdb.DuckDBPyConnection) -> Names:
        """Read them from a ledger."""
        return cls(directory(cursor), search.finding_kinds(cursor))

    def person(self, sub: object) -> str:
        """A person, a group or the program as people read them."""
        return self.people.words(str(sub))

    def finding(self, id_: object) -> str:
        """What a finding is about, in words: its kind, or else its id."""
        kind = self.findings.get(str(id_))
        return str(id_) if kind is None else kind_of(kind).words


def sentence(act: Act, names: Names) -> str:
    """What was done, without who: ``signed the validation of s for m2 · p4 until 2027-02-20``.

    What an entry says that cannot be put into words is left out; nothing is raised.
    """
    said = _said(act, names)
    return f"{said.done} {said.joint} {_about(act)}{said.rest}" if said.joint else said.short


def short(act: Act, names: Names) -> str:
    """The same without the signal and the fingerprint: ``signed the validation until 2027-02-20``.

    For lists that name these beside it.
    """
    return _said(act, names).short


def about(act: Act) -> str:
    """The signal and the fingerprint, as lists name them; empty for the ledger as a whole."""
    fingerprint = "" if act.fingerprint is None else f" · {act.fingerprint.words()}"
    return f"{act.signal}{fingerprint}" if act.signal else ""


def moved(act: Act) -> str:
    """From which state to which: ``in validation → validated``; empty where it moved none."""
    if act.before is None and act.after is None:
        return ""
    before, after = (ABSENT if one is None else state_words(one) for one in (act.before, act.after))
    return f"stays {after}" if before == after else f"{before} → {after}"


def state_words(state: str) -> str:
    """A state of a validation: ``in_validation`` → ``in validation``."""
    return state.replace("_", " ")


def role_words(role: str) -> str:
    """A role: ``risk_approver`` → ``risk approver``."""
    return "the program" if role == "system" else role.replace("_", " ")


def when(stamped: str) -> str:
    """A time as acts carry it, as pages show it: ``2026-11-24 09:12:00 UTC``.

    Raises:
        ValueError: it is none.
    """
    return f"{moment(stamped):%Y-%m-%d %H:%M:%S} UTC"


def facts(act: Act, names: Names) -> tuple[Fact, ...]:
    """Everything in an act's body but the registry entry, in words.

    What has no words of its own stands under the name and in the form it has in the entry.
    """
    body = _in_words(act)
    known = [name for name in _FIELDS if name in body]
    others = [name for name in body if name not in _FIELDS and name not in ("spec", "seals")]
    found = []
    for name in (*known, *others):
        value = body[name]
        if value is None or (name == "evidence" and isinstance(value, str)):
            continue
        field = _FIELDS.get(name, _Field(name))
        label = field.label
        if name == "name" and act.kind != "group.set":
            label = name
        if name == "text" and act.kind == "signal.remeasured":
            label = "Outcome"
        found.append(Fact(label, _value(name, value, names), logged=not field.ours))
    return (*found, *_seals(body.get("seals")))


def _in_words(act: Act) -> Mapping[str, Any]:
    """The body with words in place of the facts they are made from; acts of before hold words."""
    body = dict(act.body)
    try:
        words = _words(act, body)
    except _UNFIT:
        return body
    if words:
        body.pop(FACTS, None)
    return body | words


def _words(act: Act, body: Mapping[str, Any]) -> dict[str, Any]:
    if act.kind == "signal.remeasured":
        return {"text": outcome(body)}
    if FACTS not in body:
        return {}
    if act.kind == "validation.suspended":
        stopped = stopped_by(body)
        return {} if stopped is None else {"reason": stopped.reason}
    if "finding_kind" not in body:
        return {}
    told = told_of(str(body["finding_kind"]), body, act.fingerprint)
    return {"text": told.text, "mend": told.mend, "evidence": dict(told.evidence)}


def _value(name: str, value: Any, names: Names) -> str:
    field = _FIELDS.get(name)
    try:
        if field is not None and field.say is not None:
            return field.say(value, names)
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
    except _UNFIT:
        pass
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def drawn_of(group: Mapping[str, Any]) -> str:
    """One group of an audit sample: ``hi: 40 of 120 unlabelled, chance 33.3334%``."""
    value = "" if group["value"] is None else f"{group['value']}: "
    share = f"{group['chance_ppm'] / 10_000:.4f}".rstrip("0").rstrip(".")
    return f"{value}{group['wanted']:,} of {group['available']:,} unlabelled, chance {share}%"


def _measured(body: Mapping[str, Any]) -> str:
    """One fingerprint of a re-measurement, every group with its numbers as the entry has them."""
    groups = [
        f"{'all' if one['where'] is None else '='.join(str(part) for part in one['where'])}: "
        f"{one['verdict'].replace('_', ' ')}, gap {_six(one['gap'])} "
        f"({_six(one['low'])} to {_six(one['high'])}), "
        f"n {one['n']:,}, {one['n_inputs']:,} inputs"
        for one in body["groups"]
    ]
    words = Fingerprint.of(body["fingerprint"]).words()
    return f"{words}, {body['since']} to before {body['until']}: {'; '.join(groups)}"


def _six(number: str | None) -> str:
    return ABSENT if number is None else f"{float(number):.6f}"


def _with_id(sub: str, names: Names) -> str:
    words = names.person(sub)
    return words if sub in words else f"{words} ({sub})"


def _seals(seals: object) -> tuple[Fact, ...]:
    if seals is None:
        return ()
    try:
        return tuple(
            Fact(f"Seal of {one['seal']}", f"{counted(one['rows'], 'row')}, {one['digest']}")
            for one in seals  # type: ignore[attr-defined]
            if one["rows"]
        )
    except _UNFIT:
        return (Fact("Seals", json.dumps(seals, ensure_ascii=False)),)


# -- fields ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Field:
    """A part of a body.

    Attributes:
        label: what it is called.
        say: its value in words; None: as it is.
        ours: whether the value is words of ours and not text that somebody wrote.
    """

    label: str
    say: Callable[[Any, Names], str] | None = None
    ours: bool = False


def _members(value: Any, names: Names) -> str:
    return ", ".join(_with_id(one, names) for one in value) or "nobody"


def _time(value: Any, _names: Names) -> str:
    return when(value) if "T" in value else str(value)


def _why(value: Any, _names: Names) -> str:
    several = [value] if isinstance(value, str) else value
    return ", ".join(WHY_WORDS.get(one, str(one)) for one in several)


def _parts(value: Any, _names: Names) -> str:
    return "; ".join(f"{part} {said}" for part, said in value.items()) or "none"


#: The parts of a body, in the order they are shown.
_FIELDS: Mapping[str, _Field] = {
    "origin": _Field("Trail"),
    "key": _Field("Public key"),
    "program": _Field("Program"),
    "sub": _Field("Person", _with_id, ours=True),
    "status": _Field("Status", ours=True),
    "issuer": _Field("Signs on at"),
    "account": _Field("Hash of the account"),
    "salt_sha256": _Field("SHA-256 of its salt"),
    "role": _Field("Role", lambda value, _: role_words(value), ours=True),
    "name": _Field("Group"),
    "members": _Field("Members", _members, ours=True),
    "mode": _Field("Mode of the gate", ours=True),
    "author": _Field("Evidence made by", _with_id, ours=True),
    "criteria_met": _Field(
        "Every criterion met", lambda value, _: "yes" if value is True else "no", ours=True
    ),
    "trigger": _Field("Trigger"),
    "reason": _Field("Reason"),
    "until": _Field("Until", _time, ours=True),
    "confirmed": _Field("Signed on again", _time, ours=True),
    "finding": _Field("Finding"),
    "finding_kind": _Field(
        "Kind of finding", lambda value, _: kind_of(str(value)).words, ours=True
    ),
    "severity": _Field("Severity", ours=True),
    "text": _Field("What is wrong"),
    "mend": _Field("What to do"),
    "owner": _Field("Who must answer", _with_id, ours=True),
    "due": _Field("Due", _time, ours=True),
    "subject": _Field("About"),
    "note": _Field("Note"),
    "import_id": _Field("Import", ours=True),
    "source": _Field("File"),
    "format": _Field("Format"),
    "n_read": _Field("Rows read", ours=True),
    "n_new": _Field("New claims", ours=True),
    "n_duplicate": _Field("Duplicates", ours=True),
    "n_unstated": _Field("Without a confidence", ours=True),
    "n_quarantined": _Field("Refused", ours=True),
    "n_attached": _Field("Outcomes attached", ours=True),
    "n_held": _Field("Outcomes held", ours=True),
    "n_corrected": _Field("Outcomes corrected", ours=True),
    "settings": _Field("Settings"),
    "file_sha256": _Field("SHA-256 of the file"),
    "first": _Field("First decision", ours=True),
    "last": _Field("Last decision", ours=True),
    "first_ts": _Field("First claim", _time, ours=True),
    "n_claims": _Field("Claims so far", ours=True),
    "audit": _Field("Audit sample"),
    "n": _Field("Claims in it", ours=True),
    "by": _Field("Drawn by"),
    "groups": _Field("Drawn of each", lambda value, _: "; ".join(map(drawn_of, value))),
    "since": _Field("Claims from", _time, ours=True),
    "seed": _Field("Seed of the random numbers"),
    "imports": _Field("Imports up to", ours=True),
    "sha256": _Field("SHA-256 of the sample"),
    "why": _Field("Made", _why, ours=True),
    "n_missed": _Field("Runs missed before it", ours=True),
    "n_remeasured": _Field("Signals measured again", ours=True),
    "n_open": _Field("Findings open", ours=True),
    "n_critical": _Field("Critical among them", ours=True),
    "data_version": _Field("Imports up to", ours=True),
    "fingerprints": _Field("Measured", lambda value, _: "; ".join(map(_measured, value))),
    "believed": _Field("Last known"),
    "token": _Field("Token"),
    "label": _Field("Label"),
    "scopes": _Field("May", lambda value, _: ", ".join(value), ours=True),
    "evidence": _Field("Evidence", _parts),
    "spec_sha256": _Field("SHA-256 of the entry"),
    "material_sha256": _Field("SHA-256 of what a validation rests on"),
}


# -- sentences -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Said:
    """A sentence in parts.

    Attributes:
        done: what was done.
        rest: what follows.
        joint: what stands between what was done and what it was done to; empty where the sentence
            names neither signal nor fingerprint.
    """

    done: str
    rest: str = ""
    joint: str = ""

    @property
    def short(self) -> str:
        """Without the signal and the fingerprint."""
        return f"{self.done}{self.rest}"


def _said(act: Act, names: Names) -> _Said:
    try:
        return SENTENCES[act.kind](act, names)
    except _UNFIT:
        return _Said(did(act.kind), joint="of" if act.signal else "")


def _about(act: Act) -> str:
    """The signal, and the fingerprint where there is one: ``s for m2 · p4``."""
    signal = act.signal or "an unnamed signal"
    return signal if act.fingerprint is None else f"{signal} for {act.fingerprint.words()}"


def _short(text: object) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= _MOST else f"{words[: _MOST - 1]}…"


def _day(stamped: Any) -> str:
    text = str(stamped)
    return f"{moment(text):%Y-%m-%d}" if "T" in text else text


def _started(act: Act, _names: Names) -> _Said:
    return _Said(f"started the trail {act.body['origin']}")


def _key_changed(act: Act, _names: Names) -> _Said:
    return _Said(did(act.kind))


def _person_added(act: Act, names: Names) -> _Said:
    return _Said(f"entered {names.person(act.body['sub'])}")


def _person_named(act: Act, names: Names) -> _Said:
    return _Said(f"recorded the names of {names.person(act.body['sub'])}")


def _person_status(act: Act, names: Names) -> _Said:
    status, until = act.body["status"], act.body.get("until")
    said = {"active": "is active", "away": "is away", "left": "has left"}[status]
    back = f" until {_day(until)}" if until else ""
    return _Said(f"recorded that {names.person(act.body['sub'])} {said}{back}")


def _person_forgotten(act: Act, _names: Names) -> _Said:
    return _Said(f"erased the name of {act.body['sub']}")


def _person_bound(act: Act, names: Names) -> _Said:
    who = names.person(act.body["sub"])
    return _Said(f"bound an account of {act.body['issuer']} to {who}")


def _person_unbound(act: Act, names: Names) -> _Said:
    who = names.person(act.body["sub"])
    return _Said(f"unbound an account of {act.body['issuer']} from {who}")


def _group_set(act: Act, names: Names) -> _Said:
    members = sorted(names.person(one) for one in act.body["members"])
    return _Said(f"set the group {act.body['name']} to {', '.join(members) or 'nobody'}")


def _role_granted(act: Act, names: Names) -> _Said:
    role = role_words(act.body["role"])
    if act.body["sub"] == act.actor.sub and act.actor.role == "viewer":
        return _Said(f"became the first {role}")
    return _Said(f"granted {names.person(act.body['sub'])} the role {role}")


def _role_revoked(act: Act, names: Names) -> _Said:
    role = role_words(act.body["role"])
    return _Said(f"took the role {role} from {names.person(act.body['sub'])}")


def _gate_mode(act: Act, _names: Names) -> _Said:
    return _Said(f"set the gate to {act.body['mode']} mode")


def _registry_set(act: Act, names: Names) -> _Said:
    owner = names.person(act.body["spec"]["owner"])
    return _Said("set the registry entry", f", owner {owner}", "of")


def _seen(act: Act, _names: Names) -> _Said:
    claims, first = counted(act.body["n_claims"], "claim"), _day(act.body["first_ts"])
    return _Said("saw a new fingerprint", f": {claims} since {first}", "of")


def _submitted(act: Act, _names: Names) -> _Said:
    met = "every criterion met" if act.body["criteria_met"] is True else "not every criterion met"
    return _Said("submitted evidence", f": {met}", "of")


def _signed(act: Act, _names: Names) -> _Said:
    return _Said("signed the validation", f" until {_day(act.body['until'])}", "of")


def _rejected(act: Act, _names: Names) -> _Said:
    return _Said("rejected the validation", f": {_short(act.body['reason'])}", "of")


def _suspended(act: Act, _names: Names) -> _Said:
    what = "stopped the gate" if act.body["trigger"] == "stop" else "suspended the validation"
    return _Said(what, f": {_short(_in_words(act)['reason'])}", "of")


def _expired(act: Act, _names: Names) -> _Said:
    what = "waiver" if act.before == "waived" else "validation"
    return _Said(f"recorded the end of the {what}", f" on {_day(act.body['until'])}", "of")


def _waiver_requested(act: Act, _names: Names) -> _Said:
    until, reason = _day(act.body["until"]), _short(act.body["reason"])
    return _Said("asked for a waiver", f" until {until}: {reason}", "of")


def _waiver_approved(act: Act, _names: Names) -> _Said:
    return _Said("approved the waiver", f" until {_day(act.body['until'])}", "of")


def _retirement_requested(act: Act, _names: Names) -> _Said:
    return _Said("asked for retirement", f": {_short(act.body['reason'])}", "of")


def _retirement_approved(_act: Act, _names: Names) -> _Said:
    return _Said("approved the retirement", "", "of")


def _finding(verb: str, detail: Callable[[Act], str]) -> Callable[[Act, Names], _Said]:
    def words(act: Act, names: Names) -> _Said:
        name = names.finding(act.body["finding"])
        return _Said(f"{verb} the finding “{name}”", detail(act), "of" if act.signal else "")

    return words


def _due(act: Act) -> str:
    return f", {act.body['severity']}, due {act.body['due']}"


def _noted(act: Act) -> str:
    note = note_of(act)
    return f": {_short(note)}" if note else ""


def _waived(act: Act) -> str:
    return f" until {_day(act.body['until'])}{_noted(act)}"


def _revised(act: Act) -> str:
    return f": {_short(_in_words(act)['text'])}"


def _check_run(act: Act, _names: Names) -> _Said:
    body = act.body
    missed = f"; {counted(body['n_missed'], 'run')} before it missed" if body["n_missed"] else ""
    return _Said(f"ran the standing checks, {counted(body['n_open'], 'finding')} open{missed}")


def _remeasured(act: Act, _names: Names) -> _Said:
    return _Said(f"re-measured {act.signal}: {_short(_in_words(act)['text'])}")


def _audit_drawn(act: Act, _names: Names) -> _Said:
    return _Said(f"drew an audit sample of {counted(act.body['n'], 'claim')}", "", "of")


def _import(act: Act, _names: Names) -> _Said:
    body = act.body
    parts = [f"{counted(body['n_read'], 'row')} read", f"{body['n_new']:,} new"]
    parts += [f"{body['n_quarantined']:,} refused"] if body["n_quarantined"] else []
    parts += [f"{body['n_attached']:,} with an outcome"] if body["n_attached"] else []
    return _Said(f"recorded import {body['import_id']}, {body['source']}: {', '.join(parts)}")


def _sealed(act: Act, _names: Names) -> _Said:
    first, last = act.body["first"], act.body["last"]
    if first == last:
        return _Said(f"sealed decision {first:,} of the gate")
    return _Said(f"sealed decisions {first:,} to {last:,} of the gate")


def _token_created(act: Act, _names: Names) -> _Said:
    body = act.body
    scopes = ", ".join(body["scopes"])
    return _Said(f"issued the token {body['token']}, “{body['label']}”, for {scopes}")


def _token_revoked(act: Act, _names: Names) -> _Said:
    return _Said(f"revoked the token {act.body['token']}")


#: How an act of each kind reads.
SENTENCES: Mapping[str, Callable[[Act, Names], _Said]] = {
    "trail.started": _started,
    "key.changed": _key_changed,
    "person.added": _person_added,
    "person.named": _person_named,
    "person.status": _person_status,
    "person.forgotten": _person_forgotten,
    "person.bound": _person_bound,
    "person.unbound": _person_unbound,
    "group.set": _group_set,
    "role.granted": _role_granted,
    "role.revoked": _role_revoked,
    "gate.mode": _gate_mode,
    "registry.set": _registry_set,
    "fingerprint.seen": _seen,
    "validation.submitted": _submitted,
    "validation.signed": _signed,
    "validation.rejected": _rejected,
    "validation.suspended": _suspended,
    "validation.expired": _expired,
    "waiver.requested": _waiver_requested,
    "waiver.approved": _waiver_approved,
    "retirement.requested": _retirement_requested,
    "retirement.approved": _retirement_approved,
    "finding.opened": _finding("opened", _due),
    "finding.recurred": _finding("recorded again", _due),
    "finding.revised": _finding("revised", _revised),
    "finding.acknowledged": _finding("acknowledged", _noted),
    "finding.resolved": _finding("resolved", _noted),
    "finding.waived": _finding("waived", _waived),
    "import.recorded": _import,
    "decisions.sealed": _sealed,
    "check.run": _check_run,
    "signal.remeasured": _remeasured,
    "audit.drawn": _audit_drawn,
    "token.created": _token_created,
    "token.revoked": _token_revoked,
}

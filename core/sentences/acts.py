"""Acts in words: what was done as a sentence, what else stands in it as names and values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from core.findings.kinds import kind_of, told_of
from core.findings.lifecycle import note_of
from core.governance.people.names import Directory, directory
from core.governance.stops import stopped_by
from core.measure.monitoring.canary import SIDES
from core.monitoring.remeasured import outcome
from core.monitoring.schedule import WHY_WORDS
from core.registry.escalation_rules import fraction
from core.sentences.fact import Fact
from core.sentences.numbers import ABSENT, counted, points
from core.trail import act_search as search
from core.trail.act_kinds import KINDS, did
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
#: A part of a sentence.
PART = re.compile(r"\{(\w+)\}")
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
    return _told(act, names, _of(act))


def short(act: Act, names: Names) -> str:
    """The same without the signal and the fingerprint: ``signed the validation until 2027-02-20``.

    For lists that name these beside it.
    """
    return _told(act, names, "")


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
        brief: it within the sentence of its act; None: as it is.
    """

    label: str
    say: Callable[[Any, Names], str] | None = None
    ours: bool = False
    brief: Callable[[Any, Names], str] | None = None


def _person(value: Any, names: Names) -> str:
    return names.person(value)


def _people(value: Any, names: Names) -> str:
    return ", ".join(sorted(map(names.person, value))) or "nobody"


def _day(stamped: Any, _names: Names | None = None) -> str:
    text = str(stamped)
    return f"{moment(text):%Y-%m-%d}" if "T" in text else text


def _role(value: Any, _names: Names) -> str:
    return role_words(value)


def _scopes(value: Any, _names: Names) -> str:
    return ", ".join(value)


def _several(thing: str) -> Callable[[Any, Names], str]:
    return lambda value, _: counted(value, thing)


def _members(value: Any, names: Names) -> str:
    return ", ".join(_with_id(one, names) for one in value) or "nobody"


def _time(value: Any, _names: Names) -> str:
    return when(value) if "T" in value else str(value)


def _why(value: Any, _names: Names) -> str:
    several = [value] if isinstance(value, str) else value
    return ", ".join(WHY_WORDS.get(one, str(one)) for one in several)


def _parts(value: Any, _names: Names) -> str:
    return "; ".join(f"{part} {said}" for part, said in value.items()) or "none"


def _reasons(value: Any, names: Names) -> str:
    # Acts of before have them as an object.
    return _parts(value if isinstance(value, Mapping) else dict(value), names)


def _kept_inputs(value: Any, _names: Names) -> str:
    return ", ".join(str(one[0]) for one in value)


def _stated(value: Any, _names: Names) -> str:
    return ", ".join(ABSENT if one is None else f"{one / 1e6:.6g}" for one in value)


def _answers(value: Any, _names: Names) -> str:
    return f"{counted(len({one for one in value if one}), 'different answer')}, kept as hashes"


def _p_values(value: Any, _names: Names) -> str:
    return ", ".join(f"{side} {float(p):.2g}" for side, p in zip(SIDES, value, strict=True))


def _certified(value: Any, _names: Names) -> str:
    return "certified" if value is True else "no certificate"


def _in_points(value: Any, _names: Names) -> str:
    return points(float(value), decimals=1)


def _share(value: Any, _names: Names) -> str:
    return f"{value / 10_000:.6g}%"


def _cuts(value: Any, _names: Names) -> str:
    said = [
        f"{'' if one['value'] is None else one['value'] + ': '}from {fraction(one['lowest_ppm'])}, "
        f"{one['errors']:,} of {one['n']:,} wrong"
        for one in value
    ]
    return "; ".join(said) or "none"


#: The parts of a body, in the order they are shown.
_FIELDS: Mapping[str, _Field] = {
    "origin": _Field("Trail"),
    "key": _Field("Public key"),
    "program": _Field("Program"),
    "sub": _Field("Person", _with_id, ours=True, brief=_person),
    "status": _Field("Status", ours=True),
    "issuer": _Field("Signs on at"),
    "account": _Field("Hash of the account"),
    "salt_sha256": _Field("SHA-256 of its salt"),
    "role": _Field("Role", _role, ours=True, brief=_role),
    "name": _Field("Group"),
    "members": _Field("Members", _members, ours=True, brief=_people),
    "mode": _Field("Mode of the gate", ours=True),
    "author": _Field("Evidence made by", _with_id, ours=True),
    "criteria_met": _Field(
        "Every criterion met",
        lambda value, _: "yes" if value is True else "no",
        ours=True,
        brief=lambda value, _: f"{'' if value is True else 'not '}every criterion met",
    ),
    "trigger": _Field("Trigger"),
    "reason": _Field("Reason"),
    "until": _Field("Until", _time, ours=True, brief=_day),
    "confirmed": _Field("Signed on again", _time, ours=True),
    "finding": _Field("Finding", brief=lambda value, names: names.finding(value)),
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
    "event_id": _Field("Event"),
    "label_source": _Field("Who had labelled it", ours=True),
    "said_right": _Field("Confirmed as", ours=True),
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
    "first_ts": _Field("First claim", _time, ours=True, brief=_day),
    "n_claims": _Field("Claims so far", ours=True, brief=_several("claim")),
    "run": _Field("Threshold run"),
    "look": _Field("Look at this signal", ours=True),
    "risk_ppm": _Field("Wrong ones accepted", _share, ours=True),
    "level_ppm": _Field("Confidence, all looks together", _share, ours=True),
    "per": _Field("A threshold for each"),
    "cuts": _Field("Proven thresholds", _cuts, ours=True),
    "where": _Field("Only claims of"),
    "method": _Field("Method"),
    "split": _Field("Chosen on the split"),
    "cells_sha256": _Field("SHA-256 of the counts it rests on"),
    "versions": _Field(
        "Of the versions",
        lambda value, _: "; ".join(Fingerprint.of(one).words() for one in value),
    ),
    "audit": _Field("Audit sample"),
    "n": _Field("Claims in it", ours=True, brief=_several("claim")),
    "by": _Field("Drawn by"),
    "groups": _Field("Drawn of each", lambda value, _: "; ".join(map(drawn_of, value))),
    "since": _Field("Claims from", _time, ours=True),
    "seed": _Field("Seed of the random numbers"),
    "imports": _Field("Imports up to", ours=True),
    "week": _Field("Drawn in the week of"),
    "imports_to": _Field("Imports up to", ours=True),
    "sha256": _Field("SHA-256 of the sample"),
    "n_inputs": _Field("Kept inputs", ours=True, brief=_several("input")),
    "inputs": _Field("Ids", _kept_inputs),
    "round": _Field("Round"),
    "asked_at": _Field("Asked", _time, ours=True),
    "series": _Field("Series", ours=True),
    "n_asked": _Field("Answered", ours=True, brief=_several("input")),
    "n_failed": _Field("Without an answer", ours=True),
    "ppm": _Field("Stated", _stated, ours=True),
    "answers": _Field("Answers", _answers, ours=True),
    "failures": _Field("What went wrong", _reasons),
    "p_values": _Field("P-values", _p_values, ours=True),
    "results_sha256": _Field("SHA-256 of the results"),
    "calibrator_version": _Field("Map"),
    "map_sha256": _Field("SHA-256 of the map"),
    "given": _Field("Certificate", _certified, ours=True, brief=_certified),
    "n_heldout": _Field("Heldout inputs", ours=True, brief=_several("heldout input")),
    "gap_before": _Field("Gap as stated, points", _in_points, ours=True),
    "gap_after": _Field("Gap mapped, points", _in_points, ours=True),
    "brier_change": _Field("Change of the Brier score"),
    "why": _Field("Made", _why, ours=True),
    "n_missed": _Field("Runs missed before it", ours=True),
    "n_remeasured": _Field("Signals measured again", ours=True),
    "n_open": _Field("Findings open", ours=True, brief=_several("finding")),
    "n_critical": _Field("Critical among them", ours=True),
    "data_version": _Field("Imports up to", ours=True),
    "fingerprints": _Field("Measured", lambda value, _: "; ".join(map(_measured, value))),
    "believed": _Field("Last known"),
    "engine": _Field("Counted by"),
    "signals": _Field("Signals", lambda value, _: ", ".join(one["signal"] for one in value)),
    "weeks": _Field("Weeks that changed", lambda value, _: ", ".join(sorted(value))),
    "events_sha256": _Field("SHA-256 of the event log"),
    "manifest_sha256": _Field("SHA-256 of the manifest"),
    "kernel_sha256": _Field("SHA-256 of the SQL that counted"),
    "limits_sha256": _Field("SHA-256 of what is kept of which signal"),
    "token": _Field("Token"),
    "label": _Field("Label"),
    "scopes": _Field("May", _scopes, ours=True, brief=_scopes),
    "evidence": _Field("Evidence", _parts),
    "spec_sha256": _Field("SHA-256 of the entry"),
    "material_sha256": _Field("SHA-256 of what a validation rests on"),
}


# -- sentences -------------------------------------------------------------------------------------


def _told(act: Act, names: Names, of: str) -> str:
    """The sentence of an act's kind, with its parts; what cannot be said is left out."""

    def part(found: re.Match[str]) -> str:
        name = found[1]
        if name == "of":
            return of
        if name in _MADE:
            return _MADE[name](act, names)
        value, field = act.body[name], _FIELDS.get(name)
        return str(value) if field is None or field.brief is None else field.brief(value, names)

    try:
        return PART.sub(part, KINDS[act.kind].says)
    except _UNFIT:
        return did(act.kind) + of


def _of(act: Act) -> str:
    """The signal, and the fingerprint where there is one: `` of s for m2 · p4``."""
    if act.signal is None:
        return ""
    fingerprint = "" if act.fingerprint is None else f" for {act.fingerprint.words()}"
    return f" of {act.signal}{fingerprint}"


def _short(text: object) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= _MOST else f"{words[: _MOST - 1]}…"


def _is_now(act: Act, _names: Names) -> str:
    until = act.body.get("until")
    said = {"active": "is active", "away": "is away", "left": "has left"}[act.body["status"]]
    return f"{said} until {_day(until)}" if until else said


def _granted(act: Act, names: Names) -> str:
    role = role_words(act.body["role"])
    if act.body["sub"] == act.actor.sub and act.actor.role == "viewer":
        return f"became the first {role}"
    return f"granted {names.person(act.body['sub'])} the role {role}"


def _stopped(act: Act, _names: Names) -> str:
    return "stopped the gate" if act.body["trigger"] == "stop" else "suspended the validation"


def _noted(act: Act, _names: Names) -> str:
    note = note_of(act)
    return f": {_short(note)}" if note else ""


def _missed(act: Act, _names: Names) -> str:
    n = act.body["n_missed"]
    return f"; {counted(n, 'run')} before it missed" if n else ""


def _failed(act: Act, _names: Names) -> str:
    n = act.body["n_failed"]
    return f", {n:,} without an answer" if n else ""


def _rows(act: Act, _names: Names) -> str:
    body = act.body
    parts = [f"{counted(body['n_read'], 'row')} read", f"{body['n_new']:,} new"]
    parts += [f"{body['n_quarantined']:,} refused"] if body["n_quarantined"] else []
    parts += [f"{body['n_attached']:,} with an outcome"] if body["n_attached"] else []
    return ", ".join(parts)


def _decisions(act: Act, _names: Names) -> str:
    first, last = act.body["first"], act.body["last"]
    return f"decision {first:,}" if first == last else f"decisions {first:,} to {last:,}"


#: Parts of sentences that are made of more than one part of an act.
_MADE: Mapping[str, Callable[[Act, Names], str]] = {
    "id": lambda act, _: str(act.body["sub"]),
    "entry_owner": lambda act, names: names.person(act.body["spec"]["owner"]),
    "signal": lambda act, _: str(act.signal),
    "is_now": _is_now,
    "granted": _granted,
    "stopped": _stopped,
    "ended": lambda act, _: "waiver" if act.before == "waived" else "validation",
    "reason": lambda act, _: _short(_in_words(act)["reason"]),
    "text": lambda act, _: _short(_in_words(act)["text"]),
    "noted": _noted,
    "missed": _missed,
    "failed": _failed,
    "rows": _rows,
    "decisions": _decisions,
    "cuts_found": lambda act, names: (
        f"at most {_share(act.body['risk_ppm'], names)} wrong, {_cuts(act.body['cuts'], names)}"
    ),
}
#: Every part that a sentence may have.
PARTS = frozenset({"of", *_FIELDS, *_MADE})

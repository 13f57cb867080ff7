"""One claim end to end: what was said, about what, what was done, and what happened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pandas as pd

from core.events import PPM
from core.queries.claims import claim_history as history
from core.queries.claims.claim_history import ClaimRecord, OutcomeVersion, Relation
from core.queries.claims.handoffs import HandOff, handoffs_of
from core.queries.claims.label_states import (
    State,
    in_force,
    label_states,
    standing_sources,
)
from core.sentences.fact import Fact
from core.sentences.numbers import ABSENT, count, counted, dimension_name
from core.views.audit.claim_rules import Governed, governed

#: As many claims of the same event or input are listed.
RELATIONS = 50
#: Fields by what they tell of a claim.
_SAID = (
    *("elicitation", "elicitation_order", "model_version", "prompt_version"),
    *("params_version", "calibrator_version"),
)
_ABOUT = ("input_id", "split")
_TRACED = ("trace_id", "span_id")


@dataclass(frozen=True)
class ClaimView:
    """One claim end to end.

    Attributes:
        record: the claim.
        headline: what was said and what happened, in a sentence.
        standing: why that is the outcome in force, or what is not known yet.
        said, about, came_from: facts; what was not logged is left out.
        not_logged: the fields that were not logged, in words; empty when none.
        done: the action taken, in a sentence.
        happened: one line per outcome received, oldest first: outcome, in_force, known_at,
            source, outcome_ts, said_of, file, row, import_id, imported_at.
        handed: one line per hand-off to people, oldest first: handed_at, queue, reviewer, taken_at,
            decided_at, decision, agreed; and seeded where one was planted.
        sources: whose labels stand, best first; None: labels that state no source.
        disputed: whether labels contradict each other and nobody has answered.
        same_event: claims of other signals about the event.
        same_input: other claims of the signal about the input, newest first.
        more: what of these is not listed, in a sentence; empty when everything is.
        governed: which rules were in force, and what the gate answered.
    """

    record: ClaimRecord
    headline: str
    standing: str
    said: tuple[Fact, ...]
    about: tuple[Fact, ...]
    came_from: tuple[Fact, ...]
    not_logged: str
    done: str
    happened: pd.DataFrame
    handed: pd.DataFrame
    sources: tuple[str | None, ...]
    disputed: bool
    same_event: tuple[Relation, ...]
    same_input: tuple[Relation, ...]
    more: str
    governed: Governed


def claim_view(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    event_id: str,
    as_known: datetime | None = None,
) -> ClaimView | None:
    """Everything the ledger knows of one claim; None when there is no such claim.

    Args:
        as_known: which outcome was in force at this time (UTC without zone); None: now.
    """
    record = history.claim_record(cursor, signal, event_id)
    if record is None:
        return None
    versions = history.outcome_versions(cursor, signal, event_id)
    now, then = in_force(versions), in_force(versions, as_known)
    events = history.claims_of_event(cursor, event_id, limit=RELATIONS + 1)
    input_id = record.fields["input_id"]
    inputs: tuple[Relation, ...] = ()
    if input_id is not None:
        inputs = history.claims_of_input(cursor, signal, input_id, limit=RELATIONS + 2)
    others = [one for one in events if one.signal != signal]
    again = [one for one in inputs if one.event_id != event_id]
    overflow = len(others) > RELATIONS or len(again) > RELATIONS
    return ClaimView(
        record=record,
        headline=_headline(record, now, then, as_known),
        standing=_standing(record, versions, now, then, as_known),
        said=_said(record),
        about=_about(record),
        came_from=_came_from(record),
        not_logged=_not_logged(record),
        done=_done(record),
        happened=_happened(versions, now, then, as_known),
        handed=_handed(handoffs_of(cursor, signal, event_id)),
        sources=standing_sources(versions),
        disputed=bool({"conflict", "contradicts"} & set(label_states(versions))),
        same_event=tuple(others[:RELATIONS]),
        same_input=tuple(again[:RELATIONS]),
        more=f"Only the first {RELATIONS} of a kind are listed." if overflow else "",
        governed=governed(cursor, record),
    )


def _handed(handoffs: Sequence[HandOff]) -> pd.DataFrame:
    agreed = {True: "kept", False: "overridden"}
    frame = pd.DataFrame([vars(one) for one in handoffs])
    if frame.empty:
        return frame
    frame = frame.assign(
        agreed=frame["agreed"].map(agreed), seeded=frame["seeded"].map({True: "planted", False: ""})
    )
    return frame if frame["seeded"].any() else frame.drop(columns="seeded")


def signals_of_event(cursor: duckdb.DuckDBPyConnection, event_id: str) -> tuple[str, ...]:
    """The signals that have a claim of this event, for a link that names the wrong one."""
    known = history.claims_of_event(cursor, event_id, limit=RELATIONS)
    return tuple(one.signal for one in known)


def stated_words(ppm: int | None) -> str:
    """A confidence as it is compared, never rounded: ``95%``, ``89.9999%``; ``unstated``."""
    return "unstated" if ppm is None else percent_of(ppm)


def percent_of(ppm: int) -> str:
    """Whole millionths as percent, every digit of them."""
    return f"{ppm / 10_000:.4f}".rstrip("0").rstrip(".") + "%"


def outcome_words(outcome: int | None) -> str:
    """``right``, ``wrong`` or ``not known yet``."""
    return {1: "right", 0: "wrong", None: "not known yet"}[outcome]


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _known_day(as_known: datetime) -> str:
    """``as_known`` as it was asked: whole days count to their end."""
    if as_known.time() == datetime.min.time():
        return f"at the end of {as_known - timedelta(days=1):%Y-%m-%d}"
    return f"at {_when(as_known)}"


def _headline(
    record: ClaimRecord,
    now: OutcomeVersion | None,
    then: OutcomeVersion | None,
    as_known: datetime | None,
) -> str:
    """What was said and what happened; the day as of which, where it makes a difference."""
    ppm = record.confidence_ppm
    said = "Stated no confidence" if ppm is None else f"Stated {percent_of(ppm)}"
    day = _known_day(as_known) if as_known is not None and then is not now else ""
    if then is not None:
        known = f", as known {day}," if day else ""
        return f"{said} and{known} was {outcome_words(then.outcome)}."
    if day:
        return f"{said}; whether it was right was not known {day}."
    return f"{said}; whether it was right is not known yet."


def _standing(
    record: ClaimRecord,
    versions: Sequence[OutcomeVersion],
    now: OutcomeVersion | None,
    then: OutcomeVersion | None,
    as_known: datetime | None,
) -> str:
    """Which outcome stands, and whether another did at the time asked about."""
    parts = []
    if as_known is not None and record.ts >= as_known:
        parts.append(f"It had not been made {_known_day(as_known)}.")
    labels = [one for one in versions if one.outcome is not None]
    states = label_states(versions)
    truths = sum(one.truth for one in labels)
    if not truths:
        parts.append("No outcome has come in for it.")
    elif truths == 1:
        parts.append("One outcome has come in for it.")
    else:
        parts.append(f"{truths} outcomes have come in for it.")
    parts += [words for state, words in _WHY.items() if state in states]
    others = len(labels) - truths
    if others:
        parts.append(
            f"{counted(others, 'label')} from a source that is not ground truth, such as an LLM "
            "judge, are listed below and never count."
        )
    if as_known is not None and then is not now:
        known, today = (outcome_words(one.outcome if one else None) for one in (then, now))
        parts.append(f"Now in force: {today}; {_known_day(as_known)}: {known}.")
    return " ".join(parts)


def _said(record: ClaimRecord) -> tuple[Fact, ...]:
    ppm, raw = record.confidence_ppm, record.confidence_raw
    facts = [
        Fact("When", f"{_when(record.ts)} UTC", logged=False),
        Fact("Confidence", stated_words(ppm), logged=False),
    ]
    if raw is not None and ppm is not None:
        kept = "" if raw == ppm / PPM else f", kept to six decimals: {ppm / PPM!r}"
        facts.append(Fact("As stated", f"{raw!r}{kept}", logged=False))
    facts += _logged({dimension_name(field): record.fields[field] for field in _SAID})
    return tuple(facts)


def _about(record: ClaimRecord) -> tuple[Fact, ...]:
    """The input, the segments and the file's other columns, these under the file's own names."""
    facts = _logged({dimension_name(field): record.fields[field] for field in _ABOUT})
    if record.label_propensity is not None:
        facts.append(Fact("Chance of being labelled", f"{record.label_propensity:g}", logged=False))
    facts += [Fact(dimension_name(name), value) for name, value in record.segments.items()]
    for name, value in record.attributes.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        facts.append(Fact(name, text))
    return tuple(facts)


def _logged(facts: Mapping[str, str | None]) -> list[Fact]:
    return [Fact(name, value) for name, value in facts.items() if value is not None]


def _came_from(record: ClaimRecord) -> tuple[Fact, ...]:
    traced = _logged({dimension_name(field): record.fields[field] for field in _TRACED})
    origin = record.origin
    if origin is None:
        return tuple(traced)
    return (
        Fact("File", origin.file),
        Fact("Row", count(origin.row), logged=False),
        Fact("Import", count(origin.import_id), logged=False),
        Fact("Imported", f"{_when(origin.imported_at)} UTC", logged=False),
        Fact("SHA-256", origin.sha256),
        *traced,
    )


def _not_logged(record: ClaimRecord) -> str:
    fields = (*_SAID, *_ABOUT, "action", *_TRACED)
    missing = [dimension_name(field).lower() for field in fields if record.fields[field] is None]
    return f"Not logged: {', '.join(missing)}." if missing else ""


def _done(record: ClaimRecord) -> str:
    action = record.fields["action"]
    known = {
        "automate": "It was acted on without a person.",
        "review": "It was put before a person for review.",
        "escalate": "It was escalated.",
    }
    if action is None:
        return "No action was logged."
    return known.get(action, f"Action {action}.")


#: What to say of a claim that has a label in such a state.
_WHY: Mapping[State, str] = {
    "replaced": "A later label of the same source replaced an earlier one.",
    "overruled": "A label from a source that ranks before the others overruled them.",
    "contradicts": "A label contradicts the one in force, whose source ranks before its own: a "
    "label of that source, or a withdrawal, answers it.",
    "conflict": "Two labels of one source say different things at the same instant, so none is in "
    "force until a later label of that source, or a withdrawal, settles it.",
    "withdrawn": "A label was withdrawn; it stays on record.",
}
#: How a label's state is named in the list, where it is not in force.
_STATES: Mapping[State, str] = {
    "conflict": "no: a conflict",
    "contradicts": "no: contradicts it",
    "overruled": "no: overruled",
    "replaced": "no: replaced",
    "withdrawn": "no: withdrawn",
    "withdrawal": ABSENT,
    "no truth": "never: no truth",
}
_FROM = ("file", "row", "import_id", "imported_at")
_HAPPENED = ("outcome", "in_force", "known_at", "source", "outcome_ts", "said_of", *_FROM)


def _happened(
    versions: Sequence[OutcomeVersion],
    now: OutcomeVersion | None,
    then: OutcomeVersion | None,
    as_known: datetime | None,
) -> pd.DataFrame:
    lines = []
    for one, state in zip(versions, label_states(versions), strict=True):
        places = ["now"] if one is now else []
        if as_known is not None and one is then:
            places.append(_known_day(as_known))
        lines.append(
            {
                "outcome": "withdrawn" if one.outcome is None else outcome_words(one.outcome),
                "in_force": " and ".join(places) or _STATES.get(state, ABSENT),
                "known_at": one.known_at,
                "outcome_ts": one.outcome_ts,
                "source": one.source,
                "said_of": "every signal" if one.every_signal else "this signal",
                **{name: getattr(one.origin, name, None) for name in _FROM},
            }
        )
    return pd.DataFrame(lines, columns=list(_HAPPENED))

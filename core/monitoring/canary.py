"""Canaries as acts: inputs that are kept, and the rounds in which they are asked again.

Of an input the trail holds its id, and half of a hash where its content was shown; of an answer a
hash over signal, input and answer. A short answer can be guessed from its hash, so whoever may not
know the answers must not see the trail, or sends hashes of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from core.governance.bodies.canaries import AHEAD, CanaryRound, KeptInputs, next_series
from core.governance.bodies.refusal import Refused
from core.governance.canary_answers import ASKED, answered, answers_of, stated_of
from core.governance.perform import Office
from core.governance.permissions import authorize
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.measure.monitoring.canary import LEAST_INPUTS, REFERENCE_ROUNDS, round_tails
from core.monitoring.row_fault import RowFault
from core.queries.base.seen.fingerprints_seen import fingerprints_seen, in_use
from core.text.figures import counted
from core.trail.acts import SYSTEM, Act, Actor, Proposal, stamp
from core.trail.canonical_json import canonical, sha256_of
from core.trail.fingerprint import Fingerprint

KEPT = "canary.kept"
#: More kept inputs make a round slow to judge and find nothing more.
MOST_INPUTS = 1_000
#: No name of a round or of an input is longer.
LONGEST_NAME = 500
_EARLIEST = datetime(1970, 1, 1)
PROGRAM = Actor(SYSTEM, SYSTEM, via="system")
#: So many refused rows are named in an error.
_TOLD = 20


class RowsRefused(LedgerError):  # noqa: N818 (reads as what is the matter)
    """Rows that cannot be used; nothing was recorded.

    Attributes:
        refused: each of them.
    """

    def __init__(self, refused: Sequence[RowFault]) -> None:
        self.refused = tuple(refused)
        told = [one.words for one in self.refused[:_TOLD]]
        more = len(self.refused) - len(told)
        told += [f"And {counted(more, 'more row')}."] if more else []
        super().__init__("\n".join(["Nothing was recorded.", *told]))


class UnknownVersion(LedgerError):  # noqa: N818 (reads as what is the matter)
    """It is not said which version was asked, or none that is known."""


@dataclass(frozen=True)
class Result:
    """What one input came to.

    Attributes:
        input_id: which.
        ppm: the stated confidence in whole millionths; None: none.
        answer: the answer, or a hash of it; None: none.
        failure: why there is neither.
        digest: of the input that was asked; None: not told.
    """

    input_id: str
    ppm: int | None = None
    answer: str | None = None
    failure: str | None = None
    digest: str | None = None


@dataclass(frozen=True)
class RoundAsked:
    """A round as it comes in.

    Attributes:
        signal, fingerprint: what was asked.
        name: of the round; "": the day it was asked on.
        asked_at: UTC without zone.
        results: in the order of their rows.
    """

    signal: str
    fingerprint: Fingerprint
    asked_at: datetime
    results: tuple[Result, ...]
    name: str = ""


@dataclass(frozen=True)
class RoundTaken:
    """What became of a round.

    Attributes:
        known: whether it was recorded before.
        round: as it is recorded.
        act: that recorded it now; None: none was needed.
        failures: why inputs have no answer, and how many.
    """

    known: bool
    round: CanaryRound
    act: Act | None
    failures: Mapping[str, int] = field(default_factory=dict)


def keep(
    office: Office,
    actor: Actor,
    signal: str,
    inputs: Sequence[tuple[str, str | None]],
    *,
    anew: bool = False,
) -> Act | None:
    """Keep inputs to ask again, in place of those kept before.

    Args:
        actor: the owner, a deputy or a validator.
        inputs: each its id, and a digest of its content (`digest_of`) or None.
        anew: whether to begin a new reference also where the same inputs are kept already.

    Returns:
        The act; None: these are kept already.

    Raises:
        RowsRefused: an id is missing, too long or there twice.
        Refused: not theirs to do, the signal is not registered, or there are too few or too many.
    """
    refused = []
    seen: dict[str, int] = {}
    for row, (input_id, _) in enumerate(inputs, start=1):
        fault = _unfit_id(input_id)
        if not fault and input_id in seen:
            fault = f"stands in row {seen[input_id]} too", "keep one of the two"
        seen.setdefault(input_id, row)
        if fault:
            refused.append(RowFault(row, "input_id", input_id[:80], *fault))
    if refused:
        raise RowsRefused(refused)
    if not LEAST_INPUTS <= len(inputs) <= MOST_INPUTS:
        raise Refused(
            f"{len(inputs):,} inputs are {'few' if len(inputs) < LEAST_INPUTS else 'many'} for a "
            f"canary: keep {LEAST_INPUTS} to {MOST_INPUTS:,}."
        )
    with office.acting() as desk:
        if signal not in desk.state.entries:
            raise Refused(
                f"{signal} is not registered, so nobody may keep inputs of it. Register it first: "
                "calledger registry apply."
            )
        authorize(desk.state, actor, KEPT, signal)
        known = desk.state.canaries.get(signal)
        same = known is not None and list(zip(known.inputs, known.digests, strict=True)) == [
            tuple(one) for one in inputs
        ]
        if same and not anew:
            return None
        body = {"n_inputs": len(inputs), "inputs": [list(one) for one in inputs]}
        return desk.perform(Proposal(KEPT, actor, signal, None, body))


def digest_of(content: object) -> str:
    """What the trail holds of an input's content: half of the SHA-256 of its canonical text.

    Raises:
        ValueError: it holds a fraction, which has no canonical text; write it as text.
    """
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:32]


def record(office: Office, asked: RoundAsked) -> RoundTaken:
    """Record a round and judge it against the ones before; the same round twice changes nothing.

    Kept inputs without a result count as not asked.

    Raises:
        RowsRefused: a row cannot be used; nothing was recorded.
        Refused: no inputs are kept, nothing was answered, it was asked in the future, the round is
            recorded with other results, or a later one is.
    """
    with office.acting() as desk:
        kept = desk.state.canaries.get(asked.signal)
        if kept is None:
            raise Refused(
                f"No inputs of {asked.signal} are kept, so none can be asked again. Keep them "
                "first: calledger canary keep."
            )
        if not _EARLIEST <= asked.asked_at <= desk.now + AHEAD:
            # After one of the future no other could ever be recorded.
            raise Refused(
                f"A round of {asked.signal} asked at {asked.asked_at:%Y-%m-%d %H:%M} UTC lies in "
                "the future, or before 1970: say when it was asked."
            )
        by = _by_input(kept, asked.results)
        body, failures = _body(asked, kept, by)
        name = body["round"]
        key = asked.signal, asked.fingerprint
        before = desk.state.canary_rounds.get(key, ())
        for one in before:
            if one.name == name and one.results_sha256 == body["results_sha256"]:
                return RoundTaken(True, one, None, failures)
            if one.name == name:
                raise Refused(
                    f"The round {name} of {asked.signal} is recorded with other results. If it was "
                    "asked once more, name it: --round."
                )
        if before and asked.asked_at < before[-1].asked_at:
            last = before[-1]
            raise Refused(
                f"The round {last.name} was asked later ({last.asked_at:%Y-%m-%d %H:%M} UTC) and "
                "is recorded already; rounds are recorded in the order they were asked."
            )
        body |= _judged(desk.cursor, desk.state, asked, kept, body)
        act = desk.perform(Proposal(ASKED, PROGRAM, asked.signal, asked.fingerprint, body))
        return RoundTaken(False, desk.state.canary_rounds[key][-1], act, failures)


def asked_version(office: Office, signal: str, named: Fingerprint) -> Fingerprint:
    """The version that a round was asked of: the one that is named, or the only one in use.

    Args:
        named: its stated fields; none: whichever is in use.

    Raises:
        UnknownVersion: there is no such one, or not one in use but several or none.
    """
    with office.ledger.cursor() as cursor:
        seen = fingerprints_seen(cursor, office.now())
    if named == Fingerprint():
        used = tuple(Fingerprint.of(dict(one.fields)) for one in in_use(seen, signal))
        if len(used) == 1:
            return used[0]
        raise UnknownVersion(
            f"Say which version of {signal} was asked, by its model_version and the like. In use: "
            f"{_listed(used)}."
        )
    known = {Fingerprint.of(dict(one.fields)) for one in seen if one.signal == signal}
    if named in known:
        return named
    raise UnknownVersion(f"{signal} has no version {named.words()}. There are: {_listed(known)}.")


def _listed(versions: Iterable[Fingerprint]) -> str:
    return "; ".join(sorted(one.words() for one in versions)) or "none"


def _by_input(kept: KeptInputs, results: Sequence[Result]) -> dict[str, Result]:
    """Results by input; each is of a kept one, once, and of the content that was kept."""
    digests = dict(zip(kept.inputs, kept.digests, strict=True))
    found: dict[str, Result] = {}
    refused = []
    for row, one in enumerate(results, start=1):
        place, value, fault = "input_id", one.input_id, None
        if one.input_id not in digests:
            fault = "is none of the kept inputs", "leave it out, or keep it: calledger canary keep"
        elif one.input_id in found and found[one.input_id] != one:
            fault = "stands there twice with different results", "leave one of them out"
        elif one.digest and digests[one.input_id] not in (None, one.digest):
            place, value = "input_sha256", one.digest
            fault = "is not the input that was kept", "ask the one that was, or keep inputs anew"
        if fault:
            refused.append(RowFault(row, place, value[:80], *fault))
        found[one.input_id] = one
    if refused:
        raise RowsRefused(refused)
    return found


def _body(
    asked: RoundAsked, kept: KeptInputs, by: Mapping[str, Result]
) -> tuple[dict[str, Any], dict[str, int]]:
    ppm: list[int | None] = []
    answers: list[str | None] = []
    failures: dict[str, int] = {}
    for input_id in kept.inputs:
        one = by.get(input_id, Result(input_id, failure="not asked"))
        ppm.append(one.ppm)
        answers.append(None if one.answer is None else _hash(asked.signal, one))
        if one.ppm is None and one.answer is None:
            why = one.failure or "no answer"
            failures[why] = failures.get(why, 0) + 1
    n_failed = sum(failures.values())
    if n_failed == len(kept.inputs):
        told = "; ".join(f"{why}: {n:,}" for why, n in failures.items())
        raise Refused(f"No input of {asked.signal} was answered ({told}); nothing was recorded.")
    name = asked.name.strip() or f"{asked.asked_at:%Y-%m-%d}"
    if len(name) > LONGEST_NAME:
        raise Refused(f"A round's name has at most {LONGEST_NAME} characters.")
    # Pairs, for a reason may be in any script, and keys of an act are ASCII.
    reasons = [[why, n] for why, n in sorted(failures.items())]
    results = {"ppm": ppm, "answers": answers, "failures": reasons}
    body = {
        "round": name,
        "asked_at": stamp(asked.asked_at),
        "n_asked": len(kept.inputs) - n_failed,
        "n_failed": n_failed,
        **results,
        "results_sha256": sha256_of(results),
    }
    return body, failures


def _judged(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    asked: RoundAsked,
    kept: KeptInputs,
    body: Mapping[str, Any],
) -> dict[str, Any]:
    """The series of a round, and what it says against the rounds before it."""
    key = asked.signal, asked.fingerprint
    before = state.canary_rounds.get(key, ())
    known = state.validations.get(key)
    signed = known.signed.at if known is not None and known.signed is not None else None
    series = next_series(before, kept, signed)
    mine = [one for one in before if one.series == series]
    if len(mine) < REFERENCE_ROUNDS:
        return {"series": series, "p_values": None}
    bodies = [*answered(cursor, asked.signal, mine), body]
    tails = round_tails(stated_of(bodies), answers_of(bodies))
    return {"series": series, "p_values": [repr(one) for one in tails.p_values]}


def _hash(signal: str, one: Result) -> str:
    text = "\n".join((signal, one.input_id, str(one.answer).strip()))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _unfit_id(input_id: str) -> tuple[str, str] | None:
    if not input_id.strip():
        return "is empty", "write the id of the input"
    if len(input_id) > LONGEST_NAME:
        return f"has more than {LONGEST_NAME} characters", "give it a shorter id"
    return None

"""What needs no chance: nobody answers, and a trail that is not what was signed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.defaults import HELDOUT_USES
from core.findings.detectors.decisions.gate_bypass import recent_bypasses
from core.findings.detectors.labels.heldout_wear import wear_conditions
from core.findings.kinds import conditions
from core.gate.bypass import DAYS, whole_days
from core.gate.decision_log import DecisionLog
from core.gate.gate import Gate
from core.gate.questions import Question
from core.governance.replay import Replay, TrailBroken
from core.governance.signal_terms import terms_of
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.recalibration.recalibrate import RecalibrationQuestion, recalibrate
from core.recalibration.recorded import record
from core.trail.acts import SYSTEM, Actor, Proposal
from core.views.audit.trail_integrity import wholeness
from core.views.govern.bypass import unasked_list
from core.views.risks.gather import gathered
from core.views.risks.rules.validation import unvalidated
from detection.ledgers import AFTER, BEFORE, SIGNAL, Desk, claims, governed, look
from tests.worlds.governed.governed import V1

_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")


def nobody(seed: int) -> tuple[bool, bool]:
    """Whether an empty seat is found in the next round, and one where a deputy is left."""
    with Ledger.in_memory() as ledger:
        made = governed(ledger)
        people = ["user:desk/ann", "user:desk/bob"]
        random.Random(seed).shuffle(people)
        found = []
        for handle in people:
            made.do(
                "user:desk/admin", "person.status", None, signal=None,
                sub=made.sub(handle), status="left", until=None,
            )  # fmt: skip
            wrong = conditions(made.office.state(), (), made.clock.now)
            found.append(any(one.kind == "empty_owner_seat" for one in wrong))
    return found[1], found[0]


def worn(seed: int) -> tuple[bool, bool]:
    """Whether a held-out set on which one more evidence may rest is found, and one with two."""
    rng = np.random.default_rng(seed)
    desk = Desk()
    held = claims(rng, first=0, weeks=2).assign(split="heldout")
    desk.fill(held.assign(input_id=[f"h{i}" for i in range(len(held))]))
    found = []
    # The evidence that the signal was validated on is the first look.
    for i in range(HELDOUT_USES - 2):
        body = {"calibrator_version": "m", "map_sha256": f"{i:064x}", "given": False}
        body |= {"n_heldout": len(held), "imports": 1}
        proposal = Proposal("recalibration.judged", _PROGRAM, SIGNAL, V1, body)
        desk.governed.office.perform(proposal)
        state = desk.governed.office.state()
        found.append(bool(wear_conditions(desk.cursor, state, desk.governed.clock.now)))
    return found[-1], any(found[:-1])


def asked_desk(rng: np.random.Generator) -> tuple[Desk, list[str], datetime]:
    """A signal that asked about each of its 2,400 automated claims, their events, and when."""
    desk = Desk()
    made = claims(rng, first=BEFORE + AFTER - 3, weeks=3, per_week=800).assign(action="automate")
    desk.fill(made)
    office, now = desk.governed.office, look(AFTER)
    desk.governed.clock.now = now
    desk.cursor.execute("UPDATE imports SET imported_at = $now", {"now": now})
    asked = desk.cursor.execute(
        "SELECT event_id, signal, confidence_raw AS confidence, model_version, prompt_version "
        "FROM claims"
    ).df()
    gate = Gate(office)
    rows = asked.to_dict("records")
    DecisionLog(office).write([gate.decide(Question.of(row)) for row in rows])
    return desk, list(asked["event_id"]), now


def unasked(seed: int) -> tuple[bool, bool]:
    """Whether of 2,400 claims those whose answers were deleted, and no others, are found."""
    rng = np.random.default_rng(seed)
    desk, events, now = asked_desk(rng)
    state, last = desk.governed.office.state(), whole_days(now).date()
    before = recent_bypasses(desk.cursor, state, now)[SIGNAL].n
    gone = rng.choice(events, len(events) // 100, replace=False)
    desk.cursor.execute(
        "DELETE FROM decisions WHERE list_contains($gone, event_id)", {"gone": list(gone)}
    )
    told = recent_bypasses(desk.cursor, state, now)[SIGNAL].n
    listed = unasked_list(desk.cursor, [SIGNAL], last - timedelta(days=DAYS), last)
    return told == len(gone) and set(listed["event_id"]) == set(gone), before > 0


def unrepaired(seed: int) -> tuple[bool, bool]:
    """Whether Risks says of a signal off by 10 points that its map waits; and of one not off.

    Found is what it says where the map was certified, and that it says nothing where it was not.
    """
    (said, given), (null, _) = (_unrepaired(seed, off) for off in (0.1, 0.0))
    return said == given, null


def _unrepaired(seed: int, off: float) -> tuple[bool, bool]:
    """Whether Risks says it, and whether the map was certified."""
    rng = np.random.default_rng(seed)
    desk = Desk()
    tuning, held = (
        claims(rng, gap=off, weeks=4).assign(split=split) for split in ("tuning", "heldout")
    )
    every = pd.concat([tuning, held, claims(rng, gap=off)], ignore_index=True)
    desk.fill(every.assign(input_id=[f"i{i}" for i in range(len(every))]))
    desk.governed.clock.now = look(AFTER)
    office, now = desk.governed.office, look(AFTER)
    terms = terms_of(office.state(), SIGNAL)
    question = RecalibrationQuestion(Selection(SIGNAL))
    repair = recalibrate(desk.cursor, question, terms, now)
    record(office, repair)
    whole = wholeness(desk.cursor, None, now)
    (facts,) = gathered(desk.cursor, office.state(), now, whole)
    return "is not in use" in unvalidated(facts).line, repair.certificate.given


def no_trail(seed: int) -> tuple[bool, bool]:
    """Whether one changed character of one entry, or one entry lost, is found; and none."""
    chance = random.Random(seed)
    with Ledger.in_memory() as ledger:
        governed(ledger)
        cursor = ledger.cursor()
        before = _broken(cursor)
        rows = cursor.execute("SELECT seq, entry FROM acts ORDER BY seq").fetchall()
        seq, entry = chance.choice(rows)
        if chance.random() < 0.5:
            cursor.execute("DELETE FROM acts WHERE seq = $seq", {"seq": seq})
        else:
            at = chance.randrange(len(entry))
            other = chance.choice([c for c in "abc019 ,}" if c != entry[at]])
            cursor.execute(
                "UPDATE acts SET entry = $entry WHERE seq = $seq",
                {"seq": seq, "entry": entry[:at] + other + entry[at + 1 :]},
            )
        return _broken(cursor), before


def _broken(cursor) -> bool:
    try:
        Replay().caught_up(cursor)
    except TrailBroken:
        return True
    return False

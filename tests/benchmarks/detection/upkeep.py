"""What people and programs were to do and did not, or did too late: found without any chance."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

import numpy as np

from core.defaults import ALWAYS_WAIVED, HANDOFF_HOURS, WAIVER_DAYS
from core.events import PPM
from core.findings.detectors import all as detectors
from core.findings.detectors.decisions.gate_bypass import recent_bypasses
from core.findings.detectors.decisions.handoffs import handoff_conditions
from core.findings.detectors.labels.audit_unanswered import audit_conditions
from core.findings.detectors.missed_runs import runs_conditions
from core.findings.kinds import conditions
from core.monitoring.finding_responses import acknowledge, waive
from core.monitoring.rounds import outlook, rounds
from core.monitoring.weekly_audits import draw_weekly
from core.queries.base.seen.fingerprints_seen import Seen
from core.registry.cut_runs import CutRun, ProvenCut
from core.trail.acts import SYSTEM, Actor, Proposal
from core.trail.fingerprint import Fingerprint
from core.views.audit.trail_integrity import wholeness
from core.views.risks.gather import gathered
from core.views.risks.rules.decisions import theatre
from detection.exact import asked_desk
from detection.ledgers import AFTER, BEFORE, SIGNAL, WRITTEN, Desk, claims, look
from tests.worlds.claims.handed import hand_over
from tests.worlds.governed.audited import imported, label
from tests.worlds.governed.governed import V1

_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")
_RISK = ("user:risk/rita", "user:risk/ruth")


def _newest(rng: np.random.Generator, weeks: int, per_week: int) -> Desk:
    """A signal with claims up to a look, and its clock there."""
    desk = Desk()
    desk.fill(claims(rng, first=BEFORE + AFTER - weeks, weeks=weeks, per_week=per_week))
    desk.governed.clock.now = look(AFTER)
    return desk


def missed_run(seed: int) -> tuple[bool, bool]:
    """Whether daily runs that were left out are told with their number, and any where none was."""
    rng = np.random.default_rng(seed)
    desk = _newest(rng, 2, 40)
    end, left_out = look(AFTER), int(rng.integers(1, 6))
    begun = end - timedelta(days=10 + left_out, hours=10)
    found = []
    for day in range(11 + left_out):
        desk.governed.clock.now = begun + timedelta(days=day)
        if day in range(5, 5 + left_out):
            continue
        body = {"why": ["daily"], "due": None, "n_missed": 0, "data_version": 1, "n_open": 0}
        body |= {"n_critical": 0, "n_remeasured": 0}
        desk.governed.office.perform(Proposal("check.run", _PROGRAM, body=body))
        state, now = desk.governed.office.state(), desk.governed.clock.now
        found.append([one.text for one in runs_conditions(desk.cursor, state, now)])
    before, after = found[:5], found[5]
    told = len(after) == 1 and after[0].startswith(f"{left_out} daily run")
    return told, any(before)


def unlabelled_audit(seed: int) -> tuple[bool, bool]:
    """Whether a weekly sample of which too few are labelled in time is overdue; an answered one."""
    return _audit(seed, 0.7), _audit(seed, 0.9)


def _audit(seed: int, answered: float) -> bool:
    rng = np.random.default_rng(seed)
    desk = _newest(rng, 2, 200)
    desk.governed.apply(WRITTEN.replace("  tolerance:", "  audit: {perWeek: 60}\n  tolerance:", 1))
    desk.cursor.execute("UPDATE claims SET outcome = NULL")
    draw_weekly(desk.governed.office)
    waiting = desk.cursor.execute(
        "SELECT event_id AS event, 1 AS y FROM audit_claims JOIN claims USING (signal, event_id) "
        "WHERE outcome IS NULL ORDER BY event_id"
    ).df()
    now = look(AFTER)
    imported(desk.cursor, 2, now)
    label(desk.cursor, waiting.head(round(answered * len(waiting))), 2, now)
    state = desk.governed.office.state()
    early, late = (
        bool(audit_conditions(desk.cursor, state, now + timedelta(days=days))) for days in (14, 15)
    )
    return late and not early


def overdue_case(seed: int) -> tuple[bool, bool]:
    """Whether one case that nobody took up is overdue when its hours are over, and one taken."""
    rng = np.random.default_rng(seed)
    desk = _newest(rng, 2, 40)
    now = look(AFTER)
    at = now - timedelta(hours=HANDOFF_HOURS)
    events = [row[0] for row in desk.cursor.execute("SELECT event_id FROM claims").fetchall()]
    taken, left = (str(one) for one in rng.choice(events, 2, replace=False))
    hand_over(
        desk.governed.ledger,
        {"event_id": taken, "handed_at": at - timedelta(hours=1), "reviewer": "r-1",
         "taken_at": at, "decided_at": at + timedelta(hours=1), "agreed": 1},
        {"event_id": left, "handed_at": at - timedelta(minutes=int(rng.integers(1, 600)))},
    )  # fmt: skip
    state = desk.governed.office.state()
    told = handoff_conditions(desk.cursor, state, now)
    desk.cursor.execute("DELETE FROM handoffs WHERE event_id = $left", {"left": left})
    null = handoff_conditions(desk.cursor, state, now)
    return [dict(one.evidence)["first_due"] for one in told] == [left], bool(null)


def asked_otherwise(seed: int) -> tuple[bool, bool]:
    """Whether claims asked about with another confidence, or too late, are counted to the last."""
    rng = np.random.default_rng(seed)
    desk, events, now = asked_desk(rng)
    state = desk.governed.office.state()
    before = recent_bypasses(desk.cursor, state, now)[SIGNAL]
    chosen = rng.choice(events, 2 * (len(events) // 100), replace=False)
    other, late = (list(one) for one in np.split(chosen, 2))
    desk.cursor.execute(
        "UPDATE decisions SET confidence_ppm = confidence_ppm - 1 "
        "WHERE list_contains($of, event_id)",
        {"of": other},
    )
    desk.cursor.execute(
        "UPDATE decisions SET decided_at = $at WHERE list_contains($of, event_id)",
        {"of": late, "at": now + timedelta(minutes=1)},
    )
    after = recent_bypasses(desk.cursor, state, now)[SIGNAL]
    told = (after.n, after.n_other, after.n_late) == (len(other), len(other), len(late))
    return told, before.n + before.n_late > 0


def always_waived(seed: int) -> tuple[bool, bool]:
    """Whether Risks says that findings only ever wait; and of some that somebody acted on."""
    return _waived(seed, acted=False), _waived(seed, acted=True)


def _waived(seed: int, *, acted: bool) -> bool:
    rng = np.random.default_rng(seed)
    desk = Desk()
    made = claims(rng, per_week=40).assign(model_version="m2")
    desk.fill(made.assign(action=rng.choice(["automate", "review"], len(made))))
    governed, office = desk.governed, desk.governed.office
    governed.clock.now = look(AFTER) - timedelta(days=ALWAYS_WAIVED * (WAIVER_DAYS + 1))
    for n in range(ALWAYS_WAIVED):
        rounds(office)
        (one,) = [one for one in outlook(office).findings if one.kind == "new_fingerprint"]
        if acted and n == 1:
            ann = governed.actor("user:desk/ann", "finding.acknowledged")
            acknowledge(office, ann, one.id, note="Evidence is being collected.")
        until = office.now().date() + timedelta(days=WAIVER_DAYS)
        rita = governed.actor(_RISK[n % 2], "finding.waived")
        waive(office, rita, one.id, until=until, reason="Not yet.")
        governed.clock.forward(days=WAIVER_DAYS + 1)
    now = office.now()
    whole = wholeness(desk.cursor, None, now)
    (facts,) = gathered(desk.cursor, office.state(), now, whole)
    return theatre(facts).line.startswith("Findings that change nothing")


def blind_check(seed: int) -> tuple[bool, bool]:
    """Whether a check that stops on a signal is told, while the others look; and one that does not.

    Args:
        seed: chooses which of them stops.
    """
    rng = np.random.default_rng(seed)
    desk = _newest(rng, 2, 40)
    at = int(rng.integers(len(detectors.DETECTORS)))

    def stops(cursor, state, now: datetime):
        if SIGNAL in state.entries:
            raise ZeroDivisionError
        return ()

    broken = list(detectors.DETECTORS)
    broken[at] = replace(broken[at], find=stops)
    state, now = desk.governed.office.state(), look(AFTER)
    null = [one.kind for one in detectors.detected(desk.cursor, state, now)]
    with patch.object(detectors, "DETECTORS", tuple(broken)):
        told = detectors.detected(desk.cursor, state, now)
    blind = [one for one in told if one.kind == "check_failed"]
    said = [(one.signal, one.subject) for one in blind] == [(SIGNAL, "+".join(broken[at].kinds))]
    return said, "check_failed" in null


def unproven_cut(seed: int) -> tuple[bool, bool]:
    """Whether an entry that acts without proof at higher stakes is told, and one of low stakes."""
    del seed
    desk = Desk()
    state = desk.state
    entry = state.entries[SIGNAL]
    found = []
    for stakes in ("high", "low"):
        old = replace(entry, spec=replace(entry.spec, stakes=stakes))
        wrong = conditions(replace(state, entries={SIGNAL: old}), (), desk.governed.clock.now)
        found.append(any(one.kind == "cut_unproven" for one in wrong))
    return found[0], found[1]


def older_cut(seed: int) -> tuple[bool, bool]:
    """Whether a validated version is told whose threshold saw claims of another, or of its own."""
    rng = np.random.default_rng(seed)
    desk = Desk()
    desk.governed.validate(V1)
    state, now = desk.governed.office.state(), desk.governed.clock.now
    entry = state.entries[SIGNAL]
    named = {SIGNAL: replace(entry, spec=replace(entry.spec, cuts_from=("run",)))}
    seen = Seen(SIGNAL, tuple(V1.as_json().items()), 9, now, now)
    other = Fingerprint(model_version=f"m{rng.integers(2, 9)}")
    found = []
    for version in (other, V1):
        cuts = (ProvenCut(None, None, 0, PPM, 400, 1),)
        run = CutRun("run", SIGNAL, 1, now, "p", 1, 50_000, 900_000, cuts, (version,))
        wrong = conditions(replace(state, entries=named, runs={"run": run}), (seen,), now)
        found.append(any(one.kind == "cut_older" for one in wrong))
    return found[0], found[1]

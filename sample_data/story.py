"""The sample's governance: half a year of people answering for its signals, as acts.

Told with a clock that is set to each act's day, against what was known of the sample then: evidence
is measured, criteria are met or missed and the gate answers by the product's own functions. Who
did what stands in sample_data/README.md; the entries are sample_data/registry.yaml.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from core.defaults import WAIVER_DAYS
from core.gate import registry_changes as registry
from core.gate import threshold_runs
from core.gate.choose_threshold import ThresholdQuestion, choose
from core.gate.decision_log import DecisionLog
from core.gate.gate import Decision, Gate
from core.gate.questions import Question
from core.governance.people import people
from core.governance.people.names import directory
from core.governance.perform import Office, utc_now
from core.governance.recorded_import import adopt_unrecorded
from core.governance.signal_terms import terms_of
from core.ledger.connection import Ledger
from core.monitoring import canary
from core.monitoring.finding_responses import waive
from core.monitoring.label_upload import take
from core.monitoring.rounds import outlook, rounds
from core.monitoring.runs import run_if_due
from core.monitoring.weekly_audits import draw_weekly
from core.queries.base.selection import Selection
from core.recalibration.recalibrate import RecalibrationQuestion, Repair, recalibrate
from core.recalibration.recorded import record
from core.registry.yaml_reader import read_path
from core.trail.acts import Actor, Proposal
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from core.validation.tuning_leakage import TuningLeaked
from sample_data.kept_inputs import IDS, ask_kept
from sample_data.pilot import PILOT_LEVEL, PILOTED
from sample_data.planted import (
    AGREEMENT,
    ANSWER,
    ASKED_LATE,
    ASKED_ROUNDED,
    AUDITED_FROM_WEEK,
    BYPASSED,
    CANARY_ENDED_IN_WEEK,
    DRAFT,
    GROUNDING,
    JUDGE,
    LOGPROB,
    MERGE,
    ROUTING,
    SAFETY,
    SELF_REPORT,
    WEEKS,
)

REGISTRY = Path(__file__).with_name("registry.yaml")

PEOPLE = {
    "user:desk/kim.sato": "Kim Sato",
    "user:desk/ann.lee": "Ann Lee",
    "user:desk/bob.ng": "Bob Ng",
    "user:payments/tom.frey": "Tom Frey",
    "user:payments/ines.roy": "Ines Roy",
    "user:safety/maya.cole": "Maya Cole",
    "user:writing/paul.ito": "Paul Ito",
    "user:writing/lena.holm": "Lena Holm",
    "user:knowledge/sara.bell": "Sara Bell",
    "user:knowledge/jon.dahl": "Jon Dahl",
    "user:risk/vera.roth": "Vera Roth",
    "user:risk/idris.bello": "Idris Bello",
    "user:risk/rita.costa": "Rita Costa",
    "user:risk/hugo.lang": "Hugo Lang",
    "user:audit/nora.finn": "Nora Finn",
}
KIM, ANN, BOB, TOM, INES, MAYA, PAUL, LENA, SARA, JON, VERA, IDRIS, RITA, HUGO, NORA = PEOPLE

AGREEMENT_V3 = Fingerprint("assist-2", "triage-v3", None, "agreement-of-10", "behavioural",
                            "isotonic-1")  # fmt: skip
AGREEMENT_V4 = Fingerprint("assist-2", "triage-v4", None, "agreement-of-10", "behavioural",
                           "isotonic-1")  # fmt: skip
SELF_REPORT_V4 = Fingerprint("assist-2", "triage-v4", None, "verbal", "after")
REFUND_5 = Fingerprint("refund-model-5", "refund-v2", None, "token-logprob", "independent")
REFUND_6 = Fingerprint("refund-model-6", "refund-v2", None, "token-logprob", "independent")
GUARD_1 = Fingerprint("guard-1", "safety-v5", None, "verbal", "after")
GUARD_2 = Fingerprint("guard-2", "safety-v5", None, "verbal", "after")
DRAFT_V2 = Fingerprint("writer-4", "draft-v2", None, "verbal", "before")
DRAFT_V3 = Fingerprint("writer-4", "draft-v3", None, "verbal", "before")
ANSWER_V9 = Fingerprint("answer-7", "answer-v9", None, "verbal", "after")
RUBRIC_3 = Fingerprint("judge-3", "rubric-3", None, "judge", "independent")
MERGE_V1 = Fingerprint("assist-2", "merge-v1", None, "verbal", "after")
GROUNDING_V2 = Fingerprint("answer-7", "grounding-v2", None, "agreement-of-8", "behavioural")
ROUTING_V1 = Fingerprint("assist-2", "routing-v1", None, "verbal", "after")

_CHECKED = "I read the curve, the segments and the criteria, and answer for this number."
_CLAIMS_ASKED = 150


class Story:
    """The office with a clock that is set by hand, and its people by their handles."""

    def __init__(self, ledger: Ledger, end: datetime) -> None:
        self._end, self._now, self._week = end, end, 0
        self._answers: list[Decision] = []
        self.office = Office.of(ledger, clock=lambda: self._now)

    def on(self, week: int, day: int, hour: int = 10) -> None:
        """Set the clock to a weekday (0 is Monday) of a week of the sample, 1 is its first.

        On every Monday on the way the program makes its round.
        """
        then = self._monday(week) + timedelta(days=day, hours=hour)
        while self._week < week:
            self._week += 1
            self._on_to(self._monday(self._week) + timedelta(hours=6))
            if self._now < then:
                self._ask_kept()
            if self.office.state().entries and self._now < then:
                self.write_answers()
                rounds(self.office)
        self._on_to(then)

    def _on_to(self, then: datetime) -> None:
        """Move the clock, while the production system asks about what it automates meanwhile."""
        if self._now < then and self.office.state().entries:
            self._ask_meanwhile(then)
        self._now = then

    def keep_inputs(self, handle: str, signal: str) -> None:
        """Inputs are kept, to be asked again every Monday."""
        actor = self.by(handle, canary.KEPT, signal)
        canary.keep(self.office, actor, signal, [(one, None) for one in IDS[signal]])

    def _ask_kept(self) -> None:
        asked = [(LOGPROB, REFUND_6), (ANSWER, ANSWER_V9)]
        if self._week <= CANARY_ENDED_IN_WEEK:
            asked.append((SAFETY, GUARD_2))
        for signal, fingerprint in asked:
            if signal in self.office.state().canaries:
                ask_kept(self.office, signal, fingerprint, self._week, self._now)

    def _monday(self, week: int) -> datetime:
        return self._end - timedelta(weeks=WEEKS + 1 - week)

    def sub(self, handle: str) -> str:
        """The opaque id of a person."""
        return people.known_person(self.office, handle)

    def by(self, handle: str, kind: str, signal: str | None) -> Actor:
        """A person in the role that lets them act."""
        return people.actor_for(self.office.state(), self.sub(handle), kind, signal)

    def begin(self) -> None:
        """The people and the registry; Kim applies the first file and so becomes admin."""
        with self.office.acting() as desk:
            for handle, name in PEOPLE.items():
                people.enter(desk, handle, name)
        self.choose_thresholds()
        registry.apply(self.office, read_path(REGISTRY), KIM)
        grant = self.by(KIM, "role.granted", None)
        body = {"sub": self.sub(NORA), "role": "auditor"}
        self.office.perform(Proposal("role.granted", grant, body=body))

    def choose_thresholds(self) -> None:
        """On the pilot, by the owners; the entries name these runs."""
        cursor = self.office.ledger.cursor()
        owners = {one.name: one.owner for one in read_path(REGISTRY).specs}
        for signal, piloted in PILOTED.items():
            asked = ThresholdQuestion(Selection(signal), piloted.risk, PILOT_LEVEL, every_look=True)
            found = choose(cursor, asked, self.office.now())
            threshold_runs.record(self.office, found, owners[signal])

    def submit(self, handle: str, signal: str, fingerprint: Fingerprint) -> None:
        """Evidence is frozen and submitted."""
        actor = self.by(handle, "validation.submitted", signal)
        # Whose threshold was chosen on the pilot has a tuning split to show it; the claims of
        # answer-grounding name no input to compare with.
        untuned = signal not in PILOTED or signal == GROUNDING
        signing.submit(self.office, actor, signal, fingerprint, untuned=untuned)

    def sign(self, handle: str, signal: str, fingerprint: Fingerprint) -> None:
        """A validator signs it."""
        actor = self.by(handle, "validation.signed", signal)
        signing.sign(self.office, actor, signal, fingerprint, meaning=_CHECKED)

    def reject(self, handle: str, signal: str, fingerprint: Fingerprint, reason: str) -> None:
        """A validator does not."""
        actor = self.by(handle, "validation.rejected", signal)
        signing.reject(self.office, actor, signal, fingerprint, reason=reason)

    def try_maps(self, signal: str, by: Sequence[str | None]) -> None:
        """Calibration maps are judged on the heldout claims, and none is certified."""
        for one in by:
            found = self._map(RecalibrationQuestion(Selection(signal), one, without_overlap=True))
            assert not found.certificate.given

    def repair(self, signal: str, version: Fingerprint) -> None:
        """A calibration map of a version is certified on its heldout claims."""
        of = tuple((name, (value,)) for name, value in version.as_json().items())
        found = self._map(RecalibrationQuestion(Selection(signal, where=of)))
        assert found.certificate.given

    def _map(self, question: RecalibrationQuestion) -> Repair:
        with self.office.ledger.cursor() as cursor:
            terms = terms_of(self.office.state(), question.selection.signal)
            found = recalibrate(cursor, question, terms, self.office.now())
        record(self.office, found)
        return found

    def answer_audit(self, signal: str, at: datetime) -> None:
        """What was drawn of a signal before then was labelled then, right as often as stated."""
        with self.office.ledger.cursor() as cursor:
            rows = cursor.execute(
                """
                SELECT event_id, confidence_raw
                FROM audit_claims JOIN claims USING (signal, event_id)
                WHERE signal = $signal AND outcome IS NULL AND ts < $at ORDER BY event_id
                """,
                {"signal": signal, "at": at - timedelta(weeks=1)},
            ).fetchall()
        lines = ["event_id,outcome,outcome_ts"]
        for event_id, stated in rows:
            is_right = random.Random(event_id).random() < stated
            lines.append(f"{event_id},{int(is_right)},{at:%Y-%m-%dT%H:%M:%SZ}")
        take(self.office, signal, "\n".join(lines).encode(), "judge-audit.csv")

    def wait(self, handle: str, signal: str, kind: str, reason: str) -> None:
        """A risk approver lets a finding wait for as long as they may."""
        until = self.office.now().date() + timedelta(days=WAIVER_DAYS)
        actor = self.by(handle, "finding.waived", signal)
        (one,) = (
            one for one in outlook(self.office).findings if (one.signal, one.kind) == (signal, kind)
        )
        waive(self.office, actor, one.id, until=until, reason=reason)

    def ask_the_gate(self, signal: str, since: datetime) -> None:
        """The production system asks about the newest claims, each at its time."""
        self.write_answers()
        self._ask(
            """
            signal = $signal AND ts >= $since AND (signal, event_id) NOT IN (
                SELECT (signal, event_id) FROM decisions WHERE event_id IS NOT NULL)
            """,
            most=_CLAIMS_ASKED, signal=signal, since=since,
        )  # fmt: skip

    def _ask_meanwhile(self, then: datetime) -> None:
        """It asks about whatever it automates until then, but for one week's refunds.

        On one day it forgot to, on the next it asked about the confidence as it shows it, and the
        day after that it asks too late.
        """
        signals = list(self.office.state().entries)
        forgot, rounded, late = map(self._day, (BYPASSED, ASKED_ROUNDED, ASKED_LATE))
        self._ask(
            """
            ts >= $since AND ts < $until AND action = 'automate'
            AND list_contains($signals, signal)
            AND NOT (signal = $refunds AND list_contains($not_now, CAST(ts AS DATE)))
            """,
            most=None, rounded=(LOGPROB, rounded), since=self._now, until=then, signals=signals,
            refunds=LOGPROB, not_now=[forgot, late],
        )  # fmt: skip

    def ask_late(self) -> None:
        """It asks about refunds when they have been paid and logged."""
        self._ask(
            "signal = $refunds AND action = 'automate' AND CAST(ts AS DATE) = $day",
            most=None, at=self._now + timedelta(seconds=1), refunds=LOGPROB,
            day=self._day(ASKED_LATE),
        )  # fmt: skip

    def _day(self, on: tuple[int, int]) -> date:
        return (self._monday(on[0]) + timedelta(days=on[1])).date()

    def _ask(
        self,
        which: str,
        *,
        most: int | None,
        at: datetime | None = None,
        rounded: tuple[str, date] | None = None,
        **given: object,
    ) -> None:
        """Ask about some claims, each at its time.

        Args:
            at: ask about all of them then.
            rounded: of which signal and day the confidence is asked about with one decimal.
        """
        with self.office.ledger.cursor() as cursor:
            rows = cursor.execute(
                f"""
                SELECT ts, signal, event_id, confidence_raw, model_version, prompt_version,
                       params_version, elicitation, elicitation_order, calibrator_version
                FROM claims WHERE split = 'production' AND {which}
                ORDER BY ts, signal, event_id LIMIT {most or 10**9}
                """,
                given,
            ).fetchall()
        gate, then = Gate(self.office), self._now
        for ts, signal, event_id, confidence, *versions in rows:
            self._now = at or ts
            shown = round(confidence, 1) if (signal, ts.date()) == rounded else confidence
            asked = Question(signal, event_id, shown, Fingerprint(*versions), {})
            self._answers.append(gate.decide(asked))
        self._now = then

    def write_answers(self) -> None:
        """They are on disk before a round seals them."""
        DecisionLog(self.office).write(self._answers)
        self._answers.clear()


def tell(ledger: Ledger, end: datetime, *, now: datetime | None = None) -> None:
    """Write the sample's governance into a ledger that holds the sample's events.

    Args:
        ledger: with the sample imported.
        end: the Monday after the sample's last day.
        now: when the checks are run and the imports are recorded; None: now.
    """
    story = Story(ledger, end)
    story.on(2, 1)
    story.begin()

    story.on(6, 2)
    story.submit(MAYA, SAFETY, GUARD_1)
    story.on(6, 3)
    story.sign(VERA, SAFETY, GUARD_1)
    story.on(7, 0)
    story.submit(TOM, LOGPROB, REFUND_5)
    story.on(7, 1)
    story.sign(IDRIS, LOGPROB, REFUND_5)
    story.on(10, 1)
    story.submit(ANN, AGREEMENT, AGREEMENT_V3)
    story.on(10, 2)
    story.sign(VERA, AGREEMENT, AGREEMENT_V3)
    _late_summer(story)
    _autumn(story)
    _to_now(story, now or utc_now())


def _late_summer(story: Story) -> None:
    """Model and prompt changes: the refunds keep up, replies and drafts do not."""
    story.on(12, 0)
    story.wait(RITA, MERGE, "new_fingerprint", "Nothing is merged by it yet.")
    story.on(13, 4)
    story.submit(PAUL, DRAFT, DRAFT_V2)
    story.on(14, 0)
    story.sign(IDRIS, DRAFT, DRAFT_V2)
    story.on(15, 0)
    story.submit(INES, LOGPROB, REFUND_6)
    story.on(15, 2)
    story.sign(VERA, LOGPROB, REFUND_6)
    story.keep_inputs(INES, LOGPROB)
    story.keep_inputs(SARA, ANSWER)
    story.keep_inputs(MAYA, SAFETY)
    story.on(16, 0)
    story.submit(SARA, GROUNDING, GROUNDING_V2)
    story.on(16, 1)
    story.sign(IDRIS, GROUNDING, GROUNDING_V2)
    story.on(17, 0)
    signing.stop(
        story.office, story.by(MAYA, "validation.suspended", SAFETY), SAFETY, GUARD_1,
        reason="guard-2 answers everything now; nobody looks at what guard-1 might still say.",
    )  # fmt: skip
    story.wait(RITA, MERGE, "new_fingerprint", "Still nothing is merged by it.")
    story.on(17, 3)
    story.submit(ANN, SELF_REPORT, SELF_REPORT_V4)
    story.on(17, 4)
    story.reject(
        VERA, SELF_REPORT, SELF_REPORT_V4,
        "Fine as a whole, but medical tickets are wrong far more often than they say.",
    )  # fmt: skip


def _autumn(story: Story) -> None:
    """An owner leaves, a metric is gamed, a validation lapses and is waived."""
    story.on(20, 1)
    status = {"sub": story.sub(MAYA), "status": "left", "until": None}
    kim = story.by(KIM, "person.status", None)
    story.office.perform(Proposal("person.status", kim, body=status))
    story.on(21, 1)
    story.submit(ANN, AGREEMENT, AGREEMENT_V4)
    story.on(21, 2)
    story.sign(VERA, AGREEMENT, AGREEMENT_V4)
    signing.request_retirement(
        story.office, story.by(ANN, "retirement.requested", AGREEMENT), AGREEMENT, AGREEMENT_V3,
        reason="triage-v4 replaced it in July.",
    )  # fmt: skip
    vera = story.by(VERA, "retirement.approved", AGREEMENT)
    signing.approve_retirement(story.office, vera, AGREEMENT, AGREEMENT_V3)
    story.on(AUDITED_FROM_WEEK, 0)
    draw_weekly(story.office)
    story.wait(HUGO, MERGE, "new_fingerprint", "As in August.")
    story.submit(PAUL, DRAFT, DRAFT_V3)
    story.on(22, 3)
    story.reject(
        IDRIS, DRAFT, DRAFT_V3,
        "The new prompt answers better and claims far more than that: +11 points.",
    )  # fmt: skip
    story.on(23, 1)
    story.submit(BOB, ROUTING, ROUTING_V1)
    story.on(23, 2)
    story.reject(
        IDRIS, ROUTING, ROUTING_V1,
        "No gap, but only because errors cancel: 14 points too unsure below, too sure above.",
    )  # fmt: skip
    story.on(24, 1)
    story.submit(JON, JUDGE, RUBRIC_3)
    story.on(24, 2)
    story.reject(
        VERA, JUDGE, RUBRIC_3,
        "ECE fell because every confidence is 71–75% now; it no longer tells good from bad.",
    )  # fmt: skip
    story.on(24, 3)
    story.try_maps(ANSWER, (None, "language"))
    story.on(25, 1)
    story.repair(DRAFT, DRAFT_V3)
    story.on(25, 2)
    waiver = story.by(JON, "waiver.requested", GROUNDING)
    until = story.office.now() + timedelta(days=21)
    signing.request_waiver(
        story.office, waiver, GROUNDING, GROUNDING_V2,
        reason="The monthly audit sample is being labelled; evidence follows.", until=until,
    )  # fmt: skip
    story.on(25, 3)
    rita = story.by(RITA, "waiver.approved", GROUNDING)
    signing.approve_waiver(story.office, rita, GROUNDING, GROUNDING_V2)
    _last_week(story)


def _last_week(story: Story) -> None:
    story.on(26, 0)
    story.write_answers()
    rounds(story.office, thorough=True)
    away = {"sub": story.sub(TOM), "status": "away", "until": None}
    kim = story.by(KIM, "person.status", None)
    story.office.perform(Proposal("person.status", kim, body=away))
    story.on(26, 2)
    try:
        story.submit(SARA, ANSWER, ANSWER_V9)
    except TuningLeaked:
        pass
    else:
        raise AssertionError("evidence that was tuned on has to be refused")
    story.submit(BOB, MERGE, MERGE_V1)
    story.on(26, 5)
    since = story.office.now()
    for signal in (AGREEMENT, LOGPROB, SAFETY, GROUNDING):
        story.on(26, 5)
        story.ask_the_gate(signal, since)


def _to_now(story: Story, now: datetime) -> None:
    story.on(WEEKS + 1, 0, 0)
    story.write_answers()
    story._now = max(now, story.office.state().last_at)
    adopt_unrecorded(story.office)
    story.ask_late()
    story.write_answers()
    story.answer_audit(JUDGE, story._monday(AUDITED_FROM_WEEK + 1) + timedelta(hours=15))
    run_if_due(story.office)


def names_in(ledger: Ledger) -> dict[str, str]:
    """Everybody of the story by handle, with their opaque id in this ledger."""
    with ledger.cursor() as cursor:
        found = directory(cursor)
    return {one.handle: one.sub for one in found.names.values() if one.handle}

"""The pages' only way to data, and what keeps it: keyed by the file's own data version."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path

import pandas as pd

from core.audit.export import export as export_trail
from core.audit.last_full import last_full
from core.findings.kinds import Condition
from core.findings.set_aside import set_aside_conditions
from core.gate.bypass import whole_days
from core.gate.choose_threshold import ThresholdQuestion as ThresholdQuestion
from core.gate.decision_log import KIND as ANSWERS
from core.gate.decision_log import logged as decisions_logged
from core.gate.registry_changes import ChangePlan
from core.gate.registry_changes import plan as plan_of
from core.governance.replay import TrailBroken
from core.governance.signal_terms import all_terms, terms_of
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.notices.held import held
from core.queries.base.catalogue import DimensionFacts
from core.queries.base.kept.at_hand import counted_elsewhere
from core.queries.base.kept.loaded import LoadedFrom, loads
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.queries.base.selection import CLAIM_DIMENSIONS, Selection
from core.queries.claims.claim_list import Order, Search
from core.queries.sums.rule_outcomes import Order as BreachOrder
from core.queries.sums.tuning_sample import shared_inputs as shared_inputs_of
from core.queries.sums.tuning_sample import tuned_signals as tuned_signals_of
from core.queries.sums.validation_sample import Shared
from core.registry.yaml_reader import read as read_registry
from core.sentences.acts import Names
from core.standing.verdict import StandingVerdict, Verdicts, of_signal, standing_verdicts
from core.terms import Terms
from core.trail import log as trail
from core.trail.act_search import ActSearch
from core.trail.checkpoints.time_stamps import beside as stamps_beside
from core.trail.fingerprint import Fingerprint
from core.validation import steps
from core.validation.evidence_bundle import Bundle
from core.validation.steps import Unmeasurable
from core.views.audit import claim as claim_review
from core.views.audit import claims as claims_review
from core.views.audit import data as intake_review
from core.views.audit import decision_trail as trail_review
from core.views.audit import exporters as exporters_review
from core.views.audit import trail_entry as act_review
from core.views.audit import trail_integrity as wholeness_review
from core.views.govern import answered as answered_review
from core.views.govern import breaches as breaches_review
from core.views.govern import bypass as bypass_review
from core.views.govern import escalation as escalation_review
from core.views.govern import findings as findings_review
from core.views.govern import handoffs as handoffs_review
from core.views.govern import notices as notices_review
from core.views.govern import registry as registry_review
from core.views.govern import sign_off as signoff_review
from core.views.govern import sign_off_queue as signoff_list_review
from core.views.govern import signal_entry as entry_review
from core.views.govern import thresholds as thresholds_review
from core.views.govern import watch as watching_review
from core.views.review import canary as canary_review
from core.views.review import changes as change_review
from core.views.review import drift as drift_review
from core.views.review import elicitation as elicitation_review
from core.views.review import gaming as gaming_review
from core.views.review import reliability as reliability_review
from core.views.review import segments as segments_review
from core.views.review import signal as signal_review
from core.views.review import theatre as theatre_review
from core.views.review import window_comparison as shift_review
from core.views.review.label_plan import plan as labelplan_review
from core.views.review.labelling import label_disputes as disputes_review
from core.views.review.labelling import labels as labels_review
from core.views.review.labelling import weekly_audit as weekly_audit_review
from core.views.review.week import this_week as week_review
from core.views.risks import matrix as risks_review
from core.views.shared import validation_badge as standing_review
from core.views.shared.maturity import Window
from core.views.shared.overview import Overview, signal_dimensions
from core.views.shared.overview import overview as overview_of
from dashboard.cache.kept import kept
from dashboard.server import notices as notify
from dashboard.server import verifying
from dashboard.server.open_ledger import (
    cursor,
    folder,
    ledger,
    office,
    otlp_left_out,
    otlp_names,
    path,
    version,
)

#: A dimension with more values is not offered for rules of each.
MOST_SEGMENTS = 20


# What answers rest on; each is given the question, and few look at it.


def _data(*_: object, **__: object) -> tuple[object, ...]:
    """The ledger and its data: what was imported, and what was loaded."""
    return path(), version(), _newest_load(path(), trail_size())


@lru_cache(maxsize=8)
def _newest_load(_path: str, _size: int) -> int:
    """The newest act that loaded cells, of a trail of some size; 0 without any."""
    return max((act.seq for act in loads(cursor())), default=0)


def _trail(*_: object, **__: object) -> tuple[object, ...]:
    """The data, and the trail as it is written, whatever the clock says."""
    return *_data(), trail_size()


def _verified(*_: object, **__: object) -> tuple[object, ...]:
    """Data and trail, and when all of it was verified last."""
    last = last_full(path())
    return *_trail(), None if last is None else (last.at, last.root, last.n_problems)


def _verified_day(*_: object, **__: object) -> tuple[object, ...]:
    """The same, and ages in days."""
    return *_verified(), datetime.now(UTC).date()


def _minute(*_: object, **__: object) -> tuple[object, ...]:
    """Data and trail, and what ends with time."""
    return *_trail(), int(datetime.now(UTC).timestamp() // 60)


def _day(*_: object, **__: object) -> tuple[object, ...]:
    """Data and trail, and ages in days."""
    return *_trail(), datetime.now(UTC).date()


def _decisions(*_: object, **__: object) -> tuple[object, ...]:
    """Data and trail, what ends with time, and the gate's answers."""
    return *_minute(), _answers()


def _answers() -> int:
    """How many answers the gate has logged, those that came in just now among them.

    A page shows what is there sooner than it waits for whoever writes to the ledger.
    """
    folder().ask([ANSWERS], within=1.0)
    return decisions_logged(cursor())


def _terms(asked: Selection | Search, *_: object, **__: object) -> tuple[object, ...]:
    """The data, and what the signal that is asked about is measured by."""
    selection = asked.selection if isinstance(asked, Search) else asked
    return *_data(), terms(selection.signal)


def state() -> State | None:
    """What the trail says; None where it is broken."""
    try:
        return office().state()
    except TrailBroken:
        return None


def terms(signal: str) -> Terms:
    """What a signal's registry entry says it is measured by."""
    return terms_of(state(), signal)


@kept(_minute, most=4, spinner="Reading the watch…")
def watching() -> watching_review.WatchView | None:
    """The standing watch; None where the trail is broken."""
    try:
        known, now = office().state(), office().now()
    except TrailBroken:
        return None
    return watching_review.watch_view(
        cursor(), known, now, data_version=version(), verdicts=verdicts()
    )


@kept(_minute, most=4)
def answered() -> answered_review.AnsweredView:
    """What became of each kind of finding."""
    return answered_review.answered_view(cursor(), office().state(), office().now())


def notices(signals: tuple[str, ...]) -> notices_review.NoticesView:
    """The channels and the last messages; never kept, for they change by themselves."""
    configured = notify.of_environment()
    return notices_review.notices_view(
        cursor(),
        configured.settings,
        troubles=configured.troubles,
        signals=signals,
        held=held(ledger().path),
    )


@kept(_minute, most=4)
def findings() -> findings_review.FindingsView:
    """What is wrong now."""
    try:
        known, now = office().state(), office().now()
    except TrailBroken as broken:
        return findings_review.broken_view(broken, office().clock())
    return findings_review.findings_view(cursor(), known, now)


@kept(_minute, most=4, spinner="Reading the registry…")
def registry() -> registry_review.RegistryView:
    """Every signal that has claims or an entry."""
    return registry_review.registry_view(cursor(), office().state(), office().now())


@kept(_minute, spinner="Reading the registry…")
def signal_entry(signal: str) -> entry_review.SignalView:
    """One signal's registry entry and what came of it."""
    return entry_review.signal_view(cursor(), office().state(), registry(), signal, office().now())


@kept(_decisions, spinner="Holding the claims against the rules…")
def escalation(
    signal: str, first: date, last: date, *, as_if: bool
) -> escalation_review.EscalationView:
    """One signal's rules in practice."""
    return escalation_review.escalation_view(
        cursor(), office().state(), signal, first, last, as_if=as_if
    )


@kept(_minute, spinner="Counting where cases went…")
def handoffs(signal: str, first: date, last: date) -> handoffs_review.HandOffsView:
    """Where a signal's cases went to people, and how they decided."""
    now = office().now()
    return handoffs_review.handoffs_view(cursor(), state(), signal, first, last, now=now)


@kept(_decisions, spinner="Fetching the breaches…")
def breaches(
    signal: str,
    first: date,
    last: date,
    kinds: tuple[str, ...],
    order: BreachOrder,
    leaf: int,
) -> breaches_review.BreachesPage:
    """One leaf of a signal's breaches."""
    return breaches_review.breaches_view(
        cursor(), signal, first, last, kinds=kinds, order=order, leaf=leaf
    )


def all_breaches(
    signal: str, first: date, last: date, kinds: tuple[str, ...], order: BreachOrder
) -> pd.DataFrame:
    """A signal's breaches for a file; too large to be kept."""
    return breaches_review.breaches_view(
        cursor(),
        signal,
        first,
        last,
        kinds=kinds,
        order=order,
        leaf_size=breaches_review.DOWNLOAD_SIZE,
    ).frame


@kept(_decisions, spinner="Looking for what never asked the gate…")
def unasked(signal: str, first: date, last: date) -> bypass_review.BypassView:
    """What one signal did without asking the gate, on those days that are whole."""
    whole = (whole_days(office().now()) - timedelta(days=1)).date()
    return bypass_review.bypass_view(cursor(), signal, first, min(last, whole))


@kept(_decisions, spinner="Fetching the claims…")
def unasked_claims(signal: str, first: date, last: date) -> pd.DataFrame:
    """The newest of these claims."""
    return bypass_review.unasked_list(cursor(), [signal], first, last, most=bypass_review.LISTED)


def all_unasked_claims(signal: str, first: date, last: date) -> pd.DataFrame:
    """These claims for a file; too large to be kept."""
    return bypass_review.unasked_list(cursor(), [signal], first, last)


@kept(_minute, most=8, spinner="Running both rules over the last claims…")
def plan(text: str) -> ChangePlan:
    """What a registry file would change, and what that would have done.

    Raises:
        RegistryFileError: it is refused.
    """
    return plan_of(cursor(), office().state(), read_registry(text), office().now())


@kept(_day, spinner="Testing every threshold…")
def threshold(question: ThresholdQuestion) -> thresholds_review.ThresholdView:
    """A threshold with a guarantee, judged on held-out claims.

    Raises:
        LedgerError: there is nothing to choose it on, or to judge it on.
    """
    return thresholds_review.threshold_view(cursor(), state(), question, office().clock())


@kept(_data, most=4)
def tuned_signals() -> tuple[str, ...]:
    """The signals that have a tuning split."""
    return tuned_signals_of(cursor())


@kept(_data, most=4)
def signals_tuned_by_input() -> tuple[str, ...]:
    """Those whose tuning split names its inputs, so that overlap with it can be checked."""
    return tuned_signals_of(cursor(), by_input=True)


def shared_inputs(selection: Selection, n: int) -> tuple[Shared, ...]:
    """Heldout claims on inputs that were tuned on, for a file; not kept."""
    return shared_inputs_of(cursor(), selection, "heldout", limit=n)[0]


def segment_names(signal: str) -> tuple[str, ...]:
    """The segment dimensions of a signal with a few values, each of which could get rules."""
    return tuple(
        one.name
        for one in dimensions(signal)
        if one.name not in CLAIM_DIMENSIONS and 1 < one.n_values <= MOST_SEGMENTS
    )


@kept(_minute)
def badge(selection: Selection) -> standing_review.Badge:
    """Whether the selected claims may be acted on."""
    return standing_review.selected_standing(cursor(), state(), selection, office().clock())


@kept(_minute)
def written(monday: date) -> dict[str, standing_review.Written]:
    """What the written side says of each signal whose week is reviewed."""
    return standing_review.week_written(cursor(), state(), monday, office().clock())


@kept(_data, most=4)
def overview() -> Overview:
    """What is in the ledger: signals, their dimensions, the newest import."""
    return overview_of(cursor())


@kept(_data)
def dimensions(signal: str) -> tuple[DimensionFacts, ...]:
    """What a signal can be split by and filtered on."""
    return signal_dimensions(cursor(), signal)


@kept(_terms, spinner="Measuring…")
def reliability(
    selection: Selection, compare: tuple[str, str | None, str | None] | None
) -> reliability_review.ReliabilityView:
    """The Reliability page's numbers."""
    return reliability_review.reliability_view(
        cursor(), selection, compare=compare, terms=terms(selection.signal)
    )


@kept(_terms, spinner="Comparing how it was asked…")
def elicitation(selection: Selection) -> elicitation_review.ElicitationView:
    """How the confidence was asked for."""
    tolerance = terms(selection.signal).tolerance
    return elicitation_review.elicitation_view(cursor(), selection, tolerance=tolerance)


@kept(_day, spinner="Holding versions against those before…")
def gaming(signal: str) -> gaming_review.GamingView:
    """Whether a metric of a signal is being gamed."""
    return gaming_review.gaming_view(cursor(), state(), signal, office().clock())


@kept(_trail)
def canaries(signal: str) -> tuple[canary_review.CanaryHistory, ...]:
    """What kept inputs of a signal say, asked again; none where the trail is broken."""
    known = state()
    return () if known is None else canary_review.canary_histories(cursor(), known, signal)


@kept(_day, spinner="Weighing what it changes…")
def theatre(signal: str, last: date) -> theatre_review.TheatreView:
    """What a signal's confidence changed in the 13 weeks up to a day, that day included."""
    selection = Selection(signal, until=datetime.combine(last + timedelta(days=1), time()))
    return theatre_review.theatre_view(cursor(), state(), selection, office().clock())


@kept(_terms, spinner="Measuring every segment…")
def segments(
    selection: Selection, row: str, column: str, listed: tuple[str, ...], every_pair: bool
) -> segments_review.SegmentsView:
    """The Segments page's numbers."""
    return segments_review.segments_view(
        cursor(),
        selection,
        row=row,
        column=column,
        segment_dimensions=listed,
        every_pair=every_pair,
        terms=terms(selection.signal),
    )


@kept(lambda *_, **__: (*_data(), all_terms(state())), spinner="Counting…")
def intake(signal: str | None) -> intake_review.IntakeView:
    """The Data page's numbers."""
    return intake_review.intake_view(cursor(), signal, terms=dict(all_terms(state())))


@kept(_data, spinner="Fetching claims…")
def claims(selection: Selection) -> claims_review.ClaimsView:
    """The claims behind a count."""
    return claims_review.claims_view(cursor(), selection)


@kept(_data)
def loaded_from(signal: str) -> LoadedFrom | None:
    """Where a signal's cells came from; None where they are counted from claims here."""
    return counted_elsewhere(cursor(), signal)


def set_aside() -> tuple[Condition, ...]:
    """What programs logged and could not be taken in: read from the disk each time."""
    return set_aside_conditions(cursor())


def exporters() -> exporters_review.ExportersView | None:
    """What OpenTelemetry exporters sent and was not taken, since the server started."""
    file, problem = otlp_names(), None
    try:
        file.now()
    except LedgerError as error:
        problem = str(error)
    told = otlp_left_out().told()
    return exporters_review.exporters_view(told, folder().without_model, file.path, problem)


def fold_failure() -> str | None:
    """Why what came in is not in the ledger yet; None: it is, or will be within a minute."""
    return folder().failure


@kept(_data, most=2)
def quarantined() -> pd.DataFrame:
    """The refused rows that are still open."""
    return intake_review.quarantined_rows(cursor())


@kept(_terms, spinner="Measuring every period…")
def drift(selection: Selection, period: drift_review.Period) -> drift_review.DriftView:
    """The Drift page's timeline."""
    return drift_review.drift_view(
        cursor(), selection, period=period, terms=terms(selection.signal)
    )


@kept(_data, spinner="Comparing the two windows…")
def shift(
    selection: Selection,
    before: Window,
    after: Window,
    dimensions: tuple[str, ...],
    by: str | None,
) -> shift_review.ShiftView:
    """Two windows of a signal compared."""
    return shift_review.shift_view(cursor(), selection, before, after, dimensions=dimensions, by=by)


@kept(_data)
def offered_changes(selection: Selection) -> tuple[change_review.Offered, ...]:
    """Changes of version that can be reviewed, the newest first."""
    return change_review.offered(cursor(), selection)


@kept(_day, spinner="Comparing before and after…")
def change(
    before: Selection, after: Selection, paired: bool | None
) -> change_review.ChangeReview | str:
    """Two sets of claims compared; why not, in a sentence, where they cannot be."""
    try:
        return change_review.compare(
            cursor(),
            before,
            after,
            paired=paired,
            state=state(),
            terms=(terms(before.signal), terms(after.signal)),
        )
    except change_review.NothingToCompare as nothing:
        return str(nothing)


@kept(_terms, spinner="Counting claims…")
def found(search: Search, total: int) -> claims_review.FoundClaims:
    """How many claims a search finds."""
    high_from = terms(search.selection.signal).high_from
    return claims_review.found(cursor(), search, total, high_from=high_from)


@kept(_data, spinner="Fetching claims…")
def leaf(search: Search, order: Order, number: int) -> pd.DataFrame:
    """One leaf of the claims that a search finds."""
    return claims_review.leaf(cursor(), search, order, number)


def download(search: Search, order: Order) -> pd.DataFrame:
    """The claims that a search finds, for a file; too large to be kept."""
    return claims_review.download(cursor(), search, order)


@kept(lambda *_, **__: (*_trail(), _answers()), spinner="Opening the claim…")
def claim(signal: str, event_id: str, as_known: datetime | None) -> claim_review.ClaimView | None:
    """One claim end to end."""
    return claim_review.claim_view(cursor(), signal, event_id, as_known)


def signals_of_event(event_id: str) -> tuple[str, ...]:
    """The signals that have a claim of an event."""
    return claim_review.signals_of_event(cursor(), event_id)


@kept(lambda: (*_data(), datetime.now(UTC).date()), most=4)
def mondays() -> tuple[date, ...]:
    """Mondays of the weeks there is a review of, newest first."""
    return week_review.reviewable_weeks(cursor())


@kept(_day, spinner="Reviewing the week…")
def week(monday: date) -> week_review.WeekView:
    """The weekly review."""
    view = week_review.week_view(
        cursor(), state(), monday=monday, now=office().clock(), verdicts=verdicts()
    )
    assert view is not None, "a ledger with weeks has a review"
    return view


@kept(_day, spinner="Looking at the signal…")
def one_signal(signal: str) -> signal_review.OneSignal | None:
    """A signal's page; None where it never stated a confidence."""
    return signal_review.one_signal(
        cursor(), state(), signal, office().clock(), verdicts=verdicts()
    )


@kept(_day, most=4)
def standing() -> dict[str, StandingVerdict]:
    """The standing verdict of every signal that stated a confidence."""
    return {signal: of_signal(versions) for signal, versions in verdicts().items()}


@kept(_day, most=4)
def verdicts() -> Verdicts:
    """The same of each version in use: what every page that judges now begins with."""
    return standing_verdicts(cursor(), state(), office().clock(), causes=True)


@kept(_minute)
def signal_written(signal: str) -> standing_review.Written:
    """What the written side says of one signal and its versions in use."""
    return standing_review.signal_written(cursor(), state(), signal, office().clock())


@kept(_terms, spinner="Weighing the labels…")
def labels(selection: Selection) -> labels_review.LabelsView:
    """How honest a signal's labels are."""
    return labels_review.labels_view(cursor(), selection, terms=terms(selection.signal))


@kept(_trail, spinner="Planning labels…")
def label_plan(selection: Selection, by: str | None) -> labelplan_review.LabelPlan:
    """Which labels would decide what cannot be told, and what the samples say."""
    return labelplan_review.label_plan(cursor(), selection, by, terms=terms(selection.signal))


@kept(_trail)
def label_disputes(signal: str) -> disputes_review.DisputesView:
    """The claims of a signal whose labels contradict each other."""
    return disputes_review.disputes_view(cursor(), signal)


def to_label(signal: str) -> pd.DataFrame:
    """The drawn claims that nobody has labelled, for a file; not kept."""
    return labelplan_review.to_label_rows(cursor(), signal)


def weekly_audit(state: State, signal: str) -> weekly_audit_review.WeeklyAudit | None:
    """What is drawn of a signal every week, and what waits; not kept."""
    return weekly_audit_review.weekly_audit(cursor(), state, signal, office().now())


def trail_size() -> int:
    """How many entries the trail has."""
    with cursor() as one:
        return trail.size(one)


@kept(_trail, spinner="Reading the trail…")
def acts(asked: ActSearch, number: int) -> trail_review.TrailView:
    """One leaf of the acts that a search finds."""
    return trail_review.trail_view(cursor(), asked, number)


@kept(_trail, most=4)
def act_choices() -> trail_review.Choices:
    """What the list of acts can be narrowed to."""
    return trail_review.choices(cursor())


@kept(_trail, spinner="Opening the act…")
def act(seq: int) -> act_review.ActView | None:
    """One act end to end."""
    return act_review.act_view(cursor(), seq)


@kept(_verified, most=4, spinner="Verifying every entry and checkpoint, and new seals…")
def wholeness() -> wholeness_review.Wholeness:
    """Whether the trail is whole, as of the last time that anything in it was new."""
    clock, last = office().clock(), last_full(path())
    return wholeness_review.wholeness(cursor(), Path(path()), clock, last)


def verify_now(*, in_background: bool) -> None:
    """Verify all of it: in the background, or where a visit does so, by looking again."""
    if in_background:
        verifying.start()
    else:
        forget_verified()


def forget_verified() -> None:
    """Forget the last look at the trail, and what was read of it."""
    wholeness.clear()
    acts.clear()
    act.clear()
    act_choices.clear()


def trail_export(*, names: bool = False) -> bytes:
    """The whole trail and the evidence it cites as one file; too large to be kept.

    Args:
        names: with the directory of people.

    Raises:
        TrailError: there is nothing to export.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trail.jsonl"
        path = office().ledger.path
        stamps = () if path is None else stamps_beside(path)
        export_trail(cursor(), file, names=names, stamps=stamps)
        return file.read_bytes()


@kept(_minute, most=16)
def signoffs(signal: str | None) -> signoff_list_review.SignoffList:
    """What waits for a signature, over all signals or of one."""
    known, now = office().state(), office().now()
    with cursor() as one:
        seen, names = fingerprints_seen(one), Names.read(one)
    return signoff_list_review.signoff_list(known, seen, names, now, signal)


@kept(_minute, spinner="Opening the evidence…")
def signoff(
    signal: str, fingerprint: Fingerprint, measured: Bundle | None
) -> signoff_review.SignoffView:
    """One fingerprint's evidence and signatures.

    Args:
        measured: what was measured in this session and not submitted.
    """
    known, now = office().state(), office().now()
    with cursor() as one:
        return signoff_review.signoff_view(
            one, known, Names.read(one), signal, fingerprint, now, measured=measured
        )


@kept(_minute)
def unfit(signal: str, fingerprint: Fingerprint) -> Unmeasurable | None:
    """What measuring a fingerprint's claims would be refused for; None: nothing."""
    return steps.unfit(office(), signal, fingerprint)


@kept(_verified_day, most=4, spinner="Checking every signal for twelve failures…")
def risks() -> risks_review.RisksView:
    """The twelve failures of every signal, as of today."""
    known, whole = state(), wholeness()
    now = office().clock() if known is None else max(office().clock(), known.last_at)
    with cursor() as one:
        return risks_review.risks_view(
            one, known, now, whole, data_version=version(), verdicts=verdicts()
        )

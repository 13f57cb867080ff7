"""The pages' only way to data, and the only caching: keyed by the file's own data version."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from core.audit.export import export as export_trail
from core.gate.choose_threshold import Question as ThresholdQuestion
from core.gate.decision_log import logged as decisions_logged
from core.gate.registry_changes import Plan
from core.gate.registry_changes import plan as plan_of
from core.governance.replay import TrailBroken
from core.governance.signal_terms import all_terms, terms_of
from core.governance.state import State
from core.queries.base.catalogue import DimensionFacts
from core.queries.base.fingerprints_seen import fingerprints_seen
from core.queries.base.selection import CLAIM_DIMENSIONS, Selection
from core.queries.claims.claim_list import Order, Search
from core.queries.sums.rule_outcomes import Order as BreachOrder
from core.queries.sums.tuning_sample import shared_inputs as shared_inputs_of
from core.queries.sums.tuning_sample import tuned_signals as tuned_signals_of
from core.queries.sums.validation_sample import Shared
from core.registry.yaml_reader import read as read_registry
from core.sentences.acts import Names
from core.standing.verdict import StandingVerdict, of_signal, standing_verdicts
from core.terms import Terms
from core.trail import log as trail
from core.trail.act_search import ActSearch
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_bundle import Bundle
from core.views.audit import claim as claim_review
from core.views.audit import claims as claims_review
from core.views.audit import data as intake_review
from core.views.audit import decision_trail as trail_review
from core.views.audit import trail_entry as act_review
from core.views.audit import trail_integrity as wholeness_review
from core.views.govern import breaches as breaches_review
from core.views.govern import escalation as escalation_review
from core.views.govern import findings as findings_review
from core.views.govern import notices as notices_review
from core.views.govern import registry as registry_review
from core.views.govern import sign_off as signoff_review
from core.views.govern import sign_off_queue as signoff_list_review
from core.views.govern import signal_entry as entry_review
from core.views.govern import thresholds as thresholds_review
from core.views.govern import watch as watching_review
from core.views.review import changes as change_review
from core.views.review import drift as drift_review
from core.views.review import elicitation as elicitation_review
from core.views.review import gaming as gaming_review
from core.views.review import label_plan as labelplan_review
from core.views.review import labels as labels_review
from core.views.review import reliability as reliability_review
from core.views.review import segments as segments_review
from core.views.review import signal as signal_review
from core.views.review import theatre as theatre_review
from core.views.review import this_week as week_review
from core.views.review import validation_badge as standing_review
from core.views.review import window_comparison as shift_review
from core.views.review.maturity import Window
from core.views.review.overview import Overview, signal_dimensions
from core.views.review.overview import overview as overview_of
from core.views.risks import matrix as risks_review
from dashboard.cache.kept import kept
from dashboard.server import notices as notify
from dashboard.server.open_ledger import cursor, office, path, version

ENTRIES = 64
#: A dimension with more values is not offered for rules of each.
MOST_SEGMENTS = 20


def _key() -> tuple[str, int]:
    return path(), version()


#: What the written side rests on: the ledger, its trail's size, and the minute.
_Written = tuple[str, int, int, int]


def _written_key() -> _Written:
    with cursor() as one:
        size = trail.size(one)
    return (*_key(), size, int(datetime.now(UTC).timestamp() // 60))


#: What rests on the written side and on ages in days: the ledger, its trail's size, and the day.
_Daily = tuple[str, int, int, str]


def _daily_key() -> _Daily:
    with cursor() as one:
        size = trail.size(one)
    return (*_key(), size, datetime.now(UTC).date().isoformat())


def state() -> State | None:
    """What the trail says; None where it is broken."""
    try:
        return office().state()
    except TrailBroken:
        return None


def terms(signal: str) -> Terms:
    """What a signal's registry entry says it is measured by."""
    return terms_of(state(), signal)


def watching() -> watching_review.WatchView | None:
    """The standing watch; None where the trail is broken."""
    return _watching(_written_key())


@kept(max_entries=4, show_spinner="Looking at what is watched …")
def _watching(of: _Written) -> watching_review.WatchView | None:
    try:
        known, now = office().state(), office().now()
    except TrailBroken:
        return None
    return watching_review.watch_view(cursor(), known, now, data_version=version())


def notices(signals: tuple[str, ...]) -> notices_review.NoticesView:
    """The channels and the last messages; never kept, for they change by themselves."""
    configured = notify.of_environment()
    return notices_review.notices_view(
        cursor(), configured.settings, troubles=configured.troubles, signals=signals
    )


def findings() -> findings_review.FindingsView:
    """What is wrong now."""
    return _findings(_written_key())


@kept(max_entries=4, show_spinner=False)
def _findings(of: _Written) -> findings_review.FindingsView:
    try:
        known, now = office().state(), office().now()
    except TrailBroken as broken:
        return findings_review.broken_view(broken, office().clock())
    return findings_review.findings_view(cursor(), known, now)


def registry() -> registry_review.RegistryView:
    """Every signal that has claims or an entry.

    Raises:
        TrailBroken: nothing may rest on the trail.
    """
    return _registry(_written_key())


@kept(max_entries=4, show_spinner="Reading the registry…")
def _registry(of: _Written) -> registry_review.RegistryView:
    return registry_review.registry_view(cursor(), office().state(), office().now())


def signal_entry(signal: str) -> entry_review.SignalView:
    """One signal's registry entry and what came of it.

    Raises:
        TrailBroken: nothing may rest on the trail.
    """
    return _signal_entry(_written_key(), signal)


@kept(max_entries=ENTRIES, show_spinner="Reading the registry…")
def _signal_entry(of: _Written, signal: str) -> entry_review.SignalView:
    return entry_review.signal_view(
        cursor(), office().state(), _registry(of), signal, office().now()
    )


def escalation(
    signal: str, first: date, last: date, *, as_if: bool
) -> escalation_review.EscalationView:
    """One signal's rules in practice.

    Raises:
        TrailBroken: nothing may rest on the trail.
    """
    return _escalation((*_written_key(), decisions_logged(cursor())), signal, first, last, as_if)


@kept(max_entries=ENTRIES, show_spinner="Holding the claims against the rules…")
def _escalation(
    of: tuple[str, int, int, int, int], signal: str, first: date, last: date, as_if: bool
) -> escalation_review.EscalationView:
    return escalation_review.escalation_view(
        cursor(), office().state(), signal, first, last, as_if=as_if
    )


def breaches(
    signal: str,
    first: date,
    last: date,
    kinds: tuple[str, ...],
    order: BreachOrder,
    leaf: int,
) -> breaches_review.Breaches:
    """One leaf of a signal's breaches."""
    of = (*_written_key(), decisions_logged(cursor()))
    return _breaches(of, signal, first, last, kinds, order, leaf)


@kept(max_entries=ENTRIES, show_spinner="Fetching the breaches…")
def _breaches(
    of: tuple[str, int, int, int, int],
    signal: str,
    first: date,
    last: date,
    kinds: tuple[str, ...],
    order: BreachOrder,
    leaf: int,
) -> breaches_review.Breaches:
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


def plan(text: str) -> Plan:
    """What a registry file would change, and what that would have done.

    Raises:
        RegistryFileError: it is refused.
        TrailBroken: nothing may rest on the trail.
    """
    return _plan(_written_key(), text)


@kept(max_entries=8, show_spinner="Running both rules over the last claims…")
def _plan(of: _Written, text: str) -> Plan:
    return plan_of(cursor(), office().state(), read_registry(text), office().now())


def threshold(question: ThresholdQuestion) -> thresholds_review.ThresholdView:
    """A cut with a guarantee, judged on held-out claims.

    Raises:
        LedgerError: there is nothing to choose it on, or to judge it on.
    """
    return _threshold(_daily_key(), question)


@kept(max_entries=ENTRIES, show_spinner="Testing every cut…")
def _threshold(of: _Daily, question: ThresholdQuestion) -> thresholds_review.ThresholdView:
    return thresholds_review.threshold_view(cursor(), state(), question, office().clock())


def tuned_signals() -> tuple[str, ...]:
    """The signals that have a tuning split."""
    return _tuned_signals(_key())


@kept(max_entries=4, show_spinner=False)
def _tuned_signals(of: tuple[str, int]) -> tuple[str, ...]:
    return tuned_signals_of(cursor())


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


def badge(selection: Selection) -> standing_review.Badge:
    """Whether the selected claims may be acted on."""
    return _badge(_written_key(), selection)


@kept(max_entries=ENTRIES, show_spinner=False)
def _badge(of: _Written, selection: Selection) -> standing_review.Badge:
    return standing_review.selected_standing(cursor(), state(), selection, office().clock())


def written(monday: date) -> dict[str, standing_review.Written]:
    """What the written side says of each signal whose week is reviewed."""
    return _week_written(_written_key(), monday)


@kept(max_entries=ENTRIES, show_spinner=False)
def _week_written(of: _Written, monday: date) -> dict[str, standing_review.Written]:
    return standing_review.week_written(cursor(), state(), monday, office().clock())


def standing() -> dict[str, StandingVerdict]:
    """The standing verdict of every signal that stated a confidence."""
    return _standing(_daily_key())


@kept(max_entries=4, show_spinner=False)
def _standing(of: _Daily) -> dict[str, StandingVerdict]:
    found = standing_verdicts(cursor(), state(), office().clock(), causes=True)
    return {signal: of_signal(versions) for signal, versions in found.items()}


def signal_written(signal: str) -> standing_review.Written:
    """What the written side says of one signal and its versions in use."""
    return _signal_written(_written_key(), signal)


@kept(max_entries=ENTRIES, show_spinner=False)
def _signal_written(of: _Written, signal: str) -> standing_review.Written:
    return standing_review.signal_written(cursor(), state(), signal, office().clock())


def overview() -> Overview:
    """What is in the ledger: signals, their dimensions, the newest import."""
    return _overview(_key())


@kept(max_entries=4, show_spinner=False)
def _overview(of: tuple[str, int]) -> Overview:
    return overview_of(cursor())


def dimensions(signal: str) -> tuple[DimensionFacts, ...]:
    """What a signal can be split by and filtered on."""
    return _dimensions(_key(), signal)


@kept(max_entries=ENTRIES, show_spinner=False)
def _dimensions(of: tuple[str, int], signal: str) -> tuple[DimensionFacts, ...]:
    return signal_dimensions(cursor(), signal)


def reliability(
    selection: Selection, compare: tuple[str, str | None, str | None] | None
) -> reliability_review.ReliabilityView:
    """The Reliability page's numbers."""
    return _reliability(_key(), selection, compare, terms(selection.signal))


@kept(max_entries=ENTRIES, show_spinner="Measuring…")
def _reliability(
    of: tuple[str, int],
    selection: Selection,
    compare: tuple[str, str | None, str | None] | None,
    by: Terms,
) -> reliability_review.ReliabilityView:
    return reliability_review.reliability_view(cursor(), selection, compare=compare, terms=by)


def elicitation(selection: Selection) -> elicitation_review.ElicitationView:
    """How the confidence was asked for."""
    return _elicitation(_key(), selection, terms(selection.signal).tolerance)


@kept(max_entries=ENTRIES, show_spinner="Comparing how it was asked…")
def _elicitation(
    of: tuple[str, int], selection: Selection, tolerance: float
) -> elicitation_review.ElicitationView:
    return elicitation_review.elicitation_view(cursor(), selection, tolerance=tolerance)


def gaming(signal: str) -> gaming_review.GamingView:
    """Whether a metric of a signal is being gamed."""
    return _gaming(_daily_key(), signal)


@kept(max_entries=ENTRIES, show_spinner="Holding versions against those before…")
def _gaming(of: _Daily, signal: str) -> gaming_review.GamingView:
    return gaming_review.gaming_view(cursor(), state(), signal, office().clock())


def theatre(signal: str, last: date) -> theatre_review.TheatreView:
    """What a signal's confidence changed in the 13 weeks up to a day, that day included."""
    until = datetime.combine(last + timedelta(days=1), time())
    return _theatre(_daily_key(), Selection(signal, until=until))


@kept(max_entries=ENTRIES, show_spinner="Weighing what it changes…")
def _theatre(of: _Daily, selection: Selection) -> theatre_review.TheatreView:
    return theatre_review.theatre_view(cursor(), state(), selection, office().clock())


def segments(
    selection: Selection, row: str, column: str, listed: tuple[str, ...], every_pair: bool
) -> segments_review.SegmentsView:
    """The Segments page's numbers."""
    by = terms(selection.signal)
    return _segments(_key(), selection, row, column, listed, every_pair, by)


@kept(max_entries=ENTRIES, show_spinner="Measuring every segment…")
def _segments(
    of: tuple[str, int],
    selection: Selection,
    row: str,
    column: str,
    listed: tuple[str, ...],
    every_pair: bool,
    by: Terms,
) -> segments_review.SegmentsView:
    return segments_review.segments_view(
        cursor(),
        selection,
        row=row,
        column=column,
        segment_dimensions=listed,
        every_pair=every_pair,
        terms=by,
    )


def intake(signal: str | None) -> intake_review.IntakeView:
    """The Data page's numbers."""
    return _intake(_key(), signal, all_terms(state()))


@kept(max_entries=ENTRIES, show_spinner="Counting…")
def _intake(
    of: tuple[str, int], signal: str | None, by: tuple[tuple[str, Terms], ...]
) -> intake_review.IntakeView:
    return intake_review.intake_view(cursor(), signal, terms=dict(by))


def claims(selection: Selection) -> claims_review.ClaimsView:
    """The claims behind a count."""
    return _claims(_key(), selection)


@kept(max_entries=ENTRIES, show_spinner="Fetching claims…")
def _claims(of: tuple[str, int], selection: Selection) -> claims_review.ClaimsView:
    return claims_review.claims_view(cursor(), selection)


def quarantined() -> pd.DataFrame:
    """The refused rows that are still open."""
    return _quarantined(_key())


@kept(max_entries=2, show_spinner=False)
def _quarantined(of: tuple[str, int]) -> pd.DataFrame:
    return intake_review.quarantined_rows(cursor())


def drift(selection: Selection, period: drift_review.Period) -> drift_review.DriftView:
    """The Drift page's timeline."""
    return _drift(_key(), selection, period, terms(selection.signal))


@kept(max_entries=ENTRIES, show_spinner="Measuring every period…")
def _drift(
    of: tuple[str, int], selection: Selection, period: drift_review.Period, by: Terms
) -> drift_review.DriftView:
    return drift_review.drift_view(cursor(), selection, period=period, terms=by)


def shift(
    selection: Selection,
    before: Window,
    after: Window,
    dimensions: tuple[str, ...],
    by: str | None,
) -> shift_review.ShiftView:
    """Two windows of a signal compared."""
    return _shift(_key(), selection, before, after, dimensions, by)


@kept(max_entries=ENTRIES, show_spinner="Comparing the two windows…")
def _shift(
    of: tuple[str, int],
    selection: Selection,
    before: Window,
    after: Window,
    dimensions: tuple[str, ...],
    by: str | None,
) -> shift_review.ShiftView:
    return shift_review.shift_view(cursor(), selection, before, after, dimensions=dimensions, by=by)


def offered_changes(selection: Selection) -> tuple[change_review.Offered, ...]:
    """Changes of version that can be reviewed, the newest first."""
    return _offered_changes(_key(), selection)


@kept(max_entries=ENTRIES, show_spinner=False)
def _offered_changes(
    of: tuple[str, int], selection: Selection
) -> tuple[change_review.Offered, ...]:
    return change_review.offered(cursor(), selection)


def change(
    before: Selection, after: Selection, paired: bool | None
) -> change_review.ChangeReview | str:
    """Two sets of claims compared; why not, in a sentence, where they cannot be."""
    return _change(_daily_key(), before, after, paired)


@kept(max_entries=ENTRIES, show_spinner="Comparing before and after…")
def _change(
    of: _Daily, before: Selection, after: Selection, paired: bool | None
) -> change_review.ChangeReview | str:
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


def found(search: Search, total: int) -> claims_review.Found:
    """How many claims a search finds."""
    return _found(_key(), search, total, terms(search.selection.signal).high_from)


@kept(max_entries=ENTRIES, show_spinner="Counting claims…")
def _found(
    of: tuple[str, int], search: Search, total: int, high_from: float
) -> claims_review.Found:
    return claims_review.found(cursor(), search, total, high_from=high_from)


def leaf(search: Search, order: Order, number: int) -> pd.DataFrame:
    """One leaf of the claims that a search finds."""
    return _leaf(_key(), search, order, number)


@kept(max_entries=ENTRIES, show_spinner="Fetching claims…")
def _leaf(of: tuple[str, int], search: Search, order: Order, number: int) -> pd.DataFrame:
    return claims_review.leaf(cursor(), search, order, number)


def download(search: Search, order: Order) -> pd.DataFrame:
    """The claims that a search finds, for a file; too large to be kept."""
    return claims_review.download(cursor(), search, order)


def claim(signal: str, event_id: str, as_known: datetime | None) -> claim_review.ClaimView | None:
    """One claim end to end."""
    return _claim((*_trail_key(), decisions_logged(cursor())), signal, event_id, as_known)


@kept(max_entries=ENTRIES, show_spinner="Opening the claim…")
def _claim(
    of: tuple[str, int, int, int], signal: str, event_id: str, as_known: datetime | None
) -> claim_review.ClaimView | None:
    return claim_review.claim_view(cursor(), signal, event_id, as_known)


def signals_of_event(event_id: str) -> tuple[str, ...]:
    """The signals that have a claim of an event."""
    return claim_review.signals_of_event(cursor(), event_id)


def mondays() -> tuple[date, ...]:
    """Mondays of the weeks there is a review of, newest first."""
    return _mondays(_key(), datetime.now(UTC).date())


@kept(max_entries=4, show_spinner=False)
def _mondays(of: tuple[str, int], today: date) -> tuple[date, ...]:
    return week_review.reviewable_weeks(cursor())


def week(monday: date) -> week_review.WeekView:
    """The weekly review."""
    view = _week(_daily_key(), monday)
    assert view is not None, "a ledger with weeks has a review"
    return view


@kept(max_entries=ENTRIES, show_spinner="Reviewing the week…")
def _week(of: _Daily, monday: date) -> week_review.WeekView | None:
    return week_review.week_view(cursor(), state(), monday=monday, now=office().clock())


def one_signal(signal: str) -> signal_review.OneSignal | None:
    """A signal's page; None where it never stated a confidence."""
    return _one_signal(_daily_key(), signal)


@kept(max_entries=ENTRIES, show_spinner="Looking at the signal…")
def _one_signal(of: _Daily, signal: str) -> signal_review.OneSignal | None:
    return signal_review.one_signal(cursor(), state(), signal, office().clock())


def labels(selection: Selection) -> labels_review.LabelsView:
    """How honest a signal's labels are."""
    return _labels(_key(), selection, terms(selection.signal))


@kept(max_entries=ENTRIES, show_spinner="Weighing the labels…")
def _labels(of: tuple[str, int], selection: Selection, by: Terms) -> labels_review.LabelsView:
    return labels_review.labels_view(cursor(), selection, terms=by)


def label_plan(selection: Selection, by: str | None) -> labelplan_review.LabelPlan:
    """Which labels would settle what cannot be told, and what the samples say."""
    return _label_plan(_trail_key(), selection, by, terms(selection.signal))


@kept(max_entries=ENTRIES, show_spinner="Planning labels…")
def _label_plan(
    of: tuple[str, int, int], selection: Selection, by: str | None, terms: Terms
) -> labelplan_review.LabelPlan:
    return labelplan_review.label_plan(cursor(), selection, by, terms=terms)


def to_label(signal: str) -> pd.DataFrame:
    """The drawn claims that nobody has labelled, for a file; not kept."""
    return labelplan_review.to_label_rows(cursor(), signal)


#: What the trail as it is written rests on, whatever the clock says.
_Trail = tuple[str, int, int]


def _trail_key() -> _Trail:
    with cursor() as one:
        return (*_key(), trail.size(one))


def trail_size() -> int:
    """How many entries the trail has."""
    with cursor() as one:
        return trail.size(one)


def acts(asked: ActSearch, number: int) -> trail_review.TrailView:
    """One leaf of the acts that a search finds."""
    return _acts(_trail_key(), asked, number)


@kept(max_entries=ENTRIES, show_spinner="Reading the trail…")
def _acts(of: _Trail, asked: ActSearch, number: int) -> trail_review.TrailView:
    return trail_review.trail_view(cursor(), asked, number)


def act_choices() -> trail_review.Choices:
    """What the list of acts can be narrowed to."""
    return _act_choices(_trail_key())


@kept(max_entries=4, show_spinner=False)
def _act_choices(of: _Trail) -> trail_review.Choices:
    return trail_review.choices(cursor())


def act(seq: int) -> act_review.ActView | None:
    """One act end to end."""
    return _act(_trail_key(), seq)


@kept(max_entries=ENTRIES, show_spinner="Opening the act…")
def _act(of: _Trail, seq: int) -> act_review.ActView | None:
    return act_review.act_view(cursor(), seq)


def wholeness() -> wholeness_review.Wholeness:
    """Whether the trail is whole, as of the last time that anything in it was new."""
    return _wholeness(_trail_key())


@kept(max_entries=4, show_spinner="Verifying every entry, checkpoint and seal…")
def _wholeness(of: _Trail) -> wholeness_review.Wholeness:
    return wholeness_review.wholeness(cursor(), Path(path()), office().clock())


def verify_again() -> None:
    """Forget the last verification, and what was read of the trail."""
    for one in (_wholeness, _acts, _act, _act_choices):
        one.clear()


def trail_export() -> bytes:
    """The whole trail and the evidence it cites as one file; too large to be kept.

    Raises:
        TrailError: there is nothing to export.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trail.jsonl"
        export_trail(cursor(), file)
        return file.read_bytes()


def signoffs(signal: str | None) -> signoff_list_review.SignoffList:
    """What waits for a signature, over all signals or of one.

    Raises:
        TrailBroken: nothing may rest on the trail.
    """
    return _signoffs(_written_key(), signal)


@kept(max_entries=16, show_spinner=False)
def _signoffs(of: _Written, signal: str | None) -> signoff_list_review.SignoffList:
    known, now = office().state(), office().now()
    with cursor() as one:
        seen, names = fingerprints_seen(one), Names.read(one)
    return signoff_list_review.signoff_list(known, seen, names, now, signal)


def signoff(
    signal: str, fingerprint: Fingerprint, measured: Bundle | None
) -> signoff_review.SignoffView:
    """One fingerprint's evidence and signatures.

    Args:
        signal: its signal.
        fingerprint: which.
        measured: what was measured in this session and not submitted.

    Raises:
        TrailBroken: nothing may rest on the trail.
    """
    return _signoff(
        _written_key(), signal, fingerprint, None if measured is None else measured.text
    )


@kept(max_entries=ENTRIES, show_spinner="Opening the evidence…")
def _signoff(
    of: _Written, signal: str, fingerprint: Fingerprint, measured: str | None
) -> signoff_review.SignoffView:
    known, now = office().state(), office().now()
    with cursor() as one:
        return signoff_review.signoff_view(
            one,
            known,
            Names.read(one),
            signal,
            fingerprint,
            now,
            measured=None if measured is None else Bundle(measured),
        )


def risks() -> risks_review.RisksView:
    """The twelve failures of every signal, as of today."""
    return _risks(_daily_key())


@kept(max_entries=4, show_spinner="Looking for twelve failures in every signal…")
def _risks(of: _Daily) -> risks_review.RisksView:
    known, whole = state(), wholeness()
    now = office().clock() if known is None else max(office().clock(), known.last_at)
    with cursor() as one:
        return risks_review.risks_view(one, known, now, whole, data_version=of[1])

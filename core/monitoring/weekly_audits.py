"""The audit samples that registry entries ask for: once a week, however often rounds are made.

A week's sample is drawn after it, of the claims of the last `WEEKS` whole weeks: those that came in
late get their chance too. Every claim keeps its random number
(`core.queries.sums.labelling.audit_frame`), so that a further draw with about the same chance adds
new claims and hardly any of those before. What was missed is made up for by one draw, with as many
more labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from core.governance.bodies.refusal import Refused
from core.governance.perform import Desk, Office
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.monitoring.audit_draw import draw_at
from core.monitoring.rounds import PROGRAM
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_frame import Frame
from core.registry.signal_spec import AuditPlan
from core.trail.acts import Act
from core.validation.recent_sample import week_began

#: So many weeks a claim may come in late and still be drawn.
WEEKS = 5
#: No more weeks are made up for.
_MOST_MISSED = 26


def draw_weekly(office: Office) -> tuple[Act, ...]:
    """Draw what is due of every signal, each in a transaction of its own."""
    done: list[Act] = []
    state, now = office.state(), office.now()
    for signal, entry in sorted(state.entries.items()):
        if entry.spec.audit is None or not due(state, signal, now):
            continue
        try:
            with office.acting() as desk:
                # Somebody else may have drawn it meanwhile.
                if due(desk.state, signal, desk.now):
                    done.append(_draw(desk, signal, entry.spec.audit))
        except (Refused, LedgerError):
            # Nothing to draw: no claim, or all labelled. It is asked again in the next run.
            continue
    return tuple(done)


def due(state: State, signal: str, now: datetime) -> bool:
    """Whether this week's sample of a signal is still to be drawn."""
    known = state.audited.get(signal)
    return known is None or known[1] < week_began(now).date()


def _draw(desk: Desk, signal: str, plan: AuditPlan) -> Act:
    until = week_began(desk.now)
    known = desk.state.audited.get(signal)
    weeks = 1 if known is None else _weeks_since(known[1], until)
    first = until - timedelta(weeks=1)
    if known is not None:
        first = datetime.combine(known[0], time()) - timedelta(weeks=1)
    since = max(first, until - timedelta(weeks=max(WEEKS, weeks)))

    def wanted(found: Frame) -> Mapping[str | None, int]:
        # Beyond what waits for its label: a week that nobody labels is no reason to draw less.
        waiting = dict(zip(found.values, found.waiting.tolist(), strict=True))
        return {value: plan.per_week * weeks + n for value, n in waiting.items()}

    asked = Selection(signal, since, until, where=(("split", ("production",)),))
    return draw_at(desk, PROGRAM, asked, wanted, plan.by, week=until.date())


def _weeks_since(last: date, until: datetime) -> int:
    return min(_MOST_MISSED, max(1, (until.date() - last).days // 7))

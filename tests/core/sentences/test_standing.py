"""A standing verdict in words: what is off, where, since when, and on which claims."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.parts import PartState
from core.queries.base.seen.fingerprints_seen import Seen
from core.queries.base.selection import Selection
from core.queries.labels.label_provenance import HowLabelled
from core.sentences.standing import (
    NAMED,
    began_words,
    cause,
    cause_pointer,
    direction,
    gap_words,
    headline,
    one_line,
    where,
    window_words,
)
from core.standing.verdict import Began, StandingVerdict
from core.standing.window import StandingWindow
from core.terms import USUAL, Terms
from core.text.off_at import OffAt
from core.text.parts import PartShown
from core.validation.recent_sample import Off, Recent

MEASURED = Recent(
    since=date(2026, 9, 14),
    until=date(2026, 11, 8),
    n=1200,
    n_inputs=1200,
    n_days=56,
    gap=0.12,
    low=0.09,
    high=0.15,
    state="off",
    off_parts=("whole",),
    error=0.12,
    error_low=0.09,
    error_high=0.15,
    error_at=OffAt(((90.0, 90.0),), ((30.0, 30.0),)),
    tolerance=0.05,
    high_from=0.9,
    high_n=300,
    high_inputs=300,
    high_days=56,
    high_claimed=0.95,
    high_observed=0.8,
    high_low=0.1,
    high_high=0.2,
    n_segments=3,
    n_small=0,
    n_mute=0,
    n_within=2,
    off=(),
    bounded=1.0,
    labels=HowLabelled(1200, 1200, 0, 0, 0),
    reach=LabelReach("all", 1200, 1200, 0.12, 0.12),
    reason="whole",
)
LEGAL = Off("policy", "legal", PartShown("whole", 0.21, 0.15, 0.27, 240), 240, 50, differs=True)
WINDOW = StandingWindow(
    Selection("s"), date(2026, 9, 14), date(2026, 11, 8), 1300, 1200, timedelta(days=15)
)
BEGAN = Began((("prompt_version", "draft-v3"),), date(2026, 8, 31), 0.004)


def of(state: PartState = "off", reason: Any = "whole", **changed: Any) -> StandingVerdict:
    """A verdict; what is no field of it is one of what was measured."""
    names = {one.name for one in fields(StandingVerdict)}
    own = {key: changed.pop(key) for key in list(changed) if key in names}
    measured = replace(MEASURED, **changed) if changed else MEASURED
    return replace(BASE, **{"recent": measured, "state": state, "reason": reason, **own})


BASE = StandingVerdict(
    signal="s",
    version=Seen("s", (), 1300, datetime(2026, 6, 1), datetime(2026, 11, 20)),
    share=1.0,
    terms=USUAL,
    window=WINDOW,
    recent=None,
    weighted=None,
    state="off",
    reason="whole",
    level=0.95,
)


def mute() -> StandingVerdict:
    return of("too_few", None, signal="m", reach=LabelReach("labelled", 1200, 600, 0.0, 0.5))


# ---------------------------------------------------------------------------------- the headline
def test_without_a_signal_the_headline_says_so() -> None:
    assert headline([]) == "No signal had claims up to this week."


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("off", "1 of 1 signal is off: s throughout."),
        ("fine", "The only signal is fine."),
        ("at_the_edge", "s is not off. 1 is at the edge."),
        ("too_few", "s is not off. 1 needs more labels."),
    ],
)
def test_the_headline_of_one_signal(state: PartState, said: str) -> None:
    assert headline([of(state, "whole" if state == "off" else None)]) == said


def test_all_fine_is_said_only_where_all_are() -> None:
    fine = of("fine", None)
    assert headline([fine, fine]) == "All 2 signals are fine."
    assert headline([of("too_few", None), fine]) == (
        "None of 2 signals is off. 1 needs more labels."
    )


def test_the_headline_names_what_is_off_and_where_and_counts_the_others() -> None:
    verdicts = [
        of(signal="a"),
        of(signal="b", reason="segment", off=(LEGAL,)),
        of("at_the_edge", "whole", signal="c"),
        of("at_the_edge", "whole", signal="d"),
        of("too_few", None),
        of("too_few", None),
        mute(),
        of("fine", None),
    ]
    assert headline(verdicts) == (
        "2 of 8 signals are off: a throughout, b on policy legal. 2 are at the edge; 2 need more "
        "labels; 1 has labels of some cases only."
    )


def test_the_headline_names_so_many_and_counts_the_rest() -> None:
    said = headline([of(signal=f"s{i}") for i in range(NAMED + 2)])
    assert said == (
        "6 of 6 signals are off: s0 throughout, s1 throughout, s2 throughout, s3 throughout and "
        "2 more."
    )


def test_labels_of_some_cases_only_are_not_too_few_labels() -> None:
    assert headline([mute(), mute()]) == (
        "None of 2 signals is off. 2 have labels of some cases only."
    )


# --------------------------------------------------------------------------- what is off and where
@pytest.mark.parametrize(
    ("one", "said"),
    [
        (of(), "throughout"),
        (of(off=(LEGAL,)), "on policy legal"),
        (of(off=(replace(LEGAL, differs=False),)), "throughout"),
        (of(reason="segment", off=(replace(LEGAL, differs=False),)), "on policy legal"),
        (of(reason="segment", off=(replace(LEGAL, value=None),)), "on policy (none)"),
        (of(reason="high_band"), "where it says 90% or more"),
        (of(reason="high_band", terms=Terms(0.05, 0.85)), "where it says 85% or more"),
        (of(reason="shape"), "by errors that cancel"),
        (of(reason="alarm"), "since it was signed, as the watch found"),
        (of(reason="alarm", recent=None), "since it was signed, as the watch found"),
    ],
)
def test_where_a_signal_is_off(one: StandingVerdict, said: str) -> None:
    assert where(one) == said


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (of(), "overconfident"),
        (of(gap=-0.12, low=-0.15, high=-0.09), "underconfident"),
        (of(reason="shape"), "off both ways"),
        (of(reason="segment", gap=-0.01, off=(LEGAL,)), "overconfident"),
        (
            of(
                reason="segment",
                off=(replace(LEGAL, shown=replace(LEGAL.shown, value=-0.2), differs=False),),
            ),
            "underconfident",
        ),
        (of(reason="high_band", gap=-0.01), "overconfident"),
        (of(reason="high_band", high_observed=1.0), "underconfident"),
    ],
)
def test_which_way_a_signal_is_off(one: StandingVerdict, said: str) -> None:
    assert direction(one) == said


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (of("fine", None), ""),
        (of("at_the_edge", "whole"), ""),
        (of("too_few", None), ""),
        (of(), "gap +12.0 points (+9.0 to +15.0), 1,200 cases"),
        (
            of(gap=-0.12, low=-0.15, high=-0.09),
            "gap −12.0 points (−15.0 to −9.0), 1,200 cases",
        ),
        (
            of(began=BEGAN),
            "its gap went from +0.4 to +12.0 points with prompt draft-v3 (31 Aug 2026)",
        ),
        (
            of(reason="segment", off=(LEGAL,)),
            "on policy legal its gap is +21.0 points (+15.0 to +27.0), 240 cases",
        ),
        (
            of(reason="segment", off=(LEGAL,), began=BEGAN),
            "on policy legal its gap is +21.0 points (+15.0 to +27.0), 240 cases, since prompt "
            "draft-v3 (31 Aug 2026)",
        ),
        (
            of(reason="high_band"),
            "stated at 90% or more it is right 80% of the time (said 95%), 300 cases",
        ),
        (
            of(reason="shape"),
            "errors that cancel: overconfident at 90%, underconfident at 30%",
        ),
        (of(reason="alarm"), "off since it was signed, as the watch found"),
        (of(reason="alarm", recent=None), "off since it was signed, as the watch found"),
    ],
)
def test_the_cause_in_a_clause(one: StandingVerdict, said: str) -> None:
    assert cause(one) == said


def test_every_field_of_the_version_that_changed_is_named() -> None:
    changed = (("model_version", "m2"), ("params_version", ""), ("calibrator_version", "c1"))
    assert began_words(replace(BEGAN, changed=changed)) == (
        "model m2 and settings (none) and calibrator c1 (31 Aug 2026)"
    )


def test_what_to_open_first_is_the_page_of_the_signal() -> None:
    one = cause_pointer(of())
    assert one is not None
    assert (one.page, one.signal, one.query) == ("signal", "s", ())
    assert one.text == "s: gap +12.0 points (+9.0 to +15.0), 1,200 cases"
    assert cause_pointer(of("fine", None)) is None


# ------------------------------------------------------------------------------ what it rests on
def test_the_gap_is_told_with_its_interval_or_why_there_is_none() -> None:
    assert gap_words(of()) == "gap +12.0 points (+9.0 to +15.0), 1,200 cases"
    assert gap_words(of("too_few", None, recent=None)) == "no claim is labelled"
    assert gap_words(of("too_few", None, recent=None, window=None)) == "no outcome is final yet"


def test_the_line_of_a_command_gives_the_figures_of_what_is_off_and_not_of_all_claims() -> None:
    begins, days = "s is off, overconfident", "14 Sep to 8 Nov 2026"
    assert one_line(of()) == (
        f"{begins} throughout: gap +12.0 points (+9.0 to +15.0), 1,200 cases; {days}"
    )
    assert one_line(of(reason="segment", off=(LEGAL,))) == (
        f"{begins}: on policy legal its gap is +21.0 points (+15.0 to +27.0), 240 cases; {days}"
    )
    assert one_line(of(reason="high_band")) == (
        f"{begins}: stated at 90% or more it is right 80% of the time (said 95%), 300 cases; {days}"
    )
    assert one_line(of(reason="alarm", off=(LEGAL,))).startswith(
        f"{begins} since it was signed, as the watch found: gap +12.0 points"
    )


@pytest.mark.parametrize(
    ("window", "said"),
    [
        (WINDOW, "14 Sep to 8 Nov 2026"),
        (replace(WINDOW, first=date(2025, 12, 29)), "29 Dec 2025 to 8 Nov 2026"),
        (replace(WINDOW, age=timedelta(weeks=8)), "14 Sep to 8 Nov 2026"),
        (replace(WINDOW, age=timedelta(weeks=9)), "14 Sep to 8 Nov 2026, 9 weeks ago"),
        (None, "no outcome is final yet"),
    ],
)
def test_the_days_it_rests_on_are_told_and_how_old_they_are(
    window: StandingWindow | None, said: str
) -> None:
    assert window_words(of(window=window)) == said

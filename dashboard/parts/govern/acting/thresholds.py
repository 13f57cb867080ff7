"""A threshold with its guarantee on the page: the numbers on both samples, and the change."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.defaults import CUT_LEVEL_LEAST, CUT_RISK_MOST
from core.events import PPM
from core.gate import threshold_runs as runs
from core.gate.choose_threshold import ThresholdQuestion
from core.governance.people.names import Directory
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.queries.base.selection import Selection
from core.registry.cut_runs import CutRun
from core.sentences.cut_origin import SHOWN
from core.sentences.numbers import counted, dimension_name
from core.text.markdown import cells, plain, verbatim
from core.text.shown import visible
from core.text.spreadsheet import csv_of
from core.validation.tuning_leakage import NoTuning, TunedOn
from core.views.govern.thresholds import PartView, ThresholdView
from dashboard.cache import views as data
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.thresholds import alt_text_risk, risk_chart
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail
from dashboard.parts.govern.sign_off import tuning_leak as leaks
from dashboard.server import open_ledger as owner
from dashboard.widgets import chart as charted
from dashboard.widgets import tables
from dashboard.widgets.acting import act_button, sign_on
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.acting.announced import done
from dashboard.widgets.links import page_links as links
from dashboard.widgets.url_choice import choose

#: Rows of an overlap on the page; all of them are in the file.
_SHOWN = 100
#: Pixels; a narrower page narrows it.
_CHART_WIDTH = 680
#: A widget's choice of no dimension.
_ALL = "one for all claims"
_RISK, _SURE, _OVERLAP, _EVERY_LOOK = "risk", "sure", "without_overlap", "every_look"
_CURVE = "Share wrong and share automated at each threshold"


def ask(signals: tuple[str, ...]) -> ThresholdQuestion:
    """What is asked: the signal, the risk, how sure, and whether by segment; all in the URL."""
    which, bound, level, split = st.columns([3, 2, 2, 3], vertical_alignment="bottom")
    signal = choose("Signal", signals, key="signal", place=which)
    risk = bound.number_input(
        "Max error rate (%)",
        min_value=0.1,
        max_value=100 * CUT_RISK_MOST,
        value=5.0,
        step=1.0,
        format="%.1f",
        key=_RISK,
        bind="query-params",
        help="The most that is accepted: the share of wrong ones among what is automated.",
    )
    sure = level.number_input(
        "Confidence (%)",
        min_value=100 * CUT_LEVEL_LEAST,
        max_value=99.9,
        value=90.0,
        step=1.0,
        format="%.1f",
        key=_SURE,
        bind="query-params",
        help="The probability, over the tuning claims drawn, with which the threshold keeps the "
        "bound.",
    )
    dimensions = data.segment_names(signal)
    by = _ALL
    if dimensions:
        by = choose(
            "Threshold for",
            (_ALL, *dimensions),
            key="by",
            place=split,
            format_func=lambda name: name if name == _ALL else f"per {dimension_name(name)}",
        )
    without = st.checkbox(
        "Leave out heldout claims on inputs that were tuned on",
        key=_OVERLAP,
        bind="query-params",
        help="As a validation does: without them the held-out numbers are of other inputs only.",
    )
    every_look = st.checkbox(
        "Hold at every look",
        key=_EVERY_LOOK,
        bind="query-params",
        help="The guarantee holds however often a threshold is chosen again, on all claims so far; "
        "it takes more labels. Without it, it is for one look at these claims. Only a run that "
        "holds at every look is recorded, and named by a registry entry.",
    )
    return ThresholdQuestion(
        Selection(signal),
        round(risk / 100, 6),
        round(sure / 100, 6),
        None if by == _ALL else by,
        without,
        every_look,
    )


def answered(question: ThresholdQuestion) -> ThresholdView | None:
    """The answer; None where it is refused, which is said with its rows or what to log."""
    signal = question.selection.signal
    try:
        return data.threshold(question)
    except NoTuning:
        _no_tuning(signal)
    except TunedOn as refused:
        _refused(refused)
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
    return None


def _no_tuning(signal: str) -> None:
    st.header("No claims to choose a threshold on")
    st.markdown(
        f"{verbatim(signal)} has no tuning split. A threshold looks better than it is on the "
        "claims it was chosen on, so none is offered. Log claims whose outcome you know in two "
        "parts, on different inputs:"
    )
    st.code(
        "event_id,ts,signal,confidence,input_id,split,outcome\n"
        f"t-1,2026-11-16T09:12:00Z,{visible(signal)},0.93,case-1,tuning,1\n"
        f"h-1,2026-11-16T09:13:00Z,{visible(signal)},0.88,case-2,heldout,0",
        language="csv",
    )
    st.code(trail.command("import", "splits.csv"), language="bash")
    tuned = data.tuned_signals()
    if tuned:
        st.caption(f"With a tuning split: {plain(', '.join(tuned))}.")


def _refused(refused: TunedOn) -> None:
    n = refused.overlap.n
    st.error(
        f"{counted(n, 'heldout claim')} {'has an input' if n == 1 else 'have inputs'} that "
        f"{'was' if n == 1 else 'were'} also tuned on. On those, a threshold shows how well it was "
        "fitted, not how well it works; so none is chosen.",
        icon=":material/content_copy:",
    )
    st.markdown(
        "**What fixes it:** leave them out with the box above (the answer will say so), or bring "
        "in heldout claims on inputs that were not tuned on."
    )
    rows = refused.overlap.rows[:_SHOWN]
    if len(rows) < n:
        st.caption(f"The first {len(rows)} of {n:,}, by event id; the file has all of them.")
    st.dataframe(
        cells(leaks.table(rows)),
        hide_index=True,
        placeholder=tables.NOTHING,
        alt="Heldout claims that were also tuned on",
    )
    st.download_button(
        f"Download all {n:,} (CSV)" if n > 1 else "Download it (CSV)",
        data=lambda: csv_of(leaks.table(data.shared_inputs(refused.selection, n))),
        file_name="tuned-on.csv",
        mime="text/csv; charset=utf-8",
        icon=":material/download:",
        on_click="ignore",
    )


def answer(view: ThresholdView) -> None:
    """The threshold, its guarantee, and what other claims say of it."""
    icon = (
        ":material/verified:"
        if view.threshold.holds and not view.contradicted
        else ":material/report:"
        if view.contradicted
        else ":material/do_not_disturb_on:"
    )
    st.markdown(f"## {icon} {plain(view.headline)}")
    for part in view.parts:
        _said(part)


_LOOKS = {
    "kept": ("Held out: confirmed", ":material/check_circle:", "green"),
    "broken": ("Held out: contradicted", ":material/cancel:", "red"),
    "not_told": ("Held out: too few labels", ":material/help:", "orange"),
    "unjudged": ("Held out: not checked", ":material/hourglass_empty:", "gray"),
}


def _said(part: PartView) -> None:
    with st.container(border=bool(part.name)):
        st.markdown(plain(part.guarantee))
        if part.part.word is not None:
            words, icon, colour = _LOOKS[part.part.word]
            st.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
            st.markdown(plain(part.held))
        if part.warning:
            st.warning(plain(part.warning), icon=":material/trending_up:")


def numbers(view: ThresholdView) -> None:
    """The curve, and the same numbers on the same data, on held-out claims and in production."""
    st.header("Risk and coverage")
    risk = view.threshold.question.risk
    palette = palette_for(st.context.theme.type)
    chart = partial(risk_chart, view.curve, view.marks, risk, palette)
    about = alt_text_risk(view.curve, view.marks, risk)
    with st.container(width=_CHART_WIDTH):
        charted.show(chart, about, name="cuts", behind=_CURVE, stretch=True)
    st.caption(
        "One point per stated confidence, ties together; bands are 95% Clopper–Pearson intervals, "
        "each threshold by itself. All claims, labelled or not, count as coverage."
    )
    compared = [part for part in view.parts if not part.table.empty]
    if compared:
        st.header("Same data, held out, production")
    for part in compared:
        if part.name:
            st.markdown(f"**{plain(part.name)}, threshold {part.cut}**")
        frame = part.table.map(plain)
        frame.iloc[:, 0] = [f"**{name}**" for name in frame.iloc[:, 0]]
        st.table(frame, border="horizontal", hide_index=True, alt="The threshold on each sample")
    st.caption("  \n".join(map(plain, view.samples)))
    with st.expander("The figures of this chart", icon=":material/table_rows:"):
        shares = ("coverage", "risk", "low", "high")
        tables.figures(
            view.curve.assign(**{name: view.curve[name] * 100 for name in shares}),
            {
                "sample": "Claims",
                "cut": st.column_config.NumberColumn("Threshold", format="%.6g"),
                "coverage": tables.share("Automated"),
                "risk": tables.share("Wrong"),
                "low": tables.share("95% from"),
                "high": tables.share("to"),
                "n": tables.number("Labelled"),
                "errors": tables.number("Wrong ones"),
            },
            key="threshold_curve",
            alt=_CURVE,
        )
    with st.expander("Every threshold tested", icon=":material/format_list_numbered:"):
        if view.path.empty:
            st.markdown("None: there are too few labelled claims to test any.")
        else:
            st.dataframe(
                cells(view.path),
                hide_index=True,
                placeholder=tables.NOTHING,
                alt="Thresholds tested, from the highest down",
                column_config={
                    "cut": "Threshold",
                    "n": "Labelled at it or above",
                    "errors": "Wrong",
                    "p": st.column_config.NumberColumn("p", format="%.4f"),
                    "coverage": st.column_config.NumberColumn("Automated", format="percent"),
                    "passed": "Passed",
                },
            )


def run(view: ThresholdView, state: State, names: Directory, person: Acting | None) -> None:
    """Where the threshold in force comes from, and the button that records this run."""
    st.header("The run and the threshold in force")
    if view.origin is not None:
        icon = ":orange[:material/front_hand:]" if view.origin.by_hand else ":material/verified:"
        st.markdown(f"In force: {icon} {plain(view.origin.words)}")
        _runs_in_force(view, view.origin.runs)
    if view.run is not None:
        st.markdown(
            f"This run is entry {view.run.seq} of the trail, look {view.run.look} at this signal. "
            "A registry entry names it under `cutsFrom`:"
        )
        st.code(view.run.sha256, language=None)
        return
    question = view.threshold.question
    if not view.threshold.holds:
        st.markdown("No threshold holds, so there is no run to record.")
        return
    if not question.every_look:
        st.markdown(
            "This threshold holds for one look at these claims. Tick *Hold at every look* to "
            "record a run that a registry entry can name."
        )
        return
    if person is None:
        st.caption(sign_on.nobody())
        return
    signal = question.selection.signal
    if act_button.draw(
        f"Record this run as {plain(person.name)}",
        "",
        key="threshold_record",
        icon=":material/edit_document:",
    ):
        try:
            actor = person.actor(state, runs.KIND, signal)
            found = runs.record_as(owner.office(), view.threshold, actor)
        except LedgerError as error:
            st.error(plain(names.named(str(error))), icon=":material/block:")
            return
        done(f"Recorded: entry {found.seq} of the trail.")


def _runs_in_force(view: ThresholdView, in_force: Sequence[CutRun]) -> None:
    """The way to what each run was asked, on the claims of today."""
    question = view.threshold.question
    for one in in_force:
        query = asked_by(one)
        if (one.risk_ppm, one.level_ppm, True) != (
            round(question.risk * PPM),
            round(question.confidence * PPM),
            question.every_look,
        ):
            st.page_link(
                PAGES["thresholds"].path,
                label=f"Ask what threshold run {one.sha256[:SHOWN]} was asked",
                icon=PAGES["thresholds"].icon,
                query_params=query,
            )


def asked_by(run: CutRun) -> dict[str, str]:
    """The address of this page for the question of a run."""
    query = {
        "signal": run.signal,
        _RISK: f"{run.risk_ppm / PPM * 100:.6g}",
        _SURE: f"{run.level_ppm / PPM * 100:.6g}",
        _EVERY_LOOK: "true",
    }
    by = next((one.dimension for one in run.cuts if one.dimension is not None), None)
    return query if by is None else query | {"by": by}


def change(view: ThresholdView) -> None:
    """The registry change it would be, to be copied, read and applied by whoever answers for it."""
    st.header("The registry change")
    signal = view.threshold.question.selection.signal
    if view.change is None:
        st.markdown(plain(view.no_change))
        links.registry(signal, "The rules in Registry")
        return
    if view.change.plan.empty:
        st.markdown("The entry in force says this already.")
        links.registry(signal, "The rules in Registry")
        return
    st.markdown(
        "Nothing is applied here. Copy the entry, put it into the editor in *Registry*, and apply "
        "it there under your own name."
    )
    st.code(view.change.bands.rstrip("\n"), language="yaml", wrap_lines=True)
    for part in view.changes:
        st.markdown("\n".join(f"- {plain(one)}" for one in (*part.changes, *part.effects)))
        for one in part.refused:
            st.error(plain(one), icon=":material/block:")
        if part.warning:
            st.warning(plain(part.warning), icon=":material/lock_reset:")
    for note in view.change.notes:
        st.markdown(plain(note))
    with st.expander("The whole entry with this threshold", icon=":material/content_copy:"):
        st.code(view.change.entry, language="yaml")
    links.registry(signal, "Open the editor in Registry")

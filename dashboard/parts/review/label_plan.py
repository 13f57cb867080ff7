"""Labels on the page: what they would decide, the sample drawn, handed out, and read back."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.governance.bodies.refusal import Refused
from core.governance.people.names import Directory
from core.governance.permissions import authorize
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.monitoring import audit_draw as audit
from core.monitoring.label_upload import TakenLabels, look
from core.monitoring.label_upload import take as take_in
from core.queries.base.selection import Selection
from core.queries.claims.claim_list import Search
from core.sentences.numbers import VERDICT_WORDS, count, counted, dimension_name, points, value_name
from core.text.markdown import plain, verbatim
from core.text.shown import visible
from core.text.spreadsheet import csv_of
from core.views.review.label_plan.groups import GroupPlan
from core.views.review.label_plan.plan import LabelPlan
from core.views.review.labelling.weekly_audit import WeeklyAudit
from dashboard.cache import views as data
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.label_plan import alt_text_labels, labels_chart
from dashboard.parts.audit import trail_integrity as trail
from dashboard.server import open_ledger as owner
from dashboard.widgets import chart as charted
from dashboard.widgets import tables
from dashboard.widgets.acting import act_button, sign_on
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.acting.announced import done
from dashboard.widgets.filters import Filters
from dashboard.widgets.links import claim_links as claims
from dashboard.widgets.links import page_links as links
from dashboard.widgets.url_choice import choose

#: How the keys of this component's widgets begin.
KEYS = "labels_"
_TAKEN, _ROUND = f"{KEYS}taken", f"{KEYS}round"
#: A widget's choice of no dimension.
_ALL = "all claims together"
_DRAWN = 20
#: As many refused rows stand on the page.
_REFUSED = 20
_CHART_WIDTH = 760
_PLAN = "Every group with its verdict, what is labelled, and what a verdict needs"


def choose_split(chosen: Filters) -> str | None:
    """Whether one answer is wanted or one for each value of a dimension; in the URL."""
    names = [name for name in chosen.splittable() if name != "split"]
    if not names:
        return None
    place, _ = st.columns([1, 2])
    by = choose(
        "Verdict needed for",
        (_ALL, *names),
        key="by",
        place=place,
        format_func=lambda name: name if name == _ALL else f"each {dimension_name(name).lower()}",
        help="Verdicts of several groups are corrected together, as on Segments.",
    )
    return None if by == _ALL else by


def answer(view: LabelPlan, asked: Selection) -> None:
    """What to label, first; ``asked`` is what the filters say."""
    if asked.as_known is not None:
        st.caption(
            "Labels are planned and drawn as things are known now: “As known on” is left out."
        )
    clear = not view.undecided and not view.n_own
    icon = ":material/check_circle:" if clear else ":material/help:"
    st.markdown(f"## {icon} {plain(view.headline)}")
    if view.undecided:
        st.caption(plain(view.details))


def groups(view: LabelPlan) -> None:
    """What each group that cannot be told takes, against what is there; then all as rows."""
    waiting = view.undecided
    if waiting:
        shown = pd.DataFrame(
            [(one.name, one.needed, one.available, one.settles) for one in waiting[:_DRAWN]],
            columns=["name", "needed", "available", "settles"],
        ).astype({"needed": "float64"})
        palette = palette_for(st.context.theme.type)
        chart = partial(labels_chart, shown, palette, width=_CHART_WIDTH)
        with st.container(width=_CHART_WIDTH):
            charted.show(
                chart, alt_text_labels(shown), name="label_plan", behind=_PLAN, stretch=True
            )
        st.caption(
            "Dot: labels needed for a verdict. Bar: unlabelled inputs that may be drawn."
            + (f" The first {_DRAWN} of {len(waiting)}." if len(waiting) > _DRAWN else "")
        )
    said = view.groups if view.n_own and view.by is not None else waiting
    # The headline says it already where there is one group under the signal's own sampling.
    for one in said[: 0 if view.n_own and view.by is None else _DRAWN]:
        name = "" if view.by is None else f"- **{plain(one.name)}**: "
        st.markdown(f"{name}{plain(one.words)}")
    _table(view)


def _table(view: LabelPlan) -> None:
    tables.listed(
        pd.DataFrame([_line(view, one) for one in view.groups]),
        key=f"{KEYS}groups",
        column_config={
            "name": st.column_config.TextColumn("Group", width=110, pinned=True),
            "verdict": st.column_config.TextColumn(
                "Plain verdict", width=120, help="Each label counted once, drawn or not."
            ),
            "gap": _counts("Gap", "In points.", 58),
            "gap_low": _counts("95% from", "In points.", 76),
            "gap_high": _counts("to", "In points.", 58),
            "n": _counts("Labelled", "Claims.", 74),
            "claims": st.column_config.LinkColumn(
                "Claims", width=65, display_text=r"#(.*)$", help="Stated claims. Opens them."
            ),
            "needed": _counts("Needed", "More labelled inputs until a verdict.", 70),
            "whole": _counts(
                "For all", "More labelled inputs until the overall gap is decided.", 66
            ),
            "high": _counts(
                "For high",
                "The same for the high-confidence band, over all bands.",
                72,
            ),
            "available": _counts("Open", "Unlabelled inputs that may be drawn.", 62),
            "waiting": _counts("Waiting", "Those of them that are drawn already.", 70),
            "n_inputs": _counts("Inputs", "Labelled ones.", 64),
        },
        alt=_PLAN,
    )


def _counts(label: str, about: str, width: int) -> ColumnConfig:
    """Numbers as text, so that none reads as a dash; ``width`` so that all columns fit a page."""
    return st.column_config.TextColumn(label, width=width, help=about, alignment="right")


def _line(view: LabelPlan, one: GroupPlan) -> dict[str, object]:
    selection = view.selection
    if view.by is not None:
        selection = selection.narrowed(view.by, one.value)
    query = claims.query_of(Search(selection, stated=True))
    link = None if query is None else f"claims?{urlencode(query, doseq=True)}#{one.n_claims:,}"
    return {
        "name": one.name,
        "verdict": VERDICT_WORDS[one.verdict],
        "gap": points(one.gap, decimals=1),
        "gap_low": points(one.gap_low, decimals=1),
        "gap_high": points(one.gap_high, decimals=1),
        "n": count(one.n),
        "claims": link,
        "needed": count(one.needed),
        "whole": count(one.whole),
        "high": count(one.high),
        "available": count(one.available),
        "waiting": count(one.waiting),
        "n_inputs": count(one.n_inputs),
    }


def draw(view: LabelPlan, state: State, names: Directory, person: Acting | None) -> None:
    """The sample to be drawn: of which groups, how many, by whom."""
    st.header("Draw an audit sample")
    st.markdown(
        "Claims are drawn at random with recorded probabilities, so the result holds for all of "
        "them, also where other labels are picked. A further sample only adds to those before."
    )
    signal = view.selection.signal
    offered = [one for one in view.groups if one.available > one.waiting]
    if not offered:
        st.info(
            f"{counted(view.n_own, 'claim')} under the signal's own sampling are not drawn here; "
            f"{count(view.n_own_unlabelled)} of them are unlabelled."
            if view.n_own
            else "Every claim that could be drawn here is labelled or waits for its label.",
            icon=":material/done_all:",
        )
        return
    if signal not in state.entries:
        st.info(
            "This signal is not registered, so nobody may draw a sample of it yet. Register it "
            "first.",
            icon=":material/assignment_ind:",
        )
        links.registry(signal, "Register it")
        return
    which, many = st.columns([3, 2] if view.by else [1, 2], vertical_alignment="bottom")
    if view.by is None:
        which, many = many, which
    picked, turn = offered, len(view.samples)
    if view.by is not None:
        options = [one.value for one in offered]
        planned = [one.value for one in offered if one.to_draw]
        chosen = which.multiselect(
            "Of",
            options,
            default=planned,
            format_func=lambda one: visible(value_name(one)),
            # Other options, or another sample: another widget, which begins at its default.
            key=f"{KEYS}of_{turn}_{view.by}_{'|'.join(map(str, options))}",
            placeholder="No group is decided by its labels; choose one",
        )
        picked = [one for one in offered if one.value in chosen]
    each = many.number_input(
        "Labels" if view.by is None else "Labels of each",
        min_value=1,
        value=None,
        key=f"{KEYS}each_{turn}",
        placeholder="As planned above",
        help="Unlabelled inputs to expect in the sample, those that wait already included. Left "
        "empty: what the plan needs, where that is there.",
    )
    wanted = {one.value: int(each or one.batch) for one in picked}
    wanted = {value: n for value, n in wanted.items() if n}
    new = sum(max(min(wanted.get(one.value, 0), one.available) - one.waiting, 0) for one in picked)
    if person is None:
        st.caption(sign_on.nobody())
        return
    try:
        actor = person.actor(state, audit.KIND, signal)
        authorize(state, actor, audit.KIND, signal)
    except Refused as refused:
        st.caption(plain(names.named(str(refused))))
        return
    if not wanted:
        none = f"The plan asks for none here, because {view.why_none}."
        if view.n_to_label:
            none = "What the plan asks for is drawn: label it below."
        st.caption(
            f"{none} Say how many labels, and of which groups, to draw a sample all the same."
        )
        return
    if st.button(
        f"Draw about {counted(new, 'claim')} to label as {plain(person.name)}",
        key=f"{KEYS}draw",
        type="primary",
        icon=":material/casino:",
    ):
        try:
            act = audit.draw(owner.office(), actor, view.selection, wanted, view.by)
        except LedgerError as error:
            st.error(plain(names.named(str(error))), icon=":material/block:")
            return
        done(f"Drawn: entry {act.seq} of the trail.")


def weekly(found: WeeklyAudit | None) -> None:
    """What the program draws every week, and which of it waits for labels."""
    if found is None:
        return
    st.header("Weekly audit")
    st.markdown(plain(found.words))
    if not found.waits:
        return
    said = "\n".join(f"- {plain(one)}" for one in found.waits)
    if found.late:
        st.warning(said, icon=":material/schedule:")
    else:
        st.markdown(said)


def hand_out(view: LabelPlan) -> None:
    """The file to be filled in, and the way back in for it."""
    if not view.samples:
        return
    st.header("Label it")
    signal = view.selection.signal
    if view.n_to_label:
        st.markdown(
            "The file has the drawn claims that nobody has labelled, in random order: whoever "
            "stops half way has labelled a random half. It leaves the **confidence out**, because "
            "whoever sees it while labelling leans on it. Fill in `outcome`, 1 for right and 0 for "
            "wrong; the rest may stay empty."
        )
    st.download_button(
        f"Download {counted(view.n_to_label, 'claim')} to label (CSV)",
        data=lambda: csv_of(data.to_label(signal)),
        file_name="labels.csv",
        mime="text/csv; charset=utf-8",
        icon=":material/download:",
        on_click="ignore",
        disabled=not view.n_to_label,
        help="A text that a spreadsheet would run as a formula gets an apostrophe before it; it is "
        "taken off again when the file comes back.",
    )
    if not view.n_to_label:
        st.caption("Nothing to download: every drawn claim is labelled.")
    turn = st.session_state.setdefault(_ROUND, 0)
    file = st.file_uploader("The filled file", type="csv", key=f"{KEYS}file_{turn}")
    if file is not None and _take(signal, file.getvalue(), file.name):
        try:
            taken = take_in(owner.office(), signal, file.getvalue(), file.name)
        except LedgerError as error:
            st.error(plain(str(error)), icon=":material/block:")
            return
        st.session_state[_TAKEN] = (signal, taken)
        st.session_state[_ROUND] = turn + 1
        st.rerun()
    known = st.session_state.get(_TAKEN)
    if known is not None and known[0] == signal:
        _said(known[1])


def _take(signal: str, content: bytes, name: str) -> bool:
    """The button that takes a file in, closed where nothing of it can be; whether it was pressed.

    What would be refused is said before.
    """
    try:
        found, missing = look(owner.office(), signal, content), ""
    except LedgerError as error:
        found, missing = None, str(error)
    if found is not None and not found.n_new:
        missing = f"Nothing to take in. {found.words}"
    pressed = act_button.draw(
        f"Take in {plain(name)}" if found is None else f"Take in {counted(found.n_new, 'label')}",
        missing,
        key=f"{KEYS}take",
        icon=":material/upload:",
    )
    if found is not None and found.refused and not pressed:
        st.markdown(f"Not taken in with them: {counted(len(found.refused), 'row')}.")
        _refused(found)
    return pressed


def _refused(taken: TakenLabels) -> None:
    st.markdown("\n".join(f"- {plain(one.words)}" for one in taken.refused[:_REFUSED]))
    if len(taken.refused) > _REFUSED:
        with st.expander(f"The other {len(taken.refused) - _REFUSED:,} refused rows"):
            st.markdown("\n".join(f"- {plain(one.words)}" for one in taken.refused[_REFUSED:]))


def _said(taken: TakenLabels) -> None:
    """What became of the file that was taken in last."""
    if taken.refused:
        st.warning(plain(taken.words), icon=":material/report:")
        _refused(taken)
        return
    st.success(plain(taken.words), icon=":material/check_circle:")


def drawn(view: LabelPlan) -> None:
    """What the samples say, and each of them with its act."""
    if not view.samples:
        return
    st.header("What the samples say")
    if view.estimate is None:
        st.markdown("Nothing drawn is labelled yet.")
    else:
        st.markdown(f"**{plain(view.estimate.words)}**")
    if view.by is not None:
        said = [one for one in view.groups if one.estimate is not None]
        st.markdown(
            "\n".join(
                f"- {plain(one.name)}: {plain(one.estimate.words)}"
                for one in said
                if one.estimate is not None
            )
        )
    st.caption(
        f"{plain(view.response)} Each label counts for one over its chance (Hájek 1971); the "
        "verdicts above count every label once, also those that were not drawn."
    )
    st.markdown("### Samples of this signal")
    for one in view.samples:
        trail.link(
            one.seq,
            f"{one.when} · {plain(one.who)} · {counted(one.n, 'claim')}, {one.n_labelled:,} "
            f"labelled · entry {one.seq}",
        )
        st.caption(f"{verbatim(one.audit)} {plain(one.of)}")
    st.markdown("To draw them again and compare (stop this server first):")
    st.code(
        trail.command("labels", "verify", "--signal", view.selection.signal),
        language="bash",
        wrap_lines=True,
    )

"""Escalation in practice on the page: rules, load, cost, and breaches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from core.queries.sums.rule_outcomes import Order
from core.sentences.numbers import ABSENT, count, dimension_name, percent
from core.text.markdown import cells, plain, verbatim
from core.views.govern.breaches import DOWNLOAD_SIZE, LEAF_SIZE, BreachesPage
from core.views.govern.escalation import (
    KIND_WORDS,
    EscalationView,
    LabelledShare,
    RuleLine,
    RuleSide,
)
from dashboard.cache import views as data
from dashboard.charts.escalation import alt_text_load, load_chart
from dashboard.charts.kit.palette import palette_for
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import chart as charted
from dashboard.widgets import download, tables
from dashboard.widgets.links import page_links as links
from dashboard.widgets.url_choice import choose

#: How the keys of this page's widgets begin.
KEYS = "breach_"
_KIND, _SORT, _PAGE, _PAGE_OF = (f"{KEYS}{name}" for name in ("kind", "sort", "page", "page_of"))
ROWS = "rows"
_WEEKS = "Claims of each week by what was done with them"
AS_STOOD, AS_IF = "as the versions were", "as if every version could act"
_ORDERS: dict[str, Order] = {
    "newest first": "-ts",
    "oldest first": "ts",
    "wrong first, most confident": "worst",
}


def unregistered(signal: str) -> None:
    """Nothing is written down about the signal."""
    st.info(
        "This signal is not registered, so there is no rule to keep or to breach. The gate sends "
        "every case to review.",
        icon=":material/rule:",
    )
    links.registry(signal, "Write its entry in Registry")


def no_signals() -> None:
    """Neither claims nor entries."""
    st.header("No rules and no claims yet")
    st.markdown("Register what each confidence decides, and log what was done with each case:")
    st.code(trail.command("registry", "apply", "registry.yaml"), language="bash")
    st.code(trail.command("import", "claims.csv"), language="bash")
    st.caption("The action taken goes into the column `action`: automate, review or escalate.")


def headline(view: EscalationView) -> None:
    """What was not kept, and what the bound says."""
    icon = ":material/report:" if view.n_breaches else ":material/check_circle:"
    known = view.registered and (view.n_breaches or (view.done and view.n_claims))
    st.markdown(f"## {icon + ' ' if known else ''}{plain(view.headline)}")
    if view.said or view.gate:
        st.caption(plain(" ".join(filter(None, (view.gate, *view.said)))))


_BOUND_LOOKS = {
    "met": (":material/check_circle:", "green", "Bound met"),
    "missed": (":material/cancel:", "red", "Bound missed"),
    "undecided": (":material/help:", "orange", "Bound: too few labels"),
    None: (":material/do_not_disturb_on:", "gray", "No bound"),
}


def sides(view: EscalationView) -> None:
    """What the rules ask for beside what was done, and the bound on errors."""
    icon, colour, words = _BOUND_LOOKS[view.bound.outcome]
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
        st.markdown(plain(view.bound.words), width="content")
    written = _side(view.written)
    done = _side(view.done) if view.done else dict.fromkeys(written, "not logged")
    frame = pd.DataFrame(
        {
            "In these days": [f"**{name}**" for name in written],
            "Policy": [plain(one) for one in written.values()],
            "Practice": [plain(one) for one in done.values()],
        }
    )
    st.table(frame, border="horizontal", hide_index=True, alt="Policy beside practice")
    if view.entry is not None:
        with st.container(horizontal=True, gap="small"):
            links.registry(view.signal, "The rules in Registry")
            trail.link(view.entry, f"Set by entry {view.entry} of the trail")


def _side(side: RuleSide) -> dict[str, str]:
    n = sum(side.n.values())
    automated = side.n["automate"]
    share = f", {percent(automated / n)} of all" if automated else ""
    return {
        "Automated": f"{count(automated)}{share}",
        "Wrong among the automated": side.wrong.words if automated else "nothing is automated",
        "Reviews a week": f"{side.reviews:,.0f}",
        "Escalations a week": f"{side.escalations:,.0f}",
        "Expected cost a week": side.cost.words,
    }


def rules(view: EscalationView) -> None:
    """Every row of the rules with the cases it took, or would have taken."""
    place, _ = st.columns([2, 3])
    how = choose("Cases by rule", (AS_STOOD, AS_IF), key=ROWS, place=place)
    if how == AS_IF:
        view = data.escalation(view.signal, view.first, view.last, as_if=True)
    elif view.none_acted:
        st.caption(
            f"No version could act in these days, so every case fell back. Choose “{AS_IF}” to see "
            "how the bands would take them."
        )
    shown = [one for one in view.rules if not one.row.case or one.n_cases]
    st.dataframe(
        cells(pd.DataFrame([_line(one) for one in shown])),
        hide_index=True, placeholder=tables.NOTHING,
        height="content",
        key=f"{KEYS}rules",
        column_config={
            "whom": st.column_config.TextColumn("For", width=100),
            "words": st.column_config.TextColumn("Confidence", width=185),
            "action": st.column_config.TextColumn("Action", width=72),
            "queue": st.column_config.TextColumn(
                "Queue, time", width=136, help="Where its cases wait, and how long at most."
            ),
            "cases": st.column_config.TextColumn("Cases", width=86),
            "week": st.column_config.TextColumn(
                "A week", width=58, help="Cases a week that people have to look at."
            ),
            "right": st.column_config.TextColumn(
                "Right", width=146, help="Of the labelled, with the 95% interval."
            ),
            "automated": st.column_config.NumberColumn(
                "Automated", format="localized", width=78,
                help="Cases that were automated, whatever the row asks for.",
            ),
            "wrong": st.column_config.TextColumn(
                "Wrong of these", width=146,
                help="Wrong ones among the labelled of the automated, with the 95% interval.",
            ),
            "less": st.column_config.NumberColumn(
                "Too lax", format="localized", width=75,
                help="Cases handled less strictly than this row asks for.",
            ),
            "rule": st.column_config.TextColumn("Rule", width=260),
        },
        alt="Each row of the rules with queue, cases, accuracy and errors",
    )  # fmt: skip
    left = [one.row.rule for one in view.rules if one not in shown]
    if left:
        st.caption(f"Without a case: {plain(', '.join(left))}.")


def _line(one: RuleLine) -> dict[str, object]:
    row = one.row
    acts = row.action == "automate"
    return {
        "whom": row.whom,
        "words": row.words,
        "action": row.action,
        "queue": one.queue or (ABSENT if acts else "not registered"),
        "cases": f"{count(one.n_cases)}, {percent(one.share)}" if one.n_cases else "0",
        "week": ABSENT if acts else f"{one.a_week:,.0f}",
        "right": _short(one.right),
        "automated": one.automated,
        "wrong": _short(one.wrong) if one.automated else ABSENT,
        "less": one.n_breaches,
        "rule": row.rule,
    }


def _short(share: LabelledShare) -> str:
    if share.share is None:
        return ABSENT if not share.n_claims else "no label yet"
    ends = f"{percent(share.low).removesuffix('%')}–{percent(share.high)}"
    return f"{percent(share.share)} ({ends}), n {count(share.n)}"


def load(view: EscalationView) -> None:
    """What was done, by week."""
    if view.weeks.empty or view.done is None:
        st.markdown("No action was logged in these days.")
        return
    chart = partial(load_chart, view.weeks, palette_for(st.context.theme.type))
    charted.show(chart, alt_text_load(view.weeks), name="load", behind=_WEEKS)
    notes = "ISO weeks; the first and the last may be cut short by the days chosen."
    if view.n_breaches:
        notes = f"▲ breaches of the week. {notes}"
    st.caption(notes)
    with st.expander("The figures of this chart", icon=":material/table_rows:"):
        tables.figures(
            view.weeks,
            {
                "week": "Week",
                "done": "Was",
                "n": tables.number("Claims"),
                "n_breaches": tables.number("Breaches"),
            },
            key=f"{KEYS}weeks",
            alt=_WEEKS,
        )


def listed(view: EscalationView) -> None:
    """The breaches one by one, each the way to its claim."""
    if not view.n_breaches:
        st.markdown("None in these days." if view.done else "Not known: no action was logged.")
        return
    _by_rule(view)
    kinds = dict(view.kinds)
    chosen_at, sort_at, _ = st.columns([3, 2, 1], vertical_alignment="bottom")
    chosen: Sequence[str] = chosen_at.multiselect(
        "Which",
        [KIND_WORDS[kind] for kind in kinds],
        key=_KIND,
        bind="query-params",
        placeholder="All",
    )
    sort = sort_at.selectbox("Sort", tuple(_ORDERS), key=_SORT, bind="query-params")
    asked = tuple(kind for kind in kinds if KIND_WORDS[kind] in chosen)
    total = sum(kinds[kind] for kind in asked or kinds)
    leaf = _leaf((view.signal, view.first, view.last, asked, sort), total)
    order = _ORDERS[sort]
    found = data.breaches(view.signal, view.first, view.last, asked, order, leaf)
    _table(view.signal, found)
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        if found.n_leaves > 1:
            st.pagination(found.n_leaves, key=_PAGE, bind="query-params")
        _download(view, asked, order, total)


def _leaf(of: tuple[object, ...], total: int) -> int:
    """Which leaf to show: from the URL, and the first whenever the question changes."""
    leaves = max(1, -(-total // LEAF_SIZE))
    asked = st.session_state.get(_PAGE) or st.query_params.get(_PAGE, "1")
    leaf = int(asked) if str(asked).isdecimal() else 1
    if st.session_state.get(_PAGE_OF, of) != of or not 1 <= leaf <= leaves:
        leaf = 1
        st.session_state[_PAGE] = 1
    st.session_state[_PAGE_OF] = of
    return leaf


def _download(view: EscalationView, kinds: tuple[str, ...], order: Order, total: int) -> None:
    signal, first, last = view.signal, view.first, view.last
    download.button(
        lambda: data.all_breaches(signal, first, last, kinds, order),
        n_rows=total,
        most=DOWNLOAD_SIZE,
        name=f"breaches-{signal}-{first}-{last}",
    )


def _by_rule(view: EscalationView) -> None:
    frame = pd.DataFrame(
        {
            "Which": [KIND_WORDS[one.kind] for one in view.lines],
            "Rule that was not kept": [verbatim(one.rule) for one in view.lines],
            "Breaches": [count(one.n) for one in view.lines],
            "Automated": [count(one.n_automated) for one in view.lines],
            "Wrong": [one.wrong.words for one in view.lines],
        }
    )
    st.table(frame, border="horizontal", hide_index=True, alt="Breaches by rule")


def _table(signal: str, found: BreachesPage) -> None:
    frame = found.frame
    segments = [
        name for name in frame.columns if name.startswith("seg_") and frame[name].notna().any()
    ]
    shown = frame.assign(
        confidence=frame["confidence"] * 100,
        claim=[links.claim_address(signal, event) for event in frame["event_id"]],
        act=[f"decision_trail?{urlencode({trail.OPENED: seq})}#{seq}" for seq in frame["entry"]],
    )
    tables.listed(
        shown,
        key=f"{KEYS}list",
        tallest=tables.FIFTEEN,
        column_order=(
            *("claim", "ts", "event_id", "confidence", "done", "required", "outcome", "why"),
            *("kind", "gate", *segments, "model_version", "prompt_version", "act"),
        ),
        column_config={
            "claim": st.column_config.LinkColumn(
                "Claim", display_text="Open", width=60, pinned=True,
                help="Opens the claim with its rule, the gate's answer and the registry entry.",
            ),
            "ts": st.column_config.DatetimeColumn(
                "Time (UTC)", format="YYYY-MM-DD HH:mm:ss", width=150
            ),
            "event_id": st.column_config.TextColumn("Event", width=105),
            "confidence": st.column_config.NumberColumn("Stated", format="%.7g%%", width=70),
            "done": st.column_config.TextColumn("Was", width=82),
            "required": st.column_config.TextColumn("Required", width=80),
            "outcome": st.column_config.TextColumn("Outcome", width=112),
            "why": st.column_config.TextColumn("Why it was required", width=330),
            "kind": st.column_config.TextColumn("Which", width=190),
            "gate": st.column_config.TextColumn("The gate", width=170),
            **{
                name: st.column_config.TextColumn(dimension_name(name.removeprefix("seg_")))
                for name in segments
            },
            "model_version": st.column_config.TextColumn("Model version"),
            "prompt_version": st.column_config.TextColumn("Prompt version"),
            "act": st.column_config.LinkColumn(
                "Registry entry", display_text=r"#(.*)$", width=110,
                help="The entry of the trail that set the rules in force then.",
            ),
        },
        alt="The breaches, one line each",
    )  # fmt: skip

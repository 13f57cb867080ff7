"""Finding acts: what to look for, and the list of what was found."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from core.text.shown import visible
from core.trail.act_search import ActSearch
from core.views.audit.decision_trail import Choices, TrailView
from core.views.audit.trail_integrity import Wholeness
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import tables
from dashboard.widgets.url_choice import choose

_LEAF, _LEAF_OF, _TURN = "leaf", "leaf_of", "acts_turn"
_ANYBODY = "anybody"
#: The days that can be chosen.
_FIRST_DAY = date(1970, 1, 1)
#: Pixels of the list while an act is open beneath it.
_SHORT = 283


def search(choices: Choices) -> ActSearch:
    """Draw the filters of the list, all of them in the URL, and say what is looked for."""
    what, who = st.columns([2, 1], vertical_alignment="bottom")
    kinds = what.multiselect(
        "What was done",
        tuple(choices.kinds),
        key="kind",
        bind="query-params",
        placeholder="Anything",
        help="A group of acts, or one kind of them.",
    )
    with who:
        sub = choose(
            "Who",
            (_ANYBODY, *choices.people),
            key="who",
            format_func=lambda one: "Anybody" if one == _ANYBODY else choices.people[one],
            help="What a person did, and what was recorded about them. The link names their "
            "opaque id, which stays when a name is erased.",
        )
    about, first, last = st.columns([2, 1, 1], vertical_alignment="bottom")
    signal = about.selectbox(
        "Signal",
        choices.signals,
        index=None,
        format_func=visible,
        key="about",
        bind="query-params",
        placeholder="Any",
        help="Without a choice also acts that are about the ledger as a whole.",
    )
    since, until = (
        place.date_input(
            label,
            value=None,
            min_value=_FIRST_DAY,
            key=key,
            bind="query-params",
            format="YYYY-MM-DD",
            help=help_,
        )
        for place, label, key, help_ in (
            (first, "From", "from", "First day, UTC."),
            (last, "To", "to", "Last day, UTC, included."),
        )
    )
    return ActSearch(
        signal=signal,
        who=None if sub == _ANYBODY else sub,
        kinds=tuple(dict.fromkeys(kind for words in kinds for kind in choices.kinds[words])),
        since=since,
        until=until,
    )


def leaf_number(asked: ActSearch) -> int:
    """Which leaf of the list is asked for: 1 whenever the search changes."""
    if st.session_state.get(_LEAF_OF, asked) != asked:
        st.session_state[_LEAF] = 1
    st.session_state[_LEAF_OF] = asked
    known = st.session_state.get(_LEAF, st.query_params.get(_LEAF, 1))
    try:
        return max(1, int(known))
    except ValueError:
        return 1


def leaves(view: TrailView) -> None:
    """The choice of the leaf, where there are several."""
    if st.session_state.get(_LEAF, 1) > view.n_leaves:
        st.session_state[_LEAF] = view.n_leaves
    if view.n_leaves > 1:
        st.pagination(view.n_leaves, key=_LEAF, bind="query-params")


def listed(view: TrailView, opened: int | None) -> None:
    """One leaf of the acts found; ticking a row opens it, unticking closes it.

    Args:
        view: the leaf.
        opened: the act that is open.
    """
    seqs = tuple(one.seq for one in view.rows)
    key = _key(seqs, opened)
    frame = pd.DataFrame(
        [
            {
                "seq": one.seq,
                "at": one.at,
                "who": one.who,
                "what": f"⚠ {one.short}" if one.fault else one.short,
                "moved": one.moved,
                "about": one.about,
                "role": one.role,
                "assurance": one.assurance,
            }
            for one in view.rows
        ]
    )
    tables.listed(
        frame,
        key=key,
        tallest=tables.FIFTEEN if opened is None else _SHORT,
        on_select=lambda: _open_ticked(key, seqs),
        selection_mode="single-row",
        column_config={
            "seq": st.column_config.NumberColumn("Entry", width=60, format="%d"),
            "at": st.column_config.DatetimeColumn(
                "Time (UTC)", format="YYYY-MM-DD HH:mm", width=125
            ),
            "who": st.column_config.TextColumn("Who", width=130),
            "what": st.column_config.TextColumn("What", width=440),
            "moved": st.column_config.TextColumn("Before → after", width=110),
            "about": st.column_config.TextColumn(
                "About", width=240, help="The signal, and the fingerprint where it is about one."
            ),
            "role": st.column_config.TextColumn("Role", width=100),
            "assurance": st.column_config.TextColumn(
                "Assurance",
                width=100,
                help="How it is known that it was they. none: nobody signed on.",
            ),
        },
        alt="The acts found, one line each, the newest first",
    )


def _key(seqs: tuple[int, ...], opened: int | None) -> str:
    """The list's key.

    A tick belongs to the rows it was made on, and must not pass to others in their place; where
    another act was opened since, it is taken away.
    """
    turn = st.session_state.get(_TURN, 0)
    key = f"acts_{abs(hash(seqs))}_{turn}"
    ticked = st.session_state[key].selection.rows if key in st.session_state else []
    if ticked and seqs[ticked[0]] != opened:
        st.session_state[_TURN] = turn + 1
        return _key(seqs, opened)
    return key


def flagged(view: TrailView, whole: Wholeness) -> None:
    """Which entries of this leaf are not as they were signed."""
    bad = [one.seq for one in view.rows if one.seq in whole.bad or one.fault]
    if bad:
        which = ", ".join(str(seq) for seq in bad[:20]) + (" …" if len(bad) > 20 else "")
        st.warning(
            f"Of the entries below, {which} {'is' if len(bad) == 1 else 'are'} not as signed, "
            "or not what follows from the one before.",
            icon=":material/gpp_bad:",
        )


def _open_ticked(key: str, seqs: tuple[int, ...]) -> None:
    """Carry the ticked row into the field that opens an act, and so into the link."""
    ticked = st.session_state[key].selection.rows
    st.session_state[trail.OPENED] = seqs[ticked[0]] if ticked else None

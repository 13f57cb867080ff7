"""The way to an act, and whether the whole trail is as it was signed."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.sentences.numbers import counted
from core.text.markdown import plain, verbatim
from core.text.shown import shell_word
from core.trail.problems import Problem
from core.views.audit.trail_integrity import Wholeness
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from dashboard.server import verifying
from dashboard.widgets.acting import sign_on
from dashboard.widgets.tall import tall_key

PAGE, ICON = PAGES["decision_trail"].path, PAGES["decision_trail"].icon
#: The opened act's number, in the session and in the URL.
OPENED = "entry"
#: The names of the list's filters in the URL.
FILTERS = ("kind", "who", "about", "from", "to", "leaf")

#: Seconds between two looks at a verification under way.
_GLANCE = 0.5
#: Pixels of what is said of a trail that is intact.
_TALL = 300
#: The switch for names in the export, in the session.
NAMES = "export_names"
#: Names of the files that are handed out.
EXPORT, CHECKPOINTS = "trail.jsonl", "checkpoints.txt"


def link(seq: int, label: str) -> None:
    """A link to one act of the trail.

    Args:
        seq: its number.
        label: Markdown; logged text in it has to be safe already.
    """
    st.page_link(PAGE, label=label, icon=ICON, query_params={OPENED: str(seq)})


def step(seq: int, label: str, *, icon: str = ICON) -> None:
    """A link from this page to another act; the filters of the list stay, and in the URL, too."""
    kept = {name: st.query_params.get_all(name) for name in FILTERS}
    query = {name: values for name, values in kept.items() if values}
    st.page_link(PAGE, label=label, icon=icon, query_params={**query, OPENED: str(seq)})


def command(*words: str) -> str:
    """A command line about this ledger."""
    return " ".join(("calledger", *map(shell_word, words), "--ledger", shell_word(owner.path())))


def not_begun() -> None:
    """The trail has no entry yet."""
    st.header("The trail has not begun")
    st.markdown(
        "It begins with the first act: the first file imported, or the first registry entry "
        "applied. From then on every sign-off, waiver, suspension and rule change stands here, "
        "each signed. Stop this server first: one process owns the ledger."
    )
    st.code(command("registry", "apply", "registry.yaml"), language="bash", wrap_lines=True)


def place() -> DeltaGenerator:
    """Where `whole` will stand, as tall as it is where nothing is wrong."""
    with st.container(border=True, key=tall_key("trail_whole", _TALL)):
        here = st.empty()
        here.caption("Verifying every entry, checkpoint and piece of evidence, and new seals …")
    return here


def whole(found: Wholeness) -> None:
    """Whether the trail is intact, what vouches for it, and what the auditor takes away."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if not found.whole:
            st.badge("Not intact", icon=":material/gpp_bad:", color="red")
        elif found.rows_verified:
            st.badge("Intact", icon=":material/verified:", color="green")
        else:
            st.badge("Rows not verified", icon=":material/pending:", color="orange")
        st.caption(" ".join(found.verified))
    st.markdown(f"## {plain(found.headline)}")
    for problem in found.problems:
        _problem(problem)
    if found.more:
        st.markdown(found.more)
    icon = ":material/link:" if found.anchored else ":material/link_off:"
    if found.anchoring:
        st.markdown("  \n".join(f"{icon} {plain(line)}" for line in found.anchoring))
    with st.container(horizontal=True, vertical_alignment="center"):
        _handed_out(found)
    if not found.by_visit:
        _under_way()
    _vouched(found)
    _how_to_verify(found)


def _vouched(found: Wholeness) -> None:
    with st.expander("Who signed, and what is not covered", icon=":material/draw:"):
        for line in found.signers:
            st.markdown(plain(line))
        for remark in found.remarks:
            st.markdown(plain(remark))


def _problem(problem: Problem) -> None:
    if problem.seq is None:
        st.markdown(f":material/error: {plain(problem.words)}")
    else:
        step(problem.seq, plain(problem.words), icon=":material/error:")


def _handed_out(found: Wholeness) -> None:
    """Buttons: the export, the newest checkpoint, and verifying once more."""
    names = st.toggle(
        "Names in the export",
        key=NAMES,
        help="Off, the export holds opaque ids. On, it also holds people's names and the salts "
        "that prove them, so that verifying it says who signed; it keeps a name that is erased "
        "here.",
    )
    st.download_button(
        "Export for the auditor",
        data=partial(data.trail_export, names=names),
        file_name=EXPORT,
        mime="application/x-ndjson",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
        disabled=bool(found.no_export),
        help="One file with every entry, its signed checkpoint, and the evidence that is cited. "
        "It can be verified without the ledger.",
    )
    if found.no_export:
        st.caption(f":material/block: {plain(found.no_export)}")
    if found.newest is not None:
        st.download_button(
            "Newest checkpoint",
            data=found.newest.note,
            file_name=CHECKPOINTS,
            mime="text/plain",
            icon=":material/anchor:",
            on_click="ignore",
            help="Keep it where nobody who runs this ledger can write: whatever is changed in the "
            "trail up to here, it shows.",
        )
    st.button(
        "Verify now",
        icon=":material/refresh:",
        on_click=data.verify_now,
        kwargs={"in_background": not found.by_visit},
        disabled=verifying.now().running,
        help="Every entry, checkpoint, piece of evidence and sealed row. A visit verifies only "
        "what is new where the ledger is large, and the daily check all of it.",
    )


def _under_way() -> None:
    """How far the verification of everything is; the page is drawn anew when it ends."""
    status = verifying.now()
    if status.failed:
        st.error(plain(f"Verifying ended early: {status.failed}"), icon=":material/error:")
    if status.running:
        _progress()


@st.fragment(run_every=_GLANCE)
def _progress() -> None:
    sign_on.still_signed_on()
    status = verifying.now()
    if not status.running:
        st.rerun()
    st.progress(status.fraction, text=f"Verifying all of it: {status.stage} …")


def _how_to_verify(found: Wholeness) -> None:
    with st.expander("The checkpoint, and how to verify this yourself", icon=":material/terminal:"):
        if found.newest is not None:
            if found.newest.size is not None:
                st.markdown(
                    f"Newest checkpoint: {counted(found.newest.size, 'entry', 'entries')}, "
                    f"root {verbatim(found.newest.root or '')}."
                )
            st.markdown("As it is kept: the trail's name, its size, its root, signed.")
            st.code(found.newest.note, language=None, wrap_lines=True)
        if found.key is not None:
            st.markdown("The public key that signs it; compare it with the one you were given.")
            st.code(found.key, language=None, wrap_lines=True)
        st.markdown(
            f"The export on any machine, against checkpoints kept before in `{CHECKPOINTS}`:"
        )
        st.code(
            f"calledger trail verify {EXPORT} --held {CHECKPOINTS}",
            language="bash",
            wrap_lines=True,
        )
        st.markdown(
            "The ledger itself, with everything that is sealed (stop this server first), and a "
            "checkpoint to keep elsewhere:"
        )
        st.code(
            f"{command('trail', 'verify')}\n{command('trail', 'checkpoint')} >> {CHECKPOINTS}",
            language="bash",
            wrap_lines=True,
        )
        st.markdown(
            f"To have every checkpoint written elsewhere by itself, name the place in "
            f"{verbatim(owner.path() + '.anchors')}, one a line: `file PATH`, or `git DIR`; or "
            "`tsa URL ROOT.pem`, a time stamp authority, which says since when the trail is kept."
        )

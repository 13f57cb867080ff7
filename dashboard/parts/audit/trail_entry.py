"""One act end to end: who, from what to what, on which numbers, signed how, and the proof."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.text.markdown import cells, plain, verbatim
from core.text.shown import visible
from core.views.audit.decision_trail import TrailRow
from core.views.audit.trail_entry import ActView, ChangedField, Evidence, SignatureShown
from core.views.audit.trail_integrity import Wholeness
from dashboard.cache import views as data
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import tables

#: Pixels of the two halves; one below the other where the page is narrow.
_HALF = 470


def chosen() -> int | None:
    """The field that opens an act; the number of the act it names, None when it is empty."""
    field, _ = st.columns([2, 3])
    seq = field.number_input(
        "Open an act",
        value=None,
        min_value=0,
        step=1,
        key=trail.OPENED,
        bind="query-params",
        placeholder="Tick a row above, or give an entry's number",
    )
    return None if seq is None else int(seq)


def opened(seq: int, whole: Wholeness) -> None:
    """An act, or that there is none of this number."""
    view = data.act(seq)
    if view is None:
        st.info(
            f"The trail has no entry {seq}; its last is {whole.n_entries - 1}.",
            icon=":material/search_off:",
        )
        return
    _draw(view, whole)


def _draw(view: ActView, whole: Wholeness) -> None:
    st.header(f"Entry {view.seq}")
    st.markdown(f"## {plain(view.headline)}")
    with st.container(horizontal=True, gap="medium"):
        _neighbour("The act before it", view.before)
        _neighbour("The act after it", view.after)
    _faults(view, whole)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_HALF):
            tables.facts("Who did it", view.done, none="It cannot be read.")
        with st.container(width=_HALF):
            tables.facts("Content", view.said, none="Nothing more.")
    if view.signature is not None:
        _signature(view.signature)
    if view.change is not None:
        _change(view.change)
    for one in view.evidence:
        _evidence(one)
    _proof(view)


def _neighbour(label: str, row: TrailRow | None) -> None:
    """A link to the act before or after this one that is about the same."""
    if row is not None:
        trail.step(row.seq, f"{label}: entry {row.seq}, {plain(row.who)}")


def _faults(view: ActView, whole: Wholeness) -> None:
    found = [*view.faults]
    found += [one.words for one in whole.problems if one.seq == view.seq and one.kind != "held"]
    if found:
        listed = "\n".join(f"- {plain(words)}" for words in dict.fromkeys(found))
        st.error(f"Nothing here can be relied on:\n{listed}", icon=":material/gpp_bad:")


def _signature(signed: SignatureShown) -> None:
    st.markdown("### Signature")
    st.markdown(f"> {plain(signed.meaning)}")
    st.markdown(
        f"Signed by {plain(signed.by)} on {signed.at}, over the evidence "
        f"{verbatim(signed.evidence)}."
    )
    st.markdown(f"Assurance {plain(signed.assurance)}.")


def _change(change: ChangedField) -> None:
    st.markdown("### What changed in the registry entry")
    st.markdown(change.summary)
    st.markdown(
        "\n".join(
            f"- {plain(one.words)}"
            + (" :gray[(validations rest on it)]" if one.material and change.before else "")
            for one in change.differences
        )
    )
    if change.before_seq is not None:
        trail.step(change.before_seq, f"The entry before: entry {change.before_seq} of the trail")
    with st.expander("The whole entry as a registry file has it", icon=":material/data_object:"):
        if change.before is None:
            st.code(change.after, language="yaml")
            return
        before, after = st.columns(2)
        before.markdown("**Before**")
        before.code(change.before, language="yaml", wrap_lines=True)
        after.markdown("**After**")
        after.code(change.after, language="yaml", wrap_lines=True)


def _evidence(evidence: Evidence) -> None:
    st.markdown("### Evidence")
    st.markdown(f"{verbatim(evidence.sha256)}")
    if not evidence.readable:
        st.error(plain(evidence.summary), icon=":material/gpp_bad:")
        return
    st.markdown(plain(evidence.summary))
    st.dataframe(
        cells(
            pd.DataFrame(
                [(one.outcome, one.sample, one.words) for one in evidence.judged],
                columns=["outcome", "sample", "words"],
            )
        ),
        hide_index=True,
        placeholder=tables.NOTHING,
        key=f"criteria_{evidence.sha256}",
        column_config={
            "outcome": st.column_config.TextColumn("Outcome", width=90),
            "sample": st.column_config.TextColumn("Of", width=150),
            "words": st.column_config.TextColumn("Criterion", width=700),
        },
        alt="Every criterion of the evidence, met or missed",
    )
    if evidence.untold:
        st.markdown("What is not decided:")
        st.markdown("\n".join(f"- {plain(one)}" for one in evidence.untold))
    st.markdown("To recompute it from the ledger (stop this server first):")
    st.code(trail.command("evidence", "verify", evidence.sha256), language="bash", wrap_lines=True)


def _proof(view: ActView) -> None:
    """The exact text, its place in the tree, and how to check both without trusting this page."""
    st.markdown("### Proof")
    if view.proof is None:
        st.error(plain(view.no_proof), icon=":material/gpp_bad:")
    else:
        st.markdown(
            f"Checked just now: this text is entry {view.seq} of the {view.n_entries:,} that the "
            "newest checkpoint was signed over. To check it elsewhere, take both files and the "
            "public key."
        )
    entry, proof = f"entry-{view.seq}.json", f"entry-{view.seq}.proof"
    with st.container(horizontal=True):
        _download("The entry", view.text, entry)
        if view.proof is not None:
            _download("Its proof", view.proof, proof)
    hashes = [f"Leaf hash {verbatim(view.leaf)}"]
    hashes += [f"Entry before it {verbatim(view.prev)}"] if view.prev else []
    st.markdown("  \n".join(hashes))
    with st.expander("The exact text that is hashed", icon=":material/data_object:"):
        st.code(visible(view.text), language="json", wrap_lines=True)
        if visible(view.text) != view.text:
            st.caption("Hidden characters are shown as escapes; the file has the exact bytes.")
    with st.expander("The checkpoint signed with it, and the proof", icon=":material/anchor:"):
        if view.checkpoint is None:
            st.markdown("The checkpoint that was signed with it is gone.")
        else:
            st.code(view.checkpoint, language=None, wrap_lines=True)
        if view.proof is not None:
            st.markdown("That it is in the newest one (c2sp.org/tlog-proof):")
            st.code(view.proof, language=None, wrap_lines=True)
    with st.expander("Check it on the command line", icon=":material/terminal:"):
        _commands(entry, proof, view.key, has_proof=view.proof is not None, seq=view.seq)


def _commands(entry: str, proof: str, key: str | None, *, has_proof: bool, seq: int) -> None:
    st.markdown("The leaf hash, with standard tools only:")
    st.code(f"(printf '\\000'; cat {entry}) | sha256sum", language="bash", wrap_lines=True)
    if not has_proof or key is None:
        return
    st.markdown("That the entry is in the signed tree, without the ledger:")
    st.code(
        f"calledger trail check-proof {proof} {entry} --key '{key}'",
        language="bash",
        wrap_lines=True,
    )
    st.markdown("The same proof made from the ledger (stop this server first):")
    st.code(trail.command("trail", "proof", str(seq)), language="bash", wrap_lines=True)


def _download(label: str, text: str, name: str) -> None:
    st.download_button(
        f"{label} ({name})",
        data=text,
        file_name=name,
        mime="text/plain",
        icon=":material/download:",
        on_click="ignore",
        key=name,
    )

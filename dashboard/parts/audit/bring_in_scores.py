"""A dropped file of another tool's scores: say which is what, try it, import it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.ingest.dry_run import dry_run
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary
from core.intake.formats.base import KnownFormat
from core.intake.formats.reading import ScoresFound, said_of, scores_in, with_usual, write_rows
from core.intake.otlp.mapping import SOURCES, OtlpMapping, mapping_beside
from core.text.markdown import plain
from dashboard.parts.audit import bring_in_told as told
from dashboard.server import open_ledger as owner

_KEY = "bring_in_scores"
_SEEN, _TRIED = f"{_KEY}_seen", f"{_KEY}_tried"
_NONE = "none"


@dataclass(frozen=True)
class _Tried:
    """A file tried in one way.

    Attributes:
        folder: holds the parts for as long as this is kept.
        parts: files of our own fields, claims before outcomes.
        notices: what was decided and left out.
        found: what would come of each part.
    """

    folder: tempfile.TemporaryDirectory[str]
    parts: tuple[Path, ...]
    notices: tuple[str, ...]
    found: tuple[ImportSummary, ...]


def draw(path: Path, known: KnownFormat, key: str) -> tuple[ImportSummary, ...]:
    """Everything below the preview; what came in, once the button was pressed.

    Args:
        key: of this file.

    Raises:
        UnusableFile: it cannot be read as such scores.
    """
    seen = _seen(path, known, key)
    mapping = mapping_beside(owner.path())
    how, missing = _said(path, known, seen, mapping, key)
    if missing:
        st.markdown(f":material/arrow_upward: {plain(missing)}")
        return ()
    tried = _tried(path, known, how, mapping, key)
    told.counts(tried.found)
    # Of the outcomes' own file there is nothing to say: what it has is known.
    told.bullets((*tried.notices, *tried.found[0].notices))
    plainly = replace(how, signal=None, values={}, scores={})
    return told.import_button(dict.fromkeys(tried.parts, plainly), tried.found, f"{_KEY}_import")


def _seen(path: Path, known: KnownFormat, key: str) -> ScoresFound:
    kept = st.session_state.get(_SEEN)
    if kept is None or kept[0] != key:
        st.session_state[_SEEN] = kept = (key, scores_in(path, known))
    found: ScoresFound = kept[1]
    return found


def _said(
    path: Path, known: KnownFormat, seen: ScoresFound, mapping: OtlpMapping, key: str
) -> tuple[FileMapping, str]:
    """What people chose, and what they still have to say; "": nothing."""
    key = f"{_KEY}_{key}"
    usual = with_usual(path.name, known, said_of(FileMapping(), mapping))
    mapped = any(mapping.names.get(name) is not None for name in seen.names)
    scores, missing = {"format": known.name}, []
    columns = st.columns(4)
    with columns[0]:
        confidence = _score("Which score is the confidence", seen, usual.confidence, key)
        signal = ""
        if confidence is not None:
            scores["confidence"] = confidence
            signal = st.text_input("Name of the signal", key=f"{key}_signal").strip()
            if not signal:
                missing.append("name the signal")
    with columns[1]:
        outcome = _score("Which score is the outcome", seen, usual.outcome, key)
        words = ""
        if outcome is not None:
            scores["outcome"] = outcome
            words = st.text_input(
                "Words for outcomes", key=f"{key}_words", placeholder="solved=1, open=0"
            )
    with columns[2]:
        if outcome in seen.unjudged:
            who = st.selectbox(
                "Who judged, where it is not said", SOURCES,
                index=SOURCES.index(usual.source) if usual.source else None,
                key=f"{key}_source", placeholder="Choose",
            )  # fmt: skip
            if who is None:
                missing.append("choose who judged")
            else:
                scores["outcome_source"] = who
    with columns[3]:
        if confidence in seen.untimed and usual.at is None:
            at = st.text_input(
                "When it was stated", key=f"{key}_at", placeholder="2026-11-29T09:00:00Z"
            ).strip()
            if at:
                scores["at"] = at
            else:
                missing.append("say when it was stated")
        if known.run is not None and usual.run is None:
            run = st.text_input("Name of the run", key=f"{key}_run").strip()
            if run:
                scores["run"] = run
            else:
                missing.append("name the run, for other runs number their records alike")
    if confidence is None and outcome is None and not mapped:
        missing = ["choose which score is the confidence, which the outcome, or both"]
    meanings = dict(
        one.strip().partition("=")[::2] for one in words.lower().split(",") if "=" in one
    )
    values = {"outcome": {k.strip(): v.strip() for k, v in meanings.items()}} if meanings else {}
    how = FileMapping(signal=signal or None, values=values, scores=scores)
    return how, _sentence(missing)


def _score(label: str, seen: ScoresFound, usual: str | None, key: str) -> str | None:
    options = [_NONE, *seen.names]
    chosen = st.selectbox(
        label,
        options,
        index=options.index(usual) if usual in options else 0,
        key=f"{key}_{label}",
        format_func=lambda one: one if one == _NONE else f"{one} ({seen.names[one]:,})",
    )
    return None if chosen == _NONE else chosen


def _sentence(missing: Sequence[str]) -> str:
    said = "; ".join(missing)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _tried(
    path: Path, known: KnownFormat, how: FileMapping, mapping: OtlpMapping, key: str
) -> _Tried:
    asked = (key, how.said())
    kept = st.session_state.get(_TRIED)
    if kept is None or kept[0] != asked:
        with st.spinner("Trying it …"):
            folder = tempfile.TemporaryDirectory(prefix="calledger-scores-")
            written = write_rows(path, known, said_of(how, mapping), Path(folder.name))
            ledger = owner.office().ledger
            found = tuple(dry_run(ledger, part).first for part in written.files)
        st.session_state[_TRIED] = kept = (
            asked,
            _Tried(folder, written.files, written.notices, found),
        )
    tried: _Tried = kept[1]
    return tried

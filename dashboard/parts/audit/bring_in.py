"""Bring in a file on the Data page: look at it, say how it is read, try it, import it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import streamlit as st

from core.ingest.dry_run import DryRun, dry_run
from core.ingest.file_mapping import MIXED, PLAIN, FileMapping, UnusableMapping
from core.ingest.mapping.column_mapping import MissingColumns
from core.ingest.mapping.glance import Glance, glance
from core.intake.formats.base import KnownFormat
from core.intake.formats.chosen import chosen_format
from core.ledger.errors import UnusableFile
from core.sentences.numbers import counted
from core.text.markdown import plain
from dashboard.parts.audit import bring_in_scores
from dashboard.parts.audit import bring_in_told as told
from dashboard.server import open_ledger as owner
from dashboard.widgets import tables

_KEY = "bring_in"
_ROUND, _FILE, _KNOWN, _START, _TRIED, _DONE = (
    f"{_KEY}_{name}" for name in ("round", "file", "known", "start", "tried", "done")
)
_TYPES = ["csv", "tsv", "json", "jsonl", "ndjson", "parquet", "gz", "zst"]
_NONE = "none"
_COLUMNS = "columns that you choose"
#: The fields that are asked for, and what they are called.
_FIELDS = {
    "event_id": "Id of the claim",
    "ts": "Time of the claim",
    "confidence": "Confidence",
    "outcome": "Outcome",
    "model_version": "Model version",
    "prompt_version": "Prompt version",
    "input_id": "Id of the input",
    "outcome_source": "Who gave the outcome",
}
_SCALES: Mapping[str, float | str | None] = {
    "Not said: 0 to 1, or percent signs": None,
    "0 to 1": 1,
    "0 to 10": 10,
    "0 to 100": 100,
    "0.9 beside 90: shares and percentages": MIXED,
}


def came_in() -> None:
    """What became of the file that was imported last, until another one is dropped."""
    done: str | None = st.session_state.get(_DONE)
    if done is not None:
        st.success(plain(done), icon=":material/check:")


def draw() -> None:
    """The way in for a file; nothing is written before its button is pressed."""
    turn = st.session_state.setdefault(_ROUND, 0)
    st.markdown(
        "Drop a file of claims or outcomes. You see what would come in, and what would be refused "
        "and why, before anything is written."
    )
    file = st.file_uploader("The file", type=_TYPES, key=f"{_KEY}_upload_{turn}")
    if file is None:
        return
    path = _on_disk(file.file_id, file.name, file.getvalue())
    key = f"{file.file_id}_{turn}"
    try:
        known = _known(path, file.file_id)
        if known is not None and _as_known(known, key):
            done = bring_in_scores.draw(path, known, key)
        else:
            seen = glance(path)
            _preview(seen)
            how = _said(seen, _start(file.file_id, path), key)
            found = _tried(file.file_id, path, how)
            _tell(found, file.file_id)
            done = told.import_button({path: found.how}, (found.first,), f"{_KEY}_import")
    except (UnusableMapping, UnusableFile) as error:
        st.error(plain(str(error)), icon=":material/block:")
        return
    if done:
        st.session_state[_DONE] = told.came(path.name, done)
        st.session_state[_ROUND] += 1
        st.rerun()


def _known(path: Path, file_id: str) -> KnownFormat | None:
    kept = st.session_state.get(_KNOWN)
    if kept is None or kept[0] != file_id:
        st.session_state[_KNOWN] = kept = (file_id, chosen_format(path, PLAIN))
    found: KnownFormat | None = kept[1]
    return found


def _as_known(known: KnownFormat, key: str) -> bool:
    """Whether a file of a format that was found out is read as such."""
    itself = f"{known.what[0].upper()}{known.what[1:]}"
    return st.radio("Read it as", (itself, _COLUMNS), horizontal=True, key=f"{key}_as") == itself


def _on_disk(file_id: str, name: str, content: bytes) -> Path:
    """The file under its own name, for as long as the session or the next file."""
    kept = st.session_state.get(_FILE)
    if kept is None or kept[0] != file_id:
        folder = tempfile.TemporaryDirectory(prefix="calledger-upload-")
        path = Path(folder.name) / (Path(name).name or "upload")
        path.write_bytes(content)
        # The folder goes with the object that made it.
        st.session_state[_FILE] = kept = (file_id, folder, path)
        st.session_state.pop(_START, None)
        st.session_state.pop(_TRIED, None)
        st.session_state.pop(_DONE, None)
    return Path(kept[2])


def _preview(seen: Glance) -> None:
    frame = pd.DataFrame(list(seen.rows), columns=list(seen.columns), dtype=object).fillna("")
    st.markdown(f"{counted(seen.n_records, 'record')}; the first {len(frame)}:")
    tables.listed(frame, key=f"{_KEY}_preview", alt="The first records of the file")


def _start(file_id: str, path: Path) -> FileMapping:
    """What the page proposes when it meets a file."""
    kept = st.session_state.get(_START)
    if kept is None or kept[0] != file_id:
        try:
            start = dry_run(owner.office().ledger, path).best
        except MissingColumns as missing:
            start = missing.advice.mapping
        except UnusableFile:
            start = PLAIN
        st.session_state[_START] = kept = (file_id, start)
    return kept[1]


def _said(seen: Glance, start: FileMapping, key: str) -> FileMapping:
    """What people chose, beginning with what is proposed."""
    proposed = {ours: theirs for theirs, ours in start.renames.items()}
    own = {name.lower(): name for name in seen.columns}
    key = f"{_KEY}_{key}_{abs(hash(start.said()))}"
    renames = {
        theirs: ours for theirs, ours in start.renames.items() if ours not in (*_FIELDS, "signal")
    }
    columns = st.columns(4)
    for i, (field, label) in enumerate(_FIELDS.items()):
        options = [_NONE, *seen.columns]
        there = proposed.get(field, own.get(field, _NONE))
        with columns[i % 4]:
            chosen = st.selectbox(
                label,
                options,
                index=options.index(there) if there in options else 0,
                key=f"{key}_{field}",
            )
        if chosen != _NONE and chosen.lower() != field:
            renames[chosen] = field
    with columns[0]:
        signal = start.signal
        if "signal" not in own:
            signal = st.text_input("Name of the signal", start.signal or "", key=f"{key}_signal")
    with columns[1]:
        names = list(_SCALES)
        index = next((i for i, one in enumerate(_SCALES.values()) if one == start.scale), 0)
        scale = _SCALES[st.selectbox("Scale of confidences", names, index, key=f"{key}_scale")]
    with columns[2]:
        formats = st.text_input(
            "Formats of times",
            "; ".join(start.time_formats),
            key=f"{key}_formats",
            help="For times that are not ISO 8601, such as %d/%m/%Y %H:%M; with semicolons.",
        )
    with columns[3]:
        zone = st.text_input(
            "Zone of times without one", start.timezone or "", key=f"{key}_zone", placeholder="UTC"
        )
    with columns[0]:
        words = st.text_input(
            "Words for confidences",
            _pairs(start.values.get("confidence", {})),
            key=f"{key}_words",
            placeholder="high=0.9, low=0.3",
        )
    with columns[1]:
        where = st.text_input(
            "Only records with",
            ", ".join(f"{one}={value}" for one, values in start.where.items() for value in values),
            key=f"{key}_where",
            placeholder="type=binary",
        )
    conditions: dict[str, tuple[str, ...]] = {}
    for column, value in _read_pairs(where, "Only records with"):
        conditions[column] = (*conditions.get(column, ()), value)
    meanings = dict(_read_pairs(words.lower(), "Words for confidences"))
    return FileMapping(
        renames=renames,
        signal=(signal or "").strip() or None,
        where=conditions,
        values={"confidence": meanings} if meanings else {},
        scale=scale,
        time_formats=tuple(one.strip() for one in formats.split(";") if one.strip()),
        timezone=zone.strip() or None,
    )


def _pairs(said: Mapping[str, str]) -> str:
    return ", ".join(f"{word}={meant}" for word, meant in said.items())


def _read_pairs(text: str, label: str) -> list[tuple[str, str]]:
    found = []
    for one in filter(None, (part.strip() for part in text.split(","))):
        left, equals, right = one.partition("=")
        if not (left.strip() and equals):
            raise UnusableMapping(f"{label}: {one!r} is not of the form name=value.")
        found.append((left.strip(), right.strip()))
    return found


def _tried(file_id: str, path: Path, how: FileMapping) -> DryRun:
    kept = st.session_state.get(_TRIED)
    if kept is None or kept[0] != (file_id, how.said()):
        with st.spinner("Trying it …"):
            found = dry_run(owner.office().ledger, path, how=how)
        st.session_state[_TRIED] = kept = ((file_id, how.said()), found)
    return kept[1]


def _tell(found: DryRun, file_id: str) -> None:
    """What would come of it, what is refused and why, and what would bring in more."""
    told.counts((found.first,))
    told.bullets(found.first.notices)
    told.bullets(found.asks)
    if found.best != found.how:
        then = found.then.n_read - found.then.n_refused
        st.markdown(f"Read so, {then:,} of {counted(found.then.n_read, 'record')} would come in:")
        told.bullets(found.says)
        if st.button("Read it so", key=f"{_KEY}_so", icon=":material/tune:"):
            st.session_state[_START] = (file_id, found.best)
            st.rerun()

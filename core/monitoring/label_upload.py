"""A sample that people labelled, read back: checked with care, imported like any other file."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ingest.import_file import ImportSummary
from core.ledger.errors import LedgerError
from core.monitoring.row_fault import RowFault
from core.queries.sums.labelling.audit_samples import KnownClaim, known_of
from core.text.figures import counted
from core.trail.acts import stamp

#: What a labeller may write, and what it means.
_OUTCOMES = {
    **dict.fromkeys(("1", "1.0", "true", "right", "yes"), 1),
    **dict.fromkeys(("0", "0.0", "false", "wrong", "no"), 0),
}
_SOURCES = ("HUMAN", "CODE", "LLM")
_SOURCE = "HUMAN"
#: The apostrophe that keeps a spreadsheet from running a cell, as `calledger labels export` puts
#: it.
_GUARDED = re.compile(r"'('*[=+\-@\t\r\n＝＋－＠])")
_MOST_BYTES = 50_000_000


class UnusableSample(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The file as a whole cannot be read as a filled sample; nothing was changed."""


@dataclass(frozen=True)
class TakenLabels:
    """What became of a filled sample.

    Attributes:
        n_rows: rows of the file.
        n_empty: rows without an outcome, left for later.
        n_known: rows whose outcome the ledger has already.
        refused: rows that were not taken.
        n_new: labels that were taken.
        summary: of the import; None where nothing was new.
    """

    n_rows: int
    n_empty: int
    n_known: int
    refused: tuple[RowFault, ...]
    n_new: int
    summary: ImportSummary | None

    @property
    def words(self) -> str:
        """What became of it, in a sentence."""
        parts = [
            (self.n_new, "taken in"),
            (self.n_known, "known already"),
            (self.n_empty, "still empty"),
            (len(self.refused), "refused"),
        ]
        said = ", ".join(f"{n:,} {what}" for n, what in parts if n)
        if not self.n_rows:
            return "The file holds no row."
        told = f"{counted(self.n_rows, 'row')}: {said}."
        if self.refused:
            told += (
                " Nothing of the refused rows was stored; the file still holds them: fix them "
                "there and take it in again."
            )
        return told


@dataclass(frozen=True)
class _Label:
    """A row with an outcome, read."""

    row: int
    event: str
    outcome: int
    at: datetime | None
    source: str


def take(office: Office, signal: str, content: bytes, name: str = "labels.csv") -> TakenLabels:
    """Take the outcomes of a filled sample in.

    Rows without an outcome are left for later; a row that cannot be used costs itself alone. What
    the ledger has already is not taken twice, so the same file again changes nothing. An outcome
    that names nobody is a person's (HUMAN), and one without a time is known from now.

    Args:
        signal: whose sample it is.
        content: the file, CSV in UTF-8.
        name: of the file, as the import will be called.

    Raises:
        UnusableSample: it is no CSV in UTF-8, or lacks event_id or outcome.
        TrailBroken: nothing is taken in beside a trail that is not what was signed.
    """
    taken, fresh = _read_all(office, signal, content)
    summary = _imported(office, signal, fresh, office.now(), name) if fresh else None
    return replace(taken, summary=summary)


def look(office: Office, signal: str, content: bytes) -> TakenLabels:
    """What `take` would make of a file: nothing is taken in yet.

    Raises:
        UnusableSample: as for `take`.
    """
    return _read_all(office, signal, content)[0]


def _read_all(office: Office, signal: str, content: bytes) -> tuple[TakenLabels, list[_Label]]:
    """What becomes of each row of a file, and the labels that are new."""
    rows = list(_rows(content))
    now = office.now()
    refused: list[RowFault] = []
    labels: list[_Label] = []
    seen: dict[str, _Label] = {}
    n_empty = 0
    for number, row in enumerate(rows, start=1):
        if not row.get("outcome", "").strip():
            n_empty += 1
            continue
        read = _read(number, row, signal, now)
        if isinstance(read, _Label) and read.event in seen:
            first = seen[read.event]
            if first.outcome == read.outcome:
                continue
            read = RowFault(
                *(number, "outcome", row["outcome"]),
                f"row {first.row} says another outcome of this event",
                "leave one of the two rows",
            )
        if isinstance(read, RowFault):
            refused.append(read)
        else:
            seen[read.event] = read
            labels.append(read)
    with office.ledger.cursor() as cursor:
        known = known_of(cursor, signal, [one.event for one in labels])
    fresh = []
    for label in labels:
        fault = _foreign(label, known, signal)
        if fault is not None:
            refused.append(fault)
        elif not _said(label, known[label.event]):
            fresh.append(label)
    unfit = len(refused) + len(fresh)
    taken = TakenLabels(
        n_rows=len(rows),
        n_empty=n_empty,
        n_known=len(rows) - n_empty - unfit,
        refused=tuple(sorted(refused, key=lambda one: one.row)),
        n_new=len(fresh),
        summary=None,
    )
    return taken, fresh


def _rows(content: bytes) -> Iterator[Mapping[str, str]]:
    if len(content) > _MOST_BYTES:
        raise UnusableSample("The file is larger than 50 MB; a sample is not. Export it anew.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableSample(
            f"The file is not UTF-8 (byte {error.start}); save it as “CSV UTF-8”."
        ) from None
    # Spreadsheets of many countries write semicolons.
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        names = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in ("event_id", "outcome") if name not in names]
        if missing:
            raise UnusableSample(
                f"The file has no column {missing[0]}; it has: {', '.join(names) or 'none'}. Fill "
                "in the file that was exported, and keep its header."
            )
        reader.fieldnames = names
        for row in reader:
            yield {
                name: _GUARDED.sub(r"\1", value, count=1)
                for name, value in row.items()
                if isinstance(name, str) and isinstance(value, str)
            }
    except csv.Error as error:
        raise UnusableSample(f"The file is no CSV: {error}. Save it as “CSV UTF-8”.") from None


def _read(number: int, row: Mapping[str, str], signal: str, now: datetime) -> _Label | RowFault:
    outcome = _OUTCOMES.get(row["outcome"].strip().lower())
    if outcome is None:
        return RowFault(
            *(number, "outcome", row["outcome"], "neither right nor wrong"),
            "write 1 for right and 0 for wrong, or leave it empty",
        )
    stated = row.get("signal", "").strip()
    if stated not in ("", signal):
        return RowFault(
            *(number, "signal", stated, f"not {signal}"), "take it in with its own signal"
        )
    event = row.get("event_id", "")
    if not event:
        return RowFault(
            *(number, "event_id", "", "no event"), "keep the event_id that was exported"
        )
    source = row.get("outcome_source", "").strip().upper() or _SOURCE
    if source not in _SOURCES:
        return RowFault(
            *(number, "outcome_source", row["outcome_source"], "not one of the values allowed"),
            f"write one of {', '.join(_SOURCES)}, or leave it empty for {_SOURCE}",
        )
    written = row.get("outcome_ts", "").strip()
    at = _time(written) if written else None
    if written and (at is None or at > now):
        return RowFault(
            *(number, "outcome_ts", written, "not a time, or one to come"),
            "write a time such as 2026-11-24T09:12:00Z, or leave it empty for now",
        )
    return _Label(number, event, outcome, at, source)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _foreign(label: _Label, known: Mapping[str, KnownClaim], signal: str) -> RowFault | None:
    """Why an event is not to be labelled this way; None: it is."""
    found = known.get(label.event)
    if found is not None and found.sampled:
        return None
    reason = f"no claim of {signal}" if found is None else "not in a sample"
    mend = (
        "keep the event_id that was exported, which a spreadsheet may have changed"
        if found is None
        else "bring in other labels with calledger import"
    )
    return RowFault(label.row, "event_id", label.event, reason, mend)


def _said(label: _Label, known: KnownClaim) -> bool:
    """Whether the ledger was told this already, at the time named or at any where none is."""
    return any(value == label.outcome and label.at in (None, at) for value, at in known.said)


def _imported(
    office: Office, signal: str, labels: Sequence[_Label], now: datetime, name: str
) -> ImportSummary:
    with tempfile.TemporaryDirectory(prefix="calledger-labels-") as folder:
        stem = re.sub(r"[^\w.-]+", "-", Path(name).stem).strip("-.") or "labels"
        path = Path(folder) / f"{stem}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("event_id", "signal", "outcome", "outcome_ts", "outcome_source"))
            writer.writerows(
                (one.event, signal, one.outcome, stamp(one.at or now), one.source) for one in labels
            )
        return import_recorded(office, path, now=now)

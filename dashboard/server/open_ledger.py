"""The one open ledger of this process, for pages and HTTP routes alike; knows no Streamlit."""

from __future__ import annotations

import functools
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from core.gate.decision_log import SpooledLog
from core.gate.gate import Decision, Gate
from core.governance.perform import Office
from core.ingest.file_mapping import FileMapping
from core.ingest.mapping.kept_mappings import all_kept, mappings_path, one_of_kept
from core.intake.names_met import Dimensions, FieldNames
from core.intake.otlp.left_out import LeftOutCount
from core.intake.otlp.mapping import MappingFile
from core.intake.read_again import ReadAgain
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerHeld
from core.queries.base.dimensions import segment_dimensions
from core.spool.segments import Spool, beside
from dashboard.server import metrics
from dashboard.server.folding import Folder
from dashboard.server.grants import Grants
from dashboard.server.server_file import running_on
from dashboard.server.settings import LEDGER_VARIABLE
from dashboard.server.together import Together

#: Seconds for which a server that starts waits for a command on its ledger to end.
PATIENCE = 5.0
_GLANCE = 0.05


@dataclass(frozen=True)
class _Owned:
    """What belongs to one open ledger."""

    ledger: Ledger
    office: Office
    gate: Gate
    log: SpooledLog
    answers: Together[Decision]
    spool: Spool
    folder: Folder
    dimensions: Dimensions
    grants: Grants
    otlp_names: MappingFile
    mappings: ReadAgain[Mapping[str, Any]]
    otlp_left_out: LeftOutCount
    names: defaultdict[str, FieldNames] = field(default_factory=lambda: defaultdict(FieldNames))


def opened_patiently(path: Path) -> Ledger:
    """A ledger, opened for writing once the command that may hold it has ended.

    Raises:
        LedgerHeld: another server has it, or a command for longer than `PATIENCE`.
        LedgerError: as `Ledger.open`.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return Ledger.open(path)
        except LedgerHeld:
            server = running_on(path.resolve())
            if time.monotonic() > until or (server is not None and server.pid != os.getpid()):
                raise
        time.sleep(_GLANCE)


@functools.cache
def _owned_at(path: str) -> _Owned:
    ledger = opened_patiently(Path(path))
    office = Office.of(ledger)
    spool = Spool(beside(Path(path)), synced=metrics.SYNC_SECONDS.observe)
    log = SpooledLog(office, spool)
    return _Owned(
        ledger,
        office,
        Gate(office),
        log,
        Together(log.submit),
        spool,
        Folder(office, spool),
        Dimensions(lambda: segment_dimensions(ledger.cursor())),
        Grants(office),
        MappingFile(path),
        ReadAgain(mappings_path(path), lambda: all_kept(path)),
        LeftOutCount(),
    )


def path() -> str:
    """The ledger file this process was started on."""
    return os.environ[LEDGER_VARIABLE]


def ledger() -> Ledger:
    """The one open ledger of this process."""
    return _owned_at(path()).ledger


def office() -> Office:
    """Where acts are done."""
    return _owned_at(path()).office


def gate() -> Gate:
    """What answers whether a confidence may act."""
    return _owned_at(path()).gate


def log() -> SpooledLog:
    """Where the gate's answers are written."""
    return _owned_at(path()).log


def answers() -> Together[Decision]:
    """The same, for the few of many callers."""
    return _owned_at(path()).answers


def spool() -> Spool:
    """Where what comes in is kept until it is folded into the ledger."""
    return _owned_at(path()).spool


def folder() -> Folder:
    """What folds it."""
    return _owned_at(path()).folder


def grants() -> Grants:
    """The tokens that were looked up."""
    return _owned_at(path()).grants


def otlp_names() -> MappingFile:
    """Which evaluations of OpenTelemetry are confidences and outcomes."""
    return _owned_at(path()).otlp_names


def kept_mapping(name: str) -> FileMapping:
    """How a file is read, by the name it was kept by.

    Raises:
        LedgerError: there is none of this name, or it cannot be read.
    """
    owned = _owned_at(path())
    return one_of_kept(owned.mappings.now(), Path(path()), name)


def otlp_left_out() -> LeftOutCount:
    """What exporters sent since the server started, and was not kept."""
    return _owned_at(path()).otlp_left_out


def dimensions() -> Dimensions:
    """The segment dimensions that the ledger has, or will have from what came in."""
    return _owned_at(path()).dimensions


def names_of(sender: str) -> FieldNames:
    """The field names that a sender has used."""
    return _owned_at(path()).names[sender]


def cursor() -> duckdb.DuckDBPyConnection:
    """A fresh cursor: one per call, so that threads never share one."""
    return ledger().cursor()


def version() -> int:
    """The data version, read from the file (a counter in Python would be doubled by reloads)."""
    return ledger().data_version()


def close() -> None:
    """Give the file free; closing twice is harmless."""
    if _owned_at.cache_info().currsize:
        folder().close()
        spool().close()
        ledger().close()
        _owned_at.cache_clear()

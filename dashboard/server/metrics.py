"""What the server counts and times about itself; no event, name or person is in it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

#: Seconds; an answer or a sync takes milliseconds, a fold seconds.
_SHORT = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_LONG = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)

REGISTRY = CollectorRegistry()
# Memory, processor time and open files, where the system says them.
ProcessCollector(registry=REGISTRY)

ROWS = Counter(
    "calledger_rows",
    "Rows that were sent, by the id of the token, what they are, and whether they were kept.",
    ("token", "kind", "answer"),
    registry=REGISTRY,
)
OTLP = Counter(
    "calledger_otlp_evaluations",
    "Evaluations that OpenTelemetry exporters sent, by what they came in and what became of them.",
    ("sent_as", "became"),
    registry=REGISTRY,
)
OTLP_CLAIMS = Counter(
    "calledger_otlp_claims",
    "Claims that waited for their span, by whether it came and named a model.",
    ("span",),
    registry=REGISTRY,
)
DECISIONS = Counter(
    "calledger_decisions",
    "Answers of the gate, by what they say.",
    ("action",),
    registry=REGISTRY,
)
DECIDE_SECONDS = Histogram(
    "calledger_decide_seconds",
    "From the body of a request to the gate until its answers are on disk.",
    buckets=_SHORT,
    registry=REGISTRY,
)
SYNC_SECONDS = Histogram(
    "calledger_spool_sync_seconds",
    "Writing what came in to disk, for all that waited together.",
    buckets=_SHORT,
    registry=REGISTRY,
)
FOLD_SECONDS = Histogram(
    "calledger_fold_seconds",
    "Folding what came in into the ledger, where anything had.",
    buckets=_LONG,
    registry=REGISTRY,
)
FOLDS_FAILED = Counter(
    "calledger_folds_failed", "Folds that stopped, and are tried again.", registry=REGISTRY
)
SPOOL_WAITING = Gauge(
    "calledger_spool_waiting_bytes", "Handed in, and not on disk yet.", registry=REGISTRY
)
SPOOL_HELD = Gauge(
    "calledger_spool_held_bytes", "On disk, and not in the ledger yet.", registry=REGISTRY
)
SPOOL_OLDEST = Gauge(
    "calledger_spool_oldest_seconds",
    "Age of the oldest of what is not in the ledger yet; 0: nothing waits.",
    registry=REGISTRY,
)
SPOOL_SET_ASIDE = Gauge(
    "calledger_spool_segments_set_aside", "Segments that cannot be folded.", registry=REGISTRY
)
TRAIL_ENTRIES = Gauge("calledger_trail_entries", "Acts in the trail.", registry=REGISTRY)
CHECKPOINT_AGE = Gauge(
    "calledger_checkpoint_age_seconds",
    "Since a checkpoint was last written beside the ledger; NaN: none was.",
    registry=REGISTRY,
)
TIME_STAMP_AGE = Gauge(
    "calledger_time_stamp_age_seconds",
    "Since an authority last stamped a checkpoint, by its host; NaN: it has stamped none.",
    ("authority",),
    registry=REGISTRY,
)
TIME_STAMPS_FAILED = Counter(
    "calledger_time_stamps_failed",
    "Times that an authority was asked for a stamp and gave none.",
    registry=REGISTRY,
)
BACKUP_AGE = Gauge(
    "calledger_backup_age_seconds",
    "Since a backup was last whole; NaN: none was taken of this ledger.",
    registry=REGISTRY,
)
READY = Gauge("calledger_ready", "1 where /readyz says so.", registry=REGISTRY)

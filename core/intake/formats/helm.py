"""HELM: `per_instance_stats.json`, the statistics of each instance of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.intake.formats.base import (
    KnownFormat,
    Record,
    RunOfFile,
    event,
    has,
    inside,
    listed,
    score,
    word,
)
from core.intake.otlp.wire import Evaluation


def _scores(record: Record) -> Iterator[Evaluation]:
    # A perturbed instance is another question, which has no outcome of its own.
    if isinstance(record.get("perturbation"), Mapping):
        return
    instance, trial = record.get("instance_id"), record.get("train_trial_index", 0)
    ours = {"input_id": word(instance), "split": "heldout"}
    for one in listed(record.get("stats")):
        count, total = one.get("count"), one.get("sum")
        if isinstance(count, (int, float)) and count and isinstance(total, (int, float)):
            mean = one.get("mean", total / count)
            name = inside(one, "name", "name")
            yield score(0, name, mean, event_id=event(instance, trial), ours=ours)


FORMAT = KnownFormat(
    "helm",
    "HELM's statistics of each instance",
    "https://github.com/stanford-crfm/helm, src/helm/benchmark/metrics/metric.py, PerInstanceStats",
    has("instance_id", "train_trial_index", "stats"),
    _scores,
    # Every run has a file of this name.
    run=lambda file: RunOfFile(),
)

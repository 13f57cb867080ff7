"""A map fitted on the tuning split, certified on the heldout one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import duckdb

from core.ledger.errors import BadValue, LedgerError
from core.measure.cells.cells import Cells, FloatArray
from core.measure.metrics.scores import NoValue
from core.measure.recalibration.certificate import Certificate, Confidences, Sides, certify
from core.measure.recalibration.fitting import Choice, Fitted, choose_map, merged, values
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.selection import Selection
from core.queries.sums.tuning_sample import SplitCounts, shared_inputs, split_cells, split_counts
from core.terms import Terms
from core.validation.tuning_leakage import LISTED, NoTuning, Overlap, TunedOn

#: What an exported calibrator says it is.
FORMAT = "calledger-calibrator/1"


class NotCertifiable(LedgerError):  # noqa: N818 (reads as what is the matter)
    """Why there is no map, or nothing to judge it by."""


@dataclass(frozen=True)
class RecalibrationQuestion:
    """What is asked for.

    Attributes:
        selection: the signal and its version; names no split.
        by: a segment dimension whose values get a map each where they have enough labels; None:
            one map.
        judged: segment dimensions whose values are judged as well, those a validation requires.
        without_overlap: leave out heldout claims on inputs that were tuned on.
    """

    selection: Selection
    by: str | None = None
    judged: tuple[str, ...] = ()
    without_overlap: bool = False


@dataclass(frozen=True)
class Repair:
    """The answer.

    Attributes:
        question: what was asked.
        choice: the map for all claims.
        maps: the segments' own maps, by value of ``question.by``.
        certificate: what the heldout claims say.
        counts: what the two splits hold: tuning, heldout.
        fingerprint: the version whose confidences are mapped, name → value, stated ones only.
        left_out: heldout claims left out because their input was tuned on.
        at: when it was fitted, UTC without zone.
    """

    question: RecalibrationQuestion
    choice: Choice
    maps: Mapping[str, Choice]
    certificate: Certificate
    counts: tuple[SplitCounts, SplitCounts]
    fingerprint: Mapping[str, str]
    left_out: int
    at: datetime

    @property
    def version(self) -> str:
        """What claims with mapped confidences state as ``calibrator_version``."""
        return f"{self.choice.fitted['kind']}-{self.at:%Y-%m-%d}-{self.sha256[:8]}"

    @property
    def sha256(self) -> str:
        """Of the maps, in hexadecimal; the same claims give the same."""
        return hashlib.sha256(json.dumps(self._maps(), sort_keys=True).encode()).hexdigest()

    def fitted_for(self, value: str | None) -> Fitted:
        """The map of a segment of ``question.by``."""
        own = self.maps.get(value) if value is not None else None
        return (own or self.choice).fitted

    def _maps(self) -> dict[str, Any]:
        return {
            "by": self.question.by,
            "map": dict(self.choice.fitted),
            "maps": {value: dict(one.fitted) for value, one in sorted(self.maps.items())},
        }

    def as_json(self) -> dict[str, Any]:
        """The calibrator as it is exported, certificate included."""
        tuning, heldout = self.counts
        certificate = self.certificate
        return {
            "format": FORMAT,
            "signal": self.question.selection.signal,
            "calibrator_version": self.version,
            "fingerprint": dict(self.fingerprint),
            **self._maps(),
            "fitted": {
                "at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
                "inputs": self.choice.n,
                "claims": tuning.n_claims,
                "cross_validated_brier": dict(self.choice.brier),
            },
            "certificate": {
                "given": certificate.given,
                "refused": list(certificate.refused),
                "told": list(certificate.told),
                "inputs": certificate.n,
                "claims": heldout.n_claims,
                "left_out": self.left_out,
                "brier_change": [
                    certificate.brier_change.value,
                    certificate.brier_change.low,
                    certificate.brier_change.high,
                ],
                "before": _side_json(certificate.before),
                "after": _side_json(certificate.after),
            },
        }


def _side_json(side: Confidences) -> dict[str, Any]:
    return {
        "state": side.state,
        "gap": side.gap,
        "gap_interval": [side.gap_low, side.gap_high],
        "ece": side.ece,
        "ece_beyond_chance": side.excess,
        "brier": side.brier,
        "auroc": side.auroc,
        "confidences": side.values,
        "width": side.width,
        "off": [f"{name}={value}" for name, value in side.off],
    }


def recalibrate(
    cursor: duckdb.DuckDBPyConnection,
    question: RecalibrationQuestion,
    terms: Terms,
    now: datetime,
) -> Repair:
    """Fit a map on the tuning split and judge it on the heldout one.

    Args:
        terms: the tolerance and the high-confidence band that the verdict goes by.

    Raises:
        NoTuning: nothing was tuned on.
        TunedOn: heldout claims share inputs with the tuning split, and may not be left out.
        NotCertifiable: several versions, too few labels, or no map that could help.
        BadValue: a question that names a split.
    """
    selection, by = question.selection, question.by
    if selection.splits_chosen or "split" in (by, *question.judged):
        raise BadValue(
            "A map is fitted on the tuning split and judged on the heldout one; leave the split "
            "out of the question."
        )
    tuning = split_counts(cursor, selection, "tuning")
    if not tuning.n_claims:
        raise NoTuning(
            f"No claim of {selection.signal} that fits is of the tuning split, so there is nothing "
            "to fit a map on: log claims whose outcome you know with split=tuning, others on "
            "other inputs with split=heldout, and import both."
        )
    shared = Overlap(*shared_inputs(cursor, selection, "heldout", limit=LISTED))
    untuned = question.without_overlap
    if shared and not untuned:
        raise TunedOn(selection, shared)
    heldout = split_counts(cursor, selection, "heldout", untuned=untuned)
    fingerprint = _one_version(selection.signal, tuning, heldout)
    choice = choose_map(_whole(cursor, selection, "tuning", untuned=False))
    if isinstance(choice, NoValue):
        raise NotCertifiable(f"There is no map for {selection.signal}: {choice.reason}.")
    maps = {} if by is None else _own_maps(cursor, selection, by)

    def fitted_for(value: str | None) -> Fitted:
        own = maps.get(value) if value is not None else None
        return (own or choice).fitted

    parts = _heldout_parts(cursor, question, ())
    changes = [(cells, values(cells, fitted_for(value))) for value, cells in parts.get((), [])]
    segments: dict[tuple[str, str], Sides] = {}
    for dimension in dict.fromkeys((*question.judged, *((by,) if by else ()))):
        for (key,), of in _heldout_parts(cursor, question, (dimension,)).items():
            if key is not None:
                segments[dimension, key] = _sides(
                    [(cells, values(cells, fitted_for(value))) for value, cells in of]
                )
    certificate = certify(
        _sides(changes),
        segments,
        changes=changes,
        tolerance=terms.tolerance,
        high_from=terms.high_from,
    )
    if isinstance(certificate, NoValue):
        raise NotCertifiable(
            f"A map for {selection.signal} cannot be judged: {certificate.reason}; log labelled "
            "claims on other inputs with split=heldout."
        )
    return Repair(
        question,
        choice,
        MappingProxyType(maps),
        certificate,
        (tuning, heldout),
        fingerprint,
        shared.n,
        now,
    )


def _one_version(signal: str, tuning: SplitCounts, heldout: SplitCounts) -> dict[str, str]:
    """The version that both splits are of; a map holds for one alone."""
    found = sorted({*tuning.fingerprints, *heldout.fingerprints}, key=str)
    if len(found) == 1:
        stated = zip(FIELDS, found[0], strict=True)
        return {name: value for name, value in stated if value is not None}
    differ = [name for i, name in enumerate(FIELDS) if len({one[i] for one in found}) > 1]
    values_of = "; ".join(
        f"{name}: {', '.join(sorted({str(one[FIELDS.index(name)] or '(none)') for one in found}))}"
        for name in differ
    )
    raise NotCertifiable(
        f"The tuning and heldout claims of {signal} are of {len(found)} versions ({values_of}); a "
        f"map holds for one: add --where {differ[0]}=…"
    )


def _whole(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, split: Any, *, untuned: bool
) -> Cells:
    return split_cells(cursor, selection, split, untuned=untuned).cells[0]


def _own_maps(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: str
) -> dict[str, Choice]:
    """A map for each value that has labels enough for one."""
    found = split_cells(cursor, selection, "tuning", (by,))
    chosen = {key[0]: choose_map(cells) for key, cells in zip(found.keys, found.cells, strict=True)}
    return {
        value: one
        for value, one in chosen.items()
        if value is not None and not isinstance(one, NoValue)
    }


def _heldout_parts(
    cursor: duckdb.DuckDBPyConnection, question: RecalibrationQuestion, dims: tuple[str, ...]
) -> dict[tuple[str | None, ...], list[tuple[str | None, Cells]]]:
    """Heldout cells of each group, taken apart by the dimension that has maps of its own."""
    extra = () if question.by is None or question.by in dims else (question.by,)
    found = split_cells(
        cursor, question.selection, "heldout", (*dims, *extra), untuned=question.without_overlap
    )
    parts: dict[tuple[str | None, ...], list[tuple[str | None, Cells]]] = {}
    for key, cells in zip(found.keys, found.cells, strict=True):
        value = None
        if question.by is not None:
            value = key[len(dims)] if extra else key[dims.index(question.by)]
        parts.setdefault(tuple(key[: len(dims)]), []).append((value, cells))
    return parts


def _sides(parts: Sequence[tuple[Cells, FloatArray]]) -> Sides:
    return merged([(cells, cells.v) for cells, _ in parts]), merged(parts)

"""Threshold runs against the claims: whether each was chosen on what it says it was.

A run carries the SHA-256 of the counts it rests on. They are counted again here, of the claims and
labels that had come in when it was recorded, by what the registry counted as truth then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

from core.events import PPM
from core.ledger.errors import LedgerError, NeedsClaims
from core.measure.cells.cells import Cells
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.truth import USUAL, Truth, truth_said
from core.queries.sums.tuning_sample import tuning_cells_then
from core.text.figures import counted
from core.trail.acts import Act
from core.trail.problems import Problem
from core.validation.evidence_content import cells_sha256

KIND = "threshold.run"
#: So many digits of a run's SHA-256 stand in a sentence.
_SHOWN = 12


def check_runs(
    cursor: duckdb.DuckDBPyConnection, acts: Sequence[Act]
) -> tuple[list[Problem], list[str]]:
    """The recorded runs whose counts are not those of the claims; and what was not counted."""
    problems: list[Problem] = []
    silent = away = 0
    truths: dict[str, Truth] = {}
    for act in acts:
        if act.kind == "registry.set" and act.signal is not None:
            spec = act.body.get("spec")
            truths[act.signal] = truth_said(spec.get("truth") if isinstance(spec, dict) else None)
        if act.kind != KIND or act.signal is None:
            continue
        if not (isinstance(act.body.get("cells_sha256"), str) and "imports_to" in act.body):
            silent += 1
            continue
        try:
            words = "; ".join(_unlike(cursor, act, truths.get(act.signal, USUAL)))
        except NeedsClaims:
            away += 1
            continue
        except (LedgerError, KeyError, TypeError, ValueError, AttributeError) as error:
            words = f"it cannot be counted again: {error}"
        if words:
            run = str(act.body.get("run"))[:_SHOWN]
            problems.append(
                Problem(
                    "entry",
                    act.seq,
                    f"The threshold run {run}… of {act.signal}, entry {act.seq}, does not rest on "
                    f"the claims that are here: {words.removesuffix('.')}.",
                )
            )
    remarks = []
    for n, why in (
        (silent, "says not on which counts"),
        (away, "rests on claims that are not here, of which cells were loaded"),
    ):
        if n:
            remarks.append(f"{counted(n, 'threshold run')} not counted again: each {why}.")
    return problems, remarks


def _unlike(cursor: duckdb.DuckDBPyConnection, act: Act, truth: Truth) -> Iterator[str]:
    """By what a run differs from its claims; nothing where it is chosen on these."""
    body, signal = act.body, act.signal
    assert signal is not None
    where = tuple((str(name), tuple(values)) for name, values in body["where"])
    if any(name == SOURCE_DIMENSION for name, _ in where):
        raise ValueError("it was asked of the labels of one source only")
    selection, imports_to = Selection(signal, where=where), int(body["imports_to"])
    (whole,) = tuning_cells_then(cursor, selection, imports_to, truth).cells
    if cells_sha256(whole) == body["cells_sha256"]:
        return
    groups: dict[str | None, Cells] = {None: whole}
    per = body.get("per")
    if per is not None and not where:
        found = tuning_cells_then(cursor, selection, imports_to, truth, (per,))
        groups |= {key[0]: cells for key, cells in zip(found.keys, found.cells, strict=True)}
    said = [words for cut in body["cuts"] if (words := _at_cut(cut, groups, per, bool(where)))]
    yield from said
    if not said:
        n, wrong = whole.total, whole.total - int(whole.s.sum())
        yield (
            f"its counts below the thresholds are others now, {wrong:,} of {n:,} labelled wrong in "
            "all"
        )


def _at_cut(
    cut: Mapping[str, Any],
    groups: Mapping[str | None, Cells],
    per: str | None,
    one_segment: bool,
) -> str:
    value = None if one_segment else cut["value"]
    cells = groups.get(value)
    n = wrong = 0
    if cells is not None:
        above = np.rint(cells.v * PPM) >= cut["lowest_ppm"]
        n = int(cells.n[above].sum())
        wrong = n - int(cells.s[above].sum())
    if (n, wrong) == (cut["n"], cut["errors"]):
        return ""
    of = "" if cut["value"] is None else f" of {per}={cut['value']}"
    return (
        f"at {cut['lowest_ppm'] / PPM:g} or more{of} it says {cut['errors']:,} of {cut['n']:,} "
        f"wrong, and {wrong:,} of {n:,} are"
    )

"""Kept sums as plain Python makes them of a ledger's claims."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import duckdb

from core.queries.base.kept import limits

FIELDS = (
    *("model_version", "prompt_version", "params_version", "elicitation", "elicitation_order"),
    "calibrator_version",
)
Rows = list[tuple[Any, ...]]


def _claims(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    found = cursor.execute("FROM claims")
    names = [str(one[0]) for one in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _line(claim: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(claim[name] for name in ("signal", *FIELDS, "split"))


def _week(claim: dict[str, Any]) -> int:
    return (claim["ts"].date() - date(1970, 1, 5)).days // 7


def _edge(hundredth: int) -> int:
    return 10 * max(1, -(-hundredth // 10))


def kept_of(
    cursor: duckdb.DuckDBPyConnection, highs: dict[str, int] | None = None
) -> dict[str, Rows]:
    """The rows that are due of each table, sorted; a line stands for its number."""
    claims = _claims(cursor)
    lines: defaultdict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for claim in claims:
        lines[claim["signal"]].add(_line(claim))
    kept = {signal: len(of) <= limits.MOST_LINES for signal, of in lines.items()}
    claims = [claim for claim in claims if kept[claim["signal"]]]
    values: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for claim in claims:
        for name, value in claim.items():
            if (name == "action" or name.startswith("seg_")) and value is not None:
                values[claim["signal"], name.removeprefix("seg_")].add(value)
    few = {place: len(of) <= limits.MOST_KEPT_VALUES for place, of in values.items()}
    high = {signal: (highs or {}).get(signal, 900_000) for signal in kept}
    return {
        "kept_signals": _sorted((signal, high[signal], of) for signal, of in kept.items()),
        "kept_dimensions": _sorted((*place, of) for place, of in few.items()),
        "kept_lines": _sorted({_line(claim) for claim in claims}),
        "kept_cells": _cells(claims, few, high),
        "kept_days": _days(claims),
        "kept_ages": _ages(claims),
    }


def _sorted(rows: Any) -> Rows:
    return sorted((tuple(row) for row in rows), key=repr)


def _cells(
    claims: list[dict[str, Any]], few: dict[tuple[str, str], bool], highs: dict[str, int]
) -> Rows:
    units: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for claim in claims:
        place = (_line(claim), _week(claim))
        units[(*place, "", None)].append(claim)
        for (signal, name), chosen in few.items():
            if chosen and signal == claim["signal"]:
                column = name if name == "action" else f"seg_{name}"
                units[(*place, name, claim[column])].append(claim)
    rows = []
    for unit, members in units.items():

        def hundredth(claim: dict[str, Any]) -> int:
            return -(-claim["confidence_ppm"] // 10_000)

        stated = [one for one in members if one["confidence_ppm"] is not None]
        fine = len({hundredth(one) for one in stated if one["outcome"] is not None}) <= 10
        parts: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
        for one in members:
            outcome, ppm = one["outcome"], one["confidence_ppm"]
            if ppm is None:
                parts[-1, 0, False, outcome].append(one)
                continue
            single = fine and outcome is not None
            at = hundredth(one) if single else _edge(hundredth(one))
            parts[at, 1 if single else 10, ppm >= highs[one["signal"]], outcome].append(one)
        for part, of in parts.items():
            ppms = [one["confidence_ppm"] for one in of if one["confidence_ppm"] is not None]
            chances = [one["label_propensity"] for one in of if one["label_propensity"] is not None]
            rows.append(
                (
                    *unit, *part, len(of), *(sum(v**power for v in ppms) for power in (1, 2, 3, 4)),
                    len(chances), sum(chance < 1 for chance in chances),
                    min(chances, default=None), max(chances, default=None),
                    sum(1 << day for day in {one["ts"].weekday() for one in of}),
                )
            )  # fmt: skip
    return _sorted(rows)


def _days(claims: list[dict[str, Any]]) -> Rows:
    days: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for claim in claims:
        days[_line(claim), claim["ts"].date()].append(claim)
    rows = []
    for key, of in days.items():
        labelled = [one for one in of if one["outcome"] is not None]
        judged = [one for one in labelled if one["confidence_ppm"] is not None]
        rows.append(
            (
                *key, len(of), sum(one["confidence_ppm"] is None for one in of),
                sum(one["input_id"] is not None for one in of),
                sum(one["action"] == "automate" for one in of),
                sum(one["action"] == "automate" for one in labelled), len(labelled),
                sum((one["label_propensity"] or 1) < 1 for one in labelled), len(judged),
                sum(one["confidence_ppm"] for one in judged),
                sum(one["outcome"] for one in judged),
                min(one["ts"] for one in of), max(one["ts"] for one in of),
            )
        )  # fmt: skip
    return _sorted(rows)


def _ages(claims: list[dict[str, Any]]) -> Rows:
    ages: defaultdict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for claim in claims:
        if claim["confidence_ppm"] is None or claim["outcome_corrected"]:
            continue
        age = -1
        if claim["outcome"] is not None:
            late: timedelta = claim["outcome_known_at"] - claim["ts"]
            age = max(0, -(-late // timedelta(days=1)))
        ages[_line(claim), _week(claim), age].append(claim)
    return _sorted(
        (
            *key, len(of), sum(one["outcome"] or 0 for one in of),
            sum(one["confidence_ppm"] for one in of),
        )
        for key, of in ages.items()
    )  # fmt: skip


def kept_in(cursor: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """The rows that there are of each table, sorted; a line stands for its number."""
    names = ", ".join(("signal", *FIELDS, "split"))
    numbered = {
        number: tuple(line)
        for number, *line in cursor.execute(f"SELECT line, {names} FROM kept_lines").fetchall()
    }
    found: dict[str, Rows] = {"kept_lines": _sorted(numbered.values())}
    for table in ("kept_signals", "kept_dimensions"):
        found[table] = _sorted(cursor.execute(f"FROM {table}").fetchall())
    for table in ("kept_cells", "kept_days", "kept_ages"):
        rows = cursor.execute(f"FROM {table}").fetchall()
        found[table] = _sorted((numbered[number], *rest) for number, *rest in rows)
    return found

"""The way from a finding to the page that shows what it rests on, with the same choices made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import streamlit as st

from core.findings.detectors.decisions.theatre import PERIOD
from core.views.govern.findings import FindingRow
from dashboard.pages import PAGES
from dashboard.widgets.drawn.markup import href


def link(row: FindingRow, signal: str) -> None:
    """A link to the claims a finding was measured on.

    Args:
        row: the finding; its page shows claims.
        signal: which it is about.
    """
    page = PAGES[row.page]
    query = {"signal": signal, **choices(row)}
    st.page_link(page.path, label=page.opening, icon=page.icon, query_params=query)


def address(row: FindingRow) -> str:
    """Where a finding is seen and settled, as an address for what is drawn."""
    query = {} if row.signal is None else {"signal": row.signal}
    if row.page == "sign_off" and row.fingerprint:
        query["fingerprint"] = row.fingerprint
    return href(row.page, **query, **choices(row))


def choices(row: FindingRow) -> dict[str, str]:
    """What a finding's page has to choose, so that it shows the numbers of the finding."""
    choose = CHOOSES.get(row.kind)
    return {} if choose is None else choose(dict(row.evidence))


def _versions(known: Mapping[str, str]) -> dict[str, str]:
    dimension = known["dimension"]
    # The first labels to come are not like the rest, so the review leaves young claims out.
    return {
        "changed": dimension,
        f"from_{dimension}": known["before"],
        f"to_{dimension}": known["after"],
        "split": "production",
        "until": known["until"],
    }


def _days(known: Mapping[str, str]) -> dict[str, str]:
    return {name: known[name] for name in ("since", "until")}


def _in_production(known: Mapping[str, str]) -> dict[str, str]:
    return _days(known) | {"split": "production"}


def _segments(known: Mapping[str, str]) -> dict[str, str]:
    return _in_production(known) | {"row": known["dimension"]}


def _breaches(known: Mapping[str, str]) -> dict[str, str]:
    return {name: known[name] for name in ("first", "last")}


def _weighed(known: Mapping[str, str]) -> dict[str, str]:
    # The page weighs whole days.
    since = date.fromisoformat(known["since"])
    last = since + PERIOD - timedelta(days=1)
    return {"first": since.isoformat(), "last": last.isoformat()}


def _promised(known: Mapping[str, str]) -> dict[str, str]:
    asked = {"risk": known["accepted"].removesuffix("%"), "every_look": "true"}
    # An act of before does not say it.
    sure = known.get("confidence")
    return asked if sure is None else asked | {"sure": sure.removesuffix("%")}


#: What is chosen by a finding's evidence, by its kind; the other pages open as they are.
CHOOSES: Mapping[str, Callable[[Mapping[str, str]], dict[str, str]]] = {
    "model_changed": _versions,
    "prompt_changed": _versions,
    "judge_disagrees": _days,
    "miscalibrated": _in_production,
    "hidden_segment": _segments,
    "escalation_breached": _breaches,
    "gate_bypassed": _breaches,
    "rubber_stamp": _breaches,
    "confidence_theatre": _weighed,
    "promise_broken": _promised,
}

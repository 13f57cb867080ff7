"""The rules that dashboards usually have: a fixed limit, a weekly test, a rule of thumb."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pandas as pd

#: Claims, and the newest week whose labels are settled → alarm.
Rule = Callable[[pd.DataFrame, int], bool]

#: What a threshold run proved of the share of wrong ones at .9 or more.
BOUND = 0.09
LIMIT, PSI, Z = 0.05, 0.2, 1.96


def fixed_ece(claims: pd.DataFrame, week: int) -> bool:
    """The newest settled week's ECE, per confidence, is above 5 %."""
    return _ece(claims[claims["week"] == week]) > LIMIT


def raw_ece(claims: pd.DataFrame, week: int) -> bool:
    """The ECE of the eight newest settled weeks, per confidence, is above 5 %."""
    return _ece(claims[claims["week"].between(week - 7, week)]) > LIMIT


def weekly_z(claims: pd.DataFrame, week: int) -> bool:
    """The newest settled week's gap is off by 1.96 standard errors."""
    return _off(claims[claims["week"] == week])


def weekly_z_of_segments(claims: pd.DataFrame, week: int) -> bool:
    """The same in any of the topics."""
    now = claims[claims["week"] == week]
    return any(_off(one) for _, one in now.groupby("seg_topic"))


def weekly_psi(claims: pd.DataFrame, week: int) -> bool:
    """PSI of the topics of the week against the eight before it is above 0.2."""
    return _psi(claims, claims["seg_topic"], week)


def stated_psi(claims: pd.DataFrame, week: int) -> bool:
    """The same of the stated confidences, in tenths."""
    return _psi(claims, (claims["v"] * 10).clip(upper=9).astype(int), week)


def _psi(claims: pd.DataFrame, of: pd.Series, week: int) -> bool:
    claims = claims.assign(of=of)
    values = np.sort(claims["of"].unique())
    now, before = (
        np.array([(one["of"] == value).sum() + 0.5 for value in values])
        for one in (
            claims[claims["week"] == week],
            claims[claims["week"].between(week - 8, week - 1)],
        )
    )
    p, q = now / now.sum(), before / before.sum()
    return float(((p - q) * np.log(p / q)).sum()) > PSI


def heldout_ece(claims: pd.DataFrame, week: int) -> bool:
    """The ECE of the held-out claims is above 5 %."""
    held = claims[claims["split"] == "heldout"]
    return bool(len(held)) and _ece(held) > LIMIT


def costly_week(claims: pd.DataFrame, week: int) -> bool:
    """Of what was automated in the newest settled week more than one in ten is wrong."""
    now = claims[(claims["week"] == week) & (claims["action"] == "automate")]
    return bool(len(now)) and float(1 - now["outcome"].mean()) > 0.1


def any_out_of_order(claims: pd.DataFrame, week: int) -> bool:
    """The confidence of any claim of the week came after its answer."""
    said = claims.loc[claims["week"] == week, "attributes"].map(json.loads)
    return any(one["confidence_ts"] > one["answer_ts"] for one in said)


def one_action(claims: pd.DataFrame, week: int) -> bool:
    """At least 95 % of the week's decisions are the same."""
    now = claims.loc[claims["week"] == week, "action"]
    return bool(len(now)) and float(now.value_counts(normalize=True).iloc[0]) >= 0.95


def above_the_bound(claims: pd.DataFrame, week: int) -> bool:
    """Of the newest settled week's claims at .9 or more a larger share is wrong than was proven."""
    now = claims.loc[(claims["week"] == week) & (claims["v"] >= 0.9), "outcome"]
    return bool(len(now)) and float(1 - now.mean()) > BOUND


def automated_z(claims: pd.DataFrame, week: int) -> bool:
    """The week's share of automated cases is off by 1.96 standard errors from before."""
    return _share_off(claims["action"] == "automate", claims, week)


def stated_z(claims: pd.DataFrame, week: int) -> bool:
    """Likewise the share of claims that state a topic."""
    return _share_off(claims["seg_topic"].notna(), claims, week)


def unstated_z(claims: pd.DataFrame, week: int) -> bool:
    """Likewise the share that states no confidence."""
    return _share_off(claims["v"].isna(), claims, week)


def refused_z(claims: pd.DataFrame, week: int) -> bool:
    """Likewise the share of rows that are refused."""
    return _share_off(claims["refused"], claims, week)


def silent_day(claims: pd.DataFrame, week: int) -> bool:
    """A day of the week has no claim."""
    return bool(claims.loc[claims["week"] == week, "ts"].dt.day_of_week.nunique() < 7)


def unnamed(claims: pd.DataFrame, week: int) -> bool:
    """Any claim of the week names no model."""
    return bool(claims.loc[claims["week"] == week, "model_version"].isna().any())


def _share_off(of: pd.Series, claims: pd.DataFrame, week: int) -> bool:
    now, before = of[claims["week"] == week], of[claims["week"].between(week - 8, week - 1)]
    p = before.mean()
    error = np.sqrt(p * (1 - p) * (1 / len(now) + 1 / len(before)))
    return bool(abs(now.mean() - p) > Z * error)


def _off(claims: pd.DataFrame) -> bool:
    n = len(claims)
    rate = (claims["outcome"].sum() + 0.5) / (n + 1)
    gap = claims["v"].mean() - claims["outcome"].mean()
    return bool(abs(gap) > Z * np.sqrt(rate * (1 - rate) / n))


def _ece(claims: pd.DataFrame) -> float:
    residual = (claims["v"] - claims["outcome"]).groupby(claims["v"]).sum()
    return float(residual.abs().sum() / len(claims))

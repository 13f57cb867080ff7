"""The alarm score of kept inputs that are asked again, round by round."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from core.sentences.numbers import ABSENT, count, counted, percent
from core.text.figures import e_words
from dashboard.charts.kit.base import finish, layered, tooltip, words_only
from dashboard.charts.kit.palette import Palette

_WIDTH, _HEIGHT = 660, 190
#: The axis reaches from here to where the score is, on a logarithmic scale.
_LOWEST = 0.01


def canary_scores(
    rounds: pd.DataFrame, needed: float, palette: Palette, *, width: int = _WIDTH
) -> alt.LayerChart | alt.Chart:
    """The alarm score after each round, on a logarithmic scale, and the score that is an alarm.

    Rounds of the reference are hollow at 1: they only tell how much the model varies by itself.

    Args:
        rounds: one row per round, ascending: name, asked_at, n_asked, n_failed, stated (null
            without any), score, judged (bool), alarm (bool).
        needed: the score that is an alarm.
    """
    if rounds.empty:
        return finish(words_only("Not asked yet.", palette, width=width), palette)
    shown = np.clip(rounds["score"].to_numpy(dtype=float), _LOWEST, 1e9)
    frame = pd.DataFrame(
        {
            "at": rounds["asked_at"],
            "shown": shown,
            "_state": np.where(
                rounds["alarm"], "alarm", np.where(rounds["judged"], "judged", "reference")
            ),
            "_name": rounds["name"].astype(str),
            "_score": [e_words(score) for score in rounds["score"]],
            "_stated": [
                ABSENT if pd.isna(one) else percent(one, decimals=1) for one in rounds["stated"]
            ],
            "_asked": [count(n) for n in rounds["n_asked"]],
            "_failed": [count(n) for n in rounds["n_failed"]],
            "_fill": np.where(
                rounds["alarm"],
                palette.alert,
                np.where(rounds["judged"], palette.estimate, palette.background),
            ),
            "needed": needed,
        }
    )
    highest = max(float(shown.max()) * 2, needed * 3)
    x = alt.X(
        field="at",
        type="temporal",
        title=None,
        axis=alt.Axis(format="%d %b", tickCount=8, grid=False),
    )
    scale = alt.Scale(type="log", domain=[min(0.1, float(shown.min())), highest], nice=False)
    y = alt.Y(
        field="shown",
        type="quantitative",
        scale=scale,
        title="Alarm score",
        axis=alt.Axis(tickCount=4, format="~s"),
    )
    told = tooltip(
        {
            "_name": "Round",
            "_score": "Alarm score",
            "_stated": "Stated on average",
            "_asked": "Answered",
            "_failed": "Without an answer",
        }
    )
    filled = alt.Fill(field="_fill", type="nominal", scale=None, legend=None)
    line = alt.Chart(frame).mark_line(color=palette.estimate, strokeWidth=1.5).encode(x=x, y=y)
    points = (
        alt.Chart(frame)
        .mark_point(size=42, filled=True, opacity=1, stroke=palette.estimate)
        .encode(x=x, y=y, fill=filled, tooltip=told)
    )
    rule = (
        alt.Chart(frame.head(1))
        .mark_rule(color=palette.alert, strokeDash=[5, 3])
        .encode(y=alt.Y(field="needed", type="quantitative", scale=scale))
    )
    name = (
        alt.Chart(frame.head(1))
        .mark_text(color=palette.alert_ink, align="left", dx=4, dy=-7, text=f"{needed:.0f}: alarm")
        .encode(x=alt.value(0), y=alt.Y(field="needed", type="quantitative", scale=scale))
    )
    chart = layered([rule, name, line, points], {}, width=width - 60, height=_HEIGHT)
    return finish(chart, palette)


def alt_text_canary(rounds: pd.DataFrame, needed: float) -> str:
    """What the picture shows, for who does not see it."""
    if rounds.empty:
        return "Kept inputs were not asked yet."
    last = rounds.iloc[-1]
    said = (
        f"Alarm score of {counted(len(rounds), 'round')} of kept inputs, {rounds.iloc[0]['name']} "
        f"to {last['name']}: {e_words(last['score'])} now, {needed:.0f} is an alarm."
    )
    alarm = rounds[rounds["alarm"]]
    return f"{said} Reached with the round {alarm.iloc[0]['name']}." if len(alarm) else said

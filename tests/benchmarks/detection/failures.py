"""The failures that are planted, at three sizes each, and what finds each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.events import PPM
from core.findings.detectors.change.drift_alarm import watch_one
from core.findings.detectors.change.input_drift import inputs_conditions
from core.findings.detectors.change.version_change import change_conditions
from core.findings.detectors.confidence.anchoring import anchoring_conditions
from core.findings.detectors.confidence.asking_order import order_conditions
from core.findings.detectors.confidence.metric_gaming import gaming_conditions
from core.findings.detectors.confidence.miscalibration import calibration_conditions
from core.findings.detectors.decisions.broken_promise import promise_conditions
from core.findings.detectors.decisions.stakes_too_low import too_low
from core.findings.detectors.decisions.theatre import measure_theatre, theatre_conditions
from core.findings.detectors.labels.tuning_leak import leak_conditions
from core.findings.detectors.schema import schema_conditions
from core.findings.kinds import Condition
from core.gate.breaches import breached_signals
from core.queries.base.selection import Selection
from core.registry.cut_runs import CutRun, ProvenCut
from core.registry.signal_spec import Costs
from core.trail import log as trail
from core.validation.recent_sample import week_began
from detection import naive
from detection.ledgers import (
    AFTER,
    BEFORE,
    LABELS,
    SHARES,
    SIGNAL,
    SIGNED,
    START,
    V1,
    Desk,
    V,
    claims,
    look,
    right,
)

TOLERANCE = 0.05
WEEKS = BEFORE + AFTER
#: Days that a round looks back for breaches.
BREACH_DAYS = 30
#: Share of wrong ones at .9 or more where nothing is wrong.
ABOVE_CUT = float(((1 - V) * SHARES)[V >= 0.9].sum() / SHARES[V >= 0.9].sum())
#: Values whose errors cancel: those under one half state too little, the others too much.
CANCELLING = np.array([0.3, 0.4, 0.7, 0.85])


@dataclass(frozen=True)
class Failure:
    """A failure.

    Attributes:
        name: of it.
        detector: what finds it.
        sizes: in words, and as `made` takes them.
        made: claims with the failure from week `BEFORE` on; of size 0 nothing is wrong.
        found: whether the detector finds it at a time.
        naive: the rule beside it.
        rule: what that is, in words.
        labels: whether that rule waits for labels.
    """

    name: str
    detector: str
    sizes: tuple[tuple[str, float], ...]
    made: Callable[[np.random.Generator, float], pd.DataFrame]
    found: Callable[[Desk, datetime], bool]
    naive: naive.Rule
    rule: str
    labels: bool = True


def later(values: pd.DataFrame) -> pd.Series:
    """Which claims are of the weeks in which it is wrong."""
    return values["week"] >= BEFORE


def beyond(*more: float) -> tuple[tuple[str, float], ...]:
    """Sizes of a gap, so many points beyond the tolerance."""
    return tuple((f"tolerance + {one:.0f} points", TOLERANCE + one / 100) for one in more)


# ------------------------------------------------------------------------------------ calibration
def hidden_segment(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """One of eight topics is off, the others are not."""
    made = claims(rng)
    off = later(made) & (made["seg_topic"] == "a")
    made.loc[off, "outcome"] = right(rng, (made.loc[off, "v"] - size).to_numpy())
    return made


def band(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """What is stated at .9 or more is off, the rest is not."""
    made = claims(rng)
    off = later(made) & (made["v"] >= 0.9)
    made.loc[off, "outcome"] = right(rng, (made.loc[off, "v"] - size).to_numpy())
    return made


def promise_not_kept(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """Of what is stated at .9 or more so many are wrong beyond what a threshold run proved."""
    return band(rng, naive.BOUND + size - ABOVE_CUT if size else 0.0)


def promise_found(desk: Desk, now: datetime) -> bool:
    """Whether a cut that was proven at the signature no longer keeps its bound."""
    run = CutRun(
        "ab" * 32, SIGNAL, 1, START + timedelta(weeks=SIGNED), "p", 1, round(naive.BOUND * PPM),
        900_000, (ProvenCut(None, None, 900_000, 900_000, 1_000, 50),),
    )  # fmt: skip
    entry = desk.state.entries[SIGNAL]
    spec = replace(entry.spec, cuts_from=(run.sha256,))
    state = replace(
        desk.state,
        runs={run.sha256: run},
        entries={**desk.state.entries, SIGNAL: replace(entry, spec=spec)},
    )
    return bool(promise_conditions(desk.cursor, state, now))


def cancelling(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """Half of what is stated is too unsure and half too sure, by as much: no gap is left.

    The same values if nothing is wrong, as often each, none of them in the high-confidence band.
    """
    made = claims(rng)
    made["v"] = rng.choice(CANCELLING, len(made))
    off = np.where(made["v"] < 0.5, -size, size) * later(made)
    made["outcome"] = right(rng, (made["v"] - off).to_numpy())
    return made


def drift(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """Everything is off."""
    return claims(rng, gap=np.where(np.arange(WEEKS) < BEFORE, 0.0, size))


def of_kind(
    conditions: Callable[..., tuple[Condition, ...]], *kinds: str
) -> Callable[[Desk, datetime], bool]:
    """Whether a detector finds one of these kinds."""

    def found(desk: Desk, now: datetime) -> bool:
        return any(one.kind in kinds for one in conditions(desk.cursor, desk.state, now))

    return found


def alarmed(desk: Desk, now: datetime) -> bool:
    """Whether the watch over what was signed has an alarm."""
    spec = desk.state.entries[SIGNAL].spec
    signed = desk.state.validations[SIGNAL, V1].signed
    assert signed is not None
    return watch_one(desk.cursor, spec, V1, signed.at, now).alarm is not None


# ----------------------------------------------------------------------------------- new versions
def model_change(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """A new model is right less often, and says what the old one said."""
    made = drift(rng, size)
    made.loc[later(made), "model_version"] = "m2"
    return made


def prompt_change(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """A new prompt states more, and is right as often."""
    made = claims(rng)
    made.loc[later(made), "prompt_version"] = "p2"
    made.loc[later(made), "v"] = np.minimum(made.loc[later(made), "v"] + size, 1.0).round(6)
    return made


def shown_worse(desk: Desk, now: datetime) -> bool:
    """Whether a change review shows something worse; that one is open is no news by itself."""
    return any(
        dict(one.evidence)["verdict"] in ("worse", "mixed")
        for one in change_conditions(desk.cursor, desk.state, now)
    )


def collapse(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """A new prompt states the average accuracy of so many of its cases; 4 points off before."""
    made = claims(rng, gap=0.04)
    made.loc[later(made), "prompt_version"] = "p2"
    same = later(made) & (rng.random(len(made)) < size)
    made.loc[same, "v"] = round(float(made["v"].mean()) - 0.04, 2)
    return made


# ---------------------------------------------------------------------------------------- inputs
def inputs(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """One topic comes more often by so much of all; the cases of a day resemble each other."""
    made = claims(rng)
    day = made["ts"].dt.floor("D")
    for at, one in made.groupby(day).groups.items():
        share = np.full(8, 1 / 8)
        if at >= pd.Timestamp(look(0)).floor("D"):
            share = share * (1 - size * 8 / 7) + np.eye(8)[0] * size * 8 / 7
        mix = rng.dirichlet(300 * share)
        made.loc[one, "seg_topic"] = rng.choice(list("abcdefgh"), len(one), p=mix)
    return made


def silent_update(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """The model states more under the same name, and is right as often."""
    made = claims(rng)
    made.loc[later(made), "v"] = np.minimum(made.loc[later(made), "v"] + size, 1.0).round(6)
    return made


def leaked(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """So many of 400 held-out claims are of inputs that it was tuned on."""
    made = claims(rng)
    tuning = claims(rng, first=0, weeks=2).assign(split="tuning")
    held = claims(rng, first=BEFORE, weeks=2).assign(split="heldout")
    made["input_id"] = [f"p{i}" for i in range(len(made))]
    tuning["input_id"] = [f"t{i}" for i in range(len(tuning))]
    held["input_id"] = [f"h{i}" for i in range(len(held))]
    same = held.index[: int(size)]
    held.loc[same, "input_id"] = tuning.loc[same, "input_id"].to_numpy()
    held.loc[same, "outcome"] = 1
    return pd.concat([tuning, made, held], ignore_index=True)


# -------------------------------------------------------------------------------- how it is asked
def anchored(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """Asked after the answer as well, of half the cases: it states more, and is as often right."""
    made = claims(rng, per_week=LABELS // 2).assign(
        elicitation="verbal", elicitation_order="before"
    )
    made["input_id"] = [f"i{i}" for i in range(len(made))]
    again = made[later(made)].assign(elicitation_order="after")
    noise = rng.choice([-0.02, 0.0, 0.02], len(again))
    again["v"] = np.clip(again["v"] + size + noise, 0, 1).round(6)
    return pd.concat([made, again], ignore_index=True)


def out_of_order(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """All say that they are asked before the answer; of so many the confidence came after it.

    Where nothing is wrong, clocks that differ turn the order of one in fifty all the same.
    """
    made = claims(rng, per_week=20).assign(elicitation="verbal", elicitation_order="before")
    answered = pd.to_datetime(made["ts"], utc=True)
    turned = rng.random(len(made)) < np.where(later(made), max(size, 0.02), 0.02)
    stated = answered + pd.to_timedelta(np.where(turned, 4, -4), unit="s")
    made["attributes"] = [
        json.dumps({"answer_ts": one.isoformat(), "confidence_ts": other.isoformat()})
        for one, other in zip(answered, stated, strict=True)
    ]
    return made


# ------------------------------------------------------------------------------------ what is done
def by_rule(made: pd.DataFrame) -> np.ndarray:
    """What the written rules say of each claim."""
    return np.select([made["v"] < 0.62, made["v"] < 0.9], ["escalate", "review"], "automate")


def theatre(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """A new signal of so many cases a week, all reviewed; if nothing is wrong all but one in 20."""
    made = claims(rng, per_week=int(size) or 50, first=BEFORE, weeks=AFTER)
    others = 0.0 if size else 0.05
    made["action"] = np.where(rng.random(len(made)) < others, "automate", "review")
    return made


#: An error costs ten reviews, so that one wrong in ten costs as much as reviewing all.
TENFOLD = Costs("EUR", 10_000_000, 1_000_000, 2_000_000)


def costly(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """A new signal of low stakes whose automated cases err more often than one in ten, by so much.

    If nothing is wrong, as often as that: its errors cost what reviewing them would.
    """
    made = claims(rng, first=BEFORE, weeks=AFTER)
    made["action"] = by_rule(made)
    right = rng.random(len(made)) >= 0.1 + size
    made["outcome"] = made["outcome"].mask(made["action"] == "automate", right.astype(np.int8))
    return made


def acts_too_much(desk: Desk, now: datetime) -> bool:
    """Whether its stakes are found to be written too low."""
    spec = replace(desk.state.entries[SIGNAL].spec, stakes="low", costs=TENFOLD)
    done = measure_theatre(desk.cursor, spec, Selection(SIGNAL, until=week_began(now)), now)
    return too_low(spec, done) is not None


def breached(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """Of what should be seen by a person, so much acts by itself."""
    made = claims(rng)
    made["action"] = by_rule(made)
    may = made.index[later(made) & (made["action"] != "automate")]
    chosen = rng.random(len(may)) < size
    made.loc[may[chosen], "action"] = "automate"
    return made


def breaches(desk: Desk, now: datetime) -> bool:
    """Whether a round finds a breach."""
    since = now - timedelta(days=BREACH_DAYS)
    return bool(breached_signals(desk.cursor, trail.acts(desk.cursor), since, now))


# ------------------------------------------------------------------------------------- the schema
def day_by_day(rng: np.random.Generator, made: pd.DataFrame, mean: float) -> np.ndarray:
    """Of each claim a chance around a mean that is its day's, so that days differ."""
    day = made["ts"].dt.floor("D").rank(method="dense").astype(int).to_numpy() - 1
    return rng.beta(40 * mean, 40 * (1 - mean), day.max() + 1)[day]


def field_lost(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """A segment that nine in ten claims state is stated by so much fewer."""
    made = claims(rng)
    stated = day_by_day(rng, made, 0.9) - size * later(made)
    made.loc[rng.random(len(made)) >= stated, "seg_topic"] = None
    return made


def unstated(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """So many more claims state no confidence, of which 3% do at all times."""
    made = claims(rng)
    made.loc[rng.random(len(made)) < day_by_day(rng, made, 0.03) + size * later(made), "v"] = np.nan
    return made


def refused(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """So many more rows are refused, of which 3% are at all times."""
    made = claims(rng)
    return made.assign(
        refused=rng.random(len(made)) < day_by_day(rng, made, 0.03) + size * later(made)
    )


def stopped(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """So many cases a week, none on weekends, come to an end; if nothing is wrong 20 go on."""
    made = claims(rng, per_week=int(size) or 20)
    made = made[made["ts"].dt.day_of_week < 5]
    return made[~later(made)] if size else made


def unnamed(rng: np.random.Generator, size: float) -> pd.DataFrame:
    """So many claims name no model; if nothing is wrong one in two hundred slips."""
    made = claims(rng)
    slips = rng.random(len(made)) < (size * later(made) if size else 0.005)
    made.loc[slips, "model_version"] = None
    return made


FAILURES = (
    Failure(
        "hidden segment",
        "calibration of segments",
        beyond(5, 10, 20),
        hidden_segment,
        of_kind(calibration_conditions, "hidden_segment", "miscalibrated"),
        naive.weekly_z_of_segments,
        "weekly z-test, each segment",
    ),
    Failure(
        "miscalibrated band",
        "calibration of the band",
        beyond(3, 6, 12),
        band,
        of_kind(calibration_conditions, "hidden_segment", "miscalibrated"),
        naive.fixed_ece,
        "the week's ECE above 5%",
    ),
    Failure(
        "errors cancel",
        "calibration of the shape",
        beyond(3, 6, 12),
        cancelling,
        of_kind(calibration_conditions, "hidden_segment", "miscalibrated"),
        naive.raw_ece,
        "eight weeks' ECE above 5%",
    ),
    Failure(
        "drift of the gap",
        "e-process since signature",
        beyond(1, 3, 6),
        drift,
        alarmed,
        naive.weekly_z,
        "weekly z-test",
    ),
    Failure(
        "model change",
        "change review",
        (("5 points less right", 0.05), ("10 points", 0.1), ("20 points", 0.2)),
        model_change,
        shown_worse,
        naive.weekly_z,
        "weekly z-test",
    ),
    Failure(
        "prompt change",
        "change review",
        (("states 3 points more", 0.03), ("6 points", 0.06), ("10 points", 0.1)),
        prompt_change,
        shown_worse,
        naive.fixed_ece,
        "the week's ECE above 5%",
    ),
    Failure(
        "input drift",
        "mix of inputs",
        (("a topic 5 points up", 0.05), ("10 points", 0.1), ("20 points", 0.2)),
        inputs,
        of_kind(inputs_conditions, "inputs_drifted"),
        naive.weekly_psi,
        "weekly PSI above 0.2",
        labels=False,
    ),
    Failure(
        "promise broken",
        "bet against the run's bound",
        (("bound + 2 points", 0.02), ("4 points", 0.04), ("8 points", 0.08)),
        promise_not_kept,
        promise_found,
        naive.above_the_bound,
        "the week's share above it",
    ),
    Failure(
        "silent update",
        "stated confidence, daily",
        (("states 5 points more", 0.05), ("10 points", 0.1), ("15 points", 0.15)),
        silent_update,
        of_kind(inputs_conditions, "stated_shifted"),
        naive.stated_psi,
        "weekly PSI above 0.2",
        labels=False,
    ),
    Failure(
        "tuning leak",
        "shared inputs (exact)",
        (("1 of 400 held out", 1), ("1%", 4), ("10%", 40)),
        leaked,
        of_kind(leak_conditions, "split_leaked"),
        naive.heldout_ece,
        "held-out ECE above 5%",
    ),
    Failure(
        "gaming or collapse",
        "spread, ECE and AUROC",
        (("half state one value", 0.5), ("80%", 0.8), ("all", 1.0)),
        collapse,
        of_kind(gaming_conditions, "metric_gamed"),
        naive.fixed_ece,
        "the week's ECE above 5%",
    ),
    Failure(
        "anchoring",
        "paired ways of asking",
        beyond(1, 3, 6),
        anchored,
        of_kind(anchoring_conditions, "confidence_anchored"),
        naive.weekly_z,
        "weekly z-test",
    ),
    Failure(
        "order not as logged",
        "times of answer and confidence",
        (("10% asked after", 0.1), ("20%", 0.2), ("40%", 0.4)),
        out_of_order,
        of_kind(order_conditions, "order_contradicted"),
        naive.any_out_of_order,
        "any claim out of order",
        labels=False,
    ),
    Failure(
        "theatre",
        "decisions all alike",
        (("20 cases a week", 20), ("50", 50), ("200", 200)),
        theatre,
        of_kind(theatre_conditions, "confidence_theatre"),
        naive.one_action,
        "95% of the week alike",
        labels=False,
    ),
    Failure(
        "escalation breach",
        "rules in force (exact)",
        (("0.5% of what needs care", 0.005), ("2%", 0.02), ("10%", 0.1)),
        breached,
        breaches,
        naive.automated_z,
        "weekly z-test, automated",
        labels=False,
    ),
    Failure(
        "stakes too low",
        "errors against reviews",
        (("13% wrong, 10% pays", 0.03), ("16%", 0.06), ("20%", 0.1)),
        costly,
        acts_too_much,
        naive.costly_week,
        "the week's errors cost more",
    ),
    Failure(
        "errors cancel, watched",
        "e-process since signature",
        beyond(3, 6, 10),
        cancelling,
        alarmed,
        naive.weekly_z,
        "weekly z-test",
    ),
    Failure(
        "field lost",
        "fields stated, by days",
        (("30 points fewer", 0.3), ("60 points", 0.6), ("none left", 1.0)),
        field_lost,
        of_kind(schema_conditions, "field_changed"),
        naive.stated_z,
        "weekly z-test of the share",
        labels=False,
    ),
    Failure(
        "unstated",
        "unstated share, by days",
        (("10 points more", 0.1), ("20 points", 0.2), ("50 points", 0.5)),
        unstated,
        of_kind(schema_conditions, "share_jumped"),
        naive.unstated_z,
        "weekly z-test of the share",
        labels=False,
    ),
    Failure(
        "refused rows",
        "refused share, by days",
        (("10 points more", 0.1), ("20 points", 0.2), ("50 points", 0.5)),
        refused,
        of_kind(schema_conditions, "share_jumped"),
        naive.refused_z,
        "weekly z-test of the share",
        labels=False,
    ),
    Failure(
        "volume stops",
        "silence against the longest",
        (("20 cases a week", 20), ("50", 50), ("200", 200)),
        stopped,
        of_kind(schema_conditions, "volume_stopped"),
        naive.silent_day,
        "a day without a claim",
        labels=False,
    ),
    Failure(
        "version unnamed",
        "claims counted (exact)",
        (("5% name none", 0.05), ("20%", 0.2), ("all", 1.0)),
        unnamed,
        of_kind(schema_conditions, "versions_unnamed"),
        naive.unnamed,
        "any claim without a name",
        labels=False,
    ),
)

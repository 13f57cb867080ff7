"""A bundle of evidence: what was measured, frozen as one canonical text, and read back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core.measure.verdicts.measure_table import Measures, part_measures
from core.measure.verdicts.verdict import Judgement
from core.registry.signal_spec import SignalSpec
from core.registry.spec_json import of_json
from core.trail.acts import moment
from core.trail.fingerprint import Fingerprint
from core.validation.criteria import CriterionResult, SampleResult

if TYPE_CHECKING:  # Frames are for pages; most commands load none of it.
    import pandas as pd

#: The version of the bundle's own layout.
LAYOUT = 5
#: Of evidence that was taken for apart from its tuning split where some of that, or none of what
#: was judged, named its input.
SOME_NAMED_LAYOUT = 4
#: Of evidence that was not asked whether its tuning data are apart, nor how often its held-out set
#: was judged on.
UNASKED_LAYOUT = 3
#: Of evidence whose required segments were judged as if their labels spoke for all their claims,
#: and whose measures were told likewise: it is recomputed by the rules of then.
WHOLE_LAYOUT = 2
#: Of evidence frozen before verdicts had parts: it is read, and recomputed by the rules of then.
PLAIN_LAYOUT = 1

#: Fractions keep so many significant digits, and no digit beyond the twelfth place, where
#: floating point is noise.
_DIGITS = 9
_LAST_PLACE = Decimal("1e-12")

#: Keys of a group's measures that hold text.
_TEXT = (
    *("group", "notes", "verdict", "state", "reason", "speaks_for"),
    *("overconfident_at", "underconfident_at"),
)


def decimal(value: float | None) -> str | None:
    """A fraction as canonical JSON carries it: a plain decimal of at most nine digits.

    None stays None; nan and infinities, which are no numbers to sign, become None.
    """
    if value is None or not math.isfinite(value):
        return None
    exact = Decimal(f"{value:.{_DIGITS - 1}e}")
    text = f"{exact.quantize(_LAST_PLACE) if abs(exact) < 1 else exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def written(value: Any) -> Any:
    """A value with every float in it as `decimal` has it."""
    if isinstance(value, float):
        return decimal(value)
    if isinstance(value, Mapping):
        return {key: written(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(inner) for inner in value]
    return value


def measures_json(measures: Measures) -> dict[str, Any]:
    """A group's measures, fractions as text; ``notes`` always there."""
    found: dict[str, Any] = written(measures.as_json())
    return {"notes": {}, **found}


def segment_measures_json(
    judgement: Judgement, at: int, group: Mapping[str, str | None]
) -> dict[str, Any]:
    """What a bundle holds of one segment's measures, under the same names, judged with the others.

    Scores that no bound asks for are left out: of a million distinct confidences in dozens of
    segments they would take minutes.
    """
    high = int(judgement.high_n[at])
    band = {
        "from": judgement.high_from,
        "n": high,
        "claimed": float(judgement.high_claimed[at]),
        "observed": float(judgement.high_observed[at]),
        "low": float(judgement.high_low[at]),
        "high": float(judgement.high_high[at]),
    }
    found: dict[str, Any] = {name: int(getattr(judgement, name)[at]) for name in _COUNTS}
    found |= {name: float(getattr(judgement, name)[at]) for name in _OF_SEGMENTS}
    found |= {"high_band": band if high else None, "verdict": judgement.verdict[at]}
    found |= {"state": judgement.state[at], "reason": judgement.reason[at]}
    found["speaks_for"] = judgement.speaks_for[at]
    found["n_effective"] = float(judgement.n_effective[at])
    found["parts"] = {name: one.as_json() for name, one in part_measures(judgement, at).items()}
    made: dict[str, Any] = written({"group": dict(group), "notes": {}, **found})
    return made


_COUNTS = ("n_claims", "n_unstated", "n", "n_inputs")
_OF_SEGMENTS = (
    "coverage",
    "mean_confidence",
    "accuracy",
    "gap",
    "gap_low",
    "gap_high",
    "ece",
    "ece_noise_floor",
    "minimum_detectable_gap",
    "detectable_beyond_tolerance",
)


def sample_json(result: SampleResult) -> dict[str, Any]:
    """What became of the criteria on one sample."""
    return {
        "n": result.n,
        "n_inputs": result.n_inputs,
        "minimum": result.minimum,
        "results": [
            {
                "metric": one.metric,
                "side": one.side,
                "bound": decimal(one.bound),
                "value": decimal(one.value),
                "low": decimal(one.low),
                "high": decimal(one.high),
                "outcome": one.outcome,
                "n": one.n,
                "labels_needed": one.labels_needed,
                "words": one.words,
            }
            for one in result.results
        ],
    }


@dataclass(frozen=True)
class HeldoutUse:
    """How often a held-out set was judged on before.

    Attributes:
        inputs: heldout inputs of the version; a claim without one is an input of its own.
        before: how often one of them was judged on before, on average.
        looks: by kind of act, how many acts judged on one of them or more.
        budget: how often it may be judged on.
    """

    inputs: int
    before: float
    looks: Mapping[str, int]
    budget: int

    @property
    def left(self) -> int:
        """How many times more it may be judged on."""
        return max(0, math.floor(self.budget - self.before + 1e-9))

    def as_json(self) -> dict[str, Any]:
        """As a bundle holds it."""
        return {
            "inputs": self.inputs,
            "before": decimal(self.before),
            "looks": dict(self.looks),
            "budget": self.budget,
        }

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> HeldoutUse:
        """Read what `as_json` wrote."""
        return cls(found["inputs"], float(found["before"]), found["looks"], found["budget"])


@dataclass(frozen=True)
class BundlePart:
    """A sample of a bundle with its measures and what became of the criteria.

    Attributes:
        name: ``all judged claims``, ``the recent window``, or ``language=de``.
        group: dimension → value of a segment; empty for the others.
        measures: as in `core.measure.verdicts.measure_table.Measures`, floats or None; of a segment
            without the scores, see `segment_measures_json`.
        sample: the criteria on it.
    """

    name: str
    group: Mapping[str, str | None]
    measures: Mapping[str, Any]
    sample: SampleResult


@dataclass(frozen=True)
class Bundle:
    """What a person signs.

    Attributes:
        text: its canonical JSON, which is what is hashed, stored and exported.
    """

    text: str

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the text in UTF-8, in hexadecimal; what it is known by."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The text read; fractions are decimal strings."""
        read: dict[str, Any] = json.loads(self.text)
        return read

    @property
    def signal(self) -> str:
        """The signal."""
        return str(self.content["signal"])

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint that was judged."""
        return Fingerprint.of(self.content["fingerprint"])

    @property
    def at(self) -> datetime:
        """As known when, UTC without zone."""
        return moment(self.content["at"])

    @property
    def program(self) -> str:
        """The program that made it."""
        return str(self.content["program"])

    @cached_property
    def spec(self) -> SignalSpec:
        """The registry entry it was judged by."""
        return of_json(self.content["spec"])

    @property
    def spec_sha256(self) -> str:
        """Of the whole registry entry."""
        return str(self.content["spec_sha256"])

    @property
    def material_sha256(self) -> str:
        """Of the part of the registry entry that a validation rests on."""
        return str(self.content["material_sha256"])

    @property
    def met(self) -> bool:
        """Whether the machine's part is done: every criterion is met, nothing recent misses one."""
        return bool(self.content["met"])

    @property
    def counts(self) -> Mapping[str, int]:
        """Claims by what they are; see `core.validation.evidence.freeze`."""
        found: dict[str, int] = self.content["counts"]
        return found

    @property
    def untold(self) -> tuple[str, ...]:
        """What cannot be told, in sentences."""
        return tuple(self.content["untold"])

    @property
    def missing_segments(self) -> tuple[str, ...]:
        """Required segment dimensions that no judged claim names."""
        return tuple(self.content["missing_segments"])

    @property
    def crowded_segments(self) -> tuple[str, ...]:
        """Required segment dimensions with too many values to split claims by."""
        return tuple(self.content.get("crowded_segments", ()))

    @property
    def declared_untuned(self) -> bool:
        """Whether the owner declares that nothing was chosen on the claims it judges."""
        return bool(self.content["query"].get("declared_untuned", False))

    @property
    def heldout_use(self) -> HeldoutUse | None:
        """How often its held-out set was judged on; None: it has none, or was not asked."""
        found = self.content.get("heldout_use")
        return None if found is None else HeldoutUse.of_json(found)

    @cached_property
    def whole(self) -> BundlePart:
        """All judged claims."""
        return _part("all judged claims", self.content["whole"])

    @cached_property
    def window(self) -> BundlePart | None:
        """The recent production claims by themselves; None where there are none."""
        found = self.content["window"]
        return None if found is None else _part("the recent window", found)

    @cached_property
    def segments(self) -> tuple[BundlePart, ...]:
        """Each value of each required segment dimension."""
        return tuple(
            _part(segment_name(one["dimension"], one["value"]), one)
            for one in self.content["segments"]
        )

    def curve(self) -> pd.DataFrame:
        """CORP blocks of the whole: v_from, v_to, observed, n; for the reliability diagram."""
        return self._frame("curve", ("v_from", "v_to", "observed", "n"))

    def consistency(self) -> pd.DataFrame:
        """Where chance alone would put a calibrated signal: v, low, high. May be empty."""
        return self._frame("consistency", ("v", "low", "high"))

    def honest(self) -> pd.DataFrame:
        """Simultaneous confidence band of the true curve: v, low, high. May be empty."""
        return self._frame("honest", ("v", "low", "high"))

    def histogram(self) -> pd.DataFrame:
        """Stated and labelled claims per bin of confidence: left, right, n_claims, n."""
        return self._frame("histogram", ("left", "right", "n_claims", "n"))

    def _frame(self, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
        import pandas as pd

        found = self.content[name]
        return pd.DataFrame(
            {
                column: pd.Series(found[column], dtype="float64").astype(
                    "int64" if column in ("n", "n_claims") else "float64"
                )
                for column in columns
            }
        )


def segment_name(dimension: str, value: str | None) -> str:
    """A segment in words: ``language=de``; claims that do not name it: ``language=(none)``."""
    return f"{dimension}={'(none)' if value is None else value}"


def _part(name: str, found: Mapping[str, Any]) -> BundlePart:
    sample = found["sample"]
    return BundlePart(
        name=name,
        group=found["measures"]["group"],
        measures=_numbers(found["measures"]),
        sample=SampleResult(
            n=sample["n"],
            n_inputs=sample["n_inputs"],
            minimum=sample["minimum"],
            results=tuple(
                CriterionResult(
                    **{
                        **one,
                        **{k: _float(one[k]) for k in ("bound", "value", "low", "high")},
                    }
                )
                for one in sample["results"]
            ),
        ),
    )


def _numbers(measures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _numbers(value)
        if name in ("high_band", "bounds") and value is not None
        else {part: _numbers(one) for part, one in value.items()}
        if name == "parts"
        else value
        if name in _TEXT
        else _float(value)
        for name, value in measures.items()
    }


def _float(value: str | int | None) -> float | int | None:
    return float(value) if isinstance(value, str) else value

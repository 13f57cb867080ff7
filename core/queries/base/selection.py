"""Which claims a question is about: one value object for pages, commands and reports."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

#: Names that `--by` and `--where` take besides segment dimensions.
CLAIM_DIMENSIONS = (
    "model_version",
    "prompt_version",
    "elicitation",
    "elicitation_order",
    "params_version",
    "calibrator_version",
    "split",
    "action",
    "outcome_source",
)
#: The one of them that belongs to the label and not to the claim: a question that names it is about
#: labels, see `core.queries.base.claims_sql`.
SOURCE_DIMENSION = "outcome_source"
TIME_DIMENSIONS = ("week", "day")
#: Ten equal-width bands of the confidence itself, "0.8–0.9"; for the heatmap.
BAND_DIMENSION = "confidence_band"


@dataclass(frozen=True)
class Selection:
    """A question's claims.

    Attributes:
        signal: the one signal asked about.
        since: earliest claim time, inclusive, UTC without zone; None: from the first.
        until: latest claim time, exclusive, UTC without zone; None: to the last.
        as_known: only what was known before this time: later claims are left out, later
            outcomes and corrections undone; None: all that is known.
        where: (dimension, accepted values) pairs, all of which must hold. A dimension is one of
            `CLAIM_DIMENSIONS`, `TIME_DIMENSIONS`, `BAND_DIMENSION` or a segment dimension; None
            among the values accepts claims that do not name it. `SOURCE_DIMENSION` turns the
            question from claims to labels: unlabelled claims are out of it.
    """

    signal: str
    since: datetime | None = None
    until: datetime | None = None
    as_known: datetime | None = None
    where: tuple[tuple[str, tuple[str | None, ...]], ...] = ()

    @property
    def splits_chosen(self) -> bool:
        """Whether the question names a split itself; otherwise tuning claims are left out."""
        return any(dimension == "split" for dimension, _ in self.where)

    @property
    def by_source(self) -> bool:
        """Whether the question is about the labels of some source."""
        return any(dimension == SOURCE_DIMENSION for dimension, _ in self.where)

    def narrowed(self, dimension: str, value: str | None) -> Selection:
        """The same question for one value of one dimension only."""
        return replace(self, where=(*self.where, (dimension, (value,))))

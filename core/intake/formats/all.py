"""Every known format; to add one, write its file and its line here."""

from __future__ import annotations

from collections.abc import Mapping

from core.intake.formats import (
    helm,
    inspect,
    langfuse,
    lm_eval,
    metaculus,
    mlflow,
    opik,
    otel,
    phoenix,
    promptfoo,
)
from core.intake.formats.base import KnownFormat, Record

FORMATS: Mapping[str, KnownFormat] = {
    one.name: one
    for one in (
        langfuse.FORMAT,
        inspect.FORMAT,
        lm_eval.FORMAT,
        otel.OPENINFERENCE,
        mlflow.FORMAT,
        phoenix.FORMAT,
        opik.FORMAT,
        promptfoo.FORMAT,
        helm.FORMAT,
        otel.FORMAT,
        metaculus.FORMAT,
    )
}


def recognised(record: Record) -> KnownFormat | None:
    """The format of a record that can be nothing else; one with our own fields is ours."""
    if "event_id" in record:
        return None
    fitting = [one for one in FORMATS.values() if one.fits(record)]
    return fitting[0] if len(fitting) == 1 else None

"""Claims that wait, on disk, for the span that says which model answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.intake.otlp.joining import HOLD, KIND, Joined, Joiner, claim_line, span_line, waits
from core.intake.otlp.translate import Row
from core.intake.otlp.wire import SpanFacts
from core.spool.segments import Spool
from tests.worlds.claims.exported import OTHER_SPAN, SPAN, TRACE

HERE = SpanFacts(TRACE, SPAN)
SPAN_OF_IT = SpanFacts(TRACE, SPAN, "r1", "m1", "v1")


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool")
    yield made
    made.close()


def fields(**more: Any) -> dict[str, Any]:
    return {
        "event_id": "e",
        "confidence": 0.9,
        "model_version": None,
        "prompt_version": None,
    } | more


def came(spool: Spool, *lines: bytes, sender: str = "t") -> None:
    spool.append(f"{KIND}-{sender}", lines)


def claim(at: float = 0.0, of: SpanFacts = HERE, **more: Any) -> bytes:
    return claim_line(json.dumps(fields(**more)).encode(), of, at)


def join(joiner: Joiner, spool: Spool, now: float = 0.0, last: bool = False) -> Joined:
    return joiner.join(spool, spool.closed([KIND]), now=now, last=last)


def went_on(spool: Spool, sender: str = "t") -> list[tuple[str | None, str | None]]:
    """The versions of the claims that went on."""
    lines = [
        json.loads(line)
        for segment in spool.closed(["claims"])
        if segment.kind == f"claims-{sender}"
        for line in segment.path.read_bytes().splitlines()
    ]
    return [(one["model_version"], one["prompt_version"]) for one in lines]


def test_only_a_claim_without_a_model_and_with_something_to_find_its_span_by_waits() -> None:
    assert waits(Row(0, fields(), HERE))
    assert waits(Row(0, fields(), SpanFacts(response_id="r1")))
    assert not waits(Row(0, fields(model_version="m1"), HERE))
    assert not waits(Row(0, fields(), SpanFacts(TRACE)))


@pytest.mark.parametrize(
    "of", [HERE, SpanFacts(response_id="r1"), SpanFacts(TRACE, OTHER_SPAN, "r1")]
)
@pytest.mark.parametrize("order", ["before", "after", "earlier fold", "later fold"])
def test_a_claim_gets_the_versions_of_its_span_whichever_came_first(
    spool: Spool, of: SpanFacts, order: str
) -> None:
    joiner, span = Joiner(), span_line(SPAN_OF_IT)
    if order == "before":
        came(spool, span, claim(of=of))
    elif order == "after":
        came(spool, claim(of=of))
        came(spool, span)
    else:
        first, second = (span, claim(of=of)) if order == "earlier fold" else (claim(of=of), span)
        came(spool, first)
        join(joiner, spool, now=HOLD - 1)
        came(spool, second)
    assert join(joiner, spool, now=HOLD - 1).with_span == 1
    assert went_on(spool) == [("m1", "v1")]
    assert spool.closed([KIND]) == ()


def test_a_claim_whose_span_does_not_come_goes_on_without_a_version_and_is_counted(
    spool: Spool,
) -> None:
    joiner = Joiner()
    came(spool, claim())
    assert join(joiner, spool, now=HOLD - 1) == Joined(waiting=1)
    assert went_on(spool) == []
    assert join(joiner, spool, now=HOLD) == Joined(without=1)
    assert went_on(spool) == [(None, None)]


def test_at_the_end_nothing_waits(spool: Spool) -> None:
    came(spool, claim())
    assert join(Joiner(), spool, last=True) == Joined(without=1)
    assert went_on(spool) == [(None, None)]


def test_one_sender_says_nothing_of_anothers_spans(spool: Spool) -> None:
    came(spool, span_line(SPAN_OF_IT), sender="a")
    came(spool, claim(), sender="b")
    join(Joiner(), spool, last=True)
    assert went_on(spool, "b") == [(None, None)]


def test_what_a_claim_states_itself_stands(spool: Spool) -> None:
    came(spool, span_line(SPAN_OF_IT), claim(prompt_version="own"))
    join(Joiner(), spool)
    assert went_on(spool) == [("m1", "own")]


def test_spans_that_are_remembered_are_bounded(spool: Spool) -> None:
    joiner = Joiner(most_spans=2)
    came(spool, *(span_line(SpanFacts(TRACE, f"{i:016x}", None, f"m{i}")) for i in range(1, 4)))
    came(spool, *(claim(of=SpanFacts(TRACE, f"{i:016x}")) for i in range(1, 4)))
    join(joiner, spool, last=True)
    assert sorted(went_on(spool), key=str) == [("m2", None), ("m3", None), (None, None)]


def test_a_segment_that_cannot_be_read_is_set_aside_and_stops_no_other(spool: Spool) -> None:
    came(spool, b'{"neither": 1}', sender="a")
    came(spool, b'{"claim": ', sender="b")
    came(spool, claim(), sender="c")
    done = join(Joiner(), spool, last=True)
    assert [segment.kind for segment, _ in done.set_aside] == [f"{KIND}-a", f"{KIND}-b"]
    assert went_on(spool, "c") == [(None, None)]
    assert spool.standing().failed == 2


def test_text_that_breaks_lines_elsewhere_stays_in_its_line(spool: Spool) -> None:
    came(spool, span_line(SpanFacts(TRACE, SPAN, None, "m\n1\u2028")), claim(note="a\u2028b"))
    assert join(Joiner(), spool, last=True) == Joined(with_span=1)
    assert went_on(spool) == [("m\n1\u2028", None)]

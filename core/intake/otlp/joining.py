"""Claims that came without the model and prompt of their span wait for it, on disk, for a while.

Exporters send logs and spans apart, each when it likes, so an evaluation often arrives before the
span it is of. Such claims are spooled in segments of their own, with what spans state between them;
at each fold those whose span came go on as claims, and so do those that waited long enough.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.intake.otlp.translate import Row, keys_of, versioned
from core.intake.otlp.wire import SpanFacts
from core.spool.segments import Segment, Spool

#: Of the segments that hold claims that wait, and spans.
KIND = "otlp"
#: Seconds that a claim waits for its span. SDKs send spans after five, collectors after some more.
HOLD = 60.0
#: Spans of earlier folds that are remembered.
MOST_SPANS = 50_000
#: Lines that are handed to the spool at once.
_AT_ONCE = 10_000

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Joined:
    """What joining did.

    Attributes:
        with_span: claims that got the versions of their span.
        without: claims that went on without a model version.
        waiting: claims that wait for the next time.
        set_aside: segments that cannot be read, and why.
    """

    with_span: int = 0
    without: int = 0
    waiting: int = 0
    set_aside: tuple[tuple[Segment, str], ...] = ()


def waits(row: Row) -> bool:
    """Whether a claim has to wait: it names no model, and may have a span that does."""
    return not row.fields["model_version"] and bool(keys_of(row.of))


def claim_line(line: bytes, of: SpanFacts, now: float) -> bytes:
    """The spool's line of a claim that waits.

    Args:
        line: the claim as it is kept elsewhere.
        now: when it came, seconds since 1970.
    """
    head = _JSON.encode({"at": now, "keys": keys_of(of)}).encode("utf-8")
    return head[:-1] + b', "claim": ' + line + b"}"


def span_line(facts: SpanFacts) -> bytes:
    """The spool's line of what a span states."""
    return _JSON.encode({"span": asdict(facts)}).encode("utf-8")


class Joiner:
    """Joins what is spooled, and remembers the spans of before; used by one thread at a time."""

    def __init__(self, *, hold: float = HOLD, most_spans: int = MOST_SPANS) -> None:
        self._hold, self._most = hold, most_spans
        self._spans: OrderedDict[str, SpanFacts] = OrderedDict()

    def join(
        self, spool: Spool, segments: Sequence[Segment], *, now: float | None = None, last: bool
    ) -> Joined:
        """Move claims on, into segments of claims of the same sender, where they are on disk.

        If the process dies before a segment is removed, its claims come twice, which changes
        nothing.

        Args:
            segments: of `KIND`, closed.
            now: seconds since 1970; the clock's unless given.
            last: whether nothing waits any longer.

        Raises:
            LedgerError: the spool takes nothing; the segments stay.
        """
        now = time.time() if now is None else now
        with_span = without = waiting = 0
        aside: list[tuple[Segment, str]] = []
        read: list[tuple[Segment, list[dict[str, Any]]]] = []
        for segment in segments:
            try:
                lines = [json.loads(line) for line in segment.path.read_bytes().splitlines()]
                self._remember(_sender(segment), lines)
            except (ValueError, KeyError, TypeError) as error:
                spool.set_aside(segment)
                aside.append((segment, f"a line of it cannot be read: {error}"))
            else:
                read.append((segment, lines))
        for segment, lines in read:
            sender = _sender(segment)
            on: list[bytes] = []
            kept: list[bytes] = []
            for one in lines:
                if "claim" not in one:
                    continue
                span = self._span(sender, one["keys"])
                if span is None and not last and now - one["at"] < self._hold:
                    kept.append(_JSON.encode(one).encode("utf-8"))
                    continue
                claim = versioned(one["claim"], span)
                with_span += span is not None
                without += not claim["model_version"]
                on.append(_JSON.encode(claim).encode("utf-8"))
            waiting += len(kept)
            _append(spool, f"claims-{sender}", on)
            _append(spool, f"{KIND}-{sender}", kept)
            spool.folded(segment)
        return Joined(with_span, without, waiting, tuple(aside))

    def _remember(self, sender: str, lines: Iterable[dict[str, Any]]) -> None:
        for one in lines:
            if "span" in one:
                facts = SpanFacts(**one["span"])
                for key in keys_of(facts):
                    self._spans[f"{sender} {key}"] = facts
                    self._spans.move_to_end(f"{sender} {key}")
            elif not {"claim", "keys", "at"} <= one.keys():
                raise ValueError("it is neither a claim nor a span")
        while len(self._spans) > self._most:
            self._spans.popitem(last=False)

    def _span(self, sender: str, keys: Iterable[str]) -> SpanFacts | None:
        # What one sender says of a span says nothing of another's.
        found = (self._spans.get(f"{sender} {key}") for key in keys)
        return next((one for one in found if one is not None), None)


def _sender(segment: Segment) -> str:
    return segment.kind.partition("-")[2]


def _append(spool: Spool, kind: str, lines: Sequence[bytes]) -> None:
    for start in range(0, len(lines), _AT_ONCE):
        spool.append(kind, lines[start : start + _AT_ONCE])

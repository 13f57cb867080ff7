"""Ways of asking for a confidence, and the same inputs asked in two ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from core.measure.failures.elicitation import Moments, Paired
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.kept_claims import in_parts
from core.queries.base.many import Row, Rows, Wanted, rows_of
from core.queries.base.repeated_hashes import repeated_hashes
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together import asking
from core.queries.base.together.asked_once import once
from core.queries.base.together.asking import AskedOfMany
from core.queries.base.together.snapshot import snapshot
from core.queries.base.together.until_import import until_import

#: By rising closeness to the answer; the earlier is the reference. None: not stated.
ORDERS: tuple[str | None, ...] = (None, "before", "independent", "behavioural", "after")
#: Of a signal with more claims than this, some inputs stand for all: chosen by the hash of their
#: name, so that all ways of asking about an input are taken or none.
WHOLE_UP_TO = 500_000
#: The numbers per input, in the order of `Paired`.
_NUMBERS = ("confidence", "accuracy", "brier", "gap")


@dataclass(frozen=True)
class Way:
    """One way of asking.

    Attributes:
        signal: whose confidence it is.
        method: the elicitation, as claims name it; None: not stated.
        order: before, after, independent or behavioural; None: not stated.
        prompt: the prompt version; None where ways are not told apart by it.
    """

    signal: str
    method: str | None
    order: str | None
    prompt: str | None = None

    @property
    def rank(self) -> tuple[int, str, str]:
        """The lower one of two is the reference."""
        return ORDERS.index(self.order), self.method or "", self.prompt or ""


@dataclass(frozen=True)
class SharedInputs:
    """Two ways on the same inputs, other − reference.

    Attributes:
        reference, other: the ways.
        by: what the pairs share: "input_id" or "event_id".
        differences: one per shared input, summed up.
        one_in: one of so many inputs was looked at, chosen by hash; 1: every one.
    """

    reference: Way
    other: Way
    by: str
    differences: Paired
    one_in: int = 1


@dataclass(frozen=True)
class AskedAlone:
    """One way of asking by itself; the numbers are means per input.

    Attributes:
        way: which, its prompt left open.
        n_claims: stated claims looked at.
        confidence: over all its inputs, or as many as stand for them (`WHOLE_UP_TO`).
        accuracy, gap: over those with an outcome.
    """

    way: Way
    n_claims: int
    confidence: Moments
    accuracy: Moments
    gap: Moments


def ways(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> tuple[Way, ...]:
    """Every method and order among the selected claims, the reference first."""
    return asking.answered(cursor, asking.ask(WaysAsked(selection)))


@dataclass(frozen=True)
class WaysAsked(AskedOfMany[tuple[Way, ...]]):
    """A question that `ways` answers, of which many can be asked together."""

    selection: Selection

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[WaysAsked]
    ) -> Sequence[tuple[Way, ...]]:
        """The ways of each."""
        names = ("elicitation", "elicitation_order")
        # Part by part, for of many selections only whole weeks are taken together from what is
        # kept.
        parts = [(of, part) for of, one in enumerate(asked) for part in in_parts(one.selection)]
        wanted = [Wanted(part, groupings=(names,), names=names) for _, part in parts]
        found: list[set[Way]] = [set() for _ in asked]
        with snapshot(cursor):
            for rows in rows_of(cursor, wanted, lambda _: _WAY, also=_STATED):
                taken = "key_0, key_1" if rows.kept else ", ".join(_WAY)
                stated = "place >= 0" if rows.kept else "TRUE"
                told = cursor.execute(
                    f"""
                    SELECT DISTINCT {rows.asked}{taken} FROM ({rows.source.sql}) AS claim
                    WHERE {stated}
                    """,
                    rows.source.parameters,
                ).fetchall()
                for place, own in rows.rows(told):
                    of, part = parts[place]
                    found[of] |= {Way(part.signal, *row) for row in own}
        return [tuple(sorted(one, key=lambda way: way.rank)) for one in found]


_WAY = {"method": "elicitation", "elicitation_order": "elicitation_order"}
_STATED = "confidence_ppm IS NOT NULL"


def ways_asked(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> tuple[AskedAlone, ...]:
    """Every method and order among the selected claims, the reference first."""
    one_in = _one_in(cursor, selection)
    source = _source(cursor, selection, input_="coalesce(input_id, event_id)", one_in=one_in)
    rows = cursor.execute(
        f"""
        WITH side AS ({_per_input(source.sql, "method, elicitation_order, input")})
        SELECT method, elicitation_order, CAST(sum(n_claims) AS BIGINT),
               {_moments("confidence")}, {_moments("accuracy")}, {_moments("gap")}
        FROM side
        GROUP BY method, elicitation_order
        """,
        source.parameters,
    ).fetchall()
    found = [
        AskedAlone(Way(selection.signal, method, order), n_claims, *_read(numbers))
        for method, order, n_claims, *numbers in rows
    ]
    return tuple(sorted(found, key=lambda one: one.way.rank))


def shared_within(
    cursor: duckdb.DuckDBPyConnection, selection: Selection
) -> tuple[SharedInputs, ...]:
    """Inputs that the signal was asked about in two ways: by method, order or prompt version.

    Both by the same model: what another model says of an input is another question.
    """
    return asking.answered(cursor, asking.ask(SharedWithinAsked(selection)))


@dataclass(frozen=True)
class SharedWithinAsked(AskedOfMany[tuple[SharedInputs, ...]]):
    """A question that `shared_within` answers, of which many can be asked together."""

    selection: Selection

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[SharedWithinAsked]
    ) -> Sequence[tuple[SharedInputs, ...]]:
        """The shared inputs of each."""
        found: list[tuple[SharedInputs, ...]] = [()] * len(asked)
        alike: defaultdict[int, list[int]] = defaultdict(list)
        for place, one in enumerate(asked):
            if signal_repeats(cursor, one.selection.signal):
                alike[_one_in(cursor, one.selection)].append(place)
        with snapshot(cursor):
            for one_in, places in alike.items():
                wanted = [Wanted(asked[place].selection, kept=False) for place in places]
                also = f"{_STATED} AND {_chosen('input_id', one_in)}"
                for rows in rows_of(cursor, wanted, lambda _: _columns("input_id"), also=also):
                    for at, own in rows.rows(_pairs_within(cursor, rows)):
                        of = wanted[at].selection.signal
                        found[places[at]] = _told_within(of, one_in, own)
        return found


def _told_within(signal: str, one_in: int, rows: Sequence[Row]) -> tuple[SharedInputs, ...]:
    found = [
        _oriented(Way(signal, *row[:3]), Way(signal, *row[3:6]), one_in, row[6:]) for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.reference.rank, one.other.rank)))


def _pairs_within(cursor: duckdb.DuckDBPyConnection, rows: Rows) -> list[Row]:
    """Every two ways of one signal on the same inputs, with the moments of their differences."""
    way = ("method", "elicitation_order", "prompt")
    keys = f"{rows.asked}{', '.join(way)}, model, input"
    ours, theirs = (", ".join(f"{side}.{name}" for name in way) for side in ("one", "other"))
    # Each pair once, whichever comes first; which is the reference is settled below.
    first = " || chr(31) || ".join(f"coalesce(one.{name}, '')" for name in way)
    second = first.replace("one.", "other.")
    of, same = ("one.asked, ", "one.asked = other.asked AND ") if rows.asked else ("", "")
    return cursor.execute(
        f"""
        WITH side AS ({_per_input(rows.source.sql, keys)}),
        pair AS (
            SELECT {of}{_named(ours, "a")}, {_named(theirs, "b")}, one.input,
                   {_differences()}
            FROM side AS one
            JOIN side AS other
              ON {same}one.input = other.input AND one.model IS NOT DISTINCT FROM other.model
             AND {first} < {second}
            GROUP BY ALL)
        SELECT {rows.asked}a0, a1, a2, b0, b1, b2, {", ".join(map(_moments, _NUMBERS))}
        FROM pair
        GROUP BY {rows.asked}a0, a1, a2, b0, b1, b2
        """,
        rows.source.parameters,
    ).fetchall()


def shared_across(
    cursor: duckdb.DuckDBPyConnection, selection: Selection
) -> tuple[SharedInputs, ...]:
    """Events, or else inputs, on which another signal states a confidence as well.

    Differences are this signal's minus the other's, for each pair of methods and orders. The
    selection's period and segments are asked of this signal's claims; of the other's, every claim
    but the tuning ones takes part.
    """
    found: list[SharedInputs] = []
    met: set[str] = set()
    one_in = _one_in(cursor, selection)
    for by in ("event_id", "input_id"):
        for partner in _partners(cursor, selection, by, one_in):
            if partner not in met:
                met.add(partner)
                found += _shared_with(cursor, selection, partner, by, one_in)
    return tuple(sorted(found, key=lambda one: (one.reference.signal, one.reference.rank)))


def _partners(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: str, one_in: int
) -> tuple[str, ...]:
    """Other signals that share an event or an input with the selected claims."""
    if selection.signal not in _sharing(cursor, by, one_in):
        return ()
    chosen = _chosen(by, one_in)
    source = selected_claims(cursor, selection, {"shared": by}, also=chosen)
    rows = cursor.execute(
        f"""
        SELECT signal FROM claims
        WHERE signal <> $signal AND split <> 'tuning' AND confidence_ppm IS NOT NULL
          AND {chosen} AND {by} IN (SELECT shared FROM ({source.sql}) AS own)
        GROUP BY signal
        ORDER BY signal
        """,
        source.parameters,
    ).fetchall()
    return tuple(name for (name,) in rows)


@once
@until_import
def _sharing(cursor: duckdb.DuckDBPyConnection, by: str, one_in: int) -> frozenset[str]:
    """The signals that may share an event or an input with another one; all that do are among them.

    Asked of hashes, which are compared quicker than names, and of all signals at once: as it takes
    all names of all claims, it is what most pages would wait for longest.
    """
    if not (_repeated(cursor, by) % np.uint64(one_in) == 0).any():
        return frozenset()
    chosen = f"claims WHERE {_chosen(by, one_in)}"
    hashed = f"SELECT hash({by}) AS hashed, signal FROM {chosen}"
    rows = cursor.execute(
        f"""
        SELECT DISTINCT signal FROM ({hashed}) WHERE hashed IN (
            SELECT hashed FROM ({hashed}) GROUP BY hashed HAVING min(signal) <> max(signal))
        """
    ).fetchall()
    return frozenset(signal for (signal,) in rows)


@once
def _repeated(cursor: duckdb.DuckDBPyConnection, by: str) -> npt.NDArray[np.uint64]:
    """The hashes that come more than once, of all inputs that some signal is looked at by."""
    counts = _n_claims(cursor)
    looked_at = {_stands_for(n) for n in counts.values()}
    # All are read as quickly as those that two remainders choose.
    chosen = f"claims WHERE {_chosen(by, looked_at.pop() if len(looked_at) == 1 else 1)}"
    return repeated_hashes(cursor, f"hash({by})", chosen, most=sum(counts.values()))


def _shared_with(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, partner: str, by: str, one_in: int
) -> list[SharedInputs]:
    other = Selection(partner, as_known=selection.as_known)
    own = _source(cursor, selection, input_=by, one_in=one_in)
    theirs = _source(cursor, other, input_=by, one_in=one_in).renamed("partner")
    keys = "method, elicitation_order, input"
    rows = cursor.execute(
        f"""
        WITH one AS ({_per_input(theirs.sql, keys)}),
        other AS ({_per_input(own.sql, keys)}),
        pair AS (
            SELECT one.method AS a0, one.elicitation_order AS a1,
                   other.method AS b0, other.elicitation_order AS b1, one.input,
                   {_differences()}
            FROM one JOIN other ON one.input = other.input
            GROUP BY ALL)
        SELECT a0, a1, b0, b1, {", ".join(map(_moments, _NUMBERS))}
        FROM pair
        GROUP BY a0, a1, b0, b1
        ORDER BY a0, a1, b0, b1
        """,
        {**own.parameters, **theirs.parameters},
    ).fetchall()
    return [
        SharedInputs(
            Way(partner, *row[:2]),
            Way(selection.signal, *row[2:4]),
            by,
            Paired(*_read(row[4:])),
            one_in,
        )
        for row in rows
    ]


def _one_in(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> int:
    """How many inputs one stands for."""
    return _stands_for(_n_claims(cursor).get(selection.signal, 0))


def _stands_for(n_claims: int) -> int:
    return max(1, n_claims // WHOLE_UP_TO)


@once
def _n_claims(cursor: duckdb.DuckDBPyConnection) -> Mapping[str, int]:
    """The claims of every signal."""
    rows = cursor.execute("SELECT signal, count(*) FROM claims GROUP BY signal").fetchall()
    return dict(rows)


def _chosen(input_: str, one_in: int) -> str:
    """Whether an input is looked at."""
    named = f"{input_} IS NOT NULL"
    return named if one_in == 1 else f"{named} AND hash({input_}) % {one_in} = 0"


def _source(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    *,
    input_: str = "input_id",
    one_in: int | None = None,
) -> Source:
    """Stated claims; those that name an input, one of so many; None: all of them."""
    also = _STATED
    if one_in is not None:
        also += f" AND {_chosen(input_, one_in)}"
    return selected_claims(cursor, selection, _columns(input_), also=also)


def _columns(input_: str) -> dict[str, str]:
    return {
        **_WAY,
        "prompt": "prompt_version",
        "model": "model_version",
        "input": input_,
        "v": "confidence_ppm / 1e6",
    }


def _per_input(claims: str, keys: str) -> str:
    """Each input's mean numbers; those about outcomes over its labelled claims."""
    return f"""
        SELECT {keys}, count(*) AS n_claims, avg(v) AS confidence, avg(outcome) AS accuracy,
               avg((outcome - v) * (outcome - v)) AS brier, avg(v - outcome) AS gap
        FROM ({claims}) AS claim
        GROUP BY {keys}
    """


def _differences() -> str:
    return ", ".join(f"avg(other.{name} - one.{name}) AS {name}" for name in _NUMBERS)


def _named(columns: str, prefix: str) -> str:
    return ", ".join(f"{one} AS {prefix}{i}" for i, one in enumerate(columns.split(", ")))


def _moments(name: str) -> str:
    return f"count({name}), avg({name}), stddev_samp({name}), min({name}), max({name})"


def _read(numbers: Sequence[Any]) -> list[Moments]:
    found = []
    for at in range(0, len(numbers), 5):
        n, mean, deviation, least, most = numbers[at : at + 5]
        known = (float("nan") if one is None else float(one) for one in (mean, least, most))
        mean, least, most = known
        found.append(Moments(int(n), mean, float(deviation or 0.0), least, most))
    return found


def _oriented(one: Way, other: Way, one_in: int, numbers: Sequence[Any]) -> SharedInputs:
    moments = _read(numbers)
    if other.rank < one.rank:
        one, other = other, one
        moments = [each.negated() for each in moments]
    return SharedInputs(one, other, "input_id", Paired(*moments), one_in)

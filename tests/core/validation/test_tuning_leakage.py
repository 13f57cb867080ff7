from __future__ import annotations

from datetime import datetime

from core.queries.sums.validation_sample import JudgedSpan, KnownAt, Shared
from core.validation.tuning_leakage import Overlap, TuningLeaked

JUDGED = JudgedSpan("triage", {}, KnownAt(datetime(2026, 11, 2), 1))


def shared(n: int) -> tuple[Shared, ...]:
    return tuple(Shared(f"e{i}", f"i{i}", f"t{i}", "input_id") for i in range(n))


def test_one_claim_that_leaked_is_spoken_of_as_one() -> None:
    leaked = TuningLeaked("triage", Overlap((Shared("e1", None, "e1", "event_id"),), 1), JUDGED)

    assert str(leaked) == (
        "1 of the claims to judge triage on was also tuned on (event e1); leave it out of the "
        "evidence, or bring in heldout claims on other inputs."
    )


def test_of_many_that_leaked_the_first_are_named_and_the_others_counted() -> None:
    words = str(TuningLeaked("triage", Overlap(shared(9), 1_234), JUDGED))

    assert words.startswith("1,234 of the claims to judge triage on were also tuned on (event e0 ")
    assert "event e4 has input i4 of tuning event t4; and 1,229 more)" in words
    assert "e5" not in words


def test_as_many_as_are_named_leave_no_rest() -> None:
    assert "more" not in str(TuningLeaked("triage", Overlap(shared(5), 5), JUDGED))


def test_no_overlap_is_false() -> None:
    assert not Overlap((), 0)
    assert Overlap(shared(1), 1)

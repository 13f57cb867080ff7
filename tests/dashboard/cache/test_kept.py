"""Answers and refusals are computed once for a question."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from core.gate.choose_threshold import ThresholdQuestion
from core.ledger.errors import LedgerError, LedgerHeld
from core.queries.base.selection import Selection
from core.validation.tuning_leakage import TunedOn
from core.views.govern import thresholds
from dashboard.cache import views as data
from dashboard.cache.kept import KeptFunction, kept

asked: list[str] = []
#: What the answers rest on.
world = {"version": 1}


@kept(lambda *_, **__: tuple(world.values()), most=4)
def halved(of: str, number: int) -> int:
    asked.append(of)
    if number % 2:
        raise LedgerHeld(f"{number} cannot be halved.", number)
    return number // 2


@pytest.fixture(autouse=True)
def forgotten() -> None:
    asked.clear()
    halved.clear()
    world["version"] = 1


def test_an_answer_is_computed_once() -> None:
    assert [halved("a", 4), halved("a", 4), halved("a", number=6)] == [2, 2, 3]
    assert len(asked) == 2


def test_a_refusal_is_computed_once_and_raised_each_time_with_all_it_carries() -> None:
    for _ in range(3):
        with pytest.raises(LedgerHeld, match=r"^3 cannot be halved\.$") as caught:
            halved("a", 3)
        assert caught.value.pid == 3
    assert asked == ["a"]


def test_a_refusal_is_of_its_question_only() -> None:
    with pytest.raises(LedgerHeld, match=r"^3 "):
        halved("a", 3)
    with pytest.raises(LedgerHeld, match=r"^5 "):
        halved("a", 5)
    with pytest.raises(LedgerHeld, match=r"^3 "):
        halved("b", 3)
    assert asked == ["a", "a", "b"]


def test_an_answer_is_computed_anew_once_what_it_rests_on_is_another() -> None:
    assert halved("a", 4) == 2
    world["version"] = 2
    assert [halved("a", 4), halved("a", 4)] == [2, 2]
    assert len(asked) == 2
    world["version"] = 1
    assert halved("a", 4) == 2
    assert len(asked) == 2


def test_what_an_answer_rests_on_may_depend_on_the_question() -> None:
    given: list[tuple[int, int]] = []

    def seen(first: int, *, second: int) -> int:
        given.append((first, second))
        return second

    @kept(seen)
    def summed(first: int, *, second: int) -> int:
        return first + second

    assert [summed(1, second=2), summed(1, second=2)] == [3, 3]
    assert given == [(1, 2), (1, 2)]


def test_what_is_forgotten_is_computed_anew() -> None:
    for _ in range(2):
        with pytest.raises(LedgerHeld):
            halved("a", 3)
        halved.clear()
    assert asked == ["a", "a"]


def test_another_error_is_not_kept() -> None:
    tried: list[int] = []

    @kept(lambda: (), most=4)
    def failing() -> int:
        tried.append(1)
        raise OSError("the disk")

    for _ in range(2):
        with pytest.raises(OSError, match="the disk"):
            failing()
    assert len(tried) == 2


def test_every_cached_accessor_keeps_its_refusals_too() -> None:
    named = {name: one for name, one in vars(data).items() if not name.startswith("__")}
    forgetful = [name for name, one in named.items() if hasattr(one, "clear")]
    assert len(forgetful) > 30
    assert [name for name in forgetful if not isinstance(getattr(data, name), KeptFunction)] == []


def test_a_threshold_that_is_refused_is_looked_for_once(
    told_copy: Path, serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving(told_copy)
    sought: list[ThresholdQuestion] = []
    view = thresholds.threshold_view

    def counted(cursor, state, question, now):  # type: ignore[no-untyped-def]
        sought.append(question)
        return view(cursor, state, question, now)

    monkeypatch.setattr(thresholds, "threshold_view", counted)
    question = ThresholdQuestion(Selection("knowledge-answer.self-report"), 0.05, 0.9, None, False)
    for _ in range(2):
        with pytest.raises(TunedOn, match="300 heldout claims") as caught:
            data.threshold(question)
        assert caught.value.overlap.n == 300
        assert caught.value.selection == question.selection
    assert len(sought) == 1


def kinds(of: type[LedgerError] = LedgerError) -> list[type[LedgerError]]:
    return [of, *(deeper for one in of.__subclasses__() for deeper in kinds(one))]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_refusal_of_any_kind_can_be_copied(kind: type[LedgerError]) -> None:
    error = kind.__new__(kind, "what is the matter")
    error.__dict__["detail"] = (1, 2)
    copied = pickle.loads(pickle.dumps(error))
    assert type(copied) is kind
    assert str(copied) == "what is the matter"
    assert copied.__dict__ == {"detail": (1, 2)}

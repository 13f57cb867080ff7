"""How soon the canary finds a model that changed behind its name, and how often wrongly.

    .venv/bin/python tests/benchmarks/canary.py
    .venv/bin/python tests/benchmarks/canary.py --years 200 --only null
    .venv/bin/python tests/benchmarks/canary.py --only real --data ../shared/data

Fifty kept inputs, asked once a day. *Null*: simulated years of a model that does not change;
*false* is the share of years with any alarm. *Planted*: what is stated moves after so many rounds;
*found* is the share found within four rounds, which are 200 asks. *Real*: answers of real models to
the same questions (`llm_mmlu_pro.parquet`: the stated confidence, and whether it was right in place
of the answer). Its models were asked once, but some are there twice, as published and as an FP8
copy that behaves the same: rounds before the change, and the null, are drawn from these two.
Where a model has no copy, its own variation is that of Qwen3-14B: the differences between its two
are added to further asks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from core.measure.monitoring.canary import (
    PATIENCE,
    REFERENCE_ROUNDS,
    SIDES,
    canary_process,
    log_bets,
    round_tails,
)
from core.measure.monitoring.e_process import LEVEL, log_e_values

SEED = 20_261_129
INPUTS, AFTER = 50, 4
Ints = npt.NDArray[np.int64]
#: Confidences in millionths and answers of one round.
Asked = tuple[Ints, Ints]
#: What a round is drawn by, from its number.
Ask = Callable[[int], Asked]


def alarm(ask: Ask, rounds: int) -> int | None:
    """After which round, counted from 1, there is an alarm; None: after none."""
    asked: list[Asked] = []
    p_values = []
    for number in range(rounds):
        asked.append(ask(number))
        if number < REFERENCE_ROUNDS:
            continue
        confidence, answers = (np.array([one[i] for one in asked]) for i in (0, 1))
        p_values.append(round_tails(confidence, answers).p_values)
    crossed = canary_process(p_values).crossed
    return None if crossed is None else crossed + REFERENCE_ROUNDS + 1


def made_up(
    rng: np.random.Generator,
    own: float,
    *,
    shift: float = 0.0,
    mixed: bool = False,
    other: float = 0.0,
    since: int = 10**6,
) -> Ask:
    """A model that states multiples of 0.05.

    Args:
        own: how far one input's confidence varies by itself, standard deviation.
        shift: how far it moves.
        mixed: up for half of the inputs and down for the others, in place of up.
        other: share of the inputs with another answer after the change.
        since: the round it changes in.
    """
    usual = rng.choice([0.6, 0.7, 0.8, 0.85, 0.9], INPUTS)
    way = rng.choice([-1, 1], INPUTS) if mixed else np.ones(INPUTS)
    changed = rng.random(INPUTS) < other
    # Sure answers vary little by themselves, some of them a lot.
    unsure = rng.beta(0.5, 3, INPUTS) if own else np.zeros(INPUTS)

    def ask(number: int) -> Asked:
        now = number >= since
        stated = usual + rng.normal(0, own, INPUTS) + now * shift * way
        confidence = np.clip(np.rint(stated * 20) / 20, 0, 1)
        answers = (rng.random(INPUTS) < unsure) + 2 * (changed & now)
        return np.rint(confidence * 1e6).astype(np.int64), answers.astype(np.int64)

    return ask


def print_null(rng: np.random.Generator, years: int) -> None:
    """Years in which nothing changes."""
    print("\n| own variation | years | false |\n|---|---|---|")
    for own in (0.0, 0.05, 0.1):
        false = sum(alarm(made_up(rng, own), 365) is not None for _ in range(years))
        print(f"| {own:.2f} | {years} | {false / years:.1%} |", flush=True)
    # Without ties p-values are uniform, and nothing is lost: the worst case.
    many, false = 50 * years, 0
    for _ in range(0, many, 50):
        bets = log_bets(rng.random((50, 365 - REFERENCE_ROUNDS, len(SIDES))))
        reached = log_e_values(bets, patience=PATIENCE).max(axis=1)
        false += int((reached >= -np.log(LEVEL)).sum())
    print(f"| uniform p-values | {many:,} | {false / many:.1%} |", flush=True)


#: What is planted: in words, and how.
PLANTED: tuple[tuple[str, dict[str, float]], ...] = (
    ("5 points up, own variation 0", {"own": 0.0, "shift": 0.05}),
    ("5 points up, own variation 0.05", {"own": 0.05, "shift": 0.05}),
    ("3 points up, own variation 0.05", {"own": 0.05, "shift": 0.03}),
    ("5 points up, own variation 0.10", {"own": 0.10, "shift": 0.05}),
    ("10 points, half of them up, half down, 0.05", {"own": 0.05, "shift": 0.10, "mixed": True}),
    ("a quarter of the answers, 0.05", {"own": 0.05, "other": 0.25}),
)


def print_planted(rng: np.random.Generator, n: int) -> None:
    """Changes of the model."""
    print("\n| planted | rounds before | found within 200 asks | median asks |\n|---|---|---|---|")
    for words, how in PLANTED:
        for since in (2, 5, 30, 180):
            found = []
            for _ in range(n):
                at = alarm(made_up(rng, since=since, **how), since + AFTER)  # type: ignore[arg-type]
                early = at is not None and at <= since
                found.append(np.inf if at is None or early else (at - since) * INPUTS)
            _line(words, since, np.array(found))


def _line(words: str, since: int, asks: npt.NDArray[np.float64]) -> None:
    median = np.median(asks)
    told = "–" if np.isinf(median) else f"{median:.0f}"
    print(f"| {words} | {since} | {np.isfinite(asks).mean():.0%} | {told} |", flush=True)


#: (before, after) and what the pair is; the name is not told to anything.
PAIRS = (
    ("Qwen3-14B", "Qwen3-14B", "null: its FP8 copy"),
    ("Qwen3-8B", "Qwen3-8B", "null: its FP8 copy"),
    ("Qwen3-14B", "Qwen3-14B+think", "thinking on; mean stated −0.2 points"),
    ("Qwen3-14B", "Qwen3-14B-AWQ", "quantised; −1.0 points"),
    ("Qwen3-8B", "Qwen3-14B", "−1.0 points"),
    ("gpt-4o-2024-08-06", "gpt-4.1", "+3.3 points"),
    ("grok-2-1212", "grok-3-beta", "−8.5 points"),
    ("claude-3-5-haiku-20241022", "claude-3-7-sonnet-20250219", "0.0 points"),
)


def print_real(rng: np.random.Generator, data: Path, n: int) -> None:
    """Real models under one name."""
    print("\n| before → after | | rounds before | found within 200 asks | median asks |")
    print("|---|---|---|---|---|")
    stated = _stated(data / "llm_mmlu_pro.parquet")
    for before, after, words in PAIRS:
        for since in (5, 30):
            asks = []
            for _ in range(n):
                ask = _real(rng, stated, before, after, since)
                # A null is looked at for as many rounds as a change is.
                at = alarm(ask, since + AFTER)
                early = at is not None and at <= since
                asks.append(np.inf if at is None or early else (at - since) * INPUTS)
            _line(f"{before} → {after} | {words}", since, np.array(asks))


#: By model, by question: the stated confidence and whether the answer was right.
_Stated = dict[str, dict[str, tuple[float, int]]]


def _stated(path: Path) -> _Stated:
    rows = duckdb.execute(
        f"""
        SELECT model_version || CASE WHEN prompt_version LIKE '%think' THEN '+think' ELSE '' END,
               input_id, confidence, outcome
        FROM '{path}' WHERE signal = 'verbal_numerical'
        """
    ).fetchall()
    found: _Stated = {}
    for model, question, confidence, outcome in rows:
        found.setdefault(model, {})[question] = (confidence, outcome)
    return found


def _real(rng: np.random.Generator, stated: _Stated, before: str, after: str, since: int) -> Ask:
    pair = [stated["Qwen3-14B"], stated["Qwen3-14B-FP8"]]
    used = {id(one): one for one in (*_copies(stated, before), *_copies(stated, after), *pair)}
    questions = sorted(set.intersection(*(set(one) for one in used.values())))
    kept = rng.choice(questions, INPUTS, replace=False)

    def asked(model: str) -> Asked:
        copies = _copies(stated, model)
        of = rng.integers(0, len(copies), INPUTS)
        answers = [copies[i][str(question)] for i, question in zip(of, kept, strict=True)]
        confidence = np.array([one[0] for one in answers])
        if len(copies) == 1:
            borrowed = rng.choice(questions, INPUTS)
            between = np.array([pair[1][str(q)][0] - pair[0][str(q)][0] for q in borrowed])
            confidence = np.clip(confidence + between * (rng.random(INPUTS) < 0.5), 0, 1)
        right = np.array([one[1] for one in answers])
        return np.rint(confidence * 1e6).astype(np.int64), right

    return lambda number: asked(after if number >= since else before)


def _copies(stated: _Stated, model: str) -> list[dict[str, tuple[float, int]]]:
    return [stated[name] for name in (model, f"{model}-FP8") if name in stated]


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=40)
    parser.add_argument("--times", type=int, default=40, help="of each change")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=["null", "planted", "real"])
    asked = parser.parse_args()
    rng = np.random.default_rng(SEED)
    if asked.only in (None, "null"):
        print_null(rng, asked.years)
    if asked.only in (None, "planted"):
        print_planted(rng, asked.times)
    if asked.only == "real" or (asked.only is None and asked.data.exists()):
        print_real(rng, asked.data, asked.times)


if __name__ == "__main__":
    main()

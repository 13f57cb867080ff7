"""Two bundles side by side: whether one is the other, and what changed since the last."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.governance.stops import COUNTS, Unlike
from core.text.figures import points
from core.validation.criteria import METRIC_WORDS
from core.validation.evidence_bundle import PLAIN_LAYOUT, Bundle, BundlePart

#: Numbers closer than this, relatively or absolutely, are the same number.
_CLOSE = 1e-6
_TINY = 1e-9

#: What is no part of the comparison: sentences, which a newer program may word otherwise.
_WORDS = frozenset({"program", "untold", "words", "notes"})

#: What follows from rules of judging that were others before verdicts had parts.
_RULES = frozenset(
    {
        *("verdict", "outcome", "low", "high", "gap_low", "gap_high", "labels_needed"),
        *("minimum_detectable_gap", "consistency", "honest"),
    }
)

#: Shares and measures that moved less are not worth a sentence.
_SHARE_MOVED = 0.05

#: At most so many single figures are named.
_NAMED = 12


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Unlike]:
    """What differs between the contents of two bundles that ought to be one.

    Args:
        then: as it was signed.
        now: as it is recomputed.
    """
    if then["claims_sha256"] != now["claims_sha256"]:
        yield Unlike("claims", then["claims_sha256"][:12], now["claims_sha256"][:12])
    for name in COUNTS:
        if then["counts"].get(name) != now["counts"].get(name):
            yield Unlike("count", str(then["counts"].get(name)), str(now["counts"][name]), name)
    if then["cells_sha256"] != now["cells_sha256"]:
        yield Unlike("cells")
    plain = then.get("v") == PLAIN_LAYOUT
    if then["met"] != now["met"] and not plain:
        yield Unlike("met", _met(then["met"]), _met(now["met"]))
    known = {"claims_sha256", "cells_sha256", "met", "counts"}
    passed = _WORDS | _RULES if plain else _WORDS
    rest = list(_unlike({k: v for k, v in then.items() if k not in known}, now, "", passed))
    for place, before, after in rest[:_NAMED]:
        yield Unlike("figure", _shown(before), _shown(after), place)
    if len(rest) > _NAMED:
        yield Unlike("further", now=str(len(rest) - _NAMED))


def changes(before: Bundle, after: Bundle) -> tuple[str, ...]:
    """What changed from one validation of a signal to the next, in sentences."""
    return (
        *_terms(before, after),
        *_of_part(before.whole, after.whole),
        *_rules_taken(before, after),
        *_worst_segment(before, after),
        *_shares(before, after),
        *_outcomes(before, after),
    )


def _terms(before: Bundle, after: Bundle) -> Iterator[str]:
    old, new = before.fingerprint.as_json(), after.fingerprint.as_json()
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield (
                f"{name.replace('_', ' ').capitalize()}: {old.get(name, 'not stated')} → "
                f"{new.get(name, 'not stated')}."
            )
    if before.material_sha256 != after.material_sha256:
        yield "The registry entry it is judged by has changed."


def _of_part(old: BundlePart, new: BundlePart) -> Iterator[str]:
    a, b = old.measures, new.measures
    yield f"Labelled claims: {a['n']:,} → {b['n']:,}."
    yield from _moved("Gap", a["gap"], b["gap"], _points)
    yield from _moved("Accuracy", a["accuracy"], b["accuracy"], _percent)
    yield from _moved("ECE", a["ece"], b["ece"], _score)
    yield from _moved("AUROC", a["auroc"], b["auroc"], _score)
    (n_old, gap_old), (n_new, gap_new) = _high_band(a), _high_band(b)
    name = f"Gap in the high-confidence band ({n_old:,} → {n_new:,} labelled)"
    yield from _moved(name, gap_old, gap_new, _points)


def _high_band(measures: Mapping[str, Any]) -> tuple[int, float | None]:
    """Labelled claims in the band, and their gap."""
    band = measures["high_band"]
    return (0, None) if band is None else (band["n"], band["claimed"] - band["observed"])


def _rules_taken(before: Bundle, after: Bundle) -> Iterator[str]:
    old, new = (_automated(one) for one in (before, after))
    yield from _moved("Would be automated", old[0], new[0], _percent)
    yield from _moved("Wrong among them", old[1], new[1], _percent)


def _automated(bundle: Bundle) -> tuple[float | None, float | None]:
    """Share of the judged claims that would be automated, and of those labelled the wrong."""
    rules = [one for one in bundle.content["rules"] if one["action"] == "automate"]
    taken, n, wrong = (sum(one[name] for one in rules) for name in ("n_claims", "n", "wrong"))
    total = bundle.counts["n_claims"]
    return (taken / total if total else None), (wrong / n if n else None)


def _worst_segment(before: Bundle, after: Bundle) -> Iterator[str]:
    old, new = _worst(before), _worst(after)
    if old is None or new is None:
        return
    first, last = (f"{one.name} ({_points(one.measures['gap'])})" for one in (old, new))
    if first != last:
        yield f"Worst required segment by gap: {first} → {last}."


def _worst(bundle: Bundle) -> BundlePart | None:
    told = [part for part in bundle.segments if part.measures["gap"] is not None]
    return max(told, key=lambda part: abs(part.measures["gap"]), default=None)


def _shares(before: Bundle, after: Bundle) -> Iterator[str]:
    """Segments whose share of the claims moved, the most moved first."""
    old, new = ({part.name: _share(b, part) for part in b.segments} for b in (before, after))
    moved = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in old.keys() | new.keys()}
    for name, by in sorted(moved.items(), key=lambda item: (-abs(item[1]), item[0])):
        if abs(by) >= _SHARE_MOVED:
            yield (
                f"Share of {name} among the claims: {_percent(old.get(name, 0.0))} → "
                f"{_percent(new.get(name, 0.0))}."
            )


def _share(bundle: Bundle, part: BundlePart) -> float:
    total = bundle.counts["n_claims"]
    return part.measures["n_claims"] / total if total else 0.0


def _outcomes(before: Bundle, after: Bundle) -> Iterator[str]:
    """Criteria that were decided otherwise."""
    old, new = (
        {
            (part.name, one.metric, one.side): one.outcome
            for part in (b.whole, *((b.window,) if b.window else ()), *b.segments)
            for one in part.sample.results
        }
        for b in (before, after)
    )
    for key in new:
        if key in old and old[key] != new[key]:
            yield f"{METRIC_WORDS[key[1]]} on {key[0]}: {old[key]} → {new[key]}."


def _moved(
    name: str, old: float | None, new: float | None, shown: Callable[[float | None], str]
) -> Iterator[str]:
    first, last = shown(old), shown(new)
    if first != last:
        yield f"{name}: {first} → {last}."


def _points(gap: float | None) -> str:
    if gap is None:
        return "none"
    return f"{points(gap)} points"


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share * 100:.1f}%"


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _met(met: bool) -> str:
    return "met" if met else "not met"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _unlike(
    then: Any, now: Any, place: str, passed: frozenset[str]
) -> Iterator[tuple[str, Any, Any]]:
    """Where two values differ, (place, then, now), but for what is passed over and rounding."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in then:
            if key not in passed:
                where = f"{place}.{key}" if place else key
                yield from _unlike(then[key], now.get(key), where, passed)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for i, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _unlike(one, other, f"{place}[{i}]", passed)
    elif not _alike(then, now):
        yield place, then, now


def _alike(then: Any, now: Any) -> bool:
    if then == now:
        return True
    if not (isinstance(then, str) and isinstance(now, str)):
        return False
    try:
        a, b = float(then), float(now)
    except ValueError:
        return False
    return abs(a - b) <= max(_TINY, _CLOSE * max(abs(a), abs(b)))

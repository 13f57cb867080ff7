"""How much of a page jumps as it arrives: the browser's own count, as Web Vitals sum it."""

from __future__ import annotations

from playwright.sync_api import Page

#: Web Vitals call less than this good.
GOOD = 0.1
#: Keeps every shift that no click or key brought about, from the first document on.
_WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
    for (const one of list.getEntries())
        if (!one.hadRecentInput)
            shifts.push([one.startTime, one.value, one.sources.map(source => {
                const node = source.node?.nodeType === 1 ? source.node : source.node?.parentElement;
                const name = node?.closest("[data-testid]")?.dataset.testid ?? "unknown";
                const {y, height} = source.previousRect, now = source.currentRect;
                return `${name} ${y}+${height}→${now.y}+${now.height}`;
            })]);
}).observe({type: "layout-shift", buffered: true});
"""


def watch(page: Page) -> None:
    """Count from the next document on."""
    page.add_init_script(_WATCH)


def shifted(page: Page) -> tuple[float, list[str]]:
    """The worst window of shifts, at most a second apart and five long, and what moved in all."""
    entries: list[tuple[float, float, list[str]]] = page.evaluate("window.shifts")
    worst = total = 0.0
    began = last = -1e9
    for at, value, _ in entries:
        if at - last >= 1000 or at - began >= 5000:
            began, total = at, 0.0
        total, last = total + value, at
        worst = max(worst, total)
    return worst, [f"{value:.3f} {' '.join(dict.fromkeys(names))}" for _, value, names in entries]

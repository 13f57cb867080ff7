"""The place of what is drawn late, kept from the start, so that nothing below it jumps.

Charts, tables and what we draw ourselves come after the words of a page. Where their height is
known it goes into their key, a key is a class in the browser, and the frame has a rule for each
height. On a telephone they shrink, so nothing is kept there.
"""

from __future__ import annotations

#: Heights are kept in steps of so many pixels, up to the tallest.
STEP, TALLEST = 20, 1600


def tall_key(name: str, pixels: int) -> str:
    """A key for something that is at least so tall.

    Args:
        name: its own on the page.
    """
    return f"{name}-tall-{min(pixels, TALLEST) // STEP * STEP}-"


def rules() -> str:
    """The frame's rule for each height."""
    lines = (
        f'.stMain [class*="-tall-{tall}-"] {{ min-height: {tall}px; }}'
        for tall in range(STEP, TALLEST + STEP, STEP)
    )
    return "@media (min-width: 768px) {\n" + "\n".join(lines) + "\n}\n"

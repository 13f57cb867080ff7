"""The file of a small team that never heard of this product."""

from __future__ import annotations

STATED = ("82%", "70", "0.9", "high", "85 %", "95", "N/A", "0,8")
SAID = ("yes", "no", "✓", "true", "", "FALSE", "1", "✗")


def newcomers_file() -> bytes:
    """A byte order mark, four ways of writing a time, five of a confidence, repeated ids."""
    lines = ["id,created_at,llm_confidence,correct,model"]
    for i in range(400):
        day = 1 + i % 28
        at = (
            f"2026-09-{day:02d} 08:10:00", f"2026-09-{day:02d}T08:10:00+02:00",
            f"{day:02d}/09/2026 08:10", f'"Sep {day}, 2026 08:10 AM"',
        )[i % 4]  # fmt: skip
        label = SAID[(i * 3) % 8]
        lines.append(f'req-{i % 390},{at},"{STATED[(i // 4) % 8]}",{label},assist-2')
    return b"\xef\xbb\xbf" + "\n".join(lines).encode() + b"\n"

"""Where things are, for tests that start the product or read its files."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The script every page runs inside.
MAIN = str(ROOT / "dashboard" / "main.py")

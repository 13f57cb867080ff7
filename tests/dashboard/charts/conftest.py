from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import altair as alt
import pytest

Row = dict[str, Any]


class Drawn:
    """What a chart of one plot holds, read from its specification.

    The specification is valid against the schema of Vega-Lite, and strict JSON.
    """

    def __init__(self, chart: alt.LayerChart | alt.Chart) -> None:
        self.document: Row = chart.to_dict(validate=True)
        json.dumps(self.document, allow_nan=False)

    def marks(self, kind: str) -> list[Row]:
        """Rows of the lowest layer with marks of one kind."""
        for layer in self.document["layer"]:
            if layer["mark"]["type"] == kind:
                return self.document["datasets"][layer["data"]["name"]]
        return []

    @property
    def told(self) -> list[Row]:
        """Rows of what hovering tells."""
        layer = next(x for x in self.document["layer"] if "tooltip" in x["encoding"])
        return self.document["datasets"][layer["data"]["name"]]

    @property
    def words(self) -> list[str]:
        """All words on the plot."""
        return [row["text"] for row in self.marks("text")]

    @property
    def title(self) -> str:
        """The words above the plot."""
        text = self.document.get("title", {}).get("text", "")
        return text if isinstance(text, str) else "\n".join(text)

    def axis(self, channel: str) -> list[str]:
        """The labels of an axis, lines parted by spaces."""
        axis = self.document["encoding"][channel]["axis"]
        lines = json.loads(axis["labelExpr"].removesuffix("[datum.value]")[1:-1])
        return [" ".join(lines[f"{value:.10g}"]) for value in axis["values"]]


@pytest.fixture
def drawn() -> Callable[[alt.LayerChart | alt.Chart], Drawn]:
    return Drawn

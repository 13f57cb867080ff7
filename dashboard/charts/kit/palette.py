"""Every colour a chart may use, once for light pages and once for dark ones.

Hues are those of Okabe and Ito (2008, "Color Universal Design"), told apart under protanopia,
deuteranopia and tritanopia; the signed gap runs orange–purple, after ColorBrewer's PuOr.
Lightness was then moved so that each ink reads at 4.5 to 1 or better (WCAG 2.2, 1.4.3) on
whatever it is drawn upon; a test recomputes those contrasts from the values below.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Opacity of the grey consistency band, of the tint of an honest band, and of the tint that
#: marks the high-confidence region. Kept here because text contrast depends on them.
BAND_OPACITY = 0.30
HONEST_OPACITY = 0.13
REGION_OPACITY = 0.08


@dataclass(frozen=True)
class Palette:
    """Colours as ``#RRGGBB``. Names ending in ``ink`` may carry text; the others may not.

    Attributes:
        background: the page and chart background.
        surface: sidebar, table headers, code.
        ink: text, axis titles, bold figures; also reads on every stop of both ramps.
        muted_ink: secondary text, axis labels; also reads on ``neutral_cell``.
        grid: grid lines and table borders.
        outline: dashed edges of empty cells, zero lines, the diagonal.
        estimate: what was observed; the first of two groups.
        estimate_ink: the same hue, dark (or light) enough for words.
        other: the second of two groups.
        other_ink: the same hue for words.
        band: what sampling noise alone would give.
        accent: the high-confidence region.
        accent_ink: the same hue for words.
        alert: an interval wholly outside tolerance.
        alert_ink: the same hue for words.
        neutral_cell: a heatmap cell whose corrected interval reaches zero.
        over: three stops, light to strong, for claiming more than is delivered (positive gap).
        under: three stops for claiming less.
        shape: three stops for the size of an error that has no direction, of a third hue.
    """

    background: str
    surface: str
    ink: str
    muted_ink: str
    grid: str
    outline: str
    estimate: str
    estimate_ink: str
    other: str
    other_ink: str
    band: str
    accent: str
    accent_ink: str
    alert: str
    alert_ink: str
    neutral_cell: str
    over: tuple[str, str, str]
    under: tuple[str, str, str]
    shape: tuple[str, str, str]

    @property
    def ramp(self) -> tuple[str, ...]:
        """Seven stops from most underconfident through neutral to most overconfident."""
        return (*reversed(self.under), self.neutral_cell, *self.over)

    @property
    def size_ramp(self) -> tuple[str, ...]:
        """Four stops from no error shown to the largest, whichever way it goes."""
        return (self.neutral_cell, *self.shape)


LIGHT = Palette(
    background="#FFFFFF",
    surface="#F5F6F8",
    ink="#1F2933",
    muted_ink="#56626D",
    grid="#E6EAEE",
    outline="#8A96A3",
    estimate="#0072B2",
    estimate_ink="#005A8F",
    other="#D55E00",
    other_ink="#9C4300",
    band="#8A96A3",
    accent="#E69F00",
    accent_ink="#8A4B00",
    alert="#D55E00",
    alert_ink="#A84600",
    neutral_cell="#F2F4F6",
    over=("#FBE6CC", "#F3BD78", "#E08A20"),
    under=("#E5E3F1", "#C3BBDF", "#A195CB"),
    shape=("#D6E8F4", "#9CC8E6", "#5FA8D8"),
)

DARK = Palette(
    background="#0E1117",
    surface="#171C25",
    ink="#E8ECF0",
    muted_ink="#A3AEBA",
    grid="#252B35",
    outline="#5F6B78",
    estimate="#56B4E9",
    estimate_ink="#7CC6F0",
    other="#F08A3C",
    other_ink="#F5A468",
    band="#7B8794",
    accent="#E69F00",
    accent_ink="#F0B445",
    alert="#F6772F",
    alert_ink="#F98F52",
    neutral_cell="#1B212B",
    over=("#3A2917", "#6B4012", "#96530F"),
    under=("#27233F", "#443971", "#6754A6"),
    shape=("#122C3D", "#154A68", "#1B678F"),
)


def palette_for(theme_type: str | None) -> Palette:
    """The palette of a page theme: ``"dark"`` gives `DARK`, anything else `LIGHT`."""
    return DARK if theme_type == "dark" else LIGHT

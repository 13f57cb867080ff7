from __future__ import annotations

import tomllib
from itertools import pairwise

import numpy as np
import pytest

from dashboard.charts.kit.palette import (
    BAND_OPACITY,
    DARK,
    HONEST_OPACITY,
    LIGHT,
    REGION_OPACITY,
    Palette,
    palette_for,
)
from tests.worlds.paths import ROOT

THEME = tomllib.loads((ROOT / "dashboard" / "theme.toml").read_text())
BOTH = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
MODES = pytest.mark.parametrize(("mode", "palette"), [("light", LIGHT), ("dark", DARK)])


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def luminance(colour: np.ndarray) -> float:
    """Relative luminance, WCAG 2.2."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: np.ndarray | str, b: np.ndarray | str) -> float:
    one, two = (luminance(rgb(c) if isinstance(c, str) else c) for c in (a, b))
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)


def over(top: str, opacity: float, bottom: str | np.ndarray) -> np.ndarray:
    below = rgb(bottom) if isinstance(bottom, str) else bottom
    return opacity * rgb(top) + (1 - opacity) * below


def test_the_contrast_measure_gives_the_published_values() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.005)  # WebAIM's example
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


@BOTH
def test_ink_reads_on_every_colour_of_the_ramp(palette: Palette) -> None:
    for left, right in (*pairwise(palette.ramp), *pairwise(palette.size_ramp)):
        for share in np.linspace(0, 1, 11):
            assert contrast(palette.ink, over(left, share, right)) >= 4.5


@BOTH
@pytest.mark.parametrize(
    "ink", ["ink", "muted_ink", "estimate_ink", "other_ink", "accent_ink", "alert_ink"]
)
def test_every_ink_reads_on_what_words_are_written_on(palette: Palette, ink: str) -> None:
    colour = getattr(palette, ink)
    region = over(palette.accent, REGION_OPACITY, palette.background)
    for ground in (palette.background, palette.surface, palette.neutral_cell, region):
        assert contrast(colour, ground) >= 4.5


@BOTH
def test_labels_of_a_diagram_read_on_its_bands(palette: Palette) -> None:
    grey = over(palette.band, BAND_OPACITY, palette.background)
    own = over(palette.estimate, HONEST_OPACITY, palette.background)
    other = over(palette.other, HONEST_OPACITY, palette.background)
    for ink in (palette.estimate_ink, palette.muted_ink, palette.accent_ink, palette.other_ink):
        # Labels carry a halo of the background at 0.8, so little of the band shows through.
        for ground in (grey, own, other):
            behind = 0.8 * rgb(palette.background) + 0.2 * ground
            assert contrast(ink, behind) >= 4.5


@BOTH
def test_marks_stand_out_from_the_background(palette: Palette) -> None:
    for mark in (palette.estimate, palette.other, palette.alert, palette.outline):
        assert contrast(mark, palette.background) >= 3  # WCAG 2.2, 1.4.11


@BOTH
def test_the_ramp_gets_stronger_away_from_neutral_on_both_sides(palette: Palette) -> None:
    for side in (palette.over, palette.under, palette.shape):
        steps = [contrast(palette.neutral_cell, colour) for colour in side]
        assert steps == sorted(steps)
        assert steps[-1] > 1.5


@MODES
def test_the_theme_has_the_backgrounds_and_inks_of_the_charts(mode: str, palette: Palette) -> None:
    theme = THEME["theme"][mode]
    assert theme["backgroundColor"] == palette.background
    assert theme["secondaryBackgroundColor"] == palette.surface
    assert theme["textColor"] == palette.ink
    assert theme["sidebar"]["backgroundColor"] == palette.surface


@MODES
def test_the_words_of_a_page_read_on_its_surfaces(mode: str, palette: Palette) -> None:
    theme = THEME["theme"][mode]
    inks = [v for k, v in theme.items() if k.endswith("TextColor")] + [theme["linkColor"]]
    for ink in inks:
        assert contrast(ink, palette.background) >= 4.5
        assert contrast(ink, palette.surface) >= 4.5


@MODES
def test_white_words_read_on_a_primary_button(mode: str, palette: Palette) -> None:
    primary = THEME["theme"][mode]["primaryColor"]
    assert contrast("#FFFFFF", primary) >= 4.5
    assert contrast(primary, palette.background) >= 3


def test_the_theme_asks_the_network_for_nothing() -> None:
    assert "http" not in str(THEME)


def test_only_a_dark_page_gets_the_dark_palette() -> None:
    assert palette_for("dark") is DARK
    assert palette_for("light") is LIGHT
    assert palette_for(None) is LIGHT

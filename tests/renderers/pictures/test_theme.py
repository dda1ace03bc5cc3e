import pytest

from rlcalc.renderers.pictures.theme import DARK, LIGHT, Theme, configuration


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """That of WCAG 2: text needs 4.5, large things 3."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_can_be_read_on_the_ground_and_on_every_cell(theme: Theme) -> None:
    assert contrast(theme.text, theme.ground) > 7
    assert all(contrast(theme.text, cell) > 3.5 for cell in theme.cells)
    assert contrast(theme.accent, theme.ground) > 4.5
    assert all(contrast(series, theme.ground) > 2.5 for series in theme.series)


def test_a_configuration_has_the_ground() -> None:
    assert configuration(DARK)["background"] == DARK.ground

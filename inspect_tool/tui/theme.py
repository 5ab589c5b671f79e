"""The app's own light and dark: quiet surfaces, so that the tokens carry the colour."""

from __future__ import annotations

from typing import Final

from textual.theme import Theme


def _scrollbars(bar: str, track: str) -> dict[str, str]:
    return {
        "scrollbar": bar,
        "scrollbar-hover": bar,
        "scrollbar-active": bar,
        "scrollbar-background": track,
        "scrollbar-background-hover": track,
        "scrollbar-background-active": track,
        "scrollbar-corner-color": track,
    }


DARK: Final = Theme(
    name="inspect-dark",
    primary="#7aa2d6",
    secondary="#8f9bb3",
    accent="#d9a65b",
    success="#7fc28f",
    warning="#d9b45b",
    error="#e07a7a",
    foreground="#d8dce4",
    background="#16181d",
    surface="#1c1f26",
    panel="#252932",
    dark=True,
    variables=_scrollbars("#343a46", "#1a1d23"),
)
LIGHT: Final = Theme(
    name="inspect-light",
    primary="#2f5f9e",
    secondary="#5b6475",
    accent="#9a5b00",
    success="#1f7a3d",
    warning="#8a6100",
    error="#b3282d",
    foreground="#24292f",
    background="#fdfcfa",
    surface="#f5f3ef",
    panel="#e9e6e0",
    dark=False,
    variables=_scrollbars("#cfcac1", "#f1eee9"),
)

"""Write docs/keys.md from the app's own table of actions: ``python -m docs.keys``."""

from __future__ import annotations

from pathlib import Path

from inspect_tool.samples.row_order import FILTER_EXAMPLES
from inspect_tool.tui.screens.help import help_groups

PAGE = Path(__file__).with_suffix(".md")

BEGINNING = f"""# The keys of the app

This page is made from the app's own table of actions; `?` shows the same in the app, and `ctrl+p`
runs any of them by name.

A filter (`f`) is one or more conditions, all of which a row must fulfil: `{FILTER_EXAMPLES}`.
A search (`/` in the sample, `ctrl+f` in every row) takes a text, or `#123` for a token id.
"""


def page() -> str:
    """Return the page as it should be."""
    text = BEGINNING
    for title, entries in help_groups():
        text += f"\n## {title}\n\n| | |\n|---|---|\n"
        for keys, does in entries:
            shown = " ".join(f"`{key}`" for key in keys.split("  "))
            text += f"| {shown.replace('|', chr(92) + '|')} | {does} |\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

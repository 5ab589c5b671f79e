"""Lines under a window, more or fewer at any time: the base of token view, inspector and lists.

A scroll view whose content changes its size has Textual lay out the whole screen again and paint
the widget anew. Here neither follows: the size of the window does not depend on what is in it, and
who changes the lines knows which of them are to be painted.
"""

from __future__ import annotations

from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView


class Sheet(ScrollView):
    """A line-API widget; setting ``virtual_size`` moves its scroll bar, and no more."""

    virtual_size = reactive(Size(0, 0), repaint=False)
    """Cells of all lines."""

    def watch_virtual_size(self, size: Size) -> None:
        """Scroll no further than the content goes, and show so."""
        self._scroll_update(size)

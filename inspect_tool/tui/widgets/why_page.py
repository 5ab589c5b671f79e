"""The page of the panel that says why a token is trained or masked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspect_tool.tui.widgets.inspector import Inspector

if TYPE_CHECKING:
    from inspect_tool.tui.why import Sections


class WhyPage(Inspector):
    """Facts in sections, as the inspector paints them."""

    def say(self, sections: Sections) -> None:
        """Show these sections, from their beginning."""
        if sections != self._sample:
            self._token, self._sample, self._shown = [], sections, None
            self.scroll_to(y=0, animate=False, force=True)
            self._flow()

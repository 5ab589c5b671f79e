"""The form over the Plan screen: every option of a debug run, each changed by enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from inspect_tool.tui.plan_options import OPTIONS, shown
from inspect_tool.tui.widgets.bar import Bar
from inspect_tool.tui.widgets.line_list import LineList
from inspect_tool.tui.widgets.parts import Part
from inspect_tool.tui.widgets.prompt import PromptBar, Question

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from inspect_tool.tui.screens.plan import PlanScreen
    from inspect_tool.tui.widgets.parts import Line

TITLE = 17
"""Cells of an option's name."""


class OptionList(LineList):
    """The options as they stand."""

    def __init__(self, plan: PlanScreen) -> None:
        super().__init__()
        self._plan = plan

    def count(self) -> int:
        """Return the number of options."""
        return len(OPTIONS)

    def line(self, index: int) -> tuple[Line, Line]:
        """Return what an option is, how it stands, and what the command calls it."""
        option = OPTIONS[index]
        said = Part(shown(option, self._plan.chosen), "accent")
        return (Part(f"{option.title:<{TITLE}}"), said), (Part(option.flag, "dim"),)


class PlanOptionsScreen(ModalScreen[None]):
    """Stays until it is closed; ``plan`` is asked for another plan after each change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,o", "dismiss", "Close", show=False),
    ]

    def __init__(self, plan: PlanScreen) -> None:
        super().__init__()
        self._plan = plan
        self.list = OptionList(plan)

    def compose(self) -> ComposeResult:
        """Lay out the title over the list."""
        with Vertical(id="choose"):
            keys = (Part("enter changes, escape closes", "dim"),)
            yield Bar((Part("Options of the run", "strong"),), keys)
            yield self.list

    def on_mount(self) -> None:
        """Go to the list."""
        self.list.styles.height = len(OPTIONS)
        self.list.focus()

    async def on_line_list_selected(self, event: LineList.Selected) -> None:
        """Change the option, or ask what it is to be."""
        event.stop()
        question = OPTIONS[event.index].change(self._plan)
        if question is not None:
            await self.ask(question)

    async def ask(self, question: Question) -> None:
        """Ask below the list."""
        await self.query(PromptBar).remove()
        await self.query_one("#choose").mount(PromptBar(question))

    async def on_prompt_bar_closed(self) -> None:
        """Put the line away."""
        await self.query(PromptBar).remove()
        self.query_one("#choose").refresh(layout=True)
        self.list.focus()

"""The line in which the app asks for something: a row, a text, a path; like an editor's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from inspect_tool.errors import InspectError
from inspect_tool.samples.glyphs import safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.suggester import Suggester


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked. ``answer`` takes the text and returns what to say about it.

    It may raise InspectError, which is said instead; ``stay`` keeps the line open after an answer,
    ``leads_on`` leaves the focus to what the answer brings up. ``edits``: the value is changed
    rather than replaced by what is typed. ``back`` answers shift+enter and
    arrow up, where going the other way makes sense.
    """

    label: str
    answer: Callable[[str], str]
    placeholder: str = ""
    value: str = ""
    stay: bool = False
    leads_on: bool = False
    edits: bool = False
    back: Callable[[str], str] | None = None
    suggester: Suggester | None = None


class PromptBar(Horizontal):
    """Asks one question at a time and gives the focus back when it closes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up,shift+enter", "answer_back", "The other way", show=False),
    ]

    @dataclass
    class Closed(Message):
        """The line was closed; ``leads_on``: something else takes the focus."""

        leads_on: bool = False

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        """Lay out label, input and what is said about the answer."""
        question = self.question
        yield Label(question.label, markup=False, id="prompt-label")
        yield Input(
            question.value,
            placeholder=question.placeholder,
            compact=True,
            suggester=question.suggester,
            select_on_focus=not question.edits,
        )
        yield Label("", markup=False, id="prompt-said")

    def on_mount(self) -> None:
        """Take the focus."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand over the answer."""
        event.stop()
        self._answer(self.question.answer, event.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Forget what was said about an earlier answer."""
        event.stop()
        self._say("", failed=False)

    def action_answer_back(self) -> None:
        """Answer the other way, such as find the previous match."""
        if self.question.back is not None:
            self._answer(self.question.back, self.query_one(Input).value)

    def action_close(self) -> None:
        """Close the line."""
        self.post_message(self.Closed())

    def _answer(self, answer: Callable[[str], str], value: str) -> None:
        try:
            said = answer(value)
        except InspectError as problem:
            self._say(str(problem), failed=True)
            return
        if self.question.stay:
            self._say(said, failed=False)
        else:
            self.post_message(self.Closed(leads_on=self.question.leads_on))

    def _say(self, text: str, *, failed: bool) -> None:
        label = self.query_one("#prompt-said", Label)
        label.set_class(failed, "-failed")
        label.update(safe(text))

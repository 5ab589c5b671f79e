"""Work in the background that fails in a way nobody foresaw is told, and the app goes on."""

from __future__ import annotations

import traceback

from textual.message import Message
from textual.message_pump import MessagePump
from textual.worker import Worker, WorkerState

from inspect_tool.samples.glyphs import safe


class WorkFailed(Message):
    """A worker raised; ``text`` says which, what and where."""

    def __init__(self, worker: Worker[object]) -> None:
        super().__init__()
        error = worker.error
        frames = traceback.extract_tb(error.__traceback__) if error else []
        where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        self.text = safe(f"{worker.group} failed: {type(error).__name__}: {error}{where}")


class TellsFailures(MessagePump):
    """Mixed into whatever runs workers with ``exit_on_error=False``."""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Pass a failure on to the app."""
        if event.state is WorkerState.ERROR:
            self.post_message(WorkFailed(event.worker))

"""An axolotl plugin with which one rank stands still, for the runs of the tests."""

from __future__ import annotations

import os
import signal
from typing import Any

from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback

STOPPING_RANK = 1
STEP = 2


class OneRankStops(BasePlugin):  # type: ignore[misc]  # axolotl has no types
    """Rank 1 stops at the beginning of step 2, before it meets the others."""

    def add_callbacks_post_trainer(self, cfg: Any, trainer: Any) -> list[Any]:
        """Return the callback that stops."""
        del cfg, trainer
        return [_Stop()] if os.environ.get("RANK") == str(STOPPING_RANK) else []


class _Stop(TrainerCallback):  # type: ignore[misc]
    def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
        if state.global_step + 1 == STEP:
            stand_still()


def stand_still() -> None:
    """Wait in the kernel until the process is ended: its stack never changes."""
    while True:
        signal.pause()

"""One prompt of training against one of inference, and the questions that causes ask of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from inspect_tool.prompts.diff.align import align_within
from inspect_tool.samples.glyphs import SPACE, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspect_tool.prompts.diff.align import Region
    from inspect_tool.prompts.diff.training_side import TrainingPrompt, TrainingSide
    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.inference.target import Change, Prompt, Target

SHOWN = 60
"""Characters of a text that a message quotes."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cause with its evidence and fix. ``proven``: without the cause the difference is gone."""

    cause: str
    message: str
    fix: str
    proven: bool = False
    located: bool = False
    """Where the region stands is to be told with the message."""


@dataclass(eq=False)
class Case:
    """What there is to go by: both prompts, their makers, the regions that differ.

    Both sides have one text per token. ``open`` are the numbers of the regions that no cause was
    found for yet.
    """

    training: TrainingPrompt
    side: TrainingSide
    encoder: Encoder
    prompt: Prompt
    target: Target
    regions: list[Region]
    train_texts: list[str]
    inference_texts: list[str]
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    @property
    def of_axolotl(self) -> bool:
        """Whether the target is `axolotl inference`, which takes less than servers do."""
        return self.target.name.partition(":")[0] == "axolotl"

    @property
    def open(self) -> list[int]:
        """The regions that are not named yet."""
        return [index for index in range(len(self.regions)) if index not in self.verdicts]

    def settle(self, indices: Sequence[int], verdict: Verdict) -> None:
        """Name the cause of regions."""
        for index in indices:
            self.verdicts.setdefault(index, verdict)

    def train_text(self, index: int) -> str:
        """Return the text of the training tokens of a region."""
        region = self.regions[index]
        return "".join(self.train_texts[region.train_start : region.train_stop])

    def inference_text(self, index: int) -> str:
        """Return the text of the inference tokens of a region."""
        region = self.regions[index]
        return "".join(self.inference_texts[region.inference_start : region.inference_stop])

    @cached_property
    def _edits(self) -> int:
        """Tokens that all regions take away and add; a change that leaves more explains nothing."""
        return sum(
            region.train_stop - region.train_start + region.inference_stop - region.inference_start
            for region in self.regions
        )

    def at_end(self, index: int) -> bool:
        """Whether a region is the last that both prompts have."""
        region = self.regions[index]
        return region.train_stop == len(self.training.ids) and region.inference_stop == len(
            self.prompt.ids
        )

    def gone_with_training(self, ids: Sequence[int] | None, *, clean: bool = False) -> list[int]:
        """Return the open regions that are equal when training's ids are these instead.

        ``clean``: none at all where something differs then that was equal before.
        """
        if ids is None or list(ids) == self.training.ids:
            return []
        left = align_within(ids, self.prompt.ids, edits=self._edits - 1, bos=self.encoder.bos_id)
        if left is None:
            return []
        spans = [(region.inference_start, region.inference_stop) for region in left]
        mine = [(region.inference_start, region.inference_stop) for region in self.regions]
        return self._gone(spans, mine, clean=clean)

    def gone_with_inference(self, ids: Sequence[int] | None, *, clean: bool = False) -> list[int]:
        """Return the open regions that are equal when inference's ids are these instead."""
        if ids is None or list(ids) == self.prompt.ids:
            return []
        left = align_within(self.training.ids, ids, edits=self._edits - 1, bos=self.encoder.bos_id)
        if left is None:
            return []
        spans = [(region.train_start, region.train_stop) for region in left]
        mine = [(region.train_start, region.train_stop) for region in self.regions]
        return self._gone(spans, mine, clean=clean)

    def trained_otherwise(self, change: Change, *, clean: bool = False) -> list[int]:
        """Return the open regions that go when training is rendered with a change."""
        return self.gone_with_training(self.side.again(self.training, change), clean=clean)

    def asked_otherwise(self, change: Change, *, clean: bool = False) -> list[int]:
        """Return the open regions that go when inference is rendered with a change."""
        prompt = self.target.again(self.training, change)
        return self.gone_with_inference(None if prompt is None else prompt.ids, clean=clean)

    def both_otherwise(self, change: Change) -> list[int]:
        """Return the open regions if both prompts are the same when rendered with a change."""
        prompt = self.target.again(self.training, change)
        same = prompt is not None and self.side.again(self.training, change) == prompt.ids
        return self.open if same else []

    def _gone(
        self, left: Sequence[tuple[int, int]], mine: Sequence[tuple[int, int]], *, clean: bool
    ) -> list[int]:
        if clean and not all(any(_touch(old, span) for old in mine) for span in left):
            return []
        return [index for index in self.open if not any(_touch(mine[index], span) for span in left)]


def _touch(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] <= b[1] and b[0] <= a[1]


def quoted(text: str, *, most: int = SHOWN) -> str:
    """Return a text to quote in a message: safe, white space visible, cut in its middle."""
    if not text:
        return "nothing"
    if len(text) > most:
        half = most // 2
        text = f"{text[:half]} ... {text[-half:]}"
    return f"“{safe(text, space=SPACE)}”"

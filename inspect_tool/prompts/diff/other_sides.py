"""The training side of all other types: instruction rows by their texts, the rest by labels."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.diff.chat_side import ChatSide
from inspect_tool.prompts.diff.training_side import TrainingPrompt, TrainingSide
from inspect_tool.prompts.inference.conversation import (
    Conversation,
    guessed_messages,
    instruction_messages,
)
from inspect_tool.prompts.inference.target import Change, ChangeKind
from inspect_tool.prompts.strategies.chat import ChatReader
from inspect_tool.prompts.strategies.instruct import (
    InstructReader,
    PygmalionReader,
    ReflectionReader,
)
from inspect_tool.prompts.strategies.others import RewardReader, TextReader
from inspect_tool.prompts.strategies.pieces import CompletionReader, SegmentsReader, StepsReader
from inspect_tool.prompts.strategies.record import Recorder
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inspect_tool.prompts.inference.encoder import Encoder
    from inspect_tool.prompts.strategies.reader import Reader, Rendered, Row

MARK = "\ue0f2"
"""A private-use character that stands for an input while the other format is rendered."""


class InstructSide:
    """Instruction rows: a prompt and a response, tokenised apart."""

    def __init__(self, reader: InstructReader, encoder: Encoder) -> None:
        self.reader = reader
        self.strategy = reader.strategy
        self.encoder = encoder

    def prompts(self, row: Row) -> tuple[Rendered, list[TrainingPrompt]]:
        """Return the row and the prompt before its response."""
        with Recorder((self.strategy, "_tokenize")) as recorder:
            rendered = self.reader.render(row)[0]
        prompt, response = (call for call in recorder.calls if call.name == "_tokenize")
        start = len(prompt.result["input_ids"])
        fields = self._fields(row)
        last = rendered.ids[-1:]
        ends = bool(last) and len(rendered.ids) > start and last[0] == self.encoder.eos_id
        text = str(prompt.arguments["prompt"] or "")
        return rendered, [
            TrainingPrompt(
                answer=0,
                ids=rendered.ids[:start],
                text=text,
                whole=text + str(response.arguments["prompt"] or ""),
                exact=True,
                end_ids=tuple(last) if ends else (),
                row=row,
                conversation=Conversation(instruction_messages(fields), row=row),
                fields=_named(fields),
                input_given=bool(fields[1]),
            )
        ]

    def again(self, prompt: TrainingPrompt, change: Change) -> list[int] | None:
        """Render the row in the format for rows with an input, or without."""
        if change.kind is not ChangeKind.OTHER_FORMAT:
            return None
        fields = list(self._fields(prompt.row))
        fields[1] = "" if prompt.input_given else MARK
        before = vars(self.strategy).get("parse_instruction_fields")
        self.strategy.parse_instruction_fields = lambda _: tuple(fields)
        try:
            with Recorder((self.strategy, "_tokenize")) as recorder:
                self.strategy.tokenize_prompt(deepcopy(dict(prompt.row)))
        except Exception:  # a format may ask for what the row does not have
            return None
        finally:
            if before is None:
                del self.strategy.parse_instruction_fields
            else:
                self.strategy.parse_instruction_fields = before
        text = str(recorder.calls[0].arguments["prompt"] or "").replace(MARK, "")
        return self.encoder.ids(text, special=True)

    def _fields(self, row: Any) -> Sequence[Any]:
        found: Sequence[Any] = self.strategy.parse_instruction_fields(row)
        return found


class LabelSide:
    """Rows of any other type: an answer is a run of trained tokens."""

    def __init__(self, reader: Reader, encoder: Encoder) -> None:
        self.reader = reader
        self.encoder = encoder

    def prompts(self, row: Row) -> tuple[Rendered, list[TrainingPrompt]]:
        """Return the row and what comes before each trained run."""
        rendered = self.reader.render(deepcopy(row))[0]
        ids, labels = rendered.ids, rendered.labels or []
        messages = guessed_messages(row)
        answers = [] if messages is None else _answers(messages)
        prompts = []
        for number, (start, stop) in enumerate(_runs(labels)):
            if not start:
                continue
            text = self.encoder.text(ids[:start])
            known = messages[: answers[number]] if messages and number < len(answers) else None
            prompts.append(
                TrainingPrompt(
                    answer=number,
                    ids=ids[:start],
                    text=text,
                    whole=self.encoder.text(ids),
                    exact=False,
                    end_ids=self._end(ids[start:stop]),
                    row=row,
                    conversation=None if known is None else Conversation(tuple(known), row=row),
                )
            )
        return rendered, prompts

    def again(self, prompt: TrainingPrompt, change: Change) -> list[int] | None:
        """Return nothing: these types are rendered in one way only."""
        return None

    def _end(self, run: Sequence[int]) -> tuple[int, ...]:
        at = len(run)
        while at and run[at - 1] in self.encoder.special_ids:
            at -= 1
        return tuple(run[at:])


class SegmentsSide(LabelSide):
    """`type: input_output`: the texts of the segments are known."""

    def prompts(self, row: Row) -> tuple[Rendered, list[TrainingPrompt]]:
        """Return what the labels tell, with the segments' own texts."""
        from dataclasses import replace

        rendered, prompts = super().prompts(row)
        texts = list(_segment_texts(row["segments"]))
        whole = "".join(str(segment["text"]) for segment in row["segments"])
        if len(texts) != len(prompts):
            return rendered, prompts
        return rendered, [
            replace(prompt, text=text, whole=whole, exact=True)
            for prompt, text in zip(prompts, texts, strict=True)
        ]


def side_of(reader: Reader, encoder: Encoder, place: str) -> TrainingSide:
    """Return the side for a dataset's reader; raises InspectError for kinds without a prompt."""
    if isinstance(reader, TextReader | RewardReader | StepsReader):
        raise InspectError(
            "preference and reward data are not compared; only supervised training is",
            place=place,
            fix="diff a config without rl: and reward_model:",
        )
    if isinstance(reader, CompletionReader):
        raise InspectError(
            "type: completion trains every token, so nothing comes before an answer", place=place
        )
    if isinstance(reader, ChatReader):
        return ChatSide(reader, encoder)
    if isinstance(reader, SegmentsReader):
        return SegmentsSide(reader, encoder)
    if isinstance(reader, InstructReader) and not isinstance(
        reader, PygmalionReader | ReflectionReader
    ):
        return InstructSide(reader, encoder)
    return LabelSide(reader, encoder)


def _named(fields: Sequence[Any]) -> dict[str, str]:
    """Name the fields of an instruction row as axolotl's formats do, the answer left out."""
    names = ("instruction", "input", "output", "system")
    found = dict(zip(names, fields, strict=False))
    return {name: str(value or "") for name, value in found.items() if name != "output"}


def _runs(labels: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of trained tokens."""
    start = None
    for at, label in enumerate([*labels, IGNORE_INDEX]):
        if label != IGNORE_INDEX and start is None:
            start = at
        elif label == IGNORE_INDEX and start is not None:
            yield start, at
            start = None


def _answers(messages: Sequence[dict[str, Any]]) -> list[int]:
    return [at for at, item in enumerate(messages) if item["role"] == "assistant"]


def _segment_texts(segments: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the text before each run of trained segments, but for one at the very start."""
    text, trained = "", False
    for segment in segments:
        if segment["label"] and not trained and text:
            yield text
        trained = bool(segment["label"])
        text += str(segment["text"])

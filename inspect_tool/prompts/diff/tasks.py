"""What the worker is asked of a diff: targets made ready, rows compared."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.errors import InspectError
from inspect_tool.prompts.diagnosis.case import Case, Verdict, quoted
from inspect_tool.prompts.diagnosis.rules import diagnose
from inspect_tool.prompts.diagnosis.stop_set import judge_stop
from inspect_tool.prompts.diff.align import Region, align
from inspect_tool.prompts.diff.other_sides import side_of
from inspect_tool.prompts.diff.results import Comparison, Difference, Failure, Side
from inspect_tool.prompts.inference.build import Builder, files_of
from inspect_tool.prompts.inference.encoder import Encoder
from inspect_tool.prompts.inference.limits import LimitError
from inspect_tool.prompts.inference.target import Prompt, Target, TargetError
from inspect_tool.prompts.strategies.loading import stamp_of
from inspect_tool.prompts.strategies.sessions import Request, Session, session
from inspect_tool.prompts.strategies.tasks import _length_filter, _said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from inspect_tool.prompts.diff.training_side import TrainingPrompt, TrainingSide
    from inspect_tool.prompts.inference.specs import Fill, Options, TargetSpec
    from inspect_tool.prompts.inference.target import Asked

REMEMBERED = 64
"""Tokens of a region up to which a cause is remembered for rows that differ in the same way."""
CONTEXT = 3
"""Tokens on each side of a region that must be the same, too."""
BEFORE = 12
"""Tokens before a region of which a message that says where it stands quotes the last."""
LONGEST_QUOTE = 24


@dataclass(frozen=True)
class Plan:
    """Which config, which targets, with what."""

    request: Request
    specs: tuple[TargetSpec, ...]
    options: Options
    refused: frozenset[str] = frozenset()
    """Names of targets that are not asked any more."""


@dataclass(frozen=True)
class Compared:
    """What became of some raw rows; ``refused`` maps targets that cannot be used to the reason."""

    comparisons: tuple[Comparison, ...]
    failures: tuple[Failure, ...]
    refused: dict[str, InspectError]
    dropped: int
    unwritten: dict[str, int]
    """Rows of which the training template leaves something out, by what."""


@dataclass
class _Ready:
    """Everything that one plan needs, made once and kept while the session is the same."""

    opened: Session
    encoder: Encoder
    sides: list[TrainingSide]
    targets: list[Target]
    verdicts: dict[Any, list[Verdict]] = field(default_factory=dict)


_READY: dict[Any, _Ready] = {}
_ENCODERS: dict[int, Encoder] = {}


def open_diff(plan: Plan) -> tuple[str, ...]:
    """Make the targets ready; raises InspectError for one that can answer for no row.

    Returns what of the config was left out.
    """
    with session(plan.request) as opened:
        return _ready(plan, opened).opened.left_out


def compare_rows(plan: Plan, source: int, start: int, stop: int, first: int) -> Compared:
    """Compare raw rows ``[start, stop)`` of one dataset; ``first`` is the overall number of its 0.

    A row that cannot be compared is noted; a target that cannot be used is given up.
    """
    with session(plan.request) as opened:
        ready = _ready(plan, opened)
        work = _Work(ready, source, first)
        keeps = _length_filter(opened)
        for number, row in opened.sources[source].numbered(start, stop):
            work.render(number, row, keeps)
        for target in ready.targets:
            if target.name not in plan.refused:
                work.compare(target)
        return Compared(
            tuple(sorted(work.comparisons, key=lambda item: (item.row, item.answer))),
            tuple(work.failures),
            work.refused,
            work.dropped,
            {what: len(rows) for what, rows in work.unwritten.items()},
        )


def _ready(plan: Plan, opened: Session) -> _Ready:
    watched = [path for spec in plan.specs for path in files_of(spec, plan.request.cwd)]
    key = (plan.request, plan.specs, plan.options, stamp_of(watched))
    kept = _READY.get(key)
    if kept is not None and kept.opened is opened:
        return kept
    encoder = _ENCODERS.setdefault(id(opened.tokenizer), Encoder(opened.tokenizer))
    if encoder.tokenizer is not opened.tokenizer:
        encoder = _ENCODERS[id(opened.tokenizer)] = Encoder(opened.tokenizer)
    builder = Builder(opened.cfg, encoder, opened.request.cwd, plan.options)
    place = os.fspath(opened.request.config)
    ready = _Ready(
        opened=opened,
        encoder=encoder,
        sides=[side_of(item.reader, encoder, f"{place}, {item.entry}") for item in opened.sources],
        targets=[builder.build(spec) for spec in plan.specs],
    )
    _require_placeholders(plan.options.fills, ready.targets)
    _READY.clear()
    _READY[key] = ready
    return ready


def _require_placeholders(fills: Sequence[Fill], targets: Sequence[Target]) -> None:
    """Raise InspectError for a --fill that fills nothing; it would be thought to."""
    names = {name for target in targets for name in getattr(target, "names", ())}
    for fill in fills:
        if fill.name not in names:
            raise InspectError(
                f"no file has {{{fill.name}}}",
                place=f"--fill {fill.name}",
                fix=f"the placeholders are {', '.join(sorted(names))}"
                if names
                else "it goes with text:FILE and messages:FILE",
            )


@dataclass
class _Item:
    row: int
    prompt: TrainingPrompt
    shown: Side | None = None


class _Work:
    """The rows of one call: rendered, then compared with one target after the other."""

    def __init__(self, ready: _Ready, source: int, first: int) -> None:
        self.ready = ready
        self.side = ready.sides[source]
        self.entry = ready.opened.sources[source].entry
        self.first = first
        self.items: list[_Item] = []
        self.comparisons: list[Comparison] = []
        self.failures: list[Failure] = []
        self.refused: dict[str, InspectError] = {}
        self.dropped = 0
        self.unwritten: dict[str, set[int]] = {}

    def render(self, number: int, row: Any, keeps: Callable[[Any], bool]) -> None:
        """Render one raw row through axolotl."""
        overall = self.first + number
        try:
            rendered, prompts = self.side.prompts(row)
        except LimitError:
            raise
        except Exception as error:  # what axolotl raises is the row's fate
            said = f"axolotl fails on it: {_said(error)}"
            self.failures.append(Failure(overall, None, said))
            return
        if not keeps(rendered):
            self.dropped += 1
            return
        if not prompts:
            self.failures.append(Failure(overall, None, "it has no trained answer"))
        self.items += [_Item(overall, prompt) for prompt in prompts]
        for what in {what for prompt in prompts for what in prompt.unwritten}:
            self.unwritten.setdefault(what, set()).add(overall)

    def compare(self, target: Target) -> None:
        """Ask a target for every prompt, and hold its answers against training's."""
        items = [item for item in self.items if not (target.first_only and item.prompt.answer)]
        asked: Sequence[Asked] = [item.prompt for item in items]
        try:
            answers = target.prompts(asked)
        except TargetError as error:
            self.refused[target.name] = error
            return
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, Prompt):
                self.comparisons.append(self._comparison(item, target, answer))
            else:
                self.failures.append(Failure(item.row, target.name, str(answer)))

    def _comparison(self, item: _Item, target: Target, answer: Prompt) -> Comparison:
        training, encoder = item.prompt, self.ready.encoder
        regions = align(training.ids, answer.ids, bos=encoder.bos_id)
        if item.shown is None:
            item.shown = Side.of(training.ids, encoder.texts(training.ids))
        inference = item.shown
        differences: tuple[Difference, ...] = ()
        if regions:
            inference = Side.of(answer.ids, target.encoder.texts(answer.ids))
            verdicts = self._verdicts(item, target, answer, regions, inference)
            differences = tuple(
                _difference(region, verdict, item.shown, inference)
                for region, verdict in zip(regions, verdicts, strict=True)
            )
        return Comparison(
            row=item.row,
            entry=self.entry,
            answer=training.answer,
            target=target.name,
            train=item.shown,
            inference=inference,
            differences=differences,
            stop=judge_stop(self._end(item), target.stops, encoder, masked_end=training.masked_end),
            inferred=answer.inferred,
        )

    def _end(self, item: _Item) -> tuple[int, ...]:
        """Return the trained end, of the row's last answer where this one's is not trained."""
        if item.prompt.end_ids:
            return item.prompt.end_ids
        ends = [other.prompt.end_ids for other in self.items if other.row == item.row]
        return next((end for end in reversed(ends) if end), ())

    def _verdicts(
        self,
        item: _Item,
        target: Target,
        answer: Prompt,
        regions: list[Region],
        inference: Side,
    ) -> list[Verdict]:
        key = _key(self.entry, item.prompt, target, answer, regions)
        known = self.ready.verdicts.get(key) if key is not None else None
        if known is not None:
            return known
        assert item.shown is not None
        case = Case(
            training=item.prompt,
            side=self.side,
            encoder=self.ready.encoder,
            prompt=answer,
            target=target,
            regions=regions,
            train_texts=item.shown.texts(),
            inference_texts=inference.texts(),
        )
        verdicts = diagnose(case)
        if key is not None:
            self.ready.verdicts[key] = verdicts
        return verdicts


def _key(
    entry: str, training: TrainingPrompt, target: Target, answer: Prompt, regions: list[Region]
) -> tuple[Any, ...] | None:
    """Return what rows that differ in the same way, for the same cause, have in common."""
    if any(region.size > REMEMBERED for region in regions):
        return None
    sent = training.conversation
    traits = (
        entry,
        target.name,
        bool(sent and sent.tools),
        bool(sent and sent.has_tool_calls),
        tuple(message["role"] for message in sent.messages) if sent else None,
        training.input_given,
        training.raw_names,
    )
    return (traits, *(_signature(training.ids, answer.ids, region) for region in regions))


def _signature(train: list[int], inference: list[int], region: Region) -> tuple[Any, ...]:
    return (
        tuple(train[max(region.train_start - CONTEXT, 0) : region.train_stop + CONTEXT]),
        tuple(inference[region.inference_start : region.inference_stop]),
        region.train_start == 0,
        region.train_stop == len(train),
        region.inference_stop == len(inference),
    )


def _difference(region: Region, verdict: Verdict, train: Side, inference: Side) -> Difference:
    texts = (
        train.texts(region.train_start, region.train_stop),
        inference.texts(region.inference_start, region.inference_stop),
    )
    left, right = ("".join(part) for part in texts)
    return Difference(
        region=region,
        cause=verdict.cause,
        message=f"{verdict.message}{_where(region, train)}" if verdict.located else verdict.message,
        fix=verdict.fix,
        same_text=left.strip() == right.strip() and bool(left.strip()),
        proven=verdict.proven,
    )


def _where(region: Region, train: Side) -> str:
    """Quote what stands before a region."""
    before = "".join(train.texts(max(region.train_start - BEFORE, 0), region.train_start))
    return f", after {quoted(before[-LONGEST_QUOTE:])}" if before else ", at the very beginning"

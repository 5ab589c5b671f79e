"""The sanity check: training's answers from axolotl, prompts from the diff, answers from the model.

Each target's prompt goes to the model that the run saved; training's own tokens go first, as the
control that tells a wrong prompt from a wrong model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.prompts.diff.answers import CHAT, Answer, Answers, answers_of, texts_of
from inspect_tool.prompts.diff.run import OPEN_SECONDS, Diff
from inspect_tool.prompts.inference.specs import Options, TargetSpec
from inspect_tool.prompts.training import TrainingRows
from inspect_tool.runs.sanity.ask import Expected, Prompt, Said, ask
from inspect_tool.runs.sanity.judge import judge, mean
from inspect_tool.runs.sanity.results import TRAINING, Outcome, SanityReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.prompts.diff.results import Comparison, Side
    from inspect_tool.runs.sanity.saved_run import SavedRun

SPARE = 16
"""Tokens that an answer may go on beyond what was trained, to see whether it ends."""
NO_PROMPT = (
    "asked with training's own tokens alone: these rows are no chat, so name what inference sends "
    "with --against (axolotl, axolotl:AlpacaPrompter, text:FILE, python:MODULE:FUNCTION)"
)


@dataclass(frozen=True)
class _Question:
    """One answer and the prompt that asks for it; ``comparison`` None: training's own."""

    answer: Answer
    comparison: Comparison | None
    prompt: Prompt


@dataclass
class Sanity:
    """A check of one run. ``specs`` None: the saved chat template, for rows that are chats.

    ``say`` is told what takes its time. Raises InspectError where nothing can be asked,
    RunFailedError where the worker or the model's process failed.
    """

    run: SavedRun
    worker: AxolotlWorker
    specs: Sequence[TargetSpec] | None = None
    options: Options = field(default_factory=Options)
    say: Callable[[str], None] = lambda _: None

    def report(self, *, rows: Sequence[int] | None = None) -> SanityReport:
        """Ask for the answers of all rows, or of some."""
        self.say("axolotl renders the rows; its start takes some seconds ...")
        training = TrainingRows(self.worker, self.run.config.path, self.run.cwd)
        known = self.worker.call(
            answers_of, training.request, self.options.stops, timeout=OPEN_SECONDS
        )
        known = _wanted(known, rows, self.run)
        specs, notes = self._specs(known)
        diff = Diff(training, specs, self.options)
        compared = self._compared(diff, known) if specs else ()
        questions = [*map(_control, known.answers), *_questions(known.answers, compared)]
        self.say("the saved model answers ...")
        said, generated = self._asked(questions, known.answers, training)
        done = diff.report_of(compared)
        return SanityReport(
            run=self.run.folder,
            model=said.model,
            adapter=self.run.adapter,
            loss=self.run.loss,
            targets=(TRAINING, *(spec.name for spec in specs)),
            outcomes=tuple(_outcomes(questions, known.answers, said, generated)),
            failures=(*known.failures, *(item for item in done.failures if item.target)),
            notes=(*notes, *(note for note in done.notes if note != self._ours())),
        )

    def _specs(self, known: Answers) -> tuple[tuple[TargetSpec, ...], tuple[str, ...]]:
        """Return the targets; a bare ``chat-template`` is that of the tokenizer saved."""
        if self.specs is None and any(kind != CHAT for kind in known.kinds):
            return (), (NO_PROMPT,)
        asked = self.specs or (TargetSpec("chat-template", "", "chat-template"),)
        out = str(self.run.out)
        return tuple(
            replace(spec, kind="saved", value=out)
            if spec.kind == "chat-template" and not spec.value
            else spec
            for spec in asked
        ), ()

    def _ours(self) -> str:
        """Return the diff's note of what is left out, if it is this tool's plugins alone."""
        plugins = self.run.config.values.get("plugins") or []
        ours = all(str(name).startswith("inspect_tool.") for name in plugins)
        return "left out of the config: plugins" if ours else ""

    def _compared(self, diff: Diff, known: Answers) -> tuple[Comparison, ...]:
        """Return the prompts of all targets; one that cannot be used becomes a failure."""
        rows = sorted({item.row for item in known.answers})
        found: list[Comparison] = []
        try:
            found += diff.run(rows=rows)
        except InspectError:
            if len(diff.refused) < len(diff.plan.specs):
                raise
        return tuple(found)

    def _asked(
        self, questions: Sequence[_Question], answers: Sequence[Answer], training: TrainingRows
    ) -> tuple[Said, dict[Prompt, Side]]:
        """Let the model answer each different prompt once."""
        prompts = list(dict.fromkeys(item.prompt for item in questions))
        expected = [Expected(item.prompt, tuple(item.expected.ids.tolist())) for item in answers]
        said = ask(self.run, prompts, expected)
        texts = self.worker.call(texts_of, training.request, said.generated, timeout=OPEN_SECONDS)
        return said, dict(zip(prompts, texts, strict=True))


def _outcomes(
    questions: Sequence[_Question],
    answers: Sequence[Answer],
    said: Said,
    generated: Mapping[Prompt, Side],
) -> Iterator[Outcome]:
    overall = mean([loss for item in said.likely for loss in item.losses])
    likely = {_key(answer): item for answer, item in zip(answers, said.likely, strict=True)}
    for item in questions:
        yield judge(
            item.answer,
            generated[item.prompt],
            likely[_key(item.answer)],
            comparison=item.comparison,
            overall=overall,
        )


def _wanted(known: Answers, rows: Sequence[int] | None, run: SavedRun) -> Answers:
    place = run.config.path
    there = {item.row for item in known.answers} | {item.row for item in known.failures}
    wanted = there if rows is None else set(rows)
    if wanted - there:
        raise InspectError(
            f"raw row {min(wanted - there)} is not there",
            place=place,
            fix=f"its rows are 0 to {max(there, default=0)}",
        )
    answers = tuple(item for item in known.answers if item.row in wanted)
    failures = tuple(item for item in known.failures if item.row in wanted)
    if not answers:
        why = failures[0].message if failures else "there are no rows"
        raise InspectError(f"no answer to ask for: {why}", place=place)
    return replace(known, answers=answers, failures=failures)


def _key(item: Answer | Comparison) -> tuple[int, int]:
    return item.row, item.answer


def _control(answer: Answer) -> _Question:
    return _question(answer, None, answer.prompt, answer.stop.stop_ids)


def _questions(answers: Sequence[Answer], compared: Sequence[Comparison]) -> list[_Question]:
    """Return one question for each prompt of a target whose answer is trained."""
    known = {_key(item): item for item in answers}
    return [
        _question(known[_key(item)], item, item.inference.ids.tolist(), item.stop.stop_ids)
        for item in compared
        if _key(item) in known
    ]


def _question(
    answer: Answer, comparison: Comparison | None, ids: Sequence[int], stops: tuple[int, ...]
) -> _Question:
    prompt = Prompt(tuple(ids), stops, len(answer.expected) + SPARE)
    return _Question(answer, comparison, prompt)

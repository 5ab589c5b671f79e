"""What a sanity check says: values made of training's answers, a model's answers and a diff."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from inspect_tool.prompts.diff.results import STOPSET

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.prompts.diff.results import Comparison, Failure, Side, Stop

TRAINING = "training"
"""The name of the control: training's own tokens before an answer, whatever inference sends."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an answer did not come back, or would not for another question."""

    code: str
    message: str
    fix: str
    proven: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/sanity.json)."""
        return {
            "cause": self.code,
            "message": self.message,
            "fix": self.fix,
            "proven": self.proven,
        }


@dataclass(frozen=True, eq=False)
class Outcome:
    """One answer asked for through one target.

    ``at`` is the first token of ``expected`` that was not generated, its length where generation
    went on beyond it, None where all came and ended where it was trained to. ``comparison`` is
    the diff of the prompts, None for the control. ``loss`` is the saved model's mean loss of the
    answer after training's own tokens.
    """

    row: int
    answer: int
    target: str
    expected: Side
    generated: Side
    at: int | None
    stopped: bool
    stop: Stop
    loss: float
    causes: tuple[Cause, ...]
    comparison: Comparison | None = None

    @property
    def ok(self) -> bool:
        """Whether the answer came back, to its end, for the very prompt that was trained."""
        return not self.causes

    @property
    def codes(self) -> tuple[str, ...]:
        """Each cause once."""
        return tuple(dict.fromkeys(cause.code for cause in self.causes))

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/sanity.json)."""
        compared = self.comparison
        return {
            "row": self.row,
            "answer": self.answer,
            "target": self.target,
            "ok": self.ok,
            "expected": self.expected.to_json(),
            "generated": self.generated.to_json(),
            "first_difference": self.at,
            "stopped": self.stopped,
            "stop": {
                "trained_end": list(self.stop.trained_end),
                "stop_ids": list(self.stop.stop_ids),
                "ok": self.stop.ok,
                "cause": None if self.stop.ok else STOPSET,
            },
            "loss": self.loss,
            "prompt_equal": compared is None or compared.equal,
            "differences": [item.to_json() for item in compared.differences] if compared else [],
            "causes": [cause.to_json() for cause in self.causes],
        }


@dataclass(frozen=True)
class TargetResult:
    """What one target came to: its answers, those that are well, answers by cause."""

    target: str
    outcomes: tuple[Outcome, ...]

    @property
    def reproduced(self) -> int:
        """How many answers are well."""
        return sum(item.ok for item in self.outcomes)

    @property
    def causes(self) -> dict[str, int]:
        """Answers by cause, the most frequent first."""
        found = Counter(code for item in self.outcomes for code in item.codes)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/sanity.json)."""
        return {
            "target": self.target,
            "answers": len(self.outcomes),
            "reproduced": self.reproduced,
            "causes": self.causes,
        }


@dataclass(frozen=True)
class SanityReport:
    """All that was asked of one run's model; ``model`` is the class that was loaded."""

    run: Path
    model: str
    adapter: bool
    loss: float
    targets: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def results(self) -> tuple[TargetResult, ...]:
        """One result per target, the control first."""
        return tuple(
            TargetResult(name, tuple(item for item in self.outcomes if item.target == name))
            for name in self.targets
        )

    @property
    def differs(self) -> bool:
        """Whether any answer is not well."""
        return any(not item.ok for item in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """Return the documented form (docs/schemas/sanity.json)."""
        return {
            "run": str(self.run),
            "model": {"class": self.model, "adapter": self.adapter},
            "loss": self.loss,
            "targets": [item.to_json() for item in self.results],
            "samples": [item.to_json() for item in self.outcomes],
            "failures": [item.to_json() for item in self.failures],
            "notes": list(self.notes),
        }

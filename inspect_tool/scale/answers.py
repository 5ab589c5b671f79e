"""What axolotl, accelerate and transformers say of a config on a fleet, asked once and kept.

They are asked in the axolotl worker, which takes seconds to start; an answer holds until the
config, the fleet, the model's config.json, the data or a version changes.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from inspect_tool.scale.digest import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from inspect_tool.axolotl_worker import AxolotlWorker

TIMEOUT = 300.0
"""Seconds for one set of answers, the import of axolotl on a loaded machine included."""
FORMAT = 3
"""Raised when what is asked changes, so that older answers are not read."""
KEPT = 300
"""Sets of answers that stay in the cache; each is a file of some kilobytes."""


@dataclass(frozen=True)
class UnknownKey:
    """A key that axolotl's schema does not have; ``meant`` is the nearest one, or empty."""

    key: str
    meant: str = ""


@dataclass(frozen=True)
class ModelFacts:
    """The model's classes, from its config.json on the meta device."""

    classes: tuple[str, ...]
    no_split: tuple[str, ...]
    """What transformers says must stay whole: the layers to wrap."""
    parameters: int


@dataclass(frozen=True)
class FsdpFacts:
    """Accelerate's plugin as the trainer makes it; ``problem`` is its own refusal, or empty."""

    version: int = 2
    reshard: bool = True
    wraps: bool = True
    state_dict: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Answers:
    """What was said. None: not asked, or could not be; ``unasked`` maps what to why.

    ``refused`` and ``refused_translated`` are axolotl's words on the YAML as written and with its
    removed keys translated, empty where it accepts. ``resolved`` are values that it filled in.
    """

    refused: str = ""
    refused_translated: str = ""
    warnings: tuple[str, ...] = ()
    unknown_keys: tuple[UnknownKey, ...] = ()
    resolved: Mapping[str, Any] = field(default_factory=dict)
    model: ModelFacts | None = None
    fsdp: FsdpFacts | None = None
    deepspeed: tuple[str, ...] | None = None
    bins: int | None = None
    eval_bins: int | None = None
    unasked: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> Answers:
        """Read what ``to_json`` gave; raises KeyError or TypeError for anything else."""
        model, fsdp, deepspeed = read["model"], read["fsdp"], read["deepspeed"]
        return cls(
            **{
                **read,
                "warnings": tuple(read["warnings"]),
                "unknown_keys": tuple(UnknownKey(**item) for item in read["unknown_keys"]),
                "model": model
                and ModelFacts(
                    tuple(model["classes"]), tuple(model["no_split"]), model["parameters"]
                ),
                "fsdp": fsdp and FsdpFacts(**fsdp),
                "deepspeed": None if deepspeed is None else tuple(deepspeed),
            }
        )


@dataclass(frozen=True)
class Question:
    """What is asked: the YAML as written and as it would be launched, the fleet, the model.

    ``lengths`` int32[rows] of the training rows and ``eval_lengths`` are looked at only where
    rows are packed; ``data`` names the folder and its state, for the cache.
    """

    written: Mapping[str, Any]
    values: Mapping[str, Any]
    cwd: Path
    processes: int
    capability: str = "sm_90"
    """CUDA's, of the fleet's GPUs; bf16 needs sm_80."""
    model: Mapping[str, Any] | None = None
    """The base model's config.json."""
    deepspeed: Mapping[str, Any] | None = None
    data: str = ""
    lengths: NDArray[np.int32] | None = field(default=None, repr=False, compare=False)
    eval_lengths: NDArray[np.int32] | None = field(default=None, repr=False, compare=False)

    @property
    def key(self) -> str:
        """A name for the answers: equal questions to equal versions have equal names."""
        from inspect_tool.axolotl_tasks import versions
        from inspect_tool.runs.doctor.machine import version_of

        packages = ("accelerate", "deepspeed", "axolotl-inspect")
        return digest(
            FORMAT,
            dict(self.written),
            dict(self.values),
            str(self.cwd),
            self.processes,
            self.capability,
            self.model,
            self.deepspeed,
            self.data,
            versions(),
            {name: version_of(name) for name in packages},
        )


def known_answers(question: Question) -> Answers | None:
    """Return what was answered before, None where it must be asked."""
    try:
        return Answers.from_json(json.loads((_folder() / question.key).read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def ask(question: Question, worker: AxolotlWorker) -> Answers:
    """Ask the worker and keep what it says; raises WorkerError where it dies or is not there."""
    from inspect_tool.scale.tasks import answer

    answers = worker.call(answer, question, timeout=TIMEOUT)
    _keep(question, answers)
    return answers


def _keep(question: Question, answers: Answers) -> None:
    file = _folder() / question.key
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".draft")
        draft.write_text(json.dumps(answers.to_json(), default=str), "utf-8")
        draft.replace(file)
        kept = sorted(file.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for old in kept[:-KEPT]:
            old.unlink(missing_ok=True)


def _folder() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("inspect-tool") / "scale"

"""The batches that a run recorded, read from its folder while it lasts or long after.

One file a batch below ``batches/``, put there whole, then one line of ``batches.jsonl``: a line
whose file is not there yet never is. The file is numpy's own (``np.load``); no torch is needed.
"""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.samples.sample import IGNORE_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from inspect_tool.findings import Finding
    from inspect_tool.runs.batch_parts import Part

BATCHES = "batches.jsonl"
FOLDER = "batches"
TOKEN_LOSS = "token_loss"  # noqa: S105  # a tensor's name
"""The tensor that the recorder adds to those of the trainer."""

Phase = Literal["train", "eval"]
Reason = Literal["first", "non-finite loss", "outlier", "error"]
"""Why a batch was kept; with "error", ``compute_loss`` raised and there is no loss."""

_SEQUENCES = (  # ids, labels, attention, positions, mask of trained tokens
    ("input_ids", "labels", "attention_mask", "position_ids", "completion_mask"),
    ("rejected_ids", "rejected_labels", "rejected_attention_mask", "", ""),
    ("chosen_input_ids", "chosen_labels", "chosen_attention_mask", "", ""),
    ("rejected_input_ids", "rejected_labels", "rejected_attention_mask", "", ""),
    ("prompt_input_ids", "", "prompt_attention_mask", "", ""),
    ("prompt_ids", "", "prompt_mask", "", ""),
    ("completion_ids", "", "completion_mask", "", "completion_mask"),
    ("completion_input_ids", "completion_labels", "completion_attention_mask", "", ""),
    ("KL_input_ids", "", "KL_attention_mask", "", "KL_completion_mask"),
    ("KL_completion_input_ids", "KL_completion_labels", "KL_completion_attention_mask", "", ""),
)
"""The names that the trainers of axolotl and TRL give them."""


@dataclass(frozen=True)
class LeftOut:
    """A value of the batch that was not kept, with the reason."""

    name: str
    shape: tuple[int, ...]
    why: str


@dataclass(frozen=True, eq=False)
class BatchSequence:
    """Token ids of a batch with what belongs to them; every array has the shape [rows, length].

    ``ids`` and ``labels`` int, -100 where masked; ``mask`` tells the trained tokens where there are
    no labels; ``loss`` float32 is what it cost to predict a token, nan where it was not asked.
    """

    name: str
    ids: NDArray[np.integer[Any]]
    labels: NDArray[np.integer[Any]] | None = None
    attention: NDArray[np.integer[Any]] | None = None
    positions: NDArray[np.integer[Any]] | None = None
    mask: NDArray[np.integer[Any]] | None = None
    loss: NDArray[np.float32] | None = None

    @property
    def trained(self) -> NDArray[np.bool_] | None:
        """Which tokens are trained, bool[rows, length]; None where the batch does not say."""
        if self.labels is not None:
            return np.asarray(self.labels != IGNORE_INDEX)
        return None if self.mask is None else np.asarray(self.mask != 0)


@dataclass(frozen=True)
class Batch:
    """One batch as the trainer's ``compute_loss`` received it.

    ``step`` counts from 1 as the metrics do (an evaluation bears the steps done before it),
    ``micro_batch`` from 0 within the step or the evaluation. ``loss`` is what ``compute_loss``
    returned, nan and infinities included. What the file holds is read when it is asked for; then
    InspectError is raised if it is damaged or gone.
    """

    run: Path
    number: int
    step: int
    micro_batch: int
    phase: Phase
    reason: Reason
    loss: float
    mean_token_loss: float | None
    """The mean over the tokens with a loss; None where there are none."""
    token_loss_missing: str
    """Why the tokens have no loss; empty where they have."""
    usual_loss: float | None = None
    """What the loss was held against, for an outlier."""
    pad_token_id: int | None = None
    row_names: tuple[str, ...] = ()
    """What each row is ("chosen", "rejected"); empty where they are all the same."""
    left_out: tuple[LeftOut, ...] = ()
    attention: str | None = None
    """The model's implementation of attention ("sdpa", "flash_attention_2")."""
    attention_masked: bool | None = None
    """Whether the model itself was given an attention mask; None where that was not seen."""
    prepared: Path | None = None
    """The folder of prepared datasets that the run trained on."""
    _file: str = field(default="", repr=False)

    @property
    def path(self) -> Path:
        """The file with the tensors."""
        return self.run / FOLDER / self._file

    @cached_property
    def tensors(self) -> Mapping[str, NDArray[Any]]:
        """Every tensor of the batch under the trainer's name for it, and ``token_loss``."""
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                return {name: stored[name] for name in stored.files}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise InspectError(f"the batch cannot be read ({reason})", place=self.path) from None

    @cached_property
    def sequences(self) -> tuple[BatchSequence, ...]:
        """What the batch holds of tokens, the trainer's ``input_ids`` first where there are any."""
        return tuple(self._sequences())

    @property
    def input_ids(self) -> NDArray[np.integer[Any]] | None:
        """Token ids int32[rows, length]; None for trainers that name them otherwise."""
        return self.tensors.get("input_ids")

    @property
    def labels(self) -> NDArray[np.integer[Any]] | None:
        """Labels int32[rows, length], -100 where masked."""
        return self.tensors.get("labels")

    @property
    def attention_mask(self) -> NDArray[np.integer[Any]] | None:
        """0 for padding; packed rows may number their samples 1, 2, ..."""
        return self.tensors.get("attention_mask")

    @property
    def position_ids(self) -> NDArray[np.integer[Any]] | None:
        """The position of each token, from 0 again where a packed sample begins."""
        return self.tensors.get("position_ids")

    @property
    def token_loss(self) -> NDArray[np.float32] | None:
        """Cross-entropy in nats of predicting each token, float32[rows, length].

        nan for masked tokens and the first of a row. None where ``token_loss_missing`` says why.
        """
        return self.tensors.get(TOKEN_LOSS)

    def parts(self, sequence: BatchSequence) -> tuple[tuple[Part, ...], ...]:
        """Cut each row into samples and padding, samples with the dataset rows they came from."""
        from inspect_tool.runs.batch_parts import parts_of

        if sequence.name not in self._parts:
            self._parts[sequence.name] = parts_of(self, sequence)
        return self._parts[sequence.name]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the batch: see docs/debug.md."""
        from inspect_tool.runs.batch_checks import check_batch

        return check_batch(self)

    @cached_property
    def _parts(self) -> dict[str, tuple[tuple[Part, ...], ...]]:
        return {}

    def _sequences(self) -> Iterator[BatchSequence]:
        for name, *others in _SEQUENCES:
            ids = self.tensors.get(name)
            if ids is None or ids.ndim != 2 or ids.dtype.kind not in "iu":
                continue
            loss = (TOKEN_LOSS,) if name == "input_ids" else ("",)
            found = [self.tensors.get(other) for other in (*others, *loss)]
            yield BatchSequence(name, ids, *(_fitting(array, ids) for array in found))


def read_batches(run: Path, *, after: int = 0) -> tuple[Batch, ...]:
    """Return the batches recorded so far, those numbered above ``after``; none without a recording.

    Lines that are being written, or are no batch's, are left out.
    """
    found = []
    for line in _lines(run):
        with suppress(KeyError, TypeError, ValueError):
            found.append(_batch(run, line))
    return tuple(batch for batch in found if batch.number > after)


def read_notes(run: Path) -> tuple[str, ...]:
    """Return what the recorder could not do: where it stopped recording, and why."""
    return tuple(str(line["note"]) for line in _lines(run) if "note" in line)


def _fitting(array: NDArray[Any] | None, ids: NDArray[Any]) -> NDArray[Any] | None:
    return array if array is not None and array.shape == ids.shape else None


def _lines(run: Path) -> Iterator[dict[str, Any]]:
    with suppress(OSError), (run / BATCHES).open(encoding="utf-8", errors="replace") as file:
        for text in file:
            with suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict):
                    yield line


def _batch(run: Path, line: dict[str, Any]) -> Batch:
    name = str(line["file"])
    if Path(name).name != name:
        raise ValueError(name)
    phase, reason = line["phase"], line["reason"]
    if phase not in get_args(Phase) or reason not in get_args(Reason):
        raise ValueError(phase, reason)
    mean, usual, pad = line.get("mean_token_loss"), line.get("usual_loss"), line.get("pad_token_id")
    prepared = line.get("prepared")
    return Batch(
        run=run,
        number=int(line["number"]),
        step=int(line["step"]),
        micro_batch=int(line["micro_batch"]),
        phase=phase,
        reason=reason,
        loss=float(line["loss"]),
        mean_token_loss=None if mean is None else float(mean),
        token_loss_missing=str(line.get("token_loss_missing", "")),
        usual_loss=None if usual is None else float(usual),
        pad_token_id=None if pad is None else int(pad),
        row_names=tuple(map(str, line.get("row_names", ()))),
        left_out=tuple(
            LeftOut(str(item["name"]), tuple(item["shape"]), str(item["why"]))
            for item in line.get("left_out", ())
        ),
        attention=line.get("attention"),
        attention_masked=line.get("attention_masked"),
        prepared=None if prepared is None else run / prepared,
        _file=name,
    )

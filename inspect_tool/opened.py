"""What a surface opens: a dataset, the vocabulary to read it with, and the config it belongs to.

The command line, the app and the report all start from here, so that a path means the same
everywhere. Nothing here waits: what takes axolotl or the network is asked for later and put in
place with ``with_vocabulary`` and ``with_target``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from inspect_tool.errors import InspectError
from inspect_tool.runs.target import Target, resolve
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import TokenizerMissingError, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inspect_tool.samples.sample import Sample

NAME_A_TOKENIZER = "pass --tokenizer FOLDER_OR_NAME, or set tokenizer_config in the YAML"


@dataclass(frozen=True)
class Opened:
    """A dataset ready to be shown. ``vocabulary`` is None when ``vocabulary_problem`` says why."""

    target: Target
    dataset: PreparedDataset
    vocabulary: Vocabulary | None = None
    vocabulary_problem: InspectError | None = None

    @cached_property
    def splits(self) -> Mapping[str, range]:
        """The rows of each split that axolotl will train or evaluate on; empty if nothing tells.

        ``val_set_size`` is not stored: axolotl takes the last rows at load time, so this follows
        from the config and is as certain as the config is.
        """
        rows = len(self.dataset)
        config = self.target.config
        held_out = config.eval_rows(rows) if config and self.target.split != "test" else 0
        if held_out:
            return {"train": range(rows - held_out), "eval": range(rows - held_out, rows)}
        return {self.target.split: range(rows)} if self.target.split else {}

    def split_of(self, row: int) -> str | None:
        """Return the split that axolotl will put a row in, None when nothing tells."""
        return next((split for split, rows in self.splits.items() if row in rows), None)

    def sample(self, row: int) -> Sample:
        """Return one row with its split; raises as ``PreparedDataset.sample`` does."""
        return replace(self.dataset.sample(row), split=self.split_of(row))

    def with_vocabulary(self, vocabulary: Vocabulary) -> Opened:
        """Return the same dataset read with another vocabulary."""
        return replace(self, vocabulary=vocabulary, vocabulary_problem=None)

    def with_target(self, target: Target) -> Opened:
        """Return the same dataset with what is now known of its config."""
        return replace(self, target=target)


def open_path(
    path: str | Path | None = None,
    *,
    config: str | Path | None = None,
    tokenizer: str | None = None,
) -> Opened:
    """Open whatever ``path`` means; raises InspectError when it leads to no dataset."""
    return open_target(resolve(path, config=config, tokenizer=tokenizer))


def open_target(target: Target) -> Opened:
    """Open a resolved target's dataset with the vocabulary that is there without waiting."""
    if target.dataset is None:
        raise InspectError(target.message, place=target.path, fix=target.fix or None)
    opened = Opened(target=target, dataset=PreparedDataset.open(target.dataset.path))
    try:
        return opened.with_vocabulary(read_vocabulary(target))
    except TokenizerMissingError as problem:
        return replace(opened, vocabulary_problem=problem)


def read_vocabulary(target: Target) -> Vocabulary:
    """Read the target's tokenizer from this machine; raises TokenizerMissingError.

    Axolotl's own where it was asked for it before, else the tokenizer's files.
    """
    reference = target.tokenizer
    if reference is None:
        raise TokenizerMissingError("no tokenizer is known", fix=NAME_A_TOKENIZER)
    folder = reference.folder
    if reference.needs_worker:
        from inspect_tool.runs.tokenizers import known_tokenizer

        folder = known_tokenizer(reference, target.config) or folder
    if folder is None:
        raise TokenizerMissingError(reference.message, fix=reference.fix or NAME_A_TOKENIZER)
    return Vocabulary.load(folder)

"""The vocabulary that axolotl really used, where a tokenizer's files alone do not give it.

``tokens:`` adds ids that no file has, other keys replace tokens, and some tokenizers have no
tokenizer.json. Asking axolotl takes seconds, so it is done only when it changes what is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from inspect_tool.errors import InspectError
from inspect_tool.runs.reference import Availability
from inspect_tool.samples.vocabulary import Vocabulary

if TYPE_CHECKING:
    from inspect_tool.opened import Opened
    from inspect_tool.samples.prepared import Block

REPLACING_KEYS = frozenset({"added_tokens_overrides", "tokenizer_use_mistral_common"})
"""Config keys after which an id may stand for another token than in the tokenizer's files."""


def needs_axolotl(opened: Opened) -> bool:
    """Tell whether axolotl would read some token of the dataset otherwise than ``opened`` does.

    Looks at every id, at memory speed. What is nowhere to be found axolotl need not be asked for.
    """
    reference = opened.target.tokenizer
    if reference is None or not reference.needs_worker:
        return False
    if reference.availability is Availability.MISSING:
        return False
    from inspect_tool.runs.tokenizers import known_tokenizer

    vocabulary = opened.vocabulary
    if vocabulary is None:
        return True
    if known_tokenizer(reference, opened.target.config) is not None:
        return False
    if REPLACING_KEYS & set(reference.changed_by):
        return True
    return _other_specials(opened, vocabulary) or _has_unknown_ids(opened, vocabulary)


def read_with_axolotl(opened: Opened) -> Opened:
    """Ask axolotl for the tokenizer and read the dataset with it; takes seconds, once.

    Raises InspectError with axolotl's reason.
    """
    from inspect_tool.axolotl_worker import AxolotlWorker
    from inspect_tool.runs.tokenizers import load_tokenizer

    target = opened.target
    assert target.tokenizer is not None
    with AxolotlWorker() as worker:
        folder = load_tokenizer(target.tokenizer, target.config, cwd=target.cwd, worker=worker)
    return opened.with_vocabulary(Vocabulary.load(folder))


def _other_specials(opened: Opened, vocabulary: Vocabulary) -> bool:
    """Tell whether the config makes a token special that the files do not call so."""
    config = opened.target.config
    named = config.values.get("special_tokens") if config else None
    if not isinstance(named, dict):
        return False
    special = {vocabulary.pieces[i] for i in np.flatnonzero(vocabulary.special).tolist()}
    return any(isinstance(text, str) and text not in special for text in named.values())


def _has_unknown_ids(opened: Opened, vocabulary: Vocabulary) -> bool:
    columns = [column.ids for column in opened.dataset.kind.sequences if column.ids]
    return any(
        _highest(block, column) >= len(vocabulary)
        for block in opened.dataset.blocks
        for column in columns
    )


def _highest(block: Block, column: str) -> int:
    """Return the highest id of a column, -1 where there is none that can be read."""
    try:
        values, _ = block.lists(column)
    except InspectError:
        return -1
    highest = int(values.max()) if len(values) else -1
    block.shard.release_pages()
    return highest

"""Token ids for samples that are stored as text: for display only, nothing of them is stored.

The trainer tokenises these rows itself, after it has joined or templated them; ids made here show
how a tokenizer cuts the stored text, no more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from inspect_tool.samples.vocabulary import TokenizerMissingError

if TYPE_CHECKING:
    from pathlib import Path

    from inspect_tool.samples.sample import Sample, TokenSequence


class TextEncoder:
    """A tokenizer folder's own tokenizer, without the special tokens that it would add."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        file = folder / "tokenizer.json"
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(file))
        except Exception as error:  # tokenizers raises nothing narrower
            raise TokenizerMissingError(
                f"not a tokenizer.json that can be read ({error})",
                place=file,
                fix="name another tokenizer with --tokenizer",
            ) from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def encoded(self, sample: Sample) -> Sample:
        """Return the sample with ids int32[n] in every sequence that is stored as text."""
        return replace(sample, sequences=tuple(map(self._encoded, sample.sequences)))

    def _encoded(self, sequence: TokenSequence) -> TokenSequence:
        if sequence.stored_text is None:
            return sequence
        encoding = self._tokenizer.encode(sequence.stored_text, add_special_tokens=False)
        return replace(sequence, ids=np.array(encoding.ids, dtype=np.int32))

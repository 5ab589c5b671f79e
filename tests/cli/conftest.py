"""Prepared folders to show, read with the real Mistral tokenizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tokenizers import Tokenizer

from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Encoder = Callable[[str], list[int]]

PROMPTS = ("Add 1 and 2:\n", "Say 漢字 🎉:\n", "Nothing:\n", "Long:\n")
ANSWERS = ("1 + 2 = 3", "漢字 🎉\n\tdone", "", "word " * 60)


@pytest.fixture(scope="session")
def encode(mistral_dir: Path) -> Encoder:
    """Encode with Mistral's tokenizer, without special tokens."""
    library = Tokenizer.from_file(str(mistral_dir / "tokenizer.json"))

    def ids(text: str) -> list[int]:
        return list(library.encode(text, add_special_tokens=False).ids)

    return ids


@pytest.fixture
def answers(tmp_path: Path, encode: Encoder) -> Path:
    """Four rows of a masked prompt and a trained answer with its end token."""
    rows = []
    for prompt, answer in zip(PROMPTS, ANSWERS, strict=True):
        asked = [1, *encode(prompt)]
        rows.append(answered([*asked, *encode(answer), 2], prompt=len(asked)))
    return save(tmp_path / "answers", supervised(rows))

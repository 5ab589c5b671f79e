"""A small project for the app to open: configs, a prepared dataset with faults, a tokenizer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from tests.arrow_files import answered, save, supervised

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

NOON = 1_700_049_600.0
"""When everything was written: 15 November 2023, the same day in nearly every time zone."""

HASH = "0123456789abcdef0123456789abcdef"
TURNS = (
    ("What is a Dockerfile?", "A recipe for an image."),
    ("Say it in 漢字 🎉", "漢字 🎉\n\tdone"),
    ("Add 1 and 2", "1 + 2 = 3, and the needle is here"),
    ("A long answer, please", "word " * 60),
    ("Nothing is learned here", ""),
    ("Where is the needle?", "Here: needle, needle."),
)
"""Question and answer of each row; the row without an answer trains nothing."""
EVAL_ROWS = 2


@dataclass(frozen=True)
class Project:
    """Where things are."""

    root: Path
    config: Path
    dataset: Path
    tokenizer: Path

    @property
    def shard(self) -> Path:
        """The dataset's one Arrow file."""
        return self.dataset / "data-00000-of-00001.arrow"


def make_project(root: Path, tokenizer: Path) -> Project:
    """Write `chat.yml`, the dataset it leads to, and a config that is not prepared."""
    (root / ".git").mkdir(parents=True)
    (root / "chat.jsonl").write_text("{}\n", encoding="utf-8")
    os.utime(root / "chat.jsonl", (NOON - 200, NOON - 200))
    config = write_config(root / "chat.yml", tokenizer, f"val_set_size: {EVAL_ROWS}")
    write_config(root / "other.yml", tokenizer, "dataset_prepared_path: elsewhere")
    dataset = write_dataset(root / "last_run_prepared" / HASH, tokenizer)
    return Project(root, config, dataset, tokenizer)


def write_config(path: Path, tokenizer: Path, *lines: str) -> Path:
    """Write a config whose tokenizer is there."""
    usual = [f"base_model: {tokenizer}", "datasets:", "  - path: chat.jsonl", "    type: chatml"]
    path.write_text("\n".join([*usual, *lines, ""]), encoding="utf-8")
    os.utime(path, (NOON - 100, NOON - 100))
    return path


def write_dataset(folder: Path, tokenizer: Path, *, rows: int | None = None) -> Path:
    """Write the rows of TURNS, or the first of them, in axolotl's layout."""
    save(folder, rows_of(tokenizer, rows))
    (folder.parent / "datasets_prep.lock").touch()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (NOON, NOON))
    return folder


def rows_of(tokenizer: Path, rows: int | None = None) -> pa.Table:
    """Tokenise TURNS as a ChatML conversation of one question and one answer."""
    library = Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    found = []
    for question, answer in TURNS[:rows]:
        asked = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
        prompt = library.encode(asked, add_special_tokens=False).ids
        reply = f"{answer}<|im_end|>" if answer else ""
        found.append(
            answered(
                [*prompt, *library.encode(reply, add_special_tokens=False).ids], prompt=len(prompt)
            )
        )
    return supervised(found)

"""Data that tries to reach through the screen: rows, pieces, names and text of every kind."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pyarrow as pa

from tests.arrow_files import IDS, LABELS, save

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {
    "sgr": "\x1b[31;5mred\x1b[0m",
    "cursor": "\x1b[2J\x1b[H\x1b[10Aup",
    "osc": "\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x1b\\",
    "link": "\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "dcs": "\x1bP+q544e\x1b\\\x90q\x9c",
    "c1": "\x9b31m\x9d0;x\x9c\x85",
    "markup": "[bold red]bold[/] [@click=app.quit]x[/] [/not opened] :smile:",
    "bidi": "abc\u202egnp.\u202c\u2066x\u2069\u200f",
    "zero width": "a\u200bb\u200d\u2060c\ufeff\u00ad",
    "nul": "a\x00b\x7f\x08\x08\x0c\x0e\x0f",
    "separators": "a\u2028b\u2029c\x0bd\x1ce",
    "carriage": "fine\r\x1b[Koverwritten",
    "surrogate": "\ud83d \udc00",
    "combining": "\u0301" * 50 + "z\u0335",
    "marks": "⟦trained⟧ ⟪</s>⟫ {+trained+} {|</s>|}",
    "tags": "\U000e0041\U000e007f\U0001f1e9\U0001f1ea❤\ufe0f",
    "private": "\ue000\U0010ffff\ufdd0\u0378",
    "rows": "\n── row 99 · train ──\n== row 99 ==",
}

OURS = re.compile(rb"\x1b\[(?:0|1|2|31|35|1;32|1;4;35)m")
"""Every escape sequence that `show` may write."""


def hostile_tokenizer(folder: Path) -> Path:
    """Write a tokenizer whose pieces are the hostile texts, and one of a megabyte."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [*TEXTS.values(), "x" * 1_000_000, "plain"]
    spec = {
        "model": {"type": "WordLevel", "vocab": {text: n for n, text in enumerate(pieces)}},
        "added_tokens": [{"id": 0, "content": TEXTS["sgr"], "special": True}],
        "decoder": {"type": "Fuse"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(spec), encoding="utf-8")
    return folder


def hostile_tokens(folder: Path) -> Path:
    """Write supervised rows over those pieces: each alone, all of them, ids from nowhere, none."""
    count = len(TEXTS)
    every = list(range(count))
    rows = [
        [0, *every, count + 1],
        [-1, -100, count + 2, 2**31 - 1, -(2**31)],
        [],
        [count],
    ]
    labels = [[-100 if n % 3 else token for n, token in enumerate(row)] for row in rows]
    return save(
        folder,
        pa.table({"input_ids": pa.array(rows, IDS), "labels": pa.array(labels, LABELS)}),
    )


def hostile_text(folder: Path) -> Path:
    """Write preference rows of hostile text beside columns with hostile names and values."""
    text = "".join(TEXTS.values()).encode("utf-8", "surrogatepass")
    stored = pa.array([text], pa.binary()).view(pa.string())
    clean = "".join(TEXTS.values()).encode("utf-8", "replace").decode()
    return save(
        folder,
        pa.table(
            {
                "prompt": stored,
                "chosen": stored,
                "rejected": pa.array(["x" * 1_000_000]),
                f"name {clean}": [clean],
                "nested": [[{"role": clean, "content": clean}]],
                "bytes": [b"\xff\x1b[31m"],
                "float": [float("nan")],
            }
        ),
    )


def unsafe_characters(raw: bytes) -> set[str]:
    """Return the characters of raw terminal output that are neither ours nor printable."""
    text = OURS.sub(b"", raw).decode("utf-8").replace("\r\n", "\n")
    return {char for char in text if not char.isprintable() and char not in "\n\u3000"}

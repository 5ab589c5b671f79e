"""Rows for the rules, written as text in segments, and findings told by what they are about."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from inspect_tool.samples.checks import check
from inspect_tool.samples.decoded import decoded
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import save, supervised

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from inspect_tool.findings import Finding
    from inspect_tool.samples.checks import Report

Row = tuple[list[int], list[int]]

_TAG = re.compile(r"#([a-z-]+)")


@lru_cache
def _tokenizer(folder: Path) -> Any:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def row(tokenizer: Path, *segments: tuple[str, bool]) -> Row:
    """Return ids and labels of segments of text, each trained or masked, tokenized apart."""
    ids: list[int] = []
    labels: list[int] = []
    for text, trained in segments:
        encoded = _tokenizer(tokenizer).encode(text, add_special_tokens=False).ids
        ids += encoded
        labels += encoded if trained else [-100] * len(encoded)
    return ids, labels


def turns(tokenizer: Path, *spoken: tuple[str, str, bool], end_trained: bool = True) -> Row:
    """Return a ChatML conversation; each turn's text, and its end token, trained or masked."""
    parts: list[tuple[str, bool]] = []
    for role, text, trained in spoken:
        parts += [(f"<|im_start|>{role}\n", False), (text, trained)]
        parts += [("<|im_end|>", trained and end_trained), ("\n", False)]
    return row(tokenizer, *((text, trained) for text, trained in parts if text))


def checked(
    folder: Path,
    rows: Iterable[Row],
    tokenizer: Path | None,
    *,
    config: Mapping[str, Any] | None = None,
    **codes: Any,
) -> Report:
    """Write supervised rows and check them."""
    dataset = PreparedDataset.open(save(folder, supervised(list(rows))))
    vocabulary = Vocabulary.load(tokenizer) if tokenizer else None
    return check(dataset, vocabulary, config=config, **codes)


def found(report: Report) -> dict[str, list[int]]:
    """Return the rows of each code that was found; rows of findings of one code together."""
    rows: dict[str, set[int]] = {}
    for finding in report.findings:
        rows.setdefault(finding.code, set()).update(finding.rows)
    return {code: sorted(each) for code, each in rows.items()}


def the_finding(report: Report, code: str) -> Finding:
    """Return the one finding of a code."""
    (finding,) = [finding for finding in report.findings if finding.code == code]
    return finding


def tags(dataset: PreparedDataset, vocabulary: Vocabulary, finding: Finding) -> set[str]:
    """Return the tags (``#like-this``) of the rows of a finding; ``-`` for a row without one."""
    named = set()
    for number in finding.rows:
        sample = decoded(dataset.sample(number), vocabulary)
        text = "".join(sequence.text for sequence in sample.sequences.values())
        named.add(tag[1] if (tag := _TAG.search(text)) else "-")
    return named

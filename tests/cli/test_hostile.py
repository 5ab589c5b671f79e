"""Nothing of a dataset reaches a terminal but as text: the raw bytes of the real command say so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.hostile import (
    TEXTS,
    hostile_text,
    hostile_tokenizer,
    hostile_tokens,
    unsafe_characters,
)
from tests.processes import run, run_in_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WAYS: dict[str, Sequence[str]] = {
    "color": [],
    "plain": ["--plain"],
    "ids": ["--ids"],
    "whitespace": ["--whitespace", "--color=always"],
    "ascii": ["--ascii", "--ids", "--whitespace"],
    "narrow": ["--width=20"],
    "json": ["--json"],
}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer of hostile pieces."""
    return hostile_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_hostile_tokens(way: Sequence[str], tokenizer: Path, tmp_path: Path) -> None:
    """Escapes, controls and ids from nowhere, in every way of showing tokens."""
    folder = hostile_tokens(tmp_path)

    shown = run_in_terminal("show", folder, "--tokenizer", tokenizer, "--limit", 4, *way)

    assert shown.status == 0
    assert b"row" in shown.raw
    assert unsafe_characters(shown.raw) == set()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_hostile_text(way: Sequence[str], tmp_path: Path) -> None:
    """Stored text, plain columns and the names of columns."""
    shown = run_in_terminal("show", hostile_text(tmp_path), *way)

    assert shown.status == 0
    assert b"rejected" in shown.raw
    assert unsafe_characters(shown.raw) == set()


@pytest.mark.parametrize("way", [["--plain"], ["--ascii"], ["--json"]], ids=" ".join)
def test_plain_output_has_no_escape_at_all(way: list[str], tokenizer: Path, tmp_path: Path) -> None:
    """Without colour there is not one escape sequence, also not one of ours."""
    shown = run_in_terminal("show", hostile_tokens(tmp_path), "--tokenizer", tokenizer, *way)

    assert b"row" in shown.raw
    assert b"\x1b" not in shown.raw


def test_ascii_is_ascii(tokenizer: Path, tmp_path: Path) -> None:
    """Nothing but ASCII is written where nothing else can be."""
    latin = {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}

    answer = run_in_terminal("show", hostile_tokens(tmp_path), "--tokenizer", tokenizer, env=latin)

    assert b"\\x1b[31;5mred" in answer.raw
    assert answer.raw.isascii()


def test_names_of_files_are_hostile_too(tmp_path: Path) -> None:
    """A folder's name is shown in errors and headings, and obeyed in neither."""
    folder = hostile_tokens(tmp_path / "\x1b[2Jx\u202e\x9b1m")
    damaged = folder / "data-00000-of-00001.arrow"
    damaged.write_bytes(damaged.read_bytes()[:-8])

    shown = run_in_terminal("show", folder)

    assert "␛[2Jx⟨202E⟩".encode() in shown.raw
    assert unsafe_characters(shown.raw) == set()


def test_text_cannot_pretend_to_be_trained(tokenizer: Path, tmp_path: Path) -> None:
    """The marks close around what is trained; in text they are shown by their code points."""
    answer = run("show", hostile_tokens(tmp_path), "--tokenizer", tokenizer, "--row", 0)

    sample = answer.stdout.partition("row 0")[2]
    assert sample.count("⟦") == sample.count("⟧") > 0
    assert "⟨27E6⟩trained⟨27E7⟩ ⟨27EA⟩</s>⟨27EB⟩" in sample


@pytest.mark.parametrize(("way", "bar"), [("--plain", "──"), ("--ascii", "==")])
def test_text_cannot_pretend_to_be_a_heading(
    way: str, bar: str, tokenizer: Path, tmp_path: Path
) -> None:
    """Only our own lines begin as headings do."""
    folder = hostile_tokens(tmp_path)

    answer = run("show", folder, "--tokenizer", tokenizer, "--row", 0, way)

    lines = [line for line in answer.stdout.splitlines() if line.startswith(f"{bar} ")]
    assert len(lines) == 1
    assert lines[0].startswith(f"{bar} row 0 ")


def test_json_keeps_what_was_stored(tokenizer: Path, tmp_path: Path) -> None:
    """Machines get the text itself, escaped as JSON escapes it, surrogates replaced."""
    answer = run("show", hostile_tokens(tmp_path), "--tokenizer", tokenizer, "--row", 0, "--json")

    tokens = json.loads(answer.stdout)["sequences"][0]["tokens"][1:-1]
    expected = [text.encode("utf-8", "replace").decode() for text in TEXTS.values()]
    expected[list(TEXTS).index("surrogate")] = "\ufffd" * 3 + " " + "\ufffd" * 3
    assert answer.stdout.isascii()
    assert [token["text"] for token in tokens] == expected

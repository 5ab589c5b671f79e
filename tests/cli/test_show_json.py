"""`show --json`: the contract, held by its schema, and by what datasets itself reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from tokenizers import Tokenizer

from inspect_tool.__main__ import main
from inspect_tool.report.json_lines import JsonLines
from inspect_tool.report.plain_values import json_text
from inspect_tool.samples.prepared import PreparedDataset
from inspect_tool.samples.vocabulary import Vocabulary
from tests.arrow_files import IDS, save, supervised
from tests.schemas import schema
from tests.texts import STRINGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHOW = Draft202012Validator(schema("show"))

RECIPES = (
    "alpaca",
    "chat-chatml",
    "chat-llama3",
    "completion",
    "dpo",
    "grpo",
    "input-output",
    "kto",
    "packed",
    "pretokenized",
    "process-reward",
    "reward-model",
    "user-defined",
)
"""One of each layout that is stored."""


def lines(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, Any]]:
    """Run `show --json` in this process; return its lines, each valid by the schema."""
    assert main(["show", "--json", *map(str, arguments)]) == 0
    samples = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for sample in samples:
        SHOW.validate(sample)
    return samples


def test_every_sample_is_printed(
    answers: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without options all rows, in order; nothing else on stdout."""
    samples = lines(capsys, answers, "--tokenizer", mistral_dir)

    assert [sample["row"] for sample in samples] == [0, 1, 2, 3]


def test_rows_and_limit(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows and limits work as they do for text."""
    assert [s["row"] for s in lines(capsys, answers, "--row", 2, "--row", 0)] == [2, 0]
    assert len(lines(capsys, answers, "--limit", 2)) == 2


def test_text_joins_to_the_decoded_text(
    tmp_path: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every piece in order gives what the tokenizers library decodes, whatever the text."""
    library = Tokenizer.from_file(str(mistral_dir / "tokenizer.json"))
    rows = [library.encode(text).ids for text in STRINGS.values()]
    rows += [row[2:-2] for row in rows]
    folder = save(tmp_path, supervised([(row, row) for row in rows]))

    samples = lines(capsys, folder, "--tokenizer", mistral_dir)

    texts = ["".join(t["text"] for t in s["sequences"][0]["tokens"]) for s in samples]
    assert texts == [library.decode(row, skip_special_tokens=False) for row in rows]


def test_remembered_tokens_are_written_alike(mistral_dir: Path, tmp_path: Path) -> None:
    """A token that was written before is written as if it were the first."""
    vocabulary = Vocabulary.load(mistral_dir)
    ids = np.random.default_rng(1).integers(-2, len(vocabulary) + 2, size=(40, 30))
    rows = [
        (row, [-100 if n % 3 else token for n, token in enumerate(row)]) for row in ids.tolist()
    ]
    dataset = PreparedDataset.open(save(tmp_path, supervised(rows)))
    one = JsonLines(vocabulary)

    remembered = [one.line(sample) for sample in dataset.samples()]

    assert remembered == [JsonLines(vocabulary).line(sample) for sample in dataset.samples()]


@pytest.mark.parametrize(
    ("label", "trained"), [(-100, False), (5, True), (0, True), (-1, True), (2**40, True)]
)
def test_labels_are_those_stored(label: int, trained: bool, tmp_path: Path) -> None:
    """A label is printed as it is; any but -100 is trained."""
    dataset = PreparedDataset.open(save(tmp_path, supervised([([5], [label])])))

    (token,) = json.loads(JsonLines(None).line(dataset.sample(0)))["sequences"][0]["tokens"]

    assert (token["label"], token["trained"]) == (label, trained)


def test_without_a_tokenizer_text_is_null(
    answers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is invented where nothing tells."""
    token = lines(capsys, answers)[0]["sequences"][0]["tokens"][0]

    assert token == {"id": 1, "text": None, "label": -100, "trained": False, "special": None}


def test_special_tokens(
    answers: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Special is what the tokenizer says."""
    tokens = lines(capsys, answers, "--tokenizer", mistral_dir)[0]["sequences"][0]["tokens"]

    assert [token["text"] for token in tokens if token["special"]] == ["<s>", "</s>"]


def test_stored_text_has_ids_for_display_only(
    tmp_path: Path, mistral_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Text kinds print the text; ids made with --tokenizer claim nothing about training."""
    folder = save(tmp_path, pa.table({"prompt": ["Why?"], "chosen": ["So."], "rejected": ["No."]}))

    bare = lines(capsys, folder)[0]["sequences"]
    encoded = lines(capsys, folder, "--tokenizer", mistral_dir)[0]["sequences"]

    assert [(s["name"], s["text"], s["tokens"]) for s in bare] == [
        ("prompt", "Why?", []),
        ("chosen", "So.", []),
        ("rejected", "No.", []),
    ]
    assert "".join(token["text"] for token in encoded[0]["tokens"]) == "Why?"
    assert {token["trained"] for token in encoded[0]["tokens"]} == {None}


def test_columns_of_every_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever Arrow holds beside a sample becomes JSON."""
    columns = {
        "input_ids": pa.array([[1]], IDS),
        "none": pa.array([None], pa.int64()),
        "nan": [float("nan")],
        "infinite": [float("-inf")],
        "bytes": [b"\xffab"],
        "date": pa.array([0], pa.date32()),
        "nested": [{"list": [{"deep": "\x1b\x7f\u202e"}, None], "n": None}],
        "decimal": pa.array([1], pa.decimal128(5, 2)),
    }
    folder = save(tmp_path, pa.table(columns))

    assert lines(capsys, folder)[0]["columns"] == {
        "none": None,
        "nan": "nan",
        "infinite": "-inf",
        "bytes": "\\xffab",
        "date": "1970-01-01",
        "nested": {"list": [{"deep": "\x1b\x7f\u202e"}, None], "n": None},
        "decimal": "1.00",
    }


def test_json_is_printable_ascii() -> None:
    """No byte of JSON output can move a terminal, DEL included."""
    text = json_text("".join(map(chr, range(0x100))) + "\u202e\U0001f389\ud800")

    assert text.isascii()
    assert text.isprintable()


def test_incomplete_output_is_told(answers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program that asked for all rows of a damaged dataset learns that it has not got them."""
    file = answers / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes()[:-8])

    assert main(["show", str(answers), "--json"]) == 2

    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 4
    assert file.name in captured.err


def test_the_schema_refuses_what_breaks_the_contract() -> None:
    """The schema is strict enough to notice a change."""
    token = {"id": 1, "text": "a", "label": -100, "trained": False, "special": False}
    sequence = {"name": "input_ids", "tokens": [token]}
    good: dict[str, Any] = {
        "row": 0,
        "split": None,
        "kind": "sft",
        "sequences": [sequence],
        "columns": {},
    }
    assert SHOW.is_valid(good)

    for change in (
        {"row": -1},
        {"split": "dev"},
        {"kind": "other"},
        {"sequences": [{"name": "input_ids"}]},
        {"sequences": [{**sequence, "tokens": [{**token, "trained": True}]}]},
        {"sequences": [{**sequence, "tokens": [{**token, "label": 7}]}]},
        {"sequences": [{**sequence, "tokens": [{**token, "text": 7}]}]},
        {"sequences": [{**sequence, "tokens": [{"id": 1}]}]},
    ):
        assert not SHOW.is_valid({**good, **change})


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_what_axolotl_stored(
    recipe: str, prepared: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """For every kind, ids, labels and flags of every token are those that datasets reads."""
    from datasets import load_from_disk

    root = prepared(recipe)
    samples = lines(capsys, root, "--config", root.parent / "config.yml")

    (folder,) = (path for path in root.iterdir() if path.is_dir())
    rows = list(load_from_disk(str(folder)))
    assert len(samples) == len(rows) > 0
    for sample, row in zip(samples, rows, strict=True):
        for sequence in sample["sequences"]:
            hold(sequence, row)


def hold(sequence: dict[str, Any], row: dict[str, Any]) -> None:
    """Hold one printed sequence to the row that datasets read."""
    name = sequence["name"]
    if "text" in sequence:
        assert sequence["text"] == row[name]
        assert {token["trained"] for token in sequence["tokens"]} == {None}
        return
    ids = row["input_ids"] if name == "input_ids" else row[f"{name}_ids"]
    labels = row.get("labels") if name == "input_ids" else None
    flags = [None if labels is None else label != -100 for label in labels or ids]
    assert [token["id"] for token in sequence["tokens"]] == ids
    assert [token["label"] for token in sequence["tokens"]] == (labels or [None] * len(ids))
    assert [token["trained"] for token in sequence["tokens"]] == flags
